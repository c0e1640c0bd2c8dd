#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make test`: every test there is as one TAP stream, side by side, and a count as the last line.

Names: build/…, lint/…, unit/FILE/FUNCTION, fuzz/…, bench/…, boot/STANZA[/GUEST], linux/…. CASE=pattern chooses (a part of the
name, or with * and ?), and only what the chosen ones need is built.
"""
import argparse
import collections
import concurrent.futures
import fcntl
import fnmatch
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import cases
import lane
import linux
import linux_cases

STOPPING = threading.Event()
SKIP = 77  # a lint script's exit status for "cannot be checked here"

# run() returns points: (name, wrong, skip), where wrong and skip are empty or say why.
Job = collections.namedtuple("Job", "name run needs names weight")


def command(words, timeout=600, **environment):
    """Runs a program to its end, ours, or the time limit; its status and its output."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env={**os.environ, **environment}, start_new_session=True)  # fmt: skip
        end = time.monotonic() + timeout
        try:
            while process.poll() is None and time.monotonic() < end and not STOPPING.is_set():
                time.sleep(0.02)
        finally:
            late = process.poll() is None
            if late:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return process.returncode, text + (f"\nno end in {timeout} s" if late else "")


def keep(name, text):
    path = f"build/test/{name}.log"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def program(name, words, timeout=600, skip=None):
    """A job that is one program: good if it returns 0, skipped if it returns `skip`."""

    def run():
        status, text = command(words, timeout)
        keep(name, text)
        if status == skip:
            return [(name, "", (text.strip().splitlines() or ["skipped"])[-1])]
        return [(name, f"status {status}" if status else "", "")]

    return run


def unit(name, binary):
    """A cmocka binary: a point for each of its functions, and one for itself if it breaks off."""

    def run():
        status, text = command([f"./{binary}"], 300, CMOCKA_MESSAGE_OUTPUT="TAP")
        keep(name, text)
        found = re.findall(r"^(not ok|ok) \d+ (- |# SKIP )(\S+)", text, re.MULTILINE)
        points = [(f"{name}/{function}", "" if "SKIP" in kind or word == "ok" else "failed",
                   "by itself" if "SKIP" in kind else "") for word, kind, function in found]  # fmt: skip
        plan = re.findall(r"^1\.\.(\d+)", text, re.MULTILINE)
        whole = plan and sum(map(int, plan)) == len(points)
        if not whole or status and not any(wrong for _, wrong, _ in points):
            points.append((name, f"broke off, status {status}", ""))
        return points

    return run


def fuzz(name, binary, runs):
    def run():
        short = name.split("/")[1]
        with tempfile.TemporaryDirectory() as corpus:
            seeds = [path for path in [f"test/fuzz/corpus/{short}"] if os.path.isdir(path)]
            os.makedirs("build/test/fuzz", exist_ok=True)
            words = [f"./{binary}", f"-runs={runs}", "-seed=1", "-timeout=10", "-verbosity=0", "-error_exitcode=1",
                     f"-artifact_prefix=build/test/fuzz/{short}-", corpus, *seeds]  # fmt: skip
            return program(name, words, 900)()

    return run


def boot(case, images):
    def run():
        if case.machine.lane == "kvm" and lane.kvm_reason():
            return [(case.name, "", lane.kvm_reason())]
        log = f"build/test/{case.name}.log"
        return [(case.name, cases.run(case, images, log, STOPPING), "")] + cases.guest_points(case, log)

    return run


def boot_linux(case):
    """A stock Linux as a guest: test/linux.py."""

    def run():
        name = f"linux/{case.name}"
        os.makedirs("build/test/linux", exist_ok=True)
        with open(f"build/test/{name}.log", "wb") as log:
            return [(name, linux.run(case, log, STOPPING), "")]

    return run


def reproduced():
    """The same files in another directory, at another time, must give the same bytes."""
    name, names = "build/reproducible", ("trivet.elf", "trivet.iso")
    with tempfile.TemporaryDirectory(prefix="trivet-again-") as other:
        shutil.copytree(".", f"{other}/trivet", ignore=shutil.ignore_patterns("build*", ".git"))
        other += "/trivet"
        epoch = subprocess.run(["git", "log", "-1", "--format=%ct"], check=False,
                               stdout=subprocess.PIPE).stdout.decode().strip()  # fmt: skip
        date = {"SOURCE_DATE_EPOCH": epoch} if epoch else {}
        status, text = command(["make", "-C", other, *(f"build/{n}" for n in names)], **date)
        keep(name, text)
        if status:
            return [(name, f"status {status}", "")]
        differ = [n for n in names if subprocess.run(
            ["cmp", f"build/{n}", f"{other}/build/{n}"], check=False).returncode]  # fmt: skip
    return [(name, f"differs: {', '.join(differ)}" if differ else "", "")]


def all_jobs(options):
    """Every test there is, each with what it needs built. Heavy ones first."""
    jobs, elf, iso = [], "build/trivet.elf", "build/trivet.iso"

    def add(name, run, needs=(), names=(), weight=1):
        jobs.append(Job(name, run, needs, names or (name,), weight))

    clang = ["make", "CC=clang", "B=build/clang", "build/clang/trivet.elf"]
    add("build/clang", program("build/clang", clang), weight=20)
    add("build/reproducible", reproduced, [elf, iso], weight=20)
    for path in sorted(glob.glob("test/*.sh")):
        short = os.path.basename(path)[:-3]
        if short not in ("deps", "iso", "demo"):
            name = f"lint/{short}"
            add(name, program(name, ["sh", path], skip=SKIP), [elf] if short in ("wx", "boot_only") else [])
    for path in sorted(glob.glob("test/unit/test_*.c")):
        short = os.path.basename(path)[5:-2]
        with open(path, encoding="utf-8") as file:
            functions = re.findall(r"cmocka_unit_test\w*\(\s*(\w+)", file.read())
        name, binary = f"unit/{short}", f"build/unit/test_{short}"
        add(name, unit(name, binary), [binary], [name] + [f"{name}/{f}" for f in functions])
    for path in sorted(glob.glob("test/fuzz/fuzz_*.c")):
        short = os.path.basename(path)[5:-2]
        name, binary = f"fuzz/{short}", f"build/fuzz/fuzz_{short}"
        runs = 1_000_000 if options.long else 20_000
        add(name, fuzz(name, binary, runs), [binary], weight=5)
    name, binary = "fuzz/decode-compare", "build/fuzz/decode_compare"
    count = "10000000" if options.long else "2000000"  # below ten million it leaves the enumeration out
    add(name, program(name, [f"./{binary}", count], 600), [binary], weight=5)
    needs = [elf, "build/guests/tiny/bench.elf", "build/guests/tiny/hello.elf"]
    words = ["python3", "test/bench/bench.py", "--check"]
    add("bench/prices", program("bench/prices", words, 300), needs, weight=6)
    if options.long:
        words = ["python3", "test/bench/linux_boot.py", "--check"]
        add("bench/linux-boot", program("bench/linux-boot", words, 400), [elf, "build/linux/cloud/vmlinuz", "build/linux/bench.img"], weight=9)
    images = cases.Images(options.kernel or elf, iso)
    for case in cases.load(options.cases):
        if options.long or not case.long:
            cost = case.machine.cores * (5 if case.machine.lane == "vmx" else 1)
            needs = [n for n in case.needs() if not options.kernel or n not in (elf, iso)]
            add(case.name, boot(case, images), needs, case.names(), weight=cost)
    for case in linux_cases.CASES:
        if options.long or not case.long:
            add(f"linux/{case.name}", boot_linux(case), linux.needs(case), weight=3 + 5 * ("checks" in case.words))
    return sorted(jobs, key=lambda job: -job.weight)


def chosen(names, patterns):
    return not patterns or any(p in n or fnmatch.fnmatch(n, p) for n in names for p in patterns)


def build(jobs, parallel):
    """One make for all; the jobs whose needs did not come about: make's words, and why that is nobody's
    fault, if it is not (a kernel that cannot be fetched)."""
    targets = sorted({need for job in jobs for need in job.needs})
    if not targets or subprocess.run(
            ["make", "-k", "--no-print-directory", f"-j{parallel}", *targets],
            check=False).returncode == 0:  # fmt: skip
        return {}
    broken = {}
    for target in targets:
        status, text = command(["make", "--no-print-directory", target])
        if status:
            broken[target] = text
    return {job.name: excused([broken[need] for need in job.needs if need in broken])
            for job in jobs if any(need in broken for need in job.needs)}  # fmt: skip


def excused(texts):
    reasons = [re.search(r"^linux: skipped: (.*)", text, re.MULTILINE) for text in texts]
    return "\n".join(texts), reasons[0].group(1) if all(reasons) else ""


class Tap:
    def __init__(self, patterns):
        self.patterns, self.count = patterns, collections.Counter()

    def point(self, name, wrong, skip, seconds, text):
        self.count["failed" if wrong else "skipped" if skip else "passed"] += 1
        number = sum(self.count.values())
        note = f"SKIP {skip}" if skip else f"{seconds:.1f} s"
        print(f"{'not ok' if wrong else 'ok'} {number} - {name} # {note}", flush=True)
        if wrong:
            print(f"# {wrong}")
            for line in [line for line in text.splitlines() if line.strip()][-25:]:
                print(f"#   {line}")
            print(f"# alone: make test CASE={name}", flush=True)

    def job(self, job, points, seconds):
        path = f"build/test/{job.name}.log"
        text = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = cases.plain(file.read())
        for name, wrong, skip in points:
            if chosen([name, job.name], self.patterns):
                self.point(name, wrong, skip, seconds, text)
                text = "" if wrong else text  # once is enough

    def end(self):
        print(f"1..{sum(self.count.values())}")
        skipped = f", {self.count['skipped']} skipped" if self.count["skipped"] else ""
        print(f"{self.count['passed']} passed, {self.count['failed']} failed{skipped}", flush=True)


def timed(job):
    start = time.monotonic()
    if STOPPING.is_set():
        return [], 0
    try:
        points = job.run()
    except Exception as error:  # a mistake of the runner's is a failure of the case, not of all
        points = [(job.name, f"{type(error).__name__}: {error}", "")]
    return points, time.monotonic() - start


def perform(jobs, parallel, tap):
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        started = {pool.submit(timed, job): job for job in jobs}
        try:
            for done in concurrent.futures.as_completed(started):
                tap.job(started[done], *done.result())
        except BaseException:
            STOPPING.set()
            raise


def alone():
    """A lock on build/test, which each run begins anew: a file to keep, or None."""
    os.makedirs("build", exist_ok=True)
    lock = open("build/test.lock", "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return lock


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="*")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", action="store_true", help="also what takes long; longer fuzzing")
    parser.add_argument("--list", action="store_true", help="print the names and do nothing")
    parser.add_argument("--kernel", help="another kernel for the boot cases (to test the tests)")
    parser.add_argument("--cases", default="test/boot", help="another directory of boot cases")
    options = parser.parse_args()
    os.environ.pop("MAKEFLAGS", None)  # our own makes have neither its jobs nor its variables
    patterns = [word for text in options.pattern for word in text.split()]
    jobs = [job for job in all_jobs(options) if chosen(job.names, patterns)]
    if options.list:
        print("\n".join(sorted(job.name for job in jobs)))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    held = alone()
    if not held:
        sys.exit("Trivet: other tests are at work in this clone, and would lose their images to these. Wait, or take another.")
    shutil.rmtree("build/test", ignore_errors=True)
    tap = Tap(patterns)
    try:
        broken = build(jobs, options.j)
        for name, (text, skip) in broken.items():
            tap.point(name, "" if skip else "does not build", skip, 0, text)
        perform([job for job in jobs if job.name not in broken], options.j, tap)
    except KeyboardInterrupt:
        print("# interrupted")
        tap.end()
        return 130
    if not jobs:
        print(f"# no test is named like {' '.join(patterns)}")
    tap.end()
    return 0 if jobs and not tap.count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
