/* Trees of files to measure with. */
#include "bench/tree.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
file_make(const char *path, size_t size)
{
	static char text[BENCH_FILE_MAX];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	memset(text, 'x', size);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size || close(fd) < 0)
		err(1, "%s", path);
}

void
bench_tree_have(const struct bench_tree *tree)
{
	char path[4200];
	struct stat st;

	if (stat(tree->path, &st) == 0)
		return;
	if (mkdir(tree->path, 0755) < 0)
		err(1, "%s", tree->path);
	for (int i = 0; i < tree->directories; i++) {
		snprintf(path, sizeof(path), "%s/directory%03d", tree->path, i);
		if (mkdir(path, 0755) < 0)
			err(1, "%s", path);
		for (int j = 0; j < tree->files; j++) {
			snprintf(path, sizeof(path), "%s/directory%03d/file%04d.txt", tree->path, i,
			    j);
			file_make(path, tree->size(tree->context, i, j));
		}
	}
}
