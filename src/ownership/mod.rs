//! Ownership: decides at compile time which uses move a value, which copy it, and where it is dropped.
//!
//! Input: a function in SSA form. Output: the same with `copy` and `drop` instructions and drop masks. Not a pass: it always
//! runs, last before register allocation. It works backwards over each block with exact liveness.
//!
//! ```text
//! before                              after
//!   v2 = array_push v0, v1              v3 = copy v1
//!   v4 = add v1, v2                     v2 = array_push v0, v3
//!   return v4                           v4 = add v1 (dies), v2 (dies)
//!                                       return v4
//! ```
//!
//! Invariants (`check` holds them): on every path a counted value is given up exactly once (by a keep or update operand, a
//! drop-mask bit, a `drop`, an edge, or the unwinder), and never used afterwards; all edges into a block agree on what is owned.
//!
//! When an instruction raises it gives up nothing, drop mask included, and its operands are intact: the unwinder drops what the
//! handler does not take. Two refinements. The operands of `call`, `call_direct` and `call_method` belong to the call from its
//! start, so a value that the handler needs as well is copied for the call. And where an operator may run a script method, a
//! value the handler needs is never given up by the instruction itself: it is copied before, or dropped after.

mod borrow;
pub mod check;
mod edges;
mod holes;
mod loans;
pub mod modref;
mod place;
#[cfg(test)]
mod tests;
mod vacate;

pub use check::check;
pub use vacate::{Facts, take_out};

use crate::ir::cfg::Cfg;
use crate::ir::effects::Effects;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::{Function, ValDef};
use crate::ir::inst::{Mode, Op};
use crate::ir::liveness::Liveness;
use crate::ir::types::Type;
use cranelift_entity::EntitySet;

/// Inserts copies and drops and sets the drop masks of `func`. With `plain_operators` it is known that operators run no script code.
pub fn run(func: &mut Function, plain_operators: bool) {
    borrow::run(func, plain_operators);
    let tracked = tracked(func);
    let live = Liveness::of(func, &Cfg::new(func), |val| tracked.contains(val));
    let plans = place::blocks(func, &tracked, &live);
    edges::place(func, plans);
}

/// The values that are owned: those that may be counted and are not borrowed. Update operands are followed whatever their type, because their
/// register is the result's, so they have to be dead (or a copy) in any case.
fn tracked(func: &Function) -> EntitySet<Val> {
    let mut tracked = EntitySet::with_capacity(func.values.len());
    for val in func.values.keys().filter(|&val| func.may_own(val)) {
        tracked.insert(val);
    }
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            let updated = data.args.iter().enumerate().filter(|&(index, _)| data.op.mode(index) == Mode::Update);
            for (_, &val) in updated {
                tracked.insert(val);
            }
        }
    }
    tracked
}

/// Whether the operands of `op` are gone when it raises: they have become the registers of the callee.
fn takes_operands(op: Op) -> bool {
    matches!(op, Op::Call | Op::CallDirect | Op::CallMethod)
}

/// Whether an instruction may run script code.
fn may_call(func: &Function, inst: Inst) -> bool {
    let data = &func.insts[inst];
    let effects = data.op.info().effects;
    let on_path = matches!(data.op, Op::UpdatePath | Op::CellUpdatePath | Op::GlobalUpdatePath);
    effects.contains(Effects::CALLS)
        || effects.contains(Effects::OPERATOR)
            && (on_path || data.args.first().is_some_and(|&val| func.values[val].ty.may_be(Type::STRUCT)))
}

/// The value that has no count where `cond` is true: a mark or null.
fn uncounted_if_true(func: &Function, cond: Val) -> Option<Val> {
    match func.values[cond].def {
        ValDef::Result(inst) => {
            let data = &func.insts[inst];
            matches!(data.op, Op::IsDone | Op::IsUndef | Op::IsNull).then(|| data.args[0])
        }
        ValDef::Param(..) => None,
    }
}
