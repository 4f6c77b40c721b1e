//! What is borrowed: a register may hold a value without a reference of its own while somebody else keeps that value alive.
//!
//! | read | lender |
//! |---|---|
//! | `capture_get` | the running closure, for as long as the frame lasts |
//! | `global_get`, `cell_get` | the variable, until something may write it: a store, a call, whatever may run script code; a cell also has to live |
//! | `index_get`, `field_get` of an owned value | that value, until it is consumed |
//! | `index_get`, `field_get` of a borrowed value | the lender of that |
//!
//! A value is borrowed if it is looked into and nothing keeps it, passes it along an edge or updates it, and if on no way from the read to
//! a use the lender ends the loan. Data are values: while a container has an owner who does not consume it, its elements stay. So a
//! chain of reads counts nothing: `g[i][j].f` is four instructions, of which only the last one makes a reference.
//!
//! ```text
//! v1 = global_get g         borrowed from g
//! v2 = index_get v1, v0     borrowed from g
//! v3 = field_get v2 "x"     owned
//! v4 = field_get v2 "y"     owned
//! ```
//!
//! A loan makes its uses uses of the value or cell that lends (`Function::lenders`), so that this is dropped after them.
//!
//! Not in generators and async functions, whose suspended frames own what they keep. The work is linear in the size of the function:
//! each candidate has a budget of instructions to look at ([`BUDGET`]).

use super::place;
use crate::base::effort::spend;
use crate::ir::cfg::Cfg;
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Global, Inst, Val};
use crate::ir::function::{Function, ValDef};
use crate::ir::inst::{Imm, Mode, Op};
use cranelift_entity::{EntitySet, SecondaryMap};
use smallvec::SmallVec;

/// Most instructions looked at for one candidate.
const BUDGET: usize = 256;

/// Who keeps a borrowed value alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lender {
    /// The running closure.
    Closure,
    /// A global.
    Global(Global),
    /// A cell, which has to be owned as well. Any write to a cell may be one to this.
    Cell(Val),
    /// An owned value.
    Value(Val),
}

/// Who keeps the borrowed value `val` alive; for a value that is not borrowed, itself.
pub(super) fn lender(func: &Function, mut val: Val) -> Lender {
    while func.borrowed.contains(val) {
        let ValDef::Result(inst) = func.values[val].def else { break };
        let data = &func.insts[inst];
        match (data.op, data.imm) {
            (Op::CaptureGet, _) => return Lender::Closure,
            (Op::GlobalGet, Imm::Global(global)) => return Lender::Global(global),
            (Op::CellGet, _) => return Lender::Cell(data.args[0]),
            _ => val = data.args[0],
        }
    }
    Lender::Value(val)
}

/// Whether `inst` ends what `lender` has lent. With `plain_operators` operators run no script code.
pub(super) fn ends(func: &Function, inst: Inst, lender: Lender, plain_operators: bool) -> bool {
    let data = &func.insts[inst];
    match lender {
        Lender::Closure => false,
        Lender::Value(val) => {
            let consumed =
                |(index, &arg): (usize, &Val)| arg == val && matches!(data.op.mode(index), Mode::Keep | Mode::Update);
            let mut edges = data.targets.iter().chain(data.unwind.as_deref());
            data.args.iter().enumerate().any(consumed) || edges.any(|call| call.args.contains(&val))
        }
        Lender::Global(global) => {
            runs_script(func, inst, plain_operators)
                || match (data.op, data.imm) {
                    (Op::GlobalSet, Imm::Global(other)) => other == global,
                    (
                        Op::GlobalSetPath | Op::GlobalUpdatePath | Op::GlobalVacate | Op::GlobalRestore,
                        Imm::Path(path),
                    ) => func.paths[path].global.is_none_or(|other| other == global),
                    _ => false,
                }
        }
        Lender::Cell(_) => {
            runs_script(func, inst, plain_operators)
                || matches!(
                    data.op,
                    Op::CellSet | Op::CellSetPath | Op::CellUpdatePath | Op::CellVacate | Op::CellRestore
                )
        }
    }
}

/// Whether other code may run before `inst` is done.
fn runs_script(func: &Function, inst: Inst, plain_operators: bool) -> bool {
    let data = &func.insts[inst];
    let effects = data.op.info().effects;
    effects.contains(Effects::CALLS)
        || effects.contains(Effects::OPERATOR) && !plain_operators
        || matches!(data.op, Op::GeneratorStart | Op::AsyncStart | Op::Yield | Op::Spawn)
}

/// Finds what is borrowed in `func`, sets `borrowed` and `lenders`, and puts copies before the uses that keep a captured value.
pub(super) fn run(func: &mut Function, plain_operators: bool) {
    let suspends = |&inst: &Inst| matches!(func.insts[inst].op, Op::GeneratorStart | Op::AsyncStart);
    if func.layout.iter().any(|&block| func.blocks[block].insts.iter().any(suspends)) {
        return;
    }
    borrow_captures(func);
    borrow_reads(func, plain_operators);
}

/// The captured values that the running closure keeps for the frame: they are borrowed from it, neither counted nor dropped.
///
/// The frame owns its closure, and captures never change, so they outlive every use in the frame. Not captures that travel along
/// edges or are updated in place.
fn borrowed_captures(func: &Function) -> EntitySet<Val> {
    let mut borrowed = EntitySet::with_capacity(func.values.len());
    let insts = || func.layout.iter().flat_map(|&block| &func.blocks[block].insts).map(|&inst| &func.insts[inst]);
    borrowed.extend(insts().filter(|data| data.op == Op::CaptureGet).filter_map(|data| data.result.expand()));
    for data in insts() {
        for call in data.targets.iter().chain(data.unwind.as_deref()) {
            call.args.iter().for_each(|&val| {
                borrowed.remove(val);
            });
        }
        for (index, &val) in data.args.iter().enumerate() {
            if data.op.mode(index) == Mode::Update {
                borrowed.remove(val);
            }
        }
    }
    borrowed
}

/// Makes captures borrowed, and puts a copy before each use that keeps one.
fn borrow_captures(func: &mut Function) {
    if func.captures == 0 {
        return;
    }
    let borrowed = borrowed_captures(func);
    for block in func.layout.clone() {
        let mut insts = Vec::with_capacity(func.blocks[block].insts.len());
        for inst in std::mem::take(&mut func.blocks[block].insts) {
            for index in 0..func.insts[inst].args.len() {
                let val = func.insts[inst].args[index];
                if borrowed.contains(val) && func.insts[inst].op.mode(index) == Mode::Keep {
                    let (copy, val) = place::copy_of(func, val, func.insts[inst].span);
                    func.insts[inst].args[index] = val;
                    insts.push(copy);
                }
            }
            insts.push(inst);
        }
        func.blocks[block].insts = insts;
    }
    func.borrowed = borrowed;
}

/// Whether the result of `op` is what a variable or container has.
fn reads(op: Op) -> bool {
    matches!(op, Op::GlobalGet | Op::CellGet | Op::IndexGet | Op::FieldGet)
}

/// Whether `op` looks into its first operand.
fn looks_into(op: Op) -> bool {
    use Op::*;
    matches!(op, IndexGet | FieldGet | FieldGetOptional | FieldPeek | PartGet | PartCount | IsTag)
}

/// Where an instruction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    block: Block,
    at: usize,
}

/// A value that may be borrowed.
struct Candidate {
    val: Val,
    defined: Place,
    /// Where it is looked at.
    uses: SmallVec<[Place; 4]>,
    /// It is kept, updated, or travels along an edge.
    kept: bool,
}

/// Makes what is read and looked into borrowed where nothing ends the loan.
fn borrow_reads(func: &mut Function, plain_operators: bool) {
    let mut candidates = candidates(func);
    if candidates.is_empty() {
        return;
    }
    let cfg = Cfg::new(func);
    // A container is decided on before what is read from it.
    candidates.retain(|candidate| !candidate.kept && cfg.is_reachable(candidate.defined.block));
    candidates.sort_by_key(|candidate| (cfg.number(candidate.defined.block), candidate.defined.at));
    let mut seen: EntitySet<Block> = EntitySet::with_capacity(func.blocks.len());
    for candidate in &candidates {
        let ValDef::Result(inst) = func.values[candidate.val].def else { continue };
        func.borrowed.insert(candidate.val);
        let lender = lender(func, candidate.val);
        let lends = match lender {
            Lender::Value(val) => func.values[val].ty.may_be_counted() && func.const_of(val).is_none(),
            _ => true,
        };
        let lasts = lends && {
            seen.clear();
            let mut way = Way { func, cfg: &cfg, lender, plain_operators, budget: BUDGET, seen: &mut seen };
            way.is_free(candidate)
        };
        if !lasts {
            func.borrowed.remove(candidate.val);
            continue;
        }
        debug_assert!(reads(func.insts[inst].op));
        if let Lender::Value(val) | Lender::Cell(val) = lender
            && func.may_own(val)
        {
            func.lenders[candidate.val] = val.into();
        }
    }
}

/// The results of reads that are looked into, or that nobody uses, in the order of the layout, with their uses.
fn candidates(func: &Function) -> Vec<Candidate> {
    let mut numbers: SecondaryMap<Val, u32> = SecondaryMap::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    let read = |val: Val| match func.values[val].def {
        ValDef::Result(inst) => reads(func.insts[inst].op),
        ValDef::Param(..) => false,
    };
    let mut results: SmallVec<[Val; 16]> = SmallVec::new();
    let mut used: EntitySet<Val> = EntitySet::with_capacity(func.values.len());
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            if looks_into(data.op) && read(data.args[0]) {
                numbers[data.args[0]] = u32::MAX;
            }
            if reads(data.op) {
                results.extend(data.result.expand());
            }
            func.for_each_use(inst, |val| {
                used.insert(val);
            });
        }
    }
    if results.is_empty() {
        return candidates;
    }
    // What is read for its error alone needs no reference, either.
    for val in results {
        if !used.contains(val) && func.values[val].ty.may_be_counted() {
            numbers[val] = u32::MAX;
        }
    }
    for &block in &func.layout {
        for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
            if let Some(val) = func.insts[inst].result.expand().filter(|&val| numbers[val] == u32::MAX) {
                let defined = Place { block, at };
                candidates.push(Candidate { val, defined, uses: SmallVec::new(), kept: false });
                numbers[val] = candidates.len() as u32;
            }
        }
    }
    for &block in &func.layout {
        for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
            spend(1);
            let data = &func.insts[inst];
            for (index, &val) in data.args.iter().enumerate() {
                let Some(candidate) = candidate(&mut candidates, &numbers, val) else { continue };
                match data.op.mode(index) {
                    Mode::View | Mode::Borrow => candidate.uses.push(Place { block, at }),
                    Mode::Keep | Mode::Update => candidate.kept = true,
                }
            }
            for call in data.targets.iter().chain(data.unwind.as_deref()) {
                for &val in &call.args {
                    if let Some(candidate) = candidate(&mut candidates, &numbers, val) {
                        candidate.kept = true;
                    }
                }
            }
        }
    }
    candidates
}

fn candidate<'a>(
    candidates: &'a mut [Candidate],
    numbers: &SecondaryMap<Val, u32>,
    val: Val,
) -> Option<&'a mut Candidate> {
    candidates.get_mut((numbers[val] as usize).wrapping_sub(1))
}

/// The ways from the definition of a candidate to its uses.
struct Way<'a> {
    func: &'a Function,
    cfg: &'a Cfg,
    lender: Lender,
    plain_operators: bool,
    budget: usize,
    /// The blocks looked at as a whole, from the beginning.
    seen: &'a mut EntitySet<Block>,
}

impl Way<'_> {
    /// Whether nothing on the ways, the uses included, ends the loan.
    fn is_free(&mut self, candidate: &Candidate) -> bool {
        let defined = candidate.defined;
        let mut work: SmallVec<[Block; 8]> = SmallVec::new();
        for place in &candidate.uses {
            if place.block == defined.block {
                if !self.range(place.block, defined.at + 1, place.at + 1) {
                    return false;
                }
            } else {
                if !self.range(place.block, 0, place.at + 1) {
                    return false;
                }
                work.extend_from_slice(self.cfg.preds(place.block));
            }
        }
        while let Some(block) = work.pop() {
            if !self.seen.insert(block) {
                continue;
            }
            let end = self.func.blocks[block].insts.len();
            let first = if block == defined.block { defined.at + 1 } else { 0 };
            if !self.range(block, first, end) {
                return false;
            }
            if block != defined.block {
                work.extend_from_slice(self.cfg.preds(block));
            }
        }
        true
    }

    /// Whether none of these instructions ends the loan, and there are not too many.
    fn range(&mut self, block: Block, first: usize, end: usize) -> bool {
        let count = end.saturating_sub(first);
        if count > self.budget {
            return false;
        }
        self.budget -= count;
        spend(count);
        let insts = &self.func.blocks[block].insts[first..end.max(first)];
        !insts.iter().any(|&inst| ends(self.func, inst, self.lender, self.plain_operators))
    }
}
