/*
 * Resource limits.
 *
 * How many descriptors there may be is the descriptor table's to obey, so it is
 * told; processes that share a table share that limit.
 */
#include "syscall/limits.h"

#include "base/errno.h"
#include "kern/credential.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"

#define STACK_FIRST (8 << 20) /* as in Linux */

/* struct rlimit64 */
struct user_limit {
	uint64_t soft;
	uint64_t hard;
};

static void
limit_set(struct limits *limits, unsigned resource, uint64_t soft, uint64_t hard)
{
	atomic_store_explicit(&limits->soft[resource], soft, memory_order_relaxed);
	atomic_store_explicit(&limits->hard[resource], hard, memory_order_relaxed);
}

void
limits_init(struct limits *limits)
{
	for (unsigned resource = 0; resource < LIMIT_COUNT; resource++)
		limit_set(limits, resource, LIMIT_NONE, LIMIT_NONE);
	limit_set(limits, LIMIT_STACK, STACK_FIRST, LIMIT_NONE);
	limit_set(limits, LIMIT_CORE, 0, LIMIT_NONE);
	limit_set(limits, LIMIT_DESCRIPTORS, DESCRIPTORS_MAX, DESCRIPTORS_MAX);
}

static struct user_limit
limit_get(const struct limits *limits, unsigned resource)
{
	return (struct user_limit){
		atomic_load_explicit(&limits->soft[resource], memory_order_relaxed),
		atomic_load_explicit(&limits->hard[resource], memory_order_relaxed),
	};
}

void
limits_copy(struct limits *to, const struct limits *from)
{
	for (unsigned resource = 0; resource < LIMIT_COUNT; resource++) {
		struct user_limit limit = limit_get(from, resource);

		limit_set(to, resource, limit.soft, limit.hard);
	}
}

/* May the process have this limit?  The old one is had under its lock. */
static int
check_limit(const struct thread *thread, unsigned resource, const struct user_limit *old,
    const struct user_limit *new)
{
	if (resource == LIMIT_DESCRIPTORS && new->hard > DESCRIPTORS_MAX)
		return -EPERM;
	if (new->hard > old->hard && !credential_can(thread->credential, CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

/* Change a limit, if new is given; what it was to old. */
static int
exchange_limit(struct thread *thread, unsigned resource, const struct user_limit *new,
    struct user_limit *old)
{
	struct process *process = thread->process;
	int error = 0;

	if (resource >= LIMIT_COUNT || (new != NULL &&new->soft > new->hard))
		return -EINVAL;
	mutex_lock(&process->lock);
	*old = limit_get(&process->limits, resource);
	if (new != NULL) {
		error = check_limit(thread, resource, old, new);
		if (error == 0)
			limit_set(&process->limits, resource, new->soft, new->hard);
	}
	mutex_unlock(&process->lock);
	if (error == 0 && new != NULL && resource == LIMIT_DESCRIPTORS)
		descriptor_table_limit(process->descriptors, (uint32_t) new->soft);
	return error;
}

int64_t
sys_prlimit64(struct thread *thread, int pid, uint32_t resource, struct user_ptr user_new,
    struct user_ptr user_old)
{
	bool has_new = !user_ptr_is_null(user_new);
	struct user_limit new, old;
	int error = 0;

	if (has_new)
		error = copy_in(thread->space, &new, user_new, sizeof(new));
	if (error == 0 && resource >= LIMIT_COUNT)
		error = -EINVAL;
	if (error == 0 && pid != 0 && (uint32_t)pid != thread->process->id)
		error = -ESRCH;
	if (error == 0)
		error = exchange_limit(thread, resource, has_new ? &new : NULL, &old);
	if (error < 0 || user_ptr_is_null(user_old))
		return error;
	return copy_out(thread->space, user_old, &old, sizeof(old));
}

int64_t
sys_getrlimit(struct thread *thread, uint32_t resource, struct user_ptr limit)
{
	struct user_limit old;
	int error = exchange_limit(thread, resource, NULL, &old);

	return error < 0 ? error : copy_out(thread->space, limit, &old, sizeof(old));
}

int64_t
sys_setrlimit(struct thread *thread, uint32_t resource, struct user_ptr limit)
{
	struct user_limit new, old;
	int error = copy_in(thread->space, &new, limit, sizeof(new));

	return error < 0 ? error : exchange_limit(thread, resource, &new, &old);
}
