/*
 * The kernel log: see log.h.
 *
 * A line is made on the stack, "<6>[    1.000002] what\n", and then copied to
 * the ring under the lock and, without its level, to the console.  The ring
 * holds the last LOG_RING_SIZE bytes ever written; positions count bytes from
 * the beginning of time, so that only reading and writing know it is a ring.
 * A newline ends a line and nothing else contains one, so what the ring starts
 * in the middle of is passed over by looking for the next newline.
 */
#include "kern/log.h"

#include "base/errno.h"
#include "base/format.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/kernel.h"

#define LOG_RING_PAGES	  (LOG_RING_SIZE / PAGE_SIZE)
#define LOG_LEVEL_LENGTH  3 /* "<6>" */
#define LOG_ESCAPE_LENGTH 4 /* "\x1b" */

_Static_assert(LOG_RING_SIZE % PAGE_SIZE == 0, "the ring is whole pages");

int
log_create(struct kernel *kernel, enum log_level console_level)
{
	struct log *log = &kernel->log;

	mutex_init(&log->lock, kernel, RANK_LOG);
	atomic_init(&log->console_level, (uint32_t)console_level);
	log->ring = page_run_alloc(kernel, LOG_RING_PAGES);
	return log->ring != NULL ? 0 : -ENOMEM;
}

void
log_destroy(struct kernel *kernel)
{
	page_run_free(kernel, kernel->log.ring, LOG_RING_PAGES);
}

/* The position after the newline at or after position.  REQUIRES(log->lock) */
static uint64_t
log_next_line(const struct log *log, uint64_t position)
{
	while (position < log->written && log->ring[position % LOG_RING_SIZE] != '\n')
		position++;
	return position < log->written ? position + 1 : position;
}

/* Where the oldest whole line begins that may be read.  REQUIRES(log->lock) */
static uint64_t
log_start(const struct log *log)
{
	uint64_t oldest = 0;

	if (log->written > LOG_RING_SIZE)
		oldest = log_next_line(log, log->written - LOG_RING_SIZE);
	return max_u64(oldest, log->cleared);
}

static void
log_write(struct log *log, const char *bytes, size_t length)
{
	size_t place;
	size_t piece;

	mutex_lock(&log->lock);
	place = (size_t)(log->written % LOG_RING_SIZE);
	piece = (size_t)min_u64(length, LOG_RING_SIZE - place);
	memcpy(log->ring + place, bytes, piece);
	memcpy(log->ring, bytes + piece, length - piece);
	log->written += length;
	mutex_unlock(&log->lock);
}

static bool
is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Add text and a newline to the line of length, cut to fit; the new length. */
static size_t
log_line_add(char line[LOG_LINE_MAX], size_t length, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (; *text != '\0'; text++) {
		uint8_t byte = (uint8_t)*text;

		if (length + (is_printable(*text) ? 1 : LOG_ESCAPE_LENGTH) > LOG_LINE_MAX - 1)
			break;
		if (is_printable(*text)) {
			line[length++] = *text;
			continue;
		}
		line[length++] = '\\';
		line[length++] = 'x';
		line[length++] = digits[byte >> 4];
		line[length++] = digits[byte & 15];
	}
	line[length++] = '\n';
	return length;
}

void
kernel_log(struct kernel *kernel, enum log_level level, const char *format, ...)
{
	struct log *log = &kernel->log;
	uint64_t micros = (kernel_clock_monotonic(kernel) - kernel->boot_time) / 1000;
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX];
	va_list values;
	size_t length;

	length = format_text(line, sizeof(line), "<%u>[%5llu.%06llu] ", (unsigned)level,
	    (unsigned long long)(micros / 1000000), (unsigned long long)(micros % 1000000));
	va_start(values, format);
	format_text_list(text, sizeof(text), format, values);
	va_end(values);
	length = log_line_add(line, length, text);

	log_write(log, line, length);
	if (level <= atomic_load_explicit(&log->console_level, memory_order_relaxed))
		kernel->host_ops->console(kernel->host, line + LOG_LEVEL_LENGTH,
		    length - LOG_LEVEL_LENGTH);
}

size_t
log_read(struct kernel *kernel, char *buffer, size_t size)
{
	struct log *log = &kernel->log;
	uint64_t position;
	size_t length;
	size_t place;
	size_t piece;

	mutex_lock(&log->lock);
	position = log_start(log);
	while (log->written - position > size)
		position = log_next_line(log, position);
	length = (size_t)(log->written - position);
	place = (size_t)(position % LOG_RING_SIZE);
	piece = (size_t)min_u64(length, LOG_RING_SIZE - place);
	memcpy(buffer, log->ring + place, piece);
	memcpy(buffer + piece, log->ring, length - piece);
	mutex_unlock(&log->lock);
	return length;
}

size_t
log_size(struct kernel *kernel)
{
	struct log *log = &kernel->log;
	size_t size;

	mutex_lock(&log->lock);
	size = (size_t)(log->written - log_start(log));
	mutex_unlock(&log->lock);
	return size;
}

void
log_clear(struct kernel *kernel)
{
	mutex_lock(&kernel->log.lock);
	kernel->log.cleared = kernel->log.written;
	mutex_unlock(&kernel->log.lock);
}
