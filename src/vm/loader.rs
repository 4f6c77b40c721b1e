//! Loading: a program's code becomes one writable block with handler pointers and literals in place.

use super::counters::Counting;
use super::dispatch::Handler;
use super::fusion;
use super::handlers::{
    HANDLERS, arith, branch, builtin, compare, data, filter, generator, iterate, keys, single, tagged, walk,
};
use super::meter::Points;
use super::pattern::Sequences;
use crate::bytecode::op::{Extra, Fields, OPCODE_MASK, Opcode};
use crate::bytecode::program::{Literal, PathWord, Program};
use crate::ir::function::ConstData;
use crate::runtime::builtins;
use crate::runtime::function::{self, FunctionInfo, FunctionObject};
use crate::runtime::heap::IMMORTAL;
use crate::runtime::shape::Shape;
use crate::runtime::string;
use crate::runtime::tagged::Tag;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The instructions behind the functions, in order.
const STUBS: [Opcode; 4] = [Opcode::halt, Opcode::generator_end, Opcode::async_end, Opcode::next_task];

/// Code in memory, and what its literal words point to.
pub(super) struct Loaded {
    code: *mut [u64],
    /// First word of each function, and one past the last.
    starts: Vec<usize>,
    /// By word: whether a function of the script other than its top level starts there. Empty unless something is counted.
    entries: Vec<bool>,
    infos: Vec<Rc<FunctionInfo>>,
    /// Function values without captures and templates of closures; immortal while loaded, so that calls need not count them.
    functions: Vec<Word>,
    /// Counted constants; their words stand in the code.
    _constants: Vec<Value>,
}

impl Loaded {
    /// Loads `program`; if something is counted, every instruction starts in the handler that does it, with `metering`, every point in
    /// the metering handler.
    pub fn new(program: &Program, counting: Counting, metering: bool) -> Loaded {
        let mut starts = Vec::with_capacity(program.functions.len() + 1);
        let mut total = 0;
        for function in &program.functions {
            starts.push(total);
            total += function.code.len();
        }
        starts.push(total);
        let mut words: Vec<u64> = Vec::with_capacity(total + 2 * STUBS.len());
        for function in &program.functions {
            words.extend_from_slice(&function.code);
        }
        for stub in STUBS {
            words.extend([0, Fields { op: stub as u16, a: 0, b: 0, c: 0 }.encode()]);
        }
        let code = Box::into_raw(words.into_boxed_slice());
        let first = code as *mut u64;

        let mut infos = Vec::new();
        let mut functions = Vec::new();
        for (id, source) in program.functions.iter().enumerate() {
            let info = Rc::new(FunctionInfo {
                id: id as u32,
                name: source.name.clone(),
                arity: source.arity as u32,
                captures: source.captures as u32,
            });
            // SAFETY: inside the block.
            let entry = unsafe { first.add(starts[id]) };
            let template = FunctionInfo { captures: 0, ..(*info).clone() };
            let word = function::new(Rc::new(template), entry, Vec::new()).into_word();
            // SAFETY: a new function object.
            unsafe { (*word.object_ptr::<FunctionObject>()).header.count = IMMORTAL };
            infos.push(info);
            functions.push(word);
        }

        let mut constants = Vec::new();
        let mut pooled: FxHashMap<&ConstData, Word> = FxHashMap::default();
        for (id, source) in program.functions.iter().enumerate() {
            for (at, literal) in &source.literals {
                let word = match literal {
                    Literal::Const(constant) => *pooled.entry(constant).or_insert_with(|| {
                        let value = constant_value(constant);
                        let word = value.word();
                        constants.push(value);
                        word
                    }),
                    Literal::Function(function) => functions[*function as usize],
                    // SAFETY: inside the block.
                    Literal::Entry(function) => Word(unsafe { first.add(starts[*function as usize]) } as u64),
                    Literal::Tag(text) => Word(Tag::of(text).0 as u64),
                    Literal::Shape(words) => {
                        let words: Vec<&str> = words.split(' ').collect();
                        let (name, fields) = words.split_first().unwrap_or((&"", &[]));
                        Word(Shape::of(name, fields) as *const Shape as u64)
                    }
                    Literal::Builtin(builtin) => builtins::function_value(*builtin).unwrap_or(Value::NULL).into_word(),
                };
                // SAFETY: literal words are inside their function (BC003).
                unsafe { *first.add(starts[id] + *at as usize) = word.0 };
            }
        }

        let mut at = 0;
        let mut previous: Option<(usize, Opcode)> = None;
        while at < total + 2 * STUBS.len() {
            // SAFETY: instruction by instruction through verified code.
            unsafe {
                let fields = Fields::decode(*first.add(at + 1));
                let opcode = Opcode::from_word(fields.op).expect("verified code (BC001)");
                let handler = match opcode {
                    Opcode::call_builtin => builtin::handler(fields.b, fields.c),
                    Opcode::set_path
                    | Opcode::update_path
                    | Opcode::cell_set_path
                    | Opcode::cell_update_path
                    | Opcode::global_set_path
                    | Opcode::global_update_path => {
                        let number = PathWord::decode(*first.add(at + 2)).number;
                        walk::handler(opcode, &program.paths[number as usize], fields.c)
                    }
                    _ if opcode.info().extra == Extra::Literal && string::is_character(*first.add(at + 2)) => {
                        branch::with_character(opcode).or_else(|| compare::with_character(opcode))
                    }
                    _ if opcode.info().extra == Extra::Literal => arith::handler(opcode, Word(*first.add(at + 2))),
                    _ => None,
                };
                let plain = counting.handler().is_none() && !metering;
                let handler = if plain {
                    keys::handler(first.add(at)).or_else(|| tagged::handler(first.add(at))).or(handler)
                } else {
                    handler
                };
                let handler = handler.unwrap_or(HANDLERS[(fields.op & OPCODE_MASK) as usize]) as usize as u64;
                if opcode.info().extra == Extra::Jump {
                    let distance = *first.add(at + 2) as isize;
                    let target = first.add(at).offset(distance);
                    *first.add(at + 2) = target as u64;
                    // Before an `iter_next` the target is earlier in the same function, as it is decoded here.
                    if let Some((before, body)) = previous
                        && let Some(handler) = single::handler(body, opcode)
                        && (target == first.add(before)
                            || target.add(2) == first.add(before)
                                && single::drops_item(Fields::decode(*target.add(1)), fields))
                        && counting.handler().is_none()
                        && !metering
                    {
                        *first.add(before) = handler as usize as u64;
                    }
                }
                if let (Opcode::iter_next, Some((before, Opcode::drop_value))) = (opcode, previous)
                    && counting.handler().is_none()
                    && !metering
                {
                    *first.add(before) = iterate::drop_then_next as Handler as usize as u64;
                }
                if let (Opcode::yield_value, Some((before, Opcode::copy_value))) = (opcode, previous)
                    && counting.handler().is_none()
                    && !metering
                {
                    *first.add(before) = generator::copy_then_yield as Handler as usize as u64;
                }
                let targets = match opcode.info().extra {
                    Extra::Table => (at + 2..at + opcode.words(fields)).step_by(2),
                    Extra::Class => (at + 2..at + 4).step_by(1),
                    _ => (0..0).step_by(1),
                };
                for word in targets {
                    *first.add(word) = first.add(at).offset(*first.add(word) as isize) as u64;
                }
                previous = Some((at, opcode));
                *first.add(at) = match counting.handler() {
                    Some(count) if opcode != Opcode::halt => count as usize as u64,
                    _ => handler,
                };
                at += opcode.words(fields);
            }
        }
        if counting.handler().is_none() && !metering {
            // SAFETY: the loop above has made the code what handlers of several instructions may expect.
            unsafe { join(first, total) };
            // SAFETY: verified code, with its handlers in place.
            unsafe { install_sequences(first, total) };
        }
        let meter = super::meter::meter as Handler as usize as u64;
        for (id, source) in program.functions.iter().enumerate().filter(|_| metering) {
            for point in &source.points {
                // SAFETY: points stand at instructions (BC013).
                unsafe { *first.add(starts[id] + point.at as usize) = meter };
            }
        }
        let mut entries = Vec::new();
        if counting != Counting::Off {
            entries.resize(total, false);
            let called = program.functions.iter().zip(&starts).skip(1);
            for (_, &start) in called.filter(|(source, _)| !program.hidden.contains(&source.span.source)) {
                entries[start] = true;
            }
        }
        Loaded { code, starts, entries, infos, functions, _constants: constants }
    }

    fn first(&self) -> *mut u64 {
        self.code as *mut u64
    }

    /// The points of the program; none if the metering handler stands there.
    pub fn points(&self, program: &Program, metering: bool) -> Points {
        let functions = self.starts.iter().zip(&program.functions).filter(|_| !metering);
        let words =
            functions.flat_map(|(start, source)| source.points.iter().map(move |point| *start as u32 + point.at));
        Points::new(self.first(), words.collect())
    }

    /// First instruction of a function.
    pub fn entry(&self, function: usize) -> *mut u64 {
        // SAFETY: inside the block.
        unsafe { self.first().add(self.starts[function]) }
    }

    /// The instruction that ends a run.
    pub fn halt(&self) -> *mut u64 {
        self.stub(0)
    }

    /// Where the body of a generator returns to.
    pub fn generator_end(&self) -> *mut u64 {
        self.stub(1)
    }

    /// Where an async function or a task returns to.
    pub fn async_end(&self) -> *mut u64 {
        self.stub(2)
    }

    /// Where the machine goes when the running task has ended in an error, and another one shall run.
    pub fn next_task(&self) -> *mut u64 {
        self.stub(3)
    }

    fn stub(&self, number: usize) -> *mut u64 {
        // SAFETY: the stubs stand behind the last function, two words each.
        unsafe { self.first().add(self.starts[self.starts.len() - 1] + 2 * number) }
    }

    /// The function an instruction belongs to, and its word there; `None` for the stubs.
    pub fn locate(&self, pc: *const u64) -> Option<(usize, usize)> {
        let word = self.word(pc);
        let function = self.starts.partition_point(|&start| start <= word) - 1;
        (function + 1 < self.starts.len()).then(|| (function, word - self.starts[function]))
    }

    /// The word of the loaded code that is at `pc`.
    pub fn word(&self, pc: *const u64) -> usize {
        (pc as usize - self.first() as usize) / 8
    }

    /// Whether the call of a function starts at `pc`; false unless something is counted.
    pub fn is_entry(&self, pc: *const u64) -> bool {
        self.entries.get(self.word(pc)).is_some_and(|&entry| entry)
    }

    /// How many words all functions take.
    pub fn words(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// The words of a function.
    pub fn words_of(&self, function: usize) -> std::ops::Range<usize> {
        self.starts[function]..self.starts[function + 1]
    }

    /// Description and entry of a function.
    pub fn parts(&self, function: usize) -> (Rc<FunctionInfo>, *const u64) {
        (self.infos[function].clone(), self.entry(function))
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        for &word in &self.functions {
            // SAFETY: nothing of the program runs any more; the object gets its one owner back and is released.
            unsafe {
                (*word.object_ptr::<FunctionObject>()).header.count = 1;
                drop(Value::from_word(word));
            }
        }
        // SAFETY: made by `Box::into_raw` in `new`.
        unsafe { drop(Box::from_raw(self.code)) };
    }
}

/// Gives the instructions that start sequences the handlers of these, unless they have special ones already.
unsafe fn join(first: *mut u64, total: usize) {
    let sequences = Sequences::new();
    let mut at = 0;
    while at < total {
        // SAFETY: instruction by instruction through verified code, as the caller promises.
        unsafe {
            let (pc, fields) = (first.add(at), Fields::decode(*first.add(at + 1)));
            let opcode = Opcode::from_word(fields.op).expect("verified code (BC001)");
            at += opcode.words(fields);
            let handler = match opcode {
                Opcode::drop_value => filter::handler(pc),
                Opcode::captures_borrow => data::captures(fields.c),
                _ => None,
            };
            let (own, dropping) = (HANDLERS[opcode as usize], iterate::drop_then_next as Handler);
            if *pc == own as usize as u64 || *pc == dropping as usize as u64 {
                let handler = handler.or_else(|| sequences.handler(pc, opcode));
                *pc = handler.map_or(*pc, |handler| handler as usize as u64);
            }
        }
    }
}

/// Gives the first instruction of each known sequence the handler of the sequence.
///
/// # Safety
/// `first` is verified code of `total` words, with the stubs behind.
unsafe fn install_sequences(first: *mut u64, total: usize) {
    let instruction = |at: usize| {
        // SAFETY: instruction by instruction through verified code.
        let at = unsafe { first.add(at) };
        // SAFETY: the second word.
        let fields = Fields::decode(unsafe { *at.add(1) });
        let opcode = Opcode::from_word(fields.op).expect("verified code (BC001)");
        fusion::Loaded { opcode, fields, at }
    };
    let length = |of: fusion::Loaded| of.opcode.words(of.fields);
    let place = |of: fusion::Loaded| (of.at as usize - first as usize) / 8;
    // Behind the last function, stubs fill the window.
    let mut window = [instruction(0); fusion::WINDOW];
    for index in 1..fusion::WINDOW {
        window[index] = instruction(place(window[index - 1]) + length(window[index - 1]));
    }
    while place(window[0]) < total {
        let [start, .., last] = window;
        let at = place(start);
        let next = place(last) + length(last);
        let plain = HANDLERS[start.opcode as usize] as usize as u64;
        let whole = if next < total { fusion::whole_loop(&window, instruction(next)) } else { None };
        let handler = whole.or_else(|| fusion::handler(&window));
        // SAFETY: an instruction; a loop of one instruction has its handler already.
        unsafe {
            if let Some(handler) = handler
                && *first.add(at) == plain
            {
                *first.add(at) = handler as usize as u64;
            }
        }
        window.rotate_left(1);
        window[fusion::WINDOW - 1] = instruction(next);
    }
}

/// The value of a constant.
fn constant_value(constant: &ConstData) -> Value {
    match constant {
        ConstData::Null => Value::NULL,
        ConstData::Bool(b) => Value::bool(*b),
        ConstData::Int(i) => Value::int(*i),
        ConstData::Float(bits) => Value::float(f64::from_bits(*bits)),
        ConstData::Str(text) => Value::string(text),
        // SAFETY: not a heap word.
        ConstData::Undef => unsafe { Value::from_word(Word::UNDEF) },
    }
}
