/* Tests of the host's stores as devices: windows, limits, errors, what is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "block/block.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "tests/fake_host.h"

#define SECTOR BLOCK_SECTOR_SIZE

static const struct component *const components[] = { &block_component };

/* The one store of the host, and what was last asked of it. */
struct host_block {
	struct host_block_info info;
	int open_error;
	int open_count; /* opened and not yet closed */
	bool is_writable;
	struct host_block_request last; /* its segments are gone when it is done */
	const void *last_data;		/* of the first of them */
};

static struct host_block store;

static int
store_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	*out = NULL;
	if (strcmp(name, "/the/store") != 0)
		return -ENOENT;
	if (store.open_error < 0)
		return store.open_error;
	store.open_count++;
	store.is_writable = writable;
	*out = &store;
	*info = store.info;
	info->is_read_only = !writable;
	return 0;
}

static void
store_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	assert_ptr_equal(block, &store);
	store.last = *request;
	store.last_data = request->segment_count > 0 ? request->segments->data : NULL;
	request->done(request, 0);
}

static void
store_close(struct host *host, struct host_block *block)
{
	assert_ptr_equal(block, &store);
	store.open_count--;
}

struct fixture {
	struct host_ops ops;
	struct host host;
	struct kernel *kernel;
};

static int
create_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct kernel_config config = {
		.host_ops = &fixture->ops,
		.host = &fixture->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
	};

	memset(&store, 0, sizeof(store));
	store.info = (struct host_block_info){
		.size = 100 * SECTOR,
		.sector_size = SECTOR,
		.is_cached_below = true,
	};
	fixture->ops = fake_host_ops;
	fixture->ops.block_open = store_open;
	fixture->ops.block_submit = store_submit;
	fixture->ops.block_close = store_close;
	fake_host_create(&fixture->host, false);
	assert_int_equal(kernel_create(&config, &fixture->kernel), 0);
	*state = fixture;
	return 0;
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	kernel_destroy(fixture->kernel);
	assert_int_equal(store.open_count, 0);
	fake_host_destroy(&fixture->host);
	free(fixture);
	return 0;
}

static void
a_device_is_a_window_of_whole_sectors(void **state)
{
	static const struct {
		uint64_t store_size, offset, size;
		int want;
		uint64_t want_size;
	} rows[] = {
		{ 100 * SECTOR, 0, 0, 0, 100 * SECTOR },	      /* all of it */
		{ 100 * SECTOR + 511, 0, 0, 0, 100 * SECTOR },	      /* a torn last sector */
		{ 511, 0, 0, 0, 0 },				      /* nothing but that */
		{ 0, 0, 0, 0, 0 },				      /* an empty store */
		{ 100 * SECTOR, 10 * SECTOR, 0, 0, 90 * SECTOR },     /* from here on */
		{ 100 * SECTOR, 10 * SECTOR, SECTOR, 0, SECTOR },     /* a part */
		{ 100 * SECTOR, 99 * SECTOR, 5 * SECTOR, 0, SECTOR }, /* ends with the store */
		{ 100 * SECTOR, SECTOR, UINT64_MAX - 511, 0, 99 * SECTOR }, /* would wrap */
		{ 100 * SECTOR, 100 * SECTOR, 0, -EINVAL, 0 },		    /* begins at the end */
		{ 100 * SECTOR + 511, 100 * SECTOR, 0, -EINVAL, 0 },	    /* in the torn sector */
		{ 0, SECTOR, 0, -EINVAL, 0 },				    /* outside of nothing */
		{ 100 * SECTOR, 1, 0, -EINVAL, 0 },			    /* begins in a sector */
		{ 100 * SECTOR, 0, 513, -EINVAL, 0 },			    /* ends in one */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct block_attach attach = {
			.name = "image",
			.host_name = "/the/store",
			.offset = rows[i].offset,
			.size = rows[i].size,
		};
		struct block_dev *dev;

		store.info.size = rows[i].store_size;
		assert_int_equal(block_attach_host(fixture->kernel, &attach), rows[i].want);
		dev = block_get_by_name(fixture->kernel, "image");
		if (rows[i].want < 0) {
			assert_null(dev);
			assert_int_equal(store.open_count, 0);
			continue;
		}
		assert_int_equal(dev->size, rows[i].want_size);
		assert_int_equal(store.open_count, 1);
		block_put(dev);
		assert_int_equal(block_unregister(fixture->kernel, "image"), 0);
		assert_int_equal(store.open_count, 0);
	}
}

/* Attach the store when it has size bytes; does the log say what is left out? */
static bool
tells_of_a_rest(struct fixture *fixture, uint64_t size, const struct block_attach *attach)
{
	char text[512];

	log_clear(fixture->kernel);
	store.info.size = size;
	assert_int_equal(block_attach_host(fixture->kernel, attach), 0);
	assert_int_equal(block_unregister(fixture->kernel, "image"), 0);
	text[log_read(fixture->kernel, text, sizeof(text) - 1)] = '\0';
	return strstr(text, "image: the last 5 bytes of ") != NULL;
}

static void
bytes_that_are_left_out_at_the_end_are_told_of(void **state)
{
	const struct block_attach all = { .name = "image", .host_name = "/the/store" };
	struct block_attach part = all;

	part.size = 10 * SECTOR;
	assert_true(tells_of_a_rest(*state, 100 * SECTOR + 5, &all));
	assert_true(tells_of_a_rest(*state, 5, &all));
	assert_false(tells_of_a_rest(*state, 100 * SECTOR, &all));
	assert_false(tells_of_a_rest(*state, 100 * SECTOR + 5, &part));
}

static void
sectors_are_the_smallest_that_the_store_takes(void **state)
{
	static const struct {
		uint32_t sector_size;
		bool is_cached_below;
		int want;
		uint32_t want_sector_size;
	} rows[] = {
		{ 512, true, 0, 512 },	    /* the usual */
		{ 4096, true, 0, 512 },	    /* the cache makes them small */
		{ 4096, false, 0, 4096 },   /* nothing does */
		{ 0, false, -ENODEV, 0 },   /* nonsense */
		{ 256, false, -ENODEV, 0 }, /* too small */
		{ 3000, false, -ENODEV, 0 } /* no power of two */
	};
	static const struct block_attach attach = { .name = "image", .host_name = "/the/store" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct block_dev *dev;

		store.info.sector_size = rows[i].sector_size;
		store.info.is_cached_below = rows[i].is_cached_below;
		assert_int_equal(block_attach_host(fixture->kernel, &attach), rows[i].want);
		if (rows[i].want < 0)
			continue;
		dev = block_get_by_name(fixture->kernel, "image");
		assert_int_equal(dev->sector_size, rows[i].want_sector_size);
		assert_int_equal(dev->is_cached_below, rows[i].is_cached_below);
		assert_int_equal(dev->size % dev->sector_size, 0);
		block_put(dev);
		assert_int_equal(block_unregister(fixture->kernel, "image"), 0);
	}
}

static void
no_done(struct host_block_request *request, int error)
{
	assert_int_equal(error, 0);
}

static void
requests_reach_the_window(void **state)
{
	static const struct block_attach attach = {
		.name = "image",
		.host_name = "/the/store",
		.offset = 10 * SECTOR,
		.size = 20 * SECTOR,
		.writable = true,
	};
	struct fixture *fixture = *state;
	struct host_block_request request = { .op = HOST_BLOCK_FLUSH, .done = no_done };
	uint8_t bytes[2 * SECTOR];
	struct block_dev *dev;

	assert_int_equal(block_attach_host(fixture->kernel, &attach), 0);
	dev = block_get_by_name(fixture->kernel, "image");
	assert_int_equal(block_read(dev, 3 * SECTOR, bytes, sizeof(bytes)), 0);
	assert_int_equal(store.last.op, HOST_BLOCK_READ);
	assert_int_equal(store.last.offset, 13 * SECTOR);
	assert_int_equal(store.last.length, 2 * SECTOR);
	assert_ptr_equal(store.last_data, bytes);
	assert_int_equal(block_read(dev, 19 * SECTOR, bytes, sizeof(bytes)), -EINVAL);
	block_submit(dev, &request);
	assert_int_equal(store.last.op, HOST_BLOCK_FLUSH);
	assert_int_equal(store.last.offset, 0);
	block_put(dev);
}

static void
a_store_is_writable_only_when_asked_for(void **state)
{
	struct fixture *fixture = *state;

	for (int writable = 0; writable < 2; writable++) {
		struct block_attach attach = {
			.name = "image",
			.host_name = "/the/store",
			.writable = writable,
		};
		struct block_dev *dev;

		assert_int_equal(block_attach_host(fixture->kernel, &attach), 0);
		assert_int_equal(store.is_writable, writable);
		dev = block_get_by_name(fixture->kernel, "image");
		assert_int_equal(dev->is_read_only, !writable);
		block_put(dev);
		assert_int_equal(block_unregister(fixture->kernel, "image"), 0);
	}
}

static void
errors_leave_nothing_behind(void **state)
{
	struct fixture *fixture = *state;
	struct block_attach attach = { .name = "image", .host_name = "/no/store" };

	assert_int_equal(block_attach_host(fixture->kernel, &attach), -ENOENT);
	attach.host_name = "/the/store";
	store.open_error = -EBUSY;
	assert_int_equal(block_attach_host(fixture->kernel, &attach), -EBUSY);
	store.open_error = 0;
	attach.name = "a/b";
	assert_int_equal(block_attach_host(fixture->kernel, &attach), -EINVAL);
	assert_int_equal(store.open_count, 0);
	attach.name = "image";
	assert_int_equal(block_attach_host(fixture->kernel, &attach), 0);
	assert_int_equal(block_attach_host(fixture->kernel, &attach), -EEXIST);
	assert_int_equal(store.open_count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_fixture, destroy_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_device_is_a_window_of_whole_sectors),
		CASE(bytes_that_are_left_out_at_the_end_are_told_of),
		CASE(sectors_are_the_smallest_that_the_store_takes),
		CASE(requests_reach_the_window),
		CASE(a_store_is_writable_only_when_asked_for),
		CASE(errors_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
