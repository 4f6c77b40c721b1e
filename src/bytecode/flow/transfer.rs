//! One instruction: what it asks of the registers, where control goes from it, and what it leaves in them.

use super::effect;
use super::fact::{Fact, Hold, Loan, State};
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, DROP_SECOND, Extra, Fields, Opcode, Operand};
use crate::bytecode::program::{FunctionCode, Literal, NO_LANDING, PathWord, Program};
use crate::ir::types::Type;
use crate::regalloc::WINDOW_HEADER;
use std::collections::BTreeSet;

/// A register is read only where something is in it.
const ALIVE: &str = "BC015";
/// What is given up, moved, changed or listed is the register's own.
const OWNED: &str = "BC016";
/// Cells, loop states, positions and marks stand only where an instruction knows them.
const KIND: &str = "BC017";

/// A script value or the mark of a variable without one.
pub(super) const CONTENT: Type = Type::ANY.union(Type::UNDEF);

/// What becomes of the registers of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// They move into the instruction.
    Taken,
    /// They are looked at; a flag says that a reference dies here.
    Read,
    /// The first moves into the instruction, the others are looked at.
    FirstTaken,
    /// They are kept while the function is suspended; all others are dead afterwards.
    Kept,
    /// There is no list.
    Nothing,
}

fn listed(opcode: Opcode) -> Listed {
    use Opcode::*;
    match opcode {
        closure | array_new | array_extend | dict_new | dict_extend | struct_new | struct_declare | tagged_new => {
            Listed::Taken
        }
        set_path | update_path | cell_set_path | cell_update_path | global_set_path | global_update_path => {
            Listed::FirstTaken
        }
        generator_start | yield_value | yield_many => Listed::Kept,
        _ if matches!(opcode.info().extra, Extra::List | Extra::LiteralList | Extra::Path) => Listed::Read,
        _ => Listed::Nothing,
    }
}

/// Every word that the instruction at `at` may jump to.
pub(super) fn targets(code: &[u64], at: usize, opcode: Opcode, fields: Fields) -> Vec<usize> {
    let to = |distance: i64| (at as i64).wrapping_add(distance) as usize;
    let mut found = Vec::new();
    for operand in opcode.info().operands {
        match operand {
            Operand::Jump => found.push(to(i64::from(fields.c as i16))),
            Operand::Jump32 => found.push(to(i64::from(fields.wide()))),
            _ => {}
        }
    }
    match opcode.info().extra {
        Extra::Jump => found.push(to(code[at + 2] as i64)),
        Extra::RegisterJump => found.push(to(code[at + 2] as i64 >> 16)),
        Extra::Class => found.extend([at + 2, at + 3].map(|word| to(code[word] as i64))),
        Extra::Table => {
            let words = (at + 2..at + opcode.words(fields)).step_by(2);
            found.extend(words.map(|word| to(code[word] as i64)));
        }
        _ => {}
    }
    found.extend(opcode.behind(fields.op).map(|words| at + words));
    found
}

/// An instruction being looked at.
pub(super) struct Step<'a> {
    pub program: &'a Program,
    pub function: &'a FunctionCode,
    /// What each function captures.
    pub captures: &'a [Vec<Type>],
    /// The function's number.
    pub number: usize,
    pub at: usize,
    pub opcode: Opcode,
    pub fields: Fields,
    /// What is known before the instruction; afterwards, behind it.
    pub state: State,
    /// Where else control goes, and what is known there.
    pub ways: Vec<(usize, State)>,
    /// Whether control may go on behind the instruction, as far as it is no jump.
    pub goes_on: bool,
    /// Broken rules.
    pub complaints: Vec<(&'static str, String)>,
    /// What a `closure` captures.
    pub captured: Vec<Type>,
    /// Whether some struct overloads an operator.
    pub overloads: bool,
}

impl<'a> Step<'a> {
    pub fn new(
        program: &'a Program,
        function: &'a FunctionCode,
        captures: &'a [Vec<Type>],
        number: usize,
        (at, opcode, fields): (usize, Opcode, Fields),
        state: State,
    ) -> Step<'a> {
        let (ways, complaints, captured) = (Vec::new(), Vec::new(), Vec::new());
        Step {
            program,
            function,
            captures,
            number,
            at,
            opcode,
            fields,
            state,
            ways,
            goes_on: true,
            complaints,
            captured,
            overloads: true,
        }
    }

    /// Looks at the instruction.
    pub fn run(&mut self) {
        if let Ok(found) = self.function.points.binary_search_by_key(&(self.at as u32), |point| point.at) {
            let listed = self.function.listed(self.function.points[found].list);
            let registers: Vec<u16> = listed.drops.iter().chain(&listed.kept).copied().collect();
            self.releases(&registers);
        }
        self.end_loans();
        if self.prefix() {
            return;
        }
        match self.opcode {
            Opcode::call | Opcode::call_direct | Opcode::call_method => self.call(),
            _ => self.plain(),
        }
    }

    /// What variables have lent is dead where they may be written, by the instruction or by what it runs.
    fn end_loans(&mut self) {
        use Opcode::*;
        let runs_script = match self.opcode {
            call | call_direct | call_method | call_builtin | quick_call_add | struct_fill => true,
            iter_next | iter_take | await_value | spawn | yield_value | yield_many | generator_start | async_start => {
                true
            }
            opcode => self.overloads && opcode.may_call_method(),
        };
        let global = match self.opcode {
            global_set => Some(self.fields.wide() as u32),
            opcode if opcode.is_global_path() => Some(PathWord::decode(self.function.code[self.at + 2]).global),
            _ => None,
        };
        let cell = matches!(self.opcode, cell_set | cell_set_path | cell_update_path | cell_vacate | cell_restore);
        self.state.retain(|_, fact| match fact.hold {
            Hold::Lent(Loan::Global(lender)) => !runs_script && global != Some(lender),
            Hold::Lent(Loan::Cell(_)) => !runs_script && !cell,
            _ => true,
        });
    }

    /// What a register has lent is dead.
    fn forget_loans(&mut self, register: u16) {
        let lent = [Loan::Register(register), Loan::Cell(Some(register))].map(Hold::Lent);
        self.state.retain(|_, fact| !lent.contains(&fact.hold));
    }

    /// Notes a broken rule.
    fn complain(&mut self, rule: &'static str, message: String) {
        self.complaints.push((rule, message));
    }

    /// What is known of a register that is read; of a dead one nothing, which is a violation.
    pub fn read(&mut self, register: u16, kinds: Type) -> Fact {
        match self.state.get(&register).copied() {
            Some(fact) => {
                if !fact.ty.is_subset(kinds) {
                    self.complain(KIND, format!("r{register} may be {}", Type(fact.ty.0 & !kinds.0)));
                }
                fact
            }
            None => {
                self.complain(ALIVE, format!("nothing is known to be in r{register}"));
                Fact::of(Type::NONE)
            }
        }
    }

    /// A register gives one reference up.
    pub fn give_up(&mut self, register: u16) {
        match self.state.get_mut(&register).map(|fact| &mut fact.hold) {
            Some(Hold::Plain) => {}
            Some(Hold::Owned(count)) if *count > 1 => *count -= 1,
            Some(Hold::Owned(_)) => {
                self.state.remove(&register);
                self.forget_loans(register);
            }
            Some(Hold::Borrowed | Hold::Lent(_)) => self.complain(OWNED, format!("r{register} is borrowed")),
            None => self.complain(OWNED, format!("r{register} has no reference")),
        }
    }

    /// Writes a register.
    pub fn write(&mut self, register: u16, fact: Fact) {
        self.lost("is overwritten", |other| other == register);
        self.forget_loans(register);
        for other in self.state.values_mut() {
            other.tests = other.tests.filter(|tests| tests.0 != register);
        }
        self.state.insert(register, fact);
    }

    /// Registers from which references are lost.
    pub fn lost(&mut self, how: &str, which: impl Fn(u16) -> bool) {
        let owned = self.state.iter().filter(|&(&register, fact)| fact.is_owned() && which(register));
        let lost: Vec<u16> = owned.map(|(&register, _)| register).collect();
        for register in lost {
            self.complain(OWNED, format!("r{register} {how} and owns something"));
        }
    }

    /// Control goes to a word with what is known now.
    pub fn goes(&mut self, target: usize) {
        self.ways.push((target, self.state.clone()));
    }

    /// A list of registers that are released together.
    fn releases(&mut self, registers: &[u16]) {
        let mut seen = BTreeSet::new();
        for &register in registers {
            if !seen.insert(register) {
                self.complain(OWNED, format!("r{register} is released twice"));
            } else if !matches!(self.state.get(&register), Some(Fact { hold: Hold::Plain | Hold::Owned(1), .. })) {
                self.complain(OWNED, format!("r{register} is released but owns no single reference"));
            }
        }
        self.lost("is not released", |register| !seen.contains(&register));
    }

    /// The way to the handler, if the instruction raises. What it gives up is its own still, except for `gone`.
    fn raises(&mut self, raises: bool, gone: &[u16]) {
        let Ok(found) = self.function.unwind.binary_search_by_key(&(self.at as u32), |entry| entry.at) else {
            if raises {
                self.lost("is not released", |_| true);
            }
            return;
        };
        let entry = self.function.unwind[found];
        let listed = self.function.listed(entry.list);
        let registers: Vec<u16> = listed.drops.iter().chain(&listed.kept).copied().collect();
        self.releases(&registers);
        if entry.landing != NO_LANDING {
            let mut state = self.state.clone();
            state.retain(|register, fact| {
                listed.drops.binary_search(register).is_err() && (fact.hold == Hold::Plain || !gone.contains(register))
            });
            self.ways.push((entry.landing as usize, state));
        }
    }

    /// The registers read or changed, with the kinds of values that the instruction knows there.
    fn operands(&self) -> Vec<(Operand, u16, Type)> {
        let fields = [self.fields.a, self.fields.b, self.fields.c];
        let registers = self.opcode.info().operands.into_iter().zip(fields);
        let registers = registers.filter(|(operand, _)| operand.is_register() && *operand != Operand::Dst);
        registers.map(|(operand, register)| (operand, register, self.kinds(operand))).collect()
    }

    fn kinds(&self, operand: Operand) -> Type {
        use Opcode::*;
        match (operand, self.opcode) {
            (Operand::Cell, _) => Type::CELL,
            (Operand::Loop, _) => Type::ITER,
            (Operand::Mod, array_extend | array_spread) | (Operand::View, array_rest) => Type::ARRAY,
            (Operand::Mod, dict_extend | dict_spread | dict_without) => Type::DICT,
            (Operand::Mod, struct_fill) => Type::STRUCT,
            (_, move_value | copy_value | drop_value) => Type::TOP,
            (_, is_undef | check_defined | jump_undef | jump_not_undef | cell_new | cell_set | global_set) => CONTENT,
            (_, is_done) => Type::ANY.union(Type::DONE),
            (_, iter_next | iter_take | iter_step) => Type::SMALL_INT,
            _ => Type::ANY,
        }
    }

    /// The registers of the list, without flags, and whether a reference dies.
    fn list(&self) -> Vec<(u16, bool)> {
        if self.opcode == Opcode::yield_many {
            return self.function.kept(self.at as u32).into_iter().map(|register| (register, false)).collect();
        }
        let count = if listed(self.opcode) == Listed::Nothing { 0 } else { self.fields.count(self.opcode) };
        let first = self.at + self.opcode.length(0);
        let entry = |index: usize| (self.function.code[first + index / 4] >> (16 * (index % 4))) as u16;
        (0..count).map(entry).map(|entry| (entry & !DROP_LISTED, entry & DROP_LISTED != 0)).collect()
    }

    /// Any instruction but a prefix or a call.
    fn plain(&mut self) {
        let (operands, list, mode) = (self.operands(), self.list(), listed(self.opcode));
        let mut uses: Vec<(u16, Use)> = Vec::new();
        let mut flags = [DROP_FIRST, DROP_SECOND].into_iter();
        let mut changed = None;
        for &(operand, register, kinds) in &operands {
            self.read(register, kinds);
            match operand {
                Operand::Take => uses.push((register, Use::Taken)),
                Operand::Src => {
                    let dies = flags.next().is_some_and(|flag| self.fields.op & flag != 0);
                    uses.push((register, Use::read(dies)));
                }
                Operand::Mod => changed = Some(register),
                _ => uses.push((register, Use::Read)),
            }
        }
        let item = match self.opcode {
            Opcode::closure => Type::ANY.union(Type::CELL),
            _ if mode == Listed::Kept => Type::TOP,
            _ => Type::ANY,
        };
        for (index, &(register, dies)) in list.iter().enumerate() {
            let fact = self.read(register, item);
            self.captured.push(fact.ty);
            match mode {
                Listed::FirstTaken if index == 0 => uses.push((register, Use::Taken)),
                Listed::Taken => uses.push((register, Use::Taken)),
                Listed::FirstTaken | Listed::Read => uses.push((register, Use::read(dies))),
                Listed::Kept | Listed::Nothing => {}
            }
        }
        let before = Facts::of(self);
        if self.opcode.may_call_method() {
            // The frame of a method, and the mark below it, start where the frame ends.
            let mark =
                self.function.finish.map_or(0, |finish| Fields::decode(self.function.code[finish as usize + 1]).a);
            self.lost("is above the frame", |register| register + 1 >= mark);
            self.state.retain(|&register, _| register + 1 < mark);
        }
        let left = before.get(self.left());
        let stepped = changed.filter(|_| self.opcode.operator().is_some());
        let gone: Vec<u16> = if self.calls_method(left) {
            uses.iter().filter(|(_, how)| *how != Use::Read).map(|&(register, _)| register).chain(stepped).collect()
        } else {
            Vec::new()
        };
        let raises = effect::raises(self.opcode, left.ty, self.right_of(&before).ty);
        // Its entry says what is kept.
        if self.opcode != Opcode::yield_many {
            self.raises(raises, &gone);
        }
        match self.opcode {
            Opcode::move_value | Opcode::copy_value => {}
            _ => {
                uses.iter().filter(|(_, how)| *how == Use::Taken).for_each(|&(register, _)| self.give_up(register));
                for &(register, _) in uses.iter().filter(|(_, how)| *how == Use::Read) {
                    if !self.state.contains_key(&register) {
                        self.complain(OWNED, format!("r{register} is looked at and moved"));
                    }
                }
                uses.iter().filter(|(_, how)| *how == Use::Dies).for_each(|&(register, _)| self.give_up(register));
            }
        }
        if let Some(register) = changed {
            self.may_change(register, &uses);
            // Its reference moves into the instruction, and the result into the register.
            self.state.remove(&register);
            self.forget_loans(register);
        }
        if mode == Listed::Kept {
            let registers: Vec<u16> = list.iter().map(|&(register, _)| register).collect();
            self.releases(&registers);
            self.state.retain(|register, _| registers.contains(register));
        }
        if matches!(
            self.opcode,
            Opcode::return_value | Opcode::return_literal | Opcode::return_closure | Opcode::return_closure_literal
        ) {
            self.lost("is left", |_| true);
        }
        if self.opcode == Opcode::iter_next && [self.fields.b, self.fields.c].contains(&self.fields.a) {
            self.complain(KIND, "the value is written over the loop".to_owned());
        }
        self.effect(&before);
    }

    /// Whether a method of a struct may run inside the instruction; what dies there moves into its frame.
    fn calls_method(&self, left: Fact) -> bool {
        let operator = self.opcode.operator().is_some() || matches!(self.opcode, Opcode::neg | Opcode::not);
        self.opcode.may_call_method() && (!operator || left.ty.may_be(Type::STRUCT))
    }

    /// The register of the left or only operand.
    fn left(&self) -> u16 {
        match self.opcode.info().operands {
            [Operand::Dst | Operand::None, ..] => self.fields.b,
            _ => self.fields.a,
        }
    }

    /// What is known of the right operand of an operator.
    fn right_of(&self, before: &Facts) -> Fact {
        match self.opcode.info().operands {
            [Operand::Dst, _, right] => self.right(right, self.fields.c, before),
            [_, right, _] => self.right(right, self.fields.b, before),
        }
    }

    /// A register that is changed in place owns its reference, and nobody else looks at it meanwhile.
    pub fn may_change(&mut self, register: u16, uses: &[(u16, Use)]) {
        let Some(fact) = self.state.get(&register).copied() else {
            return self.complain(OWNED, format!("r{register} is changed but owns nothing"));
        };
        if !matches!(fact.hold, Hold::Plain | Hold::Owned(1)) {
            self.complain(OWNED, format!("r{register} is changed but not its own"));
        }
        if fact.hold != Hold::Plain && uses.iter().any(|&(other, _)| other == register) {
            self.complain(OWNED, format!("r{register} is changed while it is looked at"));
        }
    }

    /// What a call takes out of its window, and the result in it.
    pub fn call(&mut self) {
        let (window, count) = (self.fields.a, self.fields.b);
        let first = window + WINDOW_HEADER;
        let (callee, count) = match (self.opcode, self.literal()) {
            (Opcode::call_direct, Some(&Literal::Entry(callee))) => {
                (None, self.program.functions[callee as usize].arity)
            }
            (Opcode::call, _) => (Some(window + 1), count),
            _ => (None, count),
        };
        for register in callee.into_iter().chain(first..first + count) {
            self.read(register, Type::ANY);
            self.give_up(register);
        }
        self.lost("is in the window", |register| register >= window);
        self.state.retain(|&register, _| register < window);
        self.raises(true, &[]);
        self.write(window, Fact::of(Type::ANY));
    }

    /// The literal behind the instruction.
    pub fn literal(&self) -> Option<&'a Literal> {
        let literals = &self.function.literals;
        let found = literals.binary_search_by_key(&(self.at as u32 + 2), |literal| literal.0).ok();
        found.map(|found| &literals[found].1)
    }
}

/// What becomes of the reference of a register that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It moves into the instruction.
    Taken,
    /// It is released when all operands have been looked at.
    Dies,
    /// It stays.
    Read,
}

impl Use {
    fn read(dies: bool) -> Use {
        if dies { Use::Dies } else { Use::Read }
    }
}

/// What was known of the operands.
pub(super) struct Facts(State);

impl Facts {
    fn of(step: &Step<'_>) -> Facts {
        let (a, b, c) = (step.fields.a, step.fields.b, step.fields.c);
        let known = |register: u16| Some((register, *step.state.get(&register)?));
        Facts([a, b, c].into_iter().filter_map(known).collect())
    }

    /// Nothing, if it was dead: the instruction is refused then.
    pub fn get(&self, register: u16) -> Fact {
        self.0.get(&register).copied().unwrap_or(Fact::of(Type::NONE))
    }
}
