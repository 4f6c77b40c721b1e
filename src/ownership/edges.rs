//! Puts copies and drops on the edges of `brif`s.
//!
//! Drops that every edge into a block wants go to the head of that block; everything else splits its edge. Edges that want the
//! same share one block, directly before its target: `continue` in several places gives up the loop variable in one. A block for one
//! edge stands directly behind the branch, the one that leads to the next block in the layout last, so that it falls through.

use super::place::{copy_of, drop_of};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function};
use crate::ir::inst::{Imm, Op};
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

/// What has to happen on one edge of a `brif`.
pub struct EdgePlan {
    /// The block it leaves.
    pub block: Block,
    /// Which target of its terminator.
    pub index: usize,
    /// Owned at the branch, dead in the target.
    pub drops: Vec<Val>,
    /// Arguments that need a copy.
    pub copies: SmallVec<[usize; 4]>,
}

/// Carries the plans out; there is one for every edge of every `brif`.
pub fn place(func: &mut Function, mut plans: Vec<EdgePlan>) {
    hoist_common_drops(func, &mut plans);
    let mut behind: SecondaryMap<Block, SmallVec<[Block; 2]>> = SecondaryMap::new();
    let mut next: SecondaryMap<Block, Option<Block>> = SecondaryMap::new();
    for pair in func.layout.windows(2) {
        next[pair[0]] = Some(pair[1]);
    }
    let mut before: SecondaryMap<Block, SmallVec<[Block; 2]>> = SecondaryMap::new();
    let mut any = false;
    for group in groups(func, &plans) {
        let plan = group[0];
        let target = func.insts[func.terminator(plan.block)].targets[plan.index].block;
        let split = split(func, plan);
        any = true;
        for other in &group[1..] {
            let branch = func.terminator(other.block);
            func.insts[branch].targets[other.index] = BlockCall { block: split, args: SmallVec::new() };
        }
        if group.len() > 1 {
            before[target].push(split);
        } else {
            let falls_through = next[plan.block] == Some(target);
            let at = if falls_through { behind[plan.block].len() } else { 0 };
            behind[plan.block].insert(at, split);
        }
    }
    if any {
        let layout = std::mem::take(&mut func.layout);
        for block in layout {
            func.layout.extend(before[block].iter().copied());
            func.layout.push(block);
            func.layout.extend(behind[block].iter().copied());
        }
    }
}

/// The plans that have something to do, those for the same together.
fn groups<'a>(func: &Function, plans: &'a [EdgePlan]) -> Vec<SmallVec<[&'a EdgePlan; 2]>> {
    let mut groups: Vec<SmallVec<[&EdgePlan; 2]>> = Vec::new();
    let mut known: FxHashMap<(&BlockCall, &[Val]), usize> = FxHashMap::default();
    for plan in plans.iter().filter(|plan| !plan.drops.is_empty() || !plan.copies.is_empty()) {
        let call = &func.insts[func.terminator(plan.block)].targets[plan.index];
        let fresh = groups.len();
        let group = if plan.copies.is_empty() { *known.entry((call, &plan.drops)).or_insert(fresh) } else { fresh };
        match groups.get_mut(group) {
            Some(group) => group.push(plan),
            None => groups.push(smallvec![plan]),
        }
    }
    groups
}

fn hoist_common_drops(func: &mut Function, plans: &mut [EdgePlan]) {
    let mut incoming: SecondaryMap<Block, usize> = SecondaryMap::new();
    incoming[func.entry] = 1;
    for &block in &func.layout {
        func.for_each_edge(block, |_, call| incoming[call.block] += 1);
    }
    let mut by_target: SecondaryMap<Block, SmallVec<[usize; 2]>> = SecondaryMap::new();
    for (number, plan) in plans.iter().enumerate() {
        by_target[func.insts[func.terminator(plan.block)].targets[plan.index].block].push(number);
    }
    for at in 0..func.layout.len() {
        let block = func.layout[at];
        let edges = &by_target[block];
        if edges.is_empty() || edges.len() != incoming[block] {
            continue;
        }
        let mut common = plans[edges[0]].drops.clone();
        common.retain(|val| edges.iter().all(|&edge| plans[edge].drops.binary_search(val).is_ok()));
        if common.is_empty() {
            continue;
        }
        for &edge in edges {
            plans[edge].drops.retain(|val| common.binary_search(val).is_err());
        }
        let span = func.insts[func.blocks[block].insts[0]].span;
        let drops: Vec<Inst> = common.into_iter().map(|val| drop_of(func, val, span)).collect();
        func.blocks[block].insts.splice(0..0, drops);
    }
}

fn split(func: &mut Function, plan: &EdgePlan) -> Block {
    let branch = func.terminator(plan.block);
    let span = func.insts[branch].span;
    let block = func.make_block();
    let edge = BlockCall { block, args: SmallVec::new() };
    let mut call = std::mem::replace(&mut func.insts[branch].targets[plan.index], edge);
    let mut insts = Vec::new();
    for &index in &plan.copies {
        let (copy, val) = copy_of(func, call.args[index], span);
        call.args[index] = val;
        insts.push(copy);
    }
    for &val in &plan.drops {
        insts.push(drop_of(func, val, span));
    }
    let jump = func.make_inst(Op::Jump, &[], Imm::None, span);
    func.insts[jump].targets = smallvec![call];
    insts.push(jump);
    func.blocks[block].insts = insts;
    block
}
