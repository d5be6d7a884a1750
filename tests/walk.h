/*
 * Walks whatever is mounted, as tests of damaged images do: looks at every
 * object in every way there is, reads every byte, and gives up where an honest
 * program would.  Bounded in everything, whatever the image claims.
 */
#ifndef TESTS_WALK_H
#define TESTS_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct walk {
	bool reads_files;      /* content too, not only names and attributes */
	uint64_t object_max;   /* objects to look at */
	uint64_t byte_max;     /* bytes to read, of each file */
	uint64_t object_count; /* out: objects looked at */
	uint64_t error_count;  /* out: calls that failed */
	uint64_t damage_count; /* out: of them, for damage that the kernel logs */
	int unexpected;	       /* out: an errno that no damage explains, or 0 */
};

/* Walk the tree below the directory path of the calling thread's kernel. */
void walk_tree(struct walk *walk, const char *path);

#endif
