#!/usr/bin/env python3
"""What all commands of rump have in common: options, JSON, colours, completion."""

import json
import os
import struct

import command
from command import NO_LOCALES, complaint, good, ls, on_terminal, rump, scratch, test

JSON_COMMANDS = ("ls", "stat", "tree", "info")


def records(*words, **more):
    return [json.loads(line) for line in good(*words, **more).output.decode().splitlines()]


@test
def common_options_stand_before_and_after_the_command(images, tree):
    want = good("ls", images[0]).lines
    assert good("-t", "ffs", "ls", images[0]).lines == want
    assert good("ls", "--type=ffs", images[0]).lines == want
    assert "no driver" in complaint(2, "--type", "nofs", "ls", images[0])
    assert "no partition table" in complaint(2, "stat", "-p", "1", images[0])
    assert good("-q", "ls", images[0]).lines == want
    assert "nothing to say in JSON" in complaint(2, "--json", "cat", images[0])
    assert '"often" is no value for --color' in complaint(2, "ls", "--color=often", images[0])


@test
def verbose_prints_the_log_of_the_kernel(images, tree):
    with scratch() as place:
        (place / "cut").write_bytes(images[0].read_bytes()[:200000])
        answer = rump("-v", "-o", "partial", "info", place / "cut")
        assert "rump: kernel: " in answer.errors, answer.errors
        answer = rump("info", place / "cut")
        assert answer.status == 2 and "rump -o partial" in answer.errors, answer.errors


@test
def json_tells_what_ls_tells(images, tree):
    for image in images:
        rows = records("ls", "-A", "--json", f"{image}:/links")
        assert [row["path"] for row in rows] == [f"/links/{name}" for name in ls("-A", tree / "links")]
        for row in rows:
            state = os.lstat(f"{tree}{row['path']}")
            assert row["image"] == str(image)
            assert int(row["mode"], 8) == state.st_mode & 0o7777 or row["type"] == "symlink"
            assert (row["links"], row["uid"], row["size"]) == (
                state.st_nlink, state.st_uid, state.st_size)
            assert row["type"] == ("symlink" if "target" in row else "file")
            if row["type"] == "symlink":
                assert row["target"] == os.readlink(f"{tree}{row['path']}")
        assert records("stat", "--json", f"{image}:/links/soft")[0] == next(
            row for row in rows if row["path"] == "/links/soft")


@test
def json_has_names_that_are_not_text_as_bytes(images, tree):
    rows = records("--json", "ls", f"{images[0]}:names")
    odd = next(row for row in rows if "path_bytes" in row)
    assert odd["path"] == "/names/��" and bytes.fromhex(odd["path_bytes"]) == b"/names/\xff\xfe"
    assert {"/names/new\nline", "/names/grün"} <= {row["path"] for row in rows}
    output = good("--json", "ls", f"{images[0]}:names").output
    assert not any(byte < 32 and byte != 10 or byte == 127 for byte in output), output


@test
def json_has_a_tree_and_what_an_image_is(images, tree):
    [top] = records("tree", "-a", "--json", images[0])
    names = {entry["name"]: entry for entry in top["entries"]}
    assert names["links"]["type"] == "directory" and names[".hidden"]["type"] == "file"
    assert {e["name"] for e in names["links"]["entries"]} == set(os.listdir(tree / "links"))
    level = names["deep"]
    for _ in range(command.LEVELS):
        [level] = level["entries"]
    assert level["entries"][0]["name"] == "bottom"
    rows = records("info", "--json", *images)
    assert [row["image"] for row in rows] == [str(image) for image in images]
    assert all(row["filesystem"]["type"] == "ffs" and row["used"] <= row["total"] for row in rows)


@test
def json_has_the_partitions_of_a_disk(images, tree):
    system = images[0].read_bytes()
    system += bytes(-len(system) % 512)
    table = bytearray(512)
    table[446:462] = struct.pack("<B3sB3sII", 0, b"", 0xA9, b"", 63, len(system) // 512)
    table[510:512] = b"\x55\xaa"
    with scratch() as place:
        (place / "disk").write_bytes(bytes(table) + bytes(62 * 512) + system)
        [row] = records("info", "--json", place / "disk")
        [part] = row["partitions"]
        assert (part["name"], part["table"], part["start"]) == ("1", "MBR", 63 * 512), part
        assert part["size"] == len(system) and row["partition"] == "1" and part["format"] == "UFS2"
        assert good("-p", "1", "ls", place / "disk").lines == good("ls", images[0]).lines


@test
def colours_are_those_of_ls(images, tree):
    text = good("ls", "--color=always", f"{images[0]}:/").output
    assert b"\033[01;34mlinks\033[0m\n" in text and b"\033[33mfifo\033[0m\n" in text, text
    assert b"\nsparse\n" in text
    colours = {"LS_COLORS": "di=35:*rse=4:fi=1"}
    text = good("ls", "--color=always", f"{images[0]}:/", env=colours).output
    assert b"\033[35mlinks\033[0m\n" in text and b"\033[4msparse\033[0m" in text, text
    assert b"\033" not in good("ls", images[0]).output
    assert b"\033[01;34m" in on_terminal("ls", str(images[0]))
    assert b"\033" not in on_terminal("--color=never", "tree", str(images[0]))


@test
def names_cannot_drive_a_terminal(images, tree):
    if NO_LOCALES:
        return NO_LOCALES
    with scratch() as place:
        evil = place / "evil"
        evil.mkdir()
        for name in (b"new\nline", b"\xff\xfe", b"\033[2J", b"bell\a", "\u009b1m".encode()):
            with open(os.fsencode(evil) + b"/" + name, "wb") as file:
                file.write(b"word\n")
        image = str(place / "evil.img")
        command.make_image(image, evil, "-s", "1m")
        (place / "empty").mkdir()
        (place / "manifest").write_bytes(b"\\" + b"0" * 64 + b"  new\\nline\n" + b"0" * 64 + b"  \033[2J\n")
        rows = (
            (0, "ls", image), (0, "ls", "-l", image), (0, "tree", image), (0, "find", image),
            (0, "find", image, "-ls"), (0, "du", "-a", image), (0, "grep", "-rl", "word", image),
            (0, "grep", "-rc", "word", image), (1, "diff", image, str(place / "empty")),
            (1, "verify", image, str(place / "manifest")), (0, "stat", f"{image}:/\033[2J"),
            (0, "ls", "--json", image), (0, "find", "--json", image),
            (0, "cp", "-rv", image, str(place / "copy")),
        )
        for status, *words in rows:
            text = on_terminal("--color=never", *words, status=status)
            for bad in (b"\033", b"\a", b"\xff", b"new\r\nline", b"new\nline", b"\xc2\x9b"):
                assert bad not in text, (words, bad, text)
    return None


# ---- completion -------------------------------------------------------------------


def candidates(*words):
    return [line.split("\t")[0] for line in rump("complete", *words).lines]


@test
def completion_knows_commands_options_and_values(images, tree):
    assert candidates("t") == ["tree"] or "tree" in candidates("t")
    assert "--sort=" in candidates("ls", "--so") and "-R" in candidates("ls", "-")
    assert candidates("ls", "--sort=n") == ["--sort=name", "--sort=none"]
    assert "--type=" in candidates("ls", "--ty") and "--json" not in candidates("cat", "--")
    assert candidates("ls", "") == [":files"] and candidates("-p", "") == [":files"]
    assert candidates("frobnicate", "") == [] and candidates("help", "inf") == ["info"]


@test
def completion_knows_paths_in_images(images, tree):
    image = str(images[0])
    assert candidates("cat", f"{image}:/lin") == [f"{image}:/links/"]
    assert f"{image}:links/soft" in candidates("ls", "-l", f"{image}:links/s")
    assert f"{image}:.hidden" in candidates("ls", f"{image}:.h")
    assert all("\n" not in name for name in candidates("ls", f"{image}:/names/"))
    assert candidates("ls", f"{image}:/gone/") == []


command.run()
