/*
 * The kernel log: the last lines that a kernel had to say, in a ring.
 *
 * A line says what and where, for people: "ffs: inode 12: block 7 at fragment
 * 99 is outside the file system".  Levels and the text form "<level>[seconds]
 * line" are Linux's (syslog(2)).  Lines that are grave enough also go to the
 * host's console.
 *
 * Any thread, any locks; never fails: what does not fit is cut, the oldest
 * lines go first.  The ring is there from the start, but its memory is only
 * touched as lines are written.
 */
#ifndef KERN_LOG_H
#define KERN_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/mutex.h"

struct kernel;

enum log_level {
	LOG_EMERGENCY,
	LOG_ALERT,
	LOG_CRITICAL,
	LOG_ERROR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

#define LOG_RING_SIZE 8192
#define LOG_LINE_MAX  256

/* A kernel's log; part of struct kernel. */
struct log {
	struct mutex lock;
	char *ring;			/* LOG_RING_SIZE bytes or NULL; GUARDED_BY(lock) */
	uint64_t written;		/* bytes ever written; GUARDED_BY(lock) */
	uint64_t cleared;		/* reading begins here; GUARDED_BY(lock) */
	_Atomic uint32_t console_level; /* less grave lines stay off the console */
};

/*
 * Write one line, without its newline.  format is base/format.h's subset of
 * printf's.  What is not printable ASCII, such as control characters in names
 * from a medium, is written as \xNN.
 */
void kernel_log(struct kernel *kernel, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

/*
 * Copy the newest whole lines that fit size bytes, oldest of them first.
 * Returns the number of bytes.
 */
size_t log_read(struct kernel *kernel, char *buffer, size_t size);

/* Bytes that log_read() would give with room for all. */
size_t log_size(struct kernel *kernel);

/* Let later reads begin after what is there now. */
void log_clear(struct kernel *kernel);

/* For kernel_create() and kernel_destroy() alone. */
MUST_CHECK int log_create(struct kernel *kernel, enum log_level console_level);
void log_destroy(struct kernel *kernel);

#endif
