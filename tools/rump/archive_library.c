/* libarchive, loaded when an archive is made or read. */
#include "tools/rump/archive_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tools/rump/archive.h"

#define LIBRARY_NAME "libarchive.so.13"

struct archive_library libarchive;

static locale_t utf8; /* or 0 if there is none */

/* Fill a function pointer of the table; false if the library lacks the function. */
static bool
function_find(void *function, const char *name)
{
	void *symbol = dlsym(libarchive.handle, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

#define LIBRARY_FIND(name) &&function_find(&libarchive.name, #name)

bool
archive_is_available(void)
{
	if (libarchive.handle == NULL)
		libarchive.handle = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
	return libarchive.handle != NULL LIBRARY_FUNCTIONS(LIBRARY_FIND);
}

const char *
archive_library_reason(struct archive *archive)
{
	int error = libarchive.archive_errno(archive);
	const char *words = libarchive.archive_error_string(archive);

	/* It uses EILSEQ for archives that are damaged, and has words for those. */
	return words == NULL || (error > 0 && error != EILSEQ) ? strerror(error) : words;
}

locale_t
archive_library_enter(void)
{
	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
}

void
archive_library_leave(locale_t before)
{
	if (before != (locale_t)0)
		uselocale(before);
}
