#!/usr/bin/env python3
"""Who may use whom: layers.txt, held against the sources and the objects.

Two checks, because either alone can be fooled: the #include lines of every file
(a declaration can be copied instead), and the undefined symbols of every
folder's archive (a macro or an inline function leaves none).  Includes are
rooted ("kern/lock.h").  Under fs/ and dev/ a folder does not know its siblings.
Tests (*_test.c) may look at everything.
"""

import gate

APART = ("fs", "dev")  # folders whose sub-folders must not know each other


def read_rules(path):
    """Folder to the set of folders it may use."""
    rules = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0]
        if line.strip():
            folder, allowed = line.split(":")
            rules[folder.strip()] = set(allowed.split())
    return rules


def unit_of(parts):
    """The part of the tree that stands for itself: a top folder, or fs/ffs."""
    if parts[0] in APART and len(parts) > 1:
        return "/".join(parts[:2])
    return parts[0]


def may_use(rules, user, used):
    """May the unit called user use the unit called used?"""
    top, other = user.split("/")[0], used.split("/")[0]
    if top == other:
        return user == used
    allowed = rules[top]
    return "*" in allowed or other in allowed


def check_includes(check, rules):
    for name in check.sources():
        top = name.parts[0]
        if len(name.parts) == 1 or top not in rules:
            check.violation(f"{name}: in no folder that layers.txt knows")
            continue
        for line, bracket, header in check.includes(name):
            parts = header.split("/")
            if bracket == "<":
                continue
            if len(parts) == 1 or parts[0] not in rules or ".." in parts:
                check.violation(f'{name}:{line}: "{header}" is not a path from the root')
            elif not gate.is_test(name) and not may_use(
                rules, unit_of(name.parts[:-1]), unit_of(parts[:-1])
            ):
                check.violation(f'{name}:{line}: {top} must not include "{header}"')


def check_symbols(check, rules):
    archives = check.archives()
    defined = {}  # symbol to the folder that defines it
    for folder, path in archives.items():
        for symbol in gate.symbols(path, "--defined-only"):
            defined[symbol] = folder
    for folder, path in archives.items():
        user = unit_of(folder.split("/"))
        for symbol, member in gate.symbols(path, "--undefined-only").items():
            owner = defined.get(symbol, folder)
            if not may_use(rules, user, unit_of(owner.split("/"))):
                check.violation(f"{folder}: {member} must not use {symbol} of {owner}")


def main():
    check = gate.Gate(__doc__)
    rules = read_rules(check.root / "layers.txt")
    check_includes(check, rules)
    check_symbols(check, rules)
    check.finish()


main()
