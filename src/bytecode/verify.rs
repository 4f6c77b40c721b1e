//! The verifier: what the machine relies on when it runs code unchecked. Rules are numbered; `design/bytecode.md` lists them.

use super::op::{DROP_FIRST, DROP_LISTED, Extra, Fields, Opcode, Operand};
use super::program::{FunctionCode, Literal, NO_LANDING, PathStep, Program};
use crate::ir::function::{ConstData, UpdateOp};
use crate::regalloc::WINDOW_HEADER;
use std::collections::BTreeSet;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule, `BC001`...
    pub rule: &'static str,
    /// The function's number.
    pub function: usize,
    /// The word.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

/// The rules, by number.
pub const RULES: &[(&str, &str)] = &[
    ("BC001", "the op word names an opcode, and the instruction ends inside the code"),
    ("BC002", "registers are below the frame size; a call window has room for its links and arguments"),
    ("BC003", "every literal word has exactly one literal of the kind its opcode reads"),
    ("BC004", "functions named by literals exist; direct calls go to functions that capture nothing"),
    ("BC005", "globals, captured values and paths exist"),
    ("BC006", "jump targets and landings are instructions of the same function"),
    ("BC007", "the code ends with an instruction that does not fall through"),
    ("BC008", "unwind entries stand at instructions, ascend, and list registers of the frame; every call has one"),
    ("BC009", "parameters fit the frame; a function with captures leaves by the closure returns and no other does"),
    (
        "BC010",
        "a path instruction lists its operand, a key for each index step, more only if its update takes it; a global's names it",
    ),
    (
        "BC011",
        "a generator or async function starts as one, and only it does; a generator has room for all a yield keeps",
    ),
    (
        "BC012",
        "a function whose operators may call methods has one `finish_operator`, which only they lead to; cache words are zero",
    ),
    (
        "BC013",
        "points ascend, stand at instructions and list registers of the frame; the start of the code is one, and what a jump or landing leads back to",
    ),
];

/// Checks a program.
///
/// # Errors
/// Every violation found.
pub fn verify(program: &Program) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    if program.functions.is_empty() {
        violations.push(Violation { rule: "BC004", function: 0, at: 0, message: "no function".into() });
    }
    for (number, function) in program.functions.iter().enumerate() {
        Checker { program, function, number, violations: &mut violations }.check();
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

struct Checker<'a> {
    program: &'a Program,
    function: &'a FunctionCode,
    number: usize,
    violations: &'a mut Vec<Violation>,
}

impl Checker<'_> {
    fn fail(&mut self, rule: &'static str, at: usize, message: impl Into<String>) {
        self.violations.push(Violation { rule, function: self.number, at, message: message.into() });
    }

    fn check(&mut self) {
        let code = &self.function.code;
        let mut starts = BTreeSet::new();
        let mut literal_words = BTreeSet::new();
        let mut jumps = Vec::new();
        let mut calls = Vec::new();
        let mut at = 0;
        let mut overloads = false;
        let mut falls_through = true;
        if self.function.arity as u32 > self.function.frame_size {
            self.fail("BC009", 0, "parameters outside the frame");
        }
        while at < code.len() {
            starts.insert(at);
            let Some((fields, opcode)) = code.get(at + 1).map(|&word| Fields::decode(word)).and_then(|fields| {
                let opcode = Opcode::from_word(fields.op)?;
                Some((fields, opcode))
            }) else {
                return self.fail("BC001", at, "no opcode");
            };
            let length = opcode.length(fields.count(opcode));
            if at + length > code.len() || opcode.is_stub() {
                return self.fail("BC001", at, "the instruction does not end inside the code");
            }
            self.operands(at, opcode, fields, &mut jumps);
            if opcode.info().extra == Extra::Jump {
                jumps.push((at, (at as i64).wrapping_add(code[at + 2] as i64)));
            }
            if opcode.info().extra == Extra::Table {
                let target = |word: usize| (at as i64).wrapping_add(code[word] as i64);
                jumps.push((at, target(at + 2)));
                for case in (at + 3..at + length).step_by(2) {
                    jumps.push((at, target(case + 1)));
                    literal_words.insert(case);
                    self.case(at, opcode, case);
                }
            }
            if opcode.info().extra == Extra::Class {
                jumps.extend([at + 2, at + 3].map(|word| (at, (at as i64).wrapping_add(code[word] as i64))));
            }
            if opcode.info().extra == Extra::RegisterJump {
                jumps.push((at, at as i64 + (code[at + 2] as i64 >> 16)));
                self.register(at, code[at + 2] as u16);
            }
            if let Some(skipped) = opcode.skipped().or(opcode.skipped_by_test()) {
                jumps.push((at, (at + skipped) as i64));
            }
            if matches!(opcode, Opcode::quick_return_lt_i | Opcode::quick_return_le_i | Opcode::quick_return_eq_i) {
                jumps.push((at, at as i64 + if fields.op & DROP_FIRST == 0 { 6 } else { 8 }));
            }
            if opcode == Opcode::quick_call_add && code.get(at + 8).is_none() {
                self.fail("BC007", at, "nothing to return to");
            }
            if opcode.info().extra == Extra::Cached && code[at + 3..at + 5] != [0, 0] {
                self.fail("BC012", at, "a cache word that is not zero");
            }
            if opcode == Opcode::finish_operator
                && (falls_through || self.function.finish != Some(at as u32) || fields.a == 0)
            {
                self.fail("BC012", at, "control may get to finish_operator");
            }
            if opcode.skips_path() {
                jumps.push((at, at as i64 + Opcode::quick_add_field.length(0) as i64 + 3));
            }
            let follows = |at: usize| code.get(at + 1).and_then(|&word| Opcode::from_word(Fields::decode(word).op));
            if matches!(opcode, Opcode::quick_index_field | Opcode::quick_has_index_field)
                && (!matches!(follows(at + 3), Some(Opcode::index_get | Opcode::index_get_i))
                    || follows(at + 5) != Some(Opcode::field_get))
            {
                self.fail("BC012", at, "no cache to look into");
            }
            overloads |= opcode.may_call_method();
            if matches!(opcode.info().extra, Extra::Literal | Extra::LiteralList | Extra::Cached) {
                literal_words.insert(at + 2);
                self.literal(at, opcode);
            }
            if matches!(opcode, Opcode::call | Opcode::call_direct | Opcode::call_method) {
                calls.push(at);
            }
            if matches!(opcode, Opcode::generator_start | Opcode::async_start | Opcode::yield_value) {
                self.suspension(at, opcode, fields);
            }
            falls_through = !opcode.ends();
            at += length;
        }
        if falls_through {
            self.fail("BC007", code.len(), "control runs off the end");
        }
        self.points(&starts);
        for (at, target) in jumps {
            self.leads_to(at, target);
            if usize::try_from(target).ok().is_none_or(|target| !starts.contains(&target)) {
                self.fail("BC006", at, format!("jump to word {target}"));
            }
            if self.function.finish.is_some_and(|finish| finish as i64 == target) {
                self.fail("BC012", at, "a jump to finish_operator");
            }
        }
        let finish = self.function.finish.map(|finish| finish as usize);
        let is_finish = |at: usize| {
            let word = code.get(at + 1).copied().unwrap_or_default();
            starts.contains(&at) && Opcode::from_word(Fields::decode(word).op) == Some(Opcode::finish_operator)
        };
        if (overloads && finish.is_none()) || finish.is_some_and(|at| !is_finish(at)) {
            self.fail("BC012", finish.unwrap_or(0), "no finish_operator");
        }
        for &(word, _) in &self.function.literals {
            if !literal_words.remove(&(word as usize)) {
                self.fail("BC003", word as usize, "a literal where none is read");
            }
        }
        if let Some(&word) = literal_words.first() {
            self.fail("BC003", word, "a literal word without a literal");
        }
        self.unwind(&starts, &calls);
    }

    fn register(&mut self, at: usize, register: u16) {
        if register as u32 >= self.function.frame_size {
            self.fail("BC002", at, format!("register {register}"));
        }
    }

    fn operands(&mut self, at: usize, opcode: Opcode, fields: Fields, jumps: &mut Vec<(usize, i64)>) {
        let info = opcode.info();
        for (operand, value) in info.operands.into_iter().zip([fields.a, fields.b, fields.c]) {
            match operand {
                Operand::Dst | Operand::Src | Operand::Mod => self.register(at, value),
                Operand::Window => {
                    let direct = matches!(opcode, Opcode::call_direct | Opcode::quick_call_add);
                    let arguments = if direct { 0 } else { fields.b as u32 };
                    if value as u32 + WINDOW_HEADER as u32 + arguments > self.function.frame_size {
                        self.fail("BC002", at, "the window leaves the frame");
                    }
                    if opcode == Opcode::call_method && fields.b == 0 {
                        self.fail("BC002", at, "a method call without a receiver");
                    }
                }
                Operand::Jump => jumps.push((at, at as i64 + value as i16 as i64)),
                Operand::Jump32 => jumps.push((at, at as i64 + fields.wide() as i64)),
                Operand::Global if fields.wide() as u32 as usize >= self.program.globals.len() => {
                    self.fail("BC005", at, "no such global");
                }
                Operand::Path => self.path(at, opcode, value, fields.c),
                _ => {}
            }
        }
        let registers = if info.extra == Extra::Table { 0 } else { fields.count(opcode) };
        for index in 0..registers {
            let first = at + opcode.length(0);
            let entry = (self.function.code[first + index / 4] >> (16 * (index % 4))) as u16;
            self.register(at, entry & !DROP_LISTED);
        }
        let closure = matches!(opcode, Opcode::return_closure | Opcode::return_closure_literal);
        let plain = matches!(
            opcode,
            Opcode::return_value
                | Opcode::return_literal
                | Opcode::quick_return_lt_i
                | Opcode::quick_return_le_i
                | Opcode::quick_return_eq_i
                | Opcode::quick_return_add
                | Opcode::quick_return_sub
                | Opcode::quick_return_mul
        );
        if (closure && self.function.captures == 0) || (plain && self.function.captures > 0) {
            self.fail("BC009", at, "the wrong return");
        }
        if opcode == Opcode::captures_borrow {
            let (last, end) = (fields.a as u32 + fields.c as u32, fields.b as u32 + fields.c as u32);
            if fields.c == 0 || last > self.function.frame_size || end > self.function.captures as u32 {
                self.fail("BC002", at, "captures or registers there are not");
            }
        }
        if matches!(opcode, Opcode::capture_get | Opcode::capture_borrow) && fields.b >= self.function.captures {
            self.fail("BC005", at, "no such captured value");
        }
        if matches!(opcode, Opcode::dict_new | Opcode::dict_extend) && !fields.c.is_multiple_of(2) {
            self.fail("BC002", at, "a key without a value");
        }
    }

    /// The instruction a generator or async function starts with, behind the test of the stack if there is one.
    fn start(&self) -> Option<(usize, Fields, Opcode)> {
        let code = &self.function.code;
        let at = |word: usize| {
            let fields = Fields::decode(*code.get(word + 1)?);
            Some((word, fields, Opcode::from_word(fields.op)?))
        };
        at(0).filter(|&(.., opcode)| opcode != Opcode::check_stack).or_else(|| at(Opcode::check_stack.length(0)))
    }

    fn suspension(&mut self, at: usize, opcode: Opcode, fields: Fields) {
        let start = self.start();
        if opcode == Opcode::yield_value {
            let room = start.filter(|start| start.2 == Opcode::generator_start).map_or(0, |start| start.1.a);
            if start.is_none_or(|start| start.2 != Opcode::generator_start) || fields.c > room {
                self.fail("BC011", at, "no room for what is kept");
            }
        } else if start.is_none_or(|start| start.0 != at) {
            self.fail("BC011", at, "not at the start");
        } else if opcode == Opcode::generator_start
            && (fields.c > fields.a || (fields.b as u32) < self.function.frame_size)
        {
            self.fail("BC011", at, "no room for what is kept");
        }
    }

    fn path(&mut self, at: usize, opcode: Opcode, number: u16, count: u16) {
        let Some(path) = self.program.paths.get(number as usize) else { return self.fail("BC005", at, "no such path") };
        let keys = path.steps.iter().filter(|step| **step == PathStep::Index).count();
        let further = (count as usize).checked_sub(keys + 1);
        let takes_more = path.update.is_some_and(UpdateOp::takes_more);
        if further.is_none_or(|further| further > 0 && !takes_more) {
            self.fail("BC010", at, "operand and keys");
        }
        let global = matches!(opcode, Opcode::global_set_path | Opcode::global_update_path);
        if global && path.global.is_none_or(|slot| slot as usize >= self.program.globals.len()) {
            self.fail("BC010", at, "a path that names no global");
        }
    }

    /// The literal of a case is an int or a string.
    fn case(&mut self, at: usize, opcode: Opcode, word: usize) {
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

    fn literal(&mut self, at: usize, opcode: Opcode) {
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
                | Opcode::field_get
                | Opcode::field_peek
                | Opcode::set_field
                | Opcode::quick_set_index_field
                | Opcode::quick_add_field
                | Opcode::quick_sub_field
                | Opcode::quick_mul_field
                | Opcode::quick_add_index_field
                | Opcode::quick_sub_index_field
                | Opcode::quick_mul_index_field
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

    /// Work is charged on every way back.
    fn leads_to(&mut self, at: usize, target: i64) {
        let points = &self.function.points;
        if target <= at as i64 && points.binary_search_by_key(&target, |point| point.at as i64).is_err() {
            self.fail("BC013", at, format!("an uncharged way back to word {target}"));
        }
    }

    fn points(&mut self, starts: &BTreeSet<usize>) {
        if self.function.points.first().is_none_or(|point| point.at != 0) {
            self.fail("BC013", 0, "an uncharged start");
        }
        let mut last = None;
        for point in &self.function.points {
            let at = point.at as usize;
            let end = point.first as usize + point.count as usize;
            let registers = self.function.unwind_registers.get(point.first as usize..end);
            let known = |registers: &[u16]| registers.iter().all(|&reg| (reg as u32) < self.function.frame_size);
            if last.is_some_and(|last| last >= at) || !starts.contains(&at) || !registers.is_some_and(known) {
                self.fail("BC013", at, "a point out of order, not at an instruction, or with strange registers");
            }
            last = Some(at);
        }
    }

    fn unwind(&mut self, starts: &BTreeSet<usize>, calls: &[usize]) {
        let mut last = None;
        let mut entries = BTreeSet::new();
        for entry in &self.function.unwind {
            let at = entry.at as usize;
            if last.is_some_and(|last| last >= at) || !starts.contains(&at) {
                self.fail("BC008", at, "an unwind entry out of order or not at an instruction");
            }
            last = Some(at);
            entries.insert(at);
            let pool = &self.function.unwind_registers;
            let end = entry.first as usize + entry.count as usize + entry.kept as usize;
            match pool.get(entry.first as usize..end) {
                Some(registers) => {
                    for &register in registers {
                        if register as u32 >= self.function.frame_size {
                            self.fail("BC008", at, format!("register {register}"));
                        }
                    }
                }
                None => self.fail("BC008", at, "registers outside the pool"),
            }
            if entry.landing != NO_LANDING && !starts.contains(&(entry.landing as usize)) {
                self.fail("BC006", at, format!("landing at word {}", entry.landing));
            }
            if entry.landing != NO_LANDING {
                self.leads_to(at, entry.landing as i64);
            }
        }
        for &at in calls {
            if !entries.contains(&at) {
                self.fail("BC008", at, "a call without an unwind entry");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::assembler::Assembler;
    use super::super::program::PathDescription;
    use super::*;

    /// A program of one function written by `write`, with two registers.
    fn program(write: impl FnOnce(&mut Assembler)) -> Program {
        let mut asm = Assembler::default();
        asm.point(&[]);
        write(&mut asm);
        let mut code = asm.finish().expect("short jumps");
        code.frame_size = 2;
        Program { functions: vec![code], ..Program::default() }
    }

    fn broken(program: &Program) -> Vec<&'static str> {
        verify(program).err().unwrap_or_default().iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn accepts_a_return() {
        assert_eq!(broken(&program(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0))), Vec::<&str>::new());
    }

    #[test]
    fn each_rule_bites() {
        assert_eq!(broken(&program(|asm| asm.op(Opcode::return_value, 0, 2, 0, 0))), ["BC002"]);
        assert_eq!(broken(&program(|asm| asm.op(Opcode::move_value, 0, 1, 0, 0))), ["BC007"]);
        assert_eq!(broken(&program(|asm| asm.op(Opcode::jump, 0, 0, 1, 0))), ["BC006"]);
        assert_eq!(broken(&program(|asm| asm.op(Opcode::return_closure, 0, 1, 0, 0))), ["BC009"]);
        let global = |asm: &mut Assembler| {
            asm.op(Opcode::global_get, 0, 0, 0, 0);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(global)), ["BC005"]);
        let load = |asm: &mut Assembler| {
            asm.op(Opcode::load, 0, 0, 0, 0);
            asm.literal(Literal::Const(ConstData::Str("text".into())));
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(load)), ["BC003"]);
        let call = |asm: &mut Assembler| {
            asm.op(Opcode::call, 0, 0, 0, 0);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(call)), ["BC002", "BC008"]);
        let nobody = |asm: &mut Assembler| {
            asm.op(Opcode::load, 0, 0, 0, 0);
            asm.literal(Literal::Function(7));
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(nobody)), ["BC004"]);
        let mut surplus_key = program(|asm| {
            asm.op(Opcode::set_path, 0, 0, 0, 2);
            asm.list(&[1, 1]);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        });
        surplus_key.paths.push(PathDescription { name: "a".into(), global: None, steps: Vec::new(), update: None });
        assert_eq!(broken(&surplus_key), ["BC010"]);
        let stray = |asm: &mut Assembler| {
            asm.op(Opcode::yield_value, 0, 0, 0, 0);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(stray)), ["BC011"]);
        let unfinished = |asm: &mut Assembler| {
            asm.op(Opcode::add, 0, 0, 0, 1);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        };
        assert_eq!(broken(&program(unfinished)), ["BC012"]);
        let forever = |asm: &mut Assembler| {
            asm.op(Opcode::move_value, 0, 1, 0, 0);
            asm.op(Opcode::jump, 0, 0, (-2i16) as u16, u16::MAX);
        };
        assert_eq!(broken(&program(|asm| asm.op(Opcode::jump, 0, 0, 0, 0))), Vec::<&str>::new());
        let mut uncharged = program(forever);
        assert_eq!(broken(&uncharged), Vec::<&str>::new());
        uncharged.functions[0].points.clear();
        assert_eq!(broken(&uncharged), ["BC013", "BC013"]);
        let mut cut = program(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0));
        cut.functions[0].code.pop();
        assert_eq!(broken(&cut), ["BC001"]);
    }
}
