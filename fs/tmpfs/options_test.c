/*
 * Tests of the mount options of tmpfs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/errno.h"
#include "fs/tmpfs/options.h"

static const struct tmpfs_options defaults = { 1000, 100, 01777, 1, 2 };

static void
reads_what_is_said_and_keeps_the_rest(void **state)
{
	static const struct {
		const char *text;
		struct tmpfs_options want;
	} rows[] = {
		{ "", { 1000, 100, 01777, 1, 2 } },		 /* nothing */
		{ "size=4096", { 4096, 100, 01777, 1, 2 } },	 /* bytes */
		{ "size=3k", { 3072, 100, 01777, 1, 2 } },	 /* kibibytes */
		{ "size=2M", { 2 << 20, 100, 01777, 1, 2 } },	 /* either case */
		{ "size=1g", { 1 << 30, 100, 01777, 1, 2 } },	 /* gibibytes */
		{ "size=0,nr_inodes=0", { 0, 0, 01777, 1, 2 } }, /* no limits */
		{ "nr_inodes=2k", { 1000, 2048, 01777, 1, 2 } }, /* counts have units, too */
		{ "mode=755", { 1000, 100, 0755, 1, 2 } },	 /* octal */
		{ "mode=07777", { 1000, 100, 07777, 1, 2 } },	 /* with the usual 0 */
		{ "uid=7,gid=8", { 1000, 100, 01777, 7, 8 } },	 /* several */
		{ "gid=8,gid=9", { 1000, 100, 01777, 1, 9 } },	 /* the last one counts */
		{ ",,uid=4294967294,", { 1000, 100, 01777, 4294967294, 2 } },	   /* empty ones */
		{ "size=18446744073709551615", { UINT64_MAX, 100, 01777, 1, 2 } }, /* the most */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tmpfs_options got = defaults;
		struct name bad;

		assert_int_equal(tmpfs_options_parse(&got, rows[i].text, &bad), 0);
		assert_int_equal(got.size, rows[i].want.size);
		assert_int_equal(got.node_count, rows[i].want.node_count);
		assert_int_equal(got.permissions, rows[i].want.permissions);
		assert_int_equal(got.uid, rows[i].want.uid);
		assert_int_equal(got.gid, rows[i].want.gid);
	}
}

static void
says_which_option_is_not_understood(void **state)
{
	static const struct {
		const char *text, *bad;
	} rows[] = {
		{ "wide", "wide" },					      /* unknown */
		{ "size", "size" },					      /* no value */
		{ "uid=1,size=", "size=" },				      /* an empty value */
		{ "size=1x,uid=1", "size=1x" },				      /* no such unit */
		{ "size=1kk", "size=1kk" },				      /* two units */
		{ "size=-1", "size=-1" },				      /* no negative ones */
		{ "size=18446744073709551616", "size=18446744073709551616" }, /* 2^64 */
		{ "size=17179869184g", "size=17179869184g" },		      /* 2^64 again */
		{ "mode=8", "mode=8" },					      /* not octal */
		{ "mode=10000", "mode=10000" },				      /* not a permission */
		{ "uid=4294967295", "uid=4294967295" },			      /* nobody */
		{ "uid=1=2", "uid=1=2" },				      /* not a number */
		{ "siz=1", "siz=1" },					      /* almost known */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tmpfs_options got = defaults;
		struct name bad = { 0 };

		assert_int_equal(tmpfs_options_parse(&got, rows[i].text, &bad), -EINVAL);
		assert_int_equal(bad.length, strlen(rows[i].bad));
		assert_memory_equal(bad.bytes, rows[i].bad, bad.length);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_said_and_keeps_the_rest),
		cmocka_unit_test(says_which_option_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
