/*
 * Path walks.
 *
 * A walk holds a reference to the directory it has come to, and a pointer to
 * the rest of the path.  It goes on name by name; a symbolic link puts its
 * target in front of the rest, so that links in links need no recursion: only
 * how many were followed is bounded, and how long the text may get.
 *
 * The usual name is in the cache.  So a walk begins with a run (struct run) that
 * takes no locks and no references: inside a section of its reader (kern/rcu.h)
 * it goes from cached name to cached name, permission seen by rwlock_peek(), as
 * far as it gets: to the end, as a rule, or to what is not in the cache, a
 * symbolic link, or "..".  There it takes a reference, and the walk goes on from
 * there step by step, each directory locked, shared, while permission is checked
 * and the file system is asked.  So many threads that walk over the same
 * directories do not write to any memory that they share, but for the count of
 * what they come to; lookup_peek() does without that too.
 *
 * is_searchable says that everybody may search a directory; it is remembered
 * from the last look at its mode under its lock.
 *
 * A link's target comes from the medium and may be anything; it is refused if
 * it has a NUL in it, which would hide the rest of the path.
 */
#include "vfs/lookup.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/rcu.h"
#include "vfs/lookup_impl.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/namespace.h"
#include "vfs/permission.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

#define SEARCH_ALL 0111

/* Bytes of a link's target and the rest of the path after it, at most. */
#define WALK_TEXT_MAX (2 * PATH_LENGTH_MAX)

bool
name_is_dot(struct name name)
{
	return name.length == 1 && name.bytes[0] == '.';
}

bool
name_is_dot_dot(struct name name)
{
	return name.length == 2 && name.bytes[0] == '.' && name.bytes[1] == '.';
}

/* ---- one name ------------------------------------------------------------------ */

/* Ask the file system.  (dir: shared or exclusive) */
static int
lookup_uncached(struct vnode *dir, struct name name, struct vnode **out)
{
	int error = vnode_lookup(dir, name, out);

	if (*out == dir && !name_is_dot_dot(name)) {
		/* Whoever locked both would wait for himself. */
		kernel_log(dir->kernel, LOG_ERROR, "%s: directory %llu contains itself",
		    dir->mount->source, (unsigned long long)dir->ino);
		vnode_put(*out);
		*out = NULL;
		return -EUCLEAN;
	}
	if ((error == 0 || error == -ENOENT) && !dir->mount->has_live_names)
		name_cache_enter(dir, name, *out);
	return error;
}

int
lookup_name(struct vnode *dir, struct name name, struct vnode **out)
{
	if (name_cache_find(dir, name, out))
		return *out != NULL ? 0 : -ENOENT;
	if (name.length > NAME_LENGTH_MAX) /* a removed directory has no names, however long */
		return dir->attributes.link_count > 0 ? -ENAMETOOLONG : -ENOENT;
	return lookup_uncached(dir, name, out);
}

void
lookup_cross_mounts(struct vnode **vnode)
{
	while (UNLIKELY(atomic_load(&(*vnode)->mounted_here) != NULL)) {
		struct vnode *covered = *vnode;
		struct vnode *root = NULL;
		struct mount *mount;

		rwlock_lock_shared(&covered->lock);
		mount = atomic_load(&covered->mounted_here);
		if (mount != NULL)
			root = vnode_get(mount->root);
		rwlock_unlock_shared(&covered->lock);
		if (root == NULL)
			return;
		*vnode = root;
		vnode_put(covered);
	}
}

/* May the caller search dir?  (dir: shared) */
static int
check_search(const struct walk *walk, struct vnode *dir)
{
	if ((dir->attributes.permissions & SEARCH_ALL) == SEARCH_ALL)
		atomic_store(&dir->is_searchable, true);
	return permission_check(dir, walk->context->credential, ACCESS_EXECUTE);
}

/* Is walk->dir a directory that the caller may search? */
static int
check_dir(const struct walk *walk)
{
	struct vnode *dir = walk->dir;
	int error;

	if (dir->type != VNODE_DIRECTORY)
		return -ENOTDIR;
	if (atomic_load_explicit(&dir->is_searchable, memory_order_relaxed))
		return 0;
	rwlock_lock_shared(&dir->lock);
	error = check_search(walk, dir);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/* Permission, then lookup_name(), under the lock of dir. */
static int
find_locked(const struct walk *walk, struct vnode *dir, struct name name, struct vnode **out)
{
	int error;

	rwlock_lock_shared(&dir->lock);
	error = check_search(walk, dir);
	if (error == 0 && (walk->context->resolve & RESOLVE_CACHED) != 0)
		error = name_cache_find(dir, name, out) ? (*out != NULL ? 0 : -ENOENT) : -EAGAIN;
	else if (error == 0)
		error = lookup_name(dir, name, out);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/* A reference to what ".." of dir leads to, but not above root or the very top. */
static int
step_up(struct vnode *root, struct vnode *dir, struct vnode **out)
{
	int error = 0;

	/* What is covered stays while we hold a reference to what covers it. */
	while (dir != root && dir == dir->mount->root && dir->mount->covered != NULL)
		dir = dir->mount->covered;
	if (dir == root || dir == dir->mount->root) {
		*out = vnode_get(dir);
		return 0;
	}
	rwlock_lock_shared(&dir->lock);
	if (dir->former_parent != NULL)
		*out = vnode_get(dir->former_parent);
	else
		error = lookup_name(dir, NAME(".."), out);
	rwlock_unlock_shared(&dir->lock);
	return error;
}

/*
 * Is dir still below the root that the walk must not leave?  Somebody may have
 * moved it out since we came here, and its ".." would lead past the root.
 */
static int
check_is_below_root(const struct walk *walk, struct vnode *dir)
{
	struct vnode *root = walk->context->root;
	struct vnode *here = vnode_get(dir), *above;
	int error = 0;

	for (unsigned depth = 0; here != root && error == 0; depth++) {
		error = depth < PATH_LENGTH_MAX ? step_up(root, here, &above) : -EAGAIN;
		if (error < 0)
			break;
		if (above == here)
			error = -EAGAIN;
		vnode_put(here);
		here = above;
	}
	vnode_put(here);
	return error;
}

static int
find_parent(const struct walk *walk, struct vnode **out)
{
	uint32_t resolve = walk->context->resolve;
	struct vnode *root = walk->context->root;
	struct vnode *dir = walk->dir;
	int error = check_dir(walk);

	if (error < 0)
		return error;
	if (dir == root && (resolve & RESOLVE_BENEATH) != 0)
		return -EXDEV;
	if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0)
		error = check_is_below_root(walk, dir);
	return error < 0 ? error : step_up(root, dir, out);
}

int
walk_find(struct walk *walk, struct name name, struct vnode **out)
{
	struct vnode *dir = walk->dir;
	int error = 0;

	*out = NULL;
	if (dir->type != VNODE_DIRECTORY)
		return -ENOTDIR;
	if (name_is_dot(name)) {
		error = check_dir(walk);
		if (error == 0)
			*out = vnode_get(dir);
		return error;
	}
	if (name_is_dot_dot(name))
		error = find_parent(walk, out);
	else if (!atomic_load_explicit(&dir->is_searchable, memory_order_relaxed) ||
		 !name_cache_find(dir, name, out))
		error = find_locked(walk, dir, name, out);
	else if (*out == NULL)
		error = -ENOENT;
	if (error < 0)
		return error;
	lookup_cross_mounts(out);
	if ((*out)->mount != dir->mount && (walk->context->resolve & RESOLVE_NO_XDEV) != 0) {
		vnode_put(*out);
		*out = NULL;
		return -EXDEV;
	}
	return 0;
}

/* ---- runs ---------------------------------------------------------------------- */

/* A walk over what is cached, in a section of context->reader. */
struct run {
	const struct path_context *context;
	struct vnode *here;
	const char *rest;
	uint32_t flags; /* enum lookup_flag */
};

enum run_result {
	RUN_ENDED,  /* here is what the path leads to */
	RUN_ABSENT, /* it is known to lead nowhere */
	RUN_STOPPED /* not known: from here on, rest is to be walked */
};

/* Take the next name off *rest; empty if there is none. */
static struct name
take_name(const char **rest)
{
	const char *start = *rest;
	const char *end;

	while (*start == '/')
		start++;
	for (end = start; *end != '\0' && *end != '/'; end++)
		;
	*rest = end;
	return (struct name){ start, (size_t)(end - start) };
}

/* Is nothing left but slashes? */
static bool
is_at_last(const char *rest)
{
	while (*rest == '/')
		rest++;
	return *rest == '\0';
}

static bool
run_may_search(const struct run *run)
{
	const struct vnode *dir = run->here;
	struct vnode_attributes attributes;

	if (dir->type != VNODE_DIRECTORY)
		return false;
	if (atomic_load_explicit(&dir->is_searchable, memory_order_relaxed))
		return true;
	return rwlock_peek(&dir->lock, &attributes, &dir->attributes, sizeof(attributes)) &&
	       permission_may_search(&attributes, run->context->credential);
}

/* What name in here leads to, mount points crossed; false if that is not known. */
static bool
run_find(const struct run *run, struct name name, struct vnode **out)
{
	struct mount *mount;

	if (name_is_dot(name) || name_is_dot_dot(name) || !run_may_search(run) ||
	    !name_cache_peek(run->here, name, out))
		return false;
	while (*out != NULL && (mount = atomic_load(&(*out)->mounted_here)) != NULL) {
		if ((run->context->resolve & RESOLVE_NO_XDEV) != 0)
			return false;
		*out = mount->root;
	}
	return true;
}

/* Run to the end, or, if is_for_parent, up to the last name. */
static enum run_result
run_along(struct run *run, bool is_for_parent)
{
	for (;;) {
		const char *rest = run->rest;
		struct name name = take_name(&rest);
		bool is_last = is_at_last(rest);
		struct vnode *next;

		/* Slashes at the end are more than a run understands. */
		if (is_last && (is_for_parent || *rest != '\0' || name.length == 0))
			return RUN_STOPPED;
		if (!run_find(run, name, &next))
			return RUN_STOPPED;
		if (next == NULL)
			return RUN_ABSENT;
		if (next->type == VNODE_SYMLINK && (!is_last || (run->flags & LOOKUP_FOLLOW)))
			return RUN_STOPPED;
		if (is_last && (run->flags & LOOKUP_DIRECTORY) && next->type != VNODE_DIRECTORY)
			return RUN_STOPPED;
		run->here = next;
		run->rest = rest;
		if (is_last)
			return RUN_ENDED;
	}
}

static struct run
run_begin(const struct path_context *context, const char *path, uint32_t flags)
{
	return (struct run){
		.context = context,
		.here = *path == '/' ? context->root : context->start,
		.rest = path,
		.flags = flags,
	};
}

bool
lookup_peek(const struct path_context *context, const char *path, uint32_t flags,
    struct vnode **out, int *result)
{
	struct run run = run_begin(context, path, flags);
	enum run_result how = run_along(&run, false);

	*out = how == RUN_ENDED ? run.here : NULL;
	*result = how == RUN_ENDED ? 0 : -ENOENT;
	return how != RUN_STOPPED;
}

/* A reference to where a run has come to, unless it must not be entered. */
static bool
run_get(const struct run *run)
{
	return !atomic_load(&run->here->mount->is_closing) && vnode_try_get(run->here);
}

/* ---- symbolic links ------------------------------------------------------------- */

/* Refuse targets that are no path.  */
static int
check_target(const struct vnode *link, const char *target, size_t length)
{
	if (length == 0)
		return -ENOENT;
	if (string_length(target, length) < length) {
		kernel_log(link->kernel, LOG_ERROR,
		    "%s: inode %llu: the target of a symbolic link contains a NUL",
		    link->mount->source, (unsigned long long)link->ino);
		return -EUCLEAN;
	}
	return 0;
}

/*
 * Read the target of link to *text, with room for rest_size bytes after it.
 * (link: shared)
 */
static int
read_target(struct vnode *link, size_t rest_size, char **text, size_t *text_size, size_t *length)
{
	uint64_t size = link->attributes.size;
	int error;

	if (link->attributes.size >= PATH_LENGTH_MAX || size + rest_size > WALK_TEXT_MAX)
		return -ENAMETOOLONG;
	*text_size = (size_t)size + rest_size;
	*text = memory_alloc(link->kernel, *text_size);
	if (*text == NULL)
		return -ENOMEM;
	error = vnode_read_link(link, *text, (size_t)size, length);
	if (error == 0)
		error = check_target(link, *text, *length);
	if (error < 0)
		memory_free(link->kernel, *text, *text_size);
	return error;
}

/* Let the rest begin with the target of link. */
static int
splice_target(struct walk *walk, struct vnode *link)
{
	size_t rest_size = string_length(walk->rest, WALK_TEXT_MAX) + 1;
	size_t text_size;
	size_t length;
	char *text;
	int error;

	rwlock_lock_shared(&link->lock);
	error = read_target(link, rest_size, &text, &text_size, &length);
	rwlock_unlock_shared(&link->lock);
	if (error < 0)
		return error;
	namespace_accessed(link);
	memcpy(text + length, walk->rest, rest_size);
	memory_free(link->kernel, walk->text, walk->text_size);
	walk->text = text;
	walk->text_size = text_size;
	walk->rest = text;
	return 0;
}

/* ---- walking --------------------------------------------------------------------- */

/* Be at dir, whose reference is taken over unless it is borrowed. */
static void
move_to(struct walk *walk, struct vnode *dir, bool is_borrowed)
{
	if (!walk->is_borrowed)
		vnode_put(walk->dir);
	walk->dir = dir;
	walk->is_borrowed = is_borrowed;
}

static struct walk
walk_at_start(const struct path_context *context, const char *path)
{
	return (struct walk){
		.context = context,
		.dir = *path == '/' ? context->root : context->start,
		.rest = path,
		.is_borrowed = true,
	};
}

/* Have a walk that has just begun run ahead, and say how it ended. */
static enum run_result
walk_run(struct walk *walk, uint32_t flags, bool is_for_parent)
{
	const struct path_context *context = walk->context;
	struct run run = run_begin(context, walk->rest, flags);
	enum run_result how;

	if (context->reader == NULL)
		return RUN_STOPPED;
	rcu_read_begin(context->reader);
	how = run_along(&run, is_for_parent);
	if (how != RUN_ABSENT && run.here != walk->dir) {
		if (run_get(&run)) {
			walk->dir = run.here;
			walk->rest = run.rest;
			walk->is_borrowed = false;
		} else {
			how = RUN_STOPPED; /* where it began */
		}
	}
	rcu_read_end(context->kernel, context->reader);
	return how;
}

void
walk_begin(struct walk *walk, const struct path_context *context, const char *path)
{
	*walk = walk_at_start(context, path);
	(void)walk_run(walk, LOOKUP_FOLLOW, true);
}

void
walk_end(struct walk *walk)
{
	move_to(walk, NULL, true);
	memory_free(walk->context->kernel, walk->text, walk->text_size);
}

int
walk_follow(struct walk *walk, struct vnode *link)
{
	uint32_t resolve = walk->context->resolve;
	struct vnode *root = walk->context->root;
	int error = -ELOOP;

	if (walk->link_count < SYMLINK_MAX && (resolve & RESOLVE_NO_SYMLINKS) == 0)
		error = splice_target(walk, link);
	vnode_put(link);
	if (error < 0)
		return error;
	walk->link_count++;
	if (*walk->rest != '/')
		return 0;
	if ((resolve & RESOLVE_BENEATH) != 0)
		return -EXDEV;
	if ((resolve & RESOLVE_NO_XDEV) != 0 && walk->dir->mount != root->mount)
		return -EXDEV;
	move_to(walk, root, true);
	return 0;
}

/* Go through name, which is not the last. */
static int
step(struct walk *walk, struct name name)
{
	struct vnode *vnode;
	int error = walk_find(walk, name, &vnode);

	if (error < 0)
		return error;
	if (vnode->type == VNODE_SYMLINK)
		return walk_follow(walk, vnode);
	move_to(walk, vnode, false);
	return 0;
}

int
walk_to_last(struct walk *walk, struct name *last)
{
	for (;;) {
		int error;

		*last = take_name(&walk->rest);
		if (is_at_last(walk->rest)) /* nobody is asked for "/" itself */
			return last->length > 0 ? check_dir(walk) : 0;
		error = step(walk, *last);
		if (error < 0)
			return error;
	}
}

/* A reference to what the last name leads to, by which the walk ends. */
static int
find_last(struct walk *walk, struct name last, struct vnode **out)
{
	if (last.length > 0)
		return walk_find(walk, last, out);
	*out = vnode_get(walk->dir);
	return 0;
}

static int
walk_whole(struct walk *walk, uint32_t flags, struct vnode **out)
{
	struct name last;
	int error;

	for (;;) {
		error = walk_to_last(walk, &last);
		if (error == 0)
			error = find_last(walk, last, out);
		if (error < 0)
			return error;
		if ((*out)->type != VNODE_SYMLINK)
			break;
		if (!(flags & LOOKUP_FOLLOW) && *walk->rest == '\0')
			break;
		error = walk_follow(walk, *out);
		*out = NULL;
		if (error < 0)
			return error;
	}
	if ((*out)->type != VNODE_DIRECTORY && (*walk->rest == '/' || (flags & LOOKUP_DIRECTORY))) {
		vnode_put(*out);
		*out = NULL;
		return -ENOTDIR;
	}
	return 0;
}

int
lookup(const struct path_context *context, const char *path, uint32_t flags, struct vnode **out)
{
	struct walk walk;
	int error;

	*out = NULL;
	if (*path == '\0' && (flags & LOOKUP_EMPTY_PATH)) {
		*out = vnode_get(context->start);
		return 0;
	}
	if (*path == '\0')
		return -ENOENT;
	walk = walk_at_start(context, path);
	switch (walk_run(&walk, flags, false)) {
	case RUN_ENDED:
		*out = walk.dir; /* with its reference */
		return 0;
	case RUN_ABSENT:
		return -ENOENT;
	default:
		error = walk_whole(&walk, flags, out);
		walk_end(&walk);
		return error;
	}
}

int
lookup_parent(const struct path_context *context, const char *path, struct lookup_parent *out)
{
	struct walk walk;
	struct name last;
	int error;

	*out = (struct lookup_parent){ 0 };
	if (*path == '\0')
		return -ENOENT;
	walk_begin(&walk, context, path);
	error = walk_to_last(&walk, &last);
	if (error == 0) {
		/* Whatever was followed, the text ends as the path does. */
		size_t left = last.length + string_length(walk.rest, SIZE_MAX);

		out->dir = vnode_get(walk.dir);
		out->last.bytes = path + string_length(path, SIZE_MAX) - left;
		out->last.length = last.length;
		out->has_trailing_slash = *walk.rest == '/';
	}
	walk_end(&walk);
	return error;
}
