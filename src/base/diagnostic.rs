//! What can be wrong with a program before it runs: codes, phases, exit codes.

use super::source::Span;

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $phase:ident;)*) => {
        /// The stable code of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$meta])* $variant),* }

        impl Code {
            /// The code as shown between brackets.
            pub const fn text(self) -> &'static str {
                match self { $(Code::$variant => $text),* }
            }

            /// The stage that reports it.
            pub const fn phase(self) -> Phase {
                match self { $(Code::$variant => Phase::$phase),* }
            }
        }
    };
}

codes! {
    /// Invalid character.
    InvalidCharacter = "RUFLEX001", Lexer;
    /// NUL byte.
    NulByte = "RUFLEX002", Lexer;
    /// Unterminated string.
    UnterminatedString = "RUFLEX003", Lexer;
    /// Unterminated comment.
    UnterminatedComment = "RUFLEX004", Lexer;
    /// Invalid escape.
    InvalidEscape = "RUFLEX005", Lexer;
    /// Number overflow.
    NumberOverflow = "RUFLEX006", Lexer;
    /// Malformed number.
    MalformedNumber = "RUFLEX007", Lexer;
    /// Identifier too long.
    IdentifierTooLong = "RUFLEX008", Lexer;
    /// String too long.
    StringTooLong = "RUFLEX009", Lexer;
    /// Number too long.
    NumberTooLong = "RUFLEX010", Lexer;
    /// Any parse error.
    Parse = "RUFPARSE001", Parser;
    /// Any compile error.
    Compile = "RUFVM001", Compiler;
}

/// The stage that found the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Text to tokens.
    Lexer,
    /// Tokens to tree.
    Parser,
    /// Everything after the tree that happens before running.
    Compiler,
}

impl Phase {
    /// The name shown after the code.
    pub const fn label(self) -> &'static str {
        match self {
            Phase::Lexer => "lexer",
            Phase::Parser => "parser",
            Phase::Compiler => "vm",
        }
    }

    /// What precedes the message.
    pub const fn prefix(self) -> &'static str {
        match self {
            Phase::Lexer | Phase::Parser => "error: ",
            Phase::Compiler => "error: Compilation error: ",
        }
    }

    /// The exit code of a program with such a diagnostic.
    pub const fn exit_code(self) -> i32 {
        match self {
            Phase::Lexer | Phase::Parser => 3,
            Phase::Compiler => 4,
        }
    }
}

/// The exit code of an uncaught runtime error.
pub const RUNTIME_EXIT_CODE: i32 = 4;

/// What helps with a problem: places that have to do with it, and what to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Further places, shown in the excerpt, and what they are.
    pub labels: Vec<(Span, String)>,
    /// Help lines.
    pub help: Vec<String>,
    /// If the problem is an import of a module that is wrong: what is wrong with the module.
    pub causes: Vec<Diagnostic>,
    /// If the place is in a module: the import statements that led to it, the innermost first.
    pub imported: Vec<Span>,
}

/// Why an import statement leads to no module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFailure {
    /// What the statement raises.
    pub message: String,
    /// The files looked for, if there is none, in this order.
    pub tried: Vec<String>,
    /// All that is wrong with the module, if there is one.
    pub causes: Vec<Diagnostic>,
}

impl Advice {
    /// Adds a help line.
    pub fn help(&mut self, text: impl Into<String>) {
        self.help.push(text.into());
    }

    /// Adds a place.
    pub fn label(&mut self, span: Span, text: impl Into<String>) {
        self.labels.push((span, text.into()));
    }
}

/// One problem found before running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What helps.
    pub advice: Advice,
    /// Remarks.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic without advice and notes.
    pub fn new(code: Code, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic { code, message: message.into(), span, advice: Advice::default(), notes: Vec::new() }
    }

    /// A parse error.
    pub fn parse(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(Code::Parse, message, span)
    }

    /// A compile error.
    pub fn compile(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(Code::Compile, message, span)
    }

    /// The stage that found it.
    pub fn phase(&self) -> Phase {
        self.code.phase()
    }

    /// With a remark added.
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }
}
