/* What disk.c and disk_io.c share: see sim.h. */
#ifndef HOST_SIM_DISK_IMPL_H
#define HOST_SIM_DISK_IMPL_H

#include "host/sim/sim_impl.h"

#define DISK_NAME_SIZE 64
#define DISK_PAGE_SIZE 4096
#define DISK_FAULTS    8

/* A page of content, shared by disks until one of them changes it. */
struct disk_page {
	unsigned references;
	uint8_t bytes[DISK_PAGE_SIZE];
};

/* What is on a disk; a page that is NULL is zeros. */
struct disk_content {
	struct disk_page **pages;
	size_t page_count;
	size_t stored; /* pages that are not NULL */
};

/* An entry of the log. */
struct disk_entry {
	enum host_block_op op; /* a write, a flush; a discard and a zeroing: a write of zeros */
	uint64_t offset;
	uint64_t length;
	uint8_t *data; /* length bytes, owned; NULL: zeros */
};

struct armed_fault {
	struct sim_disk_fault fault;
	uint64_t seen; /* requests that it is about */
};

struct sim_disk {
	struct list link; /* in sim->disks */
	struct sim *sim;
	char name[DISK_NAME_SIZE];
	uint64_t size;
	uint32_t sector_size;
	struct disk_content content;
	unsigned readers;
	bool has_writer;

	/* The log, if there is one. */
	bool is_logged;
	struct disk_content start;   /* before the first entry */
	struct disk_content durable; /* after the first durable_count entries */
	size_t durable_count;
	struct disk_entry *entries;
	size_t entry_count;
	size_t entry_capacity;

	/* What goes wrong. */
	bool lies;
	uint64_t limit; /* bytes; 0: none */
	struct armed_fault faults[DISK_FAULTS];
	unsigned fault_count;
	uint64_t hit_count;
	uint64_t missed_offset; /* the last write that a fault ended, unless another came since */
	uint64_t missed_length; /* 0: there is none */
	uint64_t repeat_count;	/* of those, how many the next write made good */
	int flush_error;	/* of the first flush that failed */
	uint64_t cut_in;	/* entries until the power goes; 0: it does not */
};

/* Write to content; data NULL: zeros.  -ENOMEM; what is written then is void. */
MUST_CHECK int disk_content_write(struct disk_content *content, uint64_t offset,
    const uint8_t *data, uint64_t length);
void disk_content_read(const struct disk_content *content, uint64_t offset, uint8_t *data,
    uint64_t length);

/* How many pages more would be stored after a write there. */
size_t disk_content_growth(const struct disk_content *content, uint64_t offset, uint64_t length);

/* Add an entry to the log, if there is one; data is owned by it then.  -ENOMEM. */
MUST_CHECK int disk_log_add(struct sim_disk *disk, struct disk_entry entry);

struct sim_disk *disk_find(struct sim *sim, const char *name);

#endif
