//! Faults on purpose: the fuel ends, the memory is full, a builtin raises, each at the n-th opportunity, in programs from every area.
//! Afterwards nothing is leaked, no update is half done, and the next program runs.
//!
//! `RUFF_INJECTIONS=N` tries N places in every program (a long run: 200).

use ruff::base::source::SourceMap;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Compiled, Limit, Outcome};
use ruff::runtime::host::Host;
use ruff::runtime::{budget, heap};
use std::cell::Cell;
use std::path::{Path, PathBuf};

const NO_LIMIT: Limits = Limits { fuel: Some(u64::MAX - 1), memory: Some(1 << 40) };

/// Programs of their own, not too long, that leave the world as it is.
fn programs() -> Vec<(PathBuf, Compiled)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut found = Vec::new();
    for area in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        if ["modules", "builtins-host", "host"].iter().any(|outside| area.ends_with(outside)) {
            continue;
        }
        for path in std::fs::read_dir(area).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|kind| kind == "ruff") && path.with_extension("out").exists() {
                found.push(path);
            }
        }
    }
    found.sort();
    let every = if places() > 10 { 1 } else { 3 };
    let programs: Vec<(PathBuf, Compiled)> =
        found.into_iter().step_by(every).filter_map(|path| Some((path.clone(), compile(&path)?))).collect();
    assert!(programs.len() > 100, "only {} programs", programs.len());
    programs
}

/// Places tried in every program.
fn places() -> u64 {
    std::env::var("RUFF_INJECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn compile(path: &Path) -> Option<Compiled> {
    let text = std::fs::read_to_string(path).unwrap();
    if ["sleep", "random", "time", "now", "exit("].iter().any(|word| text.contains(word)) {
        return None;
    }
    compile_text(&text)
}

fn compile_text(text: &str) -> Option<Compiled> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text).unwrap();
    pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {}).ok()
}

thread_local! {
    /// Runs of the test on this thread.
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

/// What a complaint begins with.
fn after() -> String {
    format!("\nafter {} runs", RUNS.get())
}

/// One run, with its output, units and allocations used; nothing is left of it.
#[track_caller]
fn run(program: &Compiled, limits: Limits) -> (Outcome, String, u64, u64) {
    RUNS.set(RUNS.get() + 1);
    let before = heap::live_objects();
    let allocations = heap::stats().allocations;
    let mut execution = Execution::new(program, Host::captured(""), limits);
    let outcome = execution.run();
    let used = limits.fuel.unwrap_or(0) - execution.fuel().unwrap_or(0);
    let output = execution.host().take_output().0;
    drop(execution);
    heap::fail_allocation(None);
    budget::refuse_call(0);
    let left = heap::live_objects().wrapping_sub(before) as i64;
    assert!(left == 0, "{}: {left} objects are left", after());
    (outcome, output, used, heap::stats().allocations - allocations)
}

/// Numbers below `total`, evenly spread, and the first ones.
fn spread(total: u64) -> Vec<u64> {
    let mut all: Vec<u64> =
        (0..places()).flat_map(|i| [i, total * i / places(), total.saturating_sub(i + 1)]).collect();
    all.retain(|&n| n < total);
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn fuel_ends_anywhere() {
    let (mut tried, mut spent) = (0, 0);
    for (path, program) in programs() {
        let (outcome, output, used, _) = run(&program, NO_LIMIT);
        for n in spread(used.min(100_000)) {
            let limits = Limits { fuel: Some(n), ..NO_LIMIT };
            let (stopped, part, taken, _) = run(&program, limits);
            if stopped == outcome && taken == n {
                // Work that is charged when it is done takes what is left: a program that ends with it has not to stop.
                assert_eq!(part, output, "{} with {n}", path.display());
                spent += 1;
                continue;
            }
            assert!(matches!(stopped, Outcome::Stopped(Limit::Fuel, _)), "{} with {n}: {stopped:?}", path.display());
            assert!(output.starts_with(&part), "{} with {n}", path.display());
            let mut execution = Execution::new(&program, Host::captured(""), limits);
            execution.run();
            execution.add_fuel(u64::MAX / 2);
            assert_eq!(execution.run(), outcome, "{} after {n}", path.display());
            assert_eq!(execution.host().take_output().0, output, "{} after {n}", path.display());
            tried += 1;
        }
        assert_eq!(run(&program, NO_LIMIT).0, outcome);
    }
    assert!(tried > 300 && spent * 100 < tried, "{tried}, {spent} ended with the last unit");
}

#[test]
fn memory_is_full_anywhere() {
    let (mut tried, mut stopped) = (0, 0);
    for (path, program) in programs() {
        let (outcome, output, _, allocations) = run(&program, NO_LIMIT);
        for n in spread(allocations.min(100_000)) {
            heap::fail_allocation(Some(n));
            let (ended, part, ..) = run(&program, NO_LIMIT);
            let full = matches!(ended, Outcome::Stopped(Limit::Memory, _));
            assert!(full || ended == outcome, "{} with {n}: {ended:?}", path.display());
            assert!(output.starts_with(&part), "{} with {n}", path.display());
            tried += 1;
            stopped += usize::from(full);
        }
        assert_eq!(run(&program, NO_LIMIT).1, output);
    }
    assert!(tried > 300 && stopped * 2 > tried, "{stopped} of {tried}");
}

#[test]
fn builtins_raise_anywhere() {
    let mut raised = 0;
    for (path, program) in programs() {
        let (outcome, output, ..) = run(&program, NO_LIMIT);
        for n in 1..=4 * places() {
            budget::refuse_call(n);
            let (ended, other, ..) = run(&program, Limits { fuel: Some(2_000_000), ..NO_LIMIT });
            if (&ended, &other) == (&outcome, &output) {
                break;
            }
            assert!(!matches!(ended, Outcome::Stopped(Limit::Memory, _)), "{}", path.display());
            raised += 1;
        }
        assert!(run(&program, NO_LIMIT).1 == output, "{}: {}", after(), path.display());
    }
    assert!(raised > 300, "{raised}");
}

/// Updates that raise without any help, each in its last step.
const WRONG: [&str; 9] = [
    "a := insert(a, 99, 0)",
    "a := remove_at(a, 99)",
    "a[1] := insert(a[1], 99, 0)",
    "d[\"k\"] := remove_at(d[\"k\"], 99)",
    "d[\"k\"] := insert(d[\"k\"], null, 0)",
    "p.items := insert(p.items, 99, 0)",
    "s := s + lower(s) + 1",
    "a := push(a, 1) + 1",
    "h()",
];

/// An update that raises leaves the variable as it was.
#[test]
fn no_update_is_half_done() {
    let updates = [
        "a := push(a, len(a))",
        "a := sort(push(a, 0))",
        "a[1] := push(a[1], upper(\"x\"))",
        "d[\"k\"] := push(reverse(d[\"k\"]), len(d))",
        "d := merge(d, { \"z\": keys(d) })",
        "d[\"n\"] := { \"m\": split(\"a b\", \" \") }",
        "s := s + upper(s) + lower(s)",
        "s := replace(pad_left(s, 20, \"-\"), \"-\", trim(\" + \"))",
        "p.items := push(p.items, len(p.items))",
        "p.items[0] := reverse(push(p.items, 1))",
        "q := queue_enqueue(queue_enqueue(q, len(\"x\")), sqrt(4))",
        "t := set_add(set_remove(t, 1), abs(-3))",
        "a := map(a, func(x) { return to_string(x) })",
        "a := sort_by(a, func(x) { return len(to_string(x)) })",
        "[a, s] := [push(a, 1), upper(s)]",
        "a := reverse(a)",
        "a[1] := sort(a[1])",
        "d[\"k\"] := reverse(d[\"k\"])",
        "d[\"k\"] := insert(d[\"k\"], 0, 9)",
        "p.items := sort(p.items)",
        "s := upper(s)",
        "g()",
        "i()",
    ];
    let mut raised = 0;
    for shared in [false, true] {
        for update in updates.into_iter().chain(WRONG) {
            let text = format!(
                "struct P {{ items }}\n\
                 mut a := [3, [1], 2]\nmut d := {{ \"k\": [1], \"n\": 1 }}\nmut s := \"ab\"\nmut p := P {{ items: [1, 2] }}\n\
                 mut q := Queue([1])\nmut t := Set([1, 2])\n\
                 func g() {{ a[0] := len(push(a, 1)) }}\n\
                 func h() {{ p.items := insert(p.items, 99, 0) }}\n\
                 func i() {{ mut c := [2, 1]\nfunc j() {{ c := reverse(c) c[0] := c[1] }}\n\
                 try {{ j() }} except e {{ print(e.message, to_string(c) == \"[2, 1]\") }} }}\n\
                 others := {}\n\
                 before := to_string([a, d, s, p, q, t])\n\
                 try {{ {update} }} except e {{\n\
                   print(e.message, to_string([a, d, s, p, q, t]) == before)\n}}\n\
                 print(others)\n",
                if shared { "[a, d, s, p, q, t]" } else { "0" }
            );
            let program = compile_text(&text).expect("the updates are right");
            let whole = run(&program, NO_LIMIT);
            assert_eq!(whole.0, Outcome::Finished, "{update}: {:?}", whole.0);
            assert!(!whole.1.contains("false"), "{}: {update}: {}", after(), whole.1);
            assert_eq!(whole.1.contains("true"), WRONG.contains(&update), "{update}: {}", whole.1);
            for n in 1.. {
                budget::refuse_call(n);
                let (_, output, ..) = run(&program, NO_LIMIT);
                if output == whole.1 {
                    break;
                }
                assert!(!output.contains("false"), "{}: {update}, call {n}: {output}", after());
                raised += usize::from(output.contains("Injected fault true"));
            }
        }
    }
    assert!(raised > 60, "{raised}");
}
