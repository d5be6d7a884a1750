/*
 * Archives: mount, walk, read every file, unmount.
 *
 * An input is an archive as it is.  It is mounted as what it claims to be, and
 * if that is refused as damaged, once more for what can be shown of it.
 * Whatever comes of it: errors are those that damage explains, and nothing is
 * left when the kernel is gone.
 *
 * Nearly all of a header is digits, so a mutation changes some digits to others
 * where they are; now and then it is the fuzzer's own, which makes no headers.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "base/compiler.h"
#include "base/math.h"
#include "fs/cpio/header.h"
#include "fuzz/kernel.h"
#include "tests/memory_store.h"
#include "tests/random.h"
#include "tests/walk.h"

#define ARCHIVE_MAX  ((size_t)64 << 10)
#define SECTOR	     512
#define MAGIC_SIZE   6
#define FIELD_SIZE   8
#define MEMORY_LIMIT ((uint64_t)8 << 20)
#define OBJECT_MAX   100
#define BYTE_MAX     16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

/* The offset of one of the headers, or size if there is none. */
static size_t
choose_header(const uint8_t *data, size_t size, struct random *random)
{
	size_t chosen = size;
	uint64_t count = 0;

	for (size_t at = 0; at + CPIO_HEADER_SIZE <= size; at += CPIO_ALIGNMENT)
		if (memcmp(data + at, "07070", MAGIC_SIZE - 1) == 0 &&
		    random_below(random, ++count) == 0)
			chosen = at;
	return chosen;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
	static const char digits[] = "0123456789ABCDEF";
	struct random random = { seed };
	size_t header = choose_header(data, size, &random);
	uint8_t *field;

	if (header == size || random_below(&random, 4) == 0)
		return LLVMFuzzerMutate(data, size, size_max);
	field = data + header + MAGIC_SIZE;
	field += random_below(&random, (CPIO_HEADER_SIZE - MAGIC_SIZE) / FIELD_SIZE) * FIELD_SIZE;
	do
		field[random_below(&random, FIELD_SIZE)] = digits[random_below(&random, 16)];
	while (random_below(&random, 3) != 0);
	return size;
}

/* Mount and look at everything; false if it is damaged. */
static bool
visit(const char *options)
{
	struct walk walk = { .reads_files = true, .object_max = OBJECT_MAX, .byte_max = BYTE_MAX };

	if (rump_sys_mount("/dev/disk", "/mnt", "cpio", MS_RDONLY, options) != 0) {
		ASSERT(errno == EUCLEAN || errno == EINVAL || errno == ENOMEM);
		return errno != EUCLEAN;
	}
	walk_tree(&walk, "/mnt");
	ASSERT(walk.unexpected == 0);
	ASSERT(walk.damage_count == 0);
	ASSERT(rump_sys_umount2("/mnt", 0) == 0);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t archive[ARCHIVE_MAX];
	struct memory_store store = { .bytes = archive };
	struct rump_kernel *kernel;

	size = (size_t)min_u64(size, ARCHIVE_MAX);
	store.size = round_up(size, SECTOR);
	memcpy(archive, data, size);
	memset(archive + size, 0, (size_t)store.size - size);
	kernel = fuzz_kernel_create(&store, MEMORY_LIMIT);
	if (!visit("verify"))
		ASSERT(visit("verify,partial"));
	ASSERT(rump_pub_etfs_remove("/dev/disk") == 0);
	ASSERT(rump_kernel_destroy(kernel) == 0);
	return 0;
}
