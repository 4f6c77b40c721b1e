//! How a run ended, as whoever asked for it sees it: in data of its own, which may go to another thread.

use super::hints;
use super::modules::Failures;
use crate::base::diagnostic::Advice;
use crate::base::source::{SourceMap, Span};
use crate::runtime::error::{Raised, RuntimeError, Stop};
use crate::runtime::memory;
use crate::vm::{self, Limits};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The top level returned.
    Finished,
    /// `exit(code)`.
    Exit(i32),
    /// An error nobody caught.
    Error(UncaughtError),
    /// A limit of the host was reached; the program could not catch that. Says where.
    Stopped(Limit, UncaughtError),
}

/// What a program has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::fuel`]
    Fuel,
    /// [`Limits::memory`]
    Memory,
}

/// An error nobody caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncaughtError {
    /// Its message.
    pub message: String,
    /// Where it was raised.
    pub span: Span,
    /// What helps, and how the place was imported.
    pub advice: Box<Advice>,
    /// Names of the functions that were active, innermost first, and where each stood.
    pub stack: Vec<(Box<str>, Span)>,
}

/// What a program has to do with the words of its end.
#[derive(Clone, Copy)]
pub(super) struct Reporter<'r> {
    /// Its sources.
    pub sources: &'r SourceMap,
    /// Its imports that lead nowhere.
    pub failures: &'r Failures,
    /// What it might use.
    pub limits: &'r Limits,
}

impl Reporter<'_> {
    /// The end of a run of the machine.
    pub fn outcome(&self, ending: vm::Ending) -> Outcome {
        match ending {
            vm::Ending::Finished => Outcome::Finished,
            vm::Ending::Exit(code) => Outcome::Exit(code),
            vm::Ending::Error(raised) => self.error(&raised),
            vm::Ending::Paused(raised) => {
                Outcome::Stopped(Limit::Fuel, self.uncaught("Out of fuel".to_owned(), &raised))
            }
        }
    }

    /// The end of a run that has ended with `raised`.
    pub fn error(&self, raised: &Raised) -> Outcome {
        match raised.error {
            RuntimeError::Stop(Stop::Memory) => {
                let message = match self.limits.memory.or_else(memory::refused) {
                    Some(bytes) => format!("Memory limit of {bytes} bytes exceeded"),
                    // No limit: more than any value may have.
                    None => raised.error.text().to_string(),
                };
                Outcome::Stopped(Limit::Memory, self.uncaught(message, raised))
            }
            _ => Outcome::Error(self.uncaught(raised.error.text().to_string(), raised)),
        }
    }

    fn uncaught(&self, message: String, raised: &Raised) -> UncaughtError {
        let span = raised.trace.origin();
        let mut advice = hints::advice(self.sources, &message, span, raised.error.known());
        if let Some(failure) = self.failures.at(span) {
            advice.causes.clone_from(&failure.causes);
            hints::missing_module(failure, &mut advice);
        }
        advice.imported.extend(raised.trace.imports());
        let stack = raised.trace.frames().map(|(name, span)| (Box::from(&**name), span)).collect();
        UncaughtError { message, span, advice: Box::new(advice), stack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_may_go_to_another_thread() {
        fn sent<T: Send + Sync + 'static>() {}
        sent::<Outcome>();
        sent::<UncaughtError>();
        sent::<crate::engine::stats::Stats>();
        sent::<crate::engine::testing::TestResult>();
    }
}
