/*
 * Boot parameters: environment variables.  A kernel's parameter
 * "memory-limit" is the variable RUMP_MEMORY_LIMIT: upper case, anything that
 * is neither letter nor digit an underscore.
 */
#include <stdlib.h>
#include <string.h>

#include "host/posix/host_impl.h"

#define PREFIX	      "RUMP_"
#define VARIABLE_SIZE 128

static char
variable_character(char c)
{
	/* Not toupper(): the program's locale is no concern of ours. */
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return c;
	return '_';
}

int
posix_parameter(struct host *host, const char *name, char *buffer, size_t size)
{
	char variable[VARIABLE_SIZE] = PREFIX;
	size_t used = sizeof(PREFIX) - 1;
	const char *value;

	for (; *name != '\0'; name++) {
		if (used == sizeof(variable) - 1)
			return -ENOENT;
		variable[used++] = variable_character(*name);
	}
	value = getenv(variable);
	if (value == NULL)
		return -ENOENT;
	if (strlen(value) >= size)
		return -ERANGE;
	memcpy(buffer, value, strlen(value) + 1);
	return 0;
}
