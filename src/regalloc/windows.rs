//! Call windows: which argument wants which slot, where a window will be, and the moves it takes when that failed.
//!
//! A call at base W clobbers every register from W on, so W lies above everything live across the call. When the first argument
//! is computed, W is predicted and a slot reserved for every argument whose only use is the call. A call whose result is an
//! argument of another call (`f(g(x), y)`) predicts the outer window first and puts its own so that the result falls into place.

use super::coalesce::{ClassId, Classes};
use super::linear_scan::Scan;
use super::moves::{Frame, sequence, source};
use super::order::Order;
use super::{Allocation, MAX_REGISTERS, Move, Window, has_window, slot, slot_offset};
use crate::base::effort::spend;
use crate::ir::entities::Inst;
use crate::ir::function::Function;
use crate::ir::inst::Op;

/// An argument reserved longer than this before its call would keep high registers busy for long.
const LONGEST_WAIT: u32 = 1024;
/// Classes looked at for each window to be predicted, on average, and at first: what keeps the prediction linear where many
/// arguments wait long.
pub const LOOK_AHEAD: usize = 64;
/// Nested calls predicted at once, and tries at moving a window up.
const MOST_TRIES: usize = 64;

/// A call of the function.
pub struct Call {
    /// The instruction.
    pub inst: Inst,
    /// Its operation.
    pub op: Op,
    /// Where it reads its operands.
    pub at: u32,
    /// The place of that point.
    pub place: u32,
    /// How many operands it has.
    pub operands: usize,
    /// Operands to be computed in place.
    pub in_place: Vec<(usize, ClassId)>,
    /// The class of the result.
    pub result: Option<ClassId>,
    /// The base predicted.
    pub predicted: Option<usize>,
}

/// The calls in order, and for every class the call and operand it is computed for.
pub fn collect(func: &Function, order: &Order, classes: &Classes) -> (Vec<Call>, Vec<Option<usize>>) {
    let mut calls = Vec::new();
    let mut target = vec![None; classes.list.len()];
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            if !has_window(data.op) {
                continue;
            }
            let at = order.at[inst];
            let mut call = Call {
                inst,
                op: data.op,
                at,
                place: order.place(block, at),
                operands: data.args.len(),
                in_place: Vec::new(),
                result: data.result.expand().and_then(|val| classes.of(val)),
                predicted: None,
            };
            for (index, &val) in data.args.iter().enumerate() {
                let Some(id) = classes.of(val) else { continue };
                let class = &classes.list[id as usize];
                let dies = class.end == at && at - class.start <= LONGEST_WAIT;
                if dies && class.fixed.is_none() && target[id as usize].is_none() {
                    target[id as usize] = Some(calls.len());
                    call.in_place.push((index, id));
                }
            }
            calls.push(call);
        }
    }
    (calls, target)
}

impl Scan<'_> {
    /// Predicts the window of the call that class `first` is computed for, if that has not happened.
    pub fn predict_for(&mut self, first: ClassId) {
        let mut chain = Vec::new();
        let mut next = self.target[first as usize];
        while let Some(call) = next {
            if self.calls[call].predicted.is_some() || chain.len() == MOST_TRIES {
                break;
            }
            chain.push(call);
            next = self.calls[call].result.and_then(|result| self.target[result as usize]);
        }
        while let Some(call) = chain.pop() {
            self.predict(call);
        }
    }

    fn predict(&mut self, number: usize) {
        let at = self.calls[number].at;
        let ahead = self.sorted[self.next..].partition_point(|&id| self.classes.list[id as usize].start <= at);
        self.look_ahead += LOOK_AHEAD;
        if ahead > self.look_ahead {
            return;
        }
        self.look_ahead -= ahead;
        let wanted = self.calls[number].result.and_then(|result| self.reservation[result as usize]);
        let (floor, crossing) = self.floor_ahead(number);
        let base = match wanted {
            Some(slot) if slot as usize >= floor => slot as usize,
            _ => {
                let mut base = floor;
                let mut room = self.unclaimed_below(base, crossing);
                while room < crossing {
                    room += usize::from(self.is_unclaimed(base));
                    base += 1;
                }
                (base..base + MOST_TRIES).find(|&base| self.slots_fit(number, base)).unwrap_or(base)
            }
        };
        self.calls[number].predicted = Some(base);
        for index in 0..self.calls[number].in_place.len() {
            let (operand, class) = self.calls[number].in_place[index];
            let reg = base + slot_offset(self.calls[number].op, operand);
            if reg < MAX_REGISTERS && self.fits(reg, class) && !self.disturbs(number, reg, class) {
                self.reserve(reg, class);
            }
        }
    }

    /// Whether `class` in `reg`, an argument of call `number`, would push a window up that earlier arguments are computed in already:
    /// their moves would be more than its own.
    fn disturbs(&self, number: usize, reg: usize, class: ClassId) -> bool {
        let class = &self.classes.list[class as usize];
        self.calls[self.settled..number].iter().take(MOST_TRIES).any(|earlier| {
            earlier.predicted.is_some_and(|base| base <= reg)
                && class.covers(earlier.place)
                && class.covers(earlier.place + 1)
        })
    }

    /// The lowest base as far as is known now, and how many values yet to come will be live across the call.
    fn floor_ahead(&self, number: usize) -> (usize, usize) {
        let call = &self.calls[number];
        let mut floor = self.floor(number);
        let mut crossing = 0;
        for &id in &self.sorted[self.next..] {
            spend(1);
            let class = &self.classes.list[id as usize];
            if class.start > call.at {
                break;
            }
            if class.covers(call.place + 1) && call.result != Some(id) {
                match self.reservation[id as usize] {
                    Some(reg) => floor = floor.max(reg as usize + 1),
                    None => crossing += 1,
                }
            }
        }
        (floor, crossing)
    }

    /// One more than the highest register in use now whose value is live across the call.
    pub fn floor(&self, number: usize) -> usize {
        let call = &self.calls[number];
        let crosses = |id: ClassId| {
            spend(1);
            call.result != Some(id) && self.classes.list[id as usize].covers(call.place + 1)
        };
        self.occupant.iter().rposition(|occupant| occupant.is_some_and(crosses)).map_or(0, |reg| reg + 1)
    }

    fn slots_fit(&self, number: usize, base: usize) -> bool {
        let call = &self.calls[number];
        call.in_place.iter().all(|&(operand, class)| self.fits(base + slot_offset(call.op, operand), class))
    }

    /// Fixes the window of a call whose operands are all computed; where it is.
    pub fn settle(&mut self, number: usize) -> usize {
        let floor = self.floor(number);
        let call = &self.calls[number];
        let slot_of_result = call.result.and_then(|result| self.reservation[result as usize]).map(usize::from);
        let fitting = |base: &usize| *base >= floor;
        call.predicted.filter(fitting).or(slot_of_result.filter(fitting)).unwrap_or(floor)
    }
}

/// Lists the moves of every window.
pub fn place(func: &Function, bases: Vec<(Inst, u16)>, allocation: &mut Allocation, frame: &mut Frame) {
    for (inst, base) in bases {
        let data = &func.insts[inst];
        let wanted = |(index, &val): (usize, &_)| {
            source(func, &allocation.reg, val).map(|source| (source, slot(data.op, base, index)))
        };
        let parallel: Vec<_> = data.args.iter().enumerate().filter_map(wanted).collect();
        let result = data.result.expand().and_then(|val| allocation.reg[val]);
        let window = Window {
            base,
            moves_before: sequence(&parallel, frame),
            result_move: result.filter(|&to| to != base).map(|to| Move::Reg { from: base, to }),
        };
        allocation.windows.insert(inst, window);
    }
}
