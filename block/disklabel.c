/*
 * Decoding of BSD disklabels.
 *
 * The systems have grown the format apart where it was free: OpenBSD, where it
 * says version 1, keeps the upper 16 bits of starts and sizes in the field that
 * elsewhere holds the fragment size.  Geometry, fragment sizes and drive data
 * tell us nothing, and are not looked at.
 */
#include "block/disklabel.h"

#include "base/math.h"

#define MAGIC		  0x82564557
#define LABEL_MAGIC	  0
#define LABEL_PACK_NAME	  24
#define LABEL_SECTOR_SIZE 40
#define LABEL_VERSION	  114
#define LABEL_MAGIC2	  132
#define LABEL_CHECKSUM	  136
#define LABEL_COUNT	  138
#define LABEL_PARTITIONS  148

#define PARTITION_SIZE	     16
#define PARTITION_COUNT	     0
#define PARTITION_FIRST	     4
#define PARTITION_FIRST_HIGH 8
#define PARTITION_COUNT_HIGH 10
#define PARTITION_TYPE	     12

/* i386 and most since; alpha and m68k; sparc; then rarer ones. */
const uint32_t disklabel_places[DISKLABEL_PLACES] = { 512, 64, 128, 0, 576 };

/* The sum: all 16-bit words, the sum itself included, make zero. */
static uint16_t
label_sum(const uint8_t *bytes, uint32_t length, enum byte_order order)
{
	uint16_t sum = 0;

	for (uint32_t i = 0; i < length; i += 2)
		sum ^= load16(bytes + i, order);
	return sum;
}

static int
label_check(const uint8_t *bytes, size_t length, struct disklabel *label,
    struct partition_flaw *flaw)
{
	uint32_t size = LABEL_PARTITIONS + label->partition_count * PARTITION_SIZE;

	if (load32(bytes + LABEL_MAGIC2, label->order) != MAGIC)
		return partition_flaw_set(flaw, "its second magic number is wrong", LABEL_MAGIC2);
	if (label->partition_count > DISKLABEL_PARTITION_MAX)
		return partition_flaw_set(flaw, "it has too many partitions", LABEL_COUNT);
	if (size > length)
		return partition_flaw_set(flaw, "it is cut off", (uint32_t)length);
	if (label_sum(bytes, size, label->order) != 0)
		return partition_flaw_set(flaw, "its checksum is wrong", LABEL_CHECKSUM);
	if (!is_power_of_two(label->sector_size) || label->sector_size < 512 ||
	    label->sector_size > 65536)
		return partition_flaw_set(flaw, "its sector size is impossible", LABEL_SECTOR_SIZE);
	return 0;
}

static struct disklabel_partition
partition_decode(const uint8_t *p, enum byte_order order, bool has_high)
{
	struct disklabel_partition partition = {
		.type = p[PARTITION_TYPE],
		.first = load32(p + PARTITION_FIRST, order),
		.count = load32(p + PARTITION_COUNT, order),
	};

	if (has_high) {
		partition.first |= (uint64_t)load16(p + PARTITION_FIRST_HIGH, order) << 32;
		partition.count |= (uint64_t)load16(p + PARTITION_COUNT_HIGH, order) << 32;
	}
	return partition;
}

/* Text of the label, which need not end in a NUL. */
static void
label_text(const uint8_t *bytes, char text[DISKLABEL_LABEL_TEXT])
{
	for (unsigned i = 0; i < DISKLABEL_LABEL_TEXT - 1 && bytes[i] != '\0'; i++)
		text[i] = (char)(bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '?');
}

int
disklabel_decode(const uint8_t *bytes, size_t length, struct disklabel *out,
    struct partition_flaw *flaw)
{
	bool has_high;
	int error;

	*out = (struct disklabel){ .order = ORDER_LITTLE };
	if (length < LABEL_PARTITIONS)
		return -ENOENT;
	if (load_be32(bytes + LABEL_MAGIC) == MAGIC)
		out->order = ORDER_BIG;
	else if (load_le32(bytes + LABEL_MAGIC) != MAGIC)
		return -ENOENT;
	out->sector_size = load32(bytes + LABEL_SECTOR_SIZE, out->order);
	out->partition_count = load16(bytes + LABEL_COUNT, out->order);
	error = label_check(bytes, length, out, flaw);
	if (error < 0)
		return error;
	label_text(bytes + LABEL_PACK_NAME, out->label);
	has_high = load16(bytes + LABEL_VERSION, out->order) == 1;
	for (uint32_t i = 0; i < out->partition_count; i++)
		out->partitions[i] = partition_decode(bytes + LABEL_PARTITIONS + i * PARTITION_SIZE,
		    out->order, has_high);
	return 0;
}

const char *
disklabel_type_name(uint8_t type)
{
	static const char *const names[] = {
		[1] = "swap",
		[5] = "4.1BSD",
		[7] = "4.2BSD FFS",
		[8] = "FAT",
		[9] = "4.4BSD LFS",
		[11] = "HPFS",
		[12] = "ISO 9660",
		[13] = "boot",
		[17] = "ext2",
	};

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}
