//! Sets of entities that share what they have in common: a radix tree of bits, copied where it is written (Driscoll et al.,
//! "Making Data Structures Persistent", 1989).
//!
//! A set made from another by a few changes shares all but a few nodes with it. Union and difference do not descend into shared
//! nodes (as Okasaki and Gill, "Fast Mergeable Integer Maps", 1998), so they cost as much as the sets differ, times the height of the
//! tree. That makes one set for each block of a function affordable, where most of what is in it is in its neighbour's, too.

use super::effort::spend;
use cranelift_entity::EntityRef;
use std::marker::PhantomData;
use std::rc::Rc;

/// Children of a node, and words of a leaf.
const FAN: usize = 8;
/// Members a leaf can have.
const LEAF: usize = FAN * 64;

/// A set of `K`.
#[derive(Debug)]
pub struct SharedSet<K> {
    root: Tree,
    /// Members the whole tree can have: `LEAF` times a power of `FAN`.
    room: usize,
    kind: PhantomData<K>,
}

/// A subtree; `None` for an empty one.
type Tree = Option<Rc<Node>>;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf([u64; FAN]),
    Inner([Tree; FAN]),
}

impl<K> Clone for SharedSet<K> {
    fn clone(&self) -> Self {
        SharedSet { root: self.root.clone(), room: self.room, kind: PhantomData }
    }
}

impl<K> Default for SharedSet<K> {
    fn default() -> Self {
        SharedSet { root: None, room: LEAF, kind: PhantomData }
    }
}

impl<K> PartialEq for SharedSet<K> {
    fn eq(&self, other: &Self) -> bool {
        let room = self.room.max(other.room);
        equal(&self.raised(room), &other.raised(room))
    }
}

impl<K> SharedSet<K> {
    /// The tree, with as much room.
    fn raised(&self, room: usize) -> Tree {
        let (mut tree, mut own) = (self.root.clone(), self.room);
        while own < room {
            if tree.is_some() {
                let mut children: [Tree; FAN] = Default::default();
                children[0] = tree;
                tree = Some(Rc::new(Node::Inner(children)));
            }
            own *= FAN;
        }
        tree
    }
}

impl<K: EntityRef> SharedSet<K> {
    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether `key` is a member.
    pub fn contains(&self, key: K) -> bool {
        let (mut at, mut room, mut tree) = (key.index(), self.room, &self.root);
        if at >= room {
            return false;
        }
        loop {
            match tree.as_deref() {
                None => return false,
                Some(Node::Leaf(words)) => return words[at / 64] >> (at % 64) & 1 == 1,
                Some(Node::Inner(children)) => {
                    room /= FAN;
                    tree = &children[at / room];
                    at %= room;
                }
            }
        }
    }

    /// Adds a member.
    pub fn insert(&mut self, key: K) {
        let mut room = self.room;
        while room <= key.index() {
            room *= FAN;
        }
        self.raise(room);
        if !self.contains(key) {
            set(&mut self.root, self.room, key.index());
        }
    }

    /// Removes a member, if it is one.
    pub fn remove(&mut self, key: K) {
        if self.contains(key) {
            unset(&mut self.root, self.room, key.index());
        }
    }

    fn raise(&mut self, room: usize) {
        if self.room < room {
            self.root = self.raised(room);
            self.room = room;
        }
    }

    /// Adds the members of `other`.
    pub fn extend(&mut self, other: &SharedSet<K>) {
        self.raise(other.room);
        self.root = if other.room < self.room {
            union(&self.root, &other.raised(self.room))
        } else {
            union(&self.root, &other.root)
        };
    }

    /// Calls `f` with every member, in increasing order.
    pub fn for_each(&self, mut f: impl FnMut(K)) {
        difference(&self.root, &None, self.room, 0, &mut |index| f(K::new(index)));
    }

    /// Calls `f` with every member that `other` does not have, in increasing order.
    pub fn for_each_not_in(&self, other: &SharedSet<K>, mut f: impl FnMut(K)) {
        let f = &mut |index| f(K::new(index));
        if self.room == other.room {
            return difference(&self.root, &other.root, self.room, 0, f);
        }
        let room = self.room.max(other.room);
        difference(&self.raised(room), &other.raised(room), room, 0, f);
    }
}

fn set(tree: &mut Tree, room: usize, at: usize) {
    spend(1);
    if room == LEAF {
        let leaf = Rc::make_mut(tree.get_or_insert_with(|| Rc::new(Node::Leaf([0; FAN]))));
        if let Node::Leaf(words) = leaf {
            words[at / 64] |= 1 << (at % 64);
        }
    } else {
        let inner = Rc::make_mut(tree.get_or_insert_with(|| Rc::new(Node::Inner(Default::default()))));
        if let Node::Inner(children) = inner {
            let room = room / FAN;
            set(&mut children[at / room], room, at % room);
        }
    }
}

fn unset(tree: &mut Tree, room: usize, at: usize) {
    spend(1);
    let Some(node) = tree else { return };
    let empty = match Rc::make_mut(node) {
        Node::Leaf(words) => {
            words[at / 64] &= !(1 << (at % 64));
            words.iter().all(|&word| word == 0)
        }
        Node::Inner(children) => {
            let room = room / FAN;
            unset(&mut children[at / room], room, at % room);
            children.iter().all(Option::is_none)
        }
    };
    if empty {
        *tree = None;
    }
}

/// One of the two trees itself wherever it has all the members.
fn union(a: &Tree, b: &Tree) -> Tree {
    let (left, right) = match (a, b) {
        (None, other) | (other, None) => return other.clone(),
        (Some(left), Some(right)) => (left, right),
    };
    if Rc::ptr_eq(left, right) {
        return a.clone();
    }
    spend(1);
    match (&**left, &**right) {
        (Node::Leaf(x), Node::Leaf(y)) => {
            let words = std::array::from_fn(|at| x[at] | y[at]);
            match () {
                _ if words == *x => a.clone(),
                _ if words == *y => b.clone(),
                _ => Some(Rc::new(Node::Leaf(words))),
            }
        }
        (Node::Inner(x), Node::Inner(y)) => {
            let children: [Tree; FAN] = std::array::from_fn(|at| union(&x[at], &y[at]));
            match () {
                _ if children.iter().zip(x).all(|(a, b)| same(a, b)) => a.clone(),
                _ if children.iter().zip(y).all(|(a, b)| same(a, b)) => b.clone(),
                _ => Some(Rc::new(Node::Inner(children))),
            }
        }
        _ => unreachable!("sets of one bound have one height"),
    }
}

/// Whether two trees are one object.
fn same(a: &Tree, b: &Tree) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Rc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn equal(a: &Tree, b: &Tree) -> bool {
    if same(a, b) {
        return true;
    }
    spend(1);
    match (a.as_deref(), b.as_deref()) {
        (Some(Node::Inner(x)), Some(Node::Inner(y))) => x.iter().zip(y).all(|(a, b)| equal(a, b)),
        (Some(x), Some(y)) => x == y,
        _ => false,
    }
}

fn difference(a: &Tree, b: &Tree, room: usize, first: usize, f: &mut impl FnMut(usize)) {
    let Some(node) = a else { return };
    if same(a, b) {
        return;
    }
    spend(1);
    match &**node {
        Node::Leaf(words) => {
            for (at, &word) in words.iter().enumerate() {
                let mut rest = match b.as_deref() {
                    Some(Node::Leaf(others)) => word & !others[at],
                    _ => word,
                };
                while rest != 0 {
                    f(first + at * 64 + rest.trailing_zeros() as usize);
                    spend(1);
                    rest &= rest - 1;
                }
            }
        }
        Node::Inner(children) => {
            let room = room / FAN;
            for (at, child) in children.iter().enumerate() {
                let other = match b.as_deref() {
                    Some(Node::Inner(others)) => &others[at],
                    _ => &None,
                };
                difference(child, other, room, first + at * room, f);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_entity::entity_impl;
    use std::collections::BTreeSet;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Key(u32);
    entity_impl!(Key);

    fn members(set: &SharedSet<Key>) -> Vec<u32> {
        let mut all = Vec::new();
        set.for_each(|key| all.push(key.0));
        all
    }

    #[test]
    fn sets_are_those_of_the_standard_library() {
        for bound in [100, 5000, 40_000] {
            // Sets of different heights meet, too.
            let mut seed = 1u64;
            let mut random = |below: usize| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 33) as usize % below
            };
            let mut sets = vec![(SharedSet::default(), BTreeSet::new()); 3];
            for _ in 0..2000 {
                let (at, other, key) = (random(3), random(3), random(bound) as u32);
                match random(10) {
                    0 => sets[at] = sets[other].clone(),
                    1 => {
                        let (set, model) = sets[other].clone();
                        sets[at].0.extend(&set);
                        sets[at].1.extend(model);
                    }
                    2..5 => {
                        sets[at].0.remove(Key(key));
                        sets[at].1.remove(&key);
                    }
                    _ => {
                        sets[at].0.insert(Key(key));
                        sets[at].1.insert(key);
                    }
                }
                let ((a, model), (b, other)) = (&sets[at], &sets[other]);
                assert_eq!(members(a), model.iter().copied().collect::<Vec<_>>());
                let mut rest = Vec::new();
                a.for_each_not_in(b, |key| rest.push(key.0));
                assert_eq!(rest, model.difference(other).copied().collect::<Vec<_>>());
                assert_eq!(a == b, model == other);
                assert_eq!(a.contains(Key(key)), model.contains(&key));
                assert_eq!(a.is_empty(), model.is_empty());
            }
        }
    }

    #[test]
    fn what_is_shared_is_not_looked_at() {
        let mut large = SharedSet::default();
        (0..100_000).for_each(|key| large.insert(Key(key)));
        let mut other = large.clone();
        other.remove(Key(77_777));
        let mut rest = Vec::new();
        let before = crate::base::effort::spent();
        large.for_each_not_in(&other, |key| rest.push(key.0));
        other.extend(&large);
        assert_eq!(rest, [77_777]);
        assert!(other == large && crate::base::effort::spent() - before < 100);
    }
}
