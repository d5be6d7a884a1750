/* Signals that end the program while an image is written. */
#include "tools/rump/interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int watched[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t arrived; /* the first signal, or 0 */

static void
signal_note(int number)
{
	if (arrived == 0)
		arrived = number;
}

void
interrupt_watch(void)
{
	struct sigaction action = { .sa_handler = signal_note };
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		/* What nohup(1) and shells have set aside stays so. */
		if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(watched[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN); /* the error of the write says it */
}

bool
interrupt_arrived(void)
{
	return arrived != 0;
}

void
interrupt_deliver(void)
{
	if (arrived == 0)
		return;
	signal(arrived, SIG_DFL);
	raise(arrived);
}
