/*
 * tmpfs directory entries: see directory.h.
 *
 * The table holds between 1/8 and 1 entry for each bucket, so that a lookup
 * touches one entry on average.  When there is no memory to change its size it
 * stays as it is, and chains get longer.
 *
 * A list in order of creation would be smaller than the radix tree, but then a
 * listing of n entries that is read in pieces takes time in the order of n
 * squared to find where it stopped.
 */
#include "fs/tmpfs/directory.h"

#include "base/hash.h"
#include "kern/kernel.h"
#include "kern/memory.h"

void
tmpfs_directory_init(struct tmpfs_directory *directory, struct kernel *kernel)
{
	*directory = (struct tmpfs_directory){ .kernel = kernel };
	directory->buckets = directory->first_buckets;
	directory->bucket_count = TMPFS_BUCKETS_MIN;
	radix_init(&directory->positions, kernel);
}

static size_t
entry_size(size_t name_length)
{
	return offsetof(struct tmpfs_entry, name) + name_length;
}

static uint32_t
hash_name(const struct tmpfs_directory *directory, struct name name)
{
	return (uint32_t)hash_bytes(directory->kernel->hash_secret, name.bytes, name.length);
}

static struct tmpfs_entry **
bucket_of(const struct tmpfs_directory *directory, uint32_t hash)
{
	return &directory->buckets[hash & (directory->bucket_count - 1)];
}

static void
free_buckets(struct tmpfs_directory *directory)
{
	if (directory->buckets != directory->first_buckets)
		memory_free(directory->kernel, directory->buckets,
		    directory->bucket_count * sizeof(struct tmpfs_entry *));
}

/* Put an entry into its bucket. */
static void
chain(struct tmpfs_directory *directory, struct tmpfs_entry *entry)
{
	struct tmpfs_entry **bucket = bucket_of(directory, entry->hash);

	entry->next = *bucket;
	*bucket = entry;
}

/* Empty all buckets; returns what was in them as one chain. */
static struct tmpfs_entry *
unchain_all(struct tmpfs_directory *directory)
{
	struct tmpfs_entry *all = NULL;

	for (size_t i = 0; i < directory->bucket_count; i++) {
		struct tmpfs_entry *entry;

		while ((entry = directory->buckets[i]) != NULL) {
			directory->buckets[i] = entry->next;
			entry->next = all;
			all = entry;
		}
	}
	return all;
}

/* Move all entries to a table of count buckets, if there is memory for it. */
static void
resize_table(struct tmpfs_directory *directory, size_t count)
{
	struct tmpfs_entry **buckets = directory->first_buckets;
	struct tmpfs_entry *all;

	if (count > TMPFS_BUCKETS_MIN)
		buckets = memory_alloc_array(directory->kernel, count, sizeof(*buckets));
	if (buckets == NULL)
		return;
	all = unchain_all(directory);
	free_buckets(directory);
	directory->buckets = buckets;
	directory->bucket_count = count;
	while (all != NULL) {
		struct tmpfs_entry *entry = all;

		all = entry->next;
		chain(directory, entry);
	}
}

void
tmpfs_directory_destroy(struct tmpfs_directory *directory)
{
	struct tmpfs_entry *entry;

	while ((entry = tmpfs_directory_at(directory, 0)) != NULL)
		tmpfs_directory_remove(directory, entry);
	free_buckets(directory);
}

struct tmpfs_entry *
tmpfs_directory_find(const struct tmpfs_directory *directory, struct name name)
{
	uint32_t hash = hash_name(directory, name);
	struct tmpfs_entry *entry = *bucket_of(directory, hash);

	while (entry != NULL && (entry->hash != hash ||
				    !name_equal((struct name){ entry->name, entry->length }, name)))
		entry = entry->next;
	return entry;
}

struct tmpfs_entry *
tmpfs_directory_at(const struct tmpfs_directory *directory, uint64_t position)
{
	return radix_find_from(&directory->positions, &position);
}

struct tmpfs_entry *
tmpfs_directory_add(struct tmpfs_directory *directory, struct name name)
{
	struct tmpfs_entry *entry = memory_alloc(directory->kernel, entry_size(name.length));

	if (entry == NULL)
		return NULL;
	entry->node = NULL;
	entry->position = directory->next_position;
	entry->hash = hash_name(directory, name);
	entry->length = (uint8_t)name.length;
	memcpy(entry->name, name.bytes, name.length);
	if (radix_insert(&directory->positions, entry->position, entry) < 0) {
		memory_free(directory->kernel, entry, entry_size(name.length));
		return NULL;
	}
	directory->next_position++;
	directory->entry_count++;
	if (directory->entry_count > directory->bucket_count)
		resize_table(directory, directory->bucket_count * 2);
	chain(directory, entry);
	return entry;
}

void
tmpfs_directory_remove(struct tmpfs_directory *directory, struct tmpfs_entry *entry)
{
	struct tmpfs_entry **place = bucket_of(directory, entry->hash);

	while (*place != entry)
		place = &(*place)->next;
	*place = entry->next;
	radix_remove(&directory->positions, entry->position);
	memory_free(directory->kernel, entry, entry_size(entry->length));
	directory->entry_count--;
	if (directory->bucket_count > TMPFS_BUCKETS_MIN &&
	    directory->entry_count < directory->bucket_count / 8)
		resize_table(directory, directory->bucket_count / 2);
}
