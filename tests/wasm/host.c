/* The fake host in place of the POSIX one, and dying without a process. */
#include <stdlib.h>

#include "base/errno.h"
#include "host/posix/posix.h"

/* web_unit_test.mjs: fork() by a copy of memory that is put back. */
__attribute__((import_module("test"), import_name("dies"))) int dies(void (*body)(void *argument),
    void *argument, const char *saying);

int
posix_host_create(struct host **out)
{
	*out = malloc(sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	fake_host_create(*out, false);
	(*out)->wall = 1700000000000000000; /* some day, as anywhere but in the fake host */
	return 0;
}

void
posix_host_destroy(struct host *host)
{
	fake_host_destroy(host);
	free(host);
}

bool
fake_host_dies(void (*body)(void *argument), void *argument, const char *saying)
{
	return dies(body, argument, saying) != 0;
}
