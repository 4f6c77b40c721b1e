//! Tables over entities for analyses: an entry, or a list, for each of so many.
//!
//! An analysis of a short function costs what its tables cost to allocate. So a table has its full length from the start, instead
//! of growing with the entries written, and the lists of all entities lie end to end in one vector.

use cranelift_entity::{EntityRef, SecondaryMap};
use std::marker::PhantomData;

/// A map with an entry for each of the first `count` entities.
pub fn dense<K: EntityRef, V: Clone + Default>(count: usize) -> SecondaryMap<K, V> {
    let mut map = SecondaryMap::with_capacity(count);
    map.resize(count);
    map
}

/// A list of `T` for each of so many `K`.
#[derive(Clone, Debug)]
pub struct Lists<K, T> {
    /// Where the list of an entity begins; that of the next is its end.
    start: Vec<u32>,
    items: Vec<T>,
    keys: PhantomData<K>,
}

impl<K: EntityRef, T: Copy> Lists<K, T> {
    /// The lists of the first `count` entities: each has the second parts of its pairs, in their order.
    ///
    /// # Panics
    /// If a pair's entity is not among them, or there are 2^32 pairs.
    pub fn new(count: usize, pairs: &[(K, T)]) -> Lists<K, T> {
        let Some(&(_, first)) = pairs.first() else {
            return Lists { start: Vec::new(), items: Vec::new(), keys: PhantomData };
        };
        // Counting sort: lengths two places further on become beginnings one place further on, which filling makes ends.
        let mut start = vec![0u32; count + 2];
        for (key, _) in pairs {
            start[key.index() + 2] += 1;
        }
        for at in 2..start.len() {
            start[at] += start[at - 1];
        }
        assert!(start[count + 1] as usize == pairs.len(), "fewer than 2^32 pairs");
        let mut items = vec![first; pairs.len()];
        for &(key, item) in pairs {
            let next = &mut start[key.index() + 1];
            items[*next as usize] = item;
            *next += 1;
        }
        Lists { start, items, keys: PhantomData }
    }

    /// The list of an entity.
    pub fn of(&self, key: K) -> &[T] {
        match self.start.get(key.index()..key.index() + 2) {
            Some(&[start, end]) => &self.items[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl<K, T> Default for Lists<K, T> {
    fn default() -> Self {
        Lists { start: Vec::new(), items: Vec::new(), keys: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Key(u32);
    cranelift_entity::entity_impl!(Key);

    #[test]
    fn each_list_keeps_the_order_of_its_pairs() {
        let pairs = [(2, 'a'), (0, 'b'), (2, 'c'), (3, 'd'), (2, 'e')];
        let lists = Lists::new(4, &pairs.map(|(key, item)| (Key(key), item)));
        let all: Vec<String> = (0..5).map(|key| lists.of(Key(key)).iter().collect()).collect();
        assert_eq!(all, ["b", "", "ace", "d", ""]);
        assert!(Lists::<Key, char>::new(7, &[]).of(Key(3)).is_empty());
    }

    #[test]
    fn a_dense_map_has_its_entries() {
        let map = dense::<Key, u32>(3);
        assert_eq!(map.iter().count(), 3);
        assert_eq!(map[Key(9)], 0);
    }
}
