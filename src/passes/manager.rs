//! Runs passes over a module: chooses them, times them, dumps the IR after them, verifies after each.

use super::fuel::Fuel;
use super::{Habit, Level, Pass, Run, UnknownPass};
use crate::base::lists::dense;
use crate::ir::entities::FuncRef;
use crate::ir::function::{Function, Module};
use crate::ir::verify::{Violation, verify_module};
use cranelift_entity::SecondaryMap;
use smallvec::SmallVec;
use std::fmt;
use std::time::{Duration, Instant};

/// Which passes the dump callback is called after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PrintAfter {
    /// None.
    #[default]
    Nothing,
    /// All of them.
    All,
    /// These.
    Passes(Vec<Pass>),
}

/// Whether the verifier runs after each pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// It does, and before the first.
    Each,
    /// It does not.
    #[default]
    Never,
}

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct PassOptions {
    /// The pipeline, unless `explicit` is given.
    pub level: Level,
    /// Exactly these passes, in this order.
    pub explicit: Option<Vec<Pass>>,
    /// Passes left out.
    pub disabled: Vec<Pass>,
    /// Stop after this many runs: halving it finds the run that breaks a program.
    pub limit: Option<usize>,
    /// Stop after this many rewrites, counted over all runs and functions in order: halving it finds the rewrite that breaks a program.
    pub fuel: Option<usize>,
    /// Change only functions of this name.
    pub only: Option<String>,
    /// Whether the verifier runs after each pass.
    pub verify: Verify,
    /// Which passes the dump callback is called after.
    pub print_after: PrintAfter,
}

impl PassOptions {
    /// The pipeline of a level.
    pub fn at(level: Level) -> PassOptions {
        PassOptions { level, ..PassOptions::default() }
    }

    /// Exactly the passes of these names, separated by commas; `+pass` and `-pass` change the pipeline of the level instead.
    ///
    /// # Errors
    /// A name is unknown.
    pub fn select(&mut self, names: &str) -> Result<(), UnknownPass> {
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Some(name) = name.strip_prefix('-') {
                self.disabled.push(Pass::from_name(name)?);
            } else if let Some(name) = name.strip_prefix('+') {
                let pass = Pass::from_name(name)?;
                self.disabled.retain(|&other| other != pass);
                let pipeline = self.level.pipeline();
                self.explicit.get_or_insert_with(|| pipeline.to_vec()).push(pass);
            } else {
                self.explicit.get_or_insert_with(Vec::new).push(Pass::from_name(name)?);
            }
        }
        Ok(())
    }

    /// The passes to run, in order.
    pub fn pipeline(&self) -> Vec<Pass> {
        let chosen = self.explicit.as_deref().unwrap_or(self.level.pipeline());
        let kept = chosen.iter().copied().filter(|pass| !self.disabled.contains(pass));
        kept.take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

/// What one run of one pass did.
#[derive(Clone, Debug)]
pub struct PassRun {
    /// The pass.
    pub pass: Pass,
    /// Changes made, over all functions.
    pub changes: usize,
    /// Time taken, without verification.
    pub time: Duration,
}

/// What a pipeline did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The runs, in order.
    pub runs: Vec<PassRun>,
    /// How many functions were left out of a run that would have changed nothing in them, over all runs.
    pub left_out: usize,
    /// Time the verifier took.
    pub verification: Duration,
    /// Rewrites made, as [`fuel`](super::fuel) counts them.
    pub rewrites: usize,
    /// The pass and the function of the last of them.
    pub last: Option<(Pass, String)>,
}

impl Report {
    /// Time of all passes.
    pub fn total(&self) -> Duration {
        self.runs.iter().map(|run| run.time).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in &self.runs {
            let micros = run.time.as_secs_f64() * 1e6;
            writeln!(f, "{:<16}{:>8} changes{:>12.1} us", run.pass.name(), run.changes, micros)?;
        }
        writeln!(f, "{:<16}{:>28.1} us", "total", self.total().as_secs_f64() * 1e6)?;
        match &self.last {
            Some((pass, function)) => {
                writeln!(f, "{:<16}{:>8}, the last by {} in {function}", "rewrites", self.rewrites, pass.name())
            }
            None => Ok(()),
        }
    }
}

/// A pass left invalid IR behind: a bug of ours.
#[derive(Clone, Debug)]
pub struct InvalidAfter {
    /// The pass; `None` if the input was invalid.
    pub pass: Option<Pass>,
    /// The broken rules.
    pub violations: Vec<Violation>,
}

impl fmt::Display for InvalidAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid IR {} {}",
            if self.pass.is_some() { "after" } else { "before" },
            match self.pass {
                Some(pass) => pass.name(),
                None => "the first pass",
            }
        )?;
        for violation in &self.violations {
            write!(f, "\n  {violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidAfter {}

/// How far the passes are with a function: a run that would find what the run before has left is left out.
#[derive(Clone, Default)]
struct History {
    /// How often types were changed, and how often anything else was.
    version: (u32, u32),
    /// For each pass the version at which it would change nothing.
    settled: SmallVec<[(Pass, (u32, u32)); 8]>,
}

impl History {
    /// Whether another run of `pass` would change nothing.
    fn is_settled(&self, pass: Pass) -> bool {
        let (types, shape) = self.version;
        self.settled.iter().any(|&(other, (at_types, at_shape))| {
            other == pass && at_shape == shape && (at_types == types || pass.info().habit != Habit::Any)
        })
    }

    fn ran(&mut self, pass: Pass, changes: usize) {
        let habit = pass.info().habit;
        if changes > 0 {
            let (types, shape) = &mut self.version;
            *(if habit == Habit::Types { types } else { shape }) += 1;
        }
        self.settled.retain(|&mut (other, _)| other != pass);
        if changes == 0 || matches!(habit, Habit::UntypedOnce | Habit::Types) {
            self.settled.push((pass, self.version));
        }
    }
}

/// Runs the pipeline; `dump` gets the module after each pass that `print_after` names.
///
/// # Errors
/// Verification was asked for and failed.
pub fn run(
    module: &mut Module,
    options: &PassOptions,
    dump: &mut dyn FnMut(Pass, &Module),
) -> Result<Report, InvalidAfter> {
    let mut report = Report::default();
    let mut fuel = options.fuel.map_or_else(Fuel::unlimited, Fuel::new);
    verify(module, options, None, &mut report)?;
    let mut histories: SecondaryMap<FuncRef, History> = dense(module.functions.len());
    for pass in options.pipeline() {
        let start = Instant::now();
        let wanted = |func: &Function| options.only.as_deref().is_none_or(|only| func.name.as_deref() == Some(only));
        let mut made: Vec<(FuncRef, usize, bool)> = Vec::new();
        match pass.info().run {
            Run::Module(run) => {
                made.extend(run(module, &mut fuel, &wanted).into_iter().map(|(id, made)| (id, made, true)))
            }
            Run::Function(run) => {
                for (id, func) in module.functions.iter_mut().filter(|(_, func)| wanted(func)) {
                    if histories[id].is_settled(pass) {
                        report.left_out += 1;
                        continue;
                    }
                    let before = fuel.taken();
                    let changes = run(func, &mut fuel);
                    made.push((id, changes, fuel.taken() != before));
                }
            }
        }
        for (id, changes, rewritten) in &made {
            histories[*id].ran(pass, *changes);
            if *rewritten {
                let name = module.functions[*id].name.as_deref().unwrap_or("<lambda>");
                report.last = Some((pass, name.to_owned()));
            }
        }
        let changes = made.iter().map(|(_, changes, _)| changes).sum();
        report.runs.push(PassRun { pass, changes, time: start.elapsed() });
        let printed = match &options.print_after {
            PrintAfter::Nothing => false,
            PrintAfter::All => true,
            PrintAfter::Passes(passes) => passes.contains(&pass),
        };
        if printed {
            dump(pass, module);
        }
        verify(module, options, Some(pass), &mut report)?;
    }
    report.rewrites = fuel.taken();
    Ok(report)
}

fn verify(module: &Module, options: &PassOptions, pass: Option<Pass>, report: &mut Report) -> Result<(), InvalidAfter> {
    if options.verify == Verify::Never {
        return Ok(());
    }
    let start = Instant::now();
    let result = verify_module(module).map_err(|violations| InvalidAfter { pass, violations });
    report.verification += start.elapsed();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_passes() {
        let mut options = PassOptions::at(Level::O1);
        options.select("-dce").unwrap();
        assert!(!options.pipeline().contains(&Pass::Dce) && options.pipeline().contains(&Pass::ConstFold));
        let mut options = PassOptions::at(Level::O1);
        options.select("dce, copy-prop").unwrap();
        assert_eq!(options.pipeline(), [Pass::Dce, Pass::CopyProp]);
        options.limit = Some(1);
        assert_eq!(options.pipeline(), [Pass::Dce]);
        let mut options = PassOptions::at(Level::O0);
        options.select("+type-infer").unwrap();
        assert_eq!(options.pipeline(), [Pass::TypeInfer]);
        assert_eq!(options.select("dec").unwrap_err().to_string(), "unknown pass `dec`; did you mean `dce`?");
    }
}
