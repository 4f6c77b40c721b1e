//! Opcodes and all that derives from the table: names, operand kinds, lengths, the op word.

use crate::base::operator::BinaryOp;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::OnceLock;

/// What the field a, b or c of an instruction is (`table.rs` has the meanings).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Not used.
    None,
    /// Register written.
    Dst,
    /// Register read; its reference dies here if a flag says so.
    Src,
    /// Register read; its reference stays.
    View,
    /// Register read; its reference moves into the instruction.
    Take,
    /// Register read; its reference stays, and it has a cell.
    Cell,
    /// Register read; its reference stays, and it has the state of a loop.
    Loop,
    /// Register changed.
    Mod,
    /// First register of a call window.
    Window,
    /// Signed 16-bit number.
    Imm,
    /// Signed 32-bit number in b and c.
    Int32,
    /// Unsigned number.
    Index,
    /// Row of the builtin table.
    Builtin,
    /// Length of the register list.
    Count,
    /// Number of words of the instruction.
    Length,
    /// Global slot in b and c.
    Global,
    /// 16-bit jump distance in words.
    Jump,
    /// 32-bit jump distance in words, in b and c.
    Jump32,
}

impl Operand {
    /// Whether it is a register that is read and not changed.
    pub const fn is_read(self) -> bool {
        matches!(self, Operand::Src | Operand::View | Operand::Take | Operand::Cell | Operand::Loop)
    }

    /// Whether it is a register.
    pub const fn is_register(self) -> bool {
        self.is_read() || matches!(self, Operand::Dst | Operand::Mod)
    }
}

/// What follows the 16 bytes of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Nothing.
    None,
    /// One literal word.
    Literal,
    /// Packed registers.
    List,
    /// One literal word, then packed registers.
    LiteralList,
    /// A jump distance.
    Jump,
    /// A register in the low 16 bits, a jump distance in the others.
    RegisterJump,
    /// One literal word, then two cache words.
    Cached,
    /// The word of a path, packed registers, then one literal word and two cache words for each field step.
    Path,
    /// A jump distance, then for each of c cases a literal word and a jump distance.
    Table,
    /// Two jump distances, then two words with a bit for each ASCII character.
    Class,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The name.
    pub name: &'static str,
    /// The handler family: the file in `vm/handlers`.
    pub family: &'static str,
    /// Operands a, b, c.
    pub operands: [Operand; 3],
    /// Literal words.
    pub extra: Extra,
    /// What it does.
    pub doc: &'static str,
}

/// What follows `start` in `name`, or all of it.
const fn after<'a>(name: &'a [u8], start: &str) -> &'a [u8] {
    let start = start.as_bytes();
    match name.split_at_checked(start.len()) {
        Some((head, tail)) if equal(head, start) => tail,
        _ => name,
    }
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The operator that the opcode of this name computes: `add`, `add_i`, `jump_not_lt_k`, `step_i_lt`.
const fn operator_named(name: &str) -> Option<BinaryOp> {
    let name = after(after(name.as_bytes(), "jump_not_"), "jump_");
    let name = after(after(name, "step_i_"), "step_");
    let name = match name {
        [operator @ .., b'_', b'i' | b'k'] => operator,
        _ => name,
    };
    Some(match name {
        b"add" => BinaryOp::Add,
        b"sub" => BinaryOp::Sub,
        b"mul" => BinaryOp::Mul,
        b"div" => BinaryOp::Div,
        b"rem" => BinaryOp::Rem,
        b"eq" => BinaryOp::Eq,
        b"ne" => BinaryOp::Ne,
        b"lt" => BinaryOp::Lt,
        b"le" => BinaryOp::Le,
        b"gt" => BinaryOp::Gt,
        b"ge" => BinaryOp::Ge,
        _ => return None,
    })
}

macro_rules! define_opcodes {
    ($($name:ident $family:ident ($a:ident, $b:ident, $c:ident) $extra:ident $doc:literal;)*) => {
        /// An opcode, written as it is printed.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Opcode { $(#[doc = $doc] $name),* }

        impl Opcode {
            /// Every opcode in table order.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name),*];
        }

        static NEGATED: &[bool] =
            &[$(after(stringify!($name).as_bytes(), "jump_not_").len() < stringify!($name).len()),*];

        static OPERATORS: &[Option<BinaryOp>] = &[$(operator_named(stringify!($name))),*];

        static TABLE: &[OpInfo] = &[$(OpInfo {
            name: stringify!($name),
            family: stringify!($family),
            operands: [Operand::$a, Operand::$b, Operand::$c],
            extra: Extra::$extra,
            doc: $doc,
        }),*];
    };
}
crate::for_each_opcode!(define_opcodes);

/// Bits of the op word that hold the opcode.
pub const OPCODE_MASK: u16 = 0x3ff;
/// Flag: the first borrowed register dies here and is released by the instruction.
pub const DROP_FIRST: u16 = 0x8000;
/// Flag: the second borrowed register dies here and is released by the instruction.
pub const DROP_SECOND: u16 = 0x4000;
/// Flag of a counted loop's step: it subtracts the negated immediate, which errors must say.
pub const SUBTRACTS: u16 = 0x2000;
/// Flag of a tested sum: it jumps if the element is true.
pub const JUMPS_IF_TRUE: u16 = 0x8000;
/// Flag of a tested sum: the second term is subtracted.
pub const SUBTRACTS_SECOND: u16 = 0x4000;
/// Flag of a tested sum: the third term is subtracted.
pub const SUBTRACTS_THIRD: u16 = 0x2000;
/// Flag of a register in a list: it dies here and is released by the instruction.
pub const DROP_LISTED: u16 = 0x8000;
/// Registers are below this number, so that lists have room for a flag.
pub const MAX_REGISTERS: usize = 0x7fff;

impl Opcode {
    /// The row.
    pub const fn info(self) -> &'static OpInfo {
        &TABLE[self as usize]
    }

    /// The opcode of an op word, if it is one.
    pub fn from_word(op: u16) -> Option<Opcode> {
        Opcode::ALL.get((op & OPCODE_MASK) as usize).copied()
    }

    /// The opcode with this name.
    pub fn from_name(name: &str) -> Option<Opcode> {
        static NAMES: OnceLock<FxHashMap<&'static str, Opcode>> = OnceLock::new();
        NAMES.get_or_init(|| Opcode::ALL.iter().map(|&op| (op.info().name, op)).collect()).get(name).copied()
    }

    /// The opcode whose name these parts make.
    pub fn from_parts(parts: &[&str]) -> Option<Opcode> {
        let mut name: SmallVec<[u8; 32]> = SmallVec::new();
        parts.iter().for_each(|part| name.extend_from_slice(part.as_bytes()));
        Opcode::from_name(std::str::from_utf8(&name).ok()?)
    }

    /// Whether it jumps where its comparison does not hold.
    #[inline]
    pub fn is_negated(self) -> bool {
        NEGATED[self as usize]
    }

    /// The operator this opcode computes, for arithmetic, comparisons and compare-and-branch.
    #[inline]
    pub fn operator(self) -> Option<BinaryOp> {
        OPERATORS[self as usize]
    }

    /// The operator that the opcode of an op word computes.
    ///
    /// # Panics
    /// If the word names no opcode.
    #[inline]
    pub fn operator_of(op: u16) -> Option<BinaryOp> {
        OPERATORS[(op & OPCODE_MASK) as usize]
    }

    /// For a prefix that tests and branches: how many words further it goes where the branch does not jump.
    pub const fn skipped_by_test(self) -> Option<usize> {
        use Opcode::*;
        const BRANCH: usize = 2;
        // The prefix, `cell_borrow` and `index_get`.
        const READ: usize = 3 + 3 + 2;
        const COMPARING_BRANCH: usize = 3;
        match self {
            quick_test_index => Some(3 + 2 + BRANCH),
            quick_test_character => Some(3 + 2 + COMPARING_BRANCH),
            quick_cell_test_character => Some(3 + 3 + 2 + COMPARING_BRANCH),
            quick_cell_test_index => Some(READ + BRANCH),
            quick_cell_test_index_add | quick_cell_test_index_sub => Some(READ + 2 + BRANCH),
            quick_cell_test_index_sum => Some(READ + 2 + 2 + BRANCH),
            _ => None,
        }
    }

    /// The flags it may have.
    pub fn flags(self) -> u16 {
        use Opcode::*;
        let dying = self.info().operands.iter().filter(|operand| **operand == Operand::Src).count();
        let steps = self.info().extra == Extra::Jump && self.info().operands[..2] == [Operand::Mod, Operand::Imm];
        match self {
            quick_cell_test_index_sum => JUMPS_IF_TRUE | SUBTRACTS_SECOND | SUBTRACTS_THIRD,
            quick_return_lt_i | quick_return_le_i | quick_return_eq_i => DROP_FIRST,
            _ if steps => SUBTRACTS,
            _ => [0, DROP_FIRST, DROP_FIRST | DROP_SECOND][dying],
        }
    }

    /// Whether references may die in its register list, from which register on.
    pub fn list_dies_from(self) -> usize {
        use Opcode::*;
        match self {
            format | call_builtin => 0,
            set_path | update_path | cell_set_path | cell_update_path | global_set_path | global_update_path => 1,
            vacate | cell_vacate | global_vacate | restore | cell_restore | global_restore => 1,
            _ => usize::MAX,
        }
    }

    /// For a prefix: how many words further control goes on behind what it stands for, by the op word.
    pub const fn behind(self, op: u16) -> Option<usize> {
        use Opcode::*;
        match self {
            quick_return_lt_i | quick_return_le_i | quick_return_eq_i if op & DROP_FIRST == 0 => Some(6),
            quick_return_lt_i | quick_return_le_i | quick_return_eq_i => Some(8),
            quick_call_add => Some(8),
            _ => self.skipped_by_test(),
        }
    }

    /// How many words further control goes on where it does not jump: for a prefix, behind what it skips. Of instructions without a list.
    pub const fn span(self) -> usize {
        match self.skipped_by_test() {
            Some(words) => words,
            None => self.length(0),
        }
    }

    /// Whether it may call a method of a struct and go on when that returns.
    pub fn may_call_method(self) -> bool {
        use Opcode::*;
        let paths = matches!(self, update_path | cell_update_path | global_update_path);
        self.operator().is_some() || paths || matches!(self, neg | not | struct_fill)
    }

    /// Number of words of an instruction with `count` listed registers or cases, the caches of a path left out.
    pub const fn length(self, count: usize) -> usize {
        2 + match self.info().extra {
            Extra::None => 0,
            Extra::Literal | Extra::Jump | Extra::RegisterJump => 1,
            Extra::Cached => 3,
            Extra::Table => 1 + 2 * count,
            Extra::Class => 4,
            Extra::List => count.div_ceil(4),
            Extra::LiteralList | Extra::Path => 1 + count.div_ceil(4),
        }
    }

    /// Number of words of the instruction with these fields.
    pub fn words(self, fields: Fields) -> usize {
        if self.info().extra == Extra::Path { fields.b as usize } else { self.length(fields.count(self)) }
    }

    /// Whether it is a path instruction whose root is a global.
    pub fn is_global_path(self) -> bool {
        use Opcode::*;
        matches!(self, global_set_path | global_update_path | global_vacate | global_restore)
    }

    /// Whether control never reaches the next instruction.
    pub fn ends(self) -> bool {
        use Opcode::*;
        matches!(
            self,
            jump | throw
                | raise
                | resume
                | halt
                | finish_operator
                | return_value
                | return_literal
                | return_closure
                | return_closure_literal
        ) || self.is_stub()
    }

    /// Whether it stands behind the functions only: where frames return to that no call has pushed.
    pub fn is_stub(self) -> bool {
        matches!(self, Opcode::halt | Opcode::generator_end | Opcode::async_end | Opcode::next_task)
    }
}

/// The second word of an instruction, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Opcode and flags.
    pub op: u16,
    /// Operand a.
    pub a: u16,
    /// Operand b.
    pub b: u16,
    /// Operand c.
    pub c: u16,
}

impl Fields {
    /// Packs into a word.
    pub fn encode(self) -> u64 {
        self.op as u64 | (self.a as u64) << 16 | (self.b as u64) << 32 | (self.c as u64) << 48
    }

    /// Unpacks a word.
    pub fn decode(word: u64) -> Fields {
        Fields { op: word as u16, a: (word >> 16) as u16, b: (word >> 32) as u16, c: (word >> 48) as u16 }
    }

    /// The signed number in b and c.
    pub fn wide(self) -> i32 {
        (self.b as u32 | (self.c as u32) << 16) as i32
    }

    /// The length of the register list or the table, for opcodes that have one.
    pub fn count(self, opcode: Opcode) -> usize {
        if opcode.info().extra == Extra::Table {
            return self.c as usize;
        }
        match opcode.info().operands {
            [_, Operand::Count, _] => self.b as usize,
            [_, _, Operand::Count] => self.c as usize,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_fit_the_mask_and_names_are_unique() {
        assert!(Opcode::ALL.len() <= OPCODE_MASK as usize);
        for &op in Opcode::ALL {
            assert_eq!(Opcode::from_name(op.info().name), Some(op));
            assert_eq!(Opcode::from_word(op as u16 | DROP_FIRST | DROP_SECOND), Some(op));
        }
    }

    #[test]
    fn fields_survive_packing() {
        let fields = Fields { op: 0x8003, a: 7, b: 0xfffe, c: 0xffff };
        assert_eq!(Fields::decode(fields.encode()), fields);
        assert_eq!(fields.wide(), -2);
    }
}
