/*
 * Owners of files: "USER", "USER:GROUP", ":GROUP" or "USER:", which means the
 * user's own group; by name, as /etc/passwd and /etc/group of an image have
 * them, or by number.
 */
#ifndef TOOLS_RUMP_OWNER_H
#define TOOLS_RUMP_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/rump/image.h"

#define OWNER_UNCHANGED ((uid_t)-1)

struct owner {
	uid_t uid; /* OWNER_UNCHANGED: not said */
	gid_t gid; /* the same */
};

/* Who text means in the image of location.  False, after a report, if nobody. */
bool owner_find(const struct location *location, const char *text, struct owner *owner);

#endif
