//! The walk over expressions, in order of evaluation. Left spines are walked with a loop.

use super::state::Walker;
use crate::syntax::ast::{Element, Entry, Expr, ExprKind, FunctionKind, StringPart};

impl<'a> Walker<'a, '_> {
    pub(super) fn expr(&mut self, expr: &'a Expr<'a>) {
        let bottom = self.spine.len();
        let mut current = expr;
        while let Some(child) = current.spine_child() {
            self.spine.push(current);
            current = child;
        }
        self.leaf(current);
        while self.spine.len() > bottom {
            let Some(node) = self.spine.pop() else { break };
            self.right_side(node);
        }
    }

    fn exprs(&mut self, exprs: &'a [&'a Expr<'a>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    /// What a node of a spine evaluates after its spine child.
    fn right_side(&mut self, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Binary { right, .. } | ExprKind::Logical { right, .. } | ExprKind::Coalesce { right, .. } => {
                self.expr(right);
            }
            ExprKind::Pipe { target, .. } => self.expr(target),
            ExprKind::Index { index, .. } => self.expr(index),
            ExprKind::Call { args, .. } => self.exprs(args),
            ExprKind::MethodCall { name, args, .. } => {
                self.exprs(args);
                let lazy = self.methods.get(&name.symbol).copied();
                for symbol in lazy.into_iter().chain([name.symbol]) {
                    if let Some(&binding) = self.prelude.get(&symbol) {
                        self.mention(binding);
                    }
                }
            }
            _ => {}
        }
    }

    fn leaf(&mut self, expr: &'a Expr<'a>) {
        match expr.kind {
            ExprKind::Name(name) | ExprKind::SelfValue(name) => self.read(name),
            ExprKind::Interpolated(parts) => {
                for part in parts {
                    if let StringPart::Hole(hole) = part {
                        self.expr(hole);
                    }
                }
            }
            ExprKind::Array(elements) => {
                for element in elements {
                    match element {
                        Element::Item(value) | Element::Spread { value, .. } => self.expr(value),
                    }
                }
            }
            ExprKind::Dict(entries) => {
                for entry in entries {
                    match entry {
                        Entry::Pair { key, value } => {
                            self.expr(key);
                            self.expr(value);
                        }
                        Entry::Spread { value, .. } => self.expr(value),
                    }
                }
            }
            ExprKind::Struct { fields, .. } => {
                for field in fields {
                    self.expr(field.value);
                }
            }
            ExprKind::Function(function) => {
                self.nested(function);
            }
            ExprKind::Unary { operand, .. } | ExprKind::Await { operand, .. } => self.expr(operand),
            ExprKind::Wrap { value, .. } => self.expr(value),
            ExprKind::Throw { args, word } => {
                if args.len() != 1 {
                    self.error("throw() requires exactly one argument", word);
                }
                self.exprs(args);
            }
            ExprKind::Tagged { args, .. } => self.exprs(args.unwrap_or(&[])),
            ExprKind::Yield { value, word } => {
                if let Some(value) = value {
                    self.expr(value);
                }
                let node = self.functions[self.current.index()].node;
                if node.is_none_or(|node| node.kind != FunctionKind::Generator) {
                    self.error("yield can only be used inside a generator function", word);
                }
            }
            _ => {}
        }
    }
}
