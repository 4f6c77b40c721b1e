//! Copy propagation: a parameter that gets one value on every edge is that value; a constant (or function, builtin, capture)
//! computed before, on every path, is not computed again.
//!
//! ```text
//! block0:                            block0:
//!   v0 = const 1                       v0 = const 1
//!   brif ..., block1(v0), block2       brif ..., block1, block2
//! block1(v1: small):                 block1:
//!   v2 = const 1                       v3: int = add v0, v0
//!   v3: int = add v1, v2
//! ```
//!
//! "Before" is dominance between instructions, exceptional edges taken exactly: a handler does not see what the block of its
//! `try` computes after an instruction that may raise.

use super::fuel::Fuel;
use super::params;
use super::substitution::Substitution;
use crate::ir::cfg::Cfg;
use crate::ir::dominators::{Dominators, Points};
use crate::ir::entities::{Block, Val};
use crate::ir::function::Function;
use crate::ir::inst::{Imm, Op};
use crate::ir::loops::Loops;
use cranelift_entity::EntitySet;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut substitution = Substitution::new(func);
    let mut changes = share_constants(func, &mut substitution, fuel);
    changes += params::remove_redundant(func, &mut substitution, fuel);
    substitution.apply(func);
    changes
}

/// A value seen on the way down the dominator tree, its block, and the last stretch it dominates.
type Seen = SmallVec<[(u32, Block, Val); 1]>;

fn loops_of(func: &Function) -> Loops {
    let cfg = Cfg::new(func);
    Loops::new(func, &cfg, &Dominators::new(func, &cfg))
}

fn share_constants(func: &mut Function, substitution: &mut Substitution, fuel: &mut Fuel) -> usize {
    let mut seen: FxHashMap<(Op, Imm), Seen> = FxHashMap::default();
    let mut dead = EntitySet::new();
    let mut shared: Vec<(Val, Val)> = Vec::new();
    let points = Points::new(func);
    let mut loops: Option<Loops> = None;
    points.for_each_stretch(func, |number, last, block, insts| {
        for &inst in insts {
            let data = &func.insts[inst];
            let repeats = matches!(data.op, Op::Const | Op::Func | Op::Builtin | Op::CaptureGet);
            let Some(val) = data.result.expand().filter(|_| repeats) else { continue };
            let stack = seen.entry((data.op, data.imm)).or_default();
            while stack.last().is_some_and(|&(end, ..)| end < number) {
                stack.pop();
            }
            // A constant is loaded once for its block and the loops further in. Elsewhere it is loaded again, rather than before a
            // branch that may not need it.
            let mut serves = |home: Block| {
                data.op != Op::Const || home == block || {
                    let loops = loops.get_or_insert_with(|| loops_of(func));
                    loops.depth(block) > loops.depth(home)
                }
            };
            match stack.last().filter(|&&(_, home, _)| serves(home)) {
                Some(&(_, _, first)) if fuel.take() => {
                    shared.push((val, first));
                    dead.insert(inst);
                }
                Some(_) => {}
                None => stack.push((last, block, val)),
            }
        }
    });
    if shared.is_empty() {
        return 0;
    }
    for &(val, first) in &shared {
        // Both types hold for the one value.
        func.values[first].ty = func.values[first].ty.intersect(func.values[val].ty);
        substitution.replace(val, first);
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        func.blocks[block].insts.retain(|&inst| !dead.contains(inst));
    }
    shared.len()
}
