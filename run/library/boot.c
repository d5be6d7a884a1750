/*
 * How a kernel in a process comes up.
 *
 * Kernels that are not given a host share one, which is made with the first and
 * stays: it keeps the memory of kernels that are gone for the next ones.
 */
#include <pthread.h>

#include "host/posix/posix.h"
#include "run/boot/boot.h"
#include "run/library/library.h"
#include <rump/rump.h>

static pthread_once_t host_once = PTHREAD_ONCE_INIT;
static struct host *common_host;
static int host_error;

static void
create_host(void)
{
	host_error = posix_host_create(&common_host);
}

int
library_host(struct host **out)
{
	pthread_once(&host_once, create_host);
	*out = common_host;
	return host_error;
}

int
library_boot(const struct host_ops *ops, struct host *host, const struct rump_kernel_config *config,
    struct kernel **out)
{
	struct boot_config boot_config = {
		.host_ops = ops,
		.host = host,
		.memory_limit = config->memory_limit,
		.console_level = (enum log_level)config->console_level,
	};

	return boot(&boot_config, out);
}
