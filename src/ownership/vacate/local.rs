//! Places whose root is a container in a register.

use super::handler::{MAX_HANDLERS, behind};
use super::{Root, Step, Store, store_of};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::inst::Op;
use crate::ir::liveness::Liveness;
use cranelift_entity::EntitySet;
use smallvec::SmallVec;

/// Blocks looked through for uses of the root.
pub(super) const MAX_BLOCKS: usize = 256;

/// What follows a point where the place could be vacated.
struct Reach {
    /// The stores to the place that may come next.
    stores: SmallVec<[Inst; 2]>,
    /// Whether the handler of the updating instruction takes the root.
    handled: bool,
    /// The handlers that use the root without being given it.
    handlers: SmallVec<[Block; 2]>,
}

impl Step<'_> {
    /// Vacates a place in the container `root` before the instruction at `at`.
    pub(super) fn vacate_local(
        &mut self,
        root: Val,
        store: &Store,
        block: Block,
        at: usize,
        val: Val,
        updates: bool,
    ) -> bool {
        let Some(reach) = self.reach(root, store, block, at, updates) else { return false };
        let mut updating = self.func.blocks[block].insts[at];
        if reach.handled && !self.can_land(updating) {
            return false;
        }
        let before = self.func.blocks[block].insts.len();
        let Some((Some(vacated), keys)) = self.insert(block, at, val, store) else { return false };
        for handler in reach.handlers {
            self.pass_to(handler, root);
        }
        for inst in reach.stores {
            let data = &mut self.func.insts[inst];
            data.args[0] = vacated;
            if let Some(call) = &mut data.unwind {
                call.args.iter_mut().filter(|arg| **arg == root).for_each(|arg| *arg = vacated);
            }
            self.use_keys(inst, &keys, store);
            self.uses[vacated].push(inst);
        }
        if reach.handled {
            let at = at + self.func.blocks[block].insts.len() - before;
            updating = self.func.blocks[block].insts[at];
            self.land(block, at, updating, val, store, &keys, Some((root, vacated)));
        }
        true
    }

    /// Whether `block` was made by this step and raises the error again to a handler that takes the root.
    fn resumes_with(&self, mut block: Block, root: Val, live: &Liveness) -> bool {
        loop {
            let last = &self.func.insts[self.func.terminator(block)];
            match last.unwind.as_deref() {
                Some(call) if last.op == Op::Resume => {
                    if call.args.contains(&root) || live.is_live_in(call.block, root) {
                        return true;
                    }
                    block = call.block;
                }
                _ => return false,
            }
        }
    }

    /// What follows the point before the instruction at `at`; None if someone may look at the root there.
    fn reach(&mut self, root: Val, store: &Store, block: Block, at: usize, updates: bool) -> Option<Reach> {
        let anchor = self.anchor(block, at)?;
        self.order();
        let order = self.order.as_ref().expect("just computed");
        let mut reach = Reach { stores: SmallVec::new(), handled: false, handlers: SmallVec::new() };
        let mut visited: EntitySet<Block> = EntitySet::new();
        let (mut work, mut count) = (vec![(block, at)], 0);
        while let Some((here, start)) = work.pop() {
            count += 1;
            if count > MAX_BLOCKS {
                return None;
            }
            for (place, &inst) in self.func.blocks[here].insts.iter().enumerate().skip(start) {
                let data = &self.func.insts[inst];
                let is_store = data.args.first() == Some(&root)
                    && !data.args[1..].contains(&root)
                    && store_of(self.func, inst)
                        .is_some_and(|other| other.root == Root::Local(root) && self.same_place(&other, store));
                if is_store {
                    if here != block && !order.points.dominates(anchor, inst) {
                        return None;
                    }
                    reach.stores.push(inst);
                } else if data.args.contains(&root) {
                    return None;
                }
                if let Some(call) = data.unwind.as_deref() {
                    let uses = order.live.is_live_in(call.block, root);
                    if uses && !reach.handlers.contains(&call.block) {
                        if self.handlers >= MAX_HANDLERS {
                            return None;
                        }
                        behind(self.func, order, call.block, root)?;
                        reach.handlers.push(call.block);
                    }
                    if self.resumes_with(call.block, root, &order.live) {
                        return None;
                    }
                    // A store that raises has found nothing vacated.
                    if (uses || call.args.contains(&root)) && !is_store {
                        if !(updates && here == block && place == at) {
                            return None;
                        }
                        reach.handled = true;
                    }
                }
                if data.targets.iter().any(|call| call.args.contains(&root)) {
                    return None;
                }
            }
            for call in &self.func.insts[self.func.terminator(here)].targets {
                if !order.live.is_live_in(call.block, root) {
                    continue;
                }
                if call.block == block {
                    return None;
                }
                if visited.insert(call.block) {
                    work.push((call.block, 0));
                }
            }
        }
        (!reach.stores.is_empty()).then_some(reach)
    }
}
