//! Prefixes: instructions that do the common case of those behind them, and skip them. A prefix never raises and never drops: in
//! any other case control runs on into the instructions it stands for, which are emitted as if it were not there.

use super::constants::{as_immediate, path};
use super::emit::Emitter;
use super::op::{DROP_FIRST, Opcode};
use super::program::Literal;
use crate::base::operator::BinaryOp;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Step, UpdateOp};
use crate::ir::inst::{Imm, Op};
use crate::regalloc::slot;

impl Emitter<'_> {
    /// Writes the prefix for the instructions that start at the first of `insts`, if there is one.
    pub(super) fn prefix(&mut self, insts: &[Inst]) {
        let [first, second, ..] = *insts else { return };
        match (self.func.insts[first].op, self.func.insts[second].op) {
            (Op::Add | Op::Sub, Op::CallDirect) => self.call_with_sum(first, second),
            (Op::Add | Op::Sub | Op::Mul, Op::Return) => self.return_of_operation(first, second),
            (Op::IndexGet, Op::FieldGet) => self.field_of_index(first, second, &insts[2..]),
            (Op::SetPath | Op::UpdatePath, _) => self.change_of_field(first),
            (Op::IndexGet, Op::IndexGet) => self.index_of_index(first, second, insts.get(2).copied()),
            _ => {}
        }
    }

    /// `if n < 2 { return r }` where control goes on right behind: `next` is the block of the return, `after` the one behind it.
    pub(super) fn early_return(&mut self, compare: Inst, brif: Inst, next: Option<Block>, after: Option<Block>) {
        let (data, targets) = (&self.func.insts[compare], &self.func.insts[brif].targets);
        let opcode = match data.op {
            Op::Lt => Opcode::quick_return_lt_i,
            Op::Le => Opcode::quick_return_le_i,
            Op::Eq => Opcode::quick_return_eq_i,
            _ => return,
        };
        let right = data.args[1];
        let immediate = self.func.const_of(right).and_then(as_immediate).filter(|_| self.alloc.reg(right).is_none());
        let adjacent = next == Some(targets[0].block) && after == Some(targets[1].block);
        let moves = !self.alloc.edge_moves(brif, 0).is_empty() || !self.alloc.edge_moves(brif, 1).is_empty();
        let (Some(immediate), Some(left), Some(block)) = (immediate, self.alloc.reg(data.args[0]), next) else {
            return;
        };
        if !adjacent || moves || self.long || self.func.captures > 0 {
            return;
        }
        let insts: Vec<Inst> =
            self.func.blocks[block].insts.iter().copied().filter(|&inst| !self.is_encoded(inst)).collect();
        // The value compared is an int on the fast path: dropping it does nothing.
        let (flag, leave) = match insts[..] {
            [leave] => (0, leave),
            [drop, leave] if self.func.insts[drop].op == Op::Drop && self.func.insts[drop].args[0] == data.args[0] => {
                (DROP_FIRST, leave)
            }
            _ => return,
        };
        if self.func.insts[leave].op == Op::Return
            && let Some(value) = self.alloc.reg(self.func.insts[leave].args[0])
        {
            self.asm.op(opcode, flag, left, immediate as u16, value);
        }
    }

    /// `f(n - 1)`: the last argument is a sum, computed in place, of a call without moves.
    fn call_with_sum(&mut self, sum: Inst, call: Inst) {
        let (add, data) = (&self.func.insts[sum], &self.func.insts[call]);
        let (Some(window), Imm::Func(function)) = (self.alloc.window(call), data.imm) else { return };
        let immediate = match (self.alloc.reg(add.args[1]), self.func.const_of(add.args[1]).and_then(as_immediate)) {
            (None, Some(number)) if add.op == Op::Add => i8::try_from(number),
            (None, Some(number)) => i8::try_from(-i32::from(number)),
            _ => return,
        };
        let result = add.result.expand();
        let index = data.args.iter().position(|&arg| Some(arg) == result);
        let (Ok(immediate), Some(index), Some(result)) = (immediate, index, result) else { return };
        let in_place = self.alloc.reg(result) == Some(slot(data.op, window.base, index));
        if !window.moves_before.is_empty() || !in_place || index > u8::MAX as usize {
            return;
        }
        let c = u16::from(immediate as u8) | (index as u16) << 8;
        self.asm.op(Opcode::quick_call_add, 0, window.base, self.reg(add.args[0]), c);
        self.asm.literal(Literal::Entry(function.as_u32()));
    }

    /// `return a + b`
    fn return_of_operation(&mut self, operation: Inst, leave: Inst) {
        let data = &self.func.insts[operation];
        let returned = data.result.expand() == Some(self.func.insts[leave].args[0]);
        let (Some(left), Some(right)) = (self.alloc.reg(data.args[0]), self.alloc.reg(data.args[1])) else { return };
        if !returned || self.func.captures > 0 {
            return;
        }
        let opcode = match data.op {
            Op::Add => Opcode::quick_return_add,
            Op::Sub => Opcode::quick_return_sub,
            _ => Opcode::quick_return_mul,
        };
        self.asm.op(opcode, 0, 0, left, right);
    }

    /// `g[i][j]`: the row is looked into without being counted.
    fn index_of_index(&mut self, row: Inst, element: Inst, after: Option<Inst>) {
        let (outer, inner) = (&self.func.insts[row], &self.func.insts[element]);
        let row_value = outer.result.expand();
        let dropped = after.is_some_and(|after| {
            let after = &self.func.insts[after];
            after.op == Op::Drop && Some(after.args[0]) == row_value
        });
        let once = row_value.is_some_and(|row| inner.args[0] == row && self.constants.uses(row) == 2);
        let keys = (self.alloc.reg(outer.args[1]), self.alloc.reg(inner.args[1]));
        let (true, true, (Some(first), Some(second))) = (dropped, once, keys) else { return };
        // A key that dies here is an int on the fast path: nothing to release.
        let (to, container, at) = (self.dst(element), self.reg(outer.args[0]), self.asm.here());
        self.asm.op(Opcode::quick_index_index, 0, to, container, first);
        self.asm.register_distance(second);
        let label = self.asm.label();
        self.asm.jumps(at, label);
        self.skip = Some((after.unwrap_or(element), label));
    }

    /// `a[i].f`: the struct is looked into without being counted. The cache is that of the `field_get`. A field read for its error
    /// alone, as before a read-modify-write, is only looked for.
    fn field_of_index(&mut self, element: Inst, field: Inst, after: &[Inst]) {
        let (outer, inner) = (&self.func.insts[element], &self.func.insts[field]);
        let Some(object) = outer.result.expand() else { return };
        let drops = |inst: Option<&Inst>, val: Val| {
            inst.is_some_and(|&inst| self.func.insts[inst].op == Op::Drop && self.func.insts[inst].args[0] == val)
        };
        let once = inner.args[0] == object && self.constants.uses(object) == 2 && drops(after.first(), object);
        let (true, Some(key)) = (once, self.alloc.reg(outer.args[1])) else { return };
        let unread = inner.result.expand().is_some_and(|val| self.constants.uses(val) == 1 && drops(after.get(1), val));
        let opcode = if unread { Opcode::quick_has_index_field } else { Opcode::quick_index_field };
        let (to, container, at) = (self.dst(field), self.reg(outer.args[0]), self.asm.here());
        self.asm.op(opcode, 0, to, container, key);
        self.asm.distance(outer.span);
        let label = self.asm.label();
        self.asm.jumps(at, label);
        self.skip = Some((after[usize::from(unread)], label));
    }

    /// `p.f := p.f + x`, `a[i].f := a[i].f + x`, `a[i].f := x`
    fn change_of_field(&mut self, change: Inst) {
        let data = &self.func.insts[change];
        let path = path(self.func, change);
        let registers: Option<Vec<u16>> = data.args.iter().map(|&val| self.alloc.reg(val)).collect();
        let Some(registers) = registers else { return };
        let opcode = match (&path.steps[..], path.update) {
            ([Step::Index, Step::Field(_)], None) => Opcode::quick_set_index_field,
            ([Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Add))) => Opcode::quick_add_field,
            ([Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Sub))) => Opcode::quick_sub_field,
            ([Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Mul))) => Opcode::quick_mul_field,
            ([Step::Index, Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Add))) => Opcode::quick_add_index_field,
            ([Step::Index, Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Sub))) => Opcode::quick_sub_index_field,
            ([Step::Index, Step::Field(_)], Some(UpdateOp::Binary(BinaryOp::Mul))) => Opcode::quick_mul_index_field,
            _ => return,
        };
        match registers[..] {
            [root, value] => self.asm.op(opcode, 0, root, value, 0),
            [root, value, key] => self.asm.op(opcode, 0, root, key, value),
            _ => return,
        }
        if let Some(&Step::Field(name)) = path.steps.last() {
            self.asm.cached(self.text(Imm::Const(name)));
        }
    }
}
