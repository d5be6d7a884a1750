/* rump mkfs: its options. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rump/archive.h"
#include "tools/rump/command.h"
#include "tools/rump/memory.h"
#include "tools/rump/mkfs_impl.h"
#include "tools/rump/option.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

enum {
	OPTION_FREE = OPTION_LONG,
	OPTION_GPT,
	OPTION_MAP,
	OPTION_MBR,
	OPTION_OWNER,
};

#define JOURNAL_USUAL ((uint64_t)2 << 20) /* what the driver makes, or a little more */

static const struct option_row rows[] = {
	{ 'B', "order", "le|be", "byte order, little-endian by default" },
	{ 'b', "block", "SIZE", "block size: 4k to 64k" },
	{ 'd', "from", "SOURCE", "fill it with a directory, or a tar or cpio archive" },
	{ 'F', "force", NULL, "replace an image that exists" },
	{ 'f', "fragment", "SIZE", "fragment size: 512 to the block size, an eighth by default" },
	{ 'i', "density", "SIZE", "one inode for so many bytes" },
	{ 'j', "journal", "[=SIZE]", "with a journal (NetBSD's WAPBL)" },
	{ 'L', "label", "NAME", "name of the file system" },
	{ 'm', "minfree", "PERCENT", "space that ordinary users cannot have; 5, or 0 without -s" },
	{ 's', "size", "SIZE", "size of the image; by default, what SOURCE needs" },
	{ 't', "type", "ffs1|ffs2", "UFS1, or UFS2, which is the default" },
	{ OPTION_FREE, "free", "SIZE|PERCENT%", "without -s: free space to leave" },
	{ OPTION_GPT, "gpt", "[=freebsd|netbsd]", "in a partition of a GUID partition table" },
	{ OPTION_MAP, "map", "u|g:FROM:TO[:COUNT]", "let users (groups) from FROM on be others" },
	{ OPTION_MBR, "mbr", "[=freebsd|netbsd]", "in a partition of a master boot record" },
	{ OPTION_OWNER, "owner", "UID:GID", "let all files belong to one user and group" },
	{ 0 },
};

static const char details[] =
    "Sizes may end in k, m, g or t.  With SOURCE_DATE_EPOCH in the environment, the same\n"
    "files give the same image, byte for byte.  A SOURCE of \"-\" is an archive from\n"
    "standard input.\n";

/* Add what the driver is to be told. */
static void
option_add(struct mkfs *mkfs, const char *name, const char *value)
{
	char *text = memory_format("%s,%s%s%s", mkfs->options != NULL ? mkfs->options : "", name,
	    value != NULL ? "=" : "", value != NULL ? value : "");

	free(mkfs->options);
	mkfs->options = text;
}

/* The same of a size, which is left in *number. */
static bool
option_add_size(struct mkfs *mkfs, const char *name, const char *value, uint64_t *number)
{
	char digits[24];

	if (!size_read(value, number) || *number == 0)
		return false;
	snprintf(digits, sizeof(digits), "%" PRIu64, *number);
	option_add(mkfs, name, digits);
	return true;
}

static bool
take_label(struct mkfs *mkfs, const char *value)
{
	mkfs->label = value;
	if (strchr(value, ',') != NULL || strlen(value) > 31)
		return false;
	option_add(mkfs, "label", value);
	return true;
}

static bool
take_reserve(struct mkfs *mkfs, const char *value)
{
	unsigned long percent;

	if (!option_number(value, 100, &percent))
		return false;
	mkfs->has_reserve = true;
	option_add(mkfs, "minfree", value);
	return true;
}

static bool
take_free(struct mkfs *mkfs, const char *value)
{
	char *digits = memory_string(value);
	size_t length = strlen(digits);
	unsigned long percent = 0;
	bool result;

	if (length > 0 && digits[length - 1] == '%') {
		digits[length - 1] = '\0';
		result = option_number(digits, 90, &percent);
		mkfs->free_percent = percent;
	} else {
		result = size_read(value, &mkfs->free);
	}
	free(digits);
	return result;
}

static bool
take_table(struct mkfs *mkfs, enum mkfs_table table, const char *value)
{
	mkfs->table = table;
	mkfs->partition_type = value != NULL ? value : "freebsd";
	return strcmp(mkfs->partition_type, "freebsd") == 0 ||
	       strcmp(mkfs->partition_type, "netbsd") == 0;
}

/* A number up to the next colon, or the end of text; *text is what follows. */
static bool
take_id(const char **text, uint32_t *id)
{
	unsigned long long number;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	number = strtoull(*text, &end, 10);
	if (errno != 0 || number > UINT32_MAX - 1 || (*end != ':' && *end != '\0'))
		return false;
	*id = (uint32_t)number;
	*text = *end == ':' ? end + 1 : end;
	return true;
}

static bool
take_owner(struct fill_rules *rules, const char *value)
{
	rules->has_owner = true;
	return strchr(value, ':') != NULL && take_id(&value, &rules->uid) &&
	       take_id(&value, &rules->gid) && *value == '\0';
}

static bool
take_map(struct fill_rules *rules, const char *value)
{
	struct fill_map map = { .is_group = value[0] == 'g', .count = 1 };

	if ((value[0] != 'u' && value[0] != 'g') || value[1] != ':')
		return false;
	value += 2;
	if (!take_id(&value, &map.first) || !take_id(&value, &map.to) ||
	    (*value != '\0' && !take_id(&value, &map.count)) || *value != '\0')
		return false;
	if (map.count == 0 || map.count > UINT32_MAX - map.first || map.count > UINT32_MAX - map.to)
		return false;
	rules->maps = memory_grow(rules->maps, rules->map_count, &rules->map_capacity, sizeof(map));
	rules->maps[rules->map_count++] = map;
	return true;
}

static bool
take_format(struct mkfs *mkfs, int id, const char *value)
{
	uint64_t number;

	switch (id) {
	case 'B':
		option_add(mkfs, "order", value);
		return option_choice(rows, id, value) >= 0;
	case 'b':
		return option_add_size(mkfs, "block", value, &mkfs->block_size);
	case 'f':
		return option_add_size(mkfs, "fragment", value, &number);
	case 'i':
		return size_read(value, &mkfs->density) && mkfs->density > 0;
	case 'j':
		if (value != NULL)
			return option_add_size(mkfs, "journal", value, &mkfs->journal);
		option_add(mkfs, "journal", NULL);
		mkfs->journal = JOURNAL_USUAL;
		return true;
	case 'L':
		return take_label(mkfs, value);
	case 'm':
		return take_reserve(mkfs, value);
	case 't':
		mkfs->version = 1 + (unsigned)option_choice(rows, id, value);
		option_add(mkfs, "version", mkfs->version == 1 ? "1" : "2");
		return option_choice(rows, id, value) >= 0;
	default:
		return false;
	}
}

static bool
option_take_one(void *context, int id, const char *value)
{
	struct mkfs *mkfs = context;

	switch (id) {
	case 'd':
		mkfs->source = value;
		return true;
	case 'F':
		mkfs->is_forced = true;
		return true;
	case 's':
		return size_read(value, &mkfs->size) && mkfs->size > 0;
	case OPTION_FREE:
		return take_free(mkfs, value);
	case OPTION_GPT:
		return take_table(mkfs, MKFS_GPT, value);
	case OPTION_MAP:
		return take_map(&mkfs->rules, value);
	case OPTION_MBR:
		return take_table(mkfs, MKFS_MBR, value);
	case OPTION_OWNER:
		return take_owner(&mkfs->rules, value);
	default:
		return take_format(mkfs, id, value);
	}
}

/* ---- the same bytes each time --------------------------------------------------------- */

static uint64_t
hash_add(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/*
 * With SOURCE_DATE_EPOCH the kernel's time is that, and what is random follows from
 * it and from what is asked for.
 */
static bool
time_settle(struct mkfs *mkfs)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t seed = UINT64_C(0xcbf29ce484222325);
	char digits[24];
	char *end;

	if (epoch == NULL)
		return true;
	errno = 0;
	mkfs->rules.latest = strtoll(epoch, &end, 10);
	if (end == epoch || *end != '\0' || errno != 0) {
		report_usage("SOURCE_DATE_EPOCH is \"%s\", which is no number of seconds", epoch);
		return false;
	}
	mkfs->rules.has_latest = true;
	seed = hash_add(hash_add(seed, epoch), mkfs->options != NULL ? mkfs->options : "");
	snprintf(digits, sizeof(digits), "%" PRIu64, seed);
	if (setenv("RUMP_TIME", epoch, 1) == 0 && setenv("RUMP_SEED", digits, 1) == 0)
		return true;
	report_no_memory();
}

static int
mkfs_run(int argc, char **argv)
{
	struct mkfs mkfs = { .fd = -1, .version = 2 };
	struct stat st;
	int first = options_parse(&mkfs_command, argc, argv, option_take_one, &mkfs);

	if (first > 0 && first + 1 != argc)
		first = report_usage("one image is made at a time") * 0;
	if (first > 0 && mkfs.source != NULL) {
		mkfs.is_archive = stat(mkfs.source, &st) < 0 || !S_ISDIR(st.st_mode);
		if (mkfs.is_archive && !archive_is_available()) {
			report_usage("archives cannot be read without libarchive, which is missing "
				     "here");
			first = 0;
		}
	}
	if (first > 0 && mkfs.size == 0 && mkfs.source != NULL && !mkfs.has_reserve)
		option_add(&mkfs, "minfree", "0");
	if (first > 0 && time_settle(&mkfs)) {
		mkfs.image = argv[first];
		mkfs_make(&mkfs);
	}
	free(mkfs.options);
	free(mkfs.rules.maps);
	free(mkfs.temporary);
	return report_status();
}

const struct command mkfs_command = {
	.name = "mkfs",
	.operands = "IMAGE",
	.summary = "make a file system in an image, and fill it",
	.details = details,
	.options = rows,
	.wanted = "say which image to make",
	.is_outside = true,
	.run = mkfs_run,
};
