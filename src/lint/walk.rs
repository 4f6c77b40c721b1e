//! One walk over the trees of a program and its modules, on which all families of lints look at every node.
//!
//! Functions wait in a list, blocks recurse (their nesting is bounded by the language), expressions have a stack of their own.

use crate::base::effort::spend;
use crate::resolve::{FunctionKey, Resolution, ScopeKey, Unit};
use crate::syntax::ast::{
    Block, Element, Entry, Expr, ExprKind, Function, MatchPattern, Name, Pattern, PatternItem, PatternKind, Step, Stmt,
    StmtKind, StringPart,
};

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The program or module.
    pub unit: Unit,
    /// The function around it.
    pub function: FunctionKey,
    /// That function's tree.
    pub node: &'a Function<'a>,
    /// The innermost scope.
    pub scope: ScopeKey,
    /// Whether it stands in the body of a `try` of its function.
    pub guarded: bool,
    /// Whether it stands after `export`.
    pub exported: bool,
}

/// How a name comes to be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// `let`, `mut`, `const`.
    Declared,
    /// `x := e`.
    Assigned,
    /// `[a, b] := e`.
    Destructured,
    /// `{a, b, ...rest} := e`: the names but `rest`.
    Excluded,
    /// A `case` with a payload.
    Payload,
    /// `except e`.
    Error,
    /// `for v in e`.
    Loop,
    /// `func f`.
    Function,
    /// A parameter.
    Parameter,
    /// `import m`, `from m import x`.
    Import,
}

/// What looks at the nodes. A node comes before its parts.
pub(super) trait Visit<'a> {
    /// A function whose body follows.
    fn function(&mut self, _place: &Place<'a>) {}
    /// A scope is opened inside another, or outside all.
    fn scope(&mut self, _scope: ScopeKey, _around: Option<ScopeKey>) {}
    /// The statements of a block.
    fn statements(&mut self, _place: &Place<'a>, _statements: &'a [Stmt<'a>]) {}
    /// A statement.
    fn statement(&mut self, _place: &Place<'a>, _statement: &'a Stmt<'a>) {}
    /// A name is bound, or assigned without keyword.
    fn bound(&mut self, _place: &Place<'a>, _name: Name, _how: Bound, _value: Option<&'a Expr<'a>>) {}
    /// An expression.
    fn expr(&mut self, _place: &Place<'a>, _expr: &'a Expr<'a>) {}
}

/// Walks the functions `tops` and all in them.
pub(super) fn walk<'a, 'd>(
    resolution: &Resolution<'a>,
    tops: &[FunctionKey],
    visitors: &mut [&'d mut (dyn Visit<'a> + 'd)],
) {
    let mut walk = Walk { resolution, visitors, waiting: Vec::new(), stack: Vec::new() };
    for &top in tops {
        walk.waiting.push((top, None));
        while let Some((key, around)) = walk.waiting.pop() {
            walk.function(key, around);
        }
    }
}

struct Walk<'a, 'v, 'd> {
    resolution: &'v Resolution<'a>,
    visitors: &'v mut [&'d mut (dyn Visit<'a> + 'd)],
    waiting: Vec<(FunctionKey, Option<ScopeKey>)>,
    stack: Vec<&'a Expr<'a>>,
}

impl<'a> Walk<'a, '_, '_> {
    fn each(&mut self, mut look: impl FnMut(&mut dyn Visit<'a>)) {
        for visitor in self.visitors.iter_mut() {
            look(&mut **visitor);
        }
    }

    fn function(&mut self, key: FunctionKey, around: Option<ScopeKey>) {
        let info = self.resolution.function(key);
        let Some(node) = info.node else { return };
        let scope = info.unit.scope(node.body.id);
        let place = Place { unit: info.unit, function: key, node, scope, guarded: false, exported: false };
        self.each(|visitor| visitor.scope(scope, around));
        self.each(|visitor| visitor.function(&place));
        for param in node.params {
            self.each(|visitor| visitor.bound(&place, param.name, Bound::Parameter, None));
        }
        self.statements(&place, node.body.statements);
    }

    fn nested(&mut self, place: &Place<'a>, function: &'a Function<'a>) {
        self.waiting.push((place.unit.function(function.id), Some(place.scope)));
    }

    fn statements(&mut self, place: &Place<'a>, statements: &'a [Stmt<'a>]) {
        self.each(|visitor| visitor.statements(place, statements));
        for statement in statements {
            self.statement(place, statement);
        }
    }

    /// A block with a scope of its own.
    fn block(&mut self, place: &Place<'a>, block: &Block<'a>, variable: Option<(Name, Bound)>) {
        let scope = place.unit.scope(block.id);
        self.each(|visitor| visitor.scope(scope, Some(place.scope)));
        let place = Place { scope, ..*place };
        if let Some((name, how)) = variable {
            self.each(|visitor| visitor.bound(&place, name, how, None));
        }
        self.statements(&place, block.statements);
    }

    fn statement(&mut self, place: &Place<'a>, statement: &'a Stmt<'a>) {
        spend(1);
        self.each(|visitor| visitor.statement(place, statement));
        let plain = Place { exported: false, ..*place };
        match statement.kind {
            StmtKind::Declare { name, value, .. } => {
                self.each(|visitor| visitor.bound(place, name, Bound::Declared, Some(value)));
                self.expr(&plain, value);
            }
            StmtKind::Assign { name, value } => {
                self.each(|visitor| visitor.bound(place, name, Bound::Assigned, Some(value)));
                self.expr(&plain, value);
            }
            StmtKind::Destructure { pattern, value, .. } => {
                self.pattern(place, pattern);
                self.expr(&plain, value);
            }
            StmtKind::AssignPath { path, value } | StmtKind::AssignOp { path, value, .. } => {
                for step in path.steps {
                    if let Step::Index { index, .. } = step {
                        self.expr(&plain, index);
                    }
                }
                self.expr(&plain, value);
            }
            StmtKind::Function { name, function } => {
                self.each(|visitor| visitor.bound(place, name, Bound::Function, None));
                self.nested(&plain, function);
            }
            StmtKind::Struct(decl) => {
                for function in decl.fields.iter().filter_map(|field| field.default).chain(decl.methods.iter().copied())
                {
                    self.nested(&plain, function);
                }
            }
            StmtKind::Import { module } => self.each(|visitor| visitor.bound(place, module, Bound::Import, None)),
            StmtKind::FromImport { names, .. } => {
                for &name in names {
                    self.each(|visitor| visitor.bound(place, name, Bound::Import, None));
                }
            }
            StmtKind::Export(inner) => self.statement(&Place { exported: true, ..*place }, inner),
            StmtKind::If { branches, otherwise } => {
                for branch in branches {
                    self.expr(&plain, branch.condition);
                    self.block(&plain, &branch.body, None);
                }
                if let Some(block) = otherwise {
                    self.block(&plain, &block, None);
                }
            }
            StmtKind::While { condition, ref body } => {
                self.expr(&plain, condition);
                self.block(&plain, body, None);
            }
            StmtKind::Loop { ref body } => self.block(&plain, body, None),
            StmtKind::For { variable, iterable, ref body, .. } => {
                self.expr(&plain, iterable);
                self.block(&plain, body, Some((variable, Bound::Loop)));
            }
            StmtKind::Match { subject, cases, ref default } => {
                self.expr(&plain, subject);
                for case in cases {
                    if let MatchPattern::Tag { names, .. } = case.pattern {
                        for &name in names {
                            self.each(|visitor| visitor.bound(&plain, name, Bound::Payload, None));
                        }
                    }
                    if let Some(guard) = case.guard {
                        self.expr(&plain, guard);
                    }
                    self.statements(&plain, case.body.statements);
                }
                if let Some(default) = default {
                    self.statements(&plain, default.statements);
                }
            }
            StmtKind::Try { ref body, error, ref handler } => {
                self.block(&Place { guarded: true, ..plain }, body, None);
                self.block(&plain, handler, error.map(|name| (name, Bound::Error)));
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(&plain, value);
                }
            }
            StmtKind::Spawn(function) | StmtKind::Test { function, .. } => self.nested(&plain, function),
            StmtKind::Expr(value) => self.expr(&plain, value),
            StmtKind::Enum { .. } | StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn pattern(&mut self, place: &Place<'a>, pattern: &Pattern<'a>) {
        let bind = |walk: &mut Self, name: Name, how| walk.each(|visitor| visitor.bound(place, name, how, None));
        let rest = match pattern.kind {
            PatternKind::Array { items, rest } => {
                for item in items {
                    match item {
                        PatternItem::Ignore(_) => {}
                        PatternItem::Bind(name) => bind(self, *name, Bound::Destructured),
                        PatternItem::Nested(inner) => self.pattern(place, inner),
                    }
                }
                rest
            }
            PatternKind::Dict { names, rest } => {
                let how = if rest.is_some() { Bound::Excluded } else { Bound::Destructured };
                names.iter().for_each(|&name| bind(self, name, how));
                rest
            }
        };
        if let Some(name) = rest {
            bind(self, name, Bound::Destructured);
        }
    }

    fn expr(&mut self, place: &Place<'a>, root: &'a Expr<'a>) {
        self.stack.push(root);
        while let Some(expr) = self.stack.pop() {
            spend(1);
            self.each(|visitor| visitor.expr(place, expr));
            if let ExprKind::Function(function) = expr.kind {
                self.nested(place, function);
            }
            let from = self.stack.len();
            parts(expr, &mut self.stack);
            self.stack[from..].reverse();
        }
    }
}

/// Adds the direct parts of an expression, in source order.
pub(super) fn parts<'a>(expr: &Expr<'a>, into: &mut Vec<&'a Expr<'a>>) {
    into.extend(expr.spine_child());
    match expr.kind {
        ExprKind::Binary { right, .. } | ExprKind::Logical { right, .. } | ExprKind::Coalesce { right, .. } => {
            into.push(right);
        }
        ExprKind::Pipe { target, .. } => into.push(target),
        ExprKind::Index { index, .. } => into.push(index),
        ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. } | ExprKind::Throw { args, .. } => {
            into.extend(args);
        }
        ExprKind::Tagged { args, .. } => into.extend(args.unwrap_or(&[])),
        ExprKind::Interpolated(parts) => into.extend(parts.iter().filter_map(|part| match part {
            StringPart::Hole(hole) => Some(*hole),
            StringPart::Text(_) => None,
        })),
        ExprKind::Array(elements) => into.extend(elements.iter().map(|element| match element {
            Element::Item(value) | Element::Spread { value, .. } => *value,
        })),
        ExprKind::Dict(entries) => {
            for entry in entries {
                match entry {
                    Entry::Pair { key, value } => into.extend([*key, *value]),
                    Entry::Spread { value, .. } => into.push(value),
                }
            }
        }
        ExprKind::Struct { fields, .. } => into.extend(fields.iter().map(|field| field.value)),
        ExprKind::Unary { operand, .. } | ExprKind::Await { operand, .. } => into.push(operand),
        ExprKind::Wrap { value, .. } => into.push(value),
        ExprKind::Yield { value, .. } => into.extend(value),
        _ => {}
    }
}
