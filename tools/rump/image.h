/*
 * Images and places in them, as named on the command line: IMAGE[:PATH].
 *
 * Each image is mounted once, however often and by whichever name it is named:
 * read-only, with the host's file opened for reading only, unless a command says
 * first that it changes the image.  An argument that is the name of an existing
 * file is an image, whole.  Otherwise it is cut at the first colon before which
 * there is the name of an existing file that is not a directory, or, if there
 * is none, at the first colon.
 *
 * Paths are resolved with the image as the root of everything, so an absolute
 * symbolic link stays inside its image, and ".." does not lead out of it.
 */
#ifndef TOOLS_RUMP_IMAGE_H
#define TOOLS_RUMP_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <rump/syscalls.h>

#include "tools/rump/files.h"

struct image; /* one mounted image */
struct partition;
struct partition_table;

struct location {
	struct image *image;	   /* NULL: it cannot be opened, which has been reported */
	const struct files *files; /* whether in an image or, without image, on the host */
	char *path;		   /* in the image it begins with a slash */
	char *shown;  /* as the user named it; with the image where there are several */
	char *prefix; /* what makes shown unmistakable: "IMAGE:", or nothing */
};

/* Mount with these options, as for mount(8) -o; borrowed. */
void image_set_mount_options(const char *options);

/* Mount as this type of file system, instead of trying all; borrowed. */
void image_set_type(const char *type);

/*
 * Of images that are disks with partitions, mount the one of this name or label;
 * borrowed.  Without it, the only one that has a file system is mounted.
 */
void image_set_partition(const char *name);

/*
 * An image of which no partition is mounted, because it has several file systems
 * or none, can be located all the same if it has a partition table: it is about
 * the table.  Tables of others are read, too, unless all of the image is one
 * file system.
 */
void image_want_tables(void);

/*
 * From now on, as in a shell: arguments are places in this image, relative to
 * directory, an absolute path in it; those that begin with "host:" are files of
 * the host.  Both are borrowed.
 */
void image_set_here(struct image *image, const char *directory);

/* The host's path that argument is; in a shell, NULL if it is none. */
const char *image_host_path(const char *argument);

/* What the user chose with these; NULL or "auto" if nothing. */
const char *image_chosen_partition(void);
const char *image_chosen_type(void);

/* Can the host's file be an image, to be written, as far as can be told from outside?  Reports. */
bool image_file_is_usable(const char *name, bool is_writable);

/* Mount what count arguments name.  Free the result with image_locations_free(). */
struct location *image_locate(char *const *arguments, int count);
void image_locations_free(struct location *locations, int count);

/*
 * The same for what is to be changed.  An image that cannot be written, or
 * should not be, cannot be located.  From then on signals are noted, see
 * interrupt.h.
 */
struct location *image_locate_writable(char *const *arguments, int count);

/* The same, where what is not IMAGE:PATH is a file of the host. */
struct location *image_locate_anywhere(char *const *arguments, int count);

/* Whether the location can be used: it is on the host, or its image is mounted. */
bool location_is_usable(const struct location *location);

/* Leave all images, all changes written; the rump kernel is gone after that. */
void image_close_all(void);

/* Whether argument names a place in an image, as opposed to a file of the host. */
bool image_is_named(const char *argument);

/* The image's name as the user wrote it. */
const char *image_name(const struct image *image);

/* Its partition table; without partitions if there is none. */
const struct partition_table *image_table(const struct image *image);

/* The partition that is mounted; NULL if all of the image is, or nothing. */
const struct partition *image_partition(const struct image *image);

bool image_is_mounted(const struct image *image);

/*
 * The calls below resolve the location's path.  Descriptors, and names relative
 * to them that are not followed, work whichever image was used last.
 */
int location_open(const struct location *location, int flags);
int location_stat(const struct location *location, struct stat *st, bool follows);
int location_statx(const struct location *location, int flags, struct statx *stx);
ssize_t location_readlink(const struct location *location, char *target, size_t size);

/* Make this location's image the root that following links starts from. */
void location_use(const struct location *location);

/* Report that what, like "cannot open", failed with error. */
void location_report(const struct location *location, const char *what, int error);

#endif
