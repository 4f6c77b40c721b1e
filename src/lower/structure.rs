//! Structs. A literal is one instruction with a constant shape; declared defaults it lacks are added by a second one, which is there
//! only if some declaration of that name has any. A declaration hands its methods and defaults to the machine.
//!
//! A method takes its receiver as its first parameter, also when it does not name it `self`: then the declared fields are local
//! variables, read at its entry.

use super::Shared;
use super::function::Lowerer;
use crate::base::intern::Symbol;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::{ConstData, PathData, Step};
use crate::ir::inst::{Imm, Op};
use crate::syntax::ast::{FieldInit, Function, FunctionRole, Ident, StructDecl};
use smallvec::smallvec;
use std::rc::Rc;

/// Fields of one instruction; a literal with more stores them one by one.
const PIECE: usize = 32;

/// Whether a function is a method that does not name its receiver.
pub(super) fn has_hidden_receiver(node: &Function) -> bool {
    node.role == FunctionRole::Method && !node.params.iter().any(|param| param.is_self)
}

impl Shared<'_, '_> {
    /// `S.m`
    pub(super) fn method_name(&self, owner: Option<Symbol>, name: Option<Symbol>) -> Rc<str> {
        let text = |symbol: Option<Symbol>| symbol.map_or("", |symbol| self.interner.name(symbol));
        format!("{}.{}", text(owner), text(name)).into()
    }

    /// `=f`, a name no function can have.
    pub(super) fn default_name(&self, name: Option<Symbol>) -> Rc<str> {
        format!("={}", name.map_or("", |symbol| self.interner.name(symbol))).into()
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    fn words(&mut self, words: &[String]) -> Imm {
        let text = words.join(" ");
        Imm::Const(self.b.func.constant(ConstData::Str(text.into())))
    }

    /// `S { x: 1 }`. Of a field named twice the last value counts.
    pub(super) fn struct_literal(&mut self, name: Ident, fields: &'a [FieldInit<'a>], span: Span) -> Val {
        let mut values: Vec<(Symbol, Val)> = Vec::with_capacity(fields.len());
        let mut places = rustc_hash::FxHashMap::default();
        for field in fields {
            let val = self.expr(field.value);
            let place = *places.entry(field.name.symbol).or_insert(values.len());
            match values.get_mut(place) {
                Some(earlier) => earlier.1 = val,
                None => values.push((field.name.symbol, val)),
            }
        }
        let interner = self.shared.interner;
        let at_once = &values[..values.len().min(PIECE)];
        let mut words = vec![interner.name(name.symbol).to_string()];
        words.extend(at_once.iter().map(|&(field, _)| interner.name(field).to_string()));
        let operands: Vec<Val> = at_once.iter().map(|&(_, val)| val).collect();
        let shape = self.words(&words);
        let mut object = self.b.ins_val(Op::StructNew, &operands, shape, span);
        for &(field, val) in &values[operands.len()..] {
            object = self.store_field(object, field, val, span);
        }
        let lacks = |decl: &&StructDecl| {
            decl.fields.iter().any(|field| field.default.is_some() && !places.contains_key(&field.name.symbol))
        };
        if self.shared.resolution.structs(name.symbol).iter().any(lacks) {
            object = self.b.ins_val(Op::StructFill, &[object], Imm::None, span);
        }
        object
    }

    fn store_field(&mut self, object: Val, field: Symbol, val: Val, span: Span) -> Val {
        let text = ConstData::Str(self.shared.interner.shared(field));
        let field = self.b.func.constant(text);
        let data = PathData {
            name: field,
            global: None,
            steps: smallvec![Step::Field(field)],
            update: None,
            later: smallvec![],
            places: smallvec![],
        };
        let path = Imm::Path(self.b.func.paths.push(data));
        self.b.ins_val(Op::SetPath, &[object, val], path, span)
    }

    /// `struct S { ... }`
    pub(super) fn struct_declaration(&mut self, decl: &'a StructDecl<'a>, span: Span) {
        let interner = self.shared.interner;
        let mut words = vec![interner.name(decl.name.symbol).to_string()];
        let mut operands = Vec::new();
        for field in decl.fields {
            if let Some(default) = field.default {
                words.push(format!("={}", interner.name(field.name.symbol)));
                operands.push(self.member(default));
            }
        }
        for &method in decl.methods {
            words.push(format!(".{}", method.name.map_or("", |name| interner.name(name))));
            operands.push(self.member(method));
        }
        let description = self.words(&words);
        self.b.ins(Op::StructDeclare, &operands, description, span);
    }

    fn member(&mut self, node: &'a Function<'a>) -> Val {
        let key = self.unit.function(node.id);
        if self.shared.resolution.function(key).captures.is_empty() {
            let func = self.shared.func(key);
            return self.b.ins_val(Op::Func, &[], Imm::Func(func), node.span);
        }
        self.closure(node, node.span)
    }

    /// The receiver's fields as the local variables of a method that does not name its receiver.
    pub(super) fn receiver_fields(&mut self, span: Span) {
        let receiver = self.b.entry_param(0);
        let bindings: Vec<_> = self.shared.resolution.method_fields(self.key).collect();
        for binding in bindings {
            let name = self.name_imm(self.shared.resolution.binding(binding).name);
            let val = self.b.ins_val(Op::FieldPeek, &[receiver], name, span);
            self.define(binding, true, val, span);
        }
    }
}
