/*
 * rump verify: compare the content of files with a manifest, as "sha256sum -c"
 * does, or write one.
 *
 * Names in a manifest are relative to the place that is verified; leading "./"
 * and "/" are passed over, so that a manifest made in any directory of the host
 * suits.  With -w every regular file gets a line, in the order of bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/command.h"
#include "tools/rump/hash.h"
#include "tools/rump/image.h"
#include "tools/rump/json.h"
#include "tools/rump/json_file.h"
#include "tools/rump/manifest.h"
#include "tools/rump/memory.h"
#include "tools/rump/name.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/walk.h"

enum {
	OPTION_IGNORE_MISSING = OPTION_LONG,
};

static const struct option_row rows[] = {
	{ OPTION_IGNORE_MISSING, "ignore-missing", NULL,
	    "say nothing of files that are not there" },
	{ 'w', "make", NULL, "write a manifest, to MANIFEST or standard output" },
	{ 0 },
};

struct verify {
	bool ignores_missing;
	bool makes;
	unsigned long good, different, unreadable, malformed;
};

/* ---- against a manifest ------------------------------------------------------------ */

/* The hash of a file in place; 0 or an errno. */
static int
place_hash(const struct location *place, char text[HASH_TEXT])
{
	struct stat st;
	int fd, error;

	if (location_stat(place, &st, true) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	fd = location_open(place, O_RDONLY);
	if (fd < 0)
		return errno;
	error = hash_file(fd, text);
	rump_sys_close(fd);
	return error;
}

static void
verdict_print(const struct location *place, const char *name, const char *verdict,
    const char *json_verdict)
{
	if (settings.is_json) {
		json_open_object(NULL);
		json_place(place, place->shown);
		json_text("result", json_verdict);
		json_close_object();
		json_end();
		return;
	}
	name_print(stdout, name, name_style_default());
	printf(": %s\n", verdict);
}

/* Compare the file that a line of the manifest names. */
static void
line_verify(struct verify *verify, const struct location *base, const struct manifest_line *line)
{
	struct location place = *base;
	const char *name = line->name;
	char hash[HASH_TEXT];
	int error;

	while (strncmp(name, "./", 2) == 0 || *name == '/')
		name += *name == '/' ? 1 : 2;
	place.path = memory_format("%s/%s", base->path, name);
	place.shown = memory_string(place.path);
	error = place_hash(&place, hash);
	if (error == ENOENT && verify->ignores_missing) {
		;
	} else if (error != 0) {
		verify->unreadable++;
		report("cannot read %s%s: %s", base->prefix, place.shown, report_reason(error));
		verdict_print(&place, line->name, "FAILED open or read",
		    error == ENOENT ? "missing" : "unreadable");
	} else if (strcmp(hash, line->hash) != 0) {
		verify->different++;
		verdict_print(&place, line->name, "FAILED", "different");
	} else {
		verify->good++;
		if (!settings.is_quiet)
			verdict_print(&place, line->name, "OK", "ok");
	}
	free(place.path);
	free(place.shown);
}

/* The first line as well as the last may be anything: the manifest is not ours. */
static void
manifest_verify(struct verify *verify, const struct location *base, FILE *manifest)
{
	struct manifest_line line;
	size_t capacity = 0;
	char *text = NULL;
	ssize_t length;

	while ((length = getline(&text, &capacity, manifest)) > 0) {
		text[strcspn(text, "\r\n")] = '\0';
		if (*text == '\0' || *text == '#')
			continue;
		if (manifest_line_read(&line, text))
			line_verify(verify, base, &line);
		else
			verify->malformed++;
	}
	free(text);
}

static const char *
plural(unsigned long count)
{
	return count == 1 ? "" : "s";
}

static int
verify_sum_up(const struct verify *verify, const char *manifest)
{
	if (verify->good + verify->different + verify->unreadable == 0) {
		report_unable("%s: has no line of a manifest in it that could be checked",
		    manifest);
		return STATUS_UNABLE;
	}
	if (verify->malformed > 0)
		report_note("%lu line%s no line of a manifest", verify->malformed,
		    verify->malformed == 1 ? " is" : "s are");
	if (verify->different > 0)
		report("%lu file%s not as the manifest says", verify->different,
		    verify->different == 1 ? " is" : "s are");
	if (verify->unreadable > 0)
		report("%lu file%s could not be read", verify->unreadable,
		    plural(verify->unreadable));
	return report_status();
}

static int
verify_check(struct verify *verify, const struct location *base, const char *name)
{
	bool is_input = strcmp(name, "-") == 0;
	FILE *manifest = is_input ? stdin : fopen(name, "re");
	int error;

	if (manifest == NULL) {
		report_unable("cannot open %s: %s", name, strerror(errno));
		return STATUS_UNABLE;
	}
	errno = 0;
	manifest_verify(verify, base, manifest);
	error = ferror(manifest) ? errno : 0;
	if (!is_input)
		fclose(manifest);
	if (error != 0) {
		report_unable("cannot read %s: %s", name, strerror(error));
		return STATUS_UNABLE;
	}
	return verify_sum_up(verify, name);
}

/* ---- a manifest of our own ----------------------------------------------------------- */

static int
by_bytes(const struct entry *left, const struct entry *right, const void *context)
{
	(void)context;
	return strcmp(left->name, right->name);
}

static void
entry_write(struct walk *walk, const struct entry *entry, FILE *output)
{
	const char *shown = walk_path_of(walk, entry->name);
	const char *below = shown + strlen(walk->location->shown);
	int fd = rump_sys_openat(walk_directory(walk), entry->name, O_RDONLY | O_NOFOLLOW, 0);
	char hash[HASH_TEXT];
	int error = fd < 0 ? errno : hash_file(fd, hash);

	if (fd >= 0)
		rump_sys_close(fd);
	if (error != 0) {
		walk_report(walk, "cannot read", entry->name, error);
		return;
	}
	manifest_line_write(output, &(struct manifest_line){ hash, below + strspn(below, "/") });
}

static void
tree_write(const struct location *base, FILE *output)
{
	struct walk_plan plan = { .hidden = LISTING_NOT_DOTS, .compare = by_bytes };
	struct entry *entry;
	struct walk walk;

	walk_begin(&walk, base, &plan);
	while (walk.depth > 0) {
		entry = walk_next(&walk);
		if (entry == NULL)
			walk_leave(&walk);
		else if (entry->type == DT_DIR)
			walk_enter(&walk, entry->name);
		else if (entry->type == DT_REG)
			entry_write(&walk, entry, output);
	}
	walk_end(&walk);
}

static int
verify_make(const struct location *base, const char *name)
{
	bool is_output = strcmp(name, "-") == 0;
	FILE *output = is_output ? stdout : fopen(name, "wxe");

	if (output == NULL) {
		report("cannot create %s: %s", name, strerror(errno));
		return report_status();
	}
	tree_write(base, output);
	if (!is_output && fclose(output) != 0)
		report("cannot write %s: %s", name, strerror(errno));
	return report_status();
}

/* ---- the command ------------------------------------------------------------------------ */

static bool
option_take_one(void *context, int id, const char *value)
{
	struct verify *verify = context;

	(void)value;
	if (id == 'w')
		verify->makes = true;
	else
		verify->ignores_missing = true;
	return true;
}

static int
verify_run(int argc, char **argv)
{
	struct verify verify = { 0 };
	struct location *base;
	int first = options_parse(&verify_command, argc, argv, option_take_one, &verify);
	const char *manifest = first + 1 < argc ? argv[first + 1] : "-";
	int status = STATUS_UNABLE;

	if (first == 0)
		return report_status();
	if (!hash_is_available())
		return report_usage("this rump was built without a library that can hash");
	if (first + 2 < argc || (first + 1 == argc && !verify.makes))
		return report_usage("say one image and one manifest");
	base = image_locate(argv + first, 1);
	if (base->image != NULL)
		status = verify.makes ? verify_make(base, manifest)
				      : verify_check(&verify, base, manifest);
	image_locations_free(base, 1);
	return status;
}

const struct command verify_command = {
	.name = "verify",
	.operands = "IMAGE[:PATH] MANIFEST",
	.summary = "compare files with a manifest, or write one",
	.details =
	    "A manifest has lines as sha256sum(1) writes them; - is standard input or output.\n"
	    "-q leaves out the files that are as the manifest says.\n",
	.options = rows,
	.wanted = "say which image to verify",
	.has_json = true,
	.run = verify_run,
};
