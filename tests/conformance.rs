//! Runs every program of `tests/conformance` through the built binary, at every level, with every pass alone and left out, and on the
//! reference interpreter.
//!
//! A case is `AREA/NAME.ruff` beside `NAME.out` (exact standard output); optional: `NAME.err`, every non-empty line of which must
//! occur in standard error, and `NAME.code`, the exit code (0 without it). Other `.ruff` files are modules that cases import.
//! Each run has its own empty working directory, empty standard input and no colours, and every configuration must behave alike.
//!
//! `RUFF_CASES=text` runs only the cases whose `AREA/NAME` contains the text; `RUFF_BLESS=1` rewrites the `.out` files from the
//! `-O0` run (review the diff). `not_yet.txt` lists the cases that use a feature the compiler still refuses, with the words its
//! diagnostic must contain: a listed case that is accepted, or refused for another reason, fails.

mod common;

use common::{Finished, ruff, run_in_fresh_directory};
use ruff::runtime::builtins;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Programs that differ at most so many lines in one report.
const SHOWN_LINES: usize = 3;
/// Failing cases spelled out in one report; the others are only counted.
const SHOWN_CASES: usize = 60;
/// Worker threads: one process each at a time.
const WORKERS: usize = 2;

struct Case {
    name: String,
    program: PathBuf,
    out: String,
    err: Vec<String>,
    code: i32,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn read(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// All cases, in the order of their names, including those that are not supported yet.
fn all_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut areas: Vec<PathBuf> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    areas.retain(|path| path.is_dir());
    for area in areas {
        for entry in std::fs::read_dir(&area).unwrap() {
            let program = entry.unwrap().path();
            let Some(out) = read(&program.with_extension("out")) else { continue };
            if program.extension().is_none_or(|extension| extension != "ruff") {
                continue;
            }
            let area_name = area.file_name().unwrap().to_string_lossy();
            let name = format!("{area_name}/{}", program.file_stem().unwrap().to_string_lossy());
            let err = read(&program.with_extension("err")).unwrap_or_default();
            let err = err.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
            let code = read(&program.with_extension("code")).map_or(0, |text| text.trim().parse().unwrap());
            cases.push(Case { name, program, out, err, code });
        }
    }
    assert!(cases.len() > 400, "the conformance programs were not found in {}", root().display());
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// The cases that wait for a feature, with the words of the refusal.
fn not_yet() -> BTreeMap<String, String> {
    let text = read(&root().join("not_yet.txt")).unwrap_or_default();
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (name, words) = line.split_once(": ").unwrap_or_else(|| panic!("not_yet.txt: no `: ` in {line:?}"));
        assert!(!words.trim().is_empty(), "not_yet.txt: no feature in {line:?}");
        assert!(listed.insert(name.to_owned(), words.to_owned()).is_none(), "not_yet.txt lists {name} twice");
    }
    listed
}

fn selected(cases: Vec<Case>) -> Vec<Case> {
    let filter = std::env::var("RUFF_CASES").unwrap_or_default();
    cases.into_iter().filter(|case| case.name.contains(&filter)).collect()
}

fn supported() -> Vec<Case> {
    let waiting = not_yet();
    let cases = all_cases();
    for name in waiting.keys() {
        assert!(cases.iter().any(|case| case.name == *name), "not_yet.txt lists {name}, which does not exist");
    }
    selected(cases.into_iter().filter(|case| !waiting.contains_key(&case.name)).collect())
}

/// Runs `job` on every index below `count`, on [`WORKERS`] threads.
fn in_parallel(count: usize, job: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    job(index);
                }
            });
        }
    });
}

fn run(case: &Case, flags: &[String]) -> Finished {
    let mut command = ruff();
    command.arg("run").args(flags).arg(&case.program);
    run_in_fresh_directory(command)
}

/// What is wrong with `got`; empty if nothing.
fn problems(case: &Case, got: &Finished) -> String {
    let mut text = String::new();
    if got.timed_out {
        text.push_str("    timed out\n");
    } else if got.code != Some(case.code) {
        let _ = writeln!(text, "    exit code {}, expected {}", got.code_text(), case.code);
    }
    if got.out != case.out {
        let (want, have): (Vec<&str>, Vec<&str>) = (case.out.split('\n').collect(), got.out.split('\n').collect());
        let mut shown = 0;
        for i in 0..want.len().max(have.len()) {
            let (a, b) = (want.get(i), have.get(i));
            if a != b {
                shown += 1;
                if shown > SHOWN_LINES {
                    text.push_str("    ...\n");
                    break;
                }
                let _ = writeln!(text, "    line {}: expected {}", i + 1, shorten(a));
                let _ = writeln!(text, "    line {}:      got {}", i + 1, shorten(b));
            }
        }
    }
    for line in case.err.iter().filter(|line| !got.err.contains(line.as_str())) {
        let _ = writeln!(text, "    standard error lacks {line:?}");
    }
    if !text.is_empty() && !got.err.trim().is_empty() {
        let lines: Vec<&str> = got.err.trim().lines().take(2).collect();
        // A crash names its thread by a number that differs from run to run.
        let said = lines.join(" ").replace(&format!("({})", got.process), "");
        let _ = writeln!(text, "    standard error: {}", shorten(Some(&said)));
    }
    text
}

fn shorten(line: Option<&(impl AsRef<str> + ?Sized)>) -> String {
    match line.map(AsRef::as_ref) {
        None => "the end of the output".to_owned(),
        Some(text) if text.chars().count() > 160 => format!("{:?}...", text.chars().take(160).collect::<String>()),
        Some(text) => format!("{text:?}"),
    }
}

/// Runs every case in every configuration; panics with one report, in which alike failures of one case are said once.
fn check(cases: &[Case], configurations: &[Vec<String>]) {
    let failures: Mutex<BTreeMap<(String, String), Vec<String>>> = Mutex::new(BTreeMap::new());
    in_parallel(cases.len() * configurations.len(), |index| {
        let (case, flags) = (&cases[index / configurations.len()], &configurations[index % configurations.len()]);
        let found = problems(case, &run(case, flags));
        if !found.is_empty() {
            failures.lock().unwrap().entry((case.name.clone(), found)).or_default().push(flags.join(" "));
        }
    });
    let failures = failures.into_inner().unwrap();
    if failures.is_empty() {
        return;
    }
    let mut report = String::new();
    for ((name, found), flags) in failures.iter().take(SHOWN_CASES) {
        let every = flags.len() == configurations.len();
        let with = if every { "every configuration".to_owned() } else { flags.join(" | ") };
        let _ = write!(report, "  {name} with {with}\n{found}");
    }
    let names: std::collections::BTreeSet<&String> = failures.keys().map(|(name, _)| name).collect();
    panic!("{} of {} conformance programs fail:\n{report}", names.len(), cases.len());
}

fn flags(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn pass_names() -> Vec<String> {
    let mut command = ruff();
    command.args(["passes", "--names"]);
    let finished = run_in_fresh_directory(command);
    assert_eq!(finished.code, Some(0), "`ruff passes --names` failed: {}", finished.err);
    let names: Vec<String> = finished.out.lines().map(str::to_owned).collect();
    assert!(!names.is_empty(), "`ruff passes --names` lists nothing");
    names
}

#[test]
fn every_builtin_has_a_case() {
    let mut called = BTreeSet::new();
    for case in all_cases() {
        let text = read(&case.program).unwrap();
        let words = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
        called.extend(words.filter_map(|word| word.strip_suffix('(')).map(str::to_owned));
    }
    let missing: Vec<&str> = builtins::infos()
        .map(|builtin| builtin.name)
        .filter(|&name| !name.starts_with("__") && !called.contains(name))
        .collect();
    assert!(missing.is_empty(), "no program calls {missing:?}");
}

#[test]
fn every_level_behaves_alike() {
    let cases = supported();
    if std::env::var_os("RUFF_BLESS").is_some() {
        for case in &cases {
            std::fs::write(case.program.with_extension("out"), run(case, &flags(&["-O0"])).out).unwrap();
        }
        return;
    }
    let levels: Vec<Vec<String>> = ["-O0", "-O1", "-O2"].iter().map(|level| flags(&[level, "--verify"])).collect();
    check(&cases, &levels);
}

/// Every case runs on the reference interpreter; none is left out. Flags that only concern the machine (`--stats`, `--time-passes`,
/// `--print-after`) are refused there, which `tests/cli.rs` holds.
#[test]
fn the_reference_interpreter_behaves_alike() {
    check(&supported(), &[flags(&["--engine=tree"])]);
}

/// Not only what the case asks for: every word of standard error, positions and stacks included.
#[test]
fn both_engines_say_the_same() {
    let cases = supported();
    let complaints = Mutex::new(Vec::new());
    in_parallel(cases.len(), |index| {
        let case = &cases[index];
        let (vm, tree) = (run(case, &flags(&["--vm"])), run(case, &flags(&["--interpreter"])));
        if (&vm.out, &vm.err, vm.code) != (&tree.out, &tree.err, tree.code) {
            let lines = vm.err.lines().zip(tree.err.lines()).find(|(vm, tree)| vm != tree);
            complaints.lock().unwrap().push(format!("  {}: {lines:?}", case.name));
        }
    });
    let mut complaints = complaints.into_inner().unwrap();
    complaints.sort();
    assert!(complaints.is_empty(), "the machine and the tree walker differ:\n{}", complaints.join("\n"));
}

#[test]
fn every_pass_alone_and_left_out_behaves_alike() {
    let mut configurations = Vec::new();
    for name in pass_names() {
        configurations.push(flags(&["--verify", &format!("--passes={name}")]));
        configurations.push(flags(&["--verify", &format!("--no-pass={name}")]));
    }
    check(&supported(), &configurations);
}

#[test]
fn what_is_not_supported_yet_is_refused_by_name() {
    let waiting = not_yet();
    let cases = selected(all_cases().into_iter().filter(|case| waiting.contains_key(&case.name)).collect());
    let complaints = Mutex::new(Vec::new());
    in_parallel(cases.len(), |index| {
        let case = &cases[index];
        let words = &waiting[&case.name];
        let got = run(case, &flags(&["--verify"]));
        if problems(case, &got).is_empty() {
            complaints.lock().unwrap().push(format!("  {} passes: take it off not_yet.txt", case.name));
        } else if !got.err.contains(words.as_str()) && !got.out.contains(words.as_str()) {
            let seen = shorten(got.err.lines().next());
            let text = format!("  {}: {words:?} is not what was refused (exit {}): {seen}", case.name, got.code_text());
            complaints.lock().unwrap().push(text);
        }
    });
    let mut complaints = complaints.into_inner().unwrap();
    complaints.sort();
    assert!(complaints.is_empty(), "not_yet.txt has rotted:\n{}", complaints.join("\n"));
}
