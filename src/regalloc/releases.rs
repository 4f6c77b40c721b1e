//! Lists of registers that are released together, stored as differences.
//!
//! A list is a stretch of one pool of words, in which each word switches a register: one that occurs an odd number of times is in the
//! list, and with the flag [`KEPT`] an odd number of times it is one that a handler takes. So the list of the next instruction is the
//! same stretch, a few words longer. When a stretch has become several times as long as what it lists, the next list starts a new
//! one. So the pool grows with the changes, not with lists times registers, and reading a list costs little more than its registers.
//! Cranelift and HotSpot store a whole map for every safepoint; a list here is read only when something is raised.

use super::TooManyRegisters;
use smallvec::SmallVec;

/// The flag of a word that switches whether a handler takes a register of the list.
pub const KEPT: u16 = 0x8000;

/// Words of all lists of a function; a bound on memory.
const MAX_WORDS: usize = 1 << 24;

/// A list: so many words of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The first of its words.
    pub first: u32,
    /// How many there are.
    pub count: u32,
}

/// What a list says, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Registers whose value is given up.
    pub drops: SmallVec<[u16; 8]>,
    /// Registers whose value the handler takes: given up, too, where the frame goes away without running it.
    pub kept: SmallVec<[u16; 8]>,
}

/// Reads the words of a list.
pub fn read(words: &[u16]) -> Listed {
    let mut sorted: SmallVec<[u16; 32]> = words.iter().map(|word| word.rotate_left(1)).collect();
    sorted.sort_unstable();
    let mut listed = Listed::default();
    for group in sorted.chunk_by(|a, b| a >> 1 == b >> 1) {
        let marks = group.iter().filter(|&&word| word & 1 == 1).count();
        if (group.len() - marks) % 2 == 1 {
            let list = if marks % 2 == 1 { &mut listed.kept } else { &mut listed.drops };
            list.push(group[0] >> 1);
        }
    }
    listed
}

/// The lists of a function.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// The words.
    pub pool: Vec<u16>,
}

impl Lists {
    /// What a list says.
    pub fn read(&self, list: List) -> Listed {
        read(&self.pool[list.first as usize..][..list.count as usize])
    }

    /// Adds a list that shares nothing with others.
    pub fn add(&mut self, drops: &[u16], kept: &[u16]) -> List {
        let first = self.pool.len() as u32;
        self.pool.extend_from_slice(drops);
        kept.iter().for_each(|&reg| self.pool.extend([reg, reg | KEPT]));
        List { first, count: self.pool.len() as u32 - first }
    }
}

/// Writes lists one after the other.
#[derive(Default)]
pub struct Writer {
    lists: Lists,
    /// Where the stretch at hand begins.
    start: usize,
    /// The registers in the list at hand.
    members: Vec<u16>,
    /// For each register its place among the members, from 1, or 0; and whether it is marked as kept.
    states: Vec<(u32, bool)>,
}

impl Writer {
    fn state(&mut self, reg: u16) -> &mut (u32, bool) {
        if self.states.len() <= reg as usize {
            self.states.resize(reg as usize + 1, (0, false));
        }
        &mut self.states[reg as usize]
    }

    /// Puts a register into the list, or takes it out.
    pub fn set(&mut self, reg: u16, listed: bool) {
        let place = self.state(reg).0;
        if listed == (place != 0) {
            return;
        }
        self.lists.pool.push(reg);
        if listed {
            self.members.push(reg);
            self.state(reg).0 = self.members.len() as u32;
        } else {
            self.state(reg).0 = 0;
            self.members.swap_remove(place as usize - 1);
            if let Some(&moved) = self.members.get(place as usize - 1) {
                self.state(moved).0 = place;
            }
        }
    }

    /// Says whether the handler takes a register. Where there is no handler the mark means nothing, and stays as it was.
    pub fn keep(&mut self, reg: u16, kept: bool) {
        if std::mem::replace(&mut self.state(reg).1, kept) != kept {
            self.lists.pool.push(reg | KEPT);
        }
    }

    /// The list as it is now.
    pub fn list(&mut self) -> Result<List, TooManyRegisters> {
        if self.members.is_empty() {
            return Ok(List::default());
        }
        if self.lists.pool.len() - self.start > 16 + 4 * self.members.len() {
            self.restart();
        }
        if self.lists.pool.len() > MAX_WORDS {
            return Err(TooManyRegisters);
        }
        Ok(List { first: self.start as u32, count: (self.lists.pool.len() - self.start) as u32 })
    }

    /// Goes on behind the lists of another writer.
    pub fn behind(lists: Lists) -> Writer {
        Writer { start: lists.pool.len(), lists, ..Writer::default() }
    }

    /// Begins a stretch that switches on what is listed.
    fn restart(&mut self) {
        let end = self.lists.pool.len();
        for at in self.start..end {
            let reg = self.lists.pool[at] & !KEPT;
            let state = self.state(reg);
            state.1 &= state.0 != 0;
        }
        self.start = end;
        for &reg in &self.members {
            self.lists.pool.push(reg);
            if self.states[reg as usize].1 {
                self.lists.pool.push(reg | KEPT);
            }
        }
    }

    /// All lists.
    pub fn finish(self) -> Lists {
        self.lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn lists_say_what_was_set() {
        let mut seed = 1u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        let (mut writer, mut expected) = (Writer::default(), Vec::new());
        let mut listed = BTreeSet::new();
        for _ in 0..3000 {
            for _ in 0..random(4) {
                let (reg, on) = (random(40) as u16, random(2) == 0);
                writer.set(reg, on);
                if on {
                    listed.insert(reg)
                } else {
                    listed.remove(&reg)
                };
            }
            // The marks of registers that are not listed are of no account.
            if random(3) > 0 {
                let mut kept: BTreeSet<u16> = BTreeSet::new();
                for &reg in &listed {
                    let on = random(2) == 0;
                    writer.keep(reg, on);
                    kept.extend(Some(reg).filter(|_| on));
                }
                expected.push((writer.list().unwrap(), listed.clone(), Some(kept)));
            } else {
                expected.push((writer.list().unwrap(), listed.clone(), None));
            }
        }
        let lists = writer.finish();
        for (list, listed, kept) in expected {
            let found = lists.read(list);
            let all: BTreeSet<u16> = found.drops.iter().chain(&found.kept).copied().collect();
            assert_eq!(all, listed);
            if let Some(kept) = kept {
                assert!(found.kept.iter().copied().eq(kept));
            }
        }
    }

    #[test]
    fn many_registers_at_many_places_take_little_room() {
        let mut writer = Writer::default();
        (0..1000).for_each(|reg| writer.set(reg, true));
        let mut longest = 0;
        for reg in 0..1000 {
            longest = longest.max(writer.list().unwrap().count);
            writer.set(reg, false);
        }
        assert!(writer.finish().pool.len() < 6000 && longest <= 4100);
    }
}
