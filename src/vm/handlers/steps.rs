//! The common cases of instructions as pieces that sequences (`sequence.rs`) are made of. A step does what the handler of its opcode
//! does in that case and tells how control goes on. In any other case it has changed nothing, and the instruction's own handler
//! is entered.
//!
//! Steps are inlined and keep to what a fast path may contain (`dispatch.rs`).
//!
//! PERF: arithmetic is that of ints, because both operands would have to be kept in registers for doubles, of which there are too
//! few (`place.rs`).

use super::arith::on_ints;
use super::call::LINK;
use super::data::FIRST_CAPTURE;
use super::place::{address, cached, cell, element, is_array, is_counted, is_object, retain};
use super::structure::CACHED_PLACE;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::runtime::array::{ArrayObject, ELEMENTS_OFFSET};
use crate::runtime::function::{FLAG_BARE, FLAG_NATIVE, FunctionObject};
use crate::runtime::heap::{FLAG_BUFFERED, Header, IMMORTAL, Kind};
use crate::runtime::methods::Method;
use crate::runtime::word::{TAG_LENT, Word};
use crate::vm::dispatch::Machine;

/// How control goes on after a step.
pub(super) enum Flow {
    /// Behind the instruction and what it skips.
    Next,
    /// There, as a jump of the instruction says.
    To(*mut u64),
    /// There, in another frame.
    Frame(*mut u64, *mut u64),
    /// In the instruction's own handler: nothing is done.
    Other,
}
use Flow::{Frame, Next, Other, To};

/// Defines steps from bodies over a [`Machine`].
macro_rules! steps {
    ($($(#[$meta:meta])* fn $name:ident($m:ident) $body:block)*) => {$(
        $(#[$meta])*
        #[inline(always)]
        pub(super) unsafe fn $name($m: Machine) -> Flow {
            // SAFETY: as a handler of the opcode.
            #[allow(unused_unsafe)]
            unsafe {
                $body
            }
        }
    )*};
}

/// Stores a result in register a, if there is one.
#[inline(always)]
unsafe fn result(m: Machine, word: Option<u64>) -> Flow {
    match word {
        Some(word) => {
            // SAFETY: inside the frame (BC002).
            unsafe { m.set_a(word) };
            Next
        }
        None => Other,
    }
}

/// Stores a second copy of `word` in register a, if it is not counted.
#[inline(always)]
unsafe fn plain(m: Machine, word: u64) -> Flow {
    if is_counted(word) {
        return Other;
    }
    // SAFETY: inside the frame (BC002).
    unsafe { m.set_a(word) };
    Next
}

/// The immediate c as a word.
#[inline(always)]
unsafe fn immediate(m: Machine) -> u64 {
    // SAFETY: the second word of the instruction.
    unsafe { (m.c_signed() as u64).wrapping_add(m.t) }
}

#[inline(always)]
fn sum(m: Machine, x: u64, y: u64) -> Option<u64> {
    let word = x.wrapping_add(y.wrapping_sub(m.t));
    if (x & y & word) >= m.lim { Some(word) } else { None }
}

#[inline(always)]
fn difference(m: Machine, x: u64, y: u64) -> Option<u64> {
    let word = x.wrapping_sub(y).wrapping_add(m.t);
    if (x & y & word) >= m.lim { Some(word) } else { None }
}

#[inline(always)]
fn product(m: Machine, x: u64, y: u64) -> Option<u64> {
    on_ints!(m, x, y, |i, j| i.checked_mul(j))
}

#[inline(always)]
fn remainder(m: Machine, x: u64, y: u64) -> Option<u64> {
    on_ints!(m, x, y, |i, j| if j == 0 { None } else { Some(i.wrapping_rem(j)) })
}

steps! {
    fn move_value(m) {
        m.set_a(m.rb());
        Next
    }
    fn copy_value(m) {
        let word = m.rb();
        retain(word);
        m.set_a(word);
        Next
    }
    /// A drop of what a comparison has found to be an int.
    fn dropped(m) {
        let _ = m;
        Next
    }
    fn drop_value(m) {
        if is_counted(m.ra()) { Other } else { Next }
    }
    fn load_int(m) {
        m.set_a((m.wide() as u64).wrapping_add(m.t));
        Next
    }
    fn capture_borrow(m) {
        let callee = address::<u64>(*m.base.sub(3));
        m.set_a(*callee.add(FIRST_CAPTURE + m.b()));
        Next
    }
    fn cell_get(m) {
        let word = *cell(m, m.b());
        if word == Word::UNDEF.0 {
            return Other;
        }
        retain(word);
        m.set_a(word);
        Next
    }
    fn add(m) {
        result(m, sum(m, m.rb(), m.rc()))
    }
    fn sub(m) {
        result(m, difference(m, m.rb(), m.rc()))
    }
    fn mul(m) {
        result(m, product(m, m.rb(), m.rc()))
    }
    fn add_i(m) {
        let x = m.rb();
        let word = x.wrapping_add(m.c_signed() as u64);
        result(m, if (x & word) >= m.lim { Some(word) } else { None })
    }
    fn sub_i(m) {
        let x = m.rb();
        let word = x.wrapping_sub(m.c_signed() as u64);
        result(m, if (x & word) >= m.lim { Some(word) } else { None })
    }
    fn rem_i(m) {
        result(m, remainder(m, m.rb(), immediate(m)))
    }
    fn rem_k(m) {
        result(m, remainder(m, m.rb(), m.literal()))
    }
    fn jump(m) {
        To(m.pc.offset(m.wide() as isize))
    }
    fn index_get(m) {
        match element(m, m.rb(), m.rc(), false) {
            Some(place) => plain(m, *place),
            None => Other,
        }
    }
    fn set_index(m) {
        store(element(m, m.ra(), m.rb(), true), m.rc())
    }
    fn array_push(m) {
        let array = m.ra();
        if !is_array(array) {
            return Other;
        }
        let object: *mut ArrayObject = address(array);
        let len = (*object).len;
        if (*object).header.count != 1 || len >= (*object).cap {
            return Other;
        }
        *(object as *mut u64).add(ELEMENTS_OFFSET / 8 + len as usize) = m.rb();
        (*object).len = len + 1;
        Next
    }
    fn field_get(m) {
        match cached(m, m.rb()) {
            Some(object) => plain(m, *(object as *const u64).add(*m.pc.add(CACHED_PLACE) as usize)),
            None => Other,
        }
    }
}

/// `place := value` if the old value needs no release.
#[inline(always)]
unsafe fn store(place: Option<*mut u64>, value: u64) -> Flow {
    let Some(place) = place else { return Other };
    // SAFETY: a place in a live object nobody else has.
    unsafe {
        if is_counted(*place) {
            return Other;
        }
        *place = value;
    }
    Next
}

/// Branches where a comparison of ints does not hold.
macro_rules! branches {
    ($($not:ident $not_i:ident: $op:tt;)*) => { steps! {$(
        fn $not(m) {
            let (x, y) = (m.ra(), m.rb());
            if (x & y) < m.lim {
                Other
            } else if x $op y {
                Next
            } else {
                To(m.pc.offset(m.c_signed() as isize))
            }
        }
        fn $not_i(m) {
            let (x, y) = (m.ra(), (m.b_signed() as u64).wrapping_add(m.t));
            if x < m.lim {
                Other
            } else if x $op y {
                Next
            } else {
                To(m.pc.offset(m.c_signed() as isize))
            }
        }
    )*} };
}

branches! {
    jump_not_lt jump_not_lt_i: <;
    jump_not_le jump_not_le_i: <=;
    jump_not_gt jump_not_gt_i: >;
    jump_not_ge jump_not_ge_i: >=;
    jump_not_eq jump_not_eq_i: ==;
    jump_not_ne jump_not_ne_i: !=;
}

steps! {
    fn jump_lt(m) {
        let (x, y) = (m.ra(), m.rb());
        if (x & y) < m.lim {
            Other
        } else if x < y {
            To(m.pc.offset(m.c_signed() as isize))
        } else {
            Next
        }
    }
    fn eq_i(m) {
        let (x, y) = (m.rb(), immediate(m));
        result(m, if x >= m.lim { Some(Word::FALSE.0 + (x == y) as u64) } else { None })
    }
}

/// Enters a frame `words` after the call.
#[inline(always)]
unsafe fn entered(m: Machine, window: *mut u64, depth: u64, words: usize, entry: u64) -> Flow {
    // SAFETY: a window has room for its links (BC002).
    unsafe {
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(words) as u64;
    }
    Frame(entry as *mut u64, window)
}

/// Leaves the frame with `word`.
#[inline(always)]
unsafe fn left(m: Machine, word: u64) -> Flow {
    // SAFETY: the link slots are the caller's.
    unsafe {
        let (pc, base) = (*m.base.sub(1) as *mut u64, *m.base.sub(2) as *mut u64);
        *m.base.sub(4) = word;
        Frame(pc, base)
    }
}

/// As `call::keeps_callee`.
#[inline(always)]
unsafe fn keeps_callee(m: Machine) -> bool {
    // SAFETY: a closure's window holds a reference to it.
    unsafe {
        let callee = *m.base.sub(3);
        if !is_object(callee) {
            return true;
        }
        let header: *mut Header = address(callee);
        let count = (*header).count;
        let others = (2..IMMORTAL).contains(&count) && (*header).flags & FLAG_BUFFERED != 0;
        if others {
            (*header).count = count - 1;
        }
        others
    }
}

steps! {
    fn call_direct(m) {
        let depth = *m.base.sub(4);
        if depth >= MAX_CALL_DEPTH as u64 {
            return Other;
        }
        entered(m, m.base.add(m.a() + LINK), depth, 3, m.literal())
    }
    fn call(m) {
        let window = m.base.add(m.a() + LINK);
        let callee = *window.sub(3);
        if !is_object(callee) {
            return Other;
        }
        let object: *const FunctionObject = address(callee);
        let depth = *m.base.sub(4);
        if (*object).header.kind as u8 != Kind::Function as u8
            || (*object).header.extra as usize != m.b()
            || (*object).header.flags & (FLAG_NATIVE | FLAG_BARE) != 0
            || depth >= MAX_CALL_DEPTH as u64
        {
            return Other;
        }
        entered(m, window, depth, 2, (*object).entry as u64)
    }
    fn call_method(m) {
        let window = m.base.add(m.a() + LINK);
        if cached(m, *window).is_none() {
            return Other;
        }
        let method = *m.pc.add(CACHED_PLACE) as *const Method;
        let depth = *m.base.sub(4);
        if (*method).direct_arguments != m.b() as u64 || depth >= MAX_CALL_DEPTH as u64 {
            return Other;
        }
        entered(m, window, depth, 5, (*method).entry as u64)
    }
    fn return_value(m) {
        left(m, m.ra())
    }
    fn return_literal(m) {
        let word = m.literal();
        retain(word);
        left(m, word)
    }
    fn return_closure(m) {
        if !keeps_callee(m) {
            return Other;
        }
        left(m, m.ra())
    }
    fn return_closure_literal(m) {
        if !keeps_callee(m) {
            return Other;
        }
        let word = m.literal();
        retain(word);
        left(m, word)
    }
    fn quick_return_add(m) {
        match sum(m, m.rb(), m.rc()) {
            Some(word) => left(m, word),
            None => Other,
        }
    }
    fn iter_open(m) {
        let word = m.rb();
        if is_array(word) || word >= m.lim {
            m.set_a(word);
            Next
        } else {
            Other
        }
    }
    fn iter_next(m) {
        let (state, position) = (m.rb(), m.rc());
        if state >= m.lim {
            if position >= state {
                return Next;
            }
            *m.base.add(m.c()) = position + 1;
            m.set_a(position);
            return To(m.literal() as *mut u64);
        }
        Other
    }
    /// Of an array.
    fn iter_array(m) {
        let state = m.rb();
        if !is_array(state) {
            return Other;
        }
        let object: *const ArrayObject = address(state);
        let index = m.rc().wrapping_sub(m.t);
        if index >= (*object).len as u64 {
            return Next;
        }
        let word = *(object as *const u64).add(ELEMENTS_OFFSET / 8 + index as usize);
        retain(word);
        *m.base.add(m.c()) += 1;
        m.set_a(word);
        To(m.literal() as *mut u64)
    }
    /// Strings are left to the handler, but for those whose words are the same.
    fn quick_switch(m) {
        let value = m.ra();
        let (cases, count) = (m.pc.add(3), m.c());
        let mut case = 0;
        while case < count {
            if *cases.add(2 * case) == value {
                return To(*cases.add(2 * case + 1) as *mut u64);
            }
            case += 1;
        }
        if value >= m.lim { To(m.literal() as *mut u64) } else { Other }
    }
    fn quick_cell_test_index(m) {
        match tested(m, *cell(m, m.a()), m.rb(), m.c() as u64) {
            Tested::Jumps => To(m.literal() as *mut u64),
            Tested::Not => Next,
            Tested::Other => Other,
        }
    }
}

/// Whether the call at `m` may borrow the function that the `copy_value` at `copy` copies: its owner waits for the call to end.
#[inline(always)]
pub(super) unsafe fn lends(copy: Machine, m: Machine) -> bool {
    // SAFETY: as handlers of the two.
    unsafe {
        let callee = copy.rb();
        if !is_object(callee) {
            return false;
        }
        let object: *const FunctionObject = address(callee);
        (*object).header.kind as u8 == Kind::Function as u8
            && (*object).header.extra as usize == m.b()
            && (*object).header.flags & FLAG_NATIVE == 0
            && *m.base.sub(4) < MAX_CALL_DEPTH as u64
    }
}

/// The call of a function that [`lends`] has admitted.
#[inline(always)]
pub(super) unsafe fn call_lent(copy: Machine, m: Machine) -> Flow {
    // SAFETY: a window has room for its links (BC002).
    unsafe {
        let object: *const FunctionObject = address(copy.rb());
        let window = m.base.add(m.a() + LINK);
        *window.sub(3) = TAG_LENT | object as u64;
        entered(m, window, *m.base.sub(4), 2, (*object).entry as u64)
    }
}

/// What a tested element says.
enum Tested {
    Jumps,
    Not,
    Other,
}

/// Tests `container[key]` for being `sense`.
#[inline(always)]
unsafe fn tested(m: Machine, container: u64, key: u64, sense: u64) -> Tested {
    // SAFETY: as a handler.
    unsafe {
        match element(m, container, key, false) {
            Some(place) if *place | 1 == Word::TRUE.0 => {
                if *place == Word::FALSE.0 + sense {
                    Tested::Jumps
                } else {
                    Tested::Not
                }
            }
            _ => Tested::Other,
        }
    }
}
