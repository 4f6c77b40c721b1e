//! Runs programs in processes of their own, because what is looked for may crash or hang: this test binary starts itself.
//!
//! A worker is given seeds, writes a line for each program it begins and ends, and stops at the first difference. Whoever started
//! it knows from the last line which program a crash belongs to. While a program is made smaller, each attempt is a worker's job,
//! too.

use super::configurations::{self, Verdict};
use super::files;
use super::program::program;
use super::shrink::shrink;
use super::tree::Node;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The test that is the worker.
const WORKER: &str = "worker";
/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long a program is made smaller.
const SHRINKING: Duration = Duration::from_secs(90);

/// What a range of seeds showed.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub programs: u64,
    /// Programs the compiler refused.
    pub refused: u64,
    /// Programs that ended with an uncaught error.
    pub errors: u64,
    /// Programs that took too long to be compared.
    pub long: u64,
    pub runs: u64,
    pub instructions: u64,
    /// The first seed that failed, and what it showed.
    pub failure: Option<(u64, String)>,
}

impl Tally {
    /// Adds another worker's.
    pub fn add(&mut self, other: Tally) {
        self.programs += other.programs;
        self.refused += other.refused;
        self.errors += other.errors;
        self.long += other.long;
        self.runs += other.runs;
        self.instructions += other.instructions;
        self.failure = self.failure.take().or(other.failure);
    }
}

/// The job of a worker process, by its environment; nothing in an ordinary test run.
pub fn work() {
    let rows = configurations::table();
    let out = std::io::stdout();
    let say = |line: &str| {
        let mut out = out.lock();
        let _ = writeln!(out, "\n>{line}").and_then(|()| out.flush());
    };
    if let Some(path) = std::env::var_os("RUFF_WORKER_PROGRAM") {
        let text = std::fs::read_to_string(path).expect("the program can be read");
        let verdict = configurations::compare(&rows, &text);
        say(&format!("verdict {}", verdict.difference.as_deref().unwrap_or("").replace('\n', " / ")));
        return;
    }
    let Ok(range) = std::env::var("RUFF_WORKER_SEEDS") else { return };
    let numbers: Vec<u64> = range.split(' ').map(|number| number.parse().expect("numbers")).collect();
    let [first, count, step] = numbers[..] else { panic!("three numbers") };
    for index in 0..count {
        let seed = first + index * step;
        say(&format!("begin {seed}"));
        let text = program(seed).render();
        let Verdict { difference, expected, instructions, runs } = configurations::compare(&rows, &text);
        say(&format!("end {} {runs} {instructions}", expected.code));
        if let Some(what) = difference {
            say(&format!("differs {}", what.replace('\n', " / ")));
            return;
        }
    }
}

fn start(variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("the path of this test"));
    command.args([WORKER, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(variable, value).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("a worker starts")
}

/// The lines of a worker, each passed to `heard`, until it ends, `heard` gives true or the worker is silent for too long.
/// Gives how it ended if that was no ordinary way.
fn listen(mut child: Child, mut heard: impl FnMut(&str) -> bool) -> Option<String> {
    let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in pipe.lines().map_while(Result::ok) {
            if let Some(line) = line.strip_prefix('>')
                && sender.send(line.to_owned()).is_err()
            {
                return;
            }
        }
    });
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if heard(&line) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Some(format!("no end within {} seconds", PATIENCE.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().expect("its own child");
                return (!status.success()).then(|| format!("the process ended with {status}"));
            }
        }
    }
}

/// Runs the programs of `count` seeds from `first` on, every `step`-th, until `deadline` or until some worker has `found` a failure.
fn explore(first: u64, count: u64, step: u64, deadline: Option<Instant>, found: &AtomicBool) -> Tally {
    let mut tally = Tally::default();
    let mut seed = first;
    let ended = listen(start("RUFF_WORKER_SEEDS", format!("{first} {count} {step}")), |line| {
        let words: Vec<&str> = line.splitn(2, ' ').collect();
        match words[..] {
            ["begin", number] => {
                seed = number.parse().expect("a seed");
                found.load(Relaxed) || deadline.is_some_and(|deadline| Instant::now() > deadline)
            }
            ["end", numbers] => {
                let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().unwrap_or(0)).collect();
                tally.programs += 1;
                tally.refused += u64::from(numbers[0] == 3);
                tally.errors += u64::from(numbers[0] == 4);
                tally.long += u64::from(numbers[0] == configurations::TOO_LONG as u64);
                tally.runs += numbers[1];
                tally.instructions += numbers[2];
                false
            }
            ["differs", what] => {
                tally.failure = Some((seed, what.to_owned()));
                true
            }
            _ => false,
        }
    });
    if tally.failure.is_none() {
        tally.failure = ended.map(|how| (seed, how));
    }
    if tally.failure.is_some() {
        found.store(true, Relaxed);
    }
    tally
}

/// Runs the programs of `count` seeds from `first` on with `workers` processes at a time.
pub fn explore_all(first: u64, count: u64, workers: u64, deadline: Option<Instant>) -> Tally {
    let mut total = Tally::default();
    let found = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || explore(first + worker, count / workers, workers, deadline, found)))
            .collect();
        for thread in threads {
            total.add(thread.join().expect("a worker's listener"));
        }
    });
    total
}

/// What a worker of its own says about `text`.
fn verdict_of(text: &str, directory: &Path) -> Option<String> {
    let path = directory.join("attempt.ruff");
    std::fs::write(&path, text).expect("an attempt can be written");
    let mut found = None;
    let ended = listen(start("RUFF_WORKER_PROGRAM", &path), |line| {
        found = line.strip_prefix("verdict ").filter(|what| !what.is_empty()).map(str::to_owned);
        false
    });
    found.or(ended)
}

/// Which kind of failure `what` tells of, so that shrinking does not wander off to another one.
fn kind(what: &str) -> &str {
    let kinds = [
        "panic",
        "the process ended",
        "no end within",
        "objects are alive",
        "standard output",
        "the error",
        "the exit code",
    ];
    kinds.into_iter().find(|kind| what.contains(kind)).unwrap_or("")
}

/// Makes the program of `seed` smaller and writes it as a case, with the output of the first configuration. Gives its path,
/// what it shows, and its text.
pub fn shrunken_case(seed: u64, what: &str) -> (PathBuf, String, String) {
    let scratch = tempfile::tempdir().expect("a directory");
    let kind_of_failure = kind(what).to_owned();
    // Each attempt in a process of its own: what is wrong with the heap may show itself in any way.
    let same = |found: Option<String>| found.is_some_and(|found| kind(&found) == kind_of_failure);
    let fails = |node: &Node| same(verdict_of(&node.render(), scratch.path()));
    let small = shrink(&program(seed), SHRINKING, fails).render();
    let shows = verdict_of(&small, scratch.path()).unwrap_or_else(|| what.to_owned());
    let mut directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/differential");
    let mut path = directory.join(format!("seed_{seed}.ruff"));
    if files::split(&small).len() > 1 {
        directory.push(format!("seed_{seed}"));
        path = directory.join(files::MAIN);
    }
    std::fs::create_dir_all(&directory).expect("a directory for cases");
    if files::split(&small).len() > 1 {
        files::write(&small, &directory).expect("the case can be written");
    } else {
        std::fs::write(&path, &small).expect("the case can be written");
    }
    let expected = ["standard output", "the error", "the exit code", "objects are alive"].contains(&&*kind_of_failure);
    let out = if expected { configurations::first_output(&small) } else { String::new() };
    std::fs::write(path.with_extension("out"), out).expect("its output can be written");
    (path, shows, small)
}
