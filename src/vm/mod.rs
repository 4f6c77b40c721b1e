//! The register machine.
//!
//! One value stack, reserved once and never moved; frames are sliding windows on it (`handlers/call.rs`). Code is loaded into
//! memory the machine owns, because instructions quicken themselves. Errors unwind by side tables (`unwind.rs`).

pub mod counters;
pub(crate) mod dispatch;
mod fusion;
pub(crate) mod handlers;
mod loader;
mod meter;
mod pattern;
mod profile;
mod scheduler;
mod site;
pub(crate) mod trace;
mod unwind;

use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::source::{SourceMap, Span};
use crate::bytecode::op::Opcode;
use crate::bytecode::program::Program;
use crate::runtime::builtins;
use crate::runtime::error::{Raised, RuntimeError};
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::kept::Keeper;
use crate::runtime::memory::Bound;
use crate::runtime::methods::StructTypes;
use crate::runtime::release::release;
use crate::runtime::trace::Names;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use counters::Counting;
use handlers::task::Environment;
use loader::Loaded;
use profile::Recorder;
use scheduler::Scheduler;
use std::alloc::{GlobalAlloc, Layout, System};
use std::rc::Rc;

pub use meter::Limits;
pub use profile::{BuiltinCounts, Chain, DEEPEST, FunctionCounts, Profile};

/// Registers the stack has room for, 512 MiB of address space: red-zone frames at the greatest depth, and as much again for
/// larger frames (of 600 registers at the greatest depth, say). Untouched pages take no memory.
const STACK_WORDS: usize = 1 << 26;
const _: () = assert!(STACK_WORDS > 2 * handlers::call::stack_needed(0, 0));

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// The top level returned.
    Finished,
    /// `exit(code)`.
    Exit(i32),
    /// An error nobody caught, or a full memory.
    Error(Raised),
    /// The fuel is used up: [`Vm::resume`] goes on when there is more. The error says where.
    Paused(Raised),
}

/// The machine, loaded with one program.
pub struct Vm {
    /// Global slots.
    pub(crate) globals: *mut u64,
    /// The frame to go on with after a helper.
    pub(crate) base: *mut u64,
    /// The instruction to go on with (portable driver only).
    #[cfg_attr(not(ruff_portable), allow(dead_code))]
    pub(crate) pc: *mut u64,
    /// Whether `halt` has not been reached (portable driver only).
    #[cfg_attr(not(ruff_portable), allow(dead_code))]
    pub(crate) running: bool,
    /// A replaced value on its way to be released.
    pub(crate) spill: u64,
    /// Where the bodies of generators return to.
    pub(crate) generator_end: *mut u64,
    /// Where async functions and tasks return to.
    pub(crate) async_end: *mut u64,
    /// Tasks, timers, and what they share.
    pub(crate) scheduler: Scheduler,
    /// The globals of the running task, unless they are the program's.
    pub(crate) environment: Option<Rc<Environment>>,
    /// The handler that counts executed instructions, if they are counted.
    pub(crate) counter: Option<dispatch::Handler>,
    /// Whether no instruction quickens itself, because something stands before the handlers.
    pub(crate) steady: bool,
    /// Whether the host limits the program's fuel.
    pub(crate) metered: bool,
    /// Where the program stops when the memory is full; not moved while the machine lives.
    points: Box<meter::Points>,
    limits: Limits,
    /// How many bytes may be in use, if that is limited.
    bound: Option<Bound>,
    paused: Option<meter::Pause>,
    /// Executed instructions by opcode, if counting.
    pub(crate) counts: Vec<u64>,
    /// Calls of the script's functions, if instructions are counted.
    pub(crate) calls: u64,
    /// Executed instructions by place, if they are counted.
    pub(crate) recorder: Recorder,
    /// One past the last register of the stack.
    pub(crate) stack_end: *mut u64,
    /// The program.
    pub(crate) program: Rc<Program>,
    /// What struct declarations have declared.
    pub(crate) types: StructTypes,
    /// Input, output, arguments.
    pub(crate) host: Host,
    loaded: Loaded,
    stack: *mut u64,
    global_slots: Vec<Word>,
    caught: Option<Raised>,
    /// Names of functions as errors show them, once there has been an error.
    names: Option<Rc<Names>>,
    marks: trace::Marks,
    /// The position of the error caught last, and its line.
    last_line: (Span, u32),
    sites: site::Sites,
    ending: Ending,
    sources: Rc<SourceMap>,
    /// What registers may borrow from nobody else.
    _kept: Keeper,
}

impl Vm {
    /// A machine loaded with a verified program. `sources` are its texts, for the lines of errors.
    ///
    /// `counting` makes every instruction pass a counter: exact, slower, and without quickening. `limits` cost something if there
    /// are any.
    pub fn new(program: Rc<Program>, host: Host, counting: Counting, limits: Limits, sources: Rc<SourceMap>) -> Vm {
        let metered = limits.fuel.is_some();
        let bound = limits.memory.map(|bytes| Bound::beyond(heap::used(), bytes));
        let loaded = Loaded::new(&program, counting, metered);
        let mut global_slots = vec![Word::UNDEF; program.globals.len()];
        let layout = Layout::array::<u64>(STACK_WORDS).expect("a stack size that fits");
        // SAFETY: the layout is not empty. Zeroed memory comes from the system untouched, so unused stack costs nothing.
        let stack = unsafe { System.alloc_zeroed(layout) } as *mut u64;
        if stack.is_null() {
            std::alloc::handle_alloc_error(layout);
        }
        Vm {
            globals: global_slots.as_mut_ptr() as *mut u64,
            base: stack,
            pc: std::ptr::null_mut(),
            running: false,
            spill: 0,
            generator_end: loaded.generator_end(),
            async_end: loaded.async_end(),
            scheduler: Scheduler::new(sources.clone()),
            environment: None,
            counter: counting.handler(),
            steady: counting != Counting::Off || metered,
            metered,
            points: Box::new(loaded.points(&program, metered)),
            limits,
            bound,
            paused: None,
            counts: vec![0; Opcode::ALL.len()],
            calls: 0,
            recorder: match counting {
                Counting::Places => Recorder::new(program.functions.len(), loaded.words()),
                _ => Recorder::default(),
            },
            // SAFETY: one past the end of the allocation.
            stack_end: unsafe { stack.add(STACK_WORDS) },
            program,
            types: StructTypes::default(),
            host,
            loaded,
            stack,
            global_slots,
            caught: None,
            names: None,
            marks: trace::Marks::default(),
            last_line: (Span::default(), sources.line(Span::default())),
            sites: site::Sites::default(),
            ending: Ending::Finished,
            sources,
            _kept: Keeper::default(),
        }
    }

    /// Runs the top level.
    pub fn run(&mut self) -> Ending {
        self.run_function(0)
    }

    /// Runs a function without parameters and captures, with the globals as they are.
    pub(crate) fn run_function(&mut self, function: usize) -> Ending {
        debug_assert_eq!(self.program.functions[function].arity + self.program.functions[function].captures, 0);
        self.abandon();
        let link = handlers::call::LINK;
        // SAFETY: the first window of the stack returns to the halt stub; the program was verified before it was loaded.
        unsafe {
            let base = self.stack.add(link);
            *base.sub(4) = 0;
            *base.sub(3) = Word::NULL.0;
            *base.sub(2) = base as u64;
            *base.sub(1) = self.loaded.halt() as u64;
            let pc = self.loaded.entry(function);
            self.execute(pc, base)
        }
    }

    /// Releases what the outermost function has returned.
    fn release_result(&mut self) {
        // SAFETY: it is where the first window of the stack has its result.
        unsafe { release(Word(*self.stack)) };
    }

    /// Executed instructions by opcode, in table order; zeros unless counting.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The host, to flush or read what was captured.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// The script function called in place of the builtin `row`.
    pub(crate) fn forward(&self, row: u16) -> Option<usize> {
        self.program.forwards.iter().find(|forward| forward.0.0 == row).map(|forward| forward.1 as usize)
    }

    /// Whether `function` takes `count` arguments.
    pub(crate) fn takes(&self, function: usize, count: usize) -> bool {
        self.program.functions[function].arity as usize == count
    }

    /// The first instruction of `function`.
    pub(crate) fn entry(&self, function: usize) -> *mut u64 {
        self.loaded.entry(function)
    }

    /// The instruction that ends a run.
    pub(crate) fn halt(&self) -> *mut u64 {
        self.loaded.halt()
    }

    /// The first word of the stack.
    pub(crate) fn stack_start(&self) -> *mut u64 {
        self.stack
    }

    /// The globals of the program itself.
    pub(crate) fn program_globals(&mut self) -> *mut u64 {
        self.global_slots.as_mut_ptr() as *mut u64
    }

    /// The error of a call to `function` that would be too deep.
    pub(crate) fn too_deep(&self, function: usize) -> RuntimeError {
        let name = self.program.functions[function].name.as_deref().unwrap_or("<lambda>").trim_start_matches('=');
        let name = if self.is_hidden(function) { builtins::shown_name(name) } else { name };
        RuntimeError::message(format!("Maximum call stack depth of {MAX_CALL_DEPTH} exceeded while calling {name}"))
    }

    /// The error being handled, as the struct a script sees.
    pub(crate) fn take_caught(&mut self) -> Value {
        match self.caught.take() {
            Some(raised) => self.error_struct(raised),
            None => Value::NULL,
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.abandon();
        handlers::task::discard_all(self);
        // Before the code: methods without captures are functions of it.
        self.types = StructTypes::default();
        for slot in &mut self.global_slots {
            // SAFETY: global slots own their values; they are not read again.
            unsafe { release(std::mem::replace(slot, Word::NULL)) };
        }
        let layout = Layout::array::<u64>(STACK_WORDS).expect("a stack size that fits");
        // SAFETY: allocated in `new` with this layout.
        unsafe { System.dealloc(self.stack as *mut u8, layout) };
    }
}
