/*
 * zstd (RFC 8878), by libzstd.
 *
 * A file is a sequence of frames, between which there may be frames to skip.
 * Decoding can start at every frame.  Where they are is in a seek table at the
 * end of the file, if that is of the seekable format; else headers are followed
 * from frame to frame and, in them, from block to block, and a frame that does
 * not say the size of its content is decoded once.  Many files have one frame.
 *
 * A table may lie, and so may headers.  A stream notices when frames do not
 * begin where the points say.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/endian.h"
#include "base/math.h"
#include "host/posix/compressed/decoder.h"
#include "host/posix/compressed/points.h"

#define POINTS_MAX     65536
#define WINDOW_LOG_MAX 27 /* 128 MiB, what zstd --ultra and --long use */

#define MAGIC	     0xfd2fb528
#define SKIP_MAGIC   0x184d2a50 /* and the 15 after */
#define SKIP_HEADER  8
#define BLOCK_HEADER 3
#define CHECKSUM     4
#define HEADER_MAX   18
#define UNKNOWN	     UINT64_MAX /* a size that a header does not say */

#define TABLE_MAGIC    0x8f92eab1 /* in the last bytes */
#define TABLE_SKIP     0x184d2a5e
#define TABLE_FOOTER   9
#define TABLE_CHECKSUM 0x80 /* each entry has one */
#define TABLE_RESERVED 0x7c

struct zstd {
	struct decoder decoder;
	struct points points;
};

struct zstd_stream {
	struct stream stream;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in;
	uint64_t place; /* of the file, from where input is read next */
	size_t next;	/* index of the point that is met next */
	bool is_inside; /* of a frame */
	uint8_t input[DECODER_INPUT];
};

/* A frame, as its header and its blocks' say. */
struct frame {
	uint64_t place;
	uint64_t packed;  /* its size in the file */
	uint64_t content; /* or UNKNOWN */
	bool is_skipped;
};

static bool
is_skip_magic(uint32_t magic)
{
	return (magic & ~UINT32_C(15)) == SKIP_MAGIC;
}

static bool
zstd_recognises(const uint8_t head[DECODER_HEAD])
{
	uint32_t magic = load_le32(head), skipped = load_le32(head + 4);

	/* Some compressors begin with a small frame to skip. */
	if (is_skip_magic(magic) && skipped <= DECODER_HEAD - SKIP_HEADER - sizeof(magic))
		magic = load_le32(head + SKIP_HEADER + skipped);
	return magic == MAGIC;
}

/* ---- streams ------------------------------------------------------------------------------------ */

static uint64_t
zstd_place(const struct zstd_stream *stream)
{
	return stream->place - (stream->in.size - stream->in.pos);
}

static int
zstd_fill(const struct source *source, struct zstd_stream *stream)
{
	size_t count;
	int error;

	if (stream->in.pos < stream->in.size)
		return 0;
	error = source_read(source, stream->place, stream->input, sizeof(stream->input), &count);
	if (error < 0)
		return error;
	stream->place += count;
	stream->in = (ZSTD_inBuffer){ stream->input, count, 0 };
	return 0;
}

static int
zstd_error(const struct zstd_stream *stream, size_t result, struct host_block_fault *fault)
{
	const char *name = ZSTD_getErrorName(result);

	/* The stable interface gives the names of errors only. */
	if (strcmp(name, ZSTD_getErrorString(ZSTD_error_memory_allocation)) == 0)
		return -ENOMEM;
	if (strcmp(name, ZSTD_getErrorString(ZSTD_error_frameParameter_windowTooLarge)) == 0)
		return decoder_fault(fault, -EOPNOTSUPP, "zstd: it would take too much memory",
		    zstd_place(stream));
	return decoder_fault(fault, -EUCLEAN, "zstd: the data is damaged", zstd_place(stream));
}

/* Decode some, at most to the end of a frame. */
static int
zstd_step(const struct source *source, struct zstd_stream *stream, ZSTD_outBuffer *out,
    struct host_block_fault *fault)
{
	int error = zstd_fill(source, stream);
	size_t in_before = stream->in.pos, out_before = out->pos, result;

	if (error < 0)
		return error;
	result = ZSTD_decompressStream(stream->zstd, out, &stream->in);
	if (ZSTD_isError(result))
		return zstd_error(stream, result, fault);
	stream->is_inside = result != 0;
	if (result != 0 && stream->in.pos == in_before && out->pos == out_before)
		return decoder_fault(fault, -EUCLEAN,
		    stream->in.size == 0 ? "zstd: the file ends too early"
					 : "zstd: a frame is larger than it claims",
		    zstd_place(stream));
	return 0;
}

static int
zstd_create(const struct source *source, uint64_t place, struct zstd_stream **out)
{
	struct zstd_stream *stream = calloc(1, sizeof(*stream));

	*out = stream;
	if (stream == NULL)
		return -ENOMEM;
	stream->place = place;
	stream->zstd = ZSTD_createDStream();
	if (stream->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(stream->zstd,
					ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return 0;
	ZSTD_freeDStream(stream->zstd);
	free(stream);
	*out = NULL;
	return -ENOMEM;
}

static void
zstd_stream_close(struct stream *base)
{
	struct zstd_stream *stream = container_of(base, struct zstd_stream, stream);

	ZSTD_freeDStream(stream->zstd);
	free(stream);
}

static uint64_t
zstd_nearest(const struct decoder *decoder, uint64_t at)
{
	const struct zstd *zstd = container_of(decoder, struct zstd, decoder);

	return zstd->points.list[points_find(&zstd->points, at)].at;
}

static int
zstd_stream_open(struct decoder *decoder, uint64_t at, struct stream **out,
    struct host_block_fault *fault)
{
	struct zstd *zstd = container_of(decoder, struct zstd, decoder);
	size_t point = points_find(&zstd->points, at);
	struct zstd_stream *stream;
	int error = zstd_create(&decoder->source, zstd->points.list[point].place, &stream);

	if (error < 0)
		return error;
	stream->next = point + 1;
	*out = &stream->stream;
	return 0;
}

/* A frame has ended, or at was reached: is that where the points say? */
static int
zstd_check_point(struct zstd_stream *stream, uint64_t at, struct host_block_fault *fault)
{
	const struct zstd *zstd = container_of(stream->stream.decoder, struct zstd, decoder);
	const struct point *next = &zstd->points.list[stream->next];
	uint64_t place = zstd_place(stream);

	if (stream->next == zstd->points.count)
		return 0;
	if (at > next->at || place > next->place || (place == next->place && at != next->at))
		return decoder_fault(fault, -EUCLEAN, "zstd: a frame has another size than is said",
		    place);
	stream->next += place == next->place;
	return 0;
}

/* Does a frame have to end at this offset? */
static bool
zstd_ends_frame(const struct zstd_stream *stream, uint64_t at)
{
	const struct zstd *zstd = container_of(stream->stream.decoder, struct zstd, decoder);

	return at == zstd->decoder.size ||
	       (stream->next < zstd->points.count && zstd->points.list[stream->next].at == at);
}

static int
zstd_stream_read(struct stream *base, uint8_t *buffer, size_t size, struct host_block_fault *fault)
{
	struct zstd_stream *stream = container_of(base, struct zstd_stream, stream);
	ZSTD_outBuffer out = { buffer, size, 0 };
	int error = 0;

	/* When all is there, the checksum of the frame may be left. */
	while (error == 0 && (out.pos < size ||
				 (stream->is_inside && zstd_ends_frame(stream, base->at + size)))) {
		error = zstd_step(&base->decoder->source, stream, &out, fault);
		if (error == 0 && !stream->is_inside)
			error = zstd_check_point(stream, base->at + out.pos, fault);
	}
	base->memory = ZSTD_sizeof_DStream(stream->zstd);
	return error;
}

/* ---- opening: following headers ------------------------------------------------------------------ */

/* Read exactly size bytes of a header. */
static int
read_header(const struct source *source, uint64_t place, void *header, size_t size,
    struct host_block_fault *fault)
{
	size_t count;
	int error = source_read(source, place, header, size, &count);

	if (error == 0 && count < size)
		return decoder_fault(fault, -EUCLEAN, "zstd: the file ends too early", place);
	return error;
}

/* The size of a frame's header, and of its content if it says that. */
static size_t
decode_frame_header(const uint8_t *header, uint64_t *content)
{
	static const size_t id_sizes[] = { 0, 1, 2, 4 };
	unsigned kind = header[4] >> 6;
	bool is_single = (header[4] & 0x20) != 0;
	size_t size = 5 + !is_single + id_sizes[header[4] & 3];

	switch (kind) {
	case 0:
		*content = is_single ? header[size] : UNKNOWN;
		return size + is_single;
	case 1:
		*content = load_le16(header + size) + 256;
		return size + 2;
	case 2:
		*content = load_le32(header + size);
		return size + 4;
	default:
		*content = load_le64(header + size);
		return size + 8;
	}
}

/* Follow the blocks from *place on to the end of the last. */
static int
follow_blocks(const struct source *source, uint64_t *place, struct host_block_fault *fault)
{
	bool is_last = false;

	while (!is_last) {
		uint8_t header[BLOCK_HEADER];
		int error = read_header(source, *place, header, sizeof(header), fault);
		uint32_t word, kind;

		if (error < 0)
			return error;
		word = header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16;
		is_last = (word & 1) != 0;
		kind = word >> 1 & 3;
		if (kind == 3)
			return decoder_fault(fault, -EUCLEAN, "zstd: the data is damaged", *place);
		*place += BLOCK_HEADER + (kind == 1 ? 1 : word >> 3); /* a run has one byte */
	}
	return 0;
}

/* What frame begins at frame->place? */
static int
follow_frame(const struct source *source, struct frame *frame, struct host_block_fault *fault)
{
	uint8_t header[HEADER_MAX] = { 0 };
	uint64_t place = frame->place;
	size_t count;
	int error = source_read(source, place, header, sizeof(header), &count);

	if (error < 0)
		return error;
	frame->is_skipped = is_skip_magic(load_le32(header));
	frame->content = 0;
	if (frame->is_skipped) {
		place += SKIP_HEADER + (uint64_t)load_le32(header + 4);
	} else if (load_le32(header) != MAGIC) {
		return decoder_fault(fault, -EUCLEAN, "zstd: something else after the end", place);
	} else {
		place += decode_frame_header(header, &frame->content);
		error = follow_blocks(source, &place, fault);
		if (error < 0)
			return error;
		place += (header[4] & 4) != 0 ? CHECKSUM : 0;
	}
	if (place > source->size)
		return decoder_fault(fault, -EUCLEAN, "zstd: the file ends too early",
		    source->size);
	frame->packed = place - frame->place;
	return 0;
}

/* Decode a frame to see how large its content is. */
static int
measure_frame(const struct source *source, struct frame *frame, struct host_block_fault *fault)
{
	uint8_t *scratch = malloc(DECODER_CHUNK);
	struct zstd_stream *stream = NULL;
	int error = -ENOMEM;

	if (scratch != NULL)
		error = zstd_create(source, frame->place, &stream);
	if (error < 0)
		goto free_scratch;
	frame->content = 0;
	do {
		ZSTD_outBuffer out = { scratch, DECODER_CHUNK, 0 };

		error = zstd_step(source, stream, &out, fault);
		frame->content += out.pos;
	} while (error == 0 && stream->is_inside);
	zstd_stream_close(&stream->stream);

free_scratch:
	free(scratch);
	return error;
}

/* The next frame is at frame->place and has this content. */
static int
add_frame(struct zstd *zstd, const struct frame *frame, struct host_block_fault *fault)
{
	struct point point = { .at = zstd->decoder.size, .place = frame->place };
	int error = 0;

	if (!frame->is_skipped && points_wants(&zstd->points, point.at))
		error = points_add(&zstd->points, &point);
	if (error < 0)
		return error;
	if (frame->content > DECODER_SIZE_MAX - zstd->decoder.size)
		return decoder_fault(fault, -EUCLEAN, "zstd: it claims to be too large",
		    frame->place);
	zstd->decoder.size += frame->content;
	return 0;
}

static int
follow_frames(struct zstd *zstd, const struct source *source, struct host_block_fault *fault)
{
	struct frame frame = { .place = 0 };
	int error = 0;

	while (error == 0 && frame.place < source->size) {
		error = follow_frame(source, &frame, fault);
		if (error == 0 && frame.content == UNKNOWN)
			error = measure_frame(source, &frame, fault);
		if (error == 0)
			error = add_frame(zstd, &frame, fault);
		frame.place += frame.packed;
	}
	return error;
}

/* ---- opening: the seek table ------------------------------------------------------------------------ */

struct table {
	uint64_t place; /* of the first entry */
	uint64_t end;	/* of the frames: where the table's own frame begins */
	uint32_t count;
	uint32_t entry_size;
};

/* Is there a table at the end of the file?  What looks like one but is not, is none. */
static int
find_table(const struct source *source, struct table *table, bool *is_there)
{
	uint8_t footer[TABLE_FOOTER], header[SKIP_HEADER];
	size_t count = 0;
	uint64_t size;
	int error = 0;

	*is_there = false;
	if (source->size > TABLE_FOOTER + SKIP_HEADER)
		error =
		    source_read(source, source->size - TABLE_FOOTER, footer, TABLE_FOOTER, &count);
	if (error < 0 || count < TABLE_FOOTER || load_le32(footer + 5) != TABLE_MAGIC ||
	    (footer[4] & TABLE_RESERVED) != 0)
		return error;
	table->count = load_le32(footer);
	table->entry_size = (footer[4] & TABLE_CHECKSUM) != 0 ? 12 : 8;
	size = (uint64_t)table->count * table->entry_size + TABLE_FOOTER;
	if (size > source->size - SKIP_HEADER)
		return 0;
	table->place = source->size - size;
	table->end = table->place - SKIP_HEADER;
	error = source_read(source, table->end, header, SKIP_HEADER, &count);
	*is_there = error == 0 && count == SKIP_HEADER && load_le32(header) == TABLE_SKIP &&
		    load_le32(header + 4) == size;
	return error;
}

static int
read_table(struct zstd *zstd, const struct source *source, const struct table *table,
    struct host_block_fault *fault)
{
	uint8_t entries[12 * 1024];
	uint32_t batch = sizeof(entries) / table->entry_size;
	struct frame frame = { .place = 0 };
	int error = 0;

	for (uint32_t i = 0; i < table->count && error == 0; i++) {
		const uint8_t *entry = entries + (size_t)(i % batch) * table->entry_size;

		if (i % batch == 0)
			error = read_header(source, table->place + (uint64_t)i * table->entry_size,
			    entries, min_u64(batch, table->count - i) * table->entry_size, fault);
		if (error < 0)
			return error;
		frame.packed = load_le32(entry);
		frame.content = load_le32(entry + 4);
		error = add_frame(zstd, &frame, fault);
		frame.place += frame.packed;
	}
	if (error == 0 && frame.place != table->end)
		return decoder_fault(fault, -EUCLEAN, "zstd: the seek table is wrong",
		    table->place);
	return error;
}

static int
zstd_open(const struct source *source, struct decoder **out, struct host_block_fault *fault)
{
	struct zstd *zstd = calloc(1, sizeof(*zstd));
	struct table table;
	bool has_table;
	int error;

	*out = NULL;
	if (zstd == NULL)
		return -ENOMEM;
	zstd->points = (struct points){ .max = POINTS_MAX, .spacing = DECODER_CHUNK };
	error = find_table(source, &table, &has_table);
	if (error == 0)
		error = has_table ? read_table(zstd, source, &table, fault)
				  : follow_frames(zstd, source, fault);
	if (error < 0) {
		points_free(&zstd->points);
		free(zstd);
		return error;
	}
	*out = &zstd->decoder;
	return 0;
}

static void
zstd_close(struct decoder *decoder)
{
	struct zstd *zstd = container_of(decoder, struct zstd, decoder);

	points_free(&zstd->points);
	free(zstd);
}

const struct decoder_ops zstd_decoder = {
	.recognises = zstd_recognises,
	.open = zstd_open,
	.close = zstd_close,
	.nearest = zstd_nearest,
	.stream_open = zstd_stream_open,
	.stream_read = zstd_stream_read,
	.stream_close = zstd_stream_close,
};
