//! Equality and order of numbers, and truthiness.

use super::number::Number;
use crate::base::operator::BinaryOp;
use std::cmp::Ordering;

/// How far apart two equal finite floats may be.
pub const EPSILON: f64 = f64::EPSILON;

/// `a == b` if a float is involved.
#[inline]
pub fn floats_equal(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() < EPSILON
}

/// `a == b`.
#[inline]
pub fn numbers_equal(a: Number, b: Number) -> bool {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => a == b,
        (a, b) => floats_equal(a.to_float(), b.to_float()),
    }
}

/// How two numbers are ordered; nothing if one is NaN.
#[inline]
pub fn order(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (a, b) => a.to_float().partial_cmp(&b.to_float()),
    }
}

/// What `op` says about operands ordered like this; nothing unless `op` is one of `< <= > >=`.
#[inline]
pub fn holds(op: BinaryOp, ordering: Option<Ordering>) -> Option<bool> {
    Some(match op {
        BinaryOp::Lt => ordering == Some(Ordering::Less),
        BinaryOp::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        BinaryOp::Gt => ordering == Some(Ordering::Greater),
        BinaryOp::Ge => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_of_floats_has_a_tolerance() {
        assert!(floats_equal(0.1 + 0.2, 0.3));
        assert!(!floats_equal(1.0, 1.0 + f64::EPSILON));
        assert!(floats_equal(f64::INFINITY, f64::INFINITY) && !floats_equal(f64::INFINITY, f64::NEG_INFINITY));
        assert!(!floats_equal(f64::NAN, f64::NAN));
        assert!(!numbers_equal(Number::Int(i64::MAX), Number::Int(i64::MAX - 1)));
        assert!(numbers_equal(Number::Int(i64::MAX), Number::Float(i64::MAX as f64)));
    }

    #[test]
    fn nan_is_not_ordered() {
        for op in [BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge] {
            assert_eq!(holds(op, order(Number::Float(f64::NAN), Number::Int(1))), Some(false));
        }
        assert_eq!(holds(BinaryOp::Eq, None), None);
    }
}
