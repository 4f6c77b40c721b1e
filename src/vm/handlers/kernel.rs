//! Loops whose body is a sequence over elements run inside one handler: sums of elements and of products, copies. As in `single.rs`, what changes
//! is in machine registers until an element is not in its common case or the loop ends; then everything is written back, and control
//! goes on in the handler of one iteration, or at the step.
//!
//! PERF: the inner loop of a matrix product took 1.3 times as long with two dispatches an iteration (body and step).

use super::arith::add_i;
use super::chain::{Floats, IndexGet, Instruction, Ints, Kind, Numbers, Product, Sum, chains, kind_of};
use super::index::index_get;
use super::single::Counter;
use crate::bytecode::op::Opcode;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::word::Word;
use crate::vm::dispatch::{Handler, Machine};

/// The elements of an array.
#[derive(Clone, Copy)]
struct Elements {
    first: *mut u64,
    len: u64,
}

impl Elements {
    /// Those of the array in register `register`, which nobody else has if it is to be `changed`.
    #[inline(always)]
    unsafe fn of(m: Machine, register: usize, changed: bool) -> Option<Elements> {
        // SAFETY: array words point to live arrays.
        unsafe {
            let array = Word(m.get(register));
            if !array.is_array() {
                return None;
            }
            let object: *mut ArrayObject = array.object_ptr();
            if changed && (*object).header.count != 1 {
                return None;
            }
            Some(Elements { first: (object as *mut u64).add(ELEMENTS_OFFSET / 8), len: (*object).len as u64 })
        }
    }

    /// The element at the inline int `key`, if that is inside.
    #[inline(always)]
    unsafe fn at(self, m: Machine, key: u64) -> Option<*mut u64> {
        let index = key.wrapping_sub(m.t);
        // SAFETY: inside the array.
        if index < self.len { Some(unsafe { self.first.add(index as usize) }) } else { None }
    }
}

/// The step that closes a loop.
pub(crate) trait Step {
    /// Which.
    const OPCODE: Opcode;
}

macro_rules! steps {
    ($($name:ident $opcode:ident;)*) => {
        $(
            /// The opcode of this name.
            pub(crate) struct $name;
            impl Step for $name {
                const OPCODE: Opcode = Opcode::$opcode;
            }
        )*

        /// The handler of a loop with such a body, which the step closes.
        pub(crate) fn handler(body: Body, step: Opcode) -> Option<Handler> {
            Some(match (body, step) {
                $(
                    (Body::Products, Opcode::$opcode) => products::<Ints, $name>,
                    (Body::Elements, Opcode::$opcode) => elements::<Ints, $name>,
                    (Body::Copy, Opcode::$opcode) => copy::<$name>,
                    (Body::Shift, Opcode::$opcode) => shift::<$name>,
                )*
                _ => return None,
            })
        }
    };
}

steps! {
    IterNext iter_next;
    StepLt step_lt;
    StepILt step_i_lt;
    StepILtI step_i_lt_i;
}

/// What a loop does over and over.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// `sum += a[i] * b[i]`
    Products,
    /// `sum += a[i]`
    Elements,
    /// `b[i] := a[i]`
    Copy,
    /// `b[i] := a[i + k]`
    Shift,
}

/// Runs the iterations of a sum. `$next` is the number to add for the counter, `$write` stores what the last iteration leaves.
macro_rules! accumulate {
    ($m:ident, $kind:ident, $step:ident, $add:ident, $behind:ident, |$counter:ident| $next:expr, |$number:ident| $write:expr, $other:expr) => {{
        let Some(mut $counter) = Counter::of($behind, $step::OPCODE) else {
            return $m.enter($other);
        };
        let begin = $counter.item;
        let mut sum = $kind::of($m, $add.rb());
        loop {
            let number: Option<$kind::Number> = $next;
            let Some($number) = number else { break };
            match $kind::apply::<Sum>($m, sum, $number) {
                Some(next) if $kind::sound(next) => sum = next,
                _ => break,
            }
            if !$counter.step($m) {
                $write;
                $add.set_a($kind::word(sum));
                $counter.store($behind);
                return $behind.go();
            }
        }
        // The iteration that has begun is done by the instructions, which need nothing of the ones before but these.
        if $counter.item != begin {
            $add.set_a($kind::word(sum));
            $counter.store($behind);
        }
        $m.enter($other)
    }};
}

chains! {
    /// `sum += a[i] * b[i]`, of ints or of doubles.
    fn products<K: Kind, S: Step>(m) {
        let [second, multiply, add, behind] = [m.ahead(2), m.ahead(4), m.ahead(6), m.ahead(8)];
        let (Some(left), Some(right)) = (Elements::of(m, m.b(), false), Elements::of(m, second.b(), false)) else {
            return m.enter(index_get);
        };
        accumulate!(m, K, S, add, behind, |counter| {
            match (left.at(m, counter.item), right.at(m, counter.item)) {
                (Some(x), Some(y)) => K::apply::<Product>(m, K::of(m, *x), K::of(m, *y)),
                _ => None,
            }
        }, |number| multiply.set_a(K::word(number)), products_other::<S>)
    }
    #[cold]
    fn products_other<S: Step>(m) {
        match kind_of(m, IndexGet::operands(m)) {
            Some(Numbers::Ints) => m.requicken(products::<Floats, S>, products::<Ints, S>),
            Some(Numbers::Floats) => m.requicken(products::<Ints, S>, products::<Floats, S>),
            _ => {}
        }
        m.enter(index_get)
    }
    /// `sum += a[i]`, of ints or of doubles.
    fn elements<K: Kind, S: Step>(m) {
        let [add, behind] = [m.ahead(2), m.ahead(4)];
        let Some(array) = Elements::of(m, m.b(), false) else {
            return m.enter(index_get);
        };
        accumulate!(m, K, S, add, behind, |counter| {
            array.at(m, counter.item).map(|place| K::of(m, *place))
        }, |number| m.set_a(K::word(number)), elements_other::<S>)
    }
    #[cold]
    fn elements_other<S: Step>(m) {
        match kind_of(m, IndexGet::operands(m)) {
            Some(Numbers::Ints) => m.requicken(elements::<Floats, S>, elements::<Ints, S>),
            Some(Numbers::Floats) => m.requicken(elements::<Ints, S>, elements::<Floats, S>),
            _ => {}
        }
        m.enter(index_get)
    }
    /// `b[i] := a[i]`
    fn copy<S: Step>(m) {
        let [set, behind] = [m.ahead(2), m.ahead(4)];
        let (Some(from), Some(to), Some(mut counter)) =
            (Elements::of(m, m.b(), false), Elements::of(set, set.a(), true), Counter::of(behind, S::OPCODE))
        else {
            return m.enter(index_get);
        };
        while let (Some(place), Some(target)) = (from.at(m, counter.item), to.at(m, counter.item)) {
            let word = *place;
            if Word(word).is_counted() || Word(*target).is_counted() {
                break;
            }
            *target = word;
            if !counter.step(m) {
                m.set_a(word);
                counter.store(behind);
                return behind.go();
            }
        }
        counter.store(behind);
        m.enter(index_get)
    }
    /// `b[i] := a[i + k]`
    fn shift<S: Step>(m) {
        let [get, set, behind] = [m.ahead(2), m.ahead(4), m.ahead(6)];
        let (Some(from), Some(to), Some(mut counter)) =
            (Elements::of(get, get.b(), false), Elements::of(set, set.a(), true), Counter::of(behind, S::OPCODE))
        else {
            return m.enter(add_i);
        };
        loop {
            let key = counter.item.wrapping_add(m.c_signed() as u64);
            let (Some(place), Some(target)) = (from.at(m, key), to.at(m, counter.item)) else { break };
            let word = *place;
            if Word(word).is_counted() || Word(*target).is_counted() {
                break;
            }
            *target = word;
            if !counter.step(m) {
                m.set_a(key);
                get.set_a(word);
                counter.store(behind);
                return behind.go();
            }
        }
        counter.store(behind);
        m.enter(add_i)
    }
}
