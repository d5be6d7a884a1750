/*
 * The header of an archive's member: bytes in, numbers out.
 *
 * A member is a header of 110 bytes, a path that ends with a NUL, and content;
 * path and content are padded to multiples of 4.  The header is text: a magic
 * number and 13 numbers of 8 hexadecimal digits.  "070702" differs from
 * "070701" in that the last number is the sum of the content's bytes.
 */
#ifndef FS_CPIO_HEADER_H
#define FS_CPIO_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define CPIO_HEADER_SIZE 110
#define CPIO_ALIGNMENT	 4

struct cpio_header {
	uint32_t ino; /* members with the same, and the same device, are one file ... */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t link_count; /* ... if this is 2 or more */
	uint32_t modified;   /* seconds since 1970 */
	uint32_t size;	     /* of the content */
	uint32_t device_major;
	uint32_t device_minor;
	uint32_t node_major; /* what a device node stands for */
	uint32_t node_minor;
	uint32_t path_size; /* with its NUL: 1 to PATH_LENGTH_MAX */
	uint32_t checksum;
	bool has_checksum;
};

/*
 * Decode size bytes.  -EINVAL if this is no such header: too short, or another
 * magic number.  -EUCLEAN if it is one, but makes no sense.
 */
MUST_CHECK int cpio_header_decode(const uint8_t *bytes, size_t size, struct cpio_header *out);

#endif
