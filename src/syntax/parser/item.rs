//! Functions, structs, enums, modules, types.

use super::{Parse, Parser, is_word};
use crate::base::intern::Symbol;
use crate::syntax::ast::*;
use crate::syntax::token::TokenKind;

impl<'a> Parser<'_, 'a, '_> {
    /// Whether `func` or `async` starts a declaration rather than an expression.
    pub(super) fn at_function_declaration(&self) -> bool {
        match (self.kind(), self.kind_at(1)) {
            (TokenKind::Func, TokenKind::Star) => is_word(self.kind_at(2)),
            (TokenKind::Func, next) => is_word(next),
            (_, TokenKind::Func) => is_word(self.kind_at(2)),
            _ => false,
        }
    }

    /// `func`, `func*` or `async func`.
    pub(super) fn function_head(&mut self) -> Parse<FunctionKind> {
        if self.eat(TokenKind::Async) {
            self.expect(TokenKind::Func)?;
            return Ok(FunctionKind::Async);
        }
        self.expect(TokenKind::Func)?;
        Ok(if self.eat(TokenKind::Star) { FunctionKind::Generator } else { FunctionKind::Plain })
    }

    #[inline(never)]
    pub(super) fn function_declaration(&mut self) -> Parse<StmtKind<'a>> {
        let start = self.pos;
        let kind = self.function_head()?;
        let name = self.variable("a function name")?;
        let function = self.function_rest(start, Some(name.symbol), kind, FunctionRole::Declared)?;
        Ok(StmtKind::Function { name, function })
    }

    /// Parameters, return type and body of the function that starts at the token `start`.
    #[inline(never)]
    pub(super) fn function_rest(
        &mut self,
        start: usize,
        name: Option<Symbol>,
        kind: FunctionKind,
        role: FunctionRole,
    ) -> Parse<&'a Function<'a>> {
        let id = self.new_function();
        let params = self.parameters()?;
        if self.eat(TokenKind::Arrow) {
            self.skip_type()?;
        }
        self.function_depth += 1;
        let body = self.block("function body");
        self.function_depth -= 1;
        let body = body?;
        let span = self.span_from(start);
        Ok(self.arena.alloc(Function { id, name, kind, role, params, body, span }))
    }

    #[inline(never)]
    fn parameters(&mut self) -> Parse<&'a [Param]> {
        self.expect(TokenKind::LeftParen)?;
        let mut params = Vec::new();
        while self.kind() != TokenKind::RightParen {
            let is_self = self.kind() == TokenKind::SelfWord;
            let name = if is_self {
                let span = self.advance();
                self.new_name(self.special.self_value, span)
            } else {
                self.variable("a parameter name")?
            };
            if self.eat(TokenKind::Colon) {
                self.skip_type()?;
            }
            params.push(Param { name, is_self });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightParen) {
            return self.fail_expected("',' or ')' after parameter");
        }
        Ok(self.arena.alloc_slice_copy(&params))
    }

    /// A block that runs as a function of its own.
    pub(super) fn block_function(
        &mut self,
        start: usize,
        role: FunctionRole,
        construct: &'static str,
    ) -> Parse<&'a Function<'a>> {
        let id = self.new_function();
        self.function_depth += 1;
        let body = self.block(construct);
        self.function_depth -= 1;
        let body = body?;
        let span = self.span_from(start);
        let kind = FunctionKind::Plain;
        Ok(self.arena.alloc(Function { id, name: None, kind, role, params: &[], body, span }))
    }

    #[inline(never)]
    pub(super) fn struct_declaration(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let name = self.identifier("a struct name")?;
        self.expect(TokenKind::LeftBrace)?;
        let mut fields = Vec::new();
        let mut methods: Vec<&'a Function<'a>> = Vec::new();
        while self.kind() != TokenKind::RightBrace {
            if self.at_method() {
                methods.push(self.method()?);
            } else {
                fields.push(self.field()?);
            }
            self.eat(TokenKind::Comma);
        }
        self.pos += 1;
        let fields = self.arena.alloc_slice_copy(&fields);
        let methods = self.arena.alloc_slice_copy(&methods);
        Ok(StmtKind::Struct(self.arena.alloc(StructDecl { name, fields, methods })))
    }

    /// `func` and `async` are also field names: only with a name and parameters behind them they start a method.
    fn at_method(&self) -> bool {
        use TokenKind::{Async, Func, LeftParen, Star};
        match self.kind() {
            Func if self.kind_at(1) == Star => true,
            Func => is_word(self.kind_at(1)) && self.kind_at(2) == LeftParen,
            Async if self.kind_at(1) == Func => is_word(self.kind_at(2)) && self.kind_at(3) == LeftParen,
            _ => false,
        }
    }

    #[inline(never)]
    fn method(&mut self) -> Parse<&'a Function<'a>> {
        let start = self.pos;
        let kind = self.function_head()?;
        let name = self.word("a method name")?;
        self.function_rest(start, Some(name.symbol), kind, FunctionRole::Method)
    }

    #[inline(never)]
    fn field(&mut self) -> Parse<FieldDecl<'a>> {
        let name = self.word("a field or method")?;
        if self.eat(TokenKind::Colon) {
            self.skip_type()?;
        }
        let default = if self.kind().is_assignment() {
            self.pos += 1;
            Some(self.default_function(name.symbol)?)
        } else {
            None
        };
        Ok(FieldDecl { name, default })
    }

    /// The default expression of a field as a function returning it.
    #[inline(never)]
    fn default_function(&mut self, name: Symbol) -> Parse<&'a Function<'a>> {
        let start = self.pos;
        let (id, block) = (self.new_function(), self.new_block());
        let header = std::mem::replace(&mut self.header, false);
        self.function_depth += 1;
        let value = self.expression();
        self.function_depth -= 1;
        let value = value?;
        self.header = header;
        let span = self.span_from(start);
        let statements = self.arena.alloc_slice_copy(&[Stmt { kind: StmtKind::Return(Some(value)), span }]);
        let body = Block { id: block, statements, span };
        let (kind, role) = (FunctionKind::Plain, FunctionRole::FieldDefault);
        Ok(self.arena.alloc(Function { id, name: Some(name), kind, role, params: &[], body, span }))
    }

    #[inline(never)]
    pub(super) fn enum_declaration(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let name = self.identifier("an enum name")?;
        self.expect(TokenKind::LeftBrace)?;
        let mut variants = Vec::new();
        while self.kind() != TokenKind::RightBrace {
            variants.push(self.identifier("a variant name")?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.eat(TokenKind::RightBrace) {
            return self.fail_expected("',' or '}' after variant");
        }
        Ok(StmtKind::Enum { name, variants: self.arena.alloc_slice_copy(&variants) })
    }

    #[inline(never)]
    pub(super) fn import(&mut self) -> Parse<StmtKind<'a>> {
        let start = self.pos;
        self.pos += 1;
        let module = self.variable("a module name")?;
        let path = self.arena.alloc_slice_copy(&[Ident { symbol: module.symbol, span: module.span }]);
        self.imports.push(Import { path, first: module, span: self.span_from(start) });
        Ok(StmtKind::Import { module })
    }

    #[inline(never)]
    pub(super) fn import_from(&mut self) -> Parse<StmtKind<'a>> {
        let start = self.pos;
        self.pos += 1;
        let mut path = vec![self.identifier("a module name")?];
        while self.eat(TokenKind::Dot) {
            path.push(self.identifier("a module name")?);
        }
        self.expect(TokenKind::Import)?;
        let mut names = vec![self.variable("a name to import")?];
        while self.eat(TokenKind::Comma) {
            names.push(self.variable("a name to import")?);
        }
        let path = self.arena.alloc_slice_copy(&path);
        self.imports.push(Import { path, first: names[0], span: self.span_from(start) });
        Ok(StmtKind::FromImport { path, names: self.arena.alloc_slice_copy(&names) })
    }

    /// `export stmt`; a repeated `export` says the same.
    #[inline(never)]
    pub(super) fn export(&mut self) -> Parse<StmtKind<'a>> {
        while self.eat(TokenKind::Export) {}
        if matches!(self.kind(), TokenKind::Eof | TokenKind::RightBrace | TokenKind::Semicolon) {
            return self.fail_expected("a statement after 'export'");
        }
        let statement = self.statement()?;
        Ok(StmtKind::Export(self.arena.alloc(statement)))
    }

    /// A type annotation, which means nothing. Type arguments nest to any depth.
    #[inline(never)]
    pub(super) fn skip_type(&mut self) -> Parse<()> {
        let mut open = 0usize;
        loop {
            self.word("a type")?;
            loop {
                match self.kind() {
                    TokenKind::Less => {
                        self.pos += 1;
                        open += 1;
                        break;
                    }
                    TokenKind::Question | TokenKind::QuestionQuestion => self.pos += 1,
                    TokenKind::LeftBracket if self.kind_at(1) == TokenKind::RightBracket => self.pos += 2,
                    TokenKind::Comma if open > 0 => {
                        self.pos += 1;
                        break;
                    }
                    TokenKind::Greater if open > 0 => {
                        self.pos += 1;
                        open -= 1;
                    }
                    TokenKind::GreaterEq if open == 1 => {
                        // `array<int>= 5`: the closing bracket and the assignment were lexed as one token.
                        let token = &mut self.tokens.list[self.pos];
                        token.kind = TokenKind::Eq;
                        token.start += 1;
                        token.len = 1;
                        open -= 1;
                    }
                    _ if open > 0 => return self.fail_expected("',' or '>' in type"),
                    _ => return Ok(()),
                }
            }
        }
    }
}
