//! How the time of compiling grows when a program of some shape is twice as long: for every shape and level the factor of the
//! last doubling, and the stage that takes most of the time.
//!
//! `cargo bench --bench growth [-- [--size=N] [--all] [--verify] WORD...]`: only shapes whose names contain a word; `--all` shows each
//! stage, `--verify` adds the checkers. A factor of 2 is linear; n log n is up to 2.2 at these sizes, and caches add to that. The test
//! `tests/compile_growth.rs` counts the steps of the same shapes.
//!
//! `cargo bench --bench growth -- --write-design`: all shapes, and both tables of `design/performance.md`.
//!
//! `cargo bench --bench growth -- ordinary [--write=FILE]`: what a line of a long program of ordinary functions costs, in time and,
//! with valgrind, in machine instructions; with `--write` the program goes to a file instead, for a profiler.

mod ordinary;
mod shapes;

use ruff::base::intern::Interner;
use ruff::base::source::{SourceId, SourceMap};
use ruff::bytecode::{emit, flow, verify};
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::ownership;
use ruff::passes::Level;
use ruff::passes::manager::PassOptions;
use ruff::regalloc;
use shapes::{SHAPES, Shape};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Times of the stages of one compilation.
type Stages = Vec<(&'static str, Duration)>;

fn compile(text: &str, level: Level, check: bool) -> Stages {
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
    let plain = module.plain_operators;
    module.functions.values_mut().for_each(|func| ownership::run(func, plain));
    stage("ownership");
    if check {
        assert!(module.functions.values().all(|func| ownership::check(func, None, plain).is_empty()));
        stage("check ownership");
    }
    let allocations: Vec<_> =
        module.functions.values().map(|func| emit::allocate(func).unwrap_or_else(|error| panic!("{error}"))).collect();
    stage("allocate");
    if check {
        let mut pairs = module.functions.values().zip(&allocations);
        assert!(pairs.all(|(func, allocation)| regalloc::check::check(func, allocation).is_empty()));
        stage("check registers");
    }
    let program = emit::emit(&module, &allocations).unwrap_or_else(|error| panic!("{error}"));
    stage("emit");
    assert!(verify::verify(&program).is_ok());
    stage("verify");
    if check {
        assert!(flow::check(&program).is_ok());
        stage("check flow");
    }
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
fn measure(text: &str, level: Level, check: bool) -> Stages {
    let mut best = compile(text, level, check);
    let begin = Instant::now();
    let mut runs = 1;
    while runs < 3 || runs < 20 && begin.elapsed() < Duration::from_millis(30) {
        let next = compile(text, level, check);
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

/// What is to be shown.
struct Options {
    size: usize,
    all: bool,
    check: bool,
}

/// Prints a shape; its row of the table.
fn report(shape: &Shape, options: &Options) -> String {
    // A star: its tables grow with a product.
    let name = format!("{}{}", shape.name, if shape.owns { " *" } else { "" });
    print!("{name:<28}");
    let mut row = format!("| {name} |");
    for &level in Level::ALL {
        let small = measure(&(shape.program)(options.size), level, options.check);
        let large = measure(&(shape.program)(2 * options.size), level, options.check);
        let factor = total(&large).as_secs_f64() / total(&small).as_secs_f64();
        let (leader, time) = large.iter().max_by_key(|(_, time)| *time).expect("stages");
        let share = time.as_secs_f64() / total(&large).as_secs_f64() * 100.0;
        let mark = if factor > 2.5 { '!' } else { ' ' };
        let milliseconds = total(&large).as_secs_f64() * 1e3;
        print!("{factor:>6.2}{mark}{milliseconds:>8.1} ms  {leader} {share:.0} %  ");
        let _ = write!(row, " {factor:.2} | {milliseconds:.1} | {leader} {share:.0} % |");
        if options.all {
            println!();
            for ((name, small), (_, large)) in small.iter().zip(&large) {
                let factor = large.as_secs_f64() / small.as_secs_f64();
                println!("    {name:<24}{:>10.2} ms{factor:>8.2}", large.as_secs_f64() * 1e3);
            }
        }
    }
    println!();
    row + "\n"
}

/// Puts `content` between the marks of `name` in `design/performance.md`; the first time they come at the end of the section of this
/// heading.
fn write_design(name: &str, heading: &str, content: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/design/performance.md");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->\n"));
    let (before, after) = match text.split_once(&begin).zip(text.split_once(&end)) {
        Some(((before, _), (_, after))) => (before.to_owned(), after.to_owned()),
        None => {
            let section = text.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{path}: no {heading}"));
            let next = text[section + 1..].find("\n## ").map_or(text.len(), |next| section + 1 + next);
            (text[..next].to_owned() + "\n", text[next..].to_owned())
        }
    };
    std::fs::write(path, format!("{before}{begin}\n{content}\n{end}{after}")).expect("the design can be written");
}

fn main() {
    let mut options = Options { size: 1000, all: false, check: false };
    let mut design = false;
    let mut words = Vec::new();
    for word in std::env::args().skip(1) {
        match word.strip_prefix("--size=") {
            Some(number) => options.size = number.parse().expect("a number"),
            None if word == "--all" => options.all = true,
            None if word == "--verify" => options.check = true,
            None if word == "--write-design" => design = true,
            None if word.starts_with("--write=") => return ordinary::write(&word["--write=".len()..]),
            // What `cargo bench` passes.
            None if word == "--bench" => {}
            None => words.push(word),
        }
    }
    assert!(!design || words.is_empty() && !options.check, "--write-design wants all shapes, and no checkers");
    if words.is_empty() || words.iter().any(|word| "ordinary".contains(word.as_str())) {
        let table = ordinary::report();
        if design {
            write_design("growth ordinary", "What compiling a line costs", &table);
        }
        if words.len() == 1 {
            return;
        }
    }
    let size = options.size;
    println!("factor of doubling from {size}, time, leading stage: at O0, O1, O2; *: tables that grow with a product");
    let mut table = format!(
        "Factor of doubling from {size} parts, milliseconds for {} parts, and the leading stage.\n\n",
        2 * size
    );
    table += "| shape | `-O0` | ms | leads | `-O1` | ms | leads | `-O2` | ms | leads |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for shape in SHAPES.iter().filter(|shape| words.is_empty() || words.iter().any(|word| shape.name.contains(word))) {
        table += &report(shape, &options);
    }
    if design {
        write_design("growth", "How compile time grows", &table);
    }
}
