//! What a call of a builtin costs before it starts, in units of [`budget`]: most look at all of their arguments; the
//! names here tell those that do not, and those that do more. What depends on nested parts is charged where they are visited.

use super::TABLE;
use crate::runtime::budget;
use crate::runtime::value::{Value, View};
use std::sync::OnceLock;

/// Builtins whose work does not grow with their arguments, or grows with what they allocate only.
const CONSTANT: &[&str] = &[
    "push",
    "append",
    "pop",
    "len",
    "has_key",
    "get",
    "get_default",
    "type",
    "is_int",
    "is_float",
    "is_string",
    "is_bool",
    "is_array",
    "is_dict",
    "is_null",
    "is_function",
    "is_truthy",
    "is_empty",
    "array",
    "dict",
    "error",
    "clear",
    "Queue",
    "Stack",
    "set_add",
    "set_has",
    "set_remove",
    "queue_enqueue",
    "queue_dequeue",
    "queue_peek",
    "queue_size",
    "queue_is_empty",
    "stack_push",
    "stack_pop",
    "stack_peek",
    "stack_size",
    "stack_is_empty",
    "random_choice",
    "channel",
    "await_task",
    "shared_set",
    "shared_get",
    "char_at",
    "substring",
    "take",
];
/// Builtins that look at an array or a text, but only at one entry of a dict.
const KEYED: &[&str] = &["remove", "contains"];
/// Builtins that sort.
const SORTING: &[&str] = &["sort", "__sort_by_keys", "keys", "values", "items"];

#[derive(Clone, Copy, PartialEq)]
enum Growth {
    Constant,
    Linear,
    Keyed,
    Sorting,
}

fn growth(row: u16) -> Growth {
    static KINDS: OnceLock<Vec<Growth>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let kind = |name| match name {
            name if CONSTANT.contains(&name) => Growth::Constant,
            name if KEYED.contains(&name) => Growth::Keyed,
            name if SORTING.contains(&name) => Growth::Sorting,
            _ => Growth::Linear,
        };
        TABLE.iter().map(|row| kind(row.name)).collect()
    });
    kinds.get(row as usize).copied().unwrap_or(Growth::Linear)
}

/// Units for looking at one argument.
fn size(value: &Value) -> usize {
    match value.view() {
        View::Str(text) => text.as_str().len() / budget::BYTES,
        View::Bytes(bytes) => bytes.as_slice().len() / budget::BYTES,
        View::Array(elements) => elements.len() / budget::ELEMENTS,
        View::Dict(dict) => dict.len() / budget::ELEMENTS,
        View::Collection(collection) => collection.len() / budget::ELEMENTS,
        _ => 0,
    }
}

/// Units for a call of the builtin `row` with `args`.
pub fn cost<'a>(row: u16, args: impl Iterator<Item = &'a Value>) -> usize {
    match growth(row) {
        Growth::Constant => 1,
        Growth::Linear => args.map(size).sum::<usize>() + 1,
        Growth::Keyed => args.filter(|arg| arg.as_dict().is_none()).map(size).sum::<usize>() + 1,
        Growth::Sorting => {
            let size: usize = args.map(size).sum();
            size * (size.max(1).ilog2() as usize + 1) + 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_a_builtin() {
        for name in CONSTANT.iter().chain(SORTING).chain(KEYED) {
            assert!(TABLE.iter().any(|row| row.name == *name), "{name}");
        }
    }

    #[test]
    fn costs_grow_with_what_is_looked_at() {
        let row = |name: &str| TABLE.iter().position(|row| row.name == name).unwrap() as u16;
        let array = Value::array((0..4096).map(Value::int).collect());
        assert_eq!(cost(row("push"), [&array, &Value::NULL].into_iter()), 1);
        assert_eq!(cost(row("reverse"), [&array].into_iter()), 1025);
        assert_eq!(cost(row("sort"), [&array].into_iter()), 1024 * 11 + 1);
    }
}
