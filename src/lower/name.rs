//! Occurrences of variables. Most have one candidate that certainly has a value; the others test the candidates in turn.

use super::function::{Lowerer, global};
use crate::base::intern::Symbol;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::resolve::{BindingId, Candidate, Fallback, Mutability, NameInfo, Storage};
use crate::syntax::ast::Name;

impl<'l> Lowerer<'_, 'l, '_> {
    /// The answer for an occurrence.
    pub(super) fn info(&self, name: Name) -> NameInfo {
        self.shared.resolution.name(self.unit, name)
    }

    /// The candidates of an answer.
    pub(super) fn candidates(&self, info: NameInfo) -> &'l [Candidate] {
        self.shared.resolution.candidates(info)
    }

    /// The only binding an occurrence can mean, if it certainly has a value.
    pub(super) fn single(&self, name: Name) -> Option<Candidate> {
        match self.candidates(self.info(name)) {
            &[candidate] if candidate.definite => Some(candidate),
            _ => None,
        }
    }

    /// Whether an occurrence means the builtin of its name, and nothing else.
    pub(super) fn is_builtin(&self, name: Name) -> bool {
        let info = self.info(name);
        self.candidates(info).is_empty() && matches!(info.fallback, Fallback::Builtin(_))
    }

    /// Reads a variable.
    pub(super) fn read(&mut self, name: Name) -> Val {
        let info = self.info(name);
        self.read_chain(name.symbol, info, name.span)
    }

    /// Reads a variable, with the position of its error.
    pub(super) fn read_chain(&mut self, name: Symbol, info: NameInfo, span: Span) -> Val {
        let resolution = self.shared.resolution;
        match *resolution.candidates(info) {
            [] => return self.read_fallback(name, info, span),
            [only] if only.definite || info.fallback == Fallback::Raise => {
                return self.get(only.binding, only.definite, span);
            }
            _ => {}
        }
        let join = self.b.create_block();
        let result = self.b.append_param(join, Type::NONE);
        let mut certain = false;
        for candidate in resolution.candidates(info) {
            if candidate.definite {
                let val = self.get(candidate.binding, true, span);
                self.b.jump(join, &[val], span);
                certain = true;
                break;
            }
            let (val, defined, undefined) = self.test(candidate.binding, span);
            self.b.seal_and_switch(defined);
            self.b.jump(join, &[val], span);
            self.b.seal_and_switch(undefined);
        }
        if !certain {
            let val = self.read_fallback(name, info, span);
            self.b.jump(join, &[val], span);
        }
        self.b.seal_and_switch(join);
        result
    }

    fn read_fallback(&mut self, name: Symbol, info: NameInfo, span: Span) -> Val {
        match info.fallback {
            Fallback::Raise => self.raise_undefined(name, span),
            Fallback::Builtin(id) => self.b.ins_val(Op::Builtin, &[], Imm::Builtin(id), span),
            Fallback::Float(value) => self.b.constant(ConstData::Float(value.to_bits()), span),
        }
    }

    pub(super) fn raise_undefined(&mut self, name: Symbol, span: Span) -> Val {
        let message = format!("Undefined variable: {}", self.shared.interner.name(name));
        self.raise(&message, span)
    }

    /// The value of a binding; raises if it has none.
    pub(super) fn get(&mut self, id: BindingId, definite: bool, span: Span) -> Val {
        let binding = self.shared.resolution.binding(id);
        match binding.storage {
            Storage::Register => {
                let val = self.local(id);
                if !definite {
                    let name = self.name_imm(binding.name);
                    self.b.ins(Op::CheckDefined, &[val], name, span);
                }
                val
            }
            Storage::Cell => {
                let cell = self.local(id);
                let name = self.name_imm(binding.name);
                self.b.ins_val(Op::CellGet, &[cell], name, span)
            }
            Storage::Global(slot) => self.b.ins_val(Op::GlobalGet, &[], global(slot), span),
            Storage::Function(key) => {
                let func = self.shared.func(key);
                match self.shared.resolution.prelude_function(binding.name) {
                    Some((prelude, Some(builtin))) if prelude == key => {
                        self.b.ins_val(Op::Builtin, &[], Imm::Builtin(builtin), span)
                    }
                    _ => self.b.ins_val(Op::Func, &[], Imm::Func(func), span),
                }
            }
        }
    }

    /// Tests whether a binding has a value: its content, and the unsealed blocks for yes and no.
    pub(super) fn test(
        &mut self,
        id: BindingId,
        span: Span,
    ) -> (Val, crate::ir::entities::Block, crate::ir::entities::Block) {
        let val = match self.shared.resolution.binding(id).storage {
            Storage::Register => self.local(id),
            Storage::Cell => {
                let cell = self.local(id);
                self.b.ins_val(Op::CellPeek, &[cell], Imm::None, span)
            }
            Storage::Global(slot) => self.b.ins_val(Op::GlobalPeek, &[], global(slot), span),
            Storage::Function(key) => {
                let func = self.shared.func(key);
                self.b.ins_val(Op::Func, &[], Imm::Func(func), span)
            }
        };
        let undefined = self.b.ins_val(Op::IsUndef, &[val], Imm::None, span);
        let (yes, no) = (self.b.create_block(), self.b.create_block());
        self.b.brif(undefined, (no, &[]), (yes, &[]), span);
        (val, yes, no)
    }

    pub(super) fn name_imm(&mut self, name: Symbol) -> Imm {
        let text = self.shared.interner.shared(name);
        Imm::Const(self.b.func.constant(ConstData::Str(text)))
    }

    /// `x := e`, after `e`.
    pub(super) fn assign(&mut self, name: Name, val: Val, span: Span) {
        let info = self.info(name);
        let made = info.binding;
        if let [only] = *self.candidates(info)
            && made == Some(only.binding)
            && only.mutability == Mutability::Mutable
        {
            return self.store(only.binding, val, span);
        }
        self.each_candidate(
            info,
            span,
            &mut |this, candidate| match candidate.mutability {
                Mutability::Mutable => this.store(candidate.binding, val, span),
                how => this.raise_immutable("reassign", candidate.binding, how, span),
            },
            &mut |this| match made {
                Some(binding) => {
                    let fresh = this.candidates(info).iter().all(|candidate| candidate.binding != binding);
                    this.define(binding, fresh, val, span);
                }
                None => {
                    this.raise_undefined(name.symbol, span);
                }
            },
        );
    }

    /// Runs `found` for the innermost candidate that has a value, `missing` if none has.
    pub(super) fn each_candidate(
        &mut self,
        info: NameInfo,
        span: Span,
        found: &mut dyn FnMut(&mut Self, Candidate),
        missing: &mut dyn FnMut(&mut Self),
    ) {
        let resolution = self.shared.resolution;
        let candidates = resolution.candidates(info);
        match *candidates {
            [] => return missing(self),
            [only] if only.definite => return found(self, only),
            _ => {}
        }
        let done = self.b.create_block();
        for &candidate in candidates {
            if candidate.definite {
                found(self, candidate);
                self.b.jump(done, &[], span);
                return self.b.seal_and_switch(done);
            }
            let (_, defined, undefined) = self.test(candidate.binding, span);
            self.b.seal_and_switch(defined);
            found(self, candidate);
            self.b.jump(done, &[], span);
            self.b.seal_and_switch(undefined);
        }
        missing(self);
        self.b.jump(done, &[], span);
        self.b.seal_and_switch(done);
    }

    /// `let x := e` and its like, after `e`.
    pub(super) fn declare(&mut self, name: Name, val: Val, span: Span) {
        let info = self.info(name);
        let Some(binding) = info.binding else { return };
        if self.candidates(info).is_empty() {
            return self.define(binding, true, val, span);
        }
        let message = format!("Duplicate declaration in the same scope: {}", self.shared.interner.name(name.symbol));
        self.each_candidate(info, span, &mut |this, _| this.b.raise(&message, span), &mut |this| {
            this.define(binding, false, val, span);
        });
    }

    /// Declarations that replace: functions, loop variables, error variables.
    pub(super) fn redeclare(&mut self, name: Name, val: Val, span: Span) {
        let info = self.info(name);
        let fresh = self.candidates(info).is_empty();
        if let Some(binding) = info.binding {
            self.define(binding, fresh, val, span);
        }
    }
}
