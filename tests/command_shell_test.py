#!/usr/bin/env python3
"""rump sh: scripts, and a person at a terminal with history and completion."""

import functools
import os
import pathlib
import pty
import select
import signal
import subprocess
import termios
import time

import command
from command import EMULATOR, RUMP, complaint, good, rump, scratch, test
from writable import KINDS, fresh, must_be_sound, names, on_each_kind, told

WAIT = 20  # seconds for what should come at once


def script(image, text, *words, status=0):
    answer = rump("sh", *words, image, stdin_text=text)
    assert answer.status == status, (answer.status, answer.output, answer.errors)
    return answer


# ---- scripts ------------------------------------------------------------------------------


@on_each_kind
def scripts_change_images(image, place):
    (place / "from host").write_text("host\n")
    answer = script(image, f"""
        # a comment; not a command
        mkdir "new dir"; cd 'new dir'
        pwd
        cp "host:{place}/from host" here
        cp here ../a/copy   # and another one
        ln -s ../etc/passwd users
        chmod 600 here
        ls
        cd
        rm a/b/c/*
        mv a/1 new\\ dir/one
        cp -r "new dir" "host:{place}/out"
    """, "-w")
    assert answer.lines == ["/new dir", "here", "users"] and answer.errors == "", answer.errors
    assert names(image) >= {"/new dir/here", "/new dir/one", "/a/copy", "/new dir/users"}
    assert "/a/b/c/3" not in names(image)
    assert told(image, "/new dir/here") == "regular file 600 0 0"
    assert (place / "out/here").read_text() == "host\n"
    assert os.readlink(place / "out/users") == "../etc/passwd"


@test
def words_are_cut_and_patterns_filled_in(images, tree):
    rows = (
        ("""echo a  b\\ c 'd  e' "f'\\"" \\\\ '' g""", """a b c d  e f'" \\  g"""),
        ("""echo 'a'b"c d"e # f""", "abc de"),
        (r"echo a#b;echo c", "a#b\nc"),
        ("echo *", "deep fifo links modes names sizes sparse twins"),
        ("echo links/[fh]*", "links/file links/hard"),
        ("echo links/[!fh]* nothing*", None),
        ("echo '*' \\* \"*\" l\\*", "* * * l*"),
        ("echo */?ile /lin*/soft", "links/file /links/soft"),
        ("echo .h*", ".hidden"),
        ("cd links; echo ../s*", "../sizes ../sparse"),
        ("cd links; cat fi*e; cd ../modes; pwd", "linked\n/modes"),
        (";;  ; echo x;", "x"),
    )
    for image in images:
        for line, want in rows:
            answer = good("sh", "-c", line, image)
            have = answer.output.decode().rstrip("\n")
            if want is None:
                assert have.endswith(" nothing*"), have
            else:
                assert set(have.split()) >= set(want.split()) - {"*"}, (line, have)
                assert have == want or line == "echo *", (line, have, want)


@test
def mistakes_are_told_and_decide_the_status(images, tree):
    image = images[0]
    for line, status, text in (
        ("ls | cat", 2, "no pipes"),
        ("ls > file", 2, "no pipes"),
        ("echo 'open", 2, "not closed"),
        ("echo \\", 2, "backslash"),
        ("frobnicate", 2, 'no command "frobnicate"'),
        ("sh x", 2, "image files"),
        ("cd /none", 1, "cannot go to"),
        ("cd links/file", 1, "cannot go to"),
        ("cd a b", 2, "too many operands"),
        ("cat none", 1, "none"),
        ("mkdir x", 2, "start the shell with -w"),
        ("cat host:/etc/passwd", 2, "on the host"),
        ("cp host:/etc/passwd host:/tmp/x", 2, "on the host"),
        ("!false", 1, "host's command failed"),
        ("lcd /none", 1, "on the host"),
    ):
        line = complaint(status, "sh", "-c", line, image)
        assert text in line, (line, text)
    answer = script(image, "cat none\necho still here\n", status=1)
    assert answer.lines == ["still here"]
    assert script(image, "cat none\necho still here\n", "-e", status=1).lines == []
    assert script(image, "echo a\nexit\necho b\n").lines == ["a"]
    complaint(1, "sh", f"{image}:/links/file")
    complaint(2, "sh", image, images[1])


@test
def commands_work_where_the_shell_is(images, tree):
    for image in images:
        answer = good("sh", "-c", "ls; pwd; find . -name file; du -s; tree -d\n!echo host\nhelp",
                      f"{image}:/links")
        assert answer.lines[:3] == ["absolute", "directory", "file"]
        assert {"/links", "./file", "host"} <= set(answer.lines)
        assert good("sh", "-c", "df; info", f"{image}:/links").status == 0
        own = good("ls", "-l", f"{image}:/sizes").output
        assert good("sh", "-c", "cd sizes; ls -l", image).output == own
        assert good("sh", "-c", "ls --json sizes; ls sizes", image).lines[-1] == "511"
        found = good("sh", "-c", "find -name hard; find ! -type f -name file", f"{image}:/links")
        assert found.lines == ["./hard"], found.lines
        same = good("sh", "-c", f"diff links host:{tree}/links; cat .hidden", image)
        assert same.lines == ["hidden"]


@test
def what_a_script_says_is_no_input_of_its_commands(images, tree):
    answer = script(images[0], "!cat\necho after\n")
    assert answer.lines == ["after"], answer.lines


@test
def a_signal_leaves_a_sound_image(images, tree):
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs2"))
        shell = Terminal("sh", "-w", image)
        shell.type("mkdir /made\n")
        shell.expect("# ")
        os.kill(shell.pid, signal.SIGTERM)
        assert shell.end() == -signal.SIGTERM
        must_be_sound(image)
        assert "/made" in names(image)


@test
def a_script_that_waits_ends_by_a_signal_too(images, tree):
    with scratch() as place:
        image = place / "disk.img"
        image.write_bytes(fresh("ffs1"))
        with subprocess.Popen([*RUMP, "sh", "-w", image], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as shell:
            shell.stdin.write(b"mkdir /made\necho made\n")
            shell.stdin.flush()
            assert shell.stdout.readline() == b"made\n"
            shell.send_signal(signal.SIGTERM)
            assert shell.wait(WAIT) == -signal.SIGTERM
        must_be_sound(image)
        assert "/made" in names(image)


# ---- at a terminal ---------------------------------------------------------------------------


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, *words, **environment):
        self.text = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.environ.update(LC_ALL="C.UTF-8", TERM="xterm", HOME="/nowhere", **environment)
                os.execvp(RUMP[0], [*RUMP, *map(str, words)])
            finally:
                os._exit(127)
        self.expect("> " if "-w" not in words else "# ")

    def type(self, keys):
        """Once the editor, if there is one, listens: it shows its prompt a little before that."""
        deadline = time.monotonic() + WAIT
        while can_edit() and termios.tcgetattr(self.terminal)[3] & termios.ICANON:
            assert time.monotonic() < deadline, self.text
            select.select([], [], [], 0.001)
        os.write(self.terminal, keys.encode())

    def read(self):
        ready = select.select([self.terminal], [], [], 1)[0]
        try:
            piece = os.read(self.terminal, 65536).decode(errors="replace") if ready else None
        except OSError:
            piece = ""
        self.text += piece or ""
        return piece

    def expect(self, text):
        """Wait until text appears; return all up to it."""
        deadline = time.monotonic() + WAIT
        while text not in self.text:
            assert self.read() != "" and time.monotonic() < deadline, (text, self.text)
        seen, _, self.text = self.text.partition(text)
        return seen + text

    def end(self):
        deadline = time.monotonic() + WAIT
        while self.read() != "":
            assert time.monotonic() < deadline, self.text
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@functools.cache
def can_edit():
    return not EMULATOR and b"libedit.so" in pathlib.Path(RUMP[-1]).read_bytes()


@test
def a_person_completes_and_calls_back(images, tree):
    if not can_edit():
        return "no libedit"
    with scratch() as place:
        shell = Terminal("sh", images[0], XDG_STATE_HOME=str(place))
        shell.type("ca\tli\tfil\t\n")
        shell.expect("linked")
        shell.expect("> ")
        shell.type("cat names/a\t\n")
        shell.expect("a b")
        shell.expect("> ")
        shell.type("ls --rec\t sizes\n")
        shell.expect("16385")
        shell.expect("> ")
        shell.type("cat links/h\t \x15cd s\t\t")  # two that begin alike are listed
        listed = shell.expect("sparse")
        assert "sizes" in listed, listed
        shell.type("i\t\nls 51\t\n")
        shell.expect("511\r\n")
        shell.expect("sizes> ")
        shell.type("\x1b[A\x1b[A\n")  # cd sizes/ again, which is not in there
        shell.expect("cannot go to")
        shell.expect("> ")
        shell.type("echo typed\x03")
        shell.expect("> ")
        shell.type("echo other\n")
        shell.expect("other\r\n")
        shell.expect("> ")
        shell.type("\x04")
        assert shell.end() == 0

        history = place / "rump/history"
        assert history.stat().st_mode & 0o777 == 0o600
        assert "16" not in history.read_text() and "typed" not in history.read_text()
        shell = Terminal("sh", images[0], XDG_STATE_HOME=str(place))
        shell.type("\x1b[A\n")
        shell.expect("other\r\n")
        shell.expect("> ")
        shell.type("exit\n")
        assert shell.end() == 0
    return None


@test
def an_interrupt_ends_the_command_and_not_the_shell(images, tree):
    shell = Terminal("sh", images[0])
    shell.type("!kill -INT $PPID\n")
    shell.expect("> ")
    shell.type("echo alive\n")
    shell.expect("alive\r\n")
    shell.expect("> ")
    shell.type("quit\n")
    assert shell.end() == 0


@test
def names_do_not_drive_the_terminal(images, tree):
    with scratch() as place:
        (place / "top/evil\x1b[31mred").mkdir(parents=True)
        (place / "top/evil\x1b[31mred/\x1b]0;title\x07").write_text("x")
        image = place / "evil.img"
        command.make_image(image, place / "top", *KINDS["ffs2"])
        shell = Terminal("sh", image)
        shell.type("cd ev\t*\n" if can_edit() else "cd ev*\n")
        text = shell.expect("red> ")
        shell.type("ls; echo *; cat *x; cd *\n")
        text += shell.expect("> ")
        text += shell.text
        assert "\x1b[31m" not in text and "\x1b]0;" not in text, text
        assert "\\033[31mred" in text or "\\e[31mred" in text or "\\x1b[31mred" in text, text
        shell.type("exit\n")
        assert shell.end() == 0


command.run()
