//! A checker of the lists that release registers: what raising instructions, points and suspensions name is what the registers own.
//!
//! A forward data-flow over the allocated code: for every register, whether it owns a reference, starting from the parameters and
//! following what instructions, moves and windows do. It asks no liveness and looks at no value's last use, so it shares nothing with
//! the tables it checks. Rules: (1) a list names each register that owns something, or it leaks; (2) none twice, and none that is
//! dead or borrowed, or it is released twice; (3) a register is overwritten only when it owns nothing; (4) what is given up, passed
//! or updated is owned; (5) all ways into a block agree; (6) behind a `return` nothing is owned; (7) on the way to a handler there
//! are as many references as registers that own one.

use super::{Allocation, Move, has_window, slot, suspend};
use crate::ir::effects::Effects;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function, ValDef};
use crate::ir::inst::{Mode, Op};
use cranelift_entity::SecondaryMap;
use std::collections::{BTreeMap, BTreeSet};

/// The violations in `allocation` of `func`; empty if its lists are exact.
pub fn check(func: &Function, allocation: &Allocation) -> BTreeSet<String> {
    let mut checker = Checker {
        func,
        allocation,
        entry: SecondaryMap::new(),
        work: Vec::new(),
        errors: BTreeSet::new(),
        silent: true,
    };
    let params = func.blocks[func.entry].params.iter();
    let state = params.filter_map(|&val| Some((allocation.reg[val]?, checker.made(val)))).collect();
    checker.meet(func.entry, state);
    while let Some(block) = checker.work.pop() {
        checker.block(block);
    }
    checker.silent = false;
    func.layout.iter().for_each(|&block| checker.block(block));
    checker.errors
}

/// What a register has. One that is not in the state is dead, borrowed or was never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// A value without a count, as a test has shown: lists may name the register.
    Nothing(Val),
    /// A value of a type without counts.
    Plain(Val),
    /// A reference to this value.
    Owner(Val),
    /// Different things on different ways.
    Conflict,
}

impl Hold {
    fn val(self) -> Option<Val> {
        match self {
            Hold::Nothing(val) | Hold::Plain(val) | Hold::Owner(val) => Some(val),
            Hold::Conflict => None,
        }
    }
}

type State = BTreeMap<u16, Hold>;

struct Checker<'a> {
    func: &'a Function,
    allocation: &'a Allocation,
    entry: SecondaryMap<Block, Option<State>>,
    work: Vec<Block>,
    errors: BTreeSet<String>,
    silent: bool,
}

impl Checker<'_> {
    fn error(&mut self, place: &str, text: String) {
        if !self.silent {
            self.errors.insert(format!("{place}: {text}"));
        }
    }

    fn name(&self, inst: Inst) -> String {
        format!("{inst} ({})", self.func.insts[inst].op.info().name)
    }

    /// What a register has that `val` was just written to.
    fn made(&self, val: Val) -> Hold {
        if self.func.values[val].ty.may_be_counted() { Hold::Owner(val) } else { Hold::Plain(val) }
    }

    fn meet(&mut self, block: Block, state: State) {
        let Some(known) = &mut self.entry[block] else {
            self.entry[block] = Some(state);
            return self.work.push(block);
        };
        let mut joined = State::new();
        for &reg in known.keys().chain(state.keys()).collect::<BTreeSet<_>>() {
            let hold = match (known.get(&reg).copied(), state.get(&reg).copied()) {
                (Some(a), Some(b)) if a == b => Some(a),
                (Some(Hold::Nothing(_)), other) | (other, Some(Hold::Nothing(_))) => other,
                (Some(Hold::Owner(_) | Hold::Conflict), _) | (_, Some(Hold::Owner(_) | Hold::Conflict)) => {
                    Some(Hold::Conflict)
                }
                _ => None,
            };
            joined.extend(hold.map(|hold| (reg, hold)));
        }
        if joined != *known {
            *known = joined;
            self.work.push(block);
        }
    }

    fn block(&mut self, block: Block) {
        let Some(mut state) = self.entry[block].clone() else { return };
        for (reg, _) in state.iter().filter(|(_, hold)| **hold == Hold::Conflict) {
            self.error(&block.to_string(), format!("some ways here own r{reg}, others do not"));
        }
        state.retain(|_, hold| *hold != Hold::Conflict);
        if let Some(&list) = self.allocation.points.get(&block) {
            let listed = self.allocation.lists.read(list);
            let listed: Vec<u16> = listed.drops.iter().chain(&listed.kept).copied().collect();
            self.list(&format!("the point at {block}"), &listed, &state);
        }
        for &inst in &self.func.blocks[block].insts {
            self.inst(inst, &mut state);
        }
    }

    /// Rules 1 and 2.
    fn list(&mut self, place: &str, listed: &[u16], state: &State) {
        let mut seen = BTreeSet::new();
        for &reg in listed {
            if !seen.insert(reg) {
                self.error(place, format!("r{reg} is released twice"));
            } else if !matches!(state.get(&reg), Some(Hold::Owner(_) | Hold::Nothing(_))) {
                self.error(place, format!("r{reg} is released but owns nothing"));
            }
        }
        for (reg, hold) in state {
            if let Hold::Owner(val) = hold
                && !seen.contains(reg)
            {
                self.error(place, format!("r{reg} owns {val} and is not released"));
            }
        }
    }

    /// Writes a register.
    fn write(&mut self, place: &str, reg: u16, hold: Option<Hold>, state: &mut State) {
        let old = match hold {
            Some(hold) => state.insert(reg, hold),
            None => state.remove(&reg),
        };
        if let Some(Hold::Owner(val)) = old {
            self.error(place, format!("r{reg} is overwritten while it owns {val}"));
        }
    }

    /// Moves take references along.
    fn moves(&mut self, place: &str, moves: &[Move], state: &mut State) {
        for &step in moves {
            let hold = match step {
                Move::Reg { from, .. } => match state.get(&from).copied() {
                    Some(Hold::Plain(val)) => Some(Hold::Plain(val)),
                    _ => state.remove(&from),
                },
                Move::Const { .. } => None,
            };
            self.write(place, step.to(), hold, state);
        }
    }

    /// A register gives its reference to `val` up.
    fn give_up(&mut self, inst: Inst, reg: u16, val: Val, state: &mut State) {
        if let Some(Hold::Plain(_)) = state.get(&reg) {
            return;
        }
        if state.remove(&reg).is_none() && self.func.values[val].ty.may_be_counted() {
            self.error(&self.name(inst), format!("r{reg} gives {val} up but owns nothing"));
        }
    }

    fn inst(&mut self, inst: Inst, state: &mut State) {
        let (func, allocation) = (self.func, self.allocation);
        let data = &func.insts[inst];
        let place = self.name(inst);
        let window = allocation.window(inst).filter(|_| has_window(data.op));
        if let Some(window) = window {
            self.moves(&place, &window.moves_before, state);
            let consts: BTreeSet<u16> = window
                .moves_before
                .iter()
                .filter(|step| matches!(step, Move::Const { .. }))
                .map(|step| step.to())
                .collect();
            for (index, &val) in data.args.iter().enumerate() {
                let reg = slot(data.op, window.base, index);
                if !consts.contains(&reg) {
                    self.give_up(inst, reg, val, state);
                }
            }
            for reg in state.range(window.base..).map(|(&reg, _)| reg).collect::<Vec<_>>() {
                self.write(&place, reg, None, state);
            }
        }
        let effects = data.op.info().effects;
        if data.unwind.is_some() || effects.raises() || effects.contains(Effects::ALLOCATES) {
            self.raise(inst, state);
        } else if allocation.unwind(inst).is_some() {
            self.error(&place, "it has an entry but cannot stop".to_string());
        }
        if matches!(data.op, Op::Throw | Op::Raise | Op::Resume) {
            return;
        }
        for (index, &val) in data.args.iter().enumerate().filter(|_| window.is_none()) {
            let masked = index < 32 && data.drop_mask >> index & 1 == 1;
            if let Some(reg) = allocation.reg[val]
                && (masked || matches!(data.op.mode(index), Mode::Keep | Mode::Update))
            {
                self.give_up(inst, reg, val, state);
            }
        }
        if suspend::suspends(data.op) {
            self.suspension(inst, state);
        }
        if let Some(result) = data.result.expand()
            && let Some(reg) = allocation.reg[result]
        {
            let borrowed = func.borrowed.contains(result);
            self.write(&place, reg, Some(self.made(result)).filter(|_| !borrowed), state);
        }
        for (index, call) in data.targets.iter().enumerate() {
            self.edge(inst, index, call, state.clone());
        }
        if data.op == Op::Return {
            for (reg, hold) in state.iter().filter(|(_, hold)| matches!(hold, Hold::Owner(_))) {
                self.error(&place, format!("r{reg} still has {hold:?}"));
            }
        }
    }

    /// A suspended generator keeps, and releases, what its table names: all that is owned, and otherwise only what has no count.
    fn suspension(&mut self, inst: Inst, state: &mut State) {
        let listed = self.allocation.kept(inst).unwrap_or_default();
        let plain = |reg: &u16| matches!(state.get(reg), Some(Hold::Plain(_)));
        let counted: Vec<u16> = listed.iter().copied().filter(|reg| !plain(reg)).collect();
        self.list(&self.name(inst), &counted, state);
        state.retain(|reg, _| listed.binary_search(reg).is_ok());
    }

    fn edge(&mut self, inst: Inst, index: usize, call: &BlockCall, mut state: State) {
        let (func, place) = (self.func, self.name(inst));
        if let Some(val) = self.uncounted(inst, index)
            && let Some(reg) = self.allocation.reg[val]
            && let Some(hold @ Hold::Owner(_)) = state.get_mut(&reg)
        {
            *hold = Hold::Nothing(val);
        }
        let moves = self.allocation.edge_moves(inst, index);
        self.moves(&place, moves, &mut state);
        for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
            let Some(reg) = self.allocation.reg[param] else { continue };
            let hold = match state.get(&reg).copied() {
                Some(Hold::Owner(_)) => Hold::Owner(param),
                Some(Hold::Nothing(_)) => Hold::Nothing(param),
                None if func.values[arg].ty.may_be_counted() && self.allocation.reg[arg].is_some() => {
                    self.error(&place, format!("{param} of {} receives {arg} without a reference", call.block));
                    self.made(param)
                }
                _ => self.made(param),
            };
            state.insert(reg, hold);
        }
        self.meet(call.block, state);
    }

    /// The value that has no count where edge `index` of `inst` is taken: tests for marks and null have shown it.
    fn uncounted(&self, inst: Inst, index: usize) -> Option<Val> {
        let data = &self.func.insts[inst];
        let ValDef::Result(test) = self.func.values[*data.args.first()?].def else { return None };
        let test = &self.func.insts[test];
        let tells = data.op == Op::Brif && index == 0 && matches!(test.op, Op::IsDone | Op::IsUndef | Op::IsNull);
        tells.then(|| test.args[0])
    }

    /// `inst` raises, or stops: the operands are owned, unless they are the callee's.
    fn raise(&mut self, inst: Inst, state: &State) {
        let place = self.name(inst);
        let entry = self.allocation.unwind(inst).cloned().unwrap_or_default();
        let released = self.allocation.lists.read(entry.list);
        let listed: Vec<u16> = released.drops.iter().chain(&released.kept).copied().collect();
        self.list(&place, &listed, state);
        let Some(edge) = entry.handler else { return };
        let mut state = state.clone();
        state.retain(|reg, _| released.drops.binary_search(reg).is_err());
        let mut references: BTreeMap<Val, usize> = BTreeMap::new();
        for hold in state.values() {
            if let Hold::Owner(val) | Hold::Nothing(val) = hold {
                *references.entry(*val).or_default() += 1;
            }
        }
        for reg in &edge.increments {
            match state.get(reg).and_then(|hold| references.get_mut(&hold.val()?)) {
                Some(count) => *count += 1,
                None => self.error(&place, format!("r{reg} is counted for {} but owns nothing", edge.block)),
            }
        }
        // The moves copy; who owns what afterwards shows in the counts.
        let before = state.clone();
        for &step in &edge.moves {
            let hold = match step {
                Move::Reg { from, .. } => state.get(&from).copied(),
                Move::Const { .. } => None,
            };
            match hold {
                Some(hold) => drop(state.insert(step.to(), hold)),
                None => drop(state.remove(&step.to())),
            }
        }
        let Some(call) = self.func.insts[inst].unwind.as_deref() else { return };
        let mut after = State::new();
        for (&arg, &param) in call.args.iter().zip(&self.func.blocks[call.block].params) {
            let Some(reg) = self.allocation.reg[param] else { continue };
            let count = state.get(&reg).and_then(|hold| references.get_mut(&hold.val()?));
            match count {
                Some(count) if *count > 0 => *count -= 1,
                None if !self.func.values[arg].ty.may_be_counted() || self.allocation.reg[arg].is_none() => {}
                _ => self.error(&place, format!("{param} of {} receives {arg} without a reference", call.block)),
            }
            after.insert(reg, self.made(param));
        }
        let mut owned = BTreeSet::new();
        for (reg, hold) in before {
            if let Hold::Owner(val) = hold {
                owned.insert(val);
            }
            let stays = state.get(&reg) == Some(&hold) && !after.contains_key(&reg);
            let count = hold.val().and_then(|val| references.get_mut(&val));
            match count {
                Some(count) if stays && *count > 0 => {
                    *count -= 1;
                    after.insert(reg, hold);
                }
                None if stays => drop(after.insert(reg, hold)),
                _ => {}
            }
        }
        let counted = |val: &&Val| owned.contains(val);
        for val in references.iter().filter(|&(_, &count)| count > 0).map(|(val, _)| val).filter(counted) {
            self.error(&place, format!("a reference to {val} is lost on the way to {}", call.block));
        }
        self.meet(call.block, after);
    }
}
