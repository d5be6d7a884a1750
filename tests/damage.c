/*
 * See damage.h.
 *
 * Blind damage hits a sector, whatever it holds.  Aimed damage spoils one kind
 * of structure in a way that is likely to be believed: a superblock field, an
 * inode field, a directory entry, pointers that lead in circles.  Fields are
 * hit at any offset that fits their alignment, so that there is no list of them
 * here that could forget one.
 */
#include "tests/damage.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "fs/ffs/dinode.h"
#include "fs/ffs/layout.h"

#define DIRECTORY_BLOCK	  512
#define ENTRIES_PER_BLOCK (DIRECTORY_BLOCK / 12)

/* ---- anatomy -------------------------------------------------------------------------- */

static void
learn_sectors(struct anatomy *anatomy, uint64_t sector_count, const bool *is_metadata)
{
	anatomy->sectors = calloc(sector_count + 1, sizeof(*anatomy->sectors));
	for (uint64_t i = 0; i < sector_count; i++)
		if (is_metadata[i])
			anatomy->sectors[anatomy->sector_count++] = i;
	if (anatomy->sector_count == 0)
		anatomy->sector_count = 1; /* the first one */
}

static bool
learn_superblock(struct anatomy *anatomy, const uint8_t *bytes, uint64_t size)
{
	struct ffs_flaw flaw;

	for (unsigned i = 0; i < FFS_SUPERBLOCK_PLACES; i++) {
		uint64_t place = ffs_superblock_places[i];

		if (size >= FFS_SUPERBLOCK_SIZE && place <= size - FFS_SUPERBLOCK_SIZE &&
		    ffs_superblock_decode(bytes + place, FFS_SUPERBLOCK_SIZE, place, &anatomy->sb,
			&flaw) == 0)
			return true;
	}
	anatomy->sb.block_size = 0;
	return false;
}

static void
learn_inode(struct anatomy *anatomy, const uint8_t *bytes, uint64_t size, uint32_t ino)
{
	const struct ffs_superblock *sb = &anatomy->sb;
	struct ffs_dinode dinode;
	struct ffs_flaw flaw;
	uint64_t fragment, offset, first;
	uint32_t within;

	if (!ffs_inode_place(sb, ino, &fragment, &within))
		return;
	offset = ffs_fragment_offset(sb, fragment) + within;
	if (offset + sb->inode_size > size ||
	    ffs_dinode_decode(sb, bytes + offset, sb->inode_size, &dinode, &flaw) != 0 ||
	    dinode.type == FFS_TYPE_NONE)
		return;
	first = dinode.is_short_link ? 0 : ffs_fragment_offset(sb, dinode.direct[0]);
	anatomy->inodes[anatomy->inode_count++] = (struct anatomy_inode){
		.offset = offset,
		.ino = ino,
		.is_directory = dinode.type == FFS_TYPE_DIRECTORY,
		.first = first < size && size - first >= sb->block_size ? first : 0,
	};
}

void
anatomy_create(struct anatomy *anatomy, const uint8_t *bytes, uint64_t size,
    const bool *is_metadata)
{
	*anatomy = (struct anatomy){ .sector_count = 0 };
	learn_sectors(anatomy, size / DAMAGE_SECTOR, is_metadata);
	if (!learn_superblock(anatomy, bytes, size))
		return;
	anatomy->inodes = calloc(ffs_inode_count(&anatomy->sb), sizeof(*anatomy->inodes));
	for (uint32_t ino = 1; ino < ffs_inode_count(&anatomy->sb); ino++)
		learn_inode(anatomy, bytes, size, ino);
}

void
anatomy_destroy(struct anatomy *anatomy)
{
	free(anatomy->sectors);
	free(anatomy->inodes);
}

/* ---- choosing ------------------------------------------------------------------------- */

static uint64_t
below(struct patient *patient, uint64_t count)
{
	return random_below(&patient->random, count);
}

static uint64_t
pick_metadata(struct patient *patient)
{
	const struct anatomy *anatomy = patient->anatomy;

	return anatomy->sectors[below(patient, anatomy->sector_count)];
}

static uint64_t
pick_sector(struct patient *patient, bool is_aimed)
{
	return is_aimed ? pick_metadata(patient) : below(patient, patient->size / DAMAGE_SECTOR);
}

static const struct anatomy_inode *
pick_inode(struct patient *patient, bool wants_directory)
{
	const struct anatomy *anatomy = patient->anatomy;

	for (unsigned tries = 0; tries < 1000 && anatomy->inode_count > 0; tries++) {
		const struct anatomy_inode *inode =
		    &anatomy->inodes[below(patient, anatomy->inode_count)];

		if (!wants_directory || (inode->is_directory && inode->first != 0))
			return inode;
	}
	return NULL;
}

/* The fragment that a metadata sector is in. */
static uint64_t
pick_fragment(struct patient *patient)
{
	return pick_metadata(patient) * DAMAGE_SECTOR >> patient->anatomy->sb.fragment_shift;
}

/* A value that a field is likely to go wrong with. */
static uint64_t
pick_value(struct patient *patient)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		7,
		0x7f,
		0xff,
		0x200,
		0x7fff,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffffffffffffffff,
	};

	switch (below(patient, 5)) {
	case 0:
		return pick_fragment(patient);
	case 1:
		return patient->anatomy->sb.fragment_count - 4 + below(patient, 8);
	case 2:
		return (uint64_t)1 << below(patient, 64);
	case 3:
		return random_next(&patient->random);
	default:
		return values[below(patient, sizeof(values) / sizeof(values[0]))];
	}
}

/* ---- writing -------------------------------------------------------------------------- */

static uint8_t *
sector_at(const struct patient *patient, uint64_t sector)
{
	if (sector >= patient->size / DAMAGE_SECTOR)
		sector = 0;
	return patient->bytes + sector * DAMAGE_SECTOR;
}

/* A field of 2, 4 or 8 bytes in the order of the file system; left out past the end. */
static void
put(struct patient *patient, uint64_t offset, unsigned width, uint64_t value)
{
	bool is_big = patient->anatomy->sb.order == ORDER_BIG;

	if (offset > patient->size || width > patient->size - offset)
		return;
	for (unsigned i = 0; i < width; i++) {
		unsigned shift = 8 * (is_big ? width - 1 - i : i);

		patient->bytes[offset + i] = (uint8_t)(value >> shift);
	}
	if (patient->story != NULL)
		fprintf(patient->story, "#   byte %llu: %u bytes become %#llx\n",
		    (unsigned long long)offset, width, (unsigned long long)value);
}

static uint64_t
get(const struct patient *patient, uint64_t offset, unsigned width)
{
	const uint8_t *bytes = patient->bytes + offset;
	enum byte_order order = patient->anatomy->sb.order;

	if (offset > patient->size || width > patient->size - offset)
		return 0;
	return width == 8 ? load64(bytes, order) : load32(bytes, order);
}

/* ---- blind damage --------------------------------------------------------------------- */

static void
flip_bits(struct patient *patient, uint8_t *sector)
{
	for (uint64_t count = 1 + below(patient, 16); count > 0; count--)
		sector[below(patient, DAMAGE_SECTOR)] ^= (uint8_t)(1 << below(patient, 8));
}

static void
spoil_words(struct patient *patient, uint8_t *sector)
{
	for (uint64_t count = 1 + below(patient, 4); count > 0; count--) {
		uint64_t value = pick_value(patient);

		memcpy(sector + 8 * below(patient, DAMAGE_SECTOR / 8), &value, sizeof(value));
	}
}

static void
fill(struct patient *patient, uint8_t *sector, int byte)
{
	uint64_t start = below(patient, DAMAGE_SECTOR);

	memset(sector + start, byte, 1 + below(patient, DAMAGE_SECTOR - start));
}

static void
clear(struct patient *patient, uint8_t *sector)
{
	fill(patient, sector, 0);
}

static void
erase(struct patient *patient, uint8_t *sector)
{
	fill(patient, sector, 0xff);
}

static void
copy_other(struct patient *patient, uint8_t *sector)
{
	memmove(sector, sector_at(patient, pick_metadata(patient)), DAMAGE_SECTOR);
}

static void
swap_with_other(struct patient *patient, uint8_t *sector)
{
	uint8_t *other = sector_at(patient, pick_metadata(patient));
	uint8_t kept[DAMAGE_SECTOR];

	memcpy(kept, sector, DAMAGE_SECTOR);
	memmove(sector, other, DAMAGE_SECTOR);
	memcpy(other, kept, DAMAGE_SECTOR);
}

static void
damage_sector(struct patient *patient, bool is_aimed)
{
	static const struct {
		const char *what;
		void (*apply)(struct patient *patient, uint8_t *sector);
	} kinds[] = {
		{ "bits flip", flip_bits },
		{ "words change", spoil_words },
		{ "a run is zeroed", clear },
		{ "a run is erased", erase },
		{ "another sector is copied here", copy_other },
		{ "two sectors are swapped", swap_with_other },
	};
	uint64_t sector = pick_sector(patient, is_aimed);
	uint64_t kind = below(patient, sizeof(kinds) / sizeof(kinds[0]));

	if (patient->story != NULL)
		fprintf(patient->story, "# sector %llu: %s\n", (unsigned long long)sector,
		    kinds[kind].what);
	kinds[kind].apply(patient, sector_at(patient, sector));
}

/* ---- aimed damage --------------------------------------------------------------------- */

/* Absurd geometry, mostly in fields that are in use. */
static void
damage_superblock(struct patient *patient)
{
	uint64_t value = pick_value(patient), at = 0;

	for (unsigned tries = 0; tries < 8 && get(patient, at, 4) == 0; tries++)
		at = patient->anatomy->sb.location + 4 * below(patient, FFS_SUPERBLOCK_USED / 4);
	if (below(patient, 2) == 0)
		value = get(patient, at, 4) + below(patient, 5) - 2;
	put(patient, at, below(patient, 4) == 0 ? 8 : 4, value);
}

static void
damage_inode(struct patient *patient)
{
	const struct anatomy_inode *inode = pick_inode(patient, false);
	uint64_t words = patient->anatomy->sb.inode_size / 4;

	if (inode != NULL)
		put(patient, inode->offset + 4 * below(patient, words),
		    below(patient, 2) == 0 ? 8 : 4, pick_value(patient));
}

/* An inode number for an entry of directory, of those that make trees go round. */
static uint64_t
pick_goal(struct patient *patient, const struct anatomy_inode *directory)
{
	switch (below(patient, 4)) {
	case 0:
		return directory->ino;
	case 1:
		return FFS_ROOT_INO;
	case 2:
		return pick_inode(patient, true)->ino;
	default:
		return pick_value(patient);
	}
}

/* An entry in the first block of a directory. */
static void
damage_entry(struct patient *patient)
{
	const struct anatomy_inode *directory = pick_inode(patient, true);
	bool is_big = patient->anatomy->sb.order == ORDER_BIG;
	uint64_t at, steps = below(patient, ENTRIES_PER_BLOCK);
	uint32_t offset = 0;

	if (directory == NULL)
		return;
	at = directory->first;
	for (; steps > 0; steps--) {
		const uint8_t *length = patient->bytes + at + offset + 4;

		if (at + offset + 12 > patient->size)
			return;
		offset += is_big ? load_be16(length) : load_le16(length);
		if (offset >= DIRECTORY_BLOCK)
			offset = 0;
	}
	if (below(patient, 3) == 0)
		put(patient, at + offset + 4, 2, pick_value(patient));
	else
		put(patient, at + offset, 4, pick_goal(patient, directory));
}

/* Places of fields in an inode, bytes. */
static uint64_t
size_field(const struct patient *patient)
{
	return patient->anatomy->sb.version == FFS_UFS2 ? 16 : 8;
}

static uint64_t
sectors_field(const struct patient *patient)
{
	return patient->anatomy->sb.version == FFS_UFS2 ? 24 : 104;
}

static uint64_t
indirect_field(const struct patient *patient, uint64_t level)
{
	const struct ffs_superblock *sb = &patient->anatomy->sb;

	return (sb->version == FFS_UFS2 ? 208 : 88) + level * sb->pointer_size;
}

/* Pointers that lead to metadata, to themselves and in circles. */
static void
damage_pointers(struct patient *patient)
{
	const struct ffs_superblock *sb = &patient->anatomy->sb;
	const struct anatomy_inode *inode = pick_inode(patient, false);
	unsigned width = sb->pointer_size;
	uint64_t at, address;

	if (inode == NULL)
		return;
	at = inode->offset + indirect_field(patient, below(patient, FFS_INDIRECT_COUNT));
	address = get(patient, at, width);
	if (address == 0 || below(patient, 2) == 0)
		address = pick_fragment(patient);
	put(patient, at, width, address);
	if (below(patient, 2) == 0)
		put(patient, inode->offset + size_field(patient), 8,
		    sb->file_size_max >> below(patient, 20));
	for (uint64_t count = 1 + below(patient, 4); count > 0; count--) {
		uint64_t entry =
		    below(patient, below(patient, 2) == 0 ? 8 : sb->block_size / width);

		put(patient, ffs_fragment_offset(sb, address) + entry * width, width,
		    below(patient, 2) == 0 ? address : pick_fragment(patient));
	}
}

/* A block that all of another one's pointers lead to. */
static uint64_t
fill_with_pointers(struct patient *patient, uint64_t goal)
{
	const struct ffs_superblock *sb = &patient->anatomy->sb;
	uint64_t fragment = pick_fragment(patient);
	struct patient quiet = *patient;

	quiet.story = NULL;
	for (uint64_t at = 0; at < sb->block_size; at += sb->pointer_size)
		put(&quiet, ffs_fragment_offset(sb, fragment) + at, sb->pointer_size, goal);
	return fragment;
}

/*
 * A file or directory that reaches as far as pointers can, through the same few
 * blocks again and again; what it ends in is data, or nothing.
 */
static void
make_endless(struct patient *patient)
{
	const struct ffs_superblock *sb = &patient->anatomy->sb;
	const struct anatomy_inode *inode = pick_inode(patient, below(patient, 2) == 0);
	uint64_t goal = below(patient, 2) == 0 ? 0 : pick_fragment(patient);
	uint64_t limit = inode == NULL || !inode->is_directory ? sb->file_size_max : patient->size;

	if (inode == NULL)
		return;
	for (unsigned level = 0; level < FFS_INDIRECT_COUNT; level++) {
		goal = fill_with_pointers(patient, goal);
		put(patient, inode->offset + indirect_field(patient, level), sb->pointer_size,
		    goal);
	}
	limit -= limit % DAMAGE_SECTOR;
	put(patient, inode->offset + size_field(patient), 8, limit);
	put(patient, inode->offset + sectors_field(patient), sb->pointer_size, UINT64_MAX);
}

static void
cut_off(struct patient *patient)
{
	patient->size = below(patient, below(patient, 2) == 0 ? patient->size : 131072);
	if (patient->story != NULL)
		fprintf(patient->story, "# cut off at byte %llu\n",
		    (unsigned long long)patient->size);
}

void
damage(struct patient *patient, bool is_aimed)
{
	static const struct {
		const char *what;
		void (*apply)(struct patient *patient);
	} kinds[] = {
		{ "a field of the superblock", damage_superblock },
		{ "a field of an inode", damage_inode },
		{ "a field of an inode", damage_inode },
		{ "a directory entry", damage_entry },
		{ "pointers", damage_pointers },
		{ "pointers", damage_pointers },
		{ "a file without end", make_endless },
	};
	uint64_t kind;

	if (patient->size < 2 * DAMAGE_SECTOR)
		return;
	if (below(patient, 30) == 0) {
		cut_off(patient);
	} else if (!is_aimed || patient->anatomy->sb.block_size == 0 || below(patient, 2) == 0) {
		damage_sector(patient, is_aimed);
	} else {
		kind = below(patient, sizeof(kinds) / sizeof(kinds[0]));
		if (patient->story != NULL)
			fprintf(patient->story, "# %s\n", kinds[kind].what);
		kinds[kind].apply(patient);
	}
}
