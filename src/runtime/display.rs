//! The three text forms of a value: as printed, in assertion messages, and for `debug`.
//!
//! Iterative: containers being written wait on an explicit stack, so nesting costs no native stack. A text that grows beyond what a string may
//! hold (shared parts are written each time they occur) ends as a memory stop.

use super::budget::{self, Growth};
use super::collection::Items;
use super::dict::key_text;
use super::error::RuntimeError;
use super::heap::{self, Kind};
use super::operators::LONG;
use super::string::{MAX_LEN, decimal};
use super::tagged::Variant;
use super::value::{Value, View};
use crate::semantics::format::{bool_text, write_float};
use std::borrow::Cow;
use std::fmt::Write;

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What `print` shows.
    Print,
    /// What assertion and argument messages show.
    Assertion,
    /// What `debug` shows.
    Debug,
}

/// The text of a value as printed.
pub fn text(value: &Value) -> Result<String, RuntimeError> {
    let mut out = String::new();
    write(&mut out, value, Form::Print)?;
    Ok(out)
}

/// The assertion form of a value.
pub fn assertion(value: &Value) -> Result<String, RuntimeError> {
    let mut out = String::new();
    write(&mut out, value, Form::Assertion)?;
    Ok(out)
}

/// A container whose elements are being written.
struct Frame<'a> {
    children: Children<'a>,
    separator: &'static str,
    close: &'static str,
    first: bool,
}

enum Children<'a> {
    Plain(Items<'a>),
    Labelled(std::vec::IntoIter<(Cow<'a, str>, &'a Value)>, Label),
}

/// How labels of elements look.
#[derive(Clone, Copy)]
enum Label {
    /// `"key": `
    Quoted,
    /// `key: `
    Bare,
}

impl<'a> Frame<'a> {
    fn plain(elements: &'a [Value], close: &'static str) -> Frame<'a> {
        Frame { children: Children::Plain(Items::Slice(elements.iter())), separator: ", ", close, first: true }
    }

    fn labelled(elements: Vec<(Cow<'a, str>, &'a Value)>, label: Label, close: &'static str) -> Frame<'a> {
        Frame { children: Children::Labelled(elements.into_iter(), label), separator: ", ", close, first: true }
    }

    /// Writes separator and label of the next element and returns it.
    fn next(&mut self, out: &mut String) -> Option<&'a Value> {
        let (label, value) = match &mut self.children {
            Children::Plain(elements) => (None, elements.next()?),
            Children::Labelled(elements, label) => {
                let (text, value) = elements.next()?;
                (Some((text, *label)), value)
            }
        };
        if !self.first {
            out.push_str(self.separator);
        }
        self.first = false;
        if let Some((text, label)) = label {
            let quote = if matches!(label, Label::Quoted) { "\"" } else { "" };
            out.push_str(quote);
            out.push_str(&text);
            out.push_str(quote);
            out.push_str(": ");
        }
        Some(value)
    }
}

/// Appends the text of a value.
pub fn write(out: &mut String, value: &Value, form: Form) -> Result<(), RuntimeError> {
    if form == Form::Print {
        match value.view() {
            View::Str(text) => {
                if text.as_str().len() > LONG {
                    heap::check_room(text.as_str().len())?;
                }
                out.push_str(text.as_str());
                return Ok(());
            }
            View::Int(i) => {
                out.push_str(decimal(i, &mut [0; 20]));
                return Ok(());
            }
            _ => {}
        }
    }
    budget::attempt(|| write_up_to(MAX_LEN, out, value, form))
}

fn write_up_to(limit: usize, out: &mut String, value: &Value, form: Form) -> Result<(), RuntimeError> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let (start, mut growth) = (out.len(), Growth::default());
    frames.extend(open(out, value, form));
    while let Some(frame) = frames.last_mut() {
        match frame.next(out) {
            Some(child) => {
                if let View::Str(text) = child.view() {
                    growth.reaches(out.len() - start + text.as_str().len())?;
                }
                frames.extend(open(out, child, form));
            }
            None => {
                out.push_str(frame.close);
                frames.pop();
            }
        }
        growth.reaches(out.len() - start)?;
        if out.len() > limit {
            return Err(RuntimeError::out_of_memory());
        }
    }
    Ok(())
}

/// Writes a value, or what stands before its elements.
fn open<'a>(out: &mut String, value: &'a Value, form: Form) -> Option<Frame<'a>> {
    match form {
        Form::Print => open_print(out, value),
        Form::Assertion => open_assertion(out, value),
        Form::Debug => open_debug(out, value),
    }
}

fn entries(dict: super::dict::DictRef<'_>) -> Vec<(Cow<'_, str>, &Value)> {
    dict.sorted_entries().into_iter().map(|(key, value)| (key_text(key), value)).collect()
}

fn fields<'a>(object: super::structure::StructRef<'a>) -> Vec<(Cow<'a, str>, &'a Value)> {
    object.sorted_fields().into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect()
}

fn open_print<'a>(out: &mut String, value: &'a Value) -> Option<Frame<'a>> {
    match value.view() {
        View::Null | View::Internal => out.push_str("null"),
        View::Bool(b) => out.push_str(bool_text(b)),
        View::Int(i) => out.push_str(decimal(i, &mut [0; 20])),
        View::Float(f) => write_float(out, f),
        View::Str(text) => out.push_str(text.as_str()),
        View::Array(elements) => {
            out.push('[');
            return Some(Frame::plain(elements, "]"));
        }
        View::Dict(dict) => {
            out.push('{');
            return Some(Frame::labelled(entries(dict), Label::Quoted, "}"));
        }
        View::Struct(object) => {
            out.push_str(object.name());
            out.push_str(" { ");
            return Some(Frame::labelled(fields(object), Label::Bare, " }"));
        }
        View::Tagged(tagged) => {
            out.push_str(tagged.tag().text());
            if !tagged.payload().is_empty() {
                out.push('(');
                return Some(Frame { separator: ",", ..Frame::plain(tagged.payload(), ")") });
            }
        }
        View::Outcome(outcome) => return open_outcome(out, outcome),
        View::Collection(collection) => return open_collection(out, collection),
        View::Bytes(bytes) => {
            let _ = write!(out, "<bytes len={}>", bytes.as_slice().len());
        }
        View::Function(function) => match (function.builtin_row(), function.info()) {
            (Some(row), _) => {
                let _ = write!(out, "<native function: {}>", super::builtins::name_of_row(row));
            }
            (None, Some(super::function::FunctionInfo { name: Some(name), .. })) => {
                let _ = write!(out, "<function {name}>");
            }
            _ => out.push_str("<function>"),
        },
        View::Iterator(_) => out.push_str("<iterator>"),
        View::Generator(generator) => {
            let _ = write!(out, "<{}>", generator.kind_name());
        }
        View::Promise(_) => out.push_str("<promise>"),
        View::Channel(_) => out.push_str("<channel>"),
        View::Task(_) => out.push_str("<task>"),
    }
    None
}

fn open_outcome<'a>(out: &mut String, outcome: super::tagged::OutcomeRef<'a>) -> Option<Frame<'a>> {
    out.push_str(outcome.variant().name());
    if outcome.variant() == Variant::None {
        return None;
    }
    out.push('(');
    Some(Frame::plain(std::slice::from_ref(outcome.value()), ")"))
}

fn open_collection<'a>(out: &mut String, collection: super::collection::CollectionRef<'a>) -> Option<Frame<'a>> {
    let (open, close) = match collection.kind() {
        Kind::Queue => ("Queue[", "]"),
        Kind::Stack => ("Stack[", "]"),
        _ => ("Set{", "}"),
    };
    out.push_str(open);
    let children = Children::Plain(collection.items());
    Some(Frame { children, separator: ", ", close, first: true })
}

fn open_assertion<'a>(out: &mut String, value: &'a Value) -> Option<Frame<'a>> {
    let _ = match value.view() {
        View::Null | View::Internal => write!(out, "Null"),
        View::Bool(b) => write!(out, "Bool({b})"),
        View::Int(i) => write!(out, "Int({i})"),
        View::Float(f) => write!(out, "Float({f})"),
        View::Str(text) => write!(out, "Str({:?})", text.as_str()),
        View::Array(elements) => write!(out, "Array[{}]", elements.len()),
        View::Dict(dict) => write!(out, "Dict{{{} keys}}", dict.len()),
        View::Struct(object) => {
            let _ = write!(out, "Struct {{ name: {:?}, fields: {{", object.name());
            return Some(Frame::labelled(fields(object), Label::Quoted, "} }"));
        }
        View::Tagged(tagged) => {
            out.push_str(tagged.tag().text());
            if !tagged.payload().is_empty() {
                out.push('(');
                return Some(Frame::plain(tagged.payload(), ")"));
            }
            Ok(())
        }
        View::Outcome(outcome) => return open_outcome(out, outcome),
        View::Collection(collection) => {
            let name = match collection.kind() {
                Kind::Queue => "Queue",
                Kind::Stack => "Stack",
                _ => "Set",
            };
            write!(out, "{name}{{{} items}}", collection.len())
        }
        View::Bytes(bytes) => write!(out, "Bytes[{}]", bytes.as_slice().len()),
        View::Function(function) => match function.builtin_row() {
            Some(row) => write!(out, "NativeFunction({})", super::builtins::name_of_row(row)),
            None => write!(out, "Function"),
        },
        View::Iterator(_) => write!(out, "Iterator"),
        View::Generator(_) => write!(out, "Generator"),
        View::Promise(_) => write!(out, "Promise"),
        View::Channel(_) => write!(out, "Channel"),
        View::Task(_) => write!(out, "TaskHandle"),
    };
    None
}

fn open_debug<'a>(out: &mut String, value: &'a Value) -> Option<Frame<'a>> {
    match value.view() {
        View::Str(text) => {
            let _ = write!(out, "String({:?})", text.as_str());
        }
        View::Array(elements) => {
            out.push_str("Array[");
            return Some(Frame::plain(elements, "]"));
        }
        View::Dict(dict) => {
            out.push_str("Dict{");
            return Some(Frame::labelled(entries(dict), Label::Bare, "}"));
        }
        View::Struct(object) => {
            let _ = write!(out, "Struct({})", object.name());
        }
        View::Collection(collection) => return open_collection(out, collection),
        _ => return open_assertion(out, value),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::dict::{self, Key};
    use super::super::shape::Shape;
    use super::super::{structure, tagged};
    use super::*;

    fn form(value: &Value, form: Form) -> String {
        let mut out = String::new();
        write(&mut out, value, form).unwrap();
        out
    }

    #[test]
    fn the_three_forms() {
        let mut d = dict::new();
        d.as_dict_mut().unwrap().insert(Key::text("b"), Value::float(1.5));
        d.as_dict_mut().unwrap().insert(Key::text("a"), dict::new());
        let p = structure::new(Shape::of("P", &["y", "x"]), vec![Value::int(1), Value::string("s\"")]);
        let ok = tagged::outcome(Variant::Ok, Value::int(1));
        let all = Value::array(vec![d, p, ok, Value::NULL, Value::array(vec![])]);
        assert_eq!(form(&all, Form::Print), "[{\"a\": {}, \"b\": 1.5}, P { x: s\", y: 1 }, Ok(1), null, []]");
        assert_eq!(
            form(&all, Form::Debug),
            "Array[Dict{a: Dict{}, b: Float(1.5)}, Struct(P), Ok(Int(1)), Null, Array[]]"
        );
        assert_eq!(form(&all, Form::Assertion), "Array[5]");
        let elements = all.as_array().unwrap();
        assert_eq!(form(&elements[0], Form::Assertion), "Dict{2 keys}");
        assert_eq!(
            form(&elements[1], Form::Assertion),
            "Struct { name: \"P\", fields: {\"x\": Str(\"s\\\"\"), \"y\": Int(1)} }"
        );
        assert_eq!(form(&structure::new(Shape::root("E"), vec![]), Form::Print), "E {  }");
    }

    #[test]
    fn depth_is_no_limit() {
        let deep = (0..200_000).fold(Value::NULL, |inner, _| Value::array(vec![inner]));
        assert_eq!(text(&deep).unwrap().len(), 400_004);
    }

    #[test]
    fn a_text_beyond_all_bounds_is_refused() {
        let mut value = Value::array(vec![Value::string("some text")]);
        for _ in 0..60 {
            value = Value::array(vec![value.clone(), value]);
        }
        let refused = write_up_to(1 << 20, &mut String::new(), &value, Form::Print);
        assert!(matches!(refused, Err(RuntimeError::Stop(_))));
    }
}
