/*
 * Vnodes: files of every kind, as the kernel sees them.
 *
 * A vnode is what a path leads to.  The vfs layer owns names, permission,
 * locking, caching and time stamps; a file system decodes and encodes its
 * format behind struct vnode_ops.  It embeds struct vnode in its own inode and
 * is called only through the dispatchers vnode_*() of this folder, which check
 * and assert what the comments here promise.
 *
 * Lifetime: a vnode is counted.  Without references it stays in the table of
 * vnodes, idle, and may be found again by (mount, ino); it is reclaimed when
 * memory is wanted, when the mount goes, or at once if no name leads to it.
 * A file system whose inodes live in memory anyway (tmpfs, is_memory) does not
 * use the table: it holds a reference of its own for as long as the file's link
 * count is not 0.  Unmounting takes those references for granted, finds nothing
 * else in use, and reclaims every vnode of the mount.
 *
 * Locks: vnode->lock guards attributes and content (the entries of a
 * directory, the size and the block map of a file).  Parent before child and
 * directories before other files; otherwise by rising address.
 *
 * Times: a file system gives a new file the time it is created at; all other
 * time stamps are set by this layer, which then tells attributes_changed().
 */
#ifndef VFS_VNODE_H
#define VFS_VNODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/string.h"
#include "kern/kernel.h"
#include "kern/rwlock.h"
#include "kern/uio.h"
#include "vfs/page_cache.h"

#define NAME_LENGTH_MAX 255
#define PATH_LENGTH_MAX 4096 /* the NUL included */

struct credential;
struct mount;
struct pipe;
struct vnode;

enum vnode_type {
	VNODE_ANONYMOUS = 0, /* an eventfd and its like: no type, and in no directory */
	VNODE_FIFO = 1,
	VNODE_CHARACTER = 2,
	VNODE_DIRECTORY = 4,
	VNODE_BLOCK = 6,
	VNODE_REGULAR = 8,
	VNODE_SYMLINK = 10,
	VNODE_SOCKET = 12,
}; /* the values of Linux's d_type; shifted left by 12, those of st_mode */

/* Permission bits and file type of a mode, as in Linux. */
#define MODE_TYPE_SHIFT	 12
#define MODE_TYPE	 0170000
#define MODE_SETUID	 04000
#define MODE_SETGID	 02000
#define MODE_STICKY	 01000
#define MODE_PERMISSIONS 07777

struct timestamp {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

/* Inode flags that the layer above honours. */
enum vnode_flag {
	VNODE_IMMUTABLE = 1,
	VNODE_APPEND_ONLY = 2,
	VNODE_NO_DUMP = 4,
};

/* What stat tells, in memory.  Guarded by the vnode's lock. */
struct vnode_attributes {
	uint64_t ino;
	uint64_t size;	      /* bytes; symbolic links: of the target */
	uint64_t block_count; /* of 512 bytes, held */
	uint32_t link_count;
	uint32_t permissions; /* MODE_PERMISSIONS */
	uint32_t uid;
	uint32_t gid;
	uint32_t device; /* which device a device node stands for */
	uint32_t flags;	 /* enum vnode_flag */
	struct timestamp accessed;
	struct timestamp modified;
	struct timestamp changed;
	struct timestamp born;	/* zero if the format does not keep it */
	uint32_t io_block_size; /* preferred unit of transfers */
};

/* Which attributes to set. */
enum attribute_mask {
	SET_PERMISSIONS = 1,
	SET_UID = 2,
	SET_GID = 4,
	SET_ACCESSED = 8,
	SET_MODIFIED = 16,
	SET_CHANGED = 32,
	SET_FLAGS = 64,
};

/* What a new file is to be.  Strings are borrowed. */
struct vnode_create {
	enum vnode_type type;
	uint32_t permissions;
	uint32_t uid;
	uint32_t gid;
	uint32_t device;    /* device nodes */
	struct name target; /* symbolic links */
};

struct vnode_rename {
	struct vnode *from_dir, *to_dir; /* locked exclusively; may be the same */
	struct name from_name, to_name;
	struct vnode *vnode;	/* what moves */
	struct vnode *replaced; /* what to_name leads to now, or NULL */
	bool exchange;		/* swap the two; replaced is not NULL */
};

/*
 * Stores are read in multiples of this.  Extents begin and end at multiples of
 * it in the file, but for what ends with the file.  On the store they may lie
 * anywhere: addresses mean something to the file system alone.
 */
#define STORE_UNIT 512

/* A run of a file's bytes that lies together on its store. */
struct extent {
	uint64_t offset;  /* in the file, bytes */
	uint64_t length;  /* bytes, not 0 */
	uint64_t address; /* on the store, bytes; meaningless for a hole */
	bool is_hole;	  /* reads as zeros, nothing stored */
	bool is_new;	  /* EXTENT_WRITE: nothing was stored there before */
};

/*
 * What an extent is wanted for.  Whoever asks to write does write all of what
 * is newly stored in the pages that the range touches, and before the file
 * grows over the page that it ends in, the rest of that page, as zeros.  What
 * else is newly stored the file system zeroes on the store.
 */
enum extent_intent {
	EXTENT_READ,
	EXTENT_WRITE, /* allocate where there is a hole, or past the end */
};

/* What becomes of a range of a file: fallocate(2).  Values are the call's. */
enum allocate_mode {
	/* Everything in it is stored; what was a hole reads as zeros.  The file grows. */
	ALLOCATE_SPACE = 0,

	/* With the former: the size stays, even if storage beyond it is set aside. */
	ALLOCATE_KEEP_SIZE = 1,

	/* With ALLOCATE_KEEP_SIZE: it reads as zeros, and whole units are given back. */
	ALLOCATE_PUNCH_HOLE = 2,

	/* With ALLOCATE_KEEP_SIZE or not: everything in it is stored, and reads as zeros. */
	ALLOCATE_ZERO_RANGE = 16,
};

/* Extended attributes: limits and flags, numerically Linux's. */
#define XATTR_NAME_LENGTH_MAX 255
#define XATTR_VALUE_MAX	      65536
#define XATTR_LIST_MAX	      65536

enum xattr_flag {
	XATTR_CREATE = 1,  /* -EEXIST if it is there */
	XATTR_REPLACE = 2, /* -ENODATA if it is not */
};

/*
 * Receives the entries of a directory.  add() returns false when there is no
 * more room: the entry was not taken and the listing ends.  next is the
 * position after this entry.
 */
struct directory_sink {
	bool (*add)(struct directory_sink *sink, struct name name, uint64_t ino,
	    enum vnode_type type, uint64_t next);
};

/*
 * What a file system does for its vnodes.  Names have been checked: 1 to 255
 * bytes, no '/' and no NUL, and never "." or "..", but for lookup of ".." which
 * is passed down.  Permission was checked, the mount is writable where
 * something changes.  Locks held are given as (dir: shared).
 */
struct vnode_ops {
	/* (dir: shared) A reference to what name leads to; -ENOENT. */
	int (*lookup)(struct vnode *dir, struct name name, struct vnode **out);

	/* (dir: exclusive) name does not exist.  A reference to the new file. */
	int (*create)(struct vnode *dir, struct name name, const struct vnode_create *what,
	    struct vnode **out);

	/* (both: exclusive) name does not exist; vnode is no directory.  -EMLINK. */
	int (*link)(struct vnode *dir, struct name name, struct vnode *vnode);

	/* (both: exclusive) name leads to vnode.  Directories: -ENOTEMPTY. */
	int (*remove)(struct vnode *dir, struct name name, struct vnode *vnode);

	/* (all four: exclusive) Rules are checked but for -ENOTEMPTY. */
	int (*rename)(const struct vnode_rename *rename);

	/*
	 * (dir: shared) Give entries from *position on, "." and ".." included,
	 * and leave *position after the last one taken.  0 is the beginning;
	 * other positions were given by this function, or forged.
	 */
	int (*read_directory)(struct vnode *dir, uint64_t *position, struct directory_sink *sink);

	/* (vnode: shared) The target, at most size bytes; its length to *length. */
	int (*read_link)(struct vnode *vnode, char *target, size_t size, size_t *length);

	/* (vnode: exclusive) The attributes in mask have just been changed in vnode. */
	int (*attributes_changed)(struct vnode *vnode, uint32_t mask);

	/*
	 * (vnode: shared for reading, exclusive for writing) The longest extent
	 * that begins at offset, at most length bytes.  Offset is below the
	 * size for reading.
	 */
	int (*map_extent)(struct vnode *vnode, uint64_t offset, uint64_t length,
	    enum extent_intent intent, struct extent *out);

	/*
	 * (vnode: as for map_extent) Read from the store, at an address that
	 * map_extent gave or a multiple of STORE_UNIT after it, a multiple of
	 * STORE_UNIT bytes.  Those after the end of the file may be anything.
	 */
	int (*read_store)(struct vnode *vnode, uint64_t address, const struct segment *segments,
	    size_t count);

	/* (vnode: as for map_extent, for reading) The same for writing.  -EIO, -EROFS, -ENOSPC. */
	int (*write_store)(struct vnode *vnode, uint64_t address, const struct segment *segments,
	    size_t count);

	/*
	 * (vnode: exclusive) Make the file size bytes long.  What stays stored
	 * past the page that it then ends in is zeroed.  -EFBIG, -ENOSPC.
	 */
	int (*resize)(struct vnode *vnode, uint64_t size);

	/*
	 * (vnode: exclusive) A regular file; offset + length fits an off_t.  All
	 * of the range, or what an error leaves, is as mode wants it: see enum
	 * allocate_mode.  Time stamps are set by this layer after.  -EOPNOTSUPP
	 * for a mode that the format does not have, -EFBIG, -ENOSPC.
	 */
	int (*allocate)(struct vnode *vnode, enum allocate_mode mode, uint64_t offset,
	    uint64_t length);

	/*
	 * (dir: exclusive) A reference to a new regular file that has no name: its
	 * link count is 0.  link() may give it one later; if nobody does, it is
	 * reclaimed with its last reference.  dir says where it is to lie.
	 */
	int (*create_unnamed)(struct vnode *dir, const struct vnode_create *what,
	    struct vnode **out);

	/*
	 * Extended attributes.  Names are whole ("user.x"), 1 to
	 * XATTR_NAME_LENGTH_MAX bytes, in families that the layer has checked and
	 * the caller may use: "user.", "trusted." or "security.".
	 */

	/*
	 * (vnode: shared) The value; its length to *length.  size 0 only asks for
	 * the length.  -ENODATA, -ERANGE if size is too small but not 0,
	 * -EOPNOTSUPP for a family that the format does not keep.
	 */
	int (*get_xattr)(struct vnode *vnode, struct name name, void *value, size_t size,
	    size_t *length);

	/*
	 * (vnode: exclusive) Set the whole value, at most XATTR_VALUE_MAX bytes, or
	 * nothing.  flags are of enum xattr_flag: -EEXIST, -ENODATA.  -ENOSPC,
	 * -E2BIG (cannot be kept so large), -EOPNOTSUPP.
	 */
	int (*set_xattr)(struct vnode *vnode, struct name name, const void *value, size_t size,
	    uint32_t flags);

	/*
	 * (vnode: shared) All names, each ended by a NUL; how many bytes to
	 * *length.  size as for get_xattr.  -ERANGE.
	 */
	int (*list_xattr)(struct vnode *vnode, char *list, size_t size, size_t *length);

	/* (vnode: exclusive) -ENODATA, -EOPNOTSUPP. */
	int (*remove_xattr)(struct vnode *vnode, struct name name);

	/*
	 * (vnode: not locked) Make durable what was done to this file before: its
	 * content and all that is needed to read it; unless data_only, all its
	 * attributes too; and the name by which a new file is found.
	 */
	int (*sync)(struct vnode *vnode, bool data_only);

	/*
	 * The last reference to a file without a name is gone: free what it has
	 * on the medium.  reclaim() follows.  Nobody can reach it any more; the
	 * caller may hold locks of other vnodes, and nothing below them.
	 */
	void (*erase)(struct vnode *vnode);

	/*
	 * Free the file system's inode that vnode is embedded in.  Nobody can
	 * reach it any more, and it has nothing to be written.  Called also
	 * while memory is being looked for, with whatever locks: it takes none
	 * but those of memory_free().
	 */
	void (*reclaim)(struct vnode *vnode);
};

struct vnode {
	const struct vnode_ops *ops; /* constant */
	struct mount *mount;	     /* constant; the mount outlives its vnodes */
	struct kernel *kernel;	     /* constant */
	uint64_t ino;		     /* constant */
	enum vnode_type type;	     /* constant */
	bool is_memory;		     /* the inode and its pages live in memory only; constant */
	_Atomic bool is_searchable;  /* known that everybody may; private to lookup.c */
	bool is_linkable;	     /* without a name, but may get one; GUARDED_BY(lock) */
	bool uses_reserve; /* who writes may use what is kept from others; GUARDED_BY(lock) */
	_Atomic uint32_t references; /* and flags; private to vnode.c */
	struct rwlock lock;
	struct vnode_attributes attributes; /* GUARDED_BY(lock) */
	struct page_cache pages;
	struct pipe *pipe;	     /* of a fifo that is open; GUARDED_BY(lock) */
	struct vnode *former_parent; /* of a removed directory; a reference; GUARDED_BY(lock) */
	struct mount *_Atomic mounted_here; /* GUARDED_BY(lock); atomic to peek at */
	_Atomic uint32_t lock_count;	    /* see file_lock.h; private to file_lock.c */
	struct list table_link;		    /* (mount, ino) hash chain; private to vnode.c */
	struct list mount_link;		    /* all vnodes of the mount; private to vnode.c */
	struct list idle_link;		    /* private to vnode.c */
	struct list names;    /* cached names that lead here; private to name_cache.c */
	struct list children; /* cached names in here; private to name_cache.c */
};

/*
 * Set up the embedded vnode of a new inode with one reference; attributes are
 * the caller's to fill in before it shows the vnode to anybody.  is_memory is
 * set if the mount's load is mount_no_load.
 */
void vnode_init(struct vnode *vnode, struct mount *mount, const struct vnode_ops *ops,
    enum vnode_type type, uint64_t ino);

/* One more reference to a vnode that the caller can rely on. */
struct vnode *vnode_get(struct vnode *vnode);

/* Give a reference back.  May sleep; takes no vnode lock.  NULL is let pass. */
void vnode_put(struct vnode *vnode);

/*
 * A reference to the vnode ino of mount: from the table, or read by the file
 * system through mount_ops.load.
 */
MUST_CHECK int vnode_find(struct mount *mount, uint64_t ino, struct vnode **out);

/* Dispatchers.  Contracts are those of the operations above. */
MUST_CHECK int vnode_lookup(struct vnode *dir, struct name name, struct vnode **out);
MUST_CHECK int vnode_create(struct vnode *dir, struct name name, const struct vnode_create *what,
    struct vnode **out);
MUST_CHECK int vnode_link(struct vnode *dir, struct name name, struct vnode *vnode);
MUST_CHECK int vnode_remove(struct vnode *dir, struct name name, struct vnode *vnode);
MUST_CHECK int vnode_rename(const struct vnode_rename *rename);
MUST_CHECK int vnode_read_directory(struct vnode *dir, uint64_t *position,
    struct directory_sink *sink);
MUST_CHECK int vnode_read_link(struct vnode *vnode, char *target, size_t size, size_t *length);
MUST_CHECK int vnode_attributes_changed(struct vnode *vnode, uint32_t mask);
MUST_CHECK int vnode_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length,
    enum extent_intent intent, struct extent *out);
MUST_CHECK int vnode_read_store(struct vnode *vnode, uint64_t address,
    const struct segment *segments, size_t count);
MUST_CHECK int vnode_write_store(struct vnode *vnode, uint64_t address,
    const struct segment *segments, size_t count);
MUST_CHECK int vnode_resize(struct vnode *vnode, uint64_t size);
MUST_CHECK int vnode_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset,
    uint64_t length);
MUST_CHECK int vnode_create_unnamed(struct vnode *dir, const struct vnode_create *what,
    struct vnode **out);
MUST_CHECK int vnode_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size,
    size_t *length);
MUST_CHECK int vnode_set_xattr(struct vnode *vnode, struct name name, const void *value,
    size_t size, uint32_t flags);
MUST_CHECK int vnode_list_xattr(struct vnode *vnode, char *list, size_t size, size_t *length);
MUST_CHECK int vnode_remove_xattr(struct vnode *vnode, struct name name);

/* For an open file, which is told of errors of writing that it was not told of before. */
MUST_CHECK int vnode_sync(struct vnode *vnode, bool data_only, struct write_errors_told *told);

/* Named defaults for operations that a kind of file does not have. */
int vnode_no_lookup(struct vnode *dir, struct name name, struct vnode **out); /* -ENOTDIR */
int vnode_no_create(struct vnode *dir, struct name name, const struct vnode_create *what,
    struct vnode **out);						       /* -EROFS */
int vnode_no_link(struct vnode *dir, struct name name, struct vnode *vnode);   /* -EROFS */
int vnode_no_remove(struct vnode *dir, struct name name, struct vnode *vnode); /* -EROFS */
int vnode_no_rename(const struct vnode_rename *rename);			       /* -EROFS */
int vnode_no_read_directory(struct vnode *dir, uint64_t *position,
    struct directory_sink *sink); /* -ENOTDIR */
int vnode_no_read_link(struct vnode *vnode, char *target, size_t size,
    size_t *length);						     /* -EINVAL */
int vnode_no_attributes_changed(struct vnode *vnode, uint32_t mask); /* -EROFS */
int vnode_no_map_extent(struct vnode *vnode, uint64_t offset, uint64_t length,
    enum extent_intent intent, struct extent *out); /* -EINVAL */
int vnode_no_read_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count); /* -EIO */
int vnode_no_write_store(struct vnode *vnode, uint64_t address, const struct segment *segments,
    size_t count);					 /* -EIO */
int vnode_no_resize(struct vnode *vnode, uint64_t size); /* -EROFS */
int vnode_no_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset,
    uint64_t length); /* -EOPNOTSUPP */
int vnode_no_create_unnamed(struct vnode *dir, const struct vnode_create *what,
    struct vnode **out); /* -EOPNOTSUPP */
int vnode_no_get_xattr(struct vnode *vnode, struct name name, void *value, size_t size,
    size_t *length); /* -EOPNOTSUPP */
int vnode_no_set_xattr(struct vnode *vnode, struct name name, const void *value, size_t size,
    uint32_t flags); /* -EOPNOTSUPP */
int vnode_no_list_xattr(struct vnode *vnode, char *list, size_t size,
    size_t *length);						  /* 0: there are none */
int vnode_no_remove_xattr(struct vnode *vnode, struct name name); /* -EOPNOTSUPP */
void vnode_erase_nothing(struct vnode *vnode);
int vnode_sync_mount(struct vnode *vnode, bool data_only); /* by mount_ops.sync */

/*
 * The defaults in groups, for tables of operations: a group stands for the
 * operations of it, and what the file does have is named besides.
 */

/* Of a file system that cannot be written, every file. */
#define VNODE_NO_CHANGES \
	.create = vnode_no_create, .link = vnode_no_link, .remove = vnode_no_remove, \
	.rename = vnode_no_rename, .attributes_changed = vnode_no_attributes_changed, \
	.write_store = vnode_no_write_store, .resize = vnode_no_resize, \
	.allocate = vnode_no_allocate, .create_unnamed = vnode_no_create_unnamed, \
	.sync = vnode_sync_mount, .erase = vnode_erase_nothing

/* Of one that keeps no extended attributes, every file. */
#define VNODE_NO_XATTRS \
	.get_xattr = vnode_no_get_xattr, .set_xattr = vnode_no_set_xattr, \
	.list_xattr = vnode_no_list_xattr, .remove_xattr = vnode_no_remove_xattr

/* What is no directory, no symbolic link, no regular file. */
#define VNODE_NO_ENTRIES .lookup = vnode_no_lookup, .read_directory = vnode_no_read_directory
#define VNODE_NO_TARGET	 .read_link = vnode_no_read_link
#define VNODE_NO_CONTENT .map_extent = vnode_no_map_extent, .read_store = vnode_no_read_store

#endif
