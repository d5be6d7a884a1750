/*
 * The host for tests: see fake_host.h.
 *
 * Each sleeper is a record on its own stack, with a condition variable of its
 * own, on the list of sleepers; wake() and the clock take records off the list.
 * A thread of the kernel is a pthread.
 */
#include "tests/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/math.h"
#include "kern/kernel.h"

#define FAKE_PANIC_STATUS 86

struct memory_record {
	struct list link;
	void *memory; /* aligned, somewhere in the mapping */
	size_t size;
	void *mapping;
	size_t mapping_size;
};

struct sleeper {
	struct list link;
	pthread_cond_t woken;
	const _Atomic uint32_t *word;
	uint64_t deadline;
	bool is_asleep;
	int result;
};

struct host_thread {
	pthread_t thread;
	void (*entry)(void *argument);
	void *argument;
};

static _Thread_local uint64_t thread_word;

/* A mapping, so that memory is zeroed, and only there once it is touched. */
static struct memory_record *
memory_map(size_t size, size_t alignment)
{
	struct memory_record *record = malloc(sizeof(*record));
	uintptr_t start;

	record->size = size;
	record->mapping_size = size + alignment;
	record->mapping = mmap(NULL, record->mapping_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(record->mapping, MAP_FAILED);
	start = round_up((uintptr_t)record->mapping, alignment);
	record->memory = (void *)start;
	return record;
}

static void *
fake_memory_get(struct host *host, size_t size, size_t alignment, size_t soon)
{
	struct memory_record *record = NULL;

	pthread_mutex_lock(&host->lock);
	if (host->memory_before != FAKE_NEVER && host->memory_before-- == 0) {
		host->memory_before = FAKE_NEVER;
	} else {
		record = memory_map(size, alignment);
		list_push_back(&host->memories, &record->link);
		host->memory_bytes += size;
		host->memory_count++;
	}
	pthread_mutex_unlock(&host->lock);
	return record != NULL ? record->memory : NULL;
}

static void
fake_memory_return(struct host *host, void *memory, size_t size)
{
	struct memory_record *found = NULL;

	pthread_mutex_lock(&host->lock);
	list_for_each(link, &host->memories) {
		struct memory_record *record = list_entry(link, struct memory_record, link);

		if (record->memory == memory)
			found = record;
	}
	assert_non_null(found);
	assert_int_equal(found->size, size);
	list_remove(&found->link);
	host->memory_bytes -= size;
	host->memory_count--;
	pthread_mutex_unlock(&host->lock);
	munmap(found->mapping, found->mapping_size);
	free(found);
}

static uint64_t
fake_clock_monotonic(struct host *host)
{
	uint64_t now;

	pthread_mutex_lock(&host->lock);
	now = host->now;
	pthread_mutex_unlock(&host->lock);
	return now;
}

static int64_t
fake_clock_wall(struct host *host)
{
	return host->wall;
}

/* Let sleeper go with result.  REQUIRES(host->lock) */
static void
sleeper_release(struct host *host, struct sleeper *sleeper, int result)
{
	list_remove(&sleeper->link);
	host->sleeper_count--;
	sleeper->is_asleep = false;
	sleeper->result = result;
	pthread_cond_signal(&sleeper->woken);
	pthread_cond_broadcast(&host->slept);
}

static int
fake_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline,
    uint32_t what)
{
	struct sleeper sleeper = { .word = word, .deadline = deadline, .is_asleep = true };

	pthread_mutex_lock(&host->lock);
	host->wait_count++;
	if (atomic_load_explicit(word, memory_order_relaxed) != expected) {
		sleeper.result = 0;
	} else if (deadline <= host->now) {
		sleeper.result = -ETIMEDOUT;
	} else if (!host->has_threads) {
		sleeper.result = -EDEADLK;
	} else {
		pthread_cond_init(&sleeper.woken, NULL);
		list_push_back(&host->sleepers, &sleeper.link);
		host->sleeper_count++;
		pthread_cond_broadcast(&host->slept);
		while (sleeper.is_asleep)
			pthread_cond_wait(&sleeper.woken, &host->lock);
		pthread_cond_destroy(&sleeper.woken);
	}
	pthread_mutex_unlock(&host->lock);
	return sleeper.result;
}

static void
fake_wake(struct host *host, const _Atomic uint32_t *word, unsigned count)
{
	pthread_mutex_lock(&host->lock);
	host->wake_count++;
	list_for_each_safe(link, after, &host->sleepers) {
		struct sleeper *sleeper = list_entry(link, struct sleeper, link);

		if (sleeper->word == word && count > 0) {
			sleeper_release(host, sleeper, 0);
			count--;
		}
	}
	pthread_mutex_unlock(&host->lock);
}

void
fake_host_set_clock(struct host *host, uint64_t now)
{
	pthread_mutex_lock(&host->lock);
	host->now = now;
	list_for_each_safe(link, after, &host->sleepers) {
		struct sleeper *sleeper = list_entry(link, struct sleeper, link);

		if (sleeper->deadline <= now)
			sleeper_release(host, sleeper, -ETIMEDOUT);
	}
	pthread_mutex_unlock(&host->lock);
}

void
fake_host_await_sleepers(struct host *host, size_t count)
{
	pthread_mutex_lock(&host->lock);
	while (host->sleeper_count != count)
		pthread_cond_wait(&host->slept, &host->lock);
	pthread_mutex_unlock(&host->lock);
}

static void *
thread_main(void *argument)
{
	struct host_thread *thread = argument;

	thread->entry(thread->argument);
	assert_int_equal(thread_word, 0); /* no lock is left held */
	return NULL;
}

static int
fake_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out)
{
	struct host_thread *thread;
	int error;

	if (!host->has_threads)
		return -ENOSYS;
	if (host->thread_error != 0)
		return host->thread_error;
	thread = malloc(sizeof(*thread));
	*thread = (struct host_thread){ .entry = entry, .argument = argument };
	error = pthread_create(&thread->thread, NULL, thread_main, thread);
	if (error == ENOSYS) { /* WebAssembly */
		free(thread);
		return -ENOSYS;
	}
	assert_int_equal(error, 0);
	pthread_mutex_lock(&host->lock);
	host->thread_count++;
	pthread_mutex_unlock(&host->lock);
	*out = thread;
	return 0;
}

static void
fake_thread_join(struct host *host, struct host_thread *thread)
{
	pthread_join(thread->thread, NULL);
	free(thread);
	pthread_mutex_lock(&host->lock);
	host->thread_count--;
	pthread_mutex_unlock(&host->lock);
}

static uint64_t *
fake_thread_word(struct host *host)
{
	return &thread_word;
}

static unsigned
fake_processor_count(struct host *host)
{
	return 2;
}

static void
fake_work_pending(struct host *host, uint64_t deadline)
{
	host->pending = deadline;
}

static int
fake_random(struct host *host, void *buffer, size_t size)
{
	uint8_t *bytes = buffer;

	if (host->random_error != 0)
		return host->random_error;
	pthread_mutex_lock(&host->lock);
	for (size_t i = 0; i < size; i++) {
		host->random_state = host->random_state * 6364136223846793005u + 1;
		bytes[i] = (uint8_t)(host->random_state >> 56);
	}
	pthread_mutex_unlock(&host->lock);
	return 0;
}

static void
fake_console(struct host *host, const char *text, size_t length)
{
	pthread_mutex_lock(&host->lock);
	if (length > sizeof(host->console) - 1 - host->console_length)
		length = sizeof(host->console) - 1 - host->console_length;
	memcpy(host->console + host->console_length, text, length);
	host->console_length += length;
	host->console[host->console_length] = '\0';
	pthread_mutex_unlock(&host->lock);
}

static int
fake_parameter(struct host *host, const char *name, char *buffer, size_t size)
{
	return -ENOENT;
}

static void NORETURN
fake_panic(struct host *host, const char *why)
{
	fprintf(stderr, "%spanic: %s\n", host->console, why);
	_exit(FAKE_PANIC_STATUS);
}

static int
fake_block_open(struct host *host, const char *name, bool writable, struct host_block **out,
    struct host_block_info *info)
{
	return -ENOENT;
}

static void
fake_block_submit(struct host *host, struct host_block *block, struct host_block_request *request)
{
	request->done(request, -EIO);
}

static void
fake_block_close(struct host *host, struct host_block *block)
{
}

const struct host_ops fake_host_ops = {
	.memory_get = fake_memory_get,
	.memory_return = fake_memory_return,
	.clock_monotonic = fake_clock_monotonic,
	.clock_wall = fake_clock_wall,
	.wait = fake_wait,
	.wake = fake_wake,
	.thread_start = fake_thread_start,
	.thread_join = fake_thread_join,
	.thread_word = fake_thread_word,
	.processor_count = fake_processor_count,
	.work_pending = fake_work_pending,
	.random = fake_random,
	.console = fake_console,
	.parameter = fake_parameter,
	.panic = fake_panic,
	.block_open = fake_block_open,
	.block_submit = fake_block_submit,
	.block_close = fake_block_close,
};

void
fake_host_create(struct host *host, bool has_threads)
{
	*host = (struct host){
		.has_threads = has_threads,
		.memory_before = FAKE_NEVER,
		.pending = HOST_NO_DEADLINE,
		.now = 1000000000,
	};
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->slept, NULL);
	list_init(&host->sleepers);
	list_init(&host->memories);
}

void
fake_host_destroy(struct host *host)
{
	assert_int_equal(host->memory_count, 0);
	assert_int_equal(host->memory_bytes, 0);
	assert_int_equal(host->thread_count, 0);
	assert_int_equal(host->sleeper_count, 0);
	assert_int_equal(thread_word, 0);
	pthread_cond_destroy(&host->slept);
	pthread_mutex_destroy(&host->lock);
}

struct kernel *
fake_kernel_create(struct host *host, bool has_threads, uint64_t memory_limit)
{
	struct kernel_config config = {
		.host_ops = &fake_host_ops,
		.host = host,
		.memory_limit = memory_limit,
		.console_level = LOG_DEBUG,
	};
	struct kernel *kernel;

	fake_host_create(host, has_threads);
	assert_int_equal(kernel_create(&config, &kernel), 0);
	return kernel;
}

void
fake_kernel_destroy(struct kernel *kernel)
{
	struct host *host = kernel->host;

	kernel_destroy(kernel);
	fake_host_destroy(host);
}
