/*
 * devfs: a directory of the devices that a kernel has, and the drivers of those
 * that need nothing else.
 *
 * It shows null, zero, full, random and urandom, and each registered block
 * device under its name as long as it is registered.  Nothing can be created
 * or changed in it.  It takes no options.
 */
#ifndef FS_DEVFS_DEVFS_H
#define FS_DEVFS_DEVFS_H

struct component;

/*
 * Registers the type "devfs", the memory devices (MAJOR_MEMORY) and the nodes
 * of block devices (MAJOR_STORE); comes after block_component and vfs_component.
 */
extern const struct component devfs_component;

#endif
