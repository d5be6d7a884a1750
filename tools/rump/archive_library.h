/*
 * libarchive, loaded when an archive is made or read: it brings a dozen other
 * libraries along, which every run of rump would wait for if it were linked with
 * it.  For archive_libarchive.c and archive_read_libarchive.c, which call
 * libarchive.archive_...() once archive_is_available() has said that they may.
 */
#ifndef TOOLS_RUMP_ARCHIVE_LIBRARY_H
#define TOOLS_RUMP_ARCHIVE_LIBRARY_H

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#define LIBRARY_FUNCTIONS(F) \
	F(archive_entry_clear) \
	F(archive_entry_free) \
	F(archive_entry_hardlink) \
	F(archive_entry_new) \
	F(archive_entry_pathname) \
	F(archive_entry_set_atime) \
	F(archive_entry_set_gid) \
	F(archive_entry_set_hardlink) \
	F(archive_entry_set_mode) \
	F(archive_entry_set_mtime) \
	F(archive_entry_set_pathname) \
	F(archive_entry_set_rdev) \
	F(archive_entry_set_size) \
	F(archive_entry_set_symlink) \
	F(archive_entry_set_uid) \
	F(archive_entry_sparse_add_entry) \
	F(archive_entry_sparse_count) \
	F(archive_entry_sparse_next) \
	F(archive_entry_sparse_reset) \
	F(archive_entry_stat) \
	F(archive_entry_symlink) \
	F(archive_entry_xattr_add_entry) \
	F(archive_entry_xattr_next) \
	F(archive_entry_xattr_reset) \
	F(archive_errno) \
	F(archive_error_string) \
	F(archive_read_data_block) \
	F(archive_read_free) \
	F(archive_read_new) \
	F(archive_read_next_header) \
	F(archive_read_open_fd) \
	F(archive_read_support_filter_bzip2) \
	F(archive_read_support_filter_compress) \
	F(archive_read_support_filter_gzip) \
	F(archive_read_support_filter_lz4) \
	F(archive_read_support_filter_lzma) \
	F(archive_read_support_filter_xz) \
	F(archive_read_support_filter_zstd) \
	F(archive_read_support_format_cpio) \
	F(archive_read_support_format_tar) \
	F(archive_write_add_filter_gzip) \
	F(archive_write_add_filter_none) \
	F(archive_write_add_filter_xz) \
	F(archive_write_add_filter_zstd) \
	F(archive_write_close) \
	F(archive_write_data) \
	F(archive_write_fail) \
	F(archive_write_free) \
	F(archive_write_header) \
	F(archive_write_new) \
	F(archive_write_open_fd) \
	F(archive_write_set_bytes_in_last_block) \
	F(archive_write_set_format_pax) \
	F(archive_write_set_options)

#define LIBRARY_MEMBER(name) __typeof__(name) *name;

struct archive_library {
	void *handle; /* NULL: not loaded */
	LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
};

extern struct archive_library libarchive;

/* Why the last call on archive failed. */
const char *archive_library_reason(struct archive *archive);

/*
 * libarchive takes names to be in the user's locale and turns them into UTF-8,
 * and back.  Between these two, the locale is one in which they are UTF-8
 * already, so that they stay as they are.
 */
locale_t archive_library_enter(void);
void archive_library_leave(locale_t before);

#endif
