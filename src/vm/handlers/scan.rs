//! Sequences over the elements of arrays, in one dispatch: tests of elements, copies, swaps, indexes computed on the way. The
//! loader installs them at the first instruction (`vm/fusion.rs`); what is not in its common case runs in the instructions' own
//! handlers, as in `chain.rs`.

use super::chain::{Floats, Instruction, Ints, Numbers, chains, kind_of};
use super::place::element;
use super::{data, index};
use crate::runtime::heap::Kind;
use crate::runtime::string::{self, BYTES_OFFSET, FLAG_ASCII, StringObject};
use crate::runtime::word::Word;
use crate::semantics::compare;
use crate::vm::dispatch::{Machine, retain};

/// What a branch compares for.
pub(crate) trait Comparison {
    /// Equality: identity decides for characters, too.
    const EQUALITY: bool;
    /// Of words of ints.
    fn ints(x: u64, y: u64) -> bool;
    /// Of doubles.
    fn floats(x: f64, y: f64) -> bool;
}

macro_rules! comparisons {
    ($($name:ident $equality:literal |$x:ident, $y:ident| $ints:expr, |$f:ident, $g:ident| $floats:expr;)*) => {$(
        /// The branch of this name.
        pub(crate) struct $name;
        impl Comparison for $name {
            const EQUALITY: bool = $equality;
            #[inline(always)]
            fn ints($x: u64, $y: u64) -> bool {
                $ints
            }
            #[inline(always)]
            #[allow(clippy::neg_cmp_op_on_partial_ord, reason = "the negation holds for NaN, the opposite comparison does not")]
            fn floats($f: f64, $g: f64) -> bool {
                $floats
            }
        }
    )*};
}

comparisons! {
    Lt false |x, y| x < y, |f, g| f < g;
    Le false |x, y| x <= y, |f, g| f <= g;
    Gt false |x, y| x > y, |f, g| f > g;
    Ge false |x, y| x >= y, |f, g| f >= g;
    Eq true |x, y| x == y, |f, g| compare::floats_equal(f, g);
    Ne true |x, y| x != y, |f, g| !compare::floats_equal(f, g);
    NotLt false |x, y| x >= y, |f, g| !(f < g);
    NotLe false |x, y| x > y, |f, g| !(f <= g);
    NotGt false |x, y| x <= y, |f, g| !(f > g);
    NotGe false |x, y| x < y, |f, g| !(f >= g);
}

/// How a branch has its right operand.
pub(crate) trait Form {
    /// Words of the branch.
    const WORDS: usize;
    /// The operand.
    unsafe fn operand(m: Machine) -> u64;
}
/// In a register.
pub(crate) struct Register;
/// In a register, on the left: the comparison is the mirrored one.
pub(crate) struct Mirrored;
/// As an immediate.
pub(crate) struct Immediate;
/// As a literal word.
pub(crate) struct Literal;
impl Form for Register {
    const WORDS: usize = 2;
    #[inline(always)]
    unsafe fn operand(m: Machine) -> u64 {
        // SAFETY: as a handler.
        unsafe { m.rb() }
    }
}
impl Form for Mirrored {
    const WORDS: usize = 2;
    #[inline(always)]
    unsafe fn operand(m: Machine) -> u64 {
        // SAFETY: as a handler.
        unsafe { m.ra() }
    }
}
impl Form for Immediate {
    const WORDS: usize = 2;
    #[inline(always)]
    unsafe fn operand(m: Machine) -> u64 {
        // SAFETY: as a handler.
        unsafe { (m.b_signed() as u64).wrapping_add(m.t) }
    }
}
impl Form for Literal {
    const WORDS: usize = 3;
    #[inline(always)]
    unsafe fn operand(m: Machine) -> u64 {
        // SAFETY: as a handler.
        unsafe { m.literal() }
    }
}

/// Branches on two ints, or lets the branch run by itself.
macro_rules! branch {
    ($m:ident, $comparison:ident, $words:expr, $x:expr, $y:expr) => {{
        let (x, y): (u64, u64) = ($x, $y);
        if (x & y) < $m.lim {
            return $m.go();
        }
        if $comparison::ints(x, y) { $m.jump($m.c_signed()) } else { $m.next($words) }
    }};
}

/// `array[key]`, if it is not counted.
#[inline(always)]
unsafe fn plain(m: Machine, array: u64, key: u64) -> Option<u64> {
    // SAFETY: as a handler.
    unsafe {
        match element(m, array, key, false) {
            Some(place) if !Word(*place).is_counted() => Some(*place),
            _ => None,
        }
    }
}

/// The character at `key` of an ASCII string: a word that is not counted.
#[inline(always)]
unsafe fn character(m: Machine, text: u64, key: u64) -> Option<u64> {
    // SAFETY: object words point to live objects.
    unsafe {
        let (text, index) = (Word(text), key.wrapping_sub(m.t));
        if !text.is_object() || (*text.header()).kind as u8 != Kind::String as u8 {
            return None;
        }
        let object: *const StringObject = text.object_ptr();
        if (*object).header.flags & FLAG_ASCII == 0 || index >= (*object).len as u64 {
            return None;
        }
        Some(string::ascii_word(*(object as *const u8).add(BYTES_OFFSET + index as usize)).0)
    }
}

/// Runs the `set_index` at `m`, whose value is `word`, if that needs neither counting nor releasing.
#[inline(always)]
unsafe fn store_plain(m: Machine, word: u64) -> u64 {
    // SAFETY: as a handler; the place is in a live array nobody else has.
    unsafe {
        match element(m, m.ra(), m.rb(), true) {
            Some(place) if !Word(*place).is_counted() => {
                *place = word;
                m.next(2)
            }
            _ => m.go(),
        }
    }
}

chains! {
    /// `if a[i] < x {`
    fn test_element<C: Comparison, F: Form>(m) {
        let Some(word) = plain(m, m.rb(), m.rc()) else {
            if C::EQUALITY
                && let Some(word) = character(m, m.rb(), m.rc())
            {
                m.set_a(word);
                let m = m.ahead(2);
                let other = F::operand(m);
                if !string::is_character(other) {
                    return m.go();
                }
                return if C::ints(word, other) { m.jump(m.c_signed()) } else { m.next(F::WORDS) };
            }
            return m.enter(index::index_get);
        };
        m.set_a(word);
        let m = m.ahead(2);
        branch!(m, C, F::WORDS, word, F::operand(m))
    }
    /// `if a[i] < b[j] {`
    fn test_elements<C: Comparison>(m) {
        let Some(first) = plain(m, m.rb(), m.rc()) else {
            return m.enter(index::index_get);
        };
        m.set_a(first);
        let m = m.ahead(2);
        let Some(second) = plain(m, m.rb(), m.rc()) else {
            return m.go();
        };
        m.set_a(second);
        let m = m.ahead(2);
        branch!(m, C, 2, first, second)
    }
    /// `if a[i] < a[i + k] {`: the index of the second is computed in between.
    fn test_neighbours<A: Instruction, C: Comparison>(m) {
        let Some(first) = plain(m, m.rb(), m.rc()) else {
            return m.enter(index::index_get);
        };
        m.set_a(first);
        let m = m.ahead(2);
        let Some(key) = A::run::<Ints>(m) else {
            return m.go();
        };
        m.set_a(key);
        let m = m.ahead(A::WORDS);
        let Some(second) = plain(m, m.rb(), key) else {
            return m.go();
        };
        m.set_a(second);
        let m = m.ahead(2);
        branch!(m, C, 2, first, second)
    }
    /// `i += k`, `if a[i] < x {`
    fn step_test_element<A: Instruction, C: Comparison>(m) {
        let Some(key) = A::run::<Ints>(m) else {
            return m.enter(A::OWN);
        };
        m.set_a(key);
        let m = m.ahead(A::WORDS);
        let Some(word) = plain(m, m.rb(), key) else {
            return m.go();
        };
        m.set_a(word);
        let m = m.ahead(2);
        branch!(m, C, 2, word, m.rb())
    }
    /// `a[i + k]`
    fn index_sum<A: Instruction>(m) {
        let Some(key) = A::run::<Ints>(m) else {
            return m.enter(A::OWN);
        };
        m.set_a(key);
        let m = m.ahead(A::WORDS);
        let Some(place) = element(m, m.rb(), key, false) else {
            return m.go();
        };
        let word = *place;
        retain(word);
        m.set_a(word);
        m.next(2)
    }
    /// `a[i] := b[j]`
    fn copy_element<>(m) {
        let Some(word) = plain(m, m.rb(), m.rc()) else {
            return m.enter(index::index_get);
        };
        m.set_a(word);
        let m = m.ahead(2);
        store_plain(m, word)
    }
    /// `a[i] := b[j + k]`
    fn copy_neighbour<A: Instruction>(m) {
        let Some(key) = A::run::<Ints>(m) else {
            return m.enter(A::OWN);
        };
        m.set_a(key);
        let m = m.ahead(A::WORDS);
        let Some(word) = plain(m, m.rb(), key) else {
            return m.go();
        };
        m.set_a(word);
        let m = m.ahead(2);
        store_plain(m, word)
    }
    /// `a[i] := x` where `x` is read again later.
    fn copy_to_element<>(m) {
        let word = m.rb();
        if Word(word).is_counted() {
            return m.enter(data::copy_value);
        }
        m.set_a(word);
        let m = m.ahead(2);
        store_plain(m, word)
    }
    /// `t := a[i]`, `a[i] := a[j]`, `a[j] := t`: both stores take what they store, so nothing is counted and the temporaries stay dead.
    fn swap<>(m) {
        let behind = m.ahead(2);
        let array = m.rb();
        let (Some(first), Some(second)) = (element(m, array, m.rc(), true), element(m, array, behind.rc(), true)) else {
            return m.enter(index::index_get);
        };
        first.swap(second);
        m.next(8)
    }
    /// `i += k`, `j -= l`, `while i < j`
    fn step_both<A: Instruction, B: Instruction, C: Comparison>(m) {
        let Some(x) = A::run::<Ints>(m) else {
            return m.enter(A::OWN);
        };
        m.set_a(x);
        let m = m.ahead(A::WORDS);
        let Some(y) = B::run::<Ints>(m) else {
            return m.go();
        };
        m.set_a(y);
        let m = m.ahead(B::WORDS);
        if C::ints(x, y) { m.jump(m.c_signed()) } else { m.next(2) }
    }
    /// `if i % k == x {`
    fn test_result<A: Instruction, C: Comparison, F: Form>(m) {
        let Some(word) = A::run::<Ints>(m) else {
            return m.enter(test_result_other::<A, C, F>);
        };
        m.set_a(word);
        let m = m.ahead(A::WORDS);
        branch!(m, C, F::WORDS, word, F::operand(m))
    }
    #[cold]
    fn test_result_other<A: Instruction, C: Comparison, F: Form>(m) {
        if let Some(Numbers::Floats) = kind_of(m, A::operands(m)) {
            m.requicken(test_result::<A, C, F>, test_float::<A, C, F>);
        }
        m.enter(A::OWN)
    }
    /// `if x + y > 4.0 {`
    fn test_float<A: Instruction, C: Comparison, F: Form>(m) {
        let behind = m.ahead(A::WORDS);
        let limit = f64::from_bits(F::operand(behind));
        let result = match A::run::<Floats>(m) {
            // Whatever is no double is a NaN.
            Some(result) if !result.is_nan() && !limit.is_nan() => result,
            _ => return m.enter(test_float_other::<A, C, F>),
        };
        m.set_a(result.to_bits());
        if C::floats(result, limit) { behind.jump(behind.c_signed()) } else { behind.next(F::WORDS) }
    }
    #[cold]
    fn test_float_other<A: Instruction, C: Comparison, F: Form>(m) {
        if let Some(Numbers::Ints) = kind_of(m, A::operands(m)) {
            m.requicken(test_float::<A, C, F>, test_result::<A, C, F>);
        }
        m.enter(A::OWN)
    }
}
