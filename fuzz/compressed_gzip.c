/* Files of gzip; see compressed.h.  What has another format is not looked at. */
#include "fuzz/compressed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t magic[] = { 0x1f, 0x8b, 8 };

	if (size >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0)
		read_compressed(data, size);
	return 0;
}
