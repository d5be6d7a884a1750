/*
 * An archive being read, by libarchive.
 *
 * Formats are those that hold files of a Unix system, and packings those that a
 * library undoes: mtree, which names files of the host, and packings for which a
 * program would have to be started are left out, for the archive is foreign.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/archive.h"
#include "tools/rump/archive_library.h"
#include "tools/rump/archive_read.h"
#include "tools/rump/memory.h"
#include "tools/rump/report.h"

enum {
	BLOCK_SIZE = 256 * 1024, /* read at a time */
};

struct archive_reader {
	struct archive *archive;
	struct archive_entry *entry; /* the archive's */
	char *shown;
	char *name; /* of the member, cleaned */
	char *link; /* ... */
	bool is_bad;
};

static int
support(struct archive *archive)
{
	/* A packing that this libarchive has no library for is told when it is met. */
	libarchive.archive_read_support_filter_bzip2(archive);
	libarchive.archive_read_support_filter_compress(archive);
	libarchive.archive_read_support_filter_gzip(archive);
	libarchive.archive_read_support_filter_lz4(archive);
	libarchive.archive_read_support_filter_lzma(archive);
	libarchive.archive_read_support_filter_xz(archive);
	libarchive.archive_read_support_filter_zstd(archive);
	libarchive.archive_read_support_format_cpio(archive);
	return libarchive.archive_read_support_format_tar(archive);
}

struct archive_reader *
archive_read_begin(int fd, const char *shown)
{
	struct archive_reader *reader = memory_resize(NULL, 1, sizeof(*reader));

	*reader = (struct archive_reader){ .archive = libarchive.archive_read_new(),
		.shown = memory_string(shown) };
	if (reader->archive == NULL)
		report_no_memory();
	if (support(reader->archive) == ARCHIVE_OK &&
	    libarchive.archive_read_open_fd(reader->archive, fd, BLOCK_SIZE) == ARCHIVE_OK)
		return reader;
	report_unable("cannot read the archive %s: %s", shown,
	    archive_library_reason(reader->archive));
	archive_read_end(reader);
	return NULL;
}

/*
 * A copy of name as archive_read.h says, for the caller to free; NULL if it
 * leads up.
 */
static char *
name_clean(const char *name)
{
	char *clean = memory_resize(NULL, strlen(name) + 1, 1);
	char *end = clean;

	while (*name != '\0') {
		size_t length = strcspn(name, "/");

		if (length == 2 && memcmp(name, "..", 2) == 0) {
			free(clean);
			return NULL;
		}
		if (length > 0 && !(length == 1 && *name == '.')) {
			if (end > clean)
				*end++ = '/';
			memcpy(end, name, length);
			end += length;
		}
		name += length;
		name += *name == '/';
	}
	*end = '\0';
	return clean;
}

/* Damage ends all reading. */
static bool
reader_break(struct archive_reader *reader)
{
	if (!reader->is_bad)
		report("cannot read the archive %s%s%s: %s", reader->shown,
		    reader->name != NULL ? ", at " : "", reader->name != NULL ? reader->name : "",
		    archive_library_reason(reader->archive));
	reader->is_bad = true;
	return false;
}

/* Take the names of the entry.  False, after a report, if it is to be left out. */
static bool
names_take(struct archive_reader *reader)
{
	const char *name = libarchive.archive_entry_pathname(reader->entry);
	const char *link = libarchive.archive_entry_hardlink(reader->entry);

	free(reader->name);
	free(reader->link);
	reader->name = name != NULL ? name_clean(name) : NULL;
	reader->link = link != NULL ? name_clean(link) : NULL;
	if (reader->name != NULL && (link == NULL || reader->link != NULL))
		return true;
	if (name == NULL)
		report("%s: a file whose name cannot be told is left out", reader->shown);
	else
		report("%s: %s is left out: its name%s leads up", reader->shown, name,
		    reader->name != NULL ? ", or what it links to," : "");
	return false;
}

/* The next entry and its names.  ARCHIVE_OK, ARCHIVE_WARN to leave it out, or ARCHIVE_EOF. */
static int
entry_read(struct archive_reader *reader)
{
	locale_t before = archive_library_enter();
	int result = libarchive.archive_read_next_header(reader->archive, &reader->entry);

	if (result == ARCHIVE_RETRY)
		result = ARCHIVE_FATAL;
	if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
		result = names_take(reader) ? ARCHIVE_OK : ARCHIVE_WARN;
	else if (result != ARCHIVE_EOF)
		reader_break(reader);
	archive_library_leave(before);
	return result;
}

static void
member_fill(struct archive_reader *reader, struct archive_member *out)
{
	const struct stat *st = libarchive.archive_entry_stat(reader->entry);
	locale_t before = archive_library_enter();

	libarchive.archive_entry_xattr_reset(reader->entry);
	*out = (struct archive_member){ .name = reader->name, .link = reader->link, .st = *st };
	out->target = libarchive.archive_entry_symlink(reader->entry);
	if (out->target == NULL && out->link == NULL && S_ISLNK(st->st_mode))
		out->target = "";
	if (st->st_atim.tv_sec == 0 && st->st_atim.tv_nsec == 0)
		out->st.st_atim = st->st_mtim;
	archive_library_leave(before);
}

bool
archive_read_member(struct archive_reader *reader, struct archive_member *out)
{
	int result = ARCHIVE_WARN;

	*out = (struct archive_member){ 0 };
	while (result == ARCHIVE_WARN && !reader->is_bad)
		result = entry_read(reader);
	if (result != ARCHIVE_OK)
		return false;
	member_fill(reader, out);
	return true;
}

bool
archive_read_piece(struct archive_reader *reader, const void **bytes, size_t *size, off_t *offset)
{
	la_int64_t at = 0;
	int result = reader->is_bad
			 ? ARCHIVE_EOF
			 : libarchive.archive_read_data_block(reader->archive, bytes, size, &at);

	*offset = at;
	if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
		return true;
	*size = 0;
	return result == ARCHIVE_EOF ? false : reader_break(reader);
}

bool
archive_read_xattr(struct archive_reader *reader, const char **name, const void **value,
    size_t *size)
{
	return libarchive.archive_entry_xattr_next(reader->entry, name, value, size) == ARCHIVE_OK;
}

bool
archive_read_is_good(const struct archive_reader *reader)
{
	return !reader->is_bad;
}

void
archive_read_end(struct archive_reader *reader)
{
	libarchive.archive_read_free(reader->archive);
	free(reader->shown);
	free(reader->name);
	free(reader->link);
	free(reader);
}
