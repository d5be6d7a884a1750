/* Does what was synced survive a power cut, at every write?  For a driver of your own, change TYPE. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include <rump/sim.h>
#include <rump/syscalls.h>

#define TYPE	"ffs"
#define OPTIONS "block=4096,fragment=512,journal=1048576,zeroed"

/* A kernel that has mounted the disk of this name, which it makes a file system on if asked. */
static struct rump_kernel *
start(struct rump_sim *sim, const char *disk, int makes)
{
	struct rump_kernel *kernel;

	if (rump_sim_kernel_create(sim, NULL, &kernel) != 0)
		return NULL;
	rump_kernel_switch(kernel);
	rump_pub_etfs_register("/dev/disk", disk, RUMP_ETFS_BLK);
	rump_sys_mkdir("/mnt", 0755);
	if (makes && rump_pub_fs_make("/dev/disk", TYPE, OPTIONS) != 0)
		return NULL;
	return rump_sys_mount("/dev/disk", "/mnt", TYPE, 0, NULL) == 0 ? kernel : NULL;
}

int
main(void)
{
	struct rump_sim_config config = { .seed = 1 };
	struct rump_sim_disk *disk, *found;
	struct rump_kernel *kernel;
	struct rump_sim *sim;
	size_t synced;
	int fd;

	if (rump_sim_create(&config, &sim) != 0 ||
	    rump_sim_disk_create(sim, "disk", 4 << 20, 512, &disk) != 0 ||
	    (kernel = start(sim, "disk", 1)) == NULL || rump_sim_disk_log(disk) != 0 ||
	    (fd = rump_sys_open("/mnt/file", O_WRONLY | O_CREAT, 0644)) < 0 ||
	    rump_sys_write(fd, "precious", 8) != 8 || rump_sys_fsync(fd) != 0)
		return 1;
	synced = rump_sim_disk_position(disk); /* from here on it must be there */
	rump_sys_rename("/mnt/file", "/mnt/renamed");
	rump_kernel_destroy(kernel);

	for (size_t at = synced; at <= rump_sim_disk_position(disk); at++) {
		for (uint64_t seed = 0; seed < 10; seed++) {
			char text[8] = "";

			if (rump_sim_disk_crash(disk, at, seed, "found", &found) != 0 ||
			    (kernel = start(sim, "found", 0)) == NULL)
				return 1;
			fd = rump_sys_open("/mnt/file", O_RDONLY);
			if (fd < 0)
				fd = rump_sys_open("/mnt/renamed", O_RDONLY);
			if (rump_sys_read(fd, text, 8) != 8 || text[0] != 'p')
				printf("lost at write %zu with seed %d\n", at, (int)seed);
			rump_kernel_destroy(kernel);
			rump_sim_disk_destroy(found);
		}
	}
	printf("%zu moments looked at\n", rump_sim_disk_position(disk) - synced + 1);
	rump_sim_destroy(sim);
	return 0;
}
