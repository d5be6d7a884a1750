/*
 * The lives of vnodes: references, the table, idle ones, reclaiming.
 *
 * vnode->references holds a count and flags in one word, so that the usual
 * get and put are one atomic operation each and take no lock:
 *
 *	TABLED		it can be found by (mount, ino); set by vnode_find()
 *	UNLINKED	no name leads to it; set by vnode_has_no_name() and
 *			vnode_mark_unnamed(), cleared by vnode_has_name()
 *	LISTED		it is on the idle list; set by vnode_put_last()
 *	RECENT		it was used since the idle list was last looked through
 *	DOOMED		it is being reclaimed, and cannot be had any more
 *	DIRTY		one of the references is the page cache's, which has
 *			pages to write; set by vnode_hold_dirty()
 *
 * A vnode worth keeping (TABLED, not UNLINKED) goes to the idle list when its
 * count first becomes 0, and stays there while it is used again: only whoever
 * looks for something to reclaim takes it off if it finds it referenced.  So a
 * path walk through unused directories does not touch the list.  Any other
 * vnode is reclaimed with its last reference.
 *
 * DOOMED is set when the count is 0 and the table's lock is held.  From then on
 * nobody finds the vnode in the table, and the name cache, which may still
 * lead to it, gets no reference.  Its names and pages are dropped, then the
 * file system frees the inode; mount->reclaim_count tells unmounting to wait
 * for it.
 *
 * Whether a mount is used is seen by looking at the count of each of its
 * vnodes, less those that do not count, while threads inside may move on from one not yet seen to one that
 * was.  Such a thread takes a reference meanwhile; it sees is_closing then and
 * sets was_entered.  A walk without references (kern/rcu.h) that ends in the
 * mount looks at is_closing before it takes one.    A file system in memory holds one reference to each vnode
 * that has a name, which does not count.
 */
#include "vfs/vnode.h"

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "vfs/mount.h"
#include "vfs/name_cache.h"
#include "vfs/vfs_impl.h"

#define REFERENCE_COUNT	   0x03ffffffU
#define REFERENCE_DIRTY	   (1U << 26)
#define REFERENCE_RECENT   (1U << 27)
#define REFERENCE_DOOMED   (1U << 28)
#define REFERENCE_TABLED   (1U << 29)
#define REFERENCE_UNLINKED (1U << 30)
#define REFERENCE_LISTED   (1U << 31)

#define BUCKETS_MIN 16

/* What an idle vnode takes, its inode and its names included: an estimate. */
#define IDLE_SIZE 1024

/* Idle vnodes may take this part of the memory that a kernel may take. */
#define IDLE_SHARE 4
#define IDLE_MIN   32

/* How many vnodes one vnode_put() reclaims when there are too many. */
#define TRIM_BATCH 4

static struct vnode_table *
table_of(const struct vnode *vnode)
{
	return &vfs_of(vnode->kernel)->vnodes;
}

/* ---- references ------------------------------------------------------------ */

/* A reference was taken: tell vnode_any_used(). */
static void
note_entry(struct vnode *vnode)
{
	struct mount *mount = vnode->mount;

	if (UNLIKELY(atomic_load(&mount->is_closing)))
		atomic_store(&mount->was_entered, true);
}

struct vnode *
vnode_get(struct vnode *vnode)
{
	atomic_fetch_add(&vnode->references, 1);
	note_entry(vnode);
	return vnode;
}

bool
vnode_try_get(struct vnode *vnode)
{
	uint32_t old = atomic_load_explicit(&vnode->references, memory_order_relaxed);

	do {
		if (old & REFERENCE_DOOMED)
			return false;
	} while (!atomic_compare_exchange_weak(&vnode->references, &old, old + 1));
	note_entry(vnode);
	return true;
}

void
vnode_has_no_name(struct vnode *vnode)
{
	rwlock_assert_exclusive(&vnode->lock);
	atomic_fetch_or(&vnode->references, REFERENCE_UNLINKED);
}

void
vnode_mark_unnamed(struct vnode *vnode)
{
	vnode->is_linkable = true;
	atomic_fetch_or(&vnode->references, REFERENCE_UNLINKED);
}

void
vnode_has_name(struct vnode *vnode)
{
	rwlock_assert_exclusive(&vnode->lock);
	atomic_fetch_and(&vnode->references, ~REFERENCE_UNLINKED);
}

void
vnode_hold_dirty(struct vnode *vnode)
{
	uint32_t old = atomic_fetch_add(&vnode->references, REFERENCE_DIRTY + 1);

	ASSERT(!(old & REFERENCE_DIRTY));
}

void
vnode_release_dirty(struct vnode *vnode)
{
	uint32_t old = atomic_fetch_and(&vnode->references, ~REFERENCE_DIRTY);

	ASSERT(old & REFERENCE_DIRTY);
	if (!(old & REFERENCE_DOOMED)) /* else its references do not count any more */
		vnode_put(vnode);
}

/*
 * Is the page cache's the only reference but ours, and will nobody ever read
 * what it has to write?
 */
static bool
is_dirty_in_vain(uint32_t references)
{
	const uint32_t flags = REFERENCE_DIRTY | REFERENCE_UNLINKED;

	return (references & (REFERENCE_COUNT | flags)) == (2 | flags);
}

/* Is a vnode with these flags kept when nobody uses it? */
static bool
is_worth_keeping(uint32_t references)
{
	return (references & (REFERENCE_TABLED | REFERENCE_UNLINKED)) == REFERENCE_TABLED;
}

/* ---- the table ------------------------------------------------------------- */

/* Hash chain of (mount, ino).  REQUIRES(table->lock) */
static struct list *
bucket_of(const struct vnode_table *table, const struct mount *mount, uint64_t ino)
{
	uint64_t key = ino ^ mount->kernel->hash_secret ^ (uint64_t)mount->id << 40;

	return &table->buckets[hash_u64(key) & (table->bucket_count - 1)];
}

/* A reference to the vnode ino of mount, or NULL.  REQUIRES(table->lock) */
static struct vnode *
table_get(const struct vnode_table *table, const struct mount *mount, uint64_t ino)
{
	list_for_each(link, bucket_of(table, mount, ino)) {
		struct vnode *vnode = list_entry(link, struct vnode, table_link);

		if (vnode->ino == ino && vnode->mount == mount)
			return vnode_get(vnode);
	}
	return NULL;
}

/* REQUIRES(table->lock) */
static void
table_insert(struct vnode_table *table, struct vnode *vnode)
{
	uint32_t flags = REFERENCE_TABLED;

	if (vnode->attributes.link_count == 0)
		flags |= REFERENCE_UNLINKED;
	atomic_fetch_or(&vnode->references, flags);
	list_push_front(bucket_of(table, vnode->mount, vnode->ino), &vnode->table_link);
	table->count++;
}

/* Move all vnodes to a new array of buckets.  REQUIRES(table->lock) */
static void
table_rehash(struct vnode_table *table, struct list *buckets, size_t bucket_count)
{
	struct list *old_buckets = table->buckets;
	size_t old_count = table->bucket_count;

	for (size_t i = 0; i < bucket_count; i++)
		list_init(&buckets[i]);
	table->buckets = buckets;
	table->bucket_count = bucket_count;
	for (size_t i = 0; i < old_count; i++) {
		list_for_each_safe(link, after, &old_buckets[i]) {
			struct vnode *vnode = list_entry(link, struct vnode, table_link);

			list_push_back(bucket_of(table, vnode->mount, vnode->ino), link);
		}
	}
}

/*
 * Double the number of buckets from what it was, unless somebody else has or
 * there is no memory: then chains are longer.
 */
static void
table_grow(struct kernel *kernel, size_t old_count)
{
	struct vnode_table *table = &vfs_of(kernel)->vnodes;
	size_t new_count = old_count * 2;
	struct list *buckets = memory_alloc_array(kernel, new_count, sizeof(*buckets));
	struct list *unused = buckets;
	size_t unused_count = new_count;

	if (buckets == NULL)
		return;
	mutex_lock(&table->lock);
	if (table->bucket_count == old_count) {
		unused = table->buckets;
		unused_count = old_count;
		table_rehash(table, buckets, new_count);
	}
	mutex_unlock(&table->lock);
	memory_free(kernel, unused, unused_count * sizeof(*unused));
}

/* Take a vnode that is doomed out of all lists.  REQUIRES(table->lock) */
static void
table_remove(struct vnode_table *table, struct vnode *vnode, uint32_t flags)
{
	if (flags & REFERENCE_TABLED) {
		list_remove(&vnode->table_link);
		table->count--;
	}
	if (flags & REFERENCE_LISTED) {
		list_remove(&vnode->idle_link);
		table->idle_count--;
	}
}

/* ---- reclaiming ------------------------------------------------------------ */

/*
 * Free a doomed vnode that table_remove() has taken out and that reclaim_count
 * counts.  Of a directory that was removed, the reference to what it was in
 * passes to the caller; otherwise NULL.
 */
static struct vnode *
vnode_reclaim(struct vnode *vnode)
{
	struct vnode_table *table = table_of(vnode);
	struct vnode *former_parent = vnode->former_parent;
	struct mount *mount = vnode->mount;

	ASSERT(atomic_load_explicit(&vnode->lock_count, memory_order_relaxed) == 0);
	name_cache_purge(vnode);
	page_cache_truncate(vnode, 0);
	if (atomic_load(&vnode->references) & REFERENCE_UNLINKED)
		vnode->ops->erase(vnode);

	mutex_lock(&table->lock);
	list_remove(&vnode->mount_link);
	mutex_unlock(&table->lock);
	vnode->ops->reclaim(vnode);

	mutex_lock(&table->lock);
	if (--mount->reclaim_count == 0)
		condition_broadcast(&table->reclaimed, &table->lock);
	mutex_unlock(&table->lock);
	return former_parent;
}

/*
 * The vnode that has been idle for longest, DOOMED and not LISTED any more but
 * still on the list; NULL if none is found by looking at *tries of them.
 * REQUIRES(table->lock)
 */
static struct vnode *
doom_idle(struct vnode_table *table, size_t *tries)
{
	while (*tries > 0 && !list_is_empty(&table->idle)) {
		struct vnode *vnode = list_entry(table->idle.next, struct vnode, idle_link);
		uint32_t old = atomic_load(&vnode->references);
		uint32_t new = old & ~REFERENCE_RECENT;

		if ((old & REFERENCE_COUNT) > 0)
			new = old & ~REFERENCE_LISTED;
		else if (!(old & REFERENCE_RECENT))
			new = (old & ~REFERENCE_LISTED) | REFERENCE_DOOMED;
		if (!atomic_compare_exchange_strong(&vnode->references, &old, new))
			continue;

		--*tries;
		if (new &REFERENCE_DOOMED)
			return vnode;
		list_remove(&vnode->idle_link);
		if (new &REFERENCE_LISTED)
			list_push_back(&table->idle, &vnode->idle_link);
		else
			table->idle_count--;
	}
	return NULL;
}

/* There are more idle vnodes than there may be: reclaim some. */
static void
trim_idle(struct vnode_table *table)
{
	size_t tries = 8 * TRIM_BATCH;

	for (int i = 0; i < TRIM_BATCH; i++) {
		struct vnode *vnode = NULL;

		mutex_lock(&table->lock);
		if (table->idle_count > table->idle_max)
			vnode = doom_idle(table, &tries);
		if (vnode != NULL) {
			table_remove(table, vnode, REFERENCE_TABLED | REFERENCE_LISTED);
			vnode->mount->reclaim_count++;
		}
		mutex_unlock(&table->lock);
		if (vnode == NULL)
			return;
		vnode = vnode_reclaim(vnode);
		ASSERT(vnode == NULL); /* what has no name is never idle */
	}
}

/*
 * Give the last reference back, as it seems; somebody may still take another.
 * If something else is to be put then, it is returned.
 */
static struct vnode *
vnode_put_last(struct vnode *vnode)
{
	struct vnode_table *table = table_of(vnode);
	uint32_t old = atomic_load(&vnode->references);
	struct vnode *next = NULL;
	uint32_t new;
	bool is_crowded;

	mutex_lock(&table->lock);
	do {
		new = old - 1;
		if ((new &REFERENCE_COUNT) > 0)
			continue;
		if (is_worth_keeping(old))
			new |= REFERENCE_LISTED | REFERENCE_RECENT;
		else
			new |= REFERENCE_DOOMED;
	} while (!atomic_compare_exchange_weak(&vnode->references, &old, new));

	if (new &REFERENCE_DOOMED) {
		table_remove(table, vnode, new);
		vnode->mount->reclaim_count++;
	} else if ((new &REFERENCE_LISTED) && !(old & REFERENCE_LISTED)) {
		list_push_back(&table->idle, &vnode->idle_link);
		table->idle_count++;
	}
	is_crowded = table->idle_count > table->idle_max;
	mutex_unlock(&table->lock);

	/* Unless it is doomed, the vnode may be gone by now. */
	if (new &REFERENCE_DOOMED)
		next = vnode_reclaim(vnode);
	if (is_crowded)
		trim_idle(table);
	return next;
}

/* Give one reference back, and return what is to be put then, or NULL. */
static struct vnode *
put_one(struct vnode *vnode)
{
	uint32_t old;
	uint32_t new;

	old = atomic_load_explicit(&vnode->references, memory_order_relaxed);
	if (UNLIKELY(is_dirty_in_vain(old))) {
		page_cache_forget_dirty(vnode);
		old = atomic_load_explicit(&vnode->references, memory_order_relaxed);
	}
	do {
		ASSERT((old & REFERENCE_COUNT) > 0);
		new = old - 1;
		if ((new &REFERENCE_COUNT) > 0)
			continue;
		if (!(old & REFERENCE_LISTED) || !is_worth_keeping(old))
			return vnode_put_last(vnode);
		new |= REFERENCE_RECENT;
	} while (!atomic_compare_exchange_weak(&vnode->references, &old, new));
	return NULL;
}

void
vnode_put(struct vnode *vnode)
{
	/* Directories in directories, all removed, go one after the other. */
	while (vnode != NULL)
		vnode = put_one(vnode);
}

/* Are no pages left of a doomed vnode?  False also if that cannot be seen. */
static bool
has_no_pages(struct vnode *vnode)
{
	bool is_empty;

	if (!mutex_try_lock(&vnode->pages.lock))
		return false;
	is_empty = vnode->pages.page_count == 0;
	mutex_unlock(&vnode->pages.lock);
	return is_empty;
}

/*
 * The shrinker: reclaim idle vnodes without waiting for locks.  Vnodes with
 * pages are left alone; the page cache's own shrinker takes those first.
 */
static size_t
vnode_shrink(struct kernel *kernel, size_t page_count)
{
	struct vnode_table *table = &vfs_of(kernel)->vnodes;
	size_t wanted = page_count * (PAGE_SIZE / IDLE_SIZE);
	size_t freed = 0;
	size_t tries;

	if (!mutex_try_lock(&table->lock))
		return 0;
	tries = 2 * wanted < table->idle_count ? 2 * wanted : table->idle_count;
	while (freed < wanted) {
		struct vnode *vnode = doom_idle(table, &tries);

		if (vnode == NULL)
			break;
		if (has_no_pages(vnode) && name_cache_try_purge(vnode)) {
			table_remove(table, vnode, REFERENCE_TABLED | REFERENCE_LISTED);
			list_remove(&vnode->mount_link);
			vnode->ops->reclaim(vnode);
			freed++;
		} else {
			list_remove(&vnode->idle_link);
			list_push_back(&table->idle, &vnode->idle_link);
			atomic_fetch_xor(&vnode->references, REFERENCE_DOOMED | REFERENCE_LISTED);
		}
	}
	mutex_unlock(&table->lock);
	return (freed * IDLE_SIZE + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* ---- finding ---------------------------------------------------------------- */

void
vnode_init(struct vnode *vnode, struct mount *mount, const struct vnode_ops *ops,
    enum vnode_type type, uint64_t ino)
{
	struct vnode_table *table = &vfs_of(mount->kernel)->vnodes;

	memset(vnode, 0, sizeof(*vnode));
	vnode->ops = ops;
	vnode->mount = mount;
	vnode->kernel = mount->kernel;
	vnode->ino = ino;
	vnode->type = type;
	vnode->is_memory = mount->ops->load == mount_no_load;
	atomic_init(&vnode->references, 1);
	atomic_init(&vnode->is_searchable, false);
	atomic_init(&vnode->mounted_here, NULL);
	rwlock_init(&vnode->lock, mount->kernel, RANK_VNODE);
	page_cache_init(&vnode->pages, mount->kernel);
	list_init(&vnode->names);
	list_init(&vnode->children);

	mutex_lock(&table->lock);
	list_push_back(&mount->vnodes, &vnode->mount_link);
	mutex_unlock(&table->lock);
}

/*
 * Put a new vnode into the table, or, if the table has one of its number by
 * now, give it back and let *vnode be that one.
 */
static void
vnode_settle(struct vnode **vnode)
{
	struct vnode *fresh = *vnode;
	struct vnode_table *table = table_of(fresh);
	size_t grow_from = 0;
	struct vnode *present;

	mutex_lock(&table->lock);
	present = table_get(table, fresh->mount, fresh->ino);
	if (present == NULL) {
		table_insert(table, fresh);
		if (table->count > table->bucket_count)
			grow_from = table->bucket_count;
	}
	mutex_unlock(&table->lock);

	if (grow_from > 0)
		table_grow(fresh->kernel, grow_from);
	if (present != NULL) {
		vnode_put(fresh);
		*vnode = present;
	}
}

int
vnode_find(struct mount *mount, uint64_t ino, struct vnode **out)
{
	struct vnode_table *table = &vfs_of(mount->kernel)->vnodes;
	int error;

	mutex_lock(&table->lock);
	*out = table_get(table, mount, ino);
	mutex_unlock(&table->lock);
	if (*out != NULL)
		return 0;

	error = mount->ops->load(mount, ino, out);
	if (error < 0) {
		*out = NULL;
		return error;
	}
	ASSERT((*out)->mount == mount && (*out)->ino == ino);
	vnode_settle(out);
	return 0;
}

/* ---- leaving a mount --------------------------------------------------------- */

/* Wait until nobody reclaims vnodes of mount.  REQUIRES(table->lock) */
static void
wait_for_reclaims(struct vnode_table *table, struct mount *mount)
{
	while (mount->reclaim_count > 0) {
		int error = condition_wait(&table->reclaimed, &table->lock, HOST_NO_DEADLINE);

		ASSERT(error == 0);
	}
}

/* References to vnode that are its mount's and its file system's own. */
static uint32_t
own_references(const struct vnode *vnode, uint32_t references)
{
	uint32_t count = vnode == vnode->mount->root;

	if (references & REFERENCE_DIRTY)
		count++;
	if (vnode->is_memory && !(references & REFERENCE_UNLINKED))
		count++;
	return count;
}

bool
vnode_any_used(struct mount *mount)
{
	struct vnode_table *table = &vfs_of(mount->kernel)->vnodes;
	bool is_used = false;

	atomic_store(&mount->was_entered, false);
	atomic_store(&mount->is_closing, true);
	rcu_synchronize(mount->kernel); /* walks that did not see it have their references now */
	mutex_lock(&table->lock);
	wait_for_reclaims(table, mount);
	list_for_each(link, &mount->vnodes) {
		struct vnode *vnode = list_entry(link, struct vnode, mount_link);
		uint32_t references = atomic_load(&vnode->references);

		is_used |= (references & REFERENCE_COUNT) > own_references(vnode, references);
	}
	mutex_unlock(&table->lock);
	is_used |= atomic_load(&mount->was_entered);
	if (is_used)
		atomic_store(&mount->is_closing, false);
	return is_used;
}

void
vnode_reclaim_all(struct mount *mount)
{
	struct vnode_table *table = &vfs_of(mount->kernel)->vnodes;
	struct list doomed;

	list_init(&doomed);
	mutex_lock(&table->lock);
	list_for_each_safe(link, after, &mount->vnodes) {
		struct vnode *vnode = list_entry(link, struct vnode, mount_link);
		uint32_t old = atomic_fetch_or(&vnode->references, REFERENCE_DOOMED);

		if (old & REFERENCE_DOOMED)
			continue; /* somebody else is at it */
		table_remove(table, vnode, old);
		list_remove(link);
		list_push_back(&doomed, link);
		mount->reclaim_count++;
	}
	mutex_unlock(&table->lock);

	/* A former parent is of the same mount, and goes whoever refers to it. */
	list_for_each_safe(link, after, &doomed)
		(void)vnode_reclaim(list_entry(link, struct vnode, mount_link));

	mutex_lock(&table->lock);
	wait_for_reclaims(table, mount);
	mutex_unlock(&table->lock);
}

/* ---- start and stop ----------------------------------------------------------- */

int
vnode_table_start(struct kernel *kernel)
{
	struct vnode_table *table = &vfs_of(kernel)->vnodes;
	size_t idle_max =
	    (size_t)min_u64(kernel->memory.limit / IDLE_SHARE / IDLE_SIZE, SIZE_MAX / 4);

	mutex_init(&table->lock, kernel, RANK_VNODE_TABLE);
	condition_init(&table->reclaimed);
	list_init(&table->idle);
	table->idle_max = idle_max < IDLE_MIN ? IDLE_MIN : idle_max;
	table->bucket_count = BUCKETS_MIN;
	table->buckets = memory_alloc_array(kernel, BUCKETS_MIN, sizeof(*table->buckets));
	if (table->buckets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < BUCKETS_MIN; i++)
		list_init(&table->buckets[i]);
	table->shrinker.shrink = vnode_shrink;
	shrinker_register(kernel, &table->shrinker);
	return 0;
}

void
vnode_table_stop(struct kernel *kernel)
{
	struct vnode_table *table = &vfs_of(kernel)->vnodes;

	ASSERT(table->count == 0);
	shrinker_unregister(kernel, &table->shrinker);
	memory_free(kernel, table->buckets, table->bucket_count * sizeof(*table->buckets));
}
