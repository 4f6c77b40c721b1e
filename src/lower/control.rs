//! Conditions and the statements that branch on them.

use super::function::{LoopTargets, Lowerer};
use crate::base::operator::UnaryOp;
use crate::base::source::Span;
use crate::ir::entities::Block as IrBlock;
use crate::syntax::ast::{Block, Branch, Expr, ExprKind, LogicalOp, Name};

/// Conditions of at most this many tree nodes are worth writing twice.
const SMALL_CONDITION: u32 = 10;

/// Whether an expression has at most `budget` nodes, all of simple kinds.
fn is_small(expr: &Expr, budget: &mut u32) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    match expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) => true,
        ExprKind::Name(_) | ExprKind::SelfValue(_) => true,
        ExprKind::Unary { operand, .. } => is_small(operand, budget),
        ExprKind::Binary { left, right, .. } | ExprKind::Logical { left, right, .. } => {
            is_small(left, budget) && is_small(right, budget)
        }
        ExprKind::Index { object, index, .. } => is_small(object, budget) && is_small(index, budget),
        ExprKind::Field { object, .. } => is_small(object, budget),
        ExprKind::Call { callee, args, .. } => is_small(callee, budget) && args.iter().all(|arg| is_small(arg, budget)),
        _ => false,
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Goes to `then` if the expression is truthy, else to `otherwise`. `&&`, `||` and `!` of those become jumps.
    pub(super) fn condition(&mut self, expr: &'a Expr<'a>, then: IrBlock, otherwise: IrBlock) {
        let mut pending: Vec<(IrBlock, &'a Expr<'a>, IrBlock, IrBlock)> = Vec::new();
        let (mut current, mut yes, mut no) = (expr, then, otherwise);
        loop {
            match current.kind {
                ExprKind::Logical { op, left, right } => {
                    let next = self.b.create_block();
                    pending.push((next, right, yes, no));
                    match op {
                        LogicalOp::And => yes = next,
                        LogicalOp::Or => no = next,
                    }
                    current = left;
                }
                ExprKind::Unary { op: UnaryOp::Not, operand, .. }
                    if matches!(operand.kind, ExprKind::Logical { .. }) =>
                {
                    std::mem::swap(&mut yes, &mut no);
                    current = operand;
                }
                _ => break,
            }
        }
        let val = self.expr(current);
        self.b.brif(val, (yes, &[]), (no, &[]), current.span);
        while let Some((block, right, yes, no)) = pending.pop() {
            self.b.seal_and_switch(block);
            self.condition(right, yes, no);
        }
    }

    pub(super) fn if_statement(&mut self, branches: &'a [Branch<'a>], otherwise: Option<&Block<'a>>, span: Span) {
        let end = self.b.create_block();
        for (index, branch) in branches.iter().enumerate() {
            let last = index + 1 == branches.len() && otherwise.is_none();
            let then = self.b.create_block();
            let next = if last { end } else { self.b.create_block() };
            self.condition(branch.condition, then, next);
            self.b.seal_and_switch(then);
            self.block(&branch.body);
            self.leave(end, span);
            self.b.seal_and_switch(next);
        }
        if let Some(block) = otherwise {
            self.block(block);
            self.leave(end, span);
            self.b.seal_and_switch(end);
        }
    }

    /// Goes on at `block`, unless the current block has ended already.
    pub(super) fn leave(&mut self, block: IrBlock, span: Span) {
        if !self.b.is_terminated() {
            self.b.jump(block, &[], span);
        }
    }

    pub(super) fn while_statement(&mut self, condition: &'a Expr<'a>, body: &Block<'a>, span: Span) {
        if matches!(condition.kind, ExprKind::Bool(true)) {
            return self.loop_statement(body, span);
        }
        if is_small(condition, &mut SMALL_CONDITION.clone()) {
            return self.rotated_while(condition, body, span);
        }
        let (header, inside, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.jump(header, &[], span);
        let start = self.b.func.layout.len();
        self.b.switch_to_block(header);
        self.condition(condition, inside, exit);
        let middle = self.b.func.layout.len();
        self.b.seal_and_switch(inside);
        self.loop_body(body, LoopTargets { next: header, exit });
        self.leave(header, span);
        self.b.seal_block(header);
        self.rotate(start, middle);
        self.b.seal_and_switch(exit);
    }

    /// A loop whose condition is written twice, before the first iteration and after each: the second one stands right behind the
    /// step of the loop's counter, and both become one instruction.
    fn rotated_while(&mut self, condition: &'a Expr<'a>, body: &Block<'a>, span: Span) {
        let (inside, next, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.condition(condition, inside, exit);
        self.b.switch_to_block(inside);
        self.loop_body(body, LoopTargets { next, exit });
        self.leave(next, span);
        self.b.seal_and_switch(next);
        self.condition(condition, inside, exit);
        self.b.seal_block(inside);
        self.b.seal_and_switch(exit);
    }

    /// Moves the blocks laid out from `start` to `middle` behind those after: a loop's test behind its body.
    pub(super) fn rotate(&mut self, start: usize, middle: usize) {
        self.b.func.layout[start..].rotate_left(middle - start);
    }

    pub(super) fn loop_body(&mut self, body: &Block<'a>, targets: LoopTargets) {
        self.loops.push(targets);
        self.block(body);
        self.loops.pop();
    }

    pub(super) fn loop_statement(&mut self, body: &Block<'a>, span: Span) {
        let (header, exit) = (self.b.create_block(), self.b.create_block());
        self.b.jump(header, &[], span);
        self.b.switch_to_block(header);
        self.loop_body(body, LoopTargets { next: header, exit });
        self.leave(header, span);
        self.b.seal_block(header);
        self.b.seal_and_switch(exit);
    }

    pub(super) fn try_statement(&mut self, body: &Block<'a>, error: Option<Name>, handler: &Block<'a>, span: Span) {
        let (caught, end) = (self.b.create_block(), self.b.create_block());
        let outer = self.b.set_handler(Some(caught));
        self.block(body);
        self.leave(end, span);
        self.b.set_handler(outer);
        let val = self.b.begin_handler(caught, handler.span);
        self.open_scope(handler);
        if let Some(name) = error {
            self.redeclare(name, val, name.span);
        }
        self.statements(handler.statements);
        self.leave(end, span);
        self.b.seal_and_switch(end);
    }
}
