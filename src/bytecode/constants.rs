//! Which constants need a register, and which the emitter encodes in the instructions that use them or loads where they go.

use crate::base::lists::dense;
use crate::ir::entities::{Inst, Val};
use crate::ir::function::{ConstData, Function, PathData, Step, ValDef};
use crate::ir::inst::{Imm, Op};
use crate::regalloc;
use cranelift_entity::{EntitySet, SecondaryMap};

/// Where an instruction finds an operand. Only an operand in a register can die with the instruction, so both are answered at
/// once: a drop flag never meets an immediate or a literal.
pub(super) enum Operand {
    /// In a register, which gives up its reference or keeps it.
    Register { register: u16, dies: bool },
    /// In the instruction, as a signed number.
    Immediate(u16),
    /// In a word after the instruction.
    Literal(ConstData),
}

/// For each value whether it needs a register, and how often each value is used.
pub struct Constants {
    needed: EntitySet<Val>,
    uses: SecondaryMap<Val, u32>,
}

/// Whether operand `index` of `op` may be an immediate or a literal word.
fn encodable(func: &Function, inst: Inst, index: usize, constant: &ConstData) -> bool {
    let data = &func.insts[inst];
    match data.op {
        op if is_comparison(op) && steps(func, data.args[0]) => index == 1 && as_immediate(constant).is_some(),
        op if is_binary(op) => index == 1,
        Op::IndexGet => index == 1,
        Op::Return | Op::Drop | Op::Copy => true,
        // Loaded into the callee's window: an earlier register would be one to move from.
        op if regalloc::has_window(op) => true,
        Op::ArrayPush => index == 1 && !constant.ty().may_be_counted(),
        Op::SetPath => index == 1 && !constant.ty().may_be_counted() && is_single_index(path(func, inst)),
        _ => false,
    }
}

/// Whether `val` is one constant further than another value: perhaps the counter of a loop, whose limit is wanted in a register.
fn steps(func: &Function, val: Val) -> bool {
    match func.values[val].def {
        ValDef::Result(inst) => {
            let data = &func.insts[inst];
            matches!(data.op, Op::Add | Op::Sub) && func.const_of(data.args[1]).is_some()
        }
        ValDef::Param(..) => false,
    }
}

/// The path of a path instruction.
///
/// # Panics
/// If it has none, which the verifier excludes.
pub(super) fn path(func: &Function, inst: Inst) -> &PathData {
    match func.insts[inst].imm {
        Imm::Path(path) => &func.paths[path],
        _ => panic!("a path instruction has a path (IR rule on immediates)"),
    }
}

/// `root[key]`, for which there is an opcode of its own.
pub(super) fn is_single_index(path: &PathData) -> bool {
    path.steps[..] == [Step::Index]
}

/// `root.name`, for which there is an opcode of its own.
pub(super) fn is_single_field(path: &PathData) -> bool {
    matches!(path.steps[..], [Step::Field(_)])
}

/// Binary operators of the IR.
pub(super) fn is_binary(op: Op) -> bool {
    is_comparison(op) || matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem)
}

/// Comparisons of the IR.
pub(super) fn is_comparison(op: Op) -> bool {
    matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
}

impl Constants {
    /// Looks at every use in `func`.
    pub fn new(func: &Function) -> Constants {
        let values = func.values.len();
        let mut constants = Constants { needed: EntitySet::with_capacity(values), uses: dense(values) };
        for &block in &func.layout {
            for &inst in &func.blocks[block].insts {
                for (index, &val) in func.insts[inst].args.iter().enumerate() {
                    if let Some(constant) = func.const_of(val)
                        && !encodable(func, inst, index, constant)
                    {
                        constants.needed.insert(val);
                    }
                }
                func.for_each_use(inst, |val| constants.uses[val] += 1);
            }
        }
        constants
    }

    /// Whether `val` must be in a register.
    pub fn needs_register(&self, func: &Function, val: Val) -> bool {
        func.const_of(val).is_none() || self.needed.contains(val)
    }

    /// Number of uses of `val`, edge arguments included.
    pub fn uses(&self, val: Val) -> u32 {
        self.uses[val]
    }
}

/// Whether a constant is an int that fits a 16-bit immediate.
pub(super) fn as_immediate(constant: &ConstData) -> Option<i16> {
    match constant {
        ConstData::Int(i) => i16::try_from(*i).ok(),
        _ => None,
    }
}
