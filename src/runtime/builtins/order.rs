//! Arrays in order: sorting, reversing, distinct elements, sums, ranges.
//!
//! Mixed arrays are sorted by a merge sort of our own: the order of `sort` is no total order on them (numbers and strings are "equal"), and the
//! library's sorts may refuse such an order.

use super::Args;
use crate::base::operator::BinaryOp;
use crate::runtime::elements::{self, Elements, Found};
use crate::runtime::error::RuntimeError;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::operators;
use crate::runtime::value::{Value, View};
use crate::semantics::number::{self, Number};
use rustc_hash::FxHashSet;
use std::cmp::Ordering;

type Outcome = Result<Value, RuntimeError>;

fn check(args: &Args<'_>) -> Result<(), RuntimeError> {
    match args.get(0).as_array() {
        Some(_) => Ok(()),
        None => Err(RuntimeError::message(format!("{} requires an array argument", args.name()))),
    }
}

pub(super) fn sort(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    check(args)?;
    let mut array = args.take(0);
    if let Some(mut elements) = array.as_array_mut() {
        sort_values(elements.as_mut_slice());
    }
    Ok(array)
}

fn sort_values(values: &mut [Value]) {
    if values.iter().all(|value| value.word().is_int()) {
        values.sort_unstable_by_key(|value| value.word().0);
    } else if values.iter().all(|value| value.as_str().is_some()) {
        values.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    } else if values.iter().all(|value| value.as_float().is_some_and(|f| !f.is_nan())) {
        values.sort_by(operators::sort_order);
    } else {
        merge_sort(values, &operators::sort_order);
    }
}

/// A stable bottom-up merge sort that ends, without panicking, for any `order`.
fn merge_sort<E>(elements: &mut [E], order: &dyn Fn(&E, &E) -> Ordering) {
    let len = elements.len();
    let mut places: Vec<usize> = (0..len).collect();
    let mut merged: Vec<usize> = Vec::with_capacity(len);
    let mut width = 1;
    while width < len {
        merged.clear();
        for pair in places.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some((&a, left_rest)), Some((&b, right_rest))) = (left.split_first(), right.split_first()) {
                if order(&elements[b], &elements[a]) == Ordering::Less {
                    merged.push(b);
                    right = right_rest;
                } else {
                    merged.push(a);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut places, &mut merged);
        width *= 2;
    }
    apply(elements, places);
}

/// Moves the element at `places[i]` to `i`, cycle by cycle.
fn apply<E>(elements: &mut [E], mut places: Vec<usize>) {
    for start in 0..places.len() {
        let mut at = start;
        while places[at] != at {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            elements.swap(at, from);
            at = from;
        }
    }
}

pub(super) fn sort_by_keys(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    check(args)?;
    let keys = args.get(1).as_array().unwrap_or(&[]).to_vec();
    let mut array = args.take(0);
    if let Some(mut elements) = array.as_array_mut()
        && elements.len() == keys.len()
    {
        let mut places: Vec<(Value, usize)> = keys.into_iter().zip(0..).collect();
        merge_sort(&mut places, &|a, b| operators::sort_order(&a.0, &b.0));
        apply(elements.as_mut_slice(), places.into_iter().map(|place| place.1).collect());
    }
    Ok(array)
}

pub(super) fn reverse(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    check(args)?;
    let mut array = args.take(0);
    if let Some(mut elements) = array.as_array_mut() {
        elements.as_mut_slice().reverse();
    }
    Ok(array)
}

pub(super) fn unique(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    check(args)?;
    let elements = args.get(0).as_array().unwrap_or(&[]);
    let (mut ints, mut texts) = (FxHashSet::default(), FxHashSet::default());
    let mut others = elements::none();
    let mut out = Vec::new();
    for element in elements {
        let new = match element.view() {
            View::Int(i) => ints.insert(i),
            View::Str(text) => texts.insert(text.as_str()),
            _ => {
                let found = Elements::of(&others).map_or(Ok(Found::Missing(0)), |others| others.find(element))?;
                if let Found::Missing(hash) = found {
                    elements::add(&mut others, element.clone(), hash);
                }
                matches!(found, Found::Missing(_))
            }
        };
        if new {
            out.push(element.clone());
        }
    }
    Ok(Value::array(out))
}

pub(super) fn sum(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    check(args)?;
    let mut total = Number::Int(0);
    for element in args.get(0).as_array().unwrap_or(&[]) {
        if let Some(n) = operators::number(element) {
            match number::arithmetic(BinaryOp::Add, total, n) {
                Some(Ok(next)) => total = next,
                Some(Err(fault)) => return Err(RuntimeError::message(fault.to_string())),
                None => {}
            }
        }
    }
    Ok(match total {
        Number::Int(i) => Value::int(i),
        Number::Float(f) => Value::float(f),
    })
}

pub(super) fn range(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let count = |at| args.count(at).ok_or_else(|| RuntimeError::message("range() requires numeric arguments"));
    let (start, end, step) = match args.len() {
        1 => (0, count(0)?, 1),
        2 => (count(0)?, count(1)?, 1),
        _ => (count(0)?, count(1)?, count(2)?),
    };
    if step == 0 {
        return Err(RuntimeError::message("range() step cannot be zero"));
    }
    let distance = if step > 0 { end as i128 - start as i128 } else { start as i128 - end as i128 };
    let len = distance.max(0).unsigned_abs().div_ceil(step.unsigned_abs() as u128);
    if len > (heap::MAX_OBJECT_BYTES / size_of::<Value>()) as u128 {
        return Err(RuntimeError::out_of_memory());
    }
    heap::admit(len as usize * size_of::<Value>())?;
    Ok(Value::array((0..len as i64).map(|i| Value::int(start.wrapping_add(i.wrapping_mul(step)))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_sort_is_stable_and_survives_any_order() {
        let mut pairs: Vec<(i64, usize)> = (0..100).map(|at| ((at as i64 * 37) % 7, at)).collect();
        let mut expected = pairs.clone();
        expected.sort_by_key(|pair| pair.0);
        merge_sort(&mut pairs, &|a, b| a.0.cmp(&b.0));
        assert_eq!(pairs, expected);
        let mut odd: Vec<u8> = (0..50).collect();
        merge_sort(&mut odd, &|_, _| Ordering::Less);
        odd.sort();
        assert_eq!(odd, (0..50).collect::<Vec<u8>>());
    }
}
