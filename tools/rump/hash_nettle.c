/* SHA-256 of a file's content, by nettle. */
#include <errno.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <stdio.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "tools/rump/hash.h"

enum {
	BUFFER_SIZE = 256 * 1024,
};

bool
hash_is_available(void)
{
	return true;
}

int
hash_file(int fd, char text[HASH_TEXT])
{
	static _Alignas(4096) uint8_t buffer[BUFFER_SIZE];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	ssize_t length;

	sha256_init(&context);
	while ((length = rump_sys_read(fd, buffer, sizeof(buffer))) > 0)
		sha256_update(&context, (size_t)length, buffer);
	if (length < 0)
		return errno;
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return 0;
}
