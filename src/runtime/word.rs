//! The NaN box: a [`Word`] is eight bytes that say what they are, and own nothing.
//!
//! Encoding "bias50":
//!
//! | bits | meaning |
//! |---|---|
//! | below [`TAG_IMMEDIATE`] | a double, as itself |
//! | [`TAG_IMMEDIATE`] + payload | null, false, true, unassigned, end of iteration |
//! | [`TAG_OBJECT`] + address | a heap object; its kind is in its header |
//! | [`TAG_ARRAY`] + address | a heap array |
//! | [`LIM`] and above | the int `bits - T`, in [-2^49, 2^49) |
//!
//! Invariant: a NaN stored in a word is below [`TAG_IMMEDIATE`]; both default NaN patterns of the machine are.

use super::heap::Header;

/// What is added to an int to make its word.
pub const T: u64 = 0xFFFE << 48;
/// The smallest word that is an int.
pub const LIM: u64 = 0xFFFC << 48;
/// Tag of the constants.
pub const TAG_IMMEDIATE: u64 = 0xFFF9 << 48;
/// Tag, with an address, of a function in a call window that borrows it: not counted, so nobody releases it.
pub const TAG_LENT: u64 = TAG_IMMEDIATE;
/// Tag of heap objects other than arrays.
pub const TAG_OBJECT: u64 = 0xFFFA << 48;
/// Tag of heap arrays.
pub const TAG_ARRAY: u64 = 0xFFFB << 48;
/// The address bits of a heap word.
pub const ADDRESS: u64 = (1 << 48) - 1;
/// One past the largest inline int; its negation is the smallest.
pub const INLINE_INT_LIMIT: i64 = 1 << 49;

/// A NaN-boxed value without ownership: copying it counts nothing.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word(pub u64);

impl Word {
    /// `null`.
    pub const NULL: Word = Word(TAG_IMMEDIATE);
    /// `false`; `true` is the next word.
    pub const FALSE: Word = Word(TAG_IMMEDIATE | 2);
    /// `true`.
    pub const TRUE: Word = Word(TAG_IMMEDIATE | 3);
    /// A binding without a value.
    pub const UNDEF: Word = Word(TAG_IMMEDIATE | 4);
    /// The end of an iteration.
    pub const DONE: Word = Word(TAG_IMMEDIATE | 5);

    /// The word of `i` if it fits inline.
    #[inline]
    pub const fn inline_int(i: i64) -> Option<Word> {
        if i >= -INLINE_INT_LIMIT && i < INLINE_INT_LIMIT { Some(Word((i as u64).wrapping_add(T))) } else { None }
    }

    /// The word of an int known to fit inline.
    #[inline]
    pub const fn small_int(i: i32) -> Word {
        Word((i as i64 as u64).wrapping_add(T))
    }

    /// The word of a double; NaNs become the canonical one.
    #[inline]
    pub const fn float(f: f64) -> Word {
        if f.is_nan() { Word(0x7FF8 << 48) } else { Word(f.to_bits()) }
    }

    /// The word of a bool.
    #[inline]
    pub const fn bool(b: bool) -> Word {
        Word(Word::FALSE.0 + b as u64)
    }

    /// The word of a heap object that is not an array.
    #[inline]
    pub fn object<O>(object: *const O) -> Word {
        Word(TAG_OBJECT | object as usize as u64)
    }

    /// The word of a heap array.
    #[inline]
    pub fn array<O>(object: *const O) -> Word {
        Word(TAG_ARRAY | object as usize as u64)
    }

    /// An inline int?
    #[inline]
    pub const fn is_int(self) -> bool {
        self.0 >= LIM
    }

    /// A double?
    #[inline]
    pub const fn is_float(self) -> bool {
        self.0 < TAG_IMMEDIATE
    }

    /// `true` or `false`?
    #[inline]
    pub const fn is_bool(self) -> bool {
        self.0 | 1 == Word::TRUE.0
    }

    /// A heap word, array or not?
    #[inline]
    pub const fn is_counted(self) -> bool {
        self.0.wrapping_sub(TAG_OBJECT) < 2 << 48
    }

    /// A heap array?
    #[inline]
    pub const fn is_array(self) -> bool {
        self.0.wrapping_sub(TAG_ARRAY) < 1 << 48
    }

    /// A heap object that is not an array?
    #[inline]
    pub const fn is_object(self) -> bool {
        self.0.wrapping_sub(TAG_OBJECT) < 1 << 48
    }

    /// The int of an inline int word.
    #[inline]
    pub const fn as_inline_int(self) -> i64 {
        self.0.wrapping_sub(T) as i64
    }

    /// The double of a double word.
    #[inline]
    pub const fn as_float(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// The header of a heap word.
    #[inline]
    pub fn header(self) -> *mut Header {
        (self.0 & ADDRESS) as usize as *mut Header
    }

    /// The object of a heap word.
    #[inline]
    pub fn object_ptr<O>(self) -> *mut O {
        (self.0 & ADDRESS) as usize as *mut O
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Word::NULL => f.write_str("null"),
            Word::FALSE => f.write_str("false"),
            Word::TRUE => f.write_str("true"),
            Word::UNDEF => f.write_str("undef"),
            Word::DONE => f.write_str("done"),
            w if w.is_int() => write!(f, "{}", w.as_inline_int()),
            w if w.is_float() => write!(f, "{:?}", w.as_float()),
            w => write!(f, "{:#018x}", w.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_ints_end_at_two_to_the_49() {
        for i in [0, 1, -1, INLINE_INT_LIMIT - 1, -INLINE_INT_LIMIT] {
            let word = Word::inline_int(i).unwrap();
            assert!(word.is_int() && !word.is_float() && !word.is_counted());
            assert_eq!(word.as_inline_int(), i);
        }
        assert_eq!(Word::inline_int(INLINE_INT_LIMIT), None);
        assert_eq!(Word::inline_int(-INLINE_INT_LIMIT - 1), None);
        assert_eq!(Word::inline_int(-INLINE_INT_LIMIT).unwrap().0, LIM);
    }

    #[test]
    fn every_double_is_a_float_word() {
        for f in [0.0, -0.0, f64::MAX, f64::NEG_INFINITY, f64::NAN, -f64::NAN, f64::from_bits(u64::MAX)] {
            assert!(Word::float(f).is_float());
        }
        assert!(Word(0xFFF8 << 48).is_float());
    }
}
