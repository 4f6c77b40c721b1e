//! `ruff bench`: times and executed instructions of a program, by engine and level; with `--ablate`, what each pass is worth.

use super::args::Bench;
use super::form::Form;
use super::{ablate, check, input, output, run};
use crate::base::diagnostic::RUNTIME_EXIT_CODE;
use crate::base::source::SourceMap;
use crate::engine::measure::{Spread, Subject, Way};
use crate::engine::pipeline::Outcome;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Measures; gives the exit code.
pub fn bench(arguments: &Bench, form: Form) -> i32 {
    if arguments.ablate && arguments.engine.is_some() {
        return output::usage("`--ablate` is about the passes of the machine: no `--engine`");
    }
    if arguments.ablate {
        return ablate::ablate(arguments, form);
    }
    if arguments.sizes.is_some() || arguments.svg.is_some() || arguments.csv {
        return output::usage("`--sizes`, `--csv` and `--svg` go with `--ablate`");
    }
    let mut words = arguments.words.iter();
    let (sources, main) = match input::load(words.next().map_or("".as_ref(), |word| word.as_os_str()), form) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let words = run::script_arguments(words.cloned());
    let subject =
        Subject { sources: &sources, main, arguments: &words, permissions: &arguments.permissions.permissions };
    let mut ways = match subject.ways(|engine| arguments.engine.is_none_or(|wanted| wanted.name() == engine.name)) {
        Ok(ways) => ways,
        Err(list) => return check::refuse(&sources, &list, form),
    };

    let bar = progress(ways.len() as u64 * (u64::from(arguments.warmup) + u64::from(arguments.rounds) + 1));
    let mut expected = None;
    for way in &ways {
        for _ in 0..arguments.warmup {
            bar.set_message(format!("{}: warm-up", way.name()));
            let (outcome, printed) = subject.warm_up(way);
            if let Some(code) = failed(&outcome, &sources, form) {
                bar.finish_and_clear();
                return code;
            }
            if *expected.get_or_insert_with(|| printed.clone()) != printed {
                bar.suspend(|| output::complain("note: the program does not print the same every time\n"));
                expected = Some(printed);
            }
            bar.inc(1);
        }
    }
    for _ in 0..arguments.rounds {
        for way in &mut ways {
            bar.set_message(way.name());
            subject.time(way);
            bar.inc(1);
        }
    }
    for way in &mut ways {
        bar.set_message(format!("{}: counting", way.name()));
        subject.count(way);
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::print(&table(&ways, arguments.rounds))
}

/// A bar on a terminal, nothing elsewhere.
pub fn progress(steps: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Reports a run that cannot be measured; its exit code.
pub fn failed(outcome: &Outcome, sources: &SourceMap, form: Form) -> Option<i32> {
    match outcome {
        Outcome::Finished | Outcome::Exit(0) => None,
        Outcome::Exit(code) => {
            output::complain(&format!("error: the program called exit({code})\n"));
            Some(*code)
        }
        Outcome::Error(error) | Outcome::Stopped(_, error) => {
            run::uncaught(sources, error, form);
            Some(RUNTIME_EXIT_CODE)
        }
    }
}

fn table(ways: &[Way], rounds: u32) -> String {
    let mut text = format!(
        "{:<8}{:<7}{:>11}{:>11}{:>11}{:>11}{:>15}{:>13}\n",
        "engine", "level", "compile ms", "min ms", "median ms", "deviation", "instructions", "allocations"
    );
    for way in ways {
        let spread = Spread::of(&way.times);
        let part = if spread.median > 0.0 { spread.deviation / spread.median * 100.0 } else { 0.0 };
        let counted = |count: fn(&crate::engine::stats::Stats) -> u64| {
            way.stats.as_ref().map_or_else(|| "-".to_owned(), |stats| count(stats).to_string())
        };
        text.push_str(&format!(
            "{:<8}{:<7}{:>11.3}{:>11.3}{:>11.3}{:>10.1}%{:>15}{:>13}\n",
            way.engine.name,
            way.level.map_or_else(|| "-".to_owned(), |level| format!("-{}", level.name())),
            way.preparing.as_secs_f64() * 1e3,
            spread.min * 1e3,
            spread.median * 1e3,
            part,
            counted(|stats| stats.total()),
            counted(|stats| stats.allocations),
        ));
    }
    text.push_str(&format!("{rounds} rounds, interleaved; time to run, without compiling\n"));
    text
}
