//! How the compiler names a builtin without knowing the runtime: an id and the few facts passes may use.

/// Index of a row of the builtin table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuiltinId(pub u16);

/// What a builtin does besides giving a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purity {
    /// Nothing: the result follows from the arguments alone (a wrong argument raises).
    Pure,
    /// Reads or changes the world outside.
    Effect,
    /// Calls back into the program.
    Calls,
    /// Waits for tasks, starts them or ends them: other tasks may run.
    Tasks,
}

/// The method of channels that waits.
pub const RECEIVE: &str = "receive";
/// The method of channels that stores its argument.
pub const SEND: &str = "send";

/// What ownership knows of a builtin that runs no script code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It changes its first argument in place if nobody else has it, and gives it back.
    Changes,
    /// It does so, and gives it back as the first of a pair, together with what it took out.
    TakesOut,
    /// It reads the element of its first argument at its second, or gives a default.
    Reads,
}

/// The role of the builtin with this name, if it has one.
pub fn role(name: &str) -> Option<Role> {
    match name {
        "push" | "append" | "insert" | "remove" | "concat" | "slice" | "take" | "skip" | "sort" | "reverse"
        | "merge" | "update" | "set_add" | "set_remove" | "queue_enqueue" | "stack_push" => Some(Role::Changes),
        "pop" | "remove_at" | "queue_dequeue" | "stack_pop" => Some(Role::TakesOut),
        "get" | "get_default" => Some(Role::Reads),
        _ => None,
    }
}

/// Whether a builtin is called to see whether it raises: an assertion.
pub fn raises(name: &str) -> bool {
    matches!(name, "assert" | "assert_equal" | "assert_true" | "assert_false" | "assert_contains" | "error")
}

/// Whether a builtin gives a promise.
pub fn gives_promise(name: &str) -> bool {
    matches!(
        name,
        "promise_all"
            | "await_all"
            | "parallel_map"
            | "par_map"
            | "par_each"
            | "async_sleep"
            | "async_timeout"
            | "await_task"
            | "async_read_file"
            | "async_write_file"
            | "async_read_files"
            | "async_write_files"
    )
}

/// What the compiler may know of one builtin. The runtime's table provides these rows; the engine passes them down.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinInfo {
    /// The name scripts use.
    pub name: &'static str,
    /// The row.
    pub id: BuiltinId,
}

/// How texts of programs name builtins. The table stands on a higher floor, which passes this down; without it, builtins are
/// numbers.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinNames {
    /// The name of a row.
    pub name: fn(BuiltinId) -> Option<&'static str>,
    /// The row of a name.
    pub lookup: fn(&str) -> Option<BuiltinId>,
}

impl Default for BuiltinNames {
    fn default() -> BuiltinNames {
        BuiltinNames { name: |_| None, lookup: |_| None }
    }
}

impl BuiltinNames {
    /// A builtin as texts write it: its name, or its number if it has none.
    pub fn text(&self, id: BuiltinId) -> String {
        (self.name)(id).map_or_else(|| id.0.to_string(), str::to_owned)
    }
}
