/*
 * rump cp: copy out of images to the host, as "cp -p" and "cp -a" do.
 *
 * The walk through the image and a trail of directories on the host go down and
 * up side by side.  Directories get their attributes when they are complete, so
 * that neither a mode nor a time is in the way of filling them.
 *
 * A directory that exists is added to and keeps its own attributes; any other
 * file that exists is refused, replaced or kept, as the options say.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/command.h"
#include "tools/rump/copy.h"
#include "tools/rump/memory.h"
#include "tools/rump/option.h"
#include "tools/rump/progress.h"
#include "tools/rump/report.h"
#include "tools/rump/trail.h"
#include "tools/rump/walk.h"

static const struct option_row rows[] = {
	{ 'a', "archive", NULL, "copy directories with all that is in them" },
	{ 'f', "force", NULL, "replace files that exist" },
	{ 'H', NULL, NULL, "follow symbolic links that are named, as without -r" },
	{ 'n', "no-clobber", NULL, "keep files that exist, and say nothing" },
	{ 'p', NULL, NULL, "nothing: attributes are kept anyway" },
	{ 'P', "no-dereference", NULL, "copy symbolic links that are named as links, as with -r" },
	{ 'r', "recursive", NULL, "copy directories with all that is in them" },
	{ 'R', NULL, NULL, "the same" },
	{ 'T', "no-target-directory", NULL, "DEST is the copy itself even if it is a directory" },
	{ 'v', NULL, NULL, "tell what is copied" },
	{ 0 },
};

static const char details[] =
    "DEST is a place on the host: a directory to copy into, or the copy's new name.\n"
    "Modes, times, hard links, symbolic links and holes are kept, and owners when root\n"
    "copies.  A bar shows the progress on a terminal, but with -q.\n";

enum follow {
	FOLLOW_DEFAULT,
	FOLLOW_NAMED,
	FOLLOW_NONE,
};

struct cp_options {
	enum copy_existing existing;
	enum follow follow;
	bool is_recursive;
	bool is_verbose;
	bool is_exact; /* -T */
};

/* Where the copies go. */
struct destination {
	int base;	  /* a directory of the host */
	char *base_shown; /* owned */
	char *name;	  /* of the only copy, in base; NULL: sources keep theirs; owned */
};

/* A directory that is being filled. */
struct filling {
	const struct stat *st;
	bool is_new;
};

/* A directory tree being copied. */
struct tree_copy {
	struct copier *copier;
	const struct location *source;
	const char *name; /* of the copy, from the base; "": the base itself */
	struct walk walk;
	struct trail to;
	struct filling *fillings; /* by depth, from 0 */
	size_t capacity;
	char *path; /* of the present item, from the base */
	size_t path_capacity;
};

/* ---- trees ------------------------------------------------------------------------- */

/* The path of the copy of shown, which is source->shown or below it. */
static const char *
tree_path(struct tree_copy *tree, const char *shown)
{
	const char *below = shown + strlen(tree->source->shown);
	size_t size;

	while (*below == '/')
		below++;
	size = strlen(tree->name) + 1 + strlen(below) + 1;
	if (size > tree->path_capacity) {
		tree->path_capacity = 2 * size;
		tree->path = memory_resize(tree->path, tree->path_capacity, 1);
	}
	snprintf(tree->path, tree->path_capacity, "%s%s%s", tree->name,
	    *tree->name != '\0' && *below != '\0' ? "/" : "", below);
	return tree->path;
}

static void
filling_push(struct tree_copy *tree, const struct stat *st, bool is_new)
{
	tree->fillings = memory_grow(tree->fillings, tree->to.depth - 1, &tree->capacity,
	    sizeof(*tree->fillings));
	tree->fillings[tree->to.depth - 1] = (struct filling){ st, is_new };
}

/* The present directory on the host is complete, or as complete as it gets. */
static void
filling_end(struct tree_copy *tree)
{
	const struct filling *filling = &tree->fillings[tree->to.depth - 1];

	if (filling->is_new)
		copy_directory_end(tree->copier, trail_here(&tree->to),
		    tree_path(tree, walk_path_of(&tree->walk, "")), filling->st);
}

static struct copy_item
tree_item(struct tree_copy *tree, const struct entry *entry)
{
	const char *shown = walk_path_of(&tree->walk, entry->name);

	return (struct copy_item){
		.from = walk_directory(&tree->walk),
		.from_name = entry->name,
		.from_prefix = tree->source->prefix,
		.from_shown = shown,
		.st = &entry->st,
		.to = trail_here(&tree->to),
		.to_name = entry->name,
		.to_path = tree_path(tree, shown),
	};
}

static void
tree_lost(struct tree_copy *tree)
{
	report("cannot get back up on the host from the copy of %s%s: %s", tree->source->prefix,
	    tree->source->shown, strerror(errno));
	tree->walk.depth = 0;
}

static void
tree_enter(struct tree_copy *tree, const struct entry *entry)
{
	struct copy_item item = tree_item(tree, entry);
	bool is_new;

	if (!copy_directory(tree->copier, &item, &is_new))
		return;
	if (trail_down(&tree->to, entry->name) < 0) {
		copy_report_target(tree->copier, "cannot open the directory", item.to_path, errno);
		return;
	}
	filling_push(tree, &entry->st, is_new);
	if (walk_enter(&tree->walk, entry->name))
		return;
	if (is_new)
		copy_directory_end(tree->copier, trail_here(&tree->to),
		    tree_path(tree, walk_path_of(&tree->walk, entry->name)), &entry->st);
	if (trail_up(&tree->to) < 0)
		tree_lost(tree);
}

static void
tree_leave(struct tree_copy *tree)
{
	filling_end(tree);
	if (tree->walk.depth > 1 && trail_up(&tree->to) < 0) {
		tree_lost(tree);
		return;
	}
	walk_leave(&tree->walk);
}

static void
tree_visit(struct tree_copy *tree)
{
	const struct entry *entry = walk_next(&tree->walk);
	struct copy_item item;

	if (entry == NULL || tree->copier->is_full) {
		tree_leave(tree);
	} else if (entry->has_stat && entry->type == DT_DIR) {
		tree_enter(tree, entry);
	} else if (entry->has_stat) {
		item = tree_item(tree, entry);
		copy_file(tree->copier, &item);
	}
}

/* Begin the trail on the host: the base itself, or a directory in it. */
static bool
tree_begin_target(struct tree_copy *tree, const struct stat *st)
{
	struct copy_item item = {
		.from_prefix = tree->source->prefix,
		.from_shown = tree->source->shown,
		.to = tree->copier->base,
		.to_name = tree->name,
		.to_path = tree->name,
	};
	bool is_new = false;
	int directory;

	if (*tree->name != '\0' && !copy_directory(tree->copier, &item, &is_new))
		return false;
	directory = trail_host_ops.open(tree->copier->base, *tree->name != '\0' ? tree->name : ".");
	if (directory < 0 || trail_begin(&tree->to, &trail_host_ops, directory) < 0) {
		copy_report_target(tree->copier, "cannot open the directory", tree->name, errno);
		return false;
	}
	filling_push(tree, st, is_new);
	return true;
}

static const struct walk_plan tree_plan = {
	.hidden = LISTING_NOT_DOTS,
	.wants_stat = true,
};

static void
tree_copy(struct copier *copier, const struct location *source, const char *name,
    const struct stat *st)
{
	struct tree_copy tree = { .copier = copier, .source = source, .name = name };

	if (walk_begin(&tree.walk, source, &tree_plan) && tree_begin_target(&tree, st)) {
		while (tree.walk.depth > 0)
			tree_visit(&tree);
	}
	walk_end(&tree.walk);
	trail_end(&tree.to);
	free(tree.fillings);
	free(tree.path);
}

/* ---- sources ------------------------------------------------------------------------- */

/*
 * The name that a copy of path gets in a directory: its last part, or "" for
 * the content of the top directory, "." or "..".  Owned by the caller.
 */
static char *
source_name(const char *path)
{
	size_t end = strlen(path);
	size_t start;
	char *name;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	name = memory_format("%.*s", (int)(end - start), path + start);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		*name = '\0';
	return name;
}

static bool
source_follows(const struct cp_options *options)
{
	if (options->follow == FOLLOW_DEFAULT)
		return !options->is_recursive;
	return options->follow == FOLLOW_NAMED;
}

static void
source_copy(struct copier *copier, const struct location *source, const char *name,
    const struct cp_options *options)
{
	struct stat st;
	struct copy_item item = {
		.from = AT_FDCWD,
		.from_name = source->path,
		.from_prefix = source->prefix,
		.from_shown = source->shown,
		.follows = source_follows(options),
		.st = &st,
		.to = copier->base,
		.to_name = name,
		.to_path = name,
	};

	if (location_stat(source, &st, item.follows) < 0)
		location_report(source, "cannot access", errno);
	else if (S_ISDIR(st.st_mode) && !options->is_recursive)
		report("%s%s is a directory; copy it with -r", source->prefix, source->shown);
	else if (S_ISDIR(st.st_mode))
		tree_copy(copier, source, name, &st);
	else
		copy_file(copier, &item);
}

/* ---- progress ------------------------------------------------------------------------- */

/* Bytes to copy for a file; those with several links are copied once. */
static uint64_t
file_measure(const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	uint64_t stored = (uint64_t)st->st_blocks * 512;

	return (size < stored ? size : stored) / (st->st_nlink > 0 ? st->st_nlink : 1);
}

static uint64_t
tree_measure(const struct location *source)
{
	struct walk_plan plan = tree_plan;
	uint64_t total = 0;
	struct entry *entry;
	struct walk walk;

	plan.is_silent = true;
	walk_begin(&walk, source, &plan);
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else if (entry->type == DT_DIR)
			walk_enter(&walk, entry->name);
		else if (entry->has_stat && entry->type == DT_REG)
			total += file_measure(&entry->st);
	}
	walk_end(&walk);
	return total;
}

/* Begin the progress bar, if one is wanted. */
static void
sources_measure(const struct location *sources, int count, const struct cp_options *options)
{
	uint64_t total = 0;
	struct stat st;

	if (settings.is_quiet || options->is_verbose || !progress_is_wanted())
		return;
	for (int i = 0; i < count; i++) {
		const struct location *source = &sources[i];

		if (source->image == NULL ||
		    location_stat(source, &st, source_follows(options)) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			total += file_measure(&st);
		else if (S_ISDIR(st.st_mode) && options->is_recursive)
			total += tree_measure(source);
	}
	progress_begin(total);
}

/* ---- the destination --------------------------------------------------------------------- */

/* Split argument, which does not exist as a directory, into its base and a name. */
static void
destination_split(struct destination *destination, const char *argument)
{
	char *path = memory_string(argument);
	size_t end = strlen(path);
	char *slash;

	while (end > 1 && path[end - 1] == '/')
		path[--end] = '\0';
	slash = strrchr(path, '/');
	destination->name = memory_string(slash == NULL ? path : slash + 1);
	if (slash == NULL)
		*path = '\0';
	else
		slash[slash == path ? 1 : 0] = '\0';
	destination->base_shown = path;
}

/* False, after a report, if copies cannot go there. */
static bool
destination_find(struct destination *destination, const char *argument, int count, bool is_exact)
{
	struct stat st;
	bool is_directory = stat(argument, &st) == 0 && S_ISDIR(st.st_mode);
	const char *base;

	*destination = (struct destination){ .base = -1 };
	if (!is_directory && image_is_named(argument)) {
		report_usage(
		    "%s is in an image, and images are only read; name a place on the host",
		    argument);
		return false;
	}
	if (count > 1 && (!is_directory || is_exact)) {
		report_usage("%s is no directory, so only one file can be copied to it", argument);
		return false;
	}
	if (is_directory) {
		destination->base_shown = memory_string(argument);
		destination->name = is_exact ? memory_string("") : NULL;
	} else {
		destination_split(destination, argument);
	}
	base = *destination->base_shown != '\0' ? destination->base_shown : ".";
	destination->base = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (destination->base < 0)
		report("cannot copy to %s: %s: %s", argument, base, strerror(errno));
	return destination->base >= 0;
}

static void
destination_end(struct destination *destination)
{
	if (destination->base >= 0)
		close(destination->base);
	free(destination->base_shown);
	free(destination->name);
}

/* ---- the command -------------------------------------------------------------------------- */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct cp_options *options = context;

	(void)value;
	switch (id) {
	case 'a':
	case 'R':
	case 'r':
		options->is_recursive = true;
		return true;
	case 'f':
		options->existing = COPY_REPLACE;
		return true;
	case 'H':
		options->follow = FOLLOW_NAMED;
		return true;
	case 'n':
		options->existing = COPY_KEEP;
		return true;
	case 'P':
		options->follow = FOLLOW_NONE;
		return true;
	case 'p':
		return true;
	case 'T':
		options->is_exact = true;
		return true;
	case 'v':
		options->is_verbose = true;
		return true;
	default:
		return false;
	}
}

static void
sources_copy(const struct location *sources, int count, const struct destination *destination,
    const struct cp_options *options)
{
	struct copier copier;

	copier_begin(&copier, destination->base, destination->base_shown);
	copier.existing = options->existing;
	copier.is_verbose = options->is_verbose;
	sources_measure(sources, count, options);
	for (int i = 0; i < count && !copier.is_full; i++) {
		char *name = source_name(sources[i].path);

		if (sources[i].image != NULL)
			source_copy(&copier, &sources[i],
			    destination->name != NULL ? destination->name : name, options);
		free(name);
	}
	progress_end();
	copier_end(&copier);
}

static int
cp_run(int argc, char **argv)
{
	struct destination destination;
	struct cp_options options = { 0 };
	struct location *sources;
	int first = options_parse(&cp_command, argc, argv, option_take_one, &options);
	int count = argc - 1 - first;

	if (first == 0)
		return report_status();
	if (count == 0)
		return report_usage("say where to copy %s to", argv[first]);
	if (destination_find(&destination, argv[argc - 1], count, options.is_exact)) {
		sources = image_locate(argv + first, count);
		sources_copy(sources, count, &destination, &options);
		image_locations_free(sources, count);
	}
	destination_end(&destination);
	return report_status();
}

const struct command cp_command = {
	.name = "cp",
	.operands = "IMAGE[:PATH]... DEST",
	.summary = "copy files out of images",
	.details = details,
	.options = rows,
	.wanted = "say what to copy, and where to",
	.run = cp_run,
};
