/*
 * Locks on files.
 *
 * All locks of a kernel stand in a small hash table by their vnodes, since few
 * files ever have one; a vnode counts its own, for those who want to know whether
 * there are any.  In a chain, those of one file are in the order of where they
 * start; those of one owner do not overlap, and touch only if their types
 * differ.  One mutex guards all: locks are taken seldom, and whether processes
 * wait for each other concerns many files at once.
 *
 * Who must wait stands in one line.  Whatever takes something away from the
 * locks of a file looks through the line and does on behalf of each what it
 * asked for, as soon as nothing is in the way; then it wakes him.  So nobody who
 * comes later can be faster, and the memory that a grant may need was set aside
 * by the one who waits.
 *
 * A process that waits for one that waits, in the end, for it: who is waited
 * for spreads from the new request along those who wait, until it reaches its
 * own owner or nobody new.  Owners that are open files take no part: nobody
 * knows who will use them next.
 *
 * A tree of intervals would find conflicts faster where one file has thousands
 * of locks.  Linux has none either.
 */
#include "vfs/file_lock.h"

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "kern/memory.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

/* A lock may split another into two: itself and the second part are new. */
#define SPARES 2

struct held_lock {
	struct list link; /* in its chain */
	struct vnode *vnode;
	struct file_lock lock;
};

/* Memory for locks to come. */
struct spares {
	struct held_lock *locks[SPARES];
	unsigned count;
};

struct waiter {
	struct list link;
	struct vnode *vnode;
	const struct file_lock *wanted;
	struct spares *spares;
	struct condition granted;
	bool is_granted;
	bool is_reached; /* by a search for deadlocks */
};

static struct file_lock_table *
table_of(const struct vnode *vnode)
{
	return &vfs_of(vnode->kernel)->file_locks;
}

static struct list *
chain_of(const struct vnode *vnode)
{
	uint64_t hash = hash_u64((uintptr_t)vnode);

	return &table_of(vnode)->chains[hash % FILE_LOCK_CHAINS];
}

void
file_locks_start(struct kernel *kernel)
{
	struct file_lock_table *table = &vfs_of(kernel)->file_locks;

	mutex_init(&table->lock, kernel, RANK_FILE_LOCK);
	list_init(&table->waiters);
	for (size_t i = 0; i < FILE_LOCK_CHAINS; i++)
		list_init(&table->chains[i]);
}

/* ---- memory ---------------------------------------------------------------------- */

static void
spares_free(struct spares *spares, struct kernel *kernel)
{
	while (spares->count > 0)
		memory_free(kernel, spares->locks[--spares->count], sizeof(struct held_lock));
}

static int
spares_fill(struct spares *spares, struct kernel *kernel)
{
	spares->count = 0;
	while (spares->count < SPARES) {
		struct held_lock *held = memory_alloc(kernel, sizeof(*held));

		if (held == NULL) {
			spares_free(spares, kernel);
			return -ENOLCK;
		}
		spares->locks[spares->count++] = held;
	}
	return 0;
}

/* ---- what is held ------------------------------------------------------------------ */

/* Are these of the same world, in which locks keep each other out? */
static bool
is_same_world(const struct file_lock *left, const struct file_lock *right)
{
	return (left->kind == FILE_LOCK_WHOLE) == (right->kind == FILE_LOCK_WHOLE);
}

static bool
is_same_owner(const struct file_lock *left, const struct file_lock *right)
{
	return left->kind == right->kind && left->owner == right->owner;
}

static bool
overlaps(const struct file_lock *left, const struct file_lock *right)
{
	return left->start <= right->end && right->start <= left->end;
}

static bool
conflicts(const struct file_lock *held, const struct file_lock *wanted)
{
	return is_same_world(held, wanted) && !is_same_owner(held, wanted) &&
	       (held->type == FILE_LOCK_EXCLUSIVE || wanted->type == FILE_LOCK_EXCLUSIVE) &&
	       overlaps(held, wanted);
}

/* The first lock that keeps wanted out, or NULL. */
static struct held_lock *
find_conflict(const struct vnode *vnode, const struct file_lock *wanted)
{
	if (wanted->type == FILE_LOCK_NONE)
		return NULL;
	list_for_each(link, chain_of(vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode == vnode && conflicts(&held->lock, wanted))
			return held;
	}
	return NULL;
}

/* Put a lock into the chain, before the file's next. */
static void
hold(struct vnode *vnode, struct spares *spares, const struct file_lock *lock)
{
	struct held_lock *held, *next;
	struct list *place = chain_of(vnode);

	ASSERT(spares->count > 0);
	held = spares->locks[--spares->count];
	held->vnode = vnode;
	held->lock = *lock;
	list_for_each(link, chain_of(vnode)) {
		next = list_entry(link, struct held_lock, link);
		if (next->vnode == vnode && next->lock.start >= lock->start) {
			place = link;
			break;
		}
	}
	list_push_back(place, &held->link);
	atomic_fetch_add_explicit(&vnode->lock_count, 1, memory_order_relaxed);
}

static void
drop(struct held_lock *held)
{
	struct vnode *vnode = held->vnode;

	list_remove(&held->link);
	memory_free(vnode->kernel, held, sizeof(*held));
	atomic_fetch_sub_explicit(&vnode->lock_count, 1, memory_order_relaxed);
}

/* Take [start, end] away from a lock of the same owner that overlaps it. */
static void
cut(struct held_lock *held, const struct file_lock *wanted, struct spares *spares)
{
	struct file_lock rest = held->lock;

	if (held->lock.start < wanted->start) {
		held->lock.end = wanted->start - 1;
		if (rest.end > wanted->end) {
			rest.start = wanted->end + 1;
			hold(held->vnode, spares, &rest);
		}
	} else if (rest.end > wanted->end) {
		rest.start = wanted->end + 1;
		hold(held->vnode, spares, &rest); /* it may stand elsewhere now */
		drop(held);
	} else {
		drop(held);
	}
}

/* Do they meet, or follow one another without a byte between? */
static bool
touches(const struct file_lock *left, const struct file_lock *right)
{
	return left->start <= right->end + 1 && right->start <= left->end + 1;
}

/*
 * Let the owner have the lock and nothing else on its range.  Locks of its own
 * that touch it and are of the same type become part of it.
 */
static void
apply(struct vnode *vnode, const struct file_lock *wanted, struct spares *spares)
{
	struct file_lock lock = *wanted;

	list_for_each_safe(link, after, chain_of(vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode != vnode || !is_same_owner(&held->lock, &lock))
			continue;
		if (held->lock.type == lock.type && touches(&held->lock, &lock)) {
			lock.start = min_u64(lock.start, held->lock.start);
			lock.end = max_u64(lock.end, held->lock.end);
			drop(held);
		} else if (overlaps(&held->lock, &lock)) {
			cut(held, &lock, spares);
		}
	}
	if (lock.type != FILE_LOCK_NONE)
		hold(vnode, spares, &lock);
}

/* ---- who waits ----------------------------------------------------------------------- */

/* Serve the first of the line that nothing keeps out; is there one? */
static bool
serve_one(struct vnode *vnode)
{
	struct file_lock_table *table = table_of(vnode);

	list_for_each(link, &table->waiters) {
		struct waiter *waiter = list_entry(link, struct waiter, link);

		if (waiter->vnode != vnode || find_conflict(vnode, waiter->wanted) != NULL)
			continue;
		apply(vnode, waiter->wanted, waiter->spares);
		list_remove(&waiter->link);
		waiter->is_granted = true;
		condition_signal(&waiter->granted, &table->lock);
		return true;
	}
	return false;
}

/* Something went from the locks of vnode, or became less. */
static void
serve(struct vnode *vnode)
{
	while (serve_one(vnode))
		;
}

/* Does the owner hold something that waiter waits for? */
static bool
holds_up(const struct file_lock *owner, const struct waiter *waiter)
{
	list_for_each(link, chain_of(waiter->vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode == waiter->vnode && is_same_owner(&held->lock, owner) &&
		    conflicts(&held->lock, waiter->wanted))
			return true;
	}
	return false;
}

/* Does the owner hold up the first waiter, or one that it waits for? */
static bool
is_waited_for(const struct file_lock_table *table, const struct waiter *first,
    const struct file_lock *owner)
{
	if (holds_up(owner, first))
		return true;
	list_for_each(link, &table->waiters) {
		struct waiter *waiter = list_entry(link, struct waiter, link);

		if (waiter->is_reached && holds_up(owner, waiter))
			return true;
	}
	return false;
}

/* Mark one more waiter that is waited for; false if there is no other. */
static bool
reach_one(struct file_lock_table *table, const struct waiter *first)
{
	list_for_each(link, &table->waiters) {
		struct waiter *waiter = list_entry(link, struct waiter, link);

		if (!waiter->is_reached && waiter->wanted->kind == FILE_LOCK_PROCESS &&
		    is_waited_for(table, first, waiter->wanted)) {
			waiter->is_reached = true;
			return true;
		}
	}
	return false;
}

/* Would the new waiter wait for itself? */
static bool
would_deadlock(struct file_lock_table *table, const struct waiter *first)
{
	if (first->wanted->kind != FILE_LOCK_PROCESS)
		return false;
	list_for_each(link, &table->waiters)
		list_entry(link, struct waiter, link)->is_reached = false;
	while (reach_one(table, first))
		;
	return is_waited_for(table, first, first->wanted);
}

/* Wait until somebody does for us what is wanted.  (table: locked) */
static int
wait_for(struct vnode *vnode, const struct file_lock *wanted, struct spares *spares)
{
	struct file_lock_table *table = table_of(vnode);
	struct waiter waiter = { .vnode = vnode, .wanted = wanted, .spares = spares };
	int error = 0;

	if (would_deadlock(table, &waiter))
		return -EDEADLK;
	condition_init(&waiter.granted);
	list_push_back(&table->waiters, &waiter.link);
	while (!waiter.is_granted && error == 0)
		error = condition_wait(&waiter.granted, &table->lock, HOST_NO_DEADLINE);
	if (waiter.is_granted)
		return 0;
	list_remove(&waiter.link);
	return error;
}

/* ---- what others may do ----------------------------------------------------------------- */

/* flock(2) gives up what it had before it asks for something else. */
static void
give_up_other(struct vnode *vnode, const struct file_lock *wanted)
{
	list_for_each(link, chain_of(vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode == vnode && is_same_owner(&held->lock, wanted)) {
			if (held->lock.type != wanted->type) {
				drop(held);
				serve(vnode);
			}
			return;
		}
	}
}

int
file_lock_set(struct vnode *vnode, const struct file_lock *wanted, bool wait)
{
	struct file_lock_table *table = table_of(vnode);
	struct spares spares;
	int error = spares_fill(&spares, vnode->kernel);

	if (error < 0)
		return error;
	ASSERT(wanted->start <= wanted->end && wanted->end <= FILE_LOCK_END);
	mutex_lock(&table->lock);
	if (wanted->kind == FILE_LOCK_WHOLE)
		give_up_other(vnode, wanted);
	if (find_conflict(vnode, wanted) == NULL) {
		apply(vnode, wanted, &spares);
		serve(vnode);
	} else {
		error = wait ? wait_for(vnode, wanted, &spares) : -EAGAIN;
	}
	mutex_unlock(&table->lock);
	spares_free(&spares, vnode->kernel);
	return error;
}

/* The first of the owner's own locks on the range, or NULL. */
static struct held_lock *
find_own(const struct vnode *vnode, const struct file_lock *wanted)
{
	list_for_each(link, chain_of(vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode == vnode && is_same_owner(&held->lock, wanted) &&
		    overlaps(&held->lock, wanted))
			return held;
	}
	return NULL;
}

void
file_lock_find(struct vnode *vnode, const struct file_lock *wanted, struct file_lock *out)
{
	struct file_lock_table *table = table_of(vnode);
	struct held_lock *held;

	*out = *wanted;
	out->type = FILE_LOCK_NONE;
	mutex_lock(&table->lock);
	if (wanted->type == FILE_LOCK_NONE)
		held = find_own(vnode, wanted);
	else
		held = find_conflict(vnode, wanted);
	if (held != NULL)
		*out = held->lock;
	mutex_unlock(&table->lock);
}

void
file_lock_release(struct vnode *vnode, enum file_lock_kind kind, const void *owner)
{
	const struct file_lock all = { .kind = kind, .owner = owner };
	struct file_lock_table *table = table_of(vnode);

	/* Whoever locked as this owner is done with that. */
	if (LIKELY(atomic_load_explicit(&vnode->lock_count, memory_order_relaxed) == 0))
		return;
	mutex_lock(&table->lock);
	list_for_each_safe(link, after, chain_of(vnode)) {
		struct held_lock *held = list_entry(link, struct held_lock, link);

		if (held->vnode == vnode && is_same_owner(&held->lock, &all))
			drop(held);
	}
	serve(vnode);
	mutex_unlock(&table->lock);
}
