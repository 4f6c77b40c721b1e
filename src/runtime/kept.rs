//! Values that live as long as a machine does, for those who look at them without owning them.

use super::value::Value;
use super::word::Word;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};

thread_local! {
    static CHARACTERS: RefCell<FxHashMap<char, Value>> = RefCell::default();
    static KEEPERS: Cell<usize> = const { Cell::new(0) };
}

/// As long as there is one on the thread, what is kept stays.
pub struct Keeper(());

impl Default for Keeper {
    fn default() -> Keeper {
        KEEPERS.set(KEEPERS.get() + 1);
        Keeper(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        KEEPERS.set(KEEPERS.get() - 1);
        if KEEPERS.get() == 0 {
            drop(CHARACTERS.take());
        }
    }
}

/// The string of one character `text` as a word that lives as long as a [`Keeper`]; `None` if it is no string or empty. There are at
/// most as many as there are characters.
pub fn character(text: Value) -> Option<Word> {
    let character = text.as_str()?.chars().next()?;
    Some(CHARACTERS.with_borrow_mut(|kept| kept.entry(character).or_insert(text).word()))
}
