//! The verifier: what the machine relies on when it runs code unchecked. Rules are numbered; `design/bytecode.md` lists them.

use super::emit::RED_ZONE;
use super::op::{DROP_LISTED, Extra, Fields, MAX_REGISTERS, Opcode, Operand};
use super::program::{CACHE_WORDS, FunctionCode, List, Literal, NO_LANDING, PathStep, PathWord, Program};
use crate::ir::function::{ConstData, UpdateOp};
use crate::regalloc::WINDOW_HEADER;
use crate::regalloc::releases::KEPT;

mod literals;

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

/// The rules, by number. Those from BC015 on are checked by `flow`.
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
        "a generator or async function starts as one, once, and only it does; a generator has room for all a yield keeps",
    ),
    (
        "BC012",
        "a function whose operators may call methods has one `finish_operator`, which only they lead to; cache words are zero",
    ),
    (
        "BC013",
        "points ascend, stand at instructions and list registers of the frame; the start of the code is one, and what a jump or landing leads back to",
    ),
    (
        "BC014",
        "the flags are the opcode's; the top level and modules take and capture nothing; a frame of more than 250 registers asks for its stack first",
    ),
    ("BC015", "a register is read only where, on every way there, something was written that nobody has given up"),
    (
        "BC016",
        "what is given up, moved, changed or listed is owned, and once; nobody looks at what is changed or moved",
    ),
    ("BC017", "cells, loop states, positions and marks are only where an instruction knows them"),
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
    let called = program.modules.iter().map(|module| module.function);
    for number in called.chain(program.forwards.iter().map(|&(_, number)| number)) {
        if number as usize >= program.functions.len() {
            violations.push(Violation { rule: "BC004", function: 0, at: 0, message: format!("no function {number}") });
        }
    }
    for (number, function) in program.functions.iter().enumerate() {
        Checker { program, function, number, violations: &mut violations }.check();
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// A set of words of a function.
struct Words(Vec<bool>);

impl Words {
    fn new(count: usize) -> Words {
        Words(vec![false; count])
    }

    /// Adds a word; those outside the code are left out.
    fn insert(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at) {
            *word = true;
        }
    }

    /// Takes a word out; whether it was there.
    fn remove(&mut self, at: usize) -> bool {
        self.0.get_mut(at).is_some_and(std::mem::take)
    }

    fn contains(&self, at: usize) -> bool {
        self.0.get(at) == Some(&true)
    }

    fn first(&self) -> Option<usize> {
        self.0.iter().position(|&word| word)
    }
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
        let mut starts = Words::new(code.len());
        let mut literal_words = Words::new(code.len());
        let mut jumps = Vec::new();
        let mut calls = Vec::new();
        let mut at = 0;
        let mut overloads = false;
        let mut falls_through = true;
        self.frame();
        while at < code.len() {
            starts.insert(at);
            let Some((fields, opcode)) = code.get(at + 1).map(|&word| Fields::decode(word)).and_then(|fields| {
                let opcode = Opcode::from_word(fields.op)?;
                Some((fields, opcode))
            }) else {
                return self.fail("BC001", at, "no opcode");
            };
            let length = opcode.words(fields);
            let listed = opcode.length(fields.count(opcode));
            if length < listed || at + length > code.len() || opcode.is_stub() {
                return self.fail("BC001", at, "the instruction does not end inside the code");
            }
            if opcode.info().extra == Extra::Path {
                let caches = PathWord::decode(code[at + 2]).fields() * CACHE_WORDS;
                if length != listed + caches {
                    return self.fail("BC001", at, "the instruction has not as many words as its path needs");
                }
                for cache in (at + listed..at + length).step_by(CACHE_WORDS) {
                    literal_words.insert(cache);
                    if code[cache + 1..cache + CACHE_WORDS] != [0, 0] {
                        self.fail("BC012", at, "a cache word that is not zero");
                    }
                }
                self.path(at, opcode, fields);
            }
            if fields.op & !opcode.flags() != opcode as u16 {
                self.fail("BC014", at, "a flag the opcode does not have");
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
            if let Some(skipped) = opcode.behind(fields.op) {
                jumps.push((at, (at + skipped) as i64));
            }
            if opcode.info().extra == Extra::Cached && code[at + 3..at + 5] != [0, 0] {
                self.fail("BC012", at, "a cache word that is not zero");
            }
            if opcode == Opcode::finish_operator
                && (falls_through
                    || self.function.finish != Some(at as u32)
                    || fields.a as u32 + WINDOW_HEADER as u32 != self.function.frame_size)
            {
                self.fail(
                    "BC012",
                    at,
                    "control may get to finish_operator, or methods do not start where the frame ends",
                );
            }
            overloads |= opcode.may_call_method();
            if matches!(opcode.info().extra, Extra::Literal | Extra::LiteralList | Extra::Cached) {
                literal_words.insert(at + 2);
                self.literal(at, opcode);
            }
            if matches!(opcode, Opcode::call | Opcode::call_direct | Opcode::call_method) {
                calls.push(at);
            }
            if matches!(
                opcode,
                Opcode::generator_start | Opcode::async_start | Opcode::yield_value | Opcode::yield_many
            ) {
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
            self.starts_again(at, target);
            if usize::try_from(target).ok().is_none_or(|target| !starts.contains(target)) {
                self.fail("BC006", at, format!("jump to word {target}"));
            }
            if self.function.finish.is_some_and(|finish| finish as i64 == target) {
                self.fail("BC012", at, "a jump to finish_operator");
            }
        }
        let finish = self.function.finish.map(|finish| finish as usize);
        let is_finish = |at: usize| {
            let word = code.get(at + 1).copied().unwrap_or_default();
            starts.contains(at) && Opcode::from_word(Fields::decode(word).op) == Some(Opcode::finish_operator)
        };
        if (overloads && finish.is_none()) || finish.is_some_and(|at| !is_finish(at)) {
            self.fail("BC012", finish.unwrap_or(0), "no finish_operator");
        }
        for &(word, _) in &self.function.literals {
            if !literal_words.remove(word as usize) {
                self.fail("BC003", word as usize, "a literal where none is read");
            }
        }
        if let Some(word) = literal_words.first() {
            self.fail("BC003", word, "a literal word without a literal");
        }
        self.unwind(&starts, &calls);
    }

    fn frame(&mut self) {
        let (function, program) = (self.function, self.program);
        if function.arity as u32 > function.frame_size {
            self.fail("BC009", 0, "parameters outside the frame");
        }
        if function.frame_size as usize > MAX_REGISTERS {
            self.fail("BC002", 0, "more registers than a list can name");
        }
        let is = |number: u32| number as usize == self.number;
        let module = program.modules.iter().any(|module| is(module.function));
        let forward = program.forwards.iter().any(|&(_, number)| is(number));
        let takes = function.arity > 0 && !forward;
        if (self.number == 0 || module) && takes || (self.number == 0 || module || forward) && function.captures > 0 {
            self.fail("BC014", 0, "nobody passes that");
        }
        let first = function.code.get(1).map(|&word| Fields::decode(word));
        let asks = first.filter(|first| Opcode::from_word(first.op) == Some(Opcode::check_stack));
        if function.frame_size > RED_ZONE as u32
            && asks.is_none_or(|asks| (asks.wide() as u32) < function.frame_size || asks.wide() < 0)
        {
            self.fail("BC014", 0, "a large frame without a test of the stack");
        }
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
                operand if operand.is_register() => self.register(at, value),
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
                _ => {}
            }
        }
        let registers = if info.extra == Extra::Table { 0 } else { fields.count(opcode) };
        for index in 0..registers {
            let first = at + opcode.length(0);
            let entry = (self.function.code[first + index / 4] >> (16 * (index % 4))) as u16;
            self.register(at, entry & !DROP_LISTED);
            if entry & DROP_LISTED != 0 && index < opcode.list_dies_from() {
                self.fail("BC014", at, "a reference that does not die here");
            }
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

    /// A generator or async function starts once.
    fn starts_again(&mut self, at: usize, target: i64) {
        let start = self.start().filter(|start| matches!(start.2, Opcode::generator_start | Opcode::async_start));
        if start.is_some_and(|start| target <= start.0 as i64) {
            self.fail("BC011", at, "back to before the start");
        }
    }

    fn suspension(&mut self, at: usize, opcode: Opcode, fields: Fields) {
        let start = self.start();
        if matches!(opcode, Opcode::yield_value | Opcode::yield_many) {
            let room = start.filter(|start| start.2 == Opcode::generator_start).map_or(0, |start| start.1.a);
            let kept = if opcode == Opcode::yield_many { self.kept(at) } else { Some(fields.c) };
            if start.is_none_or(|start| start.2 != Opcode::generator_start) || kept.is_none_or(|kept| kept > room) {
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

    /// How many registers the `yield_many` at a word keeps; None without an entry that leads nowhere and says so.
    fn kept(&self, at: usize) -> Option<u16> {
        let entries = &self.function.unwind;
        let entry = &entries[entries.binary_search_by_key(&(at as u32), |entry| entry.at).ok()?];
        if entry.landing != NO_LANDING || !self.is_list(entry.list) {
            return None;
        }
        u16::try_from(self.function.kept(at as u32).len()).ok()
    }

    fn path(&mut self, at: usize, opcode: Opcode, fields: Fields) {
        let word = PathWord::decode(self.function.code[at + 2]);
        let Some(path) = self.program.paths.get(word.number as usize) else {
            return self.fail("BC005", at, "no such path");
        };
        if Some(word) != PathWord::of(word.number, path) {
            return self.fail("BC010", at, "a word that is not that of the path");
        }
        let names = path.steps.iter().rev().filter_map(|step| match step {
            PathStep::Field(name) => Some(Literal::Const(ConstData::Str(name.clone()))),
            PathStep::Index => None,
        });
        let caches = (at + opcode.length(fields.c as usize)..).step_by(CACHE_WORDS);
        let literals = &self.function.literals;
        for (cache, name) in caches.zip(names) {
            let found = literals.binary_search_by_key(&(cache as u32), |literal| literal.0);
            if found.is_ok_and(|found| literals[found].1 != name) {
                self.fail("BC004", at, "a name that is not that of the step");
            }
        }
        let keys = path.steps.iter().filter(|step| **step == PathStep::Index).count();
        let further = (fields.c as usize).checked_sub(keys + 1);
        let takes_more = path.update.is_some_and(UpdateOp::takes_more);
        if further.is_none_or(|further| further > 0 && !takes_more) {
            self.fail("BC010", at, "operand and keys");
        }
        if opcode.is_global_path() && path.global.is_none_or(|slot| slot as usize >= self.program.globals.len()) {
            self.fail("BC010", at, "a path that names no global");
        }
    }

    /// Work is charged on every way back.
    fn leads_to(&mut self, at: usize, target: i64) {
        let points = &self.function.points;
        if target <= at as i64 && points.binary_search_by_key(&target, |point| point.at as i64).is_err() {
            self.fail("BC013", at, format!("an uncharged way back to word {target}"));
        }
    }

    /// Whether a list is within the pool.
    fn is_list(&self, list: List) -> bool {
        list.first as usize + list.count as usize <= self.function.unwind_registers.len()
    }

    fn points(&mut self, starts: &Words) {
        if self.function.points.first().is_none_or(|point| point.at != 0) {
            self.fail("BC013", 0, "an uncharged start");
        }
        let mut last = None;
        for point in &self.function.points {
            let at = point.at as usize;
            if last.is_some_and(|last| last >= at) || !starts.contains(at) || !self.is_list(point.list) {
                self.fail("BC013", at, "a point out of order, not at an instruction, or with a strange list");
            }
            last = Some(at);
        }
    }

    fn unwind(&mut self, starts: &Words, calls: &[usize]) {
        let highest = self.function.unwind_registers.iter().map(|word| word & !KEPT).max();
        if let Some(register) = highest.filter(|&register| register as u32 >= self.function.frame_size) {
            self.fail("BC008", 0, format!("a list with register {register}"));
        }
        let mut last = None;
        let mut entries = Words::new(self.function.code.len());
        for entry in &self.function.unwind {
            let at = entry.at as usize;
            if last.is_some_and(|last| last >= at) || !starts.contains(at) {
                self.fail("BC008", at, "an unwind entry out of order or not at an instruction");
            }
            last = Some(at);
            entries.insert(at);
            if !self.is_list(entry.list) {
                self.fail("BC008", at, "a list outside of the pool");
            }
            if entry.landing != NO_LANDING && !starts.contains(entry.landing as usize) {
                self.fail("BC006", at, format!("landing at word {}", entry.landing));
            }
            if self.function.finish == Some(entry.landing) {
                self.fail("BC012", at, "a landing at finish_operator");
            }
            if entry.landing != NO_LANDING {
                self.starts_again(at, entry.landing as i64);
                self.leads_to(at, entry.landing as i64);
            }
        }
        for &at in calls {
            if !entries.contains(at) {
                self.fail("BC008", at, "a call without an unwind entry");
            }
        }
    }
}

#[cfg(test)]
mod tests;
