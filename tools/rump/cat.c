/* rump cat: print what is in files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/report.h"

enum {
	BUFFER_SIZE = 1024 * 1024,
};

static const struct option long_options[] = {
	HELP_OPTION,
	{ NULL, 0, NULL, 0 },
};

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
	while ((length = rump_sys_read(fd, buffer, BUFFER_SIZE)) > 0 && can_write)
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
	int option;

	while ((option = getopt_long(argc, argv, ":u", long_options, NULL)) != -1) {
		if (option != 'u')
			return command_option(&cat_command, option, argv);
	}
	if (optind == argc)
		return report_usage("say which file to print");
	buffer = aligned_alloc(4096, BUFFER_SIZE);
	if (buffer == NULL)
		report_no_memory();
	locations = image_locate(argv + optind, argc - optind);
	for (int i = 0; i < argc - optind && can_write; i++) {
		if (locations[i].image != NULL)
			can_write = location_print(&locations[i], buffer);
	}
	image_locations_free(locations, argc - optind);
	free(buffer);
	return report_status();
}

const struct command cat_command = {
	.name = "cat",
	.synopsis = "IMAGE:PATH...",
	.summary = "print what is in files",
	.details = "",
	.run = cat_run,
};
