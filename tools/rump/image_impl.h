/* What location.c needs of image.c. */
#ifndef TOOLS_RUMP_IMAGE_IMPL_H
#define TOOLS_RUMP_IMAGE_IMPL_H

#include "tools/rump/image.h"

/* The image called name; one that cannot be opened is reported, once. */
struct image *image_get(const char *name, bool is_writable);

/* Whether no more than one image was asked for so far. */
bool image_is_alone(void);

/* Whether something in it can be located. */
bool image_is_usable(const struct image *image);

bool image_is_writable(const struct image *image);

/* Make it the root of the rump kernel's process 1. */
void image_use(struct image *image);

#endif
