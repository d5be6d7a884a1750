/*
 * For tests that make the same calls to a rump kernel and to the host's Linux.
 *
 * Each call is made to both, in a tmpfs, and the outcomes are compared: Linux is
 * never wrong.  A difference says the seed and the step, and the calls before
 * it; TWIN_SEED in the environment asks for one seed.
 *
 * The host's side works below chroot() in a directory of /dev/shm, in a child
 * process, and needs the right to; without it the test is skipped.
 */
#ifndef TESTS_TWIN_H
#define TESTS_TWIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

enum {
	SEEDS = 10,
	STEPS = 10000,
	SLOTS = 6, /* open files */
	DATA_MAX = 9000,
	HISTORY = 12, /* calls shown when there is a difference */
	TMPFS = 0x01021994,
};

enum side {
	LINUX,
	RUMP,
};

/* The outcome of a call on one side. */
struct outcome {
	long result;
	int error;
};

/* Reported by F_GETFL for any file by some systems, hidden by some C libraries. */
#define LARGE_FILE (O_LARGEFILE | 0100000)

/* Two kernels, and what is known of both. */
struct twins {
	uint64_t random;
	unsigned step;
	bool may_change_user;
	int slots[SLOTS][2]; /* descriptors, or -1 */
	char history[HISTORY][256];
	char data[DATA_MAX];
	char read[2][DATA_MAX];
};

/* ---- chance --------------------------------------------------------------------------------------- */

static inline uint64_t
next_random(struct twins *twins)
{
	twins->random ^= twins->random << 13;
	twins->random ^= twins->random >> 7;
	twins->random ^= twins->random << 17;
	return twins->random;
}

static inline unsigned
below(struct twins *twins, unsigned limit)
{
	return (unsigned)(next_random(twins) >> 16) % limit;
}

#define CHOOSE(twins, array) ((array)[below(twins, sizeof(array) / sizeof((array)[0]))])

/* A path of one to three names, seldom something stranger. */
static inline void
random_path(struct twins *twins, char path[static 600])
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "a", "b", "c", ".", ".." };
	unsigned count = 1 + below(twins, 3);

	path[0] = '\0';
	switch (below(twins, 40)) {
	case 0: /* too long a name, and the longest that there is */
	case 1:
		snprintf(path, 600, "%0*d", 255 + (int)below(twins, 2), 0);
		return;
	case 2:
		return;
	case 3:
		strcpy(path, "/");
		return;
	default:
		break;
	}
	if (below(twins, 6) == 0)
		strcat(path, "/");
	for (unsigned i = 0; i < count; i++) {
		strcat(path, i > 0 ? "/" : "");
		strcat(path, CHOOSE(twins, names));
	}
	if (below(twins, 10) == 0)
		strcat(path, below(twins, 2) == 0 ? "/" : "/.");
}

static inline mode_t
random_mode(struct twins *twins)
{
	static const mode_t modes[] = { 0777, 0755, 0700, 0644, 0600, 0400, 0200, 0100, 0000, 0555,
		02775, 04755, 06711 };

	return CHOOSE(twins, modes);
}

/* ---- telling ---------------------------------------------------------------------------------------- */

/* Note the call that is about to be made. */
__attribute__((format(printf, 2, 3))) static inline void
note(struct twins *twins, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(twins->history[twins->step % HISTORY], sizeof(twins->history[0]), format, values);
	va_end(values);
}

__attribute__((format(printf, 2, 3), noreturn)) static inline void
differ(struct twins *twins, const char *format, ...)
{
	va_list values;

	for (unsigned i = HISTORY - 1; i < HISTORY; i--) {
		if (i <= twins->step)
			fprintf(stderr, "  step %u: %.200s\n", twins->step - i,
			    twins->history[(twins->step - i) % HISTORY]);
	}
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fprintf(stderr, "\n");
	_exit(1);
}

/* Compare outcomes; true if both succeeded. */
static inline bool
same(struct twins *twins, struct outcome linux_side, struct outcome rump_side)
{
	if (linux_side.result != rump_side.result || linux_side.error != rump_side.error)
		differ(twins, "Linux: %ld %s, rump kernel: %ld %s", linux_side.result,
		    linux_side.error != 0 ? strerror(linux_side.error) : "", rump_side.result,
		    rump_side.error != 0 ? strerror(rump_side.error) : "");
	return linux_side.error == 0;
}

static inline struct outcome
outcome_of(long result)
{
	return (struct outcome){ result, result == -1 ? errno : 0 };
}

/*
 * Make a call on each side, one after the other since both use errno, and give
 * the outcomes to compare(twins, ..., left, right).
 */
#define COMPARE(compare, linux_call, rump_call, ...) \
	({ \
		struct outcome left_ = outcome_of(linux_call); \
		struct outcome right_ = outcome_of(rump_sys_##rump_call); \
		compare(__VA_ARGS__, left_, right_); \
	})

/* Calls that differ in the descriptors; true if both succeeded. */
#define PAIR(twins, linux_call, rump_call) COMPARE(same, linux_call, rump_call, twins)

/* The same call; true if both succeeded. */
#define BOTH(twins, call) PAIR(twins, call, call)

/* Calls that give descriptors, for a slot. */
#define OPEN(twins, slot, linux_call, rump_call) \
	COMPARE(fill_slot, linux_call, rump_call, twins, slot)

/* ---- open files ---------------------------------------------------------------------------------------- */

static inline void
close_slot(struct twins *twins, unsigned slot)
{
	int *fds = twins->slots[slot];

	if (fds[LINUX] < 0)
		return;
	PAIR(twins, close(fds[LINUX]), close(fds[RUMP]));
	fds[LINUX] = fds[RUMP] = -1;
}

/* A slot gets the descriptors of two outcomes, whose numbers may differ. */
static inline void
fill_slot(struct twins *twins, unsigned slot, struct outcome linux_side, struct outcome rump_side)
{
	int fds[2] = { (int)linux_side.result, (int)rump_side.result };

	if (linux_side.result >= 0)
		linux_side.result = 0;
	if (rump_side.result >= 0)
		rump_side.result = 0;
	if (!same(twins, linux_side, rump_side))
		return;
	twins->slots[slot][LINUX] = fds[LINUX];
	twins->slots[slot][RUMP] = fds[RUMP];
}

/* A slot, seldom one that is not as wanted. */
static inline unsigned
random_slot(struct twins *twins, bool is_open)
{
	unsigned slot = below(twins, SLOTS);

	for (unsigned i = 0; i < SLOTS && below(twins, 10) != 0; i++) {
		if ((twins->slots[slot][LINUX] >= 0) == is_open)
			break;
		slot = (slot + 1) % SLOTS;
	}
	return slot;
}

/* ---- running ---------------------------------------------------------------------- */

/* A child that may do what it likes below chroot(). */
static inline void
run_in(const char *directory, uint64_t seed, void (*run)(struct twins *twins))
{
	static struct twins twins;

	twins.random = seed * 0x9e3779b97f4a7c15 + 1;
	memset(twins.slots, 0xff, sizeof(twins.slots));
	twins.may_change_user = true;
	if (chroot(directory) < 0 || chdir("/") < 0 || chmod("/", 0777) < 0 ||
	    rump_sys_chmod("/", 0777) < 0 || rump_sys_umount("/dev") < 0 ||
	    rump_sys_rmdir("/dev") < 0)
		differ(&twins, "cannot begin: %s", strerror(errno));
	BOTH(&twins, umask(022));
	run(&twins);
	_exit(0);
}

static inline int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	return remove(path);
}

static inline bool
has_right_host(void)
{
	struct statfs status;

	return geteuid() == 0 && statfs("/dev/shm", &status) == 0 && status.f_type == TMPFS;
}

/* Run with each seed; a cmocka test. */
static inline void
run_twins(void (*run)(struct twins *twins))
{
	const char *wanted = getenv("TWIN_SEED");
	uint64_t first = wanted != NULL ? strtoull(wanted, NULL, 0) : 1;
	uint64_t last = wanted != NULL ? first : SEEDS;
	int status;

	if (!has_right_host())
		skip();
	for (uint64_t seed = first; seed <= last; seed++) {
		char directory[] = "/dev/shm/twin.XXXXXX";
		pid_t child;

		assert_non_null(mkdtemp(directory));
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			run_in(directory, seed, run);
		assert_int_equal(waitpid(child, &status, 0), child);
		nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
		if (status != 0)
			fail_msg("seed %llu", (unsigned long long)seed);
	}
}

#endif
