//! Places whose root is in a cell or a global, where anyone may look.
//!
//! Every way from the updating instruction leads to a store to the place. What stands before must not touch the variable, neither
//! itself nor in what it calls, and must not raise what may be caught. The updating instruction itself may raise, and then the
//! value is put back.

use super::local::MAX_BLOCKS;
use super::{Step, Store, store_of};
use crate::base::builtin::Role;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, UpdateOp, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::EntitySet;
use smallvec::SmallVec;

/// What it takes that nobody sees a vacated place.
#[derive(Default)]
struct Unseen {
    /// The stores that overwrite it.
    stores: SmallVec<[Inst; 2]>,
    /// The updating instruction may raise what is caught: then the value is put back.
    restored: bool,
    /// The reads of the pair that a builtin has given must not raise.
    pairs: bool,
}

impl Step<'_> {
    /// Vacates a place of a cell or global before the instruction at `at`, which `updates` the value, if nobody can see that;
    /// whether it does.
    pub(super) fn vacate_shared(&mut self, store: &Store, block: Block, at: usize, val: Val, updates: bool) -> bool {
        let inst = self.func.blocks[block].insts[at];
        if self.shared.contains(&(inst, val)) {
            return true;
        }
        let Some(unseen) = self.unseen(store, block, at, updates) else { return false };
        let before = self.func.blocks[block].insts.len();
        let Some((_, keys)) = self.insert(block, at, val, store) else { return false };
        let at = at + self.func.blocks[block].insts.len() - before;
        self.shared.insert((inst, val));
        for &inst in &unseen.stores {
            self.use_keys(inst, &keys, store);
        }
        if unseen.pairs {
            self.parts(block, at);
        }
        if unseen.restored {
            self.land(block, at, inst, val, store, &keys, None);
        }
        true
    }

    /// What it takes that nobody sees the place vacated from the instruction at `at` on; None if somebody may.
    fn unseen(&mut self, store: &Store, block: Block, at: usize, updates: bool) -> Option<Unseen> {
        let variable = self.facts.modref.variable(self.func, store.inst)?;
        let anchor = self.anchor(block, at)?;
        self.order();
        let order = self.order.as_ref().expect("just computed");
        let caught = self.facts.modref.is_caught(self.func.id);
        let mut unseen = Unseen::default();
        let mut visited: EntitySet<Block> = EntitySet::new();
        let (mut work, mut count) = (vec![(block, at)], 0);
        'ways: while let Some((here, start)) = work.pop() {
            count += 1;
            if count > MAX_BLOCKS {
                return None;
            }
            for (index, &inst) in self.func.blocks[here].insts.iter().enumerate().skip(start) {
                if store_of(self.func, inst).is_some_and(|other| self.same_place(&other, store)) {
                    if here != block && !order.points.dominates(anchor, inst) {
                        return None;
                    }
                    unseen.stores.push(inst);
                    continue 'ways;
                }
                if self.facts.modref.touches(self.func, inst, variable) {
                    return None;
                }
                let handled = self.func.insts[inst].unwind.is_some();
                if !(caught || handled) || !self.func.effects(inst).raises() || self.is_push(inst) {
                    continue;
                }
                if updates && here == block && index == at {
                    // Only strings are vacated for an addition, so that it runs no method.
                    let quiet = self.is_quiet(inst) || self.func.insts[inst].op == Op::Add;
                    if !quiet || !self.can_land(inst) {
                        return None;
                    }
                    unseen.restored = true;
                } else if here == block && self.part(inst).is_some() {
                    unseen.pairs = true;
                } else {
                    return None;
                }
            }
            let last = &self.func.insts[self.func.terminator(here)];
            if last.op == Op::Return {
                return None;
            }
            for call in &last.targets {
                if call.block == block {
                    return None;
                }
                if visited.insert(call.block) {
                    work.push((call.block, 0));
                }
            }
        }
        (!unseen.stores.is_empty()).then_some(unseen)
    }

    fn is_push(&self, inst: Inst) -> bool {
        let data = &self.func.insts[inst];
        data.op == Op::ArrayPush && self.func.values[data.args[0]].ty.is_subset(Type::ARRAY)
    }

    /// Which part of the pair that a builtin has given an instruction reads; 0 if it only asks whether that is an array.
    fn part(&self, inst: Inst) -> Option<u32> {
        let data = &self.func.insts[inst];
        if !matches!(data.op, Op::IndexGet | Op::ExpectArray) {
            return None;
        }
        let ValDef::Result(pair) = self.func.values[data.args[0]].def else { return None };
        if self.role(pair) != Some(Role::TakesOut) {
            return None;
        }
        match data.args.get(1).map(|&key| self.func.const_of(key)) {
            None => Some(0),
            Some(Some(&ConstData::Int(index @ 0..=1))) => Some(index as u32),
            Some(_) => None,
        }
    }

    /// Makes the reads of a pair ones that do not raise.
    fn parts(&mut self, block: Block, at: usize) {
        let mut at = at + 1;
        while let Some(&inst) = self.func.blocks[block].insts.get(at) {
            match self.part(inst) {
                Some(_) if self.func.insts[inst].op == Op::ExpectArray => {
                    self.func.blocks[block].insts.remove(at);
                    continue;
                }
                Some(index) => {
                    let data = &mut self.func.insts[inst];
                    data.op = Op::PartGet;
                    data.args.truncate(1);
                    data.imm = Imm::Index(index);
                    data.unwind = None;
                }
                None => {}
            }
            at += 1;
        }
    }

    /// The update that an instruction stands for which gives its first operand up only to be released.
    pub(super) fn update_of(&self, inst: Inst) -> Option<UpdateOp> {
        let data = &self.func.insts[inst];
        match (data.op, data.imm) {
            (Op::Add, _) => Some(UpdateOp::Binary(crate::base::operator::BinaryOp::Add)),
            (Op::CallBuiltin, Imm::Builtin(builtin)) if data.args.len() == 1 => Some(UpdateOp::Alone(builtin)),
            (Op::CallBuiltin, Imm::Builtin(builtin)) => Some(UpdateOp::Builtin(builtin)),
            _ => None,
        }
    }
}
