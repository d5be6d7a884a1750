/*
 * Reading an archive from its first member to its last, into a tree.
 *
 * The archive may come from anybody.  Paths are taken as relative to the root,
 * whether they begin with a slash or not, and ".." is refused.  Directories
 * that no member has made are made for what is in them.  Of members with the
 * same path the last one counts, as if they had been unpacked one by one; but
 * nothing goes through a symbolic link, and no directory gives way that has
 * something in it.
 *
 * Members of one archive with the same inode number and a link count above 1
 * are one file, whose content comes with whichever has some.  They are found
 * by an entry in a directory that nobody sees, one for each archive.
 *
 * After the last member, another archive may follow, at a multiple of 4 and
 * after no more than a bit of padding.  Boot loaders like it so, and put
 * compressed ones there too: what follows is told, and is no damage.
 */
#include "base/endian.h"
#include "base/errno.h"
#include "base/math.h"
#include "base/string.h"
#include "fs/cpio/cpio_impl.h"
#include "fs/cpio/header.h"
#include "kern/log.h"
#include "kern/memory.h"
#include "vfs/device.h"

#define WINDOW_SIZE (4 * PAGE_SIZE) /* a header and the longest path fit */
#define PADDING_MAX (1 << 20)	    /* between archives */
#define LOG_MAX	    16		    /* lines about members that are left out */

/* The member that is looked at. */
struct member {
	struct cpio_header header;
	enum vnode_type type;
	struct name path; /* in the window, until that moves on */
	uint64_t data;	  /* where its content begins */
	uint64_t next;	  /* where the next member begins */
};

struct scan {
	struct cpio *fs;
	struct member member;
	uint64_t offset; /* of the member */
	uint64_t hidden; /* the directory that hard links are found in */

	/* Bytes of the device that were read last. */
	uint8_t *window; /* WINDOW_SIZE bytes */
	uint64_t window_offset;
	size_t window_length;
};

/* Say what is wrong with the member. */
static int
damaged(const struct scan *scan, const char *what)
{
	const struct cpio *fs = scan->fs;
	struct name path = scan->member.path;
	bool has_path = path.length > 0;

	if (fs->left_out_count < LOG_MAX)
		kernel_log(fs->mount.kernel, LOG_ERROR,
		    "cpio: %.48s: member at byte %llu%s%.*s%s: %s%s", fs->device->name,
		    (unsigned long long)scan->offset, has_path ? ", \"" : "",
		    (int)min_u64(path.length, 64), path.bytes, has_path ? "\"" : "", what,
		    fs->is_partial ? "" : "; option partial shows what is good");
	return -EUCLEAN;
}

/* length bytes at offset, which the device has; they stay until the next call. */
static int
look_at(struct scan *scan, uint64_t offset, size_t length, const uint8_t **out)
{
	struct block_dev *dev = scan->fs->device;
	uint64_t end = scan->window_offset + scan->window_length;
	int error = 0;

	ASSERT(length <= WINDOW_SIZE && length <= dev->size && offset <= dev->size - length);
	if (offset < scan->window_offset || offset + length > end) {
		struct segment segment = {
			scan->window,
			(size_t)min_u64(WINDOW_SIZE, dev->size - offset),
		};

		scan->window_offset = offset;
		scan->window_length = segment.length;
		error = block_read_bytes(dev, offset, &segment, 1);
	}
	*out = scan->window + (offset - scan->window_offset);
	return error;
}

/* ---- members ---------------------------------------------------------------- */

/* The path is there, and ends where the header says. */
static int
read_path(struct scan *scan, struct member *member)
{
	size_t length = member->header.path_size - 1;
	const uint8_t *path;
	int error;

	error = look_at(scan, scan->offset + CPIO_HEADER_SIZE, length + 1, &path);
	if (error < 0)
		return error;
	if (string_length((const char *)path, length + 1) != length)
		return damaged(scan, "path does not end where it should");
	member->path = (struct name){ (const char *)path, length };
	return 0;
}

/*
 * Read the member at scan->offset, all of which is inside the device; so is its
 * padding, since a device is whole sectors.
 */
static int
read_member(struct scan *scan)
{
	uint64_t left = scan->fs->device->size - scan->offset;
	struct member *member = &scan->member;
	const uint8_t *header;
	uint64_t path_end;
	int error;

	*member = (struct member){ .path = NAME("") };
	if (left < CPIO_HEADER_SIZE)
		return damaged(scan, "archive ends without its last member");
	error = look_at(scan, scan->offset, CPIO_HEADER_SIZE, &header);
	if (error < 0)
		return error;
	error = cpio_header_decode(header, CPIO_HEADER_SIZE, &member->header);
	if (error < 0)
		return damaged(scan, "header is none, or makes no sense");

	/* 32-bit numbers, and an offset that is inside the device: no sum wraps. */
	path_end = scan->offset + CPIO_HEADER_SIZE + member->header.path_size;
	member->data = round_up(path_end, CPIO_ALIGNMENT);
	member->next = round_up(member->data + member->header.size, CPIO_ALIGNMENT);
	if (path_end > scan->fs->device->size)
		return damaged(scan, "archive is cut off in a path");
	error = read_path(scan, member);
	if (error < 0)
		return error;
	if (member->data + member->header.size > scan->fs->device->size)
		return damaged(scan, "archive is cut off in the content of this");
	return 0;
}

static bool
is_last(const struct member *member)
{
	return name_equal(member->path, NAME("TRAILER!!!"));
}

/* The type of a member's file; false if there is none like it. */
static bool
find_type(struct member *member)
{
	member->type = (enum vnode_type)((member->header.mode & MODE_TYPE) >> MODE_TYPE_SHIFT);
	switch (member->type) {
	case VNODE_FIFO:
	case VNODE_CHARACTER:
	case VNODE_DIRECTORY:
	case VNODE_BLOCK:
	case VNODE_REGULAR:
	case VNODE_SYMLINK:
	case VNODE_SOCKET:
		return (member->header.mode & ~(uint32_t)(MODE_TYPE | MODE_PERMISSIONS)) == 0;
	default:
		return false;
	}
}

/* Check the checksum, if there is one: of content that is a file's, and is here. */
static int
verify(struct scan *scan)
{
	struct member *member = &scan->member;
	uint64_t end = member->data + member->header.size;
	uint32_t sum = 0;
	int error;

	if (!member->header.has_checksum || member->type != VNODE_REGULAR)
		return 0;
	if (member->header.size == 0)
		return 0; /* nothing, or with another name of the file */
	for (uint64_t offset = member->data; offset < end;) {
		size_t length = (size_t)min_u64(end - offset, WINDOW_SIZE);
		const uint8_t *bytes;

		error = look_at(scan, offset, length, &bytes);
		if (error < 0)
			return error;
		for (size_t i = 0; i < length; i++)
			sum += bytes[i];
		offset += length;
	}
	if (sum == member->header.checksum)
		return 0;
	error = read_path(scan, member); /* the window has moved on */
	return error < 0 ? error : damaged(scan, "checksum is wrong");
}

/* ---- into the tree ------------------------------------------------------------ */

static int
no_memory(const struct scan *scan)
{
	kernel_log(scan->fs->mount.kernel, LOG_ERROR,
	    "cpio: %.48s: %llu files take too much memory: %llu bytes", scan->fs->device->name,
	    (unsigned long long)scan->fs->tree.inode_count,
	    (unsigned long long)scan->fs->tree.memory_used);
	return -ENOMEM;
}

static void
set_attributes(struct cpio_inode *inode, const struct cpio_header *header)
{
	inode->permissions = header->mode & MODE_PERMISSIONS;
	inode->uid = header->uid;
	inode->gid = header->gid;
	inode->modified = header->modified;
}

/* What is in the file, and not only about it. */
static int
set_content(const struct scan *scan, struct cpio_inode *inode)
{
	const struct member *member = &scan->member;
	const struct cpio_header *header = &member->header;

	if (member->type == VNODE_CHARACTER || member->type == VNODE_BLOCK) {
		if (header->node_major >> (32 - DEVICE_MINOR_BITS) != 0 ||
		    header->node_minor >> DEVICE_MINOR_BITS != 0)
			return damaged(scan, "device numbers are too large");
		inode->device = device_number(header->node_major, header->node_minor);
	} else if (member->type == VNODE_REGULAR || member->type == VNODE_SYMLINK) {
		inode->size = header->size;
		inode->address = member->data;
	}
	return 0;
}

/* The inode of the member: a new one, or that of an earlier one with the same number. */
static int
find_inode(struct scan *scan, struct cpio_inode **out)
{
	const struct cpio_header *header = &scan->member.header;
	struct cpio_tree *tree = &scan->fs->tree;
	bool is_shared = header->link_count > 1 && scan->member.type != VNODE_DIRECTORY;
	char bytes[12];
	struct name key = { bytes, sizeof(bytes) };
	struct cpio_entry *earlier;
	int error;

	store_le32(bytes, header->ino);
	store_le32(bytes + 4, header->device_major);
	store_le32(bytes + 8, header->device_minor);
	earlier = is_shared ? cpio_tree_find(tree, scan->hidden, key) : NULL;
	if (earlier != NULL && earlier->inode->type == scan->member.type) {
		*out = earlier->inode;
		return header->size > 0 ? set_content(scan, *out) : 0;
	}
	*out = cpio_tree_add_inode(tree, scan->member.type);
	if (*out == NULL)
		return no_memory(scan);
	error = set_content(scan, *out);
	if (error == 0 && is_shared && earlier == NULL &&
	    cpio_tree_add_hidden(tree, scan->hidden, key, *out) < 0)
		return no_memory(scan);
	return error;
}

/* Enter the directory of this name in *dir, which is made if there is none. */
static int
enter(struct scan *scan, struct cpio_inode **dir, struct name name)
{
	struct cpio_tree *tree = &scan->fs->tree;
	struct cpio_entry *entry = cpio_tree_find(tree, (*dir)->ino, name);
	struct cpio_inode *inode;

	if (entry != NULL) {
		*dir = entry->inode;
		return (*dir)->type == VNODE_DIRECTORY
			   ? 0
			   : damaged(scan, "leads through something that is no directory");
	}
	inode = cpio_tree_add_inode(tree, VNODE_DIRECTORY);
	if (inode == NULL)
		return no_memory(scan);
	inode->permissions = 0755;
	inode->modified = scan->member.header.modified;
	if (cpio_tree_add_entry(tree, *dir, name, inode) < 0)
		return no_memory(scan);
	*dir = inode;
	return 0;
}

/* Take the first part of a path, between slashes, off it; empty at its end. */
static struct name
next_part(struct name *path)
{
	struct name part;

	while (path->length > 0 && *path->bytes == '/')
		*path = (struct name){ path->bytes + 1, path->length - 1 };
	part = (struct name){ path->bytes, 0 };
	while (part.length < path->length && part.bytes[part.length] != '/')
		part.length++;
	*path = (struct name){ path->bytes + part.length, path->length - part.length };
	return part;
}

/* Find the directory that the member is in, and its name there: empty for the root itself. */
static int
find_place(struct scan *scan, struct cpio_inode **dir, struct name *name)
{
	struct name path = scan->member.path;
	struct name part;
	int error;

	*dir = scan->fs->tree.root;
	*name = NAME("");
	while ((part = next_part(&path)).length > 0) {
		if (name_equal(part, NAME(".")))
			continue;
		if (name_equal(part, NAME("..")))
			return damaged(scan, "path has \"..\" in it");
		if (part.length > NAME_LENGTH_MAX)
			return damaged(scan, "a name is longer than 255 bytes");
		error = name->length > 0 ? enter(scan, dir, *name) : 0;
		if (error < 0)
			return error;
		*name = part;
	}
	return 0;
}

/* Put the member at name in dir, where nothing is, or entry, which it replaces. */
static int
put_file(struct scan *scan, struct cpio_inode *dir, struct name name, struct cpio_entry *entry)
{
	struct cpio_inode *inode;
	int error;

	if (entry != NULL && entry->inode->first != NULL)
		return damaged(scan, "replaces a directory that is not empty");
	error = find_inode(scan, &inode);
	if (error < 0)
		return error;
	set_attributes(inode, &scan->member.header);
	if (entry != NULL)
		cpio_tree_replace(dir, entry, inode);
	else if (cpio_tree_add_entry(&scan->fs->tree, dir, name, inode) < 0)
		return no_memory(scan);
	return 0;
}

static int
put_directory(struct scan *scan, struct cpio_inode *dir, struct name name)
{
	struct cpio_inode *inode = dir;
	struct cpio_entry *entry = NULL;
	int error = 0;

	if (name.length > 0)
		entry = cpio_tree_find(&scan->fs->tree, dir->ino, name);
	if (entry != NULL && entry->inode->type != VNODE_DIRECTORY)
		return put_file(scan, dir, name, entry);
	if (name.length > 0)
		error = enter(scan, &inode, name);
	if (error == 0)
		set_attributes(inode, &scan->member.header);
	return error;
}

static int
put_member(struct scan *scan)
{
	struct member *member = &scan->member;
	struct cpio_inode *dir;
	struct name name;
	int error;

	if (!find_type(member))
		return damaged(scan, "type of file is unknown");
	if (member->type == VNODE_SYMLINK &&
	    (member->header.size == 0 || member->header.size >= PATH_LENGTH_MAX))
		return damaged(scan, "target of the symbolic link is empty or too long");
	error = find_place(scan, &dir, &name);
	if (error < 0)
		return error;
	if (member->type == VNODE_DIRECTORY)
		return put_directory(scan, dir, name);
	if (name.length == 0)
		return damaged(scan, "path of a file is empty");
	return put_file(scan, dir, name, cpio_tree_find(&scan->fs->tree, dir->ino, name));
}

/* ---- archives ----------------------------------------------------------------- */

/* Read the archive at scan->offset, and go on to its end. */
static int
scan_archive(struct scan *scan)
{
	struct cpio *fs = scan->fs;
	int error;

	/* Numbers that inodes will not reach. */
	scan->hidden = UINT64_MAX - fs->archive_count++;
	while ((error = read_member(scan)) == 0 && !is_last(&scan->member)) {
		error = put_member(scan);
		if (error == 0 && fs->is_verifying)
			error = verify(scan);
		fs->member_count++;
		if (error == -EUCLEAN && fs->is_partial)
			fs->left_out_count++;
		else if (error < 0)
			return error;
		scan->offset = scan->member.next;
	}
	if (error == 0)
		scan->offset = scan->member.next;
	fs->end = scan->offset;
	return error;
}

/* Pass over zeros, and say whether an archive follows them. */
static int
find_next_archive(struct scan *scan, bool *is_found)
{
	uint64_t size = scan->fs->device->size;
	uint64_t end = min_u64(size, scan->offset + PADDING_MAX);
	struct cpio_header header;
	const uint8_t *bytes;
	int error;

	*is_found = false;
	for (; scan->offset < end; scan->offset++) {
		error = look_at(scan, scan->offset, 1, &bytes);
		if (error < 0)
			return error;
		if (*bytes != 0)
			break;
	}
	if (scan->offset == end)
		return 0;
	if (scan->offset % CPIO_ALIGNMENT == 0 && size - scan->offset >= CPIO_HEADER_SIZE) {
		error = look_at(scan, scan->offset, CPIO_HEADER_SIZE, &bytes);
		if (error < 0)
			return error;
		*is_found = cpio_header_decode(bytes, CPIO_HEADER_SIZE, &header) == 0;
	}
	if (!*is_found)
		scan->fs->trailing_offset = scan->offset;
	return 0;
}

static int
scan_all(struct scan *scan)
{
	bool is_found;
	int error;

	do {
		is_found = false;
		error = scan_archive(scan);
		if (error == 0)
			error = find_next_archive(scan, &is_found);
	} while (is_found);
	return error == -EUCLEAN && scan->fs->is_partial ? 0 : error;
}

int
cpio_scan(struct cpio *fs)
{
	struct scan scan = { .fs = fs };
	int error;

	scan.window = memory_alloc(fs->mount.kernel, WINDOW_SIZE);
	if (scan.window == NULL)
		return -ENOMEM;
	error = scan_all(&scan);
	memory_free(fs->mount.kernel, scan.window, WINDOW_SIZE);
	return error;
}
