/*
 * Birth and end of a kernel: see kernel.h.
 *
 * Memory comes first, since the kernel itself lies in it, then what needs
 * nothing but memory, then the components in the order given.  The end is the
 * reverse, and so is the way back from a start that failed half-way:
 * component_count says how many have started.
 */
#include "kern/kernel.h"

#include "base/errno.h"
#include "base/format.h"
#include "base/math.h"

#define PANIC_LINE_MAX 200

static void
components_stop(struct kernel *kernel)
{
	while (kernel->component_count > 0) {
		kernel->component_count--;
		kernel->components[kernel->component_count]->stop(kernel);
	}
}

/* Start count components; on error, those that started are stopped again. */
static int
components_start(struct kernel *kernel, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int error = kernel->components[i]->start(kernel);

		if (error < 0) {
			components_stop(kernel);
			return error;
		}
		kernel->component_count++;
	}
	return 0;
}

int
kernel_create(const struct kernel_config *config, struct kernel **out)
{
	uint64_t limit = config->memory_limit != 0 ? config->memory_limit : MEMORY_LIMIT_DEFAULT;
	struct kernel *kernel;
	int error;

	*out = NULL;
	kernel = memory_create(config->host_ops, config->host, limit);
	if (kernel == NULL)
		return -ENOMEM;

	kernel->components = config->components;
	kernel->boot_time = kernel_clock_monotonic(kernel);
	deferred_init(kernel);
	rcu_init(kernel);
	error = kernel_random(kernel, &kernel->hash_secret, sizeof(kernel->hash_secret));
	if (error < 0)
		goto destroy_memory;
	error = log_create(kernel, config->console_level);
	if (error < 0)
		goto destroy_memory;
	error = components_start(kernel, config->component_count);
	if (error < 0)
		goto destroy_log;
	*out = kernel;
	return 0;

destroy_log:
	deferred_stop(kernel);
	log_destroy(kernel);
destroy_memory:
	memory_destroy(kernel);
	return error;
}

void
kernel_destroy(struct kernel *kernel)
{
	components_stop(kernel);
	deferred_stop(kernel);
	log_destroy(kernel);
	memory_destroy(kernel);
}

uint64_t
kernel_run(struct kernel *kernel)
{
	return deferred_run(kernel);
}

void
kernel_panic(struct kernel *kernel, const char *format, ...)
{
	char why[PANIC_LINE_MAX];
	va_list values;

	va_start(values, format);
	format_text_list(why, sizeof(why), format, values);
	va_end(values);
	kernel->host_ops->panic(kernel->host, why);
}

int
kernel_random(struct kernel *kernel, void *buffer, size_t size)
{
	return kernel->host_ops->random(kernel->host, buffer, size);
}
