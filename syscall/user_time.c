/* Times that users give: see user_time.h. */
#include "syscall/user_time.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"
#include "kern/thread.h"

int
user_time_check(const struct user_time *time, uint64_t *out)
{
	*out = 0;
	if (time->seconds < 0 || time->nanoseconds < 0 ||
	    time->nanoseconds >= (int64_t)NANOSECONDS_PER_SECOND)
		return -EINVAL;
	if (mul_overflows((uint64_t)time->seconds, NANOSECONDS_PER_SECOND, out) ||
	    add_overflows(*out, (uint64_t)time->nanoseconds, out))
		*out = UINT64_MAX;
	return 0;
}

int
user_time_copy_in(struct thread *thread, struct user_ptr from, uint64_t *out)
{
	struct user_time time;
	int error = copy_in(thread->space, &time, from, sizeof(time));

	*out = 0;
	return error < 0 ? error : user_time_check(&time, out);
}

struct user_time
user_time_of(uint64_t nanoseconds)
{
	return (struct user_time){
		(int64_t)(nanoseconds / NANOSECONDS_PER_SECOND),
		(int64_t)(nanoseconds % NANOSECONDS_PER_SECOND),
	};
}

uint64_t
deadline_after(struct kernel *kernel, uint64_t nanoseconds)
{
	uint64_t deadline;

	if (add_overflows(kernel_clock_monotonic(kernel), nanoseconds, &deadline))
		return HOST_NO_DEADLINE;
	return deadline;
}

int
deadline_copy_in(struct thread *thread, struct user_ptr from, uint64_t *out)
{
	uint64_t length;
	int error;

	*out = HOST_NO_DEADLINE;
	if (user_ptr_is_null(from))
		return 0;
	error = user_time_copy_in(thread, from, &length);
	if (error == 0)
		*out = deadline_after(thread->kernel, length);
	return error;
}
