//! The results of instructions: kinds of values and ranges of ints. What is known of the result of an operator is what its
//! meaning allows (`semantics/`), not what some pass has found.

use super::fact::{Fact, INLINE};
use crate::base::operator::BinaryOp;
use crate::bytecode::op::{Opcode, Operand};
use crate::ir::inst::Op;
use crate::ir::types::Type;

/// Whether an instruction may raise, or stop for want of memory, given what is known of its operands.
pub(super) fn raises(opcode: Opcode, left: Type, right: Type) -> bool {
    let both = left.union(right);
    let counts = opcode.info().operands[0] == Operand::Mod;
    match opcode.operator() {
        Some(_) if counts => true,
        Some(BinaryOp::Eq | BinaryOp::Ne) => left.may_be(Type::STRUCT),
        Some(BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge) => !both.is_subset(Type::NUMBER),
        Some(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul) => !both.is_subset(Type::FLOAT),
        Some(_) => true,
        None => match opcode {
            Opcode::neg => !left.is_subset(Type::FLOAT),
            Opcode::not => !left.is_subset(Type::BOOL),
            Opcode::check_defined => left.may_be(Type::UNDEF),
            Opcode::expect_array => !left.is_subset(Type::ARRAY),
            Opcode::expect_dict => !left.is_subset(Type::DICT),
            Opcode::range_bound => !left.is_subset(Type::NUMBER),
            Opcode::check_stack => true,
            _ => instruction(opcode).is_some_and(|op| op.info().effects.raises()),
        },
    }
}

/// The instruction of the IR that an opcode stands for.
fn instruction(opcode: Opcode) -> Option<Op> {
    use Opcode::*;
    let name = match opcode {
        index_get_i | index_get_k | index_borrow | index_borrow_i | index_borrow_k => "index_get",
        field_borrow => "field_get",
        cell_borrow => "cell_get",
        global_borrow => "global_get",
        array_push_k => "array_push",
        set_index | set_index_k | set_field => "set_path",
        iter_take => "iter_next",
        await_value => "await",
        _ => opcode.info().name,
    };
    Op::ALL.iter().copied().find(|op| op.info().name == name)
}

/// Ends of a range from sums that may leave 64 bits, where the operator raises.
fn clamp(low: i128, high: i128) -> (i64, i64) {
    let inside = |end: i128| end.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    (inside(low), inside(high))
}

/// The range of `left op right`, of ints.
fn range(op: BinaryOp, left: (i64, i64), right: (i64, i64)) -> (i64, i64) {
    let [a, b, c, d] = [left.0, left.1, right.0, right.1].map(i128::from);
    match op {
        BinaryOp::Add => clamp(a + c, b + d),
        BinaryOp::Sub => clamp(a - d, b - c),
        BinaryOp::Mul => {
            let products = [a * c, a * d, b * c, b * d];
            clamp(products.into_iter().min().unwrap_or(0), products.into_iter().max().unwrap_or(0))
        }
        BinaryOp::Div => {
            let most = a.abs().max(b.abs());
            clamp(-most, most)
        }
        // Not larger than the dividend, and smaller than the divisor.
        _ => {
            let most = (c.abs().max(d.abs()) - 1).max(0);
            clamp(a.min(0).max(-most), b.max(0).min(most))
        }
    }
}

/// The fact of a value that a method of a struct may have returned instead.
fn or_overloaded(left: Type, fact: Fact) -> Fact {
    if left.may_be(Type::STRUCT) { Fact::of(Type::ANY) } else { fact }
}

/// `left op right`
pub(super) fn binary(op: BinaryOp, left: Fact, right: Fact) -> Fact {
    if !matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem) {
        return or_overloaded(left.ty, Fact::of(Type::BOOL));
    }
    let mut ty = Type::NONE;
    let mut ints = INLINE;
    if left.ty.may_be(Type::INT) && right.ty.may_be(Type::INT) {
        ty = ty.union(Type::INT);
        ints = range(op, left.range, right.range);
    }
    let float = |a: Type, b: Type| a.may_be(Type::FLOAT) && b.may_be(Type::NUMBER);
    if float(left.ty, right.ty) || float(right.ty, left.ty) {
        ty = ty.union(Type::FLOAT);
    }
    if op == BinaryOp::Add && left.ty.may_be(Type::STRING) && right.ty.may_be(Type::STRING) {
        ty = ty.union(Type::STRING);
    }
    or_overloaded(left.ty, Fact::with_range(ty, ints))
}

/// `-operand`
pub(super) fn negated(operand: Fact) -> Fact {
    let (low, high) = operand.range;
    let ty = operand.ty.intersect(Type::NUMBER);
    let ty = if ty.may_be(Type::INT) { ty.union(Type::INT) } else { ty };
    or_overloaded(operand.ty, Fact::with_range(ty, clamp(-i128::from(high), -i128::from(low))))
}

/// What a loop over a value of this type yields: numbers count up from 0, strings and dicts yield strings.
pub(super) fn element(source: Type) -> Type {
    let counted = if source.may_be(Type::NUMBER) { Type::SMALL_INT } else { Type::NONE };
    let text = if source.may_be(Type::STRING.union(Type::DICT)) { Type::STRING } else { Type::NONE };
    let no_loop = Type::NULL.union(Type::BOOL);
    let other = Type::NUMBER.union(Type::STRING).union(Type::DICT).union(no_loop);
    if source.is_subset(other) { counted.union(text) } else { Type::ANY }
}

/// What is known of both sides where `left op right` has come out `true`, if both are ints.
pub(super) fn compared(op: BinaryOp, holds: bool, left: Fact, right: Fact) -> (Fact, Fact) {
    // A double compares with anything; only the range of an int tells something of another.
    let (known_left, known_right) = (left.ty.is_subset(Type::INT), right.ty.is_subset(Type::INT));
    let below = |strict: bool, end: i64| (i64::MIN, end.saturating_sub(i64::from(strict)));
    let above = |strict: bool, end: i64| (end.saturating_add(i64::from(strict)), i64::MAX);
    let (less, strict) = match (op, holds) {
        (BinaryOp::Lt, true) | (BinaryOp::Ge, false) => (true, true),
        (BinaryOp::Le, true) | (BinaryOp::Gt, false) => (true, false),
        (BinaryOp::Gt, true) | (BinaryOp::Le, false) => (false, true),
        (BinaryOp::Ge, true) | (BinaryOp::Lt, false) => (false, false),
        _ => return (left, right),
    };
    let (mut new_left, mut new_right) = (left, right);
    if known_right {
        new_left = left.bounded(if less { below(strict, right.range.1) } else { above(strict, right.range.0) });
    }
    if known_left {
        new_right = right.bounded(if less { above(strict, left.range.0) } else { below(strict, left.range.1) });
    }
    (new_left, new_right)
}
