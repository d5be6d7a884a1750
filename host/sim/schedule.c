/*
 * The scheduler: who runs, who waits, and the clock.
 *
 * A task that can run is in an array, from which the next is drawn; the one that
 * runs is in it too.  One that waits is in a list with those whose words hash
 * alike, and in a heap if there is a deadline.  The clock stands still while
 * anybody can run, and then goes to the soonest deadline.
 *
 * Nothing here may depend on an address: words are told apart, but not ordered.
 *
 * sim_run() takes the main task out of it (AWAITING) until something is to be
 * returned for.  A main task that waits inside a kernel is one among others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "host/sim/sim_impl.h"

#define NOWHERE SIZE_MAX

/* ---- arrays of tasks --------------------------------------------------------------- */

/* Room for one more, so that adding later cannot fail. */
static bool
array_reserve(struct task_array *array, size_t count)
{
	struct sim_task **items;

	if (count <= array->capacity)
		return true;
	items = realloc(array->items, 2 * count * sizeof(struct sim_task *));
	if (items == NULL)
		return false;
	array->items = items;
	array->capacity = 2 * count;
	return true;
}

static void
runnable_add(struct sim_task *task)
{
	struct task_array *array = &task->sim->runnable;

	ASSERT(array->count < array->capacity);
	task->state = TASK_RUNNABLE;
	task->run_index = array->count;
	array->items[array->count++] = task;
}

static void
runnable_remove(struct sim_task *task, enum task_state state)
{
	struct task_array *array = &task->sim->runnable;
	struct sim_task *last = array->items[--array->count];

	ASSERT(task->state == TASK_RUNNABLE);
	array->items[task->run_index] = last;
	last->run_index = task->run_index;
	task->state = state;
}

/* Which of two wakes first: at equal times, the older task. */
static bool
is_sooner(const struct sim_task *left, const struct sim_task *right)
{
	if (left->deadline != right->deadline)
		return left->deadline < right->deadline;
	return left->id < right->id;
}

static void
heap_put(struct task_array *heap, size_t index, struct sim_task *task)
{
	heap->items[index] = task;
	task->heap_index = index;
}

/* Put task where there is a gap at index, or above or below it. */
static void
heap_settle(struct task_array *heap, size_t index, struct sim_task *task)
{
	while (index > 0 && is_sooner(task, heap->items[(index - 1) / 2])) {
		heap_put(heap, index, heap->items[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * index + 1;

		if (child + 1 < heap->count &&
		    is_sooner(heap->items[child + 1], heap->items[child]))
			child++;
		if (child >= heap->count || !is_sooner(heap->items[child], task))
			break;
		heap_put(heap, index, heap->items[child]);
		index = child;
	}
	heap_put(heap, index, task);
}

static void
heap_add(struct sim_task *task)
{
	struct task_array *heap = &task->sim->heap;

	ASSERT(heap->count < heap->capacity);
	heap->count++;
	heap_settle(heap, heap->count - 1, task);
}

static void
heap_remove(struct sim_task *task)
{
	struct task_array *heap = &task->sim->heap;
	size_t index = task->heap_index;
	struct sim_task *last = heap->items[--heap->count];

	task->heap_index = NOWHERE;
	if (last != task)
		heap_settle(heap, index, last);
}

/* ---- waiting ------------------------------------------------------------------------- */

static struct list *
bucket_of(struct sim *sim, const _Atomic uint32_t *word)
{
	return &sim->words[(uintptr_t)word >> 2 & (WORD_BUCKETS - 1)];
}

static void
wait_begin(struct sim_task *task, const _Atomic uint32_t *word, uint64_t deadline, uint32_t what)
{
	struct sim *sim = task->sim;

	runnable_remove(task, TASK_WAITING);
	task->word = word;
	task->deadline = deadline;
	task->what = what;
	task->since = sim->now;
	task->since_step = sim->steps;
	task->result = 0;
	if (word != NULL)
		list_push_back(bucket_of(sim, word), &task->word_link);
	if (word != NULL && sim->config.is_lock != NULL && sim->config.is_lock(what))
		list_push_back(&sim->locks, &task->lock_link);
	if (deadline != HOST_NO_DEADLINE)
		heap_add(task);
}

/* Take a waiting task out of all that it waits in. */
static void
wait_leave(struct sim_task *task)
{
	list_remove(&task->word_link);
	list_init(&task->word_link);
	list_remove(&task->lock_link);
	list_init(&task->lock_link);
	if (task->heap_index != NOWHERE)
		heap_remove(task);
	task->word = NULL;
}

static void
wait_end(struct sim_task *task, int result)
{
	wait_leave(task);
	task->result = result;
	runnable_add(task);
}

/* ---- who is next ----------------------------------------------------------------------- */

static bool
is_awaiting(const struct sim *sim)
{
	return sim->main.state == TASK_AWAITING;
}

void
sim_stop(struct sim *sim, enum sim_end end)
{
	if (sim->has_stopped)
		return;
	sim->has_stopped = true;
	sim->end = end;
}

static struct sim_task *
resume_main(struct sim *sim)
{
	runnable_add(&sim->main);
	return &sim->main;
}

/* Nobody can run, and nobody has a deadline. */
static void
settle_standstill(struct sim *sim)
{
	if (is_awaiting(sim)) {
		if (sim->live > 0 || sim->run_deadline == HOST_NO_DEADLINE) {
			sim_stop(sim, SIM_DEADLOCK);
			return;
		}
		sim->now = sim->run_deadline;
		sim_stop(sim, SIM_TIME);
		return;
	}
	wait_end(&sim->main, -EDEADLK);
}

/* Nobody can run: let time pass until somebody can. */
static void
pass_time(struct sim *sim)
{
	uint64_t next = HOST_NO_DEADLINE;

	if (sim->heap.count > 0)
		next = sim->heap.items[0]->deadline;
	if (is_awaiting(sim) && sim->run_deadline != HOST_NO_DEADLINE &&
	    sim->run_deadline <= next && (next != HOST_NO_DEADLINE || sim->live == 0)) {
		sim->now = max_u64(sim->now, sim->run_deadline);
		sim_stop(sim, SIM_TIME);
	} else if (next == HOST_NO_DEADLINE) {
		settle_standstill(sim);
	} else if (next > sim->now) {
		sim->now = next;
		sim_record(sim, EVENT_CLOCK, next, 0);
	}
}

static struct sim_task *
pick(struct sim *sim)
{
	for (;;) {
		if (sim->has_stopped && is_awaiting(sim))
			return resume_main(sim);
		while (sim->heap.count > 0 && sim->heap.items[0]->deadline <= sim->now)
			wait_end(sim->heap.items[0], -ETIMEDOUT);
		if (sim->runnable.count == 1)
			return sim->runnable.items[0];
		if (sim->runnable.count > 1)
			return sim->runnable
			    .items[sim_next_number(&sim->choices) % sim->runnable.count];
		pass_time(sim);
	}
}

/* ---- changing tasks ----------------------------------------------------------------------- */

/* The stack of a task that has ended is free now that another runs. */
static void
reap(struct sim *sim)
{
	list_for_each_safe(link, after, &sim->ended) {
		struct sim_task *task = list_entry(link, struct sim_task, end_link);

		list_remove(link);
		list_init(link);
		coroutine_destroy(&task->coroutine, &sim->stacks);
		if (!task->is_service)
			free(task);
	}
}

static void
switch_to(struct sim *sim, struct sim_task *next)
{
	struct sim_task *from = sim->current;

	if (next == from)
		return;
	sim->current = next;
	if (sim->config.switched != NULL)
		sim->config.switched(sim->config.context, from, next);
	from->error_number = errno;
	coroutine_switch(&from->coroutine, &next->coroutine, from->state == TASK_ENDED);
	errno = from->error_number;
	reap(sim);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static const char *
event_name(enum sim_event event)
{
	static const char *const names[] = {
		[EVENT_START] = "start",
		[EVENT_END] = "end",
		[EVENT_WAIT] = "wait",
		[EVENT_WAKE] = "wake",
		[EVENT_CLOCK] = "clock",
		[EVENT_LOCK] = "lock",
		[EVENT_MEMORY] = "memory",
		[EVENT_READ] = "read",
		[EVENT_WRITE] = "write",
		[EVENT_FLUSH] = "flush",
		[EVENT_DISCARD] = "discard",
		[EVENT_ZERO] = "zero",
		[EVENT_OPEN] = "open",
		[EVENT_POWER] = "power off",
		[EVENT_PANIC] = "panic",
		[EVENT_NOTE] = "note",
	};

	return names[event];
}

static void
trace(struct sim *sim, const char *event, uint64_t first, uint64_t second)
{
	const struct sim_task *task = sim->current;
	char line[128];

	snprintf(line, sizeof(line), "%llu.%09llu step %llu kernel %u task %u %s: %s %llu %llu",
	    (unsigned long long)(sim->now / 1000000000),
	    (unsigned long long)(sim->now % 1000000000), (unsigned long long)sim->steps,
	    task->host == NULL ? 0 : task->host->id, task->id, task->name, event,
	    (unsigned long long)first, (unsigned long long)second);
	sim->config.trace(sim->config.context, line);
}

void
sim_record(struct sim *sim, enum sim_event event, uint64_t first, uint64_t second)
{
	sim->hash = sim_digest(sim->hash, (uint64_t)event << 32 | sim->current->id);
	sim->hash = sim_digest(sim->hash, sim->now);
	sim->hash = sim_digest(sim->hash, first ^ second << 20);
	if (UNLIKELY(sim->config.trace != NULL))
		trace(sim, event_name(event), first, second);
}

static void
check_starvation(struct sim *sim)
{
	const struct sim_task *first;

	if (sim->config.starvation_steps == 0 || list_is_empty(&sim->locks))
		return;
	first = list_entry(sim->locks.next, struct sim_task, lock_link);
	if (sim->steps - first->since_step > sim->config.starvation_steps)
		sim_stop(sim, SIM_STARVED);
}

void
sim_step(struct sim *sim, enum sim_event event, uint64_t first, uint64_t second)
{
	sim->steps++;
	sim_record(sim, event, first, second);
	check_starvation(sim);
	if (is_awaiting(sim) && sim->steps >= sim->run_steps)
		sim_stop(sim, SIM_STEPS);
	if (sim->has_stopped && is_awaiting(sim)) {
		switch_to(sim, resume_main(sim));
		return;
	}
	if (sim->config.preempt_chance > 0 && sim->runnable.count > 1 &&
	    (sim_next_number(&sim->choices) & 0xffff) < sim->config.preempt_chance)
		switch_to(sim, pick(sim));
}

void
sim_note(struct sim *sim, const char *event, uint64_t detail)
{
	uint64_t digest = detail;

	for (const char *c = event; *c != '\0'; c++)
		digest = sim_digest(digest, (unsigned char)*c);
	sim->hash = sim_digest(sim->hash, digest);
	if (sim->config.trace != NULL)
		trace(sim, event, detail, 0);
}

/* ---- hypercalls ------------------------------------------------------------------------------- */

int
schedule_wait(struct host *host, const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline,
    uint32_t what)
{
	struct sim *sim = host->sim;
	struct sim_task *task = sim->current;

	sim_step(sim, EVENT_WAIT, what, deadline);
	if (atomic_load_explicit(word, memory_order_acquire) != expected)
		return 0;
	if (deadline <= sim->now)
		return -ETIMEDOUT;
	wait_begin(task, word, deadline, what);
	switch_to(sim, pick(sim));
	return task->result;
}

/* The so many-th of those who wait for word; NULL: there are no more. */
static struct sim_task *
waiter(struct list *bucket, const _Atomic uint32_t *word, uint64_t index)
{
	list_for_each(link, bucket) {
		struct sim_task *task = list_entry(link, struct sim_task, word_link);

		if (task->word == word && index-- == 0)
			return task;
	}
	return NULL;
}

/* How many were woken. */
static unsigned
wake(struct sim *sim, const _Atomic uint32_t *word, unsigned count)
{
	struct list *bucket = bucket_of(sim, word);
	unsigned waiters = 0, woken = 0;

	while (waiter(bucket, word, waiters) != NULL)
		waiters++;
	for (; woken < count && waiters > 0; woken++, waiters--) {
		uint64_t index = count < waiters ? sim_next_number(&sim->choices) % waiters : 0;

		wait_end(waiter(bucket, word, index), 0);
	}
	return woken;
}

void
schedule_wake(struct host *host, const _Atomic uint32_t *word, unsigned count)
{
	sim_step(host->sim, EVENT_WAKE, wake(host->sim, word, count), 0);
}

void
sim_sleep(struct sim *sim, uint64_t deadline)
{
	sim_step(sim, EVENT_WAIT, 0, deadline);
	if (deadline <= sim->now)
		return;
	wait_begin(sim->current, NULL, deadline, 0);
	switch_to(sim, pick(sim));
}

enum sim_end
sim_run(struct sim *sim, uint64_t deadline, uint64_t steps)
{
	ASSERT(sim->current == &sim->main);
	if (sim->panic[0] != '\0')
		return SIM_PANIC;
	if (deadline == HOST_NO_DEADLINE && sim->live == 0)
		return SIM_DONE;
	sim->run_deadline = deadline;
	sim->run_steps = steps > UINT64_MAX - sim->steps ? UINT64_MAX : sim->steps + steps;
	sim->has_stopped = false;
	runnable_remove(&sim->main, TASK_AWAITING);
	switch_to(sim, pick(sim));
	return sim->end;
}

/* ---- tasks -------------------------------------------------------------------------------------- */

static void
task_main(void *argument)
{
	struct sim_task *task = argument;
	struct sim *sim = task->sim;

	reap(sim);
	task->entry(task->argument);
	sim_step(sim, EVENT_END, 0, 0);
	if (!task->is_service && --sim->live == 0 && sim->run_deadline == HOST_NO_DEADLINE)
		sim_stop(sim, SIM_DONE);
	/* Nobody comes between here and the change of stacks, where it is freed. */
	atomic_store(&task->has_ended, 1);
	wake(sim, &task->has_ended, 1);
	runnable_remove(task, TASK_ENDED);
	list_remove(&task->link);
	list_push_back(&sim->ended, &task->end_link);
	sim->task_count--;
	switch_to(sim, pick(sim));
}

static void
task_init(struct sim_task *task, struct sim *sim, const char *name)
{
	*task = (struct sim_task){ .sim = sim, .id = sim->next_task++, .heap_index = NOWHERE };
	list_init(&task->link);
	list_init(&task->end_link);
	list_init(&task->word_link);
	list_init(&task->lock_link);
	memcpy(task->name, name, strnlen(name, TASK_NAME_SIZE - 1));
}

static int
start(struct host *host, const char *name, void (*entry)(void *argument), void *argument,
    bool is_service, struct sim_task **out)
{
	struct sim *sim = host->sim;
	struct sim_task *task = malloc(sizeof(*task));

	*out = NULL;
	if (task == NULL)
		return -EAGAIN;
	if (!array_reserve(&sim->runnable, sim->task_count + 1) ||
	    !array_reserve(&sim->heap, sim->task_count + 1)) {
		free(task);
		return -EAGAIN;
	}
	task_init(task, sim, name);
	task->host = host;
	task->entry = entry;
	task->argument = argument;
	if (coroutine_create(&task->coroutine, &sim->stacks, task_main, task) < 0) {
		free(task);
		return -EAGAIN;
	}
	task->is_service = is_service;
	list_push_back(&sim->tasks, &task->link);
	sim->task_count++;
	runnable_add(task);
	*out = task;
	return 0;
}

int
sim_task_start(struct host *host, const char *name, void (*entry)(void *argument), void *argument,
    struct sim_task **out)
{
	struct sim *sim = host->sim;
	int error = start(host, name, entry, argument, false, out);

	if (error < 0)
		return error;
	sim->live++;
	/* Its starter goes on, to give it what it needs: no other task comes between. */
	sim_record(sim, EVENT_START, (*out)->id, 0);
	return 0;
}

int
schedule_thread_start(struct host *host, const char *name, void (*entry)(void *argument),
    void *argument, struct host_thread **out)
{
	struct sim_task *task;
	int error = start(host, name, entry, argument, true, &task);

	*out = (struct host_thread *)task;
	if (error == 0)
		sim_step(host->sim, EVENT_START, task->id, 1);
	return error;
}

void
schedule_thread_join(struct host *host, struct host_thread *thread)
{
	struct sim_task *task = (struct sim_task *)(void *)thread;

	while (atomic_load(&task->has_ended) == 0)
		(void)!schedule_wait(host, &task->has_ended, 0, HOST_NO_DEADLINE, 0);
	free(task);
}

/* A task that does not run ends where it is. */
static void
drop(struct sim_task *task)
{
	struct sim *sim = task->sim;

	ASSERT(task != sim->current);
	if (task->state == TASK_RUNNABLE)
		runnable_remove(task, TASK_ENDED);
	else if (task->state == TASK_WAITING)
		wait_leave(task);
	if (!task->is_service && task->state != TASK_PANICKED)
		sim->live--;
	list_remove(&task->link);
	sim->task_count--;
	coroutine_destroy(&task->coroutine, &sim->stacks);
	free(task);
}

void
schedule_drop_host(struct host *host)
{
	list_for_each_safe(link, after, &host->sim->tasks) {
		struct sim_task *task = list_entry(link, struct sim_task, link);

		if (task->host == host)
			drop(task);
	}
}

void
schedule_panic(struct host *host, const char *why)
{
	struct sim *sim = host->sim;
	struct sim_task *task = sim->current;

	sim_record(sim, EVENT_PANIC, 0, 0);
	if (sim->panic[0] == '\0')
		snprintf(sim->panic, sizeof(sim->panic), "%s", why);
	if (task == &sim->main) {
		fprintf(stderr, "panic in the main task of a simulation: %s\n", why);
		abort();
	}
	/* Where the main task is in a kernel itself, it goes on and finds what is left. */
	sim_stop(sim, SIM_PANIC);
	sim->live -= !task->is_service;
	runnable_remove(task, TASK_PANICKED);
	for (;;)
		switch_to(sim, pick(sim));
}

/* ---- the whole ------------------------------------------------------------------------------ */

int
schedule_init(struct sim *sim)
{
	list_init(&sim->tasks);
	list_init(&sim->ended);
	list_init(&sim->locks);
	for (size_t i = 0; i < WORD_BUCKETS; i++)
		list_init(&sim->words[i]);
	task_init(&sim->main, sim, "main");
	coroutine_adopt(&sim->main.coroutine);
	sim->current = &sim->main;
	sim->task_count = 1;
	if (!array_reserve(&sim->runnable, 1) || !array_reserve(&sim->heap, 1)) {
		schedule_release(sim);
		return -ENOMEM;
	}
	runnable_add(&sim->main);
	return 0;
}

void
schedule_release(struct sim *sim)
{
	reap(sim);
	coroutine_stacks_release(&sim->stacks);
	free(sim->runnable.items);
	free(sim->heap.items);
}

void
sim_each_task(struct sim *sim, void (*visit)(void *context, const struct sim_task_view *view),
    void *context)
{
	list_for_each(link, &sim->tasks) {
		const struct sim_task *task = list_entry(link, struct sim_task, link);
		struct sim_task_view view = {
			.name = task->name,
			.id = task->id,
			.host = task->host,
			.is_waiting = task->state == TASK_WAITING,
			.has_panicked = task->state == TASK_PANICKED,
			.is_service = task->is_service,
			.what = task->what,
			.deadline = task->deadline,
			.since = task->since,
			.held = task->held,
		};

		visit(context, &view);
	}
}
