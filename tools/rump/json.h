/*
 * JSON on standard output.
 *
 * Every command prints one object a line, so a listing of any length can be
 * read as it comes, and a single answer is a document by itself.  All of it is
 * UTF-8 whatever the locale; control characters are escaped.  A name that is
 * not UTF-8 is given twice: as text, with U+FFFD for each byte that is not, and
 * with "_bytes" after the key as hexadecimal digits.
 *
 * Within an object a member has a key; within an array the key is NULL.
 */
#ifndef TOOLS_RUMP_JSON_H
#define TOOLS_RUMP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

void json_open_object(const char *key);
void json_close_object(void);
void json_open_array(const char *key);
void json_close_array(void);

/* End the line: nothing is open. */
void json_end(void);

/* Text that is nobody's name. */
void json_text(const char *key, const char *text);

/* A name, path or link target. */
void json_name(const char *key, const char *name);

void json_number(const char *key, uint64_t number);
void json_bool(const char *key, bool value);

/* Like "2026-11-22T23:35:44.123456789Z"; seconds since 1970 where no calendar has it. */
void json_time(const char *key, struct timespec when);

/* type, mode, inode, links, uid, gid, size, allocated, major and minor, times. */
void json_stat(const struct stat *st);

#endif
