/*
 * A block device in memory, for tests: it counts what it is asked, fails where
 * it is told to, and holds requests back until it is told to let them go.
 */
#ifndef TESTS_FAKE_BLOCK_H
#define TESTS_FAKE_BLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block/block.h"
#include "tests/fake_host.h"

#define FAKE_BLOCK_HELD_MAX 64

struct fake_block {
	struct block_dev dev;

	/* The test's to set while no request is under way, and to read. */
	uint8_t *content;    /* dev.size bytes */
	uint64_t bad_offset; /* requests that touch [bad_offset, bad_offset + bad_length) ... */
	uint64_t bad_length;
	int bad_error;	      /* ... end with this error */
	size_t write_limit;   /* writes that succeed, of write_count; 0: all */
	size_t write_count;   /* writes that came */
	size_t bad_read;      /* the one read, of read_count, that fails; 0: none */
	size_t read_count;    /* reads that came */
	size_t request_count; /* requests that came */
	uint8_t *durable;     /* dev.size bytes, the content at the last flush; NULL: not kept */
	bool is_destroyed;    /* dev.ops->destroy() was called */

	/* Called for each request that is carried out, just before; or NULL. */
	void (*on_request)(struct fake_block *fake, const struct host_block_request *request);
	void *context; /* on_request's */

	/* Private, guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t came; /* one more request is held */
	bool is_holding;
	size_t held_count;
	struct host_block_request *held[FAKE_BLOCK_HELD_MAX];
};

/* A device of kernel's with sectors of 512 bytes, all zeros, not registered yet. */
void fake_block_create(struct fake_block *fake, struct kernel *kernel, uint64_t size);

/* Fill each sector with its number, so that no two are the same. */
void fake_block_number_sectors(struct fake_block *fake);

/* Nobody uses it any more; whether it was destroyed is the test's to look at. */
void fake_block_destroy(struct fake_block *fake);

/* From now on, hold requests back; let those go that are held, and all later. */
void fake_block_hold(struct fake_block *fake);
void fake_block_let_go(struct fake_block *fake);

/* Wait until count requests are held. */
void fake_block_await(struct fake_block *fake, size_t count);

/* A kernel of block/ alone, on a host with threads, that has such a device, numbered, as "image". */
struct fake_disk {
	struct host host;
	struct kernel *kernel;
	struct fake_block fake;
	struct block_dev *dev; /* fake.dev */
};

struct fake_disk *fake_disk_create(uint64_t size);
void fake_disk_destroy(struct fake_disk *disk);

#endif
