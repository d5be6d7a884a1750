/* The string functions that are too long to inline. */
#include "base/string.h"

size_t
string_copy(char *to, const char *text, size_t size)
{
	size_t length = string_length(text, (size_t)-1);
	size_t kept = length < size ? length : size - 1;

	if (size == 0)
		return length;
	memcpy(to, text, kept);
	to[kept] = '\0';
	return length;
}
