//! Arrays: a header, a length, a capacity, and the elements right behind them.
//!
//! An array grows by moving the whole object, which only its single owner may do: [`ArrayMut`] is proof of that, and writes the
//! new address back into the owning [`Value`].

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::mem::{offset_of, size_of};
use std::ptr;

/// The fixed part of an array; elements follow.
#[repr(C)]
pub struct ArrayObject {
    /// Of kind [`Kind::Array`].
    pub header: Header,
    /// Elements in use.
    pub len: u32,
    /// Elements there is room for.
    pub cap: u32,
}

/// Offset of the length.
pub const LEN_OFFSET: usize = offset_of!(ArrayObject, len);
/// Offset of the capacity.
pub const CAP_OFFSET: usize = offset_of!(ArrayObject, cap);
/// Offset of the first element.
pub const ELEMENTS_OFFSET: usize = size_of::<ArrayObject>();
/// The most elements an array may be asked to have in one go.
pub const MAX_LEN: usize = heap::MAX_OBJECT_BYTES / size_of::<Word>();

fn size_for(cap: usize) -> usize {
    heap::rounded(ELEMENTS_OFFSET + cap * size_of::<Word>())
}

impl ArrayObject {
    /// The first element.
    ///
    /// # Safety
    /// `object` points into an allocation of [`ArrayObject`].
    #[inline]
    pub unsafe fn elements(object: *const ArrayObject) -> *mut Word {
        // SAFETY: elements start right behind the fixed part.
        unsafe { (object as *mut u8).add(ELEMENTS_OFFSET) as *mut Word }
    }

    /// The elements in use.
    ///
    /// # Safety
    /// The array outlives the slice and is not changed meanwhile.
    #[inline]
    pub unsafe fn words<'a>(object: *const ArrayObject) -> &'a [Word] {
        // SAFETY: `len` elements are initialised.
        unsafe { std::slice::from_raw_parts(ArrayObject::elements(object), (*object).len as usize) }
    }

    /// Bytes allocated.
    ///
    /// # Safety
    /// `object` is an array.
    #[inline]
    pub(super) unsafe fn size(object: *const ArrayObject) -> usize {
        // SAFETY: the caller's.
        size_for(unsafe { (*object).cap } as usize)
    }

    /// A new empty array with room for `cap` elements and one owner.
    #[inline]
    pub fn allocate(cap: usize) -> *mut ArrayObject {
        let size = size_for(cap);
        let cap = (size - ELEMENTS_OFFSET) / size_of::<Word>();
        let object: *mut ArrayObject = heap::alloc_object(size);
        // SAFETY: fresh memory; a capacity beyond 32 bits would need 32 GiB, which the size limits of builtins and literals exclude.
        unsafe {
            object.write(ArrayObject {
                header: Header::new(Kind::Array),
                len: 0,
                cap: cap.min(u32::MAX as usize) as u32,
            })
        };
        object
    }

    /// Moves an array with one owner to where `cap` elements fit.
    ///
    /// # Safety
    /// The caller is the single owner and uses only the returned address from now on.
    #[inline(never)]
    pub unsafe fn grow(object: *mut ArrayObject, cap: usize) -> *mut ArrayObject {
        // SAFETY: the caller's; the size is the one the object was allocated with.
        unsafe {
            let old = ArrayObject::size(object);
            let doubled = ((*object).cap as usize * 2).max(cap).max(4);
            if doubled > u32::MAX as usize {
                heap::exhausted();
            }
            let new = size_for(doubled);
            let moved = heap::realloc_bytes(object as *mut u8, old, new) as *mut ArrayObject;
            (*moved).cap = ((new - ELEMENTS_OFFSET) / size_of::<Word>()) as u32;
            moved
        }
    }

    /// Appends an owned word to an array with one owner; returns where the array is now.
    ///
    /// # Safety
    /// As [`ArrayObject::grow`]; the ownership of `element` passes to the array.
    #[inline]
    pub unsafe fn push(object: *mut ArrayObject, element: Word) -> *mut ArrayObject {
        // SAFETY: the caller's; there is room for one more element at `len` after growing.
        unsafe {
            let mut object = object;
            let len = (*object).len as usize;
            if len == (*object).cap as usize {
                object = ArrayObject::grow(object, len + 1);
            }
            ArrayObject::elements(object).add(len).write(element);
            (*object).len = len as u32 + 1;
            object
        }
    }

    /// Appends clones of `values`.
    ///
    /// # Safety
    /// The caller is the single owner; there is room for them, and they are elsewhere.
    #[inline(always)]
    pub unsafe fn append(object: *mut ArrayObject, values: &[Value]) {
        // SAFETY: the caller's.
        unsafe {
            let mut end = ArrayObject::elements(object).add((*object).len as usize);
            for value in values {
                let word = value.word();
                heap::retain(word);
                end.write(word);
                end = end.add(1);
            }
            (*object).len += values.len() as u32;
        }
    }

    /// A copy of the elements `[start, end)` with its own count of each, and room for `cap` elements.
    ///
    /// # Safety
    /// `object` is live and `start <= end <= len`.
    pub unsafe fn copy_range(object: *const ArrayObject, start: usize, end: usize, cap: usize) -> *mut ArrayObject {
        let copy = ArrayObject::allocate(cap.max(end - start));
        // SAFETY: the range is inside the source, the copy has room for it, and the elements are live.
        unsafe {
            let source = &ArrayObject::words(object)[start..end];
            for &word in source {
                heap::retain(word);
            }
            ptr::copy_nonoverlapping(source.as_ptr(), ArrayObject::elements(copy), source.len());
            (*copy).len = source.len() as u32;
        }
        copy
    }
}

/// An array of the given values.
pub fn from_values(values: Vec<Value>) -> Value {
    let object = ArrayObject::allocate(values.len());
    // SAFETY: there is room for all of them; the vector forgets what it gave away.
    unsafe {
        ptr::copy_nonoverlapping(values.as_ptr() as *const Word, ArrayObject::elements(object), values.len());
        (*object).len = values.len() as u32;
        let mut values = values;
        values.set_len(0);
        Value::from_word(Word::array(object))
    }
}

/// An empty array with room for `cap` elements.
pub fn with_capacity(cap: usize) -> Value {
    // SAFETY: a new object with one owner.
    unsafe { Value::from_word(Word::array(ArrayObject::allocate(cap))) }
}

/// A new array of clones of `values`.
pub fn from_slice(values: &[Value]) -> Value {
    chained(values, &[])
}

/// A new array of clones of the values of two.
pub fn chained(first: &[Value], second: &[Value]) -> Value {
    let object = ArrayObject::allocate(first.len() + second.len());
    // SAFETY: a new object with one owner and room for all; each element gets one more owner.
    unsafe {
        ArrayObject::append(object, first);
        ArrayObject::append(object, second);
        Value::from_word(Word::array(object))
    }
}

/// The single owner's access to an array.
pub struct ArrayMut<'a> {
    word: &'a mut Word,
}

impl Value {
    /// The array, for changing it: its elements are copied first if it has other owners.
    #[inline]
    pub fn as_array_mut(&mut self) -> Option<ArrayMut<'_>> {
        if !self.word().is_array() {
            return None;
        }
        if !self.is_unique() {
            self.unshare_array();
        }
        Some(ArrayMut { word: self.word_mut() })
    }

    #[cold]
    fn unshare_array(&mut self) {
        heap::count_copy_on_write();
        let object: *const ArrayObject = self.word().object_ptr();
        // SAFETY: `self` is an array.
        *self = unsafe {
            let len = (*object).len as usize;
            Value::from_word(Word::array(ArrayObject::copy_range(object, 0, len, len)))
        };
    }
}

impl<'a> ArrayMut<'a> {
    /// The elements, for as long as the array is borrowed.
    #[inline]
    pub fn into_slice(self) -> &'a mut [Value] {
        // SAFETY: the array is live and ours alone for 'a.
        unsafe { std::slice::from_raw_parts_mut(ArrayObject::elements(self.object()) as *mut Value, self.len()) }
    }

    fn object(&self) -> *mut ArrayObject {
        self.word.object_ptr()
    }

    /// How many elements.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        // SAFETY: the array is live and ours.
        unsafe { (*self.object()).len as usize }
    }

    /// The elements.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [Value] {
        // SAFETY: the array is live and ours alone.
        unsafe { std::slice::from_raw_parts_mut(ArrayObject::elements(self.object()) as *mut Value, self.len()) }
    }

    /// Makes room for `more` elements at once.
    pub fn reserve(&mut self, more: usize) {
        let need = self.len() + more;
        // SAFETY: the array is ours alone; its new address is written back.
        unsafe {
            if need > (*self.object()).cap as usize {
                *self.word = Word::array(ArrayObject::grow(self.object(), need));
            }
        }
    }

    /// Appends clones of `values`.
    #[inline]
    pub fn extend(&mut self, values: &[Value]) {
        self.reserve(values.len());
        // SAFETY: there is room for them behind the elements in use, which the values are not, or the array would have two owners.
        unsafe { ArrayObject::append(self.object(), values) }
    }

    /// Whether one more element fits, perhaps after growing: within the limits on memory.
    #[inline]
    pub fn may_push(&self) -> bool {
        // SAFETY: the array is live.
        let cap = unsafe { (*self.object()).cap as usize };
        self.len() < cap || heap::may_allocate(cap.saturating_mul(2 * size_of::<Word>()))
    }

    /// Appends.
    #[inline]
    pub fn push(&mut self, value: Value) {
        // SAFETY: the array is ours alone; its new address is written back.
        *self.word = Word::array(unsafe { ArrayObject::push(self.object(), value.into_word()) });
    }

    /// Removes the last element.
    pub fn pop(&mut self) -> Option<Value> {
        let len = self.len().checked_sub(1)?;
        // SAFETY: the element was in use; the array forgets it.
        unsafe {
            (*self.object()).len = len as u32;
            Some(Value::from_word(*ArrayObject::elements(self.object()).add(len)))
        }
    }

    /// Inserts before position `at`, which is at most the length.
    pub fn insert(&mut self, at: usize, value: Value) {
        self.push(value);
        self.as_mut_slice()[at..].rotate_right(1);
    }

    /// Removes the element at `at`, which is below the length.
    pub fn remove(&mut self, at: usize) -> Value {
        self.as_mut_slice()[at..].rotate_left(1);
        self.pop().unwrap_or(Value::NULL)
    }

    /// Keeps the elements `[start, end)`; both are clamped.
    pub fn keep_range(&mut self, start: usize, end: usize) {
        let end = end.min(self.len());
        let start = start.min(end);
        while self.len() > end {
            self.pop();
        }
        self.as_mut_slice().rotate_left(start);
        for _ in 0..start {
            self.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(value: &Value) -> Vec<i64> {
        value.as_array().unwrap().iter().map(|v| v.as_int().unwrap()).collect()
    }

    #[test]
    fn an_update_of_a_shared_array_copies_it_first() {
        let copies = heap::stats().copies_on_write;
        let mut a = Value::array((0..5).map(Value::int).collect());
        a.as_array_mut().unwrap().push(Value::int(5));
        assert_eq!(heap::stats().copies_on_write, copies);
        let b = a.clone();
        a.as_array_mut().unwrap().as_mut_slice()[0] = Value::int(9);
        assert_eq!(heap::stats().copies_on_write, copies + 1);
        assert_eq!(ints(&b), [0, 1, 2, 3, 4, 5]);
        assert_eq!(ints(&a), [9, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn insert_remove_and_ranges() {
        let mut a = Value::array((0..6).map(Value::int).collect());
        let mut m = a.as_array_mut().unwrap();
        m.insert(2, Value::int(77));
        m.insert(7, Value::int(88));
        assert_eq!(m.remove(0).as_int(), Some(0));
        m.keep_range(1, 5);
        assert_eq!(ints(&a), [77, 2, 3, 4]);
        assert_eq!(a.as_array_mut().unwrap().pop().unwrap().as_int(), Some(4));
    }

    #[test]
    fn everything_is_freed() {
        let before = heap::stats();
        let mut a = with_capacity(0);
        for i in 0..1000 {
            let text = Value::string(&format!("element {i}"));
            a.as_array_mut().unwrap().push(text);
        }
        let b = a.clone();
        drop(a);
        drop(b);
        assert_eq!(heap::stats().live_objects, before.live_objects);
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }
}
