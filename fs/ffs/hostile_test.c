/*
 * Writing to damaged file systems: an image with everything in it is spoilt in a
 * few places, of which the layout knows, mounted all the same, and changed in
 * every way there is.  Nothing may crash, hang or leak; what cannot be done is an
 * error, and ends writing at most.
 *
 *	DAMAGE_SEED=n		run only that case, and tell about it
 *
 * DAMAGE_COUNT is how many there are, DAMAGE_FIRST the first (0).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/uio.h"
#include "tests/fake_fs.h"
#include "tests/ffs_image.h"
#include "tests/random.h"
#include "vfs/file_io.h"
#include "vfs/namespace.h"
#include "vfs/xattr.h"

#define COUNT	   150
#define STEPS	   40
#define PATHS	   12
#define PATH_SIZE  40
#define WRITE_SIZE 30000

static const struct sample samples[] = {
	{ FFS_UFS2, ORDER_LITTLE, 4096, 512, 1 },
	{ FFS_UFS1, ORDER_BIG, 4096, 1024, 1 },
};
static const enum sample_age ages[] = { SAMPLE_MODERN, SAMPLE_43BSD };

static struct ffs_image image;
static struct random random_state;
static uint8_t data[WRITE_SIZE];
static bool is_told;

static uint64_t
below(uint64_t count)
{
	return random_below(&random_state, count);
}

static void
path_of(uint64_t number, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, number % 2 == 0 ? "/mnt/%u" : "/mnt/d/%u", (unsigned)number);
}

/* ---- one change ------------------------------------------------------------------------- */

static int
write_some(struct vnode *vnode, uint64_t offset, size_t size)
{
	struct file_writer writer = { .credential = image.root, .size_limit = UINT64_MAX };
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, data, size);
	return file_write(vnode, &uio, &offset, &writer);
}

static int
read_some(struct vnode *vnode, uint64_t offset)
{
	static uint8_t got[WRITE_SIZE];
	struct address_space space;
	struct uio_range range;
	struct uio uio;

	uio_init_kernel(&uio, &space, &range, got, sizeof(got));
	return file_read(vnode, &uio, offset);
}

/* To the content and attributes of a file, which may turn out to be anything. */
static int
change_file(const char *path)
{
	struct file_writer writer = { .credential = image.root, .size_limit = UINT64_MAX };
	static const unsigned modes[] = { 0, 1, 3, 3, 16, 17 };
	uint64_t offset = below(3) == 0 ? below((uint64_t)1 << 33) : below(400000);
	struct attribute_change change = { .mask = SET_PERMISSIONS, .permissions = 0640 };
	struct vnode *vnode;
	int error =
	    namespace_open(&image.context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644, &vnode);

	if (error < 0)
		return error;
	switch (vnode->type == VNODE_REGULAR ? below(7) : 5 + below(2)) {
	case 0:
	case 1:
		error = write_some(vnode, offset, 1 + below(WRITE_SIZE));
		break;
	case 2:
		error = file_truncate(vnode, offset, &writer);
		break;
	case 3:
		error = file_allocate(vnode, (enum allocate_mode)modes[below(6)], below(400000),
		    1 + below(200000), &writer);
		break;
	case 4:
		error = read_some(vnode, below(400000));
		break;
	case 5:
		error = xattr_set(vnode, image.root, NAME("trusted.x"), data, below(3000), 0);
		break;
	default:
		error = namespace_set_attributes(vnode, image.root, &change);
		break;
	}
	vnode_put(vnode);
	return error;
}

static int
remove_attribute(const char *path)
{
	struct vnode *vnode;
	int error = namespace_open(&image.context, path, 0, 0, &vnode);

	if (error < 0)
		return error;
	error = xattr_remove(vnode, image.root, NAME("trusted.x"));
	vnode_put(vnode);
	return error;
}

static void
step(void)
{
	const struct path_context *context = &image.context;
	char path[PATH_SIZE], other[PATH_SIZE];
	unsigned kind = (unsigned)below(12);
	int error;

	path_of(below(PATHS), path);
	path_of(below(PATHS), other);
	switch (kind) {
	case 0:
		error = namespace_unlink(context, path);
		break;
	case 1:
		error = namespace_link(context, path, context, other, 0);
		break;
	case 2:
		error = namespace_rename(context, path, context, other, 0);
		break;
	case 3:
		error = namespace_rename(context, path, context, other, RENAME_SWAP);
		break;
	case 4:
		error = namespace_create(context, path,
		    &(struct vnode_create){ .type = VNODE_DIRECTORY, .permissions = 0755 });
		break;
	case 5:
		error = namespace_rmdir(context, path);
		break;
	case 6:
		error = remove_attribute(path);
		break;
	case 7:
		error = mount_sync_all(image.kernel);
		break;
	default:
		error = change_file(path);
		break;
	}
	if (is_told)
		printf("# %u %s %s: %d\n", kind, path, other, error);
}

/* ---- one case ----------------------------------------------------------------------------- */

/* An offset in a part of the image that is read as more than data. */
static uint64_t
choose_place(void)
{
	const struct ffs_superblock *sb = &image.sb;
	uint64_t size = sb->fragment_size;

	switch (below(6)) {
	case 0:
		return sb->location + below(1376);
	case 1:
		return sb->header_offset * size + below(sb->header_size);
	case 2:
		return sb->summary_address * size + below(sb->summary_size);
	case 3:
	case 4:
		return sb->inode_offset * size + below(24 * (uint64_t)sb->inode_size);
	default: /* directories, indirect blocks, extended attributes */
		return sb->data_offset * size + below(400 * size);
	}
}

static void
spoil(void)
{
	for (unsigned i = 1 + (unsigned)below(4); i > 0; i--) {
		uint64_t place = choose_place() & ~(uint64_t)3;
		uint8_t *bytes = image.fake.content + place;
		static const uint32_t values[] = { 0, 1, UINT32_MAX, INT32_MAX };
		uint32_t value = below(2) == 0 ? values[below(4)] : (uint32_t)below(17000);

		if (below(3) == 0)
			bytes[below(4)] = (uint8_t)below(256);
		else
			store32(bytes, value, image.sample.order);
		if (is_told)
			printf("# byte %llu: %u\n", (unsigned long long)place, value);
	}
}

static void
run_case(unsigned seed)
{
	int error;

	random_state.state = seed;
	spoil();
	error = mount_at(&image.context, "/image", "/mnt", "ffs", 0, "force");
	if (is_told)
		printf("# mount: %d\n", error);
	if (error < 0)
		return;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	error = ffs_image_unmount(&image);
	if (error < 0 && error != -EIO && error != -EUCLEAN && error != -ENOSPC && error != -EROFS)
		fail_msg("case %u: unmount: %d", seed, error);
}

/* A file system with files of every level of pointers and attributes. */
static void
populate(size_t sample)
{
	char path[PATH_SIZE];

	ffs_image_create_writable(&image, &samples[sample], ages[sample]);
	ffs_image_must_mount_writable(&image);
	make_directory(&image.context, "/mnt/d", 0755);
	make_link(&image.context, "/mnt/short", "target");
	for (uint64_t i = 0; i < PATHS - 2; i++) {
		struct vnode *vnode;

		path_of(i, path);
		make_file(&image.context, path, 0644);
		vnode = must_find(&image.context, path);
		assert_int_equal(write_some(vnode, 0, 1000 * i), 0);
		if (i % 3 == 0)
			assert_int_equal(write_some(vnode, i * 1000000, 5000), 0);
		if (i % 3 == 1 && image.sb.version == FFS_UFS2)
			assert_int_equal(xattr_set(vnode, image.root, NAME("trusted.x"), data,
					     300 * i, 0),
			    0);
		vnode_put(vnode);
	}
	ffs_image_must_be_clean(&image);
}

static void
damage_is_survived(void **state)
{
	const char *only = getenv("DAMAGE_SEED"), *count = getenv("DAMAGE_COUNT"),
		   *first = getenv("DAMAGE_FIRST");
	unsigned begin = first != NULL ? (unsigned)atoi(first) : 0;
	unsigned end = begin + (count != NULL ? (unsigned)atoi(count) : COUNT);

	is_told = only != NULL;
	if (is_told) {
		begin = (unsigned)atoi(only);
		end = begin + 1;
	}
	for (size_t s = 0; s < ARRAY_SIZE(samples); s++) {
		uint8_t *whole;

		populate(s);
		whole = malloc(image.fake.dev.size);
		memcpy(whole, image.fake.content, image.fake.dev.size);
		for (unsigned seed = begin; seed < end; seed++) {
			memcpy(image.fake.content, whole, image.fake.dev.size);
			run_case(seed);
		}
		free(whole);
		ffs_image_destroy(&image);
	}
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
