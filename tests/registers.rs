//! Claims about registers: values stay where they are, arguments are computed in place, and the checker notices sabotage.

use cranelift_entity::EntityRef;
use ruff::ir::entities::{Block, Inst, Val};
use ruff::ir::function::Function;
use ruff::ir::inst::Op;
use ruff::ir::parse::parse_module;
use ruff::regalloc::releases::Listed;
use ruff::regalloc::suspend::Kept;
use ruff::regalloc::{Allocation, Move, TooManyRegisters, allocate, check::check};
use ruff::runtime::builtins;

/// Parses the body of a function, runs the ownership step and allocates with ints and nulls out of registers.
fn compile(arity: usize, body: &str) -> (Function, Allocation) {
    let text = format!("function fn0 \"f\"({arity}) captures 0 {{\n{body}}}\n");
    let mut module = parse_module(&text, builtins::NAMES).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut func = module.functions.values_mut().next().expect("a function").clone();
    ruff::ownership::run(&mut func, false);
    assert_eq!(ruff::ownership::check(&func, None, false), Vec::<String>::new());
    let allocation = allocate(&func, |val| func.values[val].ty.may_be_counted()).expect("few registers");
    assert_eq!(check(&func, &allocation), Vec::<String>::new());
    (func, allocation)
}

fn insts(func: &Function) -> Vec<Inst> {
    func.layout.iter().flat_map(|&block| func.blocks[block].insts.clone()).collect()
}

/// Every move the code would execute, as text.
fn moves(func: &Function, allocation: &Allocation) -> Vec<String> {
    let mut list = Vec::new();
    for inst in insts(func) {
        let name = func.insts[inst].op.info().name;
        let mut add = |moves: &[Move]| {
            list.extend(moves.iter().map(|step| match step {
                Move::Reg { from, to } => format!("{name}: r{from} to r{to}"),
                Move::Const { to, .. } => format!("{name}: const to r{to}"),
            }));
        };
        for index in 0..func.insts[inst].targets.len() {
            add(allocation.edge_moves(inst, index));
        }
        if let Some(window) = allocation.window(inst) {
            add(&window.moves_before);
            add(window.result_move.as_slice());
        }
        if let Some(edge) = allocation.unwind(inst).and_then(|unwind| unwind.handler.as_ref()) {
            add(&edge.moves);
        }
    }
    list
}

fn reg(allocation: &Allocation, val: usize) -> u16 {
    allocation.reg(Val::new(val)).expect("a register")
}

fn bases(func: &Function, allocation: &Allocation) -> Vec<u16> {
    insts(func).into_iter().filter_map(|inst| allocation.window(inst)).map(|window| window.base).collect()
}

const NONE: [String; 0] = [];

const FIB: &str = "\
block0(v0: any):
  v1 = const 2
  v2: bool = lt v0, v1
  brif v2, block1, block2
block1:
  return v0
block2:
  v3 = const 1
  v4 = sub v0, v3
  v5 = call_direct fn0, v4
  v6 = const 2
  v7 = sub v0, v6
  v8 = call_direct fn0, v7
  v9 = add v5, v8
  return v9
";

#[test]
fn fib_computes_its_arguments_into_windows() {
    let (func, allocation) = compile(1, FIB);
    assert_eq!(moves(&func, &allocation), NONE);
    assert_eq!(bases(&func, &allocation), [1, 2]);
    assert_eq!([4, 5, 7, 8].map(|val| reg(&allocation, val)), [5, 1, 6, 2]);
    assert_eq!(allocation.frame_size, 7);
}

#[test]
fn nested_calls_need_no_moves() {
    let first = "\
block0(v0: any, v1: any):
  v2 = add v0, v1
  v3 = call_direct fn0, v2
  v4 = add v0, v1
  v5 = call_direct fn0, v3, v4
  return v5
";
    let second = "\
block0(v0: any, v1: any):
  v2 = add v0, v1
  v3 = add v0, v1
  v4 = call_direct fn0, v3
  v5 = call_direct fn0, v2, v4
  return v5
";
    let deep = "\
block0(v0: any, v1: any):
  v2 = add v0, v1
  v3 = call_direct fn0, v2
  v4 = call_direct fn0, v3
  v5 = call_method \"m\", v4
  v6 = func fn0
  v7 = call v6, v5
  return v7
";
    for body in [first, second] {
        let (func, allocation) = compile(2, body);
        assert_eq!(moves(&func, &allocation), NONE, "{body}");
    }
    let (func, allocation) = compile(2, deep);
    assert_eq!(moves(&func, &allocation), NONE);
    // Each window opens where the next one wants its argument.
    assert_eq!(bases(&func, &allocation), [12, 8, 4, 0]);
}

#[test]
fn an_argument_that_lives_on_is_copied_by_a_move_if_it_has_no_count() {
    let body = "\
block0(v0: any):
  v1 = truthy v0
  v2 = call_direct fn0, v1
  v3 = add v2, v1
  return v3
";
    let (func, allocation) = compile(1, body);
    assert_eq!(moves(&func, &allocation), ["call_direct: r0 to r5"]);
}

const LOOP: &str = "\
block0(v0: any):
  v1 = const \"\"
  v2 = const \"a\"
  jump block1(v1)
block1(v3: any):
  v4: bool = lt v3, v0
  brif v4, block2, block3
block2:
  v5 = add v3, v2
  jump block1(v5)
block3:
  v6 = array_new v3, v0
  return v6
";

#[test]
fn a_loop_variable_used_after_the_loop_stays_in_one_register() {
    let (func, allocation) = compile(1, LOOP);
    assert_eq!(moves(&func, &allocation), NONE);
    assert_eq!([1, 5].map(|val| reg(&allocation, val)), [reg(&allocation, 3); 2]);
}

#[test]
fn an_update_keeps_its_register_in_a_loop() {
    let body = "\
block0(v0: any):
  v1 = array_new
  jump block1(v1)
block1(v2: any):
  v3: bool = truthy v0
  brif v3, block2, block3
block2:
  v4 = array_push v2, v0
  jump block1(v4)
block3:
  return v2
";
    let (func, allocation) = compile(1, body);
    assert_eq!(moves(&func, &allocation), NONE);
    assert_eq!(reg(&allocation, 4), reg(&allocation, 2));
}

#[test]
fn variables_exchanged_in_a_loop_go_through_a_scratch_register() {
    let body = "\
block0(v0: any, v1: any):
  jump block1(v0, v1)
block1(v2: any, v3: any):
  v4: bool = lt v2, v3
  brif v4, block2, block3
block2:
  jump block1(v3, v2)
block3:
  return v2
";
    let (func, allocation) = compile(2, body);
    let list = moves(&func, &allocation);
    assert_eq!(list.len(), 3, "{list:?}");
    assert_eq!(allocation.frame_size, 4, "two variables, the condition, the scratch register");
}

const TRY: &str = "\
block0(v0: any, v1: any):
  v2 = array_push v0, v1 unwind block1(v0)
  v3: array = array_push v2, v1 unwind block1(v2)
  v4 = call_direct fn0, v1 unwind block1(v3)
  jump block2(v3)
block1(v5: any):
  v6 = caught
  jump block2(v5)
block2(v7: any):
  return v7
";

#[test]
fn a_variable_assigned_in_a_try_body_keeps_one_home() {
    let (func, allocation) = compile(2, TRY);
    assert_eq!(moves(&func, &allocation), ["call_direct: r1 to r5"]);
    assert_eq!([2, 3, 5, 7].map(|val| reg(&allocation, val)), [0; 4]);
}

#[test]
fn the_unwinder_drops_what_is_owned_and_not_taken() {
    let (func, allocation) = compile(2, TRY);
    let pushes: Vec<Inst> = insts(&func).into_iter().filter(|&inst| func.insts[inst].op == Op::ArrayPush).collect();
    // The copy of v1 made for the push, and v1 itself.
    let unwind = allocation.unwind(pushes[0]).expect("an entry");
    assert_eq!(allocation.released(pushes[0]).drops.len(), 2);
    let edge = unwind.handler.as_ref().expect("a handler");
    assert!(edge.moves.is_empty() && edge.increments.is_empty());
    let call = insts(&func).into_iter().find(|&inst| func.insts[inst].op == Op::CallDirect).expect("a call");
    assert!(allocation.released(call).drops.is_empty(), "arguments belong to the call");
}

#[test]
fn a_value_the_handler_gets_twice_is_incremented() {
    let body = "\
block0(v0: any):
  v1 = global_get global0 unwind block1(v0, v0)
  return v1
block1(v2: any, v3: any):
  v4 = caught
  v5 = array_new v2, v3, v4, v0
  return v5
";
    let text = format!("global global0 \"g\"\n\nfunction fn0 \"f\"(1) captures 0 {{\n{body}}}\n");
    let mut func =
        parse_module(&text, builtins::NAMES).expect("IR").functions.values().next().expect("a function").clone();
    ruff::ownership::run(&mut func, false);
    let allocation = allocate(&func, |_| true).expect("few registers");
    assert_eq!(check(&func, &allocation), Vec::<String>::new());
    let edge = insts(&func).iter().find_map(|&inst| allocation.unwind(inst)?.handler.clone()).expect("a handler");
    assert_eq!(edge.increments, [0, 0]);
    assert_eq!(edge.moves.len(), 2);
}

#[test]
fn a_constant_without_a_register_is_moved_as_a_constant() {
    let body = "\
block0(v0: any):
  v1 = const 1
  v2: bool = truthy v0
  brif v2, block1, block2(v1)
block1:
  v3 = call_direct fn0, v1, v1
  jump block2(v3)
block2(v4: any):
  return v4
";
    let (func, allocation) = compile(1, body);
    assert!(allocation.reg(Val::new(1)).is_none());
    let consts = moves(&func, &allocation).into_iter().filter(|step| step.contains("const")).count();
    assert_eq!(consts, 3);
}

/// The allocation of a function with so many live arrays at once.
fn arrays(count: usize) -> Result<Allocation, TooManyRegisters> {
    let mut body = "block0:\n".to_string();
    for val in 0..count {
        body += &format!("  v{val} = array_new\n");
    }
    let all: Vec<String> = (0..count).map(|val| format!("v{val}")).collect();
    body += &format!("  v{count} = array_new {}\n  return v{count}\n", all.join(", "));
    let text = format!("function fn0 \"f\"(0) captures 0 {{\n{body}}}\n");
    let module = parse_module(&text, builtins::NAMES).expect("IR");
    let func = module.functions.values().next().expect("a function");
    allocate(func, |_| true)
}

#[test]
fn a_function_that_needs_too_many_registers_is_refused() {
    assert_eq!(arrays(ruff::regalloc::MAX_REGISTERS + 1).map(|_| ()), Err(TooManyRegisters));
    assert!(arrays(1000).is_ok());
}

#[test]
fn the_lists_of_the_unwinder_grow_with_what_changes() {
    let words = |count: usize| arrays(count).expect("few registers").lists.pool.len();
    assert!(words(10_000) < 60_000 && words(10_000) < 3 * words(5000));
}

/// The checker's report after `change` to the allocation of `body`.
fn sabotage(arity: usize, body: &str, change: impl Fn(&Function, &mut Allocation)) -> String {
    let (func, mut allocation) = compile(arity, body);
    change(&func, &mut allocation);
    check(&func, &allocation).join("; ")
}

#[test]
fn the_checker_notices_two_live_values_in_one_register() {
    let report = sabotage(1, FIB, |_, allocation| allocation.reg[Val::new(5)] = Some(2));
    assert!(report.contains("does not reach r2"), "{report}");
    let report = sabotage(1, LOOP, |_, allocation| allocation.reg[Val::new(2)] = Some(0));
    assert!(report.contains("v0 is read from r0, which holds v2"), "{report}");
}

#[test]
fn the_checker_notices_a_window_over_a_live_value_and_a_missing_operand() {
    let lower = |func: &Function, allocation: &mut Allocation| {
        let second = insts(func).into_iter().rfind(|&inst| func.insts[inst].op == Op::CallDirect).expect("a call");
        allocation.windows.get_mut(&second).expect("a window").base = 1;
    };
    let report = sabotage(1, FIB, lower);
    assert!(report.contains("v5 is live across the call but not below its window"), "{report}");
    assert!(report.contains("operand 0 is not in r5"), "{report}");
}

#[test]
fn the_checker_notices_a_home_left() {
    let report = sabotage(2, TRY, |_, allocation| allocation.reg[Val::new(2)] = Some(9));
    assert!(report.contains("the operand it updates differ in register"), "{report}");
    assert!(report.contains("outside the frame"), "{report}");
}

fn first(func: &Function, op: Op) -> Inst {
    insts(func).into_iter().find(|&inst| func.insts[inst].op == op).expect("such an instruction")
}

/// Changes what `allocation` lists for `inst`.
fn relist(allocation: &mut Allocation, inst: Inst, change: &dyn Fn(&mut Listed)) {
    let mut listed = allocation.released(inst);
    change(&mut listed);
    let list = allocation.lists.add(&listed.drops, &listed.kept);
    allocation.unwind.entry(inst).or_default().list = list;
}

#[test]
fn the_checker_notices_registers_missing_and_surplus() {
    let push = |func: &Function, allocation: &mut Allocation, change: &dyn Fn(&mut Listed)| {
        relist(allocation, first(func, Op::ArrayPush), change);
    };
    let report = sabotage(2, TRY, |func, allocation| push(func, allocation, &|entry| entry.drops.truncate(1)));
    assert!(report.contains("(array_push): r2 owns v9 and is not released"), "{report}");
    let report = sabotage(2, TRY, |func, allocation| push(func, allocation, &|entry| entry.kept.clear()));
    assert!(report.contains("(array_push): r0 owns v0 and is not released"), "{report}");
    let report = sabotage(2, TRY, |func, allocation| push(func, allocation, &|entry| entry.drops.push(5)));
    assert!(report.contains("(array_push): r5 is released but owns nothing"), "{report}");
    let report = sabotage(2, TRY, |func, allocation| {
        push(func, allocation, &|entry| entry.drops.push(entry.kept.pop().expect("what the handler takes")));
    });
    assert!(report.contains("v5 of block1 receives v0 without a reference"), "{report}");
    let report = sabotage(2, TRY, |func, allocation| {
        let call = allocation.unwind.get_mut(&first(func, Op::CallDirect)).expect("an entry");
        call.handler.as_mut().expect("a handler").increments.push(0);
    });
    assert!(report.contains("a reference to v3 is lost on the way to block1"), "{report}");
}

#[test]
fn the_checker_notices_what_points_forget() {
    let report = sabotage(1, LOOP, |_, allocation| {
        let owned = allocation.lists.read(allocation.points[&Block::new(1)]);
        let rest: Vec<u16> = owned.drops.iter().copied().filter(|&reg| reg != 0).collect();
        let list = allocation.lists.add(&rest, &[]);
        allocation.points.insert(Block::new(1), list);
    });
    assert!(report.contains("the point at block1: r0 owns v0 and is not released"), "{report}");
}

/// A closure that looks at what it captured in a loop.
const BORROWING: &str = "\
block0(v0: any):
  v1 = capture_get 0
  jump block1(v0)
block1(v2: any):
  v3 = index_get v1, v2
  v4: bool = truthy v3
  brif v4, block1(v3), block2
block2:
  v5 = array_new v1, v3
  v6 = index_get v1, v5
  return v6
";

#[test]
fn the_checker_notices_borrowed_values_that_are_released() {
    let text = format!("function fn0 \"f\"(1) captures 1 {{\n{BORROWING}}}\n");
    let mut func =
        parse_module(&text, builtins::NAMES).expect("IR").functions.values().next().expect("a function").clone();
    ruff::ownership::run(&mut func, false);
    let allocation = allocate(&func, |_| true).expect("few registers");
    assert_eq!(check(&func, &allocation), Vec::<String>::new());
    let borrowed = reg(&allocation, 1);
    let mut at_point = allocation.clone();
    let listed = allocation.lists.read(allocation.points[&Block::new(1)]);
    let with: Vec<u16> = listed.drops.iter().copied().chain([borrowed]).collect();
    let list = at_point.lists.add(&with, &[]);
    at_point.points.insert(Block::new(1), list);
    let mut at_raise = allocation.clone();
    relist(&mut at_raise, first(&func, Op::IndexGet), &|listed| listed.drops.push(borrowed));
    for sabotaged in [at_point, at_raise] {
        let report = check(&func, &sabotaged).join("; ");
        assert!(report.contains(&format!("r{borrowed} is released but owns nothing")), "{report}");
    }
    let mut consumed = func.clone();
    let stored = first(&consumed, Op::ArrayNew);
    consumed.insts[stored].args[0] = Val::new(1);
    let report = check(&consumed, &allocation).join("; ");
    assert!(report.contains(&format!("(array_new): r{borrowed} gives v1 up but owns nothing")), "{report}");
}

#[test]
fn the_checker_notices_what_a_suspended_generator_forgets() {
    let body = "\
block0(v0: any):
  generator_start
  v1 = const 1
  yield v1
  return v0
";
    for op in [Op::GeneratorStart, Op::Yield] {
        let report = sabotage(1, body, |func, allocation| {
            let kept = allocation.suspended.get_mut(&first(func, op)).expect("a table");
            *kept = Kept::Few(Vec::new());
        });
        assert!(report.contains("r0 owns v0 and is not released"), "{report}");
    }
}

#[test]
fn the_checker_notices_an_edge_that_delivers_the_wrong_value() {
    let report = sabotage(1, LOOP, |_, allocation| allocation.reg[Val::new(5)] = Some(3));
    assert!(report.contains("v3 of block1 does not receive v5"), "{report}");
}
