//! The builtin table: one row per builtin, from which names, functions, function values and documentation derive.
//!
//! | column | |
//! |---|---|
//! | name, aliases | what scripts write; messages use the name |
//! | arity | how many arguments, and what is raised otherwise |
//! | purity | what it does besides giving a result |
//! | capability | what a run must allow for it ([`Capability`]); only what is pure, or calls the program back, needs not say it |
//! | function | `fn(&mut Host, &mut Args) -> Result<Value, RuntimeError>` |
//! | documentation | one line |
//!
//! Builtins are written against safe interfaces only. Those that call back into the program are written in Ruff: [`PRELUDE`].

mod arg_parser;
pub mod args;
mod array;
mod assertion;
mod async_file;
mod binary;
mod calendar;
mod callback;
mod collection;
mod convert;
pub mod cost;
mod csv;
mod dict;
mod digest;
pub mod env;
mod file;
mod json;
mod kv;
mod math;
mod order;
mod output;
mod path;
mod process;
mod random;
mod read;
pub mod regex;
mod serial;
mod task;
mod text;
mod time;
mod toml;
mod uuid;
mod words;
mod yaml;

pub use self::args::Args;
use super::capability::Capability;
use super::error::RuntimeError;
use super::function::{self, FunctionObject};
use super::host::Host;
use super::value::Value;
pub use crate::base::builtin::{BuiltinId, BuiltinInfo, BuiltinNames, Purity};
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The code of a builtin.
pub type Function = fn(&mut Host, &mut Args<'_>) -> Result<Value, RuntimeError>;

/// How many arguments a builtin takes, and what it raises otherwise.
#[derive(Clone, Copy, Debug)]
pub enum Arity {
    /// Any number; the function looks itself.
    Any,
    /// Exactly so many: `name expects 1 arguments, got 2`.
    Plural(usize),
    /// Exactly so many: `name expects 1 argument, got 2`.
    Singular(usize),
    /// From the first to the second number, with a text of its own.
    Own(usize, usize, &'static str),
    /// From the first to the second number: `name() expects 1 argument (path), got 2`, where the text is `1 argument (path)`.
    Counted(usize, usize, &'static str),
    /// Exactly so many; fewer have a text of their own, more are `name expects 2 arguments, got 3`.
    Least(usize, &'static str),
}

impl Arity {
    /// Are so many allowed?
    pub fn allows(self, got: usize) -> bool {
        self.complaint("", got).is_none()
    }

    fn check(self, name: &str, got: usize) -> Result<(), RuntimeError> {
        self.complaint(name, got).map_or(Ok(()), |text| Err(RuntimeError::message(text)))
    }

    /// What a call with `got` arguments raises because of their number.
    pub fn complaint(self, name: &str, got: usize) -> Option<String> {
        Some(match self {
            Arity::Least(n, text) if got < n => text.to_string(),
            Arity::Plural(n) | Arity::Least(n, _) if n != got => format!("{name} expects {n} arguments, got {got}"),
            Arity::Singular(n) if n != got => {
                format!("{name} expects {n} argument{}, got {got}", if n == 1 { "" } else { "s" })
            }
            Arity::Counted(min, max, what) if got < min || got > max => format!("{name}() expects {what}, got {got}"),
            Arity::Own(min, max, text) if got < min || got > max => text.to_string(),
            _ => return None,
        })
    }
}

/// One builtin.
pub struct Row {
    /// What scripts write, and what messages say.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// How many arguments.
    pub arity: Arity,
    /// What it does besides giving a result.
    pub purity: Purity,
    /// What a run must allow for it.
    pub capability: Capability,
    /// The code.
    pub function: Function,
    /// What it does, in one line.
    pub documentation: &'static str,
}

/// What a row needs; one that does anything has to say it.
macro_rules! needs {
    (Pure) => {
        Capability::Nothing
    };
    (Calls) => {
        Capability::Nothing
    };
    ($effect:ident, $capability:ident) => {
        Capability::$capability
    };
}

/// The code of a row, behind the one test of what the run allows; what needs nothing is not tested.
macro_rules! guarded {
    ($function:expr) => {
        $function
    };
    ($function:expr, Nothing) => {
        $function
    };
    ($function:expr, $capability:ident) => {
        |host: &mut Host, args: &mut Args<'_>| {
            host.permit(Capability::$capability, args.name())?;
            $function(host, args)
        }
    };
}

macro_rules! builtins {
    ($($name:literal $(| $alias:literal)* => $arity:expr, $purity:ident $(($capability:ident))?, $function:expr, $documentation:literal;)*) => {
        /// The table.
        pub static TABLE: &[Row] = &[$(Row {
            name: $name,
            aliases: &[$($alias),*],
            arity: $arity,
            purity: Purity::$purity,
            capability: needs!($purity $(, $capability)?),
            function: guarded!($function $(, $capability)?),
            documentation: $documentation,
        }),*];
    };
}

use Arity::{Any, Counted, Least, Own, Plural, Singular};

builtins! {
    "print" | "println" => Any, Effect(Nothing), output::print, "Writes its arguments, joined by blanks, as a line.";
    "eprint" => Any, Effect(Nothing), output::eprint, "Writes its arguments to standard error, joined by blanks, as a line.";
    "input" => Any, Effect(Nothing), output::input, "Reads a line, after showing a prompt.";
    "args" => Plural(0), Effect(EnvRead), output::arguments, "The arguments of the program.";
    "exit" => Any, Effect(Nothing), output::exit, "Ends the program.";
    "debug" => Any, Effect(Nothing), output::debug, "Writes the debug form of its arguments as a line.";
    "format" => Any, Pure, output::format, "Fills the placeholders of a template.";

    "to_string" | "str" => Own(1, 1, "to_string() requires one argument"), Pure, convert::to_string, "The text of a value.";
    "parse_int" => Own(1, 1, "parse_int requires a string argument"), Pure, convert::parse_int, "The int a string shows.";
    "parse_float" => Own(1, 1, "parse_float requires a string argument"), Pure, convert::parse_float, "The float a string shows.";
    "to_int" => Own(1, 1, "to_int() requires one argument"), Pure, convert::to_int, "A value as an int.";
    "to_float" => Own(1, 1, "to_float() requires one argument"), Pure, convert::to_float, "A value as a float.";
    "to_bool" => Own(1, 1, "to_bool() requires one argument"), Pure, convert::to_bool, "A value as a bool.";
    "bytes" => Own(1, 1, "bytes() requires an array argument"), Pure, convert::bytes, "Bytes from an array of ints.";
    "array" => Any, Pure, convert::array, "An array of its arguments.";
    "dict" => Own(0, 0, "dict() expects 0 arguments"), Pure, convert::dict, "An empty dict.";
    "type" | "type_of" => Plural(1), Pure, convert::type_of, "The name of a value's type.";
    "is_int" => Own(0, 1, "is_int() expects 1 argument"), Pure, convert::is_type, "Whether a value is an int.";
    "is_float" => Own(0, 1, "is_float() expects 1 argument"), Pure, convert::is_type, "Whether a value is a float.";
    "is_string" => Own(0, 1, "is_string() expects 1 argument"), Pure, convert::is_type, "Whether a value is a string.";
    "is_bool" => Own(0, 1, "is_bool() expects 1 argument"), Pure, convert::is_type, "Whether a value is a bool.";
    "is_array" => Own(0, 1, "is_array() expects 1 argument"), Pure, convert::is_type, "Whether a value is an array.";
    "is_dict" => Own(0, 1, "is_dict() expects 1 argument"), Pure, convert::is_type, "Whether a value is a dict.";
    "is_null" => Own(0, 1, "is_null() expects 1 argument"), Pure, convert::is_null, "Whether a value is null.";
    "is_function" => Own(0, 1, "is_function() expects 1 argument"), Pure, convert::is_type, "Whether a value is a function.";
    "is_truthy" => Plural(1), Pure, convert::is_truthy, "Whether a condition takes a value for true.";
    "len" => Plural(1), Pure, convert::len, "How many elements, entries or characters.";

    "assert" => Any, Pure, assertion::assert, "Raises unless a condition holds.";
    "assert_equal" => Own(2, 2, "assert_equal requires 2 arguments: actual, expected"), Pure, assertion::assert_equal, "Raises unless two values are equal.";
    "assert_true" => Own(1, 1, "assert_true requires exactly 1 argument"), Pure, assertion::assert_true, "Raises unless given true.";
    "assert_false" => Own(1, 1, "assert_false requires exactly 1 argument"), Pure, assertion::assert_false, "Raises unless given false.";
    "assert_contains" => Own(2, 2, "assert_contains requires 2 arguments: collection, item"), Pure, assertion::assert_contains, "Raises unless a collection contains an item.";
    "error" => Plural(1), Pure, assertion::error, "Raises an error.";

    "to_upper" => Plural(1), Pure, text::upper, "A string in upper case.";
    "upper" => Plural(1), Pure, text::upper, "A string in upper case.";
    "to_lower" => Plural(1), Pure, text::lower, "A string in lower case.";
    "lower" => Plural(1), Pure, text::lower, "A string in lower case.";
    "capitalize" => Plural(1), Pure, text::capitalize, "A string with its first character in upper case, the rest in lower case.";
    "trim" => Plural(1), Pure, text::trim, "A string without blanks around it.";
    "trim_start" => Plural(1), Pure, text::trim_start, "A string without blanks before it.";
    "trim_end" => Plural(1), Pure, text::trim_end, "A string without blanks behind it.";
    "str_reverse" => Own(1, 1, "str_reverse() requires a string argument"), Pure, text::reverse, "A string backwards.";
    "is_empty" => Own(1, 1, "is_empty() requires a string argument"), Pure, text::is_empty, "Whether a string is empty.";
    "count_chars" => Own(1, 1, "count_chars() requires a string argument"), Pure, text::count_chars, "How many characters a string has.";
    "lines" => Own(1, 1, "lines() requires a string argument"), Pure, text::lines, "The lines of a string.";
    "words" => Own(1, 1, "words() requires a string argument"), Pure, text::words, "The words of a string.";
    "contains" => Plural(2), Pure, text::contains, "Whether a string, array or dict contains something.";
    "starts_with" => Plural(2), Pure, text::starts_with, "Whether a string starts with another.";
    "ends_with" => Plural(2), Pure, text::ends_with, "Whether a string ends with another.";
    "index_of" => Plural(2), Pure, text::index_of, "Where a string or array contains something first.";
    "substring" | "substr" => Plural(3), Pure, text::substring, "A part of a string.";
    "char_at" => Own(2, 2, "char_at() requires a string argument for value"), Pure, text::char_at, "A character of a string.";
    "replace" | "replace_str" => Plural(3), Pure, text::replace, "A string with parts replaced.";
    "split" => Plural(2), Pure, text::split, "The parts of a string between delimiters.";
    "join" => Plural(2), Pure, text::join, "The texts of an array's elements, joined.";
    "repeat" => Plural(2), Pure, text::repeat, "A string repeated.";
    "pad_left" | "pad_start" => Plural(3), Pure, text::pad_left, "A string filled up in front.";
    "pad_right" | "pad_end" => Plural(3), Pure, text::pad_right, "A string filled up behind.";
    "truncate" => Own(3, 3, "truncate() requires 3 arguments: string, length, suffix"), Pure, text::truncate, "A string cut to a length.";
    "slugify" => Own(1, 1, "slugify() requires a string argument"), Pure, words::slugify, "A string as part of an address.";
    "to_camel_case" => Own(1, 1, "to_camel_case() requires a string argument"), Pure, words::camel_case, "A string in camelCase.";
    "to_snake_case" => Own(1, 1, "to_snake_case() requires a string argument"), Pure, words::snake_case, "A string in snake_case.";
    "to_kebab_case" => Own(1, 1, "to_kebab_case() requires a string argument"), Pure, words::kebab_case, "A string in kebab-case.";
    "encode_base64" => Own(1, 1, "encode_base64 requires a bytes or string argument"), Pure, words::encode_base64, "Bytes or a string in base 64.";
    "decode_base64" => Own(1, 1, "decode_base64 requires a string argument"), Pure, words::decode_base64, "The bytes of a string in base 64.";

    "map" => Least(2, "map requires two arguments: array and function"), Calls, callback::in_prelude, "An array of what a function gives for each element.";
    "filter" => Least(2, "filter requires two arguments: array and function"), Calls, callback::in_prelude, "The elements for which a function gives something true.";
    "find" => Least(2, "find requires two arguments: array and function"), Calls, callback::in_prelude, "The first element for which a function gives something true, or 0.";
    "any" => Least(2, "any requires two arguments: array and function"), Calls, callback::in_prelude, "Whether a function gives something true for some element.";
    "all" => Least(2, "all requires two arguments: array and function"), Calls, callback::in_prelude, "Whether a function gives something true for every element.";
    "sort_by" => Least(2, "sort_by requires two arguments: array and function"), Calls, callback::in_prelude, "An array sorted by the keys a function gives.";
    "reduce" => Own(3, 3, "reduce requires three arguments: array, initial value, and function"), Calls, callback::in_prelude, "An array folded from the left by a function.";

    "push" => Plural(2), Pure, array::push, "An array with one more element.";
    "append" => Plural(2), Pure, array::push, "An array with one more element.";
    "pop" => Singular(1), Pure, array::pop, "An array without its last element, and that element.";
    "insert" => Plural(3), Pure, array::insert, "An array with an element inserted.";
    "remove" => Plural(2), Pure, array::remove, "An array without an element, or a dict without a key.";
    "remove_at" => Plural(2), Pure, array::remove_at, "An array without the element at an index, and that element.";
    "clear" => Singular(1), Pure, array::clear, "An empty container of the same type.";
    "slice" => Plural(3), Pure, array::slice, "A part of an array or of bytes.";
    "concat" => Plural(2), Pure, array::concat, "Two arrays one after the other.";
    "zip" => Plural(2), Pure, array::zip, "Pairs of the elements of two arrays.";
    "flatten" => Singular(1), Pure, array::flatten, "An array with the elements of its arrays in their place.";
    "enumerate" => Singular(1), Pure, array::enumerate, "Pairs of index and element.";
    "chunk" => Plural(2), Pure, array::chunk, "Pieces of an array.";
    "windows" => Plural(2), Pure, array::windows, "All neighbours of a number in an array.";
    "take" => Plural(2), Pure, array::take, "The first elements of an array.";
    "skip" => Plural(2), Pure, array::skip, "An array without its first elements.";
    "sort" => Singular(1), Pure, order::sort, "An array in order.";
    "reverse" => Singular(1), Pure, order::reverse, "An array backwards.";
    "unique" => Singular(1), Pure, order::unique, "An array without repetitions.";
    "sum" => Singular(1), Pure, order::sum, "The sum of an array's numbers.";
    "range" => Own(1, 3, "range() requires 1, 2, or 3 arguments"), Pure, order::range, "An array of ints.";
    "__sort_by_keys" => Plural(2), Pure, order::sort_by_keys, "An array in the order of another; the prelude's `sort_by` uses it.";

    "keys" => Any, Pure, dict::keys, "The keys of a dict, sorted.";
    "values" => Any, Pure, dict::values, "The values of a dict, sorted by key.";
    "items" => Any, Pure, dict::items, "Pairs of key and value, sorted by key.";
    "has_key" => Any, Pure, dict::has_key, "Whether a dict has a key.";
    "get" => Any, Pure, dict::get, "The value of a key, or a default.";
    "get_default" => Own(3, 3, "get_default() requires 3 arguments: dict, key, default_value"), Pure, dict::get_default, "The value of a key, or a default.";
    "merge" => Any, Pure, dict::merge, "Two dicts in one; the second wins.";
    "update" => Any, Pure, dict::merge, "Two dicts in one; the second wins.";
    "invert" => Own(1, 1, "invert() requires a dict argument"), Pure, dict::invert, "A dict from values to keys.";

    "Set" => Own(0, 1, "Set constructor takes at most 1 argument"), Pure, collection::set, "A set.";
    "set_add" => Any, Pure, collection::set_add, "A set with one more element.";
    "set_remove" => Any, Pure, collection::set_remove, "A set without an element.";
    "set_union" => Any, Pure, collection::set_union, "What is in either set.";
    "set_intersect" => Any, Pure, collection::set_intersect, "What is in both sets.";
    "set_difference" => Any, Pure, collection::set_difference, "What is in the first set only.";
    "set_has" => Any, Pure, collection::set_has, "Whether a set has an element.";
    "set_to_array" => Any, Pure, collection::set_to_array, "The elements of a set.";
    "Queue" => Any, Pure, collection::queue, "A queue.";
    "queue_enqueue" => Any, Pure, collection::queue_enqueue, "A queue with one more element.";
    "queue_dequeue" => Any, Pure, collection::queue_dequeue, "A queue without its front, and the front.";
    "queue_peek" => Any, Pure, collection::queue_peek, "The front of a queue.";
    "queue_size" => Any, Pure, collection::size, "How many elements a queue has.";
    "queue_is_empty" => Any, Pure, collection::queue_is_empty, "Whether a queue is empty.";
    "queue_to_array" => Any, Pure, collection::queue_to_array, "The elements of a queue.";
    "Stack" => Any, Pure, collection::stack, "A stack.";
    "stack_push" => Any, Pure, collection::stack_push, "A stack with one more element.";
    "stack_pop" => Any, Pure, collection::stack_pop, "A stack without its top, and the top.";
    "stack_peek" => Any, Pure, collection::stack_peek, "The top of a stack.";
    "stack_size" => Any, Pure, collection::size, "How many elements a stack has.";
    "stack_is_empty" => Any, Pure, collection::stack_is_empty, "Whether a stack is empty.";
    "stack_to_array" => Any, Pure, collection::stack_to_array, "The elements of a stack.";

    "abs" => Own(1, 1, "abs() expects 1 argument"), Pure, math::abs, "The size of a number.";
    "sqrt" => Own(1, 1, "sqrt() expects 1 argument"), Pure, math::sqrt, "The square root.";
    "floor" => Own(1, 1, "floor() expects 1 argument"), Pure, math::floor, "The next whole number below.";
    "ceil" => Own(1, 1, "ceil() expects 1 argument"), Pure, math::ceil, "The next whole number above.";
    "round" => Own(1, 1, "round() expects 1 argument"), Pure, math::round, "The nearest whole number; halves go away from zero.";
    "sin" => Own(1, 1, "sin() expects 1 argument"), Pure, math::sin, "The sine.";
    "cos" => Own(1, 1, "cos() expects 1 argument"), Pure, math::cos, "The cosine.";
    "tan" => Own(1, 1, "tan() expects 1 argument"), Pure, math::tan, "The tangent.";
    "log" => Own(1, 1, "log() expects 1 argument"), Pure, math::log, "The natural logarithm.";
    "exp" => Own(1, 1, "exp() expects 1 argument"), Pure, math::exp, "The exponential.";
    "pow" => Own(2, 2, "pow() expects 2 arguments"), Pure, math::pow, "A power.";
    "min" => Own(2, 2, "min() expects 2 arguments"), Pure, math::min, "The smaller number.";
    "max" => Own(2, 2, "max() expects 2 arguments"), Pure, math::max, "The larger number.";
    "bit_and" => Plural(2), Pure, math::bit_and, "The bits in both ints.";
    "bit_or" => Plural(2), Pure, math::bit_or, "The bits in either int.";
    "bit_xor" => Plural(2), Pure, math::bit_xor, "The bits in one int only.";
    "bit_not" => Plural(1), Pure, math::bit_not, "All other bits.";
    "bit_shl" => Plural(2), Pure, math::bit_shl, "Bits moved up.";
    "bit_shr" => Plural(2), Pure, math::bit_shr, "Bits moved down; the sign stays.";

    "parse_json" => Own(1, 1, "parse_json requires a string argument"), Pure, json::parse_json, "The value a JSON text shows.";
    "to_json" => Own(1, 1, "to_json requires one argument"), Pure, json::to_json, "A value as JSON.";
    "to_json_pretty" => Own(1, 1, "to_json_pretty requires one argument"), Pure, json::to_json_pretty, "A value as JSON with line breaks.";
    "parse_csv" => Own(1, 1, "parse_csv requires a string argument"), Pure, csv::parse_csv, "The dicts a CSV text shows.";
    "to_csv" => Own(1, 1, "to_csv requires an array argument"), Pure, csv::to_csv, "Dicts as CSV.";
    "parse_toml" => Own(1, 1, "parse_toml requires a string argument"), Pure, toml::parse_toml, "The dict a TOML text shows.";
    "to_toml" => Own(1, 1, "to_toml requires a value argument"), Pure, toml::to_toml, "A dict as TOML.";
    "parse_yaml" => Own(1, 1, "parse_yaml requires a string argument"), Pure, yaml::parse_yaml, "The value a YAML text shows.";
    "to_yaml" => Own(1, 1, "to_yaml requires a value argument"), Pure, yaml::to_yaml, "A value as YAML.";
    "regex_match" => Any, Pure, regex::regex_match, "Whether a regular expression matches somewhere in a text.";
    "regex_find_all" => Any, Pure, regex::regex_find_all, "All parts of a text that a regular expression matches.";
    "regex_replace" => Any, Pure, regex::regex_replace, "A text with all that a regular expression matches replaced; `$1` and `$name` are its groups.";
    "regex_split" => Any, Pure, regex::regex_split, "The parts of a text between what a regular expression matches.";
    "sha256" => Own(1, 1, "sha256 requires a string argument"), Pure, digest::sha256_text, "The SHA-256 digest of a string.";
    "md5" => Own(1, 1, "md5 requires a string argument"), Pure, digest::md5_text, "The MD5 digest of a string.";
    "sha256_file" => Own(1, 1, "sha256_file requires a string argument"), Effect(FilesystemRead), digest::sha256_file, "The SHA-256 digest of a file.";
    "md5_file" => Own(1, 1, "md5_file requires a string argument"), Effect(FilesystemRead), digest::md5_file, "The MD5 digest of a file.";

    "read_file" => Own(1, 1, "read_file requires a string argument"), Effect(FilesystemRead), read::read_file, "The text of a file.";
    "read_file_lossy" => Own(1, 1, "read_file_lossy requires a string argument"), Effect(FilesystemRead), read::read_file_lossy, "The text of a file, whatever its bytes.";
    "read_lines" => Own(1, 1, "read_lines requires a string argument"), Effect(FilesystemRead), read::read_lines, "The lines of a file.";
    "read_binary_file" => Own(1, 1, "read_binary_file requires a string argument"), Effect(FilesystemRead), read::read_binary_file, "The bytes of a file.";
    "write_file" => Own(2, 3, "write_file requires two arguments: path and content"), Effect(FilesystemWrite), file::write_file, "Writes a file.";
    "write_binary_file" => Own(2, 3, "write_binary_file requires two arguments: path and bytes"), Effect(FilesystemWrite), file::write_binary_file, "Writes a file of bytes.";
    "append_file" => Own(2, 2, "append_file requires two arguments: path and content"), Effect(FilesystemWrite), file::append_file, "Adds to the end of a file.";
    "create_dir" => Own(1, 1, "create_dir requires a string argument"), Effect(FilesystemWrite), file::create_dir, "Makes a directory.";
    "os_rmdir" => Own(1, 1, "os_rmdir requires a string argument"), Effect(FilesystemDelete), file::remove_dir, "Removes an empty directory.";
    "delete_file" => Own(1, 1, "delete_file requires a string argument"), Effect(FilesystemDelete), file::delete_file, "Removes a file.";
    "rename_file" => Own(2, 2, "rename_file requires two arguments: old path and new path"), Effect(FilesystemWrite), file::rename_file, "Gives a file another path.";
    "copy_file" => Own(2, 2, "copy_file requires two arguments: source and destination"), Effect(FilesystemWrite), file::copy_file, "Copies a file.";
    "file_exists" => Own(1, 1, "file_exists requires a string argument"), Effect(FilesystemRead), file::file_exists, "Whether there is something at a path.";
    "file_size" => Own(1, 1, "file_size requires a string argument"), Effect(FilesystemRead), file::file_size, "How many bytes a file has.";
    "list_dir" => Own(1, 1, "list_dir requires a string argument"), Effect(FilesystemRead), file::list_dir, "The names in a directory.";

    "io_read_bytes" => Own(2, 2, "io_read_bytes requires two arguments: path and count"), Effect(FilesystemRead), binary::read_bytes, "The first bytes of a file.";
    "io_write_bytes" => Own(2, 2, "io_write_bytes requires path (string) and bytes arguments"), Effect(FilesystemWrite), binary::write_bytes, "Writes a file of bytes, over an existing one.";
    "io_append_bytes" => Own(2, 2, "io_append_bytes requires path (string) and bytes arguments"), Effect(FilesystemWrite), binary::append_bytes, "Adds bytes to the end of a file.";
    "io_read_at" => Own(3, 3, "io_read_at requires three arguments: path, offset, and count"), Effect(FilesystemRead), binary::read_at, "Bytes of a file from an offset on.";
    "io_write_at" => Own(3, 3, "io_write_at requires three arguments: path, bytes, and offset"), Effect(FilesystemWrite), binary::write_at, "Writes bytes at an offset of a file, which must be there.";
    "io_seek_read" => Own(2, 2, "io_seek_read requires two arguments: path and offset"), Effect(FilesystemRead), binary::seek_read, "The bytes of a file from an offset to its end.";
    "io_truncate" => Own(2, 2, "io_truncate requires two arguments: path and size"), Effect(FilesystemWrite), binary::truncate, "Cuts or lengthens a file to a size.";
    "io_copy_range" => Own(4, 4, "io_copy_range requires four arguments: source, dest, offset, and count"), Effect(FilesystemWrite), binary::copy_range, "Makes a file of some bytes of another.";
    "io_file_metadata" => Own(1, 1, "io_file_metadata requires one argument: path"), Effect(FilesystemRead), binary::metadata, "Size, kind and times of a file, as a dict.";

    "join_path" => Any, Effect(FilesystemRead), path::join_path, "Parts joined to a path; an absolute part starts it anew.";
    "path_join" => Any, Effect(FilesystemRead), path::join_path, "Parts joined to a path; an absolute part starts it anew.";
    "dirname" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::dirname, "A path without its last part.";
    "basename" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::basename, "The last part of a path.";
    "path_exists" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::exists, "Whether there is something at a path.";
    "path_absolute" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::absolute, "The path from the root of something that is there, without links.";
    "path_is_dir" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::is_dir, "Whether there is a directory at a path.";
    "path_is_file" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::is_file, "Whether there is a file at a path.";
    "path_is_symlink" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::is_symlink, "Whether there is a symbolic link at a path.";
    "path_extension" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemRead), path::extension, "The extension of a path, without its dot.";
    "os_getcwd" => Counted(0, 0, "0 arguments"), Effect(FilesystemRead), path::os_getcwd, "The current directory.";
    "os_chdir" => Counted(1, 1, "1 argument (path)"), Effect(FilesystemWrite), path::os_chdir, "Changes the current directory.";

    "env" => Counted(1, 1, "1 argument (variable name)"), Effect(EnvRead), env::env, "An environment variable; empty if it is not set.";
    "env_or" => Counted(2, 2, "2 arguments (variable name, default value)"), Effect(EnvRead), env::env_or, "An environment variable, or a default.";
    "env_int" => Counted(1, 1, "1 argument (variable name)"), Effect(EnvRead), env::env_int, "The int an environment variable shows.";
    "env_float" => Counted(1, 1, "1 argument (variable name)"), Effect(EnvRead), env::env_float, "The float an environment variable shows.";
    "env_bool" => Counted(1, 1, "1 argument (variable name)"), Effect(EnvRead), env::env_bool, "The bool an environment variable shows.";
    "env_required" => Counted(1, 1, "1 argument (variable name)"), Effect(EnvRead), env::env_required, "An environment variable, which must be set.";
    "env_set" => Counted(2, 2, "2 arguments (variable name, value)"), Effect(EnvWrite), env::env_set, "Sets an environment variable, for the program and those it starts.";
    "env_list" => Counted(0, 0, "0 arguments"), Effect(EnvRead), env::all, "All environment variables, as a dict.";
    "os_environ" => Counted(0, 0, "0 arguments"), Effect(FilesystemRead), env::all, "All environment variables, as a dict.";
    "arg_parser" => Counted(0, 0, "0 arguments"), Pure, arg_parser::arg_parser, "A description of the arguments a program takes, to which `add_argument` adds and by which `parse` reads.";
    "__arg_parser_add_argument" => Any, Pure, arg_parser::add_argument, "The method `add_argument` of `ArgParser`.";
    "__arg_parser_parse" => Any, Effect(EnvRead), arg_parser::parse, "The method `parse` of `ArgParser`.";
    "__arg_parser_help" => Any, Pure, arg_parser::help, "The method `help` of `ArgParser`.";

    "execute" => Own(1, 2, "execute() expects 1-2 arguments (command, [options])"), Tasks(ShellExec), process::execute, "What a command that a shell (`sh -c`) reads writes; raises if it fails.";
    "execute_status" => Own(1, 2, "execute_status() expects 1-2 arguments (command, [options])"), Tasks(ShellExec), process::execute_status, "How a command that a shell (`sh -c`) reads ended, and what it wrote.";
    "spawn_process" => Own(1, 2, "spawn_process() expects 1-2 arguments (arguments, [options])"), Tasks(ProcessExec), process::spawn_process, "How a program ended, and what it wrote. No shell sees its arguments.";
    "pipe_commands" => Own(1, 2, "pipe_commands() expects 1-2 arguments (commands, [options])"), Tasks(ProcessExec), process::pipe_commands, "What the last of some programs writes; each reads what the one before it has written. No shell sees their arguments.";

    "kv_set" => Counted(2, 2, "2 arguments (key, value)"), Effect(FilesystemWrite), kv::kv_set, "Stores a string under a key in the file `.ruff_kv.json`.";
    "kv_get" => Counted(1, 1, "1 argument (key)"), Effect(FilesystemRead), kv::kv_get, "The string stored under a key in the file `.ruff_kv.json`, or null.";

    "random" => Any, Effect(Random), random::random, "A random float in [0, 1).";
    "random_int" => Any, Effect(Random), random::random_int, "A random int, both ends included.";
    "random_choice" => Any, Effect(Random), random::random_choice, "A random element.";
    "random_id" => Any, Effect(Random), random::random_id, "A random string of letters and digits.";
    "set_random_seed" => Any, Effect(Random), random::set_seed, "Makes random values repeatable.";
    "clear_random_seed" => Any, Effect(Random), random::clear_seed, "Makes random values unforeseeable again.";
    "uuid_v4" => Counted(0, 0, "0 arguments"), Effect(Random), uuid::uuid_v4, "A random UUID, which no seed makes repeatable.";

    "now" => Any, Effect(Clock), time::now, "Seconds since 1970, as a float.";
    "time" | "current_timestamp" => Any, Effect(Clock), time::time, "Milliseconds since 1970.";
    "performance_now" => Any, Effect(Clock), time::performance_now, "Milliseconds since the program started.";
    "time_us" => Any, Effect(Clock), time::time_us, "Microseconds since the program started.";
    "time_ns" => Any, Effect(Clock), time::time_ns, "Nanoseconds since the program started.";
    "elapsed" => Any, Pure, time::elapsed, "The time between two moments.";
    "now_utc" => Any, Effect(Clock), calendar::now_utc, "The date and time, as text.";
    "now_unix" | "now_utc_seconds" => Any, Effect(Clock), calendar::now_unix, "Whole seconds since 1970.";
    "format_date" => Own(2, 2, "format_date requires timestamp (number) and format string"), Pure, calendar::format_date, "A moment as text.";
    "parse_date" => Own(2, 2, "parse_date requires date string and format string"), Pure, calendar::parse_date, "The moment a text shows.";
    "format_duration" => Own(1, 1, "format_duration requires a number argument (milliseconds)"), Pure, calendar::format_duration, "Milliseconds as text.";
    "sleep" => Own(1, 1, "sleep() expects 1 argument"), Tasks(Nothing), task::sleep, "Waits some milliseconds; other tasks run meanwhile.";

    "channel" => Plural(0), Effect(Nothing), task::new_channel, "A channel between tasks.";
    "async_sleep" => Plural(1), Tasks(Nothing), task::async_sleep, "A promise of null in some milliseconds.";
    "async_timeout" => Plural(2), Tasks(Nothing), task::async_timeout, "A promise that is rejected if another takes too long.";
    "promise_all" | "await_all" => Own(1, 2, "Promise.all() requires an array of promises"), Tasks(Nothing), task::promise_all, "A promise of the results of promises, in order.";
    "parallel_map" | "par_map" => Own(2, 3, "parallel_map() requires an array and a function"), Tasks(Nothing), task::parallel_map, "A promise of what a function gives for each element.";
    "par_each" => Own(2, 3, "par_each() requires an array and a function"), Tasks(Nothing), task::par_each, "A promise that a function has been called for each element.";
    "spawn_task" => Own(1, 1, "spawn_task() requires an async function argument"), Tasks(Nothing), task::spawn_task, "Starts an async function as a task.";
    "await_task" => Plural(1), Tasks(Nothing), task::await_task, "The promise of a task.";
    "cancel_task" => Plural(1), Tasks(Nothing), task::cancel_task, "Ends a task, if it has not ended.";
    "get_task_pool_size" => Plural(0), Effect(Nothing), task::get_pool_size, "The size of the task pool.";
    "set_task_pool_size" => Plural(1), Effect(Nothing), task::set_pool_size, "Sets the size of the task pool; returns the previous one.";
    "shared_set" => Plural(2), Effect(Nothing), task::shared_set, "Stores a value under a key all tasks see.";
    "shared_get" => Plural(1), Effect(Nothing), task::shared_get, "The value stored under a key.";
    "shared_has" => Plural(1), Effect(Nothing), task::shared_has, "Whether something is stored under a key.";
    "shared_delete" => Plural(1), Effect(Nothing), task::shared_delete, "Removes what is stored under a key.";
    "shared_add_int" => Plural(2), Effect(Nothing), task::shared_add_int, "Adds to an int stored under a key.";
    "async_read_file" => Own(1, 1, "async_read_file() requires a string path argument"), Tasks(FilesystemRead), async_file::read_file, "A promise of the text of a file.";
    "async_write_file" => Counted(2, 2, "2 arguments (path, content)"), Tasks(FilesystemWrite), async_file::write_file, "A promise that a file has been written.";
    "async_read_files" => Counted(1, 2, "1-2 arguments (paths, [concurrency_limit])"), Tasks(FilesystemRead), async_file::read_files, "A promise of the texts of files, in order.";
    "async_write_files" => Counted(2, 3, "2-3 arguments (paths, contents, [concurrency_limit])"), Tasks(FilesystemWrite), async_file::write_files, "A promise that files have been written.";

    "__iterator_map" => Plural(2), Calls, callback::in_prelude, "The method `map` of arrays and iterators.";
    "__iterator_filter" => Plural(2), Calls, callback::in_prelude, "The method `filter` of arrays and iterators.";
    "__iterator_take" => Plural(2), Calls, callback::in_prelude, "The method `take` of arrays and iterators.";
    "__iterator_skip" => Plural(2), Calls, callback::in_prelude, "The method `skip` of iterators.";
    "__iterator_collect" => Plural(1), Calls, callback::in_prelude, "The method `collect` of iterators.";
}

/// Builtins written in Ruff: file name and source.
pub const PRELUDE: &[(&str, &str)] = &[
    ("array.ruff", include_str!("../prelude/array.ruff")),
    ("iterator.ruff", include_str!("../prelude/iterator.ruff")),
];

/// A method of arrays and iterators that the prelude writes in the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LazyMethod {
    /// Its name in programs, and in all that is shown.
    pub name: &'static str,
    /// The prelude's function, which takes the receiver first.
    pub function: &'static str,
    /// How many arguments it takes besides.
    pub takes: usize,
    /// Whether arrays have it as well.
    pub of_arrays: bool,
}

macro_rules! lazy_methods {
    ($($name:literal $function:literal $takes:literal $of_arrays:literal;)*) => {
        /// The methods of arrays and iterators that the prelude writes.
        pub const LAZY_METHODS: &[LazyMethod] =
            &[$(LazyMethod { name: $name, function: $function, takes: $takes, of_arrays: $of_arrays }),*];
    };
}

lazy_methods! {
    "map" "__iterator_map" 1 true;
    "filter" "__iterator_filter" 1 true;
    "take" "__iterator_take" 1 true;
    "skip" "__iterator_skip" 1 false;
    "collect" "__iterator_collect" 0 false;
}

/// The lazy method of that name.
pub fn lazy_method(name: &str) -> Option<LazyMethod> {
    LAZY_METHODS.iter().copied().find(|method| method.name == name)
}

/// What a builtin is called wherever it is shown: a helper of the prelude, or a function that stands for a method, has the name of what
/// programs call.
pub fn shown_name(function: &str) -> &str {
    let method = LAZY_METHODS.iter().find(|method| method.function == function).map(|method| method.name);
    let builtin = HELPERS.iter().find(|helper| helper.0 == function).map(|helper| helper.1);
    let of_struct = STRUCT_METHODS.iter().find(|(.., row)| *row == function).map(|(_, method, _)| *method);
    method.or(builtin).or(of_struct).unwrap_or(function)
}

/// Methods of structs that builtins make: struct, method, row.
const STRUCT_METHODS: &[(&str, &str, &str)] = &[
    (arg_parser::NAME, "add_argument", "__arg_parser_add_argument"),
    (arg_parser::NAME, "parse", "__arg_parser_parse"),
    (arg_parser::NAME, "help", "__arg_parser_help"),
];

/// The builtin that the method `name` of `receiver` is, which no declared struct has: one of a struct that a builtin has made, else the
/// builtin of that name.
///
/// # Errors
/// There is none.
pub fn method(receiver: &Value, name: &str) -> Result<BuiltinId, RuntimeError> {
    let made = receiver.as_struct().filter(|object| object.get(arg_parser::ARGUMENTS).is_some());
    let found = match made.map(|object| object.name()) {
        Some(made @ arg_parser::NAME) => {
            let row = STRUCT_METHODS.iter().find(|(of, method, _)| (*of, *method) == (made, name));
            let missing = || RuntimeError::message(format!("{made} has no method '{name}'"));
            return row.and_then(|(.., row)| lookup(row)).ok_or_else(missing);
        }
        _ => lookup(name),
    };
    found.ok_or_else(|| RuntimeError::no_method(receiver, name))
}

/// Rows that only the prelude calls, with the builtins for which it does.
const HELPERS: &[(&str, &str)] = &[("__sort_by_keys", "sort_by")];

/// Whether a row is a function for programs, rather than a helper of the prelude or what stands for a method.
pub fn is_function(row: &Row) -> bool {
    HELPERS.iter().all(|helper| helper.0 != row.name)
        && LAZY_METHODS.iter().all(|method| method.function != row.name)
        && STRUCT_METHODS.iter().all(|(.., function)| *function != row.name)
}

/// The value of a name the prelude binds to a float.
pub fn prelude_constant(name: &str) -> Option<f64> {
    match name {
        "PI" => Some(std::f64::consts::PI),
        "E" => Some(std::f64::consts::E),
        _ => None,
    }
}

/// The builtin of that name.
pub fn lookup(name: &str) -> Option<BuiltinId> {
    static NAMES: OnceLock<FxHashMap<&'static str, BuiltinId>> = OnceLock::new();
    let names = NAMES.get_or_init(|| infos().map(|info| (info.name, info.id)).collect());
    names.get(name).copied()
}

/// The table's names, for texts of programs.
pub const NAMES: BuiltinNames = BuiltinNames { name: |id| row(id).map(|row| row.name), lookup };

/// Every name of every builtin.
pub fn infos() -> impl Iterator<Item = BuiltinInfo> {
    TABLE.iter().enumerate().flat_map(|(row, entry)| {
        let names = std::iter::once(entry.name).chain(entry.aliases.iter().copied());
        names.map(move |name| BuiltinInfo { name, id: BuiltinId(row as u16) })
    })
}

/// Every name that programs may use.
pub fn public_names() -> impl Iterator<Item = &'static str> {
    infos().map(|builtin| builtin.name).filter(|name| !name.starts_with("__"))
}

/// Whether a struct that a builtin makes has a method of that name.
pub fn is_struct_method(name: &str) -> bool {
    STRUCT_METHODS.iter().any(|(_, method, _)| *method == name)
}

/// The row of a builtin.
pub fn row(id: BuiltinId) -> Option<&'static Row> {
    TABLE.get(id.0 as usize)
}

/// The name of a builtin, given the number in its function object.
pub fn name_of_row(row: u16) -> &'static str {
    TABLE.get(row as usize).map_or("", |row| row.name)
}

static OBJECTS: [FunctionObject; TABLE_LEN] = {
    let mut objects = [const { FunctionObject::native(0) }; TABLE_LEN];
    let mut row = 0;
    while row < TABLE_LEN {
        objects[row] = FunctionObject::native(row as u16);
        row += 1;
    }
    objects
};
const TABLE_LEN: usize = 512;
const _: () = assert!(TABLE.len() <= TABLE_LEN);

/// The function value of a builtin: always the same one.
pub fn function_value(id: BuiltinId) -> Option<Value> {
    row(id)?;
    OBJECTS.get(id.0 as usize).map(function::builtin)
}

/// Calls a builtin with as many arguments as its row allows. What happens to them: see [`call`].
#[inline]
pub fn call_allowed(row: &Row, host: &mut Host, args: Args<'_>) -> Result<Value, RuntimeError> {
    (row.function)(host, &mut args.named(row.name))
}

/// Calls a builtin: checks the number of arguments, then runs it. Arguments that were taken are null afterwards; after an error none are.
pub fn call(id: BuiltinId, host: &mut Host, args: Args<'_>) -> Result<Value, RuntimeError> {
    let Some(row) = row(id) else {
        return Err(RuntimeError::message("Unknown builtin"));
    };
    row.arity.check(row.name, args.len())?;
    (row.function)(host, &mut args.named(row.name))
}

#[cfg(test)]
mod tests;
