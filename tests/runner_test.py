#!/usr/bin/env python3
"""The test runner notices failures: planted logs and commands, and what it must count."""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
sys.path.insert(0, str(ROOT / "tools"))
import run_tests as runner  # noqa: E402

# What one test wrote, how Meson judged it, and passed, failed, skipped.
LOGS = [
    ("counts every case", "1..2\nok 1 - a\nok 2 - b\n", "OK", (2, 0, 0)),
    ("counts a failed case once", "ok 1 - a\nnot ok 2 - b\n", "FAIL", (1, 1, 0)),
    ("tells skipped from failed", "ok 1 - a\nnot ok 2 # SKIP b\n", "OK", (1, 0, 1)),
    ("counts a crash as failed", "ok 1 - a\n", "FAIL", (1, 1, 0)),
    ("counts time out as failed", "", "TIMEOUT", (0, 1, 0)),
    ("counts a test without cases as one", "hello\n", "OK", (1, 0, 0)),
    ("counts a skipped test as one", "", "SKIP", (0, 0, 1)),
]
# A command, what its count says if it has one, and passed, failed, skipped.
STEPS = [
    ("passes a command that succeeds", ["true"], None, (1, 0, 0)),
    ("fails a command that fails", ["false"], None, (0, 1, 0)),
    ("fails when Meson does although no case did", ["false"], (3, 0, 0), (3, 1, 0)),
    ("fails when nothing was tested", ["true"], (0, 0, 0), (0, 1, 0)),
    ("ends a command that hangs, with its children", ["sh", "-c", "sleep 60 | cat"], None,
     (0, 1, 0)),
]


def count_log(output, result):
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch) / "testlog.json"
        entry = {"name": "planted", "stdout": output, "result": result, "returncode": 1}
        log.write_text(json.dumps(entry) + "\n")
        return runner.count_cases(log, [])


def count_step(command, counted):
    suite = runner.Suite("1")
    with contextlib.redirect_stdout(io.StringIO()):
        suite.step("planted", command, (lambda: counted) if counted else None, seconds=2)
    return suite.passed, suite.failed, suite.skipped


def main():
    answers = [(name, count_log(output, result), want) for name, output, result, want in LOGS]
    answers += [(name, count_step(command, said), want) for name, command, said, want in STEPS]
    for number, (name, got, want) in enumerate(answers, 1):
        print(f"{'' if got == want else 'not '}ok {number} - {name}: {got}")
    sys.exit(any(got != want for _, got, want in answers))


main()
