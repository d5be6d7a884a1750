/*
 * For tests: user memory that is reached by copying only, as behind a
 * connection.  Addresses 0 to size are there; from all others, and to all
 * others, is -EFAULT.
 */
#ifndef TESTS_FAR_SPACE_H
#define TESTS_FAR_SPACE_H

#include <string.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "kern/user.h"

struct far_space {
	struct address_space space;
	uint8_t *memory; /* borrowed */
	uint64_t size;
};

static inline void *
far_memory(struct address_space *space, struct user_ptr at, size_t size)
{
	struct far_space *far = container_of(space, struct far_space, space);

	if (at.address > far->size || size > far->size - at.address)
		return NULL;
	return far->memory + at.address;
}

static inline int
far_copy_in(struct address_space *space, void *to, struct user_ptr from, size_t size)
{
	const void *memory = far_memory(space, from, size);

	if (memory == NULL)
		return -EFAULT;
	memcpy(to, memory, size);
	return 0;
}

static inline int
far_copy_out(struct address_space *space, struct user_ptr to, const void *from, size_t size)
{
	void *memory = far_memory(space, to, size);

	if (memory == NULL)
		return -EFAULT;
	memcpy(memory, from, size);
	return 0;
}

static inline int
far_copy_in_string(struct address_space *space, char *to, struct user_ptr from, size_t size,
    size_t *length)
{
	(void)space, (void)to, (void)from, (void)size, (void)length;
	return -EFAULT; /* file data is no string */
}

static inline void *
far_direct(struct address_space *space, struct user_ptr from, size_t size)
{
	(void)space, (void)from, (void)size;
	return NULL;
}

static const struct address_space_ops far_space_ops = {
	.copy_in = far_copy_in,
	.copy_out = far_copy_out,
	.copy_in_string = far_copy_in_string,
	.direct = far_direct,
};

#endif
