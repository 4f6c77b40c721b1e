//! Simplifies the control-flow graph.
//!
//! ```text
//! block0:                            block0:
//!   v0 = const true                    v0 = const true
//!   brif v0, block1, block2            ...
//! block1:                              return v1
//!   jump block3
//! block2:                            (a branch on a constant, an unreachable block,
//!   ...                               an empty block and a straight line are gone)
//! block3:
//!   ...
//!   return v1
//! ```
//!
//! Handlers stay apart: an exceptional edge is never redirected to a block that others enter, and no block is joined with one.

use super::fuel::Fuel;
use super::params;
use super::substitution::Substitution;
use crate::base::effort::spend;
use crate::base::lists::dense;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, ConstData, Function};
use crate::ir::inst::Op;
use cranelift_entity::{EntitySet, SecondaryMap};
use rustc_hash::FxHashMap;

/// One simplification makes room for another; chains longer than this wait for the next run.
const ROUNDS: usize = 4;

/// An empty block is skipped if its edges get at most this many more arguments together. Blocks that lead many edges together have
/// few parameters where the edges would have many arguments (`ir::builder`).
const MOST_ARGUMENTS: usize = 256;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut changes = 0;
    for round in 0..ROUNDS {
        let before = changes;
        changes += decide_branches(func, fuel);
        // Only where an edge was taken away can a block have become unreachable.
        if round == 0 || changes != before {
            changes += remove_unreachable(func, fuel);
        }
        let skipped = skip_empty_blocks(func, fuel);
        if skipped > 0 {
            changes += skipped + remove_unreachable(func, fuel);
        }
        changes += join_straight_lines(func, fuel);
        let mut substitution = Substitution::new(func);
        changes += params::remove_redundant(func, &mut substitution, fuel);
        substitution.apply(func);
        if changes == before {
            break;
        }
    }
    changes
}

/// Whether a condition takes the constant for true. The undefined mark is no condition.
pub fn is_truthy(data: &ConstData) -> Option<bool> {
    match data {
        ConstData::Undef => None,
        other => super::const_fold::scalar(other).map(|scalar| scalar.truthy()),
    }
}

/// Makes the `brif` at `inst` a jump to one of its targets.
pub fn decide(func: &mut Function, inst: Inst, outcome: bool) {
    let data = &mut func.insts[inst];
    let call = data.targets.swap_remove(if outcome { 0 } else { 1 });
    data.op = Op::Jump;
    data.args.clear();
    data.drop_mask = 0;
    data.targets.clear();
    data.targets.push(call);
}

fn decide_branches(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut changes = 0;
    for at in 0..func.layout.len() {
        let inst = func.terminator(func.layout[at]);
        let data = &func.insts[inst];
        if data.op != Op::Brif {
            continue;
        }
        let outcome = if data.targets[0] == data.targets[1] {
            Some(true)
        } else {
            func.const_of(data.args[0]).and_then(is_truthy)
        };
        if let Some(outcome) = outcome
            && fuel.take()
        {
            decide(func, inst, outcome);
            changes += 1;
        }
    }
    changes
}

/// Takes blocks nothing reaches out of the layout: one rewrite, as they may name each other.
pub fn remove_unreachable(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut reached = EntitySet::with_capacity(func.blocks.len());
    let mut work = Vec::with_capacity(func.layout.len());
    work.push(func.entry);
    reached.insert(func.entry);
    while let Some(block) = work.pop() {
        func.for_each_edge(block, |_, call| {
            if reached.insert(call.block) {
                work.push(call.block);
            }
        });
    }
    let before = func.layout.len();
    if func.layout.iter().all(|&block| reached.contains(block)) || !fuel.take() {
        return 0;
    }
    func.layout.retain(|&block| reached.contains(block));
    before - func.layout.len()
}

/// How often each value is used.
fn use_counts(func: &Function) -> SecondaryMap<Val, u32> {
    let mut counts: SecondaryMap<Val, u32> = dense(func.values.len());
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            func.for_each_use(inst, |val| counts[val] += 1);
        }
    }
    counts
}

/// The blocks some exceptional edge leads to.
pub fn handlers(func: &Function) -> EntitySet<Block> {
    let mut handlers = EntitySet::new();
    for &block in func.layout.iter().filter(|_| func.handles) {
        for &inst in &func.blocks[block].insts {
            if let Some(call) = &func.insts[inst].unwind {
                handlers.insert(call.block);
            }
        }
    }
    handlers
}

/// Sends edges to a block that only jumps on to where it jumps.
fn skip_empty_blocks(func: &mut Function, fuel: &mut Fuel) -> usize {
    let is_empty =
        |&block: &Block| func.blocks[block].insts.len() == 1 && func.insts[func.terminator(block)].op == Op::Jump;
    if !func.layout.iter().any(is_empty) {
        return 0;
    }
    let counts = use_counts(func);
    let handlers = handlers(func);
    // Few blocks are empty, and an edge is not small: no table of all blocks.
    let mut forwards: FxHashMap<Block, BlockCall> = FxHashMap::default();
    let cfg = crate::ir::cfg::Cfg::new(func);
    // Successors first, so that chains are followed in one step.
    for &block in cfg.postorder() {
        let &[inst] = &func.blocks[block].insts[..] else { continue };
        let data = &func.insts[inst];
        if data.op != Op::Jump || block == func.entry || handlers.contains(block) || data.targets[0].block == block {
            continue;
        }
        let call = &data.targets[0];
        let own = |param: Val| call.args.iter().filter(|&&arg| arg == param).count() as u32;
        if func.blocks[block].params.iter().all(|&param| counts[param] == own(param)) {
            let next = follow(func, &forwards, call).unwrap_or_else(|| call.clone());
            let more = next.args.len().saturating_sub(func.blocks[block].params.len());
            if next.block != block && more * cfg.edges(block).len() <= MOST_ARGUMENTS {
                forwards.insert(block, next);
            }
        }
    }
    let mut changes = 0;
    for at in 0..func.layout.len() {
        let inst = func.terminator(func.layout[at]);
        for slot in 0..func.insts[inst].targets.len() {
            let Some(next) = follow(func, &forwards, &func.insts[inst].targets[slot]) else { continue };
            // Two edges of one branch to one block would have to pass their arguments on ways of their own.
            let mut others = func.insts[inst].targets.iter().enumerate().filter(|&(other, _)| other != slot);
            if others.any(|(_, other)| other.block == next.block && *other != next) {
                continue;
            }
            if !fuel.take() {
                return changes;
            }
            func.insts[inst].targets[slot] = next;
            changes += 1;
        }
    }
    changes
}

/// Where the edge `call` leads if its target is skipped.
fn follow(func: &Function, forwards: &FxHashMap<Block, BlockCall>, call: &BlockCall) -> Option<BlockCall> {
    let next = forwards.get(&call.block)?;
    spend(next.args.len());
    let params = &func.blocks[call.block].params;
    let passed = |arg: &Val| params.iter().position(|param| param == arg).map_or(*arg, |i| call.args[i]);
    Some(BlockCall { block: next.block, args: next.args.iter().map(passed).collect() })
}

/// Appends a block to the only block that jumps to it.
fn join_straight_lines(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut entries: SecondaryMap<Block, u32> = dense(func.blocks.len());
    let mut jumped_to = EntitySet::with_capacity(func.blocks.len());
    for &block in &func.layout {
        func.for_each_edge(block, |inst, call| {
            entries[call.block] += 1;
            if func.insts[inst].op == Op::Jump {
                jumped_to.insert(call.block);
            }
        });
    }
    let joins = |block: Block| entries[block] == 1 && jumped_to.contains(block);
    let mut substitution = Substitution::new(func);
    let mut joined = EntitySet::new();
    for at in 0..func.layout.len() {
        let head = func.layout[at];
        if head != func.entry && joins(head) {
            continue;
        }
        loop {
            let inst = func.terminator(head);
            let data = &func.insts[inst];
            if data.op != Op::Jump || !joins(data.targets[0].block) || data.targets[0].block == func.entry {
                break;
            }
            if !fuel.take() {
                break;
            }
            let call = func.insts[inst].targets[0].clone();
            let params = std::mem::take(&mut func.blocks[call.block].params);
            for (&param, &arg) in params.iter().zip(&call.args) {
                substitution.replace(param, arg);
            }
            let tail = std::mem::take(&mut func.blocks[call.block].insts);
            func.blocks[head].insts.pop();
            func.blocks[head].insts.extend(tail);
            joined.insert(call.block);
        }
    }
    if joined.is_empty() {
        return 0;
    }
    let before = func.layout.len();
    func.layout.retain(|&block| !joined.contains(block));
    substitution.apply(func);
    before - func.layout.len()
}
