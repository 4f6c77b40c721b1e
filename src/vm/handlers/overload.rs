//! Operators whose left operand is a struct with a method for them.
//!
//! The method's frame lies above the caller's whole frame, and the method returns to the `finish_operator` instruction of the
//! caller's function, which does what is left of the operator. The register below the method's window holds the *mark*: the
//! address of the operator's instruction and, in its low bits, what else the rest must know. So operators never recurse on the
//! native stack, unwinding and traces find the operator through the mark, and operators that call nothing pay nothing.
//!
//! Operands that die at the operator move into the frame; their registers are left null, so that the unwinder, which lists them,
//! does not release them again.

use super::call::LINK;
use super::operators::{Right, branch_by, compare_step};
use super::{paths, structure};
use crate::base::limits::MAX_CALL_DEPTH;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::bytecode::op::{DROP_FIRST, DROP_SECOND, Extra, Fields, Opcode};
use crate::runtime::error::RuntimeError;
use crate::runtime::operators::truthy;
use crate::runtime::release::release;
use crate::runtime::shape::Shape;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;
use crate::vm::dispatch::retain;
use crate::vm::trace;
use smallvec::{SmallVec, smallvec};

/// Bit of a mark: the result is the negated truth of what the method returns.
const NEGATED: u64 = 1;
/// Bit of a mark: the instruction's second operator, the comparison of a counted loop's step.
const SECOND: u64 = 2;
/// All such bits.
const BITS: u64 = 7;

/// Where the operator of a mark stands, for tables: the second word of the instruction for its second operator.
pub(crate) fn operator_at(mark: u64) -> *const u64 {
    let at = (mark & !BITS) as *const u64;
    if mark & SECOND != 0 { at.wrapping_add(1) } else { at }
}

/// Where a frame's caller stands, given where the frame returns to and the register below its window, and whether that is behind the
/// instruction that calls: an operator is still to be finished.
///
/// # Safety
/// `back` is an instruction; the register is there if it is a `finish_operator`.
pub(crate) unsafe fn call_site(back: *const u64, mark: *const u64) -> (*const u64, bool) {
    // SAFETY: the caller's.
    unsafe {
        match Opcode::from_word(Fields::decode(*back.add(1)).op) {
            Some(Opcode::finish_operator) => (operator_at(*mark), false),
            _ => (back, true),
        }
    }
}

/// A word of the instruction that has called.
///
/// # Safety
/// As [`call_site`].
pub(crate) unsafe fn within(back: *const u64, mark: *const u64) -> *const u64 {
    // SAFETY: the caller's; something stands before what a call returns to.
    unsafe {
        let (at, behind) = call_site(back, mark);
        at.sub(usize::from(behind))
    }
}

/// The shape of a struct.
fn shape_of(word: Word) -> Option<&'static Shape> {
    // SAFETY: the callers pass live values.
    unsafe { Value::borrow(&word).as_struct().map(|object| object.shape()) }
}

/// Enters `function`, with arguments it will own, for the instruction at `pc`.
///
/// # Safety
/// `pc` and `base` are a helper's, the instruction may call methods, and the arguments are owned by nobody else.
pub(crate) unsafe fn enter(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    bits: u64,
    function: Word,
    arguments: &[Word],
) -> *mut u64 {
    // SAFETY: a function whose operators may call methods has a `finish_operator` with room for mark and links (BC012), and above
    // every frame there is room for another (`call.rs`).
    unsafe {
        let mark = pc as u64 | bits;
        let (id, arity) = Value::borrow(&function)
            .as_function()
            .and_then(|object| object.info())
            .map_or((0, 0), |info| (info.id as usize, info.arity as usize));
        let error = if arity != arguments.len() {
            Some(vm.wrong_arguments(id, arguments.len()))
        } else if trace::depth(base) >= MAX_CALL_DEPTH as u64 {
            Some(vm.too_deep(id))
        } else {
            None
        };
        if let Some(error) = error {
            arguments.iter().for_each(|&word| release(word));
            return vm.raise(operator_at(mark) as *mut u64, error);
        }
        trace::unmark(base);
        let finish = vm.finish_of(pc);
        let window = base.add(Fields::decode(*finish.add(1)).a as usize);
        retain(function.0);
        let frame = window.add(LINK);
        *window.sub(1) = mark;
        *frame.sub(4) = *base.sub(4) + 1;
        *frame.sub(3) = function.0;
        *frame.sub(2) = base as u64;
        *frame.sub(1) = finish as u64;
        for (index, word) in arguments.iter().enumerate() {
            *frame.add(index) = word.0;
        }
        vm.base = frame;
        vm.entry(id)
    }
}

/// An operand as an argument: moved out of its register if it dies here, else with a second reference. What has no count stays, too:
/// a constant's register may serve later uses.
unsafe fn argument(slot: *mut u64, dies: bool) -> Word {
    // SAFETY: the caller's slot holds a live value.
    unsafe {
        let word = Word(*slot);
        if !dies {
            retain(word.0);
        } else if word.is_counted() {
            *slot = Word::NULL.0;
        }
        word
    }
}

/// Calls the method of a binary operator of registers or of a register and a word, if there is one.
///
/// # Safety
/// `pc` and `base` are a helper's; the operands are live and owned as the instruction's flags say.
pub(crate) unsafe fn binary(vm: &mut Vm, pc: *mut u64, base: *mut u64, left: usize, right: Right) -> Option<*mut u64> {
    if !vm.types.overloads() {
        return None;
    }
    // SAFETY: the caller's.
    unsafe {
        let op = Fields::decode(*pc.add(1)).op;
        let operator = Opcode::operator_of(op)?;
        let slot = base.add(left);
        let (method, negated) = vm.types.binary(shape_of(Word(*slot))?, operator)?;
        let function = method.function.word();
        // First the right operand: it may be in the register the left one moves out of.
        let right = match right {
            Right::Register(index) => argument(base.add(index), op & DROP_SECOND != 0),
            Right::Word(word) => {
                retain(word.0);
                word
            }
        };
        let left = argument(slot, op & DROP_FIRST != 0);
        Some(enter(vm, pc, base, if negated { NEGATED } else { 0 }, function, &[left, right]))
    }
}

/// Whether a method of `object`, a struct, decides the operator in `op`, an instruction's opcode with its flags.
///
/// # Safety
/// The object is live.
pub(super) unsafe fn decides(vm: &Vm, op: u16, object: Word) -> bool {
    vm.types.overloads()
        && Opcode::operator_of(op)
            .zip(shape_of(object))
            .is_some_and(|(operator, shape)| vm.types.binary(shape, operator).is_some())
}

/// Calls the method of a unary operator of register b, if there is one.
///
/// # Safety
/// As [`binary`].
pub(crate) unsafe fn unary(vm: &mut Vm, pc: *mut u64, base: *mut u64, op: UnaryOp) -> Option<*mut u64> {
    if !vm.types.overloads() {
        return None;
    }
    // SAFETY: the caller's.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let slot = base.add(fields.b as usize);
        let function = vm.types.unary(shape_of(Word(*slot))?, op)?.function.word();
        let operand = argument(slot, fields.op & DROP_FIRST != 0);
        Some(enter(vm, pc, base, 0, function, &[operand]))
    }
}

/// Calls the method of the first or second operator of a counted loop's step, if there is one; the counter is in `slot`.
///
/// # Safety
/// As [`binary`].
pub(crate) unsafe fn step(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    operator: BinaryOp,
    slot: *mut u64,
    right: Word,
) -> Option<*mut u64> {
    if !vm.types.overloads() {
        return None;
    }
    // SAFETY: the caller's; the step consumes the old counter and keeps the new one.
    unsafe {
        let (method, _) = vm.types.binary(shape_of(Word(*slot))?, operator)?;
        let function = method.function.word();
        let second = !matches!(operator, BinaryOp::Add | BinaryOp::Sub);
        retain(right.0);
        let left = argument(slot, !second);
        Some(enter(vm, pc, base, if second { SECOND } else { 0 }, function, &[left, right]))
    }
}

/// Calls the method of a read-modify-write whose element is a struct that has one. The element stays where it is meanwhile.
///
/// # Safety
/// As [`binary`]; `operand` is the register of the operand, which moves.
pub(crate) unsafe fn update(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    operator: BinaryOp,
    element: &Value,
    operand: *mut u64,
) -> Option<*mut u64> {
    // SAFETY: the caller's.
    unsafe {
        let (method, _) = vm.types.binary(element.as_struct()?.shape(), operator)?;
        let function = method.function.word();
        let arguments: SmallVec<[Word; 2]> = smallvec![element.clone().into_word(), argument(operand, true)];
        Some(enter(vm, pc, base, 0, function, &arguments))
    }
}

/// The method has returned to `finish_operator`: does the rest of the operator.
#[inline(never)]
pub(crate) unsafe fn finish(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: only methods that `enter` called return here (BC012): the result is in the window, and the mark below it.
    unsafe {
        let window = base.add(Fields::decode(*pc.add(1)).a as usize);
        let mark = *window.sub(1);
        let at = (mark & !BITS) as *mut u64;
        let mut result = Value::from_word(Word(*window));
        if mark & NEGATED != 0 {
            result = Value::bool(!truthy(&result));
        }
        let fields = Fields::decode(*at.add(1));
        let Some(opcode) = Opcode::from_word(fields.op) else { return at };
        let info = opcode.info();
        match opcode {
            Opcode::struct_fill => structure::add_default(vm, at, base, result),
            Opcode::update_path | Opcode::cell_update_path | Opcode::global_update_path => {
                paths::write_back(vm, at, base, result)
            }
            _ if info.family == "branch" => branch_by(at, opcode.length(0), truthy(&result)),
            _ if info.extra == Extra::Jump => {
                if mark & SECOND != 0 {
                    return if truthy(&result) { *at.add(2) as *mut u64 } else { at.add(3) };
                }
                *base.add(fields.a as usize) = result.into_word().0;
                compare_step(vm, at, base)
            }
            _ => {
                *base.add(fields.a as usize) = result.into_word().0;
                at.add(opcode.length(0))
            }
        }
    }
}

impl Vm {
    /// The `finish_operator` of the function that `pc` belongs to.
    fn finish_of(&self, pc: *const u64) -> *mut u64 {
        let function = self.function_at(pc);
        let finish = self.program.functions[function].finish.expect("operators may call methods here (BC012)");
        // SAFETY: an instruction of the function (BC012).
        unsafe { self.entry(function).add(finish as usize) }
    }

    /// The error of a method called with a wrong number of arguments, the receiver included.
    pub(crate) fn wrong_arguments(&self, function: usize, count: usize) -> RuntimeError {
        let code = &self.program.functions[function];
        let name = code.name.as_deref().unwrap_or("<lambda>");
        let takes = (code.arity as usize).saturating_sub(1);
        RuntimeError::message(format!("{name} expects {takes} arguments, got {}", count.saturating_sub(1)))
    }
}
