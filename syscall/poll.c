/*
 * Waiting for several files: poll and select.
 *
 * Both become a list of entries, which is looked through: each file says what
 * it is ready for, and on the first pass has the entry's watcher hooked in.  If
 * none is ready, the thread sleeps on a word of its own until a watcher is
 * called, and looks again.  Watchers hook into queues only while no entry before
 * has been found ready, since then there is nothing to wait for.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "kern/memory.h"
#include "kern/wait_queue.h"
#include "kern/waiting.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "syscall/user_time.h"

#define ENTRIES_EMBEDDED 4 /* so many stay on the stack */

/* One thread that polls. */
struct poller {
	struct kernel *kernel;
	_Atomic uint32_t is_woken;
};

struct poll_entry {
	struct watcher watcher;
	struct poller *poller;
	struct file *file; /* a reference, or NULL */
	int fd;
	uint32_t wanted; /* of enum poll_event */
	uint32_t got;
};

/* ---- waiting ---------------------------------------------------------------------- */

static bool
poller_wake(struct watcher *watcher, uint32_t events)
{
	struct poll_entry *entry = container_of(watcher, struct poll_entry, watcher);
	struct poller *poller = entry->poller;

	if ((events & entry->wanted) == 0)
		return false;
	/* The poller stays: it cannot leave before it has had the queue's lock. */
	if (atomic_exchange_explicit(&poller->is_woken, 1, memory_order_release) == 0)
		poller->kernel->host_ops->wake(poller->kernel->host, &poller->is_woken, 1);
	return true;
}

/* Look what is ready; how many entries are.  With hook, listen for changes, too. */
static unsigned
look(struct poll_entry *entries, size_t count, bool hook)
{
	unsigned ready = 0;

	for (size_t i = 0; i < count; i++) {
		struct poll_entry *entry = &entries[i];
		struct watcher *watcher = hook && ready == 0 ? &entry->watcher : NULL;

		if (entry->fd < 0)
			continue;
		if (entry->file == NULL)
			entry->got = POLL_INVALID;
		else
			entry->got = entry->file->ops->poll(entry->file, watcher) & entry->wanted;
		ready += entry->got != 0;
	}
	return ready;
}

/* Sleep until a watcher is called; 0, -ETIMEDOUT, -EDEADLK. */
static int
poller_sleep(struct poller *poller, uint64_t deadline)
{
	const struct host_ops *host_ops = poller->kernel->host_ops;
	int error = 0;

	while (error == 0 && atomic_load_explicit(&poller->is_woken, memory_order_acquire) == 0)
		error = host_ops->wait(poller->kernel->host, &poller->is_woken, 0, deadline,
		    waiting_for(WAIT_POLL, RANK_COUNT));
	return error;
}

/*
 * Wait until an entry is ready; fd and wanted are filled in.  How many are, 0 at
 * the deadline, or -EDEADLK.
 */
static int64_t
poll_entries(struct thread *thread, struct poll_entry *entries, size_t count, uint64_t deadline)
{
	struct poller poller = { .kernel = thread->kernel };
	bool may_sleep = deadline > kernel_clock_monotonic(thread->kernel);
	unsigned ready;
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		struct poll_entry *entry = &entries[i];

		entry->poller = &poller;
		entry->wanted |= POLL_ALWAYS;
		entry->file = thread_usable_file(thread, entry->fd);
		watcher_init(&entry->watcher, false, poller_wake);
	}
	ready = look(entries, count, may_sleep);
	while (ready == 0 && may_sleep && error == 0) {
		error = poller_sleep(&poller, deadline);
		atomic_store_explicit(&poller.is_woken, 0, memory_order_relaxed);
		ready = look(entries, count, false);
	}
	for (size_t i = 0; i < count; i++) {
		watcher_stop(&entries[i].watcher);
		if (entries[i].file != NULL)
			file_put(entries[i].file);
	}
	return ready == 0 && error == -EDEADLK ? error : (int64_t)ready;
}

/* Room for count entries, which is embedded if that is enough; NULL: no memory. */
static struct poll_entry *
entries_alloc(struct kernel *kernel, struct poll_entry *embedded, size_t count)
{
	if (count > ENTRIES_EMBEDDED)
		return memory_alloc_array(kernel, count, sizeof(*embedded));
	memset(embedded, 0, ENTRIES_EMBEDDED * sizeof(*embedded));
	return embedded;
}

static void
entries_free(struct kernel *kernel, struct poll_entry *entries, struct poll_entry *embedded,
    size_t count)
{
	if (entries != embedded)
		memory_free(kernel, entries, count * sizeof(*entries));
}

/* Signals never come; but the size of their set is looked at. */
static int
check_signal_mask(struct user_ptr mask, uint64_t size)
{
	return user_ptr_is_null(mask) || size == sizeof(uint64_t) ? 0 : -EINVAL;
}

/* ---- poll --------------------------------------------------------------------------- */

/* struct pollfd */
struct user_poll {
	int32_t fd;
	uint16_t events;
	uint16_t got;
};

static int
polls_copy_in(struct thread *thread, struct user_ptr fds, struct poll_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct user_poll poll;
		int error = copy_in(thread->space, &poll, user_ptr_add(fds, i * sizeof(poll)),
		    sizeof(poll));

		if (error < 0)
			return error;
		entries[i].fd = poll.fd;
		entries[i].wanted = poll.events;
	}
	return 0;
}

static int
polls_copy_out(struct thread *thread, struct user_ptr fds, const struct poll_entry *entries,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint16_t got = (uint16_t)entries[i].got;
		uint64_t at = i * sizeof(struct user_poll) + offsetof(struct user_poll, got);
		int error = copy_out(thread->space, user_ptr_add(fds, at), &got, sizeof(got));

		if (error < 0)
			return error;
	}
	return 0;
}

int64_t
sys_ppoll(struct thread *thread, struct user_ptr fds, uint32_t count, struct user_ptr timeout,
    struct user_ptr mask, uint64_t mask_size)
{
	struct poll_entry embedded[ENTRIES_EMBEDDED], *entries;
	uint64_t deadline;
	int64_t result = deadline_copy_in(thread, timeout, &deadline);

	if (result == 0)
		result = check_signal_mask(mask, mask_size);
	if (result < 0)
		return result;
	if (count > DESCRIPTORS_MAX)
		return -EINVAL;
	entries = entries_alloc(thread->kernel, embedded, count);
	if (entries == NULL)
		return -ENOMEM;
	result = polls_copy_in(thread, fds, entries, count);
	if (result == 0) {
		int error;

		result = poll_entries(thread, entries, count, deadline);
		error = polls_copy_out(thread, fds, entries, count);
		if (error < 0)
			result = error;
	}
	entries_free(thread->kernel, entries, embedded, count);
	return result;
}

/* ---- select --------------------------------------------------------------------------- */

#define WORD_BITS 64
#define SET_WORDS (DESCRIPTORS_MAX / WORD_BITS)

enum {
	SET_READABLE,
	SET_WRITABLE,
	SET_EXCEPTIONAL,
	SET_COUNT,
};

/* What each set asks for, besides what is always reported, and what it is told. */
static const struct {
	uint32_t wanted;
	uint32_t told;
} set_events[SET_COUNT] = {
	[SET_READABLE] = { POLL_IN | POLL_READ_NORMAL | POLL_READ_BAND,
	    POLL_IN | POLL_READ_NORMAL | POLL_READ_BAND | POLL_HANGUP | POLL_ERROR },
	[SET_WRITABLE] = { POLL_OUT | POLL_WRITE_NORMAL | POLL_WRITE_BAND,
	    POLL_OUT | POLL_WRITE_NORMAL | POLL_WRITE_BAND | POLL_ERROR },
	[SET_EXCEPTIONAL] = { POLL_PRIORITY, POLL_PRIORITY },
};

/* The users' sets, those that are there, of bit_count bits. */
struct sets {
	struct user_ptr user[SET_COUNT];
	size_t bit_count;
	uint64_t words[SET_COUNT][SET_WORDS];
};

static size_t
set_size(const struct sets *sets)
{
	return (size_t)divide_up(sets->bit_count, WORD_BITS) * sizeof(uint64_t);
}

static bool
set_has(const struct sets *sets, int set, size_t bit)
{
	return (sets->words[set][bit / WORD_BITS] >> bit % WORD_BITS & 1) != 0;
}

static int
sets_copy_in(struct thread *thread, struct sets *sets)
{
	memset(sets->words, 0, sizeof(sets->words));
	for (int i = 0; i < SET_COUNT; i++) {
		int error;

		if (user_ptr_is_null(sets->user[i]))
			continue;
		error = copy_in(thread->space, sets->words[i], sets->user[i], set_size(sets));
		if (error < 0)
			return error;
	}
	return 0;
}

static int
sets_copy_out(struct thread *thread, struct sets *sets)
{
	for (int i = 0; i < SET_COUNT; i++) {
		int error;

		if (user_ptr_is_null(sets->user[i]))
			continue;
		error = copy_out(thread->space, sets->user[i], sets->words[i], set_size(sets));
		if (error < 0)
			return error;
	}
	return 0;
}

/* What the sets want of descriptor bit; 0 if it is in none. */
static uint32_t
sets_want(const struct sets *sets, size_t bit)
{
	uint32_t wanted = 0;

	for (int i = 0; i < SET_COUNT; i++)
		wanted |= set_has(sets, i, bit) ? set_events[i].wanted : 0;
	return wanted;
}

/* Fill in an entry for each descriptor in a set, unless entries is NULL; how many. */
static size_t
sets_to_entries(const struct sets *sets, struct poll_entry *entries)
{
	size_t count = 0;

	for (size_t bit = 0; bit < sets->bit_count; bit++) {
		uint32_t wanted = sets_want(sets, bit);

		if (wanted == 0)
			continue;
		if (entries != NULL) {
			entries[count].fd = (int)bit;
			entries[count].wanted = wanted;
		}
		count++;
	}
	return count;
}

/* Leave in the sets what has come.  How many bits, or -EBADF. */
static int64_t
sets_from_entries(struct sets *sets, const struct poll_entry *entries, size_t count)
{
	int64_t bit_count = 0;

	for (size_t i = 0; i < count; i++) {
		size_t bit = (size_t)entries[i].fd;

		if (entries[i].got == POLL_INVALID)
			return -EBADF;
		for (int set = 0; set < SET_COUNT; set++) {
			if (!set_has(sets, set, bit))
				continue;
			if ((entries[i].got & set_events[set].told) != 0)
				bit_count++;
			else
				sets->words[set][bit / WORD_BITS] &=
				    ~(UINT64_C(1) << bit % WORD_BITS);
		}
	}
	return bit_count;
}

/* Wait for what is in the sets, and change them to what has come. */
static int64_t
select_sets(struct thread *thread, struct sets *sets, uint64_t deadline)
{
	struct poll_entry embedded[ENTRIES_EMBEDDED], *entries;
	size_t count = sets_to_entries(sets, NULL);
	int64_t result;

	entries = entries_alloc(thread->kernel, embedded, count);
	if (entries == NULL)
		return -ENOMEM;
	sets_to_entries(sets, entries);
	result = poll_entries(thread, entries, count, deadline);
	if (result >= 0)
		result = sets_from_entries(sets, entries, count);
	entries_free(thread->kernel, entries, embedded, count);
	return result;
}

/* The mask comes as where it is and how large it is. */
static int
check_packed_mask(struct thread *thread, struct user_ptr from)
{
	uint64_t words[2];
	int error;

	if (user_ptr_is_null(from))
		return 0;
	error = copy_in(thread->space, words, from, sizeof(words));
	return error < 0 ? error : check_signal_mask((struct user_ptr){ words[0] }, words[1]);
}

int64_t
sys_pselect6(struct thread *thread, int count, struct user_ptr readable, struct user_ptr writable,
    struct user_ptr exceptional, struct user_ptr timeout, struct user_ptr mask)
{
	struct sets sets = { .user = { readable, writable, exceptional } };
	uint64_t deadline;
	int64_t result;
	int error = deadline_copy_in(thread, timeout, &deadline);

	if (error == 0)
		error = check_packed_mask(thread, mask);
	if (error < 0)
		return error;
	if (count < 0)
		return -EINVAL;
	sets.bit_count = (size_t)min_u64((uint64_t)count, DESCRIPTORS_MAX);
	error = sets_copy_in(thread, &sets);
	if (error < 0)
		return error;
	result = select_sets(thread, &sets, deadline);
	if (result < 0)
		return result;
	error = sets_copy_out(thread, &sets);
	return error < 0 ? error : result;
}
