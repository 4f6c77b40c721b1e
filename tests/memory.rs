//! Limits on memory hold for the process, not only for a counter: every builtin with large arguments, and what tasks, channels, files and
//! suspended code keep, measured by what the system says is resident.
//!
//! One test of this process, because the resident memory is that of all threads.

mod common;

use ruff::base::source::SourceMap;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Limit, Outcome};
use ruff::runtime::builtins::{Arity, Purity, TABLE};
use ruff::runtime::host::Host;
use ruff::runtime::memory::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the process may take beyond a limit, in bytes: 5 %, or 8 MiB.
fn allowed(limit: usize) -> usize {
    limit + (limit / 20).max(8 << 20)
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kib| kib * 1024)
}

/// Starts the peak of the resident memory from what is resident now.
fn reset_peak() -> Option<usize> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    status("VmRSS")
}

/// How `code` ends within a limit, and by how much the process grew; nothing if it is refused.
fn measure(code: &str, limit: usize) -> Option<(Outcome, usize)> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", code).unwrap();
    let program = pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {}).ok()?;
    let before = reset_peak()?;
    let limits = Limits { fuel: None, memory: Some(limit) };
    let mut execution = Execution::new(&program, Host::captured(""), limits);
    let outcome = execution.run();
    drop(execution);
    Some((outcome, status("VmHWM")?.saturating_sub(before)))
}

fn is_stopped(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stopped(Limit::Memory, _))
}

/// Large values, most of them about a third of [`SMALL_LIMIT`].
const LARGE: [&str; 5] = [
    "repeat(\"äÖ, c\\n\", 500000)",
    "range(500000)",
    "split(repeat(\"word-and more,\", 100000), \",\")",
    "parse_json(\"{\" + join(map(range(20000), func(i) { return \"\\\"k${i}\\\":${i}\" }), \",\") + \"}\")",
    "bytes([1, 2, 3])",
];
const SMALL_LIMIT: usize = 16_000_000;

/// Programs that end the process or wait for long.
const LEFT_OUT: [&str; 3] = ["exit", "sleep", "async_sleep"];

/// For every builtin: calls with one large argument each, and programs that make them.
fn calls() -> Vec<Vec<(String, String)>> {
    let mut all = Vec::new();
    assert!(LEFT_OUT.iter().all(|name| TABLE.iter().any(|row| row.name == *name)), "a builtin left out is gone");
    for row in TABLE.iter().filter(|row| !row.name.starts_with("__") && !LEFT_OUT.contains(&row.name)) {
        let (least, most) = match row.arity {
            Arity::Any => (1, 2),
            Arity::Plural(n) | Arity::Singular(n) | Arity::Least(n, _) => (n, n),
            Arity::Own(least, most, _) | Arity::Counted(least, most, _) => (least, most.min(3)),
        };
        if most == 0 {
            continue;
        }
        let seconds: &[&str] = match (least.max(1), row.purity) {
            (1, _) if most == 1 => &[""],
            (_, Purity::Calls) => &[", func(x) { return [x, x] }"],
            (3, _) => &[", 0, 3000000", ", \" \", \"  \"", ", 4000000, \"ab\""],
            _ => &[", \"\"", ", 2", ", func(x) { return [x, x] }"],
        };
        let mut calls = Vec::new();
        for second in seconds {
            for large in LARGE {
                let call = format!("{}(large{second})", row.name);
                calls.push((
                    call.clone(),
                    format!("let large := {large}\nlet made := {call}\nprint(len([large, made]))\n"),
                ));
            }
        }
        all.push(calls);
    }
    all
}

/// What takes more and more, each in its own way, and what would take all at once.
const GROWING: &[&str] = &[
    "read_file(\"/dev/zero\")",
    "read_file_lossy(\"/dev/zero\")",
    "read_lines(\"/dev/zero\")",
    "read_binary_file(\"/dev/zero\")",
    "c := channel() loop { c.send(1) }",
    "c := channel() mut i := 0 loop { i += 1 c.send(\"text ${i}\") }",
    "mut i := 0 loop { i += 1 shared_set(\"key ${i}\", i) }",
    "await parallel_map(range(1000000), func(x) { return x })",
    "await parallel_map(range(1000000), to_string)",
    "await promise_all(map(range(1000000), func(x) { return async_sleep(x) }))",
    "async func f(k) { await async_sleep(100000) return k } mut all := [] loop { all := push(all, f(len(all))) }",
    "async func f() { await async_sleep(100000) } loop { spawn_task(f) }",
    "loop { spawn { let x := range(10) sleep(100000) print(x) } }",
    "mut all := [] loop { all := push(all, async_timeout(async_sleep(100000), 50000)) }",
    "func* g() { mut i := 0 loop { yield [i] } } mut all := [] loop { let it := g() it.next() all := push(all, it) }",
    "mut it := [1] loop { it := it.map(func(x) { return x }) }",
    "mut a := [] loop { a := push(a, len(a)) }",
    "mut s := \"x\" loop { s := s + s }",
    "mut d := {} loop { d[len(d)] := 1.5 }",
    "mut d := {} loop { d[\"key ${len(d)}\"] := [] }",
    "mut a := range(3000000) mut all := [] loop { all := push(all, a) all[len(all) - 1] := reverse(a) }",
    "mut a := [1] for i in 60 { a := [a, a] } print(len(to_string(a)))",
    "mut a := [1] for i in 60 { a := [a, a] } print(a)",
    "mut a := [1] for i in 60 { a := [a, a] } print(len(to_json(a)))",
    "mut a := [1] for i in 60 { a := [a, a] } print(len(\"${a}\"))",
    "to_snake_case(repeat(\"aB\", 10000000))",
    "to_camel_case(repeat(\"a b\", 10000000))",
    "parse_csv(repeat(\"a,b\\n\", 4000000))",
    "parse_json(\"[\" + repeat(\"[1],\", 4000000) + \"1]\")",
    "split(repeat(\"abc,\", 5000000), \",\")",
    "windows(range(1000000), 1000)",
    "print(repeat(\"x\", 30000000) + \"\")",
];
const LIMIT: usize = 20_000_000;

#[test]
fn the_process_stays_within_the_limit() {
    if reset_peak().is_none() {
        return;
    }
    let mut complaints = String::new();
    let mut tried = 0;
    let mut stopped = 0;
    let mut check = |name: &str, code: &str, limit: usize, must_stop: bool| {
        let Some((outcome, grown)) = measure(code, limit) else { return false };
        tried += 1;
        stopped += usize::from(is_stopped(&outcome));
        if grown > allowed(limit) {
            complaints.push_str(&format!("{name}: {} KiB, {outcome:?}\n", grown / 1024));
        }
        if must_stop && !is_stopped(&outcome) {
            complaints.push_str(&format!("{name}: {outcome:?}\n"));
        }
        !matches!(outcome, Outcome::Error(_))
    };
    let files = tempfile::tempdir().unwrap();
    std::env::set_current_dir(files.path()).unwrap();
    for code in GROWING {
        check(code, code, LIMIT, !code.starts_with("print(repeat"));
    }
    for calls in calls() {
        // The first that takes its argument, and does much with it or not.
        let _ = calls.iter().any(|(name, code)| check(name, code, SMALL_LIMIT, false));
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(tried > 300 && stopped > 40, "{stopped} of {tried} were stopped");
}

/// A shell's limit on the address space stands for a small machine.
#[test]
fn the_default_is_what_is_free() {
    let run = |flags: &str, code: &str| {
        let mut command = std::process::Command::new("sh");
        let line = format!("ulimit -v 800000; \"$0\" run {flags} -e '{code}'");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_ruff")]).env("NO_COLOR", "1");
        common::run(command, None)
    };
    for engine in ["--engine=vm", "--engine=tree"] {
        let objects = "mut a := [[]]\nloop {\n  a := push([a, a], {})\n}";
        let doubling = "mut s := \"x\"\nloop {\n  s := s + s\n}";
        // The tree walker, without the machine's stack, has more left, and takes long for it.
        for code in [doubling, objects].into_iter().take(if engine == "--engine=vm" { 2 } else { 1 }) {
            let code = format!("print(1)\ntry {{ {code} }} except e {{ print(2) }}");
            let ended = run(engine, &code);
            assert_eq!((ended.code, &*ended.out), (Some(6), "1\n"), "{engine}: {}", ended.err);
            assert!(ended.err.contains("Runtime Error: Memory limit of "), "{}", ended.err);
            let lines: Vec<&str> = ended.err.lines().collect();
            assert!(lines[1].starts_with("  --> <eval>:"), "the position follows the message: {}", ended.err);
            assert!(
                lines.iter().any(|line| line.starts_with("  = help: that is 3/4 of the memory that was free")),
                "{}",
                ended.err
            );
        }
        let enough = run(engine, "let a := range(1000000) print(len(a))");
        assert_eq!((enough.code, &*enough.out), (Some(0), "1000000\n"), "{}", enough.err);
    }
    let ended = run("--max-memory=10MB", "mut a := [] loop { a := push(a, 1) }");
    assert!(ended.code == Some(6) && !ended.err.contains("3/4"), "{}", ended.err);
    let ended = run("--max-memory=10MB --engine=tree", "mut a := [] loop { a := push(a, 1) }");
    assert!(ended.code == Some(6) && ended.err.contains("Memory limit of 10000000 bytes"), "{}", ended.err);
    // Nothing but the system's refusal stops it.
    let ended = run("--max-memory=none", "mut a := [[]] loop { a := push([a, a], {}) }");
    assert!(ended.code == Some(6) && ended.err.contains("Out of memory"), "{}", ended.err);
}
