//! Hints: what the table in `base/hint.rs` says is said, at the right place, by both engines.
//!
//! `tests/filetests/hints/NAME.ruff` holds programs between lines `#---`; `NAME.err` what each prints on standard error.
//! `RUFF_BLESS=1` rewrites the latter.

use ruff::base::hint::{TABLE, Trigger};
use ruff::base::render::{self, Colour};
use ruff::base::source::{SourceId, SourceMap};
use ruff::engine::pipeline::{self, CompileOptions, Outcome, RunOptions};
use ruff::engine::tree;
use ruff::runtime::host::Host;
use std::path::{Path, PathBuf};

const SEPARATOR: &str = "\n#---\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The files below a directory of `tests` with this extension, with their texts.
fn texts(directory: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = std::fs::read(&path).unwrap();
                found.push((path, String::from_utf8_lossy(&text).into_owned()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {directory}");
    found
}

fn reported(sources: &SourceMap, outcome: Outcome) -> String {
    let Outcome::Error(error) = outcome else { return format!("{outcome:?}\n") };
    render::runtime_error(sources, &error.message, Some(error.span), &error.advice, &error.stack, Colour::Never)
}

/// What the program prints on standard error: on the machine, without optimisation, and on the tree walker.
fn complaints(program: &str) -> [String; 3] {
    let load = || {
        let mut sources = SourceMap::new();
        let main = sources.add("hint.ruff", program).unwrap();
        (sources, main)
    };
    let on_machine = |options: &CompileOptions| {
        let (mut sources, main): (SourceMap, SourceId) = load();
        match pipeline::compile(&mut sources, main, options, &mut |_, _| {}) {
            Ok(compiled) => {
                let (outcome, _) = pipeline::run(&compiled, &mut Host::captured(""), &RunOptions::default());
                reported(compiled.sources(), outcome)
            }
            Err(list) => render::diagnostics(&sources, &list, Colour::Never),
        }
    };
    let (mut sources, main) = load();
    let on_tree = match tree::run(&mut sources, main, &mut Host::captured("")) {
        Ok(outcome) => reported(&sources, outcome),
        Err(list) => render::diagnostics(&sources, &list, Colour::Never),
    };
    let mut slow = CompileOptions::default();
    slow.passes.explicit = Some(Vec::new());
    [on_machine(&CompileOptions::default()), on_machine(&slow), on_tree]
}

#[test]
fn programs_get_their_hints_from_both_engines() {
    let mut failures = Vec::new();
    for (path, text) in texts("filetests/hints", "ruff") {
        let mut said = Vec::new();
        for program in text.split(SEPARATOR) {
            let [machine, slow, tree] = complaints(program);
            assert!(machine == slow && machine == tree, "{program}\n{machine}\n{slow}\n{tree}");
            said.push(machine.trim_end().to_owned());
        }
        let said = format!("{}\n", said.join(SEPARATOR));
        let expected = path.with_extension("err");
        if std::env::var_os("RUFF_BLESS").is_some() {
            std::fs::write(&expected, &said).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
            let differs = wanted.split(SEPARATOR).zip(said.split(SEPARATOR)).find(|(wanted, said)| wanted != said);
            failures.push(format!("{}: {differs:?}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The expectations hold the advice of every row: none is there without a program that gets it.
#[test]
fn every_row_of_the_table_is_said_to_some_program() {
    let said: String =
        ["filetests", "conformance"].iter().flat_map(|area| texts(area, "err")).map(|(_, text)| text).collect();
    let lines: Vec<&str> = said.lines().collect();
    let holds = |line: &str, advice: &str| {
        let mut rest = line;
        advice.split("{}").all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    };
    let word = |trigger: Trigger| match trigger {
        Trigger::Word(word) | Trigger::Member(word) => word.to_owned(),
        Trigger::Character(character, _) => character.to_string(),
        _ => String::new(),
    };
    let missing: Vec<String> = TABLE
        .iter()
        .filter(|row| {
            let written = word(row.trigger);
            // The advice stands some lines below the message and the excerpt with the word.
            !lines.iter().enumerate().any(|(at, line)| {
                holds(line, row.advice) && lines[at.saturating_sub(6)..at].iter().any(|line| line.contains(&written))
            })
        })
        .map(|row| format!("{:?}", row.trigger))
        .collect();
    assert!(TABLE.len() > 100);
    assert!(missing.is_empty(), "no program gets the hint of {missing:?}");
}

/// A program that says what the engine would say gets no advice for it.
#[test]
fn messages_of_scripts_are_not_taken_for_those_of_the_engine() {
    for message in
        ["Undefined variable: prnt", "Index out of bounds: 3", "f expects 1 arguments, got 0", "Unknown method: lenght"]
    {
        for raise in ["throw", "error"] {
            let [said, ..] = complaints(&format!("func f(x) {{ }}\n{raise}(\"{message}\")"));
            assert!(said.contains(message) && !said.contains("help") && !said.contains("declared"), "{said}");
        }
    }
}

/// Spans are cut at 64 KiB, here inside a character.
#[test]
fn long_declarations_are_no_trouble() {
    for blanks in 0..3 {
        let parameters: Vec<String> = (0..200).map(|number| format!("p{number}{}", "é".repeat(240))).collect();
        let program = format!("func f({}{}) {{ }}\nf()", " ".repeat(blanks), parameters.join(", "));
        let [said, _, tree] = complaints(&program);
        assert!(said.contains("f expects 200 arguments, got 0") && said == tree, "{blanks}");
    }
}

#[test]
fn names_too_different_are_not_suggested() {
    let [said, ..] = complaints("count := 1\nprint(coutn)");
    assert!(said.contains("did you mean `count`?"), "{said}");
    let [said, ..] = complaints("count := 1\nprint(zoint)");
    assert!(said.contains("Undefined variable: zoint") && !said.contains("help"), "{said}");
}
