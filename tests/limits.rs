//! Limits of the host: fuel and memory end a program that cannot catch it; with more fuel it goes on where it was.

mod common;

use ruff::base::source::SourceMap;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Compiled, Limit, Outcome};
use ruff::runtime::heap;
use ruff::runtime::host::Host;

fn compile(text: &str) -> Compiled {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text).unwrap();
    let options = CompileOptions { verify: true, ..CompileOptions::default() };
    pipeline::compile(&mut sources, main, &options, &mut |_, _| {})
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// How a program ends with these limits, what it has written, and how many units it has used.
fn run(text: &str, limits: Limits) -> (Outcome, String, u64) {
    let mut execution = Execution::new(&compile(text), Host::captured(""), limits);
    let outcome = execution.run();
    let used = limits.fuel.unwrap_or(0) - execution.fuel().unwrap_or(0);
    (outcome, execution.host().take_output().0, used)
}

fn fuel(units: u64) -> Limits {
    Limits { fuel: Some(units), memory: None }
}

fn memory(bytes: usize) -> Limits {
    Limits { fuel: None, memory: Some(bytes) }
}

#[track_caller]
fn runs_out(text: &str, limits: Limits, expected: Limit) {
    let before = heap::live_objects();
    let (outcome, output, _) = run(text, limits);
    assert!(matches!(outcome, Outcome::Stopped(limit, _) if limit == expected), "{text}: {outcome:?}");
    assert_eq!(output, "", "{text}");
    assert_eq!(heap::live_objects(), before, "{text}");
}

/// Programs that never end, or not in anybody's lifetime, each in its own way.
const ENDLESS: &[&str] = &[
    "while true { }",
    "loop { }",
    "mut i := 0 while i >= 0 { i := i + 1 if i > 5 { i := 0 } }",
    "for i in 1000000000000 { }",
    "mut t := 0 for i in 1000000000000 { t := t + 1 } print(t)",
    "mut t := 0 mut i := 0 while i < 1000000000000 { t := t + 1 i := i + 1 } print(t)",
    "mut t := 0.5 for i in 1000000000000 { t := t + 1.5 } print(t)",
    "mut a := range(100) while true { for i in 100 { a[i] := 0 } }",
    "func f(n) { return f(n) } while true { try { f(1) } except e { } }",
    "func f(n) { if n < 2 { return n } return f(n - 1) + f(n - 2) } f(80)",
    "func* g() { while true { yield 1 } } for x in g() { }",
    "func* g() { while true { yield 1 } } g().collect()",
    "func* g() { mut i := 0 while true { yield i i := i + 1 } } g().map(func(x) { return x + 1 }).filter(func(x) { return x < 0 }).collect()",
    "while true { try { throw(\"x\") } except e { } }",
    "async func f() { while true { } } await f()",
    "async func f(x) { return x } while true { await f(1) }",
    "struct P { x, func op_add(self, o) { return self } } mut p := P { x: 1 } while true { p := p + p }",
    "mut a := [1] for i in 60 { a := [a, a] } b := to_string(a)",
    "mut a := [1] for i in 60 { a := [a, a] } b := \"${a}\"",
    "mut a := [1] for i in 60 { a := [a, a] } b := \"\" + to_json([a, a])",
    "mut a := [1] for i in 60 { a := [a, a] } b := to_json(a)",
    "mut d := {} for i in 1000 { d[i] := i } while true { e := keys(d) }",
];

#[test]
fn whatever_does_not_end_runs_out_of_fuel() {
    for text in ENDLESS {
        runs_out(text, fuel(200_000), Limit::Fuel);
        let inside = format!("try {{ {text} }} except e {{ print(e) }} print(1)");
        if !text.starts_with("struct") && !text.starts_with("func") && !text.starts_with("async") {
            runs_out(&inside, fuel(200_000), Limit::Fuel);
        }
    }
}

/// One call of a builtin that would do very much: refused before it starts.
#[test]
fn large_work_in_one_builtin_is_charged_before_it_is_done() {
    let calls = [
        "range(100000000)",
        "repeat(\"x\", 1000000000)",
        "pad_left(\"x\", 900000000, \"ab\")",
        "pad_right(\"x\", 900000000, \"ab\")",
        "random_id(900000000)",
        "join(range(0, 200000, 1), repeat(\"x\", 4000))",
        "replace(repeat(\"x\", 30000), \"x\", repeat(\"y\", 30000))",
    ];
    for call in calls {
        runs_out(&format!("a := {call}"), fuel(100_000), Limit::Fuel);
        runs_out(&format!("try {{ a := {call} }} except e {{ print(1) }} print(2)"), fuel(100_000), Limit::Fuel);
        let before = heap::stats().peak_bytes;
        runs_out(&format!("a := {call}"), memory(10_000_000), Limit::Memory);
        assert!(heap::stats().peak_bytes < before.max(heap::stats().live_bytes + 10_000_000), "{call}");
    }
}

#[test]
fn growing_values_run_out_of_memory() {
    let programs = [
        "mut a := [] while true { a := push(a, 1) }",
        "mut s := \"\" while true { s := s + \"some more text\" }",
        "mut d := {} mut i := 0 while true { d[i] := i i := i + 1 }",
        "mut a := [1] while len(a) > 0 { a := [a, a] }",
        "func f(n) { return f([n]) } f(1)",
        "mut a := [] while true { mut c := 0 a := push(a, func() { c := c + 1 return a }) }",
        "mut a := [range(100)] while true { a[0] := push(a[0], 1) }",
        "mut q := Queue([]) while true { q := queue_enqueue(q, 1) }",
        "func* g() { mut a := [] while true { a := push(a, 1) yield 1 } } for x in g() { }",
        "async func f() { mut a := [] while true { a := push(a, 1) } } await f()",
    ];
    for text in programs {
        runs_out(text, memory(2_000_000), Limit::Memory);
        if !text.starts_with("func") && !text.starts_with("async") {
            runs_out(&format!("try {{ {text} }} except e {{ print(1) }} print(2)"), memory(2_000_000), Limit::Memory);
        }
    }
}

/// 2^60 ways through each, and 60 pairs.
#[test]
fn shared_parts_are_compared_once() {
    let text = "mut a := [1] mut b := [1] for i in 60 { a := [a, { \"k\": a }] b := [b, { \"k\": b }] }\n\
                print(a == a, a == b, a != [b], [a] == [b, b], assert_equal(a, b))";
    let (outcome, output, used) = run(text, fuel(100_000));
    assert_eq!((outcome, &*output), (Outcome::Finished, "true true true false true\n"));
    assert!(used < 20_000, "{used}");
    let text = "mut a := [1] mut b := [1] for i in 60 { a := [a, a] b := [b, b] } print(Set([0, a]) == Set([b, 0]), set_has(Set([a]), [b]))";
    let (outcome, output, _) = run(text, fuel(200_000));
    assert_eq!((outcome, &*output), (Outcome::Finished, "true false\n"));
    let text = "let inf := 1e308 * 10.0 mut a := [inf - inf] for i in 60 { a := [a, a] } print(a == a)";
    let (outcome, output, _) = run(text, fuel(100_000));
    assert_eq!((outcome, &*output), (Outcome::Finished, "false\n"));
}

#[test]
fn garbage_does_not_count() {
    let text = "mut i := 0 while i < 20000 { a := range(100) mut f := null f := func() { return [f, a] } i := i + 1 } print(i)";
    let (outcome, output, _) = run(text, memory(1_000_000));
    assert_eq!((outcome, &*output), (Outcome::Finished, "20000\n"));
}

#[test]
fn work_is_counted_alike_every_time() {
    let text = "mut t := 0 for i in 1000 { t := t + len(sort([i, 2, 1])) } print(t)";
    let runs: Vec<u64> = (0..3).map(|_| run(text, fuel(1_000_000)).2).collect();
    assert!(runs[0] > 3000 && runs.iter().all(|&used| used == runs[0]), "{runs:?}");
    let exact = run(text, fuel(runs[0]));
    assert_eq!((exact.0, &*exact.1), (Outcome::Finished, "3000\n"));
    assert!(matches!(run(text, fuel(runs[0] - 1)).0, Outcome::Stopped(Limit::Fuel, _)));
}

/// A test for null whose result takes the register of what dies there.
#[test]
fn what_dies_in_a_test_for_null_is_released() {
    let program = compile("t := spawn_task(async func() { return 5 })\nr := await await_task(t)\n?.print(r)\n");
    let before = heap::live_objects();
    let mut execution = Execution::new(&program, Host::captured(""), Limits::default());
    assert!(matches!(execution.run(), Outcome::Error(_)));
    drop(execution);
    assert_eq!(heap::live_objects(), before);
}

/// However the fuel is dealt out, the program does the same.
#[test]
fn a_program_goes_on_exactly_where_it_was() {
    let text = r#"
struct P { x, func op_add(self, o) { return P { x: self.x + o.x } } func show(self) { return "P${self.x}" } }
func* odd(n) { for i in n { if i % 2 == 1 { yield [i, "v${i}"] } } }
async func slow(x) { if x > 2 { throw("big ${x}") } return range(x) }
func f(a, i) { mut b := a  b[i] := "f" + to_string(i)  return b }
mut out := []
mut table := { "a": [1, 2], "b": [] }
for pair in odd(9) {
  out := push(out, pair)
  table["b"] := push(table["b"], join(pair, "-"))
  try { out := push(out, await slow(pair[0])) } except e { out := push(out, e.message) }
}
mut p := P { x: 1 }
while p.x < 20 { p := p + p }
handlers := { "run": upper, "twice": func(x) { return x * 2 } }
print(out, table, p.show(), handlers.run("shout"), handlers.twice(4))
print(map([3, 1, 2], func(x) { return f([x, x], 1) }), sort_by([3, 1, 2], func(x) { return -x }), unique([[1], [1], [2]]))
print(await promise_all(map([1, 2], slow)), await parallel_map([1, 2], to_string))
mut big := range(3000)
big[0] := reverse(big)
print(len(to_json(big)), len("${big}"), big == big, sum(map(big, func(x) { return len(to_string(x)) })))
"#;
    let (outcome, whole, used) = run(text, fuel(u64::MAX - 1));
    assert_eq!(outcome, Outcome::Finished);
    let program = compile(text);
    for portion in [1, 2, 3, 7, 50, 999, used - 1] {
        let before = heap::live_objects();
        let mut execution = Execution::new(&program, Host::captured(""), fuel(portion));
        let mut pauses = 0;
        let end = loop {
            match execution.run() {
                Outcome::Stopped(Limit::Fuel, _) => execution.add_fuel(portion),
                end => break end,
            }
            pauses += 1;
            assert!(pauses <= used, "{portion}: {pauses} pauses of {used} units");
        };
        assert_eq!((end, execution.host().take_output().0), (Outcome::Finished, whole.clone()), "{portion}");
        assert!(pauses >= 1);
        drop(execution);
        assert_eq!(heap::live_objects(), before, "{portion}");
    }
}

#[test]
fn the_command_line_names_limit_and_place() {
    let run = |flags: &[&str], code: &str| {
        let mut command = common::ruff();
        command.arg("run").args(flags).args(["-e", code]);
        common::run(command, None)
    };
    let code = "func f() {\n  while true { }\n}\nprint(1)\ntry { f() } except e { print(2) }";
    let ended = run(&["--fuel=1000"], code);
    assert_eq!((ended.code, &*ended.out), (Some(6), "1\n"), "{}", ended.err);
    assert!(ended.err.contains("Runtime Error: Fuel limit of 1000 exceeded\n  --> <eval>:2:"), "{}", ended.err);
    assert!(ended.err.contains("  0 at f"), "{}", ended.err);
    let ended = run(&["--max-memory=1000000"], "mut a := []\nwhile true {\n  a := push(a, a)\n}");
    assert_eq!(ended.code, Some(6), "{}", ended.err);
    assert!(
        ended.err.contains("Runtime Error: Memory limit of 1000000 bytes exceeded\n  --> <eval>:"),
        "{}",
        ended.err
    );
    let ended = run(&["--fuel=1000000", "--max-memory=1000000", "--stats"], "print(sum(range(1000)))");
    assert_eq!((ended.code, &*ended.out), (Some(0), "499500\n"), "{}", ended.err);
}
