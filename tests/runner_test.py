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


def tell(stories):
    suite = runner.Suite("1")
    suite.stories = stories
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        suite.repeat_stories()
    return output.getvalue().splitlines()


def tell_failures():
    """What the end of the output says of failures: claims, and whether they are true."""
    noise = "".join(f"line {number}\n" for number in range(1000))
    case = "not ok 7 - planted case\nwhy\n"
    one = tell([("planted", case + noise)])
    many = tell([(f"planted {number}", noise + case) for number in range(200)])
    yield "says nothing at the end if nothing failed", tell([]) == []
    yield "says what failed at the end", "* planted" in one and "  | line 999" in one
    yield "says which case failed, far from the end", "  | not ok 7 - planted case" in one
    yield "keeps to its space", max(len(one), len(many)) <= 83
    yield "says how many more there are", many[-1] == "* and 180 more"


def run_together():
    """Steps side by side: claims, and whether they are true."""
    suite = runner.Suite("2")
    steps = [("good", ["echo", "x"]), ("bad", ["false"]), ("hangs", ["sleep", "60"])]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        suite.together(steps, 2, lambda text: text.strip())
    sums = suite.passed, suite.failed, suite.skipped
    yield "counts what ran side by side", sums == (1, 2, 0)
    yield "says what was remarked", "1 passed, x" in output.getvalue()
    yield "keeps their stories", sorted(name for name, _ in suite.stories) == ["bad", "hangs"]


def main():
    answers = [(name, count_log(output, result), want) for name, output, result, want in LOGS]
    answers += [(name, count_step(command, said), want) for name, command, said, want in STEPS]
    answers += [(name, truth, True) for name, truth in [*tell_failures(), *run_together()]]
    for number, (name, got, want) in enumerate(answers, 1):
        print(f"{'' if got == want else 'not '}ok {number} - {name}: {got}")
    sys.exit(any(got != want for _, got, want in answers))


main()
