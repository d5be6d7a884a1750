/* The entries of one directory, read at one go. */
#include "tools/rump/listing.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/memory.h"

enum {
	TEXT_CHUNK = 16 * 1024,
	READ_BUFFER = 256 * 1024, /* one call for most directories */
};

struct text_chunk {
	struct text_chunk *next; /* older */
	size_t used;
	size_t size;
	char bytes[];
};

char *
listing_text(struct listing *listing, size_t size)
{
	struct text_chunk *chunk = listing->texts;
	size_t chunk_size = size > TEXT_CHUNK ? size : TEXT_CHUNK;

	if (chunk == NULL || chunk->size - chunk->used < size) {
		chunk = memory_resize(NULL, 1, sizeof(*chunk) + chunk_size);
		*chunk = (struct text_chunk){ listing->texts, 0, chunk_size };
		listing->texts = chunk;
	}
	chunk->used += size;
	return chunk->bytes + chunk->used - size;
}

struct entry *
listing_add(struct listing *listing, const char *name)
{
	size_t size = strlen(name) + 1;
	struct entry *entry;

	listing->entries = memory_grow(listing->entries, listing->count, &listing->capacity,
	    sizeof(*listing->entries));
	entry = &listing->entries[listing->count++];
	entry->name = memcpy(listing_text(listing, size), name, size);
	entry->target = NULL;
	entry->ino = 0;
	entry->type = DT_UNKNOWN;
	entry->has_stat = false;
	return entry;
}

static bool
name_is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static bool
name_is_wanted(const char *name, enum listing_hidden hidden)
{
	if (name[0] != '.' || hidden == LISTING_ALL)
		return true;
	return hidden == LISTING_NOT_DOTS && !name_is_dots(name);
}

/*
 * Add the entries in size bytes of buffer.  The rump kernel checks names; they
 * come from the image all the same, and what they open is relative to a
 * directory, so a slash in one is not let through here either.
 */
static int
entries_add(struct listing *listing, const char *buffer, size_t size, enum listing_hidden hidden)
{
	const struct dirent64 *record;
	struct entry *entry;
	int error = 0;

	for (size_t at = 0; at < size; at += record->d_reclen) {
		record = (const void *)(buffer + at);
		if (record->d_name[0] == '\0' || strchr(record->d_name, '/') != NULL) {
			error = EUCLEAN;
			continue;
		}
		if (!name_is_wanted(record->d_name, hidden))
			continue;
		entry = listing_add(listing, record->d_name);
		entry->ino = record->d_ino;
		entry->type = record->d_type;
	}
	return error;
}

int
listing_read(struct listing *listing, const struct files *files, int directory,
    enum listing_hidden hidden)
{
	static _Alignas(struct dirent64) char buffer[READ_BUFFER];
	ssize_t length;
	int result = 0;
	int error;

	while ((length = files->getdents(directory, buffer, sizeof(buffer))) > 0) {
		error = entries_add(listing, buffer, (size_t)length, hidden);
		if (error != 0)
			result = error;
	}
	return length < 0 ? errno : result;
}

int
listing_by_name(const struct entry *left, const struct entry *right, const void *context)
{
	static int has_order = -1; /* whether the locale orders other than by bytes */
	int order = 0;

	(void)context;
	if (has_order < 0) {
		const char *locale = setlocale(LC_COLLATE, NULL);

		has_order = locale != NULL && strcmp(locale, "C") != 0 &&
			    strcmp(locale, "POSIX") != 0 && strncmp(locale, "C.", 2) != 0;
	}
	if (has_order)
		order = strcoll(left->name, right->name);
	return order != 0 ? order : strcmp(left->name, right->name);
}

struct sorting {
	listing_compare *compare;
	const void *context;
};

static int
order_compare(const void *left, const void *right, void *sorting_argument)
{
	const struct sorting *sorting = sorting_argument;

	return sorting->compare(*(struct entry *const *)left, *(struct entry *const *)right,
	    sorting->context);
}

void
listing_sort(struct listing *listing, listing_compare *compare, const void *context)
{
	struct sorting sorting = { compare, context };

	if (listing->order_capacity < listing->count) {
		listing->order_capacity = listing->capacity;
		listing->order =
		    memory_resize(listing->order, listing->order_capacity, sizeof(*listing->order));
	}
	for (size_t i = 0; i < listing->count; i++)
		listing->order[i] = &listing->entries[i];
	if (compare != NULL && listing->count > 1)
		qsort_r(listing->order, listing->count, sizeof(*listing->order), order_compare,
		    &sorting);
}

void
listing_clear(struct listing *listing)
{
	struct text_chunk *older;

	listing->count = 0;
	while (listing->texts != NULL && listing->texts->next != NULL) {
		older = listing->texts->next;
		free(listing->texts);
		listing->texts = older;
	}
	if (listing->texts != NULL)
		listing->texts->used = 0;
}

void
listing_free(struct listing *listing)
{
	listing_clear(listing);
	free(listing->texts);
	free(listing->entries);
	free(listing->order);
	*listing = (struct listing){ 0 };
}

unsigned char
listing_type(mode_t mode)
{
	return (unsigned char)IFTODT(mode);
}
