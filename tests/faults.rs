//! The tests find faults: `faults/faults.txt` lists deliberate ones, and each, put into a copy of the sources, has to be caught.
//!
//! `cargo test --test faults -- --ignored --nocapture` builds and runs them all, one after the other (`RUFF_FAULTS=a,b` only those
//! whose name contains a or b); with `RUFF_BLESS=1` it writes what caught them into `design/testing.md`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Fault {
    name: String,
    meaning: String,
    file: String,
    from: String,
    to: String,
    /// The test that has to find it, instead of the others: its target (`lib` for the library's own tests) and name.
    test: Option<(String, String)>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn faults() -> Vec<Fault> {
    let text = std::fs::read_to_string(root().join("tests/faults/faults.txt")).unwrap();
    let blocks =
        text.split("\n\n").map(|block| block.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for block in blocks.filter(|block| !block.is_empty()) {
        assert!(block.len() <= 5, "blank lines stand between faults: {block:?}");
        let (lines, last) = block.split_at(block.len().min(4));
        let [title, file, from, to] = lines[..] else { panic!("a fault has four lines: {block:?}") };
        let (name, meaning) = title.split_once(": ").expect("a name and what goes wrong");
        let after = |line: &str, mark: &str| line.strip_prefix(mark).expect("- before, + after").to_owned();
        faults.push(Fault {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            file: file.to_owned(),
            from: after(from, "- "),
            to: after(to, "+ "),
            test: last.first().map(|line| {
                let test = after(line, "= ");
                let (target, name) = test.split_once("::").expect("a target and a test of it");
                (target.to_owned(), name.to_owned())
            }),
        });
    }
    faults
}

#[test]
fn every_fault_fits_the_sources() {
    let faults = faults();
    assert!(faults.len() >= 20);
    let mut complaints = String::new();
    for fault in &faults {
        let text = std::fs::read_to_string(root().join(&fault.file)).unwrap_or_default();
        let count = text.matches(&fault.from).count();
        if count != 1 || fault.from == fault.to {
            writeln!(complaints, "{}: its text occurs {count} times in {}", fault.name, fault.file).unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// Makes `to` a copy of `from`; files that are the same are left alone, so that they are not compiled again.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(to).unwrap().map(Result::unwrap) {
            let gone = !from.join(entry.file_name()).exists();
            if gone && entry.path().is_dir() {
                std::fs::remove_dir_all(entry.path()).unwrap();
            } else if gone {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        let text = std::fs::read(from).unwrap();
        if std::fs::read(to).ok().as_ref() != Some(&text) {
            std::fs::write(to, text).unwrap();
        }
    }
}

/// The words behind which a test says what it found, and after how many cases.
const REPORTS: [&str; 3] = ["after ", "seed ", "case "];

/// Runs a test of the copy; what it complained of.
fn complaint(tree: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(env!("CARGO"));
    command.arg("test").args(arguments).current_dir(tree).stdin(Stdio::null());
    command.env("CARGO_TARGET_DIR", tree.with_file_name("build")).env("RUFF_NO_SHRINKING", "1");
    for variable in
        ["RUFF_FUZZ_CASES", "RUFF_FUZZ_SEED", "RUFF_SEED", "RUFF_COUNT", "RUFF_BLESS", "RUFF_PEER", "RUST_BACKTRACE"]
    {
        command.env_remove(variable);
    }
    let end = command.output().expect("cargo runs");
    let text = format!("{}\n{}", String::from_utf8_lossy(&end.stdout), String::from_utf8_lossy(&end.stderr));
    assert!(!text.contains("could not compile"), "a fault has to compile:\n{text}");
    if end.status.success() {
        return None;
    }
    let line = text.lines().find(|line| REPORTS.iter().any(|report| line.starts_with(report)));
    Some(line.map_or_else(|| if text.contains("signal: ") { "crash" } else { "assertion" }.to_owned(), short))
}

/// What a report says, as it stands in the table: the number of the case, the configuration, and the kind of failure.
fn short(line: &str) -> String {
    if let Some((case, how)) = line.strip_prefix("case ").and_then(|rest| rest.split_once(": ")) {
        return format!("case {case}: {}", if how.contains("signal") { "crash" } else { "panic or leak" });
    }
    let kinds = [
        ("panic: bug in", "panic of a checker"),
        ("panic", "panic"),
        ("objects are", "leak"),
        ("standard output", "output"),
        ("the error", "error"),
        ("the exit code", "exit code"),
        ("the process ended", "crash"),
        ("no end within", "hang"),
    ];
    let kind = kinds.iter().find(|(words, _)| line.contains(words)).map_or("half done", |kind| kind.1);
    let number = |mark: &str| Some(line.split_once(mark)?.1.split(|it: char| !it.is_ascii_digit()).next()?.to_owned());
    match (number("after "), line.split_once("seed ").and_then(|rest| rest.1.split_once(": "))) {
        (None, _) => number("seed ").map_or_else(String::new, |seed| format!("function {seed}")),
        (Some(runs), None) => format!("run {runs}: {kind}"),
        (Some(programs), Some((_, what))) => match what.split_once(": ") {
            Some((row, _)) if row.starts_with('-') => format!("program {programs}, `{row}`: {kind}"),
            Some((row, _)) => format!("program {programs}, {row}: {kind}"),
            None => format!("program {programs}: {kind}"),
        },
    }
}

/// Writes `rows` into the table; the rows of other faults stay.
fn write_table(rows: &[(String, String)]) {
    let path = root().join("design/testing.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- faults -->\n").expect("a place for the table");
    let (table, after) = rest.split_once("<!-- end -->").expect("its end");
    let known =
        |name: &str| table.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).map(|it| format!("{it}\n"));
    let new = |name: &str| rows.iter().find(|row| row.0 == name).map(|row| row.1.clone());
    let rows: String = faults().iter().filter_map(|fault| new(&fault.name).or_else(|| known(&fault.name))).collect();
    let head = "| fault | what goes wrong | caught by |\n|---|---|---|\n";
    std::fs::write(&path, format!("{before}<!-- faults -->\n{head}{rows}<!-- end -->{after}")).unwrap();
}

#[test]
#[ignore = "builds the project once for each fault"]
fn every_fault_is_caught() {
    let filter = std::env::var("RUFF_FAULTS").unwrap_or_default();
    let tree = root().join("target/faults/tree");
    let restore = || {
        for name in ["Cargo.toml", "Cargo.lock", "src", "tests", "benches"] {
            copy(&root().join(name), &tree.join(name));
        }
    };
    std::fs::create_dir_all(&tree).unwrap();
    let mut rows = Vec::new();
    let mut missed = Vec::new();
    for fault in faults().iter().filter(|fault| filter.split(',').any(|text| fault.name.contains(text))) {
        restore();
        let path = tree.join(&fault.file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(&fault.from, &fault.to)).unwrap();
        let mut found = Vec::new();
        if let Some((target, test)) = &fault.test {
            let words: &[&str] = if target == "lib" { &["--lib", test] } else { &["--test", target, test] };
            found.extend(complaint(&tree, words).map(|what| format!("`{test}`, {what}")));
        } else if let Some(what) = complaint(&tree, &["--test", "differential", "random"]) {
            found.push(format!("`differential`, {what}"));
        }
        if fault.file.starts_with("src/passes/")
            && fault.test.is_none()
            && let Some(what) = complaint(&tree, &["--lib", "passes::preserve_tests"])
        {
            found.push(format!("`preserve_tests`, {what}"));
        }
        println!("{}: {}", fault.name, if found.is_empty() { "NOT CAUGHT".to_owned() } else { found.join("; ") });
        if found.is_empty() {
            missed.push(fault.name.clone());
        }
        let row = format!("| `{}` | {} | {} |\n", fault.name, fault.meaning, found.join("; ").replace('|', "\\|"));
        rows.push((fault.name.clone(), row));
    }
    restore();
    if std::env::var_os("RUFF_BLESS").is_some() {
        write_table(&rows);
    }
    assert!(missed.is_empty(), "not caught: {}", missed.join(", "));
}
