//! Type inference: what a value is computed from narrows its type. Everything starts at `none` and grows until nothing changes
//! (an optimistic sparse fixpoint over the def-use chains), so a counter that starts small and is only added to is an int
//! without a test.
//!
//! ```text
//! block1(v1: any):                   block1(v1: small):
//!   v2 = lt v1, v0                     v2: bool = lt v1, v0
//!   brif v2, block2, block3            brif v2, block2, block3
//! block2:                            block2:
//!   v4 = add v1, v3                    v4: small = add v1, v3
//!   jump block1(v4)                    jump block1(v4)
//! ```
//!
//! (`v0` is a small constant, `v3` is 1: a counter below a small bound stays small. Without the bound it would be an int.)

use super::fuel::Fuel;
use crate::base::effort::spend;
use crate::base::lists::{Lists, dense};
use crate::ir::cfg::Cfg;
use crate::ir::dominators::Dominators;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, Function, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::SecondaryMap;
use cranelift_entity::packed_option::PackedOption;
use rustc_hash::FxHashMap;

/// The inline ints are [-SMALL, SMALL).
const SMALL: i64 = 1 << 49;

/// How many dominators are searched for a bound.
const SEARCH: usize = 64;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let cfg = Cfg::new(func);
    let mut inference = Inference::new(func, &cfg);
    inference.solve(func);
    let mut narrowed: Vec<(Val, Type)> = Vec::new();
    for block in cfg.reverse_postorder() {
        let results = func.blocks[block].insts.iter().filter_map(|&inst| func.insts[inst].result.expand());
        for val in func.blocks[block].params.iter().copied().chain(results) {
            // What was known before holds, too.
            let ty = func.values[val].ty.intersect(inference.ty[val]);
            if ty != func.values[val].ty {
                narrowed.push((val, ty));
            }
        }
    }
    let granted = fuel.take_up_to(narrowed.len());
    let complete = granted == narrowed.len();
    let mut before: FxHashMap<Val, Type> = FxHashMap::default();
    for &(val, ty) in &narrowed[..granted] {
        let old = std::mem::replace(&mut func.values[val].ty, ty);
        if !complete {
            before.insert(val, old);
        }
    }
    if !complete {
        widen_params(func, &mut before);
    }
    granted
}

/// Takes back the narrowing of parameters whose arguments were left as they were (IR012): what is left of a set that the fuel
/// cut short.
fn widen_params(func: &mut Function, before: &mut FxHashMap<Val, Type>) {
    loop {
        let mut wide = Vec::new();
        for &block in &func.layout {
            func.for_each_edge(block, |_, call| {
                for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
                    if !func.values[arg].ty.is_subset(func.values[param].ty) {
                        wide.push(param);
                    }
                }
            });
        }
        let before_len = before.len();
        for param in wide {
            if let Some(ty) = before.remove(&param) {
                func.values[param].ty = ty;
            }
        }
        if before.len() == before_len {
            return;
        }
    }
}

/// That `bound` limits the operand of a step of a counter on the side it moves to.
#[derive(Clone, Copy, Debug)]
struct Guard {
    bound: Val,
    /// Whether the operand differs from the bound.
    strict: bool,
}

struct Inference {
    ty: SecondaryMap<Val, Type>,
    /// The instructions to look at again when a value's type grows.
    users: Lists<Val, Inst>,
    /// The parameters a value is passed for. Kept apart from `users`: an instruction passes many values on its edges, and only the
    /// one that grew goes on.
    passed: Lists<Val, Val>,
    guards: FxHashMap<Inst, Guard>,
    work: Vec<Inst>,
    /// Values whose type grew and has not been passed on.
    grown: Vec<Val>,
}

impl Inference {
    fn new(func: &Function, cfg: &Cfg) -> Inference {
        let count = func.values.len();
        let (mut users, mut passed) = (Vec::with_capacity(2 * count), Vec::new());
        let mut guards = FxHashMap::default();
        // The last of what is listed for a value, so that nothing is listed twice in a row.
        let mut user: SecondaryMap<Val, PackedOption<Inst>> = dense(count);
        let mut param_of: SecondaryMap<Val, PackedOption<Val>> = dense(count);
        // Asked only if some counter steps.
        let mut dominators = None;
        for block in cfg.reverse_postorder() {
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                for &val in &data.args {
                    if user[val].expand() != Some(inst) {
                        user[val] = inst.into();
                        users.push((val, inst));
                    }
                }
                for call in data.targets.iter().chain(data.unwind.as_deref()) {
                    spend(call.args.len());
                    for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
                        if param_of[arg].expand() != Some(param) {
                            param_of[arg] = param.into();
                            passed.push((arg, param));
                        }
                    }
                }
                if let Some(source) = iterated(func, inst) {
                    user[source] = inst.into();
                    users.push((source, inst));
                }
                if let Some((operand, step)) = step(func, inst) {
                    let dominators = dominators.get_or_insert_with(|| Dominators::new(func, cfg));
                    if let Some(guard) = find_guard(func, cfg, dominators, block, operand, step) {
                        user[guard.bound] = inst.into();
                        users.push((guard.bound, inst));
                        guards.insert(inst, guard);
                    }
                }
            }
        }
        let mut ty = SecondaryMap::with_default(Type::NONE);
        ty.resize(count);
        let mut this = Inference {
            ty,
            users: Lists::new(count, &users),
            passed: Lists::new(count, &passed),
            guards,
            work: Vec::with_capacity(func.insts.len()),
            grown: Vec::new(),
        };
        for &param in &func.blocks[func.entry].params {
            this.grow(param, Type::ANY);
        }
        for &block in cfg.postorder() {
            this.work.extend(func.blocks[block].insts.iter().rev());
        }
        this
    }

    /// Each type grows a bounded number of times, so the work is the number of operands and arguments.
    fn solve(&mut self, func: &Function) {
        loop {
            while let Some(val) = self.grown.pop() {
                for at in 0..self.passed.of(val).len() {
                    self.grow(self.passed.of(val)[at], self.ty[val]);
                }
            }
            let Some(inst) = self.work.pop() else { return };
            if let Some(result) = func.insts[inst].result.expand() {
                self.grow(result, self.result_type(func, inst));
            }
        }
    }

    fn grow(&mut self, val: Val, ty: Type) {
        spend(1);
        let new = self.ty[val].union(ty);
        if new != self.ty[val] {
            self.ty[val] = new;
            self.work.extend_from_slice(self.users.of(val));
            self.grown.push(val);
        }
    }

    fn result_type(&self, func: &Function, inst: Inst) -> Type {
        let data = &func.insts[inst];
        let row = data.op.info().result.unwrap_or(Type::NONE);
        let ty = |i: usize| data.args.get(i).map_or(Type::NONE, |&arg| self.ty[arg]);
        let overloaded = |other: Type| if ty(0).may_be(Type::STRUCT) { Type::ANY } else { other };
        match data.op {
            Op::Const => match data.imm {
                Imm::Const(c) => func.consts[c].ty(),
                _ => row,
            },
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
                overloaded(self.arithmetic(func, inst, data.op, ty(0), ty(1)))
            }
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Not => overloaded(Type::BOOL),
            Op::Neg => overloaded(int_if(ty(0).may_be(Type::INT)).union(ty(0).intersect(Type::FLOAT))),
            Op::SetPath => ty(0).intersect(Type::CONTAINER),
            Op::UpdatePath => match data.imm {
                Imm::Path(path) if !func.paths[path].steps.is_empty() => ty(0).intersect(Type::CONTAINER),
                _ => row,
            },
            Op::IterNext => {
                Type::DONE.union(iterated(func, inst).map_or(Type::ANY, |source| element_type(self.ty[source])))
            }
            Op::CellPeek | Op::GlobalPeek | Op::FieldPeek | Op::TryUnwrap => Type::ANY.union(Type::UNDEF),
            Op::Copy => ty(0),
            _ => row,
        }
    }

    fn arithmetic(&self, func: &Function, inst: Inst, op: Op, left: Type, right: Type) -> Type {
        let mut ty = Type::NONE;
        let (left_int, right_int) = (left.intersect(Type::INT), right.intersect(Type::INT));
        if left_int != Type::NONE && right_int != Type::NONE {
            let small = match op {
                // Not larger than the dividend, and smaller than the divisor.
                Op::Rem => left_int == Type::SMALL_INT || right_int == Type::SMALL_INT,
                _ => left == Type::SMALL_INT && right == Type::SMALL_INT && self.stays_small(func, inst),
            };
            ty = if small { Type::SMALL_INT } else { Type::INT };
        }
        let float = |a: Type, b: Type| a.may_be(Type::FLOAT) && b.may_be(Type::NUMBER);
        if float(left, right) || float(right, left) {
            ty = ty.union(Type::FLOAT);
        }
        if op == Op::Add && left.may_be(Type::STRING) && right.may_be(Type::STRING) {
            ty = ty.union(Type::STRING);
        }
        ty
    }

    /// Whether this step from a small int does not leave the small ints, thanks to its guard.
    fn stays_small(&self, func: &Function, inst: Inst) -> bool {
        let Some(&Guard { bound, strict }) = self.guards.get(&inst) else { return false };
        let Some((_, step)) = step(func, inst) else { return false };
        let upwards = step > 0;
        let limit = match func.const_of(bound) {
            Some(&ConstData::Int(limit)) => limit,
            _ if self.ty[bound].is_subset(Type::SMALL_INT) => {
                if upwards {
                    SMALL - 1
                } else {
                    -SMALL
                }
            }
            _ => return false,
        };
        let farthest = limit
            .saturating_add(if !strict {
                0
            } else if upwards {
                -1
            } else {
                1
            })
            .saturating_add(step);
        if upwards { farthest < SMALL } else { farthest >= -SMALL }
    }
}

/// What the loop an `iter_next` belongs to goes over, where the same function opened it.
fn iterated(func: &Function, inst: Inst) -> Option<Val> {
    let data = &func.insts[inst];
    match func.values[*data.args.first()?].def {
        ValDef::Result(open) if data.op == Op::IterNext && func.insts[open].op == Op::IterOpen => {
            Some(func.insts[open].args[0])
        }
        _ => None,
    }
}

/// What a `for` loop over a value of this type yields: numbers count up from 0, strings and dicts yield strings.
fn element_type(source: Type) -> Type {
    let texts = Type::STRING.union(Type::DICT);
    let counted = if source.may_be(Type::NUMBER) { Type::SMALL_INT } else { Type::NONE };
    let text = if source.may_be(texts) { Type::STRING } else { Type::NONE };
    let other = Type(source.0 & !Type::NUMBER.union(texts).union(Type::NULL).union(Type::BOOL).0);
    if other == Type::NONE { counted.union(text) } else { Type::ANY }
}

fn int_if(condition: bool) -> Type {
    if condition { Type::INT } else { Type::NONE }
}

/// The operand and the constant an addition or subtraction moves it by.
fn step(func: &Function, inst: Inst) -> Option<(Val, i64)> {
    let data = &func.insts[inst];
    let (operand, step) = match (data.op, &data.args[..]) {
        (Op::Add, &[a, b]) => match (func.const_of(a), func.const_of(b)) {
            (_, Some(&ConstData::Int(step))) => (a, step),
            (Some(&ConstData::Int(step)), _) => (b, step),
            _ => return None,
        },
        (Op::Sub, &[a, b]) => match func.const_of(b) {
            Some(&ConstData::Int(step)) => (a, step.checked_neg()?),
            _ => return None,
        },
        _ => return None,
    };
    (step != 0 && (-SMALL..SMALL).contains(&step)).then_some((operand, step))
}

/// Looks in the branches that dominate a step of a counter for one that bounds it.
fn find_guard(
    func: &Function,
    cfg: &Cfg,
    dominators: &Dominators,
    block: Block,
    operand: Val,
    step: i64,
) -> Option<Guard> {
    let mut at = block;
    for _ in 0..SEARCH {
        spend(1);
        if let [pred] = cfg.edges(at) {
            let branch = &func.insts[pred.inst];
            if branch.op == Op::Brif
                && let Some(guard) = guard_of(func, branch.args[0], branch.targets[0].block == at, operand, step > 0)
            {
                return Some(guard);
            }
        }
        if let ValDef::Param(home, index) = func.values[operand].def
            && home == at
        {
            return guard_of_arguments(func, cfg, at, index as usize, step > 0);
        }
        at = dominators.idom(at)?;
    }
    None
}

/// The bound a rotated loop tests its counter against before every entry of its body: each argument for the parameter is below
/// (or above) one value, by the branch that passes it or by being a constant.
fn guard_of_arguments(func: &Function, cfg: &Cfg, block: Block, index: usize, upwards: bool) -> Option<Guard> {
    let mut found: Option<Guard> = None;
    let mut constants: Vec<i64> = Vec::new();
    for pred in cfg.edges(block) {
        let branch = &func.insts[pred.inst];
        for (slot, call) in branch.targets.iter().enumerate().filter(|(_, call)| call.block == block) {
            let arg = call.args[index];
            let guard = (branch.op == Op::Brif
                && branch.targets.iter().filter(|call| call.block == block).count() == 1)
                .then(|| guard_of(func, branch.args[0], slot == 0, arg, upwards))
                .flatten();
            match (guard, found, func.const_of(arg)) {
                (Some(guard), None, _) => found = Some(guard),
                (Some(guard), Some(known), _) if guard.bound == known.bound => {
                    found = Some(Guard { bound: guard.bound, strict: guard.strict && known.strict });
                }
                (_, _, Some(&ConstData::Int(constant))) => constants.push(constant),
                _ => return None,
            }
        }
    }
    let guard = found?;
    if constants.is_empty() {
        return Some(guard);
    }
    let Some(&ConstData::Int(limit)) = func.const_of(guard.bound) else { return None };
    let holds = |&constant: &i64| match (guard.strict, upwards) {
        (true, true) => constant < limit,
        (true, false) => constant > limit,
        (false, true) => constant <= limit,
        (false, false) => constant >= limit,
    };
    constants.iter().all(holds).then_some(guard)
}

/// What the outcome of `cond` says of `operand` on the side it moves to.
fn guard_of(func: &Function, cond: Val, outcome: bool, operand: Val, upwards: bool) -> Option<Guard> {
    let ValDef::Result(def) = func.values[cond].def else { return None };
    let test = &func.insts[def];
    if test.op == Op::Truthy {
        let ValDef::Result(inner) = func.values[test.args[0]].def else { return None };
        return if func.insts[inner].op == Op::Truthy {
            None
        } else {
            guard_of(func, test.args[0], outcome, operand, upwards)
        };
    }
    // As `left < right` or `left <= right`.
    let (left, right, strict) = match (test.op, outcome) {
        (Op::Lt, true) | (Op::Ge, false) => (0, 1, true),
        (Op::Le, true) | (Op::Gt, false) => (0, 1, false),
        (Op::Gt, true) | (Op::Le, false) => (1, 0, true),
        (Op::Ge, true) | (Op::Lt, false) => (1, 0, false),
        _ => return None,
    };
    let (low, high) = (test.args[left], test.args[right]);
    match (operand == low, operand == high, upwards) {
        (true, false, true) => Some(Guard { bound: high, strict }),
        (false, true, false) => Some(Guard { bound: low, strict }),
        _ => None,
    }
}
