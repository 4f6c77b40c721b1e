//! The benchmark programs: complete in all four languages, of one output, and of known cost.
//!
//! Every program takes its size as its argument; here all of them run at the sizes of `benches/programs/reduced.txt`. What they
//! execute and allocate is compared exactly with `tests/benchmarks/executed.txt`, which `RUFF_BLESS=1` rewrites.
//!
//! Some are written in other styles as well, in `benches/styles`: each says what differs and prints what its program prints.

mod common;

use common::{ruff, run};
use ruff::base::source::SourceMap;
use ruff::engine::measure::Subject;
use ruff::engine::pipeline::{self, CompileOptions, Outcome, RunOptions};
use ruff::passes::manager::PassOptions;
use ruff::passes::{Level, Pass};
use ruff::runtime::capability::Permissions;
use ruff::runtime::host::Host;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every program is written in these.
const LANGUAGES: &[&str] = &["ruff", "lua", "js", "py"];

/// What runs the other languages, if it is installed; Lua's text must suit both of its implementations.
const PEERS: &[(&str, &str)] = &[("lua5.4", "lua"), ("luajit", "lua"), ("node", "js"), ("python3", "py")];

/// So many programs are written in other styles, each in so many.
const STYLED: usize = 14;
const STYLES: usize = 4;

/// A pass of `-O2` saves at least this part of the executed instructions of some program.
const WORTH: f64 = 0.001;
/// And costs less than this part of any: a few instructions before a loop that pay within it at other sizes.
const COST: f64 = 0.0001;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Names and reduced sizes of all programs.
fn programs() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("benches/programs/reduced.txt")).unwrap();
    let rows = text.lines().map(|line| line.split_once(' ').expect("a name and a size"));
    let rows: Vec<_> = rows.map(|(name, size)| (name.to_owned(), size.to_owned())).collect();
    assert!(rows.len() >= 24);
    assert!(rows.is_sorted());
    rows
}

fn path(name: &str, extension: &str) -> PathBuf {
    root().join("benches/programs").join(name).with_extension(extension)
}

#[test]
fn every_program_is_written_in_every_language() {
    let mut wanted: BTreeSet<String> = BTreeSet::from(["reduced.txt".to_owned()]);
    for (name, _) in programs() {
        wanted.extend(LANGUAGES.iter().map(|extension| format!("{name}.{extension}")));
    }
    let found = std::fs::read_dir(root().join("benches/programs")).unwrap();
    let found: BTreeSet<String> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let difference: Vec<&String> = found.symmetric_difference(&wanted).collect();
    assert!(difference.is_empty(), "missing, or unknown to reduced.txt: {difference:?}");
}

/// What `command` prints; `None` if there is no such command.
fn printed(mut command: Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{complaint}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn peers_print_the_same() {
    for (name, size) in programs() {
        let own = output(&path(&name, "ruff"), &size);
        for &(peer, extension) in PEERS {
            let mut command = Command::new(peer);
            command.arg(path(&name, extension)).arg(&size);
            if let Some(text) = printed(command) {
                assert_eq!(text, own, "{name}: {peer} (left) and ruff differ");
            }
        }
    }
}

/// What a program on the machine prints, given its size.
fn output(file: &Path, size: &str) -> String {
    let mut command = ruff();
    command.arg("run").arg(file).arg(size);
    let done = run(command, None);
    assert_eq!(done.code, Some(0), "{}: {}", file.display(), done.err);
    done.out
}

#[test]
fn every_style_prints_what_its_program_prints() {
    let directory = root().join("benches/styles");
    let mut styled = 0;
    for (name, size) in programs() {
        let Ok(found) = std::fs::read_dir(directory.join(&name)) else { continue };
        let files: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= STYLES, "{name} has {} styles", files.len());
        let expected = output(&path(&name, "ruff"), &size);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("# "), "{} does not say what differs", file.display());
            assert_eq!(output(&file, &size), expected, "{} (left) and its program differ", file.display());
        }
        styled += 1;
    }
    assert_eq!(styled, std::fs::read_dir(directory).unwrap().count(), "a directory of styles without a program");
    assert!(styled >= STYLED);
}

/// Instructions executed and objects allocated by a program, which never copies in order to change.
fn cost(file: &Path, size: &str, level: Level) -> (u64, u64) {
    let (file, size) = (file.to_owned(), size.to_owned());
    // On a thread of its own: each thread has its own heap, and nothing that an earlier program left behind is used again.
    let counted = std::thread::spawn(move || {
        let mut sources = SourceMap::new();
        let main = sources.add("program.ruff", std::fs::read_to_string(&file).unwrap()).unwrap();
        let options = CompileOptions { passes: PassOptions::at(level), ..CompileOptions::default() };
        let compiled = pipeline::compile(&mut sources, main, &options, &mut |_, _| {});
        let compiled = compiled.unwrap_or_else(|list| panic!("{} does not compile: {list:?}", file.display()));
        let mut host = Host::captured("").with_arguments(vec![size]);
        let (outcome, stats) =
            pipeline::run(&compiled, &mut host, &RunOptions { stats: true, ..RunOptions::default() });
        assert_eq!(outcome, Outcome::Finished, "{}", file.display());
        let stats = stats.expect("statistics were asked for");
        assert_eq!(stats.copies_on_write, 0, "{} changes data that are shared", file.display());
        (stats.total(), stats.allocations)
    });
    counted.join().unwrap()
}

#[test]
fn programs_execute_as_many_instructions_as_before() {
    let mut text = String::from("# program, level, executed instructions, allocations; RUFF_BLESS=1 rewrites this\n");
    for (name, size) in programs() {
        for &level in Level::ALL {
            let (instructions, allocations) = cost(&path(&name, "ruff"), &size, level);
            text.push_str(&format!("{name:<18}{:<4}{instructions:>10}{allocations:>9}\n", level.name()));
        }
    }
    let golden = root().join("tests/benchmarks/executed.txt");
    if std::env::var_os("RUFF_BLESS").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    let changed: Vec<String> = expected
        .lines()
        .zip(text.lines())
        .filter(|(old, new)| old != new)
        .map(|(old, new)| format!("  {old}\n  {new}"))
        .collect();
    assert!(
        expected == text,
        "executed instructions or allocations changed (old, new); if that is meant, RUFF_BLESS=1:\n{}",
        changed.join("\n")
    );
}

#[test]
fn passes_never_cost_instructions_and_each_saves_some() {
    let mut best: Vec<(Pass, f64, String)> = Pass::ALL.iter().map(|&pass| (pass, 0.0, String::new())).collect();
    for (name, size) in programs() {
        let mut sources = SourceMap::new();
        let text = std::fs::read_to_string(path(&name, "ruff")).unwrap();
        let main = sources.add("program.ruff", text).unwrap();
        let ablation = Subject { sources: &sources, main, arguments: &[size], permissions: &Permissions::ALL }.ablate();
        let Ok(ablation) = ablation else { panic!("{name} does not run") };
        assert!(ablation.all <= ablation.unoptimised, "{name}: -O2 executes more than -O0");
        for (&(pass, without), best) in ablation.without.iter().zip(&mut best) {
            let saved = ablation.saved(without);
            assert!(saved > -COST, "{name} executes {without} without {}, {} with it", pass.name(), ablation.all);
            if saved > best.1 {
                *best = (pass, saved, name.clone());
            }
        }
    }
    for (pass, saved, name) in best {
        println!("{:<16}{:6.2} % of {name}", pass.name(), 100.0 * saved);
        assert!(saved >= WORTH, "{} saves at most {saved} of a program's instructions", pass.name());
    }
}

#[test]
fn counts_are_the_same_every_time() {
    let file = path("json", "ruff");
    assert_eq!(cost(&file, "1", Level::O2), cost(&file, "1", Level::O2));
}

#[test]
fn the_documents_name_the_runner_that_fits() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let (_, entry) = lock.split_once("name = \"iai-callgrind\"\nversion = \"").unwrap();
    let command = format!("cargo install iai-callgrind-runner --version {}", entry.split('"').next().unwrap());
    for page in ["README.md", "design/performance.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&command), "{page} lacks {command:?}");
    }
}

#[test]
fn the_script_that_compares_peers_writes_its_tables() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("python3");
    command.arg(root().join("benches/peers.py")).args(["startup", "--rounds=1", "--peers=", "--ruff"]);
    command.arg(env!("CARGO_BIN_EXE_ruff")).arg("--out").arg(directory.path());
    let Some(text) = printed(command) else { return println!("python3 is not installed") };
    assert!(text.contains("startup") && !text.contains("complaint"), "{text}");
    for (file, words) in [("peers.md", "| startup |"), ("peers.csv", "startup,ruff,"), ("peers.svg", ">startup</text>")]
    {
        let written = std::fs::read_to_string(directory.path().join(file)).unwrap();
        assert!(written.contains(words), "{file}:\n{written}");
    }
}

#[test]
fn the_script_that_compares_styles_compares_outputs() {
    let mut command = Command::new("python3");
    command.arg(root().join("benches/styles.py")).args(["struct_methods/array", "--no-count", "--ruff"]);
    command.arg(env!("CARGO_BIN_EXE_ruff"));
    let Some(text) = printed(command) else { return println!("python3 is not installed") };
    assert!(text.contains("array") && !text.contains("complaint"), "{text}");
}
