//! [`Value`]: the owning, safe form of a [`Word`]. Cloning adds an owner, dropping removes one.
//!
//! Invariant: a heap word inside a `Value` points to a live object of which the `Value` is one owner; so every method here is safe.

pub use super::word::{ADDRESS, INLINE_INT_LIMIT, LIM, T, TAG_ARRAY, TAG_IMMEDIATE, TAG_OBJECT, Word};

use super::array::ArrayObject;
use super::bytes::BytesRef;
use super::channel::ChannelRef;
use super::collection::CollectionRef;
use super::dict::DictRef;
use super::function::FunctionRef;
use super::generator::GeneratorRef;
use super::heap::{self, Header, Kind};
use super::iterate::IteratorRef;
use super::promise::{PromiseRef, TaskRef};
use super::string::{self, StringRef};
use super::structure::StructRef;
use super::tagged::{OutcomeRef, TaggedRef};
use std::marker::PhantomData;
use std::mem::size_of;

/// An int outside the inline range.
#[repr(C)]
pub struct BigIntObject {
    /// Of kind [`Kind::BigInt`].
    pub header: Header,
    /// The int.
    pub value: i64,
}

/// One owner of a value.
#[repr(transparent)]
pub struct Value(Word, PhantomData<*const ()>);

/// A value taken apart for matching.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// An int, inline or not.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(StringRef<'a>),
    /// The elements of an array.
    Array(&'a [Value]),
    /// A dict.
    Dict(DictRef<'a>),
    /// A struct.
    Struct(StructRef<'a>),
    /// A function or builtin.
    Function(FunctionRef<'a>),
    /// Bytes.
    Bytes(BytesRef<'a>),
    /// A set, queue or stack.
    Collection(CollectionRef<'a>),
    /// A tagged value.
    Tagged(TaggedRef<'a>),
    /// A result or option.
    Outcome(OutcomeRef<'a>),
    /// An iterator.
    Iterator(IteratorRef<'a>),
    /// A generator, or an iterator made of one.
    Generator(GeneratorRef<'a>),
    /// A promise.
    Promise(PromiseRef<'a>),
    /// A channel.
    Channel(ChannelRef<'a>),
    /// A task handle.
    Task(TaskRef<'a>),
    /// Nothing a script can see: a cell, an unassigned binding, the end of an iteration.
    Internal,
}

impl Value {
    /// `null`.
    pub const NULL: Value = Value::immediate(Word::NULL);
    /// `true`.
    pub const TRUE: Value = Value::immediate(Word::TRUE);
    /// `false`.
    pub const FALSE: Value = Value::immediate(Word::FALSE);

    const fn immediate(word: Word) -> Value {
        Value(word, PhantomData)
    }

    /// Takes over one ownership.
    ///
    /// # Safety
    /// A heap word points to a live object and the caller owns one count of it, which passes to the result.
    #[inline]
    pub const unsafe fn from_word(word: Word) -> Value {
        Value(word, PhantomData)
    }

    /// One more owner of `word`.
    ///
    /// # Safety
    /// A heap word points to a live object.
    #[inline]
    pub unsafe fn from_borrowed(word: Word) -> Value {
        // SAFETY: the caller's.
        unsafe { heap::retain(word) };
        Value(word, PhantomData)
    }

    /// Looks at a word as a value.
    ///
    /// # Safety
    /// A heap word points to an object that lives as long as the reference.
    #[inline]
    pub unsafe fn borrow(word: &Word) -> &Value {
        // SAFETY: `Value` is a transparent wrapper of `Word`.
        unsafe { &*(word as *const Word as *const Value) }
    }

    /// Looks at owned words as values.
    ///
    /// # Safety
    /// As [`Value::borrow`], for each.
    #[inline]
    pub unsafe fn borrow_slice(words: &[Word]) -> &[Value] {
        // SAFETY: `Value` is a transparent wrapper of `Word`.
        unsafe { std::slice::from_raw_parts(words.as_ptr() as *const Value, words.len()) }
    }

    /// Looks at owned words as values that may be changed.
    ///
    /// # Safety
    /// As [`Value::borrow`], for each; each word owns one count, and nobody else uses them meanwhile.
    #[inline]
    pub unsafe fn borrow_slice_mut(words: &mut [Word]) -> &mut [Value] {
        // SAFETY: `Value` is a transparent wrapper of `Word`.
        unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr() as *mut Value, words.len()) }
    }

    /// Looks at an owned word as a value that may be changed.
    ///
    /// # Safety
    /// As [`Value::borrow_slice_mut`].
    #[inline]
    pub unsafe fn borrow_mut(word: &mut Word) -> &mut Value {
        // SAFETY: `Value` is a transparent wrapper of `Word`.
        unsafe { &mut *(word as *mut Word as *mut Value) }
    }

    /// Gives the ownership away as a bare word.
    #[inline]
    pub fn into_word(self) -> Word {
        let word = self.0;
        std::mem::forget(self);
        word
    }

    /// The word, still owned by `self`.
    #[inline]
    pub const fn word(&self) -> Word {
        self.0
    }

    /// An int, boxed if it does not fit inline.
    #[inline]
    pub fn int(i: i64) -> Value {
        match Word::inline_int(i) {
            Some(word) => Value::immediate(word),
            None => Value::big_int(i),
        }
    }

    #[cold]
    fn big_int(value: i64) -> Value {
        let object: *mut BigIntObject = heap::alloc_object(size_of::<BigIntObject>());
        // SAFETY: fresh memory of that size.
        unsafe { object.write(BigIntObject { header: Header::new(Kind::BigInt), value }) };
        Value::immediate(Word::object(object))
    }

    /// A float.
    #[inline]
    pub const fn float(f: f64) -> Value {
        Value::immediate(Word::float(f))
    }

    /// A bool.
    #[inline]
    pub const fn bool(b: bool) -> Value {
        Value::immediate(Word::bool(b))
    }

    /// A string.
    #[inline]
    pub fn string(text: &str) -> Value {
        string::new(text)
    }

    /// An array of the given elements.
    pub fn array(elements: Vec<Value>) -> Value {
        super::array::from_values(elements)
    }

    /// The kind of the heap object, or nothing for an immediate.
    #[inline]
    pub fn kind(&self) -> Option<Kind> {
        // SAFETY: the object is live, by the invariant of `Value`.
        if self.0.is_counted() { Some(unsafe { (*self.0.header()).kind }) } else { None }
    }

    #[inline]
    fn is_kind(&self, kind: Kind) -> bool {
        // SAFETY: the object is live, by the invariant of `Value`.
        self.0.is_object() && unsafe { (*self.0.header()).kind == kind }
    }

    /// `null`?
    #[inline]
    pub const fn is_null(&self) -> bool {
        self.0.0 == Word::NULL.0
    }

    /// The only owner of a heap object?
    #[inline]
    pub fn is_unique(&self) -> bool {
        // SAFETY: the object is live, by the invariant of `Value`.
        self.0.is_counted() && unsafe { (*self.0.header()).count == 1 }
    }

    /// The int, inline or boxed.
    #[inline]
    pub fn as_int(&self) -> Option<i64> {
        if self.0.is_int() {
            Some(self.0.as_inline_int())
        } else if self.is_kind(Kind::BigInt) {
            // SAFETY: the kind was tested.
            Some(unsafe { (*self.0.object_ptr::<BigIntObject>()).value })
        } else {
            None
        }
    }

    /// The float.
    #[inline]
    pub fn as_float(&self) -> Option<f64> {
        if self.0.is_float() { Some(self.0.as_float()) } else { None }
    }

    /// The number, as a float if it is an int.
    pub fn as_number(&self) -> Option<f64> {
        self.as_float().or_else(|| self.as_int().map(|i| i as f64))
    }

    /// The bool.
    #[inline]
    pub fn as_bool(&self) -> Option<bool> {
        if self.0.is_bool() { Some(self.0 == Word::TRUE) } else { None }
    }

    /// The string.
    #[inline]
    pub fn as_string(&self) -> Option<StringRef<'_>> {
        // SAFETY: the kind was tested.
        if self.is_kind(Kind::String) { Some(unsafe { StringRef::of(self.0) }) } else { None }
    }

    /// The text of the string.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        self.as_string().map(StringRef::as_str)
    }

    /// The elements of the array.
    #[inline]
    pub fn as_array(&self) -> Option<&[Value]> {
        if self.0.is_array() {
            // SAFETY: the tag says it is an array, live as long as `self`.
            Some(unsafe { Value::borrow_slice(ArrayObject::words(self.0.object_ptr())) })
        } else {
            None
        }
    }

    /// The dict.
    #[inline]
    pub fn as_dict(&self) -> Option<DictRef<'_>> {
        // SAFETY: the kind was tested.
        if self.is_kind(Kind::Dict) { Some(unsafe { DictRef::of(self.0) }) } else { None }
    }

    /// The struct.
    #[inline]
    pub fn as_struct(&self) -> Option<StructRef<'_>> {
        // SAFETY: the kind was tested.
        if self.is_kind(Kind::Struct) { Some(unsafe { StructRef::of(self.0) }) } else { None }
    }

    /// The function.
    #[inline]
    pub fn as_function(&self) -> Option<FunctionRef<'_>> {
        // SAFETY: the kind was tested.
        if self.is_kind(Kind::Function) { Some(unsafe { FunctionRef::of(self.0) }) } else { None }
    }

    /// The set, queue or stack.
    pub fn as_collection(&self) -> Option<CollectionRef<'_>> {
        match self.view() {
            View::Collection(collection) => Some(collection),
            _ => None,
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        // SAFETY: the kind was tested.
        if self.is_kind(Kind::Bytes) { Some(unsafe { BytesRef::of(self.0) }.as_slice()) } else { None }
    }

    /// The value taken apart.
    pub fn view(&self) -> View<'_> {
        let word = self.0;
        if word.is_int() {
            return View::Int(word.as_inline_int());
        }
        if word.is_float() {
            return View::Float(word.as_float());
        }
        let Some(kind) = self.kind() else {
            return match word {
                Word::NULL => View::Null,
                Word::FALSE => View::Bool(false),
                Word::TRUE => View::Bool(true),
                _ => View::Internal,
            };
        };
        // SAFETY: each arm reads the layout its kind stands for.
        unsafe {
            match kind {
                Kind::BigInt => View::Int((*word.object_ptr::<BigIntObject>()).value),
                Kind::String => View::Str(StringRef::of(word)),
                Kind::Array => View::Array(Value::borrow_slice(ArrayObject::words(word.object_ptr()))),
                Kind::Dict => View::Dict(DictRef::of(word)),
                Kind::Struct => View::Struct(StructRef::of(word)),
                Kind::Function => View::Function(FunctionRef::of(word)),
                Kind::Bytes => View::Bytes(BytesRef::of(word)),
                Kind::Set | Kind::Queue | Kind::Stack => View::Collection(CollectionRef::of(word)),
                Kind::Tagged => View::Tagged(TaggedRef::of(word)),
                Kind::Outcome => View::Outcome(OutcomeRef::of(word)),
                Kind::Iterator => View::Iterator(IteratorRef::of(word)),
                Kind::Generator => View::Generator(GeneratorRef::of(word)),
                Kind::Promise => View::Promise(PromiseRef::of(word)),
                Kind::Channel => View::Channel(ChannelRef::of(word)),
                Kind::Task => View::Task(TaskRef::of(word)),
                Kind::Cell | Kind::Zombie | Kind::Trace => View::Internal,
            }
        }
    }

    /// The word, to be replaced by functions that move the object.
    #[inline]
    pub(super) fn word_mut(&mut self) -> &mut Word {
        &mut self.0
    }

    /// Takes the value out, leaving null.
    #[inline]
    pub fn take(&mut self) -> Value {
        std::mem::replace(self, Value::NULL)
    }
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Value {
        // SAFETY: `self` keeps the object alive.
        unsafe { Value::from_borrowed(self.0) }
    }
}

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` is one owner and goes away.
        unsafe { heap::release(self.0) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::string(text)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.view() {
            View::Str(text) => write!(f, "{:?}", text.as_str()),
            View::Int(i) => write!(f, "{i}"),
            _ => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_beyond_the_inline_range_are_boxed_and_freed() {
        let before = heap::live_objects();
        for i in [i64::MAX, i64::MIN, INLINE_INT_LIMIT, -INLINE_INT_LIMIT - 1] {
            let value = Value::int(i);
            assert_eq!(value.kind(), Some(Kind::BigInt));
            assert_eq!(value.clone().as_int(), Some(i));
        }
        assert_eq!(heap::live_objects(), before);
    }

    #[test]
    fn a_million_deep_array_drops_on_a_small_stack() {
        std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(|| {
                let mut value = Value::NULL;
                for _ in 0..1_000_000 {
                    value = Value::array(vec![value]);
                }
                drop(value);
                assert_eq!(heap::live_objects(), 0);
                assert_eq!(heap::stats().live_bytes, 0);
            })
            .unwrap()
            .join()
            .unwrap();
    }
}
