//! Diagnostics of the parser and how it goes on after one.

use super::{Failed, Parse, Parser};
use crate::base::diagnostic::Diagnostic;
use crate::base::limits::MAX_DIAGNOSTICS;
use crate::base::source::Span;
use crate::syntax::token::{NO_PAYLOAD, TokenKind};

/// What a failed statement must leave as it found it.
#[derive(Clone, Copy)]
pub(super) struct Checkpoint {
    pos: usize,
    header: bool,
    expression_depth: usize,
    block_depth: usize,
    pending: usize,
    statements: usize,
}

impl Parser<'_, '_, '_> {
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            pos: self.pos,
            header: self.header,
            expression_depth: self.expression_depth,
            block_depth: self.block_depth,
            pending: self.pending.len(),
            statements: self.statements.len(),
        }
    }

    /// Fails at the next token.
    #[cold]
    pub(super) fn fail<T>(&mut self, message: impl Into<String>) -> Parse<T> {
        let span = self.span();
        self.fail_at(message, span)
    }

    #[cold]
    pub(super) fn fail_at<T>(&mut self, message: impl Into<String>, span: Span) -> Parse<T> {
        self.report(message.into(), span);
        Err(Failed)
    }

    #[cold]
    pub(super) fn fail_expected<T>(&mut self, what: &str) -> Parse<T> {
        let token = self.token();
        let mut found = token.kind.describe();
        if token.kind == TokenKind::Ident {
            found = format!("{found} '{}'", &self.text[token.start as usize..token.end() as usize]);
        }
        self.fail(format!("Expected {what}, found {found}"))
    }

    /// Fails and ends the whole parse: a limit is exceeded and the rest of the source says nothing more.
    #[cold]
    pub(super) fn abort<T>(&mut self, message: impl Into<String>) -> Parse<T> {
        let span = self.span();
        self.limited = true;
        self.report(message.into(), span);
        self.give_up();
        Err(Failed)
    }

    fn give_up(&mut self) {
        self.aborted = true;
        self.pos = self.tokens.list.len() - 1;
    }

    /// Records a diagnostic unless one stands at the same place already.
    fn report(&mut self, message: String, span: Span) {
        let repeated = self.diagnostics.last().is_some_and(|last| last.span.start == span.start);
        if self.aborted || repeated {
            return;
        }
        let mut diagnostic = Diagnostic::parse(message, span);
        if !self.limited {
            self.explain(&mut diagnostic);
        }
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() == MAX_DIAGNOSTICS {
            self.give_up();
        }
    }

    pub(super) fn expect(&mut self, kind: TokenKind) -> Parse<Span> {
        if self.kind() == kind {
            return Ok(self.advance());
        }
        self.fail_expected(&kind.describe())
    }

    /// Skips the rest of a failed statement: to a `;`, to the brace that closes the block, or to a line that looks like a new
    /// statement. Bracketed parts are skipped whole.
    pub(super) fn recover(&mut self, from: Checkpoint, top: bool) {
        self.header = from.header;
        self.expression_depth = from.expression_depth;
        self.block_depth = from.block_depth;
        self.pending.truncate(from.pending);
        self.statements.truncate(from.statements);
        self.leave_brackets(from.pos);
        loop {
            let token = self.token();
            let moved = self.pos > from.pos;
            match token.kind {
                TokenKind::Eof => return,
                TokenKind::RightBrace if !top => return,
                TokenKind::RightBrace => {
                    self.pos += 1;
                    return;
                }
                TokenKind::Semicolon => return,
                kind if moved && token.first_on_line && starts_statement(kind) => return,
                kind if kind.is_opener() && token.payload != NO_PAYLOAD => self.pos = token.payload as usize + 1,
                _ => self.pos += 1,
            }
        }
    }

    /// If the statement starting at the token `start` failed inside brackets of its own, goes behind the outermost of them.
    fn leave_brackets(&mut self, start: usize) {
        let mut index = start;
        while index < self.pos {
            let token = self.tokens.list[index];
            if token.kind.is_opener() && token.payload != NO_PAYLOAD {
                index = token.payload as usize;
                if index >= self.pos {
                    self.pos = index + 1;
                }
            }
            index += 1;
        }
    }
}

fn starts_statement(kind: TokenKind) -> bool {
    use TokenKind::*;
    let never =
        matches!(kind, Else | Except | Case | Default | In | Impl | IntWord | FloatWord | StringWord | BoolWord);
    let opens = matches!(kind, Ident | Int | Float | Str | StrHead | LeftParen | LeftBracket | LeftBrace);
    opens || (kind.is_keyword() && !never)
}
