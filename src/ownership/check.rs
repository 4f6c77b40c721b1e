//! An independent checker of the ownership step: an abstract interpretation of what is owned at every point.
//!
//! It shares no analysis with the step itself; its liveness is the textbook iteration, so it is slow and meant for tests and
//! `--verify`. Rules: (1) a used value is owned; (2) a value is given up once; (3) edges into a block agree; (4) nothing is owned
//! after a return; (5) what a handler takes is owned when the instruction raises; (6) nobody looks at a vacated place (`holes`);
//! (7) what is borrowed is used only while its lender is owned, or before the variable may be written (`loans`).

use super::modref::ModRef;
use super::{holes, loans, may_call, takes_operands, tracked, uncounted_if_true};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, Function};
use crate::ir::inst::{Mode, Op};
use cranelift_entity::{EntitySet, SecondaryMap};
use std::collections::BTreeSet;

/// The violations in `func`; empty if ownership is consistent. Without `modref` nothing is known of what its calls touch; with
/// `plain_operators` operators run no script code.
pub fn check(func: &Function, modref: Option<&ModRef>, plain_operators: bool) -> Vec<String> {
    let tracked = tracked(func);
    let mut checker = Checker {
        func,
        live_in: live_in(func, &tracked),
        tracked,
        entry: SecondaryMap::new(),
        work: Vec::new(),
        errors: Vec::new(),
    };
    checker.run();
    checker.errors.extend(holes::check(func, modref));
    checker.errors.extend(loans::check(func, plain_operators));
    checker.errors
}

type State = BTreeSet<Val>;

struct Checker<'a> {
    func: &'a Function,
    tracked: EntitySet<Val>,
    live_in: SecondaryMap<Block, State>,
    entry: SecondaryMap<Block, Option<State>>,
    work: Vec<Block>,
    errors: Vec<String>,
}

impl Checker<'_> {
    fn run(&mut self) {
        let entry = self.func.entry;
        self.reach(None, entry, State::new());
        while let Some(block) = self.work.pop() {
            let mut state = self.entry[block].clone().expect("a reached block has a state");
            for &inst in &self.func.blocks[block].insts {
                self.inst(inst, &mut state);
            }
        }
    }

    fn error(&mut self, inst: Inst, text: String) {
        self.errors.push(format!("{inst} ({}): {text}", self.func.insts[inst].op.info().name));
    }

    /// Enters `block` with `state` besides its parameters.
    fn reach(&mut self, from: Option<Inst>, block: Block, mut state: State) {
        let params = &self.func.blocks[block].params;
        state.extend(params.iter().copied().filter(|&param| self.tracked.contains(param)));
        match &self.entry[block] {
            None => {
                self.entry[block] = Some(state);
                self.work.push(block);
            }
            Some(known) if *known != state => {
                let odd: Vec<String> = known.symmetric_difference(&state).map(Val::to_string).collect();
                let text = format!("edges into {block} disagree on {}", odd.join(", "));
                self.errors.push(from.map_or(text.clone(), |inst| format!("{inst}: {text}")));
            }
            Some(_) => {}
        }
    }

    fn take(&mut self, inst: Inst, val: Val, state: &mut State) {
        if self.tracked.contains(val) && !state.remove(&val) {
            self.error(inst, format!("{val} is given up but not owned"));
        }
    }

    fn inst(&mut self, inst: Inst, state: &mut State) {
        let data = &self.func.insts[inst];
        for &val in &data.args {
            if self.tracked.contains(val) && !state.contains(&val) {
                self.error(inst, format!("{val} is used but not owned"));
            }
            if let Some(lender) = self.func.lenders[val].expand()
                && !state.contains(&lender)
            {
                self.error(inst, format!("{val} is used, but {lender}, which lends it, is not owned"));
            }
        }
        let consumes = |index: usize| {
            matches!(data.op.mode(index), Mode::Keep | Mode::Update) || index < 32 && data.drop_mask >> index & 1 == 1
        };
        for (index, &val) in data.args.iter().enumerate() {
            if index < 32 && data.drop_mask >> index & 1 == 1 && data.op.mode(index) != Mode::Borrow {
                self.error(inst, format!("operand {index} is in the drop mask but not borrowed"));
            }
            let looks = |other: usize| matches!(data.op.mode(other), Mode::View | Mode::Borrow);
            let kept = matches!(data.op.mode(index), Mode::Keep | Mode::Update);
            let twin = |other: usize| data.args[other] == val && other != index && looks(other);
            if self.tracked.contains(val) && kept && (0..data.args.len()).any(twin) {
                self.error(inst, format!("{val} is consumed and looked at"));
            }
        }
        if let Some(call) = data.unwind.as_deref() {
            self.unwind(inst, call, state, &consumes);
        }
        if matches!(data.op, Op::Throw | Op::Raise | Op::Resume) {
            return;
        }
        for (index, &val) in data.args.iter().enumerate() {
            if consumes(index) {
                self.take(inst, val, state);
            }
        }
        if let Some(result) = data.result.expand()
            && self.tracked.contains(result)
            && !state.insert(result)
        {
            self.error(inst, format!("{result} is defined again while owned"));
        }
        for (index, call) in data.targets.iter().enumerate() {
            self.edge(inst, index, call, state.clone());
        }
        if data.op == Op::Return {
            for val in state.clone() {
                self.error(inst, format!("{val} is still owned"));
            }
        }
    }

    fn edge(&mut self, inst: Inst, index: usize, call: &BlockCall, mut state: State) {
        for &val in &call.args {
            self.take(inst, val, &mut state);
        }
        let data = &self.func.insts[inst];
        if data.op == Op::Brif
            && index == 0
            && let Some(nothing) = uncounted_if_true(self.func, data.args[0])
            && !self.live_in[call.block].contains(&nothing)
        {
            state.remove(&nothing);
        }
        self.reach(Some(inst), call.block, state);
    }

    fn unwind(&mut self, inst: Inst, call: &BlockCall, before: &State, consumes: &dyn Fn(usize) -> bool) {
        let data = &self.func.insts[inst];
        let mut owned = before.clone();
        let gone = takes_operands(data.op);
        let guarded = may_call(self.func, inst);
        for (index, &val) in data.args.iter().enumerate() {
            if consumes(index) && (gone || guarded && data.op.mode(index) != Mode::Update) {
                owned.remove(&val);
            }
        }
        let taken = self.live_in[call.block].clone();
        for &val in call.args.iter().chain(&taken) {
            if self.tracked.contains(val) && !owned.contains(&val) {
                self.error(inst, format!("{} takes {val}, which is not owned when it raises", call.block));
            }
        }
        self.reach(Some(inst), call.block, taken);
    }
}

fn live_in(func: &Function, tracked: &EntitySet<Val>) -> SecondaryMap<Block, State> {
    let mut sets: SecondaryMap<Block, State> = SecondaryMap::new();
    loop {
        let mut changed = false;
        for &block in func.layout.iter().rev() {
            let mut live = State::new();
            for &inst in func.blocks[block].insts.iter().rev() {
                let data = &func.insts[inst];
                if let Some(result) = data.result.expand() {
                    live.remove(&result);
                }
                for call in data.targets.iter().chain(data.unwind.as_deref()) {
                    live.extend(sets[call.block].iter().copied());
                }
                func.for_each_need(inst, |val| {
                    if tracked.contains(val) {
                        live.insert(val);
                    }
                });
            }
            for param in &func.blocks[block].params {
                live.remove(param);
            }
            if live != sets[block] {
                sets[block] = live;
                changed = true;
            }
        }
        if !changed {
            return sets;
        }
    }
}
