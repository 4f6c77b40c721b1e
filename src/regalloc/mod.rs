//! Register allocation: a register of the frame for every SSA value, without spilling.
//!
//! The contract with emission is [`Allocation`]; the method is linear scan over single-range intervals of coalesced values
//! (Poletto and Sarkar 1999; coalescing on exact liveness after Boissinot et al. 2009), with call windows predicted when their
//! first argument is computed. Input: a function after the ownership step. The function itself is not changed.
//!
//! | file | job |
//! |---|---|
//! | `order` | linear positions of blocks and instructions |
//! | `intervals` | exact live segments of every value |
//! | `coalesce` | classes of values that share a register |
//! | `linear_scan` | a register for every class |
//! | `windows` | where calls put their arguments |
//! | `moves` | parallel moves, made sequential |
//! | `unwind` | what each raising instruction owns |
//! | `releases` | lists of registers, stored as differences |
//! | `suspend` | what a suspended generator keeps |
//! | `check` | an independent checker of the values in registers |
//! | `owners` | an independent checker of the lists that release registers |
//!
//! Invariants (`check` holds them): a use reads a register that holds the used value on every path; a register is written only
//! when its old value is dead; the result of an `Update` operand has the operand's register; parameter i of the function is in
//! register i; everything live across a call lies below its window.

pub mod check;
mod coalesce;
mod intervals;
mod linear_scan;
mod moves;
mod order;
mod owners;
pub mod releases;
pub mod suspend;
mod unwind;
mod windows;

use crate::ir::cfg::Cfg;
use crate::ir::entities::{Block, Const, Inst, Val};
use crate::ir::function::Function;
use crate::ir::inst::Op;
use cranelift_entity::SecondaryMap;
use releases::{List, Listed, Lists};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::fmt;
use suspend::Kept;

/// Registers a frame may have; the rest of the 16-bit space stays free for windows and encodings.
pub const MAX_REGISTERS: usize = 60_000;

/// Slots of a window before its first argument: depth (the result afterwards), callee, saved base, return pc.
pub const WINDOW_HEADER: u16 = 4;

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

/// What happens when an instruction raises: `increments` of the handler edge, then drops, then its `moves`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwind {
    /// The registers that are given up, and those the handler takes ([`Allocation::lists`]).
    pub list: List,
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
    /// For the blocks that some jump may lead back to: the registers that own something at their start.
    pub points: FxHashMap<Block, List>,
    /// What the lists of `unwind`, `points` and `suspended` say.
    pub lists: Lists,
    /// For the instructions that suspend a generator: the registers live across.
    pub suspended: FxHashMap<Inst, Kept>,
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

    /// What `inst` owns when it raises.
    pub fn released(&self, inst: Inst) -> Listed {
        self.unwind(inst).map_or_else(Listed::default, |unwind| self.lists.read(unwind.list))
    }

    /// The registers that a generator suspended by `inst` keeps, ascending; none without a table.
    pub fn kept(&self, inst: Inst) -> Option<Vec<u16>> {
        self.suspended.get(&inst).map(|kept| kept.registers(&self.lists))
    }

    /// What to do when `inst` raises.
    pub fn unwind(&self, inst: Inst) -> Option<&Unwind> {
        self.unwind.get(&inst)
    }
}

/// Why there is no allocation: the frame or the unwinder's table would be too large.
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
    base + slot_offset(op, index) as u16
}

/// How far from its base a window has operand `index`.
fn slot_offset(op: Op, index: usize) -> usize {
    match (op, index) {
        (Op::Call, 0) => 1,
        (Op::Call, _) => WINDOW_HEADER as usize + index - 1,
        _ => WINDOW_HEADER as usize + index,
    }
}

/// First register behind the arguments of a call whose window starts at `base`.
fn window_end(op: Op, base: usize, operands: usize) -> usize {
    base + slot_offset(op, operands)
}

/// Gives every value of `func` a register.
///
/// `needs_register` is asked for results of `const` only: false keeps a constant that every use can encode out of registers.
/// Update operands always get one. Uses by `drop`, by edges and by calls need none (edges and calls list [`Move::Const`]).
pub fn allocate(func: &Function, needs_register: impl Fn(Val) -> bool) -> Result<Allocation, TooManyRegisters> {
    let cfg = Cfg::new(func);
    let order = order::Order::new(func, &cfg);
    let lives = intervals::Lives::new(func, &cfg, &order, |val| func.const_of(val).is_none() || needs_register(val));
    let classes = coalesce::Classes::new(func, &order, &lives);
    let scan = linear_scan::run(func, &order, &classes)?;
    let mut allocation = Allocation { reg: scan.reg, ..Allocation::default() };
    let mut frame = moves::Frame::new(scan.high);
    windows::place(func, scan.bases, &mut allocation, &mut frame);
    allocation.edge_moves = moves::edges(func, &allocation.reg, &mut frame);
    let tables = unwind::tables(func, &allocation.reg, &order, &lives, &mut frame)?;
    (allocation.unwind, allocation.points, allocation.lists) = (tables.unwind, tables.points, tables.lists);
    allocation.suspended = suspend::table(func, &allocation.reg, &order, &lives, &mut allocation.lists)?;
    allocation.frame_size = frame.size()?;
    Ok(allocation)
}

/// The constant a value without a register is.
fn constant_of(func: &Function, val: Val) -> Option<Const> {
    match func.values[val].def {
        crate::ir::function::ValDef::Result(inst) => match (func.insts[inst].op, func.insts[inst].imm) {
            (Op::Const, crate::ir::inst::Imm::Const(value)) => Some(value),
            _ => None,
        },
        crate::ir::function::ValDef::Param(..) => None,
    }
}

/// The pairs of argument and parameter of an edge.
fn edge_pairs(func: &Function, call: &crate::ir::function::BlockCall) -> SmallVec<[(Val, Val); 4]> {
    call.args.iter().copied().zip(func.blocks[call.block].params.iter().copied()).collect()
}
