//! Prefixes: instructions that do the common case of those behind them, and skip them. A prefix never raises and never drops: in
//! any other case control runs on into the instructions it stands for, which are emitted as if it were not there.

use super::assembler::Label;
use super::constants::as_immediate;
use super::emit::Emitter;
use super::op::{DROP_FIRST, JUMPS_IF_TRUE, Opcode, SUBTRACTS_SECOND, SUBTRACTS_THIRD};
use super::program::Literal;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, InstData};
use crate::ir::inst::{Imm, Op};
use crate::regalloc::slot;

impl Emitter<'_> {
    /// Writes the prefix for the instructions that start at the first of `insts`, if there is one.
    pub(super) fn prefix(&mut self, insts: &[Inst], next: Option<Block>) {
        let [first, second, ..] = *insts else { return };
        if self.skip.is_some() {
            return;
        }
        match (self.func.insts[first].op, self.func.insts[second].op) {
            (Op::Add | Op::Sub, Op::CallDirect) => self.call_with_sum(first, second),
            (Op::Add | Op::Sub | Op::Mul, Op::Return) => self.return_of_operation(first, second),
            (Op::IndexGet, Op::Brif) => self.test_of_index(insts, next),
            (Op::CellGet, Op::IndexGet) if self.test_of_character(Some(first), &insts[1..], next) => {}
            (Op::CellGet, _) => self.test_of_variable(insts, next),
            (Op::IndexGet | Op::Copy, Op::CallDirect) | (Op::CallDirect, Op::Brif) => self.test_of_class(insts),
            (Op::IndexGet, _) => {
                self.test_of_character(None, insts, next);
            }
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
        let immediate = self.func.const_of(right).and_then(as_immediate);
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

    /// `if a[i] {`, `if a[i + j] {`, `if a[i - j] {` of an array in a cell.
    fn test_of_variable(&mut self, insts: &[Inst], next: Option<Block>) {
        if self.test_of_sum(insts, next) {
            return;
        }
        let data = |index: usize| insts.get(index).map(|&inst| &self.func.insts[inst]);
        let (Some(variable), Some(second)) = (data(0), data(1)) else { return };
        let sum = matches!(second.op, Op::Add | Op::Sub);
        let at = if sum { 2 } else { 1 };
        let (Some(get), Some(&brif)) = (data(at), insts.get(at + 1)) else { return };
        if !self.is_looked_into_by(insts[0], get) {
            return;
        }
        let (opcode, key, further) = if sum {
            let registers = [0, 1].map(|index| self.alloc.reg(second.args[index]));
            let used_once =
                second.result.expand().is_some_and(|sum| sum == get.args[1] && self.constants.uses(sum) == 1);
            let ([Some(left), Some(right)], true) = (registers, used_once) else { return };
            let add = second.op == Op::Add;
            let opcode = if add { Opcode::quick_cell_test_index_add } else { Opcode::quick_cell_test_index_sub };
            (opcode, left, Some(right))
        } else {
            let Some(key) = self.alloc.reg(get.args[1]) else { return };
            (Opcode::quick_cell_test_index, key, None)
        };
        if let Some((label, sense)) = self.tested(insts[at], brif, next) {
            let cell = self.reg(variable.args[0]);
            self.testing(opcode, (cell, key, sense as u16), further, label, insts[at]);
            self.without_prefixes(insts[at]);
        }
    }

    /// What stands up to `last` must be as long as it is here: no prefix of its own.
    fn without_prefixes(&mut self, last: Inst) {
        let behind = self.asm.label();
        self.skip = Some((last, behind));
    }

    /// Whether all that is done with a borrowed variable is that `get` looks into it.
    fn is_looked_into_by(&self, variable: Inst, get: &InstData) -> bool {
        let looks = |val: Val| {
            get.op == Op::IndexGet
                && get.args[0] == val
                && self.func.borrowed.contains(val)
                && self.constants.uses(val) == 1
        };
        self.func.insts[variable].result.expand().is_some_and(looks)
    }

    /// `if a[i - j + k] {` of an array in a cell.
    fn test_of_sum(&mut self, insts: &[Inst], next: Option<Block>) -> bool {
        let &[variable, first, second, get, brif, ..] = insts else { return false };
        let data = |inst: Inst| &self.func.insts[inst];
        let used_once = |inst: Inst, by: Inst, index: usize| {
            let result = data(inst).result.expand();
            result.is_some_and(|val| data(by).args.get(index) == Some(&val) && self.constants.uses(val) == 1)
        };
        let arithmetic = |inst: Inst| matches!(data(inst).op, Op::Add | Op::Sub);
        let fits = arithmetic(first)
            && arithmetic(second)
            && used_once(first, second, 0)
            && used_once(second, get, 1)
            && self.is_looked_into_by(variable, data(get));
        if !fits {
            return false;
        }
        let terms = [data(first).args[0], data(first).args[1], data(second).args[1]].map(|val| self.alloc.reg(val));
        let [Some(a), Some(b), Some(c)] = terms else { return false };
        let sign = |inst: Inst, flag: u16| if self.func.insts[inst].op == Op::Sub { flag } else { 0 };
        let signs = sign(first, SUBTRACTS_SECOND) | sign(second, SUBTRACTS_THIRD);
        let cell = self.reg(data(variable).args[0]);
        let Some((label, sense)) = self.tested(get, brif, next) else { return false };
        let at = self.asm.here();
        let flags = if sense { JUMPS_IF_TRUE } else { 0 } | signs;
        self.asm.op(Opcode::quick_cell_test_index_sum, flags, cell, a, b);
        self.asm.register_distance(c);
        self.asm.jumps(at, label);
        self.without_prefixes(get);
        true
    }

    /// `if a[i] {`
    fn test_of_index(&mut self, insts: &[Inst], next: Option<Block>) {
        let Some((label, sense)) = self.tested(insts[0], insts[1], next) else { return };
        let args = [0, 1].map(|index| self.alloc.reg(self.func.insts[insts[0]].args[index]));
        if let [Some(array), Some(key)] = args {
            self.testing(Opcode::quick_test_index, (array, key, sense as u16), None, label, insts[0]);
        }
    }

    /// `if s[i] == "x" {` and other comparisons with a character; `cell` reads a variable that is the key.
    fn test_of_character(&mut self, cell: Option<Inst>, insts: &[Inst], next: Option<Block>) -> bool {
        let &[get, compare, brif, ..] = insts else { return false };
        let (read, test) = (&self.func.insts[get], &self.func.insts[compare]);
        if !matches!(test.op, Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne) {
            return false;
        }
        let once = |val: Option<Val>, by: Val| val == Some(by) && self.constants.uses(by) == 1;
        let index = match cell {
            Some(cell) => {
                let cell = &self.func.insts[cell];
                once(cell.result.expand(), read.args[1]).then(|| self.alloc.reg(cell.args[0])).flatten()
            }
            None => self.alloc.reg(read.args[1]),
        };
        let character = match self.func.const_of(test.args[1]) {
            Some(ConstData::Str(text)) if self.alloc.reg(test.args[1]).is_none() => match *text.as_bytes() {
                [byte] => byte,
                _ => return false,
            },
            _ => return false,
        };
        let (Some(index), Some(text), true) =
            (index, self.alloc.reg(read.args[0]), once(read.result.expand(), test.args[0]) && !self.long)
        else {
            return false;
        };
        // The characters from the first to the last that the comparison holds for.
        let (first, last) = match test.op {
            Op::Eq | Op::Ne => (character, character),
            Op::Le | Op::Gt => (0, character),
            Op::Lt | Op::Ge if character > 0 => (0, character - 1),
            _ => return false,
        };
        let Some((label, sense)) = self.tested(compare, brif, next) else { return false };
        let holds = sense != matches!(test.op, Op::Ne | Op::Gt | Op::Ge);
        let (first, more) = if holds { (first, last - first) } else { (last + 1, u8::MAX - 1 - (last - first)) };
        let opcode = if cell.is_some() { Opcode::quick_cell_test_character } else { Opcode::quick_test_character };
        self.testing(opcode, (text, index, u16::from(first) | u16::from(more) << 8), None, label, get);
        self.without_prefixes(get);
        true
    }

    /// Where the branch on the result of `get`, which nothing else reads, jumps to, and whether it does if that is true.
    fn tested(&mut self, get: Inst, brif: Inst, next: Option<Block>) -> Option<(Label, bool)> {
        let (result, data) = (self.func.insts[get].result.expand()?, &self.func.insts[brif]);
        if data.op != Op::Brif || data.args[0] != result || self.constants.uses(result) != 1 {
            return None;
        }
        let sense = next != Some(data.targets[0].block);
        let label = self.edge_label(brif, usize::from(!sense));
        Some((label, sense))
    }

    fn testing(&mut self, opcode: Opcode, (a, b, c): (u16, u16, u16), further: Option<u16>, label: Label, get: Inst) {
        let (at, span) = (self.asm.here(), self.func.insts[get].span);
        self.asm.op(opcode, 0, a, b, c);
        match further {
            Some(register) => self.asm.register_distance(register),
            None => self.asm.distance(span),
        }
        self.asm.jumps(at, label);
    }
}
