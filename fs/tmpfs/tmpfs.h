/*
 * tmpfs: files in the kernel's memory.
 *
 * Options: size=BYTES (with k, m or g; 0: no limit), nr_inodes=COUNT (the same),
 * mode=OCTAL, uid=NUMBER and gid=NUMBER of the root directory.  Unless told
 * otherwise, files may take half of the memory that the kernel may take, there
 * may be one for each page of that, and anybody may make one (mode 1777).
 */
#ifndef FS_TMPFS_TMPFS_H
#define FS_TMPFS_TMPFS_H

struct component;

/* Registers the type "tmpfs"; comes after vfs_component. */
extern const struct component tmpfs_component;

#endif
