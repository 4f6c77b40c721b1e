//! Register allocation: a register of the frame for every SSA value, without spilling.
//!
//! The contract with emission is [`Allocation`]; the method is linear scan over single-range intervals of coalesced values
//! (Poletto and Sarkar 1999; coalescing on exact liveness after Boissinot et al. 2009), with call windows predicted when their
//! first argument is computed. Input: a function after the ownership step. The function itself is not changed.
//!
//! Invariants (`check` holds them): a use reads a register that holds the used value on every path; a register is written only
//! when its old value is dead; the result of an `Update` operand has the operand's register; parameter i of the function is in
//! register i; everything live across a call lies below its window.

use crate::ir::entities::{Block, Const, Inst, Val};
use crate::ir::inst::Op;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use std::fmt;

/// Registers a frame may have; the rest of the 16-bit space stays free for windows and encodings.
pub const MAX_REGISTERS: usize = 60_000;

/// Slots of a window before its first argument: callee and result, saved base, return pc.
pub const WINDOW_HEADER: u16 = 3;

/// One step of a sequence of moves. No step touches a count: the old register is dead afterwards, or uncounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The content of a register.
    Reg {
        /// Source.
        from: u16,
        /// Destination.
        to: u16,
    },
    /// A pooled constant, for a value that has no register: loaded as the `const` instruction would.
    Const {
        /// The constant.
        value: Const,
        /// Destination.
        to: u16,
    },
}

impl Move {
    /// The register written.
    pub fn to(self) -> u16 {
        match self {
            Move::Reg { to, .. } | Move::Const { to, .. } => to,
        }
    }
}

/// The window of a `call`, `call_direct` or `call_method` at `base`.
///
/// Before the call `moves_before` are done, in order. Then operand i is in the register [`slot`] names; every register from
/// `base` on is clobbered by the call; the result is in `base` and `result_move` takes it to its own register. The operands
/// belong to the call even if it raises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First register of the window.
    pub base: u16,
    /// Operands that are not computed in place.
    pub moves_before: Vec<Move>,
    /// From `base` to the register of the result, if that is another one.
    pub result_move: Option<Move>,
}

/// What happens when an instruction raises: `increments` of the handler edge, then `drops`, then its `moves`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwind {
    /// Registers whose value is given up.
    pub drops: Vec<u16>,
    /// Where control goes; without a handler the error propagates to the caller.
    pub handler: Option<HandlerEdge>,
}

/// An exceptional edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerEdge {
    /// The handler block.
    pub block: Block,
    /// Registers whose value gets one more owner (a register may be named more than once).
    pub increments: Vec<u16>,
    /// The handler's parameters, in order of execution.
    pub moves: Vec<Move>,
}

/// Registers, windows and moves of one function.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// The register of each value; `None` for values never used in a register. A `drop` or a drop-mask bit of a value without a
    /// register means nothing.
    pub reg: SecondaryMap<Val, Option<u16>>,
    /// The windows of the calls.
    pub windows: FxHashMap<Inst, Window>,
    /// What instructions that may raise own. No entry: nothing to drop, no handler.
    pub unwind: FxHashMap<Inst, Unwind>,
    /// Registers of the frame, windows included.
    pub frame_size: u16,
    edge_moves: FxHashMap<(Inst, u32), Vec<Move>>,
}

impl Allocation {
    /// The register of a value.
    pub fn reg(&self, val: Val) -> Option<u16> {
        self.reg[val]
    }

    /// The moves on the edge to target `index` of the terminator `inst`, in order of execution. For a `brif` they belong to
    /// the edge, not to the block.
    pub fn edge_moves(&self, inst: Inst, index: usize) -> &[Move] {
        self.edge_moves.get(&(inst, index as u32)).map_or(&[], Vec::as_slice)
    }

    /// The window of a call.
    pub fn window(&self, inst: Inst) -> Option<&Window> {
        self.windows.get(&inst)
    }

    /// What to do when `inst` raises.
    pub fn unwind(&self, inst: Inst) -> Option<&Unwind> {
        self.unwind.get(&inst)
    }
}

/// Why there is no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRegisters;

impl fmt::Display for TooManyRegisters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("function needs too many registers")
    }
}

impl std::error::Error for TooManyRegisters {}

/// Whether an operation has a window.
pub fn has_window(op: Op) -> bool {
    matches!(op, Op::Call | Op::CallDirect | Op::CallMethod)
}

/// The register of operand `index` of a call whose window starts at `base`: the callee of a `call` at `base`, the receiver of a
/// `call_method` as its first argument.
pub fn slot(op: Op, base: u16, index: usize) -> u16 {
    match (op, index) {
        (Op::Call, 0) => base,
        (Op::Call, _) => base + WINDOW_HEADER + index as u16 - 1,
        _ => base + WINDOW_HEADER + index as u16,
    }
}
