/* The workloads of the suite: see sim_workloads.h. */
#include "tools/rump/sim_workloads.h"

#include <stdio.h>
#include <string.h>

#include "tools/rump/sim_actor.h"

#define KIB ((size_t)1024)

struct name {
	char text[300];
};

/* "/directory/prefix7", padded so that names are long if width is. */
static struct name
numbered(const char *prefix, unsigned number, int width)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s%0*u", prefix, width, number);
	return name;
}

static void
make(struct actor *actor, const char *name, size_t size)
{
	actor_create(actor, name);
	if (size > 0)
		actor_write(actor, name, 0, size);
}

/* ---- files and their bytes ----------------------------------------------------------- */

static void
create_and_sync(struct actor *actor)
{
	for (unsigned i = 0; i < 4; i++) {
		struct name name = numbered("/file", i, 1);

		make(actor, name.text, 1000 + i * 3000);
		actor_fsync(actor, name.text);
	}
}

static void
create_many(struct actor *actor)
{
	for (unsigned i = 0; i < 40; i++)
		make(actor, numbered("/many", i, 1).text, i % 3 * 700);
	actor_sync(actor);
	for (unsigned i = 0; i < 40; i += 2)
		actor_unlink(actor, numbered("/many", i, 1).text);
	actor_sync(actor);
}

static void
append_and_sync(struct actor *actor)
{
	actor_create(actor, "/log");
	for (unsigned i = 0; i < 12; i++) {
		actor_append(actor, "/log", 300 + i * 50);
		actor_fsync(actor, "/log");
	}
}

static void
append_two(struct actor *actor)
{
	actor_create(actor, "/a");
	actor_create(actor, "/b");
	for (unsigned i = 0; i < 10; i++) {
		actor_append(actor, "/a", 2500);
		actor_append(actor, "/b", 900);
		if (i % 3 == 2)
			actor_fsync(actor, i % 2 == 0 ? "/a" : "/b");
	}
}

static void
overwrite(struct actor *actor)
{
	make(actor, "/data", 40 * KIB);
	actor_fsync(actor, "/data");
	for (unsigned i = 0; i < 8; i++) {
		actor_write(actor, "/data", actor_draw(actor, 36 * 1024), 3000);
		if (i % 2 == 1)
			actor_fsync(actor, "/data");
	}
}

static void
grow_in_fragments(struct actor *actor)
{
	make(actor, "/fragments", 1);
	make(actor, "/neighbour", 1);
	actor_sync(actor);
	for (unsigned i = 0; i < 16; i++) {
		actor_append(actor, "/fragments", 512);
		if (i % 4 == 0)
			actor_append(actor, "/neighbour", 600);
		if (i % 3 == 0)
			actor_fsync(actor, "/fragments");
	}
}

static void
truncate_down(struct actor *actor)
{
	make(actor, "/shrinks", 60 * KIB);
	actor_fsync(actor, "/shrinks");
	for (size_t size = 50000; size > 100; size /= 3) {
		actor_truncate(actor, "/shrinks", size);
		actor_fsync(actor, "/shrinks");
	}
	actor_truncate(actor, "/shrinks", 0);
	make(actor, "/takes", 50 * KIB);
	actor_fsync(actor, "/takes");
}

static void
truncate_up(struct actor *actor)
{
	make(actor, "/grows", 100);
	actor_truncate(actor, "/grows", 30000);
	actor_fsync(actor, "/grows");
	actor_write(actor, "/grows", 20000, 100);
	actor_truncate(actor, "/grows", 100000);
	actor_fsync(actor, "/grows");
	actor_truncate(actor, "/grows", 25000);
	actor_truncate(actor, "/grows", 26000);
	actor_sync(actor);
}

static void
write_holes(struct actor *actor)
{
	actor_create(actor, "/holes");
	for (unsigned i = 0; i < 6; i++) {
		actor_write(actor, "/holes", (5 - i) * 20000, 1500);
		if (i % 2 == 0)
			actor_fsync(actor, "/holes");
	}
}

static void
write_large(struct actor *actor)
{
	make(actor, "/large", 200 * KIB);
	actor_fsync(actor, "/large");
	actor_append(actor, "/large", 100 * KIB);
	actor_write(actor, "/large", 90 * KIB, 20 * KIB);
	actor_fsync(actor, "/large");
	actor_truncate(actor, "/large", 10 * KIB);
	actor_sync(actor);
}

static void
use_again(struct actor *actor)
{
	for (unsigned i = 0; i < 5; i++) {
		make(actor, "/old", 30 * KIB);
		actor_fsync(actor, "/old");
		actor_unlink(actor, "/old");
		make(actor, "/new", 30 * KIB);
		actor_fsync(actor, "/new");
		actor_unlink(actor, "/new");
	}
}

/* ---- names ----------------------------------------------------------------------------------- */

static void
rename_plain(struct actor *actor)
{
	make(actor, "/a", 5000);
	actor_fsync(actor, "/a");
	actor_rename(actor, "/a", "/b");
	actor_fsync(actor, "/b");
	actor_rename(actor, "/b", "/a");
	make(actor, "/other", 10);
	actor_fsync(actor, "/other");
}

/* As editors save. */
static void
rename_over(struct actor *actor)
{
	make(actor, "/document", 3000);
	actor_fsync(actor, "/document");
	for (unsigned i = 0; i < 5; i++) {
		make(actor, "/document.new", 3000 + i * 900);
		actor_fsync(actor, "/document.new");
		actor_rename(actor, "/document.new", "/document");
	}
	actor_sync(actor);
}

static void
rename_between(struct actor *actor)
{
	actor_mkdir(actor, "/from");
	actor_mkdir(actor, "/to");
	for (unsigned i = 0; i < 6; i++)
		make(actor, numbered("/from/", i, 1).text, 800);
	actor_sync(actor);
	for (unsigned i = 0; i < 6; i++) {
		actor_rename(actor, numbered("/from/", i, 1).text, numbered("/to/", i, 1).text);
		if (i % 2 == 1)
			actor_fsync(actor, numbered("/to/", i, 1).text);
	}
	actor_sync(actor);
}

static void
rename_directories(struct actor *actor)
{
	actor_mkdir(actor, "/parent");
	actor_mkdir(actor, "/parent/child");
	actor_mkdir(actor, "/elsewhere");
	make(actor, "/parent/child/file", 2000);
	actor_sync(actor);
	actor_rename(actor, "/parent/child", "/elsewhere/moved");
	actor_sync(actor);
	actor_rename(actor, "/elsewhere/moved", "/top");
	make(actor, "/top/second", 700);
	actor_fsync(actor, "/top/second");
	actor_rename(actor, "/parent", "/top/parent");
	actor_sync(actor);
}

static void
make_trees(struct actor *actor)
{
	char path[64] = "";

	for (unsigned i = 0; i < 6; i++) {
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/d%u", i);
		actor_mkdir(actor, path);
		if (i % 2 == 0)
			actor_fsync(actor, path);
	}
	make(actor, "/d0/d1/d2/d3/d4/d5/leaf", 100);
	actor_fsync(actor, "/d0/d1/d2/d3/d4/d5/leaf");
}

static void
remove_directories(struct actor *actor)
{
	for (unsigned i = 0; i < 6; i++)
		actor_mkdir(actor, numbered("/dir", i, 1).text);
	actor_sync(actor);
	for (unsigned i = 0; i < 6; i += 2)
		actor_rmdir(actor, numbered("/dir", i, 1).text);
	actor_sync(actor);
	make(actor, "/dir0", 600);
	actor_rmdir(actor, "/dir1");
	actor_fsync(actor, "/dir0");
}

static void
hard_links(struct actor *actor)
{
	make(actor, "/first", 4000);
	actor_link(actor, "/first", "/second");
	actor_fsync(actor, "/first");
	actor_link(actor, "/second", "/third");
	actor_unlink(actor, "/first");
	actor_sync(actor);
	actor_unlink(actor, "/third");
	actor_append(actor, "/second", 4000);
	actor_fsync(actor, "/second");
	actor_unlink(actor, "/second");
	actor_sync(actor);
}

static void
symbolic_links(struct actor *actor)
{
	char target[300];

	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	actor_symlink(actor, "short", "/short");
	actor_symlink(actor, target, "/long");
	actor_sync(actor);
	actor_rename(actor, "/short", "/moved");
	actor_unlink(actor, "/long");
	actor_symlink(actor, target + 150, "/other");
	actor_sync(actor);
}

static void
long_names(struct actor *actor)
{
	actor_mkdir(actor, "/names");
	for (unsigned i = 0; i < 24; i++) {
		actor_create(actor, numbered("/names/", i, i % 2 == 0 ? 200 : 60).text);
		if (i % 8 == 7)
			actor_sync(actor);
	}
	for (unsigned i = 0; i < 24; i += 3)
		actor_unlink(actor, numbered("/names/", i, i % 2 == 0 ? 200 : 60).text);
	actor_create(actor, "/names/after");
	actor_fsync(actor, "/names/after");
}

/* ---- mixes ----------------------------------------------------------------------------------- */

static struct name
any_name(struct actor *actor, unsigned count)
{
	unsigned number = actor_draw(actor, count);

	return numbered(number % 3 == 0 ? "/sub/" : "/", number, 1);
}

static void
any_call(struct actor *actor, unsigned names)
{
	struct name name = any_name(actor, names), other = any_name(actor, names);
	bool is_there = actor_object(actor, name.text) != HISTORY_NONE;

	switch (actor_draw(actor, 10)) {
	case 0:
	case 1:
	case 2:
		if (!is_there)
			actor_create(actor, name.text);
		actor_append(actor, name.text, actor_draw(actor, 9000));
		break;
	case 3:
		if (is_there)
			actor_write(actor, name.text, actor_draw(actor, 30000),
			    1 + actor_draw(actor, 5000));
		break;
	case 4:
		actor_truncate(actor, name.text, actor_draw(actor, 20000));
		break;
	case 5:
		actor_unlink(actor, name.text);
		break;
	case 6:
		actor_rename(actor, name.text, other.text);
		break;
	case 7:
		if (actor_object(actor, other.text) == HISTORY_NONE)
			actor_link(actor, name.text, other.text);
		break;
	case 8:
		actor_fsync(actor, name.text);
		break;
	default:
		if (actor_draw(actor, 3) == 0)
			actor_sync(actor);
		break;
	}
}

static void
mix(struct actor *actor, unsigned calls, unsigned names)
{
	actor_mkdir(actor, "/sub");
	for (unsigned i = 0; i < calls; i++)
		any_call(actor, names);
	actor_sync(actor);
}

static void
mix_small(struct actor *actor)
{
	mix(actor, 40, 6);
}

static void
mix_large(struct actor *actor)
{
	mix(actor, 100, 20);
}

static void
mix_few_names(struct actor *actor)
{
	mix(actor, 60, 3);
}

/* Names change that were never synced, in blocks and directories that were not either. */
static void
move_into_new(struct actor *actor)
{
	for (unsigned i = 0; i < 8; i++)
		make(actor, numbered("/", i, 200).text, 300);
	actor_sync(actor);
	actor_mkdir(actor, "/new");
	actor_rename(actor, numbered("/", 6, 200).text, "/new/6");
	actor_mkdir(actor, "/new/below");
	actor_rename(actor, numbered("/", 5, 200).text, "/new/below/5");
	actor_link(actor, numbered("/", 2, 200).text, "/new/2");
	actor_unlink(actor, numbered("/", 2, 200).text);
	actor_fsync(actor, "/new/6");
	actor_link(actor, numbered("/", 3, 200).text, "/new/3");
	actor_rename(actor, numbered("/", 4, 200).text, numbered("/", 3, 200).text);
	actor_sync(actor);
}

/* Bytes are cut off and others appended, and nothing is synced between. */
static void
cut_and_append(struct actor *actor)
{
	make(actor, "/old", 20 * KIB);
	make(actor, "/cut", 30 * KIB);
	actor_sync(actor);
	actor_unlink(actor, "/old");
	actor_sync(actor);
	actor_sync(actor);
	for (unsigned i = 0; i < 4; i++) {
		actor_truncate(actor, "/cut", 3015 + 2000 * i);
		actor_append(actor, "/cut", 9000);
		make(actor, numbered("/made", i, 1).text, 7000);
		actor_link(actor, "/cut", "/other");
		actor_unlink(actor, i % 2 == 0 ? "/cut" : "/other");
		actor_rename(actor, i % 2 == 0 ? "/other" : numbered("/made", i, 1).text,
		    i % 2 == 0 ? "/cut" : "/made0");
		if (i == 1)
			actor_fsync(actor, "/cut");
	}
	actor_unlink(actor, "/cut");
	actor_sync(actor);
}

static void
fill(struct actor *actor)
{
	make(actor, "/kept", 5000);
	actor_fsync(actor, "/kept");
	for (unsigned i = 0; i < 40 && actor->last_error == 0; i++)
		make(actor, numbered("/fill", i, 1).text, 120 * KIB);
	actor_sync(actor);
	actor_unlink(actor, "/fill0");
	actor_unlink(actor, "/fill1");
	make(actor, "/fits", 100 * KIB);
	actor_fsync(actor, "/fits");
}

const struct workload workloads[] = {
	{ "create", create_and_sync, 0 },
	{ "create-many", create_many, 0 },
	{ "append", append_and_sync, 0 },
	{ "append-two", append_two, 0 },
	{ "overwrite", overwrite, 0 },
	{ "fragments", grow_in_fragments, 0 },
	{ "truncate-down", truncate_down, 0 },
	{ "truncate-up", truncate_up, 0 },
	{ "holes", write_holes, 0 },
	{ "large", write_large, 0 },
	{ "use-again", use_again, 0 },
	{ "rename", rename_plain, 0 },
	{ "rename-over", rename_over, 0 },
	{ "rename-between", rename_between, 0 },
	{ "rename-directories", rename_directories, 0 },
	{ "trees", make_trees, 0 },
	{ "rmdir", remove_directories, 0 },
	{ "hard-links", hard_links, 0 },
	{ "symlinks", symbolic_links, 0 },
	{ "long-names", long_names, 0 },
	{ "mix-small", mix_small, 0 },
	{ "mix-large", mix_large, 0 },
	{ "mix-few-names", mix_few_names, 0 },
	{ "full", fill, 1 },
	{ "move-into-new", move_into_new, 0 },
	{ "cut-and-append", cut_and_append, 0 },
};

const size_t workload_count = sizeof(workloads) / sizeof(workloads[0]);
