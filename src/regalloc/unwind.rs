//! The table of the unwinder: what each instruction that may raise owns, and how the handler's parameters are filled.
//!
//! Owned are the counted values live before the instruction. The operands of a call with a window belong to the call. On the
//! edge to a handler the arguments move to its parameters and values it uses directly stay; everything else is dropped.
//! Instructions that only take memory have entries too, for the case that there is none. *Points* are where a limit of the host may
//! end the program before an instruction: the blocks an edge leads back to (and, in `bytecode::emit`, the start of a function).

use super::has_window;
use super::intervals::Lives;
use super::moves::{Frame, of_edge};
use super::{HandlerEdge, TooManyRegisters, Unwind};
use crate::base::effort::spend;
use crate::base::epoch_set::EpochSet;
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::Function;
use crate::ir::inst::Mode;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Registers all entries of a function may name together. Values times instructions would let a short script with one very
/// long expression take gigabytes.
const MAX_DROPS: usize = 1 << 24;

/// The entries of `func`; instructions that own nothing and have no handler have none.
pub fn table(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    lives: &Lives,
    frame: &mut Frame,
) -> Result<FxHashMap<Inst, Unwind>, TooManyRegisters> {
    let mut table = FxHashMap::default();
    let mut entries = 0;
    let mut walk = Walk { func, reg, lives, frame, owned: Owned::default(), passed: EpochSet::default() };
    for &block in &func.layout {
        // Every value that lives on would otherwise be touched in every block.
        if !func.blocks[block].insts.iter().any(|&inst| may_stop(func, inst)) {
            continue;
        }
        walk.owned.clear();
        lives.live_in.live_in(block).iter().for_each(|&val| walk.own(val));
        func.blocks[block].params.iter().for_each(|&val| walk.own(val));
        for &inst in &func.blocks[block].insts {
            let op = func.insts[inst].op;
            if has_window(op) {
                walk.give_up(inst);
            }
            if may_stop(func, inst)
                && let Some(entry) = walk.entry(inst)
            {
                entries += entry.drops.len() + entry.kept.len();
                if entries > MAX_DROPS {
                    return Err(TooManyRegisters);
                }
                table.insert(inst, entry);
            }
            if !has_window(op) {
                walk.give_up(inst);
            }
            func.insts[inst].result.expand().into_iter().for_each(|val| walk.own(val));
        }
    }
    Ok(table)
}

/// The registers that own something at the start of each block that some jump may lead back to: over an edge of the layout, or over
/// the moves of an edge, which stand behind all blocks. There a limit of the host may end the program.
pub fn points(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    lives: &Lives,
) -> Result<FxHashMap<Block, Vec<u16>>, TooManyRegisters> {
    let mut place: SecondaryMap<Block, u32> = SecondaryMap::new();
    for (at, &block) in func.layout.iter().enumerate() {
        place[block] = at as u32;
    }
    let mut points: FxHashMap<Block, Vec<u16>> = FxHashMap::default();
    let mut handlers = Vec::new();
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            handlers.extend(func.insts[inst].unwind.as_deref().map(|call| call.block));
        }
        func.for_each_edge(block, |_, call| {
            if place[call.block] <= place[block] || !call.args.is_empty() {
                points.entry(call.block).or_default();
            }
        });
    }
    points.extend(handlers.into_iter().map(|block| (block, Vec::new())));
    let mut entries = 0;
    for (&block, owned) in &mut points {
        let params = func.blocks[block].params.iter();
        let live: BTreeSet<Val> = lives.live_in.live_in(block).iter().chain(params).copied().collect();
        let owning = live.into_iter().filter(|&val| func.may_own(val));
        owned.extend(owning.filter_map(|val| reg[val]));
        owned.sort_unstable();
        entries += owned.len();
        if entries > MAX_DROPS {
            return Err(TooManyRegisters);
        }
    }
    Ok(points)
}

/// Whether execution may leave the function at `inst`, other than by returning.
pub fn may_stop(func: &Function, inst: Inst) -> bool {
    let data = &func.insts[inst];
    let effects = data.op.info().effects;
    data.unwind.is_some() || effects.raises() || effects.contains(Effects::ALLOCATES)
}

struct Walk<'a> {
    func: &'a Function,
    reg: &'a SecondaryMap<Val, Option<u16>>,
    lives: &'a Lives,
    frame: &'a mut Frame,
    owned: Owned,
    /// Arguments of the edge at hand.
    passed: EpochSet<Val>,
}

impl Walk<'_> {
    fn own(&mut self, val: Val) {
        if self.func.may_own(val) && self.reg[val].is_some() {
            self.owned.insert(val);
        }
    }

    /// Ends the ownership of the operands `inst` consumes.
    fn give_up(&mut self, inst: Inst) {
        let data = &self.func.insts[inst];
        for (index, &val) in data.args.iter().enumerate() {
            let masked = index < 32 && data.drop_mask >> index & 1 == 1;
            if masked || matches!(data.op.mode(index), Mode::Keep | Mode::Update) {
                self.owned.remove(val);
            }
        }
    }

    fn entry(&mut self, inst: Inst) -> Option<Unwind> {
        let func = self.func;
        let call = func.insts[inst].unwind.as_deref();
        self.passed.clear();
        let handler = call.map(|call| {
            let mut increments = Vec::new();
            for &val in &call.args {
                let again = !self.passed.insert(val) || self.lives.live_in.is_live_in(call.block, val);
                if again && func.may_own(val) {
                    increments.extend(self.reg[val]);
                }
            }
            HandlerEdge { block: call.block, increments, moves: of_edge(func, self.reg, call, self.frame) }
        });
        let stays = |val: Val| {
            self.passed.contains(val) || call.is_some_and(|call| self.lives.live_in.is_live_in(call.block, val))
        };
        let (mut drops, mut kept) = (Vec::new(), Vec::new());
        spend(1 + self.owned.list.len());
        for &val in &self.owned.list {
            let list = if stays(val) { &mut kept } else { &mut drops };
            list.extend(self.reg[val]);
        }
        drops.sort_unstable();
        (!drops.is_empty() || handler.is_some()).then_some(Unwind { drops, kept, handler })
    }
}

/// A set of values with constant-time changes and dense iteration.
#[derive(Default)]
struct Owned {
    list: Vec<Val>,
    place: SecondaryMap<Val, u32>,
}

impl Owned {
    fn insert(&mut self, val: Val) {
        if self.place[val] == 0 {
            self.list.push(val);
            self.place[val] = self.list.len() as u32;
        }
    }

    fn remove(&mut self, val: Val) {
        let place = std::mem::replace(&mut self.place[val], 0) as usize;
        if place > 0 {
            self.list.swap_remove(place - 1);
            if let Some(&moved) = self.list.get(place - 1) {
                self.place[moved] = place as u32;
            }
        }
    }

    fn clear(&mut self) {
        for val in self.list.drain(..) {
            self.place[val] = 0;
        }
    }
}
