/*
 * The attributes that copies get: owner, mode, times, extended attributes.
 *
 * What the target does not allow is no reason to stop: it is counted and said
 * once, in the end.
 */
#ifndef TOOLS_RUMP_ATTRIBUTES_H
#define TOOLS_RUMP_ATTRIBUTES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tools/rump/files.h"
#include "tools/rump/owner.h"

/* Something the target does not allow, said once for all files. */
struct refusal {
	unsigned long count;
	int error;
	char *first; /* the first file it happened to; owned */
};

void refusal_add(struct refusal *refusal, const char *path, int error);

/* Report what, "cannot keep owners", if it was refused to files below base; forget it. */
void refusal_report(struct refusal *refusal, const struct files *files, const char *base,
    const char *what);

/* What all files of one run get. */
struct attributes {
	const struct files *files; /* of the target */
	struct owner owner;	   /* instead of the file's own, unless OWNER_UNCHANGED */
	bool drops_set_ids;	   /* nobody said that the setuid file is to be that owner's */
	struct refusal owners;
	struct refusal xattrs;
};

/* Report what was refused to files below base, if anything; forget it. */
void attributes_report(struct attributes *attributes, const char *base);

/* The owner and group that a file with st gets. */
struct owner attributes_owner(const struct attributes *attributes, const struct stat *st);

/* The mode it gets if it has that owner, or else if not. */
mode_t attributes_mode(const struct attributes *attributes, const struct stat *st, bool has_owner);

/*
 * Give the open file or directory fd what st says; path is for complaints.  NULL,
 * or what failed, "cannot set the mode of", with errno.
 */
const char *attributes_set(struct attributes *attributes, int fd, const char *path,
    const struct stat *st);

/* Only the times of that. */
const char *attributes_set_times(struct attributes *attributes, int fd, const struct stat *st);

/* What attributes_set() does, for what cannot be opened, whose mode is right already. */
const char *attributes_set_at(struct attributes *attributes, int directory, const char *name,
    const char *path, const struct stat *st);

/* Give the open file fd an extended attribute. */
void attributes_set_xattr(struct attributes *attributes, int fd, const char *path, const char *name,
    const void *value, size_t size);

/* Give it all that from has, which is open on a side with these files. */
void attributes_copy_xattrs(struct attributes *attributes, int fd, const char *path,
    const struct files *files, int from);

#endif
