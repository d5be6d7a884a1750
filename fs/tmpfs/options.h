/*
 * The mount options of tmpfs, as text and as numbers.
 */
#ifndef FS_TMPFS_OPTIONS_H
#define FS_TMPFS_OPTIONS_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/string.h"

/* A limit of 0 is none. */
struct tmpfs_options {
	uint64_t size; /* bytes */
	uint64_t node_count;
	uint32_t permissions; /* of the root directory, as are these: */
	uint32_t uid;
	uint32_t gid;
};

/*
 * Change in *options what text, "name=value,name=value", says.  -EINVAL, and
 * *bad is the part that is not understood.
 */
MUST_CHECK int tmpfs_options_parse(struct tmpfs_options *options, const char *text,
    struct name *bad);

#endif
