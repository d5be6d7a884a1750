/*
 * rump cp: copy out of images, into them and between them, as "cp -p" and
 * "cp -a" do.
 *
 * Where DEST is on the host, the sources are images; where it is in an image,
 * sources without a colon are files of the host.
 *
 * The walk through the source and a trail of directories of the target go down
 * and up side by side.  Directories get their attributes when they are complete, so
 * that neither a mode nor a time is in the way of filling them.
 *
 * A directory that exists is added to and keeps its own attributes; any other
 * file that exists is written over, replaced or kept, as the options say.
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

enum {
	OPTION_OWNER = OPTION_LONG,
};

static const struct option_row rows[] = {
	{ 'a', "archive", NULL, "as -rp, and extended attributes" },
	{ 'f', "force", NULL, "remove files that exist, and copy to new ones" },
	{ 'H', NULL, NULL, "follow symbolic links that are named, as without -r" },
	{ 'i', "interactive", NULL, "ask before a file that exists is written over" },
	{ 'n', "no-clobber", NULL, "keep files that exist, and say nothing" },
	{ OPTION_OWNER, "owner", "OWNER", "whom copies belong to: USER, USER:GROUP, :GROUP" },
	{ 'p', NULL, NULL, "keep the owners of the host's files in the image, too" },
	{ 'P', "no-dereference", NULL, "copy symbolic links that are named as links, as with -r" },
	{ 'r', "recursive", NULL, "copy directories with all that is in them" },
	{ 'R', NULL, NULL, "the same" },
	{ 'T', "no-target-directory", NULL, "DEST is the copy itself even if it is a directory" },
	{ 'v', NULL, NULL, "tell what is copied" },
	{ 0 },
};

static const char details[] =
    "DEST is a directory to copy into, or the copy's new name, on the host or, as\n"
    "IMAGE:PATH, in an image.  Modes, times, hard links, symbolic links and holes are\n"
    "kept, and owners when root copies to the host.  In an image, what comes from the\n"
    "host belongs to root, unless -a, -p or --owner says otherwise.  A bar shows the\n"
    "progress on a terminal, but with -q.\n";

enum follow {
	FOLLOW_DEFAULT,
	FOLLOW_NAMED,
	FOLLOW_NONE,
};

struct cp_options {
	enum copy_existing existing;
	bool asks; /* -i */
	enum follow follow;
	bool is_recursive;
	bool is_verbose;
	bool is_exact; /* -T */
	bool keeps_owners;
	bool keeps_xattrs;
	const char *owner; /* or NULL */
};

/* Where the copies go. */
struct destination {
	const struct files *files;
	struct location *location; /* in an image, or NULL */
	int base;		   /* a directory */
	char *base_shown;	   /* owned */
	char *name;		   /* of the only copy, in base; NULL: sources keep theirs; owned */
};

/* A directory that is being filled. */
struct filling {
	struct stat st;
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
	tree->fillings[tree->to.depth - 1] = (struct filling){ *st, is_new };
}

/*
 * The present directory of the target is complete, or as complete as it gets;
 * shown is its source, and from the descriptor of that, or -1.
 */
static void
filling_end(struct tree_copy *tree, const char *shown, int from)
{
	const struct filling *filling = &tree->fillings[tree->to.depth - 1];
	struct copy_item item = {
		.files = tree->source->files,
		.to_path = tree_path(tree, shown),
		.st = &filling->st,
	};

	if (filling->is_new)
		copy_directory_end(tree->copier, &item, trail_here(&tree->to), from);
}

static struct copy_item
tree_item(struct tree_copy *tree, const struct entry *entry)
{
	const char *shown = walk_path_of(&tree->walk, entry->name);

	return (struct copy_item){
		.files = tree->source->files,
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
	report("cannot get back up from the copy of %s%s: %s", tree->source->prefix,
	    tree->source->shown, tree->copier->files->reason(errno));
	tree->walk.depth = 0;
}

/* Whether st is of the directory that the whole copy goes to, which is reported. */
static bool
is_target(struct tree_copy *tree, const struct stat *st, const char *shown)
{
	const struct trail_step *top = &tree->to.steps[0];

	if (tree->source->files != tree->copier->files || st->st_dev != top->dev ||
	    st->st_ino != top->ino)
		return false;
	report("not copying %s%s into itself", tree->source->prefix, shown);
	return true;
}

static void
tree_enter(struct tree_copy *tree, const struct entry *entry)
{
	struct copy_item item = tree_item(tree, entry);
	bool is_new;

	if (is_target(tree, &entry->st, item.from_shown))
		return;
	if (!copy_directory(tree->copier, &item, &is_new))
		return;
	if (trail_down(&tree->to, entry->name) < 0) {
		copy_report_target(tree->copier, "cannot open the directory", item.to_path, errno);
		return;
	}
	filling_push(tree, &entry->st, is_new);
	if (walk_enter(&tree->walk, entry->name))
		return;
	filling_end(tree, walk_path_of(&tree->walk, entry->name), -1);
	if (trail_up(&tree->to) < 0)
		tree_lost(tree);
}

static void
tree_leave(struct tree_copy *tree)
{
	filling_end(tree, walk_path_of(&tree->walk, ""), walk_directory(&tree->walk));
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

	if (entry == NULL || copier_is_stopped(tree->copier)) {
		tree_leave(tree);
	} else if (entry->has_stat && entry->type == DT_DIR) {
		tree_enter(tree, entry);
	} else if (entry->has_stat) {
		item = tree_item(tree, entry);
		copy_file(tree->copier, &item);
	}
}

/* Begin the trail of the target: the base itself, or a directory in it. */
static bool
tree_begin_target(struct tree_copy *tree, const struct stat *st)
{
	const struct files *files = tree->copier->files;
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
	directory = files->open(tree->copier->base, *tree->name != '\0' ? tree->name : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (directory < 0 || trail_begin(&tree->to, files, directory) < 0) {
		copy_report_target(tree->copier, "cannot open the directory", tree->name, errno);
		return false;
	}
	filling_push(tree, st, is_new);
	return !is_target(tree, st, tree->source->shown);
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
		.files = source->files,
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

/* Count what the tree needs.  Returns the bytes of its content. */
static uint64_t
tree_measure(struct space *space, const struct location *source)
{
	struct walk_plan plan = tree_plan;
	uint64_t total = 0;
	struct entry *entry;
	struct walk walk;

	plan.is_silent = true;
	walk_begin(&walk, source, &plan);
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry != NULL && entry->has_stat)
			total += space_add(space, &entry->st);
		if (entry == NULL)
			walk_leave(&walk);
		else if (entry->type == DT_DIR)
			walk_enter(&walk, entry->name);
	}
	walk_end(&walk);
	return total;
}

/* Whether none of what is to be copied is there yet. */
static bool
is_all_new(const struct destination *destination, const struct location *sources, int count)
{
	bool is_new = true;

	for (int i = 0; i < count && is_new; i++) {
		char *own = source_name(sources[i].path);
		const char *name = destination->name != NULL ? destination->name : own;
		struct stat st;

		is_new = *name != '\0' && destination->files->stat(destination->base, name, &st,
					      AT_SYMLINK_NOFOLLOW) < 0;
		free(own);
	}
	return is_new;
}

/*
 * Count what is ahead, for an image's room and for the progress bar, where one
 * of them matters.  False, after a report: there is too little room.
 */
static bool
sources_measure(struct space *space, const struct location *sources, int count,
    const struct destination *destination, const struct cp_options *options)
{
	bool has_bar =
	    !settings.is_quiet && !options->is_verbose && !options->asks && progress_is_wanted();
	uint64_t total = 0;
	struct stat st;

	for (int i = 0; i < count && (has_bar || space->target != NULL); i++) {
		const struct location *source = &sources[i];

		if (!location_is_usable(source) ||
		    location_stat(source, &st, source_follows(options)) < 0)
			continue;
		total += space_add(space, &st);
		if (S_ISDIR(st.st_mode) && options->is_recursive)
			total += tree_measure(space, source);
	}
	/* What is there already, to be written over, needs no room, or less. */
	if (options->existing == COPY_OVERWRITE && is_all_new(destination, sources, count) &&
	    !space_suffices(space))
		return false;
	if (has_bar)
		progress_begin(total);
	return true;
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

/* Find what argument is in its image: whether it is a directory, and open that or its parent. */
static void
destination_find_inside(struct destination *destination, char *argument, bool is_exact,
    bool *is_directory)
{
	const struct location *location;
	char *base;
	struct stat st;

	destination->files = &image_files;
	destination->location = image_locate_writable(&argument, 1);
	location = destination->location;
	if (location->image == NULL)
		return;
	*is_directory = location_stat(location, &st, true) == 0 && S_ISDIR(st.st_mode);
	if (*is_directory) {
		destination->base_shown = memory_string(location->path);
		destination->name = is_exact ? memory_string("") : NULL;
	} else {
		destination_split(destination, location->path);
	}
	base = destination->base_shown;
	destination->base = image_files.open(AT_FDCWD, base, O_RDONLY | O_DIRECTORY, 0);
	if (destination->base < 0)
		report("cannot copy to %s: %s: %s", argument, base, image_files.reason(errno));
	destination->base_shown = memory_format("%s:%s", image_name(location->image), base);
	free(base);
}

/* The same on the host. */
static void
destination_find_outside(struct destination *destination, const char *argument, bool is_exact,
    bool *is_directory)
{
	const char *base;
	struct stat st;

	destination->files = &host_files;
	*is_directory = stat(argument, &st) == 0 && S_ISDIR(st.st_mode);
	if (*is_directory) {
		destination->base_shown = memory_string(argument);
		destination->name = is_exact ? memory_string("") : NULL;
	} else {
		destination_split(destination, argument);
	}
	base = *destination->base_shown != '\0' ? destination->base_shown : ".";
	destination->base = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (destination->base < 0)
		report("cannot copy to %s: %s: %s", argument, base, strerror(errno));
}

/* False, after a report, if copies cannot go there. */
static bool
destination_find(struct destination *destination, char *argument, int count, bool is_exact)
{
	bool is_directory = false;

	*destination = (struct destination){ .base = -1 };
	if (image_is_named(argument))
		destination_find_inside(destination, argument, is_exact, &is_directory);
	else
		destination_find_outside(destination, image_host_path(argument), is_exact,
		    &is_directory);
	if (destination->base < 0)
		return false;
	if (count > 1 && (!is_directory || is_exact)) {
		report_usage("%s is no directory, so only one file can be copied to it", argument);
		return false;
	}
	return true;
}

static void
destination_end(struct destination *destination)
{
	if (destination->base >= 0)
		destination->files->close(destination->base);
	if (destination->location != NULL)
		image_locations_free(destination->location, 1);
	free(destination->base_shown);
	free(destination->name);
}

/* ---- the command -------------------------------------------------------------------------- */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct cp_options *options = context;

	switch (id) {
	case 'a':
		options->keeps_xattrs = true;
		options->keeps_owners = true;
		options->is_recursive = true;
		return true;
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
	case 'i':
		options->asks = true;
		if (options->existing == COPY_KEEP)
			options->existing = COPY_OVERWRITE;
		return true;
	case 'n':
		options->existing = COPY_KEEP;
		return true;
	case 'P':
		options->follow = FOLLOW_NONE;
		return true;
	case 'p':
		options->keeps_owners = true;
		return true;
	case OPTION_OWNER:
		options->owner = value;
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

/* Whom the copies of source belong to. */
static void
source_owner(struct copier *copier, const struct location *source, const struct cp_options *options)
{
	bool is_from_host = source->image == NULL;

	if (options->owner != NULL)
		return;
	copier->attributes.owner = (struct owner){ OWNER_UNCHANGED, OWNER_UNCHANGED };
	if (copier->files == &image_files && is_from_host && !options->keeps_owners) {
		copier->attributes.owner = (struct owner){ 0, 0 };
		copier->attributes.drops_set_ids = true;
	}
}

static void
sources_copy(struct copier *copier, const struct location *sources, int count,
    const struct destination *destination, const struct cp_options *options)
{
	for (int i = 0; i < count && !copier_is_stopped(copier); i++) {
		char *name = source_name(sources[i].path);

		source_owner(copier, &sources[i], options);
		if (location_is_usable(&sources[i]))
			source_copy(copier, &sources[i],
			    destination->name != NULL ? destination->name : name, options);
		free(name);
	}
}

/* Copy what was found to where it goes. */
static void
cp_do(const struct location *sources, int count, const struct destination *destination,
    const struct cp_options *options)
{
	struct owner owner = { OWNER_UNCHANGED, OWNER_UNCHANGED };
	struct copier copier;
	struct space space;

	if (options->owner != NULL && !owner_find(destination->location, options->owner, &owner))
		return;
	copier_begin(&copier, destination->files, destination->base, destination->base_shown);
	copier.existing = options->existing;
	copier.asks = options->asks;
	copier.is_verbose = options->is_verbose;
	copier.keeps_xattrs = options->keeps_xattrs;
	copier.keeps_owners = options->keeps_owners || options->owner != NULL;
	copier.attributes.owner = owner;
	copier.space = &space;
	space_begin(&space, destination->location);
	if (sources_measure(&space, sources, count, destination, options))
		sources_copy(&copier, sources, count, destination, options);
	progress_end();
	if (copier.is_full && space.target != NULL)
		space_report(&space);
	space_end(&space);
	copier_end(&copier);
}

/* Whether argument is meant to be in an image that is not there, which is reported. */
static bool
image_is_missing(const char *argument, const char *source)
{
	struct stat st;

	if (strchr(argument, ':') == NULL || image_is_named(argument) || image_is_named(source) ||
	    image_host_path(argument) != argument || stat(argument, &st) == 0)
		return false;
	report_unable("%.*s: there is no such image to copy to", (int)strcspn(argument, ":"),
	    argument);
	return true;
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
	if (image_is_missing(argv[argc - 1], argv[first]))
		return report_status();
	if (destination_find(&destination, argv[argc - 1], count, options.is_exact)) {
		if (options.owner != NULL && destination.location == NULL) {
			report_usage("--owner is for copies into images");
		} else {
			sources = destination.location != NULL
				      ? image_locate_anywhere(argv + first, count)
				      : image_locate(argv + first, count);
			cp_do(sources, count, &destination, &options);
			image_locations_free(sources, count);
		}
	}
	destination_end(&destination);
	return report_status();
}

const struct command cp_command = {
	.name = "cp",
	.operands = "IMAGE[:PATH]... DEST | SOURCE... IMAGE:DEST",
	.summary = "copy files out of images and into them",
	.details = details,
	.options = rows,
	.wanted = "say what to copy, and where to",
	.run = cp_run,
};
