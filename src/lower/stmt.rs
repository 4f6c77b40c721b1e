//! Statements.

use super::function::Lowerer;
use crate::ir::inst::{Imm, Op};
use crate::resolve::Storage;
use crate::syntax::ast::{Block, Function, Name, Stmt, StmtKind};

impl<'a> Lowerer<'a, '_, '_> {
    pub(super) fn statements(&mut self, statements: &'a [Stmt<'a>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    /// A block that opens a scope.
    pub(super) fn block(&mut self, block: &Block<'a>) {
        self.open_scope(block);
        self.statements(block.statements);
    }

    fn statement(&mut self, statement: &'a Stmt<'a>) {
        let span = statement.span;
        match statement.kind {
            StmtKind::Declare { name, value, .. } => {
                let val = self.expr(value);
                self.declare(name, val, span);
            }
            StmtKind::Assign { name, value } => self.assign_statement(name, value, span),
            StmtKind::AssignPath { path, value } => self.assign_path(path, value, span),
            StmtKind::AssignOp { path, op, op_span, value } => self.assign_op(path, op, op_span, value, span),
            StmtKind::Function { name, function } => self.function_statement(name, function),
            StmtKind::If { branches, ref otherwise } => self.if_statement(branches, otherwise.as_ref(), span),
            StmtKind::While { condition, ref body } => self.while_statement(condition, body, span),
            StmtKind::Loop { ref body } => self.loop_statement(body, span),
            StmtKind::For { variable, iterable, iterable_start, ref body } => {
                self.for_statement(variable, iterable, iterable_start, body);
            }
            StmtKind::Try { ref body, error, ref handler } => self.try_statement(body, error, handler, span),
            StmtKind::Return(value) => {
                let val = match value {
                    Some(value) => self.expr(value),
                    None => self.null(span),
                };
                self.b.ret(val, span);
            }
            StmtKind::Break => {
                if let Some(targets) = self.loops.last().copied() {
                    self.b.jump(targets.exit, &[], span);
                }
            }
            StmtKind::Continue => {
                if let Some(targets) = self.loops.last().copied() {
                    self.b.jump(targets.next, &[], span);
                }
            }
            StmtKind::Expr(value) => {
                self.expr(value);
            }
            StmtKind::Test { .. } | StmtKind::Enum { .. } => {}
            StmtKind::Destructure { pattern, value, .. } => {
                let val = self.expr(value);
                self.destructure(pattern, val, span);
            }
            StmtKind::Struct(decl) => self.struct_declaration(decl, span),
            StmtKind::Import { module } => self.import_all(module, span),
            StmtKind::FromImport { path, names } => self.import_names(path, names, span),
            StmtKind::Export(inner) => self.statement(inner),
            StmtKind::Match { subject, cases, ref default } => {
                self.match_statement(subject, cases, default.as_ref(), span);
            }
            StmtKind::Spawn(function) => {
                let closure = self.closure(function, span);
                self.b.ins(Op::Spawn, &[closure], Imm::None, span);
            }
        }
    }

    fn function_statement(&mut self, name: Name, function: &'a Function<'a>) {
        let resolution = self.shared.resolution;
        let key = self.unit.function(function.id);
        let info = self.info(name);
        let Some(binding) = info.binding else { return };
        if let Storage::Function(_) = resolution.binding(binding).storage {
            return;
        }
        if resolution.hoisted().iter().any(|&(_, hoisted)| hoisted == key) {
            let func = self.shared.func(key);
            let val = self.b.ins_val(Op::Func, &[], Imm::Func(func), function.span);
            return self.store(binding, val, function.span);
        }
        let val = self.closure(function, function.span);
        self.redeclare(name, val, function.span);
    }
}
