/*
 * Any damage to a file system that is checked and repaired.
 *
 * The file systems are made here, one of each kind, with some of everything in
 * them.  The first byte of an input chooses one; then come runs of a 32-bit
 * little-endian word, of which the low 24 bits say where, in units of four bytes
 * of the sectors that are not all zeros, around their end, and the others how many
 * bytes follow, which are laid there.
 *
 * A check that may not write writes nothing; what it finds, a repair finds as
 * well; and what was repaired has nothing wrong with it when it is checked again,
 * unless the repair said that something is left.  Nothing is written in front of
 * the superblock, where others have their boot blocks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/math.h"
#include "fuzz/store.h"
#include "vfs/upkeep.h"
#include "vfs/xattr.h"

#define DEVICE_SIZE  ((uint64_t)4 << 20)
#define BOOT_SIZE    8192
#define HEADER	     4 /* of a run */
#define WORDS	     (STORE_SECTOR / 4)
#define FILES	     40
#define MEMORY_LIMIT ((uint64_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {
	"version=1,block=4096,fragment=512",
	"version=2,block=4096,fragment=512,order=be",
	"version=2,block=8192,fragment=1024,journal=1048576",
	"version=1,block=4096,fragment=1024,order=be,journal=1048576",
};

static uint8_t content[DEVICE_SIZE];
static uint8_t damaged[DEVICE_SIZE];
static uint8_t fresh[ARRAY_SIZE(kinds)][DEVICE_SIZE]; /* as the file systems were made */
static uint16_t used[ARRAY_SIZE(kinds)][DEVICE_SIZE / STORE_SECTOR]; /* sectors with something */
static uint32_t used_count[ARRAY_SIZE(kinds)];
static bool is_made;
static bool is_told; /* CHECK_TELL is set: print what the check says */

/* ---- good file systems --------------------------------------------------------------- */

static void
write_file(const struct path_context *context, const char *path, uint64_t offset, size_t length)
{
	struct vnode *vnode;

	ASSERT(namespace_open(context, path, OPEN_READ_WRITE | OPEN_CREATE, 0644, &vnode) == 0);
	ASSERT(fuzz_store_write(context, vnode, offset, length) == 0);
	vnode_put(vnode);
}

static void
make_directory(const struct path_context *context, const char *path)
{
	struct vnode_create directory = { .type = VNODE_DIRECTORY, .permissions = 0755 };

	ASSERT(namespace_create(context, path, &directory) == 0);
}

static void
make_link(const struct path_context *context, const char *path, const char *target)
{
	struct vnode_create link = {
		.type = VNODE_SYMLINK,
		.permissions = 0777,
		.target = name_of(target),
	};

	ASSERT(namespace_create(context, path, &link) == 0);
}

/* UFS1 has none. */
static void
set_attributes(const struct path_context *context, const char *path)
{
	static uint8_t value[900];
	char name[] = "user.a";
	struct vnode *vnode;

	ASSERT(lookup(context, path, 0, &vnode) == 0);
	for (unsigned i = 0; i < 6; i++, name[5]++)
		(void)!xattr_set(vnode, context->credential, name_of(name), value, 150 * i, 0);
	vnode_put(vnode);
}

static void
populate(const struct path_context *context)
{
	char path[] = "/mnt/dir/file-with-a-name-a";
	static char target[200];

	make_directory(context, "/mnt/dir");
	make_directory(context, "/mnt/dir/sub");
	make_directory(context, "/mnt/dir/sub/deep");
	make_directory(context, "/mnt/empty");
	memset(target, 'x', sizeof(target) - 1);
	make_link(context, "/mnt/short", "target");
	make_link(context, "/mnt/long", target);
	write_file(context, "/mnt/indirect", 50000, 20000);
	write_file(context, "/mnt/far", 5 << 20, 100);
	set_attributes(context, "/mnt/far");
	set_attributes(context, "/mnt/empty");
	write_file(context, "/mnt/dir/sub/deep/file", 0, 700);
	for (unsigned i = 0; i < FILES; i++) {
		path[sizeof(path) - 2] = (char)('A' + i);
		write_file(context, path, 0, i % 8 == 0 ? 3000 : 0);
	}
	ASSERT(namespace_link(context, path, context, "/mnt/hard", 0) == 0);
}

static void
find_used(unsigned kind)
{
	static const uint8_t zeros[STORE_SECTOR];

	for (uint32_t sector = BOOT_SIZE / STORE_SECTOR; sector < DEVICE_SIZE / STORE_SECTOR;
	     sector++)
		if (memcmp(fresh[kind] + (size_t)sector * STORE_SECTOR, zeros, STORE_SECTOR) != 0)
			used[kind][used_count[kind]++] = (uint16_t)sector;
}

static void
make_all(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fuzz_store store = { .dev.size = DEVICE_SIZE, .content = fresh[i] };
		const struct path_context *context = &store.context;

		fuzz_store_open(&store);
		ASSERT(fs_make_at(context, "/image", "ffs", kinds[i]) == 0);
		ASSERT(mount_at(context, "/image", "/mnt", "ffs", 0, "") == 0);
		populate(context);
		ASSERT(unmount_at(context, "/mnt", 0) == 0);
		fuzz_store_close(&store);
		find_used(i);
	}
	is_told = getenv("CHECK_TELL") != NULL;
	is_made = true;
}

/* ---- checking -------------------------------------------------------------------------- */

static bool
tell(void *cookie, const struct fs_problem *problem)
{
	if (is_told)
		fprintf(stderr, "%s: %d %s%s\n", (const char *)cookie, (int)problem->severity,
		    problem->text, problem->is_repaired ? "" : " (left)");
	return true;
}

static void
ignore(void *cookie, const char *what, uint64_t done, uint64_t total)
{
	ASSERT(done <= total);
}

static int
check(const struct path_context *context, enum fs_check_mode mode, char *what,
    struct fs_check_request *request)
{
	*request = (struct fs_check_request){
		.source = "/image",
		.mode = mode,
		.decide = tell,
		.progress = ignore,
		.cookie = what,
	};
	return fs_check_at(context, "ffs", request);
}

static void
check_and_repair(const struct path_context *context)
{
	char first[] = "first", repair[] = "repair", again[] = "again";
	struct fs_check_request request;
	uint64_t found;
	int error = check(context, FS_CHECK_ONLY, first, &request);

	ASSERT(memcmp(content, damaged, DEVICE_SIZE) == 0);
	ASSERT(error == 0 || error == -EINVAL || error == -ENOMEM);
	found = request.result.problems;
	ASSERT(check(context, FS_CHECK_REPAIR, repair, &request) == error);
	if (error < 0)
		return;
	ASSERT((found > 0) == (request.result.problems > 0));
	ASSERT(request.result.is_clean == (request.result.left == 0));
	if (request.result.left > 0)
		return;
	ASSERT(check(context, FS_CHECK_ONLY, again, &request) == 0);
	ASSERT(request.result.problems == 0);
}

static void
lay_out(const uint8_t *data, size_t size)
{
	unsigned kind = size == 0 ? 0 : data[0] % ARRAY_SIZE(kinds);

	memcpy(content, fresh[kind], DEVICE_SIZE);
	for (size_t at = 1; at + HEADER <= size;) {
		uint32_t word = load_le32(data + at), place = word & 0xffffff;
		uint32_t sector = used[kind][place / WORDS % used_count[kind]];
		uint64_t offset = (uint64_t)sector * STORE_SECTOR + place % WORDS * 4;
		size_t length = (size_t)min_u64(word >> 24, size - at - HEADER);

		at += HEADER;
		memcpy(content + offset, data + at, (size_t)min_u64(length, DEVICE_SIZE - offset));
		at += length;
	}
	memcpy(damaged, content, DEVICE_SIZE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_store store = {
		.dev.size = DEVICE_SIZE,
		.content = content,
		.memory_limit = MEMORY_LIMIT,
	};

	if (!is_made)
		make_all();
	lay_out(data, size);
	fuzz_store_open(&store);
	check_and_repair(&store.context);
	fuzz_store_close(&store);
	ASSERT(memcmp(content, damaged, BOOT_SIZE) == 0);
	return 0;
}
