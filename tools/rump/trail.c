/* The way down a directory tree, as directory descriptors. */
#include "tools/rump/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "tools/rump/memory.h"

enum {
	STEPS_OPEN = 64,
	OPEN_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
};

static int
directory_open(const struct trail *trail, int directory, const char *name)
{
	return trail->files->open(directory, name, OPEN_FLAGS, 0);
}

/* Close directory, keeping errno for the caller. */
static void
directory_close(const struct trail *trail, int directory)
{
	int error = errno;

	trail->files->close(directory);
	errno = error;
}

static int
trail_push(struct trail *trail, int directory)
{
	struct trail_step *old;
	struct stat st;

	if (trail->files->fstat(directory, &st) < 0) {
		directory_close(trail, directory);
		return -1;
	}
	if (trail->depth >= STEPS_OPEN) {
		old = &trail->steps[trail->depth - STEPS_OPEN];
		if (old->directory >= 0)
			directory_close(trail, old->directory);
		old->directory = -1;
	}
	trail->steps =
	    memory_grow(trail->steps, trail->depth, &trail->capacity, sizeof(*trail->steps));
	trail->steps[trail->depth++] = (struct trail_step){ directory, st.st_dev, st.st_ino };
	return 0;
}

int
trail_begin(struct trail *trail, const struct files *files, int directory)
{
	*trail = (struct trail){ .files = files };
	return trail_push(trail, directory);
}

const struct trail_step *
trail_step(const struct trail *trail)
{
	return &trail->steps[trail->depth - 1];
}

int
trail_here(const struct trail *trail)
{
	return trail_step(trail)->directory;
}

int
trail_down(struct trail *trail, const char *name)
{
	int directory = directory_open(trail, trail_here(trail), name);

	return directory < 0 ? -1 : trail_push(trail, directory);
}

/* Open step again from the directory below it. */
static int
step_reopen(const struct trail *trail, struct trail_step *step, int below)
{
	int directory = directory_open(trail, below, "..");
	struct stat st;

	if (directory < 0)
		return -1;
	if (trail->files->fstat(directory, &st) < 0) {
		directory_close(trail, directory);
		return -1;
	}
	if (st.st_dev != step->dev || st.st_ino != step->ino) {
		directory_close(trail, directory);
		errno = ESTALE;
		return -1;
	}
	step->directory = directory;
	return 0;
}

int
trail_up(struct trail *trail)
{
	struct trail_step *step = &trail->steps[trail->depth - 2];
	int below = trail_here(trail);

	if (step->directory < 0 && step_reopen(trail, step, below) < 0)
		return -1;
	directory_close(trail, below);
	trail->depth--;
	return 0;
}

void
trail_end(struct trail *trail)
{
	while (trail->depth > 0) {
		struct trail_step *step = &trail->steps[--trail->depth];

		if (step->directory >= 0)
			directory_close(trail, step->directory);
	}
	free(trail->steps);
	*trail = (struct trail){ 0 };
}
