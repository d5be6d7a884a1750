/*
 * Images in memory, for tests and fuzz targets: the POSIX host, with its block
 * stores replaced by arrays of bytes.
 *
 * A store's name is made from its address, so there is no table of them.
 * Writing is refused, unless the store says where to.
 */
#ifndef TESTS_MEMORY_STORE_H
#define TESTS_MEMORY_STORE_H

#include <stdint.h>

#include "hypercall/hypercall.h"

#define MEMORY_STORE_NAME 32

struct memory_store {
	const uint8_t *bytes;
	uint64_t size;
	uint8_t *writable; /* bytes again, if they may be written; or NULL */

	/* Called for each range that is going to be read, if not NULL; may change the store. */
	void (*on_read)(void *context, uint64_t offset, uint64_t length);
	void *context;
};

/* The POSIX host's table with memory stores instead of files. */
struct host_ops memory_store_host_ops(void);

/* The name under which block_open() finds store. */
void memory_store_name(const struct memory_store *store, char name[MEMORY_STORE_NAME]);

#endif
