/* See memory_store.h. */
#include "tests/memory_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/posix/posix.h"

void
memory_store_name(const struct memory_store *store, char name[MEMORY_STORE_NAME])
{
	snprintf(name, MEMORY_STORE_NAME, "memory:%p", (const void *)store);
}

static int
store_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	struct memory_store *store;
	void *address;

	if (sscanf(name, "memory:%p", &address) != 1)
		return -ENOENT;
	store = address;
	if (writable && store->writable == NULL)
		return -EROFS;
	*out = address;
	*info = (struct host_block_info){
		.size = store->size,
		.sector_size = 512,
		.is_read_only = !writable,
		.is_cached_below = true,
	};
	return 0;
}

/* Write, or flush. */
static int
store_write(struct memory_store *store, const struct host_block_request *request)
{
	uint64_t at = request->offset;

	if (request->op == HOST_BLOCK_FLUSH)
		return 0;
	if (store->writable == NULL)
		return -EROFS;
	if (at > store->size || request->length > store->size - at)
		return -EIO;
	for (unsigned i = 0; i < request->segment_count; i++) {
		memcpy(store->writable + at, request->segments[i].data,
		    request->segments[i].length);
		at += request->segments[i].length;
	}
	return 0;
}

static void
store_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	struct memory_store *store = (struct memory_store *)(void *)block;
	uint64_t at = request->offset;

	if (request->op == HOST_BLOCK_FLUSH || request->op == HOST_BLOCK_WRITE) {
		request->done(request, store_write(store, request));
		return;
	}
	if (request->op != HOST_BLOCK_READ) {
		request->done(request, -EROFS);
		return;
	}
	if (store->on_read != NULL)
		store->on_read(store->context, request->offset, request->length);
	if (at > store->size || request->length > store->size - at) {
		request->done(request, -EIO);
		return;
	}
	for (unsigned i = 0; i < request->segment_count; i++) {
		memcpy(request->segments[i].data, store->bytes + at, request->segments[i].length);
		at += request->segments[i].length;
	}
	request->done(request, 0);
}

static void
store_close(struct host *host, struct host_block *block)
{
}

struct host_ops
memory_store_host_ops(void)
{
	struct host_ops ops = posix_host_ops;

	ops.block_open = store_open;
	ops.block_submit = store_submit;
	ops.block_close = store_close;
	return ops;
}
