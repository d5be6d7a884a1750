/*
 * The partitions of an image.
 *
 * Whether a partition has a file system is found out by mounting it: drivers
 * know best, and what cannot be mounted is of no use here.  A partition in
 * which there are others is passed over, since with many disklabels its first
 * partition begins where it begins itself.
 */
#include "tools/rump/partition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <rump/syscalls.h>

#include "tools/rump/memory.h"
#include "tools/rump/report.h"
#include "tools/rump/size.h"

int
partition_table_read(const char *device, struct partition_table *table)
{
	struct rump_partition *list;
	size_t count = 0, room;
	int error;

	*table = (struct partition_table){ 0 };
	report_kernel_forget();
	error = rump_pub_etfs_partitions(device, NULL, &count);
	if (!report_kernel_line(table->damage, sizeof(table->damage)))
		*table->damage = '\0';
	if (error != 0 || count == 0)
		return error;
	room = count;
	list = memory_resize(NULL, room, sizeof(*list));
	error = rump_pub_etfs_partitions(device, list, &count);
	/* Whoever writes to the image meanwhile may have changed their number. */
	table->count = count < room ? count : room;
	table->list = memory_resize(NULL, room, sizeof(*table->list));
	for (size_t i = 0; i < table->count; i++)
		table->list[i] = (struct partition){ .in = list[i] };
	free(list);
	report_kernel_forget();
	return error;
}

/* The format of what is mounted on mount_path, from the driver's lines about it. */
static void
format_read(const char *mount_path, char *format, size_t size)
{
	static const char key[] = "\nformat: ";
	char text[4096] = "\n";
	ssize_t length =
	    rump_sys_getxattr(mount_path, "rump.filesystem", text + 1, sizeof(text) - 2);
	const char *value;

	snprintf(format, size, "a file system");
	if (length < 0)
		return;
	text[1 + length] = '\0';
	value = strstr(text, key);
	if (value == NULL)
		return;
	value += sizeof(key) - 1;
	snprintf(format, size, "%.*s", (int)strcspn(value, "\n"), value);
}

void
partition_table_probe(struct partition_table *table, const char *device, const char *mount_path,
    const char *type, const char *mount_options)
{
	for (size_t i = 0; i < table->count; i++) {
		struct partition *partition = &table->list[i];
		char *path;

		if ((partition->in.flags & RUMP_PARTITION_CONTAINER) != 0)
			continue;
		path = partition_device(partition, device);
		if (rump_sys_mount(path, mount_path, type, MS_RDONLY, mount_options) == 0) {
			format_read(mount_path, partition->file_system,
			    sizeof(partition->file_system));
			rump_sys_umount2(mount_path, 0);
		}
		free(path);
	}
	report_kernel_forget();
}

const struct partition *
partition_find(const struct partition_table *table, const char *name)
{
	const struct partition *found = NULL;

	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->list[i].in.name, name) == 0)
			return &table->list[i];
	}
	for (size_t i = 0; i < table->count && *name != '\0'; i++) {
		if (strcmp(table->list[i].in.label, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &table->list[i];
	}
	return found;
}

const struct partition *
partition_only(const struct partition_table *table, size_t *count)
{
	const struct partition *only = NULL;

	*count = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (*table->list[i].file_system == '\0')
			continue;
		(*count)++;
		only = &table->list[i];
	}
	return *count == 1 ? only : NULL;
}

/* One partition: 1 (NetBSD FFS, "root", UFS2, 3.1 MiB). */
static char *
words_of(const struct partition *partition)
{
	const struct rump_partition *in = &partition->in;
	const char *type = *in->type_name != '\0' ? in->type_name : in->type;
	const char *quote = *in->label != '\0' ? "\"" : "";
	char size[SIZE_TEXT];

	size_words(size, in->size);
	return memory_format("%s (%s%s%s%s%s%s%s, %s)", in->name, type, *quote != '\0' ? ", " : "",
	    quote, in->label, quote, *partition->file_system != '\0' ? ", " : "",
	    partition->file_system, size);
}

char *
partition_words(const struct partition_table *table, bool with_file_system_only)
{
	char *text = memory_string("");

	for (size_t i = 0; i < table->count; i++) {
		char *words, *longer;

		if (with_file_system_only && *table->list[i].file_system == '\0')
			continue;
		words = words_of(&table->list[i]);
		longer = memory_format("%s%s%s", text, *text != '\0' ? ", " : "", words);
		free(words);
		free(text);
		text = longer;
	}
	return text;
}

char *
partition_device(const struct partition *partition, const char *device)
{
	return memory_format("%sp%s", device, partition->in.name);
}
