//! Shapes: the name of a struct and the order of its fields, shared by all structs made alike.
//!
//! Shapes are interned per thread and live until the process ends, so equal shapes are equal addresses and a cached shape never dangles.
//! Their number is bounded by what the program text can name: a field is only ever added by an assignment that names it.

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// The layout of a struct.
pub struct Shape {
    name: Rc<str>,
    fields: Vec<Rc<str>>,
    places: FxHashMap<Rc<str>, u32>,
    next: RefCell<FxHashMap<Rc<str>, &'static Shape>>,
}

thread_local! {
    static ROOTS: RefCell<FxHashMap<Rc<str>, &'static Shape>> = RefCell::new(FxHashMap::default());
}

/// Fields found by comparing names one by one; above, by hash.
const LINEAR: usize = 6;

impl Shape {
    fn leak(name: Rc<str>, fields: Vec<Rc<str>>) -> &'static Shape {
        let places = if fields.len() > LINEAR {
            fields.iter().enumerate().map(|(at, field)| (field.clone(), at as u32)).collect()
        } else {
            FxHashMap::default()
        };
        Box::leak(Box::new(Shape { name, fields, places, next: RefCell::default() }))
    }

    /// The shape of a struct `name` without fields.
    pub fn root(name: &str) -> &'static Shape {
        ROOTS.with(|roots| {
            if let Some(&shape) = roots.borrow().get(name) {
                return shape;
            }
            let name: Rc<str> = name.into();
            let shape = Shape::leak(name.clone(), Vec::new());
            roots.borrow_mut().insert(name, shape);
            shape
        })
    }

    /// The shape of a struct with these fields, which are distinct.
    pub fn of(name: &str, fields: &[&str]) -> &'static Shape {
        fields.iter().fold(Shape::root(name), |shape, field| shape.with(field))
    }

    /// The shape with one more field, or `self` if it has it.
    pub fn with(&'static self, field: &str) -> &'static Shape {
        if self.position(field).is_some() {
            return self;
        }
        if let Some(&shape) = self.next.borrow().get(field) {
            return shape;
        }
        let field: Rc<str> = field.into();
        let mut fields = self.fields.clone();
        fields.push(field.clone());
        let shape = Shape::leak(self.name.clone(), fields);
        self.next.borrow_mut().insert(field, shape);
        shape
    }

    /// The struct's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields, in the order of their places.
    pub fn fields(&self) -> &[Rc<str>] {
        &self.fields
    }

    /// The place of a field.
    #[inline]
    pub fn position(&self, field: &str) -> Option<usize> {
        if self.fields.len() > LINEAR {
            return self.places.get(field).map(|&at| at as usize);
        }
        self.fields.iter().position(|name| **name == *field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_are_one() {
        let p = Shape::of("P", &["x", "y"]);
        assert!(std::ptr::eq(p, Shape::root("P").with("x").with("y")));
        assert!(std::ptr::eq(p, p.with("x")));
        assert!(!std::ptr::eq(p, Shape::of("P", &["y", "x"])));
        assert!(!std::ptr::eq(p, Shape::of("Q", &["x", "y"])));
        let many: Vec<String> = (0..20).map(|i| format!("f{i}")).collect();
        let wide = Shape::of("W", &many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(wide.position("f13"), Some(13));
        assert_eq!(wide.position("f20"), None);
    }
}
