/*
 * Rump kernels in a program: create them, give them images, call into them.
 *
 * A rump kernel is kernel drivers as a library.  One that is fresh has a tmpfs
 * as its root, a devfs on /dev, process 1 run by the superuser, and no thread.
 * System calls into it are the functions rump_sys_*() of <rump/syscalls.h>,
 * with the arguments, layouts and errors of Linux.
 *
 *	rump_pub_etfs_register("/dev/disk", "disk.img",
 *	    RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
 *	rump_sys_mkdir("/mnt", 0755);
 *	rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, NULL);
 *	fd = rump_sys_open("/mnt/hello.txt", O_RDONLY);
 *
 * Which kernel: most programs need one, the default kernel, which is created
 * by rump_init() or by the first call that needs it.  Others create as many as
 * they like, and say with rump_kernel_switch() which one the calling host
 * thread means.
 *
 * Which process: any host thread may call, without preparation, and acts for
 * process 1 of its kernel until it chooses another one with rump_pub_lwproc_*().
 * The system forgets a host thread when that ends.  A child of fork() must not
 * touch its parent's kernels.
 *
 * Errors: the functions here return 0 or a positive error number, numerically
 * the host's <errno.h>; they leave errno alone.  rump_sys_*() return -1 and set
 * errno.  Every function may be called from any thread at any time, but for
 * what rump_kernel_destroy() says.  Any may block.
 */
#ifndef RUMP_RUMP_H
#define RUMP_RUMP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- kernels ------------------------------------------------------------- */

struct rump_kernel; /* one rump kernel */

/* What the fields of a configuration that have no default say. */
#define RUMP_KERNEL_FIXED_TIME 0x01 /* time_ns is the time */
#define RUMP_KERNEL_SEEDED     0x02 /* random_seed is where randomness comes from */

/*
 * What a kernel is to be like.  A field that is 0 means the default.
 *
 * With a fixed time and a seed, the same calls of one thread leave the same
 * bytes in an image, whenever they are made.
 */
struct rump_kernel_config {
	/*
	 * Bytes of memory that the kernel may take from the host at most, all
	 * it keeps in tmpfs and in its caches included.  Default: 256 MiB.
	 */
	uint64_t memory_limit;

	/*
	 * Lines of the kernel's log at least this grave are also written to
	 * stderr, in syslog(2)'s levels: 3 errors, 4 warnings, 6 information,
	 * 7 everything.  Default: 0, nothing but emergencies.  The log itself
	 * keeps all lines; rump_sys_syslog() reads it.
	 */
	int console_level;

	uint32_t flags; /* RUMP_KERNEL_*, or'ed */

	/*
	 * RUMP_KERNEL_FIXED_TIME: the time of day, as long as the kernel lives, in
	 * nanoseconds since 1970.  Clocks that only measure how long something
	 * takes go on.  Default: the host's time.
	 */
	int64_t time_ns;

	/*
	 * RUMP_KERNEL_SEEDED: all that is random follows from this, which is for
	 * images that are to be the same each time, and no secret.  Default: the
	 * host's randomness.
	 */
	uint64_t random_seed;

	uint64_t reserved[4]; /* zero */
};

/* What a kernel costs. */
struct rump_kernel_statistics {
	uint64_t boot_time_ns; /* how long its creation took */
	uint64_t memory_taken; /* bytes of host memory it holds now */
	uint64_t memory_limit; /* bytes it may hold at most */
	uint32_t thread_count; /* host threads that it has started and that run now */
	uint32_t reserved;     /* zero */
};

/*
 * Create the default kernel; nothing happens if there is one.  Programs need
 * not call it: the first call that needs the default kernel does.  What it is
 * like is read from the environment:
 *
 *	RUMP_MEMLIMIT	memory_limit, with a suffix k, m or g if you like: 64m
 *	RUMP_VERBOSE	console_level
 *	RUMP_TIME	time_ns, but in seconds; with RUMP_KERNEL_FIXED_TIME
 *	RUMP_SEED	random_seed; with RUMP_KERNEL_SEEDED
 *
 * EINVAL: one of the variables makes no sense.  ENOMEM: too little memory, of
 * the host's or under the limit.
 */
int rump_init(void);

/*
 * Create a kernel.  config may be NULL and is not needed after.  The kernel is
 * left in *out, which is NULL on error.  The calling thread stays where it is.
 *
 * EINVAL: console_level is not 0 to 7, flags has unknown ones, or a reserved
 * field is not zero.
 * ENOMEM: too little memory, of the host's or under the limit.
 */
int rump_kernel_create(const struct rump_kernel_config *config, struct rump_kernel **out);

/*
 * From now on the calling host thread means kernel, or the default kernel if
 * that is NULL, and acts for its process 1.  Returns the one that it meant
 * before, NULL for the default kernel.  What rump_pub_lwproc_curlwp() named
 * before stays as it is if the program had created it; it is just no longer run.
 *
 * Cannot fail for a thread that has called anything of the library before;
 * for one that has not, errno is ENOMEM and nothing has changed if the host
 * has no memory to remember it.
 */
struct rump_kernel *rump_kernel_switch(struct rump_kernel *kernel);

/*
 * Destroy kernel (NULL: the default kernel), whatever goes on in it: close
 * what is open, write back and unmount what is mounted, return all memory,
 * descriptors and threads to the host.
 *
 * No thread may be inside the kernel, in a call, or enter it meanwhile.  Host
 * threads that meant it are unbound: the calling thread and all that meant the
 * default kernel mean the default kernel (the next call creates it anew), the
 * others get ENXIO from every call until they call rump_kernel_switch().
 *
 * EIO: something could not be written back; the kernel is gone all the same.
 */
int rump_kernel_destroy(struct rump_kernel *kernel);

/*
 * Tell what kernel (NULL: the default kernel, created if it is not there)
 * costs.  Errors as rump_init().
 */
int rump_kernel_statistics(struct rump_kernel *kernel, struct rump_kernel_statistics *out);

/* ---- images and devices of the host -------------------------------------- */

/*
 * How a file of the host shows in the kernel.  RUMP_ETFS_READ_ONLY may be or'ed
 * in: then the host's file is opened for reading only and never written,
 * whatever happens in the kernel.  So may RUMP_ETFS_NO_FLUSH: then nothing is made
 * durable on the host, which is for files that are of no use anyway should the
 * host stop meanwhile, such as images that are being made.
 */
enum rump_etfs_type {
	RUMP_ETFS_REG,	       /* a regular file; not supported yet */
	RUMP_ETFS_BLK,	       /* a block device, to be mounted */
	RUMP_ETFS_CHR,	       /* the same: like Linux, we have no other access to a disk */
	RUMP_ETFS_DIR,	       /* a directory; not supported yet */
	RUMP_ETFS_DIR_SUBDIRS, /* a directory with those below it; not supported yet */
	RUMP_ETFS_READ_ONLY = 0x100,
	RUMP_ETFS_NO_FLUSH = 0x200,
};

/* As a size: to the end of the host's file. */
#define RUMP_ETFS_SIZE_ENDOFF UINT64_MAX

/*
 * Make a regular file or block device of the host a block device at the path
 * key in the calling thread's kernel.  Directories that key lacks are made.
 * Without RUMP_ETFS_READ_ONLY the host's file is opened for writing, and locked
 * against everybody else who locks; if the host allows no writing, it is opened
 * for reading, and so can only be mounted read-only.  Bytes after the last
 * whole sector of 512 are left out.
 *
 * EINVAL: key is not an absolute path, or names a directory.
 * EEXIST: there is a file at key.
 * EBUSY: the host's file is locked by another kernel or program.
 * ENODEV: the host's file is neither a regular file nor a block device.
 * ENOENT, EACCES, EISDIR, EIO: as the host says of hostpath; also of key.
 * ENAMETOOLONG: key has more than 63 bytes, a leading "/dev/" not counted.
 * EOPNOTSUPP: a type that is not supported.
 * ENOMEM; errors as rump_init().
 */
int rump_pub_etfs_register(const char *key, const char *hostpath, int type);

/*
 * The same for size bytes of the host's file from offset begin on; both are
 * multiples of 512.  A window that reaches past the end of the file ends with
 * it.
 *
 * EINVAL: also if begin or size is no multiple of 512, size is 0, or the file
 * ends before begin.
 */
int rump_pub_etfs_register_withsize(const char *key, const char *hostpath, int type, uint64_t begin,
    uint64_t size);

/*
 * Take away what was registered as key, with the partitions of it, and close
 * the host's file.
 *
 * ENOENT: nothing was.  EBUSY: it, or a partition of it, is mounted or open;
 * other partitions of it may be gone.  ENOMEM.
 */
int rump_pub_etfs_remove(const char *key);

/* What a partition is, beyond its place. */
#define RUMP_PARTITION_CONTAINER 0x01 /* others are in it: an extended one, one with a disklabel */

/* A partition, as the table on the medium tells it. */
struct rump_partition {
	uint64_t start;	      /* bytes from the start of the image */
	uint64_t size;	      /* bytes, inside the image */
	uint32_t flags;	      /* RUMP_PARTITION_* */
	char name[12];	      /* "1", "5"; with a disklabel's letter "a", "1a" */
	char table[16];	      /* "MBR", "GPT", "disklabel", "Apple" */
	char type[40];	      /* as the table has it: "0xa9", a GUID, "7", "Apple_HFS" */
	char type_name[32];   /* what that is called, or "" */
	char label[112];      /* UTF-8 without control characters, or "" */
	uint64_t reserved[4]; /* zero */
};

/*
 * Read the partition table of what was registered as key (MBR with logical
 * partitions, GPT, BSD disklabel, Apple partition map), and make each partition
 * a block device of its own, at the path KEYpNAME: /dev/diskp1, /dev/diskp1a.
 * Ask again at any time; devices that are there stay as they are.
 *
 * *count says how many partitions have room at partitions, and is set to how
 * many there are; partitions may be NULL if *count is 0.
 *
 * Of a damaged table what can be used is told, and the kernel's log says what
 * is wrong.  A GPT that is damaged is replaced by its copy.
 *
 * ENOENT: nothing was registered as key, or it has no partition table; *count
 * is 0.  EUCLEAN: it has one, of which nothing can be used.  EIO.  EEXIST: there
 * is another file at the path of a partition.  ENAMETOOLONG: of a partition, as
 * for rump_pub_etfs_register().  ENOMEM.
 */
int rump_pub_etfs_partitions(const char *key, struct rump_partition *partitions, size_t *count);

/* ---- file systems that are not mounted ------------------------------------ */

/*
 * Make an empty file system of this type on the block device at path, over
 * whatever is there.  path is absolute, in the calling thread's kernel, whatever
 * root its process has.  What is made can be mounted; until it is complete,
 * nothing there can.
 *
 * options is "name=value,name"; NULL or "" is none.  Of type "ffs" they are:
 *
 *	version=1|2	UFS1 or UFS2; default 2
 *	order=le|be	byte order; default le
 *	size=BYTES	of the file system; default all of the device
 *	block=BYTES	block size: 4096, 8192, 16384, 32768 or 65536
 *	fragment=BYTES	fragment size: a power of two from an eighth of the block size,
 *			512 at least, to the block size; default an eighth
 *	density=BYTES	one inode for so many bytes; default four fragments
 *	minfree=PERCENT	space that is kept from ordinary users: 0 to 50; default 5
 *	label=NAME	at most 31 letters, digits, '-', '_' and '.'
 *	journal[=BYTES]	with a journal (NetBSD's WAPBL) behind the file system; default
 *			size a 1024th of the device, from 1 to 64 MiB
 *	zeroed		the device reads as zeros, so what is zero is not written
 *
 * Numbers are decimal, without suffixes.  Sizes of blocks suit the size of the
 * device unless told.  With several threads in the kernel, who mounts the device
 * meanwhile gets EBUSY.
 *
 * EINVAL: there can be no such file system, or an option makes no sense.
 * ENOSPC: it does not fit the device, or the host has no room for it.  Why, is in
 * the kernel's log in one line.
 * ENODEV: there is no such type.  EOPNOTSUPP: such file systems are only read.
 * ENOTBLK: path is no block device.  EBUSY: it is mounted.  EROFS: it was
 * registered as read-only, or the host allows no writing.  EIO: it could not be
 * written.  ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: of path.  ENOMEM; errors as
 * rump_init().
 */
int rump_pub_fs_make(const char *path, const char *type, const char *options);

/*
 * Write a partition table with one partition, which is all there is from 1 MiB on,
 * over whatever is at the beginning of what was registered as key.  It becomes a
 * device with rump_pub_etfs_partitions().
 *
 * table is "GPT" or "MBR".  type is what the partition is for: "freebsd" (a UFS) or
 * "netbsd" (an FFS).  label is what it is called, of which ASCII is kept, or NULL;
 * an MBR has none.
 *
 * EINVAL: another table or type, or it is too large for an MBR.  ENOSPC: it is
 * smaller than 3 MiB, or 2 for an MBR.  ENOENT: nothing was registered as key.  EROFS, EIO, ENOMEM;
 * errors as rump_init().
 */
int rump_pub_etfs_partition(const char *key, const char *table, const char *type,
    const char *label);

/* What a check may do. */
enum rump_fs_check_mode {
	RUMP_FS_CHECK_ONLY,   /* write nothing */
	RUMP_FS_CHECK_PREEN,  /* repair what a crash leaves, unless there is anything graver */
	RUMP_FS_CHECK_ASK,    /* repair what decide() says yes to */
	RUMP_FS_CHECK_REPAIR, /* repair all that can be */
};

/* How grave a problem is. */
enum rump_fs_severity {
	RUMP_FS_LEFTOVER, /* what a crash leaves; repairing it loses nothing that was synced */
	RUMP_FS_DAMAGE,	  /* something else happened; repairing it may lose something */
	RUMP_FS_FATAL,	  /* nothing more can be checked */
};

/* Something that is wrong with a file system.  Valid during the call. */
struct rump_fs_problem {
	const char *text;   /* what and where, one line; names in it as they are on the medium */
	const char *repair; /* what is done about it, "remove the entry"; NULL: nothing can be */
	int severity;	    /* enum rump_fs_severity */
	int is_asked;	    /* what decide() returns counts */
	int is_repaired;    /* it is going to be repaired, unless is_asked */
};

/* A check: what it may do, whom it tells, and what came of it. */
struct rump_fs_check {
	int mode;	     /* enum rump_fs_check_mode */
	int is_forced;	     /* RUMP_FS_CHECK_PREEN: check it though it is marked clean */
	uint64_t superblock; /* where the copy of it to use is, bytes; 0: find one */

	/*
	 * Told of every problem, on the calling thread; not 0: repair it.  Told now and
	 * then how far the check is: done of total steps of what.  Each may be NULL,
	 * which says no to all that is asked.  Neither may call into the kernel.
	 */
	int (*decide)(void *cookie, const struct rump_fs_problem *problem);
	void (*progress)(void *cookie, const char *what, uint64_t done, uint64_t total);
	void *cookie;

	/* What came of it. */
	uint64_t problem_count;
	uint64_t repaired_count; /* of them */
	uint64_t left_count;	 /* of them */
	int was_clean;		 /* it was marked clean */
	int is_clean;		 /* nothing is left, so it is marked clean, or would be */
	int is_skipped;		 /* RUMP_FS_CHECK_PREEN: it was clean, and not looked at */
	int is_modified;	 /* something was written */
	uint64_t file_count;	 /* of every type, directories too */
	uint64_t directory_count;
	uint64_t fragment_size;	 /* bytes; the unit of what follows */
	uint64_t used;		 /* by files */
	uint64_t free;		 /* all of it */
	uint64_t free_blocks;	 /* whole blocks, of which free consists ... */
	uint64_t free_fragments; /* ... besides these */
	uint64_t reserved[8];	 /* zero */
};

/*
 * Check the file system on the block device at path, which is absolute, in the
 * calling thread's kernel, and repair it as check says.  type is that of the file
 * system, "auto" if whichever it is.  A check that was cut short can be made again.
 *
 * 0: it came to its end, whatever it found; see left_count.
 * EINVAL: no such file system is there, nor a copy of its superblock (why, is in
 * the kernel's log); mode is none, or a reserved field is not zero.
 * ENODEV: there is no such type.  EOPNOTSUPP: such file systems cannot be checked.
 * ENOTBLK: path is no block device.  EBUSY: it is mounted, and that to be written
 * or to be repaired here.  EROFS: something may be repaired, but it was registered
 * as read-only, or the host allows no writing.  EIO: it could not be read or
 * written.  ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: of path.  ENOMEM: the kernel's
 * memory_limit is too low for what has to be remembered (about a bit for each
 * fragment and 8 bytes for each inode in use); errors as rump_init().
 */
int rump_pub_fs_check(const char *path, const char *type, struct rump_fs_check *check);

/* ---- processes and threads ------------------------------------------------ */

struct lwp; /* a thread of control in a kernel; run by one host thread at a time */

/* What descriptors a new process has. */
#define RUMP_RFFDG  0x01 /* copies of the caller's, as after fork() */
#define RUMP_RFCFDG 0x02 /* none */

/*
 * Create a process, as a child of the calling thread's, and a thread in it,
 * which the calling host thread runs from then on.  With neither flag the
 * process shares the caller's descriptors.  It is gone with its last thread.
 *
 * EINVAL: both flags, or unknown ones.  EAGAIN: too many processes.  ENOMEM.
 */
int rump_pub_lwproc_rfork(int flags);

/*
 * Create a thread in the process pid of the calling thread's kernel, which the
 * calling host thread runs from then on.
 *
 * ESRCH: no such process.  ENOMEM.
 */
int rump_pub_lwproc_newlwp(int pid);

/*
 * Run lwp, in whichever kernel it is, instead of what the calling host thread
 * runs now; NULL: an implicit thread of process 1, made when needed.  No other
 * host thread may be running lwp.  A host thread that ends takes what it runs
 * along, as if by rump_pub_lwproc_releaselwp().
 *
 * Cannot fail but as rump_kernel_switch() says.
 */
void rump_pub_lwproc_switch(struct lwp *lwp);

/*
 * Free the thread that the calling host thread runs, and with the last one its
 * process.  It runs an implicit thread of process 1 then, made when needed.
 */
void rump_pub_lwproc_releaselwp(void);

/*
 * What the calling host thread runs; NULL if that is an implicit thread or none.
 */
struct lwp *rump_pub_lwproc_curlwp(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
