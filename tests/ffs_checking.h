/*
 * For tests of checking FFS: a good file system, with a bit of everything in it,
 * the places where its parts are, and what a check of it tells.
 */
#ifndef TESTS_FFS_CHECKING_H
#define TESTS_FFS_CHECKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/ffs/dinode.h"
#include "tests/ffs_check.h"
#include "tests/ffs_image.h"
#include "vfs/upkeep.h"

#define PATHS_MAX  16
#define FILES_MANY 450
#define TOLD_SIZE  8192

struct known_path {
	char path[64];
	uint32_t ino;
};

struct checking {
	struct ffs_image image;
	uint8_t *good; /* the image before any damage */
	struct known_path paths[PATHS_MAX];
	unsigned path_count;
	struct fs_check_request request;
	char told[TOLD_SIZE]; /* lines "severity text" */
	size_t told_length;
	struct ffs_check other;
};

const struct fs_check_result *checking_run(struct checking *test, enum fs_check_mode mode);
uint8_t *checking_bytes(struct checking *test);
void checking_mount(struct checking *test);
struct checking *checking_create(const struct sample *sample);
void checking_destroy(struct checking *test);
uint32_t checking_ino(const struct checking *test, const char *path);
uint8_t *checking_inode_at(struct checking *test, uint32_t ino);
struct ffs_dinode checking_inode(struct checking *test, const char *path);
uint8_t *checking_entry_at(struct checking *test, const char *path);
uint8_t *checking_header_at(struct checking *test, uint32_t group);
uint8_t *checking_superblock_at(struct checking *test);
uint8_t *checking_copy_at(struct checking *test, uint32_t group);
void checking_store(const struct checking *test, uint8_t *at, unsigned width, uint64_t value);
void checking_put_pointer(struct checking *test, const char *path, unsigned number,
    uint64_t fragment);
void checking_restore(struct checking *test);
bool checking_has(struct checking *test, const char *path);
void checking_lose_name(struct checking *test, const char *path);
void checking_lose_file(struct checking *test);
void checking_hold_twice(struct checking *test);

#endif
