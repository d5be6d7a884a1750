/*
 * Images; location.c: places in them.
 *
 * All images live in the default rump kernel: image N is the block device
 * /dev/imageN, mounted on /imageN, or else one of its partitions is,
 * /dev/imageNpNAME.  To resolve a path in it, the kernel's
 * process 1 makes /imageN its root, as chroot(2) does; a descriptor of the true
 * root is kept to get from one image to the next.  (A process per image was
 * rejected: descriptors would belong to one image's process.)
 */
#include "tools/rump/image_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/identify.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/partition.h"
#include "tools/rump/report.h"

struct image {
	struct image *next;
	char *name;	  /* as the user wrote it */
	dev_t dev;	  /* with ino, of the host's file */
	ino_t ino;	  /* 0: it cannot be told */
	char *mount_path; /* in the rump kernel */
	bool is_mounted;
	bool is_writable;
	struct partition_table table;	   /* read if something other than all of it is mounted */
	const struct partition *partition; /* that is mounted, or NULL */
};

static struct {
	struct image *first;
	struct image *in_use; /* whose mount point is the root now */
	unsigned count;
	int true_root;		   /* of the rump kernel; valid if count is not 0 */
	const char *type;	   /* of the file system, or "auto" */
	const char *mount_options; /* or NULL */
	const char *partition;	   /* the user's choice, or NULL */
	bool wants_tables;
} images = { .type = "auto" };

void
image_set_mount_options(const char *options)
{
	images.mount_options = options;
}

void
image_set_type(const char *type)
{
	images.type = type;
}

void
image_set_partition(const char *name)
{
	images.partition = name;
}

void
image_want_tables(void)
{
	images.wants_tables = true;
}

const char *
image_chosen_partition(void)
{
	return images.partition;
}

const char *
image_chosen_type(void)
{
	return images.type;
}

const struct partition_table *
image_table(const struct image *image)
{
	return &image->table;
}

const struct partition *
image_partition(const struct image *image)
{
	return image->partition;
}

bool
image_is_mounted(const struct image *image)
{
	return image->is_mounted;
}

const char *
image_name(const struct image *image)
{
	return image->name;
}

/* What can be said about the host's file without looking inside. */
bool
image_file_is_usable(const char *name, bool is_writable)
{
	struct stat st;

	if (name[0] == '\0')
		report_unable("the name of the image is missing before the colon");
	else if (stat(name, &st) < 0 && errno == ENOENT)
		report_unable("%s: there is no such file; give the image's name as IMAGE[:PATH]",
		    name);
	else if (stat(name, &st) < 0)
		report_unable("%s: %s", name, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		report_unable("%s: is a directory of the host, not an image; name an image file",
		    name);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		report_unable("%s: is neither a regular file nor a block device", name);
	else if (access(name, R_OK) < 0)
		report_unable("%s: %s; reading an image needs read permission on it", name,
		    strerror(errno));
	else if (is_writable && access(name, W_OK) < 0)
		report_unable("%s: %s; changing an image needs write permission on it", name,
		    strerror(errno));
	else if (S_ISREG(st.st_mode) && st.st_size == 0)
		report_unable("%s: is empty; was it copied or made completely?", name);
	else
		return true;
	return false;
}

static int
kernel_start(void)
{
	int error;

	if (images.count > 0)
		return 0;
	error = rump_init();
	if (error != 0) {
		report_unable("cannot start a rump kernel: %s", strerror(error));
		return -1;
	}
	images.true_root = rump_sys_open("/", O_RDONLY | O_DIRECTORY);
	if (images.true_root < 0) {
		report_unable("cannot open the rump kernel's root: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Make directory (in the rump kernel, borrowed) the root. */
static int
root_change(int directory)
{
	if (rump_sys_fchdir(directory) < 0)
		return -1;
	return rump_sys_chroot(".");
}

/* ---- mounting ---------------------------------------------------------------- */

static int
device_mount(const struct image *image, const char *device, unsigned long flags)
{
	if (rump_sys_mount(device, image->mount_path, images.type, flags, images.mount_options) < 0)
		return -1;
	report_kernel_forget();
	return 0;
}

/*
 * Why mounting failed with error, in the kernel's words if it had any: a driver
 * that knows its file system says what is wrong with it.  Mount options in them
 * are said as they are given to us.
 */
static void
reason_read(int error, char *reason, size_t size)
{
	static const char prefix[] = "mount: ";
	static const char option[] = "; option partial ";
	char line[1024];
	char *words = line;
	char *place;

	if (!report_kernel_line(line, sizeof(line)))
		snprintf(line, sizeof(line), "%s",
		    error == ENODEV ? "there is no driver for this type" : strerror(error));
	if (strncmp(words, prefix, sizeof(prefix) - 1) == 0)
		words += sizeof(prefix) - 1;
	place = strstr(words, option);
	if (place == NULL)
		snprintf(reason, size, "%s", words);
	else
		snprintf(reason, size, "%.*s; rump -o partial %s", (int)(place - words), words,
		    place + sizeof(option) - 1);
}

/* Mount this partition of image. */
static int
partition_mount(struct image *image, const char *device, const struct partition *partition)
{
	char *path = partition_device(partition, device);
	int result = device_mount(image, path, MS_RDONLY);
	char reason[1024];

	free(path);
	if (result < 0) {
		reason_read(errno, reason, sizeof(reason));
		report_unable("%s: partition %s cannot be mounted: %s", image->name,
		    partition->in.name, reason);
		return -1;
	}
	image->partition = partition;
	return 0;
}

static void
table_report(const struct image *image, int error)
{
	if (error == ENOENT)
		report_unable("%s: has no partition table; leave out -p", image->name);
	else
		report_unable("%s: its partition table cannot be used: %s", image->name,
		    *image->table.damage != '\0' ? image->table.damage : strerror(error));
}

/* Mount the partition that the user has named. */
static int
named_mount(struct image *image, const char *device)
{
	int error = partition_table_read(device, &image->table);
	const struct partition *partition;
	char *all;

	if (error != 0) {
		table_report(image, error);
		return -1;
	}
	if (images.wants_tables)
		partition_table_probe(&image->table, device, image->mount_path, images.type,
		    images.mount_options);
	partition = partition_find(&image->table, images.partition);
	if (partition != NULL)
		return partition_mount(image, device, partition);
	all = partition_words(&image->table, false);
	report_unable("%s: has no partition %s; it has %s", image->name, images.partition,
	    *all != '\0' ? all : "none");
	free(all);
	return -1;
}

/* Nothing in the image, which has a table or none, can be mounted. */
static void
unmountable_report(const struct image *image, const char *device, const char *reason)
{
	char guess[512];

	if (image->table.count > 0) {
		char *all = partition_words(&image->table, false);

		report_unable("%s: is a disk with partitions, none of which has a file system that "
			      "can be mounted: %s (as a whole: %s)",
		    image->name, all, reason);
		free(all);
	} else if (identify_file(device, image->name, guess, sizeof(guess))) {
		report_unable("%s: cannot be mounted: %s; %s", image->name, reason, guess);
	} else {
		report_unable("%s: cannot be mounted: %s", image->name, reason);
	}
}

/* Mount the only partition with a file system; reason says why not all of image. */
static int
only_mount(struct image *image, const char *device, const char *reason)
{
	int error = partition_table_read(device, &image->table);
	const struct partition *partition;
	size_t count;
	char *words;

	if (error == EUCLEAN) {
		table_report(image, error);
		return -1;
	}
	partition_table_probe(&image->table, device, image->mount_path, images.type,
	    images.mount_options);
	partition = partition_only(&image->table, &count);
	if (partition != NULL)
		return partition_mount(image, device, partition);
	if (images.wants_tables && image->table.count > 0)
		return -1;
	if (count == 0) {
		unmountable_report(image, device, reason);
		return -1;
	}
	words = partition_words(&image->table, true);
	report_unable("%s: has several file systems; choose one with rump -p PARTITION: %s",
	    image->name, words);
	free(words);
	return -1;
}

/* Mount what there is on device, all of image. */
static int
content_mount(struct image *image, const char *device)
{
	char reason[1024];

	if (images.partition != NULL)
		return named_mount(image, device);
	if (device_mount(image, device, MS_RDONLY) == 0)
		return 0;
	reason_read(errno, reason, sizeof(reason));
	return only_mount(image, device, reason);
}

/* Say why image cannot be mounted for writing: error, and what the driver logged. */
static void
unwritable_report(const struct image *image, int error)
{
	static const char prefix[] = "cannot be written: ";
	char text[1024];
	const char *reason = text;
	const char *words;
	bool has_partition = images.partition != NULL;

	reason_read(error, text, sizeof(text));
	words = strstr(text, prefix);
	if (words != NULL)
		reason = words + sizeof(prefix) - 1;
	if (strcmp(reason, "its device is read-only") == 0)
		reason = "it is compressed, or the host allows no writing; unpack or copy it first";
	else if (error == EROFS && strcmp(reason, strerror(error)) == 0)
		reason = "file systems of this type are only read";
	if (error != EUCLEAN) {
		report_unable("%s: cannot be changed: %s", image->name, reason);
		return;
	}
	report_unable("%s: cannot be changed: %.*s; \"rump fsck%s%s %s\" repairs it, and with "
		      "-o force it is changed all the same",
	    image->name, (int)strcspn(reason, ";"), reason, has_partition ? " -p " : "",
	    has_partition ? images.partition : "", image->name);
}

/*
 * What is mounted read-only, and so is sound enough for that, is mounted for
 * writing instead.  The driver knows whether it can and should be written.
 */
static int
writable_mount(const struct image *image, const char *device)
{
	char *path = image->partition != NULL ? partition_device(image->partition, device)
					      : memory_string(device);
	int result = rump_sys_umount2(image->mount_path, 0);
	struct statfs space;

	if (result == 0)
		result = device_mount(image, path, 0);
	if (result == 0)
		result = rump_sys_statfs(image->mount_path, &space);
	if (result == 0 && (space.f_flags & ST_RDONLY) != 0) {
		errno = EROFS; /* a driver that does not write */
		result = -1;
	}
	if (result < 0)
		unwritable_report(image, errno);
	free(path);
	return result;
}

/* Why the host's file cannot be opened; what the host said of its content is in the log. */
static void
open_report(const struct image *image, int error)
{
	static const char prefix[] = "block: ";
	char line[1024];
	const char *words = line;

	if (!report_kernel_line(line, sizeof(line)))
		words = error == EBUSY ? "another program has it in use" : strerror(error);
	else if (strncmp(words, prefix, sizeof(prefix) - 1) == 0)
		words += sizeof(prefix) - 1;
	report_unable("%s: cannot be opened: %s", image->name, words);
}

/* Mount image number, whose true root is the root now. */
static int
image_mount(struct image *image, unsigned number)
{
	char *device = memory_format("/dev/image%u", number);
	int flags = RUMP_ETFS_BLK | (image->is_writable ? 0 : RUMP_ETFS_READ_ONLY);
	int error = rump_pub_etfs_register(device, image->name, flags);
	int result = -1;

	if (error != 0)
		open_report(image, error);
	else if (rump_sys_mkdir(image->mount_path, 0755) < 0)
		report_unable("%s: cannot make a mount point: %s", image->name, strerror(errno));
	else
		result = content_mount(image, device);
	if (result == 0 && image->is_writable)
		result = writable_mount(image, device);
	free(device);
	return result;
}

/* The image called name if it was asked for before. */
static struct image *
image_find(const char *name, const struct stat *st)
{
	for (struct image *image = images.first; image != NULL; image = image->next) {
		if (strcmp(image->name, name) == 0 ||
		    (st->st_ino != 0 && image->ino == st->st_ino && image->dev == st->st_dev))
			return image;
	}
	return NULL;
}

/* Get ready for changes that must not be left half done. */
static void
writing_begin(void)
{
	static bool has_begun;

	if (!has_begun) {
		interrupt_watch();
		atexit(image_close_all);
		has_begun = true;
	}
	rump_sys_umask(0);
}

/* The image called name; one that cannot be opened is reported, once. */
struct image *
image_get(const char *name, bool is_writable)
{
	struct stat st = { 0 };
	struct image *image =
	    stat(name, &st) < 0 ? image_find(name, &(struct stat){ 0 }) : image_find(name, &st);

	if (image != NULL)
		return image;
	image = memory_resize(NULL, 1, sizeof(*image));
	*image = (struct image){
		.next = images.first,
		.name = memory_string(name),
		.dev = st.st_dev,
		.ino = st.st_ino,
		.is_writable = is_writable,
	};
	images.first = image;
	if (!image_file_is_usable(name, is_writable) || kernel_start() < 0)
		return image;

	if (is_writable)
		writing_begin();
	images.count++;
	image->mount_path = memory_format("/image%u", images.count - 1);
	image->is_mounted =
	    root_change(images.true_root) == 0 && image_mount(image, images.count - 1) == 0;
	images.in_use = NULL;
	return image;
}

/* Write what is still to be written to image, and unmount it. */
static void
image_finish(const struct image *image)
{
	if (rump_sys_umount2(image->mount_path, 0) < 0 && errno != EBUSY)
		report("%s: not all changes could be written: %s", image->name,
		    report_reason(errno));
}

void
image_close_all(void)
{
	struct image *next;

	if (images.count > 0) {
		report_kernel_forget();
		root_change(images.true_root);
	}
	for (struct image *image = images.first; image != NULL; image = next) {
		next = image->next;
		if (image->is_mounted && image->is_writable)
			image_finish(image);
		free(image->name);
		free(image->mount_path);
		free(image->table.list);
		free(image);
	}
	if (images.count > 0 && rump_kernel_destroy(NULL) != 0)
		report("not all changes could be written: %s", strerror(EIO));
	images.first = images.in_use = NULL;
	images.count = 0;
}

bool
image_is_alone(void)
{
	return images.first == NULL || images.first->next == NULL;
}

bool
image_is_usable(const struct image *image)
{
	return image->is_mounted || (images.wants_tables && image->table.count > 0);
}

bool
image_is_writable(const struct image *image)
{
	return image->is_writable;
}

void
image_use(struct image *image)
{
	if (images.in_use == image)
		return;
	if (root_change(images.true_root) < 0 || rump_sys_chroot(image->mount_path) < 0 ||
	    rump_sys_chdir("/") < 0)
		report("%s: cannot enter the image: %s", image->name, strerror(errno));
	images.in_use = image;
}
