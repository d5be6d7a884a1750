/*
 * The Berkeley Fast File System: UFS1 and UFS2, in either byte order, as
 * NetBSD, FreeBSD and their ancestors write them.
 *
 * The driver is registered as "ffs".  Mount options:
 *
 *   force        write to it although it was not unmounted cleanly
 *   norecovery   do not replay the journal: show the blocks as they are in place
 *   partial      mount although the device ends before the file system does;
 *                what lies beyond its end gives -EIO
 *
 * A journal (WAPBL) that has not been written back is replayed in memory, so
 * that the newest committed state is shown and the device is not written.
 *
 * Written are file systems with 64-bit fields (UFS2, and UFS1 since 5.0) that
 * were unmounted cleanly and have no journal, snapshots, quotas inside or check
 * hashes; others are refused with the reason.  Extended attributes are kept, and
 * freed with their file, but not read or written.
 */
#ifndef FS_FFS_FFS_H
#define FS_FFS_FFS_H

struct component;

extern const struct component ffs_component;

#endif
