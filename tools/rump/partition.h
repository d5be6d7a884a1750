/*
 * The partitions of an image: reading the table, finding out which have a file
 * system, choosing one.
 */
#ifndef TOOLS_RUMP_PARTITION_H
#define TOOLS_RUMP_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

#include <rump/rump.h>

struct partition {
	struct rump_partition in; /* as the table tells it */
	char file_system[32];	  /* the format of what can be mounted from it, or "" */
};

struct partition_table {
	size_t count;
	struct partition *list;
	char damage[512]; /* what the kernel found wrong with the table, or "" */
};

/*
 * Read the table of device, a path in the rump kernel.  Returns an error number:
 * ENOENT if it has none, EUCLEAN if it is damaged; the table is empty then, but
 * for the damage.
 */
int partition_table_read(const char *device, struct partition_table *table);

/* Find out what can be mounted, by mounting each on the directory mount_path for a moment. */
void partition_table_probe(struct partition_table *table, const char *device,
    const char *mount_path, const char *type, const char *mount_options);

/*
 * The partition of this name, or else of this label if only one has that; NULL
 * if there is none.
 */
const struct partition *partition_find(const struct partition_table *table, const char *name);

/* The only partition with a file system, or NULL; *count says how many have one. */
const struct partition *partition_only(const struct partition_table *table, size_t *count);

/* What partitions are called, for a sentence.  Those with a file system, or all. */
char *partition_words(const struct partition_table *table, bool with_file_system_only);

/* The path of the partition's device.  The caller's to free. */
char *partition_device(const struct partition *partition, const char *device);

#endif
