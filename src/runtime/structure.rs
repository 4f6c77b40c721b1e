//! Structs: a shape pointer and the fields right behind it.

use super::error;
use super::heap::{self, Header, Kind};
use super::shape::Shape;
use super::trace::TraceObject;
use super::value::Value;
use super::word::Word;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of};
use std::ptr;

/// The fixed part of a struct; as many field words follow as its shape has fields.
#[repr(C)]
pub struct StructObject {
    /// Of kind [`Kind::Struct`].
    pub header: Header,
    /// What the fields are.
    pub shape: &'static Shape,
}

/// Offset of the shape pointer.
pub const SHAPE_OFFSET: usize = offset_of!(StructObject, shape);
/// Offset of the first field.
pub const FIELDS_OFFSET: usize = size_of::<StructObject>();

fn size_for(fields: usize) -> usize {
    heap::rounded(FIELDS_OFFSET + fields * size_of::<Word>())
}

impl StructObject {
    /// The first field.
    ///
    /// # Safety
    /// `object` points into an allocation of [`StructObject`].
    #[inline]
    pub unsafe fn fields(object: *const StructObject) -> *mut Word {
        // SAFETY: the fields start right behind the fixed part.
        unsafe { (object as *mut u8).add(FIELDS_OFFSET) as *mut Word }
    }

    /// All fields.
    ///
    /// # Safety
    /// The struct outlives the slice and is not changed meanwhile.
    #[inline]
    pub unsafe fn words<'a>(object: *const StructObject) -> &'a [Word] {
        // SAFETY: every field of the shape is initialised.
        unsafe { std::slice::from_raw_parts(StructObject::fields(object), (*object).shape.len()) }
    }

    pub(super) unsafe fn size(object: *const StructObject) -> usize {
        // SAFETY: the caller's.
        size_for(unsafe { (*object).shape.len() })
    }

    /// A new struct; the caller writes all fields before anybody else sees it.
    pub fn allocate(shape: &'static Shape) -> *mut StructObject {
        let object: *mut StructObject = heap::alloc_object(size_for(shape.len()));
        // SAFETY: fresh memory.
        unsafe { object.write(StructObject { header: Header::new(Kind::Struct), shape }) };
        object
    }
}

/// A struct of `shape`; missing values are null, surplus ones are dropped.
pub fn new(shape: &'static Shape, values: impl IntoIterator<Item = Value>) -> Value {
    let object = StructObject::allocate(shape);
    let mut values = values.into_iter();
    // SAFETY: exactly the fields of the shape are written.
    unsafe {
        for at in 0..shape.len() {
            StructObject::fields(object).add(at).write(values.next().map_or(Word::NULL, Value::into_word));
        }
        Value::from_word(Word::object(object))
    }
}

/// A struct somebody owns.
#[derive(Clone, Copy)]
pub struct StructRef<'a> {
    object: *const StructObject,
    owner: PhantomData<&'a Value>,
}

impl<'a> StructRef<'a> {
    /// # Safety
    /// `word` is a struct that lives for `'a`.
    pub(super) unsafe fn of(word: Word) -> StructRef<'a> {
        StructRef { object: word.object_ptr(), owner: PhantomData }
    }

    /// Its shape.
    pub fn shape(self) -> &'static Shape {
        // SAFETY: live for 'a.
        unsafe { (*self.object).shape }
    }

    /// The struct's name.
    pub fn name(self) -> &'static str {
        self.shape().name()
    }

    /// The field values, in the order of the shape.
    pub fn values(self) -> &'a [Value] {
        self.complete();
        // SAFETY: live for 'a, and complete structs that are shared do not change.
        unsafe { Value::borrow_slice(StructObject::words(self.object)) }
    }

    /// A field.
    pub fn get(self, field: &str) -> Option<&'a Value> {
        let at = match self.shape().position(field) {
            Some(at) => at,
            None => {
                let (at, _) =
                    error::completed(self.shape()).filter(|(at, shape)| shape.position(field) == Some(*at))?;
                self.complete();
                at
            }
        };
        // SAFETY: live for 'a; the shape has such a place, and only a place that no shape names changes in a shared struct.
        Some(unsafe { Value::borrow(&*StructObject::fields(self.object).add(at)) })
    }

    /// Makes the names that an error's `stack` consists of, if nobody has asked before; whether it did.
    ///
    /// The struct means the same before and after. Code that knows its fields by its shape finds all but that one, and asks
    /// here for it.
    fn complete(self) -> bool {
        let Some((place, complete)) = error::completed(self.shape()) else { return false };
        // SAFETY: live for 'a. The place holds a trace, which no reference points into, and nobody else runs meanwhile.
        unsafe {
            let slot = StructObject::fields(self.object).add(place);
            let trace = *slot;
            slot.write(TraceObject::trace(trace.object_ptr()).stack().into_word());
            (*(self.object as *mut StructObject)).shape = complete;
            heap::release(trace);
        }
        true
    }

    /// Names and values, sorted by name.
    pub fn sorted_fields(self) -> Vec<(&'static str, &'a Value)> {
        let values = self.values();
        let mut fields: Vec<_> = self.shape().fields().into_iter().zip(values).collect();
        fields.sort_by_key(|field| field.0);
        fields
    }
}

/// The single owner's access to a struct.
pub struct StructMut<'a> {
    word: &'a mut Word,
}

impl Value {
    /// The struct, for changing it: its fields are copied first if it has other owners.
    pub fn as_struct_mut(&mut self) -> Option<StructMut<'_>> {
        if self.kind() != Some(Kind::Struct) {
            return None;
        }
        self.as_struct()?.complete();
        if !self.is_unique() {
            heap::count_copy_on_write();
            let object: *const StructObject = self.word().object_ptr();
            // SAFETY: `self` is a struct; every field of the copy gets one more owner.
            *self = unsafe {
                let fields = StructObject::words(object);
                let copy = StructObject::allocate((*object).shape);
                for &word in fields {
                    heap::retain(word);
                }
                ptr::copy_nonoverlapping(fields.as_ptr(), StructObject::fields(copy), fields.len());
                Value::from_word(Word::object(copy))
            };
        }
        Some(StructMut { word: self.word_mut() })
    }
}

impl<'a> StructMut<'a> {
    /// A field, for as long as the struct is borrowed.
    pub fn into_field(self, field: &str) -> Option<&'a mut Value> {
        // SAFETY: the struct is ours alone for 'a and has a word for each field of its shape.
        unsafe {
            let at = (*self.object()).shape.position(field)?;
            Some(&mut *(StructObject::fields(self.object()).add(at) as *mut Value))
        }
    }

    fn object(&self) -> *mut StructObject {
        self.word.object_ptr()
    }

    /// A field, for changing it in place.
    pub fn get_mut(&mut self, field: &str) -> Option<&mut Value> {
        // SAFETY: the struct is ours alone and has a word for each field of its shape.
        unsafe {
            let at = (*self.object()).shape.position(field)?;
            Some(&mut *(StructObject::fields(self.object()).add(at) as *mut Value))
        }
    }

    /// Stores a field, adding it if needed.
    pub fn set(&mut self, field: &str, value: Value) {
        if let Some(slot) = self.get_mut(field) {
            *slot = value;
            return;
        }
        // SAFETY: the struct is ours alone; its new address is written back before anybody sees it, with the new field in place.
        unsafe {
            let object = self.object();
            let shape = (*object).shape.with(field);
            let fields = shape.len();
            let moved =
                heap::realloc_bytes(object as *mut u8, size_for(fields - 1), size_for(fields)) as *mut StructObject;
            (*moved).shape = shape;
            StructObject::fields(moved).add(fields - 1).write(value.into_word());
            *self.word = Word::object(moved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_added_and_copies_are_apart() {
        let before = heap::stats();
        let mut p = new(Shape::of("P", &["x"]), vec![Value::string("text of x")]);
        let kept = p.clone();
        for i in 0..40 {
            p.as_struct_mut().unwrap().set(&format!("f{i}"), Value::int(i));
        }
        *p.as_struct_mut().unwrap().get_mut("x").unwrap() = Value::int(5);
        assert_eq!(p.as_struct().unwrap().get("f39").unwrap().as_int(), Some(39));
        assert_eq!(p.as_struct().unwrap().get("x").unwrap().as_int(), Some(5));
        assert_eq!(kept.as_struct().unwrap().get("x").unwrap().as_str(), Some("text of x"));
        assert_eq!(kept.as_struct().unwrap().values().len(), 1);
        drop((p, kept));
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }
}
