#!/usr/bin/env python3
"""What it costs to write a program another way: every variant of benches/styles beside the program's own form.

  python3 benches/styles.py                       all programs
  python3 benches/styles.py sieve nbody           two programs
  python3 benches/styles.py --time                CPU time as well
  python3 benches/styles.py --write-design        all programs, and the table of design/performance.md

benches/styles/PROGRAM/STYLE.ruff does the work of benches/programs/PROGRAM.ruff in another style; its first line says what differs.
Both must print the same. A cost is a count of machine instructions (valgrind) at the size of SIZES, less the count at the smallest
size, which is that of the start and of compilation; a ratio is the cost of a variant to that of the program's own form. CPU time is
the minimum of interleaved rounds at the sizes of engines.py, less that of an empty program. It is shown, never judged.

Exit code 1 if outputs differ, or if a ratio of counts exceeds its bound: MEDIAN for the median of all variants, WORST for each one,
ALLOCATING for those that allocate by meaning, which say so in their second line (`# Allocates by meaning: ...`). Without valgrind
outputs are compared and nothing is counted.

Standard library only.
"""
import argparse
import concurrent.futures
import math
import os
import re
import shutil
import statistics
import subprocess
import sys

import engines
import peers

STYLES = os.path.join(peers.HERE, "styles")
BEGIN, END = "<!-- styles.py: begin -->\n", "<!-- styles.py: end -->\n"

# The smallest size of each program, and the one at which it is counted.
SIZES = dict(
    binary_trees=(0, 10), brainfuck=(0, 1), dict_memo=(1, 250), fannkuch=(0, 2), game_of_life=(0, 8), levenshtein=(0, 200),
    mandelbrot=(0, 60), matrix_multiply=(1, 60), nbody=(0, 2000), nested_update=(0, 100000), nqueens=(0, 3),
    quicksort=(1, 10000), sieve=(2, 60000), spectral_norm=(1, 50), string_builder=(0, 10000), struct_methods=(0, 30000),
    tokenizer=(1, 200), towers=(1, 14), word_count=(1, 8000),
)

MEDIAN, WORST, ALLOCATING = 1.15, 1.6, 2.5
ALLOCATES = "# Allocates by meaning: "


class Variant:
    """A style of a program; the program's own form has none."""

    def __init__(self, program, style=None):
        self.program, self.style = program, style
        self.path = os.path.join(*([STYLES, program, style] if style else [peers.PROGRAMS, program])) + ".ruff"
        with open(self.path, encoding="utf-8") as file:
            first, second = file.readline(), file.readline()
        self.what = first[2:].strip().rstrip(".")
        self.allocates = second.startswith(ALLOCATES)
        # Machine instructions and CPU seconds, and their ratios to the program's own form; None where not measured.
        self.count = self.seconds = self.ratio = self.time_ratio = None

    def name(self):
        return "%s/%s" % (self.program, self.style or "(own form)")


def variants(program):
    """The program's own form, then its styles by name."""
    found = sorted(name[:-5] for name in os.listdir(os.path.join(STYLES, program)) if name.endswith(".ruff"))
    return [Variant(program)] + [Variant(program, style) for style in found]


def run(ruff, variant, size, valgrind, timeout):
    """Output of a run, and its machine instructions if valgrind is there; None and a complaint if it failed."""
    command = [ruff, "run", variant.path, str(size)]
    if valgrind:
        command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"] + command
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None, "%s took over %g s" % (variant.name(), timeout)
    if done.returncode:
        return None, "%s failed: %s" % (variant.name(), done.stderr.strip()[-300:])
    counted = re.search(r"Collected : (\d+)", done.stderr)
    return done.stdout, int(counted.group(1)) if counted else None


def count(ruff, variant, valgrind, timeout):
    """Sets the variant's count; (its outputs, complaint)."""
    outputs, counts = [], []
    for size in SIZES[variant.program]:
        output, found = run(ruff, variant, size, valgrind, timeout)
        if output is None:
            return None, found
        outputs.append(output)
        counts.append(found)
    if None not in counts:
        variant.count = max(counts[1] - counts[0], 1)
    return outputs, None


def measure_time(ruff, group, rounds, timeout, empty):
    """Sets the CPU seconds of all variants of a program."""
    best = {variant: math.inf for variant in group}
    for _ in range(rounds):
        for variant in group:
            result = peers.run_once([ruff, "run", variant.path, str(engines.SIZES[variant.program])], timeout)
            if result is not None:
                best[variant] = min(best[variant], result[0])
    for variant, seconds in best.items():
        if seconds < math.inf:
            variant.seconds = max(seconds - empty, peers.TICK)


def measure(ruff, group, valgrind, options, empty, pool):
    """Measures all variants of a program; complaints."""
    results = list(pool.map(lambda variant: count(ruff, variant, valgrind, options.timeout), group))
    if options.time:
        measure_time(ruff, group, options.rounds, options.timeout, empty)
    own, (wanted, complaint) = group[0], results[0]
    if complaint:
        return [complaint]
    complaints = []
    for variant, (outputs, complaint) in zip(group[1:], results[1:]):
        if complaint:
            complaints.append(complaint)
        elif outputs != wanted:
            complaints.append("%s prints %r, not %r" % (variant.name(), outputs, wanted))
        if variant.count:
            variant.ratio = variant.count / own.count
        if variant.seconds and own.seconds:
            variant.time_ratio = variant.seconds / own.seconds
    return complaints


def misses(styles):
    """The bounds that do not hold."""
    counted = [variant for variant in styles if variant.ratio is not None]
    found = []
    if counted:
        median = statistics.median(variant.ratio for variant in counted)
        if median > MEDIAN:
            found.append("the median %.2f exceeds %g" % (median, MEDIAN))
    for variant in sorted(counted, key=lambda variant: -variant.ratio):
        bound = ALLOCATING if variant.allocates else WORST
        if variant.ratio > bound:
            found.append("%s costs %.2f times as much, more than %g" % (variant.name(), variant.ratio, bound))
    return found


def summary(styles):
    counted = [variant for variant in styles if variant.ratio is not None]
    ratios = sorted(variant.ratio for variant in counted)
    median, above = statistics.median(ratios), len([miss for miss in misses(counted) if "costs" in miss])
    met = "The bounds are met." if not misses(counted) else "The bounds are not met yet."
    return ("%d variants of %d programs: median %.2f, geometric mean %.2f, greatest %.2f; %d above their bound. Bounds: median %g, "
            "each %g, those that allocate by meaning (*) %g. %s" % (
                len(ratios), len({variant.program for variant in counted}), median, peers.geometric_mean(ratios), ratios[-1],
                above, MEDIAN, WORST, ALLOCATING, met))


def markdown(styles):
    timed = any(variant.time_ratio is not None for variant in styles)
    lines = ["| program | style | instructions |" + (" CPU time |" if timed else "") + " what differs |"]
    lines.append("|---|---|---|---|" + ("---|" if timed else ""))
    for variant in styles:
        cells = [variant.program, variant.style + ("*" if variant.allocates else ""), peers.cell(variant.ratio, "%.2f")]
        if timed:
            cells.append(peers.cell(variant.time_ratio, "%.2f"))
        lines.append("| " + " | ".join(cells + [variant.what.replace("|", "\\|")]) + " |")
    return summary(styles) + "\n\n" + "\n".join(lines) + "\n"


def write_design(text):
    with open(peers.DESIGN, encoding="utf-8") as file:
        page = file.read()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit("%s lacks the marks of the generated section" % peers.DESIGN)
    head, rest = page.split(BEGIN)
    with open(peers.DESIGN, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", help="names of programs, or of variants as PROGRAM/STYLE (default: all)")
    parser.add_argument("--ruff", default=os.path.join(peers.ROOT, "target", "release", "ruff"), help="the binary to measure")
    parser.add_argument("--time", action="store_true", help="measure CPU time as well")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of CPU time")
    parser.add_argument("--timeout", type=float, default=120, help="seconds per run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="counted runs at the same time")
    parser.add_argument("--no-count", action="store_true", help="count no instructions: compare outputs only")
    parser.add_argument("--write-design", action="store_true", help="write the table into design/performance.md")
    options = parser.parse_args()

    present = set(os.listdir(STYLES))
    if present != set(SIZES):
        sys.exit("no size, or no variants: %s" % " ".join(sorted(present ^ set(SIZES))))
    for name in options.programs:
        if name.split("/")[0] not in present:
            sys.exit("no variants of %r; there are: %s" % (name, " ".join(sorted(present))))
    ruff = os.path.abspath(options.ruff)
    if not os.access(ruff, os.X_OK):
        sys.exit("no binary at %s: run `cargo build --release` first" % ruff)
    valgrind = None if options.no_count else shutil.which("valgrind")
    if options.write_design and (options.programs or not valgrind):
        sys.exit("--write-design wants all programs, and valgrind")
    if not valgrind and not options.no_count:
        print("valgrind is not installed: outputs are compared, instructions are not counted")

    wanted = {}
    for name in options.programs or sorted(present):
        program, _, style = name.partition("/")
        wanted.setdefault(program, set()).update([style] if style else [])
    empty = 0
    if options.time:
        startup = os.path.join(peers.PROGRAMS, "startup.ruff")
        empty = min(peers.run_once([ruff, "run", startup], options.timeout)[0] for _ in range(5))
    styles, complaints = [], []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for program, chosen in wanted.items():
            group = variants(program)
            group = group[:1] + [variant for variant in group[1:] if not chosen or variant.style in chosen]
            complaints += measure(ruff, group, valgrind, options, empty, pool)
            styles += group[1:]
            own = "%10.1f M" % (group[0].count / 1e6) if group[0].count else ""
            print("%-44s%s%s" % (program, own, "%10.3f s" % group[0].seconds if group[0].seconds else ""))
            for variant in group[1:]:
                mark = "*" if variant.allocates else ""
                print("  %-42s%12s%12s" % (variant.style + mark, peers.cell(variant.ratio, "%.2f"),
                                           peers.cell(variant.time_ratio, "%.2f")), flush=True)
    for complaint in complaints:
        print("complaint: " + complaint)
    if complaints:
        return 1
    if not any(variant.ratio for variant in styles):
        return 0
    print(summary(styles))
    if options.write_design:
        write_design(markdown(styles))
        print("written: %s" % os.path.relpath(peers.DESIGN))
    found = misses(styles)
    for miss in found:
        print("bound: " + miss)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
