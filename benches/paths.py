#!/usr/bin/env python3
"""What a path costs: machine instructions (valgrind) for one execution of each form, the loop around it taken off.

    benches/paths.py [RUFF] [--only TEXT]

A row is a path, `g` being its root: an array, dict or struct whose elements are as the steps say. Columns: what is done with it,
for a root in a register (R), a cell (C) and a global (G). `z` is an int in a register, `v` an int or float constant.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = {
    "g": "1",
    "g[z]": "[1, 2]",
    "g.a": "S{a: 1, b: 2}",
    'g["a"]': '{"b": 2, "a": 1}',
    "g[z][z]": "[[1, 2], [3, 4]]",
    "g[z].a": "[S{a: 1, b: 2}, S{a: 1, b: 2}]",
    "g.a[z]": "S{a: [1, 2], b: 2}",
    "g.a.a": "S{a: S{a: 1, b: 2}, b: 2}",
    'g["a"].a': '{"b": 2, "a": S{a: 1, b: 2}}',
    "g[z].a[z]": "[S{a: [1, 2], b: 2}, S{a: [1, 2], b: 2}]",
    "g.d (dict)": '{"c": 2, "d": 1}',
    "g[z].d (dict)": '[{"c": 2, "d": 1}, {"c": 2, "d": 1}]',
}
ACTIONS = {
    "read": "t := t + {p}",
    ":= v": "{p} := v",
    "+= v": "{p} += v",
    "push": "{p} := push({p}, v)",
}


def program(path, start, action, root, turns):
    """The text of a program that does the action so many times, or nothing if it is empty."""
    path = path.split(" (")[0]
    if action == ACTIONS["push"]:
        start = re.sub(r"\b1\b", "[]", start, count=1) if path != "g[z]" else "[[], []]"
        start = start if path != "g[z][z]" else "[[[], []], [3, 4]]"
        start = start.replace("[[], 2]", "[[], []]")
    line = action.format(p=path)
    body = f"mut t := 0\nmut v := 3\nmut z := 0\nmut i := 0\nwhile i < {turns} {{ {line}\n i += 1 }}\nreturn t"
    head = "struct S { a, b }\n"
    if root == "G":
        return f"{head}mut g := {start}\nfunc f() {{ {body} }}\nf()\nprint(len(to_string(g)) > 0)"
    if root == "C":
        return f"{head}func m() {{ mut g := {start}\nfunc f() {{ {body} }}\nf()\nprint(len(to_string(g)) > 0) }}\nm()"
    body = body.replace("return t", "print(len(to_string(g)) > 0)")
    return f"{head}func f() {{ mut g := {start}\n{body} }}\nf()"


def instructions(ruff, text):
    """Machine instructions of a run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "p.ruff")
        file.write_text(text)
        command = ["valgrind", "--tool=none", "--tool=callgrind", f"--callgrind-out-file={folder}/out", ruff, "run", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or "true" not in done.stdout:
            raise SystemExit(f"{text}\n{done.stdout}{done.stderr}")
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def cost(ruff, *form):
    """Instructions for a turn."""
    few, many = (instructions(ruff, program(*form, turns)) for turns in (1000, 3000))
    return (many - few) / 2000


def main():
    """Prints the table."""
    arguments = sys.argv[1:]
    only = ""
    if "--only" in arguments:
        at = arguments.index("--only")
        only = arguments[at + 1]
        del arguments[at : at + 2]
    ruff = arguments[0] if arguments else "target/release/ruff"
    empty = {root: cost(ruff, "g", "1", "", root) for root in "RCG"}
    print(f"| path | {' | '.join(f'{name} R/C/G' for name in ACTIONS)} |")
    print("|---" * (1 + len(ACTIONS)) + "|")
    for path, start in ROWS.items():
        if only not in path:
            continue
        cells = []
        for action in ACTIONS.values():
            figures = [round(cost(ruff, path, start, action, root) - empty[root]) for root in "RCG"]
            cells.append(" / ".join(map(str, figures)))
        print(f"| `{path}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
