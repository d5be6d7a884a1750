/*
 * What is done to file systems that are not mounted: making them.
 *
 * The driver does it (struct fs_type, vfs/mount.h); here is who looks whether it
 * may be done.  Why a driver could not is in the kernel's log, in words.
 */
#ifndef VFS_UPKEEP_H
#define VFS_UPKEEP_H

#include "base/compiler.h"

struct path_context;

/*
 * Make an empty file system of this type on the block device that path leads to.
 * -EPERM without CAP_SYS_ADMIN, -ENODEV for an unknown type, -ENOTBLK, -EBUSY
 * while it is mounted, -EOPNOTSUPP if the driver makes none, and what lookup
 * and the driver say.
 */
MUST_CHECK int fs_make_at(const struct path_context *context, const char *path, const char *type,
    const char *options);

#endif
