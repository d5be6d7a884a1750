/* Tests of the intrusive list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
	int value;
	struct list link;
};

/* The values on the list, first digit first; checks both directions. */
static int
values(const struct list *head)
{
	int forward = 0;
	int backward = 0;
	int unit = 1;

	list_for_each(link, head)
		forward = forward * 10 + list_entry(link, struct item, link)->value;
	for (const struct list *link = head->previous; link != head; link = link->previous) {
		backward += list_entry(link, struct item, link)->value * unit;
		unit *= 10;
	}
	assert_int_equal(forward, backward);
	return forward;
}

static void
keeps_the_order_of_insertion_at_both_ends(void **state)
{
	struct item items[] = { { .value = 1 }, { .value = 2 }, { .value = 3 }, { .value = 4 } };
	struct list head;

	list_init(&head);
	assert_true(list_is_empty(&head));
	list_push_back(&head, &items[1].link);
	list_push_back(&head, &items[3].link);
	list_push_front(&head, &items[0].link);
	list_insert_after(&items[1].link, &items[2].link);
	assert_false(list_is_empty(&head));
	assert_int_equal(values(&head), 1234);
}

static void
leaves_a_removed_link_as_an_empty_list(void **state)
{
	struct item items[] = { { .value = 1 }, { .value = 2 }, { .value = 3 } };
	struct list head;

	list_init(&head);
	for (size_t i = 0; i < 3; i++)
		list_push_back(&head, &items[i].link);
	list_remove(&items[1].link);
	assert_int_equal(values(&head), 13);
	assert_true(list_is_empty(&items[1].link));
	list_remove(&items[1].link);
	list_remove(&items[0].link);
	list_remove(&items[2].link);
	assert_true(list_is_empty(&head));
}

static void
may_lose_the_visited_link_in_the_safe_loop(void **state)
{
	struct item items[] = { { .value = 1 }, { .value = 2 }, { .value = 3 } };
	struct list head;
	int seen = 0;

	list_init(&head);
	for (size_t i = 0; i < 3; i++)
		list_push_back(&head, &items[i].link);
	list_for_each_safe(link, after, &head) {
		seen = seen * 10 + list_entry(link, struct item, link)->value;
		list_remove(link);
	}
	assert_int_equal(seen, 123);
	assert_true(list_is_empty(&head));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order_of_insertion_at_both_ends),
		cmocka_unit_test(leaves_a_removed_link_as_an_empty_list),
		cmocka_unit_test(may_lose_the_visited_link_in_the_safe_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
