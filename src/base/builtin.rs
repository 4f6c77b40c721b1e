//! How the compiler names a builtin without knowing the runtime: an id and the few facts passes may use.

/// Index of a row of the builtin table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuiltinId(pub u16);

/// What the compiler may know of one builtin. The runtime's table provides these rows; the engine passes them down.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinInfo {
    /// The name scripts use.
    pub name: &'static str,
    /// The row.
    pub id: BuiltinId,
}
