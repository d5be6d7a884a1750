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

/* The bits that a clause's letters "rwxst" mean for those in who: u, g, o. */
static mode_t
clause_bits(mode_t who, const char *letters, size_t length)
{
	mode_t bits = 0;

	for (size_t i = 0; i < length; i++) {
		switch (letters[i]) {
		case 'r':
			bits |= 0444 & who;
			break;
		case 'w':
			bits |= 0222 & who;
			break;
		case 'x':
			bits |= 0111 & who;
			break;
		case 's':
			bits |= (who & 0700 ? S_ISUID : 0) | (who & 0070 ? S_ISGID : 0);
			break;
		default:
			bits |= S_ISVTX;
			break;
		}
	}
	return bits;
}

/* One clause like "ug+rw".  What follows it, or NULL if it is none. */
static const char *
clause_apply(const char *text, mode_t *mode)
{
	mode_t who = 0, bits;
	size_t length;
	char operation;

	for (; *text != '\0' && strchr("ugoa", *text) != NULL; text++)
		who |= *text == 'u' ? 0700 : *text == 'g' ? 0070 : *text == 'o' ? 0007 : 0777;
	operation = *text;
	if (operation != '+' && operation != '-' && operation != '=')
		return NULL;
	length = strspn(++text, "rwxst");
	bits = clause_bits(who == 0 ? 0777 : who, text, length);
	if (operation == '=')
		*mode &= ~(who == 0 ? 0777 : who);
	*mode = operation == '-' ? *mode & ~bits : *mode | bits;
	return text + length;
}

bool
mode_parse(const char *text, mode_t *mode)
{
	char *end;

	*mode = 0;
	if (*text >= '0' && *text <= '7') {
		unsigned long number = strtoul(text, &end, 8);

		*mode = (mode_t)number;
		return *end == '\0' && number <= 07777;
	}
	for (;; text++) {
		text = clause_apply(text, mode);
		if (text == NULL)
			return false;
		if (*text != ',')
			return *text == '\0';
	}
}
