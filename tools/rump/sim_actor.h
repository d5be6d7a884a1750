/*
 * Whoever does a workload: system calls, each noted in the history.
 *
 * Paths begin with "/" and are below the mounted file system.  What a call did is
 * noted as it succeeded.  A call may fail where faults are injected (is_tolerant):
 * then what there is afterwards is looked up and noted, and must be what there was
 * before, or after, or some of a write.
 */
#ifndef TOOLS_RUMP_SIM_ACTOR_H
#define TOOLS_RUMP_SIM_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/sim.h>

#include "tools/rump/sim_history.h"

#define ACTOR_ROOT "/mnt"
#define ACTOR_WHY  256

struct actor {
	struct rump_sim *sim;
	struct rump_sim_disk *disk; /* whose log dates the history */
	struct history history;
	uint64_t random; /* what the workload draws */
	bool is_tolerant;
	bool disk_fails;   /* what a call that failed did is looked for after the kernel is gone */
	unsigned failures; /* calls that failed */
	unsigned io_failures; /* calls that failed with EIO or EROFS, or wrote less than all */
	int last_error;
	bool is_over;	     /* the file system is read-only: calls do nothing any more */
	bool has_lost_track; /* what there is could not be looked up: nothing is verified */
	bool is_wrong;
	char why[ACTOR_WHY]; /* if so */
};

void actor_release(struct actor *actor);

/* Below count. */
unsigned actor_draw(struct actor *actor, unsigned count);

void actor_create(struct actor *actor, const char *name);
void actor_mkdir(struct actor *actor, const char *name);
void actor_symlink(struct actor *actor, const char *target, const char *name);
void actor_link(struct actor *actor, const char *from, const char *to);
void actor_unlink(struct actor *actor, const char *name);
void actor_rmdir(struct actor *actor, const char *name);
void actor_rename(struct actor *actor, const char *from, const char *to);
void actor_write(struct actor *actor, const char *name, size_t offset, size_t size);
void actor_append(struct actor *actor, const char *name, size_t size);
void actor_truncate(struct actor *actor, const char *name, size_t size);
void actor_fsync(struct actor *actor, const char *name);
void actor_sync(struct actor *actor);

/* What path leads to now, as noted; HISTORY_NONE: nothing. */
int actor_object(struct actor *actor, const char *name);

/* Bytes in the file at path, as noted. */
size_t actor_size(struct actor *actor, const char *name);

#endif
