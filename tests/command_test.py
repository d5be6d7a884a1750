#!/usr/bin/env python3
"""The rump command on images that makefs makes: what it prints and copies is what the tree on the
host has, and whatever is wrong gives one line and the right exit status."""

import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess

import command
from command import (
    IS_ROOT, LEVELS, NO_LOCALES, RUMP, SIZES, complaint, good, ls, on_terminal, rump, scratch,
    snapshot, squeezed, test,
)


# ---- ls -------------------------------------------------------------------------


@test
def ls_prints_the_names_that_ls_prints(images, tree):
    for options in ("-1", "-A", "-r", "-F", "-p", "-R", "-RA", "-d"):
        for image in images:
            want = ls(options, "-N", tree / "names")
            have = good("ls", options, f"{image}:/names").lines
            shown = {f"{tree}/names": "/names", f"{tree}/names:": "/names:"}
            assert [shown.get(line, line) for line in want] == squeezed(have), (options, have)


@test
def ls_long_lines_are_those_of_ls(images, tree):
    for options in ("-l", "-lg", "-lo", "-lh", "-l --full-time", "-l --time-style=long-iso", "-lF"):
        for folder in ("sizes", "names", "modes", "links", "."):
            for image in images:
                words = options.split()
                have = squeezed(good("ls", *words, f"{image}:{folder}").lines)
                want = ls("-n", *words, tree / folder)
                # The size of a directory and the space files take depend on the file system.
                have, want = ([x for x in lines if x[0] not in "dt"] for lines in (have, want))
                assert have == want, (options, folder, have, want)


@test
def ls_columns_of_long_lines_are_aligned(images, tree):
    lines = good("ls", "-l", f"{images[0]}:/sizes").lines[1:]
    name = {len(line) - len(line.split()[-1]) for line in lines}
    assert len(name) == 1, lines


@test
def ls_sorts_as_ls_does(images, tree):
    for options in ("-S", "-Sr", "-t", "-tr", "--sort=size", "--sort=time", "-U"):
        have = good("ls", options, f"{images[0]}:/sizes").lines
        want = ls(options, tree / "sizes")
        assert have == want if options != "-U" else sorted(have) == sorted(want), (options, have)


@test
def ls_gives_inode_numbers_that_hard_links_share(images, tree):
    rows = dict(line.split()[::-1] for line in good("ls", "-i", f"{images[0]}:/links").lines)
    assert rows["file"] == rows["hard"] != rows["soft"], rows


@test
def ls_shows_all_with_dot_and_dot_dot(images, tree):
    assert good("ls", "-a", f"{images[0]}").lines[:3] == [".", "..", ".hidden"]
    assert good("ls", "-A", f"{images[0]}").lines[0] == ".hidden"
    assert ".hidden" not in good("ls", f"{images[0]}").lines


@test
def ls_follows_links_within_the_image(images, tree):
    have = good("ls", f"{images[0]}:/links/directory").lines
    assert have == sorted(str(size) for size in SIZES), have
    line = good("ls", "-lL", f"{images[0]}:/links/absolute").lines[0]
    assert line.startswith("-") and line.split()[4] == "7", line


@test
def ls_of_several_images_says_which(images, tree):
    lines = good("ls", *[f"{image}:/links/file" for image in images]).lines
    assert lines == sorted(f"{image}:/links/file" for image in images), lines


@test
def ls_on_a_terminal_makes_columns_and_no_control_characters(images, tree):
    text = on_terminal("ls", f"{images[0]}:/sizes")
    assert text.count(b"\n") == 1, text
    if NO_LOCALES:
        return NO_LOCALES
    text = on_terminal("ls", "-1", f"{images[0]}:/names")
    assert b"new\\nline\r\n" in text and b"\\377\\376" in text and "grün".encode() in text, text
    return None


# ---- cat, stat, tree, info --------------------------------------------------------


@test
def cat_prints_every_byte(images, tree):
    for image in images:
        for size in SIZES:
            have = good("cat", f"{image}:/sizes/{size}").output
            assert have == (tree / "sizes" / str(size)).read_bytes(), (image, size)
        assert good("cat", f"{image}:sparse").output == (tree / "sparse").read_bytes()
        assert good("cat", f"{image}:/links/absolute").output == b"linked\n"


@test
def cat_puts_files_of_several_images_together(images, tree):
    words = [f"{image}:/links/file" for image in images]
    assert good("cat", *words, f"{images[0]}:.hidden").output == b"linked\nlinked\nhidden\n"


@test
def stat_tells_what_stat_tells(images, tree):
    formats = "%a %A %f %F %g %u %n %N %s %t %T %X %Y %10s| %-8a| %04a %%"
    for name in ("links/soft", "modes/4755", "fifo", *(["disk", "null"] if IS_ROOT else [])):
        command = ["stat", "-c", formats.replace("%N", "").replace("%X", ""), name]
        want = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, check=True).stdout
        words = ["stat", "-c", formats.replace("%N", "").replace("%X", "")]
        assert good(*words, f"{images[0]}:{name}").output == want, (name, want)
    text = good("stat", f"{images[0]}:/links/soft").output.decode()
    assert "  File: /links/soft -> file\n  Size: 4 " in text and "symbolic link" in text, text
    text = good("stat", "--printf=%s\\t%n\\n", f"{images[0]}:/links/file").output
    assert text == b"7\t/links/file\n", text


@test
def tree_draws_and_counts(images, tree):
    lines = good("tree", f"{images[0]}:/deep").lines
    assert lines[:3] == ["/deep", "`-- level0", "    `-- level1"], lines
    assert lines[-3].strip() == "`-- bottom" and lines[-1] == f"{LEVELS + 1} directories, 1 file", lines
    lines = good("tree", "-d", "-L", "1", f"{images[0]}:/").lines
    assert lines[-1] == "7 directories" and not any("bottom" in line for line in lines), lines
    if NO_LOCALES:
        return NO_LOCALES
    text = good("tree", f"{images[0]}:/links", env={"LC_ALL": "C.UTF-8"}).output.decode()
    assert "├── absolute -> /links/file\n" in text and "└── soft -> file\n" in text, text
    return None


@test
def info_tells_format_and_space(images, tree):
    text = good("info", *images).output.decode()
    assert all(f"image:                  {image}\n" in text for image in images), text
    assert "ffs" in text.lower() and "in use:" in text, text


# ---- cp -----------------------------------------------------------------------------


@test
def cp_makes_a_copy_that_is_the_tree(images, tree):
    for image in images:
        with scratch() as place:
            good("cp", "-r", f"{image}:/", place / "copy")
            have, want = snapshot(place / "copy"), snapshot(tree)
            for path in sorted(have.keys() | want.keys()):
                assert have.get(path) == want.get(path), (path, have.get(path), want.get(path))
            files = ("links/file", "links/hard")
            assert len({(place / "copy" / name).stat().st_ino for name in files}) == 1


@test
def cp_keeps_holes(images, tree):
    blocks = int(good("stat", "-c", "%b", f"{images[0]}:sparse").output)
    with scratch() as place:
        good("cp", f"{images[0]}:sparse", place)
        assert (place / "sparse").stat().st_blocks <= max(blocks, 64), blocks


@test
def cp_follows_a_named_link_unless_it_copies_trees(images, tree):
    with scratch() as place:
        good("cp", f"{images[0]}:/links/soft", place / "followed")
        assert (place / "followed").read_text() == "linked\n"
        good("cp", "-r", f"{images[0]}:/links/soft", place / "kept")
        assert os.readlink(place / "kept") == "file"
        good("cp", "-P", f"{images[0]}:/links/soft", place)
        assert os.readlink(place / "soft") == "file"


@test
def cp_into_a_directory_keeps_names(images, tree):
    with scratch() as place:
        good("cp", "-r", f"{images[0]}:/links/", f"{images[1]}:/.hidden", place)
        assert sorted(os.listdir(place)) == [".hidden", "links"]
        good("cp", "-r", f"{images[0]}:/deep/.", place)
        assert (place / "level0").is_dir()


@test
def cp_writes_over_replaces_or_keeps_what_exists(images, tree):
    source = f"{images[0]}:/links/file"
    with scratch() as place:
        (place / "file").write_text("mine, and longer")
        (place / "file").chmod(0o604)
        os.link(place / "file", place / "other")
        good("cp", "-n", source, place)
        assert (place / "other").read_text() == "mine, and longer"
        good("cp", source, place)
        assert (place / "other").read_text() == "linked\n"
        assert (place / "file").stat().st_mode & 0o7777 == 0o604
        (place / "file").write_text("mine")
        good("cp", "-f", source, place)
        assert (place / "file").read_text() == "linked\n"
        assert (place / "other").read_text() == "mine"


@test
def cp_never_writes_through_a_symbolic_link(images, tree):
    with scratch() as place:
        (place / "victim").mkdir()
        (place / "victim/file").write_text("safe")
        (place / "copy").mkdir()
        (place / "copy/links").symlink_to("../victim")
        complaint(1, "cp", "-rf", f"{images[0]}:/links", place / "copy")
        (place / "copy/file").symlink_to("../victim/file")
        complaint(1, "cp", f"{images[0]}:/links/file", place / "copy")
        good("cp", "-f", f"{images[0]}:/links/file", place / "copy")
        assert os.listdir(place / "victim") == ["file"]
        assert (place / "victim/file").read_text() == "safe"
        assert not (place / "copy/file").is_symlink()


def patched(image, place, old, new, before=b""):
    """A copy of image where the directory entries named old, of the type and name length that
    before ends with, have the bytes new instead."""
    data = image.read_bytes()
    assert data.count(before + old + b"\0") >= 1 and len(old) == len(new)
    (place / "patched").write_bytes(data.replace(before + old + b"\0", before + new + b"\0"))
    return place / "patched"


@test
def cp_does_not_leave_the_target_for_a_name_that_is_there_twice(images, tree):
    for old, new in ((b"aaaa", b"bbbb"), (b"bbbb", b"aaaa")):
        with scratch() as place:
            image = patched(images[0], place, old, new, before=b"\4")
            for options in ("-r", "-rf"):
                rump("cp", options, f"{image}:/twins", place / f"copy{options}")
            assert not pathlib.Path("/tmp/rump-twins-file").exists()


@test
def cp_does_not_leave_the_target_for_a_name_with_slashes(images, tree):
    with scratch() as place:
        image = patched(images[0], place, b"bottom", b"../../", before=b"\6")
        answer = rump("cp", "-r", f"{image}:/deep", place / "copy")
        assert answer.status == 1 and len(answer.errors.splitlines()) >= 1, answer.errors
        assert sorted(os.listdir(place)) == ["copy", "patched"]


@test
def a_directory_that_contains_itself_ends_a_walk(images, tree):
    data = bytearray(images[0].read_bytes())
    at = data.index(b"\4\6level3\0")
    data[at - 6 : at - 2] = struct.pack("<I", 2)  # the top directory's inode
    with scratch() as place:
        (place / "loop").write_bytes(data)
        for command in (("ls", "-R"), ("tree",), ("cp", "-r")):
            words = [*command, place / "loop"] + ([place / "copy"] if command[0] == "cp" else [])
            answer = rump(*words)
            assert answer.status == 1 and "level3" in answer.errors, answer.errors


@test
def cp_as_nobody_drops_setuid_and_says_once_that_devices_are_for_root(images, tree):
    if not IS_ROOT or not shutil.which("setpriv"):
        return "only root can become somebody else"
    with scratch() as place:
        place.chmod(0o777)
        images[0].parent.chmod(0o755)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *RUMP]
        command += ["cp", "-r", f"{images[0]}:/", place / "copy"]
        process = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = process.stderr.decode().splitlines()
        assert process.returncode == 1 and len(lines) == 1, lines
        assert "device" in lines[0] and "2 files" in lines[0], lines
        mode = stat.S_IMODE((place / "copy/modes/4755").stat().st_mode)
        assert mode == 0o755, oct(mode)
    return None


@test
def cp_draws_a_progress_bar_on_a_terminal_only(images, tree):
    with scratch() as place:
        assert good("cp", f"{images[0]}:/sizes/1", place).errors == ""
        assert on_terminal("cp", f"{images[0]}:/sizes/0", str(place)) == b""


# ---- what is wrong --------------------------------------------------------------------


@test
def wrong_images_get_one_line_and_status_2(images, tree):
    image = images[0].read_bytes()
    with scratch() as place:
        (place / "empty").write_bytes(b"")
        (place / "noise").write_bytes(bytes(100000))
        (place / "packed").write_bytes(b"BZh" + image[:100000])
        (place / "short").write_bytes(b"x")
        gpt = bytearray(200000)
        gpt[512:520] = b"EFI PART"
        gpt[1024:1072] = bytes(range(1, 33)) + struct.pack("<QQ", 34, 99)
        (place / "gpt").write_bytes(gpt)
        rows = (
            ("missing", "no such file"),
            ("empty", "empty"),
            ("noise", "no known file system"),
            ("short", "no known file system"),
            ("packed", "bunzip2"),
            ("gpt", "its partition table cannot be used"),
            (".", "directory"),
        )
        for name, words in rows:
            for command in ("ls", "cat", "stat", "tree", "info"):
                line = complaint(2, command, place / name)
                assert words in line and str(place / name) in line, line
        line = complaint(2, "ls", "/dev/null")
        assert "neither" in line, line


@test
def a_truncated_image_is_refused_or_read_as_far_as_it_goes(images, tree):
    image = images[0].read_bytes()
    with scratch() as place:
        for part in (9000, 70000, len(image) // 2):
            (place / "cut").write_bytes(image[:part])
            answer = rump("tree", place / "cut")
            assert answer.status in (1, 2) and answer.errors.startswith("rump tree: "), part


@test
def an_image_without_permission_is_refused(images, tree):
    if not IS_ROOT or not shutil.which("setpriv"):
        return "only root can become somebody else"
    with scratch() as place:
        place.chmod(0o755)
        shutil.copy(images[0], place / "image")
        (place / "image").chmod(0)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *RUMP, "ls"]
        process = subprocess.run([*command, place / "image"], stderr=subprocess.PIPE)
        assert process.returncode == 2 and b"Permission denied" in process.stderr, process.stderr
    return None


@test
def missing_paths_get_one_line_that_says_where_to_look(images, tree):
    for command in ("ls", "cat", "stat", "tree"):
        line = complaint(1, command, f"{images[0]}:/links/gone/further")
        assert f'"rump ls {images[0]}:/links"' in line, line
    with scratch() as place:
        line = complaint(1, "cp", f"{images[0]}:/gone", place)
        assert "No such file" in line, line


@test
def what_fails_does_not_stop_the_rest(images, tree):
    answer = rump("cat", f"{images[0]}:/gone", f"{images[0]}:/links", f"{images[0]}:/links/file")
    assert answer.status == 1 and answer.output == b"linked\n", answer.errors
    assert len(answer.errors.splitlines()) == 2 and "is a directory" in answer.errors
    answer = rump("cat", "missing.img:/x", f"{images[0]}:/links/file")
    assert answer.status == 2 and answer.output == b"linked\n", answer.errors


@test
def cat_of_a_fifo_does_not_wait(images, tree):
    assert "fifo" in complaint(1, "cat", f"{images[0]}:/fifo")


@test
def wrong_usage_gets_one_line_and_status_2(images, tree):
    rows = (
        ((), "say what to do"),
        (("lss",), 'did you mean "ls"'),
        (("sl",), 'did you mean "ls"'),
        (("frobnicate",), "no command"),
        (("--frobnicate",), "unknown option --frobnicate"),
        (("help", "frobnicate"), "no command"),
        (("ls",), "rump help ls"),
        (("ls", "-Z", images[0]), "unknown option -Z"),
        (("ls", "--bogus", images[0]), "unknown option --bogus"),
        (("ls", "-w"), "option -w needs a value"),
        (("ls", "--width"), "option --width needs a value"),
        (("--type",), "option --type needs a value"),
        (("ls", "--all=x", images[0]), "option --all takes no value"),
        (("tree", "-L", "0", images[0]), "no value for -L LEVELS"),
        (("cat",), "say which file"),
        (("cp", images[0]), "say where"),
        (("cp", "/etc/passwd", "/nowhere.img:/"), "no such image"),
        (("cp", "--owner=1", images[0], "/tmp"), "into images"),
        (("info", f"{images[0]}:/sizes"), "whole images"),
    )
    for words, complaint_words in rows:
        line = complaint(2, *words)
        assert complaint_words in line, line
    assert "copy it with -r" in complaint(1, "cp", f"{images[0]}:/sizes", "/tmp")
    assert "/nowhere" in complaint(1, "cp", f"{images[0]}:/sizes/1", "/nowhere/file")
    line = complaint(2, "cp", f"{images[0]}:/sizes/1", f"{images[0]}:/sizes/0", "/nowhere")
    assert "no directory" in line, line


@test
def help_and_version_are_on_standard_output(images, tree):
    assert good("--help").output == good("help").output
    for command in ("ls", "cat", "cp", "stat", "tree", "info"):
        assert f"  {command} " in good("--help").output.decode()
        assert good("help", command).output == good(command, "--help").output
    assert re.fullmatch(r"rump \(Anykernel\) \d+\.\d+\.\d+\n", good("--version").output.decode())


@test
def an_image_name_with_a_colon_can_be_used(images, tree):
    with scratch() as place:
        shutil.copy(images[0], place / "a:b.img")
        assert good("ls", place / "a:b.img").lines == good("ls", images[0]).lines
        assert good("cat", f"{place}/a:b.img:/links/file").output == b"linked\n"
        assert good("cat", "a:b.img:links/file", cwd=place).output == b"linked\n"


@test
def a_full_or_closed_output_is_an_error(images, tree):
    with open("/dev/full", "wb") as full:
        for words in (("ls", "-lR", images[0]), ("cat", f"{images[0]}:/sparse"), ("--help",)):
            answer = rump(*words, stdout=full)
            # musl forgets why.
            why = re.search("cannot write the output: (No space left|I/O error)", answer.errors)
            assert answer.status == 1 and why, answer.errors
            assert len(answer.errors.splitlines()) == 1, answer.errors
    reader, writer = os.pipe()
    os.close(reader)
    answer = rump("cat", f"{images[0]}:/sparse", stdout=writer, restore_signals=False)
    os.close(writer)
    assert answer.status != 0 and answer.errors == "", (answer.status, answer.errors)


command.run()
