//! Occurrences of names: which bindings they may mean, and what a read, an assignment or a declaration does to them.

use super::state::{Defined, Kinds, Outermost, Walker};
use super::{BindingId, Candidate, Fallback, Mutability};
use crate::base::intern::Symbol;
use crate::syntax::ast::{DeclKind, Name};

impl From<Kinds> for Mutability {
    fn from(kinds: Kinds) -> Mutability {
        match kinds {
            Kinds::LET => Mutability::Let,
            Kinds::CONST => Mutability::Const,
            _ => Mutability::Mutable,
        }
    }
}

impl From<DeclKind> for Kinds {
    fn from(kind: DeclKind) -> Kinds {
        match kind {
            DeclKind::Let => Kinds::LET,
            DeclKind::Mut => Kinds::MUT,
            DeclKind::Const => Kinds::CONST,
        }
    }
}

/// What an occurrence does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Walker<'_, '_> {
    /// Appends the candidates for a name at the current point; returns where they start and whether the last is definite.
    fn chain(&mut self, name: Symbol, access: Access) -> (usize, bool) {
        let first = self.candidates.len();
        let mut next = Some(self.scope);
        let mut function = self.current;
        let mut created = 0;
        while let Some(scope) = next {
            let state = self.scopes[scope.index()];
            next = state.parent;
            if state.function != function {
                created = self.functions[function.index()].created;
                function = state.function;
            }
            if state.mask & (1 << (name.0 & 63)) == 0 {
                continue;
            }
            let Some(&binding) = self.by_name.get(&(scope, name)) else { continue };
            let own = function == self.current;
            let info = &mut self.bindings[binding.index()];
            let defined = match own {
                true => info.defined,
                false if info.yes_at <= created => Defined::Yes,
                false if info.ever => Defined::Maybe,
                false => Defined::No,
            };
            if defined == Defined::No {
                continue;
            }
            let kinds = if own { info.kinds } else { info.all_kinds };
            info.doubted |= defined == Defined::Maybe;
            let candidate =
                Candidate { binding, definite: defined == Defined::Yes, mutability: Mutability::from(kinds) };
            self.candidates.push(candidate);
            self.use_binding(candidate, created, own, access);
            if defined == Defined::Yes {
                return (first, true);
            }
        }
        (first, false)
    }

    /// Notes what an occurrence in the current function means for the storage of a binding.
    fn use_binding(&mut self, candidate: Candidate, created: u32, own: bool, access: Access) {
        let binding = candidate.binding;
        let changes = access == Access::Write && candidate.mutability == Mutability::Mutable;
        if !self.bindings[binding.index()].functions.is_empty() {
            self.mention(binding);
        }
        if own {
            if changes {
                self.assigned(binding);
            }
            return;
        }
        let info = &mut self.bindings[binding.index()];
        info.inner_assigned |= changes;
        if self.tops.contains_key(&info.scope) {
            info.shared = true;
            return;
        }
        info.first_capture = info.first_capture.min(created);
        info.doubtful_capture |= !candidate.definite;
        let owner = info.function;
        let mut function = self.current;
        while function != owner {
            if self.captured.insert((function, binding), ()).is_some() {
                break;
            }
            let state = &mut self.functions[function.index()];
            state.captures.push(binding);
            function = state.parent.expect("a function inside the owner of what it captures");
        }
    }

    /// A binding of the current function gets a new value.
    fn assigned(&mut self, binding: BindingId) {
        let now = self.tick();
        let info = &mut self.bindings[binding.index()];
        let scope = self.scopes[info.scope.index()];
        info.assigned = true;
        info.last_assigned = now;
        info.last_loop = self.loops.get(scope.loop_depth as usize).copied().unwrap_or(super::state::NEVER);
    }

    /// A binding of the current scope gets its value, certainly or only if no outer candidate has one.
    pub(super) fn define(&mut self, binding: BindingId, kinds: Kinds, defined: Defined) {
        let now = self.tick();
        let info = &mut self.bindings[binding.index()];
        if self.open_matches > 0 {
            self.undo.push((binding, info.defined, info.kinds, info.yes_at));
        }
        if info.defined != Defined::Yes {
            info.creations += 1;
        }
        info.assigned |= info.defined != Defined::No;
        info.ever = true;
        info.last_assigned = now;
        info.last_loop = super::state::NEVER;
        info.all_kinds = info.all_kinds.union(kinds);
        info.kinds = if defined == Defined::Yes { kinds } else { info.kinds.union(kinds) };
        if defined == Defined::Yes && info.defined != Defined::Yes {
            info.yes_at = now;
        }
        info.defined = info.defined.max(defined);
        info.doubted |= info.defined == Defined::Maybe;
    }

    /// A variable is read.
    pub(super) fn read(&mut self, name: Name) {
        let (first, definite) = self.chain(name.symbol, Access::Read);
        let mut fallback = Fallback::Raise;
        if !definite {
            if let Some(&binding) = self.prelude.get(&name.symbol) {
                self.mention(binding);
                self.candidates.push(Candidate { binding, definite: true, mutability: Mutability::Mutable });
            } else if let Some(outermost) = self.outermost.get(&name.symbol) {
                fallback = match *outermost {
                    Outermost::Builtin(id) => Fallback::Builtin(id),
                    Outermost::Float(value) => Fallback::Float(value),
                };
            }
        }
        self.answer(name, first, None, fallback);
    }

    /// `x := e`, after `e`.
    pub(super) fn assign(&mut self, name: Name) {
        let (first, definite) = self.chain(name.symbol, Access::Write);
        let mut made = None;
        if !definite {
            let binding = self.binding_in(self.scope, name.symbol);
            let certain = self.candidates[first..].iter().all(|candidate| candidate.binding == binding);
            self.define(binding, Kinds::MUT, if certain { Defined::Yes } else { Defined::Maybe });
            made = Some(binding);
        }
        self.answer(name, first, made, Fallback::Raise);
    }

    /// The root of `x op= e` or of a path assignment: no binding is made.
    pub(super) fn update(&mut self, name: Name) {
        let (first, _) = self.chain(name.symbol, Access::Write);
        self.answer(name, first, None, Fallback::Raise);
    }

    /// `let x := e` and other declarations that must be the first of their name in the scope, after `e`.
    pub(super) fn declare(&mut self, name: Name, kinds: Kinds) {
        let binding = self.binding_in(self.scope, name.symbol);
        let first = self.candidates.len();
        let info = &mut self.bindings[binding.index()];
        if info.defined != Defined::No {
            info.doubted |= info.defined == Defined::Maybe;
            let definite = info.defined == Defined::Yes;
            self.candidates.push(Candidate { binding, definite, mutability: Mutability::from(info.kinds) });
            if !definite {
                self.define(binding, kinds, Defined::Yes);
            }
        } else {
            self.define(binding, kinds, Defined::Yes);
        }
        self.answer(name, first, Some(binding), Fallback::Raise);
    }

    /// Declarations that replace a binding of the scope: functions, imports, `match` payloads.
    pub(super) fn redeclare(&mut self, name: Name) -> BindingId {
        let binding = self.binding_in(self.scope, name.symbol);
        let first = self.candidates.len();
        let info = &self.bindings[binding.index()];
        if info.defined != Defined::No {
            let definite = info.defined == Defined::Yes;
            self.candidates.push(Candidate { binding, definite, mutability: Mutability::from(info.kinds) });
        }
        self.define(binding, Kinds::MUT, Defined::Yes);
        self.answer(name, first, Some(binding), Fallback::Raise);
        binding
    }
}
