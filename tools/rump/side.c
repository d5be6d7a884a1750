/* One of two trees that are compared. */
#include "tools/rump/side.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/report.h"

/* Open where the side begins.  False, after a report: it cannot be compared. */
static bool
top_open(struct side *side)
{
	if (location_stat(side->location, &side->st, true) < 0) {
		location_report(side->location, "cannot access", errno);
		return false;
	}
	if (!S_ISDIR(side->st.st_mode) && !S_ISREG(side->st.st_mode)) {
		report("%s: is a device, fifo or socket; name its directory", side->name);
		return false;
	}
	side->top = location_open(side->location, O_RDONLY);
	if (side->top < 0)
		location_report(side->location, "cannot open", errno);
	return side->top >= 0;
}

bool
side_begin(struct side *side, char *argument)
{
	const char *path = image_host_path(argument);

	*side = (struct side){ .files = &host_files, .name = argument, .top = -1 };
	if (path != NULL && stat(path, &side->st) == 0 && S_ISDIR(side->st.st_mode)) {
		side->top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (side->top < 0)
			report("%s: %s", argument, strerror(errno));
		return side->top >= 0;
	}
	side->files = &image_files;
	side->location = image_locate(&argument, 1);
	return side->location->image != NULL && top_open(side);
}

void
side_end(struct side *side)
{
	if (side->top >= 0)
		side->files->close(side->top);
	if (side->trail.depth > 0)
		trail_end(&side->trail);
	links_free(&side->seen);
	if (side->location != NULL)
		image_locations_free(side->location, 1);
}

/* Whether the directory that the trail has come to is a new one; leaves it if not. */
static int
directory_remember(struct side *side)
{
	const struct trail_step *step = trail_step(&side->trail);

	if (links_find(&side->seen, step->dev, step->ino) == NULL) {
		links_add(&side->seen, step->dev, step->ino, "");
		return 0;
	}
	if (trail_up(&side->trail) == 0)
		errno = EUCLEAN;
	return -1;
}

int
side_enter_top(struct side *side)
{
	int directory = side->top;

	side->top = -1;
	if (trail_begin(&side->trail, side->files, directory) < 0)
		return -1;
	return directory_remember(side);
}

int
side_enter(struct side *side, const char *name)
{
	return trail_down(&side->trail, name) < 0 ? -1 : directory_remember(side);
}
