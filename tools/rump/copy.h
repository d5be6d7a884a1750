/*
 * Copying one file out of an image, whatever its type, with its attributes.
 *
 * Names and types come from the image and are not trusted: everything is made
 * anew, relative to a directory descriptor, and never through a symbolic link.
 * Nothing that exists is written to; with COPY_REPLACE it is removed first.
 */
#ifndef TOOLS_RUMP_COPY_H
#define TOOLS_RUMP_COPY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tools/rump/links.h"

enum copy_existing {
	COPY_REFUSE,  /* report it */
	COPY_REPLACE, /* remove it */
	COPY_KEEP,    /* leave it and say nothing */
};

/* Something the host does not allow, said once for all files. */
struct copy_refusal {
	unsigned long count;
	int error;
	char *first; /* the first file it happened to; owned */
};

/* What all copies of one run share. */
struct copier {
	enum copy_existing existing;
	bool is_verbose;
	int base;		/* the directory that all target paths begin in */
	const char *base_shown; /* its name, or "" for the current directory */
	struct links links;	/* paths from base */
	struct copy_refusal nodes;
	struct copy_refusal owners;
	bool is_full; /* the target can take nothing more */
	char *buffer; /* COPY_BUFFER bytes */
};

/* One file to copy. */
struct copy_item {
	int from; /* directory in the image, or AT_FDCWD */
	const char *from_name;
	const char *from_prefix; /* with from_shown: what to call it */
	const char *from_shown;
	bool follows; /* from_name may be a symbolic link to what is meant */
	const struct stat *st;
	int to; /* directory on the host */
	const char *to_name;
	const char *to_path; /* the same from the copier's base */
};

/* Prepare for copies into base; the process's umask is none from then on. */
void copier_begin(struct copier *copier, int base, const char *base_shown);

/* Report what was refused, and free what the copier holds. */
void copier_end(struct copier *copier);

/* Copy anything but a directory.  What fails is reported. */
void copy_file(struct copier *copier, const struct copy_item *item);

/*
 * Make the directory of item, or find that it is there already: *is_new says.
 * False, after a report, if it cannot be made.
 */
bool copy_directory(struct copier *copier, const struct copy_item *item, bool *is_new);

/* Give the directory fd, which is complete, the attributes st. */
void copy_directory_end(struct copier *copier, int fd, const char *path, const struct stat *st);

/* Report that what, like "cannot create", failed for the target path. */
void copy_report_target(struct copier *copier, const char *what, const char *path, int error);

#endif
