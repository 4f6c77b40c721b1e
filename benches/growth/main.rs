//! How the time of compiling grows when a program of some shape is twice as long: for every shape and level the factor of the
//! last doubling, and the stage that takes most of the time.
//!
//! `cargo bench --bench growth [-- [--size=N] [--all] WORD...]`: only shapes whose names contain a word. A factor of 2 is linear;
//! n log n is up to 2.2 at these sizes, and caches add to that. The test `tests/compile_growth.rs` counts the steps of the same shapes.
//!
//! `cargo bench --bench growth -- ordinary [--write=FILE]`: what a line of a long program of ordinary functions costs, in time and,
//! with valgrind, in machine instructions; with `--write` the program goes to a file instead, for a profiler.

mod ordinary;
mod shapes;

use ruff::base::intern::Interner;
use ruff::base::source::{SourceId, SourceMap};
use ruff::bytecode::{emit, verify};
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::ownership;
use ruff::passes::Level;
use ruff::passes::manager::PassOptions;
use shapes::{SHAPES, Shape};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Times of the stages of one compilation.
type Stages = Vec<(&'static str, Duration)>;

fn compile(text: &str, level: Level) -> Stages {
    let mut stages = Stages::new();
    let mut last = Instant::now();
    let mut stage = |name: &'static str| {
        let now = Instant::now();
        stages.push((name, now - last));
        last = now;
    };
    let options = CompileOptions { passes: PassOptions::at(level), tests: true, ..CompileOptions::default() };
    {
        let arena = bumpalo::Bump::new();
        black_box(ruff::syntax::parse(SourceId(0), text, &arena, &mut Interner::new()));
    }
    stage("parse");
    let mut sources = SourceMap::new();
    let main = sources.add("shape.ruff", text).expect("an empty map takes a source");
    let lowered = pipeline::lower(&mut sources, main, &options);
    let mut module = lowered.unwrap_or_else(|list| panic!("{list:?}")).module;
    stage("resolve and lower");
    let report = pipeline::optimise(&mut module, &options, &mut |_, _| {});
    stage("passes");
    module.functions.values_mut().for_each(ownership::run);
    stage("ownership");
    let allocations: Vec<_> =
        module.functions.values().map(|func| emit::allocate(func).unwrap_or_else(|error| panic!("{error}"))).collect();
    stage("allocate");
    let program = emit::emit(&module, &allocations).unwrap_or_else(|error| panic!("{error}"));
    stage("emit");
    assert!(verify::verify(&program).is_ok());
    stage("verify");
    let mut parsing = Duration::ZERO;
    let mut result = Stages::new();
    for (name, time) in stages {
        match name {
            "parse" => {
                parsing = time;
                result.push((name, time));
            }
            // Lowering begins with parsing.
            "resolve and lower" => result.push((name, time.saturating_sub(parsing))),
            "passes" => {
                for run in &report.runs {
                    match result.iter_mut().find(|(name, _)| *name == run.pass.name()) {
                        Some((_, sum)) => *sum += run.time,
                        None => result.push((run.pass.name(), run.time)),
                    }
                }
            }
            _ => result.push((name, time)),
        }
    }
    result
}

fn total(stages: &Stages) -> Duration {
    stages.iter().map(|(_, time)| *time).sum()
}

/// The fastest of some compilations.
fn measure(text: &str, level: Level) -> Stages {
    let mut best = compile(text, level);
    let begin = Instant::now();
    let mut runs = 1;
    while runs < 3 || runs < 20 && begin.elapsed() < Duration::from_millis(30) {
        let next = compile(text, level);
        if total(&next) < total(&best) {
            best = next;
        }
        runs += 1;
        if begin.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    best
}

fn report(shape: &Shape, size: usize, all: bool) {
    // A star: its tables grow with a product.
    print!("{:<28}", format!("{}{}", shape.name, if shape.owns { " *" } else { "" }));
    for &level in Level::ALL {
        let small = measure(&(shape.program)(size), level);
        let large = measure(&(shape.program)(2 * size), level);
        let factor = total(&large).as_secs_f64() / total(&small).as_secs_f64();
        let (leader, time) = large.iter().max_by_key(|(_, time)| *time).expect("stages");
        let share = time.as_secs_f64() / total(&large).as_secs_f64() * 100.0;
        let mark = if factor > 2.5 { '!' } else { ' ' };
        print!("{factor:>6.2}{mark}{:>8.1} ms  {leader} {share:.0} %  ", total(&large).as_secs_f64() * 1e3);
        if all {
            println!();
            for ((name, small), (_, large)) in small.iter().zip(&large) {
                let factor = large.as_secs_f64() / small.as_secs_f64();
                println!("    {name:<24}{:>10.2} ms{factor:>8.2}", large.as_secs_f64() * 1e3);
            }
        }
    }
    println!();
}

fn main() {
    let mut size = 1000;
    let mut all = false;
    let mut words = Vec::new();
    for word in std::env::args().skip(1) {
        match word.strip_prefix("--size=") {
            Some(number) => size = number.parse().expect("a number"),
            None if word == "--all" => all = true,
            None if word.starts_with("--write=") => return ordinary::write(&word["--write=".len()..]),
            // What `cargo bench` passes.
            None if word == "--bench" => {}
            None => words.push(word),
        }
    }
    if words.is_empty() || words.iter().any(|word| "ordinary".contains(word.as_str())) {
        ordinary::report();
        if words.len() == 1 {
            return;
        }
    }
    println!("factor of doubling from {size}, time, leading stage: at O0, O1, O2; *: tables that grow with a product");
    for shape in SHAPES.iter().filter(|shape| words.is_empty() || words.iter().any(|word| shape.name.contains(word))) {
        report(shape, size, all);
    }
}
