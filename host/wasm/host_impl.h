/*
 * What the files of the WebAssembly host share: its state, and the functions
 * that host.c puts into the table.  hypercall/hypercall.h says what each must
 * do.  There is one thread, so nothing needs a lock.
 */
#ifndef HOST_WASM_HOST_IMPL_H
#define HOST_WASM_HOST_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "hypercall/hypercall.h"

#define PAGE 4096u /* what kernels count memory in */

/* Backing stores open at a time, in all kernels of the instance. */
#define STORES_MAX 128

/* An open backing store. */
struct host_block {
	bool is_open;
	bool is_writable;
	int handle;	 /* JavaScript's */
	int flush_error; /* the first flush that failed, for all later ones */
};

/* A run of free memory, at the start of itself; all the rest of it is zeros. */
struct extent {
	struct extent *next; /* at a higher address */
	size_t size;	     /* bytes, whole pages */
};

struct host {
	struct extent *free;   /* by address; no two touch */
	uint64_t (*run)(void); /* constant */
	uint64_t due;	       /* when kernels next want run(), or HOST_NO_DEADLINE */
	uint64_t word;	       /* the only thread's */
	struct host_block stores[STORES_MAX];
};

/* memory.c */
struct host *wasm_memory_start(void);
void *wasm_memory_get(struct host *host, size_t size, size_t alignment, size_t soon);
void wasm_memory_return(struct host *host, void *memory, size_t size);

/* wait.c */
uint64_t wasm_clock_monotonic(struct host *host);
int64_t wasm_clock_wall(struct host *host);
int wasm_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline,
    uint32_t what);
void wasm_wake(struct host *host, const _Atomic uint32_t *word, unsigned count);
void wasm_work_pending(struct host *host, uint64_t deadline);

/* block.c */
int wasm_block_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info);
void wasm_block_submit(struct host *host, struct host_block *block,
    struct host_block_request *request);
void wasm_block_close(struct host *host, struct host_block *block);

#endif
