#!/usr/bin/env python3
"""The long form of what is shown of FFS; no part of "make test".

    BUILD_ROOT=build/gcc tests/heavy_ffs.py [SECONDS]

Image after image of each kind, made by us and by makefs, is filled with 20,000 files, among them
long names and deep directories, half emptied, filled to its end and emptied again.  Besides, eight
threads write for SECONDS, 300 unless told, on each of the file systems of ffs_threads_test, whose
images are kept.  After each, "rump fsck -n" and the tests' own checker must find nothing, and The
Sleuth Kit must see the same names, inodes, sizes and bytes as we do.  About 25 minutes.
"""

import os
import pathlib
import random
import shutil
import subprocess
import sys

import command
from command import scratch
from writable import must_be_sound

OWN = [
    (f"{kind} {order}{' with a journal' if journal else ''}", ("-t", kind, "-B", order, *journal))
    for kind in ("ffs1", "ffs2")
    for order in ("le", "be")
    for journal in ((), ("-j",))
]
MAKEFS = [
    ("makefs's ffs1 be", ("-B", "be", "-o", "version=1,bsize=8192,fsize=1024")),
    ("makefs's ffs2 le", ("-B", "le", "-o", "version=2,bsize=16384,fsize=2048")),
]
DIRECTORIES, FILES = 200, 100  # in each
LEVELS = 90  # The Sleuth Kit goes no deeper than 100
SAMPLES = 40  # files whose bytes are compared
PATIENCE = 3600  # seconds; a disk that is busy otherwise makes flushes slow


def rump(*words):
    return command.rump(*words, timeout=PATIENCE)


def good(*words):
    return command.good(*words, timeout=PATIENCE)


def make_tree(top):
    chance = random.Random(1)
    for directory in range(DIRECTORIES):
        place = top / (f"{directory}" if directory % 3 else f"{directory}".zfill(255))
        place.mkdir(parents=True)
        for file in range(FILES):
            name = f"{file}" if file % 7 else f"{file}".zfill(chance.randrange(3, 256))
            (place / name).write_bytes(chance.randbytes(int(2 ** chance.uniform(0, 15))))
    deep = top.joinpath("deep", *(f"level{level}" for level in range(LEVELS)))
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("bottom")
    os.link(deep / "bottom", top / "hard")
    (top / "soft").symlink_to("x" * 1000)
    with open(top / "sparse", "wb") as file:
        file.seek(3 << 20)
        file.write(b"end")


def seen_by_us(image):
    """From path to inode and size."""
    files = {}
    for line in good("find", image, "-mindepth", "1", "-ls").lines:
        parts = line.split(None, 10)
        path = parts[10].split(" -> ")[0]
        files[path] = (int(parts[0]), int(parts[6]) if parts[2][0] == "-" else 0)
    return files


def seen_by_the_sleuth_kit(image):
    """The same; None where it does not find the superblock: makefs puts UFS2's at 8 KiB."""
    listing = subprocess.run(["fls", "-f", "ufs", "-u", "-r", "-p", "-m", "/", image], check=False,
                             capture_output=True, text=True)
    if "No UFS Magic Found" in listing.stderr:
        return None
    assert listing.returncode == 0, listing.stderr
    files = {}
    for line in listing.stdout.splitlines():
        _, path, inode, mode, _, _, size, *_ = line.split("|")
        path = path.split(" -> ")[0]
        if not path.startswith("/$"):
            files[path] = (int(inode), int(size) if mode.startswith("r/r") else 0)
    return files


def must_agree(image, what):
    """Everybody says the same of the image, and that it is sound."""
    answer = rump("fsck", "-n", image)
    assert answer.status == 0, (what, answer.lines[:10])
    must_be_sound(image)
    ours, theirs = seen_by_us(image), seen_by_the_sleuth_kit(image)
    if theirs is None:
        print(f"    {what}: {len(ours)} files and directories; The Sleuth Kit cannot read this kind",
              flush=True)
        return
    others = sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path))
    assert not others, (what, len(others), [(p, ours.get(p), theirs.get(p)) for p in others[:5]])
    files = sorted(path for path, (_, size) in ours.items() if size > 0)
    for path in random.Random(2).sample(files, min(SAMPLES, len(files))):
        bytes_ = subprocess.run(["icat", "-f", "ufs", image, str(ours[path][0])], check=True,
                                capture_output=True).stdout
        assert bytes_ == good("cat", f"{image}:{path}").output, (what, path)
    subprocess.run(["fsstat", "-f", "ufs", image], check=True, stdout=subprocess.DEVNULL)
    print(f"    {what}: {len(ours)} files and directories, all agree", flush=True)


def usage(image):
    return good("df", image).lines[1].split()[1:4], good("df", "-i", image).lines[1].split()[1:4]


def put_through(image, tree, empty):
    """Populate, remove half, fill, empty; empty is the usage before."""
    if empty is not None:
        good("cp", "-a", *sorted(tree.iterdir()), f"{image}:/")
        must_agree(image, "populated")
    names = good("ls", f"{image}:/").lines
    good("rm", "-r", *(f"{image}:/{name}" for name in names[::2]))
    must_agree(image, "half removed")
    before = usage(image)
    good("mkdir", f"{image}:/full")
    for number in range(10):
        answer = rump("cp", "-rf", tree, f"{image}:/full/{number}")
        if answer.status != 0:
            break
    assert "No space left" in answer.errors, answer.errors
    must_agree(image, "full")
    good("rm", "-r", f"{image}:/full")
    must_agree(image, "emptied of that")
    assert usage(image)[0][1:] == before[0][1:] and usage(image)[1] == before[1], "space was lost"
    good("rm", "-r", *(f"{image}:/{name}" for name in names[1::2]))
    must_agree(image, "emptied")
    # The root directory may have become larger.
    assert empty is None or usage(image)[1] == empty[1], (usage(image), empty)


def with_threads(place, seconds):
    program = pathlib.Path(os.environ["BUILD_ROOT"], "tests_ffs_threads_test")
    more = {"RUMP_TEST_SECONDS": str(seconds), "RUMP_TEST_KEEP": str(place)}
    subprocess.run([program], check=True, env={**os.environ, **more})
    for image in sorted(place.iterdir()):
        must_agree(image, f"eight threads: {image.name}")
        image.unlink()


def main():
    for program in ("fls", "makefs"):
        if not shutil.which(program):
            sys.exit(f"heavy_ffs: {program} is missing: install sleuthkit and makefs")
    with scratch() as place:
        tree, image = place / "tree", place / "image"
        make_tree(tree)
        for name, options in OWN:
            print(name, flush=True)
            good("mkfs", "-F", "-s", "220m", *options, image)
            put_through(image, tree, usage(image))
        print("filled by mkfs", flush=True)
        good("mkfs", "-F", "--free", "20m", "-d", tree, image)
        must_agree(image, "populated")
        put_through(image, tree, None)
        for name, options in MAKEFS:
            print(name, flush=True)
            command.make_image(image, tree, *options, "-b", "10%", "-f", "5%")
            must_agree(image, "populated")
            put_through(image, tree, None)
        image.unlink()
        print("threads", flush=True)
        (place / "kept").mkdir()
        with_threads(place / "kept", int(sys.argv[1]) if len(sys.argv) > 1 else 300)


main()
