//! The syntax tree, allocated in a [`bumpalo::Bump`].
//!
//! Nodes are plain `Copy` data behind `&'a` references; nothing in the tree needs dropping.
//!
//! **Numbering.** Functions, blocks and name occurrences carry dense ids ([`FunctionId`], [`BlockId`], [`NameId`]), given out in
//! source order, so that later stages keep their answers in vectors. [`Program`] holds the three counts. In a tree without
//! diagnostics every id below its count occurs exactly once.
//!
//! **Functions.** Everything that runs in an activation of its own is a [`Function`]: the program (`FunctionId(0)`), declared and
//! anonymous functions, methods, and also the default expression of a struct field, the body of `spawn` and test bodies, which
//! are parameterless functions told apart by [`FunctionRole`].
//!
//! **Depth.** Nesting through brackets, prefix operators, holes and blocks is bounded (`base::limits`), and between two such
//! levels there are at most nine right-nested binary operators, so ordinary recursion over right operands, arguments and blocks is
//! bounded. *Left spines are not*: `1 + 1 + 1 ...`, `a.b.c ...`, `f()()...`, `x |> f |> g ...` make trees as deep as the
//! source is long. Consumers must walk the left spine with a loop; [`Expr::spine_child`] names the edge to follow. `else if` chains are
//! flat lists.

use crate::base::intern::Symbol;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::base::source::Span;

macro_rules! dense_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in a side table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_id! {
    /// One [`Function`]; dense, in source order of their first tokens.
    FunctionId
}
dense_id! {
    /// One [`Block`]; dense, in source order.
    BlockId
}
dense_id! {
    /// One [`Name`], that is one occurrence of a variable's name; dense.
    NameId
}

/// A whole source text.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The top level as a function without parameters: `FunctionId(0)`, `BlockId(0)`.
    pub main: &'a Function<'a>,
    /// How many [`FunctionId`]s exist.
    pub function_count: u32,
    /// How many [`BlockId`]s exist.
    pub block_count: u32,
    /// How many [`NameId`]s exist.
    pub name_count: u32,
    /// The import statements, in source order.
    pub imports: &'a [Import<'a>],
    /// Whether the top level may end before its last statement: it has a `return` or a `?` outside functions.
    pub leaves_early: bool,
}

/// What an import statement refers to.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The segments of the module's name.
    pub path: &'a [Ident],
    /// The first name the statement binds; it identifies the statement.
    pub first: Name,
    /// The statement.
    pub span: Span,
}

/// An occurrence of a variable's name: a use, an assignment target or a declaration. Resolvers answer by [`NameId`].
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// The name.
    pub symbol: Symbol,
    /// This occurrence.
    pub id: NameId,
    /// Its token.
    pub span: Span,
}

/// A word that is not a variable: a field, method, struct, enum, variant or module path segment.
#[derive(Clone, Copy, Debug)]
pub struct Ident {
    /// The word.
    pub symbol: Symbol,
    /// Its token.
    pub span: Span,
}

/// `{ ... }` holding statements. Which blocks open a scope is decided by their owner (`match` cases do not).
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Dense number.
    pub id: BlockId,
    /// The statements.
    pub statements: &'a [Stmt<'a>],
    /// From `{` to `}`.
    pub span: Span,
}

/// How a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// `func`
    Plain,
    /// `func*`
    Generator,
    /// `async func`
    Async,
}

/// Where a function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionRole {
    /// The program itself.
    Main,
    /// `func name(...) {...}`
    Declared,
    /// A `func` expression.
    Lambda,
    /// In a struct body; `self` is an ordinary parameter if it is there.
    Method,
    /// The default expression of a struct field: no parameters, the body is one `return`.
    FieldDefault,
    /// The block of `spawn`: no parameters.
    Spawn,
    /// The block of `test`, `test_group`, `test_setup`, `test_teardown`: no parameters.
    Test,
}

/// A unit of activation.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Dense number.
    pub id: FunctionId,
    /// The declared name; a method's or defaulted field's own name without the struct.
    pub name: Option<Symbol>,
    /// Plain, generator or async.
    pub kind: FunctionKind,
    /// What it is.
    pub role: FunctionRole,
    /// The parameters, a method's `self` included.
    pub params: &'a [Param],
    /// The body. Parameters belong to its scope.
    pub body: Block<'a>,
    /// From `func` (or `async`) to `}`.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The declared name.
    pub name: Name,
    /// Whether it is the keyword `self`.
    pub is_self: bool,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    /// What it is.
    pub kind: StmtKind<'a>,
    /// From the first token to the last: `span.start` is the position of declarations, destructurings, imports and assignments that fail
    /// as such.
    pub span: Span,
}

/// Which keyword introduced a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclKind {
    /// `let`
    Let,
    /// `mut`
    Mut,
    /// `const`
    Const,
}

/// The kinds of statements.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind<'a> {
    /// `let x := e`
    Declare {
        /// The keyword.
        kind: DeclKind,
        /// The new binding.
        name: Name,
        /// The initialiser.
        value: &'a Expr<'a>,
    },
    /// `[a, b] := e`, optionally after a keyword. Without keyword the names are immutable like `let`.
    Destructure {
        /// The keyword, if any.
        kind: Option<DeclKind>,
        /// The pattern.
        pattern: &'a Pattern<'a>,
        /// The right-hand side.
        value: &'a Expr<'a>,
    },
    /// `x := e`
    Assign {
        /// The variable.
        name: Name,
        /// The right-hand side.
        value: &'a Expr<'a>,
    },
    /// `x[i].f := e`: at least one step.
    AssignPath {
        /// The target.
        path: Path<'a>,
        /// The right-hand side.
        value: &'a Expr<'a>,
    },
    /// `x op= e`, `x[i].f op= e`: any number of steps.
    AssignOp {
        /// The target.
        path: Path<'a>,
        /// The operator.
        op: BinaryOp,
        /// The token `op=`: the position of operator errors.
        op_span: Span,
        /// The right-hand side.
        value: &'a Expr<'a>,
    },
    /// `func f(...) {...}`, also `func*` and `async func`.
    Function {
        /// The binding.
        name: Name,
        /// The function.
        function: &'a Function<'a>,
    },
    /// `struct S {...}`
    Struct(&'a StructDecl<'a>),
    /// `enum E {...}`
    Enum {
        /// Its name.
        name: Ident,
        /// The bare variants.
        variants: &'a [Ident],
    },
    /// `import m`
    Import {
        /// The module, which is also bound.
        module: Name,
    },
    /// `from a.b import x, y`
    FromImport {
        /// The segments of the module's name.
        path: &'a [Ident],
        /// What is bound.
        names: &'a [Name],
    },
    /// `export stmt`
    Export(&'a Stmt<'a>),
    /// `if c {} else if d {} else {}`, flat.
    If {
        /// The conditions with their blocks, at least one.
        branches: &'a [Branch<'a>],
        /// The final `else`.
        otherwise: Option<Block<'a>>,
    },
    /// `while c {}` and `loop while c {}`
    While {
        /// The condition.
        condition: &'a Expr<'a>,
        /// The body.
        body: Block<'a>,
    },
    /// `loop {}`
    Loop {
        /// The body.
        body: Block<'a>,
    },
    /// `for v in e {}`
    For {
        /// The loop variable, fresh in every iteration.
        variable: Name,
        /// What is iterated over.
        iterable: &'a Expr<'a>,
        /// The first token of the header's expression: the position of iteration errors.
        iterable_start: Span,
        /// The body.
        body: Block<'a>,
    },
    /// `match e {...}`
    Match {
        /// The subject.
        subject: &'a Expr<'a>,
        /// The cases in order.
        cases: &'a [Case<'a>],
        /// The body of `default`, wherever it stood.
        default: Option<Block<'a>>,
    },
    /// `try {} except e {}`
    Try {
        /// The guarded block.
        body: Block<'a>,
        /// The error variable, which lives in the handler's scope.
        error: Option<Name>,
        /// The handler.
        handler: Block<'a>,
    },
    /// `return e`
    Return(Option<&'a Expr<'a>>),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `spawn {}`
    Spawn(&'a Function<'a>),
    /// A test block.
    Test {
        /// Which of the four.
        kind: TestKind,
        /// The text after `test` and `test_group`.
        name: Option<&'a str>,
        /// The body.
        function: &'a Function<'a>,
    },
    /// An expression for its effects.
    Expr(&'a Expr<'a>),
}

/// One condition of an `if` chain with its block.
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a> {
    /// The condition.
    pub condition: &'a Expr<'a>,
    /// What runs if it holds.
    pub body: Block<'a>,
}

/// A variable with index and field steps.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// The variable (possibly `self`).
    pub root: Name,
    /// The steps from the root outward.
    pub steps: &'a [Step<'a>],
}

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// `[index]`
    Index {
        /// The key.
        index: &'a Expr<'a>,
        /// The token `[`: the position of index errors.
        bracket: Span,
    },
    /// `.name`; `name.span` is the position of field errors.
    Field(Ident),
}

/// The left side of a destructuring.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    /// Array or dict.
    pub kind: PatternKind<'a>,
    /// From the opening to the closing bracket.
    pub span: Span,
}

/// The kinds of destructuring patterns.
#[derive(Clone, Copy, Debug)]
pub enum PatternKind<'a> {
    /// `[a, _, [b], ...rest]`
    Array {
        /// The items in order.
        items: &'a [PatternItem<'a>],
        /// `...rest`; the name `_` discards it.
        rest: Option<Name>,
    },
    /// `{k1, k2, ...rest}`: each name is both key and binding.
    Dict {
        /// The keys.
        names: &'a [Name],
        /// `...rest`; the name `_` discards it.
        rest: Option<Name>,
    },
}

/// One item of an array pattern.
#[derive(Clone, Copy, Debug)]
pub enum PatternItem<'a> {
    /// `_`
    Ignore(Span),
    /// A new binding.
    Bind(Name),
    /// A nested pattern.
    Nested(&'a Pattern<'a>),
}

/// A `struct` declaration.
#[derive(Clone, Copy, Debug)]
pub struct StructDecl<'a> {
    /// Its name, which is not a variable.
    pub name: Ident,
    /// The fields in order.
    pub fields: &'a [FieldDecl<'a>],
    /// The methods in order; of equal names the last counts.
    pub methods: &'a [&'a Function<'a>],
}

/// A declared field.
#[derive(Clone, Copy, Debug)]
pub struct FieldDecl<'a> {
    /// Its name.
    pub name: Ident,
    /// Its default as a function, evaluated anew for each literal.
    pub default: Option<&'a Function<'a>>,
}

/// Which test block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestKind {
    /// `test "name" {}`
    Test,
    /// `test_group "name" {}`
    Group,
    /// `test_setup {}`
    Setup,
    /// `test_teardown {}`
    Teardown,
}

/// One `case` of a `match`. Its block opens no scope.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What must match.
    pub pattern: MatchPattern<'a>,
    /// The position of the pattern.
    pub pattern_span: Span,
    /// `if guard`
    pub guard: Option<&'a Expr<'a>>,
    /// What runs.
    pub body: Block<'a>,
    /// From `case` to `}`.
    pub span: Span,
}

/// A pattern of `match`.
#[derive(Clone, Copy, Debug)]
pub enum MatchPattern<'a> {
    /// An integer, possibly negated.
    Int(i64),
    /// A float, possibly negated.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
    /// `_`
    Wildcard,
    /// A bare word: matches the string of that text. Never `Ok`, `Err`, `Some`, `None`.
    Word(Ident),
    /// `Base::Variant(a, b)`, and `Ok(x)`, `Err`, ... without base.
    Tag {
        /// The part before `::`.
        base: Option<Ident>,
        /// The part after it.
        variant: Ident,
        /// The payload names; `_` binds nothing. Empty: none were given.
        names: &'a [Name],
    },
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    /// What it is.
    pub kind: ExprKind<'a>,
    /// From its first token to its last; surrounding parentheses are not part of it.
    pub span: Span,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicalOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

impl LogicalOp {
    /// The spelling.
    pub const fn symbol(self) -> &'static str {
        match self {
            LogicalOp::And => "&&",
            LogicalOp::Or => "||",
        }
    }
}

/// The constructors of results and options with an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrapper {
    /// `Ok(e)`
    Ok,
    /// `Err(e)`
    Err,
    /// `Some(e)`
    Some,
}

impl Wrapper {
    /// The spelling.
    pub const fn symbol(self) -> &'static str {
        match self {
            Wrapper::Ok => "Ok",
            Wrapper::Err => "Err",
            Wrapper::Some => "Some",
        }
    }
}

/// The kinds of expressions.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string without holes, escapes resolved.
    Str(&'a str),
    /// A string with at least one hole.
    Interpolated(&'a [StringPart<'a>]),
    /// A variable.
    Name(Name),
    /// `self`: a variable of that name.
    SelfValue(Name),
    /// `[a, ...b]`
    Array(&'a [Element<'a>]),
    /// `{k: v, ...d}`
    Dict(&'a [Entry<'a>]),
    /// `S { x: 1 }`
    Struct {
        /// The struct's name, not a variable.
        name: Ident,
        /// The fields as written.
        fields: &'a [FieldInit<'a>],
    },
    /// `func(...) {...}`
    Function(&'a Function<'a>),
    /// `-e`, `!e`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operator's token: the position of its errors.
        op_span: Span,
        /// The operand.
        operand: &'a Expr<'a>,
    },
    /// `a + b`; left spine through `left`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The operator's token: the position of its errors.
        op_span: Span,
        /// The left operand.
        left: &'a Expr<'a>,
        /// The right operand.
        right: &'a Expr<'a>,
    },
    /// `a && b`, `a || b`; left spine through `left`.
    Logical {
        /// The operator.
        op: LogicalOp,
        /// The left operand.
        left: &'a Expr<'a>,
        /// The right operand.
        right: &'a Expr<'a>,
    },
    /// `a ?? b`; left spine through `left`.
    Coalesce {
        /// The left operand.
        left: &'a Expr<'a>,
        /// The right operand.
        right: &'a Expr<'a>,
    },
    /// `x |> f`, `x |> f(a)`; left spine through `input`.
    Pipe {
        /// The value handed on.
        input: &'a Expr<'a>,
        /// The right side as written: a call gets the value as its first argument, anything else is called with it alone.
        target: &'a Expr<'a>,
        /// The first token of the right side: the position of call errors.
        target_start: Span,
    },
    /// `f(a)`; left spine through `callee`.
    Call {
        /// What is called.
        callee: &'a Expr<'a>,
        /// The first token of the callee (an opening parenthesis included): the position of call errors.
        callee_start: Span,
        /// The arguments.
        args: &'a [&'a Expr<'a>],
    },
    /// `x[i]`; left spine through `object`.
    Index {
        /// The container.
        object: &'a Expr<'a>,
        /// The key.
        index: &'a Expr<'a>,
        /// The token `[`: the position of index errors.
        bracket: Span,
    },
    /// `x.f` and `x?.f`; left spine through `object`.
    Field {
        /// The receiver.
        object: &'a Expr<'a>,
        /// The field; its span is the position of field errors.
        name: Ident,
        /// Whether written `?.`.
        optional: bool,
    },
    /// `x.f(a)` and `x?.f(a)`; left spine through `object`.
    MethodCall {
        /// The receiver.
        object: &'a Expr<'a>,
        /// The method; its span is the position of call errors.
        name: Ident,
        /// Whether written `?.`.
        optional: bool,
        /// The arguments.
        args: &'a [&'a Expr<'a>],
    },
    /// `e?`; left spine through `operand`.
    Try {
        /// The result or option.
        operand: &'a Expr<'a>,
        /// The token `?`: the position of its errors.
        op_span: Span,
    },
    /// `Ok(e)`, `Err(e)`, `Some(e)`
    Wrap {
        /// Which.
        wrapper: Wrapper,
        /// The content.
        value: &'a Expr<'a>,
    },
    /// `None`
    None,
    /// `throw(e)`
    Throw {
        /// The arguments: any number but one is a compile error.
        args: &'a [&'a Expr<'a>],
        /// The word `throw`: the position of the error.
        word: Span,
    },
    /// `A::B`, `A::B(args)`
    Tagged {
        /// The part before `::`.
        base: Ident,
        /// The part after it.
        variant: Ident,
        /// The arguments; `None` without parentheses.
        args: Option<&'a [&'a Expr<'a>]>,
    },
    /// `await e`
    Await {
        /// The word `await`.
        word: Span,
        /// The promise.
        operand: &'a Expr<'a>,
    },
    /// `yield`, `yield e`
    Yield {
        /// The word `yield`.
        word: Span,
        /// The produced value.
        value: Option<&'a Expr<'a>>,
    },
}

/// A piece of an interpolated string.
#[derive(Clone, Copy, Debug)]
pub enum StringPart<'a> {
    /// Literal text, never empty.
    Text(&'a str),
    /// `${e}`
    Hole(&'a Expr<'a>),
}

/// An element of an array literal.
#[derive(Clone, Copy, Debug)]
pub enum Element<'a> {
    /// A value.
    Item(&'a Expr<'a>),
    /// `...e`
    Spread {
        /// The array.
        value: &'a Expr<'a>,
        /// The first token of the expression: the position of spread errors.
        start: Span,
    },
}

/// An entry of a dict literal.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// `key: value`
    Pair {
        /// The key.
        key: &'a Expr<'a>,
        /// The value.
        value: &'a Expr<'a>,
    },
    /// `...e`
    Spread {
        /// The dict.
        value: &'a Expr<'a>,
        /// The first token of the expression: the position of spread errors.
        start: Span,
    },
}

/// One `name: value` of a struct literal.
#[derive(Clone, Copy, Debug)]
pub struct FieldInit<'a> {
    /// The field.
    pub name: Ident,
    /// Its value.
    pub value: &'a Expr<'a>,
}

impl<'a> Expr<'a> {
    /// The sub-expression that makes trees deep without nesting: the left operand of a binary operator, the callee of a call, the
    /// receiver of a postfix operator. `None` ends the spine.
    pub fn spine_child(&self) -> Option<&'a Expr<'a>> {
        match self.kind {
            ExprKind::Binary { left, .. } | ExprKind::Logical { left, .. } | ExprKind::Coalesce { left, .. } => {
                Some(left)
            }
            ExprKind::Pipe { input, .. } => Some(input),
            ExprKind::Call { callee, .. } => Some(callee),
            ExprKind::Index { object, .. } | ExprKind::Field { object, .. } | ExprKind::MethodCall { object, .. } => {
                Some(object)
            }
            ExprKind::Try { operand, .. } => Some(operand),
            _ => None,
        }
    }
}
