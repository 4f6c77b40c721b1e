//! The second half of the verifier: what is in the registers. Each function is run on facts instead of values (`fact.rs`), along
//! all ways, until nothing changes (Kildall 1973; for bytecode: Leroy 2003); then each instruction must find what it relies on.
//! It starts from the code alone: it knows no IR, no types that the compiler has inferred, and no liveness.
//!
//! Together with the rules of `verify` this is what safe code needs, whoever wrote it: nothing is read that is not there, released twice
//! or lost. That is tried on damaged programs (`tests/bytecode.rs`), not proved. It takes longer than compiling, so it is for tests, `--verify`, and code that comes from elsewhere.
//!
//! | file | job |
//! |---|---|
//! | `fact` | what is known of a register, and joins |
//! | `transfer` | what an instruction asks of the registers, and which references go |
//! | `outcome` | what it leaves in them, on all its ways |
//! | `effect` | the results of operators, and what raises |
//! | `prefix` | the common cases that prefixes do and skip |

mod effect;
mod fact;
mod outcome;
mod prefix;
mod transfer;

use super::op::{Fields, Opcode, Operand};
use super::program::{FunctionCode, Literal, Program};
use super::verify::Violation;
use crate::ir::function::ConstData;
use crate::ir::types::Type;
use fact::{Fact, INLINE, State, meet, settle};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use transfer::Step;

/// After so many changes at one place, ranges of ints that still grow become those of all inline ints, or of all ints.
const PATIENCE: u32 = 64;

/// Checks what is in the registers of a program that `verify` has accepted.
///
/// # Errors
/// Every violation of BC015, BC016 and BC017 found.
pub fn check(program: &Program) -> Result<(), Vec<Violation>> {
    let mut captures: Vec<Vec<Type>> =
        program.functions.iter().map(|function| vec![Type::NONE; function.captures as usize]).collect();
    // What a closure captures is known where it is made, which may be in a function not looked at yet.
    let mut work: BTreeSet<usize> = (0..program.functions.len()).collect();
    let mut entries: Vec<FxHashMap<usize, State>> = vec![FxHashMap::default(); program.functions.len()];
    while let Some(number) = work.pop_first() {
        let mut analysis = Analysis::new(program, number, &captures);
        analysis.solve();
        let (made, states) = (analysis.made, analysis.states);
        entries[number] = states;
        for (callee, types) in made {
            for (known, ty) in captures[callee].iter_mut().zip(types) {
                if !ty.is_subset(*known) {
                    *known = known.union(ty);
                    work.insert(callee);
                }
            }
        }
    }
    let mut violations = Vec::new();
    for (number, states) in entries.into_iter().enumerate() {
        let mut analysis = Analysis { states, ..Analysis::new(program, number, &captures) };
        violations.extend(analysis.report());
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// Whether some struct of the program overloads an operator.
fn overloads(program: &Program) -> bool {
    let literals = program.functions.iter().flat_map(|function| &function.literals);
    let mut texts = literals.filter_map(|(_, literal)| match literal {
        Literal::Const(ConstData::Str(text)) => Some(text),
        _ => None,
    });
    texts.any(|text| text.split(' ').any(|word| word.starts_with(".op_")))
}

/// The numbers that loops of a function may count up or down to.
fn ends(function: &FunctionCode) -> BTreeSet<i64> {
    let mut ends = BTreeSet::from([INLINE.0, INLINE.0 + 1, INLINE.1 - 1, INLINE.1]);
    let mut add = |number: i64| ends.extend([number.saturating_sub(1), number, number.saturating_add(1)]);
    for (_, literal) in &function.literals {
        if let Literal::Const(ConstData::Int(number)) = literal {
            add(*number);
        }
    }
    for_each_instruction(function, |_, opcode, fields| {
        for (operand, field) in opcode.info().operands.into_iter().zip([fields.a, fields.b, fields.c]) {
            match operand {
                Operand::Imm => add(i64::from(field as i16)),
                Operand::Int32 => add(i64::from(fields.wide())),
                _ => {}
            }
        }
    });
    ends
}

/// Each instruction of a function that `verify` has accepted: its first word, opcode and fields.
fn for_each_instruction(function: &FunctionCode, mut visit: impl FnMut(usize, Opcode, Fields)) {
    let mut at = 0;
    while at < function.code.len() {
        let fields = Fields::decode(function.code[at + 1]);
        let opcode = Opcode::from_word(fields.op).expect("accepted by `verify` (BC001)");
        visit(at, opcode, fields);
        at += opcode.words(fields);
    }
}

/// The facts of one function.
struct Analysis<'a> {
    program: &'a Program,
    function: &'a FunctionCode,
    number: usize,
    captures: &'a [Vec<Type>],
    /// What is known where control arrives from elsewhere than the instruction before.
    states: FxHashMap<usize, State>,
    visits: FxHashMap<usize, u32>,
    work: BTreeSet<usize>,
    /// Where ranges of ints end: at the numbers of the function and beside them.
    ends: BTreeSet<i64>,
    last_ends: BTreeSet<i64>,
    /// The closures made here, and what they capture.
    made: Vec<(usize, Vec<Type>)>,
    /// Whether some struct overloads an operator.
    overloads: bool,
}

impl<'a> Analysis<'a> {
    fn new(program: &'a Program, number: usize, captures: &'a [Vec<Type>]) -> Analysis<'a> {
        Analysis {
            program,
            function: &program.functions[number],
            number,
            captures,
            states: FxHashMap::default(),
            visits: FxHashMap::default(),
            work: BTreeSet::new(),
            ends: ends(&program.functions[number]),
            last_ends: BTreeSet::from([INLINE.0, INLINE.1]),
            made: Vec::new(),
            overloads: overloads(program),
        }
    }

    fn solve(&mut self) {
        // Where ways meet, facts are kept; in between they are computed anew.
        for target in self.targets() {
            self.visits.insert(target, 0);
        }
        let parameters = (0..self.function.arity).map(|register| (register, Fact::of(Type::ANY)));
        self.arrive(0, parameters.collect());
        while let Some(at) = self.work.pop_first() {
            let state = self.states[&at].clone();
            self.walk(at, state, &mut |_| {});
        }
    }

    fn report(&mut self) -> Vec<Violation> {
        let mut found = Vec::new();
        let starts: BTreeSet<usize> = self.states.keys().copied().collect();
        self.visits = starts.iter().map(|&at| (at, 0)).collect();
        for &at in &starts {
            let state = self.states[&at].clone();
            self.walk(at, state, &mut |violation| found.push(violation));
        }
        found
    }

    /// Follows the instructions from `at` on, up to where ways meet.
    fn walk(&mut self, mut at: usize, mut state: State, complain: &mut dyn FnMut(Violation)) {
        loop {
            let fields = Fields::decode(self.function.code[at + 1]);
            let opcode = Opcode::from_word(fields.op).expect("accepted by `verify` (BC001)");
            let mut step =
                Step::new(self.program, self.function, self.captures, self.number, (at, opcode, fields), state);
            step.overloads = self.overloads;
            step.run();
            for (rule, message) in step.complaints {
                let message = format!("{}: {message}", opcode.info().name);
                complain(Violation { rule, function: self.number, at, message });
            }
            if let (Opcode::closure, Some(Literal::Function(callee))) = (opcode, self.literal(at + 2)) {
                self.made.push((*callee as usize, step.captured));
            }
            let mut ways = step.ways;
            ways.iter_mut().for_each(|(_, state)| settle(state));
            settle(&mut step.state);
            let behind = at + opcode.words(fields);
            let meets = self.visits.contains_key(&behind);
            let goes_on = step.goes_on && !opcode.ends();
            if meets && goes_on {
                ways.push((behind, std::mem::take(&mut step.state)));
            }
            for (target, state) in ways {
                for register in self.arrive(target, state) {
                    let message = format!("r{register} owns something only on some ways to {target}");
                    complain(Violation { rule: "BC016", function: self.number, at, message });
                }
            }
            if meets || !goes_on {
                return;
            }
            state = step.state;
            at = behind;
        }
    }

    fn literal(&self, word: usize) -> Option<&'a Literal> {
        let literals = &self.function.literals;
        literals.binary_search_by_key(&(word as u32), |literal| literal.0).ok().map(|found| &literals[found].1)
    }

    /// A further way leads to `at`; the registers that own something on it and on others do not.
    fn arrive(&mut self, at: usize, state: State) -> Vec<u16> {
        match self.states.get_mut(&at) {
            None => {
                self.states.insert(at, state);
                self.work.insert(at);
                Vec::new()
            }
            Some(known) => {
                let visits = self.visits.entry(at).or_default();
                let ends = if *visits > PATIENCE { &self.last_ends } else { &self.ends };
                if meet(known, &state, ends) {
                    *visits += 1;
                    self.work.insert(at);
                }
                let lost = state.iter().filter(|(register, fact)| fact.is_owned() && !known.contains_key(register));
                lost.map(|(&register, _)| register).collect()
            }
        }
    }

    /// Every word that something jumps or lands at.
    fn targets(&self) -> BTreeSet<usize> {
        let mut targets: BTreeSet<usize> = self.function.unwind.iter().map(|entry| entry.landing as usize).collect();
        for_each_instruction(self.function, |at, opcode, fields| {
            targets.extend(transfer::targets(&self.function.code, at, opcode, fields));
        });
        targets
    }
}

#[cfg(test)]
mod tests;
