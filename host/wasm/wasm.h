/*
 * The WebAssembly host: rump kernels in one thread of a browser or of Node.
 *
 * There is one host in an instance of the module, since it owns the linear
 * memory; any number of kernels share it.  What it cannot do itself it imports
 * from JavaScript (import.h): clocks, randomness, console and backing stores.
 *
 * There are no threads, so deferred work is done when the host's user calls
 * kernel_run(); it is asked to by the import work_pending(), and by run() where
 * somebody in a kernel waits for it.
 */
#ifndef HOST_WASM_WASM_H
#define HOST_WASM_WASM_H

#include <stddef.h>
#include <stdint.h>

#include "hypercall/hypercall.h"

extern const struct host_ops wasm_host_ops;

/*
 * Start the host on all memory that the linker has left; once per instance, and
 * before anything else.  It lasts as long as the instance, and cannot fail.
 *
 * run() does what is due in all kernels and returns when it wants to be called
 * again: the least of what kernel_run() says.
 */
struct host *wasm_host_start(uint64_t (*run)(void));

/* Time for kernel_run(): what is due is done, and the next time remembered. */
uint64_t wasm_host_run(struct host *host);

#endif
