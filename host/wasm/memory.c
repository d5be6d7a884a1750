/*
 * Kernel memory: runs of linear memory, which grows and never shrinks.
 *
 * What is free is a list of extents by address, each with its head in its own
 * first bytes, and zero otherwise; it is cleared when it is given back.  A run is
 * cut from the first extent that holds it; if none does, memory grows, by no
 * more than what the last extent lacks.  Kernels ask for chunks of 256 KiB, so
 * extents are few, and a list does.
 *
 * Addresses are held in 64 bits where their end may be that of memory: 2^32.
 */
#include "base/math.h"
#include "base/string.h"
#include "host/wasm/host_impl.h"

#define GROWTH_UNIT 65536u /* WebAssembly's page */

extern char __heap_base; /* the linker's: the end of the stack and of all data */

static uint64_t
memory_end(void)
{
	return (uint64_t)__builtin_wasm_memory_size(0) * GROWTH_UNIT;
}

static uint64_t
extent_end(const struct extent *extent)
{
	return (uintptr_t)extent + (uint64_t)extent->size;
}

/* Add zeros to what is free, joined with what touches them. */
static void
extent_insert(struct host *host, struct extent *extent, size_t size)
{
	struct extent **place = &host->free;
	struct extent *previous = NULL;

	while (*place != NULL && *place < extent) {
		previous = *place;
		place = &previous->next;
	}
	extent->next = *place;
	extent->size = size;
	*place = extent;

	if (extent->next != NULL && extent_end(extent) == (uintptr_t)extent->next) {
		struct extent *next = extent->next;

		extent->size += next->size;
		extent->next = next->next;
		*next = (struct extent){ 0 };
	}
	if (previous != NULL && extent_end(previous) == (uintptr_t)extent) {
		previous->size += extent->size;
		previous->next = extent->next;
		*extent = (struct extent){ 0 };
	}
}

/* Cut [start, start + size) out of the extent that *place names. */
static void *
extent_cut(struct extent **place, uint64_t start, size_t size)
{
	struct extent *extent = *place;
	size_t head = (size_t)(start - (uintptr_t)extent);
	size_t tail = extent->size - head - size;

	if (tail > 0) {
		struct extent *after = (struct extent *)(uintptr_t)(start + size);

		after->next = extent->next;
		after->size = tail;
		extent->next = after;
	}
	extent->size = head;
	if (head == 0) {
		*place = extent->next;
		*extent = (struct extent){ 0 };
	}
	return (void *)(uintptr_t)start;
}

static void *
take(struct host *host, size_t size, size_t alignment)
{
	for (struct extent **place = &host->free; *place != NULL; place = &(*place)->next) {
		uint64_t start = round_up((uintptr_t)*place, alignment);

		if (start + size <= extent_end(*place))
			return extent_cut(place, start, size);
	}
	return NULL;
}

/* Grow memory so that its end holds a run of size; false if it cannot be. */
static bool
grow(struct host *host, size_t size, size_t alignment)
{
	uint64_t end = memory_end(), from = end, need;
	size_t units;

	for (const struct extent *extent = host->free; extent != NULL; extent = extent->next) {
		if (extent_end(extent) == end)
			from = (uintptr_t)extent;
	}
	need = divide_up(round_up(from, alignment) + size - end, GROWTH_UNIT);
	if (end + need * GROWTH_UNIT > (uint64_t)UINT32_MAX + 1)
		return false;
	units = (size_t)need;
	if (__builtin_wasm_memory_grow(0, units) == SIZE_MAX)
		return false;
	extent_insert(host, (struct extent *)(uintptr_t)end, units * GROWTH_UNIT);
	return true;
}

void *
wasm_memory_get(struct host *host, size_t size, size_t alignment, size_t soon)
{
	void *memory = take(host, size, alignment);

	if (memory == NULL && grow(host, size, alignment))
		memory = take(host, size, alignment);
	return memory;
}

void
wasm_memory_return(struct host *host, void *memory, size_t size)
{
	memset(memory, 0, size);
	extent_insert(host, memory, size);
}

/* The host itself lies in front of what it gives away. */
struct host *
wasm_memory_start(void)
{
	uint64_t start = round_up((uintptr_t)&__heap_base, PAGE);
	struct host *host = (struct host *)(uintptr_t)start;
	uint64_t free;

	_Static_assert(sizeof(*host) <= PAGE, "the host fits its page");
	free = start + PAGE;
	if (free < memory_end())
		extent_insert(host, (struct extent *)(uintptr_t)free,
		    (size_t)(memory_end() - free));
	return host;
}
