#!/usr/bin/env python3
"""Runs every program of benches/programs on ruff and on each peer that is installed, and compares.

  python3 benches/peers.py                       all programs, results in target/peers/
  python3 benches/peers.py fib json --rounds 3   two programs
  python3 benches/peers.py --write-design        all programs, and the tables of design/performance.md

Rounds are interleaved: each engine runs a program once per round, so all of them see the same state of the machine. Of
a program's rounds the minimum counts, of CPU time (user and system, of the child alone) and of peak memory (ru_maxrss).
All engines must print the same text. Results are ratios: absolute times differ from machine to machine.

Peers, with one command:
  Debian, Ubuntu   apt-get install lua5.4 luajit nodejs python3 ruby
  macOS            brew install lua luajit luau node python quickjs ruby
  Nix              nix-shell -p lua5_4 luajit luau nodejs python3 quickjs ruby
Missing ones are listed as missing. Programs in Ruby are not part of the set: with ruby installed it takes part in those
that have a .rb file beside the others.

Standard library only.
"""
import argparse
import csv
import ctypes
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PROGRAMS = os.path.join(HERE, "programs")
DESIGN = os.path.join(ROOT, "design", "performance.md")

# Name, command, extension of its programs, flag that prints the version.
PEERS = [
    ("lua5.4", ["lua5.4"], ".lua", "-v"),
    ("luajit -joff", ["luajit", "-joff"], ".lua", "-v"),
    ("luajit", ["luajit"], ".lua", "-v"),
    ("luau", ["luau"], ".lua", None),
    ("node --jitless", ["node", "--jitless"], ".js", "--version"),
    ("node", ["node"], ".js", "--version"),
    ("quickjs", ["qjs"], ".js", None),
    # The interpreter that runs this script: `python3` on the search path may be a shell script around it.
    ("python3", [sys.executable], ".py", "--version"),
    ("ruby", ["ruby"], ".rb", "--version"),
]

# Upper bounds of geometric means, for --check.
CPU_BOUNDS = {"lua5.4": 0.35, "luajit -joff": 0.60, "node --jitless": 0.18, "python3": 0.13}
MEMORY_BOUNDS = {"lua5.4": 1.0}
# No program may take longer than on these.
NEVER_SLOWER = ["lua5.4"]

# It measures the start of a process, not a program; its ratios are not part of the means.
OUTSIDE_MEANS = {"startup"}

# Shortest CPU time that is told apart from nothing.
TICK = 1e-4


class Engine:
    def __init__(self, name, command, extension, version_flag):
        self.name, self.command, self.extension, self.version_flag = name, command, extension, version_flag

    def version(self):
        if self.version_flag is None:
            return ""
        done = subprocess.run(self.command[:1] + [self.version_flag], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).strip().splitlines()
        return lines[0] if lines else ""


def adopt_orphans():
    """Lets this process wait for its grandchildren (Linux); whether it can."""
    set_child_subreaper = 36
    try:
        return ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False


ADOPTS = adopt_orphans()


def start(argv, out):
    """Starts argv with its output in the file `out`; its process number.

    The peak memory of a process counts what it held between fork and exec, which is all of this interpreter. So a shell,
    which is small, does the forking, and ends; the engine is adopted.
    """
    if not ADOPTS:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL).pid
    # The engine starts when the shell has gone: a shell would take an early end for itself.
    script = 'out=$1; shift; exec 3<&0; { read go <&3; exec "$@" >"$out" 2>/dev/null 3<&-; } & echo $!'
    pipe = subprocess.PIPE
    with subprocess.Popen(["sh", "-c", script, "sh", out.name] + argv, stdin=pipe, stdout=pipe) as shell:
        process = int(shell.stdout.readline())
        shell.wait()
        shell.stdin.write(b"go\n")
    return process


def run_once(argv, timeout):
    """Runs argv; (CPU seconds, peak KiB, output), or None if it failed or took too long."""
    with tempfile.NamedTemporaryFile() as out:
        process, late = start(argv, out), threading.Event()

        def expire():
            late.set()
            os.kill(process, 9)

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            _, status, usage = os.wait4(process, 0)
        finally:
            timer.cancel()
        if late.is_set() or os.waitstatus_to_exitcode(status) != 0:
            return None
        peak = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, peak, out.read().decode("utf-8", "replace")


def measure(engines, program, rounds, timeout, complaints):
    """{engine: (minimum CPU seconds, minimum peak KiB)} of a program."""
    best, outputs, failed = {}, {}, set()
    for _ in range(rounds):
        for engine in engines:
            path = os.path.join(PROGRAMS, program + engine.extension)
            if engine.name in failed or not os.path.exists(path):
                continue
            result = run_once(engine.command + [path], timeout)
            if result is None:
                failed.add(engine.name)
                complaints.append("%s: %s failed or took over %g s" % (program, engine.name, timeout))
                continue
            cpu, peak, text = result
            outputs.setdefault(engine.name, text)
            old = best.get(engine.name, (math.inf, math.inf))
            best[engine.name] = (min(old[0], max(cpu, TICK)), min(old[1], peak))
    for name in failed:
        best.pop(name, None)
    if len(set(outputs.values())) > 1:
        complaints.append("%s: outputs differ: %s" % (program, {k: v.strip()[:60] for k, v in outputs.items()}))
    return best


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else math.nan


def ratio(best, peer, what):
    """ruff to peer, of CPU time (0) or memory (1); None where one is missing."""
    return best["ruff"][what] / best[peer][what] if "ruff" in best and peer in best else None


def means(results, peers, what):
    found = {}
    for peer in peers:
        ratios = [ratio(best, peer, what) for program, best in results.items() if program not in OUTSIDE_MEANS]
        found[peer] = geometric_mean([value for value in ratios if value is not None])
    return found


def cell(value, form):
    return "-" if value is None or math.isnan(value) else form % value


def markdown(results, engines, missing, rounds):
    peers = [engine.name for engine in engines[1:]]
    lines = ["CPU time of ruff in seconds, and its ratio to the time of each peer (in parentheses); lower is better. "
             "Minimum of %d interleaved rounds." % rounds, ""]
    lines.append("| program | ruff | " + " | ".join(peers) + " |")
    lines.append("|---" * (len(peers) + 2) + "|")
    for program, best in results.items():
        row = [program, cell(best.get("ruff", (None,))[0], "%.3f")]
        for peer in peers:
            value = ratio(best, peer, 0)
            row.append("-" if value is None else "%.2f (%.3f)" % (value, best[peer][0]))
        lines.append("| " + " | ".join(row) + " |")
    mean = means(results, peers, 0)
    lines.append("| **geometric mean** | | " + " | ".join("**%s**" % cell(mean[peer], "%.2f") for peer in peers) + " |")
    lines += ["", "Peak memory of ruff in MiB, and its ratio to that of each peer (in parentheses).", ""]
    lines.append("| program | ruff | " + " | ".join(peers) + " |")
    lines.append("|---" * (len(peers) + 2) + "|")
    for program, best in results.items():
        row = [program, cell(best["ruff"][1] / 1024 if "ruff" in best else None, "%.1f")]
        for peer in peers:
            value = ratio(best, peer, 1)
            row.append("-" if value is None else "%.2f (%.1f)" % (value, best[peer][1] / 1024))
        lines.append("| " + " | ".join(row) + " |")
    mean = means(results, peers, 1)
    lines.append("| **geometric mean** | | " + " | ".join("**%s**" % cell(mean[peer], "%.2f") for peer in peers) + " |")
    lines += ["", "Means leave out %s." % ", ".join("`%s`" % name for name in sorted(OUTSIDE_MEANS))]
    versions = ["%s (%s)" % (engine.name, text) for engine in engines[1:] for text in [engine.version()] if text]
    lines.append("Peers: %s." % "; ".join(versions))
    lines.append("Missing: %s." % (", ".join(missing) if missing else "none"))
    return "\n".join(lines) + "\n"


def write_csv(path, results, engines):
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["program", "engine", "cpu_seconds", "peak_kib", "cpu_ratio", "memory_ratio"])
        for program, best in results.items():
            for engine in engines:
                if engine.name in best:
                    cpu, peak = best[engine.name]
                    ratios = [cell(ratio(best, engine.name, what), "%.4f") for what in (0, 1)]
                    out.writerow([program, engine.name, "%.6f" % cpu, peak] + ratios)


COLOURS = ["#1b6ca8", "#d1495b", "#edae49", "#66a182", "#7d5ba6", "#2e4057", "#8d6a4f", "#00798c", "#b56576"]


def chart(results, peers):
    """The ratios of CPU time as an SVG: a row a program, a dot a peer, on a logarithmic axis."""
    mean = means(results, peers, 0)
    rows = [(program, {peer: ratio(best, peer, 0) for peer in peers}) for program, best in results.items()]
    rows.append(("geometric mean", {peer: None if math.isnan(mean[peer]) else mean[peer] for peer in peers}))
    values = [value for _, row in rows for value in row.values() if value]
    low = 10 ** math.floor(math.log10(min(values + [0.1])))
    high = 10 ** math.ceil(math.log10(max(values + [1.0])) + 1e-9)
    left, width, step, top = 150, 640, 18, 64
    height = top + step * len(rows) + 40

    def at(value):
        return left + width * (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'
           % (left + width + 40, height),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="12" y="20" font-size="14">CPU time of ruff / CPU time of the peer (logarithmic; left of 1 ruff is '
           'faster)</text>']
    x = 12
    for colour, peer in zip(COLOURS, peers):
        out.append('<circle cx="%d" cy="38" r="4" fill="%s"/><text x="%d" y="42">%s</text>' % (x + 4, colour, x + 12, peer))
        x += 24 + 7 * len(peer)
    tick, bottom = low, top + step * len(rows)
    while tick <= high * 1.001:
        for factor in range(1, 10):
            if tick * factor <= high * 1.001:
                strong = abs(tick * factor - 1) < 1e-9
                out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (
                    at(tick * factor), top - 8, at(tick * factor), bottom,
                    "#444" if strong else "#ccc" if factor == 1 else "#eee"))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%g</text>' % (at(tick), bottom + 16, tick))
        tick *= 10
    for index, (name, row) in enumerate(rows):
        y = top + step * index + step / 2
        weight = ' font-weight="bold"' if name == "geometric mean" else ""
        out.append('<text x="%d" y="%.1f" text-anchor="end"%s>%s</text>' % (left - 8, y + 4, weight, name))
        for colour, peer in zip(COLOURS, peers):
            if row[peer]:
                out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s" fill-opacity="0.85"><title>%s, %s: %.3f</title>'
                           '</circle>' % (at(row[peer]), y, colour, name, peer, row[peer]))
    return "\n".join(out + ["</svg>"]) + "\n"


def write_design(text, svg):
    """Replaces the generated section of the performance page."""
    begin, end = "<!-- peers.py: begin -->\n", "<!-- peers.py: end -->\n"
    with open(DESIGN) as file:
        page = file.read()
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit("%s lacks the marks of the generated section" % DESIGN)
    head, rest = page.split(begin)
    section = "![ratios of CPU time](peers.svg)\n\n" + text
    with open(DESIGN, "w") as file:
        file.write(head + begin + "\n" + section + "\n" + end + rest.split(end)[1])
    with open(os.path.join(os.path.dirname(DESIGN), "peers.svg"), "w") as file:
        file.write(svg)


def misses(results, peers):
    """The bounds that do not hold, and those that could not be checked."""
    found = []
    for what, bounds, name in ((0, CPU_BOUNDS, "CPU time"), (1, MEMORY_BOUNDS, "peak memory")):
        mean = means(results, peers, what)
        for peer, bound in bounds.items():
            value = mean.get(peer, math.nan)
            if math.isnan(value):
                found.append("%s against %s was not checked: it is missing" % (name, peer))
            elif value > bound:
                found.append("%s against %s: the mean %.3f exceeds %g" % (name, peer, value, bound))
    for peer in NEVER_SLOWER:
        for program, best in results.items():
            value = ratio(best, peer, 0)
            if program not in OUTSIDE_MEANS and value is not None and value > 1:
                found.append("%s takes %.2f times as long as on %s" % (program, value, peer))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=os.path.join(ROOT, "target", "release", "ruff"), help="the binary to measure")
    parser.add_argument("--flags", default="", help="flags for `ruff run`, such as -O0")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=60, help="seconds per run")
    parser.add_argument("--peers", help="only these, separated by commas")
    parser.add_argument("--out", default=os.path.join(ROOT, "target", "peers"), help="directory of peers.md, .csv and .svg")
    parser.add_argument("--write-design", action="store_true", help="also refresh design/performance.md and its chart")
    parser.add_argument("--check", action="store_true", help="fail if a bound of this script does not hold")
    parser.add_argument("programs", nargs="*", help="program names (default: all)")
    options = parser.parse_args()

    ruff = os.path.abspath(options.ruff)
    if not os.access(ruff, os.X_OK):
        sys.exit("no binary at %s: run `cargo build --release` first" % ruff)
    known = sorted(name[:-5] for name in os.listdir(PROGRAMS) if name.endswith(".ruff"))
    for name in options.programs:
        if name not in known:
            sys.exit("no program %r; there are: %s" % (name, " ".join(known)))
    if options.write_design and options.programs:
        sys.exit("--write-design wants all programs")
    wanted = options.peers.split(",") if options.peers is not None else None
    for name in wanted or []:
        if name and name not in [peer[0] for peer in PEERS]:
            sys.exit("no peer %r; there are: %s" % (name, ", ".join(peer[0] for peer in PEERS)))
    engines = [Engine("ruff", [ruff, "run"] + options.flags.split(), ".ruff", None)]
    missing = []
    for peer in PEERS:
        if wanted is not None and peer[0] not in wanted:
            continue
        if shutil.which(peer[1][0]):
            engines.append(Engine(*peer))
        else:
            missing.append(peer[0])
            print("missing: %s" % peer[0])

    peers = [engine.name for engine in engines[1:]]
    width = 20
    print("%-18s%8s%8s" % ("program", "ruff s", "MiB") + "".join("%*s" % (width, peer) for peer in peers))
    print("%-18s%16s" % ("", "") + "%*s" % (width, "s ratio MiB") * len(peers))
    results, complaints = {}, []
    for program in options.programs or known:
        best = results[program] = measure(engines, program, options.rounds, options.timeout, complaints)
        if "ruff" not in best:
            print("%-18s%8s" % (program, "failed"))
            continue
        line = "%-18s%8.3f%8.1f" % (program, best["ruff"][0], best["ruff"][1] / 1024)
        for peer in peers:
            if peer in best:
                line += "%*s" % (width, "%.3f %.2f %.1f" % (best[peer][0], ratio(best, peer, 0), best[peer][1] / 1024))
            else:
                line += "%*s" % (width, "-")
        print(line, flush=True)
    for what, name in ((0, "mean of CPU time"), (1, "mean of memory")):
        mean = means(results, peers, what)
        print("%-18s%16s" % (name, "") + "".join("%*s" % (width, cell(mean[peer], "%.3f")) for peer in peers))

    os.makedirs(options.out, exist_ok=True)
    text, svg = markdown(results, engines, missing, options.rounds), chart(results, peers)
    with open(os.path.join(options.out, "peers.md"), "w") as file:
        file.write(text)
    with open(os.path.join(options.out, "peers.svg"), "w") as file:
        file.write(svg)
    write_csv(os.path.join(options.out, "peers.csv"), results, engines)
    print("written: %s/peers.{md,csv,svg}" % os.path.relpath(options.out))
    for complaint in complaints:
        print("complaint: " + complaint)
    if complaints:
        return 1
    if options.write_design:
        write_design(text, svg)
        print("written: %s" % os.path.relpath(DESIGN))
    if options.check:
        found = misses(results, peers)
        for miss in found:
            print("bound: " + miss)
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
