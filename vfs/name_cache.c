/*
 * The name cache.
 *
 * Entries are found through one hash table; the hash of directory and name is
 * keyed by the kernel's secret.  The table is made with the first entry and
 * doubles as needed.  Everything that changes takes the cache's lock: besides
 * its bucket, an entry is on the list of all entries, by age, on the list of its
 * directory, and, unless negative, on that of the vnode it leads to.
 *
 * Readers follow the buckets without the lock (kern/rcu.h).  They may meet an
 * entry that is just being moved to a larger table, and so miss what is in the
 * rest of its bucket: then they look again under the lock.  An entry that is
 * taken out is retired: kept, with where it leads, until no reader can see it;
 * some are collected, so as not to wait for readers with every name that goes.
 *
 * When there are as many entries as there may be, the oldest goes that was not
 * found since it was last looked at.
 *
 * An entry keeps no reference, so a vnode must not be freed while an entry
 * leads to it or a reader has seen one: reclaiming dooms the vnode, which makes
 * vnode_try_get() fail, and then purges it here, which waits for readers.
 */
#include "vfs/name_cache.h"

#include "base/hash.h"
#include "base/math.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

#define BUCKETS_MIN 16

/* One entry for so many bytes that the kernel may take. */
#define MEMORY_PER_ENTRY 4096
#define ENTRIES_MIN	 64

/* How many entries are given a second chance before one is evicted anyway. */
#define SECOND_CHANCES 8

/* How many retired entries are collected. */
#define RETIRED_MAX 32

struct name_entry {
	_Atomic(struct name_entry *) next; /* in its bucket; changed under the lock */
	struct vnode *dir;		   /* borrowed; constant */
	struct vnode *vnode;		   /* borrowed; NULL: no such name; constant */
	uint64_t hash;			   /* constant */
	struct list age_link;		   /* in cache->oldest or retired; GUARDED_BY(cache) */
	struct list dir_link;		   /* in dir->children; GUARDED_BY(cache) */
	struct list vnode_link;		   /* in vnode->names; GUARDED_BY(cache) */
	_Atomic bool was_found;		   /* since eviction last looked at it */
	uint8_t length;			   /* constant */
	char name[];			   /* length bytes; constant */
};

struct name_table {
	size_t count; /* of buckets, a power of two; constant */
	_Atomic(struct name_entry *) buckets[];
};

static struct name_cache *
cache_of(const struct vnode *vnode)
{
	return &vfs_of(vnode->kernel)->names;
}

static uint64_t
hash_of(const struct vnode *dir, struct name name)
{
	uint64_t seed = dir->kernel->hash_secret + (uintptr_t)dir;

	return hash_bytes(seed, name.bytes, name.length);
}

static _Atomic(struct name_entry *) *
bucket_of(struct name_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->count - 1)];
}

static bool
entry_is(const struct name_entry *entry, const struct vnode *dir, struct name name)
{
	return entry->dir == dir && name_equal((struct name){ entry->name, entry->length }, name);
}

/* With the cache's lock, or in a reader's section: then NULL may be wrong. */
static struct name_entry *
cache_find(struct name_cache *cache, uint64_t hash, const struct vnode *dir, struct name name)
{
	struct name_table *table = atomic_load(&cache->table);
	struct name_entry *entry;

	if (table == NULL)
		return NULL;
	entry = atomic_load(bucket_of(table, hash));
	while (entry != NULL && (entry->hash != hash || !entry_is(entry, dir, name)))
		entry = atomic_load(&entry->next);
	return entry;
}

static void
mark_found(struct name_entry *entry)
{
	if (!atomic_load_explicit(&entry->was_found, memory_order_relaxed))
		atomic_store_explicit(&entry->was_found, true, memory_order_relaxed);
}

bool
name_cache_peek(const struct vnode *dir, struct name name, struct vnode **out)
{
	struct name_entry *entry = cache_find(cache_of(dir), hash_of(dir, name), dir, name);

	*out = NULL;
	if (entry == NULL)
		return false;
	*out = entry->vnode;
	mark_found(entry);
	return true;
}

bool
name_cache_find(struct vnode *dir, struct name name, struct vnode **out)
{
	struct name_cache *cache = cache_of(dir);
	uint64_t hash = hash_of(dir, name);
	struct name_entry *entry;
	bool is_known;

	*out = NULL;
	mutex_lock(&cache->lock);
	entry = cache_find(cache, hash, dir, name);
	is_known = entry != NULL && (entry->vnode == NULL || vnode_try_get(entry->vnode));
	if (is_known) {
		*out = entry->vnode;
		mark_found(entry);
	}
	mutex_unlock(&cache->lock);
	return is_known;
}

/* ---- changing --------------------------------------------------------------- */

static size_t
entry_size(size_t name_length)
{
	return offsetof(struct name_entry, name) + name_length;
}

static size_t
table_size(size_t bucket_count)
{
	return offsetof(struct name_table, buckets) + bucket_count * sizeof(struct name_entry *);
}

static struct name_entry *
entry_create(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct name_entry *entry = memory_alloc(dir->kernel, entry_size(name.length));

	if (entry == NULL)
		return NULL;
	atomic_init(&entry->next, NULL);
	entry->dir = dir;
	entry->vnode = vnode;
	entry->hash = hash_of(dir, name);
	entry->length = (uint8_t)name.length;
	atomic_init(&entry->was_found, false);
	memcpy(entry->name, name.bytes, name.length);
	return entry;
}

static void
entry_free(struct kernel *kernel, struct name_entry *entry)
{
	memory_free(kernel, entry, entry_size(entry->length));
}

/* Free what is retired, once no reader sees it.  REQUIRES(cache->lock) */
static void
free_retired(struct kernel *kernel, struct name_cache *cache)
{
	rcu_synchronize(kernel);
	list_for_each_safe(link, after, &cache->retired)
		entry_free(kernel, list_entry(link, struct name_entry, age_link));
	list_init(&cache->retired);
	cache->retired_count = 0;
}

/* Forget entry, and free it in time.  REQUIRES(cache->lock) */
static void
cache_remove(struct kernel *kernel, struct name_cache *cache, struct name_entry *entry)
{
	struct name_table *table = atomic_load(&cache->table);
	_Atomic(struct name_entry *) *place = bucket_of(table, entry->hash);

	while (atomic_load(place) != entry)
		place = &atomic_load(place)->next;
	atomic_store(place, atomic_load(&entry->next));
	list_remove(&entry->age_link);
	list_remove(&entry->dir_link);
	if (entry->vnode != NULL)
		list_remove(&entry->vnode_link);
	cache->count--;
	list_push_back(&cache->retired, &entry->age_link);
	if (++cache->retired_count > RETIRED_MAX)
		free_retired(kernel, cache);
}

/* Put entry first into its bucket.  REQUIRES(cache->lock) */
static void
table_insert(struct name_table *table, struct name_entry *entry)
{
	_Atomic(struct name_entry *) *place = bucket_of(table, entry->hash);

	atomic_store(&entry->next, atomic_load(place));
	atomic_store(place, entry);
}

/*
 * See that there is a table, with room for one more entry if memory allows; false
 * if there is none.  REQUIRES(cache->lock)
 */
static bool
cache_grow(struct kernel *kernel, struct name_cache *cache)
{
	struct name_table *old = atomic_load(&cache->table);
	size_t count = old == NULL ? BUCKETS_MIN : old->count * 2;
	struct name_table *table;

	if (old != NULL && cache->count < old->count)
		return true;
	table = memory_alloc_zeroed(kernel, table_size(count));
	if (table == NULL)
		return old != NULL;
	table->count = count;
	list_for_each(link, &cache->oldest)
		table_insert(table, list_entry(link, struct name_entry, age_link));
	atomic_store(&cache->table, table);
	if (old != NULL) {
		rcu_synchronize(kernel);
		memory_free(kernel, old, table_size(old->count));
	}
	return true;
}

/* The entry that goes to make room.  REQUIRES(cache->lock), not empty */
static struct name_entry *
choose_victim(struct name_cache *cache)
{
	struct name_entry *entry = list_entry(cache->oldest.next, struct name_entry, age_link);

	for (int chances = SECOND_CHANCES; chances > 0; chances--) {
		if (!atomic_load_explicit(&entry->was_found, memory_order_relaxed))
			break;
		atomic_store_explicit(&entry->was_found, false, memory_order_relaxed);
		list_remove(&entry->age_link);
		list_push_back(&cache->oldest, &entry->age_link);
		entry = list_entry(cache->oldest.next, struct name_entry, age_link);
	}
	return entry;
}

/* REQUIRES(cache->lock) */
static void
cache_insert(struct name_cache *cache, struct name_entry *entry)
{
	table_insert(atomic_load(&cache->table), entry);
	list_push_back(&cache->oldest, &entry->age_link);
	list_push_back(&entry->dir->children, &entry->dir_link);
	if (entry->vnode != NULL)
		list_push_back(&entry->vnode->names, &entry->vnode_link);
	cache->count++;
}

/* REQUIRES(cache->lock) */
static void
cache_forget(struct name_cache *cache, const struct vnode *dir, struct name name)
{
	struct name_entry *entry = cache_find(cache, hash_of(dir, name), dir, name);

	if (entry != NULL)
		cache_remove(dir->kernel, cache, entry);
}

void
name_cache_enter(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct name_cache *cache = cache_of(dir);
	struct name_entry *entry;

	rwlock_assert_held(&dir->lock);
	entry = entry_create(dir, name, vnode);
	mutex_lock(&cache->lock);
	cache_forget(cache, dir, name); /* it may be wrong now */
	if (entry != NULL && cache_grow(dir->kernel, cache)) {
		if (cache->count >= cache->max)
			cache_remove(dir->kernel, cache, choose_victim(cache));
		cache_insert(cache, entry);
		entry = NULL;
	}
	mutex_unlock(&cache->lock);
	if (entry != NULL)
		entry_free(dir->kernel, entry);
}

void
name_cache_remove(struct vnode *dir, struct name name)
{
	struct name_cache *cache = cache_of(dir);

	rwlock_assert_exclusive(&dir->lock);
	mutex_lock(&cache->lock);
	cache_forget(cache, dir, name);
	mutex_unlock(&cache->lock);
}

/* An entry that leads to vnode or is in it, or NULL.  REQUIRES(cache->lock) */
static struct name_entry *
entry_about(const struct vnode *vnode)
{
	if (!list_is_empty(&vnode->names))
		return list_entry(vnode->names.next, struct name_entry, vnode_link);
	if (!list_is_empty(&vnode->children))
		return list_entry(vnode->children.next, struct name_entry, dir_link);
	return NULL;
}

/* REQUIRES(cache->lock) */
static void
cache_purge(struct name_cache *cache, struct vnode *vnode)
{
	struct name_entry *entry;

	while ((entry = entry_about(vnode)) != NULL)
		cache_remove(vnode->kernel, cache, entry);
	free_retired(vnode->kernel, cache);
}

void
name_cache_purge(struct vnode *vnode)
{
	struct name_cache *cache = cache_of(vnode);

	mutex_lock(&cache->lock);
	cache_purge(cache, vnode);
	mutex_unlock(&cache->lock);
}

bool
name_cache_try_purge(struct vnode *vnode)
{
	struct name_cache *cache = cache_of(vnode);

	if (!mutex_try_lock(&cache->lock))
		return false;
	cache_purge(cache, vnode);
	mutex_unlock(&cache->lock);
	return true;
}

bool
name_cache_reverse(struct vnode *vnode, struct vnode **dir, char *name, size_t *length)
{
	struct name_cache *cache = cache_of(vnode);

	*dir = NULL;
	*length = 0;
	mutex_lock(&cache->lock);
	list_for_each(link, &vnode->names) {
		struct name_entry *entry = list_entry(link, struct name_entry, vnode_link);

		if (name_equal((struct name){ entry->name, entry->length }, NAME("..")))
			continue;
		if (!vnode_try_get(entry->dir))
			continue;
		*dir = entry->dir;
		*length = entry->length;
		memcpy(name, entry->name, entry->length);
		break;
	}
	mutex_unlock(&cache->lock);
	return *dir != NULL;
}

/* ---- start and stop ------------------------------------------------------------ */

/* The shrinker: the oldest entries go. */
static size_t
name_cache_shrink(struct kernel *kernel, size_t page_count)
{
	struct name_cache *cache = &vfs_of(kernel)->names;
	size_t freed = 0; /* bytes */

	if (!mutex_try_lock(&cache->lock))
		return 0;
	while (freed < page_count * PAGE_SIZE && cache->count > 0) {
		struct name_entry *victim = choose_victim(cache);

		freed += entry_size(victim->length);
		cache_remove(kernel, cache, victim);
	}
	free_retired(kernel, cache);
	mutex_unlock(&cache->lock);
	return (freed + PAGE_SIZE - 1) / PAGE_SIZE;
}

void
name_cache_start(struct kernel *kernel)
{
	struct name_cache *cache = &vfs_of(kernel)->names;
	size_t max = (size_t)min_u64(kernel->memory.limit / MEMORY_PER_ENTRY, SIZE_MAX / 4);

	atomic_init(&cache->table, NULL);
	mutex_init(&cache->lock, kernel, RANK_NAME_CACHE);
	list_init(&cache->oldest);
	list_init(&cache->retired);
	cache->max = max < ENTRIES_MIN ? ENTRIES_MIN : max;
	cache->shrinker.shrink = name_cache_shrink;
	shrinker_register(kernel, &cache->shrinker);
}

void
name_cache_stop(struct kernel *kernel)
{
	struct name_cache *cache = &vfs_of(kernel)->names;
	struct name_table *table = atomic_load(&cache->table);

	ASSERT(cache->count == 0 && cache->retired_count == 0);
	shrinker_unregister(kernel, &cache->shrinker);
	if (table != NULL)
		memory_free(kernel, table, table_size(table->count));
}
