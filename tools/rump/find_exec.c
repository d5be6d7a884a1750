/*
 * The -exec of rump find: the host's commands, on copies of files.
 *
 * With ";" a command gets one copy; with "+" copies are collected and the
 * command gets many, so that the disk holds BATCH_FILES at a time at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/rump/extract.h"
#include "tools/rump/find_impl.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	BATCH_FILES = 256,
};

struct find_batch {
	struct extract extract;
	char *paths[BATCH_FILES];
	size_t count;
};

struct find_batch *
find_batch_create(void)
{
	struct find_batch *batch = memory_resize(NULL, 1, sizeof(*batch));

	memset(batch, 0, sizeof(*batch));
	return batch;
}

static void
batch_clear(struct find_batch *batch)
{
	extract_end(&batch->extract);
	for (size_t i = 0; i < batch->count; i++)
		free(batch->paths[i]);
	batch->count = 0;
}

void
find_batch_free(struct find_batch *batch)
{
	if (batch != NULL)
		batch_clear(batch);
	free(batch);
}

/* Run words, which end with NULL.  True if that ended well. */
static bool
command_spawn(char **words)
{
	extern char **environ;
	int status, error;
	pid_t pid;

	fflush(stdout);
	error = posix_spawnp(&pid, words[0], NULL, NULL, words, environ);
	if (error != 0) {
		report("cannot run %s: %s", words[0], strerror(error));
		return false;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A copy of file; NULL after a report. */
static char *
file_extract(struct extract *extract, const struct find_file *file)
{
	struct extract_source source = { file->directory, file->name_there, &file->entry->st };
	const char *name = strcmp(file->name, "/") == 0 ? "root" : file->name;
	char *path;

	if (!file->entry->has_stat)
		return NULL;
	path = extract_file(extract, &source, name);
	if (path == NULL && errno == EOPNOTSUPP)
		report("cannot copy %s%s for a command: it is a device, fifo or socket",
		    file->location->prefix, file->shown);
	else if (path == NULL)
		report("cannot copy %s%s for a command: %s", file->location->prefix, file->shown,
		    report_reason(errno));
	return path;
}

/* A word of the command with path for each "{}"; the caller's to free. */
static char *
word_fill(const char *word, const char *path)
{
	char *filled = memory_string("");
	bool is_last = false;

	while (!is_last) {
		const char *place = strstr(word, "{}");
		size_t length = place == NULL ? strlen(word) : (size_t)(place - word);
		char *longer;

		is_last = place == NULL;
		longer = memory_format("%s%.*s%s", filled, (int)length, word, is_last ? "" : path);
		free(filled);
		filled = longer;
		word += length + (is_last ? 0 : 2);
	}
	return filled;
}

static bool
single_run(const struct find_step *step, const struct find_file *file)
{
	char **words = memory_resize(NULL, step->word_count + 1, sizeof(*words));
	struct extract extract = { 0 };
	char *path = file_extract(&extract, file);
	char *place = memory_format("%s%s", file->location->prefix, file->shown);
	bool result = false;

	if (path != NULL) {
		for (size_t i = 0; i < step->word_count; i++)
			words[i] = word_fill(step->words[i], path);
		words[step->word_count] = NULL;
		setenv("RUMP_PATH", place, 1);
		result = command_spawn(words);
		unsetenv("RUMP_PATH");
		for (size_t i = 0; i < step->word_count; i++)
			free(words[i]);
	}
	extract_end(&extract);
	free(place);
	free(path);
	free(words);
	return result;
}

static void
batch_run(struct find *find, const struct find_step *step)
{
	struct find_batch *batch = step->batch;
	char **words;

	if (batch->count == 0)
		return;
	words = memory_resize(NULL, step->word_count + batch->count + 1, sizeof(*words));
	memcpy(words, step->words, step->word_count * sizeof(*words));
	memcpy(words + step->word_count, batch->paths, batch->count * sizeof(*words));
	words[step->word_count + batch->count] = NULL;
	if (!command_spawn(words))
		find->a_command_failed = true;
	free(words);
	batch_clear(batch);
}

bool
find_exec(struct find *find, struct find_step *step, const struct find_file *file)
{
	struct find_batch *batch = step->batch;
	char *path;

	if (batch == NULL)
		return single_run(step, file);
	path = file_extract(&batch->extract, file);
	if (path != NULL)
		batch->paths[batch->count++] = path;
	if (batch->count == BATCH_FILES)
		batch_run(find, step);
	return true;
}

void
find_exec_end(struct find *find)
{
	for (size_t i = 0; i < find->program.count; i++) {
		if (find->program.steps[i].batch != NULL)
			batch_run(find, &find->program.steps[i]);
	}
}
