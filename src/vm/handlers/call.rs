//! Calls and returns.
//!
//! Window at register W of the caller: R[W] depth of the callee (the result afterwards), R[W+1] callee, R[W+2] saved base, R[W+3]
//! return address, R[W+4..] arguments, which are the callee's first registers. Frames up to [`RED_ZONE`] registers are entered
//! without looking at the stack's end, because the stack has room for that many at the greatest depth.
//!
//! A closure that the caller keeps while the call lasts may be lent (`sequence.rs`): its word in the window has a tag that is not
//! counted, so returning and unwinding release nothing. Generators and tasks, which outlive their call, count it ([`own_callee`]).
//!
//! PERF: the depth is kept in the frame, not in the machine: a counter in memory that every call decrements and every return
//! increments is a chain of twelve cycles through store forwarding, longer than the rest of a call.

use super::arith::on_ints;
use super::data::listed;
use super::place::cached;
use super::structure::{CACHED_PLACE, CACHED_SHAPE};
use crate::base::builtin::BuiltinId;
use crate::base::limits::MAX_CALL_DEPTH;
use crate::bytecode::op::{DROP_FIRST, DROP_LISTED, Fields, Opcode};
use crate::runtime::budget;
use crate::runtime::builtins::{self, Args};
use crate::runtime::dict::Key;
use crate::runtime::error::{RuntimeError, Stop, Trap};
use crate::runtime::function::{FLAG_BARE, FLAG_NATIVE, FunctionObject};
use crate::runtime::heap::{self, FLAG_BUFFERED, Header, IMMORTAL, Kind};
use crate::runtime::methods::Method;
use crate::runtime::release::release;
use crate::runtime::shape::Shape;
use crate::runtime::value::{Value, View};
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::{Machine, handlers};
use crate::vm::trace;
use smallvec::SmallVec;

/// Registers below the callee's first: depth (the result afterwards), callee, saved base, return address.
pub(crate) const LINK: usize = 4;
/// Words of stack to be had above a frame of `words` registers at `depth`, so that all calls still allowed may follow, each with a
/// red-zone frame. That is the invariant which lets small frames be entered without a check: it holds at the start of the stack,
/// a small frame keeps it, and a large one asks.
#[inline(always)]
pub(crate) const fn stack_needed(depth: u64, words: usize) -> usize {
    let calls = MAX_CALL_DEPTH - if depth < MAX_CALL_DEPTH as u64 { depth as usize } else { MAX_CALL_DEPTH };
    words + RED_ZONE + calls * (RED_ZONE + BOUNDARY)
}

/// Where in a window the callee is.
pub(crate) const CALLEE: usize = 1;
/// Link slots of a frame that no call of its own has pushed: a generator's, an async function's, a task's.
pub(crate) const BOUNDARY: usize = 7;
/// Frames of at most this many registers are entered without looking at the stack's end.
pub(crate) const RED_ZONE: usize = 250;

handlers! {
    fn call_direct(m) {
        let window = m.base.add(m.a() + LINK);
        let depth = *m.base.sub(4);
        if depth >= MAX_CALL_DEPTH as u64 {
            return m.enter(call_too_deep);
        }
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(3) as u64;
        Machine { pc: m.literal() as *mut u64, base: window, ..m }.go()
    }
    cold fn call_too_deep(m) {
        m.helper(raise_too_deep_direct)
    }
    fn call(m) {
        let window = m.base.add(m.a() + LINK);
        let callee = Word(*window.sub(3));
        if !callee.is_object() {
            return m.enter(call_other);
        }
        let object: *const FunctionObject = callee.object_ptr();
        let depth = *m.base.sub(4);
        if (*object).header.kind as u8 != Kind::Function as u8
            || (*object).header.extra as usize != m.b()
            || (*object).header.flags & (FLAG_NATIVE | FLAG_BARE) != 0
            || depth >= MAX_CALL_DEPTH as u64
        {
            return m.enter(call_other);
        }
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(2) as u64;
        Machine { pc: (*object).entry as *mut u64, base: window, ..m }.go()
    }
    fn call_other(m) {
        let window = m.base.add(m.a() + LINK);
        let callee = Word(*window.sub(3));
        if !callee.is_object() {
            return m.enter(call_any);
        }
        let object: *mut FunctionObject = callee.object_ptr();
        let depth = *m.base.sub(4);
        if (*object).header.kind as u8 != Kind::Function as u8
            || (*object).header.extra as usize != m.b()
            || (*object).header.flags & FLAG_BARE == 0
            || (*object).header.count == 1
            || depth >= MAX_CALL_DEPTH as u64
        {
            return m.enter(call_any);
        }
        (*object).header.count -= 1;
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(2) as u64;
        Machine { pc: (*object).entry as *mut u64, base: window, ..m }.go()
    }
    cold fn call_any(m) {
        m.helper(call_slow)
    }
    fn call_method(m) {
        let window = m.base.add(m.a() + LINK);
        if cached(m, *window).is_none() {
            return m.enter(call_method_other);
        }
        let method = *m.pc.add(CACHED_PLACE) as *const Method;
        let depth = *m.base.sub(4);
        if (*method).direct_arguments != m.b() as u64 || depth >= MAX_CALL_DEPTH as u64 {
            return m.enter(call_method_other);
        }
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(5) as u64;
        Machine { pc: (*method).entry as *mut u64, base: window, ..m }.go()
    }
    fn call_method_other(m) {
        m.helper(call_method_slow)
    }
    fn finish_operator(m) {
        m.helper(super::overload::finish)
    }
    fn call_builtin(m) {
        m.helper(call_builtin_slow)
    }
    fn return_value(m) {
        let word = m.ra();
        let pc = *m.base.sub(1) as *mut u64;
        let base = *m.base.sub(2) as *mut u64;
        *m.base.sub(4) = word;
        Machine { pc, base, ..m }.go()
    }
    fn return_literal(m) {
        let word = m.literal();
        crate::vm::dispatch::retain(word);
        let pc = *m.base.sub(1) as *mut u64;
        let base = *m.base.sub(2) as *mut u64;
        *m.base.sub(4) = word;
        Machine { pc, base, ..m }.go()
    }
    fn return_closure(m) {
        if !keeps_callee(m) {
            return m.enter(return_closure_last);
        }
        let word = m.ra();
        let pc = *m.base.sub(1) as *mut u64;
        let base = *m.base.sub(2) as *mut u64;
        *m.base.sub(4) = word;
        Machine { pc, base, ..m }.go()
    }
    fn return_closure_literal(m) {
        if !keeps_callee(m) {
            return m.enter(return_closure_last);
        }
        let word = m.literal();
        crate::vm::dispatch::retain(word);
        let pc = *m.base.sub(1) as *mut u64;
        let base = *m.base.sub(2) as *mut u64;
        *m.base.sub(4) = word;
        Machine { pc, base, ..m }.go()
    }
    cold fn return_closure_last(m) {
        m.helper(leave_closure)
    }
    fn quick_call_add(m) {
        let x = m.rb();
        let c = m.c();
        let sum = x.wrapping_add(c as i8 as i64 as u64);
        let depth = *m.base.sub(4);
        if (x & sum) < m.lim || depth >= MAX_CALL_DEPTH as u64 {
            return m.next(3);
        }
        let window = m.base.add(m.a() + LINK);
        *window.add(c >> 8) = sum;
        *window.sub(4) = depth + 1;
        *window.sub(2) = m.base as u64;
        *window.sub(1) = m.pc.add(3 + 2 + 3) as u64;
        Machine { pc: m.literal() as *mut u64, base: window, ..m }.go()
    }
    fn check_stack(m) {
        let room = ((*m.vm).stack_end as usize).wrapping_sub(m.base as usize) / 8;
        if room >= stack_needed(*m.base.sub(4), m.wide() as usize) { m.next(2) } else { m.enter(stack_full) }
    }
    cold fn stack_full(m) {
        m.helper(raise_stack_full)
    }
}

/// Gives up the frame's reference to its closure, if it has none or others have it too and the cycle collector knows of it already.
#[inline(always)]
unsafe fn keeps_callee(m: Machine) -> bool {
    // SAFETY: a closure's window holds an owned reference to it.
    unsafe {
        let callee = Word(*m.base.sub(3));
        if !callee.is_object() {
            return true;
        }
        let header: *mut Header = callee.header();
        let count = (*header).count;
        let others = (2..IMMORTAL).contains(&count) && (*header).flags & FLAG_BUFFERED != 0;
        if others {
            (*header).count = count - 1;
        }
        others
    }
}

/// `if a op immediate { return c }` of an int.
///
/// PERF: a taken jump loads its distance before the next instruction can be found, five cycles; this one goes on by a constant.
macro_rules! quick_exits {
    ($($name:ident $op:tt;)*) => { handlers! {$(
        fn $name(m) {
            let (x, y) = (m.ra(), (m.b_signed() as u64).wrapping_add(m.t));
            if x < m.lim {
                return m.next(2);
            }
            if x $op y {
                let word = m.rc();
                let pc = *m.base.sub(1) as *mut u64;
                let base = *m.base.sub(2) as *mut u64;
                *m.base.sub(4) = word;
                return Machine { pc, base, ..m }.go();
            }
            if *(m.pc as *const u16).add(4) & DROP_FIRST == 0 { m.next(6) } else { m.next(8) }
        }
    )*} };
}

quick_exits! {
    quick_return_lt_i <;
    quick_return_le_i <=;
    quick_return_eq_i ==;
}

/// `return a op b` of two ints or two doubles.
macro_rules! quick_returns {
    ($($name:ident $op:tt |$m:ident, $x:ident, $y:ident| $body:expr;)*) => { handlers! {$(
        fn $name($m) {
            let ($x, $y) = ($m.rb(), $m.rc());
            let word = match $body {
                Some(word) => word,
                None => {
                    let result = f64::from_bits($x) $op f64::from_bits($y);
                    if result.is_nan() {
                        return $m.next(2);
                    }
                    result.to_bits()
                }
            };
            let pc = *$m.base.sub(1) as *mut u64;
            let base = *$m.base.sub(2) as *mut u64;
            *$m.base.sub(4) = word;
            Machine { pc, base, ..$m }.go()
        }
    )*} };
}

quick_returns! {
    quick_return_add + |m, x, y| {
        let r = x.wrapping_add(y.wrapping_sub(m.t));
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    quick_return_sub - |m, x, y| {
        let r = x.wrapping_sub(y).wrapping_add(m.t);
        if (x & y & r) >= m.lim { Some(r) } else { None }
    };
    quick_return_mul * |m, x, y| on_ints!(m, x, y, |i, j| i.checked_mul(j));
}

/// The closure of the frame at `base`, which shall have its own reference from here on.
pub(crate) unsafe fn own_callee(base: *mut u64) -> Word {
    // SAFETY: the frame of a function with captures, whose window holds its closure.
    unsafe {
        let callee = Word(*base.sub(3));
        if callee.is_counted() {
            return callee;
        }
        Value::from_borrowed(Word::object(callee.object_ptr::<FunctionObject>())).into_word()
    }
}

#[inline(never)]
unsafe fn leave_closure(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: a closure's window holds an owned reference to it; the link slots are the caller's.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let word = if Opcode::from_word(fields.op) == Some(Opcode::return_closure) {
            *base.add(fields.a as usize)
        } else {
            Value::from_borrowed(Word(*pc.add(2))).into_word().0
        };
        let next = *base.sub(1) as *mut u64;
        let callee = Word(*base.sub(3));
        vm.base = *base.sub(2) as *mut u64;
        *base.sub(4) = word;
        release(callee);
        next
    }
}

/// Releases the callee and the arguments of a call that does not take place: calls consume their operands even when they raise.
pub(crate) unsafe fn abandon(base: *mut u64, window: usize, callee: bool, arguments: usize) {
    // SAFETY: the window's callee and arguments are owned and nobody reads them any more.
    unsafe {
        if callee {
            release(Word(*base.add(window + CALLEE)));
        }
        for i in 0..arguments {
            release(Word(*base.add(window + LINK + i)));
        }
    }
}

#[inline(never)]
unsafe fn raise_too_deep_direct(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the literal is the entry of a loaded function, and the window holds its arguments.
    unsafe {
        if trace::unmark(base) && *base.sub(4) < MAX_CALL_DEPTH as u64 {
            let window = base.add(Fields::decode(*pc.add(1)).a as usize + LINK);
            *window.sub(4) = *base.sub(4) + 1;
            *window.sub(2) = base as u64;
            *window.sub(1) = pc.add(3) as u64;
            vm.base = window;
            return *pc.add(2) as *mut u64;
        }
        let function = vm.function_at(*pc.add(2) as *mut u64);
        let arity = vm.program.functions[function].arity as usize;
        abandon(base, Fields::decode(*pc.add(1)).a as usize, false, arity);
        let error = vm.too_deep(function);
        vm.raise(pc, error)
    }
}

#[inline(never)]
unsafe fn raise_stack_full(vm: &mut Vm, pc: *mut u64, _base: *mut u64) -> *mut u64 {
    let function = vm.function_at(pc);
    let error = vm.too_deep(function);
    vm.raise(pc, error)
}

#[inline(never)]
unsafe fn call_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the window's callee and arguments are owned.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        call_value(vm, pc, base, fields.a as usize, LINK, fields.b as usize, 2)
    }
}

/// Calls the value in R[window] with `count` arguments from R[window + first].
unsafe fn call_value(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    window: usize,
    first: usize,
    count: usize,
    words: usize,
) -> *mut u64 {
    // SAFETY: the caller's: callee and arguments are owned by the window.
    unsafe {
        let callee = Word(*base.add(window + CALLEE));
        let error = match Value::borrow(&callee).as_function() {
            None => RuntimeError::message(
                "Cannot call non-function; the value being called is not callable. Pass a function, closure, or imported \
                 callable value instead.",
            ),
            Some(function) => match function.builtin_row() {
                Some(row) if vm.forward(row).is_some_and(|function| vm.takes(function, count)) => {
                    let function = vm.forward(row).unwrap_or(0);
                    return enter(vm, pc, base, window, first, count, words, function);
                }
                Some(row) => {
                    let mut arguments: SmallVec<[(Word, bool); 8]> = SmallVec::new();
                    arguments.extend((0..count).map(|i| (Word(*base.add(window + first + i)), true)));
                    return match invoke(vm, row, &arguments) {
                        Ok(value) => {
                            release(callee);
                            *base.add(window) = value.into_word().0;
                            pc.add(words)
                        }
                        Err(RuntimeError::Trap(trap)) => {
                            // The arguments move down to where those of a call are.
                            for i in 0..if first > LINK { count } else { 0 } {
                                *base.add(window + LINK + i) = *base.add(window + first + i);
                            }
                            if first > LINK {
                                *base.add(window + LINK + count) = Word::NULL.0;
                            }
                            let arguments: SmallVec<[(Word, bool); 8]> =
                                (0..count).map(|i| (Word(*base.add(window + LINK + i)), true)).collect();
                            trapped(vm, pc, base, trap, &arguments)
                        }
                        Err(RuntimeError::Stop(Stop::Fuel)) => vm.pause_instruction(pc),
                        Err(error) => {
                            abandon(base, window, true, 0);
                            for i in 0..count {
                                release(Word(*base.add(window + first + i)));
                            }
                            vm.raise(pc, error)
                        }
                    };
                }
                None => {
                    let info = function.info().expect("a script function has a description");
                    if info.arity as usize != count {
                        let name = info.name.as_deref().unwrap_or("<lambda>");
                        RuntimeError::message(format!("{name} expects {} arguments, got {count}", info.arity))
                    } else {
                        return enter(vm, pc, base, window, first, count, words, info.id as usize);
                    }
                }
            },
        };
        release(callee);
        for i in 0..count {
            release(Word(*base.add(window + first + i)));
        }
        vm.raise(pc, error)
    }
}

/// Pushes the frame of a script function for the call in `window`, whose arguments start at R[window + first].
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn enter(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    window: usize,
    first: usize,
    count: usize,
    words: usize,
    function: usize,
) -> *mut u64 {
    // SAFETY: the caller's: callee and arguments are owned by the window, and there are as many as the function takes.
    unsafe {
        trace::unmark(base);
        if *base.sub(4) >= MAX_CALL_DEPTH as u64 {
            release(Word(*base.add(window + CALLEE)));
            for i in 0..count {
                release(Word(*base.add(window + first + i)));
            }
            let error = vm.too_deep(function);
            return vm.raise(pc, error);
        }
        for i in 0..count {
            *base.add(window + LINK + i) = *base.add(window + first + i);
        }
        if vm.program.functions[function].captures == 0 {
            release(Word(*base.add(window + CALLEE)));
        }
        let frame = base.add(window + LINK);
        *frame.sub(4) = *base.sub(4) + 1;
        *frame.sub(2) = base as u64;
        *frame.sub(1) = pc.add(words) as u64;
        vm.base = frame;
        vm.entry(function)
    }
}

/// A builtin leaves its work to the machine; the instruction keeps its operands until it is done.
unsafe fn trapped(vm: &mut Vm, pc: *mut u64, base: *mut u64, trap: Trap, arguments: &[(Word, bool)]) -> *mut u64 {
    // SAFETY: the arguments are live values, which registers of the frame own.
    unsafe {
        let values: SmallVec<[Value; 8]> = arguments.iter().map(|argument| Value::from_borrowed(argument.0)).collect();
        let answer = vm.trap(trap, &values);
        drop(values);
        super::task::answer(vm, pc, base, answer)
    }
}

/// Runs a builtin. On success the arguments it did not take, and that die here, are released; on an error nothing is consumed.
pub(super) unsafe fn invoke(vm: &mut Vm, row: u16, arguments: &[(Word, bool)]) -> Result<Value, RuntimeError> {
    let mut words: SmallVec<[Word; 8]> = arguments.iter().map(|argument| argument.0).collect();
    let dies = |i: usize| arguments[i].1;
    // SAFETY: the caller's.
    unsafe { invoke_words(vm, row, &mut words, dies) }
}

/// Runs a builtin within the limits of the host.
#[cold]
#[inline(never)]
unsafe fn invoke_metered(vm: &mut Vm, row: u16, words: &mut [Word], owned: u64) -> Result<Value, RuntimeError> {
    let fuel = budget::fuel();
    // SAFETY: the caller's: live values.
    let values = unsafe { Value::borrow_slice_mut(words) };
    vm.charge_builtin(row, values)?;
    let mut result = builtins::call(BuiltinId(row), &mut vm.host, Args::new(&mut *values, owned));
    // Nothing was consumed, so it may be tried again.
    if matches!(result, Err(RuntimeError::Stop(Stop::Memory))) && heap::collect_cycles() > 0 {
        result = builtins::call(BuiltinId(row), &mut vm.host, Args::new(&mut *values, owned));
    }
    if matches!(result, Err(RuntimeError::Stop(Stop::Fuel))) {
        budget::set_fuel(fuel);
    }
    vm.record_builtin(row, fuel.saturating_sub(budget::fuel()));
    result
}

/// [`invoke`] of the arguments in `words`; `dies` says which of them are owned.
#[inline(always)]
unsafe fn invoke_words(
    vm: &mut Vm,
    row: u16,
    words: &mut [Word],
    dies: impl Fn(usize) -> bool,
) -> Result<Value, RuntimeError> {
    let owned = (0..words.len().min(64)).fold(0, |owned, i| owned | (dies(i) as u64) << i);
    // SAFETY: the words are live values; those marked are owned by the registers they come from, which are dead afterwards. A
    // slot that was taken holds null. Nothing drops the slots themselves.
    unsafe {
        let result = match vm.metered {
            true => invoke_metered(vm, row, words, owned)?,
            false => {
                let args = Args::new(Value::borrow_slice_mut(words), owned);
                builtins::call(BuiltinId(row), &mut vm.host, args)?
            }
        };
        if owned != 0 || words.len() > 64 {
            for (_, word) in words.iter().enumerate().filter(|&(i, _)| dies(i)) {
                release(*word);
            }
        }
        Ok(result)
    }
}

/// Arguments of builtins that are kept on the native stack.
const FEW_ARGUMENTS: usize = 4;

#[inline(never)]
pub(super) unsafe fn call_builtin_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; listed registers are owned if flagged.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let count = fields.c as usize;
        if count <= FEW_ARGUMENTS {
            // PERF: most calls have few arguments; without a vector the call of a small builtin takes half the instructions.
            let list = *pc.add(2);
            let entry = |i: usize| (list >> (16 * i)) as u16;
            let mut words = [Word::NULL; FEW_ARGUMENTS];
            for (i, word) in words.iter_mut().enumerate().take(count) {
                *word = Word(*base.add((entry(i) & !DROP_LISTED) as usize));
            }
            match invoke_words(vm, fields.b, &mut words[..count], |i| entry(i) & DROP_LISTED != 0) {
                Ok(value) => {
                    *base.add(fields.a as usize) = value.into_word().0;
                    return pc.add(Opcode::call_builtin.length(count));
                }
                Err(error) => return call_failed(vm, pc, base, error),
            }
        }
        let mut arguments: SmallVec<[(Word, bool); 8]> = SmallVec::new();
        arguments.extend(listed(pc.add(2), count).map(|(register, dies)| (Word(*base.add(register)), dies)));
        match invoke(vm, fields.b, &arguments) {
            Ok(value) => {
                *base.add(fields.a as usize) = value.into_word().0;
                pc.add(Opcode::call_builtin.length(count))
            }
            Err(error) => call_failed(vm, pc, base, error),
        }
    }
}

/// What becomes of a `call_builtin` without a result.
#[cold]
#[inline(never)]
pub(super) unsafe fn call_failed(vm: &mut Vm, pc: *mut u64, base: *mut u64, error: RuntimeError) -> *mut u64 {
    // SAFETY: as a helper; listed registers are live still.
    unsafe {
        let RuntimeError::Trap(trap) = error else { return vm.raise(pc, error) };
        let count = Fields::decode(*pc.add(1)).c as usize;
        let arguments: SmallVec<[(Word, bool); 8]> =
            listed(pc.add(2), count).map(|(register, dies)| (Word(*base.add(register)), dies)).collect();
        trapped(vm, pc, base, trap, &arguments)
    }
}

#[inline(never)]
unsafe fn call_method_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the receiver is the window's first argument, and all arguments are owned.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (window, count) = (fields.a as usize, fields.b as usize);
        let name = Value::from_borrowed(Word(*pc.add(2)));
        let name = name.as_str().unwrap_or("");
        let receiver = Word(*base.add(window + LINK));
        *base.add(window + CALLEE) = Word::NULL.0;
        if let Some(object) = Value::borrow(&receiver).as_struct()
            && let Some(method) = vm.types.method(object.shape(), name)
        {
            *pc.add(CACHED_SHAPE) = object.shape() as *const Shape as u64;
            *pc.add(CACHED_PLACE) = method as *const Method as u64;
            let callee = method.function.clone();
            let function = callee.as_function().and_then(|function| function.info()).map_or(0, |info| info.id as usize);
            if !vm.takes(function, count) {
                abandon(base, window, false, count);
                let error = vm.wrong_arguments(function, count);
                return vm.raise(pc, error);
            }
            *base.add(window + CALLEE) = callee.into_word().0;
            return enter(vm, pc, base, window, LINK, count, 5, function);
        }
        match Value::borrow(&receiver).view() {
            View::Array(_) | View::Generator(_) | View::Channel(_) => {
                if let Some(next) = super::method::of_handle(vm, pc, base, name, window, count) {
                    return next;
                }
            }
            _ => {}
        }
        let entry = match Value::borrow(&receiver).view() {
            View::Dict(dict) => dict.get(&Key::text(name)).cloned(),
            View::Struct(object) => object.get(name).cloned(),
            _ => None,
        };
        if let Some(callee) = entry.filter(|entry| entry.as_function().is_some()) {
            let kept = vm.metered.then(|| Value::from_borrowed(receiver));
            *base.add(window + CALLEE) = callee.into_word().0;
            release(receiver);
            *base.add(window + LINK) = Word::NULL.0;
            let next = call_value(vm, pc, base, window, LINK + 1, count - 1, 5);
            if let Some(receiver) = kept.filter(|_| vm.is_paused_in(pc)) {
                // The instruction will be executed again.
                release(Word(*base.add(window + CALLEE)));
                *base.add(window + CALLEE) = Word::NULL.0;
                *base.add(window + LINK) = receiver.into_word().0;
            }
            return next;
        }
        let row = match builtins::method(Value::borrow(&receiver), name) {
            Ok(row) => row,
            Err(error) => {
                abandon(base, window, false, count);
                return vm.raise(pc, error);
            }
        };
        if let Some(function) = vm.forward(row.0).filter(|&function| vm.takes(function, count)) {
            *base.add(window + CALLEE) = Word::NULL.0;
            return enter(vm, pc, base, window, LINK, count, 5, function);
        }
        let mut arguments: SmallVec<[(Word, bool); 8]> = SmallVec::new();
        arguments.extend((0..count).map(|i| (Word(*base.add(window + LINK + i)), true)));
        match invoke(vm, row.0, &arguments) {
            Ok(value) => {
                *base.add(window) = value.into_word().0;
                pc.add(5)
            }
            Err(RuntimeError::Trap(trap)) => trapped(vm, pc, base, trap, &arguments),
            Err(RuntimeError::Stop(Stop::Fuel)) => vm.pause_instruction(pc),
            Err(error) => {
                abandon(base, window, false, count);
                vm.raise(pc, error)
            }
        }
    }
}
