/*
 * Memory for kernels, at the same places in every run.
 *
 * All of a simulation comes from one range of addresses, reserved when it is
 * created and aligned to its own size: the lowest free units first.  So which
 * of two addresses is lower, and all their bits below the range's, follow from the
 * program; a kernel that orders locks by address does the same in every run.
 *
 * What was returned is cleared when it is handed out again: for what kernels ask
 * for, that is quicker than page faults.  Long runs go back to the system.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sanitize.h"
#include "host/sim/sim_impl.h"

#define UNIT_SIZE   ((size_t)256 << 10) /* a kernel's chunk */
#define UNITS	    ((size_t)(sizeof(void *) > 4 ? 32768 : 1024))
#define ARENA_SIZE  (UNITS * UNIT_SIZE)
#define CLEARED_MAX ((size_t)4 * UNIT_SIZE)

struct unit {
	uint32_t owner; /* number of the host, or 0 */
	bool is_stale;	/* not zeros */
};

struct arena {
	char *memory;
	void *mapped;	   /* with what was too much for the alignment */
	size_t first_free; /* no unit before it is free */
	size_t end_used;   /* units from here on were never used */
	struct unit units[];
};

int
arena_create(struct sim *sim)
{
	struct arena *arena = calloc(1, sizeof(*arena) + UNITS * sizeof(struct unit));

	if (arena == NULL)
		return -ENOMEM;
	arena->mapped = mmap(NULL, 2 * ARENA_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->mapped == MAP_FAILED) {
		free(arena);
		return -ENOMEM;
	}
	arena->memory = (char *)arena->mapped + (-(uintptr_t)arena->mapped & (ARENA_SIZE - 1));
	/* Else a kernel of some pages would be 2 MiB. */
	(void)madvise(arena->memory, ARENA_SIZE, MADV_NOHUGEPAGE);
	sim->arena = arena;
	return 0;
}

void
arena_destroy(struct sim *sim)
{
	struct arena *arena = sim->arena;

	sanitize_unpoison(arena->memory, arena->end_used * UNIT_SIZE);
	munmap(arena->mapped, 2 * ARENA_SIZE);
	free(arena);
}

static bool
is_free(const struct arena *arena, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		if (arena->units[i].owner != 0)
			return false;
	return true;
}

void *
arena_get(struct host *host, size_t size, size_t alignment, size_t soon)
{
	struct arena *arena = host->sim->arena;
	size_t count = (size + UNIT_SIZE - 1) / UNIT_SIZE;
	size_t step = alignment > UNIT_SIZE ? alignment / UNIT_SIZE : 1;
	size_t at = (arena->first_free + step - 1) / step * step;

	if (count > UNITS)
		return NULL;
	while (at <= UNITS - count && !is_free(arena, at, count))
		at += step;
	if (at > UNITS - count)
		return NULL;
	for (size_t i = at; i < at + count; i++) {
		char *memory = arena->memory + i * UNIT_SIZE;

		if (arena->units[i].is_stale)
			memset(memory, 0, UNIT_SIZE);
		arena->units[i] = (struct unit){ host->id, true };
	}
	if (at == arena->first_free)
		arena->first_free = at + count;
	if (arena->end_used < at + count)
		arena->end_used = at + count;
	return arena->memory + at * UNIT_SIZE;
}

void
arena_return(struct host *host, void *memory, size_t size)
{
	struct arena *arena = host->sim->arena;
	size_t first = (size_t)((char *)memory - arena->memory) / UNIT_SIZE;
	size_t count = (size + UNIT_SIZE - 1) / UNIT_SIZE;
	bool is_clean = size > CLEARED_MAX && madvise(memory, size, MADV_DONTNEED) == 0;

	for (size_t i = first; i < first + count; i++) {
		ASSERT(arena->units[i].owner == host->id);
		arena->units[i] = (struct unit){ 0, !is_clean };
	}
	if (first < arena->first_free)
		arena->first_free = first;
}

void
arena_drop_host(struct host *host)
{
	struct arena *arena = host->sim->arena;

	for (size_t i = 0; i < arena->end_used; i++) {
		if (arena->units[i].owner != host->id)
			continue;
		sanitize_unpoison(arena->memory + i * UNIT_SIZE, UNIT_SIZE);
		arena_return(host, arena->memory + i * UNIT_SIZE, UNIT_SIZE);
	}
}
