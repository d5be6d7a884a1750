#!/usr/bin/env python3
"""Runs the tests: one line per step, the log of those that fail, and the sum.

usage: run_tests.py [-j JOBS] [gates | check | all | cross [ARCH...]]

gates   the rules that a script can check, on the gcc build
check   gates, and unit and integration tests in the gcc build, WebAssembly with it
all     the same, and clang, sanitizers, fuzzing, and what decodes media on two
        other processors
cross   unit and integration tests on all other processors and with musl, or on those named

A variant that does not build is not tested.  What failed is told when it
happens and again, shorter, at the end, since some see only that.  The last line
is `N passed, N failed, N skipped`: the cases of cmocka and of scripts that
print TAP, and one for every other step.  FUZZ_SECONDS is the time for each fuzz
target (30); two run at once for each job, so that all takes minutes.
"""

import argparse
import concurrent.futures
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
OTHER_MACHINES = ("s390x", "armhf")  # big-endian, and 32 bits: each in every test
CASE = re.compile(r"^\s*(not )?ok \d+(.*)$", re.MULTILINE)
EMULATED = 3600  # seconds for all tests of another machine
FULL_SPEED = ("image",)  # fuzz targets that run without sanitizers too
CASE_FAILED = re.compile(r"^\s*not ok \d+(?!.*# SKIP)", re.IGNORECASE)
SPEED = re.compile(r"^stat::average_exec_per_sec:\s*(\d+)", re.MULTILINE)
LOG_LINES = 60  # of a failed step
STORY_LINES = 80  # of all failures together, at the end
RUNNING = set()  # processes, to be ended when the runner is interrupted


class Suite:
    def __init__(self, jobs):
        self.jobs = jobs
        self.passed = self.failed = self.skipped = 0
        self.stories = []  # (name, output) of what failed

    def step(self, name, command, count=None, seconds=600):
        """Run command and tell how it went; count() gives passed, failed, skipped."""
        print(f"{name:24}", end="", flush=True)
        return self.tell(name, *timed(command, seconds), count)

    def together(self, steps, seconds, remark):
        """Run the commands of steps, (name, command), two at once for each job."""
        with concurrent.futures.ThreadPoolExecutor(2 * int(self.jobs)) as pool:
            names = {pool.submit(timed, command, seconds): name for name, command in steps}
            try:
                for done in concurrent.futures.as_completed(names):
                    output, code, took = done.result()
                    print(f"{names[done]:24}", end="")
                    self.tell(names[done], output, code, took, remark=remark(output))
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                end_all()
                raise

    def tell(self, name, output, code, took, count=None, remark=""):
        """Add the step to the sum, print the rest of its line and, if it failed, its log."""
        good, bad, left = count() if count else (int(code == 0), int(code != 0), 0)
        if (code != 0 or good + left == 0) and bad == 0:
            bad = 1
        self.passed += good
        self.failed += bad
        self.skipped += left
        figures = f"{good} passed" + (f", {bad} failed" if bad else "")
        figures += f", {left} skipped" if left else ""
        figures += f", {remark}" if remark else ""
        verdict = "FAIL" if bad else "ok"
        print(f"{verdict:6}{figures:32}{took:6.1f} s", flush=True)
        if bad:
            show(output, LOG_LINES)
            self.stories.append((name, output))
        return not bad

    def ninja(self, variant, *targets):
        configure = f"tools/configure.sh {variant} && ninja -C build/{variant} -j {self.jobs} "
        command = ["sh", "-c", configure + " ".join(targets)]
        return self.step(f"build: {variant}", command, seconds=900)

    def meson_test(self, variant, *before, suite=None, seconds=900):
        log = ROOT / "build" / variant / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        command = [*before, "meson", "test", "-C", f"build/{variant}", "--no-rebuild"]
        command += ["--quiet", "--num-processes", self.jobs, "--timeout-multiplier", "3"]
        command += ["--suite", suite] if suite else []
        stories = []
        good = self.step(f"tests: {variant}", command, lambda: count_cases(log, stories), seconds)
        if stories and not good:
            self.stories.pop()  # Meson's account says less than the tests' own
        for name, story in stories:
            print(f"  | {name}")
            show(story, LOG_LINES)
            self.stories.append((f"{variant}: {name}", story))

    def repeat_stories(self):
        """The failures once more: of each its name, the cases that failed, its last lines."""
        if not self.stories:
            return
        print("\nwhat failed:")
        share = max(STORY_LINES // len(self.stories) - 1, 3)
        for name, story in self.stories[: STORY_LINES // 4]:
            print(f"* {name}")
            show(gist(story, share), share)
        left = len(self.stories) - STORY_LINES // 4
        if left > 0:
            print(f"* and {left} more")


def gist(story, limit):
    """At most limit lines of story: failed cases with what follows them, then the end."""
    lines = story.rstrip().splitlines()
    picked = set()
    for number, line in enumerate(lines):
        if CASE_FAILED.match(line) and len(picked) + 4 <= limit // 2:
            picked |= set(range(number, min(number + 4, len(lines))))
    for number in range(len(lines) - 1, -1, -1):
        if len(picked) >= limit:
            break
        picked.add(number)
    return "\n".join(lines[number] for number in sorted(picked))


def timed(command, seconds):
    start = time.monotonic()
    output, code = run(command, seconds)
    return output, code, time.monotonic() - start


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
    RUNNING.add(process)
    try:
        output, code = process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, code = process.communicate()[0] + b"\nout of time\n", 1
    except KeyboardInterrupt:
        end_all()
        raise
    finally:
        RUNNING.discard(process)
    return output.decode(errors="replace"), code


def end_all():
    for process in list(RUNNING):
        os.killpg(process.pid, signal.SIGKILL)


def show(output, limit):
    for line in output.rstrip().splitlines()[-limit:]:
        print("  | " + line)


def count_cases(log, stories):
    """passed, failed, skipped of Meson's log; name and output of what failed into stories."""
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
            name = f"{test['name']}: {test['result']}, exit status {test['returncode']}"
            stories.append((name, output + test.get("stderr", "")))
        failed += bad
    return passed, failed, skipped


def fuzz(suite, has_full_speed):
    """Each target with sanitizers; some also without, as fast as they can."""
    names = (ROOT / "build/asan/fuzzers.list").read_text().split()
    targets = [(f"fuzz: {name}", "asan", name) for name in names]
    if has_full_speed:
        targets += [(f"fuzz: {name}, full speed", "fuzz", name) for name in FULL_SPEED]
    seconds = int(os.environ.get("FUZZ_SECONDS", "30"))
    with tempfile.TemporaryDirectory() as scratch:
        steps = [(title, fuzz_command(*target, seconds, scratch)) for title, *target in targets]
        suite.together(steps, seconds + 120, speed)


def fuzz_command(variant, name, seconds, scratch):
    found = pathlib.Path(scratch) / f"{variant}-{name}"  # inputs that reach something new
    found.mkdir()
    return [
        f"build/{variant}/fuzz_{name}",
        f"-max_total_time={seconds}",
        "-entropic=0",  # its bookkeeping costs more than it finds in so short a time
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix=build/fuzz-{name}-",
        str(found),
        f"fuzz/corpus/{name}",
    ]


def speed(output):
    """What libFuzzer says of executions a second."""
    found = SPEED.search(output)
    return f"{found[1]} a second" if found else ""


def cross(suite, names, target="all"):
    """Build target on other processors, and run the tests, or those of the suite of that name."""
    known = sorted(path.stem for path in (ROOT / "tools/cross").glob("*.ini"))
    for name in names or known:
        if suite.ninja(name, target):
            for gate in MACHINE_GATES:
                command = [f"tools/check_{gate}.py", "--build", f"build/{name}"]
                suite.step(f"gate: {gate}, {name}", [sys.executable, *command])
            suite.meson_test(name, suite=None if target == "all" else target, seconds=EMULATED)


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
    suite.repeat_stories()
    print(f"{suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped")
    sys.exit(1 if suite.failed else 0)


def native(suite, what):
    built = suite.ninja("gcc", "products" if what == "gates" else "all wasm")
    gates = list(GATES)
    if what != "gates" and built:
        gates.append("wasm")
    if what == "all":
        suite.ninja("clang", "products")  # the sanitizer builds are clang's, tests included
    for name in gates:
        suite.step(f"gate: {name}", [sys.executable, f"tools/check_{name}.py"])
    if what != "gates" and built:
        suite.meson_test("gcc")
    if what == "all":
        if suite.ninja("asan", "all", "fuzzers"):
            suite.meson_test("asan")
            full_speed = " ".join(f"fuzz_{name}" for name in FULL_SPEED)
            fuzz(suite, suite.ninja("fuzz", full_speed))
        if suite.ninja("tsan", "all"):
            suite.meson_test("tsan", *still_addresses())
        cross(suite, OTHER_MACHINES, "bytes")
    subprocess.run([sys.executable, "tools/style_figures.py"], cwd=ROOT, check=False)


def still_addresses():
    """ThreadSanitizer loses its way when a kernel randomises addresses widely."""
    still = ["setarch", "-R"]
    if subprocess.run([*still, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return still
    return []


if __name__ == "__main__":
    main()
