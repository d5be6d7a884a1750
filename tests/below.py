"""All that is below a directory.

Path.rglob() of Debian 12's Python asks of every symbolic link whether it leads to
a directory, and fails at one whose target is too long to be a path.
"""

import os
import pathlib


def below(top):
    """The paths of all files and directories below top, links not followed."""
    for directory, names, files in os.walk(top):
        for name in names + files:
            yield pathlib.Path(directory, name)
