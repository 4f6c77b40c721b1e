//! Prefixes: what is known behind the instructions they skip, where the common case was theirs. In any other case they change
//! nothing, and control runs on into what they stand for.

use super::fact::{Fact, Hold};
use super::transfer::{Step, targets};
use crate::bytecode::op::{Extra, Fields, Opcode, Operand};
use crate::ir::types::Type;
use crate::regalloc::WINDOW_HEADER;

/// What prefixes calculate with.
const NUMBER: Type = Type::SMALL_INT.union(Type::FLOAT);

/// A field of the instruction that names a register.
#[derive(Clone, Copy)]
enum Slot {
    B,
    C,
    /// The register in a `RegisterJump`.
    Further,
}

/// The registers that have inline ints in the common case of a prefix that goes on behind what it stands for, or where the branch in
/// it leads: elements are looked for there, so a reference given up behind is none.
fn ints(opcode: Opcode) -> Option<&'static [Slot]> {
    use Opcode::*;
    use Slot::*;
    Some(match opcode {
        quick_test_index | quick_cell_test_index | quick_test_character | quick_test_class_at => &[B],
        quick_cell_test_index_add | quick_cell_test_index_sub => &[B, Further],
        quick_cell_test_index_sum => &[B, C, Further],
        quick_cell_test_character | quick_test_class | quick_switch | quick_switch_tag => &[],
        _ => return None,
    })
}

impl Step<'_> {
    /// Looks at the instruction if it is a prefix.
    pub(super) fn prefix(&mut self) -> bool {
        use Opcode::*;
        let before = self.state.clone();
        match self.opcode {
            quick_return_add | quick_return_sub | quick_return_mul => {
                self.reads();
                self.narrow(self.fields.b, NUMBER);
                self.narrow(self.fields.c, NUMBER);
                self.lost("is left", |_| true);
            }
            quick_return_lt_i | quick_return_le_i | quick_return_eq_i => {
                self.reads();
                self.narrow(self.fields.a, Type::SMALL_INT);
                self.goes(self.at + self.opcode.behind(self.fields.op).unwrap_or(0));
                self.give_up(self.fields.c);
                self.lost("is left", |_| true);
            }
            quick_call_add => {
                self.reads();
                self.call_with_sum();
            }
            opcode => {
                let Some(ints) = ints(opcode) else { return false };
                self.reads();
                self.common_case(ints);
            }
        }
        self.state = before;
        true
    }

    fn register(&self, slot: Slot) -> u16 {
        match slot {
            Slot::B => self.fields.b,
            Slot::C => self.fields.c,
            Slot::Further => self.function.code[self.at + 2] as u16,
        }
    }

    /// Something must be in each register that is named.
    fn reads(&mut self) {
        let fields = [self.fields.a, self.fields.b, self.fields.c];
        for (operand, register) in self.opcode.info().operands.into_iter().zip(fields) {
            if operand == Operand::Cell {
                self.read(register, Type::CELL);
            } else if operand.is_read() || operand == Operand::Mod {
                self.read(register, Type::ANY);
            }
        }
        if self.opcode.info().extra == Extra::RegisterJump {
            self.read(self.register(Slot::Further), Type::ANY);
        }
    }

    fn common_case(&mut self, ints: &[Slot]) {
        for &slot in ints {
            self.narrow(self.register(slot), Type::SMALL_INT);
        }
        if self.opcode == Opcode::quick_test_class
            && let Some(fact) = self.state.get_mut(&self.fields.a)
        {
            // The strings of one ASCII character are not counted.
            *fact = Fact { hold: Hold::Plain, ..fact.narrowed(Type::STRING) };
        }
        for target in targets(&self.function.code, self.at, self.opcode, self.fields) {
            self.goes(target);
        }
    }

    /// The last argument is a sum of ints; then the direct call behind is done.
    fn call_with_sum(&mut self) {
        // Behind the prefix and the addition.
        let (sum, call) = (self.fields, self.at + 3 + 2);
        self.narrow(sum.b, Type::SMALL_INT);
        self.write(sum.a + WINDOW_HEADER + (sum.c >> 8), Fact::of(Type::SMALL_INT));
        let behind = self.at + self.opcode.behind(sum.op).unwrap_or(0);
        let (at, opcode) = (self.at, self.opcode);
        (self.at, self.opcode) = (call, Opcode::call_direct);
        self.fields = Fields::decode(self.function.code[call + 1]);
        self.call();
        (self.at, self.opcode, self.fields) = (at, opcode, sum);
        self.goes(behind);
    }
}
