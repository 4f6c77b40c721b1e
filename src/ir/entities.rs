//! The references of the IR, printed as they are written in text: `block3`, `v12`, `fn2`.

use cranelift_entity::entity_impl;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);
        entity_impl!($name, $text);
    )*};
}

entities! {
    /// A basic block: parameters, instructions, one terminator at the end.
    Block "block";
    /// An SSA value: the result of an instruction or a block parameter.
    Val "v";
    /// An instruction.
    Inst "inst";
    /// A pooled constant of one function.
    Const "const";
    /// A function of the module.
    FuncRef "fn";
    /// A global slot of the module.
    Global "global";
    /// The description of a path assignment: root and steps.
    Path "path";
}
