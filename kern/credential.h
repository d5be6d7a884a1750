/*
 * Credentials: on whose behalf something is done.
 *
 * Immutable once made and counted, so that whoever holds a reference reads
 * without a lock; a process that changes its identity gets a new one.
 */
#ifndef KERN_CREDENTIAL_H
#define KERN_CREDENTIAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct kernel;

/* Capabilities, numerically Linux's, as far as anything here asks for them. */
enum capability {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_FSETID = 4,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_LINUX_IMMUTABLE = 9,
	CAP_SYS_CHROOT = 18,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_RESOURCE = 24,
	CAP_MKNOD = 27,
	CAP_SETFCAP = 31,
	CAP_MAC_OVERRIDE = 32,
	CAP_WAKE_ALARM = 35,
};

/* Every capability that Linux knows: 0 to CAP_CHECKPOINT_RESTORE. */
#define CAPABILITIES_ALL (((uint64_t)1 << 41) - 1)

#define CREDENTIAL_GROUPS_MAX 64

struct credential {
	struct kernel *kernel;
	_Atomic uint32_t references;
	uint32_t real_uid, effective_uid, saved_uid, fs_uid;
	uint32_t real_gid, effective_gid, saved_gid, fs_gid;
	uint64_t capabilities; /* effective; bit n is capability n */
	uint64_t permitted;    /* what may become effective */
	uint64_t inheritable;  /* kept and told, and means nothing here */
	bool keeps_permitted;  /* when the user is no longer 0: PR_SET_KEEPCAPS */
	uint32_t group_count;
	uint32_t groups[CREDENTIAL_GROUPS_MAX];
};

/* A reference to a new credential of the superuser, or NULL. */
MUST_CHECK struct credential *credential_create(struct kernel *kernel);

/* A reference to a copy that may be changed until it is shared, or NULL. */
MUST_CHECK struct credential *credential_copy(const struct credential *credential);

struct credential *credential_get(struct credential *credential);
void credential_put(struct credential *credential);

bool credential_has_group(const struct credential *credential, uint32_t gid);

static inline bool
credential_can(const struct credential *credential, enum capability capability)
{
	return (credential->capabilities >> capability & 1) != 0;
}

#endif
