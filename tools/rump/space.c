/* The room that copies need in an image. */
#include "tools/rump/space.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/report.h"
#include "tools/rump/size.h"

/* How full target's file system is.  False: it does not tell. */
static bool
space_read(const struct location *target, struct statfs *now)
{
	location_use(target);
	return rump_sys_statfs("/", now) == 0;
}

static uint64_t
unit_of(const struct statfs *now)
{
	uint64_t unit = (uint64_t)(now->f_frsize != 0 ? now->f_frsize : now->f_bsize);

	return unit != 0 ? unit : 1;
}

void
space_begin(struct space *space, const struct location *target)
{
	struct statfs now;

	*space = (struct space){ .target = target, .unit = 1 };
	if (target != NULL && space_read(target, &now))
		space->unit = unit_of(&now);
}

void
space_end(struct space *space)
{
	links_free(&space->links);
}

static uint64_t
content_of(const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	uint64_t stored = (uint64_t)st->st_blocks * 512;

	if (!S_ISREG(st->st_mode))
		return 0;
	return size < stored ? size : stored;
}

static uint64_t
in_units(const struct space *space, uint64_t bytes)
{
	uint64_t rest = bytes % space->unit;

	return rest == 0 ? bytes : bytes - rest + space->unit;
}

uint64_t
space_add(struct space *space, const struct stat *st)
{
	uint64_t bytes = content_of(st);

	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) {
		if (links_find(&space->links, st->st_dev, st->st_ino) != NULL)
			return 0;
		links_add(&space->links, st->st_dev, st->st_ino, "");
	}
	space->needed += in_units(space, bytes);
	space->files++;
	return bytes;
}

void
space_take(struct space *space, const struct stat *st)
{
	uint64_t bytes = in_units(space, content_of(st));

	space->needed -= bytes < space->needed ? bytes : space->needed;
	space->files -= space->files > 0;
}

/* Say that so much is missing. */
static void
missing_report(const struct space *space, uint64_t count, const char *what)
{
	char digits[SIZE_TEXT];

	size_grouped(digits, count);
	report("%s: needs at least %s %s%s more", image_name(space->target->image), digits, what,
	    count == 1 ? "" : "s");
}

bool
space_suffices(const struct space *space)
{
	struct statfs now;
	uint64_t room;

	if (space->target == NULL || !space_read(space->target, &now))
		return true;
	room = now.f_bfree * unit_of(&now);
	if (room < space->needed) {
		missing_report(space, space->needed - room, "byte");
		return false;
	}
	return true;
}

void
space_report(const struct space *space)
{
	struct statfs now;
	uint64_t room;

	rump_sys_sync(); /* what was half copied is free then */
	if (!space_read(space->target, &now)) {
		report("%s: is full", image_name(space->target->image));
		return;
	}
	room = now.f_bfree * unit_of(&now);
	if (now.f_files != 0 && now.f_ffree == 0)
		missing_report(space, space->files > 0 ? space->files : 1, "inode");
	else if (space->needed > room)
		missing_report(space, space->needed - room, "byte");
	else
		missing_report(space, unit_of(&now), "byte");
}
