/*
 * What goes wrong, said in one line on standard error.
 *
 * A line says what failed, where, and where it helps what to do about it.
 * Control characters in it are escaped, so that a name from an image cannot
 * drive the terminal or fake a second line.  The worst thing reported decides
 * the exit status of the program.
 */
#ifndef TOOLS_RUMP_REPORT_H
#define TOOLS_RUMP_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	STATUS_FINE = 0,
	STATUS_PARTLY = 1, /* some operations failed */
	STATUS_UNABLE = 2, /* wrong usage, or an image that cannot be opened */
};

/* Start every line with "rump COMMAND: ". */
void report_begin(const char *command);

/* Some operation failed. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something worth knowing that is nothing wrong; not said with -q. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An image cannot be opened. */
void report_unable(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The command line is wrong.  Returns STATUS_UNABLE. */
int report_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit status so far. */
int report_status(void);

/* The same, which begins anew then. */
int report_restart(void);

/* From now on nothing is said or counted, or is again. */
void report_mute(bool is_muted);

/*
 * Words for error, an errno of the rump kernel's.  Where the kernel logged what
 * it found damaged, and where, the words are the kernel's.  The result is valid
 * until the next call.
 */
const char *report_reason(int error);

/*
 * The gravest line, from warnings on, that the kernel has logged since the last
 * time; the first of several.  False if there is none.
 */
bool report_kernel_line(char *text, size_t size);

/* What the kernel has logged so far explains nothing that is to come. */
void report_kernel_forget(void);

/* There is no memory for what was asked.  Does not return. */
_Noreturn void report_no_memory(void);

/*
 * Writing to standard output failed with error.  A reader that went away is not
 * worth a word, only a status.
 */
void report_output_error(int error);

/* Write out what stdio holds for standard output, and say so if that fails. */
void report_output(void);

#endif
