//! Where a program spends its instructions: exact counts for every place in the code and for every chain of active functions.
//!
//! The recorder sees each instruction before it runs, with its frame, and keeps a copy of the chain of frames: an instruction
//! in a frame below the top one ends frames, one in an unknown frame begins one, above the frame its links name. So calls, errors
//! that unwind, and generators that yield are all told by what runs next, and no handler knows of profiling. Only a switch
//! between tasks could put another frame of the same function in the same place; it says so ([`Recorder::stale`]).
//!
//! A call of a builtin is one instruction, whatever it does. What it does is told in units of fuel ([`budget`]): a machine that
//! records runs metered, with more fuel than it can use, and whatever runs a builtin within limits reports what it took
//! ([`Vm::record_builtin`]).
//!
//! [`budget`]: crate::runtime::budget
//!
//! Chains form a tree (a calling context tree: Ammons, Ball and Larus, "Exploiting hardware performance counters with flow and
//! context sensitive profiling", 1997). Below [`DEEPEST`] functions the tree does not grow; the counts of functions stay exact.

use super::Vm;
use crate::base::source::Span;
use rustc_hash::FxHashMap;
use std::ops::ControlFlow;

/// Depth of the tree of chains: deeper calls count for the function at this depth.
pub const DEEPEST: u32 = 400;

/// No node.
const NONE: u32 = u32::MAX;

/// A chain of active functions: its innermost one, and the chain without it.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    /// The innermost function.
    pub function: u32,
    /// The chain that called it; `None` for a program's top level and for what the scheduler starts.
    pub caller: Option<u32>,
    /// Instructions executed while exactly this chain was active.
    pub executed: u64,
    depth: u32,
}

/// A frame of the running chain.
#[derive(Clone, Copy)]
struct Frame {
    base: *mut u64,
    function: u32,
    chain: u32,
}

/// What a function has executed.
#[derive(Clone, Copy, Debug, Default)]
pub struct FunctionCounts {
    /// Instructions of its own.
    pub own: u64,
    /// Instructions while it was active: its own, and those of whatever it called.
    pub inclusive: u64,
    /// How often it was entered.
    pub calls: u64,
    /// Instructions that end generators and tasks; they stand in no function's code.
    pub ends: u64,
    active: u32,
    since: u64,
}

/// What the calls of a builtin from one place have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinCounts {
    /// Its row in the table.
    pub row: u16,
    /// The instruction of the program that called it, if need be through a function that stands for another builtin.
    pub span: Span,
    /// How often.
    pub calls: u64,
    /// What they did, in units of fuel.
    pub units: u64,
}

/// The counts of one run.
#[derive(Default)]
pub(crate) struct Recorder {
    /// The instruction recorded last, and its frame.
    at: Option<(*mut u64, *mut u64)>,
    /// By row and place: calls and units.
    builtins: FxHashMap<(u16, Span), (u64, u64)>,
    /// The frames may have been exchanged behind the recorder's back.
    pub stale: bool,
    frames: Vec<Frame>,
    /// The code of the innermost frame's function, as words of the loaded code.
    code: std::ops::Range<usize>,
    /// By word of the loaded code.
    executed: Vec<u64>,
    total: u64,
    chains: Vec<Chain>,
    callees: FxHashMap<(u32, u32), u32>,
    functions: Vec<FunctionCounts>,
}

/// The counts of a run, for whoever reports them.
pub struct Profile {
    /// All executed instructions.
    pub total: u64,
    /// By function.
    pub functions: Vec<FunctionCounts>,
    /// Chains of active functions; callers come before what they call.
    pub chains: Vec<Chain>,
    /// Executed instructions by function and word of its code, where there are any.
    pub places: Vec<(u32, u32, u64)>,
    /// The builtins, in no order.
    pub builtins: Vec<BuiltinCounts>,
}

/// Counts the instruction at `pc`, about to run in the frame `base`.
#[inline(never)]
pub(super) fn record(vm: &mut Vm, pc: *mut u64, base: *mut u64) {
    let word = vm.loaded.word(pc);
    let recorder = &mut vm.recorder;
    let known = matches!(recorder.frames.last(), Some(top) if std::ptr::eq(top.base, base));
    if !known || recorder.stale || !recorder.code.contains(&word) {
        vm.follow(pc, base);
    }
    let recorder = &mut vm.recorder;
    recorder.at = Some((pc, base));
    recorder.total += 1;
    let Some(top) = recorder.frames.last() else { return };
    recorder.chains[top.chain as usize].executed += 1;
    let counts = &mut recorder.functions[top.function as usize];
    if recorder.code.contains(&word) {
        counts.own += 1;
        recorder.executed[word] += 1;
    } else {
        counts.ends += 1;
    }
}

impl Recorder {
    /// A recorder for a program of `functions` functions in `words` words of code.
    pub fn new(functions: usize, words: usize) -> Recorder {
        let functions = vec![FunctionCounts::default(); functions];
        Recorder { executed: vec![0; words], functions, ..Recorder::default() }
    }

    fn push(&mut self, base: *mut u64, function: u32) {
        let caller = self.frames.last().map_or(NONE, |frame| frame.chain);
        let depth = if caller == NONE { 0 } else { self.chains[caller as usize].depth + 1 };
        let chain = if depth >= DEEPEST {
            caller
        } else {
            let chains = &mut self.chains;
            *self.callees.entry((caller, function)).or_insert_with(|| {
                let caller = (caller != NONE).then_some(caller);
                chains.push(Chain { function, caller, executed: 0, depth });
                chains.len() as u32 - 1
            })
        };
        self.frames.push(Frame { base, function, chain });
        let counts = &mut self.functions[function as usize];
        if counts.active == 0 {
            counts.since = self.total;
        }
        counts.active += 1;
    }

    fn pop(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let counts = &mut self.functions[frame.function as usize];
        counts.active -= 1;
        if counts.active == 0 {
            counts.inclusive += self.total - counts.since;
        }
    }

    /// Ends the frames above `base`; whether the top one is `base` itself then.
    fn end_above(&mut self, base: *mut u64) -> bool {
        while self.frames.last().is_some_and(|frame| frame.base > base) {
            self.pop();
        }
        self.frames.last().is_some_and(|frame| std::ptr::eq(frame.base, base))
    }
}

impl Vm {
    /// Makes the frame `base`, in which the instruction at `pc` is about to run, the recorder's top one.
    #[inline(never)]
    fn follow(&mut self, pc: *mut u64, base: *mut u64) {
        let Some((function, _)) = self.loaded.locate(pc) else {
            // The end of a generator or task runs in the frame of its body, which was the last to run.
            self.recorder.end_above(base);
            return;
        };
        let id = function as u32;
        let stale = std::mem::take(&mut self.recorder.stale);
        let known = self.recorder.end_above(base);
        if stale || !known || self.recorder.frames.last().is_some_and(|top| top.function != id) {
            let caller = self.caller_of(base);
            let below = match caller {
                Some(caller) => self.recorder.end_above(caller),
                None => false,
            };
            if below && !stale {
                self.recorder.push(base, id);
            } else {
                while !self.recorder.frames.is_empty() {
                    self.recorder.pop();
                }
                let mut chain = Vec::new();
                self.each_frame(pc, base, |site, base| {
                    chain.push((base, site.function));
                    ControlFlow::Continue(())
                });
                for &(base, function) in chain.iter().rev() {
                    self.recorder.push(base, function);
                }
            }
        }
        self.recorder.code = self.loaded.words_of(function);
    }

    /// The instruction that runs has called the builtin `row`, which took so many units. Nothing to do unless recording.
    pub(crate) fn record_builtin(&mut self, row: u16, units: u64) {
        let Some((pc, base)) = self.recorder.at else { return };
        let mut place = Span::default();
        self.each_frame(pc, base, |site, _| {
            place = site.span;
            if site.hidden { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let counts = self.recorder.builtins.entry((row, place)).or_default();
        counts.0 += 1;
        counts.1 += units;
    }

    /// The counts; the recorder starts anew.
    pub(crate) fn take_profile(&mut self) -> Profile {
        let mut recorder = std::mem::take(&mut self.recorder);
        while !recorder.frames.is_empty() {
            recorder.pop();
        }
        let mut places = Vec::new();
        for (function, counts) in recorder.functions.iter_mut().enumerate() {
            let words = self.loaded.words_of(function);
            counts.calls = recorder.executed[words.start];
            let executed = words.clone().map(|word| (word, recorder.executed[word])).filter(|place| place.1 > 0);
            places.extend(executed.map(|(word, count)| (function as u32, (word - words.start) as u32, count)));
        }
        let builtins = recorder.builtins.into_iter();
        let builtins =
            builtins.map(|((row, span), (calls, units))| BuiltinCounts { row, span, calls, units }).collect();
        let Recorder { total, functions, chains, .. } = recorder;
        Profile { total, functions, chains, places, builtins }
    }
}
