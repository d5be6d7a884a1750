#!/usr/bin/env python3
"""Kernel code stands alone.

Linked into one object, all kernel archives together leave four memory
functions undefined and nothing else: everything more comes through the
hypercall table.  And kernel sources include no system header but those that
every freestanding compiler brings along.
"""

import pathlib
import tempfile

import gate

HEADERS = {
    "limits.h",
    "stdalign.h",
    "stdarg.h",
    "stdatomic.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
}


def check_headers(check):
    for name in check.sources():
        top = name.parts[0]
        if not (gate.is_kernel(name) or top == "hypercall") or gate.is_test(name):
            continue
        for line, bracket, header in check.includes(name):
            if bracket == "<" and header not in HEADERS:
                check.violation(f"{name}:{line}: <{header}> is not a freestanding header")


def check_symbols(check):
    archives = check.kernel_archives()
    with tempfile.TemporaryDirectory() as scratch:
        whole = pathlib.Path(scratch) / "kernel.o"
        gate.run("ld", "-r", "-o", whole, "--whole-archive", *archives.values())
        missing = set(gate.symbols(whole, "--undefined-only")) - gate.GIVEN
    if not missing:
        return
    for folder, path in archives.items():
        for symbol, member in gate.symbols(path, "--undefined-only").items():
            if symbol in missing:
                check.violation(f"{folder}: {member} wants {symbol}, which the kernel lacks")


def main():
    check = gate.Gate(__doc__)
    check_headers(check)
    check_symbols(check)
    check.finish()


main()
