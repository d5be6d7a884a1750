#!/usr/bin/env python3
"""Commands that change images: what they did is read back by rump, by The Sleuth Kit,
and checked by the tests' own checker."""

import fcntl
import os
import shutil
import stat
import struct
import subprocess

import command
from command import complaint, good, rump, scratch, test
from writable import CLEAN, fresh, must_be_sound, names, on_each_kind, seen_by_sleuth_kit, told

# ---- one command after the other ------------------------------------------------------------


@on_each_kind
def directories_are_made_and_removed(image, place):
    assert good("mkdir", "-v", f"{image}:/new").lines == [f"made {image}:/new"]
    good("mkdir", "-m", "2750", f"{image}:new/2", f"{image}:new/3")
    good("mkdir", "-p", "-m", "u=rwx,go=", f"{image}:/p/q/r", f"{image}:/p/q")
    assert told(image, "/new") == "directory 755 0 0"
    assert told(image, "/new/2") == "directory 2750 0 0"
    assert told(image, "/p/q") == "directory 755 0 0"
    assert told(image, "/p/q/r") == "directory 700 0 0"
    assert "exists" in complaint(1, "mkdir", f"{image}:/new")
    assert "-p" in complaint(1, "mkdir", f"{image}:/none/such")
    assert "exists" in complaint(1, "mkdir", "-p", f"{image}:/etc/passwd")
    assert "no value" in complaint(2, "mkdir", "-m", "77777", f"{image}:/x")
    good("rmdir", f"{image}:/new/2")
    assert "not empty" in complaint(1, "rmdir", f"{image}:/new")
    assert names(image) >= {"/new/3", "/p/q/r"} and "/new/2" not in names(image)


@on_each_kind
def files_are_removed_and_errors_stop_nothing(image, place):
    answer = rump("rm", f"{image}:/none", f"{image}:/a/b", f"{image}:/", f"{image}:/a/1/",
                  f"{image}:a/link", f"{image}:/a/..")
    assert answer.status == 1 and len(answer.errors.splitlines()) == 5, answer.errors
    assert names(image, "/a") == {"/1", "/b", "/b/2", "/b/up", "/b/c", "/b/c/3"}
    good("rm", "-f", f"{image}:/none", f"{image}:/a/1/none")
    lines = good("rm", "-rv", f"{image}:/a/b").lines
    assert set(lines) == {f"removed {image}:/a/{name}" for name in ("b", "b/2", "b/up", "b/c", "b/c/3")}
    assert lines[-1] == f"removed {image}:/a/b"
    assert names(image, "/etc") == {"/passwd", "/group"}, "a link was followed"
    good("rm", "-d", f"{image}:/a/1")
    good("rm", "-d", f"{image}:/a")
    assert names(image) == {"/etc", "/etc/passwd", "/etc/group"}


@on_each_kind
def names_are_changed_and_added(image, place):
    good("mv", f"{image}:/a/1", f"{image}:/one")
    good("mv", f"{image}:/one", f"{image}:/a/b", f"{image}:/etc/")
    assert names(image, "/etc") == {"/passwd", "/group", "/one", "/b", "/b/2", "/b/up", "/b/c",
                                    "/b/c/3"}
    assert "inside itself" in complaint(1, "mv", f"{image}:/etc", f"{image}:/etc/b")
    assert "no directory" in complaint(2, "mv", f"{image}:/a", f"{image}:/etc", f"{image}:/etc/one")
    good("mv", "-n", f"{image}:/etc/one", f"{image}:/etc/b/2")
    assert good("cat", f"{image}:/etc/b/2").output == b"a/b/2\n"
    good("mv", f"{image}:/etc/one", f"{image}:/etc/b/2")
    assert good("cat", f"{image}:/etc/b/2").output == b"a/1\n"
    good("mkdir", f"{image}:/empty")
    good("mv", "-T", f"{image}:/etc/b", f"{image}:/empty")
    good("ln", f"{image}:/empty/2", f"{image}:/etc")
    assert told(image, "/etc/2", "%h %i") == told(image, "/empty/2", "%h %i")
    assert "exists" in complaint(1, "ln", f"{image}:/empty/c/3", f"{image}:/etc/2")
    good("ln", "-f", f"{image}:/empty/c/3", f"{image}:/etc/2")
    assert told(image, "/empty/2", "%h") == "1" and told(image, "/etc/2", "%h") == "2"
    good("ln", "-s", "../any where", "/x/y", f"{image}:/empty")
    good("ln", "-sf", "other", f"{image}:/empty/y")
    assert told(image, "/empty/any where", "%N").endswith("-> ../any where")
    assert told(image, "/empty/y", "%N").endswith("-> other")
    other = place / "other.img"
    other.write_bytes(fresh("ffs2"))
    assert "another image" in complaint(1, "mv", f"{image}:/etc/2", f"{other}:/")


@on_each_kind
def modes_are_those_of_chmod(image, place):
    path = place / "file"
    path.write_bytes(b"")
    for mode in ("4640", "u+s,g-r", "a=rX", "u+x,a+X", "g=u", "+w", "-x", "o+t", "ug=rw,o=", "=",
                 "u=rws", "u+r-s", "go=u-w", "=r"):
        subprocess.run(["chmod", "--", mode, path], check=True, preexec_fn=lambda: os.umask(0o22))
        good("chmod", "--", mode, f"{image}:/a/1")
        want = f"{stat.S_IMODE(path.stat().st_mode):o}"
        assert told(image, "/a/1", "%a") == want, (mode, told(image, "/a/1", "%a"), want)
    good("chmod", "-R", "go-rwx,u=rwX", f"{image}:/a")
    assert told(image, "/a/b/2", "%a") == "600" and told(image, "/a/b/c", "%a") == "700"
    assert told(image, "/etc/passwd", "%a") == "644", "a link was followed"
    good("chmod", "0", f"{image}:/a/b/up/group")
    assert told(image, "/etc/group", "%a") == "0"
    for mode in ("u", "9", "u+q", "rw", "u+r,"):
        complaint(2, "chmod", mode, f"{image}:/a")


@on_each_kind
def owners_are_found_in_the_image(image, place):
    for owner, want in (("bob", "1001 0"), (":staff", "1001 50"), ("root:wheel", "0 0"),
                        ("bob:", "1001 1002"), ("77:88", "77 88"), ("0", "0 88")):
        good("chown", owner, f"{image}:/a/1")
        assert told(image, "/a/1", "%u %g") == want, owner
    for owner in ("nobody", "late", ":none", "4294967295", "77:", "-1"):
        complaint(1, "chown", "--", owner, f"{image}:/a/1")
    good("chown", "-R", "-v", "bob:staff", f"{image}:/a")
    for path in ("/a", "/a/b/c/3", "/a/link"):
        assert told(image, path, "%u %g") == "1001 50", path
    assert told(image, "/etc", "%u %g") == told(image, "/etc/passwd", "%u %g") == "0 0"
    good("chown", "-h", "5", f"{image}:/a/link")
    good("chown", "6", f"{image}:/a/link")
    assert told(image, "/a/link", "%u") == "5" and told(image, "/a/b/2", "%u") == "6"


@on_each_kind
def times_and_sizes_are_set(image, place):
    good("touch", "-d", "2020-01-02T03:04:05.25Z", f"{image}:/new", f"{image}:/a/1")
    assert told(image, "/new", "%F %a %Y %X") == "regular empty file 644 1577934245 1577934245"
    good("touch", "-m", "-d", "@100.5", f"{image}:/a/1")
    good("touch", "-a", "-d", "2020-01-02 04:04+01:00", f"{image}:/a/1")
    assert told(image, "/a/1", "%Y %X") == "100 1577934240"
    good("touch", "-h", "-d", "@7", f"{image}:/a/link")
    assert told(image, "/a/link", "%Y") == "7" and told(image, "/a/b/2", "%Y") != "7"
    good("touch", "-c", f"{image}:/none")
    assert "/none" not in names(image)
    complaint(1, "touch", f"{image}:/none/such")
    for date in ("tomorrow", "@", "2020-01-02T03:04Q", "@1.2.3"):
        complaint(2, "touch", "-d", date, f"{image}:/new")
    for size, want in (("100K", 102400), ("-2K", 100352), ("+1", 100353), ("3", 3), ("-9", 0)):
        good("truncate", "-s", size, f"{image}:/a/1", f"{image}:/sparse")
        assert told(image, "/a/1", "%s") == str(want), size
    good("truncate", "-s", "1M", f"{image}:/sparse")
    assert told(image, "/sparse", "%s") == "1048576"
    assert int(told(image, "/sparse", "%b")) <= 64, "no hole"
    for size in ("", "x", "1Q", "9999999999G", "1KK"):
        complaint(2, "truncate", "-s", size, f"{image}:/a/1")
    assert "-s" in complaint(2, "truncate", f"{image}:/a/1")


# ---- images that are not changed ----------------------------------------------------------------


@test
def what_cannot_be_written_is_refused_and_stays_as_it_is(images, tree):
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs2"))
        unclean = bytearray(fresh("ffs2"))
        unclean[CLEAN] = 0
        (place / "unclean.img").write_bytes(unclean)
        line = complaint(2, "mkdir", f"{place}/unclean.img:/x")
        assert f'"rump fsck {place}/unclean.img" repairs it' in line, line
        assert (place / "unclean.img").read_bytes() == unclean
        good("-o", "force", "mkdir", f"{place}/unclean.img:/x")
        assert "/x" in names(place / "unclean.img")
        with open(image, "rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH)
            line = complaint(2, "mkdir", f"{image}:/x")
            assert "in use" in line, line
            good("ls", image)
        subprocess.run(["gzip", "-k", image], check=True)
        line = complaint(2, "rm", f"{image}.gz:/a/1")
        assert "compressed" in line, line
        assert image.read_bytes() == fresh("ffs2")
    return None


@test
def a_partition_is_changed_and_nothing_else(images, tree):
    with scratch() as place:
        start = 64
        content = fresh("ffs2")
        table = bytearray(512)
        table[446:462] = struct.pack("<B3xB3xII", 0, 0xA5, start, len(content) // 512)
        table[510:512] = b"\x55\xaa"
        disk = place / "disk.img"
        around = os.urandom((start - 1) * 512), os.urandom(512 * 10)
        disk.write_bytes(bytes(table) + around[0] + content + around[1])
        good("mkdir", f"{disk}:/whole")
        good("-p", "1", "mkdir", f"{disk}:/named")
        after = disk.read_bytes()
        assert after[:512] == table and after[512:start * 512] == around[0]
        assert after[-len(around[1]):] == around[1]
        part = place / "part.img"
        part.write_bytes(after[start * 512:-len(around[1])])
        must_be_sound(part)
        assert names(part) >= {"/whole", "/named"}
        assert "no partition 2" in complaint(2, "-p", "2", "mkdir", f"{disk}:/x")


@test
def archives_are_not_changed(images, tree):
    if not shutil.which("cpio"):
        return "no cpio"
    with scratch() as place:
        (place / "file").write_text("x")
        subprocess.run(["cpio", "-o", "-H", "newc", "-O", "a.cpio"], cwd=place, input=b"file\n",
                       check=True, stderr=subprocess.PIPE)
        before = (place / "a.cpio").read_bytes()
        assert "only read" in complaint(2, "rm", f"{place}/a.cpio:/file")
        assert (place / "a.cpio").read_bytes() == before
    return None


@test
def other_readers_see_the_same(images, tree):
    if not shutil.which("fls"):
        return "no Sleuth Kit"
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs1"))
        good("mkdir", "-p", f"{image}:/one/two/three")
        good("mv", f"{image}:/a/b/2", f"{image}:/one/two")
        good("rm", "-r", f"{image}:/a/b")
        good("ln", f"{image}:/one/two/2", f"{image}:/hard")
        seen = seen_by_sleuth_kit(image)
        assert set(seen) == names(image), set(seen) ^ names(image)
        assert seen["/hard"] == seen["/one/two/2"]
        content = subprocess.run(["icat", "-f", "ufs1", image, seen["/hard"]], check=True,
                                 stdout=subprocess.PIPE).stdout
        assert content == b"a/b/2\n"
    return None


command.run()
