#!/usr/bin/env python3
"""rump sim: file systems under power cuts and faults, and the bugs that it must find."""

import os
import pathlib
import re
import subprocess

BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
count = 0


def check(name, claim, done):
    global count
    count += 1
    print(f"{'ok' if claim else 'not ok'} {count} - {name}", flush=True)
    if not claim:
        for line in (done.stdout + done.stderr).splitlines()[-20:]:
            print(f"# {line}")


def sim(*words):
    return subprocess.run([BUILD / "rump", "sim", *words], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]})


def main():
    for name, *words in (
            ("nothing that was synced is lost by 5,000 power cuts", "sweep"),
            ("allocations fail: no memory, or success", "memory", "--faults=97"),
            ("reads, writes and flushes fail, and somebody is told", "errors", "--faults=7"),
            ("two runs of a seed are the same", "threads", "--steps=300")):
        done = sim(*words)
        check(name, done.returncode == 0, done)

    done = sim("sweep", "--cuts=60", "--workload=create", "--plant=lost-write")
    seeds = re.findall(r"replay (0x[0-9a-f]+)", done.stderr)
    check("a disk that lies about flushes is found out", done.returncode == 1 and seeds, done)
    why = done.stderr.splitlines()[0].split("; rump sim replay")[0]
    first, second = (sim("replay", seeds[0]) for _ in range(2))
    check("its seed finds it again", first.returncode == 1 and first.stderr.strip() == why, first)
    check("by the same steps", first.stdout == second.stdout and len(first.stdout) > 1000, second)

    done = sim("threads", "--plant=deadlock")
    seeds = re.findall(r"--seed=(\d+)", done.stderr)
    check("a deadlock is found, and who waits for what is told", done.returncode == 1 and seeds and
          all(f'"{name}" of kernel 1: waits for ' in done.stdout
              for name in ("forwards", "backwards")), done)
    again = sim("threads", "--plant=deadlock", "--seed=" + seeds[0])
    check("its seed finds it again", again.stdout == done.stdout, again)

    done = subprocess.run([BUILD / "power_cut"], capture_output=True, text=True)
    check("the example looks at each moment, and loses nothing",
          done.returncode == 0 and re.fullmatch(r"\d+ moments looked at\n", done.stdout), done)
    print(f"1..{count}")


main()
