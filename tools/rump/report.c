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

#include "tools/rump/name.h"
#include "tools/rump/progress.h"

enum {
	LOG_READ_ALL = 3, /* action of syslog(2) */
	LOG_WARNING_LEVEL = 4,
	LOG_SIZE = 64 * 1024,
	LINE_SIZE = 8 * 1024, /* two long paths and words */
};

static const char *current_command = "";
static int worst_status = STATUS_FINE;

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

static void
report_raise(int status)
{
	if (status > worst_status)
		worst_status = status;
}

static void
report_line(const char *format, va_list arguments)
{
	char line[LINE_SIZE];

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

/*
 * The kernel's log has lines like "<3>[    0.000123] ffs: text".  Cut the
 * first line off log and return its text if it is serious enough, or NULL.
 */
static const char *
log_line_cut(char **log)
{
	char *line = *log;
	char *end = strchr(line, '\n');
	char *text;

	if (end == NULL) {
		*log += strlen(line);
	} else {
		*end = '\0';
		*log = end + 1;
	}
	if (line[0] != '<' || (strtol(line + 1, &text, 10) & 7) > LOG_WARNING_LEVEL || *text != '>')
		return NULL;
	text++;
	if (*text == '[' && (text = strchr(text, ']')) != NULL)
		text += text[1] == ' ' ? 2 : 1;
	return text;
}

bool
report_kernel_line(char *line, size_t size)
{
	static char log[LOG_SIZE];
	const char *text;
	char *rest = log;
	long length = rump_sys_syslog(LOG_READ_ALL, log, sizeof(log) - 1);

	line[0] = '\0';
	if (length <= 0)
		return false;
	log[length] = '\0';
	while (*rest != '\0') {
		text = log_line_cut(&rest);
		if (text != NULL && *text != '\0')
			snprintf(line, size, "%s", text);
	}
	return line[0] != '\0';
}

const char *
report_reason(int error)
{
	static char reason[1024];
	char line[sizeof(reason) - 32];

	if ((error != EUCLEAN && error != EIO) || !report_kernel_line(line, sizeof(line)))
		return strerror(error);
	snprintf(reason, sizeof(reason), "%s: %s",
	    error == EUCLEAN ? "the image is damaged" : strerror(error), line);
	return reason;
}

void
report_output_error(int error)
{
	report_raise(STATUS_PARTLY);
	if (error != EPIPE)
		report("cannot write the output: %s", strerror(error));
}

void
report_output(void)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout))
		report_output_error(errno != 0 ? errno : EIO);
}
