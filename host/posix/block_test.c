/* Tests of opening backing stores: what may be one, and who may have it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "host/posix/posix.h"

#define IMAGE_SIZE 10000

/* A host, and a folder with one file of every kind, which the process is in. */
struct fixture {
	struct host *host;
	char folder[64];
};

static const char *const names[] = { "image", "empty", "fifo", "link", "dangling", "loop", "socket",
	"locked" };

static void
make_file(const char *name, off_t size)
{
	int file = open(name, O_CREAT | O_RDWR, 0600);

	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, size), 0);
	close(file);
}

static void
make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, name, sizeof(address.sun_path) - 1);
	assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
	close(descriptor);
}

static int
create_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/block_test.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	assert_int_equal(chmod(fixture->folder, 0711), 0);
	assert_int_equal(chdir(fixture->folder), 0);
	make_file("image", IMAGE_SIZE);
	make_file("empty", 0);
	make_file("locked", IMAGE_SIZE);
	make_socket("socket");
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("image", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	*state = fixture;
	return posix_host_create(&fixture->host);
}

static int
destroy_fixture(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(names[i]);
	rmdir("folder");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(fixture->folder), 0);
	posix_host_destroy(fixture->host);
	free(fixture);
	return 0;
}

static int
open_store(void **state, const char *name, bool writable, struct host_block **out)
{
	struct fixture *fixture = *state;
	struct host_block_info info;

	return posix_host_ops.block_open(fixture->host, name, writable, out, &info);
}

static void
close_store(void **state, struct host_block *block)
{
	struct fixture *fixture = *state;

	posix_host_ops.block_close(fixture->host, block);
}

static void
tells_size_and_limits_of_a_file(void **state)
{
	struct fixture *fixture = *state;
	static const char *const files[] = { "image", "link" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct host_block_info info;
		struct host_block *block;

		assert_int_equal(posix_host_ops.block_open(fixture->host, files[i], i == 0, &block,
				     &info),
		    0);
		assert_int_equal(info.size, IMAGE_SIZE);
		assert_int_equal(info.sector_size, 512);
		assert_int_equal(info.is_read_only, i != 0);
		assert_true(info.is_cached_below);
		posix_host_ops.block_close(fixture->host, block);
	}
}

static void
opens_only_what_can_hold_blocks(void **state)
{
	static const struct {
		const char *name;
		int want;
	} rows[] = {
		{ "image", 0 },		  /* a file */
		{ "empty", 0 },		  /* a file, if a useless one */
		{ "link", 0 },		  /* leads to a file */
		{ "nothing", -ENOENT },	  /* is not there */
		{ "dangling", -ENOENT },  /* leads nowhere */
		{ "", -ENOENT },	  /* no name at all */
		{ "loop", -ELOOP },	  /* leads to itself */
		{ "image/x", -ENOTDIR },  /* passes through a file */
		{ "folder", -EISDIR },	  /* a directory */
		{ "fifo", -ENODEV },	  /* must not wait for a writer */
		{ "socket", -ENODEV },	  /* cannot be opened at all */
		{ "/dev/null", -ENODEV }, /* a character device */
		{ "/dev/tty", -ENODEV },  /* a terminal, or none */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int writable = 0; writable < 2; writable++) {
			struct host_block *block;

			assert_int_equal(open_store(state, rows[i].name, writable, &block),
			    rows[i].want);
			if (rows[i].want == 0)
				close_store(state, block);
			else
				assert_null(block);
		}
	}
}

static void
refuses_what_the_user_may_not_open(void **state)
{
	static const struct {
		mode_t mode;
		int want_reading, want_writing;
	} rows[] = {
		{ 0600, -EACCES, -EACCES }, /* somebody else's */
		{ 0644, 0, -EACCES },	    /* to be read by all */
		{ 0666, 0, 0 },		    /* everybody's */
	};
	uid_t user = geteuid();

	if (user != 0 || seteuid(65534) != 0)
		skip(); /* only root can become somebody else */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_block *block;

		assert_int_equal(seteuid(user), 0);
		assert_int_equal(chmod("image", rows[i].mode), 0);
		assert_int_equal(seteuid(65534), 0);
		assert_int_equal(open_store(state, "image", false, &block), rows[i].want_reading);
		if (rows[i].want_reading == 0)
			close_store(state, block);
		assert_int_equal(open_store(state, "image", true, &block), rows[i].want_writing);
		if (rows[i].want_writing == 0)
			close_store(state, block);
	}
	assert_int_equal(seteuid(user), 0);
}

static void
a_program_does_not_inherit_it(void **state)
{
	struct host_block *block;
	int next = open("image", O_RDONLY); /* the lowest that is free */

	close(next);
	assert_int_equal(open_store(state, "image", false, &block), 0);
	assert_int_equal(fcntl(next, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(next, F_GETFL) & O_NONBLOCK, 0);
	close_store(state, block);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

static void
failed_opens_leave_no_descriptor(void **state)
{
	static const char *const bad[] = { "folder", "fifo", "nothing", "locked" };
	struct host_block *holder, *block;
	int before, after;

	assert_int_equal(open_store(state, "locked", true, &holder), 0);
	before = dup(STDERR_FILENO);
	close(before);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(open_store(state, bad[i], true, &block) < 0);
	after = dup(STDERR_FILENO);
	close(after);
	assert_int_equal(after, before);
	close_store(state, holder);
}

static void
readers_share_and_writers_are_alone(void **state)
{
	static const struct {
		bool first_writes, second_writes;
		int want;
	} rows[] = {
		{ false, false, 0 },	 /* readers share */
		{ false, true, -EBUSY }, /* a writer would pull the rug */
		{ true, false, -EBUSY }, /* a reader would see halves */
		{ true, true, -EBUSY },	 /* two writers destroy it */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_block *first, *second;

		assert_int_equal(open_store(state, "image", rows[i].first_writes, &first), 0);
		assert_int_equal(open_store(state, "link", rows[i].second_writes, &second),
		    rows[i].want);
		if (rows[i].want == 0)
			close_store(state, second);
		close_store(state, first);
		/* The lock went with it. */
		assert_int_equal(open_store(state, "image", rows[i].second_writes, &second), 0);
		close_store(state, second);
	}
}

static void
the_lock_survives_another_descriptor_of_the_file(void **state)
{
	struct host_block *first, *second;

	assert_int_equal(open_store(state, "image", true, &first), 0);
	close(open("image", O_RDWR)); /* would release a lock of the process */
	assert_int_equal(open_store(state, "image", false, &second), -EBUSY);
	close_store(state, first);
}

static void
another_program_that_locks_is_seen(void **state)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct host_block *block;
	int file = open("locked", O_RDWR);

	assert_int_equal(fcntl(file, F_OFD_SETLK, &range), 0);
	assert_int_equal(open_store(state, "locked", false, &block), -EBUSY);
	close(file);
	assert_int_equal(open_store(state, "locked", false, &block), 0);
	close_store(state, block);
}

/*
 * A loop device over the image, its path to name; -1 if there is none to have.
 * The system takes it back when nobody has it open, however the test ends.
 */
static int
make_device(char *name, size_t size)
{
	int control = open("/dev/loop-control", O_RDWR);
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int device = -1, file, number;

	if (control < 0)
		return -1;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	snprintf(name, size, "/dev/loop%d", number);
	if (number >= 0)
		device = open(name, O_RDWR);
	if (device < 0)
		return -1;
	file = open("image", O_RDWR);
	if (ioctl(device, LOOP_SET_FD, file) != 0 || ioctl(device, LOOP_SET_STATUS64, &info) != 0) {
		close(device);
		device = -1;
	}
	close(file);
	return device;
}

static void
opens_a_block_device(void **state)
{
	struct fixture *fixture = *state;
	struct host_block_info info;
	struct host_block *block, *other;
	char name[64];
	int device = make_device(name, sizeof(name)), mounted;

	if (device < 0)
		skip(); /* not root, or no loop devices here */
	assert_int_equal(posix_host_ops.block_open(fixture->host, name, true, &block, &info), 0);
	assert_int_equal(info.size, IMAGE_SIZE / 512 * 512);
	assert_int_equal(info.sector_size, 512);
	assert_int_equal(open_store(state, name, true, &other), -EBUSY);
	assert_int_equal(open_store(state, name, false, &other), -EBUSY);
	close_store(state, block);
	/* Others may look at one that is mounted, not write to it. */
	mounted = open(name, O_RDONLY | O_EXCL);
	assert_true(mounted >= 0);
	assert_int_equal(open_store(state, name, true, &other), -EBUSY);
	assert_int_equal(open_store(state, name, false, &block), 0);
	close_store(state, block);
	close(mounted);
	close(device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_size_and_limits_of_a_file),
		cmocka_unit_test(opens_only_what_can_hold_blocks),
		cmocka_unit_test(refuses_what_the_user_may_not_open),
		cmocka_unit_test(a_program_does_not_inherit_it),
		cmocka_unit_test(failed_opens_leave_no_descriptor),
		cmocka_unit_test(readers_share_and_writers_are_alone),
		cmocka_unit_test(the_lock_survives_another_descriptor_of_the_file),
		cmocka_unit_test(another_program_that_locks_is_seen),
		cmocka_unit_test(opens_a_block_device),
	};

	return cmocka_run_group_tests(tests, create_fixture, destroy_fixture);
}
