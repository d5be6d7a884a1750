/*
 * rump: look into disk images, and change them.
 *
 *	rump ls -l disk.img:/etc
 *	rump cp -r disk.img:/home backup
 *
 * Each subcommand boots a rump kernel in this process, mounts the images it is
 * given, read-only unless it changes them, works on them with system calls, and
 * is gone.  This file
 * finds the subcommand; the files named after them do the rest, over:
 *
 *	option.c     options, from one table for each command
 *	image.c      images and places in them; partition.c: the parts of disks
 *	walk.c       directory trees: trail.c (the way down), listing.c (entries)
 *	report.c     what goes wrong; identify.c guesses what an odd file is
 *	name.c mode.c size.c progress.c    how things look
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"

const struct command *const commands[] = {
	&ls_command,
	&cat_command,
	&cp_command,
	&stat_command,
	&tree_command,
	&find_command,
	&grep_command,
	&du_command,
	&df_command,
	&diff_command,
	&verify_command,
	&tar_command,
	&mkdir_command,
	&rmdir_command,
	&rm_command,
	&mv_command,
	&ln_command,
	&chmod_command,
	&chown_command,
	&touch_command,
	&truncate_command,
	&sh_command,
	&mkfs_command,
	&info_command,
	&fsck_command,
	&sim_command,
	NULL,
};

static const struct option_row rows[] = {
	{ 'h', "help", NULL, "this text; rump help COMMAND for that of a command" },
	{ 'V', "version", NULL, "the version" },
	{ 0 },
};

const struct command overview_command = {
	.name = "",
	.options = rows,
	.has_json = true,
	.is_in_order = true,
};

struct choices {
	bool wants_help;
	bool wants_version;
};

static void
overview_print(void)
{
	fputs("Usage: rump [OPTION]... COMMAND [OPTION]... IMAGE[:PATH]...\n"
	      "Look into disk images, and change them, without mounting them on the host.\n\n",
	    stdout);
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "IMAGE is an image file or block device, PATH a file or directory in it; without\n"
	      "PATH the image's top directory is meant.  Only commands that change files write\n"
	      "to images.\n\n",
	    stdout);
	options_help(&overview_command);
	fputs("\n"
	      "Exit status: 0 all went well; 1 something failed, or was not found or not alike\n"
	      "with commands that look for that; 2 wrong usage, or an image that cannot be\n"
	      "opened.\n",
	    stdout);
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static unsigned
smaller(unsigned left, unsigned right)
{
	return left < right ? left : right;
}

/*
 * How many slips of a finger lead from left to right: a letter too many, too
 * few, wrong, or two swapped.  Only names of subcommands are compared; longer
 * words are far from all of them.
 */
static unsigned
edit_distance(const char *left, const char *right)
{
	enum {
		LONGEST = 15
	};
	unsigned table[LONGEST + 1][LONGEST + 1];
	size_t height = strlen(left);
	size_t width = strlen(right);

	if (height > LONGEST || width > LONGEST)
		return LONGEST;
	for (size_t i = 0; i <= height; i++) {
		for (size_t j = 0; j <= width; j++) {
			unsigned best = (unsigned)(i + j);

			if (i > 0 && j > 0) {
				best = smaller(table[i - 1][j], table[i][j - 1]) + 1;
				best = smaller(best,
				    table[i - 1][j - 1] + (left[i - 1] != right[j - 1]));
			}
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] &&
			    left[i - 2] == right[j - 1])
				best = smaller(best, table[i - 2][j - 2] + 1);
			table[i][j] = best;
		}
	}
	return table[height][width];
}

/* The subcommand that was probably meant, or NULL. */
static const struct command *
command_guess(const char *name)
{
	const struct command *best = NULL;
	unsigned best_distance = 3;

	for (size_t i = 0; commands[i] != NULL; i++) {
		unsigned distance = edit_distance(name, commands[i]->name);

		if (*name != '\0' && strncmp(commands[i]->name, name, strlen(name)) == 0)
			distance = 0;
		if (distance < best_distance && distance < strlen(commands[i]->name)) {
			best = commands[i];
			best_distance = distance;
		}
	}
	return best;
}

static int
command_is_unknown(const char *name)
{
	const struct command *guess = command_guess(name);

	if (guess == NULL)
		return report_usage("there is no command \"%s\"", name);
	return report_usage("there is no command \"%s\" (did you mean \"%s\"?)", name, guess->name);
}

static int
help_run(int argc, char **argv)
{
	const struct command *command;

	if (argc == 0) {
		overview_print();
		return STATUS_FINE;
	}
	command = command_find(argv[0]);
	if (command == NULL)
		return command_is_unknown(argv[0]);
	command_help(command);
	return STATUS_FINE;
}

static int
version_print(void)
{
	puts("rump (Anykernel) " RUMP_VERSION);
	return STATUS_FINE;
}

static int
command_run(int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);

	if (strcmp(argv[0], "complete") == 0)
		command = &complete_command;
	if (command == NULL)
		return command_is_unknown(argv[0]);
	report_begin(command->name);
	return command->run(argc, argv);
}

static bool
choice_take(void *options, int id, const char *value)
{
	struct choices *choices = options;

	(void)value;
	if (id == 'h')
		choices->wants_help = true;
	else
		choices->wants_version = true;
	return true;
}

static int
run(int argc, char **argv)
{
	struct choices choices = { 0 };
	int first;

	settings.has_color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	first = options_parse(&overview_command, argc, argv, choice_take, &choices);
	if (first == 0)
		return STATUS_UNABLE;
	if (choices.wants_version)
		return version_print();
	if (choices.wants_help)
		return help_run(argc - first, argv + first);
	if (first == argc)
		return report_usage("say what to do");
	if (strcmp(argv[first], "help") == 0)
		return help_run(argc - first - 1, argv + first + 1);
	return command_run(argc - first, argv + first);
}

int
main(int argc, char **argv)
{
	int status;

	setlocale(LC_ALL, "");
	status = run(argc, argv);
	report_output();
	image_close_all();
	interrupt_deliver();
	return status > report_status() ? status : report_status();
}
