/*
 * Any bytes as an area of extended attributes.  The first byte chooses the byte
 * order.  What is read lies in the area, and is read the same when written again.
 */
#include "base/math.h"
#include "fs/ffs/extattr.h"
#include "kern/kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_record(const uint8_t *area, uint32_t size, const struct ffs_extattr *each,
    enum byte_order order)
{
	static uint8_t bytes[8192];
	const uint8_t *name = (const uint8_t *)each->name.bytes;
	struct ffs_extattr again;
	struct ffs_flaw flaw;
	uint64_t length = ffs_extattr_length(each->name.length, each->value_size);

	ASSERT(each->length >= 8 && each->length <= size - each->offset);
	ASSERT(name >= area && name + each->name.length <= area + size);
	ASSERT(each->value >= area && each->value + each->value_size <= area + size);
	ASSERT(length <= each->length);
	if (length > sizeof(bytes))
		return;
	ffs_extattr_encode(each, order, bytes);
	ASSERT(ffs_extattr_decode(bytes, (uint32_t)length, 0, order, &again, &flaw) == 0);
	ASSERT(name_equal(again.name, each->name) && again.space == each->space);
	ASSERT(again.value_size == each->value_size);
	ASSERT(memcmp(again.value, each->value, each->value_size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum byte_order order = size > 0 && (data[0] & 1) != 0 ? ORDER_BIG : ORDER_LITTLE;
	uint32_t length = size > 0 ? (uint32_t)min_u64(size - 1, UINT32_MAX) : 0;
	const uint8_t *area = data + 1;
	struct ffs_extattr each;
	struct ffs_flaw flaw;

	for (uint32_t at = 0; at < length; at += each.length) {
		if (ffs_extattr_decode(area, length, at, order, &each, &flaw) != 0) {
			ASSERT(flaw.offset >= at && flaw.offset < length);
			break;
		}
		check_record(area, length, &each, order);
	}
	return 0;
}
