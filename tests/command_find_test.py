#!/usr/bin/env python3
"""rump find finds what find(1) finds in the tree that the images were made of."""

import json
import os
import shlex
import subprocess

import command
from command import EMULATOR, complaint, good, on_terminal, rump, scratch, test

# Expressions about what makefs keeps; sizes of directories are the file system's.
EXPRESSIONS = (
    "",
    "-type f",
    "-type d,l",
    "-name '*r*'",
    "-iname 'LEVEL1*' -o -name sparse",
    "-path '*links/*' ! -type l",
    "-ipath '*/LINKS/S*'",
    "-lname '*file'",
    "( -type f -size +30 ) -o -type p",
    "-type f -size -2k",
    "-type f -size 16384c",
    "-type f -empty",
    "-perm 4755",
    "-perm -4000",
    "-perm /6000 -type f",
    "-perm -u+s",
    "-perm u=rwx,go=rx -type f",
    "-type f -links 2",
    "-type f -links +1 -links -3",
    "-mtime +5000",
    "-mtime -4000 -type f",
    "-maxdepth 1 -type d",
    "-mindepth 2 -maxdepth 3 ! -name level1",
    "-name deep -prune -o -type d -print",
    "! ! -name links",
    "-type f -name 1 -o -type f -name 511 -print",
    "-false -o -true -a -name soft",
    "-uid 12345 -o -gid +54320",
    "-name '[*]' -o -name '-*'",
    "-type f ( -name 0 -o ( -name 1 -o ! ( ! -name 511 ) ) )",
)


def normal(text):
    lines = [line for line in text.split(b"\0") if line]
    return sorted(os.path.normpath(b"/" + line.lstrip(b"/")) for line in lines)


def host(tree, place, *words):
    text = subprocess.run(
        ["find", place, *words], cwd=tree, stdout=subprocess.PIPE, check=True
    ).stdout
    return normal(text)


def ours(image, place, *words):
    text = good("find", f"{image}:{place}", *words).output
    return normal(text)


@test
def expressions_find_what_find_finds(images, tree):
    for expression in EXPRESSIONS:
        words = shlex.split(expression)
        if "-print" in words:
            words[words.index("-print")] = "-print0"
        else:
            words = ["(", *words, ")", "-print0"] if words else ["-print0"]
        want = host(tree, ".", *words)
        for image in images:
            assert ours(image, "/", *words) == want, expression


@test
def a_place_may_be_a_file_or_below(images, tree):
    for place in ("links", "links/soft", "sizes/511", "deep/level0/level1"):
        for words in (("-print0",), ("-type", "l", "-print0"), ("-name", "l*", "-print0")):
            assert ours(images[0], place, *words) == host(tree, place, *words), (place, words)
    assert good("find", "-H", f"{images[0]}:links/directory", "-name", "511").lines == [
        "links/directory/511"]
    assert good("find", f"{images[0]}:links/directory", "-name", "511").lines == []


@test
def newer_takes_files_of_the_host_and_of_images(images, tree):
    want = host(tree, ".", "-newer", "links/file", "-print0")
    assert ours(images[0], "/", "-newer", tree / "links/file", "-print0") == want
    assert ours(images[0], "/", "-newer", f"{images[1]}:/links/file", "-print0") == want


@test
def several_images_are_named_in_paths(images, tree):
    lines = good("find", *images, "-name", "sparse").lines
    assert lines == [f"{image}:/sparse" for image in images], lines
    assert good("find", *images, "-name", "sparse", "-quit", "-o", "-name", "fifo").lines == [
        f"{images[0]}:/fifo"]


@test
def ls_and_json_tell_more(images, tree):
    [line] = good("find", images[0], "-name", "soft", "-ls").lines
    assert " lrwxrwxrwx " in line and line.endswith(" /links/soft -> file"), line
    [row] = [json.loads(x) for x in good("find", "--json", images[0], "-name", "soft").lines]
    assert row["path"] == "/links/soft" and row["target"] == "file" and row["size"] == 4


@test
def exec_runs_commands_on_copies(images, tree):
    words = ("-type", "f", "-size", "+0", "-path", "*sizes*")
    text = good("find", images[0], *words, "-exec", "sha256sum", "{}", ";").output.decode()
    have = sorted(line.split()[0] for line in text.splitlines())
    want = sorted(command.digest(path) for path in (tree / "sizes").iterdir() if path.stat().st_size)
    assert have == want, text
    text = good("find", images[0], *words, "-exec", "sha256sum", "{}", "+").output.decode()
    assert sorted(line.split()[0] for line in text.splitlines()) == want, text
    lines = good("find", images[0], "-name", "511", "-exec", "sh", "-c",
                 'echo "$RUMP_PATH" "$(basename "$1")" x{}', "sh", "{}", ";").lines
    assert lines[0].startswith(f"{images[0]}:/sizes/511 511 x/"), lines
    assert good("find", images[0], "-name", "511", "-exec", "false", ";", "-print").lines == []
    assert rump("find", images[0], "-name", "511", "-exec", "false", "{}", "+").status == 1
    line = good("find", images[0], "-name", "soft", "-exec", "readlink", "{}", ";").lines
    assert line == ["file"], line


@test
def exec_leaves_nothing_behind(images, tree):
    with scratch() as place:
        environment = {"TMPDIR": str(place)}
        good("find", f"{images[0]}:/names", "-type", "f", "-exec", "true", "{}", "+", env=environment)
        good("find", f"{images[0]}:/sizes", "-exec", "true", "{}", ";", env=environment)
        answer = rump("find", f"{images[0]}:/fifo", "-exec", "true", "{}", ";", env=environment)
        assert answer.status == 1 and "device, fifo or socket" in answer.errors, answer.errors
        if not EMULATOR:  # qemu-user does not tell who spawns that there is no such program
            answer = rump("find", f"{images[0]}:/sparse", "-exec", "/none", "{}", ";", env=environment)
            assert answer.status == 1 and "cannot run /none" in answer.errors, answer.errors
        assert os.listdir(place) == []


@test
def wrong_expressions_get_one_line(images, tree):
    rows = (
        (("-nome", "x"), "-nome is no part"),
        (("-name",), "-name needs a value"),
        (("-type", "fd"), '"fd" is no value for -type'),
        (("-size", "1x"), "-size"),
        (("-size", "99999999999999999999"), "-size"),
        (("-perm", "9"), "-perm"),
        (("-mtime", "x"), "-mtime"),
        (("-newer", "/nowhere"), "-newer"),
        (("(", "-type", "f"), "not closed"),
        (("-type", "f", ")"), "not opened"),
        (("!",), "ends where something must follow"),
        (("-type", "f", "-o"), "ends where something must follow"),
        (("-exec", "true"), "-exec needs"),
        (("-a", "-type", "f"), "-a is no part"),
        (("(",) * 200, "parentheses"),
    )
    for words, text in rows:
        assert text in complaint(2, "find", images[0], *words), words
    assert "before the expression" in complaint(2, "find", "-H", "(", images[0])
    long = ["-name", "x"] + ["-o", "-name", "x"] * 5000 + ["-o", "-name", "soft"]
    assert good("find", images[0], *long).lines == ["/links/soft"]
    assert good("find", images[0], *["!"] * 5000, "-name", "soft").lines == ["/links/soft"]


@test
def names_on_a_terminal_are_escaped(images, tree):
    text = on_terminal("find", f"{images[0]}:/names", "-name", "new*")
    assert text == b"/names/new\\nline\r\n", text


command.run()
