/* What /proc/self tells about us: see holdings.h. */
#include "tests/holdings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct holdings
holdings_count(void)
{
	struct holdings holdings = { 0 };
	FILE *maps = fopen("/proc/self/maps", "r"), *statm = fopen("/proc/self/statm", "r");
	DIR *descriptors = opendir("/proc/self/fd");
	const char *emulator = getenv("EMULATOR");
	int c;

	assert_non_null(maps);
	assert_non_null(statm);
	assert_non_null(descriptors);
	while ((c = getc(maps)) != EOF)
		holdings.mappings += c == '\n';
	assert_int_equal(fscanf(statm, "%*u %zu", &holdings.resident), 1);
	/* Under an emulator, most of it is what that keeps of our code. */
	if (emulator != NULL && emulator[0] != '\0')
		holdings.resident = 0;
	while (readdir(descriptors) != NULL)
		holdings.descriptors++;
	fclose(maps);
	fclose(statm);
	closedir(descriptors);
	return holdings;
}
