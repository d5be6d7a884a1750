/*
 * Walking a directory tree, of an image or of the host.
 *
 * The walk is a stack of directories on the heap, as deep as the tree is.  The
 * caller decides: walk_next() hands out the entries of the present directory in
 * order, walk_enter() goes down into one, walk_leave() comes back up.
 *
 *	walk_begin(&walk, ...);
 *	while (walk.depth > 0) {
 *		entry = walk_next(&walk);
 *		if (entry == NULL)
 *			walk_leave(&walk);
 *		else if (entry->type == DT_DIR)
 *			walk_enter(&walk, entry->name);
 *	}
 *	walk_end(&walk);
 *
 * What fails is reported here.  A directory that turns up a second time, as it
 * may in a damaged image, is reported and not entered, so every walk ends.
 */
#ifndef TOOLS_RUMP_WALK_H
#define TOOLS_RUMP_WALK_H

#include "tools/rump/image.h"
#include "tools/rump/listing.h"
#include "tools/rump/trail.h"

/* How the entries of every directory are chosen and ordered. */
struct walk_plan {
	enum listing_hidden hidden;
	bool wants_stat; /* st of each entry; else only of those of unknown type */
	bool follows;	 /* st of what a symbolic link points to */
	bool is_silent;	 /* what fails is not reported */
	listing_compare *compare;
	const void *context;
};

struct walk_level {
	struct listing listing;
	size_t next;	    /* in listing.order */
	size_t path_length; /* of the path to this directory */
};

/* Inode numbers seen; open addressing, 0 is an empty slot. */
struct walk_seen {
	ino_t *slots;
	size_t capacity;
	size_t count;
};

struct walk {
	struct walk_plan plan;
	const struct location *location; /* where it began; borrowed */
	struct trail trail;
	struct walk_level *levels; /* those above depth keep their memory */
	size_t depth;
	size_t level_count;
	size_t level_capacity;
	char *path; /* of the present directory, as shown to the user */
	size_t path_capacity;
	struct walk_seen seen;
};

/*
 * Begin in the directory that location names.  False if it cannot be opened or
 * read.  walk_end() is needed in any case.
 */
bool walk_begin(struct walk *walk, const struct location *location, const struct walk_plan *plan);

/* Go down into the directory name.  False if it cannot be entered. */
bool walk_enter(struct walk *walk, const char *name);

/* The next entry of the present directory, NULL after the last one. */
struct entry *walk_next(struct walk *walk);

/* Whether what walk_next() gave is the last entry of its directory. */
bool walk_is_last(const struct walk *walk);

/* Back to the directory above; from the first one, the walk is over. */
void walk_leave(struct walk *walk);

void walk_end(struct walk *walk);

/* The entries of the present directory. */
struct listing *walk_listing(struct walk *walk);

/* The present directory's descriptor. */
int walk_directory(const struct walk *walk);

/* The path of name in the present directory; valid until the walk moves. */
const char *walk_path_of(struct walk *walk, const char *name);

/* Report that what, like "cannot read", failed for name in the present directory. */
void walk_report(struct walk *walk, const char *what, const char *name, int error);

#endif
