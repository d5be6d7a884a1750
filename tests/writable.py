"""Small images for tests of commands that change them, and ways to look at what was done."""

import functools
import os
import shutil
import subprocess

from command import EMULATOR, good, make_image, scratch, test

SOUND = [*EMULATOR, os.path.join(os.environ["BUILD_ROOT"], "ffs_sound")]
SUPERBLOCK = 8192  # makefs puts it there
CLEAN = SUPERBLOCK + 209
KINDS = {
    "ffs2": ("-B", "le", "-o", "version=2,bsize=8192,fsize=1024,density=4096", "-s", "3m"),
    "ffs1": ("-B", "be", "-o", "version=1,bsize=4096,fsize=512,density=4096", "-s", "3m"),
}
PASSWD = "root:*:0:0:Charlie:/root:/bin/sh\nbob:*:1001:1002:Bob:/:/bin/sh\nbroken\nlate:x:\n"
GROUP = "wheel:*:0:root\nstaff:*:50:\n"


@functools.cache
def fresh(kind):
    """The bytes of a small image with room in it."""
    with scratch() as place:
        (place / "top/etc").mkdir(parents=True)
        (place / "top/etc/passwd").write_text(PASSWD)
        (place / "top/etc/group").write_text(GROUP)
        (place / "top/a/b/c").mkdir(parents=True)
        for name in ("a/1", "a/b/2", "a/b/c/3"):
            (place / "top" / name).write_text(f"{name}\n")
        (place / "top/a/link").symlink_to("b/2")
        (place / "top/a/b/up").symlink_to("../../etc")
        make_image(place / "image", place / "top", *KINDS[kind])
        return (place / "image").read_bytes()


def on_each_kind(function):
    """A test that changes an image of its own of each kind, which must be sound in the end."""

    @functools.wraps(function)
    def run(images, tree):
        for kind in KINDS:
            with scratch() as place:
                image = place / f"{kind}.img"
                image.write_bytes(fresh(kind))
                function(image, place)
                must_be_sound(image)
        return None

    return test(run)


def must_be_sound(image):
    done = subprocess.run([*SOUND, image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True)
    assert done.returncode == 0, (image.name, done.stdout)


def told(image, path, form="%F %a %u %g"):
    return good("stat", "-c", form, f"{image}:{path}").lines[0]


def names(image, path="/"):
    """Everything below path."""
    lines = good("find", f"{image}:{path}").lines
    return {line.removeprefix(path.rstrip("/")) for line in lines} - {"", "/"}


def seen_by_sleuth_kit(image):
    """Paths and inode numbers of a UFS1, which it knows where makefs puts it; None: not here."""
    if not shutil.which("fls"):
        return None
    done = subprocess.run(["fls", "-f", "ufs1", "-r", "-p", image], check=True, text=True,
                          stdout=subprocess.PIPE)
    seen = {}
    for line in done.stdout.splitlines():
        kinds, _, path = line.partition(":\t")
        if " * " not in f" {kinds} " and not path.startswith("$"):
            seen["/" + path] = kinds.split()[-1]
    return seen
