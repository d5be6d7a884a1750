/*
 * Reader-writer locks: see rwlock.h.
 *
 * One word says all:
 *
 *	WRITER		a writer holds the lock
 *	WRITER_WAITS	a writer sleeps: new readers stay out
 *	WAITED_FOR	somebody sleeps: wake all when the lock becomes free
 *	the other bits	count the readers that hold the lock
 *
 * The last holder to leave sets the word to 0, flags and all, and wakes
 * everybody who slept; those who do not get the lock set their flags again.
 * So without a holder the word is always 0, a writer enters by 0 -> WRITER,
 * and nobody is left asleep by a flag that got lost.  A writer keeps new
 * readers out only while it sleeps, so readers get their chance too.
 *
 * Sleepers wait for the word itself to change.  A reader that leaves changes
 * it without waking anyone, which is right: only the last one matters.
 */
#include "kern/rwlock.h"

#include "base/errno.h"
#include "base/sanitize.h"
#include "kern/kernel.h"
#include "kern/lock_debug.h"
#include "kern/waiting.h"

#define WRITER	     0x80000000u
#define WRITER_WAITS 0x40000000u
#define WAITED_FOR   0x20000000u
#define READERS	     0x1fffffffu

void
rwlock_init(struct rwlock *lock, struct kernel *kernel, enum lock_rank rank)
{
	lock->kernel = kernel;
	atomic_init(&lock->state, 0);
	lock->rank = (uint8_t)rank;
	lock->is_out_of_order = false;
	atomic_init(&lock->changes, 0);
}

/* Sleep until the state is no longer seen with flags, which this sets. */
static void
rwlock_sleep(struct rwlock *lock, uint32_t seen, uint32_t flags)
{
	struct kernel *kernel = lock->kernel;
	uint32_t flagged = seen | flags;

	if (flagged != seen && !atomic_compare_exchange_strong_explicit(&lock->state, &seen,
				   flagged, memory_order_relaxed, memory_order_relaxed))
		return;
	if (kernel->host_ops->wait(kernel->host, &lock->state, flagged, HOST_NO_DEADLINE,
		waiting_for(WAIT_RWLOCK, lock->rank)) == -EDEADLK)
		kernel_panic(kernel, "reader-writer lock of rank %u: deadlock", lock->rank);
}

void
rwlock_lock_shared(struct rwlock *lock)
{
	uint32_t state;

	lock_debug_acquire(lock->kernel, lock->rank);
	state = atomic_load_explicit(&lock->state, memory_order_relaxed);
	for (;;) {
		if ((state & (WRITER | WRITER_WAITS)) != 0) {
			rwlock_sleep(lock, state, WAITED_FOR);
			state = atomic_load_explicit(&lock->state, memory_order_relaxed);
			continue;
		}
		if (atomic_compare_exchange_weak_explicit(&lock->state, &state, state + 1,
			memory_order_acquire, memory_order_relaxed))
			return;
	}
}

void
rwlock_unlock_shared(struct rwlock *lock)
{
	struct kernel *kernel = lock->kernel;
	uint32_t state = atomic_load_explicit(&lock->state, memory_order_relaxed);
	uint32_t left;

	lock_debug_release(kernel, lock->rank);
	do {
		ASSERT((state & READERS) != 0);
		left = (state & READERS) == 1 ? 0 : state - 1;
	} while (!atomic_compare_exchange_weak_explicit(&lock->state, &state, left,
	    memory_order_release, memory_order_relaxed));

	/* From here on the lock may be gone: only its address is used. */
	if (left == 0 && (state & WAITED_FOR) != 0)
		kernel->host_ops->wake(kernel->host, &lock->state, UINT32_MAX);
}

/* The holder may change what is guarded from here on: rwlock_peek() is to notice. */
static void
begin_changes(struct rwlock *lock)
{
	uint32_t changes = atomic_load_explicit(&lock->changes, memory_order_relaxed);

	atomic_store_explicit(&lock->changes, changes + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void
end_changes(struct rwlock *lock)
{
	uint32_t changes = atomic_load_explicit(&lock->changes, memory_order_relaxed);

	atomic_store_explicit(&lock->changes, changes + 1, memory_order_release);
}

static bool
rwlock_take_free(struct rwlock *lock, uint32_t *seen)
{
	*seen = 0;
	if (!atomic_compare_exchange_strong_explicit(&lock->state, seen, WRITER,
		memory_order_acquire, memory_order_relaxed))
		return false;
	begin_changes(lock);
	return true;
}

void
rwlock_lock_exclusive(struct rwlock *lock)
{
	uint32_t seen;

	lock_debug_acquire(lock->kernel, lock->rank);
	while (!rwlock_take_free(lock, &seen))
		rwlock_sleep(lock, seen, WRITER_WAITS | WAITED_FOR);
}

bool
rwlock_try_lock_exclusive(struct rwlock *lock)
{
	uint32_t seen;

	if (!rwlock_take_free(lock, &seen))
		return false;
	lock->is_out_of_order = !lock_debug_try(lock->kernel, lock->rank);
	return true;
}

void
rwlock_unlock_exclusive(struct rwlock *lock)
{
	struct kernel *kernel = lock->kernel;

	rwlock_assert_exclusive(lock);
	if (!lock->is_out_of_order)
		lock_debug_release(kernel, lock->rank);
	lock->is_out_of_order = false;
	end_changes(lock);

	/* As for readers, the lock may be gone after this. */
	if ((atomic_exchange_explicit(&lock->state, 0, memory_order_release) & WAITED_FOR) != 0)
		kernel->host_ops->wake(kernel->host, &lock->state, UINT32_MAX);
}

/* A word of whatever type. */
typedef uint64_t __attribute__((may_alias)) racing_word;

/*
 * Copy what a writer may be changing.  That is a race by the rules of C, which
 * is why it is done word by word with volatile loads, that are not torn or
 * repeated, and hidden from ThreadSanitizer; a copy that met a writer is dropped.
 */
SANITIZE_NO_THREAD static void
copy_racing(racing_word *to, const volatile racing_word *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i];
}

bool
rwlock_peek(const struct rwlock *lock, void *to, const void *from, size_t size)
{
	uint32_t changes = atomic_load_explicit(&lock->changes, memory_order_acquire);

	ASSERT(size % sizeof(uint64_t) == 0);
	if ((changes & 1) != 0)
		return false;
	copy_racing(to, from, size / sizeof(uint64_t));
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&lock->changes, memory_order_relaxed) == changes;
}

void
rwlock_assert_held(const struct rwlock *lock)
{
	ASSERT(atomic_load_explicit(&lock->state, memory_order_relaxed) != 0);
}

void
rwlock_assert_exclusive(const struct rwlock *lock)
{
	ASSERT((atomic_load_explicit(&lock->state, memory_order_relaxed) & WRITER) != 0);
}
