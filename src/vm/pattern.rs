//! Which sequence starts at an instruction: patterns of opcodes and what they ask of operands. `handlers/sequence.rs` lists the
//! sequences, the loader puts the handlers in place.

use super::dispatch::Handler;
use super::handlers::call::CALLEE;
use super::handlers::sequence;
use crate::bytecode::op::{Extra, Fields, OPCODE_MASK, Opcode, Operand};

/// A sequence and its handler.
pub(crate) struct Sequence {
    pub pattern: Pattern,
    /// What the operands have to be, besides.
    pub demand: Demand,
    pub handler: Handler,
}

/// Opcodes of a sequence.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    /// The opcodes, from the lowest bits on.
    key: Key,
    /// The bits of the key.
    mask: Key,
    count: usize,
    /// The number of the step that copies the callee of the call at the end, if that is lent.
    lent: Option<usize>,
    /// How many words before itself the `iter_next` jumps, if that matters.
    back: Option<usize>,
}

type Key = u128;
const BITS: usize = 10;
const LONGEST: usize = Key::BITS as usize / BITS;

impl Pattern {
    pub const EMPTY: Pattern = Pattern { key: 0, mask: 0, count: 0, lent: None, back: None };

    pub const fn then(self, opcode: Opcode) -> Pattern {
        assert!(self.count < LONGEST);
        let shift = self.count * BITS;
        Pattern {
            key: self.key | (opcode as Key) << shift,
            mask: self.mask | (OPCODE_MASK as Key) << shift,
            count: self.count + 1,
            ..self
        }
    }

    pub const fn then_back(self, opcode: Opcode, words: usize) -> Pattern {
        Pattern { back: Some(words), ..self.then(opcode) }
    }

    pub const fn then_copy_callee(self) -> Pattern {
        Pattern { lent: Some(self.count), ..self.then(Opcode::copy_value) }
    }
}

/// What a sequence asks of its first instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    Nothing,
    /// It jumps so many words, just behind the sequence.
    Exit(usize),
    /// That, and what is dropped behind it is what it compares.
    DroppingExit(usize),
}

impl Demand {
    /// Whether the instructions at `pc` are so.
    unsafe fn is_met(self, pc: *const u64) -> bool {
        // SAFETY: instructions of the sequence.
        let fields = |at: usize| Fields::decode(unsafe { *pc.add(at + 1) });
        let first = fields(0);
        match self {
            Demand::Nothing => true,
            Demand::Exit(words) => first.c as usize == words,
            Demand::DroppingExit(words) => {
                let immediate = Opcode::from_word(first.op).is_some_and(|op| op.info().operands[1] == Operand::Imm);
                let drops = (2..).step_by(2).map(fields);
                let mut drops = drops.take_while(|drop| Opcode::from_word(drop.op) == Some(Opcode::drop_value));
                drops.all(|drop| drop.a == first.a || drop.a == first.b && !immediate) && first.c as usize == words
            }
        }
    }
}

/// The sequences by their first opcodes.
pub(crate) struct Sequences {
    /// Number of the first sequence that starts with an opcode, plus one.
    heads: Vec<u16>,
    /// Which opcodes stand second in the sequences that start with an opcode, modulo 64. All, if one has no second.
    seconds: Vec<u64>,
    /// Each sequence, and the number of the next that starts with the same opcode, plus one.
    chained: Vec<(&'static Sequence, u16)>,
}

impl Sequences {
    pub fn new() -> Sequences {
        let mut heads = vec![0; Opcode::ALL.len()];
        let mut seconds = vec![0; Opcode::ALL.len()];
        let mut chained = Vec::with_capacity(512);
        for sequence in sequence::SEQUENCES.iter().chain(sequence::EXITS.iter().copied().flatten()) {
            let opcode = |step: usize| (sequence.pattern.key >> (step * BITS)) as usize & OPCODE_MASK as usize;
            seconds[opcode(0)] |= if sequence.pattern.count > 1 { 1 << (opcode(1) % 64) } else { u64::MAX };
            let head: &mut u16 = &mut heads[opcode(0)];
            chained.push((sequence, *head));
            *head = chained.len() as u16;
        }
        Sequences { heads, seconds, chained }
    }

    /// The handler of the longest sequence that starts at the instruction at `pc`.
    ///
    /// # Safety
    /// `pc` is an instruction of verified code whose jumps are addresses.
    pub unsafe fn handler(&self, pc: *const u64, opcode: Opcode) -> Option<Handler> {
        let mut next = self.heads[opcode as usize];
        if next == 0 {
            return None;
        }
        // SAFETY: the caller's.
        let second = unsafe { following(pc, opcode) };
        if second.is_some_and(|second| self.seconds[opcode as usize] >> (second as usize % 64) & 1 == 0) {
            return None;
        }
        // SAFETY: the caller's.
        let (key, lent, back) = unsafe { walk(pc) };
        let mut best: Option<&Sequence> = None;
        while next != 0 {
            let (sequence, other) = self.chained[next as usize - 1];
            let pattern = &sequence.pattern;
            let returns = pattern.back.is_none() || pattern.back == back;
            let lends = pattern.lent.is_none() || lent == Some((pattern.lent.unwrap_or(0), pattern.count - 1));
            // Of two of one length the one that asks for more does less.
            let rank = |sequence: &Sequence| {
                let pattern = sequence.pattern;
                (pattern.mask, pattern.lent, pattern.back, sequence.demand)
            };
            if key & pattern.mask == pattern.key
                && lends
                && returns
                && best.is_none_or(|best| rank(sequence) > rank(best))
                // SAFETY: the opcodes are those of the sequence.
                && unsafe { sequence.demand.is_met(pc) }
            {
                best = Some(sequence);
            }
            next = other;
        }
        best.map(|sequence| sequence.handler)
    }
}

/// The opcode behind the instruction at `pc`, if that is where [`walk`] goes on.
unsafe fn following(pc: *const u64, opcode: Opcode) -> Option<Opcode> {
    let listed = matches!(opcode.info().extra, Extra::List | Extra::LiteralList | Extra::Path | Extra::Table);
    if listed || opcode.ends() || matches!(opcode, Opcode::jump | Opcode::iter_next) {
        return None;
    }
    // SAFETY: code does not run on behind an instruction that ends it (BC007).
    Opcode::from_word(Fields::decode(unsafe { *pc.add(opcode.span() + 1) }).op)
}

/// The opcodes from `pc` on, along jumps that steps may follow, and of the first call of a value the number and that of the
/// copy of what it calls; how many words before itself the first `iter_next` jumps.
unsafe fn walk(mut pc: *const u64) -> (Key, Option<(usize, usize)>, Option<usize>) {
    let (mut key, mut steps, mut calls) = (0, 0, false);
    let mut copies = [u16::MAX; LONGEST];
    let (mut lent, mut back) = (None, None);
    // SAFETY: from instruction to instruction; code does not run on behind one that ends it (BC007).
    unsafe {
        while steps < LONGEST {
            let fields = Fields::decode(*pc.add(1));
            let Some(opcode) = Opcode::from_word(fields.op) else { break };
            key |= (opcode as Key) << (steps * BITS);
            match opcode {
                Opcode::copy_value => copies[steps] = fields.a,
                Opcode::call if !calls => {
                    calls = true;
                    let copy = copies.iter().position(|&to| to as usize == fields.a as usize + CALLEE);
                    lent = copy.map(|copy| (copy, steps));
                }
                Opcode::iter_next if back.is_none() => {
                    back = (pc as usize).checked_sub(*pc.add(2) as usize).map(|d| d / 8)
                }
                _ => {}
            }
            steps += 1;
            pc = match opcode {
                Opcode::jump => pc.offset(fields.wide() as isize),
                Opcode::iter_next => *pc.add(2) as *const u64,
                _ if opcode.ends() => break,
                _ if matches!(opcode.info().extra, Extra::List | Extra::LiteralList | Extra::Path | Extra::Table) => {
                    pc.add(opcode.words(fields))
                }
                _ => pc.add(opcode.span()),
            };
        }
    }
    (key, lent, back)
}
