//! Exact live segments of every value, in one backward walk over the layout (Wimmer and Franz 2010, fig. 4, with liveness
//! given).
//!
//! What a handler needs is used at the instructions that raise into it. A call destroys the registers of its window while the
//! handler may still need them, so there such a use lasts up to the point where the result is written.

use super::has_window;
use super::order::Order;
use crate::base::effort::spend;
use crate::base::epoch_set::EpochSet;
use crate::ir::cfg::Cfg;
use crate::ir::entities::{Block, Val};
use crate::ir::function::Function;
use crate::ir::inst::Mode;
use crate::ir::liveness::Liveness;
use cranelift_entity::{EntitySet, SecondaryMap};
use smallvec::SmallVec;

/// Points `start..=end` at which a value holds its register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
}

/// Live segments and what they were made from.
pub struct Lives {
    /// Ascending, disjoint, not adjacent; none for values without a register.
    pub segments: SecondaryMap<Val, SmallVec<[Segment; 1]>>,
    /// Values live into each block.
    pub live_in: Liveness,
}

impl Lives {
    /// The segments of the values `wanted` in a register; an update operand, whose register the result takes over, always is.
    pub fn new(func: &Function, order: &Order, wanted: impl Fn(Val) -> bool) -> Lives {
        let mut chosen = EntitySet::with_capacity(func.values.len());
        chosen.extend(func.values.keys().filter(|&val| wanted(val)));
        for inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
            let data = &func.insts[*inst];
            if let Some(&root) = data.args.first()
                && data.op.mode(0) == Mode::Update
            {
                chosen.insert(root);
            }
        }
        let mut used = EntitySet::with_capacity(func.values.len());
        for inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
            func.for_each_use(*inst, |val| {
                used.insert(val);
            });
        }
        let mut walk = Walk {
            func,
            order,
            live_in: Liveness::new(func, &Cfg::new(func)),
            wanted: chosen,
            segments: SecondaryMap::with_capacity(func.values.len()),
            live: EpochSet::default(),
            used,
        };
        for &block in func.layout.iter().rev() {
            walk.block(block);
        }
        let Walk { mut segments, live_in, .. } = walk;
        segments.values_mut().for_each(|list| list.reverse());
        Lives { segments, live_in }
    }
}

struct Walk<'a> {
    func: &'a Function,
    order: &'a Order,
    live_in: Liveness,
    wanted: EntitySet<Val>,
    /// Built back to front: the last of a list is the earliest.
    segments: SecondaryMap<Val, SmallVec<[Segment; 1]>>,
    live: EpochSet<Val>,
    /// Values that some block in the layout uses, reachable or not.
    used: EntitySet<Val>,
}

impl Walk<'_> {
    fn block(&mut self, block: Block) {
        self.live.clear();
        let func = self.func;
        let head = self.order.head[block];
        let mut handlers: SmallVec<[Block; 4]> = SmallVec::new();
        for call in &func.insts[func.terminator(block)].targets {
            self.use_all_of(call.block, head, self.order.end[block]);
        }
        for &inst in func.blocks[block].insts.iter().rev() {
            let data = &func.insts[inst];
            let at = self.order.at[inst];
            if let Some(result) = data.result.expand() {
                self.define(result, at + 1);
            }
            if let Some(call) = data.unwind.as_deref() {
                let needed = at + u32::from(has_window(data.op));
                call.args.iter().for_each(|&val| self.use_at(val, head, needed));
                if !handlers.contains(&call.block) {
                    handlers.push(call.block);
                    self.use_all_of(call.block, head, needed);
                }
            }
            let passed = data.targets.iter().flat_map(|call| &call.args);
            data.args.iter().chain(passed).for_each(|&val| self.use_at(val, head, at));
        }
        // A parameter that only unreachable code uses has a register there, which every edge to this block writes.
        for &param in &func.blocks[block].params {
            if block == func.entry || self.live.contains(param) || self.used.contains(param) {
                self.define(param, head + 1);
            }
        }
    }

    fn use_all_of(&mut self, target: Block, head: u32, at: u32) {
        for index in 0..self.live_in.live_in(target).len() {
            let val = self.live_in.live_in(target)[index];
            self.use_at(val, head, at);
        }
    }

    /// Live from the head of the block, for the time being, to `at`.
    fn use_at(&mut self, val: Val, head: u32, at: u32) {
        spend(1);
        if !self.wanted.contains(val) || !self.live.insert(val) {
            return;
        }
        match self.segments[val].last_mut() {
            Some(next) if next.start == at + 1 => next.start = head,
            _ => self.segments[val].push(Segment { start: head, end: at }),
        }
    }

    fn define(&mut self, val: Val, at: u32) {
        if !self.wanted.contains(val) {
            return;
        }
        if self.live.contains(val) {
            self.live.remove(val);
            let first = self.segments[val].last_mut().expect("a live value has a segment");
            first.start = at;
        } else {
            self.segments[val].push(Segment { start: at, end: at });
        }
    }
}
