/* FFS images for tests: see ffs_image.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/ffs/ffs.h"
#include "fs/ffs/journal.h"
#include "fs/tmpfs/tmpfs.h"
#include "kern/credential.h"
#include "syscall/process.h"
#include "tests/fake_fs.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "vfs/mount.h"

static const struct component *const components[] = {
	&block_component,
	&vfs_component,
	&tmpfs_component,
	&ffs_component,
	&process_component,
};

static void
create_kernel(struct ffs_image *image)
{
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = &image->host,
		.components = components,
		.component_count = ARRAY_SIZE(components),
		.console_level = LOG_WARNING,
	};

	fake_host_create(&image->host, true);
	assert_int_equal(kernel_create(&config, &image->kernel), 0);
	image->root = credential_create(image->kernel);
	assert_non_null(image->root);
	assert_int_equal(mount_root(image->kernel, "tmpfs", ""), 0);
	image->context = (struct path_context){
		.kernel = image->kernel,
		.root = mount_root_vnode(image->kernel),
		.start = mount_root_vnode(image->kernel),
		.credential = image->root,
	};
	make_directory(&image->context, "/mnt", 0755);
}

static void
create(struct ffs_image *image, const struct sample *sample, enum sample_age age)
{
	uint8_t *superblock;
	uint64_t size;

	create_kernel(image);
	image->sample = *sample;
	size = (uint64_t)SAMPLE_FRAGMENTS_PER_GROUP * sample->group_count * sample->fragment_size;
	fake_block_create(&image->fake, image->kernel, size);
	assert_int_equal(block_register(image->kernel, &image->fake.dev, "image"), 0);
	make_node(&image->context, "/image", VNODE_BLOCK, image->fake.dev.number);

	superblock = image->fake.content + sample_location(sample);
	sample_aged_superblock(superblock, sample, age);
	sample_decode(superblock, sample, &image->sb);
	ffs_image_put_directory(image, FFS_ROOT_INO, ffs_image_root(image), FFS_ROOT_INO);
}

void
ffs_image_create(struct ffs_image *image, const struct sample *sample)
{
	create(image, sample, SAMPLE_MODERN);
}

void
ffs_image_create_writable(struct ffs_image *image, const struct sample *sample, enum sample_age age)
{
	uint8_t *superblock;

	create(image, sample, age);
	superblock = image->fake.content + sample_location(sample);
	/* Counts of runs are kept, where the map for them fits the group's header. */
	if (sample->fragment_size < sample->block_size && !image->sb.has_old_inodes)
		store32(superblock + 1316, 7, sample->order);
	store32(superblock + 92, 16, sample->order); /* a file's blocks in a group */
	/* All may be free. */
	if (image->sb.is_updated)
		store64(superblock + 1088, image->sb.fragment_count, sample->order);
	else
		store32(superblock + 40, (uint32_t)image->sb.fragment_count, sample->order);
	sample_decode(superblock, sample, &image->sb);
	store16(ffs_image_inode(image, FFS_ROOT_INO) + 2, 2, sample->order);
	ffs_check_rebuild(image->fake.content, image->fake.dev.size, &image->sb);
}

void
ffs_image_destroy(struct ffs_image *image)
{
	credential_put(image->root);
	kernel_destroy(image->kernel);
	fake_block_destroy(&image->fake);
	fake_host_destroy(&image->host);
}

int
ffs_image_mount(struct ffs_image *image, const char *options)
{
	return mount_at(&image->context, "/image", "/mnt", "ffs", MOUNT_READ_ONLY, options);
}

int
ffs_image_unmount(struct ffs_image *image)
{
	return unmount_at(&image->context, "/mnt", 0);
}

void
ffs_image_must_mount(struct ffs_image *image)
{
	assert_int_equal(ffs_image_mount(image, ""), 0);
}

void
ffs_image_must_mount_writable(struct ffs_image *image)
{
	int error = mount_at(&image->context, "/image", "/mnt", "ffs", 0, "");

	if (error != 0)
		fail_msg("mount: %d\n%.1000s", error, image->host.console);
}

void
ffs_image_must_be_clean(struct ffs_image *image)
{
	struct ffs_check *check = malloc(sizeof(*check));

	assert_int_equal(ffs_image_unmount(image), 0);
	if (ffs_check(image->fake.content, image->fake.dev.size, &image->sb, check) > 0)
		fail_msg("%u flaws:\n%s\n%.1000s", check->flaw_count, check->report,
		    image->host.console);
	free(check);
}

uint8_t *
ffs_image_at(struct ffs_image *image, uint64_t fragment)
{
	return image->fake.content + fragment * image->sample.fragment_size;
}

uint64_t
ffs_image_root(const struct ffs_image *image)
{
	return image->sb.data_offset + image->sb.fragments_per_block;
}

uint64_t
ffs_image_free(const struct ffs_image *image)
{
	return ffs_image_root(image) + image->sb.fragments_per_block;
}

uint8_t *
ffs_image_inode(struct ffs_image *image, uint32_t ino)
{
	return ffs_image_at(image, 256) + (size_t)ino * image->sb.inode_size;
}

void
ffs_image_put_inode(struct ffs_image *image, uint32_t ino, unsigned mode, uint64_t size,
    uint64_t sector_count)
{
	uint8_t *bytes = ffs_image_inode(image, ino);
	enum byte_order order = image->sample.order;

	memset(bytes, 0, image->sb.inode_size);
	store16(bytes + 0, (uint16_t)mode, order);
	store16(bytes + 2, 1, order);
	if (image->sample.version == FFS_UFS2) {
		store64(bytes + 16, size, order);
		store64(bytes + 24, sector_count, order);
	} else {
		store64(bytes + 8, size, order);
		store32(bytes + 104, (uint32_t)sector_count, order);
	}
}

void
ffs_image_put_pointer(struct ffs_image *image, uint32_t ino, unsigned number, uint64_t fragment)
{
	uint8_t *bytes = ffs_image_inode(image, ino);

	if (image->sample.version == FFS_UFS2)
		store64(bytes + 112 + 8 * number, fragment, image->sample.order);
	else
		store32(bytes + 40 + 4 * number, (uint32_t)fragment, image->sample.order);
}

void
ffs_image_put_indirect(struct ffs_image *image, uint64_t at, uint32_t index, uint64_t fragment)
{
	uint8_t *bytes = ffs_image_at(image, at);

	if (image->sample.version == FFS_UFS2)
		store64(bytes + 8 * index, fragment, image->sample.order);
	else
		store32(bytes + 4 * index, (uint32_t)fragment, image->sample.order);
}

uint32_t
ffs_image_put_entry(struct ffs_image *image, uint64_t fragment, uint32_t offset, uint32_t length,
    uint32_t ino, const char *name)
{
	uint8_t *bytes = ffs_image_at(image, fragment) + offset;
	size_t name_length = string_length(name, 256);

	if (length == 0)
		length = 512 - offset % 512;
	memset(bytes, 0, length);
	store32(bytes, ino, image->sample.order);
	store16(bytes + 4, (uint16_t)length, image->sample.order);
	if (image->sb.has_old_inodes)
		store16(bytes + 6, (uint16_t)name_length, image->sample.order);
	else
		bytes[7] = (uint8_t)name_length;
	memcpy(bytes + 8, name, name_length);
	return offset + length;
}

void
ffs_image_put_directory(struct ffs_image *image, uint32_t ino, uint64_t fragment, uint32_t parent)
{
	uint32_t size = image->sample.fragment_size;

	ffs_image_put_inode(image, ino, 0040755, size, size / 512);
	ffs_image_put_pointer(image, ino, 0, fragment);
	for (uint32_t offset = 0; offset < size; offset += 512)
		ffs_image_put_entry(image, fragment, offset, 0, 0, "");
	ffs_image_put_entry(image, fragment, 0, 12, ino, ".");
	ffs_image_put_entry(image, fragment, 12, 12, parent, "..");
	ffs_image_put_entry(image, fragment, 24, 0, 0, "");
}

/* Blocks at the first that are free, and an empty journal in them. */
static void
put_journal(struct ffs_image *image, uint8_t *superblock, uint32_t count)
{
	uint32_t step = image->sb.fragments_per_block, size = count * image->sb.block_size;
	uint64_t indirect = ffs_image_free(image), first = indirect + step;
	struct ffs_journal journal = {
		.place = FFS_JOURNAL_INSIDE_FS,
		.offset = first * image->sb.fragment_size,
		.size = size,
		.block_size = FFS_SECTOR_SIZE,
		.ino = 3,
	};

	ffs_image_put_inode(image, 3, 0100600, size,
	    (size + image->sb.block_size) / FFS_SECTOR_SIZE);
	ffs_image_put_pointer(image, 3, FFS_DIRECT_COUNT, indirect);
	for (uint32_t i = 0; i < count; i++) {
		if (i < FFS_DIRECT_COUNT)
			ffs_image_put_pointer(image, 3, i, first + i * (uint64_t)step);
		else
			ffs_image_put_indirect(image, indirect, i - FFS_DIRECT_COUNT,
			    first + i * (uint64_t)step);
	}
	ffs_journal_format(&journal, image->sample.order, (struct ffs_time){ 0 },
	    ffs_image_at(image, first));
	ffs_journal_describe(&journal, image->sample.order, superblock);
}

void
ffs_image_create_journaled(struct ffs_image *image, const struct sample *sample, uint32_t count)
{
	uint8_t *superblock;

	ffs_image_create_writable(image, sample, SAMPLE_MODERN);
	if (count == 0)
		return;
	superblock = image->fake.content + sample_location(sample);
	put_journal(image, superblock, count);
	sample_decode(superblock, sample, &image->sb);
	ffs_check_rebuild(image->fake.content, image->fake.dev.size, &image->sb);
}

bool
ffs_image_said(const struct ffs_image *image, const char *text)
{
	size_t length = string_length(text, 256);

	for (size_t i = 0; i + length <= image->host.console_length; i++)
		if (memcmp(image->host.console + i, text, length) == 0)
			return true;
	return false;
}
