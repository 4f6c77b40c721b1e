//! `ruff test`: all tests below a directory, each file in a process of its own, some at a time.
//!
//! A program beside a file `NAME.out` must write exactly that to standard output, end with the code in `NAME.code` (0 without it),
//! and every line of `NAME.err` must occur in its standard error; `NAME.in` is its standard input. Suites that were made for other
//! runners may leave white space at ends out of the comparison (`--trim`), or have standard error behind the output (`--with-stderr`). A program with test blocks must pass `ruff test-run`.

use super::args::{Engine, Test};
use super::form::Form;
use super::test_run::{self, Summary};
use super::{exit, output, programs};
use crate::base::intern::Interner;
use crate::base::source::SourceId;
use crate::syntax::lexer;
use crate::syntax::token::TokenKind;
use bumpalo::Bump;
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Lines that differ are shown up to this number.
const SHOWN_LINES: usize = 3;
/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(2);

/// What to do with one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Golden,
    Blocks,
}

impl Kind {
    /// As records name it.
    fn name(self) -> &'static str {
        match self {
            Kind::Golden => "output",
            Kind::Blocks => "blocks",
        }
    }
}

#[derive(Debug)]
struct Job {
    program: PathBuf,
    kind: Kind,
}

/// What became of one program.
#[derive(Debug, Default)]
struct Verdict {
    passed: usize,
    failed: usize,
    text: String,
    /// The records of its test blocks, if records are asked for.
    records: String,
    took: Duration,
}

/// The same as a record. `problems` are the lines that the text form shows.
#[derive(Serialize)]
struct ProgramRecord<'t> {
    kind: &'static str,
    file: String,
    test: &'static str,
    outcome: &'static str,
    passed: usize,
    failed: usize,
    problems: Vec<&'t str>,
    seconds: f64,
}

impl Verdict {
    fn record(&self, job: &Job) -> ProgramRecord<'_> {
        ProgramRecord {
            kind: "program",
            file: job.program.display().to_string(),
            test: job.kind.name(),
            outcome: match self.failed {
                0 if self.text.starts_with(UPDATED) => "updated",
                0 => "passed",
                _ => "failed",
            },
            passed: self.passed,
            failed: self.failed,
            problems: self.text.lines().skip(1).map(str::trim).collect(),
            seconds: self.took.as_secs_f64(),
        }
    }

    /// With a line for a program that passed, and the time it took.
    fn timed(mut self, job: &Job) -> Verdict {
        let took = self.took;
        if self.failed == 0 && self.passed > 0 {
            self.text = format!("ok    {}\n{}", job.program.display(), self.text);
        }
        if let Some((first, rest)) = self.text.split_once('\n') {
            self.text = format!("{first}  ({:.3} s)\n{rest}", took.as_secs_f64());
        }
        self
    }
}

/// Runs all tests below a path; gives the exit code.
pub fn test(arguments: &Test, form: Form) -> i32 {
    let path = arguments.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let programs = if path.is_file() { Ok(vec![path.clone()]) } else { programs::below(&path) };
    let programs = match programs {
        Ok(programs) => programs,
        Err(error) => {
            let message = format!("Failed to read '{}': {error}", path.display());
            form.complaint("RUFCLI001", &message, &[]);
            return exit::UNREADABLE;
        }
    };
    let named = path.is_file() && arguments.update;
    let jobs: Vec<Job> = programs.into_iter().flat_map(|program| jobs(program, named)).collect();
    let verdicts = Mutex::new((0..jobs.len()).map(|_| None).collect::<Vec<Option<Verdict>>>());
    let next = AtomicUsize::new(0);
    let workers = arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |count| count.get()));
    let mut shown = 0;
    let (mut passed, mut failed) = (0, 0);
    let show = |shown: &mut usize, passed: &mut usize, failed: &mut usize| {
        let mut verdicts = verdicts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        while let Some(verdict) = verdicts.get_mut(*shown).and_then(Option::take) {
            *shown += 1;
            *passed += verdict.passed;
            *failed += verdict.failed;
            if !form.is_json() {
                output::print(&verdict.text);
            } else if verdict.passed + verdict.failed > 0 {
                output::print(&verdict.records);
                form.record(&verdict.record(&jobs[*shown - 1]));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                while let Some((index, job)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(index).map(|job| (index, job))
                } {
                    let started = Instant::now();
                    let verdict = run(job, arguments);
                    let verdict = Verdict { took: started.elapsed(), ..verdict };
                    let plain = !arguments.verbose || form.is_json();
                    let verdict = if plain { verdict } else { verdict.timed(job) };
                    verdicts.lock().unwrap_or_else(|poisoned| poisoned.into_inner())[index] = Some(verdict);
                }
            });
        }
        while shown < jobs.len() {
            show(&mut shown, &mut passed, &mut failed);
            std::thread::sleep(TICK);
        }
    });
    if passed + failed == 0 {
        form.complaint("RUFCLI002", &format!("no tests found in '{}'", path.display()), &[]);
        return exit::FAILED;
    }
    test_run::summary(passed, failed, form);
    if failed == 0 { exit::OK } else { exit::FAILED }
}

/// What is to be done with a program; `golden`: its expectations are to be written, even if there are none yet.
fn jobs(program: PathBuf, golden: bool) -> Vec<Job> {
    let blocks = has_test_blocks(&program);
    let golden = program.with_extension("out").is_file() || golden && !blocks;
    let kinds = [(golden, Kind::Golden), (blocks, Kind::Blocks)];
    kinds.into_iter().filter(|kind| kind.0).map(|(_, kind)| Job { program: program.clone(), kind }).collect()
}

fn has_test_blocks(program: &Path) -> bool {
    let Ok(bytes) = std::fs::read(program) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let arena = Bump::new();
    let (tokens, _) = lexer::lex(SourceId::default(), &text, &arena, &mut Interner::new());
    let kinds = tokens.list.windows(2).map(|pair| (pair[0].kind, pair[1].kind));
    kinds.into_iter().any(|pair| matches!(pair, (TokenKind::Test | TokenKind::TestGroup, TokenKind::Str)))
}

/// How a process ended.
struct Finished {
    out: String,
    err: String,
    code: Option<i32>,
    timed_out: bool,
}

fn run(job: &Job, arguments: &Test) -> Verdict {
    let filter = arguments.filter.as_deref().unwrap_or("");
    let name = job.program.display().to_string();
    let chosen = name.contains(filter);
    let mut words: Vec<&str> = Vec::new();
    let permissions = &arguments.permissions.words;
    match job.kind {
        Kind::Golden if !chosen => return Verdict::default(),
        Kind::Golden => words.push("run"),
        Kind::Blocks => {
            words.push("test-run");
            if !chosen {
                words.extend(["--filter", filter]);
            }
            words.extend(arguments.json.then_some("--json"));
        }
    }
    if arguments.engine.engine() == Engine::Tree {
        words.push("--engine=tree");
    }
    words.extend(permissions.iter().map(String::as_str));
    let finished = match execute(&words, &job.program, Duration::from_secs(arguments.timeout)) {
        Ok(finished) => finished,
        Err(error) => return failure(&name, &format!("      it could not be started: {error}\n")),
    };
    if finished.timed_out {
        return failure(&name, &format!("      it took longer than {} s\n", arguments.timeout));
    }
    match job.kind {
        Kind::Golden => {
            let expected = Expected::new(&job.program, arguments);
            let finished = expected.shown(finished);
            match expected.problems(&finished) {
                _ if arguments.update => expected.update(&name, &finished),
                text if text.is_empty() => Verdict { passed: 1, ..Verdict::default() },
                text => failure(&name, &text),
            }
        }
        Kind::Blocks if arguments.json => recorded_blocks(&name, finished),
        Kind::Blocks => blocks(&name, &finished, arguments.verbose),
    }
}

fn failure(name: &str, text: &str) -> Verdict {
    Verdict { failed: 1, text: format!("FAIL  {name}\n{text}"), ..Verdict::default() }
}

/// The records of `test-run`, but the last.
fn recorded_blocks(name: &str, finished: Finished) -> Verdict {
    let (rest, last) = finished.out.trim_end().rsplit_once('\n').unwrap_or(("", finished.out.trim_end()));
    let ended = matches!(finished.code, Some(exit::OK | exit::FAILED));
    match serde_json::from_str::<Summary>(last) {
        Ok(Summary { passed, failed, .. }) if ended => {
            let records = if rest.is_empty() { String::new() } else { format!("{rest}\n") };
            Verdict { passed, failed, records, ..Verdict::default() }
        }
        _ => {
            let said: String = finished.err.lines().take(SHOWN_LINES).map(|line| format!("      {line}\n")).collect();
            Verdict { records: finished.out, ..failure(name, &said) }
        }
    }
}

/// The report of `test-run`; what went well only if `verbose`.
fn blocks(name: &str, finished: &Finished, verbose: bool) -> Verdict {
    let last = finished.out.lines().last().unwrap_or("");
    let counts = last.strip_suffix(" failed").and_then(|line| line.split_once(" passed, "));
    let counts = counts.and_then(|(passed, failed)| Some((passed.parse().ok()?, failed.parse().ok()?)));
    match counts {
        Some((passed, 0)) if finished.code == Some(exit::OK) => {
            let named = finished.out.lines().filter(|line| verbose && line.starts_with("ok    "));
            Verdict { passed, text: named.map(|line| format!("      {line}\n")).collect(), ..Verdict::default() }
        }
        Some((passed, failed)) if finished.code == Some(exit::FAILED) => {
            let mut text = format!("FAIL  {name}\n");
            let wanted = |line: &&str| !line.is_empty() && (verbose || !line.starts_with("ok    "));
            let lines = finished.out.lines().filter(wanted);
            for line in lines.filter(|&line| line != last) {
                text.push_str(&format!("      {line}\n"));
            }
            Verdict { passed, failed, text, ..Verdict::default() }
        }
        _ => {
            let said: String = finished.err.lines().take(SHOWN_LINES).map(|line| format!("      {line}\n")).collect();
            failure(name, &said)
        }
    }
}

/// What stands before the name of a program whose expectations were written.
const UPDATED: &str = "updated  ";

/// What is expected of a program: the files beside it, and how they are compared.
struct Expected<'j> {
    program: &'j Path,
    /// Whether white space at the ends of lines and of the output counts for nothing.
    trim: bool,
    /// Whether standard error follows standard output.
    with_stderr: bool,
}

impl<'j> Expected<'j> {
    fn new(program: &'j Path, arguments: &Test) -> Expected<'j> {
        Expected { program, trim: arguments.trim, with_stderr: arguments.with_stderr }
    }

    /// The run with the output that is compared.
    fn shown(&self, mut finished: Finished) -> Finished {
        if self.with_stderr {
            finished.out.push_str(&finished.err);
        }
        finished
    }

    fn code(&self) -> i32 {
        let text = std::fs::read_to_string(self.program.with_extension("code")).unwrap_or_default();
        text.trim().parse().unwrap_or(exit::OK)
    }

    /// The lines that are compared.
    fn lines<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match self.trim {
            false => text.split('\n').collect(),
            true => text.trim_end().split('\n').map(str::trim_end).collect(),
        }
    }

    /// What is wrong with a run; empty if nothing.
    fn problems(&self, finished: &Finished) -> String {
        let read = |extension| std::fs::read(self.program.with_extension(extension)).unwrap_or_default();
        let (out, err) = (read("out"), read("err"));
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        let mut text = String::new();
        let code = self.code();
        if finished.code != Some(code) {
            let got = finished.code.map_or("by a signal".to_owned(), |code| code.to_string());
            text.push_str(&format!("      exit code {got}, expected {code}\n"));
        }
        let (want, got) = (self.lines(&out), self.lines(&finished.out));
        let line = |list: &[&str], at: usize| list.get(at).map_or("the end".to_owned(), |line| format!("{line:?}"));
        let differ = (0..want.len().max(got.len())).filter(|&at| want.get(at) != got.get(at));
        for at in differ.take(SHOWN_LINES) {
            text.push_str(&format!("      line {}: expected {}\n", at + 1, line(&want, at)));
            text.push_str(&format!("      line {}:      got {}\n", at + 1, line(&got, at)));
        }
        for wanted in err.lines().filter(|line| !line.trim().is_empty() && !finished.err.contains(line)) {
            text.push_str(&format!("      standard error lacks {wanted:?}\n"));
        }
        if !text.is_empty()
            && let Some(said) = finished.err.lines().next()
        {
            text.push_str(&format!("      standard error: {said}\n"));
        }
        text
    }

    /// Writes what a run printed as what is expected. Complaints are kept while they still occur.
    fn update(&self, name: &str, finished: &Finished) -> Verdict {
        let program = self.program;
        if self.problems(finished).is_empty() && program.with_extension("out").is_file() {
            return Verdict { passed: 1, ..Verdict::default() };
        }
        let write = |extension: &str, text: &str| std::fs::write(program.with_extension(extension), text);
        let mut outcome = write("out", &finished.out);
        let code = finished.code.unwrap_or(exit::OK);
        if code != self.code() {
            let path = program.with_extension("code");
            let step = if code == exit::OK { std::fs::remove_file(path) } else { write("code", &format!("{code}\n")) };
            outcome = outcome.and(step);
        }
        let err = std::fs::read_to_string(program.with_extension("err")).unwrap_or_default();
        if err.lines().any(|line| !finished.err.contains(line)) {
            let first = finished.err.lines().next().unwrap_or("");
            outcome = outcome.and(write("err", &format!("{first}\n")));
        }
        match outcome {
            Ok(()) => Verdict { passed: 1, text: format!("{UPDATED}{name}\n"), ..Verdict::default() },
            Err(error) => failure(name, &format!("      its expectations could not be written: {error}\n")),
        }
    }
}

/// Runs this program on `program`, with the file `NAME.in` beside it as standard input, or none, and without colours, for at most `deadline`.
fn execute(words: &[&str], program: &Path, deadline: Duration) -> std::io::Result<Finished> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words).arg("--").arg(program).env("NO_COLOR", "1");
    let input = match std::fs::File::open(program.with_extension("in")) {
        Ok(file) => Stdio::from(file),
        Err(_) => Stdio::null(),
    };
    let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let out = scope.spawn(move || text_of(out));
        let err = scope.spawn(move || text_of(err));
        let started = Instant::now();
        let (mut timed_out, mut code) = (false, None);
        loop {
            match child.try_wait()? {
                Some(status) => {
                    code = status.code();
                    break;
                }
                None if started.elapsed() > deadline => {
                    timed_out = true;
                    child.kill()?;
                    child.wait()?;
                    break;
                }
                None => std::thread::sleep(TICK),
            }
        }
        let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
        Ok(Finished { out, err, code, timed_out })
    })
}

fn text_of(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What could be read is what there is to compare.
        let _ = stream.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
