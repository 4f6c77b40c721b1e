#!/usr/bin/env python3
"""Writes src/order.ld: which functions stand first in the binary, by what the programs of benches/programs call.

  cargo build --release && python3 benches/order.py && cargo build --release

The system maps code in pieces of many pages around what is called, so functions that are called by every program, scattered
over the whole binary, bring nearly all of it into memory. Side by side they take a fifth.

Functions start at multiples of 32 bytes there (design/performance.md has the figures).

What an empty program calls comes first. Names stand in the script without the hashes of their crates, which differ from
compiler to compiler; they tell the instances of a generic function apart (.cargo/config.toml), of which few are called. A
function that is missing only stays where the linker puts it, so the list need not be current. Needs valgrind; the rest is the
standard library.
"""
import argparse
import collections
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PROGRAMS = os.path.join(HERE, "programs")
EMPTY = "startup"
HEAD = """/* Functions that programs call, most called first. Written by benches/order.py, used by src/build.rs. */
SECTIONS
{
  .text.called : ALIGN(0x10000) SUBALIGN(32)
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


def called(ruff, program, size):
    """The symbols a program calls."""
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", "--demangle=no", "--callgrind-out-file=" + out.name,
                   ruff, "run", os.path.join(PROGRAMS, program + ".ruff"), size]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = re.findall(r"^c?fn=\(\d+\) (\S+)", out.read().decode(), re.MULTILINE)
    # Recursive calls are told apart by a number.
    return {re.sub(r"'\d+$", "", name) for name in names}


def pattern(symbol):
    """A symbol without the hashes of its crates."""
    return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", symbol)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ruff", default=os.path.join(ROOT, "target", "release", "ruff"), help="the binary to watch")
    arguments = parser.parse_args()
    nm = subprocess.run(["nm", "--defined-only", "-n", arguments.ruff], check=True, capture_output=True, text=True)
    symbols = [line.split(" ")[2] for line in nm.stdout.splitlines() if re.match(r"\S+ [tTwW] ", line)]
    programs = collections.Counter()
    first = set()
    with open(os.path.join(PROGRAMS, "reduced.txt"), encoding="utf-8") as sizes:
        for line in sizes:
            words = line.split()
            if words and not line.startswith("#"):
                names = called(arguments.ruff, *words)
                programs.update(names)
                if words[0] == EMPTY:
                    first = names
    # Among equals in the order of the binary, which keeps modules together.
    known = sorted((name for name in symbols if programs[name]), key=lambda name: (name not in first, -programs[name]))
    patterns = dict.fromkeys(pattern(name) for name in known if re.fullmatch(r"[\w.$]+", name))
    with open(os.path.join(ROOT, "src", "order.ld"), "w", encoding="utf-8") as script:
        script.write(HEAD)
        # Cold functions have sections of another name.
        script.writelines(f"    *(.text.{name} .text.unlikely.{name})\n" for name in patterns)
        script.write(TAIL)
    print(f"{len(patterns)} functions of {len(symbols)}")


if __name__ == "__main__":
    main()
