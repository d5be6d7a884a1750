/*
 * Simulated disks as kernels see them: requests, and what goes wrong with them.
 *
 * A request is carried out within block_submit(), in no time unless a fault
 * delays it; others may run before it, not in its midst.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sim/disk_impl.h"

struct host_block {
	struct list link; /* in the host's blocks */
	struct sim_disk *disk;
	bool is_writable;
};

int
disk_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	struct sim_disk *disk;
	struct host_block *block;

	*out = NULL;
	sim_step(host->sim, EVENT_OPEN, writable, 0);
	disk = disk_find(host->sim, name);
	if (disk == NULL)
		return -ENOENT;
	if (disk->has_writer || (writable && disk->readers > 0))
		return -EBUSY;
	block = malloc(sizeof(*block));
	if (block == NULL)
		return -ENOMEM;
	*block = (struct host_block){ .disk = disk, .is_writable = writable };
	list_push_back(&host->blocks, &block->link);
	disk->has_writer = writable;
	disk->readers += !writable;
	*info = (struct host_block_info){
		.size = disk->size,
		.sector_size = disk->sector_size,
		.is_read_only = !writable,
	};
	*out = block;
	return 0;
}

void
disk_close(struct host *host, struct host_block *block)
{
	if (block->is_writable)
		block->disk->has_writer = false;
	else
		block->disk->readers--;
	list_remove(&block->link);
	free(block);
}

void
disk_drop_host(struct host *host)
{
	list_for_each_safe(link, after, &host->blocks)
		disk_close(host, list_entry(link, struct host_block, link));
}

/* ---- faults ----------------------------------------------------------------------------- */

void
sim_disk_lie(struct sim_disk *disk, bool lies)
{
	disk->lies = lies;
}

void
sim_disk_limit(struct sim_disk *disk, uint64_t bytes)
{
	disk->limit = bytes;
}

int
sim_disk_fault(struct sim_disk *disk, const struct sim_disk_fault *fault)
{
	if (disk->fault_count == DISK_FAULTS)
		return -ENOSPC;
	disk->faults[disk->fault_count++] = (struct armed_fault){ .fault = *fault };
	return 0;
}

uint64_t
sim_disk_heal(struct sim_disk *disk)
{
	uint64_t hits = disk->hit_count;

	disk->fault_count = 0;
	disk->hit_count = 0;
	disk->missed_length = 0;
	disk->repeat_count = 0;
	disk->flush_error = 0;
	return hits;
}

uint64_t
sim_disk_repeats(const struct sim_disk *disk)
{
	return disk->repeat_count;
}

void
sim_disk_cut(struct sim_disk *disk, uint64_t count)
{
	disk->cut_in = count;
}

void
sim_power_on(struct sim *sim)
{
	sim->is_off = false;
}

static bool
is_about(const struct sim_disk_fault *fault, const struct host_block_request *request)
{
	if ((fault->ops >> request->op & 1) == 0)
		return false;
	return fault->length == 0 || (request->offset < fault->offset + fault->length &&
					 fault->offset < request->offset + request->length);
}

/* Meet the faults that are about a request: wait, and the first error. */
static int
meet_faults(struct sim_disk *disk, const struct host_block_request *request)
{
	uint64_t delay_ns = 0;
	int error = 0;

	for (unsigned i = 0; i < disk->fault_count; i++) {
		struct armed_fault *armed = &disk->faults[i];
		uint64_t index;

		if (!is_about(&armed->fault, request))
			continue;
		index = armed->seen++;
		if (index < armed->fault.after || index - armed->fault.after >= armed->fault.count)
			continue;
		disk->hit_count++;
		delay_ns += armed->fault.delay_ns;
		error = error == 0 ? armed->fault.error : error;
	}
	if (delay_ns > 0)
		sim_sleep(disk->sim, disk->sim->now + delay_ns);
	return error;
}

/* An entry of the log is under way: does the power go? */
static bool
loses_power(struct sim_disk *disk)
{
	if (disk->cut_in == 0 || --disk->cut_in > 0)
		return false;
	disk->sim->is_off = true;
	sim_record(disk->sim, EVENT_POWER, 0, 0);
	sim_stop(disk->sim, SIM_POWER);
	return true;
}

/* ---- requests ----------------------------------------------------------------------------- */

static uint64_t
digest_data(const uint8_t *data, uint64_t length)
{
	uint64_t digest = length, word;

	for (uint64_t i = 0; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		digest = sim_digest(digest, word);
	}
	return digest;
}

static void
read_segments(struct sim_disk *disk, const struct host_block_request *request)
{
	uint64_t at = request->offset;

	for (unsigned i = 0; i < request->segment_count; i++) {
		disk_content_read(&disk->content, at, request->segments[i].data,
		    request->segments[i].length);
		at += request->segments[i].length;
	}
}

/* The bytes of a write in one piece; NULL: no memory. */
static uint8_t *
gather(const struct host_block_request *request)
{
	uint8_t *data = malloc((size_t)request->length);
	size_t at = 0;

	for (unsigned i = 0; data != NULL && i < request->segment_count; i++) {
		memcpy(data + at, request->segments[i].data, request->segments[i].length);
		at += request->segments[i].length;
	}
	return data;
}

/* Put an entry, whose data is given away, on the disk and in its log. */
static int
carry_out(struct sim_disk *disk, struct disk_entry entry)
{
	int error = 0;

	if (disk->limit > 0 && entry.data != NULL &&
	    (disk->content.stored +
		disk_content_growth(&disk->content, entry.offset, entry.length)) *
		    (uint64_t)DISK_PAGE_SIZE >
		disk->limit)
		error = -ENOSPC;
	if (error == 0 && entry.op != HOST_BLOCK_FLUSH)
		error = disk_content_write(&disk->content, entry.offset, entry.data, entry.length);
	if (error == 0 && disk->is_logged)
		error = disk_log_add(disk, entry);
	if (error < 0 || !disk->is_logged)
		free(entry.data);
	return error;
}

static int
write_segments(struct sim_disk *disk, const struct host_block_request *request)
{
	struct disk_entry entry = {
		.op = HOST_BLOCK_WRITE,
		.offset = request->offset,
		.length = request->length,
	};
	bool is_last = loses_power(disk);
	int error;

	if (request->op == HOST_BLOCK_WRITE) {
		entry.data = gather(request);
		if (entry.data == NULL)
			return -ENOMEM;
		sim_record(disk->sim, EVENT_WRITE, request->length,
		    digest_data(entry.data, request->length));
	}
	error = carry_out(disk, entry);
	return is_last ? -EIO : error;
}

static int
flush(struct sim_disk *disk)
{
	if (disk->lies)
		return 0;
	if (loses_power(disk))
		return -EIO;
	return carry_out(disk, (struct disk_entry){ .op = HOST_BLOCK_FLUSH });
}

static int
perform(struct sim_disk *disk, const struct host_block_request *request)
{
	switch (request->op) {
	case HOST_BLOCK_READ:
		read_segments(disk, request);
		return 0;
	case HOST_BLOCK_WRITE:
	case HOST_BLOCK_DISCARD:
	case HOST_BLOCK_ZERO:
		return write_segments(disk, request);
	case HOST_BLOCK_FLUSH:
		return flush(disk);
	}
	return -EIO;
}

static enum sim_event
event_of(enum host_block_op op)
{
	static const enum sim_event events[] = {
		[HOST_BLOCK_READ] = EVENT_READ,
		[HOST_BLOCK_WRITE] = EVENT_WRITE,
		[HOST_BLOCK_FLUSH] = EVENT_FLUSH,
		[HOST_BLOCK_DISCARD] = EVENT_DISCARD,
		[HOST_BLOCK_ZERO] = EVENT_ZERO,
	};

	return events[op];
}

/* A write was carried out, or met a fault: does it make the one before good? */
static void
note_write(struct sim_disk *disk, const struct host_block_request *request, bool is_missed)
{
	if (request->op != HOST_BLOCK_WRITE && request->op != HOST_BLOCK_ZERO)
		return;
	if (!is_missed && disk->missed_length > 0)
		disk->repeat_count += request->offset == disk->missed_offset &&
				      request->length >= disk->missed_length;
	disk->missed_offset = request->offset;
	disk->missed_length = is_missed ? request->length : 0;
}

void
disk_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	struct sim *sim = host->sim;
	struct sim_disk *disk = block->disk;
	bool is_missed = false;
	int error = 0;

	sim_step(sim, event_of(request->op), request->offset, request->length);
	if (sim->is_off)
		error = -EIO;
	else if (!block->is_writable && request->op != HOST_BLOCK_READ)
		error = -EROFS;
	else if (request->op == HOST_BLOCK_FLUSH && disk->flush_error < 0)
		error = disk->flush_error;
	if (error == 0) {
		error = meet_faults(disk, request);
		is_missed = error < 0;
	}
	if (error == 0)
		error = perform(disk, request);
	if (error == 0 || is_missed)
		note_write(disk, request, is_missed);
	if (error < 0 && request->op == HOST_BLOCK_FLUSH && disk->flush_error == 0)
		disk->flush_error = error;
	request->done(request, error);
}
