/*
 * What a file is that has no file system we know.
 *
 * A table of magic bytes.  Partition tables are the kernel's business.  Nothing
 * here mounts anything: a wrong guess costs a misleading half sentence.  It looks
 * at what the kernel sees: a compressed file is what is in it, if the host can
 * unpack that.
 */
#include "tools/rump/identify.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

enum {
	HEAD_SIZE = 68 * 1024, /* all that is looked at */
};

/* The beginning of the file; bytes past its end are zero. */
struct head {
	uint8_t bytes[HEAD_SIZE];
};

struct magic {
	unsigned offset;
	unsigned length;
	const char *bytes;
	const char *what;
	const char *remedy; /* goes before the file's name; NULL: there is none */
	const char *more;   /* goes after it, if not NULL */
};

static const struct magic magics[] = {
	{ 0, 2, "\x1f\x8b", "gzip-compressed data", "unpack it first: gunzip -k", NULL },
	{ 0, 6, "\xfd\x37zXZ", "xz-compressed data", "unpack it first: unxz -k", NULL },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed data", "unpack it first: unzstd", NULL },
	{ 0, 3, "BZh", "bzip2-compressed data", "unpack it first: bunzip2 -k", NULL },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4-compressed data", "unpack it first: lz4 -d", NULL },
	{ 0, 4, "PK\x03\x04", "a zip archive", "unpack it first: unzip", NULL },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x", NULL },
	{ 0, 6, "070707", "a cpio archive of the old format", "unpack it instead: cpio -idF",
	    NULL },
	{ 257, 5, "ustar", "a tar archive", "unpack it instead: tar -xf", NULL },
	{ 0, 4, "QFI\xfb", "a QEMU disk (qcow2)", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 0, 4, "KDMV", "a VMware disk", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 64, 4, "\x7f\x10\xda\xbe", "a VirtualBox disk",
	    "make it raw first: qemu-img convert -O raw", " disk.img" },
	{ 0, 8, "vhdxfile", "a Hyper-V disk", "make it raw first: qemu-img convert -O raw",
	    " disk.img" },
	{ 0, 4, "hsqs", "a squashfs file system", NULL, NULL },
	{ 0, 4, "XFSB", "an XFS file system", NULL, NULL },
	{ 3, 8, "NTFS    ", "an NTFS file system", NULL, NULL },
	{ 54, 3, "FAT", "a FAT file system", NULL, NULL },
	{ 82, 5, "FAT32", "a FAT file system", NULL, NULL },
	{ 1080, 2, "\x53\xef", "an ext2, ext3 or ext4 file system", NULL, NULL },
	{ 32769, 5, "CD001", "an ISO 9660 file system", NULL, NULL },
	{ 65600, 8, "_BHRfS_M", "a btrfs file system", NULL, NULL },
};

static bool
head_read(const char *path, struct head *head)
{
	int fd = rump_sys_open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	memset(head, 0, sizeof(*head));
	length = rump_sys_pread(fd, head->bytes, sizeof(head->bytes), 0);
	rump_sys_close(fd);
	return length > 0;
}

static void
magic_describe(const struct magic *magic, const char *name, char *text, size_t size)
{
	if (magic->remedy == NULL)
		snprintf(text, size, "it looks like %s", magic->what);
	else
		snprintf(text, size, "it looks like %s: %s %s%s", magic->what, magic->remedy, name,
		    magic->more != NULL ? magic->more : "");
}

bool
identify_file(const char *path, const char *name, char *text, size_t size)
{
	static struct head head;

	text[0] = '\0';
	if (!head_read(path, &head))
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *magic = &magics[i];

		if (memcmp(head.bytes + magic->offset, magic->bytes, magic->length) == 0) {
			magic_describe(magic, name, text, size);
			return true;
		}
	}
	return false;
}
