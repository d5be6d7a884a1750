/*
 * Calls to the kernel as a whole: its log, its name, its clocks, its random numbers.
 *
 * The log is one ring per kernel (kern/log.h).  As in Linux, syslog(2) gives
 * its newest whole lines, and everybody may read them, but only the superuser
 * clear them or say which go to the console.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "kern/thread.h"
#include "syscall/handlers.h"
#include "syscall/user_time.h"
#include "syscall/version.h"
#include "vfs/namespace.h"

/* ---- syslog ----------------------------------------------------------------------------------- */

enum {
	SYSLOG_READ_ALL = 3,
	SYSLOG_READ_CLEAR = 4,
	SYSLOG_CLEAR = 5,
	SYSLOG_CONSOLE_LEVEL = 8,
	SYSLOG_SIZE_UNREAD = 9,
	SYSLOG_SIZE_BUFFER = 10,
};

static int64_t
read_log(struct thread *thread, struct user_ptr buffer, int size)
{
	size_t room = (size_t)min_u64((uint64_t)size, LOG_RING_SIZE), length;
	char *text;
	int error;

	if (room == 0)
		return 0;
	text = memory_alloc(thread->kernel, room);
	if (text == NULL)
		return -ENOMEM;
	length = log_read(thread->kernel, text, room);
	error = copy_out(thread->space, buffer, text, length);
	memory_free(thread->kernel, text, room);
	return error < 0 ? error : (int64_t)length;
}

/* Lines graver than level go to the console; ours counts those just as grave in. */
static int
set_console_level(struct kernel *kernel, int level)
{
	if (level < 1 || level > LOG_DEBUG + 1)
		return -EINVAL;
	atomic_store_explicit(&kernel->log.console_level, (uint32_t)level - 1,
	    memory_order_relaxed);
	return 0;
}

int64_t
sys_syslog(struct thread *thread, int action, struct user_ptr buffer, int size)
{
	struct kernel *kernel = thread->kernel;
	int64_t result;

	if (action != SYSLOG_READ_ALL && action != SYSLOG_SIZE_BUFFER &&
	    !credential_can(thread->credential, CAP_SYS_ADMIN))
		return -EPERM;

	switch (action) {
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (user_ptr_is_null(buffer) || size < 0)
			return -EINVAL;
		result = read_log(thread, buffer, size);
		if (action == SYSLOG_READ_CLEAR && result >= 0)
			log_clear(kernel);
		return result;
	case SYSLOG_CLEAR:
		log_clear(kernel);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		return set_console_level(kernel, size);
	case SYSLOG_SIZE_UNREAD:
		return (int64_t)log_size(kernel);
	case SYSLOG_SIZE_BUFFER:
		return LOG_RING_SIZE;
	default:
		return -EINVAL;
	}
}

/* ---- uname -------------------------------------------------------------------------------------- */

#define UNAME_FIELD 65

struct user_uname {
	char system[UNAME_FIELD];
	char node[UNAME_FIELD];
	char release[UNAME_FIELD];
	char version[UNAME_FIELD];
	char machine[UNAME_FIELD];
	char domain[UNAME_FIELD];
};

_Static_assert(sizeof(struct user_uname) == 390, "struct utsname has 390 bytes");

int64_t
sys_uname(struct thread *thread, struct user_ptr buffer)
{
	/* The same object files run everywhere, so there is no more to say. */
	struct user_uname name = {
		.system = "Anykernel",
		.node = "rump",
		.release = KERNEL_VERSION,
		.version = "#1",
		.machine = "any",
		.domain = "(none)",
	};

	return copy_out(thread->space, buffer, &name, sizeof(name));
}

/* ---- clock_gettime -------------------------------------------------------------------------------- */

int64_t
sys_clock_gettime(struct thread *thread, int clock, struct user_ptr to)
{
	struct timestamp wall = timestamp_now(thread->kernel);
	struct user_time time = { wall.seconds, wall.nanoseconds };

	switch (clock) {
	case USER_CLOCK_WALL:
	case USER_CLOCK_WALL_COARSE:
	case USER_CLOCK_WALL_ALARM:
		break;
	case USER_CLOCK_MONOTONIC:
	case USER_CLOCK_MONOTONIC_RAW:
	case USER_CLOCK_MONOTONIC_COARSE:
	case USER_CLOCK_BOOT:
	case USER_CLOCK_BOOT_ALARM:
		time = user_time_of(kernel_clock_monotonic(thread->kernel));
		break;
	default:
		return -EINVAL;
	}
	return copy_out(thread->space, to, &time, sizeof(time));
}

/* ---- getrandom ------------------------------------------------------------------------------------ */

#define RANDOM_BATCH 256

/* GRND_NONBLOCK means nothing here; the other two exclude each other. */
enum {
	RANDOM_NONBLOCK = 1,
	RANDOM_RANDOM = 2,
	RANDOM_INSECURE = 4,
};

int64_t
sys_getrandom(struct thread *thread, struct user_ptr buffer, uint64_t size, uint32_t flags)
{
	const uint32_t both = RANDOM_RANDOM | RANDOM_INSECURE;
	uint8_t batch[RANDOM_BATCH];
	uint64_t done = 0;
	int error = 0;

	if ((flags & ~(both | RANDOM_NONBLOCK)) != 0 || (flags & both) == both)
		return -EINVAL;
	size = min_u64(size, INT32_MAX);
	while (done < size) {
		size_t part = (size_t)min_u64(size - done, sizeof(batch));

		error = kernel_random(thread->kernel, batch, part);
		if (error == 0)
			error = copy_out(thread->space, user_ptr_add(buffer, done), batch, part);
		if (error < 0)
			break;
		done += part;
	}
	return done > 0 ? (int64_t)done : error;
}
