/*
 * As linux_twin_test.c, for what else there is to files: extended attributes,
 * locks, space, files without a name, restricted paths, flags of inodes.
 */
#include "tests/twin.h"

#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

/* Newer than some C libraries. */
struct how {
	uint64_t flags, mode, resolve;
};

/* Linux does not walk ".." in a root of its own while anybody on the machine renames. */
static int
open_how(int dirfd, const char *path, const struct how *how)
{
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
	} while (fd < 0 && errno == EAGAIN);
	return fd;
}

static int
rump_sys_open_how(int dirfd, const char *path, const struct how *how)
{
	return rump_sys_openat2(dirfd, path, (const struct open_how *)(const void *)how,
	    sizeof(*how));
}

static void
do_open(struct twins *twins)
{
	static const uint64_t flags[] = { O_RDWR, O_RDWR | O_CREAT, O_RDONLY, O_PATH,
		O_RDWR | O_TMPFILE, O_RDWR | O_TMPFILE | O_EXCL, O_RDONLY | O_TMPFILE,
		O_WRONLY | O_APPEND, O_RDONLY | O_DIRECTORY, O_RDWR | O_DIRECT,
		O_RDONLY | O_NOFOLLOW, (uint64_t)1 << 40 };
	static const uint64_t resolves[] = { 0, 0, 1, 2, 4, 8, 16, 8 | 16, 64, 4 | 8, 1 | 16 };
	unsigned slot = random_slot(twins, false), at = below(twins, SLOTS * 2);
	struct how how = { CHOOSE(twins, flags), 0, CHOOSE(twins, resolves) };
	int dirs[2] = { AT_FDCWD, AT_FDCWD };
	char path[600];

	close_slot(twins, slot);
	if (at < SLOTS && at != slot)
		memcpy(dirs, twins->slots[at], sizeof(dirs));
	if ((how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0 || below(twins, 30) == 0)
		how.mode = random_mode(twins);
	random_path(twins, path);
	/* A link to "/" crosses mounts, to Linux, unless the path began there. */
	if (path[0] != '/')
		how.resolve &= ~(uint64_t)1;
	note(twins, "slot %u = openat2(slot %u, 0%lo, 0%lo, %lu, %s)", slot, at, (long)how.flags,
	    (long)how.mode, (long)how.resolve, path);
	OPEN(twins, slot, open_how(dirs[LINUX], path, &how), open_how(dirs[RUMP], path, &how));
}

static void
do_make(struct twins *twins)
{
	char path[600], target[600];
	unsigned what = below(twins, 6), slot = random_slot(twins, true);
	int *fds = twins->slots[slot];

	random_path(twins, path);
	random_path(twins, target);
	note(twins, "make %u: %s, %s, slot %u", what, path, target, slot);
	switch (what) {
	case 0:
	case 1:
		BOTH(twins, mkdir(path, 0777));
		break;
	case 2:
		BOTH(twins, symlink(target, path));
		break;
	case 3:
		BOTH(twins, unlink(path));
		break;
	case 4:
		BOTH(twins, rmdir(path));
		break;
	default:
		if (geteuid() == 0)
			PAIR(twins, linkat(fds[LINUX], "", AT_FDCWD, path, AT_EMPTY_PATH),
			    linkat(fds[RUMP], "", AT_FDCWD, path, AT_EMPTY_PATH));
		break;
	}
}

/* ---- extended attributes ------------------------------------------------------------------- */

/* Not security.capability: anybody may set an empty one in Linux, by oversight. */
static const char *
random_attribute(struct twins *twins)
{
	static const char *const names[] = { "user.a", "user.b", "user.c", "user.", "user", "",
		"trusted.a", "trusted.b", "security.a", "security.b", "system.a", "x.y" };

	return CHOOSE(twins, names);
}

static void
do_set_attribute(struct twins *twins)
{
	static const int flags[] = { 0, 0, 0, XATTR_CREATE, XATTR_REPLACE, 3, 4 };
	unsigned slot = random_slot(twins, true), size = below(twins, 3) * below(twins, 300);
	const char *name = random_attribute(twins);
	int *fds = twins->slots[slot], how = CHOOSE(twins, flags);
	char path[600];

	memset(twins->data, 'a' + (int)(twins->step % 26), sizeof(twins->data));
	random_path(twins, path);
	note(twins, "setxattr(%s or slot %u, %s, %u, %d)", path, slot, name, size, how);
	switch (below(twins, 5)) {
	case 0:
		BOTH(twins, setxattr(path, name, twins->data, size, how));
		break;
	case 1:
		BOTH(twins, lsetxattr(path, name, twins->data, size, how));
		break;
	case 2:
		BOTH(twins, lremovexattr(path, name));
		break;
	case 3:
		PAIR(twins, fremovexattr(fds[LINUX], name), fremovexattr(fds[RUMP], name));
		break;
	default:
		PAIR(twins, fsetxattr(fds[LINUX], name, twins->data, size, how),
		    fsetxattr(fds[RUMP], name, twins->data, size, how));
		break;
	}
}

static void
do_get_attribute(struct twins *twins)
{
	unsigned slot = random_slot(twins, true), size = below(twins, 4) * below(twins, 400);
	const char *name = random_attribute(twins);
	int *fds = twins->slots[slot];
	char path[600];

	memset(twins->read, 0, sizeof(twins->read));
	random_path(twins, path);
	note(twins, "getxattr(%s or slot %u, %s, %u)", path, slot, name, size);
	switch (below(twins, 4)) {
	case 0:
		PAIR(twins, getxattr(path, name, twins->read[LINUX], size),
		    getxattr(path, name, twins->read[RUMP], size));
		break;
	case 1:
		PAIR(twins, lgetxattr(path, name, twins->read[LINUX], size),
		    lgetxattr(path, name, twins->read[RUMP], size));
		break;
	case 2: /* the order of names is each system's own */
		PAIR(twins, llistxattr(path, twins->read[LINUX], size),
		    llistxattr(path, twins->read[RUMP], size));
		return;
	default:
		PAIR(twins, fgetxattr(fds[LINUX], name, twins->read[LINUX], size),
		    fgetxattr(fds[RUMP], name, twins->read[RUMP], size));
		break;
	}
	if (memcmp(twins->read[LINUX], twins->read[RUMP], DATA_MAX) != 0)
		differ(twins, "the values differ");
}

/* ---- space ------------------------------------------------------------------------------------ */

static void
do_allocate(struct twins *twins)
{
	static const int modes[] = { 0, 1, 3, 3, 2, 8, 32, 3 | 16, 128 };
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot], mode = CHOOSE(twins, modes);
	off_t offset = (off_t)below(twins, 30000) - 50, length = (off_t)below(twins, 20000) - 50;

	note(twins, "fallocate(slot %u, %d, %ld, %ld)", slot, mode, (long)offset, (long)length);
	PAIR(twins, fallocate(fds[LINUX], mode, offset, length),
	    fallocate(fds[RUMP], mode, offset, length));
}

static void
do_write(struct twins *twins)
{
	static const int flags[] = { 0, 1, 2, 4, 16, 16 | 2, 1 << 20 };
	unsigned slot = random_slot(twins, true), size = below(twins, DATA_MAX);
	int *fds = twins->slots[slot], how = CHOOSE(twins, flags);
	off_t offset = (off_t)below(twins, 20000) - 100;
	struct iovec vector = { twins->data, size };

	memset(twins->data, 'A' + (int)(twins->step % 26), sizeof(twins->data));
	note(twins, "pwritev2(slot %u, %u, %ld, %d)", slot, size, (long)offset, how);
	PAIR(twins, pwritev2(fds[LINUX], &vector, 1, offset, how),
	    pwritev2(fds[RUMP], &vector, 1, offset, how));
}

static void
do_read(struct twins *twins)
{
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot];
	struct stat status[2];

	note(twins, "read and stat slot %u", slot);
	memset(twins->read, 0, sizeof(twins->read));
	PAIR(twins, pread(fds[LINUX], twins->read[LINUX], DATA_MAX, 4000),
	    pread(fds[RUMP], twins->read[RUMP], DATA_MAX, 4000));
	if (memcmp(twins->read[LINUX], twins->read[RUMP], DATA_MAX) != 0)
		differ(twins, "the data differ");
	if (!PAIR(twins, fstat(fds[LINUX], &status[LINUX]), fstat(fds[RUMP], &status[RUMP])))
		return;
	if (status[LINUX].st_nlink != status[RUMP].st_nlink)
		differ(twins, "links: %lu, %lu", (long)status[LINUX].st_nlink,
		    (long)status[RUMP].st_nlink);
	if (S_ISREG(status[LINUX].st_mode) &&
	    (status[LINUX].st_size != status[RUMP].st_size ||
		status[LINUX].st_blocks != status[RUMP].st_blocks))
		differ(twins, "size %ld, %ld; blocks %ld, %ld", (long)status[LINUX].st_size,
		    (long)status[RUMP].st_size, (long)status[LINUX].st_blocks,
		    (long)status[RUMP].st_blocks);
}

/* ---- locks -------------------------------------------------------------------------------------- */

static void
do_lock(struct twins *twins)
{
	static const int commands[] = { F_GETLK, F_SETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLK };
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot], command = CHOOSE(twins, commands);
	struct flock locks[2];

	locks[LINUX] = (struct flock){
		.l_type = (short)below(twins, 4),
		.l_whence = (short)below(twins, 3),
		.l_start = (off_t)below(twins, 30) - 3,
		.l_len = (off_t)below(twins, 20) - 4,
		.l_pid = below(twins, 20) == 0,
	};
	locks[RUMP] = locks[LINUX];
	note(twins, "fcntl(slot %u, %d, type %d, from %d, %ld, %ld, pid %d)", slot, command,
	    locks[LINUX].l_type, locks[LINUX].l_whence, (long)locks[LINUX].l_start,
	    (long)locks[LINUX].l_len, locks[LINUX].l_pid);
	PAIR(twins, fcntl(fds[LINUX], command, &locks[LINUX]),
	    fcntl(fds[RUMP], command, &locks[RUMP]));
	if (locks[LINUX].l_type != locks[RUMP].l_type ||
	    locks[LINUX].l_start != locks[RUMP].l_start || locks[LINUX].l_len != locks[RUMP].l_len)
		differ(twins, "locks: type %d, %d; start %ld, %ld; length %ld, %ld",
		    locks[LINUX].l_type, locks[RUMP].l_type, (long)locks[LINUX].l_start,
		    (long)locks[RUMP].l_start, (long)locks[LINUX].l_len, (long)locks[RUMP].l_len);
}

static void
do_lock_whole(struct twins *twins)
{
	static const int operations[] = { LOCK_SH, LOCK_EX, LOCK_UN, 0, LOCK_SH | LOCK_EX };
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot], operation = CHOOSE(twins, operations) | LOCK_NB;

	note(twins, "flock(slot %u, %d)", slot, operation);
	PAIR(twins, flock(fds[LINUX], operation), flock(fds[RUMP], operation));
}

static void
do_close_or_duplicate(struct twins *twins)
{
	unsigned from = below(twins, SLOTS), to = below(twins, SLOTS);
	int *fds = twins->slots[from];

	note(twins, "slot %u = dup(slot %u), or close", to, from);
	close_slot(twins, to);
	if (from != to && fds[LINUX] >= 0)
		OPEN(twins, to, dup(fds[LINUX]), dup(fds[RUMP]));
}

static void
do_change_user(struct twins *twins)
{
	uid_t user = below(twins, 2) == 0 ? 0 : 1000;

	note(twins, "seteuid(0), seteuid(%u)", user);
	BOTH(twins, seteuid(0));
	BOTH(twins, seteuid(user));
}

static void
run(struct twins *twins)
{
	static void (*const actions[])(struct twins *) = { do_open, do_open, do_open, do_make,
		do_make, do_set_attribute, do_set_attribute, do_get_attribute, do_allocate,
		do_write, do_read, do_lock, do_lock, do_lock, do_lock_whole, do_close_or_duplicate,
		do_change_user };

	for (twins->step = 0; twins->step < STEPS; twins->step++)
		CHOOSE(twins, actions)(twins);
}

static void
a_rump_kernel_does_to_files_what_linux_does(void **state)
{
	run_twins(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rump_kernel_does_to_files_what_linux_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
