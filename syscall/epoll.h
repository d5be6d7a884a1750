/*
 * epoll: waiting for many files, told once which.
 *
 * An epoll keeps an item for each file that it watches, by descriptor and file.
 * The item's watcher stays hooked into the file's wait queue; when it is called,
 * the item goes to the epoll's list of those that may be ready, and whoever
 * waits looks at these alone.
 *
 * An epoll is a file that can be watched, by poll and by another epoll.  What
 * watches what is a graph without loops and at most EPOLL_NESTING_MAX edges
 * deep: adding an edge that would break that is -ELOOP.  So locks of epolls and of
 * wait queues can be taken along it, and the recursion along it is bounded.
 */
#ifndef SYSCALL_EPOLL_H
#define SYSCALL_EPOLL_H

#define EPOLL_NESTING_MAX 4

struct file;

/* file is about to be closed: no epoll watches it any more. */
void epoll_forget(struct file *file);

#endif
