/*
 * The name cache.
 *
 * Entries are found through hash tables, one per shard; the hash of directory
 * and name, keyed by the kernel's secret, chooses shard and bucket.  Finding
 * takes its shard's lock and nothing else, so that walks over different names
 * do not meet.  Each table is made with its first entry and doubles as needed.
 *
 * Everything else takes the cache's own lock first, which guards the lists that
 * run across shards: an entry is on the list of all entries, by age, on the
 * list of its directory, and, unless negative, on that of the vnode it leads
 * to.  What may be changed under either lock is changed under both.
 *
 * When there are as many entries as there may be, the oldest goes that was not
 * found since it was last looked at.
 *
 * An entry keeps no reference, so a vnode must not be freed while an entry
 * leads to it: reclaiming dooms the vnode, which makes vnode_try_get() fail,
 * and then purges it here, which waits for those who are in the shards.
 */
#include "vfs/name_cache.h"

#include "base/hash.h"
#include "base/math.h"
#include "vfs/vfs_impl.h"
#include "vfs/vnode.h"

#define BUCKETS_MIN 8

/* One entry for so many bytes that the kernel may take. */
#define MEMORY_PER_ENTRY 4096
#define ENTRIES_MIN	 64

/* How many entries are given a second chance before one is evicted anyway. */
#define SECOND_CHANCES 8

struct name_entry {
	struct name_entry *next; /* in its bucket; GUARDED_BY(shard) */
	struct vnode *dir;	 /* borrowed; constant */
	struct vnode *vnode;	 /* borrowed; NULL: no such name; constant */
	uint64_t hash;		 /* constant */
	struct list age_link;	 /* in cache->oldest; GUARDED_BY(cache) */
	struct list dir_link;	 /* in dir->children; GUARDED_BY(cache) */
	struct list vnode_link;	 /* in vnode->names; GUARDED_BY(cache) */
	_Atomic bool was_found;	 /* since eviction last looked at it */
	uint8_t length;		 /* constant */
	char name[];		 /* length bytes; constant */
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

static struct name_shard *
shard_of(struct name_cache *cache, uint64_t hash)
{
	return &cache->shards[hash >> 32 & (NAME_SHARD_COUNT - 1)];
}

/* The bucket for hash; the table is there.  REQUIRES(shard->lock) */
static struct name_entry **
bucket_of(const struct name_shard *shard, uint64_t hash)
{
	return &shard->buckets[hash & (shard->bucket_count - 1)];
}

static bool
entry_is(const struct name_entry *entry, const struct vnode *dir, struct name name)
{
	return entry->dir == dir && name_equal((struct name){ entry->name, entry->length }, name);
}

/* REQUIRES(shard->lock) */
static struct name_entry *
shard_find(const struct name_shard *shard, uint64_t hash, const struct vnode *dir, struct name name)
{
	struct name_entry *entry = NULL;

	if (shard->bucket_count > 0)
		entry = *bucket_of(shard, hash);
	while (entry != NULL && (entry->hash != hash || !entry_is(entry, dir, name)))
		entry = entry->next;
	return entry;
}

bool
name_cache_find(struct vnode *dir, struct name name, struct vnode **out)
{
	uint64_t hash = hash_of(dir, name);
	struct name_shard *shard = shard_of(cache_of(dir), hash);
	struct name_entry *entry;
	bool is_known;

	*out = NULL;
	mutex_lock(&shard->lock);
	entry = shard_find(shard, hash, dir, name);
	is_known = entry != NULL && (entry->vnode == NULL || vnode_try_get(entry->vnode));
	if (is_known) {
		*out = entry->vnode;
		if (!atomic_load_explicit(&entry->was_found, memory_order_relaxed))
			atomic_store_explicit(&entry->was_found, true, memory_order_relaxed);
	}
	mutex_unlock(&shard->lock);
	return is_known;
}

/* ---- changing --------------------------------------------------------------- */

static size_t
entry_size(size_t name_length)
{
	return offsetof(struct name_entry, name) + name_length;
}

static struct name_entry *
entry_create(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct name_entry *entry = memory_alloc(dir->kernel, entry_size(name.length));

	if (entry == NULL)
		return NULL;
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

/* Take entry out of its table.  REQUIRES(shard->lock) */
static void
shard_remove(struct name_shard *shard, struct name_entry *entry)
{
	struct name_entry **place = bucket_of(shard, entry->hash);

	while (*place != entry)
		place = &(*place)->next;
	*place = entry->next;
	shard->count--;
}

/* Take entry off the lists that run across shards.  REQUIRES(cache->lock) */
static void
lists_remove(struct name_cache *cache, struct name_entry *entry)
{
	list_remove(&entry->age_link);
	list_remove(&entry->dir_link);
	if (entry->vnode != NULL)
		list_remove(&entry->vnode_link);
	cache->count--;
}

/* REQUIRES(cache->lock) */
static void
lists_add(struct name_cache *cache, struct name_entry *entry)
{
	list_push_back(&cache->oldest, &entry->age_link);
	list_push_back(&entry->dir->children, &entry->dir_link);
	if (entry->vnode != NULL)
		list_push_back(&entry->vnode->names, &entry->vnode_link);
	cache->count++;
}

/* Forget entry, and free it.  REQUIRES(cache->lock) */
static void
cache_remove(struct name_cache *cache, struct name_entry *entry)
{
	struct name_shard *shard = shard_of(cache, entry->hash);

	mutex_lock(&shard->lock);
	shard_remove(shard, entry);
	mutex_unlock(&shard->lock);
	lists_remove(cache, entry);
	entry_free(entry->dir->kernel, entry);
}

/* The same, only trying for the shard's lock.  REQUIRES(cache->lock) */
static bool
cache_try_remove(struct name_cache *cache, struct name_entry *entry)
{
	struct name_shard *shard = shard_of(cache, entry->hash);

	if (!mutex_try_lock(&shard->lock))
		return false;
	shard_remove(shard, entry);
	mutex_unlock(&shard->lock);
	lists_remove(cache, entry);
	entry_free(entry->dir->kernel, entry);
	return true;
}

/*
 * See that shard's table has room for one more entry; false if it has no table
 * at all and there is no memory for one.  REQUIRES(cache->lock)
 */
static bool
shard_grow(struct kernel *kernel, struct name_shard *shard)
{
	/* Who holds cache->lock may read what only changes under both locks. */
	size_t old_count = shard->bucket_count;
	size_t new_count = old_count == 0 ? BUCKETS_MIN : old_count * 2;
	struct name_entry **old_buckets = shard->buckets;
	struct name_entry **buckets;

	if (shard->count < old_count)
		return true;
	buckets = memory_alloc_array(kernel, new_count, sizeof(struct name_entry *));
	if (buckets == NULL)
		return old_count > 0;

	mutex_lock(&shard->lock);
	shard->buckets = buckets;
	shard->bucket_count = new_count;
	for (size_t i = 0; i < old_count; i++) {
		struct name_entry *entry;

		while ((entry = old_buckets[i]) != NULL) {
			old_buckets[i] = entry->next;
			entry->next = *bucket_of(shard, entry->hash);
			*bucket_of(shard, entry->hash) = entry;
		}
	}
	mutex_unlock(&shard->lock);
	memory_free(kernel, old_buckets, old_count * sizeof(struct name_entry *));
	return true;
}

/* The entry that goes to make room.  REQUIRES(cache->lock), not empty */
static struct name_entry *
choose_victim(struct name_cache *cache)
{
	struct name_entry *entry = list_entry(cache->oldest.next, struct name_entry, age_link);

	for (int chances = SECOND_CHANCES; chances > 0; chances--) {
		if (!atomic_exchange_explicit(&entry->was_found, false, memory_order_relaxed))
			break;
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
	struct name_shard *shard = shard_of(cache, entry->hash);
	struct name name = { entry->name, entry->length };
	struct name_entry *old;

	mutex_lock(&shard->lock);
	old = shard_find(shard, entry->hash, entry->dir, name);
	if (old != NULL)
		shard_remove(shard, old);
	entry->next = *bucket_of(shard, entry->hash);
	*bucket_of(shard, entry->hash) = entry;
	shard->count++;
	mutex_unlock(&shard->lock);

	if (old != NULL) {
		lists_remove(cache, old);
		entry_free(entry->dir->kernel, old);
	}
	lists_add(cache, entry);
}

/* REQUIRES(cache->lock) */
static void
cache_forget(struct name_cache *cache, const struct vnode *dir, struct name name)
{
	uint64_t hash = hash_of(dir, name);
	/* Tables only change under both locks: this one suffices to look. */
	struct name_entry *entry = shard_find(shard_of(cache, hash), hash, dir, name);

	if (entry != NULL)
		cache_remove(cache, entry);
}

void
name_cache_enter(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct name_cache *cache = cache_of(dir);
	struct name_entry *entry;

	rwlock_assert_held(&dir->lock);
	entry = entry_create(dir, name, vnode);
	mutex_lock(&cache->lock);
	if (entry != NULL && shard_grow(dir->kernel, shard_of(cache, entry->hash))) {
		if (cache->count >= cache->max)
			cache_remove(cache, choose_victim(cache));
		cache_insert(cache, entry);
		entry = NULL;
	} else {
		cache_forget(cache, dir, name); /* it may be wrong now */
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

void
name_cache_purge(struct vnode *vnode)
{
	struct name_cache *cache = cache_of(vnode);
	struct name_entry *entry;

	mutex_lock(&cache->lock);
	while ((entry = entry_about(vnode)) != NULL)
		cache_remove(cache, entry);
	mutex_unlock(&cache->lock);
}

bool
name_cache_try_purge(struct vnode *vnode)
{
	struct name_cache *cache = cache_of(vnode);
	struct name_entry *entry;

	if (!mutex_try_lock(&cache->lock))
		return false;
	while ((entry = entry_about(vnode)) != NULL) {
		if (!cache_try_remove(cache, entry))
			break;
	}
	mutex_unlock(&cache->lock);
	return entry == NULL;
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
		size_t size = entry_size(victim->length);

		if (!cache_try_remove(cache, victim))
			break;
		freed += size;
	}
	mutex_unlock(&cache->lock);
	return (freed + PAGE_SIZE - 1) / PAGE_SIZE;
}

void
name_cache_start(struct kernel *kernel)
{
	struct name_cache *cache = &vfs_of(kernel)->names;
	size_t max = (size_t)min_u64(kernel->memory.limit / MEMORY_PER_ENTRY, SIZE_MAX / 4);

	mutex_init(&cache->lock, kernel, RANK_NAME_CACHE);
	list_init(&cache->oldest);
	cache->max = max < ENTRIES_MIN ? ENTRIES_MIN : max;
	for (size_t i = 0; i < NAME_SHARD_COUNT; i++)
		mutex_init(&cache->shards[i].lock, kernel, RANK_NAME_SHARD);
	cache->shrinker.shrink = name_cache_shrink;
	shrinker_register(kernel, &cache->shrinker);
}

void
name_cache_stop(struct kernel *kernel)
{
	struct name_cache *cache = &vfs_of(kernel)->names;

	ASSERT(cache->count == 0);
	shrinker_unregister(kernel, &cache->shrinker);
	for (size_t i = 0; i < NAME_SHARD_COUNT; i++) {
		struct name_shard *shard = &cache->shards[i];

		memory_free(kernel, shard->buckets,
		    shard->bucket_count * sizeof(struct name_entry *));
	}
}
