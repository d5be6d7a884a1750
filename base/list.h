/*
 * Doubly linked lists whose links live inside the elements.
 *
 * The head is a link of its own; an empty head points at itself.  A link that
 * is on no list may hold anything: list_init() only those you mean to test.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "base/compiler.h"

struct list {
	struct list *next;
	struct list *previous;
};

/* The element of a type that link is embedded in. */
#define list_entry(link, type, member) container_of(link, type, member)

/* Visit each link; the body must not remove the one it is given. */
#define list_for_each(link, head) \
	for (struct list *link = (head)->next; link != (head); link = link->next)

/* The same where the body may remove, and free, the one it is given. */
#define list_for_each_safe(link, after, head) \
	for (struct list *link = (head)->next, *after = link->next; link != (head); \
	     link = after, after = link->next)

static inline void
list_init(struct list *head)
{
	head->next = head;
	head->previous = head;
}

static inline bool
list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void
list_insert_after(struct list *place, struct list *link)
{
	link->next = place->next;
	link->previous = place;
	place->next->previous = link;
	place->next = link;
}

static inline void
list_push_front(struct list *head, struct list *link)
{
	list_insert_after(head, link);
}

static inline void
list_push_back(struct list *head, struct list *link)
{
	list_insert_after(head->previous, link);
}

/* Take link off its list; it becomes a list of its own. */
static inline void
list_remove(struct list *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
	list_init(link);
}

#endif
