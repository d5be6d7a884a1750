/*
 * The table of what the WebAssembly host can do: see wasm.h.
 *
 * Here is what is one line each; memory, waiting and backing stores have files
 * of their own.  A thread cannot be started: that needs memory shared between
 * workers, which browsers only allow to pages that are served with special
 * headers.
 */
#include "host/wasm/wasm.h"

#include "base/string.h"
#include "host/wasm/host_impl.h"
#include "host/wasm/import.h"

static int
wasm_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out)
{
	*out = NULL;
	return -ENOSYS;
}

/* None could be started. */
static void
wasm_thread_join(struct host *host, struct host_thread *thread)
{
}

static uint64_t *
wasm_thread_word(struct host *host)
{
	return &host->word;
}

static unsigned
wasm_processor_count(struct host *host)
{
	return 1;
}

static int
wasm_random(struct host *host, void *buffer, size_t size)
{
	return import_random(buffer, size);
}

static void
wasm_console(struct host *host, const char *text, size_t length)
{
	import_console(text, length);
}

/* Who boots a kernel here configures it by arguments. */
static int
wasm_parameter(struct host *host, const char *name, char *buffer, size_t size)
{
	return -ENOENT;
}

static NORETURN void
wasm_panic(struct host *host, const char *why)
{
	import_panic(why, name_of(why).length);
}

const struct host_ops wasm_host_ops = {
	.memory_get = wasm_memory_get,
	.memory_return = wasm_memory_return,
	.clock_monotonic = wasm_clock_monotonic,
	.clock_wall = wasm_clock_wall,
	.wait = wasm_wait,
	.wake = wasm_wake,
	.thread_start = wasm_thread_start,
	.thread_join = wasm_thread_join,
	.thread_word = wasm_thread_word,
	.processor_count = wasm_processor_count,
	.work_pending = wasm_work_pending,
	.random = wasm_random,
	.console = wasm_console,
	.parameter = wasm_parameter,
	.panic = wasm_panic,
	.block_open = wasm_block_open,
	.block_submit = wasm_block_submit,
	.block_close = wasm_block_close,
};

struct host *
wasm_host_start(uint64_t (*run)(void))
{
	struct host *host = wasm_memory_start();

	host->run = run;
	host->due = HOST_NO_DEADLINE;
	return host;
}
