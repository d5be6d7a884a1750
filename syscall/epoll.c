/*
 * epoll: see epoll.h.
 *
 * Locks, in the order in which they are taken:
 *
 *	epoll->lock		which items there are; held while files are asked
 *	queue.lock of a file	by the file, when it calls watchers
 *	epoll->queue.lock	which items may be ready, what they wait for
 *	pool->watches_lock	the graph: lists of items by file and by epoll
 *
 * The first and the third are taken for several epolls, along the graph: the one
 * that watches first, and the one that is watched first, respectively.
 *
 * An item does not keep its file open.  The last reference to a file that is
 * watched ends with epoll_forget(), before the file is closed, which finds the
 * items through file->watches; an epoll that goes removes its items itself.
 * Whoever finds an item in that list may count on its epoll, since that stays
 * until it has no item: epoll_get() under the graph's lock, then epoll->lock,
 * then look again.
 *
 * An item is on a list of those that may be ready exactly if is_ready.  That is
 * epoll->ready or, while somebody looks through it with epoll->lock held, a list
 * of theirs.  It is taken off before its file is asked, so that a change after
 * the answer puts it back.
 */
#include "syscall/epoll.h"

#include "base/errno.h"
#include "base/math.h"
#include "kern/memory.h"
#include "kern/wait_queue.h"
#include "syscall/handlers.h"
#include "syscall/process.h"
#include "syscall/user_time.h"

#define POLL_READABLE (POLL_IN | POLL_READ_NORMAL)

#define NANOSECONDS_PER_MILLISECOND UINT64_C(1000000)

/* What epoll_ctl() does. */
enum {
	CONTROL_ADD = 1,
	CONTROL_DELETE = 2,
	CONTROL_MODIFY = 3,
};

/* Bits that stand among an item's events, numerically Linux's. */
enum item_flag {
	ITEM_EXCLUSIVE = 1 << 28,
	ITEM_WAKE_UP = 1 << 29,
	ITEM_ONE_SHOT = 1 << 30,
};

#define ITEM_EDGE  (UINT32_C(1) << 31)
#define ITEM_FLAGS (ITEM_EXCLUSIVE | ITEM_WAKE_UP | ITEM_ONE_SHOT | ITEM_EDGE)
#define EXCLUSIVE_BITS \
	(POLL_IN | POLL_OUT | POLL_ALWAYS | ITEM_WAKE_UP | ITEM_EDGE | ITEM_EXCLUSIVE)

/* struct epoll_event, as on all machines with 64 bits but x86. */
struct user_event {
	uint32_t events;
	uint32_t padding;
	uint64_t data;
};

struct epoll {
	struct kernel *kernel;	 /* constant */
	struct file_pool *pool;	 /* constant */
	struct file *file;	 /* that it is; constant */
	struct mutex lock;	 /* see above */
	struct wait_queue queue; /* those who wait for this epoll as for a file */

	struct condition arrived; /* of queue.lock: epoll_wait() sleeps here */
	struct list ready;	  /* items that may be; GUARDED_BY(queue.lock) */

	struct list items;   /* changed with lock and watches_lock, read with either */
	uint32_t references; /* GUARDED_BY(watches_lock) */
	uint64_t mark;	     /* of the walk that has set these: GUARDED_BY(watches_lock) */
	unsigned height;     /* edges of the longest way down */
};

struct item {
	struct watcher watcher;
	struct epoll *epoll; /* constant, as are these: */
	struct file *file;   /* no reference */
	int fd;
	uint32_t events; /* and ITEM_FLAGS; changed with both locks of the epoll */
	uint64_t data;	 /* GUARDED_BY(epoll->lock) */
	bool is_ready;	 /* GUARDED_BY(epoll->queue.lock) */
	struct list ready_link;
	struct list epoll_link; /* in epoll->items */
	struct list file_link;	/* in file->watches; GUARDED_BY(watches_lock) */
};

static struct epoll *epoll_of(const struct file *file);

/* ---- the graph ------------------------------------------------------------------------ */

/* Edges on the longest way down from epoll.  REQUIRES(pool->watches_lock) */
static unsigned
height_of(struct epoll *epoll, uint64_t mark)
{
	unsigned height = 0;

	if (epoll->mark == mark)
		return epoll->height;
	list_for_each(link, &epoll->items) {
		struct epoll *inner = epoll_of(list_entry(link, struct item, epoll_link)->file);
		unsigned below = inner == NULL ? 0 : 1 + height_of(inner, mark);

		height = below > height ? below : height;
	}
	epoll->mark = mark;
	epoll->height = height;
	return height;
}

/* Edges on the longest way up from epoll.  REQUIRES(pool->watches_lock) */
static unsigned
depth_of(struct epoll *epoll, uint64_t mark)
{
	unsigned depth = 0;

	if (epoll->mark == mark)
		return epoll->height;
	list_for_each(link, &epoll->file->watches) {
		struct epoll *outer = list_entry(link, struct item, file_link)->epoll;
		unsigned above = 1 + depth_of(outer, mark);

		depth = above > depth ? above : depth;
	}
	epoll->mark = mark;
	epoll->height = depth;
	return depth;
}

/*
 * May outer watch inner?  The walk down from inner marks what it comes to: if
 * that is outer, there would be a loop.  REQUIRES(pool->watches_lock)
 */
static bool
may_watch(struct epoll *outer, struct epoll *inner)
{
	struct file_pool *pool = outer->pool;
	unsigned below = height_of(inner, ++pool->watches_mark);

	if (outer->mark == pool->watches_mark)
		return false;
	return depth_of(outer, ++pool->watches_mark) + 1 + below <= EPOLL_NESTING_MAX;
}

/* Note that item's epoll watches its file; -ELOOP. */
static int
graph_add(struct item *item)
{
	struct epoll *epoll = item->epoll, *inner = epoll_of(item->file);
	int error = 0;

	mutex_lock(&epoll->pool->watches_lock);
	if (inner != NULL && !may_watch(epoll, inner)) {
		error = -ELOOP;
	} else {
		list_push_back(&epoll->items, &item->epoll_link);
		list_push_back(&item->file->watches, &item->file_link);
		atomic_store_explicit(&item->file->is_watched, true, memory_order_relaxed);
	}
	mutex_unlock(&epoll->pool->watches_lock);
	return error;
}

static void
graph_remove(struct item *item)
{
	struct file_pool *pool = item->epoll->pool;

	mutex_lock(&pool->watches_lock);
	list_remove(&item->epoll_link);
	list_remove(&item->file_link);
	mutex_unlock(&pool->watches_lock);
}

/* The item of file, by fd or by any descriptor if that is negative; NULL. */
static struct item *
find_item(struct epoll *epoll, struct file *file, int fd) REQUIRES(epoll->lock)
{
	struct item *found = NULL;

	mutex_lock(&epoll->pool->watches_lock);
	list_for_each(link, &file->watches) {
		struct item *item = list_entry(link, struct item, file_link);

		if (item->epoll == epoll && (fd < 0 || item->fd == fd)) {
			found = item;
			break;
		}
	}
	mutex_unlock(&epoll->pool->watches_lock);
	return found;
}

/* ---- items ------------------------------------------------------------------------------ */

/* Put item on the list and tell who waits.  REQUIRES(epoll->queue.lock) */
static void
item_is_ready(struct item *item)
{
	struct epoll *epoll = item->epoll;

	if (item->is_ready)
		return;
	item->is_ready = true;
	list_push_back(&epoll->ready, &item->ready_link);
	condition_signal(&epoll->arrived, &epoll->queue.lock);
	wait_queue_wake(&epoll->queue, POLL_READABLE);
}

/* Something happened to the file.  An exclusive item accepts if somebody waits. */
static bool
item_wake(struct watcher *watcher, uint32_t events)
{
	struct item *item = container_of(watcher, struct item, watcher);
	struct epoll *epoll = item->epoll;
	bool is_wanted, is_awaited;

	mutex_lock(&epoll->queue.lock);
	is_wanted = (events & item->events & ~ITEM_FLAGS) != 0;
	is_awaited = condition_is_awaited(&epoll->arrived, &epoll->queue.lock);
	if (is_wanted)
		item_is_ready(item);
	mutex_unlock(&epoll->queue.lock);
	return is_wanted && is_awaited;
}

/* What the item is ready for, of what it waits for. */
static uint32_t
item_ask(struct item *item, struct watcher *watcher) REQUIRES(epoll->lock)
{
	return item->file->ops->poll(item->file, watcher) & item->events & ~ITEM_FLAGS;
}

/* Ask, and note the item if it is ready now. */
static void
item_look(struct item *item, struct watcher *watcher) REQUIRES(epoll->lock)
{
	if (item_ask(item, watcher) == 0)
		return;
	mutex_lock(&item->epoll->queue.lock);
	item_is_ready(item);
	mutex_unlock(&item->epoll->queue.lock);
}

/* What a user's events are to an item. */
static uint32_t
events_of(const struct user_event *event)
{
	return (event->events & ~(uint32_t)ITEM_WAKE_UP) | POLL_ALWAYS;
}

static int
item_add(struct epoll *epoll, struct file *file, int fd, const struct user_event *event)
    REQUIRES(epoll->lock)
{
	struct item *item = memory_alloc_zeroed(epoll->kernel, sizeof(*item));
	int error;

	if (item == NULL)
		return -ENOMEM;
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	item->events = events_of(event);
	item->data = event->data;
	watcher_init(&item->watcher, (event->events & ITEM_EXCLUSIVE) != 0, item_wake);
	error = graph_add(item);
	if (error < 0) {
		memory_free(epoll->kernel, item, sizeof(*item));
		return error;
	}
	item_look(item, &item->watcher);
	return 0;
}

static void
item_remove(struct item *item) REQUIRES(epoll->lock)
{
	struct epoll *epoll = item->epoll;

	watcher_stop(&item->watcher);
	mutex_lock(&epoll->queue.lock);
	if (item->is_ready)
		list_remove(&item->ready_link);
	mutex_unlock(&epoll->queue.lock);
	graph_remove(item);
	memory_free(epoll->kernel, item, sizeof(*item));
}

static int
item_modify(struct item *item, const struct user_event *event) REQUIRES(epoll->lock)
{
	if ((item->events & ITEM_EXCLUSIVE) != 0)
		return -EINVAL;
	mutex_lock(&item->epoll->queue.lock);
	item->events = events_of(event);
	mutex_unlock(&item->epoll->queue.lock);
	item->data = event->data;
	item_look(item, NULL);
	return 0;
}

/* ---- the epoll as a file ---------------------------------------------------------------- */

static void
epoll_get(struct epoll *epoll) REQUIRES(epoll->pool->watches_lock)
{
	epoll->references++;
}

static void
epoll_put(struct epoll *epoll)
{
	bool is_last;

	mutex_lock(&epoll->pool->watches_lock);
	is_last = --epoll->references == 0;
	mutex_unlock(&epoll->pool->watches_lock);
	if (is_last)
		memory_free(epoll->kernel, epoll, sizeof(*epoll));
}

void
epoll_forget(struct file *file)
{
	struct file_pool *pool = file->pool;

	for (;;) {
		struct epoll *epoll = NULL;
		struct item *item;

		mutex_lock(&pool->watches_lock);
		if (!list_is_empty(&file->watches)) {
			epoll = list_entry(file->watches.next, struct item, file_link)->epoll;
			epoll_get(epoll);
		}
		mutex_unlock(&pool->watches_lock);
		if (epoll == NULL)
			return;
		mutex_lock(&epoll->lock);
		item = find_item(epoll, file, -1);
		if (item != NULL)
			item_remove(item);
		mutex_unlock(&epoll->lock);
		epoll_put(epoll);
	}
}

/* Take the first item off a list of those that may be ready; NULL: none is left. */
static struct item *
take_first(struct epoll *epoll, struct list *list) REQUIRES(epoll->lock)
{
	struct item *item = NULL;

	mutex_lock(&epoll->queue.lock);
	if (!list_is_empty(list)) {
		item = list_entry(list->next, struct item, ready_link);
		list_remove(&item->ready_link);
		item->is_ready = false;
	}
	mutex_unlock(&epoll->queue.lock);
	return item;
}

/* Put item back, at the end of list, unless it has become ready again. */
static void
put_back(struct item *item, struct list *list) REQUIRES(epoll->lock)
{
	struct epoll *epoll = item->epoll;

	mutex_lock(&epoll->queue.lock);
	if (!item->is_ready) {
		item->is_ready = true;
		list_push_back(list, &item->ready_link);
	}
	mutex_unlock(&epoll->queue.lock);
}

/* Move all of from, a list of items, to the end of to. */
static void
list_append(struct list *to, struct list *from)
{
	while (!list_is_empty(from)) {
		struct list *link = from->next;

		list_remove(link);
		list_push_back(to, link);
	}
}

/* An epoll is readable if a file is ready: those that only seemed so are dropped. */
static uint32_t
epoll_poll(struct file *file, struct watcher *watcher)
{
	struct epoll *epoll = file->object;
	uint32_t events = 0;
	struct item *item;

	mutex_lock(&epoll->queue.lock);
	wait_queue_watch(&epoll->queue, watcher, POLL_READABLE);
	mutex_unlock(&epoll->queue.lock);
	mutex_lock(&epoll->lock);
	while (events == 0 && (item = take_first(epoll, &epoll->ready)) != NULL) {
		if (item_ask(item, NULL) == 0)
			continue;
		put_back(item, &epoll->ready);
		events = POLL_READABLE;
	}
	mutex_unlock(&epoll->lock);
	return events;
}

static int
epoll_read(struct file *file, struct uio *uio, uint64_t offset)
{
	return -EINVAL;
}

static int
epoll_write(struct file *file, struct uio *uio, uint64_t *offset, const struct file_writer *writer)
{
	return -EINVAL;
}

static void
epoll_close(struct file *file)
{
	struct epoll *epoll = file->object;

	mutex_lock(&epoll->lock);
	while (!list_is_empty(&epoll->items))
		item_remove(list_entry(epoll->items.next, struct item, epoll_link));
	mutex_unlock(&epoll->lock);
	epoll_put(epoll);
}

static const struct file_ops epoll_ops = {
	.can_watch = true,
	.read = epoll_read,
	.write = epoll_write,
	.seek = file_seek_nowhere,
	.poll = epoll_poll,
	.count_readable = file_no_count_readable,
	.close = epoll_close,
};

/* The epoll that file is, or NULL. */
static struct epoll *
epoll_of(const struct file *file)
{
	return file->ops == &epoll_ops ? file->object : NULL;
}

int64_t
sys_epoll_create1(struct thread *thread, int flags)
{
	struct epoll *epoll;
	int error;

	if ((flags & ~OPEN_CLOSE_ON_EXEC) != 0)
		return -EINVAL;
	epoll = memory_alloc_zeroed(thread->kernel, sizeof(*epoll));
	if (epoll == NULL)
		return -ENOMEM;
	epoll->kernel = thread->kernel;
	epoll->pool = process_file_pool(thread->kernel);
	epoll->references = 1;
	mutex_init(&epoll->lock, thread->kernel, RANK_EPOLL);
	wait_queue_init(&epoll->queue, thread->kernel);
	condition_init(&epoll->arrived);
	list_init(&epoll->ready);
	list_init(&epoll->items);
	error = thread_create_file(thread, &epoll_ops, epoll, 0, &epoll->file);
	if (error < 0) {
		memory_free(thread->kernel, epoll, sizeof(*epoll));
		return error;
	}
	return thread_add_file(thread, epoll->file, flags != 0);
}

/* ---- epoll_ctl ----------------------------------------------------------------------------- */

/* May file be watched, and so? */
static int
check_control(const struct file *epoll_file, const struct file *file, int operation,
    const struct user_event *event)
{
	if (!file->ops->can_watch)
		return -EPERM;
	if (epoll_file == file || epoll_of(epoll_file) == NULL)
		return -EINVAL;
	if (operation == CONTROL_DELETE || (event->events & ITEM_EXCLUSIVE) == 0)
		return 0;
	if (operation == CONTROL_MODIFY || epoll_of(file) != NULL ||
	    (event->events & ~EXCLUSIVE_BITS) != 0)
		return -EINVAL;
	return 0;
}

static int
control_locked(struct epoll *epoll, struct file *file, int fd, int operation,
    const struct user_event *event) REQUIRES(epoll->lock)
{
	struct item *item = find_item(epoll, file, fd);

	switch (operation) {
	case CONTROL_ADD:
		return item != NULL ? -EEXIST : item_add(epoll, file, fd, event);
	case CONTROL_MODIFY:
		return item == NULL ? -ENOENT : item_modify(item, event);
	case CONTROL_DELETE:
		if (item == NULL)
			return -ENOENT;
		item_remove(item);
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t
sys_epoll_ctl(struct thread *thread, int epfd, int operation, int fd, struct user_ptr from)
{
	struct user_event event = { 0 };
	struct file *epoll_file, *file;
	int error = 0;

	if (operation != CONTROL_DELETE)
		error = copy_in(thread->space, &event, from, sizeof(event));
	if (error < 0)
		return error;
	epoll_file = thread_usable_file(thread, epfd);
	if (epoll_file == NULL)
		return -EBADF;
	file = thread_usable_file(thread, fd);
	if (file == NULL) {
		file_put(epoll_file);
		return -EBADF;
	}
	error = check_control(epoll_file, file, operation, &event);
	if (error == 0) {
		struct epoll *epoll = epoll_of(epoll_file);

		mutex_lock(&epoll->lock);
		error = control_locked(epoll, file, fd, operation, &event);
		mutex_unlock(&epoll->lock);
	}
	file_put(file);
	file_put(epoll_file);
	return error;
}

/* ---- epoll_wait ------------------------------------------------------------------------------ */

/* Where events go. */
struct delivery {
	struct thread *thread;
	struct user_ptr to;
	int64_t count;
	int64_t limit;
};

/* Tell the user of an item that is ready for events. */
static int
deliver(struct delivery *delivery, const struct item *item, uint32_t events)
{
	const struct user_event event = { .events = events, .data = item->data };
	uint64_t at = (uint64_t)delivery->count * sizeof(event);
	int error = copy_out(delivery->thread->space, user_ptr_add(delivery->to, at), &event,
	    sizeof(event));

	if (error == 0)
		delivery->count++;
	return error;
}

/* The item was told of: it is looked at again only by its own kind's rules. */
static void
item_told(struct item *item, struct list *again) REQUIRES(epoll->lock)
{
	if ((item->events & ITEM_ONE_SHOT) != 0) {
		mutex_lock(&item->epoll->queue.lock);
		item->events &= ITEM_FLAGS;
		mutex_unlock(&item->epoll->queue.lock);
	} else if ((item->events & ITEM_EDGE) == 0) {
		put_back(item, again);
	}
}

/*
 * Deliver what is ready now.  Items that stay ready come last, so that all are
 * told of in turn.  0; -EFAULT loses none.
 */
static int
collect(struct epoll *epoll, struct delivery *delivery)
{
	struct list seen, again;
	struct item *item;
	int error = 0;

	list_init(&seen);
	list_init(&again);
	mutex_lock(&epoll->lock);
	mutex_lock(&epoll->queue.lock);
	list_append(&seen, &epoll->ready);
	mutex_unlock(&epoll->queue.lock);
	while (error == 0 && delivery->count < delivery->limit &&
	       (item = take_first(epoll, &seen)) != NULL) {
		uint32_t events = item_ask(item, NULL);

		if (events == 0)
			continue;
		error = deliver(delivery, item, events);
		if (error < 0)
			put_back(item, &seen);
		else
			item_told(item, &again);
	}
	mutex_lock(&epoll->queue.lock);
	list_append(&seen, &epoll->ready);
	list_append(&seen, &again);
	list_append(&epoll->ready, &seen);
	if (!list_is_empty(&epoll->ready)) /* there may be enough for one more */
		condition_signal(&epoll->arrived, &epoll->queue.lock);
	mutex_unlock(&epoll->queue.lock);
	mutex_unlock(&epoll->lock);
	return delivery->count > 0 ? 0 : error;
}

/* Sleep until an item may be ready; 0, -ETIMEDOUT, -EDEADLK. */
static int
await_item(struct epoll *epoll, uint64_t deadline)
{
	int error = 0;

	mutex_lock(&epoll->queue.lock);
	while (list_is_empty(&epoll->ready) && error == 0)
		error = condition_wait(&epoll->arrived, &epoll->queue.lock, deadline);
	mutex_unlock(&epoll->queue.lock);
	return error;
}

static int64_t
wait_for_events(struct epoll *epoll, struct delivery *delivery, uint64_t deadline)
{
	for (;;) {
		int error = collect(epoll, delivery);

		if (error < 0 || delivery->count > 0)
			return error < 0 ? error : delivery->count;
		if (deadline == 0)
			return 0;
		error = await_item(epoll, deadline);
		if (error == -ETIMEDOUT)
			deadline = 0; /* for what has come in the last moment */
		else if (error < 0)
			return error;
	}
}

/* deadline is 0 for not waiting at all. */
static int64_t
epoll_wait_until(struct thread *thread, int epfd, struct user_ptr events, int limit,
    uint64_t deadline)
{
	struct delivery delivery = { .thread = thread, .to = events, .limit = limit };
	struct file *file;
	int64_t result;

	file = thread_usable_file(thread, epfd);
	if (file == NULL)
		return -EBADF;
	if (limit <= 0 || limit > INT32_MAX / (int)sizeof(struct user_event) ||
	    epoll_of(file) == NULL)
		result = -EINVAL;
	else
		result = wait_for_events(epoll_of(file), &delivery, deadline);
	file_put(file);
	return result;
}

/* Signals never come; but the size of their set is looked at. */
static int
check_signal_mask(struct user_ptr mask, uint64_t size)
{
	return user_ptr_is_null(mask) || size == sizeof(uint64_t) ? 0 : -EINVAL;
}

int64_t
sys_epoll_pwait(struct thread *thread, int epfd, struct user_ptr events, int count, int timeout,
    struct user_ptr mask, uint64_t mask_size)
{
	uint64_t deadline = timeout < 0 ? HOST_NO_DEADLINE : 0;
	int error = check_signal_mask(mask, mask_size);

	if (error < 0)
		return error;
	if (timeout > 0)
		deadline =
		    deadline_after(thread->kernel, (uint64_t)timeout * NANOSECONDS_PER_MILLISECOND);
	return epoll_wait_until(thread, epfd, events, count, deadline);
}

int64_t
sys_epoll_pwait2(struct thread *thread, int epfd, struct user_ptr events, int count,
    struct user_ptr timeout, struct user_ptr mask, uint64_t mask_size)
{
	uint64_t deadline;
	int error = deadline_copy_in(thread, timeout, &deadline);

	if (error == 0)
		error = check_signal_mask(mask, mask_size);
	return error < 0 ? error : epoll_wait_until(thread, epfd, events, count, deadline);
}
