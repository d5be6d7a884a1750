/*
 * The same calls to a rump kernel and to the host's Linux: do they agree?
 *
 * A seeded generator makes calls with arguments that are often wrong: names of
 * a small set, so that they meet; paths through links, "..", files and past the
 * end; flags that exclude each other.  Results, errno, data and attributes are
 * compared:
 *
 *	TWIN_SEED=7 build/gcc/tests_linux_twin_test
 */
#include "tests/twin.h"

#include <dirent.h>
#include <sys/uio.h>

enum {
	LISTING_MAX = 65536,
	LISTING_LINES = 512,
};

static int
random_open_flags(struct twins *twins)
{
	static const int accesses[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR };
	static const int others[] = { O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH,
		O_NONBLOCK, O_SYNC, O_NOATIME };
	int flags = CHOOSE(twins, accesses);

	if (below(twins, 3) != 0)
		flags |= O_CREAT;
	for (unsigned i = below(twins, 2) * below(twins, 3); i > 0; i--)
		flags |= CHOOSE(twins, others);
	return flags;
}

static void
do_open(struct twins *twins)
{
	unsigned slot = random_slot(twins, false), at = below(twins, SLOTS * 3);
	int flags = random_open_flags(twins), linux_dir = AT_FDCWD, rump_dir = AT_FDCWD;
	mode_t mode = random_mode(twins);
	char path[600];

	close_slot(twins, slot);
	if (at < SLOTS && at != slot) {
		linux_dir = twins->slots[at][LINUX];
		rump_dir = twins->slots[at][RUMP];
	}
	random_path(twins, path);
	note(twins, "slot %u = openat(%d, %s, 0%o, 0%o)", slot, linux_dir, path, flags, mode);
	OPEN(twins, slot, openat(linux_dir, path, flags, mode),
	    openat(rump_dir, path, flags, mode));
}

static void
do_close_or_duplicate(struct twins *twins)
{
	unsigned from = below(twins, SLOTS), to = below(twins, SLOTS);
	int *fds = twins->slots[from];

	if (below(twins, 4) == 0 || from == to) {
		note(twins, "close slot %u", from);
		close_slot(twins, from);
		return;
	}
	note(twins, "slot %u = dup(slot %u)", to, from);
	if (fds[LINUX] < 0)
		return;
	close_slot(twins, to);
	OPEN(twins, to, dup(fds[LINUX]), dup(fds[RUMP]));
}

static void
do_read(struct twins *twins)
{
	unsigned slot = random_slot(twins, true), size = below(twins, DATA_MAX), split;
	int *fds = twins->slots[slot];
	off_t offset = (off_t)below(twins, 20000) - 100;
	struct iovec vectors[2][2];

	split = below(twins, size + 1);
	for (int side = LINUX; side <= RUMP; side++) {
		memset(twins->read[side], '#', DATA_MAX);
		vectors[side][0] = (struct iovec){ twins->read[side], split };
		vectors[side][1] = (struct iovec){ twins->read[side] + split, size - split };
	}
	note(twins, "read slot %u, %u bytes, at %ld", slot, size, (long)offset);
	switch (below(twins, 4)) {
	case 0:
		PAIR(twins, pread(fds[LINUX], twins->read[LINUX], size, offset),
		    pread(fds[RUMP], twins->read[RUMP], size, offset));
		break;
	case 1:
		PAIR(twins, readv(fds[LINUX], vectors[LINUX], 2),
		    readv(fds[RUMP], vectors[RUMP], 2));
		break;
	default:
		PAIR(twins, read(fds[LINUX], twins->read[LINUX], size),
		    read(fds[RUMP], twins->read[RUMP], size));
		break;
	}
	if (memcmp(twins->read[LINUX], twins->read[RUMP], DATA_MAX) != 0)
		differ(twins, "the data differ");
}

static void
do_write(struct twins *twins)
{
	unsigned slot = random_slot(twins, true), size = below(twins, DATA_MAX), split;
	int *fds = twins->slots[slot];
	off_t offset = (off_t)below(twins, 20000) - 100;
	struct iovec vector[2];

	split = below(twins, size + 1);
	memset(twins->data, 'A' + (int)(twins->step % 26), sizeof(twins->data));
	vector[0] = (struct iovec){ twins->data, split };
	vector[1] = (struct iovec){ twins->data + split, size - split };
	note(twins, "write slot %u, %u bytes, at %ld", slot, size, (long)offset);
	switch (below(twins, 4)) {
	case 0:
		PAIR(twins, pwrite(fds[LINUX], twins->data, size, offset),
		    pwrite(fds[RUMP], twins->data, size, offset));
		break;
	case 1:
		PAIR(twins, writev(fds[LINUX], vector, 2), writev(fds[RUMP], vector, 2));
		break;
	default:
		PAIR(twins, write(fds[LINUX], twins->data, size),
		    write(fds[RUMP], twins->data, size));
		break;
	}
}

static void
do_seek(struct twins *twins)
{
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 7 };
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot], whence = CHOOSE(twins, whences);
	off_t offset = (off_t)below(twins, 40000) - 10000;
	struct stat status;

	/* The end of a directory is each file system's own affair. */
	if (fds[LINUX] >= 0 && fstat(fds[LINUX], &status) == 0 && S_ISDIR(status.st_mode))
		return;
	note(twins, "seek slot %u, %ld, %d", slot, (long)offset, whence);
	PAIR(twins, lseek(fds[LINUX], offset, whence), lseek(fds[RUMP], offset, whence));
}

static void
do_change_open_file(struct twins *twins)
{
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot], flags = below(twins, 2) == 0 ? O_APPEND : O_NONBLOCK;
	off_t size = (off_t)below(twins, 30000) - 100;
	mode_t mode = random_mode(twins);
	unsigned what = below(twins, 7);

	note(twins, "change slot %u: %u, size %ld, mode 0%o, flags 0%o", slot, what, (long)size,
	    mode, flags);
	switch (what) {
	case 0:
		PAIR(twins, ftruncate(fds[LINUX], size), ftruncate(fds[RUMP], size));
		break;
	case 1:
		PAIR(twins, fchmod(fds[LINUX], mode), fchmod(fds[RUMP], mode));
		break;
	case 2:
		PAIR(twins, fsync(fds[LINUX]), fsync(fds[RUMP]));
		break;
	case 3:
		PAIR(twins, fchdir(fds[LINUX]), fchdir(fds[RUMP]));
		break;
	case 4:
		PAIR(twins, fcntl(fds[LINUX], F_SETFL, flags), fcntl(fds[RUMP], F_SETFL, flags));
		break;
	case 5:
		PAIR(twins, fcntl(fds[LINUX], F_GETFL) & ~LARGE_FILE,
		    fcntl(fds[RUMP], F_GETFL) & ~LARGE_FILE);
		break;
	default:
		PAIR(twins, fcntl(fds[LINUX], F_GETFD), fcntl(fds[RUMP], F_GETFD));
		break;
	}
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static void
do_make(struct twins *twins)
{
	static const mode_t types[] = { 0, S_IFREG, S_IFSOCK, S_IFDIR, 0170000 };
	char path[600], target[600];
	mode_t mode = random_mode(twins), type = CHOOSE(twins, types);

	random_path(twins, path);
	random_path(twins, target);
	switch (below(twins, 6)) {
	case 0:
	case 1:
		note(twins, "mkdir(%s, 0%o)", path, mode);
		BOTH(twins, mkdir(path, mode));
		break;
	case 2:
	case 3:
		note(twins, "symlink(%s, %s)", target, path);
		BOTH(twins, symlink(target, path));
		break;
	case 4:
		note(twins, "mknod(%s, 0%o)", path, type | mode);
		BOTH(twins, mknod(path, type | mode, 0));
		break;
	default:
		note(twins, "creat(%s, 0%o)", path, mode);
		close_slot(twins, 0);
		OPEN(twins, 0, creat(path, mode), creat(path, mode));
		break;
	}
}

static void
do_remove(struct twins *twins)
{
	char path[600];

	random_path(twins, path);
	if (below(twins, 2) == 0) {
		note(twins, "unlink(%s)", path);
		BOTH(twins, unlink(path));
	} else {
		note(twins, "rmdir(%s)", path);
		BOTH(twins, rmdir(path));
	}
}

static void
do_move(struct twins *twins)
{
	static const unsigned flags[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE,
		RENAME_NOREPLACE | RENAME_EXCHANGE, 64 };
	static const int link_flags[] = { 0, AT_SYMLINK_FOLLOW, 1 };
	unsigned how = CHOOSE(twins, flags);
	int link_how = CHOOSE(twins, link_flags);
	char from[600], to[600];

	random_path(twins, from);
	random_path(twins, to);
	switch (below(twins, 3)) {
	case 0:
		note(twins, "rename(%s, %s)", from, to);
		BOTH(twins, rename(from, to));
		break;
	case 1:
		note(twins, "renameat2(%s, %s, %u)", from, to, how);
		BOTH(twins, renameat2(AT_FDCWD, from, AT_FDCWD, to, how));
		break;
	default:
		/* Others than root may meet fs.protected_hardlinks. */
		if (geteuid() != 0)
			return;
		note(twins, "linkat(%s, %s, 0x%x)", from, to, link_how);
		BOTH(twins, linkat(AT_FDCWD, from, AT_FDCWD, to, link_how));
		break;
	}
}

/* ---- attributes ---------------------------------------------------------------------------------------------- */

static void
compare_status(struct twins *twins, const struct stat *left, const struct stat *right)
{
	if (left->st_mode != right->st_mode)
		differ(twins, "mode 0%o, 0%o", left->st_mode, right->st_mode);
	if (left->st_nlink != right->st_nlink)
		differ(twins, "links %lu, %lu", (long)left->st_nlink, (long)right->st_nlink);
	if (left->st_uid != right->st_uid || left->st_gid != right->st_gid)
		differ(twins, "owner %u:%u, %u:%u", left->st_uid, left->st_gid, right->st_uid,
		    right->st_gid);
	if (left->st_size != right->st_size)
		differ(twins, "size %ld, %ld", (long)left->st_size, (long)right->st_size);
	if (S_ISREG(left->st_mode) && left->st_blocks != right->st_blocks)
		differ(twins, "blocks %ld, %ld", (long)left->st_blocks, (long)right->st_blocks);
}

static void
do_stat(struct twins *twins)
{
	static const int flags[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 4 };
	unsigned slot = below(twins, SLOTS);
	struct stat status[2];
	int how = CHOOSE(twins, flags);
	char path[600];
	bool succeeded;

	random_path(twins, path);
	if (below(twins, 4) == 0) {
		note(twins, "fstat slot %u", slot);
		succeeded = PAIR(twins, fstat(twins->slots[slot][LINUX], &status[LINUX]),
		    fstat(twins->slots[slot][RUMP], &status[RUMP]));
	} else {
		note(twins, "fstatat(%s, 0x%x)", path, how);
		succeeded = PAIR(twins, fstatat(AT_FDCWD, path, &status[LINUX], how),
		    fstatat(AT_FDCWD, path, &status[RUMP], how));
	}
	if (succeeded)
		compare_status(twins, &status[LINUX], &status[RUMP]);
}

static void
do_change_attributes(struct twins *twins)
{
	static const uid_t ids[] = { 0, 1000, 1001, (uid_t)-1 };
	static const int flags[] = { 0, 0, AT_SYMLINK_NOFOLLOW, 4 };
	uid_t uid = CHOOSE(twins, ids), gid = CHOOSE(twins, ids);
	struct timespec times[2] = { { 1, 2 }, { 3, UTIME_OMIT } };
	mode_t mode = random_mode(twins);
	off_t size = (off_t)below(twins, 30000) - 100;
	const struct timespec *given = below(twins, 2) == 0 ? NULL : times;
	int how = CHOOSE(twins, flags);
	char path[600];

	random_path(twins, path);
	switch (below(twins, 4)) {
	case 0:
		note(twins, "chmod(%s, 0%o)", path, mode);
		BOTH(twins, chmod(path, mode));
		break;
	case 1:
		note(twins, "fchownat(%s, %d, %d, 0x%x)", path, uid, gid, how);
		BOTH(twins, fchownat(AT_FDCWD, path, uid, gid, how));
		break;
	case 2:
		note(twins, "truncate(%s, %ld)", path, (long)size);
		BOTH(twins, truncate(path, size));
		break;
	default:
		note(twins, "utimensat(%s, 0x%x)", path, how);
		BOTH(twins, utimensat(AT_FDCWD, path, given, how));
		break;
	}
}

static void
do_ask(struct twins *twins)
{
	unsigned mode = below(twins, 9);
	char path[600];

	random_path(twins, path);
	if (below(twins, 2) == 0) {
		note(twins, "access(%s, %u)", path, mode);
		BOTH(twins, access(path, (int)mode));
		return;
	}
	note(twins, "readlink(%s)", path);
	memset(twins->read, 0, sizeof(twins->read));
	PAIR(twins, readlink(path, twins->read[LINUX], 300),
	    readlink(path, twins->read[RUMP], 300));
	if (memcmp(twins->read[LINUX], twins->read[RUMP], 300) != 0)
		differ(twins, "%s, %s", twins->read[LINUX], twins->read[RUMP]);
}

/* ---- the process ----------------------------------------------------------------------------------------------- */

static void
do_go(struct twins *twins)
{
	char path[600];

	if (below(twins, 2) == 0) {
		random_path(twins, path);
		note(twins, "chdir(%s)", path);
		BOTH(twins, chdir(path));
		return;
	}
	note(twins, "getcwd");
	memset(twins->read, 0, sizeof(twins->read));
	PAIR(twins, getcwd(twins->read[LINUX], 300) == NULL ? -1 : 0,
	    getcwd(twins->read[RUMP], 300) == NULL ? -1 : 0);
	if (errno == 0 && strcmp(twins->read[LINUX], twins->read[RUMP]) != 0)
		differ(twins, "%s, %s", twins->read[LINUX], twins->read[RUMP]);
}

static void
do_change_process(struct twins *twins)
{
	static const uid_t users[] = { 0, 0, 1000, 1001 };
	uid_t user = CHOOSE(twins, users);
	mode_t mask = random_mode(twins) & 0777;

	if (below(twins, 2) == 0) {
		note(twins, "umask(0%o)", mask);
		BOTH(twins, umask(mask));
	} else if (twins->may_change_user) {
		note(twins, "seteuid(0), seteuid(%u)", user);
		BOTH(twins, seteuid(0));
		BOTH(twins, seteuid(user));
	}
}

/* What is in a directory, as lines. */
struct listing {
	char *lines[LISTING_LINES];
	char text[LISTING_MAX];
};

/* List an open directory; the number of lines, or -1. */
static long
list(int fd, enum side side, struct listing *listing)
{
	static char buffer[LISTING_MAX];
	char *place = listing->text;
	long count = 0;

	for (;;) {
		ssize_t size = side == LINUX ? getdents64(fd, buffer, sizeof(buffer))
					     : rump_sys_getdents64(fd, buffer, sizeof(buffer));

		if (size <= 0)
			return size < 0 ? -1 : count;
		for (ssize_t at = 0; at < size && count < LISTING_LINES;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);

			listing->lines[count++] = place;
			place += sprintf(place, "%d %s", entry->d_type, entry->d_name) + 1;
			at += entry->d_reclen;
		}
	}
}

static int
compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void
do_list(struct twins *twins)
{
	static struct listing listings[2];
	unsigned slot = random_slot(twins, true);
	int *fds = twins->slots[slot];
	struct outcome outcomes[2];

	note(twins, "list slot %u", slot);
	PAIR(twins, lseek(fds[LINUX], 0, SEEK_SET), lseek(fds[RUMP], 0, SEEK_SET));
	for (int side = LINUX; side <= RUMP; side++)
		outcomes[side] = outcome_of(list(fds[side], side, &listings[side]));
	if (!same(twins, outcomes[LINUX], outcomes[RUMP]))
		return;
	for (int side = LINUX; side <= RUMP; side++)
		qsort(listings[side].lines, (size_t)outcomes[side].result, sizeof(char *),
		    compare_lines);
	for (long i = 0; i < outcomes[LINUX].result; i++) {
		if (strcmp(listings[LINUX].lines[i], listings[RUMP].lines[i]) != 0)
			differ(twins, "entry %s, %s", listings[LINUX].lines[i],
			    listings[RUMP].lines[i]);
	}
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

static void
run(struct twins *twins)
{
	static void (*const actions[])(struct twins *) = {
		do_open,
		do_open,
		do_open,
		do_close_or_duplicate,
		do_read,
		do_read,
		do_write,
		do_write,
		do_seek,
		do_change_open_file,
		do_make,
		do_make,
		do_make,
		do_remove,
		do_move,
		do_move,
		do_stat,
		do_stat,
		do_change_attributes,
		do_ask,
		do_go,
		do_change_process,
		do_list,
	};

	for (twins->step = 0; twins->step < STEPS; twins->step++)
		CHOOSE(twins, actions)(twins);
}

static void
a_rump_kernel_does_what_linux_does(void **state)
{
	run_twins(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rump_kernel_does_what_linux_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
