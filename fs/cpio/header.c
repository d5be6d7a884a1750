/*
 * Decoding of headers: see header.h.  Nothing in here does I/O, allocates or
 * logs, so that tests and the fuzzer can call it with any bytes they like.
 */
#include "fs/cpio/header.h"

#include "base/errno.h"
#include "base/string.h"
#include "vfs/vnode.h"

#define MAGIC_SIZE  6
#define FIELD_COUNT 13
#define FIELD_SIZE  8

_Static_assert(MAGIC_SIZE + FIELD_COUNT * FIELD_SIZE == CPIO_HEADER_SIZE, "fields fill the header");

/* 8 hexadecimal digits; false if there is anything else. */
static bool
decode_field(const uint8_t *digits, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < FIELD_SIZE; i++) {
		uint8_t digit = digits[i];

		if (digit >= '0' && digit <= '9')
			*out = *out << 4 | (uint32_t)(digit - '0');
		else if (digit >= 'A' && digit <= 'F')
			*out = *out << 4 | (uint32_t)(digit - 'A' + 10);
		else if (digit >= 'a' && digit <= 'f')
			*out = *out << 4 | (uint32_t)(digit - 'a' + 10);
		else
			return false;
	}
	return true;
}

int
cpio_header_decode(const uint8_t *bytes, size_t size, struct cpio_header *out)
{
	uint32_t fields[FIELD_COUNT];

	*out = (struct cpio_header){ 0 };
	if (size < CPIO_HEADER_SIZE)
		return -EINVAL;
	if (memcmp(bytes, "07070", MAGIC_SIZE - 1) != 0 || (bytes[5] != '1' && bytes[5] != '2'))
		return -EINVAL;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (!decode_field(bytes + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
			return -EUCLEAN;
	}
	*out = (struct cpio_header){
		.ino = fields[0],
		.mode = fields[1],
		.uid = fields[2],
		.gid = fields[3],
		.link_count = fields[4],
		.modified = fields[5],
		.size = fields[6],
		.device_major = fields[7],
		.device_minor = fields[8],
		.node_major = fields[9],
		.node_minor = fields[10],
		.path_size = fields[11],
		.checksum = fields[12],
		.has_checksum = bytes[5] == '2',
	};
	return out->path_size >= 1 && out->path_size <= PATH_LENGTH_MAX ? 0 : -EUCLEAN;
}
