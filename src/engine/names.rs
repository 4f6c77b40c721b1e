//! The names a source declares and where each is visible, for hints. Read from the tokens, because hints are made when a program has
//! ended and its tree is gone. Near enough for advice: what a name means is decided by `resolve`.

use crate::base::intern::Interner;
use crate::base::source::{Source, SourceId, Span};
use crate::syntax::lexer;
use crate::syntax::token::{NO_PAYLOAD, Token, TokenKind};
use bumpalo::Bump;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// What a name is declared as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A variable that can be changed, a parameter, a module.
    Variable,
    /// `let`, or a destructuring without a keyword.
    Let,
    /// `const`
    Const,
    /// A function with so many parameters, without `self`.
    Function(usize),
    /// A method of the struct with this name, with so many parameters.
    Method(String, usize),
    /// A struct, with its fields.
    Struct(Vec<String>),
    /// An enum.
    Enum,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The name in the source; of functions up to the closing parenthesis.
    pub span: Span,
    /// Bytes of the block in which the name is visible; all of the source for globals.
    pub scope: Range<usize>,
    /// Whether modules can import it.
    pub exported: bool,
}

impl Declaration {
    /// Whether it is a value: methods are found by their receiver, structs and enums are no values.
    pub fn is_value(&self) -> bool {
        matches!(self.kind, Kind::Variable | Kind::Let | Kind::Const | Kind::Function(_))
    }

    /// Whether it is visible at the byte `at`.
    pub fn is_visible(&self, at: usize) -> bool {
        self.scope.contains(&at)
    }

    /// Whether it stands outside of all blocks of a source.
    pub fn is_global(&self) -> bool {
        self.scope.end == usize::MAX
    }
}

/// All declarations of a source, in the order in which they stand there.
pub fn of(id: SourceId, source: &Source) -> Vec<Declaration> {
    let arena = Bump::new();
    let (tokens, _) = lexer::lex(id, &source.text, &arena, &mut Interner::new());
    let mut reader = Reader {
        id,
        text: &source.text,
        tokens: &tokens.list,
        blocks: Vec::new(),
        exported: false,
        parameters: 0,
        found: Vec::new(),
        by_name: FxHashMap::default(),
        pending: Vec::new(),
    };
    reader.read();
    reader.found
}

struct Reader<'t> {
    id: SourceId,
    text: &'t str,
    tokens: &'t [Token],
    /// Open braces: from, to, and the struct they declare.
    blocks: Vec<(Range<usize>, Option<usize>)>,
    found: Vec<Declaration>,
    /// Places in `found`.
    by_name: FxHashMap<String, Vec<usize>>,
    /// Whether `export` stands before what is declared.
    exported: bool,
    /// Where the last list of parameters ends.
    parameters: usize,
    /// Declarations whose scope is the next block.
    pending: Vec<usize>,
}

impl Reader<'_> {
    fn kind(&self, at: usize) -> TokenKind {
        self.tokens.get(at).map_or(TokenKind::Eof, |token| token.kind)
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start as usize..token.end() as usize])
    }

    /// The token that closes the bracket `at`; the last token if none does.
    fn partner(&self, at: usize) -> usize {
        let last = self.tokens.len() - 1;
        self.tokens
            .get(at)
            .map_or(last, |token| if token.payload == NO_PAYLOAD { last } else { token.payload as usize })
    }

    fn add(&mut self, first: usize, last: usize, kind: Kind) -> usize {
        let (start, end) = (self.tokens[first].start as usize, self.tokens[last].end() as usize);
        let scope = self.blocks.last().map_or(0..usize::MAX, |block| block.0.clone());
        let (name, span) = (self.text(first).to_owned(), Span::new(self.id, start, end));
        self.by_name.entry(name.clone()).or_default().push(self.found.len());
        let exported = self.exported && self.blocks.is_empty();
        self.found.push(Declaration { name, kind, span, scope, exported });
        self.found.len() - 1
    }

    /// The identifiers between two tokens, with the scope of the next block if they belong `inside` it.
    fn add_all(&mut self, range: Range<usize>, kind: &Kind, inside: bool) {
        for at in range.filter(|&at| self.kind(at) == TokenKind::Ident).collect::<Vec<_>>() {
            let number = self.add(at, at, kind.clone());
            if inside {
                self.pending.push(number);
            }
        }
    }

    fn read(&mut self) {
        for at in 0..self.tokens.len() {
            self.token(at);
        }
    }

    fn token(&mut self, at: usize) {
        use TokenKind::*;
        let start = self.tokens[at].start as usize;
        while self.blocks.last().is_some_and(|block| block.0.end <= start) {
            self.blocks.pop();
        }
        let word = |back: usize| at.checked_sub(back).map(|at| self.kind(at));
        self.exported = word(1) == Some(Export) || word(1) == Some(Async) && word(2) == Some(Export);
        let next = self.kind(at + 1);
        let in_struct = self.blocks.last().and_then(|block| block.1);
        match self.kind(at) {
            LeftBrace => {
                let owner = at.checked_sub(2).filter(|&word| self.kind(word) == Struct);
                let block = (start..self.tokens[self.partner(at)].end() as usize, owner.map(|_| self.found.len() - 1));
                for number in std::mem::take(&mut self.pending) {
                    self.found[number].scope = block.0.clone();
                }
                if self.assigned_behind(at) && (at == 0 || !matches!(self.kind(at - 1), Let | Mut | Const)) {
                    self.add_all(at..self.partner(at), &Kind::Let, false);
                }
                self.blocks.push(block);
            }
            // A place such as `a[i] := v` has something before the bracket on its line.
            LeftBracket
                if self.assigned_behind(at)
                    && (at == 0
                        || self.tokens[at].first_on_line
                        || matches!(self.kind(at - 1), Semicolon | LeftBrace | Export)) =>
            {
                self.add_all(at..self.partner(at), &Kind::Let, false);
            }
            word @ (Let | Mut | Const) => {
                let kind = match word {
                    Let => Kind::Let,
                    Const => Kind::Const,
                    _ => Kind::Variable,
                };
                if next == Ident {
                    self.add(at + 1, at + 1, kind);
                } else if matches!(next, LeftBracket | LeftBrace) {
                    self.add_all(at + 1..self.partner(at + 1), &kind, false);
                }
            }
            Func => self.function(at, in_struct),
            For if next == Ident => self.add_all(at + 1..at + 2, &Kind::Variable, true),
            Except if next == Ident => self.add_all(at + 1..at + 2, &Kind::Variable, true),
            Case if self.kind(at + 2) == LeftParen => {
                self.add_all(at + 3..self.partner(at + 2), &Kind::Variable, false);
            }
            Case if next == Ident && self.kind(at + 2) == ColonColon && self.kind(at + 4) == LeftParen => {
                self.add_all(at + 5..self.partner(at + 4), &Kind::Variable, false);
            }
            Import if next == Ident => {
                let mut last = at + 1;
                while self.kind(last + 1) == Comma && self.kind(last + 2) == Ident {
                    last += 2;
                }
                self.add_all(at + 1..last + 1, &Kind::Variable, false);
            }
            Struct if next == Ident => {
                self.add(at + 1, at + 1, Kind::Struct(Vec::new()));
            }
            Enum if next == Ident => {
                self.add(at + 1, at + 1, Kind::Enum);
            }
            Ident if in_struct.is_some() && at > self.parameters => {
                let starts = self.tokens[at].first_on_line || matches!(self.kind(at - 1), Comma | LeftBrace);
                let name = self.text(at).to_owned();
                if let (true, Some(owner)) = (starts, in_struct)
                    && let Kind::Struct(fields) = &mut self.found[owner].kind
                {
                    fields.push(name);
                }
            }
            Ident if matches!(next, ColonEq | Eq) => {
                let before = at.checked_sub(1).map_or(Semicolon, |before| self.kind(before));
                let known = |&number: &usize| self.found[number].is_value() && self.found[number].is_visible(start);
                let known = self.by_name.get(self.text(at)).is_some_and(|numbers| numbers.iter().any(known));
                if !known && !matches!(before, Let | Mut | Const | Dot) {
                    self.add(at, at, Kind::Variable);
                }
            }
            _ => {}
        }
    }

    /// Whether `:=` or `=` follows the bracket that closes the one `at`.
    fn assigned_behind(&self, at: usize) -> bool {
        self.tokens[at].payload != NO_PAYLOAD && self.kind(self.partner(at) + 1).is_assignment()
    }

    /// A function, method or lambda whose `func` stands `at`.
    fn function(&mut self, at: usize, in_struct: Option<usize>) {
        let name = if self.kind(at + 1) == TokenKind::Star { at + 2 } else { at + 1 };
        let named = self.kind(name) != TokenKind::LeftParen;
        let open = if named { name + 1 } else { name };
        if self.kind(open) != TokenKind::LeftParen {
            return;
        }
        let close = self.partner(open);
        self.parameters = close;
        let starts = |&at: &usize| matches!(self.kind(at - 1), TokenKind::LeftParen | TokenKind::Comma);
        let starts = |at: &usize| self.kind(*at) == TokenKind::Ident && starts(at);
        let parameters: Vec<usize> = (open + 1..close).filter(starts).collect();
        if named {
            let kind = match in_struct {
                Some(owner) => Kind::Method(self.found[owner].name.clone(), parameters.len()),
                None => Kind::Function(parameters.len()),
            };
            self.add(name, close, kind);
        }
        self.exported = false;
        for at in parameters {
            let number = self.add(at, at, Kind::Variable);
            self.pending.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::SourceMap;

    fn shown(text: &str) -> Vec<String> {
        let mut map = SourceMap::new();
        let id = map.add("a.ruff", text).unwrap();
        let scope = |declaration: &Declaration| match declaration.is_global() {
            true => String::new(),
            false => format!(" in {}", &text[declaration.scope.clone()]),
        };
        let export = |one: &Declaration| if one.exported { "export " } else { "" };
        let all = of(id, map.get(id));
        all.iter().map(|one| format!("{}{} {:?}{}", export(one), one.name, one.kind, scope(one))).collect()
    }

    #[test]
    fn every_form_of_declaration_is_found_with_its_scope() {
        assert_eq!(
            shown("let a := 1 mut b = 2 const C := 3 d := 4 d := 5"),
            ["a Let", "b Variable", "C Const", "d Variable"]
        );
        assert_eq!(
            shown("[p, _q] := x\nlet {r} := y\n{s, t} := z")[..5],
            ["p Let", "_q Let", "r Let", "s Let", "t Let"]
        );
        assert_eq!(
            shown("func f(x, y: int) { z := x }"),
            ["f Function(2)", "x Variable in { z := x }", "y Variable in { z := x }", "z Variable in { z := x }"]
        );
        assert_eq!(shown("for i in a { } try { } except e { u() }"), ["i Variable in { }", "e Variable in { u() }"]);
        assert_eq!(
            shown("match x { case Some(v) { } case A::B(w) { } }")[1],
            "w Variable in { case Some(v) { } case A::B(w) { } }"
        );
        assert_eq!(shown("import m from a.b import c, d"), ["m Variable", "c Variable", "d Variable"]);
        let members = shown("struct P { x: int, y = 5\nfunc m(self, k) { k } }\nenum E { A }");
        assert_eq!(
            members,
            [
                "P Struct([\"x\", \"y\"])",
                "m Method(\"P\", 1) in { x: int, y = 5\nfunc m(self, k) { k } }",
                "k Variable in { k }",
                "E Enum"
            ]
        );
    }

    #[test]
    fn what_is_exported_is_known() {
        let text = "export let a := 1\nexport b := 2\nexport async func f(x) { y := 1 }\nexport [c, d] := z\nexport {e} := z\n\
                    export struct P { v }\nexport enum Q { A }\ng := 3\nfunc h() { export i := 1 }";
        let exported: Vec<String> = shown(text).into_iter().filter(|line| line.starts_with("export ")).collect();
        let names: Vec<&str> = exported.iter().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(names, ["a", "b", "f", "c", "d", "e", "P", "Q"]);
    }

    #[test]
    fn nothing_is_found_in_ruins() {
        for text in [
            "",
            "func",
            "func f",
            "func f(",
            "struct",
            "struct P {",
            "for",
            "let [",
            "case X(",
            "{",
            "[",
            "import",
            "enum E {",
        ] {
            shown(&text.repeat(3));
        }
    }
}
