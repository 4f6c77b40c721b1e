//! An independent checker of register allocation, in the spirit of regalloc2's: an abstract interpretation of what value each
//! register holds.
//!
//! Where paths meet, a register holds a value only if it does on all of them. Rules: (1) a use reads a register that holds the
//! used value; (2) the result of an update has its operand's register; (3) a window holds the call's operands and everything
//! live across the call is below it; (4) on every edge, to handlers too, the parameters receive their arguments; (5) no register is
//! outside the frame; (6) a suspended generator keeps the registers of live values, all that are read later, and no others. A
//! register overwritten while its value is live shows at the later use, drops included. `owners` checks what is released where.

use super::{Allocation, Move, constant_of, has_window, owners, slot, suspend, unwind, window_end};
use crate::ir::cfg::Cfg;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function};
use crate::ir::inst::Mode;
use crate::ir::liveness::Liveness;
use cranelift_entity::{EntitySet, SecondaryMap};
use std::collections::{BTreeMap, BTreeSet};

/// The violations in `allocation` of `func`; empty if it is sound.
pub fn check(func: &Function, allocation: &Allocation) -> Vec<String> {
    let liveness = Liveness::new(func, &Cfg::new(func));
    let live = live_points(func, &liveness);
    let mut checker = Checker {
        func,
        allocation,
        liveness,
        live,
        entry: SecondaryMap::new(),
        queued: EntitySet::new(),
        work: Vec::new(),
        errors: BTreeSet::new(),
        silent: true,
    };
    checker.run();
    checker.errors.extend(owners::check(func, allocation));
    checker.errors.into_iter().collect()
}

/// What registers hold.
type State = BTreeMap<u16, Val>;

struct Checker<'a> {
    func: &'a Function,
    allocation: &'a Allocation,
    liveness: Liveness,
    /// The values live after calls and whatever suspends.
    live: SecondaryMap<Inst, Vec<Val>>,
    entry: SecondaryMap<Block, Option<State>>,
    queued: EntitySet<Block>,
    work: Vec<Block>,
    errors: BTreeSet<String>,
    silent: bool,
}

impl Checker<'_> {
    fn run(&mut self) {
        let mut state = State::new();
        for (index, &param) in self.func.blocks[self.func.entry].params.iter().enumerate() {
            if self.allocation.reg[param] != Some(index as u16) {
                self.errors.insert(format!("parameter {param} is not in register {index}"));
            }
            state.insert(index as u16, param);
        }
        self.meet(self.func.entry, state);
        while let Some(block) = self.work.pop() {
            self.queued.remove(block);
            self.block(block);
        }
        self.silent = false;
        for &block in &self.func.layout {
            self.block(block);
        }
    }

    fn error(&mut self, inst: Inst, text: String) {
        if !self.silent {
            self.errors.insert(format!("{inst} ({}): {text}", self.func.insts[inst].op.info().name));
        }
    }

    fn meet(&mut self, block: Block, state: State) {
        let changed = match &mut self.entry[block] {
            None => {
                self.entry[block] = Some(state);
                true
            }
            Some(known) => {
                let before = known.len();
                known.retain(|reg, val| state.get(reg) == Some(val));
                known.len() != before
            }
        };
        if changed && self.queued.insert(block) {
            self.work.push(block);
        }
    }

    fn block(&mut self, block: Block) {
        let Some(mut state) = self.entry[block].clone() else { return };
        for &inst in &self.func.blocks[block].insts {
            self.inst(inst, &mut state);
        }
    }

    fn reads(&mut self, inst: Inst, val: Val, state: &State) {
        match self.allocation.reg[val] {
            Some(reg) if state.get(&reg) == Some(&val) => {}
            Some(reg) => {
                let held = state.get(&reg).map_or("nothing known".to_string(), Val::to_string);
                self.error(inst, format!("{val} is read from r{reg}, which holds {held}"));
            }
            None if constant_of(self.func, val).is_some() => {}
            None => self.error(inst, format!("{val} has no register")),
        }
    }

    fn apply(&mut self, inst: Inst, moves: &[Move], state: &mut State) {
        for &step in moves {
            let (to, val) = match step {
                Move::Reg { from, to } => (to, state.get(&from).copied()),
                Move::Const { value, to } => (to, self.constant_val(inst, value)),
            };
            self.in_frame(inst, to);
            match val {
                Some(val) => drop(state.insert(to, val)),
                None => drop(state.remove(&to)),
            }
        }
    }

    /// The value a constant move at `inst` stands for: one it uses.
    fn constant_val(&self, inst: Inst, value: crate::ir::entities::Const) -> Option<Val> {
        let mut found = None;
        self.func.for_each_use(inst, |val| {
            if constant_of(self.func, val) == Some(value) && self.allocation.reg[val].is_none() {
                found = Some(val);
            }
        });
        found
    }

    /// Whether `reg` holds `val`, or the same constant if `val` has no register.
    fn holds(&self, state: &State, reg: u16, val: Val) -> bool {
        state.get(&reg).is_some_and(|&held| {
            let constant = constant_of(self.func, val).filter(|_| self.allocation.reg[val].is_none());
            held == val || constant.is_some() && constant == constant_of(self.func, held)
        })
    }

    fn in_frame(&mut self, inst: Inst, reg: u16) {
        if reg >= self.allocation.frame_size {
            self.error(inst, format!("r{reg} is outside the frame"));
        }
    }

    fn inst(&mut self, inst: Inst, state: &mut State) {
        let func = self.func;
        let data = &func.insts[inst];
        let live = self.live[inst].clone();
        data.args.iter().for_each(|&val| self.reads(inst, val, state));
        let mut landed = None;
        if has_window(data.op) {
            landed = self.window(inst, &live, state);
        }
        if unwind::may_stop(func, inst) {
            self.unwind(inst, state);
        }
        if suspend::suspends(data.op) {
            self.suspension(inst, &live, state);
        }
        if let Some(result) = data.result.expand() {
            state.retain(|_, val| *val != result);
            match (self.allocation.reg[result], landed) {
                (Some(reg), Some(base)) => {
                    state.insert(base, result);
                    if let Some(step) = self.allocation.window(inst).and_then(|window| window.result_move) {
                        self.apply(inst, &[step], state);
                    }
                    if state.get(&reg) != Some(&result) {
                        self.error(inst, format!("the result does not reach r{reg}"));
                    }
                }
                (Some(reg), None) => {
                    self.in_frame(inst, reg);
                    if data.op.info().fixed.first() == Some(&Mode::Update)
                        && self.allocation.reg[data.args[0]] != Some(reg)
                    {
                        self.error(inst, format!("{result} and the operand it updates differ in register"));
                    }
                    state.insert(reg, result);
                }
                (None, _) if constant_of(func, result).is_none() => {
                    self.error(inst, format!("{result} has no register"));
                }
                (None, _) => {}
            }
        }
        for (index, call) in data.targets.iter().enumerate() {
            let mut edge = state.clone();
            let allocation = self.allocation;
            self.apply(inst, allocation.edge_moves(inst, index), &mut edge);
            self.enter(inst, call, edge);
        }
    }

    /// Checks the arguments of an edge, after its moves, and enters its target.
    fn enter(&mut self, inst: Inst, call: &BlockCall, mut state: State) {
        let mut named = Vec::new();
        for (&arg, &param) in call.args.iter().zip(&self.func.blocks[call.block].params) {
            let Some(reg) = self.allocation.reg[param] else { continue };
            self.in_frame(inst, reg);
            if self.holds(&state, reg, arg) {
                named.push((reg, param));
            } else {
                self.error(inst, format!("{param} of {} does not receive {arg}", call.block));
            }
        }
        state.retain(|_, val| !self.func.blocks[call.block].params.contains(val));
        state.extend(named);
        self.meet(call.block, state);
    }

    /// The state during the call; the register the result lands in.
    fn window(&mut self, inst: Inst, live: &[Val], state: &mut State) -> Option<u16> {
        let data = &self.func.insts[inst];
        let allocation = self.allocation;
        let Some(window) = allocation.window(inst) else {
            self.error(inst, "there is no window".to_string());
            return None;
        };
        self.apply(inst, &window.moves_before, state);
        for (index, &val) in data.args.iter().enumerate() {
            let reg = slot(data.op, window.base, index);
            if !self.holds(state, reg, val) {
                self.error(inst, format!("operand {index} is not in r{reg}"));
            }
        }
        if window_end(data.op, window.base as usize, data.args.len()) > allocation.frame_size as usize {
            self.error(inst, "the window is outside the frame".to_string());
        }
        let handler = data.unwind.as_deref();
        let mut taken = Vec::new();
        handler.into_iter().for_each(|call| self.liveness.live_in(call.block).for_each(|val| taken.push(val)));
        let passed = handler.map(|call| call.args.to_vec()).unwrap_or_default();
        for val in live.iter().chain(&taken).chain(&passed) {
            if Some(*val) != data.result.expand() && allocation.reg[*val].is_some_and(|reg| reg >= window.base) {
                self.error(inst, format!("{val} is live across the call but not below its window"));
            }
        }
        state.retain(|&reg, _| reg < window.base);
        Some(window.base)
    }

    /// A suspended generator keeps the registers in its table, which hold live values, and no others.
    fn suspension(&mut self, inst: Inst, live: &[Val], state: &mut State) {
        let Some(kept) = self.allocation.kept(inst) else {
            return self.error(inst, "it suspends without a table".to_string());
        };
        for reg in &kept {
            if state.get(reg).is_none_or(|val| live.binary_search(val).is_err()) {
                self.error(inst, format!("r{reg} is kept, but holds no live value"));
            }
        }
        state.retain(|reg, _| kept.binary_search(reg).is_ok());
    }

    /// The edge to a handler: `owners` checks the counts.
    fn unwind(&mut self, inst: Inst, state: &State) {
        let entry = self.allocation.unwind(inst).cloned().unwrap_or_default();
        let Some(call) = self.func.insts[inst].unwind.as_deref() else {
            if entry.handler.is_some() {
                self.error(inst, "there is a handler in the table only".to_string());
            }
            return;
        };
        let Some(edge) = entry.handler.filter(|edge| edge.block == call.block) else {
            self.error(inst, format!("{} is not the handler in the table", call.block));
            return;
        };
        let mut state = state.clone();
        let drops = self.allocation.lists.read(entry.list).drops;
        state.retain(|reg, _| drops.binary_search(reg).is_err());
        self.apply(inst, &edge.moves, &mut state);
        self.enter(inst, call, state);
    }
}

/// What is live after the instructions that need it checked.
fn live_points(func: &Function, liveness: &Liveness) -> SecondaryMap<Inst, Vec<Val>> {
    let mut points = SecondaryMap::new();
    for &block in &func.layout {
        let mut live: BTreeSet<Val> = BTreeSet::new();
        liveness.live_out(func, block).for_each(|val| live.extend([val]));
        for &inst in func.blocks[block].insts.iter().rev() {
            let data = &func.insts[inst];
            if has_window(data.op) || suspend::suspends(data.op) {
                points[inst] = live.iter().copied().collect();
            }
            if let Some(result) = data.result.expand() {
                live.remove(&result);
            }
            if let Some(call) = data.unwind.as_deref() {
                liveness.live_in(call.block).for_each(|val| live.extend([val]));
            }
            func.for_each_use(inst, |val| {
                live.insert(val);
            });
        }
    }
    points
}
