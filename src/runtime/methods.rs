//! What struct declarations declare: methods and defaults of fields, by the struct's name.
//!
//! A [`Method`] stays where it is once its name was declared, so that call sites can remember it; declaring the struct again changes
//! its content. One table serves one machine.

use super::shape::Shape;
use super::value::Value;
use crate::base::operator::{BinaryOp, UnaryOp};
use rustc_hash::FxHashMap;

/// How many operators can be overloaded.
const OPERATORS: usize = 13;

/// The methods that overload operators, in the order of [`binary_place`] and [`unary_place`].
const OPERATOR_METHODS: [&str; OPERATORS] = [
    "op_add", "op_sub", "op_mul", "op_div", "op_mod", "op_eq", "op_ne", "op_lt", "op_le", "op_gt", "op_ge", "op_neg",
    "op_not",
];

fn binary_place(op: BinaryOp) -> usize {
    match op {
        BinaryOp::Add => 0,
        BinaryOp::Sub => 1,
        BinaryOp::Mul => 2,
        BinaryOp::Div => 3,
        BinaryOp::Rem => 4,
        BinaryOp::Eq => 5,
        BinaryOp::Ne => 6,
        BinaryOp::Lt => 7,
        BinaryOp::Le => 8,
        BinaryOp::Gt => 9,
        BinaryOp::Ge => 10,
    }
}

fn unary_place(op: UnaryOp) -> usize {
    match op {
        UnaryOp::Neg => 11,
        UnaryOp::Not => 12,
    }
}

/// A method of a struct name, as call sites remember it.
#[repr(C)]
pub struct Method {
    /// How many arguments, the receiver included, a call must have that just goes to the code; none has as many as
    /// [`NOT_DIRECT`].
    pub direct_arguments: u64,
    /// Where the code starts.
    pub entry: *const u64,
    /// The function; null while the current declaration of the struct has no such method.
    pub function: Value,
}

/// Of methods that are closures or not declared.
pub const NOT_DIRECT: u64 = u64::MAX;

impl Method {
    fn undeclared() -> Method {
        Method { direct_arguments: NOT_DIRECT, entry: std::ptr::null(), function: Value::NULL }
    }

    fn set(&mut self, function: Value) {
        *self = Method::undeclared();
        if let Some(object) = function.as_function()
            && let Some(info) = object.info()
        {
            self.entry = object.entry();
            if object.is_direct() {
                self.direct_arguments = info.arity as u64;
            }
            self.function = function;
        }
    }

    /// Whether the current declaration has it.
    pub fn is_declared(&self) -> bool {
        !self.function.is_null()
    }
}

/// One declared struct name.
#[derive(Default)]
struct StructType {
    methods: FxHashMap<Box<str>, usize>,
    #[allow(clippy::vec_box, reason = "call sites remember the addresses")]
    list: Vec<Box<Method>>,
    operators: [Option<usize>; OPERATORS],
    defaults: Vec<(&'static str, Value)>,
}

/// One member of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// `func name(...)`
    Method(&'a str),
    /// `name = default`
    Default(&'a str),
}

/// The struct names one machine knows.
#[derive(Default)]
pub struct StructTypes {
    /// By [`Shape::family`].
    types: Vec<Option<Box<StructType>>>,
    overloads: bool,
}

impl StructTypes {
    /// A declaration takes effect; it replaces an earlier one of the name.
    pub fn declare<'m>(&mut self, name: &str, members: impl Iterator<Item = (Member<'m>, Value)>) {
        let root = Shape::root(name);
        if self.types.len() <= root.family() {
            self.types.resize_with(root.family() + 1, || None);
        }
        let declared = self.types[root.family()].get_or_insert_with(Box::default);
        declared.defaults.clear();
        declared.list.iter_mut().for_each(|method| **method = Method::undeclared());
        for (member, function) in members {
            match member {
                Member::Default(field) => {
                    let field = root.with(field).last_field();
                    declared.defaults.retain(|known| known.0 != field);
                    declared.defaults.push((field, function));
                }
                Member::Method(method) => {
                    let place = match declared.methods.get(method) {
                        Some(&place) => place,
                        None => {
                            let place = declared.list.len();
                            declared.methods.insert(method.into(), place);
                            declared.list.push(Box::new(Method::undeclared()));
                            place
                        }
                    };
                    declared.list[place].set(function);
                    if let Some(operator) = OPERATOR_METHODS.iter().position(|&known| known == method) {
                        declared.operators[operator] = Some(place);
                        self.overloads = true;
                    }
                }
            }
        }
    }

    fn declared(&self, shape: &Shape) -> Option<&StructType> {
        self.types.get(shape.family())?.as_deref()
    }

    /// The method `name` of structs of this shape.
    pub fn method(&self, shape: &Shape, name: &str) -> Option<&Method> {
        let declared = self.declared(shape)?;
        let method = &*declared.list[*declared.methods.get(name)?];
        method.is_declared().then_some(method)
    }

    fn operator(&self, shape: &Shape, place: usize) -> Option<&Method> {
        let declared = self.declared(shape)?;
        let method = &*declared.list[declared.operators[place]?];
        method.is_declared().then_some(method)
    }

    /// The method a binary operator calls on structs of this shape, and whether its result is negated.
    pub fn binary(&self, shape: &Shape, op: BinaryOp) -> Option<(&Method, bool)> {
        match (self.operator(shape, binary_place(op)), op) {
            (Some(method), _) => Some((method, false)),
            (None, BinaryOp::Ne) => self.operator(shape, binary_place(BinaryOp::Eq)).map(|method| (method, true)),
            _ => None,
        }
    }

    /// The method a unary operator calls on structs of this shape.
    pub fn unary(&self, shape: &Shape, op: UnaryOp) -> Option<&Method> {
        self.operator(shape, unary_place(op))
    }

    /// Whether any declaration overloads an operator.
    pub fn overloads(&self) -> bool {
        self.overloads
    }

    /// The first declared default of a field that structs of this shape lack.
    pub fn missing_default(&self, shape: &Shape) -> Option<(&'static str, &Value)> {
        let mut defaults = self.declared(shape)?.defaults.iter();
        defaults.find(|(field, _)| shape.position(field).is_none()).map(|(field, function)| (*field, function))
    }
}

#[cfg(test)]
mod tests {
    use super::super::function::{self, FunctionInfo};
    use super::*;
    use std::rc::Rc;

    fn function(id: u32) -> Value {
        function::new(Rc::new(FunctionInfo::anonymous(id, 2)), std::ptr::null(), Vec::new())
    }

    #[test]
    fn a_new_declaration_replaces_the_old_one_where_it_is() {
        let mut types = StructTypes::default();
        let (p, q) = (Shape::of("P", &["x"]), Shape::of("Q", &["x"]));
        types.declare("P", [(Member::Method("op_eq"), function(1)), (Member::Method("m"), function(2))].into_iter());
        let method: *const Method = types.method(p, "m").expect("just declared");
        assert_eq!(types.binary(p, BinaryOp::Ne).map(|found| found.1), Some(true));
        assert!(types.overloads() && types.method(q, "m").is_none() && types.binary(p, BinaryOp::Add).is_none());
        types.declare("P", [(Member::Method("m"), function(3)), (Member::Default("y"), function(4))].into_iter());
        let again = types.method(p, "m").expect("declared again");
        assert!(std::ptr::eq(method, again));
        assert_eq!(again.function.as_function().and_then(|object| object.info()).map(|info| info.id), Some(3));
        assert!(types.binary(p, BinaryOp::Eq).is_none());
        assert_eq!(types.missing_default(p).map(|found| found.0), Some("y"));
        assert!(types.missing_default(p.with("y")).is_none());
        types.declare("P", std::iter::empty());
        assert!(types.method(p, "m").is_none() && types.missing_default(p).is_none());
    }
}
