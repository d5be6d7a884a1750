/*
 * Two names change places: renameat2(2) with RENAME_EXCHANGE.
 *
 * Where both are in one sector, one write changes them, and in a journal one
 * transaction does.  Elsewhere a cut between
 * the two writes would leave one of the files without a name, so that file has a
 * third name meanwhile:
 *
 *	from -> x			to -> y
 *	from -> x	spare -> x	to -> y
 *	from -> y	spare -> x	to -> y
 *	from -> y	spare -> x	to -> x
 *	from -> y			to -> x
 *
 * Each line is durable before the next begins, which takes checkpoints; it is no
 * call that anybody is in a hurry with.  The directories are locked all the time,
 * so that nobody but a checker, after a cut, ever sees the spare name.
 */
#include "base/errno.h"
#include "base/format.h"
#include "fs/ffs/directory.h"
#include "fs/ffs/names_impl.h"
#include "fs/ffs/write.h"
#include "vfs/namespace.h"

#define SPARE_NAME_SIZE 32

static struct ffs_mount *
mount_of(const struct vnode_rename *rename)
{
	return ffs_mount_of(rename->vnode->mount);
}

/* Let the entry of name, which leads to old, lead to fresh. */
static int
point(struct vnode *dir, struct name name, struct vnode *old, struct vnode *fresh)
{
	struct ffs_place place;
	uint64_t offset;
	int error = ffs_find_entry(dir, name, old, &place, &offset);

	if (error < 0)
		return error;
	error = ffs_count_link(fresh, 1);
	if (error == 0)
		error = ffs_count_link(old, -1);
	if (error == 0)
		ffs_entry_point(&place, offset, (uint32_t)fresh->ino, (enum ffs_type)fresh->type);
	ffs_place_put(&place);
	return error;
}

/* What counts and ".." say after both have moved. */
static int
move_directories(const struct vnode_rename *rename)
{
	struct vnode_rename back = {
		.from_dir = rename->to_dir,
		.to_dir = rename->from_dir,
		.vnode = rename->replaced,
	};
	int error = ffs_move_directory(rename);

	return error < 0 ? error : ffs_move_directory(&back);
}

/* ---- at once ------------------------------------------------------------------------- */

/* 1 if they are not in one sector, and there is no journal. */
static int
exchange_at_once(const struct vnode_rename *rename)
{
	struct vnode *from = rename->vnode, *to = rename->replaced;
	struct ffs_place from_place, to_place;
	uint64_t from_offset, to_offset;
	int error =
	    ffs_find_entry(rename->from_dir, rename->from_name, from, &from_place, &from_offset);

	if (error < 0)
		return error;
	error = ffs_find_entry(rename->to_dir, rename->to_name, to, &to_place, &to_offset);
	if (error == 0) {
		if (mount_of(rename)->writing->log != NULL ||
		    ffs_is_one_sector(&from_place, &to_place)) {
			ffs_entry_point(&from_place, from_offset, (uint32_t)to->ino,
			    (enum ffs_type)to->type);
			ffs_entry_point(&to_place, to_offset, (uint32_t)from->ino,
			    (enum ffs_type)from->type);
			error = move_directories(rename);
		} else {
			error = 1;
		}
		ffs_place_put(&to_place);
	}
	ffs_place_put(&from_place);
	return error;
}

/* ---- elsewhere ------------------------------------------------------------------------ */

/* A name that is not in the directory. */
static int
choose_spare(struct vnode *dir, char text[SPARE_NAME_SIZE], struct name *out)
{
	for (unsigned i = 0;; i++) {
		uint64_t offset;
		uint32_t ino;
		int error;

		format_text(text, SPARE_NAME_SIZE, ".exchange.%u", i);
		*out = name_of(text);
		error = ffs_directory_find(ffs_inode_of(dir), *out, &ino, &offset);
		if (error == -ENOENT)
			return 0;
		if (error < 0)
			return error;
	}
}

static int
drop_spare(const struct vnode_rename *rename, struct name spare)
{
	struct ffs_place place;
	uint64_t offset;
	int error = ffs_find_entry(rename->from_dir, spare, rename->vnode, &place, &offset);

	if (error < 0)
		return error;
	ffs_entry_remove(&place, offset, spare);
	ffs_place_put(&place);
	return ffs_count_link(rename->vnode, -1);
}

/* From the second line on; *is_open says whether an operation is under way after. */
static int
exchange_with_spare(const struct vnode_rename *rename, struct name spare, bool *is_open)
{
	struct vnode *from = rename->vnode, *to = rename->replaced;
	struct ffs_mount *fs = mount_of(rename);
	int error = ffs_turn_over(fs);

	*is_open = error == 0;
	if (error == 0)
		error = point(rename->from_dir, rename->from_name, from, to);
	if (error == 0) {
		error = ffs_turn_over(fs);
		*is_open = error == 0;
	}
	if (error == 0)
		error = point(rename->to_dir, rename->to_name, to, from);
	if (error == 0)
		error = move_directories(rename);
	if (error == 0) {
		error = ffs_turn_over(fs);
		*is_open = error == 0;
	}
	return error < 0 ? error : drop_spare(rename, spare);
}

/* Within an operation, which may have ended after. */
static int
exchange_elsewhere(const struct vnode_rename *rename, bool *is_open)
{
	char text[SPARE_NAME_SIZE];
	struct name spare;
	int error = choose_spare(rename->from_dir, text, &spare);

	if (error == 0)
		error = ffs_link_within(rename->from_dir, spare, rename->vnode);
	if (error < 0)
		return error;
	error = exchange_with_spare(rename, spare, is_open);
	/* Half way there is no way back: the file has its spare name, at worst. */
	return error < 0 ? ffs_break(mount_of(rename), -EIO) : 0;
}

int
ffs_exchange(const struct vnode_rename *rename)
{
	struct ffs_mount *fs = mount_of(rename);
	int error = -ENOSPC;

	if (rename->vnode == rename->replaced)
		return 0;
	if (rename->replaced->attributes.link_count >= FFS_LINKS_MAX ||
	    (rename->replaced->type == VNODE_DIRECTORY &&
		rename->from_dir->attributes.link_count >= FFS_LINKS_MAX))
		return -EMLINK;
	for (unsigned i = 0; i <= FFS_SPACE_TRIES && error == -ENOSPC; i++) {
		bool is_open = true;

		if (i > 0 && !ffs_make_space(fs))
			break;
		error = ffs_begin(fs);
		if (error < 0)
			return error;
		error = exchange_at_once(rename);
		if (error > 0)
			error = exchange_elsewhere(rename, &is_open);
		if (is_open)
			ffs_end(fs);
	}
	return error;
}
