//! The arguments of a builtin call.

use crate::runtime::value::Value;
use crate::semantics::convert;

/// The arguments of one call. An argument that the caller does not need any more is marked as owned: taking it moves it, so that it can be changed
/// in place; taking another clones it.
///
/// A builtin that has taken an argument must not raise any more, unless it puts it back.
pub struct Args<'a> {
    slots: &'a mut [Value],
    owned: u64,
    name: &'static str,
}

const MISSING: &Value = &Value::NULL;

impl<'a> Args<'a> {
    /// The arguments in `slots`; bit `i` of `owned` says that argument `i` may be moved out, leaving null.
    pub fn new(slots: &'a mut [Value], owned: u64) -> Args<'a> {
        Args { slots, owned, name: "" }
    }

    pub(super) fn named(self, name: &'static str) -> Args<'a> {
        Args { name, ..self }
    }

    /// The builtin's name, for messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Which arguments are still owned.
    pub fn owned(&self) -> u64 {
        self.owned
    }

    /// An argument; null if there are not so many.
    pub fn get(&self, at: usize) -> &Value {
        self.slots.get(at).unwrap_or(MISSING)
    }

    /// All of them.
    pub fn all(&self) -> &[Value] {
        self.slots
    }

    /// An argument, moved if owned.
    pub fn take(&mut self, at: usize) -> Value {
        let bit = 1u64.checked_shl(at as u32).unwrap_or(0);
        match self.slots.get_mut(at) {
            None => Value::NULL,
            Some(slot) if self.owned & bit != 0 => {
                self.owned &= !bit;
                slot.take()
            }
            Some(slot) => slot.clone(),
        }
    }

    /// Text of an argument that is a string.
    pub fn text(&self, at: usize) -> Option<&str> {
        self.get(at).as_str()
    }

    /// An argument that is a number, truncated to an int.
    pub fn count(&self, at: usize) -> Option<i64> {
        let value = self.get(at);
        value.as_int().or_else(|| value.as_float().map(convert::float_to_int))
    }
}
