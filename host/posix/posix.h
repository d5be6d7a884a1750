/*
 * The POSIX host: rump kernels in ordinary processes of Linux.
 *
 * One host object serves any number of kernels and is normally shared by all
 * of a process, since it holds the memory that destroyed kernels left for the
 * next ones.  It outlives them.
 *
 *	struct host *host;
 *	int error = posix_host_create(&host);
 *	...
 *	config.host_ops = &posix_host_ops;
 *	config.host = host;
 */
#ifndef HOST_POSIX_POSIX_H
#define HOST_POSIX_POSIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"

extern const struct host_ops posix_host_ops;

/* Any thread.  -ENOMEM.  Starts no thread and opens no descriptor. */
MUST_CHECK int posix_host_create(struct host **out);

/* What is the same each time, instead of the system's. */
struct posix_settled {
	bool has_time;
	int64_t time; /* of day, nanoseconds since 1970; it stands still */
	bool has_seed;
	uint64_t seed; /* of all randomness, which is no secret then */
};

/* A host whose time of day or randomness is settled; else as above. */
MUST_CHECK int posix_host_create_settled(const struct posix_settled *settled, struct host **out);

/* No kernel uses the host any more, and no thread is inside it. */
void posix_host_destroy(struct host *host);

#endif
