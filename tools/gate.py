"""What the gates share: the folders, their archives and symbols, and the verdict.

A gate is a script check_NAME.py that takes [--root SOURCE] [--build BUILD],
prints one line per violation and exits with 1 if there was any.
"""

import argparse
import pathlib
import re
import subprocess
import sys

KERNEL = ("base", "kern", "block", "vfs", "net", "fs", "dev", "syscall")
# By whoever links the kernel; the last is the linker's own, for constants of
# other files in position-independent code.
GIVEN = {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Gate:
    def __init__(self, about):
        here = pathlib.Path(__file__).resolve().parent.parent
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument("--root", type=pathlib.Path, default=here)
        parser.add_argument("--build", type=pathlib.Path)
        arguments = parser.parse_args()
        self.root = arguments.root
        self.build = arguments.build or self.root / "build/gcc"
        self.violations = []

    def sources(self):
        """Every .c and .h, as a path relative to the root."""
        for path in sorted(self.root.rglob("*.[ch]")):
            name = path.relative_to(self.root)
            if not name.parts[0].startswith((".", "build")):
                yield name

    def includes(self, name):
        """(line, bracket, header) of each #include in the file called name."""
        text = (self.root / name).read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match[1], match[2]

    def archives(self):
        """Folder to archive: libfs_ffs.a holds fs/ffs."""
        found = {}
        for path in sorted(self.build.glob("lib*.a")):
            folder = path.stem[3:].replace("_", "/")
            if folder != "rump" and (self.root / folder).is_dir():
                found[folder] = path
        if not found:
            sys.exit(f"{self.build}: no archives; build first")
        return found

    def kernel_archives(self):
        return {
            folder: path for folder, path in self.archives().items() if is_kernel(folder)
        }

    def violation(self, text):
        self.violations.append(text)

    def finish(self):
        for text in self.violations:
            print(text)
        sys.exit(1 if self.violations else 0)


def is_kernel(folder):
    return pathlib.PurePath(folder).parts[0] in KERNEL


def is_test(name):
    return name.name.endswith("_test.c")


def run(*command):
    """The output of command, which must succeed."""
    return subprocess.run(
        [str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def symbols(path, which):
    """Symbol to the object that names it: which is --undefined-only or --defined-only."""
    found = {}
    member = path.name
    for line in run("nm", "-g", which, path).splitlines():
        words = line.split()
        if len(words) == 1 and line.endswith(":"):
            member = words[0][:-1]
        elif len(words) >= 2:
            found.setdefault(words[-1], member)
    return found
