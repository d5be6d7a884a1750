/*
 * What the WebAssembly host imports, all of it from the module "host"; it is
 * implemented in web/host.js.
 *
 * Numbers are 32-bit integers or doubles, never 64-bit integers, which cross
 * into JavaScript slowly or, without WebAssembly, not at all: a double is exact
 * up to 2^53, enough for every offset in a store and every time.  Text is bytes
 * and their number.  Errors are 0 or negative errno.  Nothing here is called
 * again before it has returned.
 */
#ifndef HOST_WASM_IMPORT_H
#define HOST_WASM_IMPORT_H

#include <stddef.h>

#include "base/compiler.h"

#define IMPORT(name) __attribute__((import_module("host"), import_name(name)))

/* Milliseconds since some fixed moment, and since 1970. */
IMPORT("clock_monotonic") double import_clock_monotonic(void);
IMPORT("clock_wall") double import_clock_wall(void);

/* Unpredictable bytes; -EIO. */
IMPORT("random") int import_random(void *buffer, size_t size);

/* Whole lines for who watches. */
IMPORT("console") void import_console(const char *text, size_t length);

/* An invariant is broken: never returns, and the instance is not used again. */
IMPORT("panic") void import_panic(const char *why, size_t length) NORETURN;

/* Call web_run() at this time of clock_monotonic(), or sooner. */
IMPORT("work_pending") void import_work_pending(double when);

/*
 * Open the store called name: its handle, 0 or more, or -ENOENT, -EACCES,
 * -EBUSY, -EROFS, -EMFILE, -EIO.  The others take a handle that is open.
 */
IMPORT("store_open") int import_store_open(const char *name, size_t length, int writable);
IMPORT("store_size") double import_store_size(int handle);
IMPORT("store_is_read_only") int import_store_is_read_only(int handle);
IMPORT("store_read") int import_store_read(int handle, double offset, void *to, size_t size);
IMPORT("store_write")
int import_store_write(int handle, double offset, const void *from, size_t size);
IMPORT("store_flush") int import_store_flush(int handle);
IMPORT("store_close") void import_store_close(int handle);

#endif
