/*
 * Page runs: see memory.h for the contract and memory_impl.h for the shapes.
 *
 * A chunk's 64-bit map of used pages answers everything: a run of n free pages
 * is found by shifting the map onto itself log2 n times.  A run is cut from
 * the chunk with the least room that is sure to do, so that long runs stay
 * possible, and at the lowest address, so that pages that were touched before
 * are used again and the others cost nothing.  A second map remembers which
 * pages were ever handed out: the others still hold the host's zeros.
 *
 * Each run remembers its length, and a breach of the contract (freed twice,
 * with another length, or what is no run) stops at once.
 *
 * Of the chunks, one in EMPTY_SHARE may be wholly free, and at least one, so
 * that a load that comes and goes does not ask the host again and again: fresh
 * pages cost a page fault each.
 *
 * A buddy allocator was rejected: it cannot cut runs that are no power of two
 * without waste, and with 63 pages a map is smaller and as fast.
 */
#include "base/math.h"
#include "base/sanitize.h"
#include "base/string.h"
#include "kern/kernel.h"
#include "kern/memory_impl.h"

#define EMPTY_SHARE 8

static uint64_t
run_mask(unsigned first, unsigned count)
{
	return (((uint64_t)1 << count) - 1) << first;
}

/* Bit n of the result: the count bits of free from n on are all set. */
static uint64_t
run_starts(uint64_t free, unsigned count)
{
	for (unsigned have = 1; have < count;) {
		unsigned step = have < count - have ? have : count - have;

		free &= free >> step;
		have += step;
	}
	return free;
}

/* 0 if no bit of free is set, else 1 + log2 of its longest run. */
static unsigned
run_room(uint64_t free)
{
	unsigned room = 0;

	for (unsigned step = 1; free != 0; step *= 2) {
		free &= free >> step;
		room++;
	}
	return room;
}

/* The least room with which a chunk is sure to hold a run of count. */
static unsigned
room_for(unsigned count)
{
	return count == 1 ? 1 : log2_floor(count - 1) + 2;
}

static bool
chunk_is_empty(const struct chunk *chunk)
{
	return chunk->used == CHUNK_DESCRIPTOR;
}

static unsigned
chunk_room(const struct chunk *chunk)
{
	return chunk_is_empty(chunk) ? CHUNK_ROOM_EMPTY : run_room(~chunk->used);
}

/* Put chunk on the list that its map says.  REQUIRES(memory->lock) */
static void
chunk_place(struct memory *memory, struct chunk *chunk)
{
	unsigned room = chunk_room(chunk);

	if (room == chunk->room)
		return;
	memory->empty_count += (room == CHUNK_ROOM_EMPTY);
	memory->empty_count -= (chunk->room == CHUNK_ROOM_EMPTY);
	list_remove(&chunk->link);
	list_push_front(&memory->chunks[room], &chunk->link);
	chunk->room = room;
}

void
chunk_create(struct memory *memory, void *zeroed, uint64_t used)
{
	struct chunk *chunk = zeroed;

	chunk->used = CHUNK_DESCRIPTOR | used;
	chunk->dirty = used;

	mutex_lock(&memory->lock);
	list_init(&chunk->link);
	chunk_place(memory, chunk); /* from room 0, where it is on no list */
	mutex_unlock(&memory->lock);
}

/* A chunk with a run of count free pages, or NULL.  REQUIRES(memory->lock) */
static struct chunk *
chunk_find(struct memory *memory, unsigned count)
{
	unsigned sure = room_for(count);

	for (unsigned room = sure; room < CHUNK_ROOMS; room++) {
		if (!list_is_empty(&memory->chunks[room]))
			return list_entry(memory->chunks[room].next, struct chunk, link);
	}
	if (is_power_of_two(count))
		return NULL;

	list_for_each(link, &memory->chunks[sure - 1]) {
		struct chunk *chunk = list_entry(link, struct chunk, link);

		if (run_starts(~chunk->used, count) != 0)
			return chunk;
	}
	return NULL;
}

/* A run of count pages out of the chunks there are, or NULL. */
static void *
chunk_cut(struct memory *memory, unsigned count, bool *is_zeroed)
{
	struct chunk *chunk;
	unsigned first;
	uint64_t mask;
	void *run = NULL;

	mutex_lock(&memory->lock);
	chunk = chunk_find(memory, count);
	if (chunk != NULL) {
		first = (unsigned)__builtin_ctzll(run_starts(~chunk->used, count));
		mask = run_mask(first, count);
		*is_zeroed = (chunk->dirty & mask) == 0;
		chunk->used |= mask;
		chunk->dirty |= mask;
		chunk->pages[first].run = (uint8_t)count;
		chunk_place(memory, chunk);
		run = (char *)chunk + first * PAGE_SIZE;
	}
	mutex_unlock(&memory->lock);
	return run;
}

static void *
long_run_take(struct kernel *kernel, size_t page_count)
{
	struct memory *memory = &kernel->memory;
	struct long_run *run;
	size_t size;

	if (add_overflows(page_count, (size_t)1, &size) || mul_overflows(size, PAGE_SIZE, &size))
		return NULL;
	run = memory_host_get(kernel, size, PAGE_SIZE);
	if (run == NULL)
		return NULL;

	sanitize_poison((char *)run + PAGE_SIZE, size - PAGE_SIZE);
	run->page_count = page_count;
	mutex_lock(&memory->lock);
	list_push_front(&memory->long_runs, &run->link);
	mutex_unlock(&memory->lock);
	return (char *)run + PAGE_SIZE;
}

static void
long_run_free(struct kernel *kernel, void *pages, size_t page_count)
{
	struct memory *memory = &kernel->memory;
	struct long_run *run = (struct long_run *)((char *)pages - PAGE_SIZE);

	ASSERT(run->page_count == page_count);
	mutex_lock(&memory->lock);
	list_remove(&run->link);
	mutex_unlock(&memory->lock);
	memory_host_return(kernel, run, (page_count + 1) * PAGE_SIZE);
}

void *
page_run_take(struct kernel *kernel, size_t page_count, bool *is_zeroed)
{
	void *run;

	ASSERT(page_count > 0);
	*is_zeroed = true;
	if (page_count >= CHUNK_PAGES)
		return long_run_take(kernel, page_count);

	while ((run = chunk_cut(&kernel->memory, (unsigned)page_count, is_zeroed)) == NULL) {
		void *zeroed = memory_host_get(kernel, CHUNK_SIZE, CHUNK_SIZE);

		if (zeroed == NULL)
			return NULL;
		sanitize_poison((char *)zeroed + PAGE_SIZE, CHUNK_SIZE - PAGE_SIZE);
		/* Other threads may be quicker to use it up: hence the loop. */
		chunk_create(&kernel->memory, zeroed, 0);
	}
	return run;
}

/* Give back what is on a list of chunks. */
static void
chunks_return(struct kernel *kernel, struct list *chunks)
{
	list_for_each_safe(link, after, chunks)
		memory_host_return(kernel, list_entry(link, struct chunk, link), CHUNK_SIZE);
}

/* Move empty chunks to surplus until keep are left.  REQUIRES(memory->lock) */
static void
chunks_trim(struct memory *memory, uint64_t keep, struct list *surplus)
{
	struct list *empty = &memory->chunks[CHUNK_ROOM_EMPTY];

	while (memory->empty_count > keep) {
		struct list *link = empty->next;

		list_remove(link);
		list_push_back(surplus, link);
		memory->empty_count--;
	}
}

void
page_run_trim(struct kernel *kernel)
{
	struct memory *memory = &kernel->memory;
	struct list surplus;

	list_init(&surplus);
	mutex_lock(&memory->lock);
	chunks_trim(memory, 0, &surplus);
	mutex_unlock(&memory->lock);
	chunks_return(kernel, &surplus);
}

/* How many empty chunks a kernel that has taken so much keeps. */
static uint64_t
empty_chunks_kept(uint64_t taken)
{
	return max_u64(taken / CHUNK_SIZE / EMPTY_SHARE, 1);
}

void
page_run_free(struct kernel *kernel, void *run, size_t page_count)
{
	struct memory *memory = &kernel->memory;
	struct chunk *chunk = chunk_of(run);
	unsigned first = page_index(run);
	struct list surplus;

	if (page_count >= CHUNK_PAGES) {
		long_run_free(kernel, run, page_count);
		return;
	}

	list_init(&surplus);
	sanitize_poison(run, page_count * PAGE_SIZE);
	mutex_lock(&memory->lock);
	ASSERT(page_count > 0 && chunk->pages[first].run == page_count);
	chunk->pages[first].run = 0;
	chunk->used &= ~run_mask(first, (unsigned)page_count);
	chunk_place(memory, chunk);
	if (UNLIKELY(chunk_is_empty(chunk)))
		chunks_trim(memory, empty_chunks_kept(memory_taken(kernel)), &surplus);
	mutex_unlock(&memory->lock);
	chunks_return(kernel, &surplus);
}

void *
page_run_alloc(struct kernel *kernel, size_t page_count)
{
	bool is_zeroed;
	void *run;

	if (memory_is_to_fail(kernel))
		return NULL;
	run = memory_take(kernel, page_count, &is_zeroed);
	if (run != NULL)
		sanitize_unpoison(run, page_count * PAGE_SIZE);
	return run;
}

void *
page_run_alloc_zeroed(struct kernel *kernel, size_t page_count)
{
	bool is_zeroed;
	void *run;

	if (memory_is_to_fail(kernel))
		return NULL;
	run = memory_take(kernel, page_count, &is_zeroed);
	if (run == NULL)
		return NULL;
	sanitize_unpoison(run, page_count * PAGE_SIZE);
	if (!is_zeroed)
		memset(run, 0, page_count * PAGE_SIZE);
	return run;
}

void
page_run_destroy(struct kernel *kernel)
{
	struct memory *memory = &kernel->memory;
	struct chunk *first = chunk_of(kernel);

	list_for_each_safe(link, after, &memory->long_runs) {
		struct long_run *run = list_entry(link, struct long_run, link);

		memory_host_return(kernel, run, (run->page_count + 1) * PAGE_SIZE);
	}
	list_remove(&first->link);
	for (unsigned room = 0; room < CHUNK_ROOMS; room++)
		chunks_return(kernel, &memory->chunks[room]);
}
