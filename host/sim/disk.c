/*
 * Simulated disks: content, the log of what was written, and what is left of it
 * when the power fails.  See sim.h.
 *
 * Content is pages with counts, so that a copy costs a pointer per page and then
 * what is changed.  For the state after a cut, all entries up to the last flush
 * are applied to the state at the log's beginning; how far that has come is kept
 * (durable), so that asking for one position after the other costs each entry
 * once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/math.h"
#include "base/string.h"
#include "host/sim/disk_impl.h"

/* ---- content ----------------------------------------------------------------------------- */

static int
content_create(struct disk_content *content, uint64_t size)
{
	content->page_count = (size_t)((size + DISK_PAGE_SIZE - 1) / DISK_PAGE_SIZE);
	content->stored = 0;
	content->pages = calloc(content->page_count, sizeof(struct disk_page *));
	return content->pages == NULL ? -ENOMEM : 0;
}

static void
page_put(struct disk_page *page)
{
	if (page != NULL && --page->references == 0)
		free(page);
}

static void
content_release(struct disk_content *content)
{
	for (size_t i = 0; content->pages != NULL && i < content->page_count; i++)
		page_put(content->pages[i]);
	free(content->pages);
	*content = (struct disk_content){ 0 };
}

static int
content_copy(struct disk_content *to, const struct disk_content *from)
{
	size_t size = from->page_count * sizeof(struct disk_page *);

	*to = *from;
	to->pages = malloc(size);
	if (to->pages == NULL)
		return -ENOMEM;
	memcpy(to->pages, from->pages, size);
	for (size_t i = 0; i < to->page_count; i++)
		if (to->pages[i] != NULL)
			to->pages[i]->references++;
	return 0;
}

/* The page of index, which nobody shares; NULL: no memory. */
static struct disk_page *
own_page(struct disk_content *content, size_t index)
{
	struct disk_page *old = content->pages[index], *page;

	if (old != NULL && old->references == 1)
		return old;
	page = malloc(sizeof(*page));
	if (page == NULL)
		return NULL;
	page->references = 1;
	if (old != NULL)
		memcpy(page->bytes, old->bytes, DISK_PAGE_SIZE);
	else
		memset(page->bytes, 0, DISK_PAGE_SIZE);
	content->stored += old == NULL;
	page_put(old);
	content->pages[index] = page;
	return page;
}

int
disk_content_write(struct disk_content *content, uint64_t offset, const uint8_t *data,
    uint64_t length)
{
	while (length > 0) {
		size_t in_page = (size_t)(offset % DISK_PAGE_SIZE);
		size_t part = (size_t)min_u64(DISK_PAGE_SIZE - in_page, length);
		struct disk_page *page = own_page(content, (size_t)(offset / DISK_PAGE_SIZE));

		if (page == NULL)
			return -ENOMEM;
		if (data == NULL)
			memset(page->bytes + in_page, 0, part);
		else
			memcpy(page->bytes + in_page, data, part);
		data = data == NULL ? NULL : data + part;
		offset += part;
		length -= part;
	}
	return 0;
}

void
disk_content_read(const struct disk_content *content, uint64_t offset, uint8_t *data,
    uint64_t length)
{
	while (length > 0) {
		size_t in_page = (size_t)(offset % DISK_PAGE_SIZE);
		size_t part = (size_t)min_u64(DISK_PAGE_SIZE - in_page, length);
		const struct disk_page *page = content->pages[offset / DISK_PAGE_SIZE];

		if (page == NULL)
			memset(data, 0, part);
		else
			memcpy(data, page->bytes + in_page, part);
		data += part;
		offset += part;
		length -= part;
	}
}

size_t
disk_content_growth(const struct disk_content *content, uint64_t offset, uint64_t length)
{
	size_t growth = 0;

	for (uint64_t at = round_down(offset, DISK_PAGE_SIZE); at < offset + length;
	     at += DISK_PAGE_SIZE)
		growth += content->pages[at / DISK_PAGE_SIZE] == NULL;
	return growth;
}

/* ---- disks -------------------------------------------------------------------------------- */

struct sim_disk *
disk_find(struct sim *sim, const char *name)
{
	list_for_each(link, &sim->disks) {
		struct sim_disk *disk = list_entry(link, struct sim_disk, link);

		if (strcmp(disk->name, name) == 0)
			return disk;
	}
	return NULL;
}

/* A disk without content. */
static int
create(struct sim *sim, const char *name, uint64_t size, uint32_t sector_size,
    struct sim_disk **out)
{
	struct sim_disk *disk;

	*out = NULL;
	if (disk_find(sim, name) != NULL)
		return -EEXIST;
	disk = calloc(1, sizeof(*disk));
	if (disk == NULL)
		return -ENOMEM;
	if (string_copy(disk->name, name, sizeof(disk->name)) >= sizeof(disk->name)) {
		free(disk);
		return -EINVAL;
	}
	disk->sim = sim;
	disk->size = size;
	disk->sector_size = sector_size;
	list_push_back(&sim->disks, &disk->link);
	*out = disk;
	return 0;
}

int
sim_disk_create(struct sim *sim, const char *name, uint64_t size, uint32_t sector_size,
    struct sim_disk **out)
{
	int error;

	*out = NULL;
	if (!is_power_of_two(sector_size) || sector_size < 512 || sector_size > DISK_PAGE_SIZE ||
	    size == 0 || size % sector_size != 0 ||
	    size / DISK_PAGE_SIZE > SIZE_MAX / sizeof(void *) - 1)
		return -EINVAL;
	error = create(sim, name, size, sector_size, out);
	if (error == 0)
		error = content_create(&(*out)->content, size);
	if (error < 0 && *out != NULL) {
		sim_disk_destroy(*out);
		*out = NULL;
	}
	return error;
}

static void
log_release(struct sim_disk *disk)
{
	for (size_t i = 0; i < disk->entry_count; i++)
		free(disk->entries[i].data);
	free(disk->entries);
	content_release(&disk->start);
	content_release(&disk->durable);
	disk->entries = NULL;
	disk->entry_count = 0;
	disk->entry_capacity = 0;
	disk->durable_count = 0;
	disk->is_logged = false;
}

void
sim_disk_destroy(struct sim_disk *disk)
{
	log_release(disk);
	content_release(&disk->content);
	list_remove(&disk->link);
	free(disk);
}

void
disks_release(struct sim *sim)
{
	list_for_each_safe(link, after, &sim->disks)
		sim_disk_destroy(list_entry(link, struct sim_disk, link));
}

uint64_t
sim_disk_size(const struct sim_disk *disk)
{
	return disk->size;
}

static bool
is_inside(const struct sim_disk *disk, uint64_t offset, size_t size)
{
	return offset <= disk->size && size <= disk->size - offset;
}

int
sim_disk_read(const struct sim_disk *disk, uint64_t offset, void *data, size_t size)
{
	if (!is_inside(disk, offset, size))
		return -EINVAL;
	disk_content_read(&disk->content, offset, data, size);
	return 0;
}

int
sim_disk_write(struct sim_disk *disk, uint64_t offset, const void *data, size_t size)
{
	if (!is_inside(disk, offset, size))
		return -EINVAL;
	return disk_content_write(&disk->content, offset, data, size);
}

int
sim_disk_copy(const struct sim_disk *disk, const char *name, struct sim_disk **out)
{
	int error = create(disk->sim, name, disk->size, disk->sector_size, out);

	if (error == 0)
		error = content_copy(&(*out)->content, &disk->content);
	if (error < 0 && *out != NULL) {
		sim_disk_destroy(*out);
		*out = NULL;
	}
	return error;
}

/* ---- the log ------------------------------------------------------------------------------- */

int
sim_disk_log(struct sim_disk *disk)
{
	int error;

	log_release(disk);
	error = content_copy(&disk->start, &disk->content);
	if (error == 0)
		error = content_copy(&disk->durable, &disk->content);
	if (error < 0)
		log_release(disk);
	disk->is_logged = error == 0;
	return error;
}

size_t
sim_disk_log_count(const struct sim_disk *disk)
{
	return disk->entry_count;
}

int
disk_log_add(struct sim_disk *disk, struct disk_entry entry)
{
	if (disk->entry_count == disk->entry_capacity) {
		size_t capacity = disk->entry_capacity == 0 ? 256 : 2 * disk->entry_capacity;
		struct disk_entry *entries = realloc(disk->entries, capacity * sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		disk->entries = entries;
		disk->entry_capacity = capacity;
	}
	disk->entries[disk->entry_count++] = entry;
	return 0;
}

/* ---- power cuts ------------------------------------------------------------------------------ */

enum fate {
	FATE_ABSENT,
	FATE_WHOLE,
	FATE_TORN,
};

/* How the entries since the last flush fare, one way for each power cut. */
enum cut {
	CUT_NONE,      /* nothing is there */
	CUT_LAST_TORN, /* all, and part of the last */
	CUT_HALF,      /* each or not */
	CUT_ONE_LOST,
	CUT_ONE_THERE,
	CUT_ANY, /* each, part of it, or not */
	CUT_COUNT,
	CUT_ALL = CUT_COUNT,
};

static enum fate
fate_of(enum cut cut, size_t index, size_t count, size_t one, uint64_t number)
{
	switch (cut) {
	case CUT_NONE:
		return FATE_ABSENT;
	case CUT_LAST_TORN:
		return index + 1 == count ? FATE_TORN : FATE_WHOLE;
	case CUT_HALF:
		return (number & 1) != 0 ? FATE_WHOLE : FATE_ABSENT;
	case CUT_ONE_LOST:
		return index == one ? FATE_ABSENT : FATE_WHOLE;
	case CUT_ONE_THERE:
		return index == one ? FATE_WHOLE : FATE_ABSENT;
	case CUT_ANY:
		return (number & 3) == 0 ? FATE_ABSENT
					 : ((number & 3) == 1 ? FATE_TORN : FATE_WHOLE);
	case CUT_ALL:
		break;
	}
	return FATE_WHOLE;
}

static int
apply(struct disk_content *content, const struct disk_entry *entry)
{
	if (entry->op == HOST_BLOCK_FLUSH)
		return 0;
	return disk_content_write(content, entry->offset, entry->data, entry->length);
}

/* Apply some sectors of an entry: the first so many, or any. */
static int
apply_torn(struct disk_content *content, const struct disk_entry *entry, uint32_t sector_size,
    uint64_t *numbers)
{
	uint64_t sectors = entry->op == HOST_BLOCK_FLUSH ? 0 : entry->length / sector_size;
	bool is_prefix = (sim_next_number(numbers) & 1) != 0;
	uint64_t first = sim_next_number(numbers) % (sectors + 1);
	int error = 0;

	for (uint64_t i = 0; i < sectors && error == 0; i++) {
		uint64_t at = i * sector_size;
		bool is_there = is_prefix ? i < first : (sim_next_number(numbers) & 1) != 0;

		if (is_there)
			error = disk_content_write(content, entry->offset + at,
			    entry->data == NULL ? NULL : entry->data + at, sector_size);
	}
	return error;
}

/* Apply what seed leaves of the entries [from, to). */
static int
apply_unflushed(struct disk_content *content, const struct sim_disk *disk, size_t from, size_t to,
    uint64_t seed)
{
	uint64_t numbers = seed;
	size_t count = to - from;
	enum cut cut = seed == 0 ? CUT_ALL : (enum cut)(sim_next_number(&numbers) % CUT_COUNT);
	size_t one = count == 0 ? 0 : (size_t)(sim_next_number(&numbers) % count);
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++) {
		const struct disk_entry *entry = &disk->entries[from + i];

		switch (fate_of(cut, i, count, one, sim_next_number(&numbers))) {
		case FATE_ABSENT:
			break;
		case FATE_WHOLE:
			error = apply(content, entry);
			break;
		case FATE_TORN:
			error = apply_torn(content, entry, disk->sector_size, &numbers);
			break;
		}
	}
	return error;
}

/* Bring durable to the first count entries. */
static int
make_durable(struct sim_disk *disk, size_t count)
{
	int error = 0;

	if (count < disk->durable_count) {
		content_release(&disk->durable);
		disk->durable_count = 0;
		error = content_copy(&disk->durable, &disk->start);
	}
	while (error == 0 && disk->durable_count < count)
		error = apply(&disk->durable, &disk->entries[disk->durable_count++]);
	return error;
}

int
sim_disk_crash(struct sim_disk *disk, size_t position, uint64_t seed, const char *name,
    struct sim_disk **out)
{
	size_t flushed = position;
	int error;

	*out = NULL;
	if (!disk->is_logged || position > disk->entry_count)
		return -EINVAL;
	while (flushed > 0 && disk->entries[flushed - 1].op != HOST_BLOCK_FLUSH)
		flushed--;
	error = make_durable(disk, flushed);
	if (error == 0)
		error = create(disk->sim, name, disk->size, disk->sector_size, out);
	if (error == 0)
		error = content_copy(&(*out)->content, &disk->durable);
	if (error == 0)
		error = apply_unflushed(&(*out)->content, disk, flushed, position, seed);
	if (error < 0 && *out != NULL) {
		sim_disk_destroy(*out);
		*out = NULL;
	}
	return error;
}
