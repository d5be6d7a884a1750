/* Reading the compressed file itself; see decoder.h. */
#include <unistd.h>

#include "host/posix/compressed/decoder.h"

int
source_read(const struct source *source, uint64_t place, void *buffer, size_t size, size_t *done)
{
	*done = 0;
	if (place >= source->size)
		return 0;
	if (size > source->size - place)
		size = (size_t)(source->size - place);
	while (*done < size) {
		ssize_t count = pread(source->descriptor, (char *)buffer + *done, size - *done,
		    (off_t)(place + *done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return -EIO; /* of no bytes: the file has shrunk */
		*done += (size_t)count;
	}
	return 0;
}
