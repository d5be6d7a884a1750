/*
 * Capabilities: capget, capset, and what of prctl concerns them.
 *
 * Of the five sets of capabilities(7) three are kept: what is effective, what is
 * permitted to become so, and what could be inherited, which nothing does, since
 * nothing is executed.  The bounding set is everything.
 */
#include "base/errno.h"
#include "base/string.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"

/* What the calls take, numerically Linux's: versions, of which the last counts. */
#define VERSION_1 0x19980330 /* one word of each set, as if there were 32 */
#define VERSION_2 0x20071026
#define VERSION_3 0x20080522

enum prctl_option {
	PRCTL_GET_KEEP_CAPABILITIES = 7,
	PRCTL_SET_KEEP_CAPABILITIES = 8,
	PRCTL_READ_BOUNDING = 23,
	PRCTL_GET_SECURE_BITS = 27,
};

struct user_header {
	uint32_t version;
	int32_t pid;
};

/* One word of each set; the low one comes first. */
struct user_sets {
	uint32_t effective;
	uint32_t permitted;
	uint32_t inheritable;
};

struct sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

/* How many words the version has; -EINVAL for others, and the user hears of ours. */
static int
word_count(struct thread *thread, struct user_ptr user_header, const struct user_header *header)
{
	const uint32_t newest = VERSION_3;

	if (header->version == VERSION_1)
		return 1;
	if (header->version == VERSION_2 || header->version == VERSION_3)
		return 2;
	return copy_out(thread->space, user_header, &newest, sizeof(newest)) < 0 ? -EFAULT
										 : -EINVAL;
}

static bool
is_self(const struct thread *thread, int32_t pid)
{
	return pid == 0 || (uint32_t)pid == thread->id || (uint32_t)pid == thread->process->id;
}

static void
split_sets(const struct credential *credential, struct user_sets out[2])
{
	for (int i = 0; i < 2; i++) {
		out[i].effective = (uint32_t)(credential->capabilities >> (32 * i));
		out[i].permitted = (uint32_t)(credential->permitted >> (32 * i));
		out[i].inheritable = (uint32_t)(credential->inheritable >> (32 * i));
	}
}

static struct sets
join_sets(const struct user_sets words[2])
{
	return (struct sets){
		(words[0].effective | (uint64_t)words[1].effective << 32) & CAPABILITIES_ALL,
		(words[0].permitted | (uint64_t)words[1].permitted << 32) & CAPABILITIES_ALL,
		(words[0].inheritable | (uint64_t)words[1].inheritable << 32) & CAPABILITIES_ALL,
	};
}

int64_t
sys_capget(struct thread *thread, struct user_ptr user_header, struct user_ptr data)
{
	struct user_header header;
	struct user_sets words[2];
	int count, error = copy_in(thread->space, &header, user_header, sizeof(header));

	if (error < 0)
		return error;
	count = word_count(thread, user_header, &header);
	if (count < 0) /* to ask for the version, data is left out */
		return count == -EINVAL && user_ptr_is_null(data) ? 0 : count;
	if (header.pid < 0)
		return -EINVAL;
	if (!is_self(thread, header.pid))
		return -ESRCH;
	if (user_ptr_is_null(data))
		return 0;
	split_sets(thread->credential, words);
	return copy_out(thread->space, data, words, (size_t)count * sizeof(words[0]));
}

/* Nothing becomes possible that was not permitted before. */
static int
check_sets(const struct credential *credential, const struct sets *new)
{
	uint64_t inheritable = credential->inheritable | credential->permitted;

	if (!credential_can(credential, CAP_SETPCAP) && (new->inheritable & ~inheritable) != 0)
		return -EPERM;
	if ((new->permitted & ~credential->permitted) != 0)
		return -EPERM;
	return (new->effective & ~new->permitted) != 0 ? -EPERM : 0;
}

static int
set_sets(struct thread *thread, const struct sets *new)
{
	struct credential *credential;
	int error = process_credential_begin(thread->process, &credential);

	if (error < 0)
		return error;
	error = check_sets(credential, new);
	if (error < 0) {
		process_credential_cancel(thread->process, credential);
		return error;
	}
	credential->capabilities = new->effective;
	credential->permitted = new->permitted;
	credential->inheritable = new->inheritable;
	process_credential_end(thread->process, credential);
	return 0;
}

int64_t
sys_capset(struct thread *thread, struct user_ptr user_header, struct user_ptr data)
{
	struct user_sets words[2] = { { 0 }, { 0 } };
	struct user_header header;
	struct sets sets;
	int count, error = copy_in(thread->space, &header, user_header, sizeof(header));

	if (error < 0)
		return error;
	count = word_count(thread, user_header, &header);
	if (count < 0)
		return count;
	if (!is_self(thread, header.pid))
		return -EPERM;
	error = copy_in(thread->space, words, data, (size_t)count * sizeof(words[0]));
	if (error < 0)
		return error;
	sets = join_sets(words);
	return set_sets(thread, &sets);
}

/* ---- prctl ---------------------------------------------------------------------------------- */

static int
set_keep(struct thread *thread, uint64_t keep)
{
	struct credential *credential;
	int error;

	if (keep > 1)
		return -EINVAL;
	error = process_credential_begin(thread->process, &credential);
	if (error < 0)
		return error;
	credential->keeps_permitted = keep == 1;
	process_credential_end(thread->process, credential);
	return 0;
}

int64_t
sys_prctl(struct thread *thread, int option, uint64_t argument2, uint64_t argument3,
    uint64_t argument4, uint64_t argument5)
{
	switch (option) {
	case PRCTL_GET_KEEP_CAPABILITIES:
		return thread->credential->keeps_permitted;
	case PRCTL_SET_KEEP_CAPABILITIES:
		return set_keep(thread, argument2);
	case PRCTL_READ_BOUNDING:
		return argument2 < 64 && (CAPABILITIES_ALL >> argument2 & 1) != 0 ? 1 : -EINVAL;
	case PRCTL_GET_SECURE_BITS:
		return 0;
	default:
		return -EINVAL;
	}
}
