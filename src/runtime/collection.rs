//! Sets, queues and stacks: wrappers of an array. A queue's front moves forward by a number, so taking from it is constant time; a set finds
//! most of its elements through a dict (see `builtins/collection.rs`).

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
    /// The elements, an array.
    pub items: Word,
    /// What finds elements of a set faster, or null.
    pub index: Word,
    start: u64,
}

/// A collection of the given kind over `items`, an array, of which the first `start` do not belong to it.
pub fn new(kind: Kind, items: Value, start: usize, index: Value) -> Value {
    let object: *mut CollectionObject = heap::alloc_object(size_of::<CollectionObject>());
    let header = Header::new(kind);
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(CollectionObject {
            header,
            items: items.into_word(),
            index: index.into_word(),
            start: start as u64,
        });
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
    pub fn items(self) -> &'a [Value] {
        &self.array().as_array().unwrap_or(&[])[self.start()..]
    }

    /// The array that holds the elements, from [`CollectionRef::start`] on.
    pub fn array(self) -> &'a Value {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).items) }
    }

    /// How many elements at the front of the array are gone.
    pub fn start(self) -> usize {
        // SAFETY: live for 'a.
        unsafe { (*self.object).start as usize }
    }

    /// What finds elements faster, or null.
    pub fn index(self) -> &'a Value {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).index) }
    }
}

/// Takes a collection apart: its array, where it starts, its index. Nothing is copied if `value` is its only owner.
pub fn into_parts(value: Value) -> Option<(Value, usize, Value)> {
    let collection = value.as_collection()?;
    if !value.is_unique() {
        return Some((collection.array().clone(), collection.start(), collection.index().clone()));
    }
    let object: *mut CollectionObject = value.word().object_ptr();
    // SAFETY: the collection is ours alone and dropped right after, with nulls in place of what is taken.
    unsafe {
        let items = Value::from_word(std::mem::replace(&mut (*object).items, Word::NULL));
        let index = Value::from_word(std::mem::replace(&mut (*object).index, Word::NULL));
        Some((items, (*object).start as usize, index))
    }
}
