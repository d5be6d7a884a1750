#!/usr/bin/env python3
"""rump mkfs: what it makes is consistent, and reads back, here and in The Sleuth Kit, as what went in.

With RUMP_LONG_TESTS set, an image of 2 TiB is also checked as a whole.
"""

import hashlib
import io
import os
import pathlib
import subprocess
import tarfile
import time

from below import below

import command
from command import EMULATOR, IS_ROOT, SIZES, complaint, digest, good, rump, scratch, snapshot, test

SOUND = [*EMULATOR, os.path.join(os.environ["BUILD_ROOT"], "ffs_sound")]
KINDS = [
    ("-t", "ffs2"),
    ("-t", "ffs1", "-B", "be", "-b", "8k", "-f", "1k"),
    ("-t", "ffs2", "-B", "be", "-b", "64k", "-f", "64k", "-i", "64k"),
    ("-t", "ffs1", "-b", "4k", "-f", "512"),
]
MIB = 1 << 20


def has_archives():
    return "without libarchive" not in rump("mkfs", "-d", "/dev/null", "/dev/null/no").errors


def must_be_consistent(image, offset=0):
    answer = subprocess.run([*SOUND, image, str(offset)], stdout=subprocess.PIPE)
    assert answer.returncode == 0, answer.stdout.decode(errors="replace")


def must_hold(image, tree, place):
    """The image's files are those of tree."""
    copy = place / "copy"
    good("cp", "-aT", f"{image}:/", copy)
    have, want = snapshot(copy), snapshot(tree)
    for path in sorted(have.keys() | want.keys()):
        assert have.get(path) == want.get(path), (path, have.get(path), want.get(path))
    subprocess.run(["chmod", "-R", "u+rwX", copy], check=True)
    subprocess.run(["rm", "-rf", copy], check=True)


def without_files(place, *words, status=2, **more):
    """The complaint of a mkfs that must fail and leave nothing."""
    before = sorted(os.listdir(place))
    line = complaint(status, "mkfs", *words, **more)
    assert sorted(os.listdir(place)) == before, os.listdir(place)
    return line


@test
def an_image_of_a_tree_holds_the_tree(images, tree):
    if not IS_ROOT:
        return "only root can read all of the tree"
    with scratch() as place:
        for kind in KINDS:
            image = place / "new.img"
            good("mkfs", "-F", *kind, "-d", tree, image)
            must_be_consistent(image)
            must_hold(image, tree, place)
            assert good("diff", tree, f"{image}:/").output == b""
            links = good("stat", "-c", "%h %i", f"{image}:/links/file", f"{image}:/links/hard")
            assert len(set(links.lines)) == 1 and links.lines[0].startswith("2 ")
            assert int(good("stat", "-c", "%b", f"{image}:/sparse").output) <= 512
    return None


@test
def little_of_an_image_is_wasted(images, tree):
    with scratch() as place:
        (place / "files").mkdir()
        for number in range(300):
            (place / "files" / str(number)).write_bytes(b"x" * (number * 397 % 60000))
        content = sum(path.stat().st_size for path in below(place / "files"))
        for more, extra in (((), 0), (("--free", "5m"), 5 * MIB), (("--free", "50%"), content)):
            good("mkfs", "-F", "-d", place / "files", *more, place / "new.img")
            size = (place / "new.img").stat().st_size
            assert content + extra < size < (content + extra) * 1.15 + MIB, (content, extra, size)
            must_be_consistent(place / "new.img")


@test
def the_sleuth_kit_reads_the_same(images, tree):
    if not IS_ROOT:
        return "only root can read all of the tree"
    with scratch() as place:
        image = place / "new.img"
        for kind in KINDS[:2]:
            # It reads no holes that are larger than the file system.
            good("mkfs", "-F", *kind, "-s", "64m", "-d", tree, image)
            listing = subprocess.run(["fls", "-r", "-p", image], check=True, capture_output=True)
            places = {}
            for line in listing.stdout.split(b"\n"):
                head, _, name = line.partition(b":\t")
                places[name] = head.rpartition(b" ")[2].decode()
            for path in [*(tree / "sizes").iterdir(), tree / "sparse", tree / "links/hard"]:
                inode = places[os.fsencode(path.relative_to(tree))]
                bytes_ = subprocess.run(["icat", image, inode], check=True, capture_output=True)
                want = hashlib.sha256(path.read_bytes()).hexdigest()
                assert hashlib.sha256(bytes_.stdout).hexdigest() == want, path
            names = {os.fsencode(path.relative_to(tree)) for path in below(tree)}
            names = {name for name in names if b"\n" not in name and max(name) < 128}
            names = {name for name in names if name.count(b"/") < 100}  # deeper it does not go
            assert names <= places.keys(), sorted(names - places.keys())[:5]
    return None


@test
def archives_hold_the_same_as_trees(images, tree):
    if not IS_ROOT or not has_archives():
        return "only root can read all of the tree; and there must be libarchive"
    with scratch() as place:
        image, archive = place / "new.img", place / "tree.tar"
        tar = ["tar", "--format=pax", "--sparse", "-C", tree, "-cf"]
        subprocess.run([*tar, archive, "."], check=True)
        good("mkfs", "-d", archive, image)
        must_be_consistent(image)
        must_hold(image, tree, place)
        assert int(good("stat", "-c", "%b", f"{image}:/sparse").output) <= 512

        # Directories that the archive does not have are made; from a pipe, in whichever packing.
        packed = subprocess.run([*tar, "-", "-z", "sizes/511", "links"], check=True, capture_output=True)
        process = subprocess.run(
            [*command.RUMP, "mkfs", "-F", "-s", "8m", "-d", "-", image], input=packed.stdout, capture_output=True
        )
        assert process.returncode == 0, process.stderr
        names = good("find", f"{image}:/sizes").lines
        assert names == ["/sizes", "/sizes/511"], names
        names = subprocess.run(["find", "."], cwd=tree, check=True, capture_output=True).stdout
        cpio = subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.replace(b"./names/new\nline\n", b""),
            check=True, capture_output=True,
        )
        archive.write_bytes(cpio.stdout)
        good("mkfs", "-F", "-d", archive, image)
        must_be_consistent(image)
        assert good("cat", f"{image}:/links/hard").output == b"linked\n"
    return None


@test
def hostile_archives_make_nothing_outside(images, tree):
    if not has_archives():
        return "no libarchive"

    def member(name, **more):
        info = tarfile.TarInfo(name)
        for key, value in more.items():
            setattr(info, key, value)
        return info

    with scratch() as place:
        with tarfile.open(place / "bad.tar", "w") as archive:
            archive.addfile(member("way", type=tarfile.SYMTYPE, linkname="/etc"))
            archive.addfile(member("way/in", size=2), io.BytesIO(b"in"))
            archive.addfile(member("/absolute", size=4), io.BytesIO(b"good"))
        line = without_files(place, "-s", "4m", "-d", place / "bad.tar", place / "new.img", status=1)
        assert "cannot make way/in" in line, line
        with tarfile.open(place / "up.tar", "w") as archive:
            archive.addfile(member("a/../../b"))
        line = without_files(place, "-s", "4m", "-d", place / "up.tar", place / "new.img", status=1)
        assert "leads up" in line, line
        with tarfile.open(place / "twice.tar", "w") as archive:
            archive.addfile(member("/file", size=3), io.BytesIO(b"old"))
            archive.addfile(member("file", size=3), io.BytesIO(b"new"))
        good("mkfs", "-d", place / "twice.tar", place / "new.img")
        assert good("cat", f"{place}/new.img:/file").output == b"new"
        broken = (place / "twice.tar").read_bytes()[:700]
        (place / "cut.tar").write_bytes(broken)
        line = without_files(place, "-s", "4m", "-d", place / "cut.tar", place / "cut.img", status=1)
        assert "cannot read the archive" in line, line
    return None


@test
def the_same_files_give_the_same_bytes(images, tree):
    epoch = {"SOURCE_DATE_EPOCH": "1500000000"}
    with scratch() as place:
        for name in ("one", "two"):
            # Made in another order, at other times.
            top = place / name
            top.mkdir()
            for number in sorted(range(100), reverse=name == "two"):
                (top / f"file{number}").write_bytes(b"x" * (number * 3000))
                os.utime(top / f"file{number}", (time.time(), 1400000000 + number))
            (top / "directory").mkdir()
            good("mkfs", "-d", top, place / f"{name}.img", env=epoch)
            time.sleep(0.01)
        assert digest(place / "one.img") == digest(place / "two.img")
        stamps = good("stat", "-c", "%Y %X %Z", f"{place}/one.img:/directory", f"{place}/one.img:/file7")
        assert stamps.lines == ["1500000000 " * 2 + "1500000000", "1400000007 1400000007 1500000000"]
        if has_archives():
            for name in ("one", "two"):
                subprocess.run(["tar", "--sort=name", "--mtime=@1", "-C", place / "one", "-cf", place / "a.tar", "."])
                good("mkfs", "--gpt", "-d", place / "a.tar", place / f"{name}.tar.img", env=epoch)
            assert digest(place / "one.tar.img") == digest(place / "two.tar.img")
        good("mkfs", "-s", "4m", place / "three.img")
        good("mkfs", "-s", "4m", place / "four.img")
        assert digest(place / "three.img") != digest(place / "four.img")


@test
def owners_can_be_changed(images, tree):
    with scratch() as place:
        (place / "top").mkdir()
        (place / "top/file").write_text("x")
        (place / "top/link").symlink_to("file")
        me = os.getuid(), os.getgid()
        rows = (
            (("--owner", "5:6"), "5 6"),
            (("--map", f"u:{me[0]}:700"), f"700 {me[1]}"),
            (("--map", f"g:{me[1]}:800", "--map", f"u:{me[0]}:900:1"), "900 800"),
            (("--map", f"u:{me[0] + 1}:700:50"), f"{me[0]} {me[1]}"),
        )
        for words, want in rows:
            good("mkfs", "-F", "-d", place / "top", *words, place / "new.img")
            names = [f"{place}/new.img:/{name}" for name in ("", "file", "link")]
            assert good("stat", "-c", "%u %g", *names).lines == [want] * 3, words


@test
def partitioned_images_have_a_table(images, tree):
    with scratch() as place:
        (place / "top").mkdir()
        (place / "top/file").write_text("in a partition")
        for words, want in (
            (("--gpt",), "FreeBSD UFS"),
            (("--gpt=netbsd",), "NetBSD FFS"),
            (("--mbr",), "0xa5"),
            (("--mbr=netbsd",), "0xa9"),
        ):
            image = place / "new.img"
            good("mkfs", "-F", *words, "-L", "data", "-d", place / "top", image)
            assert image.stat().st_size % MIB == 0
            must_be_consistent(image, MIB)
            assert good("cat", f"{image}:/file").output == b"in a partition"
            assert want in good("info", image).output.decode(), good("info", image).output
            table = subprocess.run(["mmls", image], check=True, capture_output=True).stdout.decode()
            rows = [row.split() for row in table.splitlines() if row.split()[2:3] == ["0000002048"]]
            assert len(rows) == 1, table
            assert rows[0][-1] in ("data", f"({want})"), table
            assert image.stat().st_blocks * 512 < MIB
        assert "GPT" in good("info", image).output.decode() or words[0] == "--mbr=netbsd"


@test
def an_image_that_exists_is_not_replaced_unless_asked(images, tree):
    with scratch() as place:
        image = place / "new.img"
        image.write_text("precious")
        assert "-F replaces it" in without_files(place, "-s", "4m", image)
        assert image.read_text() == "precious"
        good("mkfs", "-F", "-s", "4m", image)
        must_be_consistent(image)

        # One that is only a size says how large it is to be.
        os.truncate(place / "new.img", 0)
        os.truncate(place / "new.img", 6 * MIB)
        good("mkfs", image)
        assert image.stat().st_size == 6 * MIB
        must_be_consistent(image)


@test
def what_cannot_be_made_is_said_in_one_line(images, tree):
    with scratch() as place:
        new = place / "new.img"
        (place / "file").write_text("no archive")
        rows = (
            ((new,), {}, "say how large"),
            (("-s", "0", new), {}, "no value"),
            (("-s", "5x", new), {}, "no value"),
            (("-s", "9999999999999g", new), {}, "no value"),
            (("-s", "40k", new), {}, "it takes at least"),
            (("-s", "4m", "-b", "5000", new), {}, "blocks have"),
            (("-s", "4m", "-f", "256", new), {}, "fragments of blocks"),
            (("-s", "4m", "-i", "200", new), {}, "density"),
            (("-s", "4m", "-L", "a b", new), {}, "a label has"),
            (("-s", "4m", "-m", "60", new), {}, "the reserve is"),
            (("-s", "4m", "-j8m", new), {}, "a journal of"),
            (("-s", "2m", "--gpt", new), {}, "3 MiB"),
            (("-s", "4m", "--gpt=dos", new), {}, "no value"),
            (("-s", "4m", "-t", "ext2", new), {}, "no value"),
            (("-s", "4m", "--owner", "root", new), {}, "no value"),
            (("-s", "4m", "--map", "u:5", new), {}, "no value"),
            (("-s", "4m", place / "none/new.img"), {}, "No such file"),
            (("-s", "4m", place), {}, "is no regular file"),
            (("-d", "-", new), {}, "can be read only once"),
            (("-d", place / "none", new), {}, "cannot open"),
            (("-d", place / "file", new), {}, "cannot read the archive"),
            (("-s", "4m", new), {"SOURCE_DATE_EPOCH": "today"}, "no number of seconds"),
            (("-s", "4m", new, new), {}, "one image"),
        )
        for words, env, want in rows:
            if not has_archives() and ("cannot" in want or "-" in words):
                continue
            line = without_files(place, *words, env=env)
            assert want in line, (words, line)


@test
def what_does_not_fit_says_how_much_is_missing(images, tree):
    with scratch() as place:
        top = place / "top"
        top.mkdir()
        for number in range(40):
            (top / str(number)).write_bytes(b"x" * 100000)
        line = without_files(place, "-s", "3m", "-d", top, place / "new.img")
        missing = int(line.split("does not fit: ")[1].split()[0])
        assert 1000000 < missing < 3000000 and "larger size with -s" in line, line
        good("mkfs", "-s", str(3 * MIB + missing + missing // 5 + 200000), "-d", top, place / "new.img")
        for number in range(300):
            (top / f"empty{number}").touch()
        line = without_files(place, "-s", "8m", "-i", "64k", "-d", top, place / "full.img")
        assert "lower density with -i" in line, line


@test
def a_journal_can_be_made(images, tree):
    with scratch() as place:
        good("mkfs", "-s", "16m", "-j", place / "new.img")
        assert "WAPBL" in good("info", f"{place}/new.img").output.decode()
        assert good("ls", f"{place}/new.img").output == b""
        good("mkfs", "-F", "-j", "-d", tree / "sizes", place / "new.img")
        must_be_consistent(place / "new.img")
        must_hold(place / "new.img", tree / "sizes", place)


@test
def two_tebibytes_are_made_at_once_and_written_up_to_their_end(images, tree):
    with scratch() as place:
        # More directories than groups: one is in the last.
        for number in range(1200):
            (place / f"top/{number}").mkdir(parents=True)
            (place / f"top/{number}/file").write_text(f"{number}")
        image = place / "new.img"
        good("mkfs", "-s", "2t", "-b", "64k", "-i", "1m", "-d", place / "top", image)
        assert image.stat().st_size == 2 << 40
        assert image.stat().st_blocks * 512 < 200 * MIB
        assert good("cat", f"{image}:/777/file").output == b"777"
        with open(image, "rb") as file:
            last = file.seek(0, os.SEEK_END)
            data = file.seek(last - (4 << 30), os.SEEK_DATA)
            assert last - data <= 4 << 30
        inodes = good("find", f"{image}:/", "-type", "d", "-ls").lines
        last = max(inodes, key=lambda line: int(line.split()[0])).split()[-1]
        (place / "big").write_bytes(os.urandom(3 * MIB))
        good("cp", place / "big", f"{image}:{last}/big")
        assert good("cat", f"{image}:{last}/big").output == (place / "big").read_bytes()
        assert " clean" in good("fsck", "-n", image).lines[-1]
        if os.environ.get("RUMP_LONG_TESTS"):
            must_be_consistent(image)


command.run()
