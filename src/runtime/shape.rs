//! Shapes: the name of a struct and the order of its fields, shared by all structs made alike.
//!
//! Shapes are interned per thread and live until the process ends, so equal shapes are equal addresses and a cached shape never dangles.
//! Their number is bounded by what the program text can name: a field is only ever added by an assignment that names it. Shapes that grow out of
//! each other share one list of names (as descriptor arrays do in V8), so a long row of additions takes linear space.

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// The layout of a struct.
pub struct Shape {
    name: &'static str,
    family: u32,
    len: u32,
    unnamed: bool,
    lineage: Rc<Lineage>,
    next: RefCell<FxHashMap<&'static str, &'static Shape>>,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Shape) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Shape {}

impl std::fmt::Debug for Shape {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {:?}", self.name, self.fields())
    }
}

/// The fields of the longest shape of a row; a shorter one has the first of them.
#[derive(Default)]
struct Lineage {
    fields: RefCell<Vec<&'static str>>,
    places: RefCell<FxHashMap<&'static str, u32>>,
}

thread_local! {
    static ROOTS: RefCell<FxHashMap<&'static str, &'static Shape>> = RefCell::default();
    static NAMES: RefCell<FxHashMap<&'static str, ()>> = RefCell::default();
}

/// Fields found by comparing names one by one; above, by hash.
const LINEAR: usize = 6;

fn intern(name: &str) -> &'static str {
    NAMES.with(|names| {
        if let Some((&known, ())) = names.borrow().get_key_value(name) {
            return known;
        }
        let known: &'static str = Box::leak(name.into());
        names.borrow_mut().insert(known, ());
        known
    })
}

impl Shape {
    fn leak(name: &'static str, family: u32, len: usize, unnamed: bool, lineage: Rc<Lineage>) -> &'static Shape {
        Box::leak(Box::new(Shape { name, family, len: len as u32, unnamed, lineage, next: RefCell::default() }))
    }

    /// The shape of a struct `name` without fields.
    pub fn root(name: &str) -> &'static Shape {
        ROOTS.with(|roots| {
            if let Some(&shape) = roots.borrow().get(name) {
                return shape;
            }
            let name = intern(name);
            let family = roots.borrow().len() as u32;
            let shape = Shape::leak(name, family, 0, false, Rc::default());
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
        let field = intern(field);
        let lineage = if self.lineage.fields.borrow().len() == self.len() {
            self.lineage.clone()
        } else {
            let fields = self.fields();
            let places = fields.iter().zip(0..).map(|(&field, at)| (field, at)).collect();
            Rc::new(Lineage { fields: RefCell::new(fields), places: RefCell::new(places) })
        };
        lineage.fields.borrow_mut().push(field);
        lineage.places.borrow_mut().insert(field, self.len);
        let shape = Shape::leak(self.name, self.family, self.len() + 1, self.unnamed || field.is_empty(), lineage);
        self.next.borrow_mut().insert(field, shape);
        shape
    }

    /// The struct's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of its name: all shapes of one name have the same, and the numbers of a thread are dense.
    #[inline]
    pub fn family(&self) -> usize {
        self.family as usize
    }

    /// How many fields.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether some place has a name that no program can write.
    #[inline]
    pub(super) fn has_unnamed(&self) -> bool {
        self.unnamed
    }

    /// The fields, in the order of their places.
    pub fn fields(&self) -> Vec<&'static str> {
        self.lineage.fields.borrow()[..self.len()].to_vec()
    }

    /// The last field; of a shape without fields the name.
    pub fn last_field(&self) -> &'static str {
        match self.len() {
            0 => self.name,
            len => self.lineage.fields.borrow()[len - 1],
        }
    }

    /// The place of a field.
    #[inline]
    pub fn position(&self, field: &str) -> Option<usize> {
        if self.len() > LINEAR {
            let place = self.lineage.places.borrow().get(field).copied();
            return place.filter(|&at| at < self.len).map(|at| at as usize);
        }
        self.lineage.fields.borrow()[..self.len()].iter().position(|&name| name == field)
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
        let wider = wide.with("f20");
        assert_eq!((wide.position("f20"), wider.position("f20")), (None, Some(20)));
        let other = wide.with("g");
        assert_eq!((other.position("g"), other.position("f20"), other.position("f3")), (Some(20), None, Some(3)));
    }
}
