//! Literals made of several values.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::base::source::Span;
use crate::runtime::dict::{self, Key};
use crate::runtime::error::RuntimeError;
use crate::runtime::methods::Member;
use crate::runtime::shape::Shape;
use crate::runtime::string;
use crate::runtime::structure;
use crate::runtime::tagged::{self, Tag};
use crate::runtime::value::Value;
use crate::syntax::ast::{Element, Entry, FieldInit, Ident, StringPart, StructDecl};

/// Entries of a dict literal that are stored at a time. The keys are looked at then: whether those behind a wrong one have been evaluated
/// is left open by the language, and the same here as in the machine.
const PAIRS: usize = 8;

/// Names that are not `A::B`: the tags of results and options.
const PLAIN: [&str; 4] = ["Ok", "Err", "Some", "None"];

impl<'a> Interpreter<'_, 'a> {
    pub(super) fn interpolated(&mut self, parts: &'a [StringPart<'a>], span: Span) {
        self.push(Value::string(""));
        for part in parts.iter().rev() {
            match *part {
                StringPart::Text(text) => self.todo(Todo::Text(text, span)),
                StringPart::Hole(hole) => {
                    self.todo(Todo::AppendText(span));
                    self.todo(Todo::Expr(hole));
                }
            }
        }
    }

    /// The string on top grows.
    pub(super) fn append_text(&mut self, text: &str, span: Span) -> Result<(), Fault> {
        let mut value = self.pop();
        if value.as_str().map_or(0, str::len) + text.len() > string::MAX_LEN {
            return Err(Self::fault(RuntimeError::out_of_memory(), span));
        }
        string::append(&mut value, text);
        self.push(value);
        Ok(())
    }

    pub(super) fn array(&mut self, elements: &'a [Element<'a>]) {
        self.push(Value::array(Vec::new()));
        for element in elements.iter().rev() {
            match *element {
                Element::Item(value) => {
                    self.todo(Todo::Append);
                    self.todo(Todo::Expr(value));
                }
                Element::Spread { value, start } => {
                    self.todo(Todo::Extend(start));
                    self.todo(Todo::Expr(value));
                }
            }
        }
    }

    pub(super) fn append(&mut self) {
        let (value, mut array) = (self.pop(), self.pop());
        if let Some(mut elements) = array.as_array_mut() {
            elements.push(value);
        }
        self.push(array);
    }

    pub(super) fn extend(&mut self, span: Span) -> Result<(), Fault> {
        let (source, mut array) = (self.pop(), self.pop());
        let Some(more) = source.as_array() else { return Err(Fault::message("Can only spread arrays", span)) };
        if let Some(mut elements) = array.as_array_mut() {
            more.iter().for_each(|value| elements.push(value.clone()));
        }
        self.push(array);
        Ok(())
    }

    pub(super) fn dict(&mut self, entries: &'a [Entry<'a>], span: Span) {
        self.push(dict::new());
        let mut plan = Vec::new();
        let mut pending = 0;
        for entry in entries {
            match *entry {
                Entry::Pair { key, value } => {
                    plan.extend([Todo::Expr(key), Todo::Expr(value)]);
                    pending += 1;
                    if pending == PAIRS {
                        plan.push(Todo::Pairs(std::mem::take(&mut pending), span));
                    }
                }
                Entry::Spread { value, start } => {
                    plan.extend([
                        Todo::Pairs(std::mem::take(&mut pending), span),
                        Todo::Expr(value),
                        Todo::Merge(start),
                    ]);
                }
            }
        }
        plan.push(Todo::Pairs(pending, span));
        self.frame().todo.extend(plan.into_iter().rev());
    }

    pub(super) fn pairs(&mut self, count: usize, span: Span) -> Result<(), Fault> {
        let mut values = self.pop_many(2 * count).into_iter();
        let mut target = self.pop();
        if values.as_slice().chunks(2).any(|pair| Key::of(&pair[0]).is_none()) {
            return Err(Fault::message("Dict keys must be strings", span));
        }
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            if let (Some(mut entries), Some(key)) = (target.as_dict_mut(), Key::of(&key)) {
                entries.insert(key, value);
            }
        }
        self.push(target);
        Ok(())
    }

    pub(super) fn merge(&mut self, span: Span) -> Result<(), Fault> {
        let (source, mut target) = (self.pop(), self.pop());
        let Some(more) = source.as_dict() else { return Err(Fault::message("Can only spread dicts", span)) };
        if let Some(mut entries) = target.as_dict_mut() {
            entries.extend(more);
        }
        self.push(target);
        Ok(())
    }

    /// `S { x: 1 }`. Of a field named twice the last value counts.
    pub(super) fn structure(&mut self, name: Ident, fields: &'a [FieldInit<'a>], values: Vec<Value>, span: Span) {
        let mut object = structure::new(Shape::root(self.text(name.symbol)), Vec::new());
        for (field, value) in fields.iter().zip(values) {
            if let Some(mut object) = object.as_struct_mut() {
                object.set(self.text(field.name.symbol), value);
            }
        }
        self.push(object);
        self.todo(Todo::Fill(span));
    }

    /// Evaluates the first default the struct on top lacks, until there is none.
    pub(super) fn fill(&mut self, span: Span) -> Result<(), Fault> {
        let object = self.pop();
        let missing = object.as_struct().and_then(|object| self.types.missing_default(object.shape()));
        let missing = missing.map(|(field, function)| (field, function.clone()));
        self.push(object);
        if let Some((field, function)) = missing {
            self.todo(Todo::FillWith(field, span));
            self.enter_method(function, Vec::new(), span)?;
        }
        Ok(())
    }

    pub(super) fn fill_with(&mut self, field: &'static str, span: Span) {
        let (value, mut object) = (self.pop(), self.pop());
        if let Some(mut object) = object.as_struct_mut() {
            object.set(field, value);
        }
        self.push(object);
        self.todo(Todo::Fill(span));
    }

    /// `struct S { ... }`
    pub(super) fn struct_declaration(&mut self, decl: &'a StructDecl<'a>) {
        let mut members = Vec::new();
        for field in decl.fields {
            if let Some(default) = field.default {
                let function = self.closure(default);
                members.push((Member::Default(self.text(field.name.symbol)), function));
            }
        }
        for &method in decl.methods {
            let function = self.closure(method);
            members.push((Member::Method(method.name.map_or("", |name| self.text(name))), function));
        }
        let name = self.text(decl.name.symbol);
        self.types.declare(name, members.into_iter());
    }

    /// The text of a tag: `Ok` for `Ok` and `Result::Ok`, and so on; `A::B` for all others.
    pub(super) fn tag_text(&self, base: Option<Ident>, variant: Ident) -> String {
        let variant = self.text(variant.symbol);
        match base.map(|base| self.text(base.symbol)) {
            None => variant.to_owned(),
            Some("Result") if ["Ok", "Err"].contains(&variant) => variant.to_owned(),
            Some("Option") if ["Some", "None"].contains(&variant) => variant.to_owned(),
            Some(base) => format!("{base}::{variant}"),
        }
    }

    /// Whether a tag's text is that of a result or option.
    pub(super) fn is_plain(tag: &str) -> bool {
        PLAIN.contains(&tag)
    }

    /// `A::B`, `A::B(args)`. A result or option has one content; with another number of them it is a tagged value like any other.
    pub(super) fn tagged(&mut self, base: Ident, variant: Ident, values: Vec<Value>) {
        let mut tag = self.tag_text(Some(base), variant);
        if Self::is_plain(&tag) && values.len() != usize::from(tag != "None") {
            tag = format!("{}::{tag}", self.text(base.symbol));
        }
        self.push(tagged::tagged(Tag::of(&tag), values));
    }
}
