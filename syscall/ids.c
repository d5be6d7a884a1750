/*
 * A bitmap that starts with one cache line and doubles while more than half of
 * it is in use, up to IDS_MAX; so a search for a free id looks at few words.
 * If it cannot grow for want of memory, it goes on until it is full.
 *
 * A counter alone would do until it comes round; after that it would have to
 * ask all processes and threads whether a number is theirs.
 */
#include "syscall/ids.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/memory.h"

#define CAPACITY_FIRST 512
#define WORD_BITS      64

static size_t
bitmap_size(uint32_t capacity)
{
	return capacity / 8;
}

int
ids_init(struct ids *ids, struct kernel *kernel)
{
	*ids = (struct ids){ .kernel = kernel, .capacity = CAPACITY_FIRST, .next = 1 };
	ids->taken = memory_alloc_zeroed(kernel, bitmap_size(CAPACITY_FIRST));
	if (ids->taken == NULL)
		return -ENOMEM;
	ids->taken[0] = 1; /* 0 is nobody's id */
	ids->count = 1;
	return 0;
}

void
ids_destroy(struct ids *ids)
{
	memory_free(ids->kernel, ids->taken, bitmap_size(ids->capacity));
}

static void
ids_grow(struct ids *ids)
{
	size_t size = bitmap_size(ids->capacity);
	uint64_t *taken = memory_alloc_zeroed(ids->kernel, 2 * size);

	if (taken == NULL)
		return;
	memcpy(taken, ids->taken, size);
	memory_free(ids->kernel, ids->taken, size);
	ids->taken = taken;
	ids->capacity *= 2;
}

int
ids_take(struct ids *ids, uint32_t *out)
{
	uint32_t words, start;

	*out = 0;
	if (ids->count > ids->capacity / 2 && ids->capacity < IDS_MAX)
		ids_grow(ids);
	if (ids->count == ids->capacity)
		return -EAGAIN;

	/* The word to start with comes up twice: first the bits from next on. */
	words = ids->capacity / WORD_BITS;
	start = ids->next / WORD_BITS % words;
	for (uint32_t i = 0; i <= words; i++) {
		uint32_t word = (start + i) % words;
		uint64_t free_bits = ~ids->taken[word];

		if (i == 0)
			free_bits &= ~(uint64_t)0 << ids->next % WORD_BITS;
		if (free_bits == 0)
			continue;
		*out = word * WORD_BITS + (uint32_t)__builtin_ctzll(free_bits);
		ids->taken[word] |= (uint64_t)1 << *out % WORD_BITS;
		ids->count++;
		ids->next = (*out + 1) % ids->capacity;
		return 0;
	}
	return -EAGAIN;
}

void
ids_return(struct ids *ids, uint32_t id)
{
	uint64_t bit = (uint64_t)1 << id % WORD_BITS;

	ASSERT(id != 0 && id < ids->capacity && (ids->taken[id / WORD_BITS] & bit) != 0);
	ids->taken[id / WORD_BITS] &= ~bit;
	ids->count--;
}
