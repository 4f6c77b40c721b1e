//! Statements.

use super::{Parse, Parser};
use crate::base::intern::Symbol;
use crate::base::operator::BinaryOp;
use crate::syntax::ast::*;
use crate::syntax::token::TokenKind;

fn compound_op(kind: TokenKind) -> Option<BinaryOp> {
    Some(match kind {
        TokenKind::PlusEq => BinaryOp::Add,
        TokenKind::MinusEq => BinaryOp::Sub,
        TokenKind::StarEq => BinaryOp::Mul,
        TokenKind::SlashEq => BinaryOp::Div,
        TokenKind::PercentEq => BinaryOp::Rem,
        _ => return None,
    })
}

impl<'a> Parser<'_, 'a, '_> {
    /// One statement; the next token is neither `;` nor the end.
    pub(super) fn statement(&mut self) -> Parse<Stmt<'a>> {
        let start = self.pos;
        let kind = self.statement_kind()?;
        Ok(Stmt { kind, span: self.span_from(start) })
    }

    fn statement_kind(&mut self) -> Parse<StmtKind<'a>> {
        use TokenKind::*;
        match self.kind() {
            Let => self.declaration(DeclKind::Let),
            Mut => self.declaration(DeclKind::Mut),
            Const => self.declaration(DeclKind::Const),
            Func | Async if self.at_function_declaration() => self.function_declaration(),
            Struct => self.struct_declaration(),
            Enum => self.enum_declaration(),
            Import => self.import(),
            From => self.import_from(),
            Export => self.export(),
            If => self.if_statement(),
            While => self.while_statement(),
            Loop => self.loop_statement(),
            For => self.for_statement(),
            Match => self.match_statement(),
            Try => self.try_statement(),
            Return => {
                self.pos += 1;
                self.leaves_early |= self.function_depth == 0;
                Ok(StmtKind::Return(if self.starts_expression() { Some(self.expression()?) } else { None }))
            }
            Break => {
                self.pos += 1;
                Ok(StmtKind::Break)
            }
            Continue => {
                self.pos += 1;
                Ok(StmtKind::Continue)
            }
            Spawn => self.spawn(),
            Test | TestGroup | TestSetup | TestTeardown => self.test_block(),
            LeftBracket | LeftBrace if self.at_destructuring() => self.destructuring(None),
            Ident if self.at_plain_assignment() => self.plain_assignment(),
            RightBrace => self.fail("Unexpected '}'"),
            _ => self.expression_or_assignment(),
        }
    }

    #[inline(never)]
    fn declaration(&mut self, kind: DeclKind) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        if matches!(self.kind(), TokenKind::LeftBracket | TokenKind::LeftBrace) {
            return self.destructuring(Some(kind));
        }
        let name = self.variable("a variable name")?;
        if self.eat(TokenKind::Colon) {
            self.skip_type()?;
        }
        let value = self.initialiser()?;
        Ok(StmtKind::Declare { kind, name, value })
    }

    #[inline(never)]
    fn destructuring(&mut self, kind: Option<DeclKind>) -> Parse<StmtKind<'a>> {
        let pattern = self.pattern()?;
        let value = self.initialiser()?;
        Ok(StmtKind::Destructure { kind, pattern, value })
    }

    /// `:= e` or `= e`, not followed by another assignment.
    fn initialiser(&mut self) -> Parse<&'a Expr<'a>> {
        if !self.kind().is_assignment() {
            return self.fail_expected("':=' or '='");
        }
        self.pos += 1;
        self.assigned_value()
    }

    fn assigned_value(&mut self) -> Parse<&'a Expr<'a>> {
        let value = self.expression()?;
        if self.kind().is_assignment() || compound_op(self.kind()).is_some() {
            return self.fail("Chained assignment is not supported; split the assignment into separate statements");
        }
        Ok(value)
    }

    fn at_plain_assignment(&self) -> bool {
        self.kind_at(1).is_assignment() && !self.is_reserved_constructor(Symbol(self.token().payload))
    }

    #[inline(never)]
    fn plain_assignment(&mut self) -> Parse<StmtKind<'a>> {
        let name = self.variable("a variable name")?;
        self.pos += 1;
        Ok(StmtKind::Assign { name, value: self.assigned_value()? })
    }

    #[inline(never)]
    fn expression_or_assignment(&mut self) -> Parse<StmtKind<'a>> {
        let first = self.token();
        let expression = self.expression()?;
        let operator = self.kind();
        let compound = compound_op(operator);
        if !operator.is_assignment() && compound.is_none() {
            return Ok(StmtKind::Expr(expression));
        }
        // Parentheses leave no node, but only an opening one at the very start can enclose the root.
        let bare = matches!(first.kind, TokenKind::Ident | TokenKind::SelfWord);
        let Some(path) = bare.then(|| self.path(expression)).flatten() else {
            let span = self.span_of(first);
            return self.fail_at("Invalid assignment target", span);
        };
        let op_span = self.advance();
        let value = self.assigned_value()?;
        Ok(match compound {
            Some(op) => StmtKind::AssignOp { path, op, op_span, value },
            None if path.steps.is_empty() => StmtKind::Assign { name: path.root, value },
            None => StmtKind::AssignPath { path, value },
        })
    }

    /// `target` as an assignable path.
    fn path(&self, target: &'a Expr<'a>) -> Option<Path<'a>> {
        let mut steps = Vec::new();
        let mut expr = target;
        let root = loop {
            match expr.kind {
                ExprKind::Name(name) => break name,
                ExprKind::SelfValue(name) if !steps.is_empty() => break name,
                ExprKind::Index { object, index, bracket } => {
                    steps.push(Step::Index { index, bracket });
                    expr = object;
                }
                ExprKind::Field { object, name, optional: false } => {
                    steps.push(Step::Field(name));
                    expr = object;
                }
                _ => return None,
            }
        };
        steps.reverse();
        Some(Path { root, steps: self.arena.alloc_slice_copy(&steps) })
    }

    #[inline(never)]
    fn if_statement(&mut self) -> Parse<StmtKind<'a>> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            self.pos += 1;
            let condition = self.header_expression()?;
            let body = self.block("if block")?;
            branches.push(Branch { condition, body });
            if !self.eat(TokenKind::Else) {
                break;
            }
            if self.kind() != TokenKind::If {
                otherwise = Some(self.block("else block")?);
                break;
            }
        }
        Ok(StmtKind::If { branches: self.arena.alloc_slice_copy(&branches), otherwise })
    }

    #[inline(never)]
    fn while_statement(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let condition = self.header_expression()?;
        Ok(StmtKind::While { condition, body: self.block("while block")? })
    }

    #[inline(never)]
    fn loop_statement(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        if self.eat(TokenKind::While) {
            let condition = self.header_expression()?;
            return Ok(StmtKind::While { condition, body: self.block("loop block")? });
        }
        Ok(StmtKind::Loop { body: self.block("loop block")? })
    }

    #[inline(never)]
    fn for_statement(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let variable = self.variable("a loop variable")?;
        self.expect(TokenKind::In)?;
        let iterable_start = self.span();
        let iterable = self.header_expression()?;
        Ok(StmtKind::For { variable, iterable, iterable_start, body: self.block("for block")? })
    }

    #[inline(never)]
    fn try_statement(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let body = self.block("try block")?;
        self.expect(TokenKind::Except)?;
        let error = if self.kind() == TokenKind::LeftBrace { None } else { Some(self.variable("an error variable")?) };
        Ok(StmtKind::Try { body, error, handler: self.block("except block")? })
    }

    #[inline(never)]
    fn match_statement(&mut self) -> Parse<StmtKind<'a>> {
        self.pos += 1;
        let subject = self.header_expression()?;
        self.expect(TokenKind::LeftBrace)?;
        let mut cases = Vec::new();
        let mut default = None;
        loop {
            match self.kind() {
                TokenKind::Case => cases.push(self.case()?),
                TokenKind::Default => {
                    if default.is_some() {
                        return self.fail("A match can have only one 'default'");
                    }
                    self.pos += 1;
                    self.eat(TokenKind::Colon);
                    default = Some(self.block("match block")?);
                }
                TokenKind::RightBrace => break,
                _ => return self.fail_expected("'case', 'default' or '}' in match"),
            }
        }
        self.pos += 1;
        Ok(StmtKind::Match { subject, cases: self.arena.alloc_slice_copy(&cases), default })
    }

    #[inline(never)]
    fn case(&mut self) -> Parse<Case<'a>> {
        let start = self.pos;
        self.pos += 1;
        let pattern_start = self.pos;
        let pattern = self.match_pattern()?;
        let pattern_span = self.span_from(pattern_start);
        let guard = if self.eat(TokenKind::If) { Some(self.header_expression()?) } else { None };
        self.eat(TokenKind::Colon);
        let body = self.block("match block")?;
        Ok(Case { pattern, pattern_span, guard, body, span: self.span_from(start) })
    }

    #[inline(never)]
    fn spawn(&mut self) -> Parse<StmtKind<'a>> {
        let start = self.pos;
        self.pos += 1;
        Ok(StmtKind::Spawn(self.block_function(start, FunctionRole::Spawn, "spawn block")?))
    }

    #[inline(never)]
    fn test_block(&mut self) -> Parse<StmtKind<'a>> {
        let start = self.pos;
        let (kind, construct) = match self.kind() {
            TokenKind::Test => (TestKind::Test, "test block"),
            TokenKind::TestGroup => (TestKind::Group, "test_group block"),
            TokenKind::TestSetup => (TestKind::Setup, "test_setup block"),
            _ => (TestKind::Teardown, "test_teardown block"),
        };
        self.pos += 1;
        let name = if matches!(kind, TestKind::Test | TestKind::Group) {
            let token = self.token();
            if token.kind != TokenKind::Str {
                return self.fail_expected("a string naming the test");
            }
            self.pos += 1;
            Some(self.tokens.text(token))
        } else {
            None
        };
        Ok(StmtKind::Test { kind, name, function: self.block_function(start, FunctionRole::Test, construct)? })
    }
}
