//! The control-flow graph of a function: edges, exceptional ones included, and orders of the reachable blocks.
//!
//! An exceptional edge leaves its block from the middle: at the instruction that raises. Blocks without a path from the
//! entry have no place in the orders, and edges that leave them are not listed.

use super::entities::{Block, Inst};
use super::function::Function;
use cranelift_entity::SecondaryMap;
use smallvec::SmallVec;

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
    edges: SecondaryMap<Block, SmallVec<[Pred; 2]>>,
    preds: SecondaryMap<Block, SmallVec<[Block; 2]>>,
    succs: SecondaryMap<Block, SmallVec<[Block; 2]>>,
    postorder: Vec<Block>,
    number: SecondaryMap<Block, u32>,
}

impl Cfg {
    /// The graph of `func` as it is now.
    pub fn new(func: &Function) -> Cfg {
        let mut cfg = Cfg::default();
        let mut stack: Vec<(Block, usize)> = Vec::new();
        cfg.visit(func, func.entry, &mut stack);
        while let Some((block, next)) = stack.last_mut() {
            let succs = &cfg.succs[*block];
            if let Some(&succ) = succs.get(*next) {
                *next += 1;
                cfg.visit(func, succ, &mut stack);
            } else {
                cfg.postorder.push(*block);
                stack.pop();
            }
        }
        let count = cfg.postorder.len() as u32;
        for (i, &block) in cfg.postorder.iter().enumerate() {
            cfg.number[block] = count - i as u32;
        }
        for i in (0..cfg.postorder.len()).rev() {
            let block = cfg.postorder[i];
            func.for_each_edge(block, |inst, call| {
                cfg.edges[call.block].push(Pred { block, inst });
                if cfg.preds[call.block].last() != Some(&block) {
                    cfg.preds[call.block].push(block);
                }
            });
        }
        cfg
    }

    fn visit(&mut self, func: &Function, block: Block, stack: &mut Vec<(Block, usize)>) {
        if self.number[block] != 0 {
            return;
        }
        self.number[block] = u32::MAX;
        let mut last = None;
        func.for_each_edge(block, |_, call| {
            if last != Some(call.block) {
                last = Some(call.block);
                self.succs[block].push(call.block);
            }
        });
        stack.push((block, 0));
    }

    /// Every edge into `block`, in reverse postorder of the blocks they leave.
    pub fn edges(&self, block: Block) -> &[Pred] {
        &self.edges[block]
    }

    /// The blocks with an edge to `block`, each once.
    pub fn preds(&self, block: Block) -> &[Block] {
        &self.preds[block]
    }

    /// The targets of `block`'s edges, in the order of its instructions; a target may occur again, but not twice in a row.
    pub fn succs(&self, block: Block) -> &[Block] {
        &self.succs[block]
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
