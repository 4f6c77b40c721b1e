//! Constant folding: an operation on constants becomes their result, a test whose outcome follows from types its outcome, a
//! branch on a known condition a jump. What would raise is left alone.
//!
//! ```text
//! v0 = const 2                       v0 = const 2
//! v1 = const 3                       v1 = const 3
//! v2 = mul v0, v1                    v2 = const 6
//! v3 = is_undef v2                   v3 = const false
//! brif v3, block1, block2            jump block2
//! ```
//!
//! Meaning comes from `semantics::scalar`, which the machine uses too.

use super::fuel::Fuel;
use super::simplify_cfg::{decide, is_truthy};
use super::substitution::Substitution;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::ir::cfg::Cfg;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::{ConstData, Function};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::semantics::scalar::{Folded, Scalar, fold_binary, fold_unary};

/// Formatted constants longer than this are left to run time.
const LONGEST_TEXT: usize = 4096;

/// Runs the pass.
pub fn run(func: &mut Function, fuel: &mut Fuel) -> usize {
    let mut changes = 0;
    let mut substitution = Substitution::new(func);
    let cfg = Cfg::new(func);
    for block in cfg.reverse_postorder() {
        for i in 0..func.blocks[block].insts.len() {
            let inst = func.blocks[block].insts[i];
            func.for_each_use_mut(inst, |val| *val = substitution.resolve(*val));
            changes += fold(func, inst, &mut substitution, fuel) as usize;
        }
    }
    substitution.apply(func);
    changes + substitution.len()
}

/// What is known of an operand.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its value, if it is a constant.
    pub constant: Option<ConstData>,
    /// Its type.
    pub ty: Type,
    /// How a condition takes it, where that is known though the value is not.
    pub truth: Option<bool>,
}

impl Fact {
    /// What the definition of `val` says.
    pub fn of(func: &Function, val: Val) -> Fact {
        Fact { constant: func.const_of(val).cloned(), ty: func.values[val].ty, truth: None }
    }

    /// How a condition takes it.
    pub fn is_truthy(&self) -> Option<bool> {
        let by_type = || {
            let always = Type::STRUCT.union(Type::FUNCTION);
            match self.ty {
                Type::NONE => None,
                Type::NULL => Some(false),
                ty if ty.is_subset(always) => Some(true),
                _ => None,
            }
        };
        self.truth.or_else(|| self.constant.as_ref().and_then(is_truthy)).or_else(by_type)
    }

    /// Whether its kind is `kind`, if its type decides that.
    fn is(&self, kind: Type) -> Option<bool> {
        match self.ty {
            Type::NONE => None,
            ty if !ty.may_be(kind) => Some(false),
            ty if ty.is_subset(kind) => Some(true),
            _ => None,
        }
    }
}

/// The constant as an operand of `semantics`; the undefined mark is none.
pub fn scalar(data: &ConstData) -> Option<Scalar<'_>> {
    Some(match data {
        ConstData::Null => Scalar::Null,
        ConstData::Bool(b) => Scalar::Bool(*b),
        ConstData::Int(i) => Scalar::Int(*i),
        ConstData::Float(bits) => Scalar::Float(f64::from_bits(*bits)),
        ConstData::Str(text) => Scalar::Str(text),
        ConstData::Undef => return None,
    })
}

fn constant(folded: Folded) -> ConstData {
    match folded {
        Folded::Bool(b) => ConstData::Bool(b),
        Folded::Int(i) => ConstData::Int(i),
        Folded::Float(f) => ConstData::Float(f.to_bits()),
        Folded::Str(text) => ConstData::Str(text.into()),
    }
}

/// The operator of an operation.
pub fn binary_op(op: Op) -> Option<BinaryOp> {
    Some(match op {
        Op::Add => BinaryOp::Add,
        Op::Sub => BinaryOp::Sub,
        Op::Mul => BinaryOp::Mul,
        Op::Div => BinaryOp::Div,
        Op::Rem => BinaryOp::Rem,
        Op::Eq => BinaryOp::Eq,
        Op::Ne => BinaryOp::Ne,
        Op::Lt => BinaryOp::Lt,
        Op::Le => BinaryOp::Le,
        Op::Gt => BinaryOp::Gt,
        Op::Ge => BinaryOp::Ge,
        _ => return None,
    })
}

/// The result of an operation, if it is known and computing it does nothing else.
pub fn evaluate(op: Op, operands: &[Fact]) -> Option<ConstData> {
    match op {
        Op::IsUndef => return operands[0].is(Type::UNDEF).map(ConstData::Bool),
        Op::IsDone => return operands[0].is(Type::DONE).map(ConstData::Bool),
        Op::IsNull => return operands[0].is(Type::NULL).map(ConstData::Bool),
        Op::IsTag => return (!operands[0].ty.may_be(Type::OTHER)).then_some(ConstData::Bool(false)),
        Op::IsText => return (!operands[0].ty.may_be(Type::STRING)).then_some(ConstData::Bool(false)),
        Op::Truthy => return operands[0].is_truthy().map(ConstData::Bool),
        Op::Eq | Op::Ne if never_equal(&operands[0], &operands[1]) => return Some(ConstData::Bool(op == Op::Ne)),
        _ => {}
    }
    let known = |i: usize| operands.get(i).and_then(|fact| fact.constant.as_ref()).and_then(scalar);
    match op {
        Op::Not => fold_unary(UnaryOp::Not, known(0)?).map(constant),
        Op::Neg => fold_unary(UnaryOp::Neg, known(0)?).map(constant),
        Op::Format => {
            let mut text = String::new();
            for i in 0..operands.len() {
                text.push_str(&known(i)?.text());
            }
            (text.len() <= LONGEST_TEXT).then(|| ConstData::Str(text.into()))
        }
        _ => fold_binary(binary_op(op)?, known(0)?, known(1)?).map(constant),
    }
}

/// Whether the types of two operands of `==` have nothing in common and no overloading is possible.
fn never_equal(left: &Fact, right: &Fact) -> bool {
    let kinds = |ty: Type| if ty.may_be(Type::NUMBER) { ty.union(Type::NUMBER) } else { ty };
    let known = left.ty != Type::NONE && right.ty != Type::NONE;
    known && !left.ty.may_be(Type::STRUCT) && !kinds(left.ty).may_be(kinds(right.ty))
}

fn fold(func: &mut Function, inst: Inst, substitution: &mut Substitution, fuel: &mut Fuel) -> bool {
    let data = &func.insts[inst];
    let op = data.op;
    match op {
        Op::Const => return false,
        Op::Brif => return fold_branch(func, inst, fuel),
        _ => {}
    }
    let Some(result) = data.result.expand() else { return false };
    // What is not a constant but is its operand.
    let unchanged = match op {
        Op::Truthy => Type::BOOL,
        Op::RangeBound => Type::INT,
        Op::Format if data.args.len() == 1 => Type::STRING,
        _ => Type::NONE,
    };
    let tests = matches!(op, Op::IsUndef | Op::IsDone | Op::IsNull | Op::IsTag | Op::IsText | Op::Truthy);
    let foldable = tests || matches!(op, Op::Not | Op::Neg | Op::Format);
    if foldable || binary_op(op).is_some() {
        let operands: smallvec::SmallVec<[Fact; 4]> = data.args.iter().map(|&val| Fact::of(func, val)).collect();
        if let Some(value) = evaluate(op, &operands).filter(|_| fuel.take()) {
            become_constant(func, inst, result, value);
            return true;
        }
    }
    let data = &func.insts[inst];
    if let Some(&operand) = data.args.first()
        && func.values[operand].ty.is_subset(unchanged)
        && func.values[operand].ty.is_subset(func.values[result].ty)
        && fuel.take()
    {
        substitution.replace(result, operand);
    }
    false
}

fn become_constant(func: &mut Function, inst: Inst, result: Val, value: ConstData) {
    func.values[result].ty = value.ty();
    let number = func.constant(value);
    let data = &mut func.insts[inst];
    data.op = Op::Const;
    data.imm = Imm::Const(number);
    data.args.clear();
    data.unwind = None;
    data.drop_mask = 0;
}

/// A branch on a known condition, on the truthiness of a value (a branch takes that itself), or on the opposite of a bool.
fn fold_branch(func: &mut Function, inst: Inst, fuel: &mut Fuel) -> bool {
    let cond = func.insts[inst].args[0];
    if fuel.is_exhausted() {
        return false;
    }
    if let Some(outcome) = Fact::of(func, cond).is_truthy() {
        fuel.take();
        decide(func, inst, outcome);
        return true;
    }
    let crate::ir::function::ValDef::Result(def) = func.values[cond].def else { return false };
    let test = &func.insts[def];
    match test.op {
        Op::Truthy => func.insts[inst].args[0] = test.args[0],
        Op::Not if func.values[test.args[0]].ty.is_subset(Type::BOOL) => {
            func.insts[inst].args[0] = test.args[0];
            func.insts[inst].targets.swap(0, 1);
        }
        _ => return false,
    }
    fuel.take();
    true
}
