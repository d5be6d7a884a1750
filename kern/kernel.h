/*
 * The kernel as an object.
 *
 * Everything a rump kernel ever changes hangs off its struct kernel, and
 * every object in it leads back to it; there is no other mutable state.  So
 * kernels are created and destroyed at will, many live in one process, and
 * none can see another.
 *
 * A kernel is made of components: the caller lists those it wants, in an order
 * in which each follows what it needs; they start in that order and stop in
 * the reverse one.  No component starts a thread.
 */
#ifndef KERN_KERNEL_H
#define KERN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "kern/rcu.h"
#include "kern/timer.h"

struct kernel;
struct address_space;

/* Places for what subsystems keep per kernel; one pointer each. */
enum kernel_slot {
	SLOT_BLOCK,
	SLOT_PAGES,
	SLOT_VFS,
	SLOT_DEVFS,
	SLOT_PROCESS,
	SLOT_COUNT,
};

/*
 * Something a kernel can be made of.  start() puts the component's state in
 * its slot, or registers itself with a component that stands before it; on
 * error it has undone everything.  stop() finds nothing in use any more.
 */
struct component {
	const char *name;
	int (*start)(struct kernel *kernel);
	void (*stop)(struct kernel *kernel);
};

struct kernel_config {
	const struct host_ops *host_ops;
	struct host *host;
	const struct component *const *components;
	size_t component_count;
	uint64_t memory_limit;	      /* bytes it may take from the host; 0: MEMORY_LIMIT_DEFAULT */
	enum log_level console_level; /* log lines at least this grave are shown on the console */
};

struct kernel {
	const struct host_ops *host_ops;	   /* constant */
	struct host *host;			   /* constant */
	const struct component *const *components; /* constant */
	size_t component_count;			   /* of those that have started */
	uint64_t boot_time;			   /* clock_monotonic() at creation; constant */
	uint64_t hash_secret;			   /* mixed into hashes of foreign keys; constant */
	void *slots[SLOT_COUNT];		   /* constant once booted */
	struct memory memory;
	struct log log;
	struct deferred deferred;
	struct rcu rcu;
};

/*
 * Create a kernel and start its components.  -ENOMEM, or what a component's
 * start() said.  May block.
 */
MUST_CHECK int kernel_create(const struct kernel_config *config, struct kernel **out);

/*
 * Stop all components and give everything back to the host.  Nobody is in the
 * kernel and nobody will enter it again.  May block.
 */
void kernel_destroy(struct kernel *kernel);

/*
 * Run the timers and the deferred work that are due, for hosts without
 * threads.  Returns when it wants to be called next, or HOST_NO_DEADLINE.
 */
uint64_t kernel_run(struct kernel *kernel);

/* A broken invariant: say so, in format_text()'s terms, and stop everything. */
void kernel_panic(struct kernel *kernel, const char *format, ...) PRINTF_LIKE(2, 3) NORETURN;

/* Fill buffer with unpredictable bytes of the host's.  May block.  0 or -EIO. */
MUST_CHECK int kernel_random(struct kernel *kernel, void *buffer, size_t size);

static inline uint64_t
kernel_clock_monotonic(struct kernel *kernel)
{
	return kernel->host_ops->clock_monotonic(kernel->host);
}

static inline int64_t
kernel_clock_wall(struct kernel *kernel)
{
	return kernel->host_ops->clock_wall(kernel->host);
}

#endif
