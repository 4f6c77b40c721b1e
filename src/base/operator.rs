//! The operators of the language, named once for the tree, the IR and the runtime.

macro_rules! operators {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $symbol:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }
        impl $name {
            /// Every operator.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// How it is written.
            pub fn symbol(self) -> &'static str {
                match self { $($name::$variant => $symbol),* }
            }
        }
    };
}

operators! {
    /// Binary operators that compute from both operands' values (not the short-circuiting ones).
    BinaryOp {
        /// Addition, concatenation.
        Add "+",
        /// Subtraction.
        Sub "-",
        /// Multiplication.
        Mul "*",
        /// Division.
        Div "/",
        /// Remainder.
        Rem "%",
        /// Equality.
        Eq "==",
        /// Inequality.
        Ne "!=",
        /// Less.
        Lt "<",
        /// Less or equal.
        Le "<=",
        /// Greater.
        Gt ">",
        /// Greater or equal.
        Ge ">=",
    }
}

impl BinaryOp {
    /// Whether it gives a bool.
    pub fn is_comparison(self) -> bool {
        matches!(self, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge)
    }
}

operators! {
    /// Unary operators.
    UnaryOp {
        /// Arithmetic negation.
        Neg "-",
        /// Logical negation.
        Not "!",
    }
}
