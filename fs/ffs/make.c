/*
 * Making a file system: what is asked for, and writing it.
 *
 * The superblock is written last, and whatever superblock was there is wiped
 * first, so that no cut leaves something that looks finished.  Of a store that
 * is all zeros ("zeroed") only what is not zero is written: with that, the work
 * is one write per group.
 */
#include "fs/ffs/make.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "base/text.h"
#include "block/block.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/entries.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/make_layout.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/mount.h"
#include "vfs/namespace.h"

#define WORDS_MAX	   256
#define ROOT_PERMISSIONS   0755
#define SUMMARY_ENTRY_SIZE 16

struct making {
	const struct fs_make_request *request;
	struct kernel *kernel;
	struct block_dev *dev; /* claimed */
	struct ffs_make make;
	bool is_zeroed;
	uint64_t size; /* asked for; 0: all there is */
	struct ffs_superblock sb;
	uint8_t *superblock; /* FFS_SUPERBLOCK_SIZE bytes */
	uint8_t *block;	     /* sb.block_size bytes */
};

static int
refuse(const struct making *making, const char *words, int error)
{
	kernel_log(making->kernel, LOG_ERROR, "ffs: %.48s: cannot be made: %s",
	    making->request->source, words);
	return error;
}

/* ---- options --------------------------------------------------------------------------- */

enum option {
	OPTION_VERSION,
	OPTION_ORDER,
	OPTION_SIZE,
	OPTION_BLOCK,
	OPTION_FRAGMENT,
	OPTION_DENSITY,
	OPTION_RESERVE,
	OPTION_LABEL,
	OPTION_JOURNAL,
	OPTION_ZEROED,
};

static const char *const option_names[] = { "version", "order", "size", "block", "fragment",
	"density", "minfree", "label", "journal", "zeroed" };

static bool
read_number(struct name text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.length; i++) {
		unsigned digit = (unsigned)(text.bytes[i] - '0');

		if (digit > 9 || mul_overflows(*out, 10, out) || add_overflows(*out, digit, out))
			return false;
	}
	return text.length > 0;
}

/* Options whose value is no number.  False if that makes no sense. */
static bool
take_word(struct making *making, enum option option, struct name value)
{
	struct ffs_make *make = &making->make;

	switch (option) {
	case OPTION_ORDER:
		make->order = name_equal(value, NAME("be")) ? ORDER_BIG : ORDER_LITTLE;
		return name_equal(value, NAME("be")) || name_equal(value, NAME("le"));
	case OPTION_LABEL:
		if (value.length > FFS_LABEL_SIZE - 1)
			return false;
		memcpy(make->label, value.bytes, value.length);
		make->label[value.length] = '\0';
		return true;
	case OPTION_ZEROED:
		making->is_zeroed = true;
		return value.length == 0;
	case OPTION_JOURNAL:
		make->has_journal = true;
		return value.length == 0 || read_number(value, &make->journal_size);
	default:
		return false;
	}
}

static bool
take_option(struct making *making, enum option option, struct name value)
{
	struct ffs_make *make = &making->make;
	uint64_t number;

	if (!read_number(value, &number))
		return take_word(making, option, value);
	switch (option) {
	case OPTION_VERSION:
		make->version = number == 1 ? FFS_UFS1 : FFS_UFS2;
		return number == 1 || number == 2;
	case OPTION_SIZE:
		making->size = number;
		return number > 0;
	case OPTION_BLOCK:
		make->block_size = number;
		return number > 0;
	case OPTION_FRAGMENT:
		make->fragment_size = number;
		return number > 0;
	case OPTION_DENSITY:
		make->density = number;
		return number > 0;
	case OPTION_RESERVE:
		make->has_reserve = true;
		make->reserve_percent = number;
		return true;
	default:
		return take_word(making, option, value);
	}
}

static int
parse_options(struct making *making)
{
	struct name rest = name_of(making->request->options), option;
	char words[WORDS_MAX];

	making->make.version = FFS_UFS2;
	making->make.order = ORDER_LITTLE;
	while (mount_next_option(&rest, &option)) {
		struct name name = option, value = { option.bytes + option.length, 0 };
		struct text text = text_in(words, sizeof(words));
		size_t length = 0, index = 0;

		while (length < option.length && option.bytes[length] != '=')
			length++;
		name.length = length;
		if (length < option.length)
			value =
			    (struct name){ option.bytes + length + 1, option.length - length - 1 };
		while (index < ARRAY_SIZE(option_names) &&
		       !name_equal(name, name_of(option_names[index])))
			index++;
		if (index < ARRAY_SIZE(option_names) &&
		    take_option(making, (enum option)index, value))
			continue;
		text_add(&text, "option \"%.*s\" is not understood", (int)option.length,
		    option.bytes);
		return refuse(making, words, -EINVAL);
	}
	return 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

static uint64_t
offset_of(const struct making *making, uint64_t fragment)
{
	return ffs_fragment_offset(&making->sb, fragment);
}

/* Whatever file system was there is none any more. */
static int
wipe_superblocks(struct making *making)
{
	int error = 0;

	for (size_t i = 0; i < FFS_SUPERBLOCK_PLACES && error == 0; i++) {
		uint64_t place = ffs_superblock_places[i];
		struct ffs_superblock found;
		struct ffs_flaw flaw;

		if (place + FFS_SUPERBLOCK_SIZE > making->dev->size)
			continue;
		error = block_read(making->dev, place, making->superblock, FFS_SUPERBLOCK_SIZE);
		if (error == 0 && ffs_superblock_decode(making->superblock, FFS_SUPERBLOCK_SIZE,
				      place, &found, &flaw) != -ENODEV)
			error = block_zero(making->dev, place, FFS_SUPERBLOCK_SIZE);
	}
	return error == 0 ? block_flush(making->dev) : error;
}

/* Make a group's inodes zeros, as far as they are said to be initialised. */
static int
clear_inodes(struct making *making, uint64_t start, const struct ffs_group *group)
{
	const struct ffs_superblock *sb = &making->sb;
	uint64_t blocks = ffs_group_initialised(group) / sb->inodes_per_block;

	return block_zero(making->dev, offset_of(making, start + sb->inode_offset),
	    blocks << sb->block_shift);
}

/* Write one group, whose header is at bytes behind place for a copy of the superblock. */
static int
write_group(struct making *making, uint32_t number, uint8_t *bytes, size_t size)
{
	const struct ffs_superblock *sb = &making->sb;
	uint64_t start = ffs_group_start(sb, number);
	uint8_t *header = bytes + offset_of(making, sb->header_offset - sb->copy_offset);
	struct ffs_group group;
	struct ffs_flaw flaw;
	int error;

	if (ffs_make_group_is_alike(sb, number) && number > 1)
		ffs_make_group_renumber(sb, number, header);
	else
		ffs_make_group(sb, number, header);
	error = block_write(making->dev, offset_of(making, start + sb->copy_offset), bytes, size);
	if (error < 0 || making->is_zeroed)
		return error;
	error = ffs_group_decode(sb, header, number, &group, &flaw);
	return error == 0 ? clear_inodes(making, start, &group) : error;
}

static int
write_groups(struct making *making)
{
	const struct ffs_superblock *sb = &making->sb;
	size_t size = (size_t)offset_of(making, sb->inode_offset - sb->copy_offset);
	uint8_t *bytes = memory_alloc_zeroed(making->kernel, size);
	int error = bytes == NULL ? -ENOMEM : 0;

	if (error == 0)
		memcpy(bytes, making->superblock, FFS_SUPERBLOCK_SIZE);
	for (uint32_t i = 0; i < sb->group_count && error == 0; i++)
		error = write_group(making, i, bytes, size);
	memory_free(making->kernel, bytes, size);
	return error;
}

/* The groups' counts. */
static int
write_summary(struct making *making)
{
	const struct ffs_superblock *sb = &making->sb;
	uint8_t *bytes = memory_alloc_zeroed(making->kernel, sb->summary_size);
	int error;

	if (bytes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < sb->group_count; i++) {
		uint8_t *to = bytes + SUMMARY_ENTRY_SIZE * (size_t)i;
		struct ffs_group_counts counts;

		ffs_make_counts(sb, i, &counts);
		store32(to, counts.directories, sb->order);
		store32(to + 4, counts.blocks_free, sb->order);
		store32(to + 8, counts.inodes_free, sb->order);
		store32(to + 12, counts.fragments_free, sb->order);
	}
	error = block_write(making->dev, offset_of(making, sb->summary_address), bytes,
	    sb->summary_size);
	memory_free(making->kernel, bytes, sb->summary_size);
	return error;
}

static int
write_root_inode(struct making *making, struct ffs_time now)
{
	const struct ffs_superblock *sb = &making->sb;
	const struct ffs_dinode root = {
		.type = FFS_TYPE_DIRECTORY,
		.permissions = ROOT_PERMISSIONS,
		.link_count = 2,
		.size = FFS_DIRENT_BLOCK_SIZE,
		.sector_count = sb->fragment_size / FFS_SECTOR_SIZE,
		.accessed = now,
		.modified = now,
		.changed = now,
		.born = now,
		.direct = { ffs_make_root(sb) },
	};
	uint32_t generation;
	uint8_t *bytes = making->block + (size_t)FFS_ROOT_INO * sb->inode_size;
	int error = kernel_random(making->kernel, &generation, sizeof(generation));

	if (error < 0)
		return error;
	memset(making->block, 0, sb->block_size);
	ffs_dinode_clear(sb, bytes, generation);
	ffs_dinode_encode(sb, &root, bytes);
	return block_write(making->dev, offset_of(making, sb->inode_offset), making->block,
	    sb->block_size);
}

static int
write_root(struct making *making)
{
	const struct ffs_superblock *sb = &making->sb;
	struct timestamp now = timestamp_now(making->kernel);
	int error =
	    write_root_inode(making, (struct ffs_time){ making->make.time, now.nanoseconds });

	if (error < 0)
		return error;
	memset(making->block, 0, sb->fragment_size);
	ffs_directory_fill(sb, making->block, FFS_DIRENT_BLOCK_SIZE, FFS_ROOT_INO, FFS_ROOT_INO);
	return block_write(making->dev, offset_of(making, ffs_make_root(sb)), making->block,
	    sb->fragment_size);
}

/* An empty journal, if there is to be one. */
static int
write_journal(struct making *making)
{
	const struct ffs_journal *journal = &making->sb.journal;
	struct ffs_time now = { making->make.time, 0 };

	if (journal->place == FFS_JOURNAL_NONE)
		return 0;
	ffs_journal_format(journal, making->sb.order, now, making->block);
	return block_write(making->dev, journal->offset, making->block,
	    FFS_WAPBL_HEADER_COUNT * journal->block_size);
}

static int
write_all(struct making *making)
{
	int error = making->is_zeroed ? 0 : wipe_superblocks(making);

	if (error < 0)
		return error;
	ffs_make_superblock(&making->sb, making->superblock);
	error = write_groups(making);
	if (error == 0)
		error = write_summary(making);
	if (error == 0)
		error = write_root(making);
	if (error == 0)
		error = write_journal(making);
	if (error == 0)
		error = block_flush(making->dev);
	if (error == 0)
		error = block_write(making->dev, making->sb.location, making->superblock,
		    FFS_SUPERBLOCK_SIZE);
	return error == 0 ? block_flush(making->dev) : error;
}

/* ---- making --------------------------------------------------------------------------------- */

/* Lay it out on the device. */
static int
lay_out(struct making *making)
{
	struct ffs_make *make = &making->make;
	char words[WORDS_MAX];
	struct text text = text_in(words, sizeof(words));
	int error = kernel_random(making->kernel, make->id, sizeof(make->id));

	if (error < 0)
		return error;
	make->time = timestamp_now(making->kernel).seconds;
	make->size = making->dev->size;
	if (making->size > make->size) {
		text_add(&text, "it is to have %llu bytes, and there are %llu",
		    (unsigned long long)making->size, (unsigned long long)make->size);
		return refuse(making, words, -ENOSPC);
	}
	if (making->size != 0)
		make->size = making->size;
	error = ffs_make_layout(make, &making->sb, &text);
	if (error < 0)
		return refuse(making, words, error);
	if (making->sb.fragment_size % making->dev->sector_size == 0)
		return 0;
	text_add(&text, "fragments of %u bytes on a device with sectors of %u",
	    making->sb.fragment_size, making->dev->sector_size);
	return refuse(making, words, -EINVAL);
}

static int
make_on(struct making *making)
{
	int error = lay_out(making);

	if (error < 0)
		return error;
	making->superblock = memory_alloc(making->kernel, FFS_SUPERBLOCK_SIZE);
	making->block = memory_alloc(making->kernel, making->sb.block_size);
	if (making->superblock != NULL && making->block != NULL)
		error = write_all(making);
	else
		error = -ENOMEM;
	memory_free(making->kernel, making->block, making->sb.block_size);
	memory_free(making->kernel, making->superblock, FFS_SUPERBLOCK_SIZE);
	return error;
}

int
ffs_make(const struct fs_make_request *request)
{
	struct kernel *kernel = request->kernel;
	struct making *making = memory_alloc_zeroed(kernel, sizeof(*making));
	int error;

	if (making == NULL)
		return -ENOMEM;
	making->request = request;
	making->kernel = kernel;
	error = parse_options(making);
	if (error == 0) {
		making->dev = block_get_by_number(kernel, request->device);
		error = making->dev == NULL ? -ENXIO : block_claim(making->dev);
	}
	if (error == 0) {
		error = making->dev->is_read_only
			    ? refuse(making, "the device is read-only", -EROFS)
			    : make_on(making);
		block_unclaim(making->dev);
	}
	if (making->dev != NULL)
		block_put(making->dev);
	memory_free(kernel, making, sizeof(*making));
	return error;
}
