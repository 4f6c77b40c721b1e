//! Ordinary programs cost what their turns cost: each runs with fuel for its turns, a number of units each, which a program that goes over
//! a text or a container in every turn has used up long before its end.

mod common;

use common::{ruff, run_in_fresh_directory};
use std::fmt::Write;

/// Turns of each program. A pass over a text of as many characters costs 150 units, one over an array of as many elements 2,500.
const TURNS: usize = 10_000;

/// What is done, the program (`N` is the number of turns), and the units for a turn.
const PROGRAMS: &[(&str, &str, usize)] = &[
    (
        "characters of a text that is not all ASCII",
        r#"func f(s, n) { mut k := 0 for i in n { j := (i * 7919) % n if s[i] == s[n - i] { k += 1 } k += len(char_at(s, j)) + len(substring(s, j, j + 5)) } return k }
           print(f("é" + repeat("x", N), N))"#,
        12,
    ),
    (
        "characters of several texts in turn",
        r#"mut t := [] for i in 40 { t := push(t, repeat("x", N) + "${i}é") } mut k := 0 for i in N { k += len(t[i % 40][i]) } print(k)"#,
        12 + 40,
    ),
    (
        "characters of a text that grows",
        r#"func f(n) { mut s := "é" mut k := 0 for i in n { s := s + "xé" k += len(s[i]) + len(s) } return k } print(f(N))"#,
        12,
    ),
    (
        "a text that begins with itself",
        r#"func f(n) { mut s := "" for i in n { s := "${s}${i},${s == null}" } return len(s) } print(f(N))"#,
        12,
    ),
    (
        "an array that begins with itself",
        "func f(n) { mut a := [] for i in n { a := [...a, i] a := [...a, i, i] } return len(a) } print(f(N))",
        12,
    ),
    (
        "a dict that begins with itself",
        r#"func f(n) { mut d := {} for i in n { d := {...d, "k${i}": i} } return len(d) } print(f(N))"#,
        12,
    ),
    (
        "elements of a set",
        r#"struct P { x, y }
           func f(n) { mut s := Set() mut k := 0
             for i in n { s := set_add(s, i * 0.001) s := set_add(s, [i, "a"]) s := set_add(s, P { x: i, y: null }) s := set_add(s, A::B(i)) s := set_add(s, Set([i, -3])) }
             for i in n { if set_has(s, [i, "a"]) { k += 1 } s := set_remove(s, i * 0.001) s := set_remove(s, P { x: i, y: null }) }
             return k + len(s) } print(f(N))"#,
        60,
    ),
    (
        "distinct elements, equal sets",
        "a := map(range(N), func(i) { return i * 0.5 }) b := map(a, func(x) { return [x] }) print(len(unique(a)), len(unique(b)), Set(b) == Set(reverse(b)))",
        60,
    ),
    (
        "the first entry of a dict, and of a set",
        r#"func f(n) { mut d := {} for i in n { d["k${i}"] := i } mut s := Set(range(n)) mut c := 0
             while len(d) > 0 { mut k := null for x in d { k := x break } r := remove(d, k) d := r[0] c += r[1] % 2 }
             while len(s) > 0 { mut k := null for x in s { k := x break } s := set_remove(s, k) c += 1 }
             return c } print(f(N))"#,
        40,
    ),
    (
        "queues and stacks",
        "func f(n) { mut q := Queue() mut s := Stack() mut k := 0 for i in n { q := queue_enqueue(q, i) s := stack_push(s, i) } \
         while !queue_is_empty(q) { [rest, x] := queue_dequeue(q) q := rest; [below, y] := stack_pop(s) s := below k += x - y } return k } print(f(N))",
        40,
    ),
];

#[test]
fn a_turn_costs_the_same_whatever_came_before() {
    let mut report = String::new();
    for &(name, source, units) in PROGRAMS {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program.ruff");
        let number = TURNS.to_string();
        let words: Vec<&str> = source.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let text: String = words
            .iter()
            .map(|word| match word.strip_prefix('N') {
                Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => format!("{number}{rest}"),
                _ => (*word).to_owned(),
            })
            .collect();
        std::fs::write(&program, text).unwrap();
        for level in ["-O0", "-O2"] {
            let mut command = ruff();
            command.args(["run", level, &format!("--fuel={}", units * TURNS)]).arg(&program);
            let end = run_in_fresh_directory(command);
            if end.code != Some(0) {
                writeln!(report, "{name} {level}: ends with {}\n{}", end.code_text(), end.err).unwrap();
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
