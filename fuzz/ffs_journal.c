/*
 * Any bytes as the journal of a file system that is mounted to be written.
 *
 * The file system is made here, with its journal behind it.  An input is runs of a
 * 16-bit number of a sector, a 16-bit length, both little-endian, and the bytes,
 * which are laid on the journal; or, with the number's highest bit, on the file
 * system.  What is replayed may be anything; then some files are made, changed and
 * removed.  Whatever comes of it, nothing is written in front of the superblock,
 * where others have their boot blocks, and nothing is left in memory.
 */
#include "base/math.h"
#include "fuzz/store.h"
#include "vfs/upkeep.h"

#define DEVICE_SIZE  ((uint64_t)4 << 20)
#define JOURNAL_SIZE ((uint64_t)1 << 20)
#define BOOT_SIZE    8192
#define HEADER	     4 /* of a run */
#define ON_FS	     0x8000
#define FILES	     12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t content[DEVICE_SIZE];
static uint8_t fresh[DEVICE_SIZE]; /* as the file system was made */
static bool is_made;

static void
lay_out(const uint8_t *data, size_t size)
{
	memcpy(content, fresh, sizeof(content));
	while (size >= HEADER) {
		uint64_t sector = load_le16(data), length = load_le16(data + 2);
		uint64_t offset = (sector & ~(uint64_t)ON_FS) * STORE_SECTOR;

		if ((sector & ON_FS) == 0)
			offset += DEVICE_SIZE - JOURNAL_SIZE;
		data += HEADER;
		size -= HEADER;
		length = min_u64(length, size);
		if (offset >= BOOT_SIZE && offset < DEVICE_SIZE)
			memcpy(content + offset, data, min_u64(length, DEVICE_SIZE - offset));
		data += length;
		size -= length;
	}
}

static int
sync_file(struct vnode *vnode)
{
	struct write_errors_told told = { 0 };

	return vnode_sync(vnode, false, &told);
}

/* Some of everything; damage may be met anywhere. */
static void
change(const struct path_context *context)
{
	char path[] = "/mnt/a", to[] = "/mnt/A";
	struct file_writer writer = { .credential = context->credential, .size_limit = UINT64_MAX };
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };

	(void)!namespace_create(context, "/mnt/dir", &directory);
	for (unsigned i = 0; i < FILES; i++) {
		struct vnode *vnode;

		path[5] = (char)('a' + i);
		to[5] = (char)('A' + i);
		if (namespace_open(context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644, &vnode) != 0)
			continue;
		(void)!fuzz_store_write(context, vnode, i % 3 * 60000, 5000 * i);
		if (i % 4 == 0)
			(void)!sync_file(vnode);
		if (i % 4 == 1)
			(void)!file_truncate(vnode, 3000, &writer);
		vnode_put(vnode);
		if (i % 2 == 0)
			(void)!namespace_unlink(context, path);
		else
			(void)!namespace_rename(context, path, context, to, 0);
	}
	(void)!namespace_rmdir(context, "/mnt/dir");
}

static void
run(const struct path_context *context)
{
	if (!is_made) {
		ASSERT(fs_make_at(context, "/image", "ffs",
			   "version=1,block=4096,fragment=512,journal=1048576") == 0);
		memcpy(fresh, content, sizeof(fresh));
		is_made = true;
	}
	if (mount_at(context, "/image", "/mnt", "ffs", 0, "") != 0)
		return;
	change(context);
	(void)!unmount_at(context, "/mnt", 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_store store = { .dev.size = DEVICE_SIZE, .content = content };

	if (is_made)
		lay_out(data, size);
	fuzz_store_open(&store);
	run(&store.context);
	fuzz_store_close(&store);
	ASSERT(memcmp(content, fresh, BOOT_SIZE) == 0);
	return 0;
}
