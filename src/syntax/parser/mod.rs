//! Tokens to the tree, by recursive descent.
//!
//! Recursion happens only where the language nests: brackets, prefix operators, string holes and blocks. Each entry is counted
//! against the limits of the language before the native stack can matter. Binary operators use an explicit stack (operator
//! precedence), postfix operators and `else if` loops.
//!
//! A function that cannot go on records a diagnostic and returns [`Failed`]; the enclosing statement list recovers (`recover`).
//! Nothing is parsed twice, so ids are given out once.

mod expr;
mod habit;
mod item;
mod pattern;
mod recover;
mod stmt;

use super::ast::*;
use super::token::{NO_PAYLOAD, Token, TokenKind, Tokens};
use crate::base::diagnostic::Diagnostic;
use crate::base::intern::{Interner, Symbol};
use crate::base::limits::{MAX_BLOCK_DEPTH, MAX_EXPRESSION_DEPTH};
use crate::base::source::{SourceId, Span};
use bumpalo::Bump;

/// Parses a whole source.
pub fn parse<'a>(
    source: SourceId,
    text: &str,
    tokens: Tokens<'a>,
    arena: &'a Bump,
    interner: &mut Interner,
) -> (Program<'a>, Vec<Diagnostic>) {
    let special = Special {
        ok: interner.intern("Ok"),
        err: interner.intern("Err"),
        some: interner.intern("Some"),
        none: interner.intern("None"),
        throw: interner.intern("throw"),
        underscore: interner.intern("_"),
        self_value: interner.intern("self"),
    };
    let mut parser = Parser {
        source,
        text,
        tokens,
        pos: 0,
        arena,
        interner,
        special,
        diagnostics: Vec::new(),
        limited: false,
        aborted: false,
        header: false,
        expression_depth: 0,
        block_depth: 0,
        pending: Vec::new(),
        statements: Vec::new(),
        imports: Vec::new(),
        leaves_early: false,
        function_depth: 0,
        functions: 0,
        blocks: 0,
        names: 0,
    };
    let program = parser.program();
    (program, parser.diagnostics)
}

/// A diagnostic was recorded and the statement is given up.
#[derive(Clone, Copy, Debug)]
struct Failed;

type Parse<T> = Result<T, Failed>;

/// Identifiers with a meaning of their own.
struct Special {
    ok: Symbol,
    err: Symbol,
    some: Symbol,
    none: Symbol,
    throw: Symbol,
    underscore: Symbol,
    self_value: Symbol,
}

struct Parser<'t, 'a, 'i> {
    source: SourceId,
    text: &'t str,
    tokens: Tokens<'a>,
    /// Index of the next token; never beyond the final `Eof`.
    pos: usize,
    arena: &'a Bump,
    interner: &'i mut Interner,
    special: Special,
    diagnostics: Vec<Diagnostic>,
    /// A limit was exceeded: there is nothing to explain.
    limited: bool,
    /// A limit was exceeded: nothing more is read or reported.
    aborted: bool,
    /// Inside a header expression, where `{` starts the block.
    header: bool,
    expression_depth: usize,
    block_depth: usize,
    /// Binary operators waiting for their right operand; each expression uses the part above its own base.
    pending: Vec<expr::Pending<'a>>,
    /// Finished statements of the open blocks; each block uses the part above its own base.
    statements: Vec<Stmt<'a>>,
    imports: Vec<Import<'a>>,
    leaves_early: bool,
    /// Functions around the next token.
    function_depth: u32,
    functions: u32,
    blocks: u32,
    names: u32,
}

impl<'a> Parser<'_, 'a, '_> {
    fn program(&mut self) -> Program<'a> {
        let id = self.new_function();
        let block = self.new_block();
        let base = self.statements.len();
        self.statement_list(true);
        let statements = self.take_statements(base);
        let span = Span::new(self.source, 0, self.text.len());
        let body = Block { id: block, statements, span };
        let main = self.arena.alloc(Function {
            id,
            name: None,
            kind: FunctionKind::Plain,
            role: FunctionRole::Main,
            params: &[],
            body,
            span,
        });
        Program {
            main,
            function_count: self.functions,
            block_count: self.blocks,
            name_count: self.names,
            imports: self.arena.alloc_slice_copy(&self.imports),
            leaves_early: self.leaves_early,
        }
    }

    /// Parses statements up to the end of the file or, unless `top`, the closing brace, which stays.
    fn statement_list(&mut self, top: bool) {
        loop {
            match self.kind() {
                TokenKind::Eof => return,
                TokenKind::RightBrace if !top => return,
                TokenKind::Semicolon => self.pos += 1,
                _ => {
                    let checkpoint = self.checkpoint();
                    match self.statement() {
                        Ok(statement) => self.statements.push(statement),
                        Err(Failed) => self.recover(checkpoint, top),
                    }
                }
            }
        }
    }

    fn take_statements(&mut self, base: usize) -> &'a [Stmt<'a>] {
        let statements = self.arena.alloc_slice_copy(&self.statements[base..]);
        self.statements.truncate(base);
        statements
    }

    /// `{ ... }`. `construct` names it if blocks nest too deep.
    fn block(&mut self, construct: &'static str) -> Parse<Block<'a>> {
        let start = self.pos;
        if self.kind() != TokenKind::LeftBrace {
            return self.fail_expected(&format!("'{{' to start {construct}"));
        }
        if self.block_depth >= MAX_BLOCK_DEPTH {
            return self
                .abort(format!("Maximum block nesting depth of {MAX_BLOCK_DEPTH} exceeded while parsing {construct}"));
        }
        self.pos += 1;
        self.block_depth += 1;
        let header = std::mem::replace(&mut self.header, false);
        let id = self.new_block();
        let base = self.statements.len();
        self.statement_list(false);
        let statements = self.take_statements(base);
        self.header = header;
        self.block_depth -= 1;
        if self.kind() != TokenKind::RightBrace {
            return self.fail_expected(&format!("'}}' to end {construct}"));
        }
        self.pos += 1;
        Ok(Block { id, statements, span: self.span_from(start) })
    }

    fn enter_expression(&mut self) -> Parse<()> {
        if self.expression_depth >= MAX_EXPRESSION_DEPTH {
            return self.abort(format!(
                "Maximum expression nesting depth of {MAX_EXPRESSION_DEPTH} exceeded while parsing expression"
            ));
        }
        self.expression_depth += 1;
        Ok(())
    }

    fn new_function(&mut self) -> FunctionId {
        self.functions += 1;
        FunctionId(self.functions - 1)
    }

    fn new_block(&mut self) -> BlockId {
        self.blocks += 1;
        BlockId(self.blocks - 1)
    }

    fn new_name(&mut self, symbol: Symbol, span: Span) -> Name {
        self.names += 1;
        Name { symbol, id: NameId(self.names - 1), span }
    }

    fn token(&self) -> Token {
        self.tokens.list[self.pos]
    }

    fn kind(&self) -> TokenKind {
        self.tokens.list[self.pos].kind
    }

    /// The token `ahead` of the next one, or the final one.
    fn token_at(&self, ahead: usize) -> Token {
        let last = self.tokens.list.len() - 1;
        self.tokens.list[(self.pos + ahead).min(last)]
    }

    fn kind_at(&self, ahead: usize) -> TokenKind {
        self.token_at(ahead).kind
    }

    /// The next token's span.
    fn span(&self) -> Span {
        self.span_of(self.token())
    }

    fn span_of(&self, token: Token) -> Span {
        Span::new(self.source, token.start as usize, token.end() as usize)
    }

    /// From the token with index `start` to the last consumed token.
    fn span_from(&self, start: usize) -> Span {
        let first = self.tokens.list[start];
        let end = if self.pos > start { self.tokens.list[self.pos - 1].end() } else { first.end() };
        Span::new(self.source, first.start as usize, end as usize)
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.pos += 1;
        }
        found
    }

    /// Consumes the token and gives its span.
    fn advance(&mut self) -> Span {
        let span = self.span();
        self.pos += 1;
        span
    }

    /// An identifier that is not a keyword; `what` describes it in the message.
    fn identifier(&mut self, what: &str) -> Parse<Ident> {
        let token = self.token();
        if token.kind == TokenKind::Ident {
            return Ok(Ident { symbol: Symbol(token.payload), span: self.advance() });
        }
        if token.kind.is_keyword() {
            return self.fail(format!("Keyword '{}' cannot be used as {what}", token.kind.text()));
        }
        self.fail_expected(what)
    }

    /// An identifier that declares or assigns a variable.
    fn variable(&mut self, what: &str) -> Parse<Name> {
        let Ident { symbol, span } = self.identifier(what)?;
        Ok(self.new_name(symbol, span))
    }

    /// An identifier or keyword used as a plain word.
    fn word(&mut self, what: &str) -> Parse<Ident> {
        let token = self.token();
        if token.kind == TokenKind::Ident {
            return Ok(Ident { symbol: Symbol(token.payload), span: self.advance() });
        }
        if token.kind.is_keyword() {
            let symbol = self.interner.intern(token.kind.text());
            return Ok(Ident { symbol, span: self.advance() });
        }
        self.fail_expected(what)
    }

    /// The index of the bracket that closes the next token, an opening one.
    fn partner(&self) -> Option<usize> {
        let token = self.token();
        (token.kind.is_opener() && token.payload != NO_PAYLOAD).then_some(token.payload as usize)
    }

    /// Whether the next token, `[` or `{`, starts a destructuring pattern.
    fn at_destructuring(&self) -> bool {
        self.partner().is_some_and(|end| self.tokens.list[end + 1].kind.is_assignment())
    }
}

fn is_word(kind: TokenKind) -> bool {
    kind == TokenKind::Ident || kind.is_keyword()
}
