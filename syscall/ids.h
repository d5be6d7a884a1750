/*
 * Numbers for processes and threads.
 *
 * Small positive integers, handed out in rising order and used again only when
 * the count comes round, so that a stale number seldom means somebody new.
 * The caller guards the set with a lock of its own.
 */
#ifndef SYSCALL_IDS_H
#define SYSCALL_IDS_H

#include <stdint.h>

#include "base/compiler.h"

#define IDS_MAX 32768 /* ids are below it, as with Linux's default */

struct kernel;

struct ids {
	struct kernel *kernel;
	uint64_t *taken;   /* bit n of word n / 64: id n is in use */
	uint32_t capacity; /* bits there are; grows when half of them are in use */
	uint32_t count;	   /* of those in use */
	uint32_t next;	   /* where to look first */
};

/* An empty set; -ENOMEM. */
MUST_CHECK int ids_init(struct ids *ids, struct kernel *kernel);
void ids_destroy(struct ids *ids);

/* A new id, 1 or more; -EAGAIN when all are in use. */
MUST_CHECK int ids_take(struct ids *ids, uint32_t *out);
void ids_return(struct ids *ids, uint32_t id);

#endif
