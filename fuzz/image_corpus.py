#!/usr/bin/env python3
"""Makes the corpus of fuzz/image.c: the smallest images that have everything.

usage: image_corpus.py FOLDER

Images of makefs, two of them with a journal; of each, the sectors that are not
zero, without what a reader does not look at (copies of the superblock, headers
of groups).
"""

import pathlib
import struct
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import small_images as small  # pylint: disable=wrong-import-position

# name, version, byte order, block size, fragment size, byte order of a journal
IMAGES = [
    ("ufs1-le", 1, "le", 4096, 512, None),
    ("ufs1-be-journal", 1, "be", 4096, 1024, "le"),
    ("ufs2-be", 2, "be", 4096, 512, None),
    ("ufs2-le-journal", 2, "le", 8192, 1024, "le"),
]


def make_tree(top):
    """Files whose content is zeros cost their pointers only."""
    top.mkdir()
    (top / "a").write_bytes(b"abc")
    (top / "hole").write_bytes(bytes(120000))
    (top / "long").symlink_to("x" * 130)
    (top / "short").symlink_to("dir/b")
    folder = top / "dir"
    folder.mkdir()
    (folder / "b").write_bytes(b"b" * 600)
    (folder / "sub").mkdir()
    many = top / "many"
    many.mkdir()
    for number in range(70):
        (many / f"{number:03}{'-' * 45}").hardlink_to(top / "a")


def unread_sectors(image, order):
    """Sectors of each group between its start and its inodes, but for the superblock."""

    def field(offset):
        return struct.unpack_from(small.ORDERS[order] + "I", image, small.SUPERBLOCK + offset)[0]

    first, inodes, size = field(8), field(16), field(52)
    group_count, group_size = field(44), field(188)
    unread = set()
    for group in range(group_count):
        start = (group * group_size + first) * size // small.SECTOR
        unread |= set(range(start, start + (inodes - first) * size // small.SECTOR))
    return unread - set(range(small.SUPERBLOCK // small.SECTOR, small.SUPERBLOCK // small.SECTOR + 3))


def pack(image, unread):
    """Runs of sectors: number, length in bytes, bytes."""
    runs = []
    for number in range(len(image) // small.SECTOR):
        sector = image[number * small.SECTOR : (number + 1) * small.SECTOR]
        if number in unread or not any(sector):
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) // small.SECTOR == number:
            runs[-1][1].extend(sector)
        else:
            runs.append((number, bytearray(sector)))
    parts = []
    for number, content in runs:
        content = content.rstrip(b"\0")
        parts += [struct.pack("<HH", number, len(content)), bytes(content)]
    return b"".join(parts)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        top, path = pathlib.Path(scratch) / "tree", pathlib.Path(scratch) / "image"
        make_tree(top)
        for name, version, order, block, fragment, journal in IMAGES:
            small.make_image(top, path, version, order, block, fragment)
            unread = unread_sectors(path.read_bytes(), order)
            if journal:
                small.add_journal(path, order, journal)
            (pathlib.Path(sys.argv[1]) / name).write_bytes(pack(path.read_bytes(), unread))


if __name__ == "__main__":
    main()
