/*
 * What people want to know about an FFS file system, as text.
 *
 * One line "key: value" each; nothing that does not apply.  All of it is from
 * the superblock as it is shown, that is, after the journal was replayed.
 */
#include "base/text.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/mount.h"

#define SECONDS_PER_DAY 86400

/* A moment as "2026-01-31 23:59:59 UTC", by the proleptic Gregorian calendar. */
static void
add_time(struct text *text, int64_t time)
{
	int64_t day = time / SECONDS_PER_DAY, second = time % SECONDS_PER_DAY;
	int64_t era, year, day_of_era, day_of_year, month;

	if (second < 0) {
		second += SECONDS_PER_DAY;
		day--;
	}

	/* Years begin in March here, so that leap days end them; eras have 400. */
	day += 719468;
	era = (day >= 0 ? day : day - 146096) / 146097;
	day_of_era = day - era * 146097;
	year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	month = (5 * day_of_year + 2) / 153;
	day = day_of_year - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	year += era * 400 + (month <= 2);
	text_add(text, "%lld-%02d-%02d %02d:%02d:%02d UTC", (long long)year, (int)month, (int)day,
	    (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

/* Text from the medium, on one line whatever is in it. */
static void
add_line(struct text *text, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	text_add(text, "%s: ", key);
	for (const char *p = value; *p != '\0'; p++)
		text_add(text, "%c", (unsigned char)*p < ' ' ? '?' : *p);
	text_add(text, "\n");
}

static void
describe_format(const struct ffs_superblock *sb, struct text *text)
{
	text_add(text, "format: UFS%d\n", (int)sb->version);
	text_add(text, "byte order: %s\n", sb->order == ORDER_BIG ? "big-endian" : "little-endian");
	text_add(text, "superblock: at byte %llu, %s\n", (unsigned long long)sb->location,
	    sb->is_updated ? "64-bit fields" : "old layout");
	text_add(text, "inodes and directories: %s\n",
	    sb->has_old_inodes ? "4.2BSD format" : "4.4BSD format");
	add_line(text, "label", sb->label);
	text_add(text, "id: %08x%08x\n", sb->id[0], sb->id[1]);
}

static void
describe_sizes(const struct ffs_superblock *sb, struct text *text)
{
	uint64_t free = ffs_free_fragments(sb);

	text_add(text, "block size: %u\n", sb->block_size);
	text_add(text, "fragment size: %u\n", sb->fragment_size);
	text_add(text, "size: %llu fragments, %llu bytes\n", (unsigned long long)sb->fragment_count,
	    (unsigned long long)ffs_fragment_offset(sb, sb->fragment_count));
	text_add(text, "free: %llu fragments, %llu bytes\n", (unsigned long long)free,
	    (unsigned long long)ffs_fragment_offset(sb, free));
	text_add(text, "reserved: %u%%\n", sb->reserve_percent);
	text_add(text, "cylinder groups: %u of %u fragments and %u inodes\n", sb->group_count,
	    sb->fragments_per_group, sb->inodes_per_group);
	text_add(text, "inodes: %u, %llu free\n", ffs_inode_count(sb),
	    (unsigned long long)ffs_free_inodes(sb));
}

static void
describe_features(const struct ffs_superblock *sb, struct text *text)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} features[] = {
		{ FFS_FLAG_SOFT_UPDATES, "soft updates" },
		{ FFS_FLAG_SOFT_UPDATES_JOURNAL, "soft updates journal" },
		{ FFS_FLAG_GJOURNAL, "gjournal" },
		{ FFS_FLAG_ACL, "ACLs" },
		{ FFS_FLAG_MULTILABEL, "MAC labels" },
		{ FFS_FLAG_TRIM, "TRIM" },
	};
	const char *separator = "features: ";

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if ((sb->flags & features[i].flag) == 0)
			continue;
		text_add(text, "%s%s", separator, features[i].name);
		separator = ", ";
	}
	if (separator[0] == ',')
		text_add(text, "\n");
}

static void
describe_state(const struct ffs_superblock *sb, struct text *text)
{
	static const char *const clean[] = {
		[FFS_DIRTY] = "no",
		[FFS_CLEAN] = "yes",
		[FFS_WAS_CLEAN] = "no; it was when it was last mounted",
	};

	text_add(text, "clean: %s\n", clean[sb->clean]);
	if (sb->flags & FFS_FLAG_NEEDS_FSCK)
		text_add(text, "needs fsck: yes\n");
	text_add(text, "last written: ");
	add_time(text, sb->time);
	text_add(text, "\n");
	add_line(text, "last mounted on", sb->mounted_on);
}

static void
describe_journal(const struct ffs_mount *fs, struct text *text)
{
	const struct ffs_journal *journal = &fs->sb.journal;
	const struct ffs_replay *replay = &fs->replay;

	if (journal->place == FFS_JOURNAL_NONE) {
		text_add(text, "journal: none%s\n",
		    journal->is_to_be_made ? " yet; NetBSD makes it when it mounts with a log"
					   : "");
		return;
	}
	text_add(text, "journal: WAPBL, %llu bytes at byte %llu, %s the file system\n",
	    (unsigned long long)journal->size, (unsigned long long)journal->offset,
	    journal->place == FFS_JOURNAL_INSIDE_FS ? "inside" : "after");
	if (replay->record_count > 0)
		text_add(text, "replayed: %llu records, %llu blocks; %llu bytes are newer there\n",
		    (unsigned long long)replay->record_count,
		    (unsigned long long)replay->block_count, (unsigned long long)replay->size);
}

void
ffs_describe(struct mount *mount, struct text *out)
{
	const struct ffs_mount *fs = ffs_mount_of(mount);

	describe_format(&fs->sb, out);
	describe_sizes(&fs->sb, out);
	describe_features(&fs->sb, out);
	describe_state(&fs->sb, out);
	describe_journal(fs, out);
}
