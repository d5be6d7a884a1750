/*
 * rump df: how full file systems are, as df(1) tells it.
 *
 * A line for each image; all of them are read first, for the widths of columns.
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
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

static const struct option_row rows[] = {
	{ 'h', "human-readable", NULL, "sizes like 1.5K or 24M" },
	{ 'i', "inodes", NULL, "inodes instead of space" },
	{ 'k', NULL, NULL, "sizes in KiB; so anyway" },
	{ 0 },
};

enum {
	COLUMNS = 3, /* of numbers */
};

struct df {
	bool is_human;
	bool shows_inodes;
};

/* What a line tells. */
struct usage {
	const struct location *location;
	uint64_t total, used, available; /* bytes, or inodes */
	char texts[COLUMNS][SIZE_TEXT];
	char share[8];
};

static void
usage_fill(struct usage *usage, const struct statfs *space, bool shows_inodes)
{
	uint64_t unit = (uint64_t)(space->f_frsize != 0 ? space->f_frsize : space->f_bsize);

	if (shows_inodes) {
		usage->total = space->f_files;
		usage->available = space->f_ffree;
		usage->used = space->f_files < space->f_ffree ? 0 : space->f_files - space->f_ffree;
		return;
	}
	usage->total = space->f_blocks * unit;
	usage->available = space->f_bavail * unit;
	usage->used =
	    space->f_blocks < space->f_bfree ? 0 : (space->f_blocks - space->f_bfree) * unit;
}

static void
usage_word(struct usage *usage, const struct df *df)
{
	const uint64_t numbers[COLUMNS] = { usage->total, usage->used, usage->available };
	uint64_t both = usage->used + usage->available;

	for (int i = 0; i < COLUMNS; i++) {
		if (df->is_human)
			size_human(usage->texts[i], numbers[i]);
		else
			snprintf(usage->texts[i], SIZE_TEXT, "%" PRIu64,
			    df->shows_inodes ? numbers[i] : numbers[i] / 1024);
	}
	if (both == 0)
		snprintf(usage->share, sizeof(usage->share), "-");
	else
		snprintf(usage->share, sizeof(usage->share), "%u%%",
		    (unsigned)((double)usage->used * 100 / (double)both + 0.999999));
}

/* False, after a report: there is nothing to tell. */
static bool
usage_read(struct usage *usage, const struct location *location, const struct df *df)
{
	struct statfs space;

	if (location->image == NULL)
		return false;
	location_use(location);
	if (rump_sys_statfs("/", &space) < 0) {
		location_report(location, "cannot tell how full is", errno);
		return false;
	}
	*usage = (struct usage){ .location = location };
	usage_fill(usage, &space, df->shows_inodes);
	usage_word(usage, df);
	return true;
}

static void
usage_print_json(const struct usage *usage, const struct df *df)
{
	json_open_object(NULL);
	json_name("image", image_name(usage->location->image));
	json_text("unit", df->shows_inodes ? "inodes" : "bytes");
	json_number("total", usage->total);
	json_number("used", usage->used);
	json_number("available", usage->available);
	json_close_object();
	json_end();
}

static void
name_print_padded(const char *name, size_t width)
{
	size_t have = name_width(name, name_style_default());

	name_print(stdout, name, name_style_default());
	printf("%*s", have < width ? (int)(width - have) : 0, "");
}

static void
usages_print(const struct usage *usages, size_t count, const struct df *df)
{
	static const char *const titles[2][COLUMNS] = { { "1K-blocks", "Used", "Available" },
		{ "Inodes", "IUsed", "IFree" } };
	size_t widths[COLUMNS], name_columns = strlen("Image");
	const char *size_title = df->is_human && !df->shows_inodes ? "Size" : NULL;

	for (int i = 0; i < COLUMNS; i++)
		widths[i] = strlen(titles[df->shows_inodes][i]);
	for (size_t i = 0; i < count; i++) {
		size_t columns =
		    name_width(image_name(usages[i].location->image), name_style_default());

		name_columns = columns > name_columns ? columns : name_columns;
		for (int j = 0; j < COLUMNS; j++)
			widths[j] = strlen(usages[i].texts[j]) > widths[j]
					? strlen(usages[i].texts[j])
					: widths[j];
	}
	name_print_padded("Image", name_columns);
	for (int i = 0; i < COLUMNS; i++)
		printf(" %*s", (int)widths[i],
		    i == 0 && size_title != NULL ? size_title : titles[df->shows_inodes][i]);
	printf(" %5s\n", df->shows_inodes ? "IUse%" : "Use%");
	for (size_t i = 0; i < count; i++) {
		name_print_padded(image_name(usages[i].location->image), name_columns);
		for (int j = 0; j < COLUMNS; j++)
			printf(" %*s", (int)widths[j], usages[i].texts[j]);
		printf(" %5s\n", usages[i].share);
	}
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct df *df = context;

	(void)value;
	df->is_human |= id == 'h';
	df->shows_inodes |= id == 'i';
	return true;
}

static int
df_run(int argc, char **argv)
{
	struct df df = { 0 };
	struct location *locations;
	struct usage *usages;
	size_t count = 0;
	int first = options_parse(&df_command, argc, argv, option_take_one, &df);

	if (first == 0)
		return report_status();
	locations = image_locate(argv + first, argc - first);
	usages = memory_resize(NULL, (size_t)(argc - first), sizeof(*usages));
	for (int i = 0; i < argc - first; i++)
		count += usage_read(&usages[count], &locations[i], &df);
	if (settings.is_json) {
		for (size_t i = 0; i < count; i++)
			usage_print_json(&usages[i], &df);
	} else if (count > 0) {
		usages_print(usages, count, &df);
	}
	free(usages);
	image_locations_free(locations, argc - first);
	return report_status();
}

const struct command df_command = {
	.name = "df",
	.operands = "IMAGE...",
	.summary = "tell how full file systems are",
	.options = rows,
	.wanted = "say which image to look at",
	.has_json = true,
	.here = "/",
	.run = df_run,
};
