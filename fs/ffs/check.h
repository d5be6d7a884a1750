/* Checking and repairing of a file system that is not mounted: fs_type.check. */
#ifndef FS_FFS_CHECK_H
#define FS_FFS_CHECK_H

struct fs_check_request;

int ffs_check_device(struct fs_check_request *request);

#endif
