//! Destructuring patterns and the patterns of `match`.

use super::{Parse, Parser};
use crate::base::intern::Symbol;
use crate::syntax::ast::*;
use crate::syntax::token::TokenKind;

impl<'a> Parser<'_, 'a, '_> {
    /// A destructuring pattern; the next token is `[` or `{`.
    #[inline(never)]
    pub(super) fn pattern(&mut self) -> Parse<&'a Pattern<'a>> {
        let start = self.pos;
        self.enter_expression()?;
        let array = self.kind() == TokenKind::LeftBracket;
        self.pos += 1;
        let kind = if array { self.array_pattern()? } else { self.dict_pattern()? };
        self.expression_depth -= 1;
        let span = self.span_from(start);
        Ok(self.arena.alloc(Pattern { kind, span }))
    }

    #[inline(never)]
    fn array_pattern(&mut self) -> Parse<PatternKind<'a>> {
        let mut items = Vec::new();
        let mut rest = None;
        while self.kind() != TokenKind::RightBracket {
            let token = self.token();
            match token.kind {
                TokenKind::Ellipsis => rest = Some(self.rest_name()?),
                TokenKind::LeftBracket | TokenKind::LeftBrace => items.push(PatternItem::Nested(self.pattern()?)),
                TokenKind::Ident if Symbol(token.payload) == self.special.underscore => {
                    items.push(PatternItem::Ignore(self.advance()));
                }
                _ => items.push(PatternItem::Bind(self.variable("a name in pattern")?)),
            }
            if !self.more_items(rest)? {
                break;
            }
        }
        self.close_pattern(TokenKind::RightBracket)?;
        Ok(PatternKind::Array { items: self.arena.alloc_slice_copy(&items), rest })
    }

    #[inline(never)]
    fn dict_pattern(&mut self) -> Parse<PatternKind<'a>> {
        let mut names = Vec::new();
        let mut rest = None;
        while self.kind() != TokenKind::RightBrace {
            if self.kind() == TokenKind::Ellipsis {
                rest = Some(self.rest_name()?);
            } else {
                names.push(self.variable("a name in pattern")?);
            }
            if !self.more_items(rest)? {
                break;
            }
        }
        self.close_pattern(TokenKind::RightBrace)?;
        Ok(PatternKind::Dict { names: self.arena.alloc_slice_copy(&names), rest })
    }

    fn rest_name(&mut self) -> Parse<Name> {
        self.pos += 1;
        self.variable("a name after '...'")
    }

    /// Consumes the comma between items; nothing may follow the rest.
    fn more_items(&mut self, rest: Option<Name>) -> Parse<bool> {
        if !self.eat(TokenKind::Comma) {
            return Ok(false);
        }
        let closed = matches!(self.kind(), TokenKind::RightBracket | TokenKind::RightBrace);
        if rest.is_some() && !closed {
            return self.fail("The rest must be the last item of a pattern");
        }
        Ok(true)
    }

    fn close_pattern(&mut self, close: TokenKind) -> Parse<()> {
        if !self.eat(close) {
            return self.fail_expected(&format!("',' or {} in pattern", close.describe()));
        }
        Ok(())
    }

    /// The pattern of a `case`.
    #[inline(never)]
    pub(super) fn match_pattern(&mut self) -> Parse<MatchPattern<'a>> {
        let negative = self.eat(TokenKind::Minus);
        let token = self.token();
        let pattern = match token.kind {
            TokenKind::Int => {
                let value = self.tokens.int(token);
                MatchPattern::Int(if negative { value.wrapping_neg() } else { value })
            }
            TokenKind::Float => {
                let value = self.tokens.float(token);
                MatchPattern::Float(if negative { -value } else { value })
            }
            _ if negative => return self.fail_expected("a number after '-' in pattern"),
            TokenKind::Str => MatchPattern::Str(self.tokens.text(token)),
            TokenKind::True => MatchPattern::Bool(true),
            TokenKind::False => MatchPattern::Bool(false),
            TokenKind::Null => MatchPattern::Null,
            TokenKind::Ident => return self.tag_pattern(),
            _ => return self.fail_expected("a pattern"),
        };
        self.pos += 1;
        Ok(pattern)
    }

    fn tag_pattern(&mut self) -> Parse<MatchPattern<'a>> {
        let first = self.identifier("a pattern")?;
        let (base, variant) = if self.eat(TokenKind::ColonColon) {
            (Some(first), self.word("a variant name after '::'")?)
        } else {
            (None, first)
        };
        let names = if self.kind() == TokenKind::LeftParen { self.payload_names()? } else { &[] };
        if base.is_none() && names.is_empty() {
            if variant.symbol == self.special.underscore {
                return Ok(MatchPattern::Wildcard);
            }
            if !self.is_reserved_constructor(variant.symbol) {
                return Ok(MatchPattern::Word(variant));
            }
        }
        Ok(MatchPattern::Tag { base, variant, names })
    }

    #[inline(never)]
    fn payload_names(&mut self) -> Parse<&'a [Name]> {
        self.pos += 1;
        let mut names = vec![self.variable("a payload name")?];
        while self.eat(TokenKind::Comma) {
            names.push(self.variable("a payload name")?);
        }
        if !self.eat(TokenKind::RightParen) {
            return self.fail_expected("',' or ')' after payload name");
        }
        Ok(self.arena.alloc_slice_copy(&names))
    }
}
