/* What a thread waits for, in words: see waiting.h. */
#include "kern/waiting.h"

#include "base/format.h"
#include "kern/lock_debug.h"

void
waiting_describe(uint32_t what, char *text, size_t size)
{
	const char *rank = lock_rank_name((enum lock_rank)(what & 0xff));

	switch ((enum wait_kind)(what >> 8)) {
	case WAIT_MUTEX:
		format_text(text, size, "the mutex \"%s\"", rank);
		break;
	case WAIT_RWLOCK:
		format_text(text, size, "the reader-writer lock \"%s\"", rank);
		break;
	case WAIT_CONDITION:
		format_text(text, size, "a change of what the mutex \"%s\" guards", rank);
		break;
	case WAIT_RCU:
		format_text(text, size, "the end of walks without locks");
		break;
	case WAIT_TRANSFER:
		format_text(text, size, "a transfer of a block device");
		break;
	case WAIT_POLL:
		format_text(text, size, "events of files");
		break;
	case WAIT_OTHER:
		format_text(text, size, "something outside the kernel");
		break;
	}
}
