/*
 * Decoding and encoding records of extended attributes.
 */
#include "fs/ffs/extattr.h"

#include "base/math.h"

enum field {
	LENGTH = 0,
	SPACE = 4,
	PADDING = 5,
	NAME_LENGTH = 6,
	NAME_BYTES = 7,
};

/* Where the value begins. */
static uint32_t
value_offset(size_t name_length)
{
	return (uint32_t)round_up(NAME_BYTES + name_length, FFS_EXTATTR_ALIGNMENT);
}

int
ffs_extattr_decode(const uint8_t *area, uint32_t size, uint32_t offset, enum byte_order order,
    struct ffs_extattr *out, struct ffs_flaw *flaw)
{
	const uint8_t *p = area + offset;
	uint32_t left = size - offset, value;

	*out = (struct ffs_extattr){ .offset = offset };
	if (left < FFS_EXTATTR_ALIGNMENT)
		return ffs_flaw_set(flaw, "extended attribute is cut off by the end of the area",
		    offset, left);
	out->length = load32(p + LENGTH, order);
	if (out->length < FFS_EXTATTR_ALIGNMENT || out->length % FFS_EXTATTR_ALIGNMENT != 0 ||
	    out->length > left)
		return ffs_flaw_set(flaw, "length of an extended attribute does not fit the area",
		    offset + LENGTH, out->length);
	value = value_offset(p[NAME_LENGTH]);
	if (p[NAME_LENGTH] == 0 || value > out->length)
		return ffs_flaw_set(flaw, "name of an extended attribute does not fit",
		    offset + NAME_LENGTH, p[NAME_LENGTH]);
	if (p[PADDING] > out->length - value)
		return ffs_flaw_set(flaw, "padding of an extended attribute does not fit",
		    offset + PADDING, p[PADDING]);
	out->space = p[SPACE];
	out->name = (struct name){ (const char *)p + NAME_BYTES, p[NAME_LENGTH] };
	out->value = p + value;
	out->value_size = out->length - value - p[PADDING];
	return 0;
}

uint64_t
ffs_extattr_length(size_t name_length, size_t value_size)
{
	return value_offset(name_length) + round_up((uint64_t)value_size, FFS_EXTATTR_ALIGNMENT);
}

void
ffs_extattr_encode(const struct ffs_extattr *attribute, enum byte_order order, uint8_t *to)
{
	uint32_t length =
	    (uint32_t)ffs_extattr_length(attribute->name.length, attribute->value_size);
	uint32_t value = value_offset(attribute->name.length);

	memset(to, 0, length);
	store32(to + LENGTH, length, order);
	to[SPACE] = attribute->space;
	to[PADDING] = (uint8_t)(length - value - attribute->value_size);
	to[NAME_LENGTH] = (uint8_t)attribute->name.length;
	memcpy(to + NAME_BYTES, attribute->name.bytes, attribute->name.length);
	if (attribute->value_size > 0)
		memcpy(to + value, attribute->value, attribute->value_size);
}
