#!/usr/bin/env python3
"""Every image gives exactly its manifest and probes.

Two sources: the images in ../shared/images, made by NetBSD's own driver
(skipped, saying so, where that folder is missing), and images made here with
Debian's makefs over both versions, both byte orders and the usual block and
fragment sizes.  The Sleuth Kit, an independent reader, must see the same names
and bytes in the latter.  Reading must leave every image as it was.

With IMAGES=few: one of each kind that reading may treat differently, for
builds that an emulator runs.
"""

import concurrent.futures
import hashlib
import lzma
import os
import pathlib
import random
import shlex
import stat
import subprocess
import sys
import tempfile

from below import below

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
EMULATOR = shlex.split(os.environ.get("EMULATOR", ""))
MANIFEST = [*EMULATOR, os.path.join(os.environ["BUILD_ROOT"], "manifest")]
SHARED = SOURCE.parent / "shared" / "images"
FEW = os.environ.get("IMAGES") == "few"
FEW_SHARED = (
    "ffs1-be-16384-2048-k", "ffs2-le-16384-2048-k", "ffs1-be-8192-1024-wapbl-dirty",
)
FEW_MADE = ((1, "le", 4096, 512), (2, "be", 65536, 8192))
GEOMETRIES = [(4096, 512), (8192, 1024), (16384, 2048), (32768, 4096), (65536, 8192)]

results = []


def report(name, problem):
    results.append(problem is None)
    print(("ok " if problem is None else "not ok ") + f"{len(results)} - {name}", flush=True)
    if problem:
        print("# " + problem[:2000].replace("\n", "\n# "), flush=True)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def difference(want, got):
    want, got = sorted(want.splitlines()), sorted(got.splitlines())
    if want == got:
        return None
    missing = sorted(set(want) - set(got))[:5]
    extra = sorted(set(got) - set(want))[:5]
    return "wanted:\n" + b"\n".join(missing).decode() + "\ngot:\n" + b"\n".join(extra).decode()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# ---- images made by NetBSD -------------------------------------------------


def check_shared(name, folder):
    image = folder / name
    with lzma.open(SHARED / f"{name}.img.xz") as packed, open(image, "wb") as plain:
        while block := packed.read(1 << 20):
            plain.write(block)
    before = sha256_of(image)
    problem = difference(
        lzma.open(SHARED / f"{name}.manifest.xz").read(), run(*MANIFEST, image)
    )
    # The journal holds metadata only.  Where it was cut off, the data of the sparse
    # files had not reached the medium: by the manifest they are zeros, while the
    # probes tell what had been meant to be written.
    if not name.endswith("-wapbl-dirty"):
        probes = lzma.open(SHARED / f"{name}.probes.xz").read()
        problem = problem or difference(probes, run(*MANIFEST, image, "--probes", input=probes))
    if sha256_of(image) != before:
        problem = "the image was modified"
    image.unlink()
    return problem


# ---- images made here ----------------------------------------------------------


def make_tree(top):
    """A small tree with sizes around every boundary, links, odd names and modes."""
    random.seed(1)
    top.mkdir()
    sizes = {0, 1}
    for block, fragment in GEOMETRIES:
        for base in (fragment, block, 12 * block, 12 * block + fragment, 13 * block):
            sizes |= {base - 1, base, base + 1}
    for size in sorted(sizes):
        (top / f"size{size}").write_bytes(random.randbytes(size))
    (top / "large").write_bytes(random.randbytes(4096) * 2300)
    many = top / "many"
    many.mkdir()
    for number in range(700):
        (many / f"file-{number:04}{'x' * (number % 60)}").write_bytes(b"")
    deep = top
    for level in range(40):
        deep = deep / f"d{level}"
        deep.mkdir()
    (deep / "bottom").write_text("deep\n")
    (top / ("n" * 255)).write_text("long name\n")
    (top / "link").hardlink_to(top / "size1")
    for length in (1, 59, 60, 61, 119, 120, 121, 1000):
        (top / f"symlink{length}").symlink_to("t" * length)
    (top / "secret").write_text("x")
    (top / "secret").chmod(0o4511)
    os.mkfifo(top / "fifo", 0o640)
    for path, folders, files in os.walk(top, topdown=False):
        for entry in folders + files + ["."]:
            when = random.randrange(1, 2**31)
            os.utime(os.path.join(path, entry), (when, when), follow_symlinks=False)


LETTERS = {
    stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l",
    stat.S_IFIFO: "p", stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFSOCK: "s",
}


def host_line(top, path):
    status = path.lstat()
    letter = LETTERS[stat.S_IFMT(status.st_mode)]
    content = "-"
    if letter == "f":
        content = sha256_of(path)
    elif letter == "l":
        content = "->" + os.readlink(path)
    return "{} {:04o} {} {} {} {} {}.{:09} {} {}".format(
        letter, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid,
        0 if letter == "d" else status.st_nlink,
        status.st_size if letter in "fl" else 0,
        status.st_mtime_ns // 10**9, status.st_mtime_ns % 10**9,
        content, path.relative_to(top),
    )


def host_manifest(top):
    lines = [host_line(top, top)] + [host_line(top, path) for path in below(top)]
    return "\n".join(lines).encode()


def check_made(top, want, image, options):
    version, order, block, fragment = options
    run("makefs", "-t", "ffs", "-B", order, "-o",
        f"version={version},bsize={block},fsize={fragment}", image, top)
    before = sha256_of(image)
    problem = difference(want, run(*MANIFEST, image))
    problem = problem or check_sleuth_kit(top, image, options)
    if sha256_of(image) != before:
        problem = "the image was modified"
    image.unlink()
    return problem


def check_sleuth_kit(top, image, options):
    """Names and bytes as The Sleuth Kit sees them."""
    version, order, block, fragment = options
    kind = f"ufs{version}"
    listing = subprocess.run(
        ["fls", "-f", kind, "-r", "-p", image], capture_output=True, check=False
    )
    if listing.returncode != 0:
        print(f"# The Sleuth Kit does not read {image.name}: {listing.stderr.decode().strip()}")
        return None
    seen = {}
    for line in listing.stdout.decode().splitlines():
        kinds, _, path = line.partition(":\t")
        if " * " not in f" {kinds} " and not path.startswith("$"):
            seen[path] = kinds.split()[-1]
    wanted = {str(path.relative_to(top)) for path in below(top)}
    if set(seen) != wanted:
        return f"fls sees others: {sorted(set(seen) ^ wanted)[:5]}"
    for name in ("large", f"size{12 * block + 1}", f"size{block + fragment - 1}", "link"):
        path = top / name
        if path.exists() and run("icat", "-f", kind, image, seen[name]) != path.read_bytes():
            return f"icat {name}: other bytes"
    return None


# ---- all of it --------------------------------------------------------------------


def attempt(name, check, *arguments):
    try:
        return name, check(*arguments)
    except (RuntimeError, OSError) as error:
        return name, str(error)


def main():
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(scratch)
        jobs = []
        if SHARED.is_dir():
            for packed in sorted(SHARED.glob("*.img.xz")):
                name = packed.name.removesuffix(".img.xz")
                if FEW and name not in FEW_SHARED:
                    continue
                jobs.append(pool.submit(attempt, name, check_shared, name, folder))
        else:
            print(f"# SKIP {SHARED} is missing: images made by NetBSD are not tested")
        top = folder / "tree"
        make_tree(top)
        want = host_manifest(top)
        for version in (1, 2):
            for order in ("le", "be"):
                for block, fragment in GEOMETRIES:
                    name = f"makefs-ffs{version}-{order}-{block}-{fragment}"
                    options = (version, order, block, fragment)
                    if FEW and options not in FEW_MADE:
                        continue
                    image = folder / f"{name}.img"
                    jobs.append(pool.submit(attempt, name, check_made, top, want, image, options))
        for job in jobs:
            report(*job.result())
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
