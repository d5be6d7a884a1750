/*
 * Colours of names by type.
 *
 * LS_COLORS is "key=sequence:...", where a key is two letters or "*SUFFIX"; see
 * dir_colors(5).  It is read once, at the first name.  A later suffix wins over
 * an earlier one.
 */
#include "tools/rump/color.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/memory.h"
#include "tools/rump/option.h"

enum indicator {
	COLOR_FILE,
	COLOR_DIRECTORY,
	COLOR_LINK,
	COLOR_FIFO,
	COLOR_SOCKET,
	COLOR_BLOCK,
	COLOR_CHARACTER,
	COLOR_EXECUTABLE,
	COLOR_SETUID,
	COLOR_SETGID,
	COLOR_STICKY,
	COLOR_OTHERS, /* a directory that others may write to */
	COLOR_STICKY_OTHERS,
	COLOR_COUNT,
};

struct suffix {
	const char *text;
	size_t length;
	const char *sequence;
};

static struct {
	bool is_read;
	char *text; /* a copy of LS_COLORS, which sequences and suffixes point into */
	const char *sequences[COLOR_COUNT];
	struct suffix *suffixes;
	size_t count;
	size_t capacity;
} colors = {
	.sequences = {
		[COLOR_DIRECTORY] = "01;34",
		[COLOR_LINK] = "01;36",
		[COLOR_FIFO] = "33",
		[COLOR_SOCKET] = "01;35",
		[COLOR_BLOCK] = "01;33",
		[COLOR_CHARACTER] = "01;33",
		[COLOR_EXECUTABLE] = "01;32",
		[COLOR_SETUID] = "37;41",
		[COLOR_SETGID] = "30;43",
		[COLOR_STICKY] = "37;44",
		[COLOR_OTHERS] = "34;42",
		[COLOR_STICKY_OTHERS] = "30;42",
	},
};

static void
color_set(const char *key, const char *sequence)
{
	static const char keys[COLOR_COUNT][3] = { "fi", "di", "ln", "pi", "so", "bd", "cd", "ex",
		"su", "sg", "st", "ow", "tw" };

	if (sequence[strspn(sequence, "0123456789;")] != '\0')
		return; /* "target" and what else is no sequence */
	if (*key == '*') {
		colors.suffixes = memory_grow(colors.suffixes, colors.count, &colors.capacity,
		    sizeof(*colors.suffixes));
		colors.suffixes[colors.count++] =
		    (struct suffix){ key + 1, strlen(key + 1), sequence };
		return;
	}
	for (size_t i = 0; i < COLOR_COUNT; i++) {
		if (strcmp(keys[i], key) == 0)
			colors.sequences[i] = sequence;
	}
}

static void
colors_read(void)
{
	const char *text = getenv("LS_COLORS");
	char *rest = text == NULL ? NULL : memory_string(text);
	char *item;

	colors.text = rest;
	colors.is_read = true;
	while ((item = strsep(&rest, ":")) != NULL) {
		char *equals = strchr(item, '=');

		if (equals == NULL)
			continue;
		*equals = '\0';
		color_set(item, equals + 1);
	}
}

static enum indicator
directory_indicator(mode_t mode)
{
	bool is_sticky = (mode & S_ISVTX) != 0;

	if ((mode & S_IWOTH) != 0)
		return is_sticky ? COLOR_STICKY_OTHERS : COLOR_OTHERS;
	return is_sticky ? COLOR_STICKY : COLOR_DIRECTORY;
}

static enum indicator
file_indicator(mode_t mode)
{
	if ((mode & S_ISUID) != 0)
		return COLOR_SETUID;
	if ((mode & S_ISGID) != 0)
		return COLOR_SETGID;
	return (mode & 0111) != 0 ? COLOR_EXECUTABLE : COLOR_FILE;
}

static enum indicator
entry_indicator(const struct entry *entry)
{
	mode_t mode = entry->has_stat ? entry->st.st_mode : 0;

	switch (entry->type) {
	case DT_DIR:
		return directory_indicator(mode);
	case DT_LNK:
		return COLOR_LINK;
	case DT_FIFO:
		return COLOR_FIFO;
	case DT_SOCK:
		return COLOR_SOCKET;
	case DT_BLK:
		return COLOR_BLOCK;
	case DT_CHR:
		return COLOR_CHARACTER;
	default:
		return file_indicator(mode);
	}
}

/* The sequence for the entry, or NULL. */
static const char *
entry_sequence(const struct entry *entry)
{
	enum indicator indicator = entry_indicator(entry);
	size_t length = strlen(entry->name);

	for (size_t i = colors.count; indicator == COLOR_FILE && i-- > 0;) {
		const struct suffix *suffix = &colors.suffixes[i];

		if (suffix->length <= length &&
		    strcmp(entry->name + length - suffix->length, suffix->text) == 0)
			return suffix->sequence;
	}
	return colors.sequences[indicator];
}

void
color_begin(const char *sequence)
{
	if (settings.has_color)
		printf("\033[%sm", sequence);
}

void
color_end(void)
{
	if (settings.has_color)
		fputs("\033[0m", stdout);
}

void
color_name_print(const struct entry *entry, const char *name, enum name_style style)
{
	const char *sequence;

	if (!settings.has_color) {
		name_print(stdout, name, style);
		return;
	}
	if (!colors.is_read)
		colors_read();
	sequence = entry_sequence(entry);
	if (sequence == NULL || strspn(sequence, "0") == strlen(sequence)) {
		name_print(stdout, name, style);
		return;
	}
	color_begin(sequence);
	name_print(stdout, name, style);
	color_end();
}
