/*
 * Objects: see memory.h for the contract.
 *
 * Sizes are rounded up to one of SIZE_CLASS_COUNT classes.  A slab is one page
 * of objects of one class; its struct page has a map of the free ones.  A
 * class keeps a list of its slabs that have room.  A slab whose last object is
 * freed goes back, unless it is the class's only one with room.
 *
 * Slabs of several pages would fit the larger classes a little better, but a
 * kernel that was just created should touch few pages; the classes are chosen
 * so that a page loses at most a quarter of an object.
 *
 * Locking: a class's lock guards its slabs.  It is not held while pages are
 * taken or given back, since taking may call shrinkers, which free objects.
 */
#include "base/math.h"
#include "base/sanitize.h"
#include "base/string.h"
#include "kern/kernel.h"
#include "kern/memory_impl.h"

#define UNIT 16 /* sizes are multiples of it */

struct class_shape {
	uint16_t size;	   /* of an object, bytes */
	uint16_t count;	   /* objects on a slab */
	uint32_t per_unit; /* 2^16 / units in an object, rounded up */
};

#define SHAPE(size) \
	{ \
		size, PAGE_SIZE / (size), (0x10000 + (size) / UNIT - 1) / ((size) / UNIT) \
	}

static const struct class_shape shapes[SIZE_CLASS_COUNT] = {
	SHAPE(16),
	SHAPE(32),
	SHAPE(48),
	SHAPE(64),
	SHAPE(96),
	SHAPE(128),
	SHAPE(192),
	SHAPE(256),
	SHAPE(384),
	SHAPE(512),
	SHAPE(768),
	SHAPE(1024),
	SHAPE(1360), /* a third of a page */
	SHAPE(OBJECT_MAX),
};

/* The class of a size, by the size in units, rounded up, less one. */
static const uint8_t class_by_units[OBJECT_MAX / UNIT] = {
	[0] = 0,
	[1] = 1,
	[2] = 2,
	[3] = 3,
	[4 ... 5] = 4,
	[6 ... 7] = 5,
	[8 ... 11] = 6,
	[12 ... 15] = 7,
	[16 ... 23] = 8,
	[24 ... 31] = 9,
	[32 ... 47] = 10,
	[48 ... 63] = 11,
	[64 ... 84] = 12,
	[85 ... 127] = 13,
};

static unsigned
class_of(size_t size)
{
	ASSERT(size > 0 && size <= OBJECT_MAX);
	return class_by_units[(size - 1) / UNIT];
}

void
slab_init(struct kernel *kernel)
{
	for (unsigned i = 0; i < SIZE_CLASS_COUNT; i++) {
		struct size_class *class = &kernel->memory.classes[i];

		mutex_init(&class->lock, kernel, RANK_SIZE_CLASS);
		list_init(&class->partial);
	}
}

/* A slab with all objects free, on no list, or NULL. */
static struct page *
slab_create(struct kernel *kernel, unsigned class_index)
{
	unsigned count = shapes[class_index].count;
	struct page *slab;
	bool is_zeroed;
	void *run;

	run = memory_take(kernel, 1, &is_zeroed);
	if (run == NULL)
		return NULL;

	slab = &chunk_of(run)->pages[page_index(run)];
	slab->slab = (uint8_t)(class_index + 1);
	slab->free_count = (uint16_t)count;
	for (unsigned i = 0; i < ARRAY_SIZE(slab->free); i++) {
		unsigned left = count > i * 64 ? count - i * 64 : 0;

		slab->free[i] = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
	}
	return slab;
}

/* slab is on no list and nobody uses an object of it. */
static void
slab_destroy(struct kernel *kernel, struct page *slab)
{
	slab->slab = 0;
	page_run_free(kernel, page_address(slab), 1);
}

/* Take a free object of slab, which has one.  REQUIRES(the class's lock) */
static void *
slab_take(struct page *slab, const struct class_shape *shape)
{
	unsigned word = 0;
	unsigned bit;

	while (slab->free[word] == 0)
		word++;
	bit = (unsigned)__builtin_ctzll(slab->free[word]);
	slab->free[word] &= slab->free[word] - 1;
	slab->free_count--;
	if (slab->free_count == 0)
		list_remove(&slab->link);
	return (char *)page_address(slab) + (word * 64 + bit) * shape->size;
}

/*
 * Put an object back.  True if the slab can go: nobody uses it, it is off the
 * list, and there is another with room.  REQUIRES(class->lock)
 */
static bool
slab_put(struct size_class *class, struct page *slab, const struct class_shape *shape,
    const void *object)
{
	unsigned offset = (unsigned)((uintptr_t)object % PAGE_SIZE);
	unsigned index = offset / UNIT * shape->per_unit >> 16;
	uint64_t bit = (uint64_t)1 << index % 64;

	/* Not the start of an object, or freed twice. */
	ASSERT(index * shape->size == offset && (slab->free[index / 64] & bit) == 0);

	slab->free[index / 64] |= bit;
	slab->free_count++;
	if (slab->free_count == 1)
		list_push_front(&class->partial, &slab->link);
	if (slab->free_count < shape->count || class->partial.next == class->partial.previous)
		return false;
	list_remove(&slab->link);
	return true;
}

static void *
object_alloc(struct kernel *kernel, size_t size)
{
	unsigned index = class_of(size);
	struct size_class *class = &kernel->memory.classes[index];
	struct page *slab;
	void *object;

	mutex_lock(&class->lock);
	if (UNLIKELY(list_is_empty(&class->partial))) {
		mutex_unlock(&class->lock);
		slab = slab_create(kernel, index);
		if (slab == NULL)
			return NULL;
		mutex_lock(&class->lock);
		list_push_back(&class->partial, &slab->link);
	}
	slab = list_entry(class->partial.next, struct page, link);
	object = slab_take(slab, &shapes[index]);
	mutex_unlock(&class->lock);
	return object;
}

static void
object_free(struct kernel *kernel, void *object, size_t size)
{
	unsigned index = class_of(size);
	struct size_class *class = &kernel->memory.classes[index];
	struct page *slab = &chunk_of(object)->pages[page_index(object)];
	bool is_idle;

	ASSERT(slab->slab == index + 1); /* of another size, or no object */
	sanitize_poison(object, shapes[index].size);
	mutex_lock(&class->lock);
	is_idle = slab_put(class, slab, &shapes[index], object);
	mutex_unlock(&class->lock);
	if (is_idle)
		slab_destroy(kernel, slab);
}

static size_t
pages_of(size_t size)
{
	return (size_t)divide_up(size, PAGE_SIZE);
}

/* Memory for an object of size, unpoisoned, or NULL. */
static void *
size_alloc(struct kernel *kernel, size_t size, bool *is_zeroed)
{
	void *object;

	*is_zeroed = false;
	if (memory_is_to_fail(kernel))
		return NULL;
	if (LIKELY(size <= OBJECT_MAX))
		object = object_alloc(kernel, size);
	else
		object = memory_take(kernel, pages_of(size), is_zeroed);
	if (object != NULL)
		sanitize_unpoison(object, size);
	return object;
}

void *
memory_alloc(struct kernel *kernel, size_t size)
{
	bool is_zeroed;

	return size_alloc(kernel, size, &is_zeroed);
}

void *
memory_alloc_zeroed(struct kernel *kernel, size_t size)
{
	bool is_zeroed;
	void *object = size_alloc(kernel, size, &is_zeroed);

	if (object != NULL && !is_zeroed)
		memset(object, 0, size);
	return object;
}

void *
memory_alloc_array(struct kernel *kernel, size_t count, size_t size)
{
	size_t total;

	if (mul_overflows(count, size, &total))
		return NULL;
	return memory_alloc_zeroed(kernel, total);
}

void
memory_free(struct kernel *kernel, void *object, size_t size)
{
	if (object == NULL)
		return;
	if (LIKELY(size <= OBJECT_MAX))
		object_free(kernel, object, size);
	else
		page_run_free(kernel, object, pages_of(size));
}

unsigned
slab_used(const struct page *page, size_t *size)
{
	const struct class_shape *shape = &shapes[page->slab - 1];

	*size = shape->size;
	return (unsigned)shape->count - page->free_count;
}
