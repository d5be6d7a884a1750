/*
 * Whole images: mount, walk the tree, map and read every file.
 *
 * An input is an image without its zeros: runs of a 16-bit sector number, a
 * 16-bit length, both little-endian, and the bytes.  They are laid on a device
 * of 2 MiB that is zero elsewhere, or, if the first sector number is 0xffff,
 * that ends after the length's number of sectors (mounted with option partial).
 * Whatever comes of it, nothing may be left in memory after unmounting.
 */
#include "base/math.h"
#include "fuzz/store.h"

#define DEVICE_SIZE ((uint64_t)2 << 20)
#define HEADER	    4	      /* of a run */
#define DEPTH_MAX   20	      /* of directories */
#define WORK_MAX    3000      /* names and extents; more would only be slow */
#define READ_MAX    (1 << 16) /* bytes of each extent */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t content[DEVICE_SIZE];

/* Lay the input out; the options that the image is to be mounted with. */
static const char *
lay_out(struct block_dev *dev, const uint8_t *data, size_t size)
{
	const char *options = "";

	memset(content, 0, sizeof(content));
	while (size >= HEADER) {
		uint64_t sector = load_le16(data), length = load_le16(data + 2);
		uint64_t offset = sector * STORE_SECTOR;

		data += HEADER;
		size -= HEADER;
		if (sector == 0xffff) {
			dev->size = min_u64(length * STORE_SECTOR, DEVICE_SIZE);
			options = "partial";
			continue;
		}
		length = min_u64(length, size);
		if (offset < DEVICE_SIZE)
			memcpy(content + offset, data, min_u64(length, DEVICE_SIZE - offset));
		data += length;
		size -= length;
	}
	return options;
}

/* A few names of a directory. */
struct names {
	struct directory_sink sink;
	unsigned count;
	uint8_t lengths[16];
	char bytes[16][NAME_LENGTH_MAX];
};

static bool
add_name(struct directory_sink *sink, struct name name, uint64_t ino, enum vnode_type type,
    uint64_t next)
{
	struct names *names = container_of(sink, struct names, sink);

	if (names->count == ARRAY_SIZE(names->lengths))
		return false;
	ASSERT(name.length > 0 && name.length <= NAME_LENGTH_MAX);
	memcpy(names->bytes[names->count], name.bytes, name.length);
	names->lengths[names->count++] = (uint8_t)name.length;
	return true;
}

static void
read_file(struct vnode *vnode, unsigned *work)
{
	static uint8_t buffer[READ_MAX];
	uint64_t size = vnode->attributes.size;
	struct extent extent;

	for (uint64_t offset = 0; offset < size && ++*work < WORK_MAX; offset += extent.length) {
		struct segment segment = { buffer, sizeof(buffer) };

		if (vnode_map_extent(vnode, offset, size - offset, EXTENT_READ, &extent) != 0)
			return;
		ASSERT(extent.offset == offset && extent.length > 0);
		ASSERT(extent.length <= size - offset);
		if (extent.is_hole)
			continue;
		segment.length = (size_t)min_u64(round_up(extent.length, STORE_SECTOR), READ_MAX);
		ASSERT(vnode_read_store(vnode, round_down(extent.address, STORE_SECTOR), &segment,
			   1) == 0);
	}
}

static void visit(struct vnode *vnode, unsigned depth, unsigned *work);

static void
visit_directory(struct vnode *dir, unsigned depth, unsigned *work)
{
	struct names names = { .sink = { .add = add_name } };
	uint64_t position = 0;

	do {
		names.count = 0;
		if (vnode_read_directory(dir, &position, &names.sink) != 0)
			return;
		for (unsigned i = 0; i < names.count && ++*work < WORK_MAX; i++) {
			struct name name = { names.bytes[i], names.lengths[i] };
			struct vnode *vnode;

			if (name_equal(name, NAME(".")) || name_equal(name, NAME("..")))
				continue;
			if (vnode_lookup(dir, name, &vnode) != 0)
				continue;
			if (depth < DEPTH_MAX)
				visit(vnode, depth + 1, work);
			vnode_put(vnode);
		}
	} while (names.count > 0 && *work < WORK_MAX);
}

static void
visit(struct vnode *vnode, unsigned depth, unsigned *work)
{
	char target[PATH_LENGTH_MAX];
	size_t length;

	rwlock_lock_shared(&vnode->lock);
	if (vnode->type == VNODE_DIRECTORY)
		visit_directory(vnode, depth, work);
	else if (vnode->type == VNODE_REGULAR)
		read_file(vnode, work);
	else if (vnode->type == VNODE_SYMLINK &&
		 vnode_read_link(vnode, target, sizeof(target), &length) == 0)
		ASSERT(length <= sizeof(target));
	rwlock_unlock_shared(&vnode->lock);
}

/* Mount the device on /mnt and look at all of it. */
static void
visit_image(const struct path_context *context, const char *options)
{
	struct vnode *root;
	unsigned work = 0;

	if (mount_at(context, "/image", "/mnt", "auto", MOUNT_READ_ONLY, options) != 0)
		return;
	ASSERT(lookup(context, "/mnt", 0, &root) == 0);
	visit(root, 0, &work);
	vnode_put(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_store store = {
		.dev = { .size = DEVICE_SIZE, .is_read_only = true },
		.content = content,
	};
	const char *options = lay_out(&store.dev, data, size);

	fuzz_store_open(&store);
	visit_image(&store.context, options);
	fuzz_store_close(&store);
	return 0;
}
