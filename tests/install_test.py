#!/usr/bin/env python3
"""What `make install` leaves is what a program needs: installs into a scratch directory and
builds programs against it as any user would, with pkg-config, static and shared."""

import os
import pathlib
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ["BUILD_ROOT"])

# The functions of the kernel's own names must not meet the library's.
PROGRAM = r"""
#include <fcntl.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/syscalls.h>

int vnode_get(void);
int mutex_lock(void);

int
vnode_get(void)
{
	return 1;
}

int
mutex_lock(void)
{
	return 2;
}

int
main(void)
{
	char text[6] = "";
	int fd = rump_sys_open("/file", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || rump_sys_write(fd, "hello", 5) != 5)
		return 10;
	if (rump_sys_pread(fd, text, 5, 0) != 5 || strcmp(text, "hello") != 0)
		return 11;
	return vnode_get() + mutex_lock() != 3;
}
"""


def output(*command, **environment):
    return subprocess.run(
        [str(word) for word in command],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ).stdout


def only_public(path, *which):
    """Every global symbol of the library is of the public interface."""
    names = {line.split()[-1] for line in output("nm", "--defined-only", *which, path).splitlines()
             if len(line.split()) == 3}
    other = {name for name in names if not name.startswith("rump_")}
    print(f"# {len(names)} symbols; not public: {sorted(other)}")
    return names and not other


def runs(lib, source, flags, *libraries):
    program = source.with_suffix("")
    output("gcc", "-Wall", "-Werror", "-o", program, source, *flags, *libraries)
    return subprocess.run([program], env=os.environ | {"LD_LIBRARY_PATH": str(lib)}).returncode == 0


def reads_alone(include, header, *language):
    command = [*language, "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]
    return subprocess.run([*command, f"-I{include}", include / "rump" / header]).returncode == 0


def main():
    with tempfile.TemporaryDirectory() as scratch:
        output("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", scratch)
        [include] = pathlib.Path(scratch).rglob("include")
        lib = include.parent / "lib"
        where = {
            "PKG_CONFIG_PATH": str(lib / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": scratch,
        }
        source = pathlib.Path(scratch) / "program.c"
        source.write_text(PROGRAM)
        shared = output("pkg-config", "--cflags", "--libs", "rump", **where).split()
        compiled = output("pkg-config", "--cflags", "rump", **where).split()
        static = output("pkg-config", "--static", "--libs", "rump", **where).split()
        static = [word for word in static if word != "-lrump"]
        cases = [
            ("librump.a shows public names only", only_public(lib / "librump.a", "-g")),
            ("librump.so shows public names only", only_public(lib / "librump.so", "-D")),
            ("a program runs with librump.so", runs(lib, source, shared)),
            ("a program runs with librump.a",
             runs(lib, source, compiled, lib / "librump.a", *static)),
        ]
        share = include.parent / "share"
        for name in ("man/man1/rump.1", "man/man1/rump-ls.1", "zsh/site-functions/_rump",
                     "bash-completion/completions/rump", "fish/vendor_completions.d/rump.fish"):
            cases += [(f"share/{name} is there", (share / name).is_file())]
        for header in ("rump.h", "syscalls.h"):
            cases += [
                (f"{header} is C17 of its own",
                 reads_alone(include, header, "gcc", "-std=c17", "-D_GNU_SOURCE", "-xc")),
                (f"{header} is C++ of its own",
                 reads_alone(include, header, "clang++", "-xc++")),
            ]
    for number, (name, good) in enumerate(cases, 1):
        print(f"{'' if good else 'not '}ok {number} - {name}")
    sys.exit(not all(good for _, good in cases))


main()
