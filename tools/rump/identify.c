/*
 * What a file is that has no file system we know.
 *
 * A table of magic bytes, then partition tables, which are looked into to say
 * how one partition can be taken out.  Nothing here mounts anything: a wrong
 * guess costs a misleading half sentence.
 */
#include "tools/rump/identify.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	HEAD_SIZE = 68 * 1024, /* all that is looked at, but for a far GPT */
	SECTOR = 512,
};

/* The beginning of the file; bytes past its end are zero. */
struct head {
	uint8_t bytes[HEAD_SIZE];
};

struct magic {
	unsigned offset;
	unsigned length;
	const char *bytes;
	const char *what;
	const char *remedy; /* goes before the file's name; NULL: there is none */
	const char *more;   /* goes after it, if not NULL */
};

static const struct magic magics[] = {
	{ 0, 2, "\x1f\x8b", "gzip-compressed data", "unpack it first: gunzip -k", NULL },
	{ 0, 6, "\xfd\x37zXZ", "xz-compressed data", "unpack it first: unxz -k", NULL },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed data", "unpack it first: unzstd", NULL },
	{ 0, 3, "BZh", "bzip2-compressed data", "unpack it first: bunzip2 -k", NULL },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4-compressed data", "unpack it first: lz4 -d", NULL },
	{ 0, 4, "PK\x03\x04", "a zip archive", "unpack it first: unzip", NULL },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x", NULL },
	{ 257, 5, "ustar", "a tar archive", "unpack it instead: tar -xf", NULL },
	{ 0, 4, "QFI\xfb", "a QEMU disk (qcow2)", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 0, 4, "KDMV", "a VMware disk", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 64, 4, "\x7f\x10\xda\xbe", "a VirtualBox disk",
	    "make it raw first: qemu-img convert -O raw", " disk.img" },
	{ 0, 8, "vhdxfile", "a Hyper-V disk", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 0, 4, "hsqs", "a squashfs file system", NULL, NULL },
	{ 0, 4, "XFSB", "an XFS file system", NULL, NULL },
	{ 3, 8, "NTFS    ", "an NTFS file system", NULL, NULL },
	{ 54, 3, "FAT", "a FAT file system", NULL, NULL },
	{ 82, 5, "FAT32", "a FAT file system", NULL, NULL },
	{ 1080, 2, "\x53\xef", "an ext2, ext3 or ext4 file system", NULL, NULL },
	{ 32769, 5, "CD001", "an ISO 9660 file system", NULL, NULL },
	{ 65600, 8, "_BHRfS_M", "a btrfs file system", NULL, NULL },
};

/* A piece of a disk, in sectors. */
struct part {
	const char *table; /* the kind of table it was found in */
	uint64_t first;
	uint64_t count;
};

static uint32_t
load_le(const uint8_t *p, unsigned size)
{
	uint32_t value = 0;

	while (size > 0)
		value = value << 8 | p[--size];
	return value;
}

/* The first partition of a GUID partition table (UEFI specification, 5.3). */
static bool
find_gpt(const struct head *head, struct part *part)
{
	const uint8_t *header = head->bytes + SECTOR;
	static const uint8_t unused[16];

	if (memcmp(header, "EFI PART", 8) != 0)
		return false;
	*part = (struct part){ .table = "a GPT partition table" };
	for (const uint8_t *entry = head->bytes + 2 * SECTOR; entry < head->bytes + 34 * SECTOR;
	     entry += 128) {
		if (memcmp(entry, unused, sizeof(unused)) == 0)
			continue;
		part->first = load_le(entry + 32, 4);
		part->count = load_le(entry + 40, 4) + 1 - part->first;
		break;
	}
	return true;
}

/* The first partition of a master boot record. */
static bool
find_mbr(const struct head *head, struct part *part)
{
	const uint8_t *entries = head->bytes + 446;

	if (head->bytes[510] != 0x55 || head->bytes[511] != 0xaa)
		return false;
	*part = (struct part){ .table = "an MBR partition table" };
	for (const uint8_t *entry = entries; entry < entries + 4 * 16; entry += 16) {
		if ((entry[0] & 0x7f) != 0)
			return false;
		if (entry[4] == 0 || part->count != 0)
			continue;
		part->first = load_le(entry + 8, 4);
		part->count = load_le(entry + 12, 4);
	}
	return part->count != 0;
}

/* A field of a BSD disklabel, which is in the byte order of its machine. */
static uint32_t
label_load(const uint8_t *p, unsigned size, bool is_big)
{
	uint32_t value = 0;

	if (!is_big)
		return load_le(p, size);
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

/*
 * The first FFS partition of a BSD disklabel.  Labels begin at one of a few
 * places in the first two sectors, by machine.
 */
static bool
find_disklabel(const struct head *head, struct part *part)
{
	static const uint32_t magic = 0x82564557;
	static const unsigned places[] = { 0, 64, 128, SECTOR, SECTOR + 64 };
	enum {
		TYPE_FFS = 7,
		TYPE_OFFSET = 12
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const uint8_t *label = head->bytes + places[i];
		bool is_big = label_load(label, 4, true) == magic;

		if (!is_big && load_le(label, 4) != magic)
			continue;
		*part = (struct part){ .table = "a BSD disklabel" };
		for (const uint8_t *entry = label + 148; entry < label + 148 + 16 * 16;
		     entry += 16) {
			if (entry[TYPE_OFFSET] != TYPE_FFS)
				continue;
			part->count = label_load(entry, 4, is_big);
			part->first = label_load(entry + 4, 4, is_big);
			break;
		}
		return true;
	}
	return false;
}

static bool
head_read(const char *path, struct head *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	memset(head, 0, sizeof(*head));
	length = pread(fd, head->bytes, sizeof(head->bytes), 0);
	close(fd);
	return length > 0;
}

static void
part_describe(const struct part *part, const char *path, char *text, size_t size)
{
	int length = snprintf(text, size, "it is a disk with %s, not one file system", part->table);

	if (part->count == 0 || length < 0 || (size_t)length >= size)
		return;
	snprintf(text + length, size - (size_t)length,
	    ": copy a partition out first, like dd if=%s of=part.img bs=%d skip=%llu count=%llu",
	    path, SECTOR, (unsigned long long)part->first, (unsigned long long)part->count);
}

static void
magic_describe(const struct magic *magic, const char *path, char *text, size_t size)
{
	if (magic->remedy == NULL)
		snprintf(text, size, "it looks like %s", magic->what);
	else
		snprintf(text, size, "it looks like %s: %s %s%s", magic->what, magic->remedy, path,
		    magic->more != NULL ? magic->more : "");
}

bool
identify_file(const char *path, char *text, size_t size)
{
	static struct head head;
	struct part part;

	text[0] = '\0';
	if (!head_read(path, &head))
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *magic = &magics[i];

		if (memcmp(head.bytes + magic->offset, magic->bytes, magic->length) == 0) {
			magic_describe(magic, path, text, size);
			return true;
		}
	}
	if (!find_gpt(&head, &part) && !find_mbr(&head, &part) && !find_disklabel(&head, &part))
		return false;
	part_describe(&part, path, text, size);
	return true;
}
