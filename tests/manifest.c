/*
 * manifest IMAGE: print what a disk image holds, one line per object, in the
 * format of the manifests in shared/images/README.md, unsorted.
 * manifest IMAGE --probes: read lines "path offset length [...]" and print them
 * with the SHA-256 of that range.
 * manifest IMAGE --options OPTIONS: print what it holds, mounted with OPTIONS.
 *
 * A helper of the image tests.  It uses the public API alone, as any program
 * would, so that it proves the whole way from a system call to the medium.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <nettle/sha2.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

/* Files from this size on are not hashed whole. */
#define BIG_SIZE (4LL << 30)

#define PATH_SIZE 65536

static char read_buffer[256 * 1024];

static void
print_escaped(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < 33 || byte > 126 || byte == '\\')
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
}

static void
print_digest(struct sha256_ctx *context)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
}

/* Print the SHA-256 of [offset, offset + length) of an open file. */
static void
print_hash(int fd, const char *path, int64_t offset, int64_t length)
{
	struct sha256_ctx context;

	sha256_init(&context);
	while (length > 0) {
		size_t want = sizeof(read_buffer);
		ssize_t count;

		if ((int64_t)want > length)
			want = (size_t)length;
		count = rump_sys_pread(fd, read_buffer, want, offset);
		if (count < 0)
			err(1, "%s: read at %" PRId64, path, offset);
		if (count == 0)
			errx(1, "%s: ends at %" PRId64, path, offset);
		sha256_update(&context, (size_t)count, (uint8_t *)read_buffer);
		offset += count;
		length -= count;
	}
	print_digest(&context);
}

static void
print_content(int dirfd, const char *name, const char *path, const struct stat *status)
{
	char target[PATH_SIZE];
	ssize_t length;
	int fd;

	switch (status->st_mode & S_IFMT) {
	case S_IFREG:
		if (status->st_size >= BIG_SIZE) {
			fputs("BIG", stdout);
			break;
		}
		fd = rump_sys_openat(dirfd, name, O_RDONLY);
		if (fd < 0)
			err(1, "%s: open", path);
		print_hash(fd, path, 0, status->st_size);
		rump_sys_close(fd);
		break;
	case S_IFLNK:
		length = rump_sys_readlinkat(dirfd, name, target, sizeof(target));
		if (length < 0)
			err(1, "%s: readlink", path);
		fputs("->", stdout);
		print_escaped(target, (size_t)length);
		break;
	case S_IFCHR:
	case S_IFBLK:
		printf("%u,%u", major(status->st_rdev), minor(status->st_rdev));
		break;
	default:
		putchar('-');
	}
}

static char
type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFSOCK:
		return 's';
	default:
		return '?';
	}
}

/* Print the line of name in dirfd, whose path from the root of the image is path. */
static void
print_object(int dirfd, const char *name, const char *path, const struct stat *status)
{
	bool is_directory = S_ISDIR(status->st_mode);
	bool has_size = S_ISREG(status->st_mode) || S_ISLNK(status->st_mode);

	printf("%c %04o %u %u %ju %jd %jd.%09ld ", type_letter(status->st_mode),
	    (unsigned)status->st_mode & 07777, status->st_uid, status->st_gid,
	    is_directory ? (uintmax_t)0 : (uintmax_t)status->st_nlink,
	    has_size ? (intmax_t)status->st_size : 0, (intmax_t)status->st_mtim.tv_sec,
	    status->st_mtim.tv_nsec);
	print_content(dirfd, name, path, status);
	putchar(' ');
	print_escaped(path, strlen(path));
	putchar('\n');
}

static void walk_directory(int fd, char *path, size_t path_length);

static void
visit(int dirfd, const char *name, char *path, size_t path_length)
{
	struct stat status;
	int fd;

	if (rump_sys_fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		err(1, "%s: stat", path);
	print_object(dirfd, name, path, &status);
	if (!S_ISDIR(status.st_mode))
		return;
	fd = rump_sys_openat(dirfd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		err(1, "%s: open", path);
	walk_directory(fd, path, path_length);
	rump_sys_close(fd);
}

/* Visit all that is in the open directory; path has room for PATH_SIZE bytes. */
static void
walk_directory(int fd, char *path, size_t path_length)
{
	char entries[8192];
	ssize_t size;

	while ((size = rump_sys_getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < size;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(entries + at);
			size_t start = strcmp(path, ".") == 0 ? 0 : path_length + 1;
			size_t length = strlen(entry->d_name);

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			if (start + length >= PATH_SIZE)
				errx(1, "%s: path too long", path);
			if (start > 0)
				path[path_length] = '/';
			memcpy(path + start, entry->d_name, length + 1);
			visit(fd, path + start, path, start + length);
			path[path_length] = '\0';
			if (start == 0)
				strcpy(path, ".");
		}
	}
	if (size < 0)
		err(1, "%s: getdents64", path);
}

static void
print_probes(int root)
{
	char line[PATH_SIZE], path[PATH_SIZE];
	int64_t offset, length;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		int fd;

		if (sscanf(line, "%65535s %" SCNd64 " %" SCNd64, path, &offset, &length) != 3)
			errx(1, "probe: %s", line);
		fd = rump_sys_openat(root, path, O_RDONLY);
		if (fd < 0)
			err(1, "%s: open", path);
		printf("%s %" PRId64 " %" PRId64 " ", path, offset, length);
		print_hash(fd, path, offset, length);
		putchar('\n');
		rump_sys_close(fd);
	}
}

int
main(int argc, char **argv)
{
	static char path[PATH_SIZE] = ".";
	const char *options = NULL;
	bool probes = argc == 3 && strcmp(argv[2], "--probes") == 0;
	int error, root;

	if (argc == 4 && strcmp(argv[2], "--options") == 0)
		options = argv[3];
	else if (argc != 2 && !probes)
		errx(2, "usage: manifest IMAGE [--probes | --options OPTIONS]");
	if ((error = rump_init()) != 0)
		errx(1, "rump_init: %s", strerror(error));
	error = rump_pub_etfs_register("/image", argv[1], RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY);
	if (error != 0)
		errx(1, "%s: %s", argv[1], strerror(error));
	if (rump_sys_mkdir("/mnt", 0755) != 0)
		err(1, "mkdir");
	if (rump_sys_mount("/image", "/mnt", "auto", MS_RDONLY, options) != 0)
		err(1, "%s: mount", argv[1]);
	root = rump_sys_open("/mnt", O_RDONLY | O_DIRECTORY);
	if (root < 0)
		err(1, "open");
	if (probes)
		print_probes(root);
	else
		visit(root, ".", path, 1);
	return 0;
}
