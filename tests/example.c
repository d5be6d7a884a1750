/* Show a file of a disk image: example disk.img /mnt/etc/fstab */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

int
main(int argc, char **argv)
{
	char buffer[4096];
	ssize_t size;
	int fd;

	if (argc != 3 ||
	    rump_pub_etfs_register("/dev/disk", argv[1], RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) !=
		0 ||
	    rump_sys_mkdir("/mnt", 0755) < 0 ||
	    rump_sys_mount("/dev/disk", "/mnt", "auto", MS_RDONLY, NULL) < 0 ||
	    (fd = rump_sys_open(argv[2], O_RDONLY)) < 0)
		return 1;
	while ((size = rump_sys_read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)size, stdout);
	return size < 0;
}
