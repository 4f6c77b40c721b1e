//! Each rule of the first half bites.

use super::*;
use crate::bytecode::assembler::Assembler;
use crate::bytecode::op::DROP_FIRST;
use crate::bytecode::program::{List, Literal, PathDescription};
use crate::ir::function::ConstData;

/// A program of one function written by `write`, with two registers.
fn program(write: impl FnOnce(&mut Assembler)) -> Program {
    let mut asm = Assembler::default();
    asm.point(List::default());
    write(&mut asm);
    let mut code = asm.finish().expect("short jumps");
    code.frame_size = 2;
    Program { functions: vec![code], ..Program::default() }
}

fn broken(program: &Program) -> Vec<&'static str> {
    verify(program).err().unwrap_or_default().iter().map(|violation| violation.rule).collect()
}

#[test]
fn accepts_a_return() {
    assert_eq!(broken(&program(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0))), Vec::<&str>::new());
}

#[test]
fn each_rule_bites() {
    assert_eq!(broken(&program(|asm| asm.op(Opcode::return_value, 0, 2, 0, 0))), ["BC002"]);
    assert_eq!(broken(&program(|asm| asm.op(Opcode::move_value, 0, 1, 0, 0))), ["BC007"]);
    assert_eq!(broken(&program(|asm| asm.op(Opcode::jump, 0, 0, 1, 0))), ["BC006"]);
    assert_eq!(broken(&program(|asm| asm.op(Opcode::return_closure, 0, 1, 0, 0))), ["BC009"]);
    let global = |asm: &mut Assembler| {
        asm.op(Opcode::global_get, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(global)), ["BC005"]);
    let load = |asm: &mut Assembler| {
        asm.op(Opcode::load, 0, 0, 0, 0);
        asm.literal(Literal::Const(ConstData::Str("text".into())));
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(load)), ["BC003"]);
    let call = |asm: &mut Assembler| {
        asm.op(Opcode::call, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(call)), ["BC002", "BC008"]);
    let nobody = |asm: &mut Assembler| {
        asm.op(Opcode::load, 0, 0, 0, 0);
        asm.literal(Literal::Function(7));
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(nobody)), ["BC004"]);
    let mut surplus_key = program(|asm| {
        asm.op(Opcode::set_path, 0, 0, 4, 2);
        asm.words(&[1]);
        asm.list(&[1, 1]);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    });
    surplus_key.paths.push(PathDescription { name: "a".into(), global: None, steps: Vec::new(), update: None });
    assert_eq!(broken(&surplus_key), ["BC010"]);
    let stray = |asm: &mut Assembler| {
        asm.op(Opcode::yield_value, 0, 0, 0, 0);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(stray)), ["BC011"]);
    let unfinished = |asm: &mut Assembler| {
        asm.op(Opcode::add, 0, 0, 0, 1);
        asm.op(Opcode::return_value, 0, 0, 0, 0);
    };
    assert_eq!(broken(&program(unfinished)), ["BC012"]);
    let forever = |asm: &mut Assembler| {
        asm.op(Opcode::move_value, 0, 1, 0, 0);
        asm.op(Opcode::jump, 0, 0, (-2i16) as u16, u16::MAX);
    };
    assert_eq!(broken(&program(|asm| asm.op(Opcode::jump, 0, 0, 0, 0))), Vec::<&str>::new());
    let mut uncharged = program(forever);
    assert_eq!(broken(&uncharged), Vec::<&str>::new());
    uncharged.functions[0].points.clear();
    assert_eq!(broken(&uncharged), ["BC013", "BC013"]);
    let flagged = program(|asm| asm.op(Opcode::return_value, DROP_FIRST, 1, 0, 0));
    assert_eq!(broken(&flagged), ["BC014"]);
    let mut wide = program(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0));
    wide.functions[0].frame_size = 251;
    assert_eq!(broken(&wide), ["BC014"]);
    wide.functions[0].frame_size = 0x8000;
    assert_eq!(broken(&wide), ["BC002", "BC014"]);
    wide.functions[0].frame_size = 250;
    assert_eq!(broken(&wide), Vec::<&str>::new());
    wide.functions[0].arity = 1;
    assert_eq!(broken(&wide), ["BC014"]);
    let mut cut = program(|asm| asm.op(Opcode::return_value, 0, 1, 0, 0));
    cut.functions[0].code.pop();
    assert_eq!(broken(&cut), ["BC001"]);
}
