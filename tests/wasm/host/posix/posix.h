/*
 * Kernels of tests on the POSIX host run on the fake one in WebAssembly: what
 * they want of it is memory, clocks and random bytes.
 */
#ifndef TESTS_WASM_HOST_POSIX_POSIX_H
#define TESTS_WASM_HOST_POSIX_POSIX_H

#include "tests/fake_host.h"

#define posix_host_ops fake_host_ops

int posix_host_create(struct host **out);
void posix_host_destroy(struct host *host);

#endif
