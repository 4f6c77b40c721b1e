//! Comparisons that leave a bool. Inline ints are biased by one constant, so the order of their words is their order.

use super::branch::{identity, same_object_if_equality};
use super::operators::{binary_imm, binary_literal, binary_registers};
use crate::bytecode::op::Opcode;
use crate::runtime::string;
use crate::runtime::word::{TAG_IMMEDIATE, Word};
use crate::vm::dispatch::{Handler, handlers};

macro_rules! comparisons {
    ($($name:ident $imm:ident $literal:ident $other:ident $imm_other:ident $literal_other:ident $character:ident: $sort:ident $op:tt;)*) => { handlers! {$(
        fn $name(m) {
            let (x, y) = (m.rb(), m.rc());
            if (x & y) >= m.lim {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                m.next(2)
            } else {
                m.enter($other)
            }
        }
        cold fn $other(m) {
            let (x, y) = (m.rb(), m.rc());
            if identity!($sort x, y) && !Word(y).is_counted() {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                return m.next(2);
            }
            let same: i64 = same_object_if_equality!($sort m, x, y);
            if same >= 0 {
                m.set_a(Word::FALSE.0 + (same $op 1) as u64);
                return m.next(2);
            }
            m.helper(binary_registers)
        }
        fn $imm(m) {
            let (x, y) = (m.rb(), (m.c_signed() as u64).wrapping_add(m.t));
            if x >= m.lim {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                m.next(2)
            } else {
                m.enter($imm_other)
            }
        }
        cold fn $imm_other(m) {
            let same: i64 = same_object_if_equality!($sort m, m.rb(), Word::small_int(m.c_signed() as i32).0);
            if same >= 0 {
                m.set_a(Word::FALSE.0 + (same $op 1) as u64);
                return m.next(2);
            }
            m.helper(binary_imm)
        }
        fn $literal(m) {
            let (x, y) = (m.rb(), m.literal());
            if (x & y) >= m.lim {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                m.next(3)
            } else if identity!($sort x, y) {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                m.next(3)
            } else {
                m.enter($literal_other)
            }
        }
        fn $character(m) {
            let (x, y) = (m.rb(), m.literal());
            if string::is_character(x) {
                m.set_a(Word::FALSE.0 + (x $op y) as u64);
                m.next(3)
            } else {
                m.enter($literal)
            }
        }
        cold fn $literal_other(m) {
            let same: i64 = same_object_if_equality!($sort m, m.rb(), m.literal());
            if same >= 0 {
                m.set_a(Word::FALSE.0 + (same $op 1) as u64);
                return m.next(3);
            }
            m.helper(binary_literal)
        }
    )*}

    /// The handler of a comparison with a one-character literal, as [`super::branch::with_character`].
    pub(crate) fn with_character(opcode: Opcode) -> Option<Handler> {
        match opcode {
            $(Opcode::$literal => Some($character),)*
            _ => None,
        }
    }
    };
}

comparisons! {
    lt lt_i lt_k lt_other lt_i_other lt_k_other lt_c: ordering <;
    le le_i le_k le_other le_i_other le_k_other le_c: ordering <=;
    gt gt_i gt_k gt_other gt_i_other gt_k_other gt_c: ordering >;
    ge ge_i ge_k ge_other ge_i_other ge_k_other ge_c: ordering >=;
    eq eq_i eq_k eq_other eq_i_other eq_k_other eq_c: equality ==;
    ne ne_i ne_k ne_other ne_i_other ne_k_other ne_c: equality !=;
}
