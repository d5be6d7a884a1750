/*
 * Credentials: see credential.h.
 */
#include "kern/credential.h"

#include "base/string.h"
#include "kern/memory.h"

struct credential *
credential_create(struct kernel *kernel)
{
	struct credential *credential = memory_alloc_zeroed(kernel, sizeof(*credential));

	if (credential == NULL)
		return NULL;
	credential->kernel = kernel;
	atomic_init(&credential->references, 1);
	credential->capabilities = CAPABILITIES_ALL;
	credential->permitted = CAPABILITIES_ALL;
	return credential;
}

struct credential *
credential_copy(const struct credential *credential)
{
	/* What stands before it is not copied: others change the count meanwhile. */
	const size_t start = offsetof(struct credential, real_uid);
	struct credential *copy = memory_alloc(credential->kernel, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	copy->kernel = credential->kernel;
	atomic_init(&copy->references, 1);
	memcpy((char *)copy + start, (const char *)credential + start, sizeof(*copy) - start);
	return copy;
}

struct credential *
credential_get(struct credential *credential)
{
	atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
	return credential;
}

void
credential_put(struct credential *credential)
{
	if (atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) == 1)
		memory_free(credential->kernel, credential, sizeof(*credential));
}

bool
credential_has_group(const struct credential *credential, uint32_t gid)
{
	if (credential->fs_gid == gid)
		return true;
	for (uint32_t i = 0; i < credential->group_count; i++) {
		if (credential->groups[i] == gid)
			return true;
	}
	return false;
}
