//! Classes of characters: functions such as `is_digit(c)`, which only compare their parameter with characters, are tried out on every
//! ASCII character when compiling. Where a call of one decides a branch, a prefix looks the character up in the resulting set, without
//! a call.
//!
//! PERF: of what a tokenizer written in the language executes, a third were such calls.

use super::emit::Emitter;
use super::op::Opcode;
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{ConstData, Function};
use crate::ir::inst::{Imm, Op};
use rustc_hash::FxHashMap;

/// Bit n: the class has the character n.
pub(super) type Class = u128;

/// Larger functions are not tried out.
const MOST_INSTRUCTIONS: usize = 64;
/// Longer runs are given up.
const MOST_STEPS: usize = 64;

/// What a value is while the function is tried out.
#[derive(Clone, Copy)]
enum Known {
    Character(u8),
    Bool(bool),
}

/// The characters that `func` returns true for, if it returns a bool for every ASCII character and does nothing else.
pub(super) fn class_of(func: &Function) -> Option<Class> {
    if func.arity != 1 || func.captures != 0 || func.insts.len() > MOST_INSTRUCTIONS {
        return None;
    }
    let tried = |op| {
        use Op::*;
        matches!(op, Const | Lt | Le | Gt | Ge | Eq | Ne | Truthy | Not | Copy | Drop | Jump | Brif | Return)
    };
    let mut insts = func.layout.iter().flat_map(|&block| &func.blocks[block].insts);
    if !insts.all(|&inst| tried(func.insts[inst].op)) {
        return None;
    }
    (0..128).try_fold(0, |class, character| Some(class | Class::from(holds(func, character)?) << character))
}

/// What `func` returns for a character, if that is a bool.
fn holds(func: &Function, character: u8) -> Option<bool> {
    let mut known: FxHashMap<Val, Known> = FxHashMap::default();
    known.insert(*func.blocks[func.entry].params.first()?, Known::Character(character));
    let (mut block, mut steps) = (func.entry, 0);
    'blocks: loop {
        for &inst in &func.blocks[block].insts {
            steps += 1;
            if steps > MOST_STEPS {
                return None;
            }
            let data = &func.insts[inst];
            let arg = |index: usize| known.get(&data.args[index]).copied();
            let value = match data.op {
                Op::Const => match data.imm {
                    Imm::Const(constant) => match &func.consts[constant] {
                        ConstData::Bool(truth) => Some(Known::Bool(*truth)),
                        ConstData::Str(text) if text.len() == 1 => Some(Known::Character(text.as_bytes()[0])),
                        _ => None,
                    },
                    _ => None,
                },
                Op::Copy => arg(0),
                Op::Drop => continue,
                Op::Truthy | Op::Not => match arg(0)? {
                    Known::Bool(truth) => Some(Known::Bool(truth == (data.op == Op::Truthy))),
                    Known::Character(_) => return None,
                },
                Op::Jump => {
                    block = enter(func, &mut known, inst, 0)?;
                    continue 'blocks;
                }
                Op::Brif => {
                    let Known::Bool(truth) = arg(0)? else { return None };
                    block = enter(func, &mut known, inst, usize::from(!truth))?;
                    continue 'blocks;
                }
                Op::Return => match arg(0)? {
                    Known::Bool(truth) => return Some(truth),
                    Known::Character(_) => return None,
                },
                op @ (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne) => match (arg(0)?, arg(1)?) {
                    (Known::Character(left), Known::Character(right)) => Some(Known::Bool(match op {
                        Op::Lt => left < right,
                        Op::Le => left <= right,
                        Op::Gt => left > right,
                        Op::Ge => left >= right,
                        Op::Eq => left == right,
                        _ => left != right,
                    })),
                    _ => return None,
                },
                _ => return None,
            };
            if let (Some(result), Some(value)) = (data.result.expand(), value) {
                known.insert(result, value);
            }
        }
        return None;
    }
}

/// Passes the arguments of an edge, all at once; its block.
fn enter(func: &Function, known: &mut FxHashMap<Val, Known>, inst: Inst, edge: usize) -> Option<Block> {
    let target = &func.insts[inst].targets[edge];
    let passed: Vec<Option<Known>> = target.args.iter().map(|arg| known.get(arg).copied()).collect();
    for (&param, value) in func.blocks[target.block].params.iter().zip(passed) {
        match value {
            Some(value) => known.insert(param, value),
            None => known.remove(&param),
        };
    }
    Some(target.block)
}

impl Emitter<'_> {
    /// `if is_digit(c) {` and `if is_digit(s[i]) {`, from the reading of the argument on or from the call on.
    pub(super) fn test_of_class(&mut self, insts: &[Inst]) {
        let read = &self.func.insts[insts[0]];
        let (read, rest) = match read.op {
            Op::IndexGet | Op::Copy => (Some(read), &insts[1..]),
            _ => (None, insts),
        };
        let &[call, brif, ..] = rest else { return };
        let (called, branch) = (&self.func.insts[call], &self.func.insts[brif]);
        let Imm::Func(function) = called.imm else { return };
        let Some(class) = self.classes.get(function.as_u32() as usize).copied().flatten() else { return };
        let once = |val: Option<Val>, by: Val| val == Some(by) && self.constants.uses(by) == 1;
        if called.args.len() != 1 || branch.op != Op::Brif || !once(called.result.expand(), branch.args[0]) {
            return;
        }
        let (opcode, text, index) = match read {
            Some(read) if !once(read.result.expand(), called.args[0]) => return,
            Some(read) if read.op == Op::IndexGet => {
                (Opcode::quick_test_class_at, self.alloc.reg(read.args[0]), self.alloc.reg(read.args[1]))
            }
            Some(read) => (Opcode::quick_test_class, self.alloc.reg(read.args[0]), Some(0)),
            None => (Opcode::quick_test_class, self.alloc.reg(called.args[0]), Some(0)),
        };
        let (Some(text), Some(index)) = (text, index) else { return };
        // Where the branch falls through is behind the conditional jump, before what its edge moves.
        let (inside, outside) = (self.edge_label(brif, 0), self.edge_label(brif, 1));
        let at = self.asm.here();
        self.asm.op(opcode, 0, text, index, 0);
        self.asm.table_jump(at, inside);
        self.asm.table_jump(at, outside);
        self.asm.words(&[class as u64, (class >> 64) as u64]);
        self.skip = Some((call, self.asm.label()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::builtin::BuiltinNames;
    use crate::ir::parse::parse_module;

    fn class(body: &str) -> Option<Class> {
        let module = parse_module(body, BuiltinNames::default()).expect("IR");
        class_of(module.functions.values().next()?)
    }

    const DIGIT: &str = "block0(v0: any):
  v1 = const \"0\"
  v2 = ge v0, v1
  v4 = const false
  brif v2, block1, block2(v4)
block1:
  v5 = const \"9\"
  v6 = le v0, v5
  v7 = truthy v6
  jump block2(v7)
block2(v3: bool):
  return v3
}
";

    #[test]
    fn functions_that_compare_characters_are_classes() {
        let digits: Class = ('0'..='9').fold(0, |class, digit| class | 1 << digit as u32);
        let function = |name: &str| format!("function fn0 {name:?}(1) captures 0 {{\n{DIGIT}");
        assert_eq!(class(&function("is_digit")), Some(digits));
        // Anything else but comparing with one character, or another result than a bool.
        for (from, to) in
            [("\"0\"", "\"00\""), ("\"0\"", "0"), ("return v3", "return v0"), ("truthy", "not v6\n  v8 = neg")]
        {
            let other = function("other").replace(from, to);
            assert_eq!(class(&other), None, "{other}");
        }
        assert_eq!(class(&function("not_zero").replace("ge v0", "ne v0").replace("le v0", "ne v0")), {
            Some(!(1 << b'0' | 1 << b'9'))
        });
        assert_eq!(class(&function("not_digit").replace("truthy", "not").replace("const false", "const true")), {
            Some(((!0 << b'0') & !digits) | ((1 << b'0') - 1))
        });
    }
}
