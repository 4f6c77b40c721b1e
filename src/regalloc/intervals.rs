//! Exact live segments of every value, in one backward walk (Wimmer and Franz 2010, fig. 4, with liveness given).
//!
//! From block to block only the difference of what is live is looked at: a value that lives through costs nothing there. Points are
//! places in the order of lives (`order`).
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
use crate::ir::liveness::{Liveness, ValSet};
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
    /// Of the values in registers, those live into each block.
    pub live_in: Liveness,
}

impl Lives {
    /// The segments of the values `wanted` in a register of `func`, whose graph is `cfg`; an update operand, whose register the result
    /// takes over, always is.
    pub fn new(func: &Function, cfg: &Cfg, order: &Order, wanted: impl Fn(Val) -> bool) -> Lives {
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
            cfg,
            order,
            live_in: Liveness::of(func, cfg, |val| chosen.contains(val)),
            wanted: chosen,
            segments: SecondaryMap::with_capacity(func.values.len()),
            live: EntitySet::with_capacity(func.values.len()),
            opened: Vec::new(),
            handlers: EpochSet::default(),
            used,
        };
        walk.run();
        let Walk { mut segments, live_in, .. } = walk;
        segments.values_mut().for_each(|list| list.reverse());
        Lives { segments, live_in }
    }
}

struct Walk<'a> {
    func: &'a Function,
    cfg: &'a Cfg,
    order: &'a Order,
    live_in: Liveness,
    wanted: EntitySet<Val>,
    /// Built back to front: the last of a list is the earliest. While its value is live, its start is not known.
    segments: SecondaryMap<Val, SmallVec<[Segment; 1]>>,
    /// The wanted values live where the walk stands.
    live: EntitySet<Val>,
    /// Values that have become live in the block at hand.
    opened: Vec<Val>,
    /// Handlers of the block at hand whose values are live already.
    handlers: EpochSet<Block>,
    /// Values that some block in the layout uses, reachable or not.
    used: EntitySet<Val>,
}

impl Walk<'_> {
    fn run(&mut self) {
        let (nothing, order) = (ValSet::default(), self.order);
        let mut later: Option<Block> = None;
        for (index, &block) in order.blocks.iter().enumerate().rev() {
            let end = order.place(block, order.end[block]);
            let next = later.map_or(nothing.clone(), |later| self.live_in.live_in(later).clone());
            let live = self.live_behind(block);
            // Between the last block and the first exit nothing lives on: a segment is a stretch of the layout, too.
            let apart = index + 1 == order.exits;
            if let Some(later) = later {
                let head = order.place(later, order.head[later]);
                next.for_each_not_in(if apart { &nothing } else { &live }, |val| self.close(val, head));
            }
            live.for_each_not_in(if apart { &nothing } else { &next }, |val| self.use_at(val, end));
            self.opened.clear();
            self.block(block);
            if !self.cfg.is_reachable(block) {
                let head = order.place(block, order.head[block]);
                std::mem::take(&mut self.opened).into_iter().for_each(|val| self.close(val, head));
            }
            later = Some(block);
        }
    }

    fn block(&mut self, block: Block) {
        let (func, order) = (self.func, self.order);
        self.handlers.clear();
        let mut known: Option<ValSet> = None;
        for &inst in func.blocks[block].insts.iter().rev() {
            let data = &func.insts[inst];
            let at = order.place(block, order.at[inst]);
            if let Some(result) = data.result.expand() {
                self.define(result, at + 1);
            }
            if let Some(call) = data.unwind.as_deref() {
                let needed = at + u32::from(has_window(data.op));
                call.args.iter().for_each(|&val| self.use_at(val, needed));
                if self.handlers.insert(call.block) {
                    let live = self.live_in.live_in(call.block).clone();
                    let known = known.get_or_insert_with(|| self.live_behind(block));
                    live.for_each_not_in(known, |val| self.use_at(val, needed));
                    known.extend(&live);
                }
            }
            let passed = data.targets.iter().flat_map(|call| &call.args);
            data.args.iter().chain(passed).for_each(|&val| self.use_at(val, at));
        }
        // A parameter that only unreachable code uses has a register there, which every edge to this block writes.
        for &param in &func.blocks[block].params {
            if block == func.entry || self.live.contains(param) || self.used.contains(param) {
                self.define(param, order.place(block, order.head[block]) + 1);
            }
        }
    }

    /// What is live behind `block`.
    fn live_behind(&self, block: Block) -> ValSet {
        if self.cfg.is_reachable(block) { self.live_in.live_out(self.func, block) } else { ValSet::default() }
    }

    fn use_at(&mut self, val: Val, at: u32) {
        spend(1);
        if !self.wanted.contains(val) || !self.live.insert(val) {
            return;
        }
        self.opened.push(val);
        match self.segments[val].last_mut() {
            // Adjacent: one segment.
            Some(next) if next.start == at + 1 => {}
            _ => self.segments[val].push(Segment { start: at, end: at }),
        }
    }

    /// A live value is not live before `at`.
    fn close(&mut self, val: Val, at: u32) {
        if self.live.remove(val) {
            self.segments[val].last_mut().expect("a live value has a segment").start = at;
        }
    }

    fn define(&mut self, val: Val, at: u32) {
        if self.live.contains(val) {
            self.close(val, at);
        } else if self.wanted.contains(val) {
            self.segments[val].push(Segment { start: at, end: at });
        }
    }
}
