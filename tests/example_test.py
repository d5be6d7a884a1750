#!/usr/bin/env python3
"""The example in the README: it is tests/example.c, and it shows a file."""

import os
import pathlib
import re
import subprocess
import tempfile

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
EXAMPLE = pathlib.Path(os.environ["BUILD_ROOT"]) / "example"
count = 0


def check(name, claim):
    global count
    count += 1
    print(f"{'ok' if claim else 'not ok'} {count} - {name}", flush=True)


def main():
    blocks = re.findall(r"```c\n(.*?)```", (SOURCE / "README.md").read_text(), re.DOTALL)
    check("the README shows tests/example.c", (SOURCE / "tests/example.c").read_text() in blocks)

    with tempfile.TemporaryDirectory() as folder:
        tree, image = pathlib.Path(folder, "tree"), pathlib.Path(folder, "disk.img")
        content = bytes(range(256)) * 1000
        (tree / "etc").mkdir(parents=True)
        (tree / "etc/data").write_bytes(content)
        subprocess.run(["makefs", "-t", "ffs", "-s", "4m", image, tree], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = image.read_bytes()
        done = subprocess.run([EXAMPLE, image, "/mnt/etc/data"], capture_output=True)
        check("it shows the file", done.returncode == 0 and done.stdout == content)
        done = subprocess.run([EXAMPLE, image, "/mnt/etc/none"], capture_output=True)
        check("it fails without one", done.returncode == 1 and done.stdout == b"")
        check("it leaves the image as it was", image.read_bytes() == before)
    print(f"1..{count}")


main()
