//! Emission: register-allocated IR becomes bytecode. Blocks in layout order; this file does functions, blocks and edges,
//! `fuse.rs` branches, `prefix.rs` prefixes, `select.rs` all other instructions.

use super::assembler::{Assembler, Label};
use super::class::{Class, class_of};
use super::constants::{Constants, Operand, as_immediate};
use super::fuse::Condition;
use super::op::Opcode;
use super::program::{FunctionCode, List, Literal, PathDescription, PathWord, Program};
use crate::base::effort::spend;
use crate::base::lists::dense;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, Function, Module};
use crate::ir::inst::{Imm, Op};
use crate::regalloc::{self, Allocation, Move};
use cranelift_entity::{EntitySet, SecondaryMap};
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
pub(super) const RED_ZONE: u16 = 250;

/// Registers above those allocated: one for results nobody reads, the mark of a suspended operator, the links of the method it calls.
pub(super) const OPERATOR_WINDOW: u16 = 6;

/// Emits every function of a module after ownership and allocation.
///
/// # Errors
/// A function needs more registers, paths or builtins than an instruction can name.
pub fn emit(module: &Module, allocations: &[Allocation]) -> Result<Program, TooLarge> {
    let mut paths = Paths::default();
    let mut functions = Vec::with_capacity(module.functions.len());
    let classes: Vec<_> = module.functions.values().map(class_of).collect();
    for (func, alloc) in module.functions.values().zip(allocations) {
        functions.push(emit_function(func, alloc, &classes, &mut paths)?);
    }
    let globals = module.globals.values().map(|global| global.name.clone()).collect();
    Ok(Program { functions, globals, paths: paths.list, names: module.names, ..Program::default() })
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
    numbers: FxHashMap<PathKey, u32>,
}

impl Paths {
    /// The word of a description; `None` if there are too many.
    pub fn number(&mut self, path: PathDescription) -> Option<PathWord> {
        let key = (path.name.clone(), path.global, path.steps.clone(), format!("{:?}", path.update));
        if let Some(&number) = self.numbers.get(&key) {
            return PathWord::of(number, &path);
        }
        let number = u32::try_from(self.list.len()).ok()?;
        let word = PathWord::of(number, &path)?;
        self.list.push(path);
        self.numbers.insert(key, number);
        Some(word)
    }
}

fn emit_function(
    func: &Function,
    alloc: &Allocation,
    classes: &[Option<Class>],
    paths: &mut Paths,
) -> Result<FunctionCode, TooLarge> {
    let too_large = |what: &str| TooLarge { function: name_of(func), what: what.to_string() };
    if alloc.frame_size as usize + OPERATOR_WINDOW as usize >= super::op::MAX_REGISTERS {
        return Err(too_large("it needs too many registers"));
    }
    for long in [false, true] {
        let mut emitter = Emitter {
            func,
            alloc,
            constants: Constants::new(func),
            asm: Assembler::for_instructions(func.insts.len()),
            labels: dense(func.blocks.len()),
            stubs: Vec::new(),
            long,
            classes,
            paths,
            overflow: None,
            skip: None,
            switched: EntitySet::new(),
            done: EntitySet::with_capacity(func.blocks.len()),
            only_jumps: false,
            scratch: Vec::new(),
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

/// Emits one function.
pub(super) struct Emitter<'a> {
    pub func: &'a Function,
    pub alloc: &'a Allocation,
    pub constants: Constants,
    pub asm: Assembler,
    pub paths: &'a mut Paths,
    /// The functions that tell a class of characters.
    pub classes: &'a [Option<Class>],
    pub overflow: Option<&'static str>,
    /// The branches that a `quick_switch` before them has in its table.
    pub switched: EntitySet<Inst>,
    /// The last instruction a prefix skips, and the label behind it.
    pub skip: Option<(Inst, Label)>,
    labels: SecondaryMap<Block, Option<Label>>,
    /// The blocks that are emitted, and the one that is being.
    pub(super) done: EntitySet<Block>,
    /// The block being emitted is one instruction.
    only_jumps: bool,
    /// The instructions of the block being emitted are kept in this vector, one block after the other.
    scratch: Vec<Inst>,
    stubs: Vec<Stub>,
    pub(super) long: bool,
}

impl<'a> Emitter<'a> {
    fn function(&mut self) {
        self.asm.set_span(self.func.span);
        self.asm.code.unwind_registers = self.alloc.lists.pool.clone();
        let parameters = self.parameters();
        let parameters = self.asm.list_of(&parameters);
        self.asm.point(parameters);
        if self.alloc.frame_size + OPERATOR_WINDOW > RED_ZONE {
            let words = self.alloc.frame_size as u32 + OPERATOR_WINDOW as u32;
            let at = self.asm.here();
            self.asm.op(Opcode::check_stack, 0, 0, words as u16, (words >> 16) as u16);
            self.asm.unwind(at, parameters, None);
        }
        let layout = &self.func.layout;
        for (index, &block) in layout.iter().enumerate() {
            let label = self.block_label(block);
            self.asm.bind(label);
            self.done.insert(block);
            if let Some(&owned) = self.alloc.points.get(&block) {
                self.asm.point(owned);
            }
            self.block(block, layout.get(index + 1).copied(), layout.get(index + 2).copied());
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

    /// The registers of the parameters.
    pub(super) fn parameters(&self) -> Vec<u16> {
        (0..self.func.arity as u16).collect()
    }

    /// The label of a block.
    pub(super) fn block_label(&mut self, block: Block) -> Label {
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
    pub(super) fn edge_label(&mut self, inst: Inst, index: usize) -> Label {
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

    /// Where operand `index` of `inst` is, for instructions with a literal form.
    pub fn operand(&self, inst: Inst, index: usize) -> Operand {
        let val = self.func.insts[inst].args[index];
        match (self.alloc.reg(val), self.func.const_of(val)) {
            (None, Some(constant)) => Operand::Literal(constant.clone()),
            _ => Operand::Register { register: self.reg(val), dies: self.dies(inst, index) },
        }
    }

    /// Where operand `index` of `inst` is, for instructions with an immediate form too. An immediate is read with the
    /// instruction, even if the constant also has a register, for other uses.
    pub fn operand_or_immediate(&self, inst: Inst, index: usize) -> Operand {
        let constant = self.func.const_of(self.func.insts[inst].args[index]);
        match constant.and_then(as_immediate) {
            Some(number) => Operand::Immediate(number as u16),
            None => self.operand(inst, index),
        }
    }

    /// Whether `inst` gives up the reference in the register of operand `index`. A register whose value cannot be counted has
    /// none, whatever ownership tracked it for.
    fn dies(&self, inst: Inst, index: usize) -> bool {
        let data = &self.func.insts[inst];
        let val = data.args[index];
        index < 32 && data.drop_mask >> index & 1 != 0 && self.func.may_own(val) && self.alloc.reg(val).is_some()
    }

    /// The drop flag for operand `index` of `inst`, which is read from a register.
    pub fn drop_flag(&self, inst: Inst, index: usize, flag: u16) -> u16 {
        if self.dies(inst, index) { flag } else { 0 }
    }

    /// Adds the unwind entry of the instruction at word `at`, if `inst` needs one. Calls always get one.
    pub fn unwind(&mut self, inst: Inst, at: u32) {
        let is_call = matches!(self.func.insts[inst].op, Op::Call | Op::CallDirect | Op::CallMethod);
        let Some(unwind) = self.alloc.unwind(inst) else {
            if is_call {
                self.asm.unwind(at, List::default(), None);
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
        self.asm.unwind(at, unwind.list, landing);
    }

    fn block(&mut self, block: Block, next: Option<Block>, after: Option<Block>) {
        let func = self.func;
        let mut insts = std::mem::take(&mut self.scratch);
        insts.clear();
        insts.extend(func.blocks[block].insts.iter().copied().filter(|&inst| !self.is_encoded(inst)));
        self.only_jumps = insts.len() == 1;
        let mut index = 0;
        while index < insts.len() {
            spend(1);
            self.asm.set_span(func.insts[insts[index]].span);
            index += match self.fused(&insts[index..]) {
                Some((condition, count)) => {
                    self.switch(&condition, insts[index + count - 1]);
                    if let Condition::Compare { inst, .. } = condition {
                        self.early_return(inst, insts[index + count - 1], next, after);
                    }
                    self.branch(condition, insts[index], insts[index + count - 1], next);
                    count
                }
                None if let Some(count) = self.captures(&insts[index..]) => count,
                None => {
                    self.prefix(&insts[index..], next);
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
        self.scratch = insts;
    }

    /// A `const` that lives in the instructions that use it.
    pub(super) fn is_encoded(&self, inst: Inst) -> bool {
        let data = &self.func.insts[inst];
        data.op == Op::Const && data.result.expand().is_none_or(|val| self.alloc.reg(val).is_none())
    }

    /// Goes to the only target of a jump.
    pub fn jump(&mut self, inst: Inst, next: Option<Block>) {
        let moves = self.alloc.edge_moves(inst, 0).to_vec();
        self.moves(&moves);
        let target = self.func.insts[inst].targets[0].block;
        if next != Some(target) && !self.repeat(target, next) {
            let label = self.block_label(target);
            self.asm.jump(label);
        }
    }

    /// Writes the `iter_next` that is all of `block` once more, in place of a jump there, if it closes a loop.
    ///
    /// PERF: where an iteration ends in several places, one dispatch each: a protected call in a loop takes 0.82 of its time.
    fn repeat(&mut self, block: Block, next: Option<Block>) -> bool {
        let insts: Vec<Inst> =
            self.func.blocks[block].insts.iter().copied().filter(|&inst| !self.is_encoded(inst)).collect();
        let Some((condition, count)) = self.fused(&insts) else { return false };
        let brif = insts[insts.len() - 1];
        // Work is charged where a jump leads back to: at the blocks the branch itself leads back to.
        let mut back =
            self.func.insts[brif].targets.iter().filter(|target| self.done.contains(target.block)).peekable();
        let closes = back.peek().is_some() && back.all(|target| self.alloc.points.contains_key(&target.block));
        let next_value = matches!(condition, Condition::Exhausted { .. });
        // A block that only jumps is for the passes to remove.
        if count != insts.len() || !next_value || !closes || self.only_jumps {
            return false;
        }
        self.asm.set_span(self.func.insts[insts[0]].span);
        self.branch(condition, insts[0], brif, next);
        true
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
