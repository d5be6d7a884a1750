#!/usr/bin/env python3
"""Kernel code stands alone.

All kernel archives together leave four memory functions undefined and nothing
else: everything more comes through the hypercall table.  Where a processor
lacks an instruction, its compiler calls a function of libgcc instead, which is
freestanding itself: HELPERS says which, for each processor that has any.  And
kernel sources include no system header but those that every freestanding
compiler brings along.
"""

import gate

# Machine, as readelf names it -> integer functions of its libgcc.
HELPERS = {
    "ARM": {
        "__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_uldivmod",
        "__aeabi_idiv", "__aeabi_idivmod", "__aeabi_ldivmod", "__ctzdi2",
    },
    "RISC-V": {"__bswapsi2", "__bswapdi2", "__clzdi2", "__ctzdi2"},
}

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


def machine(archive):
    for line in gate.run("readelf", "-h", archive).splitlines():
        if line.strip().startswith("Machine:"):
            return line.split(":")[1].strip()
    return None


def check_symbols(check):
    archives = check.kernel_archives()
    there = set(gate.GIVEN)
    for path in archives.values():
        there |= HELPERS.get(machine(path), set())
        there |= set(gate.symbols(path, "--defined-only"))
    for folder, path in archives.items():
        for symbol, member in gate.symbols(path, "--undefined-only").items():
            if symbol not in there:
                check.violation(f"{folder}: {member} wants {symbol}, which the kernel lacks")


def main():
    check = gate.Gate(__doc__)
    check_headers(check)
    check_symbols(check)
    check.finish()


main()
