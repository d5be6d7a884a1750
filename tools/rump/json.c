/*
 * JSON on standard output.
 *
 * The only state is whether the next member needs a comma; nesting is the
 * caller's.
 */
#include "tools/rump/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "tools/rump/mode.h"

static bool needs_comma;

/*
 * The length of the UTF-8 sequence that text begins with, or 0 if there is none
 * (Unicode 15.0, table 3-7).  text is not empty.
 */
static size_t
utf8_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	unsigned char low = 0x80, high = 0xbf;

	if (length == 1)
		return 1;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	}
	return length;
}

/* One character, or byte that is none.  Returns what it takes of text. */
static size_t
character_print(const char *text)
{
	size_t length = utf8_length(text);

	if (length == 0) {
		fputs("\\ufffd", stdout);
		return 1;
	}
	if (*text == '"' || *text == '\\')
		putchar('\\');
	if ((unsigned char)*text < ' ' || *text == 0x7f)
		printf("\\u%04x", *text);
	else if (length == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0)
		printf("\\u%04x", (unsigned char)text[1]); /* U+0080 to U+009F: controls, too */
	else
		fwrite(text, 1, length, stdout);
	return length;
}

static void
string_print(const char *text)
{
	putchar('"');
	while (*text != '\0')
		text += character_print(text);
	putchar('"');
}

static void
key_print(const char *key)
{
	if (needs_comma)
		putchar(',');
	needs_comma = true;
	if (key == NULL)
		return;
	string_print(key);
	putchar(':');
}

void
json_open_object(const char *key)
{
	key_print(key);
	putchar('{');
	needs_comma = false;
}

void
json_close_object(void)
{
	putchar('}');
	needs_comma = true;
}

void
json_open_array(const char *key)
{
	key_print(key);
	putchar('[');
	needs_comma = false;
}

void
json_close_array(void)
{
	putchar(']');
	needs_comma = true;
}

void
json_end(void)
{
	putchar('\n');
	needs_comma = false;
}

void
json_text(const char *key, const char *text)
{
	key_print(key);
	string_print(text);
}

static bool
is_utf8(const char *text)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = utf8_length(text);
		if (length == 0)
			return false;
	}
	return true;
}

void
json_name(const char *key, const char *name)
{
	json_text(key, name);
	if (is_utf8(name))
		return;
	printf(",\"%s_bytes\":\"", key);
	for (; *name != '\0'; name++)
		printf("%02x", (unsigned char)*name);
	putchar('"');
}

void
json_number(const char *key, uint64_t number)
{
	key_print(key);
	printf("%" PRIu64, number);
}

void
json_bool(const char *key, bool value)
{
	key_print(key);
	fputs(value ? "true" : "false", stdout);
}

void
json_time(const char *key, struct timespec when)
{
	char text[64];
	struct tm fields;

	key_print(key);
	if (gmtime_r(&when.tv_sec, &fields) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &fields) == 0)
		printf("%" PRId64, (int64_t)when.tv_sec);
	else
		printf("\"%s.%09ldZ\"", text, when.tv_nsec);
}

void
json_stat(const struct stat *st)
{
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", st->st_mode & 07777);
	json_text("type", mode_type_word(st->st_mode));
	json_text("mode", mode);
	json_number("inode", st->st_ino);
	json_number("links", st->st_nlink);
	json_number("uid", st->st_uid);
	json_number("gid", st->st_gid);
	json_number("size", (uint64_t)st->st_size);
	json_number("allocated", (uint64_t)st->st_blocks * 512);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		json_number("major", major(st->st_rdev));
		json_number("minor", minor(st->st_rdev));
	}
	json_time("atime", st->st_atim);
	json_time("mtime", st->st_mtim);
	json_time("ctime", st->st_ctim);
}
