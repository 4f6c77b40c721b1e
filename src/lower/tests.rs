//! Lowered programs as text, and the verifier over all conformance programs.

use crate::base::builtin::{BuiltinId, BuiltinInfo};
use crate::base::intern::Interner;
use crate::base::source::SourceId;
use crate::ir::print::{Spans, print_module};
use crate::ir::verify::verify_module;
use crate::resolve::{ResolveOptions, resolve};
use bumpalo::Bump;

const BUILTINS: &[&str] = &["print", "push", "append", "range", "len", "map", "max", "to_string"];

fn builtins() -> Vec<BuiltinInfo> {
    BUILTINS.iter().enumerate().map(|(i, &name)| BuiltinInfo { name, id: BuiltinId(i as u16) }).collect()
}

/// The IR of a program, or its diagnostics, one a line.
fn ir(text: &str) -> String {
    ir_with_prelude(text, "")
}

fn ir_with_prelude(text: &str, prelude: &str) -> String {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let prelude = crate::syntax::parse(SourceId(1), prelude, &arena, &mut interner);
    assert_eq!(prelude.diagnostics, []);
    let parsed = crate::syntax::parse(SourceId(0), text, &arena, &mut interner);
    assert_eq!(parsed.diagnostics, []);
    let builtins = builtins();
    let options = ResolveOptions { builtins: &builtins, prelude: &[prelude.program], ..ResolveOptions::default() };
    let lowered = resolve(&parsed.program, &interner, &options).map(|resolution| super::lower(&resolution, &interner));
    match lowered {
        Ok(module) => {
            let text = print_module(&module, Spans::Hide);
            if let Err(violations) = verify_module(&module) {
                panic!("{violations:?}\n{text}");
            }
            text
        }
        Err(diagnostics) => diagnostics.iter().map(|d| format!("error: {}\n", d.message)).collect(),
    }
}

#[test]
#[ignore = "a tool: prints the IR of the program in the environment"]
fn show() {
    let path = std::env::var("RUFF_SHOW").expect("RUFF_SHOW names a file");
    println!("{}", ir(&std::fs::read_to_string(path).expect("a readable file")));
}

/// Everything the resolver accepts passes the verifier.
#[test]
fn conformance_programs_pass_the_verifier() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut lowered = 0;
    for family in std::fs::read_dir(root).expect("the conformance cases") {
        let family = family.expect("an entry").path();
        for case in std::fs::read_dir(&family).into_iter().flatten() {
            let path = case.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "ruff") {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let arena = Bump::new();
            let mut interner = Interner::new();
            let parsed = crate::syntax::parse(SourceId(0), &text, &arena, &mut interner);
            if !parsed.diagnostics.is_empty() {
                continue;
            }
            let builtins = builtins();
            let options = ResolveOptions { builtins: &builtins, ..ResolveOptions::default() };
            let Ok(resolution) = resolve(&parsed.program, &interner, &options) else { continue };
            let module = super::lower(&resolution, &interner);
            lowered += 1;
            if let Err(violations) = verify_module(&module) {
                panic!("{}: {}\n{}", path.display(), violations[0], print_module(&module, Spans::Hide));
            }
        }
    }
    assert!(lowered > 300, "{lowered}");
}

/// The functions of a program's IR, by name.
fn function(text: &str, name: &str) -> String {
    let whole = ir(text);
    let head = format!("\"{name}\"(");
    let found = whole.split("\n\n").find(|part| part.lines().next().is_some_and(|line| line.contains(&head)));
    found.unwrap_or_else(|| panic!("no {name} in\n{whole}")).to_owned()
}

/// The operations of a function, in order.
fn ops(text: &str, name: &str) -> Vec<String> {
    let body = function(text, name);
    let lines = body.lines().filter(|line| line.starts_with("  "));
    let op = |line: &str| {
        let rest = line.trim().split_once(" = ").map_or(line.trim(), |(_, rest)| rest);
        rest.split(' ').next().unwrap_or("").to_owned()
    };
    lines.map(op).collect()
}

fn count(text: &str, name: &str, op: &str) -> usize {
    ops(text, name).iter().filter(|found| *found == op).count()
}

#[test]
fn unassigned_captures_go_by_value() {
    let text = "func f(a) { b := a + 1  return func() { return a + b } }";
    assert_eq!(count(text, "f", "cell_new"), 0);
    assert!(function(text, "f").contains("closure fn2, v0, v2"));
}

#[test]
fn captures_changed_later_in_a_loop_get_cells() {
    let text = "func f(a) { v := 0  while a { v := v + 1  a := push([], func() { return v }) } }";
    assert_eq!(count(text, "f", "cell_new"), 1);
    let before = "func f(a) { v := 0  while a { v := v + 1 }  return func() { return v } }";
    assert_eq!(count(before, "f", "cell_new"), 0);
}

#[test]
fn loop_variables_have_fresh_cells() {
    let text = "func f(a) { for i in a { push([], func() { i += 1 }) } }";
    let body = function(text, "f");
    let (head, inside) = body.split_once("block2:").expect("the loop's body");
    assert!(!head.contains("cell_new") && inside.contains("cell_new"), "{body}");
}

#[test]
fn a_captured_function_that_names_itself_has_an_undefined_cell_first() {
    let text = "func f() { func g(n) { return g(n) }  return g }";
    assert_eq!(ops(text, "f"), ["const", "cell_new", "closure", "cell_set", "cell_get", "return"]);
}

#[test]
fn globals_defined_before_a_function_runs_are_certain() {
    let certain = "x := 1 func f() { x := 2 } f()";
    assert_eq!(ops(certain, "f"), ["const", "global_set", "const", "return"]);
    let doubtful = "func f() { x := 2 } f() x := 1";
    assert_eq!(count(doubtful, "f", "global_peek"), 1);
    let through_another = "func f() { x := 2 } func g() { f() } x := 1 g()";
    assert_eq!(count(through_another, "f", "global_peek"), 0);
}

#[test]
fn unmentioned_top_level_variables_are_registers() {
    let text = "x := 1 y := 2 func f() { return y } print(x, f())";
    assert_eq!(count(text, "<main>", "global_set"), 1);
    let many: String = (0..300).map(|i| format!("x{i} := {i}\n")).collect();
    assert_eq!(count(&many, "<main>", "global_set"), 300 - 256);
}

#[test]
fn reassigned_functions_are_variables() {
    assert_eq!(count("func f() { } f()", "<main>", "call_direct"), 1);
    assert_eq!(count("func f() { } f() f := 1", "<main>", "call_direct"), 0);
    assert_eq!(count("func f() { } func g() { f := 2 } f()", "<main>", "call_direct"), 0);
    assert_eq!(count("func f(a) { } f()", "<main>", "call_direct"), 0);
}

#[test]
fn functions_without_captures_are_called_directly() {
    assert_eq!(count("func f() { func g(n) { return n } return g(1) }", "f", "call_direct"), 1);
    assert_eq!(count("func f() { func g(n) { return n } g := f return g(1) }", "f", "call_direct"), 0);
    assert_eq!(count("func f(a) { g := func(n) { return a } return g(1) }", "f", "call_direct"), 0);
    assert_eq!(count("let g := func(n) { return n } func f() { return g(1) } f()", "f", "call_direct"), 1);
    assert_eq!(count("func f() { return g(1) } f() let g := func(n) { return n }", "f", "call_direct"), 0);
}

#[test]
fn builtins_are_called_unless_shadowed() {
    assert_eq!(count("print(len([1]))", "<main>", "call_builtin"), 2);
    assert_eq!(count("func f(len) { return len(1) }", "f", "call_builtin"), 0);
    assert!(ops("len := 5 print(len)", "<main>").iter().all(|op| op != "builtin"));
    assert_eq!(count("func f(c) { if c { len := 5 } return len(1) }", "f", "call_builtin"), 1);
}

#[test]
fn range_loops_count() {
    let counted =
        ["const", "const", "lt", "brif", "call_builtin", "jump", "const", "add", "lt", "brif", "const", "return"];
    assert_eq!(ops("for i in 10 { print(i) }", "<main>"), counted);
    assert_eq!(ops("for i in range(10) { print(i) }", "<main>"), counted);
    assert_eq!(count("func f(n) { for i in range(1, n) { } }", "f", "range_bound"), 1);
    assert_eq!(count("func f(n) { for i in range(1, n, 1) { } }", "f", "iter_open"), 0);
    assert_eq!(count("func f(n) { for i in range(1, n, 2) { } }", "f", "iter_open"), 1);
    assert_eq!(count("func range(n) { return [] } for i in range(3) { }", "<main>", "iter_open"), 1);
}

#[test]
fn read_modify_writes_become_one_instruction() {
    let ops_of = |body: &str| ops(&format!("d := {{}} func g() {{ }} func f(k, e) {{ {body} }} f(1, 2) d := d"), "f");
    assert_eq!(ops_of("d[k] := d[k] + 1"), ["const", "global_update_path", "const", "return"]);
    assert_eq!(ops_of("d[k] += g()").iter().filter(|op| *op == "global_update_path").count(), 0);
    assert_eq!(ops_of("d[k] := d[k] + g()").iter().filter(|op| *op == "global_update_path").count(), 0);
    assert_eq!(ops_of("d := push(d, g())").iter().filter(|op| *op == "global_update_path").count(), 0);
    assert_eq!(ops_of("k[d] := k[d] + g()").iter().filter(|op| *op == "set_path").count(), 1);
    assert_eq!(ops_of("k[e] += g()").iter().filter(|op| *op == "update_path").count(), 1);
    assert_eq!(ops_of("k.a[e] := push(k.a[e], len(e))")[..2], ["field_get", "index_get"]);
    assert_eq!(ops_of("k[e] := k[1] + 1").iter().filter(|op| *op == "set_path").count(), 1);
    assert_eq!(ops_of("k := push(k, e)"), ["array_push", "const", "return"]);
    let updates = |body: &str| ops_of(body).iter().filter(|op| *op == "global_update_path").count();
    assert_eq!(ops_of("d := d + k + e"), ["global_update_path", "const", "return"]);
    assert_eq!(updates("d := d + len(e) + k + \"${e}\""), 1);
    assert_eq!(updates("d := d + k + e[0]"), 0);
    assert_eq!(updates("d := d - k + e"), 0);
    assert_eq!(updates("d := d + k + e struct S { func op_add(self, o) { return o } }"), 0);
    assert_eq!(updates("d[k + 1] := d[k + 1] * 2"), 1);
    assert_eq!(updates("d[k + 1] := d[1 + k] * 2"), 0);
    assert_eq!(updates("d[e[k]] := push(d[e[k]], k)"), 1);
    assert_eq!(updates("d[g()] := push(d[g()], k)"), 0);
    assert_eq!(updates("d[k + 1] := d[k + 1] * 2 struct S { func op_add(self, o) { return o } }"), 0);
}

#[test]
fn variables_a_try_body_assigns_go_to_its_handler() {
    let text = "func f(a, b) { try { a := len(b) a := len(a) } except e { print(e) } return a }";
    let body = function(text, "f");
    assert!(body.contains("unwind block1(v0)") && body.contains("unwind block1(v2)"), "{body}");
    assert!(body.contains("= caught"), "{body}");
}

#[test]
fn what_stands_in_the_wrong_place_is_refused() {
    assert_eq!(ir("yield 1"), "error: yield can only be used inside a generator function\n");
    assert_eq!(ir("test \"t\" { match 1 { } }").lines().next(), Some("function fn0 \"<main>\"(0) captures 0 {"));
}

#[test]
fn compile_errors_come_first_in_source_order() {
    assert_eq!(
        ir("func f(a, a) { break } throw() continue"),
        "error: Duplicate declaration in the same scope: a\n\
         error: break can only be used inside a loop\n\
         error: throw() requires exactly one argument\n\
         error: continue can only be used inside a loop\n"
    );
    assert_eq!(ir("while 1 { func f() { break } }"), "error: break can only be used inside a loop\n");
}

#[test]
fn prelude_functions_are_constants_of_the_outermost_scope() {
    let prelude = "func unused() { }  func helper(a) { return len(a) }
        func map(a, f) { for x in a { f(helper(x)) }  return func() { return a } }";
    let of = |text: &str| ir_with_prelude(text, prelude);
    let called = of("print(map([1], len))");
    assert!(called.contains("call_direct fn2, "), "{called}");
    assert!(called.contains("\"helper\"") && called.contains("\"map\"") && !called.contains("unused"), "{called}");
    assert!(called.contains("closure fn3, v0"), "{called}");
    assert!(of("print(map([1]))").contains("= builtin 5"), "another number of arguments is the builtin's affair");
    assert!(of("print(map)").contains("builtin 5"));
    assert!(of("[1].map(len)").contains("\"map\"(2)"), "the method form reaches it");
    let shadowed = of("func map(a, f) { return 1 } print(map(1, 2))");
    assert_eq!(shadowed.matches("\"map\"(2)").count(), 1, "{shadowed}");
    assert!(!of("print(1)").contains("map"));
}

#[test]
fn long_spines_and_chains_need_no_stack() {
    let sum = format!("x := 1{}", " + 1".repeat(100_000));
    assert_eq!(count(&sum, "<main>", "add"), 100_000);
    ir(&format!("x := 1{}", " && 1".repeat(50_000)));
    ir(&format!("if 1{} {{ }}", " || 1".repeat(50_000)));
    ir(&format!("x := 1{}", " ?? 1".repeat(50_000)));
    ir(&format!("x := len{}", "(1)".repeat(50_000)));
    ir(&format!("x := 1{}", " |> len".repeat(50_000)));
    ir(&format!("x := []\nx{} := 1", "[0]".repeat(50_000)));
    ir(&format!("x := \"{}\"", "${1}".repeat(50_000)));
    ir(&format!("if 1 {{ }}{}", " else if 2 { }".repeat(20_000)));
}

#[test]
fn nesting_to_the_limits_fits_the_stack() {
    let blocks = |n: usize| format!("{}{}", "if 1 { ".repeat(n), "}".repeat(n));
    ir(&blocks(126));
    ir(&format!("x := {}1{}", "[".repeat(254), "]".repeat(254)));
    ir(&format!("f := 1{}{}", " + func() { return [1".repeat(100), "] }".repeat(100)));
}

#[test]
#[ignore = "a measurement: run in release"]
fn time_a_long_script() {
    let mut functions = String::new();
    let mut flat = String::new();
    for i in 0..5_000 {
        functions += &format!(
            "func f{i}(a, b) {{\n  total := 0\n  for i in range(a) {{\n    if i > b && i != {i} {{\n      total := total + i * b\n    }} else {{\n      total -= 1\n    }}\n  }}\n  return total\n}}\n"
        );
        flat += &format!(
            "x{i} := {i} + 1\nif x{i} > 3 {{\n  x{i} += len(\"abc\")\n}}\nwhile x{i} > 10 {{\n  x{i} := x{i} - 3\n}}\ntry {{ x{i} := x{i} / 2 }} except e {{ }}\nprint(x{i})\n"
        );
    }
    for text in [functions, flat] {
        let arena = Bump::new();
        let mut interner = Interner::new();
        let parsed = crate::syntax::parse(SourceId(0), &text, &arena, &mut interner);
        let builtins = builtins();
        let options = ResolveOptions { builtins: &builtins, ..ResolveOptions::default() };
        let start = std::time::Instant::now();
        let resolution = resolve(&parsed.program, &interner, &options).expect("a correct program");
        let resolved = start.elapsed();
        let module = super::lower(&resolution, &interner);
        let lines = text.lines().count();
        println!(
            "{lines} lines: resolve {resolved:?}, lower {:?}, {} functions",
            start.elapsed() - resolved,
            module.functions.len()
        );
    }
}
