//! The command line: arguments in, exit code out. All work is done by [`crate::engine`].
//!
//! Nothing here panics on a closed pipe: everything is written by [`output`] or by the program's host.

mod ablate;
pub mod args;
pub mod bench;
mod chart;
pub mod check;
pub mod doc;
pub mod emit;
pub mod form;
pub mod input;
pub mod output;
pub mod passes;
mod permissions;
pub mod profile;
pub mod programs;
pub mod run;
pub mod size;
pub mod test;
pub mod test_run;

use crate::base::streams;
use crate::runtime::memory;
use args::{Arguments, Command};
use form::Form;
use std::ffi::OsString;
use std::process::ExitCode;

/// The exit codes that are not a diagnostic's own.
pub mod exit {
    /// Everything went well.
    pub const OK: i32 = 0;
    /// A test failed.
    pub const FAILED: i32 = 1;
    /// The command line was wrong.
    pub const USAGE: i32 = 2;
    /// A limit given with the program (`--fuel`, `--max-memory`) was reached.
    pub const LIMIT: i32 = crate::runtime::memory::LIMIT_EXIT_CODE;
    /// A source file could not be read.
    pub const UNREADABLE: i32 = 5;
    /// Standard output or standard error could not be written, and all else went well.
    pub const UNWRITABLE: i32 = 1;
}

/// Runs the command line `arguments`, the first of which is the program's own name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let line = args::with_command(arguments);
    let code = match args::plain_run(&line.words).map_or_else(|| args::parse(&line), Ok) {
        Ok(arguments) => dispatch(arguments),
        Err(error) => {
            // Help and the version arrive here too; their code is 0.
            let printed = error.print();
            streams::notice(printed);
            error.exit_code()
        }
    };
    let code = if code == exit::OK && streams::failed() { exit::UNWRITABLE } else { code };
    ExitCode::from(code.rem_euclid(256) as u8)
}

fn dispatch(arguments: Arguments) -> i32 {
    let colour = arguments.common.color.resolve();
    let limited = matches!(&arguments.command, Command::Run(run) if run.max_memory.is_some());
    memory::guard(!limited);
    let form = |json: bool| if json { Form::Json } else { Form::Text(colour) };
    let text = form(false);
    match arguments.command {
        Command::Run(run) => {
            let form = if run.json { Form::JsonAside } else { text };
            run::run(run, form)
        }
        Command::Check(check) => check::check(&check, form(check.json)),
        Command::Emit(emit) => emit::emit(&emit, text),
        Command::Passes(list) => passes::list(&list, form(list.json)),
        Command::TestRun(test) => test_run::test_run(&test, form(test.json)),
        Command::Test(test) => test::test(&test, form(test.json)),
        Command::Bench(bench) => bench::bench(&bench, text),
        Command::Profile(profile) => profile::profile(&profile, text),
        Command::Doc(doc) => doc::doc(&doc, form(doc.json)),
    }
}
