//! Imports. A slot of the module says whether its top level has run; the first import calls it, like a function, right here.
//!
//! `import m` binds a dict of what `m` exports; the exports themselves are read from the module's slots, so everybody who imports a
//! name gets the value it has then.

use super::function::{Lowerer, global};
use crate::base::intern::Symbol;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use crate::resolve::{BindingId, Export, ImportTarget, ModuleInfo};
use crate::syntax::ast::{Ident, Name};

/// Entries stored by one instruction.
const PIECE: usize = 16;

impl<'l> Lowerer<'_, 'l, '_> {
    /// `import m`
    pub(super) fn import_all(&mut self, module: Name, span: Span) {
        let resolution = self.shared.resolution;
        let path = [Ident { symbol: module.symbol, span: module.span }];
        if self.load(module, &path, span).is_none() {
            return;
        }
        let mut members = self.b.ins_val(Op::DictNew, &[], Imm::None, span);
        let mut pending: Vec<Val> = Vec::new();
        for bound in resolution.bound(self.unit, module) {
            let Some(source) = bound.export.binding else { continue };
            if bound.export.certain {
                let val = self.get(source, true, span);
                self.define(bound.binding, bound.fresh, val, span);
                let key = self.text(bound.export.name, span);
                pending.extend([key, val]);
                if pending.len() >= 2 * PIECE {
                    members = self.extend(members, &mut pending, span);
                }
                continue;
            }
            members = self.extend(members, &mut pending, span);
            let join = self.b.create_block();
            let result = self.b.append_param(join, Type::NONE);
            let (val, defined, undefined) = self.test(source, span);
            self.b.seal_and_switch(defined);
            self.define(bound.binding, false, val, span);
            let key = self.text(bound.export.name, span);
            let more = self.extend(members, &mut vec![key, val], span);
            self.b.jump(join, &[more], span);
            self.b.seal_and_switch(undefined);
            self.b.jump(join, &[members], span);
            self.b.seal_and_switch(join);
            members = result;
        }
        members = self.extend(members, &mut pending, span);
        self.redeclare(module, members, span);
    }

    fn extend(&mut self, members: Val, pending: &mut Vec<Val>, span: Span) -> Val {
        if pending.is_empty() {
            return members;
        }
        let mut operands = vec![members];
        operands.append(pending);
        self.b.ins_val(Op::DictExtend, &operands, Imm::None, span)
    }

    fn text(&mut self, name: Symbol, span: Span) -> Val {
        let text = self.shared.interner.shared(name);
        self.b.constant(ConstData::Str(text), span)
    }

    /// `from m import x, y`. Nothing is bound unless everything can be.
    pub(super) fn import_names(&mut self, path: &[Ident], names: &[Name], span: Span) {
        let Some(&first) = names.first() else { return };
        let Some(module) = self.load(first, path, span) else { return };
        let mut found: Vec<(Name, BindingId)> = Vec::new();
        for &name in names {
            let export = module.exports.iter().find(|export| export.name == name.symbol);
            match export {
                Some(Export { binding: Some(source), certain, .. }) => {
                    if !certain {
                        let (_, defined, undefined) = self.test(*source, span);
                        self.b.seal_and_switch(undefined);
                        self.missing(name, path);
                        self.b.seal_and_switch(defined);
                    }
                    found.push((name, *source));
                }
                Some(_) => {}
                None => {
                    self.missing(name, path);
                    return;
                }
            }
        }
        for (name, source) in found {
            let val = self.get(source, true, name.span);
            self.redeclare(name, val, name.span);
        }
    }

    fn missing(&mut self, name: Name, path: &[Ident]) {
        let module = self.path_text(path);
        let message = format!("Symbol '{}' not found in module '{module}'", self.shared.interner.name(name.symbol));
        self.b.raise(&message, name.span);
    }

    fn path_text(&self, path: &[Ident]) -> String {
        path.iter().map(|segment| self.shared.interner.name(segment.symbol)).collect::<Vec<_>>().join(".")
    }

    /// Runs the top level of a module unless it has run; `None` if there is no module, and the statement raises.
    fn load(&mut self, first: Name, path: &[Ident], span: Span) -> Option<&'l ModuleInfo> {
        let resolution = self.shared.resolution;
        let module = match resolution.import(self.unit, first) {
            Some(&ImportTarget::Module(number)) => &resolution.modules()[number],
            Some(ImportTarget::Failure(failure)) => {
                self.b.raise(&failure.message, span);
                return None;
            }
            None => {
                let name = self.path_text(path);
                self.b.raise(&format!("Module not found: {name}"), span);
                return None;
            }
        };
        let state = self.b.ins_val(Op::GlobalPeek, &[], global(module.state), span);
        let never = self.b.ins_val(Op::IsUndef, &[state], Imm::None, span);
        let (run, begun, cycle, done) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.brif(never, (run, &[]), (begun, &[]), span);
        self.b.seal_and_switch(begun);
        self.b.brif(state, (done, &[]), (cycle, &[]), span);
        self.b.seal_and_switch(cycle);
        let label = self.name_imm(module.label);
        self.b.ins(Op::ImportCycle, &[], label, span);
        self.b.jump(done, &[], span);
        self.b.seal_and_switch(run);
        self.set_state(module, false, span);
        let func = self.shared.func(module.top);
        self.b.ins_val(Op::CallDirect, &[], Imm::Func(func), span);
        self.set_state(module, true, span);
        self.b.jump(done, &[], span);
        self.b.seal_and_switch(done);
        Some(module)
    }

    fn set_state(&mut self, module: &ModuleInfo, loaded: bool, span: Span) {
        let val = self.b.constant(ConstData::Bool(loaded), span);
        self.b.ins(Op::GlobalSet, &[val], global(module.state), span);
    }
}
