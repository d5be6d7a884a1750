/*
 * xz, by liblzma.
 *
 * A file is a sequence of streams, each of blocks, which are compressed
 * independently of each other; an index behind each stream lists their sizes.
 * The indices are read when the file is opened, from its end, and decoding can
 * start at every block.  Many files have one block only.
 *
 * Each block is decoded with the sizes that the index claims, and its checksum
 * checked, so an index that lies is found when the block is read to its end.
 */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "host/posix/compressed/decoder.h"

#define INDEX_MEMORY ((uint64_t)16 << 20)

struct xz {
	struct decoder decoder;
	lzma_index *index;
};

struct xz_stream {
	struct stream stream;
	lzma_stream lzma;
	lzma_index_iter iter; /* at the block that is decoded */
	lzma_block block;     /* used by lzma while it decodes */
	bool has_block;	      /* that is not at its end */
	uint64_t place;	      /* of the file, from where input is read next */
	uint64_t place_end;   /* of the block, or of the file when reading indices */
	uint8_t input[DECODER_INPUT];
};

static bool
xz_recognises(const uint8_t head[DECODER_HEAD])
{
	return memcmp(head,
		   "\xfd"
		   "7zXZ",
		   6) == 0; /* with the NUL */
}

static uint64_t
xz_place(const struct xz_stream *stream)
{
	return stream->place - stream->lzma.avail_in;
}

/* Read input if there is none left; there is none at place_end. */
static int
xz_fill(const struct source *source, struct xz_stream *stream)
{
	size_t size, count;
	int error;

	if (stream->lzma.avail_in > 0)
		return 0;
	size = (size_t)min_u64(sizeof(stream->input), stream->place_end - stream->place);
	error = source_read(source, stream->place, stream->input, size, &count);
	if (error < 0)
		return error;
	stream->place += count;
	stream->lzma.next_in = stream->input;
	stream->lzma.avail_in = count;
	return 0;
}

/* The error for what liblzma says, and a fault. */
static int
xz_error(const struct xz_stream *stream, lzma_ret result, struct host_block_fault *fault)
{
	switch (result) {
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return decoder_fault(fault, -EOPNOTSUPP, "xz: it would take too much memory",
		    xz_place(stream));
	case LZMA_OPTIONS_ERROR:
		return decoder_fault(fault, -EOPNOTSUPP, "xz: made with unknown options",
		    xz_place(stream));
	case LZMA_FORMAT_ERROR:
		return decoder_fault(fault, -EUCLEAN, "xz: it does not end as it should",
		    xz_place(stream));
	case LZMA_BUF_ERROR:
		return decoder_fault(fault, -EUCLEAN, "xz: the file ends too early",
		    xz_place(stream));
	default:
		return decoder_fault(fault, -EUCLEAN, "xz: the data is damaged", xz_place(stream));
	}
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* Let liblzma find all indices; it says where it wants to read. */
static int
xz_read_indices(const struct source *source, struct xz_stream *stream,
    struct host_block_fault *fault)
{
	for (;;) {
		int error = xz_fill(source, stream);
		bool is_end = stream->lzma.avail_in == 0;
		lzma_ret result;

		if (error < 0)
			return error;
		result = lzma_code(&stream->lzma, is_end ? LZMA_FINISH : LZMA_RUN);
		if (result == LZMA_STREAM_END)
			return 0;
		if (result == LZMA_SEEK_NEEDED) {
			stream->place = stream->lzma.seek_pos;
			stream->lzma.avail_in = 0;
			if (stream->place > stream->place_end)
				return xz_error(stream, LZMA_DATA_ERROR, fault);
		} else if (result != LZMA_OK) {
			return xz_error(stream, result, fault);
		}
	}
}

static int
xz_open(const struct source *source, struct decoder **out, struct host_block_fault *fault)
{
	struct xz *xz = calloc(1, sizeof(*xz));
	struct xz_stream *stream = calloc(1, sizeof(*stream));
	int error = -ENOMEM;

	*out = NULL;
	if (xz == NULL || stream == NULL)
		goto free_all;
	stream->lzma = (lzma_stream)LZMA_STREAM_INIT;
	stream->place_end = source->size;
	if (lzma_file_info_decoder(&stream->lzma, &xz->index, INDEX_MEMORY, source->size) !=
	    LZMA_OK)
		goto free_all;
	error = xz_read_indices(source, stream, fault);
	if (error < 0)
		goto end;
	xz->decoder.size = lzma_index_uncompressed_size(xz->index);
	if (xz->decoder.size > DECODER_SIZE_MAX) {
		error = decoder_fault(fault, -EUCLEAN, "xz: it claims to be too large", 0);
		lzma_index_end(xz->index, NULL);
		goto end;
	}
	*out = &xz->decoder;
	xz = NULL;

end:
	lzma_end(&stream->lzma);
free_all:
	free(stream);
	free(xz);
	return error;
}

static void
xz_close(struct decoder *decoder)
{
	struct xz *xz = container_of(decoder, struct xz, decoder);

	lzma_index_end(xz->index, NULL);
	free(xz);
}

/* ---- streams ------------------------------------------------------------------------------------ */

static uint64_t
xz_nearest(const struct decoder *decoder, uint64_t at)
{
	const struct xz *xz = container_of(decoder, struct xz, decoder);
	lzma_index_iter iter;

	lzma_index_iter_init(&iter, xz->index);
	if (lzma_index_iter_locate(&iter, at))
		return 0; /* not below the size, contrary to the contract */
	return iter.block.uncompressed_file_offset;
}

/* Decode the block's header, at the beginning of bytes, to stream->block. */
static int
xz_decode_header(struct xz_stream *stream, const uint8_t *bytes, lzma_filter *filters,
    struct host_block_fault *fault)
{
	lzma_block *block = &stream->block;
	lzma_ret result;

	result = lzma_block_header_decode(block, NULL, bytes);
	if (result != LZMA_OK)
		return xz_error(stream, result, fault);
	result = lzma_block_compressed_size(block, stream->iter.block.unpadded_size);
	if (result == LZMA_OK && block->uncompressed_size != LZMA_VLI_UNKNOWN &&
	    block->uncompressed_size != stream->iter.block.uncompressed_size)
		result = LZMA_DATA_ERROR;
	block->uncompressed_size = stream->iter.block.uncompressed_size;
	stream->stream.memory = lzma_raw_decoder_memusage(filters);
	if (result == LZMA_OK && stream->stream.memory > DECODER_MEMORY)
		result = LZMA_MEMLIMIT_ERROR;
	if (result == LZMA_OK)
		result = lzma_block_decoder(&stream->lzma, block);
	if (result != LZMA_OK)
		result = result == LZMA_PROG_ERROR ? LZMA_DATA_ERROR : result;
	lzma_filters_free(filters, NULL);
	return result == LZMA_OK ? 0 : xz_error(stream, result, fault);
}

/* Begin with the block at stream->iter. */
static int
xz_begin_block(const struct source *source, struct xz_stream *stream,
    struct host_block_fault *fault)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	uint8_t header[LZMA_BLOCK_HEADER_SIZE_MAX];
	size_t count;
	int error;

	stream->place = stream->iter.block.compressed_file_offset;
	stream->place_end = stream->place + stream->iter.block.total_size;
	stream->lzma.avail_in = 0;
	error = source_read(source, stream->place, header, sizeof(header), &count);
	if (error < 0)
		return error;
	stream->block = (lzma_block){
		.version = 1,
		.check = stream->iter.stream.flags->check,
		.filters = filters,
		.header_size = count > 0 ? lzma_block_header_size_decode(header[0]) : 0,
	};
	if (count == 0 || header[0] == 0 || stream->block.header_size > count)
		return xz_error(stream, LZMA_DATA_ERROR, fault);
	error = xz_decode_header(stream, header, filters, fault);
	stream->place += stream->block.header_size;
	stream->block.filters = NULL;
	stream->has_block = error == 0;
	return error;
}

static int
xz_stream_open(struct decoder *decoder, uint64_t at, struct stream **out,
    struct host_block_fault *fault)
{
	struct xz *xz = container_of(decoder, struct xz, decoder);
	struct xz_stream *stream = calloc(1, sizeof(*stream));
	int error = -EIO;

	if (stream == NULL)
		return -ENOMEM;
	stream->lzma = (lzma_stream)LZMA_STREAM_INIT;
	lzma_index_iter_init(&stream->iter, xz->index);
	if (!lzma_index_iter_locate(&stream->iter, at))
		error = xz_begin_block(&decoder->source, stream, fault);
	if (error < 0) {
		lzma_end(&stream->lzma);
		free(stream);
		return error;
	}
	*out = &stream->stream;
	return 0;
}

/* Decode some of the block, at most to its end. */
static int
xz_step(const struct source *source, struct xz_stream *stream, struct host_block_fault *fault)
{
	int error = xz_fill(source, stream);
	bool is_end = stream->lzma.avail_in == 0;
	lzma_ret result;

	if (error < 0)
		return error;
	result = lzma_code(&stream->lzma, is_end ? LZMA_FINISH : LZMA_RUN);
	if (result == LZMA_STREAM_END)
		stream->has_block = false;
	else if (result != LZMA_OK)
		return xz_error(stream, result, fault);
	return 0;
}

/* What is left of a block when its content is complete: its checksum. */
static int
xz_finish_block(const struct source *source, struct xz_stream *stream,
    struct host_block_fault *fault)
{
	int error = 0;

	while (error == 0 && stream->has_block)
		error = xz_step(source, stream, fault);
	return error;
}

static int
xz_stream_read(struct stream *base, uint8_t *buffer, size_t size, struct host_block_fault *fault)
{
	struct xz_stream *stream = container_of(base, struct xz_stream, stream);
	const struct source *source = &base->decoder->source;

	stream->lzma.next_out = buffer;
	stream->lzma.avail_out = size;
	while (stream->lzma.avail_out > 0) {
		int error;

		if (stream->has_block)
			error = xz_step(source, stream, fault);
		else if (lzma_index_iter_next(&stream->iter, LZMA_INDEX_ITER_NONEMPTY_BLOCK))
			error = xz_error(stream, LZMA_DATA_ERROR, fault);
		else
			error = xz_begin_block(source, stream, fault);
		if (error < 0)
			return error;
	}
	if (base->at + size - stream->iter.block.uncompressed_file_offset ==
	    stream->iter.block.uncompressed_size)
		return xz_finish_block(source, stream, fault);
	return 0;
}

static void
xz_stream_close(struct stream *base)
{
	struct xz_stream *stream = container_of(base, struct xz_stream, stream);

	lzma_end(&stream->lzma);
	free(stream);
}

const struct decoder_ops xz_decoder = {
	.recognises = xz_recognises,
	.open = xz_open,
	.close = xz_close,
	.nearest = xz_nearest,
	.stream_open = xz_stream_open,
	.stream_read = xz_stream_read,
	.stream_close = xz_stream_close,
};
