//! `ruff test-run`: the test blocks of one program.

use super::args::{Engine, TestRun};
use super::form::{Form, Problem};
use super::{check, exit, input, output, passes, run};
use crate::base::render::{self, Colour};
use crate::base::source::SourceMap;
use crate::engine::pipeline::{self, CompileOptions, Outcome};
use crate::engine::testing::{self, Failure, TestResult};
use crate::engine::tree;
use crate::runtime::host::Host;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What became of a test, as a record.
#[derive(Serialize)]
struct TestRecord<'t> {
    kind: &'static str,
    file: &'t str,
    name: &'t str,
    outcome: &'static str,
    /// The argument of `exit`, if it called that.
    exit: Option<i32>,
    error: Option<Problem<'t>>,
}

/// What the program has written since the record before.
#[derive(Serialize)]
struct OutputRecord {
    kind: &'static str,
    stdout: String,
    stderr: String,
}

/// The end of a report, as a record.
#[derive(Serialize, Deserialize)]
pub struct Summary {
    kind: Cow<'static, str>,
    /// How many tests went well.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
}

/// Runs the test blocks of a program and says what became of each; gives the exit code.
pub fn test_run(arguments: &TestRun, form: Form) -> i32 {
    let (mut sources, main) = match input::load(&arguments.file, form) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let file = sources.get(main).name.clone();
    let (mut passed, mut failed) = (0, 0);
    let permissions = &arguments.permissions.permissions;
    let host = if form.is_json() { Host::recording() } else { Host::process(Vec::new()) };
    let mut host = host.permitted(permissions.clone());
    let filter = arguments.filter.as_deref().unwrap_or("");
    let mut report = |sources: &SourceMap, host: &mut Host, result: &TestResult| {
        let count = if result.failure.is_none() { &mut passed } else { &mut failed };
        *count += 1;
        if !form.is_json() {
            output::print(&line(result, sources));
            return;
        }
        record_output(form, host);
        let (exit, error) = match &result.failure {
            None => (None, None),
            Some(Failure::Exit(code)) => (Some(*code), None),
            Some(Failure::Error(error)) => (None, Some(Problem::uncaught(sources, error))),
        };
        let outcome = if result.failure.is_none() { "passed" } else { "failed" };
        form.record(&TestRecord { kind: "test", file: &file, name: &result.name, outcome, exit, error });
    };
    let ending = match arguments.engine.engine() {
        Engine::Tree => tree::run_tests(&mut sources, main, &mut host, filter, &mut report),
        Engine::Vm => {
            let options = CompileOptions { tests: true, permissions: permissions.clone(), ..CompileOptions::default() };
            pipeline::compile(&mut sources, main, &options, &mut passes::dump).map(|compiled| {
                testing::run_tests(&compiled, &mut host, filter, &mut |host, result| {
                    report(compiled.sources(), host, result);
                })
            })
        }
    };
    if form.is_json() {
        record_output(form, &mut host);
    }
    let ending = match ending {
        Ok(ending) => ending,
        Err(list) => return check::refuse(&sources, &list, form),
    };
    match ending {
        Outcome::Finished => {}
        Outcome::Exit(code) => return code,
        Outcome::Error(error) | Outcome::Stopped(_, error) => return run::uncaught(&sources, &error, form),
    }
    if passed + failed == 0 && !filter.is_empty() {
        form.complaint("RUFCLI002", &format!("no test has '{filter}' in its name"), &[]);
        return exit::FAILED;
    }
    summary(passed, failed, form);
    if failed == 0 { exit::OK } else { exit::FAILED }
}

/// What a host that records has kept, if that is anything.
fn record_output(form: Form, host: &mut Host) {
    let (stdout, stderr) = host.take_output();
    if !stdout.is_empty() || !stderr.is_empty() {
        form.record(&OutputRecord { kind: "output", stdout, stderr });
    }
}

/// The end of a report.
pub fn summary(passed: usize, failed: usize, form: Form) {
    if form.is_json() {
        form.record(&Summary { kind: "summary".into(), passed, failed });
    } else {
        output::print(&format!("\n{passed} passed, {failed} failed\n"));
    }
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
