//! The type lattice: a set of kinds a value may have, as bits. Join is union; the bottom is the empty set.

use std::fmt;

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Type(pub u16);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $text:literal;)*) => {
        impl Type {
            $($(#[$doc])* pub const $name: Type = Type(1 << $bit);)*
            /// Every kind with its text, in bit order: the names of the textual form.
            pub const KINDS: &'static [(Type, &'static str)] = &[$((Type::$name, $text)),*];
        }
    };
}

kinds! {
    /// An int in the inline range [-2^49, 2^49).
    SMALL_INT = 0 "small";
    /// An int outside the inline range: a counted box.
    BIG_INT = 1 "big";
    /// A double.
    FLOAT = 2 "float";
    /// true or false.
    BOOL = 3 "bool";
    /// null.
    NULL = 4 "null";
    /// A string.
    STRING = 5 "string";
    /// An array.
    ARRAY = 6 "array";
    /// A dict.
    DICT = 7 "dict";
    /// A struct, caught errors included.
    STRUCT = 8 "struct";
    /// A function or builtin.
    FUNCTION = 9 "function";
    /// A cell: the shared box of a captured and reassigned variable. Never a script value.
    CELL = 10 "cell";
    /// The state of a `for` loop. Never a script value.
    ITER = 11 "iter";
    /// Any other script value.
    OTHER = 12 "other";
    /// The mark of a binding without a value. Never a script value.
    UNDEF = 13 "undef";
    /// The mark of an exhausted iterator. Never a script value.
    DONE = 14 "done";
}

impl Type {
    /// No kind: unreachable.
    pub const NONE: Type = Type(0);
    /// Any int.
    pub const INT: Type = Type(0b11);
    /// int or float.
    pub const NUMBER: Type = Type(0b111);
    /// Any value a script can hold.
    pub const ANY: Type = Type(0x13ff);
    /// Anything at all, marks included.
    pub const TOP: Type = Type(0x7fff);
    /// What a path can be assigned into.
    pub const CONTAINER: Type = Type(Type::ARRAY.0 | Type::DICT.0 | Type::STRUCT.0);
    /// Kinds without a reference count: nothing to copy, move or drop.
    pub const UNCOUNTED: Type =
        Type(Type::SMALL_INT.0 | Type::FLOAT.0 | Type::BOOL.0 | Type::NULL.0 | Type::UNDEF.0 | Type::DONE.0);

    /// The join.
    pub const fn union(self, other: Type) -> Type {
        Type(self.0 | other.0)
    }

    /// The meet.
    pub const fn intersect(self, other: Type) -> Type {
        Type(self.0 & other.0)
    }

    /// Whether every kind of `self` is in `other`.
    pub const fn is_subset(self, other: Type) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the two have a kind in common.
    pub const fn may_be(self, other: Type) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a value of this type may own a heap object.
    pub const fn may_be_counted(self) -> bool {
        !self.is_subset(Type::UNCOUNTED)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [(Type::TOP, "top"), (Type::ANY, "any"), (Type::NUMBER, "number"), (Type::INT, "int")];
        if let Some((_, name)) = named.iter().find(|(ty, _)| ty == self) {
            return f.write_str(name);
        }
        if self.0 == 0 {
            return f.write_str("none");
        }
        let mut first = true;
        for (kind, name) in Type::KINDS {
            if kind.is_subset(*self) {
                if !first {
                    f.write_str("|")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
