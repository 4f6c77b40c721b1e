//! Tagged values (`Shape::Rect(2, 3)`), results and options: a tag and the payloads behind it, in one object that never changes.
//!
//! Tags are interned per thread and live until the process ends, so equal tags are equal numbers. Programs name every tag they
//! use, hence their number is bounded by the text of the programs.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};

/// A tagged value, result or option.
#[repr(C)]
pub struct TaggedObject {
    /// Of kind [`Kind::Tagged`] or [`Kind::Outcome`].
    pub header: Header,
    /// The tag.
    pub tag: Tag,
    /// How many payloads follow.
    pub len: u32,
}

/// Offset of the first payload.
pub const PAYLOAD_OFFSET: usize = size_of::<TaggedObject>();
/// Offset of the tag.
pub const TAG_OFFSET: usize = offset_of!(TaggedObject, tag);

/// The number of a tag. Those of results and options are the numbers of [`Variant`].
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub u32);

/// Which result or option.
#[repr(u32)]
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

    /// Its tag.
    pub fn tag(self) -> Tag {
        Tag(self as u32)
    }
}

struct Tags {
    texts: Vec<&'static str>,
    numbers: FxHashMap<&'static str, Tag>,
}

thread_local! {
    static TAGS: RefCell<Tags> = RefCell::new(Tags {
        texts: Variant::ALL.iter().map(|variant| variant.name()).collect(),
        numbers: Variant::ALL.iter().map(|variant| (variant.name(), variant.tag())).collect(),
    });
}

impl Tag {
    /// The tag with this text: `Shape::Rect`, or `Ok`, `Err`, `Some`, `None`.
    pub fn of(text: &str) -> Tag {
        TAGS.with_borrow_mut(|tags| {
            if let Some(&known) = tags.numbers.get(text) {
                return known;
            }
            let tag = Tag(tags.texts.len() as u32);
            let text: &'static str = Box::leak(text.into());
            tags.texts.push(text);
            tags.numbers.insert(text, tag);
            tag
        })
    }

    /// Its text.
    pub fn text(self) -> &'static str {
        TAGS.with_borrow(|tags| tags.texts.get(self.0 as usize).copied().unwrap_or(""))
    }

    /// The kind of its values.
    pub fn kind(self) -> Kind {
        if self.0 <= Variant::None as u32 { Kind::Outcome } else { Kind::Tagged }
    }
}

impl TaggedObject {
    /// A new object with room for `len` payloads, which the caller writes at once.
    pub fn allocate(tag: Tag, len: usize) -> *mut TaggedObject {
        let object: *mut TaggedObject = heap::alloc_object(PAYLOAD_OFFSET + len * size_of::<Word>());
        // SAFETY: fresh memory of that size; frames bound the number of payloads.
        unsafe { object.write(TaggedObject { header: Header::new(tag.kind()), tag, len: len as u32 }) };
        object
    }

    /// The first payload.
    ///
    /// # Safety
    /// `object` is a tagged value, result or option.
    #[inline]
    pub unsafe fn payload(object: *const TaggedObject) -> *mut Word {
        // SAFETY: the payloads stand behind the object.
        unsafe { object.add(1) as *mut Word }
    }

    /// The payloads.
    ///
    /// # Safety
    /// The object outlives the slice.
    pub(super) unsafe fn words<'a>(object: *const TaggedObject) -> &'a [Word] {
        // SAFETY: `len` payloads are initialised.
        unsafe { std::slice::from_raw_parts(TaggedObject::payload(object), (*object).len as usize) }
    }

    /// The size it was allocated with.
    ///
    /// # Safety
    /// `object` is a tagged value, result or option.
    pub(super) unsafe fn size(object: *const TaggedObject) -> usize {
        // SAFETY: the caller's.
        PAYLOAD_OFFSET + unsafe { (*object).len } as usize * size_of::<Word>()
    }
}

fn with_payload(tag: Tag, payload: impl ExactSizeIterator<Item = Value>) -> Value {
    let object = TaggedObject::allocate(tag, payload.len());
    // SAFETY: a new object with one owner and room for the payloads.
    unsafe {
        for (at, value) in payload.enumerate() {
            TaggedObject::payload(object).add(at).write(value.into_word());
        }
        Value::from_word(Word::object(object))
    }
}

/// A tagged value; `payload` may be empty.
pub fn tagged(tag: Tag, payload: Vec<Value>) -> Value {
    with_payload(tag, payload.into_iter())
}

/// A result or option; the content of `None` is dropped.
pub fn outcome(variant: Variant, value: Value) -> Value {
    match variant {
        Variant::None => with_payload(variant.tag(), std::iter::empty()),
        _ => with_payload(variant.tag(), std::iter::once(value)),
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
    pub fn tag(self) -> Tag {
        // SAFETY: live for 'a.
        unsafe { (*self.object).tag }
    }

    /// The payloads.
    pub fn payload(self) -> &'a [Value] {
        // SAFETY: live for 'a; a value is a word.
        unsafe {
            let words = TaggedObject::words(self.object);
            std::slice::from_raw_parts(words.as_ptr() as *const Value, words.len())
        }
    }
}

/// A result or option somebody owns.
#[derive(Clone, Copy)]
pub struct OutcomeRef<'a>(TaggedRef<'a>);

static NOTHING: Word = Word::NULL;

impl<'a> OutcomeRef<'a> {
    /// # Safety
    /// `word` is a result or option that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> OutcomeRef<'a> {
        // SAFETY: the caller's.
        OutcomeRef(unsafe { TaggedRef::of(word) })
    }

    /// Which one.
    pub fn variant(self) -> Variant {
        Variant::ALL[self.0.tag().0 as usize & 3]
    }

    /// The content, unless it is `None`.
    pub fn payload(self) -> &'a [Value] {
        self.0.payload()
    }

    /// The content; null for `None`.
    pub fn value(self) -> &'a Value {
        // SAFETY: a static null is never released.
        self.0.payload().first().unwrap_or(unsafe { Value::borrow(&NOTHING) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::operators;
    use super::*;

    #[test]
    fn tags_are_equal_by_text() {
        assert_eq!(Tag::of("A::B"), Tag::of("A::B"));
        assert_ne!(Tag::of("A::B"), Tag::of("A::C"));
        assert_eq!(Tag::of("A::B").text(), "A::B");
        assert_eq!(Tag::of("Some"), Variant::Some.tag());
        assert_eq!((Tag::of("Ok").kind(), Tag::of("Result::Ok").kind()), (Kind::Outcome, Kind::Tagged));
    }

    #[test]
    fn payloads_are_owned_and_compared() {
        let before = heap::stats();
        let make = |last: i64| tagged(Tag::of("A::B"), vec![Value::array(vec![Value::int(1)]), Value::int(last)]);
        assert!(operators::equals(&make(2), &make(2)).unwrap());
        assert!(!operators::equals(&make(2), &make(3)).unwrap());
        assert!(!operators::equals(&make(2), &tagged(Tag::of("A::C"), vec![])).unwrap());
        let none = outcome(Variant::None, Value::string("gone"));
        assert!(operators::equals(&none, &outcome(Variant::None, Value::NULL)).unwrap());
        assert!(!operators::equals(&none, &outcome(Variant::Some, Value::NULL)).unwrap());
        drop(none);
        assert_eq!(heap::stats().live_objects, before.live_objects);
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }
}
