//! Iterators of `for`: a cursor over a snapshot the iterator owns a count of, so nobody can change it meanwhile.
//!
//! What cursor and end mean depends on the kind: addresses of elements for arrays, the next and the final number for ints, byte
//! positions for strings and bytes, entry places for dicts, element numbers for the collections.

use super::dict;
use super::error::RuntimeError;
use super::heap::{self, Header, Kind};
use super::string;
use super::value::{Value, View};
use super::word::Word;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};

/// An iterator.
#[repr(C)]
pub struct IteratorObject {
    /// Of kind [`Kind::Iterator`]; `extra` is one of the `OVER_` numbers.
    pub header: Header,
    /// The snapshot, or null when counting.
    pub source: Word,
    /// What comes next.
    pub cursor: u64,
    /// Where it ends.
    pub end: u64,
}

/// Over the elements of an array.
pub const OVER_ARRAY: u16 = 0;
/// Counting from zero.
pub const OVER_INT: u16 = 1;
/// Over the characters of a string.
pub const OVER_STRING: u16 = 2;
/// Over the keys of a dict.
pub const OVER_DICT: u16 = 3;
/// Over bytes.
pub const OVER_BYTES: u16 = 4;
/// Over a set, queue or stack.
pub const OVER_COLLECTION: u16 = 5;
/// A generator ([`super::generator`]), which is its own state: the machine runs it.
pub const OVER_GENERATOR: u16 = 6;

/// Offset of the source.
pub const SOURCE_OFFSET: usize = offset_of!(IteratorObject, source);
/// Offset of the cursor.
pub const CURSOR_OFFSET: usize = offset_of!(IteratorObject, cursor);
/// Offset of the end.
pub const END_OFFSET: usize = offset_of!(IteratorObject, end);
/// Offset of the kind of iterator.
pub const OVER_OFFSET: usize = offset_of!(Header, extra);

/// An iterator somebody owns.
#[derive(Clone, Copy)]
pub struct IteratorRef<'a> {
    object: *mut IteratorObject,
    owner: PhantomData<&'a Value>,
}

impl IteratorRef<'_> {
    /// # Safety
    /// `word` is an iterator that lives for the reference.
    pub(super) unsafe fn of(word: Word) -> Self {
        IteratorRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Advances.
    fn next(self) -> Option<Value> {
        // SAFETY: the iterator is live; no other reference into it exists while this runs.
        let (over, cursor, end) = unsafe { ((*self.object).header.extra, (*self.object).cursor, (*self.object).end) };
        if over == OVER_INT && cursor as i64 >= end as i64 || over != OVER_INT && cursor >= end {
            return None;
        }
        // SAFETY: as above; the source is owned by the iterator.
        let source = unsafe { Value::borrow(&(*self.object).source) };
        let (next, value) = match (over, source.view()) {
            (OVER_INT, _) => (cursor + 1, Value::int(cursor as i64)),
            (OVER_ARRAY, _) => {
                // SAFETY: the cursor points to an element of the snapshot, below its end.
                (cursor + size_of::<Word>() as u64, unsafe { Value::from_borrowed(*(cursor as usize as *const Word)) })
            }
            (OVER_STRING, View::Str(text)) => match text.as_str()[cursor as usize..].chars().next() {
                Some(c) => (cursor + c.len_utf8() as u64, string::from_char(c)),
                None => return None,
            },
            (OVER_BYTES, View::Bytes(bytes)) => (cursor + 1, Value::int(bytes.as_slice()[cursor as usize] as i64)),
            (OVER_COLLECTION, View::Collection(items)) => {
                let (at, value) = items.next(cursor as usize)?;
                (at as u64 + 1, value.clone())
            }
            (OVER_DICT, View::Dict(dict)) => {
                let at = dict.next(cursor as usize)?;
                (at as u64 + 1, dict::key_value(dict.entry(at)?.0))
            }
            _ => return None,
        };
        // SAFETY: as above.
        unsafe { (*self.object).cursor = next };
        Some(value)
    }
}

/// The iterator a `for` over `source` runs.
pub fn iterator_open(source: Value) -> Result<Value, RuntimeError> {
    let (over, cursor, end) = match source.view() {
        View::Array(elements) => {
            let range = elements.as_ptr_range();
            (OVER_ARRAY, range.start as usize as u64, range.end as usize as u64)
        }
        View::Int(n) => (OVER_INT, 0, n as u64),
        View::Float(f) => (OVER_INT, 0, f as i64 as u64),
        View::Str(text) => (OVER_STRING, 0, text.as_str().len() as u64),
        View::Dict(dict) => (OVER_DICT, 0, dict.used() as u64),
        View::Bytes(bytes) => (OVER_BYTES, 0, bytes.as_slice().len() as u64),
        View::Collection(_) => (OVER_COLLECTION, 0, u64::MAX),
        View::Iterator(_) | View::Generator(_) => return Ok(source),
        _ => return Err(RuntimeError::message("Cannot iterate over non-iterable type")),
    };
    let source = if over == OVER_INT { Value::NULL } else { source };
    let mut header = Header::new(Kind::Iterator);
    header.extra = over;
    let object: *mut IteratorObject = heap::alloc_object(size_of::<IteratorObject>());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(IteratorObject { header, source: source.into_word(), cursor, end });
        Ok(Value::from_word(Word::object(object)))
    }
}

/// The next value, or nothing at the end (or if `iterator` is none).
pub fn iterator_next(iterator: &Value) -> Option<Value> {
    match iterator.view() {
        View::Iterator(cursor) => cursor.next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::dict::Key;
    use super::*;

    fn all(source: Value) -> Vec<Value> {
        let iterator = iterator_open(source).unwrap();
        std::iter::from_fn(|| iterator_next(&iterator)).collect()
    }

    #[test]
    fn every_source_gives_its_values() {
        let before = heap::live_objects();
        assert_eq!(all(Value::int(3)).iter().map(|v| v.as_int().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(all(Value::float(2.9)).len(), 2);
        assert!(all(Value::int(-5)).is_empty() && all(Value::float(f64::NAN)).is_empty());
        assert_eq!(all(Value::string("aéz")).iter().map(|v| v.as_str().unwrap()).collect::<String>(), "aéz");
        assert_eq!(all(Value::array(vec![Value::TRUE, Value::string("some text")])).len(), 2);
        let mut d = dict::new();
        for i in [5, 3, 9] {
            d.as_dict_mut().unwrap().insert(Key::of(&Value::int(i)).unwrap(), Value::NULL);
        }
        d.as_dict_mut().unwrap().remove(&Key::text("5"));
        assert_eq!(all(d).iter().map(|v| v.as_str().unwrap().to_string()).collect::<Vec<_>>(), ["3", "9"]);
        assert!(iterator_open(Value::NULL).is_err());
        assert_eq!(heap::live_objects(), before);
    }
}
