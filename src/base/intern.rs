//! Interned names: a [`Symbol`] is four bytes, compared by number.

use rustc_hash::FxHashMap;
use std::rc::Rc;

/// An interned string of one [`Interner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// Maps names to [`Symbol`]s and back. One per compilation.
#[derive(Clone, Debug, Default)]
pub struct Interner {
    map: FxHashMap<Rc<str>, Symbol>,
    names: Vec<Rc<str>>,
}

impl Interner {
    /// An empty interner.
    pub fn new() -> Interner {
        Interner::default()
    }

    /// The symbol of `name`, made on first sight.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(&symbol) = self.map.get(name) {
            return symbol;
        }
        let symbol = Symbol(self.names.len() as u32);
        let shared: Rc<str> = name.into();
        self.names.push(shared.clone());
        self.map.insert(shared, symbol);
        symbol
    }

    /// The symbol of `name` if it was interned before.
    pub fn lookup(&self, name: &str) -> Option<Symbol> {
        self.map.get(name).copied()
    }

    /// The text of `symbol`.
    pub fn name(&self, symbol: Symbol) -> &str {
        &self.names[symbol.0 as usize]
    }

    /// Every symbol, in the order of their making.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> + use<> {
        (0..self.names.len() as u32).map(Symbol)
    }

    /// The text of `symbol`, shared.
    pub fn shared(&self, symbol: Symbol) -> Rc<str> {
        self.names[symbol.0 as usize].clone()
    }

    /// Every name interned so far.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}
