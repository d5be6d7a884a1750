/* The history of a workload: see sim_history.h. */
#include "tools/rump/sim_history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rump/syscalls.h>

#include "tools/rump/memory.h"

#define PATH_ROOM   512
#define OBJECTS_MAX 512 /* in one history */

/* ---- recording ------------------------------------------------------------------------- */

void
history_release(struct history *history)
{
	for (size_t i = 0; i < history->object_count; i++) {
		for (size_t j = 0; j < history->objects[i].version_count; j++)
			free(history->objects[i].versions[j].bytes);
		free(history->objects[i].versions);
	}
	for (size_t i = 0; i < history->path_count; i++) {
		free(history->paths[i].name);
		free(history->paths[i].events);
	}
	free(history->objects);
	free(history->paths);
	*history = (struct history){ 0 };
}

struct path *
history_path(struct history *history, const char *name)
{
	struct path *path;

	for (size_t i = 0; i < history->path_count; i++)
		if (strcmp(history->paths[i].name, name) == 0)
			return &history->paths[i];
	history->paths =
	    memory_resize(history->paths, history->path_count + 1, sizeof(*history->paths));
	path = &history->paths[history->path_count++];
	*path = (struct path){ .name = strdup(name) };
	if (path->name == NULL)
		abort();
	return path;
}

int
history_object(const struct path *path)
{
	return path->event_count == 0 ? HISTORY_NONE : path->events[path->event_count - 1].object;
}

int
history_add_object(struct history *history, enum object_kind kind, size_t began)
{
	struct object *object;

	history->objects =
	    memory_resize(history->objects, history->object_count + 1, sizeof(*history->objects));
	object = &history->objects[history->object_count++];
	*object = (struct object){ .kind = kind, .removed = HISTORY_NEVER };
	history_add_version(history, (int)history->object_count - 1, 0, began);
	return (int)history->object_count - 1;
}

void
history_bind(struct path *path, int object, size_t began)
{
	path->events = memory_resize(path->events, path->event_count + 1, sizeof(*path->events));
	path->events[path->event_count++] =
	    (struct event){ .object = object, .began = began, .synced = HISTORY_NEVER };
}

struct version *
history_version(const struct history *history, int object)
{
	const struct object *of = &history->objects[object];

	return &of->versions[of->version_count - 1];
}

struct version *
history_add_version(struct history *history, int object, size_t size, size_t began)
{
	struct object *of = &history->objects[object];
	struct version *version, *last;

	of->versions = memory_resize(of->versions, of->version_count + 1, sizeof(*of->versions));
	version = &of->versions[of->version_count++];
	*version = (struct version){
		.bytes = memory_resize(NULL, size + 1, 1),
		.size = size,
		.began = began,
		.synced = HISTORY_NEVER,
	};
	memset(version->bytes, 0, size);
	last = of->version_count > 1 ? version - 1 : NULL;
	if (last != NULL)
		memcpy(version->bytes, last->bytes, last->size < size ? last->size : size);
	return version;
}

static void
sync_path(struct path *path, int object, size_t position)
{
	for (size_t i = 0; i < path->event_count; i++) {
		int before = i == 0 ? HISTORY_NONE : path->events[i - 1].object;

		if ((object == HISTORY_NONE || path->events[i].object == object ||
			before == object) &&
		    path->events[i].synced == HISTORY_NEVER)
			path->events[i].synced = position;
	}
}

void
history_sync(struct history *history, int object, size_t position)
{
	for (size_t i = 0; i < history->path_count; i++)
		sync_path(&history->paths[i], object, position);
	for (size_t i = 0; i < history->object_count; i++) {
		struct object *of = &history->objects[i];

		for (size_t j = 0; j < of->version_count; j++)
			if ((object == HISTORY_NONE || object == (int)i) &&
			    of->versions[j].synced == HISTORY_NEVER)
				of->versions[j].synced = position;
	}
}

void
history_lose(struct history *history, int object)
{
	for (size_t i = 0; i < history->object_count; i++) {
		struct object *of = &history->objects[i];

		if ((object == HISTORY_NONE || object == (int)i) &&
		    history_version(history, (int)i)->synced == HISTORY_NEVER)
			of->is_lost = true;
	}
}

/* ---- verifying ------------------------------------------------------------------------------ */

/* What is at a path. */
struct found {
	bool is_there;
	mode_t mode;
	ino_t ino;
	uint8_t *bytes;
	size_t size;
	bool is[OBJECTS_MAX]; /* may be this object */
};

struct verification {
	const struct history *history;
	const char *root;
	struct history_cut cut;
	struct found *found; /* of each path */
	char *why;
	size_t why_size;
};

static bool
read_found(struct found *found, const char *path)
{
	int fd = rump_sys_open(path, O_RDONLY | O_NOFOLLOW);
	size_t done = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (done < found->size &&
	       (got = rump_sys_pread(fd, found->bytes + done, found->size - done, (off_t)done)) > 0)
		done += (size_t)got;
	rump_sys_close(fd);
	return done == found->size;
}

static bool
look(struct verification *verification, const char *name, struct found *found)
{
	char path[PATH_ROOM];
	struct stat stat;
	bool is_good = true;

	snprintf(path, sizeof(path), "%s%s", verification->root, name);
	*found = (struct found){ 0 };
	if (rump_sys_lstat(path, &stat) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return true;
		snprintf(verification->why, verification->why_size, "%s cannot be looked at: %s",
		    name, strerror(errno));
		return false;
	}
	found->is_there = true;
	found->mode = stat.st_mode;
	found->ino = stat.st_ino;
	found->size = S_ISDIR(stat.st_mode) ? 0 : (size_t)stat.st_size;
	if (found->size > (size_t)64 << 20) {
		snprintf(verification->why, verification->why_size, "%s is absurdly large", name);
		return false;
	}
	found->bytes = memory_resize(NULL, found->size + 1, 1);
	if (S_ISREG(stat.st_mode))
		is_good = read_found(found, path);
	else if (S_ISLNK(stat.st_mode))
		is_good = rump_sys_readlink(path, (char *)found->bytes, found->size) ==
			  (ssize_t)found->size;
	if (!is_good)
		snprintf(verification->why, verification->why_size, "%s cannot be read: %s", name,
		    strerror(errno));
	return is_good;
}

/* The first and the last version that may be there. */
static void
versions_at(const struct object *object, size_t position, size_t *first, size_t *last)
{
	*first = 0;
	*last = 0;
	for (size_t i = 0; i < object->version_count; i++) {
		if (object->versions[i].synced <= position)
			*first = i;
		if (object->versions[i].began <= position)
			*last = i;
	}
}

/* May this byte be there?  A file's size may come to the disk before its bytes do: zeros. */
static bool
is_byte_of(const struct object *object, size_t first, size_t last, size_t at, uint8_t byte)
{
	for (size_t i = first; i <= last; i++) {
		const struct version *version = &object->versions[i];

		/* What is not there yet, or was cut off between, may be zero. */
		if (at < version->size ? version->bytes[at] == byte : byte == 0)
			return true;
	}
	return false;
}

static bool
is_content_of(const struct found *found, const struct object *object, size_t position)
{
	size_t first, last, least = SIZE_MAX, most = 0;

	versions_at(object, position, &first, &last);
	for (size_t i = first; i <= last; i++) {
		size_t size = object->versions[i].size;

		least = size < least ? size : least;
		most = size > most ? size : most;
	}
	if (found->size < least || found->size > most)
		return false;
	for (size_t i = 0; i < found->size; i++)
		if (!is_byte_of(object, first, last, i, found->bytes[i]))
			return false;
	return true;
}

static bool
is_object(const struct found *found, const struct object *object, size_t position)
{
	if (!found->is_there)
		return false;
	switch (object->kind) {
	case OBJECT_DIRECTORY:
		return S_ISDIR(found->mode);
	case OBJECT_FILE:
		return S_ISREG(found->mode) &&
		       (object->is_lost || is_content_of(found, object, position));
	case OBJECT_LINK:
		return S_ISLNK(found->mode) && is_content_of(found, object, position);
	}
	return false;
}

/* The first event that may hold: the last that was synced; SIZE_MAX: none was. */
static size_t
first_event(const struct path *path, size_t position)
{
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < path->event_count; i++)
		if (path->events[i].synced <= position)
			first = i;
	return first;
}

/* In which way a file is not what it should be, which is the object that it last was. */
static void
describe_flaw(const struct verification *verification, const struct path *path,
    const struct found *found)
{
	const struct object *object = NULL;
	size_t position = verification->cut.position, first, last, at = 0;

	for (size_t i = 0; i < path->event_count && path->events[i].began <= position; i++)
		if (path->events[i].object != HISTORY_NONE)
			object = &verification->history->objects[path->events[i].object];
	if (object == NULL) {
		snprintf(verification->why, verification->why_size, "%s is there", path->name);
		return;
	}
	versions_at(object, position, &first, &last);
	while (at < found->size && is_byte_of(object, first, last, at, found->bytes[at]))
		at++;
	if (at < found->size)
		snprintf(verification->why, verification->why_size,
		    "%s, of %zu bytes, has %02x at byte %zu; %zu bytes were synced", path->name,
		    found->size, found->bytes[at], at, object->versions[first].size);
	else
		snprintf(verification->why, verification->why_size,
		    "%s has %zu bytes; %zu were synced, %zu are the most it had", path->name,
		    found->size, object->versions[first].size, object->versions[last].size);
}

/* Is what was found at a path one of what may be there? */
static bool
verify_path(struct verification *verification, size_t index)
{
	const struct history *history = verification->history;
	const struct path *path = &history->paths[index];
	struct found *found = &verification->found[index];
	size_t position = verification->cut.position;
	size_t first = first_event(path, position);
	bool may_be_absent = first == SIZE_MAX, is_any = false;

	for (size_t i = first == SIZE_MAX ? 0 : first; i < path->event_count; i++) {
		int object = path->events[i].object;

		if (path->events[i].began > position)
			break;
		if (object == HISTORY_NONE) {
			may_be_absent = true;
			continue;
		}
		found->is[object] = is_object(found, &history->objects[object], position);
		is_any |= found->is[object];
	}
	if (found->is_there ? is_any : may_be_absent)
		return true;
	if (!found->is_there)
		snprintf(verification->why, verification->why_size,
		    "%s was synced and is not there", path->name);
	else
		describe_flaw(verification, path, found);
	return false;
}

/* Does the object have the name that was synced for it, or one that it got later? */
static bool
verify_object(struct verification *verification, int object)
{
	const struct history *history = verification->history;
	const struct object *of = &history->objects[object];
	size_t position = verification->cut.position;
	const char *synced = NULL, *seen = NULL;
	ino_t ino = 0;

	for (size_t i = 0; i < history->path_count; i++) {
		const struct path *path = &history->paths[i];
		size_t first = first_event(path, position);

		if (first != SIZE_MAX && path->events[first].object == object)
			synced = path->name;
		if (!verification->found[i].is[object])
			continue;
		if (seen != NULL && verification->cut.is_atomic && !of->had_links &&
		    verification->found[i].ino == ino) {
			snprintf(verification->why, verification->why_size,
			    "%s and %s are the same file: half renamed", seen, path->name);
			return false;
		}
		seen = path->name;
		ino = verification->found[i].ino;
	}
	if (synced == NULL || seen != NULL || of->removed <= position)
		return true;
	snprintf(verification->why, verification->why_size, "%s was synced and has no name left",
	    synced);
	return false;
}

bool
history_verify(const struct history *history, const char *root, struct history_cut cut, char *why,
    size_t size)
{
	struct verification verification = {
		.history = history,
		.root = root,
		.cut = cut,
		.found = memory_resize(NULL, history->path_count + 1, sizeof(struct found)),
		.why = why,
		.why_size = size,
	};
	bool is_good = history->object_count <= OBJECTS_MAX;

	snprintf(why, size, "the workload is too large to verify");
	memset(verification.found, 0, (history->path_count + 1) * sizeof(struct found));
	for (size_t i = 0; i < history->path_count && is_good; i++)
		is_good = look(&verification, history->paths[i].name, &verification.found[i]) &&
			  verify_path(&verification, i);
	for (size_t i = 0; i < history->object_count && is_good; i++)
		is_good = verify_object(&verification, (int)i);
	for (size_t i = 0; i < history->path_count; i++)
		free(verification.found[i].bytes);
	free(verification.found);
	return is_good;
}
