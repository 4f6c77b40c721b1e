//! Traces: where an error was raised, and who was active.
//!
//! A trace is a persistent list, innermost frame first, of numbers and spans; names and text are made when somebody looks. Errors
//! raised at many depths of one stack share what they have in common: the engine remembers, in the frame itself, the list of its
//! callers, and walks only as far as the first frame that knows. So an error that is raised again at each of n levels costs n steps,
//! not n squared.
//!
//! An async function that raises keeps the part of the trace up to its own frame. Whoever awaits the promise adds his own frames
//! behind it: a list of the task, then the list of those that wait for it ([`Trace::awaited`]). Reports show both; a script that
//! catches the error sees what the language says: an `await` raised it, among the functions active there.
//!
//! Lists are as long as the stack is deep; dropping one and walking one are loops.

use super::heap::{self, Header, Kind};
use super::value::Value;
use super::word::Word;
use crate::base::source::Span;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::mem::size_of;
use std::rc::Rc;

/// An active function and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in [`Names`].
    pub function: u32,
    /// The instruction that raised, or that waits for the next inner frame.
    pub span: Span,
}

/// How traces show a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By this name.
    Shown(Rc<str>),
    /// Not at all: the top level of a program, a test block, or what evaluates a default.
    Hidden,
    /// The top level of a module: by the import statement that runs it.
    Module,
}

/// How the functions of an engine are shown.
#[derive(Debug)]
pub struct Names {
    names: Box<[Name]>,
    /// PERF: the names of functions that raise in a loop are made values once.
    values: RefCell<Box<[Option<Value>]>>,
}

impl Names {
    /// The names of functions 0, 1, ...
    pub fn new(names: impl IntoIterator<Item = Name>) -> Names {
        let names: Box<[Name]> = names.into_iter().collect();
        let values = RefCell::new(vec![None; names.len()].into());
        Names { names, values }
    }

    fn get(&self, function: u32) -> Option<&Rc<str>> {
        match self.names.get(function as usize)? {
            Name::Shown(name) => Some(name),
            Name::Hidden | Name::Module => None,
        }
    }

    fn value(&self, function: u32) -> Option<Value> {
        let name = self.get(function)?;
        let mut values = self.values.borrow_mut();
        Some(values[function as usize].get_or_insert_with(|| Value::string(name)).clone())
    }
}

/// A list of frames, innermost first; `None` is the empty one.
pub type Frames = Option<Rc<Node>>;

/// A part of a list.
#[derive(Debug)]
pub enum Node {
    /// Frames, and those outside of them.
    Active {
        /// Innermost first.
        frames: SmallVec<[Frame; 4]>,
        /// Those outside.
        outer: Frames,
        /// Whether the outermost of `frames` is the frame of an async function or of a task: `outer` are its callers.
        ends_task: bool,
    },
    /// The frames of a task that has ended, and of those that wait for it.
    Awaited(Frames, Frames),
}

impl Node {
    fn take(&mut self) -> [Frames; 2] {
        match self {
            Node::Active { outer, .. } => [outer.take(), None],
            Node::Awaited(inner, outer) => [inner.take(), outer.take()],
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut work: SmallVec<[Rc<Node>; 2]> = self.take().into_iter().flatten().collect();
        while let Some(node) = work.pop() {
            if let Ok(mut node) = Rc::try_unwrap(node) {
                work.extend(node.take().into_iter().flatten());
            }
        }
    }
}

/// Frames in one part of a list.
const PART: usize = 16;
/// Walks of at most so many steps are not worth remembering.
const SHORT: usize = 32;

/// An engine's walk from the innermost active function outwards. `T` is what the engine knows a frame by.
///
/// PERF: collecting the steps first made a trace of three functions cost 600 machine instructions.
pub struct Walk<T> {
    /// The parts that are complete.
    parts: SmallVec<[Part<T>; 1]>,
    /// The part at work, if it has steps.
    open: Option<Part<T>>,
    /// Steps of all parts.
    steps: usize,
}

struct Part<T> {
    frames: SmallVec<[Frame; 4]>,
    steps: usize,
    ends_task: bool,
    /// The frame of its outermost step.
    last: T,
}

impl<T> Default for Walk<T> {
    /// A walk that has not begun.
    fn default() -> Walk<T> {
        Walk { parts: SmallVec::new(), open: None, steps: 0 }
    }
}

impl<T: Copy> Walk<T> {
    /// The next step outwards, to the frame `at`. Nothing is shown for a function that stands for a builtin. `ends_task`: it is the
    /// frame of an async function or of a task.
    pub fn step(&mut self, at: T, shown: Option<Frame>, ends_task: bool) {
        if let Some(part) = self.open.take_if(|part| part.steps == PART || part.ends_task) {
            self.parts.push(part);
        }
        let part = self.open.get_or_insert(Part { frames: SmallVec::new(), steps: 0, ends_task: false, last: at });
        if let Some(frame) = shown {
            part.frames.push(frame);
        }
        part.steps += 1;
        part.ends_task = ends_task;
        part.last = at;
        self.steps += 1;
    }

    /// The list of the frames, inside of `outer`. After a long walk, `remember` gets some of the frames, each with the list of those
    /// outside of it: a later walk may stop there.
    pub fn list(mut self, outer: Frames, mut remember: impl FnMut(T, &Frames)) -> Frames {
        let mut list = outer;
        while let Some(Part { frames, ends_task, last, .. }) = self.open.take().or_else(|| self.parts.pop()) {
            if self.steps > SHORT {
                remember(last, &list);
            }
            if !frames.is_empty() || ends_task {
                list = Some(Rc::new(Node::Active { frames, outer: list, ends_task }));
            }
        }
        list
    }
}

/// The frames up to the innermost end of a task.
fn of_task(list: &Frames) -> Frames {
    let mut parts = Vec::new();
    let mut next = list.as_ref();
    while let Some(node) = next {
        let Node::Active { frames, outer, ends_task } = &**node else { break };
        parts.push(frames);
        if *ends_task {
            if outer.is_none() {
                return list.clone();
            }
            break;
        }
        next = outer.as_ref();
    }
    parts.into_iter().rev().enumerate().fold(None, |outer, (number, frames)| {
        Some(Rc::new(Node::Active { frames: frames.clone(), outer, ends_task: number == 0 }))
    })
}

/// Where an error was raised, and who was active.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where it was raised, by an `await` if a promise was rejected with it.
    span: Span,
    /// Where it was raised first.
    origin: Span,
    /// The frames of tasks that have ended with it.
    ended: Frames,
    /// The frames that were active when it was raised, or raised by an `await`.
    active: Frames,
    names: Rc<Names>,
}

impl Trace {
    /// An error in `active` functions, raised where the innermost one stands.
    pub fn new(active: Frames, names: Rc<Names>) -> Trace {
        let innermost = match active.as_deref() {
            Some(Node::Active { frames, .. }) => frames.first().copied(),
            _ => None,
        };
        let innermost = innermost.or_else(|| walk([&active, &None]).next());
        let span = innermost.map_or(Span::default(), |frame| frame.span);
        Trace { span, origin: span, ended: None, active, names }
    }

    /// The same, raised at `span`.
    pub fn at(self, span: Span) -> Trace {
        Trace { span, origin: span, ..self }
    }

    /// Where it was raised: what a script sees, for which every `await` raises the error of its promise.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where it was raised first: what reports show.
    pub fn origin(&self) -> Span {
        self.origin
    }

    /// The same where the promise of a task that has ended with it is awaited, by the `waiting` functions.
    pub fn awaited(&self, waiting: &Trace) -> Trace {
        let (ended, active) = (join(&self.ended, &self.active), waiting.active.clone());
        Trace { span: waiting.span, origin: self.origin, ended, active, names: self.names.clone() }
    }

    /// What the promise of the innermost task keeps of it.
    pub fn of_task(&self) -> Trace {
        let ended = join(&self.ended, &of_task(&self.active));
        Trace { ended, active: None, ..self.clone() }
    }

    /// The frames of the task that raised it first, then of those that waited for it: for each that has one the name, and where it
    /// stands.
    pub fn frames(&self) -> impl Iterator<Item = (&Rc<str>, Span)> {
        // The innermost one stands where the error was raised, which an instruction with several positions knows better.
        let origin = |(at, frame): (usize, Frame)| if at == 0 { Frame { span: self.origin, ..frame } } else { frame };
        let frames = walk([&self.active, &self.ended]).enumerate().map(origin);
        frames.filter_map(|frame| Some((self.names.get(frame.function)?, frame.span)))
    }

    /// The import statements that were running modules, the innermost first.
    pub fn imports(&self) -> impl Iterator<Item = Span> {
        let mut inside = false;
        walk([&self.active, &self.ended]).filter_map(move |frame| {
            let module = matches!(self.names.names.get(frame.function as usize), Some(Name::Module));
            std::mem::replace(&mut inside, module).then_some(frame.span)
        })
    }

    /// The array of the names of the functions that were active where it was raised, outermost first.
    pub fn stack(&self) -> Value {
        let mut names: Vec<Value> =
            walk([&self.active, &None]).filter_map(|frame| self.names.value(frame.function)).collect();
        names.reverse();
        Value::array(names)
    }
}

/// The frames of two lists, those of the second one first; each innermost first.
fn walk<'t>(lists: [&'t Frames; 2]) -> impl Iterator<Item = Frame> + 't {
    let mut work: SmallVec<[&Rc<Node>; 2]> = lists.into_iter().flatten().collect();
    let mut list: std::slice::Iter<'_, Frame> = [].iter();
    std::iter::from_fn(move || {
        loop {
            if let Some(&frame) = list.next() {
                return Some(frame);
            }
            match &**work.pop()? {
                Node::Active { frames, outer, .. } => {
                    list = frames.iter();
                    work.extend(outer);
                }
                Node::Awaited(inner, outer) => {
                    work.extend(outer);
                    work.extend(inner);
                }
            }
        }
    })
}

fn join(inner: &Frames, outer: &Frames) -> Frames {
    match (inner, outer) {
        (None, list) | (list, None) => list.clone(),
        _ => Some(Rc::new(Node::Awaited(inner.clone(), outer.clone()))),
    }
}

/// A trace on the heap: what the field `stack` of an error holds until somebody asks for it.
#[repr(C)]
pub struct TraceObject {
    /// Of kind [`Kind::Trace`].
    pub header: Header,
    trace: Trace,
}

impl TraceObject {
    /// A new object. No script ever sees it.
    pub(super) fn allocate(trace: Trace) -> Value {
        let object: *mut TraceObject = heap::alloc_object(size_of::<TraceObject>());
        // SAFETY: fresh memory of that size, and a new object with one owner.
        unsafe {
            object.write(TraceObject { header: Header::new(Kind::Trace), trace });
            Value::from_word(Word::object(object))
        }
    }

    /// # Safety
    /// The object lives as long as the reference.
    pub(super) unsafe fn trace<'a>(object: *const TraceObject) -> &'a Trace {
        // SAFETY: the caller's; traces do not change.
        unsafe { &(*object).trace }
    }

    /// # Safety
    /// The object dies.
    pub(super) unsafe fn drop_trace(object: *mut TraceObject) {
        // SAFETY: the caller's: nobody reads the trace again.
        unsafe { std::ptr::drop_in_place(&raw mut (*object).trace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The walk over some functions, each known by its number; the frame of `task` is that of a task.
    fn steps(functions: std::ops::Range<u32>, task: u32) -> Walk<u32> {
        let mut walk = Walk::default();
        for function in functions {
            walk.step(function, Some(Frame { function, span: Span::default() }), function == task);
        }
        walk
    }

    fn trace(active: Frames) -> Trace {
        let names = Names::new((0..300).map(|number| Name::Shown(number.to_string().into())));
        Trace::new(active, Rc::new(names))
    }

    fn functions(trace: &Trace) -> Vec<u32> {
        walk([&trace.active, &trace.ended]).map(|frame| frame.function).collect()
    }

    #[test]
    fn lists_continue_where_a_frame_is_remembered() {
        let mut known = None;
        let list = steps(0..200, u32::MAX).list(None, |at, outer| {
            if at == 47 {
                known = Some(outer.clone());
            }
        });
        assert_eq!(functions(&trace(list)), (0..200).collect::<Vec<_>>());
        let outer = known.expect("every sixteenth frame is remembered");
        let list = steps(40..48, u32::MAX).list(outer, |_, _| panic!("a short walk is not remembered"));
        assert_eq!(functions(&trace(list)), (40..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_task_keeps_its_own_frames_and_gets_those_of_who_waits() {
        let list = steps(0..100, 20).list(None, |_, _| {});
        let rejected = trace(list).of_task();
        assert_eq!(functions(&rejected), (0..21).collect::<Vec<_>>());
        let waiting = trace(steps(200..203, 201).list(None, |_, _| {}));
        let awaited = rejected.awaited(&waiting);
        assert_eq!(functions(&awaited), (0..21).chain(200..203).collect::<Vec<_>>());
        let again = awaited.of_task().awaited(&waiting);
        assert_eq!(functions(&again), (0..21).chain(200..202).chain(200..203).collect::<Vec<_>>());
        assert_eq!(again.stack().as_array().map(<[Value]>::len), Some(3), "scripts see who is active");
    }

    #[test]
    fn long_lists_take_no_native_stack() {
        let mut long = trace(steps(0..1, 0).list(None, |_, _| {}));
        let waiting = trace(steps(1..2, 1).list(None, |_, _| {}));
        for _ in 0..1_000_000 {
            long = long.awaited(&waiting).of_task();
        }
        assert_eq!(walk([&long.active, &long.ended]).count(), 1_000_001);
    }
}
