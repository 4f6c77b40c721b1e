//! Calls. The callee is evaluated once, before the arguments; a name that always means the same function is called directly.

use super::function::Lowerer;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::resolve::{Fallback, FunctionKey, Storage};
use crate::syntax::ast::{Expr, ExprKind, Ident, Name};
use smallvec::SmallVec;

/// Arguments beyond this number go to a builtin as to any other callable: borrowed operands are released by a 32-bit mask.
const MAX_BORROWED_ARGS: usize = 24;

/// Whether an expression is a call whose callee is a plain name, which is not evaluated as a value.
pub(super) fn names_its_callee(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Call { callee, .. } if matches!(callee.kind, ExprKind::Name(_)))
}

impl<'a> Lowerer<'a, '_, '_> {
    fn args(&mut self, first: Option<Val>, args: &'a [&'a Expr<'a>]) -> SmallVec<[Val; 8]> {
        let mut vals: SmallVec<[Val; 8]> = first.into_iter().collect();
        for arg in args {
            let val = self.expr(arg);
            vals.push(val);
        }
        vals
    }

    /// `f(args)` with a plain name.
    pub(super) fn call_named(&mut self, callee: &'a Expr<'a>, span: Span, args: &'a [&'a Expr<'a>]) -> Val {
        self.call_target(callee, None, args, span)
    }

    /// Calls the value of an expression, or the function its name stands for, with a first argument that is already there.
    fn call_target(&mut self, callee: &'a Expr<'a>, first: Option<Val>, args: &'a [&'a Expr<'a>], span: Span) -> Val {
        let ExprKind::Name(name) = callee.kind else {
            let callee = self.expr(callee);
            return self.call_value(callee, first, args, span);
        };
        let count = args.len() + usize::from(first.is_some());
        let info = self.info(name);
        if let Some(key) = self.known_function(name)
            && let Some(node) = self.shared.resolution.function(key).node
            && node.params.len() == count
        {
            let vals = self.args(first, args);
            let func = self.shared.func(key);
            return self.b.ins_val(Op::CallDirect, &vals, Imm::Func(func), span);
        }
        let builtin = match info.fallback {
            Fallback::Builtin(id) if self.candidates(info).is_empty() => id,
            _ => {
                let callee = self.read(name);
                return self.call_value(callee, first, args, span);
            }
        };
        if count > MAX_BORROWED_ARGS {
            let callee = self.read(name);
            return self.call_value(callee, first, args, span);
        }
        let vals = self.args(first, args);
        match vals[..] {
            [array, val] if self.shared.interner.name(name.symbol) == "push" => {
                self.b.ins_val(Op::ArrayPush, &[array, val], Imm::None, span)
            }
            _ => self.b.ins_val(Op::CallBuiltin, &vals, Imm::Builtin(builtin), span),
        }
    }

    /// The function without captures a name certainly stands for.
    fn known_function(&self, name: Name) -> Option<FunctionKey> {
        let resolution = self.shared.resolution;
        let binding = resolution.binding(self.single(name)?.binding);
        match binding.storage {
            Storage::Function(key) => Some(key),
            _ => binding.value.filter(|&key| resolution.function(key).captures.is_empty()),
        }
    }

    /// Calls a value.
    pub(super) fn call_value(&mut self, callee: Val, first: Option<Val>, args: &'a [&'a Expr<'a>], span: Span) -> Val {
        let args = self.args(first, args);
        let mut vals: SmallVec<[Val; 8]> = SmallVec::from_slice(&[callee]);
        vals.extend(args);
        self.b.ins_val(Op::Call, &vals, Imm::None, span)
    }

    /// `x |> target`.
    pub(super) fn pipe(&mut self, input: Val, target: &'a Expr<'a>, span: Span) -> Val {
        match target.kind {
            ExprKind::Call { callee, args, .. } => self.call_target(callee, Some(input), args, span),
            ExprKind::MethodCall { object, name, optional, args } => {
                let receiver = self.expr(object);
                self.method(receiver, name, optional, Some(input), args)
            }
            _ => self.call_target(target, Some(input), &[], span),
        }
    }

    /// `receiver.name(args)`, `receiver?.name(args)`.
    pub(super) fn method(
        &mut self,
        receiver: Val,
        name: Ident,
        optional: bool,
        first: Option<Val>,
        args: &'a [&'a Expr<'a>],
    ) -> Val {
        if !optional {
            return self.call_method(receiver, name, first, args);
        }
        let span = name.span;
        let (call, join) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_param(join, Type::NONE);
        let missing = self.b.ins_val(Op::IsNull, &[receiver], Imm::None, span);
        let null = self.b.constant(ConstData::Null, span);
        self.b.brif(missing, (join, &[null]), (call, &[]), span);
        self.b.seal_and_switch(call);
        let val = self.call_method(receiver, name, first, args);
        self.b.jump(join, &[val], span);
        self.b.seal_and_switch(join);
        result
    }

    fn call_method(&mut self, receiver: Val, name: Ident, first: Option<Val>, args: &'a [&'a Expr<'a>]) -> Val {
        let args = self.args(first, args);
        let mut vals: SmallVec<[Val; 8]> = SmallVec::from_slice(&[receiver]);
        vals.extend(args);
        let method = self.name_imm(name.symbol);
        self.b.ins_val(Op::CallMethod, &vals, method, name.span)
    }
}
