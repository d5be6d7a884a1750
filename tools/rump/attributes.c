/* The attributes that copies get. */
#include "tools/rump/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	XATTR_LIST = 64 * 1024, /* what Linux allows */
	XATTR_VALUE = 64 * 1024,
};

void
refusal_add(struct refusal *refusal, const char *path, int error)
{
	if (refusal->count++ > 0)
		return;
	refusal->error = error;
	refusal->first = memory_string(path);
}

void
refusal_report(struct refusal *refusal, const struct files *files, const char *base,
    const char *what)
{
	char *shown;

	if (refusal->count == 0)
		return;
	shown = files_path_below(base, refusal->first);
	report("%s: %s; it happened to %lu file%s, the first is %s", what,
	    files->reason(refusal->error), refusal->count, refusal->count == 1 ? "" : "s", shown);
	free(shown);
	free(refusal->first);
	*refusal = (struct refusal){ 0 };
}

/* That a file system has no extended attributes is not the copy's fault. */
static void
xattrs_report(struct refusal *refusal, const struct files *files, const char *base)
{
	if (refusal->count == 0 || refusal->error != EOPNOTSUPP) {
		refusal_report(refusal, files, base, "cannot keep extended attributes of files");
		return;
	}
	report_note("extended attributes are not kept where the copies go: %s",
	    files->reason(refusal->error));
	free(refusal->first);
	*refusal = (struct refusal){ 0 };
}

void
attributes_report(struct attributes *attributes, const char *base)
{
	refusal_report(&attributes->owners, attributes->files, base,
	    "cannot keep the owners of files");
	xattrs_report(&attributes->xattrs, attributes->files, base);
}

/* ---- owners and modes ---------------------------------------------------------------- */

struct owner
attributes_owner(const struct attributes *attributes, const struct stat *st)
{
	struct owner owner = attributes->owner;

	if (owner.uid == OWNER_UNCHANGED)
		owner.uid = st->st_uid;
	if (owner.gid == OWNER_UNCHANGED)
		owner.gid = st->st_gid;
	return owner;
}

/* Setuid for somebody else than was meant is no good. */
mode_t
attributes_mode(const struct attributes *attributes, const struct stat *st, bool has_owner)
{
	struct owner owner = attributes_owner(attributes, st);

	if (attributes->drops_set_ids && (owner.uid != st->st_uid || owner.gid != st->st_gid))
		has_owner = false;
	return st->st_mode & (has_owner ? 07777 : 01777);
}

/*
 * The result of a change of owner.  Users other than root cannot give files of
 * the host away and are not told so every time.  False: the owner is another
 * one now.
 */
static bool
owner_is_kept(struct attributes *attributes, const char *path, int result)
{
	if (result == 0)
		return true;
	if (attributes->files != &host_files || geteuid() == 0)
		refusal_add(&attributes->owners, path, errno);
	return false;
}

/* The access and modification times; what no clock shows is taken as a whole second. */
static void
times_of(const struct stat *st, struct timespec times[2])
{
	times[0] = st->st_atim;
	times[1] = st->st_mtim;
	for (int i = 0; i < 2; i++) {
		if (times[i].tv_nsec < 0 || times[i].tv_nsec > 999999999)
			times[i].tv_nsec = 0;
	}
}

const char *
attributes_set_times(struct attributes *attributes, int fd, const struct stat *st)
{
	struct timespec times[2];

	times_of(st, times);
	return attributes->files->set_fd_times(fd, times) < 0 ? "cannot set the times of" : NULL;
}

const char *
attributes_set(struct attributes *attributes, int fd, const char *path, const struct stat *st)
{
	const struct files *files = attributes->files;
	struct owner owner = attributes_owner(attributes, st);
	const char *failed = NULL, *times_failed;
	bool has_owner = owner_is_kept(attributes, path, files->fchown(fd, owner.uid, owner.gid));

	if (!has_owner && files->fchown(fd, (uid_t)-1, owner.gid) < 0)
		has_owner = false; /* not even the group: the mode below allows for it */
	if (files->fchmod(fd, attributes_mode(attributes, st, has_owner)) < 0)
		failed = "cannot set the mode of";
	times_failed = attributes_set_times(attributes, fd, st);
	return times_failed != NULL ? times_failed : failed;
}

const char *
attributes_set_at(struct attributes *attributes, int directory, const char *name, const char *path,
    const struct stat *st)
{
	const struct files *files = attributes->files;
	struct owner owner = attributes_owner(attributes, st);
	struct timespec times[2];

	owner_is_kept(attributes, path,
	    files->chown(directory, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW));
	times_of(st, times);
	if (files->set_times(directory, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return "cannot set the times of";
	return NULL;
}

/* ---- extended attributes --------------------------------------------------------------- */

void
attributes_set_xattr(struct attributes *attributes, int fd, const char *path, const char *name,
    const void *value, size_t size)
{
	if (attributes->files->setxattr(fd, name, value, size, 0) < 0)
		refusal_add(&attributes->xattrs, path, errno);
}

void
attributes_copy_xattrs(struct attributes *attributes, int fd, const char *path,
    const struct files *files, int from)
{
	static char names[XATTR_LIST];
	static char value[XATTR_VALUE];
	ssize_t length = files->listxattr(from, names, sizeof(names));
	ssize_t size;

	if (length < 0 && errno != EOPNOTSUPP)
		refusal_add(&attributes->xattrs, path, errno);
	for (const char *name = names; length > 0 && name < names + length;
	     name += strlen(name) + 1) {
		size = files->getxattr(from, name, value, sizeof(value));
		if (size < 0)
			refusal_add(&attributes->xattrs, path, errno);
		else
			attributes_set_xattr(attributes, fd, path, name, value, (size_t)size);
	}
}
