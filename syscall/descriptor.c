/*
 * Descriptor tables: chunks of 64 slots, made as they are needed.
 *
 * A slot is free, reserved (its bit in used is set, it leads nowhere) or open
 * (it leads to a file).  descriptor_reserve() takes it from free to reserved,
 * descriptor_install() to open, descriptor_cancel() and descriptor_close() to
 * free; descriptor_replace() makes a free or open one open.  Reserving first
 * lets open(2) run out of descriptors before it has created a file.
 *
 * Files are closed outside the lock, since that may sleep.
 */
#include "syscall/descriptor.h"

#include "base/errno.h"
#include "kern/memory.h"
#include "syscall/file.h"
#include "vfs/file_lock.h"

#define CHUNK_COUNT (DESCRIPTORS_MAX / DESCRIPTOR_CHUNK)

/* The place of a descriptor in its chunk, as a bit. */
static uint64_t
slot_bit(uint32_t descriptor)
{
	return (uint64_t)1 << descriptor % DESCRIPTOR_CHUNK;
}

static struct descriptor_chunk *
chunk_at(const struct descriptor_table *table, uint32_t index)
{
	return atomic_load_explicit(&table->chunks[index], memory_order_acquire);
}

/* The chunk a descriptor is in, or NULL if that is not there or out of range. */
static struct descriptor_chunk *
chunk_of(const struct descriptor_table *table, int descriptor)
{
	if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX)
		return NULL;
	return chunk_at(table, (uint32_t)descriptor / DESCRIPTOR_CHUNK);
}

static _Atomic(struct file *) *
slot_of(struct descriptor_chunk *chunk, int descriptor)
{
	return &chunk->files[descriptor % DESCRIPTOR_CHUNK];
}

static void
mark_close_on_exec(struct descriptor_chunk *chunk, int descriptor, bool close_on_exec)
{
	chunk->close_on_exec &= ~slot_bit((uint32_t)descriptor);
	if (close_on_exec)
		chunk->close_on_exec |= slot_bit((uint32_t)descriptor);
}

/* The chunk at index, made if it is not there; NULL without memory. */
static struct descriptor_chunk *
chunk_make(struct descriptor_table *table, uint32_t index) REQUIRES(table->lock)
{
	struct descriptor_chunk *chunk = chunk_at(table, index);

	mutex_assert_held(&table->lock);
	if (chunk == NULL) {
		chunk = memory_alloc_zeroed(table->kernel, sizeof(*chunk));
		atomic_store_explicit(&table->chunks[index], chunk, memory_order_release);
	}
	return chunk;
}

/* ---- tables --------------------------------------------------------------------- */

struct descriptor_table *
descriptor_table_create(struct kernel *kernel)
{
	struct descriptor_table *table = memory_alloc_zeroed(kernel, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->kernel = kernel;
	atomic_init(&table->references, 1);
	atomic_init(&table->limit, DESCRIPTORS_MAX);
	mutex_init(&table->lock, kernel, RANK_DESCRIPTORS);
	return table;
}

void
descriptor_table_limit(struct descriptor_table *table, uint32_t limit)
{
	ASSERT(limit <= DESCRIPTORS_MAX);
	atomic_store_explicit(&table->limit, limit, memory_order_relaxed);
}

/* Copy one chunk of a locked table to one that nobody else sees yet. */
static int
chunk_copy(struct descriptor_table *to, const struct descriptor_chunk *from, uint32_t index)
{
	struct descriptor_chunk *chunk = memory_alloc_zeroed(to->kernel, sizeof(*chunk));

	if (chunk == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < DESCRIPTOR_CHUNK; i++) {
		struct file *file = atomic_load_explicit(&from->files[i], memory_order_relaxed);

		if (file == NULL)
			continue; /* free, or reserved by a call under way over there */
		atomic_init(&chunk->files[i], file_get(file));
		chunk->used |= slot_bit(i);
	}
	chunk->close_on_exec = from->close_on_exec & chunk->used;
	atomic_init(&to->chunks[index], chunk);
	return 0;
}

int
descriptor_table_copy(struct descriptor_table *from, struct descriptor_table **out)
{
	struct descriptor_table *table = descriptor_table_create(from->kernel);
	int error = 0;

	*out = NULL;
	if (table == NULL)
		return -ENOMEM;

	descriptor_table_limit(table, atomic_load_explicit(&from->limit, memory_order_relaxed));
	mutex_lock(&from->lock);
	for (uint32_t i = 0; i < CHUNK_COUNT && error == 0; i++) {
		const struct descriptor_chunk *chunk = chunk_at(from, i);

		if (chunk != NULL && chunk->used != 0)
			error = chunk_copy(table, chunk, i);
	}
	mutex_unlock(&from->lock);

	if (error < 0) {
		descriptor_table_put(table);
		return error;
	}
	*out = table;
	return 0;
}

struct descriptor_table *
descriptor_table_get(struct descriptor_table *table)
{
	atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
	return table;
}

void
descriptor_table_put(struct descriptor_table *table)
{
	if (atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
		return;
	descriptor_close_range(table, 0, DESCRIPTORS_MAX - 1);
	for (uint32_t i = 0; i < CHUNK_COUNT; i++)
		memory_free(table->kernel, chunk_at(table, i), sizeof(struct descriptor_chunk));
	memory_free(table->kernel, table, sizeof(*table));
}

/* ---- descriptors ----------------------------------------------------------------- */

struct file *
descriptor_lookup(struct descriptor_table *table, int descriptor)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);
	struct file *file;

	if (chunk == NULL)
		return NULL;
	for (;;) {
		file = atomic_load_explicit(slot_of(chunk, descriptor), memory_order_acquire);
		if (file == NULL)
			return NULL;
		if (!file_try_get(file))
			continue; /* closed since; look what is there now */
		if (atomic_load_explicit(slot_of(chunk, descriptor), memory_order_acquire) == file)
			return file;
		file_put(file); /* the memory may have become another file */
	}
}

int
descriptor_reserve(struct descriptor_table *table, uint64_t lowest, int *out)
{
	uint32_t limit = atomic_load_explicit(&table->limit, memory_order_relaxed);
	int error = -EMFILE;

	*out = -1;
	if (lowest >= limit)
		return lowest > 0 ? -EINVAL : -EMFILE;

	mutex_lock(&table->lock);
	for (uint32_t i = (uint32_t)lowest / DESCRIPTOR_CHUNK; i * DESCRIPTOR_CHUNK < limit; i++) {
		struct descriptor_chunk *chunk = chunk_make(table, i);
		uint64_t free_slots;

		if (chunk == NULL) {
			error = -ENOMEM;
			break;
		}
		free_slots = ~chunk->used;
		if (i == lowest / DESCRIPTOR_CHUNK)
			free_slots &= ~(slot_bit((uint32_t)lowest) - 1);
		if (limit - i * DESCRIPTOR_CHUNK < DESCRIPTOR_CHUNK)
			free_slots &= slot_bit(limit) - 1;
		if (free_slots != 0) {
			chunk->used |= free_slots & -free_slots;
			*out = (int)i * DESCRIPTOR_CHUNK + __builtin_ctzll(free_slots);
			error = 0;
			break;
		}
	}
	mutex_unlock(&table->lock);
	return error;
}

void
descriptor_install(struct descriptor_table *table, int descriptor, struct file *file,
    bool close_on_exec)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);

	mutex_lock(&table->lock);
	ASSERT((chunk->used & slot_bit((uint32_t)descriptor)) != 0);
	mark_close_on_exec(chunk, descriptor, close_on_exec);
	atomic_store_explicit(slot_of(chunk, descriptor), file, memory_order_release);
	mutex_unlock(&table->lock);
}

void
descriptor_cancel(struct descriptor_table *table, int descriptor)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);

	mutex_lock(&table->lock);
	chunk->used &= ~slot_bit((uint32_t)descriptor);
	mark_close_on_exec(chunk, descriptor, false);
	mutex_unlock(&table->lock);
}

/*
 * A descriptor of the file is closed: the process has no more locks on it, even
 * if others of its descriptors lead there.  Takes over the reference.
 */
static void
file_closed(struct descriptor_table *table, struct file *file)
{
	if (!file_is_path(file)) /* who only named it is none of those who may lock */
		file_lock_release(file->vnode, FILE_LOCK_PROCESS, table);
	file_put(file);
}

int
descriptor_replace(struct descriptor_table *table, int descriptor, struct file *file,
    bool close_on_exec)
{
	struct descriptor_chunk *chunk;
	struct file *old = NULL;
	uint64_t bit;
	int error = 0;

	if (descriptor < 0 ||
	    (uint32_t)descriptor >= atomic_load_explicit(&table->limit, memory_order_relaxed))
		return -EBADF;

	bit = slot_bit((uint32_t)descriptor);
	mutex_lock(&table->lock);
	chunk = chunk_make(table, (uint32_t)descriptor / DESCRIPTOR_CHUNK);
	if (chunk == NULL) {
		error = -ENOMEM;
	} else {
		old = atomic_load_explicit(slot_of(chunk, descriptor), memory_order_relaxed);
		if (old == NULL && (chunk->used & bit) != 0)
			error = -EBUSY;
	}
	if (error == 0) {
		chunk->used |= bit;
		mark_close_on_exec(chunk, descriptor, close_on_exec);
		atomic_store_explicit(slot_of(chunk, descriptor), file, memory_order_release);
	}
	mutex_unlock(&table->lock);

	if (error == 0 && old != NULL)
		file_closed(table, old);
	return error;
}

/* Take an open descriptor out of the table; what it led to, or NULL. */
static struct file *
descriptor_remove(struct descriptor_table *table, int descriptor)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);
	struct file *file;

	if (chunk == NULL)
		return NULL;
	mutex_lock(&table->lock);
	file = atomic_load_explicit(slot_of(chunk, descriptor), memory_order_relaxed);
	if (file != NULL) {
		atomic_store_explicit(slot_of(chunk, descriptor), NULL, memory_order_release);
		chunk->used &= ~slot_bit((uint32_t)descriptor);
		mark_close_on_exec(chunk, descriptor, false);
	}
	mutex_unlock(&table->lock);
	return file;
}

int
descriptor_close(struct descriptor_table *table, int descriptor)
{
	struct file *file = descriptor_remove(table, descriptor);

	if (file == NULL)
		return -EBADF;
	file_closed(table, file);
	return 0;
}

void
descriptor_close_range(struct descriptor_table *table, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last && i < DESCRIPTORS_MAX; i++) {
		struct file *file;

		if (chunk_at(table, i / DESCRIPTOR_CHUNK) == NULL) {
			i |= DESCRIPTOR_CHUNK - 1; /* on to the next chunk */
			continue;
		}
		file = descriptor_remove(table, (int)i);
		if (file != NULL)
			file_closed(table, file);
	}
}

void
descriptor_mark_range(struct descriptor_table *table, uint32_t first, uint32_t last)
{
	mutex_lock(&table->lock);
	for (uint32_t i = first; i <= last && i < DESCRIPTORS_MAX; i++) {
		struct descriptor_chunk *chunk = chunk_at(table, i / DESCRIPTOR_CHUNK);

		if (chunk != NULL)
			chunk->close_on_exec |= chunk->used & slot_bit(i);
	}
	mutex_unlock(&table->lock);
}

int
descriptor_is_close_on_exec(struct descriptor_table *table, int descriptor)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);
	int result = -EBADF;

	if (chunk == NULL)
		return -EBADF;
	mutex_lock(&table->lock);
	if (atomic_load_explicit(slot_of(chunk, descriptor), memory_order_relaxed) != NULL)
		result = (chunk->close_on_exec & slot_bit((uint32_t)descriptor)) != 0;
	mutex_unlock(&table->lock);
	return result;
}

int
descriptor_set_close_on_exec(struct descriptor_table *table, int descriptor, bool close_on_exec)
{
	struct descriptor_chunk *chunk = chunk_of(table, descriptor);
	int error = -EBADF;

	if (chunk == NULL)
		return -EBADF;
	mutex_lock(&table->lock);
	if (atomic_load_explicit(slot_of(chunk, descriptor), memory_order_relaxed) != NULL) {
		mark_close_on_exec(chunk, descriptor, close_on_exec);
		error = 0;
	}
	mutex_unlock(&table->lock);
	return error;
}
