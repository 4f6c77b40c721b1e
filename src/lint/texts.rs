//! Texts and patterns that would mean something else in other languages.

use super::Found;
use super::index::Index;
use super::table::Lint;
use super::walk::{Place, Visit};
use crate::base::hint::Situation;
use crate::base::source::{SourceMap, Span};
use crate::syntax::ast::{Expr, ExprKind, MatchPattern, Stmt, StmtKind, StringPart};

/// The family.
pub(super) struct Texts<'i, 'a, 's> {
    index: &'i Index<'a, 's>,
    sources: &'s SourceMap,
    pub found: Found,
}

/// Whether a text stands right after the word `f`.
pub(super) fn is_formatted(sources: &SourceMap, text: Span) -> bool {
    let source = sources.get(text.source).text.as_bytes();
    let before = |back: usize| (text.start as usize).checked_sub(back).and_then(|at| source.get(at)).copied();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    before(1) == Some(b'f') && !before(2).is_some_and(word)
}

/// The length of the identifier at the start of `text`.
fn word(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}

impl<'i, 'a, 's> Texts<'i, 'a, 's> {
    pub fn new(index: &'i Index<'a, 's>, sources: &'s SourceMap) -> Self {
        Texts { index, sources, found: Found::default() }
    }

    /// Looks for `{name}` and `$name` in a piece of text that stands at `span`.
    fn piece(&mut self, place: &Place<'a>, text: &'a str, span: Span) {
        let source = self.sources.get(span.source);
        let written = source.text.get(span.start as usize..span.end() as usize).unwrap_or("");
        let escaped = written.contains("\\$");
        for (at, mark) in text.match_indices(['{', '$']) {
            let rest = &text[at + 1..];
            let name = &rest[..word(rest)];
            let closed = rest[name.len()..].starts_with('}');
            let foreign = match mark {
                "{" => closed && !text[..at].ends_with(['$', '{']) && !rest[name.len()..].starts_with("}}"),
                _ => !escaped,
            };
            let whole = if mark == "{" { &text[at..at + name.len() + 1 + usize::from(closed)] } else { "" };
            if name.is_empty() || !foreign || self.index.placeholders.contains(whole) {
                continue;
            }
            let visible = self.index.interner.lookup(name).and_then(|name| self.index.visible(place, name, span));
            let Some(declared) = visible else { continue };
            let shown = if mark == "{" { format!("{{{name}}}") } else { format!("${name}") };
            let message = format!("`{shown}` is plain text: it does not hold the variable");
            let advice = self.found.add(Lint::ForeignInterpolation, message, span);
            advice.label(declared.span, "the variable");
            advice.help(format!("write `${{{name}}}`"));
        }
    }
}

impl<'a> Visit<'a> for Texts<'_, 'a, '_> {
    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        match statement.kind {
            StmtKind::Match { cases, .. } => {
                for case in cases {
                    let MatchPattern::Word(word) = case.pattern else { continue };
                    let Some(declared) = self.index.visible(place, word.symbol, word.span) else { continue };
                    let name = self.index.interner.name(word.symbol);
                    let message = format!("`case {name}` matches the text \"{name}\", not the value of the variable");
                    let advice = self.found.add(Lint::CaseName, message, word.span);
                    advice.label(declared.span, "the variable");
                    advice.help(format!(
                        "write `case \"{name}\"` for the text, `case _ if value == {name}` for the value"
                    ));
                }
            }
            StmtKind::Expr(text) if matches!(text.kind, ExprKind::Str(_) | ExprKind::Interpolated(_)) => {
                let f = self.index.interner.lookup("f");
                if is_formatted(self.sources, text.span)
                    && f.is_some_and(|f| self.index.visible(place, f, text.span).is_some())
                {
                    let message = "`f` before a text is a variable of its own; the text after it is dropped";
                    let advice = self.found.add(Lint::ForeignInterpolation, message, text.span);
                    advice.help(Situation::FormattedText.advice(&[]));
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr<'a>) {
        match expr.kind {
            // What an `f` makes of it is told of as a whole.
            ExprKind::Str(_) | ExprKind::Interpolated(_) if is_formatted(self.sources, expr.span) => {}
            ExprKind::Str(text) => self.piece(place, text, expr.span),
            ExprKind::Interpolated(parts) => {
                for part in parts {
                    if let StringPart::Text(text) = part {
                        self.piece(place, text, expr.span);
                    }
                }
            }
            _ => {}
        }
    }
}
