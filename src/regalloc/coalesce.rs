//! Classes of values that share one register: results of updates with their operand, block parameters with their arguments.
//!
//! Two classes merge only if their exact segments are disjoint (interference by liveness; Boissinot et al. 2009). This is what
//! keeps a loop variable in one register although its parameter, its next value and its use after the loop are three live
//! ranges that a single interval each would make overlap. Back edges come first, inner loops before outer ones.

use super::edge_pairs;
use super::intervals::{Lives, Segment};
use super::order::Order;
use crate::base::effort::spend;
use crate::ir::entities::Val;
use crate::ir::function::Function;
use crate::ir::inst::Mode;
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashSet;

/// A class: an index into [`Classes::list`].
pub type ClassId = u32;

/// Values in one register.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// Ascending and disjoint. Empty for a class merged into another.
    pub segments: Vec<Segment>,
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
    /// The register it must have.
    pub fixed: Option<u16>,
}

impl Class {
    /// Whether some member is live at `place`.
    pub fn covers(&self, place: u32) -> bool {
        let after = self.segments.partition_point(|segment| segment.start <= place);
        after > 0 && self.segments[after - 1].end >= place
    }
}

/// The classes of a function.
pub struct Classes {
    /// All classes.
    pub list: Vec<Class>,
    parent: SecondaryMap<Val, Option<ClassId>>,
    merged: Vec<ClassId>,
}

impl Classes {
    /// Coalesces the values of `func`.
    pub fn new(func: &Function, order: &Order, lives: &Lives) -> Classes {
        let mut classes = Classes { list: Vec::new(), parent: SecondaryMap::new(), merged: Vec::new() };
        for (val, segments) in lives.segments.iter().filter(|(_, segments)| !segments.is_empty()) {
            classes.parent[val] = Some(classes.list.len() as ClassId);
            classes.merged.push(classes.list.len() as ClassId);
            let start = segments.iter().map(|segment| order.point(segment.start)).min().unwrap_or(0);
            let end = segments.iter().map(|segment| order.point(segment.end)).max().unwrap_or(0);
            classes.list.push(Class { segments: segments.to_vec(), start, end, fixed: None });
        }
        for (index, &param) in func.blocks[func.entry].params.iter().enumerate() {
            if let Some(class) = classes.of(param) {
                classes.list[class as usize].fixed = Some(index as u16);
            }
        }
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                if let (Some(result), Some(&root)) = (data.result.expand(), data.args.first())
                    && data.op.mode(0) == Mode::Update
                {
                    classes.merge(root, result);
                }
            }
        }
        for (arg, param) in moves(func, order) {
            classes.merge(arg, param);
        }
        classes
    }

    /// The class of a value; `None` if it has no register.
    pub fn of(&self, val: Val) -> Option<ClassId> {
        let mut class = self.parent[val]?;
        while self.merged[class as usize] != class {
            class = self.merged[class as usize];
        }
        Some(class)
    }

    fn merge(&mut self, a: Val, b: Val) {
        let (Some(a), Some(b)) = (self.of(a), self.of(b)) else { return };
        let (small, large) =
            if self.list[a as usize].segments.len() < self.list[b as usize].segments.len() { (a, b) } else { (b, a) };
        if a == b || self.list[a as usize].fixed.is_some() && self.list[b as usize].fixed.is_some() {
            return;
        }
        if overlap(&self.list[small as usize].segments, &self.list[large as usize].segments) {
            return;
        }
        let taken = std::mem::take(&mut self.list[small as usize]);
        self.merged[small as usize] = large;
        let kept = &mut self.list[large as usize];
        kept.fixed = kept.fixed.or(taken.fixed);
        kept.start = kept.start.min(taken.start);
        kept.end = kept.end.max(taken.end);
        join(&mut kept.segments, taken.segments);
    }
}

fn overlap(small: &[Segment], large: &[Segment]) -> bool {
    small.iter().any(|segment| {
        spend(1);
        let after = large.partition_point(|other| other.start <= segment.end);
        after > 0 && large[after - 1].end >= segment.start
    })
}

fn join(large: &mut Vec<Segment>, small: Vec<Segment>) {
    // A variable of a long function collects its segments one by one: inserting is then cheaper than merging.
    if small.len() * 16 < large.len() {
        for segment in small {
            let at = large.partition_point(|other| other.start < segment.start);
            large.insert(at, segment);
        }
    } else {
        large.extend(small);
        spend(large.len());
        large.sort_unstable_by_key(|segment| segment.start);
    }
}

/// Pairs of argument and parameter, the ones executed most often first, each once.
fn moves(func: &Function, order: &Order) -> Vec<(Val, Val)> {
    let mut edges = Vec::new();
    for inst in func.layout.iter().flat_map(|&block| func.blocks[block].insts.iter().copied()) {
        let data = &func.insts[inst];
        let from = order.at[inst];
        for call in &data.targets {
            let to = order.head[call.block];
            let rank = if to <= from { (0, from - to) } else { (1, 0) };
            edges.push((rank, from, call));
        }
        edges.extend(data.unwind.as_deref().map(|call| ((2, 0), from, call)));
    }
    edges.sort_by_key(|&(rank, from, _)| (rank, from));
    let mut seen = FxHashSet::default();
    let mut pairs = Vec::new();
    for (_, _, call) in edges {
        pairs.extend(edge_pairs(func, call).into_iter().filter(|&pair| seen.insert(pair)));
    }
    pairs
}
