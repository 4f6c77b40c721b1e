//! What an instruction leaves in the registers, on all its ways.

use super::effect;
use super::fact::{Fact, Hold, Loan};
use super::transfer::{CONTENT, Facts, Step, targets};
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{Extra, Opcode, Operand};
use crate::bytecode::program::{Literal, PathWord};
use crate::ir::function::ConstData;
use crate::ir::types::Type;

impl Step<'_> {
    fn constant(&self) -> Fact {
        match self.literal() {
            Some(Literal::Const(constant)) => Fact::constant(constant),
            Some(Literal::Function(_) | Literal::Builtin(_)) => Fact::of(Type::FUNCTION),
            _ => Fact::of(Type::NONE),
        }
    }

    /// The right operand of an operator: a register, an immediate, or a literal.
    pub fn right(&self, operand: Operand, field: u16, before: &Facts) -> Fact {
        match operand {
            Operand::Imm => Fact::constant(&ConstData::Int(i64::from(field as i16))),
            Operand::Src | Operand::View => before.get(field),
            _ => self.constant(),
        }
    }

    /// What the instruction leaves in the registers, on all its ways.
    pub fn effect(&mut self, before: &Facts) {
        use Opcode::*;
        let (a, b, c) = (self.fields.a, self.fields.b, self.fields.c);
        let operands = self.opcode.info().operands;
        let targets = targets(&self.function.code, self.at, self.opcode, self.fields);
        match self.opcode {
            move_value if a == b => {}
            move_value => {
                let fact = before.get(b);
                if fact.hold != Hold::Borrowed && self.state.contains_key(&b) {
                    self.give_up(b);
                }
                let moved = if fact.hold == Hold::Borrowed { fact } else { fact.owned() };
                self.write(a, moved);
            }
            copy_value if a == b => {
                let fact = before.get(a);
                let more = match fact.hold {
                    Hold::Owned(count) => Fact { hold: Hold::Owned(count.saturating_add(1)), ..fact },
                    _ => fact.owned(),
                };
                self.state.insert(a, more);
            }
            copy_value => self.write(a, before.get(b).owned()),
            check_defined => self.goes_on = self.narrow(b, Type(Type::TOP.0 & !Type::UNDEF.0)),
            expect_array => self.goes_on = self.narrow(b, Type::ARRAY),
            expect_dict => self.goes_on = self.narrow(b, Type::DICT),
            jump_if | jump_if_not => {
                let tests = before.get(a).tests;
                self.parts(tests, self.opcode == jump_if, targets[0]);
            }
            jump | jump_tag | jump_not_tag | jump_text | jump_not_text => {
                targets.iter().for_each(|&target| self.goes(target));
            }
            jump_null | jump_not_null => self.parts(Some((a, Type::NULL)), self.opcode == jump_null, targets[0]),
            jump_undef | jump_not_undef => self.parts(Some((a, Type::UNDEF)), self.opcode == jump_undef, targets[0]),
            _ if self.opcode.info().family == "branch" => {
                let (left, right) = (before.get(a), self.right(operands[1], b, before));
                let operator = self.opcode.operator().unwrap_or(BinaryOp::Eq);
                let right_register = (operands[1] == Operand::Src).then_some(b);
                self.compare((operator, !self.opcode.is_negated()), (left, a), (right, right_register), targets[0]);
            }
            _ if self.opcode.info().extra == Extra::Jump && operands[0] == Operand::Mod => {
                let stepped = effect::binary(BinaryOp::Add, before.get(a), self.right(operands[1], b, before));
                self.write(a, stepped);
                let right = self.right(operands[2], c, before);
                let operator = self.opcode.operator().unwrap_or(BinaryOp::Lt);
                // The limit is compared as it was before the step.
                let right_register = (operands[2] == Operand::View && c != a).then_some(c);
                self.compare((operator, true), (stepped, a), (right, right_register), targets[0]);
            }
            iter_next => {
                let without = self.state.clone();
                self.write(c, Fact::of(Type::SMALL_INT));
                self.write(a, Fact::of(before.get(b).element));
                self.goes(targets[0]);
                self.state = without;
            }
            captures_borrow => {
                for index in 0..c {
                    self.write(a + index, Fact::of(self.capture(b + index)).borrowed());
                }
            }
            capture_borrow => self.write(a, Fact::of(self.capture(b)).borrowed()),
            _ => {
                if let Some(fact) = self.result(before) {
                    self.write(a, fact);
                }
            }
        }
    }

    fn capture(&self, index: u16) -> Type {
        self.captures[self.number].get(index as usize).copied().unwrap_or(Type::NONE)
    }

    /// What the instruction writes to register a, if it does.
    fn result(&self, before: &Facts) -> Option<Fact> {
        use Opcode::*;
        let (a, b) = (self.fields.a, self.fields.b);
        let operands = self.opcode.info().operands;
        let of = |ty: Type| Some(Fact::of(ty));
        match self.opcode {
            load | load_counted => Some(self.constant()),
            load_int => Some(Fact::constant(&ConstData::Int(i64::from(self.fields.wide())))),
            closure => of(Type::FUNCTION),
            capture_get => of(self.capture(b)),
            cell_new => of(Type::CELL),
            cell_borrow => {
                let owner = before.get(b).is_owned().then_some(b);
                Some(Fact::of(Type::ANY).lent(Loan::Cell(owner)))
            }
            global_borrow => Some(Fact::of(Type::ANY).lent(Loan::Global(self.fields.wide() as u32))),
            index_borrow | index_borrow_i | index_borrow_k | field_borrow => {
                Some(Fact::of(Type::ANY).lent_by(before.get(b), b))
            }
            cell_peek | global_peek | field_peek | try_unwrap => of(CONTENT),
            is_undef if a != b => Some(Fact { tests: Some((b, Type::UNDEF)), ..Fact::of(Type::BOOL) }),
            is_null if a != b => Some(Fact { tests: Some((b, Type::NULL)), ..Fact::of(Type::BOOL) }),
            is_done if a != b => Some(Fact { tests: Some((b, Type::DONE)), ..Fact::of(Type::BOOL) }),
            truthy | is_undef | is_null | is_done | is_tag | is_text => of(Type::BOOL),
            not => Some(effect::binary(BinaryOp::Eq, before.get(b), before.get(b))),
            neg => Some(effect::negated(before.get(b))),
            format => of(Type::STRING),
            part_count | iter_step => of(Type::SMALL_INT),
            iter_open => Some(Fact::loop_state(effect::element(before.get(b).ty))),
            iter_take => of(before.get(b).element.union(Type::DONE)),
            range_bound => {
                let source = before.get(b);
                let range = if source.ty.is_subset(Type::INT) { source.range } else { (i64::MIN, i64::MAX) };
                Some(Fact::with_range(Type::INT, range))
            }
            array_new | array_rest => of(Type::ARRAY),
            dict_new => of(Type::DICT),
            struct_new => of(Type::STRUCT),
            caught => of(Type::STRUCT.union(Type::NULL)),
            tagged_new => of(Type::OTHER),
            array_push | array_push_k => of(Type::ARRAY),
            set_index | set_index_k | set_field | set_path => Some(before.get(a).narrowed(Type::CONTAINER).owned()),
            update_path if PathWord::decode(self.function.code[self.at + 2]).kinds != 1 => {
                Some(before.get(a).narrowed(Type::CONTAINER).owned())
            }
            update_path => of(Type::ANY),
            vacate | restore => Some(before.get(a).owned()),
            array_extend | array_spread | dict_extend | dict_spread | dict_without | struct_fill => {
                Some(before.get(a).owned())
            }
            _ if self.opcode.operator().is_some() => {
                let right = self.right(operands[2], self.fields.c, before);
                self.opcode.operator().map(|operator| effect::binary(operator, before.get(b), right))
            }
            _ if operands[0] == Operand::Dst => of(Type::ANY),
            _ => None,
        }
    }

    /// Leaves only some kinds for what is in a register; whether any is left.
    pub fn narrow(&mut self, register: u16, kinds: Type) -> bool {
        let Some(fact) = self.state.get_mut(&register) else { return true };
        *fact = fact.narrowed(kinds);
        fact.ty != Type::NONE
    }

    /// A test for kinds: what is in the register where control jumps to, and where it does not. No value goes where none is left.
    fn parts(&mut self, tests: Option<(u16, Type)>, jumps: bool, target: usize) {
        let Some((register, kind)) = tests else { return self.goes(target) };
        let others = Type(Type::TOP.0 & !kind.0);
        let (there, here) = if jumps { (kind, others) } else { (others, kind) };
        let before = self.state.clone();
        if self.narrow(register, there) {
            self.goes(target);
        }
        self.state = before;
        self.goes_on = self.narrow(register, here);
    }

    /// A comparison that jumps if it comes out as `holds`.
    fn compare(
        &mut self,
        (operator, holds): (BinaryOp, bool),
        (left, left_register): (Fact, u16),
        (right, right_register): (Fact, Option<u16>),
        target: usize,
    ) {
        let before = self.state.clone();
        for (outcome, jumps) in [(holds, true), (!holds, false)] {
            self.state = before.clone();
            let (new_left, new_right) = effect::compared(operator, outcome, left, right);
            let known = [(Some(left_register), new_left), (right_register, new_right)];
            for (register, fact) in known {
                // Where it was given up, it stays so.
                if let Some(known) = register.and_then(|register| self.state.get_mut(&register)) {
                    *known = Fact { hold: known.hold, ..fact }.narrowed(Type::TOP);
                }
            }
            if jumps {
                self.goes(target);
            }
        }
    }
}
