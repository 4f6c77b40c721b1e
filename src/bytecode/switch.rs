//! Chains of tests of one value, as `match` makes them: a prefix that finds the case at once.
//!
//! The chain stays behind the prefix and does the same one test at a time. If the chain asks for tags often enough, the prefix knows
//! values that have one, for which all other tests fail; else it knows ints and strings. Any other value, such as a double, a big int
//! or a struct that overloads `==`, goes through the chain.

use super::emit::Emitter;
use super::fuse::Condition;
use super::op::{DROP_FIRST, Opcode};
use super::program::Literal;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};

/// Chains of fewer tests of a kind are left alone.
const SHORTEST: usize = 3;
/// Longer chains are cut.
const LONGEST: usize = 256;

/// One test of a chain: the value tested, what it is compared with, and which target of the `brif` is for equality.
struct Test {
    value: Val,
    literal: Literal,
    brif: Inst,
    equal: usize,
}

impl Emitter<'_> {
    /// Writes the prefix for the chain that the branch with `condition` and `brif` starts, if it is one.
    pub(super) fn switch(&mut self, condition: &Condition, brif: Inst) {
        let Some(first) = self.equality(condition, brif).filter(|_| !self.switched.contains(brif)) else { return };
        let value = first.value;
        let mut chain = vec![first];
        let mut seen: Vec<Block> = Vec::new();
        while let Some(last) = chain.last()
            && chain.len() < LONGEST
        {
            let other = 1 - last.equal;
            let next = self.func.insts[last.brif].targets[other].block;
            // From a test that stands before the prefix, ways on could lead back without being charged.
            let stands_before = self.done.contains(next);
            if seen.contains(&next) || stands_before || !self.alloc.edge_moves(last.brif, other).is_empty() {
                break;
            }
            seen.push(next);
            let insts: Vec<Inst> =
                self.func.blocks[next].insts.iter().copied().filter(|&inst| !self.is_encoded(inst)).collect();
            match self.fused(&insts) {
                Some((condition, count)) if count == insts.len() => {
                    match self.equality(&condition, insts[count - 1]).filter(|test| test.value == value) {
                        Some(test) => chain.push(test),
                        None => break,
                    }
                }
                _ => break,
            }
        }
        let (tags, constants): (Vec<&Test>, Vec<&Test>) =
            chain.iter().partition(|test| matches!(test.literal, Literal::Tag(_)));
        let (opcode, cases) = match (tags.len(), constants.len()) {
            (SHORTEST.., _) => (Opcode::quick_switch_tag, tags),
            (0, SHORTEST..) => (Opcode::quick_switch, constants),
            _ => return,
        };
        self.switched.extend(chain.iter().map(|test| test.brif));
        self.table(opcode, value, &cases, &chain[chain.len() - 1]);
    }

    fn table(&mut self, opcode: Opcode, value: Val, cases: &[&Test], last: &Test) {
        let at = self.asm.here();
        self.asm.op(opcode, 0, self.reg(value), 0, cases.len() as u16);
        let default = self.edge_label(last.brif, 1 - last.equal);
        self.asm.table_jump(at, default);
        for test in cases {
            self.asm.literal(test.literal.clone());
            let label = self.edge_label(test.brif, test.equal);
            self.asm.table_jump(at, label);
        }
    }

    /// The test of a value that lives on, for an int, a string or a tag, that a branch makes.
    fn equality(&self, condition: &Condition, brif: Inst) -> Option<Test> {
        if let Condition::Literal { inst } = *condition
            && self.func.insts[inst].op == Op::IsTag
        {
            let data = &self.func.insts[inst];
            let literal = self.tag(data.imm);
            let stays = self.drop_flag(inst, 0, DROP_FIRST) == 0 && matches!(literal, Literal::Tag(_));
            return stays.then(|| Test { value: data.args[0], literal, brif, equal: 0 });
        }
        let (inst, constant, equal) = match *condition {
            Condition::Compare { op: op @ (Op::Eq | Op::Ne), inst } => {
                let constant = self.func.const_of(self.func.insts[inst].args[1])?;
                (inst, constant, usize::from(op == Op::Ne))
            }
            Condition::Literal { inst } if self.func.insts[inst].op == Op::IsText => match self.func.insts[inst].imm {
                Imm::Const(constant) => (inst, &self.func.consts[constant], 0),
                _ => return None,
            },
            _ => return None,
        };
        let data = &self.func.insts[inst];
        let simple = match constant {
            ConstData::Str(_) => true,
            ConstData::Int(int) => i32::try_from(*int).is_ok(),
            _ => false,
        };
        let stays = (0..data.args.len()).all(|index| self.drop_flag(inst, index, DROP_FIRST) == 0);
        (simple && stays).then(|| Test { value: data.args[0], literal: Literal::Const(constant.clone()), brif, equal })
    }
}
