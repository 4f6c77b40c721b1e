#!/usr/bin/env python3
"""Runs every program of benches/programs on the register machine and on the tree walker, and compares.

  python3 benches/engines.py                     all programs
  python3 benches/engines.py fib json --rounds 5 two programs
  python3 benches/engines.py --write-design      all programs, and the table of design/performance.md

Sizes are those of SIZES: about a tenth of a program's own, because the tree walker takes up to a hundred times as long. Rounds are
interleaved; of a program's rounds the minimum of CPU time (user and system, start of the process included) counts. Both must print
the same. Exit code 1 if the machine is less than 5 times as fast on some program, or less than 15 times in the geometric mean.

Standard library only.
"""
import argparse
import math
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
DESIGN = os.path.join(ROOT, "design", "performance.md")

SIZES = dict(
    ackermann=20, ast_match=100, binary_trees=14, bounce=500, brainfuck=12, closures_counter=40000, delta_blue=1500,
    dict_memo=700, dict_of_arrays=20, event_queue=15000, exceptions=600000, fannkuch=2, fib=30, game_of_life=120,
    generator=800000, havlak=100, json=10, k_nucleotide=100000, levenshtein=800, linked_lists=1000, mandelbrot=300,
    matrix_multiply=150, nbody=25000, nested_update=3000000, nqueens=10, permutations=10, pipeline=30, quicksort=20000,
    range_for=4000, richards=50000, sieve=1000000, spectral_norm=200, split_join=40, string_builder=700000,
    struct_methods=1000000, tak=20, tokenizer=6000, towers=20, while_nested=3000, word_count=400000,
)
LEAST, MEAN = 5, 15


def measure(command, output):
    """CPU seconds of a run that must end well."""
    actions = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return used.ru_utime + used.ru_stime


def compare(binary, name, rounds):
    """Least CPU seconds of both engines on a program."""
    program = os.path.join(HERE, "programs", name + ".ruff")
    best = [math.inf, math.inf]
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [os.path.join(scratch, engine) for engine in ("vm", "tree")]
        for _ in range(rounds):
            for at, engine in enumerate(("vm", "tree")):
                command = [binary, "run", "--engine=" + engine, program, "--", str(SIZES[name])]
                best[at] = min(best[at], measure(command, outputs[at]))
        texts = [open(path, "rb").read() for path in outputs]
    if texts[0] != texts[1]:
        sys.exit(f"{name}: the engines print different texts")
    return best


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("programs", nargs="*", help="names; all of them if none is given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ruff", default=os.path.join(ROOT, "target", "release", "ruff"), help="the binary")
    parser.add_argument("--write-design", action="store_true", help="write the table into design/performance.md")
    arguments = parser.parse_args()
    present = {name[:-5] for name in os.listdir(os.path.join(HERE, "programs")) if name.endswith(".ruff")} - {"startup"}
    if present != set(SIZES):
        sys.exit(f"no size, or no program: {present ^ set(SIZES)}")
    rows = ["| program | size | machine ms | tree walker ms | times as fast |", "|---|---|---|---|---|"]
    ratios = {}
    for name in arguments.programs or sorted(SIZES):
        machine, tree = compare(arguments.ruff, name, arguments.rounds)
        ratios[name] = tree / machine
        rows.append(f"| {name} | {SIZES[name]} | {machine * 1e3:.1f} | {tree * 1e3:.0f} | {ratios[name]:.1f} |")
        print(rows[-1], flush=True)
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    least = min(ratios, key=ratios.get)
    rows.append(f"\nGeometric mean {mean:.1f}; least {ratios[least]:.1f} ({least}); minimum of {arguments.rounds} rounds.")
    print(rows[-1])
    if arguments.write_design:
        with open(DESIGN, encoding="utf-8") as file:
            before, rest = file.read().split("<!-- engines.py: begin -->\n")
        after = rest.split("<!-- engines.py: end -->")[1]
        table = "\n".join(rows)
        with open(DESIGN, "w", encoding="utf-8") as file:
            file.write(f"{before}<!-- engines.py: begin -->\n{table}\n<!-- engines.py: end -->{after}")
    return 0 if mean >= MEAN and ratios[least] >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
