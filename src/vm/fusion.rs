//! Which sequences of instructions get one handler for all of them (`vm/handlers/chain.rs`, `scan.rs`, `field.rs`).
//!
//! The bytecode does not know of it: the loader puts the handler at the first instruction of a sequence, unless instructions are
//! counted or metered; the others keep theirs, for jumps into the middle and for what the handler leaves to them. So sequences may
//! overlap, and a sequence is found wherever its instructions stand one behind the other and their registers fit.

use super::dispatch::Handler;
use super::handlers::chain::{self, *};
use super::handlers::kernel::{self, Body};
use super::handlers::scan::{
    Eq, Ge, Gt, Immediate, Le, Literal, Lt, Mirrored, Ne, NotGe, NotGt, NotLe, NotLt, Register,
};
use super::handlers::{field, scan};
use crate::bytecode::op::{Extra, Fields, Opcode};

/// How many instructions are looked at.
pub(super) const WINDOW: usize = 4;

/// An instruction of loaded code.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    pub opcode: Opcode,
    pub fields: Fields,
    /// Its first word.
    pub at: *const u64,
}

/// The handler of `$generic` for the comparison of a branch with a register, an immediate, a literal.
macro_rules! by_branch {
    ($opcode:expr, |$comparison:ident| $handler:expr; $($name:ident $of:ident)*) => {
        match $opcode {
            $(Opcode::$name => {
                type $comparison = $of;
                Some($handler as Handler)
            })*
            _ => None,
        }
    };
}

macro_rules! by_register {
    ($opcode:expr, |$comparison:ident| $handler:expr) => {
        by_branch!($opcode, |$comparison| $handler;
            jump_lt Lt jump_le Le jump_gt Gt jump_ge Ge jump_eq Eq jump_ne Ne
            jump_not_lt NotLt jump_not_le NotLe jump_not_gt NotGt jump_not_ge NotGe jump_not_eq Ne jump_not_ne Eq)
    };
}

/// For an element on the right of the comparison.
macro_rules! by_mirrored {
    ($opcode:expr, |$comparison:ident| $handler:expr) => {
        by_branch!($opcode, |$comparison| $handler;
            jump_lt Gt jump_le Ge jump_gt Lt jump_ge Le jump_eq Eq jump_ne Ne
            jump_not_lt NotGt jump_not_le NotGe jump_not_gt NotLt jump_not_ge NotLe jump_not_eq Ne jump_not_ne Eq)
    };
}

macro_rules! by_immediate {
    ($opcode:expr, |$comparison:ident| $handler:expr) => {
        by_branch!($opcode, |$comparison| $handler;
            jump_lt_i Lt jump_le_i Le jump_gt_i Gt jump_ge_i Ge jump_eq_i Eq jump_ne_i Ne
            jump_not_lt_i NotLt jump_not_le_i NotLe jump_not_gt_i NotGt jump_not_ge_i NotGe jump_not_eq_i Ne jump_not_ne_i Eq)
    };
}

macro_rules! by_literal {
    ($opcode:expr, |$comparison:ident| $handler:expr) => {
        by_branch!($opcode, |$comparison| $handler;
            jump_lt_k Lt jump_le_k Le jump_gt_k Gt jump_ge_k Ge jump_eq_k Eq jump_ne_k Ne
            jump_not_lt_k NotLt jump_not_le_k NotLe jump_not_gt_k NotGt jump_not_ge_k NotGe jump_not_eq_k Ne jump_not_ne_k Eq)
    };
}

/// Whether an instruction reads one of these registers, of which a handler may not yet have stored the new content.
fn reads(of: Loaded, registers: &[u16]) -> bool {
    let operands = of.opcode.info().operands;
    let fields = [of.fields.a, of.fields.b, of.fields.c];
    operands.iter().zip(fields).any(|(&operand, field)| operand.is_read() && registers.contains(&field))
}

/// Which operand of `next` is `register`: not both, as only one is forwarded.
fn side(register: u16, next: Fields, registers: bool) -> Option<bool> {
    match (next.b == register, registers && next.c == register) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// `A` and an instruction that uses its result.
fn pair<A: Instruction>(a: Fields, next: Loaded) -> Option<Handler> {
    use Opcode as O;
    let registers = matches!(next.opcode, O::add | O::sub | O::mul | O::div | O::rem);
    let right = side(a.a, next.fields, registers)?;
    Some(match (next.opcode, right) {
        (O::add, false) => chain::pair::<Ints, A, Add, Left>,
        (O::add, true) => chain::pair::<Ints, A, Add, Right>,
        (O::sub, false) => chain::pair::<Ints, A, Sub, Left>,
        (O::sub, true) => chain::pair::<Ints, A, Sub, Right>,
        (O::mul, false) => chain::pair::<Ints, A, Mul, Left>,
        (O::mul, true) => chain::pair::<Ints, A, Mul, Right>,
        (O::div, false) => chain::pair::<Ints, A, Div, Left>,
        (O::div, true) => chain::pair::<Ints, A, Div, Right>,
        (O::rem, false) => chain::pair::<Ints, A, Rem, Left>,
        (O::add_i, _) => chain::pair::<Ints, A, AddI, Left>,
        (O::sub_i, _) => chain::pair::<Ints, A, SubI, Left>,
        (O::mul_k, _) => chain::pair::<Ints, A, MulK, Left>,
        (O::rem_i, _) => chain::pair::<Ints, A, RemI, Left>,
        (O::rem_k, _) => chain::pair::<Ints, A, RemK, Left>,
        _ => return None,
    })
}

/// A branch on the result of `A`.
fn tested<A: Instruction>(a: Fields, next: Loaded) -> Option<Handler> {
    if next.fields.a != a.a {
        return None;
    }
    by_immediate!(next.opcode, |C| scan::test_result::<A, C, Immediate>)
        .or_else(|| by_literal!(next.opcode, |C| scan::test_result::<A, C, Literal>))
}

/// An index computed, and what is done with the element.
fn sum_of_index<A: Instruction>(a: Fields, [get, then]: [Loaded; 2]) -> Option<Handler> {
    if get.opcode != Opcode::index_get || get.fields.c != a.a {
        return None;
    }
    let element = get.fields.a;
    if then.opcode == Opcode::set_index
        && then.fields.c == element
        && then.fields.a != element
        && then.fields.b != element
    {
        return Some(scan::copy_neighbour::<A>);
    }
    let test = by_register!(then.opcode, |C| scan::step_test_element::<A, C>);
    match test {
        Some(handler) if then.fields.a == element => Some(handler),
        _ => Some(scan::index_sum::<A>),
    }
}

/// Two variables moved, and compared.
fn both<A: Instruction, B: Instruction>(a: Fields, b: Fields, branch: Loaded) -> Option<Handler> {
    if branch.fields.a != a.a || branch.fields.b != b.a || a.a == b.a || b.b == a.a {
        return None;
    }
    by_register!(branch.opcode, |C| scan::step_both::<A, B, C>)
}

/// The longest sequence that starts at the first of the instructions.
pub(super) fn handler(window: &[Loaded; WINDOW]) -> Option<Handler> {
    use Opcode as O;
    let [a, b, c, _] = *window;
    let (fa, fb, fc) = (a.fields, b.fields, c.fields);
    match a.opcode {
        O::index_get => elements(window),
        O::copy_value if b.opcode == O::set_index && fb.c == fa.a && fb.a != fa.a && fb.b != fa.a => {
            Some(scan::copy_to_element)
        }
        O::mul => {
            let joined = fc.b == fa.a && fc.c == fb.a && fa.a != fb.a && !reads(b, &[fa.a]);
            match (b.opcode, c.opcode) {
                (O::mul, O::add) if joined => Some(chain::join::<Ints, Mul, Mul, Add>),
                (O::mul, O::sub) if joined => Some(chain::join::<Ints, Mul, Mul, Sub>),
                (O::mul, O::add)
                    if side(fa.a, fb, true) == Some(false)
                        && side(fb.a, fc, true) == Some(false)
                        && (fa.a == fb.a || !reads(c, &[fa.a])) =>
                {
                    Some(chain::triple::<Ints, Mul, Mul, Add, Left, Left>)
                }
                _ => pair::<Mul>(fa, b),
            }
        }
        O::add => {
            let subtracts = b.opcode == O::sub_i && fb.b == fa.a && c.opcode == O::rem;
            if subtracts && side(fb.a, fc, true) == Some(false) && (fa.a == fb.a || !reads(c, &[fa.a])) {
                return Some(chain::triple::<Ints, Add, SubI, Rem, Left, Left>);
            }
            pair::<Add>(fa, b).or_else(|| tested::<Add>(fa, b)).or_else(|| sum_of_index::<Add>(fa, [b, c]))
        }
        O::sub => pair::<Sub>(fa, b).or_else(|| tested::<Sub>(fa, b)).or_else(|| sum_of_index::<Sub>(fa, [b, c])),
        O::add_i => match b.opcode {
            O::sub_i => both::<AddI, SubI>(fa, fb, c),
            _ => pair::<AddI>(fa, b).or_else(|| sum_of_index::<AddI>(fa, [b, c])),
        },
        O::sub_i => pair::<SubI>(fa, b).or_else(|| sum_of_index::<SubI>(fa, [b, c])),
        O::mul_i => pair::<MulI>(fa, b),
        O::mul_k => pair::<MulK>(fa, b),
        O::rem_i => tested::<RemI>(fa, b),
        O::field_get => fields(fa, [b, c]),
        _ => None,
    }
}

/// Sequences that start with `field_get`.
fn fields(a: Fields, [b, c]: [Loaded; 2]) -> Option<Handler> {
    use Opcode as O;
    let (fb, fc) = (b.fields, c.fields);
    if b.opcode == O::field_get && fc.b == a.a && fc.c == fb.a && a.a != fb.a && fb.b != a.a {
        return Some(match c.opcode {
            O::add => field::fields::<Ints, Sum>,
            O::sub => field::fields::<Ints, Difference>,
            O::mul => field::fields::<Ints, Product>,
            _ => return None,
        });
    }
    if b.opcode == O::drop_value && fb.a == a.b && a.a != a.b {
        return Some(match c.opcode {
            O::add if side(a.a, fc, true) == Some(false) && fc.c != a.b => field::field_drop_then::<Ints, Sum>,
            O::sub if side(a.a, fc, true) == Some(false) && fc.c != a.b => field::field_drop_then::<Ints, Difference>,
            O::mul if side(a.a, fc, true) == Some(false) && fc.c != a.b => field::field_drop_then::<Ints, Product>,
            _ => field::field_and_drop,
        });
    }
    if side(a.a, fb, true) != Some(false) {
        return None;
    }
    Some(match b.opcode {
        O::add => field::field_then::<Ints, Sum>,
        O::sub => field::field_then::<Ints, Difference>,
        O::mul => field::field_then::<Ints, Product>,
        _ => return None,
    })
}

/// Sequences that start with `index_get`.
fn elements(window: &[Loaded; WINDOW]) -> Option<Handler> {
    use Opcode as O;
    let [a, b, c, d] = *window;
    let (fa, fb, fc, fd) = (a.fields, b.fields, c.fields, d.fields);
    let joined = b.opcode == O::index_get && fa.a != fb.a && !reads(b, &[fa.a]);
    let found: Option<Handler> = match (b.opcode, c.opcode, d.opcode) {
        (O::index_get, O::set_index, O::set_index)
            if joined
                && [fb.b, fc.a, fd.a] == [fa.b; 3]
                && [fc.b, fd.b] == [fa.c, fb.c]
                && [fc.c, fd.c] == [fb.a, fa.a]
                && ![fa.b, fa.c, fb.c].contains(&fa.a)
                && ![fa.b, fa.c, fb.c].contains(&fb.a) =>
        {
            Some(scan::swap as Handler)
        }
        (O::index_get, O::mul, O::add | O::sub) if joined && fc.b == fa.a && fc.c == fb.a => {
            let apart = [fa.a, fb.a].iter().all(|&register| register == fc.a || !reads(d, &[register]));
            Some(match (d.opcode, side(fc.a, fd, true)) {
                _ if !apart => chain::join::<Ints, IndexGet, IndexGet, Mul>,
                (O::add, Some(true)) => chain::join_then::<Ints, IndexGet, IndexGet, Mul, Add, Right>,
                (O::sub, Some(true)) => chain::join_then::<Ints, IndexGet, IndexGet, Mul, Sub, Right>,
                _ => chain::join::<Ints, IndexGet, IndexGet, Mul>,
            })
        }
        (O::index_get, O::add | O::sub | O::mul, _) if joined && fc.b == fa.a && fc.c == fb.a => Some(match c.opcode {
            O::add => chain::join::<Ints, IndexGet, IndexGet, Add>,
            O::sub => chain::join::<Ints, IndexGet, IndexGet, Sub>,
            _ => chain::join::<Ints, IndexGet, IndexGet, Mul>,
        }),
        (O::index_get, branch, _) if joined && fc.a == fa.a && fc.b == fb.a => {
            by_register!(branch, |C| scan::test_elements::<C>)
        }
        (O::add, O::index_get, O::add)
            if side(fa.a, fb, true) == Some(true) && fd.b == fb.a && fd.c == fc.a && fb.a != fc.a && fa.a != fb.b =>
        {
            Some(chain::accumulate::<Ints, IndexGet, Add, IndexGet, Add>)
        }
        (O::mul, O::add, _)
            if side(fa.a, fb, true) == Some(true)
                && side(fb.a, fc, true) == Some(true)
                && (fa.a == fb.a || !reads(c, &[fa.a])) =>
        {
            Some(chain::triple::<Ints, IndexGet, Mul, Add, Right, Right>)
        }
        (O::add_i, O::index_get, branch)
            if fc.c == fb.a && fd.a == fa.a && fd.b == fc.a && ![fb.a, fb.b, fc.a].contains(&fa.a) =>
        {
            by_register!(branch, |C| scan::test_neighbours::<AddI, C>)
        }
        (O::sub_i, O::index_get, branch)
            if fc.c == fb.a && fd.a == fa.a && fd.b == fc.a && ![fb.a, fb.b, fc.a].contains(&fa.a) =>
        {
            by_register!(branch, |C| scan::test_neighbours::<SubI, C>)
        }
        (O::set_index, ..) if fb.c == fa.a && fb.a != fa.a && fb.b != fa.a => Some(scan::copy_element),
        _ => pair::<IndexGet>(fa, b),
    };
    found.or_else(|| {
        if fb.a != fa.a {
            let right = fb.b == fa.a;
            return if right { by_mirrored!(b.opcode, |C| scan::test_element::<C, Mirrored>) } else { None };
        }
        by_register!(b.opcode, |C| scan::test_element::<C, Register>)
            .or_else(|| by_immediate!(b.opcode, |C| scan::test_element::<C, Immediate>))
            .or_else(|| by_literal!(b.opcode, |C| scan::test_element::<C, Literal>))
    })
}

/// The handler of the loop whose body the first instructions are, with the step behind them, if there is one: `step` is the step
/// and whether it goes back to the first instruction.
pub(super) fn whole_loop(window: &[Loaded; WINDOW], next: Loaded) -> Option<Handler> {
    use Opcode as O;
    let [a, b, c, d] = *window;
    let (fa, fb, fc, fd) = (a.fields, b.fields, c.fields, d.fields);
    let (body, step, counter, array, written) = match (a.opcode, b.opcode, c.opcode, d.opcode) {
        (O::index_get, O::index_get, O::mul, O::add)
            if fc.b == fa.a && fc.c == fb.a && fd.c == fc.a && fd.a == fd.b && fb.c == fa.c && fa.a != fb.a =>
        {
            (Body::Products, next, fa.c, [fa.b, fb.b], [fa.a, fb.a, fc.a, fd.a])
        }
        (O::index_get, O::add, ..) if fb.c == fa.a && fb.a == fb.b => {
            (Body::Elements, c, fa.c, [fa.b; 2], [fa.a, fa.a, fa.a, fb.a])
        }
        (O::index_get, O::set_index, ..) if fb.c == fa.a && fb.b == fa.c => {
            (Body::Copy, c, fa.c, [fa.b, fb.a], [fa.a; 4])
        }
        (O::add_i, O::index_get, O::set_index, _) if fb.c == fa.a && fc.c == fb.a && fc.b == fa.b => {
            (Body::Shift, d, fa.b, [fb.b, fc.a], [fa.a, fb.a, fa.a, fb.a])
        }
        _ => return None,
    };
    let stepped = [step.fields.a, step.fields.b, step.fields.c];
    let accumulates = matches!(body, Body::Products | Body::Elements);
    let sum = written[3];
    let mixed_up = written.iter().any(|register| stepped.contains(register) || array.contains(register))
        || stepped.iter().any(|register| array.contains(register))
        || (accumulates && written[..3].contains(&sum));
    if step.fields.a != counter || mixed_up {
        return None;
    }
    // SAFETY: the literal word of the step, which the loader has made an address.
    let goes_back = step.opcode.info().extra == Extra::Jump && unsafe { *step.at.add(2) } == a.at as u64;
    if goes_back { kernel::handler(body, step.opcode) } else { None }
}
