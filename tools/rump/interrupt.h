/*
 * Signals that end the program while an image is written.
 *
 * They are noted, and whatever takes long asks and stops in good order, so that
 * the image is unmounted cleanly.  Then the program ends as the signal says.
 */
#ifndef TOOLS_RUMP_INTERRUPT_H
#define TOOLS_RUMP_INTERRUPT_H

#include <stdbool.h>

/* From now on note signals: interrupts, hang-ups, requests to end; none for a closed pipe. */
void interrupt_watch(void);

/* Whether there was one.  Calls of the host that wait return EINTR then. */
bool interrupt_arrived(void);

/* Wait until fd can be read, or is at its end.  False: a signal arrived first. */
bool interrupt_wait(int fd);

/* An interrupt is done with.  False: another signal is there. */
bool interrupt_forget(void);

/* End as the signal that arrived would have had it; returns if there was none. */
void interrupt_deliver(void);

#endif
