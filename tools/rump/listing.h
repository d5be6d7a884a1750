/*
 * The entries of one directory, read at one go.
 *
 * Names and link targets live in the listing's own chunks of memory and never
 * move, so there is no allocation per entry.  listing_clear() keeps the memory
 * for the next directory.
 */
#ifndef TOOLS_RUMP_LISTING_H
#define TOOLS_RUMP_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "tools/rump/files.h"

struct entry {
	const char *name;   /* in the listing */
	const char *target; /* what a symbolic link points to, once asked for */
	ino_t ino;
	unsigned char type; /* DT_REG, ...; DT_UNKNOWN if the directory does not say */
	bool has_stat;	    /* st is known */
	struct stat st;
};

struct text_chunk;

struct listing {
	struct entry *entries; /* as the directory has them */
	struct entry **order;  /* the same, as sorted; see listing_sort() */
	size_t count;
	size_t capacity;
	size_t order_capacity;
	struct text_chunk *texts;
};

/* Which names listing_read() leaves out. */
enum listing_hidden {
	LISTING_PLAIN,	  /* those that begin with a dot */
	LISTING_NOT_DOTS, /* "." and ".." */
	LISTING_ALL,	  /* none */
};

/* Compares like strcmp(); context is what listing_sort() was given. */
typedef int listing_compare(const struct entry *left, const struct entry *right,
    const void *context);

/*
 * Add an entry for name, about which nothing more is known.  Pointers to other
 * entries do not survive.
 */
struct entry *listing_add(struct listing *listing, const char *name);

/*
 * Add the entries of the open directory.  0, or the errno that reading ended
 * with; what was read before stays.  EUCLEAN: an entry has an impossible name;
 * it is left out.
 */
int listing_read(struct listing *listing, const struct files *files, int directory,
    enum listing_hidden hidden);

/* Fill order; compare may be NULL for the order of the directory. */
void listing_sort(struct listing *listing, listing_compare *compare, const void *context);

/* By name as the user's locale has it, and by bytes where it sees no difference. */
int listing_by_name(const struct entry *left, const struct entry *right, const void *context);

/* Room for size bytes of text that live as long as the entries. */
char *listing_text(struct listing *listing, size_t size);

void listing_clear(struct listing *listing);
void listing_free(struct listing *listing);

/* The DT_ type of a file with mode. */
unsigned char listing_type(mode_t mode);

#endif
