/*
 * The order in which locks are taken, outermost first.
 *
 * A new lock gets its line here, in its place, and its name in lock_debug.c.
 * Where a thread may hold two locks of one rank, the line says in which order
 * it takes them.
 */
#ifndef KERN_LOCK_RANK_H
#define KERN_LOCK_RANK_H

enum lock_rank {
	RANK_PROCESS,	     /* syscall: process table, a process's fields */
	RANK_FILE,	     /* syscall: offset of an open file */
	RANK_EPOLL,	     /* syscall: what an epoll watches; before those that it watches */
	RANK_MOUNT_TABLE,    /* vfs: mounts and what they cover */
	RANK_RENAME,	     /* vfs: one rename per mount at a time */
	RANK_VNODE,	     /* vfs: parent before child, directories first, then by address */
	RANK_FS_OPERATION,   /* fs: operations on a file system, against its checkpoints */
	RANK_FS_DATA,	     /* fs: who writes files' data, against who zeros what is unwritten */
	RANK_FILE_SYSTEM,    /* fs: what a mounted file system keeps for itself */
	RANK_BUFFER,	     /* block: content of a buffer */
	RANK_BUFFER_CACHE,   /* block: which buffers there are */
	RANK_BLOCK_REGISTRY, /* block: which devices there are */
	RANK_VNODE_TABLE,    /* vfs: which vnodes there are, which are idle */
	RANK_NAME_CACHE,     /* vfs: which names are cached, and for whom */
	RANK_WAIT_QUEUE,     /* kern: something to wait for; before those that wait for it */
	RANK_FILE_LOCK,	     /* vfs: locks that processes put on files */
	RANK_WATCHES,	     /* syscall: which epoll watches which file */
	RANK_DESCRIPTORS,    /* syscall: one process's descriptors */
	RANK_DEFERRED,	     /* kern: timers and work */
	RANK_RECLAIM,	     /* kern: one thread at a time asks the shrinkers */
	RANK_PAGE_LRU,	     /* vfs: which pages were used last; nothing is allocated under it */
	RANK_PAGE_CACHE,     /* vfs: the pages of one vnode; nothing is allocated under it */
	RANK_RCU,	     /* kern: which threads read; readers are waited for under it */
	RANK_SIZE_CLASS,     /* kern: slabs of one size */
	RANK_MEMORY,	     /* kern: chunks and runs */
	RANK_LOG,	     /* kern: the log ring */
	RANK_COUNT,
};

#endif
