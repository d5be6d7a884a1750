/*
 * Who a process is: its ids, those of its user and groups, its umask.
 *
 * Credentials never change; a call that changes one makes a copy, changes that,
 * and gives it to the process (process_credential_begin and _end).  As in
 * Linux, capabilities follow the user: they are lost with the last id that is 0,
 * and effective, as far as permitted, while the effective one is; those that
 * concern files follow the user for files.  Unlike in Linux, where a thread has
 * credentials of its own and the C library keeps them the same, they are the
 * process's.
 */
#include "base/errno.h"
#include "base/string.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/process.h"

#define SAME UINT32_MAX /* leave the id as it is */

/* Capabilities that concern files, and all there are. */
#define CAPABILITY(number) ((uint64_t)1 << (number))
#define CAPABILITIES_FILES \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH) | \
	    CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_LINUX_IMMUTABLE) | \
	    CAPABILITY(CAP_MKNOD) | CAPABILITY(CAP_MAC_OVERRIDE))

/* ---- ids that are only asked for ------------------------------------------------------------ */

int64_t
sys_getpid(struct thread *thread)
{
	return thread->process->id;
}

int64_t
sys_getppid(struct thread *thread)
{
	return atomic_load_explicit(&thread->process->parent_id, memory_order_relaxed);
}

int64_t
sys_gettid(struct thread *thread)
{
	return thread->id;
}

int64_t
sys_getuid(struct thread *thread)
{
	return thread->credential->real_uid;
}

int64_t
sys_geteuid(struct thread *thread)
{
	return thread->credential->effective_uid;
}

int64_t
sys_getgid(struct thread *thread)
{
	return thread->credential->real_gid;
}

int64_t
sys_getegid(struct thread *thread)
{
	return thread->credential->effective_gid;
}

int64_t
sys_umask(struct thread *thread, uint32_t mask)
{
	return atomic_exchange_explicit(&thread->process->umask, mask & 0777, memory_order_relaxed);
}

/* ---- users and groups ------------------------------------------------------------------------ */

enum identity_kind {
	IDENTITY_USER,
	IDENTITY_GROUP,
};

/* The four ids of one kind; or three that are wanted, SAME where they are not. */
struct identity {
	uint32_t real;
	uint32_t effective;
	uint32_t saved;
	uint32_t files;
};

static struct identity
identity_load(const struct credential *credential, enum identity_kind kind)
{
	if (kind == IDENTITY_USER)
		return (struct identity){ credential->real_uid, credential->effective_uid,
			credential->saved_uid, credential->fs_uid };
	return (struct identity){ credential->real_gid, credential->effective_gid,
		credential->saved_gid, credential->fs_gid };
}

static void
identity_store(struct credential *credential, enum identity_kind kind, struct identity identity)
{
	if (kind == IDENTITY_USER) {
		credential->real_uid = identity.real;
		credential->effective_uid = identity.effective;
		credential->saved_uid = identity.saved;
		credential->fs_uid = identity.files;
	} else {
		credential->real_gid = identity.real;
		credential->effective_gid = identity.effective;
		credential->saved_gid = identity.saved;
		credential->fs_gid = identity.files;
	}
}

static bool
identity_has(const struct identity *identity, uint32_t id)
{
	return id == identity->real || id == identity->effective || id == identity->saved;
}

/* Capabilities after the user's ids have changed: capabilities(7). */
static void
adjust_capabilities(struct credential *credential, const struct identity *before)
{
	struct identity now = identity_load(credential, IDENTITY_USER);

	if (identity_has(before, 0) && !identity_has(&now, 0) && !credential->keeps_permitted) {
		credential->permitted = 0;
		credential->capabilities = 0;
	}
	if (before->effective == 0 && now.effective != 0)
		credential->capabilities = 0;
	else if (before->effective != 0 && now.effective == 0)
		credential->capabilities = credential->permitted;
}

/*
 * How a call changes ids to what is wanted; is_privileged: it may be anything.
 * -EPERM.
 */
typedef int identity_rule(struct identity *identity, const struct identity *wanted,
    bool is_privileged);

/* setuid() and setgid(), of one id. */
static int
rule_one(struct identity *identity, const struct identity *wanted, bool is_privileged)
{
	uint32_t id = wanted->effective;

	if (is_privileged)
		*identity = (struct identity){ id, id, id, id };
	else if (id != identity->real && id != identity->saved)
		return -EPERM;
	identity->effective = id;
	identity->files = id;
	return 0;
}

/* setreuid() and setregid(): the saved id follows where the real one is set. */
static int
rule_real_effective(struct identity *identity, const struct identity *wanted, bool is_privileged)
{
	const struct identity old = *identity;

	if (wanted->real != SAME) {
		identity->real = wanted->real;
		if (!is_privileged && wanted->real != old.real && wanted->real != old.effective)
			return -EPERM;
	}
	if (wanted->effective != SAME) {
		identity->effective = wanted->effective;
		if (!is_privileged && !identity_has(&old, wanted->effective))
			return -EPERM;
	}
	if (wanted->real != SAME || (wanted->effective != SAME && wanted->effective != old.real))
		identity->saved = identity->effective;
	identity->files = identity->effective;
	return 0;
}

/* setresuid() and setresgid(). */
static int
rule_all(struct identity *identity, const struct identity *wanted, bool is_privileged)
{
	const struct identity old = *identity;
	const uint32_t ids[] = { wanted->real, wanted->effective, wanted->saved };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (ids[i] != SAME && !is_privileged && !identity_has(&old, ids[i]))
			return -EPERM;
	}
	if (wanted->real != SAME)
		identity->real = wanted->real;
	if (wanted->effective != SAME)
		identity->effective = wanted->effective;
	if (wanted->saved != SAME)
		identity->saved = wanted->saved;
	identity->files = identity->effective;
	return 0;
}

static int
change_identity(struct thread *thread, enum identity_kind kind, identity_rule *rule,
    const struct identity *wanted)
{
	enum capability capability = kind == IDENTITY_USER ? CAP_SETUID : CAP_SETGID;
	struct credential *credential;
	struct identity identity, before;
	int error = process_credential_begin(thread->process, &credential);

	if (error < 0)
		return error;
	before = identity_load(credential, kind);
	identity = before;
	error = rule(&identity, wanted, credential_can(credential, capability));
	if (error < 0) {
		process_credential_cancel(thread->process, credential);
		return error;
	}
	identity_store(credential, kind, identity);
	if (kind == IDENTITY_USER)
		adjust_capabilities(credential, &before);
	process_credential_end(thread->process, credential);
	return 0;
}

int64_t
sys_setuid(struct thread *thread, uint32_t uid)
{
	const struct identity wanted = { .effective = uid };

	return uid == SAME ? -EINVAL : change_identity(thread, IDENTITY_USER, rule_one, &wanted);
}

int64_t
sys_setgid(struct thread *thread, uint32_t gid)
{
	const struct identity wanted = { .effective = gid };

	return gid == SAME ? -EINVAL : change_identity(thread, IDENTITY_GROUP, rule_one, &wanted);
}

int64_t
sys_setreuid(struct thread *thread, uint32_t real, uint32_t effective)
{
	const struct identity wanted = { .real = real, .effective = effective };

	return change_identity(thread, IDENTITY_USER, rule_real_effective, &wanted);
}

int64_t
sys_setregid(struct thread *thread, uint32_t real, uint32_t effective)
{
	const struct identity wanted = { .real = real, .effective = effective };

	return change_identity(thread, IDENTITY_GROUP, rule_real_effective, &wanted);
}

int64_t
sys_setresuid(struct thread *thread, uint32_t real, uint32_t effective, uint32_t saved)
{
	const struct identity wanted = { .real = real, .effective = effective, .saved = saved };

	return change_identity(thread, IDENTITY_USER, rule_all, &wanted);
}

int64_t
sys_setresgid(struct thread *thread, uint32_t real, uint32_t effective, uint32_t saved)
{
	const struct identity wanted = { .real = real, .effective = effective, .saved = saved };

	return change_identity(thread, IDENTITY_GROUP, rule_all, &wanted);
}

/* ---- ids for files ------------------------------------------------------------------------------ */

/* setfsuid() and setfsgid(): the id before, whether it could be changed or not. */
static int64_t
change_files_id(struct thread *thread, enum identity_kind kind, uint32_t id)
{
	enum capability capability = kind == IDENTITY_USER ? CAP_SETUID : CAP_SETGID;
	struct credential *credential;
	struct identity identity;
	uint32_t before;
	int error = process_credential_begin(thread->process, &credential);

	if (error < 0)
		return identity_load(thread->credential, kind).files;
	identity = identity_load(credential, kind);
	before = identity.files;
	if (id == SAME || id == before ||
	    (!identity_has(&identity, id) && !credential_can(credential, capability))) {
		process_credential_cancel(thread->process, credential);
		return before;
	}
	identity.files = id;
	identity_store(credential, kind, identity);
	if (kind == IDENTITY_USER && before == 0)
		credential->capabilities &= ~CAPABILITIES_FILES;
	else if (kind == IDENTITY_USER && id == 0)
		credential->capabilities |= CAPABILITIES_FILES & credential->permitted;
	process_credential_end(thread->process, credential);
	return before;
}

int64_t
sys_setfsuid(struct thread *thread, uint32_t uid)
{
	return change_files_id(thread, IDENTITY_USER, uid);
}

int64_t
sys_setfsgid(struct thread *thread, uint32_t gid)
{
	return change_files_id(thread, IDENTITY_GROUP, gid);
}

static int64_t
copy_identity(struct thread *thread, enum identity_kind kind, struct user_ptr real,
    struct user_ptr effective, struct user_ptr saved)
{
	struct identity identity = identity_load(thread->credential, kind);
	int error = copy_out(thread->space, real, &identity.real, sizeof(identity.real));

	if (error == 0)
		error = copy_out(thread->space, effective, &identity.effective,
		    sizeof(identity.effective));
	if (error == 0)
		error = copy_out(thread->space, saved, &identity.saved, sizeof(identity.saved));
	return error;
}

int64_t
sys_getresuid(struct thread *thread, struct user_ptr real, struct user_ptr effective,
    struct user_ptr saved)
{
	return copy_identity(thread, IDENTITY_USER, real, effective, saved);
}

int64_t
sys_getresgid(struct thread *thread, struct user_ptr real, struct user_ptr effective,
    struct user_ptr saved)
{
	return copy_identity(thread, IDENTITY_GROUP, real, effective, saved);
}

/* ---- supplementary groups -------------------------------------------------------------------------- */

int64_t
sys_getgroups(struct thread *thread, int size, struct user_ptr list)
{
	const struct credential *credential = thread->credential;
	uint32_t count = credential->group_count;
	int error;

	if (size < 0 || (size > 0 && (uint32_t)size < count))
		return -EINVAL;
	if (size == 0 || count == 0)
		return count;
	error = copy_out(thread->space, list, credential->groups,
	    count * sizeof(credential->groups[0]));
	return error < 0 ? error : (int64_t)count;
}

int64_t
sys_setgroups(struct thread *thread, uint64_t size, struct user_ptr list)
{
	uint32_t groups[CREDENTIAL_GROUPS_MAX];
	struct credential *credential;
	int error;

	if (!credential_can(thread->credential, CAP_SETGID))
		return -EPERM;
	if (size > CREDENTIAL_GROUPS_MAX)
		return -EINVAL;
	if (size > 0) {
		error = copy_in(thread->space, groups, list, (size_t)size * sizeof(groups[0]));
		if (error < 0)
			return error;
	}
	error = process_credential_begin(thread->process, &credential);
	if (error < 0)
		return error;
	memcpy(credential->groups, groups, (size_t)size * sizeof(groups[0]));
	credential->group_count = (uint32_t)size;
	process_credential_end(thread->process, credential);
	return 0;
}
