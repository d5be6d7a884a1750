/*
 * User memory: see user.h.
 *
 * The dispatchers let empty ranges pass whatever their address, as Linux does,
 * so an address space only ever sees ranges of 1 byte or more.
 *
 * The local address space is the memory we live in ourselves.  What the lowest
 * page holds, or what would wrap, is refused; a wild pointer beyond that ends
 * the program as it would in a call of any other library.
 */
#include "kern/user.h"

#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"

#define LOCAL_LOWEST 4096

int
copy_in(struct address_space *space, void *to, struct user_ptr from, size_t size)
{
	return size == 0 ? 0 : space->ops->copy_in(space, to, from, size);
}

int
copy_out(struct address_space *space, struct user_ptr to, const void *from, size_t size)
{
	return size == 0 ? 0 : space->ops->copy_out(space, to, from, size);
}

int
copy_in_string(struct address_space *space, char *to, struct user_ptr from, size_t size,
    size_t *length)
{
	*length = 0;
	if (size == 0)
		return -ENAMETOOLONG;
	return space->ops->copy_in_string(space, to, from, size, length);
}

/* [address, address + size) as memory, or NULL if it cannot be. */
static void *
local_range(struct user_ptr start, size_t size)
{
	uint64_t end;

	if (start.address < LOCAL_LOWEST || add_overflows(start.address, size, &end) ||
	    end > UINTPTR_MAX)
		return NULL;
	return (void *)(uintptr_t)start.address;
}

static int
local_copy_in(struct address_space *space, void *to, struct user_ptr from, size_t size)
{
	const void *memory = local_range(from, size);

	if (memory == NULL)
		return -EFAULT;
	memcpy(to, memory, size);
	return 0;
}

static int
local_copy_out(struct address_space *space, struct user_ptr to, const void *from, size_t size)
{
	void *memory = local_range(to, size);

	if (memory == NULL)
		return -EFAULT;
	memcpy(memory, from, size);
	return 0;
}

static int
local_copy_in_string(struct address_space *space, char *to, struct user_ptr from, size_t size,
    size_t *length)
{
	const char *text = local_range(from, 1);
	size_t limit;

	if (text == NULL)
		return -EFAULT;
	/* The range as such may be too long: only the string must fit. */
	limit = (size_t)min_u64(size, UINTPTR_MAX - from.address);
	*length = string_length(text, limit);
	if (*length == limit)
		return limit < size ? -EFAULT : -ENAMETOOLONG;
	memcpy(to, text, *length + 1);
	return 0;
}

static void *
local_direct(struct address_space *space, struct user_ptr from, size_t size)
{
	return local_range(from, size);
}

const struct address_space_ops address_space_local_ops = {
	.copy_in = local_copy_in,
	.copy_out = local_copy_out,
	.copy_in_string = local_copy_in_string,
	.direct = local_direct,
};

int
copy_in_extensible(struct address_space *space, void *to, size_t size, struct user_ptr from,
    uint64_t user_size)
{
	size_t known = user_size < size ? (size_t)user_size : size;
	uint8_t rest;
	int error;

	memset(to, 0, size);
	if (user_size > EXTENSIBLE_MAX)
		return -E2BIG;
	for (uint64_t at = known; at < user_size; at++) {
		error = copy_in(space, &rest, user_ptr_add(from, at), sizeof(rest));
		if (error < 0)
			return error;
		if (rest != 0)
			return -E2BIG;
	}
	return copy_in(space, to, from, known);
}
