/*
 * Tests of permission: mode bits against a dumb twin, and the special cases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errno.h"
#include "kern/credential.h"
#include "vfs/mount.h"
#include "vfs/permission.h"
#include "vfs/vnode.h"

#define OWNER		100
#define GROUP		200
#define CAN(capability) (1ULL << (capability))

/* A file that is only looked at; no kernel is needed for that. */
struct sample {
	struct mount mount;
	struct vnode vnode;
};

static void
sample_init(struct sample *sample, enum vnode_type type, uint32_t permissions)
{
	*sample = (struct sample){ 0 };
	sample->vnode.mount = &sample->mount;
	sample->vnode.type = type;
	sample->vnode.attributes.uid = OWNER;
	sample->vnode.attributes.gid = GROUP;
	sample->vnode.attributes.permissions = permissions;
	sample->vnode.attributes.link_count = 1;
}

static struct credential
user(uint32_t uid, uint32_t gid, uint64_t capabilities)
{
	return (struct credential){
		.fs_uid = uid,
		.fs_gid = gid,
		.capabilities = capabilities,
	};
}

static void
the_bits_of_the_class_decide_and_of_no_other(void **state)
{
	struct credential users[] = {
		user(OWNER, 1, 0),
		user(OWNER, GROUP, 0), /* the owner, though in the group */
		user(1, GROUP, 0),
		user(1, 2, 0), /* in the group by his list */
		user(1, 1, 0),
	};
	static const unsigned shifts[] = { 6, 6, 3, 3, 0 };
	struct sample sample;

	users[3].group_count = 2;
	users[3].groups[1] = GROUP;
	sample_init(&sample, VNODE_REGULAR, 0);
	for (uint32_t mode = 0; mode < 01000; mode++) {
		sample.vnode.attributes.permissions = mode;
		for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
			for (uint32_t access = 0; access < 8; access++) {
				uint32_t have = mode >> shifts[i] & 7;
				int want = (have & access) == access ? 0 : -EACCES;

				assert_int_equal(permission_check(&sample.vnode, &users[i], access),
				    want);
			}
		}
	}
}

static void
capabilities_override_the_bits(void **state)
{
	static const struct {
		uint64_t capabilities;
		enum vnode_type type;
		uint32_t mode;
		uint32_t access;
		int want;
	} rows[] = {
		/* May read and search, but no more. */
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_REGULAR, 0, ACCESS_READ, 0 },
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_REGULAR, 0, ACCESS_WRITE, -EACCES },
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_REGULAR, 0, ACCESS_EXECUTE, -EACCES },
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_DIRECTORY, 0, ACCESS_EXECUTE, 0 },
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_DIRECTORY, 0, ACCESS_READ | ACCESS_EXECUTE, 0 },
		{ CAN(CAP_DAC_READ_SEARCH), VNODE_DIRECTORY, 0, ACCESS_WRITE, -EACCES },
		/* May do all but execute what nobody can. */
		{ CAN(CAP_DAC_OVERRIDE), VNODE_REGULAR, 0, ACCESS_READ | ACCESS_WRITE, 0 },
		{ CAN(CAP_DAC_OVERRIDE), VNODE_REGULAR, 0666, ACCESS_EXECUTE, -EACCES },
		{ CAN(CAP_DAC_OVERRIDE), VNODE_REGULAR, 0001, ACCESS_EXECUTE, 0 },
		{ CAN(CAP_DAC_OVERRIDE), VNODE_REGULAR, 0100, ACCESS_EXECUTE, 0 },
		{ CAN(CAP_DAC_OVERRIDE), VNODE_DIRECTORY, 0, 7, 0 },
		/* The others are about other things. */
		{ ~(CAN(CAP_DAC_OVERRIDE) | CAN(CAP_DAC_READ_SEARCH)), VNODE_REGULAR, 0,
		    ACCESS_READ, -EACCES },
	};
	struct sample sample;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct credential credential = user(1, 1, rows[i].capabilities);

		sample_init(&sample, rows[i].type, rows[i].mode);
		assert_int_equal(permission_check(&sample.vnode, &credential, rows[i].access),
		    rows[i].want);
	}
}

static void
a_read_only_mount_lets_devices_be_written(void **state)
{
	static const struct {
		enum vnode_type type;
		int want;
	} rows[] = {
		{ VNODE_REGULAR, -EROFS },
		{ VNODE_DIRECTORY, -EROFS },
		{ VNODE_SYMLINK, -EROFS },
		{ VNODE_CHARACTER, 0 },
		{ VNODE_BLOCK, 0 },
		{ VNODE_FIFO, 0 },
		{ VNODE_SOCKET, 0 },
	};
	struct credential root = user(0, 0, CAPABILITIES_ALL);
	struct sample sample;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sample_init(&sample, rows[i].type, 0777);
		sample.mount.flags = MOUNT_READ_ONLY;
		assert_int_equal(permission_check(&sample.vnode, &root, ACCESS_WRITE),
		    rows[i].want);
		assert_int_equal(permission_check(&sample.vnode, &root, ACCESS_READ), 0);
	}
}

static void
nobody_writes_an_immutable_file(void **state)
{
	struct credential root = user(0, 0, CAPABILITIES_ALL);
	struct sample sample;

	sample_init(&sample, VNODE_REGULAR, 0777);
	sample.vnode.attributes.flags = VNODE_IMMUTABLE;
	assert_int_equal(permission_check(&sample.vnode, &root, ACCESS_WRITE), -EPERM);
	assert_int_equal(permission_check(&sample.vnode, &root, ACCESS_READ), 0);
	sample.vnode.attributes.flags = VNODE_APPEND_ONLY;
	assert_int_equal(permission_check(&sample.vnode, &root, ACCESS_WRITE), 0);
}

static void
adding_takes_write_and_search_and_a_directory_that_is_there(void **state)
{
	static const struct {
		uint32_t mode;
		uint32_t flags;
		uint32_t link_count;
		int want;
	} rows[] = {
		{ 0003, 0, 2, 0 },
		{ 0002, 0, 2, -EACCES },
		{ 0001, 0, 2, -EACCES },
		{ 0777, VNODE_APPEND_ONLY, 2, 0 },
		{ 0777, VNODE_IMMUTABLE, 2, -EPERM },
		{ 0777, 0, 0, -ENOENT },
	};
	struct credential other = user(1, 1, 0);
	struct sample dir;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sample_init(&dir, VNODE_DIRECTORY, rows[i].mode);
		dir.vnode.attributes.flags = rows[i].flags;
		dir.vnode.attributes.link_count = rows[i].link_count;
		assert_int_equal(permission_add(&dir.vnode, &other), rows[i].want);
	}
}

static void
removing_heeds_the_sticky_bit_and_flags(void **state)
{
	static const struct {
		uint32_t dir_mode;
		uint32_t dir_flags;
		uint32_t file_flags;
		uint32_t uid;
		uint64_t capabilities;
		int want;
	} rows[] = {
		{ 0777, 0, 0, 1, 0, 0 },		/* anybody */
		{ 01777, 0, 0, 1, 0, -EPERM },		/* sticky: not anybody, */
		{ 01777, 0, 0, OWNER, 0, 0 },		/* but who owns the file, */
		{ 01777, 0, 0, 101, 0, 0 },		/* or the directory, */
		{ 01777, 0, 0, 1, CAN(CAP_FOWNER), 0 }, /* or may act as if */
		{ 0755, 0, 0, 1, 0, -EACCES },
		{ 0777, VNODE_APPEND_ONLY, 0, 1, 0, -EPERM },
		{ 0777, VNODE_IMMUTABLE, 0, 1, 0, -EPERM },
		{ 0777, 0, VNODE_IMMUTABLE, OWNER, 0, -EPERM },
		{ 0777, 0, VNODE_APPEND_ONLY, OWNER, 0, -EPERM },
		{ 0777, 0, VNODE_NO_DUMP, 1, 0, 0 },
	};
	struct sample dir;
	struct sample file;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct credential credential = user(rows[i].uid, 1, rows[i].capabilities);

		sample_init(&dir, VNODE_DIRECTORY, rows[i].dir_mode);
		dir.vnode.attributes.uid = 101;
		dir.vnode.attributes.flags = rows[i].dir_flags;
		sample_init(&file, VNODE_REGULAR, 0);
		file.vnode.attributes.flags = rows[i].file_flags;
		assert_int_equal(permission_remove(&dir.vnode, &file.vnode, &credential),
		    rows[i].want);
	}
}

static void
owners_and_those_who_may_act_as_if_own(void **state)
{
	struct credential owner = user(OWNER, 1, 0);
	struct credential other = user(1, GROUP, ~CAN(CAP_FOWNER));
	struct credential able = user(1, 1, CAN(CAP_FOWNER));
	struct sample sample;

	sample_init(&sample, VNODE_REGULAR, 0777);
	assert_int_equal(permission_owner(&sample.vnode, &owner), 0);
	assert_int_equal(permission_owner(&sample.vnode, &other), -EPERM);
	assert_int_equal(permission_owner(&sample.vnode, &able), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bits_of_the_class_decide_and_of_no_other),
		cmocka_unit_test(capabilities_override_the_bits),
		cmocka_unit_test(a_read_only_mount_lets_devices_be_written),
		cmocka_unit_test(nobody_writes_an_immutable_file),
		cmocka_unit_test(adding_takes_write_and_search_and_a_directory_that_is_there),
		cmocka_unit_test(removing_heeds_the_sticky_bit_and_flags),
		cmocka_unit_test(owners_and_those_who_may_act_as_if_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
