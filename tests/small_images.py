#!/usr/bin/env python3
"""Makes small FFS images, for tests that damage them or run out of memory on them.

usage: small_images.py FOLDER

One NAME.img each: makefs's over both versions, both byte orders and some block
sizes; two of them also with a journal behind the file system, which holds the
good copy of what is spoilt in place.  With them come the images that NetBSD
left with a full journal, where ../shared/images is there; what is missing is
said on the standard output.  All of them hold the same at each run, but for times
of change.
"""

import lzma
import os
import pathlib
import random
import struct
import subprocess
import sys

from below import below

SHARED = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "images"

# version, byte order, block size, fragment size, byte order of a journal
IMAGES = [
    (1, "le", 4096, 512, None),
    (1, "be", 8192, 1024, None),
    (2, "le", 4096, 512, None),
    (2, "be", 16384, 2048, None),
    (1, "be", 4096, 512, "be"),
    (2, "le", 8192, 1024, "be"),
]

SECTOR = 512
ORDERS = {"le": "<", "be": ">"}
SUPERBLOCK = 8192  # makefs puts it there in both versions
MAGICS = {1: 0x00011954, 2: 0x19540119}
JOURNAL_SECTORS = 256
JOURNAL_HEADERS = 2  # sectors


def make_tree(top):
    """Every kind of file that makefs makes; all pointers up to the double indirect one."""
    random.seed(1)
    top.mkdir()
    for size in (0, 1, 511, 4096, 9000, 50000, 70000, 250000):
        (top / f"size{size}").write_bytes(random.randbytes(size))
    (top / "large").write_bytes(random.randbytes(4096) * 530)
    many = top / "many"
    many.mkdir()
    for number in range(160):
        (many / f"{number:03}-{'x' * (number % 50)}").write_bytes(b"")
    deep = top / "deep"
    for level in range(12):
        deep.mkdir()
        (deep / "file").write_text(f"{level}\n")
        deep = deep / f"d{level}"
    (top / "hard").hardlink_to(top / "size511")
    for length in (1, 59, 60, 119, 120, 1000):
        (top / f"link{length}").symlink_to("t" * length)
    os.mkfifo(top / "fifo")
    for path in [top, *below(top)]:
        os.utime(path, (10**9, 10**9), follow_symlinks=False)


def make_image(top, path, version, order, block, fragment):
    options = f"version={version},bsize={block},fsize={fragment},density=8192,maxbpcg=64"
    command = ["makefs", "-t", "ffs", "-T", "1000000000", "-B", order, "-b", "20%", "-f", "20"]
    subprocess.run([*command, "-o", options, path, top], check=True, stdout=subprocess.DEVNULL)

    # Superblocks hold two addresses in makefs's memory, which are never the same.
    image = bytearray(path.read_bytes())
    for at in range(0, len(image) - 2048, SECTOR):
        if struct.unpack_from(ORDERS[order] + "I", image, at + 1372)[0] == MAGICS[version]:
            image[at + 832 : at + 848] = bytes(16)
    path.write_bytes(image)


def journal_of(order, address, blocks):
    """A journal at a byte address that writes blocks, a list of (byte address, bytes)."""
    area = b""
    for at, content in blocks:
        entry = struct.pack(order + "qII", at // SECTOR, 0, len(content))
        head = struct.pack(order + "IIII", 0x5741424F, SECTOR + len(content), 1, 0)
        area += (head + entry).ljust(SECTOR, b"\0") + content
    first = JOURNAL_HEADERS * SECTOR
    header = struct.pack(
        order + "IIIIQQIIIIqqqq",
        0x5741424C, 88, 0, 1, 0, 0, 0, 1, 9, 9,  # magic, length, generation ... shifts
        first + len(area), first, first, (JOURNAL_SECTORS - JOURNAL_HEADERS) * SECTOR,
    )
    headers = header.ljust(SECTOR, b"\0") + bytes(SECTOR)
    return (headers + area).ljust(JOURNAL_SECTORS * SECTOR, b"\0")


def add_journal(path, order, journal_order):
    """Move superblock and first inodes into a journal, and spoil them in place."""
    image = bytearray(path.read_bytes())
    place, size = SUPERBLOCK, len(image)

    def field(offset):
        return struct.unpack_from(ORDERS[order] + "I", image, place + offset)[0]

    inodes, inodes_size = field(16) * field(52), field(48)
    flags = field(1312) | 0x100
    struct.pack_into(ORDERS[order] + "I", image, place + 1312, flags)
    struct.pack_into("BB", image, place + 864, 1, 1)
    numbers = (size // SECTOR, JOURNAL_SECTORS, SECTOR, 0)
    struct.pack_into(ORDERS[journal_order] + "QQQQ", image, place + 872, *numbers)

    blocks = [
        (inodes, bytes(inodes_size)),  # an older copy: the later one counts
        (place, bytes(image[place : place + 2048])),
        (inodes, bytes(image[inodes : inodes + inodes_size])),
    ]
    image[place + 1008 : place + 1040] = b"\xff" * 32  # counts of free things
    image[inodes : inodes + inodes_size] = b"\xff" * inodes_size
    path.write_bytes(image + journal_of(ORDERS[journal_order], size, blocks))


def main():
    folder = pathlib.Path(sys.argv[1])
    top = folder / "tree"
    make_tree(top)
    for version, order, block, fragment, journal in IMAGES:
        name = f"ffs{version}-{order}-{block}" + (f"-journal-{journal}" if journal else "")
        path = folder / f"{name}.img"
        make_image(top, path, version, order, block, fragment)
        if journal:
            add_journal(path, order, journal)
    for packed in sorted(SHARED.glob("*-wapbl-dirty.img.xz")):
        with lzma.open(packed) as source:
            (folder / packed.name.removesuffix(".xz")).write_bytes(source.read())
    if not SHARED.is_dir():
        print(f"# {SHARED} is missing: no images with journals that NetBSD wrote")


if __name__ == "__main__":
    main()
