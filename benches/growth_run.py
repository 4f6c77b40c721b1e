#!/usr/bin/env python3
"""How the time of ordinary programs grows: each at three sizes, on ruff and on Python and Lua if they are there.

  python3 benches/growth_run.py                       all programs
  python3 benches/growth_run.py text spread           those whose name contains one of these
  python3 benches/growth_run.py --write-design        all programs, and the table of design/performance.md
  python3 benches/growth_run.py --check               ends with 1 if one grows more than --bound times per tenfold

A program that does its work in constant time a turn takes ten times as long for ten times the turns, or a little more, when
its data leave the caches; a quadratic one a hundred times. CPU time is that of `peers.py` (minimum of the rounds), less
that of an empty program; times below a few milliseconds are not compared. Growth is what is shown first, because it does
not depend on the machine.

Standard library only.
"""
import argparse
import os
import sys
import tempfile

import peers

SIZES = [10_000, 100_000, 1_000_000]
# Levels of calls: 100,000 are the limit.
LEVELS = [900, 9_000, 90_000]
# Shorter times say nothing about growth.
SHORTEST = 0.004

BEGIN, END = "<!-- growth_run.py: begin -->", "<!-- growth_run.py: end -->"

# Name, sizes, what is done, programs by engine; N is the number of turns.
PROGRAMS = []


def row(name, what, ruff, python=None, lua=None, sizes=SIZES):
    PROGRAMS.append((name, what, {"ruff": ruff, "python3": python, "lua5.4": lua}, sizes))


row(
    "text_forwards", "`s[i]`, one character not ASCII, forwards",
    'func f(s, n) { mut k := 0 for i in n { if s[i] == "x" { k += 1 } } return k }\nprint(f("é" + repeat("x", N), N))',
    'def f(s, n):\n  k = 0\n  for i in range(n):\n    if s[i] == "x": k += 1\n  return k\nprint(f("é" + "x" * N, N))',
)
row(
    "text_at_random", "`s[i]`, `char_at`, `substring` at random, two texts in turn",
    'func f(s, t, n) { mut k := 0 mut r := 1 for i in n { r := (r * 16807) % 2147483647 j := r % n '
    'if s[j] == t[n - j] { k += 1 } k += len(char_at(t, j)) + len(substring(s, j, j + 3)) } return k }\n'
    'print(f("é" + repeat("x", N), repeat("x", N) + "é", N))',
    'def f(s, t, n):\n  k = 0\n  r = 1\n  for i in range(n):\n    r = r * 16807 % 2147483647\n    j = r % n\n'
    '    if s[j] == t[n - j]: k += 1\n    k += len(t[j]) + len(s[j:j + 3])\n  return k\n'
    'print(f("é" + "x" * N, "x" * N + "é", N))',
)
row(
    "text_while_it_grows", "`s := s + \"x\"`, then `s[i]` and `len(s)`",
    'func f(n) { mut s := "é" mut k := 0 for i in n { s := s + "x" if s[i / 2] == s[i] { k += len(s) % 2 } } return k }\nprint(f(N))',
    'def f(n):\n  s = ["é"]\n  k = 0\n  for i in range(n):\n    s.append("x")\n    if s[i // 2] == s[i]: k += len(s) % 2\n  return k\nprint(f(N))',
)
row(
    "interpolation", '`s := "${s}${i},"`',
    'mut s := ""\nfor i in N { s := "${s}${i}," }\nprint(len(s))',
    's = ""\nfor i in range(N): s += f"{i},"\nprint(len(s))',
    'local t = {}\nfor i = 0, N - 1 do t[#t + 1] = i .. "," end\nprint(#table.concat(t))',
)
row(
    "array_spread", "`a := [...a, i]`",
    "mut a := []\nfor i in N { a := [...a, i] }\nprint(len(a))",
    "a = []\nfor i in range(N): a.append(i)\nprint(len(a))",
    "local a = {}\nfor i = 0, N - 1 do a[#a + 1] = i end\nprint(#a)",
)
row(
    "dict_spread", '`d := {...d, "k${i}": i}`',
    'mut d := {}\nfor i in N { d := {...d, "k${i}": i} }\nprint(len(d))',
    'd = {}\nfor i in range(N): d[f"k{i}"] = i\nprint(len(d))',
    'local d, n = {}, 0\nfor i = 0, N - 1 do d["k" .. i] = i n = n + 1 end\nprint(n)',
)
row(
    "set_of_floats", "`set_add`, `set_has`, `set_remove` of floats",
    "func f(n) { mut s := Set() mut k := 0 for i in n { s := set_add(s, i * 0.001) } for i in n { if set_has(s, i * 0.001) { k += 1 } "
    "if i % 2 == 0 { s := set_remove(s, i * 0.001) } } return k + len(s) }\nprint(f(N))",
    "def f(n):\n  s = set()\n  k = 0\n  for i in range(n): s.add(i * 0.001)\n  for i in range(n):\n    if i * 0.001 in s: k += 1\n"
    "    if i % 2 == 0: s.discard(i * 0.001)\n  return k + len(s)\nprint(f(N))",
)
row(
    "set_of_points", "sets of arrays and structs",
    'struct P { x, y }\nfunc f(n) { mut s := Set() mut t := Set() for i in n { s := set_add(s, [i % 1000, i]) t := set_add(t, P { x: i, y: 0.5 }) } '
    "return len(s) + len(t) }\nprint(f(N))",
    "def f(n):\n  s = set()\n  t = set()\n  for i in range(n):\n    s.add((i % 1000, i))\n    t.add((i, 0.5, 'P'))\n  return len(s) + len(t)\nprint(f(N))",
)
row(
    "unique", "`unique` of floats, `==` of two sets",
    "a := map(range(N), func(i) { return (i % 5000) * 0.25 + i / 2 })\nprint(len(unique(a)), Set(a) == Set(reverse(a)))",
    "a = [(i % 5000) * 0.25 + i // 2 for i in range(N)]\nprint(len(dict.fromkeys(a)), 'true' if set(a) == set(reversed(a)) else 'false')",
)
row(
    "first_key", "the first key of a dict is taken until none is left",
    'func first(d) { for k in d { return k } }\nfunc f(n) { mut d := {} for i in n { d["k${i}"] := i } mut c := 0 while len(d) > 0 { r := remove(d, first(d)) d := r[0] c += r[1] % 2 } '
    "return c }\nprint(f(N))",
    'from collections import OrderedDict\ndef f(n):\n  d = OrderedDict()\n  for i in range(n): d[f"k{i}"] = i\n  c = 0\n  while d:\n'
    "    c += d.pop(next(iter(d))) % 2\n  return c\nprint(f(N))",
)
row(
    "queue", "`queue_enqueue`, `queue_dequeue`",
    "func f(n) { mut q := Queue() mut k := 0 for i in n { q := queue_enqueue(q, i) } while !queue_is_empty(q) { [rest, x] := queue_dequeue(q) q := rest k += x % 2 } "
    "return k }\nprint(f(N))",
    "from collections import deque\ndef f(n):\n  q = deque()\n  k = 0\n  for i in range(n): q.append(i)\n  while q: k += q.popleft() % 2\n  return k\nprint(f(N))",
)
row(
    "dict_of_arrays", "`x := d[k]  x := push(x, i)  d[k] := x`",
    'func f(n) { mut d := {"a": []} k := "a" for i in n { x := d[k] x := push(x, i) d[k] := x } return len(d.a) }\nprint(f(N))',
    'def f(n):\n  d = {"a": []}\n  for i in range(n):\n    x = d["a"]\n    x.append(i)\n    d["a"] = x\n  return len(d["a"])\nprint(f(N))',
    'local d = {a = {}}\nfor i = 0, N - 1 do local x = d.a x[#x + 1] = i d.a = x end\nprint(#d.a)',
)
row(
    "rows_of_a_grid", "`row := g[i]  row[j] := v  g[i] := row`",
    "func f(n) { mut g := [range(n), range(n)] for i in n { row := g[i % 2] row[i] := 0 - i g[i % 2] := row } return g[0][n - 1] + g[1][n - 1] }\nprint(f(N))",
    "def f(n):\n  g = [list(range(n)), list(range(n))]\n  for i in range(n):\n    row = g[i % 2]\n    row[i] = -i\n    g[i % 2] = row\n  return g[0][n - 1] + g[1][n - 1]\nprint(f(N))",
)
row(
    "get_with_default", '`d[k] := push(get(d, k, []), i)`, `d[k] := push(d[k] ?? [], i)`, `get_default(d, k, "") + s`',
    'func f(n) { mut d := {"b": []} k := "b" for i in n { d["a"] := push(get(d, "a", []), i) d[k] := push(d[k] ?? [], i) d["t"] := get_default(d, "t", "") + "x" } '
    "return len(d.a) + len(d.b) + len(d.t) }\nprint(f(N))",
    'def f(n):\n  d = {"b": []}\n  t = ""\n  for i in range(n):\n    d.setdefault("a", []).append(i)\n    d["b"].append(i)\n    t += "x"\n  return len(d["a"]) + len(d["b"]) + len(t)\nprint(f(N))',
)
row(
    "methods_that_change", "`o.inner := o.inner.add(i)`, `list[j] := list[j].add(i)`",
    "struct Box { items func add(self, v) { self.items := push(self.items, v) return self } }\nstruct Outer { inner }\n"
    "func f(n) { mut o := Outer { inner: Box { items: [] } } mut list := [Box { items: [] }, Box { items: [] }] "
    "for i in n { o.inner := o.inner.add(i) list[i % 2] := list[i % 2].add(i) } return len(o.inner.items) + len(list[1].items) }\nprint(f(N))",
    "class Box:\n  def __init__(self): self.items = []\n  def add(self, v):\n    self.items.append(v)\n    return self\n"
    "def f(n):\n  inner = Box()\n  list = [Box(), Box()]\n  for i in range(n):\n    inner = inner.add(i)\n    list[i % 2] = list[i % 2].add(i)\n"
    "  return len(inner.items) + len(list[1].items)\nprint(f(N))",
)
row(
    "global_array", "`g := push(g, f(i))` with `g` a global and captured",
    "mut g := []\nfunc twice(x) { return x * 2 }\nfunc add(i) { g := push(g, twice(i)) }\nfor i in N { add(i) }\n"
    "func make() { mut c := [] return [func(i) { c := push(c, twice(i)) }, func() { return len(c) }] }\n"
    "p := make() put := p[0] size := p[1]\nfor i in N { put(i) }\nprint(len(g) + size())",
    "g = []\ndef twice(x): return x * 2\ndef add(i): g.append(twice(i))\nfor i in range(N): add(i)\n"
    "def make():\n  c = []\n  return lambda i: c.append(twice(i)), lambda: len(c)\nput, size = make()\nfor i in range(N): put(i)\nprint(len(g) + size())",
)
row(
    "list_by_recursion", "`o.next := append_to(o.next, v)`, n levels",
    "struct L { v, next }\nfunc append_to(o, v) { if o == null { return L { v: v, next: null } } o.next := append_to(o.next, v) return o }\n"
    "func f(n) { mut l := null for i in n { l := L { v: i, next: l } } for i in 10 { l := append_to(l, i) } mut k := 0 while l != null { k += 1 l := l.next } return k }\nprint(f(N))",
    sizes=LEVELS,
)
row(
    "rethrown", "an error caught and thrown again at each of n levels",
    'func f(k) { if k == 0 { throw("x") } try { f(k - 1) } except e { throw(e) } }\ntry { f(N) } except e { print(e.message, len(e.stack) > 0) }',
    sizes=LEVELS,
)
row(
    "caught_at_depth", "an error that goes up through n levels to a handler, ten times",
    'func f(k) { if k == 0 { throw("x") } return f(k - 1) + 1 }\nmut c := 0\nfor i in 10 { try { f(N) } except e { c += 1 } }\nprint(c)',
    sizes=LEVELS,
)


def times(engine, extension, programs, sizes, rounds, timeout, directory, complaints):
    """CPU seconds of a program at each size, without those of the start; None from the first that failed or took too long."""
    found = []
    for size in sizes:
        path = os.path.join(directory, "program" + extension)
        with open(path, "w", encoding="utf-8") as file:
            text = programs[engine.name]
            file.write("".join(str(size) if part == "N" else part for part in words(text)))
        results = [peers.run_once(engine.command + [path], timeout) for _ in range(rounds)]
        if None in results:
            found.append(None)
            break
        complaints.setdefault(size, {})[engine.name] = results[0][2]
        found.append(min(result[0] for result in results))
    return found + [None] * (len(sizes) - len(found))


def words(text):
    """A text in pieces, names apart from what is between them."""
    piece = ""
    for c in text:
        if (c.isalnum() or c == "_") != (piece[-1:].isalnum() or piece[-1:] == "_"):
            yield piece
            piece = ""
        piece += c
    yield piece


def growth(seconds):
    """How much longer each size takes than the one before it, where that can be told."""
    pairs = zip(seconds, seconds[1:])
    return [b / a if a is not None and b is not None and a >= SHORTEST else None for a, b in pairs]


def shown(value, form):
    return "-" if value is None else form % value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*", help="parts of names; all programs without")
    parser.add_argument("--ruff", default=os.path.join(peers.ROOT, "target", "release", "ruff"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--check", action="store_true", help="fail if a program grows more than --bound times per tenfold")
    parser.add_argument("--bound", type=float, default=30)
    parser.add_argument("--write-design", action="store_true", help="write the table into design/performance.md")
    options = parser.parse_args()

    engines = [(peers.Engine("ruff", [options.ruff, "run"], ".ruff", None), ".ruff")]
    for name, command, extension, flag in peers.PEERS:
        if name in ("python3", "lua5.4"):
            if peers.shutil.which(command[0]):
                engines.append((peers.Engine(name, command, extension, flag), extension))
            else:
                print("%s is not installed: left out" % name)
    chosen = [p for p in PROGRAMS if not options.programs or any(part in p[0] for part in options.programs)]

    lines = ["| program | sizes | seconds | per tenfold | Python | Lua |", "|---|---|---|---|---|---|"]
    complaints = []
    with tempfile.TemporaryDirectory() as directory:
        empty = {}
        for engine, extension in engines:
            programs = {engine.name: ""}
            empty[engine.name] = times(engine, extension, programs, [0], 5, options.timeout, directory, {})[0] or 0
        for name, what, programs, sizes in chosen:
            outputs, grown, seconds = {}, {}, {}
            for engine, extension in engines:
                if programs[engine.name] is None:
                    continue
                found = times(engine, extension, programs, sizes, options.rounds, options.timeout, directory, outputs)
                seconds[engine.name] = [None if s is None else max(s - empty[engine.name], peers.TICK) for s in found]
                grown[engine.name] = growth(seconds[engine.name])
            for size, texts in outputs.items():
                if len(set(texts.values())) > 1:
                    complaints.append("%s: outputs differ for %d: %s" % (name, size, texts))
            if None in seconds["ruff"]:
                complaints.append("%s: failed or took over %g s" % (name, options.timeout))
            elif any(ratio is not None and ratio > options.bound for ratio in grown["ruff"]):
                complaints.append("%s: grows %s times" % (name, [shown(r, "%.1f") for r in grown["ruff"]]))
            ratios = lambda engine: " ".join(shown(r, "%.1f") for r in grown.get(engine, [])) or "-"
            lines.append("| %s | %s | %s | %s | %s | %s |" % (
                what, " ".join("%d" % s for s in sizes), " ".join(shown(s, "%.3f") for s in seconds["ruff"]),
                ratios("ruff"), ratios("python3"), ratios("lua5.4"),
            ))
            print(lines[-1], flush=True)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if options.write_design:
        with open(peers.DESIGN, encoding="utf-8") as file:
            text = file.read()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        with open(peers.DESIGN, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)
    return 1 if options.check and complaints else 0


if __name__ == "__main__":
    sys.exit(main())
