//! Other programs. Lists of arguments go to the system as they are; only `execute` and `execute_status` have a shell read a text.
//!
//! The work is a job of the pool, so other tasks run while one waits for a program.

use super::Args;
use crate::runtime::command::{self, Finished, Output, Spec, Surplus};
use crate::runtime::dict::{DictRef, key_text};
use crate::runtime::error::{RuntimeError, Trap};
use crate::runtime::host::Host;
use crate::runtime::pool::{Control, Finish, Job};
use crate::runtime::shape::Shape;
use crate::runtime::structure;
use crate::runtime::value::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

type Outcome = Result<Value, RuntimeError>;

/// Milliseconds a program may take unless told otherwise.
const TIMEOUT: i64 = 30_000;
/// Bytes of output that are kept unless told otherwise.
const KEPT: i64 = 1 << 20;
/// Most bytes of output that may be kept.
const MOST_KEPT: i64 = 16 << 20;
/// Bytes of an error output that a message shows.
const SHOWN: usize = 4096;

const OPTIONS: &str = "timeout_ms, max_output_bytes, inherit_env, env_allow, env_deny, env";

fn message(text: impl Into<Box<str>>) -> RuntimeError {
    RuntimeError::message(text)
}

/// How programs are to be run.
struct Options {
    timeout_ms: i64,
    max_output_bytes: i64,
    environment: BTreeMap<OsString, OsString>,
}

/// An array of strings.
fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

impl Options {
    /// Those of the argument at `at`, which may be missing or null.
    fn of(host: &Host, args: &Args<'_>, at: usize) -> Result<Options, RuntimeError> {
        let given = args.get(at);
        let given = match given.as_dict() {
            None if given.is_null() => None,
            None => return Err(message("process options must be provided as a dict")),
            some => some,
        };
        let mut options = Options { timeout_ms: TIMEOUT, max_output_bytes: KEPT, environment: BTreeMap::new() };
        let mut inherit = true;
        let (mut allow, mut deny, mut set) = (None, Vec::new(), Vec::new());
        for (key, value) in given.iter().flat_map(|dict: &DictRef<'_>| dict.sorted_entries()) {
            let key = key_text(key);
            let wrong = |what: &str| message(format!("process option '{key}' must be {what}"));
            let within = |most: i64| value.as_int().filter(|int| (1..=most).contains(int));
            match &*key {
                "timeout_ms" => {
                    options.timeout_ms = within(i64::MAX).ok_or_else(|| wrong("a positive int"))?;
                }
                "max_output_bytes" => {
                    let what = format!("an int between 1 and {MOST_KEPT}");
                    options.max_output_bytes = within(MOST_KEPT).ok_or_else(|| wrong(&what))?;
                }
                "inherit_env" => inherit = value.as_bool().ok_or_else(|| wrong("a bool"))?,
                "env_allow" => allow = Some(strings(value).ok_or_else(|| wrong("an array of strings"))?),
                "env_deny" => deny = strings(value).ok_or_else(|| wrong("an array of strings"))?,
                "env" => {
                    let entries = value.as_dict().ok_or_else(|| wrong("a dict of strings"))?;
                    for (name, value) in entries.sorted_entries() {
                        let value = value.as_str().ok_or_else(|| wrong("a dict of strings"))?;
                        let name = key_text(name);
                        if let Some(why) = super::env::refusal(&name, value) {
                            return Err(message(format!("process option 'env': {why}")));
                        }
                        set.push((OsString::from(&*name), OsString::from(value)));
                    }
                }
                _ => {
                    return Err(message(format!(
                        "unsupported process option '{key}'; supported options are {OPTIONS}"
                    )));
                }
            }
        }
        // A list of what is allowed says more than that everything is inherited, or nothing.
        options.environment = host.environment().all();
        options.environment.retain(|name, _| match &allow {
            Some(allow) => allow.iter().any(|allowed| **allowed == **name),
            None => inherit,
        });
        options.environment.retain(|name, _| !deny.iter().any(|denied| **denied == **name));
        options.environment.extend(set);
        Ok(options)
    }

    fn spec(&self, argv: Vec<String>, surplus: Surplus) -> Spec {
        Spec {
            argv,
            environment: self.environment.clone(),
            input: Vec::new(),
            timeout: Duration::from_millis(self.timeout_ms as u64),
            most: self.max_output_bytes as usize,
            surplus,
        }
    }
}

/// A job that the task waits for.
fn wait_for(host: &mut Host, work: impl FnOnce(&Control) -> Finish + Send + 'static) -> Outcome {
    host.hand_over(Job::new(work));
    Err(RuntimeError::Trap(Trap::AwaitJob))
}

/// The finish of a job that has failed.
fn failed(text: String) -> Finish {
    Box::new(move || Err(message(text)))
}

/// An output as a string; what is no text is replaced.
fn text(output: &[u8]) -> Outcome {
    super::text::fits(output.len())?;
    super::text::result(&String::from_utf8_lossy(output))
}

/// An output for a message.
fn shown(output: &Output) -> String {
    let start = &output.bytes[..output.bytes.len().min(SHOWN)];
    String::from_utf8_lossy(start).trim_end().to_owned()
}

/// The struct `ProcessResult`.
fn process_result(finished: &Finished) -> Outcome {
    if finished.refused {
        return Err(RuntimeError::out_of_memory());
    }
    const FIELDS: [&str; 7] =
        ["exitcode", "stdout", "stderr", "success", "timed_out", "stdout_truncated", "stderr_truncated"];
    let code = if finished.timed_out { None } else { finished.code };
    let values = [
        Value::int(code.map_or(-1, i64::from)),
        text(&finished.out.bytes)?,
        text(&finished.err.bytes)?,
        Value::bool(code == Some(0)),
        Value::bool(finished.timed_out),
        Value::bool(finished.out.truncated),
        Value::bool(finished.err.truncated),
    ];
    Ok(structure::new(Shape::of("ProcessResult", &FIELDS), values))
}

/// Whether a program has succeeded, and all of its output is kept.
fn is_clean(finished: &Finished) -> bool {
    let is_cut = finished.refused || finished.timed_out || finished.out.truncated || finished.err.truncated;
    finished.code == Some(0) && !is_cut
}

/// What is wrong with a program that is not [clean](is_clean); `limited` has run it, or `command` if it has failed by itself.
fn complaint(finished: &Finished, spec: &Spec, limited: &str, command: &str) -> RuntimeError {
    message(match () {
        () if finished.refused => return RuntimeError::out_of_memory(),
        () if finished.timed_out => format!("{limited} timed out after {}ms", spec.timeout.as_millis()),
        () if finished.out.truncated || finished.err.truncated => {
            format!("{limited} output exceeded max_output_bytes ({})", spec.most)
        }
        () => {
            format!("{command} failed with exit code {}: {}", finished.code.unwrap_or(-1), shown(&finished.err))
        }
    })
}

fn not_started(program: &str, error: &io::Error) -> String {
    format!("Failed to spawn process '{program}': {error}")
}

/// The command line for a shell that the first argument is.
fn shell(args: &Args<'_>) -> Result<Vec<String>, RuntimeError> {
    let name = args.name();
    let Some(command) = args.text(0) else {
        return Err(message(format!("{name} requires a string argument (command)")));
    };
    if command.trim().is_empty() {
        return Err(message(format!(
            "{name}() command must not be empty; use spawn_process([...]) for structured argv execution"
        )));
    }
    if command.contains(['\n', '\r', '\0']) {
        return Err(message(format!(
            "{name}() command must not contain newline or NUL characters; use spawn_process([...]) for structured argv execution"
        )));
    }
    Ok(["sh", "-c", command].map(str::to_owned).to_vec())
}

pub(super) fn execute(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let spec = Options::of(host, args, 1).and_then(|options| Ok(options.spec(shell(args)?, Surplus::End)))?;
    wait_for(host, move |control| match command::run(&spec, control) {
        Err(error) => failed(not_started("sh", &error)),
        Ok(finished) => Box::new(move || match is_clean(&finished) {
            true => text(&finished.out.bytes),
            false => Err(complaint(&finished, &spec, "execute()", "execute() command")),
        }),
    })
}

/// Runs a program whose end is described, whatever it is.
fn described(host: &mut Host, spec: Spec) -> Outcome {
    wait_for(host, move |control| match command::run(&spec, control) {
        Err(error) => failed(not_started(&spec.argv[0], &error)),
        Ok(finished) => Box::new(move || process_result(&finished)),
    })
}

pub(super) fn execute_status(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let spec = Options::of(host, args, 1).and_then(|options| Ok(options.spec(shell(args)?, Surplus::Cut)))?;
    described(host, spec)
}

pub(super) fn spawn_process(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let argv = strings(args.get(0)).ok_or_else(|| message("spawn_process requires an array of strings"))?;
    if argv.is_empty() {
        return Err(message("spawn_process requires a non-empty array of command arguments"));
    }
    let spec = Options::of(host, args, 1)?.spec(argv, Surplus::Cut);
    described(host, spec)
}

pub(super) fn pipe_commands(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let commands = args.get(0).as_array().filter(|commands| !commands.is_empty());
    let commands = commands.ok_or_else(|| message("pipe_commands requires a non-empty array of commands"))?;
    let options = Options::of(host, args, 1)?;
    let mut specs = Vec::with_capacity(commands.len());
    for argv in commands {
        let argv = strings(argv).filter(|argv| !argv.is_empty());
        let argv = argv.ok_or_else(|| message("Each command must be an array of strings"))?;
        specs.push(options.spec(argv, Surplus::End));
    }
    wait_for(host, move |control| {
        let mut output = Vec::new();
        for mut spec in specs {
            spec.input = output;
            let finished = match command::run(&spec, control) {
                Ok(finished) => finished,
                Err(error) => return failed(not_started(&spec.argv[0], &error)),
            };
            let command = format!("Command '{}'", spec.argv[0]);
            if !is_clean(&finished) {
                return Box::new(move || Err(complaint(&finished, &spec, &command, &command)));
            }
            output = finished.out.bytes;
        }
        Box::new(move || text(&output))
    })
}
