/*
 * Mounting an archive, and what a kernel knows of this driver.
 */
#include "base/errno.h"
#include "base/text.h"
#include "fs/cpio/cpio.h"
#include "fs/cpio/cpio_impl.h"
#include "fs/cpio/header.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"

#define CPIO_MAGIC 0x6370696f /* "cpio"; Linux has no number for it */

/* The tree may take this part of the memory that the kernel may take. */
#define MEMORY_SHARE 2

/* ---- mount operations ----------------------------------------------------------- */

static int
statistics(struct mount *mount, struct fs_statistics *out)
{
	const struct cpio *fs = cpio_of(mount);

	*out = (struct fs_statistics){
		.type = CPIO_MAGIC,
		.block_size = PAGE_SIZE,
		.fragment_size = STORE_UNIT,
		.block_count = fs->device->size / STORE_UNIT,
		.inode_count = fs->tree.inode_count,
		.id = mount->id,
	};
	return 0;
}

static void
describe(struct mount *mount, struct text *out)
{
	const struct cpio *fs = cpio_of(mount);

	text_add(out, "format: cpio (newc)\n");
	text_add(out, "archives: %u\n", fs->archive_count);
	text_add(out, "members: %llu\n", (unsigned long long)fs->member_count);
	if (fs->left_out_count > 0)
		text_add(out, "left out: %llu damaged members\n",
		    (unsigned long long)fs->left_out_count);
	text_add(out, "size: %llu of %llu bytes\n", (unsigned long long)fs->end,
	    (unsigned long long)fs->device->size);
	if (fs->trailing_offset != 0)
		text_add(out, "followed by: something else at byte %llu\n",
		    (unsigned long long)fs->trailing_offset);
	text_add(out, "memory: %llu bytes\n", (unsigned long long)fs->tree.memory_used);
}

static void
destroy(struct mount *mount)
{
	struct cpio *fs = cpio_of(mount);

	cpio_tree_destroy(&fs->tree);
	block_unclaim(fs->device);
	block_put(fs->device);
	memory_free(mount->kernel, fs, sizeof(*fs));
}

static const struct mount_ops cpio_mount_ops = {
	.load = cpio_load,
	.statistics = statistics,
	.sync = mount_sync_nothing,
	.describe = describe,
	.destroy = destroy,
};

/* ---- mounting ------------------------------------------------------------------- */

/* Read and decode the first header; errors are those of cpio_header_decode(). */
static int
read_first_header(struct block_dev *dev)
{
	uint8_t bytes[CPIO_HEADER_SIZE];
	struct segment segment = { bytes, sizeof(bytes) };
	struct cpio_header header;
	int error = block_read_bytes(dev, 0, &segment, 1);

	return error < 0 ? error : cpio_header_decode(bytes, sizeof(bytes), &header);
}

static int
probe(const struct mount_request *request)
{
	struct block_dev *dev = block_get_by_number(request->kernel, request->device);
	int error;

	if (dev == NULL)
		return -EINVAL;
	error = read_first_header(dev);
	block_put(dev);
	return error == -EUCLEAN ? -EINVAL : error;
}

static int
parse_options(const struct mount_request *request, struct cpio *fs)
{
	struct name options = name_of(request->options);
	struct name option;

	while (mount_next_option(&options, &option)) {
		if (name_equal(option, NAME("partial"))) {
			fs->is_partial = true;
		} else if (name_equal(option, NAME("verify"))) {
			fs->is_verifying = true;
		} else {
			kernel_log(request->kernel, LOG_ERROR,
			    "cpio: no option \"%.*s\": there are partial and verify",
			    (int)option.length, option.bytes);
			return -EINVAL;
		}
	}
	return 0;
}

/* Read the archive on fs->device, up to the root of its tree. */
static int
open_archive(struct cpio *fs)
{
	struct kernel *kernel = fs->mount.kernel;
	int error = read_first_header(fs->device);

	if (error == -EINVAL)
		kernel_log(kernel, LOG_ERROR,
		    "cpio: %.48s: does not begin with 070701 or 070702: "
		    "this is no cpio archive of the newc format",
		    fs->device->name);
	if (error < 0 && error != -EUCLEAN)
		return error;
	error = cpio_tree_create(&fs->tree, kernel, kernel->memory.limit / MEMORY_SHARE);
	if (error == 0)
		error = cpio_scan(fs);
	if (error == 0)
		error = vnode_find(&fs->mount, CPIO_ROOT_INO, &fs->mount.root);
	return error;
}

static int mount(const struct mount_request *request, struct mount **out);

static const struct fs_type cpio_type = {
	.name = "cpio",
	.magic = CPIO_MAGIC,
	.needs_device = true,
	.probe = probe,
	.mount = mount,
	.make = fs_no_make,
	.check = fs_no_check,
};

static int
mount(const struct mount_request *request, struct mount **out)
{
	struct cpio *fs = memory_alloc_zeroed(request->kernel, sizeof(*fs));
	int error = fs == NULL ? -ENOMEM : 0;

	*out = NULL;
	if (error < 0)
		return error;
	error = parse_options(request, fs);
	if (error < 0)
		goto free_fs;
	mount_init(&fs->mount, request, &cpio_type, &cpio_mount_ops);
	fs->mount.flags |= MOUNT_READ_ONLY; /* no archive can be written in place */
	fs->device = block_get_by_number(request->kernel, request->device);
	error = fs->device == NULL ? -ENXIO : 0;
	if (error < 0)
		goto free_fs;
	error = block_claim(fs->device);
	if (error < 0)
		goto put_device;
	error = open_archive(fs);
	if (error < 0) {
		destroy(&fs->mount);
		return error;
	}
	*out = &fs->mount;
	return 0;

put_device:
	block_put(fs->device);
free_fs:
	memory_free(request->kernel, fs, sizeof(*fs));
	return error;
}

/* ---- the component ------------------------------------------------------------- */

static int
start(struct kernel *kernel)
{
	return fs_register(kernel, &cpio_type);
}

/* The registration goes with the kernel. */
static void
stop(struct kernel *kernel)
{
}

const struct component cpio_component = {
	.name = "cpio",
	.start = start,
	.stop = stop,
};
