/*
 * Making, linking, removing and renaming files.
 *
 * Each is one operation.  What can fail is done first: room for the name, the
 * inode and what it holds; entering the name cannot fail.  Without space, what
 * waits to be free is set free between two tries.
 *
 * A rename enters the new name and takes the old one away.  Until the former is
 * durable, the latter must stay on the medium: a journal takes both at once; if
 * both are in one sector, they go together; if their buffers differ, waves see to it; else, or if waves of an
 * earlier rename say the opposite, there is a checkpoint between the two.
 * Meanwhile the file counts both names.
 *
 * Entries of one wave go in any order, so a name is not taken from a file while
 * another that it has, or is to have, may not be durable: because that was linked
 * since the last checkpoint, or is in a directory that was made since.  Then there
 * is a checkpoint first.  A file that was made since was never synced, and is not
 * waited for; if it loses its names before the checkpoint, nothing of it is written.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/directory.h"
#include "fs/ffs/dirent.h"
#include "fs/ffs/entries.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/names_impl.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/device.h"
#include "vfs/namespace.h"

static struct ffs_mount *
mount_of(const struct vnode *vnode)
{
	return ffs_mount_of(vnode->mount);
}

/* ---- making -------------------------------------------------------------- */

/* A file that is being made. */
struct making {
	struct ffs_mount *fs;
	struct ffs_inode *dir;
	const struct vnode_create *what;
	bool is_named; /* else it has no link yet */
	uint32_t ino;
	uint32_t generation;
	uint64_t first; /* its fragment, if it holds some from the beginning */
	uint32_t count; /* of fragments */
};

static bool
is_directory(const struct making *making)
{
	return making->what->type == VNODE_DIRECTORY;
}

/* Store what a directory or a long symbolic link begins with. */
static int
store_first(struct making *making, uint32_t length)
{
	struct ffs_mount *fs = making->fs;
	struct ffs_want want = {
		.near = ffs_space_near(fs, making->ino, 0),
		.count = (uint32_t)divide_up(length, fs->sb.fragment_size),
		.uses_reserve = making->what->uid == 0,
	};
	struct buffer *buffer;
	int error = ffs_space_take(fs, &want, &making->first);

	if (error < 0)
		return error;
	making->count = want.count;
	error = buffer_new(fs->dev, ffs_fragment_offset(&fs->sb, making->first),
	    want.count << fs->sb.fragment_shift, &buffer);
	if (error < 0) {
		ffs_space_return(fs, making->first, making->count);
		making->count = 0;
		return error == -EINVAL ? ffs_break(fs, -EUCLEAN) : error;
	}
	if (is_directory(making)) {
		ffs_directory_fill(&fs->sb, buffer->data, buffer->size, making->ino,
		    (uint32_t)making->dir->vnode.ino);
		error = ffs_write_fresh(fs, buffer->offset, buffer->data, buffer->size);
	} else {
		memcpy(buffer->data, making->what->target.bytes, making->what->target.length);
	}
	buffer_dirty(buffer, is_directory(making) ? FFS_WAVE_ENTRY : FFS_WAVE_NEW);
	buffer_put(buffer);
	return error;
}

/* What the new inode says. */
static void
describe(const struct making *making, struct ffs_dinode *out)
{
	const struct vnode_create *what = making->what;
	const struct ffs_superblock *sb = &making->fs->sb;
	struct timestamp now = timestamp_now(making->fs->mount.kernel);
	struct ffs_time time = { now.seconds, now.nanoseconds };

	*out = (struct ffs_dinode){
		.type = (enum ffs_type)what->type,
		.permissions = what->permissions,
		.link_count = !making->is_named	     ? 0
			      : is_directory(making) ? 2
						     : 1,
		.uid = what->uid,
		.gid = what->gid,
		.accessed = time,
		.modified = time,
		.changed = time,
		.born = time,
		.device = ffs_device_make(device_major(what->device), device_minor(what->device)),
		.sector_count = (uint64_t)making->count << sb->fragment_shift >> 9,
	};
	if (is_directory(making))
		out->size = sb->fragment_size;
	if (what->type == VNODE_SYMLINK) {
		out->size = what->target.length;
		out->is_short_link = making->count == 0;
	}
	if (out->is_short_link)
		memcpy(out->target, what->target.bytes, what->target.length);
	else if (making->count > 0)
		out->direct[0] = making->first;
}

/* Write the new inode to its buffer. */
static int
store_inode(const struct making *making)
{
	struct ffs_mount *fs = making->fs;
	struct ffs_dinode dinode;
	struct buffer *buffer;
	uint32_t offset, old;
	int error = ffs_inode_buffer(fs, making->ino, &buffer, &offset);
	bool is_free;

	if (error < 0)
		return error;
	describe(making, &dinode);
	mutex_lock(&fs->writing->inode_lock);
	is_free = ffs_dinode_is_free(&fs->sb, buffer->data + offset);
	old = ffs_dinode_generation(&fs->sb, buffer->data + offset);
	if (is_free) {
		ffs_dinode_clear(&fs->sb, buffer->data + offset,
		    old == 0 ? making->generation : old + 1);
		ffs_dinode_encode(&fs->sb, &dinode, buffer->data + offset);
		buffer_dirty(buffer, FFS_WAVE_INODE);
	}
	mutex_unlock(&fs->writing->inode_lock);
	buffer_put(buffer);
	if (is_free)
		return 0;
	kernel_log(fs->mount.kernel, LOG_ERROR, "ffs: %.48s: inode %u is marked free, and is not",
	    fs->name, making->ino);
	return ffs_break(fs, -EUCLEAN);
}

static void
unmake(struct making *making)
{
	if (making->count > 0)
		ffs_space_give(making->fs, making->first, making->count, true);
	ffs_space_give_inode(making->fs, making->ino, is_directory(making));
}

/* Make the file, without a name yet. */
static int
make(struct making *making, struct vnode **out)
{
	const struct vnode_create *what = making->what;
	struct ffs_mount *fs = making->fs;
	int error;

	if (!ffs_ids_fit(&fs->sb, what->uid, what->gid))
		return -EOVERFLOW;
	error = ffs_space_take_inode(fs, (uint32_t)making->dir->vnode.ino, is_directory(making),
	    &making->ino, &making->generation);

	if (error < 0)
		return error;
	if (is_directory(making))
		error = store_first(making, FFS_DIRENT_BLOCK_SIZE);
	else if (what->type == VNODE_SYMLINK && what->target.length >= fs->sb.short_link_max)
		error = store_first(making, (uint32_t)what->target.length);
	if (error == 0)
		error = store_inode(making);
	if (error == 0) {
		error = vnode_find(&fs->mount, making->ino, out);
		if (error < 0)
			ffs_clear_inode(fs, making->ino);
	}
	if (error < 0)
		unmake(making);
	else
		ffs_inode_of(*out)->made_at = fs->writing->checkpoint_number;
	return error;
}

static int
create(struct vnode *vdir, struct name name, const struct vnode_create *what, struct vnode **out)
{
	struct ffs_inode *dir = ffs_inode_of(vdir);
	struct making making = {
		.fs = mount_of(vdir),
		.dir = dir,
		.what = what,
		.is_named = true,
	};
	struct ffs_place place;
	int error;

	if (is_directory(&making) && vdir->attributes.link_count >= FFS_LINKS_MAX)
		return -EMLINK;
	error = ffs_begin(making.fs);
	if (error < 0)
		return error;
	error = ffs_place_make(dir, name.length, what->uid == 0, &place);
	if (error == 0) {
		error = make(&making, out);
		if (error == 0)
			ffs_entry_add(&place, name, making.ino, (enum ffs_type)what->type);
		ffs_place_put(&place);
	}
	if (error == 0 && is_directory(&making)) {
		atomic_store(&making.fs->writing->has_new_directories, true);
		vdir->attributes.link_count++;
		error = ffs_inode_update(dir);
	}
	ffs_end(making.fs);
	if (error < 0 && *out != NULL) {
		vnode_put(*out);
		*out = NULL;
	}
	return error;
}

int
ffs_create(struct vnode *dir, struct name name, const struct vnode_create *what, struct vnode **out)
{
	int error = -ENOSPC;

	*out = NULL;
	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(mount_of(dir)))
			break;
		error = create(dir, name, what, out);
	}
	return error;
}

static int
create_unnamed(struct vnode *vdir, const struct vnode_create *what, struct vnode **out)
{
	struct making making = {
		.fs = mount_of(vdir),
		.dir = ffs_inode_of(vdir),
		.what = what,
	};
	int error = ffs_begin(making.fs);

	if (error < 0)
		return error;
	error = make(&making, out);
	if (error == 0) {
		error = ffs_unlinked_add(making.fs, making.ino, ffs_mode_of(*out));
		if (error < 0)
			ffs_break(making.fs, error);
	}
	ffs_end(making.fs);
	return error;
}

int
ffs_create_unnamed(struct vnode *dir, const struct vnode_create *what, struct vnode **out)
{
	int error = -ENOSPC;

	*out = NULL;
	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(mount_of(dir)))
			break;
		error = create_unnamed(dir, what, out);
	}
	return error;
}

/* ---- linking ------------------------------------------------------------- */

int
ffs_count_link(struct vnode *vnode, int by)
{
	struct ffs_mount *fs = mount_of(vnode);
	uint32_t before = vnode->attributes.link_count, after = before + (uint32_t)by;
	int error = 0;

	if (after == 0)
		error = ffs_unlinked_add(fs, vnode->ino, ffs_mode_of(vnode));
	if (error < 0)
		return error;
	vnode->attributes.link_count = after;
	error = ffs_inode_update(ffs_inode_of(vnode));
	if (error < 0)
		vnode->attributes.link_count = before;
	if (vnode->attributes.link_count > 0 && (before == 0 || after == 0))
		ffs_unlinked_drop(fs, vnode->ino);
	return error;
}

int
ffs_link_within(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct ffs_place place;
	int error =
	    ffs_place_make(ffs_inode_of(dir), name.length, vnode->attributes.uid == 0, &place);

	if (error < 0)
		return error;
	error = ffs_count_link(vnode, 1);
	if (error == 0) {
		ffs_entry_add(&place, name, (uint32_t)vnode->ino, (enum ffs_type)vnode->type);
		atomic_store(&mount_of(dir)->writing->has_new_links, true);
	}
	ffs_place_put(&place);
	return error;
}

int
ffs_link(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct ffs_mount *fs = mount_of(dir);
	int error = -ENOSPC;

	if (vnode->attributes.link_count >= FFS_LINKS_MAX)
		return -EMLINK;
	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		if (i > 0 && !ffs_make_space(fs))
			break;
		error = ffs_begin(fs);
		if (error < 0)
			return error;
		error = ffs_link_within(dir, name, vnode);
		ffs_end(fs);
	}
	return error;
}

/* ---- removing ------------------------------------------------------------ */

int
ffs_find_entry(struct vnode *vdir, struct name name, const struct vnode *vnode,
    struct ffs_place *place, uint64_t *offset)
{
	struct ffs_inode *dir = ffs_inode_of(vdir);
	uint32_t ino;
	int error = ffs_directory_find(dir, name, &ino, offset);

	if (error == 0 && ino != vnode->ino)
		error = -EUCLEAN;
	return error < 0 ? error : ffs_place_at(dir, *offset, place);
}

/* Links that a directory has left over when its last name goes: its "." */
static int
links_to_drop(const struct vnode *vnode)
{
	return vnode->type == VNODE_DIRECTORY ? (int)vnode->attributes.link_count : 1;
}

/* vnode has lost a name in dir. */
static int
lose_name(struct vnode *dir, struct vnode *vnode)
{
	int error = ffs_count_link(vnode, -links_to_drop(vnode));

	if (error == 0 && vnode->type == VNODE_DIRECTORY)
		error = ffs_count_link(dir, -1);
	return error;
}

/* May the file, of which something may be durable, have a name more that is not? */
static bool
has_new_link(struct ffs_mount *fs, struct vnode *vnode)
{
	return fs->writing->log == NULL && vnode->type != VNODE_DIRECTORY &&
	       vnode->attributes.link_count > 1 && atomic_load(&fs->writing->has_new_links) &&
	       !ffs_is_fresh(vnode);
}

int
ffs_turn_over(struct ffs_mount *fs)
{
	int error;

	ffs_end(fs);
	error = ffs_checkpoint(fs);
	return error < 0 ? error : ffs_begin(fs);
}

static int
remove_within(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct ffs_place place;
	uint64_t offset;
	int error = 0;

	if (vnode->type == VNODE_DIRECTORY)
		error = ffs_directory_check_empty(ffs_inode_of(vnode));
	if (error == 0)
		error = ffs_find_entry(dir, name, vnode, &place, &offset);
	if (error < 0)
		return error;
	error = lose_name(dir, vnode);
	if (error == 0)
		ffs_entry_remove(&place, offset, name);
	ffs_place_put(&place);
	return error;
}

int
ffs_remove(struct vnode *dir, struct name name, struct vnode *vnode)
{
	struct ffs_mount *fs = mount_of(dir);
	int error = ffs_begin(fs);

	if (error == 0 && has_new_link(fs, vnode))
		error = ffs_turn_over(fs);
	if (error < 0)
		return error;
	error = remove_within(dir, name, vnode);
	ffs_end(fs);
	return error;
}

/* ---- renaming ------------------------------------------------------------ */

bool
ffs_is_one_sector(const struct ffs_place *left, const struct ffs_place *right)
{
	return left->buffer == right->buffer && left->block == right->block;
}

/* See to it by waves that first is durable before last; false if they cannot. */
static bool
order_waves(struct ffs_place *first, struct ffs_place *last)
{
	unsigned first_wave, last_wave;
	bool is_last_dirty;

	if (first->buffer == last->buffer)
		return false;
	if (!buffer_wave(first->buffer, &first_wave))
		return false;
	is_last_dirty = buffer_wave(last->buffer, &last_wave);
	if (first_wave == FFS_WAVE_LAST ||
	    (is_last_dirty && last_wave != FFS_WAVE_ENTRY && last_wave != FFS_WAVE_LAST))
		return false;
	if (first_wave == FFS_WAVE_ENTRY)
		buffer_set_wave(first->buffer, FFS_WAVE_FIRST);
	buffer_dirty(last->buffer, FFS_WAVE_LAST);
	buffer_set_wave(last->buffer, FFS_WAVE_LAST);
	return true;
}

/* Let to_name lead to the file. */
static int
enter_new_name(const struct vnode_rename *rename, struct ffs_place *place)
{
	struct vnode *vnode = rename->vnode;
	uint64_t offset;
	int error;

	if (rename->replaced == NULL)
		error = ffs_place_make(ffs_inode_of(rename->to_dir), rename->to_name.length,
		    vnode->attributes.uid == 0, place);
	else
		error = ffs_find_entry(rename->to_dir, rename->to_name, rename->replaced, place,
		    &offset);
	if (error < 0)
		return error;
	error = ffs_count_link(vnode, 1);
	if (error < 0) {
		ffs_place_put(place);
		return error;
	}
	if (rename->replaced == NULL)
		ffs_entry_add(place, rename->to_name, (uint32_t)vnode->ino,
		    (enum ffs_type)vnode->type);
	else
		ffs_entry_point(place, offset, (uint32_t)vnode->ino, (enum ffs_type)vnode->type);
	return 0;
}

int
ffs_move_directory(const struct vnode_rename *rename)
{
	bool has_moved = rename->from_dir != rename->to_dir;
	int error = 0;

	if (rename->vnode->type != VNODE_DIRECTORY || !has_moved)
		return 0;
	error = ffs_count_link(rename->to_dir, 1);
	if (error == 0)
		error = ffs_directory_set_parent(ffs_inode_of(rename->vnode),
		    (uint32_t)rename->to_dir->ino);
	if (error == 0)
		error = ffs_count_link(rename->from_dir, -1);
	return error;
}

/* Take the old name away, after the new one. */
static int
remove_old_name(const struct vnode_rename *rename, struct ffs_place *to)
{
	struct ffs_mount *fs = mount_of(rename->from_dir);
	struct ffs_place from;
	uint64_t offset;
	int error =
	    ffs_find_entry(rename->from_dir, rename->from_name, rename->vnode, &from, &offset);

	if (error < 0)
		return error;
	if (fs->writing->log == NULL && !ffs_is_one_sector(to, &from) && !order_waves(to, &from)) {
		error = ffs_turn_over(fs);
		if (error < 0) {
			ffs_place_put(&from);
			return error == -EROFS ? -EIO : error;
		}
	}
	ffs_entry_remove(&from, offset, rename->from_name);
	ffs_place_put(&from);
	return ffs_count_link(rename->vnode, -1);
}

/*
 * Within an operation, which has ended with *is_over: the checkpoint between the
 * two names failed.
 */
static int
rename_within(const struct vnode_rename *rename, bool *is_over)
{
	struct ffs_place to;
	int error = 0;

	*is_over = false;
	if (rename->replaced != NULL && rename->replaced->type == VNODE_DIRECTORY)
		error = ffs_directory_check_empty(ffs_inode_of(rename->replaced));
	if (error == 0)
		error = enter_new_name(rename, &to);
	if (error < 0)
		return error;
	if (rename->replaced != NULL)
		error = lose_name(rename->to_dir, rename->replaced);
	if (error == 0)
		error = ffs_move_directory(rename);
	if (error == 0) {
		error = remove_old_name(rename, &to);
		*is_over = error == -EIO && atomic_load(&mount_of(rename->vnode)->writing->broken);
	}
	ffs_place_put(&to);
	return error;
}

/* May a file that loses a name by this be without any for some time? */
static bool
needs_names(const struct vnode_rename *rename)
{
	struct ffs_mount *fs = mount_of(rename->from_dir);

	if (rename->replaced != NULL && has_new_link(fs, rename->replaced))
		return true;
	return fs->writing->log == NULL && rename->from_dir != rename->to_dir &&
	       atomic_load(&fs->writing->has_new_directories) && !ffs_is_fresh(rename->vnode);
}

int
ffs_rename(const struct vnode_rename *rename)
{
	struct ffs_mount *fs = mount_of(rename->from_dir);
	int error = -ENOSPC;

	if (rename->vnode->attributes.link_count >= FFS_LINKS_MAX ||
	    (rename->vnode->type == VNODE_DIRECTORY &&
		rename->to_dir->attributes.link_count >= FFS_LINKS_MAX))
		return -EMLINK;
	if (rename->exchange)
		return ffs_exchange(rename);
	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		bool is_over;

		if (i > 0 && !ffs_make_space(fs))
			break;
		error = ffs_begin(fs);
		if (error == 0 && needs_names(rename))
			error = ffs_turn_over(fs);
		if (error < 0)
			return error;
		error = rename_within(rename, &is_over);
		if (!is_over)
			ffs_end(fs);
	}
	return error;
}

/* ---- attributes ---------------------------------------------------------- */

int
ffs_attributes_changed(struct vnode *vnode, uint32_t mask)
{
	const struct vnode_attributes *attributes = &vnode->attributes;
	struct ffs_mount *fs = mount_of(vnode);
	int error;

	if (!ffs_ids_fit(&fs->sb, attributes->uid, attributes->gid))
		return -EOVERFLOW;
	error = ffs_begin(fs);
	if (error < 0)
		return error;
	error = ffs_inode_update(ffs_inode_of(vnode));
	ffs_end(fs);
	return error;
}
