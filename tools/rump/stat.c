/*
 * rump stat: show the attributes of files, as stat(1) does.
 *
 * The default output is a format like any that -c takes, so there is one way
 * from attributes to text.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/json_file.h"
#include "tools/rump/mode.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"

enum {
	OPTION_PRINTF = OPTION_LONG,
	VALUE_SIZE = 2 * PATH_MAX + 8, /* two names and an arrow */
};

static const struct option_row rows[] = {
	{ 'c', "format", "FORMAT", "print this instead, with a newline" },
	{ 'L', "dereference", NULL, "follow symbolic links" },
	{ OPTION_PRINTF, "printf", "FORMAT",
	    "like -c, with \\n, \\t, \\0NN and so on, and no newline" },
	{ 't', "terse", NULL, "print everything in one line" },
	{ 0 },
};

static const char details[] =
    "In FORMAT, as in stat(1): %a %A mode, %b %B blocks and their size, %d %D device,\n"
    "%f raw mode, %F type, %g %u group and owner, %h links, %i inode, %m the image,\n"
    "%n %N name, %o size for reading, %r %R %t %T device node, %s size,\n"
    "%w %x %y %z birth, access, modification and change, in seconds %W %X %Y %Z.\n";

/* stat(1)'s output, without names for owner and group. */
#define LONG_FORMAT(links) \
	"  File: %N\n" \
	"  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n" \
	"Device: %Hd,%Ld\tInode: %-10i  Links: " links "\n" \
	"Access: (%04a/%10.10A)  Uid: (%5u)   Gid: (%5g)\n" \
	"Access: %x\nModify: %y\nChange: %z\n Birth: %w\n"

static const char long_format[] = LONG_FORMAT("%h");
static const char device_format[] = LONG_FORMAT("%-5h Device type: %Hr,%Lr");
static const char terse_format[] = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n";

/* A file being shown. */
struct subject {
	const struct location *location;
	struct statx stx;
	enum name_style names;
};

/* A conversion like "%-10s" or "%Hr". */
struct conversion {
	bool is_left;
	bool is_zero;
	int width;
	int precision; /* -1: none */
	char part;     /* 'H' or 'L' of a device number, or NUL */
	char letter;
};

/* ---- one value ----------------------------------------------------------- */

static void
time_text(char text[VALUE_SIZE], const struct statx_timestamp *when)
{
	time_t seconds = when->tv_sec;
	struct tm fields;
	char zone[16];
	size_t length;

	if (localtime_r(&seconds, &fields) == NULL) {
		snprintf(text, VALUE_SIZE, "%" PRId64 ".%09u", (int64_t)when->tv_sec,
		    when->tv_nsec);
		return;
	}
	length = strftime(text, VALUE_SIZE, "%Y-%m-%d %H:%M:%S", &fields);
	strftime(zone, sizeof(zone), "%z", &fields);
	snprintf(text + length, VALUE_SIZE - length, ".%09u %s", when->tv_nsec, zone);
}

/* The time that a letter of "wxyz" or "WXYZ" means, or NULL. */
static const struct statx_timestamp *
time_find(const struct statx *stx, char letter)
{
	switch (letter | 0x20) {
	case 'w':
		return &stx->stx_btime;
	case 'x':
		return &stx->stx_atime;
	case 'y':
		return &stx->stx_mtime;
	case 'z':
		return &stx->stx_ctime;
	default:
		return NULL;
	}
}

static bool
time_value(char text[VALUE_SIZE], const struct statx *stx, char letter)
{
	const struct statx_timestamp *when = time_find(stx, letter);
	bool is_seconds = letter < 'a';

	if (when == NULL)
		return false;
	if ((letter | 0x20) == 'w' && (stx->stx_mask & STATX_BTIME) == 0)
		snprintf(text, VALUE_SIZE, "%s", is_seconds ? "0" : "-");
	else if (is_seconds)
		snprintf(text, VALUE_SIZE, "%" PRId64, (int64_t)when->tv_sec);
	else
		time_text(text, when);
	return true;
}

static void
device_value(char text[VALUE_SIZE], const struct statx *stx, const struct conversion *conversion)
{
	bool is_node = (conversion->letter | 0x20) == 'r';
	unsigned major = is_node ? stx->stx_rdev_major : stx->stx_dev_major;
	unsigned minor = is_node ? stx->stx_rdev_minor : stx->stx_dev_minor;
	unsigned long number = (unsigned long)makedev(major, minor);

	if (conversion->part == 'H')
		number = major;
	else if (conversion->part == 'L')
		number = minor;
	snprintf(text, VALUE_SIZE, conversion->letter < 'a' ? "%lx" : "%lu", number);
}

static bool
number_value(char text[VALUE_SIZE], const struct statx *stx, char letter)
{
	uint64_t number;

	switch (letter) {
	case 'b':
		number = stx->stx_blocks;
		break;
	case 'B':
		number = 512;
		break;
	case 'g':
		number = stx->stx_gid;
		break;
	case 'h':
		number = stx->stx_nlink;
		break;
	case 'i':
		number = stx->stx_ino;
		break;
	case 'o':
		number = stx->stx_blksize;
		break;
	case 's':
		number = stx->stx_size;
		break;
	case 'u':
		number = stx->stx_uid;
		break;
	default:
		return false;
	}
	snprintf(text, VALUE_SIZE, "%" PRIu64, number);
	return true;
}

/* The name, and where a symbolic link points to. */
static void
name_value(char text[VALUE_SIZE], const struct subject *subject)
{
	const struct location *location = subject->location;
	char target[PATH_MAX];
	ssize_t length;

	snprintf(text, VALUE_SIZE, "%s", location->shown);
	if (!S_ISLNK(subject->stx.stx_mode))
		return;
	length = location_readlink(location, target, sizeof(target));
	if (length < 0)
		location_report(location, "cannot read the link", errno);
	else
		snprintf(text, VALUE_SIZE, "%s -> %.*s", location->shown, (int)length, target);
}

/* False: there is no such conversion. */
static bool
value_text(char text[VALUE_SIZE], const struct subject *subject,
    const struct conversion *conversion)
{
	const struct statx *stx = &subject->stx;
	const char *words;

	if (number_value(text, stx, conversion->letter) ||
	    time_value(text, stx, conversion->letter))
		return true;
	switch (conversion->letter) {
	case 'a':
		snprintf(text, VALUE_SIZE, "%o", stx->stx_mode & 07777);
		return true;
	case 'A':
		mode_letters(text, stx->stx_mode);
		return true;
	case 'd':
	case 'D':
	case 'r':
	case 'R':
		device_value(text, stx, conversion);
		return true;
	case 'f':
		snprintf(text, VALUE_SIZE, "%x", stx->stx_mode);
		return true;
	case 'F':
		words = mode_type_words(stx->stx_mode, (off_t)stx->stx_size);
		snprintf(text, VALUE_SIZE, "%s", words);
		return true;
	case 'm':
		snprintf(text, VALUE_SIZE, "%s", image_name(subject->location->image));
		return true;
	case 'n':
		snprintf(text, VALUE_SIZE, "%s", subject->location->shown);
		return true;
	case 'N':
		name_value(text, subject);
		return true;
	case 't':
		snprintf(text, VALUE_SIZE, "%x", stx->stx_rdev_major);
		return true;
	case 'T':
		snprintf(text, VALUE_SIZE, "%x", stx->stx_rdev_minor);
		return true;
	default:
		return false;
	}
}

/* ---- formats ------------------------------------------------------------------ */

/* Read the conversion after a percent sign.  Returns what follows it. */
static const char *
conversion_read(const char *format, struct conversion *conversion)
{
	char *end;

	*conversion = (struct conversion){ .precision = -1 };
	for (; *format == '-' || *format == '0'; format++) {
		conversion->is_left = conversion->is_left || *format == '-';
		conversion->is_zero = conversion->is_zero || *format == '0';
	}
	if (*format >= '1' && *format <= '9') {
		conversion->width = (int)strtol(format, &end, 10);
		format = end;
	}
	if (*format == '.') {
		conversion->precision = (int)strtol(format + 1, &end, 10);
		format = end;
	}
	if ((*format == 'H' || *format == 'L') && format[1] != '\0' &&
	    strchr("dDrR", format[1]) != NULL)
		conversion->part = *format++;
	conversion->letter = *format;
	return *format == '\0' ? format : format + 1;
}

static void
padding_print(char padding, size_t have, int width)
{
	for (; width >= 0 && have < (size_t)width; have++)
		putchar(padding);
}

static void
value_print(const struct subject *subject, const struct conversion *conversion)
{
	char text[VALUE_SIZE];
	size_t width;

	if (conversion->letter == '%' || !value_text(text, subject, conversion)) {
		putchar(conversion->letter == '%' ? '%' : '?');
		return;
	}
	if (conversion->precision >= 0 && (size_t)conversion->precision < strlen(text))
		text[conversion->precision] = '\0';
	width = name_width(text, subject->names);
	if (!conversion->is_left)
		padding_print(conversion->is_zero ? '0' : ' ', width, conversion->width);
	name_print(stdout, text, subject->names);
	if (conversion->is_left)
		padding_print(' ', width, conversion->width);
}

/* The byte that the escape after a backslash means.  Returns what follows it. */
static const char *
escape_read(const char *text, char *byte)
{
	static const char escapes[] = "a\ab\be\033f\fn\nr\rt\tv\v";
	const char *pair = escapes;
	unsigned value = 0;
	int digits = 0;

	while (digits < 3 && text[digits] >= '0' && text[digits] <= '7')
		value = value * 8 + (unsigned)(text[digits++] - '0');
	*byte = (char)value;
	if (digits > 0)
		return text + digits;
	while (*pair != '\0' && *pair != *text)
		pair += 2;
	*byte = *pair != '\0' ? pair[1] : *text;
	return text + 1;
}

/* Print format with the conversions, and if has_escapes those too, replaced. */
static void
format_print(const char *format, bool has_escapes, const struct subject *subject)
{
	struct conversion conversion;
	char byte;

	while (*format != '\0') {
		if (*format == '%') {
			format = conversion_read(format + 1, &conversion);
			value_print(subject, &conversion);
			continue;
		}
		byte = *format++;
		if (has_escapes && byte == '\\' && *format != '\0')
			format = escape_read(format, &byte);
		putchar(byte);
	}
}

/* ---- the command ---------------------------------------------------------------- */

struct stat_options {
	const char *format; /* NULL: the long one */
	bool has_newline;   /* after format */
	bool has_escapes;   /* in format */
	bool follows;
};

static bool
option_take_one(void *context, int id, const char *value)
{
	struct stat_options *options = context;

	switch (id) {
	case 'c':
		options->format = value;
		options->has_newline = true;
		return true;
	case 'L':
		options->follows = true;
		return true;
	case 't':
		options->format = terse_format;
		options->has_newline = false;
		return true;
	case OPTION_PRINTF:
		options->format = value;
		options->has_newline = false;
		options->has_escapes = true;
		return true;
	default:
		return false;
	}
}

static void
location_show_json(const struct location *location, bool follows)
{
	struct entry entry = { .name = "", .has_stat = true };
	char target[PATH_MAX + 1];
	ssize_t length;

	if (location_stat(location, &entry.st, follows) < 0) {
		location_report(location, "cannot access", errno);
		return;
	}
	if (S_ISLNK(entry.st.st_mode)) {
		length = location_readlink(location, target, PATH_MAX);
		if (length < 0)
			location_report(location, "cannot read the link", errno);
		target[length < 0 ? 0 : length] = '\0';
		entry.target = target;
	}
	json_file(location, location->shown, &entry);
}

static void
location_show(const struct location *location, const struct stat_options *options)
{
	struct subject subject = { .location = location, .names = name_style_default() };
	const char *format = options->format;

	if (settings.is_json) {
		location_show_json(location, options->follows);
		return;
	}
	if (location_statx(location, options->follows ? 0 : AT_SYMLINK_NOFOLLOW, &subject.stx) <
	    0) {
		location_report(location, "cannot access", errno);
		return;
	}
	if (format == NULL) {
		bool is_device = S_ISCHR(subject.stx.stx_mode) || S_ISBLK(subject.stx.stx_mode);

		format = is_device ? device_format : long_format;
	}
	format_print(format, options->has_escapes, &subject);
	if (options->has_newline)
		putchar('\n');
}

static int
stat_run(int argc, char **argv)
{
	struct stat_options options = { 0 };
	struct location *locations;
	int first = options_parse(&stat_command, argc, argv, option_take_one, &options);

	if (first == 0)
		return report_status();
	locations = image_locate(argv + first, argc - first);
	for (int i = 0; i < argc - first; i++) {
		if (locations[i].image != NULL)
			location_show(&locations[i], &options);
	}
	image_locations_free(locations, argc - first);
	return report_status();
}

const struct command stat_command = {
	.name = "stat",
	.operands = "IMAGE[:PATH]...",
	.summary = "show all attributes of files",
	.details = details,
	.options = rows,
	.wanted = "say which image to look at",
	.has_json = true,
	.run = stat_run,
};
