/*
 * rump fsck: check file systems, and repair them.
 *
 * Nothing is mounted: the driver works on the device (rump_pub_fs_check()), and
 * tells problem by problem; here they are shown, and answers found.  Unless
 * something may be repaired, the host's file is opened for reading only.
 *
 * Exit statuses are those of fsck(8), so that scripts know them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/json.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/partition.h"
#include "tools/rump/progress.h"
#include "tools/rump/report.h"

enum {
	FSCK_CLEAN = 0,
	FSCK_REPAIRED = 1,
	FSCK_LEFT = 4,
	FSCK_UNABLE = 8,
	FSCK_USAGE = 16,
	SECTOR = 512,
};

static const struct option_row rows[] = {
	{ 'n', "no", NULL, "repair nothing; the image is not written to" },
	{ 'p', "preen", NULL, "repair what a crash leaves; look no further if it is marked clean" },
	{ 'y', "yes", NULL, "repair all that can be" },
	{ 'f', "force", NULL, "with -p: check it though it is marked clean" },
	{ 'b', "superblock", "SECTOR",
	    "use the copy of the superblock there; sectors of 512 bytes" },
	{ 0 },
};

struct fsck {
	bool is_chosen; /* mode was given */
	struct rump_fs_check check;
	const char *image; /* being checked */
	uint64_t size;	   /* of its file, for the bar */
	uint64_t shown;	   /* of it */
};

/* ---- problems ------------------------------------------------------------------------ */

static const char *
severity_word(int severity)
{
	static const char *const words[] = { "leftover", "damage", "fatal" };

	return words[severity];
}

static void
problem_print_json(const struct fsck *fsck, const struct rump_fs_problem *problem, bool repairs)
{
	json_open_object(NULL);
	json_name("image", fsck->image);
	json_name("problem", problem->text);
	json_text("severity", severity_word(problem->severity));
	if (problem->repair != NULL)
		json_text("repair", problem->repair);
	json_bool("repaired", repairs);
	json_close_object();
	json_end();
}

/* The answer of a person; the end of the input says no, and so to all that follows. */
static bool
answer_read(void)
{
	char line[64];

	for (;;) {
		fputs(" [yn] ", stdout);
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL) {
			putchar('\n');
			return false;
		}
		if (line[0] == 'y' || line[0] == 'Y')
			return true;
		if (line[0] == 'n' || line[0] == 'N')
			return false;
		fputs("Answer y or n.", stdout);
	}
}

static int
decide(void *cookie, const struct rump_fs_problem *problem)
{
	struct fsck *fsck = cookie;
	bool repairs = problem->is_repaired != 0;

	progress_hide();
	if (settings.is_json) {
		problem_print_json(fsck, problem, repairs);
		return repairs;
	}
	if (settings.is_quiet && !problem->is_asked)
		return repairs;
	name_print(stdout, fsck->image, NAME_ESCAPE);
	fputs(": ", stdout);
	name_print(stdout, problem->text, NAME_ESCAPE);
	if (problem->repair != NULL)
		printf("; %s?", problem->repair);
	if (problem->repair != NULL && problem->is_asked)
		repairs = answer_read();
	else if (problem->repair != NULL)
		fputs(repairs ? " yes\n" : " no\n", stdout);
	else
		putchar('\n');
	return repairs;
}

/* Half of the bar is for inodes, half for groups: both take their time with size. */
static void
progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
	struct fsck *fsck = cookie;
	uint64_t half = fsck->size / 2, now;

	if (strcmp(what, "inodes") != 0 && strcmp(what, "groups") != 0)
		return;
	now = (uint64_t)((double)half * (double)done / (double)(total > 0 ? total : 1));
	now += strcmp(what, "groups") == 0 ? half : 0;
	if (now > fsck->shown)
		progress_add(now - fsck->shown, fsck->image);
	fsck->shown = now > fsck->shown ? now : fsck->shown;
}

/* ---- results -------------------------------------------------------------------------- */

static void
result_print_json(const struct fsck *fsck)
{
	const struct rump_fs_check *check = &fsck->check;

	json_open_object(NULL);
	json_name("image", fsck->image);
	json_bool("clean", check->is_clean != 0);
	json_bool("was_clean", check->was_clean != 0);
	json_bool("skipped", check->is_skipped != 0);
	json_bool("modified", check->is_modified != 0);
	json_number("problems", check->problem_count);
	json_number("repaired", check->repaired_count);
	json_number("left", check->left_count);
	if (check->fragment_size > 0 && !check->is_skipped) {
		json_number("files", check->file_count);
		json_number("directories", check->directory_count);
		json_number("fragment_size", check->fragment_size);
		json_number("used", check->used);
		json_number("free", check->free);
		json_number("free_blocks", check->free_blocks);
		json_number("free_fragments", check->free_fragments);
	}
	json_close_object();
	json_end();
}

static void
numbers_print(const struct rump_fs_check *check)
{
	uint64_t all = check->used + check->free;

	printf("%" PRIu64 " files, %" PRIu64 " used, %" PRIu64 " free (%" PRIu64
	       " fragments, %" PRIu64 " blocks, %.1f%% fragmentation)\n",
	    check->file_count, check->used, check->free, check->free_fragments, check->free_blocks,
	    all == 0 ? 0.0 : (double)check->free_fragments * 100 / (double)all);
}

static void
result_print(const struct fsck *fsck)
{
	const struct rump_fs_check *check = &fsck->check;

	if (settings.is_json) {
		result_print_json(fsck);
		return;
	}
	if (settings.is_quiet)
		return;
	name_print(stdout, fsck->image, NAME_ESCAPE);
	fputs(": ", stdout);
	if (check->is_skipped) {
		puts("is marked clean; -f checks it all the same");
		return;
	}
	if (check->problem_count == 0)
		fputs("clean, ", stdout);
	else if (check->left_count == 0)
		printf("repaired, %" PRIu64 " problems, ", check->problem_count);
	else
		printf("%" PRIu64 " of %" PRIu64 " problems are left, ", check->left_count,
		    check->problem_count);
	numbers_print(check);
}

static int
result_status(const struct rump_fs_check *check)
{
	if (check->left_count > 0)
		return FSCK_LEFT;
	return check->repaired_count > 0 ? FSCK_REPAIRED : FSCK_CLEAN;
}

/* ---- images ----------------------------------------------------------------------------- */

/* Why the check could not be made; the kernel's words, if it had any. */
static int
unable(const struct fsck *fsck, int error)
{
	char line[1024];

	if (report_kernel_line(line, sizeof(line)))
		report_unable("%s: %s", fsck->image, line);
	else if (error == EROFS)
		report_unable("%s: cannot be written, so nothing can be repaired; -n only looks",
		    fsck->image);
	else if (error == EOPNOTSUPP)
		report_unable("%s: file systems of this type cannot be checked", fsck->image);
	else if (error == ENODEV)
		report_unable("%s: there is no driver for type %s", fsck->image,
		    image_chosen_type());
	else if (error == ENOMEM)
		report_unable("%s: out of memory; set RUMP_MEMLIMIT, which is 256m, to more",
		    fsck->image);
	else
		report_unable("%s: cannot be checked: %s", fsck->image, strerror(error));
	return FSCK_UNABLE;
}

static int
device_check(struct fsck *fsck, const char *device)
{
	struct stat st;
	int error;

	fsck->size = stat(fsck->image, &st) == 0 ? (uint64_t)st.st_size : 0;
	fsck->shown = 0;
	report_kernel_forget();
	progress_begin(fsck->size);
	error = rump_pub_fs_check(device, image_chosen_type(), &fsck->check);
	progress_end();
	return error;
}

/* The partition that is meant: named, or the only one; NULL, after a report. */
static const struct partition *
partition_choose(const struct fsck *fsck, const struct partition_table *table)
{
	const struct partition *found = NULL;
	size_t count = 0;
	char *words;

	if (image_chosen_partition() != NULL)
		found = partition_find(table, image_chosen_partition());
	for (size_t i = 0; i < table->count && image_chosen_partition() == NULL; i++) {
		if ((table->list[i].in.flags & RUMP_PARTITION_CONTAINER) != 0)
			continue;
		count++;
		found = &table->list[i];
	}
	if (found != NULL && count <= 1)
		return found;
	words = partition_words(table, false);
	if (image_chosen_partition() != NULL)
		report_unable("%s: has no partition %s; it has %s", fsck->image,
		    image_chosen_partition(), *words != '\0' ? words : "none");
	else
		report_unable("%s: is a disk with partitions; choose one with --partition: %s",
		    fsck->image, words);
	free(words);
	return NULL;
}

static int
partition_check(struct fsck *fsck, const char *device)
{
	struct partition_table table;
	const struct partition *partition;
	int error = partition_table_read(device, &table);
	char *path;

	if (error != 0) {
		report_unable("%s: %s", fsck->image,
		    error == ENOENT ? "has no partition table; leave out --partition"
				    : "its partition table cannot be used");
		return FSCK_UNABLE;
	}
	partition = partition_choose(fsck, &table);
	if (partition == NULL) {
		free(table.list);
		return FSCK_UNABLE;
	}
	path = partition_device(partition, device);
	error = device_check(fsck, path);
	free(path);
	free(table.list);
	if (error != 0)
		return unable(fsck, error);
	result_print(fsck);
	return result_status(&fsck->check);
}

/* Does the device have partitions? */
static bool
has_partitions(const char *device)
{
	struct partition_table table;
	bool result = partition_table_read(device, &table) == 0 && table.count > 0;

	free(table.list);
	return result;
}

static int
whole_check(struct fsck *fsck, const char *device)
{
	int error;

	if (image_chosen_partition() != NULL)
		return partition_check(fsck, device);
	error = device_check(fsck, device);
	if (error == 0) {
		result_print(fsck);
		return result_status(&fsck->check);
	}
	if (error == EINVAL) {
		char reason[1024];
		bool has_reason = report_kernel_line(reason, sizeof(reason));

		if (has_partitions(device))
			return partition_check(fsck, device);
		report_unable("%s: %s", fsck->image,
		    has_reason ? reason : "has no file system that can be checked");
		return FSCK_UNABLE;
	}
	return unable(fsck, error);
}

static int
image_check(struct fsck *fsck, const char *name, int number)
{
	bool is_read_only = fsck->check.mode == RUMP_FS_CHECK_ONLY;
	char *device;
	int error, status;

	fsck->image = name;
	if (!image_file_is_usable(name, !is_read_only))
		return FSCK_UNABLE;
	device = memory_format("/dev/image%d", number);
	error = rump_pub_etfs_register(device, name,
	    RUMP_ETFS_BLK | (is_read_only ? RUMP_ETFS_READ_ONLY : 0));
	status = error != 0 ? unable(fsck, error) : whole_check(fsck, device);
	free(device);
	return status;
}

/* ---- options ------------------------------------------------------------------------------- */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct fsck *fsck = context;
	unsigned long sector;

	switch (id) {
	case 'f':
		fsck->check.is_forced = 1;
		return true;
	case 'b':
		if (!option_number(value, UINT32_MAX, &sector) || sector == 0)
			return false;
		fsck->check.superblock = (uint64_t)sector * SECTOR;
		return true;
	default:
		fsck->is_chosen = true;
		fsck->check.mode = id == 'n'   ? RUMP_FS_CHECK_ONLY
				   : id == 'p' ? RUMP_FS_CHECK_PREEN
					       : RUMP_FS_CHECK_REPAIR;
		return true;
	}
}

static int
fsck_run(int argc, char **argv)
{
	struct fsck fsck = { 0 };
	int status = FSCK_CLEAN, error;
	int first = options_parse(&fsck_command, argc, argv, option_take_one, &fsck);

	if (first == 0)
		return report_status() == STATUS_FINE ? FSCK_CLEAN : FSCK_USAGE;
	fsck.check.decide = decide;
	fsck.check.progress = progress;
	fsck.check.cookie = &fsck;
	if (!fsck.is_chosen && isatty(STDIN_FILENO) && !settings.is_json) {
		fsck.check.mode = RUMP_FS_CHECK_ASK;
	} else if (!fsck.is_chosen) {
		fsck.check.mode = RUMP_FS_CHECK_ONLY;
		report_note("nobody can be asked, so nothing is repaired; -y repairs");
	}
	error = rump_init();
	if (error != 0) {
		report_unable("cannot start a rump kernel: %s", strerror(error));
		return FSCK_UNABLE;
	}
	for (int i = first; i < argc; i++)
		status |= image_check(&fsck, argv[i], i - first);
	if (rump_kernel_destroy(NULL) != 0)
		status |= FSCK_UNABLE;
	return status;
}

const struct command fsck_command = {
	.name = "fsck",
	.operands = "IMAGE...",
	.summary = "check file systems, and repair them",
	.details = "Without -n, -p or -y, you are asked for each repair.\n\n"
		   "Exit status: 0 clean; 1 repaired; 4 problems are left; 8 it could not be\n"
		   "checked; 16 wrong usage; with several images, all of these or'ed.\n",
	.options = rows,
	.wanted = "say which image to check",
	.has_json = true,
	.is_outside = true,
	.run = fsck_run,
};
