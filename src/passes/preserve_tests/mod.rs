//! Passes keep what programs do: random functions are interpreted before and after each pass, each pipeline, pipelines in random
//! order and cut short by fuel, with the same outside world; the traces of effects, errors and results must be equal.
//!
//! `RUFF_SEED` and `RUFF_COUNT` choose other functions than the ones every run of the tests looks at.

mod generate;
mod interpret;
mod shrink;

use super::fuel::Fuel;
use super::manager::{PassOptions, Verify, run};
use super::{Habit, Level, Pass, Run};
use crate::ir::entities::FuncRef;
use crate::ir::function::{ConstData, Module};
use crate::ir::print::{Spans, print_module};
use cranelift_entity::EntityRef;
use generate::{Random, program};
use interpret::interpret;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is wrong with the result of running the passes on `module`.
fn fault(module: &Module, options: &PassOptions) -> Option<String> {
    let compared = catch_unwind(AssertUnwindSafe(|| {
        let mut changed = module.clone();
        if let Err(error) = run(&mut changed, options, &mut |_, _| {}) {
            return Some(error.to_string());
        }
        let main = FuncRef::new(0);
        (1..9u64).find_map(|world| {
            let params = [ConstData::Int(5), ConstData::Null, ConstData::Str("p".into())];
            let param = &params[world as usize % params.len()];
            let world = Random(world.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
            let before = interpret(&module.functions[main], param, world.clone());
            let after = interpret(&changed.functions[main], param, world);
            let text = |module| print_module(module, Spans::Show);
            (before != after).then(|| format!("{before:?}\nbecame\n{after:?}\n{}", text(&changed)))
        })
    }));
    compared.unwrap_or_else(|panic| {
        Some(format!("panic: {}", panic.downcast_ref::<String>().map_or("(no text)", String::as_str)))
    })
}

#[track_caller]
fn check(seed: u64, module: &Module, options: &PassOptions) {
    let Some(what) = fault(module, options) else { return };
    let headline = what.lines().next().unwrap_or_default();
    let small = shrink::shrink(module, |module| fault(module, options).is_some());
    let shows = fault(&small, options).unwrap_or_default();
    panic!(
        "a pass is wrong\nseed {seed}, {:?}, fuel {:?}: {headline}\nmade smaller:\n{}\n{shows}",
        options.pipeline(),
        options.fuel,
        print_module(&small, Spans::Show),
    );
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn every_pass_and_pipeline_keeps_what_programs_do() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let first = number("RUFF_SEED").unwrap_or(1);
    for seed in first..first + number("RUFF_COUNT").unwrap_or(300) {
        let module = program(seed);
        let options =
            |explicit: Option<Vec<Pass>>| PassOptions { explicit, verify: Verify::Each, ..Default::default() };
        for &pass in Pass::ALL {
            check(seed, &module, &options(Some(vec![pass])));
        }
        for &level in Level::ALL {
            check(seed, &module, &PassOptions { level, ..options(None) });
        }
        for _ in 0..3 {
            check(seed, &module, &PassOptions { fuel: Some(random.below(150)), ..options(None) });
        }
        let shuffled: Vec<Pass> = (0..8).map(|_| Pass::ALL[random.below(Pass::ALL.len())]).collect();
        check(seed, &module, &options(Some(shuffled)));
    }
}

/// Runs one pass on all functions; how many changes it made.
fn run_alone(pass: Pass, module: &mut Module) -> usize {
    let mut fuel = Fuel::unlimited();
    match pass.info().run {
        Run::Function(run) => module.functions.values_mut().map(|func| run(func, &mut fuel)).sum(),
        Run::Module(run) => run(module, &mut fuel, &|_| true).iter().map(|(_, changes)| changes).sum(),
    }
}

/// Runs that are left out would find nothing, and passes that say so leave nothing for the next run (`Habit`).
#[test]
fn runs_left_out_would_change_nothing() {
    let mut random = Random(0x0dd0_feed_1234_5671);
    for seed in 1..41 {
        let module = program(seed);
        let shuffled: Vec<Pass> = (0..9).map(|_| Pass::ALL[random.below(Pass::ALL.len())]).collect();
        for pipeline in [Level::O2.pipeline().to_vec(), shuffled] {
            let (mut each, mut fewer) = (module.clone(), module.clone());
            for &pass in &pipeline {
                let once = matches!(pass.info().habit, Habit::UntypedOnce | Habit::Types);
                run_alone(pass, &mut each);
                if once {
                    assert_eq!(run_alone(pass, &mut each), 0, "{pass:?} again, seed {seed}");
                }
            }
            let options = PassOptions { explicit: Some(pipeline), ..Default::default() };
            assert!(run(&mut fewer, &options, &mut |_, _| {}).is_ok());
            let text = |module| print_module(module, Spans::Show);
            assert!(text(&each) == text(&fewer), "seed {seed}, {:?}", options.pipeline());
        }
    }
}
