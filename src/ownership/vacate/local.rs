//! Places whose root is a container in a register.

use super::{Root, Step, Store, store_of};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::ValDef;
use crate::ir::inst::Op;
use crate::ir::liveness::Liveness;
use cranelift_entity::EntitySet;
use smallvec::SmallVec;

/// Blocks looked through for uses of the root.
const MAX_BLOCKS: usize = 256;

/// What follows a point where the place could be vacated.
struct Reach {
    /// The stores to the place that may come next.
    stores: SmallVec<[Inst; 2]>,
    /// Whether the handler of the updating instruction takes the root.
    handled: bool,
}

impl Step<'_> {
    /// Vacates the place of a store before the instructions that change what it has; else where it was read or its values meet,
    /// if they are changed in a loop.
    pub(super) fn local(&mut self, root: Val, store: &Store, aliases: &[Val]) {
        let updates: SmallVec<[(Inst, Val); 4]> = aliases
            .iter()
            .flat_map(|&val| self.uses[val].iter().map(move |&inst| (inst, val)))
            .filter(|&(inst, val)| inst != store.inst && self.updates(inst, val))
            .collect();
        if updates.is_empty() {
            return;
        }
        let mut done = false;
        for (inst, val) in updates {
            if let Some((block, at)) = self.find(inst) {
                done |= self.vacate_before(root, store, block, at, val, true);
            }
        }
        for &val in aliases {
            if done {
                return;
            }
            let start = match self.func.values[val].def {
                ValDef::Result(inst) => self.find(inst).map(|(block, at)| (block, at + 1)),
                ValDef::Param(block, _) => Some((block, 0)),
            };
            let Some((block, mut at)) = start else { continue };
            let insts = &self.func.blocks[block].insts;
            if at == 0 && self.func.insts[insts[0]].op == Op::Caught || self.func.insts[insts[at]].op.starts_function()
            {
                at += 1;
            }
            done = self.vacate_before(root, store, block, at, val, false);
        }
    }

    /// Where an instruction stands, one inserted before, too.
    fn find(&mut self, inst: Inst) -> Option<(Block, usize)> {
        if let Some(found) = self.position(inst) {
            return Some(found);
        }
        self.func.layout.iter().find_map(|&block| {
            let at = self.func.blocks[block].insts.iter().position(|&other| other == inst)?;
            Some((block, at))
        })
    }

    /// Vacates the place before the instruction at `at`, which `updates` the value, if nobody can see that; whether it does.
    fn vacate_before(&mut self, root: Val, store: &Store, block: Block, at: usize, val: Val, updates: bool) -> bool {
        let Some(reach) = self.reach(root, store, block, at, updates) else { return false };
        let mut updating = self.func.blocks[block].insts[at];
        if reach.handled && !self.can_land(updating) {
            return false;
        }
        let before = self.func.blocks[block].insts.len();
        let Some((Some(vacated), keys)) = self.insert(block, at, val, store) else { return false };
        for inst in reach.stores {
            let data = &mut self.func.insts[inst];
            data.args[0] = vacated;
            if let Some(call) = &mut data.unwind {
                call.args.iter_mut().filter(|arg| **arg == root).for_each(|arg| *arg = vacated);
            }
            for (index, &key) in keys.iter().enumerate() {
                if self.func.const_of(key).is_none() {
                    self.func.insts[inst].args[2 + index] = key;
                }
            }
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
        let mut reach = Reach { stores: SmallVec::new(), handled: false };
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
                    if order.live.is_live_in(call.block, root) || self.resumes_with(call.block, root, &order.live) {
                        return None;
                    }
                    // A store that raises has found nothing vacated.
                    if call.args.contains(&root) && !is_store {
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
