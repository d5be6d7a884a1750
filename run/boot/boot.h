/*
 * What a kernel of files is made of, and how it comes up: the same in a process
 * and in a browser.
 */
#ifndef RUN_BOOT_BOOT_H
#define RUN_BOOT_BOOT_H

#include <stdint.h>

#include "base/compiler.h"
#include "kern/log.h"

struct host;
struct host_ops;
struct kernel;

struct boot_config {
	const struct host_ops *host_ops;
	struct host *host;
	uint64_t memory_limit; /* 0: the kernel's default */
	enum log_level console_level;
};

/*
 * A kernel with a tmpfs for a root, a devfs on /dev, and process 1.  -ENOMEM, or
 * what a component said.  May block.
 */
MUST_CHECK int boot(const struct boot_config *config, struct kernel **out);

#endif
