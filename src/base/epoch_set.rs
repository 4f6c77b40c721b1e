//! A set of entities that is emptied in constant time: a member's entry is the current epoch.
//!
//! For walks that need a fresh set at every block, edge or instruction.

use cranelift_entity::{EntityRef, SecondaryMap};

/// A set of `K`.
#[derive(Clone, Debug)]
pub struct EpochSet<K: EntityRef> {
    entered: SecondaryMap<K, u32>,
    epoch: u32,
}

impl<K: EntityRef> Default for EpochSet<K> {
    fn default() -> Self {
        EpochSet { entered: SecondaryMap::new(), epoch: 1 }
    }
}

impl<K: EntityRef> EpochSet<K> {
    /// Removes every member.
    pub fn clear(&mut self) {
        self.epoch = self.epoch.checked_add(1).unwrap_or_else(|| {
            self.entered.clear();
            1
        });
    }

    /// Adds a member; whether it is new.
    pub fn insert(&mut self, key: K) -> bool {
        if self.entered.get(key).is_none() {
            // Grows in large steps: otherwise each new key takes one.
            self.entered.resize((key.index() + 1).next_power_of_two().max(64));
        }
        std::mem::replace(&mut self.entered[key], self.epoch) != self.epoch
    }

    /// Removes a member.
    pub fn remove(&mut self, key: K) {
        self.entered[key] = 0;
    }

    /// Whether `key` is a member.
    pub fn contains(&self, key: K) -> bool {
        self.entered[key] == self.epoch
    }
}
