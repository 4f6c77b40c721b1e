//! What a suspended generator keeps: the registers live across each instruction that suspends, counted or not.
//!
//! The machine saves exactly these, so everything a suspended generator holds is a live value of which it is the one owner.

use super::intervals::Lives;
use super::order::Order;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::Function;
use crate::ir::inst::Op;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

/// Whether an operation suspends a generator.
pub fn suspends(op: Op) -> bool {
    matches!(op, Op::GeneratorStart | Op::Yield)
}

/// The registers, ascending, for every instruction that suspends.
pub fn table(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    order: &Order,
    lives: &Lives,
) -> FxHashMap<Inst, Vec<u16>> {
    let mut points: Vec<(u32, Inst)> = Vec::new();
    for &block in &order.blocks {
        let suspending = func.blocks[block].insts.iter().filter(|&&inst| suspends(func.insts[inst].op));
        points.extend(suspending.map(|&inst| (order.place(block, order.at[inst]), inst)));
    }
    let mut table: FxHashMap<Inst, Vec<u16>> = points.iter().map(|&(_, inst)| (inst, Vec::new())).collect();
    if points.is_empty() {
        return table;
    }
    for val in func.values.keys() {
        let Some(register) = reg[val] else { continue };
        for segment in &lives.segments[val] {
            let first = points.partition_point(|&(at, _)| at < segment.start);
            for (_, inst) in points[first..].iter().take_while(|&&(at, _)| at < segment.end) {
                table.entry(*inst).or_default().push(register);
            }
        }
    }
    for registers in table.values_mut() {
        registers.sort_unstable();
        registers.dedup();
    }
    table
}
