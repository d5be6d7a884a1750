/*
 * Simulations: rump kernels on virtual time, with faults, replayed from a seed.
 *
 * A simulation is a world of kernels, disks and threads in one thread of the
 * host.  Its threads are coroutines: one runs until it waits for something in a
 * kernel, or until it loses the processor, which may happen wherever a kernel calls
 * its host; who runs next is drawn from numbers that follow from the seed.  When
 * nobody can run, the clock goes on to when somebody can.  So an hour in which
 * nothing happens takes no time, and two runs of one program with one seed are
 * the same in each step: rump_sim_hash() says whether they were.
 *
 *	struct rump_sim_config config = { .seed = seed };
 *	rump_sim_create(&config, &sim);
 *	rump_sim_disk_create(sim, "disk", 8 << 20, 512, &disk);
 *	rump_sim_kernel_create(sim, NULL, &kernel);
 *	rump_kernel_switch(kernel);
 *	rump_pub_etfs_register("/dev/disk", "disk", RUMP_ETFS_BLK);
 *	...
 *	rump_sim_thread_start(kernel, "writer", write_files, NULL);
 *	end = rump_sim_run(sim, RUMP_SIM_FOREVER, RUMP_SIM_FOREVER);
 *
 * The program itself is the simulation's main thread.  It may call into kernels
 * as ever (rump_kernel_switch(), rump_sys_*()); what runs meanwhile is the
 * others' turn when it waits there.  But where it would wait for ever, there is
 * nobody to return to: a wait of its own is then an error EDEADLK, and a deadlock
 * of locks ends the process, with a line on standard error.  What may deadlock or panic belongs
 * into threads of the simulation.
 *
 * docs/examples/power_cut.c shows how to test with power cuts.
 *
 * Errors: 0 or a positive error number, as in <rump/rump.h>.  A simulation, its
 * kernels and its disks are used by the host thread that created it, alone; any
 * number of simulations may be used by any number of host threads.  Kernels of a
 * simulation have devices on its disks only: hostpath in rump_pub_etfs_register()
 * is the name of a disk.
 */
#ifndef RUMP_SIM_H
#define RUMP_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/rump.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct rump_sim;
struct rump_sim_disk;

#define RUMP_SIM_FOREVER UINT64_MAX

/* ---- simulations ----------------------------------------------------------- */

/* What a simulation is to be like.  A field that is 0 means the default. */
struct rump_sim_config {
	uint64_t seed; /* of all that is drawn */

	/*
	 * How often a thread loses the processor where a kernel calls its host,
	 * in 65536.  Default: 0, only who waits makes way for others.  A library
	 * built with -Dlock_checks=true calls at each lock, too, and so has many
	 * more interleavings; it also panics where locks are taken in a wrong order.
	 */
	uint32_t preempt_chance;
	uint32_t reserved; /* zero */

	/*
	 * Steps after which a thread that still waits for a lock is called
	 * starved.  Default: 0, never.
	 */
	uint64_t starvation_steps;

	/*
	 * Called with each step in words, a line without its newline, which must
	 * not call into the simulation.  Default: NULL.
	 */
	void (*trace)(void *context, const char *line);

	/* Called with what kernels write to their consoles.  NULL: standard error. */
	void (*console)(void *context, const char *text, size_t length);
	void *context;

	uint64_t more_reserved[4]; /* zero */
};

/*
 * Create a simulation; the calling thread is its main one.
 *
 * EINVAL: preempt_chance is over 65536, or a reserved field is not zero.  ENOMEM.
 */
int rump_sim_create(const struct rump_sim_config *config, struct rump_sim **out);

/*
 * Destroy a simulation, from its main thread, with all kernels, disks and threads
 * in it.  Kernels that still are end as if their power failed; to have them
 * unmount and look for what they leaked, rump_kernel_destroy() them first.
 */
void rump_sim_destroy(struct rump_sim *sim);

/* How rump_sim_run() ended. */
enum rump_sim_end {
	RUMP_SIM_DONE,	   /* all threads have ended */
	RUMP_SIM_TIME,	   /* the clock has come to where it was to */
	RUMP_SIM_STEPS,	   /* so many steps were taken */
	RUMP_SIM_DEADLOCK, /* some threads wait, and nobody will ever wake them */
	RUMP_SIM_STARVED,  /* one waits for a lock for longer than starvation_steps */
	RUMP_SIM_PANIC,	   /* a kernel found an invariant broken */
	RUMP_SIM_POWER,	   /* the power failed, as rump_sim_disk_cut() wanted */
};

/*
 * From the main thread: let the others run, until the first of
 *
 *	all threads of rump_sim_thread_start() have ended, if until is
 *	RUMP_SIM_FOREVER;
 *	the clock is at until (nanoseconds, see rump_sim_clock());
 *	so many steps were taken; RUMP_SIM_FOREVER: no matter how many;
 *	something happened that enum rump_sim_end names.
 *
 * After DEADLOCK, STARVED and PANIC, rump_sim_report() tells who waits for what.
 * After PANIC, and for what is locked after a DEADLOCK, nothing is left to do but
 * rump_sim_kernel_lose() or rump_sim_destroy().
 */
enum rump_sim_end rump_sim_run(struct rump_sim *sim, uint64_t until, uint64_t steps);

/* "done", "deadlock", ... */
const char *rump_sim_end_name(enum rump_sim_end end);

/*
 * What each thread does now, and what it waits for, a line each; after a panic
 * also what the kernel said.  Valid until the next call.
 */
const char *rump_sim_report(struct rump_sim *sim);

/* Nanoseconds since the simulation began; steps taken; a digest of all of them. */
uint64_t rump_sim_clock(const struct rump_sim *sim);
uint64_t rump_sim_steps(const struct rump_sim *sim);
uint64_t rump_sim_hash(const struct rump_sim *sim);

/* A number that follows from the seed. */
uint64_t rump_sim_random(struct rump_sim *sim);

/* The calling thread of the simulation sleeps; others run. */
void rump_sim_sleep(struct rump_sim *sim, uint64_t nanoseconds);

/* Let trace and hash show that the program did event, with some number. */
void rump_sim_note(struct rump_sim *sim, const char *event, uint64_t number);

/* ---- kernels and threads --------------------------------------------------- */

/*
 * Create a kernel in sim, as rump_kernel_create() does.  rump_kernel_destroy()
 * ends it, from the main thread when no thread of the simulation is in it.
 * Errors as rump_kernel_create(); EINVAL also with RUMP_KERNEL_FIXED_TIME and
 * RUMP_KERNEL_SEEDED: time is the simulation's, and randomness follows from its seed.
 */
int rump_sim_kernel_create(struct rump_sim *sim, const struct rump_kernel_config *config,
    struct rump_kernel **out);

/*
 * The kernel is gone, as if its power failed: nothing is written any more, its
 * threads end where they are, and what they had allocated with malloc() is not
 * freed.  From the main thread.  EINVAL: it is not a simulation's.
 */
int rump_sim_kernel_lose(struct rump_kernel *kernel);

/*
 * Start a thread that means kernel and calls entry(argument).  It begins when
 * others wait.  name is for traces and reports; at most 15 bytes are kept.
 *
 * EINVAL: kernel is not a simulation's.  EAGAIN: too little memory.
 */
int rump_sim_thread_start(struct rump_kernel *kernel, const char *name,
    void (*entry)(void *argument), void *argument);

/*
 * Let an allocation fail: the nth that kernel makes from now on (1: the next; 0:
 * none), or each by a chance of so many in 2^32.  Each call replaces what the one
 * before said.  rump_sim_memory_heal() ends it; *has_failed says whether the nth
 * was reached.  EINVAL: kernel is not a simulation's.
 */
int rump_sim_memory_fail(struct rump_kernel *kernel, uint64_t nth, uint32_t chance);
int rump_sim_memory_heal(struct rump_kernel *kernel, bool *has_failed);

/* ---- disks ----------------------------------------------------------------- */

/*
 * Create a disk of size bytes, which are zeros, in sectors of sector_size.  name
 * is what kernels call it in rump_pub_etfs_register(); at most 63 bytes.
 *
 * EINVAL: sector_size is no power of two from 512 to 4096, size is 0 or no
 * multiple of it, name is too long.  EEXIST: there is a disk of this name.  ENOMEM.
 */
int rump_sim_disk_create(struct rump_sim *sim, const char *name, uint64_t size,
    uint32_t sector_size, struct rump_sim_disk **out);

/* No kernel has it open.  Disks go with their simulation, too. */
void rump_sim_disk_destroy(struct rump_sim_disk *disk);

/*
 * Read and write a disk past all kernels, faults and logs.  EINVAL: beyond its end.
 * ENOMEM.
 */
int rump_sim_disk_read(const struct rump_sim_disk *disk, uint64_t offset, void *data, size_t size);
int rump_sim_disk_write(struct rump_sim_disk *disk, uint64_t offset, const void *data, size_t size);

/*
 * Another disk with the same content, as of now.  It costs eight bytes per page of
 * 4096 bytes until one of them is written.  Errors as rump_sim_disk_create().
 */
int rump_sim_disk_copy(const struct rump_sim_disk *disk, const char *name,
    struct rump_sim_disk **out);

/* Begin to log all that is written to disk; what was logged before is forgotten.  ENOMEM. */
int rump_sim_disk_log(struct rump_sim_disk *disk);

/* How many entries the log has: writes, discards and flushes. */
size_t rump_sim_disk_position(const struct rump_sim_disk *disk);

/*
 * Another disk, as this one is found when the power fails after the first position
 * entries of its log.  What was flushed by then is there.  Of what was written
 * after, seed decides: all may be there, or none, later writes without earlier
 * ones, a write without some of its sectors.  Seed 0: all is there.  Every position
 * of one run can be asked for, in any order; rising is quickest.
 *
 * EINVAL: there is no log, or it is shorter.  Errors as rump_sim_disk_create().
 */
int rump_sim_disk_crash(struct rump_sim_disk *disk, size_t position, uint64_t seed,
    const char *name, struct rump_sim_disk **out);

/*
 * The power of all disks fails while the countth entry from now is under way (1:
 * the next; 0: it does not).  Every request is an error EIO then, and
 * rump_sim_run() returns RUMP_SIM_POWER.  Lose the kernels, take what the
 * disk holds by rump_sim_disk_crash(), and go on after rump_sim_power_on().
 */
void rump_sim_disk_cut(struct rump_sim_disk *disk, uint64_t count);
void rump_sim_power_on(struct rump_sim *sim);

/* Kinds of requests, for faults. */
#define RUMP_SIM_READ	 0x01
#define RUMP_SIM_WRITE	 0x02
#define RUMP_SIM_FLUSH	 0x04
#define RUMP_SIM_DISCARD 0x08
#define RUMP_SIM_ZERO	 0x10

/* Something that goes wrong with requests. */
struct rump_sim_fault {
	uint32_t ops;	   /* RUMP_SIM_*, of those that */
	int error;	   /* a positive error number, EIO or ENOSPC; 0: none */
	uint64_t after;	   /* so many of them go well first, */
	uint64_t count;	   /* then so many do not; RUMP_SIM_FOREVER: all */
	uint64_t offset;   /* only those that touch this range; */
	uint64_t length;   /* 0: all */
	uint64_t delay_ns; /* they take so long */
};

/* One fault more.  ENOSPC: there are eight.  EINVAL: ops is 0, or error is negative. */
int rump_sim_disk_fault(struct rump_sim_disk *disk, const struct rump_sim_fault *fault);

/*
 * Until faults end: how many writes that met an error were repeated, in the same place,
 * before anything else was written, and went well.  Nothing is lost by those.
 */
uint64_t rump_sim_disk_repeats(const struct rump_sim_disk *disk);

/* All faults end, and flushes work again.  Returns how many requests met one. */
uint64_t rump_sim_disk_heal(struct rump_sim_disk *disk);

/* The disk stores no more than so many bytes, in pages of 4096: more is ENOSPC.  0: all. */
void rump_sim_disk_limit(struct rump_sim_disk *disk, uint64_t bytes);

/*
 * The disk says that flushes are done and does not do them, as some do.  To see
 * that a test of power cuts finds what it should.
 */
void rump_sim_disk_lie(struct rump_sim_disk *disk, bool lies);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
