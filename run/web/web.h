/*
 * Rump kernels in a web page: what JavaScript calls.
 *
 * These functions are the exports of the WebAssembly module; web/ wraps them
 * into what people use.  Sizes and offsets are doubles, as in
 * host/wasm/import.h.  Text ends with a NUL.  A function that can fail returns
 * negative errno.  There is one thread, and nobody calls while a call goes on.
 *
 * An instance of the module holds any number of kernels.  Its memory never
 * shrinks, so web/ has an instance for each: then what a kernel leaves is
 * collected with it.
 */
#ifndef RUN_WEB_WEB_H
#define RUN_WEB_WEB_H

#include <stddef.h>
#include <stdint.h>

struct web_kernel;

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

/*
 * Boot a kernel that may take memory_limit bytes (0: 256 MiB) and shows its log
 * lines up to console_level.  Its address, or negative errno in the last page
 * of addresses: -ENOMEM.
 */
EXPORT("web_boot") intptr_t web_boot(double memory_limit, int console_level);

/* Write back, unmount and end the kernel.  -EIO: not all could be written back. */
EXPORT("web_destroy") int web_destroy(struct web_kernel *web);

/* Where system calls have their arguments: six unsigned words of 64 bits. */
EXPORT("web_arguments") uint64_t *web_arguments(struct web_kernel *web);

/* Do the system call of this number; what it returns.  Pointers are addresses here. */
EXPORT("web_syscall") double web_syscall(struct web_kernel *web, int number);

/*
 * The next entries of the directory open as fd, as getdents64() gives them in size
 * bytes at entries, and of each in turn but "." and ".." its struct statx, which are
 * put one after the other at attributes: at most size / 24 of them.  Where there
 * are no attributes to be had, stx_mask is 0 and stx_blksize the error, positive.
 */
EXPORT("web_entries")
int web_entries(struct web_kernel *web, int fd, uint8_t *entries, size_t size, uint8_t *attributes);

/*
 * Make the store that JavaScript knows as name a block device, /dev/NAME.  What
 * cannot be opened for writing is not opened; errors as block_attach_host()'s.
 */
EXPORT("web_attach") int web_attach(struct web_kernel *web, const char *name, int writable);

/* Take a device away; -ENOENT, -EBUSY while it is in use. */
EXPORT("web_detach") int web_detach(struct web_kernel *web, const char *name);

/*
 * Read the partition table of the device called name and make each partition a
 * device, NAMEpPARTITION.  A line for each is written to text:
 *
 *	NAME table type type-name label start size is-container
 *
 * separated by tabs.  The length of the text, which was cut at size if it is
 * more, or -ENOENT if there is no table, -EUCLEAN if none of it can be used.
 */
EXPORT("web_partitions")
int web_partitions(struct web_kernel *web, const char *name, char *text, size_t size);

/* Bytes of memory that the kernel has taken. */
EXPORT("web_memory_taken") double web_memory_taken(struct web_kernel *web);

/*
 * Do what is due in all kernels.  Milliseconds of clock_monotonic() when to call
 * again, or infinity.
 */
EXPORT("web_run") double web_run(void);

/* size bytes, zeroed, whole pages; NULL if there is no more.  And back. */
EXPORT("web_memory_get") void *web_memory_get(size_t size);
EXPORT("web_memory_return") void web_memory_return(void *memory, size_t size);

#endif
