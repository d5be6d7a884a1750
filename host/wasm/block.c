/*
 * Backing stores: what JavaScript has registered under a name.
 *
 * Each request is carried out at once.  Zeroing is writing zeros; discarding is
 * left alone.  As on every host, a flush that failed stays failed: what was to
 * be durable may be gone.
 */
#include "base/math.h"
#include "base/string.h"
#include "host/wasm/host_impl.h"
#include "host/wasm/import.h"

#define SECTOR_SIZE    512
#define SIZE_MAX_EXACT 9007199254740992.0 /* 2^53: every byte below has a number */

static struct host_block *
find_free(struct host *host)
{
	for (size_t i = 0; i < STORES_MAX; i++) {
		if (!host->stores[i].is_open)
			return &host->stores[i];
	}
	return NULL;
}

int
wasm_block_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	struct host_block *block = find_free(host);
	double size;
	int handle;

	*out = NULL;
	*info = (struct host_block_info){ 0 };
	if (block == NULL)
		return -EMFILE;
	handle = import_store_open(name, name_of(name).length, writable);
	if (handle < 0)
		return handle;
	size = import_store_size(handle);
	if (!(size >= 0 && size <= SIZE_MAX_EXACT)) {
		import_store_close(handle);
		return -EIO;
	}
	info->size = (uint64_t)size;
	info->sector_size = SECTOR_SIZE;
	info->is_read_only = import_store_is_read_only(handle) != 0;
	info->is_cached_below = true; /* by JavaScript, where it is far away */
	*block = (struct host_block){
		.is_open = true,
		.is_writable = writable && !info->is_read_only,
		.handle = handle,
	};
	*out = block;
	return 0;
}

static int
transfer(const struct host_block *block, const struct host_block_request *request)
{
	uint64_t offset = request->offset;

	for (unsigned i = 0; i < request->segment_count; i++) {
		const struct segment *segment = &request->segments[i];
		int error;

		if (segment->length == 0)
			continue;
		if (request->op == HOST_BLOCK_READ)
			error = import_store_read(block->handle, (double)offset, segment->data,
			    segment->length);
		else
			error = import_store_write(block->handle, (double)offset, segment->data,
			    segment->length);
		if (error < 0)
			return error;
		offset += segment->length;
	}
	return 0;
}

static int
write_zeros(const struct host_block *block, const struct host_block_request *request)
{
	static const char zeros[PAGE];
	uint64_t end = request->offset + request->length;

	for (uint64_t offset = request->offset; offset < end;) {
		size_t size = (size_t)min_u64(end - offset, sizeof(zeros));
		int error = import_store_write(block->handle, (double)offset, zeros, size);

		if (error < 0)
			return error;
		offset += size;
	}
	return 0;
}

static int
flush(struct host_block *block)
{
	if (block->is_writable && block->flush_error == 0)
		block->flush_error = import_store_flush(block->handle);
	return block->flush_error;
}

static int
carry_out(struct host_block *block, const struct host_block_request *request)
{
	if (request->op == HOST_BLOCK_READ)
		return transfer(block, request);
	if (request->op == HOST_BLOCK_FLUSH)
		return flush(block);
	if (!block->is_writable)
		return -EROFS;
	if (request->op == HOST_BLOCK_WRITE)
		return transfer(block, request);
	if (request->op == HOST_BLOCK_ZERO)
		return write_zeros(block, request);
	return -EOPNOTSUPP;
}

void
wasm_block_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	request->done(request, carry_out(block, request));
}

void
wasm_block_close(struct host *host, struct host_block *block)
{
	import_store_close(block->handle);
	block->is_open = false;
}
