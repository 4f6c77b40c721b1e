//! No stage of the compiler takes more than n log n steps for a program of n lines, whatever its shape: the shapes of
//! `benches/growth` at two sizes, by counted steps (`base::effort`) and by the size of what comes out, never by the clock. The few shapes
//! marked as growing with a product still may not grow faster than that.

#[path = "../benches/growth/shapes.rs"]
mod shapes;

use ruff::base::effort;
use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::ir::function::Module;
use ruff::passes::Level;
use ruff::passes::manager::PassOptions;
use shapes::{SHAPES, Shape};

/// The smaller size: large enough that what is done once for a program does not count.
const SIZE: usize = 100;

/// The larger: two doublings, since the logarithms here come in steps.
const LARGE: usize = 4 * SIZE;

/// What the larger size may cost: 4 for what is linear, times 3/2 for a logarithm, where trees of two levels (of edges led together,
/// of a shared set) get a third. What is quadratic costs 16.
const MOST: f64 = 6.0;

/// The same for the shapes marked as growing with a product.
const MOST_OWNED: f64 = 16.0;

fn options(level: Level) -> CompileOptions {
    CompileOptions { passes: PassOptions::at(level), tests: true, ..CompileOptions::default() }
}

/// The arguments that all edges pass, after the passes.
fn arguments(text: &str, level: Level) -> f64 {
    let mut sources = SourceMap::new();
    let main = sources.add("shape.ruff", text).expect("an empty map takes a source");
    let mut module: Module =
        pipeline::lower(&mut sources, main, &options(level)).unwrap_or_else(|list| panic!("{list:?}")).module;
    pipeline::optimise(&mut module, &options(level), &mut |_, _| {});
    let mut count = 0;
    for func in module.functions.values() {
        func.layout.iter().for_each(|&block| func.for_each_edge(block, |_, call| count += call.args.len()));
    }
    count as f64
}

/// The steps of compiling a program, the words of its code and tables, and the arguments of its edges.
fn cost(shape: &Shape, size: usize, level: Level) -> [f64; 3] {
    let text = (shape.program)(size);
    let mut sources = SourceMap::new();
    let main = sources.add("shape.ruff", &text).expect("an empty map takes a source");
    let before = effort::spent();
    let compiled = pipeline::compile(&mut sources, main, &options(level), &mut |_, _| {});
    let compiled = compiled.unwrap_or_else(|list| panic!("{} of {size}: {list:?}", shape.name));
    let steps = effort::spent() - before;
    let functions = compiled.program().functions.iter();
    let words: usize =
        functions.map(|code| code.code.len() + code.unwind.len() + code.unwind_registers.len().div_ceil(4)).sum();
    [steps as f64, words as f64, arguments(&text, level)]
}

#[test]
fn no_stage_is_quadratic() {
    let mut complaints = Vec::new();
    for shape in SHAPES {
        for &level in Level::ALL {
            let (small, large) = (cost(shape, SIZE, level), cost(shape, LARGE, level));
            assert!(small[0] > 50.0, "{} is counted", shape.name);
            for ((what, small), large) in ["steps", "words", "arguments"].iter().zip(small).zip(large) {
                let most = if shape.owns { MOST_OWNED } else { MOST };
                // The first part of a program may be cheaper than the others.
                if large > most * small + SIZE as f64 {
                    let factor = large / small;
                    complaints.push(format!(
                        "{} at {}: {small} {what}, then {factor:.2} times",
                        shape.name,
                        level.name()
                    ));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
