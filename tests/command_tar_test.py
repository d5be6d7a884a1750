#!/usr/bin/env python3
"""rump tar and rump verify: what tar(1) and sha256sum(1) make of the tree, they make of images."""

import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
from below import below

import command
from writable import KINDS, fresh, must_be_sound, names, told
from command import IS_ROOT, SIZES, complaint, good, rump, scratch, snapshot, test


def has_archives(image):
    return "without libarchive" not in rump("tar", f"{image}:/fifo").errors


def has_hashes(image):
    return "without a library" not in rump("verify", image, "/dev/null").errors


# ---- tar ------------------------------------------------------------------------------


@test
def an_archive_unpacks_to_the_tree(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    for image in images:
        with scratch() as place:
            (place / "copy").mkdir()
            (place / "out.tar").write_bytes(good("tar", image).output)
            subprocess.run(
                ["tar", "-xpf", place / "out.tar", "--same-owner", "-C", place / "copy"],
                check=True, stderr=subprocess.PIPE,
            )
            have, want = snapshot(place / "copy"), snapshot(tree)
            for path in sorted(have.keys() | want.keys()):
                assert have.get(path) == want.get(path), (path, have.get(path), want.get(path))
            names = ("links/file", "links/hard")
            assert len({(place / "copy" / name).stat().st_ino for name in names}) == 1
            blocks = int(good("stat", "-c", "%b", f"{image}:sparse").output)
            assert (place / "copy/sparse").stat().st_blocks <= max(blocks, 64)
    return None


@test
def an_archive_is_the_same_each_time_and_in_order(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    first = good("tar", images[0]).output
    assert first == good("tar", images[0], env={"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}).output
    with scratch() as place:
        (place / "out.tar").write_bytes(first)
        with tarfile.open(place / "out.tar", errors="surrogateescape") as archive:
            names = [member.name for member in archive]
        order = sorted(names, key=lambda name: [os.fsencode(part) for part in name.split("/")])
        assert names == order, [pair for pair in zip(names, order) if pair[0] != pair[1]][:3]
        packed = good("tar", "-z", images[0]).output
        assert packed == good("tar", "-z", images[0]).output
    return None


@test
def an_archive_can_be_packed(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    plain = good("tar", f"{images[0]}:/sizes").output
    with scratch() as place:
        for option, begin in (("-z", b"\x1f\x8b"), ("-J", b"\xfd7zXZ"), ("--zstd", b"\x28\xb5\x2f\xfd")):
            path = place / f"out{option}"
            good("tar", option, "-f", path, f"{images[0]}:/sizes")
            assert path.read_bytes().startswith(begin), option
            names = subprocess.run(["tar", "-tf", path], capture_output=True).stdout.decode()
            assert names or option == "--zstd", option
            assert all(f"./{size}\n" in names for size in SIZES) or option == "--zstd", names
        assert good("tar", "-f", "-", f"{images[0]}:/sizes").output == plain
        lines = complaint(2, "tar", *images)
        assert "one place" in lines, lines
        assert "cannot create" in complaint(1, "tar", "-f", "/nowhere/x", images[0])
        assert "No such file" in complaint(1, "tar", "-f", place / "x", f"{images[0]}:/gone")
        with open("/dev/full", "wb") as full:
            answer = rump("tar", images[0], stdout=full)
            assert answer.status == 1 and "No space left" in answer.errors, answer.errors
    return None


@test
def an_archive_of_a_file_has_its_name(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    with scratch() as place:
        good("tar", "-f", place / "out", f"{images[0]}:/links/file")
        with tarfile.open(place / "out") as archive:
            assert archive.getnames() == ["file"]
            assert archive.extractfile("file").read() == b"linked\n"
    return None


# ---- verify -----------------------------------------------------------------------------


def digests(tree):
    files = [path for path in below(tree) if not path.is_symlink() and path.is_file()]
    return {str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files if IS_ROOT or os.access(path, os.R_OK)}


@test
def a_manifest_made_here_is_what_sha256sum_checks(images, tree):
    if not has_hashes(images[0]):
        return "no nettle"
    with scratch() as place:
        (place / "made").write_bytes(good("verify", "-w", images[0]).output)
        done = subprocess.run(
            ["sha256sum", "-c", "--quiet", place / "made"], cwd=tree, capture_output=True
        )
        assert done.returncode == 0 or not IS_ROOT, done.stderr
        lines = (place / "made").read_bytes().splitlines()
        assert len(lines) == len(digests(tree)) and any(line[:1] == b"\\" for line in lines)
        good("verify", "--make", images[1], place / "other")
        assert (place / "other").read_bytes() == (place / "made").read_bytes()
        assert good("verify", "-q", images[1], place / "made").output == b""
    return None


@test
def a_manifest_of_sha256sum_is_checked_here(images, tree):
    if not has_hashes(images[0]):
        return "no nettle"
    with scratch() as place:
        for options in ((), ("-b",), ("--tag",)):
            names = [name for name in digests(tree) if len(name) < 200]
            text = subprocess.run(
                ["sha256sum", *options, "--", *names], cwd=tree, stdout=subprocess.PIPE
            ).stdout
            (place / "manifest").write_bytes(text)
            for image in images:
                lines = good("verify", image, place / "manifest").output
                assert lines.count(b": OK\n") == len(names), lines
        rows = [f"{hashlib.sha256(b'linked').hexdigest()}  links/file",
                f"{digests(tree)['links/file'].upper()}  ./links/hard",
                f"{'0' * 64}  gone", "# a word", "nonsense"]
        (place / "manifest").write_text("\n".join(rows) + "\n")
        answer = rump("verify", images[0], place / "manifest")
        assert answer.status == 1, answer.errors
        assert answer.lines == ["links/file: FAILED", "./links/hard: OK", "gone: FAILED open or read"]
        answer = rump("verify", "--json", "--ignore-missing", images[0], place / "manifest")
        results = [json.loads(line)["result"] for line in answer.lines]
        assert results == ["different", "ok"], results
        name = place / "manifest"
        assert good("verify", f"{images[0]}:/links", "-", stdin_text=rows[1].replace("links/", "")
                    ).lines == ["./hard: OK"]
        name.write_text("nothing\n")
        assert "no line of a manifest" in complaint(2, "verify", images[0], name)
        assert "cannot open" in complaint(2, "verify", images[0], place / "gone")
        assert "one manifest" in complaint(2, "verify", images[0])
    return None


@test
def options_are_as_those_of_tar(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    place = f"{images[0]}:/links"
    want = good("tar", place).output
    with scratch() as folder:
        said = good("tar", "-cvf", folder / "out.tar", place).output.decode()
        assert (folder / "out.tar").read_bytes() == want
        assert f"archived {place}/hard\n" in said
    piped = rump("tar", "-cv", place)
    assert piped.output == want and piped.errors == said
    assert "one of them" in complaint(2, "tar", "-cx", place)
    return None


# ---- tar -x ---------------------------------------------------------------------------


def archive_of(path, *members):
    """An archive with members that no tar(1) would put into one: name, content, attributes."""
    with tarfile.open(path, "w") as archive:
        for name, content, attributes in members:
            member = tarfile.TarInfo(name)
            member.size = len(content or b"")
            for key, value in attributes.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content or b""))
    return path


@test
def an_archive_is_extracted_to_what_was_packed(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    for version, packing in (("1", "--gzip"), ("2", "--xz")):
        with scratch() as place:
            image = place / "disk.img"
            (place / "empty").mkdir()
            command.make_image(image, place / "empty", "-o", f"version={version},density=4096",
                               "-s", "8m")
            archive = place / "tree.tar"
            subprocess.run(["tar", "-cSf", archive, packing, "-C", tree, "."], check=True)
            good("tar", "-xf", archive, image)
            must_be_sound(image)
            good("cp", "-aqT", f"{image}:/", place / "out")
            have, want = snapshot(place / "out"), snapshot(tree)
            for path in sorted(have.keys() | want.keys()):
                assert have.get(path) == want.get(path), (path, have.get(path), want.get(path))
            assert told(image, "/links/file", "%h %i") == told(image, "/links/hard", "%h %i")
            assert int(told(image, "/sparse", "%b")) <= 128
    return None


@test
def hostile_names_stay_where_they_are_put(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    for kind in KINDS:
        with scratch() as place:
            image = place / "disk.img"
            image.write_bytes(fresh(kind))
            archive = archive_of(
                place / "hostile.tar",
                ("../up", b"x", {}),
                ("/abs/file", b"abs", {"mode": 0o4755, "uid": 5, "gid": 6, "mtime": 100}),
                ("way", None, {"type": tarfile.SYMTYPE, "linkname": "/"}),
                ("way/inside", b"in", {}),
                ("out", None, {"type": tarfile.SYMTYPE, "linkname": "../../etc"}),
                ("out/passwd", b"evil", {}),
                ("hard", None, {"type": tarfile.LNKTYPE, "linkname": "../etc/passwd"}),
                ("through", None, {"type": tarfile.LNKTYPE, "linkname": "out/passwd"}),
                ("deep/er/file", b"deep", {}),
                ("", b"nameless", {}),
            )
            answer = rump("tar", "-xvf", archive, f"{image}:/a/b/c")
            assert answer.status == 1, answer.errors
            for name in ("../up", "hard", "out/passwd", "through"):
                assert f"{name}" in answer.errors, (name, answer.errors)
            assert f"extracted {image}:/a/b/c/abs/file" in answer.lines
            found = names(image, "/a/b/c")
            assert found >= {"/3", "/abs/file", "/way", "/inside", "/out", "/deep/er/file"}, found
            assert not {"/up", "/hard", "/through"} & found
            assert names(image, "/") - {f"/a/b/c{name}" for name in found} == {
                "/a", "/a/1", "/a/b", "/a/b/2", "/a/b/c", "/a/b/up", "/a/link", "/etc",
                "/etc/group", "/etc/passwd"}
            assert b"evil" not in good("cat", f"{image}:/etc/passwd").output
            assert told(image, "/a/b/c/abs/file", "%a %u %g %Y") == "4755 5 6 100"
            must_be_sound(image)
    return None


@test
def what_exists_is_replaced_or_kept(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs2"))
        archive = archive_of(
            place / "a.tar",
            ("1", b"new", {}),
            ("link", b"no link", {}),
            ("b", None, {"type": tarfile.DIRTYPE, "mode": 0o700, "mtime": 77, "uid": 9}),
            ("b/2", None, {"type": tarfile.DIRTYPE, "mode": 0o755}),
        )
        good("tar", "-xkf", archive, f"{image}:/a")
        assert good("cat", f"{image}:/a/1", f"{image}:/a/b/2").output == b"a/1\na/b/2\n"
        good("tar", "-x", "--owner=bob:staff", f"{image}:/a", stdin=open(archive, "rb"))
        assert good("cat", f"{image}:/a/1", f"{image}:/a/link").output == b"newno link"
        assert told(image, "/a/b", "%a %u %g %Y") == "700 1001 50 77"
        assert told(image, "/a/b/2", "%F") == "directory"
        good("tar", "-xf", archive_of(place / "b.tar", ("a/b/up/new", b"followed", {})), image)
        assert good("cat", f"{image}:/etc/new").output == b"followed"
        must_be_sound(image)
    return None


@test
def too_much_for_an_image_is_told_and_leaves_no_part(images, tree):
    if not has_archives(images[0]):
        return "no libarchive"
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs1"))
        archive = archive_of(place / "big.tar", ("first", b"1" * 1000, {}),
                             ("big", os.urandom(4000000), {}), ("later", bytes(1000000), {}))
        answer = rump("tar", "-xf", archive, image)
        missing = int(re.search(r"at least ([\d,]+) bytes more", answer.errors)[1].replace(",", ""))
        assert answer.status == 1 and 1900000 < missing < 2500000, answer.errors
        assert "/first" in names(image) and "/big" not in names(image)
        must_be_sound(image)
        cut = place / "cut.tar"
        cut.write_bytes(archive.read_bytes()[:2000000])
        image.write_bytes(fresh("ffs2"))
        assert "cannot read the archive" in complaint(1, "tar", "-xf", cut, image)
        assert "/first" in names(image) and "/big" not in names(image)
        must_be_sound(image)
        assert "format" in complaint(2, "tar", "-xf", __file__, image)
        complaint(2, "tar", "-xf", place / "none.tar", image)
        complaint(1, "tar", "-xf", archive, f"{image}:/none")
    return None


command.run()
