//! The machine state in six registers, and the two ways to get from one handler to the next.
//!
//! *Tail calls* (x86-64): every handler ends by calling the next one with the same six arguments; LLVM's sibling-call
//! optimisation turns that into one indirect jump. *Portable* (`cfg(ruff_portable)`: other targets, unoptimised builds, Miri):
//! a handler stores the state in the [`Vm`] and returns to a loop. Handler bodies are the same.
//!
//! A handler must keep to raw pointers and scalars: a local with a destructor, the address of a local, or a panicking path
//! costs the tail call or spills registers on the fast path. Everything else goes through [`Machine::helper`], from a cold
//! handler.

use super::Vm;
use crate::runtime::heap::{Header, IMMORTAL};
use crate::runtime::word::{LIM, T, Word};
use std::mem::MaybeUninit;

/// The third argument is never set: it leaves the handlers one free register.
pub(crate) type Spare = MaybeUninit<u64>;

/// A handler: `(pc, base, spare, vm, LIM, T)`.
#[cfg(not(ruff_portable))]
pub(crate) type Handler = unsafe extern "sysv64" fn(*mut u64, *mut u64, Spare, *mut Vm, u64, u64) -> u64;
/// A handler: `(pc, base, spare, vm, LIM, T)`.
#[cfg(ruff_portable)]
pub(crate) type Handler = unsafe extern "C" fn(*mut u64, *mut u64, Spare, *mut Vm, u64, u64) -> u64;

/// A slow path in ordinary Rust: takes the machine, the instruction and the frame, returns the next instruction; the frame
/// to go on with is left in `vm.base`.
/// Never inlined: a local with a destructor or an address taken in a handler would turn its dispatch into a call.
pub(crate) type Helper = unsafe fn(&mut Vm, *mut u64, *mut u64) -> *mut u64;

/// Defines handlers from bodies over a [`Machine`]; `cold` ones are kept out of the way of hot code.
macro_rules! handlers {
    () => {};
    ($(#[$meta:meta])* cold fn $name:ident($m:ident) $body:block $($rest:tt)*) => {
        handlers!(@define [$(#[$meta])* #[cold]] $name $m $body);
        handlers!($($rest)*);
    };
    ($(#[$meta:meta])* fn $name:ident($m:ident) $body:block $($rest:tt)*) => {
        handlers!(@define [$(#[$meta])*] $name $m $body);
        handlers!($($rest)*);
    };
    (@define [$(#[$meta:meta])*] $name:ident $m:ident $body:block) => {
        $(#[$meta])*
        #[inline(never)]
        #[cfg(not(ruff_portable))]
        pub(crate) unsafe extern "sysv64" fn $name(
            pc: *mut u64, base: *mut u64, _spare: $crate::vm::dispatch::Spare, vm: *mut $crate::vm::Vm, lim: u64, t: u64,
        ) -> u64 {
            let $m = $crate::vm::dispatch::Machine { pc, base, vm, lim, t };
            // SAFETY: a handler is entered only at an instruction of its opcode, in code that `bytecode::verify` accepted:
            // registers are inside the frame, literals and jump targets are valid (rules BC002-BC009).
            #[allow(unused_unsafe)]
            unsafe {
                $body
            }
        }
        $(#[$meta])*
        #[cfg(ruff_portable)]
        pub(crate) unsafe extern "C" fn $name(
            pc: *mut u64, base: *mut u64, _spare: $crate::vm::dispatch::Spare, vm: *mut $crate::vm::Vm, lim: u64, t: u64,
        ) -> u64 {
            let $m = $crate::vm::dispatch::Machine { pc, base, vm, lim, t };
            #[allow(unused_unsafe)]
            // SAFETY: as above.
            unsafe {
                $body
            }
        }
    };
}
pub(crate) use handlers;

/// The state handlers pass on: instruction, frame, machine, and the two constants of the value encoding.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub pc: *mut u64,
    pub base: *mut u64,
    pub vm: *mut Vm,
    pub lim: u64,
    pub t: u64,
}

/// # Safety
/// Every method relies on the state being that of a handler running verified code: `pc` at an instruction of the handler's
/// opcode, `base` at a frame with the function's registers.
impl Machine {
    /// Operand a.
    #[inline(always)]
    pub unsafe fn a(self) -> usize {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const u16).add(5) as usize }
    }

    /// Operand b.
    #[inline(always)]
    pub unsafe fn b(self) -> usize {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const u16).add(6) as usize }
    }

    /// Operand c.
    #[inline(always)]
    pub unsafe fn c(self) -> usize {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const u16).add(7) as usize }
    }

    /// Operand b as a signed number.
    #[inline(always)]
    pub unsafe fn b_signed(self) -> i64 {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const i16).add(6) as i64 }
    }

    /// Operand c as a signed number.
    #[inline(always)]
    pub unsafe fn c_signed(self) -> i64 {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const i16).add(7) as i64 }
    }

    /// Operands b and c as one signed number.
    #[inline(always)]
    pub unsafe fn wide(self) -> i64 {
        // SAFETY: the second word of the instruction.
        unsafe { *(self.pc as *const i32).add(3) as i64 }
    }

    /// The literal word.
    #[inline(always)]
    pub unsafe fn literal(self) -> u64 {
        // SAFETY: the opcode has a literal (BC003).
        unsafe { *self.pc.add(2) }
    }

    /// Register `index`.
    #[inline(always)]
    pub unsafe fn get(self, index: usize) -> u64 {
        // SAFETY: inside the frame (BC002).
        unsafe { *self.base.add(index) }
    }

    /// Register a.
    #[inline(always)]
    pub unsafe fn ra(self) -> u64 {
        // SAFETY: inside the frame (BC002).
        unsafe { self.get(self.a()) }
    }

    /// Register b.
    #[inline(always)]
    pub unsafe fn rb(self) -> u64 {
        // SAFETY: inside the frame (BC002).
        unsafe { self.get(self.b()) }
    }

    /// Register c.
    #[inline(always)]
    pub unsafe fn rc(self) -> u64 {
        // SAFETY: inside the frame (BC002).
        unsafe { self.get(self.c()) }
    }

    /// Sets register a.
    #[inline(always)]
    pub unsafe fn set_a(self, word: u64) {
        // SAFETY: inside the frame (BC002).
        unsafe { *self.base.add(self.a()) = word }
    }

    /// Goes on at the current instruction.
    #[inline(always)]
    #[cfg(not(ruff_portable))]
    pub unsafe fn go(self) -> u64 {
        // SAFETY: the first word of an instruction is its handler; the loader put it there.
        unsafe {
            let handler: Handler = std::mem::transmute(*self.pc);
            handler(self.pc, self.base, Spare::uninit(), self.vm, self.lim, self.t)
        }
    }

    /// Goes on at the current instruction.
    #[inline(always)]
    #[cfg(ruff_portable)]
    pub unsafe fn go(self) -> u64 {
        // SAFETY: the machine outlives the run.
        unsafe {
            (*self.vm).pc = self.pc;
            (*self.vm).base = self.base;
        }
        0
    }

    /// Goes on `words` further.
    #[inline(always)]
    pub unsafe fn next(self, words: usize) -> u64 {
        // SAFETY: an instruction that does not end the code is followed by one (BC007).
        unsafe { Machine { pc: self.pc.add(words), ..self }.go() }
    }

    /// Goes on at a jump target, as a path of its own.
    #[inline(always)]
    pub unsafe fn jump(self, words: i64) -> u64 {
        apart();
        // SAFETY: jump targets are instructions (BC006).
        unsafe { Machine { pc: self.pc.offset(words as isize), ..self }.go() }
    }

    /// Goes on at the target in the literal word, which the loader made an address.
    ///
    /// PERF: a loop's pc is a chain through the jump that closes it. A distance costs the load and an addition, an address only
    /// the load: one cycle of seven in the shortest loops.
    #[inline(always)]
    pub unsafe fn jump_to_literal(self) -> u64 {
        apart();
        // SAFETY: jump targets are instructions (BC006).
        unsafe { Machine { pc: self.literal() as *mut u64, ..self }.go() }
    }

    /// The machine at the instruction `words` further.
    #[inline(always)]
    pub unsafe fn ahead(self, words: usize) -> Machine {
        // SAFETY: an instruction that does not end the code is followed by one (BC007).
        unsafe { Machine { pc: self.pc.add(words), ..self } }
    }

    /// The same machine, of which the optimiser does not know that it is the same: it reads operands again, instead of keeping them
    /// in registers of which there are too few.
    #[inline(always)]
    #[allow(clippy::pointers_in_nomem_asm_block, reason = "the pointer is not followed there")]
    pub fn anew(mut self) -> Machine {
        #[cfg(not(miri))]
        // SAFETY: no instruction.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) self.pc, options(pure, nomem, nostack, preserves_flags));
        }
        self
    }

    /// Goes on in another handler, at the same instruction.
    #[inline(always)]
    pub unsafe fn enter(self, handler: Handler) -> u64 {
        // SAFETY: the caller names a handler of the same operand layout.
        unsafe { handler(self.pc, self.base, Spare::uninit(), self.vm, self.lim, self.t) }
    }

    /// Makes `handler` the handler of this instruction from now on, unless instructions are counted or metered.
    #[inline(always)]
    pub unsafe fn quicken(self, handler: Handler) {
        // SAFETY: code is owned by the machine and writable; the caller names a handler of the same operand layout.
        unsafe {
            if !(*self.vm).steady {
                *self.pc = handler as usize as u64;
            }
        }
    }

    /// As [`Machine::quicken`], where the handler is `from`: a handler of a whole sequence stays.
    #[inline(always)]
    pub unsafe fn requicken(self, from: Handler, to: Handler) {
        // SAFETY: as `quicken`.
        unsafe {
            if *self.pc == from as usize as u64 {
                self.quicken(to);
            }
        }
    }

    /// Runs a slow path in ordinary Rust and goes on where it says.
    #[inline(always)]
    pub unsafe fn helper(self, helper: Helper) -> u64 {
        // SAFETY: the machine outlives the run; helpers return an instruction and leave its frame in `vm.base`.
        unsafe {
            (*self.vm).base = self.base;
            let pc = helper(&mut *self.vm, self.pc, self.base);
            Machine { pc, base: (*self.vm).base, vm: self.vm, lim: LIM, t: T }.go()
        }
    }
}

/// Keeps the path it stands on apart: without the barrier LLVM merges both ways of a conditional jump into a conditional move on pc,
/// which puts the comparison on the critical path.
#[inline(always)]
pub(crate) fn apart() {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}

/// A second reference to `word`.
///
/// # Safety
/// `word` is a live value.
#[inline(always)]
pub(crate) unsafe fn retain(word: u64) {
    if Word(word).is_counted() {
        let header: *mut Header = Word(word).header();
        // SAFETY: counted words point to live objects.
        unsafe {
            let count = (*header).count;
            if count != IMMORTAL {
                (*header).count = count + 1;
            }
        }
    }
}

/// Runs from `pc` until `halt`.
///
/// # Safety
/// `pc` is an instruction of loaded, verified code and `base` a frame for it.
pub(crate) unsafe fn run(vm: &mut Vm, pc: *mut u64, base: *mut u64) {
    let start = Machine { pc, base, vm, lim: LIM, t: T };
    // SAFETY: as the caller promises.
    unsafe {
        #[cfg(not(ruff_portable))]
        start.go();
        #[cfg(ruff_portable)]
        {
            start.go();
            (*start.vm).running = true;
            // Handlers clear it.
            #[expect(clippy::while_immutable_condition)]
            while (*start.vm).running {
                let (pc, base) = ((*start.vm).pc, (*start.vm).base);
                let handler: Handler = std::mem::transmute(*pc);
                handler(pc, base, Spare::uninit(), start.vm, LIM, T);
            }
        }
    }
}
