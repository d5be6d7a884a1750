/* What goes wrong, said in one line on standard error. */
#include "tools/rump/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/progress.h"

enum {
	LOG_READ_CLEAR = 4, /* actions of syslog(2) */
	LOG_CLEAR = 5,
	LOG_WARNING_LEVEL = 4,
	LOG_SIZE = 64 * 1024,
	LINE_SIZE = 8 * 1024, /* two long paths and words */
};

static const char *current_command = "";
static int worst_status = STATUS_FINE;
static bool has_no_voice;

void
report_begin(const char *command)
{
	current_command = command;
}

int
report_status(void)
{
	return worst_status;
}

int
report_restart(void)
{
	int status = worst_status;

	worst_status = STATUS_FINE;
	return status;
}

void
report_mute(bool is_muted)
{
	has_no_voice = is_muted;
}

static void
report_raise(int status)
{
	if (!has_no_voice && status > worst_status)
		worst_status = status;
}

static void
report_line(const char *format, va_list arguments)
{
	char line[LINE_SIZE];

	if (has_no_voice)
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	fflush(stdout);
	progress_hide();
	fprintf(stderr, "rump%s%s: ", *current_command != '\0' ? " " : "", current_command);
	name_print(stderr, line, NAME_ESCAPE);
	putc('\n', stderr);
}

void
report(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_line(format, arguments);
	va_end(arguments);
	report_raise(STATUS_PARTLY);
}

void
report_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!settings.is_quiet)
		report_line(format, arguments);
	va_end(arguments);
}

void
report_unable(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_line(format, arguments);
	va_end(arguments);
	report_raise(STATUS_UNABLE);
}

int
report_usage(const char *format, ...)
{
	va_list arguments;
	char text[LINE_SIZE];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	report_unable("%s; see \"rump %s%s\"", text, *current_command != '\0' ? "help " : "--help",
	    current_command);
	return STATUS_UNABLE;
}

void
report_no_memory(void)
{
	report_unable("out of memory");
	exit(STATUS_UNABLE);
}

/* A line of the kernel's log. */
struct log_line {
	long level;
	char *text;
};

/*
 * The kernel's log has lines like "<3>[    0.000123] ffs: text".  Cut the
 * first one off log.
 */
static struct log_line
log_line_cut(char **log)
{
	struct log_line line = { .level = LOG_WARNING_LEVEL + 1, .text = *log };
	char *end = line.text + strcspn(line.text, "\n");

	*log = *end == '\0' ? end : end + 1;
	*end = '\0';
	if (line.text[0] != '<')
		return line;
	line.level = strtol(line.text + 1, &line.text, 10) & 7;
	line.text += *line.text == '>';
	if (*line.text == '[' && (end = strchr(line.text, ']')) != NULL)
		line.text = end + 1 + (end[1] == ' ');
	return line;
}

/*
 * The kernel calls images by its names for them: take those out, since our
 * lines begin with the user's.  "ffs: image0: text" becomes "ffs: text".
 */
static void
device_name_cut(char *text)
{
	char *begin = strstr(text, "image");
	char *end;

	if (begin == NULL)
		return;
	end = begin + strlen("image");
	end += strspn(end, "0123456789");
	if (*end == 'p')
		end += 1 + strspn(end + 1, "0123456789abcdefghijklmnopqrstuv");
	if (strncmp(end, ": ", 2) != 0)
		return;
	if (begin - text >= 5 && strncmp(begin - 5, "/dev/", 5) == 0)
		begin -= 5;
	memmove(begin, end + 2, strlen(end + 2) + 1);
}

static void
kernel_line_print(const char *text)
{
	fflush(stdout);
	progress_hide();
	fputs("rump: kernel: ", stderr);
	name_print(stderr, text, NAME_ESCAPE);
	putc('\n', stderr);
}

bool
report_kernel_line(char *text, size_t size)
{
	static char log[LOG_SIZE];
	char *rest = log;
	long level = LOG_WARNING_LEVEL + 1;
	int length = rump_sys_syslog(LOG_READ_CLEAR, log, sizeof(log) - 1);

	if (length <= 0)
		return false;
	log[length] = '\0';
	while (*rest != '\0') {
		struct log_line line = log_line_cut(&rest);

		device_name_cut(line.text);
		if (settings.is_verbose)
			kernel_line_print(line.text);
		if (line.level >= level)
			continue;
		level = line.level;
		snprintf(text, size, "%s", line.text);
	}
	return level <= LOG_WARNING_LEVEL;
}

void
report_kernel_forget(void)
{
	char text[2];

	if (settings.is_verbose)
		report_kernel_line(text, sizeof(text));
	else
		rump_sys_syslog(LOG_CLEAR, NULL, 0);
}

const char *
report_reason(int error)
{
	static char reason[1024];
	char line[sizeof(reason) - 32];
	const char *words = error == EUCLEAN ? "the image is damaged here" : strerror(error);

	if ((error != EUCLEAN && error != EIO) || !report_kernel_line(line, sizeof(line)))
		return words;
	snprintf(reason, sizeof(reason), "%s: %s", words, line);
	return reason;
}

void
report_output_error(int error)
{
	report_raise(STATUS_PARTLY);
	if (error != EPIPE && !interrupt_arrived())
		report("cannot write the output: %s", strerror(error));
}

void
report_output(void)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		report_output_error(errno != 0 ? errno : EIO);
}
