//! Each rule bites, and what a function may do is not refused.

use super::check;
use crate::bytecode::assembler::Assembler;
use crate::bytecode::op::{DROP_FIRST, DROP_SECOND, Opcode};
use crate::bytecode::program::{FunctionCode, List, Literal, Program};
use crate::bytecode::verify::verify;
use crate::ir::function::ConstData;
use std::collections::BTreeSet;

/// A function of eight registers.
fn function(arity: u16, captures: u16, write: impl FnOnce(&mut Assembler)) -> FunctionCode {
    let mut asm = Assembler::default();
    let parameters: Vec<u16> = (0..arity).collect();
    let parameters = asm.list_of(&parameters);
    asm.point(parameters);
    write(&mut asm);
    if asm.calls_methods {
        asm.code.finish = Some(asm.here());
        asm.op(Opcode::finish_operator, 0, 4, 0, 0);
    }
    let code = asm.finish().expect("short jumps");
    FunctionCode { arity, captures, frame_size: 8, ..code }
}

/// The rules that the functions break, of which only those checked here can be broken.
fn broken_by(functions: Vec<FunctionCode>) -> Vec<&'static str> {
    let program = Program { functions, globals: vec!["g".into()], ..Program::default() };
    assert_eq!(verify(&program), Ok(()));
    let violations = check(&program).err().unwrap_or_default();
    violations.iter().map(|violation| violation.rule).collect::<BTreeSet<_>>().into_iter().collect()
}

fn broken(write: impl FnOnce(&mut Assembler)) -> Vec<&'static str> {
    broken_by(vec![function(0, 0, write)])
}

fn text(asm: &mut Assembler, register: u16) {
    asm.op(Opcode::load_counted, 0, register, 0, 0);
    asm.literal(Literal::Const(ConstData::Str("text".into())));
}

fn leave(asm: &mut Assembler) {
    asm.op(Opcode::return_literal, 0, 0, 0, 0);
    asm.literal(Literal::Const(ConstData::Null));
}

const NONE: &[&str] = &[];

#[test]
fn only_what_was_written_is_read() {
    assert_eq!(broken(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0)), ["BC015", "BC016"]);
    let on_one_way = |asm: &mut Assembler| {
        let over = asm.label();
        asm.op(Opcode::load_int, 0, 0, 1, 0);
        let at = asm.here();
        asm.op(Opcode::jump_if, 0, 0, 0, 0);
        asm.jumps(at, over);
        asm.op(Opcode::load_int, 0, 1, 1, 0);
        asm.bind(over);
        asm.op(Opcode::return_value, 0, 1, 0, 0);
    };
    assert_eq!(broken(on_one_way), ["BC015", "BC016"]);
}

#[test]
fn each_reference_is_given_up_once() {
    let twice = |asm: &mut Assembler| {
        text(asm, 0);
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        leave(asm);
    };
    assert_eq!(broken(twice), ["BC015", "BC016"]);
    let never = |asm: &mut Assembler| {
        text(asm, 0);
        leave(asm);
    };
    assert_eq!(broken(never), ["BC016"]);
    let overwritten = |asm: &mut Assembler| {
        text(asm, 0);
        text(asm, 0);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(overwritten), ["BC016"]);
    let copied = |asm: &mut Assembler| {
        text(asm, 0);
        asm.op(Opcode::copy_value, 0, 1, 0, 0);
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 1, 0, 0);
    };
    assert_eq!(broken(copied), NONE);
    let on_one_way = |asm: &mut Assembler| {
        let over = asm.label();
        text(asm, 0);
        let at = asm.here();
        asm.op(Opcode::jump_if, 0, 0, 0, 0);
        asm.jumps(at, over);
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        asm.bind(over);
        leave(asm);
    };
    assert_eq!(broken(on_one_way), ["BC016"]);
}

#[test]
fn what_is_looked_at_stays_and_what_is_changed_is_its_own() {
    let stored_in_itself = |asm: &mut Assembler| {
        asm.op(Opcode::array_new, 0, 0, 0, 0);
        let at = asm.here();
        asm.op(Opcode::array_push, 0, 0, 0, 0);
        let list = asm.list_of(&[0]);
        asm.unwind(at, list, None);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(stored_in_itself), ["BC016"]);
    // An operator may be given the last reference to a value twice.
    let squared = |second: u16| {
        function(1, 0, move |asm| {
            let at = asm.here();
            asm.op(Opcode::mul, DROP_FIRST | second, 0, 0, 0);
            let list = asm.list_of(&[0]);
            asm.unwind(at, list, None);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        })
    };
    let main = || function(0, 0, leave);
    assert_eq!(broken_by(vec![main(), squared(0)]), NONE);
    assert_eq!(broken_by(vec![main(), squared(DROP_SECOND)]), ["BC016"]);
}

#[test]
fn lists_name_what_is_owned() {
    let listing = |drops: &'static [u16]| {
        broken(move |asm| {
            text(asm, 0);
            let at = asm.here();
            asm.op(Opcode::global_get, 0, 1, 0, 0);
            let list = asm.list_of(drops);
            asm.unwind(at, list, None);
            asm.op(Opcode::drop_value, 0, 0, 0, 0);
            asm.op(Opcode::return_value, 0, 1, 0, 0);
        })
    };
    assert_eq!(listing(&[0]), NONE);
    for wrong in [&[][..], &[1], &[0, 1], &[0, 0]] {
        assert_eq!(listing(wrong), ["BC016"], "{wrong:?}");
    }
    let without_entry = |asm: &mut Assembler| {
        text(asm, 0);
        asm.op(Opcode::global_get, 0, 1, 0, 0);
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 1, 0, 0);
    };
    assert_eq!(broken(without_entry), ["BC016"]);
}

#[test]
fn cells_stand_where_cells_are_expected() {
    let no_cell = |asm: &mut Assembler| {
        asm.op(Opcode::load_int, 0, 0, 1, 0);
        asm.op(Opcode::cell_peek, 0, 1, 0, 0);
        asm.op(Opcode::drop_value, 0, 1, 0, 0);
        leave(asm);
    };
    assert_eq!(broken(no_cell), ["BC017"]);
    let a_mark = |asm: &mut Assembler| {
        asm.op(Opcode::global_peek, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(a_mark), ["BC017"]);
    let a_value = |asm: &mut Assembler| {
        asm.op(Opcode::global_peek, 0, 0, 0, 0);
        let at = asm.here();
        asm.op(Opcode::check_defined, 0, 0, 0, 0);
        asm.literal(Literal::Const(ConstData::Str("g".into())));
        let list = asm.list_of(&[0]);
        asm.unwind(at, list, None);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(a_value), NONE);
}

#[test]
fn captures_are_what_closures_are_made_with() {
    // The first function makes a closure over a cell, or over what is in it.
    let maker = |cell: bool| {
        function(0, 0, move |asm| {
            asm.op(Opcode::load_int, 0, 0, 1, 0);
            if cell {
                asm.op(Opcode::cell_new, 0, 0, 0, 0);
            }
            asm.op(Opcode::closure, 0, 0, 0, 1);
            asm.literal(Literal::Function(1));
            asm.list(&[0]);
            asm.op(Opcode::return_value, 0, 0, 0, 0);
        })
    };
    let body = |drops: bool| {
        function(0, 1, move |asm| {
            asm.op(Opcode::capture_borrow, 0, 0, 0, 0);
            asm.op(Opcode::cell_peek, 0, 1, 0, 0);
            asm.op(Opcode::drop_value, 0, 1, 0, 0);
            if drops {
                // The cell is the closure's.
                asm.op(Opcode::drop_value, 0, 0, 0, 0);
            }
            asm.op(Opcode::return_closure_literal, 0, 0, 0, 0);
            asm.literal(Literal::Const(ConstData::Null));
        })
    };
    assert_eq!(broken_by(vec![maker(true), body(false)]), NONE);
    assert_eq!(broken_by(vec![maker(false), body(false)]), ["BC017"]);
    assert_eq!(broken_by(vec![maker(true), body(true)]), ["BC016"]);
}

#[test]
fn counters_below_a_small_bound_own_nothing() {
    let counting = |bounded: bool| {
        broken(move |asm| {
            asm.op(Opcode::load_int, 0, 0, 0, 0);
            let start = asm.label();
            asm.bind(start);
            let list = asm.list_of(&[0]);
            asm.point(list);
            let at = asm.here();
            if bounded {
                asm.op(Opcode::step_i_lt_i, 0, 0, 1, 100);
                asm.distance(Default::default());
                asm.jumps(at, start);
                let list = asm.list_of(&[0]);
                asm.unwind(at, list, None);
                leave(asm);
            } else {
                asm.op(Opcode::add_i, 0, 0, 0, 1);
                let list = asm.list_of(&[0]);
                asm.unwind(at, list, None);
                asm.jump(start);
            }
        })
    };
    assert_eq!(counting(true), NONE);
    // Without a bound it becomes a counted int one day, and the old one is not given up.
    assert_eq!(counting(false), ["BC016"]);
}

#[test]
fn loans_end_where_the_lender_may_change() {
    // It is not known what is there, nor that it stays while it is looked at.
    let ended = ["BC015", "BC016"];
    // r1 := global 0, borrowed; then `between`; then r2 := r1[0].
    let lent_by_global = |between: &dyn Fn(&mut Assembler)| {
        broken(|asm| {
            asm.op(Opcode::global_borrow, 0, 1, 0, 0);
            between(asm);
            asm.op(Opcode::index_get_i, 0, 2, 1, 0);
            asm.op(Opcode::return_value, 0, 2, 0, 0);
        })
    };
    assert_eq!(lent_by_global(&|_| {}), NONE);
    let stores = |asm: &mut Assembler| {
        asm.op(Opcode::load_int, 0, 3, 1, 0);
        asm.op(Opcode::global_set, 0, 3, 0, 0);
    };
    assert_eq!(lent_by_global(&stores), ended);
    let calls = |asm: &mut Assembler| {
        asm.op(Opcode::global_get, 0, 4, 0, 0);
        asm.op(Opcode::move_value, 0, 5, 4, 0);
        let at = asm.here();
        asm.op(Opcode::call, 0, 4, 0, 0);
        asm.unwind(at, List::default(), None);
        asm.op(Opcode::drop_value, 0, 4, 0, 0);
    };
    assert_eq!(lent_by_global(&calls), ended);
    assert_eq!(lent_by_global(&|asm| asm.op(Opcode::drop_value, 0, 1, 0, 0)), ["BC016"]);
    // r1 := a new cell; r2 := its content, borrowed; then perhaps the cell goes; then r3 := r2[0].
    let lent_by_cell = |goes: bool| {
        broken(|asm| {
            text(asm, 0);
            asm.op(Opcode::cell_new, 0, 1, 0, 0);
            let (list, at) = (asm.list_of(&[1]), asm.here());
            asm.op(Opcode::cell_borrow, 0, 2, 1, 0);
            asm.literal(Literal::Const(ConstData::Str("name".into())));
            asm.unwind(at, list, None);
            let mut drops: &[u16] = &[1];
            if goes {
                asm.op(Opcode::drop_value, 0, 1, 0, 0);
                drops = &[];
            }
            let (list, at) = (asm.list_of(drops), asm.here());
            asm.op(Opcode::index_get_i, 0, 3, 2, 0);
            asm.unwind(at, list, None);
            if !goes {
                asm.op(Opcode::drop_value, 0, 1, 0, 0);
            }
            asm.op(Opcode::return_value, 0, 3, 0, 0);
        })
    };
    assert_eq!(lent_by_cell(false), NONE);
    assert_eq!(lent_by_cell(true), ended);
    // r1 := r0[0], borrowed from the parameter r0; then `between`; then r2 := r1[0].
    let lent_by_value = |between: &dyn Fn(&mut Assembler), after: &dyn Fn(&mut Assembler)| {
        let own = |asm: &mut Assembler| asm.list_of(&[0]);
        let borrows = function(1, 0, |asm| {
            let (list, at) = (own(asm), asm.here());
            asm.op(Opcode::index_borrow_i, 0, 1, 0, 0);
            asm.unwind(at, list, None);
            between(asm);
            let (list, at) = (own(asm), asm.here());
            asm.op(Opcode::index_get_i, 0, 2, 1, 0);
            asm.unwind(at, list, None);
            after(asm);
            asm.op(Opcode::return_value, 0, 2, 0, 0);
        });
        broken_by(vec![function(0, 0, leave), borrows])
    };
    let drops = |asm: &mut Assembler| asm.op(Opcode::drop_value, 0, 0, 0, 0);
    assert_eq!(lent_by_value(&|_| {}, &drops), NONE);
    let changes = |asm: &mut Assembler| {
        asm.op(Opcode::load_int, 0, 3, 1, 0);
        let (list, at) = (asm.list_of(&[0]), asm.here());
        asm.op(Opcode::array_push, 0, 0, 3, 0);
        asm.unwind(at, list, None);
    };
    assert_eq!(lent_by_value(&changes, &drops), ended);
    let replaced = |asm: &mut Assembler| {
        asm.op(Opcode::drop_value, 0, 0, 0, 0);
        text(asm, 0);
    };
    assert_eq!(lent_by_value(&replaced, &drops), ended);
}
