/* File types and permissions in words and letters. */
#include "tools/rump/mode.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file_type {
	mode_t mode;
	char letter;
	const char *word;
	const char *words;
};

static const struct file_type *
file_type(mode_t mode)
{
	static const struct file_type types[] = {
		{ S_IFREG, '-', "file", "regular file" },
		{ S_IFDIR, 'd', "directory", "directory" },
		{ S_IFLNK, 'l', "symlink", "symbolic link" },
		{ S_IFCHR, 'c', "character", "character special file" },
		{ S_IFBLK, 'b', "block", "block special file" },
		{ S_IFIFO, 'p', "fifo", "fifo" },
		{ S_IFSOCK, 's', "socket", "socket" },
	};
	static const struct file_type unknown = { 0, '?', "unknown", "weird file" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].mode == (mode & S_IFMT))
			return &types[i];
	}
	return &unknown;
}

/* The letter in the place of x: special says setuid, setgid or sticky. */
static char
execute_letter(mode_t may_execute, mode_t is_special, const char *letters)
{
	if (!is_special)
		return may_execute ? 'x' : '-';
	return may_execute ? letters[0] : letters[1];
}

void
mode_letters(char text[11], mode_t mode)
{
	static const char letters[] = "rwxrwxrwx";

	text[0] = file_type(mode)->letter;
	for (unsigned i = 0; i < 9; i++)
		text[1 + i] = (mode >> (8 - i) & 1) != 0 ? letters[i] : '-';
	text[3] = execute_letter(mode & S_IXUSR, mode & S_ISUID, "sS");
	text[6] = execute_letter(mode & S_IXGRP, mode & S_ISGID, "sS");
	text[9] = execute_letter(mode & S_IXOTH, mode & S_ISVTX, "tT");
	text[10] = '\0';
}

const char *
mode_type_words(mode_t mode, off_t size)
{
	if (S_ISREG(mode) && size == 0)
		return "regular empty file";
	return file_type(mode)->words;
}

const char *
mode_type_word(mode_t mode)
{
	return file_type(mode)->word;
}

/* A clause like "ug+rw" as far as it has been read. */
struct clause {
	mode_t who;  /* 04700, 02070, 01007: whose bits it is about */
	mode_t mask; /* bits that stay */
	mode_t mode; /* what it applies to, with the type */
};

/* The bits that a letter of "rwxXst" means. */
static mode_t
letter_bits(const struct clause *clause, char letter)
{
	switch (letter) {
	case 'r':
		return 0444 & clause->who;
	case 'w':
		return 0222 & clause->who;
	case 'X':
		if (!S_ISDIR(clause->mode) && (clause->mode & 0111) == 0)
			return 0;
		return 0111 & clause->who;
	case 'x':
		return 0111 & clause->who;
	case 's':
		return (S_ISUID | S_ISGID) & clause->who;
	default:
		return S_ISVTX & clause->who;
	}
}

/* The permissions that those of a letter of "ugo" have, for all in who. */
static mode_t
copied_bits(const struct clause *clause, char letter)
{
	unsigned shift = letter == 'u' ? 6 : letter == 'g' ? 3 : 0;
	mode_t bits = clause->mode >> shift & 7;

	return (bits << 6 | bits << 3 | bits) & clause->who;
}

/* One operation, like "+rw" or "=u".  What follows it, or NULL if it is none. */
static const char *
operation_apply(const char *text, struct clause *clause)
{
	char operation = *text++;
	mode_t bits = 0;
	mode_t kept = S_ISDIR(clause->mode) ? S_ISUID | S_ISGID : 0; /* unless they are said */

	if (*text == 'u' || *text == 'g' || *text == 'o') {
		bits = copied_bits(clause, *text++);
	} else {
		for (; *text != '\0' && strchr("rwxXst", *text) != NULL; text++)
			bits |= letter_bits(clause, *text);
	}
	bits &= ~clause->mask;
	if (operation == '=')
		clause->mode &= ~(clause->who & ~kept);
	clause->mode = operation == '-' ? clause->mode & ~bits : clause->mode | bits;
	return text;
}

/* One clause like "ug+rw".  What follows it, or NULL if it is none. */
static const char *
clause_apply(const char *text, mode_t mask, mode_t *mode)
{
	struct clause clause = { .mode = *mode };

	for (; *text != '\0' && strchr("ugoa", *text) != NULL; text++)
		clause.who |= *text == 'u'   ? 04700
			      : *text == 'g' ? 02070
			      : *text == 'o' ? 01007
					     : 07777;
	if (clause.who == 0) {
		clause.who = 07777;
		clause.mask = mask;
	}
	if (*text != '+' && *text != '-' && *text != '=')
		return NULL;
	while (*text == '+' || *text == '-' || *text == '=')
		text = operation_apply(text, &clause);
	*mode = clause.mode;
	return text;
}

bool
mode_change(const char *text, mode_t mask, mode_t *mode)
{
	char *end;

	if (*text >= '0' && *text <= '7') {
		unsigned long number = strtoul(text, &end, 8);

		*mode = (*mode & S_IFMT) | (mode_t)number;
		return *end == '\0' && number <= 07777;
	}
	for (;; text++) {
		text = clause_apply(text, mask, mode);
		if (text == NULL)
			return false;
		if (*text != ',')
			return *text == '\0';
	}
}

bool
mode_parse(const char *text, mode_t *mode)
{
	*mode = 0;
	return mode_change(text, 0, mode);
}
