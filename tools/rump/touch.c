/*
 * rump touch, rump truncate: make files in images, set their times or their size.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/change.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

enum {
	FILE_MODE = 0644,
	CREATE_FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
};

static const struct option_row rows[] = {
	{ 'a', NULL, NULL, "the time of access only" },
	{ 'c', "no-create", NULL, "no file is made" },
	{ 'd', "date", "TIME", "this time, not now: 2026-11-30T12:34:56Z, or @SECONDS" },
	{ 'h', "no-dereference", NULL, "symbolic links themselves, not what they point to" },
	{ 'm', NULL, NULL, "the time of modification only" },
	{ 0 },
};

static const struct option_row truncate_rows[] = {
	{ 'c', "no-create", NULL, "no file is made" },
	{ 's', "size", "SIZE", "the size in bytes, K, M, G or T; +SIZE and -SIZE change it" },
	{ 0 },
};

/* ---- touch -------------------------------------------------------------------------- */

struct touch_options {
	struct timespec times[2];
	bool is_access_only;
	bool is_change_only;
	bool makes_none;
	bool is_link;
};

/* ".123" as nanoseconds; what follows it.  No more than nine digits count. */
static const char *
fraction_parse(const char *text, long *nanoseconds)
{
	long unit = 100000000;

	*nanoseconds = 0;
	if (*text != '.')
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++) {
		*nanoseconds += (*text - '0') * unit;
		unit /= 10;
	}
	return text;
}

/* "Z", "+01:00" or nothing, which means the user's time zone, after local. */
static bool
zone_apply(const char *text, struct tm *local, time_t *seconds)
{
	int hours = 0, minutes = 0, end = 0;

	if (*text == '\0') {
		local->tm_isdst = -1;
		*seconds = mktime(local);
		return true;
	}
	*seconds = timegm(local);
	if (strcmp(text, "Z") == 0)
		return true;
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || text[1 + end] != '\0')
		return false;
	*seconds -= (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

/* The time that text says.  False: it says none. */
static bool
time_parse(const char *text, struct timespec *time)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	char *end;

	if (*text == '@') {
		errno = 0;
		time->tv_sec = strtoll(text + 1, &end, 10);
		return end != text + 1 && errno == 0 &&
		       *fraction_parse(end, &time->tv_nsec) == '\0';
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm local = { 0 };
		const char *rest = strptime(text, formats[i], &local);

		if (rest == NULL)
			continue;
		rest = fraction_parse(rest, &time->tv_nsec);
		if (zone_apply(rest, &local, &time->tv_sec))
			return true;
	}
	return false;
}

static bool
touch_take(void *context, int id, const char *value)
{
	struct touch_options *options = context;

	switch (id) {
	case 'a':
		options->is_access_only = true;
		return true;
	case 'c':
		options->makes_none = true;
		return true;
	case 'd':
		if (!time_parse(value, &options->times[0]))
			return false;
		options->times[1] = options->times[0];
		return true;
	case 'h':
		options->is_link = true;
		return true;
	default:
		options->is_change_only = true;
		return true;
	}
}

/* Make the file unless it is there.  0, or -1 with errno. */
static int
file_create(const char *path)
{
	int fd = rump_sys_open(path, CREATE_FLAGS, FILE_MODE);

	if (fd >= 0)
		return rump_sys_close(fd);
	return errno == EEXIST ? 0 : -1;
}

static void
touch_apply(void *context, const struct location *location)
{
	const struct touch_options *options = context;
	struct timespec times[2] = { options->times[0], options->times[1] };
	int flags = options->is_link ? AT_SYMLINK_NOFOLLOW : 0;
	int result = 0;

	if (options->is_change_only && !options->is_access_only)
		times[0].tv_nsec = UTIME_OMIT;
	if (options->is_access_only && !options->is_change_only)
		times[1].tv_nsec = UTIME_OMIT;
	location_use(location);
	if (!options->makes_none && !options->is_link)
		result = file_create(location->path);
	if (result < 0) {
		location_report(location, "cannot create", errno);
		return;
	}
	result = rump_sys_utimensat(AT_FDCWD, location->path, times, flags);
	if (result < 0 && !(options->makes_none && errno == ENOENT))
		location_report(location, "cannot set the times of", errno);
}

static int
touch_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &touch_command,
		.take = touch_take,
		.apply = touch_apply,
	};
	struct touch_options options = {
		.times = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } },
	};

	return change_run(&change, argc, argv, &options);
}

/* ---- truncate ----------------------------------------------------------------------- */

struct truncate_options {
	off_t size;
	char sign; /* '+', '-', or '\0' */
	bool is_said;
	bool makes_none;
};

static bool
truncate_take(void *context, int id, const char *value)
{
	struct truncate_options *options = context;
	uint64_t size;

	if (id == 'c') {
		options->makes_none = true;
		return true;
	}
	options->sign = *value == '+' || *value == '-' ? *value++ : '\0';
	options->is_said = true;
	if (!size_read(value, &size))
		return false;
	options->size = (off_t)size;
	return true;
}

/* Give the open file its new size.  0, or -1 with errno. */
static int
size_set(const struct truncate_options *options, int fd)
{
	off_t size = options->size;
	struct stat st;

	if (rump_sys_fstat(fd, &st) < 0)
		return -1;
	if (options->sign == '-')
		size = st.st_size > size ? st.st_size - size : 0;
	if (options->sign == '+' && __builtin_add_overflow(st.st_size, size, &size)) {
		errno = EFBIG;
		return -1;
	}
	return rump_sys_ftruncate(fd, size);
}

static void
truncate_apply(void *context, const struct location *location)
{
	const struct truncate_options *options = context;
	int flags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | (options->makes_none ? 0 : O_CREAT);
	int fd;

	if (!options->is_said) {
		report_usage("say the size with -s");
		return;
	}
	location_use(location);
	fd = rump_sys_open(location->path, flags, FILE_MODE);
	if (fd < 0 && options->makes_none && errno == ENOENT)
		return;
	if (fd < 0) {
		location_report(location, "cannot open", errno);
		return;
	}
	if (size_set(options, fd) < 0)
		location_report(location, "cannot set the size of", errno);
	rump_sys_close(fd);
}

static int
truncate_run(int argc, char **argv)
{
	static const struct change change = {
		.command = &truncate_command,
		.take = truncate_take,
		.apply = truncate_apply,
	};
	struct truncate_options options = { 0 };

	return change_run(&change, argc, argv, &options);
}

const struct command touch_command = {
	.name = "touch",
	.operands = "IMAGE:PATH...",
	.summary = "set times of files, and make files",
	.options = rows,
	.wanted = "say which file to touch",
	.run = touch_run,
};

const struct command truncate_command = {
	.name = "truncate",
	.operands = "IMAGE:PATH...",
	.summary = "set sizes of files",
	.options = truncate_rows,
	.wanted = "say which file's size to set",
	.run = truncate_run,
};
