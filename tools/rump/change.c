/* Commands that change each of the files they are given. */
#include "tools/rump/change.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/report.h"

static const struct walk_plan tree_plan = {
	.hidden = LISTING_NOT_DOTS,
	.wants_stat = true,
};

int
change_run(const struct change *change, int argc, char **argv, void *options)
{
	int first = options_parse(change->command, argc, argv, change->take, options);
	struct location *locations;
	int count;

	if (first == 0)
		return report_status();
	if (change->take_word != NULL) {
		if (!change->take_word(options, argv[first]))
			return report_status();
		if (++first == argc)
			return report_usage("say which file to change");
	}
	count = argc - first;
	locations = image_locate_writable(argv + first, count);
	for (int i = 0; i < count && !interrupt_arrived(); i++) {
		if (locations[i].image != NULL)
			change->apply(options, &locations[i]);
	}
	image_locations_free(locations, count);
	return report_status();
}

void
change_report(const struct change_item *item, const char *what, int error)
{
	report("%s %s%s: %s", what, item->location->prefix, item->shown, report_reason(error));
}

void
change_say(const struct location *location, const char *done, const char *shown)
{
	printf("%s ", done);
	name_print(stdout, location->prefix, name_style_default());
	name_print(stdout, shown, name_style_default());
	putchar('\n');
}

/* ---- trees -------------------------------------------------------------------------- */

/* Directories that are visited when they are left. */
struct pending {
	struct stat st;
	char *name;
};

struct change_walk {
	struct walk walk;
	bool is_after;
	bool (*visit)(void *context, const struct change_item *item);
	void *context;
	struct pending *pending; /* by depth, from the second level on */
	size_t capacity;
};

static bool
entry_visit(struct change_walk *change, const char *name, const struct stat *st)
{
	struct change_item item = {
		.location = change->walk.location,
		.directory = walk_directory(&change->walk),
		.name = name,
		.shown = walk_path_of(&change->walk, name),
		.st = st,
	};

	return change->visit(change->context, &item);
}

/* Whether the walk is in the directory now. */
static bool
entry_enter(struct change_walk *change, const struct entry *entry)
{
	size_t depth = change->walk.depth;

	if (!walk_enter(&change->walk, entry->name))
		return false;
	change->pending =
	    memory_grow(change->pending, depth - 1, &change->capacity, sizeof(*change->pending));
	change->pending[depth - 1] = (struct pending){ entry->st, memory_string(entry->name) };
	return true;
}

static void
directory_leave(struct change_walk *change)
{
	size_t depth = change->walk.depth;
	struct pending done;

	walk_leave(&change->walk);
	if (depth < 2)
		return;
	done = change->pending[depth - 2];
	if (change->is_after && change->walk.depth > 0 && !interrupt_arrived())
		entry_visit(change, done.name, &done.st);
	free(done.name);
	for (; change->walk.depth == 0 && depth > 2; depth--)
		free(change->pending[depth - 3].name); /* there was no way back up */
}

static void
tree_step(struct change_walk *change)
{
	struct entry *entry = walk_next(&change->walk);
	bool is_directory = entry != NULL && entry->has_stat && entry->type == DT_DIR;

	if (entry == NULL) {
		directory_leave(change);
		return;
	}
	if (!entry->has_stat || (is_directory && change->is_after && entry_enter(change, entry)))
		return;
	if (entry_visit(change, entry->name, &entry->st) && is_directory && !change->is_after)
		entry_enter(change, entry);
}

void
change_tree(const struct location *location, bool is_after,
    bool (*visit)(void *context, const struct change_item *item), void *context)
{
	struct change_walk change = { .is_after = is_after, .visit = visit, .context = context };
	struct change_item top = {
		.location = location,
		.directory = AT_FDCWD,
		.name = location->path,
		.shown = location->shown,
	};
	struct stat st;

	if (location_stat(location, &st, true) < 0) {
		location_report(location, "cannot access", errno);
		return;
	}
	top.st = &st;
	if (!is_after && !visit(context, &top))
		return;
	walk_begin(&change.walk, location, &tree_plan);
	while (change.walk.depth > 0)
		tree_step(&change);
	walk_end(&change.walk);
	free(change.pending);
	location_use(location);
	if (is_after && !interrupt_arrived())
		visit(context, &top);
}

/* ---- one attribute ------------------------------------------------------------------ */

bool
change_take_setting(void *options, int id, const char *value)
{
	struct change_setting *setting = options;

	(void)value;
	setting->is_link |= id == 'h';
	setting->is_recursive |= id == 'R';
	setting->is_verbose |= id == 'v';
	return true;
}

static bool
item_set(void *context, const struct change_item *item)
{
	const struct change_setting *setting = context;
	int result = setting->set(context, item);

	if (result < 0)
		change_report(item, setting->failed, errno);
	else if (result == 0 && setting->is_verbose)
		change_say(item->location, "changed", item->shown);
	return result <= 0;
}

void
change_set(void *options, const struct location *location)
{
	const struct change_setting *setting = options;
	struct stat st;

	if (location_stat(location, &st, !setting->is_link) < 0)
		location_report(location, setting->failed, errno);
	else if (setting->is_recursive && S_ISDIR(st.st_mode))
		change_tree(location, false, item_set, options);
	else
		item_set(options, &(struct change_item){ location, AT_FDCWD, location->path,
				      location->shown, &st });
}
