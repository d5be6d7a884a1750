/*
 * rump sh: a shell in an image.
 *
 * Its commands are rump's, with paths where a command line names images, and a
 * few of its own that make sense in a session only.  The image stays mounted
 * from the first command to the last, read-only unless -w says otherwise.
 *
 * Commands are run one after the other in this process; what they change in
 * settings and report is put back after each.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/complete.h"
#include "tools/rump/glob.h"
#include "tools/rump/image.h"
#include "tools/rump/interrupt.h"
#include "tools/rump/line.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/words.h"

static const struct option_row rows[] = {
	{ 'c', NULL, "COMMANDS", "run these instead of reading them" },
	{ 'e', NULL, NULL, "end when a command fails" },
	{ 'w', "writable", NULL, "commands may change the image" },
	{ 0 },
};

static const char details[] =
    "Commands are rump's own, with PATH where they name IMAGE:PATH; \"help\" lists them.\n"
    "host:PATH is a file of the host, for cp and diff.  Without -c, commands are read\n"
    "from standard input: lines can be edited and completed if that is a terminal.\n";

struct shell {
	struct image *image;
	char *directory; /* in the image; owned */
	const char *commands;
	bool is_writable;
	bool ends_on_failure;
	bool is_interactive;
	bool is_over;
	int status; /* the worst so far */
};

struct builtin {
	const char *name;
	const char *operands;
	const char *summary;
	int operand_limit;
	void (*run)(struct shell *shell, int argc, char **argv);
};

static const struct builtin *builtin_find(const char *name);

/* ---- commands of the shell itself ------------------------------------------------------- */

static void
cd_run(struct shell *shell, int argc, char **argv)
{
	char top[] = "/";
	char *place = argc > 1 ? argv[1] : top;
	struct location *location = image_locate(&place, 1);
	char path[PATH_MAX];

	if (location->image != NULL) {
		location_use(location);
		if (rump_sys_chdir(location->path) < 0 ||
		    rump_sys_getcwd(path, sizeof(path)) == NULL) {
			location_report(location, "cannot go to", errno);
		} else {
			free(shell->directory);
			shell->directory = memory_string(path);
			image_set_here(shell->image, shell->directory);
		}
		rump_sys_chdir("/");
	}
	image_locations_free(location, 1);
}

static void
echo_run(struct shell *shell, int argc, char **argv)
{
	(void)shell;
	for (int i = 1; i < argc; i++) {
		name_print(stdout, argv[i], name_style_default());
		putchar(i + 1 < argc ? ' ' : '\n');
	}
	if (argc == 1)
		putchar('\n');
}

static void
exit_run(struct shell *shell, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	shell->is_over = true;
}

static void
lcd_run(struct shell *shell, int argc, char **argv)
{
	const char *home = getenv("HOME");
	const char *path = argc > 1 ? argv[1] : home != NULL ? home : "/";

	(void)shell;
	if (chdir(path) < 0)
		report("cannot go to %s on the host: %s", path, strerror(errno));
}

static void
lpwd_run(struct shell *shell, int argc, char **argv)
{
	char *path = getcwd(NULL, 0);

	(void)shell;
	(void)argc;
	(void)argv;
	if (path == NULL)
		report("cannot tell the directory on the host: %s", strerror(errno));
	else
		name_print(stdout, path, name_style_default());
	putchar('\n');
	free(path);
}

static void
pwd_run(struct shell *shell, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	name_print(stdout, shell->directory, name_style_default());
	putchar('\n');
}

static void
sync_run(struct shell *shell, int argc, char **argv)
{
	(void)shell;
	(void)argc;
	(void)argv;
	rump_sys_sync();
}

static void help_run(struct shell *shell, int argc, char **argv);

static const struct builtin builtins[] = {
	{ "cd", "[PATH]", "go to a directory of the image, or to its top", 1, cd_run },
	{ "echo", "[WORD]...", "print words, patterns being names of files", INT_MAX, echo_run },
	{ "exit", "", "leave the shell; so does \"quit\"", 0, exit_run },
	{ "help", "[COMMAND]", "tell what there is, or how to use it", 1, help_run },
	{ "lcd", "[PATH]", "go to a directory of the host", 1, lcd_run },
	{ "lpwd", "", "print the directory of the host", 0, lpwd_run },
	{ "pwd", "", "print the directory of the image", 0, pwd_run },
	{ "quit", "", "leave the shell", 0, exit_run },
	{ "sync", "", "write all changes to the image file", 0, sync_run },
	{ 0 },
};

static const struct builtin *
builtin_find(const char *name)
{
	for (const struct builtin *builtin = builtins; builtin->name != NULL; builtin++) {
		if (strcmp(builtin->name, name) == 0)
			return builtin;
	}
	return NULL;
}

/* The command of rump's that can be run in the shell, or NULL. */
static const struct command *
inside_find(const char *name)
{
	const struct command *command = command_find(name);

	return command != NULL && !command->is_outside ? command : NULL;
}

static void
help_run(struct shell *shell, int argc, char **argv)
{
	const struct builtin *builtin = argc > 1 ? builtin_find(argv[1]) : NULL;
	const struct command *command = argc > 1 ? inside_find(argv[1]) : NULL;

	(void)shell;
	if (builtin != NULL) {
		printf("%s %s: %s\n", builtin->name, builtin->operands, builtin->summary);
		return;
	}
	if (command != NULL) {
		command_help(command);
		return;
	}
	if (argc > 1) {
		report_usage("there is no command \"%s\" here", argv[1]);
		return;
	}
	for (builtin = builtins; builtin->name != NULL; builtin++)
		printf("  %-10s%s\n", builtin->name, builtin->summary);
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (!commands[i]->is_outside)
			printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	}
	puts("  !COMMAND  have the host's shell run COMMAND");
}

/* ---- running -------------------------------------------------------------------------------- */

static void
status_raise(struct shell *shell, int status)
{
	if (status > shell->status)
		shell->status = status;
	if (status != STATUS_FINE && shell->ends_on_failure)
		shell->is_over = true;
}

/* Where the expression of a command that has one begins in argv; argc: there is none. */
static int
expression_begin(const struct command *command, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "(") == 0 || strcmp(argv[i], "!") == 0)
			return i;
		for (const struct option_row *row = command->primaries;
		     argv[i][0] == '-' && row != NULL && row->id != 0; row++) {
			if (strcmp(argv[i] + 1, row->name) == 0)
				return i;
		}
	}
	return argc;
}

/* Run a command of rump's; argv has room for one operand more. */
static int
inside_run(const struct command *command, int argc, char **argv)
{
	int end = expression_begin(command, argc, argv);

	if (command->here != NULL && complete_lacks_operand(command, argv, end)) {
		memmove(&argv[end + 1], &argv[end], (size_t)(argc - end) * sizeof(*argv));
		argv[end] = (char *)command->here;
		argv[++argc] = NULL;
	}
	report_begin(command->name);
	return command->run(argc, argv);
}

static int
builtin_run(struct shell *shell, const struct builtin *builtin, int argc, char **argv)
{
	report_begin(builtin->name);
	if (argc - 1 > builtin->operand_limit)
		report_unable("%s has too many operands; it is: %s %s", builtin->name,
		    builtin->name, builtin->operands);
	else
		builtin->run(shell, argc, argv);
	return STATUS_FINE;
}

static void
arguments_run(struct shell *shell, int argc, char **argv)
{
	const struct settings before = settings;
	const struct builtin *builtin = builtin_find(argv[0]);
	const struct command *command = inside_find(argv[0]);
	int status = STATUS_UNABLE;
	int reported;

	if (builtin != NULL)
		status = builtin_run(shell, builtin, argc, argv);
	else if (command != NULL)
		status = inside_run(command, argc, argv);
	else if (command_find(argv[0]) != NULL)
		report_unable("%s works on image files, not in one", argv[0]);
	else
		report_unable("there is no command \"%s\"; see \"help\"", argv[0]);
	report_output();
	clearerr(stdout);
	settings = before;
	report_begin("sh");
	reported = report_restart();
	status_raise(shell, status > reported ? status : reported);
}

static void
words_run(struct shell *shell, const struct words *words)
{
	struct paths arguments = { 0 };

	for (size_t i = 0; i < words->count; i++) {
		size_t count = arguments.count;

		if (words->list[i].has_glob && i > 0)
			glob_expand(words->list[i].pattern, &arguments);
		if (arguments.count == count)
			paths_add(&arguments, words->list[i].text);
	}
	if (arguments.count > 0) {
		char **argv = memory_resize(NULL, arguments.count + 2, sizeof(*argv));

		memcpy(argv, arguments.list, arguments.count * sizeof(*argv));
		argv[arguments.count] = NULL;
		arguments_run(shell, (int)arguments.count, argv);
		free(argv);
	}
	paths_free(&arguments);
}

/* Have the host's shell run what follows the exclamation mark. */
static void
host_run(struct shell *shell, const char *text)
{
	int result = system(text);

	if (result < 0)
		report("cannot run the host's shell: %s", strerror(errno));
	else if (result != 0)
		report("the host's command failed");
	status_raise(shell, report_restart());
}

static void
line_run(struct shell *shell, const char *line)
{
	const char *wrong;
	struct words words;

	line += strspn(line, " \t");
	if (*line == '!') {
		host_run(shell, line + 1);
		return;
	}
	while (*line != '\0' && !shell->is_over && !interrupt_arrived()) {
		wrong = words_cut(&words, &line);
		if (wrong != NULL) {
			report_unable("%s", wrong);
			status_raise(shell, report_restart());
		} else {
			words_run(shell, &words);
		}
		words_free(&words);
	}
}

/* ---- where commands come from ------------------------------------------------------------- */

static void
text_run(struct shell *shell, const char *text)
{
	while (*text != '\0' && !shell->is_over && !interrupt_arrived()) {
		size_t length = strcspn(text, "\n");
		char *line = memory_format("%.*s", (int)length, text);

		line_run(shell, line);
		free(line);
		text += length + (text[length] == '\n');
	}
}

/* Read the script on fd up to the end of a line, which *line is then; false at its end. */
static bool
script_read(int fd, char **line, size_t *capacity)
{
	size_t length = 0;
	char byte;

	while (interrupt_wait(fd)) {
		ssize_t result = read(fd, &byte, 1);

		if (result < 0 && errno == EINTR)
			continue;
		if (result < 0)
			report_unable("cannot read commands: %s", strerror(errno));
		if (result <= 0 && length == 0)
			return false;
		*line = memory_grow(*line, length, capacity, 1);
		(*line)[length++] = result > 0 && byte != '\n' ? byte : '\0';
		if (result <= 0 || byte == '\n')
			return true;
	}
	return false;
}

/* Commands get an empty input, since the script is the shell's. */
static void
script_run(struct shell *shell)
{
	int script = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *line = NULL;
	size_t capacity = 0;

	if (script < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
		report_unable("cannot read commands: %s", strerror(errno));
	else {
		while (!shell->is_over && script_read(script, &line, &capacity))
			line_run(shell, line);
	}
	status_raise(shell, report_restart());
	free(line);
	if (script >= 0)
		close(script);
	if (nothing >= 0)
		close(nothing);
}

static void
choice_add(void *context, const char *candidate, const char *about)
{
	struct line_choices *choices = context;

	(void)about;
	if (strcmp(candidate, COMPLETE_FILES) == 0)
		return;
	choices->list =
	    memory_grow(choices->list, choices->count, &choices->capacity, sizeof(*choices->list));
	choices->list[choices->count++] = words_quote(candidate);
}

static void
name_offer(struct line_choices *choices, const char *name, const char *start)
{
	if (strncmp(name, start, strlen(start)) == 0)
		choice_add(choices, name, NULL);
}

static void
names_complete(struct line_choices *choices, const char *start)
{
	for (const struct builtin *builtin = builtins; builtin->name != NULL; builtin++)
		name_offer(choices, builtin->name, start);
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (!commands[i]->is_outside)
			name_offer(choices, commands[i]->name, start);
	}
}

/* The last of count words of a command. */
static void
last_complete(struct line_choices *choices, char **words, int count)
{
	const struct settings before = settings;
	const struct command *command = inside_find(words[0]);

	report_mute(true);
	if (count == 1 || (count == 2 && strcmp(words[0], "help") == 0))
		names_complete(choices, words[count - 1]);
	else if (command != NULL)
		complete_word(command, words, count, choice_add, choices);
	else if (builtin_find(words[0]) != NULL)
		complete_path(words[count - 1], choice_add, choices);
	report_mute(false);
	settings = before;
}

static void
typed_complete(void *context, const char *typed, struct line_choices *choices)
{
	const char *rest = typed;
	const char *begin = typed;
	struct words words = { 0 };
	char nothing[] = "";
	bool is_new;
	char **list;

	(void)context;
	do {
		words_free(&words);
		begin = rest;
		words_cut(&words, &rest);
	} while (*rest != '\0');
	if (rest > begin && rest[-1] == ';') {
		words_free(&words);
		begin = rest;
	}
	is_new = words.count == 0 || words.list[words.count - 1].end < strlen(begin);
	list = memory_resize(NULL, words.count + 1, sizeof(*list));
	for (size_t i = 0; i < words.count; i++)
		list[i] = words.list[i].text;
	if (is_new)
		list[words.count] = nothing;
	choices->begin =
	    is_new ? strlen(typed) : (size_t)(begin - typed) + words.list[words.count - 1].begin;
	last_complete(choices, list, (int)words.count + is_new);
	free(list);
	words_free(&words);
}

/* Where lines are kept: in $XDG_STATE_HOME/rump, if that is set; owned by the caller. */
static char *
history_file(void)
{
	const char *base = getenv("XDG_STATE_HOME");
	char *directory, *file;

	if (base == NULL || *base != '/')
		return NULL;
	directory = memory_format("%s/rump", base);
	file = memory_format("%s/history", directory);
	mkdir(directory, 0700); /* where that fails, so does writing the file */
	free(directory);
	return file;
}

/* "IMAGE:DIRECTORY> ", as it can be shown; owned by the caller. */
static char *
prompt_make(const struct shell *shell)
{
	char *prompt = NULL;
	size_t size;
	FILE *stream = open_memstream(&prompt, &size);

	if (stream == NULL)
		report_no_memory();
	name_print(stream, image_name(shell->image), NAME_ESCAPE);
	putc(':', stream);
	name_print(stream, shell->directory, NAME_ESCAPE);
	fputs(shell->is_writable ? "# " : "> ", stream);
	if (fclose(stream) != 0)
		report_no_memory();
	return prompt;
}

static void
terminal_run(struct shell *shell)
{
	char *file = history_file();
	struct line_reader *reader = line_begin(file, typed_complete, shell);

	interrupt_watch();
	while (reader != NULL && !shell->is_over) {
		char *prompt = prompt_make(shell);
		const char *line = line_read(reader, prompt);

		free(prompt);
		if (line != NULL)
			line_run(shell, line);
		else if (!interrupt_arrived())
			break;
		if (!interrupt_forget())
			break;
	}
	if (reader != NULL)
		line_end(reader);
	free(file);
}

/* ---- the command -------------------------------------------------------------------------- */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct shell *shell = context;

	switch (id) {
	case 'c':
		shell->commands = value;
		return true;
	case 'e':
		shell->ends_on_failure = true;
		return true;
	default:
		shell->is_writable = true;
		return true;
	}
}

static int
session_run(struct shell *shell, const struct location *location)
{
	char *start = memory_string(location->path);
	char *words[] = { start, start, NULL };

	shell->image = location->image;
	shell->directory = memory_string("/");
	image_set_here(shell->image, shell->directory);
	cd_run(shell, 2, words);
	free(start);
	if (report_status() != STATUS_FINE)
		shell->status = report_restart();
	else if (shell->commands != NULL)
		text_run(shell, shell->commands);
	else if (shell->is_interactive)
		terminal_run(shell);
	else
		script_run(shell);
	image_set_here(NULL, NULL);
	free(shell->directory);
	return shell->is_interactive ? STATUS_FINE : shell->status;
}

static int
sh_run(int argc, char **argv)
{
	struct shell shell = { 0 };
	struct location *location;
	int first = options_parse(&sh_command, argc, argv, option_take_one, &shell);
	int status = STATUS_UNABLE;

	if (first == 0)
		return report_status();
	if (first + 1 != argc)
		return report_usage("a shell is in one image");
	shell.is_interactive = shell.commands == NULL && isatty(STDIN_FILENO);
	location = shell.is_writable ? image_locate_writable(argv + first, 1)
				     : image_locate(argv + first, 1);
	if (location->image != NULL)
		status = session_run(&shell, location);
	image_locations_free(location, 1);
	return status;
}

const struct command sh_command = {
	.name = "sh",
	.operands = "IMAGE[:PATH]",
	.summary = "a shell in an image",
	.details = details,
	.options = rows,
	.wanted = "say which image",
	.is_outside = true,
	.run = sh_run,
};
