/*
 * Tests of the buffer cache: one buffer and one read for a place, whatever
 * fails and however many ask; and it gives memory back.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block_impl.h"
#include "block/buffer.h"
#include "host/posix/posix.h"
#include "kern/kernel.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"

#define SECTOR	BLOCK_SECTOR_SIZE
#define SIZE	((uint64_t)8 << 20)
#define READERS 6

static const struct component *const components[] = { &block_component };

struct fixture {
	struct host host;
	struct kernel *kernel;
	struct fake_block fake;
	struct block_dev *dev;
	struct buffer_cache *cache;
};

static void
setup(struct fixture *fixture, const struct host_ops *ops, struct host *host, uint64_t limit)
{
	struct kernel_config config = {
		.host_ops = ops,
		.host = host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.memory_limit = limit,
		.console_level = LOG_ERROR,
	};

	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	fake_block_create(&fixture->fake, fixture->kernel, SIZE);
	fake_block_number_sectors(&fixture->fake);
	fixture->dev = &fixture->fake.dev;
	assert_int_equal(block_register(fixture->kernel, fixture->dev, "image"), 0);
	fixture->cache = &block_of(fixture->kernel)->cache;
}

static void
teardown(struct fixture *fixture)
{
	kernel_destroy(fixture->kernel);
	fake_block_destroy(&fixture->fake);
}

static int
create_with_limit(void **state, uint64_t limit)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_host_create(&fixture->host, true);
	setup(fixture, &fake_host_ops, &fixture->host, limit);
	*state = fixture;
	return 0;
}

static int
create_fixture(void **state)
{
	return create_with_limit(state, 0);
}

static int
create_small_fixture(void **state)
{
	return create_with_limit(state, 4 * CHUNK_SIZE);
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	teardown(fixture);
	fake_host_destroy(&fixture->host);
	free(fixture);
	return 0;
}

/* Read a buffer that must be readable, and look at what is in it. */
static struct buffer *
get(struct fixture *fixture, uint64_t offset, uint32_t size)
{
	struct buffer *buffer;

	assert_int_equal(buffer_read(fixture->dev, offset, size, &buffer), 0);
	assert_ptr_equal(buffer->dev, fixture->dev);
	assert_int_equal(buffer->offset, offset);
	assert_int_equal(buffer->size, size);
	assert_memory_equal(buffer->data, fixture->fake.content + offset, size);
	return buffer;
}

static void
touch(struct fixture *fixture, uint64_t offset, uint32_t size)
{
	buffer_put(get(fixture, offset, size));
}

/* How many requests reach the device when offset is read once more. */
static size_t
reads_for(struct fixture *fixture, uint64_t offset, uint32_t size)
{
	size_t before = fixture->fake.request_count;

	touch(fixture, offset, size);
	return fixture->fake.request_count - before;
}

static void
reads_a_place_once_and_shares_its_buffer(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *first = get(fixture, 3 * SECTOR, 2 * SECTOR);
	struct buffer *second = get(fixture, 3 * SECTOR, 2 * SECTOR);
	struct buffer *other = get(fixture, 5 * SECTOR, SECTOR);

	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	assert_int_equal(fixture->fake.request_count, 2);
	buffer_put(first);
	assert_memory_equal(second->data, fixture->fake.content + 3 * SECTOR, 2 * SECTOR);
	buffer_put(second);
	buffer_put(other);
	assert_int_equal(reads_for(fixture, 3 * SECTOR, 2 * SECTOR), 0);
}

static void
takes_only_whole_sectors_inside_the_device(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t size;
	} rows[] = {
		{ 0, 0 },			  /* nothing */
		{ 0, SECTOR - 1 },		  /* a part */
		{ 1, SECTOR },			  /* begins in a sector */
		{ 0, BUFFER_SIZE_MAX + SECTOR },  /* too much */
		{ SIZE, SECTOR },		  /* past the end */
		{ SIZE - SECTOR, 2 * SECTOR },	  /* across it */
		{ -(uint64_t)SECTOR, SECTOR },	  /* wraps */
		{ -(uint64_t)SECTOR, 2 * SECTOR } /* wraps into the device */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buffer *buffer = (struct buffer *)fixture;

		assert_int_equal(buffer_read(fixture->dev, rows[i].offset, rows[i].size, &buffer),
		    -EINVAL);
		assert_null(buffer);
	}
	assert_int_equal(fixture->fake.request_count, 0);
	touch(fixture, 0, BUFFER_SIZE_MAX);
	touch(fixture, SIZE - BUFFER_SIZE_MAX, BUFFER_SIZE_MAX);
}

static void
a_place_has_one_size_while_it_is_in_use(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *buffer = get(fixture, 0, 4 * SECTOR), *other;

	assert_int_equal(buffer_read(fixture->dev, 0, SECTOR, &other), -EINVAL);
	assert_null(other);
	buffer_put(buffer);
	assert_int_equal(reads_for(fixture, 0, SECTOR), 1);
	assert_int_equal(reads_for(fixture, 0, SECTOR), 0);
	assert_int_equal(fixture->cache->buffer_count, 1);
}

static void
devices_do_not_share_places(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *buffer, *same;
	struct fake_block second;

	fake_block_create(&second, fixture->kernel, SIZE);
	memset(second.content, 0x77, SIZE);
	assert_int_equal(block_register(fixture->kernel, &second.dev, "second"), 0);
	same = get(fixture, 4096, 4096);
	assert_int_equal(buffer_read(&second.dev, 4096, 4096, &buffer), 0);
	assert_int_equal(buffer->data[0], 0x77);
	buffer_put(same);
	buffer_put(buffer);

	buffer_forget_device(&second.dev);
	assert_int_equal(reads_for(fixture, 4096, 4096), 0);
	assert_int_equal(block_unregister(fixture->kernel, "second"), 0);
	fake_block_destroy(&second);
}

static void
a_failed_read_leaves_nothing_in_the_cache(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *buffer;

	fixture->fake.bad_offset = 8192;
	fixture->fake.bad_length = SECTOR;
	fixture->fake.bad_error = -EIO;
	assert_int_equal(buffer_read(fixture->dev, 8192, 4096, &buffer), -EIO);
	assert_null(buffer);
	assert_int_equal(fixture->cache->buffer_count, 0);
	assert_int_equal(buffer_read(fixture->dev, 8192, 4096, &buffer), -EIO);
	assert_int_equal(fixture->fake.request_count, 2);

	fixture->fake.bad_error = 0;
	assert_int_equal(reads_for(fixture, 8192, 4096), 1);
	assert_int_equal(reads_for(fixture, 8192, 4096), 0);
}

struct reader {
	struct fixture *fixture;
	struct buffer *buffer;
	int error;
	struct host_thread *thread;
};

static void
read_one(void *argument)
{
	struct reader *reader = argument;

	reader->error = buffer_read(reader->fixture->dev, 4096, 8192, &reader->buffer);
}

/* Have READERS threads want one absent buffer while its read is held back. */
static void
read_together(struct fixture *fixture, struct reader *readers)
{
	fake_block_hold(&fixture->fake);
	for (size_t i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .fixture = fixture };
		assert_int_equal(fake_host_ops.thread_start(&fixture->host, "reader", read_one,
				     &readers[i], &readers[i].thread),
		    0);
	}
	fake_block_await(&fixture->fake, 1);
	fake_host_await_sleepers(&fixture->host, READERS);
	fake_block_let_go(&fixture->fake);
	for (size_t i = 0; i < READERS; i++)
		fake_host_ops.thread_join(&fixture->host, readers[i].thread);
	assert_int_equal(fixture->fake.request_count, 1);
}

static void
readers_of_one_place_do_one_read(void **state)
{
	struct fixture *fixture = *state;
	struct reader readers[READERS];

	read_together(fixture, readers);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(readers[i].error, 0);
		assert_ptr_equal(readers[i].buffer, readers[0].buffer);
	}
	assert_memory_equal(readers[0].buffer->data, fixture->fake.content + 4096, 8192);
	for (size_t i = 0; i < READERS; i++)
		buffer_put(readers[i].buffer);
	assert_int_equal(fixture->cache->buffer_count, 1);
}

static void
readers_of_one_place_share_its_error_and_its_log_line(void **state)
{
	struct fixture *fixture = *state;
	struct reader readers[READERS];

	fixture->fake.bad_offset = 4096;
	fixture->fake.bad_length = SECTOR;
	fixture->fake.bad_error = -EIO;
	read_together(fixture, readers);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(readers[i].error, -EIO);
		assert_null(readers[i].buffer);
	}
	assert_int_equal(fixture->cache->buffer_count, 0);
	fixture->host.console[fixture->host.console_length] = '\0';
	assert_non_null(strstr(fixture->host.console, "at offset 4096 failed: error 5\n"));
	assert_ptr_equal(strchr(fixture->host.console, '\n'),
	    fixture->host.console + fixture->host.console_length - 1);
}

static void
finds_every_buffer_however_many_there_are(void **state)
{
	struct fixture *fixture = *state;
	size_t count = SIZE / SECTOR;

	assert_int_equal(fixture->cache->bucket_count, BUCKETS_MIN);
	for (size_t i = 0; i < count; i++)
		touch(fixture, i * 7919 % count * SECTOR, SECTOR);
	assert_int_equal(fixture->cache->buffer_count, count);
	assert_in_range(fixture->cache->bucket_count, count, 2 * count);
	assert_int_equal(fixture->fake.request_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(reads_for(fixture, i * SECTOR, SECTOR), 0);
}

static void
no_list_of_the_table_is_long(void **state)
{
	struct fixture *fixture = *state;
	size_t longest = 0;

	/* Offsets as block groups have them: far apart, round numbers. */
	for (uint64_t offset = 0; offset < SIZE; offset += 8192)
		touch(fixture, offset, SECTOR);
	for (size_t i = 0; i < fixture->cache->bucket_count; i++) {
		size_t length = 0;

		list_for_each(link, &fixture->cache->buckets[i])
			length++;
		longest = length > longest ? length : longest;
	}
	assert_in_range(longest, 1, 12);
}

static void
forgets_a_device_and_the_room_it_took(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t offset = 0; offset < SIZE; offset += 4096)
		touch(fixture, offset, 4096);
	buffer_forget_device(fixture->dev);
	assert_int_equal(fixture->cache->buffer_count, 0);
	assert_int_equal(fixture->cache->bucket_count, BUCKETS_MIN);
	assert_true(list_is_empty(&fixture->cache->idle));
	assert_int_equal(reads_for(fixture, 4096, 4096), 1);
}

static void
forget_used(void *argument)
{
	struct fixture *fixture = argument;

	signal(SIGILL, SIG_DFL); /* cmocka has a handler */
	signal(SIGTRAP, SIG_DFL);
	(void)get(fixture, 0, SECTOR);
	buffer_forget_device(fixture->dev);
	_Exit(0);
}

static void
forgetting_what_is_in_use_stops_at_once(void **state)
{
	assert_true(fake_host_dies(forget_used, *state, ""));
}

static void
what_was_used_least_goes_first_when_memory_is_short(void **state)
{
	struct fixture *fixture = *state;
	uint64_t hot = SIZE - 4096;

	touch(fixture, hot, 4096);
	for (uint64_t offset = 0; offset < SIZE - 4096; offset += 4096) {
		touch(fixture, offset, 4096);
		assert_int_equal(reads_for(fixture, hot, 4096), 0);
		assert_true(memory_taken(fixture->kernel) <= 4 * CHUNK_SIZE);
	}
	assert_int_equal(reads_for(fixture, 0, 4096), 1); /* went long ago */
}

static void
what_is_in_use_stays_when_memory_is_short(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *used = get(fixture, SIZE - 4096, 4096);

	for (uint64_t offset = 0; offset < SIZE - 4096; offset += 4096)
		touch(fixture, offset, 4096);
	assert_memory_equal(used->data, fixture->fake.content + SIZE - 4096, 4096);
	assert_int_equal(reads_for(fixture, SIZE - 4096, 4096), 0);
	buffer_put(used);
}

static void
says_so_when_all_memory_is_in_use(void **state)
{
	struct fixture *fixture = *state;
	struct buffer *used[4 * CHUNK_PAGES];
	size_t count = 0;
	int error;

	while ((error = buffer_read(fixture->dev, count * 4096, 4096, &used[count])) == 0) {
		count++;
		assert_true(count < ARRAY_SIZE(used));
	}
	assert_int_equal(error, -ENOMEM);
	assert_null(used[count]);
	assert_true(count > 3 * CHUNK_PAGES);
	for (size_t i = 0; i < count; i++)
		buffer_put(used[i]);
	touch(fixture, count * 4096, 4096);
}

/* Take all pages but left of them; what was taken is on a list. */
static struct list *
hog(struct fixture *fixture, size_t left, struct list *taken)
{
	struct list *page;

	list_init(taken);
	while ((page = page_run_alloc(fixture->kernel, 1)) != NULL)
		list_push_front(taken, page);
	for (; left > 0; left--) {
		page = taken->next;
		list_remove(page);
		page_run_free(fixture->kernel, page, 1);
	}
	return taken;
}

static void
unhog(struct fixture *fixture, struct list *taken)
{
	list_for_each_safe(link, after, taken)
		page_run_free(fixture->kernel, link, 1);
}

static void
fails_cleanly_at_whichever_page_there_is_none(void **state)
{
	struct fixture *fixture = *state;
	unsigned failures = 0, successes = 0;

	for (size_t left = 0; left < 24; left++) {
		struct list taken;

		hog(fixture, left, &taken);
		for (uint64_t offset = 0; offset < 24 * 4096; offset += 4096) {
			struct buffer *buffers[2];
			int error = buffer_read(fixture->dev, offset, 4096, &buffers[0]);

			if (error == 0) {
				/* A second one while the first is in use. */
				error =
				    buffer_read(fixture->dev, SIZE / 2 + offset, 1024, &buffers[1]);
				if (error == 0)
					buffer_put(buffers[1]);
				buffer_put(buffers[0]);
			}
			assert_true(error == 0 || error == -ENOMEM);
			failures += error < 0;
			successes += error == 0;
		}
		unhog(fixture, &taken);
		buffer_forget_device(fixture->dev);
	}
	assert_true(failures > 0 && successes > 0);
	touch(fixture, 0, 4096);
}

/*
 * Somebody who is quicker: reads a place, on a thread of his own, while another
 * who found it absent waits for memory; he has let go of some for that.
 */
struct rival {
	struct shrinker shrinker;
	struct fixture *fixture;
	struct list taken;
	struct reader reader;
};

static size_t
rival_shrink(struct kernel *kernel, size_t page_count)
{
	struct shrinker *shrinker =
	    list_entry(kernel->memory.shrinkers.previous, struct shrinker, link);
	struct rival *rival = container_of(shrinker, struct rival, shrinker);

	if (rival->reader.fixture != NULL)
		return 0; /* only once */
	rival->reader.fixture = rival->fixture;
	unhog(rival->fixture, &rival->taken);
	assert_int_equal(fake_host_ops.thread_start(&rival->fixture->host, "rival", read_one,
			     &rival->reader, &rival->reader.thread),
	    0);
	fake_host_ops.thread_join(&rival->fixture->host, rival->reader.thread);
	return page_count;
}

static void
takes_the_buffer_of_who_was_quicker(void **state)
{
	struct fixture *fixture = *state;
	struct rival rival = { .shrinker.shrink = rival_shrink, .fixture = fixture };
	struct buffer *buffer;

	hog(fixture, 0, &rival.taken);
	shrinker_register(fixture->kernel, &rival.shrinker);
	buffer = get(fixture, 4096, 8192);
	assert_ptr_equal(buffer, rival.reader.buffer);
	assert_int_equal(fixture->fake.request_count, 1);
	assert_int_equal(fixture->cache->buffer_count, 1);
	buffer_put(buffer);
	buffer_put(rival.reader.buffer);
	shrinker_unregister(fixture->kernel, &rival.shrinker);
}

struct worker {
	struct fixture *fixture;
	uint32_t seed;
	unsigned wrong_count;
	struct host_thread *thread;
};

static void
read_at_random(void *argument)
{
	struct worker *worker = argument;
	struct fixture *fixture = worker->fixture;

	for (int i = 0; i < 3000; i++) {
		struct buffer *buffer;
		uint64_t offset;
		int error;

		worker->seed = worker->seed * 1103515245 + 12345;
		/* Some places are wanted much more often than others. */
		offset = (worker->seed >> 8) % (worker->seed & 128 ? 8 : 400) * 4096;
		error = buffer_read(fixture->dev, offset, 4096, &buffer);
		if (error < 0) {
			worker->wrong_count += error != -ENOMEM && error != -EIO;
			continue;
		}
		if (memcmp(buffer->data, fixture->fake.content + offset, 4096) != 0)
			worker->wrong_count++;
		buffer_put(buffer);
	}
}

static void
stays_right_under_threads_errors_and_little_memory(void **state)
{
	struct fixture fixture = { 0 };
	struct worker workers[4];
	struct host *host;

	assert_int_equal(posix_host_create(&host), 0);
	setup(&fixture, &posix_host_ops, host, 2 * CHUNK_SIZE);
	fixture.fake.bad_offset = 5 * 4096;
	fixture.fake.bad_length = 1;
	fixture.fake.bad_error = -EIO;
	atomic_store(&fixture.kernel->log.console_level, LOG_EMERGENCY);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = (struct worker){ .fixture = &fixture, .seed = (uint32_t)i };
		assert_int_equal(posix_host_ops.thread_start(host, "worker", read_at_random,
				     &workers[i], &workers[i].thread),
		    0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		posix_host_ops.thread_join(host, workers[i].thread);
		assert_int_equal(workers[i].wrong_count, 0);
	}
	assert_int_equal(fixture.dev->references, 0);
	buffer_forget_device(fixture.dev); /* all references were given back */
	teardown(&fixture);
	posix_host_destroy(host);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)
#define SMALL_CASE(name) \
	cmocka_unit_test_setup_teardown(name, create_small_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_a_place_once_and_shares_its_buffer),
		CASE(takes_only_whole_sectors_inside_the_device),
		CASE(a_place_has_one_size_while_it_is_in_use),
		CASE(devices_do_not_share_places),
		CASE(a_failed_read_leaves_nothing_in_the_cache),
		CASE(readers_of_one_place_do_one_read),
		CASE(readers_of_one_place_share_its_error_and_its_log_line),
		CASE(finds_every_buffer_however_many_there_are),
		CASE(no_list_of_the_table_is_long),
		CASE(forgets_a_device_and_the_room_it_took),
		CASE(forgetting_what_is_in_use_stops_at_once),
		SMALL_CASE(what_was_used_least_goes_first_when_memory_is_short),
		SMALL_CASE(what_is_in_use_stays_when_memory_is_short),
		SMALL_CASE(says_so_when_all_memory_is_in_use),
		SMALL_CASE(fails_cleanly_at_whichever_page_there_is_none),
		SMALL_CASE(takes_the_buffer_of_who_was_quicker),
		cmocka_unit_test(stays_right_under_threads_errors_and_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
