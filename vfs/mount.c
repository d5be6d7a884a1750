/*
 * Drivers of file systems, and mounts.
 *
 * The mount table's lock guards the list of mounts and makes one of mounting
 * and unmounting wait for the other where they change it.  Walks over mount
 * points do not take it: down, they follow covered->mounted_here under the
 * covered vnode's lock; up, mount->covered, which does not change while
 * somebody is inside.
 *
 * Each mount holds a reference to what it covers, so the mount that it stands
 * on is in use.
 *
 * Unmounting takes the covered vnode's lock exclusively, so that nobody enters,
 * looks whether anybody is inside, and if not, takes the mount off.  From then
 * on nobody reaches it, and it is synced, emptied and destroyed without locks.
 */
#include "vfs/mount.h"

#include "base/errno.h"
#include "base/text.h"
#include "kern/credential.h"
#include "vfs/device.h"
#include "vfs/lookup.h"
#include "vfs/vfs_impl.h"

/* Flags that mount(2) may be given; others are refused, not ignored. */
#define FLAGS_KNOWN \
	(MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEVICES | MOUNT_NO_EXEC | \
	    MOUNT_NO_ACCESS_TIME | MOUNT_NO_DIRECTORY_ACCESS_TIME | MOUNT_SILENT | \
	    MOUNT_RELATIVE_ACCESS_TIME | MOUNT_STRICT_ACCESS_TIME)

/* Programs of old put this into the upper half of the flags. */
#define FLAGS_MAGIC	 0xc0ed0000U
#define FLAGS_MAGIC_MASK 0xffff0000U

static struct mount_table *
table_of(const struct kernel *kernel)
{
	return &vfs_of(kernel)->mounts;
}

/* ---- drivers ------------------------------------------------------------------ */

const struct fs_type *
fs_find(struct kernel *kernel, const char *name)
{
	const struct mount_table *table = table_of(kernel);

	for (size_t i = 0; i < table->type_count; i++) {
		if (string_equal(table->types[i]->name, name))
			return table->types[i];
	}
	return NULL;
}

int
fs_register(struct kernel *kernel, const struct fs_type *type)
{
	struct mount_table *table = table_of(kernel);

	if (fs_find(kernel, type->name) != NULL)
		return -EEXIST;
	if (table->type_count == FS_TYPE_MAX)
		return -ENOSPC;
	table->types[table->type_count++] = type;
	return 0;
}

const struct fs_type *
fs_enumerate(struct kernel *kernel, size_t index)
{
	const struct mount_table *table = table_of(kernel);

	return index < table->type_count ? table->types[index] : NULL;
}

/* Say that no driver knows what is on the device. */
static void
log_unknown(const struct mount_request *request)
{
	const struct mount_table *table = table_of(request->kernel);
	char buffer[128];
	struct text names = text_in(buffer, sizeof(buffer));

	for (size_t i = 0; i < table->type_count; i++) {
		if (table->types[i]->needs_device)
			text_add(&names, "%s%s", names.length > 0 ? ", " : "",
			    table->types[i]->name);
	}
	kernel_log(request->kernel, LOG_ERROR, "mount: %s: no known file system; looked for %s",
	    request->source, names.length > 0 ? buffer : "none, since no driver needs a device");
}

/*
 * The driver that knows what is on the device.  That one of them could not tell
 * (-EIO, -ENOMEM) says more than that the others did not know it.
 */
static int
fs_probe(const struct mount_request *request, const struct fs_type **out)
{
	const struct mount_table *table = table_of(request->kernel);
	int result = -EINVAL;

	*out = NULL;
	for (size_t i = 0; i < table->type_count; i++) {
		int error = -EINVAL;

		if (table->types[i]->needs_device)
			error = table->types[i]->probe(request);
		if (error == 0) {
			*out = table->types[i];
			return 0;
		}
		if (result == -EINVAL)
			result = error;
	}
	if (result == -EINVAL)
		log_unknown(request);
	return result;
}

int
fs_find_for(const struct mount_request *request, const char *name, const struct fs_type **out)
{
	*out = NULL;
	if (string_equal(name, "auto"))
		return fs_probe(request, out);
	*out = fs_find(request->kernel, name);
	return *out == NULL ? -ENODEV : 0;
}

/* ---- mounts ------------------------------------------------------------------- */

void
mount_init(struct mount *mount, const struct mount_request *request, const struct fs_type *type,
    const struct mount_ops *ops)
{
	struct mount_table *table = table_of(request->kernel);

	memset(mount, 0, sizeof(*mount));
	mount->ops = ops;
	mount->type = type;
	mount->kernel = request->kernel;
	mount->flags = request->flags;
	mount->id = atomic_fetch_add(&table->last_id, 1) + 1;
	mount->device = request->device;
	if (mount->device == 0)
		mount->device = device_number(0, device_minor(mount->id));
	string_copy(mount->source, request->source, sizeof(mount->source));
	list_init(&mount->vnodes);
	mutex_init(&mount->rename_lock, request->kernel, RANK_RENAME);
	atomic_init(&mount->is_closing, false);
	atomic_init(&mount->was_entered, false);
	atomic_init(&mount->is_changed, false);
}

bool
mount_next_option(struct name *options, struct name *option)
{
	do {
		size_t length = 0;

		while (length < options->length && options->bytes[length] != ',')
			length++;
		*option = (struct name){ options->bytes, length };
		if (length < options->length)
			length++; /* the comma */
		options->bytes += length;
		options->length -= length;
	} while (option->length == 0 && options->length > 0);
	return option->length > 0;
}

int
mount_no_load(struct mount *mount, uint64_t ino, struct vnode **out)
{
	*out = NULL;
	return -ENOENT;
}

int
mount_sync_nothing(struct mount *mount)
{
	return 0;
}

void
mount_describe_nothing(struct mount *mount, struct text *out)
{
}

int
mount_statistics(struct mount *mount, struct fs_statistics *out)
{
	memset(out, 0, sizeof(*out));
	out->type = mount->type->magic;
	out->id = mount->id;
	return mount->ops->statistics(mount, out);
}

int
mount_sync(struct mount *mount)
{
	int error, rest;

	if (mount->flags & MOUNT_READ_ONLY)
		return 0;
	atomic_store(&mount->is_changed, false);
	error = page_cache_sync_mount(mount);
	rest = mount->ops->sync(mount);
	return error < 0 ? error : rest;
}

void
mount_changed(struct mount *mount)
{
	struct kernel *kernel = mount->kernel;
	struct mount_table *table = table_of(kernel);

	if (atomic_load_explicit(&mount->is_changed, memory_order_relaxed) ||
	    atomic_exchange(&mount->is_changed, true))
		return;
	if (!atomic_exchange(&table->is_sync_due, true))
		timer_arm(kernel, &table->sync_timer,
		    kernel_clock_monotonic(kernel) + MOUNT_SYNC_DELAY);
}

/* The deferred writer.  What fails is told to whoever syncs, and logged. */
static void
sync_changed(struct timer *timer)
{
	struct mount_table *table = container_of(timer, struct mount_table, sync_timer);

	atomic_store(&table->is_sync_due, false);
	mutex_lock(&table->lock);
	list_for_each(link, &table->mounts) {
		struct mount *mount = list_entry(link, struct mount, link);
		int error = 0;

		if (atomic_load(&mount->is_changed))
			error = mount_sync(mount);
		if (error < 0)
			kernel_log(mount->kernel, LOG_ERROR,
			    "%s: could not write everything: error %d", mount->source, -error);
	}
	mutex_unlock(&table->lock);
}

int
mount_sync_all(struct kernel *kernel)
{
	struct mount_table *table = table_of(kernel);
	int result = 0;

	mutex_lock(&table->lock);
	list_for_each(link, &table->mounts) {
		int error = mount_sync(list_entry(link, struct mount, link));

		if (result == 0)
			result = error;
	}
	mutex_unlock(&table->lock);
	return result;
}

void
mount_describe(struct mount *mount, struct text *out)
{
	text_add(out, "type: %s\n", mount->type->name);
	text_add(out, "source: %s\n", mount->source);
	text_add(out, "access: %s\n", mount->flags & MOUNT_READ_ONLY ? "read-only" : "read-write");
	mount->ops->describe(mount, out);
}

bool
mount_uses_device(struct kernel *kernel, uint32_t device, bool to_write)
{
	struct mount_table *table = table_of(kernel);
	bool is_used = false;

	mutex_lock(&table->lock);
	list_for_each(link, &table->mounts) {
		const struct mount *mount = list_entry(link, struct mount, link);

		if (mount->device == device && !(to_write && (mount->flags & MOUNT_READ_ONLY)))
			is_used = true;
	}
	mutex_unlock(&table->lock);
	return is_used;
}

struct vnode *
mount_root_vnode(struct kernel *kernel)
{
	return table_of(kernel)->root->root;
}

/* ---- mounting ----------------------------------------------------------------- */

/* End a mount that nobody can reach.  The error, also logged, is that of a last sync. */
static int
mount_end(struct mount *mount)
{
	struct vnode *covered = mount->covered;
	int error = mount_sync(mount);

	if (error < 0)
		kernel_log(mount->kernel, LOG_ERROR,
		    "unmount: %s: could not write everything: error %d", mount->source, -error);
	vnode_reclaim_all(mount);
	mount->ops->destroy(mount);
	vnode_put(covered);
	return error;
}

/* Put mount onto target.  REQUIRES(table->lock) */
static int
cover(struct mount_table *table, struct vnode *target, struct mount *mount)
{
	bool is_directory = target->type == VNODE_DIRECTORY;
	int error = 0;

	rwlock_lock_exclusive(&target->lock);
	if (is_directory != (mount->root->type == VNODE_DIRECTORY))
		error = -ENOTDIR;
	else if (target->attributes.link_count == 0)
		error = -ENOENT;
	else if (atomic_load(&target->mounted_here) != NULL)
		error = -EBUSY;
	if (error == 0) {
		mount->covered = vnode_get(target);
		list_push_back(&table->mounts, &mount->link);
		atomic_store(&target->mounted_here, mount);
	}
	rwlock_unlock_exclusive(&target->lock);
	return error;
}

/* Open the file system that request asks for; type may be NULL: any that knows it. */
static int
mount_open(const struct mount_request *request, const struct fs_type *type, struct mount **out)
{
	int error;

	*out = NULL;
	if (type == NULL) {
		error = fs_probe(request, &type);
		if (error < 0)
			return error;
	}
	error = type->mount(request, out);
	ASSERT((error == 0) == (*out != NULL));
	return error;
}

int
mount_find_device(const struct path_context *context, const char *source, uint32_t *device)
{
	struct vnode *vnode;
	int error = lookup(context, source, LOOKUP_FOLLOW, &vnode);

	if (error < 0)
		return error;
	if (vnode->type != VNODE_BLOCK)
		error = -ENOTBLK;
	else if (vnode->mount->flags & MOUNT_NO_DEVICES)
		error = -EACCES;
	rwlock_lock_shared(&vnode->lock);
	*device = vnode->attributes.device;
	rwlock_unlock_shared(&vnode->lock);
	vnode_put(vnode);
	return error;
}

/* Check flags of mount(2), and say in them what is meant by default. */
static int
check_flags(uint32_t *flags)
{
	if ((*flags & FLAGS_MAGIC_MASK) == FLAGS_MAGIC)
		*flags &= ~FLAGS_MAGIC_MASK;
	if (*flags & ~(uint32_t)FLAGS_KNOWN)
		return -EINVAL;
	if (!(*flags & (MOUNT_NO_ACCESS_TIME | MOUNT_STRICT_ACCESS_TIME)))
		*flags |= MOUNT_RELATIVE_ACCESS_TIME;
	return 0;
}

/* Open what request asks for and put it onto target. */
static int
mount_on(const struct mount_request *request, const struct fs_type *type, struct vnode *target)
{
	struct mount_table *table = table_of(request->kernel);
	struct mount *mount;
	int error = mount_open(request, type, &mount);

	if (error < 0)
		return error;
	mutex_lock(&table->lock);
	error = cover(table, target, mount);
	mutex_unlock(&table->lock);
	if (error < 0)
		mount_end(mount);
	return error;
}

int
mount_at(const struct path_context *context, const char *source, const char *target,
    const char *type_name, uint32_t flags, const char *options)
{
	bool is_auto = string_equal(type_name, "auto");
	const struct fs_type *type = is_auto ? NULL : fs_find(context->kernel, type_name);
	struct mount_request request = {
		.kernel = context->kernel,
		.source = source,
		.options = options,
	};
	struct vnode *vnode;
	int error;

	if (!credential_can(context->credential, CAP_SYS_ADMIN))
		return -EPERM;
	error = check_flags(&flags);
	if (error < 0)
		return error;
	request.flags = flags;
	if (type == NULL && !is_auto)
		return -ENODEV;
	if (is_auto || type->needs_device) {
		error = mount_find_device(context, source, &request.device);
		if (error < 0)
			return error;
	}
	error = lookup(context, target, LOOKUP_FOLLOW, &vnode);
	if (error < 0)
		return error;
	error = mount_on(&request, type, vnode);
	vnode_put(vnode);
	return error;
}

int
mount_root(struct kernel *kernel, const char *type_name, const char *options)
{
	struct mount_table *table = table_of(kernel);
	const struct fs_type *type = fs_find(kernel, type_name);
	const struct mount_request request = {
		.kernel = kernel,
		.source = "none",
		.flags = MOUNT_RELATIVE_ACCESS_TIME,
		.options = options,
	};
	struct mount *mount;
	int error;

	if (type == NULL)
		return -ENODEV;
	error = mount_open(&request, type, &mount);
	if (error < 0)
		return error;
	mutex_lock(&table->lock);
	ASSERT(table->root == NULL);
	table->root = mount;
	list_push_back(&table->mounts, &mount->link);
	mutex_unlock(&table->lock);
	return 0;
}

/* ---- unmounting ---------------------------------------------------------------- */

/* Take mount off what it covers, unless it is used.  REQUIRES(table->lock) */
static int
uncover(struct mount *mount)
{
	struct vnode *covered = mount->covered;
	int error = 0;

	rwlock_lock_exclusive(&covered->lock);
	if (vnode_any_used(mount)) {
		error = -EBUSY;
	} else {
		atomic_store(&covered->mounted_here, NULL);
		list_remove(&mount->link);
	}
	rwlock_unlock_exclusive(&covered->lock);
	return error;
}

int
unmount_at(const struct path_context *context, const char *target, uint32_t flags)
{
	struct mount_table *table = table_of(context->kernel);
	struct mount *mount;
	struct vnode *vnode;
	int error;

	if (!credential_can(context->credential, CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & ~(uint32_t)UNMOUNT_NO_FOLLOW)
		return -EINVAL;
	error = lookup(context, target, flags & UNMOUNT_NO_FOLLOW ? 0 : LOOKUP_FOLLOW, &vnode);
	if (error < 0)
		return error;

	/* Our reference keeps the mount until we have the lock; then that does. */
	mutex_lock(&table->lock);
	mount = vnode->mount;
	if (vnode != mount->root)
		error = -EINVAL;
	else if (mount == table->root)
		error = -EBUSY;
	vnode_put(vnode);
	if (error == 0)
		error = uncover(mount);
	mutex_unlock(&table->lock);
	return error < 0 ? error : mount_end(mount);
}

void
unmount_all(struct kernel *kernel)
{
	struct mount_table *table = table_of(kernel);

	/* What happens from here on is written with the mount it happens to. */
	atomic_store(&table->is_sync_due, true);
	timer_cancel(kernel, &table->sync_timer);
	atomic_store(&table->is_sync_due, true);
	while (!list_is_empty(&table->mounts)) {
		struct mount *mount = list_entry(table->mounts.previous, struct mount, link);

		if (vnode_any_used(mount))
			kernel_log(kernel, LOG_WARNING, "unmount: %s (%s) is still used",
			    mount->source, mount->type->name);
		if (mount->covered != NULL)
			atomic_store(&mount->covered->mounted_here, NULL);
		list_remove(&mount->link);
		mount_end(mount);
	}
	table->root = NULL;
}

void
mount_table_start(struct kernel *kernel)
{
	struct mount_table *table = table_of(kernel);

	mutex_init(&table->lock, kernel, RANK_MOUNT_TABLE);
	list_init(&table->mounts);
	timer_init(&table->sync_timer, sync_changed);
	atomic_init(&table->is_sync_due, false);
}
