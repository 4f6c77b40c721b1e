//! `match` and destructuring.

use super::Interpreter;
use super::frame::{Fault, Todo};
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use crate::runtime::array;
use crate::runtime::dict::Key;
use crate::runtime::operators;
use crate::runtime::tagged::Tag;
use crate::runtime::value::{Value, View};
use crate::syntax::ast::{Block, Case, MatchPattern, Name, Pattern, PatternItem, PatternKind};

/// The tag and the payloads of a tagged value, result or option.
fn opened(value: &Value) -> Option<(Tag, &[Value])> {
    match value.view() {
        View::Tagged(tagged) => Some((tagged.tag(), tagged.payload())),
        View::Outcome(outcome) => Some((outcome.variant().tag(), outcome.payload())),
        _ => None,
    }
}

impl<'a> Interpreter<'_, 'a> {
    /// Tries the first case.
    pub(super) fn cases(
        &mut self,
        cases: &'a [Case<'a>],
        default: Option<&'a Block<'a>>,
        subject: Value,
    ) -> Result<(), Fault> {
        let [case, ..] = cases else {
            if let Some(block) = default {
                self.todo(Todo::Statements(block.statements));
            }
            return Ok(());
        };
        let literal = match case.pattern {
            MatchPattern::Int(value) => Some(Value::int(value)),
            MatchPattern::Float(value) => Some(Value::float(value)),
            MatchPattern::Str(text) => Some(Value::string(text)),
            MatchPattern::Bool(value) => Some(Value::bool(value)),
            MatchPattern::Null => Some(Value::NULL),
            MatchPattern::Wildcard | MatchPattern::Word(_) | MatchPattern::Tag { .. } => None,
        };
        self.todo(Todo::Matched(cases, default, subject.clone()));
        if let Some(literal) = literal {
            return self.binary(BinaryOp::Eq, subject, literal, case.pattern_span);
        }
        let matches = match case.pattern {
            MatchPattern::Word(word) => subject.as_str() == Some(self.text(word.symbol)),
            MatchPattern::Tag { base, variant, names } => {
                let text = self.tag_text(base, variant);
                let by_text = base.is_some() && names.is_empty() && !Self::is_plain(&text);
                opened(&subject).is_some_and(|(tag, _)| tag == Tag::of(&text))
                    || by_text && subject.as_str() == Some(&text)
            }
            _ => true,
        };
        self.push(Value::bool(matches));
        Ok(())
    }

    /// Whether the first case matches is there.
    pub(super) fn matched(&mut self, cases: &'a [Case<'a>], default: Option<&'a Block<'a>>, subject: Value) {
        let [case, rest @ ..] = cases else { return };
        if !self.pop_truth() {
            return self.todo(Todo::Cases(rest, default, subject));
        }
        if let MatchPattern::Tag { names, .. } = case.pattern {
            self.bind_payload(names, &subject);
        }
        match case.guard {
            Some(guard) => {
                self.todo(Todo::Guarded(cases, default, subject));
                self.todo(Todo::Expr(guard));
            }
            None => self.todo(Todo::Statements(case.body.statements)),
        }
    }

    /// The guard of the first case is there.
    pub(super) fn guarded(&mut self, cases: &'a [Case<'a>], default: Option<&'a Block<'a>>, subject: Value) {
        let [case, rest @ ..] = cases else { return };
        if self.pop_truth() {
            self.todo(Todo::Statements(case.body.statements));
        } else {
            self.todo(Todo::Cases(rest, default, subject));
        }
    }

    /// Binds payloads to names. A single name `w` also binds `w_1`, `w_2` ..., as far as there are payloads.
    fn bind_payload(&mut self, names: &'a [Name], subject: &Value) {
        let payload = opened(subject).map_or(&[][..], |(_, payload)| payload);
        for (index, &name) in names.iter().enumerate() {
            if self.text(name.symbol) != "_" {
                self.redeclare(name, payload.get(index).cloned().unwrap_or(Value::NULL));
            }
        }
        if let [single] = names {
            let unit = self.frame().unit;
            for &(number, binding) in self.script.resolution.numbered(unit, *single) {
                if let Some(value) = payload.get(number as usize) {
                    self.set(binding, value.clone());
                }
            }
        }
    }

    /// `pattern := source`
    pub(super) fn destructure(&mut self, pattern: &Pattern<'a>, source: Value, span: Span) -> Result<(), Fault> {
        let wrong = |wanted: &str| {
            let text = format!("Cannot destructure {} as {wanted}", operators::type_name(&source));
            Fault::message(text, span)
        };
        match pattern.kind {
            PatternKind::Array { items, rest } => {
                let elements = source.as_array().ok_or_else(|| wrong("array"))?;
                for (index, item) in items.iter().enumerate() {
                    let value = elements.get(index).cloned().unwrap_or(Value::NULL);
                    match *item {
                        PatternItem::Ignore(_) => {}
                        PatternItem::Bind(name) => self.declare_part(name, value, span)?,
                        PatternItem::Nested(inner) => self.destructure(inner, value, span)?,
                    }
                }
                if let Some(name) = rest {
                    let others = array::from_slice(elements.get(items.len()..).unwrap_or(&[]));
                    self.declare_part(name, others, span)?;
                }
            }
            PatternKind::Dict { names, rest } => {
                let entries = source.as_dict().ok_or_else(|| wrong("dict"))?;
                for &name in names {
                    let value = entries.get(&Key::text(self.text(name.symbol))).cloned().unwrap_or(Value::NULL);
                    self.declare_part(name, value, span)?;
                }
                if let Some(name) = rest {
                    let mut others = source.clone();
                    if let Some(mut others) = others.as_dict_mut() {
                        for taken in names {
                            others.remove(&Key::text(self.text(taken.symbol)));
                        }
                    }
                    self.declare_part(name, others, span)?;
                }
            }
        }
        Ok(())
    }

    fn declare_part(&mut self, name: Name, value: Value, span: Span) -> Result<(), Fault> {
        if self.text(name.symbol) == "_" { Ok(()) } else { self.declare(name, value, span) }
    }
}
