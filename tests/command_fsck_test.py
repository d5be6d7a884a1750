#!/usr/bin/env python3
"""rump fsck: exit statuses, modes, answers, partitions, and images that NetBSD made."""

import json
import lzma
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import tempfile

import command
from command import RUMP, good, rump, test

SHARED = pathlib.Path(os.environ["SOURCE_ROOT"]).parent / "shared" / "images"
SUPERBLOCK = 8192  # where makefs puts it
CLEAN_AT = SUPERBLOCK + 209
PLACE = tempfile.TemporaryDirectory(prefix="rump-fsck-")
WORK = pathlib.Path(PLACE.name)


def damaged(images):
    """A copy that is not marked clean and whose counts are wrong."""
    path = WORK / "damaged.img"
    shutil.copyfile(images[0], path)
    with open(path, "r+b") as file:
        file.seek(CLEAN_AT)
        file.write(b"\0")
        file.seek(SUPERBLOCK + 1016)
        file.write(struct.pack("<Q", 1))
    return path


def without_superblock(images):
    path = WORK / "lost.img"
    shutil.copyfile(images[0], path)
    with open(path, "r+b") as file:
        file.seek(SUPERBLOCK)
        file.write(bytes(2048))
    return path


@test
def good_images_are_clean(images, tree):
    for image in images:
        answer = good("fsck", "-n", image)
        assert "clean, " in answer.lines[-1], answer.lines


@test
def what_is_wrong_is_told_and_repaired_with_statuses_of_fsck(images, tree):
    path = damaged(images)
    before = path.read_bytes()
    answer = rump("fsck", "-n", path)
    assert answer.status == 4 and "counts" in answer.lines[0], answer.lines
    assert path.read_bytes() == before
    assert rump("fsck", "-p", path).status == 1
    assert rump("fsck", "-n", path).status == 0
    answer = rump("fsck", "-p", path)
    assert answer.status == 0 and "marked clean" in answer.lines[0]
    assert rump("fsck", "-p", "-f", path).status == 0


@test
def statuses_tell_what_could_not_be_checked(images, tree):
    assert rump("fsck", "-n", "/dev/null").status == 8
    assert rump("fsck", "-n", tree / "no such file").status == 8
    assert rump("fsck", "--nonsense").status == 16
    assert rump("fsck").status == 16
    assert rump("fsck", "--help").status == 0
    assert rump("fsck", "-n", images[0], damaged(images)).status == 4


@test
def a_copy_of_the_superblock_stands_in(images, tree):
    path = without_superblock(images)
    assert rump("fsck", "-n", path).status == 4
    answer = rump("fsck", "-y", path)
    assert answer.status == 1 and "there is a copy" in answer.lines[0], answer.lines
    assert rump("fsck", "-n", path).status == 0
    assert rump("fsck", "-n", "-b", "3", path).status == 8


@test
def json_has_an_object_for_each_problem_and_one_more(images, tree):
    answer = rump("fsck", "-n", "--json", damaged(images))
    objects = [json.loads(line) for line in answer.lines]
    assert [item["severity"] for item in objects[:-1]] == ["leftover"] * (len(objects) - 1)
    assert objects[-1]["left"] == len(objects) - 1 and not objects[-1]["clean"]


@test
def without_a_terminal_nothing_is_repaired(images, tree):
    path = damaged(images)
    answer = rump("fsck", path)
    assert answer.status == 4 and "nobody can be asked" in answer.errors, answer.errors


@test
def a_person_is_asked(images, tree):
    path = damaged(images)
    for answers, status in ((b"n\n", 4), (b"y\n" * 9, 1)):
        master, slave = pty.openpty()
        os.write(master, answers)
        process = subprocess.run([*RUMP, "fsck", path], stdin=slave, stdout=subprocess.PIPE, timeout=60)
        os.close(slave)
        os.close(master)
        assert process.returncode == status, process.stdout


@test
def images_of_netbsd_are_clean_and_their_journals_replayed(images, tree):
    if not SHARED.is_dir():
        print(f"# {SHARED} is missing: skipped")
        return
    for packed in sorted(SHARED.glob("*.img.xz")):
        path = WORK / packed.name.removesuffix(".xz")
        path.write_bytes(lzma.open(packed).read())
        is_dirty = "dirty" in packed.name
        assert rump("fsck", "-n", path).status == (4 if is_dirty else 0), packed
        if is_dirty:
            answer = rump("fsck", "-p", path)
            assert answer.status == 1 and "journal" in answer.lines[0], answer.lines
            assert rump("fsck", "-n", path).status == 0
        path.unlink()


command.run()
