//! Operators on scalars, for constant folding: `None` whenever the program would raise, so folding never changes an error.

use super::compare;
use super::format;
use super::number::{self, Number};
use crate::base::operator::{BinaryOp, UnaryOp};

/// A scalar operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a str),
}

/// A scalar result.
#[derive(Clone, Debug, PartialEq)]
pub enum Folded {
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
}

impl From<Number> for Folded {
    fn from(number: Number) -> Folded {
        match number {
            Number::Int(i) => Folded::Int(i),
            Number::Float(f) => Folded::Float(f),
        }
    }
}

/// Strings longer than this are not made at compile time.
const LONGEST_FOLDED: usize = 4096;

impl Scalar<'_> {
    fn number(self) -> Option<Number> {
        match self {
            Scalar::Int(i) => Some(Number::Int(i)),
            Scalar::Float(f) => Some(Number::Float(f)),
            _ => None,
        }
    }

    /// Whether a condition takes it for true.
    pub fn truthy(self) -> bool {
        match self {
            Scalar::Null => false,
            Scalar::Bool(b) => b,
            Scalar::Int(i) => i != 0,
            Scalar::Float(f) => f != 0.0,
            Scalar::Str(text) => !text.is_empty(),
        }
    }

    /// What `type()` says.
    pub fn type_name(self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Bool(_) => "bool",
            Scalar::Int(_) => "int",
            Scalar::Float(_) => "float",
            Scalar::Str(_) => "string",
        }
    }

    /// What printing shows.
    pub fn text(self) -> String {
        let mut out = String::new();
        match self {
            Scalar::Null => out.push_str("null"),
            Scalar::Bool(b) => out.push_str(format::bool_text(b)),
            Scalar::Int(i) => format::write_int(&mut out, i),
            Scalar::Float(f) => format::write_float(&mut out, f),
            Scalar::Str(text) => out.push_str(text),
        }
        out
    }
}

/// `left == right`.
pub fn equals(left: Scalar<'_>, right: Scalar<'_>) -> bool {
    match (left, right) {
        (Scalar::Null, Scalar::Null) => true,
        (Scalar::Bool(a), Scalar::Bool(b)) => a == b,
        (Scalar::Str(a), Scalar::Str(b)) => a == b,
        (a, b) => match (a.number(), b.number()) {
            (Some(a), Some(b)) => compare::numbers_equal(a, b),
            _ => false,
        },
    }
}

/// `left op right`, unless it would raise.
pub fn fold_binary(op: BinaryOp, left: Scalar<'_>, right: Scalar<'_>) -> Option<Folded> {
    match op {
        BinaryOp::Eq => return Some(Folded::Bool(equals(left, right))),
        BinaryOp::Ne => return Some(Folded::Bool(!equals(left, right))),
        _ => {}
    }
    if let (Scalar::Str(a), Scalar::Str(b)) = (left, right) {
        if op == BinaryOp::Add {
            return (a.len() + b.len() <= LONGEST_FOLDED).then(|| Folded::Str(format!("{a}{b}")));
        }
        return compare::holds(op, Some(a.cmp(b))).map(Folded::Bool);
    }
    let (a, b) = (left.number()?, right.number()?);
    match number::arithmetic(op, a, b) {
        Some(result) => result.ok().map(Folded::from),
        None => compare::holds(op, compare::order(a, b)).map(Folded::Bool),
    }
}

/// `op operand`, unless it would raise.
pub fn fold_unary(op: UnaryOp, operand: Scalar<'_>) -> Option<Folded> {
    match (op, operand) {
        (UnaryOp::Not, Scalar::Bool(b)) => Some(Folded::Bool(!b)),
        (UnaryOp::Not, _) => None,
        (UnaryOp::Neg, operand) => number::negate(operand.number()?).ok().map(Folded::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_raise_is_not_folded() {
        use Scalar::*;
        assert_eq!(fold_binary(BinaryOp::Div, Int(1), Int(0)), None);
        assert_eq!(fold_binary(BinaryOp::Add, Int(i64::MAX), Int(1)), None);
        assert_eq!(fold_binary(BinaryOp::Add, Str("a"), Int(1)), None);
        assert_eq!(fold_binary(BinaryOp::Lt, Null, Int(1)), None);
        assert_eq!(fold_unary(UnaryOp::Not, Int(0)), None);
        assert_eq!(fold_unary(UnaryOp::Neg, Int(i64::MIN)), None);
    }

    #[test]
    fn the_rest_is() {
        use Scalar::*;
        assert_eq!(fold_binary(BinaryOp::Add, Str("a"), Str("b")), Some(Folded::Str("ab".into())));
        assert_eq!(fold_binary(BinaryOp::Eq, Int(1), Bool(true)), Some(Folded::Bool(false)));
        assert_eq!(fold_binary(BinaryOp::Ne, Null, Int(0)), Some(Folded::Bool(true)));
        assert_eq!(fold_binary(BinaryOp::Mul, Int(2), Float(1.5)), Some(Folded::Float(3.0)));
        assert_eq!(fold_binary(BinaryOp::Ge, Str("b"), Str("a")), Some(Folded::Bool(true)));
    }
}
