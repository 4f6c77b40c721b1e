//! `for` loops. Over `range(...)` and int literals they count; over anything else they ask an iterator.
//!
//! A counted loop is rotated: the entry tests `start < limit` once, the latch adds one and tests again. Its index is below its
//! limit whenever one is added, hence never overflows: an int throughout.
//!
//! ```text
//!     c = lt start, limit; brif c, body(start), exit
//!   body(i): ...
//!   latch: n = add i, 1; c = lt n, limit; brif c, body(n), exit
//! ```
//!
//! The position of an iterated loop is a value of its own, so that arrays and ints are their own loop state: no object is made.
//!
//! ```text
//!     s = iter_open source; jump header(0)
//!   body: ...; jump header(n)
//!   header(p): x = iter_next s, p; n = iter_step p; d = is_done x; brif d, exit, body
//! ```

use super::function::{LoopTargets, Lowerer};
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::syntax::ast::{Block, Expr, ExprKind, Name};

impl<'a> Lowerer<'a, '_, '_> {
    pub(super) fn for_statement(&mut self, variable: Name, iterable: &'a Expr<'a>, start_span: Span, body: &Block<'a>) {
        match self.bounds(iterable, start_span) {
            Some((start, limit)) => self.counted(variable, start, limit, start_span, body),
            None => self.iterated(variable, iterable, start_span, body),
        }
    }

    /// The bounds of a loop that counts up by one, evaluated.
    fn bounds(&mut self, iterable: &'a Expr<'a>, span: Span) -> Option<(Val, Val)> {
        let args = match iterable.kind {
            ExprKind::Int(_) => {
                let start = self.b.constant(ConstData::Int(0), span);
                return Some((start, self.expr(iterable)));
            }
            ExprKind::Call { callee, args, .. } => match callee.kind {
                ExprKind::Name(name) if self.shared.interner.name(name.symbol) == "range" && self.is_builtin(name) => {
                    args
                }
                _ => return None,
            },
            _ => return None,
        };
        let (start, limit) = match *args {
            [limit] => (None, limit),
            [start, limit] => (Some(start), limit),
            [start, limit, step] if matches!(step.kind, ExprKind::Int(1)) => (Some(start), limit),
            _ => return None,
        };
        let start_val = match start {
            Some(start) => self.expr(start),
            None => self.b.constant(ConstData::Int(0), span),
        };
        let limit_val = self.expr(limit);
        let start_val = start.map_or(start_val, |start| self.bound(start, start_val, span));
        let limit_val = self.bound(limit, limit_val, span);
        Some((start_val, limit_val))
    }

    fn bound(&mut self, expr: &Expr, val: Val, span: Span) -> Val {
        match expr.kind {
            ExprKind::Int(_) => val,
            _ => self.b.ins_val(Op::RangeBound, &[val], Imm::None, span),
        }
    }

    fn counted(&mut self, variable: Name, start: Val, limit: Val, span: Span, body: &Block<'a>) {
        let (inside, latch, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let index = self.b.append_param(inside, Type::INT);
        let more = self.b.ins_val(Op::Lt, &[start, limit], Imm::None, span);
        self.b.brif(more, (inside, &[start]), (exit, &[]), span);
        self.b.switch_to_block(inside);
        self.for_body(variable, index, body, LoopTargets { next: latch, exit }, span);
        self.b.seal_and_switch(latch);
        let one = self.b.constant(ConstData::Int(1), span);
        let next = self.b.ins_val(Op::Add, &[index, one], Imm::None, span);
        self.b.func.values[next].ty = Type::INT;
        let more = self.b.ins_val(Op::Lt, &[next, limit], Imm::None, span);
        self.b.brif(more, (inside, &[next]), (exit, &[]), span);
        self.b.seal_block(inside);
        self.b.seal_and_switch(exit);
    }

    fn for_body(&mut self, variable: Name, val: Val, body: &Block<'a>, targets: LoopTargets, span: Span) {
        self.loops.push(targets);
        self.open_scope(body);
        self.redeclare(variable, val, variable.span);
        self.statements(body.statements);
        self.leave(targets.next, span);
        self.loops.pop();
    }

    fn iterated(&mut self, variable: Name, iterable: &'a Expr<'a>, span: Span, body: &Block<'a>) {
        let source = self.expr(iterable);
        let iterator = self.b.ins_val(Op::IterOpen, &[source], Imm::None, span);
        let (header, inside, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let position = self.b.append_param(header, Type::SMALL_INT);
        let first = self.b.constant(ConstData::Int(0), span);
        self.b.jump(header, &[first], span);
        let start = self.b.func.layout.len();
        self.b.switch_to_block(header);
        let val = self.b.ins_val(Op::IterNext, &[iterator, position], Imm::None, span);
        let next = self.b.ins_val(Op::IterStep, &[position], Imm::None, span);
        let done = self.b.ins_val(Op::IsDone, &[val], Imm::None, span);
        self.b.brif(done, (exit, &[]), (inside, &[]), span);
        let middle = self.b.func.layout.len();
        self.b.seal_and_switch(inside);
        let latch = self.b.create_block();
        self.for_body(variable, val, body, LoopTargets { next: latch, exit }, span);
        self.b.seal_and_switch(latch);
        self.b.jump(header, &[next], span);
        self.b.seal_block(header);
        self.rotate(start, middle);
        self.b.seal_and_switch(exit);
    }
}
