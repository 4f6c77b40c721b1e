//! Text to tokens.
//!
//! The whole source is lexed at once and in linear time. String holes are lexed like ordinary source with an explicit stack of open
//! strings, so their nesting costs no native recursion. The lexer also pairs brackets (a hole is a world of its own), which lets
//! the parser tell a destructuring from a literal by one look. After an error it goes on with the next character.

use super::token::{NO_PAYLOAD, Token, TokenKind, Tokens, keyword};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::effort::spend;
use crate::base::hint;
use crate::base::intern::Interner;
use crate::base::limits::{MAX_DIAGNOSTICS, MAX_IDENTIFIER_CHARS, MAX_NUMBER_CHARS, MAX_STRING_CHARS};
use crate::base::source::{SourceId, Span};
use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

/// Splits `text` into tokens. Texts of strings go to `arena`, words to `interner`.
pub fn lex<'a>(
    source: SourceId,
    text: &str,
    arena: &'a Bump,
    interner: &mut Interner,
) -> (Tokens<'a>, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        source,
        text,
        bytes: text.as_bytes(),
        pos: 0,
        fresh_line: true,
        arena,
        interner,
        tokens: Tokens { list: Vec::with_capacity(text.len() / 4 + 16), ..Tokens::default() },
        strings: Vec::new(),
        brackets: Brackets::default(),
        diagnostics: Vec::new(),
    };
    lexer.run();
    let mut diagnostics = lexer.diagnostics;
    diagnostics.sort_by_key(|d| d.span.start);
    (lexer.tokens, diagnostics)
}

struct Lexer<'t, 'a, 'i> {
    source: SourceId,
    text: &'t str,
    bytes: &'t [u8],
    pos: usize,
    fresh_line: bool,
    arena: &'a Bump,
    interner: &'i mut Interner,
    tokens: Tokens<'a>,
    strings: Vec<OpenString>,
    brackets: Brackets,
    diagnostics: Vec<Diagnostic>,
}

/// A string whose hole is being lexed.
struct OpenString {
    quote: usize,
    /// Open braces inside the hole.
    braces: usize,
    outer: Brackets,
}

/// Open brackets, as token indexes, with a count of each kind so that a stray closing bracket is recognised without a search.
#[derive(Default)]
struct Brackets {
    open: Vec<u32>,
    counts: [u32; 3],
}

fn bracket_kind(kind: TokenKind) -> usize {
    match kind {
        TokenKind::LeftParen | TokenKind::RightParen => 0,
        TokenKind::LeftBracket | TokenKind::RightBracket => 1,
        _ => 2,
    }
}

impl<'a> Lexer<'_, 'a, '_> {
    fn run(&mut self) {
        while self.pos < self.bytes.len() {
            self.next();
        }
        if let Some(open) = self.strings.first() {
            let quote = open.quote;
            self.error(Code::UnterminatedString, "Unterminated string literal", quote, quote + 1);
        }
        self.fresh_line = true;
        self.push(TokenKind::Eof, self.pos, NO_PAYLOAD);
    }

    fn next(&mut self) {
        spend(1);
        let start = self.pos;
        let byte = self.bytes[start];
        match byte {
            b'\n' | b'\r' => {
                self.fresh_line = true;
                self.pos += 1;
            }
            b' ' | b'\t' => {
                self.pos += 1;
                while self.peek(0) == b' ' {
                    self.pos += 1;
                }
            }
            b'#' => self.line_comment(),
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' => {
                self.pos += 1;
                self.string_piece(start, start, true);
            }
            b'{' => {
                if let Some(open) = self.strings.last_mut() {
                    open.braces += 1;
                }
                self.mark();
            }
            b'}' => match self.strings.last_mut() {
                Some(open) if open.braces == 0 => {
                    let quote = open.quote;
                    self.pos += 1;
                    self.string_piece(quote, start, false);
                }
                open => {
                    if let Some(open) = open {
                        open.braces -= 1;
                    }
                    self.mark();
                }
            },
            0 => {
                self.pos += 1;
                self.error(Code::NulByte, "NUL byte in source", start, start + 1);
            }
            _ => self.mark(),
        }
    }

    /// The byte `ahead` of the position, 0 at the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    fn error(&mut self, code: Code, message: impl Into<String>, start: usize, end: usize) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(Diagnostic::new(code, message, Span::new(self.source, start, end)));
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize, payload: u32) {
        let token = Token {
            kind,
            first_on_line: self.fresh_line,
            start: start as u32,
            len: (self.pos - start) as u32,
            payload,
        };
        self.fresh_line = false;
        self.tokens.list.push(token);
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.pos..];
        self.pos += rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
    }

    fn block_comment(&mut self) {
        let start = self.pos;
        self.pos += 2;
        loop {
            match self.bytes.get(self.pos) {
                None => {
                    self.error(Code::UnterminatedComment, "Unterminated block comment", start, start + 2);
                    return;
                }
                Some(b'*') if self.peek(1) == b'/' => {
                    self.pos += 2;
                    return;
                }
                Some(b'\n' | b'\r') => {
                    self.fresh_line = true;
                    self.pos += 1;
                }
                Some(_) => self.pos += 1,
            }
        }
    }

    /// Moves past letters, digits and `_`.
    fn skip_word(&mut self) {
        while let Some(&byte) = self.bytes.get(self.pos) {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                self.pos += 1;
            } else if byte < 0x80 {
                return;
            } else {
                match self.text[self.pos..].chars().next() {
                    Some(c) if c.is_alphanumeric() => self.pos += c.len_utf8(),
                    _ => return,
                }
            }
        }
    }

    fn word(&mut self) {
        let start = self.pos;
        self.skip_word();
        let word = &self.text[start..self.pos];
        if let Some(kind) = keyword(word) {
            self.push(kind, start, NO_PAYLOAD);
            return;
        }
        if word.len() > MAX_IDENTIFIER_CHARS && word.chars().count() > MAX_IDENTIFIER_CHARS {
            let message = format!("Identifier exceeds maximum length of {MAX_IDENTIFIER_CHARS} characters");
            self.error(Code::IdentifierTooLong, message, start, self.pos);
        }
        let symbol = self.interner.intern(word);
        self.push(TokenKind::Ident, start, symbol.0);
    }

    fn number(&mut self) {
        let start = self.pos;
        self.skip_word();
        let prefixed = self.bytes[start] == b'0' && matches!(self.bytes.get(start + 1), Some(b'x' | b'b' | b'o'));
        let mut is_float = false;
        if !prefixed {
            let whole = &self.bytes[start..self.pos];
            let plain = whole.iter().all(|b| b.is_ascii_digit() || *b == b'_');
            if plain && self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
                is_float = true;
                self.pos += 1;
                self.skip_word();
            }
            let ends_in_e = matches!(self.bytes[self.pos - 1], b'e' | b'E');
            if ends_in_e && matches!(self.peek(0), b'+' | b'-') && self.peek(1).is_ascii_digit() {
                // Only a literal of digits, point and `e` may take a sign: `0xe+1` and `1abe+1` may not.
                let before = &self.bytes[start..self.pos - 1];
                if before.iter().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.')) {
                    self.pos += 1;
                    self.skip_word();
                }
            }
        }
        let text = &self.text[start..self.pos];
        if text.len() > MAX_NUMBER_CHARS {
            let message = format!("Numeric literal exceeds maximum length of {MAX_NUMBER_CHARS} characters");
            self.error(Code::NumberTooLong, message, start, self.pos);
            self.push_number(TokenKind::Int, start, 0);
            return;
        }
        if let Some(radix) = prefixed.then(|| radix(text.as_bytes()[1])) {
            match grouped(&text[2..], |b| (b as char).is_digit(radix)) {
                Some(digits) => self.integer(&digits, radix, start),
                None => self.malformed(start),
            }
            return;
        }
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let decimal = |part: &str| grouped(part, |b| b.is_ascii_digit());
        let Some(mut digits) = decimal(whole) else { return self.malformed(start) };
        if !is_float && exponent.is_none() {
            return self.integer(&digits, 10, start);
        }
        if let Some(fraction) = fraction {
            let Some(fraction) = decimal(fraction) else { return self.malformed(start) };
            digits.push('.');
            digits.push_str(&fraction);
        }
        if let Some(exponent) = exponent {
            let (sign, part) = match exponent.as_bytes().first() {
                Some(b'-') => ("-", &exponent[1..]),
                Some(b'+') => ("", &exponent[1..]),
                _ => ("", exponent),
            };
            let Some(exponent) = decimal(part) else { return self.malformed(start) };
            digits.push('e');
            digits.push_str(sign);
            digits.push_str(&exponent);
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => self.push_number(TokenKind::Float, start, value.to_bits()),
            _ => self.overflow(TokenKind::Float, start),
        }
    }

    fn integer(&mut self, digits: &str, radix: u32, start: usize) {
        match i64::from_str_radix(digits, radix) {
            Ok(value) => self.push_number(TokenKind::Int, start, value as u64),
            Err(_) => self.overflow(TokenKind::Int, start),
        }
    }

    fn push_number(&mut self, kind: TokenKind, start: usize, bits: u64) {
        let index = self.tokens.numbers.len() as u32;
        self.tokens.numbers.push(bits);
        self.push(kind, start, index);
    }

    fn malformed(&mut self, start: usize) {
        let message = format!("Malformed numeric literal: {}", &self.text[start..self.pos]);
        self.error(Code::MalformedNumber, message, start, self.pos);
        self.push_number(TokenKind::Int, start, 0);
    }

    fn overflow(&mut self, kind: TokenKind, start: usize) {
        let message = format!("Numeric literal overflow: {}", &self.text[start..self.pos]);
        self.error(Code::NumberOverflow, message, start, self.pos);
        self.push_number(kind, start, 0);
    }

    /// Lexes text up to the closing quote, the next hole or the end of the line. The position is behind the `"` or `}` at `start`.
    fn string_piece(&mut self, quote: usize, start: usize, first: bool) {
        let text_start = self.pos;
        // Holds the text only once an escape makes it differ from the source.
        let mut resolved: Option<ArenaString<'a>> = None;
        let mut copied = text_start;
        let (kind, text_end) = loop {
            match self.bytes.get(self.pos) {
                None | Some(b'\n' | b'\r') => {
                    self.abandon_string(quote, start, first);
                    return;
                }
                Some(b'"') => {
                    self.pos += 1;
                    break (if first { TokenKind::Str } else { TokenKind::StrTail }, self.pos - 1);
                }
                Some(b'$') if self.peek(1) == b'{' => {
                    self.pos += 2;
                    break (if first { TokenKind::StrHead } else { TokenKind::StrMiddle }, self.pos - 2);
                }
                Some(b'\\') => {
                    let buffer = resolved.get_or_insert_with(|| ArenaString::new_in(self.arena));
                    buffer.push_str(&self.text[copied..self.pos]);
                    let escaped = match self.bytes.get(self.pos + 1) {
                        Some(b'n') => '\n',
                        Some(b't') => '\t',
                        Some(b'r') => '\r',
                        Some(&b @ (b'\\' | b'"' | b'$')) => b as char,
                        None | Some(b'\n' | b'\r') => {
                            self.pos += 1;
                            continue;
                        }
                        Some(_) => {
                            let c = self.text[self.pos + 1..].chars().next().unwrap_or('?');
                            let at = self.pos;
                            let end = at + 1 + c.len_utf8();
                            self.error(Code::InvalidEscape, format!("Invalid escape sequence: \\\\{c}"), at, end);
                            self.pos = end;
                            copied = end;
                            continue;
                        }
                    };
                    buffer.push(escaped);
                    self.pos += 2;
                    copied = self.pos;
                }
                Some(_) => self.pos += 1,
            }
        };
        let text: &'a str = match resolved {
            None => self.arena.alloc_str(&self.text[text_start..text_end]),
            Some(mut buffer) => {
                buffer.push_str(&self.text[copied..text_end]);
                buffer.into_bump_str()
            }
        };
        if text.len() > MAX_STRING_CHARS && text.chars().count() > MAX_STRING_CHARS {
            let message = format!("String literal exceeds maximum length of {MAX_STRING_CHARS} characters");
            self.error(Code::StringTooLong, message, start, self.pos);
        }
        match kind {
            TokenKind::StrHead => {
                let outer = std::mem::take(&mut self.brackets);
                self.strings.push(OpenString { quote, braces: 0, outer });
            }
            TokenKind::StrTail => {
                if let Some(open) = self.strings.pop() {
                    self.brackets = open.outer;
                }
            }
            TokenKind::StrMiddle => self.brackets = Brackets::default(),
            _ => {}
        }
        let index = self.tokens.texts.len() as u32;
        self.tokens.texts.push(text);
        self.push(kind, start, index);
    }

    /// A string ends without its quote. The strings around it cannot be told from code any more: all are given up, and the outermost
    /// one that starts on this line is reported.
    fn abandon_string(&mut self, quote: usize, start: usize, first: bool) {
        let mut culprit = quote;
        for open in self.strings.iter().rev() {
            let between = &self.bytes[open.quote..culprit.max(open.quote)];
            if between.iter().any(|&b| b == b'\n' || b == b'\r') {
                break;
            }
            culprit = open.quote;
        }
        self.error(Code::UnterminatedString, "Unterminated string literal", culprit, self.pos);
        if let Some(open) = self.strings.drain(..).next() {
            self.brackets = open.outer;
        }
        let index = self.tokens.texts.len() as u32;
        self.tokens.texts.push("");
        self.push(if first { TokenKind::Str } else { TokenKind::StrTail }, start, index);
    }

    /// Operators and punctuation, longest first.
    fn mark(&mut self) {
        use TokenKind::*;
        let start = self.pos;
        let (kind, len) = match (self.bytes[start], self.peek(1), self.peek(2)) {
            (b'.', b'.', b'.') => (Ellipsis, 3),
            (b':', b'=', _) => (ColonEq, 2),
            (b'+', b'=', _) => (PlusEq, 2),
            (b'-', b'=', _) => (MinusEq, 2),
            (b'*', b'=', _) => (StarEq, 2),
            (b'/', b'=', _) => (SlashEq, 2),
            (b'%', b'=', _) => (PercentEq, 2),
            (b'=', b'=', _) => (EqEq, 2),
            (b'!', b'=', _) => (BangEq, 2),
            (b'<', b'=', _) => (LessEq, 2),
            (b'>', b'=', _) => (GreaterEq, 2),
            (b'&', b'&', _) => (AndAnd, 2),
            (b'|', b'|', _) => (OrOr, 2),
            (b'?', b'?', _) => (QuestionQuestion, 2),
            (b'?', b'.', _) => (QuestionDot, 2),
            (b'|', b'>', _) => (Pipe, 2),
            (b':', b':', _) => (ColonColon, 2),
            (b'-', b'>', _) => (Arrow, 2),
            (b'=', ..) => (Eq, 1),
            (b'<', ..) => (Less, 1),
            (b'>', ..) => (Greater, 1),
            (b'+', ..) => (Plus, 1),
            (b'-', ..) => (Minus, 1),
            (b'*', ..) => (Star, 1),
            (b'/', ..) => (Slash, 1),
            (b'%', ..) => (Percent, 1),
            (b'!', ..) => (Bang, 1),
            (b'?', ..) => (Question, 1),
            (b'.', ..) => (Dot, 1),
            (b':', ..) => (Colon, 1),
            (b',', ..) => (Comma, 1),
            (b';', ..) => (Semicolon, 1),
            (b'(', ..) => (LeftParen, 1),
            (b')', ..) => (RightParen, 1),
            (b'[', ..) => (LeftBracket, 1),
            (b']', ..) => (RightBracket, 1),
            (b'{', ..) => (LeftBrace, 1),
            (b'}', ..) => (RightBrace, 1),
            (b'&', ..) => (Ampersand, 1),
            (b'|', ..) => (Bar, 1),
            _ => return self.stray_character(),
        };
        self.pos += len;
        let index = self.tokens.list.len() as u32;
        self.push(kind, start, NO_PAYLOAD);
        if kind.is_opener() {
            self.brackets.open.push(index);
            self.brackets.counts[bracket_kind(kind)] += 1;
        } else if matches!(kind, RightParen | RightBracket | RightBrace) {
            self.pair(kind, index);
        }
    }

    /// A character that starts no token. One that quotes texts elsewhere takes the text with it.
    #[cold]
    fn stray_character(&mut self) {
        let start = self.pos;
        let c = self.text[start..].chars().next().unwrap_or('?');
        self.pos += c.len_utf8();
        let closing = QUOTES.iter().find(|quotes| quotes.0 == c).and_then(|&(_, closing)| {
            let rest = &self.text[self.pos..];
            let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
            line.find(closing).map(|at| at + closing.len_utf8())
        });
        self.pos += closing.unwrap_or(0);
        self.error(Code::InvalidCharacter, format!("Invalid character: '{c}'"), start, self.pos);
        if let Some(diagnostic) = self.diagnostics.last_mut().filter(|last| last.span.start as usize == start) {
            diagnostic.advice.help.extend(hint::character(c));
        }
        if closing.is_some() {
            let index = self.tokens.texts.len() as u32;
            self.tokens.texts.push("");
            self.push(TokenKind::Str, start, index);
        }
    }

    /// Pairs the closing bracket `index` with the innermost open one of its kind; unclosed ones between them stay unpaired.
    fn pair(&mut self, kind: TokenKind, index: u32) {
        let wanted = bracket_kind(kind);
        if self.brackets.counts[wanted] == 0 {
            return;
        }
        while let Some(opener) = self.brackets.open.pop() {
            let found = bracket_kind(self.tokens.list[opener as usize].kind);
            self.brackets.counts[found] -= 1;
            if found == wanted {
                self.tokens.list[opener as usize].payload = index;
                return;
            }
        }
    }
}

/// What quotes texts in other languages and in word processors.
const QUOTES: &[(char, char)] =
    &[('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}'), ('\u{ab}', '\u{bb}')];

fn radix(prefix: u8) -> u32 {
    match prefix {
        b'x' => 16,
        b'o' => 8,
        _ => 2,
    }
}

/// The digits of `text` without separators; `None` unless it is digits with single `_` between two of them.
fn grouped(text: &str, is_digit: impl Fn(u8) -> bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut digits = String::with_capacity(bytes.len());
    let mut after_digit = false;
    for &byte in bytes {
        if byte == b'_' && after_digit {
            after_digit = false;
        } else if is_digit(byte) {
            digits.push(byte as char);
            after_digit = true;
        } else {
            return None;
        }
    }
    after_digit.then_some(digits)
}
