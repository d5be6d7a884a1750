/* A file of an image as JSON. */
#include "tools/rump/json_file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/json.h"
#include "tools/rump/memory.h"
#include "tools/rump/mode.h"

void
json_place(const struct location *location, const char *shown)
{
	const char *below = shown + strlen(location->shown);
	char *path;

	json_name("image", image_name(location->image));
	if (*below == '\0') {
		json_name("path", location->path);
		return;
	}
	path = memory_format("%s%s", location->path, below);
	json_name("path", path);
	free(path);
}

void
json_file(const struct location *location, const char *shown, const struct entry *entry)
{
	json_open_object(NULL);
	json_place(location, shown);
	if (entry->has_stat) {
		json_stat(&entry->st);
	} else {
		json_text("type", mode_type_word(DTTOIF(entry->type)));
		json_number("inode", entry->ino);
	}
	if (entry->target != NULL)
		json_name("target", entry->target);
	json_close_object();
	json_end();
}
