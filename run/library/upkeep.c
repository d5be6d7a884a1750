/*
 * What is done to file systems that are not mounted: rump_pub_fs_*().
 *
 * It is done by the superuser from the kernel's true root, as registering devices
 * is: whoever has the library may.
 */
#include "vfs/upkeep.h"

#include <errno.h>
#include <string.h>

#include "run/library/library.h"
#include "vfs/lookup.h"
#include <rump/rump.h>

int
rump_pub_fs_make(const char *path, const char *type, const char *options)
{
	struct path_context context;
	struct rump_kernel *kernel;
	int error = binding_kernel(&kernel);

	if (error == 0)
		error = library_context_begin(&context, kernel->kernel);
	if (error < 0)
		return -error;
	error = fs_make_at(&context, path, type, options != NULL ? options : "");
	library_context_end(&context);
	return -error;
}

/* ---- checking --------------------------------------------------------------------- */

_Static_assert((int)RUMP_FS_CHECK_REPAIR == (int)FS_CHECK_REPAIR, "modes are the kernel's");
_Static_assert((int)RUMP_FS_FATAL == (int)FS_PROBLEM_FATAL, "severities are the kernel's");

static bool
decide(void *cookie, const struct fs_problem *problem)
{
	struct rump_fs_check *check = cookie;
	const struct rump_fs_problem told = {
		.text = problem->text,
		.repair = problem->repair,
		.severity = (int)problem->severity,
		.is_asked = problem->is_asked,
		.is_repaired = problem->is_repaired,
	};

	return check->decide != NULL && check->decide(check->cookie, &told) != 0;
}

static void
progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
	struct rump_fs_check *check = cookie;

	if (check->progress != NULL)
		check->progress(check->cookie, what, done, total);
}

static void
fill_result(struct rump_fs_check *check, const struct fs_check_result *result)
{
	check->problem_count = result->problems;
	check->repaired_count = result->repaired;
	check->left_count = result->left;
	check->was_clean = result->was_clean;
	check->is_clean = result->is_clean;
	check->is_skipped = result->is_skipped;
	check->is_modified = result->is_modified;
	check->file_count = result->files;
	check->directory_count = result->directories;
	check->fragment_size = result->fragment_size;
	check->used = result->fragments_used;
	check->free = result->fragments_free;
	check->free_blocks = result->blocks_free;
	check->free_fragments = result->fragments_loose;
}

int
rump_pub_fs_check(const char *path, const char *type, struct rump_fs_check *check)
{
	static const struct rump_fs_check zero;
	struct fs_check_request request = {
		.source = path,
		.mode = (enum fs_check_mode)check->mode,
		.is_forced = check->is_forced != 0,
		.superblock = check->superblock,
		.decide = decide,
		.progress = progress,
		.cookie = check,
	};
	struct path_context context;
	struct rump_kernel *kernel;
	int error;

	fill_result(check, &request.result);
	if (check->mode < RUMP_FS_CHECK_ONLY || check->mode > RUMP_FS_CHECK_REPAIR ||
	    memcmp(check->reserved, zero.reserved, sizeof(zero.reserved)) != 0)
		return EINVAL;
	error = binding_kernel(&kernel);
	if (error == 0)
		error = library_context_begin(&context, kernel->kernel);
	if (error < 0)
		return -error;
	error = fs_check_at(&context, type, &request);
	library_context_end(&context);
	fill_result(check, &request.result);
	return -error;
}
