//! Compare and branch. Ints compare as words; the first two doubles rewrite the instruction to its float form.
#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "the negation holds for NaN, the opposite comparison does not")]

use super::operators::{branch_imm, branch_literal, branch_registers};
use super::overload;
use crate::bytecode::op::{DROP_FIRST, DROP_SECOND, Opcode};
use crate::runtime::heap::Kind;
use crate::runtime::release::release;
use crate::runtime::string;
use crate::runtime::word::{TAG_IMMEDIATE, Word};
use crate::semantics::compare;
use crate::vm::Vm;
use crate::vm::dispatch::{Handler, handlers};

/// Whether `==` on these words is identity: for equality, if neither is a double and the left one is not on the heap (an object
/// may be a big int, or overload the operator). A right operand in a register may die there, so it must not be on the heap either.
macro_rules! identity {
    (ordering $x:expr, $y:expr) => {
        false
    };
    (equality $x:expr, $y:expr) => {
        $x >= TAG_IMMEDIATE && $y >= TAG_IMMEDIATE && !Word($x).is_counted()
    };
}
pub(super) use identity;

/// Whether two values, of which one is on the heap at least, are equal, as far as that is told without looking into more than
/// texts: 1 or 0, and -1 if it is not. Values of different kinds are unequal, ints beyond the inline range aside; functions are
/// equal if they are the same; a struct on the left may have a method that decides. Where this tells, what dies is released.
///
/// PERF: an interpreter written in the language compares one-character strings with literals; through the general operator that
/// was 78 % of its instructions. `tree[0] == null`, where there is a tree, was a quarter of those of `binary_trees`.
#[inline(never)]
pub(super) unsafe fn same_object(vm: *mut Vm, pc: *mut u64, x: u64, y: u64) -> i64 {
    // SAFETY: both are live values, owned where the flags say that they die here.
    unsafe {
        let flags = *(pc as *const u16).add(4);
        if Word(x).is_counted() && !Word(y).is_counted() {
            // The common case: is there an object, or null?
            return match (*Word(x).header()).kind {
                Kind::BigInt => -1,
                Kind::Struct if overload::decides(&*vm, flags, Word(x)) => -1,
                _ => {
                    if flags & DROP_FIRST != 0 {
                        release(Word(x));
                    }
                    0
                }
            };
        }
        let kind = |word: u64| Word(word).is_counted().then(|| (*Word(word).header()).kind);
        let same = match (kind(x), kind(y)) {
            // Long texts are compared where that is charged.
            (Some(Kind::String), Some(Kind::String)) => match string::same_if_short(Word(x), Word(y)) {
                Some(same) => same,
                None => return -1,
            },
            (Some(Kind::Struct), _) if overload::decides(&*vm, flags, Word(x)) => return -1,
            (None, None) | (Some(Kind::BigInt), _) | (_, Some(Kind::BigInt)) => return -1,
            (Some(Kind::Function), Some(Kind::Function)) => x == y,
            (left, right) if left == right => return -1,
            _ => false,
        };
        for (word, flag) in [(x, DROP_FIRST), (y, DROP_SECOND)] {
            if flags & flag != 0 {
                release(Word(word));
            }
        }
        same as i64
    }
}

/// Whether a value that is neither bool nor inline int is true, as far as its kind tells: 1 or 0, and -1 if it does not. Where
/// it tells, the value is released if it dies here. It does not get the `Machine`, whose address would keep its caller from ending
/// in a jump.
#[inline(never)]
pub(super) unsafe fn truth_of_kind(pc: *mut u64, word: u64) -> i64 {
    if word == Word::NULL.0 {
        return 0;
    }
    // SAFETY: a live value, owned where the flag says that it dies here.
    unsafe {
        let object = Word(word);
        let kind = object.is_object().then(|| (*object.header()).kind);
        let Some(Kind::Struct | Kind::Set | Kind::Queue | Kind::Stack | Kind::Tagged | Kind::Outcome | Kind::Function) =
            kind
        else {
            return -1;
        };
        if *(pc as *const u16).add(4) & DROP_FIRST != 0 {
            release(object);
        }
        1
    }
}

/// [`same_object`] where the operator is an equality.
macro_rules! same_object_if_equality {
    (ordering $m:ident, $x:expr, $y:expr) => {
        -1
    };
    (equality $m:ident, $x:expr, $y:expr) => {
        $crate::vm::handlers::branch::same_object($m.vm, $m.pc, $x, $y)
    };
}

pub(super) use same_object_if_equality;

macro_rules! branches {
    ($($name:ident $float:ident $other:ident $imm:ident $imm_other:ident $literal:ident $literal_other:ident $character:ident
       $sort:ident |$x:ident, $y:ident| $int:expr, |$f:ident, $g:ident| $holds:expr;)*) => { handlers! {$(
        fn $name(m) {
            let ($x, $y) = (m.ra(), m.rb());
            if ($x & $y) >= m.lim {
                if $int { m.jump(m.c_signed()) } else { m.next(2) }
            } else {
                m.enter($other)
            }
        }
        fn $float(m) {
            let (x, y) = (m.ra(), m.rb());
            if x < TAG_IMMEDIATE && y < TAG_IMMEDIATE {
                let ($f, $g) = (f64::from_bits(x), f64::from_bits(y));
                if $holds { m.jump(m.c_signed()) } else { m.next(2) }
            } else {
                m.enter($other)
            }
        }
        cold fn $other(m) {
            let (x, y) = (m.ra(), m.rb());
            if x < TAG_IMMEDIATE && y < TAG_IMMEDIATE {
                m.quicken($float);
                let ($f, $g) = (f64::from_bits(x), f64::from_bits(y));
                return if $holds { m.jump(m.c_signed()) } else { m.next(2) };
            }
            if (x & y) >= m.lim {
                m.quicken($name);
            } else if identity!($sort x, y) && !Word(y).is_counted() {
                let ($x, $y) = (x, y);
                return if $int { m.jump(m.c_signed()) } else { m.next(2) };
            }
            let same: i64 = same_object_if_equality!($sort m, x, y);
            if same >= 0 {
                let ($x, $y) = (same, 1);
                return if $int { m.jump(m.c_signed()) } else { m.next(2) };
            }
            m.helper(branch_registers)
        }
        fn $imm(m) {
            let ($x, $y) = (m.ra(), (m.b_signed() as u64).wrapping_add(m.t));
            if $x >= m.lim {
                if $int { m.jump(m.c_signed()) } else { m.next(2) }
            } else {
                m.enter($imm_other)
            }
        }
        cold fn $imm_other(m) {
            if m.ra() < TAG_IMMEDIATE {
                let ($f, $g) = (f64::from_bits(m.ra()), m.b_signed() as f64);
                return if $holds { m.jump(m.c_signed()) } else { m.next(2) };
            }
            let same: i64 = same_object_if_equality!($sort m, m.ra(), Word::small_int(m.b_signed() as i32).0);
            if same >= 0 {
                let ($x, $y) = (same, 1);
                return if $int { m.jump(m.c_signed()) } else { m.next(2) };
            }
            m.helper(branch_imm)
        }
        fn $literal(m) {
            let (x, y) = (m.ra(), m.literal());
            if x < TAG_IMMEDIATE && y < TAG_IMMEDIATE {
                let ($f, $g) = (f64::from_bits(x), f64::from_bits(y));
                if $holds { m.jump(m.c_signed()) } else { m.next(3) }
            } else if (x & y) >= m.lim {
                let ($x, $y) = (x, y);
                if $int { m.jump(m.c_signed()) } else { m.next(3) }
            } else if identity!($sort x, y) {
                let ($x, $y) = (x, y);
                if $int { m.jump(m.c_signed()) } else { m.next(3) }
            } else {
                m.enter($literal_other)
            }
        }
        fn $character(m) {
            let ($x, $y) = (m.ra(), m.literal());
            if string::is_character($x) {
                if $int { m.jump(m.c_signed()) } else { m.next(3) }
            } else {
                m.enter($literal)
            }
        }
        cold fn $literal_other(m) {
            let same: i64 = same_object_if_equality!($sort m, m.ra(), m.literal());
            if same >= 0 {
                let ($x, $y) = (same, 1);
                return if $int { m.jump(m.c_signed()) } else { m.next(3) };
            }
            m.helper(branch_literal)
        }
    )*}

    /// The handler of a comparison with a one-character literal: the words of such strings are in the order of their texts, and need no release.
    ///
    /// PERF: a parser written in the language compares little else.
    pub(crate) fn with_character(opcode: Opcode) -> Option<Handler> {
        match opcode {
            $(Opcode::$literal => Some($character),)*
            _ => None,
        }
    }
    };
}

branches! {
    jump_lt jump_lt_float jump_lt_other jump_lt_i jump_lt_i_other jump_lt_k jump_lt_k_other jump_lt_c ordering
        |x, y| x < y, |f, g| f < g;
    jump_le jump_le_float jump_le_other jump_le_i jump_le_i_other jump_le_k jump_le_k_other jump_le_c ordering
        |x, y| x <= y, |f, g| f <= g;
    jump_gt jump_gt_float jump_gt_other jump_gt_i jump_gt_i_other jump_gt_k jump_gt_k_other jump_gt_c ordering
        |x, y| x > y, |f, g| f > g;
    jump_ge jump_ge_float jump_ge_other jump_ge_i jump_ge_i_other jump_ge_k jump_ge_k_other jump_ge_c ordering
        |x, y| x >= y, |f, g| f >= g;
    jump_eq jump_eq_float jump_eq_other jump_eq_i jump_eq_i_other jump_eq_k jump_eq_k_other jump_eq_c equality
        |x, y| x == y, |f, g| compare::floats_equal(f, g);
    jump_ne jump_ne_float jump_ne_other jump_ne_i jump_ne_i_other jump_ne_k jump_ne_k_other jump_ne_c equality
        |x, y| x != y, |f, g| !compare::floats_equal(f, g);
    jump_not_lt jump_not_lt_float jump_not_lt_other jump_not_lt_i jump_not_lt_i_other jump_not_lt_k jump_not_lt_k_other jump_not_lt_c ordering
        |x, y| x >= y, |f, g| !(f < g);
    jump_not_le jump_not_le_float jump_not_le_other jump_not_le_i jump_not_le_i_other jump_not_le_k jump_not_le_k_other jump_not_le_c ordering
        |x, y| x > y, |f, g| !(f <= g);
    jump_not_gt jump_not_gt_float jump_not_gt_other jump_not_gt_i jump_not_gt_i_other jump_not_gt_k jump_not_gt_k_other jump_not_gt_c ordering
        |x, y| x <= y, |f, g| !(f > g);
    jump_not_ge jump_not_ge_float jump_not_ge_other jump_not_ge_i jump_not_ge_i_other jump_not_ge_k jump_not_ge_k_other jump_not_ge_c ordering
        |x, y| x < y, |f, g| !(f >= g);
    jump_not_eq jump_not_eq_float jump_not_eq_other jump_not_eq_i jump_not_eq_i_other jump_not_eq_k jump_not_eq_k_other jump_not_eq_c equality
        |x, y| x != y, |f, g| !compare::floats_equal(f, g);
    jump_not_ne jump_not_ne_float jump_not_ne_other jump_not_ne_i jump_not_ne_i_other jump_not_ne_k jump_not_ne_k_other jump_not_ne_c equality
        |x, y| x == y, |f, g| compare::floats_equal(f, g);
}
