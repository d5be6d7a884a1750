/*
 * The Berkeley Fast File System: UFS1 and UFS2, in either byte order, as
 * NetBSD, FreeBSD and their ancestors write them.  Read-only.
 *
 * The driver is registered as "ffs".  Mount options:
 *
 *   norecovery   do not replay the journal: show the blocks as they are in place
 *   partial      mount although the device ends before the file system does;
 *                what lies beyond its end gives -EIO
 *
 * A journal (WAPBL) that has not been written back is replayed in memory, so
 * that the newest committed state is shown and the device is not written.
 */
#ifndef FS_FFS_FFS_H
#define FS_FFS_FFS_H

struct component;

extern const struct component ffs_component;

#endif
