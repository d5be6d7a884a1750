"""What the tests of the rump command share: images with everything in them, and ways to run it."""

import fcntl
import hashlib
import os
import pathlib
import pty
import re
import shlex
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import traceback

from below import below

EMULATOR = shlex.split(os.environ.get("EMULATOR", ""))
RUMP = [*EMULATOR, os.path.join(os.environ["BUILD_ROOT"], "rump")]
# A C library reads the machine's locales only if its byte order is the machine's.
NO_LOCALES = "no locale with UTF-8" if EMULATOR[:1] == ["qemu-s390x"] else None
IS_ROOT = os.geteuid() == 0
SIZES = (0, 1, 511, 2048, 16383, 16384, 16385, 200000)
LEVELS = 150  # more than a walk keeps open
TIMES = (1000000000, 86400 * 365, 1700000000)  # seconds
FFS = {
    "ffs2.img": ("-B", "le", "-o", "version=2,bsize=16384,fsize=2048"),
    "ffs1.img": ("-B", "be", "-o", "version=1,bsize=8192,fsize=1024"),
}

tests = []


def test(function):
    tests.append(function)
    return function


class Answer:
    """What a command said and how it ended."""

    def __init__(self, process):
        self.status = process.returncode
        self.output = process.stdout
        self.errors = process.stderr.decode(errors="surrogateescape")

    @property
    def lines(self):
        return self.output.decode(errors="surrogateescape").splitlines()


def rump(*words, **more):
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", **more.pop("env", {})}
    process = subprocess.run(
        [*RUMP, *words],
        **({} if "stdin" in more else {"input": more.pop("stdin_text", "").encode()}),
        stdout=more.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env=environment,
        timeout=more.pop("timeout", 120),
        **more,
    )
    return Answer(process)


def good(*words, **more):
    """The answer of a command that must go well and say nothing on standard error."""
    answer = rump(*words, **more)
    assert answer.status == 0 and answer.errors == "", (words, answer.status, answer.errors)
    return answer


def complaint(status, *words, **more):
    """The one line on standard error of a command that must fail with status."""
    answer = rump(*words, **more)
    assert answer.status == status, (words, answer.status, answer.errors)
    lines = answer.errors.splitlines()
    assert len(lines) == 1 and lines[0].startswith("rump"), (words, answer.errors)
    return lines[0]


def ls(*words):
    """Lines of the host's ls, with blanks squeezed."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    text = subprocess.run(["ls", *words], stdout=subprocess.PIPE, env=environment, check=True)
    return squeezed(text.stdout.decode(errors="surrogateescape").splitlines())


def squeezed(lines):
    return [re.sub(" +", " ", line) for line in lines]


def make_tree(root):
    """A tree with everything that makefs keeps."""
    (root / "sizes").mkdir(parents=True)
    for size in SIZES:
        (root / "sizes" / str(size)).write_bytes(os.urandom(size))
    (root / "names").mkdir()
    for name in (b"a b", b"new\nline", b"\xff\xfe", "grün".encode(), b"-r", b"*", b"n" * 255):
        with open(os.fsencode(root / "names") + b"/" + name, "wb") as file:
            file.write(name)
    (root / ".hidden").write_text("hidden\n")
    deep = root / "deep"
    for level in range(LEVELS):
        deep /= f"level{level}"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("bottom\n")
    (root / "twins/aaaa").mkdir(parents=True)
    (root / "twins/aaaa/rump-twins-file").write_text("from the image\n")
    (root / "twins/bbbb").symlink_to("/tmp")
    (root / "links").mkdir()
    (root / "links/file").write_text("linked\n")
    os.link(root / "links/file", root / "links/hard")
    (root / "links/soft").symlink_to("file")
    (root / "links/absolute").symlink_to("/links/file")
    (root / "links/outside").symlink_to("/../../etc/passwd")
    (root / "links/nowhere").symlink_to("gone")
    (root / "links/directory").symlink_to("../sizes")
    (root / "links/long").symlink_to("x" * 1000)
    os.mkfifo(root / "fifo")
    (root / "modes").mkdir()
    for mode in (0o0, 0o444, 0o755, 0o4755, 0o2711, 0o1777, 0o6000):
        path = root / "modes" / f"{mode:04o}"
        path.write_text(path.name)
        path.chmod(mode)
    with open(root / "sparse", "wb") as file:
        file.write(b"begin")
        file.seek(4 << 20)
        file.write(b"end")
    if IS_ROOT:
        os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(root / "disk", stat.S_IFBLK | 0o660, os.makedev(200, 70000))
        os.chown(root / "modes/0755", 12345, 54321)
    everything = sorted(below(root), reverse=True) + [root]
    for number, path in enumerate(everything):
        os.utime(path, (TIMES[number % 3] + number,) * 2, follow_symlinks=False)


def make_image(path, tree, *options):
    subprocess.run(
        ["makefs", "-t", "ffs", *options, path, tree],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def attributes(root, path):
    """What a copy must have in common with its original."""
    state = os.lstat(path)
    kind = stat.S_IFMT(state.st_mode)
    known = [kind, stat.S_IMODE(state.st_mode) if kind != stat.S_IFLNK else 0]
    known += [int(state.st_mtime)]
    if kind != stat.S_IFDIR:
        known += [state.st_nlink, state.st_size if kind != stat.S_IFBLK else 0]
    if IS_ROOT:
        known += [state.st_uid, state.st_gid]
    if kind == stat.S_IFLNK:
        known += [os.readlink(path)]
    if kind in (stat.S_IFBLK, stat.S_IFCHR):
        known += [state.st_rdev]
    if kind == stat.S_IFREG and (IS_ROOT or state.st_mode & stat.S_IRUSR):
        known += [hashlib.sha256(path.read_bytes()).hexdigest()]
    return os.path.relpath(path, root), known


def snapshot(root):
    return dict(attributes(root, path) for path in [root, *below(root)])


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def on_terminal(*words, columns=80, status=0):
    """What a command prints on a terminal; it must end with status, unless that is None."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.environ.update(LC_ALL="C.UTF-8", TZ="UTC")
            os.execvp(RUMP[0], [*RUMP, *words])
        finally:
            os._exit(127)
    text = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(terminal)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended == status or (status is None and ended in (0, 1, 2)), text
    return text


def scratch():
    class Scratch(tempfile.TemporaryDirectory):
        def __enter__(self):
            return pathlib.Path(super().__enter__())

    return Scratch(prefix="rump-command-")


def run():
    """Run the file's tests on both kinds of images of one tree; print TAP."""
    failed = 0
    with scratch() as place:
        tree = place / "tree"
        make_tree(tree)
        images = []
        for name, options in FFS.items():
            images.append(place / name)
            make_image(place / name, tree, *options)
        before = [digest(image) for image in images]

        @test
        def no_command_has_changed_an_image(images, tree):
            assert [digest(image) for image in images] == before

        for number, function in enumerate(tests, 1):
            name = function.__name__.replace("_", " ")
            try:
                skip = function(images, tree)
                print(f"ok {number} - {name}" + (f" # SKIP {skip}" if skip else ""), flush=True)
            except Exception as error:
                failed += 1
                where = traceback.extract_tb(error.__traceback__)
                line = [step.lineno for step in where if step.filename.endswith("_test.py")]
                story = f"{type(error).__name__}: {error}"[:1500].replace("\n", "\n# ")
                print(f"not ok {number} - {name}\n# lines {line}: {story}")
                sys.stdout.flush()
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)
