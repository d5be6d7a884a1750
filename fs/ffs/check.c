/*
 * Checking a file system: the phases in their order, and what all of them use.
 *
 * The phases work on the device itself, without the buffer cache: nearly all is
 * read once, in large pieces, and written at once where it is repaired.
 */
#include "fs/ffs/check.h"

#include <stdarg.h>

#include "base/errno.h"
#include "base/format.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check_impl.h"
#include "fs/ffs/mount.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/namespace.h"

#define LIST_AT_FIRST 64

/* ---- problems -------------------------------------------------------------------- */

/* Is a problem to be repaired, if nobody is asked? */
static bool
is_to_be_repaired(const struct ffs_checking *check, enum fs_severity severity)
{
	switch (check->request->mode) {
	case FS_CHECK_PREEN:
		return severity == FS_PROBLEM_LEFTOVER && !check->is_stopped;
	case FS_CHECK_ASK:
	case FS_CHECK_REPAIR:
		return true;
	case FS_CHECK_ONLY:
	default:
		return false;
	}
}

bool
ffs_check_problem(struct ffs_checking *check, enum fs_severity severity, const char *repair,
    const char *format, ...)
{
	struct fs_check_request *request = check->request;
	char text[FFS_CHECK_TEXT + 256];
	struct fs_problem problem = { .severity = severity, .text = text, .repair = repair };
	bool answer;
	va_list values;

	va_start(values, format);
	format_text_list(text, sizeof(text), format, values);
	va_end(values);
	if (severity != FS_PROBLEM_LEFTOVER && request->mode == FS_CHECK_PREEN)
		check->is_stopped = true;
	problem.is_repaired = repair != NULL && is_to_be_repaired(check, severity);
	problem.is_asked = problem.is_repaired && request->mode == FS_CHECK_ASK;
	answer = request->decide(request->cookie, &problem);
	if (problem.is_asked)
		problem.is_repaired = answer;
	check->result->problems++;
	if (problem.is_repaired)
		check->result->repaired++;
	else
		check->result->left++;
	return problem.is_repaired;
}

void
ffs_check_failed(struct ffs_checking *check)
{
	check->result->repaired--;
	check->result->left++;
}

void
ffs_check_progress(struct ffs_checking *check, const char *what, uint64_t done, uint64_t total)
{
	check->request->progress(check->request->cookie, what, done, total);
}

/* ---- reading and writing ------------------------------------------------------------ */

int
ffs_check_read(struct ffs_checking *check, uint64_t offset, void *data, size_t length)
{
	return block_read(check->dev, offset, data, length);
}

int
ffs_check_read_bytes(struct ffs_checking *check, uint64_t offset, void *data, size_t length)
{
	struct segment segment = { data, length };

	return block_read_bytes(check->dev, offset, &segment, 1);
}

int
ffs_check_write(struct ffs_checking *check, uint64_t offset, const void *data, size_t length)
{
	uint32_t sector = check->device->sector_size;
	uint64_t start = round_down(offset, sector);
	size_t size = (size_t)(round_up(offset + length, sector) - start);
	int error = ffs_check_mark_dirty(check);
	uint8_t *bytes;

	if (error < 0)
		return error;
	if (size == length)
		return block_write(check->device, offset, data, length);
	bytes = memory_alloc(check->kernel, size);
	if (bytes == NULL)
		return -ENOMEM;
	error = block_read(check->device, start, bytes, size);
	if (error == 0) {
		memcpy(bytes + (offset - start), data, length);
		error = block_write(check->device, start, bytes, size);
	}
	memory_free(check->kernel, bytes, size);
	return error;
}

/* ---- lists ----------------------------------------------------------------------------- */

void *
ffs_check_add(struct ffs_checking *check, struct check_list *list, size_t size)
{
	size_t capacity = list->capacity == 0 ? LIST_AT_FIRST : list->capacity * 2;
	void *items;

	if (list->count == list->capacity) {
		items = memory_alloc_array(check->kernel, capacity, size);
		if (items == NULL)
			return NULL;
		if (list->count > 0)
			memcpy(items, list->items, list->count * size);
		memory_free(check->kernel, list->items, list->capacity * size);
		list->items = items;
		list->capacity = capacity;
	}
	return (uint8_t *)list->items + list->count++ * size;
}

void
ffs_check_free_list(struct ffs_checking *check, struct check_list *list, size_t size)
{
	memory_free(check->kernel, list->items, list->capacity * size);
	*list = (struct check_list){ .items = NULL };
}

/* ---- the phases ---------------------------------------------------------------------------- */

/* The device: referenced, and claimed unless somebody reads it who may. */
static int
begin(struct ffs_checking *check)
{
	int error;

	check->device = block_get_by_number(check->kernel, check->request->device);
	if (check->device == NULL)
		return -ENXIO;
	check->dev = check->device;
	error = block_claim(check->device);
	check->is_claimed = error == 0;
	if (error == -EBUSY && check->request->mode == FS_CHECK_ONLY)
		error = 0;
	if (error == 0 && check->request->mode != FS_CHECK_ONLY && check->device->is_read_only)
		error = -EROFS;
	if (error < 0)
		return error;
	check->superblock = memory_alloc_zeroed(check->kernel, FFS_SUPERBLOCK_SIZE);
	return check->superblock == NULL ? -ENOMEM : 0;
}

static void
free_groups(struct ffs_checking *check)
{
	size_t map_size = (size_t)divide_up(check->sb.fragments_per_group, 8);

	for (uint32_t i = 0; check->groups != NULL && i < check->sb.group_count; i++) {
		struct check_group *group = &check->groups[i];

		memory_free(check->kernel, group->used, map_size);
		memory_free(check->kernel, group->inodes,
		    group->inode_count * sizeof(*group->inodes));
	}
	memory_free(check->kernel, check->groups, check->sb.group_count * sizeof(*check->groups));
}

static void
end(struct ffs_checking *check)
{
	free_groups(check);
	ffs_check_free_list(check, &check->directories, sizeof(struct check_directory));
	ffs_check_free_list(check, &check->shared, sizeof(struct check_shared));
	ffs_check_free_list(check, &check->extras, sizeof(struct check_extra));
	ffs_check_journal_end(check);
	memory_free(check->kernel, check->scratch, check->sb.block_size);
	memory_free(check->kernel, check->superblock, FFS_SUPERBLOCK_SIZE);
	if (check->is_claimed)
		block_unclaim(check->device);
	if (check->device != NULL)
		block_put(check->device);
}

/* The tables that everything goes into, once it is known how large it is. */
static int
begin_phases(struct ffs_checking *check)
{
	check->groups =
	    memory_alloc_array(check->kernel, check->sb.group_count, sizeof(*check->groups));
	check->scratch = memory_alloc(check->kernel, check->sb.block_size);
	check->result->fragment_size = check->sb.fragment_size;
	return check->groups == NULL || check->scratch == NULL ? -ENOMEM : 0;
}

/* All is repaired that was to be: if nothing is left, it is clean. */
static int
finish(struct ffs_checking *check)
{
	struct fs_check_result *result = check->result;
	bool is_unmarked = check->sb.clean != FFS_CLEAN ||
			   (check->sb.flags & (FFS_FLAG_UNCLEAN | FFS_FLAG_NEEDS_FSCK)) != 0;
	int error = 0;

	result->was_clean = !is_unmarked;
	if (is_unmarked && result->left == 0 &&
	    ffs_check_problem(check, FS_PROBLEM_LEFTOVER, "mark it clean",
		"the file system is not marked clean"))
		error = ffs_check_mark_dirty(check);
	if (error == 0 && check->is_marked && result->left == 0) {
		error = block_flush(check->device);
		check->sb.clean = FFS_CLEAN;
		check->sb.flags &= ~(uint32_t)(FFS_FLAG_UNCLEAN | FFS_FLAG_NEEDS_FSCK);
		if (error == 0)
			error = ffs_check_write_superblock(check);
	}
	if (error == 0 && check->is_marked)
		error = block_flush(check->device);
	result->is_modified = check->is_marked;
	result->is_clean = result->left == 0;
	return error;
}

/* Preening looks no further where all is marked clean, and no journal has anything. */
static bool
is_to_be_skipped(const struct ffs_checking *check)
{
	const struct fs_check_request *request = check->request;

	return request->mode == FS_CHECK_PREEN && !request->is_forced &&
	       check->result->problems == 0 && check->sb.clean == FFS_CLEAN &&
	       (check->sb.flags & (FFS_FLAG_UNCLEAN | FFS_FLAG_NEEDS_FSCK)) == 0;
}

static int
run(struct ffs_checking *check)
{
	static int (*const phases[])(struct ffs_checking * check) = {
		begin_phases,
		ffs_check_copies,
		ffs_check_inodes,
		ffs_check_resolve_shared,
		ffs_check_attributes,
		ffs_check_names,
		ffs_check_connections,
		ffs_check_links,
		ffs_check_maps,
		finish,
	};
	int error = ffs_check_find_superblock(check);

	if (error == 0)
		error = ffs_check_journal(check);
	if (error == 0 && is_to_be_skipped(check)) {
		check->result->was_clean = check->result->is_clean = true;
		check->result->is_skipped = true;
		return 0;
	}
	for (size_t i = 0; error == 0 && i < ARRAY_SIZE(phases); i++)
		error = phases[i](check);
	return error;
}

int
ffs_check_device(struct fs_check_request *request)
{
	struct ffs_checking *check = memory_alloc_zeroed(request->kernel, sizeof(*check));
	int error;

	if (check == NULL)
		return -ENOMEM;
	check->request = request;
	check->result = &request->result;
	check->kernel = request->kernel;
	check->name = ffs_short_name(request->source);
	check->now = timestamp_now(request->kernel).seconds;
	error = begin(check);
	if (error == 0)
		error = run(check);
	/* A fatal problem has been told: the check is over. */
	if (error == -EUCLEAN)
		error = 0;
	request->result.is_modified = check->is_marked;
	end(check);
	memory_free(request->kernel, check, sizeof(*check));
	return error;
}
