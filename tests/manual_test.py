#!/usr/bin/env python3
"""The manual pages of rump tell the options that rump has, and the shells complete them."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

import command
from command import EMULATOR, good, scratch, test

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
PAGES = SOURCE / "docs/man"
COMPLETION = SOURCE / "tools/rump/completion"


def commands():
    lines = good("complete", "").lines
    return [line.split("\t")[0] for line in lines if not line.startswith("help\t")]


def told_by_help(text):
    """Options in a help text: -x and --name."""
    options = set()
    for line in text.splitlines():
        match = re.match(r"^  (?:(-\S)|    )(?:(?:, )?(--[\w-]+))?", line)
        if match and not line.startswith(" " * 9):
            options |= {option for option in match.groups() if option}
    return options


def told_by_page(text):
    """Options of the lists in a page."""
    options = set()
    for line in text.splitlines():
        if not line.startswith(".It ") or " Fl " not in line:
            continue
        for words in line.split(" Fl ")[1:]:
            for word in re.findall(r"(?:^|, )(-?[\w-]+)", re.sub(r" (Ns|Ar|Oo|Oc|Op|Cm) .*?(?= , |$)", "", words)):
                options.add("-" + word)
    return options


@test
def every_command_has_a_page_with_its_options(images, tree):
    common = told_by_help(good("cat", "--help").output.decode()) - {"-u"}
    for name in commands():
        text = good(name, "--help").output.decode()
        page = (PAGES / f"rump-{name}.1").read_text()
        have, want = told_by_page(page), told_by_help(text.split("\nExpression:")[0])
        own = {option for option in have if option not in want}
        primaries = set(re.findall(r"^  (-\w+)", text.partition("\nExpression:\n")[2], re.MULTILINE))
        shared = common | {"--json"}
        assert have | shared >= want, (name, want - have - shared)
        assert not own - primaries, (name, own - primaries)
        assert have >= primaries, (name, primaries - have)
    page = told_by_page((PAGES / "rump.1").read_text())
    assert page == told_by_help(good("--help").output.decode()), page


@test
def the_overview_names_every_command(images, tree):
    page = (PAGES / "rump.1").read_text()
    listed = (PAGES / "meson.build").read_text()
    for name in commands():
        assert f".It Cm {name}\n" in page and f".Xr rump-{name} 1" in page, name
        assert f"'rump-{name}.1'" in listed, name


@test
def pages_are_well_formed(images, tree):
    if not shutil.which("mandoc"):
        return "no mandoc"
    for page in sorted(PAGES.glob("*.1")):
        lint = subprocess.run(
            ["mandoc", "-Tlint", "-W", "style", page], stdout=subprocess.PIPE, text=True
        ).stdout
        lines = [line for line in lint.splitlines()
                 if "mandoc.db" not in line and "referenced manual not found" not in line]
        assert not lines, lines
    return None


# ---- shells -----------------------------------------------------------------------------


def bash(line, place):
    """What bash would put in the place of the last word of line."""
    script = f"""
        PATH={BUILD}:$PATH
        source {COMPLETION}/rump.bash
        COMP_LINE={line!r} COMP_POINT={len(line)}
        last=${{COMP_LINE##*[ :=]}}
        _rump rump "$last" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=place, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split("\n")[:-1]


@test
def bash_completes_commands_options_and_paths(images, tree):
    if not shutil.which("bash") or EMULATOR:
        return "no bash here"
    place = images[0].parent
    assert bash("rump tre", place) == ["tree"]
    assert "--recursive" in bash("rump ls --rec", place)
    assert bash("rump ls --sort=n", place) == ["name", "none"]
    assert "ffs2.img" in bash("rump ls ffs", place)
    assert bash("rump cat ffs2.img:/lin", place) == ["/links/"]
    assert bash("rump cat ffs2.img:/names/a", place) == ["/names/a\\ b"]
    assert bash("rump -t ffs stat ffs2.img:links/s", place) == ["links/soft"]
    return None


@test
def zsh_and_fish_read_their_scripts(images, tree):
    missing = [shell for shell in ("zsh", "fish") if not shutil.which(shell)]
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n", COMPLETION / "_rump"], check=True)
    if shutil.which("fish") and not EMULATOR:
        subprocess.run(["fish", "-n", COMPLETION / "rump.fish"], check=True)
        script = f"set PATH {BUILD} $PATH; source {COMPLETION}/rump.fish; complete -C '%s'"
        for line, want in (("rump tre", "tree"), (f"rump cat {images[0]}:/lin", ":/links/")):
            done = subprocess.run(
                ["fish", "--no-config", "-c", script % line], capture_output=True, text=True,
                env={**os.environ, "HOME": str(images[0].parent)},
            )
            assert want in done.stdout, (line, done.stdout, done.stderr)
    return f"no {' and '.join(missing)}" if missing else None


@test
def zsh_completes_at_a_prompt(images, tree):
    if not shutil.which("zsh") or EMULATOR:
        return "no zsh here"
    with scratch() as home:
        (home / ".zshrc").write_text(
            f"PS1='$ '\nPATH={BUILD}:$PATH\nfpath=({COMPLETION} $fpath)\n"
            "autoload -Uz compinit\ncompinit -u\nunsetopt zle_bracketed_paste\n"
            "bindkey -e\nbindkey '^I' complete-word\nprint ready\n"
        )
        os.symlink(images[0], home / "disk.img")
        text = at_prompt(home, b"rump tre\t-d disk.img:/twi\t\n")
        assert b"rump tree" in text and b"/twins/" in text and b"aaaa" in text, text
        text = at_prompt(home, b"rump cat disk.img:/links/fil\t\n")
        assert b"linked" in text, text
    return None


def at_prompt(home, keys):
    """What zsh shows when keys are typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        environment = {**os.environ, "ZDOTDIR": str(home), "HOME": str(home), "TERM": "dumb"}
        os.execvpe("zsh", ["zsh", "-i"], environment)
    text = b""
    sent = False
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        if not sent and b"ready" in text and b"$ " in text.split(b"ready")[-1]:
            os.write(terminal, keys)
            os.write(terminal, b"exit\n")
            sent = True
    os.close(terminal)
    os.waitpid(pid, 0)
    return text


command.run()
