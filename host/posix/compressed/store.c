/*
 * See compressed.h.  Three parts: what a format can do is behind struct
 * decoder_ops; here are chunks, which are pieces of decoded content, and
 * streams, which are decoders stopped in the middle.
 *
 * What is read comes from chunks.  A chunk that is not there is decoded: by the
 * stream that stopped nearest before it, or a new one from the last point where
 * decoding can start, whichever is nearer.  Chunks that this passes shortly
 * before are kept as well, since what is read next is often near.  Chunks and
 * streams that were not used for longest make room for others.
 *
 * Memory is bounded: CHUNK_MAX chunks, streams of STREAM_MEMORY together (or a
 * single one, which may take DECODER_MEMORY), and what the decoder has to know
 * of the file, at most 16 MiB.  Nothing depends on the size of the content,
 * which may be huge and costs nothing until it is read.
 *
 * Time is bounded by what lies between two points.  The formats differ: gzip
 * has no points of its own, so opening decodes all of the file once to make
 * some; xz has a list of its blocks, zstd a table of its frames or headers that
 * can be followed.  A file that was written as one block or frame has one point
 * only, and going back in it means to decode from its beginning.  Where that
 * failed once, it is not tried again.
 *
 * Rejected: decoding everything to memory, which a small file can make large;
 * to a temporary file, which takes space that nobody has agreed to and time
 * for parts that nobody reads; a thread that decodes ahead.
 *
 * One lock guards all of a store.
 */
#include "host/posix/compressed/compressed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "host/posix/compressed/decoder.h"

#define CHUNK_MAX     128 /* 16 MiB */
#define STREAM_MAX    8
#define STREAM_MEMORY ((uint64_t)48 << 20)
#define PASSED_MAX    32 /* chunks before the one that is wanted, to keep */

struct chunk {
	uint64_t number; /* of the content */
	uint64_t used;	 /* when; 0: never */
	uint8_t *bytes;	 /* or NULL */
};

struct compressed {
	struct decoder *decoder; /* constant */
	pthread_mutex_t lock;
	uint64_t clock;			    /* GUARDED_BY(lock) */
	struct chunk chunks[CHUNK_MAX];	    /* GUARDED_BY(lock) */
	struct stream *streams[STREAM_MAX]; /* GUARDED_BY(lock); or NULL */
	uint8_t *scratch;		    /* GUARDED_BY(lock); for what is not kept */
	struct host_block_fault fault;	    /* GUARDED_BY(lock); if it has one */
	uint64_t fault_start, fault_at;	    /* GUARDED_BY(lock); from where decoding fails where */
};

static const struct decoder_ops *const decoders[] = {
#ifdef HAVE_GZIP
	&gzip_decoder,
#endif
#ifdef HAVE_XZ
	&xz_decoder,
#endif
#ifdef HAVE_ZSTD
	&zstd_decoder,
#endif
	NULL,
};

/* ---- chunks ------------------------------------------------------------------------------- */

static struct chunk *
chunk_find(struct compressed *store, uint64_t number)
{
	for (unsigned i = 0; i < CHUNK_MAX; i++) {
		struct chunk *chunk = &store->chunks[i];

		if (chunk->used != 0 && chunk->number == number)
			return chunk;
	}
	return NULL;
}

/* The one to give up; NULL without memory. */
static struct chunk *
chunk_take(struct compressed *store)
{
	struct chunk *oldest = &store->chunks[0];

	for (unsigned i = 1; i < CHUNK_MAX; i++)
		if (store->chunks[i].used < oldest->used)
			oldest = &store->chunks[i];
	oldest->used = 0;
	if (oldest->bytes == NULL)
		oldest->bytes = malloc(DECODER_CHUNK);
	return oldest->bytes == NULL ? NULL : oldest;
}

static size_t
chunk_size(const struct compressed *store, uint64_t number)
{
	return (size_t)min_u64(DECODER_CHUNK, store->decoder->size - number * DECODER_CHUNK);
}

/* ---- streams ------------------------------------------------------------------------------- */

static void
stream_drop(struct compressed *store, unsigned slot)
{
	store->decoder->ops->stream_close(store->streams[slot]);
	store->streams[slot] = NULL;
}

/* The slot of the stream that was used last before all others but the one to keep; or -1. */
static int
stream_oldest(const struct compressed *store, int keep)
{
	int oldest = -1;

	for (int i = 0; i < STREAM_MAX; i++) {
		if (store->streams[i] == NULL || i == keep)
			continue;
		if (oldest < 0 || store->streams[i]->used < store->streams[oldest]->used)
			oldest = i;
	}
	return oldest;
}

/* Have no more streams than their memory allows, but keep this one. */
static void
stream_trim(struct compressed *store, int keep)
{
	for (;;) {
		int oldest = stream_oldest(store, keep);
		uint64_t memory = 0;

		for (unsigned i = 0; i < STREAM_MAX; i++)
			if (store->streams[i] != NULL)
				memory += store->streams[i]->memory;
		if (memory <= STREAM_MEMORY || oldest < 0)
			return;
		stream_drop(store, (unsigned)oldest);
	}
}

/* The slot of the stream nearest before at, from start on; or -1. */
static int
stream_find(const struct compressed *store, uint64_t start, uint64_t at)
{
	int best = -1;

	for (int i = 0; i < STREAM_MAX; i++) {
		const struct stream *stream = store->streams[i];

		if (stream == NULL || stream->at > at || stream->at < start)
			continue;
		if (best < 0 || stream->at > store->streams[best]->at)
			best = i;
	}
	return best;
}

/* A new stream from start on, its slot in *slot. */
static int
stream_start(struct compressed *store, uint64_t start, int *slot, struct host_block_fault *fault)
{
	int error;

	for (*slot = 0; *slot < STREAM_MAX; (*slot)++)
		if (store->streams[*slot] == NULL)
			break;
	if (*slot == STREAM_MAX) {
		*slot = stream_oldest(store, -1);
		stream_drop(store, (unsigned)*slot);
	}
	error =
	    store->decoder->ops->stream_open(store->decoder, start, &store->streams[*slot], fault);
	if (error < 0) {
		store->streams[*slot] = NULL;
		return error;
	}
	store->streams[*slot]->decoder = store->decoder;
	store->streams[*slot]->at = start;
	return 0;
}

/* Let the stream go on to the end of the chunk that it is in, which is kept if it is whole. */
static int
stream_advance(struct compressed *store, struct stream *stream, bool keeps,
    struct host_block_fault *fault)
{
	uint64_t number = stream->at / DECODER_CHUNK;
	size_t inside = (size_t)(stream->at % DECODER_CHUNK);
	size_t size = chunk_size(store, number) - inside;
	struct chunk *chunk = NULL;
	int error;

	if (keeps && inside == 0 && chunk_find(store, number) == NULL) {
		chunk = chunk_take(store);
		if (chunk == NULL)
			return -ENOMEM;
	}
	error = store->decoder->ops->stream_read(stream,
	    chunk != NULL ? chunk->bytes : store->scratch, size, fault);
	if (error < 0)
		return error;
	stream->at += size;
	if (chunk != NULL) {
		chunk->number = number;
		chunk->used = ++store->clock;
	}
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* Is it known that decoding from start to the end of this chunk fails? */
static bool
is_known_to_fail(const struct compressed *store, uint64_t start, uint64_t number)
{
	return store->fault.what != NULL && start == store->fault_start &&
	       number * DECODER_CHUNK >= round_down(store->fault_at, DECODER_CHUNK);
}

/* Decode the chunk, and what has to be decoded before. */
static int
decode(struct compressed *store, uint64_t number, struct host_block_fault *fault)
{
	uint64_t wanted = number * DECODER_CHUNK;
	uint64_t start = store->decoder->ops->nearest(store->decoder, wanted);
	int slot = stream_find(store, start, wanted);
	struct stream *stream;
	int error = 0;

	if (is_known_to_fail(store, start, number)) {
		*fault = store->fault;
		return -EIO;
	}
	if (slot < 0)
		error = stream_start(store, start, &slot, fault);
	if (error < 0)
		return error;
	stream = store->streams[slot];
	stream->used = ++store->clock;
	while (error == 0 && stream->at <= wanted)
		error = stream_advance(store, stream,
		    number - stream->at / DECODER_CHUNK <= PASSED_MAX, fault);
	if (error == -EUCLEAN) {
		store->fault = *fault;
		store->fault_start = start;
		store->fault_at = stream->at;
	}
	if (error < 0)
		stream_drop(store, (unsigned)slot);
	else
		stream_trim(store, slot);
	return error;
}

/* The chunk of this number; it stays until the next call. */
static int
chunk_get(struct compressed *store, uint64_t number, const struct chunk **out,
    struct host_block_fault *fault)
{
	struct chunk *chunk = chunk_find(store, number);
	int error;

	if (chunk == NULL) {
		error = decode(store, number, fault);
		if (error == -EUCLEAN || error == -EOPNOTSUPP)
			error = -EIO;
		if (error < 0)
			return error;
		chunk = chunk_find(store, number);
		if (chunk == NULL)
			return -EIO; /* for readers of this code: the last one decoded is there */
	}
	chunk->used = ++store->clock;
	*out = chunk;
	return 0;
}

int
compressed_read(struct compressed *store, uint64_t offset, const struct segment *segments,
    unsigned count, struct host_block_fault *fault)
{
	int error = 0;

	*fault = (struct host_block_fault){ 0 };
	pthread_mutex_lock(&store->lock);
	for (unsigned i = 0; i < count && error == 0; i++) {
		size_t done = 0;

		while (done < segments[i].length) {
			size_t inside = (size_t)(offset % DECODER_CHUNK);
			size_t size =
			    (size_t)min_u64(segments[i].length - done, DECODER_CHUNK - inside);
			const struct chunk *chunk;

			error = chunk_get(store, offset / DECODER_CHUNK, &chunk, fault);
			if (error < 0)
				break;
			memcpy((uint8_t *)segments[i].data + done, chunk->bytes + inside, size);
			done += size;
			offset += size;
		}
	}
	pthread_mutex_unlock(&store->lock);
	return error;
}

/* ---- opening and closing ------------------------------------------------------------------------ */

static const struct decoder_ops *
find_decoder(const struct source *source, int *error)
{
	uint8_t head[DECODER_HEAD] = { 0 };
	size_t size;

	*error = source_read(source, 0, head, sizeof(head), &size);
	if (*error < 0)
		return NULL;
	for (unsigned i = 0; decoders[i] != NULL; i++)
		if (decoders[i]->recognises(head))
			return decoders[i];
	return NULL;
}

int
compressed_open(int descriptor, uint64_t file_size, struct compressed **out, uint64_t *size,
    struct host_block_fault *fault)
{
	struct source source = { descriptor, file_size };
	struct compressed *store;
	int error;
	const struct decoder_ops *ops = find_decoder(&source, &error);

	*out = NULL;
	*fault = (struct host_block_fault){ 0 };
	if (ops == NULL)
		return error;
	store = calloc(1, sizeof(*store));
	if (store == NULL)
		return -ENOMEM;
	error = -ENOMEM;
	store->scratch = malloc(DECODER_CHUNK);
	if (store->scratch == NULL || pthread_mutex_init(&store->lock, NULL) != 0)
		goto free_store;
	error = ops->open(&source, &store->decoder, fault);
	if (error < 0)
		goto destroy_lock;
	store->decoder->ops = ops;
	store->decoder->source = source;
	*size = store->decoder->size;
	*out = store;
	return 0;

destroy_lock:
	pthread_mutex_destroy(&store->lock);
free_store:
	free(store->scratch);
	free(store);
	return error;
}

void
compressed_close(struct compressed *store)
{
	for (unsigned i = 0; i < STREAM_MAX; i++)
		if (store->streams[i] != NULL)
			stream_drop(store, i);
	for (unsigned i = 0; i < CHUNK_MAX; i++)
		free(store->chunks[i].bytes);
	store->decoder->ops->close(store->decoder);
	pthread_mutex_destroy(&store->lock);
	free(store->scratch);
	free(store);
}
