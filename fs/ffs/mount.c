/*
 * Opening an FFS file system: finding the superblock, options, the journal.
 *
 * The order matters: the superblock says where the journal is, the
 * journal may hold a newer superblock, so that it is read again through the
 * view that shows the replayed state.
 */
#include "fs/ffs/mount.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/check.h"
#include "fs/ffs/ffs.h"
#include "fs/ffs/inode.h"
#include "fs/ffs/make.h"
#include "fs/ffs/view.h"
#include "fs/ffs/write.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/vnode.h"

#define MAGIC_UFS1 0x00011954
#define MAGIC_UFS2 0x19540119

struct options {
	bool norecovery;
	bool partial;
	bool force;
};

static int
parse_options(struct kernel *kernel, const char *text, struct options *out)
{
	struct name rest = name_of(text);

	*out = (struct options){ .norecovery = false };
	while (rest.length > 0) {
		size_t length = 0;
		struct name option;

		while (length < rest.length && rest.bytes[length] != ',')
			length++;
		option = (struct name){ rest.bytes, length };
		length += length < rest.length;
		rest = (struct name){ rest.bytes + length, rest.length - length };
		if (name_equal(option, NAME("norecovery"))) {
			out->norecovery = true;
		} else if (name_equal(option, NAME("partial"))) {
			out->partial = true;
		} else if (name_equal(option, NAME("force"))) {
			out->force = true;
		} else if (option.length > 0) {
			kernel_log(kernel, LOG_ERROR,
			    "ffs: no option \"%.*s\": there are force, norecovery and partial",
			    (int)option.length, option.bytes);
			return -EINVAL;
		}
	}
	return 0;
}

const char *
ffs_short_name(const char *source)
{
	const char *last = source;

	for (const char *p = source; *p != '\0'; p++)
		if (*p == '/' && p[1] != '\0')
			last = p + 1;
	return last;
}

/*
 * Read and decode what may be a superblock at place.  -ENODEV if there is
 * none; with name, damage is logged.
 */
static int
try_place(struct block_dev *dev, uint64_t place, const char *name, struct ffs_superblock *out)
{
	struct ffs_flaw flaw;
	uint8_t *bytes;
	int error;

	if (dev->size < FFS_SUPERBLOCK_SIZE || place > dev->size - FFS_SUPERBLOCK_SIZE)
		return -ENODEV;
	bytes = memory_alloc(dev->kernel, FFS_SUPERBLOCK_SIZE);
	if (bytes == NULL)
		return -ENOMEM;
	error = block_read(dev, place, bytes, FFS_SUPERBLOCK_SIZE);
	if (error == 0)
		error = ffs_superblock_decode(bytes, FFS_SUPERBLOCK_SIZE, place, out, &flaw);
	memory_free(dev->kernel, bytes, FFS_SUPERBLOCK_SIZE);
	if (error == -EUCLEAN && name != NULL)
		kernel_log(dev->kernel, LOG_ERROR,
		    "ffs: %.48s: superblock at %llu, byte %u: %s (%lld)", name,
		    (unsigned long long)place, flaw.offset, flaw.what, (long long)flaw.value);
	return error;
}

/*
 * Look everywhere: a place that cannot be read, or that holds a damaged one,
 * matters only if no other is good.  -EIO, -EUCLEAN, or -ENODEV if there is none.
 */
static int
search(struct block_dev *dev, const char *name, struct ffs_superblock *out)
{
	int result = -ENODEV;

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		int error = try_place(dev, ffs_superblock_places[i], name, out);

		if (error == 0 || error == -ENOMEM)
			return error;
		if (error != -ENODEV && result != -EIO)
			result = error;
	}
	return result;
}

static int
find_superblock(struct block_dev *dev, const char *name, struct ffs_superblock *out)
{
	int error = search(dev, NULL, out);

	if (error == -EUCLEAN && name != NULL)
		error = search(dev, name, out);
	if (error != -ENODEV)
		return error;
	if (name != NULL)
		kernel_log(dev->kernel, LOG_ERROR,
		    "ffs: %.48s: no superblock at byte 65536, 8192, 0 or 262144: "
		    "this is no FFS file system",
		    name);
	return -EINVAL;
}

static int
probe(const struct mount_request *request)
{
	struct block_dev *dev = block_get_by_number(request->kernel, request->device);
	struct ffs_superblock *sb;
	int error = -ENOMEM;

	if (dev == NULL)
		return -EINVAL;
	sb = memory_alloc(request->kernel, sizeof(*sb));
	if (sb != NULL)
		error = find_superblock(dev, NULL, sb);
	memory_free(request->kernel, sb, sizeof(*sb));
	block_put(dev);

	/* A damaged one is ours too: mounting it says what is wrong. */
	return error == -EUCLEAN ? 0 : error;
}

/* Does the device hold what the superblock says? */
static int
check_device(struct ffs_mount *fs, bool may_be_partial)
{
	uint64_t want = ffs_fragment_offset(&fs->sb, fs->sb.fragment_count);
	struct kernel *kernel = fs->mount.kernel;

	if (fs->sb.fragment_size % fs->device->sector_size != 0) {
		kernel_log(kernel, LOG_ERROR,
		    "ffs: %.48s: fragments of %u bytes on a device with sectors of %u", fs->name,
		    fs->sb.fragment_size, fs->device->sector_size);
		return -EINVAL;
	}
	if (fs->device->size >= want)
		return 0;
	kernel_log(kernel, may_be_partial ? LOG_WARNING : LOG_ERROR,
	    "ffs: %.48s: cut off: the file system has %llu bytes, the device %llu%s", fs->name,
	    (unsigned long long)want, (unsigned long long)fs->device->size,
	    may_be_partial ? "" : "; option partial mounts it all the same");
	return may_be_partial ? 0 : -EUCLEAN;
}

static bool
is_same_journal(const struct ffs_journal *left, const struct ffs_journal *right)
{
	return left->place == right->place && left->offset == right->offset &&
	       left->size == right->size && left->block_size == right->block_size;
}

/* Show the state that the journal commits to. */
static int
replay(struct ffs_mount *fs, bool may_be_partial)
{
	struct ffs_journal journal = fs->sb.journal;
	struct block_dev *view;
	int error;

	if (journal.place == FFS_JOURNAL_NONE)
		return 0;
	error = ffs_replay_journal(&fs->sb, fs->device, fs->name, &fs->replay, &view);
	if (error < 0 || view == NULL)
		return error;
	fs->dev = view;
	error = try_place(view, fs->sb.location, fs->name, &fs->sb);
	if (error == 0 && is_same_journal(&journal, &fs->sb.journal))
		return may_be_partial ? 0 : check_device(fs, false);
	if (error < 0 && error != -ENODEV)
		return error;
	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: the journal replaces the superblock by something else", fs->name);
	return -EUCLEAN;
}

static void
warn_if_dirty(const struct ffs_mount *fs, bool norecovery)
{
	bool has_journal = fs->sb.journal.place != FFS_JOURNAL_NONE;

	if (has_journal && norecovery)
		kernel_log(fs->mount.kernel, LOG_WARNING,
		    "ffs: %.48s: journal not replayed: what it holds is not shown", fs->name);
	else if (!has_journal && fs->sb.clean != FFS_CLEAN)
		kernel_log(fs->mount.kernel, LOG_WARNING,
		    "ffs: %.48s: was not unmounted: some of it may be inconsistent", fs->name);
}

/* Be ready to write. */
static int
start_writing(struct ffs_mount *fs, const struct options *options)
{
	if (fs->device->is_read_only) {
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: cannot be written: its device is read-only", fs->name);
		return -EROFS;
	}
	if (options->partial || options->norecovery) {
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: options partial and norecovery are for reading only", fs->name);
		return -EINVAL;
	}
	return ffs_writing_start(fs, options->force);
}

/* Read the file system on fs->device, up to its root. */
static int
open_file_system(struct ffs_mount *fs, const struct options *options)
{
	int error = find_superblock(fs->device, fs->name, &fs->sb);

	if (error == 0)
		error = check_device(fs, options->partial);
	if (error == 0 && !options->norecovery)
		error = replay(fs, options->partial);
	if (error < 0)
		return error;
	if ((fs->mount.flags & MOUNT_READ_ONLY) == 0)
		error = start_writing(fs, options);
	else
		warn_if_dirty(fs, options->norecovery);
	if (error < 0)
		return error;
	fs->mount.reads_direct = fs->dev->is_cached_below;
	error = vnode_find(&fs->mount, FFS_ROOT_INO, &fs->mount.root);
	if (error != -ENOENT)
		return error;
	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: root inode is free", fs->name);
	return -EUCLEAN;
}

/* No vnode is left. */
static void
destroy(struct mount *mount)
{
	struct ffs_mount *fs = ffs_mount_of(mount);

	ffs_writing_stop(fs);
	buffer_forget_device(fs->dev);
	if (fs->dev != fs->device)
		ffs_view_destroy(fs->dev);
	ffs_replay_free(mount->kernel, &fs->replay);
	block_unclaim(fs->device);
	block_put(fs->device);
	memory_free(mount->kernel, fs, sizeof(*fs));
}

uint64_t
ffs_free_fragments(const struct ffs_superblock *sb)
{
	uint64_t blocks = min_u64(sb->counts.blocks_free, sb->fragment_count);
	uint64_t fragments = min_u64(sb->counts.fragments_free, sb->fragment_count);

	return min_u64((blocks << sb->block_fragments_shift) + fragments, sb->data_fragment_count);
}

uint64_t
ffs_free_inodes(const struct ffs_superblock *sb)
{
	return min_u64(sb->counts.inodes_free, ffs_inode_count(sb));
}

void
ffs_count_free(struct ffs_mount *fs, uint64_t *fragments, uint64_t *inodes)
{
	struct ffs_writing *writing = fs->writing;

	if (writing != NULL)
		mutex_lock(&writing->lock);
	*fragments = ffs_free_fragments(&fs->sb);
	*inodes = ffs_free_inodes(&fs->sb);
	if (writing != NULL) {
		*fragments =
		    min_u64(*fragments + writing->waiting_fragments, fs->sb.data_fragment_count);
		*inodes += writing->waiting_inodes;
		mutex_unlock(&writing->lock);
	}
}

static int
statistics(struct mount *mount, struct fs_statistics *out)
{
	struct ffs_mount *fs = ffs_mount_of(mount);
	const struct ffs_superblock *sb = &fs->sb;
	uint64_t reserve = sb->data_fragment_count / 100 * sb->reserve_percent;
	uint64_t free, inodes;

	ffs_count_free(fs, &free, &inodes);

	*out = (struct fs_statistics){
		.type = sb->version == FFS_UFS2 ? MAGIC_UFS2 : MAGIC_UFS1,
		.block_size = sb->block_size,
		.fragment_size = sb->fragment_size,
		.block_count = sb->data_fragment_count,
		.blocks_free = free,
		.blocks_available = free > reserve ? free - reserve : 0,
		.inode_count = ffs_inode_count(sb),
		.inodes_free = inodes,
		.id = (uint64_t)sb->id[0] << 32 | sb->id[1],
	};
	return 0;
}

static const struct mount_ops ffs_mount_ops = {
	.load = ffs_inode_load,
	.statistics = statistics,
	.sync = ffs_sync,
	.describe = ffs_describe,
	.destroy = destroy,
};

static int mount(const struct mount_request *request, struct mount **out);

static const struct fs_type ffs_type = {
	.name = "ffs",
	.magic = MAGIC_UFS2,
	.needs_device = true,
	.probe = probe,
	.mount = mount,
	.make = ffs_make,
	.check = ffs_check_device,
};

/* The device, referenced and claimed. */
static int
take_device(const struct mount_request *request, struct block_dev **out)
{
	struct block_dev *dev = block_get_by_number(request->kernel, request->device);
	int error;

	*out = NULL;
	if (dev == NULL)
		return -ENXIO;
	error = block_claim(dev);
	if (error < 0)
		block_put(dev);
	else
		*out = dev;
	return error;
}

static int
mount(const struct mount_request *request, struct mount **out)
{
	struct options options;
	struct ffs_mount *fs;
	int error;

	*out = NULL;
	error = parse_options(request->kernel, request->options, &options);
	if (error < 0)
		return error;
	fs = memory_alloc_zeroed(request->kernel, sizeof(*fs));
	if (fs == NULL)
		return -ENOMEM;
	error = take_device(request, &fs->device);
	if (error < 0) {
		memory_free(request->kernel, fs, sizeof(*fs));
		return error;
	}
	fs->dev = fs->device;
	mount_init(&fs->mount, request, &ffs_type, &ffs_mount_ops);
	fs->name = ffs_short_name(fs->mount.source);
	mutex_init(&fs->index_lock, request->kernel, RANK_FILE_SYSTEM);
	error = open_file_system(fs, &options);
	if (error < 0)
		destroy(&fs->mount);
	else
		*out = &fs->mount;
	return error;
}

int
ffs_buffer_read(struct ffs_mount *fs, uint64_t fragment, uint32_t size, struct buffer **out)
{
	uint64_t offset = ffs_fragment_offset(&fs->sb, fragment);
	int error;

	*out = NULL;
	if (offset >= fs->dev->size || size > fs->dev->size - offset) {
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: metadata at byte %llu is past the end of the device", fs->name,
		    (unsigned long long)offset);
		return -EIO;
	}
	error = buffer_read(fs->dev, offset, size, out);
	if (error != -EINVAL)
		return error;
	kernel_log(fs->mount.kernel, LOG_ERROR,
	    "ffs: %.48s: fragment %llu is in use as metadata of two kinds", fs->name,
	    (unsigned long long)fragment);
	return -EUCLEAN;
}

static int
start(struct kernel *kernel)
{
	return fs_register(kernel, &ffs_type);
}

static void
stop(struct kernel *kernel)
{
}

const struct component ffs_component = {
	.name = "ffs",
	.start = start,
	.stop = stop,
};
