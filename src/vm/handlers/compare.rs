//! Comparisons that leave a bool. Inline ints are biased by one constant, so the order of their words is their order.

use super::branch::identity;
use super::operators::{binary_imm, binary_literal, binary_registers};
use crate::runtime::word::{TAG_IMMEDIATE, Word};
use crate::vm::dispatch::handlers;

macro_rules! comparisons {
    ($($name:ident $imm:ident $literal:ident $other:ident $imm_other:ident $literal_other:ident: $sort:ident $op:tt;)*) => { handlers! {$(
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
        cold fn $literal_other(m) {
            m.helper(binary_literal)
        }
    )*} };
}

comparisons! {
    lt lt_i lt_k lt_other lt_i_other lt_k_other: ordering <;
    le le_i le_k le_other le_i_other le_k_other: ordering <=;
    gt gt_i gt_k gt_other gt_i_other gt_k_other: ordering >;
    ge ge_i ge_k ge_other ge_i_other ge_k_other: ordering >=;
    eq eq_i eq_k eq_other eq_i_other eq_k_other: equality ==;
    ne ne_i ne_k ne_other ne_i_other ne_k_other: equality !=;
}
