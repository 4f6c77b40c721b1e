//! Who is active: walking the link slots of the frames.

use super::Vm;
use super::handlers::overload;
use crate::base::source::Span;
use std::rc::Rc;

impl Vm {
    /// The function whose code holds `pc`; 0 for the halt stub.
    pub(crate) fn function_at(&self, pc: *const u64) -> usize {
        self.loaded.locate(pc).map_or(0, |(function, _)| function)
    }

    /// Registers of a frame of the function whose code holds `pc`.
    pub(crate) fn frame_size_at(&self, pc: *const u64) -> usize {
        self.program.functions[self.function_at(pc)].frame_size as usize
    }

    /// Description and code of a closure's function.
    pub(crate) fn closure_parts(&self, function: usize) -> (Rc<crate::runtime::function::FunctionInfo>, *const u64) {
        self.loaded.parts(function)
    }

    /// The span of the instruction at `pc`.
    pub(super) fn span_at(&self, pc: *const u64) -> Span {
        let Some((function, word)) = self.loaded.locate(pc) else { return Span::default() };
        let spans = &self.program.functions[function].spans;
        match spans.partition_point(|entry| entry.0 as usize <= word) {
            0 => Span::default(),
            found => spans[found - 1].1,
        }
    }

    /// Whether a function stands for a builtin.
    pub(crate) fn is_hidden(&self, function: usize) -> bool {
        self.program.hidden.contains(&self.program.functions[function].span.source)
    }

    /// Where an error at `pc` is reported, and the names of the active functions, outermost first, without the top level.
    /// Functions that stand for builtins are left out, and errors in them are reported at the call that entered them.
    pub(super) fn trace(&self, pc: *const u64) -> (Span, Vec<Rc<str>>) {
        let lambda: Rc<str> = "<lambda>".into();
        let mut names = Vec::new();
        let mut span = None;
        let (mut pc, mut base) = (pc, self.base);
        while let Some((function, _)) = self.loaded.locate(pc) {
            if !self.is_hidden(function) {
                span.get_or_insert_with(|| self.span_at(pc));
                let name = self.program.functions[function].name.as_deref();
                // Evaluating a default is no call that a script could see; no other function has such a name.
                if function != 0 && !name.is_some_and(|name| name.starts_with('=')) {
                    names.push(self.program.functions[function].name.clone().unwrap_or_else(|| lambda.clone()));
                }
            }
            // SAFETY: the link slots of an active frame; the outermost one returns to the halt stub. The word before any other
            // return address belongs to the call.
            unsafe {
                let back = *base.sub(1) as *const u64;
                if std::ptr::eq(back, self.loaded.halt()) {
                    break;
                }
                if std::ptr::eq(back, self.generator_end) {
                    (pc, base) = (*base.sub(6) as *const u64, *base.sub(7) as *mut u64);
                } else if std::ptr::eq(back, self.async_end) {
                    let caller = *base.sub(6) as *const u64;
                    if caller.is_null() {
                        break;
                    }
                    (pc, base) = (overload::within(caller, base.sub(8)), *base.sub(7) as *mut u64);
                } else {
                    (pc, base) = (overload::within(back, base.sub(5)), *base.sub(2) as *mut u64);
                }
            }
        }
        names.reverse();
        (span.unwrap_or_default(), names)
    }
}
