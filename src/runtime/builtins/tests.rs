//! Calls of builtins as data: name, arguments, and the text of the result or the message.

use super::*;
use crate::runtime::capability::Permissions;
use crate::runtime::dict::{self, Key};
use crate::runtime::heap;
use crate::runtime::{array, display, operators};

fn run(name: &str, mut args: Vec<Value>, owned: u64) -> Result<String, String> {
    let mut host = Host::captured("first line\r\nsecond");
    match call(lookup(name).unwrap(), &mut host, Args::new(&mut args, owned)) {
        Ok(value) => Ok(display::text(&value).unwrap()),
        Err(error) => Err(error.text().to_string()),
    }
}

/// Runs with every argument owned and with none, which must not differ; `Ok` and message are both given as text.
#[track_caller]
fn check(name: &str, args: Vec<Value>, expected: &str) {
    let kept: Vec<String> = args.iter().map(|arg| display::text(arg).unwrap()).collect();
    let borrowed = run(name, args.clone(), 0).unwrap_or_else(|message| message);
    assert_eq!(borrowed, expected, "{name}");
    let after: Vec<String> = args.iter().map(|arg| display::text(arg).unwrap()).collect();
    assert_eq!(kept, after, "{name} changed a borrowed argument");
    let owned = run(name, args, u64::MAX).unwrap_or_else(|message| message);
    assert_eq!(owned, expected, "{name}, owned");
}

fn i(i: i64) -> Value {
    Value::int(i)
}

fn f(f: f64) -> Value {
    Value::float(f)
}

fn s(text: &str) -> Value {
    Value::string(text)
}

fn a(items: &[Value]) -> Value {
    array::from_slice(items)
}

fn ints(items: &[i64]) -> Value {
    Value::array(items.iter().map(|&item| i(item)).collect())
}

fn d(entries: &[(&str, Value)]) -> Value {
    let mut out = dict::new();
    for (key, value) in entries {
        out.as_dict_mut().unwrap().insert(Key::text(key), value.clone());
    }
    out
}

#[test]
fn names_are_distinct_and_found() {
    let mut seen = std::collections::HashSet::new();
    for info in infos() {
        assert!(seen.insert(info.name), "{} twice", info.name);
        assert_eq!(lookup(info.name), Some(info.id));
    }
    assert_eq!(lookup("println"), lookup("print"));
    assert_eq!(lookup("nothing"), None);
}

#[test]
fn a_builtin_is_one_function() {
    let len = lookup("len").unwrap();
    let (a, b) = (function_value(len).unwrap(), function_value(len).unwrap());
    assert_eq!(a.word(), b.word());
    assert_ne!(a.word(), function_value(lookup("push").unwrap()).unwrap().word());
    assert_eq!(display::text(&a).unwrap(), "<native function: len>");
}

#[test]
fn owned_arrays_change_in_place() {
    let copies = heap::stats().copies_on_write;
    let mut host = Host::captured("");
    let mut value = ints(&[]);
    for n in 0..1000 {
        let mut args = [value, i(n)];
        value = call(lookup("push").unwrap(), &mut host, Args::new(&mut args, 3)).unwrap();
    }
    assert_eq!(heap::stats().copies_on_write, copies);
    assert_eq!(value.as_array().unwrap().len(), 1000);
}

#[test]
fn an_error_takes_nothing() {
    let mut host = Host::captured("");
    let mut args = [ints(&[1]), i(5), i(2)];
    assert!(call(lookup("insert").unwrap(), &mut host, Args::new(&mut args, 7)).is_err());
    assert_eq!(display::text(&args[0]).unwrap(), "[1]");
}

#[test]
fn input_reads_lines_without_their_ends() {
    let mut host = Host::captured("first line\r\nsecond");
    let mut read = || call(lookup("input").unwrap(), &mut host, Args::new(&mut [s("? ")], 0)).unwrap();
    assert_eq!(read().as_str(), Some("first line"));
    assert_eq!(read().as_str(), Some("second"));
    assert_eq!(read().as_str(), Some(""));
    assert_eq!(host.take_output().0, "? ? ? ");
}

#[test]
fn arity_errors_have_three_styles() {
    check("len", vec![], "len expects 1 arguments, got 0");
    check("sort", vec![i(1), i(2)], "sort expects 1 argument, got 2");
    check("to_int", vec![], "to_int() requires one argument");
    check("append", vec![], "append expects 2 arguments, got 0");
    check("substr", vec![], "substring expects 3 arguments, got 0");
    check("input", vec![i(1), i(2)], "input expects 0 to 1 arguments, got 2");
    check("queue_size", vec![], "queue_size expects 1 argument (queue), got 0");
}

#[test]
fn conversions() {
    check("to_int", vec![f(-2.9)], "-2");
    check("to_int", vec![s("1.5")], "Cannot convert '1.5' to int");
    check("to_int", vec![a(&[])], "Cannot convert array to int");
    check("parse_int", vec![s("1_000")], "Cannot parse '1_000' as integer");
    check("bytes", vec![ints(&[1, 256])], "bytes() requires integers in range 0-255, got 256");
    check("bytes", vec![a(&[s("a")])], "bytes() requires an array of integers");
    check("format", vec![s("%s|%d|%f|%%|%x"), ints(&[1]), f(2.9), i(3)], "[Array]|2|3|%|%x");
    check("format", vec![s("%d"), s("a")], "format() %d requires numeric argument, got Str(\"a\")");
    check("is_int", vec![], "false");
    check("is_string", vec![s("")], "true");
}

#[test]
fn texts() {
    check("capitalize", vec![s("hELLO wORLD")], "Hello world");
    check("split", vec![s("abc"), s("")], "[, a, b, c, ]");
    check("join", vec![a(&[s("a"), i(1), f(2.5), Value::NULL, ints(&[1, 2])]), s("-")], "a-1-2.5-Null-Array[2]");
    check("substring", vec![s("héllo"), f(1.9), i(3)], "él");
    check("char_at", vec![s("abc"), i(-5)], "a");
    check("index_of", vec![s("héllo"), s("l")], "2");
    check("index_of", vec![ints(&[1]), f(1.0)], "-1");
    check("contains", vec![s("abc"), s("b")], "1");
    check("contains", vec![a(&[ints(&[1])]), ints(&[1])], "false");
    check("pad_start", vec![s("a"), i(3), s("xy")], "xxa");
    check("truncate", vec![s("hello world"), i(8), s("...")], "hello...");
    check("replace", vec![s("ab"), s(""), s("-")], "-a-b-");
    check("repeat", vec![s("ab"), i(i64::MAX)], "Memory limit exceeded");
    check("slugify", vec![s("Hello, World!")], "hello-world");
    check("to_camel_case", vec![s("hello_world")], "helloWorld");
    check("to_snake_case", vec![s("helloWorld x")], "hello_world_x");
    check("encode_base64", vec![s("hello")], "aGVsbG8=");
    check("decode_base64", vec![s("aGVsbG8=")], "<bytes len=5>");
    check("lines", vec![s("a\nb\r\nc\n")], "[a, b, c]");
}

#[test]
fn arrays() {
    check("pop", vec![ints(&[1, 2])], "[[1], 2]");
    check("pop", vec![ints(&[])], "[[], 0]");
    check(
        "insert",
        vec![ints(&[1]), i(-1), i(2)],
        "insert() index 18446744073709551615 out of bounds for array of length 1",
    );
    check("insert", vec![ints(&[1, 2]), i(1), Value::NULL], "[1, null, 2]");
    check("remove", vec![a(&[f(1.0), i(1)]), i(1)], "[1]");
    check("remove_at", vec![ints(&[1, 2, 3]), i(0)], "[[2, 3], 1]");
    check("slice", vec![ints(&[1, 2, 3, 4]), i(-3), i(-1)], "[2, 3]");
    check("slice", vec![ints(&[1]), i(i64::MIN), i(i64::MAX)], "[1]");
    check("concat", vec![ints(&[1]), ints(&[2])], "[1, 2]");
    check("chunk", vec![ints(&[1, 2, 3]), i(2)], "[[1, 2], [3]]");
    check("chunk", vec![ints(&[1, 2]), i(0)], "[[1, 2]]");
    check("windows", vec![ints(&[1, 2, 3]), i(2)], "[[1, 2], [2, 3]]");
    check("take", vec![ints(&[1, 2, 3]), i(-2)], "[]");
    check("skip", vec![ints(&[1, 2, 3]), i(2)], "[3]");
    check("flatten", vec![a(&[ints(&[1]), i(2), a(&[ints(&[3])])])], "[1, 2, [3]]");
    check("sort", vec![a(&[s("b"), s("a")])], "[a, b]");
    check("sort", vec![a(&[f(2.5), i(1), i(-3)])], "[-3, 1, 2.5]");
    check("sort", vec![ints(&[3, -1, i64::MAX, i64::MIN, 0])], "[-9223372036854775808, -1, 0, 3, 9223372036854775807]");
    check("unique", vec![a(&[i(1), f(1.0), i(1), f(1.0), s("a"), s("a"), ints(&[1]), ints(&[1])])], "[1, 1, a, [1]]");
    check("sum", vec![ints(&[i64::MAX, 1])], "Integer overflow: 9223372036854775807 + 1");
    check("range", vec![i(0), i(-5), i(-2)], "[0, -2, -4]");
    check("range", vec![i(0), i(i64::MAX)], "Memory limit exceeded");
    check("__sort_by_keys", vec![a(&[s("c"), s("a"), s("b")]), ints(&[2, 3, 1])], "[b, c, a]");
}

#[test]
fn dicts() {
    let sample = d(&[("b", i(1)), ("a", i(2))]);
    check("keys", vec![sample.clone()], "[a, b]");
    check("items", vec![sample.clone()], "[[a, 2], [b, 1]]");
    check("keys", vec![], "[]");
    check("get", vec![sample.clone(), s("zz"), i(7)], "7");
    check("has_key", vec![d(&[("1", i(1))]), i(1)], "1");
    check("remove", vec![sample.clone(), s("b")], "[{\"a\": 2}, 1]");
    check("merge", vec![sample.clone(), d(&[("b", i(9)), ("c", i(3))])], "{\"a\": 2, \"b\": 9, \"c\": 3}");
    check("update", vec![i(5), sample.clone()], "{}");
    check("invert", vec![d(&[("a", ints(&[1])), ("b", s("x")), ("c", i(4))])], "{\"4\": c, \"x\": b}");
}

#[test]
fn collections() {
    let make = |name: &str, items: Value| {
        let mut host = Host::captured("");
        call(lookup(name).unwrap(), &mut host, Args::new(&mut [items], 1)).unwrap()
    };
    let set = make("Set", a(&[i(1), f(1.0), s("1")]));
    check("set_add", vec![set.clone(), i(2)], "Set{1, 1, 2}");
    check("set_remove", vec![set.clone(), i(1)], "Set{1}");
    check("set_union", vec![set.clone(), i(2)], "Set{}");
    check("Set", vec![i(1)], "Set constructor requires an array argument");
    check("queue_dequeue", vec![make("Queue", ints(&[1, 2, 3]))], "[Queue[2, 3], 1]");
    check("queue_dequeue", vec![make("Queue", ints(&[]))], "[Queue[], null]");
    check("stack_pop", vec![make("Stack", ints(&[1, 2]))], "[Stack[1], 2]");
    let mut queue = make("Queue", ints(&(0..100).collect::<Vec<_>>()));
    for expected in 0..100 {
        let pair = make("queue_dequeue", queue);
        assert_eq!(pair.as_array().unwrap()[1].as_int(), Some(expected));
        queue = pair.as_array().unwrap()[0].clone();
    }
    check("queue_is_empty", vec![queue], "true");
}

#[test]
fn large_sets_agree_with_plain_equality() {
    let mut host = Host::captured("");
    let mut set = call(lookup("Set").unwrap(), &mut host, Args::new(&mut [], 0)).unwrap();
    let mut model: Vec<Value> = Vec::new();
    let mut seed = 1u64;
    for n in 0..3000i64 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let k = (seed >> 40) as i64 % 24;
        // Half of the floats are around the edges of cells and of the tolerance.
        let float = match seed >> 62 {
            0 => k as f64 * f64::EPSILON / 3.0,
            1 => 1.0 + (k - 12) as f64 * f64::EPSILON / 2.0,
            2 => (k as f64 - 0.5) / (1u64 << 46) as f64 + f64::EPSILON / 4.0,
            _ => k as f64,
        };
        let value = match (seed >> 33) % 12 {
            0 => i(k),
            1 => s(&k.to_string()),
            2 | 3 => f(float),
            4 => a(&[f(float), i(k % 2)]),
            5 => a(&[a(&[i(k), s("x")]), f(k as f64 / 2.0)]),
            6 => i((1 << 53) + k),
            7 => f(((1i64 << 53) + k) as f64),
            8 if k == 0 => f(f64::NAN),
            8 => Value::bool(k % 2 == 0),
            9 => Value::NULL,
            10 => {
                let mut dict = dict::new();
                for key in if n % 2 == 0 { ["b", "7"] } else { ["7", "b"] } {
                    dict.as_dict_mut().unwrap().insert(Key::text(key), f(k as f64 / 4.0));
                }
                dict
            }
            _ => ints(&[k]),
        };
        let at = model.iter().position(|item| operators::equals(item, &value).unwrap());
        let mut args = [set.clone(), value.clone()];
        let has = call(lookup("set_has").unwrap(), &mut host, Args::new(&mut args, 0)).unwrap();
        assert_eq!(has.as_bool(), Some(at.is_some()), "{value:?}");
        let removes = (seed >> 20) % 8 < 3;
        let name = if removes { "set_remove" } else { "set_add" };
        match at {
            Some(at) if removes => drop(model.remove(at)),
            None if !removes => model.push(value.clone()),
            _ => {}
        }
        let mut args = [set, value];
        set = call(lookup(name).unwrap(), &mut host, Args::new(&mut args, 3)).unwrap();
        let same = |(element, expected): (&Value, &Value)| {
            operators::equals(element, expected).unwrap() || !operators::equals(expected, expected).unwrap()
        };
        let elements = set.as_collection().unwrap();
        assert!(elements.len() == model.len() && elements.items().zip(&model).all(same));
    }
}

#[test]
fn mathematics() {
    check("round", vec![f(-2.5)], "-3");
    check("abs", vec![s("a")], "abs() expects numeric argument 'value' , got Str(\"a\")");
    check("bit_and", vec![f(1.0), i(1)], "bit_and() expects integer argument 'left' , got Float(1)");
    check("bit_shl", vec![i(3), i(63)], "-9223372036854775808");
    check("bit_shr", vec![i(-8), i(1)], "-4");
    check("bit_shl", vec![i(1), i(64)], "bit_shl() expects a shift amount between 0 and 63");
    check("sqrt", vec![i(-1)], "sqrt() domain error: value must be >= 0");
    let mut host = Host::captured("");
    for _ in 0..200 {
        let mut args = [i(i64::MIN), i(i64::MAX)];
        assert!(call(lookup("random_int").unwrap(), &mut host, Args::new(&mut args, 0)).is_ok());
    }
}

#[test]
fn assertions() {
    check("assert_equal", vec![s("a"), i(5)], "Assertion failed: expected Int(5), got Str(\"a\")");
    check("assert_contains", vec![ints(&[1]), i(2)], "Assertion failed: Array[1] does not contain Int(2)");
    check("assert", vec![i(0), s("nope")], "nope");
    check("error", vec![ints(&[1])], "Array[1]");
    check("assert_true", vec![i(1)], "assert_true requires a boolean argument");
}

/// Files of builtins that use the system directly, or the host's view of it; which of their rows do so without needing anything.
#[test]
fn what_reaches_outside_needs_a_capability() {
    const OUTSIDE: [&str; 15] = [
        "host.door(",
        "reading(host",
        "writing(host",
        "deleting(host",
        "current_dir()",
        "std::env",
        "std::process",
        "getrandom",
        "environment()",
        "environment_mut()",
        "host.arguments()",
        "host.random()",
        "host.elapsed()",
        "since_epoch()",
        "hand_over(",
    ];
    // `elapsed` subtracts two numbers, dates and digests are computed from what is given; the parts of `ArgParser` but for `parse`
    // describe; the functions that print or end the program use what it was given.
    const FREE: [&str; 15] = [
        "elapsed",
        "format_date",
        "parse_date",
        "format_duration",
        "sha256",
        "md5",
        "arg_parser",
        "__arg_parser_add_argument",
        "__arg_parser_help",
        "debug",
        "format",
        "print",
        "eprint",
        "input",
        "exit",
    ];
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runtime/builtins");
    let table = std::fs::read_to_string(directory.join("mod.rs")).unwrap();
    let mut seen = 0;
    for row in TABLE {
        let (_, rest) = table.split_once(&format!("    \"{}\"", row.name)).unwrap();
        let line = rest.lines().next().unwrap();
        let module = line.split(", ").find_map(|part| part.split_once("::")).map(|(module, _)| module);
        let module = module.unwrap_or_else(|| panic!("{}: no function in {line}", row.name));
        let text = std::fs::read_to_string(directory.join(format!("{module}.rs"))).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        if OUTSIDE.iter().any(|word| text.contains(word)) {
            seen += 1;
            let needs = row.capability != Capability::Nothing;
            assert!(needs || FREE.contains(&row.name), "{} is in {module}.rs, and needs nothing", row.name);
        }
    }
    assert!(seen > 80, "{seen}");
}

/// No builtin and no import opens, makes or removes a file but by the door, which looks at what a run allows.
#[test]
fn files_are_reached_by_the_door_only() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let builtins = std::fs::read_dir(source.join("runtime/builtins")).unwrap().map(|entry| entry.unwrap().path());
    let files = builtins.filter(|path| !path.ends_with("tests.rs"));
    let files: Vec<_> = files.chain([source.join("engine/modules.rs"), source.join("runtime/replace.rs")]).collect();
    assert!(files.len() > 30);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        for kind in ["std::fs::File;", "std::fs::{File, Permissions};", "unix::fs::PermissionsExt;", "rustix::fs::"] {
            text = text.replace(kind, "");
        }
        for word in ["fs::", "File::", "OpenOptions", "canonicalize", "openat", "set_current_dir", "read_dir"] {
            let uses = text.matches(word).count();
            // The type of a file in `rustix` opens none, and the root of a package is no file of its own.
            let allowed =
                text.matches(&format!("rustix::{word}")).count() + text.matches("root_or_here(root).canon").count();
            assert!(uses <= allowed, "{} of {}", word, path.display());
        }
    }
}

/// A call that is denied raises before anything is done, whatever its arguments.
#[test]
fn what_is_denied_does_nothing() {
    let denied = TABLE.iter().filter(|row| row.capability != Capability::Nothing);
    for row in denied {
        let count = (0..5).find(|&count| row.arity.allows(count)).unwrap();
        let mut args = vec![s("denied"); count];
        let mut host = Host::captured("").permitted(Permissions::NONE);
        let error = call(lookup(row.name).unwrap(), &mut host, Args::new(&mut args, 0)).unwrap_err();
        let (needs, name) = (row.capability, shown_name(row.name));
        let expected = format!("Capability denied: {needs} required for {name}; rerun with --{}", needs.flag());
        assert_eq!(error.text(), expected);
        let mut host = Host::captured("").permitted(Permissions::NONE.with(Capability::Clock));
        let result = call(lookup("now").unwrap(), &mut host, Args::new(&mut [], 0));
        assert!(result.is_ok());
    }
    assert!(!std::path::Path::new("denied").exists());
    let mut host = Host::captured("").permitted(Permissions::NONE);
    assert!(call(lookup("print").unwrap(), &mut host, Args::new(&mut [i(1)], 0)).is_ok());
}

/// The lists of `base::builtin` are what the table's documentation says.
#[test]
fn assertions_and_promises_are_known() {
    use crate::base::builtin::{gives_promise, raises};
    for row in TABLE {
        assert_eq!(raises(row.name), row.documentation.starts_with("Raises "), "{}", row.name);
        let promise = ["A promise ", "The promise "].iter().any(|start| row.documentation.starts_with(start));
        for name in std::iter::once(&row.name).chain(row.aliases) {
            assert_eq!(gives_promise(name), promise, "{name}");
        }
    }
}
