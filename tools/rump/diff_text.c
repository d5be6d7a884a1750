/*
 * Lines in which two files differ: the host's "diff -u", on copies in memory.
 *
 * Files with a NUL at their beginning, and those too large for a copy, are no
 * text.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/rump/diff_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/report.h"

enum {
	SIZE_MAX_TEXT = 64 * 1024 * 1024,
	BUFFER_SIZE = 64 * 1024,
};

/* A copy that a child inherits; -1 if the file is no text, or has no copy. */
static int
text_copy(const struct side *side, int fd)
{
	static char buffer[BUFFER_SIZE];
	int copy = memfd_create("rump-diff", 0);
	off_t offset = 0;
	ssize_t length = 0;

	while (copy >= 0 && (length = side->files->pread(fd, buffer, sizeof(buffer), offset)) > 0) {
		if ((offset == 0 && memchr(buffer, '\0', (size_t)length) != NULL) ||
		    write(copy, buffer, (size_t)length) != length) {
			length = -1;
			break;
		}
		offset += length;
	}
	if (copy >= 0 && length < 0) {
		close(copy);
		return -1;
	}
	return copy;
}

/*
 * What stands above the lines: the image and the path.  Into files and pipes too, what
 * is not printable is escaped: a newline would begin a line of the difference.
 */
static char *
label_make(const struct diff *diff, int number, const char *path)
{
	char *label = memory_format("%s:%s", diff->sides[number].name, path);
	char *escaped = NULL;
	size_t size;
	FILE *stream;

	if (name_is_printable(label))
		return label;
	stream = open_memstream(&escaped, &size);
	if (stream == NULL)
		report_no_memory();
	name_print(stream, label, NAME_ESCAPE);
	if (fclose(stream) != 0)
		report_no_memory();
	free(label);
	return escaped;
}

static bool
diff_spawn(const struct diff *diff, const char *path, const int copies[2])
{
	extern char **environ;
	char *labels[2], *files[2];
	int status = 0;
	bool result;
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		labels[i] = label_make(diff, i, path);
		files[i] = memory_format("/dev/fd/%d", copies[i]);
	}
	fflush(stdout);
	result = posix_spawnp(&pid, "diff", NULL, NULL,
		     (char *[]){ (char *)"diff", (char *)"-u", (char *)"--label", labels[0],
			 (char *)"--label", labels[1], files[0], files[1], NULL },
		     environ) == 0;
	while (result && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 2; i++) {
		free(labels[i]);
		free(files[i]);
	}
	return result && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool
diff_text(struct diff *diff, const struct diff_pair *pair, const int fds[2])
{
	int copies[2] = { -1, -1 };
	bool result = false;

	if (pair->st[0].st_size > SIZE_MAX_TEXT || pair->st[1].st_size > SIZE_MAX_TEXT)
		return false;
	for (int i = 0; i < 2; i++)
		copies[i] = text_copy(&diff->sides[i], fds[i]);
	if (copies[0] >= 0 && copies[1] >= 0)
		result = diff_spawn(diff, pair->path, copies);
	for (int i = 0; i < 2; i++) {
		if (copies[i] >= 0)
			close(copies[i]);
	}
	return result;
}
