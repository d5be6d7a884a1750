/*
 * A progress bar:
 *
 *	 45% [=========           ]  123 MiB of 270 MiB, 88 MiB/s  etc/passwd
 *
 * drawn at most ten times a second, cut to the width of the terminal.
 */
#include "tools/rump/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tools/rump/name.h"
#include "tools/rump/size.h"

enum {
	BAR_CELLS = 20,
	FIRST_DRAW_MS = 500,
	NEXT_DRAW_MS = 100,
	COLUMNS_DEFAULT = 80,
};

static struct {
	bool is_running;
	bool is_shown;
	uint64_t done;
	uint64_t total;
	uint64_t start_ms;
	uint64_t next_draw_ms;
} bar;

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
progress_is_wanted(void)
{
	return isatty(STDERR_FILENO);
}

void
progress_begin(uint64_t total)
{
	if (!progress_is_wanted())
		return;
	bar.is_running = true;
	bar.done = 0;
	bar.total = total;
	bar.start_ms = now_ms();
	bar.next_draw_ms = bar.start_ms + FIRST_DRAW_MS;
}

static size_t
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_DEFAULT;
}

/* Names longer than the rest of the line are not shown: a cut one misleads. */
static void
bar_draw(uint64_t now, const char *name)
{
	static const char cells[] = "====================";
	uint64_t done = bar.done < bar.total ? bar.done : bar.total;
	double share = bar.total == 0 ? 1.0 : (double)done / (double)bar.total;
	double seconds = (double)(now - bar.start_ms) / 1000.0;
	char done_text[SIZE_TEXT], total_text[SIZE_TEXT], rate_text[SIZE_TEXT];
	char line[160];
	int length;

	size_words(done_text, done);
	size_words(total_text, bar.total);
	size_words(rate_text, (uint64_t)((double)bar.done / seconds));
	length = snprintf(line, sizeof(line), "%3d%% [%-*.*s]  %s of %s, %s/s", (int)(share * 100),
	    BAR_CELLS, (int)(share * BAR_CELLS), cells, done_text, total_text, rate_text);
	fprintf(stderr, "\r\033[K%.*s", (int)terminal_columns() - 1, line);
	if ((size_t)length + 2 + name_width(name, NAME_ESCAPE) < terminal_columns()) {
		fputs("  ", stderr);
		name_print(stderr, name, NAME_ESCAPE);
	}
	fflush(stderr);
	bar.is_shown = true;
}

void
progress_add(uint64_t bytes, const char *name)
{
	uint64_t now;

	bar.done += bytes;
	if (!bar.is_running)
		return;
	now = now_ms();
	if (now < bar.next_draw_ms)
		return;
	bar_draw(now, name);
	bar.next_draw_ms = now + NEXT_DRAW_MS;
}

void
progress_hide(void)
{
	if (bar.is_shown)
		fputs("\r\033[K", stderr);
	bar.is_shown = false;
}

void
progress_end(void)
{
	progress_hide();
	bar.is_running = false;
}
