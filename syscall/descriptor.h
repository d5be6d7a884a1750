/*
 * Descriptors: small numbers for open files, one table per process or shared
 * by several.
 *
 * Looking a descriptor up takes no lock.  A slot is read, the file's count
 * raised, and the slot read again: if it still leads to the same file, the
 * reference is good.  That is sound because a struct file never becomes
 * anything else (syscall/file.h) and slots stay where they are: they come in
 * chunks that are only given back with the table.  Everything that changes the
 * table takes its lock.
 */
#ifndef SYSCALL_DESCRIPTOR_H
#define SYSCALL_DESCRIPTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/mutex.h"

/* Descriptors are below it, whatever the limit: Linux's default RLIMIT_NOFILE. */
#define DESCRIPTORS_MAX 1024

#define DESCRIPTOR_CHUNK 64

struct file;
struct kernel;

/* What lookups read stands first, away from what only changes write. */
struct descriptor_chunk {
	_Atomic(struct file *) files[DESCRIPTOR_CHUNK]; /* changed under the lock */
	uint64_t used;		/* bit n: slot n is open or reserved; GUARDED_BY(lock) */
	uint64_t close_on_exec; /* GUARDED_BY(lock) */
};

struct descriptor_table {
	_Atomic(struct descriptor_chunk *) chunks[DESCRIPTORS_MAX / DESCRIPTOR_CHUNK];
	struct kernel *kernel; /* constant */
	_Atomic uint32_t references;
	_Atomic uint32_t limit; /* new descriptors are below it */
	struct mutex lock;
};

/* A reference to a new table without descriptors, or NULL. */
MUST_CHECK struct descriptor_table *descriptor_table_create(struct kernel *kernel);

/* A reference to a new table with the same files in it; -ENOMEM. */
MUST_CHECK int descriptor_table_copy(struct descriptor_table *from, struct descriptor_table **out);

struct descriptor_table *descriptor_table_get(struct descriptor_table *table);

/* With the last reference all descriptors are closed. */
void descriptor_table_put(struct descriptor_table *table);

/* From now on new descriptors are below limit, at most DESCRIPTORS_MAX. */
void descriptor_table_limit(struct descriptor_table *table, uint32_t limit);

/* A reference to the file that descriptor leads to, or NULL. */
MUST_CHECK struct file *descriptor_lookup(struct descriptor_table *table, int descriptor);

/*
 * Set the lowest free descriptor from lowest on aside, so that nobody else gets
 * it.  -EINVAL if lowest is out of range, -EMFILE, -ENOMEM.
 */
MUST_CHECK int descriptor_reserve(struct descriptor_table *table, uint64_t lowest, int *out);

/* Let a reserved descriptor lead to file, whose reference passes to the table. */
void descriptor_install(struct descriptor_table *table, int descriptor, struct file *file,
    bool close_on_exec);

/* Give a reserved descriptor up. */
void descriptor_cancel(struct descriptor_table *table, int descriptor);

/*
 * Let descriptor lead to file, whose reference passes to the table, and close
 * what it led to.  On error the reference stays with the caller.  -EBADF if it
 * is out of range, -EBUSY if it is reserved, -ENOMEM.
 */
MUST_CHECK int descriptor_replace(struct descriptor_table *table, int descriptor, struct file *file,
    bool close_on_exec);

/* -EBADF. */
MUST_CHECK int descriptor_close(struct descriptor_table *table, int descriptor);

/* Close those from first to last, or have them closed on exec. */
void descriptor_close_range(struct descriptor_table *table, uint32_t first, uint32_t last);
void descriptor_mark_range(struct descriptor_table *table, uint32_t first, uint32_t last);

/* 0 or 1; -EBADF. */
MUST_CHECK int descriptor_is_close_on_exec(struct descriptor_table *table, int descriptor);
MUST_CHECK int descriptor_set_close_on_exec(struct descriptor_table *table, int descriptor,
    bool close_on_exec);

#endif
