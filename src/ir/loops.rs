//! Natural loops: a header, and the blocks that reach one of its back edges without passing it.
//!
//! Loops of one header are one loop. A cycle whose blocks no single block dominates is not a loop here.

use super::cfg::Cfg;
use super::dominators::Dominators;
use super::entities::Block;
use super::function::Function;
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{PrimaryMap, SecondaryMap, entity_impl};
use std::ops::Range;

/// A natural loop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loop(u32);
entity_impl!(Loop, "loop");

/// What is known of one loop.
#[derive(Clone, Debug)]
pub struct LoopData {
    /// The block all its blocks are entered by.
    pub header: Block,
    /// The innermost loop around it.
    pub parent: PackedOption<Loop>,
    /// Nesting depth, from 1.
    pub depth: u32,
    /// From the first to past the last of its blocks, as places in the layout.
    pub range: Range<usize>,
}

/// The range of no place: the start of every union.
const NO_RANGE: Range<usize> = Range { start: usize::MAX, end: 0 };

/// The loops of a function.
#[derive(Clone, Debug, Default)]
pub struct Loops {
    loops: PrimaryMap<Loop, LoopData>,
    innermost: SecondaryMap<Block, PackedOption<Loop>>,
}

impl Loops {
    /// The loops of `func`.
    pub fn new(func: &Function, cfg: &Cfg, dominators: &Dominators) -> Loops {
        let mut loops = Loops::default();
        // Inner headers first: postorder visits a dominated header before its dominator.
        for &header in cfg.postorder() {
            let mut work: Vec<Block> =
                cfg.preds(header).iter().copied().filter(|&pred| dominators.dominates(header, pred)).collect();
            if work.is_empty() {
                continue;
            }
            let new = loops.loops.push(LoopData { header, parent: None.into(), depth: 0, range: NO_RANGE });
            while let Some(block) = work.pop() {
                let Some(inner) = loops.outermost(block) else {
                    loops.innermost[block] = new.into();
                    if block != header {
                        work.extend_from_slice(cfg.preds(block));
                    }
                    continue;
                };
                if inner != new {
                    loops.loops[inner].parent = new.into();
                    work.extend_from_slice(cfg.preds(loops.loops[inner].header));
                }
            }
        }
        for number in loops.loops.keys().rev() {
            let parent = loops.loops[number].parent.expand();
            loops.loops[number].depth = 1 + parent.map_or(0, |parent| loops.loops[parent].depth);
        }
        for (place, &block) in func.layout.iter().enumerate() {
            if let Some(inner) = loops.innermost[block].expand() {
                let range = &mut loops.loops[inner].range;
                *range = range.start.min(place)..range.end.max(place + 1);
            }
        }
        for number in loops.loops.keys() {
            if let Some(parent) = loops.loops[number].parent.expand() {
                let inner = loops.loops[number].range.clone();
                let range = &mut loops.loops[parent].range;
                *range = range.start.min(inner.start)..range.end.max(inner.end);
            }
        }
        loops
    }

    fn outermost(&self, block: Block) -> Option<Loop> {
        let mut at = self.innermost[block].expand()?;
        while let Some(parent) = self.loops[at].parent.expand() {
            at = parent;
        }
        Some(at)
    }

    /// Every loop, inner ones before the loops around them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Loop, &LoopData)> {
        self.loops.iter()
    }

    /// One loop.
    pub fn get(&self, number: Loop) -> &LoopData {
        &self.loops[number]
    }

    /// The innermost loop a block is in.
    pub fn innermost(&self, block: Block) -> Option<Loop> {
        self.innermost[block].expand()
    }

    /// How many loops a block is in.
    pub fn depth(&self, block: Block) -> u32 {
        self.innermost(block).map_or(0, |inner| self.loops[inner].depth)
    }

    /// Whether `block` is in loop `number`.
    pub fn contains(&self, number: Loop, block: Block) -> bool {
        let mut at = self.innermost(block);
        while let Some(inner) = at {
            if inner == number {
                return true;
            }
            at = self.loops[inner].parent.expand();
        }
        false
    }

    /// The header of the innermost loop of `block`.
    pub fn header(&self, block: Block) -> Option<Block> {
        self.innermost(block).map(|inner| self.loops[inner].header)
    }
}
