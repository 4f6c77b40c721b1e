//! Tasks and async functions. The outermost frame of a task, and the frame of an async function, have seven link slots: R[-7]
//! the caller's frame, R[-6] where the caller goes on (null: nobody called, the scheduler decides), R[-5] the promise, R[-4] the
//! depth, R[-3] the closure, R[-2] the frame itself, R[-1] the `async_end` stub. R[-7] is also where the caller expects the result.
//!
//! An async function runs on its caller's stack until it has to wait. Then its frames, and those of the calls it has made, are
//! moved away as one segment, and the caller gets the promise. The scheduler puts a segment that is ready back, above the frames
//! of the program itself, which stay where they are while the program waits. Nothing here nests dispatch loops.

use super::call::{BOUNDARY, LINK, own_callee, stack_needed};
use super::generator::{complete, fail, give_up_operands};
use crate::base::limits::MAX_CALL_DEPTH;
use crate::bytecode::op::{Fields, Opcode};
use crate::runtime::budget;
use crate::runtime::builtins::{self, Args, BuiltinId};
use crate::runtime::cell;
use crate::runtime::error::{RuntimeError, Thrown};
use crate::runtime::function::{self, FunctionRef};
use crate::runtime::heap::Kind;
use crate::runtime::promise::{self, Role, Settled, State};
use crate::runtime::release::{release, retain};
use crate::runtime::value::{Value, View};
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::handlers;
use crate::vm::scheduler::{Answer, Begin, MainFrames, Segment, Task, Wait};
use crate::vm::trace;
use std::cell::Cell;
use std::rc::Rc;

handlers! {
    fn async_start(m) {
        m.helper(make_promise)
    }
    fn async_end(m) {
        m.helper(end_async)
    }
    fn next_task(m) {
        m.helper(choose_task)
    }
    fn await_value(m) {
        m.helper(await_slow)
    }
    fn spawn(m) {
        m.helper(spawn_task)
    }
}

/// Globals of a task: copies made when it was spawned.
pub(crate) struct Environment {
    slots: Vec<Cell<u64>>,
}

impl Environment {
    /// Copies `count` slots.
    ///
    /// # Safety
    /// They hold live values.
    pub unsafe fn copy(slots: *const u64, count: usize) -> Environment {
        // SAFETY: the caller's.
        let words = unsafe { std::slice::from_raw_parts(slots, count) };
        for &word in words {
            // SAFETY: the caller's.
            unsafe { retain(Word(word)) };
        }
        Environment { slots: words.iter().copied().map(Cell::new).collect() }
    }

    /// Where instructions find them.
    pub fn slots(&self) -> *mut u64 {
        self.slots.as_ptr() as *mut u64
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        for slot in &self.slots {
            // SAFETY: the slots own their values, and no task runs with them any more.
            unsafe { release(Word(slot.replace(Word::NULL.0))) };
        }
    }
}

/// Fills the link slots of a frame that nobody's call has pushed.
unsafe fn link(frame: *mut u64, call: [u64; 2], promise: Word, depth: u64, closure: u64, stub: *mut u64) {
    // SAFETY: the caller's: the slots are below the frame and free.
    unsafe {
        [*frame.sub(7), *frame.sub(6)] = call;
        *frame.sub(5) = promise.0;
        *frame.sub(4) = depth;
        *frame.sub(3) = closure;
        *frame.sub(2) = frame as u64;
        *frame.sub(1) = stub as u64;
    }
}

/// The frame moves up to make room for the link slots.
#[inline(never)]
unsafe fn make_promise(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: a frame just entered: its links are the call's, its arguments are its first registers. The stack has room for
    // the longer links of every frame.
    unsafe {
        let code = &vm.program.functions[vm.function_at(pc)];
        let arity = code.arity as usize;
        let closure = if code.captures > 0 { own_callee(base).0 } else { *base.sub(3) };
        let (depth, call) = (trace::depth(base), [*base.sub(2), *base.sub(1)]);
        let frame = base.add(BOUNDARY - LINK);
        std::ptr::copy(base, frame, arity);
        let promise = promise::new(Role::Plain).into_word();
        link(frame, call, promise, depth, closure, vm.async_end);
        vm.base = frame;
        pc.add(2)
    }
}

/// The async function or task whose frame is `base` has returned.
#[inline(never)]
unsafe fn end_async(vm: &mut Vm, _pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the frame links back to itself; its result is owned.
    unsafe {
        let result = Value::from_word(Word(*base.sub(4)));
        match settled(vm, base, Ok(result)) {
            Some(next) => next,
            None => run_next(vm),
        }
    }
}

#[inline(never)]
unsafe fn choose_task(vm: &mut Vm, _pc: *mut u64, _base: *mut u64) -> *mut u64 {
    // SAFETY: the task that ran has ended, so the program waits.
    unsafe { run_next(vm) }
}

/// Gives the promise of the frame its result, and goes on in the caller, which gets the promise; nothing if another task is to run.
pub(crate) unsafe fn settled(vm: &mut Vm, frame: *mut u64, result: Settled) -> Option<*mut u64> {
    // SAFETY: the caller's: the frame of a task or async function, which has ended.
    unsafe {
        let promise = Value::from_word(Word(*frame.sub(5)));
        vm.settle(promise.clone(), result);
        let next = *frame.sub(6) as *mut u64;
        if next.is_null() {
            return None;
        }
        vm.base = *frame.sub(7) as *mut u64;
        *frame.sub(7) = promise.into_word().0;
        Some(next)
    }
}

#[inline(never)]
unsafe fn await_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register b holds a live value.
    unsafe {
        let value = Value::from_borrowed(Word(*base.add(Fields::decode(*pc.add(1)).b as usize)));
        let found = vm.await_value(&value);
        drop(value);
        answer(vm, pc, base, found)
    }
}

/// Goes on with what came of the instruction `pc`, which has not consumed its operands.
pub(crate) unsafe fn answer(vm: &mut Vm, pc: *mut u64, base: *mut u64, answer: Answer) -> *mut u64 {
    // SAFETY: the caller's.
    unsafe {
        match answer {
            Answer::Value(value) => complete(vm, pc, base, value),
            Answer::Error(error) => fail(vm, pc, base, error),
            Answer::Wait(wait) => suspend(vm, pc, base, wait),
        }
    }
}

/// Starts a task over a closure: with copies of its cells, and of the globals.
#[inline(never)]
unsafe fn spawn_task(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: register a holds a function, which moves. The globals are live.
    unsafe {
        let closure = Value::from_word(Word(*base.add(Fields::decode(*pc.add(1)).a as usize)));
        let function = with_own_cells(vm, &closure).unwrap_or(closure);
        let globals = Environment::copy(vm.globals, vm.program.globals.len());
        let promise = promise::new(Role::Spawned);
        let environment = Some(Rc::new(globals));
        vm.scheduler.start(Begin { function, arguments: Vec::new(), promise, environment });
        pc.add(2)
    }
}

/// The same closure over copies of the cells it captures.
fn with_own_cells(vm: &Vm, closure: &Value) -> Option<Value> {
    let function = closure.as_function()?;
    let (info, entry) = vm.closure_parts(function.info()?.id as usize);
    let captures = (0..info.captures as usize).map_while(|at| function.capture(at));
    let own = |value: &Value| match value.kind() {
        Some(Kind::Cell) => cell::get(value).map_or_else(cell::unassigned, cell::new),
        _ => value.clone(),
    };
    let captures: Vec<Value> = captures.map(own).collect();
    (!captures.is_empty()).then(|| function::new(info, entry, captures))
}

/// What encloses a frame.
enum Outside {
    /// The frame of this task or async function; how many frames there are up to it.
    Task(*mut u64, u64),
    /// The program itself.
    Program,
}

/// Walks to the outermost frame of the running task.
unsafe fn outside(vm: &Vm, base: *mut u64) -> Outside {
    // SAFETY: the link slots of active frames.
    unsafe {
        let (mut frame, mut frames) = (base, 1);
        loop {
            let back = *frame.sub(1) as *mut u64;
            if back == vm.async_end {
                return Outside::Task(frame, frames);
            }
            if back == vm.halt() {
                return Outside::Program;
            }
            frame = *frame.sub(if back == vm.generator_end { 7 } else { 2 }) as *mut u64;
            frames += 1;
        }
    }
}

/// The instruction `pc` waits: its task is put aside, and its caller or another task goes on.
pub(crate) unsafe fn suspend(vm: &mut Vm, pc: *mut u64, base: *mut u64, wait: Wait) -> *mut u64 {
    // SAFETY: the caller's: the instruction stands in the innermost frame.
    unsafe {
        let top = base.add(vm.frame_size_at(pc));
        match outside(vm, base) {
            Outside::Program => {
                let id = vm.scheduler.new_id();
                let depth = trace::depth(base);
                vm.scheduler.main = Some(MainFrames { id, pc, base, top, depth, away: None });
                vm.scheduler.park(id, Task::Main(None));
                vm.scheduler.enlist(id, wait);
                run_next(vm)
            }
            Outside::Task(frame, frames) => {
                let promise = Value::from_borrowed(Word(*frame.sub(5)));
                let View::Promise(view) = promise.view() else { unreachable!("the link is a promise") };
                if view.task() == 0 {
                    view.set_task(vm.scheduler.new_id());
                }
                let id = view.task();
                let origin = frame.sub(BOUNDARY);
                let (caller, next) = (*frame.sub(7) as *mut u64, *frame.sub(6) as *mut u64);
                *frame.sub(6) = 0;
                let words = std::slice::from_raw_parts(origin, top.offset_from(origin) as usize);
                let segment = Segment {
                    words: words.into(),
                    origin,
                    base: base.offset_from(origin) as usize,
                    pc,
                    frames,
                    environment: vm.environment.clone(),
                };
                vm.scheduler.park(id, Task::Away(segment, None));
                vm.scheduler.enlist(id, wait);
                if next.is_null() {
                    return run_next(vm);
                }
                *frame.sub(7) = promise.into_word().0;
                vm.base = caller;
                next
            }
        }
    }
}

/// Goes on with the task that has been ready longest, waiting for a timer if none is.
pub(crate) unsafe fn run_next(vm: &mut Vm) -> *mut u64 {
    // SAFETY: the program waits, or nothing would have to be run: its frames are where `main` says.
    unsafe {
        loop {
            vm.recorder.stale = true;
            if let Err(error) = vm.scheduler.fire(&mut vm.host) {
                return stop_program(vm, error);
            }
            let next = match vm.scheduler.next_ready() {
                Some(Task::Main(outcome)) => {
                    let (pc, base) = back_to_program(vm);
                    finish(vm, pc, base, outcome)
                }
                Some(Task::Away(segment, outcome)) => {
                    let pc = segment.pc;
                    let base = restore(vm, segment);
                    finish(vm, pc, base, outcome)
                }
                Some(Task::New(begin)) => match begin_task(vm, begin) {
                    Some(pc) => pc,
                    None => continue,
                },
                None => match vm.scheduler.idle(&mut vm.host) {
                    Some(error) => stop_program(vm, error),
                    None => continue,
                },
            };
            return next;
        }
    }
}

/// Raises an error where the program waits.
unsafe fn stop_program(vm: &mut Vm, error: RuntimeError) -> *mut u64 {
    let id = vm.scheduler.main.as_ref().map_or(0, |main| main.id);
    vm.scheduler.remove(id);
    // SAFETY: the caller's: the program waits.
    unsafe {
        let (pc, base) = back_to_program(vm);
        fail(vm, pc, base, error)
    }
}

/// The instruction that waited has its answer.
unsafe fn finish(vm: &mut Vm, pc: *mut u64, base: *mut u64, outcome: Option<Settled>) -> *mut u64 {
    // SAFETY: the caller's.
    unsafe {
        match outcome {
            Some(Ok(value)) => complete(vm, pc, base, value),
            Some(Err(rejected)) => fail(vm, pc, base, RuntimeError::rejected(rejected)),
            None => complete(vm, pc, base, Value::NULL),
        }
    }
}

/// The frames of the program are the ones to go on with; the instruction and the frame that waited.
pub(crate) unsafe fn back_to_program(vm: &mut Vm) -> (*mut u64, *mut u64) {
    let main = vm.scheduler.main.take().expect("tasks run only while the program waits");
    if let Some(words) = &main.away {
        // SAFETY: they stood there before.
        unsafe { std::ptr::copy_nonoverlapping(words.as_ptr(), vm.stack_start(), words.len()) };
    }
    vm.set_environment(None);
    vm.base = main.base;
    (main.pc, main.base)
}

/// Where a task with `frames` frames of `words` words goes, and the depth below it. If it does not fit above the frames of the
/// program, those go away.
unsafe fn place(vm: &mut Vm, frames: u64, words: usize) -> (*mut u64, u64) {
    let start = vm.stack_start();
    let end = vm.stack_end as usize;
    let main = vm.scheduler.main.as_mut().expect("tasks run only while the program waits");
    if main.away.is_none() {
        let room = (end - main.top as usize) / 8;
        if main.depth + frames <= MAX_CALL_DEPTH as u64 && room >= stack_needed(main.depth + frames, words) {
            return (main.top, main.depth);
        }
        // SAFETY: the frames of the program stand from the start of the stack to `top`.
        let used = unsafe { std::slice::from_raw_parts(start, main.top.offset_from(start) as usize) };
        main.away = Some(used.into());
    }
    (start, 0)
}

/// Puts the frames of a task back; its innermost frame.
unsafe fn restore(vm: &mut Vm, segment: Segment) -> *mut u64 {
    // SAFETY: there is room for the segment, as there was before.
    unsafe {
        let (start, depth) = place(vm, segment.frames, segment.words.len());
        std::ptr::copy_nonoverlapping(segment.words.as_ptr(), start, segment.words.len());
        let base = start.add(segment.base);
        relocate(vm, base, start as i64 - segment.origin as i64, depth + segment.frames);
        vm.set_environment(segment.environment);
        base
    }
}

/// Corrects the links of frames that have been moved by `delta` bytes; the innermost, at `base`, is at depth `depth` now.
unsafe fn relocate(vm: &Vm, base: *mut u64, delta: i64, mut depth: u64) {
    // SAFETY: the link slots of the frames of a segment.
    unsafe {
        let mut frame = base;
        loop {
            let back = *frame.sub(1) as *mut u64;
            *frame.sub(4) = depth;
            depth -= 1;
            if back == vm.async_end {
                *frame.sub(2) = frame as u64;
                return;
            }
            let link = if back == vm.generator_end {
                *frame.sub(2) = frame as u64;
                frame.sub(7)
            } else {
                frame.sub(2)
            };
            *link = (*link as i64 + delta) as u64;
            frame = *link as *mut u64;
        }
    }
}

/// Begins a task; nothing if that is already the end of it.
unsafe fn begin_task(vm: &mut Vm, begin: Begin) -> Option<*mut u64> {
    let Begin { function, arguments, promise, environment } = begin;
    let callee = function.as_function()?;
    if let Some(row) = callee.builtin_row().filter(|&row| vm.forward(row).is_none()) {
        return match call_builtin(vm, row, arguments) {
            Ok(result) => {
                vm.settle(promise, result);
                None
            }
            // SAFETY: tasks run only while the program waits.
            Err(stop) => Some(unsafe { stop_program(vm, stop) }),
        };
    }
    let number = match callee.builtin_row() {
        Some(row) => vm.forward(row).unwrap_or(0),
        None => callee.info().map_or(0, |info| info.id as usize),
    };
    let code = &vm.program.functions[number];
    let (arity, captures, size) = (code.arity as usize, code.captures, code.frame_size as usize);
    if arity != arguments.len() {
        let name = code.name.as_deref().unwrap_or("<lambda>");
        let text = format!("{name} expects {arity} arguments, got {}", arguments.len());
        vm.settle(promise, Err(Thrown::message(&text)));
        return None;
    }
    // SAFETY: the place has room for the frame; the closure and the arguments move into it.
    unsafe {
        let (start, depth) = place(vm, 1, BOUNDARY + size);
        let frame = start.add(BOUNDARY);
        let closure = if captures > 0 { function.into_word().0 } else { Word::NULL.0 };
        link(frame, [0, 0], promise.into_word(), depth + 1, closure, vm.async_end);
        for (at, argument) in arguments.into_iter().enumerate() {
            *frame.add(at) = argument.into_word().0;
        }
        vm.set_environment(environment);
        vm.base = frame;
        let entry = vm.entry(number);
        Some(async_body(entry).unwrap_or(entry))
    }
}

/// Where the body of an async function starts, behind the making of its promise.
unsafe fn async_body(entry: *mut u64) -> Option<*mut u64> {
    // SAFETY: the entry of a function, which has more than two instructions if it starts with a test of the stack.
    unsafe {
        let opcode = |pc: *mut u64| Opcode::from_word(Fields::decode(*pc.add(1)).op);
        let at = if opcode(entry) == Some(Opcode::check_stack) { entry.add(2) } else { entry };
        (opcode(at) == Some(Opcode::async_start)).then(|| at.add(2))
    }
}

/// A task that consists of a builtin. It is no instruction that could be done again, so what it costs is charged afterwards.
///
/// # Errors
/// A limit that ends the program.
fn call_builtin(vm: &mut Vm, row: u16, mut arguments: Vec<Value>) -> Result<Settled, RuntimeError> {
    let left = budget::fuel();
    budget::set_fuel(u64::MAX);
    let admitted = match vm.metered {
        true => vm.charge_builtin(row, &arguments),
        false => crate::runtime::heap::check(),
    };
    let result = admitted.and_then(|()| run_builtin(vm, row, &mut arguments));
    let used = u64::MAX - budget::fuel();
    budget::set_fuel(left.saturating_sub(used));
    vm.record_builtin(row, used);
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ (RuntimeError::Stop(_) | RuntimeError::Exit(_))) => Err(error),
        Err(error) => Ok(Err(error.into_thrown().unwrap_or_else(|error| Thrown::message(&error.text())))),
    }
}

fn run_builtin(vm: &mut Vm, row: u16, arguments: &mut [Value]) -> Result<Value, RuntimeError> {
    let owned = (1u64 << arguments.len().min(63)) - 1;
    let kept = arguments.to_vec();
    match builtins::call(BuiltinId(row), &mut vm.host, Args::new(arguments, owned)) {
        Err(RuntimeError::Trap(trap)) => match vm.trap(trap.of_task(), &kept) {
            Answer::Value(value) => Ok(value),
            Answer::Error(error) => Err(error),
            Answer::Wait(_) => Err(RuntimeError::message("A builtin cannot wait here")),
        },
        result => result,
    }
}

/// Drops tasks with all they hold.
pub(crate) fn discard_all(vm: &mut Vm) {
    for task in vm.scheduler.remove_all() {
        discard(vm, task);
    }
}

fn discard(vm: &mut Vm, task: Task) {
    if let Task::Away(mut segment, _) = task {
        // SAFETY: the frames are released where they are, after their links have been corrected.
        unsafe {
            let start = segment.words.as_mut_ptr();
            let base = start.add(segment.base);
            relocate(vm, base, start as i64 - segment.origin as i64, segment.frames);
            give_up_operands(segment.pc, base);
            vm.release_frames(segment.pc, base);
        }
    }
}

impl Vm {
    /// Whether a function is async.
    pub(crate) fn is_async(&self, function: FunctionRef<'_>) -> bool {
        // SAFETY: the entry of a function of the program.
        function.info().is_some_and(|info| unsafe { async_body(self.entry(info.id as usize)).is_some() })
    }

    /// Ends the task that was to fulfil `promise`, unless it has; whether there was one.
    pub(crate) fn cancel(&mut self, promise: &Value) -> bool {
        let View::Promise(view) = promise.view() else { return false };
        if view.state() != State::Pending {
            return false;
        }
        let Some(task) = self.scheduler.remove(view.task()) else { return false };
        discard(self, task);
        self.settle(promise.clone(), Err(Thrown::message("Task was cancelled")));
        view.observe();
        true
    }

    /// Makes a task's globals, or the program's, the current ones.
    pub(crate) fn set_environment(&mut self, environment: Option<Rc<Environment>>) {
        self.globals = match &environment {
            Some(environment) => environment.slots(),
            None => self.program_globals(),
        };
        self.environment = environment;
    }
}
