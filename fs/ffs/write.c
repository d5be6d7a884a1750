/*
 * Operations and checkpoints of a file system that is written: see write.h.
 *
 * A checkpoint holds operation exclusively until all is durable, flushes
 * included, so that no operation sees or makes half a state.  It takes as long
 * as the medium takes; operations wait meanwhile, readers do not.
 *
 * With a journal it is a transaction that frees space, too: whoever lost a name
 * before it is cleared, and the maps say so, all at once.
 *
 * A write that fails, and damage that is met by who writes, ends all writing:
 * what is on the medium by then is some cut between two writes, for a checker.
 */
#include "fs/ffs/write.h"

#include "base/endian.h"
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/ffs/journal.h"
#include "kern/kernel.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/namespace.h"

#define SUMMARY_ENTRY_SIZE 16
#define DIRTY_SHARE	   8 /* of the memory a kernel may take: dirty buffers */
#define IDLE_ROUNDS	   4 /* checkpoints without effect until it is given up */

/* Fields of the superblock that are written. */
enum field {
	OLD_TIME = 32,
	OLD_COUNTS = 192,
	MODIFIED = 208,
	CLEAN = 209,
	READ_ONLY = 210,
	COUNTS = 1008,
	TIME = 1072,
	FLAGS = 1312,
};

/* ---- operations ---------------------------------------------------------------------- */

int
ffs_break(struct ffs_mount *fs, int error)
{
	int none = 0;

	if (fs->writing == NULL)
		return error;
	if (atomic_compare_exchange_strong(&fs->writing->broken, &none, error))
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: read-only from now on (error %d); "
		    "\"rump fsck\" or the system it comes from can repair it",
		    fs->name, -error);
	return error;
}

static int write_superblock(struct ffs_mount *fs, enum ffs_clean clean);

/* What the medium says while it is written: with a journal it is no worse than before. */
static enum ffs_clean
state_in_use(const struct ffs_mount *fs)
{
	return fs->writing->log != NULL && !fs->keeps_dirty ? FFS_WAS_CLEAN : FFS_DIRTY;
}

/* Before the first change, the medium says that it is not clean.  REQUIRES(operation) */
static int
mark_dirty(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	mutex_lock(&writing->lock);
	if (!atomic_load(&writing->is_marked)) {
		error = write_superblock(fs, state_in_use(fs));
		if (error == 0)
			error = block_flush(fs->dev);
		if (error == 0)
			atomic_store(&writing->is_marked, true);
	}
	mutex_unlock(&writing->lock);
	return error < 0 ? ffs_break(fs, error) : 0;
}

static int checkpoint_locked(struct ffs_mount *fs);

/* Files and fragments that are still to be freed. */
static uint64_t
count_waiting(struct ffs_writing *writing)
{
	uint64_t count;

	mutex_lock(&writing->lock);
	count = writing->orphans.count + writing->nameless.count + writing->waiting_fragments;
	mutex_unlock(&writing->lock);
	return count;
}

/*
 * Each transaction lists all files that have no names any more, and one that is
 * full of names being removed has no room to free any: free some now, lest the list
 * fill the journal.  REQUIRES(operation, exclusively)
 */
static int
thin_crowd(struct ffs_mount *fs)
{
	uint64_t before = UINT64_MAX, waiting = count_waiting(fs->writing);
	int error = 0;

	while (error == 0 && waiting < before && ffs_journal_is_crowded(fs)) {
		error = checkpoint_locked(fs);
		before = waiting;
		waiting = count_waiting(fs->writing);
	}
	return error;
}

/* Wait for operations that have reserved room in the journal; make room if need be. */
static int
make_room(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	rwlock_lock_exclusive(&writing->operation);
	if (atomic_load(&writing->broken) != 0)
		error = -EROFS;
	else if (!ffs_journal_has_room(fs))
		error = checkpoint_locked(fs);
	if (error == 0)
		error = thin_crowd(fs);
	if (error == 0 && !ffs_journal_has_room(fs))
		error = -ENOSPC;
	rwlock_unlock_exclusive(&writing->operation);
	return error;
}

/* operation, held, with room in the journal reserved. */
static int
enter(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	rwlock_lock_shared(&writing->operation);
	while (error == 0 && !ffs_journal_reserve(fs)) {
		rwlock_unlock_shared(&writing->operation);
		error = make_room(fs);
		rwlock_lock_shared(&writing->operation);
	}
	if (error < 0)
		rwlock_unlock_shared(&writing->operation);
	return error;
}

int
ffs_begin(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error;

	if (writing == NULL)
		return -EROFS;
	if (buffer_dirty_size(fs->dev) > writing->dirty_max)
		(void)!ffs_checkpoint(fs);
	error = enter(fs);
	if (error < 0)
		return error;
	if (UNLIKELY(atomic_load(&writing->broken) != 0))
		error = -EROFS;
	else if (UNLIKELY(!atomic_load(&writing->is_marked)))
		error = mark_dirty(fs);
	if (error < 0)
		ffs_end(fs);
	else
		mount_changed(&fs->mount);
	return error;
}

void
ffs_end(struct ffs_mount *fs)
{
	ffs_journal_release(fs);
	rwlock_unlock_shared(&fs->writing->operation);
}

/* ---- checkpoints ------------------------------------------------------------------------ */

struct checkpoint {
	struct ffs_mount *fs;
	bool is_unflushed; /* something was written since the last flush */
	int error;
};

static void
flush(struct checkpoint *at)
{
	if (at->is_unflushed && at->error == 0)
		at->error = block_flush(at->fs->dev);
	at->is_unflushed = false;
}

/* Write a wave, with what came before durable, if it relies on that. */
static void
write_wave(struct checkpoint *at, enum ffs_wave wave, bool is_ordered)
{
	size_t count = 0;

	if (at->error < 0 || !buffer_is_wave_dirty(at->fs->dev, wave))
		return;
	if (is_ordered)
		flush(at);
	if (at->error == 0)
		at->error = buffer_write_wave(at->fs->dev, wave, &count);
	at->is_unflushed |= count > 0;
}

static void
store_counts(uint8_t *to, const struct ffs_group_counts *counts, enum byte_order order)
{
	store32(to, counts->directories, order);
	store32(to + 4, counts->blocks_free, order);
	store32(to + 8, counts->inodes_free, order);
	store32(to + 12, counts->fragments_free, order);
}

/* Write the groups' counts to their place.  REQUIRES(lock) */
static int
write_summary(struct ffs_mount *fs)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint32_t size =
	    (uint32_t)round_up(sb->group_count * (uint64_t)SUMMARY_ENTRY_SIZE, sb->fragment_size);
	uint8_t *bytes = memory_alloc_zeroed(fs->mount.kernel, size);
	int error;

	if (bytes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < sb->group_count; i++)
		store_counts(bytes + SUMMARY_ENTRY_SIZE * (size_t)i, &fs->writing->groups[i],
		    sb->order);
	error = block_write(fs->dev, ffs_fragment_offset(sb, sb->summary_address), bytes, size);
	memory_free(fs->mount.kernel, bytes, size);
	return error;
}

/* Bring the copy of the superblock up to date.  REQUIRES(lock) */
static void
update_superblock(struct ffs_mount *fs, enum ffs_clean clean)
{
	const struct ffs_superblock *sb = &fs->sb;
	const struct ffs_counts *counts = &sb->counts;
	struct ffs_group_counts old = { (uint32_t)counts->directories,
		(uint32_t)counts->blocks_free, (uint32_t)counts->inodes_free,
		(uint32_t)counts->fragments_free };
	uint8_t *bytes = fs->writing->superblock;
	int64_t now = timestamp_now(fs->mount.kernel).seconds;

	bytes[MODIFIED] = 0;
	bytes[READ_ONLY] = 0;
	bytes[CLEAN] = (uint8_t)clean;
	store_counts(bytes + OLD_COUNTS, &old, sb->order);
	store32(bytes + OLD_TIME, (uint32_t)now, sb->order);
	if (!sb->is_updated) /* what is behind may be 4.2BSD's table */
		return;
	store64(bytes + COUNTS, counts->directories, sb->order);
	store64(bytes + COUNTS + 8, counts->blocks_free, sb->order);
	store64(bytes + COUNTS + 16, counts->inodes_free, sb->order);
	store64(bytes + COUNTS + 24, counts->fragments_free, sb->order);
	store64(bytes + TIME, (uint64_t)now, sb->order);
	store32(bytes + FLAGS, sb->flags, sb->order);
}

static uint32_t
superblock_size(const struct ffs_mount *fs)
{
	return (uint32_t)round_up(fs->sb.size, fs->dev->sector_size);
}

/* Update and write it.  REQUIRES(lock) */
static int
write_superblock(struct ffs_mount *fs, enum ffs_clean clean)
{
	update_superblock(fs, clean);
	return block_write(fs->dev, fs->sb.location, fs->writing->superblock, superblock_size(fs));
}

/* Maps and counts. */
static void
write_maps(struct checkpoint *at)
{
	struct ffs_writing *writing = at->fs->writing;

	write_wave(at, FFS_WAVE_MAP, false);
	mutex_lock(&writing->lock);
	if (writing->is_summary_dirty && at->error == 0) {
		at->error = write_summary(at->fs);
		if (at->error == 0)
			at->error = write_superblock(at->fs, FFS_DIRTY);
		writing->is_summary_dirty = false;
		at->is_unflushed = true;
	}
	mutex_unlock(&writing->lock);
}

/* What lost its name before this checkpoint has lost it on the medium now. */
static void
pass_orphans(struct ffs_writing *writing)
{
	struct ffs_waiting passed;

	mutex_lock(&writing->lock);
	passed = writing->nameless; /* empty, but its memory is of use */
	writing->nameless = writing->orphans;
	writing->orphans = passed;
	mutex_unlock(&writing->lock);
}

int
ffs_write_fresh(struct ffs_mount *fs, uint64_t offset, const void *bytes, uint32_t size)
{
	int error;

	if (fs->writing->log != NULL)
		return 0;
	error = block_write(fs->dev, offset, bytes, size);
	if (error < 0)
		return ffs_break(fs, error);
	atomic_store(&fs->writing->is_data_written, true);
	return 0;
}

/* Have these bytes in the buffer of their place, which is dirty then if they are new. */
static int
update_buffer(struct ffs_mount *fs, uint64_t offset, const uint8_t *bytes, uint32_t size)
{
	struct buffer *buffer;
	int error = buffer_read(fs->dev, offset, size, &buffer);

	if (error < 0)
		return error == -EINVAL ? -EUCLEAN : error;
	if (memcmp(buffer->data, bytes, size) != 0) {
		memcpy(buffer->data, bytes, size);
		buffer_dirty(buffer, FFS_WAVE_MAP);
	}
	buffer_put(buffer);
	return 0;
}

/* The summary, a fragment at a time.  REQUIRES(lock) */
static int
update_summary_buffers(struct ffs_mount *fs)
{
	const struct ffs_superblock *sb = &fs->sb;
	uint32_t size = sb->fragment_size, per_fragment = size / SUMMARY_ENTRY_SIZE;
	uint64_t offset = ffs_fragment_offset(sb, sb->summary_address);
	uint8_t *bytes = memory_alloc(fs->mount.kernel, size);
	int error = bytes == NULL ? -ENOMEM : 0;

	for (uint32_t first = 0; first < sb->group_count && error == 0; first += per_fragment) {
		uint32_t count = (uint32_t)min_u64(per_fragment, sb->group_count - first);

		memset(bytes, 0, size);
		for (uint32_t i = 0; i < count; i++)
			store_counts(bytes + SUMMARY_ENTRY_SIZE * (size_t)i,
			    &fs->writing->groups[first + i], sb->order);
		error = update_buffer(fs, offset, bytes, size);
		offset += size;
	}
	memory_free(fs->mount.kernel, bytes, size);
	return error;
}

/* Counts and superblock go to the journal as buffers, like everything else. */
static int
update_map_buffers(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	mutex_lock(&writing->lock);
	if (writing->is_summary_dirty) {
		error = update_summary_buffers(fs);
		update_superblock(fs, state_in_use(fs));
		if (error == 0)
			error = update_buffer(fs, fs->sb.location, writing->superblock,
			    superblock_size(fs));
		writing->is_summary_dirty = error < 0;
	}
	mutex_unlock(&writing->lock);
	return error;
}

/* With a journal.  REQUIRES(operation, exclusively) */
static int
commit_locked(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	bool is_data_written;
	int error;

	if (writing->nameless.count == 0)
		pass_orphans(writing);
	ffs_clear_nameless(fs);
	error = ffs_unwritten_zero(fs);
	is_data_written = atomic_exchange(&writing->is_data_written, false) != 0;
	if (error == 0)
		error = ffs_space_settle(fs);
	if (error == 0)
		error = update_map_buffers(fs);
	if (error == -ENOMEM) {
		/* Nothing was written: it can be tried again. */
		if (is_data_written)
			atomic_store(&writing->is_data_written, true);
		return error;
	}
	if (error == 0)
		error = atomic_load(&writing->broken);
	if (error == 0)
		error = ffs_journal_commit(fs, is_data_written);
	if (error < 0)
		return ffs_break(fs, error);
	ffs_space_forget_freed(fs);
	return 0;
}

/* REQUIRES(operation, exclusively) */
static int
checkpoint_locked(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	struct checkpoint at = { .fs = fs };

	if (writing->log != NULL)
		return commit_locked(fs);
	ffs_clear_nameless(fs);
	at.error = ffs_unwritten_zero(fs);
	at.is_unflushed = atomic_exchange(&writing->is_data_written, false) != 0;
	write_wave(&at, FFS_WAVE_NEW, true);
	write_wave(&at, FFS_WAVE_INODE, true);
	write_wave(&at, FFS_WAVE_ENTRY, true);
	write_wave(&at, FFS_WAVE_FIRST, true);
	write_wave(&at, FFS_WAVE_LAST, true);
	write_maps(&at);
	flush(&at);
	if (at.error < 0)
		return ffs_break(fs, at.error);
	if (ffs_space_settle(fs) == 0) /* else the next checkpoint tries again */
		ffs_space_forget_freed(fs);
	pass_orphans(writing);
	writing->checkpoint_number++;
	atomic_store(&writing->has_new_links, false);
	atomic_store(&writing->has_new_directories, false);
	return 0;
}

int
ffs_checkpoint(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = atomic_load(&writing->broken);

	if (error == 0) {
		rwlock_lock_exclusive(&writing->operation);
		error = atomic_load(&writing->broken);
		if (error == 0)
			error = checkpoint_locked(fs);
		rwlock_unlock_exclusive(&writing->operation);
	}
	/* Whoever syncs has to know that nothing is kept any more. */
	return atomic_load(&writing->broken) != 0 ? -EIO : error;
}

static bool
is_anything_waiting(struct ffs_writing *writing)
{
	bool is_waiting;

	mutex_lock(&writing->lock);
	is_waiting = writing->freed.count + writing->orphans.count + writing->nameless.count > 0;
	mutex_unlock(&writing->lock);
	return is_waiting;
}

bool
ffs_make_space(struct ffs_mount *fs)
{
	return is_anything_waiting(fs->writing) && ffs_checkpoint(fs) == 0;
}

int
ffs_sync(struct mount *mount)
{
	struct ffs_mount *fs = ffs_mount_of(mount);

	return fs->writing == NULL ? 0 : ffs_checkpoint(fs);
}

int
ffs_sync_vnode(struct vnode *vnode, bool data_only)
{
	/* With its inode go those of other files, and must not point to what is not written. */
	return vnode_sync_mount(vnode, data_only);
}

/* ---- start and stop ------------------------------------------------------------------------ */

static void
writing_free(struct ffs_mount *fs)
{
	struct kernel *kernel = fs->mount.kernel;
	struct ffs_writing *writing = fs->writing;
	struct ffs_waiting *const lists[] = { &writing->freed, &writing->orphans,
		&writing->nameless, &writing->unlinked };
	size_t count = fs->sb.group_count;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		memory_free(kernel, lists[i]->items, lists[i]->capacity * sizeof(*lists[i]->items));
	ffs_journal_stop(fs);
	ffs_unwritten_destroy(fs, &writing->unwritten);
	memory_free(kernel, writing->freed_groups, (size_t)divide_up(count, 8));
	memory_free(kernel, writing->rotors, count * sizeof(*writing->rotors));
	memory_free(kernel, writing->groups, count * sizeof(*writing->groups));
	memory_free(kernel, writing->superblock, FFS_SUPERBLOCK_SIZE);
	memory_free(kernel, writing, sizeof(*writing));
	fs->writing = NULL;
}

/* Room in all lists of what waits. */
static bool
prepare_lists(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	bool is_done;

	mutex_lock(&writing->lock);
	is_done = ffs_waiting_prepare(fs, &writing->freed) &&
		  ffs_waiting_prepare(fs, &writing->orphans) &&
		  ffs_waiting_prepare(fs, &writing->nameless) &&
		  (fs->sb.journal.place == FFS_JOURNAL_NONE ||
		      ffs_waiting_prepare(fs, &writing->unlinked));
	mutex_unlock(&writing->lock);
	return is_done;
}

static int
writing_alloc(struct ffs_mount *fs)
{
	struct kernel *kernel = fs->mount.kernel;
	struct ffs_writing *writing = memory_alloc_zeroed(kernel, sizeof(*writing));
	size_t count = fs->sb.group_count;

	if (writing == NULL)
		return -ENOMEM;
	fs->writing = writing;
	rwlock_init(&writing->operation, kernel, RANK_FS_OPERATION);
	mutex_init(&writing->lock, kernel, RANK_FILE_SYSTEM);
	mutex_init(&writing->inode_lock, kernel, RANK_BUFFER);
	writing->superblock = memory_alloc(kernel, FFS_SUPERBLOCK_SIZE);
	writing->groups = memory_alloc_array(kernel, count, sizeof(*writing->groups));
	writing->rotors = memory_alloc_array(kernel, count, sizeof(*writing->rotors));
	writing->freed_groups = memory_alloc_zeroed(kernel, (size_t)divide_up(count, 8));
	writing->reserve = fs->sb.data_fragment_count / 100 * fs->sb.reserve_percent;
	writing->dirty_max = (size_t)min_u64(kernel->memory.limit / DIRTY_SHARE, SIZE_MAX / 2);
	writing->checkpoint_number = 1;
	if (ffs_unwritten_init(fs, &writing->unwritten) == 0 && writing->superblock != NULL &&
	    writing->groups != NULL && writing->rotors != NULL && writing->freed_groups != NULL &&
	    prepare_lists(fs))
		return 0;
	writing_free(fs);
	return -ENOMEM;
}

/* Read the superblock's bytes, and the groups' counts, which must sum up to its. */
static int
read_summary(struct ffs_mount *fs)
{
	const struct ffs_superblock *sb = &fs->sb;
	struct ffs_counts sum = { 0 };
	uint32_t size =
	    (uint32_t)round_up(sb->group_count * (uint64_t)SUMMARY_ENTRY_SIZE, sb->fragment_size);
	uint8_t *bytes = memory_alloc(fs->mount.kernel, size);
	int error;

	if (bytes == NULL)
		return -ENOMEM;
	error = block_read(fs->dev, sb->location, fs->writing->superblock, FFS_SUPERBLOCK_SIZE);
	if (error == 0)
		error =
		    block_read(fs->dev, ffs_fragment_offset(sb, sb->summary_address), bytes, size);
	for (uint32_t i = 0; error == 0 && i < sb->group_count; i++) {
		struct ffs_group_counts *counts = &fs->writing->groups[i];
		const uint8_t *from = bytes + SUMMARY_ENTRY_SIZE * (size_t)i;

		counts->directories = load32(from, sb->order);
		counts->blocks_free = load32(from + 4, sb->order);
		counts->inodes_free = load32(from + 8, sb->order);
		counts->fragments_free = load32(from + 12, sb->order);
		sum.directories += counts->directories;
		sum.blocks_free += counts->blocks_free;
		sum.inodes_free += counts->inodes_free;
		sum.fragments_free += counts->fragments_free;
	}
	memory_free(fs->mount.kernel, bytes, size);
	if (error < 0)
		return error;
	fs->sb.counts = sum; /* they are what is kept from here on */
	return 0;
}

/* Checkpoints until nothing waits to be free, or one has changed nothing. */
static int
settle_all(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	unsigned idle = 0;
	int error = 0;

	while (idle < IDLE_ROUNDS && error == 0) {
		size_t waiting = writing->nameless.count + writing->orphans.count;
		uint64_t fragments = writing->waiting_fragments;

		error = ffs_checkpoint(fs);
		if (!is_anything_waiting(writing) && !writing->is_summary_dirty)
			break;
		if (writing->nameless.count + writing->orphans.count == waiting &&
		    writing->waiting_fragments == fragments)
			idle++;
		else
			idle = 0;
	}
	return error;
}

/* Go on without the journal, as its flags want it. */
static int
remove_journal(struct ffs_mount *fs)
{
	int error = ffs_journal_empty(fs);

	if (error == 0)
		error = ffs_journal_remove(fs);
	if (error < 0)
		return error;
	atomic_store(&fs->writing->is_marked, false);
	error = mark_dirty(fs); /* it is not there any more from here on */
	return error < 0 ? error : settle_all(fs);
}

/* With what the journal has left to do done. */
static int
start_journal(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = ffs_journal_start(fs);

	if (error < 0 || writing->log == NULL)
		return error;
	atomic_store(&writing->is_marked, fs->sb.clean != FFS_CLEAN);
	if (!atomic_load(&writing->is_marked) &&
	    (is_anything_waiting(writing) || fs->sb.journal.is_to_be_removed))
		error = mark_dirty(fs);
	if (error == 0 && is_anything_waiting(writing))
		error = settle_all(fs);
	if (error < 0 || !fs->sb.journal.is_to_be_removed)
		return error;
	return remove_journal(fs);
}

int
ffs_writing_start(struct ffs_mount *fs, bool force)
{
	uint32_t generation;
	int error = kernel_random(fs->mount.kernel, &generation, sizeof(generation));

	if (error == 0)
		error = writing_alloc(fs);
	if (error < 0)
		return error;
	fs->writing->generation = generation;
	error = read_summary(fs);
	if (error == 0)
		error = ffs_check_writable(fs, force);
	if (error == 0)
		error = start_journal(fs);
	if (error < 0)
		writing_free(fs);
	return error;
}

void
ffs_writing_stop(struct ffs_mount *fs)
{
	struct ffs_writing *writing = fs->writing;
	int error = 0;

	if (writing == NULL)
		return;
	if (atomic_load(&writing->is_marked)) {
		error = settle_all(fs);
		if (writing->freed.count > 0)
			fs->keeps_dirty = true; /* it is lost until a check */
		if (error == 0 && writing->log != NULL)
			error = ffs_journal_empty(fs);
		mutex_lock(&writing->lock);
		if (error == 0)
			error = write_superblock(fs, fs->keeps_dirty ? FFS_DIRTY : FFS_CLEAN);
		mutex_unlock(&writing->lock);
		if (error == 0)
			error = block_flush(fs->dev);
	}
	if (error < 0)
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "ffs: %.48s: unmounted without being clean (error %d)", fs->name, -error);
	writing_free(fs);
}
