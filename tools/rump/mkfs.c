/*
 * rump mkfs: make a file system in an image file, and fill it.
 *
 * The image is made under a temporary name beside its own and renamed when it is
 * complete, so that nothing half done looks finished.  It is a sparse file: only
 * what is not zero is written.
 *
 * Without a size, one is looked for: making an empty file system takes no time, so
 * one is made, asked how much room it has, and made again a little larger or
 * smaller.  That way nothing needs to be known here of its format.  How much the
 * files need is reckoned up beforehand (mkfs_need.h); should they not fit all the
 * same, which the layout of their ends may bring about, a larger one is tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/archive.h"
#include "tools/rump/command.h"
#include "tools/rump/memory.h"
#include "tools/rump/mkfs_impl.h"
#include "tools/rump/mkfs_need.h"
#include "tools/rump/option.h"
#include "tools/rump/progress.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

#define DEVICE	   "/dev/image0"
#define MOUNT	   "/new"
#define MIB	   ((uint64_t)1 << 20)
#define SIZE_TRIES 16 /* of sizes, until one is good enough */
#define FILL_TRIES 8  /* of filling, each time with more room */

/* ---- the image file ------------------------------------------------------------------ */

static char *volatile temporary_name; /* for whoever ends us */

static void
temporary_remove(int signal_number)
{
	if (temporary_name != NULL)
		unlink(temporary_name);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* May the image be made where the user wants it? */
static bool
target_is_free(const struct mkfs *mkfs)
{
	struct stat st;

	if (stat(mkfs->image, &st) < 0) {
		if (errno == ENOENT)
			return true;
		report_unable("%s: %s", mkfs->image, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		report_unable("%s: is no regular file; make an image file, and copy it there",
		    mkfs->image);
		return false;
	}
	if (st.st_size > 0 && st.st_blocks > 0 && !mkfs->is_forced) {
		report_unable("%s: exists and is not empty; -F replaces it", mkfs->image);
		return false;
	}
	return true;
}

/* What was made as a file of zeros says how large the image is to be. */
static void
size_from_target(struct mkfs *mkfs)
{
	struct stat st;

	if (mkfs->size == 0 && mkfs->source == NULL && stat(mkfs->image, &st) == 0)
		mkfs->size = (uint64_t)st.st_size;
}

static bool
temporary_open(struct mkfs *mkfs)
{
	mode_t mask = umask(0);

	umask(mask);
	mkfs->temporary = memory_format("%s.XXXXXX", mkfs->image);
	mkfs->fd = mkostemp(mkfs->temporary, O_CLOEXEC);
	if (mkfs->fd < 0 || fstat(mkfs->fd, &mkfs->st) < 0) {
		report_unable("cannot create %s: %s", mkfs->image, strerror(errno));
		return false;
	}
	temporary_name = mkfs->temporary;
	signal(SIGINT, temporary_remove);
	signal(SIGTERM, temporary_remove);
	signal(SIGHUP, temporary_remove);
	if (fchmod(mkfs->fd, 0666 & ~mask) < 0)
		report("cannot set the mode of %s: %s", mkfs->image, strerror(errno));
	return true;
}

/* Give the image its name if it is good, else remove it. */
static void
temporary_close(struct mkfs *mkfs)
{
	bool is_good = mkfs->is_complete && report_status() == STATUS_FINE;

	if (mkfs->fd < 0)
		return;
	if (close(mkfs->fd) < 0 && is_good) {
		report("cannot write %s: %s", mkfs->image, strerror(errno));
		is_good = false;
	}
	if (is_good && rename(mkfs->temporary, mkfs->image) < 0) {
		report("cannot rename %s to %s: %s", mkfs->temporary, mkfs->image, strerror(errno));
		is_good = false;
	}
	if (!is_good)
		unlink(mkfs->temporary);
	temporary_name = NULL;
}

/* ---- making ------------------------------------------------------------------------------ */

/* What is around the file system: a partition table, and space to the next MiB. */
static uint64_t
overhead_of(const struct mkfs *mkfs)
{
	switch (mkfs->table) {
	case MKFS_GPT:
		return 2 * MIB;
	case MKFS_MBR:
		return MIB;
	default:
		return 0;
	}
}

/* The kernel's words for why something failed, or those for error. */
static void
kernel_report(const struct mkfs *mkfs, const char *what, int error)
{
	static const char prefix[] = "cannot be made: ";
	char line[1024];
	const char *words;

	if (!report_kernel_line(line, sizeof(line)))
		snprintf(line, sizeof(line), "%s", strerror(error));
	words = strstr(line, prefix);
	report_unable("%s: cannot %s: %s", mkfs->image, what,
	    words != NULL ? words + sizeof(prefix) - 1 : line);
}

/* What the driver is to be told: the user's options and these. */
static char *
options_text(const struct mkfs *mkfs, uint64_t density)
{
	char *text = memory_format("zeroed%s", mkfs->options != NULL ? mkfs->options : "");
	char *with;

	if (mkfs->density != 0)
		density = mkfs->density;
	if (density == 0)
		return text;
	with = memory_format("%s,density=%" PRIu64, text, density);
	free(text);
	return with;
}

/* Make an empty file system on the device, which is there, and mount it to be filled. */
static bool
device_make(struct mkfs *mkfs, uint64_t density)
{
	const char *device = mkfs->table == MKFS_WHOLE ? DEVICE : DEVICE "p1";
	char *options = options_text(mkfs, density);
	size_t count = 0;
	int error = 0;

	if (mkfs->table != MKFS_WHOLE)
		error = rump_pub_etfs_partition(DEVICE, mkfs->table == MKFS_GPT ? "GPT" : "MBR",
		    mkfs->partition_type, mkfs->label);
	if (error == 0 && mkfs->table != MKFS_WHOLE)
		error = rump_pub_etfs_partitions(DEVICE, NULL, &count);
	if (error != 0)
		kernel_report(mkfs, "make the partition table", error);
	if (error == 0) {
		error = rump_pub_fs_make(device, "ffs", options);
		if (error != 0)
			kernel_report(mkfs, "make the file system", error);
	}
	free(options);
	if (error == 0 && mkfs->source != NULL &&
	    rump_sys_mount(device, MOUNT, "ffs", 0, NULL) < 0) {
		error = errno;
		kernel_report(mkfs, "use the file system", error);
	}
	return error == 0;
}

/*
 * Have size bytes of zeros.  A file that is cut to nothing is written out by some
 * systems when it is closed, for those who replace files that way.
 */
static bool
image_clear(const struct mkfs *mkfs, uint64_t size)
{
	struct stat st;

	if (fstat(mkfs->fd, &st) < 0)
		return false;
	if (st.st_size > 0 &&
	    fallocate(mkfs->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, st.st_size) < 0 &&
	    ftruncate(mkfs->fd, 0) < 0)
		return false;
	return ftruncate(mkfs->fd, (off_t)size) == 0;
}

/* Make the image anew, of size bytes, with an empty file system. */
static bool
image_make(struct mkfs *mkfs, uint64_t size, uint64_t density)
{
	int error;

	if (!image_clear(mkfs, size)) {
		report_unable("%s: cannot have %" PRIu64 " bytes: %s", mkfs->image, size,
		    strerror(errno));
		return false;
	}
	error = rump_pub_etfs_register(DEVICE, mkfs->temporary, RUMP_ETFS_BLK | RUMP_ETFS_NO_FLUSH);
	if (error != 0) {
		kernel_report(mkfs, "open it", error);
		return false;
	}
	return device_make(mkfs, density);
}

/* Unmount; what was not written yet is.  False after a report. */
static bool
image_end(struct mkfs *mkfs)
{
	int result = mkfs->source != NULL ? rump_sys_umount2(MOUNT, 0) : 0;

	if (result < 0)
		report("%s: cannot be written: %s", mkfs->image, report_reason(errno));
	rump_pub_etfs_remove(DEVICE);
	return result == 0;
}

static bool
kernel_start(struct mkfs *mkfs)
{
	int error = rump_init();

	if (error == 0 && rump_sys_mkdir(MOUNT, 0755) == 0)
		return true;
	report_unable("%s: cannot start a rump kernel: %s", mkfs->image,
	    strerror(error != 0 ? error : errno));
	return false;
}

/* ---- sizes ---------------------------------------------------------------------------------- */

/* What an empty file system has room for, and what of it the files need. */
struct room {
	uint64_t bytes;
	uint64_t inodes;
	uint64_t wanted;
};

static bool
room_look(const struct mkfs *mkfs, const struct need *need, struct room *room)
{
	struct statfs space;
	unsigned unit = 0;

	if (rump_sys_statfs(MOUNT, &space) < 0) {
		report_unable("%s: %s", mkfs->image, strerror(errno));
		return false;
	}
	while (unit + 1 < NEED_UNITS && 512U << unit < (unsigned long)space.f_frsize)
		unit++;
	room->bytes = space.f_bavail * (uint64_t)space.f_frsize;
	room->inodes = space.f_ffree;

	/* Ends of files do not fit each other exactly: a two-hundredth more. */
	room->wanted = need->bytes[unit] + need->bytes[unit] / 200 + 2 * (uint64_t)space.f_bsize;
	return true;
}

/* Free space that there is to be besides. */
static uint64_t
free_wanted(const struct mkfs *mkfs, uint64_t size)
{
	return mkfs->free_percent > 0 ? size / 100 * mkfs->free_percent : mkfs->free;
}

/* One inode for so many bytes that there are as many as wanted, and some. */
static uint64_t
density_for(const struct need *need, uint64_t size)
{
	uint64_t density = size / (need->inodes + need->inodes / 50 + 16);

	return density > 512 ? density : 512;
}

/*
 * Find a size at which the files fit, with at least extra bytes to spare, and
 * leave such an image.  0 after a report.
 */
static uint64_t
size_find(struct mkfs *mkfs, const struct need *need, uint64_t extra)
{
	uint64_t unit = mkfs->table == MKFS_WHOLE ? 65536 : MIB;
	uint64_t size =
	    need->bytes[1] + need->bytes[1] / 16 + need->inodes * 256 + MIB / 2 + mkfs->journal;
	uint64_t low = 0, best = 0; /* fails; fits */

	for (int i = 0; i < SIZE_TRIES; i++) {
		struct room room;
		uint64_t wanted, slack;

		size = (size + unit - 1) / unit * unit;
		if (!image_make(mkfs, size + overhead_of(mkfs), density_for(need, size)) ||
		    !room_look(mkfs, need, &room))
			return 0;
		wanted = room.wanted + extra + free_wanted(mkfs, size);
		slack = size / 128 + unit;
		if (room.bytes >= wanted && room.inodes >= need->inodes) {
			if (room.bytes - wanted <= slack || size <= low + unit)
				return size;
			best = size;
			size -= (room.bytes - wanted) - slack / 2;
			size = size > low ? size : low + (best - low) / 2;
		} else {
			low = size;
			size += room.bytes < wanted ? wanted - room.bytes + slack / 4 : 0;
			if (room.inodes < need->inodes)
				size += (need->inodes - room.inodes) * 512 + unit;
		}
		if (best != 0 && size >= best)
			size = low + (best - low + unit) / 2;
		if (!image_end(mkfs))
			return 0;
		if (best != 0 && (size + unit - 1) / unit * unit >= best)
			break;
	}
	if (best == 0)
		report_unable("%s: no size was found that fits; give one with -s", mkfs->image);
	else if (!image_make(mkfs, best + overhead_of(mkfs), density_for(need, best)))
		return 0;
	return best;
}

/* ---- filling ----------------------------------------------------------------------------------- */

static void
full_report(const struct mkfs *mkfs, const struct fill *fill)
{
	char words[SIZE_TEXT];
	struct statfs space;
	bool has_inodes = rump_sys_fstatfs(fill->root, &space) == 0 && space.f_ffree > 0;

	size_words(words, fill->missing_bytes);
	report_unable("%s: does not fit: %" PRIu64 " bytes (%s) and %" PRIu64
		      " inodes are missing; %s",
	    mkfs->image, fill->missing_bytes, words, fill->missing_inodes,
	    has_inodes ? "give a larger size with -s"
		       : "give a lower density with -i, or a larger size with -s");
}

/* Fill the mounted file system.  *missing is set to what there is no room for. */
static bool
image_fill(struct mkfs *mkfs, bool is_last, uint64_t *missing)
{
	struct fill fill;
	bool result = fill_begin(&fill, &mkfs->rules, MOUNT);

	*missing = 0;
	if (result)
		result = mkfs->is_archive ? fill_from_archive(&fill, mkfs->source)
					  : fill_from_tree(&fill, mkfs->source, &mkfs->st);
	progress_end();
	if (fill.is_full)
		*missing = fill.missing_bytes + 512 * fill.missing_inodes;
	if (fill.is_full && is_last)
		full_report(mkfs, &fill);
	fill_end(&fill);
	return result && !fill.is_stopped;
}

static bool
need_look(struct mkfs *mkfs, struct need *need)
{
	struct stat top = { .st_mode = S_IFDIR };

	*need = (struct need){ .block_size = mkfs->block_size,
		.pointer_size = mkfs->version == 1 ? 4 : 8 };
	need_add(need, &top);
	if (!(mkfs->is_archive ? need_of_archive(need, mkfs->source)
			       : need_of_tree(need, mkfs->source, &mkfs->st)))
		return false;
	if (!settings.is_quiet && progress_is_wanted())
		progress_begin(need->content);
	return true;
}

/* Make an image of the size that the files need. */
static bool
make_to_measure(struct mkfs *mkfs)
{
	struct need need;
	uint64_t extra = 0, missing;

	if (!need_look(mkfs, &need))
		return false;
	for (int i = 1; i <= FILL_TRIES; i++) {
		uint64_t size = size_find(mkfs, &need, extra);

		if (size == 0 || !image_fill(mkfs, i == FILL_TRIES, &missing))
			return false;
		if (!image_end(mkfs))
			return false;
		if (missing == 0)
			return true;
		extra += missing + size / 100 + MIB / 4;
	}
	return false;
}

/* Make an image of the size that the user has said. */
static bool
make_of_size(struct mkfs *mkfs)
{
	uint64_t missing = 0;

	if (!image_make(mkfs, mkfs->size, 0))
		return false;
	if (mkfs->source != NULL && !image_fill(mkfs, true, &missing))
		return false;
	return image_end(mkfs) && missing == 0;
}

int
mkfs_make(struct mkfs *mkfs)
{
	size_from_target(mkfs);
	if (mkfs->size == 0 && mkfs->source == NULL)
		return report_usage("say how large the image is to be: -s SIZE, or -d what is in "
				    "it");
	if (mkfs->size == 0 && mkfs->is_archive && strcmp(mkfs->source, "-") == 0)
		return report_usage("say how large the image is to be: what comes from standard "
				    "input can be read only once");
	if (!target_is_free(mkfs) || !temporary_open(mkfs))
		return report_status();
	if (kernel_start(mkfs))
		mkfs->is_complete = mkfs->size == 0 ? make_to_measure(mkfs) : make_of_size(mkfs);
	if (rump_kernel_destroy(NULL) != 0 && mkfs->is_complete)
		report("%s: not all could be written", mkfs->image);
	temporary_close(mkfs);
	return report_status();
}
