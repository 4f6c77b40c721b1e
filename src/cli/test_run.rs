//! `ruff test-run`: the test blocks of one program.

use super::args::{Engine, TestRun};
use super::{check, exit, input, output, passes, run};
use crate::base::render::{self, Colour};
use crate::base::source::SourceMap;
use crate::engine::pipeline::{self, CompileOptions, Outcome};
use crate::engine::testing::{self, Failure, TestResult};
use crate::engine::tree;
use crate::runtime::host::Host;

/// Runs the test blocks of a program and says what became of each; gives the exit code.
pub fn test_run(arguments: &TestRun, colour: Colour) -> i32 {
    let (mut sources, main) = match input::load(&arguments.file, colour) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let (mut passed, mut failed) = (0, 0);
    let permissions = &arguments.permissions.permissions;
    let mut host = Host::process(Vec::new()).permitted(permissions.clone());
    let filter = arguments.filter.as_deref().unwrap_or("");
    let mut report = |sources: &SourceMap, result: &TestResult| {
        let count = if result.failure.is_none() { &mut passed } else { &mut failed };
        *count += 1;
        output::print(&line(result, sources));
    };
    let ending = match arguments.engine.engine() {
        Engine::Tree => tree::run_tests(&mut sources, main, &mut host, filter, &mut report),
        Engine::Vm => {
            let options = CompileOptions { tests: true, permissions: permissions.clone(), ..CompileOptions::default() };
            pipeline::compile(&mut sources, main, &options, &mut passes::dump).map(|compiled| {
                testing::run_tests(&compiled, &mut host, filter, &mut |result| report(compiled.sources(), result))
            })
        }
    };
    let ending = match ending {
        Ok(ending) => ending,
        Err(list) => return check::refuse(&sources, &list, colour),
    };
    match ending {
        Outcome::Finished => {}
        Outcome::Exit(code) => return code,
        Outcome::Error(error) | Outcome::Stopped(_, error) => return run::uncaught(&sources, &error, colour),
    }
    if passed + failed == 0 && !filter.is_empty() {
        output::complain_cli("RUFCLI002", &format!("no test has '{filter}' in its name"), colour);
        return exit::FAILED;
    }
    output::print(&summary(passed, failed));
    if failed == 0 { exit::OK } else { exit::FAILED }
}

/// The last line of a report.
pub fn summary(passed: usize, failed: usize) -> String {
    format!("\n{passed} passed, {failed} failed\n")
}

fn line(result: &TestResult, sources: &SourceMap) -> String {
    match &result.failure {
        None => format!("ok    {}\n", result.name),
        Some(Failure::Exit(code)) => format!("FAIL  {}\n      it called exit({code})\n", result.name),
        Some(Failure::Error(error)) => {
            let message = error.message.replace('\n', "\n      ");
            let (span, advice) = (Some(error.span), &error.advice);
            let shown = render::runtime_error(sources, "", span, advice, &error.stack, Colour::Never);
            let below = shown.lines().skip(1).filter(|line| !line.is_empty());
            let below: String = below.map(|line| format!("    {line}\n")).collect();
            format!("FAIL  {}\n      {message}\n{below}", result.name)
        }
    }
}
