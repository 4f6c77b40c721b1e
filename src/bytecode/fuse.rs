//! Branches: which instructions become one, and how a block ends.
//!
//! Fused here: comparison + `brif` (one compare-and-branch), `iter_next` + `iter_step` + `is_done` + `brif`, `add` + comparison +
//! `brif` (one counted-loop step), tests for null, undefined and tags + `brif`. The pieces must be adjacent, `const` instructions
//! without a register aside.

use super::assembler::Label;
use super::constants::{Operand, as_immediate, is_comparison};
use super::emit::Emitter;
use super::op::{DROP_FIRST, DROP_SECOND, Opcode, SUBTRACTS};
use super::program::Literal;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::inst::Op;

/// What a branch tests.
pub(super) enum Condition {
    /// A comparison of two operands.
    Compare { op: Op, inst: Inst },
    /// Truthiness of a value.
    Truth { val: Val, flags: u16 },
    /// Being null.
    Null { val: Val, flags: u16 },
    /// Being undefined.
    Undef { val: Val },
    /// Having a tag, or being a string.
    Literal { inst: Inst },
    /// The loop state is exhausted; otherwise its next value is produced.
    Exhausted { next: Inst, position: Val },
    /// The counter, stepped, compares with the limit: the end of a counted loop's iteration.
    Step { add: Inst, compare: Inst },
}

impl Emitter<'_> {
    /// Whether `brif` tests just the result of `test`.
    fn tests(&self, brif: Inst, test: Inst) -> bool {
        let (brif, result) = (&self.func.insts[brif], self.func.insts[test].result.expand());
        brif.op == Op::Brif && Some(brif.args[0]) == result && self.constants.uses(brif.args[0]) == 1
    }

    /// The branch that starts at the first of `insts`, and how many it consists of.
    pub(super) fn fused(&self, insts: &[Inst]) -> Option<(Condition, usize)> {
        let data = |index: usize| insts.get(index).map(|&inst| &self.func.insts[inst]);
        let first = data(0)?;
        match first.op {
            Op::Brif => {
                let flags = self.drop_flag(insts[0], 0, DROP_FIRST);
                Some((Condition::Truth { val: first.args[0], flags }, 1))
            }
            op if is_comparison(op) && insts.len() > 1 && self.tests(insts[1], insts[0]) => {
                Some((Condition::Compare { op, inst: insts[0] }, 2))
            }
            Op::Truthy if insts.len() > 1 && self.tests(insts[1], insts[0]) => {
                let flags = self.drop_flag(insts[0], 0, DROP_FIRST);
                Some((Condition::Truth { val: first.args[0], flags }, 2))
            }
            Op::IsNull if insts.len() > 1 && self.tests(insts[1], insts[0]) => {
                let flags = self.drop_flag(insts[0], 0, DROP_FIRST);
                Some((Condition::Null { val: first.args[0], flags }, 2))
            }
            Op::IsUndef if insts.len() > 1 && self.tests(insts[1], insts[0]) => {
                Some((Condition::Undef { val: first.args[0] }, 2))
            }
            Op::IsTag | Op::IsText if insts.len() > 1 && self.tests(insts[1], insts[0]) => {
                Some((Condition::Literal { inst: insts[0] }, 2))
            }
            Op::IterNext if insts.len() > 3 && self.tests(insts[3], insts[2]) => {
                let (step, test) = (data(1)?, data(2)?);
                let position = step.result.expand()?;
                let same =
                    self.alloc.reg(position).is_some() && self.alloc.reg(position) == self.alloc.reg(first.args[1]);
                let fits =
                    step.op == Op::IterStep && test.op == Op::IsDone && Some(test.args[0]) == first.result.expand();
                (same && fits).then_some((Condition::Exhausted { next: insts[0], position }, 4))
            }
            Op::Add | Op::Sub if insts.len() > 2 && self.tests(insts[2], insts[1]) => self.counted_step(insts),
            _ => None,
        }
    }

    /// `i2 = add i, step; c = lt i2, limit; brif c` with both counters in one register.
    fn counted_step(&self, insts: &[Inst]) -> Option<(Condition, usize)> {
        let (add, compare) = (&self.func.insts[insts[0]], &self.func.insts[insts[1]]);
        let next = add.result.expand()?;
        let same = self.alloc.reg(next).is_some() && self.alloc.reg(next) == self.alloc.reg(add.args[0]);
        let ordering = matches!(compare.op, Op::Lt | Op::Le | Op::Gt | Op::Ge);
        if !same || !ordering || compare.args[0] != next || compare.drop_mask != 0 || compare.unwind.is_some() {
            return None;
        }
        let immediate = |val: Val| self.func.const_of(val).and_then(as_immediate);
        let step = match self.alloc.reg(add.args[1]) {
            Some(register) => add.op == Op::Add && add.drop_mask & 2 == 0 && Some(register) != self.alloc.reg(next),
            None => immediate(add.args[1]).is_some_and(|step| step != i16::MIN),
        };
        let limit = match self.alloc.reg(compare.args[1]) {
            Some(register) => Some(register) != self.alloc.reg(next),
            None => immediate(compare.args[1]).is_some() && self.alloc.reg(add.args[1]).is_none(),
        };
        (step && limit).then_some((Condition::Step { add: insts[0], compare: insts[1] }, 3))
    }

    /// Emits a branch: `test` is the first instruction of the fused ones, `brif` the last.
    pub(super) fn branch(&mut self, condition: Condition, test: Inst, brif: Inst, next: Option<Block>) {
        let targets = [0, 1].map(|index| self.func.insts[brif].targets[index].block);
        let invertible = !matches!(condition, Condition::Exhausted { .. } | Condition::Step { .. });
        let exhausted = matches!(condition, Condition::Exhausted { .. });
        let inverted = next == Some(targets[0]) && invertible;
        // `iter_next` jumps when there is a value: one dispatch an iteration.
        let (jump_index, sense) = if inverted || exhausted { (1, exhausted) } else { (0, true) };
        let label = self.edge_label(brif, jump_index);
        self.conditional(condition, sense, label, test);
        let other = 1 - jump_index;
        let moves = self.alloc.edge_moves(brif, other).to_vec();
        self.moves(&moves);
        if next != Some(targets[other]) {
            let label = self.block_label(targets[other]);
            self.asm.jump(label);
        }
    }

    /// Emits one conditional jump; in long mode around an unconditional one.
    fn conditional(&mut self, condition: Condition, sense: bool, label: Label, test: Inst) {
        let wide = !matches!(condition, Condition::Compare { .. });
        if wide || !self.long {
            let at = self.asm.here();
            self.test(condition, sense);
            self.asm.jumps(at, label);
            self.unwind(test, at);
            return;
        }
        let (near, over) = (self.asm.label(), self.asm.label());
        let at = self.asm.here();
        self.test(condition, sense);
        self.asm.jumps(at, near);
        self.unwind(test, at);
        self.asm.jump(over);
        self.asm.bind(near);
        self.asm.jump(label);
        self.asm.bind(over);
    }

    /// Writes the testing instruction; its jump is patched by the caller.
    fn test(&mut self, condition: Condition, sense: bool) {
        match condition {
            Condition::Compare { op, inst } => self.compare_branch(op, inst, sense),
            Condition::Truth { val, flags } => {
                let op = if sense { Opcode::jump_if } else { Opcode::jump_if_not };
                self.asm.op(op, flags, self.reg(val), 0, 0);
            }
            Condition::Null { val, flags } => {
                let op = if sense { Opcode::jump_null } else { Opcode::jump_not_null };
                self.asm.op(op, flags, self.reg(val), 0, 0);
            }
            Condition::Undef { val } => {
                let op = if sense { Opcode::jump_undef } else { Opcode::jump_not_undef };
                self.asm.op(op, 0, self.reg(val), 0, 0);
            }
            Condition::Literal { inst } => {
                let data = &self.func.insts[inst];
                let op = match (data.op, sense) {
                    (Op::IsTag, true) => Opcode::jump_tag,
                    (Op::IsTag, false) => Opcode::jump_not_tag,
                    (_, true) => Opcode::jump_text,
                    (_, false) => Opcode::jump_not_text,
                };
                self.asm.op(op, 0, self.reg(data.args[0]), 0, 0);
                self.asm.literal(if data.op == Op::IsTag { self.tag(data.imm) } else { self.text(data.imm) });
            }
            Condition::Exhausted { next, position } => {
                let (dst, state) = (self.dst(next), self.reg(self.func.insts[next].args[0]));
                self.asm.op(Opcode::iter_next, 0, dst, state, self.reg(position));
                self.asm.distance(self.func.insts[next].span);
            }
            Condition::Step { add, compare } => self.step(add, compare),
        }
    }

    fn step(&mut self, add: Inst, compare: Inst) {
        let (first, second) = (&self.func.insts[add], &self.func.insts[compare]);
        let name = second.op.info().name;
        let counter = self.reg(first.args[0]);
        let immediate = |val: Val| self.func.const_of(val).and_then(as_immediate).unwrap_or(0);
        let limit = self.alloc.reg(second.args[1]);
        let form = match (self.alloc.reg(first.args[1]), limit) {
            (Some(_), _) => ["step_", name, ""],
            (None, Some(_)) => ["step_i_", name, ""],
            (None, None) => ["step_i_", name, "_i"],
        };
        let opcode = Opcode::from_parts(&form).expect("a step for each ordering");
        let (step, flags) = match (self.alloc.reg(first.args[1]), first.op) {
            (Some(register), _) => (register, 0),
            (None, Op::Sub) => (-immediate(first.args[1]) as u16, SUBTRACTS),
            (None, _) => (immediate(first.args[1]) as u16, 0),
        };
        let limit = limit.unwrap_or_else(|| immediate(second.args[1]) as u16);
        let span = second.span;
        self.asm.op(opcode, flags, counter, step, limit);
        self.asm.distance(span);
    }

    fn compare_branch(&mut self, op: Op, inst: Inst, sense: bool) {
        let data = &self.func.insts[inst];
        let (jump, name) = (if sense { "jump_" } else { "jump_not_" }, op.info().name);
        let flags = self.drop_flag(inst, 0, DROP_FIRST);
        let opcode = |suffix: &str| Opcode::from_parts(&[jump, name, suffix]).expect("a branch for each comparison");
        let left = self.reg(data.args[0]);
        match self.operand_or_immediate(inst, 1) {
            Operand::Immediate(number) => self.asm.op(opcode("_i"), flags, left, number, 0),
            Operand::Literal(constant) => {
                self.asm.op(opcode("_k"), flags, left, 0, 0);
                self.asm.literal(Literal::Const(constant));
            }
            Operand::Register { register, dies } => {
                let flags = if dies { flags | DROP_SECOND } else { flags };
                self.asm.op(opcode(""), flags, left, register, 0);
            }
        }
    }
}
