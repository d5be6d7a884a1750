#!/usr/bin/env python3
"""Every C file is built: what no meson.build names would rot unseen.

A file counts as named when the meson.build of its folder, or of one above, has
its path from there in quotes; a fuzz target is named without its suffix.
"""

import gate


def is_named(root, name):
    wanted = name.with_suffix("") if name.parts[0] == "fuzz" else name
    for folder in list(name.parents)[:-1]:
        listing = root / folder / "meson.build"
        if listing.exists() and f"'{wanted.relative_to(folder)}'" in listing.read_text():
            return True
    return False


def main():
    check = gate.Gate(__doc__)
    for name in check.sources():
        if name.suffix == ".c" and not is_named(check.root, name):
            check.violation(f"{name}: not built; name it in {name.parts[0]}/meson.build")
    check.finish()


main()
