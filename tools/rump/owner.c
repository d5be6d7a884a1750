/*
 * Owners of files.
 *
 * The image's files are read up to a size that no honest one has; lines are
 * NAME:anything:NUMBER, and in /etc/passwd :GROUP after that.
 */
#include "tools/rump/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"

enum {
	FILE_SIZE = 1024 * 1024,
	NUMBER_FIELD = 2,
};

#define NUMBER_LIMIT 4294967294UL /* the one more means "unchanged" */

/* The content of the image's file path, or what can be read of it; owned by the caller. */
static char *
file_read(const struct location *location, const char *path)
{
	char *text = memory_resize(NULL, FILE_SIZE + 1, 1);
	size_t size = 0;
	ssize_t length;
	int fd;

	location_use(location);
	fd = rump_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && size < FILE_SIZE &&
	       (length = rump_sys_read(fd, text + size, FILE_SIZE - size)) > 0)
		size += (size_t)length;
	if (fd >= 0)
		rump_sys_close(fd);
	text[size] = '\0';
	return text;
}

/* Field number of a line, from 0, as a number.  False: it is none. */
static bool
field_number(const char *line, unsigned number, unsigned long *value)
{
	char digits[16];
	size_t length;

	for (; number > 0; number--) {
		line += strcspn(line, ":\n");
		if (*line++ != ':')
			return false;
	}
	length = strcspn(line, ":\n");
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, line, length);
	digits[length] = '\0';
	return option_number(digits, NUMBER_LIMIT, value);
}

/* The line of text that begins with name, or that has number; NULL: there is none. */
static const char *
line_find(const char *text, const char *name, const unsigned long *number)
{
	size_t length = strlen(name);

	while (*text != '\0') {
		unsigned long value;

		if (number == NULL && strncmp(text, name, length) == 0 && text[length] == ':')
			return text;
		if (number != NULL && field_number(text, NUMBER_FIELD, &value) && value == *number)
			return text;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* The number that name has in the image's file.  False, after a report: it has none. */
static bool
name_find(const struct location *location, const char *path, const char *name,
    unsigned long *number)
{
	char *text = file_read(location, path);
	const char *line = line_find(text, name, NULL);
	bool is_found = line != NULL && field_number(line, NUMBER_FIELD, number);

	if (!is_found)
		is_found = option_number(name, NUMBER_LIMIT, number);
	if (!is_found)
		report("%s:%s has no \"%s\"; give a number instead", image_name(location->image),
		    path, name);
	free(text);
	return is_found;
}

/* The group of the user with this number. */
static bool
login_group_find(const struct location *location, unsigned long uid, unsigned long *gid)
{
	char *text = file_read(location, "/etc/passwd");
	const char *line = line_find(text, "", &uid);
	bool is_found = line != NULL && field_number(line, NUMBER_FIELD + 1, gid);

	if (!is_found)
		report("%s:/etc/passwd does not tell the group of user %lu; say which after the "
		       "colon",
		    image_name(location->image), uid);
	free(text);
	return is_found;
}

bool
owner_find(const struct location *location, const char *text, struct owner *owner)
{
	const char *colon = strchr(text, ':');
	char *user =
	    colon == NULL ? memory_string(text) : memory_format("%.*s", (int)(colon - text), text);
	unsigned long uid = OWNER_UNCHANGED;
	unsigned long gid = OWNER_UNCHANGED;
	bool is_found = true;

	if (*user != '\0')
		is_found = name_find(location, "/etc/passwd", user, &uid);
	if (is_found && colon != NULL && colon[1] != '\0')
		is_found = name_find(location, "/etc/group", colon + 1, &gid);
	else if (is_found && colon != NULL && *user != '\0')
		is_found = login_group_find(location, uid, &gid);
	free(user);
	*owner = (struct owner){ (uid_t)uid, (gid_t)gid };
	return is_found;
}
