/*
 * Making an FFS file system on a device, for fs_type.make.  Options:
 *
 *   version=1|2	UFS1 or UFS2; default 2
 *   order=le|be	byte order; default le
 *   size=BYTES		of the file system; default all of the device
 *   block=BYTES	block size, 4096 to 65536; default by the size
 *   fragment=BYTES	fragment size, 512 to the block size; default an eighth of it
 *   density=BYTES	of the file system for each inode; default four fragments
 *   minfree=PERCENT	kept from ordinary users; default 5
 *   label=NAME		at most 31 letters, digits, '-', '_' and '.'
 *   journal[=BYTES]	NetBSD's (WAPBL), behind the file system; default a 1024th of it
 *   zeroed		the device reads as zeros
 */
#ifndef FS_FFS_MAKE_H
#define FS_FFS_MAKE_H

#include "base/compiler.h"

struct fs_make_request;

MUST_CHECK int ffs_make(const struct fs_make_request *request);

#endif
