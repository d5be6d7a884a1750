/*
 * Reading and writing of regular files, once for all file systems.
 *
 * Small reads go through the page cache, with read-ahead for sequential
 * readers; large aligned ones straight from the store into the caller's
 * memory where the store is cached below and none of the range is in pages.
 * All of these may sleep.  The caller holds a reference, no lock.
 */
#ifndef VFS_FILE_IO_H
#define VFS_FILE_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/uio.h"
#include "vfs/vnode.h"

struct credential;

/*
 * Read from offset as much as uio takes and the file has; uio->left tells what
 * was not.  An error after some data was moved is reported only by the next
 * call.  The time of access is the caller's affair: namespace_accessed().
 * -EIO, -EUCLEAN, -EFAULT, -ENOMEM.
 */
MUST_CHECK int file_read(struct vnode *vnode, struct uio *uio, uint64_t offset);

/* Who writes, and how. */
struct file_writer {
	const struct credential *credential; /* without CAP_FSETID, set-ID bits go */
	uint64_t size_limit;		     /* RLIMIT_FSIZE; UINT64_MAX for none */
	bool append;			     /* file_write: at the end, wherever that is */
};

/*
 * Write at *offset, or, to append, at the end, which *offset then tells.  The
 * file grows as needed.  Partial success as for reading.  -EFBIG, -ENOSPC,
 * -EROFS, -EIO, -EFAULT, -ENOMEM.
 */
MUST_CHECK int file_write(struct vnode *vnode, struct uio *uio, uint64_t *offset,
    const struct file_writer *writer);

/*
 * Set the size; what is cut off is gone, what is added reads as zeros.  -EFBIG,
 * -EROFS, -EIO, -ENOMEM.
 */
MUST_CHECK int file_truncate(struct vnode *vnode, uint64_t size, const struct file_writer *writer);

/*
 * Change how a range of a regular file is stored: modes are those of
 * vnode_ops.allocate.  -EOPNOTSUPP, -EFBIG, -ENOSPC, -EROFS, -ENOMEM.
 */
MUST_CHECK int file_allocate(struct vnode *vnode, enum allocate_mode mode, uint64_t offset,
    uint64_t length, const struct file_writer *writer);

/*
 * The next offset at or after offset that is data, or a hole (the end of the
 * file counts as one).  -ENXIO past the end, or where no data follows.  After
 * many extents the rest is said to be data.
 */
MUST_CHECK int file_seek_data(struct vnode *vnode, uint64_t offset, uint64_t *out);
MUST_CHECK int file_seek_hole(struct vnode *vnode, uint64_t offset, uint64_t *out);

#endif
