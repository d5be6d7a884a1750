#!/usr/bin/env python3
"""The kernel stands alone in WebAssembly too.

Together the WebAssembly objects leave undefined the four memory functions and
what the compiler itself brings along: the stack pointer, and the 128-bit product
behind an overflow check of 64 bits.  An atomic or a division that the machine
lacks, and native code hides, would show here as a call.

The linked module, where there is one, is small enough to travel.
"""

import gzip

import gate

OUTSIDE = ("host_", "run_")  # objects of the module that are not the kernel's
SIZE_MAX = 150000  # bytes of the module, gzipped
COMPILER = {"__stack_pointer", "__indirect_function_table", "__multi3"}


def check_size(check):
    module = check.build / "web/anykernel.wasm"
    if module.exists():
        size = len(gzip.compress(module.read_bytes(), 9))
        if size > SIZE_MAX:
            check.violation(
                f"{module}: {size} bytes gzipped, {SIZE_MAX} at most; is what runs seldom in"
                " meson.build's wasm_fast?"
            )


def main():
    check = gate.Gate(__doc__)
    objects = [
        path for path in sorted(check.build.glob("*.wasm.o")) if not path.name.startswith(OUTSIDE)
    ]
    if not objects:
        check.violation(f"{check.build}: no WebAssembly objects; build them first")
        check.finish()
    defined, wanted = set(), {}
    for path in objects:
        for line in gate.run("llvm-nm", path).splitlines():
            words = line.split()
            if words[-2] == "U":
                wanted.setdefault(words[-1], path.name)
            else:
                defined.add(words[-1])
    for symbol in sorted(set(wanted) - defined - gate.GIVEN - COMPILER):
        check.violation(f"{wanted[symbol]} wants {symbol}, which the kernel lacks")
    check_size(check)
    check.finish()


main()
