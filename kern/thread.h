/*
 * Threads of control inside a kernel.
 *
 * Any host thread may enter a kernel; what it is there is its struct thread,
 * which is passed explicitly to whatever needs it.  It says which process it
 * acts for; a thread is used by one host thread at a time, so its own fields
 * need no lock.
 */
#ifndef KERN_THREAD_H
#define KERN_THREAD_H

#include <stdint.h>

#include "kern/credential.h"
#include "kern/rcu.h"
#include "kern/user.h"

struct kernel;
struct process;

struct thread {
	struct kernel *kernel;	       /* constant */
	struct process *process;       /* constant; a reference */
	struct address_space *space;   /* the process's; constant */
	struct credential *credential; /* a reference; renewed at system-call entry */
	uint32_t id;		       /* tid; constant */
	struct rcu_reader reader;
};

#endif
