//! Ordinary ways to change containers and strings copy nothing: each program runs with `--stats`, which must report no copies on write, and for
//! the programs that build strings hardly any allocations.

mod common;

use common::{ruff, run_in_fresh_directory};
use std::fmt::Write;

/// Programs whose allocations are few, whatever the number of iterations: what is built is appended to in place.
const STRINGS: &[(&str, &str)] = &[
    ("global", r#"mut s := "" func f(x) { for i in range(2000) { s := s + x + "\n" } } f("abc") print(len(s))"#),
    (
        "cell",
        r#"func mk() { mut s := "" return func(x) { s := s + x + "," + x return null } } add := mk()
           for i in range(2000) { add("abc") }"#,
    ),
    (
        "interpolation",
        r#"func f(x) { mut s := "" mut t := repeat("t", 300) for i in 2000 { s := "${s}${x},${i}" t := "${t}é" } return len(s) + len(t) }
           mut u := repeat("u", 300) for i in 2000 { u := "${u}${i}x" } print(f("abc"), len(u))"#,
    ),
    (
        "element",
        r#"mut d := {"k": "", "j": {"t": ""}} k := "k"
           func f(x) { for i in range(2000) { d[k] := d[k] + x + "\n" d.j.t := d.j.t + "a" + k + x } } f("abc")"#,
    ),
    (
        "local element",
        r#"func f(x) { mut d := {"k": ""} mut s := ""
           for i in range(2000) { d["k"] := d["k"] + x + x d["k"] += x s := s + x + x s += x } return len(s) }
           print(f("abc"))"#,
    ),
    (
        "field",
        r#"struct B { text: string func add(self, t) { self.text := self.text + t + "\n" return self } }
           mut b := B { text: "" } for i in range(2000) { b.text := b.text + "x" + "y" } print(len(b.text))"#,
    ),
];

/// Programs that share nothing.
const CONTAINERS: &[(&str, &str)] = &[
    (
        "swaps",
        "mut a := [] mut b := [] for i in range(100) { a := push(a, i) b := push(b, i) }
         func f(a) { for i in range(99) { t := a[i] a[i] := a[i + 1] a[i + 1] := t } return a }
         func g() { for i in range(99) { t := b[i] b[i] := b[i + 1] b[i + 1] := t } }
         a := f(a) g() a := f(a)
         for i in range(99) { [x, y] := [a[i + 1], a[i]] a[i] := x a[i + 1] := y }",
    ),
    (
        "nested swaps",
        "mut a := [] for i in range(100) { a := push(a, [i]) }
         for i in range(99) { t := a[i] a[i] := a[i + 1] a[i + 1] := t a[i][0] += 1 }",
    ),
    (
        "matrix",
        "func f(n) { mut m := []
           for i in range(n) { mut r := [] for j in range(n) { r := push(r, 0) } m := push(m, r) }
           for i in range(n) { for j in range(n) { m[i][j] := i * j m[i][j] += 1 m[i][j] := m[i][j] + 2 } }
           for i in range(n - 1) { for j in range(1, n) { m[i + 1][j - 1] := m[i + 1][j - 1] + m[i][j] } } return m }
         print(len(f(20)))",
    ),
    (
        "matrix of a global",
        "mut m := []
         func init(n) { for i in range(n) { mut r := [] for j in range(n) { r := push(r, 0) } m := push(m, r) } }
         func f(n) { for i in range(n - 1) { for j in range(n) {
           m[i][j] := i * j m[i][j] += 1 m[i + 1][j] := m[i + 1][j] + m[i][j] } } }
         init(20) f(20)",
    ),
    (
        "matrix of a cell",
        "func mk(n) { mut m := []
           init := func() { for i in range(n) { mut r := [] for j in range(n) { r := push(r, 0) } m := push(m, r) } }
           f := func() { for i in range(n) { for j in range(n) { m[i][j] := i m[i][j] += 1 m[i][j] := m[i][j] + 2 } } }
           init() f() return len(m) }
         print(mk(20))",
    ),
    (
        "try bodies",
        "func f(n) { mut m := []
           try { for i in range(n) { mut r := [] for j in range(n) { r := push(r, 0) } m := push(m, r) }
             for i in range(n) { for j in range(n) { m[i][j] := i * j m[i][j] += 1 } } m[1000][3] := 1
           } except e { m := push(m, len(m)) }
           for i in range(n) {
             try { m[i][1] += i m[i][2] := m[i][2] + m[i][1] m[i][70] := 1 } except e { m[i][0] := m[i][0] + 1 } }
           return m }
         print(len(f(20)))",
    ),
    (
        "memo",
        r#"mut cache := {}
           func fib(n) { if n < 2 { return n } if has_key(cache, n) { return cache[n] }
             v := fib(n - 1) + fib(n - 2) cache[n] := v return v }
           func mk() { mut cache := {} mut fib := null
             fib := func(n) { if n < 2 { return n } k := "${n}" if has_key(cache, k) { return cache[k] }
               v := fib(n - 1) + fib(n - 2) cache[k] := v return v } return fib }
           f := mk() print(fib(60), f(60))"#,
    ),
    (
        "rows",
        "func rows(n) { mut out := []
           for i in range(n) { mut row := [] for j in range(n) { row := push(row, i * j) } out := push(out, row) }
           return out }
         mut out := [] for i in range(20) { out := push(out, []) for j in range(20) { out[i] := push(out[i], i * j) } }
         print(len(rows(20)))",
    ),
    (
        "computed keys",
        r#"mut d := {"0": [], "1": [], "2": []} words := ["a", "b", "c"] mut counts := {"a": 0, "b": 0, "c": 0}
           func f() { for i in range(200) { d[i % 3] := push(d[i % 3], i) counts[words[i % 3]] := counts[words[i % 3]] + 1
             k := i % 3 d["${k}"] := push(d["${k}"], words[k] + "x") d[len(words) - 1] := push(d[len(words) - 1], i) } }
           f() for i in range(200) { d[i % 3] := push(d[i % 3], i) }"#,
    ),
    (
        "functions that change their argument",
        "func f(a) { a[0] := a[0] + 1 a := push(a, 1) return a }
         func go(n, acc) { if n == 0 { return acc } return go(n - 1, push(acc, n)) }
         mut a := [0] for i in range(100) { a := f(a) } print(len(a), len(go(100, [])))",
    ),
    (
        "sort in place",
        "func qs(a, lo, hi) { if lo >= hi { return a } p := a[hi] mut i := lo
           for j in range(lo, hi) { if a[j] < p { t := a[i] a[i] := a[j] a[j] := t i += 1 } }
           t := a[i] a[i] := a[hi] a[hi] := t a := qs(a, lo, i - 1) a := qs(a, i + 1, hi) return a }
         mut a := [] for i in range(100) { a := push(a, (i * 7919) % 211) } a := qs(a, 0, 99) print(a[0])",
    ),
    (
        "builtins on a register",
        r#"func f() { mut a := [] mut d := {} for i in range(100) { a := insert(a, 0, i) d["${i}"] := i }
           for i in range(10) { r := pop(a) a := r[0] } for i in range(10) { [rest, v] := pop(a) a := rest }
           for i in range(10) { a := pop(a)[0] r := remove_at(a, 2) a := r[0] }
           for i in range(10) { a := sort(a) a := reverse(a) a := concat(a, [i]) a := [...a, i] }
           for i in range(100) { r := remove(d, "${i}") d := r[0] } return len(a) }
         print(f())"#,
    ),
    (
        "builtins on a global",
        "mut a := [] mut d := {\"n\": {\"s\": []}} mut s := Stack([]) mut q := Queue([])
         func fill() { for i in range(200) { a := insert(a, 0, i) d.n.s := push(d.n.s, i) s := stack_push(s, i)
           q := queue_enqueue(q, i) } for i in range(10) { a := sort(a) a := reverse(a) a := concat(a, [i]) a := skip(a, 1) } }
         func drain() { mut t := 0
           while len(a) > 150 { r := pop(a) a := r[0] t += r[1] }
           while len(a) > 100 { [rest, v] := pop(a) a := rest t += v }
           while len(a) > 50 { a := pop(a)[0] }
           while len(a) > 0 { let r := remove_at(a, 0) let v := r[1] a := r[0] t += v }
           while len(d.n.s) > 0 { [rest, _] := pop(d.n.s) d.n.s := rest }
           while stack_size(s) > 0 { r := stack_pop(s) s := r[0] t += r[1] }
           while queue_size(q) > 0 { r := queue_dequeue(q) q := r[0] t += r[1] } return t }
         fill() print(drain())",
    ),
    (
        "a stack in a struct",
        "struct S { items: array
           func put(self, x) { self.items := push(self.items, x) return self }
           func take(self) { r := pop(self.items) self.items := r[0] return self } }
         mut s := S { items: [] } for i in range(100) { s := s.put(i) } for i in range(100) { s := s.take() }
         for i in range(100) { s.items := push(s.items, i) } for i in range(100) { r := pop(s.items) s.items := r[0] }
         print(len(s.items))",
    ),
    (
        "spreads",
        r#"func f(n) { mut a := [] mut d := {} for i in n { a := [...a, i] d := {...d, "k${i}": i} } return len(a) + len(d) }
           mut a := [1] for i in 100 { a := [...a, i, [i]] } print(f(100), len(a))"#,
    ),
    (
        "sets",
        r#"mut s := Set() for i in 100 { s := set_add(s, [i]) s := set_add(s, i * 0.5) } for i in 90 { s := set_remove(s, [i]) }
           mut d := {} for i in 100 { d["k${i}"] := i }
           while len(d) > 0 { mut first := null for k in d { first := k break } r := remove(d, first) d := r[0] } print(len(s), len(d))"#,
    ),
    (
        "graph search",
        r#"mut graph := {} for i in range(50) { graph["${i}"] := [(i + 1) % 50, (i * 7) % 50] }
           mut seen := {} mut order := []
           func dfs(n) { if has_key(seen, n) { return null } seen[n] := true order := push(order, n)
             for m in graph[n] { dfs(m) } }
           dfs(0) mut q := [0] mut head := 0
           while head < len(q) { x := q[head] head += 1 if x < 40 { q := push(q, x + 1) } } print(len(order), len(q))"#,
    ),
    (
        "grouping",
        r#"words := ["a", "b", "c", "a"] mut counts := {} mut groups := {}
           for w in words { if has_key(counts, w) { counts[w] := counts[w] + 1 } else { counts[w] := 1 }
             if !(has_key(groups, w) == 1) { groups[w] := [] } groups[w] := push(groups[w], w) counts[w] += 1 }
           print(counts, groups)"#,
    ),
];

/// The number in front of a line of the statistics.
fn reported(text: &str, line: &str) -> Option<u64> {
    text.lines().find(|found| found.ends_with(line))?.split_whitespace().next()?.parse().ok()
}

#[test]
fn ordinary_updates_copy_nothing() {
    let mut report = String::new();
    let programs = STRINGS.iter().map(|case| (case, 150)).chain(CONTAINERS.iter().map(|case| (case, u64::MAX)));
    for (&(name, source), most) in programs {
        for level in ["-O0", "-O2"] {
            let directory = tempfile::tempdir().unwrap();
            let program = directory.path().join("program.ruff");
            std::fs::write(&program, source).unwrap();
            let mut command = ruff();
            command.args(["run", "--stats", level]).arg(&program);
            let end = run_in_fresh_directory(command);
            if end.code != Some(0) {
                writeln!(report, "{name} {level}: ends with {}\n{}", end.code_text(), end.err).unwrap();
                continue;
            }
            let copies = reported(&end.err, "  copies on write");
            let allocations = reported(&end.err, "  allocations");
            if copies != Some(0) || allocations.is_none_or(|count| count > most) {
                writeln!(report, "{name} {level}: copies {copies:?}, allocations {allocations:?}").unwrap();
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// What is taken out of a place, changed and put back: a declaration of the place's root and of what else is needed, the statements of
/// one turn, and the name of the root.
const TAKEN_OUT: &[(&str, &str, &str)] = &[
    (r#"mut d := {"a": []}"#, "x := d[k] x := push(x, i) d[k] := x", "d"),
    ("mut g := [[0, 0], [0, 0]]", "row := g[n] row[1] := i g[n] := row", "g"),
    ("mut d := {}", "d[k] := push(get(d, k, []), i)", "d"),
    (r#"mut d := {"a": null}"#, "d[k] := push(d[k] ?? [], i)", "d"),
    ("mut d := {}", r#"d[k] := get_default(d, k, "") + "and some text""#, "d"),
    ("mut d := {}", "mut x := [] if has_key(d, k) { x := d[k] } x := push(x, i) d[k] := x", "d"),
    ("mut g := []", "g := push(g, f(i))", "g"),
    ("mut s := [1, 2, 3]", "s := push(s, i) r := pop(s) s := r[0] v := r[1]", "s"),
    ("mut o := Bag { items: [1] }", "o.items := push(o.items, i) r := pop(o.items) o.items := r[0]", "o"),
    ("mut o := Bag { items: [1] }", "o.items := push(o.items, f(i)) o.items := pop(o.items)[0]", "o"),
];

/// The same where the value is changed by a call, or in a loop, or at two levels.
const TAKEN_OUT_OVER_CALLS: &[(&str, &str, &str)] = &[
    ("mut g := [[0, 0], [0, 0]]", "row := g[n] for j in range(2) { row[j] := f(i) } g[n] := row", "g"),
    ("mut o := Bag { items: Bag { items: [] } }", "o.items := o.items.add(i)", "o"),
    ("mut l := [Bag { items: [] }, Bag { items: [] }]", "l[n] := l[n].add(len(l))", "l"),
    ("mut l := [Bag { items: [] }, Bag { items: [] }]", "l[i % 2] := l[i % 2].add(f(i))", "l"),
    ("mut o := {\"next\": null}", "o.next := append(o.next, i)", "o"),
    ("mut g := [[[]]]", "row := g[0] x := row[0] x := push(x, i) row[0] := x g[0] := row", "g"),
    ("mut g := [[[]]]", "row := g[0] x := row[0] x := grow(x, f(i)) row[0] := x g[0] := row", "g"),
    ("mut x := []", "x := grow(x, i)", "x"),
    ("mut x := []", "x := x |> grow(i)", "x"),
    ("mut d := {\"a\": []}", "d[k] := grow(d[k], f(i))", "d"),
    ("mut o := Bag { items: [[], []] }", "o.items[n] := push(o.items[n], f(i))", "o"),
    ("mut o := Bag { items: [[], []] }", "o.items[n] := grow(o.items[n], f(i))", "o"),
    (
        "mut o := Bag { items: [] }",
        "x := o.items if i % 2 == 0 { x := grow(x, i) } else { x := push(x, f(i)) } o.items := x",
        "o",
    ),
];

/// Programs that do that in every place where a variable can be.
fn taken_out((declaration, turn, root): (&str, &str, &str)) -> Vec<String> {
    let before = "struct Bag { items: any func add(self, v) { self.items := push(self.items, v) return self } }
        func f(x) { return x + 1 }
        func grow(x, y) { x := push(x, y) return x }
        func append(node, v) { if node == null { return {\"next\": null, \"v\": v} }
          node.next := append(node.next, v) return node }\n";
    let turns = format!("for i in range(40) {{ {turn} }}");
    let own = turns
        .replace(&format!(" {root}"), &format!(" self.{root}"))
        .replace(&format!("({root}"), &format!("(self.{root}"));
    vec![
        format!("{before} func go(k, n) {{ {declaration} {turns} return {root} }} go(\"a\", 1)"),
        format!("{before} k := \"a\" n := 1 {declaration} {turns}"),
        format!(
            "{before} struct M {{ z: int func go(self, k, n) {{ {declaration} {turns} }} }} M {{ z: 1 }}.go(\"a\", 1)"
        ),
        format!(
            "{before} struct M {{ {root}: any func go(self, k, n) {{ {own} return self }} }}
             {declaration} mut m := M {{ {root}: {root} }} {root} := 0 m := m.go(\"a\", 1)"
        ),
        format!("{before} {declaration} func go(k, n) {{ {turns} }} go(\"a\", 1)"),
        format!(
            "{before} func mk() {{ {declaration} return func(k, n) {{ {turns} return {root} }} }} h := mk() h(\"a\", 1)"
        ),
        format!(
            "{before} {declaration} func go(i, k, n) {{ {turn} }} func show() {{ return {root} }}
             for i in range(40) {{ go(i, \"a\", 1) }} show()"
        ),
    ]
}

#[test]
fn what_is_taken_out_and_put_back_is_not_copied() {
    let all = TAKEN_OUT.iter().chain(TAKEN_OUT_OVER_CALLS).copied();
    let mut report = String::new();
    for program in all.flat_map(taken_out) {
        for level in ["-O0", "-O1", "-O2"] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("program.ruff");
            std::fs::write(&path, &program).unwrap();
            let mut command = ruff();
            command.args(["run", "--stats", level]).arg(&path);
            let end = run_in_fresh_directory(command);
            let copies = reported(&end.err, "  copies on write");
            if copies != Some(0) {
                writeln!(report, "{level}: copies {copies:?}\n{program}\n{}", end.err).unwrap();
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn a_shared_array_is_copied_once() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program.ruff");
    std::fs::write(&program, "mut a := [1, 2] b := a a[0] := 3 a[1] := 4 print(a, b)").unwrap();
    let mut command = ruff();
    command.args(["run", "--stats"]).arg(&program);
    let end = run_in_fresh_directory(command);
    assert_eq!(reported(&end.err, "  copies on write"), Some(1), "{}", end.err);
}
