/*
 * What a word that is being typed can become.
 *
 * All comes from the tables that parsing uses, and paths in images from the
 * images.  Mistakes in the words before give no candidates and no messages.
 */
#ifndef TOOLS_RUMP_COMPLETE_H
#define TOOLS_RUMP_COMPLETE_H

#include "tools/rump/command.h"

/* Names of files of the host, which a shell knows better. */
#define COMPLETE_FILES ":files"

/* A candidate for the whole word, and half a line about it or NULL. */
typedef void complete_emit(void *context, const char *candidate, const char *about);

/* Whether there are only options among count words, of which the first is command's name. */
bool complete_lacks_operand(const struct command *command, char **words, int count);

/* The last of count words, of which the first is the name of command. */
void complete_word(const struct command *command, char **words, int count, complete_emit *emit,
    void *context);

/* A path in an image, or of a file where the shell is; directories end in a slash. */
void complete_path(const char *word, complete_emit *emit, void *context);

#endif
