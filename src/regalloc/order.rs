//! Linear positions: the points at which a register changes hands.
//!
//! Blocks in layout order; the head of a block and each of its instructions have two points, an even one where operands are
//! read (and values come in from the edges) and the odd one after it where the result (or the parameters) are written. A value
//! read last at an instruction and that instruction's result may therefore share a register.

use crate::ir::entities::{Block, Inst};
use crate::ir::function::Function;
use cranelift_entity::SecondaryMap;

/// The even points of blocks and instructions.
pub struct Order {
    /// The head of a block; its parameters are written one point later.
    pub head: SecondaryMap<Block, u32>,
    /// Where an instruction reads; it writes one point later.
    pub at: SecondaryMap<Inst, u32>,
    /// The last point of a block.
    pub end: SecondaryMap<Block, u32>,
}

impl Order {
    /// Numbers `func` along its layout.
    pub fn new(func: &Function) -> Order {
        let mut order = Order { head: SecondaryMap::new(), at: SecondaryMap::new(), end: SecondaryMap::new() };
        let mut next = 0;
        for &block in &func.layout {
            order.head[block] = next;
            for &inst in &func.blocks[block].insts {
                next += 2;
                order.at[inst] = next;
            }
            order.end[block] = next + 1;
            next += 2;
        }
        order
    }
}
