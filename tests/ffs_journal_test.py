#!/usr/bin/env python3
"""What is in a journal is shown, not what is in its place.

The images with a journal that NetBSD's driver left behind have their newest
blocks both in the log and in place.  Here every block in place whose newest copy
is in the log is overwritten with rubbish first: by the manifest, nothing may be
missing.  With option norecovery the rubbish must show, or the test proves nothing.

Then each is mounted to be written, which replays the journal in place: without the
journal, nothing may be missing after that, and the image must be whole; also after
files were made and removed in it.
"""

import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
MANIFEST = pathlib.Path(os.environ["BUILD_ROOT"]) / "manifest"
REWRITE = pathlib.Path(os.environ["BUILD_ROOT"]) / "ffs_rewrite"
SHARED = SOURCE.parent / "shared" / "images"

SECTOR = 512
HEADER, INODES, REVOCATIONS, BLOCKS = range(0x5741424C, 0x57414250)
MAGICS = (0x00011954, 0x19540119)
SUPERBLOCK = range(16, 20)  # sectors; it must be there to lead to the journal


def journal_place(image):
    """Byte offset of the log, from the superblock at 8192."""
    for order in "<>":
        if struct.unpack_from(order + "I", image, 8192 + 1372)[0] in MAGICS:
            break
    for order in "<>":
        address, _, size, _ = struct.unpack_from(order + "4q", image, 8192 + 872)
        if size == SECTOR:
            return address * size
    raise RuntimeError("no journal")


def live_sectors(image, log):
    """Sectors whose newest content is in the log."""
    headers = []
    for place in (log, log + SECTOR):
        fields = struct.unpack_from("<IiIIQQIIIIqqqq", image, place)
        if fields[0] == HEADER:
            headers.append((fields[3], fields[11]))
    tail = max(headers)[1]
    live = set()
    while True:
        kind, length, count, _ = struct.unpack_from("<Iiii", image, log + tail)
        if kind not in (INODES, REVOCATIONS, BLOCKS):
            return live
        for number in range(count if kind != INODES else 0):
            at = log + tail + 16 + 16 * number
            address, _, size = struct.unpack_from("<qii", image, at)
            sectors = range(address, address + size // SECTOR)
            live = live.union(sectors) if kind == BLOCKS else live.difference(sectors)
        tail += length


def manifest_of(image, *options):
    return subprocess.run([MANIFEST, image, *options], capture_output=True, check=False)


def rewrite(path, want):
    """Replay in place, then change the image."""
    for arguments in [], ["change"]:
        done = subprocess.run([REWRITE, path, *arguments], capture_output=True, check=False)
        if done.returncode != 0:
            return done.stderr.decode(errors="replace")[:1000]
        if arguments == []:
            bare = manifest_of(path, "--options", "norecovery")
            if sorted(bare.stdout.splitlines()) != want:
                return f"not all is in its place: {bare.stderr.decode()[:1000]}"
    return None


def check(name, folder):
    image = bytearray(lzma.open(SHARED / f"{name}.img.xz").read())
    live = live_sectors(image, journal_place(image))
    if not live:
        return "the journal is empty"
    for sector in live.difference(SUPERBLOCK):
        image[sector * SECTOR : (sector + 1) * SECTOR] = b"\xa5" * SECTOR
    path = folder / f"{name}.img"
    path.write_bytes(image)
    want = sorted(lzma.open(SHARED / f"{name}.manifest.xz").read().splitlines())
    replayed, bare = manifest_of(path), manifest_of(path, "--options", "norecovery")
    problem = rewrite(path, want)
    path.unlink()
    if problem is not None:
        return problem
    if sorted(replayed.stdout.splitlines()) != want:
        return f"not what was committed: {replayed.stderr.decode()[:1000]}"
    if sorted(bare.stdout.splitlines()) == want:
        return "the rubbish does not show without the journal"
    return None


def main():
    if not SHARED.is_dir():
        print(f"1..0 # SKIP {SHARED} is missing")
        return 0
    names = sorted(path.name.removesuffix(".img.xz") for path in SHARED.glob("*-wapbl-*.img.xz"))
    failed = False
    print(f"1..{len(names)}")
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(names, 1):
            problem = check(name, pathlib.Path(scratch))
            failed = failed or problem is not None
            print(("ok " if problem is None else "not ok ") + f"{number} - {name}")
            if problem is not None:
                print("# " + problem.replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
