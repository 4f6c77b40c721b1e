//! The slow paths of operators: strings, boxed ints, mixed numbers, errors. They read the drop flags the fast paths never look at.

use super::overload;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::bytecode::op::{DROP_FIRST, DROP_SECOND, Fields, Opcode, Operand, SUBTRACTS};
use crate::runtime::error::RuntimeError;
use crate::runtime::heap::Kind;
use crate::runtime::operators;
use crate::runtime::release::release;
use crate::runtime::string;
use crate::runtime::value::Value;
use crate::runtime::word::Word;
use crate::vm::Vm;

/// The right operand of an operator instruction.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    /// A register.
    Register(usize),
    /// A word of the instruction.
    Word(Word),
}

/// Applies the instruction's operator; consumes the operands its flags say die here, but only if it succeeds.
///
/// # Safety
/// `pc` and `base` as for a helper; the registers hold live values.
unsafe fn apply(pc: *mut u64, base: *mut u64, left: usize, right: Right) -> Result<Value, RuntimeError> {
    // SAFETY: an operand flagged as dying is owned by its register, and nobody reads the register after success.
    unsafe {
        let op = Fields::decode(*pc.add(1)).op;
        let operator = Opcode::operator_of(op).unwrap_or(BinaryOp::Add);
        let slot = base.add(left);
        let owned = op & DROP_FIRST != 0;
        let left = if owned { Value::from_word(Word(*slot)) } else { Value::from_borrowed(Word(*slot)) };
        let word = match right {
            Right::Register(index) => Word(*base.add(index)),
            Right::Word(word) => word,
        };
        match operators::binary(operator, left, Value::borrow(&word)) {
            Ok(result) => {
                if op & DROP_SECOND != 0 && matches!(right, Right::Register(_)) {
                    release(word);
                }
                Ok(result)
            }
            Err((error, left)) => {
                if owned {
                    *slot = left.into_word().0;
                }
                Err(error)
            }
        }
    }
}

/// Stores the result of [`apply`] in register a, or raises.
unsafe fn finish(
    vm: &mut Vm,
    pc: *mut u64,
    base: *mut u64,
    words: usize,
    result: Result<Value, RuntimeError>,
) -> *mut u64 {
    match result {
        // SAFETY: register a is dead before the instruction writes it.
        Ok(value) => unsafe {
            *base.add(Fields::decode(*pc.add(1)).a as usize) = value.into_word().0;
            pc.add(words)
        },
        Err(error) => vm.raise(pc, error),
    }
}

/// The word of an immediate.
fn immediate(bits: u16) -> Word {
    Word::small_int(bits as i16 as i32)
}

/// `a := b + right` of two strings, unless there is no memory for it.
///
/// PERF: words put together from syllables and counted: two of five instructions were the general operator around the sum.
#[inline(always)]
unsafe fn add_strings(pc: *mut u64, base: *mut u64, fields: Fields, right: Word, words: usize) -> Option<*mut u64> {
    // SAFETY: as for `apply`; a literal never dies.
    unsafe {
        let slot = base.add(fields.b as usize);
        let is_text = |word: Word| word.is_object() && (*word.header()).kind == Kind::String;
        let adds = matches!(Opcode::from_word(fields.op), Some(Opcode::add | Opcode::add_k));
        if !adds || !is_text(Word(*slot)) || !is_text(right) {
            return None;
        }
        let owned = fields.op & DROP_FIRST != 0;
        let left = if owned { Value::from_word(Word(*slot)) } else { Value::from_borrowed(Word(*slot)) };
        match string::sum(left, Value::borrow(&right)) {
            Ok(sum) => {
                if fields.op & DROP_SECOND != 0 {
                    release(right);
                }
                *base.add(fields.a as usize) = sum.into_word().0;
                Some(pc.add(words))
            }
            Err(left) => {
                if owned {
                    *slot = left.into_word().0;
                }
                None
            }
        }
    }
}

/// `a := b op c`
#[inline(never)]
pub(crate) unsafe fn binary_registers(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.b as usize, Right::Register(fields.c as usize));
        if let Some(next) = add_strings(pc, base, fields, Word(*base.add(fields.c as usize)), 2) {
            return next;
        }
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        finish(vm, pc, base, 2, result)
    }
}

/// `a := b op immediate c`
#[inline(never)]
pub(crate) unsafe fn binary_imm(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.b as usize, Right::Word(immediate(fields.c)));
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        finish(vm, pc, base, 2, result)
    }
}

/// `a := b op literal`
#[inline(never)]
pub(crate) unsafe fn binary_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is owned by the program.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.b as usize, Right::Word(Word(*pc.add(2))));
        if let Some(next) = add_strings(pc, base, fields, Word(*pc.add(2)), 3) {
            return next;
        }
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        finish(vm, pc, base, 3, result)
    }
}

/// Goes to the jump target or on, by what a comparison says and the sense of the opcode.
///
/// # Safety
/// `pc` is a compare-and-branch of `words` words.
pub(crate) unsafe fn branch_by(pc: *mut u64, words: usize, truth: bool) -> *mut u64 {
    // SAFETY: both ways are instructions (BC006, BC007).
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let negated = Opcode::from_word(fields.op).is_some_and(Opcode::is_negated);
        if truth != negated { pc.offset(fields.c as i16 as isize) } else { pc.add(words) }
    }
}

/// Goes to the jump target or on, by the truth of the result and the sense of the opcode.
unsafe fn branch(vm: &mut Vm, pc: *mut u64, words: usize, result: Result<Value, RuntimeError>) -> *mut u64 {
    match result {
        // SAFETY: both ways are instructions (BC006, BC007).
        Ok(value) => unsafe { branch_by(pc, words, operators::truthy(&value)) },
        Err(error) => vm.raise(pc, error),
    }
}

/// Compares registers a and b, and branches.
#[inline(never)]
pub(crate) unsafe fn branch_registers(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.a as usize, Right::Register(fields.b as usize));
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        branch(vm, pc, 2, result)
    }
}

/// Compares register a and immediate b, and branches.
#[inline(never)]
pub(crate) unsafe fn branch_imm(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.a as usize, Right::Word(immediate(fields.b)));
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        branch(vm, pc, 2, result)
    }
}

/// Compares register a and the literal, and branches.
#[inline(never)]
pub(crate) unsafe fn branch_literal(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; the literal is owned by the program.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (left, right) = (fields.a as usize, Right::Word(Word(*pc.add(2))));
        if let Some(next) = overload::binary(vm, pc, base, left, right) {
            return next;
        }
        let result = apply(pc, base, left, right);
        branch(vm, pc, 3, result)
    }
}

/// Applies a unary operator to register b.
unsafe fn unary(vm: &mut Vm, pc: *mut u64, base: *mut u64, op: UnaryOp) -> *mut u64 {
    // SAFETY: as a helper; register b is owned if flagged.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        if let Some(next) = overload::unary(vm, pc, base, op) {
            return next;
        }
        let word = Word(*base.add(fields.b as usize));
        let result = operators::unary(op, Value::borrow(&word));
        if result.is_ok() && fields.op & DROP_FIRST != 0 {
            release(word);
        }
        finish(vm, pc, base, 2, result)
    }
}

/// `a := -b`
#[inline(never)]
pub(crate) unsafe fn negate(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe { unary(vm, pc, base, UnaryOp::Neg) }
}

/// `a := !b`
#[inline(never)]
pub(crate) unsafe fn not_bool(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper.
    unsafe { unary(vm, pc, base, UnaryOp::Not) }
}

/// The step and the limit of a counted loop's step.
unsafe fn step_operands(base: *mut u64, fields: Fields) -> (Word, Word) {
    let operands = Opcode::from_word(fields.op).map_or([Operand::None; 3], |opcode| opcode.info().operands);
    let word = |operand: Operand, bits: u16| match operand {
        Operand::Imm => immediate(bits),
        // SAFETY: a register of the frame (BC002).
        _ => unsafe { Word(*base.add(bits as usize)) },
    };
    (word(operands[1], fields.b), word(operands[2], fields.c))
}

/// The step of a counted loop, for operands the fast path does not know.
#[inline(never)]
pub(crate) unsafe fn step_slow(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: as a helper; register a owns its value before and after.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (operator, step) = match fields.op & SUBTRACTS {
            0 => (BinaryOp::Add, step_operands(base, fields).0),
            _ => (BinaryOp::Sub, Word::small_int(-(fields.b as i16 as i32))),
        };
        let slot = base.add(fields.a as usize);
        if let Some(next) = overload::step(vm, pc, base, operator, slot, step) {
            return next;
        }
        match operators::binary(operator, Value::from_word(Word(*slot)), Value::borrow(&step)) {
            Ok(next) => *slot = next.into_word().0,
            Err((error, old)) => {
                *slot = old.into_word().0;
                return vm.raise(pc, error);
            }
        }
        compare_step(vm, pc, base)
    }
}

/// The comparison of a counted loop's step. Its error is raised at the second word of the instruction, which has the comparison's
/// position.
///
/// # Safety
/// As a helper; register a holds the new counter.
#[inline(never)]
pub(crate) unsafe fn compare_step(vm: &mut Vm, pc: *mut u64, base: *mut u64) -> *mut u64 {
    // SAFETY: the caller's; register a keeps its value.
    unsafe {
        let fields = Fields::decode(*pc.add(1));
        let (slot, limit) = (base.add(fields.a as usize), step_operands(base, fields).1);
        let order = Opcode::operator_of(fields.op).unwrap_or(BinaryOp::Lt);
        if let Some(next) = overload::step(vm, pc, base, order, slot, limit) {
            return next;
        }
        match operators::binary(order, Value::from_borrowed(Word(*slot)), Value::borrow(&limit)) {
            Ok(value) if operators::truthy(&value) => *pc.add(2) as *mut u64,
            Ok(_) => pc.add(3),
            Err((error, _)) => vm.raise(pc.add(1), error),
        }
    }
}
