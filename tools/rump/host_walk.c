/* Walking a directory tree of the host, in the order of bytes. */
#include "tools/rump/host_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"

static int
by_bytes(const struct entry *left, const struct entry *right, const void *context)
{
	(void)context;
	return strcmp(left->name, right->name);
}

bool
host_walk_begin(struct host_walk *walk, const char *directory, const struct stat *skip)
{
	static const struct walk_plan plan = {
		.hidden = LISTING_NOT_DOTS,
		.wants_stat = true,
		.compare = by_bytes,
	};

	*walk = (struct host_walk){ .skip = skip };
	walk->top = (struct location){
		.files = &host_files,
		.path = memory_string(directory),
		.shown = memory_string(directory),
		.prefix = memory_string(""),
	};
	if (stat(directory, &walk->st) == 0 && !S_ISDIR(walk->st.st_mode))
		errno = ENOTDIR;
	else if (walk->st.st_mode != 0)
		return walk_begin(&walk->walk, &walk->top, &plan);
	report_unable("cannot open %s: %s", directory, strerror(errno));
	return false;
}

static bool
is_skipped(const struct host_walk *walk, const struct stat *st)
{
	const struct stat *skip = walk->skip;

	return skip != NULL && skip->st_ino == st->st_ino && skip->st_dev == st->st_dev;
}

struct entry *
host_walk_next(struct host_walk *walk)
{
	struct entry *entry;

	do {
		entry = walk_next(&walk->walk);
	} while (entry != NULL && (!entry->has_stat || is_skipped(walk, &entry->st)));
	return entry;
}

void
host_walk_end(struct host_walk *walk)
{
	walk_end(&walk->walk);
	free(walk->top.path);
	free(walk->top.shown);
	free(walk->top.prefix);
}
