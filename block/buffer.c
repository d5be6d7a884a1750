/*
 * The buffer cache.
 *
 * Buffers are found by device and offset in a hash table that grows with them.
 * A buffer that nobody references lies on the idle list as well, in the order
 * of last use, from which the shrinker takes.
 *
 *	READING -> VALID	buffer_finish(): its data has come
 *	READING -> FAILED	buffer_finish(): it could not be read; it is out
 *				of the table, and goes with its last reference
 *
 * The first to want an absent buffer puts it into the table and reads, without
 * any lock; others who want it find it there and wait.  So there is one read,
 * and all its waiters get its error; who comes later tries again.
 *
 * A dirty buffer has a reference, so that it stays.  Dirty ones are in a list
 * for each wave.
 *
 * Locking: one lock for the table, the lists and all private fields; it is held
 * for some loads and stores, and while the table grows.  Allocating happens
 * outside of it, since the shrinker, which allocating may call, only tries for
 * it.  A buffer's data is filled before VALID; after that its file system has
 * locks for who changes what, and keeps all still while it writes.
 *
 * Offsets come from media, so the hash takes in the kernel's secret: an image
 * cannot choose offsets that all fall into one bucket.
 */
#include "block/buffer.h"

#include "base/errno.h"
#include "base/hash.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block_impl.h"

static struct buffer_cache *
cache_of(struct kernel *kernel)
{
	return &block_of(kernel)->cache;
}

static struct list *
cache_bucket(struct buffer_cache *cache, const struct block_dev *dev, uint64_t offset)
{
	uint64_t key = offset / BLOCK_SECTOR_SIZE ^ (uint64_t)dev->number << 40;
	uint64_t hash = hash_u64(key ^ dev->kernel->hash_secret);

	return &cache->buckets[hash & (cache->bucket_count - 1)];
}

static struct buffer *
buffer_create(struct block_dev *dev, uint64_t offset, uint32_t size)
{
	struct buffer *buffer = memory_alloc_zeroed(dev->kernel, sizeof(*buffer));

	if (buffer == NULL)
		return NULL;
	buffer->data = memory_alloc(dev->kernel, size);
	if (buffer->data == NULL) {
		memory_free(dev->kernel, buffer, sizeof(*buffer));
		return NULL;
	}
	buffer->dev = dev;
	buffer->offset = offset;
	buffer->size = size;
	buffer->references = 1;
	buffer->state = BUFFER_READING;
	list_init(&buffer->dirty_link);
	return buffer;
}

static void
buffer_destroy(struct buffer *buffer)
{
	struct kernel *kernel = buffer->dev->kernel;

	memory_free(kernel, buffer->data, buffer->size);
	memory_free(kernel, buffer, sizeof(*buffer));
}

static void
cache_insert(struct buffer_cache *cache, struct buffer *buffer) REQUIRES(cache->lock)
{
	list_push_front(cache_bucket(cache, buffer->dev, buffer->offset), &buffer->hash_link);
	cache->buffer_count++;
}

/* Take an idle buffer out of the cache and free it. */
static void
cache_evict(struct buffer_cache *cache, struct buffer *buffer) REQUIRES(cache->lock)
{
	ASSERT(buffer->references == 0);
	list_remove(&buffer->idle_link);
	list_remove(&buffer->hash_link);
	cache->buffer_count--;
	buffer_destroy(buffer);
}

/* Give one reference back. */
static void
buffer_release(struct buffer_cache *cache, struct buffer *buffer) REQUIRES(cache->lock)
{
	ASSERT(buffer->references > 0);
	if (--buffer->references > 0)
		return;
	if (buffer->state == BUFFER_VALID)
		list_push_back(&cache->idle, &buffer->idle_link);
	else
		buffer_destroy(buffer);
}

/* Move all buffers to a table of bucket_count lists. */
static void
cache_rehash(struct buffer_cache *cache, struct list *buckets, size_t bucket_count)
    REQUIRES(cache->lock)
{
	struct list *old = cache->buckets;
	size_t old_count = cache->bucket_count;

	for (size_t i = 0; i < bucket_count; i++)
		list_init(&buckets[i]);
	cache->buckets = buckets;
	cache->bucket_count = bucket_count;
	for (size_t i = 0; i < old_count; i++) {
		list_for_each_safe(link, after, &old[i]) {
			struct buffer *buffer = list_entry(link, struct buffer, hash_link);

			list_push_front(cache_bucket(cache, buffer->dev, buffer->offset), link);
		}
	}
}

static void
cache_free_table(struct kernel *kernel, struct list *buckets, size_t bucket_count)
{
	if (bucket_count > BUCKETS_MIN)
		memory_free(kernel, buckets, bucket_count * sizeof(*buckets));
}

/*
 * Double the table if it is full.  Going without the memory for it only makes
 * the lists longer.
 */
static void
cache_grow(struct kernel *kernel, struct buffer_cache *cache)
{
	struct list *old, *buckets;
	size_t old_count, bucket_count;
	bool is_full;

	mutex_lock(&cache->lock);
	bucket_count = cache->bucket_count * 2;
	is_full = cache->buffer_count >= cache->bucket_count;
	mutex_unlock(&cache->lock);
	if (LIKELY(!is_full))
		return;

	buckets = memory_alloc_array(kernel, bucket_count, sizeof(*buckets));
	if (buckets == NULL)
		return;
	mutex_lock(&cache->lock);
	old = cache->buckets;
	old_count = cache->bucket_count;
	if (bucket_count > old_count) {
		cache_rehash(cache, buckets, bucket_count);
	} else {
		/* Somebody else was faster. */
		old = buckets;
		old_count = bucket_count;
	}
	mutex_unlock(&cache->lock);
	cache_free_table(kernel, old, old_count);
}

/* The table of an empty cache is the smallest again. */
static void
cache_reset(struct kernel *kernel, struct buffer_cache *cache) REQUIRES(cache->lock)
{
	struct list *old = cache->buckets;
	size_t old_count = cache->bucket_count;

	if (cache->buffer_count > 0 || old_count == BUCKETS_MIN)
		return;
	cache->bucket_count = 0; /* nothing to move */
	cache_rehash(cache, cache->first_buckets, BUCKETS_MIN);
	cache_free_table(kernel, old, old_count);
}

static struct buffer *
cache_find(struct buffer_cache *cache, const struct block_dev *dev, uint64_t offset)
    REQUIRES(cache->lock)
{
	list_for_each(link, cache_bucket(cache, dev, offset)) {
		struct buffer *buffer = list_entry(link, struct buffer, hash_link);

		if (buffer->offset == offset && buffer->dev == dev)
			return buffer;
	}
	return NULL;
}

/*
 * A reference to the buffer, waiting until its data is there; *out stays NULL
 * if it is absent.  -EINVAL if it is in use with another size, or the error of
 * the read that was waited for.
 */
static int
cache_get(struct buffer_cache *cache, const struct block_dev *dev, uint64_t offset, uint32_t size,
    struct buffer **out) REQUIRES(cache->lock)
{
	struct buffer *buffer = cache_find(cache, dev, offset);
	int error = 0;

	if (buffer == NULL)
		return 0;
	if (UNLIKELY(buffer->size != size)) {
		if (buffer->references > 0)
			return -EINVAL;
		cache_evict(cache, buffer);
		return 0;
	}
	if (buffer->references++ == 0)
		list_remove(&buffer->idle_link);
	while (error == 0 && buffer->state == BUFFER_READING)
		error = condition_wait(&cache->read_done, &cache->lock, HOST_NO_DEADLINE);
	if (error == 0)
		error = buffer->error;
	if (error < 0)
		buffer_release(cache, buffer);
	else
		*out = buffer;
	return error;
}

/* The read of a buffer has ended: tell all who wait for it. */
static void
buffer_finish(struct buffer_cache *cache, struct buffer *buffer, int error)
{
	mutex_lock(&cache->lock);
	buffer->error = error;
	buffer->state = error == 0 ? BUFFER_VALID : BUFFER_FAILED;
	condition_broadcast(&cache->read_done, &cache->lock);
	if (error < 0) {
		list_remove(&buffer->hash_link);
		cache->buffer_count--;
		buffer_release(cache, buffer);
	}
	mutex_unlock(&cache->lock);
}

/* buffer_read() of a buffer that was absent a moment ago. */
static int
buffer_load(struct buffer_cache *cache, struct block_dev *dev, uint64_t offset, uint32_t size,
    struct buffer **out)
{
	struct buffer *fresh = buffer_create(dev, offset, size);
	bool is_absent;
	int error;

	if (fresh == NULL)
		return -ENOMEM;
	cache_grow(dev->kernel, cache);

	mutex_lock(&cache->lock);
	error = cache_get(cache, dev, offset, size, out);
	is_absent = error == 0 && *out == NULL;
	if (is_absent)
		cache_insert(cache, fresh);
	mutex_unlock(&cache->lock);
	if (!is_absent) {
		buffer_destroy(fresh); /* somebody else was faster */
		return error;
	}

	error = block_read(dev, offset, fresh->data, size);
	if (error == 0)
		*out = fresh;
	buffer_finish(cache, fresh, error);
	return error;
}

int
buffer_read(struct block_dev *dev, uint64_t offset, uint32_t size, struct buffer **out)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	int error;

	*out = NULL;
	if (size == 0 || size > BUFFER_SIZE_MAX || !block_range_is_valid(dev, offset, size))
		return -EINVAL;
	mutex_lock(&cache->lock);
	error = cache_get(cache, dev, offset, size, out);
	mutex_unlock(&cache->lock);
	if (error == 0 && *out == NULL)
		error = buffer_load(cache, dev, offset, size, out);
	return error;
}

void
buffer_put(struct buffer *buffer)
{
	struct buffer_cache *cache = cache_of(buffer->dev->kernel);

	mutex_lock(&cache->lock);
	buffer_release(cache, buffer);
	mutex_unlock(&cache->lock);
}

/* ---- dirty buffers ----------------------------------------------------------- */

int
buffer_new(struct block_dev *dev, uint64_t offset, uint32_t size, struct buffer **out)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	struct buffer *fresh, *old;

	*out = NULL;
	if (size == 0 || size > BUFFER_SIZE_MAX || !block_range_is_valid(dev, offset, size))
		return -EINVAL;
	fresh = buffer_create(dev, offset, size);
	if (fresh == NULL)
		return -ENOMEM;
	memset(fresh->data, 0, size);
	fresh->state = BUFFER_VALID;
	cache_grow(dev->kernel, cache);
	mutex_lock(&cache->lock);
	old = cache_find(cache, dev, offset);
	if (old != NULL && old->references == 0) {
		cache_evict(cache, old);
		old = NULL;
	}
	if (old == NULL)
		cache_insert(cache, fresh);
	mutex_unlock(&cache->lock);
	if (old != NULL) {
		buffer_destroy(fresh);
		return -EINVAL;
	}
	*out = fresh;
	return 0;
}

/* What a dirty buffer is counted in. */
static size_t *
size_counter(const struct buffer *buffer)
{
	return buffer->wave == BUFFER_WAVE_KEPT ? &buffer->dev->kept_size
						: &buffer->dev->dirty_size;
}

int
buffer_enlarge(struct buffer *buffer, uint32_t size)
{
	struct kernel *kernel = buffer->dev->kernel;
	struct buffer_cache *cache = cache_of(kernel);
	uint8_t *old = buffer->data, *data;
	uint32_t old_size = buffer->size;

	ASSERT(size >= old_size && size <= BUFFER_SIZE_MAX);
	data = memory_alloc(kernel, size);
	if (data == NULL)
		return -ENOMEM;
	memcpy(data, old, old_size);
	memset(data + old_size, 0, size - old_size);
	mutex_lock(&cache->lock);
	buffer->data = data;
	buffer->size = size;
	if (buffer->is_dirty)
		*size_counter(buffer) += size - old_size;
	mutex_unlock(&cache->lock);
	memory_free(kernel, old, old_size);
	return 0;
}

/* Let a dirty buffer go with another wave. */
static void
buffer_move(struct buffer_cache *cache, struct buffer *buffer, unsigned wave) REQUIRES(cache->lock)
{
	*size_counter(buffer) -= buffer->size;
	buffer->wave = (uint8_t)wave;
	*size_counter(buffer) += buffer->size;
	list_remove(&buffer->dirty_link);
	list_push_back(&cache->dirty[wave], &buffer->dirty_link);
}

void
buffer_dirty(struct buffer *buffer, unsigned wave)
{
	struct buffer_cache *cache = cache_of(buffer->dev->kernel);

	ASSERT(wave < BUFFER_WAVE_KEPT);
	mutex_lock(&cache->lock);
	if (!buffer->is_dirty) {
		buffer->is_dirty = true;
		buffer->wave = (uint8_t)wave;
		buffer->references++;
		list_push_back(&cache->dirty[wave], &buffer->dirty_link);
		*size_counter(buffer) += buffer->size;
	} else if (buffer->wave == BUFFER_WAVE_KEPT) {
		buffer_move(cache, buffer, wave);
	}
	mutex_unlock(&cache->lock);
}

bool
buffer_wave(const struct buffer *buffer, unsigned *wave)
{
	struct buffer_cache *cache = cache_of(buffer->dev->kernel);
	bool is_dirty;

	mutex_lock(&cache->lock);
	is_dirty = buffer->is_dirty && buffer->wave != BUFFER_WAVE_KEPT;
	*wave = buffer->wave;
	mutex_unlock(&cache->lock);
	return is_dirty;
}

void
buffer_set_wave(struct buffer *buffer, unsigned wave)
{
	struct buffer_cache *cache = cache_of(buffer->dev->kernel);

	ASSERT(wave < BUFFER_WAVES);
	mutex_lock(&cache->lock);
	if (buffer->is_dirty && buffer->wave != wave)
		buffer_move(cache, buffer, wave);
	mutex_unlock(&cache->lock);
}

/* A buffer is not dirty any more: give back the reference for it. */
static void
buffer_clean(struct buffer_cache *cache, struct buffer *buffer) REQUIRES(cache->lock)
{
	buffer->is_dirty = false;
	list_remove(&buffer->dirty_link);
	*size_counter(buffer) -= buffer->size;
	buffer_release(cache, buffer);
}

/* The first dirty buffer of dev in a list, taken over to another; or NULL. */
static struct buffer *
take_dirty(struct buffer_cache *cache, const struct block_dev *dev, struct list *from,
    struct list *to)
{
	struct buffer *found = NULL;

	mutex_lock(&cache->lock);
	list_for_each(link, from) {
		struct buffer *buffer = list_entry(link, struct buffer, dirty_link);

		if (buffer->dev == dev) {
			found = buffer;
			break;
		}
	}
	if (found != NULL) {
		list_remove(&found->dirty_link);
		list_push_back(to, &found->dirty_link);
	}
	mutex_unlock(&cache->lock);
	return found;
}

int
buffer_write_wave(struct block_dev *dev, unsigned wave, size_t *count)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	struct buffer *buffer;
	struct list failed;
	int result = 0;

	*count = 0;
	list_init(&failed);
	while ((buffer = take_dirty(cache, dev, &cache->dirty[wave], &failed)) != NULL) {
		int error = block_write(dev, buffer->offset, buffer->data, buffer->size);

		++*count;
		if (result == 0)
			result = error;
		if (error < 0)
			continue;
		mutex_lock(&cache->lock);
		buffer_clean(cache, buffer);
		mutex_unlock(&cache->lock);
	}
	mutex_lock(&cache->lock);
	while (!list_is_empty(&failed)) {
		struct list *link = failed.next;

		list_remove(link);
		list_push_back(&cache->dirty[wave], link);
	}
	mutex_unlock(&cache->lock);
	return result;
}

bool
buffer_is_wave_dirty(struct block_dev *dev, unsigned wave)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	bool is_found = false;

	mutex_lock(&cache->lock);
	list_for_each(link, &cache->dirty[wave]) {
		is_found = list_entry(link, struct buffer, dirty_link)->dev == dev;
		if (is_found)
			break;
	}
	mutex_unlock(&cache->lock);
	return is_found;
}

size_t
buffer_dirty_size(struct block_dev *dev)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	size_t size;

	mutex_lock(&cache->lock);
	size = dev->dirty_size;
	mutex_unlock(&cache->lock);
	return size;
}

size_t
buffer_kept_size(struct block_dev *dev)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	size_t size;

	mutex_lock(&cache->lock);
	size = dev->kept_size;
	mutex_unlock(&cache->lock);
	return size;
}

struct buffer *
buffer_next_dirty(struct block_dev *dev, unsigned wave, const struct buffer *after)
{
	struct buffer_cache *cache = cache_of(dev->kernel);
	struct list *all = &cache->dirty[wave];
	struct buffer *found = NULL;

	mutex_lock(&cache->lock);
	for (struct list *link = after != NULL ? after->dirty_link.next : all->next;
	     link != all && found == NULL; link = link->next) {
		struct buffer *buffer = list_entry(link, struct buffer, dirty_link);

		if (buffer->dev == dev)
			found = buffer;
	}
	mutex_unlock(&cache->lock);
	return found;
}

void
buffer_keep_dirty(struct block_dev *dev)
{
	struct buffer_cache *cache = cache_of(dev->kernel);

	mutex_lock(&cache->lock);
	for (unsigned wave = 0; wave < BUFFER_WAVE_KEPT; wave++) {
		list_for_each_safe(link, after, &cache->dirty[wave]) {
			struct buffer *buffer = list_entry(link, struct buffer, dirty_link);

			if (buffer->dev == dev)
				buffer_move(cache, buffer, BUFFER_WAVE_KEPT);
		}
	}
	mutex_unlock(&cache->lock);
}

void
buffer_forget(struct block_dev *dev, uint64_t offset, uint32_t size, uint32_t unit)
{
	struct buffer_cache *cache = cache_of(dev->kernel);

	mutex_lock(&cache->lock);
	for (uint32_t at = 0; at < size; at += unit) {
		struct buffer *buffer = cache_find(cache, dev, offset + at);

		if (buffer != NULL && buffer->is_dirty)
			buffer_clean(cache, buffer);
		if (buffer != NULL && buffer->references == 0)
			cache_evict(cache, buffer);
	}
	mutex_unlock(&cache->lock);
}

/* ---- the end ------------------------------------------------------------------ */

/* Give up what is dirty of dev: nobody will write it. */
static void
forget_dirty(struct buffer_cache *cache, const struct block_dev *dev) REQUIRES(cache->lock)
{
	for (unsigned wave = 0; wave < BUFFER_WAVES; wave++) {
		list_for_each_safe(link, after, &cache->dirty[wave]) {
			struct buffer *buffer = list_entry(link, struct buffer, dirty_link);

			if (buffer->dev == dev)
				buffer_clean(cache, buffer);
		}
	}
}

void
buffer_forget_device(struct block_dev *dev)
{
	struct buffer_cache *cache = cache_of(dev->kernel);

	mutex_lock(&cache->lock);
	forget_dirty(cache, dev);
	for (size_t i = 0; i < cache->bucket_count; i++) {
		list_for_each_safe(link, after, &cache->buckets[i]) {
			struct buffer *buffer = list_entry(link, struct buffer, hash_link);

			if (buffer->dev == dev)
				cache_evict(cache, buffer);
		}
	}
	cache_reset(dev->kernel, cache);
	mutex_unlock(&cache->lock);
}

/* Evict the idle buffers that were not used for longest. */
static size_t
buffer_cache_shrink(struct kernel *kernel, size_t page_count)
{
	struct buffer_cache *cache = cache_of(kernel);
	uint64_t wanted = (uint64_t)page_count * PAGE_SIZE, freed = 0;

	if (!mutex_try_lock(&cache->lock))
		return 0;
	while (freed < wanted && !list_is_empty(&cache->idle)) {
		struct buffer *buffer = list_entry(cache->idle.next, struct buffer, idle_link);

		freed += buffer->size + sizeof(*buffer);
		cache_evict(cache, buffer);
	}
	cache_reset(kernel, cache);
	mutex_unlock(&cache->lock);
	return (size_t)divide_up(freed, PAGE_SIZE);
}

void
buffer_cache_start(struct kernel *kernel, struct buffer_cache *cache)
{
	mutex_init(&cache->lock, kernel, RANK_BUFFER_CACHE);
	condition_init(&cache->read_done);
	list_init(&cache->idle);
	for (unsigned i = 0; i < BUFFER_WAVES; i++)
		list_init(&cache->dirty[i]);
	cache_rehash(cache, cache->first_buckets, BUCKETS_MIN);
	cache->shrinker.shrink = buffer_cache_shrink;
	shrinker_register(kernel, &cache->shrinker);
}

void
buffer_cache_stop(struct kernel *kernel, struct buffer_cache *cache)
{
	shrinker_unregister(kernel, &cache->shrinker);
	mutex_lock(&cache->lock);
	while (!list_is_empty(&cache->idle))
		cache_evict(cache, list_entry(cache->idle.next, struct buffer, idle_link));
	ASSERT(cache->buffer_count == 0);
	cache_reset(kernel, cache);
	mutex_unlock(&cache->lock);
}
