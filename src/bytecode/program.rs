//! A compiled program as plain data: position-independent code, literals to patch, side tables.
//!
//! Code is a stream of 64-bit words. The handler word of every instruction is zero and every literal word holds zero until
//! the machine loads the program; `literals` says what belongs where.

use crate::base::builtin::{BuiltinId, BuiltinNames};
use crate::base::limits::MAX_PATH_STEPS;
use crate::base::source::{SourceId, Span};
use crate::ir::function::{ConstData, UpdateOp};
use crate::regalloc::releases;
pub use crate::regalloc::releases::{List, Listed};
use smallvec::SmallVec;
use std::rc::Rc;

/// What a literal word stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// A value.
    Const(ConstData),
    /// The value of a function that captures nothing, or the template of a closure.
    Function(u32),
    /// The first instruction of a function.
    Entry(u32),
    /// The value of a builtin.
    Builtin(BuiltinId),
    /// The number of a tag.
    Tag(Rc<str>),
    /// The shape of a struct: its name and fields, joined by blanks.
    Shape(Rc<str>),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// `[key]`
    Index,
    /// `.name`
    Field(Rc<str>),
}

/// A path description, shared by all instructions with the same path shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathDescription {
    /// Name of the root variable.
    pub name: Rc<str>,
    /// The root, for paths into globals.
    pub global: Option<u32>,
    /// The steps.
    pub steps: Vec<PathStep>,
    /// The operation of a read-modify-write.
    pub update: Option<UpdateOp>,
}

/// The first literal word of a path instruction: what its handler needs without the description.
///
/// ```text
/// 63        40 39        16 15         0
/// |  global   |   number   |   kinds   |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathWord {
    /// A bit for each step, the lowest for the first: whether it is a field. The bit above them is set.
    pub kinds: u16,
    /// The number of the path description.
    pub number: u32,
    /// The number of the root, for paths into globals, otherwise 0.
    pub global: u32,
}

impl PathWord {
    /// Numbers of descriptions and globals are below this.
    pub const MAX_NUMBER: u32 = 1 << 24;

    /// The word for a description; `None` if that has too many steps, or a number is too large.
    pub fn of(number: u32, path: &PathDescription) -> Option<PathWord> {
        let global = path.global.unwrap_or(0);
        if path.steps.len() > MAX_PATH_STEPS || number >= PathWord::MAX_NUMBER || global >= PathWord::MAX_NUMBER {
            return None;
        }
        Some(PathWord { kinds: PathWord::kinds(&path.steps), number, global })
    }

    /// The kinds of steps, [`MAX_PATH_STEPS`] at most.
    pub fn kinds(steps: &[PathStep]) -> u16 {
        steps.iter().rev().fold(1, |kinds, step| kinds << 1 | u16::from(*step != PathStep::Index))
    }

    /// Packs into a word.
    pub fn encode(self) -> u64 {
        u64::from(self.kinds) | u64::from(self.number) << 16 | u64::from(self.global) << 40
    }

    /// The number of the root of an encoded word.
    #[inline(always)]
    pub const fn global_of(word: u64) -> usize {
        (word >> 40) as usize
    }

    /// Unpacks a word.
    #[inline]
    pub fn decode(word: u64) -> PathWord {
        PathWord {
            kinds: word as u16,
            number: (word >> 16) as u32 & (PathWord::MAX_NUMBER - 1),
            global: (word >> 40) as u32,
        }
    }

    /// Number of field steps.
    pub fn fields(self) -> usize {
        (self.kinds.count_ones() as usize).saturating_sub(1)
    }
}

/// Words of a name and what the machine remembers of it.
pub const CACHE_WORDS: usize = 3;

/// No landing: the error leaves the function.
pub const NO_LANDING: u32 = u32::MAX;

/// What to do when the instruction at word `at` raises: release the registers of its list, then go on at word `landing`, or leave the
/// function. What the list says is kept stays for the landing; it is released, too, where control does not go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwindEntry {
    /// First word of the instruction.
    pub at: u32,
    /// Its list, in `unwind_registers`.
    pub list: List,
    /// Where control goes, or [`NO_LANDING`].
    pub landing: u32,
}

/// A place that work is charged at, before the instruction at word `at`: what starts a function, and what a jump leads back to. If
/// the program ends there, the registers of its list are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// First word of the instruction.
    pub at: u32,
    /// Its list, in `unwind_registers`.
    pub list: List,
}

/// The code of one function.
#[derive(Clone, Debug, Default)]
pub struct FunctionCode {
    /// Its name; `None` for anonymous functions.
    pub name: Option<Rc<str>>,
    /// Where it stands in the source.
    pub span: Span,
    /// Number of parameters: registers 0..arity on entry.
    pub arity: u16,
    /// Number of captured values.
    pub captures: u16,
    /// Registers it uses, call windows included.
    pub frame_size: u32,
    /// Where its `finish_operator` stands; methods that its operators call return there.
    pub finish: Option<u32>,
    /// The instruction stream.
    pub code: Vec<u64>,
    /// Literal words to patch, by ascending word.
    pub literals: Vec<(u32, Literal)>,
    /// Source positions of instructions, by ascending first word.
    pub spans: Vec<(u32, Span)>,
    /// Further positions of read-modify-writes, by ascending first word: of storing, of the root, of each step.
    pub places: Vec<(u32, Box<[Span]>)>,
    /// Unwinding, by ascending first word.
    pub unwind: Vec<UnwindEntry>,
    /// Where work is charged, by ascending word.
    pub points: Vec<Point>,
    /// The lists of `unwind` and `points`, as differences ([`crate::regalloc::releases`]).
    pub unwind_registers: Vec<u16>,
}

impl FunctionCode {
    /// The registers that the `yield_many` at word `at` keeps, ascending: those of its entry, or none.
    ///
    /// # Panics
    /// If its list is not within the pool.
    pub fn kept(&self, at: u32) -> SmallVec<[u16; 8]> {
        let found = self.unwind.binary_search_by_key(&at, |entry| entry.at);
        found.map_or_else(|_| SmallVec::new(), |entry| self.listed(self.unwind[entry].list).drops)
    }

    /// What a list of `unwind` or `points` says.
    ///
    /// # Panics
    /// If it is not within the pool.
    pub fn listed(&self, list: List) -> Listed {
        releases::read(&self.unwind_registers[list.first as usize..][..list.count as usize])
    }
}

/// A module of a program.
#[derive(Clone, Debug, Default)]
pub struct ModuleCode {
    /// Its name, as imported.
    pub name: Rc<str>,
    /// Its top level.
    pub function: u32,
    /// The global slot that says whether it was imported: undefined, false while its top level runs, then true.
    pub state: u32,
    /// The global slots of its variables.
    pub slots: Vec<u32>,
}

/// A program: function 0 is the top level.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Functions.
    pub functions: Vec<FunctionCode>,
    /// Names of the global slots.
    pub globals: Vec<Rc<str>>,
    /// Path descriptions.
    pub paths: Vec<PathDescription>,
    /// Sources whose functions stand for builtins: not shown in stacks, and errors in them are reported at their call.
    pub hidden: Vec<SourceId>,
    /// Functions called in place of builtins: what the prelude writes in the language itself.
    pub forwards: Vec<(BuiltinId, u32)>,
    /// Modules it may import.
    pub modules: Vec<ModuleCode>,
    /// What its text calls builtins.
    pub names: BuiltinNames,
}
