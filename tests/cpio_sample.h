/*
 * cpio archives made by hand, good until somebody damages them, and a
 * kernel that mounts them on /mnt.
 *
 * The archive is an array of bytes, which the kernel's host shows as a store.
 * Everything is done by system calls, as a user of the library would.
 */
#ifndef TESTS_CPIO_SAMPLE_H
#define TESTS_CPIO_SAMPLE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

#include "host/posix/posix.h"
#include "kern/log.h"
#include "run/library/library.h"
#include "tests/memory_store.h"

#define SAMPLE_MAX   (4 << 20)
#define SAMPLE_ALIGN 512
#define SAMPLE_TIME  0x65432100

struct sample {
	uint8_t *bytes; /* SAMPLE_MAX */
	size_t size;	/* bytes; of a store, whole sectors of them are to be seen */
	uint64_t memory_limit;
	struct memory_store store;
	struct host_ops ops;
	struct host *host;
	struct rump_kernel *kernel;
};

/* A member; what is left out is 0, or as most files have it. */
struct sample_member {
	const char *path;
	size_t path_size;    /* 0: with its NUL */
	const void *content; /* NULL: zeros, if there is a size */
	size_t size;
	uint32_t mode; /* 0: a file that everybody may read */
	uint32_t ino;
	uint32_t link_count; /* 0: 1 */
	uint32_t uid, gid;
	uint32_t node_major, node_minor;
	uint32_t checksum;
	const char *magic; /* NULL: 070701 */
};

/* Append size bytes; zeros if bytes is NULL. */
static inline void
sample_bytes(struct sample *sample, const void *bytes, size_t size)
{
	if (size > SAMPLE_MAX - sample->size)
		abort();
	if (bytes != NULL)
		memcpy(sample->bytes + sample->size, bytes, size);
	else
		memset(sample->bytes + sample->size, 0, size);
	sample->size += size;
}

/* Zeros up to a multiple of unit. */
static inline void
sample_pad(struct sample *sample, size_t unit)
{
	while (sample->size % unit != 0)
		sample_bytes(sample, NULL, 1);
}

/* Append a member; where its header is. */
static inline size_t
sample_add(struct sample *sample, const struct sample_member *member)
{
	size_t path_size = member->path_size > 0 ? member->path_size : strlen(member->path) + 1;
	size_t offset = sample->size;
	char header[111];

	snprintf(header, sizeof(header), "%.6s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
	    member->magic != NULL ? member->magic : "070701", member->ino,
	    member->mode != 0 ? member->mode : 0100644, member->uid, member->gid,
	    member->link_count != 0 ? member->link_count : 1, SAMPLE_TIME, (unsigned)member->size,
	    8, 1, member->node_major, member->node_minor, (unsigned)path_size, member->checksum);
	sample_bytes(sample, header, 110);
	sample_bytes(sample, member->path, path_size);
	sample_pad(sample, 4);
	sample_bytes(sample, member->content, member->size);
	sample_pad(sample, 4);
	return offset;
}

#define SAMPLE_ADD(sample, ...) sample_add(sample, &(struct sample_member){ __VA_ARGS__ })

static inline void
sample_end(struct sample *sample)
{
	SAMPLE_ADD(sample, .path = "TRAILER!!!");
	sample_pad(sample, SAMPLE_ALIGN);
}

/* An empty archive without its end, and no kernel yet. */
static inline int
sample_create(void **state)
{
	struct sample *sample = calloc(1, sizeof(*sample));

	sample->bytes = malloc(SAMPLE_MAX);
	sample->ops = memory_store_host_ops();
	if (posix_host_create(&sample->host) != 0)
		return -1;
	*state = sample;
	return 0;
}

static inline void
sample_stop_kernel(struct sample *sample)
{
	if (sample->kernel != NULL && rump_kernel_destroy(sample->kernel) != 0)
		abort();
	sample->kernel = NULL;
}

static inline int
sample_destroy(void **state)
{
	struct sample *sample = *state;

	sample_stop_kernel(sample);
	posix_host_destroy(sample->host);
	free(sample->bytes);
	free(sample);
	return 0;
}

/* Start a kernel of which the archive, as it is now, is /dev/archive. */
static inline void
sample_start_kernel(struct sample *sample)
{
	struct rump_kernel_config config = { .memory_limit = sample->memory_limit };
	char name[MEMORY_STORE_NAME];

	sample_stop_kernel(sample);
	sample->store.bytes = sample->bytes;
	sample->store.size = sample->size;
	memory_store_name(&sample->store, name);
	if (library_create_on(&sample->ops, sample->host, &config, &sample->kernel) != 0)
		abort();
	rump_kernel_switch(sample->kernel);
	if (rump_pub_etfs_register("/dev/archive", name, RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) != 0)
		abort();
	if (rump_sys_mkdir("/mnt", 0755) != 0)
		abort();
}

/* Mount the archive in a new kernel; 0 or the errno. */
static inline int
sample_mount(struct sample *sample, const char *options)
{
	sample_start_kernel(sample);
	if (rump_sys_mount("/dev/archive", "/mnt", "cpio", MS_RDONLY, options) == 0)
		return 0;
	return errno;
}

/* Does the kernel's log have text in it? */
static inline bool
sample_has_logged(const char *text)
{
	static char log[LOG_RING_SIZE + 1];
	long length = rump_sys_syslog(3, log, LOG_RING_SIZE);

	log[length > 0 ? length : 0] = '\0';
	return strstr(log, text) != NULL;
}

#endif
