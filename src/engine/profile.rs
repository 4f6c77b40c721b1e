//! Profiles of a run: executed instructions, exact, by function, by source line, and by chain of active functions; and what builtins
//! do, in units of fuel, by the line that calls them.
//!
//! An instruction counts for the line of its position, which is where its error would be reported; one that was fused of several
//! counts for its first.

use super::pipeline::{Compiled, Outcome};
use crate::base::source::Span;
use crate::runtime::builtins;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::vm::Limits;
use crate::vm::counters::Counting;
use rustc_hash::FxHashMap;

/// What a function has executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCost {
    /// Its name, `<main>` for the top level; with the line if it has no name of its own.
    pub name: String,
    /// Where it begins: file and line.
    pub place: (String, u32),
    /// Instructions of its own.
    pub own: u64,
    /// Instructions while it was active.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
}

/// What a line has executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCost {
    /// The file and the line.
    pub place: (String, u32),
    /// The line's text.
    pub text: String,
    /// Its instructions.
    pub executed: u64,
}

/// What the calls of a builtin in a line have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltinCost {
    /// Its name.
    pub name: String,
    /// The file and the line.
    pub place: (String, u32),
    /// How often it was called there.
    pub calls: u64,
    /// What it did, in units of fuel: about as much as so many turns of a short loop.
    pub units: u64,
}

/// A profile, most expensive first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// All executed instructions: the sum of all lines, of all functions' own, and of all chains.
    pub total: u64,
    /// The functions that executed something.
    pub functions: Vec<FunctionCost>,
    /// The lines that executed something.
    pub lines: Vec<LineCost>,
    /// The builtins that were called, by line.
    pub builtins: Vec<BuiltinCost>,
    /// Chains of functions, outermost first, joined by semicolons, and their instructions: the form flame graphs are made of.
    pub chains: Vec<(String, u64)>,
}

/// Runs a compiled program and tells what it has executed where; the host's output is flushed before this returns.
pub fn profile(compiled: &Compiled, host: &mut Host) -> (Outcome, Profile) {
    // More than can be used up: what builtins do is told by the fuel they take.
    let limits = Limits { fuel: Some(u64::MAX - 1), memory: None };
    let mut vm = compiled.machine(host, Counting::Places, limits);
    let ending = vm.run();
    std::mem::swap(host, vm.host());
    // Whatever cannot be written has been said.
    let _ = host.flush();
    let counted = vm.take_profile();
    drop(vm);
    heap::collect_cycles();

    let (program, sources) = (compiled.program(), compiled.sources());
    let file_of = |span: Span| {
        let name = &sources.get(span.source).name;
        if program.hidden.contains(&span.source) { format!("<prelude>/{name}") } else { name.clone() }
    };
    let place_of = |span: Span| (file_of(span), sources.line(span));
    let names: Vec<String> = program
        .functions
        .iter()
        .map(|function| match function.name.as_deref() {
            Some(name) => builtins::shown_name(name.trim_start_matches('=')).to_owned(),
            None => format!("<lambda:{}>", sources.line(function.span)),
        })
        .collect();

    let mut functions = Vec::new();
    for (id, counts) in counted.functions.iter().enumerate().filter(|(_, counts)| counts.own > 0) {
        functions.push(FunctionCost {
            name: names[id].clone(),
            place: place_of(program.functions[id].span),
            own: counts.own + counts.ends,
            inclusive: counts.inclusive,
            calls: counts.calls,
        });
    }
    functions.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.place.cmp(&b.place)).then_with(|| a.name.cmp(&b.name)));

    let mut lines: FxHashMap<_, u64> = FxHashMap::default();
    let mut add = |span: Span, count: u64| *lines.entry((span.source, sources.line(span))).or_default() += count;
    for &(function, word, count) in &counted.places {
        let spans = &program.functions[function as usize].spans;
        let found = spans.partition_point(|entry| entry.0 <= word);
        add(spans[..found].last().map_or(program.functions[function as usize].span, |entry| entry.1), count);
    }
    for (id, counts) in counted.functions.iter().enumerate().filter(|(_, counts)| counts.ends > 0) {
        add(program.functions[id].span, counts.ends);
    }
    let mut lines: Vec<LineCost> = lines
        .into_iter()
        .map(|((source, line), executed)| {
            let from = sources.get(source);
            let text = from.text[from.lines.range(&from.text, line)].trim().to_owned();
            let span = Span { source, ..Span::default() };
            LineCost { place: (file_of(span), line), text, executed }
        })
        .collect();
    lines.sort_by(|a, b| b.executed.cmp(&a.executed).then_with(|| a.place.cmp(&b.place)));

    let mut builtins: FxHashMap<_, (u64, u64)> = FxHashMap::default();
    for counts in &counted.builtins {
        let name = builtins::shown_name(builtins::name_of_row(counts.row)).to_owned();
        let sum = builtins.entry((name, place_of(counts.span))).or_default();
        *sum = (sum.0 + counts.calls, sum.1 + counts.units);
    }
    let builtins = builtins.into_iter();
    let mut builtins: Vec<BuiltinCost> =
        builtins.map(|((name, place), (calls, units))| BuiltinCost { name, place, calls, units }).collect();
    builtins.sort_by(|a, b| b.units.cmp(&a.units).then_with(|| (&a.place, &a.name).cmp(&(&b.place, &b.name))));

    let mut paths: Vec<String> = Vec::with_capacity(counted.chains.len());
    let mut chains = Vec::new();
    for chain in &counted.chains {
        let name = names[chain.function as usize].replace(';', ",");
        let path = match chain.caller {
            Some(caller) => format!("{};{name}", paths[caller as usize]),
            None => name,
        };
        if chain.executed > 0 {
            chains.push((path.clone(), chain.executed));
        }
        paths.push(path);
    }
    chains.sort();
    let outcome = compiled.reporter(&Limits::default()).outcome(ending);
    (outcome, Profile { total: counted.total, functions, lines, builtins, chains })
}
