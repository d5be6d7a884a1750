/*
 * gzip (RFC 1952), by zlib.
 *
 * A file is a sequence of members, and maybe zeros after the last.  The format
 * knows neither its size nor places to start from, so all of it is decoded
 * once, which also checks every checksum, and on the way a point is made now
 * and then, between two blocks of a member, with the 32 KiB that the following
 * blocks may refer to.  Their number is bounded, so that memory is; see
 * points.h.
 *
 * A stream inside a member decodes raw blocks; from the next member on zlib sees
 * to headers and trailers.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/math.h"
#include "host/posix/compressed/decoder.h"
#include "host/posix/compressed/points.h"

#define WINDOW	   32768
#define POINTS_MAX 480 /* 15 MiB of windows */
#define SPACING	   ((uint64_t)1 << 20)
#define MAGIC	   0x1f /* the first byte of a member */
#define TRAILER	   8	/* checksum and size */

#define RAW	   (-15) /* for zlib: blocks alone */
#define WITH_FRAME (15 + 16)

struct gzip {
	struct decoder decoder;
	struct points points;
};

struct gzip_stream {
	struct stream stream;
	z_stream z;
	bool is_raw;	/* the member's header was not seen, nor will be its trailer */
	bool is_at_end; /* of a member */
	uint64_t place; /* of the file, from where input is read next */
	uint8_t input[DECODER_INPUT];
};

static bool
gzip_recognises(const uint8_t head[DECODER_HEAD])
{
	return head[0] == MAGIC && head[1] == 0x8b && head[2] == 8 && (head[3] & 0xe0) == 0;
}

/* Of the file, behind what was decoded. */
static uint64_t
gzip_place(const struct gzip_stream *stream)
{
	return stream->place - stream->z.avail_in;
}

static int
gzip_fill(const struct source *source, struct gzip_stream *stream)
{
	size_t count;
	int error;

	if (stream->z.avail_in > 0)
		return 0;
	error = source_read(source, stream->place, stream->input, sizeof(stream->input), &count);
	if (error < 0)
		return error;
	stream->place += count;
	stream->z.next_in = stream->input;
	stream->z.avail_in = (uInt)count;
	return 0;
}

/* Is there nothing but zeros left, or another member to begin with? */
static int
gzip_skip_zeros(const struct source *source, struct gzip_stream *stream, bool *is_end)
{
	for (;;) {
		int error = gzip_fill(source, stream);

		*is_end = stream->z.avail_in == 0;
		if (error < 0 || *is_end || *stream->z.next_in != 0)
			return error;
		stream->z.next_in++;
		stream->z.avail_in--;
	}
}

/* Step over the trailer of a member that was entered in the middle. */
static int
gzip_skip_trailer(const struct source *source, struct gzip_stream *stream)
{
	for (unsigned i = 0; i < TRAILER; i++) {
		int error = gzip_fill(source, stream);

		if (error < 0 || stream->z.avail_in == 0)
			return error;
		stream->z.next_in++;
		stream->z.avail_in--;
	}
	return 0;
}

/* After a member: go to the next one, if there is one. */
static int
gzip_next_member(const struct source *source, struct gzip_stream *stream, bool *is_end,
    struct host_block_fault *fault)
{
	int error = 0;

	*is_end = false;
	if (stream->is_raw)
		error = gzip_skip_trailer(source, stream);
	if (error == 0)
		error = gzip_skip_zeros(source, stream, is_end);
	if (error < 0 || *is_end)
		return error;
	if (*stream->z.next_in != MAGIC)
		return decoder_fault(fault, -EUCLEAN, "gzip: something else after the end",
		    gzip_place(stream));
	stream->is_at_end = false;
	stream->is_raw = false;
	return inflateReset2(&stream->z, WITH_FRAME) == Z_OK ? 0 : -ENOMEM;
}

/* Decode some, at most to the end of a member or, if stops, of a block. */
static int
gzip_step(const struct source *source, struct gzip_stream *stream, bool stops,
    struct host_block_fault *fault)
{
	int error = gzip_fill(source, stream);
	bool has_input = stream->z.avail_in > 0;

	if (error < 0)
		return error;
	switch (inflate(&stream->z, stops ? Z_BLOCK : Z_NO_FLUSH)) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		stream->is_at_end = true;
		return 0;
	case Z_MEM_ERROR:
		return -ENOMEM;
	case Z_BUF_ERROR:
		if (has_input)
			return 0;
		return decoder_fault(fault, -EUCLEAN, "gzip: the file ends too early",
		    gzip_place(stream));
	default:
		return decoder_fault(fault, -EUCLEAN, "gzip: the data is damaged",
		    gzip_place(stream));
	}
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Between two blocks of a member, or before the first? */
static bool
is_between_blocks(const z_stream *z)
{
	return (z->data_type & 128) != 0 && (z->data_type & 64) == 0;
}

/* Make a point of where the stream is. */
static int
gzip_add_point(struct points *points, const struct gzip_stream *stream, uint64_t at)
{
	struct point point = { .at = at, .place = gzip_place(stream) };
	uint8_t *window;
	uInt size = WINDOW;

	if (at > 0) {
		window = malloc(WINDOW);
		if (window == NULL)
			return -ENOMEM;
		if (inflateGetDictionary((z_stream *)&stream->z, window, &size) != Z_OK) {
			free(window);
			return -ENOMEM;
		}
		point.window = window;
		point.window_size = (uint16_t)size;
		point.bits = stream->z.data_type & 7;
		point.is_inside = true;
	}
	return points_add(points, &point);
}

/* Decode all, and make points on the way. */
static int
gzip_scan(struct gzip *gzip, const struct source *source, struct gzip_stream *stream,
    uint8_t *scratch, struct host_block_fault *fault)
{
	bool is_end = false;
	int error = gzip_add_point(&gzip->points, stream, 0);

	while (error == 0 && !is_end) {
		uint64_t *at = &gzip->decoder.size;

		stream->z.next_out = scratch;
		stream->z.avail_out = DECODER_CHUNK;
		error = gzip_step(source, stream, true, fault);
		*at += DECODER_CHUNK - stream->z.avail_out;
		if (error < 0)
			break;
		if (*at > DECODER_SIZE_MAX)
			return decoder_fault(fault, -EUCLEAN, "gzip: too large",
			    gzip_place(stream));
		if (stream->is_at_end)
			error = gzip_next_member(source, stream, &is_end, fault);
		else if (is_between_blocks(&stream->z) && points_wants(&gzip->points, *at))
			error = gzip_add_point(&gzip->points, stream, *at);
	}
	return error;
}

static int
gzip_open(const struct source *source, struct decoder **out, struct host_block_fault *fault)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	struct gzip_stream *stream = calloc(1, sizeof(*stream));
	uint8_t *scratch = malloc(DECODER_CHUNK);
	int error = -ENOMEM;

	*out = NULL;
	if (gzip == NULL || stream == NULL || scratch == NULL)
		goto free_all;
	gzip->points = (struct points){ .max = POINTS_MAX, .spacing = SPACING };
	if (inflateInit2(&stream->z, WITH_FRAME) == Z_OK) {
		error = gzip_scan(gzip, source, stream, scratch, fault);
		inflateEnd(&stream->z);
	}
	if (error == 0) {
		*out = &gzip->decoder;
		gzip = NULL;
	}

free_all:
	if (gzip != NULL)
		points_free(&gzip->points);
	free(gzip);
	free(stream);
	free(scratch);
	return error;
}

static void
gzip_close(struct decoder *decoder)
{
	struct gzip *gzip = container_of(decoder, struct gzip, decoder);

	points_free(&gzip->points);
	free(gzip);
}

/* ---- streams ----------------------------------------------------------------------------------- */

static uint64_t
gzip_nearest(const struct decoder *decoder, uint64_t at)
{
	const struct gzip *gzip = container_of(decoder, struct gzip, decoder);

	return gzip->points.list[points_find(&gzip->points, at)].at;
}

/* Give zlib what it must know of the bytes before the point. */
static int
gzip_enter(const struct source *source, struct gzip_stream *stream, const struct point *point)
{
	uint8_t byte;
	size_t count;

	if (!point->is_inside)
		return 0;
	if (point->bits > 0) {
		int error = source_read(source, point->place - 1, &byte, 1, &count);

		if (error < 0 || count == 0)
			return -EIO;
		if (inflatePrime(&stream->z, point->bits, byte >> (8 - point->bits)) != Z_OK)
			return -EIO;
	}
	if (inflateSetDictionary(&stream->z, point->window, point->window_size) != Z_OK)
		return -EIO;
	return 0;
}

static int
gzip_stream_open(struct decoder *decoder, uint64_t at, struct stream **out,
    struct host_block_fault *fault)
{
	struct gzip *gzip = container_of(decoder, struct gzip, decoder);
	const struct point *point = &gzip->points.list[points_find(&gzip->points, at)];
	struct gzip_stream *stream = calloc(1, sizeof(*stream));
	int error = -ENOMEM;

	if (stream == NULL)
		return -ENOMEM;
	stream->place = point->place;
	stream->is_raw = point->is_inside;
	stream->stream.memory = sizeof(*stream) + 2 * WINDOW;
	if (inflateInit2(&stream->z, point->is_inside ? RAW : WITH_FRAME) != Z_OK)
		goto free_stream;
	error = gzip_enter(&decoder->source, stream, point);
	if (error < 0)
		goto end;
	*out = &stream->stream;
	return 0;

end:
	inflateEnd(&stream->z);
free_stream:
	free(stream);
	return error;
}

static int
gzip_stream_read(struct stream *base, uint8_t *buffer, size_t size, struct host_block_fault *fault)
{
	struct gzip_stream *stream = container_of(base, struct gzip_stream, stream);
	const struct source *source = &base->decoder->source;
	bool is_end = false;

	stream->z.next_out = buffer;
	stream->z.avail_out = (uInt)size;
	while (stream->z.avail_out > 0) {
		int error = stream->is_at_end ? gzip_next_member(source, stream, &is_end, fault)
					      : gzip_step(source, stream, false, fault);

		if (error < 0)
			return error;
		if (is_end)
			return decoder_fault(fault, -EUCLEAN, "gzip: the file has changed",
			    gzip_place(stream));
	}
	return 0;
}

static void
gzip_stream_close(struct stream *base)
{
	struct gzip_stream *stream = container_of(base, struct gzip_stream, stream);

	inflateEnd(&stream->z);
	free(stream);
}

const struct decoder_ops gzip_decoder = {
	.recognises = gzip_recognises,
	.open = gzip_open,
	.close = gzip_close,
	.nearest = gzip_nearest,
	.stream_open = gzip_stream_open,
	.stream_read = gzip_stream_read,
	.stream_close = gzip_stream_close,
};
