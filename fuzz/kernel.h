/* A kernel for a fuzz target that mounts images: see also tests/memory_store.h. */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include <stdint.h>
#include <sys/stat.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "base/compiler.h"
#include "host/posix/posix.h"
#include "run/library/library.h"
#include "tests/memory_store.h"

/*
 * A kernel, chosen for the calling thread, that has store as /dev/disk, to be read
 * only, and a directory /mnt.
 */
static inline struct rump_kernel *
fuzz_kernel_create(const struct memory_store *store, uint64_t memory_limit)
{
	struct rump_kernel_config config = { .memory_limit = memory_limit };
	static struct host_ops ops;
	static struct host *host;
	char name[MEMORY_STORE_NAME];
	struct rump_kernel *kernel;

	if (host == NULL) {
		ops = memory_store_host_ops();
		ASSERT(posix_host_create(&host) == 0);
	}
	ASSERT(library_create_on(&ops, host, &config, &kernel) == 0);
	rump_kernel_switch(kernel);
	memory_store_name(store, name);
	ASSERT(rump_pub_etfs_register("/dev/disk", name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) == 0);
	ASSERT(rump_sys_mkdir("/mnt", 0755) == 0);
	return kernel;
}

#endif
