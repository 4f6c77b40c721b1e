//! Liveness: which values are needed at the beginning of each block.
//!
//! One backward walk per value from its uses to its definition (Boissinot et al., "Computing Liveness Sets for SSA-Form
//! Programs", INRIA 2011): the work is the size of the answer, with no blocks x values bitset.
//!
//! A use by an instruction, an edge argument included, is in the instruction's block. A value live into a handler is live in
//! every block that has an exceptional edge to it, up to the last of them. Parameters of a block are defined in it, not live
//! into it.

use super::cfg::Cfg;
use super::entities::{Block, Val};
use super::function::{Function, ValDef};
use crate::base::effort::spend;
use cranelift_entity::SecondaryMap;
use cranelift_entity::packed_option::PackedOption;

/// The live-in sets of a function.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    live_in: SecondaryMap<Block, Vec<Val>>,
}

impl Liveness {
    /// Liveness of the reachable blocks of `func`, whose graph is `cfg`.
    pub fn new(func: &Function, cfg: &Cfg) -> Liveness {
        let uses = UseBlocks::new(func, cfg);
        let def_blocks = definition_blocks(func, cfg);
        let mut live_in: SecondaryMap<Block, Vec<Val>> = SecondaryMap::new();
        let mut work: Vec<Block> = Vec::new();
        for val in func.values.keys() {
            let def = def_blocks[val].expand();
            work.extend(uses.of(val));
            while let Some(block) = work.pop() {
                if def == Some(block) || live_in[block].last() == Some(&val) {
                    continue;
                }
                spend(1);
                live_in[block].push(val);
                work.extend_from_slice(cfg.preds(block));
            }
        }
        Liveness { live_in }
    }

    /// The values live into `block`, in increasing order; its parameters are not among them.
    pub fn live_in(&self, block: Block) -> &[Val] {
        &self.live_in[block]
    }

    /// Whether `val` is live into `block`.
    pub fn is_live_in(&self, block: Block, val: Val) -> bool {
        self.live_in[block].binary_search(&val).is_ok()
    }

    /// Makes `to`, which is newer than all values, live into `block` instead of `from`.
    pub fn rename(&mut self, block: Block, from: Val, to: Val) {
        let live = &mut self.live_in[block];
        if let Ok(place) = live.binary_search(&from) {
            live.remove(place);
            live.push(to);
        }
    }

    /// Makes `val`, which is newer than all values, a parameter of `block`, which is not live into it.
    pub fn define(&mut self, block: Block, val: Val) {
        self.live_in[block].retain(|&live| live != val);
    }

    /// Whether `val` is needed after the terminator of `block`, on some edge (arguments of the edge not counted).
    pub fn is_live_out(&self, func: &Function, block: Block, val: Val) -> bool {
        func.insts[func.terminator(block)].targets.iter().any(|call| self.is_live_in(call.block, val))
    }

    /// The values needed after the terminator of `block`, in increasing order (arguments of its edges not counted).
    pub fn live_out(&self, func: &Function, block: Block) -> Vec<Val> {
        let targets = &func.insts[func.terminator(block)].targets;
        let mut live: Vec<Val> = targets.iter().flat_map(|call| self.live_in(call.block)).copied().collect();
        if targets.len() > 1 {
            live.sort_unstable();
            live.dedup();
        }
        live
    }
}

fn definition_blocks(func: &Function, cfg: &Cfg) -> SecondaryMap<Val, PackedOption<Block>> {
    let mut blocks: SecondaryMap<Val, PackedOption<Block>> = SecondaryMap::new();
    for block in cfg.reverse_postorder() {
        for &param in &func.blocks[block].params {
            blocks[param] = block.into();
        }
        for &inst in &func.blocks[block].insts {
            if let Some(val) = func.insts[inst].result.expand() {
                debug_assert_eq!(func.values[val].def, ValDef::Result(inst));
                blocks[val] = block.into();
            }
        }
    }
    blocks
}

/// For each value the blocks that use it, as lists threaded through one vector.
struct UseBlocks {
    head: SecondaryMap<Val, u32>,
    links: Vec<(Block, u32)>,
}

impl UseBlocks {
    fn new(func: &Function, cfg: &Cfg) -> UseBlocks {
        let mut uses = UseBlocks { head: SecondaryMap::with_capacity(func.values.len()), links: Vec::new() };
        for block in cfg.reverse_postorder() {
            for &inst in &func.blocks[block].insts {
                func.for_each_use(inst, |val| {
                    let head = uses.head[val];
                    if head == 0 || uses.links[head as usize - 1].0 != block {
                        uses.links.push((block, head));
                        uses.head[val] = uses.links.len() as u32;
                    }
                });
            }
        }
        uses
    }

    fn of(&self, val: Val) -> impl Iterator<Item = Block> + '_ {
        let mut at = self.head[val];
        std::iter::from_fn(move || {
            let (block, next) = *self.links.get((at as usize).checked_sub(1)?)?;
            at = next;
            Some(block)
        })
    }
}
