/* Tests of CRC-32, against published values and a bit-by-bit twin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/crc32.h"

static void
gives_the_published_values(void **state)
{
	static const struct {
		const char *text;
		uint32_t want;
	} rows[] = {
		{ "", 0 },
		{ "123456789", 0xcbf43926 }, /* the check value of every catalogue */
		{ "a", 0xe8b7be43 },
		{ "The quick brown fox jumps over the lazy dog", 0x414fa339 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(crc32(0, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

/* One bit at a time. */
static uint32_t
crc32_slowly(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < 8 * size; i++) {
		uint32_t bit = (crc ^ bytes[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit != 0 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void
agrees_with_the_definition_however_the_bytes_are_cut(void **state)
{
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 7 * i);
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		uint32_t crc = crc32(0, bytes, cut);

		assert_int_equal(crc, crc32_slowly(bytes, cut));
		assert_int_equal(crc32(crc, bytes + cut, sizeof(bytes) - cut),
		    crc32_slowly(bytes, sizeof(bytes)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_values),
		cmocka_unit_test(agrees_with_the_definition_however_the_bytes_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
