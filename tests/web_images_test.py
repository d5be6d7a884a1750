#!/usr/bin/env python3
"""The kernel in WebAssembly, run by Node, sees the same in images as the native one.

The images and what is expected of them are those of images_test.py: all that
NetBSD made, and a few of makefs.
"""

import sys

import images_test

PROGRAM = images_test.SOURCE / "tests/web_manifest.mjs"


def main():
    images_test.MANIFEST = ["node", PROGRAM]
    images_test.FEW = True
    images_test.FEW_SHARED = tuple(
        path.name.removesuffix(".img.xz") for path in images_test.SHARED.glob("*.img.xz")
    )
    return images_test.main()


if __name__ == "__main__":
    sys.exit(main())
