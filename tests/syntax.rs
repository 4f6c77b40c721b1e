//! The front end: expected trees and diagnostics, robustness against cut sources, depth and size.
//!
//! `tests/filetests/syntax/NAME.ruff` has beside it either `NAME.ast` (it parses) or `NAME.err` (it does not); names starting with
//! `tokens-` have a `NAME.tokens`. `RUFF_BLESS=1` rewrites all of them.

use bumpalo::Bump;
use ruff::base::intern::Interner;
use ruff::base::render::{self, Colour};
use ruff::base::source::{SourceId, SourceMap};
use ruff::syntax::ast::*;
use ruff::syntax::{lexer, parse, print};
use std::path::{Path as FilePath, PathBuf};

fn programs() -> Vec<PathBuf> {
    let dir = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests/syntax");
    let mut list: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ruff"))
        .collect();
    list.sort();
    assert!(list.len() > 50, "the programs are missing");
    list
}

/// The printed tree, or the rendered diagnostics.
fn outcome(name: &str, text: &str) -> Result<String, String> {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let result = parse(SourceId(0), text, &arena, &mut interner);
    let tree = print::program(&result.program, &interner);
    if result.diagnostics.is_empty() {
        return Ok(tree);
    }
    let mut map = SourceMap::new();
    map.add(name, text);
    Err(render::diagnostics(&map, &result.diagnostics, Colour::Never))
}

fn compare(expected: &FilePath, actual: &str, failures: &mut Vec<String>) {
    if std::env::var_os("RUFF_BLESS").is_some() {
        std::fs::write(expected, actual).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(expected).unwrap_or_else(|_| "(no such file)".to_owned());
    if wanted != actual {
        failures.push(format!("{}\n--- expected\n{wanted}\n--- actual\n{actual}", expected.display()));
    }
}

#[test]
fn programs_give_their_trees_or_diagnostics() {
    let mut failures = Vec::new();
    for path in programs() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (extension, other, actual) = match outcome(name, &text) {
            Ok(tree) => ("ast", "err", tree),
            Err(diagnostics) => ("err", "ast", diagnostics),
        };
        let stale = path.with_extension(other);
        if std::env::var_os("RUFF_BLESS").is_some() {
            let _ = std::fs::remove_file(&stale);
        } else if stale.exists() {
            failures.push(format!("{} should not exist: the outcome is\n{actual}", stale.display()));
        }
        compare(&path.with_extension(extension), &actual, &mut failures);
        if name.starts_with("tokens-") {
            let (arena, mut interner) = (Bump::new(), Interner::new());
            let (tokens, _) = lexer::lex(SourceId(0), &text, &arena, &mut interner);
            compare(&path.with_extension("tokens"), &print::tokens(&text, &tokens), &mut failures);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_program_cut_anywhere_gives_a_tree_or_diagnostics() {
    for path in programs() {
        let text = std::fs::read_to_string(&path).unwrap();
        for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            for part in [&text[..cut], &text[cut..]] {
                if let Err(diagnostics) = outcome("x.ruff", part) {
                    assert!(diagnostics.starts_with("[RUF") && diagnostics.contains("  --> x.ruff:"), "{diagnostics}");
                }
            }
        }
    }
}

#[test]
fn a_program_without_one_token_gives_a_tree_or_diagnostics() {
    for path in programs() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (arena, mut interner) = (Bump::new(), Interner::new());
        let (tokens, _) = lexer::lex(SourceId(0), &text, &arena, &mut interner);
        for token in &tokens.list {
            let (start, end) = (token.start as usize, token.end() as usize);
            let _ = outcome("x.ruff", &format!("{}{}", &text[..start], &text[end..]));
            let _ = outcome("x.ruff", &format!("{} {} {}", &text[..end], &text[start..end], &text[end..]));
        }
    }
}

#[test]
fn ids_are_dense_and_occur_once() {
    let mut checked = 0;
    for path in programs() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (arena, mut interner) = (Bump::new(), Interner::new());
        let result = parse(SourceId(0), &text, &arena, &mut interner);
        if !result.diagnostics.is_empty() {
            continue;
        }
        // A declared function's name and its function are one occurrence; every other node of the tree is shown once.
        let shown = format!("{:?}", result.program.main);
        let Program { function_count, block_count, name_count, .. } = result.program;
        for (word, count) in [("FunctionId(", function_count), ("BlockId(", block_count), ("NameId(", name_count)] {
            let mut seen: Vec<u32> = shown
                .match_indices(word)
                .map(|(at, _)| shown[at + word.len()..].split(')').next().unwrap().parse().unwrap())
                .collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..count).collect::<Vec<_>>(), "{word} in {}", path.display());
        }
        checked += 1;
    }
    assert!(checked > 30);
}

/// Runs `check` on a small native stack.
fn on_small_stack<T: Send + 'static>(check: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(512 * 1024).spawn(check).unwrap().join().unwrap()
}

/// The first message for `text`, or nothing.
fn first_message(text: String) -> Option<String> {
    on_small_stack(move || {
        let (arena, mut interner) = (Bump::new(), Interner::new());
        let result = parse(SourceId(0), &text, &arena, &mut interner);
        print::program(&result.program, &interner);
        result.diagnostics.first().map(|diagnostic| diagnostic.message.clone())
    })
}

#[test]
fn endless_nesting_is_refused() {
    let units = [
        "(",
        "[",
        "{",
        "- ",
        "!",
        "await ",
        "yield ",
        "\"${",
        "f(",
        "a[",
        "x.f(",
        "x?.f(",
        "[...",
        "{...",
        "{a: ",
        "Ok(",
        "throw(",
        "A::B(",
        "S { a: ",
        "-yield ",
        "1 |> 1 ?? 1 || 1 && 1 == 1 < 1 + 1 * (",
        "1 |> 1 ?? 1 || 1 && 1 == 1 < 1 + 1 * -",
        "if x { ",
        "if x { } else { ",
        "while x { ",
        "loop { ",
        "for x in y { ",
        "try { ",
        "try { } except { ",
        "match x { case 1 { ",
        "match x { default { ",
        "func f() { ",
        "x := func() { ",
        "func() { return ",
        "f(func() { ",
        "spawn { ",
        "test \"t\" { ",
        "struct S { func m() { ",
        "struct S { x = func() { ",
        "struct S { x = ",
        "if func() { return ",
        "return [",
        "let [",
        "let {",
        "export ",
        "let x: a<",
        "if ",
        "match ",
        "for x in ",
        "func(",
        "struct S { ",
        "case ",
        "else if x { } ",
        "/* ",
        "x := ",
        "let x := ",
        "[{(",
        "${",
        "} ",
        ") ",
        "] ",
        ")]}",
        "({[)]}",
        "a.",
        "@",
        "\"\\q",
        "12px ",
        "func ",
        "async ",
        "enum E { ",
        "from a import ",
        "x.y := [",
    ];
    for unit in units {
        let text = unit.repeat(1_048_576 / unit.len());
        assert!(first_message(text).is_some(), "{unit:?} repeated was accepted");
    }
    let openers = "[".repeat(200_000) + &"]".repeat(200_000) + " := x";
    assert!(first_message(openers).unwrap().contains("expression nesting depth of 256"));
}

#[test]
fn the_limits_have_their_messages() {
    let parens = |n: usize| "x := ".to_owned() + &"(".repeat(n) + "1" + &")".repeat(n);
    assert_eq!(first_message(parens(200)), None);
    let depth = "Maximum expression nesting depth of 256 exceeded while parsing expression";
    assert_eq!(first_message(parens(300)).as_deref(), Some(depth));
    let blocks = |head: &str, n: usize| head.repeat(n) + &"}".repeat(n);
    assert_eq!(first_message(blocks("if x {", 128)), None);
    let deep = |construct: &str| Some(format!("Maximum block nesting depth of 128 exceeded while parsing {construct}"));
    assert_eq!(first_message(blocks("if x {", 129)), deep("if block"));
    assert_eq!(first_message(blocks("while x {", 129)), deep("while block"));
    assert_eq!(first_message(blocks("func f() {", 129)), deep("function body"));
    let array = |n: usize| format!("x := [{}]", "1,".repeat(n));
    assert_eq!(first_message(array(4096)), None);
    let message = "Array literal exceeds maximum element count of 4096";
    assert_eq!(first_message(array(4097)).as_deref(), Some(message));
    let dict = |n: usize| format!("x := {{{}}}", "1: 2,".repeat(n));
    assert_eq!(first_message(dict(4096)), None);
    let message = "Dictionary literal exceeds maximum item count of 4096";
    assert_eq!(first_message(dict(4097)).as_deref(), Some(message));
    let chained = "Chained assignment is not supported; split the assignment into separate statements";
    assert_eq!(first_message("a := b := 1".to_owned()).as_deref(), Some(chained));
    assert_eq!(first_message("f() = 1".to_owned()).as_deref(), Some("Invalid assignment target"));
    assert!(first_message("x".repeat(256)).is_none());
    assert!(first_message("x".repeat(257)).unwrap().contains("Identifier"));
    assert!(first_message(format!("\"{}\"", "é".repeat(8192))).is_none());
    assert!(first_message(format!("\"{}\"", "é".repeat(8193))).unwrap().contains("String literal"));
    assert!(first_message("x\n".repeat(524_288)).is_none());
    assert!(first_message("x\n".repeat(524_289)).unwrap().contains("1048576 bytes"));
}

#[test]
fn everything_at_its_limit_fits_a_small_stack() {
    let nest = |head: &str, middle: &str, tail: &str, n: usize| head.repeat(n) + middle + &tail.repeat(n);
    let texts = [
        nest("f(func() { ", "1", " })", 120),
        nest("x.f({\"k\": [func() { return ", "1", " }]})", 60),
        nest(
            "if x { match x { case 1 { try { f(func() { return \"${[func() { ",
            "1",
            " }]}\" }) } except { } } } }",
            25,
        ),
        nest("1 |> 1 ?? 1 || 1 && 1 == 1 < 1 + 1 * (", "1", ")", 250),
        nest("struct S { func m() { for x in func() { return ", "1", " } { } } }", 50),
        nest("try { } except { match x { default { ", "1", " } } }", 60),
    ];
    for text in texts {
        assert_eq!(first_message(text.clone()), None, "{text}");
    }
}

#[test]
fn long_spines_and_chains_are_legal() {
    let n = 100_000;
    let texts = [
        "1".to_owned() + &" + 1".repeat(n),
        "1".to_owned() + &" |> f(2)".repeat(n),
        "a".to_owned() + &" && b || c".repeat(n / 2),
        "a".to_owned() + &" ?? b".repeat(n),
        "a".to_owned() + &".b".repeat(n),
        "a".to_owned() + &".b()".repeat(n),
        "a".to_owned() + &"[0]".repeat(n),
        "f".to_owned() + &"()".repeat(n),
        "f".to_owned() + &"? ".repeat(n),
        "a".to_owned() + &".b[0]".repeat(n) + " := 1",
        "if a { }".to_owned() + &" else if a { }".repeat(n / 2),
        format!("f({})", "1, ".repeat(n)),
        format!("\"{}\"", "${a} ".repeat(n)),
        ";".repeat(n),
    ];
    for text in texts {
        assert_eq!(first_message(text.clone()), None, "{}", &text[..40]);
    }
}

#[test]
fn a_left_spine_can_be_walked_by_its_edges() {
    let (arena, mut interner) = (Bump::new(), Interner::new());
    let text = "a.b(1)[2]? + 3 * 4 && c ?? d |> e";
    let result = parse(SourceId(0), text, &arena, &mut interner);
    let StmtKind::Expr(mut expr) = result.program.main.body.statements[0].kind else { panic!() };
    let mut edges = 0;
    while let Some(child) = expr.spine_child() {
        expr = child;
        edges += 1;
    }
    assert!(matches!(expr.kind, ExprKind::Name(_)));
    assert_eq!(edges, 7);
}

/// The text a span points to, and nothing else of it.
fn spelled(text: &str, span: ruff::base::source::Span) -> &str {
    &text[span.start as usize..span.end() as usize]
}

#[test]
fn spans_are_those_errors_are_reported_at() {
    let (arena, mut interner) = (Bump::new(), Interner::new());
    let text = "(f)(1) + a[0].b.c(2)\nfor x in (y) { }\nx.y[1] += -z\n[...w]\np |> (q)";
    let result = parse(SourceId(0), text, &arena, &mut interner);
    assert!(result.diagnostics.is_empty());
    let statements = result.program.main.body.statements;
    let StmtKind::Expr(sum) = statements[0].kind else { panic!() };
    assert_eq!(spelled(text, sum.span), "(f)(1) + a[0].b.c(2)");
    let ExprKind::Binary { left, right, op_span, .. } = sum.kind else { panic!() };
    assert_eq!(spelled(text, op_span), "+");
    let ExprKind::Call { callee_start, .. } = left.kind else { panic!() };
    assert_eq!((callee_start.start, spelled(text, callee_start)), (0, "("));
    let ExprKind::MethodCall { name, object, .. } = right.kind else { panic!() };
    assert_eq!(spelled(text, name.span), "c");
    let ExprKind::Field { name, object, .. } = object.kind else { panic!() };
    assert_eq!(spelled(text, name.span), "b");
    let ExprKind::Index { bracket, .. } = object.kind else { panic!() };
    assert_eq!(spelled(text, bracket), "[");
    let StmtKind::For { iterable_start, .. } = statements[1].kind else { panic!() };
    assert_eq!(spelled(text, iterable_start), "(");
    let StmtKind::AssignOp { path, op_span, value, .. } = statements[2].kind else { panic!() };
    assert_eq!(spelled(text, op_span), "+=");
    assert_eq!(spelled(text, statements[2].span), "x.y[1] += -z");
    let Step::Index { bracket, .. } = path.steps[1] else { panic!() };
    assert_eq!(spelled(text, bracket), "[");
    let ExprKind::Unary { op_span, .. } = value.kind else { panic!() };
    assert_eq!(spelled(text, op_span), "-");
    let StmtKind::Expr(array) = statements[3].kind else { panic!() };
    let ExprKind::Array(&[Element::Spread { start, .. }]) = array.kind else { panic!() };
    assert_eq!(spelled(text, start), "w");
    let StmtKind::Expr(pipe) = statements[4].kind else { panic!() };
    let ExprKind::Pipe { target_start, .. } = pipe.kind else { panic!() };
    assert_eq!(spelled(text, target_start), "(");
}
