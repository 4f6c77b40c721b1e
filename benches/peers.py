#!/usr/bin/env python3
"""Compares ruff with other interpreters on benches/programs, by CPU time.

Rounds are interleaved (every engine once per program and round), the minimum of a program's rounds counts, and only
ratios are reported as results: absolute times differ from machine to machine and from minute to minute. CPU time is
user plus system time of the child. Peak memory comes from one more run each, by watching the child's high-water mark
(a child's own account would include what this script held when it forked). Every engine must print the same text.
Standard library only.
"""
import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")

# name, argv before the program's path, extension of its programs
PEERS = [
    ("lua5.4", ["lua5.4"], ".lua"),
    ("luajit -joff", ["luajit", "-joff"], ".lua"),
    ("luajit", ["luajit"], ".lua"),
]


def run_once(argv, timeout):
    """Runs argv; returns (cpu seconds, output) or None if it failed or took too long."""
    with tempfile.TemporaryFile() as out:
        try:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        except OSError:
            return None
        finished = wait_with_usage(process, timeout)
        if finished is None:
            return None
        status, usage = finished
        if status != 0:
            return None
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, out.read().decode("utf-8", "replace")


def peak_memory(argv, timeout):
    """Runs argv once more; returns the peak of its resident set in KiB, 0 where /proc does not tell."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak, deadline = 0, time.monotonic() + timeout
    while process.poll() is None:
        try:
            with open("/proc/%d/status" % process.pid) as status:
                found = re.search(r"VmHWM:\s*(\d+)", status.read())
            peak = max(peak, int(found.group(1)) if found else 0)
        except OSError:
            pass
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.0005)
    return peak


def wait_with_usage(process, timeout):
    """Waits for one child with its own resource usage (wait4), killing it after `timeout` seconds."""
    late = threading.Event()

    def expire():
        late.set()
        process.kill()

    timer = threading.Timer(timeout, expire)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return None if late.is_set() else (process.returncode, usage)


def measure(engines, program, rounds, timeout):
    """Returns {engine: (min cpu, peak KiB)} and the list of complaints."""
    best, outputs, complaints, failed = {}, {}, [], set()
    for _ in range(rounds):
        for name, argv, extension in engines:
            path = os.path.join(PROGRAMS, program + extension)
            if name in failed or not os.path.exists(path):
                continue
            result = run_once(argv + [path], timeout)
            if result is None:
                failed.add(name)
                complaints.append("%s: %s failed or took over %g s" % (program, name, timeout))
                continue
            cpu, text = result
            outputs.setdefault(name, text)
            best[name] = min(best.get(name, math.inf), cpu)
    for name in failed:
        best.pop(name, None)
    for name, argv, extension in engines:
        if name in best:
            best[name] = (best[name], peak_memory(argv + [os.path.join(PROGRAMS, program + extension)], timeout))
    if len(set(outputs.values())) > 1:
        complaints.append("%s: outputs differ: %s" % (program, {k: v.strip()[:60] for k, v in outputs.items()}))
    return best, complaints


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else math.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=os.path.join(HERE, "..", "target", "release", "ruff"), help="the binary to measure")
    parser.add_argument("--flags", default="", help="flags for `ruff run`, such as -O0")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--timeout", type=float, default=60, help="seconds per run")
    parser.add_argument("--max-geomean", type=float, help="fail if the mean ratio to lua5.4 exceeds this")
    parser.add_argument("programs", nargs="*", help="program names (default: all)")
    options = parser.parse_args()

    ruff = os.path.abspath(options.ruff)
    if not os.access(ruff, os.X_OK):
        sys.exit("no binary at %s: run `cargo build --release` first" % ruff)
    engines = [("ruff", [ruff, "run"] + options.flags.split(), ".ruff")]
    for peer in PEERS:
        if shutil.which(peer[1][0]):
            engines.append(peer)
        else:
            print("missing: %s" % peer[0])
    names = options.programs or sorted(n[:-5] for n in os.listdir(PROGRAMS) if n.endswith(".ruff"))
    known = {n[:-5] for n in os.listdir(PROGRAMS) if n.endswith(".ruff")}
    for name in names:
        if name not in known:
            sys.exit("no program %r; there are: %s" % (name, " ".join(sorted(known))))

    peers = [name for name, _, _ in engines[1:]]
    header = "%-16s %9s %8s" % ("program", "ruff ms", "MiB")
    header += "".join(" %14s" % ("/ " + peer) for peer in peers)
    header += "".join(" %16s" % (peer + " MiB") for peer in peers)
    print(header)
    ratios = {peer: [] for peer in peers}
    complaints = []
    for program in names:
        best, problems = measure(engines, program, options.rounds, options.timeout)
        complaints += problems
        if "ruff" not in best:
            print("%-16s %9s" % (program, "failed"))
            continue
        own_cpu, own_peak = best["ruff"]
        line = "%-16s %9.1f %8.1f" % (program, own_cpu * 1000, own_peak / 1024)
        for peer in peers:
            if peer in best:
                ratio = max(own_cpu, 1e-4) / max(best[peer][0], 1e-4)
                if program != "startup":
                    ratios[peer].append(ratio)
                line += " %14.2f" % ratio
            else:
                line += " %14s" % "-"
        for peer in peers:
            line += " %16s" % ("%.1f" % (best[peer][1] / 1024) if peer in best else "-")
        print(line, flush=True)
    line = "%-16s %9s %8s" % ("geometric mean", "", "")
    print(line + "".join(" %14.2f" % geometric_mean(ratios[peer]) for peer in peers) + "   (without startup)")
    for complaint in complaints:
        print("complaint: " + complaint)
    if complaints:
        return 1
    if options.max_geomean is not None:
        mean = geometric_mean(ratios.get("lua5.4", []))
        if math.isnan(mean):
            print("lua5.4 is missing: the bound %g was not checked" % options.max_geomean)
        elif mean > options.max_geomean:
            print("mean ratio %.3f to lua5.4 exceeds the bound %g" % (mean, options.max_geomean))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
