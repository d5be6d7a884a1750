/*
 * rump info: tell what an image is.
 *
 * The file-system driver describes what it found in the extended attribute
 * "rump.filesystem" of the top directory, as lines "key: value"; this prints
 * them, below what the host knows of the file.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/name.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

enum {
	TEXT_SIZE = 64 * 1024,
	KEY_COLUMNS = 24,
};

static const struct option long_options[] = {
	HELP_OPTION,
	{ NULL, 0, NULL, 0 },
};

static void
line_print(const char *key, const char *value)
{
	size_t width = name_width(key, NAME_ESCAPE) + 1;

	name_print(stdout, key, NAME_ESCAPE);
	putchar(':');
	printf("%*s", width < KEY_COLUMNS ? (int)(KEY_COLUMNS - width) : 1, "");
	name_print(stdout, value, NAME_ESCAPE);
	putchar('\n');
}

/* A size in words and in bytes: they differ from 1 KiB on. */
static void
size_print(const char *key, uint64_t bytes)
{
	char text[SIZE_TEXT];
	char line[2 * SIZE_TEXT + 16];

	size_words(text, bytes);
	snprintf(line, sizeof(line), "%s (%" PRIu64 " bytes)", text, bytes);
	line_print(key, bytes < 1024 ? text : line);
}

/* Print the driver's lines, which hold text from the image. */
static void
description_print(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		char *value = strchr(line, ':');

		if (*line == '\0')
			continue;
		if (value == NULL) {
			line_print(line, "");
			continue;
		}
		*value++ = '\0';
		if (strcmp(line, "source") == 0)
			continue; /* the kernel's name for the image */
		line_print(line, value + strspn(value, " "));
	}
}

/* How full it is; units differ from one file system to the next. */
static void
space_print(const struct location *location)
{
	char total_text[SIZE_TEXT], used_text[SIZE_TEXT];
	char line[2 * SIZE_TEXT + 16];
	struct statfs space;
	uint64_t unit, used;

	if (rump_sys_statfs("/", &space) < 0) {
		location_report(location, "cannot tell how full is", errno);
		return;
	}
	unit = (uint64_t)(space.f_frsize != 0 ? space.f_frsize : space.f_bsize);
	used = space.f_blocks < space.f_bfree ? 0 : space.f_blocks - space.f_bfree;
	size_words(total_text, space.f_blocks * unit);
	size_words(used_text, used * unit);
	snprintf(line, sizeof(line), "%s of %s", used_text, total_text);
	line_print("in use", line);
}

static void
image_describe(const struct location *location)
{
	static char text[TEXT_SIZE];
	struct stat st;
	ssize_t length;

	location_use(location);
	line_print("image", image_name(location->image));
	if (stat(image_name(location->image), &st) == 0 && S_ISREG(st.st_mode))
		size_print("image size", (uint64_t)st.st_size);
	length = rump_sys_getxattr("/", "rump.filesystem", text, sizeof(text) - 1);
	if (length < 0) {
		location_report(location, "cannot describe", errno);
		return;
	}
	text[length] = '\0';
	description_print(text);
	space_print(location);
}

static int
info_run(int argc, char **argv)
{
	struct location *locations;
	bool is_first = true;
	int option;

	option = getopt_long(argc, argv, ":", long_options, NULL);
	if (option != -1)
		return command_option(&info_command, option, argv);
	if (optind == argc)
		return report_usage("say which image to describe");
	locations = image_locate(argv + optind, argc - optind);
	for (int i = 0; i < argc - optind; i++) {
		if (locations[i].image == NULL)
			continue;
		if (strcmp(locations[i].path, "/") != 0) {
			report_usage("it is about whole images, not %s%s", locations[i].prefix,
			    locations[i].shown);
			continue;
		}
		if (!is_first)
			putchar('\n');
		is_first = false;
		image_describe(&locations[i]);
	}
	image_locations_free(locations, argc - optind);
	return report_status();
}

const struct command info_command = {
	.name = "info",
	.synopsis = "IMAGE...",
	.summary = "tell what an image is: format, geometry, state",
	.details = "",
	.run = info_run,
};
