#!/usr/bin/env python3
"""rump cp into images, between them and within: what went in comes out, The Sleuth Kit sees
it, and what is in the way, in between or too large leaves a sound image."""

import os
import re
import shutil
import signal
import subprocess

import command
from command import IS_ROOT, RUMP, complaint, good, make_image, rump, scratch, snapshot, test
from writable import must_be_sound, names, on_each_kind, seen_by_sleuth_kit, told

ROOM = {
    "ffs2": ("-B", "be", "-o", "version=2,bsize=8192,fsize=1024,density=4096", "-s", "8m"),
    "ffs1": ("-B", "le", "-o", "version=1,bsize=8192,fsize=1024,density=4096", "-s", "8m"),
}


def roomy(place, kind):
    """An image with nothing in it but /etc."""
    image = place / f"{kind}-roomy.img"
    (place / "empty/etc").mkdir(parents=True, exist_ok=True)
    (place / "empty/etc/passwd").write_text("bob:*:1001:1002:Bob:/:/bin/sh\n")
    make_image(image, place / "empty", *ROOM[kind])
    return image


def pipe_in(place):
    path = place / "pipe"
    if not path.exists():
        os.mkfifo(path)
    return path


def file_in(place, name, content=b"content\n"):
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# ---- trees --------------------------------------------------------------------------------


@test
def a_tree_goes_in_and_comes_out_the_same(images, tree):
    for kind in ROOM:
        with scratch() as place:
            image = roomy(place, kind)
            good("cp", "-aq", tree, f"{image}:/")
            good("cp", "-aq", f"{image}:/tree", place / "out")
            must_be_sound(image)
            have, want = snapshot(place / "out"), snapshot(tree)
            for path in sorted(have.keys() | want.keys()):
                assert have.get(path) == want.get(path), (path, have.get(path), want.get(path))
            assert told(image, "/tree/links/file", "%h %i") == told(image, "/tree/links/hard", "%h %i")
            assert int(told(image, "/tree/sparse", "%b")) <= 128
            if IS_ROOT:
                assert told(image, "/tree/modes/0755", "%u %g") == "12345 54321"


@test
def the_sleuth_kit_reads_what_went_in(images, tree):
    if not shutil.which("fls"):
        return "no Sleuth Kit"
    with scratch() as place:
        image = roomy(place, "ffs1")
        good("cp", "-r", tree / "sizes", tree / "links", f"{image}:/")
        seen = seen_by_sleuth_kit(image)
        assert set(seen) == names(image), set(seen) ^ names(image)
        for path in (tree / "sizes").iterdir():
            content = subprocess.run(["icat", "-f", "ufs1", image, seen[f"/sizes/{path.name}"]],
                                     check=True, stdout=subprocess.PIPE).stdout
            assert content == path.read_bytes(), path
    return None


@test
def images_are_copied_from_and_to(images, tree):
    with scratch() as place:
        first, second = roomy(place, "ffs1"), roomy(place, "ffs2")
        good("cp", "-aq", tree / "links", tree / "modes", f"{first}:/")
        good("cp", "-aq", f"{first}:/links", f"{first}:/modes", f"{second}:/")
        good("cp", "-rq", f"{second}:/links", f"{second}:/modes/twice")
        good("cp", "-rq", f"{second}:/links", place / "links")
        assert snapshot(place / "links") == snapshot(tree / "links")
        assert names(second, "/modes/twice") == names(second, "/links")
        assert told(second, "/modes/4755") == told(first, "/modes/4755")
        if IS_ROOT:
            assert told(second, "/modes/0755", "%u %g") == "12345 54321"
        must_be_sound(first)
        must_be_sound(second)


@test
def extended_attributes_go_along_with_a(images, tree):
    with scratch() as place:
        path = file_in(place, "top/file")
        try:
            os.setxattr(path, "user.name", b"value" * 20)
            os.setxattr(path.parent, "user.top", b"")
        except OSError:
            return "no extended attributes here"
        image = roomy(place, "ffs2")
        if "are not kept" in rump("cp", "-a", path.parent, f"{image}:/").errors:
            return "FFS keeps none yet"
        good("cp", "-r", path.parent, f"{image}:/without")
        must_be_sound(image)
        (place / "out").mkdir()
        good("cp", "-a", f"{image}:/top", f"{image}:/without", place / "out")
        assert os.getxattr(place / "out/top/file", "user.name") == b"value" * 20
        assert os.listxattr(place / "out/top") == ["user.top"]
        assert os.listxattr(place / "out/without/file") == []
        other = roomy(place, "ffs1")
        answer = rump("cp", "-a", path.parent, f"{other}:/")
        assert answer.status == 0 and "extended attributes are not kept" in answer.errors
    return None


# ---- rules ----------------------------------------------------------------------------------


@on_each_kind
def destinations_are_found_as_by_cp(image, place):
    file = file_in(place, "dir/file")
    good("cp", file, f"{image}:/new")
    good("cp", file, f"{image}:/a")
    good("cp", file, f"{image}:a/b/up")
    good("cp", "-r", file.parent, f"{image}:/a")
    good("cp", "-rT", file.parent, f"{image}:/a/b")
    good("cp", "-rn", f"{file.parent}/.", f"{image}:/etc")
    good("cp", "-r", file.parent, f"{image}:/fresh")
    want = {"/new", "/a/file", "/etc/file", "/a/dir/file", "/a/b/file", "/fresh/file"}
    assert names(image) >= want, want - names(image)
    assert told(image, "/a/b/up", "%F") == "symbolic link"
    line = complaint(1, "cp", file, f"{image}:/none/such")
    assert "No such file" in line, line
    assert "no directory" in complaint(2, "cp", file, file, f"{image}:/new")
    assert "with -r" in complaint(1, "cp", file.parent, f"{image}:/")
    answer = rump("cp", place / "gone", file, f"{image}:/a/b/c")
    assert answer.status == 1 and len(answer.errors.splitlines()) == 1
    assert "/a/b/c/file" in names(image)
    odd = file_in(place, "with:colon")
    good("cp", odd, f"{image}:/")
    assert "/with:colon" in names(image)


@on_each_kind
def what_exists_is_written_over_replaced_or_kept(image, place):
    file = file_in(place, "2", b"other\n")
    good("cp", "-n", file, f"{image}:/a/b")
    assert good("cat", f"{image}:/a/b/2").output == b"a/b/2\n"
    good("ln", f"{image}:/a/b/2", f"{image}:/hard")
    good("chown", "7:8", f"{image}:/hard")
    good("chmod", "600", f"{image}:/hard")
    file.chmod(0o640)
    for answer, want in (("n\n", b"a/b/2\n"), ("", b"a/b/2\n"), ("yes\n", b"other\n")):
        asked = rump("cp", "-i", file, f"{image}:/a/b", stdin_text=answer)
        assert asked.status == 0 and asked.errors == f"overwrite {image}:/a/b/2? ", asked.errors
        assert good("cat", f"{image}:/hard").output == want, answer
    # The file is the same one, with its names; a shorter content leaves nothing of the old.
    file_in(place, "2", b"less\n")
    good("cp", file, f"{image}:/a/b")
    assert good("cat", f"{image}:/hard").output == b"less\n"
    assert told(image, "/a/b/2", "%a %u %g %h") == "600 7 8 2"
    good("cp", "--owner=9:9", file, f"{image}:/a/b")
    assert told(image, "/a/b/2", "%a %u %g") == "640 9 9"
    file_in(place, "2", b"new\n")
    good("cp", "-f", file, f"{image}:/a/b")
    assert good("cat", f"{image}:/a/b/2").output == b"new\n"
    assert good("cat", f"{image}:/hard").output == b"less\n"
    # Nothing is written through a link, nor to a fifo.
    for make in (("ln", "-s", "hard"), ("cp", pipe_in(place))):
        good(*make, f"{image}:/odd")
        assert "no regular file" in complaint(1, "cp", file, f"{image}:/odd")
        assert good("cat", f"{image}:/hard").output == b"less\n"
        good("cp", "-f", file, f"{image}:/odd")
        assert good("cat", f"{image}:/odd").output == b"new\n"
        good("rm", f"{image}:/odd")
    assert "same file" in complaint(1, "cp", f"{image}:/a/1", f"{image}:/a")
    assert "same file" in complaint(1, "cp", "-f", f"{image}:/a/1", f"{image}:/a")
    assert good("cat", f"{image}:/a/1").output == b"a/1\n"
    assert "into itself" in complaint(1, "cp", "-r", f"{image}:/a", f"{image}:/a/b/c")
    assert "/a/b/c/a/b/c/3" in names(image) and "/a/b/c/a/b/c/a" not in names(image)
    assert "into itself" in complaint(1, "cp", "-rT", f"{image}:/a", f"{image}:/a")


@on_each_kind
def owners_are_root_unless_they_are_said(image, place):
    file = file_in(place, "file")
    if IS_ROOT:
        os.chown(file, 123, 456)
    file.chmod(0o6755)
    state = file.stat()
    own = f"{state.st_uid} {state.st_gid}"
    for words, want in ((("-f",), "755 0 0"), (("-fp",), f"6755 {own}"),
                        (("-f", "--owner=bob:staff"), "6755 1001 50"),
                        (("-fa", "--owner=:77"), f"6755 {state.st_uid} 77")):
        good("cp", *words, file, f"{image}:/file")
        assert told(image, "/file", "%a %u %g") == want, words
    good("chown", "5:6", f"{image}:/file")
    good("cp", f"{image}:/file", f"{image}:/again")
    assert told(image, "/again", "%u %g") == "5 6"
    assert "no \"nobody\"" in complaint(1, "cp", "--owner=nobody", file, f"{image}:/x")


@on_each_kind
def a_file_that_is_a_way_out_stays_inside(image, place):
    good("ln", "-s", f"{place}", f"{image}:/trap")
    good("ln", "-s", "../../../../../..", f"{image}:/up")
    file = file_in(place, "file")
    good("mkdir", f"{image}:/x")
    complaint(1, "cp", file, f"{image}:/trap/escaped")
    good("cp", file, f"{image}:/up/inside")
    assert "/inside" in names(image) and not (place / "escaped").exists()


# ---- too little room --------------------------------------------------------------------------


def room(image):
    line = good("df", image).lines[1].split()
    return (int(line[1]) - int(line[2])) * 1024


@on_each_kind
def a_full_image_says_how_much_is_missing(image, place):
    big = file_in(place, "dir/big", os.urandom(4000000))
    free = room(image)
    line = complaint(1, "cp", "-r", big.parent, f"{image}:/")
    missing = int(re.search(r"needs at least ([\d,]+) bytes more", line)[1].replace(",", ""))
    assert abs(missing - (4000000 - free)) < 8192, (missing, free)
    assert "/dir" not in names(image), "copying began"

    file_in(place, "dir/a", os.urandom(100000))
    answer = rump("cp", "-rf", big.parent, f"{image}:/")
    assert answer.status == 1 and "No space left" in answer.errors
    late = int(re.search(r"at least ([\d,]+) bytes more", answer.errors)[1].replace(",", ""))
    assert late > 0 and "/dir/big" not in names(image), "a part of a file is left"
    must_be_sound(image)
    good("cp", "-f", file_in(place, "small"), f"{image}:/dir")


@test
def files_are_counted_where_inodes_are_missing(images, tree):
    with scratch() as place:
        (place / "empty").mkdir()
        image = place / "few.img"
        make_image(image, place / "empty", "-o", "version=2,density=262144,bsize=4096,fsize=512",
                   "-s", "2m")
        count = 200
        for number in range(count):
            file_in(place, f"many/{number}", b"")
        answer = rump("cp", "-r", place / "many", f"{image}:/")
        missing = int(re.search(r"at least (\d+) inodes? more", answer.errors)[1])
        assert len(names(image, "/many")) + missing == count, answer.errors
        must_be_sound(image)


# ---- signals ----------------------------------------------------------------------------------


def let_end(*numbers):
    """Let signals end this process even if whoever started the test ignores them, as nohup does."""
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)


@test
def signals_leave_a_sound_image(images, tree):
    with scratch() as place:
        for number in range(400):  # names that do not fit into a pipe
            file_in(place, f"many/{number:0240}")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            image = place / "signal.img"
            (place / "empty").mkdir(exist_ok=True)
            make_image(image, place / "empty", "-o", "version=2,density=1024", "-s", "6m")
            with subprocess.Popen([*RUMP, "cp", "-rv", place / "many", f"{image}:/"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  preexec_fn=lambda: let_end(number)) as process:
                process.stdout.read(3000)  # some files; it writes, and waits for us
                process.send_signal(number)
                errors = process.communicate(timeout=100)[1]
            assert process.returncode == -number, (process.returncode, errors)
            assert errors == b"", errors
            must_be_sound(image)
            copied = names(image, "/many")
            assert 0 < len(copied) < 400, len(copied)
            last = max(copied)
            assert good("cat", f"{image}:/many{last}").output == b"content\n"


@test
def an_output_that_is_gone_leaves_a_sound_image(images, tree):
    with scratch() as place:
        image = roomy(place, "ffs2")
        reader, writer = os.pipe()
        os.close(reader)
        answer = rump("cp", "-rv", tree / "sizes", f"{image}:/", stdout=writer)
        os.close(writer)
        assert answer.status == 1 and answer.errors == "", answer.errors
        must_be_sound(image)
        assert "/sizes/200000" in names(image)


command.run()
