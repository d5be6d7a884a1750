/*
 * Lock checks: see lock_debug.h.
 *
 * The thread's word is a set: bit r says that a lock of rank r is held.  So
 * "nothing as high as this is held" is one shift.  One rank may be held more
 * than once, RANK_REPEATED; the bits from REPEAT_SHIFT up count its further
 * locks.  A lock that was tried for against the order is in no set, since the
 * same rank may be held properly at the same time; the lock itself remembers.
 *
 * A list of held locks per thread would say more, but it needs memory, and the
 * allocator has locks itself.
 */
#include "kern/lock_debug.h"

#include <stdint.h>

#include "base/compiler.h"
#include "kern/kernel.h"

#define REPEAT_SHIFT 24
#define REPEAT_ONE   ((uintptr_t)1 << REPEAT_SHIFT)
#define RANK_MASK    (REPEAT_ONE - 1)

_Static_assert(RANK_COUNT <= REPEAT_SHIFT, "a thread's word has a bit for each rank");

static const char *const rank_names[RANK_COUNT] = {
	[RANK_PROCESS] = "process",
	[RANK_FILE] = "file",
	[RANK_MOUNT_TABLE] = "mount table",
	[RANK_RENAME] = "rename",
	[RANK_VNODE] = "vnode",
	[RANK_FILE_SYSTEM] = "file system",
	[RANK_PAGE_CACHE] = "page cache",
	[RANK_BUFFER] = "buffer",
	[RANK_BUFFER_CACHE] = "buffer cache",
	[RANK_BLOCK_REGISTRY] = "block registry",
	[RANK_VNODE_TABLE] = "vnode table",
	[RANK_NAME_CACHE] = "name cache",
	[RANK_PAGE_LRU] = "page lru",
	[RANK_DESCRIPTORS] = "descriptors",
	[RANK_DEFERRED] = "deferred",
	[RANK_RECLAIM] = "reclaim",
	[RANK_SIZE_CLASS] = "size class",
	[RANK_MEMORY] = "memory",
	[RANK_LOG] = "log",
};

static uintptr_t *
held_word(struct kernel *kernel)
{
	return kernel->host_ops->thread_word(kernel->host);
}

/* Whether a thread that holds these locks may wait for one of rank. */
static bool
is_in_order(uintptr_t held, enum lock_rank rank)
{
	uintptr_t not_lower = (held & RANK_MASK) >> rank;

	return not_lower == 0 || (not_lower == 1 && rank == RANK_REPEATED);
}

static uintptr_t
held_with(uintptr_t held, enum lock_rank rank)
{
	uintptr_t bit = (uintptr_t)1 << rank;

	return (held & bit) != 0 ? held + REPEAT_ONE : held | bit;
}

void
lock_debug_acquire_checked(struct kernel *kernel, enum lock_rank rank)
{
	uintptr_t *held = held_word(kernel);

	if (!is_in_order(*held, rank)) {
		enum lock_rank highest =
		    (enum lock_rank)(31 - __builtin_clz((unsigned)(*held & RANK_MASK)));

		kernel_panic(kernel, "lock order: rank %d (%s) is taken while rank %d (%s) is held",
		    (int)rank, rank_names[rank], (int)highest, rank_names[highest]);
	}
	*held = held_with(*held, rank);
}

bool
lock_debug_try_checked(struct kernel *kernel, enum lock_rank rank)
{
	uintptr_t *held = held_word(kernel);

	if (!is_in_order(*held, rank))
		return false;
	*held = held_with(*held, rank);
	return true;
}

void
lock_debug_release_checked(struct kernel *kernel, enum lock_rank rank)
{
	uintptr_t *held = held_word(kernel);

	if ((*held >> rank & 1) == 0)
		kernel_panic(kernel, "lock owner: rank %d (%s) is released by a thread without it",
		    (int)rank, rank_names[rank]);
	if (rank == RANK_REPEATED && *held >= REPEAT_ONE)
		*held -= REPEAT_ONE;
	else
		*held &= ~((uintptr_t)1 << rank);
}
