/*
 * What a compression format looks like to the store: a decoder, made for one
 * file, and streams of it, each of which decodes forward from some offset.
 *
 * A decoder does not change once it is open; a stream belongs to whoever made
 * it.  The store calls all of it under its lock.  Offsets "at" are in what is
 * packed, "place" is a byte of the file.
 *
 * A damaged file is -EUCLEAN and a fault; limits on memory are -EOPNOTSUPP and
 * a fault; -EIO and -ENOMEM need no fault.
 */
#ifndef HOST_POSIX_COMPRESSED_DECODER_H
#define HOST_POSIX_COMPRESSED_DECODER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "hypercall/hypercall.h"

#define DECODER_HEAD	 18		       /* bytes that tell a format */
#define DECODER_INPUT	 16384		       /* bytes read from the file at a time */
#define DECODER_CHUNK	 (128 << 10)	       /* bytes that the store asks for at a time */
#define DECODER_MEMORY	 ((uint64_t)160 << 20) /* that one stream may take */
#define DECODER_SIZE_MAX ((uint64_t)1 << 62)   /* of what is packed */

/* A compressed file. */
struct source {
	int descriptor;
	uint64_t size;
};

/* A decoder's own structure begins with this. */
struct decoder {
	const struct decoder_ops *ops;
	struct source source;
	uint64_t size; /* of what is packed */
};

/* So does a stream's. */
struct stream {
	struct decoder *decoder;
	uint64_t at;	 /* of the next byte it gives */
	uint64_t memory; /* that it takes, about */
	uint64_t used;	 /* when, for the store */
};

struct decoder_ops {
	/* May a file that begins like this have the format? */
	bool (*recognises)(const uint8_t head[DECODER_HEAD]);

	/* Find out the size, and where decoding can start. */
	int (*open)(const struct source *source, struct decoder **out,
	    struct host_block_fault *fault);

	void (*close)(struct decoder *decoder);

	/* The last offset up to at, which is below the size, where a stream can start. */
	uint64_t (*nearest)(const struct decoder *decoder, uint64_t at);

	/* A stream from at on, which nearest() has returned. */
	int (*stream_open)(struct decoder *decoder, uint64_t at, struct stream **out,
	    struct host_block_fault *fault);

	/*
	 * The next size bytes, which are there by decoder->size.  After an error
	 * the stream can only be closed.  The store sees to stream->at.
	 */
	int (*stream_read)(struct stream *stream, uint8_t *buffer, size_t size,
	    struct host_block_fault *fault);

	void (*stream_close)(struct stream *stream);
};

extern const struct decoder_ops gzip_decoder;
extern const struct decoder_ops xz_decoder;
extern const struct decoder_ops zstd_decoder;

/*
 * Read up to size bytes from place on; *done is less only where the file ends.
 * -EIO.
 */
MUST_CHECK int source_read(const struct source *source, uint64_t place, void *buffer, size_t size,
    size_t *done);

/* Say what is wrong at place of the file, and return error. */
static inline int
decoder_fault(struct host_block_fault *fault, int error, const char *what, uint64_t place)
{
	*fault = (struct host_block_fault){ .what = what, .place = place };
	return error;
}

#endif
