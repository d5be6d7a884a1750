/*
 * A conformance suite for the file-related system calls: what they return, and
 * what effect they have.  The same code runs against the host's Linux, which
 * proves the suite, and against file systems mounted in a rump kernel.
 *
 * A group is a function of checks about one thing, and its name is a sentence.
 * It starts as root, with umask 0 and no descriptors of its own, in a directory
 * of its own that anybody may write to; paths are relative to that.  Each runs
 * in a process of its own, so it need not clean up, and can do no harm.
 *
 * Calls go through the table c.  The macros below count as one check each, and
 * a check that fails says where, what was wanted and what came; the group goes
 * on.  They are expressions: OK() and IS() give the result of the call.
 *
 *	OK(c->mkdir("d", 0755));
 *	FAILS(EEXIST, c->mkdir("d", 0755));
 *	MODE("d", S_IFDIR | 0755);
 *
 * Time stamps are checked without waiting: they are set into the past first.
 */
#ifndef TESTS_CONFORMANCE_CONFORMANCE_H
#define TESTS_CONFORMANCE_CONFORMANCE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/conformance/calls.h"

/* ---- groups ----------------------------------------------------------------- */

struct group {
	const char *name;
	void (*run)(void);
};

/* One of each file of the suite, ended by a group without a name. */
#define FAMILIES(X) \
	X(path_groups) \
	X(open_groups) \
	X(mkdir_groups) \
	X(remove_groups) \
	X(link_groups) \
	X(rename_groups) \
	X(chmod_groups) \
	X(chown_groups) \
	X(times_groups) \
	X(truncate_groups) \
	X(stat_groups) \
	X(io_groups) \
	X(descriptor_groups) \
	X(directory_groups) \
	X(copy_groups) \
	X(flag_groups) \
	X(lock_groups) \
	X(openat2_groups) \
	X(pipe_groups) \
	X(space_groups) \
	X(xattr_groups) \
	X(difference_groups)

#define X(family) extern const struct group family[];
FAMILIES(X)
#undef X

/* ---- checks ----------------------------------------------------------------- */

#define HERE \
	(struct place) \
	{ \
		__FILE__, __LINE__ \
	}

struct place {
	const char *file;
	int line;
};

/* The call succeeds, that is, gives no negative result. */
#define OK(call) check_success(HERE, #call, (long)(call))

/* The call gives -1 and sets errno. */
#define FAILS(error, call) check_failure(HERE, #call, error, (long)(call))

/* The call, or any other expression, gives this number. */
#define IS(want, call) check_number(HERE, #call, (long)(want), (long)(call))

/* The claim is true. */
#define TRUE(claim) check_claim(HERE, #claim, claim)

/* What a path leads to, a symbolic link itself included. */
#define MODE(path, mode)      check_mode(HERE, path, mode) /* with S_IFMT, or without */
#define OWNER(path, uid, gid) check_owner(HERE, path, uid, gid)
#define SIZE(path, size)      check_size(HERE, path, size)
#define LINKS(path, count)    check_links(HERE, path, count)
#define ABSENT(path)	      check_absent(HERE, path)
#define SAME_FILE(one, two)   check_same(HERE, one, two)
#define DATA(path, text)      check_data(HERE, path, text)
#define TARGET(path, text)    check_target(HERE, path, text)

/*
 * The call succeeds and renews just those time stamps of the file at path which
 * are named, of "a", "m" and "c".  Two checks.
 */
#define RENEWS(stamps, path, call) \
	(make_old(path), OK(call), check_stamps(HERE, #call, path, stamps))

/* Just these have been renewed since make_old(). */
#define STAMPS(stamps, path) check_stamps(HERE, "since", path, stamps)

int check_success(struct place place, const char *call, long result);
void check_failure(struct place place, const char *call, int error, long result);
long check_number(struct place place, const char *call, long want, long result);
void check_claim(struct place place, const char *claim, bool is_true);
void check_mode(struct place place, const char *path, mode_t mode);
void check_owner(struct place place, const char *path, uid_t uid, gid_t gid);
void check_size(struct place place, const char *path, long size);
void check_links(struct place place, const char *path, unsigned count);
void check_absent(struct place place, const char *path);
void check_same(struct place place, const char *one, const char *two);
void check_data(struct place place, const char *path, const char *text);
void check_target(struct place place, const char *path, const char *text);
void check_stamps(struct place place, const char *call, const char *path, const char *stamps);

/* For tables: what to say in front of failures from now on; NULL for nothing. */
__attribute__((format(printf, 1, 2))) void about(const char *format, ...);

/* End the group, as skipped, since the kernel or its file system lacks what. */
__attribute__((noreturn)) void skip(const char *what);

/* The same if what is tested is a Linux older than this. */
void need_linux(unsigned major, unsigned minor);

/*
 * The same if root, who in a container may be less than that, cannot make
 * devices, or cannot give an open file a name.
 */
void need_devices(void);
void need_links_to_open_files(void);

/* The same if the call that was made last failed for it is not there. */
#define NEEDS(call) \
	do { \
		errno = 0; \
		if ((long)(call) == -1 && (errno == ENOSYS || errno == EOPNOTSUPP)) \
			skip(#call " is not there"); \
	} while (0)

/* ---- users ------------------------------------------------------------------ */

/*
 * Two users who share a group: it is one of Alice's supplementary ones.  Carol is in nobody's.
 */
enum {
	ROOT = 0,
	ALICE = 20001, /* each user's group has the user's number */
	BOB = 20002,
	CAROL = 20003,
	TEAM = 20010, /* Alice's and Bob's */
};

/* Act as the user from now on, with the user's groups. */
void as(uid_t user);

/* Act as the user, with this group and one supplementary one. */
void as_member(uid_t user, gid_t group, gid_t other);

uid_t whoami(void);

/* The call, made by the user; its result. */
#define BY(user, call) \
	({ \
		uid_t before_ = whoami(); \
		long result_; \
		int error_; \
		as(user); \
		result_ = (long)(call); \
		error_ = errno; \
		as(before_); \
		errno = error_; \
		result_; \
	})

/* ---- setting the scene ------------------------------------------------------- */

/*
 * These make files as root whoever acts, and end the group as failed if they
 * cannot: without them no check makes sense.
 */
void make_file(const char *path, mode_t mode, uid_t owner, const char *text);
void make_dir(const char *path, mode_t mode, uid_t owner);
void make_link(const char *path, const char *target);
void make_old(const char *path); /* all time stamps */

/* Give these attributes to a file. */
void set_mode(const char *path, mode_t mode);
void set_owner(const char *path, uid_t uid, gid_t gid);

/* An open file, by root. */
int open_file(const char *path, int flags);

/* A path, to nothing that is there, on another file system than this directory. */
const char *on_another_file_system(const char *name);

/* Attributes, of a link itself; the group fails if there are none. */
struct stat stat_of(const char *path);

/*
 * Run function in another process, a child of this one with its descriptors and
 * its user, and give its result.  It may make checks, but not skip().
 */
long in_child(long (*function)(void *argument), void *argument);

#endif
