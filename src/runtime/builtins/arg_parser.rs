//! The struct `ArgParser`: a description of the options a program takes, and the reading of its arguments by it. It is data as all
//! structs are: adding an argument makes a new one.

use super::Args;
use crate::runtime::dict::{self, Key};
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{Items, Text};
use crate::runtime::host::Host;
use crate::runtime::shape::Shape;
use crate::runtime::structure;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

/// The name of the struct.
pub const NAME: &str = "ArgParser";
/// Its field with the arguments added so far, by which one made here is known.
pub const ARGUMENTS: &str = "_args";

pub(super) fn arg_parser(_: &mut Host, _: &mut Args<'_>) -> Outcome {
    let shape = Shape::of(NAME, &["_app_name", ARGUMENTS, "_description"]);
    Ok(structure::new(shape, [Value::string(""), Value::array(Vec::new()), Value::string("")]))
}

/// Entry `key` of the description of an argument; null if there is none.
fn entry<'a>(argument: &'a Value, key: &str) -> &'a Value {
    argument.as_dict().and_then(|dict| dict.get(&Key::text(key))).unwrap_or(MISSING)
}

const MISSING: &Value = &Value::NULL;

/// An added argument.
struct Argument<'a> {
    long: &'a str,
    short: Option<&'a str>,
    kind: &'a str,
    required: bool,
    help: &'a str,
    default: Option<&'a Value>,
}

impl<'a> Argument<'a> {
    fn of(described: &'a Value) -> Argument<'a> {
        Argument {
            long: entry(described, "long").as_str().unwrap_or(""),
            short: entry(described, "short").as_str(),
            kind: entry(described, "type").as_str().unwrap_or("string"),
            required: entry(described, "required").as_bool() == Some(true),
            help: entry(described, "help").as_str().unwrap_or(""),
            default: described.as_dict().and_then(|dict| dict.get(&Key::text("default"))),
        }
    }

    /// The key of its value in what `parse` gives.
    fn key(&self) -> &'a str {
        self.long.trim_start_matches('-')
    }

    /// The value that `text` shows.
    fn read(&self, text: &str) -> Outcome {
        let long = self.long;
        let wrong = |what: &str| RuntimeError::message(format!("Argument {long} requires {what} value, got: {text}"));
        match self.kind {
            "string" => super::text::result(text),
            "int" => text.parse().map(Value::int).map_err(|_| wrong("an integer")),
            "float" => text.parse().map(Value::float).map_err(|_| wrong("a float")),
            kind => Err(RuntimeError::message(format!("Unknown argument type: {kind}"))),
        }
    }
}

/// The arguments that the parser, the receiver of a method, has.
fn arguments<'a>(args: &'a Args<'_>) -> Vec<Argument<'a>> {
    let described = args.get(0).as_struct().and_then(|parser| parser.get(ARGUMENTS)).and_then(Value::as_array);
    described.unwrap_or_default().iter().map(Argument::of).collect()
}

pub(super) fn add_argument(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(long) = args.text(1) else {
        return Err(RuntimeError::message("add_argument requires at least a long argument name"));
    };
    let short = args.text(2).filter(|text| text.starts_with('-'));
    let mut described = dict::new();
    if let Some(mut entries) = described.as_dict_mut() {
        entries.insert(Key::text("long"), Value::string(long));
        if let Some(short) = short {
            entries.insert(Key::text("short"), Value::string(short));
        }
        let options = args.all().get(if short.is_some() { 3 } else { 2 }..).unwrap_or_default();
        for pair in options.as_chunks::<2>().0 {
            if let Some(key @ ("type" | "required" | "help" | "default")) = pair[0].as_str() {
                entries.insert(Key::text(key), pair[1].clone());
            }
        }
    }
    let mut parser = args.take(0);
    if let Some(list) = parser.as_struct_mut().and_then(|parser| parser.into_field(ARGUMENTS))
        && let Some(mut list) = list.as_array_mut()
        && list.may_push()
    {
        list.push(described);
    }
    Ok(parser)
}

pub(super) fn parse(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let known = arguments(args);
    let mut given: Vec<Option<Value>> = vec![None; known.len()];
    let mut positional = Items::default();
    let mut positionals = 0;
    let mut words = host.arguments().iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            positional.push(super::text::result(word)?)?;
            positionals += 1;
            continue;
        }
        let is_named = |name: &str| known.iter().position(|one| one.long == name || one.short == Some(name));
        let (at, attached) = match (is_named(word), word.split_once('=')) {
            (Some(at), _) => (Some(at), None),
            (None, Some((name, value))) => (is_named(name), Some(value)),
            (None, None) => (None, None),
        };
        let Some(at) = at else { return Err(RuntimeError::message(format!("Unknown argument: {word}"))) };
        let argument = &known[at];
        given[at] = Some(match (argument.kind, attached) {
            ("bool", None) => Value::TRUE,
            ("bool", Some(_)) => return Err(RuntimeError::message(format!("Unknown argument: {word}"))),
            (_, Some(value)) => argument.read(value)?,
            (_, None) => match words.next() {
                Some(value) => argument.read(value)?,
                None => {
                    return Err(RuntimeError::message(format!("Argument {} requires a value", argument.long)));
                }
            },
        });
    }
    let mut read = dict::new();
    for (argument, given) in known.iter().zip(given) {
        let value = match (given, argument.default) {
            (Some(value), _) => value,
            (None, _) if argument.required => {
                return Err(RuntimeError::message(format!("Required argument {} is missing", argument.long)));
            }
            (None, Some(default)) => default.clone(),
            (None, None) if argument.kind == "bool" => Value::bool(false),
            (None, None) => Value::NULL,
        };
        if let Some(mut entries) = read.as_dict_mut() {
            entries.insert(Key::text(argument.key()), value);
        }
    }
    if positionals > 0
        && let Some(mut entries) = read.as_dict_mut()
    {
        entries.insert(Key::text("_positional"), positional.finish());
    }
    Ok(read)
}

pub(super) fn help(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let mut out = Text::default();
    for field in ["_app_name", "_description"] {
        let text = args.get(0).as_struct().and_then(|parser| parser.get(field)).and_then(Value::as_str);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push_str(text);
            out.push_str("\n\n");
        }
    }
    out.push_str("Options:\n");
    for argument in arguments(args) {
        out.push_str("  ");
        if let Some(short) = argument.short {
            out.push_str(short);
            out.push_str(", ");
        }
        out.push_str(argument.long);
        if argument.kind != "bool" {
            out.push_str(" <");
            out.push_str(argument.kind);
            out.push('>');
        }
        if argument.required {
            out.push_str(" (required)");
        }
        if let Some(default) = argument.default {
            out.push_str(" [default: ");
            out.push_str(&display::text(default)?);
            out.push(']');
        }
        out.push('\n');
        if !argument.help.is_empty() {
            out.push_str("        ");
            out.push_str(argument.help);
            out.push('\n');
        }
    }
    out.finish()
}
