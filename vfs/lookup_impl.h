/*
 * Path walks, for lookup.c and for namespace_open.c, which must stop at the last
 * name, look at it under the directory's lock, and maybe walk on.
 */
#ifndef VFS_LOOKUP_IMPL_H
#define VFS_LOOKUP_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/string.h"
#include "vfs/lookup.h"

struct vnode;

struct walk {
	const struct path_context *context; /* borrowed */
	struct vnode *dir; /* where we are: a reference, or borrowed from context */
	const char *rest;  /* of the path; in the caller's memory, or in text */
	char *text;	   /* made when a link was followed: target and rest; or NULL */
	size_t text_size;
	unsigned link_count; /* links followed */
	bool is_borrowed;    /* dir is */
};

/* Begin to walk along path, which is kept by the caller; always walk_end() it. */
void walk_begin(struct walk *walk, const struct path_context *context, const char *path);
void walk_end(struct walk *walk);

/*
 * Walk to the directory that the last name is in, following links, and take the
 * name off the rest: what is left are slashes, or nothing.  The directory is
 * one and may be searched, unless the name is empty because there is none ("/").
 */
MUST_CHECK int walk_to_last(struct walk *walk, struct name *last);

/*
 * Find name from walk->dir: a reference to what it leads to, mount points
 * crossed, links not followed.
 */
MUST_CHECK int walk_find(struct walk *walk, struct name name, struct vnode **out);

/* Go on with the target of link, whose reference is taken over, then the rest. */
MUST_CHECK int walk_follow(struct walk *walk, struct vnode *link);

/* Are these "." and ".."? */
bool name_is_dot(struct name name);
bool name_is_dot_dot(struct name name);

#endif
