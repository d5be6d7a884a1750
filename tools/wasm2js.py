#!/usr/bin/env python3
"""usage: wasm2js.py WASM2JS MODULE OUTPUT

Makes of a WebAssembly module an ES module that exports instantiate(imports), by
binaryen's wasm2js.  What that makes is one instance, with its imports by name:
here it becomes the body of a function, whose every call makes another one.
"""

import re
import subprocess
import sys
import tempfile


def main():
    wasm2js, module, output = sys.argv[1:]
    with tempfile.NamedTemporaryFile(suffix=".js", mode="r", encoding="utf-8") as scratch:
        subprocess.run(
            [wasm2js, "-O2", "--enable-bulk-memory", module, "-o", scratch.name], check=True
        )
        text = scratch.read()
    names = re.findall(r"^import \{ (\w+) \} from 'host';$", text, re.MULTILINE)
    text = re.sub(r"^import .*\n", "", text, flags=re.MULTILINE)
    text, count = re.subn(r"^export var .*\n", "", text, flags=re.MULTILINE)
    if not names or not count or "var retasmFunc" not in text:
        sys.exit("wasm2js.py: wasm2js makes something else than it did")
    with open(output, "w", encoding="utf-8") as file:
        file.write("// Made from anykernel.wasm by wasm2js; do not edit.\n")
        file.write("export function instantiate(imports) {\n")
        file.write(f"const {{ {', '.join(names)} }} = imports.host;\n")
        file.write(text + "return retasmFunc;\n}\n")


main()
