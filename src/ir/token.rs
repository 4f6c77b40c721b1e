//! Tokens of the textual IR: words, numbers, strings, punctuation. Blanks and comments (`;` to the end of the line) separate.

use super::parse::ParseError;
use std::iter::Peekable;
use std::str::Chars;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, keyword or numbered reference.
    Word(String),
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A hexadecimal number: the bits of a float.
    Hex(u64),
    /// A quoted string, unescaped.
    Text(String),
    /// Any other character.
    Mark(char),
    /// The end.
    End,
}

/// A token and where it begins, both counted from 1.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) token: Token,
    pub(super) line: u32,
    pub(super) column: u32,
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    line: u32,
    column: u32,
}

/// The tokens of a text, an `End` last.
pub(super) fn tokens(text: &str) -> Result<Vec<Located>, ParseError> {
    let mut lexer = Lexer { chars: text.chars().peekable(), line: 1, column: 1 };
    let mut list = Vec::new();
    loop {
        lexer.skip_blanks();
        let (line, column) = (lexer.line, lexer.column);
        let token = lexer.token().map_err(|message| ParseError { line, column, message })?;
        let done = token == Token::End;
        list.push(Located { token, line, column });
        if done {
            return Ok(list);
        }
    }
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while let Some(&c) = self.chars.peek() {
            if c == ';' {
                while self.chars.peek().is_some_and(|&c| c != '\n') {
                    self.next();
                }
            } else if c.is_whitespace() {
                self.next();
            } else {
                return;
            }
        }
    }

    fn take_while(&mut self, out: &mut String, accept: impl Fn(char) -> bool) {
        while let Some(&c) = self.chars.peek() {
            if !accept(c) {
                return;
            }
            out.push(c);
            self.next();
        }
    }

    fn token(&mut self) -> Result<Token, String> {
        let Some(first) = self.next() else { return Ok(Token::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            let mut word = String::from(first);
            self.take_while(&mut word, |c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(Token::Word(word));
        }
        if first == '"' {
            return self.text();
        }
        let negative = first == '-' && self.chars.peek().is_some_and(|c| c.is_ascii_alphanumeric());
        if first.is_ascii_digit() || negative {
            return self.number(first);
        }
        Ok(Token::Mark(first))
    }

    fn number(&mut self, first: char) -> Result<Token, String> {
        let mut text = String::from(first);
        self.take_while(&mut text, |c| c.is_ascii_alphanumeric() || c == '.');
        if text.ends_with('e') && matches!(self.chars.peek(), Some('-' | '+')) {
            text.extend(self.next());
            self.take_while(&mut text, |c| c.is_ascii_digit());
        }
        if let Some(hex) = text.strip_prefix("0x") {
            return u64::from_str_radix(hex, 16).map(Token::Hex).map_err(|_| format!("malformed number `{text}`"));
        }
        if let Ok(int) = text.parse() {
            return Ok(Token::Int(int));
        }
        text.parse().map(Token::Float).map_err(|_| format!("malformed number `{text}`"))
    }

    fn text(&mut self) -> Result<Token, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err("a string without its closing quote".into()),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('u') if self.next() == Some('{') => {
                let mut hex = String::new();
                self.take_while(&mut hex, |c| c.is_ascii_hexdigit());
                let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                code.filter(|_| self.next() == Some('}')).ok_or_else(|| "malformed escape".into())
            }
            _ => Err("unknown escape".into()),
        }
    }
}
