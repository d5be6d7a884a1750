/* Tests of decoding headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "fs/cpio/header.h"

/* Fields of eight digits, as they stand. */
#define GOOD \
	"070701" \
	"0000002A" /* inode number */ \
	"000081A4" /* mode */ \
	"000003E8" /* uid */ \
	"000003e9" /* gid: small letters are digits, too */ \
	"00000002" /* links */ \
	"6543210F" /* time */ \
	"FFFFFFFF" /* size */ \
	"00000008" /* device */ \
	"00000011" \
	"0000000A" /* device node */ \
	"0000000B" \
	"00001000" /* size of the path: the largest there is */ \
	"00000000" /* checksum */

static int
decode(const char *text, struct cpio_header *out)
{
	return cpio_header_decode((const uint8_t *)text, strlen(text), out);
}

static void
every_field_is_decoded(void **state)
{
	struct cpio_header header;

	assert_int_equal(decode(GOOD, &header), 0);
	assert_int_equal(header.ino, 0x2a);
	assert_int_equal(header.mode, 0100644);
	assert_int_equal(header.uid, 1000);
	assert_int_equal(header.gid, 1001);
	assert_int_equal(header.link_count, 2);
	assert_int_equal(header.modified, 0x6543210f);
	assert_int_equal(header.size, UINT32_MAX);
	assert_int_equal(header.device_major, 8);
	assert_int_equal(header.device_minor, 17);
	assert_int_equal(header.node_major, 10);
	assert_int_equal(header.node_minor, 11);
	assert_int_equal(header.path_size, 4096);
	assert_int_equal(header.checksum, 0);
	assert_false(header.has_checksum);
}

static void
one_byte_makes_it_another_header_or_none(void **state)
{
	static const struct {
		size_t offset;
		char byte;
		int want;
	} rows[] = {
		{ 5, '2', 0 },		      /* with a checksum */
		{ 5, '7', -EINVAL },	      /* the old format */
		{ 5, '3', -EINVAL },	      /* nobody's */
		{ 0, 'x', -EINVAL },	      /* no magic number */
		{ 6, 'G', -EUCLEAN },	      /* no digit */
		{ 13, 'g', -EUCLEAN },	      /* no small digit */
		{ 14, ' ', -EUCLEAN },	      /* no padding but zeros */
		{ 22, '-', -EUCLEAN },	      /* no sign */
		{ 31, 'x', -EUCLEAN },	      /* no prefix */
		{ 109, '\n', -EUCLEAN },      /* the last one counts, too */
		{ 98, '0', -EUCLEAN },	      /* a path without even its NUL */
		{ 101, '1', -EUCLEAN },	      /* a path one byte too long */
		{ 94, '8', -EUCLEAN },	      /* a path of gigabytes */
		{ 97, (char)0xff, -EUCLEAN }, /* a byte that is no character */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[] = GOOD;
		struct cpio_header header;

		text[rows[i].offset] = rows[i].byte;
		assert_int_equal(decode(text, &header), rows[i].want);
		assert_int_equal(header.has_checksum, rows[i].want == 0);
	}
}

static void
a_header_that_is_cut_off_is_none(void **state)
{
	struct cpio_header header;

	for (size_t size = 0; size < CPIO_HEADER_SIZE; size++)
		assert_int_equal(cpio_header_decode((const uint8_t *)GOOD, size, &header), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_decoded),
		cmocka_unit_test(one_byte_makes_it_another_header_or_none),
		cmocka_unit_test(a_header_that_is_cut_off_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
