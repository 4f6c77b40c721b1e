//! Expressions. A left spine is descended first, then its nodes are lowered from the inside out.

use super::function::Lowerer;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::syntax::ast::{Expr, ExprKind, LogicalOp};

/// The instruction of a binary operator.
pub(super) fn binary_op(op: BinaryOp) -> Op {
    match op {
        BinaryOp::Add => Op::Add,
        BinaryOp::Sub => Op::Sub,
        BinaryOp::Mul => Op::Mul,
        BinaryOp::Div => Op::Div,
        BinaryOp::Rem => Op::Rem,
        BinaryOp::Eq => Op::Eq,
        BinaryOp::Ne => Op::Ne,
        BinaryOp::Lt => Op::Lt,
        BinaryOp::Le => Op::Le,
        BinaryOp::Gt => Op::Gt,
        BinaryOp::Ge => Op::Ge,
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    /// The value of an expression.
    pub(super) fn expr(&mut self, expr: &'a Expr<'a>) -> Val {
        let bottom = self.spine.len();
        let mut current = expr;
        while let Some(child) = current.spine_child() {
            if super::call::names_its_callee(current) {
                break;
            }
            self.spine.push(current);
            current = child;
        }
        let mut val = self.leaf(current);
        while self.spine.len() > bottom {
            let Some(node) = self.spine.pop() else { break };
            val = self.apply(node, val);
        }
        val
    }

    /// A node of a spine, given the value of its spine child.
    fn apply(&mut self, expr: &'a Expr<'a>, val: Val) -> Val {
        match expr.kind {
            ExprKind::Binary { op, op_span, right, .. } => {
                let right = self.expr(right);
                self.b.ins_val(binary_op(op), &[val, right], Imm::None, op_span)
            }
            ExprKind::Logical { op, right, .. } => self.logical(op, val, right, expr.span),
            ExprKind::Coalesce { right, .. } => self.coalesce(val, right, expr.span),
            ExprKind::Index { index, bracket, .. } => {
                let key = self.expr(index);
                self.b.ins_val(Op::IndexGet, &[val, key], Imm::None, bracket)
            }
            ExprKind::Field { name, optional, .. } => {
                let op = if optional { Op::FieldGetOptional } else { Op::FieldGet };
                let field = self.name_imm(name.symbol);
                self.b.ins_val(op, &[val], field, name.span)
            }
            ExprKind::Pipe { target, target_start, .. } => self.pipe(val, target, target_start),
            ExprKind::Call { callee_start, args, .. } => self.call_value(val, None, args, callee_start),
            ExprKind::MethodCall { name, optional, args, .. } => self.method(val, name, optional, None, args),
            ExprKind::Try { op_span, .. } => self.try_operator(val, op_span),
            _ => val,
        }
    }

    fn leaf(&mut self, expr: &'a Expr<'a>) -> Val {
        let span = expr.span;
        match expr.kind {
            ExprKind::Null => self.null(span),
            ExprKind::Bool(value) => self.b.constant(ConstData::Bool(value), span),
            ExprKind::Int(value) => self.b.constant(ConstData::Int(value), span),
            ExprKind::Float(value) => self.b.constant(ConstData::Float(value.to_bits()), span),
            ExprKind::Str(text) => self.b.constant(ConstData::Str(text.into()), span),
            ExprKind::Interpolated(parts) => self.interpolated(parts, span),
            ExprKind::Name(name) | ExprKind::SelfValue(name) => self.read(name),
            ExprKind::Array(elements) => self.array(elements, span),
            ExprKind::Dict(entries) => self.dict(entries, span),
            ExprKind::Function(function) => self.closure(function, span),
            ExprKind::Unary { op, op_span, operand } => {
                let val = self.expr(operand);
                let op = if op == UnaryOp::Neg { Op::Neg } else { Op::Not };
                self.b.ins_val(op, &[val], Imm::None, op_span)
            }
            ExprKind::Call { callee, callee_start, args } => self.call_named(callee, callee_start, args),
            ExprKind::Throw { args, word } => {
                let val = match args.first() {
                    Some(value) => self.expr(value),
                    None => self.null(word),
                };
                self.b.throw(val, word);
                self.null(word)
            }
            ExprKind::Struct { name, fields } => self.struct_literal(name, fields, span),
            ExprKind::Wrap { wrapper, value } => {
                let val = self.expr(value);
                self.tagged(wrapper.symbol(), &[val], span)
            }
            ExprKind::None => self.tagged("None", &[], span),
            ExprKind::Tagged { base, variant, args } => self.tagged_literal(base, variant, args.unwrap_or(&[]), span),
            ExprKind::Await { word, operand } => {
                let val = self.expr(operand);
                self.b.ins_val(Op::Await, &[val], Imm::None, word)
            }
            ExprKind::Yield { word, value } => self.yield_value(value, word),
            ExprKind::Binary { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Coalesce { .. }
            | ExprKind::Pipe { .. }
            | ExprKind::Index { .. }
            | ExprKind::Field { .. }
            | ExprKind::MethodCall { .. }
            | ExprKind::Try { .. } => unreachable!("a node with a spine child is no leaf"),
        }
    }

    /// `yield`, whose own value is null.
    fn yield_value(&mut self, value: Option<&'a Expr<'a>>, word: Span) -> Val {
        let val = match value {
            Some(value) => self.expr(value),
            None => self.null(word),
        };
        self.b.ins(Op::Yield, &[val], Imm::None, word);
        self.null(word)
    }

    /// `val && right`, `val || right`: a bool.
    fn logical(&mut self, op: LogicalOp, val: Val, right: &'a Expr<'a>, span: Span) -> Val {
        let (rest, join) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_param(join, Type::BOOL);
        let decided = self.b.constant(ConstData::Bool(op == LogicalOp::Or), span);
        match op {
            LogicalOp::And => self.b.brif(val, (rest, &[]), (join, &[decided]), span),
            LogicalOp::Or => self.b.brif(val, (join, &[decided]), (rest, &[]), span),
        }
        self.b.seal_and_switch(rest);
        let right = self.expr(right);
        let truth = self.b.ins_val(Op::Truthy, &[right], Imm::None, span);
        self.b.jump(join, &[truth], span);
        self.b.seal_and_switch(join);
        result
    }

    /// `val ?? right`.
    fn coalesce(&mut self, val: Val, right: &'a Expr<'a>, span: Span) -> Val {
        let (rest, join) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_param(join, Type::NONE);
        let missing = self.b.ins_val(Op::IsNull, &[val], Imm::None, span);
        self.b.brif(missing, (rest, &[]), (join, &[val]), span);
        self.b.seal_and_switch(rest);
        let right = self.expr(right);
        self.b.jump(join, &[right], span);
        self.b.seal_and_switch(join);
        result
    }
}
