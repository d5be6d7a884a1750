/* Tests of user memory in the same address space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/user.h"

static struct address_space space = { &address_space_local_ops };

static struct user_ptr
user(const void *memory)
{
	return (struct user_ptr){ (uintptr_t)memory };
}

static void
bytes_get_across_both_ways(void **state)
{
	char there[8] = "abcdefg";
	char here[8] = "#######";

	assert_int_equal(copy_in(&space, here, user(there), 3), 0);
	assert_string_equal(here, "abc####");
	assert_int_equal(copy_out(&space, user_ptr_add(user(there), 4), "xy", 2), 0);
	assert_string_equal(there, "abcdxyg");
}

static void
addresses_that_cannot_be_are_refused(void **state)
{
	static const struct {
		uint64_t address;
		size_t size;
		int want;
	} rows[] = {
		{ 0, 1, -EFAULT },		      /* NULL */
		{ 0, 0, 0 },			      /* nothing, nowhere */
		{ UINT64_MAX, 0, 0 },		      /* nothing, anywhere */
		{ 4095, 1, -EFAULT },		      /* the lowest page */
		{ UINT64_MAX, 1, -EFAULT },	      /* wraps */
		{ UINT64_MAX - 9, 100, -EFAULT },     /* wraps further on */
		{ 1 << 20, SIZE_MAX, -EFAULT },	      /* wraps by its size */
		{ UINT64_MAX - 4095, 4096, -EFAULT }, /* ends at the very end */
	};
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct user_ptr there = { rows[i].address };

		assert_int_equal(copy_in(&space, &byte, there, rows[i].size), rows[i].want);
		assert_int_equal(copy_out(&space, there, &byte, rows[i].size), rows[i].want);
		if (rows[i].size > 0)
			assert_null(space.ops->direct(&space, there, rows[i].size));
	}
}

static void
strings_are_copied_with_their_nul(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		int want;
	} rows[] = {
		{ "abc", 8, 0 },	     /* room to spare */
		{ "abc", 4, 0 },	     /* fits exactly */
		{ "abc", 3, -ENAMETOOLONG }, /* no room for the NUL */
		{ "", 1, 0 },		     /* the NUL only */
		{ "", 0, -ENAMETOOLONG },    /* no room at all */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char here[9] = "########";
		size_t length = 99;
		size_t there_size = strlen(rows[i].text) + 1;
		/* On the heap and exact, so that reading on would be seen. */
		char *there = malloc(there_size);

		memcpy(there, rows[i].text, there_size);
		assert_int_equal(copy_in_string(&space, here, user(there), rows[i].size, &length),
		    rows[i].want);
		if (rows[i].want == 0) {
			assert_int_equal(length, strlen(rows[i].text));
			assert_string_equal(here, rows[i].text);
		}
		for (size_t n = rows[i].size; n < 8; n++)
			assert_int_equal(here[n], '#');
		free(there);
	}
}

static void
strings_nowhere_are_refused(void **state)
{
	static const uint64_t addresses[] = { 0, 1, 4095, UINT64_MAX };
	char here[8];
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		assert_int_equal(copy_in_string(&space, here, (struct user_ptr){ addresses[i] },
				     sizeof(here), &length),
		    -EFAULT);
}

static void
memory_of_our_own_can_be_reached_directly(void **state)
{
	char there[8];

	assert_ptr_equal(space.ops->direct(&space, user(there), sizeof(there)), there);
	assert_true(user_ptr_is_null((struct user_ptr){ 0 }));
	assert_false(user_ptr_is_null(user(there)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_get_across_both_ways),
		cmocka_unit_test(addresses_that_cannot_be_are_refused),
		cmocka_unit_test(strings_are_copied_with_their_nul),
		cmocka_unit_test(strings_nowhere_are_refused),
		cmocka_unit_test(memory_of_our_own_can_be_reached_directly),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
