//! How tests start the built binary: with a deadline, captured output and an empty working directory.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One run takes at most this long.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// More output than this ends the run.
const MAX_OUTPUT: u64 = 64 << 20;

/// How a run ended.
pub struct Finished {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code; `None` if a signal ended the process.
    pub code: Option<i32>,
    /// Whether the deadline passed.
    pub timed_out: bool,
    /// The process's number.
    pub process: u32,
}

impl Finished {
    /// The exit code for a message.
    pub fn code_text(&self) -> String {
        self.code.map_or("by a signal".to_owned(), |code| code.to_string())
    }
}

/// The built binary, without colours and with no standard input.
pub fn ruff() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruff"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs `command` in a fresh empty directory.
pub fn run_in_fresh_directory(command: Command) -> Finished {
    run_in_fresh_directory_within(command, DEADLINE)
}

/// Runs `command` in a fresh empty directory, for at most `deadline`.
pub fn run_in_fresh_directory_within(mut command: Command, deadline: Duration) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    command.current_dir(directory.path());
    run_within(command, None, deadline)
}

/// Runs `command`, giving it `input` if any.
pub fn run(command: Command, input: Option<&[u8]>) -> Finished {
    run_within(command, input, DEADLINE)
}

/// Runs `command` for at most `deadline`, giving it `input` if any.
pub fn run_within(mut command: Command, input: Option<&[u8]>, deadline: Duration) -> Finished {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let process = child.id();
    let child = Arc::new(Mutex::new(child));
    let started = Instant::now();
    let watch = Watch::over(&child, deadline);
    let (out, err) = std::thread::scope(|scope| {
        let errors = scope.spawn(move || read_all(stderr));
        if let (Some(mut pipe), Some(input)) = (stdin, input) {
            scope.spawn(move || {
                // The program may end without reading everything.
                let _ = pipe.write_all(input);
            });
        }
        (read_all(stdout), errors.join().unwrap())
    });
    let code = child.lock().unwrap().wait().unwrap().code();
    drop(watch);
    Finished { out, err, code, timed_out: started.elapsed() >= deadline, process }
}

fn read_all(pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.take(MAX_OUTPUT).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Children with their deadlines, looked after by one thread.
static WATCHED: Mutex<Vec<(Instant, Arc<Mutex<Child>>)>> = Mutex::new(Vec::new());
static WATCHER: std::sync::Once = std::sync::Once::new();

struct Watch(Arc<Mutex<Child>>);

impl Watch {
    fn over(child: &Arc<Mutex<Child>>, deadline: Duration) -> Watch {
        WATCHER.call_once(|| {
            std::thread::spawn(|| {
                loop {
                    std::thread::sleep(Duration::from_millis(200));
                    let now = Instant::now();
                    for (deadline, child) in WATCHED.lock().unwrap().iter() {
                        // A child whose lock is held is being waited for: its pipes are closed already.
                        if let (true, Ok(mut child)) = (*deadline <= now, child.try_lock()) {
                            let _ = child.kill();
                        }
                    }
                }
            });
        });
        WATCHED.lock().unwrap().push((Instant::now() + deadline, child.clone()));
        Watch(child.clone())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.lock().unwrap().retain(|(_, child)| !Arc::ptr_eq(child, &self.0));
    }
}

/// The texts of conformance programs that leave the world as it is.
pub fn quiet_programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut paths = Vec::new();
    for area in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        if ["modules", "builtins-host", "host"].iter().any(|outside| area.ends_with(outside)) {
            continue;
        }
        paths.extend(std::fs::read_dir(area).unwrap().map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "ruff"));
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let outside = ["sleep", "timeout", "file", "_dir", "os_", "input"];
    texts.filter(|text| text.len() < 4000 && !outside.iter().any(|word| text.contains(word))).collect()
}

/// Runs `ruff` with `words` in `directory`.
pub fn at(directory: &Path, words: &[&str], input: Option<&str>) -> Finished {
    let mut command = ruff();
    command.current_dir(directory).args(words);
    run(command, input.map(str::as_bytes))
}

/// Runs `ruff` with `words` in an empty directory that holds `files`.
pub fn with_files(files: &[(&str, &str)], words: &[&str]) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    at(directory.path(), words, None)
}

#[track_caller]
pub fn expect(got: &Finished, code: i32, out: &str) {
    assert_eq!((got.code, got.out.as_str()), (Some(code), out), "standard error:\n{}", got.err);
}

#[track_caller]
pub fn expect_complaint(got: &Finished, code: i32, words: &[&str]) {
    assert_eq!(got.code, Some(code), "standard error:\n{}", got.err);
    assert!(!got.err.contains("panicked"), "{}", got.err);
    for word in words {
        assert!(got.err.contains(word), "standard error lacks {word:?}:\n{}", got.err);
    }
}
