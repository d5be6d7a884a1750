#!/usr/bin/env python3
"""No writable data in kernel objects.

A kernel is an object: everything that changes hangs off struct kernel, so that
many kernels live in one process.  A single writable byte at file scope, static
in a function, or thread-local breaks that.  The gate reads the section headers
of every kernel object: allocated, writable and not empty is a violation.
Tables of pointers in .data.rel.ro are constant once relocated, and allowed.
"""

import re

import gate

SECTION = re.compile(
    r"^\s*\[\s*\d+\]\s+(\S+)\s+\S+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\S+\s+([A-Za-z]*)\s"
)


def writable_sections(archive):
    """(member, section, size) of all that could change at run time."""
    member = archive.name
    for line in gate.run("readelf", "-SW", archive).splitlines():
        if line.startswith("File: "):
            member = line[6:]
            continue
        match = SECTION.match(line)
        if not match:
            continue
        name, size, flags = match[1], int(match[2], 16), match[3]
        if "W" in flags and "A" in flags and size and not name.startswith(".data.rel.ro"):
            yield member, name, size


def main():
    check = gate.Gate(__doc__)
    for folder, path in check.kernel_archives().items():
        for member, section, size in writable_sections(path):
            check.violation(f"{folder}: {member}: {size} writable bytes in {section}")
    check.finish()


if __name__ == "__main__":
    main()
