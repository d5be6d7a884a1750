#!/usr/bin/env python3
"""Layout is what clang-format makes of it (.clang-format).  `make format` mends it."""

import subprocess

import gate


def main():
    check = gate.Gate(__doc__)
    names = [str(name) for name in check.sources()]
    result = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *names],
        cwd=check.root,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in result.stderr.splitlines():
        if ": error: " in line:
            check.violation(line)
    if result.returncode != 0 and not check.violations:
        check.violation(result.stderr)
    check.finish()


main()
