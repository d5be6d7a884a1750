/* Descriptor tables and the files in them, alone and with many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/errno.h"
#include "kern/kernel.h"
#include "syscall/process.h"
#include "tests/caller.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

static struct descriptor_table *
table_of(struct caller *caller)
{
	return caller->thread->process->descriptors;
}

/* An open file on the root directory. */
static struct file *
open_root(struct caller *caller)
{
	struct file *file;
	struct vnode *vnode = vnode_get(mount_root_vnode(caller->kernel));

	assert_int_equal(file_open(process_file_pool(caller->kernel), vnode, 0, &file), 0);
	return file;
}

/* A new descriptor of one. */
static int
open_descriptor(struct caller *caller, uint64_t lowest)
{
	int descriptor;

	assert_int_equal(descriptor_reserve(table_of(caller), lowest, &descriptor), 0);
	descriptor_install(table_of(caller), descriptor, open_root(caller), false);
	return descriptor;
}

static void
the_lowest_free_descriptor_is_given(void **state)
{
	struct caller *caller = *state;

	for (int i = 0; i < 200; i++)
		assert_int_equal(open_descriptor(caller, 0), i);
	assert_int_equal(descriptor_close(table_of(caller), 5), 0);
	assert_int_equal(descriptor_close(table_of(caller), 70), 0);
	assert_int_equal(open_descriptor(caller, 6), 70);
	assert_int_equal(open_descriptor(caller, 0), 5);
	assert_int_equal(open_descriptor(caller, 0), 200);
	assert_int_equal(open_descriptor(caller, 500), 500);
}

static void
descriptors_end_at_the_limit(void **state)
{
	struct caller *caller = *state;
	int descriptor;

	for (int i = 0; i < DESCRIPTORS_MAX; i++)
		assert_int_equal(open_descriptor(caller, 0), i);
	assert_int_equal(descriptor_reserve(table_of(caller), 0, &descriptor), -EMFILE);
	assert_int_equal(descriptor_reserve(table_of(caller), DESCRIPTORS_MAX, &descriptor),
	    -EINVAL);
	assert_int_equal(descriptor_close(table_of(caller), DESCRIPTORS_MAX - 1), 0);
	assert_int_equal(open_descriptor(caller, 0), DESCRIPTORS_MAX - 1);
}

static void
numbers_that_are_no_descriptors_are_refused(void **state)
{
	struct caller *caller = *state;
	const int numbers[] = { -1, 0, 63, 64, DESCRIPTORS_MAX - 1, DESCRIPTORS_MAX, INT32_MAX,
		INT32_MIN };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		assert_null(descriptor_lookup(table_of(caller), numbers[i]));
		assert_int_equal(descriptor_close(table_of(caller), numbers[i]), -EBADF);
		assert_int_equal(descriptor_is_close_on_exec(table_of(caller), numbers[i]), -EBADF);
		assert_int_equal(descriptor_set_close_on_exec(table_of(caller), numbers[i], true),
		    -EBADF);
	}
}

static void
a_reserved_descriptor_leads_nowhere_and_is_nobodys(void **state)
{
	struct caller *caller = *state;
	struct file *file = open_root(caller);
	int descriptor;

	assert_int_equal(descriptor_reserve(table_of(caller), 0, &descriptor), 0);
	assert_null(descriptor_lookup(table_of(caller), descriptor));
	assert_int_equal(descriptor_close(table_of(caller), descriptor), -EBADF);
	assert_int_equal(descriptor_replace(table_of(caller), descriptor, file, false), -EBUSY);
	assert_int_equal(open_descriptor(caller, 0), descriptor + 1);
	descriptor_cancel(table_of(caller), descriptor);
	assert_int_equal(descriptor_replace(table_of(caller), descriptor, file, false), 0);
}

static void
replacing_closes_what_was_there(void **state)
{
	struct caller *caller = *state;
	struct file *first = open_root(caller), *second = open_root(caller);

	assert_int_equal(descriptor_replace(table_of(caller), 9, file_get(first), true), 0);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 9), 1);
	assert_int_equal(descriptor_replace(table_of(caller), 9, file_get(second), false), 0);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 9), 0);
	assert_int_equal(first->references, 1);
	assert_int_equal(second->references, 2);
	assert_int_equal(descriptor_replace(table_of(caller), -1, first, false), -EBADF);
	assert_int_equal(descriptor_replace(table_of(caller), DESCRIPTORS_MAX, first, false),
	    -EBADF);
	file_put(first);
	file_put(second);
}

static void
close_on_exec_belongs_to_the_descriptor(void **state)
{
	struct caller *caller = *state;
	int descriptor = open_descriptor(caller, 0);

	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), descriptor), 0);
	assert_int_equal(descriptor_set_close_on_exec(table_of(caller), descriptor, true), 0);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), descriptor), 1);
	assert_int_equal(descriptor_close(table_of(caller), descriptor), 0);
	assert_int_equal(open_descriptor(caller, 0), descriptor);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), descriptor), 0);
}

static void
ranges_are_closed_and_marked(void **state)
{
	struct caller *caller = *state;

	for (int i = 0; i < 300; i++)
		open_descriptor(caller, 0);
	descriptor_mark_range(table_of(caller), 10, 20);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 9), 0);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 10), 1);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 20), 1);
	assert_int_equal(descriptor_is_close_on_exec(table_of(caller), 21), 0);
	descriptor_close_range(table_of(caller), 60, 130);
	assert_int_equal(open_descriptor(caller, 0), 60);
	assert_int_equal(open_descriptor(caller, 61), 61);
	assert_int_equal(open_descriptor(caller, 130), 130);
	assert_int_equal(open_descriptor(caller, 130), 300);
	descriptor_close_range(table_of(caller), 1, UINT32_MAX);
	assert_int_equal(open_descriptor(caller, 0), 1);
}

static void
a_copied_table_shares_files_and_nothing_else(void **state)
{
	struct caller *caller = *state;
	struct descriptor_table *copy;
	struct file *file;
	int reserved;

	for (int i = 0; i < 100; i++)
		open_descriptor(caller, 0);
	assert_int_equal(descriptor_reserve(table_of(caller), 0, &reserved), 0);
	assert_int_equal(descriptor_set_close_on_exec(table_of(caller), 99, true), 0);
	file = descriptor_lookup(table_of(caller), 99);
	assert_non_null(file);
	assert_int_equal(descriptor_table_copy(table_of(caller), &copy), 0);
	assert_int_equal(file->references, 3);
	assert_int_equal(descriptor_is_close_on_exec(copy, 99), 1);
	assert_int_equal(descriptor_close(table_of(caller), 99), 0);
	assert_int_equal(descriptor_close(copy, reserved), -EBADF);
	assert_int_equal(descriptor_close(copy, 99), 0);
	assert_int_equal(file->references, 1);
	file_put(file);
	descriptor_cancel(table_of(caller), reserved);
	descriptor_table_put(copy);
}

/* ---- many threads ---------------------------------------------------------------------------- */

enum {
	RACE_DESCRIPTORS = 4,
	RACE_FINDS = 20000,
};

struct race {
	struct caller *caller;
	atomic_bool is_over;
	unsigned failures; /* after it is over */
};

/* Open and close the same few descriptors all the time. */
static void *
open_and_close(void *argument)
{
	struct race *race = argument;
	struct caller *caller = race->caller;

	for (int i = 0; !atomic_load(&race->is_over); i++) {
		struct vnode *vnode = vnode_get(mount_root_vnode(caller->kernel));
		struct file *file;

		if (file_open(process_file_pool(caller->kernel), vnode, 0, &file) < 0 ||
		    descriptor_replace(table_of(caller), i % RACE_DESCRIPTORS, file, false) < 0)
			race->failures++;
		if (i % 3 == 0 && descriptor_close(table_of(caller), i % RACE_DESCRIPTORS) < 0)
			race->failures++;
	}
	return NULL;
}

static void
lookups_find_whole_files_while_others_open_and_close(void **state)
{
	struct race race = { .caller = *state };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, open_and_close, &race), 0);
	for (unsigned i = 0, found = 0; found < RACE_FINDS; i++) {
		struct file *file =
		    descriptor_lookup(table_of(race.caller), (int)(i % RACE_DESCRIPTORS));

		if (file == NULL)
			continue;
		assert_ptr_equal(file->vnode, mount_root_vnode(race.caller->kernel));
		assert_in_range(file->references, 1, 3);
		file_put(file);
		found++;
	}
	atomic_store(&race.is_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(race.failures, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		caller_test(the_lowest_free_descriptor_is_given),
		caller_test(descriptors_end_at_the_limit),
		caller_test(numbers_that_are_no_descriptors_are_refused),
		caller_test(a_reserved_descriptor_leads_nowhere_and_is_nobodys),
		caller_test(replacing_closes_what_was_there),
		caller_test(close_on_exec_belongs_to_the_descriptor),
		caller_test(ranges_are_closed_and_marked),
		caller_test(a_copied_table_shares_files_and_nothing_else),
		caller_test(lookups_find_whole_files_while_others_open_and_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
