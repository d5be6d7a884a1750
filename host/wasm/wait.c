/*
 * Time, and waiting in a world of one thread.
 *
 * Who waits can only be woken by deferred work, so waiting is doing that.  Where
 * none is to come, waiting without a deadline would be for ever: -EDEADLK.  A
 * wait for a time goes round in circles, since JavaScript knows no sleep that a
 * page may use; nothing in the kernel waits so but for deferred work.
 */
#include "host/wasm/host_impl.h"
#include "host/wasm/import.h"
#include "host/wasm/wasm.h"

#define MILLISECOND 1000000.0 /* in nanoseconds */

uint64_t
wasm_clock_monotonic(struct host *host)
{
	return (uint64_t)(import_clock_monotonic() * MILLISECOND);
}

int64_t
wasm_clock_wall(struct host *host)
{
	return (int64_t)(import_clock_wall() * MILLISECOND);
}

void
wasm_work_pending(struct host *host, uint64_t deadline)
{
	if (deadline >= host->due)
		return;
	host->due = deadline;
	import_work_pending((double)deadline / MILLISECOND);
}

uint64_t
wasm_host_run(struct host *host)
{
	/* What becomes due while it runs is told by work_pending() again. */
	host->due = HOST_NO_DEADLINE;
	wasm_work_pending(host, host->run());
	return host->due;
}

int
wasm_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline,
    uint32_t what)
{
	while (atomic_load_explicit(word, memory_order_relaxed) == expected) {
		uint64_t now = wasm_clock_monotonic(host);

		if (now >= deadline)
			return -ETIMEDOUT;
		if (host->due <= now)
			wasm_host_run(host);
		else if (host->due == HOST_NO_DEADLINE && deadline == HOST_NO_DEADLINE)
			return -EDEADLK;
	}
	return 0;
}

/* Nobody sleeps: who waits looks at the word again by itself. */
void
wasm_wake(struct host *host, const _Atomic uint32_t *word, unsigned count)
{
}
