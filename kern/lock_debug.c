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

/* A switch, and not a table, so that a rank without a name does not compile. */
static const char *
rank_name(enum lock_rank rank)
{
	switch (rank) {
	case RANK_PROCESS:
		return "process";
	case RANK_FILE:
		return "file";
	case RANK_MOUNT_TABLE:
		return "mount table";
	case RANK_RENAME:
		return "rename";
	case RANK_VNODE:
		return "vnode";
	case RANK_FILE_SYSTEM:
		return "file system";
	case RANK_BUFFER:
		return "buffer";
	case RANK_BUFFER_CACHE:
		return "buffer cache";
	case RANK_BLOCK_REGISTRY:
		return "block registry";
	case RANK_VNODE_TABLE:
		return "vnode table";
	case RANK_NAME_CACHE:
		return "name cache";
	case RANK_NAME_SHARD:
		return "name shard";
	case RANK_DESCRIPTORS:
		return "descriptors";
	case RANK_DEFERRED:
		return "deferred";
	case RANK_RECLAIM:
		return "reclaim";
	case RANK_PAGE_LRU:
		return "page LRU";
	case RANK_PAGE_CACHE:
		return "page cache";
	case RANK_SIZE_CLASS:
		return "size class";
	case RANK_MEMORY:
		return "memory";
	case RANK_LOG:
		return "log";
	case RANK_COUNT:
		break;
	}
	return "none";
}

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
		    (int)rank, rank_name(rank), (int)highest, rank_name(highest));
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
		    (int)rank, rank_name(rank));
	if (rank == RANK_REPEATED && *held >= REPEAT_ONE)
		*held -= REPEAT_ONE;
	else
		*held &= ~((uintptr_t)1 << rank);
}
