//! Instruction selection: the arm that turns each IR instruction into bytecode.

use super::constants::{Operand, is_binary, is_single_field, is_single_index, path};
use super::emit::{Emitter, OPERATOR_WINDOW};
use super::op::{DROP_FIRST, DROP_LISTED, DROP_SECOND, Opcode};
use super::program::{CACHE_WORDS, Literal, PathDescription, PathStep};
use crate::ir::entities::{Block, Inst};
use crate::ir::function::{ConstData, Step};
use crate::ir::inst::{Imm, Op};
use crate::regalloc::Window;
use crate::regalloc::suspend::Kept;

impl Emitter<'_> {
    /// Emits one instruction that is not part of a fused branch.
    pub(super) fn instruction(&mut self, inst: Inst, next: Option<Block>) {
        let data = &self.func.insts[inst];
        let op = data.op;
        match op {
            Op::Const => {
                if let Imm::Const(constant) = data.imm {
                    let to = self.dst(inst);
                    self.load(to, &self.func.consts[constant].clone());
                }
            }
            Op::Func | Op::Builtin => {
                let to = self.dst(inst);
                self.asm.op(Opcode::load, 0, to, 0, 0);
                self.asm.literal(match data.imm {
                    Imm::Func(function) => Literal::Function(function.as_u32()),
                    Imm::Builtin(builtin) => Literal::Builtin(builtin),
                    _ => Literal::Const(ConstData::Null),
                });
            }
            Op::Closure => {
                let (to, count) = (self.dst(inst), data.args.len() as u16);
                self.asm.op(Opcode::closure, 0, to, 0, count);
                if let Imm::Func(function) = data.imm {
                    self.asm.literal(Literal::Function(function.as_u32()));
                }
                self.operand_list(inst, 0);
            }
            Op::CaptureGet => {
                let (to, index) = (self.dst(inst), self.index(inst));
                let opcode = if self.is_borrowed(inst) { Opcode::capture_borrow } else { Opcode::capture_get };
                self.asm.op(opcode, 0, to, index, 0);
            }
            Op::CellNew => self.unary(inst, Opcode::cell_new),
            Op::CellGet if self.is_borrowed(inst) => self.unary_with_text(inst, Opcode::cell_borrow),
            Op::CellGet => self.unary_with_text(inst, Opcode::cell_get),
            Op::CellPeek => self.unary(inst, Opcode::cell_peek),
            Op::CellSet => {
                let (cell, value) = (self.arg(inst, 0), self.arg(inst, 1));
                self.asm.op(Opcode::cell_set, 0, cell, value, 0);
            }
            Op::GlobalGet if self.is_borrowed(inst) => self.global(inst, Opcode::global_borrow),
            Op::GlobalGet => self.global(inst, Opcode::global_get),
            Op::GlobalPeek => self.global(inst, Opcode::global_peek),
            Op::GlobalSet => {
                let (value, slot) = (self.arg(inst, 0), self.global_slot(inst));
                self.asm.op(Opcode::global_set, 0, value, slot as u16, (slot >> 16) as u16);
            }
            Op::IsUndef => self.unary(inst, Opcode::is_undef),
            Op::CheckDefined => {
                let (value, at) = (self.arg(inst, 0), self.asm.here());
                self.asm.op(Opcode::check_defined, 0, 0, value, 0);
                self.asm.literal(self.text(data.imm));
                self.unwind(inst, at);
            }
            op if is_binary(op) => self.binary(inst),
            Op::Neg => self.unary(inst, Opcode::neg),
            Op::Not => self.unary(inst, Opcode::not),
            Op::Truthy => self.unary(inst, Opcode::truthy),
            Op::IsNull => self.unary(inst, Opcode::is_null),
            Op::IsDone => self.unary(inst, Opcode::is_done),
            Op::Format => self.listed(inst, Opcode::format),
            Op::ArrayNew => self.listed(inst, Opcode::array_new),
            Op::DictNew => self.listed(inst, Opcode::dict_new),
            Op::ArrayExtend => self.extended(inst, Opcode::array_extend),
            Op::DictExtend => self.extended(inst, Opcode::dict_extend),
            Op::ArrayPush => self.push(inst),
            Op::ArraySpread => self.updated(inst, Opcode::array_spread),
            Op::DictSpread => self.updated(inst, Opcode::dict_spread),
            Op::IndexGet => self.index_get(inst),
            Op::StructNew => {
                let (to, count, at) = (self.dst(inst), data.args.len() as u16, self.asm.here());
                self.asm.op(Opcode::struct_new, 0, to, 0, count);
                if let Literal::Const(ConstData::Str(words)) = self.text(data.imm) {
                    self.asm.literal(Literal::Shape(words));
                }
                self.operand_list(inst, 0);
                self.unwind(inst, at);
            }
            Op::StructFill => {
                let (object, at) = (self.arg(inst, 0), self.asm.here());
                self.asm.op(Opcode::struct_fill, 0, object, 0, 0);
                self.unwind(inst, at);
            }
            Op::StructDeclare => {
                let (count, at) = (data.args.len() as u16, self.asm.here());
                self.asm.op(Opcode::struct_declare, 0, 0, 0, count);
                self.asm.literal(self.text(data.imm));
                self.operand_list(inst, 0);
                self.unwind(inst, at);
            }
            Op::FieldPeek => self.unary_with_text(inst, Opcode::field_peek),
            Op::FieldGet | Op::FieldGetOptional => {
                let (to, object, at) = (self.dst(inst), self.arg(inst, 0), self.asm.here());
                let opcode = match data.op {
                    Op::FieldGetOptional => Opcode::field_get_optional,
                    _ if self.is_borrowed(inst) => Opcode::field_borrow,
                    _ => Opcode::field_get,
                };
                self.asm.op(opcode, 0, to, object, 0);
                self.asm.cached(self.text(data.imm));
                self.unwind(inst, at);
            }
            Op::SetPath if is_single_index(path(self.func, inst)) => self.set_index(inst),
            Op::SetPath if is_single_field(path(self.func, inst)) => self.set_field(inst),
            Op::SetPath => self.path_instruction(inst, Opcode::set_path),
            Op::UpdatePath => self.path_instruction(inst, Opcode::update_path),
            Op::CellSetPath => self.path_instruction(inst, Opcode::cell_set_path),
            Op::CellUpdatePath => self.path_instruction(inst, Opcode::cell_update_path),
            Op::GlobalSetPath => self.path_instruction(inst, Opcode::global_set_path),
            Op::GlobalUpdatePath => self.path_instruction(inst, Opcode::global_update_path),
            Op::Vacate => self.path_instruction(inst, Opcode::vacate),
            Op::CellVacate => self.path_instruction(inst, Opcode::cell_vacate),
            Op::GlobalVacate => self.path_instruction(inst, Opcode::global_vacate),
            Op::Restore => self.path_instruction(inst, Opcode::restore),
            Op::CellRestore => self.path_instruction(inst, Opcode::cell_restore),
            Op::GlobalRestore => self.path_instruction(inst, Opcode::global_restore),
            Op::Call | Op::CallDirect | Op::CallMethod => self.call(inst),
            Op::CallBuiltin => {
                let (to, count, at) = (self.dst(inst), data.args.len() as u16, self.asm.here());
                let row = if let Imm::Builtin(builtin) = data.imm { builtin.0 } else { u16::MAX };
                self.asm.op(Opcode::call_builtin, 0, to, row, count);
                self.operand_list(inst, 0);
                self.unwind(inst, at);
            }
            Op::TaggedNew => {
                let (to, count) = (self.dst(inst), data.args.len() as u16);
                self.asm.op(Opcode::tagged_new, 0, to, 0, count);
                self.asm.literal(self.tag(data.imm));
                self.operand_list(inst, 0);
            }
            Op::IsTag => {
                let (to, value) = (self.dst(inst), self.arg(inst, 0));
                self.asm.op(Opcode::is_tag, 0, to, value, 0);
                self.asm.literal(self.tag(data.imm));
            }
            Op::IsText => self.unary_with_text(inst, Opcode::is_text),
            Op::PartGet => self.indexed(inst, Opcode::part_get),
            Op::ArrayRest => self.indexed(inst, Opcode::array_rest),
            Op::PartCount => self.unary(inst, Opcode::part_count),
            Op::TryUnwrap => self.unary(inst, Opcode::try_unwrap),
            Op::ExpectArray => self.expect(inst, Opcode::expect_array),
            Op::ExpectDict => self.expect(inst, Opcode::expect_dict),
            Op::DictWithout => {
                let target = self.arg(inst, 0);
                self.asm.op(Opcode::dict_without, 0, target, 0, 0);
                self.asm.literal(self.text(data.imm));
            }
            Op::IterOpen => self.unary(inst, Opcode::iter_open),
            Op::IterNext => {
                let (to, at) = (self.dst(inst), self.asm.here());
                self.asm.op(Opcode::iter_take, 0, to, self.arg(inst, 0), self.arg(inst, 1));
                self.unwind(inst, at);
            }
            Op::IterStep => self.unary(inst, Opcode::iter_step),
            Op::RangeBound => self.unary(inst, Opcode::range_bound),
            Op::GeneratorStart => {
                let most = self.alloc.suspended.values().map(Kept::count).max().unwrap_or(0);
                let kept = self.alloc.kept(inst).unwrap_or_default();
                let frame = self.alloc.frame_size + OPERATOR_WINDOW;
                self.asm.op(Opcode::generator_start, 0, most, frame, kept.len() as u16);
                self.asm.list(&kept);
            }
            Op::Yield => {
                let (value, at) = (self.arg(inst, 0), self.asm.here());
                match self.alloc.suspended.get(&inst) {
                    Some(&Kept::Many(list, _)) => {
                        self.asm.op(Opcode::yield_many, 0, value, 0, 0);
                        self.asm.unwind(at, list, None);
                    }
                    _ => {
                        let kept = self.alloc.kept(inst).unwrap_or_default();
                        self.asm.op(Opcode::yield_value, 0, value, 0, kept.len() as u16);
                        self.asm.list(&kept);
                    }
                }
            }
            Op::AsyncStart => {
                self.asm.op(Opcode::async_start, 0, 0, 0, 0);
                // Tasks begin here.
                let parameters = self.parameters();
                let parameters = self.asm.list_of(&parameters);
                self.asm.point(parameters);
            }
            Op::Await => self.unary(inst, Opcode::await_value),
            Op::Spawn => {
                let (closure, at) = (self.arg(inst, 0), self.asm.here());
                self.asm.op(Opcode::spawn, 0, closure, 0, 0);
                self.unwind(inst, at);
            }
            Op::Caught => {
                let to = self.dst(inst);
                self.asm.op(Opcode::caught, 0, to, 0, 0);
            }
            Op::Copy => self.copy(inst),
            Op::Drop => {
                if let Some(register) = self.alloc.reg(data.args[0]) {
                    self.asm.op(Opcode::drop_value, 0, register, 0, 0);
                }
            }
            Op::Jump => self.jump(inst, next),
            Op::Return => self.leave(inst),
            Op::Throw => {
                let (value, at) = (self.arg(inst, 0), self.asm.here());
                self.asm.op(Opcode::throw, 0, value, 0, 0);
                self.unwind(inst, at);
            }
            Op::ImportCycle => {
                let at = self.asm.here();
                self.asm.op(Opcode::import_cycle, 0, 0, 0, 0);
                self.asm.literal(self.text(data.imm));
                self.unwind(inst, at);
            }
            Op::Resume => {
                let at = self.asm.here();
                self.asm.op(Opcode::resume, 0, 0, 0, 0);
                self.unwind(inst, at);
            }
            Op::Raise => {
                let at = self.asm.here();
                self.asm.op(Opcode::raise, 0, 0, 0, 0);
                self.asm.literal(self.text(data.imm));
                self.unwind(inst, at);
            }
            _ => unreachable!("{} is selected above or starts a branch", op.info().name),
        }
    }

    /// Borrowed captures in a row, to registers in a row: one instruction. How many there are, if there are several.
    pub(super) fn captures(&mut self, insts: &[Inst]) -> Option<usize> {
        let place = |&inst: &Inst| {
            let data = &self.func.insts[inst];
            let val =
                data.result.expand().filter(|&val| data.op == Op::CaptureGet && self.func.borrowed.contains(val))?;
            Some((self.alloc.reg(val)?, self.index(inst)))
        };
        let (register, index) = place(insts.first()?)?;
        let follows = |&(n, inst): &(usize, &Inst)| place(inst) == Some((register + n as u16, index + n as u16));
        let count = insts.iter().enumerate().take_while(follows).count();
        if count < 2 {
            return None;
        }
        self.asm.op(Opcode::captures_borrow, 0, register, index, count as u16);
        Some(count)
    }

    /// Whether the result is borrowed.
    fn is_borrowed(&self, inst: Inst) -> bool {
        self.func.insts[inst].result.expand().is_some_and(|val| self.func.borrowed.contains(val))
    }

    /// The register of operand `index`.
    fn arg(&self, inst: Inst, index: usize) -> u16 {
        self.reg(self.func.insts[inst].args[index])
    }

    fn index(&self, inst: Inst) -> u16 {
        match self.func.insts[inst].imm {
            Imm::Index(index) => index as u16,
            _ => 0,
        }
    }

    fn global_slot(&self, inst: Inst) -> u32 {
        match self.func.insts[inst].imm {
            Imm::Global(global) => global.as_u32(),
            _ => 0,
        }
    }

    fn global(&mut self, inst: Inst, op: Opcode) {
        let (to, slot, at) = (self.dst(inst), self.global_slot(inst), self.asm.here());
        self.asm.op(op, 0, to, slot as u16, (slot >> 16) as u16);
        self.unwind(inst, at);
    }

    fn unary(&mut self, inst: Inst, op: Opcode) {
        let (to, value, at) = (self.dst(inst), self.arg(inst, 0), self.asm.here());
        self.asm.op(op, self.drop_flag(inst, 0, DROP_FIRST), to, value, 0);
        self.unwind(inst, at);
    }

    fn indexed(&mut self, inst: Inst, op: Opcode) {
        let (to, value, index) = (self.dst(inst), self.arg(inst, 0), self.index(inst));
        self.asm.op(op, 0, to, value, index);
    }

    fn expect(&mut self, inst: Inst, op: Opcode) {
        let (value, at) = (self.arg(inst, 0), self.asm.here());
        self.asm.op(op, 0, 0, value, 0);
        self.unwind(inst, at);
    }

    fn unary_with_text(&mut self, inst: Inst, op: Opcode) {
        let (to, value, at) = (self.dst(inst), self.arg(inst, 0), self.asm.here());
        self.asm.op(op, 0, to, value, 0);
        self.asm.literal(self.text(self.func.insts[inst].imm));
        self.unwind(inst, at);
    }

    fn binary(&mut self, inst: Inst) {
        let data = &self.func.insts[inst];
        let name = data.op.info().name;
        let opcode = |suffix: &str| Opcode::from_parts(&[name, suffix]).expect("an opcode for each operator");
        let flags = self.drop_flag(inst, 0, DROP_FIRST);
        let (to, left, at) = (self.dst(inst), self.arg(inst, 0), self.asm.here());
        match self.operand_or_immediate(inst, 1) {
            Operand::Immediate(number) => self.asm.op(opcode("_i"), flags, to, left, number),
            Operand::Literal(constant) => {
                self.asm.op(opcode("_k"), flags, to, left, 0);
                self.asm.literal(Literal::Const(constant));
            }
            Operand::Register { register, dies } => {
                let flags = if dies { flags | DROP_SECOND } else { flags };
                self.asm.op(opcode(""), flags, to, left, register);
            }
        }
        self.unwind(inst, at);
    }

    /// The operands from `first` on as a register list, with their drop flags.
    fn operand_list(&mut self, inst: Inst, first: usize) {
        let registers: Vec<u16> = (first..self.func.insts[inst].args.len())
            .map(|index| self.arg(inst, index) | self.drop_flag(inst, index, DROP_LISTED))
            .collect();
        self.asm.list(&registers);
    }

    fn listed(&mut self, inst: Inst, op: Opcode) {
        let (to, count, at) = (self.dst(inst), self.func.insts[inst].args.len() as u16, self.asm.here());
        self.asm.op(op, 0, to, 0, count);
        self.operand_list(inst, 0);
        self.unwind(inst, at);
    }

    fn extended(&mut self, inst: Inst, op: Opcode) {
        let (target, count, at) = (self.arg(inst, 0), self.func.insts[inst].args.len() as u16 - 1, self.asm.here());
        self.asm.op(op, 0, target, 0, count);
        self.operand_list(inst, 1);
        self.unwind(inst, at);
    }

    fn push(&mut self, inst: Inst) {
        match self.operand(inst, 1) {
            Operand::Literal(constant) => {
                let (target, at) = (self.arg(inst, 0), self.asm.here());
                self.asm.op(Opcode::array_push_k, 0, target, 0, 0);
                self.asm.literal(Literal::Const(constant));
                self.unwind(inst, at);
            }
            _ => self.updated(inst, Opcode::array_push),
        }
    }

    fn updated(&mut self, inst: Inst, op: Opcode) {
        let (target, value, at) = (self.arg(inst, 0), self.arg(inst, 1), self.asm.here());
        self.asm.op(op, self.drop_flag(inst, 1, DROP_FIRST), target, value, 0);
        self.unwind(inst, at);
    }

    fn index_get(&mut self, inst: Inst) {
        let (to, container, at) = (self.dst(inst), self.arg(inst, 0), self.asm.here());
        let [plain, immediate, literal] = if self.is_borrowed(inst) {
            [Opcode::index_borrow, Opcode::index_borrow_i, Opcode::index_borrow_k]
        } else {
            [Opcode::index_get, Opcode::index_get_i, Opcode::index_get_k]
        };
        match self.operand_or_immediate(inst, 1) {
            Operand::Immediate(number) => self.asm.op(immediate, 0, to, container, number),
            Operand::Literal(constant) => {
                self.asm.op(literal, 0, to, container, 0);
                self.asm.literal(Literal::Const(constant));
            }
            Operand::Register { register, dies } => {
                self.asm.op(plain, if dies { DROP_FIRST } else { 0 }, to, container, register);
            }
        }
        self.unwind(inst, at);
    }

    fn set_index(&mut self, inst: Inst) {
        let (root, key, at) = (self.arg(inst, 0), self.arg(inst, 2), self.asm.here());
        let flags = self.drop_flag(inst, 2, DROP_FIRST);
        match self.operand(inst, 1) {
            Operand::Literal(constant) => {
                self.asm.op(Opcode::set_index_k, flags, root, key, 0);
                self.asm.literal(Literal::Const(constant));
            }
            _ => {
                let value = self.arg(inst, 1);
                self.asm.op(Opcode::set_index, flags, root, key, value);
            }
        }
        self.unwind(inst, at);
    }

    fn set_field(&mut self, inst: Inst) {
        let (root, value, at) = (self.arg(inst, 0), self.arg(inst, 1), self.asm.here());
        self.asm.op(Opcode::set_field, 0, root, value, 0);
        if let [Step::Field(name)] = path(self.func, inst).steps[..] {
            self.asm.cached(self.text(Imm::Const(name)));
        }
        self.unwind(inst, at);
    }

    fn path_instruction(&mut self, inst: Inst, op: Opcode) {
        let data = path(self.func, inst);
        let text = |constant| match &self.func.consts[constant] {
            ConstData::Str(text) => text.clone(),
            _ => "".into(),
        };
        let steps = data.steps.iter().map(|step| match *step {
            Step::Index => PathStep::Index,
            Step::Field(name) => PathStep::Field(text(name)),
        });
        let description = PathDescription {
            name: text(data.name),
            global: data.global.map(|global| global.as_u32()),
            steps: steps.collect(),
            update: data.update,
        };
        let Some(word) = self.paths.number(description) else {
            self.overflow = Some("the program has too many different assignment paths");
            return;
        };
        let has_root = data.global.is_none();
        let root = if has_root { self.arg(inst, 0) } else { 0 };
        let (count, at) = (self.func.insts[inst].args.len() as u16 - has_root as u16, self.asm.here());
        let length = op.length(count as usize) + CACHE_WORDS * word.fields();
        let Ok(length) = u16::try_from(length) else {
            self.overflow = Some("an assignment has too many operands");
            return;
        };
        self.asm.op(op, 0, root, length, count);
        self.asm.words(&[word.encode()]);
        self.operand_list(inst, has_root as usize);
        for step in path(self.func, inst).steps.iter().rev() {
            if let Step::Field(name) = *step {
                self.asm.cached(self.text(Imm::Const(name)));
            }
        }
        self.asm.later(at, &path(self.func, inst).later);
        self.asm.places(at, &path(self.func, inst).places);
        self.unwind(inst, at);
    }

    fn call(&mut self, inst: Inst) {
        let window = self.alloc.window(inst).cloned().unwrap_or_else(Window::default);
        self.moves(&window.moves_before);
        let data = &self.func.insts[inst];
        let (count, at) = (data.args.len() as u16, self.asm.here());
        match (data.op, data.imm) {
            (Op::CallDirect, Imm::Func(function)) => {
                self.asm.op(Opcode::call_direct, 0, window.base, 0, 0);
                self.asm.literal(Literal::Entry(function.as_u32()));
            }
            (Op::CallMethod, _) => {
                self.asm.op(Opcode::call_method, 0, window.base, count, 0);
                self.asm.cached(self.text(data.imm));
            }
            _ => self.asm.op(Opcode::call, 0, window.base, count - 1, 0),
        }
        self.unwind(inst, at);
        if let Some(step) = window.result_move {
            self.moves(&[step]);
        }
    }

    fn copy(&mut self, inst: Inst) {
        let to = self.dst(inst);
        match self.operand(inst, 0) {
            Operand::Literal(constant) => self.load(to, &constant),
            _ => {
                let from = self.arg(inst, 0);
                self.asm.op(Opcode::copy_value, 0, to, from, 0);
            }
        }
    }

    fn leave(&mut self, inst: Inst) {
        let closure = self.func.captures > 0;
        match self.operand(inst, 0) {
            Operand::Literal(constant) => {
                let op = if closure { Opcode::return_closure_literal } else { Opcode::return_literal };
                self.asm.op(op, 0, 0, 0, 0);
                self.asm.literal(Literal::Const(constant));
            }
            _ => {
                let op = if closure { Opcode::return_closure } else { Opcode::return_value };
                let value = self.arg(inst, 0);
                self.asm.op(op, 0, value, 0, 0);
            }
        }
    }
}
