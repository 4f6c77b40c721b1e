//! Arithmetic. Every operator starts as its int form; the first double rewrites the instruction to its float form, which falls
//! back through the cold path that serves all other operands.
//!
//! Encoding "bias50" (`runtime/word.rs`): `r = a + b - T` is right iff `(a & b & r) >= LIM`, which checks both tags and the
//! overflow at once. Doubles: the result of an operation on anything but two doubles is a NaN, so only the result is tested.

use super::operators::{binary_imm, binary_literal, binary_registers, negate, not_bool};
use crate::bytecode::op::Opcode;
use crate::runtime::word::{TAG_IMMEDIATE, Word};
use crate::vm::dispatch::{Handler, Machine, handlers};

/// The double of a word that is an inline int or a double.
#[inline(always)]
fn number(word: u64, m: Machine) -> Option<f64> {
    if word < TAG_IMMEDIATE {
        Some(f64::from_bits(word))
    } else if word >= m.lim {
        Some(word.wrapping_sub(m.t) as i64 as f64)
    } else {
        None
    }
}

/// Whether a computed double may be stored as it is: for `+ - *` not a NaN (which a boxed operand would give); for `/` also
/// finite (a zero divisor gives infinity or NaN).
#[inline(always)]
fn plain(result: f64, division: bool) -> bool {
    if division { result.is_finite() } else { !result.is_nan() }
}

/// The int part of two words and the word of a result, if all three are inline ints.
macro_rules! on_ints {
    ($m:ident, $x:ident, $y:ident, |$i:ident, $j:ident| $result:expr) => {
        if ($x & $y) >= $m.lim {
            let ($i, $j) = ($x.wrapping_sub($m.t) as i64, $y.wrapping_sub($m.t) as i64);
            match $result {
                Some(result) => {
                    let word = (result as u64).wrapping_add($m.t);
                    if word >= $m.lim { Some(word) } else { None }
                }
                None => None,
            }
        } else {
            None
        }
    };
}
pub(super) use on_ints;

macro_rules! arithmetic {
    ($($int:ident $float:ident $mixed:ident $other:ident $alone:ident, $imm:ident $imm_float:ident $imm_other:ident, $literal:ident $literal_other:ident $literal_int:ident:
       $op:tt division $division:literal, |$m:ident, $x:ident, $y:ident| $body:expr;)*) => { handlers! {$(
        fn $int($m) {
            let ($x, $y) = ($m.rb(), $m.rc());
            match $body {
                Some(result) => {
                    $m.set_a(result);
                    $m.next(2)
                }
                None => $m.enter($other),
            }
        }
        fn $float($m) {
            let result = f64::from_bits($m.rb()) $op f64::from_bits($m.rc());
            if plain(result, $division) {
                $m.set_a(result.to_bits());
                $m.next(2)
            } else {
                $m.enter($other)
            }
        }
        fn $mixed($m) {
            let (x, y) = ($m.rb(), $m.rc());
            if (x & y) >= $m.lim {
                return $m.enter($other);
            }
            // What is no number is a NaN.
            let double = |word: u64| if word >= $m.lim { word.wrapping_sub($m.t) as i64 as f64 } else { f64::from_bits(word) };
            let result = double(x) $op double(y);
            if plain(result, $division) {
                $m.set_a(result.to_bits());
                $m.next(2)
            } else {
                $m.enter($other)
            }
        }
        cold fn $other($m) {
            let (x, y) = ($m.rb(), $m.rc());
            if (x & y) >= $m.lim {
                $m.quicken($int);
            } else if x < TAG_IMMEDIATE && y < TAG_IMMEDIATE {
                $m.quicken($float);
            } else if number(x, $m).is_some() && number(y, $m).is_some() {
                $m.quicken($mixed);
            }
            $m.enter($alone)
        }
        /// Whatever the operands are; the handler at the instruction stays, which may be that of a sequence.
        cold fn $alone($m) {
            let ($x, $y) = ($m.rb(), $m.rc());
            if let Some(result) = $body {
                $m.set_a(result);
                return $m.next(2);
            }
            if ($x & $y) < $m.lim
                && let (Some(left), Some(right)) = (number($x, $m), number($y, $m))
            {
                let result = left $op right;
                if plain(result, $division) {
                    $m.set_a(result.to_bits());
                    return $m.next(2);
                }
            }
            $m.helper(binary_registers)
        }
        fn $imm($m) {
            let ($x, $y) = ($m.rb(), ($m.c_signed() as u64).wrapping_add($m.t));
            match $body {
                Some(result) => {
                    $m.set_a(result);
                    $m.next(2)
                }
                None => $m.enter($imm_other),
            }
        }
        fn $imm_float($m) {
            let result = f64::from_bits($m.rb()) $op $m.c_signed() as f64;
            if plain(result, $division) {
                $m.set_a(result.to_bits());
                $m.next(2)
            } else {
                $m.enter($imm_other)
            }
        }
        cold fn $imm_other($m) {
            if $m.rb() >= $m.lim {
                $m.requicken($imm_float, $imm);
            }
            if $m.rb() < TAG_IMMEDIATE {
                $m.requicken($imm, $imm_float);
                let result = f64::from_bits($m.rb()) $op $m.c_signed() as f64;
                if plain(result, $division) {
                    $m.set_a(result.to_bits());
                    return $m.next(2);
                }
            }
            $m.helper(binary_imm)
        }
        fn $literal($m) {
            let result = f64::from_bits($m.rb()) $op f64::from_bits($m.literal());
            if plain(result, $division) {
                $m.set_a(result.to_bits());
                $m.next(3)
            } else {
                $m.enter($literal_other)
            }
        }
        fn $literal_int($m) {
            let ($x, $y) = ($m.rb(), $m.literal());
            match $body {
                Some(result) => {
                    $m.set_a(result);
                    $m.next(3)
                }
                None => $m.enter($literal_other),
            }
        }
        fn $literal_other($m) {
            let ($x, $y) = ($m.rb(), $m.literal());
            if let Some(result) = $body {
                $m.set_a(result);
                return $m.next(3);
            }
            if let (Some(left), Some(right)) = (number($m.rb(), $m), number($m.literal(), $m))
                && ($m.rb() & $m.literal()) < $m.lim
            {
                let result = left $op right;
                if plain(result, $division) {
                    $m.set_a(result.to_bits());
                    return $m.next(3);
                }
            }
            $m.helper(binary_literal)
        }
    )*} };
}

arithmetic! {
    add add_float add_mixed add_other add_alone, add_i add_i_float add_i_other, add_k add_k_other add_k_int: + division false, |m, x, y| {
        let r = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    sub sub_float sub_mixed sub_other sub_alone, sub_i sub_i_float sub_i_other, sub_k sub_k_other sub_k_int: - division false, |m, x, y| {
        let r = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    mul mul_float mul_mixed mul_other mul_alone, mul_i mul_i_float mul_i_other, mul_k mul_k_other mul_k_int: * division false, |m, x, y|
        on_ints!(m, x, y, |i, j| i.checked_mul(j));
    div div_float div_mixed div_other div_alone, div_i div_i_float div_i_other, div_k div_k_other div_k_int: / division true, |m, x, y|
        on_ints!(m, x, y, |i, j| if j == 0 { None } else { Some(i.wrapping_div(j)) });
    rem rem_float rem_mixed rem_other rem_alone, rem_i rem_i_float rem_i_other, rem_k rem_k_other rem_k_int: % division true, |m, x, y|
        on_ints!(m, x, y, |i, j| if j == 0 { None } else { Some(i.wrapping_rem(j)) });
}

/// The handler of arithmetic with a literal that is an int.
///
/// PERF: a remainder by 1000003 costs 35 instructions instead of 105, of which `fmod` of two words that are no doubles was a third.
pub(crate) fn handler(opcode: Opcode, literal: Word) -> Option<Handler> {
    if !literal.is_int() {
        return None;
    }
    Some(match opcode {
        Opcode::add_k => add_k_int,
        Opcode::sub_k => sub_k_int,
        Opcode::mul_k => mul_k_int,
        Opcode::div_k => div_k_int,
        Opcode::rem_k => rem_k_int,
        _ => return None,
    })
}

handlers! {
    fn neg(m) {
        let x = m.rb();
        let r = m.t.wrapping_sub(x).wrapping_add(m.t);
        if (x & r) >= m.lim {
            m.set_a(r);
            m.next(2)
        } else {
            m.enter(neg_other)
        }
    }
    cold fn neg_other(m) {
        if m.rb() < TAG_IMMEDIATE {
            m.set_a(Word::float(-f64::from_bits(m.rb())).0);
            return m.next(2);
        }
        m.helper(negate)
    }
    fn not(m) {
        let x = m.rb();
        if x | 1 == Word::TRUE.0 {
            m.set_a(x ^ 1);
            m.next(2)
        } else {
            m.enter(not_other)
        }
    }
    cold fn not_other(m) {
        m.helper(not_bool)
    }
}
