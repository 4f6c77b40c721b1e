//! Tagged values (`Shape::Rect(2, 3)`), results and options.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};

/// A tagged value.
#[repr(C)]
pub struct TaggedObject {
    /// Of kind [`Kind::Tagged`].
    pub header: Header,
    /// The tag, a string such as `Shape::Rect`.
    pub tag: Word,
    /// The payloads, an array, or null if there are none.
    pub payload: Word,
}

/// Which result or option; the number is in `extra` of the header.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// A good result.
    Ok,
    /// A bad result.
    Err,
    /// A present option.
    Some,
    /// An absent option.
    None,
}

impl Variant {
    const ALL: [Variant; 4] = [Variant::Ok, Variant::Err, Variant::Some, Variant::None];

    /// How it is written.
    pub fn name(self) -> &'static str {
        ["Ok", "Err", "Some", "None"][self as usize]
    }
}

/// A result or option.
#[repr(C)]
pub struct OutcomeObject {
    /// Of kind [`Kind::Outcome`]; the variant is in `extra`.
    pub header: Header,
    /// The variant again, for when the header is in use otherwise.
    variant: u64,
    /// The content; null for `None`.
    pub value: Word,
}

/// Offset of the content of a result or option.
pub const OUTCOME_VALUE_OFFSET: usize = offset_of!(OutcomeObject, value);

/// A tagged value; `payload` may be empty.
pub fn tagged(tag: Value, payload: Vec<Value>) -> Value {
    let payload = if payload.is_empty() { Value::NULL } else { Value::array(payload) };
    let object: *mut TaggedObject = heap::alloc_object(size_of::<TaggedObject>());
    let header = Header::new(Kind::Tagged);
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(TaggedObject { header, tag: tag.into_word(), payload: payload.into_word() });
        Value::from_word(Word::object(object))
    }
}

/// A result or option.
pub fn outcome(variant: Variant, value: Value) -> Value {
    let object: *mut OutcomeObject = heap::alloc_object(size_of::<OutcomeObject>());
    let mut header = Header::new(Kind::Outcome);
    header.extra = variant as u16;
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(OutcomeObject { header, variant: variant as u64, value: value.into_word() });
        Value::from_word(Word::object(object))
    }
}

/// A tagged value somebody owns.
#[derive(Clone, Copy)]
pub struct TaggedRef<'a> {
    object: *const TaggedObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> TaggedRef<'a> {
    /// # Safety
    /// `word` is a tagged value that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> TaggedRef<'a> {
        TaggedRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// The tag.
    pub fn tag(self) -> &'a str {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).tag) }.as_str().unwrap_or("")
    }

    /// The payloads.
    pub fn payload(self) -> &'a [Value] {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).payload) }.as_array().unwrap_or(&[])
    }
}

/// A result or option somebody owns.
#[derive(Clone, Copy)]
pub struct OutcomeRef<'a> {
    object: *const OutcomeObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> OutcomeRef<'a> {
    /// # Safety
    /// `word` is a result or option that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> OutcomeRef<'a> {
        OutcomeRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Which one.
    pub fn variant(self) -> Variant {
        // SAFETY: live for 'a.
        Variant::ALL[unsafe { (*self.object).variant } as usize & 3]
    }

    /// The content; null for `None`.
    pub fn value(self) -> &'a Value {
        // SAFETY: live for 'a.
        unsafe { Value::borrow(&(*self.object).value) }
    }
}
