//! Operators on any values: the slow path of the machine, and all of the reference interpreter's arithmetic.
//!
//! Struct operator methods are not known here; who calls looks for them first.

use super::budget;
use super::collection::{CollectionRef, Items};
use super::error::RuntimeError;
use super::heap::{self, Kind};
use super::reflexive;
use super::string;
use super::value::{Value, View};
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::semantics::compare;
use crate::semantics::number::{self, Number};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// Texts longer than this are worth charging for.
pub const LONG: usize = 1024;

/// The number that `value` is.
#[inline]
pub fn number(value: &Value) -> Option<Number> {
    match value.as_float() {
        Some(f) => Some(Number::Float(f)),
        None => value.as_int().map(Number::Int),
    }
}

fn from_number(number: Number) -> Value {
    match number {
        Number::Int(i) => Value::int(i),
        Number::Float(f) => Value::float(f),
    }
}

/// What `type()` says.
pub fn type_name(value: &Value) -> &'static str {
    match value.view() {
        View::Null | View::Internal => "null",
        View::Bool(_) => "bool",
        View::Int(_) => "int",
        View::Float(_) => "float",
        View::Str(_) => "string",
        View::Array(_) => "array",
        View::Dict(_) => "dict",
        View::Struct(_) => "struct",
        View::Function(_) => "function",
        View::Bytes(_) => "bytes",
        View::Collection(collection) => match collection.kind() {
            Kind::Queue => "queue",
            Kind::Stack => "stack",
            _ => "set",
        },
        View::Tagged(_) => "tagged",
        View::Outcome(outcome) => match outcome.variant() {
            super::tagged::Variant::Ok | super::tagged::Variant::Err => "result",
            _ => "option",
        },
        View::Iterator(_) => "iterator",
        View::Generator(generator) => generator.kind_name(),
        View::Promise(_) => "promise",
        View::Channel(_) => "channel",
        View::Task(_) => "taskhandle",
    }
}

/// The type name that operator errors use.
pub fn operand_name(value: &Value) -> &'static str {
    match value.view() {
        View::Function(function) if function.builtin_row().is_some() => "native_function",
        _ => type_name(value),
    }
}

/// The error of an operator that does not take these operands.
#[cold]
pub fn invalid_binary(op: BinaryOp, left: &Value, right: &Value) -> RuntimeError {
    let text = format!("Invalid binary operation: {} {} {}", operand_name(left), op.symbol(), operand_name(right));
    RuntimeError::message(text)
}

/// `left op right`. The left operand is used up, so that a string that has no other owner grows in place; an error gives it back.
pub fn binary(op: BinaryOp, left: Value, right: &Value) -> Result<Value, (RuntimeError, Value)> {
    match op {
        BinaryOp::Eq | BinaryOp::Ne => {
            return match equals(&left, right) {
                Ok(equal) => Ok(Value::bool(equal == (op == BinaryOp::Eq))),
                Err(error) => Err((error, left)),
            };
        }
        _ => {}
    }
    if let (Some(a), Some(b)) = (number(&left), number(right)) {
        return match number::arithmetic(op, a, b) {
            Some(Ok(result)) => Ok(from_number(result)),
            Some(Err(fault)) => Err((RuntimeError::message(fault.to_string()), left)),
            None => Ok(Value::bool(compare::holds(op, compare::order(a, b)).unwrap_or(false))),
        };
    }
    if let (Some(a), Some(b)) = (left.as_str(), right.as_str()) {
        if op == BinaryOp::Add {
            return string::sum(left, right).map_err(|left| (RuntimeError::out_of_memory(), left));
        }
        if let Some(holds) = compare::holds(op, Some(a.cmp(b))) {
            return Ok(Value::bool(holds));
        }
    }
    Err((invalid_binary(op, &left, right), left))
}

/// `op operand`.
pub fn unary(op: UnaryOp, operand: &Value) -> Result<Value, RuntimeError> {
    match op {
        UnaryOp::Not => {
            if let Some(b) = operand.as_bool() {
                return Ok(Value::bool(!b));
            }
        }
        UnaryOp::Neg => {
            if let Some(n) = number(operand) {
                return match number::negate(n) {
                    Ok(result) => Ok(from_number(result)),
                    Err(fault) => Err(RuntimeError::message(fault.to_string())),
                };
            }
        }
    }
    let text = format!("Invalid unary operation: {} {}", op.symbol(), operand_name(operand));
    Err(RuntimeError::message(text))
}

/// `< <= > >=`.
pub fn compare(op: BinaryOp, left: &Value, right: &Value) -> Result<bool, RuntimeError> {
    let ordering = match (number(left), number(right)) {
        (Some(a), Some(b)) => compare::order(a, b),
        _ => match (left.as_str(), right.as_str()) {
            (Some(a), Some(b)) => Some(a.cmp(b)),
            _ => return Err(invalid_binary(op, left, right)),
        },
    };
    compare::holds(op, ordering).ok_or_else(|| invalid_binary(op, left, right))
}

/// Whether a condition takes `value` for true.
pub fn truthy(value: &Value) -> bool {
    match value.view() {
        View::Null | View::Internal => false,
        View::Bool(b) => b,
        View::Int(i) => i != 0,
        View::Float(f) => f != 0.0,
        View::Str(text) => !text.as_str().is_empty(),
        View::Array(elements) => !elements.is_empty(),
        View::Dict(dict) => !dict.is_empty(),
        _ => true,
    }
}

/// How `sort` orders two values: numbers among numbers, strings among strings, all other pairs are equal.
pub fn sort_order(left: &Value, right: &Value) -> Ordering {
    match (number(left), number(right)) {
        (Some(a), Some(b)) => compare::order(a, b).unwrap_or(Ordering::Equal),
        _ => match (left.as_str(), right.as_str()) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => Ordering::Equal,
        },
    }
}

/// Equal scalars of one type; containers never are.
pub fn scalar_equals(left: &Value, right: &Value) -> bool {
    match (left.view(), right.view()) {
        (View::Null, View::Null) => true,
        (View::Bool(a), View::Bool(b)) => a == b,
        (View::Int(a), View::Int(b)) => a == b,
        (View::Float(a), View::Float(b)) => compare::floats_equal(a, b),
        (View::Str(a), View::Str(b)) => a.as_str() == b.as_str(),
        _ => false,
    }
}

/// A comparison of two containers in progress.
enum Frame<'a> {
    /// Elements pair by pair, the first false decides.
    Pairs(&'a [Value], &'a [Value], usize),
    /// Matching entries of two dicts or structs.
    Matched(Vec<(&'a Value, &'a Value)>),
    /// Each element of a set is looked for in another.
    Search(Search<'a>),
}

/// The elements of a set that are still to be found in another.
struct Search<'a> {
    rest: Items<'a>,
    other: CollectionRef<'a>,
    /// The element that is looked for, and what it may be equal to.
    current: Option<(&'a Value, std::vec::IntoIter<&'a Value>)>,
}

impl<'a> Search<'a> {
    /// What to compare after the comparison asked for last, if there was one, said `result`.
    fn resume(&mut self, result: bool) -> Step<'a> {
        if result {
            self.current = None;
        }
        loop {
            if let Some((element, candidates)) = &mut self.current {
                return match candidates.next() {
                    Some(candidate) => Step::Compare(element, candidate),
                    None => Step::Done(false),
                };
            }
            let Some(element) = self.rest.next() else { return Step::Done(true) };
            self.current = Some((element, self.other.candidates(element).into_iter()));
        }
    }
}

enum Step<'a> {
    Done(bool),
    Compare(&'a Value, &'a Value),
}

impl<'a> Frame<'a> {
    /// Units for having made it.
    fn cost(&self) -> usize {
        match self {
            Frame::Matched(pairs) => pairs.len() / budget::ELEMENTS,
            _ => 0,
        }
    }

    /// What to do after the comparison asked for last said `result`.
    fn resume(&mut self, result: bool) -> Step<'a> {
        match self {
            Frame::Pairs(left, right, at) => {
                *at = at.wrapping_add(1);
                match (left.get(*at), right.get(*at)) {
                    (Some(a), Some(b)) if result => Step::Compare(a, b),
                    _ => Step::Done(result),
                }
            }
            Frame::Matched(pairs) => match pairs.pop() {
                Some((a, b)) if result => Step::Compare(a, b),
                _ => Step::Done(result),
            },
            Frame::Search(search) => search.resume(result),
        }
    }
}

/// Compares two values as far as needs no element; a frame if elements must be compared.
fn begin<'a>(left: &'a Value, right: &'a Value) -> Result<bool, Frame<'a>> {
    let pairs = |a: &'a [Value], b: &'a [Value]| match (a.len() == b.len(), a.is_empty()) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) => Err(Frame::Pairs(a, b, usize::MAX)),
    };
    match (left.view(), right.view()) {
        (View::Null, View::Null) => Ok(true),
        (View::Bool(a), View::Bool(b)) => Ok(a == b),
        (View::Int(a), View::Int(b)) => Ok(a == b),
        (View::Str(a), View::Str(b)) => {
            let (a, b) = (a.as_str(), b.as_str());
            if a.len() > LONG && a.len() == b.len() {
                budget::spend(a.len() / budget::BYTES);
            }
            Ok(left.word() == right.word() || a == b)
        }
        (View::Array(a), View::Array(b)) => pairs(a, b),
        (View::Bytes(a), View::Bytes(b)) => Ok(a.as_slice() == b.as_slice()),
        (View::Function(_), View::Function(_)) => Ok(left.word() == right.word()),
        (View::Dict(a), View::Dict(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            let matched = a.entries().map(|(key, value)| {
                let other = super::dict::Key::of(key).and_then(|key| b.get(&key))?;
                Some((value, other))
            });
            matched.collect::<Option<Vec<_>>>().map_or(Ok(false), |pairs| Err(Frame::Matched(pairs)))
        }
        (View::Struct(a), View::Struct(b)) => {
            let (values, others) = (a.values(), b.values());
            if std::ptr::eq(a.shape(), b.shape()) {
                return pairs(values, others);
            }
            if a.name() != b.name() || values.len() != others.len() {
                return Ok(false);
            }
            let matched = a.shape().fields().into_iter().zip(values).map(|(name, value)| Some((value, b.get(name)?)));
            matched.collect::<Option<Vec<_>>>().map_or(Ok(false), |pairs| Err(Frame::Matched(pairs)))
        }
        (View::Collection(a), View::Collection(b)) => {
            if a.kind() != b.kind() || a.len() != b.len() {
                return Ok(false);
            }
            match a.kind() {
                Kind::Set => Err(Frame::Search(Search { rest: a.items(), other: b, current: None })),
                _ => pairs(a.as_slice(), b.as_slice()),
            }
        }
        (View::Tagged(a), View::Tagged(b)) if a.tag() == b.tag() => pairs(a.payload(), b.payload()),
        (View::Outcome(a), View::Outcome(b)) => {
            if a.variant() == b.variant() {
                Err(Frame::Matched(vec![(a.value(), b.value())]))
            } else {
                Ok(false)
            }
        }
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => Ok(compare::numbers_equal(a, b)),
            _ => Ok(false),
        },
    }
}

/// `left == right`, for values of any depth.
///
/// Two parts that are compared again and again, because they occur in many places, are remembered once a comparison is large: it takes
/// as long as there are different pairs. One object on both sides is only searched for what is unequal to itself (`reflexive`).
///
/// # Errors
/// There is no fuel for it, or no memory for what is remembered.
pub fn equals(left: &Value, right: &Value) -> Result<bool, RuntimeError> {
    if reflexive::is_one_container(left, right) {
        return budget::attempt(|| reflexive::Walk::default().holds(left));
    }
    match begin(left, right) {
        Ok(result) => Ok(result),
        Err(frame) => budget::attempt(|| {
            budget::charge(frame.cost())?;
            compare_parts(frame)
        }),
    }
}

/// Whether some element equals `value`.
///
/// # Errors
/// There is no fuel for looking at all of them.
pub fn any_equal<'a>(elements: impl ExactSizeIterator<Item = &'a Value>, value: &Value) -> Result<bool, RuntimeError> {
    budget::charge(elements.len() / budget::ELEMENTS)?;
    for element in elements {
        if equals(element, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Comparisons charged at once.
const PIECE: usize = 64;
/// Comparisons from which on one is large.
const LARGE: usize = 1024;

/// Two parts, by their words.
type Pair = (u64, u64);

/// Two parts that may be met again, if one of them has other owners.
fn pair(a: &Value, b: &Value) -> Option<Pair> {
    (!a.is_unique() || !b.is_unique()).then(|| (a.word().0, b.word().0))
}

fn compare_parts(frame: Frame<'_>) -> Result<bool, RuntimeError> {
    // A new frame goes on to its first comparison.
    let mut result = true;
    let mut frames: Vec<(Frame<'_>, Option<Pair>)> = vec![(frame, None)];
    let mut known: FxHashMap<Pair, bool> = FxHashMap::default();
    let mut walk = reflexive::Walk::default();
    let mut steps = 0usize;
    while let Some((frame, pair_of_frame)) = frames.last_mut() {
        steps += 1;
        if steps.is_multiple_of(PIECE) {
            budget::charge(PIECE / budget::ELEMENTS)?;
            heap::check()?;
        }
        match frame.resume(result) {
            Step::Done(outcome) => {
                if let Some(pair) = pair_of_frame.take() {
                    known.insert(pair, outcome);
                }
                frames.pop();
                result = outcome;
            }
            Step::Compare(a, b) if reflexive::is_one_container(a, b) => result = walk.holds(a)?,
            Step::Compare(a, b) => {
                let pair = if steps > LARGE { pair(a, b) } else { None };
                if let Some(&outcome) = pair.as_ref().and_then(|pair| known.get(pair)) {
                    result = outcome;
                    continue;
                }
                match begin(a, b) {
                    Ok(outcome) => result = outcome,
                    Err(frame) => {
                        budget::charge(frame.cost())?;
                        result = true;
                        frames.push((frame, pair));
                    }
                }
            }
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::super::dict::{self, Key};
    use super::super::elements::{self, Elements};
    use super::super::{collection, heap};
    use super::*;

    fn equals(left: &Value, right: &Value) -> bool {
        super::equals(left, right).unwrap()
    }

    fn deep(bottom: i64) -> Value {
        (0..200_000).fold(Value::int(bottom), |inner, _| Value::array(vec![inner]))
    }

    /// 2^60 ways through a value of 60 arrays.
    #[test]
    fn shared_parts_are_compared_once() {
        let shared = |bottom: Value| {
            (0..60).fold(Value::array(vec![bottom]), |inner, _| Value::array(vec![inner.clone(), inner]))
        };
        let (a, b) = (shared(Value::int(1)), shared(Value::int(1)));
        budget::set_fuel(10_000);
        assert!(equals(&a, &a) && equals(&a, &b));
        assert!(!equals(&a, &shared(Value::int(2))));
        let odd = shared(Value::float(f64::NAN));
        assert!(!equals(&odd, &odd));
        assert!(budget::fuel() > 5_000, "{}", budget::fuel());
        budget::set_fuel(u64::MAX);
    }

    /// The parts of one object are looked at, not compared: a unit for eight values.
    #[test]
    fn one_object_is_searched_not_compared() {
        let entry = |number: f64| Value::array(vec![Value::int(1), Value::float(number)]);
        let many = |number: f64| {
            let mut entries: Vec<Value> = (0..1000).map(|_| entry(0.5)).collect();
            entries.push(entry(number));
            Value::array(entries)
        };
        let fuel = |a: &Value, b: &Value| {
            budget::set_fuel(100_000);
            let result = equals(a, b);
            let spent = 100_000 - budget::fuel();
            budget::set_fuel(u64::MAX);
            (result, spent)
        };
        let (a, b, odd) = (many(1.5), many(1.5), many(f64::NAN));
        let (same, searched) = fuel(&a, &a);
        let (alike, compared) = fuel(&a, &b);
        assert!(same && alike && 0 < searched && searched < 400 && compared > 900, "{searched}, {compared}");
        assert!(!fuel(&odd, &odd).0);
        // Two containers of the same objects.
        let parts = |all: &Value| Value::array(vec![all.clone(), Value::int(1)]);
        assert_eq!(fuel(&parts(&a), &parts(&a)).1, searched);
        assert!(!equals(&parts(&odd), &parts(&odd)));
    }

    fn dict_of(keys: &[&str]) -> Value {
        let mut d = dict::new();
        for key in keys {
            d.as_dict_mut().unwrap().insert(Key::text(key), Value::string(key));
        }
        d
    }

    #[test]
    fn deep_arrays_compare_without_recursion() {
        assert!(equals(&deep(1), &deep(1)));
        assert!(!equals(&deep(1), &deep(2)));
    }

    #[test]
    fn structural_equality() {
        let a = |items: &[i64]| Value::array(items.iter().map(|&i| Value::int(i)).collect());
        assert!(equals(&a(&[]), &a(&[])) && equals(&a(&[1, 2]), &a(&[1, 2])));
        assert!(!equals(&a(&[1, 2]), &a(&[1, 3])) && !equals(&a(&[1]), &a(&[1, 2])));
        assert!(equals(&dict_of(&["a", "b"]), &dict_of(&["b", "a"])));
        assert!(!equals(&dict_of(&["a", "b"]), &dict_of(&["a", "c"])));
        assert!(!equals(&dict_of(&["a"]), &dict_of(&["a", "b"])));
        let set = |items: &[i64]| {
            let mut elements = elements::none();
            for &item in items {
                let item = Value::int(item);
                let hash = Elements::of(&elements).unwrap().candidates(&item).1;
                elements::add(&mut elements, item, hash);
            }
            collection::new(Kind::Set, elements, 0)
        };
        assert!(equals(&set(&[1, 2, 3]), &set(&[3, 1, 2])) && equals(&set(&[]), &set(&[])));
        assert!(!equals(&set(&[1, 2, 3]), &set(&[3, 1, 4])) && !equals(&set(&[1]), &set(&[2])));
        assert!(!equals(&Value::int(1), &Value::TRUE) && !equals(&Value::NULL, &Value::int(0)));
        assert!(equals(&Value::int(1), &Value::float(1.0)));
        assert!(!equals(&Value::float(f64::NAN), &Value::float(f64::NAN)));
    }

    #[test]
    fn appending_a_string_reuses_it_and_errors_give_it_back() {
        let mut s = Value::string("some text to start with");
        for _ in 0..10 {
            s = binary(BinaryOp::Add, s, &Value::string("more and more")).unwrap();
        }
        let allocations = heap::stats().allocations;
        let end = Value::string("e");
        s = binary(BinaryOp::Add, s, &end).unwrap();
        assert_eq!(heap::stats().allocations, allocations);
        let (error, back) = binary(BinaryOp::Add, s.clone(), &Value::int(5)).unwrap_err();
        assert_eq!(error.text(), "Invalid binary operation: string + int");
        assert_eq!(back.as_str(), s.as_str());
    }
}
