/* Tests of memory: what kernels get is zeroed and aligned, and little stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/host_impl.h"
#include "host/posix/posix.h"

#define PAGE ((size_t)4096)
#define SOON (16 * PAGE)

static int
create_host(void **state)
{
	struct host *host;
	int error = posix_host_create(&host);

	*state = host;
	return error;
}

static int
destroy_host(void **state)
{
	posix_host_destroy(*state);
	return 0;
}

static bool
is_zero(const void *memory, size_t size)
{
	const char *bytes = memory;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Pages of the mapping that are present; -1 if it is no mapping. */
static int
present_pages(void *memory, size_t size)
{
	unsigned char present[1024];
	int count = 0;

	assert_true(size / PAGE <= sizeof(present));
	if (mincore(memory, size, present) != 0)
		return -1;
	for (size_t i = 0; i < size / PAGE; i++)
		count += present[i] & 1;
	return count;
}

static void
gives_zeroed_memory_of_the_size_and_alignment_asked_for(void **state)
{
	static const struct {
		size_t size, alignment;
	} rows[] = {
		{ PAGE, PAGE },			    /* the least */
		{ CHUNK_SIZE, CHUNK_SIZE },	    /* the usual */
		{ CHUNK_SIZE, PAGE },		    /* a chunk's size, any place */
		{ PAGE, CHUNK_SIZE },		    /* aligned to more than its size */
		{ 3 * PAGE, 2 * CHUNK_SIZE },	    /* the same, odd */
		{ 4 * CHUNK_SIZE + PAGE, PAGE },    /* more than a chunk */
		{ 4 * CHUNK_SIZE, 16 * CHUNK_SIZE } /* huge pages' size, and more */
	};
	struct host *host = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		void *memory[3];

		for (size_t n = 0; n < ARRAY_SIZE(memory); n++) {
			memory[n] = posix_host_ops.memory_get(host, rows[i].size, rows[i].alignment,
			    rows[i].size / 2);
			assert_non_null(memory[n]);
			assert_int_equal((uintptr_t)memory[n] % rows[i].alignment, 0);
			assert_true(is_zero(memory[n], rows[i].size));
			memset(memory[n], 0xa5, rows[i].size);
		}
		for (size_t n = 0; n < ARRAY_SIZE(memory); n++)
			posix_host_ops.memory_return(host, memory[n], rows[i].size);
	}
}

static void
hands_returned_memory_out_again_without_what_it_held(void **state)
{
	struct host *host = *state;
	void *memory = posix_host_ops.memory_get(host, CHUNK_SIZE, CHUNK_SIZE, SOON);
	void *again;

	memset(memory, 0xa5, CHUNK_SIZE);
	posix_host_ops.memory_return(host, memory, CHUNK_SIZE);
	again = posix_host_ops.memory_get(host, CHUNK_SIZE, CHUNK_SIZE, SOON);
	assert_ptr_equal(again, memory);
	assert_true(is_zero(again, CHUNK_SIZE));
	posix_host_ops.memory_return(host, again, CHUNK_SIZE);
}

/* Does the system follow the advice to make a page present?  Emulators may not. */
static bool
system_populates(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int present;

	assert_ptr_not_equal(page, MAP_FAILED);
	(void)madvise(page, PAGE, MADV_POPULATE_WRITE);
	present = present_pages(page, PAGE);
	munmap(page, PAGE);
	return present == 1;
}

static void
makes_present_what_is_used_soon_and_no_more(void **state)
{
	static const struct {
		size_t size, soon, want;
	} rows[] = {
		{ CHUNK_SIZE, 0, 0 },			       /* nothing */
		{ CHUNK_SIZE, 1, 1 },			       /* a page of it */
		{ CHUNK_SIZE, 16 * PAGE, 16 },		       /* some */
		{ CHUNK_SIZE, CHUNK_SIZE, CHUNK_SIZE / PAGE }, /* all */
		{ 3 * PAGE, CHUNK_SIZE, 3 },		       /* more than all */
	};
	struct host *host = *state;
	void *memory[ARRAY_SIZE(rows)];

	if (!system_populates())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memory[i] = posix_host_ops.memory_get(host, rows[i].size, PAGE, rows[i].soon);
		assert_int_equal(present_pages(memory[i], rows[i].size), rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		posix_host_ops.memory_return(host, memory[i], rows[i].size);
}

static void
keeps_present_what_the_last_user_touched_within_bounds(void **state)
{
	static const struct {
		size_t used, soon, want;
	} rows[] = {
		{ 20 * PAGE, SOON, 20 },		  /* more than it said */
		{ CHUNK_SIZE, SOON, PRESENT_MAX / PAGE }, /* all of it */
		{ PAGE, 40 * PAGE, 40 },		  /* the next says more */
	};

	if (!system_populates())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host *fresh;
		void *memory;

		assert_int_equal(posix_host_create(&fresh), 0);
		memory = posix_host_ops.memory_get(fresh, CHUNK_SIZE, CHUNK_SIZE, PAGE);
		memset(memory, 0xa5, rows[i].used);
		posix_host_ops.memory_return(fresh, memory, CHUNK_SIZE);
		memory = posix_host_ops.memory_get(fresh, CHUNK_SIZE, CHUNK_SIZE, rows[i].soon);
		assert_int_equal(present_pages(memory, CHUNK_SIZE), rows[i].want);
		assert_true(is_zero(memory, CHUNK_SIZE));
		posix_host_ops.memory_return(fresh, memory, CHUNK_SIZE);
		posix_host_destroy(fresh);
	}
}

static void
keeps_a_bounded_number_of_chunks_and_unmaps_the_rest(void **state)
{
	struct host *host = *state;
	void *memory[CHUNKS_MAX + 3];
	unsigned kept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++) {
		memory[i] = posix_host_ops.memory_get(host, CHUNK_SIZE, CHUNK_SIZE, SOON);
		assert_non_null(memory[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		posix_host_ops.memory_return(host, memory[i], CHUNK_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		kept += present_pages(memory[i], CHUNK_SIZE) >= 0;
	assert_int_equal(kept, CHUNKS_MAX);
}

static void
says_so_when_there_is_no_memory(void **state)
{
	const size_t half = SIZE_MAX / 2 + 1; /* of all there could be */
	const size_t most = -(size_t)CHUNK_SIZE;
	struct host *host = *state;

	assert_null(posix_host_ops.memory_get(host, most, PAGE, PAGE));
	assert_null(posix_host_ops.memory_get(host, most, CHUNK_SIZE, PAGE));
	assert_null(posix_host_ops.memory_get(host, half, half, PAGE));
	assert_null(posix_host_ops.memory_get(host, most, half, PAGE));
}

struct user {
	struct host *host;
	struct host_thread *thread;
	bool is_broken;
};

static void
use_memory(void *argument)
{
	struct user *user = argument;

	for (int i = 0; i < 200; i++) {
		void *first = posix_host_ops.memory_get(user->host, CHUNK_SIZE, CHUNK_SIZE, SOON);
		void *second = posix_host_ops.memory_get(user->host, CHUNK_SIZE, CHUNK_SIZE, SOON);

		user->is_broken |=
		    first == second || !is_zero(first, SOON) || !is_zero(second, SOON);
		memset(first, 0xa5, SOON);
		memset(second, 0x5a, SOON);
		posix_host_ops.memory_return(user->host, first, CHUNK_SIZE);
		posix_host_ops.memory_return(user->host, second, CHUNK_SIZE);
	}
}

static void
serves_threads_at_the_same_time(void **state)
{
	struct user users[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		users[i].host = *state;
		assert_int_equal(posix_host_ops.thread_start(*state, "user", use_memory, &users[i],
				     &users[i].thread),
		    0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		posix_host_ops.thread_join(*state, users[i].thread);
		assert_false(users[i].is_broken);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_memory_of_the_size_and_alignment_asked_for),
		cmocka_unit_test(hands_returned_memory_out_again_without_what_it_held),
		cmocka_unit_test_setup_teardown(makes_present_what_is_used_soon_and_no_more,
		    create_host, destroy_host),
		cmocka_unit_test(keeps_present_what_the_last_user_touched_within_bounds),
		cmocka_unit_test_setup_teardown(
		    keeps_a_bounded_number_of_chunks_and_unmaps_the_rest, create_host,
		    destroy_host),
		cmocka_unit_test(says_so_when_there_is_no_memory),
		cmocka_unit_test(serves_threads_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, create_host, destroy_host);
}
