//! The check of loans: a borrowed value is not used after its lender may have ended the loan. It follows the instructions forwards from
//! each definition, where `borrow` looks backwards from the uses.

use super::borrow::{Lender, ends, lender};
use crate::ir::entities::{Block, Val};
use crate::ir::function::{Function, ValDef};
use std::collections::BTreeSet;

/// The uses of borrowed values that come too late.
pub(super) fn check(func: &Function, plain_operators: bool) -> Vec<String> {
    let mut errors = Vec::new();
    for val in func.values.keys().filter(|&val| func.borrowed.contains(val)) {
        let lender = lender(func, val);
        if lender == Lender::Value(val) {
            errors.push(format!("{val} is borrowed from nobody"));
        } else if let Lender::Value(owner) | Lender::Cell(owner) = lender
            && func.may_own(owner)
            && func.lenders[val].expand() != Some(owner)
        {
            errors.push(format!("{val} does not keep {owner} alive, which lends it"));
        } else if lender != Lender::Closure {
            follow(func, val, lender, plain_operators, &mut errors);
        }
    }
    errors
}

/// Walks all ways from the definition of `val` on, and on each notes whether the loan has ended.
fn follow(func: &Function, val: Val, lender: Lender, plain_operators: bool, errors: &mut Vec<String>) {
    let ValDef::Result(definition) = func.values[val].def else { return };
    let start = func.layout.iter().find(|&&block| func.blocks[block].insts.contains(&definition));
    let mut work: Vec<(Block, usize, bool)> = Vec::new();
    if let Some(&block) = start {
        let at = func.blocks[block].insts.iter().position(|&inst| inst == definition).unwrap_or(0);
        work.push((block, at + 1, false));
    }
    let mut seen: BTreeSet<(Block, bool)> = BTreeSet::new();
    while let Some((block, first, mut ended)) = work.pop() {
        for &inst in &func.blocks[block].insts[first..] {
            if inst == definition {
                break;
            }
            ended |= ends(func, inst, lender, plain_operators);
            let mut used = false;
            func.for_each_use(inst, |other| used |= other == val);
            if used && ended {
                errors.push(format!("{inst}: {val} is used after {lender:?} may have ended its loan"));
            }
            let data = &func.insts[inst];
            for call in data.targets.iter().chain(data.unwind.as_deref()) {
                if seen.insert((call.block, ended)) {
                    work.push((call.block, 0, ended));
                }
            }
        }
    }
}
