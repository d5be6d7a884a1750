/*
 * Tests of laying out new file systems: every combination of sizes gives what the
 * decoders take, or is refused in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "base/math.h"
#include "base/text.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/make_layout.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

static char words[256];

static int
lay_out(const struct ffs_make *make, struct ffs_superblock *sb)
{
	struct text why = text_in(words, sizeof(words));
	int error = ffs_make_layout(make, sb, &why);

	assert_true(error == 0 || error == -EINVAL || error == -ENOSPC);
	assert_int_equal(why.length > 0, error < 0);
	assert_true(why.length < sizeof(words));
	return error;
}

/* Whatever has been laid out is what its bytes say. */
static void
check_superblock(const struct ffs_superblock *sb)
{
	uint8_t *bytes = calloc(1, FFS_SUPERBLOCK_SIZE);
	struct ffs_superblock decoded;
	struct ffs_flaw flaw;

	ffs_make_superblock(sb, bytes);
	if (ffs_superblock_decode(bytes, FFS_SUPERBLOCK_SIZE, sb->location, &decoded, &flaw) != 0)
		fail_msg("%s at %u: %lld", flaw.what, flaw.offset, (long long)flaw.value);
	assert_memory_equal(&decoded, sb, sizeof(decoded));
	free(bytes);
}

static void
check_group(const struct ffs_superblock *sb, uint32_t number)
{
	uint8_t *bytes = calloc(1, sb->block_size);
	struct ffs_group_counts want, counts;
	struct ffs_group group;
	struct ffs_flaw flaw;

	ffs_make_group(sb, number, bytes);
	if (ffs_group_decode(sb, bytes, number, &group, &flaw) != 0)
		fail_msg("%s at %u: %lld", flaw.what, flaw.offset, (long long)flaw.value);
	ffs_group_counts(&group, &counts);
	ffs_make_counts(sb, number, &want);
	assert_memory_equal(&counts, &want, sizeof(counts));

	/* The maps lie behind each other, and the last one ends in the header. */
	assert_true(group.inode_map + divide_up(sb->inodes_per_group, 8) <= group.fragment_map);
	assert_true(
	    group.fragment_map + divide_up(sb->fragments_per_group, 8) <= group.run_counts + 4);
	assert_true(group.run_counts + 4 * (sb->run_length_max + 1) <= group.block_map);
	assert_true(load32(bytes + 100, sb->order) <= sb->header_size);
	assert_true(sb->header_size <= sb->block_size);
	for (uint32_t i = sb->copy_offset; i < sb->data_offset; i++)
		assert_true(ffs_group_are_used(&group, i, 1));
	free(bytes);
}

/* Groups fill the file system, and little of the size is lost. */
static void
check_layout(const struct ffs_make *make, const struct ffs_superblock *sb)
{
	uint64_t size = sb->fragment_count << sb->fragment_shift;
	uint64_t last = sb->fragment_count - ffs_group_base(sb, sb->group_count - 1);

	assert_true(size <= make->size);
	assert_true(
	    make->size - size < (uint64_t)sb->data_offset * sb->fragment_size + 2 * sb->block_size);
	assert_true(last <= sb->fragments_per_group);
	assert_true(sb->group_count == 1 || last >= sb->data_offset + sb->fragments_per_block);
	assert_true(sb->data_fragment_count <= sb->fragment_count);
	assert_int_equal(sb->fragments_per_group % sb->fragments_per_block, 0);
	assert_int_equal(sb->copy_offset % sb->fragments_per_block, 0);
	assert_int_equal(sb->data_offset % sb->fragments_per_block, 0);
	assert_true(sb->counts.directories == 1);
	assert_true(
	    (sb->counts.blocks_free << sb->block_fragments_shift) + sb->counts.fragments_free <=
	    sb->data_fragment_count + ffs_group_base(sb, 1));
}

/* The least size that can be laid out. */
static uint64_t
smallest(const struct ffs_make *make)
{
	struct ffs_make tried = *make;
	struct ffs_superblock sb;
	uint64_t fails = 0, fits = 64 * MIB;

	while (fails + 1 < fits) {
		tried.size = fails + (fits - fails) / 2;
		if (lay_out(&tried, &sb) == 0)
			fits = tried.size;
		else
			fails = tried.size;
	}
	return fits;
}

static void
check_sizes(struct ffs_make make, bool with_groups)
{
	const uint64_t least = smallest(&make);
	const uint64_t sizes[] = { least, least + 1, least + 4096, 3 * least, 64 * MIB + 123,
		5 * GIB, 700 * GIB, 2 * TIB, 20 * TIB };
	struct ffs_superblock sb;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		make.size = sizes[i];
		if (lay_out(&make, &sb) < 0) {
			assert_true(sizes[i] > 5 * GIB);
			continue;
		}
		check_layout(&make, &sb);
		check_superblock(&sb);
		if (!with_groups || sb.block_size > 16384)
			continue;
		check_group(&sb, 0);
		check_group(&sb, sb.group_count / 2);
		check_group(&sb, sb.group_count - 1);
	}
	make.size = least - 1;
	assert_int_equal(lay_out(&make, &sb), -ENOSPC);
}

static void
every_size_of_blocks_and_fragments_can_be_made(void **state)
{
	for (uint32_t kind = 0; kind < 4; kind++) {
		struct ffs_make make = {
			.version = kind & 1 ? FFS_UFS1 : FFS_UFS2,
			.order = kind & 2 ? ORDER_BIG : ORDER_LITTLE,
			.time = 1234567890123,
			.id = { 7, 8 },
			.label = "a-label_of.31-bytes-that-is-long",
		};

		make.label[31] = '\0';
		if (make.version == FFS_UFS1)
			make.time = 1234567890;
		for (make.block_size = 4096; make.block_size <= 65536; make.block_size *= 2) {
			for (make.fragment_size = make.block_size / 8;
			     make.fragment_size <= make.block_size; make.fragment_size *= 2)
				check_sizes(make, kind == 1 || kind == 2);
		}
	}
}

static void
sizes_are_chosen_that_suit(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t block_size;
	} rows[] = { { MIB, 4096 }, { 100 * MIB, 8192 }, { 4 * GIB, 16384 }, { 4 * TIB, 32768 },
		{ 100 * TIB, 32768 }, { 4096 * TIB, 32768 } };
	struct ffs_make make = { .version = FFS_UFS2, .order = ORDER_LITTLE };
	struct ffs_superblock sb;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make.size = rows[i].size;
		if (lay_out(&make, &sb) < 0)
			fail_msg("%s", words);
		assert_int_equal(sb.block_size, rows[i].block_size);
		assert_int_equal(sb.fragment_size, sb.block_size / 8);
		assert_int_equal(sb.reserve_percent, 5);
		check_layout(&make, &sb);
		check_superblock(&sb);
	}
}

static void
fragments_alone_choose_blocks_that_fit(void **state)
{
	struct ffs_make make = { .version = FFS_UFS2, .order = ORDER_LITTLE, .size = 100 * MIB };
	struct ffs_superblock sb;

	for (make.fragment_size = 512; make.fragment_size <= 65536; make.fragment_size *= 2) {
		assert_int_equal(lay_out(&make, &sb), 0);
		assert_int_equal(sb.fragment_size, make.fragment_size);
		assert_true(sb.fragments_per_block <= 8);
	}
}

static void
inodes_are_as_dense_as_asked_for(void **state)
{
	static const uint64_t densities[] = { 512, 1024, 5000, 65536, GIB, UINT64_MAX };
	struct ffs_make make = { .version = FFS_UFS2, .order = ORDER_BIG, .size = 200 * MIB };
	struct ffs_superblock sb;
	uint64_t size;

	for (size_t i = 0; i < ARRAY_SIZE(densities); i++) {
		make.density = densities[i];
		assert_int_equal(lay_out(&make, &sb), 0);
		size = sb.fragment_count << sb.fragment_shift;
		assert_true(ffs_inode_count(&sb) >= size / make.density);
		assert_true(
		    ffs_inode_count(&sb) <=
		    size / make.density + (uint64_t)sb.group_count * (sb.inodes_per_block + 1));
		check_layout(&make, &sb);
		check_superblock(&sb);
		check_group(&sb, 0);
	}
}

static void
a_journal_follows_the_file_system(void **state)
{
	static const struct {
		uint64_t size, journal_size, want;
	} rows[] = {
		{ GIB, 0, MIB },
		{ 8 * MIB, 0, MIB },
		{ 64 * GIB, 0, 64 * MIB },
		{ GIB, 5 * MIB + 1, 5 * MIB + 8192 },
	};
	struct ffs_make make = { .version = FFS_UFS2,
		.order = ORDER_BIG,
		.has_journal = true,
		.block_size = 8192 };
	struct ffs_superblock sb;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make.size = rows[i].size;
		make.journal_size = rows[i].journal_size;
		assert_int_equal(lay_out(&make, &sb), 0);
		assert_int_equal(sb.journal.size, rows[i].want);
		assert_int_equal(sb.journal.offset, sb.fragment_count << sb.fragment_shift);
		assert_true(sb.journal.offset + sb.journal.size <= make.size);
		check_superblock(&sb);
	}
}

/* UFS1's headers count inodes in 16 bits. */
static void
groups_of_ufs1_have_few_inodes(void **state)
{
	struct ffs_make make = { .version = FFS_UFS1,
		.order = ORDER_LITTLE,
		.size = 100 * GIB,
		.block_size = 65536,
		.fragment_size = 8192,
		.density = 1024 };
	struct ffs_superblock sb;

	assert_int_equal(lay_out(&make, &sb), 0);
	assert_true(sb.inodes_per_group <= INT16_MAX);
	check_superblock(&sb);
}

static void
what_cannot_be_is_refused(void **state)
{
	static const struct {
		struct ffs_make make;
		int want;
		const char *words;
	} rows[] = {
		{ { .size = GIB, .block_size = 2048 }, -EINVAL, "blocks have" },
		{ { .size = GIB, .block_size = 131072 }, -EINVAL, "blocks have" },
		{ { .size = GIB, .block_size = 5000 }, -EINVAL, "blocks have" },
		{ { .size = GIB, .block_size = UINT64_MAX }, -EINVAL, "blocks have" },
		{ { .size = GIB, .block_size = 4096, .fragment_size = 256 }, -EINVAL, "fragments" },
		{ { .size = GIB, .block_size = 8192, .fragment_size = 512 }, -EINVAL, "fragments" },
		{ { .size = GIB, .block_size = 4096, .fragment_size = 8192 }, -EINVAL,
		    "fragments" },
		{ { .size = GIB, .fragment_size = 600 }, -EINVAL, "fragments" },
		{ { .size = GIB, .fragment_size = UINT64_MAX }, -EINVAL, "fragments" },
		{ { .size = 0 }, -ENOSPC, "at least" },
		{ { .size = 1 }, -ENOSPC, "at least" },
		{ { .size = 64 * KIB }, -ENOSPC, "at least" },
		{ { .size = MIB, .density = 1 }, -ENOSPC, "density" },
		{ { .size = MIB, .density = 250 }, -ENOSPC, "density" },
		{ { .size = 4 * TIB, .density = 1024 }, -EINVAL, "density" },
		{ { .size = GIB, .has_reserve = true, .reserve_percent = 51 }, -EINVAL, "reserve" },
		{ { .size = GIB, .label = "a/b" }, -EINVAL, "label" },
		{ { .size = GIB, .label = "a\n" }, -EINVAL, "label" },
		{ { .size = GIB, .has_journal = true, .journal_size = GIB }, -ENOSPC, "journal" },
		{ { .size = GIB, .has_journal = true, .journal_size = UINT64_MAX }, -ENOSPC,
		    "journal" },
		{ { .size = GIB, .has_journal = true, .journal_size = 1 }, -EINVAL, "journal" },
		{ { .size = MIB, .has_journal = true }, -ENOSPC, "journal" },
		{ { .size = INT64_MAX }, -EINVAL, "" },
		{ { .size = INT64_MAX, .density = INT64_MAX }, -EINVAL, "too large" },
		{ { .size = INT64_MAX, .density = INT64_MAX, .block_size = 4096 }, -EINVAL, "" },
	};
	struct ffs_superblock sb;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ffs_make make = rows[i].make;

		make.version = FFS_UFS2;
		make.order = ORDER_LITTLE;
		if (lay_out(&make, &sb) != rows[i].want || strstr(words, rows[i].words) == NULL)
			fail_msg("row %zu: %s", i, words);
	}
}

static void
ufs1_is_limited_by_its_addresses(void **state)
{
	struct ffs_make make = { .version = FFS_UFS1,
		.order = ORDER_LITTLE,
		.size = 2 * TIB,
		.block_size = 8192,
		.fragment_size = 1024 };
	struct ffs_superblock sb;

	assert_int_equal(lay_out(&make, &sb), -EINVAL);
	assert_non_null(strstr(words, "larger ones, or UFS2"));
	make.size -= 8192;
	assert_int_equal(lay_out(&make, &sb), 0);
	check_superblock(&sb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_of_blocks_and_fragments_can_be_made),
		cmocka_unit_test(sizes_are_chosen_that_suit),
		cmocka_unit_test(fragments_alone_choose_blocks_that_fit),
		cmocka_unit_test(inodes_are_as_dense_as_asked_for),
		cmocka_unit_test(a_journal_follows_the_file_system),
		cmocka_unit_test(groups_of_ufs1_have_few_inodes),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(ufs1_is_limited_by_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
