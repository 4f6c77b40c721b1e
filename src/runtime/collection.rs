//! Sets, queues and stacks. Queues and stacks wrap an array, a set wraps its [`elements`]. A queue's front moves forward by a number, so
//! taking from it is constant time.

use super::elements::{Elements, Found};
use super::error::RuntimeError;
use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::marker::PhantomData;
use std::mem::size_of;

/// A set, queue or stack.
#[repr(C)]
pub struct CollectionObject {
    /// Of kind [`Kind::Set`], [`Kind::Queue`] or [`Kind::Stack`].
    pub header: Header,
    /// An array, or the elements of a set.
    pub items: Word,
    start: u64,
}

/// A collection of the given kind over `items`: the elements of a set, or an array, of which the first `start` do not belong to it.
pub fn new(kind: Kind, items: Value, start: usize) -> Value {
    let object: *mut CollectionObject = heap::alloc_object(size_of::<CollectionObject>());
    let header = Header::new(kind);
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(CollectionObject { header, items: items.into_word(), start: start as u64 });
        Value::from_word(Word::object(object))
    }
}

/// A set, queue or stack somebody owns.
#[derive(Clone, Copy)]
pub struct CollectionRef<'a> {
    object: *const CollectionObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> CollectionRef<'a> {
    /// # Safety
    /// `word` is a collection that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> CollectionRef<'a> {
        CollectionRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Which one.
    pub fn kind(self) -> Kind {
        // SAFETY: live for 'a.
        unsafe { (*self.object).header.kind }
    }

    /// The elements in order.
    pub fn items(self) -> Items<'a> {
        match Elements::of(self.inner()) {
            Some(elements) => Items::Elements(elements, 0, elements.len()),
            None => Items::Slice(self.as_slice().iter()),
        }
    }

    /// The elements of a queue or stack.
    pub fn as_slice(self) -> &'a [Value] {
        &self.inner().as_array().unwrap_or(&[])[self.start()..]
    }

    /// How many elements.
    pub fn len(self) -> usize {
        self.items().len()
    }

    /// None?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The first element from a place on, with its place.
    pub fn next(self, from: usize) -> Option<(usize, &'a Value)> {
        match Elements::of(self.inner()) {
            Some(elements) => elements.next(from),
            None => self.as_slice().get(from).map(|element| (from, element)),
        }
    }

    /// Where a set has an element that equals `value`, or that there is none.
    ///
    /// # Errors
    /// There is no fuel for comparing.
    pub fn find(self, value: &Value) -> Result<Found, RuntimeError> {
        Elements::of(self.inner()).map_or(Ok(Found::Missing(0)), |elements| elements.find(value))
    }

    /// The elements of a set that `value` may be equal to.
    pub fn candidates(self, value: &Value) -> Vec<&'a Value> {
        let found = Elements::of(self.inner()).map(|elements| elements.candidates(value).0);
        found.into_iter().flatten().map(|(_, element)| element).collect()
    }

    /// The array that holds the elements from [`CollectionRef::start`] on, or the elements of a set.
    fn inner(self) -> &'a Value {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).items) }
    }

    /// How many elements at the front of the array are gone.
    fn start(self) -> usize {
        // SAFETY: live for 'a.
        unsafe { (*self.object).start as usize }
    }
}

/// Elements in order.
pub enum Items<'a> {
    /// Those of an array.
    Slice(std::slice::Iter<'a, Value>),
    /// Those of a set from a place on, and how many they are.
    Elements(Elements<'a>, usize, usize),
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        match self {
            Items::Slice(elements) => elements.next(),
            Items::Elements(elements, place, left) => {
                let (at, element) = elements.next(*place)?;
                *place = at + 1;
                *left -= 1;
                Some(element)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            Items::Slice(elements) => elements.len(),
            Items::Elements(_, _, left) => *left,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// Takes a collection apart: what it wraps and where it starts. Nothing is copied if `value` is its only owner.
pub fn into_parts(value: Value) -> Option<(Value, usize)> {
    let collection = value.as_collection()?;
    if !value.is_unique() {
        return Some((collection.inner().clone(), collection.start()));
    }
    let object: *mut CollectionObject = value.word().object_ptr();
    // SAFETY: the collection is ours alone and dropped right after, with null in place of what is taken.
    unsafe {
        let items = Value::from_word(std::mem::replace(&mut (*object).items, Word::NULL));
        Some((items, (*object).start as usize))
    }
}
