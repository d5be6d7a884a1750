/*
 * Fragments that two files hold.
 *
 * Nobody can tell whose they were, but either may be right.  So who came second
 * gets a copy, and nothing is lost.  Of a block of pointers there is no copy:
 * all that it leads to would be held twice as well; it is taken away from who
 * came second.  The same where there is no space.
 */
#include "base/errno.h"
#include "fs/ffs/check_impl.h"
#include "kern/memory.h"

/* Let the item at root sink to its place in the heap of count, the largest place on top. */
static void
sift_down(struct check_shared *items, size_t root, size_t count)
{
	for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
		struct check_shared kept = items[root];

		if (child + 1 < count && items[child + 1].place > items[child].place)
			child++;
		if (items[child].place <= kept.place)
			return;
		items[root] = items[child];
		items[child] = kept;
		root = child;
	}
}

/* By the place of the pointers: a heap sort. */
static void
sort(struct check_shared *items, size_t count)
{
	for (size_t i = count / 2; i > 0; i--)
		sift_down(items, i - 1, count);
	for (size_t i = count; i > 1; i--) {
		struct check_shared last = items[i - 1];

		items[i - 1] = items[0];
		items[0] = last;
		sift_down(items, 0, i - 1);
	}
}

/* The second holder loses it. */
static int
take_away(struct ffs_checking *check, const struct check_shared *shared)
{
	uint64_t sectors = (uint64_t)shared->count * (check->sb.fragment_size / FFS_SECTOR_SIZE);
	struct ffs_dinode dinode;
	int error = ffs_check_set_pointer(check, shared->place, 0);

	if (error == 0)
		error = ffs_check_load(check, shared->ino, &dinode);
	if (error < 0)
		return error;
	dinode.sector_count -= dinode.sector_count < sectors ? dinode.sector_count : sectors;
	return ffs_check_store(check, shared->ino, &dinode);
}

/* The second holder gets a copy. */
static int
copy(struct ffs_checking *check, const struct check_shared *shared)
{
	size_t size = (size_t)shared->count << check->sb.fragment_shift;
	uint32_t group = shared->ino / check->sb.inodes_per_group;
	uint64_t first;
	int error = ffs_check_allocate(check, group, shared->count, &first);

	if (error < 0)
		return error;
	error = ffs_check_read(check, ffs_fragment_offset(&check->sb, shared->fragment),
	    check->scratch, size);
	if (error == 0)
		error = ffs_check_write(check, ffs_fragment_offset(&check->sb, first),
		    check->scratch, size);
	return error < 0 ? error : ffs_check_set_pointer(check, shared->place, first);
}

static int
resolve(struct ffs_checking *check, struct check_shared *shared)
{
	int error = -ENOSPC;

	if (!ffs_check_problem(check, FS_PROBLEM_DAMAGE,
		shared->depth == 0 ? "give it a copy" : "take the pointers away from it",
		"inode %u: fragment %llu, which holds %s from its block %llu on, is another file's "
		"as well",
		shared->ino, (unsigned long long)shared->fragment,
		shared->depth == 0 ? "content" : "pointers", (unsigned long long)shared->number)) {
		check->is_unfree = true;
		return 0;
	}
	if (shared->depth == 0)
		error = copy(check, shared);
	if (error == -ENOSPC)
		error = take_away(check, shared);
	shared->is_resolved = error == 0;
	return error;
}

int
ffs_check_resolve_shared(struct ffs_checking *check)
{
	struct check_shared *items = check->shared.items;
	int error = 0;

	sort(items, check->shared.count);
	for (size_t i = 0; error == 0 && i < check->shared.count; i++)
		error = resolve(check, &items[i]);
	return error;
}
