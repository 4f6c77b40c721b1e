//! Entries of dicts, found without making keys of their own: what handlers of paths and reads share.

use crate::runtime::dict::{self, DictObject, Lookup};
use crate::runtime::release::release;
use crate::runtime::word::Word;
use crate::vm::dispatch::Machine;

/// Where the value under a key is in a dict of one owner, if the key is an int and the entry is found without a search.
#[inline(always)]
pub(super) unsafe fn guessed(m: Machine, container: u64, key: u64) -> Option<*mut u64> {
    // SAFETY: live words.
    unsafe {
        let dict = own(Word(container))?;
        if key < m.lim {
            return None;
        }
        dict::guess(dict, Word(key)).map(|place| place as *mut u64)
    }
}

/// The value under `key` in a dict, if that is in `container` and has the key.
///
/// # Safety
/// Both are live.
#[inline(always)]
pub(super) unsafe fn value_at(container: Word, key: Word) -> Option<Word> {
    // SAFETY: the caller's.
    unsafe {
        let dict = dict::object(container)?;
        if let Some(place) = dict::recent(dict, key) {
            return Some(*place);
        }
        if key.is_int() {
            return dict::find_int(dict, key).map(|place| *place);
        }
        match dict::find_word(dict, key) {
            Lookup::Found(place) => Some(*place),
            _ => None,
        }
    }
}

/// The dict in `container`, if it has one owner.
#[inline(always)]
unsafe fn own(container: Word) -> Option<*mut DictObject> {
    // SAFETY: a live value.
    unsafe { dict::object(container).filter(|&dict| (*dict).header.count == 1) }
}

/// Stores in a dict of one owner, and says whether it could.
///
/// # Safety
/// All are live; on success the value is consumed.
#[inline(always)]
pub(super) unsafe fn store_in(container: Word, key: Word, value: Word) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let Some(dict) = own(container) else { return false };
        if key.is_int() {
            release(dict::store_int(dict, key, value));
            return true;
        }
        dict::store_plain_text(dict, key, value).is_some_and(|old| {
            release(old);
            true
        })
    }
}
