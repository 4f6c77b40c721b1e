//! Runs the files under `tests/filetests`: IR in, text out. The expectation stands beside its input and is rewritten with
//! `RUFF_BLESS=1`.
//!
//! - `ir/roundtrip/*.ir`: printing what was parsed gives the text back (comments aside); the module is valid.
//! - `ir/errors/*.ir` + `.out`: the parser's complaint.
//! - `ir/verify/IRnnn_*.ir` + `.out`: breaks rule IRnnn and no other.
//! - `passes/<pass>/*.ir` + `.out`: the module after this pass alone, valid before and after.

use ruff::base::hint::{self, Trigger};
use ruff::base::source::SourceMap;
use ruff::bytecode::verify;
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::ir::entities::{Block, FuncRef, Val};
use ruff::ir::function::{BlockCall, Function, Module};
use ruff::ir::inst::{Imm, Op};
use ruff::ir::parse::parse_module;
use ruff::ir::print::{Spans, print_module};
use ruff::ir::verify::{Rule, verify_function, verify_module};
use ruff::lint::table::Lint;
use ruff::passes::Pass;
use ruff::passes::manager::{self, PassOptions, Verify};
use ruff::runtime::builtins;
use ruff::runtime::capability::{Capability, GROUPS, Narrowing};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests").join(name)
}

fn inputs(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ir"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {name}");
    files
}

/// Compares with the expectation beside `input`, or rewrites it. Returns what differs.
fn compare(input: &Path, actual: &str) -> Option<String> {
    let path = input.with_extension("out");
    if std::env::var_os("RUFF_BLESS").is_some() {
        fs::write(&path, actual).unwrap();
        return None;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    (expected != actual).then(|| format!("{}\n--- expected\n{expected}--- actual\n{actual}", input.display()))
}

fn report(failures: Vec<String>) {
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn parse(path: &Path) -> Module {
    let text = fs::read_to_string(path).unwrap();
    parse_module(&text, builtins::NAMES).unwrap_or_else(|error| panic!("{}:{error}", path.display()))
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with(';')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn printing_gives_the_parsed_text_back() {
    let mut failures = Vec::new();
    for path in inputs("ir/roundtrip") {
        let module = parse(&path);
        let text = without_comments(&fs::read_to_string(&path).unwrap());
        let printed = print_module(&module, Spans::Show);
        if printed.trim() != text.trim() {
            failures.push(format!("{}\n{printed}", path.display()));
        }
        if let Err(found) = verify_module(&module) {
            failures.push(format!("{}: {}", path.display(), found[0]));
        }
    }
    report(failures);
}

#[test]
fn malformed_text_is_refused_where_it_is_malformed() {
    let complaints = inputs("ir/errors").into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let complaint = match parse_module(&text, builtins::NAMES) {
            Ok(_) => "accepted\n".to_string(),
            Err(error) => format!("{error}\n"),
        };
        compare(&path, &complaint)
    });
    report(complaints.collect());
}

#[test]
fn each_file_breaks_the_rule_it_is_named_after() {
    let mut failures = Vec::new();
    let mut covered: BTreeSet<&str> = ["IR001", "IR002", "IR009"].into();
    for path in inputs("ir/verify") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let found = verify_module(&parse(&path)).err().unwrap_or_default();
        for violation in &found {
            if !name.starts_with(violation.rule.code()) {
                failures.push(format!("{name}: {violation}"));
            }
            covered.insert(violation.rule.code());
        }
        let text: String = found.iter().map(|violation| format!("{violation}\n")).collect();
        if found.is_empty() {
            failures.push(format!("{name}: no rule is broken"));
        }
        failures.extend(compare(&path, &text));
    }
    failures.extend(
        Rule::ALL.iter().filter(|rule| !covered.contains(rule.code())).map(|rule| format!("no file for {rule:?}")),
    );
    report(failures);
}

/// The rules text cannot break, because it has a name for every block and value once.
#[test]
fn rules_of_the_data_structure() {
    let valid = "function fn0 _(1) captures 0 {\nblock0(v0: any):\n  jump block1\nblock1:\n  return v0\n}\n";
    let broken = |change: fn(&mut Function)| {
        let mut module = parse_module(valid, builtins::NAMES).unwrap();
        let func = &mut module.functions[FuncRef::from_u32(0)];
        change(func);
        verify_function(func, None).err().unwrap_or_default().iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    assert_eq!(broken(|_| {}), []);
    assert_eq!(broken(|func| func.layout.push(Block::from_u32(1))), [Rule::Layout]);
    assert_eq!(broken(|func| func.layout.truncate(1)), [Rule::Targets]);
    let foreign = |func: &mut Function| {
        let inst = func.make_inst(Op::CellPeek, &[Val::from_u32(0)], Imm::None, func.span);
        func.insts[inst].result = Val::from_u32(0).into();
        func.blocks[func.entry].insts.insert(0, inst);
    };
    assert_eq!(broken(foreign), [Rule::Definition]);
    let stray = |func: &mut Function| {
        let jump = func.terminator(func.entry);
        func.insts[jump].targets.push(BlockCall { block: Block::from_u32(1), args: Default::default() });
    };
    assert_eq!(broken(stray), [Rule::TargetCount]);
}

fn run_pass(module: &mut Module, pass: Pass) -> Result<(), String> {
    let options = PassOptions { explicit: Some(vec![pass]), verify: Verify::Each, ..PassOptions::default() };
    manager::run(module, &options, &mut |_, _| {}).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn passes_do_what_their_files_say() {
    let mut failures = Vec::new();
    for &pass in Pass::ALL {
        let files = inputs(&format!("passes/{}", pass.name()));
        assert!(files.len() >= 4, "{} has {} files", pass.name(), files.len());
        for path in files {
            let mut module = parse(&path);
            if let Err(error) = run_pass(&mut module, pass) {
                failures.push(format!("{}: {error}", path.display()));
                continue;
            }
            failures.extend(compare(&path, &print_module(&module, Spans::Show)));
        }
    }
    report(failures);
}

/// Every expectation has its input, so that none is forgotten when a file is renamed.
#[test]
fn no_expectation_is_without_input() {
    let mut work = vec![directory("")];
    while let Some(path) = work.pop() {
        if path.is_dir() {
            work.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "out") {
            assert!(path.with_extension("ir").exists(), "{}", path.display());
        }
    }
}
/// The tables of the documents are those of the code; `RUFF_BLESS=1` rewrites them.
#[test]
fn documented_tables_are_those_of_the_code() {
    let mut rules = String::from("| rule | demands |\n|---|---|\n");
    for rule in Rule::ALL {
        rules += &format!("| {} | {} |\n", rule.code(), rule.text());
    }
    let mut instructions = String::from("| instruction | operands | |\n|---|---|---|\n");
    for op in Op::ALL {
        let info = op.info();
        let mut operands: Vec<String> = info.fixed.iter().map(|mode| format!("{mode:?}").to_lowercase()).collect();
        operands.extend(info.rest.map(|mode| format!("{mode:?}...").to_lowercase()));
        instructions += &format!("| `{}` | {} | {} |\n", info.name, operands.join(", "), info.doc.trim());
    }
    let mut passes = String::from("| pass | from level | |\n|---|---|---|\n");
    for pass in Pass::ALL {
        let info = pass.info();
        passes += &format!("| `{}` | {} | {} |\n", info.name, info.level.name(), info.summary);
    }
    let mut code_rules = String::from("| rule | demands |\n|---|---|\n");
    for (rule, text) in verify::RULES {
        code_rules += &format!("| {rule} | {text} |\n");
    }
    let mut library = String::from("| builtin | | needs |\n|---|---|---|\n");
    for row in builtins::TABLE.iter().filter(|row| builtins::is_function(row)) {
        let names: Vec<String> =
            std::iter::once(&row.name).chain(row.aliases).map(|name| format!("`{name}`")).collect();
        library += &format!("| {} | {} | {} |\n", names.join(" = "), row.documentation, row.capability);
    }
    let mut capabilities = String::from("| flag | allows |\n|---|---|\n");
    for &capability in Capability::ALL {
        let list = match capability.narrowing() {
            Narrowing::Never => "",
            Narrowing::Paths => "[=PATHS]",
            Narrowing::Names => "[=NAMES]",
        };
        capabilities +=
            &format!("| `--{}{list}` | {capability}: {} |\n", capability.flag(), capability.documentation());
    }
    for group in GROUPS {
        capabilities += &format!("| `--{}` | {} |\n", group.flag, group.documentation);
    }
    let mut hints = String::from("| written | help |\n|---|---|\n");
    for hint in hint::TABLE {
        let written = match hint.trigger {
            Trigger::Word(text) => format!("`{text}`"),
            Trigger::Marks(text) => format!("`{}`", text.replace('|', "\\|")),
            Trigger::Character(character, name) => format!("U+{:04X} {name}", character as u32),
            Trigger::Member(text) => format!("`.{text}`"),
            Trigger::Situation(situation) => situation.written().to_owned(),
        };
        hints += &format!("| {written} | {} |\n", hint.advice.replace("||", "\\|\\|").replace("{}", "..."));
    }
    let mut lints = String::from("| code | finds | |\n|---|---|---|\n");
    for &lint in Lint::ALL {
        lints += &format!("| `{lint}` | {} | {} |\n", lint.title(), lint.explanation());
    }
    let tables = [
        ("language.md", "hints", hints),
        ("diagnostics.md", "lints", lints),
        ("ir.md", "rules", rules),
        ("ir.md", "instructions", instructions),
        ("passes.md", "passes", passes),
        ("bytecode.md", "rules", code_rules),
        ("language.md", "builtins", library),
        ("capabilities.md", "capabilities", capabilities),
    ];
    for (document, name, table) in tables {
        documented(document, name, &table);
    }
}

/// Holds that a part of a document, between its marks, is `expected`; `RUFF_BLESS=1` rewrites it.
#[track_caller]
fn documented(document: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("design").join(document);
    let text = fs::read_to_string(&path).unwrap();
    let start = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{document} has no part `{name}`"));
    let (old, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{document}: `{name}` has no end"));
    if std::env::var_os("RUFF_BLESS").is_some() {
        fs::write(&path, format!("{before}{start}{expected}<!-- end -->{after}")).unwrap();
    } else {
        assert!(old == expected, "{document}, part `{name}`:\n{expected}");
    }
}

/// What the design's bird's eye shows of its example is what the stages print; `RUFF_BLESS=1` rewrites it.
#[test]
fn the_example_of_the_design_is_real() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("design/README.md")).unwrap();
    let (_, rest) = page.split_once("<!-- program -->\n```\n").expect("the example's program");
    let (program, _) = rest.split_once("```").expect("its end");
    let mut sources = SourceMap::new();
    let main = sources.add("table.ruff", program).unwrap();
    let options = CompileOptions::default();
    let mut module = pipeline::lower(&mut sources, main, &CompileOptions::default())
        .map_err(|list| format!("{list:?}"))
        .unwrap()
        .module;
    let before = print_module(&module, Spans::Hide);
    pipeline::optimise(&mut module, &options, &mut |_, _| {});
    let after = print_module(&module, Spans::Hide);
    let compiled = pipeline::compile(&mut sources, main, &options, &mut |_, _| {}).map_err(|list| format!("{list:?}"));
    for (name, text) in [("ir-before", before), ("ir-after", after), ("code", compiled.unwrap().disassembly())] {
        let function = text.split("\n\n").find(|function| function.contains("fn1 ") && !function.contains("fn0 "));
        documented("README.md", name, &format!("```text\n{}\n```\n", function.expect("the function `table`").trim()));
    }
}

/// Text with pieces missing or doubled is refused, or read as something the verifier can judge; nothing panics.
#[test]
fn mangled_text_never_panics() {
    let mut read = 0;
    for directory in ["ir/roundtrip", "ir/verify", "passes/jump-threading", "passes/type-infer"] {
        for path in inputs(directory) {
            let text = fs::read_to_string(&path).unwrap();
            let words: Vec<&str> = text.split_inclusive([' ', '\n', '(', ')', ',']).collect();
            for at in 0..words.len() {
                for skipped in 0..3 {
                    let mut mangled = words.clone();
                    match skipped {
                        0 => drop(mangled.remove(at)),
                        1 => mangled.insert(at, words[at * 7 % words.len()]),
                        _ => mangled.swap(at, (at * 5 + 3) % words.len()),
                    }
                    if let Ok(module) = parse_module(&mangled.concat(), builtins::NAMES) {
                        read += 1;
                        let _ = verify_module(&module);
                        let _ = print_module(&module, Spans::Show);
                    }
                }
            }
        }
    }
    assert!(read > 100, "only {read} texts were read");
}
