//! Fuel: how much work the program that runs on this thread may still do.
//!
//! A unit is about one turn of a short loop. The machine takes one at every way back and at every start of a function; whatever
//! does more work than an instruction usually does takes more, by size: before it starts where the size is known ([`charge`]),
//! else in pieces while it works, or, for work that memory bounds already, afterwards ([`spend`]). Work that runs out of fuel on its
//! way gives back what it took: it is done again from its start when there is more.
//!
//! Without a limit there are more units than anybody can use up, so nothing here asks whether there is one.

use super::error::{RuntimeError, Stop};
use super::{heap, string};
use std::cell::Cell;

/// Bytes copied or looked at for a unit.
pub const BYTES: usize = 64;
/// Elements looked at for a unit.
pub const ELEMENTS: usize = 4;

thread_local! {
    static FUEL: Cell<u64> = const { Cell::new(u64::MAX) };
    static REFUSED_CALL: Cell<u64> = const { Cell::new(0) };
}

/// Units left.
#[inline]
pub fn fuel() -> u64 {
    FUEL.get()
}

/// Sets how many units are left; `u64::MAX` for no limit.
pub fn set_fuel(units: u64) {
    FUEL.set(units);
}

/// Takes one unit, if there is one.
#[inline(always)]
pub fn tick() -> bool {
    let left = FUEL.get();
    if left == 0 {
        return false;
    }
    FUEL.set(left - 1);
    true
}

/// Takes the units for work that is about to be done.
///
/// # Errors
/// There are not so many left; none are taken.
pub fn charge(units: usize) -> Result<(), RuntimeError> {
    match FUEL.get().checked_sub(units as u64) {
        Some(left) => {
            FUEL.set(left);
            Ok(())
        }
        None => Err(RuntimeError::Stop(Stop::Fuel)),
    }
}

/// Takes the units for work that is done, or what is left of them.
pub fn spend(units: usize) {
    FUEL.set(FUEL.get().saturating_sub(units as u64));
}

/// Does some work that charges; if that runs out of fuel, nothing was charged.
pub fn attempt<R>(work: impl FnOnce() -> Result<R, RuntimeError>) -> Result<R, RuntimeError> {
    let before = FUEL.get();
    let result = work();
    if let Err(RuntimeError::Stop(Stop::Fuel)) = result {
        FUEL.set(before);
    }
    result
}

/// Makes the `nth` call of a builtin from now on raise, for tests; 0 for none.
pub fn refuse_call(nth: u64) {
    REFUSED_CALL.set(nth);
}

/// Whether this call of a builtin is the one to raise.
///
/// # Errors
/// It is.
pub fn admit_call() -> Result<(), RuntimeError> {
    match REFUSED_CALL.get() {
        0 => Ok(()),
        1 => {
            REFUSED_CALL.set(0);
            Err(RuntimeError::message("Injected fault"))
        }
        left => {
            REFUSED_CALL.set(left - 1);
            Ok(())
        }
    }
}

/// A text that grows while it is written: charged by the piece, and refused beyond what a string or the memory may hold.
#[derive(Default)]
pub struct Growth {
    charged: usize,
}

impl Growth {
    /// Bytes charged at once.
    const PIECE: usize = 4096;

    /// The text has this length now.
    ///
    /// # Errors
    /// A limit is reached.
    #[inline]
    pub fn reaches(&mut self, len: usize) -> Result<(), RuntimeError> {
        if len.saturating_sub(self.charged) >= Growth::PIECE { self.piece(len) } else { Ok(()) }
    }

    #[cold]
    fn piece(&mut self, len: usize) -> Result<(), RuntimeError> {
        // What has been written is counted already, where native memory is; the string made of it takes as much again.
        if len > string::MAX_LEN || !heap::may_allocate(len) {
            return Err(RuntimeError::out_of_memory());
        }
        charge((len - self.charged) / BYTES)?;
        self.charged = len;
        Ok(())
    }
}
