//! The pass manager leaves out runs that would find nothing: what comes out is what every run of every pass gives.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::ir::function::Module;
use ruff::ir::print::{Spans, print_module};
use ruff::passes::fuel::Fuel;
use ruff::passes::{Level, Run};

fn lowered(name: &str, text: &str, options: &CompileOptions) -> Module {
    let mut sources = SourceMap::new();
    let main = sources.add(name, text).expect("an empty map takes a source");
    pipeline::lower(&mut sources, main, options).unwrap_or_else(|list| panic!("{name}: {list:?}")).module
}

#[test]
fn runs_left_out_would_change_nothing() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/programs");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut left_out = false;
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "ruff")) {
        let (name, text) = (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        let options = CompileOptions::default();
        let mut managed = lowered(&name, &text, &options);
        let mut each = managed.clone();
        let report = pipeline::optimise(&mut managed, &options, &mut |_, _| {});
        let mut changes = Vec::new();
        for &pass in Level::O2.pipeline() {
            changes.push(match pass.info().run {
                Run::Function(run) => {
                    each.functions.values_mut().map(|func| run(func, &mut Fuel::unlimited())).sum::<usize>()
                }
                Run::Module(run) => {
                    run(&mut each, &mut Fuel::unlimited(), &|_| true).iter().map(|(_, made)| made).sum()
                }
            });
        }
        let text = |module| print_module(module, Spans::Show);
        assert!(text(&managed) == text(&each), "{name}: a run was left out that changes something");
        assert_eq!(report.runs.iter().map(|run| run.changes).collect::<Vec<_>>(), changes, "{name}");
        left_out |= report.left_out > 0;
    }
    assert!(left_out, "some runs are left out");
}
