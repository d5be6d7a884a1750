/*
 * Rump kernels in a web page: see web.h.
 *
 * Each kernel has one thread of process 1, on whose behalf JavaScript calls.  The
 * host is started with the first kernel; it and the list of kernels are the only
 * state that an instance has besides the kernels themselves.
 */
#include "run/web/web.h"

#include "base/endian.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/list.h"
#include "base/math.h"
#include "base/string.h"
#include "block/block.h"
#include "block/partition.h"
#include "host/wasm/wasm.h"
#include "kern/kernel.h"
#include "run/boot/boot.h"
#include "syscall/process.h"
#include "syscall/table.h"
#include "vfs/mount.h"

#define INIT_PID    1
#define MILLISECOND 1000000.0

/* Linux's, asm-generic, as in syscall/syscalls.txt. */
#define SYS_GETDENTS64 61
#define SYS_STATX      291

#define AT_SYMLINK_NOFOLLOW 0x100
#define STATX_WANTED	    0xfff /* the basic fields and the time of birth */
#define STATX_SIZE	    256
#define STATX_BLKSIZE	    4  /* offset in struct statx */
#define DIRENT_LENGTH	    16 /* offsets in struct linux_dirent64 */
#define DIRENT_NAME	    19

struct web_kernel {
	struct list link; /* in kernels */
	struct kernel *kernel;
	struct thread *thread; /* of process 1 */
	uint64_t arguments[SYSCALL_ARGUMENTS_MAX];
};

static struct host *host; /* NULL before it is needed */
static struct list kernels = { &kernels, &kernels };

/* ---- memory and time --------------------------------------------------------- */

static uint64_t
run_kernels(void)
{
	uint64_t next = HOST_NO_DEADLINE;

	list_for_each(link, &kernels)
		next = min_u64(next, kernel_run(list_entry(link, struct web_kernel, link)->kernel));
	return next;
}

static void
start_host(void)
{
	if (host == NULL)
		host = wasm_host_start(run_kernels);
}

double
web_run(void)
{
	uint64_t next;

	start_host();
	next = wasm_host_run(host);
	return next == HOST_NO_DEADLINE ? __builtin_inf() : (double)next / MILLISECOND;
}

void *
web_memory_get(size_t size)
{
	start_host();
	return wasm_host_ops.memory_get(host, (size_t)round_up(size, PAGE_SIZE), PAGE_SIZE, 0);
}

void
web_memory_return(void *memory, size_t size)
{
	wasm_host_ops.memory_return(host, memory, (size_t)round_up(size, PAGE_SIZE));
}

/* ---- kernels ------------------------------------------------------------------- */

static int
boot_kernel(struct web_kernel *web, uint64_t memory_limit, enum log_level console_level)
{
	struct boot_config config = {
		.host_ops = &wasm_host_ops,
		.host = host,
		.memory_limit = memory_limit,
		.console_level = console_level,
	};
	int error = boot(&config, &web->kernel);

	if (error < 0)
		return error;
	error = thread_create(web->kernel, INIT_PID, &web->thread);
	if (error < 0) {
		kernel_destroy(web->kernel);
		return error;
	}
	list_push_back(&kernels, &web->link);
	return 0;
}

intptr_t
web_boot(double memory_limit, int console_level)
{
	struct web_kernel *web = web_memory_get(sizeof(*web));
	int error;

	if (web == NULL)
		return -ENOMEM;
	error = boot_kernel(web, (uint64_t)memory_limit, (enum log_level)console_level);
	if (error < 0) {
		web_memory_return(web, sizeof(*web));
		return error;
	}
	return (intptr_t)web;
}

int
web_destroy(struct web_kernel *web)
{
	int error = mount_sync_all(web->kernel);

	list_remove(&web->link);
	thread_destroy(web->thread);
	kernel_destroy(web->kernel);
	web_memory_return(web, sizeof(*web));
	return error < 0 ? -EIO : 0;
}

double
web_memory_taken(struct web_kernel *web)
{
	return (double)memory_taken(web->kernel);
}

/* ---- system calls -------------------------------------------------------------- */

uint64_t *
web_arguments(struct web_kernel *web)
{
	return web->arguments;
}

double
web_syscall(struct web_kernel *web, int number)
{
	return (double)syscall_dispatch(web->thread, (uint64_t)number, web->arguments);
}

/* Do the call of this number with its arguments in words. */
static int64_t
call(struct web_kernel *web, uint64_t number, const uint64_t words[SYSCALL_ARGUMENTS_MAX])
{
	return syscall_dispatch(web->thread, number, words);
}

static bool
is_dots(const uint8_t *name)
{
	return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

/* The struct statx of name, or one that says why there is none. */
static void
tell_entry(struct web_kernel *web, int fd, const uint8_t *name, uint8_t *attributes)
{
	const uint64_t words[SYSCALL_ARGUMENTS_MAX] = { (uint64_t)fd, (uintptr_t)name,
		AT_SYMLINK_NOFOLLOW, STATX_WANTED, (uintptr_t)attributes };
	int64_t error = call(web, SYS_STATX, words);

	if (error < 0) {
		memset(attributes, 0, STATX_SIZE);
		store_le32(attributes + STATX_BLKSIZE, (uint32_t)-error);
	}
}

int
web_entries(struct web_kernel *web, int fd, uint8_t *entries, size_t size, uint8_t *attributes)
{
	const uint64_t words[SYSCALL_ARGUMENTS_MAX] = { (uint64_t)fd, (uintptr_t)entries, size };
	int64_t length = call(web, SYS_GETDENTS64, words);

	for (int64_t at = 0; at < length; at += load_le16(entries + at + DIRENT_LENGTH)) {
		if (is_dots(entries + at + DIRENT_NAME))
			continue;
		tell_entry(web, fd, entries + at + DIRENT_NAME, attributes);
		attributes += STATX_SIZE;
	}
	return (int)length;
}

/* ---- devices ------------------------------------------------------------------- */

int
web_attach(struct web_kernel *web, const char *name, int writable)
{
	struct block_attach what = {
		.name = name,
		.host_name = name,
		.writable = writable != 0,
	};

	return block_attach_host(web->kernel, &what);
}

int
web_detach(struct web_kernel *web, const char *name)
{
	return block_unregister(web->kernel, name);
}

/* Add partition's line at length; the new length. */
static size_t
tell_partition(char *text, size_t size, size_t length, const struct block_partition *partition)
{
	static const char *const tables[] = {
		[BLOCK_TABLE_MBR] = "MBR",
		[BLOCK_TABLE_GPT] = "GPT",
		[BLOCK_TABLE_DISKLABEL] = "disklabel",
		[BLOCK_TABLE_APPLE] = "Apple",
	};
	size_t start = length < size ? length : size;
	const char *type_name = partition->type_name;

	return length + format_text(text + start, size - start,
			    "%s\t%s\t%s\t%s\t%s\t%llu\t%llu\t%d\n", partition->name,
			    tables[partition->table], partition->type,
			    type_name != NULL ? type_name : "", partition->label,
			    (unsigned long long)partition->offset,
			    (unsigned long long)partition->size, partition->is_container);
}

/* A device for partition, of dev, unless there is one. */
static int
attach_partition(struct block_dev *dev, const struct block_partition *partition)
{
	char name[BLOCK_NAME_MAX + 1];
	int error;

	if (format_text(name, sizeof(name), "%sp%s", dev->name, partition->name) >= sizeof(name))
		return -ENAMETOOLONG;
	error = block_window_attach(dev, partition->offset, partition->size, name);
	return error == -EEXIST ? 0 : error;
}

int
web_partitions(struct web_kernel *web, const char *name, char *text, size_t size)
{
	struct block_dev *dev = block_get_by_name(web->kernel, name);
	struct block_partitions *found;
	size_t length = 0;
	int error;

	if (dev == NULL)
		return -ENXIO;
	error = block_partitions_scan(dev, &found);
	if (error == 0) {
		for (size_t i = 0; error == 0 && i < found->count; i++) {
			error = attach_partition(dev, &found->list[i]);
			length = tell_partition(text, size, length, &found->list[i]);
		}
		block_partitions_free(found);
	}
	block_put(dev);
	return error < 0 ? error : (int)length;
}
