//! Which values are equal for certain: the keys of the same place, read in one statement and stored to in another.
//!
//! Data are values, so that reading an element or a field of the same value twice gives the same. What has been computed once
//! without raising does not raise the second time.

use super::Facts;
use crate::ir::effects::Effects;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::{Function, ValDef};
use crate::ir::inst::Op;

/// Instructions looked through.
const BUDGET: usize = 32;

/// Whether `a` and `b` are equal wherever both are defined.
pub fn congruent(func: &Function, facts: &Facts, a: Val, b: Val) -> bool {
    same(func, facts, a, b, &mut { BUDGET })
}

fn same(func: &Function, facts: &Facts, a: Val, b: Val, budget: &mut usize) -> bool {
    if a == b {
        return true;
    }
    let (ValDef::Result(first), ValDef::Result(second)) = (func.values[a].def, func.values[b].def) else {
        return false;
    };
    let (one, other) = (&func.insts[first], &func.insts[second]);
    if *budget == 0 || one.op != other.op || one.args.len() != other.args.len() {
        return false;
    }
    *budget -= 1;
    match one.op {
        Op::Const | Op::CaptureGet => return one.imm == other.imm,
        Op::CellGet | Op::GlobalGet => {
            return one.imm == other.imm && one.args == other.args && nothing_written(func, facts, first, second);
        }
        Op::IndexGet | Op::FieldGet | Op::PartGet | Op::Format => {}
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg => {
            if !facts.plain_operators && func.effects(first).contains(Effects::CALLS) {
                return false;
            }
        }
        _ => return false,
    }
    one.imm == other.imm && one.args.iter().zip(&other.args).all(|(&a, &b)| same(func, facts, a, b, budget))
}

/// Whether two loads of a variable stand in one block and nothing between them writes to it or runs code that may.
fn nothing_written(func: &Function, facts: &Facts, first: Inst, second: Inst) -> bool {
    let Some(variable) = facts.modref.variable(func, first) else { return false };
    func.layout.iter().any(|&block| {
        let insts = &func.blocks[block].insts;
        let place = |inst| insts.iter().position(|&other| other == inst);
        let (Some(from), Some(to)) = (place(first), place(second)) else { return false };
        let (from, to) = (from.min(to), from.max(to));
        insts[from..to].iter().all(|&inst| {
            let writes = func.effects(inst).contains(Effects::WRITES);
            !writes || !facts.modref.touches(func, inst, variable)
        })
    })
}
