//! Whether a value is equal to itself: whether nothing in it is unequal to everything.
//!
//! A comparison that meets one object on both sides need not pair its parts with themselves. It asks whether they include a NaN, a
//! promise, a channel, a generator, an iterator or a task handle. That takes a look at each word, where a comparison of two parts takes
//! two views and a frame. What has several owners is looked at once. No answer is stored in an object: a store into it would have to
//! clear it, in every container around it, on the shortest way the machine has.

use super::budget;
use super::error::RuntimeError;
use super::heap::{self, Kind};
use super::value::{Value, View};
use rustc_hash::FxHashSet;

/// Values looked at between two charges, and for a unit: as many as a unit of bytes has words.
const PIECE: usize = 256;
const VALUES: usize = budget::BYTES / size_of::<Value>();

/// Values from which on a walk is large: it remembers what it may meet again.
const LARGE: usize = 1024;

/// The parts of a container.
enum Parts<'a> {
    Slice(&'a [Value]),
    Listed(Vec<&'a Value>),
}

/// Parts that are still to be looked at.
enum Rest<'a> {
    Slice(std::slice::Iter<'a, Value>),
    Listed(std::vec::IntoIter<&'a Value>),
}

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<&'a Value> {
        match self {
            Rest::Slice(values) => values.next(),
            Rest::Listed(values) => values.next(),
        }
    }
}

/// Whether a value is equal to itself, where that shows without its parts.
#[inline(always)]
fn at_once(value: &Value) -> Option<bool> {
    match value.kind() {
        None => Some(value.as_float().is_none_or(|number| !number.is_nan())),
        Some(kind) if kind.is_leaf() || kind == Kind::Function => Some(true),
        Some(_) => None,
    }
}

/// The parts of a container; none for what is equal to nothing.
fn parts(value: &Value) -> Option<Parts<'_>> {
    Some(match value.view() {
        View::Array(elements) => Parts::Slice(elements),
        View::Struct(object) => Parts::Slice(object.values()),
        View::Tagged(tagged) => Parts::Slice(tagged.payload()),
        View::Outcome(outcome) => Parts::Slice(std::slice::from_ref(outcome.value())),
        View::Collection(set) if set.kind() == Kind::Set => Parts::Listed(set.items().collect()),
        View::Collection(collection) => Parts::Slice(collection.as_slice()),
        View::Dict(dict) => Parts::Listed(dict.entries().map(|(_, value)| value).collect()),
        _ => return None,
    })
}

/// Whether two values are one object that may have parts.
#[inline]
pub(super) fn is_one_container(left: &Value, right: &Value) -> bool {
    left.word() == right.word() && left.kind().is_some_and(|kind| !kind.is_leaf())
}

/// Walks within one comparison.
#[derive(Default)]
pub(super) struct Walk {
    /// Values looked at.
    seen: usize,
    /// Objects that are equal to themselves.
    known: FxHashSet<u64>,
}

impl Walk {
    /// Whether `value` is equal to itself.
    ///
    /// # Errors
    /// There is no fuel for looking, or no memory for what is remembered.
    pub fn holds(&mut self, value: &Value) -> Result<bool, RuntimeError> {
        if let Some(holds) = at_once(value) {
            return Ok(holds);
        }
        let mut stack = vec![Rest::Listed(vec![value].into_iter())];
        while let Some(rest) = stack.last_mut() {
            let Some(part) = rest.next() else {
                stack.pop();
                continue;
            };
            match at_once(part) {
                Some(true) => continue,
                Some(false) => return Ok(false),
                // What the walk has met counts as equal to itself: if it is not, the walk ends anyway.
                None if self.seen > LARGE && !part.is_unique() && !self.known.insert(part.word().0) => continue,
                None => {}
            }
            let Some(parts) = parts(part) else { return Ok(false) };
            match parts {
                Parts::Slice(values) => {
                    self.look_at(values.len())?;
                    // Most containers have no containers in them.
                    match values.iter().position(|value| at_once(value) != Some(true)) {
                        Some(first) => stack.push(Rest::Slice(values[first..].iter())),
                        None => continue,
                    }
                }
                Parts::Listed(values) => {
                    self.look_at(values.len())?;
                    stack.push(Rest::Listed(values.into_iter()));
                }
            }
        }
        Ok(true)
    }

    /// Charges for so many values.
    fn look_at(&mut self, values: usize) -> Result<(), RuntimeError> {
        let before = self.seen / PIECE;
        self.seen += values;
        let pieces = self.seen / PIECE - before;
        if pieces > 0 {
            budget::charge(pieces * (PIECE / VALUES))?;
            heap::check()?;
        }
        Ok(())
    }
}
