//! Writing instructions: labels, literals, positions, unwind entries. Knows encodings, not the IR.

use super::op::{Extra, Fields, Opcode, Operand};
use super::program::{FunctionCode, List, Literal, NO_LANDING, Point, UnwindEntry};
use crate::base::source::Span;

/// A place in the code, bound once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Label(usize);

/// A 16-bit jump distance was too small: the function must be emitted again with long jumps.
#[derive(Debug)]
pub(super) struct TooFar;

/// The code of a function being written.
#[derive(Default)]
pub(super) struct Assembler {
    pub code: FunctionCode,
    /// Whether some instruction written may call a method of a struct.
    pub calls_methods: bool,
    labels: Vec<Option<u32>>,
    fixups: Vec<(u32, Label)>,
    /// Words that hold a distance from the instruction before them.
    tables: Vec<(u32, u32, Label)>,
    landings: Vec<(usize, Label)>,
    span: Span,
}

impl Assembler {
    /// For a function of about so many IR instructions.
    pub fn for_instructions(count: usize) -> Assembler {
        let mut assembler = Assembler::default();
        assembler.code.code.reserve(2 * count);
        assembler.code.spans.reserve(count / 2);
        assembler
    }

    /// A label not bound yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Binds a label here.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.here());
    }

    /// The word the next instruction starts at.
    pub fn here(&self) -> u32 {
        self.code.code.len() as u32
    }

    /// The position of the instructions that follow.
    pub fn set_span(&mut self, span: Span) {
        self.span = span;
    }

    /// Writes an instruction without literal words.
    pub fn op(&mut self, op: Opcode, flags: u16, a: u16, b: u16, c: u16) {
        let here = self.here();
        self.calls_methods |= op.may_call_method();
        if self.code.spans.last().is_none_or(|&(_, span)| span != self.span) {
            self.code.spans.push((here, self.span));
        }
        self.code.code.push(0);
        self.code.code.push(Fields { op: op as u16 | flags, a, b, c }.encode());
    }

    /// Writes a literal word behind the instruction just written.
    pub fn literal(&mut self, literal: Literal) {
        let here = self.here();
        self.code.literals.push((here, literal));
        self.code.code.push(0);
    }

    /// Writes a literal word and two cache words behind the instruction just written.
    pub fn cached(&mut self, literal: Literal) {
        self.literal(literal);
        self.code.code.extend([0, 0]);
    }

    /// Writes the word of a jump distance behind the instruction just written, and gives the second half of the instruction, what
    /// it does after its first error can be, a position of its own.
    pub fn distance(&mut self, span: Span) {
        let at = self.here() - 1;
        if span != self.span {
            self.code.spans.push((at, span));
        }
        self.code.code.push(0);
    }

    /// Gives the words from the second of the instruction at `at`, which ends here, positions of their own: an error of its n-th
    /// further operation is raised at the n-th word after the first, or at the last.
    pub fn later(&mut self, at: u32, spans: &[Span]) {
        let words = at + 1..self.here();
        for (word, &span) in words.zip(spans) {
            if self.code.spans.last().is_none_or(|&(_, last)| span != last) {
                self.code.spans.push((word, span));
            }
        }
    }

    /// Gives the parts of the read-modify-write at `at` positions of their own.
    pub fn places(&mut self, at: u32, spans: &[Span]) {
        if !spans.is_empty() {
            self.code.places.push((at, spans.into()));
        }
    }

    /// Writes the word of a register and a jump distance behind the instruction just written.
    pub fn register_distance(&mut self, register: u16) {
        self.code.code.push(register as u64);
    }

    /// Writes words as they are behind the instruction just written.
    pub fn words(&mut self, words: &[u64]) {
        self.code.code.extend(words);
    }

    /// Writes the distance from the instruction at word `at`, which has a table, to a label.
    pub fn table_jump(&mut self, at: u32, label: Label) {
        self.tables.push((at, self.here(), label));
        self.code.code.push(0);
    }

    /// Writes a register list behind the instruction just written.
    pub fn list(&mut self, registers: &[u16]) {
        for four in registers.chunks(4) {
            let word = four.iter().rev().fold(0u64, |word, &register| word << 16 | register as u64);
            self.code.code.push(word);
        }
    }

    /// Makes the instruction at word `at` jump to `label`.
    pub fn jumps(&mut self, at: u32, label: Label) {
        self.fixups.push((at, label));
    }

    /// An unconditional jump.
    pub fn jump(&mut self, label: Label) {
        let at = self.here();
        self.op(Opcode::jump, 0, 0, 0, 0);
        self.jumps(at, label);
    }

    /// A list of registers that are all given up.
    pub fn list_of(&mut self, drops: &[u16]) -> List {
        let first = self.code.unwind_registers.len() as u32;
        self.code.unwind_registers.extend_from_slice(drops);
        List { first, count: drops.len() as u32 }
    }

    /// Adds the unwind entry of the instruction at word `at`.
    pub fn unwind(&mut self, at: u32, list: List, landing: Option<Label>) {
        if let Some(label) = landing {
            self.landings.push((self.code.unwind.len(), label));
        }
        self.code.unwind.push(UnwindEntry { at, list, landing: NO_LANDING });
    }

    /// Makes the next instruction one that work is charged at. Of several blocks that start there the last has the instruction:
    /// what is owned in it is owned in all, unless it has no count where control comes from the others.
    pub fn point(&mut self, list: List) {
        let at = self.here();
        self.code.points.pop_if(|point| point.at == at);
        self.code.points.push(Point { at, list });
    }

    /// Resolves jumps and landings.
    pub fn finish(mut self) -> Result<FunctionCode, TooFar> {
        let place = |label: Label| self.labels[label.0].expect("every label used is bound");
        for &(at, word, label) in &self.tables {
            self.code.code[word as usize] = (place(label) as i64 - at as i64) as u64;
        }
        for &(at, label) in &self.fixups {
            let distance = place(label) as i64 - at as i64;
            let word = &mut self.code.code[at as usize + 1];
            let mut fields = Fields::decode(*word);
            let opcode = Opcode::from_word(fields.op).expect("an instruction just written");
            if opcode.info().extra == Extra::Jump {
                self.code.code[at as usize + 2] = distance as u64;
                continue;
            }
            if opcode.info().extra == Extra::RegisterJump {
                self.code.code[at as usize + 2] |= (distance << 16) as u64;
                continue;
            }
            if opcode.info().operands[1] == Operand::Jump32 {
                let bits = distance as i32 as u32;
                fields.b = bits as u16;
                fields.c = (bits >> 16) as u16;
            } else {
                fields.c = i16::try_from(distance).map_err(|_| TooFar)? as u16;
            }
            *word = fields.encode();
        }
        for &(entry, label) in &self.landings {
            self.code.unwind[entry].landing = place(label);
        }
        Ok(self.code)
    }
}
