/*
 * Memory for kernels: anonymous mappings.
 *
 * What kernels ask for all day is chunks (CHUNK_SIZE, aligned to it), and a
 * small kernel lives and dies in one.  Page faults and unmapping cost far more
 * than clearing memory does, by a factor of ten on virtual machines, so
 * - what will be used soon is made present at once, not page by page;
 * - up to CHUNKS_MAX returned chunks are kept.  Of each, the resident front, up
 *   to PRESENT_MAX, is cleared and stays, and the rest is dropped: a kernel that
 *   follows another starts without a system call, and nothing of the old one
 *   is left.
 *
 * The price is bounded: CHUNKS_MAX * PRESENT_MAX resident when idle.
 * Transparent huge pages are declined for what is smaller than one of them: a
 * kernel of some pages would else be 2 MiB.
 *
 * Keeping chunks whole was rejected, since clearing all of one costs more than
 * most kernels' use of it; so was trusting mincore() for more than the front,
 * since it says of pages that were swapped out that they are not there.
 */
#include <string.h>
#include <sys/mman.h>

#include "host/posix/host_impl.h"

#define PAGE_SIZE      ((size_t)4096) /* what the kernel counts in, and mincore() here */
#define HUGE_PAGE_SIZE ((size_t)2 << 20)

static void *
map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool
is_aligned(const void *memory, size_t alignment)
{
	return ((uintptr_t)memory & (alignment - 1)) == 0;
}

/* Map more than size and cut off both ends. */
static void *
map_and_trim(size_t size, size_t alignment)
{
	size_t whole = size + alignment;
	char *memory = NULL;
	size_t head;

	if (whole > size)
		memory = map(whole);
	if (memory == NULL)
		return NULL;
	head = (size_t)(-(uintptr_t)memory & (alignment - 1));
	if (head > 0)
		munmap(memory, head);
	munmap(memory + head + size, whole - head - size);
	return memory + head;
}

/*
 * Mappings tend to be placed next to each other, so that after one aligned
 * chunk the following ones are aligned as they come.
 */
static void *
map_aligned(size_t size, size_t alignment)
{
	void *memory = map(size);

	if (memory == NULL || is_aligned(memory, alignment))
		return memory;
	munmap(memory, size);
	return map_and_trim(size, alignment);
}

/* Make [from, to) of memory present; it is advice, and may be ignored. */
static void
populate(char *memory, size_t from, size_t to)
{
	if (from < to)
		(void)madvise(memory + from, to - from, MADV_POPULATE_WRITE);
}

/* A chunk that was kept; its memory is NULL if there is none. */
static struct chunk
take_kept(struct host *host)
{
	struct chunk chunk = { NULL, 0 };

	pthread_mutex_lock(&host->lock);
	if (host->chunk_count > 0)
		chunk = host->chunks[--host->chunk_count];
	pthread_mutex_unlock(&host->lock);
	return chunk;
}

static bool
has_room(struct host *host)
{
	bool has_room;

	pthread_mutex_lock(&host->lock);
	has_room = host->chunk_count < CHUNKS_MAX;
	pthread_mutex_unlock(&host->lock);
	return has_room;
}

static bool
keep(struct host *host, struct chunk chunk)
{
	bool is_kept = false;

	pthread_mutex_lock(&host->lock);
	if (host->chunk_count < CHUNKS_MAX) {
		host->chunks[host->chunk_count++] = chunk;
		is_kept = true;
	}
	pthread_mutex_unlock(&host->lock);
	return is_kept;
}

/* How much of the front of a chunk is resident, PRESENT_MAX at most. */
static size_t
resident_front(void *memory)
{
	unsigned char is_resident[PRESENT_MAX / PAGE_SIZE] = { 0 };
	size_t count = 0;

	if (mincore(memory, PRESENT_MAX, is_resident) != 0)
		return 0;
	while (count < PRESENT_MAX / PAGE_SIZE && (is_resident[count] & 1) != 0)
		count++;
	return count * PAGE_SIZE;
}

/* Zero a chunk for its next user; false if the system cannot drop pages. */
static bool
clear(struct chunk *chunk)
{
	char *memory = chunk->memory;

	chunk->present = resident_front(memory);
	if (madvise(memory + chunk->present, CHUNK_SIZE - chunk->present, MADV_DONTNEED) != 0)
		return false;
	memset(memory, 0, chunk->present);
	return true;
}

void *
posix_memory_get(struct host *host, size_t size, size_t alignment, size_t soon)
{
	struct chunk chunk = { NULL, 0 };

	if (size == CHUNK_SIZE && alignment <= CHUNK_SIZE)
		chunk = take_kept(host);
	if (chunk.memory == NULL) {
		chunk.memory = map_aligned(size, alignment);
		if (chunk.memory == NULL)
			return NULL;
		/* A system without huge pages does not know of it. */
		if (size < HUGE_PAGE_SIZE)
			(void)madvise(chunk.memory, size, MADV_NOHUGEPAGE);
	}
	populate(chunk.memory, chunk.present, soon < size ? soon : size);
	return chunk.memory;
}

void
posix_memory_return(struct host *host, void *memory, size_t size)
{
	struct chunk chunk = { memory, 0 };
	bool is_chunk = size == CHUNK_SIZE && is_aligned(memory, CHUNK_SIZE);

	if (is_chunk && has_room(host) && clear(&chunk) && keep(host, chunk))
		return;
	munmap(memory, size);
}

void
posix_memory_release(struct host *host)
{
	struct chunk chunk;

	while ((chunk = take_kept(host)).memory != NULL)
		munmap(chunk.memory, CHUNK_SIZE);
}
