/*
 * rump info: tell what an image is.
 *
 * The file-system driver describes what it found in the extended attribute
 * "rump.filesystem" of the top directory, as lines "key: value"; this prints
 * them, below what the host knows of the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/json.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/partition.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

enum {
	TEXT_SIZE = 64 * 1024,
	KEY_COLUMNS = 24,
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

/* One partition, like: NetBSD FFS (7), 3.1 MiB (3145728 bytes) at byte 32256, "root", UFS2. */
static void
partition_print(const struct partition *partition)
{
	const struct rump_partition *in = &partition->in;
	bool has_label = *in->label != '\0';
	char key[32], value[512], size[SIZE_TEXT];

	size_words(size, in->size);
	snprintf(key, sizeof(key), "partition %s", in->name);
	snprintf(value, sizeof(value),
	    "%s%s%s%s, %s (%" PRIu64 " bytes) at byte %" PRIu64 "%s%s%s%s%s", in->type_name,
	    *in->type_name != '\0' ? " (" : "", in->type, *in->type_name != '\0' ? ")" : "", size,
	    in->size, in->start, has_label ? ", \"" : "", in->label, has_label ? "\"" : "",
	    *partition->file_system != '\0' ? ", " : "", partition->file_system);
	line_print(key, value);
}

static void
table_print(const struct partition_table *table)
{
	char kinds[64];

	if (table->count == 0)
		return;
	snprintf(kinds, sizeof(kinds), "%s", table->list[0].in.table);
	for (size_t i = 1; i < table->count; i++) {
		if (strcmp(table->list[i].in.table, table->list[0].in.table) != 0) {
			snprintf(kinds, sizeof(kinds), "%s with a %s in it",
			    table->list[0].in.table, table->list[i].in.table);
			break;
		}
	}
	line_print("partition table", kinds);
	if (*table->damage != '\0')
		line_print("damage", table->damage);
	for (size_t i = 0; i < table->count; i++)
		partition_print(&table->list[i]);
}

/* ---- JSON ------------------------------------------------------------------------- */

/* A member of its own for each of the driver's lines, with its key as it is. */
static void
description_print_json(char *text)
{
	char *line;

	json_open_object("filesystem");
	while ((line = strsep(&text, "\n")) != NULL) {
		char *value = strchr(line, ':');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (strcmp(line, "source") != 0)
			json_name(line, value + strspn(value, " "));
	}
	json_close_object();
}

static void
table_print_json(const struct partition_table *table)
{
	if (table->count == 0)
		return;
	if (*table->damage != '\0')
		json_name("damage", table->damage);
	json_open_array("partitions");
	for (size_t i = 0; i < table->count; i++) {
		const struct rump_partition *in = &table->list[i].in;

		json_open_object(NULL);
		json_name("name", in->name);
		json_name("table", in->table);
		json_name("type", in->type);
		json_name("type_name", in->type_name);
		json_name("label", in->label);
		json_number("start", in->start);
		json_number("size", in->size);
		json_name("format", table->list[i].file_system);
		json_close_object();
	}
	json_close_array();
}

static void
space_print_json(const struct location *location)
{
	struct statfs space;
	uint64_t unit;

	if (rump_sys_statfs("/", &space) < 0) {
		location_report(location, "cannot tell how full is", errno);
		return;
	}
	unit = (uint64_t)(space.f_frsize != 0 ? space.f_frsize : space.f_bsize);
	json_number("total", space.f_blocks * unit);
	json_number("used",
	    space.f_blocks < space.f_bfree ? 0 : (space.f_blocks - space.f_bfree) * unit);
}

static void
image_describe_json(const struct location *location)
{
	const struct partition *partition = image_partition(location->image);
	static char text[TEXT_SIZE];
	struct stat st;
	ssize_t length;

	json_open_object(NULL);
	json_name("image", image_name(location->image));
	if (stat(image_name(location->image), &st) == 0 && S_ISREG(st.st_mode))
		json_number("size", (uint64_t)st.st_size);
	table_print_json(image_table(location->image));
	if (image_is_mounted(location->image)) {
		location_use(location);
		if (partition != NULL)
			json_name("partition", partition->in.name);
		length = rump_sys_getxattr("/", "rump.filesystem", text, sizeof(text) - 1);
		text[length < 0 ? 0 : length] = '\0';
		if (length < 0)
			location_report(location, "cannot describe", errno);
		description_print_json(text);
		space_print_json(location);
	}
	json_close_object();
	json_end();
}

static void
image_describe(const struct location *location)
{
	const struct partition *partition = image_partition(location->image);
	static char text[TEXT_SIZE];
	struct stat st;
	ssize_t length;

	line_print("image", image_name(location->image));
	if (stat(image_name(location->image), &st) == 0 && S_ISREG(st.st_mode))
		size_print("image size", (uint64_t)st.st_size);
	table_print(image_table(location->image));
	if (!image_is_mounted(location->image))
		return;
	location_use(location);
	if (partition != NULL)
		line_print("described here", partition->in.name);
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
	int first = options_parse(&info_command, argc, argv, option_take_none, NULL);

	if (first == 0)
		return report_status();
	image_want_tables();
	locations = image_locate(argv + first, argc - first);
	for (int i = 0; i < argc - first; i++) {
		if (locations[i].image == NULL)
			continue;
		if (strcmp(locations[i].path, "/") != 0) {
			report_usage("it is about whole images, not %s%s", locations[i].prefix,
			    locations[i].shown);
			continue;
		}
		if (settings.is_json) {
			image_describe_json(&locations[i]);
			continue;
		}
		if (!is_first)
			putchar('\n');
		is_first = false;
		image_describe(&locations[i]);
	}
	image_locations_free(locations, argc - first);
	return report_status();
}

const struct command info_command = {
	.name = "info",
	.operands = "IMAGE...",
	.summary = "tell what an image is: format, geometry, state",
	.wanted = "say which image to describe",
	.has_json = true,
	.here = "/",
	.run = info_run,
};
