/* Files of zstd; see compressed.h.  What has another format is not looked at. */
#include "fuzz/compressed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const uint8_t skip[] = { 0x2a, 0x4d, 0x18 }; /* after any byte */

	if (size >= sizeof(magic) &&
	    (memcmp(data, magic, sizeof(magic)) == 0 || memcmp(data + 1, skip, sizeof(skip)) == 0))
		read_compressed(data, size);
	return 0;
}
