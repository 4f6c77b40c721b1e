//! Sequences: a handler that does the common cases of several instructions one after the other, in one dispatch.
//!
//! The bytecode does not know of them: unless the program is counted or metered, the loader gives the first instruction of a
//! sequence its handler. Whatever is not a step's common case enters the instruction's own handler, at that instruction, so
//! errors, traces and what unwinding releases are as without. Jumps into the middle find the instructions as they are. Sequences
//! follow jumps: a step in parentheses goes on where it jumps to.
//!
//! A sequence need not make the copy of a closure that it calls: the window borrows the closure from the register, which keeps it
//! until the call has ended (`call.rs`).
//!
//! PERF: of the instructions of calls most are copies, moves and drops. Sequences took 0.70 of the machine instructions of `tak`,
//! 0.79 of those of `ackermann`, and 0.85 and 0.79 of their time.

use super::steps;
use crate::bytecode::op::Opcode;
use crate::vm::dispatch::Machine;
use crate::vm::pattern::{Demand, Pattern, Sequence};

/// The handlers by the names of their opcodes.
#[allow(unused_imports, reason = "not every opcode starts a sequence")]
mod own {
    macro_rules! names {
        ($($name:ident $family:ident ($a:ident, $b:ident, $c:ident) $extra:ident $doc:literal;)*) => {
            $(pub(super) use super::super::$family::$name;)*
        };
    }
    crate::for_each_opcode!(names);
}

/// The opcode of a step.
macro_rules! opcode {
    (dropped) => {
        Opcode::drop_value
    };
    (iter_array) => {
        Opcode::iter_next
    };
    ($step:ident) => {
        Opcode::$step
    };
}

/// The pattern of steps.
macro_rules! pattern {
    ($before:expr;) => { $before };
    ($before:expr; ($step:ident - $words:literal) $($rest:tt)*) => {
        pattern!($before.then_back(opcode!($step), $words); $($rest)*)
    };
    ($before:expr; ($step:ident) $($rest:tt)*) => { pattern!($before.then(opcode!($step)); $($rest)*) };
    ($before:expr; [$($first:ident)* | $($second:ident)*]) => {
        pattern!($before $(.then(opcode!($first)))* .then_copy_callee() $(.then(opcode!($second)))* .then(Opcode::call);)
    };
    ($before:expr; $step:ident $($rest:tt)*) => { pattern!($before.then(opcode!($step)); $($rest)*) };
}

/// Goes on at `pc` as a path of its own (`Machine::jump`).
macro_rules! apart {
    ($m:expr) => {{
        crate::vm::dispatch::apart();
        $m.go()
    }};
}

/// Executes steps; `$other` goes on in the own handler of the first. The steps are
///
/// - `step`: what follows is behind it;
/// - `(step)`: what follows is where it jumps to;
/// - `(step - words)`: the same, and that is so far before it, which is no load;
/// - `[steps | steps]`: between the steps a copy of a function, which is called behind them. The call borrows it. There are only
///   copies and then moves on the way; what copies read stays, so in any other case all starts again.
macro_rules! run {
    ($m:ident $other:expr;) => {
        $m.go()
    };
    ($m:ident $other:expr; ($step:ident - $words:literal) $($rest:tt)+) => {
        match steps::$step($m) {
            steps::Flow::To(_) => {
                let $m = Machine { pc: $m.pc.sub($words), ..$m };
                run!($m $m.go(); $($rest)+)
            }
            steps::Flow::Next => apart!(Machine { pc: $m.pc.add(const { opcode!($step).span() }), ..$m }),
            steps::Flow::Frame(pc, base) => Machine { pc, base, ..$m }.go(),
            steps::Flow::Other => $other,
        }
    };
    ($m:ident $other:expr; ($step:ident) $($rest:tt)+) => {
        match steps::$step($m) {
            steps::Flow::To(pc) => {
                let $m = Machine { pc, ..$m };
                run!($m $m.go(); $($rest)+)
            }
            steps::Flow::Next => apart!(Machine { pc: $m.pc.add(const { opcode!($step).span() }), ..$m }),
            steps::Flow::Frame(pc, base) => Machine { pc, base, ..$m }.go(),
            steps::Flow::Other => $other,
        }
    };
    ($m:ident $other:expr; [$($first:ident)* | $($second:ident)*]) => {{
        let copy = Machine { pc: $m.pc.add(const { 0 $(+ opcode!($first).span())* }), ..$m };
        let call = Machine { pc: copy.pc.add(const { 2 $(+ opcode!($second).span())* }), ..$m };
        if !steps::lends(copy, call) {
            return $other;
        }
        run!(@moves $m $other; $($first)*);
        let behind = Machine { pc: copy.pc.add(2), ..$m };
        run!(@moves behind $other; $($second)*);
        match steps::call_lent(copy, call) {
            steps::Flow::Frame(pc, base) => Machine { pc, base, ..$m }.go(),
            _ => call.go(),
        }
    }};
    (@moves $m:ident $other:expr;) => { let _ = $m; };
    (@moves $m:ident $other:expr; $step:ident $($rest:ident)*) => {
        if !matches!(steps::$step($m), steps::Flow::Next) {
            return $other;
        }
        let behind = Machine { pc: $m.pc.add(const { opcode!($step).span() }), ..$m };
        run!(@moves behind $other; $($rest)*);
    };
    ($m:ident $other:expr; $step:ident $($rest:tt)*) => {
        match steps::$step($m) {
            steps::Flow::Next => {
                let $m = Machine { pc: $m.pc.add(const { opcode!($step).span() }), ..$m };
                run!($m $m.go(); $($rest)*)
            }
            steps::Flow::To(pc) => apart!(Machine { pc, ..$m }),
            steps::Flow::Frame(pc, base) => Machine { pc, base, ..$m }.go(),
            steps::Flow::Other => $other,
        }
    };
}

/// A sequence with its handler, in a scope of its own.
macro_rules! sequence {
    ([$step:ident $($rest:tt)*] $($all:tt)*) => { sequence!(@ $step $($all)*) };
    ([($step:ident - $words:literal) $($rest:tt)*] $($all:tt)*) => { sequence!(@ $step $($all)*) };
    ([($step:ident) $($rest:tt)*] $($all:tt)*) => { sequence!(@ $step $($all)*) };
    ([[| $($second:ident)*]] $($all:tt)*) => { sequence!(@ copy_value $($all)*) };
    ([[$step:ident $($rest:tt)*]] $($all:tt)*) => { sequence!(@ $step $($all)*) };
    (@ $first:ident $($step:tt)*) => {{
        mod $first {
            use super::*;
            use crate::vm::dispatch::handlers;
            handlers! {
                fn sequence(m) {
                    run!(m m.enter(own::$first); $($step)*)
                }
            }
        }
        const PATTERN: Pattern = pattern!(Pattern::EMPTY; $($step)*);
        Sequence { pattern: PATTERN, demand: Demand::Nothing, handler: $first::sequence }
    }};
}

/// A branch over instructions that leave the function, with its handler.
///
/// PERF: where control goes on is known to the handler; the distance of the jump would be a load, five cycles before the next
/// instruction.
macro_rules! exit {
    ($demand:ident $first:ident $($step:ident)*) => {{
        mod $first {
            use super::*;
            use crate::vm::dispatch::handlers;
            pub(super) const WORDS: usize = Opcode::$first.span() $(+ opcode!($step).span())*;
            handlers! {
                fn exit(m) {
                    match steps::$first(m) {
                        steps::Flow::Next => {
                            let m = Machine { pc: m.pc.add(const { Opcode::$first.span() }), ..m };
                            run!(m m.go(); $($step)*)
                        }
                        steps::Flow::To(_) => apart!(Machine { pc: m.pc.add(WORDS), ..m }),
                        _ => m.enter(own::$first),
                    }
                }
            }
        }
        const PATTERN: Pattern = pattern!(Pattern::EMPTY; $first $($step)*);
        Sequence { pattern: PATTERN, demand: Demand::$demand($first::WORDS), handler: $first::exit }
    }};
}

macro_rules! sequences {
    ($({ $($step:tt)* })*) => { &[$(sequence!([$($step)*] $($step)*)),*] };
}

/// Every branch with every tail.
macro_rules! exits {
    ([$($first:ident)*] $tails:tt) => { &[$(exits!(@ $first $tails)),*] };
    (@ $first:ident [$($demand:ident { $($step:ident)* })*]) => { &[$(exit!($demand $first $($step)*)),*] };
}

/// What comes before a call or a return.
pub(crate) static SEQUENCES: &[Sequence] = sequences! {
    { copy_value call_direct }
    { move_value call_direct }
    { load_int call_direct }
    { sub_i call_direct }
    { add_i call_direct }
    { drop_value call_direct }
    { copy_value copy_value call_direct }
    { copy_value move_value call_direct }
    { move_value copy_value call_direct }
    { move_value move_value call_direct }
    { load_int load_int call_direct }
    { load_int sub_i call_direct }
    { load_int copy_value call_direct }
    { load_int move_value call_direct }
    { sub_i copy_value call_direct }
    { sub_i move_value call_direct }
    { add_i copy_value call_direct }
    { add_i move_value call_direct }
    { sub_i sub_i call_direct }
    { add_i add_i call_direct }
    { drop_value copy_value call_direct }
    { copy_value copy_value copy_value call_direct }
    { move_value move_value move_value call_direct }
    { sub_i copy_value copy_value call_direct }
    { sub_i move_value move_value call_direct }
    { add_i copy_value copy_value call_direct }
    { add_i move_value move_value call_direct }
    { sub_i sub_i move_value call_direct }
    { drop_value copy_value copy_value call_direct }
    { drop_value load_int sub_i call_direct }
    { drop_value drop_value move_value move_value call_direct }
    { sub_i copy_value copy_value copy_value call_direct }
    { sub_i move_value move_value move_value call_direct }
    { [|] }
    { move_value call }
    { add_i call }
    { sub_i call }
    { cell_get call }
    { [| copy_value] }
    { [copy_value |] }
    { [| move_value] }
    { [move_value |] }
    { cell_get copy_value call }
    { cell_get move_value call }
    { cell_get add_i call }
    { cell_get sub_i call }
    { [| copy_value copy_value] }
    { [copy_value copy_value |] }
    { [| move_value move_value] }
    { [move_value move_value |] }
    { [| copy_value move_value] }
    { [copy_value | move_value] }
    { copy_value call_method }
    { move_value call_method }
    { copy_value copy_value call_method }
    { copy_value move_value call_method }
    { move_value move_value call_method }
    { sub move_value call_method }
    { add move_value call_method }
    { rem_i sub move_value call_method }
    { drop_value return_value }
    { drop_value drop_value return_value }
    { drop_value drop_value drop_value return_value }
    { drop_value return_literal }
    { drop_value drop_value return_literal }
    { drop_value drop_value drop_value return_literal }
    { drop_value return_closure_literal }
    { drop_value drop_value return_closure_literal }
    { drop_value return_closure }
    { drop_value drop_value return_closure }
    { move_value return_value }
    { copy_value return_value }
    { add_i return_value }
    { sub_i return_value }
    { rem_i return_value }
    { rem_k return_value }
    { eq_i return_value }
    { rem_i eq_i return_value }
    { add rem_i return_value }
    { add rem_k return_value }
    { drop_value add_i return_value }
    { drop_value sub_i return_value }
    { mul add return_closure }
    { add return_closure }
    { sub return_closure }
    { mul return_closure }
    { capture_borrow cell_get return_closure }
    { capture_borrow add return_closure }
    { capture_borrow mul return_closure }
    { capture_borrow mul add return_closure }
    { rem_i quick_return_add }
    { drop_value rem_i quick_return_add }
    { rem_i field_get drop_value rem_i quick_return_add }
    // Loops.
    { drop_value (iter_next - 8) [| move_value] }
    { drop_value (iter_next) [| move_value] }
    { drop_value (iter_next) quick_cell_test_index }
    { drop_value iter_next }
    { drop_value (jump) iter_next }
    { array_push (iter_array - 8) [| move_value] }
    { array_push (iter_array) [| move_value] }
    { array_push (iter_array) [copy_value |] }
    { array_push iter_array }
    { drop_value (jump) (iter_array) [copy_value |] }
    { move_value (iter_array - 10) [| move_value move_value] }
    { move_value (iter_array) [| move_value move_value] }
    { move_value iter_next }
    { add iter_next }
    { add (jump) iter_next }
    { (jump) iter_next }
    { (iter_next) move_value call_direct }
    { (iter_next) copy_value copy_value call_direct }
    { (iter_next) [| move_value] }
    { (iter_next) [copy_value |] }
    { (iter_next) [| move_value move_value] }
    { (iter_next) copy_value copy_value call_method }
    { index_get quick_switch }
    { drop_value index_get }
    { drop_value index_get add_i }
    { set_index jump }
    { rem_i set_index jump }
    { add_i add_i jump_lt }
    { drop_value add_i jump }
    { drop_value sub_i jump }
    { (iter_next) quick_cell_test_index }
    { copy_value iter_open load_int (jump) iter_next }
    { iter_open load_int (jump) iter_next }
    { iter_open move_value (jump) iter_next }
    { load_int (jump) iter_next }
    { move_value (jump) iter_next }
    // Changes of elements.
    // Moves.
    { copy_value copy_value }
    { copy_value move_value }
    { move_value move_value }
    { move_value copy_value }
    { move_value move_value move_value }
    { copy_value copy_value copy_value }
    { move_value jump }
    { drop_value drop_value }
    { drop_value drop_value drop_value }
    { drop_value jump }
    { drop_value load_int }
    { load_int load_int }
    { load_int move_value }
    { load_int sub_i }
    { sub_i copy_value }
    { sub_i move_value }
    { add_i copy_value }
    { add_i move_value }
    { sub_i sub_i }
};

/// `if a op b { return c }`
pub(crate) static EXITS: &[&[Sequence]] = exits! {
    [
        jump_not_lt jump_not_le jump_not_gt jump_not_ge jump_not_eq jump_not_ne
        jump_not_lt_i jump_not_le_i jump_not_gt_i jump_not_ge_i jump_not_eq_i jump_not_ne_i
    ]
    [
        Exit { return_value }
        Exit { return_literal }
        Exit { drop_value return_value }
        DroppingExit { dropped return_value }
        Exit { drop_value return_literal }
        DroppingExit { dropped return_literal }
        Exit { drop_value drop_value return_value }
        DroppingExit { dropped dropped return_value }
        Exit { drop_value drop_value return_literal }
        DroppingExit { dropped dropped return_literal }
        Exit { drop_value drop_value drop_value return_value }
        Exit { drop_value drop_value drop_value return_literal }
        Exit { drop_value add_i return_value }
        DroppingExit { dropped add_i return_value }
        Exit { drop_value sub_i return_value }
        DroppingExit { dropped sub_i return_value }
        Exit { drop_value return_closure }
        DroppingExit { dropped return_closure }
        Exit { drop_value return_closure_literal }
        DroppingExit { dropped return_closure_literal }
    ]
};
