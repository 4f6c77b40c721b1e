//! Lints: what the table in `lint/table.rs` says is found, is found, and nothing else.
//!
//! `tests/filetests/lint/CODE.ruff` holds programs between lines `#---`: the first shows the lint at work, the others where
//! it is silent; `CODE.err` what the check says of each. `tests/filetests/lint/deserved.txt` holds all warnings of the
//! conformance and benchmark programs, each of which was looked at; those that foretell an error are confirmed by what the
//! program is expected to print. `RUFF_BLESS=1` rewrites these expectations.

use ruff::base::effort;
use ruff::base::render::{self, Colour, Severity};
use ruff::base::source::{SourceId, SourceMap};
use ruff::engine::checking;
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::lint::Warning;
use ruff::lint::table::Lint;
use std::path::{Path, PathBuf};

#[path = "../benches/growth/shapes.rs"]
mod shapes;

const SEPARATOR: &str = "\n#---\n";
const DIRECTORY: &str = "tests/filetests/lint";

/// What the check says of a program of this name, or how it refuses it.
fn checked(name: &str, text: &str) -> (SourceMap, Result<Vec<Warning>, String>) {
    let mut sources = SourceMap::new();
    let main = sources.add(name, text).unwrap();
    let warnings = checking::check(&mut sources, main);
    let warnings = warnings.map_err(|list| render::diagnostics(&sources, &list, Colour::Never));
    (sources, warnings)
}

fn blessed(path: &Path, said: &str) -> Option<String> {
    if std::env::var_os("RUFF_BLESS").is_some() {
        std::fs::write(path, said).unwrap();
        return None;
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    if wanted == said {
        return None;
    }
    let differs = wanted.lines().zip(said.lines()).find(|(wanted, said)| wanted != said);
    Some(format!("{}: {differs:?}", path.display()))
}

#[test]
fn every_lint_is_said_where_it_is_due_and_nowhere_else() {
    let mut failures = Vec::new();
    for lint in Lint::ALL {
        let path = PathBuf::from(format!("{DIRECTORY}/{lint}.ruff"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} shows no program", path.display()));
        let programs: Vec<&str> = text.split(SEPARATOR).collect();
        assert!(programs.len() > 1, "{lint} has a program that has it, and one that has not");
        let mut said = Vec::new();
        for (number, program) in programs.iter().enumerate() {
            let (sources, warnings) = checked(path.to_str().unwrap(), program);
            let warnings = warnings.unwrap_or_else(|refused| panic!("{lint}: {refused}"));
            let count = warnings.iter().filter(|warning| warning.lint == *lint).count();
            if (number == 0) != (count > 0) || number > 0 && !warnings.is_empty() {
                failures.push(format!("{lint}, program {number}: {warnings:?}"));
            }
            let shown = warnings.iter().map(|Warning { lint, message, span, advice }| {
                render::finding(&sources, Severity::Warning, lint.code(), message, *span, advice, Colour::Never)
            });
            said.push(shown.collect::<String>().trim_end().to_owned());
        }
        failures.extend(blessed(&path.with_extension("err"), &format!("{}\n", said.join(SEPARATOR))));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The programs below a directory, sorted.
fn programs(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(directory)];
    while let Some(directory) = open.pop() {
        for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ruff") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Programs that show an error which a warning foretells, but do not print its message, or never come to it.
const UNTOLD: &[&str] = &[
    "closures/called_while_they_are_kept",
    "host/arg_parser",
    "lexical/lone_cr_is_a_line",
    "limits/every_slow_path_in_a_long_loop",
    "modules/conf_err",
    "modules/import_as_is_an_undefined_name",
    "operators/equality_of_kinds",
    "operators/logic",
    "scope/loop_body_is_fresh",
];

/// What a program raises at a warning of a lint that is about errors.
fn foretold(warning: &Warning) -> Option<String> {
    let name = || warning.message.split('`').nth_back(1).unwrap_or("");
    match warning.lint {
        Lint::ArgumentCount | Lint::UnknownImport => Some(warning.message.clone()),
        Lint::UndefinedName => Some(format!("Undefined variable: {}", name())),
        Lint::UnknownMethod => Some(format!("Unknown method: {}", name())),
        _ => None,
    }
}

#[test]
fn programs_have_the_warnings_they_deserve() {
    let (mut said, mut untold) = (String::new(), Vec::new());
    let (mut count, mut told) = (0, 0);
    for path in ["tests/conformance", "benches/programs"].iter().flat_map(|directory| programs(directory)) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        count += 1;
        let name = path.to_str().unwrap();
        let (sources, warnings) = checked(name, &text);
        let own = |warning: &&Warning| sources.get(warning.span.source).name == name;
        for warning in warnings.unwrap_or_default().iter().filter(own) {
            let at = sources.position(warning.span);
            if let Some(message) = foretold(warning) {
                let shown = ["out", "err"].map(|extension| std::fs::read(path.with_extension(extension)));
                let shown = shown.into_iter().flatten().map(|text| String::from_utf8_lossy(&text).into_owned());
                if shown.into_iter().any(|text| text.contains(&message)) {
                    told += 1;
                } else {
                    untold.push(format!("{name}:{}: {message}", at.line));
                }
            }
            said.push_str(&format!("{name}:{}:{} {}: {}\n", at.line, at.column, warning.lint, warning.message));
        }
    }
    assert!(count > 1000 && told > 400, "{count} programs, {told} errors");
    untold.retain(|one| !UNTOLD.iter().any(|program| one.contains(&format!("{program}.ruff"))));
    assert!(untold.is_empty(), "{}", untold.join("\n"));
    let failure = blessed(&Path::new(DIRECTORY).join("deserved.txt"), &said);
    assert!(failure.is_none(), "{failure:?}");
}

/// What a check does beside compiling: four times the program, at most four times the steps, and a logarithm, as for the compiler
/// (`tests/compile_growth.rs`).
#[test]
fn no_lint_is_quadratic() {
    const SIZE: usize = 50;
    let spent = |text: &str, work: &dyn Fn(&mut SourceMap, SourceId)| {
        let mut sources = SourceMap::new();
        let main = sources.add("shape.ruff", text).unwrap();
        let before = effort::spent();
        work(&mut sources, main);
        (effort::spent() - before) as f64
    };
    let steps = |text: &str| {
        let check = spent(text, &|sources, main| {
            let warnings = checking::check(sources, main);
            assert!(warnings.is_ok(), "{warnings:?}");
        });
        let compile = spent(text, &|sources, main| {
            let compiled = pipeline::compile(sources, main, &CompileOptions::default(), &mut |_, _| {});
            assert!(compiled.is_ok());
        });
        check - compile
    };
    let mut complaints = Vec::new();
    for shape in shapes::SHAPES {
        let (small, large) = (steps(&(shape.program)(SIZE)), steps(&(shape.program)(4 * SIZE)));
        assert!(small > 50.0, "{} is counted", shape.name);
        let most = if shape.owns { 16.0 } else { 6.0 };
        if large > most * small + SIZE as f64 {
            complaints.push(format!("{}: {small} steps, then {:.2} times", shape.name, large / small));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
