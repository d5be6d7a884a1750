/*
 * For tests of fs/ffs: a kernel, and an FFS file system in memory that is made
 * by hand, inode by inode, so that it can be as wrong as a damaged image.
 *
 * A fresh image has a root directory without names in it.  The first fragments
 * behind the root's are the test's to give away.
 */
#ifndef TESTS_FFS_IMAGE_H
#define TESTS_FFS_IMAGE_H

#include <stdint.h>

#include "fs/ffs/dinode.h"
#include "tests/fake_block.h"
#include "tests/fake_host.h"
#include "tests/ffs_sample.h"
#include "vfs/lookup.h"

struct ffs_image {
	struct host host;
	struct kernel *kernel;
	struct credential *root;
	struct path_context context; /* the superuser's */
	struct fake_block fake;	     /* "image", as /image in the kernel's root */
	struct sample sample;
	struct ffs_superblock sb; /* of the fresh image */
};

/* A kernel whose /mnt is free, and an image of this kind. */
void ffs_image_create(struct ffs_image *image, const struct sample *sample);

/* The same with groups that have headers and space to give away, so that it can be written. */
void ffs_image_create_writable(struct ffs_image *image, const struct sample *sample,
    enum sample_age age);

/*
 * The same with a journal of count blocks, which inode 3 owns, behind the root's:
 * at most 12 and as many as an indirect block has pointers.  0: none.
 */
void ffs_image_create_journaled(struct ffs_image *image, const struct sample *sample,
    uint32_t count);

/* Unmounts it too, if need be.  Fails the test if anything is left. */
void ffs_image_destroy(struct ffs_image *image);

/* Mount it read-only on /mnt, or unmount it; what mount_at() and unmount_at() say. */
int ffs_image_mount(struct ffs_image *image, const char *options);
int ffs_image_unmount(struct ffs_image *image);

/* Mount it, or fail the test. */
void ffs_image_must_mount(struct ffs_image *image);

/* The same to write it. */
void ffs_image_must_mount_writable(struct ffs_image *image);

/* Unmount it; then it must be consistent, or the test fails and says why. */
void ffs_image_must_be_clean(struct ffs_image *image);

/* The bytes at a fragment. */
uint8_t *ffs_image_at(struct ffs_image *image, uint64_t fragment);

/* First fragment of the root's block, and the first one that is free. */
uint64_t ffs_image_root(const struct ffs_image *image);
uint64_t ffs_image_free(const struct ffs_image *image);

/* Make an inode; its pointers are 0, its owner is 0 and its link count 1. */
void ffs_image_put_inode(struct ffs_image *image, uint32_t ino, unsigned mode, uint64_t size,
    uint64_t sector_count);

/* The bytes of an inode. */
uint8_t *ffs_image_inode(struct ffs_image *image, uint32_t ino);

/* Pointer number 0 to 11 is direct, 12 to 14 indirect. */
void ffs_image_put_pointer(struct ffs_image *image, uint32_t ino, unsigned number,
    uint64_t fragment);

/* Entry number index of the indirect block at a fragment. */
void ffs_image_put_indirect(struct ffs_image *image, uint64_t at, uint32_t index,
    uint64_t fragment);

/*
 * Write an entry at byte offset of the directory block at a fragment; length 0
 * is the rest of its 512 bytes.  Where the next one begins.
 */
uint32_t ffs_image_put_entry(struct ffs_image *image, uint64_t fragment, uint32_t offset,
    uint32_t length, uint32_t ino, const char *name);

/* Make a directory of one fragment, with "." and ".." and room for more at byte 24. */
void ffs_image_put_directory(struct ffs_image *image, uint32_t ino, uint64_t fragment,
    uint32_t parent);

/* Is text in what the kernel said on its console? */
bool ffs_image_said(const struct ffs_image *image, const char *text);

#endif
