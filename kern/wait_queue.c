/*
 * Wait queues: see wait_queue.h.
 *
 * Watchers that are not exclusive stand before those that are, so that a wake
 * can end at the first exclusive one that accepts.  Sleeping threads all wake
 * and look for themselves: who gets what is theirs to settle.
 */
#include "kern/wait_queue.h"

#include "kern/kernel.h"

void
wait_queue_init(struct wait_queue *queue, struct kernel *kernel)
{
	mutex_init(&queue->lock, kernel, RANK_WAIT_QUEUE);
	condition_init(&queue->changed);
	list_init(&queue->watchers);
}

void
wait_queue_wake(struct wait_queue *queue, uint32_t events)
{
	mutex_assert_held(&queue->lock);
	condition_broadcast(&queue->changed, &queue->lock);
	list_for_each(link, &queue->watchers) {
		struct watcher *watcher = list_entry(link, struct watcher, link);

		if ((watcher->events & events) == 0)
			continue;
		if (watcher->wake(watcher, events) && watcher->is_exclusive)
			return;
	}
}

int
wait_queue_sleep(struct wait_queue *queue, uint64_t deadline)
{
	return condition_wait(&queue->changed, &queue->lock, deadline);
}

void
watcher_init(struct watcher *watcher, bool is_exclusive,
    bool (*wake)(struct watcher *watcher, uint32_t events))
{
	list_init(&watcher->link);
	watcher->queue = NULL;
	watcher->is_exclusive = is_exclusive;
	watcher->wake = wake;
}

void
wait_queue_watch(struct wait_queue *queue, struct watcher *watcher, uint32_t events)
{
	mutex_assert_held(&queue->lock);
	if (watcher == NULL)
		return;
	ASSERT(watcher->queue == NULL);
	watcher->queue = queue;
	watcher->events = events;
	if (watcher->is_exclusive)
		list_push_back(&queue->watchers, &watcher->link);
	else
		list_push_front(&queue->watchers, &watcher->link);
}

void
watcher_stop(struct watcher *watcher)
{
	struct wait_queue *queue = watcher->queue;

	if (queue == NULL)
		return;
	mutex_lock(&queue->lock);
	list_remove(&watcher->link);
	mutex_unlock(&queue->lock);
	watcher->queue = NULL;
}
