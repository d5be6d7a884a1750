/* What the checks of the suite say, and what helps them: see conformance.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "tests/conformance/runner.h"

const struct calls *c;
struct tally *tally;

/* Of the group that this process runs. */
static const struct subject *current;
static jmp_buf end_of_group;
static char topic[256];
static uid_t user;
static struct timespec since; /* what was renewed after make_old() is not older */

/* Seconds; what make_old() sets. */
static const time_t LONG_AGO = 1000000000;

/* ---- telling ------------------------------------------------------------------------ */

static const char *
error_name(int error)
{
#define NAME(error) \
	case error: \
		return #error;
	switch (error) {
		NAME(E2BIG)
		NAME(EACCES)
		NAME(EAGAIN)
		NAME(EBADF)
		NAME(EBUSY)
		NAME(EDEADLK)
		NAME(EEXIST)
		NAME(EFAULT)
		NAME(EFBIG)
		NAME(EINTR)
		NAME(EINVAL)
		NAME(EIO)
		NAME(EISDIR)
		NAME(ELOOP)
		NAME(EMFILE)
		NAME(EMLINK)
		NAME(ENAMETOOLONG)
		NAME(ENODATA)
		NAME(ENODEV)
		NAME(ENOENT)
		NAME(ENOMEM)
		NAME(ENOSPC)
		NAME(ENOSYS)
		NAME(ENOTDIR)
		NAME(ENOTEMPTY)
		NAME(ENOTTY)
		NAME(ENXIO)
		NAME(EOPNOTSUPP)
		NAME(EOVERFLOW)
		NAME(EPERM)
		NAME(EPIPE)
		NAME(ERANGE)
		NAME(EROFS)
		NAME(ESPIPE)
		NAME(ETXTBSY)
		NAME(EXDEV)
	}
#undef NAME
	return strerror(error);
}

__attribute__((format(printf, 3, 4))) static void
fail(struct place place, const char *what, const char *format, ...)
{
	const char *file = strstr(place.file, "conformance/");
	va_list values;

	tally->failed++;
	printf("# tests/%s:%d: %s%s%s: ", file != NULL ? file : place.file, place.line, topic,
	    topic[0] != '\0' ? ": " : "", what);
	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	printf("\n");
	fflush(stdout);
}

void
about(const char *format, ...)
{
	va_list values;

	topic[0] = '\0';
	if (format == NULL)
		return;
	va_start(values, format);
	vsnprintf(topic, sizeof(topic), format, values);
	va_end(values);
}

/* ---- results ------------------------------------------------------------------------ */

int
check_success(struct place place, const char *call, long result)
{
	int error = errno;

	tally->checks++;
	if (result < 0)
		fail(place, call, "wanted success, came %s", error_name(error));
	return (int)result;
}

void
check_failure(struct place place, const char *call, int error, long result)
{
	int came = errno;

	tally->checks++;
	if (result != -1)
		fail(place, call, "wanted %s, came %ld", error_name(error), result);
	else if (came != error)
		fail(place, call, "wanted %s, came %s", error_name(error), error_name(came));
}

long
check_number(struct place place, const char *call, long want, long result)
{
	int error = errno;

	tally->checks++;
	if (result == -1 && want != -1)
		fail(place, call, "wanted %ld, came -1 (%s)", want, error_name(error));
	else if (result != want)
		fail(place, call, "wanted %ld, came %ld", want, result);
	return result;
}

void
check_claim(struct place place, const char *claim, bool is_true)
{
	tally->checks++;
	if (!is_true)
		fail(place, claim, "is not so");
}

/* ---- effects ------------------------------------------------------------------------ */

/* What is at path, which root may see; a failure if nothing is. */
static bool
look(struct place place, const char *path, struct stat *status)
{
	long result = BY(ROOT, c->lstat(path, status));

	if (result < 0)
		fail(place, path, "no attributes: %s", error_name(errno));
	return result == 0;
}

void
check_mode(struct place place, const char *path, mode_t mode)
{
	mode_t mask = (mode & S_IFMT) != 0 ? (mode_t)-1 : (mode_t)~S_IFMT;
	struct stat status;

	tally->checks++;
	if (look(place, path, &status) && (status.st_mode & mask) != mode)
		fail(place, path, "wanted mode %#o, came %#o", mode, status.st_mode & mask);
}

void
check_owner(struct place place, const char *path, uid_t uid, gid_t gid)
{
	struct stat status;

	tally->checks++;
	if (look(place, path, &status) && (status.st_uid != uid || status.st_gid != gid))
		fail(place, path, "wanted owner %u:%u, came %u:%u", uid, gid, status.st_uid,
		    status.st_gid);
}

void
check_size(struct place place, const char *path, long size)
{
	struct stat status;

	tally->checks++;
	if (look(place, path, &status) && status.st_size != size)
		fail(place, path, "wanted size %ld, came %lld", size, (long long)status.st_size);
}

void
check_links(struct place place, const char *path, unsigned count)
{
	struct stat status;

	tally->checks++;
	if (look(place, path, &status) && status.st_nlink != count)
		fail(place, path, "wanted %u links, came %lu", count,
		    (unsigned long)status.st_nlink);
}

void
check_absent(struct place place, const char *path)
{
	struct stat status;

	tally->checks++;
	if (BY(ROOT, c->lstat(path, &status)) == 0)
		fail(place, path, "wanted nothing, came a file of mode %#o", status.st_mode);
	else if (errno != ENOENT)
		fail(place, path, "wanted ENOENT, came %s", error_name(errno));
}

void
check_same(struct place place, const char *one, const char *two)
{
	struct stat left, right;

	tally->checks++;
	if (look(place, one, &left) && look(place, two, &right) &&
	    (left.st_dev != right.st_dev || left.st_ino != right.st_ino))
		fail(place, two, "is not the same file as %s", one);
}

void
check_data(struct place place, const char *path, const char *text)
{
	char data[256] = "";
	int fd = (int)BY(ROOT, c->open(path, O_RDONLY | O_NOATIME, 0));

	tally->checks++;
	if (fd < 0) {
		fail(place, path, "cannot be read: %s", error_name(errno));
		return;
	}
	if (c->read(fd, data, sizeof(data) - 1) < 0)
		fail(place, path, "cannot be read: %s", error_name(errno));
	else if (strcmp(data, text) != 0)
		fail(place, path, "wanted \"%s\", came \"%s\"", text, data);
	c->close(fd);
}

void
check_target(struct place place, const char *path, const char *text)
{
	char target[256] = "";

	tally->checks++;
	if (BY(ROOT, c->readlink(path, target, sizeof(target) - 1)) < 0)
		fail(place, path, "is no link: %s", error_name(errno));
	else if (strcmp(target, text) != 0)
		fail(place, path, "wanted a link to %s, came %s", text, target);
}

static bool
is_renewed(struct timespec stamp)
{
	return stamp.tv_sec != since.tv_sec ? stamp.tv_sec > since.tv_sec
					    : stamp.tv_nsec >= since.tv_nsec;
}

void
check_stamps(struct place place, const char *call, const char *path, const char *stamps)
{
	struct stat status;
	char came[4] = "";

	tally->checks++;
	if (!look(place, path, &status))
		return;
	if (is_renewed(status.st_atim))
		strcat(came, "a");
	if (is_renewed(status.st_mtim))
		strcat(came, "m");
	if (is_renewed(status.st_ctim))
		strcat(came, "c");
	if (strcmp(came, stamps) != 0)
		fail(place, call, "time stamps of %s: wanted \"%s\" renewed, came \"%s\"", path,
		    stamps, came);
}

/* ---- users -------------------------------------------------------------------------- */

/* End the group: it cannot go on. */
__attribute__((noreturn)) static void
give_up(const char *what, const char *path)
{
	fail((struct place){ "conformance/check.c", __LINE__ }, what, "%s: %s", path,
	    error_name(errno));
	longjmp(end_of_group, 1);
}

uid_t
whoami(void)
{
	return user;
}

/* The saved user remains root, who so can come back. */
void
as_member(uid_t wanted, gid_t group, gid_t other)
{
	if (c->setresuid(ROOT, ROOT, ROOT) < 0 || c->setgroups(1, &other) < 0 ||
	    c->setresgid(group, group, group) < 0 || c->setresuid(wanted, wanted, ROOT) < 0)
		give_up("setresuid", "cannot be another user");
	user = wanted;
}

void
as(uid_t wanted)
{
	if (wanted == user)
		return;
	as_member(wanted, wanted, wanted == ALICE || wanted == BOB ? TEAM : wanted);
}

/* ---- setting the scene -------------------------------------------------------------- */

/* For what must succeed: the call made by root. */
#define MUST(path, call) \
	({ \
		long done_ = BY(ROOT, call); \
		if (done_ < 0) \
			give_up(#call, path); \
		done_; \
	})

void
set_mode(const char *path, mode_t mode)
{
	MUST(path, c->chmod(path, mode));
}

void
set_owner(const char *path, uid_t uid, gid_t gid)
{
	MUST(path, c->lchown(path, uid, gid));
}

void
make_file(const char *path, mode_t mode, uid_t owner, const char *text)
{
	int fd = (int)MUST(path, c->open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));

	if (c->write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		give_up("write", path);
	c->close(fd);
	set_owner(path, owner, owner);
	set_mode(path, mode);
}

void
make_dir(const char *path, mode_t mode, uid_t owner)
{
	MUST(path, c->mkdir(path, 0700));
	set_owner(path, owner, owner);
	set_mode(path, mode);
}

void
make_link(const char *path, const char *target)
{
	MUST(path, c->symlink(target, path));
}

int
open_file(const char *path, int flags)
{
	return (int)MUST(path, c->open(path, flags, 0));
}

struct stat
stat_of(const char *path)
{
	struct stat status;

	MUST(path, c->lstat(path, &status));
	return status;
}

const char *
on_another_file_system(const char *name)
{
	static const char *const places[] = { "/", "/dev/shm" };
	static char path[64];
	struct stat here = stat_of("."), there;

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (c->stat(places[i], &there) < 0 || there.st_dev == here.st_dev)
			continue;
		snprintf(path, sizeof(path), "%s/conformance.%ld.%s", places[i], (long)getpid(),
		    name);
		return path;
	}
	skip("there is no other file system");
}

/* Everything but ctime can be set; after that, later is when the clock says so. */
void
make_old(const char *path)
{
	struct timespec times[2] = { { LONG_AGO, 0 }, { LONG_AGO, 0 } };
	struct timespec changed;

	MUST(path, c->utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
	changed = stat_of(path).st_ctim;
	do {
		clock_gettime(CLOCK_REALTIME_COARSE, &since);
	} while (is_renewed(changed));
}

/* ---- running ------------------------------------------------------------------------ */

void
skip(const char *what)
{
	snprintf(tally->skipped, sizeof(tally->skipped), "%s", what);
	longjmp(end_of_group, 1);
}

void
need_linux(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned has_major = 0, has_minor = 0;

	if (c != &host_calls || uname(&name) < 0)
		return;
	if (sscanf(name.release, "%u.%u", &has_major, &has_minor) == 2 &&
	    (has_major < major || (has_major == major && has_minor < minor)))
		skip("Linux is too old");
}

void
need_devices(void)
{
	if (c->mknod("a-device", S_IFCHR | 0600, 0x103) < 0 && errno == EPERM)
		skip("root may not make devices");
	c->unlink("a-device");
}

void
need_links_to_open_files(void)
{
	int fd = c->creat("an-open-file", 0600);

	if (c->linkat(fd, "", AT_FDCWD, "a-link", AT_EMPTY_PATH) < 0 && errno == ENOENT)
		skip("root may not link open files");
	c->unlink("an-open-file");
	c->unlink("a-link");
	c->close(fd);
}

long
in_child(long (*function)(void *argument), void *argument)
{
	return current->in_child(function, argument);
}

void
run_group(const struct subject *subject, const struct group *group, const char *name)
{
	current = subject;
	c = subject->calls;
	if (setjmp(end_of_group) == 0) {
		if (subject->enter(subject, name) < 0)
			give_up("enter", subject->where);
		user = (uid_t)-1;
		as(ROOT);
		c->umask(0);
		if (c->chmod(".", 0777) < 0)
			give_up("chmod", ".");
		group->run();
	}
	about(NULL);
	as(ROOT);
	if (subject->leave() < 0) {
		tally->checks++;
		fail((struct place){ "conformance/check.c", __LINE__ }, "leave", "%s",
		    error_name(errno));
	}
	tally->is_over = true;
}
