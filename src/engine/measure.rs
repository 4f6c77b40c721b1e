//! Measuring a program: time and executed instructions, by engine and level.
//!
//! Time is that of whole runs in this process, compilation apart. Rounds go through all ways of running in turn, so that each
//! of them sees the same states of the machine; the minimum is the figure to compare.

use super::pipeline::{self, CompileOptions, Compiled, Outcome, RunOptions};
use super::stats::Stats;
use super::tree;
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceId, SourceMap};
use crate::passes::manager::PassOptions;
use crate::passes::{Level, Pass};
use crate::runtime::capability::Permissions;
use crate::runtime::host::Host;
use std::time::{Duration, Instant};

/// A program made ready to run, as often as wanted. What it counts is up to the engine; one that counts nothing gives no statistics.
pub type Prepared = Box<dyn Fn(&mut Host, &RunOptions) -> (Outcome, Option<Stats>)>;

/// Something that runs programs.
pub struct Engine {
    /// Its name.
    pub name: &'static str,
    /// The levels that make a difference to it; none: it knows no levels.
    pub levels: &'static [Level],
    /// Does what is done once for a program, such as compiling it.
    pub prepare: fn(&Subject<'_>, Level) -> Result<Prepared, Vec<Diagnostic>>,
}

/// THE table of engines that are measured.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "vm",
        levels: Level::ALL,
        prepare: |subject, level| {
            let compiled = subject.compile(PassOptions::at(level))?;
            Ok(Box::new(move |host, options| pipeline::run(&compiled, host, options)))
        },
    },
    Engine {
        name: "tree",
        levels: &[],
        // The tree borrows from its sources, so each run parses and resolves anew: less than a tenth of a millisecond.
        prepare: |subject, _| {
            let (mut sources, main) = (subject.sources.clone(), subject.main);
            tree::check(&mut sources, main, subject.permissions)?;
            Ok(Box::new(move |host, _| match tree::run(&mut sources.clone(), main, host) {
                Ok(outcome) => (outcome, None),
                Err(list) => unreachable!("it was checked: {list:?}"),
            }))
        },
    },
];

/// How often a program is prepared to find the least time, after once to warm up.
const PREPARATIONS: usize = 3;

/// A program to measure.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Where its sources are.
    pub sources: &'a SourceMap,
    /// The program.
    pub main: SourceId,
    /// Its arguments.
    pub arguments: &'a [String],
    /// What it may do.
    pub permissions: &'a Permissions,
}

/// One way of running it.
pub struct Way {
    /// The engine.
    pub engine: &'static Engine,
    /// The level, if the engine knows levels.
    pub level: Option<Level>,
    prepared: Prepared,
    /// Least time to make the program ready.
    pub preparing: Duration,
    /// Times of the rounds.
    pub times: Vec<Duration>,
    /// What was counted, in a run apart.
    pub stats: Option<Stats>,
}

impl Way {
    /// The engine's name, and the level if it knows levels.
    pub fn name(&self) -> String {
        self.level
            .map_or_else(|| self.engine.name.to_owned(), |level| format!("{} -{}", self.engine.name, level.name()))
    }
}

impl Subject<'_> {
    /// Compiles with these passes.
    ///
    /// # Errors
    /// The program's diagnostics.
    pub fn compile(&self, passes: PassOptions) -> Result<Compiled, Vec<Diagnostic>> {
        let options = CompileOptions { passes, permissions: self.permissions.clone(), ..CompileOptions::default() };
        pipeline::compile(&mut self.sources.clone(), self.main, &options, &mut |_, _| {})
    }

    fn host(&self) -> Host {
        Host::captured("").with_arguments(self.arguments.to_vec()).permitted(self.permissions.clone())
    }

    /// All ways of running it on the wanted engines, none of them measured yet.
    ///
    /// # Errors
    /// The program's diagnostics.
    pub fn ways(&self, engines: impl Fn(&Engine) -> bool) -> Result<Vec<Way>, Vec<Diagnostic>> {
        let mut ways = Vec::new();
        for engine in ENGINES.iter().filter(|engine| engines(engine)) {
            let levels = engine.levels.iter().copied().map(Some);
            for level in levels.chain(engine.levels.is_empty().then_some(None)) {
                let used = level.unwrap_or_default();
                let mut prepared = (engine.prepare)(self, used)?;
                let mut preparing = Duration::MAX;
                for _ in 0..PREPARATIONS {
                    let started = Instant::now();
                    prepared = (engine.prepare)(self, used)?;
                    preparing = preparing.min(started.elapsed());
                }
                let (times, stats) = (Vec::new(), None);
                ways.push(Way { engine, level, prepared, preparing, times, stats });
            }
        }
        Ok(ways)
    }

    /// What running it prints, without time taken.
    pub fn warm_up(&self, way: &Way) -> (Outcome, String) {
        let mut host = self.host();
        let (outcome, _) = (way.prepared)(&mut host, &RunOptions::default());
        (outcome, host.take_output().0)
    }

    /// Runs it once more and takes the time.
    pub fn time(&self, way: &mut Way) {
        let mut host = self.host();
        let started = Instant::now();
        (way.prepared)(&mut host, &RunOptions::default());
        way.times.push(started.elapsed());
    }

    /// Runs it once and counts.
    pub fn count(&self, way: &mut Way) {
        way.stats = (way.prepared)(&mut self.host(), &RunOptions { stats: true, ..RunOptions::default() }).1;
    }

    /// Instructions the machine executes with these passes, and how the run ended.
    ///
    /// # Errors
    /// The program's diagnostics.
    pub fn executed(&self, passes: PassOptions) -> Result<(Outcome, u64), Vec<Diagnostic>> {
        let compiled = self.compile(passes)?;
        let (outcome, stats) =
            pipeline::run(&compiled, &mut self.host(), &RunOptions { stats: true, ..RunOptions::default() });
        Ok((outcome, stats.map_or(0, |stats| stats.total())))
    }

    /// What each pass is worth to it.
    ///
    /// # Errors
    /// The program's diagnostics, or how it ended if that was not well.
    pub fn ablate(&self) -> Result<Ablation, Failed> {
        let count = |passes| match self.executed(passes).map_err(Failed::Refused)? {
            (Outcome::Finished | Outcome::Exit(0), executed) => Ok(executed),
            (outcome, _) => Err(Failed::Ended(outcome)),
        };
        let unoptimised = count(PassOptions::at(Level::O0))?;
        let all = count(PassOptions::default())?;
        let mut without = Vec::new();
        for &pass in Pass::ALL {
            let executed = count(PassOptions { disabled: vec![pass], ..PassOptions::default() })?;
            without.push((pass, executed));
        }
        Ok(Ablation { unoptimised, all, without })
    }
}

/// Why nothing could be measured.
pub enum Failed {
    /// The program does not compile.
    Refused(Vec<Diagnostic>),
    /// It ended with an error, or with an exit code that says so.
    Ended(Outcome),
}

/// Executed instructions of a program with passes left out.
pub struct Ablation {
    /// Without any pass.
    pub unoptimised: u64,
    /// With all passes.
    pub all: u64,
    /// With all passes but one.
    pub without: Vec<(Pass, u64)>,
}

impl Ablation {
    /// How many instructions a pass saves, as a part of those executed without it.
    pub fn saved(&self, executed_without: u64) -> f64 {
        (executed_without as f64 - self.all as f64) / (executed_without as f64).max(1.0)
    }
}

/// Minimum, median and standard deviation of times, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one.
    pub median: f64,
    /// How far they are from their mean.
    pub deviation: f64,
}

impl Spread {
    /// The spread of `times`; zeros if there are none.
    pub fn of(times: &[Duration]) -> Spread {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let [first, ..] = seconds[..] else { return Spread::default() };
        let (count, middle) = (seconds.len() as f64, seconds.len() / 2);
        let median =
            if seconds.len() % 2 == 1 { seconds[middle] } else { (seconds[middle - 1] + seconds[middle]) / 2.0 };
        let mean = seconds.iter().sum::<f64>() / count;
        let squares: f64 = seconds.iter().map(|time| (time - mean) * (time - mean)).sum();
        // Of a sample: one degree of freedom went into the mean.
        let deviation = (squares / (count - 1.0).max(1.0)).sqrt();
        Spread { min: first, median, deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_times() {
        let seconds = |list: &[u64]| list.iter().map(|&time| Duration::from_secs(time)).collect::<Vec<_>>();
        assert_eq!(Spread::of(&[]), Spread::default());
        assert_eq!(Spread::of(&seconds(&[3])), Spread { min: 3.0, median: 3.0, deviation: 0.0 });
        assert_eq!(Spread::of(&seconds(&[9, 1, 5])), Spread { min: 1.0, median: 5.0, deviation: 4.0 });
        assert_eq!(Spread::of(&seconds(&[4, 2])).median, 3.0);
    }

    #[test]
    fn a_pass_saves_a_part_of_what_runs_without_it() {
        let ablation = Ablation { unoptimised: 300, all: 150, without: Vec::new() };
        assert_eq!(ablation.saved(200), 0.25);
        assert_eq!(ablation.saved(150), 0.0);
        assert!(ablation.saved(100) < 0.0);
    }
}
