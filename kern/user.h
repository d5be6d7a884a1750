/*
 * User memory.
 *
 * A user address is a type of its own: kernel code cannot dereference it by
 * mistake, whether the user is in the same process, behind a socket or in
 * ring 3.  The address space says how bytes get across.
 *
 * The copy functions may sleep, since memory may be far away; no spin lock and
 * no lock that a page fault could need may be held.  They return 0, -EFAULT if
 * some address is not the user's (how much was copied is unknown), or -EIO if
 * the user is gone.
 */
#ifndef KERN_USER_H
#define KERN_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct user_ptr {
	uint64_t address;
};

struct address_space;

struct address_space_ops {
	int (*copy_in)(struct address_space *space, void *to, struct user_ptr from, size_t size);
	int (*copy_out)(struct address_space *space, struct user_ptr to, const void *from,
	    size_t size);

	/*
	 * Copy a string and its NUL, size bytes at most; its length to *length.
	 * -ENAMETOOLONG if there is no NUL in size bytes.
	 */
	int (*copy_in_string)(struct address_space *space, char *to, struct user_ptr from,
	    size_t size, size_t *length);

	/*
	 * Where the kernel can reach [from, from + size) directly, or NULL.
	 * Good until the system call returns.
	 */
	void *(*direct)(struct address_space *space, struct user_ptr from, size_t size);
};

/* Embedded in what implements it. */
struct address_space {
	const struct address_space_ops *ops;
};

/*
 * The address space of users who share the kernel's own memory, as callers of
 * the library do, and of the kernel itself.  Only the lowest page is refused.
 */
extern const struct address_space_ops address_space_local_ops;

MUST_CHECK int copy_in(struct address_space *space, void *to, struct user_ptr from, size_t size);
MUST_CHECK int copy_out(struct address_space *space, struct user_ptr to, const void *from,
    size_t size);
MUST_CHECK int copy_in_string(struct address_space *space, char *to, struct user_ptr from,
    size_t size, size_t *length);

/*
 * Copy a structure that may grow: size bytes of what is known, of which the user
 * gives user_size.  What he leaves out is 0; what he gives and we do not know
 * must be 0, or it is -E2BIG, as is more than EXTENSIBLE_MAX.
 */
#define EXTENSIBLE_MAX 4096
MUST_CHECK int copy_in_extensible(struct address_space *space, void *to, size_t size,
    struct user_ptr from, uint64_t user_size);

static inline struct user_ptr
user_ptr_add(struct user_ptr pointer, uint64_t bytes)
{
	return (struct user_ptr){ pointer.address + bytes };
}

static inline bool
user_ptr_is_null(struct user_ptr pointer)
{
	return pointer.address == 0;
}

#endif
