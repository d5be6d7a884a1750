#!/usr/bin/env python3
"""rump diff: what differs between images, and between an image and the tree it was made of."""

import json
import os
import shutil
import stat
from below import below

import command
from command import IS_ROOT, complaint, good, rump, scratch, test


def differences(status, *words):
    answer = rump("diff", *words)
    assert answer.status == status and answer.errors == "", (words, answer.status, answer.errors)
    return answer.lines


@test
def an_image_is_the_tree_that_it_was_made_of(images, tree):
    if not IS_ROOT:
        return "only root can read all of it"
    assert differences(0, *images) == []
    for image in images:
        assert differences(0, image, str(tree)) == []
        assert differences(0, f"{tree}/deep", f"{image}:/deep") == []
    assert differences(0, f"{images[0]}:/sizes/511", f"{images[1]}:/sizes/511") == []
    return None


@test
def each_difference_has_its_line(images, tree):
    if not IS_ROOT:
        return "only root can read all of it"
    with scratch() as place:
        other = place / "other"
        shutil.copytree(tree, other, symlinks=True, ignore=shutil.ignore_patterns("fifo", "null", "disk"))
        for path in [other, *below(other)]:
            state = os.lstat(tree / path.relative_to(other))
            os.chown(path, state.st_uid, state.st_gid, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(state.st_mode))
        (other / "sizes/511").write_bytes(b"y" * 511)
        (other / "sizes/2048").write_bytes(b"short")
        (other / "modes/0444").chmod(0o600)
        (other / "links/soft").unlink()
        (other / "links/soft").symlink_to("elsewhere")
        (other / "sparse").unlink()
        (other / "sparse").mkdir()
        (other / "twins/new\nname").write_text("new")
        os.chown(other / "modes/0755", 1, 2)
        expected = [
            "/links/soft: target file, elsewhere", "/modes/0444: mode 0444, 0600",
            "/modes/0755: uid 12345, 1", "/modes/0755: gid 54321, 2",
            "/sizes/2048: content differs", "/sizes/2048: size 2048, 5",
            "/sizes/511: content differs", "/sparse: type file, directory",
        ]
        options = ("--no-times", "--no-links")
        lines = differences(1, *options, images[0], other)
        have = [line for line in lines if not line.startswith("Only in") and line not in ("name",)]
        assert sorted(have) == sorted(expected), (have, lines)
        only = [line for line in lines if line.startswith("Only in")]
        assert f"Only in {images[0]}: /fifo" in only and f"Only in {other}: /twins/new" in only
        brief = differences(1, "-q", "--no-owners", *options, images[0], other)
        assert brief.count("/sizes/2048 differs") == 1 and "/modes/0755 differs" not in brief
        assert any(": links 2, 1" in line for line in differences(1, images[0], other))
        rows = [json.loads(line) for line in differences(1, "--json", *options, images[0], other)]
        assert {"path": "/modes/0444", "difference": "mode", "first": "0444", "second": "0600"} in rows
        assert {"path": "/twins/new\nname", "difference": "only in second"} in rows
        assert len(rows) == len(expected) + len(only)
    return None


@test
def texts_are_shown_line_by_line(images, tree):
    if not shutil.which("diff"):
        return "no diff"
    with scratch() as place:
        folder = place / "folder"
        folder.mkdir()
        (folder / "text").write_text("one\ntwo\nthree\n")
        (folder / "data").write_bytes(b"\0one")
        command.make_image(place / "a.img", folder, "-s", "1m")
        (folder / "text").write_text("one\n2\nthree\n")
        (folder / "data").write_bytes(b"\0two")
        command.make_image(place / "b.img", folder, "-s", "1m")
        lines = differences(1, "-u", "--no-times", place / "a.img", place / "b.img")
        assert lines == [
            "/data: content differs", f"--- {place}/a.img:/text", f"+++ {place}/b.img:/text",
            "@@ -1,3 +1,3 @@", " one", "-two", "+2", " three",
        ], lines


@test
def what_cannot_be_compared_is_reported(images, tree):
    assert "two places" in complaint(2, "diff", images[0])
    assert "two places" in complaint(2, "diff", images[0], images[0], images[0])
    assert "no such file" in complaint(2, "diff", images[0], "/nowhere/x.img")
    assert "No such file" in complaint(2, "diff", f"{images[0]}:/gone", images[1])
    assert "fifo" in complaint(2, "diff", f"{images[0]}:/fifo", images[1])
    assert rump("diff", f"{images[0]}:/sizes", f"{images[0]}:/sizes/0").status == 1


@test
def a_directory_that_contains_itself_ends_a_comparison(images, tree):
    data = bytearray(images[0].read_bytes())
    at = data.index(b"\4\6level3\0")
    data[at - 6 : at - 2] = (2).to_bytes(4, "little")
    with scratch() as place:
        (place / "loop").write_bytes(data)
        for other in (place / "loop", images[1]):
            answer = rump("diff", place / "loop", other)
            assert answer.status == 2 and "level3" in answer.errors, answer.errors


command.run()
