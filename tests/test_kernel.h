/*
 * For tests: kernels on the POSIX host, and ways to run them out of memory.
 */
#ifndef TESTS_TEST_KERNEL_H
#define TESTS_TEST_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "host/posix/posix.h"
#include "kern/kernel.h"
#include "kern/memory.h"

/* A kernel of these components, with a host of its own.  It is there or we stop. */
static inline struct kernel *
test_kernel_create(const struct component *const *components, size_t component_count,
    uint64_t memory_limit)
{
	struct kernel_config config = {
		.host_ops = &posix_host_ops,
		.components = components,
		.component_count = component_count,
		.memory_limit = memory_limit,
		.console_level = LOG_EMERGENCY,
	};
	struct kernel *kernel;
	int error = posix_host_create(&config.host);

	ASSERT(error == 0);
	error = kernel_create(&config, &kernel);
	ASSERT(error == 0);
	return kernel;
}

static inline void
test_kernel_destroy(struct kernel *kernel)
{
	struct host *host = kernel->host;

	kernel_destroy(kernel);
	posix_host_destroy(host);
}

/*
 * Somebody who takes all memory there is, so that allocations fail, and gives
 * some pages back, so that the n-th page that is needed is one too many.
 *
 * Objects that are allocated meanwhile each begin a page of their own, which
 * stays when the hog has gone: some dozens of rounds, and memory is full.
 */
struct hog {
	struct kernel *kernel;
	struct hog_object {
		struct hog_object *next;
		size_t size;
	} * objects, *pages; /* all that it has */
};

static inline void
hog_keep(struct hog_object **list, void *memory, size_t size)
{
	struct hog_object *object = memory;

	object->next = *list;
	object->size = size;
	*list = object;
}

static inline void
hog_take(struct hog *hog, struct kernel *kernel)
{
	void *memory;

	*hog = (struct hog){ .kernel = kernel };
	while ((memory = page_run_alloc(kernel, 1)) != NULL)
		hog_keep(&hog->pages, memory, PAGE_SIZE);
	for (size_t size = 16; size <= OBJECT_MAX; size += 16)
		while ((memory = memory_alloc(kernel, size)) != NULL)
			hog_keep(&hog->objects, memory, size);
}

/* Give up to count pages back. */
static inline void
hog_give(struct hog *hog, size_t count)
{
	while (count-- > 0 && hog->pages != NULL) {
		void *page = hog->pages;

		hog->pages = hog->pages->next;
		page_run_free(hog->kernel, page, 1);
	}
}

static inline void
hog_give_all(struct hog *hog)
{
	hog_give(hog, SIZE_MAX);
	while (hog->objects != NULL) {
		struct hog_object *object = hog->objects;

		hog->objects = object->next;
		memory_free(hog->kernel, object, object->size);
	}
}

#endif
