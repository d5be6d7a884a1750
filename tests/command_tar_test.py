#!/usr/bin/env python3
"""rump tar and rump verify: what tar(1) and sha256sum(1) make of the tree, they make of images."""

import hashlib
import json
import os
import pathlib
import subprocess
import tarfile
from below import below

import command
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


command.run()
