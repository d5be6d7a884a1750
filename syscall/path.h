/*
 * Paths as arguments of system calls: copied in, with where they begin.
 *
 * The order of the checks is Linux's: the string first (-EFAULT, -ENAMETOOLONG),
 * then the descriptor of the directory, if the path is relative.
 */
#ifndef SYSCALL_PATH_H
#define SYSCALL_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/user.h"
#include "vfs/lookup.h"

struct kernel;
struct thread;
struct vnode;

/* Flags and descriptors of calls that take a path, numerically Linux's. */
enum at_flag {
	AT_SYMLINK_NOFOLLOW = 0x100,
	AT_REMOVEDIR = 0x200,
	AT_EACCESS = 0x200,
	AT_SYMLINK_FOLLOW = 0x400,
	AT_NO_AUTOMOUNT = 0x800,
	AT_EMPTY_PATH = 0x1000,
	AT_STATX_SYNC_TYPE = 0x6000,
};

#define AT_FDCWD (-100)

/* Strings up to this length stay out of the allocator. */
#define USER_STRING_EMBEDDED 128

/* A user's string, in the kernel. */
struct user_string {
	struct kernel *kernel;
	const char *text; /* NUL-terminated */
	size_t length;
	char *allocated; /* PATH_LENGTH_MAX bytes, or NULL */
	char embedded[USER_STRING_EMBEDDED];
};

/* Copy a string of less than PATH_LENGTH_MAX bytes.  -EFAULT, -ENAMETOOLONG, -ENOMEM. */
MUST_CHECK int user_string_copy(struct user_string *string, struct thread *thread,
    struct user_ptr from);
void user_string_free(struct user_string *string);

/* A path and where it begins.  Holds references until path_end(). */
struct path {
	struct user_string string;
	struct path_context context;
};

/*
 * Copy in a path that begins at dirfd; at_flags may have AT_EMPTY_PATH, without
 * which an empty path is -ENOENT.  -EBADF; -ENOTDIR if dirfd is no directory.
 */
MUST_CHECK int path_begin(struct path *path, struct thread *thread, int dirfd, struct user_ptr from,
    uint32_t at_flags);
void path_end(struct path *path);

/*
 * The same where resolve (enum resolve_flag) restricts what the path may do:
 * dirfd may be the root of it, even of an absolute one.  -EXDEV.
 */
MUST_CHECK int path_begin_restricted(struct path *path, struct thread *thread, int dirfd,
    struct user_ptr from, uint32_t resolve);

/*
 * A reference to the file that dirfd and a path lead to.  at_flags are those of
 * at_flag that say how to look: a link in the last place is followed unless
 * AT_SYMLINK_NOFOLLOW is there.  Errors as path_begin() and lookup().
 */
MUST_CHECK int path_lookup(struct thread *thread, int dirfd, struct user_ptr from,
    uint32_t at_flags, struct vnode **out);

#endif
