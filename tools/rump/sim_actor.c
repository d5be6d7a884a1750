/* Whoever does a workload: see sim_actor.h. */
#include "tools/rump/sim_actor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/syscalls.h>

#include "tools/rump/memory.h"

#define FULL_MAX 600

void
actor_release(struct actor *actor)
{
	history_release(&actor->history);
}

unsigned
actor_draw(struct actor *actor, unsigned count)
{
	actor->random = actor->random * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(actor->random >> 33) % count;
}

int
actor_object(struct actor *actor, const char *name)
{
	return actor->is_over ? HISTORY_NONE : history_object(history_path(&actor->history, name));
}

size_t
actor_size(struct actor *actor, const char *name)
{
	int object = actor_object(actor, name);

	return object == HISTORY_NONE ? 0 : history_version(&actor->history, object)->size;
}

/* A call begins: where the disk's log is.  The trace shows it. */
static size_t
begin(struct actor *actor, const char *call, const char *name)
{
	size_t position = rump_sim_disk_position(actor->disk);
	char event[64];

	snprintf(event, sizeof(event), "%s %.40s", call, name);
	rump_sim_note(actor->sim, event, position);
	return position;
}

struct full_path {
	char text[FULL_MAX];
};

static struct full_path
full(const char *name)
{
	struct full_path path;

	snprintf(path.text, sizeof(path.text), ACTOR_ROOT "%s", name);
	return path;
}

/* ---- calls that fail ------------------------------------------------------------------- */

/* What a fault makes of a call; and then of others, which find less or more than they thought. */
static bool
is_expected(const struct actor *actor, int error)
{
	if (error == ENOMEM || error == EIO || error == ENOSPC || error == EROFS)
		return true;
	return actor->failures > 1 && (error == ENOENT || error == EEXIST || error == ENOTEMPTY);
}

/* A call has failed with errno. */
static void
note_failure(struct actor *actor, const char *call, const char *name)
{
	int error = errno;

	actor->failures++;
	actor->io_failures += error == EIO || error == EROFS;
	actor->last_error = error;
	actor->is_over |= error == EROFS;
	if ((actor->is_tolerant && is_expected(actor, error)) || actor->is_wrong)
		return;
	actor->is_wrong = true;
	snprintf(actor->why, sizeof(actor->why), "%s of %.80s: %s", call, name, strerror(error));
}

static enum object_kind
kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return OBJECT_DIRECTORY;
	return S_ISLNK(mode) ? OBJECT_LINK : OBJECT_FILE;
}

/* Is anything at name?  If that cannot be said, nothing is verified any more. */
static bool
is_there(struct actor *actor, const char *name, struct stat *stat)
{
	if (rump_sys_lstat(full(name).text, stat) == 0)
		return true;
	if (errno != ENOENT)
		actor->has_lost_track = true;
	return false;
}

/* ---- names ------------------------------------------------------------------------------- */

/* A new object is at name. */
static int
note_new(struct actor *actor, const char *name, enum object_kind kind, size_t began)
{
	int object = history_add_object(&actor->history, kind, began);

	actor->history.objects[object].links = 1;
	history_bind(history_path(&actor->history, name), object, began);
	return object;
}

/* name, which led to object, leads there no more. */
static void
note_gone(struct actor *actor, int object, size_t began)
{
	struct object *of = &actor->history.objects[object];

	if (of->links > 0 && --of->links == 0)
		of->removed = began;
}

/* A call that was to make something at name has failed: has it? */
static void
settle_new(struct actor *actor, const char *name, size_t began)
{
	struct stat stat;

	if (actor_object(actor, name) == HISTORY_NONE && is_there(actor, name, &stat))
		note_new(actor, name, kind_of(stat.st_mode), began);
}

void
actor_create(struct actor *actor, const char *name)
{
	size_t began = begin(actor, "create", name);
	int fd;

	if (actor->is_over)
		return;
	fd = rump_sys_open(full(name).text, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0) {
		note_failure(actor, "creation", name);
		settle_new(actor, name, began);
		return;
	}
	rump_sys_close(fd);
	note_new(actor, name, OBJECT_FILE, began);
}

void
actor_mkdir(struct actor *actor, const char *name)
{
	size_t began = begin(actor, "mkdir", name);

	if (actor->is_over)
		return;
	if (rump_sys_mkdir(full(name).text, 0755) < 0) {
		note_failure(actor, "mkdir", name);
		settle_new(actor, name, began);
		return;
	}
	note_new(actor, name, OBJECT_DIRECTORY, began);
}

void
actor_symlink(struct actor *actor, const char *target, const char *name)
{
	size_t began = begin(actor, "symlink", name), size = strlen(target);
	int object;

	if (actor->is_over)
		return;
	if (rump_sys_symlink(target, full(name).text) < 0) {
		struct stat stat;

		note_failure(actor, "symlink", name);
		if (actor_object(actor, name) != HISTORY_NONE || !is_there(actor, name, &stat))
			return;
	}
	/* It never exists without its target. */
	object = note_new(actor, name, OBJECT_LINK, began);
	memcpy(history_add_version(&actor->history, object, size, began)->bytes, target, size);
	free(actor->history.objects[object].versions[0].bytes);
	actor->history.objects[object].versions[0] = actor->history.objects[object].versions[1];
	actor->history.objects[object].version_count = 1;
}

void
actor_link(struct actor *actor, const char *from, const char *to)
{
	size_t began = begin(actor, "link", to);
	int object = actor_object(actor, from);
	struct stat stat;

	if (object == HISTORY_NONE)
		return;
	if (rump_sys_link(full(from).text, full(to).text) < 0) {
		note_failure(actor, "link", to);
		if (actor_object(actor, to) != HISTORY_NONE || !is_there(actor, to, &stat))
			return;
	}
	actor->history.objects[object].links++;
	actor->history.objects[object].had_links = true;
	history_bind(history_path(&actor->history, to), object, began);
}

static void
remove_name(struct actor *actor, const char *name, bool is_directory)
{
	size_t began = begin(actor, is_directory ? "rmdir" : "unlink", name);
	int object = actor_object(actor, name);
	struct full_path room = full(name);
	struct stat stat;

	if (object == HISTORY_NONE)
		return;
	if ((is_directory ? rump_sys_rmdir(room.text) : rump_sys_unlink(room.text)) < 0) {
		note_failure(actor, is_directory ? "rmdir" : "unlink", name);
		if (is_there(actor, name, &stat) || errno != ENOENT)
			return;
	}
	history_bind(history_path(&actor->history, name), HISTORY_NONE, began);
	note_gone(actor, object, began);
}

void
actor_unlink(struct actor *actor, const char *name)
{
	remove_name(actor, name, false);
}

void
actor_rmdir(struct actor *actor, const char *name)
{
	remove_name(actor, name, true);
}

/* What is below a directory has other paths now. */
static void
note_moved_below(struct actor *actor, const char *from, const char *to, size_t began)
{
	size_t length = strlen(from), count = actor->history.path_count;

	for (size_t i = 0; i < count; i++) {
		struct path *path = &actor->history.paths[i];
		int object = history_object(path);
		char *name;

		if (object == HISTORY_NONE || strncmp(path->name, from, length) != 0 ||
		    path->name[length] != '/')
			continue;
		name = memory_format("%s%s", to, path->name + length);
		history_bind(path, HISTORY_NONE, began);
		history_bind(history_path(&actor->history, name), object, began);
		free(name);
	}
}

/* Is nothing written any more? */
static bool
is_broken(const struct actor *actor)
{
	return actor->disk_fails && actor->last_error == EIO &&
	       rump_sys_chmod(ACTOR_ROOT, 0755) < 0 && errno == EROFS;
}

void
actor_rename(struct actor *actor, const char *from, const char *to)
{
	size_t began = begin(actor, "rename", from);
	int object = actor_object(actor, from), replaced = actor_object(actor, to);
	struct stat stat;

	if (object == HISTORY_NONE || object == replaced)
		return;
	if (rump_sys_rename(full(from).text, full(to).text) < 0) {
		note_failure(actor, "rename", from);
		/* If it was made durable and that failed, the disk may have both names. */
		if (is_broken(actor))
			history_bind(history_path(&actor->history, to), object, began);
		if (is_there(actor, from, &stat) || errno != ENOENT)
			return;
	}
	history_bind(history_path(&actor->history, to), object, began);
	history_bind(history_path(&actor->history, from), HISTORY_NONE, began);
	if (replaced != HISTORY_NONE)
		note_gone(actor, replaced, began);
	note_moved_below(actor, from, to, began);
}

/* ---- content --------------------------------------------------------------------------------- */

/* Never 0, so that what was not written shows. */
static uint8_t
byte_at(int object, size_t version, size_t offset)
{
	uint64_t mixed = ((uint64_t)object * 31 + version) * 0x9e3779b97f4a7c15 + offset / 7;

	return (uint8_t)((mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9 >> 56 | 1);
}

/*
 * A write or truncation of object, to version, has failed: version becomes what
 * there is, each byte of which must be old or new.
 */
static void
settle_content(struct actor *actor, const char *name, int object)
{
	int error = actor->last_error;
	struct object *of = &actor->history.objects[object];
	struct version *version = history_version(&actor->history, object);
	const struct version *old = &of->versions[of->version_count - 2];
	struct stat stat;
	uint8_t *bytes;
	int fd;

	if (error == EIO)
		of->is_lost = true;
	if (!is_there(actor, name, &stat)) {
		actor->has_lost_track = true;
		return;
	}
	bytes = memory_resize(NULL, (size_t)stat.st_size + 1, 1);
	fd = rump_sys_open(full(name).text, O_RDONLY);
	if (fd < 0 || rump_sys_pread(fd, bytes, (size_t)stat.st_size, 0) != stat.st_size)
		actor->has_lost_track = true;
	if (fd >= 0)
		rump_sys_close(fd);
	for (size_t i = 0; i < (size_t)stat.st_size && !actor->has_lost_track && !of->is_lost;
	     i++) {
		if ((i < old->size ? bytes[i] == old->bytes[i] : bytes[i] == 0) ||
		    (i < version->size && bytes[i] == version->bytes[i]))
			continue;
		actor->is_wrong = true;
		snprintf(actor->why, sizeof(actor->why),
		    "%.80s: after a call that failed, byte %zu is neither old nor new", name, i);
		break;
	}
	free(version->bytes);
	version->bytes = bytes;
	version->size = (size_t)stat.st_size;
}

/* False: with errno, some of it may be there.  A write that is short tells of an error, too. */
static bool
write_all(struct actor *actor, int fd, const uint8_t *bytes, size_t size, off_t offset)
{
	while (size > 0) {
		ssize_t done = rump_sys_pwrite(fd, bytes, size, offset);

		if (done <= 0)
			return false;
		actor->io_failures += (size_t)done < size;
		bytes += done;
		size -= (size_t)done;
		offset += done;
	}
	return true;
}

void
actor_write(struct actor *actor, const char *name, size_t offset, size_t size)
{
	size_t began = begin(actor, "write", name), end = offset + size, old_size;
	int object = actor_object(actor, name);
	struct version *version;
	int fd;

	if (object == HISTORY_NONE)
		return;
	old_size = history_version(&actor->history, object)->size;
	version =
	    history_add_version(&actor->history, object, end > old_size ? end : old_size, began);
	for (size_t i = offset; i < end; i++)
		version->bytes[i] =
		    byte_at(object, actor->history.objects[object].version_count, i);
	fd = rump_sys_open(full(name).text, O_WRONLY);
	if (fd < 0 || !write_all(actor, fd, version->bytes + offset, size, (off_t)offset)) {
		note_failure(actor, "write", name);
		settle_content(actor, name, object);
	}
	if (fd >= 0)
		rump_sys_close(fd);
}

void
actor_append(struct actor *actor, const char *name, size_t size)
{
	actor_write(actor, name, actor_size(actor, name), size);
}

void
actor_truncate(struct actor *actor, const char *name, size_t size)
{
	size_t began = begin(actor, "truncate", name);
	int object = actor_object(actor, name);

	if (object == HISTORY_NONE)
		return;
	history_add_version(&actor->history, object, size, began);
	if (rump_sys_truncate(full(name).text, (off_t)size) < 0) {
		note_failure(actor, "truncation", name);
		settle_content(actor, name, object);
	}
}

void
actor_fsync(struct actor *actor, const char *name)
{
	int object = actor_object(actor, name);
	int fd, error = -1;

	if (object == HISTORY_NONE)
		return;
	(void)begin(actor, "fsync", name);
	fd = rump_sys_open(full(name).text, O_RDONLY);
	if (fd >= 0)
		error = rump_sys_fsync(fd);
	if (error < 0) {
		note_failure(actor, "fsync", name);
		history_lose(&actor->history, object);
	} else {
		history_sync(&actor->history, object, rump_sim_disk_position(actor->disk));
	}
	if (fd >= 0)
		rump_sys_close(fd);
}

void
actor_sync(struct actor *actor)
{
	int fd, error = -1;

	(void)begin(actor, "syncfs", "/");
	fd = rump_sys_open(ACTOR_ROOT, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		error = rump_sys_syncfs(fd);
	if (error < 0) {
		note_failure(actor, "syncfs", "/");
		history_lose(&actor->history, HISTORY_NONE);
	} else {
		history_sync(&actor->history, HISTORY_NONE, rump_sim_disk_position(actor->disk));
	}
	if (fd >= 0)
		rump_sys_close(fd);
}
