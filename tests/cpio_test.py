#!/usr/bin/env python3
"""Archives that Debian's cpio makes show exactly the tree that they were made of.

The same tree in both variants of the format, in several orders (a directory
before and after what is in it), cut into two archives one after the other, and
followed by something else, as boot loaders take it.  Reading must leave every
archive as it was.  What is damaged is refused, and option partial shows it.
"""

import os
import pathlib
import random
import socket
import stat
import subprocess
import sys
import tempfile
from below import below

from images_test import MANIFEST, SOURCE, difference, host_manifest, make_tree, report, results
from images_test import run, sha256_of


def pack(top, paths, kind):
    """An archive of these paths, as cpio -o makes it."""
    done = subprocess.run(
        ["cpio", "--create", "--null", "--quiet", f"--format={kind}"],
        input=b"".join(bytes(path) + b"\0" for path in paths),
        cwd=top, capture_output=True, check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"cpio: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def make_special(top):
    """What an initramfs has besides: devices, if we may make them, and a socket."""
    special = top / "special"
    special.mkdir()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(special / "socket"))
    try:
        os.mknod(special / "null", 0o20666, os.makedev(1, 3))
        os.mknod(special / "disk", 0o60660, os.makedev(259, 70000))
    except PermissionError:
        print("# no devices: only root may make them")
    for path in (*special.iterdir(), special, top):
        os.utime(path, (1700000000, 1700000000), follow_symlinks=False)


def devices_of(line):
    """host_manifest() says nothing of device numbers."""
    words = line.split(b" ")
    if words[0] in (b"c", b"b"):
        words[7] = b"-"
    return b" ".join(words)


def check(folder, want, archive, options):
    path = folder / "archive.cpio"
    path.write_bytes(archive)
    before = sha256_of(path)
    got = run(*MANIFEST, path, "--options", options)
    got = b"\n".join(devices_of(line) for line in got.splitlines())
    if sha256_of(path) != before:
        return "the archive was modified"
    return difference(want, got)


def is_linked(status):
    return status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode)


def archives(top, paths):
    """Name, bytes, mount options."""
    shuffled = paths[:]
    random.Random(1).shuffle(shuffled)
    newc = pack(top, paths, "newc")
    yield "newc", newc, ""
    yield "crc", pack(top, paths, "crc"), "verify"
    yield "backwards", pack(top, paths[::-1], "newc"), "verify"
    yield "shuffled", pack(top, shuffled, "crc"), "verify"
    # All names of a file in one archive: each is told that the others are there.
    linked = {path for path in paths if is_linked((top / path).lstat())}
    half = len(paths) // 2
    first = [path for path in paths[:half] if path not in linked]
    second = [path for path in paths if path not in first]
    yield ("two, one after the other",
           pack(top, first, "newc") + bytes(1024) + pack(top, second, "crc"), "")
    yield "the same twice", newc + newc, ""
    yield "followed by something", newc + b"\x1f\x8b\x08\x00" + random.randbytes(4000), ""


def refusal(path, options):
    done = subprocess.run(
        [*MANIFEST, path, "--options", options], capture_output=True, check=False
    )
    return None if done.returncode == 1 and b"mount" in done.stderr else done.stderr.decode()


def check_damaged(folder, archive):
    """Cut off in the middle: nothing, or what comes before."""
    path = folder / "damaged.cpio"
    path.write_bytes(archive[: len(archive) // 2 & ~511])
    problem = refusal(path, "")
    if problem is not None:
        return f"a truncated archive was not refused: {problem}"
    shown = run(*MANIFEST, path, "--options", "partial").splitlines()
    return None if len(shown) > 5 else "too little is shown"


def attempt(name, function, *arguments):
    try:
        report(name, function(*arguments))
    except (RuntimeError, OSError) as error:
        report(name, str(error))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        top = folder / "tree"
        make_tree(top)
        make_special(top)
        want = host_manifest(top)
        paths = [pathlib.Path(".")] + sorted(path.relative_to(top) for path in below(top))
        for name, archive, options in archives(top, paths):
            attempt(name, check, folder, want, archive, options)
        attempt("cut off", check_damaged, folder, pack(top, paths, "newc"))
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
