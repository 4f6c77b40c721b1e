//! The control-flow graph of a function: edges, exceptional ones included, and orders of the reachable blocks.
//!
//! An exceptional edge leaves its block from the middle: at the instruction that raises. Blocks without a path from the
//! entry have no place in the orders, and edges that leave them are not listed.

use super::entities::{Block, Inst};
use super::function::Function;
use crate::base::lists::{Lists, dense};
use cranelift_entity::SecondaryMap;

/// An edge into a block: the block it leaves and the instruction whose target or `unwind` it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pred {
    /// The block the edge leaves.
    pub block: Block,
    /// The terminator, or the instruction that may raise.
    pub inst: Inst,
}

/// Predecessors, successors and orders.
#[derive(Clone, Debug, Default)]
pub struct Cfg {
    edges: Lists<Block, Pred>,
    preds: Lists<Block, Block>,
    /// The targets of all blocks, those of one block together, and where those of each block are.
    targets: Vec<Block>,
    succs: SecondaryMap<Block, (u32, u32)>,
    postorder: Vec<Block>,
    number: SecondaryMap<Block, u32>,
}

/// An edge on its way into the lists.
struct Edge {
    target: Block,
    inst: Inst,
}

/// What the depth-first search keeps.
struct Search {
    /// The edges of the blocks met, those of one block together, and where those of each block are.
    edges: Vec<Edge>,
    places: SecondaryMap<Block, (u32, u32)>,
    /// Blocks to be left, and the next of their successors to look at.
    stack: Vec<(Block, u32)>,
}

impl Cfg {
    /// The graph of `func` as it is now.
    pub fn new(func: &Function) -> Cfg {
        let (count, blocks) = (func.layout.len(), func.blocks.len());
        let mut cfg = Cfg {
            targets: Vec::with_capacity(2 * count),
            succs: dense(blocks),
            postorder: Vec::with_capacity(count),
            number: dense(blocks),
            ..Cfg::default()
        };
        let mut search =
            Search { edges: Vec::with_capacity(2 * count), places: dense(blocks), stack: Vec::with_capacity(16) };
        cfg.visit(func, func.entry, &mut search);
        while let Some((block, next)) = search.stack.last_mut() {
            if *next < cfg.succs[*block].1 {
                let succ = cfg.targets[*next as usize];
                *next += 1;
                cfg.visit(func, succ, &mut search);
            } else {
                cfg.postorder.push(*block);
                search.stack.pop();
            }
        }
        let count = cfg.postorder.len() as u32;
        for (i, &block) in cfg.postorder.iter().enumerate() {
            cfg.number[block] = count - i as u32;
        }
        let mut into = Vec::with_capacity(search.edges.len());
        for &block in cfg.postorder.iter().rev() {
            let (first, last) = search.places[block];
            let edges = &search.edges[first as usize..last as usize];
            into.extend(edges.iter().map(|edge| (edge.target, Pred { block, inst: edge.inst })));
        }
        cfg.edges = Lists::new(blocks, &into);
        // Edges of one block to one target follow each other.
        let mut preds = Vec::with_capacity(into.len());
        for &block in &cfg.postorder {
            let mut last = None;
            for pred in cfg.edges.of(block) {
                if last.replace(pred.block) != Some(pred.block) {
                    preds.push((block, pred.block));
                }
            }
        }
        cfg.preds = Lists::new(blocks, &preds);
        cfg
    }

    fn visit(&mut self, func: &Function, block: Block, search: &mut Search) {
        if self.number[block] != 0 {
            return;
        }
        self.number[block] = u32::MAX;
        let (edge, target) = (search.edges.len() as u32, self.targets.len() as u32);
        let mut last = None;
        func.for_each_edge(block, |inst, call| {
            search.edges.push(Edge { target: call.block, inst });
            if last.replace(call.block) != Some(call.block) {
                self.targets.push(call.block);
            }
        });
        search.places[block] = (edge, search.edges.len() as u32);
        self.succs[block] = (target, self.targets.len() as u32);
        search.stack.push((block, target));
    }

    /// Every edge into `block`, in reverse postorder of the blocks they leave.
    pub fn edges(&self, block: Block) -> &[Pred] {
        self.edges.of(block)
    }

    /// The blocks with an edge to `block`, each once.
    pub fn preds(&self, block: Block) -> &[Block] {
        self.preds.of(block)
    }

    /// The targets of `block`'s edges, in the order of its instructions; a target may occur again, but not twice in a row.
    pub fn succs(&self, block: Block) -> &[Block] {
        let (first, last) = self.succs[block];
        &self.targets[first as usize..last as usize]
    }

    /// Whether there is a path from the entry to `block`.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.number[block] != 0
    }

    /// The reachable blocks, each after all its successors but those of back edges.
    pub fn postorder(&self) -> &[Block] {
        &self.postorder
    }

    /// The reachable blocks, each before all its successors but those of back edges; the entry first.
    pub fn reverse_postorder(&self) -> impl DoubleEndedIterator<Item = Block> + ExactSizeIterator + '_ {
        self.postorder.iter().rev().copied()
    }

    /// Place of a reachable block in the reverse postorder, from 1.
    pub fn number(&self, block: Block) -> u32 {
        self.number[block]
    }
}
