#!/usr/bin/env python3
"""Names, targets and texts in an image that would drive a terminal: nothing that any subcommand
prints on one, in results or complaints, has a character that is not to be seen."""

import os
import re
import unicodedata

import command
from command import NO_LOCALES, make_image, on_terminal, rump, scratch, test

CONTROLS = [bytes([code]) for code in (*range(1, 32), 127, *range(0x80, 0xA0))]
OTHERS = [
    b"\x1b]0;title\x07", b"\x1b[2J", b"\xc2\x9b31m", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xff\xfe",
    b"\xc0\x8a", b"\xed\xa0\x80",
]
# What follows a newline in a name must not begin a line.
INJECTED = b"INJECTED"
MOUNT_POINT = 8192 + 212  # in the superblock


def make_hostile_tree(top):
    """Files, directories and links with such names and targets; bytes of the names."""
    top = os.fsencode(top)
    os.mkdir(top)
    names = [b"n" + control + INJECTED for control in CONTROLS + OTHERS]
    for name in names:
        with open(os.path.join(top, name), "wb") as file:
            file.write(b"needle\n")
    inside = os.path.join(top, b"d\n" + INJECTED + b"\x1b[2J")
    os.mkdir(inside)
    with open(os.path.join(inside, b"f\x1b[1m"), "wb") as file:
        file.write(b"needle\n")
    os.symlink(b"t\n" + INJECTED + b"\x1b[2J\x07", os.path.join(top, b"l\x07"))
    os.symlink(b"l\x07", os.path.join(top, b"m\x1b[5m"))
    return names


def offence(text):
    """What of text a terminal would obey, or None."""
    try:
        characters = text.replace(b"\r\n", b"\n").decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error}"
    characters = re.sub(r"[0-9KMG] *\t", "", characters)  # those of du and stat themselves
    for character in characters:
        category = unicodedata.category(character)
        if character != "\n" and category in ("Cc", "Cs", "Cn"):
            return f"{character!r}"
    lines = [line for line in characters.split("\n") if line.startswith(INJECTED.decode())]
    return f"a line of its own: {lines[0]}" if lines else None


def check(*words, status=None):
    text = on_terminal("--color=never", *words, status=status, columns=100)
    bad = offence(text)
    assert bad is None, (words, bad, text[:300])
    return text


def hostile(function):
    """A test with the image of the hostile tree, and another that differs."""

    def run(images, tree):
        if NO_LOCALES:
            return NO_LOCALES
        with scratch() as place:
            names = make_hostile_tree(place / "tree")
            make_image(place / "one.img", place / "tree", "-s", "4m", *command.FFS["ffs2.img"])
            with open(os.fsencode(place / "tree") + b"/" + names[0], "wb") as file:
                file.write(b"changed\n")
            os.unlink(os.fsencode(place / "tree") + b"/" + names[1])
            make_image(place / "two.img", place / "tree", "-s", "4m", *command.FFS["ffs1.img"])
            function(place, [os.fsdecode(name) for name in names])
        return None

    run.__name__ = function.__name__
    return test(run)


@hostile
def results_show_nothing_that_drives_a_terminal(place, names):
    image = place / "one.img"
    for words in (
        ["ls"], ["ls", "-la"], ["ls", "-R"], ["ls", "-x"], ["ls", "-1F"], ["ls", "-b"], ["ls", "-q"],
        ["tree"], ["tree", "-f"], ["find"], ["find", "-H"], ["du", "-a"], ["df"], ["info"],
        ["--json", "ls", "-l"], ["--json", "tree"], ["--json", "find"], ["--json", "du", "-a"],
        ["--json", "info"], ["--json", "stat"],
    ):
        check(*words, image, status=0)
    check("find", image, "-ls", status=0)
    check("find", image, "-name", "n*")
    for option in ("-r", "-rl", "-rc", "-rL", "-rn"):
        check("grep", option, "needle", image)
    check("--json", "grep", "-r", "needle", image)
    for name in [*names[::3], *names[-len(OTHERS) :], "l\x07", "m\x1b[5m"]:
        check("stat", f"{image}:/{name}", status=0)
        check("ls", "-ld", f"{image}:/{name}", status=0)


@hostile
def comparing_shows_nothing_that_drives_a_terminal(place, names):
    for option in ("-q", "-u", "-r"):
        check("diff", option, place / "one.img", place / "two.img")
        check("diff", option, place / "one.img", place / "tree")
    check("--json", "diff", place / "one.img", place / "two.img")
    check("verify", "-w", place / "one.img", place / "manifest", status=0)
    for words in (["verify"], ["verify", "--ignore-missing"], ["--json", "verify"]):
        check(*words, place / "two.img", place / "manifest")


@hostile
def copying_shows_nothing_that_drives_a_terminal(place, names):
    check("cp", "-rv", f"{place / 'one.img'}:/", place / "copy", status=0)
    check("cp", "-rv", f"{place / 'one.img'}:/", place / "gone" / "copy")
    (place / "file").write_text("x")
    check("cp", "-rv", f"{place / 'one.img'}:/", place / "file")
    for name in names[:40:9]:
        check("cp", "-v", f"{place / 'one.img'}:/{name}", place / f"copy\n{INJECTED.decode()}")


@hostile
def complaints_show_nothing_that_drives_a_terminal(place, names):
    image = place / "one.img"
    for name in (*names[8:11], names[26], names[40], *names[-len(OTHERS) : -4]):
        for words in (["ls"], ["cat"], ["stat"], ["tree"], ["find"], ["du"], ["cp"], ["tar"]):
            more = [place / "copy"] if words == ["cp"] else []
            answer = rump(*words, f"{image}:/gone-{name}", *more, env={"LC_ALL": "C.UTF-8"})
            bad = offence(answer.errors.encode(errors="surrogateescape"))
            assert answer.status != 0 and bad is None, (words, name, bad, answer.errors)
        check("ls", f"{place}/{name}.img", status=2)
        check(f"{name}", status=2)
        check("ls", f"--{name}", status=2)
        check("-p", name, "ls", image, status=2)
        check("-t", name, "ls", image)
        check("-o", name, "ls", image)
        check("grep", "-r", name + "\\(", image)


@hostile
def an_image_with_such_a_name_or_label_shows_nothing_either(place, names):
    content = bytearray((place / "one.img").read_bytes())
    text = b"".join([b"/m", *CONTROLS[:31], b"\x1b[2J\n", INJECTED, b"\xc2\x9b", b"\0"])
    content[MOUNT_POINT : MOUNT_POINT + len(text)] = text
    image = place / f"i\x1b[2J\n{INJECTED.decode()}\x07"
    image.write_bytes(content)
    other = place / "j\x1b]0;x\x07"
    other.write_bytes(content[:9000])
    for words in (["ls", "-l"], ["info"], ["df"], ["tree"], ["find"], ["du"], ["--json", "info"]):
        check(*words, image, status=0)
        check(*words, image, place / "two.img", status=0)
        check(*words, other)
    check("diff", image, place / "two.img")
    check("-v", "ls", image)


command.run()
