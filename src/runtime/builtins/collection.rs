//! Sets, queues and stacks.

use super::Args;
use crate::runtime::collection::{self, CollectionRef};
use crate::runtime::elements::{self, Elements, Found};
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::Kind;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

fn make(kind: Kind, items: Value) -> Value {
    collection::new(kind, items, 0)
}

fn empty(kind: Kind) -> Value {
    make(kind, if kind == Kind::Set { elements::none() } else { Value::array(vec![]) })
}

fn of_kind<'a>(args: &'a Args<'_>, at: usize, kind: Kind) -> Option<CollectionRef<'a>> {
    args.get(at).as_collection().filter(|collection| collection.kind() == kind)
}

/// Takes the first argument, a collection known to be of `kind`, apart and makes another of what `change` makes of its parts.
fn changed(args: &mut Args<'_>, kind: Kind, change: impl FnOnce(&mut Value, &mut usize)) -> Value {
    let Some((mut items, mut start)) = collection::into_parts(args.take(0)) else {
        return empty(kind);
    };
    change(&mut items, &mut start);
    collection::new(kind, items, start)
}

fn push_onto(items: &mut Value, value: Value) {
    if let Some(mut items) = items.as_array_mut() {
        items.push(value);
    }
}

/// A set of the distinct ones of some values.
fn set_of<'a>(values: impl Iterator<Item = &'a Value>) -> Outcome {
    let mut items = elements::none();
    for value in values {
        let found = Elements::of(&items).map_or(Ok(Found::Missing(0)), |elements| elements.find(value))?;
        if let Found::Missing(hash) = found {
            elements::add(&mut items, value.clone(), hash);
        }
    }
    Ok(make(Kind::Set, items))
}

pub(super) fn set(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.len() == 0 {
        return Ok(empty(Kind::Set));
    }
    match args.get(0).as_array() {
        Some(values) => set_of(values.iter()),
        None => Err(RuntimeError::message("Set constructor requires an array argument")),
    }
}

pub(super) fn set_add(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(set) = of_kind(args, 0, Kind::Set) else { return Ok(empty(Kind::Set)) };
    if args.len() < 2 {
        return Ok(args.take(0));
    }
    let Found::Missing(hash) = set.find(args.get(1))? else { return Ok(args.take(0)) };
    let value = args.take(1);
    Ok(changed(args, Kind::Set, |items, _| elements::add(items, value, hash)))
}

pub(super) fn set_remove(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(set) = of_kind(args, 0, Kind::Set) else { return Ok(empty(Kind::Set)) };
    let Found::At(place) = set.find(args.get(1))? else { return Ok(args.take(0)) };
    Ok(changed(args, Kind::Set, |items, _| elements::remove(items, place)))
}

/// A set combined from two; empty unless both arguments are sets.
fn combined(args: &Args<'_>, combine: fn(CollectionRef<'_>, CollectionRef<'_>) -> Outcome) -> Outcome {
    match (of_kind(args, 0, Kind::Set), of_kind(args, 1, Kind::Set)) {
        (Some(a), Some(b)) => combine(a, b),
        _ => Ok(empty(Kind::Set)),
    }
}

/// The elements of a set that are, or are not, in another.
fn of_those(set: CollectionRef<'_>, other: CollectionRef<'_>, inside: bool) -> Outcome {
    let mut chosen = Vec::new();
    for value in set.items() {
        if matches!(other.find(value)?, Found::At(_)) == inside {
            chosen.push(value);
        }
    }
    set_of(chosen.into_iter())
}

pub(super) fn set_union(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    combined(args, |a, b| set_of(a.items().chain(b.items())))
}

pub(super) fn set_intersect(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    combined(args, |a, b| of_those(a, b, true))
}

pub(super) fn set_difference(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    combined(args, |a, b| of_those(a, b, false))
}

pub(super) fn set_has(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match of_kind(args, 0, Kind::Set) {
        Some(set) if args.len() > 1 => Ok(Value::bool(matches!(set.find(args.get(1))?, Found::At(_)))),
        _ => Ok(Value::FALSE),
    }
}

fn to_array(args: &Args<'_>, kind: Kind) -> Outcome {
    Ok(Value::array(of_kind(args, 0, kind).map_or(Vec::new(), |collection| collection.items().cloned().collect())))
}

pub(super) fn set_to_array(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    to_array(args, Kind::Set)
}

fn of_array(args: &mut Args<'_>, kind: Kind) -> Outcome {
    match args.get(0).as_array() {
        Some(_) => Ok(make(kind, args.take(0))),
        None => Ok(empty(kind)),
    }
}

fn added(args: &mut Args<'_>, kind: Kind) -> Outcome {
    if of_kind(args, 0, kind).is_none() || args.len() < 2 {
        return Ok(if of_kind(args, 0, kind).is_some() { args.take(0) } else { empty(kind) });
    }
    let value = args.take(1);
    Ok(changed(args, kind, |items, _| push_onto(items, value)))
}

fn is_empty(args: &Args<'_>, kind: Kind) -> Outcome {
    Ok(Value::bool(of_kind(args, 0, kind).is_none_or(|collection| collection.is_empty())))
}

pub(super) fn queue(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_array(args, Kind::Queue)
}

pub(super) fn queue_enqueue(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    added(args, Kind::Queue)
}

pub(super) fn queue_dequeue(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(queue) = of_kind(args, 0, Kind::Queue) else {
        return Ok(Value::array(vec![empty(Kind::Queue), Value::NULL]));
    };
    if queue.is_empty() {
        return Ok(Value::array(vec![args.take(0), Value::NULL]));
    }
    let mut front = Value::NULL;
    let rest = changed(args, Kind::Queue, |items, start| {
        // A shared array keeps its front: only the start moves. Half an array of taken places is given up at once, which is
        // constant time on average.
        if items.is_unique()
            && let Some(mut elements) = items.as_array_mut()
        {
            front = elements.as_mut_slice()[*start].take();
            *start += 1;
            if *start > 16 && *start * 2 > elements.len() {
                let len = elements.len();
                elements.keep_range(*start, len);
                *start = 0;
            }
        } else {
            front = items.as_array().map_or(Value::NULL, |elements| elements[*start].clone());
            *start += 1;
        }
    });
    Ok(Value::array(vec![rest, front]))
}

pub(super) fn queue_peek(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let front = of_kind(args, 0, Kind::Queue).and_then(|queue| queue.as_slice().first());
    Ok(front.cloned().unwrap_or(Value::NULL))
}

pub(super) fn queue_is_empty(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    is_empty(args, Kind::Queue)
}

pub(super) fn queue_to_array(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    to_array(args, Kind::Queue)
}

pub(super) fn stack(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    of_array(args, Kind::Stack)
}

pub(super) fn stack_push(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    added(args, Kind::Stack)
}

pub(super) fn stack_pop(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if of_kind(args, 0, Kind::Stack).is_none() {
        return Ok(Value::array(vec![empty(Kind::Stack), Value::NULL]));
    }
    let mut top = Value::NULL;
    let rest = changed(args, Kind::Stack, |items, _| {
        top = items.as_array_mut().and_then(|mut items| items.pop()).unwrap_or(Value::NULL);
    });
    Ok(Value::array(vec![rest, top]))
}

pub(super) fn stack_peek(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let top = of_kind(args, 0, Kind::Stack).and_then(|stack| stack.as_slice().last());
    Ok(top.cloned().unwrap_or(Value::NULL))
}

pub(super) fn stack_is_empty(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    is_empty(args, Kind::Stack)
}

pub(super) fn stack_to_array(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    to_array(args, Kind::Stack)
}

/// `queue_size` and `stack_size`.
pub(super) fn size(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (kind, small, large) = match args.name() {
        "queue_size" => (Kind::Queue, "queue", "Queue"),
        _ => (Kind::Stack, "stack", "Stack"),
    };
    if args.len() != 1 {
        let text = format!("{small}_size expects 1 argument ({small}), got {}", args.len());
        return Err(RuntimeError::message(text));
    }
    match of_kind(args, 0, kind) {
        Some(collection) => Ok(Value::int(collection.len() as i64)),
        None => Err(RuntimeError::message(format!("{small}_size requires a {large} argument"))),
    }
}
