//! `ruff run`: compile, execute, report how it ended.

use super::args::{Engine, Run};
use super::form::Form;
use super::size::MaxMemory;
use super::{check, exit, input, output, passes};
use crate::base::diagnostic::RUNTIME_EXIT_CODE;
use crate::base::source::{self, SourceMap};
use crate::engine::pipeline::{self, CompileOptions, Limit, Outcome, RunOptions, UncaughtError};
use crate::engine::tree;
use crate::runtime::host::Host;
use crate::runtime::memory;
use crate::vm::Limits;
use std::ffi::OsString;

/// Runs a program; gives the exit code.
pub fn run(arguments: Run, form: Form) -> i32 {
    let permissions = arguments.permissions.permissions;
    let options = match passes::options(&arguments.pipeline) {
        Ok(options) => CompileOptions { permissions: permissions.clone(), ..options },
        Err(code) => return code,
    };
    let mut words = arguments.words.into_iter();
    let loaded = match arguments.code {
        Some(code) => source::decode(code.into_bytes())
            .map(|code| input::single("<eval>".to_owned(), code))
            .map_err(|reason| output::usage(&reason)),
        None => input::load(&words.next().unwrap_or_default(), form),
    };
    let (mut sources, main) = match loaded {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if arguments.engine.engine() == Engine::Tree {
        let pipeline = &arguments.pipeline;
        let machine_only = [
            (arguments.stats, "--stats"),
            (arguments.fuel.is_some(), "--fuel"),
            (pipeline.time_passes, "--time-passes"),
            (!pipeline.print_after.is_empty(), "--print-after"),
        ];
        if let Some((_, flag)) = machine_only.iter().find(|(given, _)| *given) {
            return output::usage(&format!("`{flag}` is about the machine, and does not go with `--engine=tree`"));
        }
        let mut host = Host::process(script_arguments(words)).permitted(permissions);
        let limits = Limits { fuel: None, memory: memory(arguments.max_memory) };
        return match tree::run_within(&mut sources, main, &mut host, &limits) {
            Ok(outcome) => ended(outcome, &limits, &sources, form),
            Err(list) => check::refuse(&sources, &list, form),
        };
    }
    let compiled = match pipeline::compile(&mut sources, main, &options, &mut passes::dump) {
        Ok(compiled) => compiled,
        Err(list) => return check::refuse(&sources, &list, form),
    };
    passes::show_times(&arguments.pipeline, &compiled.report);
    let limits = Limits { fuel: arguments.fuel, memory: memory(arguments.max_memory) };
    let mut host = Host::process(script_arguments(words)).permitted(permissions);
    let (outcome, stats) = pipeline::run(&compiled, &mut host, &RunOptions { stats: arguments.stats, limits });
    if let Some(stats) = stats {
        output::complain(&stats.to_string());
    }
    ended(outcome, &limits, &sources, form)
}

/// The limit on memory in bytes.
fn memory(given: Option<MaxMemory>) -> Option<usize> {
    match given {
        Some(MaxMemory::Bytes(bytes)) => Some(bytes),
        Some(MaxMemory::None) | None => None,
    }
}

/// What is said of a limit that nobody has asked for.
const DEFAULT_LIMIT: &str =
    "that is 3/4 of the memory that was free: `--max-memory=SIZE` sets another limit, `none` no limit";

/// The exit code of a program that ended so; reports an error nobody caught.
fn ended(outcome: Outcome, limits: &Limits, sources: &SourceMap, form: Form) -> i32 {
    match outcome {
        Outcome::Finished => exit::OK,
        Outcome::Exit(code) => code,
        Outcome::Error(error) => uncaught(sources, &error, form),
        Outcome::Stopped(limit, mut error) => {
            if let (Limit::Fuel, Some(units)) = (limit, limits.fuel) {
                error.message = format!("Fuel limit of {units} exceeded");
            }
            if limit == Limit::Memory && limits.memory.is_none() && memory::refused().is_some() {
                error.advice.help(DEFAULT_LIMIT);
            }
            uncaught(sources, &error, form);
            exit::LIMIT
        }
    }
}

/// The program's own arguments: what follows the file, without the `--` that may separate them.
pub fn script_arguments(words: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut words = words.peekable();
    words.next_if(|word| word == "--");
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Reports an error nobody caught; gives the exit code.
pub fn uncaught(sources: &SourceMap, error: &UncaughtError, form: Form) -> i32 {
    form.uncaught(sources, error);
    RUNTIME_EXIT_CODE
}
