/*
 * tmpfs mount options: see tmpfs.h for what they mean.
 *
 * A number must be all of its value and fit; an option that is not known, or
 * has no value, is an error, since the user meant something by it.
 */
#include "fs/tmpfs/options.h"

#include <stdbool.h>

#include "base/errno.h"
#include "base/math.h"
#include "vfs/vnode.h"

/* Read the digits that text begins with, and take them off; false if none fit. */
static bool
take_number(struct name *text, unsigned base, uint64_t *out)
{
	size_t taken = 0;

	*out = 0;
	while (taken < text->length) {
		unsigned digit = (unsigned)(text->bytes[taken] - '0');

		if (digit >= base)
			break;
		if (mul_overflows(*out, base, out) || add_overflows(*out, digit, out))
			return false;
		taken++;
	}
	text->bytes += taken;
	text->length -= taken;
	return taken > 0;
}

/* Take a factor of 1024, its square or its cube off text, if it begins with one. */
static uint64_t
take_unit(struct name *text)
{
	uint64_t unit = 1;

	if (text->length > 0) {
		switch (text->bytes[0] | 0x20) {
		case 'k':
			unit = (uint64_t)1 << 10;
			break;
		case 'm':
			unit = (uint64_t)1 << 20;
			break;
		case 'g':
			unit = (uint64_t)1 << 30;
			break;
		default:
			return 1;
		}
		text->bytes++;
		text->length--;
	}
	return unit;
}

static bool
parse_count(struct name value, uint64_t *out)
{
	if (!take_number(&value, 10, out))
		return false;
	if (mul_overflows(*out, take_unit(&value), out))
		return false;
	return value.length == 0;
}

static bool
parse_u32(struct name value, unsigned base, uint32_t max, uint32_t *out)
{
	uint64_t number;

	if (!take_number(&value, base, &number) || value.length > 0 || number > max)
		return false;
	*out = (uint32_t)number;
	return true;
}

static bool
parse_option(struct tmpfs_options *options, struct name key, struct name value)
{
	if (name_equal(key, NAME("size")))
		return parse_count(value, &options->size);
	if (name_equal(key, NAME("nr_inodes")))
		return parse_count(value, &options->node_count);
	if (name_equal(key, NAME("mode")))
		return parse_u32(value, 8, MODE_PERMISSIONS, &options->permissions);
	if (name_equal(key, NAME("uid")))
		return parse_u32(value, 10, UINT32_MAX - 1, &options->uid);
	if (name_equal(key, NAME("gid")))
		return parse_u32(value, 10, UINT32_MAX - 1, &options->gid);
	return false;
}

/* How many bytes of text come before the first mark; all if it has none. */
static size_t
length_before(struct name text, char mark)
{
	size_t length = 0;

	while (length < text.length && text.bytes[length] != mark)
		length++;
	return length;
}

int
tmpfs_options_parse(struct tmpfs_options *options, const char *text, struct name *bad)
{
	struct name rest = name_of(text);

	while (rest.length > 0) {
		struct name option = { rest.bytes, length_before(rest, ',') };
		struct name key = { option.bytes, length_before(option, '=') };
		size_t used = key.length < option.length ? key.length + 1 : key.length;
		struct name value = { option.bytes + used, option.length - used };

		if (option.length > 0 && !parse_option(options, key, value)) {
			*bad = option;
			return -EINVAL;
		}
		/* The comma goes too, if there is one. */
		used = option.length < rest.length ? option.length + 1 : option.length;
		rest = (struct name){ rest.bytes + used, rest.length - used };
	}
	return 0;
}
