//! Places whose root is in a cell or a global, where anyone may look.
//!
//! Only what stands between the updating instruction and the store matters: it must not raise, run script code or look at
//! a variable. The updating instruction itself may raise, and then the value is put back.

use super::{Step, Store};
use crate::base::builtin::Role;
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, UpdateOp, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;

impl Step<'_> {
    /// Vacates the place of a store before the last instruction that changes what it has.
    pub(super) fn shared(&mut self, block: Block, store: &Store, aliases: &[Val]) {
        let Some(end) = self.func.blocks[block].insts.iter().position(|&inst| inst == store.inst) else { return };
        for at in (0..end).rev() {
            let inst = self.func.blocks[block].insts[at];
            if let Some(&val) = aliases.iter().find(|&&val| self.updates(inst, val)) {
                return self.vacate_shared(block, at, val, store);
            }
            if !self.is_unseen(inst) {
                return;
            }
        }
    }

    fn vacate_shared(&mut self, block: Block, at: usize, val: Val, store: &Store) {
        let inst = self.func.blocks[block].insts[at];
        let raises = self.func.effects(inst).raises() && !self.is_push(inst);
        // Only strings are vacated for an addition, so that it runs no method.
        let quiet = self.is_quiet(inst) || self.func.insts[inst].op == Op::Add;
        if !quiet || raises && !self.can_land(inst) {
            return;
        }
        let before = self.func.blocks[block].insts.len();
        let Some((_, keys)) = self.insert(block, at, val, store) else { return };
        let at = at + self.func.blocks[block].insts.len() - before;
        if self.role(inst) == Some(Role::TakesOut) {
            self.parts(block, at);
        }
        if raises {
            self.land(block, at, inst, val, store, &keys, None);
        }
    }

    fn is_push(&self, inst: Inst) -> bool {
        let data = &self.func.insts[inst];
        data.op == Op::ArrayPush && self.func.values[data.args[0]].ty.is_subset(Type::ARRAY)
    }

    /// Whether an instruction raises nothing and neither runs script code nor looks at a variable.
    fn is_unseen(&self, inst: Inst) -> bool {
        let effects = self.func.effects(inst);
        let plain = effects.0 & !(Effects::WRITES.0 | Effects::ALLOCATES.0) == 0;
        plain || self.is_push(inst) || self.part(inst).is_some()
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
