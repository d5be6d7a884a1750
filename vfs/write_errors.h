/*
 * Errors of writing that nobody waited for, kept until they are told.
 *
 * Who syncs an open file is told, once, of what could not be written since the
 * file was opened, or since it was told before; every open file for itself.  An
 * error that nobody has been told of yet is also told to who opens the file
 * later.
 *
 * Any thread may call; nothing here sleeps.
 */
#ifndef VFS_WRITE_ERRORS_H
#define VFS_WRITE_ERRORS_H

#include <stdatomic.h>
#include <stdint.h>

/* Part of a vnode and of a mount.  All zeros: there was no error. */
struct write_errors {
	_Atomic uint32_t last; /* private: the error, whether it was told, its number */
};

/* What one open file was told of. */
struct write_errors_told {
	_Atomic uint32_t last; /* private: as write_errors.last was */
};

/* Note error, a negative errno. */
void write_errors_note(struct write_errors *errors, int error);

/* A file is opened: it is told of what comes from now on. */
void write_errors_begin(struct write_errors *errors, struct write_errors_told *told);

/* The last error, if there was one that was not told; it is now.  0 otherwise. */
int write_errors_tell(struct write_errors *errors, struct write_errors_told *told);

#endif
