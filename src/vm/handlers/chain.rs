//! Chains of arithmetic: two to four instructions of which each uses what the one before computed, in one dispatch. The loader
//! installs them at the first instruction (`vm/fusion.rs`).
//!
//! Each sequence has three handlers, for ints, for doubles, and for both mixed; a handler that meets another kind of numbers
//! installs theirs. On ints, results are stored one by one, and an instruction that is not in its common case runs by itself where
//! it stands. On doubles all results are stored at the end, unless one is a NaN, as when an operand was none: then the first
//! instruction runs in its own handler. (An instruction that reads a result other than the one before is therefore no part of a
//! sequence, unless the sequence says so.)
//!
//! PERF: an intermediate result stays in a register of the processor instead of going through memory (four to five cycles), and
//! its kind is not tested again. Ints and doubles in one handler would go through general registers: mandelbrot took 1.14 of its
//! time so.

use super::{arith, index};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::word::{TAG_IMMEDIATE, Word};
use crate::vm::dispatch::{Handler, Machine};

/// An arithmetic operator.
pub(crate) trait Operation {
    /// Of two words, if they are ints and the result is one.
    fn ints(m: Machine, x: u64, y: u64) -> Option<u64>;
    /// Of two doubles; an operation that has to run by itself gives a NaN.
    fn floats(x: f64, y: f64) -> f64;
}

macro_rules! operations {
    ($($name:ident |$m:ident, $x:ident, $y:ident| $ints:expr, |$f:ident, $g:ident| $floats:expr;)*) => {$(
        /// The operator of this name.
        pub(crate) struct $name;
        impl Operation for $name {
            #[inline(always)]
            fn ints($m: Machine, $x: u64, $y: u64) -> Option<u64> {
                $ints
            }
            #[inline(always)]
            fn floats($f: f64, $g: f64) -> f64 {
                $floats
            }
        }
    )*};
}

operations! {
    Sum |m, x, y| {
        let word = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & word) >= m.lim { Some(word) } else { None }
    }, |f, g| f + g;
    Difference |m, x, y| {
        let word = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & word) >= m.lim { Some(word) } else { None }
    }, |f, g| f - g;
    Product |m, x, y| arith::on_ints!(m, x, y, |i, j| i.checked_mul(j)), |f, g| f * g;
    Quotient |m, x, y| arith::on_ints!(m, x, y, |i, j| if j == 0 { None } else { Some(i.wrapping_div(j)) }),
        |f, g| {
            let result = f / g;
            if result.is_finite() { result } else { f64::NAN }
        };
    Remainder |m, x, y| arith::on_ints!(m, x, y, |i, j| if j == 0 { None } else { Some(i.wrapping_rem(j)) }),
        |_f, _g| f64::NAN;
}

/// The result for two ints or two doubles: on anything else it is a NaN.
#[inline(always)]
pub(super) fn either<O: Operation>(m: Machine, x: u64, y: u64) -> Option<u64> {
    if let Some(word) = O::ints(m, x, y) {
        return Some(word);
    }
    let result = O::floats(f64::from_bits(x), f64::from_bits(y));
    if result.is_nan() { None } else { Some(result.to_bits()) }
}

/// The numbers a handler is for.
pub(crate) trait Kind {
    /// A number.
    type Number: Copy;
    /// Whether each result is sound as soon as it is there. If not, only the last one tells.
    const ONE_BY_ONE: bool;
    /// The number in a word, or something that makes the result unsound.
    fn of(m: Machine, word: u64) -> Self::Number;
    /// A small constant.
    fn constant(m: Machine, value: i64) -> Self::Number;
    /// Back to a word.
    fn word(number: Self::Number) -> u64;
    /// The result of an operation.
    fn apply<O: Operation>(m: Machine, x: Self::Number, y: Self::Number) -> Option<Self::Number>;
    /// Whether the last result stands for all of them.
    fn sound(number: Self::Number) -> bool;
}

/// Ints, as words.
pub(crate) struct Ints;
impl Kind for Ints {
    type Number = u64;
    const ONE_BY_ONE: bool = true;
    #[inline(always)]
    fn of(_m: Machine, word: u64) -> u64 {
        word
    }
    #[inline(always)]
    fn constant(m: Machine, value: i64) -> u64 {
        (value as u64).wrapping_add(m.t)
    }
    #[inline(always)]
    fn word(number: u64) -> u64 {
        number
    }
    #[inline(always)]
    fn apply<O: Operation>(m: Machine, x: u64, y: u64) -> Option<u64> {
        O::ints(m, x, y)
    }
    #[inline(always)]
    fn sound(_number: u64) -> bool {
        true
    }
}

/// Doubles: any other word is a NaN, which no operation gets rid of.
pub(crate) struct Floats;
impl Kind for Floats {
    type Number = f64;
    const ONE_BY_ONE: bool = false;
    #[inline(always)]
    fn of(_m: Machine, word: u64) -> f64 {
        f64::from_bits(word)
    }
    #[inline(always)]
    fn constant(_m: Machine, value: i64) -> f64 {
        value as f64
    }
    #[inline(always)]
    fn word(number: f64) -> u64 {
        number.to_bits()
    }
    #[inline(always)]
    fn apply<O: Operation>(_m: Machine, x: f64, y: f64) -> Option<f64> {
        Some(O::floats(x, y))
    }
    #[inline(always)]
    fn sound(number: f64) -> bool {
        !number.is_nan()
    }
}

/// Doubles and ints; an operation on two ints is none of these.
pub(crate) struct Mixed;
impl Kind for Mixed {
    /// The number, and whether it is an int.
    type Number = (f64, bool);
    const ONE_BY_ONE: bool = false;
    #[inline(always)]
    fn of(m: Machine, word: u64) -> (f64, bool) {
        if word >= m.lim { (word.wrapping_sub(m.t) as i64 as f64, true) } else { (f64::from_bits(word), false) }
    }
    #[inline(always)]
    fn constant(_m: Machine, value: i64) -> (f64, bool) {
        (value as f64, true)
    }
    #[inline(always)]
    fn word(number: (f64, bool)) -> u64 {
        number.0.to_bits()
    }
    #[inline(always)]
    fn apply<O: Operation>(_m: Machine, (x, x_int): (f64, bool), (y, y_int): (f64, bool)) -> Option<(f64, bool)> {
        if x_int && y_int { None } else { Some((O::floats(x, y), false)) }
    }
    #[inline(always)]
    fn sound(number: (f64, bool)) -> bool {
        !number.0.is_nan()
    }
}

/// What two operands are.
pub(super) enum Numbers {
    /// Both ints.
    Ints,
    /// Both doubles.
    Floats,
    /// One of each.
    Mixed,
}

/// What these words are, if they are numbers.
#[inline(always)]
pub(super) fn kind_of(m: Machine, (x, y): (u64, u64)) -> Option<Numbers> {
    let (x_int, y_int) = (x >= m.lim, y >= m.lim);
    if (!x_int && x >= TAG_IMMEDIATE) || (!y_int && y >= TAG_IMMEDIATE) {
        return None;
    }
    Some(match (x_int, y_int) {
        (true, true) => Numbers::Ints,
        (false, false) => Numbers::Floats,
        _ => Numbers::Mixed,
    })
}

/// An instruction of a chain: `a := left operation right`.
pub(crate) trait Instruction {
    /// Its length.
    const WORDS: usize;
    /// Its handler where it stands alone.
    const OWN: Handler;
    /// The result from its registers.
    unsafe fn run<K: Kind>(m: Machine) -> Option<K::Number>;
    /// The result if one operand is at hand.
    unsafe fn after<K: Kind, S: Side>(m: Machine, number: K::Number) -> Option<K::Number>;
    /// The result if both operands are at hand.
    unsafe fn join<K: Kind>(m: Machine, x: K::Number, y: K::Number) -> Option<K::Number>;
    /// The result for two ints or two doubles, as a word.
    unsafe fn word(m: Machine) -> Option<u64>;
    /// The words that say for which numbers it is.
    unsafe fn operands(m: Machine) -> (u64, u64);
}

macro_rules! instructions {
    ($($name:ident $operation:ident $own:ident $words:literal constant $constant:literal |$kind:ident, $m:ident| $right:expr;)*) => {$(
        /// The opcode of this name.
        pub(crate) struct $name;
        impl Instruction for $name {
            const WORDS: usize = $words;
            const OWN: Handler = arith::$own;
            #[inline(always)]
            unsafe fn run<$kind: Kind>($m: Machine) -> Option<$kind::Number> {
                // SAFETY: as a handler.
                unsafe { $kind::apply::<$operation>($m, $kind::of($m, $m.rb()), $right) }
            }
            #[inline(always)]
            unsafe fn after<$kind: Kind, S: Side>($m: Machine, number: $kind::Number) -> Option<$kind::Number> {
                // SAFETY: as a handler.
                unsafe {
                    if S::RIGHT {
                        $kind::apply::<$operation>($m, $kind::of($m, $m.rb()), number)
                    } else {
                        $kind::apply::<$operation>($m, number, $right)
                    }
                }
            }
            #[inline(always)]
            unsafe fn join<$kind: Kind>(m: Machine, x: $kind::Number, y: $kind::Number) -> Option<$kind::Number> {
                $kind::apply::<$operation>(m, x, y)
            }
            #[inline(always)]
            unsafe fn word($m: Machine) -> Option<u64> {
                type $kind = Ints;
                // SAFETY: as a handler.
                unsafe { either::<$operation>($m, $m.rb(), $right) }
            }
            #[inline(always)]
            unsafe fn operands($m: Machine) -> (u64, u64) {
                type $kind = Ints;
                // SAFETY: as a handler. A small constant is of any kind.
                unsafe { ($m.rb(), if $constant { $m.rb() } else { $right }) }
            }
        }
    )*};
}

instructions! {
    Add Sum add_alone 2 constant false |K, m| K::of(m, m.rc());
    AddI Sum add_i 2 constant true |K, m| K::constant(m, m.c_signed());
    Sub Difference sub_alone 2 constant false |K, m| K::of(m, m.rc());
    SubI Difference sub_i 2 constant true |K, m| K::constant(m, m.c_signed());
    Mul Product mul_alone 2 constant false |K, m| K::of(m, m.rc());
    MulI Product mul_i 2 constant true |K, m| K::constant(m, m.c_signed());
    MulK Product mul_k 3 constant false |K, m| K::of(m, m.literal());
    Div Quotient div_alone 2 constant false |K, m| K::of(m, m.rc());
    Rem Remainder rem_alone 2 constant false |K, m| K::of(m, m.rc());
    RemI Remainder rem_i 2 constant true |K, m| K::constant(m, m.c_signed());
    RemK Remainder rem_k 3 constant false |K, m| K::of(m, m.literal());
}

/// `index_get` of an element that is a number.
pub(crate) struct IndexGet;
impl Instruction for IndexGet {
    const WORDS: usize = 2;
    const OWN: Handler = index::index_get;
    #[inline(always)]
    unsafe fn run<K: Kind>(m: Machine) -> Option<K::Number> {
        // SAFETY: as a handler.
        unsafe {
            match Self::word(m) {
                Some(word) if !K::ONE_BY_ONE || word >= m.lim => Some(K::of(m, word)),
                _ => None,
            }
        }
    }
    #[inline(always)]
    unsafe fn after<K: Kind, S: Side>(_m: Machine, _number: K::Number) -> Option<K::Number> {
        None
    }
    #[inline(always)]
    unsafe fn join<K: Kind>(_m: Machine, _x: K::Number, _y: K::Number) -> Option<K::Number> {
        None
    }
    /// Any element.
    #[inline(always)]
    unsafe fn word(m: Machine) -> Option<u64> {
        // SAFETY: array words point to live arrays.
        unsafe {
            let (array, index) = (Word(m.rb()), m.rc().wrapping_sub(m.t));
            if !array.is_array() {
                return None;
            }
            let object: *const ArrayObject = array.object_ptr();
            if index >= (*object).len as u64 {
                return None;
            }
            Some(*(object as *const u64).add(ELEMENTS_OFFSET / 8 + index as usize))
        }
    }
    #[inline(always)]
    unsafe fn operands(m: Machine) -> (u64, u64) {
        // SAFETY: as a handler.
        let word = unsafe { Self::word(m).unwrap_or(Word::NULL.0) };
        (word, word)
    }
}

/// Which operand of the next instruction a result is.
pub(crate) trait Side {
    /// The right one.
    const RIGHT: bool;
}
/// The left one.
pub(crate) struct Left;
/// The right one.
pub(crate) struct Right;
impl Side for Left {
    const RIGHT: bool = false;
}
impl Side for Right {
    const RIGHT: bool = true;
}

/// Defines generic handlers.
macro_rules! chains {
    ($($(#[$meta:meta])* fn $name:ident<$($parameter:ident: $bound:ident),*>($m:ident) $body:block)*) => {$(
        $(#[$meta])*
        #[cfg(not(ruff_portable))]
        pub(crate) unsafe extern "sysv64" fn $name<$($parameter: $bound),*>(
            pc: *mut u64, base: *mut u64, _spare: crate::vm::dispatch::Spare, vm: *mut crate::vm::Vm, lim: u64, t: u64,
        ) -> u64 {
            let $m = Machine { pc, base, vm, lim, t };
            // SAFETY: the loader installs it at instructions of these opcodes, in code that `bytecode::verify` accepted.
            unsafe { $body }
        }
        $(#[$meta])*
        #[cfg(ruff_portable)]
        pub(crate) unsafe extern "C" fn $name<$($parameter: $bound),*>(
            pc: *mut u64, base: *mut u64, _spare: crate::vm::dispatch::Spare, vm: *mut crate::vm::Vm, lim: u64, t: u64,
        ) -> u64 {
            let $m = Machine { pc, base, vm, lim, t };
            // SAFETY: as above.
            unsafe { $body }
        }
    )*};
}
pub(super) use chains;

/// Defines a sequence over numbers: its handler, and the cold one where the handler gives up, which chooses the kind of the next time and runs
/// the first instruction by itself.
macro_rules! sequences {
    ($($(#[$meta:meta])* fn $name:ident $other:ident<$($parameter:ident: $bound:ident),*>($m:ident, $kind:ident, $first:ident) {
        $($step:tt)*
    })*) => {
        $(chains! {
            $(#[$meta])*
            fn $name<$kind: Kind, $($parameter: $bound),*>($m) {
                sequences!(@run $m $kind ($other::<$kind, $($parameter),*>) [] $($step)*)
            }
            #[cold]
            fn $other<$kind: Kind, $($parameter: $bound),*>($m) {
                match kind_of($m, $first::operands($m)) {
                    Some(Numbers::Ints) => {
                        $m.requicken($name::<Floats, $($parameter),*>, $name::<Ints, $($parameter),*>);
                        $m.requicken($name::<Mixed, $($parameter),*>, $name::<Ints, $($parameter),*>);
                    }
                    Some(Numbers::Floats) => {
                        $m.requicken($name::<Floats, $($parameter),*>, $name::<Mixed, $($parameter),*>);
                        $m.requicken($name::<Ints, $($parameter),*>, $name::<Floats, $($parameter),*>);
                    }
                    Some(Numbers::Mixed) => {
                        $m.requicken($name::<Floats, $($parameter),*>, $name::<Mixed, $($parameter),*>);
                        $m.requicken($name::<Ints, $($parameter),*>, $name::<Mixed, $($parameter),*>);
                    }
                    None => {}
                }
                $m.enter($first::OWN)
            }
        })*
    };
    // `x = I ...;` runs instruction `I` and goes on behind it.
    (@run $m:ident $kind:ident ($($other:tt)*) [$($done:tt)*] $x:ident = $i:ident($($how:tt)*); $($rest:tt)+) => {{
        let at = $m;
        let Some($x) = sequences!(@call at $kind $i $($how)*) else {
            return sequences!(@fail at $kind ($($other)*) [$($done)*]);
        };
        if $kind::ONE_BY_ONE {
            at.set_a($kind::word($x));
        }
        let $m = at.ahead($i::WORDS);
        sequences!(@run $m $kind ($($other)*) [$($done)* (at $x)] $($rest)+)
    }};
    (@run $m:ident $kind:ident ($($other:tt)*) [($first:ident $a:ident) $(($before:ident $b:ident))*] $x:ident = $i:ident($($how:tt)*);) => {{
        let Some($x) = sequences!(@call $m $kind $i $($how)*) else {
            return if $kind::ONE_BY_ONE { $m.go() } else { $first.enter($($other)*) };
        };
        if !$kind::ONE_BY_ONE {
            if !$kind::sound($x) {
                return $first.enter($($other)*);
            }
            $first.set_a($kind::word($a));
            $($before.set_a($kind::word($b));)*
        }
        $m.set_a($kind::word($x));
        $m.next($i::WORDS)
    }};
    (@call $m:ident $kind:ident $i:ident) => { $i::run::<$kind>($m) };
    (@call $m:ident $kind:ident $i:ident $x:ident @ $s:ident) => { $i::after::<$kind, $s>($m, $x) };
    (@call $m:ident $kind:ident $i:ident $x:ident, $y:ident) => { $i::join::<$kind>($m, $x, $y) };
    (@fail $m:ident $kind:ident ($($other:tt)*) []) => { $m.enter($($other)*) };
    (@fail $m:ident $kind:ident ($($other:tt)*) [($first:ident $a:ident) $($done:tt)*]) => {
        if $kind::ONE_BY_ONE { $m.go() } else { $first.enter($($other)*) }
    };
}

sequences! {
    /// `B` uses the result of `A`.
    fn pair pair_other<A: Instruction, B: Instruction, S: Side>(m, K, A) {
        x = A();
        y = B(x @ S);
    }
    /// `B` uses the result of `A`, `C` that of `B`.
    fn triple triple_other<A: Instruction, B: Instruction, C: Instruction, S: Side, U: Side>(m, K, A) {
        x = A();
        y = B(x @ S);
        z = C(y @ U);
    }
    /// `C` has the results of `A` and `B` as its operands.
    fn join join_other<A: Instruction, B: Instruction, C: Instruction>(m, K, A) {
        x = A();
        y = B();
        z = C(x, y);
    }
    /// As `join`; `D` uses the result of `C`.
    fn join_then join_then_other<A: Instruction, B: Instruction, C: Instruction, D: Instruction, S: Side>(m, K, A) {
        x = A();
        y = B();
        z = C(x, y);
        w = D(z @ S);
    }
    /// `B` and `D` apply the results of `A` and `C` to one value in turn.
    fn accumulate accumulate_other<A: Instruction, B: Instruction, C: Instruction, D: Instruction>(m, K, A) {
        x = A();
        y = B(x @ Right);
        z = C();
        w = D(y, z);
    }
}
