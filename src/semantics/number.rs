//! Arithmetic on ints and floats. Ints are exact over all of i64 and never wrap.

use crate::base::operator::BinaryOp;
use std::fmt;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Number {
    /// As a float.
    pub fn to_float(self) -> f64 {
        match self {
            Number::Int(i) => i as f64,
            Number::Float(f) => f,
        }
    }
}

/// Why arithmetic on numbers has no result; shown, it is the message a script gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `/` by zero.
    DivisionByZero,
    /// `%` by zero.
    ModuloByZero,
    /// The int result of a binary operation is outside i64.
    Overflow(i64, BinaryOp, i64),
    /// The negation of an int is outside i64.
    NegationOverflow(i64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::DivisionByZero => f.write_str("Division by zero"),
            Fault::ModuloByZero => f.write_str("Modulo by zero"),
            Fault::Overflow(left, op, right) => write!(f, "Integer overflow: {left} {} {right}", op.symbol()),
            Fault::NegationOverflow(int) => write!(f, "Integer overflow: -({int})"),
        }
    }
}

/// `left op right` for an arithmetic `op`; nothing for a comparison.
#[inline]
pub fn arithmetic(op: BinaryOp, left: Number, right: Number) -> Option<Result<Number, Fault>> {
    match (left, right) {
        (Number::Int(a), Number::Int(b)) => Some(int_arithmetic(op, a, b)?.map(Number::Int)),
        (a, b) => Some(float_arithmetic(op, a.to_float(), b.to_float())?.map(Number::Float)),
    }
}

/// [`arithmetic`] on two ints.
pub fn int_arithmetic(op: BinaryOp, a: i64, b: i64) -> Option<Result<i64, Fault>> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div if b == 0 => return Some(Err(Fault::DivisionByZero)),
        BinaryOp::Div => a.checked_div(b),
        BinaryOp::Rem if b == 0 => return Some(Err(Fault::ModuloByZero)),
        BinaryOp::Rem => a.checked_rem(b),
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => return None,
    };
    Some(result.ok_or(Fault::Overflow(a, op, b)))
}

/// [`arithmetic`] on two floats.
pub fn float_arithmetic(op: BinaryOp, a: f64, b: f64) -> Option<Result<f64, Fault>> {
    Some(match op {
        BinaryOp::Add => Ok(a + b),
        BinaryOp::Sub => Ok(a - b),
        BinaryOp::Mul => Ok(a * b),
        BinaryOp::Div if b == 0.0 => Err(Fault::DivisionByZero),
        BinaryOp::Div => Ok(a / b),
        BinaryOp::Rem if b == 0.0 => Err(Fault::ModuloByZero),
        BinaryOp::Rem => Ok(a % b),
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => return None,
    })
}

/// The negation of a number.
pub fn negate(number: Number) -> Result<Number, Fault> {
    match number {
        Number::Int(i) => i.checked_neg().map(Number::Int).ok_or(Fault::NegationOverflow(i)),
        Number::Float(f) => Ok(Number::Float(-f)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_as_the_language_says() {
        let fault = |op, a, b| int_arithmetic(op, a, b).unwrap().unwrap_err().to_string();
        assert_eq!(fault(BinaryOp::Div, 1, 0), "Division by zero");
        assert_eq!(fault(BinaryOp::Rem, 1, 0), "Modulo by zero");
        assert_eq!(fault(BinaryOp::Rem, i64::MIN, -1), "Integer overflow: -9223372036854775808 % -1");
        assert_eq!(fault(BinaryOp::Add, i64::MAX, 1), "Integer overflow: 9223372036854775807 + 1");
        assert_eq!(negate(Number::Int(i64::MIN)).unwrap_err().to_string(), "Integer overflow: -(-9223372036854775808)");
    }

    #[test]
    fn division_truncates_and_remainder_has_the_sign_of_the_dividend() {
        assert_eq!(int_arithmetic(BinaryOp::Div, -7, 2), Some(Ok(-3)));
        assert_eq!(int_arithmetic(BinaryOp::Rem, -7, 3), Some(Ok(-1)));
        assert_eq!(arithmetic(BinaryOp::Rem, Number::Float(-7.5), Number::Int(2)), Some(Ok(Number::Float(-1.5))));
    }
}
