//! Which owned values are live on entry of each block.
//!
//! Method: from each use upwards to the definition, value by value (Boissinot et al. 2011, "liveness sets by use"); the cost is
//! the size of the sets. An exceptional edge counts as an edge of the block its instruction is in: a value the handler needs
//! is live at that instruction.

use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{Function, ValDef};
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntitySet, SecondaryMap};

/// Live-in sets, block parameters excluded.
pub struct LiveIn {
    sets: SecondaryMap<Block, Vec<Val>>,
}

impl LiveIn {
    /// The sets of `func`, of the values in `tracked`.
    pub fn new(func: &Function, tracked: &EntitySet<Val>) -> LiveIn {
        let mut home: SecondaryMap<Inst, PackedOption<Block>> = SecondaryMap::new();
        let mut preds: SecondaryMap<Block, Vec<Block>> = SecondaryMap::new();
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                home[inst] = block.into();
            }
            func.for_each_edge(block, |_, call| {
                if preds[call.block].last() != Some(&block) {
                    preds[call.block].push(block);
                }
            });
        }
        let defined_in = |val: Val| match func.values[val].def {
            ValDef::Result(inst) => home[inst].expand(),
            ValDef::Param(block, _) => Some(block),
        };
        let mut uses: Vec<(Val, Block)> = Vec::new();
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                func.for_each_use(inst, |val| {
                    if tracked.contains(val) && defined_in(val) != Some(block) {
                        uses.push((val, block));
                    }
                });
            }
        }
        uses.sort_unstable();
        uses.dedup();

        let mut sets: SecondaryMap<Block, Vec<Val>> = SecondaryMap::new();
        let mut work = Vec::new();
        for (val, block) in uses {
            work.push(block);
            while let Some(block) = work.pop() {
                if sets[block].last() == Some(&val) {
                    continue;
                }
                sets[block].push(val);
                work.extend(preds[block].iter().copied().filter(|&pred| defined_in(val) != Some(pred)));
            }
        }
        LiveIn { sets }
    }

    /// The values live on entry of `block`, ascending.
    pub fn of(&self, block: Block) -> &[Val] {
        &self.sets[block]
    }

    /// Whether `val` is live on entry of `block`.
    pub fn contains(&self, block: Block, val: Val) -> bool {
        self.sets[block].binary_search(&val).is_ok()
    }
}
