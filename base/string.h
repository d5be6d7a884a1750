/*
 * Bytes and strings.
 *
 * The four memory functions are all that the kernel leaves undefined: whoever
 * links it provides them.  The builtins let the compiler expand small ones.
 */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);

#define memcpy(to, from, size)	  __builtin_memcpy(to, from, size)
#define memmove(to, from, size)	  __builtin_memmove(to, from, size)
#define memset(to, byte, size)	  __builtin_memset(to, byte, size)
#define memcmp(left, right, size) __builtin_memcmp(left, right, size)

/*
 * A run of bytes that is somebody's name: not NUL-terminated, not owned, any
 * byte but '/' and NUL.
 */
struct name {
	const char *bytes;
	size_t length;
};

/* A string literal as a name. */
#define NAME(literal) ((struct name){ (literal), sizeof(literal) - 1 })

static inline bool
name_equal(struct name left, struct name right)
{
	return left.length == right.length && memcmp(left.bytes, right.bytes, left.length) == 0;
}

/* Length of text, looking at limit bytes at most. */
static inline size_t
string_length(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length] != '\0')
		length++;
	return length;
}

static inline bool
string_equal(const char *left, const char *right)
{
	while (*left != '\0' && *left == *right) {
		left++;
		right++;
	}
	return *left == *right;
}

/* A NUL-terminated string as a name. */
static inline struct name
name_of(const char *text)
{
	return (struct name){ text, string_length(text, (size_t)-1) };
}

/*
 * Copy text, cut to fit size bytes with its NUL.  Returns the length of text;
 * a result of size or more says it was cut.
 */
size_t string_copy(char *to, const char *text, size_t size);

#endif
