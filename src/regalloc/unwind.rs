//! The table of the unwinder: what each instruction that may raise owns, and how the handler's parameters are filled.
//!
//! Owned are the counted values live before the instruction. The operands of a call with a window belong to the call. On the
//! edge to a handler the arguments move to its parameters and values it uses directly stay; everything else is dropped.
//! Instructions that only take memory have entries too, for the case that there is none.

use super::has_window;
use super::intervals::Lives;
use super::moves::{Frame, of_edge};
use super::{HandlerEdge, Unwind};
use crate::ir::effects::Effects;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::Function;
use crate::ir::inst::Mode;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

/// The entries of `func`; instructions that own nothing and have no handler have none.
pub fn table(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    lives: &Lives,
    frame: &mut Frame,
) -> FxHashMap<Inst, Unwind> {
    let mut table = FxHashMap::default();
    let mut owned = Owned::default();
    for &block in &func.layout {
        owned.clear();
        let counted = |val: &&Val| func.values[**val].ty.may_be_counted() && reg[**val].is_some();
        lives.live_in.live_in(block).iter().filter(counted).for_each(|&val| owned.insert(val));
        func.blocks[block].params.iter().filter(counted).for_each(|&val| owned.insert(val));
        for &inst in &func.blocks[block].insts {
            if may_stop(func, inst)
                && let Some(entry) = entry(func, reg, lives, frame, inst, &owned)
            {
                table.insert(inst, entry);
            }
            let data = &func.insts[inst];
            for (index, &val) in data.args.iter().enumerate() {
                let masked = index < 32 && data.drop_mask >> index & 1 == 1;
                if masked || matches!(data.op.mode(index), Mode::Keep | Mode::Update) {
                    owned.remove(val);
                }
            }
            data.result.expand().iter().filter(counted).for_each(|&val| owned.insert(val));
        }
    }
    table
}

/// Whether execution may leave the function at `inst`, other than by returning.
pub fn may_stop(func: &Function, inst: Inst) -> bool {
    let data = &func.insts[inst];
    let effects = data.op.info().effects;
    data.unwind.is_some() || effects.raises() || effects.contains(Effects::ALLOCATES)
}

fn entry(
    func: &Function,
    reg: &SecondaryMap<Val, Option<u16>>,
    lives: &Lives,
    frame: &mut Frame,
    inst: Inst,
    owned: &Owned,
) -> Option<Unwind> {
    let data = &func.insts[inst];
    let handler = data.unwind.as_deref();
    let gone = |val: Val| has_window(data.op) && data.args.contains(&val);
    let kept =
        |val: Val| handler.is_some_and(|call| lives.live_in.is_live_in(call.block, val) || call.args.contains(&val));
    let mut drops: Vec<u16> =
        owned.list.iter().filter(|&&val| !gone(val) && !kept(val)).filter_map(|&val| reg[val]).collect();
    drops.sort_unstable();
    let handler = handler.map(|call| {
        let mut increments = Vec::new();
        for (index, &val) in call.args.iter().enumerate() {
            let again = lives.live_in.is_live_in(call.block, val) || call.args[..index].contains(&val);
            if again && func.values[val].ty.may_be_counted() {
                increments.extend(reg[val]);
            }
        }
        HandlerEdge { block: call.block, increments, moves: of_edge(func, reg, call, frame) }
    });
    (!drops.is_empty() || handler.is_some()).then_some(Unwind { drops, handler })
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
