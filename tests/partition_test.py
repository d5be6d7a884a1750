#!/usr/bin/env python3
"""The rump command on disks with partitions.

File systems of makefs are put into tables made here: MBR with logical
partitions, GPT, BSD disklabels, Apple maps.  The Sleuth Kit's mmls, an
independent reader, must find the partitions where we say they are.  Damaged
tables give what is still good, or an error; never a crash.
"""

import os
import pathlib
import random
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import uuid
import zlib

RUMP = [
    *shlex.split(os.environ.get("EMULATOR", "")), os.path.join(os.environ["BUILD_ROOT"], "rump")
]
SECTOR = 512
DISK_SECTORS = 16384
NETBSD_FFS = uuid.UUID("49f48d5a-b10e-11dc-b99b-0019d1879648")
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")

results = []


def check(name, problem):
    results.append(problem is None)
    print(("ok " if problem is None else "not ok ") + f"{len(results)} - {name}", flush=True)
    if problem:
        print("# " + problem[:3000].replace("\n", "\n# "), flush=True)


def rump(*arguments):
    return subprocess.run(
        [*RUMP, *map(str, arguments)], capture_output=True, timeout=60, check=False
    )


# ---- disks made here -------------------------------------------------------------


class Disk:
    """Bytes of a disk, with file systems in it."""

    def __init__(self, systems):
        self.bytes = bytearray(DISK_SECTORS * SECTOR)
        self.systems = systems

    def put(self, sector, data, offset=0):
        start = sector * SECTOR + offset
        self.bytes[start : start + len(data)] = data

    def put_system(self, number, sector):
        """File system number at sector; how many sectors it takes."""
        self.put(sector, self.systems[number])
        return len(self.systems[number]) // SECTOR

    def mbr(self, at, entries):
        for index, kind, first, count in entries:
            self.put(at, struct.pack("<B3xB3xII", 0, kind, first, count), 446 + 16 * index)
        self.put(at, b"\x55\xaa", 510)

    def gpt(self, entries):
        """Entries are (number, type, first, last, label); both copies."""
        array = bytearray(128 * 128)
        for number, kind, first, last, label in entries:
            array[(number - 1) * 128 : number * 128] = struct.pack(
                "<16s16sQQQ72s", kind.bytes_le, uuid.UUID(int=number).bytes_le,
                first, last, 0, label.encode("utf-16-le"),
            )
        last = DISK_SECTORS - 1
        for here, other, start in ((1, last, 2), (last, 1, last - 32)):
            header = bytearray(struct.pack(
                "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 34,
                last - 33, uuid.UUID(int=99).bytes_le, start, 128, 128, zlib.crc32(array),
            ))
            header[16:20] = struct.pack("<I", zlib.crc32(header))
            self.put(here, header)
            self.put(start, array)
        self.mbr(0, [(0, 0xEE, 1, last)])

    def disklabel(self, sector, offset, order, entries):
        """Entries are (letter, type, first, count)."""
        label = bytearray(148 + 16 * 16)
        struct.pack_into(order + "I", label, 0, 0x82564557)
        struct.pack_into("16s", label, 24, b"pack")
        struct.pack_into(order + "IIII", label, 40, SECTOR, 63, 16, DISK_SECTORS // 1008)
        struct.pack_into(order + "II", label, 56, 1008, DISK_SECTORS)
        struct.pack_into(order + "IHH", label, 132, 0x82564557, 0, 16)
        struct.pack_into(order + "II", label, 140, 8192, 8192)
        for letter, kind, first, count in entries:
            struct.pack_into(
                order + "IIIBBH", label, 148 + 16 * (ord(letter) - ord("a")),
                count, first, 1024, kind, 8, 0,
            )
        total = 0
        for (word,) in struct.iter_unpack(order + "H", label):
            total ^= word
        struct.pack_into(order + "H", label, 136, total)
        self.put(sector, label, offset)

    def apple(self, unit, entries):
        """Entries are (type, name, first, count)."""
        self.put(0, struct.pack(">2sHI", b"ER", unit, DISK_SECTORS * SECTOR // unit))
        for index, (kind, name, first, count) in enumerate(entries):
            self.put(0, struct.pack(
                ">2sHIII32s32sII", b"PM", 0, len(entries), first, count,
                name.encode(), kind.encode(), 0, count,
            ), (index + 1) * unit)


def mbr_disk(systems):
    disk = Disk(systems)
    disk.mbr(0, [(0, 0x83, 100, 50), (2, 0x83, 2048, disk.put_system(0, 2048))])
    return disk


def extended_disk(systems):
    disk = Disk(systems)
    disk.mbr(0, [(1, 0x05, 1000, 15000)])
    disk.mbr(1000, [(0, 0x83, 63, disk.put_system(0, 1063)), (1, 0x05, 6000, 8000)])
    disk.mbr(7000, [(0, 0x83, 1, disk.put_system(1, 7001))])
    return disk


def gpt_disk(systems):
    disk = Disk(systems)
    first = disk.put_system(0, 2048)
    second = disk.put_system(1, 8192)
    disk.gpt([
        (1, EFI_SYSTEM, 40, 99, "EFI"),
        (2, NETBSD_FFS, 2048, 2048 + first - 1, "root"),
        (5, NETBSD_FFS, 8192, 8192 + second - 1, "\u00fcsr"),
    ])
    return disk


def netbsd_disk(systems):
    disk = Disk(systems)
    disk.mbr(0, [(0, 0xA9, 63, 16000)])
    count = disk.put_system(0, 63)
    disk.disklabel(64, 0, "<", [
        ("a", 7, 63, count), ("b", 1, 10000, 100), ("c", 0, 63, 16000), ("d", 0, 0, DISK_SECTORS),
    ])
    return disk


def openbsd_disk(systems):
    disk = Disk(systems)
    disk.mbr(0, [(3, 0xA6, 64, 16000)])
    count = disk.put_system(0, 128)
    disk.disklabel(65, 0, "<", [("a", 7, 128, count), ("c", 0, 0, DISK_SECTORS)])
    return disk


def freebsd_disk(systems):
    disk = Disk(systems)
    disk.mbr(0, [(1, 0xA5, 1008, 15000)])
    count = disk.put_system(0, 1008 + 16)
    disk.disklabel(1009, 0, "<", [("a", 7, 16, count), ("c", 0, 0, 15000)])
    return disk


def label_disk(systems, offset, order):
    disk = Disk(systems)
    count = disk.put_system(0, 1024)
    disk.disklabel(0, offset, order, [("a", 7, 1024, count), ("c", 0, 0, DISK_SECTORS)])
    return disk


def apple_disk(systems, unit):
    disk = Disk(systems)
    count = disk.put_system(0, 2048)
    scale = unit // SECTOR
    disk.apple(unit, [
        ("Apple_partition_map", "Apple", 1, 3),
        ("Apple_UNIX_SVR2", "root", 2048 // scale, count // scale),
        ("Apple_Free", "", 12000 // scale, 400 // scale),
    ])
    return disk


# ---- checks ------------------------------------------------------------------------


def reads(path, want, *options):
    """The file of the file system that is to be found."""
    done = rump(*options, "cat", f"{path}:hello")
    if done.returncode != 0 or done.stdout != want:
        return f"exit {done.returncode}: {done.stdout!r} {done.stderr.decode()}"
    return None


def says(done, status, *words):
    text = (done.stdout + done.stderr).decode()
    if done.returncode != status:
        return f"exit {done.returncode}, not {status}: {text}"
    missing = [word for word in words if word not in text]
    return f"{missing} not in: {text}" if missing else None


def mmls_agrees(path, kind):
    """Everything that rump info tells, mmls finds in its table of that kind."""
    told = {
        (int(start) // SECTOR, int(size) // SECTOR)
        for size, start in re.findall(
            r"^partition .*\((\d+) bytes\) at byte (\d+)", rump("info", path).stdout.decode(), re.M
        )
    }
    done = subprocess.run(["mmls", "-t", kind, path], capture_output=True, check=False)
    if done.returncode != 0:
        return f"mmls: {done.stderr.decode()}"
    found = {
        (int(start), int(count))
        for start, count in re.findall(r"(\d{10})   \d{10}   (\d{10})", done.stdout.decode())
    }
    if not told or not told <= found:
        return f"told {sorted(told - found)}, mmls {sorted(found)}"
    return None


def check_single(systems, path):
    """One file system: it is chosen by itself."""
    disks = [
        ("MBR", mbr_disk(systems), "3", "dos"),
        ("NetBSD label in MBR", netbsd_disk(systems), "1a", None),
        ("OpenBSD label in MBR", openbsd_disk(systems), "4a", None),
        ("FreeBSD label in MBR", freebsd_disk(systems), "2a", None),
        ("label in sector 1", label_disk(systems, 512, "<"), "a", "bsd"),
        ("big-endian label at 64", label_disk(systems, 64, ">"), "a", None),
        ("big-endian label at 128", label_disk(systems, 128, ">"), "a", None),
        ("big-endian label at 0", label_disk(systems, 0, ">"), "a", None),
        ("Apple map", apple_disk(systems, 512), "2", "mac"),
        ("Apple map of large blocks", apple_disk(systems, 2048), "2", None),
    ]
    for name, disk, partition, kind in disks:
        path.write_bytes(disk.bytes)
        check(f"{name}: chosen by itself", reads(path, b"hello 0\n"))
        check(f"{name}: named", reads(path, b"hello 0\n", "-p", partition))
        check(f"{name}: info", says(
            rump("info", path), 0, "partition table:", f"partition {partition}:",
            f"described here:         {partition}\n", ", UFS1\n",
        ))
        if kind:
            check(f"{name}: mmls agrees", mmls_agrees(path, kind))


def check_several(systems, path):
    """Two file systems: it is for the user to choose."""
    disks = [
        ("logical partitions", extended_disk(systems), ("5", "6"), "dos"),
        ("GPT", gpt_disk(systems), ("2", "5"), "gpt"),
        ("GPT by label", gpt_disk(systems), ("root", "\u00fcsr"), "gpt"),
    ]
    for name, disk, partitions, kind in disks:
        path.write_bytes(disk.bytes)
        check(f"{name}: says to choose", says(
            rump("ls", path), 2, "has several file systems", "rump -p", "UFS1", "UFS2",
        ))
        for number, partition in enumerate(partitions):
            check(f"{name}: -p {partition}", reads(
                path, b"hello %d\n" % number, "-p", partition
            ))
        check(f"{name}: no such partition", says(
            rump("-p", "77", "ls", path), 2, "has no partition 77; it has"
        ))
        check(f"{name}: info", says(rump("info", path), 0, ", UFS1\n", ", UFS2\n"))
        check(f"{name}: info of one", says(
            rump("-p", partitions[1], "info", path), 0, "described here:", "format:"
        ))
        check(f"{name}: mmls agrees", mmls_agrees(path, kind))


def check_others(systems, path):
    path.write_bytes(systems[0])
    check("no table", says(rump("-p", "1", "ls", path), 2, "has no partition table"))
    check("all of the image is one file system", reads(path, b"hello 0\n"))

    disk = gpt_disk(systems)
    disk.bytes[SECTOR + 56] ^= 1
    path.write_bytes(disk.bytes)
    check("damaged GPT: its copy is used", reads(path, b"hello 1\n", "-p", "5"))
    check("damaged GPT: info says so", says(
        rump("info", path), 0, "damage:", "its CRC is wrong", "partition 5:"
    ))
    disk.bytes[-SECTOR + 56] ^= 1
    path.write_bytes(disk.bytes)
    check("both GPTs damaged", says(
        rump("ls", path), 2, "partition table cannot be used", "CRC is wrong"
    ))
    disk = Disk(systems)
    disk.mbr(0, [(0, 0x83, 100, 50), (1, 0x07, 200, 100)])
    path.write_bytes(disk.bytes)
    check("no file system", says(
        rump("ls", path), 2, "none of which has a file system", "1 (Linux", "2 (NTFS"
    ))
    check("no file system: info", says(rump("info", path), 0, "partition 2:"))
    check("no file system: -p", says(
        rump("-p", "1", "ls", path), 2, "partition 1 cannot be mounted"
    ))


def check_hostile(systems, path):
    """Random damage to tables."""
    random.seed(3)
    makers = [
        extended_disk, gpt_disk, netbsd_disk, freebsd_disk,
        lambda systems: label_disk(systems, 64, ">"), lambda systems: apple_disk(systems, 512),
    ]
    for number, maker in enumerate(makers):
        good = maker(systems).bytes
        problem = None
        for _ in range(15):
            damaged = bytearray(good)
            for _ in range(random.randrange(1, 6)):
                sector = random.choice((0, 1, 2, 64, 1000, 1009, 7000))
                damaged[sector * SECTOR + random.randrange(SECTOR)] = random.choice(
                    (0, 1, 5, 0x7F, 0x80, 0xFF, random.randrange(256))
                )
            path.write_bytes(damaged[: random.choice((len(good), len(good), 1024, 4000000))])
            done = rump("info", path)
            if done.returncode not in (0, 1, 2) or (done.returncode and not done.stderr):
                problem = f"exit {done.returncode}: {done.stderr.decode()}"
        check(f"damaged tables, kind {number}", problem)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        systems = []
        for number in range(2):
            top = folder / f"tree{number}"
            top.mkdir()
            (top / "hello").write_text(f"hello {number}\n")
            image = folder / f"fs{number}.img"
            subprocess.run(
                ["makefs", "-t", "ffs", "-o", f"version={number + 1}", "-s", "2m", image, top],
                check=True, capture_output=True,
            )
            systems.append(image.read_bytes())
        path = folder / "disk.img"
        check_single(systems, path)
        check_several(systems, path)
        check_others(systems, path)
        check_hostile(systems, path)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
