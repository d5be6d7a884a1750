/*
 * Errors of writing: see write_errors.h.
 *
 * One word says which error was the last and how many came before, so that
 * whether there is a new one is a comparison.  The number wraps: a file would have
 * to miss a million errors, and no others, to miss that.  Errors that come while
 * nobody has been told of the last need no new number.
 */
#include "vfs/write_errors.h"

#include "base/compiler.h"

#define ERROR_MASK UINT32_C(0xfff)
#define TOLD	   UINT32_C(0x1000) /* to somebody */
#define NUMBER_ONE UINT32_C(0x2000)

void
write_errors_note(struct write_errors *errors, int error)
{
	uint32_t last = atomic_load_explicit(&errors->last, memory_order_relaxed), next;

	do {
		next = (last & ~(ERROR_MASK | TOLD)) | ((uint32_t)-error & ERROR_MASK);
		if (last == 0 || (last & TOLD) != 0)
			next += NUMBER_ONE;
	} while (!atomic_compare_exchange_weak_explicit(&errors->last, &last, next,
	    memory_order_relaxed, memory_order_relaxed));
}

void
write_errors_begin(struct write_errors *errors, struct write_errors_told *told)
{
	uint32_t last = atomic_load_explicit(&errors->last, memory_order_relaxed);

	atomic_store_explicit(&told->last, (last & TOLD) != 0 ? last : 0, memory_order_relaxed);
}

int
write_errors_tell(struct write_errors *errors, struct write_errors_told *told)
{
	uint32_t last = atomic_load_explicit(&errors->last, memory_order_relaxed);

	if (LIKELY(last == atomic_load_explicit(&told->last, memory_order_relaxed)))
		return 0;
	/* If it has changed just now, there is another error, for the next time. */
	atomic_compare_exchange_strong_explicit(&errors->last, &last, last | TOLD,
	    memory_order_relaxed, memory_order_relaxed);
	last |= TOLD;
	if (atomic_exchange_explicit(&told->last, last, memory_order_relaxed) == last)
		return 0; /* another thread has been told, by the same file */
	return -(int)(last & ERROR_MASK);
}
