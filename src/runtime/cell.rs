//! Cells: captured variables that are assigned after their capture. The only objects that can close a cycle.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use std::mem::{offset_of, size_of};

/// A cell.
#[repr(C)]
pub struct CellObject {
    /// Of kind [`Kind::Cell`].
    pub header: Header,
    /// The value of the variable, or [`Word::UNDEF`].
    pub value: Word,
}

/// Offset of the value.
pub const VALUE_OFFSET: usize = offset_of!(CellObject, value);

/// A cell holding `value`.
#[inline]
pub fn new(value: Value) -> Value {
    let object: *mut CellObject = heap::alloc_object(size_of::<CellObject>());
    // SAFETY: fresh memory of that size, and a new object with one owner.
    unsafe {
        object.write(CellObject { header: Header::new(Kind::Cell), value: value.into_word() });
        Value::from_word(Word::object(object))
    }
}

/// A cell whose variable has no value yet.
pub fn unassigned() -> Value {
    // SAFETY: not a heap word.
    new(unsafe { Value::from_word(Word::UNDEF) })
}

/// What the cell holds now; nothing if `cell` is no cell or has no value.
pub fn get(cell: &Value) -> Option<Value> {
    if cell.kind() != Some(Kind::Cell) {
        return None;
    }
    // SAFETY: the kind was tested.
    unsafe {
        let word = (*cell.word().object_ptr::<CellObject>()).value;
        (word != Word::UNDEF).then(|| Value::from_borrowed(word))
    }
}

/// Stores in a cell.
pub fn set(cell: &Value, value: Value) {
    if cell.kind() == Some(Kind::Cell) {
        // SAFETY: the kind was tested; the old value is dropped after the new one is in place.
        unsafe {
            let slot = &raw mut (*cell.word().object_ptr::<CellObject>()).value;
            drop(Value::from_word(slot.replace(value.into_word())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::function::{self, FunctionInfo};
    use super::*;
    use std::rc::Rc;

    fn closure(captures: Vec<Value>) -> Value {
        let info = FunctionInfo { captures: captures.len() as u32, ..FunctionInfo::anonymous(0, 0) };
        function::new(Rc::new(info), std::ptr::null(), captures)
    }

    #[test]
    fn a_cycle_through_an_array_is_collected_with_what_hangs_on_it() {
        let before = heap::stats();
        for _ in 0..100 {
            let cell = unassigned();
            let f = closure(vec![cell.clone(), Value::string("some long text")]);
            let other = closure(vec![f.clone(), cell.clone()]);
            set(&cell, Value::array(vec![f, other, Value::string("another text")]));
        }
        assert_eq!(heap::live_objects(), before.live_objects + 600);
        assert_eq!(heap::collect_cycles(), 400);
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
        assert_eq!(heap::live_objects(), before.live_objects);
    }

    #[test]
    fn what_is_reachable_stays() {
        let before = heap::stats();
        let shared = Value::array(vec![Value::string("kept by both")]);
        let cell = unassigned();
        let f = closure(vec![cell.clone(), shared.clone()]);
        set(&cell, Value::array(vec![f.clone(), shared.clone()]));
        drop(cell);
        assert_eq!(heap::collect_cycles(), 0);
        assert_eq!(heap::collect_cycles(), 0);
        let held = f.as_function().unwrap().capture(0).unwrap();
        let inside = get(held).unwrap();
        assert_eq!(inside.as_array().unwrap()[0].word(), f.word());
        drop(inside);
        drop(f);
        assert_eq!(heap::collect_cycles(), 3);
        assert_eq!(shared.as_array().unwrap()[0].as_str(), Some("kept by both"));
        assert!(shared.is_unique());
        drop(shared);
        assert_eq!(heap::stats().live_bytes, before.live_bytes);
    }

    #[test]
    fn piling_garbage_is_collected_without_asking() {
        let before = heap::live_objects();
        for _ in 0..50_000 {
            let cell = unassigned();
            let f = closure(vec![cell.clone()]);
            set(&cell, f);
        }
        assert!(heap::live_objects() < before + 20_000);
        heap::collect_cycles();
        assert_eq!(heap::live_objects(), before);
    }

    #[test]
    fn candidates_that_died_with_their_owner_do_not_pile_up() {
        let before = heap::stats().live_bytes;
        for _ in 0..50_000 {
            let cell = unassigned();
            let pair = vec![closure(vec![cell.clone()]), closure(vec![cell])];
            // The only count that drops without reaching zero drops while the array dies.
            drop(Value::array(pair));
        }
        assert!(heap::stats().live_bytes < before + 200_000);
        heap::collect_cycles();
        assert_eq!(heap::stats().live_bytes, before);
    }

    #[test]
    fn a_chain_of_a_million_cells_is_traced_without_recursion() {
        let before = heap::live_objects();
        let first = unassigned();
        let mut last = first.clone();
        for _ in 0..300_000 {
            last = new(Value::array(vec![last]));
        }
        set(&first, last);
        drop(first);
        assert_eq!(heap::collect_cycles(), 600_001);
        assert_eq!(heap::live_objects(), before);
    }
}
