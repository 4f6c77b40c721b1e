//! Bytes: immutable runs of eight-bit values.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr;

/// The fixed part of bytes; the bytes follow.
#[repr(C)]
pub struct BytesObject {
    /// Of kind [`Kind::Bytes`].
    pub header: Header,
    len: u64,
}

impl BytesObject {
    pub(super) unsafe fn size(object: *const BytesObject) -> usize {
        // SAFETY: the caller's.
        size_of::<BytesObject>() + unsafe { (*object).len } as usize
    }
}

/// Bytes, copied from a slice.
pub fn new(bytes: &[u8]) -> Value {
    let object: *mut BytesObject = heap::alloc_object(size_of::<BytesObject>() + bytes.len());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(BytesObject { header: Header::new(Kind::Bytes), len: bytes.len() as u64 });
        ptr::copy_nonoverlapping(bytes.as_ptr(), (object as *mut u8).add(size_of::<BytesObject>()), bytes.len());
        Value::from_word(Word::object(object))
    }
}

/// Bytes somebody owns.
#[derive(Clone, Copy)]
pub struct BytesRef<'a> {
    object: *const BytesObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> BytesRef<'a> {
    /// # Safety
    /// `word` is bytes that live for `'a`.
    pub(super) unsafe fn of(word: Word) -> BytesRef<'a> {
        BytesRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// The bytes.
    pub fn as_slice(self) -> &'a [u8] {
        // SAFETY: `len` bytes follow the fixed part.
        unsafe {
            let first = (self.object as *const u8).add(size_of::<BytesObject>());
            std::slice::from_raw_parts(first, (*self.object).len as usize)
        }
    }
}
