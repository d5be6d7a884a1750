/*
 * "rump mkfs -d" of a tree of 20,000 files with 500 MB, against makefs, which also
 * makes an FFS, and "mke2fs -d", which makes an ext4: each from the start of the
 * process to its end, everything in the host's cache.  The tree is made below
 * $BUILD_ROOT and kept for the next run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/tree.h"

#define DIRECTORIES 200
#define FILES	    100 /* in each */
#define SIZE_LEAST  4500
#define RUNS	    7

struct places {
	char tree[4096];
	char ours[4096];
	char theirs[4096];
	char rump[4096];
};

static double
make_ours(void *context)
{
	struct places *places = context;

	unlink(places->ours);
	return bench_run(
	    (const char *[]){ places->rump, "mkfs", "-q", "-d", places->tree, places->ours, NULL });
}

static double
make_makefs(void *context)
{
	struct places *places = context;

	unlink(places->theirs);
	return bench_run((const char *[]){ "makefs", "-t", "ffs", "-o", "version=2", "-b", "5%",
	    "-f", "5%", places->theirs, places->tree, NULL });
}

static double
make_mke2fs(void *context)
{
	struct places *places = context;

	unlink(places->theirs);
	return bench_run((const char *[]){ "/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d",
	    places->tree, places->theirs, "700m", NULL });
}

/* The same sizes each time: most are small, some are many times the mean. */
static size_t
size_next(void *context, int directory, int file)
{
	uint64_t *state = context;
	uint64_t value = *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	size_t size = SIZE_LEAST;

	(void)directory;
	(void)file;
	for (value >>= 33; (value & 1) != 0 && size < 256 * (size_t)SIZE_LEAST; value >>= 1)
		size *= 2;
	return size + (size_t)(value % size) / 2;
}

int
main(void)
{
	const char *build = getenv("BUILD_ROOT");
	struct places places;
	struct bench_pair pair = {
		.what = "20,000 files, 500 MB, against makefs",
		.unit = "ms",
		.bound = "(goal: 1 or less)",
		.ours = make_ours,
		.theirs = make_makefs,
		.context = &places,
		.runs = RUNS,
	};
	uint64_t state = 1;
	struct bench_tree tree = { places.tree, DIRECTORIES, FILES, size_next, &state };

	build = build != NULL ? build : ".";
	snprintf(places.tree, sizeof(places.tree), "%s/bench-mkfs", build);
	snprintf(places.ours, sizeof(places.ours), "%s/bench-mkfs-ours.img", build);
	snprintf(places.theirs, sizeof(places.theirs), "%s/bench-mkfs-theirs.img", build);
	snprintf(places.rump, sizeof(places.rump), "%s/rump", build);
	bench_tree_have(&tree);
	bench_table("mkfs: an image of a directory tree");
	make_ours(&places);
	make_makefs(&places);
	bench_compare(&pair);
	pair.what = "the same, against mke2fs -d";
	pair.theirs = make_mke2fs;
	bench_compare(&pair);
	unlink(places.ours);
	unlink(places.theirs);
	return 0;
}
