/* Lines as the terminal gives them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/rump/interrupt.h"
#include "tools/rump/line.h"

const char *
line_read_plain(char **line, size_t *size, const char *prompt)
{
	fputs(prompt, stdout);
	fflush(stdout);
	setvbuf(stdin, NULL, _IONBF, 0); /* what waits can be seen to wait */
	if (!interrupt_wait(STDIN_FILENO) || getline(line, size, stdin) < 0) {
		clearerr(stdin);
		putchar('\n');
		return NULL;
	}
	(*line)[strcspn(*line, "\n")] = '\0';
	return *line;
}
