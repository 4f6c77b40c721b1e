//! Literal words: each is of the kind its opcode reads (BC003), and what it names exists (BC004).

use super::Checker;
use crate::bytecode::op::{Fields, Opcode};
use crate::bytecode::program::Literal;
use crate::ir::function::ConstData;
use crate::regalloc::WINDOW_HEADER;

impl Checker<'_> {
    /// The literal of a case is an int or a string.
    pub(super) fn case(&mut self, at: usize, opcode: Opcode, word: usize) {
        let literals = &self.function.literals;
        let found = literals.binary_search_by_key(&(word as u32), |literal| literal.0).ok();
        let literal = found.map(|found| &literals[found].1);
        let right = match literal {
            Some(Literal::Const(ConstData::Int(_) | ConstData::Str(_))) => opcode == Opcode::quick_switch,
            Some(Literal::Tag(_)) => opcode == Opcode::quick_switch_tag,
            _ => false,
        };
        if !right {
            self.fail("BC004", at, "a case that is no int or string, or no tag");
        }
    }

    pub(super) fn literal(&mut self, at: usize, opcode: Opcode) {
        let literals = &self.function.literals;
        let found =
            literals.binary_search_by_key(&(at as u32 + 2), |literal| literal.0).map(|found| &literals[found].1);
        let Ok(literal) = found else { return };
        let function = |number: u32| self.program.functions.get(number as usize);
        let right = match (opcode, literal) {
            (Opcode::quick_call_add, Literal::Entry(_)) => {
                // It stands before the arithmetic and the direct call it does at once, and returns behind that call.
                let word = |word: usize| self.function.code.get(word).map(|&word| Fields::decode(word));
                let (fields, call) = (word(at + 1), word(at + 6));
                let argument =
                    fields.map_or(0, |fields| (fields.c >> 8) as u32 + WINDOW_HEADER as u32 + fields.a as u32);
                if argument >= self.function.frame_size {
                    self.fail("BC002", at, "the argument leaves the frame");
                }
                call.is_some_and(|call| {
                    Opcode::from_word(call.op) == Some(Opcode::call_direct)
                        && Some(call.a) == fields.map(|fields| fields.a)
                }) && literals
                    .binary_search_by_key(&(at as u32 + 7), |literal| literal.0)
                    .is_ok_and(|found| literals[found].1 == *literal)
            }
            (Opcode::call_direct, Literal::Entry(number)) => {
                if function(*number).is_none_or(|callee| callee.captures > 0) {
                    return self.fail("BC004", at, "a direct call to no such function");
                }
                let arguments = function(*number).map_or(0, |callee| callee.arity as u32);
                let window = Fields::decode(self.function.code[at + 1]).a as u32;
                if window + WINDOW_HEADER as u32 + arguments > self.function.frame_size {
                    self.fail("BC002", at, "the window leaves the frame");
                }
                true
            }
            (Opcode::closure, Literal::Function(number)) => {
                let count = Fields::decode(self.function.code[at + 1]).c;
                if function(*number).is_none_or(|callee| callee.captures != count) {
                    return self.fail("BC004", at, "a closure of no such function");
                }
                true
            }
            (Opcode::tagged_new, Literal::Tag(tag)) => match (&**tag, Fields::decode(self.function.code[at + 1]).c) {
                ("Ok" | "Err" | "Some", count) => count == 1,
                ("None", count) => count == 0,
                _ => true,
            },
            (Opcode::is_tag | Opcode::jump_tag | Opcode::jump_not_tag, Literal::Tag(_)) => true,
            (Opcode::tagged_new | Opcode::is_tag | Opcode::jump_tag | Opcode::jump_not_tag, _) => false,
            (Opcode::struct_new, Literal::Shape(words)) => {
                let fields = Fields::decode(self.function.code[at + 1]).c as usize;
                words.split(' ').count() == fields + 1
            }
            (Opcode::struct_declare, Literal::Const(ConstData::Str(words))) => {
                let members = Fields::decode(self.function.code[at + 1]).c as usize;
                words.split(' ').count() == members + 1
            }
            (Opcode::struct_new | Opcode::struct_declare, _) | (_, Literal::Shape(_)) => false,
            (Opcode::call_direct | Opcode::quick_call_add | Opcode::closure, _) | (_, Literal::Entry(_)) => false,
            (Opcode::load, Literal::Function(number)) => {
                if function(*number).is_none_or(|callee| callee.captures > 0) {
                    return self.fail("BC004", at, "no such function");
                }
                true
            }
            (Opcode::load | Opcode::set_index_k | Opcode::array_push_k, Literal::Const(constant)) => {
                !constant.ty().may_be_counted()
            }
            (Opcode::load, Literal::Builtin(_)) => true,
            (
                Opcode::raise
                | Opcode::check_defined
                | Opcode::cell_get
                | Opcode::cell_borrow
                | Opcode::field_get
                | Opcode::field_borrow
                | Opcode::field_peek
                | Opcode::set_field
                | Opcode::field_get_optional
                | Opcode::is_text
                | Opcode::jump_text
                | Opcode::jump_not_text
                | Opcode::dict_without
                | Opcode::call_method,
                literal,
            ) => matches!(literal, Literal::Const(ConstData::Str(_))),
            (_, Literal::Const(_)) => true,
            _ => false,
        };
        if !right {
            self.fail("BC003", at, "a literal of the wrong kind");
        }
    }
}
