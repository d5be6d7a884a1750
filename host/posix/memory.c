/*
 * Memory for kernels: anonymous mappings.
 *
 * What kernels ask for all day is chunks (CHUNK_SIZE, aligned to it), and a
 * small kernel lives and dies in one.  Page faults and unmapping cost far more
 * than clearing memory does, by a factor of ten on virtual machines, so
 * - the first POPULATED_SIZE bytes of a new mapping are made present at once,
 *   not page by page;
 * - up to CHUNKS_MAX returned chunks are kept, their populated part cleared
 *   and present, the rest dropped, so that a kernel that follows another
 *   starts without a system call and nothing of the old one is left.
 *
 * The price is bounded: CHUNKS_MAX * POPULATED_SIZE resident when idle.
 * Transparent huge pages are declined for what is smaller than one of them: a
 * kernel of some pages would else be 2 MiB.
 */
#include <string.h>
#include <sys/mman.h>

#include "host/posix/host_impl.h"

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

static void *
take_kept(struct host *host)
{
	void *memory = NULL;

	pthread_mutex_lock(&host->lock);
	if (host->chunk_count > 0)
		memory = host->chunks[--host->chunk_count];
	pthread_mutex_unlock(&host->lock);
	return memory;
}

static bool
keep(struct host *host, void *memory)
{
	bool is_kept = false;

	pthread_mutex_lock(&host->lock);
	if (host->chunk_count < CHUNKS_MAX) {
		host->chunks[host->chunk_count++] = memory;
		is_kept = true;
	}
	pthread_mutex_unlock(&host->lock);
	return is_kept;
}

/*
 * Zero a chunk for its next user: clear the part that stays present, drop what
 * is present behind it.  False if the system cannot drop pages.
 */
static bool
clear(char *memory)
{
	if (madvise(memory + POPULATED_SIZE, CHUNK_SIZE - POPULATED_SIZE, MADV_DONTNEED) != 0)
		return false;
	memset(memory, 0, POPULATED_SIZE);
	return true;
}

void *
posix_memory_get(struct host *host, size_t size, size_t alignment)
{
	size_t populated = size < POPULATED_SIZE ? size : POPULATED_SIZE;
	void *memory;

	if (size == CHUNK_SIZE && alignment <= CHUNK_SIZE) {
		memory = take_kept(host);
		if (memory != NULL)
			return memory;
	}
	memory = map_aligned(size, alignment);
	if (memory == NULL)
		return NULL;
	/* Both are advice: a system that does not know it goes without. */
	if (size < HUGE_PAGE_SIZE)
		(void)madvise(memory, size, MADV_NOHUGEPAGE);
	(void)madvise(memory, populated, MADV_POPULATE_WRITE);
	return memory;
}

void
posix_memory_return(struct host *host, void *memory, size_t size)
{
	bool is_chunk = size == CHUNK_SIZE && is_aligned(memory, CHUNK_SIZE);

	if (is_chunk && clear(memory) && keep(host, memory))
		return;
	munmap(memory, size);
}

void
posix_memory_release(struct host *host)
{
	void *memory;

	while ((memory = take_kept(host)) != NULL)
		munmap(memory, CHUNK_SIZE);
}
