#!/usr/bin/env python3
"""Compressed images give the manifests of what is in them, and damaged ones a line that says so.

Images of makefs, packed in every usual way, and those in ../shared/images, which
are packed already (not tested, saying so, where that folder is missing).
"""

import lzma
import os
import pathlib
import random
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
SHARED = SOURCE.parent / "shared" / "images"
PACKERS = {
    "fast.gz": "gzip -1c",
    "best.gz": "gzip -9c",
    "one-block.xz": "xz -1c -T1 --block-size=0",
    "blocks.xz": "xz -1c --block-size=200000",
    "whole.zst": "zstd -qc",
    "piped.zst": "zstd -qc -",
}

results = []


def report(name, problem):
    results.append(problem is None)
    print(f"{'' if problem is None else 'not '}ok {len(results)} - {name}", flush=True)
    if problem:
        print("# " + str(problem)[:1000].replace("\n", "\n# "), flush=True)


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **more).stdout


def manifest(image):
    return sorted(output(BUILD / "manifest", image).splitlines())


def make_image(folder):
    """An image with files of all sizes, packable in part."""
    random.seed(1)
    top = folder / "tree"
    (top / "many").mkdir(parents=True)
    for size in (0, 1, 5000, 70000, 3000000):
        (top / str(size)).write_bytes(random.randbytes(size // 2) + b"text" * (size // 8))
    for number in range(300):
        (top / "many" / f"{number}").write_text(f"{number}\n" * number)
    image = folder / "plain.img"
    output("makefs", "-t", "ffs", "-s", "8m", image, top)
    return image


def pack(image, name, command):
    packed = image.with_name(name)
    with open(image, "rb") as source, open(packed, "wb") as target:
        subprocess.run(command.split(), stdin=source, stdout=target, check=True)
    return packed


def is_built(packed):
    """Without a format's library its files are what they are: told from their first bytes."""
    answer = subprocess.run([BUILD / "rump", "ls", packed], capture_output=True, check=False)
    return b"unpack it first" not in answer.stderr


def check_same(packed, want):
    return None if manifest(packed) == want else "another manifest than that of the plain image"


def check_complaint(packed, content, words):
    """rump says in one line what is wrong."""
    broken = packed.with_name("broken")
    broken.write_bytes(content)
    command = [BUILD / "rump", "cp", "-r", f"{broken}:/", packed.with_name("copy")]
    answer = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    errors = answer.stderr.decode()
    output("rm", "-rf", packed.with_name("copy"))
    if answer.returncode not in (1, 2) or "near byte" not in errors or words not in errors:
        return f"exit {answer.returncode}: {errors}"
    return None


def check_damaged(packed):
    content = packed.read_bytes()
    kind = {".gz": "gzip", ".xz": "xz", ".zst": "zstd"}[packed.suffix]
    flipped = bytearray(content)
    for place in range(1000, len(content), 5000):
        flipped[place] ^= 0x10
    return (
        check_complaint(packed, content[: len(content) // 2], f"{kind}: ")
        or check_complaint(packed, bytes(flipped), f"{kind}: ")
        or check_complaint(packed, content + b"garbage behind the end", f"{kind}: ")
    )


def main():
    with tempfile.TemporaryDirectory() as scratch:
        image = make_image(pathlib.Path(scratch))
        want = manifest(image)
        for name, command in PACKERS.items():
            packed = pack(image, name, command)
            if not is_built(packed):
                print(f"ok {len(results) + 1} - {name} # SKIP not in this build")
                results.append(True)
                continue
            report(f"{name}: the plain image's manifest", check_same(packed, want))
            report(f"{name}: damage is told", check_damaged(packed))
    for packed in sorted(SHARED.glob("*.img.xz")):
        name = packed.name.removesuffix(".img.xz")
        want = sorted(lzma.open(SHARED / f"{name}.manifest.xz").read().splitlines())
        report(packed.name, check_same(packed, want) if is_built(packed) else None)
    if not SHARED.is_dir():
        print(f"# SKIP {SHARED} is missing: images made by NetBSD are not tested")
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
