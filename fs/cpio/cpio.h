/*
 * cpio archives of the "newc" format as file systems, read-only: initramfs
 * images, for one.  Mount type "cpio"; options:
 *
 *	partial	show what can be shown of a damaged archive
 *	verify	check the checksums of members that have one, which reads all
 */
#ifndef FS_CPIO_CPIO_H
#define FS_CPIO_CPIO_H

struct component;

extern const struct component cpio_component;

#endif
