/*
 * Tests of locks on files: against a naive model, an array that says for each
 * byte who has what; and those who wait, in threads.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/hash.h"
#include "tests/fake_fs.h"
#include "tests/test_kernel.h"
#include "vfs/file_lock.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

enum {
	BYTES = 24, /* of the model; the last stands for all that follow */
	OWNERS = 4,
	STEPS = 30000,
};

/* What each owner has of each byte: an enum file_lock_type. */
struct model {
	enum file_lock_type bytes[OWNERS][BYTES];
};

static const char owners[OWNERS];

/* Owners 0 and 1 are processes, the others open files. */
static struct file_lock
lock_of(unsigned owner, enum file_lock_type type, uint64_t start, uint64_t end)
{
	return (struct file_lock){
		.kind = owner < 2 ? FILE_LOCK_PROCESS : FILE_LOCK_OPEN,
		.type = type,
		.owner = &owners[owner],
		.pid = owner + 100,
		.start = start,
		.end = end == BYTES - 1 ? FILE_LOCK_END : end,
	};
}

/* Who has a byte so that the owner could not have it like this? */
static bool
model_conflicts(const struct model *model, unsigned owner, enum file_lock_type type, unsigned byte)
{
	for (unsigned other = 0; other < OWNERS; other++) {
		enum file_lock_type has = model->bytes[other][byte];

		if (other != owner && type != FILE_LOCK_NONE && has != FILE_LOCK_NONE &&
		    (has == FILE_LOCK_EXCLUSIVE || type == FILE_LOCK_EXCLUSIVE))
			return true;
	}
	return false;
}

static int
model_set(struct model *model, unsigned owner, enum file_lock_type type, unsigned start,
    unsigned end)
{
	for (unsigned byte = start; byte <= end; byte++) {
		if (model_conflicts(model, owner, type, byte))
			return -EAGAIN;
	}
	for (unsigned byte = start; byte <= end; byte++)
		model->bytes[owner][byte] = type;
	return 0;
}

/* A lock that was told about is one whole run of its owner's in the model. */
static void
assert_is_run(const struct model *model, const struct file_lock *lock)
{
	const enum file_lock_type *bytes = model->bytes[lock->pid - 100];
	uint64_t end = lock->end == FILE_LOCK_END ? BYTES - 1 : lock->end;

	assert_true(lock->start <= end && end < BYTES);
	for (uint64_t byte = lock->start; byte <= end; byte++)
		assert_int_equal(bytes[byte], lock->type);
	assert_true(lock->start == 0 || bytes[lock->start - 1] != lock->type);
	assert_true(end == BYTES - 1 || bytes[end + 1] != lock->type);
}

/* Ask for each byte as each owner. */
static void
assert_agrees(struct vnode *vnode, const struct model *model)
{
	for (unsigned owner = 0; owner < OWNERS; owner++) {
		for (unsigned byte = 0; byte < BYTES; byte++) {
			for (int type = FILE_LOCK_SHARED; type <= FILE_LOCK_EXCLUSIVE; type++) {
				struct file_lock ask =
				    lock_of(owner, (enum file_lock_type)type, byte, byte);
				struct file_lock found;

				file_lock_find(vnode, &ask, &found);
				assert_int_equal(found.type != FILE_LOCK_NONE,
				    model_conflicts(model, owner, ask.type, byte));
				if (found.type != FILE_LOCK_NONE)
					assert_is_run(model, &found);
			}
		}
	}
}

static void
random_locks_agree_with_an_array_of_bytes(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct model model;
	uint64_t random = 77;

	memset(&model, 0xff, sizeof(model));
	for (unsigned owner = 0; owner < OWNERS; owner++)
		for (unsigned byte = 0; byte < BYTES; byte++)
			model.bytes[owner][byte] = FILE_LOCK_NONE;
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t choice = hash_u64(random++);
		unsigned owner = choice % OWNERS, start = (unsigned)(choice / 8 % BYTES);
		unsigned end = start + (unsigned)(choice / 1024 % (BYTES - start));
		enum file_lock_type type = (enum file_lock_type)(choice / 65536 % 3);
		struct file_lock wanted = lock_of(owner, type, start, end);

		if (choice % 97 == 0) {
			file_lock_release(vnode, wanted.kind, wanted.owner);
			assert_int_equal(model_set(&model, owner, FILE_LOCK_NONE, 0, BYTES - 1), 0);
		} else {
			assert_int_equal(file_lock_set(vnode, &wanted, false),
			    model_set(&model, owner, type, start, end));
		}
		if (step % 50 == 0)
			assert_agrees(vnode, &model);
	}
	assert_agrees(vnode, &model);
	for (unsigned owner = 0; owner < OWNERS; owner++) {
		struct file_lock any = lock_of(owner, FILE_LOCK_NONE, 0, 0);

		file_lock_release(vnode, any.kind, any.owner);
	}
	assert_int_equal(vnode->lock_count, 0);
}

static void
the_owners_own_locks_can_be_asked_for(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock lock = lock_of(2, FILE_LOCK_SHARED, 5, 9);
	struct file_lock ask = lock_of(2, FILE_LOCK_NONE, 7, 7), found;

	assert_int_equal(file_lock_set(vnode, &lock, false), 0);
	file_lock_find(vnode, &ask, &found);
	assert_int_equal(found.type, FILE_LOCK_SHARED);
	assert_int_equal(found.start, 5);
	ask.owner = &owners[3];
	file_lock_find(vnode, &ask, &found);
	assert_int_equal(found.type, FILE_LOCK_NONE);
	file_lock_release(vnode, FILE_LOCK_OPEN, &owners[2]);
}

/* ---- flock ---------------------------------------------------------------------------- */

static struct file_lock
whole_of(unsigned owner, enum file_lock_type type)
{
	return (struct file_lock){ FILE_LOCK_WHOLE, type, &owners[owner], 0, 0, FILE_LOCK_END };
}

static void
whole_locks_and_ranges_do_not_know_each_other(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock whole = whole_of(0, FILE_LOCK_EXCLUSIVE);
	struct file_lock range = lock_of(1, FILE_LOCK_EXCLUSIVE, 0, 5);

	assert_int_equal(file_lock_set(vnode, &whole, false), 0);
	assert_int_equal(file_lock_set(vnode, &range, false), 0);
	file_lock_release(vnode, FILE_LOCK_WHOLE, &owners[0]);
	assert_int_equal(vnode->lock_count, 1);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[1]);
}

static void
who_fails_to_convert_a_whole_lock_has_lost_it(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock locks[2] = { whole_of(0, FILE_LOCK_SHARED),
		whole_of(1, FILE_LOCK_SHARED) };

	assert_int_equal(file_lock_set(vnode, &locks[0], false), 0);
	assert_int_equal(file_lock_set(vnode, &locks[1], false), 0);
	locks[0].type = FILE_LOCK_EXCLUSIVE;
	locks[1].type = FILE_LOCK_EXCLUSIVE;
	assert_int_equal(file_lock_set(vnode, &locks[0], false), -EAGAIN);
	assert_int_equal(file_lock_set(vnode, &locks[1], false), 0);
	assert_int_equal(file_lock_set(vnode, &locks[1], false), 0);
	file_lock_release(vnode, FILE_LOCK_WHOLE, &owners[1]);
	assert_int_equal(vnode->lock_count, 0);
}

/* ---- waiting ---------------------------------------------------------------------------- */

struct request {
	struct vnode *vnode;
	struct file_lock wanted;
	int result;
	pthread_t thread;
};

static void *
set_and_wait(void *argument)
{
	struct request *request = argument;

	request->result = file_lock_set(request->vnode, &request->wanted, true);
	return NULL;
}

static unsigned
count_waiters(struct kernel *kernel)
{
	struct file_lock_table *table = &vfs_of(kernel)->file_locks;
	unsigned count = 0;

	mutex_lock(&table->lock);
	list_for_each(link, &table->waiters)
		count++;
	mutex_unlock(&table->lock);
	return count;
}

/* Let a thread wait for what is wanted; it is in the line when this returns. */
static void
start_waiting(struct request *request, struct vnode *vnode, struct file_lock wanted)
{
	unsigned before = count_waiters(vnode->kernel);

	*request = (struct request){ .vnode = vnode, .wanted = wanted, .result = 1 };
	assert_int_equal(pthread_create(&request->thread, NULL, set_and_wait, request), 0);
	while (count_waiters(vnode->kernel) == before)
		sched_yield();
}

static void
who_waits_is_served_in_the_order_he_came(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock held = lock_of(0, FILE_LOCK_EXCLUSIVE, 0, 9);
	struct request first, second;

	assert_int_equal(file_lock_set(vnode, &held, false), 0);
	start_waiting(&first, vnode, lock_of(2, FILE_LOCK_EXCLUSIVE, 5, 6));
	start_waiting(&second, vnode, lock_of(3, FILE_LOCK_EXCLUSIVE, 6, 7));
	/* Less of it serves nobody, the rest serves the first alone. */
	held.type = FILE_LOCK_SHARED;
	assert_int_equal(file_lock_set(vnode, &held, false), 0);
	assert_int_equal(count_waiters(vnode->kernel), 2);
	held = lock_of(0, FILE_LOCK_NONE, 5, 20);
	assert_int_equal(file_lock_set(vnode, &held, false), 0);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.result, 0);
	assert_int_equal(count_waiters(vnode->kernel), 1);
	file_lock_release(vnode, FILE_LOCK_OPEN, &owners[2]);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.result, 0);
	file_lock_release(vnode, FILE_LOCK_OPEN, &owners[3]);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[0]);
	assert_int_equal(vnode->lock_count, 0);
}

static void
all_readers_are_served_at_once(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock held = whole_of(0, FILE_LOCK_EXCLUSIVE);
	struct request readers[3];

	assert_int_equal(file_lock_set(vnode, &held, false), 0);
	for (unsigned i = 0; i < 3; i++)
		start_waiting(&readers[i], vnode, whole_of(i + 1, FILE_LOCK_SHARED));
	held.type = FILE_LOCK_SHARED;
	assert_int_equal(file_lock_set(vnode, &held, false), 0);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].result, 0);
		file_lock_release(vnode, FILE_LOCK_WHOLE, &owners[i + 1]);
	}
	file_lock_release(vnode, FILE_LOCK_WHOLE, &owners[0]);
}

static struct file_lock
process_lock(unsigned owner, uint64_t byte)
{
	struct file_lock lock = lock_of(owner, FILE_LOCK_EXCLUSIVE, byte, byte);

	lock.kind = FILE_LOCK_PROCESS;
	return lock;
}

/* Three processes hold a byte each, and want the next one's. */
static void
processes_that_would_wait_for_each_other_hear_of_it(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct request first, second;
	struct file_lock lock;

	for (unsigned i = 0; i < 3; i++) {
		lock = process_lock(i, i);
		assert_int_equal(file_lock_set(vnode, &lock, false), 0);
	}
	start_waiting(&first, vnode, process_lock(0, 1));
	start_waiting(&second, vnode, process_lock(1, 2));
	lock = process_lock(2, 0);
	assert_int_equal(file_lock_set(vnode, &lock, true), -EDEADLK);
	lock = process_lock(2, 1);
	assert_int_equal(file_lock_set(vnode, &lock, true), -EDEADLK);
	/* Nobody but those would notice an open file among them. */
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[2]);
	pthread_join(second.thread, NULL);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[1]);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.result, 0);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[0]);
	assert_int_equal(vnode->lock_count, 0);
}

/* The one who holds us up second may be the one who waits for us. */
static void
a_deadlock_through_any_of_several_holders_is_found(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock lock;
	struct request first;

	for (unsigned i = 0; i < 2; i++) {
		lock = process_lock(i, 0);
		lock.type = FILE_LOCK_SHARED;
		assert_int_equal(file_lock_set(vnode, &lock, false), 0);
	}
	lock = process_lock(2, 1);
	assert_int_equal(file_lock_set(vnode, &lock, false), 0);
	start_waiting(&first, vnode, process_lock(1, 1));
	lock = process_lock(2, 0);
	assert_int_equal(file_lock_set(vnode, &lock, true), -EDEADLK);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[2]);
	pthread_join(first.thread, NULL);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[1]);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[0]);
}

static void
without_memory_nothing_is_locked(void **state)
{
	struct vnode *vnode = ((struct fixture *)*state)->context.root;
	struct file_lock lock = lock_of(0, FILE_LOCK_SHARED, 0, 5);
	struct hog hog;

	hog_take(&hog, vnode->kernel);
	assert_int_equal(file_lock_set(vnode, &lock, false), -ENOLCK);
	assert_int_equal(vnode->lock_count, 0);
	hog_give_all(&hog);
	assert_int_equal(file_lock_set(vnode, &lock, false), 0);
	file_lock_release(vnode, FILE_LOCK_PROCESS, &owners[0]);
}

#define LOCK_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOCK_TEST(random_locks_agree_with_an_array_of_bytes),
		LOCK_TEST(the_owners_own_locks_can_be_asked_for),
		LOCK_TEST(whole_locks_and_ranges_do_not_know_each_other),
		LOCK_TEST(who_fails_to_convert_a_whole_lock_has_lost_it),
		LOCK_TEST(who_waits_is_served_in_the_order_he_came),
		LOCK_TEST(all_readers_are_served_at_once),
		LOCK_TEST(processes_that_would_wait_for_each_other_hear_of_it),
		LOCK_TEST(a_deadlock_through_any_of_several_holders_is_found),
		LOCK_TEST(without_memory_nothing_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
