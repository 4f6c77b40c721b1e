//! What an instruction may do besides computing its result.

use std::ops::BitOr;

/// A set of effects. An instruction without effects may be removed when its result is unused, and computed earlier or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Effects(pub u8);

impl Effects {
    /// Computes its result from its operands, nothing else.
    pub const PURE: Effects = Effects(0);
    /// Reads memory others may write: globals, cells, iterators.
    pub const READS: Effects = Effects(1);
    /// Writes memory others may read.
    pub const WRITES: Effects = Effects(2);
    /// Takes heap memory (removable when unused).
    pub const ALLOCATES: Effects = Effects(4);
    /// May raise a runtime error.
    pub const RAISES: Effects = Effects(8);
    /// May run script code, hence do anything a script can.
    pub const CALLS: Effects = Effects(16 | 8 | 4 | 2 | 1);
    /// Raises, or calls an overloading method, unless the operands' types exclude it (see `type-infer`).
    pub const OPERATOR: Effects = Effects(32 | 8);

    /// Union, usable in constants.
    pub const fn with(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether every effect of `other` is in `self`.
    pub fn contains(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// May raise.
    pub fn raises(self) -> bool {
        self.contains(Effects::RAISES)
    }

    /// May be removed when its result is unused.
    pub fn removable(self) -> bool {
        self.0 & !(Effects::READS.0 | Effects::ALLOCATES.0) == 0
    }
}

impl BitOr for Effects {
    type Output = Effects;
    fn bitor(self, other: Effects) -> Effects {
        self.with(other)
    }
}
