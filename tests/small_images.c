/* See small_images.h. */
#include "tests/small_images.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_SIZE 4096
static bool
is_foreign(const char *name)
{
	return strstr(name, "-dirty") != NULL;
}

/* Ours first, then by name. */
static int
compare(const void *left, const void *right)
{
	const struct small_image *a = left, *b = right;
	int difference = is_foreign(a->name) - is_foreign(b->name);

	return difference != 0 ? difference : strcmp(a->name, b->name);
}

static void
add(struct small_images *images, const char *folder, const char *name)
{
	struct small_image *image = &images->images[images->count];
	char path[PATH_MAX];
	struct stat status;

	assert_true(images->count < SMALL_IMAGES_MAX && strlen(name) < SMALL_IMAGE_NAME);
	strcpy(image->name, name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	image->fd = open(path, O_RDONLY);
	assert_true(image->fd >= 0);
	assert_int_equal(fstat(image->fd, &status), 0);
	image->size = (uint64_t)status.st_size;
	images->count++;
	images->made_count += !is_foreign(name);
}

static void
add_all(struct small_images *images, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		if (strstr(entry->d_name, ".img") != NULL)
			add(images, path, entry->d_name);
	closedir(folder);
	assert_true(images->made_count > 0);
	qsort(images->images, images->count, sizeof(images->images[0]), compare);
}

void
small_images_create(struct small_images *images)
{
	const char *root = getenv("SOURCE_ROOT");
	char folder[] = "/tmp/small-images-XXXXXX";
	char command[COMMAND_SIZE];
	int status;

	*images = (struct small_images){ .count = 0 };
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "python3 '%s/tests/small_images.py' %s",
	    root == NULL ? "." : root, folder);
	status = system(command);
	if (status == 0)
		add_all(images, folder);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(status, 0);
}

void
small_images_destroy(struct small_images *images)
{
	for (unsigned i = 0; i < images->count; i++)
		close(images->images[i].fd);
}

uint8_t *
small_image_map(const struct small_images *images, unsigned index)
{
	const struct small_image *image = &images->images[index];
	void *bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, image->fd, 0);

	assert_true(bytes != MAP_FAILED);
	return bytes;
}

void
small_image_unmap(const struct small_images *images, unsigned index, uint8_t *bytes)
{
	munmap(bytes, images->images[index].size);
}
