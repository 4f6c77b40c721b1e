//! Random programs behave alike in every configuration: output, error with position and trace, exit code, nothing left on the heap.
//!
//! Each program follows from its seed. A bounded run is part of the tests; the long run is
//! `RUFF_MINUTES=60 cargo test --release --test differential -- --ignored --nocapture long`. Both take `RUFF_SEED` (the first
//! seed), and `RUFF_PEER` (a further binary to compare with, such as one of `--features portable`). A difference is made smaller
//! and written to `target/differential` as a case for `tests/conformance`.

#[path = "differential/configurations.rs"]
mod configurations;
#[path = "differential/expressions.rs"]
mod expressions;
#[path = "differential/files.rs"]
mod files;
#[path = "differential/generator.rs"]
mod generator;
#[path = "differential/idioms.rs"]
mod idioms;
#[path = "differential/misuse.rs"]
mod misuse;
#[path = "differential/parts.rs"]
mod parts;
#[path = "differential/program.rs"]
mod program;
#[path = "differential/random.rs"]
mod random;
#[path = "differential/sequences.rs"]
mod sequences;
#[path = "differential/shared.rs"]
mod shared;
#[path = "differential/shrink.rs"]
mod shrink;
#[path = "differential/statements.rs"]
mod statements;
#[path = "differential/tree.rs"]
mod tree;
#[path = "differential/types.rs"]
mod types;
#[path = "differential/workers.rs"]
mod workers;

use std::time::{Duration, Instant};
use workers::{Tally, explore_all, shrunken_case};

/// Programs of the bounded run.
const BOUNDED: u64 = 200;
/// Processes at a time.
const WORKERS: u64 = 2;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

fn report(tally: &Tally) -> String {
    let Tally { programs, refused, errors, long, runs, instructions, .. } = tally;
    format!(
        "{programs} programs, {runs} runs, {instructions} instructions counted; {errors} ended with an error, {refused} refused, {long} took too long"
    )
}

#[track_caller]
fn none_differs(tally: &Tally) {
    if let Some((seed, what)) = &tally.failure {
        if std::env::var_os("RUFF_NO_SHRINKING").is_some() {
            panic!("the engine is wrong\nafter {} programs, seed {seed}: {what}\n", tally.programs);
        }
        let (path, shows, text) = shrunken_case(*seed, what);
        panic!(
            "after {} programs, seed {seed}: {what}\nmade smaller, in {}: {shows}\n{text}\n",
            tally.programs,
            path.display()
        );
    }
    assert!(tally.programs > 0 && tally.refused * 50 <= tally.programs, "{}", report(tally));
    assert!(tally.long * 100 <= tally.programs + 100, "most programs should be short: {}", report(tally));
    assert!(tally.errors * 2 <= tally.programs, "most programs should come to their end: {}", report(tally));
}

#[test]
fn random_programs_behave_alike_everywhere() {
    let tally = explore_all(number("RUFF_SEED").unwrap_or(1), number("RUFF_COUNT").unwrap_or(BOUNDED), WORKERS, None);
    println!("{}", report(&tally));
    none_differs(&tally);
}

#[test]
#[ignore = "runs for RUFF_MINUTES"]
fn long() {
    let minutes = number("RUFF_MINUTES").unwrap_or(60);
    let start = Instant::now();
    let first = number("RUFF_SEED").unwrap_or(1_000_000);
    let workers = number("RUFF_WORKERS").unwrap_or(WORKERS);
    let tally = explore_all(first, u64::from(u32::MAX), workers, Some(start + Duration::from_secs(60 * minutes)));
    println!("{} in {} s with {workers} processes, from seed {first}", report(&tally), start.elapsed().as_secs());
    none_differs(&tally);
}

/// Started by the tests above, with its job in the environment.
#[test]
#[ignore = "a process of the other tests"]
fn worker() {
    workers::work();
}

#[test]
#[ignore = "lists the instructions that the programs of RUFF_COUNT seeds never execute"]
fn coverage() {
    let first = number("RUFF_SEED").unwrap_or(1);
    let seeds = first..first + number("RUFF_COUNT").unwrap_or(BOUNDED);
    let missing = configurations::never_executed(seeds.map(|seed| program::program(seed).render()));
    println!("never executed: {}", missing.join(" "));
}

#[test]
#[ignore = "compiles the programs of RUFF_COUNT seeds at every level with all checks, and does not run them"]
fn checked() {
    let first = number("RUFF_SEED").unwrap_or(1);
    let count = number("RUFF_COUNT").unwrap_or(BOUNDED);
    let broken = (first..first + count).find_map(|seed| {
        let failure = configurations::checked(&program::program(seed).render())?;
        Some(format!("seed {seed}: {failure}"))
    });
    assert_eq!(broken, None);
}

#[test]
#[ignore = "prints the program of RUFF_SEED"]
fn show() {
    println!("{}", program::program(number("RUFF_SEED").unwrap_or(1)).render());
}
