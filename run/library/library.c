/*
 * The kernels of a process: created and destroyed, and the default one.
 *
 * The default kernel is made under the library lock, so that of several host
 * threads that want it first one makes it and the others get it.
 */
#include "run/library/library.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/posix/posix.h"
#include "kern/kernel.h"
#include "vfs/mount.h"
#include <rump/rump.h>

static struct rump_kernel *default_kernel; /* or NULL; GUARDED_BY(library lock) */

/* ---- creating ----------------------------------------------------------------------------------- */

static uint64_t
nanoseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool
library_is_valid_config(const struct rump_kernel_config *config)
{
	static const struct rump_kernel_config zero;

	return config->console_level >= 0 && config->console_level <= LOG_DEBUG &&
	       (config->flags & ~(uint32_t)(RUMP_KERNEL_FIXED_TIME | RUMP_KERNEL_SEEDED)) == 0 &&
	       memcmp(config->reserved, zero.reserved, sizeof(zero.reserved)) == 0;
}

int
library_create_on(const struct host_ops *ops, struct host *host,
    const struct rump_kernel_config *config, struct rump_kernel **out)
{
	struct rump_kernel *kernel = calloc(1, sizeof(*kernel));
	uint64_t start = nanoseconds_now();
	int error;

	*out = NULL;
	if (kernel == NULL)
		return -ENOMEM;
	error = library_boot(ops, host, config, &kernel->kernel);
	if (error < 0) {
		free(kernel);
		return error;
	}
	list_init(&kernel->bindings);
	list_init(&kernel->lwps);
	list_init(&kernel->stores);
	pthread_mutex_init(&kernel->stores_lock, NULL);
	kernel->boot_time_ns = nanoseconds_now() - start;
	*out = kernel;
	return 0;
}

/* A kernel whose time or randomness is not the host's has a host of its own. */
static int
create_settled(const struct rump_kernel_config *config, struct rump_kernel **out)
{
	const struct posix_settled settled = {
		.has_time = (config->flags & RUMP_KERNEL_FIXED_TIME) != 0,
		.time = config->time_ns,
		.has_seed = (config->flags & RUMP_KERNEL_SEEDED) != 0,
		.seed = config->random_seed,
	};
	struct host *host;
	int error = posix_host_create_settled(&settled, &host);

	if (error < 0)
		return error;
	error = library_create_on(&posix_host_ops, host, config, out);
	if (error < 0)
		posix_host_destroy(host);
	else
		(*out)->own_host = host;
	return error;
}

/* Negative errno. */
static int
create(const struct rump_kernel_config *config, struct rump_kernel **out)
{
	struct host *host;
	int error;

	*out = NULL;
	if (config->flags != 0)
		return create_settled(config, out);
	error = library_host(&host);
	return error < 0 ? error : library_create_on(&posix_host_ops, host, config, out);
}

int
rump_kernel_create(const struct rump_kernel_config *config, struct rump_kernel **out)
{
	static const struct rump_kernel_config defaults;

	*out = NULL;
	if (config == NULL)
		config = &defaults;
	if (!library_is_valid_config(config))
		return EINVAL;
	return -create(config, out);
}

/* ---- the default kernel --------------------------------------------------------------------------- */

/* A size such as 65536, 64k, 16m, 1g. */
static int
parse_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kmg";
	unsigned long long number;
	const char *suffix;
	unsigned shift;
	char *end;

	*out = 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (end == text || text[0] == '-' || errno != 0)
		return -EINVAL;
	if (*end == '\0') {
		*out = number;
		return 0;
	}
	suffix = strchr(suffixes, *end | 0x20);
	if (suffix == NULL || end[1] != '\0')
		return -EINVAL;
	shift = 10 * (unsigned)(suffix - suffixes + 1);
	if (number > UINT64_MAX >> shift)
		return -EINVAL;
	*out = (uint64_t)number << shift;
	return 0;
}

/* Seconds since 1970, in nanoseconds. */
static int
parse_time(const char *text, int64_t *out)
{
	long long seconds;
	char *end;

	errno = 0;
	seconds = strtoll(text, &end, 10);
	*out = 0;
	if (end == text || *end != '\0' || errno != 0 || seconds > INT64_MAX / 1000000000 ||
	    seconds < INT64_MIN / 1000000000)
		return -EINVAL;
	*out = (int64_t)seconds * 1000000000;
	return 0;
}

/* What makes a kernel do the same each time. */
static int
read_settled(struct rump_kernel_config *config)
{
	const char *time = getenv("RUMP_TIME");
	const char *seed = getenv("RUMP_SEED");
	int error = 0;

	if (time != NULL) {
		config->flags |= RUMP_KERNEL_FIXED_TIME;
		error = parse_time(time, &config->time_ns);
	}
	if (error == 0 && seed != NULL) {
		config->flags |= RUMP_KERNEL_SEEDED;
		error = parse_size(seed, &config->random_seed);
	}
	return error;
}

static int
read_environment(struct rump_kernel_config *config)
{
	const char *limit = getenv("RUMP_MEMLIMIT");
	const char *level = getenv("RUMP_VERBOSE");
	uint64_t number = 0;
	int error = 0;

	*config = (struct rump_kernel_config){ 0 };
	if (limit != NULL)
		error = parse_size(limit, &config->memory_limit);
	if (error == 0 && level != NULL)
		error = parse_size(level, &number);
	if (error < 0 || number > LOG_DEBUG)
		return -EINVAL;
	config->console_level = (int)number;
	return read_settled(config);
}

int
library_default_kernel(struct rump_kernel **out)
{
	struct rump_kernel_config config;
	int error = 0;

	library_lock();
	if (default_kernel == NULL) {
		error = read_environment(&config);
		if (error == 0)
			error = create(&config, &default_kernel);
		if (error == 0)
			default_kernel->is_default = true;
	}
	*out = default_kernel;
	library_unlock();
	return error;
}

int
rump_init(void)
{
	struct rump_kernel *kernel;

	return -library_default_kernel(&kernel);
}

/* ---- destroying, and what kernels cost ---------------------------------------------------------- */

int
rump_kernel_destroy(struct rump_kernel *kernel)
{
	int error;

	library_lock();
	if (kernel == NULL)
		kernel = default_kernel;
	if (kernel == default_kernel)
		default_kernel = NULL;
	library_unlock();
	if (kernel == NULL)
		return 0;

	binding_forget_kernel(kernel);
	error = mount_sync_all(kernel->kernel);
	etfs_forget_all(kernel);
	kernel_destroy(kernel->kernel);
	if (kernel->own_host != NULL)
		posix_host_destroy(kernel->own_host);
	pthread_mutex_destroy(&kernel->stores_lock);
	if (kernel->ended != NULL)
		kernel->ended(kernel);
	free(kernel);
	return error < 0 ? EIO : 0;
}

void
library_lose(struct rump_kernel *kernel)
{
	binding_lose_kernel(kernel);
	etfs_forget_all(kernel);
	pthread_mutex_destroy(&kernel->stores_lock);
	free(kernel);
}

int
rump_kernel_statistics(struct rump_kernel *kernel, struct rump_kernel_statistics *out)
{
	struct deferred *deferred;
	int error = 0;

	*out = (struct rump_kernel_statistics){ 0 };
	if (kernel == NULL)
		error = library_default_kernel(&kernel);
	if (error < 0)
		return -error;
	out->boot_time_ns = kernel->boot_time_ns;
	out->memory_taken = memory_taken(kernel->kernel);
	out->memory_limit = kernel->kernel->memory.limit;

	/* The only thread that a kernel ever starts is that for deferred work. */
	deferred = &kernel->kernel->deferred;
	mutex_lock(&deferred->lock);
	out->thread_count = deferred->thread != NULL;
	mutex_unlock(&deferred->lock);
	return 0;
}
