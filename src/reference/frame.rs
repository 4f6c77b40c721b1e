//! Activations, and what is to be done in them.

use super::Interpreter;
use crate::base::operator::BinaryOp;
use crate::base::source::Span;
use crate::resolve::{BindingId, FunctionKey, Unit};
use crate::runtime::error::RuntimeError;
use crate::runtime::trace::Frames;
use crate::runtime::value::Value;
use crate::syntax::ast::{Block, Branch, Case, Expr, Function, Ident, Stmt};
use rustc_hash::FxHashMap;

/// One activation of a function.
pub(super) struct Frame<'a> {
    /// The function.
    pub key: FunctionKey,
    /// The program it belongs to.
    pub unit: Unit,
    /// Its tree.
    pub node: &'a Function<'a>,
    /// The cells of its variables and of those it captures.
    pub variables: FxHashMap<BindingId, Value>,
    /// What is still to be done, the next last.
    pub todo: Vec<Todo<'a>>,
    /// Operands waiting for what needs them.
    pub values: Vec<Value>,
    /// Where it stands while it waits for another frame, a task, or a moment.
    pub at: Span,
    /// The frames outside of it.
    pub callers: Callers,
    /// What becomes of it at its end.
    pub role: Role,
}

/// Whether the list of the frames outside of a frame is known, because an error has been traced through it. They do not change until the
/// frame ends, or is put elsewhere.
pub(super) enum Callers {
    /// Nobody has looked.
    Unknown,
    /// Somebody has.
    Known(Frames),
}

/// Who gets the result of an activation.
pub(super) enum Role {
    /// Nobody: the run ends.
    Top,
    /// The frame below: its value.
    Call,
    /// The frame below, which has demanded a value: there is none.
    Generator(u64),
    /// A promise; `called`: the frame below goes on with the promise. Otherwise the scheduler started or restarted it.
    Async {
        /// The promise.
        promise: Value,
        /// Whether the frame below waits.
        called: bool,
    },
}

/// One thing to do. Operands are on the frame's values, the last one on top.
pub(super) enum Todo<'a> {
    /// Evaluates.
    Expr(&'a Expr<'a>),
    /// The first operand is there: the others follow, or not.
    Rest(&'a Expr<'a>),
    /// All operands are there.
    Apply(&'a Expr<'a>),
    /// Left and right are there.
    Binary(BinaryOp, Span),
    /// To a bool.
    Truth,
    /// To the opposite bool.
    Negate,
    /// Exchanges the two topmost values.
    Swap,
    /// Callee and so many arguments are there.
    Call(usize, Span),
    /// Receiver and so many arguments are there.
    Method(Ident, usize),
    /// An array and an element.
    Append,
    /// An array and what is spread into it.
    Extend(Span),
    /// A dict and so many keys with their values.
    Pairs(usize, Span),
    /// A dict and what is spread into it.
    Merge(Span),
    /// A string, to which a text is added.
    Text(&'a str, Span),
    /// A string and a value whose text is added.
    AppendText(Span),
    /// A struct, which may lack fields with defaults.
    Fill(Span),
    /// A struct and the value of a field.
    FillWith(&'static str, Span),
    /// Runs statements.
    Statements(&'a [Stmt<'a>]),
    /// The operands of a statement are there.
    Finish(&'a Stmt<'a>),
    /// A value nobody needs.
    Forget,
    /// The condition of the first branch is there.
    If(&'a [Branch<'a>], Option<&'a Block<'a>>),
    /// The next iteration of a `while` or `loop`.
    Loop(&'a Stmt<'a>),
    /// The condition of a `while` is there.
    Check(&'a Stmt<'a>),
    /// The bounds of a counting `for` are there.
    OpenRange(&'a Stmt<'a>, usize),
    /// What a `for` iterates over is there.
    Open(&'a Stmt<'a>),
    /// The next iteration of a counting `for`: the next number, and the first one that is too large.
    Count(&'a Stmt<'a>, i64, i64),
    /// The next iteration of a `for` over an iterator.
    Over(&'a Stmt<'a>, Value),
    /// The next iteration of a `for` over a generator.
    Demand(&'a Stmt<'a>, Value),
    /// A `for` waits for its generator.
    Delivery(&'a Stmt<'a>, Value),
    /// A call of `next` waits for its generator, which it keeps alive.
    Next(#[allow(dead_code, reason = "held, not read")] Value),
    /// The end of a `try` body.
    Handler(&'a Stmt<'a>),
    /// The keys of `path op= e` are there.
    ReadOld(&'a Stmt<'a>),
    /// The keys and the new value of `path op= e` are there.
    Store(&'a Stmt<'a>),
    /// The operands of a change of a variable are there.
    Update(&'a Stmt<'a>),
    /// Tries the cases.
    Cases(&'a [Case<'a>], Option<&'a Block<'a>>, Value),
    /// Whether the first case matches is there.
    Matched(&'a [Case<'a>], Option<&'a Block<'a>>, Value),
    /// The guard of the first case is there.
    Guarded(&'a [Case<'a>], Option<&'a Block<'a>>, Value),
    /// The top level of a module has returned.
    Imported(&'a Stmt<'a>, usize),
}

/// An error, and where it is raised.
pub(super) struct Fault {
    /// The error.
    pub error: RuntimeError,
    /// Where.
    pub span: Span,
}

impl Fault {
    /// An error with this message.
    pub fn message(text: impl Into<Box<str>>, span: Span) -> Fault {
        Fault { error: RuntimeError::message(text), span }
    }
}

impl Interpreter<'_, '_> {
    /// The last frame has returned `value`.
    pub(super) fn leave(&mut self, value: Value) {
        let Some(frame) = self.frames.pop() else { return };
        match frame.role {
            Role::Top => self.ending = Some(super::Ending::Finished),
            Role::Call => self.push(value),
            Role::Generator(number) => {
                self.finish_generator(number);
                self.deliver(None);
            }
            Role::Async { promise, called } => {
                self.settle(promise.clone(), Ok(value));
                if called {
                    self.push(promise);
                }
            }
        }
    }
}
