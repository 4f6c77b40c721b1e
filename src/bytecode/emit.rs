//! Emission: register-allocated IR becomes bytecode. Blocks in layout order; this file does blocks, branches and edges,
//! `select.rs` the instructions.
//!
//! Fused here: comparison + `brif` (one compare-and-branch), `iter_next` + `iter_step` + `is_done` + `brif`, `add` + comparison + `brif` (one
//! counted-loop step), tests for null and undefined + `brif`. The pieces must be adjacent, `const` instructions without a
//! register aside.

use super::assembler::{Assembler, Label};
use super::constants::{Constants, as_immediate, is_comparison};
use super::op::{DROP_FIRST, DROP_SECOND, Opcode, SUBTRACTS};
use super::program::{FunctionCode, Literal, PathDescription, Program};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, Function, Module};
use crate::ir::inst::{Imm, Op};
use crate::regalloc::{self, Allocation, Move};
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;
use std::fmt;
use std::rc::Rc;

/// A function exceeds an encoding: what, and which function.
#[derive(Debug)]
pub struct TooLarge {
    /// The function's name.
    pub function: String,
    /// What is too large.
    pub what: String,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function {} is too large: {}", self.function, self.what)
    }
}

/// Frames above this many registers check the stack when entered (`vm/handlers/call.rs` has the reason).
const RED_ZONE: u16 = 250;

/// Registers above those allocated: one for results nobody reads, the mark of a suspended operator, the links of the method it calls.
pub(super) const OPERATOR_WINDOW: u16 = 6;

/// Emits every function of a module after ownership and allocation.
///
/// # Errors
/// A function needs more registers, paths or builtins than an instruction can name.
pub fn emit(module: &Module, allocations: &[Allocation]) -> Result<Program, TooLarge> {
    let mut paths = Paths::default();
    let mut functions = Vec::with_capacity(module.functions.len());
    for (func, alloc) in module.functions.values().zip(allocations) {
        functions.push(emit_function(func, alloc, &mut paths)?);
    }
    let globals = module.globals.values().map(|global| global.name.clone()).collect();
    Ok(Program { functions, globals, paths: paths.list, ..Program::default() })
}

/// Allocates registers for one function as emission wants it: constants it encodes in place get none.
///
/// # Errors
/// The function needs too many registers.
pub fn allocate(func: &Function) -> Result<Allocation, TooLarge> {
    let constants = Constants::new(func);
    regalloc::allocate(func, |val| constants.needs_register(func, val))
        .map_err(|error| TooLarge { function: name_of(func), what: error.to_string() })
}

fn name_of(func: &Function) -> String {
    func.name.as_deref().unwrap_or("<lambda>").to_string()
}

/// What makes two path descriptions one.
type PathKey = (Rc<str>, Option<u32>, Vec<super::program::PathStep>, String);

/// Path descriptions of the program, each once.
#[derive(Default)]
pub(super) struct Paths {
    list: Vec<PathDescription>,
    numbers: FxHashMap<PathKey, u16>,
}

impl Paths {
    /// The number of a description; `None` if there are too many.
    pub fn number(&mut self, path: PathDescription) -> Option<u16> {
        let key = (path.name.clone(), path.global, path.steps.clone(), format!("{:?}", path.update));
        if let Some(&number) = self.numbers.get(&key) {
            return Some(number);
        }
        let number = u16::try_from(self.list.len()).ok()?;
        self.list.push(path);
        self.numbers.insert(key, number);
        Some(number)
    }
}

fn emit_function(func: &Function, alloc: &Allocation, paths: &mut Paths) -> Result<FunctionCode, TooLarge> {
    let too_large = |what: &str| TooLarge { function: name_of(func), what: what.to_string() };
    if alloc.frame_size as usize + OPERATOR_WINDOW as usize >= super::op::MAX_REGISTERS {
        return Err(too_large("it needs too many registers"));
    }
    for long in [false, true] {
        let mut emitter = Emitter {
            func,
            alloc,
            constants: Constants::new(func),
            asm: Assembler::default(),
            labels: SecondaryMap::new(),
            stubs: Vec::new(),
            long,
            paths,
            overflow: None,
            skip: None,
        };
        emitter.function();
        if let Some(what) = emitter.overflow {
            return Err(too_large(what));
        }
        if let Ok(mut code) = emitter.asm.finish() {
            code.name = func.name.clone();
            code.span = func.span;
            code.arity = func.arity as u16;
            code.captures = func.captures as u16;
            code.frame_size = alloc.frame_size as u32 + if code.finish.is_some() { OPERATOR_WINDOW as u32 } else { 1 };
            return Ok(code);
        }
    }
    Err(too_large("a loop is too long"))
}

/// Moves to do on the way to a block, out of line.
struct Stub {
    label: Label,
    increments: Vec<u16>,
    moves: Vec<Move>,
    target: Block,
}

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

/// Emits one function.
pub(super) struct Emitter<'a> {
    pub func: &'a Function,
    pub alloc: &'a Allocation,
    pub constants: Constants,
    pub asm: Assembler,
    pub paths: &'a mut Paths,
    pub overflow: Option<&'static str>,
    /// The last instruction a prefix skips, and the label behind it.
    pub skip: Option<(Inst, Label)>,
    labels: SecondaryMap<Block, Option<Label>>,
    stubs: Vec<Stub>,
    long: bool,
}

impl<'a> Emitter<'a> {
    fn function(&mut self) {
        self.asm.set_span(self.func.span);
        if self.alloc.frame_size + OPERATOR_WINDOW > RED_ZONE {
            let words = self.alloc.frame_size as u32 + OPERATOR_WINDOW as u32;
            let parameters: Vec<u16> = (0..self.func.arity as u16).collect();
            let at = self.asm.here();
            self.asm.op(Opcode::check_stack, 0, 0, words as u16, (words >> 16) as u16);
            self.asm.unwind(at, &parameters, &[], None);
        }
        let layout = &self.func.layout;
        for (index, &block) in layout.iter().enumerate() {
            let label = self.block_label(block);
            self.asm.bind(label);
            self.block(block, layout.get(index + 1).copied());
        }
        let mut next = 0;
        while next < self.stubs.len() {
            let stub = &self.stubs[next];
            let (label, target) = (stub.label, stub.target);
            let (increments, moves) = (stub.increments.clone(), stub.moves.clone());
            self.asm.bind(label);
            for register in increments {
                self.asm.op(Opcode::copy_value, 0, register, register, 0);
            }
            self.moves(&moves);
            let target = self.block_label(target);
            self.asm.jump(target);
            next += 1;
        }
        if self.asm.calls_methods {
            self.asm.code.finish = Some(self.asm.here());
            self.asm.op(Opcode::finish_operator, 0, self.alloc.frame_size + 2, 0, 0);
        }
    }

    /// The label of a block.
    fn block_label(&mut self, block: Block) -> Label {
        match self.labels[block] {
            Some(label) => label,
            None => {
                let label = self.asm.label();
                self.labels[block] = Some(label);
                label
            }
        }
    }

    /// The label to jump to for target `index` of a terminator: the block, or a stub that does the edge's moves.
    fn edge_label(&mut self, inst: Inst, index: usize) -> Label {
        let target = self.func.insts[inst].targets[index].block;
        let moves = self.alloc.edge_moves(inst, index).to_vec();
        if moves.is_empty() { self.block_label(target) } else { self.stub(Vec::new(), moves, target) }
    }

    fn stub(&mut self, increments: Vec<u16>, moves: Vec<Move>, target: Block) -> Label {
        let label = self.asm.label();
        self.stubs.push(Stub { label, increments, moves, target });
        label
    }

    /// Writes moves in order.
    pub fn moves(&mut self, moves: &[Move]) {
        for step in moves {
            match *step {
                Move::Reg { from, to } => self.asm.op(Opcode::move_value, 0, to, from, 0),
                Move::Const { value, to } => self.load(to, &self.func.consts[value].clone()),
            }
        }
    }

    /// Loads a constant into a register.
    pub fn load(&mut self, to: u16, constant: &ConstData) {
        match constant {
            ConstData::Int(i) if i32::try_from(*i).is_ok() => {
                let bits = *i as i32 as u32;
                self.asm.op(Opcode::load_int, 0, to, bits as u16, (bits >> 16) as u16);
            }
            _ => {
                let op = if constant.ty().may_be_counted() { Opcode::load_counted } else { Opcode::load };
                self.asm.op(op, 0, to, 0, 0);
                self.asm.literal(Literal::Const(constant.clone()));
            }
        }
    }

    /// The register of a value that has one.
    ///
    /// # Panics
    /// If it has none, which `regalloc::check` excludes.
    pub fn reg(&self, val: Val) -> u16 {
        self.alloc.reg(val).expect("a value used in a register has one")
    }

    /// The register of a result; results nobody reads go to a register of their own.
    pub fn dst(&self, inst: Inst) -> u16 {
        self.func.insts[inst].result.expand().and_then(|val| self.alloc.reg(val)).unwrap_or(self.alloc.frame_size)
    }

    /// The drop flag for operand `index` of `inst`.
    pub fn drop_flag(&self, inst: Inst, index: usize, flag: u16) -> u16 {
        let data = &self.func.insts[inst];
        let dies = index < 32 && data.drop_mask >> index & 1 != 0 && self.alloc.reg(data.args[index]).is_some();
        if dies { flag } else { 0 }
    }

    /// Adds the unwind entry of the instruction at word `at`, if `inst` needs one. Calls always get one.
    pub fn unwind(&mut self, inst: Inst, at: u32) {
        let is_call = matches!(self.func.insts[inst].op, Op::Call | Op::CallDirect | Op::CallMethod);
        let Some(unwind) = self.alloc.unwind(inst) else {
            if is_call {
                self.asm.unwind(at, &[], &[], None);
            }
            return;
        };
        let landing = unwind.handler.as_ref().map(|edge| {
            if edge.increments.is_empty() && edge.moves.is_empty() {
                self.block_label(edge.block)
            } else {
                self.stub(edge.increments.clone(), edge.moves.clone(), edge.block)
            }
        });
        self.asm.unwind(at, &unwind.drops, &unwind.kept, landing);
    }

    fn block(&mut self, block: Block, next: Option<Block>) {
        let func = self.func;
        let insts: Vec<Inst> =
            func.blocks[block].insts.iter().copied().filter(|&inst| !self.is_encoded(inst)).collect();
        let mut index = 0;
        while index < insts.len() {
            self.asm.set_span(func.insts[insts[index]].span);
            index += match self.fused(&insts[index..]) {
                Some((condition, count)) => {
                    self.branch(condition, insts[index], insts[index + count - 1], next);
                    count
                }
                None => {
                    self.prefix(&insts[index..]);
                    self.instruction(insts[index], next);
                    if let Some((last, label)) = self.skip
                        && last == insts[index]
                    {
                        self.asm.bind(label);
                        self.skip = None;
                    }
                    1
                }
            };
        }
    }

    /// A `const` that lives in the instructions that use it.
    fn is_encoded(&self, inst: Inst) -> bool {
        let data = &self.func.insts[inst];
        data.op == Op::Const && data.result.expand().is_none_or(|val| self.alloc.reg(val).is_none())
    }

    /// Whether `brif` tests just the result of `test`.
    fn tests(&self, brif: Inst, test: Inst) -> bool {
        let (brif, result) = (&self.func.insts[brif], self.func.insts[test].result.expand());
        brif.op == Op::Brif && Some(brif.args[0]) == result && self.constants.uses(brif.args[0]) == 1
    }

    /// The branch that starts at the first of `insts`, and how many it consists of.
    fn fused(&self, insts: &[Inst]) -> Option<(Condition, usize)> {
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
    fn branch(&mut self, condition: Condition, test: Inst, brif: Inst, next: Option<Block>) {
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
            (Some(_), _) => format!("step_{name}"),
            (None, Some(_)) => format!("step_i_{name}"),
            (None, None) => format!("step_i_{name}_i"),
        };
        let opcode = Opcode::from_name(&form).expect("a step for each ordering");
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
        let (left, right) = (data.args[0], data.args[1]);
        let name = format!("jump_{}{}", if sense { "" } else { "not_" }, op.info().name);
        let flags = self.drop_flag(inst, 0, DROP_FIRST) | self.drop_flag(inst, 1, DROP_SECOND);
        let opcode =
            |suffix: &str| Opcode::from_name(&format!("{name}{suffix}")).expect("a branch for each comparison");
        let left = self.reg(left);
        match (self.alloc.reg(right), self.func.const_of(right)) {
            (Some(right), _) => self.asm.op(opcode(""), flags, left, right, 0),
            (None, Some(constant)) => match as_immediate(constant) {
                Some(number) => self.asm.op(opcode("_i"), flags, left, number as u16, 0),
                None => {
                    self.asm.op(opcode("_k"), flags, left, 0, 0);
                    self.asm.literal(Literal::Const(constant.clone()));
                }
            },
            (None, None) => unreachable!("an operand is in a register or a constant"),
        }
    }

    /// Goes to the only target of a jump.
    pub fn jump(&mut self, inst: Inst, next: Option<Block>) {
        let moves = self.alloc.edge_moves(inst, 0).to_vec();
        self.moves(&moves);
        let target = self.func.insts[inst].targets[0].block;
        if next != Some(target) {
            let label = self.block_label(target);
            self.asm.jump(label);
        }
    }

    /// The tag of a constant immediate.
    pub fn tag(&self, imm: Imm) -> Literal {
        match self.text(imm) {
            Literal::Const(ConstData::Str(text)) => Literal::Tag(text),
            other => other,
        }
    }

    /// The string of a constant immediate.
    pub fn text(&self, imm: Imm) -> Literal {
        match imm {
            Imm::Const(constant) => Literal::Const(self.func.consts[constant].clone()),
            _ => Literal::Const(ConstData::Null),
        }
    }
}
