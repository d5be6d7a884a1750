/* Walking a directory tree. */
#include "tools/rump/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

/* ---- inode numbers seen ---------------------------------------------------- */

/*
 * What stands for a directory: its inode number, moved far away from those of
 * other devices, of which the host may have several in a tree.
 */
static ino_t
seen_key(const struct trail_step *step)
{
	return step->ino + (ino_t)(step->dev * 0x9e3779b97f4a7c15ULL);
}

/* The slot of ino, or the empty one where it belongs.  Slots hold ~ino. */
static ino_t *
seen_slot(const struct walk_seen *seen, ino_t ino)
{
	uint64_t at = (uint64_t)ino * 0x9e3779b97f4a7c15ULL >> 20;

	for (;; at++) {
		ino_t *slot = &seen->slots[at & (seen->capacity - 1)];

		if (*slot == 0 || *slot == ~ino)
			return slot;
	}
}

static void
seen_grow(struct walk_seen *seen)
{
	struct walk_seen bigger = { .capacity = seen->capacity == 0 ? 256 : 2 * seen->capacity };

	bigger.slots = memory_resize(NULL, bigger.capacity, sizeof(*bigger.slots));
	memset(bigger.slots, 0, bigger.capacity * sizeof(*bigger.slots));
	bigger.count = seen->count;
	for (size_t i = 0; i < seen->capacity; i++) {
		if (seen->slots[i] != 0)
			*seen_slot(&bigger, ~seen->slots[i]) = seen->slots[i];
	}
	free(seen->slots);
	*seen = bigger;
}

/* Remember ino.  False if it was seen before. */
static bool
seen_add(struct walk_seen *seen, ino_t ino)
{
	ino_t *slot;

	if (2 * seen->count >= seen->capacity)
		seen_grow(seen);
	slot = seen_slot(seen, ino);
	if (*slot != 0)
		return false;
	*slot = ~ino;
	seen->count++;
	return true;
}

/* ---- the path of the present directory -------------------------------------- */

/* Make path the first length bytes of it and name.  Returns its new length. */
static size_t
path_set(struct walk *walk, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	bool needs_slash = length > 0 && walk->path[length - 1] != '/' && *name != '\0';
	size_t size = length + needs_slash + name_length + 1;

	if (size > walk->path_capacity) {
		walk->path_capacity = size < 256 ? 256 : 2 * size;
		walk->path = memory_resize(walk->path, walk->path_capacity, 1);
	}
	if (needs_slash)
		walk->path[length++] = '/';
	memcpy(walk->path + length, name, name_length + 1);
	return length + name_length;
}

static struct walk_level *
level_top(const struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

const char *
walk_path_of(struct walk *walk, const char *name)
{
	path_set(walk, level_top(walk)->path_length, name);
	return walk->path;
}

void
walk_report(struct walk *walk, const char *what, const char *name, int error)
{
	if (walk->plan.is_silent)
		return;
	report("%s %s%s: %s", what, walk->location->prefix, walk_path_of(walk, name),
	    walk->location->files->reason(error));
}

/* ---- levels ------------------------------------------------------------------ */

static void
entry_fill_stat(struct walk *walk, struct entry *entry)
{
	int flags = walk->plan.follows ? 0 : AT_SYMLINK_NOFOLLOW;

	if (walk->trail.files->stat(trail_here(&walk->trail), entry->name, &entry->st, flags) < 0) {
		walk_report(walk, "cannot access", entry->name, errno);
		return;
	}
	entry->has_stat = true;
	entry->type = listing_type(entry->st.st_mode);
}

/* Attributes are also read where the directory does not tell the type. */
static void
listing_fill_stat(struct walk *walk, struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct entry *entry = &listing->entries[i];

		if (walk->plan.wants_stat || entry->type == DT_UNKNOWN)
			entry_fill_stat(walk, entry);
	}
}

/* A level for the directory the trail has just come to. */
static void
level_push(struct walk *walk, size_t path_length)
{
	struct walk_level *level;
	int error;

	if (walk->depth == walk->level_count) {
		walk->levels = memory_grow(walk->levels, walk->level_count, &walk->level_capacity,
		    sizeof(*walk->levels));
		walk->levels[walk->level_count++] = (struct walk_level){ 0 };
	}
	level = &walk->levels[walk->depth++];
	level->next = 0;
	level->path_length = path_length;
	listing_clear(&level->listing);
	error = listing_read(&level->listing, walk->trail.files, trail_here(&walk->trail),
	    walk->plan.hidden);
	if (error != 0)
		walk_report(walk, "cannot read the directory", "", error);
	listing_fill_stat(walk, &level->listing);
	listing_sort(&level->listing, walk->plan.compare, walk->plan.context);
}

bool
walk_begin(struct walk *walk, const struct location *location, const struct walk_plan *plan)
{
	int directory;

	*walk = (struct walk){ .plan = *plan, .location = location };
	directory = location_open(location, O_RDONLY | O_DIRECTORY);
	if (directory < 0 || trail_begin(&walk->trail, location->files, directory) < 0) {
		if (!plan->is_silent)
			location_report(location, "cannot open the directory", errno);
		return false;
	}
	seen_add(&walk->seen, seen_key(trail_step(&walk->trail)));
	level_push(walk, path_set(walk, 0, location->shown));
	return true;
}

bool
walk_enter(struct walk *walk, const char *name)
{
	if (trail_down(&walk->trail, name) < 0) {
		walk_report(walk, "cannot open the directory", name, errno);
		return false;
	}
	if (!seen_add(&walk->seen, seen_key(trail_step(&walk->trail)))) {
		walk_report(walk, "not entering the directory a second time:", name, EUCLEAN);
		trail_up(&walk->trail);
		return false;
	}
	level_push(walk, path_set(walk, level_top(walk)->path_length, name));
	return true;
}

struct entry *
walk_next(struct walk *walk)
{
	struct walk_level *level = level_top(walk);

	if (interrupt_arrived())
		return NULL; /* so that all loops come to their end */
	return level->next < level->listing.count ? level->listing.order[level->next++] : NULL;
}

bool
walk_is_last(const struct walk *walk)
{
	return level_top(walk)->next == level_top(walk)->listing.count;
}

void
walk_leave(struct walk *walk)
{
	if (walk->depth == 1) {
		walk->depth = 0;
	} else if (trail_up(&walk->trail) < 0) {
		walk_report(walk, "cannot get back up from", "", errno);
		walk->depth = 0;
	} else {
		walk->depth--;
		walk->path[level_top(walk)->path_length] = '\0';
	}
}

void
walk_end(struct walk *walk)
{
	trail_end(&walk->trail);
	for (size_t i = 0; i < walk->level_count; i++)
		listing_free(&walk->levels[i].listing);
	free(walk->levels);
	free(walk->path);
	free(walk->seen.slots);
	*walk = (struct walk){ 0 };
}

struct listing *
walk_listing(struct walk *walk)
{
	return &level_top(walk)->listing;
}

int
walk_directory(const struct walk *walk)
{
	return trail_here(&walk->trail);
}
