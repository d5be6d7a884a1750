/*
 * The end of files: losing the last name, being erased, being freed.
 *
 * A file without names is freed once it is durable that nobody leads to it (write.h).
 * One that was made since the last checkpoint has never been on the medium: it is
 * freed by the next, which then has nothing to write of it.
 */
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/journal.h"
#include "fs/ffs/layout.h"
#include "fs/ffs/names_impl.h"
#include "fs/ffs/write.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"

static struct ffs_mount *
mount_of(const struct vnode *vnode)
{
	return ffs_mount_of(vnode->mount);
}

bool
ffs_is_fresh(struct vnode *vnode)
{
	const struct ffs_writing *writing = mount_of(vnode)->writing;

	return writing->log == NULL && ffs_inode_of(vnode)->made_at == writing->checkpoint_number;
}

void
ffs_clear_inode(struct ffs_mount *fs, uint64_t ino)
{
	struct buffer *buffer;
	uint32_t offset;

	if (ffs_inode_buffer(fs, ino, &buffer, &offset) < 0)
		return;
	mutex_lock(&fs->writing->inode_lock);
	ffs_dinode_clear(&fs->sb, buffer->data + offset,
	    ffs_dinode_generation(&fs->sb, buffer->data + offset));
	buffer_dirty(buffer, FFS_WAVE_INODE);
	mutex_unlock(&fs->writing->inode_lock);
	buffer_put(buffer);
}

int
ffs_unlinked_add(struct ffs_mount *fs, uint64_t ino, uint32_t mode)
{
	struct ffs_writing *writing = fs->writing;
	struct ffs_freed item = { .first = ino, .mode = mode };
	bool is_added = true;

	if (writing->log == NULL)
		return 0;
	mutex_lock(&writing->lock);
	is_added = ffs_waiting_add(fs, &writing->unlinked, item);
	mutex_unlock(&writing->lock);
	return is_added ? 0 : -ENOMEM;
}

void
ffs_unlinked_drop(struct ffs_mount *fs, uint64_t ino)
{
	struct ffs_waiting *unlinked = &fs->writing->unlinked;

	mutex_lock(&fs->writing->lock);
	/* Most files are erased soon after they lost their name. */
	for (size_t i = unlinked->count; i-- > 0;) {
		if (unlinked->items[i].first == ino) {
			unlinked->items[i] = unlinked->items[--unlinked->count];
			break;
		}
	}
	mutex_unlock(&fs->writing->lock);
}

void
ffs_erase(struct vnode *vnode)
{
	struct ffs_mount *fs = mount_of(vnode);
	struct ffs_writing *writing = fs->writing;
	struct ffs_freed item = {
		.first = vnode->ino,
		.mode = ffs_mode_of(vnode),
		.is_metadata = vnode->type == VNODE_DIRECTORY,
	};
	bool is_kept;

	if (writing == NULL || vnode->attributes.link_count > 0 || ffs_begin(fs) < 0)
		return;
	mutex_lock(&writing->lock);
	is_kept =
	    ffs_waiting_add(fs, ffs_is_fresh(vnode) ? &writing->nameless : &writing->orphans, item);
	if (is_kept) {
		writing->waiting_inodes++;
		writing->waiting_fragments +=
		    vnode->attributes.block_count << 9 >> fs->sb.fragment_shift;
	}
	mutex_unlock(&writing->lock);
	if (is_kept)
		ffs_unlinked_drop(fs, vnode->ino);
	ffs_end(fs);
	if (!is_kept)
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: inode %llu: no memory to free it; a check does", fs->name,
		    (unsigned long long)vnode->ino);
}

/* Give back what the inode's extended attributes take. */
static int
free_extension(struct ffs_mount *fs, const struct ffs_dinode *dinode)
{
	for (unsigned i = 0; i < FFS_EXTENSION_COUNT; i++) {
		uint32_t length = ffs_block_length(&fs->sb, dinode->extension_size, i);
		uint32_t count = length >> fs->sb.fragment_shift;

		if (dinode->extension[i] == 0 || length == 0)
			continue;
		if (!ffs_is_data(&fs->sb, dinode->extension[i], count))
			return ffs_break(fs, -EUCLEAN);
		ffs_space_give(fs, dinode->extension[i], count, true);
	}
	return 0;
}

/* What waits to be free is less by what an inode says it holds, or held. */
static void
count_cleared(struct ffs_mount *fs, uint64_t sectors, unsigned inodes)
{
	struct ffs_writing *writing = fs->writing;
	uint64_t held = sectors << 9 >> fs->sb.fragment_shift;

	mutex_lock(&writing->lock);
	writing->waiting_fragments -= min_u64(held, writing->waiting_fragments);
	writing->waiting_inodes -= min_u64(inodes, writing->waiting_inodes);
	mutex_unlock(&writing->lock);
}

/* Free all that inode ino has; what cannot be freed yet, it keeps. */
static int
clear_file(struct ffs_mount *fs, struct ffs_inode *scratch, uint64_t ino)
{
	struct ffs_dinode dinode;
	int error = ffs_inode_read(fs, ino, &dinode), rest;

	if (error < 0)
		return error;
	scratch->vnode.ino = ino;
	scratch->vnode.type = (enum vnode_type)dinode.type;
	ffs_inode_fill(scratch, &dinode);
	if (dinode.type == FFS_TYPE_DIRECTORY || dinode.type == FFS_TYPE_REGULAR ||
	    (dinode.type == FFS_TYPE_SYMLINK && !dinode.is_short_link))
		error = ffs_shrink(scratch, 0);
	if (error < 0) {
		rest = ffs_inode_update(scratch);
		count_cleared(fs, dinode.sector_count - scratch->vnode.attributes.block_count, 0);
		return rest < 0 ? rest : error;
	}
	error = free_extension(fs, &dinode);
	if (error < 0)
		return error;
	count_cleared(fs, dinode.sector_count, 1);
	ffs_clear_inode(fs, ino);
	ffs_space_give_inode(fs, (uint32_t)ino, dinode.type == FFS_TYPE_DIRECTORY);
	return 0;
}

void
ffs_clear_nameless(struct ffs_mount *fs)
{
	struct ffs_waiting *nameless = &fs->writing->nameless;
	struct ffs_inode *scratch;

	if (nameless->count == 0)
		return;
	scratch = memory_alloc_zeroed(fs->mount.kernel, sizeof(*scratch));
	if (scratch == NULL)
		return; /* the next checkpoint tries again */
	scratch->vnode.mount = &fs->mount;
	scratch->vnode.kernel = fs->mount.kernel;
	while (nameless->count > 0 && ffs_journal_has_room(fs)) {
		uint64_t ino = nameless->items[nameless->count - 1].first;
		int error = clear_file(fs, scratch, ino);

		if (error == -EAGAIN || error == -ENOMEM)
			break; /* a part of it; the next checkpoint goes on */
		nameless->count--;
		if (error < 0)
			kernel_log(fs->mount.kernel, LOG_ERROR,
			    "ffs: %.48s: inode %llu could not be freed: error %d", fs->name,
			    (unsigned long long)ino, -error);
	}
	memory_free(fs->mount.kernel, scratch, sizeof(*scratch));
}
