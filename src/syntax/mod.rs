//! Floor 1: from source text to the tree.
//!
//! ```text
//! text -> lexer::lex -> tokens -> parser::parse -> ast::Program
//! ```
//!
//! Both stages go on after an error and report several. If the lexer complains, only its diagnostics are given: those of the
//! parser would mostly be echoes.

pub mod ast;
pub mod lexer;
pub mod parser;
pub mod print;
pub mod token;

use crate::base::diagnostic::Diagnostic;
use crate::base::intern::Interner;
use crate::base::limits::MAX_SOURCE_BYTES;
use crate::base::source::{SourceId, Span};
use bumpalo::Bump;

/// What [`parse`] gives: always a tree, which is complete if there are no diagnostics.
#[derive(Debug)]
pub struct ParseResult<'a> {
    /// The tree; with diagnostics, without the statements that could not be read.
    pub program: ast::Program<'a>,
    /// Lexical or parse errors in source order; the first is the meaningful one.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lexes and parses `text`.
pub fn parse<'a>(source: SourceId, text: &str, arena: &'a Bump, interner: &mut Interner) -> ParseResult<'a> {
    if text.len() > MAX_SOURCE_BYTES {
        let message = format!("Source exceeds maximum size of {MAX_SOURCE_BYTES} bytes");
        let ParseResult { program, .. } = parse(source, "", arena, interner);
        return ParseResult { program, diagnostics: vec![Diagnostic::parse(message, Span::new(source, 0, 0))] };
    }
    let (tokens, lexical) = lexer::lex(source, text, arena, interner);
    let (program, parse) = parser::parse(source, text, tokens, arena, interner);
    ParseResult { program, diagnostics: if lexical.is_empty() { parse } else { lexical } }
}
