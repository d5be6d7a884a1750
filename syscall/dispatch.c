/*
 * Calls that arrive by number: from a client in another process, or from ring 3.
 *
 * The table itself is made at build time from syscalls.txt; a thunk per call
 * turns the six words into the handler's arguments, so that no function is
 * called by a type that it does not have.  What stands in it is said in table.h.
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
