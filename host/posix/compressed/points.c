/* See points.h. */
#include "host/posix/compressed/points.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 16

bool
points_wants(const struct points *points, uint64_t at)
{
	return points->count == 0 || at - points->list[points->count - 1].at >= points->spacing;
}

/* Drop every second point. */
static void
thin_out(struct points *points)
{
	size_t kept = 0;

	for (size_t i = 0; i < points->count; i++) {
		if (i % 2 == 0)
			points->list[kept++] = points->list[i];
		else
			free(points->list[i].window);
	}
	points->count = kept;
	points->spacing *= 2;
}

static int
make_room(struct points *points)
{
	size_t room = points->room == 0 ? ROOM_FIRST : 2 * points->room;
	struct point *list;

	if (points->count < points->room)
		return 0;
	if (points->count >= points->max) {
		thin_out(points);
		return 0;
	}
	if (room > points->max)
		room = points->max;
	list = realloc(points->list, room * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	points->list = list;
	points->room = room;
	return 0;
}

int
points_add(struct points *points, const struct point *point)
{
	int error = make_room(points);

	if (error < 0)
		free(point->window);
	else
		points->list[points->count++] = *point;
	return error;
}

size_t
points_find(const struct points *points, uint64_t at)
{
	size_t low = 0, high = points->count;

	/* The point at low is up to at, that at high, if there is one, is not. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (points->list[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void
points_free(struct points *points)
{
	for (size_t i = 0; i < points->count; i++)
		free(points->list[i].window);
	free(points->list);
}
