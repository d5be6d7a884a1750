/*
 * How much room files need in a file system.
 *
 * Files are laid out here as FFS lays them out: whole blocks, but for the end of a
 * small file, which takes fragments; beyond twelve blocks, pointers in blocks of
 * their own.  All sizes of fragments are reckoned up at once, since which one
 * it will be depends on the size.
 */
#include "tools/rump/mkfs_need.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/archive_read.h"
#include "tools/rump/host_walk.h"
#include "tools/rump/links.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	SMALLEST_UNIT = 512,
	FRAGMENTS_MAX = NEED_FRAGMENTS,
	BLOCK_MIN = 4096,
	BLOCK_MAX = 65536,
	DIRECT_BLOCKS = 12,
	NAMES_BLOCK = 512,
	ENTRY_SIZE = 8,
	SHORT_LINK = 60, /* UFS1's; a little more is kept in the inode by UFS2 */
};

static uint64_t
up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static uint64_t
block_of(const struct need *need, uint64_t unit)
{
	uint64_t block = FRAGMENTS_MAX * unit;

	if (need->block_size != 0)
		return need->block_size;
	block = block < BLOCK_MIN ? BLOCK_MIN : block;
	return block > BLOCK_MAX ? BLOCK_MAX : block;
}

/* Blocks of pointers to so many blocks. */
static uint64_t
pointer_blocks(uint64_t blocks, uint64_t pointers)
{
	uint64_t count;

	if (blocks <= DIRECT_BLOCKS)
		return 0;
	blocks -= DIRECT_BLOCKS;
	count = (blocks + pointers - 1) / pointers;
	if (blocks > pointers)
		count += (blocks - pointers + pointers * pointers - 1) / (pointers * pointers);
	return count + (blocks > pointers + pointers * pointers);
}

/*
 * The end of a file, of count fragments, less than a block: it goes into the
 * shortest free run that it fits, or breaks up another block.
 */
static void
add_end(struct need *need, unsigned i, uint64_t block, unsigned count)
{
	uint64_t *runs = need->runs[i];
	unsigned whole = (unsigned)(block / ((uint64_t)SMALLEST_UNIT << i));
	unsigned run = count;

	while (run < whole && runs[run] == 0)
		run++;
	if (run < whole)
		runs[run]--;
	else
		need->bytes[i] += block;
	if (run > count)
		runs[run - count]++;
}

static void
add_bytes(struct need *need, uint64_t size, uint64_t stored)
{
	for (unsigned i = 0; i < NEED_UNITS; i++) {
		uint64_t unit = (uint64_t)SMALLEST_UNIT << i;
		uint64_t block = block_of(need, unit);
		uint64_t blocks = (size + block - 1) / block;

		if (stored < size)
			need->bytes[i] += up(stored, block) + block;
		else if (blocks > DIRECT_BLOCKS || size % block > block - unit || size % block == 0)
			need->bytes[i] += blocks * block;
		else {
			need->bytes[i] += (blocks - 1) * block;
			add_end(need, i, block, (unsigned)(up(size % block, unit) / unit));
		}
		need->bytes[i] += block * pointer_blocks(blocks, block / need->pointer_size);
	}
}

void
need_add(struct need *need, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	uint64_t stored = (uint64_t)st->st_blocks * 512;

	need->inodes++;
	if (S_ISREG(st->st_mode)) {
		need->content += size;
		if (size > need->largest)
			need->largest = size;
		add_bytes(need, size, stored);
	} else if (S_ISLNK(st->st_mode) && size >= SHORT_LINK) {
		add_bytes(need, size, size);
	}
}

void
need_add_name(struct need_names *names, size_t length)
{
	uint64_t entry = ENTRY_SIZE + ((length + 4) & ~(size_t)3);
	uint64_t left = NAMES_BLOCK - names->size % NAMES_BLOCK;

	names->size += entry > left ? left + entry : entry;
}

void
need_add_names(struct need *need, const struct need_names *names)
{
	uint64_t size = up(names->size + 1, NAMES_BLOCK);

	add_bytes(need, size, size);
}

/* ---- sources ------------------------------------------------------------------------- */

/* Is this a further name of a file that has been seen?  From now on it has been. */
static bool
is_known(struct links *links, const struct stat *st)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink == 1)
		return false;
	if (links_find(links, st->st_dev, st->st_ino) != NULL)
		return true;
	links_add(links, st->st_dev, st->st_ino, "");
	return false;
}

bool
need_of_tree(struct need *need, const char *directory, const struct stat *skip)
{
	struct need_names *names = NULL; /* by depth from 0 */
	size_t capacity = 0;
	struct host_walk walk;
	struct links links = { 0 };
	bool result = host_walk_begin(&walk, directory, skip);

	if (result) {
		names = memory_grow(names, 0, &capacity, sizeof(*names));
		names[0] = (struct need_names){ 2 * ENTRY_SIZE + 8 };
	}
	while (walk.walk.depth > 0) {
		struct entry *entry = host_walk_next(&walk);
		const struct stat *st;

		if (entry == NULL) {
			need_add_names(need, &names[walk.walk.depth - 1]);
			walk_leave(&walk.walk);
			continue;
		}
		st = &entry->st;
		need_add_name(&names[walk.walk.depth - 1], strlen(entry->name));
		if (!is_known(&links, st))
			need_add(need, st);
		if (S_ISDIR(st->st_mode) && walk_enter(&walk.walk, entry->name)) {
			names = memory_grow(names, walk.walk.depth - 1, &capacity, sizeof(*names));
			names[walk.walk.depth - 1] = (struct need_names){ 2 * ENTRY_SIZE + 8 };
		}
	}
	host_walk_end(&walk);
	links_free(&links);
	free(names);
	return result;
}

/* Members come in any order, so each directory counts as if its names were full blocks. */
static void
member_count(struct need *need, struct need_names *names, const struct archive_member *member)
{
	const char *slash = strrchr(member->name, '/');
	struct need_names one = { 0 };

	need_add_name(names, strlen(slash != NULL ? slash + 1 : member->name));
	if (member->link == NULL || member->st.st_size > 0)
		need_add(need, &member->st);
	if (S_ISDIR(member->st.st_mode))
		need_add_names(need, &one);
}

bool
need_of_archive(struct need *need, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct archive_reader *reader;
	struct archive_member member;
	struct need_names names = { 0 };
	bool result;

	if (fd < 0) {
		report_unable("cannot open %s: %s", file, strerror(errno));
		return false;
	}
	reader = archive_read_begin(fd, file);
	while (reader != NULL && archive_read_member(reader, &member))
		member_count(need, &names, &member);
	result = reader != NULL && archive_read_is_good(reader);
	if (reader != NULL)
		archive_read_end(reader);
	need_add_names(need, &names);
	close(fd);
	return result;
}
