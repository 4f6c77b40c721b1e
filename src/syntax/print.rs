//! Tokens and trees as text, for `ruff emit` and for tests.
//!
//! A tree is an indented outline, one node a line: `(kind attributes` with its children below, one step further in; the closing
//! parentheses stand at the end of the last line. The walk keeps its own stack of work, so its native depth does not depend on the
//! tree; the indentation stops growing at [`MAX_INDENT`] steps.

use super::ast::*;
use super::token::{TokenKind, Tokens};
use crate::base::intern::{Interner, Symbol};
use crate::base::source::LineTable;
use std::fmt::Write;

/// Deeper nodes are not indented further: a spine of 100,000 operators would need gigabytes of blanks.
const MAX_INDENT: usize = 200;

/// The tokens, one a line: `line:col kind text`.
pub fn tokens(text: &str, tokens: &Tokens<'_>) -> String {
    let lines = LineTable::new(text);
    let mut out = String::new();
    for &token in &tokens.list {
        let position = lines.position(text, token.start);
        let spelling = &text[token.start as usize..token.end() as usize];
        let class = match token.kind {
            kind if kind.is_keyword() => "keyword",
            kind if kind.is_punctuation() => "mark",
            kind => kind.text(),
        };
        let _ = write!(out, "{}:{} {class}", position.line, position.column);
        if token.kind != TokenKind::Eof {
            out.push(' ');
            for c in spelling.chars() {
                if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
            }
        }
        out.push('\n');
    }
    out
}

/// The tree of a program.
pub fn program(program: &Program<'_>, interner: &Interner) -> String {
    let mut printer = Printer { interner, out: String::new(), work: Vec::new(), depth: 0 };
    printer.open("program");
    printer.close_later();
    printer.block_children(&program.main.body);
    printer.run();
    printer.out.push('\n');
    printer.out
}

/// What remains to be printed; the top is next.
enum Work<'a> {
    Expr(&'a Expr<'a>),
    Stmt(&'a Stmt<'a>),
    Pattern(&'a Pattern<'a>),
    Function(&'a Function<'a>),
    Case(&'a Case<'a>),
    /// A node with a block's statements below.
    Block(&'static str, Block<'a>),
    /// A node with one expression below.
    Labelled(String, &'a Expr<'a>),
    /// A node without children.
    Leaf(String),
    /// The end of a node.
    Close,
}

struct Printer<'a, 'i> {
    interner: &'i Interner,
    out: String,
    work: Vec<Work<'a>>,
    depth: usize,
}

impl<'a> Printer<'a, '_> {
    fn run(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Expr(expr) => self.expr(expr),
                Work::Stmt(stmt) => self.stmt(stmt),
                Work::Pattern(pattern) => self.pattern(pattern),
                Work::Function(function) => self.function("func", function),
                Work::Case(case) => self.case(case),
                Work::Block(label, block) => {
                    self.open(label);
                    self.close_later();
                    self.block_children(&block);
                }
                Work::Labelled(label, expr) => {
                    self.open(&label);
                    self.close_later();
                    self.work.push(Work::Expr(expr));
                }
                Work::Leaf(text) => self.leaf(&text),
                Work::Close => self.close(),
            }
        }
    }

    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        for _ in 0..self.depth.min(MAX_INDENT) {
            self.out.push_str("  ");
        }
    }

    fn open(&mut self, head: &str) {
        self.line();
        self.out.push('(');
        self.out.push_str(head);
        self.depth += 1;
    }

    fn close_later(&mut self) {
        self.work.push(Work::Close);
    }

    fn close(&mut self) {
        self.out.push(')');
        self.depth -= 1;
    }

    fn leaf(&mut self, head: &str) {
        self.open(head);
        self.close();
    }

    fn name(&self, symbol: Symbol) -> &str {
        self.interner.name(symbol)
    }

    /// Pushes work so that it is done in the given order.
    fn children(&mut self, list: impl DoubleEndedIterator<Item = Work<'a>>) {
        self.work.extend(list.rev());
    }

    fn block_children(&mut self, block: &Block<'a>) {
        self.children(block.statements.iter().map(Work::Stmt));
    }

    fn node(&mut self, head: &str, list: impl IntoIterator<Item = Work<'a>, IntoIter: DoubleEndedIterator>) {
        self.open(head);
        self.close_later();
        self.children(list.into_iter());
    }

    fn function(&mut self, word: &str, function: &'a Function<'a>) {
        let mut head = word.to_owned();
        match function.kind {
            FunctionKind::Plain => {}
            FunctionKind::Generator => head.push('*'),
            FunctionKind::Async => head.insert_str(0, "async "),
        }
        if let Some(name) = function.name {
            let _ = write!(head, " {}", self.name(name));
        }
        if !matches!(function.role, FunctionRole::FieldDefault | FunctionRole::Spawn | FunctionRole::Test) {
            let params: Vec<&str> = function.params.iter().map(|p| self.name(p.name.symbol)).collect();
            let _ = write!(head, " [{}]", params.join(" "));
        }
        self.open(&head);
        self.close_later();
        self.block_children(&function.body);
    }

    fn stmt(&mut self, stmt: &'a Stmt<'a>) {
        match stmt.kind {
            StmtKind::Declare { kind, name, value } => {
                let head = format!("{} {}", decl_word(kind), self.name(name.symbol));
                self.node(&head, [Work::Expr(value)]);
            }
            StmtKind::Destructure { kind, pattern, value } => {
                let head = kind.map_or("destructure".to_owned(), |kind| format!("destructure {}", decl_word(kind)));
                self.node(&head, [Work::Pattern(pattern), Work::Expr(value)]);
            }
            StmtKind::Assign { name, value } => {
                let head = format!("assign {}", self.name(name.symbol));
                self.node(&head, [Work::Expr(value)]);
            }
            StmtKind::AssignPath { path, value } => self.path_assignment("assign-path", &path, value),
            StmtKind::AssignOp { path, op, value, .. } => {
                self.path_assignment(&format!("assign{}=", op.symbol()), &path, value);
            }
            StmtKind::Function { function, .. } => self.function("func", function),
            StmtKind::Struct(declaration) => self.struct_declaration(declaration),
            StmtKind::Enum { name, variants } => {
                let mut head = format!("enum {}", self.name(name.symbol));
                for variant in variants {
                    let _ = write!(head, " {}", self.name(variant.symbol));
                }
                self.leaf(&head);
            }
            StmtKind::Import { module } => {
                let head = format!("import {}", self.name(module.symbol));
                self.leaf(&head);
            }
            StmtKind::FromImport { path, names } => {
                let path: Vec<&str> = path.iter().map(|word| self.name(word.symbol)).collect();
                let names: Vec<&str> = names.iter().map(|name| self.name(name.symbol)).collect();
                let head = format!("from {} import {}", path.join("."), names.join(" "));
                self.leaf(&head);
            }
            StmtKind::Export(inner) => self.node("export", [Work::Stmt(inner)]),
            StmtKind::If { branches, otherwise } => {
                let otherwise = otherwise.map(|block| Work::Block("else", block));
                let list = branches.iter().flat_map(|b| [Work::Expr(b.condition), Work::Block("then", b.body)]);
                self.node("if", list.chain(otherwise));
            }
            StmtKind::While { condition, body } => {
                self.node("while", [Work::Expr(condition), Work::Block("do", body)]);
            }
            StmtKind::Loop { body } => self.node("loop", body.statements.iter().map(Work::Stmt)),
            StmtKind::For { variable, iterable, body, .. } => {
                let head = format!("for {}", self.name(variable.symbol));
                self.node(&head, [Work::Expr(iterable), Work::Block("do", body)]);
            }
            StmtKind::Match { subject, cases, default } => {
                let default = default.map(|block| Work::Block("default", block));
                let cases = cases.iter().map(Work::Case);
                self.node("match", std::iter::once(Work::Expr(subject)).chain(cases).chain(default));
            }
            StmtKind::Try { body, error, handler } => {
                let error = error.map(|name| Work::Leaf(format!("error {}", self.name(name.symbol))));
                let list = [Some(Work::Block("body", body)), error, Some(Work::Block("except", handler))];
                self.node("try", list.into_iter().flatten().collect::<Vec<_>>());
            }
            StmtKind::Return(value) => self.node("return", value.map(Work::Expr)),
            StmtKind::Break => self.leaf("break"),
            StmtKind::Continue => self.leaf("continue"),
            StmtKind::Spawn(function) => self.function("spawn", function),
            StmtKind::Test { kind, name, function } => {
                let word = match kind {
                    TestKind::Test => "test",
                    TestKind::Group => "test_group",
                    TestKind::Setup => "test_setup",
                    TestKind::Teardown => "test_teardown",
                };
                let head = name.map_or(word.to_owned(), |name| format!("{word} {name:?}"));
                self.function(&head, function);
            }
            StmtKind::Expr(expr) => self.node("do", [Work::Expr(expr)]),
        }
    }

    fn path_assignment(&mut self, word: &str, path: &Path<'a>, value: &'a Expr<'a>) {
        let head = format!("{word} {}", self.name(path.root.symbol));
        let mut list: Vec<Work<'a>> = Vec::new();
        for step in path.steps {
            list.push(match *step {
                Step::Index { index, .. } => Work::Labelled("at".to_owned(), index),
                Step::Field(name) => Work::Leaf(format!("field {}", self.name(name.symbol))),
            });
        }
        list.push(Work::Expr(value));
        self.node(&head, list);
    }

    fn struct_declaration(&mut self, declaration: &'a StructDecl<'a>) {
        let head = format!("struct {}", self.name(declaration.name.symbol));
        let mut list: Vec<Work<'a>> = Vec::new();
        for field in declaration.fields {
            let label = format!("field {}", self.name(field.name.symbol));
            let default = field.default.and_then(|function| function.body.statements.first());
            list.push(match default {
                Some(&Stmt { kind: StmtKind::Return(Some(value)), .. }) => Work::Labelled(label, value),
                _ => Work::Leaf(label),
            });
        }
        list.extend(declaration.methods.iter().map(|method| Work::Function(method)));
        self.node(&head, list);
    }

    fn pattern(&mut self, pattern: &'a Pattern<'a>) {
        let bind = |name: &Name| Work::Leaf(format!("bind {}", self.name(name.symbol)));
        let (word, mut list, rest) = match pattern.kind {
            PatternKind::Array { items, rest } => {
                let list: Vec<_> = items
                    .iter()
                    .map(|item| match item {
                        PatternItem::Ignore(_) => Work::Leaf("ignore".to_owned()),
                        PatternItem::Bind(name) => bind(name),
                        PatternItem::Nested(pattern) => Work::Pattern(pattern),
                    })
                    .collect();
                ("array-pattern", list, rest)
            }
            PatternKind::Dict { names, rest } => ("dict-pattern", names.iter().map(bind).collect(), rest),
        };
        list.extend(rest.map(|name| Work::Leaf(format!("rest {}", self.name(name.symbol)))));
        self.node(word, list);
    }

    fn case(&mut self, case: &'a Case<'a>) {
        let text = match case.pattern {
            MatchPattern::Int(value) => format!("int {value}"),
            MatchPattern::Float(value) => format!("float {value:?}"),
            MatchPattern::Str(text) => format!("string {text:?}"),
            MatchPattern::Bool(value) => format!("bool {value}"),
            MatchPattern::Null => "null".to_owned(),
            MatchPattern::Wildcard => "any".to_owned(),
            MatchPattern::Word(word) => format!("word {}", self.name(word.symbol)),
            MatchPattern::Tag { base, variant, names } => {
                let mut text = "tag ".to_owned();
                if let Some(base) = base {
                    let _ = write!(text, "{}::", self.name(base.symbol));
                }
                text.push_str(self.name(variant.symbol));
                for name in names {
                    let _ = write!(text, " {}", self.name(name.symbol));
                }
                text
            }
        };
        let guard = case.guard.map(|guard| Work::Labelled("guard".to_owned(), guard));
        let list = [Some(Work::Leaf(text)), guard, Some(Work::Block("then", case.body))];
        self.node("case", list.into_iter().flatten().collect::<Vec<_>>());
    }

    fn expr(&mut self, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Null => self.leaf("null"),
            ExprKind::Bool(value) => self.leaf(&format!("bool {value}")),
            ExprKind::Int(value) => self.leaf(&format!("int {value}")),
            ExprKind::Float(value) => self.leaf(&format!("float {value:?}")),
            ExprKind::Str(text) => self.leaf(&format!("string {text:?}")),
            ExprKind::Interpolated(parts) => {
                let list = parts.iter().map(|part| match part {
                    StringPart::Text(text) => Work::Leaf(format!("text {text:?}")),
                    StringPart::Hole(expr) => Work::Expr(expr),
                });
                self.node("interpolated", list);
            }
            ExprKind::Name(name) => {
                let head = format!("name {}", self.name(name.symbol));
                self.leaf(&head);
            }
            ExprKind::SelfValue(_) => self.leaf("self"),
            ExprKind::Array(elements) => {
                let list = elements.iter().map(|element| match *element {
                    Element::Item(value) => Work::Expr(value),
                    Element::Spread { value, .. } => Work::Labelled("spread".to_owned(), value),
                });
                self.node("array", list);
            }
            ExprKind::Dict(entries) => {
                let mut list = Vec::new();
                for entry in entries {
                    match *entry {
                        Entry::Pair { key, value } => {
                            list.push(Work::Labelled("key".to_owned(), key));
                            list.push(Work::Expr(value));
                        }
                        Entry::Spread { value, .. } => list.push(Work::Labelled("spread".to_owned(), value)),
                    }
                }
                self.node("dict", list);
            }
            ExprKind::Struct { name, fields } => {
                let head = format!("literal {}", self.name(name.symbol));
                let interner = self.interner;
                let list = fields
                    .iter()
                    .map(|field| Work::Labelled(format!("field {}", interner.name(field.name.symbol)), field.value));
                self.node(&head, list);
            }
            ExprKind::Function(function) => self.function("lambda", function),
            ExprKind::Unary { op, operand, .. } => self.node(&format!("unary {}", op.symbol()), [Work::Expr(operand)]),
            ExprKind::Binary { op, left, right, .. } => self.pair(op.symbol(), left, right),
            ExprKind::Logical { op, left, right } => self.pair(op.symbol(), left, right),
            ExprKind::Coalesce { left, right } => self.pair("??", left, right),
            ExprKind::Pipe { input, target, .. } => self.pair("|>", input, target),
            ExprKind::Call { callee, args, .. } => {
                self.node("call", std::iter::once(Work::Expr(callee)).chain(expressions(args)));
            }
            ExprKind::Index { object, index, .. } => self.pair("index", object, index),
            ExprKind::Field { object, name, optional } => {
                let head = format!("field{} {}", if optional { "?" } else { "" }, self.name(name.symbol));
                self.node(&head, [Work::Expr(object)]);
            }
            ExprKind::MethodCall { object, name, optional, args } => {
                let head = format!("method{} {}", if optional { "?" } else { "" }, self.name(name.symbol));
                self.node(&head, std::iter::once(Work::Expr(object)).chain(expressions(args)));
            }
            ExprKind::Try { operand, .. } => self.node("try?", [Work::Expr(operand)]),
            ExprKind::Wrap { wrapper, value } => self.node(wrapper.symbol(), [Work::Expr(value)]),
            ExprKind::None => self.leaf("None"),
            ExprKind::Throw { args, .. } => self.node("throw", expressions(args)),
            ExprKind::Tagged { base, variant, args } => {
                let head = format!("tagged {}::{}", self.name(base.symbol), self.name(variant.symbol));
                self.node(&head, expressions(args.unwrap_or(&[])));
            }
            ExprKind::Await { operand, .. } => self.node("await", [Work::Expr(operand)]),
            ExprKind::Yield { value, .. } => self.node("yield", value.map(Work::Expr)),
        }
    }

    fn pair(&mut self, head: &str, left: &'a Expr<'a>, right: &'a Expr<'a>) {
        self.node(head, [Work::Expr(left), Work::Expr(right)]);
    }
}

fn expressions<'a>(list: &'a [&'a Expr<'a>]) -> impl DoubleEndedIterator<Item = Work<'a>> {
    list.iter().map(|&expr| Work::Expr(expr))
}

fn decl_word(kind: DeclKind) -> &'static str {
    match kind {
        DeclKind::Let => "let",
        DeclKind::Mut => "mut",
        DeclKind::Const => "const",
    }
}
