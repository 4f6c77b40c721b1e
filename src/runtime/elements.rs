//! The elements of a set: the table of a dict ([`super::table`]) whose keys are any values and whose values are their hashes.
//!
//! Scripts never see such a dict. Elements are in the order in which they were added; removing one is constant time on average.

use super::budget;
use super::dict::DictObject;
use super::error::RuntimeError;
use super::hash::{self, Hashed};
use super::operators;
use super::table::{Entry, FLAG_ELEMENTS};
use super::value::Value;
use super::word::Word;
use smallvec::SmallVec;
use std::marker::PhantomData;

/// Elements somebody owns.
#[derive(Clone, Copy)]
pub struct Elements<'a> {
    object: *const DictObject,
    owner: PhantomData<&'a Value>,
}

/// What a search found.
pub enum Found {
    /// The place of the first element that is equal.
    At(usize),
    /// None; the value is to be stored under this hash.
    Missing(u32),
}

/// No elements.
pub fn none() -> Value {
    let object = DictObject::allocate();
    // SAFETY: a new object with one owner.
    unsafe {
        (*object).header.flags |= FLAG_ELEMENTS;
        Value::from_word(Word::object(object))
    }
}

impl<'a> Elements<'a> {
    /// The elements in a value made by [`none`] and changed by [`add`] and [`remove`].
    pub fn of(value: &'a Value) -> Option<Elements<'a>> {
        let dict = value.as_dict()?;
        dict.holds_elements().then(|| Elements { object: value.word().object_ptr(), owner: PhantomData })
    }

    /// How many.
    pub fn len(self) -> usize {
        // SAFETY: live for 'a.
        unsafe { (*self.object).len as usize }
    }

    /// None?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The first element at a place from `from` on, with its place.
    pub fn next(self, from: usize) -> Option<(usize, &'a Value)> {
        // SAFETY: live for 'a; the entry is in use.
        unsafe {
            let at = DictObject::next(self.object, from)?;
            Some((at, self.at(at)))
        }
    }

    /// # Safety
    /// The place is one of an entry in use.
    unsafe fn at(self, place: usize) -> &'a Value {
        // SAFETY: the entry lives as long as the elements, which do not change.
        unsafe { Value::borrow(&(*(*self.object).entries.add(place)).key) }
    }

    /// The elements that a value may be equal to, in their order, and the hash to store the value under.
    pub fn candidates(self, value: &Value) -> (SmallVec<[(usize, &'a Value); 4]>, u32) {
        let mut places = SmallVec::<[usize; 4]>::new();
        let hashes = match hash::hashes(value) {
            Hashed::Under(hashes) => hashes,
            Hashed::Unequal => return (SmallVec::new(), hash::scattered(self.len())),
        };
        // SAFETY: live for 'a, and all places are those of entries in use.
        unsafe {
            match hashes.all() {
                Some(all) => {
                    for hash in all {
                        (*self.object).with_hash(hash, |at| places.push(at));
                    }
                }
                None => {
                    places.extend(std::iter::successors(self.next(0), |(at, _)| self.next(at + 1)).map(|(at, _)| at))
                }
            }
            places.sort_unstable();
            places.dedup();
            budget::spend(places.len() / budget::ELEMENTS);
            (places.into_iter().map(|place| (place, self.at(place))).collect(), hashes.stored())
        }
    }

    /// The first element that equals `value`.
    ///
    /// # Errors
    /// There is no fuel for comparing.
    pub fn find(self, value: &Value) -> Result<Found, RuntimeError> {
        let (candidates, hash) = self.candidates(value);
        for (place, element) in candidates {
            if operators::equals(element, value)? {
                return Ok(Found::At(place));
            }
        }
        Ok(Found::Missing(hash))
    }
}

/// Adds an element that no other one equals, under the hash that the search for it gave.
pub fn add(elements: &mut Value, value: Value, hash: u32) {
    change(elements, |dict| {
        if dict.used == dict.cap {
            dict.rebuild(1);
        }
        dict.append(Entry { key: value.into_word(), value: Value::int(hash.into()).into_word() });
    });
}

/// Removes the element at a place that a search gave.
pub fn remove(elements: &mut Value, place: usize) {
    let mut removed = Value::NULL;
    let shared = if elements.is_unique() { None } else { Elements::of(elements) };
    // A copy has other places: it has no removed entries.
    let place = shared.map_or(place, |elements| elements.rank(place));
    change(elements, |dict| {
        // SAFETY: the entry is in use and ours alone.
        unsafe { removed = Value::from_word(dict.take(place).key) };
    });
    drop(removed);
}

impl Elements<'_> {
    /// How many elements stand before a place; only worth its time before a copy is made.
    fn rank(self, place: usize) -> usize {
        // SAFETY: live.
        unsafe { (*self.object).entries()[..place].iter().filter(|entry| entry.key != Word::UNDEF).count() }
    }
}

/// Changes elements without other owners; a copy, if there are others.
fn change(elements: &mut Value, change: impl FnOnce(&mut DictObject)) {
    if elements.as_dict_mut().is_some() {
        // SAFETY: a live dict of one owner now.
        change(unsafe { &mut *elements.word().object_ptr::<DictObject>() });
    }
}
