//! What is known of a register: whether it owns its reference, which kinds of value may be in it, and the range of an int.
//!
//! The join of two facts is what holds whichever of them does. A register without a fact is dead: nothing says what is in it.

use crate::ir::function::ConstData;
use crate::ir::types::Type;
use std::collections::{BTreeMap, BTreeSet};

/// The inline ints are [-SMALL, SMALL).
const SMALL: i64 = 1 << 49;

/// Whose reference a register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// What is in it has no count: it may be read, moved and released any number of times.
    Plain,
    /// So many references are the register's own.
    Owned(u16),
    /// Somebody else keeps what is in it alive for as long as the frame lasts.
    Borrowed,
    /// Somebody else keeps what is in it alive, until the loan ends.
    Lent(Loan),
}

/// Who keeps what is in a borrowed register alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loan {
    /// A register, for as long as it owns what it owned when the loan was made.
    Register(u16),
    /// A global, until something may write it.
    Global(u32),
    /// A cell, until something may write one, and for as long as the register owns it, if one does.
    Cell(Option<u16>),
}

/// What is known of a register that may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub hold: Hold,
    pub ty: Type,
    /// If it is an int, it lies between these; the lower is above the higher where it is none.
    pub range: (i64, i64),
    /// What a loop state yields.
    pub element: Type,
    /// It is the bool that says whether what is in this register is of these kinds.
    pub tests: Option<(u16, Type)>,
}

/// Nothing is in this range.
const EMPTY: (i64, i64) = (i64::MAX, i64::MIN);
/// All ints.
const ALL: (i64, i64) = (i64::MIN, i64::MAX);
/// The inline ints.
pub(super) const INLINE: (i64, i64) = (-SMALL, SMALL - 1);

impl Fact {
    /// A value of this type that the register owns, if it is counted.
    pub fn of(ty: Type) -> Fact {
        let range = if ty.may_be(Type::BIG_INT) { ALL } else { INLINE };
        Fact { hold: Hold::Owned(1), ty, range, element: Type::NONE, tests: None }.normal()
    }

    /// An int in a range, or a value of another type.
    pub fn with_range(ty: Type, range: (i64, i64)) -> Fact {
        Fact { range, ..Fact::of(ty) }.normal()
    }

    /// A constant, with a reference to it.
    pub fn constant(constant: &ConstData) -> Fact {
        match *constant {
            ConstData::Int(int) => Fact::with_range(Type::INT, (int, int)),
            _ => Fact::of(constant.ty()),
        }
    }

    /// The state of a loop that yields `element`.
    pub fn loop_state(element: Type) -> Fact {
        Fact { element, ..Fact::of(Type::ITER) }
    }

    /// Whether a reference is lost if the register is forgotten.
    pub fn is_owned(self) -> bool {
        matches!(self.hold, Hold::Owned(_))
    }

    /// The same content, without a reference of one's own.
    pub fn borrowed(self) -> Fact {
        Fact { hold: Hold::Borrowed, ..self }.normal()
    }

    /// The same content, read out of what `container` is known to be in register `register`.
    pub fn lent_by(self, container: Fact, register: u16) -> Fact {
        match container.hold {
            Hold::Owned(_) => self.lent(Loan::Register(register)),
            Hold::Lent(loan) => self.lent(loan),
            Hold::Plain | Hold::Borrowed => self.borrowed(),
        }
    }

    /// The same content, kept by somebody else.
    pub fn lent(self, loan: Loan) -> Fact {
        Fact { hold: Hold::Lent(loan), ..self }.normal()
    }

    /// The same content and one reference to it.
    pub fn owned(self) -> Fact {
        Fact { hold: Hold::Owned(1), ..self }.normal()
    }

    /// The fact if it turns out that the value is of one of these kinds.
    pub fn narrowed(self, ty: Type) -> Fact {
        Fact { ty: self.ty.intersect(ty), ..self }.normal()
    }

    /// The fact if it turns out that an int lies in this range.
    pub fn bounded(self, (low, high): (i64, i64)) -> Fact {
        Fact { range: (self.range.0.max(low), self.range.1.min(high)), ..self }.normal()
    }

    /// Kinds, range and hold in the one form that says as much.
    fn normal(mut self) -> Fact {
        if self.ty.may_be(Type::INT) {
            let (low, high) = self.range;
            let mut int = Type::NONE;
            if low <= high && low < SMALL && high >= -SMALL {
                int = int.union(Type::SMALL_INT);
            }
            if low <= high && (low < -SMALL || high >= SMALL) {
                int = int.union(Type::BIG_INT);
            }
            int = int.intersect(self.ty);
            if int == Type::SMALL_INT {
                self.range = (low.max(-SMALL), high.min(SMALL - 1));
            }
            self.ty = Type(self.ty.0 & !Type::INT.0).union(int);
        }
        if !self.ty.may_be(Type::INT) {
            self.range = EMPTY;
        }
        if !self.ty.may_be_counted() {
            self.hold = Hold::Plain;
        }
        self
    }

    /// What holds if one of two facts does; `None` if they agree on no hold.
    pub fn join(self, other: Fact) -> Option<Fact> {
        let hold = match (self.hold, other.hold) {
            (Hold::Plain, hold) | (hold, Hold::Plain) => hold,
            (hold, other) if hold == other => hold,
            _ => return None,
        };
        let range = (self.range.0.min(other.range.0), self.range.1.max(other.range.1));
        let (ty, element) = (self.ty.union(other.ty), self.element.union(other.element));
        let tests = self.tests.filter(|tests| other.tests == Some(*tests));
        Some(Fact { hold, ty, range, element, tests }.normal())
    }

    /// Moves the ends of the range that have moved since `before` to the next of `ends`, so that a loop comes to an end.
    pub fn widened(self, before: Fact, ends: &BTreeSet<i64>) -> Fact {
        let (mut low, mut high) = self.range;
        if !self.ty.may_be(Type::INT) || !before.ty.may_be(Type::INT) {
            return self;
        }
        if low < before.range.0 {
            low = ends.range(..=low).next_back().copied().unwrap_or(i64::MIN);
        }
        if high > before.range.1 {
            high = ends.range(high..).next().copied().unwrap_or(i64::MAX);
        }
        Fact { range: (low, high), ..self }.normal()
    }
}

/// The facts of a frame, by register.
pub(super) type State = BTreeMap<u16, Fact>;

/// Forgets the registers whose lender owns nothing any more.
pub(super) fn settle(state: &mut State) {
    let gone = |fact: &Fact| match fact.hold {
        Hold::Lent(Loan::Register(lender) | Loan::Cell(Some(lender))) => {
            state.get(&lender).is_none_or(|fact| !fact.is_owned())
        }
        _ => false,
    };
    let ended: Vec<u16> = state.iter().filter(|(_, fact)| gone(fact)).map(|(&register, _)| register).collect();
    ended.iter().for_each(|register| {
        state.remove(register);
    });
}

/// Adds what is known on a further way to a place; whether that changed anything. Ranges that grow do so up to one of `ends`.
pub(super) fn meet(known: &mut State, other: &State, ends: &BTreeSet<i64>) -> bool {
    let mut changed = false;
    known.retain(|reg, fact| {
        let joined = other.get(reg).and_then(|other| fact.join(*other));
        let joined = joined.map(|joined| joined.widened(*fact, ends));
        changed |= joined != Some(*fact);
        *fact = joined.unwrap_or(*fact);
        joined.is_some()
    });
    changed
}
