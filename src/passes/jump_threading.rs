//! Jump threading: where the outcome of a test is known on one way into its block, that way goes past the test.
//!
//! ```text
//! block1:                            block1:
//!   v1 = const false                   v1 = const false
//!   jump block3(v1)                    jump block5
//! block2:                            block2:
//!   v2 = truthy v0                     v2 = truthy v0
//!   jump block3(v2)                    brif v2, block4, block5
//! block3(v3: bool):
//!   brif v3, block4, block5
//! ```
//!
//! The way gets its own copy of the block, ending in a jump; the rest is `simplify-cfg`'s. Copied are short blocks whose values
//! nothing outside them uses, and no loop headers, so that loops keep one entry.

use super::const_fold::{Fact, evaluate};
use super::fuel::Fuel;
use super::simplify_cfg::handlers;
use crate::base::effort::spend;
use crate::base::lists::dense;
use crate::ir::cfg::Cfg;
use crate::ir::dominators::Dominators;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function, ValDef};
use crate::ir::inst::Op;
use crate::ir::types::Type;
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntitySet, SecondaryMap};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The most instructions a copied block may have, its branch included.
const LONGEST_COPY: usize = 6;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let short_branch = |func: &Function, block: Block| {
        func.blocks[block].insts.len() <= LONGEST_COPY
            && func.insts[func.terminator(block)].op == Op::Brif
            && block != func.entry
    };
    if !func.layout.iter().any(|&block| short_branch(func, block)) {
        return 0;
    }
    let cfg = Cfg::new(func);
    let escaping = escaping_blocks(func);
    let handlers = handlers(func);
    let mut candidates: Vec<Block> = cfg
        .reverse_postorder()
        .filter(|&block| short_branch(func, block) && !escaping.contains(block) && !handlers.contains(block))
        .collect();
    if !candidates.is_empty() {
        let dominators = Dominators::new(func, &cfg);
        candidates.retain(|&block| !cfg.preds(block).iter().any(|&pred| dominators.dominates(block, pred)));
    }
    // Copies are charged to this, so that the function grows by a constant factor at most.
    let mut budget = 64 + func.layout.len() * LONGEST_COPY + arguments(func);
    let mut changes = 0;
    let mut copies: SecondaryMap<Block, Vec<Block>> = SecondaryMap::new();
    for block in candidates {
        for pred in cfg.edges(block) {
            for slot in 0..func.insts[pred.inst].targets.len() {
                let size = size(func, block);
                if func.insts[pred.inst].targets[slot].block != block || size > budget {
                    continue;
                }
                if let Some(outcome) = known_outcome(func, block, pred.inst, slot)
                    && fuel.take()
                {
                    budget -= size;
                    let copy = thread(func, block, pred.inst, slot, outcome);
                    copies[block].push(copy);
                    changes += 1;
                }
            }
        }
    }
    if changes > 0 {
        for block in std::mem::take(&mut func.layout) {
            func.layout.push(block);
            func.layout.append(&mut copies[block]);
        }
    }
    changes
}

/// How many arguments all edges pass.
fn arguments(func: &Function) -> usize {
    let mut count = 0;
    func.layout.iter().for_each(|&block| func.for_each_edge(block, |_, call| count += call.args.len()));
    count
}

/// The instructions of a block, and the arguments that a copy passes on.
fn size(func: &Function, block: Block) -> usize {
    let passed = func.insts[func.terminator(block)].targets.iter().map(|call| call.args.len()).max();
    func.blocks[block].insts.len() + passed.unwrap_or(0)
}

/// The blocks some value of which is used in another block.
fn escaping_blocks(func: &Function) -> EntitySet<Block> {
    let mut home: SecondaryMap<Inst, PackedOption<Block>> = dense(func.insts.len());
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            home[inst] = block.into();
        }
    }
    let mut escaping = EntitySet::with_capacity(func.blocks.len());
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            func.for_each_use(inst, |val| {
                let def = match func.values[val].def {
                    ValDef::Param(at, _) => Some(at),
                    ValDef::Result(def) => home[def].expand(),
                };
                if let Some(def) = def.filter(|&def| def != block) {
                    escaping.insert(def);
                }
            });
        }
    }
    escaping
}

/// Whether the branch of `block` goes to its first target when `block` is entered by this edge, if that is known.
fn known_outcome(func: &Function, block: Block, from: Inst, slot: usize) -> Option<bool> {
    let call = &func.insts[from].targets[slot];
    let branch = &func.insts[from];
    // On an edge of a branch its condition is known: an outcome, and the very value if it is a bool.
    let decided = (branch.op == Op::Brif && branch.targets[0].block != branch.targets[1].block)
        .then(|| (branch.args[0], slot == 0));
    let outside = |val: Val| {
        let mut fact = Fact::of(func, val);
        if let Some((_, outcome)) = decided.filter(|&(cond, _)| cond == val) {
            fact.truth = Some(outcome);
            if fact.ty == Type::BOOL {
                fact.constant = Some(crate::ir::function::ConstData::Bool(outcome));
            }
        }
        fact
    };
    // Few: the block is short.
    let mut facts: SmallVec<[(Val, Fact); LONGEST_COPY]> = SmallVec::new();
    let lookup = |facts: &[(Val, Fact)], val: Val| match func.values[val].def {
        ValDef::Param(home, index) if home == block => outside(call.args[index as usize]),
        _ => facts.iter().find(|(known, _)| *known == val).map_or_else(|| outside(val), |(_, fact)| fact.clone()),
    };
    for &inst in &func.blocks[block].insts {
        spend(1);
        let data = &func.insts[inst];
        if data.op == Op::Brif {
            return lookup(&facts, data.args[0]).is_truthy();
        }
        let Some(result) = data.result.expand() else { continue };
        let operands: SmallVec<[Fact; 4]> = data.args.iter().map(|&arg| lookup(&facts, arg)).collect();
        let mut fact = Fact::of(func, result);
        if data.op != Op::Const
            && let Some(value) = evaluate(data.op, &operands)
        {
            fact.ty = value.ty();
            fact.constant = Some(value);
        }
        facts.push((result, fact));
    }
    None
}

/// Gives the edge its own copy of `block`, whose branch is decided.
fn thread(func: &mut Function, block: Block, from: Inst, slot: usize, outcome: bool) -> Block {
    let copy = func.make_block();
    let call =
        std::mem::replace(&mut func.insts[from].targets[slot], BlockCall { block: copy, args: Default::default() });
    let mut renamed: FxHashMap<Val, Val> = FxHashMap::default();
    renamed.extend(func.blocks[block].params.iter().copied().zip(call.args));
    let rename = |renamed: &FxHashMap<Val, Val>, val: Val| renamed.get(&val).copied().unwrap_or(val);
    for i in 0..func.blocks[block].insts.len() {
        let original = func.insts[func.blocks[block].insts[i]].clone();
        let (op, args) = if original.op == Op::Brif { (Op::Jump, &[][..]) } else { (original.op, &original.args[..]) };
        let args: Vec<Val> = args.iter().map(|&arg| rename(&renamed, arg)).collect();
        let inst = func.make_inst(op, &args, original.imm, original.span);
        let moved = |call: &BlockCall| BlockCall {
            block: call.block,
            args: call.args.iter().map(|&arg| rename(&renamed, arg)).collect(),
        };
        func.insts[inst].unwind = original.unwind.as_deref().map(|call| Box::new(moved(call)));
        if original.op == Op::Brif {
            func.insts[inst].targets.push(moved(&original.targets[if outcome { 0 } else { 1 }]));
        }
        if let (Some(old), Some(new)) = (original.result.expand(), func.insts[inst].result.expand()) {
            func.values[new].ty = func.values[old].ty;
            renamed.insert(old, new);
        }
        func.blocks[copy].insts.push(inst);
    }
    copy
}
