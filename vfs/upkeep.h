/*
 * What is done to file systems that are not mounted: making and checking them.
 *
 * The driver does it (struct fs_type, vfs/mount.h); here is who looks whether it
 * may be done.  Why a driver could not is in the kernel's log, in words.
 *
 * What a driver that checks finds wrong it tells, one problem at a time, in words
 * for people; whoever asked decides what becomes of it, in advance (the mode) or
 * each time.  It writes nothing but repairs that were decided on, in an order that
 * lets a check that was cut short be done again.
 *
 * All of it may sleep, and takes as long as the medium takes.
 */
#ifndef VFS_UPKEEP_H
#define VFS_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct kernel;
struct path_context;

/*
 * Make an empty file system of this type on the block device that path leads to.
 * -EPERM without CAP_SYS_ADMIN, -ENODEV for an unknown type, -ENOTBLK, -EBUSY
 * while it is mounted, -EOPNOTSUPP if the driver makes none, and what lookup
 * and the driver say.
 */
MUST_CHECK int fs_make_at(const struct path_context *context, const char *path, const char *type,
    const char *options);

enum fs_check_mode {
	FS_CHECK_ONLY,	 /* nothing is written */
	FS_CHECK_PREEN,	 /* what a crash leaves is repaired; anything graver ends repairing */
	FS_CHECK_ASK,	 /* decide() says */
	FS_CHECK_REPAIR, /* all that can be */
};

enum fs_severity {
	FS_PROBLEM_LEFTOVER, /* what a crash leaves: repairing it loses nothing that was synced */
	FS_PROBLEM_DAMAGE,   /* something else happened; repairing it may lose something */
	FS_PROBLEM_FATAL,    /* nothing more can be checked */
};

struct fs_problem {
	enum fs_severity severity;
	const char *text;   /* what and where: a line without its end; names as they are */
	const char *repair; /* what is done about it: "remove it"; NULL: nothing can be */
	bool is_asked;	    /* decide()'s answer counts */
	bool is_repaired;   /* it will be, unless is_asked */
};

/* What was found.  All of it is valid after 0. */
struct fs_check_result {
	uint64_t problems;
	uint64_t repaired; /* of them */
	uint64_t left;	   /* of them */
	bool was_clean;	   /* marked so before */
	bool is_clean;	   /* marked so now, and nothing left */
	bool is_skipped;   /* it was clean, so preening looked no further */
	bool is_modified;
	uint64_t files; /* of every type, directories too */
	uint64_t directories;
	uint64_t fragment_size;	  /* the unit of the counts below, bytes */
	uint64_t fragments_used;  /* by files */
	uint64_t fragments_free;  /* those in free blocks too */
	uint64_t blocks_free;	  /* whole ones */
	uint64_t fragments_loose; /* free, in blocks that are partly used */
};

struct fs_check_request {
	struct kernel *kernel;
	const char *source; /* path of the device, also for people; borrowed */
	uint32_t device;    /* its number */
	enum fs_check_mode mode;
	bool is_forced;	     /* preening looks at everything though it is clean */
	uint64_t superblock; /* bytes: use the copy here; 0: find one */

	/*
	 * Told every problem; the result counts if is_asked.  The callbacks run on
	 * the calling thread, with no lock held; they do not call into the kernel.
	 */
	bool (*decide)(void *cookie, const struct fs_problem *problem);

	/* Told now and then how far it is: done of total steps of what. */
	void (*progress)(void *cookie, const char *what, uint64_t done, uint64_t total);
	void *cookie;
	struct fs_check_result result;
};

/*
 * Check what is on the block device that request->source leads to; type "auto"
 * asks the drivers.  kernel, device and result are filled in here.  0 if the
 * check came to its end, whatever it found.  -ENODEV for an unknown type,
 * -ENOTBLK, -EOPNOTSUPP if the driver checks nothing, -EPERM without
 * CAP_SYS_ADMIN, -EBUSY if it is mounted to be written, or mounted at all and
 * repairing is wanted, -EROFS if repairing is wanted of a device that is
 * read-only, -EINVAL (logged) if there is no such file system at all, -EIO,
 * -ENOMEM, and what lookup says.
 */
MUST_CHECK int fs_check_at(const struct path_context *context, const char *type,
    struct fs_check_request *request);

#endif
