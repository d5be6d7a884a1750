/*
 * From paths to vnodes.
 *
 * Policy lives here, once: search permission on each directory, "." and "..",
 * the caller's root, mount points, symbolic links (SYMLINK_MAX in a row), name
 * length, trailing slashes.  File systems only answer for one name in one
 * directory, and only when the name cache does not know.
 */
#ifndef VFS_LOOKUP_H
#define VFS_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"

struct credential;
struct kernel;
struct rcu_reader;
struct vnode;

#define SYMLINK_MAX 40

/* Who looks from where.  All borrowed. */
struct path_context {
	struct kernel *kernel;
	struct vnode *root;  /* what "/" is to the caller */
	struct vnode *start; /* where relative paths begin */
	const struct credential *credential;
	struct rcu_reader *reader; /* the calling thread's; NULL: walk with references only */
	uint32_t umask;
	uint32_t resolve; /* enum resolve_flag */
};

/*
 * What a path must not do: openat2(2)'s flags, numerically Linux's.  For
 * BENEATH and IN_ROOT, root is the same as start.
 */
enum resolve_flag {
	RESOLVE_NO_XDEV = 1,	   /* cross mount points: -EXDEV */
	RESOLVE_NO_MAGICLINKS = 2, /* there are none */
	RESOLVE_NO_SYMLINKS = 4,   /* follow a link: -ELOOP */
	RESOLVE_BENEATH = 8,	   /* leave the root: -EXDEV */
	RESOLVE_IN_ROOT = 16,
	RESOLVE_CACHED = 32, /* ask the file system: -EAGAIN */
};

enum lookup_flag {
	LOOKUP_FOLLOW = 1,     /* follow a symbolic link in the last place too */
	LOOKUP_EMPTY_PATH = 2, /* "" means the start itself */
	LOOKUP_DIRECTORY = 4,  /* the result must be a directory */
};

/* A name in a directory, which may or may not exist. */
struct lookup_parent {
	struct vnode *dir; /* a reference */
	struct name last;  /* points into the path; "." and ".." are possible; length 0 for "/" */
	bool has_trailing_slash; /* only a directory will do */
};

/*
 * A reference to what path leads to.  -ENOENT, -ENOTDIR, -EACCES, -ELOOP,
 * -ENAMETOOLONG, and what the file system says.
 */
MUST_CHECK int lookup(const struct path_context *context, const char *path, uint32_t flags,
    struct vnode **out);

/*
 * What a path leads to, found and looked at without locks, references and
 * allocation, which is how stat() of what is cached scales.  In a section of
 * context->reader; *out stays allocated until it ends.  True if that was possible;
 * *result is 0 or -ENOENT then.  If not, lookup() tells.
 */
MUST_CHECK bool lookup_peek(const struct path_context *context, const char *path, uint32_t flags,
    struct vnode **out, int *result);

/*
 * The directory that path's last name is in, without looking for that name.
 * Links before the last name are followed.  Errors as lookup().
 */
MUST_CHECK int lookup_parent(const struct path_context *context, const char *path,
    struct lookup_parent *out);

/*
 * One name in dir: name cache, then file system.  What is mounted there is not
 * looked at.  (dir: shared or exclusive) Search permission is the caller's to
 * check.
 */
MUST_CHECK int lookup_name(struct vnode *dir, struct name name, struct vnode **out);

/*
 * Exchange a reference to a vnode for one to the root of what is mounted on
 * it, as often as needed.  No vnode lock held.
 */
void lookup_cross_mounts(struct vnode **vnode);

/*
 * Write the absolute path of directory dir, seen from context->root, with its
 * NUL; the length with it to *length.  -ERANGE if size is too small, -ENOENT
 * if dir has been removed or cannot be reached from the root.
 */
MUST_CHECK int lookup_path_of(const struct path_context *context, struct vnode *dir, char *path,
    size_t size, size_t *length);

#endif
