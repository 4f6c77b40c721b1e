//! Expressions.
//!
//! The functions on the recursive path keep their frames small: leaves and bracketed constructs are functions of their own.

use super::{Failed, Parse, Parser, is_word};
use crate::base::intern::Symbol;
use crate::base::limits::{MAX_ARRAY_LITERAL, MAX_DICT_LITERAL};
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::base::source::Span;
use crate::syntax::ast::*;
use crate::syntax::token::TokenKind;
use smallvec::SmallVec;

/// A left operand and its operator, waiting for the right operand.
pub(super) struct Pending<'a> {
    left: &'a Expr<'a>,
    /// First byte of the left operand, parentheses included.
    left_start: u32,
    /// Index of the operator's token.
    operator: u32,
    level: u8,
}

/// How tightly a binary operator binds; 0 for anything else.
fn level(kind: TokenKind) -> u8 {
    use TokenKind::*;
    match kind {
        Pipe => 1,
        QuestionQuestion => 2,
        OrOr => 3,
        AndAnd => 4,
        EqEq | BangEq => 5,
        Less | LessEq | Greater | GreaterEq => 6,
        Plus | Minus => 7,
        Star | Slash | Percent => 8,
        _ => 0,
    }
}

fn binary_op(kind: TokenKind) -> Option<BinaryOp> {
    use TokenKind::*;
    Some(match kind {
        Plus => BinaryOp::Add,
        Minus => BinaryOp::Sub,
        Star => BinaryOp::Mul,
        Slash => BinaryOp::Div,
        Percent => BinaryOp::Rem,
        EqEq => BinaryOp::Eq,
        BangEq => BinaryOp::Ne,
        Less => BinaryOp::Lt,
        LessEq => BinaryOp::Le,
        Greater => BinaryOp::Gt,
        GreaterEq => BinaryOp::Ge,
        _ => return None,
    })
}

impl<'a> Parser<'_, 'a, '_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Parse<&'a Expr<'a>> {
        self.enter_expression()?;
        let result = self.binary();
        self.expression_depth -= 1;
        result
    }

    /// An expression inside brackets, where struct literals are allowed again.
    fn bracketed(&mut self) -> Parse<&'a Expr<'a>> {
        let header = std::mem::replace(&mut self.header, false);
        let result = self.expression();
        self.header = header;
        result
    }

    /// An expression in a header, where `{` starts the block.
    pub(super) fn header_expression(&mut self) -> Parse<&'a Expr<'a>> {
        let header = std::mem::replace(&mut self.header, true);
        let result = self.expression();
        self.header = header;
        result
    }

    #[inline(never)]
    fn node(&self, kind: ExprKind<'a>, span: Span) -> &'a Expr<'a> {
        self.arena.alloc(Expr { kind, span })
    }

    /// A node from the token with index `start` to the last consumed one.
    #[inline(never)]
    fn node_from(&self, kind: ExprKind<'a>, start: usize) -> &'a Expr<'a> {
        self.node(kind, self.span_from(start))
    }

    /// Binary operators by precedence with an explicit stack: `pending` above `base` has strictly growing levels.
    fn binary(&mut self) -> Parse<&'a Expr<'a>> {
        let base = self.pending.len();
        let mut start = self.token().start;
        let mut right = self.unary()?;
        loop {
            let level = level(self.kind());
            while self.pending.len() > base && self.pending[self.pending.len() - 1].level >= level {
                (right, start) = self.reduce(right, start);
            }
            if level == 0 {
                return Ok(right);
            }
            self.pending.push(Pending { left: right, left_start: start, operator: self.pos as u32, level });
            self.pos += 1;
            start = self.token().start;
            right = self.unary()?;
        }
    }

    /// Joins the last pending operator with its right operand.
    #[inline(never)]
    fn reduce(&mut self, right: &'a Expr<'a>, start: u32) -> (&'a Expr<'a>, u32) {
        let Some(Pending { left, left_start, operator, .. }) = self.pending.pop() else { return (right, start) };
        let token = self.tokens.list[operator as usize];
        let op_span = self.span_of(token);
        let end = self.tokens.list[self.pos - 1].end();
        let kind = match token.kind {
            TokenKind::Pipe => {
                let target_start = self.span_of(self.tokens.list[operator as usize + 1]);
                ExprKind::Pipe { input: left, target: right, target_start }
            }
            TokenKind::QuestionQuestion => ExprKind::Coalesce { left, right },
            TokenKind::OrOr => ExprKind::Logical { op: LogicalOp::Or, left, right },
            TokenKind::AndAnd => ExprKind::Logical { op: LogicalOp::And, left, right },
            kind => {
                let op = binary_op(kind).unwrap_or(BinaryOp::Add);
                ExprKind::Binary { op, op_span, left, right }
            }
        };
        let span = Span::new(self.source, left_start as usize, end as usize);
        (self.node(kind, span), left_start)
    }

    /// Prefix operators, each counted as one level of nesting, then a postfix expression or `yield`.
    fn unary(&mut self) -> Parse<&'a Expr<'a>> {
        let first = self.pos;
        while matches!(self.kind(), TokenKind::Minus | TokenKind::Bang | TokenKind::Await) {
            self.enter_expression()?;
            self.pos += 1;
        }
        let end = self.pos;
        let operand = if self.kind() == TokenKind::Yield { self.yield_expression()? } else { self.postfix()? };
        self.expression_depth -= end - first;
        Ok(if end == first { operand } else { self.wrap(operand, first, end) })
    }

    #[inline(never)]
    fn wrap(&mut self, mut operand: &'a Expr<'a>, first: usize, end: usize) -> &'a Expr<'a> {
        for index in (first..end).rev() {
            let token = self.tokens.list[index];
            let op_span = self.span_of(token);
            let kind = match token.kind {
                TokenKind::Await => ExprKind::Await { word: op_span, operand },
                TokenKind::Minus => ExprKind::Unary { op: UnaryOp::Neg, op_span, operand },
                _ => ExprKind::Unary { op: UnaryOp::Not, op_span, operand },
            };
            operand = self.node_from(kind, index);
        }
        operand
    }

    #[inline(never)]
    fn yield_expression(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let word = self.advance();
        let value = if self.starts_expression() { Some(self.expression()?) } else { None };
        Ok(self.node_from(ExprKind::Yield { word, value }, start))
    }

    /// Whether the next token continues a `return` or `yield` with an operand.
    pub(super) fn starts_expression(&self) -> bool {
        use TokenKind::*;
        let token = self.token();
        match token.kind {
            Int | Float | Str | StrHead | Ident | SelfWord | True | False | Null | Minus | Bang | Await | Yield => true,
            LeftParen | LeftBracket => !token.first_on_line,
            LeftBrace => !self.header,
            Func => self.kind_at(if self.kind_at(1) == Star { 2 } else { 1 }) == LeftParen,
            Async => self.kind_at(1) == Func && self.kind_at(2) == LeftParen,
            _ => false,
        }
    }

    /// A primary with everything that follows it: calls, indexing, fields, `?`.
    fn postfix(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let mut operand = self.primary()?;
        loop {
            let token = self.token();
            operand = match token.kind {
                TokenKind::LeftParen if !token.first_on_line => self.call(operand, start)?,
                TokenKind::LeftBracket if !token.first_on_line => self.index(operand, start)?,
                TokenKind::Dot | TokenKind::QuestionDot => self.member(operand, start)?,
                TokenKind::Question => self.try_operator(operand, start),
                _ => return Ok(operand),
            };
        }
    }

    #[inline(never)]
    fn call(&mut self, callee: &'a Expr<'a>, start: usize) -> Parse<&'a Expr<'a>> {
        let callee_start = self.span_of(self.tokens.list[start]);
        let args = self.arguments()?;
        Ok(self.node_from(ExprKind::Call { callee, callee_start, args }, start))
    }

    #[inline(never)]
    fn index(&mut self, object: &'a Expr<'a>, start: usize) -> Parse<&'a Expr<'a>> {
        let bracket = self.advance();
        let index = self.bracketed()?;
        self.expect(TokenKind::RightBracket)?;
        Ok(self.node_from(ExprKind::Index { object, index, bracket }, start))
    }

    #[inline(never)]
    fn member(&mut self, object: &'a Expr<'a>, start: usize) -> Parse<&'a Expr<'a>> {
        let optional = self.kind() == TokenKind::QuestionDot;
        self.pos += 1;
        let name = self.word("a name after '.'")?;
        let kind = if self.at_arguments() {
            let args = self.arguments()?;
            ExprKind::MethodCall { object, name, optional, args }
        } else {
            ExprKind::Field { object, name, optional }
        };
        Ok(self.node_from(kind, start))
    }

    #[inline(never)]
    fn try_operator(&mut self, operand: &'a Expr<'a>, start: usize) -> &'a Expr<'a> {
        let op_span = self.advance();
        self.leaves_early |= self.function_depth == 0;
        self.node_from(ExprKind::Try { operand, op_span }, start)
    }

    /// Whether a `(` follows that belongs to what precedes it.
    fn at_arguments(&self) -> bool {
        let token = self.token();
        token.kind == TokenKind::LeftParen && !token.first_on_line
    }

    /// `(a, b)`; the next token is `(`.
    #[inline(never)]
    fn arguments(&mut self) -> Parse<&'a [&'a Expr<'a>]> {
        self.pos += 1;
        let mut args: SmallVec<[&'a Expr<'a>; 6]> = SmallVec::new();
        while self.kind() != TokenKind::RightParen {
            args.push(self.bracketed()?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightParen) {
            return self.fail_expected("',' or ')' after argument");
        }
        Ok(self.arena.alloc_slice_copy(&args))
    }

    fn primary(&mut self) -> Parse<&'a Expr<'a>> {
        use TokenKind::*;
        match self.kind() {
            Int | Float | Str | True | False | Null | SelfWord => Ok(self.atom()),
            Ident => self.identifier_expression(),
            StrHead => self.interpolated(),
            LeftParen => self.parenthesised(),
            LeftBracket => self.array(),
            LeftBrace => self.dict(),
            Func | Async => self.function_expression(),
            _ => self.fail_expected("expression"),
        }
    }

    #[inline(never)]
    fn atom(&mut self) -> &'a Expr<'a> {
        let token = self.token();
        let span = self.advance();
        let kind = match token.kind {
            TokenKind::Int => ExprKind::Int(self.tokens.int(token)),
            TokenKind::Float => ExprKind::Float(self.tokens.float(token)),
            TokenKind::Str => ExprKind::Str(self.tokens.text(token)),
            TokenKind::True => ExprKind::Bool(true),
            TokenKind::False => ExprKind::Bool(false),
            TokenKind::SelfWord => ExprKind::SelfValue(self.new_name(self.special.self_value, span)),
            _ => ExprKind::Null,
        };
        self.node(kind, span)
    }

    #[inline(never)]
    fn parenthesised(&mut self) -> Parse<&'a Expr<'a>> {
        self.pos += 1;
        let inner = self.bracketed()?;
        self.expect(TokenKind::RightParen)?;
        Ok(inner)
    }

    /// A variable, or one of the forms that start with a word.
    #[inline(never)]
    fn identifier_expression(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let symbol = Symbol(self.token().payload);
        let next = self.token_at(1);
        if next.kind == TokenKind::ColonColon {
            return self.tagged();
        }
        if next.kind == TokenKind::LeftBrace && !self.header && self.at_struct_literal() {
            return self.struct_literal();
        }
        if let Some(wrapper) = self.wrapper(symbol) {
            return self.wrapped(wrapper);
        }
        let same_line_call = next.kind == TokenKind::LeftParen && !next.first_on_line;
        let word = self.advance();
        if symbol == self.special.throw && same_line_call {
            let args = self.arguments()?;
            return Ok(self.node_from(ExprKind::Throw { args, word }, start));
        }
        if symbol == self.special.none {
            return Ok(self.node(ExprKind::None, word));
        }
        let name = self.new_name(symbol, word);
        Ok(self.node(ExprKind::Name(name), word))
    }

    fn wrapper(&self, symbol: Symbol) -> Option<Wrapper> {
        if symbol == self.special.ok {
            Some(Wrapper::Ok)
        } else if symbol == self.special.err {
            Some(Wrapper::Err)
        } else if symbol == self.special.some {
            Some(Wrapper::Some)
        } else {
            None
        }
    }

    /// Whether `symbol` is one of `Ok`, `Err`, `Some`, `None`.
    pub(super) fn is_reserved_constructor(&self, symbol: Symbol) -> bool {
        self.wrapper(symbol).is_some() || symbol == self.special.none
    }

    #[inline(never)]
    fn wrapped(&mut self, wrapper: Wrapper) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        self.pos += 1;
        if !self.at_arguments() {
            return self.fail_expected(&format!("'(' after '{}'", wrapper.symbol()));
        }
        self.pos += 1;
        if self.kind() == TokenKind::RightParen {
            return self.fail(format!("{} takes exactly one argument", wrapper.symbol()));
        }
        let value = self.bracketed()?;
        if self.kind() == TokenKind::Comma {
            return self.fail(format!("{} takes exactly one argument", wrapper.symbol()));
        }
        self.expect(TokenKind::RightParen)?;
        Ok(self.node_from(ExprKind::Wrap { wrapper, value }, start))
    }

    /// `A::B`, `A::B(args)`
    #[inline(never)]
    fn tagged(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let base = self.identifier("a name")?;
        self.expect(TokenKind::ColonColon)?;
        let variant = self.word("a variant name after '::'")?;
        let args = if self.at_arguments() { Some(self.arguments()?) } else { None };
        Ok(self.node_from(ExprKind::Tagged { base, variant, args }, start))
    }

    /// Whether the `{` after the next token starts the fields of a literal.
    fn at_struct_literal(&self) -> bool {
        let inside = self.kind_at(2);
        inside == TokenKind::RightBrace || (is_word(inside) && self.kind_at(3) == TokenKind::Colon)
    }

    #[inline(never)]
    fn struct_literal(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let name = self.identifier("a struct name")?;
        self.expect(TokenKind::LeftBrace)?;
        let mut fields = Vec::new();
        while self.kind() != TokenKind::RightBrace {
            let name = self.word("a field name")?;
            self.expect(TokenKind::Colon)?;
            let value = self.bracketed()?;
            fields.push(FieldInit { name, value });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightBrace) {
            return self.fail_expected("',' or '}' after field");
        }
        let fields = self.arena.alloc_slice_copy(&fields);
        Ok(self.node_from(ExprKind::Struct { name, fields }, start))
    }

    #[inline(never)]
    fn interpolated(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let mut parts = Vec::new();
        loop {
            let token = self.token();
            let text = self.tokens.text(token);
            if !text.is_empty() {
                parts.push(StringPart::Text(text));
            }
            self.pos += 1;
            if token.kind == TokenKind::StrTail {
                break;
            }
            if matches!(self.kind(), TokenKind::StrMiddle | TokenKind::StrTail) {
                return self.fail("Empty interpolation: expected expression between '${' and '}'");
            }
            parts.push(StringPart::Hole(self.bracketed()?));
            if !matches!(self.kind(), TokenKind::StrMiddle | TokenKind::StrTail) {
                return self.fail_expected("'}' to end interpolation");
            }
        }
        let parts = self.arena.alloc_slice_copy(&parts);
        Ok(self.node_from(ExprKind::Interpolated(parts), start))
    }

    #[inline(never)]
    fn array(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        self.pos += 1;
        let mut elements = Vec::new();
        while self.kind() != TokenKind::RightBracket {
            if elements.len() == MAX_ARRAY_LITERAL {
                let message = format!("Array literal exceeds maximum element count of {MAX_ARRAY_LITERAL}");
                return self.abort(message);
            }
            elements.push(if self.eat(TokenKind::Ellipsis) {
                let start = self.span();
                Element::Spread { value: self.bracketed()?, start }
            } else {
                Element::Item(self.bracketed()?)
            });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightBracket) {
            return self.fail_expected("',' or ']' after array element");
        }
        let elements = self.arena.alloc_slice_copy(&elements);
        Ok(self.node_from(ExprKind::Array(elements), start))
    }

    /// The key of an entry, and its colon.
    #[inline(never)]
    fn key(&mut self) -> Parse<&'a Expr<'a>> {
        let key = self.bracketed()?;
        if !self.eat(TokenKind::Colon) {
            return self.fail_expected("':' after dictionary key");
        }
        Ok(key)
    }

    #[inline(never)]
    fn dict(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        self.pos += 1;
        let mut entries = Vec::new();
        while self.kind() != TokenKind::RightBrace {
            if entries.len() == MAX_DICT_LITERAL {
                let message = format!("Dictionary literal exceeds maximum item count of {MAX_DICT_LITERAL}");
                return self.abort(message);
            }
            if self.eat(TokenKind::Ellipsis) {
                let start = self.span();
                entries.push(Entry::Spread { value: self.bracketed()?, start });
            } else {
                let before = self.diagnostics.len();
                let Ok(key) = self.key() else {
                    return if entries.is_empty() { self.no_dictionary(start, before) } else { Err(Failed) };
                };
                entries.push(Entry::Pair { key, value: self.bracketed()? });
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightBrace) {
            return self.fail_expected("',' or '}' after dictionary entry");
        }
        let entries = self.arena.alloc_slice_copy(&entries);
        Ok(self.node_from(ExprKind::Dict(entries), start))
    }

    #[inline(never)]
    fn function_expression(&mut self) -> Parse<&'a Expr<'a>> {
        let start = self.pos;
        let kind = self.function_head()?;
        if self.kind() != TokenKind::LeftParen {
            return self.fail_expected("'(' after 'func' in an expression");
        }
        let function = self.function_rest(start, None, kind, FunctionRole::Lambda)?;
        Ok(self.node_from(ExprKind::Function(function), start))
    }
}
