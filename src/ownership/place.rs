//! Walks each block backwards, knowing what is live, and makes the last uses give their values up.
//!
//! Copies go directly before the instruction that needs them, drops directly after the one that looked last. A comparison and
//! the `brif` on its result stay together (they become one instruction), as do `iter_next`, `is_done` and their `brif`: what
//! dies in between is dropped on both edges instead. What happens on the edges of a `brif` is only planned here.

use super::edges::EdgePlan;
use super::{may_call, takes_operands, uncounted_if_true};
use crate::base::effort::spend;
use crate::base::epoch_set::EpochSet;
use crate::base::source::Span;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function};
use crate::ir::inst::{Imm, Mode, Op};
use crate::ir::liveness::{Liveness, ValSet};
use cranelift_entity::EntitySet;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Operands a drop mask can name.
const MASKED_OPERANDS: usize = 32;

/// Processes every block; the result is what remains to be done on the edges of `brif`s.
pub fn blocks(func: &mut Function, tracked: &EntitySet<Val>, live_in: &Liveness) -> Vec<EdgePlan> {
    let layout = func.layout.clone();
    let mut scan = Scan {
        func,
        tracked,
        live_in,
        live: Live::default(),
        marks: EpochSet::default(),
        handlers: EpochSet::default(),
        known: None,
        out: Vec::new(),
        plans: Vec::new(),
    };
    for block in layout {
        scan.block(block);
    }
    scan.plans
}

struct Scan<'a> {
    func: &'a mut Function,
    tracked: &'a EntitySet<Val>,
    live_in: &'a Liveness,
    /// The tracked values live where the scan stands.
    live: Live,
    /// For one edge or instruction at a time.
    marks: EpochSet<Val>,
    /// Handlers whose live-in values are already live: they stay so up to their definition, which dominates every edge to it.
    handlers: EpochSet<Block>,
    /// Those values, and what is live behind the block; none before the first handler.
    known: Option<ValSet>,
    /// The block's new instructions, last first.
    out: Vec<Inst>,
    plans: Vec<EdgePlan>,
}

/// The values live at a point of a block: those live behind the block, and what instructions have changed.
#[derive(Default)]
struct Live {
    behind: ValSet,
    /// Live, and not behind the block.
    added: EpochSet<Val>,
    /// Not live, although behind the block.
    removed: EpochSet<Val>,
}

impl Live {
    fn clear(&mut self) {
        self.behind = ValSet::default();
        self.added.clear();
        self.removed.clear();
    }

    fn contains(&self, val: Val) -> bool {
        self.added.contains(val) || self.behind.contains(val) && !self.removed.contains(val)
    }

    /// Adds a value; whether it is new.
    fn insert(&mut self, val: Val) -> bool {
        let new = !self.contains(val);
        if new {
            self.removed.remove(val);
            self.added.insert(val);
        }
        new
    }

    fn remove(&mut self, val: Val) {
        self.added.remove(val);
        self.removed.insert(val);
    }
}

impl Scan<'_> {
    fn block(&mut self, block: Block) {
        self.live.clear();
        self.handlers.clear();
        self.known = None;
        let insts = std::mem::take(&mut self.func.blocks[block].insts);
        let Some((&last, rest)) = insts.split_last() else { return };
        self.terminator(block, last, rest);
        for &inst in rest.iter().rev() {
            self.instruction(inst);
        }
        let mut insts = std::mem::take(&mut self.out);
        insts.reverse();
        let is_head = |op: Op| op == Op::Caught || op.starts_function();
        let head = usize::from(insts.first().is_some_and(|&first| is_head(self.func.insts[first].op)));
        let span = self.func.insts[insts[0]].span;
        let params = self.func.blocks[block].params.clone();
        let unused: SmallVec<[Val; 4]> =
            params.into_iter().filter(|&param| self.tracked.contains(param) && !self.live.contains(param)).collect();
        let drops: SmallVec<[Inst; 4]> = unused.into_iter().map(|param| drop_of(self.func, param, span)).collect();
        insts.splice(head..head, drops);
        self.func.blocks[block].insts = insts;
    }

    fn mark(&mut self, val: Val) {
        if self.tracked.contains(val) {
            self.live.insert(val);
        }
        if let Some(lender) = self.func.lenders[val].expand() {
            self.live.insert(lender);
        }
    }

    fn terminator(&mut self, block: Block, inst: Inst, rest: &[Inst]) {
        match self.func.insts[inst].op {
            Op::Return => self.instruction(inst),
            Op::Jump => self.jump(inst),
            Op::Brif => self.brif(block, inst, rest),
            // What is owned when these raise is left to the unwinder.
            _ => {
                self.out.push(inst);
                self.mark_uses(inst);
                if let Some(call) = self.func.insts[inst].unwind.as_deref() {
                    self.live.behind = self.live_in.live_in(call.block).clone();
                    self.handlers.insert(call.block);
                }
            }
        }
    }

    fn mark_uses(&mut self, inst: Inst) {
        let mut used: SmallVec<[Val; 8]> = SmallVec::new();
        self.func.for_each_use(inst, |val| used.push(val));
        used.into_iter().for_each(|val| self.mark(val));
    }

    fn jump(&mut self, inst: Inst) {
        let call = self.func.insts[inst].targets[0].clone();
        self.out.push(inst);
        let span = self.func.insts[inst].span;
        for index in self.shared_args(&call) {
            let (copy, val) = copy_of(self.func, call.args[index], span);
            self.func.insts[inst].targets[0].args[index] = val;
            self.out.push(copy);
        }
        self.mark_edge(&call);
    }

    /// The arguments of an edge that cannot be moved: the value lives on in the target or is passed before.
    fn shared_args(&mut self, call: &BlockCall) -> SmallVec<[usize; 4]> {
        self.marks.clear();
        let mut shared = SmallVec::new();
        for (index, &val) in call.args.iter().enumerate().filter(|&(_, &val)| self.tracked.contains(val)) {
            if !self.marks.insert(val) || self.live_in.is_live_in(call.block, val) {
                shared.push(index);
            }
        }
        shared
    }

    fn mark_edge(&mut self, call: &BlockCall) {
        self.live.behind.extend(self.live_in.live_in(call.block));
        call.args.iter().for_each(|&val| self.mark(val));
    }

    fn brif(&mut self, block: Block, inst: Inst, rest: &[Inst]) {
        let cond = self.func.insts[inst].args[0];
        let targets = self.func.insts[inst].targets.clone();
        targets.iter().for_each(|call| self.live.behind.extend(self.live_in.live_in(call.block)));
        // Owned at the end of the block and not sure to be live into every target, each once.
        let mut owned = self.fused_uses(cond, rest);
        for call in &targets {
            owned.extend(call.args.iter().filter(|&&val| self.tracked.contains(val)));
            for other in targets.iter().filter(|other| other.block != call.block) {
                let (here, there) = (self.live_in.live_in(call.block), self.live_in.live_in(other.block));
                here.for_each_not_in(there, |val| owned.extend(Some(val).filter(|&val| self.tracked.contains(val))));
            }
        }
        owned.sort_unstable();
        owned.dedup();
        spend(owned.len());
        for &val in &owned {
            self.live.insert(val);
        }
        if self.tracked.contains(cond) && self.live.insert(cond) {
            self.func.insts[inst].drop_mask |= 1;
        }
        let nothing_if_true = uncounted_if_true(self.func, cond);
        for (index, call) in targets.iter().enumerate() {
            let copies = self.shared_args(call);
            self.marks.clear();
            for &val in &call.args {
                self.marks.insert(val);
            }
            let nothing = nothing_if_true.filter(|_| index == 0);
            let live = self.live_in.live_in(call.block);
            let dead = |val: &Val| !self.marks.contains(*val) && !live.contains(*val) && nothing != Some(*val);
            let drops: Vec<Val> = owned.iter().copied().filter(dead).collect();
            self.plans.push(EdgePlan { block, index, drops, copies });
        }
        self.out.push(inst);
    }

    /// What the instructions fused with a `brif` on `cond` look at and would drop between them and the branch.
    fn fused_uses(&mut self, cond: Val, rest: &[Inst]) -> Vec<Val> {
        let mut uses = Vec::new();
        let mut wanted = cond;
        for &inst in rest.iter().rev() {
            let data = &self.func.insts[inst];
            if data.result.expand() != Some(wanted) || !fuses(data.op, wanted == cond) {
                break;
            }
            let looked = data.args.iter().enumerate().filter(|&(index, _)| data.op.mode(index) == Mode::View);
            uses.extend(looked.map(|(_, &val)| val).filter(|&val| self.tracked.contains(val)));
            uses.extend(data.args.iter().filter_map(|&val| self.func.lenders[val].expand()));
            let next = (data.op == Op::IsDone).then(|| data.args[0]);
            self.handler_values(inst, &mut uses);
            match next {
                Some(item) => wanted = item,
                None => break,
            }
        }
        uses
    }

    /// Adds the owned values the handler of `inst` takes to `values`; of those live in the handler only such as are not live yet, and
    /// only when the handler is met first in this block.
    fn handler_values(&mut self, inst: Inst, values: &mut impl Extend<Val>) {
        let Some(call) = self.func.insts[inst].unwind.as_deref() else { return };
        values.extend(call.args.iter().copied().filter(|&val| self.tracked.contains(val)));
        if self.handlers.insert(call.block) {
            let live = self.live_in.live_in(call.block);
            let known = self.known.get_or_insert_with(|| self.live.behind.clone());
            live.for_each_not_in(known, |val| values.extend(Some(val).filter(|&val| self.tracked.contains(val))));
            known.extend(live);
        }
    }

    fn instruction(&mut self, inst: Inst) {
        spend(1);
        let data = self.func.insts[inst].clone();
        let mut after: SmallVec<[Val; 4]> = SmallVec::new();
        if let Some(result) = data.result.expand() {
            if self.tracked.contains(result) && !self.live.contains(result) {
                after.push(result);
            }
            self.live.remove(result);
        }
        let guarded = may_call(self.func, inst);
        self.marks.clear();
        data.unwind.iter().flat_map(|call| &call.args).for_each(|&val| {
            self.marks.insert(val);
        });
        let mut copied: SmallVec<[usize; 4]> = SmallVec::new();
        for (val, uses) in operands(self.func, data.op, &data.args, self.tracked) {
            let needed = data
                .unwind
                .as_deref()
                .is_some_and(|call| self.marks.contains(val) || self.live_in.is_live_in(call.block, val));
            let dies = !self.live.contains(val);
            let moved = if !dies || uses.looked {
                None
            } else if needed && (takes_operands(data.op) || guarded) {
                uses.updated
            } else {
                uses.updated.or(uses.kept.first().copied())
            };
            copied.extend(uses.updated.into_iter().chain(uses.kept).filter(|&index| Some(index) != moved));
            if dies && moved.is_none() {
                match uses.borrowed {
                    Some(index) if index < MASKED_OPERANDS && !(needed && guarded) => {
                        self.func.insts[inst].drop_mask |= 1 << index;
                    }
                    _ => after.push(val),
                }
            }
        }
        data.args.iter().for_each(|&val| self.mark(val));
        let mut taken: SmallVec<[Val; 8]> = SmallVec::new();
        self.handler_values(inst, &mut taken);
        after.extend(taken.into_iter().filter(|&val| self.live.insert(val)));
        for val in after {
            let drop = drop_of(self.func, val, data.span);
            self.out.push(drop);
        }
        self.out.push(inst);
        for index in copied {
            let (copy, val) = copy_of(self.func, data.args[index], data.span);
            self.func.insts[inst].args[index] = val;
            self.out.push(copy);
        }
    }
}

/// How one instruction uses one value.
#[derive(Default)]
struct Uses {
    updated: Option<usize>,
    kept: SmallVec<[usize; 2]>,
    borrowed: Option<usize>,
    /// Looked at, so that it has to outlive the instruction's start.
    looked: bool,
}

/// The tracked operands, each once, in order, and the values that lend operands: those are looked at.
fn operands(func: &Function, op: Op, args: &[Val], tracked: &EntitySet<Val>) -> SmallVec<[(Val, Uses); 4]> {
    let mut list: SmallVec<[(Val, Uses); 4]> = SmallVec::new();
    let mut places: FxHashMap<Val, usize> = FxHashMap::default();
    for (index, &val) in args.iter().enumerate().filter(|&(_, &val)| tracked.contains(val)) {
        // Arguments are few or very many; only the latter are worth hashing.
        let known = if list.len() < 8 {
            list.iter().position(|(other, _)| *other == val)
        } else {
            if places.is_empty() {
                places.extend(list.iter().enumerate().map(|(place, (other, _))| (*other, place)));
            }
            places.get(&val).copied()
        };
        let place = known.unwrap_or_else(|| {
            if !places.is_empty() {
                places.insert(val, list.len());
            }
            list.push((val, Uses::default()));
            list.len() - 1
        });
        let uses = &mut list[place].1;
        match op.mode(index) {
            Mode::Update => uses.updated = Some(index),
            Mode::Keep => uses.kept.push(index),
            Mode::Borrow => {
                uses.borrowed = uses.borrowed.or(Some(index));
                uses.looked = true;
            }
            Mode::View => uses.looked = true,
        }
    }
    for lender in args.iter().filter_map(|&val| func.lenders[val].expand()) {
        match list.iter_mut().find(|(other, _)| *other == lender) {
            Some((_, uses)) => uses.looked = true,
            None => list.push((lender, Uses { looked: true, ..Uses::default() })),
        }
    }
    list
}

/// Whether emission joins `op` with what follows: the `brif` on its result or, for `iter_next`, the `is_done`.
fn fuses(op: Op, before_branch: bool) -> bool {
    match op {
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => before_branch,
        Op::IsDone | Op::IsUndef | Op::IsNull | Op::Truthy | Op::Not => before_branch,
        Op::IsTag | Op::IsText => before_branch,
        Op::IterNext => !before_branch,
        _ => false,
    }
}

/// A `drop` of `val`, not yet in a block.
pub fn drop_of(func: &mut Function, val: Val, span: Span) -> Inst {
    func.make_inst(Op::Drop, &[val], Imm::None, span)
}

/// A second reference to `val`, not yet in a block; of a constant, the constant again, which costs the same and frees a register.
pub fn copy_of(func: &mut Function, val: Val, span: Span) -> (Inst, Val) {
    let constant = match func.values[val].def {
        crate::ir::function::ValDef::Result(inst) if func.insts[inst].op == Op::Const => Some(func.insts[inst].imm),
        _ => None,
    };
    let inst = match constant {
        Some(imm) => func.make_inst(Op::Const, &[], imm, span),
        None => func.make_inst(Op::Copy, &[val], Imm::None, span),
    };
    let copy = func.insts[inst].result.expect("copy and const have results");
    func.values[copy].ty = func.values[val].ty;
    (inst, copy)
}
