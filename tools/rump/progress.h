/*
 * A progress bar on standard error, for a person who waits at a terminal.
 *
 * Nothing appears when standard error is not a terminal, nor in the first half
 * second.
 */
#ifndef TOOLS_RUMP_PROGRESS_H
#define TOOLS_RUMP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a bar would be seen; counting what is ahead is worth it only then. */
bool progress_is_wanted(void);

/* Begin a bar for so many bytes of work. */
void progress_begin(uint64_t total);

/* So many bytes more are done; name is what is being worked on. */
void progress_add(uint64_t bytes, const char *name);

/* Take the bar off the screen, so that a line can be printed in its place. */
void progress_hide(void);

/* The work is over. */
void progress_end(void);

#endif
