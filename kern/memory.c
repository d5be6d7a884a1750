/*
 * A kernel's memory as a whole: the limit, the shrinkers, birth and end.
 *
 * memory_create() lays the first chunk out by hand: page 0 describes it, page
 * 1 is the struct kernel.  Everything later is page_run.c's and slab.c's.
 *
 * At the limit, one thread at a time asks the shrinkers, for more pages each
 * round; the others wait for it and profit from what it got.  That cannot
 * deadlock, whatever the waiting threads hold, since shrinkers only try for
 * locks.  Letting several ask at a time was rejected: a shrinker that one
 * thread is in would have nothing for the others, and their allocations would
 * fail for no reason.
 *
 * The leak check of debug builds counts what is still allocated by the maps,
 * so allocations carry no bookkeeping for it.
 */
#include "kern/memory.h"

#include "base/format.h"
#include "base/math.h"
#include "base/sanitize.h"
#include "kern/kernel.h"
#include "kern/memory_impl.h"

#define RECLAIM_PAGES_MIN 16 /* what the first round asks for, at least */

#define BOOT_SIZE ((size_t)64 << 10) /* of the first chunk; about what a boot uses */

/* In memory.faults. */
#define FAULT_COUNTED 1 /* the so many-th allocation fails */
#define FAULT_DRAWN   2 /* each may */

#define CHUNK_KERNEL 2 /* in chunk.used: page 1 */

_Static_assert(sizeof(struct kernel) <= PAGE_SIZE, "a kernel is one page");

void *
memory_host_get(struct kernel *kernel, size_t size, size_t alignment)
{
	struct memory *memory = &kernel->memory;
	uint64_t taken = atomic_load_explicit(&memory->taken, memory_order_relaxed);
	void *got;

	do {
		if (size > memory->limit - taken)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&memory->taken, &taken, taken + size,
	    memory_order_relaxed, memory_order_relaxed));

	got = kernel->host_ops->memory_get(kernel->host, size, alignment, size);
	if (got == NULL)
		atomic_fetch_sub_explicit(&memory->taken, size, memory_order_relaxed);
	return got;
}

void
memory_host_return(struct kernel *kernel, void *memory, size_t size)
{
	sanitize_unpoison(memory, size);
	kernel->host_ops->memory_return(kernel->host, memory, size);
	atomic_fetch_sub_explicit(&kernel->memory.taken, size, memory_order_relaxed);
}

uint64_t
memory_taken(const struct kernel *kernel)
{
	return atomic_load_explicit(&kernel->memory.taken, memory_order_relaxed);
}

void
shrinker_register(struct kernel *kernel, struct shrinker *shrinker)
{
	mutex_lock(&kernel->memory.reclaim_lock);
	list_push_back(&kernel->memory.shrinkers, &shrinker->link);
	mutex_unlock(&kernel->memory.reclaim_lock);
}

void
shrinker_unregister(struct kernel *kernel, struct shrinker *shrinker)
{
	mutex_lock(&kernel->memory.reclaim_lock);
	list_remove(&shrinker->link);
	mutex_unlock(&kernel->memory.reclaim_lock);
}

/* Have about page_count pages freed; how many were.  REQUIRES(reclaim_lock) */
static size_t
shrink_all(struct kernel *kernel, size_t page_count)
{
	size_t freed = 0;

	list_for_each(link, &kernel->memory.shrinkers) {
		if (freed >= page_count)
			break;
		freed +=
		    list_entry(link, struct shrinker, link)->shrink(kernel, page_count - freed);
	}
	return freed;
}

static void *
memory_reclaim(struct kernel *kernel, size_t page_count, bool *is_zeroed)
{
	struct memory *memory = &kernel->memory;
	size_t target = page_count > RECLAIM_PAGES_MIN ? page_count : RECLAIM_PAGES_MIN;
	size_t most = (size_t)min_u64(memory->limit >> PAGE_SHIFT, SIZE_MAX / 4);
	size_t freed;
	void *run;

	if (page_count > most)
		return NULL; /* hopeless: leave the caches alone */

	mutex_lock(&memory->reclaim_lock);
	do {
		page_run_trim(kernel);
		run = page_run_take(kernel, page_count, is_zeroed);
		if (run != NULL || target / 2 > most)
			break;
		freed = shrink_all(kernel, target);
		target *= 2;
	} while (freed > 0);
	mutex_unlock(&memory->reclaim_lock);
	return run;
}

void *
memory_take(struct kernel *kernel, size_t page_count, bool *is_zeroed)
{
	void *run = page_run_take(kernel, page_count, is_zeroed);

	return LIKELY(run != NULL) ? run : memory_reclaim(kernel, page_count, is_zeroed);
}

void
memory_fail_after(struct kernel *kernel, uint64_t count)
{
	atomic_store_explicit(&kernel->memory.fail_in, count + 1, memory_order_relaxed);
	atomic_fetch_or_explicit(&kernel->memory.faults, FAULT_COUNTED, memory_order_relaxed);
}

void
memory_fail_often(struct kernel *kernel, uint32_t chance, uint64_t seed)
{
	atomic_store_explicit(&kernel->memory.fail_random, seed, memory_order_relaxed);
	atomic_store_explicit(&kernel->memory.fail_chance, chance, memory_order_relaxed);
	atomic_fetch_or_explicit(&kernel->memory.faults, FAULT_DRAWN, memory_order_relaxed);
}

bool
memory_fail_stop(struct kernel *kernel)
{
	struct memory *memory = &kernel->memory;
	uint32_t faults = atomic_exchange_explicit(&memory->faults, 0, memory_order_relaxed);

	atomic_store_explicit(&memory->fail_chance, 0, memory_order_relaxed);
	return atomic_exchange_explicit(&memory->fail_in, 0, memory_order_relaxed) == 0 &&
	       (faults & FAULT_COUNTED) != 0;
}

/* The next of a sequence that looks random (Knuth's MMIX generator). */
static uint32_t
next_random(_Atomic uint64_t *state)
{
	uint64_t last = atomic_load_explicit(state, memory_order_relaxed);
	uint64_t next;

	do
		next = last * 6364136223846793005 + 1442695040888963407;
	while (!atomic_compare_exchange_weak_explicit(state, &last, next, memory_order_relaxed,
	    memory_order_relaxed));
	return (uint32_t)(next >> 32);
}

bool
memory_is_to_fail_now(struct kernel *kernel)
{
	struct memory *memory = &kernel->memory;
	uint64_t in = atomic_load_explicit(&memory->fail_in, memory_order_relaxed);
	uint32_t chance = atomic_load_explicit(&memory->fail_chance, memory_order_relaxed);

	while (in != 0) {
		if (atomic_compare_exchange_weak_explicit(&memory->fail_in, &in, in - 1,
			memory_order_relaxed, memory_order_relaxed))
			return in == 1;
	}
	return chance != 0 && next_random(&memory->fail_random) < chance;
}

struct kernel *
memory_create(const struct host_ops *ops, struct host *host, uint64_t limit)
{
	struct kernel *kernel;
	struct memory *memory;
	void *zeroed;

	if (limit < CHUNK_SIZE)
		return NULL;
	zeroed = ops->memory_get(host, CHUNK_SIZE, CHUNK_SIZE, BOOT_SIZE);
	if (zeroed == NULL)
		return NULL;

	kernel = (struct kernel *)((char *)zeroed + PAGE_SIZE); /* zeroed, too */
	kernel->host_ops = ops;
	kernel->host = host;
	memory = &kernel->memory;
	memory->limit = limit;
	atomic_init(&memory->taken, CHUNK_SIZE);
	mutex_init(&memory->lock, kernel, RANK_MEMORY);
	mutex_init(&memory->reclaim_lock, kernel, RANK_RECLAIM);
	list_init(&memory->long_runs);
	list_init(&memory->shrinkers);
	for (unsigned room = 0; room < CHUNK_ROOMS; room++)
		list_init(&memory->chunks[room]);
	slab_init(kernel);

	sanitize_poison(kernel + 1, CHUNK_SIZE - PAGE_SIZE - sizeof(*kernel));
	chunk_create(memory, zeroed, CHUNK_KERNEL);
	return kernel;
}

static void
report_leak(struct kernel *kernel, size_t count, const char *what, size_t size)
{
	char line[96]; /* more than the text can ever have */
	size_t length = format_text(line, sizeof(line), "memory: %zu %s of %zu bytes not freed\n",
	    count, what, size);

	kernel->host_ops->console(kernel->host, line, length);
}

/* Say what of chunk is in use; how much it is. */
static size_t
chunk_report_leaks(struct kernel *kernel, const struct chunk *chunk)
{
	size_t leaks = 0;

	for (unsigned i = 1; i < CHUNK_PAGES; i++) {
		const struct page *page = &chunk->pages[i];
		const char *what = "run";
		size_t size = page->run * PAGE_SIZE;
		size_t used = page->run != 0;

		if (page->slab != 0) {
			what = "objects";
			used = slab_used(page, &size);
		}
		if (used > 0)
			report_leak(kernel, used, what, size);
		leaks += used;
	}
	return leaks;
}

/* Panic if anything is still allocated. */
static void
check_leaks(struct kernel *kernel)
{
	struct memory *memory = &kernel->memory;
	size_t leaks = 0;

	for (unsigned room = 0; room < CHUNK_ROOMS; room++) {
		list_for_each(link, &memory->chunks[room])
			leaks += chunk_report_leaks(kernel, list_entry(link, struct chunk, link));
	}
	list_for_each(link, &memory->long_runs) {
		struct long_run *run = list_entry(link, struct long_run, link);

		report_leak(kernel, 1, "run", run->page_count * PAGE_SIZE);
		leaks++;
	}
	if (leaks > 0)
		kernel_panic(kernel, "memory: %zu allocations not freed", leaks);
}

void
memory_destroy(struct kernel *kernel)
{
	const struct host_ops *ops = kernel->host_ops;
	struct host *host = kernel->host;
	void *first = chunk_of(kernel);

	if (IS_CHECKED)
		check_leaks(kernel);
	page_run_destroy(kernel);
	sanitize_unpoison(first, CHUNK_SIZE);
	ops->memory_return(host, first, CHUNK_SIZE);
}
