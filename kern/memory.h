/*
 * Kernel memory: page runs from the host, and objects on top of them.
 *
 * The host hands out chunks of CHUNK_SIZE, aligned to it.  The first page of a
 * chunk describes the others, so that an address leads to its descriptor in
 * two operations.  Runs of up to CHUNK_PAGES - 1 pages are cut from chunks;
 * longer ones come straight from the host.  Objects of up to OBJECT_MAX bytes
 * live in slabs, pages of equal-sized objects; larger ones are runs.  Whoever
 * allocates says the size again when it frees.
 *
 * A kernel never takes more than its limit from the host.  When it reaches it,
 * the registered shrinkers are asked to let go of what they only cache, more
 * and more of it, until the allocation succeeds or nothing is left to let go.
 * So every allocation may fail, and may call any shrinker.
 *
 * Any thread; never sleeps but for the short locks in here.  Memory of a
 * sanitised build is poisoned while it is free.  A build with lock checks
 * panics when a kernel is destroyed that has not freed everything.
 */
#ifndef KERN_MEMORY_H
#define KERN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/mutex.h"

#undef PAGE_SIZE /* some hosts' <limits.h> has one of its own */
#define PAGE_SHIFT	 12
#define PAGE_SIZE	 ((size_t)1 << PAGE_SHIFT)
#define CHUNK_PAGES	 64
#define CHUNK_SIZE	 (CHUNK_PAGES * PAGE_SIZE)
#define CHUNK_ROOMS	 8 /* kinds of chunk: see memory_impl.h */
#define OBJECT_MAX	 2048
#define SIZE_CLASS_COUNT 14

/* What a kernel may take from its host unless it is told otherwise. */
#define MEMORY_LIMIT_DEFAULT ((uint64_t)256 << 20)

struct host_ops;
struct host;
struct kernel;

/* Slabs of one object size. */
struct size_class {
	struct mutex lock;
	struct list partial; /* slabs with room; GUARDED_BY(lock) */
};

/*
 * Somebody who caches things that can be had again.  shrink() frees about
 * page_count pages and returns how many it freed.  Whoever allocates may hold
 * any lock, so shrink() only tries for locks; and it does not allocate.
 */
struct shrinker {
	struct list link; /* private */
	size_t (*shrink)(struct kernel *kernel, size_t page_count);
};

/* A kernel's memory; part of struct kernel. */
struct memory {
	uint64_t limit;		/* bytes; constant */
	_Atomic uint64_t taken; /* bytes taken from the host; never above limit */
	struct mutex lock;
	struct list chunks[CHUNK_ROOMS]; /* by the room they have; GUARDED_BY(lock) */
	unsigned empty_count;		 /* of them, wholly free; GUARDED_BY(lock) */
	struct list long_runs;		 /* GUARDED_BY(lock) */
	struct mutex reclaim_lock;
	struct list shrinkers; /* GUARDED_BY(reclaim_lock) */
	struct size_class classes[SIZE_CLASS_COUNT];
	_Atomic uint32_t faults;      /* allocations are failed on purpose: how */
	_Atomic uint64_t fail_in;     /* the so many-th fails; 0: none */
	_Atomic uint32_t fail_chance; /* of each, in 2^32 */
	_Atomic uint64_t fail_random; /* what decides next */
};

/*
 * page_count consecutive pages, 1 or more, or NULL.  Contents are undefined
 * unless by page_run_alloc_zeroed().  page_count is the same when it is freed.
 */
MUST_CHECK void *page_run_alloc(struct kernel *kernel, size_t page_count);
MUST_CHECK void *page_run_alloc_zeroed(struct kernel *kernel, size_t page_count);
void page_run_free(struct kernel *kernel, void *run, size_t page_count);

/* size bytes, aligned to 16, or NULL; contents undefined.  size > 0. */
MUST_CHECK void *memory_alloc(struct kernel *kernel, size_t size);

/* The same, zeroed. */
MUST_CHECK void *memory_alloc_zeroed(struct kernel *kernel, size_t size);

/*
 * Zeroed memory for count objects of size bytes, both 1 or more; NULL too if
 * that overflows.
 */
MUST_CHECK void *memory_alloc_array(struct kernel *kernel, size_t count, size_t size);

/* size is what was asked for.  NULL is let pass. */
void memory_free(struct kernel *kernel, void *object, size_t size);

/* Bytes taken from the host now. */
uint64_t memory_taken(const struct kernel *kernel);

/* shrink() is not called any more once shrinker_unregister() has returned. */
void shrinker_register(struct kernel *kernel, struct shrinker *shrinker);
void shrinker_unregister(struct kernel *kernel, struct shrinker *shrinker);

/*
 * For tests: let the next count allocations succeed and the one after them
 * fail; or let each fail by a chance of so many in 2^32, as follows from seed.
 * memory_fail_stop() ends both, and says whether the one after count was failed.
 */
void memory_fail_after(struct kernel *kernel, uint64_t count);
void memory_fail_often(struct kernel *kernel, uint32_t chance, uint64_t seed);
bool memory_fail_stop(struct kernel *kernel);

/*
 * For kernel_create() and kernel_destroy() alone: memory exists before the
 * kernel does.  memory_create() takes the first chunk and returns a zeroed
 * struct kernel in it, its memory ready to use; NULL if the host has none.
 * memory_destroy() gives back everything, the kernel itself included.
 */
MUST_CHECK struct kernel *memory_create(const struct host_ops *ops, struct host *host,
    uint64_t limit);
void memory_destroy(struct kernel *kernel);

#endif
