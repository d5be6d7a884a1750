/*
 * rump: look into disk images.
 *
 *	rump ls -l disk.img:/etc
 *	rump cp -r disk.img:/home backup
 *
 * Each subcommand boots a rump kernel in this process, mounts the images it is
 * given read-only, works on them with system calls, and is gone.  This file
 * finds the subcommand; the files named after them do the rest, over:
 *
 *	image.c      images and places in them; partition.c: the parts of disks
 *	walk.c       directory trees: trail.c (the way down), listing.c (entries)
 *	report.c     what goes wrong; identify.c guesses what an odd file is
 *	name.c mode.c size.c progress.c    how things look
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/command.h"
#include "tools/rump/image.h"
#include "tools/rump/report.h"

static const struct command *const commands[] = {
	&ls_command,
	&cat_command,
	&cp_command,
	&stat_command,
	&tree_command,
	&info_command,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
overview_print(void)
{
	fputs("Usage: rump [-o OPTIONS] [-p PARTITION] COMMAND [OPTION]... IMAGE[:PATH]...\n"
	      "Look into disk images without mounting them on the host.\n\n",
	    stdout);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-6s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "IMAGE is an image file or block device, PATH a file or directory in it; without\n"
	      "PATH the image's top directory is meant.  Images are never written to.\n"
	      "\n"
	      "  -o OPTIONS         how to mount images: partial (though cut off),\n"
	      "                     norecovery (without replaying a journal)\n"
	      "  -p PARTITION       which partition of a disk, by the name that rump info\n"
	      "                     tells, or by its label; not needed if only one has a\n"
	      "                     file system\n"
	      "  rump help COMMAND  how to use COMMAND\n"
	      "  rump --version     the version\n"
	      "\n"
	      "Exit status: 0 all went well; 1 something failed; 2 wrong usage, or an image\n"
	      "that cannot be opened.\n",
	    stdout);
}

int
command_help(const struct command *command)
{
	printf("Usage: rump %s %s\n", command->name, command->synopsis);
	printf("rump %s: %s.\n", command->name, command->summary);
	if (*command->details != '\0')
		printf("\n%s", command->details);
	return STATUS_FINE;
}

int
command_option(const struct command *command, int option, char **argv)
{
	if (option == OPTION_HELP)
		return command_help(command);
	if (option == ':')
		return report_usage("option %s needs a value", argv[optind - 1]);
	if (optopt == 0 || optopt >= OPTION_HELP)
		return report_usage("unknown option %s", argv[optind - 1]);
	return report_usage("unknown option -%c", optopt);
}

static const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
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

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
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
	return command == NULL ? command_is_unknown(argv[0]) : command_help(command);
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

	if (command == NULL)
		return command_is_unknown(argv[0]);
	report_begin(command->name);
	optind = 0; /* begin anew */
	return command->run(argc, argv);
}

static int
run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "options", required_argument, NULL, 'o' },
		{ "partition", required_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:ho:p:V", long_options, NULL)) != -1) {
		switch (option) {
		case 'h':
			return help_run(argc - optind, argv + optind);
		case 'o':
			image_set_mount_options(optarg);
			break;
		case 'p':
			image_set_partition(optarg);
			break;
		case 'V':
			return version_print();
		default:
			return command_option(NULL, option, argv);
		}
	}
	if (optind == argc)
		return report_usage("say what to do");
	if (strcmp(argv[optind], "help") == 0)
		return help_run(argc - optind - 1, argv + optind + 1);
	return command_run(argc - optind, argv + optind);
}

int
main(int argc, char **argv)
{
	int status;

	setlocale(LC_ALL, "");
	status = run(argc, argv);
	report_output();
	image_close_all();
	return status > report_status() ? status : report_status();
}
