//! The types of generated programs: what the parts of a value are, and the plainest literal of each.

/// A type of a generated expression. The language has no types; these keep most programs from failing at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// An int.
    Int,
    /// A float, or an int in a place for floats.
    Float,
    /// A bool.
    Bool,
    /// A string.
    Str,
    /// An array of ints.
    Ints,
    /// An array of floats.
    Floats,
    /// An array of strings.
    Strs,
    /// An array of arrays of ints.
    Grid,
    /// A dict from strings to ints.
    Dict,
    /// A dict from strings to arrays of ints.
    Lists,
    /// The struct `Point`.
    Point,
    /// An array of points.
    Points,
    /// A dict that holds a grid, a point and lists.
    Deep,
    /// A function from int to int.
    Func,
    /// A function from int to bool.
    Pred,
    /// A function that folds two ints to one.
    Fold,
    /// A tagged value.
    Shape,
    /// `Some(int)` or `None`.
    Opt,
    /// `Ok(int)` or `Err(string)`.
    Res,
    /// A generator of ints.
    Gen,
    /// Any of them.
    Any,
    /// A small int that is probably an index.
    Index,
    /// A string or int that is probably a key.
    Key,
}

/// A way into a value.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// `[i]`.
    Index,
    /// `["k"]` of a dict.
    Key,
    /// Text as it stands: `.name`, `["name"]`.
    Fixed(&'static str),
}

impl Ty {
    /// Types of variables.
    pub const STORED: &'static [Ty] = &[
        Ty::Int,
        Ty::Int,
        Ty::Int,
        Ty::Float,
        Ty::Float,
        Ty::Bool,
        Ty::Str,
        Ty::Str,
        Ty::Ints,
        Ty::Ints,
        Ty::Ints,
        Ty::Floats,
        Ty::Strs,
        Ty::Grid,
        Ty::Grid,
        Ty::Dict,
        Ty::Dict,
        Ty::Lists,
        Ty::Point,
        Ty::Point,
        Ty::Points,
        Ty::Deep,
        Ty::Func,
        Ty::Shape,
        Ty::Opt,
        Ty::Res,
        Ty::Gen,
    ];

    /// The parts of a value of this type.
    pub fn steps(self) -> &'static [(Step, Ty)] {
        match self {
            Ty::Ints => &[(Step::Index, Ty::Int)],
            Ty::Floats => &[(Step::Index, Ty::Float)],
            Ty::Strs => &[(Step::Index, Ty::Str)],
            Ty::Grid => &[(Step::Index, Ty::Ints)],
            Ty::Dict => &[(Step::Key, Ty::Int), (Step::Fixed(".a"), Ty::Int)],
            Ty::Lists => &[(Step::Key, Ty::Ints), (Step::Fixed(".b"), Ty::Ints)],
            Ty::Point => &[
                (Step::Fixed(".x"), Ty::Int),
                (Step::Fixed(".y"), Ty::Float),
                (Step::Fixed(".name"), Ty::Str),
                (Step::Fixed(".items"), Ty::Ints),
                (Step::Fixed(".tags"), Ty::Dict),
            ],
            Ty::Points => &[(Step::Index, Ty::Point)],
            Ty::Deep => &[
                (Step::Fixed("[\"rows\"]"), Ty::Grid),
                (Step::Fixed(".rows"), Ty::Grid),
                (Step::Fixed(".p"), Ty::Point),
                (Step::Fixed("[\"p\"]"), Ty::Point),
                (Step::Fixed(".m"), Ty::Lists),
            ],
            _ => &[],
        }
    }

    /// Literals that stand for any expression of the type when a program is made smaller, the plainest first.
    pub fn plain(self) -> &'static [&'static str] {
        match self {
            Ty::Int | Ty::Any => &["0", "1"],
            Ty::Index => &["0"],
            Ty::Key => &["\"a\""],
            Ty::Float => &["0.5"],
            Ty::Bool => &["true", "false"],
            Ty::Str => &["\"\"", "\"s\""],
            Ty::Ints => &["[]", "[1, 2, 3]"],
            Ty::Floats => &["[]", "[0.5, 1.5]"],
            Ty::Strs => &["[]", "[\"s\", \"t\"]"],
            Ty::Grid => &["[]", "[[1, 2, 3], [4, 5, 6]]"],
            Ty::Dict => &["{}", "{\"a\": 1}"],
            Ty::Lists => &["{}", "{\"a\": [1], \"b\": [2]}"],
            Ty::Point => &["(Point {})", "(Point { x: 1, y: 0.5, name: \"p\", items: [1, 2, 3], tags: {\"a\": 1} })"],
            Ty::Points => &["[]"],
            Ty::Deep => &["{}"],
            Ty::Func => &["func(x) { return x }"],
            Ty::Pred => &["func(x) { return true }"],
            Ty::Fold => &["func(x, y) { return x }"],
            Ty::Shape => &["Shape::Dot"],
            Ty::Opt => &["None", "Some(1)"],
            Ty::Res => &["Ok(1)"],
            Ty::Gen => &["func*() { yield 1 }()"],
        }
    }
}
