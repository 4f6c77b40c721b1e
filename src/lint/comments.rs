//! Comments: those that allow what stands on their line, and those that look like a divisor.
//!
//! `# allow: CODE, CODE` allows on its own line; if nothing else stands there, on the next line that is not blank. All forms of
//! comments will do. A comment may go on after the codes: `# allow: unused-value (it raises)`.

use super::index::Index;
use super::table::Lint;
use super::{Found, Warning};
use crate::base::effort::spend;
use crate::base::hint::{self, Situation};
use crate::base::intern::Interner;
use crate::base::source::{Source, SourceId, SourceMap, Span};
use crate::syntax::lexer;
use crate::syntax::token::{Token, TokenKind};
use bumpalo::Bump;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a comment allows on a line.
type Allowed = FxHashMap<(SourceId, u32), Vec<Option<Lint>>>;

/// Adds what comments show, and takes out what they allow.
pub(super) fn look(
    index: &Index,
    sources: &SourceMap,
    checked: &FxHashSet<SourceId>,
    mut found: Found,
) -> Vec<Warning> {
    let mut allowed = Allowed::default();
    let mut ids: Vec<SourceId> = checked.iter().copied().collect();
    ids.sort_unstable();
    for id in ids {
        let source = sources.get(id);
        let arena = Bump::new();
        let (tokens, _) = lexer::lex(id, &source.text, &arena, &mut Interner::new());
        let mut reader = Reader { id, source, tokens: &tokens.list, index, found: &mut found, allowed: &mut allowed };
        reader.read();
    }
    let silent = |warning: &Warning| {
        let line = sources.get(warning.span.source).lines.line(warning.span.start);
        let codes = allowed.get(&(warning.span.source, line)).map_or(&[][..], Vec::as_slice);
        codes.iter().any(|code| code.is_none_or(|lint| lint == warning.lint))
    };
    found.0.retain(|warning| !silent(warning));
    found.0
}

struct Reader<'r, 'a, 's> {
    id: SourceId,
    source: &'r Source,
    tokens: &'r [Token],
    index: &'r Index<'a, 's>,
    found: &'r mut Found,
    allowed: &'r mut Allowed,
}

impl Reader<'_, '_, '_> {
    /// Comments stand between tokens only.
    fn read(&mut self) {
        let mut from = 0;
        for number in 0..self.tokens.len() {
            let to = self.tokens[number].start as usize;
            self.gap(from, to, number);
            from = self.tokens[number].end() as usize;
        }
    }

    /// The text before the token `next`.
    fn gap(&mut self, mut at: usize, end: usize, next: usize) {
        let text = self.source.text.as_str();
        while let Some(offset) = text.get(at..end).and_then(|gap| gap.find(['#', '/'])) {
            let start = at + offset;
            let rest = &text[start..end];
            let (opening, length) = if rest.starts_with("/*") {
                (2, rest.find("*/").map_or(rest.len(), |close| close + 2))
            } else {
                (if rest.starts_with('#') { 1 } else { 2 }, rest.find(['\n', '\r']).unwrap_or(rest.len()))
            };
            let opening = opening.min(length);
            let words = rest[opening..length].trim_end_matches("*/").trim();
            if let Some(codes) = words.strip_prefix("allow:") {
                self.allow(codes, start, length, next);
            } else if rest.starts_with("//") {
                self.divisor(&rest[2..length], start, next);
            }
            at = start + length;
        }
    }

    fn line(&self, at: usize) -> u32 {
        self.source.lines.line(at as u32)
    }

    fn allow(&mut self, codes: &str, start: usize, length: usize, next: usize) {
        let line = self.line(start);
        let before = next.checked_sub(1).map(|before| self.tokens[before]);
        let shared = before.is_some_and(|token| self.line((token.end() as usize).saturating_sub(1)) == line)
            || self.line(self.tokens[next].start as usize) == line && self.tokens[next].kind != TokenKind::Eof;
        let line = if shared { line } else { self.line(self.tokens[next].start as usize) };
        let end = codes.find(|c: char| !(c.is_ascii_alphanumeric() || "-_, \t".contains(c))).unwrap_or(codes.len());
        for code in codes[..end].split(',').filter_map(|code| code.split_whitespace().next()) {
            match Lint::from_code(code) {
                None if code != "all" => {
                    let span = Span::new(self.id, start, start + length);
                    let advice = self.found.add(Lint::UnknownCode, format!("There is no code `{code}`"), span);
                    let near = hint::nearest(code, Lint::ALL.iter().map(|lint| lint.code()));
                    advice.help.extend(near.map(|near| Situation::Near.advice(&[near])));
                }
                known => self.allowed.entry((self.id, line)).or_default().push(known),
            }
        }
    }

    /// A comment after `//` that is an operand: a number or a variable, perhaps with operators and more of them, where an operand
    /// stands before it, at most one blank away on both sides.
    fn divisor(&mut self, comment: &str, start: usize, next: usize) {
        let Some(before) = next.checked_sub(1).map(|before| self.tokens[before]) else { return };
        let operand = match before.kind {
            TokenKind::Int | TokenKind::Float | TokenKind::Ident | TokenKind::RightBracket => true,
            TokenKind::RightParen => self.closes_operand(next - 1),
            _ => false,
        };
        let blanks = start - before.end() as usize;
        let tight = blanks <= 1 && comment.len() - comment.trim_start_matches([' ', '\t']).len() <= 1;
        if operand && tight && self.is_arithmetic(comment) {
            let span = Span::new(self.id, start, start + 2);
            let advice = self.found.add(Lint::SlashComment, "`//` starts a comment: nothing is divided", span);
            advice.help(Situation::SlashSlash.advice(&[]));
        }
    }

    /// Whether the parenthesis at `close` ends an operand, not a call for its effect: an operator, an assignment or a `return` stands
    /// before its partner on the line.
    fn closes_operand(&self, close: usize) -> bool {
        let mut depth = 0_usize;
        for token in self.tokens[..=close].iter().rev() {
            spend(1);
            match token.kind {
                TokenKind::RightParen => depth += 1,
                TokenKind::LeftParen => depth = depth.saturating_sub(1),
                kind if depth == 0 && (kind.is_assignment() || kind == TokenKind::Return || is_operator(kind)) => {
                    return true;
                }
                _ => {}
            }
            if token.first_on_line {
                return false;
            }
        }
        false
    }

    fn is_arithmetic(&self, comment: &str) -> bool {
        let arena = Bump::new();
        let (tokens, problems) = lexer::lex(self.id, comment, &arena, &mut Interner::new());
        let list = &tokens.list[..tokens.list.len().saturating_sub(1)];
        let known = |token: &Token| {
            let word = &comment[token.start as usize..token.end() as usize];
            let symbol = self.index.interner.lookup(word);
            symbol.is_some_and(|symbol| self.index.is_variable(symbol))
        };
        let fits = |token: &Token| match token.kind {
            TokenKind::Int | TokenKind::Float | TokenKind::LeftParen | TokenKind::RightParen => true,
            TokenKind::Ident => known(token),
            kind => is_operator(kind),
        };
        // Two operands side by side are a note, not an expression.
        let beside = list
            .windows(2)
            .any(|pair| is_operand(pair[1].kind) && !is_operator(pair[0].kind) && pair[0].kind != TokenKind::LeftParen);
        problems.is_empty()
            && list.first().is_some_and(|token| is_operand(token.kind))
            && list.iter().all(fits)
            && !beside
    }
}

fn is_operator(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash | TokenKind::Percent)
}

/// Whether an operand may start with such a token.
fn is_operand(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Int | TokenKind::Float | TokenKind::Ident | TokenKind::LeftParen)
}
