/*
 * What the parts of the memory system share: memory.c (limit, shrinkers, birth
 * and end), page_run.c (chunks and runs) and slab.c (objects).
 *
 * A chunk is CHUNK_PAGES pages aligned to CHUNK_SIZE.  Page 0 is its struct
 * chunk; the others are handed out.  Chunks lie on memory.chunks[room], room
 * being how long a run they can hold: 0 none, else 1 + log2 of the longest;
 * or CHUNK_ROOM_EMPTY if they are wholly free.
 * A run of CHUNK_PAGES pages or more is memory of its own, with a struct
 * long_run in a page before it.
 */
#ifndef KERN_MEMORY_IMPL_H
#define KERN_MEMORY_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kern/lock_debug.h"
#include "kern/memory.h"

#define CHUNK_ROOM_EMPTY (CHUNK_ROOMS - 1)
#define CHUNK_DESCRIPTOR 1   /* in chunk.used: page 0 */
#define SLAB_OBJECTS_MAX 256 /* objects of the smallest class in a page */

/*
 * One page of a chunk.  What describes a slab is kept here and not in the
 * slab, so that objects fill their page and nobody overwrites it by accident.
 */
struct page {
	struct list link; /* slab with room: in size_class.partial; GUARDED_BY(class lock) */
	uint64_t free[SLAB_OBJECTS_MAX / 64]; /* bit n: object n is; GUARDED_BY(class lock) */
	uint16_t free_count;		      /* bits in free; GUARDED_BY(class lock) */
	uint8_t slab; /* 0: no slab; else 1 + its class; constant while a slab */
	uint8_t run;  /* pages of the run that begins here, or 0; GUARDED_BY(memory.lock) */
};

struct chunk {
	struct list link; /* in memory.chunks[room]; GUARDED_BY(memory.lock) */
	uint64_t used;	  /* bit n: page n is; bit 0 always; GUARDED_BY(memory.lock) */
	uint64_t dirty;	  /* bit n: page n may hold no zeros; GUARDED_BY(memory.lock) */
	unsigned room;	  /* GUARDED_BY(memory.lock) */
	struct page pages[CHUNK_PAGES];
};

_Static_assert(sizeof(struct chunk) <= PAGE_SIZE, "a chunk describes itself in one page");

struct long_run {
	struct list link; /* in memory.long_runs; GUARDED_BY(memory.lock) */
	size_t page_count;
};

/* The chunk that an address handed out by page_run.c lies in, and its page. */
static inline struct chunk *
chunk_of(const void *address)
{
	return (struct chunk *)((uintptr_t)address & ~(uintptr_t)(CHUNK_SIZE - 1));
}

static inline unsigned
page_index(const void *address)
{
	return (unsigned)((uintptr_t)address >> PAGE_SHIFT) % CHUNK_PAGES;
}

static inline void *
page_address(const struct page *page)
{
	struct chunk *chunk = chunk_of(page);

	return (char *)chunk + (size_t)(page - chunk->pages) * PAGE_SIZE;
}

/* page_run.c */

/* Make CHUNK_SIZE zeroed bytes a chunk and add it; pages in used are taken. */
void chunk_create(struct memory *memory, void *zeroed, uint64_t used);

/*
 * page_count pages without asking the shrinkers, still poisoned, or NULL;
 * *is_zeroed if they are known to be.
 */
void *page_run_take(struct kernel *kernel, size_t page_count, bool *is_zeroed);

/* Give all chunks that are wholly free back to the host. */
void page_run_trim(struct kernel *kernel);

/* Give everything back but the chunk that the kernel itself is in. */
void page_run_destroy(struct kernel *kernel);

/* memory.c */

bool memory_is_to_fail_now(struct kernel *kernel);

/* Whether this allocation is one that a test wants to fail. */
static inline bool
memory_is_to_fail(struct kernel *kernel)
{
	return UNLIKELY(atomic_load_explicit(&kernel->memory.faults, memory_order_relaxed) != 0) &&
	       memory_is_to_fail_now(kernel);
}

/* page_run_take(), asking the shrinkers if need be. */
void *memory_take(struct kernel *kernel, size_t page_count, bool *is_zeroed);

/* Memory from the host, within the limit, or NULL; and back. */
void *memory_host_get(struct kernel *kernel, size_t size, size_t alignment);
void memory_host_return(struct kernel *kernel, void *memory, size_t size);

/* slab.c */

void slab_init(struct kernel *kernel);

/* For the leak check: objects in use on a slab page, their size to *size. */
unsigned slab_used(const struct page *page, size_t *size);

#endif
