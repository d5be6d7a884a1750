/* rump cat: print what is in files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"

enum {
	BUFFER_SIZE = 1024 * 1024,
};

static const struct option_row rows[] = {
	{ 'u', NULL, NULL, "nothing: the output is not held back anyway" },
	{ 0 },
};

static bool
option_take_one(void *options, int id, const char *value)
{
	(void)options;
	(void)value;
	return id == 'u';
}

/* Write size bytes to standard output.  False if that is not possible any more. */
static bool
output_write(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			report_output_error(errno);
			return false;
		}
		bytes += written;
		size -= (size_t)written;
	}
	return true;
}

/*
 * Open location if there is anything to read there: reading a fifo or a device
 * node would not read the image.  Returns -1 after a report.
 */
static int
location_open_file(const struct location *location)
{
	struct stat st;
	int fd;

	if (location_stat(location, &st, true) < 0) {
		location_report(location, "cannot access", errno);
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		report("%s%s: is a directory; see \"rump ls\"", location->prefix, location->shown);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		report("%s%s: is a device, fifo or socket, and has no content in the image",
		    location->prefix, location->shown);
		return -1;
	}
	fd = location_open(location, O_RDONLY);
	if (fd < 0)
		location_report(location, "cannot open", errno);
	return fd;
}

/* False: nothing more can be written. */
static bool
location_print(const struct location *location, char *buffer)
{
	int fd = location_open_file(location);
	bool can_write = true;
	ssize_t length;

	if (fd < 0)
		return true;
	while ((length = rump_sys_read(fd, buffer, BUFFER_SIZE)) > 0 && can_write &&
	       !interrupt_arrived())
		can_write = output_write(buffer, (size_t)length);
	if (length < 0)
		location_report(location, "cannot read", errno);
	rump_sys_close(fd);
	return can_write;
}

static int
cat_run(int argc, char **argv)
{
	struct location *locations;
	bool can_write = true;
	char *buffer;
	int first = options_parse(&cat_command, argc, argv, option_take_one, NULL);

	if (first == 0)
		return report_status();
	buffer = aligned_alloc(4096, BUFFER_SIZE);
	if (buffer == NULL)
		report_no_memory();
	locations = image_locate(argv + first, argc - first);
	for (int i = 0; i < argc - first && can_write; i++) {
		if (locations[i].image != NULL)
			can_write = location_print(&locations[i], buffer);
	}
	image_locations_free(locations, argc - first);
	free(buffer);
	return report_status();
}

const struct command cat_command = {
	.name = "cat",
	.operands = "IMAGE:PATH...",
	.summary = "print what is in files",
	.options = rows,
	.wanted = "say which file to print",
	.run = cat_run,
};
