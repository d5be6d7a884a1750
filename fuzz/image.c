/*
 * Whole images through the whole system: a kernel is created, mounts the image,
 * walks and reads it by system calls, and is destroyed.
 *
 * An input is an image without its zeros, as fuzz/ffs_mount.c has it: runs of a
 * 16-bit sector number, a 16-bit length, both little-endian, and the bytes; or,
 * if the sector number is 0xffff, the number of sectors that the image has,
 * which is then mounted with option partial.  A run never moves when the one
 * before it is mutated, since mutations keep lengths.
 *
 * Whatever comes of it: errors are those that damage explains, and nothing is
 * left when the kernel is gone.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "base/endian.h"
#include "base/math.h"
#include "fuzz/kernel.h"
#include "tests/memory_store.h"
#include "tests/random.h"
#include "tests/walk.h"

#define IMAGE_SIZE   ((uint64_t)2 << 20)
#define SECTOR	     512
#define HEADER	     4 /* of a run */
#define END_RUN	     0xffff
#define MEMORY_LIMIT ((uint64_t)8 << 20)
#define OBJECT_MAX   100
#define BYTE_MAX     16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

/* ---- inputs ----------------------------------------------------------------------------- */

struct run {
	uint64_t sector;
	size_t offset; /* of its bytes in the input */
	size_t length;
};

/* The run at *at of an input, which is advanced; false at the end. */
static bool
next_run(const uint8_t *data, size_t size, size_t *at, struct run *out)
{
	if (*at > size || size - *at < HEADER)
		return false;
	*out = (struct run){ .sector = load_le16(data + *at), .offset = *at + HEADER };
	out->length = load_le16(data + *at + 2);
	if (out->sector != END_RUN)
		out->length = (size_t)min_u64(out->length, size - out->offset);
	*at = out->offset + (out->sector == END_RUN ? 0 : out->length);
	return true;
}

/* Put the runs in their places, or zeros in place of them; the size of the image. */
static uint64_t
lay_out(uint8_t *image, const uint8_t *data, size_t size, bool is_to_be_cleared)
{
	uint64_t image_size = IMAGE_SIZE;
	struct run run;
	size_t at = 0;

	while (next_run(data, size, &at, &run)) {
		uint64_t offset = run.sector * SECTOR;

		if (run.sector == END_RUN)
			image_size = min_u64(run.length * SECTOR, IMAGE_SIZE);
		else if (offset < IMAGE_SIZE && is_to_be_cleared)
			memset(image + offset, 0, min_u64(run.length, IMAGE_SIZE - offset));
		else if (offset < IMAGE_SIZE)
			memcpy(image + offset, data + run.offset,
			    min_u64(run.length, IMAGE_SIZE - offset));
	}
	return image_size;
}

/* Change some bytes of one run, where they are; now and then anything. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
	struct random random = { seed };
	size_t at = 0, start, length;
	struct run run, chosen = { .length = 0 };

	for (uint64_t count = 1; next_run(data, size, &at, &run); count++)
		if (run.sector != END_RUN && random_below(&random, count) == 0)
			chosen = run;
	if (chosen.length == 0 || random_below(&random, 20) == 0)
		return LLVMFuzzerMutate(data, size, size_max);
	start = random_below(&random, chosen.length) & ~(size_t)3;
	length = (size_t)1 << random_below(&random, 7);
	length = (size_t)min_u64(length, chosen.length - start);
	LLVMFuzzerMutate(data + chosen.offset + start, length, length);
	return size;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static void
visit(const char *options)
{
	struct walk walk = { .reads_files = true, .object_max = OBJECT_MAX, .byte_max = BYTE_MAX };

	if (rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, options) != 0) {
		ASSERT(errno == EUCLEAN || errno == EIO || errno == EINVAL);
		return;
	}
	walk_tree(&walk, "/mnt");
	ASSERT(walk.unexpected == 0);
	ASSERT(rump_sys_umount2("/mnt", 0) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[IMAGE_SIZE];
	struct memory_store store = { .bytes = image };
	struct rump_kernel *kernel;

	store.size = lay_out(image, data, size, false);
	kernel = fuzz_kernel_create(&store, MEMORY_LIMIT);
	visit(store.size < IMAGE_SIZE ? "partial" : "");
	ASSERT(rump_pub_etfs_remove("/dev/disk") == 0);
	ASSERT(rump_kernel_destroy(kernel) == 0);
	lay_out(image, data, size, true);
	return 0;
}
