#!/usr/bin/env python3
"""Figures of style, for the eye: prints, and gates nothing.

Functions are counted from the line with their name to the closing brace, as
clang-format lays them out; conditionals without include guards.
"""

import re
import sys

import check_data
import gate

FUNCTION = re.compile(r"^(\w+)\(")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b")
GUARD = re.compile(r"^\s*#\s*ifndef\s+\w+_H_?$")


def functions(lines):
    """(name, first line, number of lines) of each function defined in lines."""
    name, first = None, 0
    for number, line in enumerate(lines, 1):
        match = FUNCTION.match(line)
        if match:
            name, first = match[1], number
        elif line.endswith(";") and not line[0].isspace():
            name = None
        elif line == "}" and name:
            yield name, first, number - first + 1
            name = None


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def main():
    check = gate.Gate(__doc__)
    lengths, files, conditionals, total = [], [], 0, 0
    for name in check.sources():
        lines = (check.root / name).read_text().splitlines()
        files.append((len(lines), str(name)))
        if gate.is_test(name) or name.parts[0] in ("tests", "bench", "fuzz"):
            continue
        if name.suffix == ".c" or name.suffix == ".h":
            lengths += [(size, f"{name}:{first} {f}") for f, first, size in functions(lines)]
        if name.parts[0] != "host":
            total += len(lines)
            conditionals += sum(
                1 for line in lines if CONDITIONAL.match(line) and not GUARD.match(line)
            )
    lengths.sort(reverse=False)
    sizes = [size for size, _ in lengths]
    writable = sum(
        size
        for path in check.kernel_archives().values()
        for _, _, size in check_data.writable_sections(path)
    )
    print(f"functions                  {len(sizes)}")
    print(f"  median length            {percentile(sizes, 0.5)} lines")
    print(f"  95th percentile          {percentile(sizes, 0.95)} lines")
    print(f"  over 100 lines           {sum(size > 100 for size in sizes)}")
    print(f"writable kernel bytes      {writable}")
    print(f"#if per 1,000 lines        {1000 * conditionals / max(total, 1):.1f}")
    print("longest functions          " + ", ".join(f"{w} ({s})" for s, w in lengths[:-4:-1]))
    files.sort(reverse=True)
    print("largest files              " + ", ".join(f"{n} ({s})" for s, n in files[:3]))
    return 0


sys.exit(main())
