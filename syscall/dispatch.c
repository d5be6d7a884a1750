/*
 * Calls that arrive by number.
 *
 * The table itself is made at build time; what it means stands in table.h.
 */
#include "base/errno.h"
#include "kern/thread.h"
#include "syscall/process.h"
#include "syscall/table.h"

const struct syscall *
syscall_find(uint64_t number)
{
	if (number >= syscall_place_count || syscall_places[number] == 0)
		return NULL;
	return &syscall_calls[syscall_places[number] - 1];
}

const struct syscall *
syscall_enumerate(size_t index)
{
	return index < syscall_call_count ? &syscall_calls[index] : NULL;
}

int64_t
syscall_dispatch(struct thread *thread, uint64_t number, const uint64_t *arguments)
{
	const struct syscall *syscall = syscall_find(number);

	if (syscall == NULL)
		return -ENOSYS;
	thread_enter(thread);
	return syscall->call(thread, arguments);
}
