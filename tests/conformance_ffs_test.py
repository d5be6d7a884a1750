#!/usr/bin/env python3
"""The conformance suite on FFS: UFS1 and UFS2, of different block sizes and orders.

Afterwards The Sleuth Kit must see the same names in the image as rump does, where
it knows the format.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
SUITE = BUILD / "tests_conformance"
RUMP = BUILD / "rump"

# version, byte order, block size, fragment size, checks at least, does The Sleuth Kit know it
IMAGES = [
    (1, "be", 8192, 1024, 5100, True),
    (2, "le", 4096, 4096, 5300, False),  # makefs puts the superblock elsewhere
]


def make_image(path, version, order, block, fragment):
    options = f"version={version},bsize={block},fsize={fragment}"
    with tempfile.TemporaryDirectory() as empty:
        command = ["makefs", "-t", "ffs", "-B", order, "-M", "64m", "-m", "64m", "-f", "4000"]
        subprocess.run([*command, "-o", options, path, empty], check=True, stdout=subprocess.DEVNULL)


def names_by_rump(image):
    command = [RUMP, "find", f"{image}:/", "-mindepth", "1", "-print0"]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    return sorted(path.removeprefix(b"/") for path in found.split(b"\0") if path)


def names_by_sleuth_kit(image):
    command = ["fls", "-u", "-r", "-p", "-f", "ufs", image]
    lines = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
    names = [line.split(b"\t", 1)[1] for line in lines]
    return sorted(name for name in names if name != b"$OrphanFiles")  # that is its own


def main():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for version, order, block, fragment, minimum, is_known in IMAGES:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            image = pathlib.Path(folder) / "image"
            make_image(image, version, order, block, fragment)
            suite = [SUITE, "--rump", "ffs", "--image", image, "--minimum", str(minimum)]
            result = subprocess.run(suite, stdout=subprocess.PIPE, text=True)
            if result.returncode != 0:
                wrong = [line for line in result.stdout.splitlines() if not line.startswith("ok ")]
                print(f"UFS{version}:", *wrong, sep="\n")
                return 1
            if is_known and names_by_rump(image) != names_by_sleuth_kit(image):
                print(f"UFS{version}: The Sleuth Kit lists other names")
                return 1
    return 0


sys.exit(main())
