/*
 * Lock checks: see lock_debug.h.
 *
 * The thread's word is a set: bit r says that a lock of rank r is held.  So
 * "nothing as high as this is held" is one shift.  Some ranks may be held more
 * than once; a byte for each, from REPEAT_SHIFT up, counts the further locks.  A
 * lock that was tried for against the order is in no set, since the same rank
 * may be held properly at the same time; the lock itself remembers.
 *
 * A list of held locks per thread would say more, but it needs memory, and the
 * allocator has locks itself.
 */
#include "kern/lock_debug.h"

#include <stdint.h>

#include "base/compiler.h"
#include "base/format.h"
#include "kern/kernel.h"

#define REPEAT_SHIFT 32
#define REPEAT_MASK  UINT64_C(0xff)
#define RANK_MASK    UINT64_C(0xffffffff)

_Static_assert(RANK_COUNT <= REPEAT_SHIFT, "a thread's word has a bit for each rank");

/* A switch, and not a table, so that a rank without a name does not compile. */
const char *
lock_rank_name(enum lock_rank rank)
{
	switch (rank) {
	case RANK_PROCESS:
		return "process";
	case RANK_FILE:
		return "file";
	case RANK_EPOLL:
		return "epoll";
	case RANK_MOUNT_TABLE:
		return "mount table";
	case RANK_RENAME:
		return "rename";
	case RANK_VNODE:
		return "vnode";
	case RANK_FS_OPERATION:
		return "file system's operations";
	case RANK_FS_DATA:
		return "file system's data";
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
	case RANK_WAIT_QUEUE:
		return "wait queue";
	case RANK_FILE_LOCK:
		return "file lock";
	case RANK_WATCHES:
		return "watches";
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
	case RANK_RCU:
		return "rcu";
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

static uint64_t *
held_word(struct kernel *kernel)
{
	return kernel->host_ops->thread_word(kernel->host);
}

/* One more lock of a rank that may be held repeatedly; 0 for other ranks. */
static uint64_t
repeat_one(enum lock_rank rank)
{
	switch (rank) {
	case RANK_VNODE:
		return UINT64_C(1) << REPEAT_SHIFT;
	case RANK_EPOLL:
		return UINT64_C(1) << (REPEAT_SHIFT + 8);
	case RANK_WAIT_QUEUE:
		return UINT64_C(1) << (REPEAT_SHIFT + 16);
	default:
		return 0;
	}
}

/* Whether a thread that holds these locks may wait for one of rank. */
static bool
is_in_order(uint64_t held, enum lock_rank rank)
{
	uint64_t not_lower = (held & RANK_MASK) >> rank;

	return not_lower == 0 || (not_lower == 1 && repeat_one(rank) != 0);
}

static uint64_t
held_with(uint64_t held, enum lock_rank rank)
{
	uint64_t bit = UINT64_C(1) << rank;

	return (held & bit) != 0 ? held + repeat_one(rank) : held | bit;
}

void
lock_debug_acquire_checked(struct kernel *kernel, enum lock_rank rank)
{
	uint64_t *held = held_word(kernel);

	if (!is_in_order(*held, rank)) {
		enum lock_rank highest =
		    (enum lock_rank)(31 - __builtin_clz((unsigned)(*held & RANK_MASK)));

		kernel_panic(kernel, "lock order: rank %d (%s) is taken while rank %d (%s) is held",
		    (int)rank, lock_rank_name(rank), (int)highest, lock_rank_name(highest));
	}
	*held = held_with(*held, rank);
}

bool
lock_debug_try_checked(struct kernel *kernel, enum lock_rank rank)
{
	uint64_t *held = held_word(kernel);

	if (!is_in_order(*held, rank))
		return false;
	*held = held_with(*held, rank);
	return true;
}

void
lock_debug_release_checked(struct kernel *kernel, enum lock_rank rank)
{
	uint64_t *held = held_word(kernel);
	uint64_t one = repeat_one(rank);

	if ((*held >> rank & 1) == 0)
		kernel_panic(kernel, "lock owner: rank %d (%s) is released by a thread without it",
		    (int)rank, lock_rank_name(rank));
	if ((*held & one * REPEAT_MASK) != 0)
		*held -= one;
	else
		*held &= ~(UINT64_C(1) << rank);
}

void
lock_debug_describe(uint64_t held, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned rank = 0; rank < RANK_COUNT; rank++)
		if ((held >> rank & 1) != 0 && length < size)
			length += format_text(text + length, size - length, "%s%s",
			    length > 0 ? ", " : "", lock_rank_name((enum lock_rank)rank));
}
