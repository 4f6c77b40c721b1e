//! Liveness: which values are needed at the beginning of each block.
//!
//! The equations of data flow, backwards, by a work list in postorder (Brandner et al., "Computing Liveness Sets for SSA-Form
//! Programs", INRIA 2011, section 3). The sets of neighbouring blocks share what they have in common (`base::shared_set`), so a value
//! that lives through many blocks costs nothing in most of them: the work is the number of blocks and of uses outside of
//! the defining block, times the height of the tree of a set, where the sum of all sets may be values x blocks.
//!
//! A use by an instruction, an edge argument included, is in the instruction's block. A use of a borrowed value is one of its lender, too. A value live into a handler is live in
//! every block that has an exceptional edge to it, up to the last of them. Parameters of a block are defined in it, not live
//! into it.

use super::cfg::Cfg;
use super::entities::{Block, Val};
use super::function::Function;
use crate::base::effort::spend;
use crate::base::epoch_set::EpochSet;
use crate::base::shared_set::SharedSet;
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntitySet, SecondaryMap};
use std::collections::BinaryHeap;
use std::ops::Range;

/// A set of values.
pub type ValSet = SharedSet<Val>;

/// The live-in sets of a function.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    live_in: SecondaryMap<Block, ValSet>,
}

impl Liveness {
    /// Liveness of the reachable blocks of `func`, whose graph is `cfg`.
    pub fn new(func: &Function, cfg: &Cfg) -> Liveness {
        Liveness::of(func, cfg, |_| true)
    }

    /// The same of the values `wanted` only: constants that no register holds, shared by many blocks, would make the sets of
    /// neighbours differ in all of them.
    pub fn of(func: &Function, cfg: &Cfg, wanted: impl Fn(Val) -> bool) -> Liveness {
        let local = Local::new(func, cfg, wanted);
        let mut live_in: SecondaryMap<Block, ValSet> = SecondaryMap::new();
        // The greatest number first: the block nearest to the exits.
        let mut work: BinaryHeap<(u32, Block)> =
            cfg.postorder().iter().map(|&block| (cfg.number(block), block)).collect();
        let mut queued: EntitySet<Block> = EntitySet::new();
        queued.extend(cfg.postorder().iter().copied());
        while let Some((_, block)) = work.pop() {
            queued.remove(block);
            let mut live = ValSet::default();
            cfg.succs(block).iter().for_each(|&succ| live.extend(&live_in[succ]));
            let (exposed, escaping) = local.of(block);
            spend(1 + exposed.len() + escaping.len());
            escaping.iter().for_each(|&val| live.remove(val));
            exposed.iter().for_each(|&val| live.insert(val));
            if live != live_in[block] {
                live_in[block] = live;
                for &pred in cfg.preds(block) {
                    if queued.insert(pred) {
                        work.push((cfg.number(pred), pred));
                    }
                }
            }
        }
        Liveness { live_in }
    }

    /// The values live into `block`; its parameters are not among them.
    pub fn live_in(&self, block: Block) -> &ValSet {
        &self.live_in[block]
    }

    /// Whether `val` is live into `block`.
    pub fn is_live_in(&self, block: Block, val: Val) -> bool {
        self.live_in[block].contains(val)
    }

    /// Makes `to` live into `block` instead of `from`, if that is.
    pub fn rename(&mut self, block: Block, from: Val, to: Val) {
        let live = &mut self.live_in[block];
        if live.contains(from) {
            live.remove(from);
            live.insert(to);
        }
    }

    /// Makes `val` a parameter of `block`, which is not live into it.
    pub fn define(&mut self, block: Block, val: Val) {
        self.live_in[block].remove(val);
    }

    /// The values needed after the terminator of `block` (arguments of its edges not counted).
    pub fn live_out(&self, func: &Function, block: Block) -> ValSet {
        let mut live = ValSet::default();
        func.insts[func.terminator(block)].targets.iter().for_each(|call| live.extend(&self.live_in[call.block]));
        live
    }
}

/// What blocks by themselves do to liveness.
struct Local {
    /// The values a block uses that others define, each once.
    exposed: Vec<Val>,
    /// The values a block defines that others use.
    escaping: Vec<Val>,
    /// The part of the two lists that a block has.
    ranges: SecondaryMap<Block, (Range<u32>, Range<u32>)>,
}

impl Local {
    fn new(func: &Function, cfg: &Cfg, wanted: impl Fn(Val) -> bool) -> Local {
        let mut home: SecondaryMap<Val, PackedOption<Block>> = SecondaryMap::with_capacity(func.values.len());
        for block in cfg.reverse_postorder() {
            for_each_definition(func, block, |val| home[val] = block.into());
        }
        let mut local = Local { exposed: Vec::new(), escaping: Vec::new(), ranges: SecondaryMap::new() };
        let mut seen: EpochSet<Val> = EpochSet::default();
        let mut escapes: EntitySet<Val> = EntitySet::with_capacity(func.values.len());
        for block in cfg.reverse_postorder() {
            let first = local.exposed.len() as u32;
            seen.clear();
            for &inst in &func.blocks[block].insts {
                func.for_each_need(inst, |val| {
                    if home[val].expand() != Some(block) && wanted(val) && seen.insert(val) {
                        local.exposed.push(val);
                        escapes.insert(val);
                    }
                });
            }
            local.ranges[block].0 = first..local.exposed.len() as u32;
        }
        for block in cfg.reverse_postorder() {
            let first = local.escaping.len() as u32;
            for_each_definition(func, block, |val| {
                if escapes.contains(val) {
                    local.escaping.push(val);
                }
            });
            local.ranges[block].1 = first..local.escaping.len() as u32;
        }
        local
    }

    fn of(&self, block: Block) -> (&[Val], &[Val]) {
        let (exposed, escaping) = self.ranges[block].clone();
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        (&self.exposed[range(exposed)], &self.escaping[range(escaping)])
    }
}

fn for_each_definition(func: &Function, block: Block, mut f: impl FnMut(Val)) {
    func.blocks[block].params.iter().copied().for_each(&mut f);
    func.blocks[block].insts.iter().filter_map(|&inst| func.insts[inst].result.expand()).for_each(f);
}
