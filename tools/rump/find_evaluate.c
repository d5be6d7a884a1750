/* Running the program of rump find on one file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/find_impl.h"
#include "tools/rump/json_file.h"
#include "tools/rump/mode.h"
#include "tools/rump/report.h"

static void
file_report(const struct find_file *file, const char *what, int error)
{
	report("%s %s%s: %s", what, file->location->prefix, file->shown, report_reason(error));
}

/* ---- tests -------------------------------------------------------------------------- */

static bool
number_fits(const struct find_number *number, uint64_t value)
{
	if (number->sign == '+')
		return value > number->value;
	return number->sign == '-' ? value < number->value : value == number->value;
}

/* Whole units of time since when; what is in the future is 0 units old. */
static bool
age_fits(const struct find *find, const struct find_step *step, struct timespec when)
{
	time_t age = find->now.tv_sec - when.tv_sec;

	if (find->now.tv_nsec < when.tv_nsec)
		age--;
	return number_fits(&step->number, age < 0 ? 0 : (uint64_t)age / step->unit);
}

static bool
is_newer(struct timespec left, struct timespec right)
{
	return left.tv_sec != right.tv_sec ? left.tv_sec > right.tv_sec
					   : left.tv_nsec > right.tv_nsec;
}

static bool
type_fits(const char *letters, unsigned char type)
{
	static const char by_type[] = { [DT_REG] = 'f',
		[DT_DIR] = 'd',
		[DT_LNK] = 'l',
		[DT_CHR] = 'c',
		[DT_BLK] = 'b',
		[DT_FIFO] = 'p',
		[DT_SOCK] = 's' };

	return type < sizeof(by_type) && by_type[type] != '\0' &&
	       strchr(letters, by_type[type]) != NULL;
}

static bool
perm_fits(const struct find_step *step, mode_t mode)
{
	mode &= 07777;
	if (step->perm_kind == '-')
		return (mode & step->mode) == step->mode;
	if (step->perm_kind == '/')
		return step->mode == 0 || (mode & step->mode) != 0;
	return mode == step->mode;
}

/* The target of a symbolic link, read at most once; NULL if there is none. */
static const char *
file_target(const struct find_file *file)
{
	static char target[PATH_MAX + 1];
	ssize_t length;

	if (file->entry->type != DT_LNK)
		return NULL;
	length = rump_sys_readlinkat(file->directory, file->name_there, target, PATH_MAX);
	if (length < 0) {
		file_report(file, "cannot read the link", errno);
		return NULL;
	}
	target[length] = '\0';
	return target;
}

static bool
directory_is_empty(const struct find_file *file)
{
	struct listing listing = { 0 };
	int directory =
	    rump_sys_openat(file->directory, file->name_there, O_RDONLY | O_DIRECTORY, 0);
	bool result;
	int error = directory < 0
			? errno
			: listing_read(&listing, &image_files, directory, LISTING_NOT_DOTS);

	if (error != 0)
		file_report(file, "cannot read the directory", error);
	if (directory >= 0)
		rump_sys_close(directory);
	result = error == 0 && listing.count == 0;
	listing_free(&listing);
	return result;
}

static bool
is_empty(const struct find_file *file)
{
	if (file->entry->type == DT_DIR)
		return directory_is_empty(file);
	return file->entry->type == DT_REG && file->entry->st.st_size == 0;
}

/* Tests of the attributes. */
static bool
stat_fits(const struct find *find, const struct find_step *step, const struct find_file *file)
{
	const struct stat *st = &file->entry->st;

	if (!file->entry->has_stat)
		return false;
	switch (step->kind) {
	case FIND_SIZE:
		return number_fits(&step->number,
		    (uint64_t)st->st_size / step->unit + ((uint64_t)st->st_size % step->unit != 0));
	case FIND_MTIME:
	case FIND_MMIN:
		return age_fits(find, step, st->st_mtim);
	case FIND_ATIME:
		return age_fits(find, step, st->st_atim);
	case FIND_CTIME:
		return age_fits(find, step, st->st_ctim);
	case FIND_NEWER:
		return is_newer(st->st_mtim, step->newer);
	case FIND_PERM:
		return perm_fits(step, st->st_mode);
	case FIND_UID:
		return number_fits(&step->number, st->st_uid);
	case FIND_GID:
		return number_fits(&step->number, st->st_gid);
	case FIND_LINKS:
		return number_fits(&step->number, st->st_nlink);
	default:
		return is_empty(file);
	}
}

static bool
name_fits(const struct find_step *step, const struct find_file *file)
{
	const char *target;

	switch (step->kind) {
	case FIND_NAME:
		return fnmatch(step->text, file->name, 0) == 0;
	case FIND_INAME:
		return fnmatch(step->text, file->name, FNM_CASEFOLD) == 0;
	case FIND_PATH:
		return fnmatch(step->text, file->shown, 0) == 0;
	case FIND_IPATH:
		return fnmatch(step->text, file->shown, FNM_CASEFOLD) == 0;
	default:
		target = file_target(file);
		return target != NULL && fnmatch(step->text, target, 0) == 0;
	}
}

/* ---- actions ---------------------------------------------------------------------------- */

static void
line_print(const struct find *find, const struct find_file *file)
{
	const time_t half_year = 31556952 / 2; /* seconds */
	const struct stat *st = &file->entry->st;
	bool is_recent = st->st_mtim.tv_sec <= find->now.tv_sec &&
			 st->st_mtim.tv_sec > find->now.tv_sec - half_year;
	const char *target = file_target(file);
	char mode[11], when[64] = "?";
	struct tm fields;

	mode_letters(mode, st->st_mode);
	if (localtime_r(&st->st_mtim.tv_sec, &fields) != NULL)
		strftime(when, sizeof(when), is_recent ? "%b %e %H:%M" : "%b %e  %Y", &fields);
	printf("%9llu %6llu %s %3lu %-8u %-8u ", (unsigned long long)st->st_ino,
	    (unsigned long long)(st->st_blocks + 1) / 2, mode, (unsigned long)st->st_nlink,
	    st->st_uid, st->st_gid);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf("%3u, %3u %s ", major(st->st_rdev), minor(st->st_rdev), when);
	else
		printf("%8lld %s ", (long long)st->st_size, when);
	name_print(stdout, file->shown, find->names);
	if (target != NULL) {
		fputs(" -> ", stdout);
		name_print(stdout, target, find->names);
	}
	putchar('\n');
}

static void
file_print(const struct find *find, const struct find_file *file, enum find_kind kind)
{
	if (settings.is_json) {
		file->entry->target = file_target(file);
		json_file(file->location, file->shown, file->entry);
	} else if (kind == FIND_LS && file->entry->has_stat) {
		line_print(find, file);
	} else {
		name_print(stdout, file->shown, kind == FIND_PRINT0 ? NAME_RAW : find->names);
		putchar(kind == FIND_PRINT0 ? '\0' : '\n');
	}
}

/* ---- the program ------------------------------------------------------------------------ */

static bool
step_evaluate(struct find *find, struct find_step *step, struct find_file *file)
{
	switch (step->kind) {
	case FIND_NAME:
	case FIND_INAME:
	case FIND_PATH:
	case FIND_IPATH:
	case FIND_LNAME:
		return name_fits(step, file);
	case FIND_TYPE:
		return type_fits(step->text, file->entry->type);
	case FIND_INUM:
		return number_fits(&step->number, file->entry->ino);
	case FIND_FALSE:
		return false;
	case FIND_TRUE:
	case FIND_MAXDEPTH:
	case FIND_MINDEPTH:
		return true;
	case FIND_PRUNE:
		file->is_pruned = true;
		return true;
	case FIND_QUIT:
		find->is_over = true;
		return true;
	case FIND_PRINT:
	case FIND_PRINT0:
	case FIND_LS:
		file_print(find, file, step->kind);
		return true;
	case FIND_EXEC:
		return find_exec(find, step, file);
	default:
		return stat_fits(find, step, file);
	}
}

void
find_evaluate(struct find *find, struct find_file *file)
{
	struct find_program *program = &find->program;
	bool value = true;
	size_t at = 0;

	while (at < program->count && !find->is_over) {
		struct find_step *step = &program->steps[at++];

		if (step->kind == FIND_NOT)
			value = !value;
		else if (step->kind == FIND_JUMP_IF_TRUE || step->kind == FIND_JUMP_IF_FALSE)
			at = value == (step->kind == FIND_JUMP_IF_TRUE) ? step->target : at;
		else
			value = step_evaluate(find, step, file);
	}
}
