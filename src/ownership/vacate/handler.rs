//! Handlers that use a container as it was when the error was raised.
//!
//! A handler that every error reaches with the same container uses that directly. Once a place of the container is vacated in the
//! `try` body there are two versions of it, so the handler gets the one it needs as a parameter.

use super::{Order, Step};
use crate::ir::entities::{Block, Val};
use crate::ir::function::Function;
use cranelift_entity::EntitySet;

/// Handlers of one function that get a parameter: each costs a walk over the function.
pub(super) const MAX_HANDLERS: usize = 32;
/// Blocks into which a handler may carry the container.
const MAX_BLOCKS: usize = 64;

/// The blocks that need `root` and that control reaches through `handler`; None if it reaches one of them otherwise, too.
pub(super) fn behind(func: &Function, order: &Order, handler: Block, root: Val) -> Option<Vec<Block>> {
    let mut seen: EntitySet<Block> = EntitySet::new();
    let mut blocks = vec![handler];
    seen.insert(handler);
    let mut next = 0;
    let first = func.blocks[handler].insts[0];
    while let Some(&block) = blocks.get(next) {
        next += 1;
        let start = *func.blocks[block].insts.iter().find(|&&inst| order.points.block_of(inst).is_some())?;
        if blocks.len() > MAX_BLOCKS || !order.points.dominates(first, start) {
            return None;
        }
        func.for_each_edge(block, |_, call| {
            if order.live.is_live_in(call.block, root) && seen.insert(call.block) {
                blocks.push(call.block);
            }
        });
    }
    Some(blocks)
}

impl Step<'_> {
    /// Gives `handler` the container as a parameter, which takes its place in what is behind the handler.
    pub(super) fn pass_to(&mut self, handler: Block, root: Val) {
        self.order();
        let order = self.order.as_mut().expect("just computed");
        let Some(behind) = behind(self.func, order, handler, root) else { return };
        for block in self.func.layout.clone() {
            for &inst in &self.func.blocks[block].insts {
                let data = &mut self.func.insts[inst];
                let calls = data.targets.iter_mut().chain(data.unwind.as_deref_mut());
                calls.filter(|call| call.block == handler).for_each(|call| call.args.push(root));
            }
        }
        let param = self.func.append_param(handler, self.func.values[root].ty);
        for block in behind {
            order.live.rename(block, root, param);
            for &inst in &self.func.blocks[block].insts {
                let data = &mut self.func.insts[inst];
                let calls = data.targets.iter_mut().chain(data.unwind.as_deref_mut());
                let operands = data.args.iter_mut().chain(calls.flat_map(|call| call.args.iter_mut()));
                let renamed = operands.filter(|val| **val == root).map(|val| *val = param).count();
                if renamed > 0 {
                    self.uses[param].push(inst);
                }
            }
        }
        order.live.define(handler, param);
        self.handlers += 1;
    }
}
