#!/usr/bin/env python3
"""Every gate can fail: each row plants one violation in a small tree and names what the
gate must say about it; an empty string says that the gate must let the tree pass."""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
CLEAN = {
    "base/meson.build": "kernel += {'base': ['a.c']}\n",
    "base/a.h": "int base_a(void);\n",
    "base/a.c": '#include "base/a.h"\n\nint\nbase_a(void)\n{\n\treturn 1;\n}\n',
}


def function(name, body, before=""):
    """A function definition that gcc is content with."""
    return f"{before}int {name}(void);\nint\n{name}(void)\n{{\n{body}}}\n"


# (gate, what is planted, files, words of the complaint)
ROWS = [
    ("layers", "nothing", {}, ""),
    ("layers", "kern uses base",
     {"kern/b.c": function("f", "\treturn base_a();\n", '#include "base/a.h"\n')}, ""),
    ("layers", "base includes kern", {"kern/k.h": "", "base/b.c": '#include "kern/k.h"\n'},
     "base must not include"),
    ("layers", "one file system includes another",
     {"fs/ffs/i.h": "", "fs/tmpfs/t.c": '#include "fs/ffs/i.h"\n'}, "must not include"),
    ("layers", "a test of base includes kern",
     {"kern/k.h": "", "base/b_test.c": '#include "kern/k.h"\n'}, ""),
    ("layers", "an include that is not rooted", {"base/b.c": '#include "a.h"\n'},
     "not a path from the root"),
    ("layers", "a folder without a rule", {"elsewhere/b.h": ""}, "in no folder"),
    ("layers", "base calls kern without a header",
     {"kern/k.c": function("f", "\treturn 1;\n"),
      "base/b.c": function("g", "\treturn f();\n", "int f(void);\n")},
     "must not use f of kern"),
    ("data", "nothing", {}, ""),
    ("data", "a constant table of pointers",
     {"kern/b.c": 'const char *const names[] = { "a", "b" };\n'}, ""),
    ("data", "a counter", {"kern/b.c": "int counter = 1;\n"}, "4 writable bytes in .data"),
    ("data", "a static local",
     {"kern/b.c": function("f", "\tstatic int n;\n\n\treturn n++;\n")},
     "writable bytes in .bss"),
    ("data", "a thread-local", {"kern/b.c": "_Thread_local int n;\n"}, "writable bytes in .tbss"),
    ("data", "a constructor",
     {"kern/b.c": "__attribute__((constructor))\n" + function("f", "\treturn 1;\n")},
     "writable bytes in .init_array"),
    ("freestanding", "nothing", {}, ""),
    ("freestanding", "a memory function",
     {"base/b.c": function("f", "\tmemcpy();\n\treturn 1;\n", "void memcpy(void);\n")}, ""),
    ("freestanding", "a C library function",
     {"base/b.c": function("f", "\treturn getpid();\n", "int getpid(void);\n")},
     "wants getpid"),
    ("freestanding", "a helper function of another processor",
     {"base/b.c": function("f", "\treturn __aeabi_idiv();\n", "int __aeabi_idiv(void);\n")},
     "wants __aeabi_idiv"),
    ("freestanding", "a hosted header", {"vfs/b.h": "#include <stdlib.h>\n"},
     "<stdlib.h> is not a freestanding header"),
    ("freestanding", "a hosted header in a test", {"vfs/b_test.c": "#include <stdlib.h>\n"}, ""),
    ("wasm", "nothing", {}, ""),
    ("wasm", "a C library function",
     {"base/b.c": function("f", "\treturn getpid();\n", "int getpid(void);\n")},
     "wants getpid"),
    ("wasm", "a 128-bit division",
     {"base/b.c": function("f", "\treturn n / 3;\n", "extern unsigned __int128 n;\n")},
     "wants __udivti3"),
    ("format", "nothing", {}, ""),
    ("format", "a brace out of place", {"base/b.c": "int f(void) {\n\treturn 1;\n}\n"},
     "base/b.c:1"),
    ("built", "nothing", {}, ""),
    ("built", "a forgotten file", {"base/forgotten.c": ""}, "base/forgotten.c: not built"),
]

# (variant, its object of base/hash.c, what is planted, source)
COMPILED = [
    ("gcc", "libbase.a.p/base_hash.c.o", "gcc refuses a shadowed variable",
     "int f(int a);\nint\nf(int a)\n{\n\t{\n\t\tint a = 1;\n\n\t\treturn a;\n\t}\n}\n"),
    ("clang", "libbase.a.p/base_hash.c.o", "clang refuses an implicit narrowing",
     "char f(int a);\nchar\nf(int a)\n{\n\treturn a;\n}\n"),
    ("gcc", "base_hash_c.wasm.o", "the WebAssembly build refuses a pointer in 64 bits",
     '_Static_assert(sizeof(void *) == 8, "");\n'),
    ("gcc", "base_hash_c.wasm.o", "the WebAssembly build refuses a hosted header",
     "#include <stdlib.h>\n"),
]


def plant(root, gate, files):
    """The tree, and its archives as Meson names them."""
    build = root / "build/gcc"
    build.mkdir(parents=True)
    objects = {}
    for name, text in (CLEAN | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.suffix == ".c" and not name.endswith("_test.c"):
            target = build / (name.replace("/", "_") + ".o")
            subprocess.run(
                ["gcc", "-ffreestanding", "-fPIC", "-w", f"-I{root}", "-c", "-o", target, path],
                check=True,
            )
            if gate == "wasm":
                subprocess.run(
                    ["clang", "--target=wasm32", "-ffreestanding", "-w", f"-I{root}", "-c", "-o",
                     build / (target.stem + ".wasm.o"), path],
                    check=True,
                )
            folder = name.rpartition("/")[0].replace("/", "_")
            objects.setdefault(folder, []).append(target)
    for folder, members in objects.items():
        subprocess.run(["ar", "rcs", build / f"lib{folder}.a", *members], check=True)
    for name in ("layers.txt", ".clang-format"):
        (root / name).write_text((ROOT / name).read_text())


def gate_answers(gate, files, complaint):
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        plant(root, gate, files)
        result = subprocess.run(
            [sys.executable, ROOT / f"tools/check_{gate}.py", "--root", root],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    print(result.stdout, end="", file=sys.stderr)
    return (result.returncode != 0) == bool(complaint) and complaint in result.stdout


def compiler_refuses(variant, target, source):
    """Does the build's own command for base/hash.c refuse source in its place?"""
    build = ROOT / "build" / variant
    command = subprocess.run(
        ["ninja", "-C", build, "-t", "commands", "-s", target],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.splitlines()[-1]
    with tempfile.TemporaryDirectory() as scratch:
        planted = pathlib.Path(scratch) / "planted.c"
        codes = []
        for text in ("int planted;\n", source):
            planted.write_text(text)
            words = [
                str(planted) if word.endswith("base/hash.c")
                else str(planted.with_suffix(".o")) if word.endswith(".o")
                else str(planted.with_suffix(".d")) if word.endswith(".d")
                else word
                for word in shlex.split(command)
            ]
            codes.append(subprocess.run(words, cwd=build, stderr=subprocess.DEVNULL).returncode)
    return codes[0] == 0 and codes[1] != 0


def main():
    number = failed = 0
    for gate, planted, files, complaint in ROWS:
        number += 1
        good = gate_answers(gate, files, complaint)
        failed += not good
        verdict = "refuses" if complaint else "passes"
        print(f"{'' if good else 'not '}ok {number} - gate {gate} {verdict}: {planted}")
    for variant, target, name, source in COMPILED:
        number += 1
        if not (ROOT / "build" / variant / "build.ninja").exists():
            print(f"ok {number} - {name} # SKIP build/{variant} is not there")
            continue
        good = compiler_refuses(variant, target, source)
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {name}")
    print(f"1..{number}")
    sys.exit(1 if failed else 0)


main()
