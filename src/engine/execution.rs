//! Running a program within limits, and going on with it when its fuel is used up: for hosts that share their time among programs,
//! or run programs they do not trust.
//!
//! ```
//! use ruff::base::source::SourceMap;
//! use ruff::engine::execution::{Execution, Limits};
//! use ruff::engine::pipeline::{self, CompileOptions, Limit, Outcome};
//! use ruff::runtime::host::Host;
//!
//! let mut sources = SourceMap::new();
//! let main = sources.add("count.ruff", "mut t := 0\nfor i in 1000 { t := t + i }\nprint(t)").unwrap();
//! let program = pipeline::compile(&mut sources, main, &CompileOptions::default(), &mut |_, _| {}).unwrap();
//!
//! let limits = Limits { fuel: Some(300), memory: Some(1 << 20) };
//! let mut execution = Execution::new(&program, Host::captured(""), limits);
//! let mut pauses = 0;
//! while let Outcome::Stopped(Limit::Fuel, at) = execution.run() {
//!     assert_eq!(sources.line(at.span), 2);
//!     pauses += 1;
//!     execution.add_fuel(300);
//! }
//! assert_eq!(pauses, 3);
//! assert_eq!(execution.host().take_output().0, "499500\n");
//! ```

use super::modules::Failures;
use super::outcome::Reporter;
use super::pipeline::{Compiled, Outcome};
use crate::base::source::SourceMap;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::vm::Vm;
use crate::vm::counters::Counting;

use std::rc::Rc;

pub use crate::vm::Limits;

/// A program with its machine, before, between or after its steps.
pub struct Execution {
    /// `None` only while being dropped.
    vm: Option<Vm>,
    limits: Limits,
    sources: Rc<SourceMap>,
    failures: Rc<Failures>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    New,
    Paused,
    Ended(Outcome),
}

impl Execution {
    /// A program about to be run; what it writes goes to `host`.
    pub fn new(program: &Compiled, mut host: Host, limits: Limits) -> Execution {
        let vm = program.machine(&mut host, Counting::Off, limits);
        let (sources, failures) = (program.shared_sources().clone(), program.failures().clone());
        Execution { vm: Some(vm), limits, sources, failures, state: State::New }
    }

    /// Runs the program until it ends or has no fuel left. In the latter case ([`Limit::Fuel`](super::pipeline::Limit::Fuel)) the
    /// next call goes on exactly where it was; after any other outcome the program has ended, and another call says so again.
    pub fn run(&mut self) -> Outcome {
        let Some(vm) = &mut self.vm else { return Outcome::Finished };
        let ending = match &self.state {
            State::New => vm.run(),
            State::Paused => vm.resume(),
            State::Ended(outcome) => return outcome.clone(),
        };
        // Whatever cannot be written has been said.
        let _ = vm.host().flush();
        let reporter = Reporter { sources: &self.sources, failures: &self.failures, limits: &self.limits };
        let outcome = reporter.outcome(ending);
        self.state = match outcome {
            Outcome::Stopped(super::pipeline::Limit::Fuel, _) => State::Paused,
            _ => State::Ended(outcome.clone()),
        };
        outcome
    }

    /// Allows so many more units of work, if work is limited.
    pub fn add_fuel(&mut self, units: u64) {
        if let Some(vm) = &mut self.vm {
            vm.add_fuel(units);
        }
    }

    /// Units of work left; `None` if work is not limited. A program may pause with some left, if the next thing it does takes more.
    pub fn fuel(&self) -> Option<u64> {
        self.vm.as_ref().and_then(Vm::fuel)
    }

    /// The host, to read what was captured.
    ///
    /// # Panics
    /// Never.
    pub fn host(&mut self) -> &mut Host {
        self.vm.as_mut().expect("there until dropped").host()
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // What the program still holds, then the cycles nobody else holds.
        self.vm = None;
        heap::collect_cycles();
    }
}
