/*
 * For tests of vfs/: a file system that is a table, and a kernel to mount it in.
 *
 * The tree is what the test says, row by row, and may be as wrong as that of a
 * damaged image.  It cannot be written.  Inodes are loaded by number, as from a
 * medium, and what is asked of the file system is counted.
 */
#ifndef TESTS_FAKE_FS_H
#define TESTS_FAKE_FS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/kernel.h"
#include "tests/fake_host.h"
#include "vfs/lookup.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

#define FAKE_ROOT_INO 2
#define FAKE_MAGIC    0xfa4e

/* An entry of a directory, and the inode it leads to unless another row has it. */
struct fake_node {
	uint64_t ino;
	uint64_t dir; /* inode of the directory that the entry is in */
	const char *name;
	enum vnode_type type; /* 0: the inode has a row of its own */
	uint32_t permissions;
	uint32_t uid;
	uint32_t gid;
	const char *target; /* of a symbolic link */
	size_t target_length;
	bool has_no_link; /* its link count is 0 */
};

struct fake_fs {
	struct mount mount;
	_Atomic unsigned load_count;
	_Atomic unsigned reclaim_count;
	_Atomic unsigned lookup_count;
	_Atomic unsigned change_count; /* attributes_changed() */
	_Atomic unsigned sync_count;
};

/* What the types below do; the test's to change.  Fresh for each fixture. */
struct fake_control {
	const struct fake_node *nodes;
	size_t node_count;
	bool has_every_ino; /* inodes that no row has are regular files */
	int load_error;
	int sync_error;
	int change_error;    /* of attributes_changed() */
	int probe_errors[2]; /* of "disk" and "other" */
	int mount_errors[2];
	int make_error;					   /* of "disk" */
	int check_error;				   /* of "disk" */
	uint32_t made;					   /* device on which one was made last */
	void (*on_load)(struct fake_fs *fs, uint64_t ino); /* before anything is loaded */
	void (*on_reclaim)(struct vnode *vnode);	   /* before it is freed */
};

extern struct fake_control fake_control;

/* Registers "fake" and "disk" and "other", of which the latter two need a device. */
extern const struct component fake_fs_component;

/* A kernel with files, its root a tmpfs or a fake, and the superuser in it. */
struct fixture {
	struct host host;
	struct kernel *kernel;
	struct credential *root;
	struct rcu_reader reader;
	struct path_context context;
};

/* root_type NULL: nothing is mounted.  memory_limit 0: the usual one. */
void fixture_create(struct fixture *fixture, const char *root_type, uint64_t memory_limit);

/* Fails the test if anything is left. */
void fixture_destroy(struct fixture *fixture);

/* The same for cmocka's setup and teardown, with a tmpfs; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The root file system, which is a fake. */
struct fake_fs *fixture_fake(const struct fixture *fixture);

/* A credential of an ordinary user, in one group; a reference. */
struct credential *fixture_user(const struct fixture *fixture, uint32_t uid, uint32_t gid);

/* Make things; they succeed or the test fails. */
void make_directory(const struct path_context *context, const char *path, uint32_t permissions);
void make_file(const struct path_context *context, const char *path, uint32_t permissions);
void make_link(const struct path_context *context, const char *path, const char *target);
void make_node(const struct path_context *context, const char *path, enum vnode_type type,
    uint32_t device);

/* Remove the directory path and all that is in it. */
void remove_tree(const struct path_context *context, const char *path);

/* A reference to what path leads to, links not followed; it is there. */
struct vnode *must_find(const struct path_context *context, const char *path);

/* Look path up, give the reference back, and return what lookup() said. */
int try_lookup(const struct path_context *context, const char *path, uint32_t flags);

/* Attributes of what path leads to, links not followed. */
struct vnode_attributes attributes_of(const struct path_context *context, const char *path);

#endif
