/* The checker of FFS images for tests: see ffs_check.h. */
#include "tests/ffs_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/layout.h"

#define RUNS_MAX      33
#define MAGIC	      0x00090255
#define CYLINDERS_MAX 64
#define POSITIONS_MAX 8

struct state {
	const struct ffs_superblock *sb;
	uint8_t *image;
	size_t size;
	struct ffs_check *out;
	bool *is_used;	   /* by fragment */
	uint32_t *names;   /* by inode: entries that lead there */
	uint32_t *subdirs; /* by inode: entries ".." that lead there */
	bool *has_inode;   /* by inode */
	bool *is_dir;	   /* by inode */
	uint32_t inode_count;
};

static void __attribute__((format(printf, 2, 3))) flaw(struct state *state, const char *format, ...)
{
	struct ffs_check *out = state->out;
	va_list arguments;

	out->flaw_count++;
	if (out->length + 200 > sizeof(out->report))
		return;
	va_start(arguments, format);
	out->length += (size_t)vsnprintf(out->report + out->length, 190, format, arguments);
	va_end(arguments);
	out->report[out->length++] = '\n';
	out->report[out->length] = '\0';
}

/* A flaw that no repair mends without losing something. */
#define loss(state, ...) ((state)->out->loss_count++, flaw(state, __VA_ARGS__))

static uint8_t *
at(const struct state *state, uint64_t fragment)
{
	return state->image + fragment * state->sb->fragment_size;
}

/* ---- blocks ---------------------------------------------------------------------- */

static bool
use(struct state *state, uint64_t first, uint32_t count, uint32_t ino)
{
	if (first >= state->sb->fragment_count || count > state->sb->fragment_count - first) {
		loss(state, "inode %u: fragment %llu is outside", ino, (unsigned long long)first);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (state->is_used[first + i])
			loss(state, "inode %u: fragment %llu has another user", ino,
			    (unsigned long long)first + i);
		state->is_used[first + i] = true;
	}
	return true;
}

static uint64_t
pointer_at(const struct state *state, uint64_t block, uint32_t index)
{
	const uint8_t *bytes = at(state, block);

	if (state->sb->pointer_size == 8)
		return load64(bytes + 8 * (size_t)index, state->sb->order);
	return load32(bytes + 4 * (size_t)index, state->sb->order);
}

/* Walk what is below a pointer; blocks from number on.  Returns fragments. */
static uint64_t
walk_tree(struct state *state, uint32_t ino, uint64_t pointer, unsigned depth, uint64_t *number,
    uint64_t size)
{
	const struct ffs_superblock *sb = state->sb;
	uint64_t count = sb->fragments_per_block, span = 1;

	for (unsigned i = 0; i < depth; i++)
		span *= sb->pointers_per_block;
	if (pointer == 0) {
		*number += span;
		return 0;
	}
	if (*number * sb->block_size >= size)
		flaw(state, "inode %u: block %llu is past the end", ino,
		    (unsigned long long)*number);
	if (!use(state, pointer, sb->fragments_per_block, ino) || depth == 0) {
		*number += span;
		return count;
	}
	for (uint32_t i = 0; i < sb->pointers_per_block; i++)
		count +=
		    walk_tree(state, ino, pointer_at(state, pointer, i), depth - 1, number, size);
	return count;
}

/* The fragments of an inode's extended attributes. */
static uint64_t
use_extension(struct state *state, uint32_t ino, const struct ffs_dinode *inode)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++) {
		uint32_t length = ffs_block_length(state->sb, inode->extension_size, i);
		uint32_t fragments = length / state->sb->fragment_size;

		if ((fragments > 0) != (inode->extension[i] != 0))
			flaw(state, "inode %u: place of extended attributes", ino);
		else if (fragments > 0)
			use(state, inode->extension[i], fragments, ino);
		count += fragments;
	}
	if (inode->extension_size > FFS_EXTENSION_COUNT * state->sb->block_size)
		flaw(state, "inode %u: extended attributes are too large", ino);
	return count;
}

static void
check_blocks(struct state *state, uint32_t ino, const struct ffs_dinode *inode)
{
	const struct ffs_superblock *sb = state->sb;
	uint64_t count = use_extension(state, ino, inode), number = FFS_DIRECT_COUNT;

	if (inode->is_short_link ||
	    (inode->type != FFS_TYPE_REGULAR && inode->type != FFS_TYPE_DIRECTORY &&
		inode->type != FFS_TYPE_SYMLINK)) {
		if (inode->sector_count != count * sb->fragment_size / 512)
			flaw(state, "inode %u holds %llu sectors", ino,
			    (unsigned long long)inode->sector_count);
		return;
	}
	for (unsigned i = 0; i < FFS_DIRECT_COUNT; i++) {
		uint32_t length = ffs_block_length(sb, inode->size, i) / sb->fragment_size;

		if (inode->direct[i] == 0)
			continue;
		if (length == 0)
			flaw(state, "inode %u: block %u is past the end", ino, i);
		use(state, inode->direct[i], length, ino);
		count += length;
	}
	for (unsigned i = 0; i < FFS_INDIRECT_COUNT; i++)
		count += walk_tree(state, ino, inode->indirect[i], i + 1, &number, inode->size);
	if (count * sb->fragment_size / 512 != inode->sector_count)
		flaw(state, "inode %u holds %llu sectors, says %llu", ino,
		    (unsigned long long)(count * sb->fragment_size / 512),
		    (unsigned long long)inode->sector_count);
}

static bool
read_inode(struct state *state, uint32_t ino, struct ffs_dinode *out)
{
	struct ffs_flaw what;
	uint64_t fragment;
	uint32_t offset;

	if (!ffs_inode_place(state->sb, ino, &fragment, &offset))
		return false;
	if (ffs_dinode_decode(state->sb, at(state, fragment) + offset, state->sb->inode_size, out,
		&what) == 0)
		return true;
	loss(state, "inode %u: %s", ino, what.what);
	return false;
}

/* ---- directories --------------------------------------------------------------------- */

static uint64_t
block_of(const struct state *state, const struct ffs_dinode *inode, uint64_t number)
{
	struct ffs_path path;
	uint64_t pointer;

	if (!ffs_path_to(state->sb, number, &path))
		return 0;
	if (path.depth == 0)
		return inode->direct[path.index[0]];
	pointer = inode->indirect[path.depth - 1];
	for (unsigned i = 0; i < path.depth && pointer != 0; i++)
		pointer = pointer_at(state, pointer, path.index[i]);
	return pointer;
}

static void
count_entry(struct state *state, uint32_t dir, const struct ffs_dirent *entry)
{
	if (entry->ino >= state->inode_count || !state->has_inode[entry->ino]) {
		flaw(state, "directory %u: %.*s leads to free inode %u", dir,
		    (int)entry->name.length, entry->name.bytes, entry->ino);
		return;
	}
	if (entry->name.length == 1 && entry->name.bytes[0] == '.')
		return;
	if (entry->name.length == 2 && memcmp(entry->name.bytes, "..", 2) == 0)
		state->subdirs[entry->ino]++;
	else
		state->names[entry->ino]++;
	if (entry->name.bytes[0] != '.' && entry->type != FFS_TYPE_NONE &&
	    (entry->type == FFS_TYPE_DIRECTORY) != state->is_dir[entry->ino])
		loss(state, "directory %u: %.*s has the wrong type", dir, (int)entry->name.length,
		    entry->name.bytes);
}

static void
check_directory(struct state *state, uint32_t ino, const struct ffs_dinode *inode)
{
	for (uint64_t start = 0; start < inode->size; start += FFS_DIRENT_BLOCK_SIZE) {
		uint64_t block = block_of(state, inode, start / state->sb->block_size);
		const uint8_t *bytes;
		struct ffs_dirent entry;
		struct ffs_flaw what;

		if (block == 0) {
			loss(state, "directory %u has a hole", ino);
			return;
		}
		bytes = at(state, block) + start % state->sb->block_size;
		for (uint32_t i = 0; i < FFS_DIRENT_BLOCK_SIZE; i += entry.length) {
			if (ffs_dirent_decode(state->sb, bytes, i, &entry, &what) != 0) {
				loss(state, "directory %u, byte %llu: %s", ino,
				    (unsigned long long)start + i, what.what);
				break;
			}
			if (ffs_dirent_is_live(&entry))
				count_entry(state, ino, &entry);
		}
	}
}

static void
check_links(struct state *state)
{
	struct ffs_dinode inode;

	for (uint32_t ino = FFS_ROOT_INO; ino < state->inode_count; ino++) {
		uint32_t want = state->names[ino];

		if (!state->has_inode[ino] || !read_inode(state, ino, &inode))
			continue;
		if (ino == FFS_ROOT_INO || ino == state->sb->journal.ino)
			want = 1;
		if (want == 0)
			flaw(state, "inode %u has no name", ino);
		/* Its "."; and ".." of what is in it, but the root's own, which is its name. */
		if (state->is_dir[ino])
			want += 1 + state->subdirs[ino] - (ino == FFS_ROOT_INO);
		if (inode.link_count != want)
			flaw(state, "inode %u has %u links, says %u", ino, want, inode.link_count);
	}
}

/* ---- groups ---------------------------------------------------------------------------- */

struct counts {
	uint32_t numbers[4]; /* directories, free blocks, inodes, fragments */
	uint32_t runs[9];
	uint32_t clusters[RUNS_MAX];
	uint32_t cylinders[CYLINDERS_MAX]; /* free blocks */
	uint32_t positions[CYLINDERS_MAX * POSITIONS_MAX];
};

/* Where the parts of a group's header are. */
struct parts {
	uint32_t magic, cylinders, positions, inode_map, fragment_map;
};

static struct parts
parts_of(const struct state *state, const uint8_t *header)
{
	static const struct parts at_fixed_places = { 980, 84, 212, 724, 984 };
	enum byte_order order = state->sb->order;

	if (load32(header + 4, order) != MAGIC && load32(header + 980, order) == MAGIC)
		return at_fixed_places;
	return (struct parts){ 4, load32(header + 84, order), load32(header + 88, order),
		load32(header + 92, order), load32(header + 96, order) };
}

static uint32_t
fragments_in(const struct state *state, uint32_t group)
{
	uint64_t base = ffs_group_base(state->sb, group);
	uint64_t left = state->sb->fragment_count - base;

	return (uint32_t)(left < state->sb->fragments_per_group ? left
								: state->sb->fragments_per_group);
}

static bool
is_block_free(const struct state *state, uint64_t first, uint32_t left)
{
	uint32_t count = state->sb->fragments_per_block;

	if (left < count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (state->is_used[first + i])
			return false;
	return true;
}

static void
end_cluster(const struct state *state, struct counts *out, uint32_t *cluster)
{
	uint32_t max = state->sb->run_length_max;

	if (*cluster > 0 && max > 0)
		out->clusters[*cluster < max ? *cluster : max]++;
	*cluster = 0;
}

/*
 * Count free blocks by where they pass under the heads: go from sector to sector,
 * from track to track, as the disk did.
 */
static void
count_positions(const struct state *state, uint32_t group, struct counts *out)
{
	const struct ffs_rotation *disk = &state->sb->rotation;
	uint32_t count = fragments_in(state, group), per_block = state->sb->fragments_per_block;
	uint32_t cylinder = 0, in_cylinder = 0, track = 0, in_track = 0;

	for (uint32_t fragment = 0; fragment < count && disk->cylinders > 0; fragment++) {
		uint32_t angle = (track * disk->skew + in_track * disk->interleave);
		uint32_t position =
		    angle % disk->track_sectors * disk->positions / disk->turn_sectors;

		if (fragment % per_block == 0 && cylinder < disk->cylinders &&
		    is_block_free(state, ffs_group_base(state->sb, group) + fragment,
			count - fragment)) {
			out->cylinders[cylinder]++;
			out->positions[cylinder * disk->positions + position]++;
		}
		for (uint32_t i = 0; i < disk->fragment_sectors; i++) {
			if (++in_track == disk->track_sectors) {
				in_track = 0;
				track++;
			}
			if (++in_cylinder == disk->cylinder_sectors) {
				in_cylinder = in_track = track = 0;
				cylinder++;
			}
		}
	}
}

static void
count_group(const struct state *state, uint32_t group, struct counts *out)
{
	uint32_t per_block = state->sb->fragments_per_block, cluster = 0;
	uint32_t count = fragments_in(state, group);
	uint64_t base = ffs_group_base(state->sb, group);

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < state->sb->inodes_per_group; i++) {
		uint32_t ino = group * state->sb->inodes_per_group + i;

		out->numbers[0] += state->is_dir[ino];
		out->numbers[2] += !state->has_inode[ino];
	}
	for (uint32_t block = 0; block < count; block += per_block) {
		uint32_t run = 0;

		if (is_block_free(state, base + block, count - block)) {
			out->numbers[1]++;
			cluster++;
			continue;
		}
		end_cluster(state, out, &cluster);
		for (uint32_t i = 0; i <= per_block; i++) {
			bool is_free =
			    i < per_block && block + i < count && !state->is_used[base + block + i];

			out->numbers[3] += is_free;
			if (!is_free && run > 0)
				out->runs[run]++;
			run = is_free ? run + 1 : 0;
		}
	}
	end_cluster(state, out, &cluster);
	count_positions(state, group, out);
}

static uint8_t *
header_of(const struct state *state, uint32_t group)
{
	return at(state, ffs_group_start(state->sb, group) + state->sb->header_offset);
}

static void
compare(struct state *state, uint32_t group, const char *what, uint32_t is, uint32_t want)
{
	if (is != want)
		flaw(state, "group %u: %s is %u, not %u", group, what, is, want);
}

static bool
bit(const uint8_t *bytes, uint32_t index)
{
	return (bytes[index / 8] >> index % 8 & 1) != 0;
}

static void
check_maps(struct state *state, uint32_t group, const uint8_t *header)
{
	const struct ffs_superblock *sb = state->sb;
	struct parts parts = parts_of(state, header);
	uint64_t base = ffs_group_base(sb, group);

	for (uint32_t i = 0; i < sb->inodes_per_group; i++)
		if (bit(header + parts.inode_map, i) !=
		    state->has_inode[group * sb->inodes_per_group + i])
			flaw(state, "group %u: map of inodes is wrong for %u", group, i);
	for (uint32_t i = 0; i < fragments_in(state, group); i++)
		if (bit(header + parts.fragment_map, i) == state->is_used[base + i])
			flaw(state, "group %u: map of fragments is wrong for %u", group, i);
	if (sb->run_length_max == 0)
		return;
	for (uint32_t i = 0; i < load32(header + 112, sb->order); i++)
		if (bit(header + load32(header + 108, sb->order), i) !=
		    is_block_free(state, base + (uint64_t)i * sb->fragments_per_block,
			sb->fragments_per_block))
			flaw(state, "group %u: map of blocks is wrong for %u", group, i);
}

static void
check_positions(struct state *state, uint32_t group, const uint8_t *header,
    const struct counts *counts)
{
	const struct ffs_rotation *disk = &state->sb->rotation;
	struct parts parts = parts_of(state, header);

	if (state->sb->is_updated)
		return; /* nobody keeps them */
	for (uint32_t i = 0; i < disk->cylinders; i++)
		compare(state, group, "blocks of a cylinder",
		    load32(header + parts.cylinders + 4 * i, state->sb->order),
		    counts->cylinders[i]);
	for (uint32_t i = 0; i < disk->cylinders * disk->positions; i++)
		compare(state, group, "blocks of a position",
		    load16(header + parts.positions + 2 * i, state->sb->order),
		    counts->positions[i]);
}

static void
check_group(struct state *state, uint32_t group, uint64_t totals[4])
{
	static const char *const names[] = { "directories", "free blocks", "free inodes",
		"free fragments" };
	const struct ffs_superblock *sb = state->sb;
	const uint8_t *header = header_of(state, group);
	const uint8_t *summary = at(state, sb->summary_address) + 16 * (size_t)group;
	struct counts counts;

	if (load32(header + parts_of(state, header).magic, sb->order) != MAGIC) {
		flaw(state, "group %u has no header", group);
		return;
	}
	count_group(state, group, &counts);
	for (unsigned i = 0; i < 4; i++) {
		compare(state, group, names[i], load32(header + 24 + 4 * i, sb->order),
		    counts.numbers[i]);
		compare(state, group, "summary", load32(summary + 4 * i, sb->order),
		    counts.numbers[i]);
		totals[i] += counts.numbers[i];
	}
	for (unsigned i = 1; i < sb->fragments_per_block; i++)
		compare(state, group, "runs of fragments", load32(header + 52 + 4 * i, sb->order),
		    counts.runs[i]);
	for (unsigned i = 1; i <= sb->run_length_max; i++)
		compare(state, group, "runs of blocks",
		    load32(header + load32(header + 104, sb->order) + 4 * i, sb->order),
		    counts.clusters[i]);
	check_maps(state, group, header);
	check_positions(state, group, header, &counts);
}

/* ---- all of it --------------------------------------------------------------------------- */

static void
use_metadata(struct state *state)
{
	const struct ffs_superblock *sb = state->sb;
	uint32_t count = (sb->summary_size + sb->fragment_size - 1) / sb->fragment_size;

	for (uint32_t group = 0; group < sb->group_count; group++) {
		uint64_t start = ffs_group_start(sb, group);
		uint64_t from = group == 0 ? 0 : start + sb->copy_offset;

		use(state, from, (uint32_t)(start + sb->data_offset - from), 0);
	}
	use(state, sb->summary_address, count, 0);
}

static uint32_t
initialised(const struct state *state, uint32_t group)
{
	if (state->sb->version != FFS_UFS2)
		return state->sb->inodes_per_group;
	return load32(header_of(state, group) + 120, state->sb->order);
}

static void
walk_inodes(struct state *state, bool is_fresh)
{
	uint32_t per_group = state->sb->inodes_per_group;
	struct ffs_dinode inode;

	state->has_inode[0] = state->has_inode[1] = true;
	for (uint32_t ino = FFS_ROOT_INO; ino < state->inode_count; ino++) {
		if (!is_fresh && ino % per_group >= initialised(state, ino / per_group))
			continue;
		if (!read_inode(state, ino, &inode) || inode.type == FFS_TYPE_NONE)
			continue;
		state->has_inode[ino] = true;
		state->is_dir[ino] = inode.type == FFS_TYPE_DIRECTORY;
		check_blocks(state, ino, &inode);
	}
	for (uint32_t ino = FFS_ROOT_INO; ino < state->inode_count; ino++)
		if (state->is_dir[ino] && read_inode(state, ino, &inode))
			check_directory(state, ino, &inode);
}

static void
begin(struct state *state, uint8_t *image, size_t size, const struct ffs_superblock *sb,
    struct ffs_check *out)
{
	memset(out, 0, sizeof(*out));
	*state = (struct state){ .sb = sb, .image = image, .size = size, .out = out };
	state->inode_count = ffs_inode_count(sb);
	state->is_used = calloc(sb->fragment_count, 1);
	state->names = calloc(state->inode_count, sizeof(uint32_t));
	state->subdirs = calloc(state->inode_count, sizeof(uint32_t));
	state->has_inode = calloc(state->inode_count, 1);
	state->is_dir = calloc(state->inode_count, 1);
}

static void
end(struct state *state)
{
	free(state->is_used);
	free(state->names);
	free(state->subdirs);
	free(state->has_inode);
	free(state->is_dir);
}

unsigned
ffs_check(uint8_t *image, size_t size, const struct ffs_superblock *sb, struct ffs_check *out)
{
	struct ffs_superblock *now = malloc(sizeof(*now));
	uint64_t totals[4] = { 0 };
	struct state state;
	struct ffs_flaw what;

	begin(&state, image, size, sb, out);
	use_metadata(&state);
	walk_inodes(&state, false);
	check_links(&state);
	for (uint32_t group = 0; group < sb->group_count; group++)
		check_group(&state, group, totals);
	if (ffs_superblock_decode(image + sb->location, FFS_SUPERBLOCK_SIZE, sb->location, now,
		&what) != 0)
		flaw(&state, "superblock: %s", what.what);
	else if (now->counts.directories != totals[0] || now->counts.blocks_free != totals[1] ||
		 now->counts.inodes_free != totals[2] || now->counts.fragments_free != totals[3])
		flaw(&state, "superblock: counts are wrong");
	else if (now->clean != FFS_CLEAN)
		flaw(&state, "superblock: not clean");
	free(now);
	end(&state);
	return out->flaw_count;
}

static void
set_bit(uint8_t *bytes, uint32_t index)
{
	bytes[index / 8] = (uint8_t)(bytes[index / 8] | 1U << index % 8);
}

/* Tables by rotational position, as old UFS1 has them. */
static void
rebuild_positions(const struct state *state, uint8_t *header, const struct parts *parts,
    const struct counts *counts)
{
	const struct ffs_rotation *disk = &state->sb->rotation;
	enum byte_order order = state->sb->order;

	if (parts->magic == 4) {
		store32(header + 84, parts->cylinders, order);
		store32(header + 88, parts->positions, order);
	}
	for (uint32_t i = 0; i < disk->cylinders; i++)
		store32(header + parts->cylinders + 4 * i, counts->cylinders[i], order);
	for (uint32_t i = 0; i < disk->cylinders * disk->positions; i++)
		store16(header + parts->positions + 2 * i, (uint16_t)counts->positions[i], order);
}

/* Runs of free blocks; maps of UFS2's initialised inodes. */
static void
rebuild_modern(const struct state *state, uint8_t *header, uint32_t sums,
    const struct counts *counts)
{
	const struct ffs_superblock *sb = state->sb;
	uint32_t clusters = sb->run_length_max;

	store32(header + 104, sums, sb->order);
	store32(header + 108, sums + 4 * (clusters + 1), sb->order);
	store32(header + 112, load32(header + 20, sb->order) / sb->fragments_per_block, sb->order);
	if (sb->version == FFS_UFS2) {
		store32(header + 116, sb->inodes_per_group, sb->order);
		store32(header + 120, 2 * sb->inodes_per_block, sb->order);
	}
	for (unsigned i = 1; i <= clusters; i++)
		store32(header + sums + 4 * i, counts->clusters[i], sb->order);
}

static void
rebuild_counts(const struct state *state, uint32_t group, uint8_t *header,
    const struct counts *counts)
{
	const struct ffs_superblock *sb = state->sb;

	store32(header + 12, group, sb->order);
	store16(header + 18, (uint16_t)sb->inodes_per_group, sb->order);
	store32(header + 20, fragments_in(state, group), sb->order);
	for (unsigned i = 0; i < 4; i++) {
		store32(header + 24 + 4 * i, counts->numbers[i], sb->order);
		store32(at(state, sb->summary_address) + 16 * (size_t)group + 4 * i,
		    counts->numbers[i], sb->order);
	}
	for (unsigned i = 1; i < sb->fragments_per_block; i++)
		store32(header + 52 + 4 * i, counts->runs[i], sb->order);
}

static void
rebuild_maps(const struct state *state, uint32_t group, uint8_t *header, const struct parts *parts,
    uint32_t block_map)
{
	const struct ffs_superblock *sb = state->sb;
	uint32_t count = fragments_in(state, group);

	for (uint32_t i = 0; i < sb->inodes_per_group; i++)
		if (state->has_inode[group * sb->inodes_per_group + i])
			set_bit(header + parts->inode_map, i);
	for (uint32_t i = 0; i < count; i++) {
		if (!state->is_used[ffs_group_base(sb, group) + i])
			set_bit(header + parts->fragment_map, i);
		if (block_map != 0 && i % sb->fragments_per_block == 0 &&
		    is_block_free(state, ffs_group_base(sb, group) + i, count - i))
			set_bit(header + block_map, i / sb->fragments_per_block);
	}
}

static void
rebuild_group(const struct state *state, uint32_t group, bool is_static, uint64_t totals[4])
{
	const struct ffs_superblock *sb = state->sb;
	struct parts parts = { 980, 84, 212, 724, 984 };
	uint8_t *header = header_of(state, group);
	uint32_t block_map = 0, sums;
	struct counts counts;

	memset(header, 0, sb->header_size);
	count_group(state, group, &counts);
	for (unsigned i = 0; i < 4; i++)
		totals[i] += counts.numbers[i];
	rebuild_counts(state, group, header, &counts);
	if (!is_static) {
		parts.magic = 4;
		parts.cylinders = 168;
		parts.positions = parts.cylinders + 4 * sb->rotation.cylinders;
		parts.inode_map =
		    parts.positions + 2 * sb->rotation.cylinders * sb->rotation.positions;
		parts.fragment_map = parts.inode_map + sb->inodes_per_group / 8;
		sums = (parts.fragment_map + sb->fragments_per_group / 8 + 7) & ~3U;
		block_map = sums + 4 * (sb->run_length_max + 1);
		store32(header + 92, parts.inode_map, sb->order);
		store32(header + 96, parts.fragment_map, sb->order);
		rebuild_modern(state, header, sums, &counts);
	}
	store32(header + parts.magic, MAGIC, sb->order);
	rebuild_positions(state, header, &parts, &counts);
	rebuild_maps(state, group, header, &parts, block_map);
}

void
ffs_check_rebuild(uint8_t *image, size_t size, const struct ffs_superblock *sb)
{
	/* What 4.2BSD says of its tables. */
	bool is_static =
	    sb->has_old_inodes && load32(image + sb->location + 1356, sb->order) == UINT32_MAX;
	uint64_t totals[4] = { 0 };
	struct ffs_check ignored;
	struct state state;

	begin(&state, image, size, sb, &ignored);
	use_metadata(&state);
	walk_inodes(&state, true);
	for (uint32_t group = 0; group < sb->group_count; group++)
		rebuild_group(&state, group, is_static, totals);
	for (unsigned i = 0; i < 4; i++) {
		if (sb->is_updated)
			store64(image + sb->location + 1008 + 8 * i, totals[i], sb->order);
		else
			store32(image + sb->location + 192 + 4 * i, (uint32_t)totals[i], sb->order);
	}
	end(&state);
}
