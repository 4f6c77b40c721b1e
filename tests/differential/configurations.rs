//! The configurations a program must behave alike in: THE table. The first row is the one the others are compared with.

use super::files;
use ruff::base::diagnostic::Diagnostic;
use ruff::base::source::{SourceId, SourceMap};
use ruff::bytecode::op::Opcode;
use ruff::engine::pipeline::{CompileOptions, Limit, Outcome, RunOptions, compile, run};
use ruff::engine::tree;
use ruff::passes::manager::PassOptions;
use ruff::passes::{Level, Pass};
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use ruff::vm::Limits;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How a program is run.
pub enum Engine {
    /// In this process: the passes, and whether instructions are counted, which leaves quickening out.
    Machine { compile: CompileOptions, cold: bool },
    /// In this process, by the reference interpreter.
    Tree,
    /// By another binary of this project, with these flags.
    Binary { path: PathBuf, flags: &'static [&'static str] },
}

/// A row.
pub struct Configuration {
    pub name: String,
    pub engine: Engine,
}

/// What can be seen of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    pub out: String,
    /// Standard error, or the uncaught error with its position and trace.
    pub err: String,
    pub code: i32,
}

/// The rows. `RUFF_PEER` names a binary (of another dispatch, or built in another way) for one more.
pub fn table() -> Vec<Configuration> {
    let mut rows = Vec::new();
    let mut machine = |name: String, passes: PassOptions, verify: bool, cold: bool| {
        let compile = CompileOptions { passes, verify, ..CompileOptions::default() };
        rows.push(Configuration { name, engine: Engine::Machine { compile, cold } });
    };
    for &level in Level::ALL {
        machine(format!("-{}", level.name()), PassOptions::at(level), true, false);
    }
    machine("without quickening".into(), PassOptions::at(Level::O2), false, true);
    machine("-O0 without quickening".into(), PassOptions::at(Level::O0), false, true);
    for &pass in Pass::ALL {
        let alone = PassOptions { explicit: Some(vec![pass]), ..PassOptions::default() };
        machine(format!("--passes={}", pass.name()), alone, false, false);
        let without = PassOptions { disabled: vec![pass], ..PassOptions::default() };
        machine(format!("--no-pass={}", pass.name()), without, false, false);
    }
    rows.insert(1, Configuration { name: "the tree walker".to_owned(), engine: Engine::Tree });
    if let Some(path) = std::env::var_os("RUFF_PEER") {
        let name = format!("the binary {}", path.display());
        rows.push(Configuration { name, engine: Engine::Binary { path: path.into(), flags: &[] } });
    }
    rows
}

impl Configuration {
    /// Runs `text`; also how many instructions were counted. A failure of the engine itself is the error.
    pub fn observe(&self, text: &str) -> Result<(Observed, u64), String> {
        match &self.engine {
            Engine::Machine { compile, cold } => guarded(|| on_machine(text, compile, *cold)),
            Engine::Tree => guarded(|| on_tree(text)),
            Engine::Binary { path, flags } => by_binary(path, flags, text),
        }
    }
}

/// A panic is a failure of the engine.
fn guarded(run: impl FnOnce() -> Result<(Observed, u64), String>) -> Result<(Observed, u64), String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("panic: {words}"))
    })
}

fn on_tree(text: &str) -> Result<(Observed, u64), String> {
    let before = heap::live_objects();
    let (mut sources, main, _directory) = files::sources(text)?;
    let mut host = Host::captured("");
    let ended = tree::run(&mut sources, main, &mut host);
    let mut seen = ended.map_or_else(refused, |outcome| ended_so(outcome, &sources, &mut host));
    look_for_leaks(before, &mut seen);
    Ok((seen, 0))
}

fn refused(list: Vec<Diagnostic>) -> Observed {
    let said = |one: &Diagnostic| format!("{} at {:?}\n{}", one.message, one.span, one.advice.help.join("\n"));
    Observed { out: String::new(), err: list.iter().map(said).collect::<Vec<_>>().join("\n"), code: 3 }
}

fn ended_so(outcome: Outcome, sources: &SourceMap, host: &mut Host) -> Observed {
    let (out, mut err) = host.take_output();
    // Every run of a program with modules has a directory of its own, which errors of tasks name.
    if let Some((directory, _)) = sources.get(SourceId(0)).name.rsplit_once('/') {
        err = err.replace(directory, "");
    }
    let code = match outcome {
        Outcome::Finished => 0,
        Outcome::Exit(code) => code,
        Outcome::Error(error) | Outcome::Stopped(_, error) => {
            let at = sources.position(error.span);
            let name = &sources.get(error.span.source).name;
            let (directory, file) = name.rsplit_once('/').unwrap_or(("", name));
            err += &format!(
                "{} at {file}:{}:{}\n{}\n{:?} {:?}\n{}",
                error.message,
                at.line,
                at.column,
                error.advice.help.join("\n").replace(directory, ""),
                error.advice.labels,
                error.advice.imported,
                error.stack.iter().map(|(name, at)| format!("{name} {at:?}")).collect::<Vec<_>>().join("\n")
            );
            4
        }
    };
    Observed { out, err, code }
}

fn look_for_leaks(before: u64, seen: &mut Observed) {
    let alive = heap::live_objects().wrapping_sub(before) as i64;
    if alive != 0 {
        seen.err += &format!("\n{alive} objects are alive after the run");
    }
}

#[allow(clippy::needless_update, reason = "what else there is to say of a run stays as it is by default")]
fn on_machine(text: &str, options: &CompileOptions, cold: bool) -> Result<(Observed, u64), String> {
    let before = heap::live_objects();
    let (mut sources, main, _directory) = files::sources(text)?;
    let (mut seen, instructions) = match compile(&mut sources, main, options, &mut |_, _| {}) {
        Err(list) => (refused(list), 0),
        Ok(compiled) => {
            let mut host = Host::captured("");
            let (outcome, stats) = run(&compiled, &mut host, &RunOptions { stats: cold, ..RunOptions::default() });
            (ended_so(outcome, &sources, &mut host), stats.map_or(0, |stats| stats.total()))
        }
    };
    look_for_leaks(before, &mut seen);
    Ok((seen, instructions))
}

fn by_binary(path: &PathBuf, flags: &[&str], text: &str) -> Result<(Observed, u64), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    files::write(text, directory.path())?;
    let mut command = Command::new(path);
    command.arg("run").args(flags).arg(files::MAIN).current_dir(&directory).stdin(Stdio::null());
    let end = command.env("NO_COLOR", "1").output().map_err(|error| error.to_string())?;
    let code = end.status.code().ok_or_else(|| format!("ended by a signal: {}", end.status))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((Observed { out: text(&end.stdout), err: text(&end.stderr), code }, 0))
}

/// The first difference between two runs, if there is one. What a binary says is laid out for people: only its beginning counts.
fn difference(expected: &Observed, seen: &Observed, is_binary: bool) -> Option<String> {
    let part = if expected.out != seen.out {
        Some(("standard output", &expected.out, &seen.out))
    } else if !is_binary && expected.err != seen.err {
        Some(("the error", &expected.err, &seen.err))
    } else {
        None
    };
    if let Some((what, expected, seen)) = part {
        let line = expected.lines().zip(seen.lines()).take_while(|(a, b)| a == b).count();
        let show = |text: &str| text.lines().nth(line).unwrap_or("(its end)").chars().take(300).collect::<String>();
        return Some(format!("{what}, line {}: {:?} became {:?}", line + 1, show(expected), show(seen)));
    }
    if is_binary {
        let message = expected.err.lines().next().and_then(|line| line.rsplit_once(" at ")).map_or("", |pair| pair.0);
        if expected.code == 4 && !seen.err.contains(message) {
            return Some(format!("the error: {message:?} became {:?}", seen.err));
        }
    }
    (expected.code != seen.code).then(|| format!("the exit code: {} became {}", expected.code, seen.code))
}

/// What a checker of the compiler complains of when `text` is compiled at each level.
pub fn checked(text: &str) -> Option<String> {
    let compiled = |level: Level| {
        guarded(|| {
            let (mut sources, main, _directory) = files::sources(text)?;
            let options = CompileOptions { passes: PassOptions::at(level), verify: true, ..CompileOptions::default() };
            let _ = compile(&mut sources, main, &options, &mut |_, _| {});
            Ok((Observed::default(), 0))
        })
    };
    Level::ALL.iter().find_map(|&level| compiled(level).err().map(|failure| format!("-{}: {failure}", level.name())))
}

/// What `text` prints in the first configuration.
pub fn first_output(text: &str) -> String {
    table()[0].observe(text).map(|(seen, _)| seen.out).unwrap_or_default()
}

/// The instructions that none of the programs executes, neither without passes nor with all of them.
pub fn never_executed(programs: impl Iterator<Item = String>) -> Vec<&'static str> {
    let mut executed: BTreeSet<&'static str> = BTreeSet::new();
    for text in programs {
        for level in [Level::O0, Level::O2] {
            let options = CompileOptions { passes: PassOptions::at(level), ..CompileOptions::default() };
            let (mut sources, main, _directory) = files::sources(&text).expect("a program that fits");
            let Ok(compiled) = compile(&mut sources, main, &options, &mut |_, _| {}) else { continue };
            let options = RunOptions { stats: true, ..RunOptions::default() };
            let (_, stats) = run(&compiled, &mut Host::captured(""), &options);
            executed.extend(stats.iter().flat_map(|stats| stats.instructions.iter().map(|&(name, _)| name)));
        }
    }
    Opcode::ALL.iter().map(|op| op.info().name).filter(|name| !executed.contains(name)).collect()
}

/// The fuel of programs that are compared. Most take a thousandth of it.
const FUEL: u64 = 20_000_000;
/// The exit code of a program that takes more.
pub const TOO_LONG: i32 = 6;

/// Whether `text` takes longer than comparing it is worth, without being wrong: a recursion to the depth limit in nested loops.
fn takes_too_long(text: &str) -> Result<bool, String> {
    let (mut sources, main, _directory) = files::sources(text)?;
    // With all checks: what they complain of is reported by the first configuration, before it runs.
    let options = CompileOptions { passes: PassOptions::at(Level::O0), verify: true, ..CompileOptions::default() };
    let Ok(compiled) = compile(&mut sources, main, &options, &mut |_, _| {}) else { return Ok(false) };
    let limits = Limits { fuel: Some(FUEL), ..Limits::default() };
    let (outcome, _) = run(&compiled, &mut Host::captured(""), &RunOptions { limits, ..RunOptions::default() });
    Ok(matches!(outcome, Outcome::Stopped(Limit::Fuel, _)))
}

/// What running `text` in every configuration showed.
pub struct Verdict {
    /// The first difference, with the name of its configuration.
    pub difference: Option<String>,
    /// What the first configuration saw.
    pub expected: Observed,
    /// Instructions counted in all configurations that count.
    pub instructions: u64,
    /// How many configurations ran it.
    pub runs: u64,
}

/// Runs `text` in every configuration and compares, unless it takes too long.
pub fn compare(rows: &[Configuration], text: &str) -> Verdict {
    let mut verdict = Verdict { difference: None, expected: Observed::default(), instructions: 0, runs: 0 };
    if matches!(catch_unwind(|| takes_too_long(text)), Ok(Ok(true))) {
        verdict.expected.code = TOO_LONG;
        return verdict;
    }
    for (index, row) in rows.iter().enumerate() {
        verdict.runs += 1;
        match row.observe(text) {
            Err(failure) => verdict.difference = Some(format!("{}: {failure}", row.name)),
            Ok((seen, instructions)) => {
                verdict.instructions += instructions;
                if index == 0 {
                    verdict.expected = seen;
                    if verdict.expected.err.contains("objects are alive") {
                        verdict.difference = Some(format!("{}: {}", row.name, verdict.expected.err));
                    }
                } else {
                    let is_binary = matches!(row.engine, Engine::Binary { .. });
                    let found = difference(&verdict.expected, &seen, is_binary);
                    verdict.difference = found.map(|what| format!("{}: {what}", row.name));
                }
            }
        }
        if verdict.difference.is_some() {
            break;
        }
    }
    verdict
}
