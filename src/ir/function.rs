//! Functions and modules of the IR: instructions, values, blocks, constants.
//!
//! Data-flow (instructions, values) and layout (order of blocks, order of instructions in a block) are separate: removing an
//! instruction from its block does not renumber anything.

use super::effects::Effects;
use super::entities::{Block, Const, FuncRef, Global, Inst, Path, Val};
use super::inst::{Imm, Op};
use super::types::Type;
use crate::base::builtin::{BuiltinId, BuiltinNames};
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use cranelift_entity::{EntitySet, PrimaryMap, SecondaryMap, packed_option::PackedOption};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

/// A pooled constant. Floats compare by bits, so that `-0.0` and NaN keep their identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConstData {
    /// null
    Null,
    /// true, false
    Bool(bool),
    /// An int.
    Int(i64),
    /// The bits of a double.
    Float(u64),
    /// A string.
    Str(Rc<str>),
    /// The mark of a binding without a value.
    Undef,
}

impl ConstData {
    /// The type of the constant; ints are `SMALL_INT` in the inline range [-2^49, 2^49).
    pub fn ty(&self) -> Type {
        match self {
            ConstData::Null => Type::NULL,
            ConstData::Bool(_) => Type::BOOL,
            ConstData::Int(i) if (-(1i64 << 49)..(1i64 << 49)).contains(i) => Type::SMALL_INT,
            ConstData::Int(_) => Type::BIG_INT,
            ConstData::Float(_) => Type::FLOAT,
            ConstData::Str(_) => Type::STRING,
            ConstData::Undef => Type::UNDEF,
        }
    }
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `[key]`, the key being the next key operand.
    Index,
    /// `.name`, the name being a string constant.
    Field(Const),
}

/// What a read-modify-write does with the old element, the right operand and the further operands, which follow the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateOp {
    /// `old op operand`; an addition may have further operands: `((old + operand) + second) + third`.
    Binary(BinaryOp),
    /// `push(old, operand)`
    Push,
    /// `builtin(old, operand, second, third)` of a builtin that runs no script code.
    Builtin(BuiltinId),
    /// `builtin(old)` of a builtin that runs no script code; the operand is null.
    Alone(BuiltinId),
}

impl UpdateOp {
    /// Whether it may have further operands.
    pub fn takes_more(self) -> bool {
        matches!(self, UpdateOp::Binary(BinaryOp::Add) | UpdateOp::Builtin(_))
    }
}

/// The immediate of path instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathData {
    /// The variable's name, for `Undefined variable: name`.
    pub name: Const,
    /// The root, for the `global_` instructions.
    pub global: Option<Global>,
    /// The steps; empty means the root itself (read-modify-write only).
    pub steps: SmallVec<[Step; 2]>,
    /// The operation of a read-modify-write. Of a `vacate`: an operator, if only a string is taken out, which no method gets.
    pub update: Option<UpdateOp>,
    /// Where the errors of further additions are reported; those that lack a position, where the instruction's are.
    pub later: SmallVec<[Span; 1]>,
    /// Of a read-modify-write: where an error of storing is reported, of reading the root, and of reading along each step. Those
    /// that are missing, where the instruction's are.
    pub places: SmallVec<[Span; 4]>,
}

/// An edge: a block and the arguments for its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlockCall {
    /// The target.
    pub block: Block,
    /// One value for each parameter.
    pub args: SmallVec<[Val; 4]>,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct InstData {
    /// Its row.
    pub op: Op,
    /// Its operands.
    pub args: SmallVec<[Val; 4]>,
    /// Its immediate.
    pub imm: Imm,
    /// The targets of a terminator.
    pub targets: SmallVec<[BlockCall; 2]>,
    /// Where control goes when it raises inside a `try` body, with the current values of the variables that change in the body.
    pub unwind: Option<Box<BlockCall>>,
    /// Its result.
    pub result: PackedOption<Val>,
    /// Bit i: `Borrow` operand i dies here and is released by the instruction. Set by the ownership step.
    pub drop_mask: u32,
    /// Where errors it raises are reported.
    pub span: Span,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValDef {
    /// The result of an instruction.
    Result(Inst),
    /// The n-th parameter of a block.
    Param(Block, u32),
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub struct ValData {
    /// Where it comes from.
    pub def: ValDef,
    /// A type that includes every value it can have at run time.
    pub ty: Type,
}

/// A basic block.
#[derive(Clone, Debug, Default)]
pub struct BlockData {
    /// Its parameters.
    pub params: SmallVec<[Val; 4]>,
    /// Its instructions, the terminator last.
    pub insts: Vec<Inst>,
}

/// A function in SSA form.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the source; `None` for anonymous functions. The top level of a script is `<main>`.
    pub name: Option<Rc<str>>,
    /// Its place in the module.
    pub id: FuncRef,
    /// Number of parameters: those of the entry block.
    pub arity: u32,
    /// Number of captured values; 0 for a function that can be called directly.
    pub captures: u32,
    /// The first block; its parameters are the function's.
    pub entry: Block,
    /// Order of the blocks in the code; the entry first. Blocks not in it are dead.
    pub layout: Vec<Block>,
    /// Instructions.
    pub insts: PrimaryMap<Inst, InstData>,
    /// Values.
    pub values: PrimaryMap<Val, ValData>,
    /// Values that are borrowed instead of being owned. Set by the ownership step.
    pub borrowed: EntitySet<Val>,
    /// The owned value that keeps a borrowed one alive, if one does: it lives at least as long.
    pub lenders: SecondaryMap<Val, PackedOption<Val>>,
    /// Blocks.
    pub blocks: PrimaryMap<Block, BlockData>,
    /// Pooled constants.
    pub consts: PrimaryMap<Const, ConstData>,
    /// Path descriptions.
    pub paths: PrimaryMap<Path, PathData>,
    /// Whether some instruction may have an exceptional edge. If not, only terminators are asked for edges.
    pub handles: bool,
    /// Where the function stands in the source.
    pub span: Span,
    const_numbers: FxHashMap<ConstData, Const>,
}

impl Function {
    /// An empty function with an entry block of `arity` parameters.
    pub fn new(id: FuncRef, name: Option<Rc<str>>, arity: u32, span: Span) -> Function {
        let mut func = Function {
            name,
            id,
            arity,
            captures: 0,
            entry: Block::from_u32(0),
            layout: Vec::new(),
            insts: PrimaryMap::with_capacity(16),
            values: PrimaryMap::with_capacity(16),
            borrowed: EntitySet::new(),
            lenders: SecondaryMap::new(),
            blocks: PrimaryMap::new(),
            consts: PrimaryMap::new(),
            paths: PrimaryMap::new(),
            handles: false,
            span,
            const_numbers: FxHashMap::default(),
        };
        func.entry = func.make_block();
        func.layout.push(func.entry);
        for _ in 0..arity {
            func.append_param(func.entry, Type::ANY);
        }
        func
    }

    /// A new block, not yet in the layout.
    pub fn make_block(&mut self) -> Block {
        self.blocks.push(BlockData::default())
    }

    /// Adds a parameter to a block. The caller extends every edge to it.
    pub fn append_param(&mut self, block: Block, ty: Type) -> Val {
        let index = self.blocks[block].params.len() as u32;
        let val = self.values.push(ValData { def: ValDef::Param(block, index), ty });
        self.blocks[block].params.push(val);
        val
    }

    /// Removes parameter `index` of `block` and renumbers the later ones. The caller shortens every edge to it.
    pub fn remove_param(&mut self, block: Block, index: usize) {
        self.blocks[block].params.remove(index);
        for (i, &val) in self.blocks[block].params.iter().enumerate().skip(index) {
            self.values[val].def = ValDef::Param(block, i as u32);
        }
    }

    /// A new instruction, not yet in a block; its result, if the row has one, gets the row's static type.
    pub fn make_inst(&mut self, op: Op, args: &[Val], imm: Imm, span: Span) -> Inst {
        let inst = self.insts.push(InstData {
            op,
            args: args.into(),
            imm,
            targets: SmallVec::new(),
            unwind: None,
            result: None.into(),
            drop_mask: 0,
            span,
        });
        if let Some(ty) = op.info().result {
            let ty = match (op, imm) {
                (Op::Const, Imm::Const(c)) => self.consts[c].ty(),
                _ => ty,
            };
            let val = self.values.push(ValData { def: ValDef::Result(inst), ty });
            self.insts[inst].result = val.into();
        }
        inst
    }

    /// The pooled number of a constant.
    pub fn constant(&mut self, data: ConstData) -> Const {
        if let Some(&number) = self.const_numbers.get(&data) {
            return number;
        }
        let number = self.consts.push(data.clone());
        self.const_numbers.insert(data, number);
        number
    }

    /// Whether the function owns a reference to `val`, unless the value turns out to be none that is counted.
    pub fn may_own(&self, val: Val) -> bool {
        self.values[val].ty.may_be_counted() && !self.borrowed.contains(val)
    }

    /// The constant a value is, if its definition is a `const` instruction.
    pub fn const_of(&self, val: Val) -> Option<&ConstData> {
        match self.values[val].def {
            ValDef::Result(inst) => match (self.insts[inst].op, self.insts[inst].imm) {
                (Op::Const, Imm::Const(c)) => Some(&self.consts[c]),
                _ => None,
            },
            ValDef::Param(..) => None,
        }
    }

    /// The last instruction of a block.
    ///
    /// # Panics
    /// If the block is empty, which a verified function's never are.
    pub fn terminator(&self, block: Block) -> Inst {
        *self.blocks[block].insts.last().expect("a block with a terminator")
    }

    /// Calls `f` with every value an instruction uses: operands, edge arguments, exceptional edge arguments.
    pub fn for_each_use(&self, inst: Inst, mut f: impl FnMut(Val)) {
        let data = &self.insts[inst];
        data.args.iter().copied().for_each(&mut f);
        for call in data.targets.iter().chain(data.unwind.as_deref()) {
            call.args.iter().copied().for_each(&mut f);
        }
    }

    /// Calls `f` with every value that has to be alive for an instruction: those it uses, and those that lend it what it uses.
    pub fn for_each_need(&self, inst: Inst, mut f: impl FnMut(Val)) {
        self.for_each_use(inst, |val| {
            f(val);
            if let Some(lender) = self.lenders[val].expand() {
                f(lender);
            }
        });
    }

    /// Calls `f` with every use of an instruction, to be rewritten.
    pub fn for_each_use_mut(&mut self, inst: Inst, mut f: impl FnMut(&mut Val)) {
        let data = &mut self.insts[inst];
        data.args.iter_mut().for_each(&mut f);
        for call in data.targets.iter_mut().chain(data.unwind.as_deref_mut()) {
            call.args.iter_mut().for_each(&mut f);
        }
    }

    /// The instructions of a block that may have edges, in order.
    pub fn with_edges(&self, block: Block) -> &[Inst] {
        let insts = &self.blocks[block].insts[..];
        if self.handles { insts } else { &insts[insts.len().saturating_sub(1)..] }
    }

    /// Gives an instruction an exceptional edge; that it had before.
    pub fn set_unwind(&mut self, inst: Inst, call: BlockCall) -> Option<Box<BlockCall>> {
        self.handles = true;
        self.insts[inst].unwind.replace(Box::new(call))
    }

    /// Every edge that leaves a block: exceptional ones in instruction order, then the terminator's targets.
    pub fn for_each_edge(&self, block: Block, mut f: impl FnMut(Inst, &BlockCall)) {
        for &inst in self.with_edges(block) {
            let data = &self.insts[inst];
            if let Some(call) = data.unwind.as_deref() {
                f(inst, call);
            }
            for call in &data.targets {
                f(inst, call);
            }
        }
    }

    /// The effects of an instruction, sharpened by the types of its operands: an operator on operands that exclude structs
    /// calls nothing, and comparing for equality then raises nothing.
    pub fn effects(&self, inst: Inst) -> Effects {
        let data = &self.insts[inst];
        let effects = data.op.info().effects;
        let ty = |index: usize| data.args.get(index).map_or(Type::NONE, |&val| self.values[val].ty);
        if !effects.contains(Effects::OPERATOR) {
            return match data.op {
                Op::CheckDefined if !ty(0).may_be(Type::UNDEF) => Effects::PURE,
                Op::ExpectArray if ty(0).is_subset(Type::ARRAY) => Effects::PURE,
                Op::ExpectDict if ty(0).is_subset(Type::DICT) => Effects::PURE,
                Op::RangeBound if ty(0).is_subset(Type::NUMBER) => Effects::PURE,
                _ => effects,
            };
        }
        let may_overload = ty(0).may_be(Type::STRUCT);
        let overload = if may_overload { Effects::CALLS } else { Effects::PURE };
        let both = ty(0).union(ty(1));
        match data.op {
            Op::UpdatePath | Op::CellUpdatePath | Op::GlobalUpdatePath => {
                // The old element may be a struct, whatever the root is; builtins are never overloaded.
                let pushes = match data.imm {
                    Imm::Path(path) => !matches!(self.paths[path].update, Some(UpdateOp::Binary(_))),
                    _ => false,
                };
                Effects(effects.0 & !32) | if pushes { Effects::PURE } else { Effects::CALLS }
            }
            Op::Eq | Op::Ne => overload,
            Op::Lt | Op::Le | Op::Gt | Op::Ge if both.is_subset(Type::NUMBER) => Effects::PURE,
            Op::Not if both.is_subset(Type::BOOL) => Effects::PURE,
            Op::Neg | Op::Add | Op::Sub | Op::Mul if both.is_subset(Type::FLOAT) => Effects::PURE,
            _ => Effects(effects.0 & !32) | overload,
        }
    }
}

/// A global slot: a top-level binding some function mentions.
#[derive(Clone, Debug)]
pub struct GlobalData {
    /// Its name.
    pub name: Rc<str>,
}

/// A compilation unit.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Functions; the first is the top level.
    pub functions: PrimaryMap<FuncRef, Function>,
    /// Global slots.
    pub globals: PrimaryMap<Global, GlobalData>,
    /// What its text calls builtins.
    pub names: BuiltinNames,
    /// Whether it is known that no struct overloads an operator: operators run no script code.
    pub plain_operators: bool,
}
