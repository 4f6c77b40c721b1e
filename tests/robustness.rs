//! No program, however deep, large or broken, makes the engine panic, crash or hang.
//!
//! What runs, runs in a process of its own (a crash is seen as a signal); what is only parsed and compiled, runs in this one,
//! on threads with the small stacks that the test harness gives them.

mod common;

use common::{DEADLINE, Finished, ruff, run_in_fresh_directory_within};
use ruff::base::source::SourceMap;
use ruff::engine::checking;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn run_code(code: &str) -> Finished {
    run_code_within(code, DEADLINE)
}

fn run_code_within(code: &str, deadline: Duration) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("program.ruff");
    std::fs::write(&file, code).unwrap();
    let mut command = ruff();
    command.arg("run").arg(&file);
    run_in_fresh_directory_within(command, deadline)
}

#[track_caller]
fn prints(code: &str, out: &str) {
    let got = run_code(code);
    assert_eq!((got.code_text().as_str(), got.out.as_str()), ("0", out), "{}", got.err);
}

/// The program ends by itself with one of the documented codes.
#[track_caller]
fn survives(code: &str) -> Finished {
    let got = run_code(code);
    assert!(!got.timed_out && matches!(got.code, Some(0 | 3 | 4 | 6)), "exit {}: {}", got.code_text(), got.err);
    assert!(!got.err.contains("panicked"), "{}", got.err);
    got
}

#[test]
fn recursion_is_100_000_deep() {
    prints("func f(n) { if n == 0 { return 0 } return 1 + f(n - 1) }\nprint(f(99999))\n", "99999\n");
}

#[test]
fn deeper_recursion_is_a_catchable_error() {
    let code = "func f(n) { if n == 0 { return 0 } return 1 + f(n - 1) }\n\
                try { f(1000000) } except e { print(e.message, len(e.stack)) }\nprint(f(10))\n";
    prints(code, "Maximum call stack depth of 100000 exceeded while calling f 100000\n10\n");
}

#[test]
fn endless_recursion_uncaught_is_an_error_with_a_short_stack() {
    let got = survives("func f(n) { return f(n + 1) + 1 }\nprint(\"start\")\nf(0)\n");
    assert_eq!((got.code, got.out.as_str()), (Some(4), "start\n"));
    assert!(got.err.contains("Maximum call stack depth of 100000") && got.err.len() < 10_000);
}

#[test]
fn recursion_through_callbacks_is_limited_too() {
    let code = "func f(n) { return map([n], func(x) { return f(x + 1) }) }\ntry { f(0) } except e { print(\"caught\") }\nprint(1)\n";
    prints(code, "caught\n1\n");
    let sorting =
        "func f(n) { return sort_by([n, n], func(x) { return f(x) }) }\ntry { f(0) } except e { print(\"caught\") }\n";
    prints(sorting, "caught\n");
}

#[test]
fn errors_pass_through_any_number_of_tasks() {
    // Each waits for the next.
    let code = "async func f(k) { if k == 0 { await async_sleep(1) throw(\"x\") } return await f(k - 1) }\n\
                try { await f(20000) } except e { print(e.message, len(e.stack)) }\n";
    prints(code, "x 0\n");
    // All wait for one.
    let code = "async func g() { await async_sleep(5) throw(\"no\") }\nlet p := g()\nasync func w() { await p }\n\
                mut l := []\nfor i in 100000 { l := push(l, w()) }\n\
                try { await promise_all(l) } except e { print(e.message, e.stack) }\n";
    prints(code, "no []\n");
    let code = "async func g() { await async_sleep(1) throw(\"no\") }\nasync func h(q) { return await q }\nmut p := g()\n\
                for i in 100000 { p := h(p) }\ntry { await p } except e { print(e.message, len(e.stack)) }\n";
    prints(code, "no 0\n");
    let code = "mut l := []\nfor i in 100000 { l := push(l, async_timeout(async_sleep(1000000), 5)) }\nmut n := 0\n\
                for q in l { try { await q } except e { n += 1 } }\nprint(n)\n";
    prints(code, "100000\n");
}

#[test]
fn endless_recursion_of_async_functions_is_a_catchable_error() {
    let code = "async func f(k) { return await f(k + 1) }\n\
                try { await f(0) } except e { print(e.message, len(e.stack)) }\n";
    prints(code, "Maximum call stack depth of 100000 exceeded while calling f 0\n");
}

#[test]
fn endless_chains_of_iterators_name_the_method() {
    let code = "mut it := [1].map(func(x) { return x })\nfor i in 100000 { it := it.map(func(x) { return x }) }\n\
                try { print(it.collect()) } except e { print(e.message, e.stack) }\n";
    prints(code, "Maximum call stack depth of 100000 exceeded while calling map []\n");
}

#[test]
fn errors_at_every_level_take_linear_time() {
    let code = "func f(k) { try { if k == 0 { throw(\"x\") } return f(k - 1) } except e { throw(e) } }\n\
                try { f(50000) } except e { print(e.message, e.stack) }\n";
    prints(code, "x [f]\n");
    let code = "func* gen() { yield 1 throw(\"x\") }\n\
                func g(k) { if k == 0 { return 0 } try { for x in gen() { } } except e { mut a := e } return g(k - 1) }\n\
                async func t() { await async_sleep(1) g(50000) return 3 }\nprint(await t())\n";
    prints(code, "3\n");
}

/// A million arrays, each in the next.
const DEEP: &str = "func nest(n) { mut a := [] for i in n { a := [a] } return a }\na := nest(1000000)\n";

#[test]
fn deep_data_are_built_copied_and_freed() {
    prints(
        &format!("{DEEP}b := a\nb := push(b, 1)\na := null\nprint(len(b))\nb := 0\nprint(\"freed\")\n"),
        "2\nfreed\n",
    );
}

#[test]
fn deep_data_are_compared() {
    prints(
        &format!("{DEEP}b := nest(1000000)\nc := nest(999999)\nprint(a == b, a == c, a != c)\n"),
        "true false true\n",
    );
}

#[test]
fn deep_data_are_printed() {
    let got = run_code(&format!("{DEEP}print(a)\nprint(len(to_string(a)))\n"));
    assert_eq!(got.code, Some(0), "{}", got.err);
    let (text, length) = got.out.trim_end().split_once('\n').unwrap();
    assert_eq!((text.len(), length), (2_000_002, "2000002"));
}

#[test]
fn deep_data_pass_through_builtins() {
    let got = survives(&format!(
        "{DEEP}print(contains([a], a))\nprint(len(flatten([a])))\nprint(len(unique([a, a])))\nprint(len([a] + 1))\n"
    ));
    assert_eq!(got.out, "false\n1\n1\n", "{}", got.err);
}

#[test]
fn deep_dicts_and_closures_are_freed() {
    prints("mut d := {}\nfor i in 300000 { d := {\"k\": d, \"l\": [d]} }\nd := 0\nprint(\"freed\")\n", "freed\n");
    let chain = "mut f := func() { return 0 }\nfunc wrap(g) { return func() { g := g return g } }\n\
                 for i in 300000 { f := wrap(f) }\nf := 0\nprint(\"freed\")\n";
    prints(chain, "freed\n");
}

#[test]
fn cycles_through_variables_are_freed_or_kept_without_harm() {
    let code = "func knot(i) { mut a := [] mut f := null f := func() { a := [f] return i } f() return f }\n\
                mut t := 0\nfor i in 100000 { f := knot(i) t += f() }\nprint(t)\n";
    prints(code, "4999950000\n");
}

#[test]
fn nesting_of_source_is_limited_by_diagnostics() {
    let n = 10_000;
    let sources = [
        format!("x := {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("x := {}{}", "[".repeat(n), "]".repeat(n)),
        format!("x := {}1{}", "{1: ".repeat(n), "}".repeat(n)),
        format!("x := {}1", "-".repeat(n)),
        format!("x := {}true", "!".repeat(n)),
        format!("x := {}1{}", "f(".repeat(n), ")".repeat(n)),
        format!("x := {}1{}", "a[".repeat(n), "]".repeat(n)),
        format!("x := {}1{}", "func() { return ".repeat(n), "}".repeat(n)),
        format!("x := {}1{}", "\"${".repeat(n), "}\"".repeat(n)),
        format!("{}{}", "if x { ".repeat(n), "}".repeat(n)),
        format!("{}{}", "while x { ".repeat(n), "}".repeat(n)),
        format!("{}{}", "for i in x { ".repeat(n), "}".repeat(n)),
        format!("{}{}", "func f() { ".repeat(n), "}".repeat(n)),
        format!("{}{}", "try { ".repeat(n), "} except { }".repeat(n)),
        format!("{}{}", "struct S { ".repeat(n), "}".repeat(n)),
        format!("let {}a{} := 1", "[".repeat(n), "]".repeat(n)),
        "(".repeat(n),
        "{".repeat(n),
        "if ".repeat(n),
        "\"${".repeat(n),
    ];
    for source in sources {
        let got = survives(&source);
        let start: String = source.chars().take(40).collect();
        assert_eq!(got.code, Some(3), "{start}: {}", got.err);
    }
}

#[test]
fn long_chains_that_do_not_nest_are_fine() {
    let n = 20_000;
    prints(&format!("let x: {}int{} := 1\nprint(x)\n", "a<".repeat(n), ">".repeat(n)), "1\n");
    prints(&format!("print(0{})\n", " + 1".repeat(n)), "20000\n");
    prints(&format!("a := [0]\nprint(len(a{}))\n", ".push(1)".repeat(200)), "201\n");
    prints(&format!("print(null{})\n", " ?? null".repeat(5000)), "null\n");
    prints(&format!("print(1{})\n", " && 1".repeat(5000)), "true\n");
    let chain: String = (0..3000).map(|i| format!("if x == {i} {{ print({i}) }} else ")).collect();
    prints(&format!("x := 2999\n{chain}{{ print(\"none\") }}\n"), "2999\n");
    prints(&format!("print(len(\"{}\"))\n", "${1}".repeat(3000)), "3000\n");
}

#[test]
fn large_programs_compile() {
    let functions: String = (0..4000).map(|i| format!("func f{i}(a) {{ x{i} := a + {i} return x{i} }}\n")).collect();
    prints(&format!("{functions}print(f3999(1))\n"), "4000\n");
    let statements: String = (0..20000).map(|i| format!("v{} := {i}\n", i % 600)).collect();
    prints(&format!("{statements}print(v1)\n"), "19801\n");
    let arguments: Vec<String> = (0..250).map(|i| i.to_string()).collect();
    survives(&format!("print({})\n", arguments.join(", ")));
    let many: Vec<String> = (0..4096).map(|i| i.to_string()).collect();
    prints(&format!("print(len([{}]))\n", many.join(", ")), "4096\n");
    let locals: String = (0..3000).map(|i| format!("a{i} := {i}\n")).collect();
    let used: Vec<String> = (0..3000).map(|i| format!("a{i}")).collect();
    survives(&format!("func f() {{\n{locals}return {}\n}}\nprint(f())\n", used.join(" + ")));
}

#[test]
fn huge_requests_are_refused_or_served() {
    for code in [
        "print(len(repeat(\"ab\", 9223372036854775807)))",
        "print(len(range(0, 9223372036854775807)))",
        "print(len(range(-9223372036854775807, 9223372036854775807)))",
        "print(len(pad_left(\"a\", 9223372036854775807, \"b\")))",
        "mut s := \"x\" for i in 200 { s := s + s }",
        "mut a := [1] for i in 200 { a := concat(a, a) }",
    ] {
        let got = survives(&format!("try {{ {code} }} except e {{ print(\"raised\") }}\n"));
        assert!(got.out == "raised\n" || got.code == Some(6), "{code}: {} {}", got.out, got.err);
    }
}

/// Compiles `text` in this process, and looks for what would fail in it; the result does not matter.
fn compile(text: &str) {
    let mut sources = SourceMap::new();
    let main = sources.add("test.ruff", text).unwrap();
    let _ = checking::check(&mut sources, main);
}

fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut found = Vec::new();
    for area in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(area).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "ruff") {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                found.push((path, text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 400);
    found
}

/// Calls `check` with every prefix of every program, thinned out for long programs; names the one that panics.
fn every_truncation(most_per_program: usize, check: impl Fn(&str) + std::panic::RefUnwindSafe) {
    for (path, text) in programs() {
        let ends: Vec<usize> = (0..=text.len()).filter(|&end| text.is_char_boundary(end)).collect();
        let step = ends.len().div_ceil(most_per_program).max(1);
        for &end in ends.iter().step_by(step) {
            let outcome = std::panic::catch_unwind(|| check(&text[..end]));
            assert!(outcome.is_ok(), "panic on the first {end} bytes of {}", path.display());
        }
    }
}

#[test]
fn no_truncated_program_makes_the_parser_panic() {
    every_truncation(400, |text| {
        let arena = bumpalo::Bump::new();
        let mut names = ruff::base::intern::Interner::new();
        let _ = ruff::syntax::parse(Default::default(), text, &arena, &mut names);
    });
}

#[test]
fn no_truncated_program_makes_the_compiler_panic() {
    every_truncation(40, compile);
}

#[test]
fn no_spliced_program_makes_the_compiler_panic() {
    // Lines of different programs in one: names, loops and functions meet that never met before.
    let programs: Vec<(PathBuf, String)> = programs().into_iter().filter(|(_, text)| text.len() < 4000).collect();
    for (i, (path, text)) in programs.iter().enumerate() {
        let other = &programs[(i * 7 + 3) % programs.len()].1;
        let mixed: Vec<&str> = text.lines().zip(other.lines()).flat_map(|(a, b)| [a, b]).collect();
        let outcome = std::panic::catch_unwind(|| compile(&mixed.join("\n")));
        assert!(outcome.is_ok(), "panic on a mixture with {}", path.display());
    }
}

#[test]
fn truncated_programs_run_to_a_documented_end() {
    for (path, text) in programs().iter().filter(|(_, text)| text.len() < 2000).step_by(9) {
        for tenth in [3, 6, 8] {
            let mut end = text.len() * tenth / 10;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let got = run_code_within(&text[..end], Duration::from_secs(3));
            // A truncated program may loop for ever or use exit(), but it may not crash.
            let fine = got.timed_out || got.code.is_some();
            assert!(
                fine && !got.err.contains("panicked"),
                "{} cut at {end}: exit {}: {}",
                path.display(),
                got.code_text(),
                got.err
            );
        }
    }
}
