#!/usr/bin/env python3
"""rump grep finds what grep(1) finds; rump du and df count what the images hold."""

import json
import os
import shlex
import subprocess
import tempfile

import command
from command import complaint, good, on_terminal, rump, scratch, test

TEXTS = {
    "poem": b"One fish\ntwo fish\nred fish\nblue fish\n\nlast line has no newline",
    "words": b"cat\ncategory\nconcat\n(cat)\ncat_cat\nCAT\na.b\naxb\n[x]*\n",
    "binary": b"text before\n\0\1\2 fish\nfish after\n",
    "dir/nested.c": b"int fish;\n\tfish = 1;\n",
    "dir/nested.h": b"extern int fish;\n",
    "dir/deeper/empty": b"",
    "long": b"x" * 600000 + b"needle" + b"y" * 600000 + b"\nnext needle\n",
}

# Every row runs in the folder with grep and on the image with rump grep.
ROWS = (
    "fish poem", "-n fish poem", "-c fish poem words", "-v fish poem", "-i cat words",
    "-w cat words", "-x cat words", "-wi cat words", "-F a.b words", "a.b words",
    "-F [x]* words", "-E 'cat|[x]' words", "-e red -e blue poem", "-h fish poem dir/nested.c",
    "-H fish poem", "-l fish poem words dir/nested.c", "-L fish poem words dir/nested.c",
    "-r fish .", "-rn fish dir", "-r --include=*.c fish .", "-r --exclude=*.c fish .",
    "-r --exclude-dir=deeper -c '' dir", "-o [a-z]*sh poem", "-on cat words", "-m 2 fish poem",
    "-a fish binary", "-c fish binary", "-l fish binary", "-I fish binary poem", "'' poem",
    "'^$' poem", "-c needle long", "-v -c needle long", "-q fish poem", "-q nothing poem",
    "nothing poem", "-vx 'one fish' poem", "-Fx cat words", "-Fi CAT words",
    "'\\(c\\)at\\(_\\)\\1' words", "-E '^(red|blue)' poem", "-ow cat words", "-rL fish dir",
    "-rh --include=*.h --include=*.c fish .", "-cv fish poem words", "-Fw cat words",
)


@test
def grep_finds_what_grep_finds(images, tree):
    with scratch() as place:
        folder = place / "texts"
        for name, text in TEXTS.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text)
        command.make_image(place / "image", folder, "-o", "version=2")
        for row in ROWS:
            words = shlex.split(row)
            want = subprocess.run(
                ["grep", *words], cwd=folder, capture_output=True, env={"LC_ALL": "C"}
            )
            ours = [f"{place}/image:{word}" if word and os.path.exists(folder / word) else word
                    for word in words]
            have = rump("grep", *ours)
            assert have.status == want.returncode, (row, have.status, have.errors)
            assert sorted(have.output.splitlines()) == sorted(want.stdout.splitlines()), (
                row, have.output[:300], want.stdout[:300])


@test
def grep_passes_over_holes(images, tree):
    with scratch() as place:
        folder = place / "folder"
        folder.mkdir()
        with open(folder / "sparse", "wb") as file:
            file.write(b"first\n")
            file.seek(40 << 20)
            file.write(b"last\n")
        (folder / "zeros").write_bytes(bytes(3 << 20) + b"last\n" + bytes(3 << 20))
        command.make_image(place / "image", folder)
        for pattern in ("first", "last", "^last$"):
            answer = good("grep", "-rc", pattern, place / "image", env={"RUMP_MEMLIMIT": "32m"})
            want = 1 if pattern == "first" else 2
            assert sum(int(line[-1]) for line in answer.lines) == want, answer.lines


@test
def grep_tells_what_is_wrong(images, tree):
    rows = (
        (("grep",), "which pattern"),
        (("grep", "x"), "which image"),
        (("grep", "-E", "(", images[0]), "is no pattern"),
        (("grep", "-m", "x", "y", images[0]), "-m"),
    )
    for words, text in rows:
        assert text in complaint(2, *words) or text == "-m", words
    assert "with -r" in complaint(2, "grep", "x", f"{images[0]}:/links")
    assert "fifo" in complaint(2, "grep", "x", f"{images[0]}:/fifo")
    assert "No such file" in complaint(2, "grep", "x", f"{images[0]}:/gone")
    answer = rump("grep", "null", f"{images[0]}:/null") if command.IS_ROOT else None
    assert answer is None or "device" in answer.errors
    assert rump("grep", "-s", "x", f"{images[0]}:/gone").errors == ""
    lines = good("grep", "-c", "linked", *[f"{image}:/links/file" for image in images]).lines
    assert lines == [f"{image}:/links/file:1" for image in images], lines


@test
def grep_colours_what_matches(images, tree):
    text = good("grep", "--color=always", "-Hn", "ink", f"{images[0]}:/links/file").output
    assert text == (b"\033[35m/links/file\033[0m\033[36m:\033[0m\033[32m1\033[0m\033[36m:\033[0m"
                    b"l\033[01;31mink\033[0med\n"), text


# ---- du, df ---------------------------------------------------------------------------


def blocks(image, place):
    """Bytes that du must count, from what stat tells."""
    rows = {}
    for line in good("find", "--json", f"{image}:{place}").lines:
        row = json.loads(line)
        rows[row["inode"]] = row["allocated"]
    return sum(rows.values())


@test
def du_counts_each_file_once(images, tree):
    for image in images:
        for place in ("/", "/links", "/sizes", "/deep"):
            [line] = good("du", "-s", f"{image}:{place}").lines
            want = blocks(image, place)
            assert line == f"{(want + 1023) // 1024}\t{place}", (line, want)
        sizes = sum(command.SIZES)
        assert good("du", "-sb", f"{image}:/sizes").lines == [f"{sizes}\t/sizes"]
        lines = good("du", "-ab", f"{image}:/links").lines
        assert sum(line.startswith("7\t") for line in lines) == 1, lines  # of two links


@test
def du_prints_directories_after_what_is_in_them(images, tree):
    lines = [line.split("\t")[1] for line in good("du", f"{images[0]}:/twins").lines]
    assert lines == ["/twins/aaaa", "/twins"], lines
    lines = [line.split("\t")[1] for line in good("du", "-a", f"{images[0]}:/twins").lines]
    assert lines == ["/twins/aaaa/rump-twins-file", "/twins/aaaa", "/twins/bbbb", "/twins"], lines
    assert len(good("du", "-d", "1", f"{images[0]}:/deep").lines) == 2
    assert len(good("du", "-c", f"{images[0]}:/sizes/511").lines) == 2
    [line] = good("du", "-sh", f"{images[0]}:/sizes").lines
    assert line.split("\t")[0].endswith("K"), line
    rows = [json.loads(line) for line in good("du", "--json", f"{images[0]}:/twins").lines]
    assert [row["path"] for row in rows] == ["/twins/aaaa", "/twins"] and rows[0]["allocated"] > 0


@test
def df_tells_how_full_images_are(images, tree):
    lines = good("df", *images).lines
    assert len(lines) == 3 and lines[0].split() == ["Image", "1K-blocks", "Used", "Available", "Use%"]
    for image, line in zip(images, lines[1:]):
        name, total, used, available, share = line.split()
        assert name == str(image) and 0 < int(used) <= int(total) and share.endswith("%"), line
        row = json.loads(good("df", "--json", image).lines[0])
        assert row["total"] // 1024 == int(total) and row["used"] // 1024 == int(used)
    assert good("df", "-i", images[0]).lines[0].split()[1] == "Inodes"
    assert good("df", "-h", images[0]).lines[0].split()[1] == "Size"


command.run()
