//! Values that live as long as the thread, for those who look at them without owning them.

use super::value::Value;
use super::word::Word;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

thread_local! {
    static CHARACTERS: RefCell<FxHashMap<char, Word>> = RefCell::default();
}

/// The string of one character `text` as a word that lives as long as the thread; `None` if it is no string or empty. There are at most
/// as many as there are characters.
pub fn character(text: Value) -> Option<Word> {
    let character = text.as_str()?.chars().next()?;
    Some(CHARACTERS.with_borrow_mut(|kept| *kept.entry(character).or_insert_with(|| text.into_word())))
}
