/* Tests of credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "kern/credential.h"
#include "kern/kernel.h"
#include "tests/fake_host.h"

static struct host host;

static void
the_superuser_can_do_everything(void **state)
{
	static const enum capability some[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_SYS_ADMIN,
		CAP_MKNOD };
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	struct credential *root = credential_create(kernel);

	assert_int_equal(root->fs_uid, 0);
	assert_int_equal(root->group_count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		assert_true(credential_can(root, some[i]));
		root->capabilities &= ~((uint64_t)1 << some[i]);
		assert_false(credential_can(root, some[i]));
	}
	credential_put(root);
	fake_kernel_destroy(kernel);
}

static void
a_copy_is_its_own(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	struct credential *root = credential_create(kernel);
	struct credential *again = credential_get(root);
	struct credential *copy = credential_copy(root);

	copy->fs_uid = 1000;
	copy->groups[0] = 7;
	copy->group_count = 1;
	assert_ptr_equal(again, root);
	assert_int_equal(root->fs_uid, 0);
	credential_put(root);
	credential_put(again);
	assert_int_equal(copy->capabilities, ((uint64_t)1 << 41) - 1);
	credential_put(copy);
	fake_kernel_destroy(kernel);
}

static void
groups_are_the_own_one_and_the_others(void **state)
{
	struct kernel *kernel = fake_kernel_create(&host, false, 0);
	struct credential *user = credential_create(kernel);

	user->fs_gid = 5;
	user->effective_gid = 6;
	user->groups[0] = 7;
	user->groups[1] = 8;
	user->groups[2] = 9;
	user->group_count = 2;
	assert_true(credential_has_group(user, 5));
	assert_false(credential_has_group(user, 6));
	assert_true(credential_has_group(user, 7));
	assert_true(credential_has_group(user, 8));
	assert_false(credential_has_group(user, 9));
	credential_put(user);
	fake_kernel_destroy(kernel);
}

static void
without_memory_there_is_none(void **state)
{
	static struct credential *all[CHUNK_SIZE / sizeof(struct credential)];
	struct kernel *kernel = fake_kernel_create(&host, false, CHUNK_SIZE);
	size_t count = 0;

	while ((all[count] = credential_create(kernel)) != NULL)
		count++;
	assert_true(count > 0);
	assert_null(credential_copy(all[0]));
	while (count > 0)
		credential_put(all[--count]);
	fake_kernel_destroy(kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_superuser_can_do_everything),
		cmocka_unit_test(a_copy_is_its_own),
		cmocka_unit_test(groups_are_the_own_one_and_the_others),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
