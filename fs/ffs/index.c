/*
 * An open-addressing hash table that doubles when it is two thirds full.  It lies
 * in parts of a page, since a kernel that has used up its memory once finds single
 * pages to reclaim, but hardly many in a row.
 *
 * Slots keep the whole hash, so that growing needs no names, and a place in
 * units of 4 bytes plus 1, so that 0 says empty.
 *
 * No two names of a sound directory are the same, and hashes of different ones
 * are hardly ever, since they are secret.  So who has many entries of one hash has
 * a name many times; a few of them do for all, and no chain gets long.
 */
#include "fs/ffs/index.h"

#include "base/errno.h"
#include "kern/memory.h"

#define PART_SHIFT     9 /* slots of a part: a page of them */
#define PART_SLOTS     ((uint32_t)1 << PART_SHIFT)
#define SLOTS_AT_FIRST PART_SLOTS
#define GONE	       UINT32_MAX
#define SLOTS_MAX      ((uint32_t)1 << 31)
#define EQUAL_MAX      8 /* entries of one hash that are kept */

struct slot {
	uint32_t hash;
	uint32_t place; /* offset / 4 + 1; 0: empty; GONE: was removed */
};

struct ffs_index {
	struct kernel *kernel;
	struct slot **parts;
	uint32_t slot_count; /* a power of two */
	uint32_t used;	     /* gone ones included */
	uint32_t gone;
};

static struct slot *
slot_at(struct slot *const *parts, uint32_t i)
{
	return &parts[i >> PART_SHIFT][i & (PART_SLOTS - 1)];
}

static void
parts_free(struct kernel *kernel, struct slot **parts, uint32_t slot_count)
{
	uint32_t count = slot_count >> PART_SHIFT;

	for (uint32_t i = 0; i < count; i++)
		memory_free(kernel, parts[i], PART_SLOTS * sizeof(**parts));
	memory_free(kernel, parts, count * sizeof(*parts));
}

/* slot_count empty slots, or NULL. */
static struct slot **
parts_alloc(struct kernel *kernel, uint32_t slot_count)
{
	uint32_t count = slot_count >> PART_SHIFT;
	struct slot **parts = memory_alloc_array(kernel, count, sizeof(*parts));

	if (parts == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		parts[i] = memory_alloc_array(kernel, PART_SLOTS, sizeof(**parts));
		if (parts[i] == NULL) {
			parts_free(kernel, parts, slot_count);
			return NULL;
		}
	}
	return parts;
}

struct ffs_index *
ffs_index_create(struct kernel *kernel)
{
	struct ffs_index *index = memory_alloc_zeroed(kernel, sizeof(*index));

	if (index == NULL)
		return NULL;
	index->kernel = kernel;
	index->slot_count = SLOTS_AT_FIRST;
	index->parts = parts_alloc(kernel, index->slot_count);
	if (index->parts != NULL)
		return index;
	memory_free(kernel, index, sizeof(*index));
	return NULL;
}

void
ffs_index_destroy(struct ffs_index *index)
{
	if (index == NULL)
		return;
	parts_free(index->kernel, index->parts, index->slot_count);
	memory_free(index->kernel, index, sizeof(*index));
}

/* There is an empty slot, always. */
static void
insert(struct slot **parts, uint32_t slot_count, struct slot slot)
{
	uint32_t i = slot.hash & (slot_count - 1);

	while (slot_at(parts, i)->place != 0)
		i = (i + 1) & (slot_count - 1);
	*slot_at(parts, i) = slot;
}

static int
grow(struct ffs_index *index)
{
	/* Of the same size again, if that is enough without those that are gone. */
	uint32_t count = index->slot_count * (index->gone > index->used / 2 ? 1 : 2);
	struct slot **parts;

	if (count > SLOTS_MAX)
		return -ENOMEM;
	parts = parts_alloc(index->kernel, count);
	if (parts == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->slot_count; i++) {
		const struct slot *slot = slot_at(index->parts, i);

		if (slot->place != 0 && slot->place != GONE)
			insert(parts, count, *slot);
	}
	parts_free(index->kernel, index->parts, index->slot_count);
	index->parts = parts;
	index->slot_count = count;
	index->used -= index->gone;
	index->gone = 0;
	return 0;
}

/*
 * Where an entry of this hash goes: the first slot in its chain that is free, or
 * NULL if enough of the hash are there.
 */
static struct slot *
slot_for(struct ffs_index *index, uint32_t hash)
{
	uint32_t mask = index->slot_count - 1, i = hash & mask, equal = 0;
	struct slot *slot = slot_at(index->parts, i), *place = NULL;

	for (; slot->place != 0; slot = slot_at(index->parts, i)) {
		if (slot->place == GONE)
			place = place != NULL ? place : slot;
		else if (slot->hash == hash && ++equal == EQUAL_MAX)
			return NULL;
		i = (i + 1) & mask;
	}
	return place != NULL ? place : slot;
}

int
ffs_index_add(struct ffs_index *index, uint32_t hash, uint64_t offset)
{
	struct slot *slot;
	int error = 0;

	if (index->used >= index->slot_count / 3 * 2)
		error = grow(index);
	if (error < 0)
		return error;
	slot = slot_for(index, hash);
	if (slot == NULL)
		return 0;
	if (slot->place == GONE)
		index->gone--;
	else
		index->used++;
	*slot = (struct slot){ .hash = hash, .place = (uint32_t)(offset / 4) + 1 };
	return 0;
}

bool
ffs_index_next(const struct ffs_index *index, uint32_t hash, uint32_t *cursor, uint64_t *offset)
{
	uint32_t mask = index->slot_count - 1;

	for (;;) {
		const struct slot *slot = slot_at(index->parts, (hash + *cursor) & mask);

		if (slot->place == 0)
			return false;
		(*cursor)++;
		if (slot->hash == hash && slot->place != GONE) {
			*offset = (uint64_t)(slot->place - 1) * 4;
			return true;
		}
	}
}

void
ffs_index_remove(struct ffs_index *index, uint32_t hash, uint64_t offset)
{
	uint32_t mask = index->slot_count - 1, place = (uint32_t)(offset / 4) + 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = slot_at(index->parts, i);

		if (slot->place == 0)
			return;
		if (slot->place != place || slot->hash != hash)
			continue;
		slot->place = GONE;
		index->gone++;
		return;
	}
}
