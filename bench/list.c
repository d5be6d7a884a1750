/*
 * "rump ls -lR" of an image with 20,000 files, against "ls -lR" of the same
 * tree on the host's file system: both from the start of the process to its
 * end, output thrown away, everything in the host's cache.  The tree and, with
 * makefs, the image are made below $BUILD_ROOT and kept for the next run.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "bench/tree.h"

#define DIRECTORIES 100
#define FILES	    200 /* in each */
#define RUNS	    15

struct places {
	char tree[4096];
	char image[4096];
	char rump[4096];
};

static double
list_image(void *context)
{
	struct places *places = context;

	return bench_run((const char *[]){ places->rump, "ls", "-lR", places->image, NULL });
}

static double
list_tree(void *context)
{
	struct places *places = context;

	return bench_run((const char *[]){ "ls", "-lR", places->tree, NULL });
}

static size_t
size_of(void *context, int directory, int file)
{
	(void)context;
	return (size_t)(directory + file) % 64;
}

/* makefs writes damaged images with most other choices for so many small files. */
static void
image_make(struct places *places)
{
	char new_image[4200];

	snprintf(new_image, sizeof(new_image), "%s.new", places->image);
	bench_run((const char *[]){ "makefs", "-t", "ffs", "-s", "100m", "-o",
	    "version=2,bsize=16384,fsize=2048,density=2048", new_image, places->tree, NULL });
	if (rename(new_image, places->image) < 0)
		err(1, "%s", places->image);
}

int
main(void)
{
	const char *build = getenv("BUILD_ROOT");
	struct places places;
	struct bench_pair pair = {
		.what = "list 20,000 files with attributes",
		.unit = "ms",
		.bound = "(goal: 1 or less)",
		.ours = list_image,
		.theirs = list_tree,
		.context = &places,
		.runs = RUNS,
	};
	struct bench_tree tree = { places.tree, DIRECTORIES, FILES, size_of, NULL };
	struct stat st;

	build = build != NULL ? build : ".";
	snprintf(places.tree, sizeof(places.tree), "%s/bench-list", build);
	snprintf(places.image, sizeof(places.image), "%s/bench-list.img", build);
	snprintf(places.rump, sizeof(places.rump), "%s/rump", build);
	if (stat(places.image, &st) < 0) {
		bench_tree_have(&tree);
		image_make(&places);
	}
	bench_table("list: rump ls -lR, against ls -lR on the host's file system");
	list_image(&places);
	list_tree(&places);
	bench_compare(&pair);
	return 0;
}
