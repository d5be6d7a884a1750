/* Signals that end the program while an image is written. */
#include "tools/rump/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int watched[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t arrived; /* the first signal, or 0 */

/* A pipe that can be read when a signal has arrived, so that none slips in before a wait. */
static int bell[2] = { -1, -1 };

static void
signal_note(int number)
{
	int error = errno;

	if (arrived == 0)
		arrived = number;
	if (bell[1] >= 0 && write(bell[1], "", 1) < 0)
		errno = error; /* it is full, and so can be read */
	errno = error;
}

void
interrupt_watch(void)
{
	struct sigaction action = { .sa_handler = signal_note };
	struct sigaction old;

	if (bell[0] < 0 && pipe2(bell, O_NONBLOCK | O_CLOEXEC) < 0)
		bell[0] = bell[1] = -1;
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

bool
interrupt_wait(int fd)
{
	struct pollfd waits[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = bell[0], .events = POLLIN },
	};

	while (!interrupt_arrived()) {
		int result = poll(waits, 2, -1);

		if (result > 0 && waits[0].revents != 0)
			return true;
		if (result < 0 && errno != EINTR)
			return true; /* reading says what is wrong */
	}
	return false;
}

bool
interrupt_forget(void)
{
	char bytes[16];

	while (bell[0] >= 0 && read(bell[0], bytes, sizeof(bytes)) > 0)
		;
	if (arrived == SIGINT)
		arrived = 0;
	return arrived == 0;
}

void
interrupt_deliver(void)
{
	if (arrived == 0)
		return;
	signal(arrived, SIG_DFL);
	raise(arrived);
}
