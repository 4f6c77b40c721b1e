//! Running programs on the reference interpreter.
//!
//! It walks the tree itself, so whoever runs a program keeps the tree until the end of the run: there is nothing compiled to hand out.

use super::front::{self, Demands, Front};
use super::outcome::Reporter;
use super::pipeline::Outcome;
use super::testing::{self, Machine, Suite, TestResult};
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceId, SourceMap};
use crate::reference::{Ending, Interpreter, Script};
use crate::resolve::{FunctionKey, Unit};
use crate::runtime::capability::Permissions;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::memory::{self, Bound};
use crate::syntax::ast::Function;
use crate::vm::Limits;
use bumpalo::Bump;

/// Runs a script without limits; the host's output is flushed before this returns.
///
/// # Errors
/// The script's diagnostics; nothing of it has run.
pub fn run(sources: &mut SourceMap, main: SourceId, host: &mut Host) -> Result<Outcome, Vec<Diagnostic>> {
    run_within(sources, main, host, &Limits::default())
}

/// As [`run`], within a limit on memory. Fuel is the machine's affair: it is not limited here.
///
/// # Errors
/// As [`run`].
pub fn run_within(
    sources: &mut SourceMap,
    main: SourceId,
    host: &mut Host,
    limits: &Limits,
) -> Result<Outcome, Vec<Diagnostic>> {
    let arena = Bump::new();
    let front = front::resolved(sources, main, Demands::default(), host.permissions(), &arena)?;
    let sources = &*sources;
    let bound = limits.memory.map(|bytes| memory::replace(Bound::beyond(heap::used(), bytes)));
    let ending = Ok(with_interpreter(&front, sources, host, &mut |interpreter, host| {
        let reporter = Reporter { sources, failures: &front.failures, limits };
        let ending = outcome(interpreter.run(), reporter);
        std::mem::swap(host, interpreter.host());
        // Whatever cannot be written has been said.
        let _ = host.flush();
        ending
    }));
    if let Some(bound) = bound {
        memory::replace(bound);
    }
    ending
}

/// Whether a script can be run.
///
/// # Errors
/// Its diagnostics.
pub fn check(sources: &mut SourceMap, main: SourceId, permissions: &Permissions) -> Result<(), Vec<Diagnostic>> {
    front::resolved(sources, main, Demands::default(), permissions, &Bump::new()).map(drop)
}

/// Runs the definitions of a script, then those of its tests whose name contains `filter`; `report` hears of each, with the sources.
///
/// # Errors
/// The script's diagnostics; nothing of it has run.
pub fn run_tests(
    sources: &mut SourceMap,
    main: SourceId,
    host: &mut Host,
    filter: &str,
    report: &mut dyn FnMut(&SourceMap, &mut Host, &TestResult),
) -> Result<Outcome, Vec<Diagnostic>> {
    let arena = Bump::new();
    let demands = Demands { tests: true, modules: false };
    let front = front::resolved(sources, main, demands, host.permissions(), &arena)?;
    let number = |function: &Function| Some(Unit::default().function(function.id).0);
    let suite = Suite::new(front.program.main.body.statements, &number);
    let sources = &*sources;
    Ok(with_interpreter(&front, sources, host, &mut |interpreter, host| {
        let reporter = Reporter { sources, failures: &front.failures, limits: &Limits::default() };
        let tested = &mut Tested(interpreter, reporter);
        testing::run_on(tested, &suite, host, filter, &mut |host, result| report(sources, host, result))
    }))
}

fn with_interpreter(
    front: &Front<'_>,
    sources: &SourceMap,
    host: &mut Host,
    run: &mut dyn FnMut(&mut Interpreter<'_, '_>, &mut Host) -> Outcome,
) -> Outcome {
    let script = Script { resolution: &front.resolution, interner: &front.interner, hidden: &front.hidden, sources };
    let mut interpreter = Interpreter::new(script, std::mem::replace(host, Host::captured("")));
    let ending = run(&mut interpreter, host);
    drop(interpreter);
    heap::collect_cycles();
    ending
}

/// The interpreter with what tells how its runs end.
struct Tested<'t, 's, 'a>(&'t mut Interpreter<'s, 'a>, Reporter<'t>);

impl Machine for Tested<'_, '_, '_> {
    fn run(&mut self) -> Outcome {
        outcome(self.0.run(), self.1)
    }

    fn block(&mut self, number: u32) -> Outcome {
        outcome(self.0.run_function(FunctionKey(number)), self.1)
    }

    fn host(&mut self) -> &mut Host {
        self.0.host()
    }
}

/// The end of a run, without the interpreter's own types.
fn outcome(ending: Ending, reporter: Reporter<'_>) -> Outcome {
    match ending {
        Ending::Finished => Outcome::Finished,
        Ending::Exit(code) => Outcome::Exit(code),
        Ending::Error(raised) => reporter.error(&raised),
    }
}
