//! Expected instructions for small functions, and sabotage the checker notices.

use super::{check, run};
use crate::base::source::Span;
use crate::ir::builder::FunctionBuilder;
use crate::ir::entities::{Block, FuncRef, Val};
use crate::ir::function::{ConstData, Function};
use crate::ir::inst::{Imm, Op};
use cranelift_entity::EntityRef;

const AT: Span = Span { start: 0, len: 0, source: crate::base::source::SourceId(0) };

fn builder(arity: u32) -> FunctionBuilder {
    FunctionBuilder::new(Function::new(FuncRef::new(0), None, arity, AT))
}

fn ins(b: &mut FunctionBuilder, op: Op, args: &[Val]) -> Val {
    let imm = match op.info().imm {
        crate::ir::inst::ImmKind::Func => Imm::Func(FuncRef::new(0)),
        crate::ir::inst::ImmKind::Const => b.text("name"),
        _ => Imm::None,
    };
    b.ins_val(op, args, imm, AT)
}

/// Runs the step, checks its result and lists a block: name, operands, `!` after those the mask drops.
fn owned(b: FunctionBuilder) -> Function {
    let mut func = b.finish();
    run(&mut func, false);
    assert_eq!(check(&func, None, false), Vec::<String>::new());
    func
}

fn list(func: &Function, block: Block) -> Vec<String> {
    let text = |&inst: &_| {
        let data: &crate::ir::function::InstData = &func.insts[inst];
        let mut line = data.op.info().name.to_string();
        for (index, arg) in data.args.iter().enumerate() {
            line += &format!(" {arg}{}", if data.drop_mask >> index & 1 == 1 { "!" } else { "" });
        }
        line
    };
    func.blocks[block].insts.iter().map(text).collect()
}

#[test]
fn last_uses_move_and_earlier_ones_copy() {
    let mut b = builder(2);
    let (v0, v1) = (b.entry_param(0), b.entry_param(1));
    let pushed = ins(&mut b, Op::ArrayPush, &[v0, v1]);
    let sum = ins(&mut b, Op::Add, &[v1, pushed]);
    b.ret(sum, AT);
    let func = owned(b);
    assert_eq!(list(&func, func.entry), ["copy v1", "array_push v0 v4", "add v1! v2!", "return v3"]);
}

#[test]
fn one_value_in_two_consuming_positions_is_copied_once() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let pushed = ins(&mut b, Op::ArrayPush, &[v0, v0]);
    b.ret(pushed, AT);
    let func = owned(b);
    assert_eq!(list(&func, func.entry), ["copy v0", "array_push v0 v2", "return v1"]);
}

#[test]
fn a_value_both_looked_at_and_consumed_is_copied_for_the_consumer() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let spread = ins(&mut b, Op::ArraySpread, &[v0, v0]);
    b.ret(spread, AT);
    let func = owned(b);
    assert_eq!(list(&func, func.entry), ["copy v0", "array_spread v2 v0!", "return v1"]);
}

#[test]
fn a_dying_view_operand_and_an_unused_result_are_dropped_after() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    ins(&mut b, Op::FieldGetOptional, &[v0]);
    let null = b.constant(ConstData::Null, AT);
    b.ret(null, AT);
    let func = owned(b);
    let listed = list(&func, func.entry);
    assert_eq!(listed[0], "field_get_optional v0");
    assert_eq!(listed.len(), 5, "{listed:?}");
    assert!(listed.contains(&"drop v0".to_string()) && listed.contains(&"drop v1".to_string()));
}

#[test]
fn a_value_dead_on_one_side_is_dropped_at_the_head_of_that_side() {
    let mut b = builder(2);
    let (v0, v1) = (b.entry_param(0), b.entry_param(1));
    let (then, otherwise) = (b.create_block(), b.create_block());
    let less = ins(&mut b, Op::Lt, &[v1, v1]);
    b.brif(less, (then, &[]), (otherwise, &[]), AT);
    b.seal_and_switch(then);
    b.ret(v0, AT);
    b.seal_and_switch(otherwise);
    let null = b.constant(ConstData::Null, AT);
    b.ret(null, AT);
    let func = owned(b);
    assert_eq!(list(&func, func.entry), ["lt v1! v1", "brif v2!"]);
    assert_eq!(list(&func, then), ["return v0"]);
    assert_eq!(list(&func, otherwise), ["drop v0", "const", "return v3"]);
}

#[test]
fn an_edge_that_needs_work_of_its_own_is_split() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let (then, after) = (b.create_block(), b.create_block());
    let param = b.append_param(after, crate::ir::types::Type::ANY);
    let cond = ins(&mut b, Op::Truthy, &[v0]);
    b.brif(cond, (then, &[]), (after, &[v0]), AT);
    b.seal_and_switch(then);
    let null = b.constant(ConstData::Null, AT);
    b.jump(after, &[null], AT);
    b.seal_and_switch(after);
    b.ret(param, AT);
    let func = owned(b);
    assert_eq!(list(&func, then)[0], "drop v0");
    assert_eq!(func.layout.len(), 3, "a move needs no block");

    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let (then, after) = (b.create_block(), b.create_block());
    let param = b.append_param(after, crate::ir::types::Type::ANY);
    let cond = ins(&mut b, Op::Truthy, &[v0]);
    b.brif(cond, (then, &[]), (after, &[v0]), AT);
    b.seal_and_switch(then);
    let null = b.constant(ConstData::Null, AT);
    b.jump(after, &[null], AT);
    b.seal_and_switch(after);
    let both = ins(&mut b, Op::Add, &[param, v0]);
    b.ret(both, AT);
    let func = owned(b);
    assert_eq!(func.layout.len(), 4);
    assert_eq!(list(&func, func.layout[1]), ["copy v0", "jump"]);
}

#[test]
fn a_finished_loop_drops_the_iterator_and_no_item() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let (header, body, exit) = (b.create_block(), b.create_block(), b.create_block());
    let iter = ins(&mut b, Op::IterOpen, &[v0]);
    b.jump(header, &[], AT);
    b.switch_to_block(header);
    let zero = b.constant(ConstData::Int(0), AT);
    let item = ins(&mut b, Op::IterNext, &[iter, zero]);
    let done = ins(&mut b, Op::IsDone, &[item]);
    b.brif(done, (exit, &[]), (body, &[]), AT);
    b.seal_and_switch(body);
    b.jump(header, &[], AT);
    b.seal_block(header);
    b.seal_and_switch(exit);
    let null = b.constant(ConstData::Null, AT);
    b.ret(null, AT);
    let func = owned(b);
    assert_eq!(list(&func, header), ["const", "iter_next v1 v2", "is_done v3", "brif v4"]);
    assert_eq!(list(&func, body), ["drop v3", "jump"]);
    assert_eq!(list(&func, exit)[0], "drop v1");
}

/// `try { x := op(x) } except { return x }; return x`
fn in_try(op: Op) -> Vec<String> {
    let mut b = builder(2);
    let (v0, v1) = (b.entry_param(0), b.entry_param(1));
    let x = b.new_variable();
    b.def_var(x, v0);
    let (handler, after) = (b.create_block(), b.create_block());
    b.set_handler(Some(handler));
    let old = b.use_var(x);
    let new = ins(&mut b, op, &[old, v1]);
    b.def_var(x, new);
    b.set_handler(None);
    b.jump(after, &[], AT);
    b.begin_handler(handler, AT);
    let caught = b.use_var(x);
    b.ret(caught, AT);
    b.seal_and_switch(after);
    let last = b.use_var(x);
    b.ret(last, AT);
    let func = owned(b);
    list(&func, func.entry)
}

#[test]
fn an_update_in_a_try_body_moves_because_raising_gives_nothing_up() {
    assert_eq!(in_try(Op::ArrayPush), ["array_push v0 v1", "jump"]);
}

#[test]
fn a_call_in_a_try_body_copies_what_the_handler_needs() {
    assert_eq!(in_try(Op::CallDirect), ["copy v0", "call_direct v4 v1", "drop v0", "jump"]);
}

#[test]
fn an_operator_that_may_call_leaves_what_the_handler_needs() {
    assert_eq!(in_try(Op::Add), ["add v0 v1!", "drop v0", "jump"]);
}

#[test]
fn a_const_is_loaded_again_instead_of_copied() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let text = b.constant(ConstData::Str("a".into()), AT);
    let once = ins(&mut b, Op::ArrayPush, &[v0, text]);
    let twice = ins(&mut b, Op::ArrayPush, &[once, text]);
    b.ret(twice, AT);
    let func = owned(b);
    let expected = ["const", "const", "array_push v0 v4", "array_push v2 v1", "return v3"];
    assert_eq!(list(&func, func.entry), expected);
}

#[test]
fn the_checker_reports_each_kind_of_violation() {
    let build = || {
        let mut b = builder(2);
        let (v0, v1) = (b.entry_param(0), b.entry_param(1));
        let pushed = ins(&mut b, Op::ArrayPush, &[v0, v1]);
        let sum = ins(&mut b, Op::Add, &[v1, pushed]);
        b.ret(sum, AT);
        owned(b)
    };
    let corrupt = |change: &dyn Fn(&mut Function)| {
        let mut func = build();
        change(&mut func);
        check(&func, None, false).join("; ")
    };
    let entry = build().entry;
    let inst = |func: &Function, at: usize| func.blocks[entry].insts[at];
    let leak = corrupt(&|func| {
        let add = inst(func, 2);
        func.insts[add].drop_mask = 1;
    });
    assert!(leak.contains("v2 is still owned"), "{leak}");
    let twice = corrupt(&|func| {
        let push = inst(func, 1);
        func.insts[push].args[1] = Val::new(0);
    });
    assert!(twice.contains("v0 is given up but not owned"), "{twice}");
    let late = corrupt(&|func| {
        let add = inst(func, 2);
        func.insts[add].args[1] = Val::new(0);
    });
    assert!(late.contains("v0 is used but not owned"), "{late}");
}

#[test]
fn what_is_only_looked_into_is_borrowed() {
    let mut b = builder(1);
    let v0 = b.entry_param(0);
    let row = ins(&mut b, Op::FieldGet, &[v0]);
    let element = ins(&mut b, Op::FieldGet, &[row]);
    let other = ins(&mut b, Op::FieldGet, &[row]);
    let sum = ins(&mut b, Op::Add, &[element, other]);
    b.ret(sum, AT);
    let func = owned(b);
    let expected = ["field_get v0", "field_get v1", "field_get v1", "drop v0", "add v2! v3!", "return v4"];
    assert_eq!(list(&func, func.entry), expected);
    assert!(func.borrowed.contains(row) && func.lenders[row] == v0.into());
}

#[test]
fn a_lender_that_is_changed_lends_no_longer() {
    let mut b = builder(2);
    let (v0, v1) = (b.entry_param(0), b.entry_param(1));
    let row = ins(&mut b, Op::FieldGet, &[v0]);
    let pushed = ins(&mut b, Op::ArrayPush, &[v0, v1]);
    let element = ins(&mut b, Op::FieldGet, &[row]);
    let sum = ins(&mut b, Op::Add, &[pushed, element]);
    b.ret(sum, AT);
    let func = owned(b);
    assert!(!func.borrowed.contains(row));
}

#[test]
fn the_checker_reports_loans_that_have_ended() {
    let mut b = builder(2);
    let (v0, v1) = (b.entry_param(0), b.entry_param(1));
    let row = ins(&mut b, Op::FieldGet, &[v0]);
    let element = ins(&mut b, Op::FieldGet, &[row]);
    let pushed = ins(&mut b, Op::ArrayPush, &[v0, v1]);
    let sum = ins(&mut b, Op::Add, &[pushed, element]);
    b.ret(sum, AT);
    let mut func = owned(b);
    assert!(func.borrowed.contains(row));
    func.blocks[func.entry].insts.swap(1, 2);
    let report = check(&func, None, false).join("; ");
    assert!(report.contains("v2 is used after"), "{report}");
    func.blocks[func.entry].insts.swap(1, 2);
    func.lenders[row] = None.into();
    let report = check(&func, None, false).join("; ");
    assert!(report.contains("v2 does not keep v0 alive"), "{report}");
}
