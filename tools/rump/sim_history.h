/*
 * What a workload did to a file system, and what must be there after a power cut.
 *
 * A history has objects (files, directories, symbolic links), each with versions
 * of its content, and paths, each with the objects that it has led to.  Both are
 * dated by a position in the disk's log: when they began, and when a sync that
 * covers them had returned.  After a cut at some position
 *
 *  - what had been synced by then is there, or something that began later;
 *  - a file has the bytes of its synced version, or of later ones; what is not
 *    there yet of those is zeros, never what another file held;
 *  - an object that had a synced name has one still, unless somebody had begun to
 *    remove it: a rename leaves the old name or the new one.
 */
#ifndef TOOLS_RUMP_SIM_HISTORY_H
#define TOOLS_RUMP_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_NEVER SIZE_MAX
#define HISTORY_NONE  (-1) /* no object */

enum object_kind {
	OBJECT_FILE,
	OBJECT_DIRECTORY,
	OBJECT_LINK,
};

/* What a file holds from some moment on; a symbolic link's target. */
struct version {
	uint8_t *bytes;
	size_t size;
	size_t began;
	size_t synced; /* or HISTORY_NEVER */
};

struct object {
	enum object_kind kind;
	struct version *versions;
	size_t version_count;
	size_t removed; /* when somebody began to take its last name away, or HISTORY_NEVER */
	unsigned links;
	bool had_links; /* it has had two names on purpose */
	bool is_lost;	/* somebody was told that its bytes are: any may be there */
};

/* What a path leads to from some moment on. */
struct event {
	int object; /* or HISTORY_NONE */
	size_t began;
	size_t synced; /* or HISTORY_NEVER */
};

struct path {
	char *name;
	struct event *events; /* before the first: nothing */
	size_t event_count;
};

struct history {
	struct object *objects;
	size_t object_count;
	struct path *paths;
	size_t path_count;
};

void history_release(struct history *history);

/* The path of this name, made if need be. */
struct path *history_path(struct history *history, const char *name);

/* What it leads to now. */
int history_object(const struct path *path);

int history_add_object(struct history *history, enum object_kind kind, size_t began);
void history_bind(struct path *path, int object, size_t began);

/* The next version of an object, with room for size bytes: the last one's, then zeros. */
struct version *history_add_version(struct history *history, int object, size_t size, size_t began);
struct version *history_version(const struct history *history, int object);

/* An object, or all (HISTORY_NONE), was synced with its names when the log was at position. */
void history_sync(struct history *history, int object, size_t position);

/* A sync of an object, or of all, has failed: what was not synced before may be lost. */
void history_lose(struct history *history, int object);

/* What is being looked for. */
struct history_cut {
	size_t position;
	bool is_atomic; /* there is a journal: a rename leaves one name */
};

/*
 * Compare the file system mounted at root in the calling thread's kernel.  False: a
 * line in why says what is wrong.
 */
bool history_verify(const struct history *history, const char *root, struct history_cut cut,
    char *why, size_t size);

#endif
