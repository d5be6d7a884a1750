#!/usr/bin/env python3
"""Runs the tests: one line per step, the log of those that fail, and the sum.

usage: run_tests.py [-j JOBS] [gates | check | all | cross [ARCH...]]

gates   the rules that a script can check, on the gcc build
check   gates, and unit and integration tests in the gcc build
all     the same, and clang, WebAssembly, sanitizers, fuzzing
cross   unit and integration tests on all other processors and with musl, or on those named

A variant that does not build is not tested.  The last line is
`N passed, N failed, N skipped`: the cases of cmocka and of scripts that print
TAP, and one for every other step.  FUZZ_SECONDS is the time for each fuzz
target (10).
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GATES = ("built", "layers", "data", "freestanding", "format")
MACHINE_GATES = ("data", "freestanding")  # whose answer depends on the processor
CASE = re.compile(r"^\s*(not )?ok \d+(.*)$", re.MULTILINE)
LOG_LINES = 60  # of a failed step


class Suite:
    def __init__(self, jobs):
        self.jobs = jobs
        self.passed = self.failed = self.skipped = 0

    def step(self, name, command, count=None, seconds=600):
        """Run command and tell how it went; count() gives passed, failed, skipped."""
        print(f"{name:24}", end="", flush=True)
        start = time.monotonic()
        output, code = run(command, seconds)
        good, bad, left = count() if count else (int(code == 0), int(code != 0), 0)
        if (code != 0 or good + left == 0) and bad == 0:
            bad = 1
        self.passed += good
        self.failed += bad
        self.skipped += left
        figures = f"{good} passed" + (f", {bad} failed" if bad else "")
        figures += f", {left} skipped" if left else ""
        verdict = "FAIL" if bad else "ok"
        print(f"{verdict:6}{figures:32}{time.monotonic() - start:6.1f} s", flush=True)
        if bad:
            show(output)
        return not bad

    def ninja(self, variant, *targets):
        configure = f"tools/configure.sh {variant} && ninja -C build/{variant} -j {self.jobs} "
        command = ["sh", "-c", configure + " ".join(targets)]
        return self.step(f"build: {variant}", command, seconds=900)

    def meson_test(self, variant, *before):
        log = ROOT / "build" / variant / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        command = [*before, "meson", "test", "-C", f"build/{variant}", "--no-rebuild"]
        command += ["--quiet", "--num-processes", self.jobs]
        stories = []
        self.step(f"tests: {variant}", command, lambda: count_cases(log, stories), 900)
        for story in stories:
            show(story)


def run(command, seconds):
    """Output and exit status of command, ended with all its children after seconds."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, code = process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, code = process.communicate()[0] + b"\nout of time\n", 1
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return output.decode(errors="replace"), code


def show(output):
    for line in output.rstrip().splitlines()[-LOG_LINES:]:
        print("  | " + line)


def count_cases(log, stories):
    """passed, failed, skipped of Meson's log; what each failed test said into stories."""
    passed = failed = skipped = 0
    for line in log.read_text().splitlines() if log.exists() else []:
        test = json.loads(line)
        output = test.get("stdout", "")
        bad = 0
        cases = CASE.findall(output)
        for negation, rest in cases:
            if "# SKIP" in rest.upper():
                skipped += 1
            elif negation:
                bad += 1
            else:
                passed += 1
        if test["result"] == "SKIP":
            skipped += not cases
        elif test["result"] == "OK":
            passed += not cases
        else:
            bad = max(bad, 1)
        if bad:
            stories.append(
                f"{test['name']}: {test['result']}, exit status {test['returncode']}\n"
                + output
                + test.get("stderr", "")
            )
        failed += bad
    return passed, failed, skipped


def fuzz(suite):
    seconds = os.environ.get("FUZZ_SECONDS", "10")
    for name in (ROOT / "build/asan/fuzzers.list").read_text().split():
        with tempfile.TemporaryDirectory() as scratch:
            command = [f"build/asan/fuzz_{name}", f"-max_total_time={seconds}", "-timeout=5"]
            command += ["-rss_limit_mb=2048", f"-artifact_prefix=build/fuzz-{name}-"]
            suite.step(f"fuzz: {name}", [*command, scratch, f"fuzz/corpus/{name}"])


def cross(suite, names):
    known = sorted(path.stem for path in (ROOT / "tools/cross").glob("*.ini"))
    for name in names or known:
        if suite.ninja(name, "all"):
            for gate in MACHINE_GATES:
                command = [f"tools/check_{gate}.py", "--build", f"build/{name}"]
                suite.step(f"gate: {gate}, {name}", [sys.executable, *command])
            suite.meson_test(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-j", dest="jobs", default=str(os.cpu_count()))
    parser.add_argument("what", nargs="?", default="all", choices=("gates", "check", "all", "cross"))
    parser.add_argument("names", nargs="*", metavar="ARCH")
    arguments = parser.parse_args()
    suite = Suite(arguments.jobs)

    if arguments.what == "cross":
        cross(suite, arguments.names)
    else:
        native(suite, arguments.what)
    print(f"{suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped")
    sys.exit(1 if suite.failed else 0)


def native(suite, what):
    built = suite.ninja("gcc", "products" if what == "gates" else "all")
    gates = list(GATES)
    if what == "all" and suite.ninja("clang", "all", "wasm"):
        gates.append("wasm")
    for name in gates:
        suite.step(f"gate: {name}", [sys.executable, f"tools/check_{name}.py"])
    if what != "gates" and built:
        suite.meson_test("gcc")
    if what == "all":
        if suite.ninja("asan", "all", "fuzzers"):
            suite.meson_test("asan")
            fuzz(suite)
        if suite.ninja("tsan", "all"):
            suite.meson_test("tsan", *still_addresses())
    subprocess.run([sys.executable, "tools/style_figures.py"], cwd=ROOT, check=False)


def still_addresses():
    """ThreadSanitizer loses its way when a kernel randomises addresses widely."""
    still = ["setarch", "-R"]
    if subprocess.run([*still, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return still
    return []


if __name__ == "__main__":
    main()
