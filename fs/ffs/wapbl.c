/*
 * Decoding and encoding of the journal's headers, records and entries.
 *
 * Each header and record is looked at alone: whether the records between tail
 * and head hang together is for whoever follows them to see.  Nothing here is
 * protected by a checksum, so the checks of bounds are all there is.
 */
#include "fs/ffs/wapbl.h"

#include "base/math.h"
#include "base/string.h"

#define MAGIC_HEADER 0x5741424c
#define VERSION	     1
#define SHIFT_MIN    9
#define SHIFT_MAX    16

/* Offsets in a header. */
enum header_field {
	H_TYPE = 0,
	H_LENGTH = 4,
	H_GENERATION = 12,
	H_TIME = 24,
	H_TIME_NS = 32,
	H_VERSION = 36,
	H_LOG_SHIFT = 40,
	H_DEVICE_SHIFT = 44,
	H_HEAD = 48,
	H_TAIL = 56,
	H_AREA_OFFSET = 64,
	H_AREA_SIZE = 72,
	H_END = 80,
};

/* Offsets in a record, and in an entry. */
enum record_field {
	R_TYPE = 0,
	R_LENGTH = 4,
	R_COUNT = 8,
	R_IS_FIRST = 12, /* of inodes only */
	R_ENTRIES = 16,
	E_ADDRESS = 0,
	E_LENGTH = 12,
	E_END = 16,
	INODE_MODE = 4, /* in an entry of a list of inodes ... */
	INODE_END = 8,
};

/* The circular area: whole log blocks behind the two headers. */
static int
decode_area(const uint8_t *bytes, uint64_t log_size, struct ffs_wapbl_header *out,
    struct ffs_flaw *flaw)
{
	uint64_t offset = load64(bytes + H_AREA_OFFSET, out->order);
	uint64_t size = load64(bytes + H_AREA_SIZE, out->order);

	if (offset < 2 * (uint64_t)out->block_size || offset % out->block_size != 0 ||
	    offset > log_size)
		return ffs_flaw_set(flaw, "area of the journal does not begin behind its headers",
		    H_AREA_OFFSET, (int64_t)offset);
	if (size == 0 || size % out->block_size != 0 || size > log_size - offset)
		return ffs_flaw_set(flaw, "area of the journal does not fit it", H_AREA_SIZE,
		    (int64_t)size);
	out->area_offset = offset;
	out->area_size = size;
	return 0;
}

/*
 * Head and tail count from the start of the log, so 0 is never a place in the
 * area: both 0 says that there are no records.  Equal otherwise, the area is
 * full of them.
 */
static int
decode_bounds(const uint8_t *bytes, struct ffs_wapbl_header *out, struct ffs_flaw *flaw)
{
	uint64_t head = load64(bytes + H_HEAD, out->order);
	uint64_t tail = load64(bytes + H_TAIL, out->order);
	uint64_t first = out->area_offset, size = out->area_size;

	if (head == 0 && tail == 0)
		return 0;
	if (head < first || head - first >= size || head % out->block_size != 0)
		return ffs_flaw_set(flaw, "head of the journal is not in its area", H_HEAD,
		    (int64_t)head);
	if (tail < first || tail - first >= size || tail % out->block_size != 0)
		return ffs_flaw_set(flaw, "tail of the journal is not in its area", H_TAIL,
		    (int64_t)tail);
	out->tail = tail - first;
	out->used = head > tail ? head - tail : size - (tail - head);
	return 0;
}

int
ffs_wapbl_header_decode(const uint8_t *bytes, size_t size, uint64_t log_size,
    struct ffs_wapbl_header *out, struct ffs_flaw *flaw)
{
	uint32_t shift;
	int error;

	*out = (struct ffs_wapbl_header){ .order = ORDER_LITTLE };
	if (size < H_END)
		return -ENODEV;
	if (load_be32(bytes + H_TYPE) == MAGIC_HEADER)
		out->order = ORDER_BIG;
	else if (load_le32(bytes + H_TYPE) != MAGIC_HEADER)
		return -ENODEV;

	if (load32(bytes + H_VERSION, out->order) != VERSION)
		return ffs_flaw_set(flaw, "version of the journal is unknown", H_VERSION,
		    load32(bytes + H_VERSION, out->order));
	shift = load32(bytes + H_LOG_SHIFT, out->order);
	if (shift < SHIFT_MIN || shift > SHIFT_MAX)
		return ffs_flaw_set(flaw, "block size of the journal is not from 512 to 65536",
		    H_LOG_SHIFT, shift);
	out->block_size = (uint32_t)1 << shift;
	out->unit_shift = load32(bytes + H_DEVICE_SHIFT, out->order);
	if (out->unit_shift < SHIFT_MIN || out->unit_shift > SHIFT_MAX)
		return ffs_flaw_set(flaw,
		    "unit of addresses in the journal is not from 512 to 65536", H_DEVICE_SHIFT,
		    out->unit_shift);
	if (load32(bytes + H_LENGTH, out->order) < H_END ||
	    load32(bytes + H_LENGTH, out->order) > out->block_size)
		return ffs_flaw_set(flaw, "header of the journal does not fit its block", H_LENGTH,
		    load32(bytes + H_LENGTH, out->order));
	out->generation = load32(bytes + H_GENERATION, out->order);
	error = decode_area(bytes, log_size, out, flaw);
	if (error == 0)
		error = decode_bounds(bytes, out, flaw);
	return error;
}

int
ffs_wapbl_record_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes, uint64_t left,
    struct ffs_wapbl_record *out, struct ffs_flaw *flaw)
{
	uint32_t type = load32(bytes + R_TYPE, header->order);

	*out = (struct ffs_wapbl_record){ .type = (enum ffs_wapbl_type)type };
	if (type != FFS_WAPBL_INODES && type != FFS_WAPBL_REVOCATIONS && type != FFS_WAPBL_BLOCKS)
		return ffs_flaw_set(flaw, "type of a journal record is unknown", R_TYPE, type);
	out->length = load32(bytes + R_LENGTH, header->order);
	if (out->length == 0 || out->length > INT32_MAX || out->length % header->block_size != 0 ||
	    out->length > left)
		return ffs_flaw_set(flaw, "length of a journal record does not fit the journal",
		    R_LENGTH, (int32_t)out->length);
	out->count = load32(bytes + R_COUNT, header->order);
	if (out->count > ffs_wapbl_record_room(header, out->type))
		return ffs_flaw_set(flaw, "entries of a journal record do not fit it", R_COUNT,
		    (int32_t)out->count);
	out->is_first = type == FFS_WAPBL_INODES && load32(bytes + R_IS_FIRST, header->order) != 0;
	return 0;
}

int
ffs_wapbl_entry_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes, uint32_t index,
    uint64_t limit, struct ffs_wapbl_entry *out, struct ffs_flaw *flaw)
{
	uint32_t offset = R_ENTRIES + index * E_END;
	uint64_t address = load64(bytes + offset + E_ADDRESS, header->order);
	uint32_t length = load32(bytes + offset + E_LENGTH, header->order);

	*out = (struct ffs_wapbl_entry){ .length = 0 };
	if (address > limit >> header->unit_shift)
		return ffs_flaw_set(flaw, "address in a journal record is outside the file system",
		    offset + E_ADDRESS, (int64_t)address);
	out->offset = address << header->unit_shift;
	out->length = length;
	if (length == 0 || length % ((uint32_t)1 << header->unit_shift) != 0 ||
	    length > limit - out->offset)
		return ffs_flaw_set(flaw, "length in a journal record does not fit the file system",
		    offset + E_LENGTH, (int32_t)length);
	return 0;
}

void
ffs_wapbl_inode_decode(const struct ffs_wapbl_header *header, const uint8_t *bytes, uint32_t index,
    struct ffs_wapbl_inode *out)
{
	const uint8_t *from = bytes + R_ENTRIES + index * (size_t)INODE_END;

	out->ino = load32(from, header->order);
	out->mode = load32(from + INODE_MODE, header->order);
}

/* ---- writing --------------------------------------------------------------------- */

void
ffs_wapbl_header_encode(const struct ffs_wapbl_header *header, struct ffs_time now, uint8_t *bytes)
{
	enum byte_order order = header->order;
	uint64_t head = (header->tail + header->used) % header->area_size;
	bool is_empty = header->used == 0;

	memset(bytes, 0, header->block_size);
	store32(bytes + H_TYPE, MAGIC_HEADER, order);
	store32(bytes + H_LENGTH, header->block_size, order);
	store32(bytes + H_GENERATION, header->generation, order);
	store64(bytes + H_TIME, (uint64_t)now.seconds, order);
	store32(bytes + H_TIME_NS, now.nanoseconds, order);
	store32(bytes + H_VERSION, VERSION, order);
	store32(bytes + H_LOG_SHIFT, log2_floor(header->block_size), order);
	store32(bytes + H_DEVICE_SHIFT, header->unit_shift, order);
	store64(bytes + H_HEAD, is_empty ? 0 : header->area_offset + head, order);
	store64(bytes + H_TAIL, is_empty ? 0 : header->area_offset + header->tail, order);
	store64(bytes + H_AREA_OFFSET, header->area_offset, order);
	store64(bytes + H_AREA_SIZE, header->area_size, order);
}

uint32_t
ffs_wapbl_record_room(const struct ffs_wapbl_header *header, enum ffs_wapbl_type type)
{
	return (header->block_size - R_ENTRIES) / (type == FFS_WAPBL_INODES ? INODE_END : E_END);
}

void
ffs_wapbl_record_encode(const struct ffs_wapbl_header *header,
    const struct ffs_wapbl_record *record, uint8_t *bytes)
{
	store32(bytes + R_TYPE, record->type, header->order);
	store32(bytes + R_LENGTH, record->length, header->order);
	store32(bytes + R_COUNT, record->count, header->order);
	store32(bytes + R_IS_FIRST, record->is_first, header->order);
}

void
ffs_wapbl_entry_encode(const struct ffs_wapbl_header *header, const struct ffs_wapbl_entry *entry,
    uint32_t index, uint8_t *bytes)
{
	uint8_t *to = bytes + R_ENTRIES + index * (size_t)E_END;

	store64(to + E_ADDRESS, entry->offset >> header->unit_shift, header->order);
	store32(to + E_LENGTH, (uint32_t)entry->length, header->order);
}

void
ffs_wapbl_inode_encode(const struct ffs_wapbl_header *header, const struct ffs_wapbl_inode *inode,
    uint32_t index, uint8_t *bytes)
{
	uint8_t *to = bytes + R_ENTRIES + index * (size_t)INODE_END;

	store32(to, inode->ino, header->order);
	store32(to + INODE_MODE, inode->mode, header->order);
}
