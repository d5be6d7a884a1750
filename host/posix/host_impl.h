/*
 * What the files of the POSIX host share: its state, and the functions that
 * host.c puts into the table.  hypercall/hypercall.h says what each must do.
 */
#ifndef HOST_POSIX_HOST_IMPL_H
#define HOST_POSIX_HOST_IMPL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "host/posix/posix.h"
#include "hypercall/hypercall.h"

#define NANOSECONDS UINT64_C(1000000000)

/* Memory of this size and alignment is kept for the next who asks. */
#define CHUNK_SIZE ((size_t)256 << 10)
#define CHUNKS_MAX 8

/* Most that stays resident in front of a chunk that is kept. */
#define PRESENT_MAX ((size_t)128 << 10)

/* Memory that was returned, zeroed for the next memory_get(). */
struct chunk {
	void *memory;
	size_t present; /* bytes in front that are resident */
};

/* Of Linux 5.14; Debian 12's musl does not name it. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct host {
	pthread_mutex_t lock;
	struct chunk chunks[CHUNKS_MAX]; /* GUARDED_BY(lock) */
	unsigned chunk_count;		 /* GUARDED_BY(lock) */
	pthread_key_t word_key;		 /* constant once has_word_key */
	_Atomic bool has_word_key;
	struct posix_settled settled; /* constant */
	uint64_t random_state;	      /* GUARDED_BY(lock) */
};

/* The kernel's negative error for an errno of the C library. */
static inline int
posix_error(int number)
{
	/* Linux's numbers are the kernel's; an unset errno must not read as success. */
	return number > 0 ? -number : -EIO;
}

/* memory.c */
void *posix_memory_get(struct host *host, size_t size, size_t alignment, size_t soon);
void posix_memory_return(struct host *host, void *memory, size_t size);
void posix_memory_release(struct host *host); /* unmap what is kept */

/* clock.c */
uint64_t posix_clock_monotonic(struct host *host);
int64_t posix_clock_wall(struct host *host);

/* wait.c */
int posix_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected,
    uint64_t deadline, uint32_t what);
void posix_wake(struct host *host, const _Atomic uint32_t *word, unsigned count);

/* thread.c */
int posix_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out);
void posix_thread_join(struct host *host, struct host_thread *thread);
uint64_t *posix_thread_word(struct host *host);
void posix_thread_release(struct host *host); /* give the words' key back */
unsigned posix_processor_count(struct host *host);

/* random.c */
int posix_random(struct host *host, void *buffer, size_t size);

/* console.c */
void posix_console(struct host *host, const char *text, size_t length);
void posix_panic(struct host *host, const char *why) NORETURN;

/* parameter.c */
int posix_parameter(struct host *host, const char *name, char *buffer, size_t size);

/* block.c */
struct host_block {
	int descriptor;		       /* constant */
	uint64_t size;		       /* constant */
	bool is_device;		       /* a block device, not a regular file; constant */
	bool is_writable;	       /* constant */
	struct compressed *compressed; /* what decodes it, or NULL; constant */
	_Atomic int flush_error;       /* the first flush that failed, for all later ones */
};

int posix_block_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info);
void posix_block_close(struct host *host, struct host_block *block);

/* request.c */
void posix_block_submit(struct host *host, struct host_block *block,
    struct host_block_request *request);

#endif
