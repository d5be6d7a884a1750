/*
 * Copying one file out of an image, into one, or between them, whatever its type,
 * with its attributes.
 *
 * Names and types are not trusted: everything is made relative to a directory
 * descriptor, and never through a symbolic link.  Of what exists, a regular file
 * alone is written over, by the content of another; all else is removed first, or
 * it is left.  What cannot be written to its end is removed.
 */
#ifndef TOOLS_RUMP_COPY_H
#define TOOLS_RUMP_COPY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tools/rump/attributes.h"
#include "tools/rump/links.h"
#include "tools/rump/space.h"

enum copy_existing {
	COPY_OVERWRITE, /* give the file that is there the content */
	COPY_REPLACE,	/* remove it */
	COPY_KEEP,	/* leave it and say nothing */
};

/* What all copies of one run share. */
struct copier {
	const struct files *files; /* of the target */
	enum copy_existing existing;
	bool asks; /* before anything that exists is written over or replaced */
	bool is_verbose;
	bool keeps_xattrs;
	bool keeps_owners;	/* a file that is written over gets owner and mode, too */
	int base;		/* the directory that all target paths begin in */
	const char *base_shown; /* its name, or "" for the current directory */
	struct attributes attributes;
	struct links links; /* paths from base */
	struct refusal nodes;
	struct space *space; /* borrowed */
	bool is_full;	     /* the target can take nothing more */
	mode_t old_umask;
	char *buffer; /* COPY_BUFFER bytes */
};

/* One file to copy. */
struct copy_item {
	const struct files *files; /* of the source */
	int from;		   /* a directory of it, or AT_FDCWD */
	const char *from_name;
	const char *from_prefix; /* with from_shown: what to call it */
	const char *from_shown;
	bool follows; /* from_name may be a symbolic link to what is meant */
	const struct stat *st;
	int to; /* a directory of the target */
	const char *to_name;
	const char *to_path; /* the same from the copier's base */
};

/*
 * Prepare for copies into base, a directory of files; until copier_end(), the
 * process's umask is none.
 */
void copier_begin(struct copier *copier, const struct files *files, int base,
    const char *base_shown);

/* Whether to stop: the target is full, or a signal has arrived. */
bool copier_is_stopped(const struct copier *copier);

/* Report what was refused, and free what the copier holds. */
void copier_end(struct copier *copier);

/* Copy anything but a directory.  What fails is reported. */
void copy_file(struct copier *copier, const struct copy_item *item);

/*
 * Make the directory of item, or find that it is there already: *is_new says.
 * False, after a report, if it cannot be made.
 */
bool copy_directory(struct copier *copier, const struct copy_item *item, bool *is_new);

/*
 * Give the target's directory to, which is complete, the attributes that the item
 * says; from is the source's if that is open, or -1.
 */
void copy_directory_end(struct copier *copier, const struct copy_item *item, int to, int from);

/* Report that what, like "cannot create", failed for the target path. */
void copy_report_target(struct copier *copier, const char *what, const char *path, int error);

#endif
