//! Running test blocks: the definitions once, then every test between the set-ups and tear-downs around it.
//!
//! A group's own statements run once, before the tests in it; a group without tests is a test itself. A tear-down runs whatever
//! happened before it.

use super::outcome::Reporter;
use super::pipeline::{Compiled, Outcome, UncaughtError};
use crate::runtime::host::Host;
use crate::syntax::ast::{Function, Stmt, StmtKind, TestKind};
use crate::vm::counters::Counting;
use crate::vm::{Limits, Vm};

/// The test blocks among the statements of one scope, by the numbers of their functions.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    setups: Vec<u32>,
    teardowns: Vec<u32>,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
struct Test {
    name: String,
    function: u32,
    /// What a group holds.
    group: Option<Suite>,
}

impl Suite {
    /// The blocks among `statements`; `number` gives the number of a block's function.
    pub(super) fn new(statements: &[Stmt], number: &dyn Fn(&Function) -> Option<u32>) -> Suite {
        let mut suite = Suite::default();
        for statement in statements {
            let StmtKind::Test { kind, name, function } = statement.kind else { continue };
            let Some(id) = number(function) else { continue };
            match kind {
                TestKind::Setup => suite.setups.push(id),
                TestKind::Teardown => suite.teardowns.push(id),
                TestKind::Test | TestKind::Group => suite.tests.push(Test {
                    name: name.unwrap_or("").to_owned(),
                    function: id,
                    group: (kind == TestKind::Group).then(|| Suite::new(function.body.statements, number)),
                }),
            }
        }
        suite
    }

    /// The functions of all its blocks.
    pub(super) fn functions(&self) -> Vec<u32> {
        let own = self.setups.iter().chain(&self.teardowns).copied();
        let tests = self.tests.iter().map(|test| test.function);
        let groups = self.tests.iter().filter_map(|test| test.group.as_ref()).flat_map(Suite::functions);
        own.chain(tests).chain(groups).collect()
    }
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Its name, behind those of the groups around it.
    pub name: String,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error nobody caught.
    Error(UncaughtError),
    /// It ended the program.
    Exit(i32),
}

/// What can run the functions of a program that has test blocks.
pub(super) trait Machine {
    /// Runs the top level.
    fn run(&mut self) -> Outcome;
    /// Runs a test block, by its number, with the globals as they are.
    fn block(&mut self, number: u32) -> Outcome;
    /// The host it runs with.
    fn host(&mut self) -> &mut Host;
}

/// The machine with what tells how its runs end.
struct Tested<'t>(Vm, Reporter<'t>);

impl Machine for Tested<'_> {
    fn run(&mut self) -> Outcome {
        self.1.outcome(self.0.run())
    }

    fn block(&mut self, number: u32) -> Outcome {
        self.1.outcome(self.0.run_function(number as usize))
    }

    fn host(&mut self) -> &mut Host {
        self.0.host()
    }
}

/// Runs the definitions of a program compiled with its tests, then those tests whose name contains `filter`; `report` hears of
/// each, with the host as the test has left it. If the definitions end in another way than by their end, no test runs.
pub fn run_tests(
    compiled: &Compiled,
    host: &mut Host,
    filter: &str,
    report: &mut dyn FnMut(&mut Host, &TestResult),
) -> Outcome {
    let limits = Limits::default();
    let vm = compiled.machine(host, Counting::Off, limits);
    run_on(&mut Tested(vm, compiled.reporter(&limits)), compiled.tests(), host, filter, report)
}

/// As [`run_tests`], on a machine that has `host`, and gives it back.
pub(super) fn run_on(
    machine: &mut dyn Machine,
    suite: &Suite,
    host: &mut Host,
    filter: &str,
    report: &mut dyn FnMut(&mut Host, &TestResult),
) -> Outcome {
    let ending = machine.run();
    let _ = machine.host().flush();
    if ending == Outcome::Finished {
        let mut runner = Runner { machine, filter, report, around: Vec::new(), names: Vec::new() };
        runner.suite(suite);
    }
    std::mem::swap(host, machine.host());
    let _ = host.flush();
    ending
}

struct Runner<'r, 's> {
    machine: &'r mut dyn Machine,
    filter: &'r str,
    report: &'r mut dyn FnMut(&mut Host, &TestResult),
    /// The suites around the current test, outermost first.
    around: Vec<&'s Suite>,
    names: Vec<&'s str>,
}

impl<'s> Runner<'_, 's> {
    fn suite(&mut self, suite: &'s Suite) {
        self.around.push(suite);
        for test in &suite.tests {
            self.names.push(&test.name);
            let name = self.names.join(" > ");
            match &test.group {
                Some(group) if !group.tests.is_empty() => match self.call(test.function) {
                    None => self.suite(group),
                    failure => (self.report)(self.machine.host(), &TestResult { name, failure }),
                },
                _ if name.contains(self.filter) => {
                    let failure = self.test(test.function);
                    let _ = self.machine.host().flush();
                    (self.report)(self.machine.host(), &TestResult { name, failure });
                }
                _ => {}
            }
            self.names.pop();
        }
        self.around.pop();
    }

    fn test(&mut self, function: u32) -> Option<Failure> {
        let around = self.around.clone();
        let setups = around.iter().flat_map(|suite| &suite.setups).chain([&function]);
        let mut failure = None;
        for &block in setups {
            failure = self.call(block);
            if failure.is_some() {
                break;
            }
        }
        for &block in around.iter().rev().flat_map(|suite| &suite.teardowns) {
            let after = self.call(block);
            failure = failure.or(after);
        }
        failure
    }

    fn call(&mut self, function: u32) -> Option<Failure> {
        match self.machine.block(function) {
            Outcome::Finished => None,
            Outcome::Exit(code) => Some(Failure::Exit(code)),
            Outcome::Error(error) | Outcome::Stopped(_, error) => Some(Failure::Error(error)),
        }
    }
}
