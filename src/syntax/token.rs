//! The token table: every keyword and every punctuation mark with its spelling, once.
//!
//! The lexer finds keywords by [`keyword`], messages name tokens by [`TokenKind::describe`].

macro_rules! tokens {
    (
        keywords { $($kw:ident = $kw_text:literal,)* }
        punctuation { $($p:ident = $p_text:literal,)* }
        classes { $($(#[$cmeta:meta])* $c:ident = $c_text:literal,)* }
    ) => {
        /// What a token is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum TokenKind {
            $(#[doc = concat!("The keyword `", $kw_text, "`.")] $kw,)*
            $(#[doc = concat!("`", $p_text, "`")] $p,)*
            $($(#[$cmeta])* $c,)*
        }

        impl TokenKind {
            /// All keywords.
            pub const KEYWORDS: &'static [TokenKind] = &[$(TokenKind::$kw),*];
            /// All punctuation marks.
            pub const PUNCTUATION: &'static [TokenKind] = &[$(TokenKind::$p),*];

            /// The spelling of a keyword or mark, the name of a class.
            pub const fn text(self) -> &'static str {
                match self {
                    $(TokenKind::$kw => $kw_text,)*
                    $(TokenKind::$p => $p_text,)*
                    $(TokenKind::$c => $c_text,)*
                }
            }

            /// Whether it is a keyword.
            pub const fn is_keyword(self) -> bool {
                matches!(self, $(TokenKind::$kw)|*)
            }

            /// Whether it is a punctuation mark.
            pub const fn is_punctuation(self) -> bool {
                matches!(self, $(TokenKind::$p)|*)
            }
        }

        /// The keyword spelt `text`.
        pub fn keyword(text: &str) -> Option<TokenKind> {
            match text { $($kw_text => Some(TokenKind::$kw),)* _ => None }
        }
    };
}

tokens! {
    keywords {
        Let = "let", Mut = "mut", Const = "const", Func = "func", Return = "return", Enum = "enum", Match = "match",
        Case = "case", Default = "default", If = "if", Else = "else", Loop = "loop", While = "while", For = "for",
        In = "in", Break = "break", Continue = "continue", Try = "try", Except = "except", IntWord = "int",
        FloatWord = "float", StringWord = "string", BoolWord = "bool", Import = "import", Export = "export",
        From = "from", Struct = "struct", Impl = "impl", SelfWord = "self", Null = "null", Spawn = "spawn",
        Test = "test", TestSetup = "test_setup", TestTeardown = "test_teardown", TestGroup = "test_group",
        Yield = "yield", Async = "async", Await = "await", True = "true", False = "false",
    }
    punctuation {
        ColonEq = ":=", Eq = "=", PlusEq = "+=", MinusEq = "-=", StarEq = "*=", SlashEq = "/=", PercentEq = "%=",
        EqEq = "==", BangEq = "!=", Less = "<", LessEq = "<=", Greater = ">", GreaterEq = ">=", Plus = "+", Minus = "-",
        Star = "*", Slash = "/", Percent = "%", Bang = "!", AndAnd = "&&", OrOr = "||", QuestionQuestion = "??",
        QuestionDot = "?.", Question = "?", Pipe = "|>", ColonColon = "::", Arrow = "->", Ellipsis = "...", Dot = ".",
        Colon = ":", Comma = ",", Semicolon = ";", LeftParen = "(", RightParen = ")", LeftBracket = "[",
        RightBracket = "]", LeftBrace = "{", RightBrace = "}",
        Ampersand = "&", Bar = "|",
    }
    classes {
        /// A word that is not a keyword; the payload is its symbol.
        Ident = "identifier",
        /// An integer; the payload is a number index.
        Int = "integer",
        /// A float; the payload is a number index.
        Float = "float",
        /// A string without holes; the payload is a text index.
        Str = "string",
        /// `"text${`; the payload is a text index.
        StrHead = "string start",
        /// `}text${`; the payload is a text index.
        StrMiddle = "string middle",
        /// `}text"`; the payload is a text index.
        StrTail = "string end",
        /// The end of the source.
        Eof = "end of file",
    }
}

impl TokenKind {
    /// How messages name it.
    pub fn describe(self) -> String {
        match self {
            TokenKind::Eof => self.text().to_owned(),
            _ if self.is_keyword() => format!("keyword '{}'", self.text()),
            _ if self.is_punctuation() => format!("'{}'", self.text()),
            _ => self.text().to_owned(),
        }
    }

    /// Whether it opens a bracket.
    pub const fn is_opener(self) -> bool {
        matches!(self, TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::LeftBrace)
    }

    /// Whether it is `:=` or `=`.
    pub const fn is_assignment(self) -> bool {
        matches!(self, TokenKind::ColonEq | TokenKind::Eq)
    }
}

/// A payload that says nothing.
pub const NO_PAYLOAD: u32 = u32::MAX;

/// One token: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Whether a line end stands between it and the token before it.
    pub first_on_line: bool,
    /// Its first byte.
    pub start: u32,
    /// Its length in bytes.
    pub len: u32,
    /// A symbol, a number index or a text index by kind; for `(`, `[`, `{` the index of the matching bracket's token or [`NO_PAYLOAD`].
    pub payload: u32,
}

impl Token {
    /// One past its last byte.
    pub const fn end(self) -> u32 {
        self.start + self.len
    }
}

/// The tokens of one source, ending in one [`TokenKind::Eof`], with what their payloads point to.
#[derive(Debug, Default)]
pub struct Tokens<'a> {
    /// The tokens in order.
    pub list: Vec<Token>,
    /// The bits of ints (as `i64`) and floats (as `f64`).
    pub numbers: Vec<u64>,
    /// Texts of strings and string pieces, escapes resolved.
    pub texts: Vec<&'a str>,
}

impl<'a> Tokens<'a> {
    /// The value of an `Int` token.
    pub fn int(&self, token: Token) -> i64 {
        self.numbers[token.payload as usize] as i64
    }

    /// The value of a `Float` token.
    pub fn float(&self, token: Token) -> f64 {
        f64::from_bits(self.numbers[token.payload as usize])
    }

    /// The text of a string token.
    pub fn text(&self, token: Token) -> &'a str {
        self.texts[token.payload as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_by_their_spelling() {
        for &kind in TokenKind::KEYWORDS {
            assert_eq!(keyword(kind.text()), Some(kind));
        }
        for word in ["type", "catch", "finally", "and", "or", "not", "fn", "nil", "print", "Ok", "None", "throw", ""] {
            assert_eq!(keyword(word), None);
        }
        assert_eq!(TokenKind::KEYWORDS.len(), 40);
    }

    #[test]
    fn tokens_stay_small() {
        assert_eq!(std::mem::size_of::<Token>(), 16);
    }
}
