#!/usr/bin/env python3
"""docs/write-a-driver.md says what is so.

Its fenced blocks are checked by what stands after the language:

    c PATH, meson PATH        each top-level part is in that file, to the byte
    c in-place-of PATH        compiles in place of that file of fs/cpio, and what
                              comes of it is a file system with an empty root
    console run               the lines after "$ " run, one shell for all blocks of
                              the page, and print exactly what follows them
    sh                        not run, as it builds; its tests and fuzz targets exist
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
GUIDE = SOURCE / "docs/write-a-driver.md"
END = "=== guide_test: end of command ==="

# What is mounted when a file of the driver is replaced: it must be an empty directory.
PROGRAM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <rump/rump.h>
#include <rump/syscalls.h>

int
main(int argc, char **argv)
{
	char entries[4096];
	struct stat status;
	int fd;

	if (rump_pub_etfs_register("/dev/disk", argv[1], RUMP_ETFS_BLK | RUMP_ETFS_READ_ONLY) != 0 ||
	    rump_sys_mkdir("/mnt", 0755) < 0 ||
	    rump_sys_mount("/dev/disk", "/mnt", "cpio", MS_RDONLY, NULL) < 0 ||
	    rump_sys_stat("/mnt", &status) < 0 ||
	    (fd = rump_sys_open("/mnt", O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	printf("%o %d ", (unsigned)status.st_mode, (int)rump_sys_getdents64(fd, entries, 4096));
	printf("%d ", rump_sys_mkdir("/mnt/dir", 0755));
	rump_sys_close(fd);
	printf("%d\n", rump_sys_umount2("/mnt", 0));
	return 0;
}
"""
EMPTY_ROOT = "40755 48 -1 0\n"  # two entries of 24 bytes, "." and ".."; nothing can be made

results = []


def report(name, problem):
    results.append(problem is None)
    print(("ok " if problem is None else "not ok ") + f"{len(results)} - {name}", flush=True)
    if problem:
        print("# " + problem[:1500].replace("\n", "\n# "), flush=True)


def blocks(text):
    """Line number, information, and content of every fenced block."""
    for match in re.finditer(r"^```([^\n]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, match.start()) + 1
        yield line, match[1].split(), match[2]


def check_fragment(path, fragment):
    file = SOURCE / path
    if not file.is_file():
        return f"there is no {path}"
    text = "\n" + file.read_text()
    for part in re.split(r"\n\n(?=\S)", fragment.rstrip("\n")):
        if f"\n{part}\n" not in text:
            return f"this is not in {path}:\n{part}"
    return None


# ---- commands ------------------------------------------------------------------


def commands_of(block):
    """Pairs of a command and what it prints."""
    command, output = None, ""
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            if command is not None:
                yield command, output
            command, output = line[2:].rstrip("\n"), ""
        else:
            output += line
    yield command, output


def check_commands(shell, block):
    for command, want in commands_of(block):
        shell.stdin.write(f"{command}\necho '{END}'\n")
        shell.stdin.flush()
        got = ""
        while not got.endswith(END + "\n"):
            line = shell.stdout.readline()
            if not line:
                return f"{command}: the shell ended:\n{got}"
            got += line
        got = got.removesuffix(END + "\n")
        if got != want:
            return f"$ {command}\nwanted:\n{want}got:\n{got}"
    return None


def check_names(block):
    """Unit tests and fuzz targets that the block names."""
    for name in re.findall(r"\bfuzz_(\w+)", block):
        if not (SOURCE / "fuzz" / f"{name}.c").exists():
            return f"there is no fuzz target {name}"
    for name in re.findall(r"\bfs_cpio_(\w+_test)\b", block):
        if not (SOURCE / "fs/cpio" / f"{name}.c").exists():
            return f"there is no test {name}"
    for path in re.findall(r"\btools/\S+\.\w+\b", block):
        if not (SOURCE / path).exists():
            return f"there is no {path}"
    return None


# ---- stages of the driver ---------------------------------------------------------


def run(*command):
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def compile_as(path, source, output):
    """Compile source with the flags that path of the tree is compiled with."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if (BUILD / entry["file"]).resolve() == SOURCE / path:
            words = shlex.split(entry["command"])
            break
    else:
        raise RuntimeError(f"nothing compiles {path}")
    start = words.index("-MD") if "-MD" in words else words.index("-o")
    run(*words[:start], "-I", SOURCE, "-o", output, "-c", source)


def libraries():
    """What librump.so is linked with, as words of its link command."""
    library = next(BUILD.glob("librump.so.*.*"), None)
    command = run("ninja", "-t", "commands", "-s", library.name) if library else ""
    return [word for word in shlex.split(command) if re.search(r"\.so$|^-l", word)]


def check_stage(path, code, folder):
    """The driver with code for one of its files."""
    source, replaced, program = folder / "stage.c", folder / "stage.o", folder / "program"
    source.write_text(code)
    compile_as(path, source, replaced)
    (folder / "program.c").write_text(PROGRAM)
    archives = sorted(BUILD.glob("lib*.a"))
    archives = [archive for archive in archives
                if archive.name not in ("librump.a", "libtests_support.a")]
    run("cc", "-D_GNU_SOURCE", "-I", SOURCE / "include", "-I", BUILD / "include",
        folder / "program.c", replaced,
        "-Wl,--start-group", *archives, "-Wl,--end-group", "-pthread", *libraries(),
        "-o", program)
    archive = folder / "archive.cpio"
    archive.write_bytes(b"070701" + b"0" * 88 + b"00000001" + b"0" * 8 + bytes(402))
    got = run(program, archive)
    return None if got == EMPTY_ROOT else f"wanted {EMPTY_ROOT}got {got}"


# ---- all of it ----------------------------------------------------------------------


def check_block(kind, block, shell, folder):
    language, what = kind[0], kind[1:]
    if language == "console" and what == ["run"]:
        return check_commands(shell, block)
    if language == "sh" and not what:
        return check_names(block)
    if language == "c" and what[:1] == ["in-place-of"]:
        return check_stage(what[1], block, folder)
    if language in ("c", "meson") and len(what) == 1:
        return check_fragment(what[0], block)
    return "this kind of block is unknown"


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        environment = os.environ | {"PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C"}
        shell = subprocess.Popen(
            ["sh"], cwd=scratch, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for line, kind, block in blocks(GUIDE.read_text()):
            try:
                problem = check_block(kind, block, shell, folder)
            except RuntimeError as error:
                problem = str(error)
            report(f"line {line}: {' '.join(kind)}", problem)
        shell.stdin.close()
        shell.wait()
    print(f"1..{len(results)}")
    return 0 if all(results) and len(results) > 10 else 1


if __name__ == "__main__":
    sys.exit(main())
