/* File types and permissions in words and letters. */
#include "tools/rump/mode.h"

#include <stddef.h>
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
