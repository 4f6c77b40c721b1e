//! Reading and updating through indexes and fields.
//!
//! An update walks down from the variable, making each level unique on its way, and stores last; an error leaves everything as it was (a level
//! that is shared is only copied once the step into it is known to succeed).

use super::dict::Key;
use super::error::{Fact, RuntimeError};
use super::operators;
use super::shape::Shape;
use super::string;
use super::value::{Value, View};
use crate::base::operator::BinaryOp;

/// One step of a path.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// `[index]`
    Index(&'a Value),
    /// `.name`
    Field(&'a str),
}

/// What the path is walked for; the errors differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Store,
    Update,
}

#[cold]
fn out_of_bounds(index: i64, length: usize) -> RuntimeError {
    RuntimeError::fact(Fact::OutOfBounds { index, length })
}

fn missing_key(key: &Value) -> RuntimeError {
    RuntimeError::message(match (key.as_str(), key.as_int()) {
        (Some(text), _) => format!("Missing map key: \"{text}\""),
        (None, int) => format!("Missing map key: {}", int.unwrap_or(0)),
    })
}

fn invalid_assignment() -> RuntimeError {
    RuntimeError::message("Invalid index assignment")
}

#[cold]
fn no_field(name: &str, shape: &'static Shape) -> RuntimeError {
    RuntimeError::fact(Fact::NoField { name: name.into(), shape })
}

#[cold]
fn no_struct(name: &str, value: &Value) -> RuntimeError {
    RuntimeError::fact(Fact::NoMembers { name: name.into(), type_name: operators::type_name(value) })
}

/// The place that `index` names among `len` elements, counting from the end if negative.
#[inline]
pub fn resolve_index(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { index.checked_add(len as i64)? } else { index };
    if at >= 0 && (at as usize) < len { Some(at as usize) } else { None }
}

/// `container[index]`
pub fn index_get(container: &Value, index: &Value) -> Result<Value, RuntimeError> {
    if let View::Dict(dict) = container.view() {
        let Some(key) = Key::of(index) else {
            return Err(RuntimeError::message("Invalid index operation"));
        };
        return dict.get(&key).cloned().ok_or_else(|| missing_key(index));
    }
    let Some(i) = index.as_int() else {
        return Err(RuntimeError::message("Invalid index operation"));
    };
    let element = match container.view() {
        View::Array(elements) => resolve_index(i, elements.len()).map(|at| elements[at].clone()),
        View::Str(text) if i >= 0 => text.char_at(i as usize),
        View::Str(text) => resolve_index(i, text.char_count()).and_then(|at| text.char_at(at)),
        View::Bytes(bytes) => {
            resolve_index(i, bytes.as_slice().len()).map(|at| Value::int(bytes.as_slice()[at] as i64))
        }
        _ => return Err(RuntimeError::message("Invalid index operation")),
    };
    element.ok_or_else(|| {
        let length = match container.view() {
            View::Array(elements) => elements.len(),
            View::Str(text) => text.char_count(),
            View::Bytes(bytes) => bytes.as_slice().len(),
            _ => 0,
        };
        out_of_bounds(i, length)
    })
}

/// `container.name`
pub fn field_get(container: &Value, name: &str) -> Result<Value, RuntimeError> {
    match container.view() {
        View::Struct(object) => object.get(name).cloned().ok_or_else(|| no_field(name, object.shape())),
        View::Dict(dict) => Ok(dict.get(&Key::text(name)).cloned().unwrap_or(Value::NULL)),
        _ => Err(no_struct(name, container)),
    }
}

/// `container?.name`
pub fn optional_field_get(container: &Value, name: &str) -> Result<Value, RuntimeError> {
    match container.view() {
        View::Null => Ok(Value::NULL),
        View::Struct(object) => Ok(object.get(name).cloned().unwrap_or(Value::NULL)),
        _ => field_get(container, name),
    }
}

/// The existing child of `container` that `step` leads to, for changing it.
fn child<'a>(container: &'a mut Value, step: Step<'_>, purpose: Purpose) -> Result<&'a mut Value, RuntimeError> {
    match step {
        Step::Index(index) => {
            if let Some(elements) = container.as_array() {
                if let Some(i) = index.as_int() {
                    let length = elements.len();
                    let at = resolve_index(i, length).ok_or_else(|| out_of_bounds(i, length))?;
                    let elements = container.as_array_mut().map(|array| array.into_slice()).unwrap_or(&mut []);
                    return elements.get_mut(at).ok_or_else(|| out_of_bounds(i, length));
                }
            } else if container.as_dict().is_some()
                && let Some(key) = Key::of(index)
            {
                return dict_entry(container, key).ok_or_else(|| missing_key(index));
            }
            Err(match purpose {
                Purpose::Store => invalid_assignment(),
                Purpose::Update => match index_get(container, index) {
                    Err(error) => error,
                    Ok(_) => invalid_assignment(),
                },
            })
        }
        Step::Field(name) => {
            if container.as_dict().is_some() {
                let missing = || RuntimeError::message(format!("Missing map key: \"{name}\""));
                return dict_entry(container, Key::text(name)).ok_or_else(missing);
            }
            if let Some(object) = container.as_struct() {
                let shape = object.shape();
                if object.get(name).is_none() {
                    return Err(no_field(name, shape));
                }
                return container
                    .as_struct_mut()
                    .and_then(|object| object.into_field(name))
                    .ok_or_else(|| no_field(name, shape));
            }
            Err(match purpose {
                Purpose::Store => RuntimeError::message("Cannot set field on non-struct value"),
                Purpose::Update => no_struct(name, container),
            })
        }
    }
}

fn dict_entry<'a>(container: &'a mut Value, key: Key<'_>) -> Option<&'a mut Value> {
    if !container.is_unique() {
        container.as_dict()?.get(&key)?;
    }
    container.as_dict_mut()?.into_entry(&key)
}

/// The element at the end of the path.
pub fn get_path(root: &Value, steps: &[Step<'_>]) -> Result<Value, RuntimeError> {
    steps.iter().try_fold(root.clone(), |container, step| match step {
        Step::Index(index) => index_get(&container, index),
        Step::Field(name) => field_get(&container, name),
    })
}

/// The step of the path along which reading fails, and how.
pub fn failing_read(root: &Value, steps: &[Step<'_>]) -> Option<(usize, RuntimeError)> {
    let mut value = root.clone();
    for (at, step) in steps.iter().enumerate() {
        match get_path(&value, &[*step]) {
            Ok(next) => value = next,
            Err(error) => return Some((at, error)),
        }
    }
    None
}

/// Stores `value` at the end of the path; the last step may create a dict key or a struct field.
pub fn set_path(root: &mut Value, steps: &[Step<'_>], value: Value) -> Result<(), RuntimeError> {
    let Some((last, walked)) = steps.split_last() else {
        *root = value;
        return Ok(());
    };
    let mut container = root;
    for &step in walked {
        container = child(container, step, Purpose::Store)?;
    }
    match *last {
        Step::Index(index) => {
            if container.as_dict().is_some() {
                let key = Key::of(index).ok_or_else(invalid_assignment)?;
                if let Some(mut dict) = container.as_dict_mut() {
                    dict.insert(key, value);
                }
                return Ok(());
            }
            *child(container, *last, Purpose::Store)? = value;
        }
        Step::Field(name) => {
            if let Some(mut dict) = container.as_dict_mut() {
                dict.insert(Key::text(name), value);
            } else if let Some(mut object) = container.as_struct_mut() {
                object.set(name, value);
            } else {
                return Err(RuntimeError::message("Cannot set field on non-struct value"));
            }
        }
    }
    Ok(())
}

/// Changes the element at the end of the path in place: `change` takes it out, changes it while it has no other owner, and puts it back, the
/// old one if it raises.
pub fn update_path(
    root: &mut Value,
    steps: &[Step<'_>],
    change: impl FnOnce(&mut Value) -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    let mut container = root;
    let Some((last, walked)) = steps.split_last() else {
        return change(container);
    };
    for &step in walked {
        container = child(container, step, Purpose::Update)?;
    }
    if let (Step::Field(name), Some(dict)) = (*last, container.as_dict())
        && dict.get(&Key::text(name)).is_none()
    {
        let mut element = Value::NULL;
        change(&mut element)?;
        return set_path(container, &[*last], element);
    }
    match child(container, *last, Purpose::Update) {
        Ok(place) => {
            change(place)?;
            if let (Step::Index(index), Some(mut dict)) = (*last, container.as_dict_mut())
                && index.as_str().is_some()
            {
                dict.set_string_ordered();
            }
            Ok(())
        }
        // A character or byte can be read and computed with; only storing it fails.
        Err(error) => match *last {
            Step::Index(index) if container.as_str().is_some() || container.as_bytes().is_some() => {
                let mut element = index_get(container, index)?;
                change(&mut element)?;
                Err(error)
            }
            _ => Err(error),
        },
    }
}

/// `place := place op operand`.
pub fn operate(place: &mut Value, op: BinaryOp, operand: &Value) -> Result<(), RuntimeError> {
    match operators::binary(op, place.take(), operand) {
        Ok(value) => {
            *place = value;
            Ok(())
        }
        Err((error, old)) => {
            *place = old;
            Err(error)
        }
    }
}

/// `place := ((place + first) + second) + third`: strings are appended in place; otherwise the sums are made beside the old value, which
/// stays if one of them raises. An error comes with the number of its addition.
pub fn add_all(place: &mut Value, addends: &[&Value]) -> Result<(), (usize, RuntimeError)> {
    let length = |value: &Value| value.as_str().map(str::len);
    let sum = addends.iter().try_fold(length(place).unwrap_or(0), |sum, addend| Some(sum + length(addend)?));
    let appends = place.as_str().is_some() && place.is_unique() && sum.is_some_and(|sum| sum <= string::MAX_LEN);
    if addends.len() > 1 && !appends {
        let mut sum = place.clone();
        for (number, addend) in addends.iter().enumerate() {
            operate(&mut sum, BinaryOp::Add, addend).map_err(|error| (number, error))?;
        }
        *place = sum;
        return Ok(());
    }
    for (number, addend) in addends.iter().enumerate() {
        operate(place, BinaryOp::Add, addend).map_err(|error| (number, error))?;
    }
    Ok(())
}

/// `place := push(place, element)`.
pub fn push(place: &mut Value, element: Value) -> Result<(), RuntimeError> {
    match place.as_array_mut() {
        Some(array) if !array.may_push() => Err(RuntimeError::out_of_memory()),
        Some(mut array) => {
            array.push(element);
            Ok(())
        }
        None => Err(RuntimeError::message("push() requires an array as the first argument")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::display;
    use super::super::heap;
    use super::super::{dict, shape::Shape, structure};
    use super::*;

    fn ints(n: i64) -> Value {
        Value::array((0..n).map(Value::int).collect())
    }

    fn sample() -> Value {
        let mut d = dict::new();
        d.as_dict_mut().unwrap().insert(Key::text("a"), ints(2));
        let p = structure::new(Shape::of("P", &["x"]), vec![Value::string("abc")]);
        Value::array(vec![d, p, Value::string("text")])
    }

    fn text(value: &Value) -> String {
        display::text(value).unwrap()
    }

    #[test]
    fn errors_leave_the_root_unchanged() {
        let (zero, one, two, nine) = (Value::int(0), Value::int(1), Value::int(2), Value::int(9));
        let (a, z) = (Value::string("a"), Value::string("zz"));
        use Step::{Field, Index};
        let cases: [(&[Step<'_>], &str); 8] = [
            (&[Index(&zero), Index(&a), Index(&nine)], "Index out of bounds: 9"),
            (&[Index(&zero), Index(&z), Index(&zero)], "Missing map key: \"zz\""),
            (&[Index(&zero), Index(&a), Index(&a)], "Invalid index assignment"),
            (&[Index(&one), Field("y"), Index(&zero)], "Field not found: y"),
            (&[Index(&one), Field("x"), Field("y")], "Cannot set field on non-struct value"),
            (&[Index(&two), Index(&zero)], "Invalid index assignment"),
            (&[Field("y")], "Cannot set field on non-struct value"),
            (&[Index(&zero), Index(&Value::NULL)], "Invalid index assignment"),
        ];
        let mut root = sample();
        let kept = root.clone();
        for (path, message) in cases {
            assert_eq!(set_path(&mut root, path, Value::NULL).unwrap_err().text(), message);
        }
        assert_eq!(text(&root), text(&sample()));
        assert_eq!(text(&kept), text(&sample()));
    }

    #[test]
    fn stores_copy_only_what_is_shared() {
        let mut root = sample();
        let (zero, a) = (Value::int(0), Value::string("a"));
        let path = [Step::Index(&zero), Step::Index(&a), Step::Index(&zero)];
        let copies = heap::stats().copies_on_write;
        set_path(&mut root, &path, Value::int(7)).unwrap();
        set_path(&mut root, &[Step::Index(&Value::int(-2)), Step::Field("y")], Value::int(8)).unwrap();
        assert_eq!(heap::stats().copies_on_write, copies);
        let kept = root.clone();
        set_path(&mut root, &path, Value::int(9)).unwrap();
        assert_eq!(heap::stats().copies_on_write, copies + 3);
        assert_eq!(text(&kept), "[{\"a\": [7, 1]}, P { x: abc, y: 8 }, text]");
        assert_eq!(text(&root), "[{\"a\": [9, 1]}, P { x: abc, y: 8 }, text]");
    }

    #[test]
    fn updates_change_the_element_in_place_or_not_at_all() {
        let mut root = sample();
        let (zero, one, a) = (Value::int(0), Value::int(1), Value::string("a"));
        let copies = heap::stats().copies_on_write;
        let list = [Step::Index(&zero), Step::Index(&a)];
        update_path(&mut root, &list, |place| push(place, Value::int(5))).unwrap();
        let add = |root: &mut Value, path: &[Step<'_>], operand: &Value| {
            update_path(root, path, |place| operate(place, BinaryOp::Add, operand))
                .map_err(|error| error.text().to_string())
        };
        let field = [Step::Index(&one), Step::Field("x")];
        add(&mut root, &field, &Value::string("def")).unwrap();
        assert_eq!(add(&mut root, &field, &one).unwrap_err(), "Invalid binary operation: string + int");
        let missing = [Step::Index(&zero), Step::Index(&Value::string("n"))];
        assert_eq!(add(&mut root, &missing, &one).unwrap_err(), "Missing map key: \"n\"");
        let character = [Step::Index(&Value::int(2)), Step::Index(&zero)];
        assert_eq!(add(&mut root, &character, &Value::string("x")).unwrap_err(), "Invalid index assignment");
        assert_eq!(heap::stats().copies_on_write, copies);
        assert_eq!(text(&root), "[{\"a\": [0, 1, 5]}, P { x: abcdef }, text]");
    }

    #[test]
    fn chains_of_additions_append_in_place_or_change_nothing() {
        let (one, b, c) = (Value::int(1), Value::string("b"), Value::string("c"));
        let mut place = Value::string("a, long enough to be an object of its own");
        let copies = heap::stats().allocations;
        for _ in 0..1000 {
            add_all(&mut place, &[&b, &c]).unwrap();
        }
        assert!(heap::stats().allocations < copies + 20);
        assert_eq!(text(&place).len(), 2041);
        let mut place = Value::string("a, long enough to be an object of its own");
        add_all(&mut place, &[&b, &c]).unwrap();
        let (number, error) = add_all(&mut place, &[&b, &one, &c]).unwrap_err();
        assert_eq!((number, &*error.text()), (1, "Invalid binary operation: string + int"));
        assert_eq!(text(&place), "a, long enough to be an object of its ownbc");
        let kept = place.clone();
        add_all(&mut place, &[&kept, &b]).unwrap();
        assert_eq!(text(&kept), "a, long enough to be an object of its ownbc");
        assert_eq!(text(&place), text(&kept).repeat(2) + "b");
        let mut number = one.clone();
        add_all(&mut number, &[&one, &Value::float(0.5)]).unwrap();
        assert_eq!(text(&number), "2.5");
    }
}
