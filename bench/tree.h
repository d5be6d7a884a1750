/* A tree of many files on the host, made once and kept for the next run. */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stddef.h>

struct bench_tree {
	const char *path;
	int directories;
	int files; /* in each directory */

	/* The size of the next file, at most BENCH_FILE_MAX; context is passed on. */
	size_t (*size)(void *context, int directory, int file);
	void *context;
};

#define BENCH_FILE_MAX ((size_t)4 << 20)

/* Have the tree: it is made unless its path is there. */
void bench_tree_have(const struct bench_tree *tree);

#endif
