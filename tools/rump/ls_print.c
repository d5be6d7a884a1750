/*
 * How a listing looks.
 *
 * All widths are found first, over the entries of one directory, then every
 * entry is printed once.  Lines are put together in stdio's buffer.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "tools/rump/color.h"
#include "tools/rump/ls_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/mode.h"
#include "tools/rump/size.h"

enum {
	NUMBER_TEXT = SIZE_TEXT,
	TIME_TEXT = 256,
	COLUMN_GAP = 2,
	COLUMN_MIN = 1 + COLUMN_GAP,
};

/* The widest text of each column of a long line. */
struct widths {
	int inode, blocks, links, owner, group, size, major, minor, time;
};

static const char *
number_text(char text[NUMBER_TEXT], uint64_t number)
{
	char *digit = text + NUMBER_TEXT - 1;

	*digit = '\0';
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return digit;
}

static int
number_width(uint64_t number)
{
	int width = 1;

	while (number > 9) {
		number /= 10;
		width++;
	}
	return width;
}

static void
widen(int *width, int other)
{
	if (*width < other)
		*width = other;
}

/* Print text in width columns, to the right. */
static void
print_right(const char *text, int width)
{
	for (int i = (int)strlen(text); i < width; i++)
		putchar_unlocked(' ');
	fputs_unlocked(text, stdout);
}

static void
print_number(uint64_t number, int width)
{
	char text[NUMBER_TEXT];

	print_right(number_text(text, number), width);
}

static const char *
bytes_text(char text[NUMBER_TEXT], uint64_t bytes, const struct ls_options *options)
{
	if (!options->is_human)
		return number_text(text, bytes);
	size_human(text, bytes);
	return text;
}

/* Space on the disk: in units of 1024 bytes unless for people. */
static const char *
blocks_text(char text[NUMBER_TEXT], uint64_t blocks, const struct ls_options *options)
{
	if (!options->is_human)
		return number_text(text, blocks / 2 + blocks % 2);
	size_human(text, blocks * 512);
	return text;
}

static bool
is_device(const struct entry *entry)
{
	return entry->type == DT_CHR || entry->type == DT_BLK;
}

/* ---- times ------------------------------------------------------------------ */

struct timespec
ls_time_of(const struct stat *st, const struct ls_options *options)
{
	switch (options->time) {
	case LS_CHANGED:
		return st->st_ctim;
	case LS_ACCESSED:
		return st->st_atim;
	default:
		return st->st_mtim;
	}
}

static bool
time_is_before(struct timespec left, struct timespec right)
{
	if (left.tv_sec != right.tv_sec)
		return left.tv_sec < right.tv_sec;
	return left.tv_nsec < right.tv_nsec;
}

/* strftime() knows no nanoseconds: put them in for each %N. */
static void
nanoseconds_fill(char *to, size_t size, const char *format, long nanoseconds)
{
	const char *place;

	while ((place = strstr(format, "%N")) != NULL && size > (size_t)(place - format) + 10) {
		int length =
		    snprintf(to, size, "%.*s%09ld", (int)(place - format), format, nanoseconds);

		to += length;
		size -= (size_t)length;
		format = place + 2;
	}
	snprintf(to, size, "%s", format);
}

/* As ls does: the year instead of the hour unless within half a year. */
static void
time_text(char text[TIME_TEXT], struct timespec when, const struct ls_options *options)
{
	static const time_t half_year = 31556952 / 2; /* seconds; of the Gregorian calendar */
	struct timespec limit = { options->now.tv_sec - half_year, options->now.tv_nsec };
	bool is_recent = time_is_before(limit, when) && !time_is_before(options->now, when);
	char format[TIME_TEXT];
	struct tm fields;

	nanoseconds_fill(format, sizeof(format),
	    is_recent ? options->time_recent : options->time_old, when.tv_nsec);
	if (localtime_r(&when.tv_sec, &fields) == NULL) {
		snprintf(text, TIME_TEXT, "%" PRId64, (int64_t)when.tv_sec);
		return;
	}
	if (strftime(text, TIME_TEXT, format, &fields) == 0)
		text[0] = '\0';
}

/* ---- long lines --------------------------------------------------------------- */

static void
widths_add(struct widths *widths, const struct entry *entry, const struct ls_options *options)
{
	char text[NUMBER_TEXT];

	widen(&widths->inode, number_width(entry->ino));
	if (!entry->has_stat) {
		widen(&widths->blocks, 1);
		return;
	}
	widen(&widths->blocks,
	    (int)strlen(blocks_text(text, (uint64_t)entry->st.st_blocks, options)));
	widen(&widths->links, number_width(entry->st.st_nlink));
	widen(&widths->owner, number_width(entry->st.st_uid));
	widen(&widths->group, number_width(entry->st.st_gid));
	if (is_device(entry)) {
		widen(&widths->major, number_width(major(entry->st.st_rdev)));
		widen(&widths->minor, number_width(minor(entry->st.st_rdev)));
		widen(&widths->size, widths->major + 2 + widths->minor);
	} else {
		widen(&widths->size,
		    (int)strlen(bytes_text(text, (uint64_t)entry->st.st_size, options)));
	}
}

static void
print_prefix(const struct entry *entry, const struct widths *widths,
    const struct ls_options *options)
{
	char text[NUMBER_TEXT];

	if (options->shows_inode) {
		if (entry->ino != 0)
			print_number(entry->ino, widths->inode);
		else
			print_right("?", widths->inode);
		putchar_unlocked(' ');
	}
	if (options->shows_blocks) {
		print_right(entry->has_stat
				? blocks_text(text, (uint64_t)entry->st.st_blocks, options)
				: "?",
		    widths->blocks);
		putchar_unlocked(' ');
	}
}

char
ls_mark_of(unsigned char type, mode_t mode, const struct ls_options *options)
{
	if (options->mark == LS_NO_MARK)
		return '\0';
	if (type == DT_DIR)
		return '/';
	if (options->mark != LS_MARK_TYPES)
		return '\0';
	switch (type) {
	case DT_LNK:
		return '@';
	case DT_FIFO:
		return '|';
	case DT_SOCK:
		return '=';
	case DT_REG:
		return (mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0 ? '*' : '\0';
	default:
		return '\0';
	}
}

static char
entry_mark(const struct entry *entry, const struct ls_options *options)
{
	return ls_mark_of(entry->type, entry->has_stat ? entry->st.st_mode : 0, options);
}

static void
print_mark(char mark)
{
	if (mark != '\0')
		putchar_unlocked(mark);
}

static void
print_unknown(const struct widths *widths, const struct ls_options *options)
{
	fputs_unlocked("?????????? ", stdout);
	print_right("?", widths->links);
	putchar_unlocked(' ');
	if (options->shows_owner) {
		print_right("?", widths->owner);
		putchar_unlocked(' ');
	}
	if (options->shows_group) {
		print_right("?", widths->group);
		putchar_unlocked(' ');
	}
	print_right("?", widths->size);
	putchar_unlocked(' ');
	print_right("?", widths->time);
	putchar_unlocked(' ');
}

static void
print_size(const struct entry *entry, const struct widths *widths, const struct ls_options *options)
{
	char text[NUMBER_TEXT];

	if (!is_device(entry)) {
		print_right(bytes_text(text, (uint64_t)entry->st.st_size, options), widths->size);
		return;
	}
	print_number(major(entry->st.st_rdev), widths->size - 2 - widths->minor);
	fputs_unlocked(", ", stdout);
	print_number(minor(entry->st.st_rdev), widths->minor);
}

static void
print_attributes(const struct entry *entry, const struct widths *widths,
    const struct ls_options *options)
{
	char text[TIME_TEXT];

	mode_letters(text, entry->st.st_mode);
	fputs_unlocked(text, stdout);
	putchar_unlocked(' ');
	print_number(entry->st.st_nlink, widths->links);
	putchar_unlocked(' ');
	if (options->shows_owner) {
		print_number(entry->st.st_uid, widths->owner);
		putchar_unlocked(' ');
	}
	if (options->shows_group) {
		print_number(entry->st.st_gid, widths->group);
		putchar_unlocked(' ');
	}
	print_size(entry, widths, options);
	putchar_unlocked(' ');
	time_text(text, ls_time_of(&entry->st, options), options);
	print_right(text, widths->time);
	putchar_unlocked(' ');
}

static void
print_long(const struct listing *listing, const struct ls_options *options)
{
	struct widths widths = { 0 };
	char text[TIME_TEXT];

	for (size_t i = 0; i < listing->count; i++)
		widths_add(&widths, listing->order[i], options);
	time_text(text, options->now, options);
	widths.time = (int)strlen(text);
	for (size_t i = 0; i < listing->count; i++) {
		const struct entry *entry = listing->order[i];

		print_prefix(entry, &widths, options);
		if (entry->has_stat)
			print_attributes(entry, &widths, options);
		else
			print_unknown(&widths, options);
		color_name_print(entry, entry->name, options->names);
		if (entry->target == NULL) {
			print_mark(entry_mark(entry, options));
		} else {
			fputs_unlocked(" -> ", stdout);
			name_print(stdout, entry->target, options->names);
		}
		putchar_unlocked('\n');
	}
}

/* ---- columns -------------------------------------------------------------------- */

/* How entries are laid out: entry i stands in column i / rows, or i % columns. */
struct grid {
	size_t columns;
	size_t rows;
	bool is_across;
};

static size_t
grid_column(const struct grid *grid, size_t i)
{
	return grid->is_across ? i % grid->columns : i / grid->rows;
}

/* Fill column_widths for the grid.  Returns the width of a whole line. */
static size_t
grid_measure(const struct grid *grid, const size_t *cell_widths, size_t count,
    size_t *column_widths)
{
	size_t total = 0;

	for (size_t i = 0; i < grid->columns; i++)
		column_widths[i] = COLUMN_MIN;
	for (size_t i = 0; i < count; i++) {
		size_t column = grid_column(grid, i);
		size_t width = cell_widths[i] + (column + 1 < grid->columns ? COLUMN_GAP : 0);

		if (column_widths[column] < width)
			column_widths[column] = width;
	}
	for (size_t i = 0; i < grid->columns; i++)
		total += column_widths[i];
	return total;
}

/* The grid with the most columns that fits into limit. */
static struct grid
grid_choose(const size_t *cell_widths, size_t count, size_t limit, bool is_across,
    size_t *column_widths)
{
	struct grid grid = { .is_across = is_across };

	grid.columns = count;
	if (limit > 0 && count > limit / COLUMN_MIN)
		grid.columns = limit / COLUMN_MIN > 0 ? limit / COLUMN_MIN : 1;
	for (;; grid.columns--) {
		size_t total;

		grid.rows = (count + grid.columns - 1) / grid.columns;
		total = grid_measure(&grid, cell_widths, count, column_widths);
		if (limit == 0 || total < limit || grid.columns == 1)
			return grid;
	}
}

static void
print_cell(const struct entry *entry, const struct widths *widths, const struct ls_options *options)
{
	print_prefix(entry, widths, options);
	color_name_print(entry, entry->name, options->names);
	print_mark(entry_mark(entry, options));
}

static size_t
cell_width(const struct entry *entry, const struct widths *widths, const struct ls_options *options)
{
	size_t width = name_width(entry->name, options->names);

	if (options->shows_inode)
		width += (size_t)widths->inode + 1;
	if (options->shows_blocks)
		width += (size_t)widths->blocks + 1;
	return width + (entry_mark(entry, options) != '\0');
}

static void
print_grid(const struct listing *listing, const struct ls_options *options,
    const struct widths *widths, const struct grid *grid, const size_t *cell_widths,
    const size_t *column_widths)
{
	for (size_t row = 0; row < grid->rows; row++) {
		size_t step = grid->is_across ? 1 : grid->rows;
		size_t i = grid->is_across ? row * grid->columns : row;

		for (size_t column = 0; column < grid->columns && i < listing->count; column++) {
			size_t next = i + step;
			bool is_last = column + 1 == grid->columns || next >= listing->count;

			print_cell(listing->order[i], widths, options);
			if (!is_last)
				printf("%*s", (int)(column_widths[column] - cell_widths[i]), "");
			i = next;
		}
		putchar_unlocked('\n');
	}
}

static void
print_columns(const struct listing *listing, const struct ls_options *options,
    const struct widths *widths)
{
	size_t *cell_widths = memory_resize(NULL, listing->count + 1, sizeof(*cell_widths));
	size_t *column_widths = memory_resize(NULL, listing->count + 1, sizeof(*column_widths));
	struct grid grid;

	for (size_t i = 0; i < listing->count; i++)
		cell_widths[i] = cell_width(listing->order[i], widths, options);
	grid = grid_choose(cell_widths, listing->count, options->columns,
	    options->format == LS_ACROSS, column_widths);
	print_grid(listing, options, widths, &grid, cell_widths, column_widths);
	free(column_widths);
	free(cell_widths);
}

/* ---- the whole ------------------------------------------------------------------- */

void
ls_print(const struct listing *listing, const struct ls_options *options)
{
	struct widths widths = { 0 };

	if (listing->count == 0)
		return;
	if (options->format == LS_LONG) {
		print_long(listing, options);
		return;
	}
	for (size_t i = 0; i < listing->count; i++)
		widths_add(&widths, listing->order[i], options);
	if (options->format != LS_ONE) {
		print_columns(listing, options, &widths);
		return;
	}
	for (size_t i = 0; i < listing->count; i++) {
		print_cell(listing->order[i], &widths, options);
		putchar_unlocked('\n');
	}
}

void
ls_print_total(const struct listing *listing, const struct ls_options *options)
{
	char text[NUMBER_TEXT];
	uint64_t blocks = 0;

	for (size_t i = 0; i < listing->count; i++) {
		if (listing->entries[i].has_stat)
			blocks += (uint64_t)listing->entries[i].st.st_blocks;
	}
	printf("total %s\n", blocks_text(text, blocks, options));
}
