//! Whether a value is equal to itself: whether nothing in it is unequal to everything.
//!
//! A comparison that meets one object on both sides need not pair its parts with themselves. It asks whether they include a NaN, a
//! promise, a channel, a generator, an iterator or a task handle. That takes a look at each word, where a comparison of two parts takes
//! two views and a frame. What has several owners is looked at once. No answer is stored in an object: a store into it would have to
//! clear it, in every container around it, on the shortest way the machine has.

use super::budget;
use super::collection::Items;
use super::error::RuntimeError;
use super::heap::{self, Kind};
use super::value::{Value, View};
use rustc_hash::FxHashSet;

/// Values looked at between two charges, and for a unit: as many as a unit of bytes has words.
const PIECE: usize = 256;
const VALUES: usize = budget::BYTES / size_of::<Value>();

/// Values from which on a walk is large: it remembers what it may meet again.
const LARGE: usize = 1024;

/// The parts of a container that are still to be looked at.
enum Rest<'a> {
    Slice(std::slice::Iter<'a, Value>),
    Set(Items<'a>),
    Dict(std::vec::IntoIter<&'a Value>),
}

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<&'a Value> {
        match self {
            Rest::Slice(values) => values.next(),
            Rest::Set(elements) => elements.next(),
            Rest::Dict(values) => values.next(),
        }
    }
}

/// What is known without looking at parts, or the parts.
fn parts(value: &Value) -> Result<bool, Rest<'_>> {
    let slice = match value.view() {
        View::Array(elements) => elements,
        View::Struct(object) => object.values(),
        View::Tagged(tagged) => tagged.payload(),
        View::Outcome(outcome) => std::slice::from_ref(outcome.value()),
        View::Collection(collection) if collection.kind() == Kind::Set => return Err(Rest::Set(collection.items())),
        View::Collection(collection) => collection.as_slice(),
        View::Dict(dict) => {
            let values: Vec<&Value> = dict.entries().map(|(_, value)| value).collect();
            return Err(Rest::Dict(values.into_iter()));
        }
        View::Float(number) => return Ok(!number.is_nan()),
        View::Null | View::Bool(_) | View::Int(_) | View::Str(_) | View::Bytes(_) | View::Function(_) => {
            return Ok(true);
        }
        View::Iterator(_)
        | View::Generator(_)
        | View::Promise(_)
        | View::Channel(_)
        | View::Task(_)
        | View::Internal => return Ok(false),
    };
    Err(Rest::Slice(slice.iter()))
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
        let mut stack = match self.enter(value) {
            Ok(holds) => return Ok(holds),
            Err(rest) => vec![rest],
        };
        while let Some(rest) = stack.last_mut() {
            let Some(part) = rest.next() else {
                stack.pop();
                continue;
            };
            self.seen += 1;
            if self.seen.is_multiple_of(PIECE) {
                budget::charge(PIECE / VALUES)?;
                heap::check()?;
            }
            match self.enter(part) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(rest) => stack.push(rest),
            }
        }
        Ok(true)
    }

    /// As [`parts`]. What the walk has met counts as equal to itself: if it is not, the walk ends anyway.
    fn enter<'a>(&mut self, value: &'a Value) -> Result<bool, Rest<'a>> {
        match parts(value) {
            Err(_) if self.seen > LARGE && !value.is_unique() && !self.known.insert(value.word().0) => Ok(true),
            found => found,
        }
    }
}
