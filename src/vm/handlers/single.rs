//! Loops whose body is one instruction (a sum, a fill, a sieve's strike-out) run inside one handler, the counter and what the body
//! changes in machine registers.
//!
//! The bytecode does not know of them: unless the program is counted or metered, the loader gives the instruction of the body a handler that does body and step, over and
//! over, while both are in their common case. In any other case the registers are written back and control goes on in the
//! instruction's own handler, or behind the loop.
//!
//! PERF: two dispatches an iteration cost little; what such a loop waits for is its counter and its sum, each stored and loaded again
//! from one iteration to the next (about six cycles). In machine registers that is one cycle.

use super::place::element;
use super::{arith, index};
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::word::Word;
use crate::vm::dispatch::{Handler, Machine};

/// The counter of a loop: the inline int the body sees, how it goes on, and where it is kept.
pub(super) struct Counter {
    /// What the body sees.
    pub(super) item: u64,
    /// Added to the counter in each step.
    step: u64,
    /// The counter must stay below it.
    limit: u64,
    /// Register the body reads.
    register: usize,
    /// Register of the position, for a `for` loop over an int.
    position: Option<usize>,
}

impl Counter {
    /// The counter of the step at `m`, whose loop is in its common case.
    #[inline(always)]
    pub(super) unsafe fn of(m: Machine, opcode: Opcode) -> Option<Counter> {
        // SAFETY: as a handler.
        unsafe {
            let (item, register) = (m.ra(), m.a());
            let (step, limit, position) = match opcode {
                Opcode::iter_next => {
                    // The item is always one behind the position.
                    if m.rc() != item.wrapping_add(1) {
                        return None;
                    }
                    (1, m.rb(), Some(m.c()))
                }
                Opcode::step_lt => {
                    let step = m.rb();
                    if step < m.lim {
                        return None;
                    }
                    (step.wrapping_sub(m.t), m.rc(), None)
                }
                Opcode::step_i_lt => (m.b_signed() as u64, m.rc(), None),
                _ => (m.b_signed() as u64, (m.c_signed() as u64).wrapping_add(m.t), None),
            };
            let fits = (item & limit) >= m.lim && (step as i64) > 0;
            if fits { Some(Counter { item, step, limit, register, position }) } else { None }
        }
    }

    /// Goes on, if the step is in its common case and the loop does not end.
    #[inline(always)]
    pub(super) fn step(&mut self, m: Machine) -> bool {
        let next = self.item.wrapping_add(self.step);
        let goes_on = next >= m.lim && next < self.limit;
        if goes_on {
            self.item = next;
        }
        goes_on
    }

    /// Writes the counter back.
    #[inline(always)]
    pub(super) unsafe fn store(&self, m: Machine) {
        // SAFETY: registers of the frame.
        unsafe {
            *m.base.add(self.register) = self.item;
            if let Some(position) = self.position {
                *m.base.add(position) = self.item.wrapping_add(1);
            }
        }
    }
}

macro_rules! loops {
    ($steps:tt $($body:ident $family:ident $words:literal |$m:ident, $behind:ident, $counter:ident| $run:expr;)*) => {
        $(loops! { @body $steps $body $family $words |$m, $behind, $counter| $run })*

        /// The handler of `body`, the only instruction of a loop that `step` closes.
        pub(crate) fn handler(body: Opcode, step: Opcode) -> Option<Handler> {
            match body {
                $(Opcode::$body => $body::closed_by(step),)*
                _ => None,
            }
        }
    };
    (@body [$($step:ident)*] $body:ident $family:ident $words:literal |$m:ident, $behind:ident, $counter:ident| $run:expr) => {
        mod $body {
            use super::*;
            use crate::vm::dispatch::handlers;

            handlers! {$(
                fn $step($m) {
                    let behind = Machine { pc: $m.pc.add($words), ..$m };
                    let Some(mut $counter) = Counter::of(behind, Opcode::$step) else {
                        if matches!(Opcode::$step, Opcode::iter_next) && Word(behind.rb()).is_counted() {
                            // A loop over an array or a generator will hardly become one over ints.
                            $m.quicken($family::$body);
                        }
                        return $m.enter($family::$body);
                    };
                    // The step that is not in its common case or ends the loop is left to its own handler.
                    let $behind = behind;
                    if $run { behind.go() } else { $m.enter($family::$body) }
                }
            )*}

            pub(super) fn closed_by(step: Opcode) -> Option<Handler> {
                Some(match step {
                    $(Opcode::$step => $step,)*
                    _ => return None,
                })
            }
        }
    };
}

/// Applies `operand` (the counter, if none) to register a. True if the step is next, false if the body is, not being in its common case.
#[inline(always)]
unsafe fn sum(m: Machine, counter: &mut Counter, operand: Option<u64>, apply: impl Fn(u64, u64) -> u64) -> bool {
    // SAFETY: as a handler.
    unsafe {
        let mut sum = m.ra();
        loop {
            let y = operand.unwrap_or(counter.item);
            let next = apply(sum, y);
            if (sum & y & next) < m.lim {
                m.set_a(sum);
                counter.store(m);
                return false;
            }
            sum = next;
            if !counter.step(m) {
                m.set_a(sum);
                counter.store(m);
                return true;
            }
        }
    }
}

/// Whether the body changes register a by itself, and that is none the step at `behind` reads or writes.
#[inline(always)]
unsafe fn accumulates(m: Machine, behind: Machine) -> bool {
    // SAFETY: as a handler. Where the step has immediates, the test says no once in a while for nothing.
    unsafe { m.a() == m.b() && m.a() != behind.a() && m.a() != behind.b() && m.a() != behind.c() }
}

#[inline(always)]
unsafe fn sum_of_registers(
    m: Machine,
    behind: Machine,
    counter: &mut Counter,
    apply: impl Fn(u64, u64) -> u64 + Copy,
) -> bool {
    // SAFETY: as a handler.
    unsafe {
        if !accumulates(m, behind) || m.c() == m.a() || Some(m.c()) == counter.position {
            return false;
        }
        if m.c() == counter.register { sum(m, counter, None, apply) } else { sum(m, counter, Some(m.rc()), apply) }
    }
}

/// Stores `value` (the counter, if none) at the counter in the array in register a.
#[inline(always)]
unsafe fn fill(m: Machine, counter: &mut Counter, value: Option<u64>) -> bool {
    // SAFETY: as a handler; the array is unique, and nothing else touches it in between.
    unsafe {
        let counted = value.is_some_and(|value| Word(value).is_counted());
        if m.b() != counter.register || counted {
            return false;
        }
        loop {
            match element(m, m.ra(), counter.item, true) {
                Some(place) if !Word(*place).is_counted() => *place = value.unwrap_or(counter.item),
                _ => {
                    counter.store(m);
                    return false;
                }
            }
            if !counter.step(m) {
                counter.store(m);
                return true;
            }
        }
    }
}

/// Appends `value` (the counter, if none) to the array in register a.
#[inline(always)]
unsafe fn push(m: Machine, counter: &mut Counter, value: Option<u64>) -> bool {
    // SAFETY: as a handler; the array is unique, and nothing else touches it in between.
    unsafe {
        let array = Word(m.ra());
        if !array.is_array() || value.is_some_and(|value| Word(value).is_counted()) {
            return false;
        }
        let object: *mut ArrayObject = array.object_ptr();
        if (*object).header.count != 1 {
            return false;
        }
        let elements = (object as *mut u64).add(ELEMENTS_OFFSET / 8);
        let (mut len, cap) = ((*object).len, (*object).cap);
        loop {
            if len >= cap {
                (*object).len = len;
                counter.store(m);
                return false;
            }
            *elements.add(len as usize) = value.unwrap_or(counter.item);
            len += 1;
            if !counter.step(m) {
                (*object).len = len;
                counter.store(m);
                return true;
            }
        }
    }
}

loops! {
    [iter_next step_lt step_i_lt step_i_lt_i]
    add arith 2 |m, behind, counter| {
        let t = m.t;
        sum_of_registers(m, behind, &mut counter, |x, y| x.wrapping_add(y.wrapping_sub(t)))
    };
    sub arith 2 |m, behind, counter| {
        let t = m.t;
        sum_of_registers(m, behind, &mut counter, |x, y| x.wrapping_sub(y).wrapping_add(t))
    };
    add_i arith 2 |m, behind, counter| {
        let t = m.t;
        let operand = (m.c_signed() as u64).wrapping_add(t);
        accumulates(m, behind) && sum(m, &mut counter, Some(operand), |x, y| x.wrapping_add(y.wrapping_sub(t)))
    };
    set_index index 2 |m, _behind, counter| {
        let value = if m.c() == counter.register { None } else { Some(m.rc()) };
        Some(m.c()) != counter.position && fill(m, &mut counter, value)
    };
    set_index_k index 3 |m, _behind, counter| fill(m, &mut counter, Some(m.literal()));
    array_push index 2 |m, _behind, counter| {
        let value = if m.b() == counter.register { None } else { Some(m.rb()) };
        Some(m.b()) != counter.position && push(m, &mut counter, value)
    };
    array_push_k index 3 |m, _behind, counter| push(m, &mut counter, Some(m.literal()));
}

/// Whether the instruction `drop` at the start of a loop gives up what `next`, the loop's `iter_next`, has just delivered: an unused
/// loop variable. An int needs no dropping.
pub(crate) fn drops_item(drop: Fields, next: Fields) -> bool {
    Opcode::from_word(drop.op) == Some(Opcode::drop_value)
        && Opcode::from_word(next.op) == Some(Opcode::iter_next)
        && drop.a == next.a
}
