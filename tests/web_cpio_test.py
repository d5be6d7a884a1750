#!/usr/bin/env python3
"""The kernel in WebAssembly, run by Node, sees the same in archives as the native one.

The archives and what is expected of them are those of cpio_test.py.
"""

import sys

import cpio_test

if __name__ == "__main__":
    cpio_test.MANIFEST = ["node", cpio_test.SOURCE / "tests/web_manifest.mjs"]
    sys.exit(cpio_test.main())
