//! What type inference finds on the intermediate form: the types of compared operands, by place.
//!
//! Inference alone has run, so every comparison of the source is still there. A place that is lowered more than once, or not
//! reached, has the union of what is known.

use crate::base::source::Span;
use crate::ir::function::Module;
use crate::ir::inst::Op;
use crate::ir::types::Type;
use crate::passes::Pass;
use crate::passes::manager::{self, PassOptions};
use rustc_hash::FxHashMap;

/// The facts.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    compared: FxHashMap<Span, (Type, Type)>,
    /// Whether no method overloads an operator.
    plain: bool,
}

impl Facts {
    /// Infers the types of a module as it was lowered.
    pub fn new(mut module: Module) -> Facts {
        let options = PassOptions { explicit: Some(vec![Pass::TypeInfer]), ..PassOptions::default() };
        if manager::run(&mut module, &options, &mut |_, _| {}).is_err() {
            return Facts::default();
        }
        let mut facts = Facts { compared: FxHashMap::default(), plain: module.plain_operators };
        for func in module.functions.values() {
            for block in func.layout.iter() {
                for &inst in &func.blocks[*block].insts {
                    let data = &func.insts[inst];
                    if let (Op::Eq | Op::Ne, [left, right]) = (data.op, &data.args[..]) {
                        let types = (func.values[*left].ty, func.values[*right].ty);
                        let known = facts.compared.entry(data.span).or_insert((Type::NONE, Type::NONE));
                        *known = (known.0.union(types.0), known.1.union(types.1));
                    }
                }
            }
        }
        facts
    }

    /// The types of the operands of the comparison at `span` (its operator, or the pattern of a case), if they have no type in
    /// common, and nothing that the program declares decides about them.
    pub fn different(&self, span: Span) -> Option<(Type, Type)> {
        let &(left, right) = self.compared.get(&span)?;
        let wide = |ty: Type| if ty.may_be(Type::NUMBER) { ty.union(Type::NUMBER) } else { ty };
        let known = left != Type::NONE && right != Type::NONE && !wide(left).may_be(wide(right));
        (known && (self.plain || !left.may_be(Type::STRUCT))).then_some((left, right))
    }
}
