//! Global constants: a read of a global that has one value for as long as anybody can read it is that value.
//!
//! ```text
//! function main:                      function f:
//!   v0 = const 1000                     v1 = const 1000
//!   global_set "SIZE", v0               ...
//!   ...
//! function f:
//!   v1: any = global_get "SIZE"
//! ```
//!
//! The whole program is known, so all stores are. A global qualifies if there is one store to it in the whole module, of a constant, in
//! the entry block of the top level, where nothing has been started before: no call, no task, no error that is caught. Then whoever
//! reads it in a function, or later at the top level, runs after the store: functions run because somebody calls them, and an error
//! before the store ends the program. Reads in front of the store stay.
//!
//! The pass takes it that all code is in the module. A host that adds code later, which may store to the same globals, must leave it out.

use super::fuel::Fuel;
use super::{Changes, Wanted};
use crate::ir::effects::Effects;
use crate::ir::entities::{FuncRef, Global, Inst};
use crate::ir::function::{ConstData, Function, Module};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::SecondaryMap;

/// The first function of a module.
fn is_top_level(id: FuncRef) -> bool {
    id.as_u32() == 0
}

/// What is known of a global.
#[derive(Clone, Default)]
enum Stores {
    /// Nothing is stored.
    #[default]
    None,
    /// This, where nothing has been called before; where in the entry block of the top level.
    Once(usize, ConstData),
    /// Anything.
    Other,
}

/// Runs the pass on the functions that are `wanted`: how many reads were replaced in each.
pub fn run(module: &mut Module, fuel: &mut Fuel, wanted: Wanted<'_>) -> Changes {
    let globals = stores(module);
    if !globals.values().any(|stores| matches!(stores, Stores::Once(..))) {
        return Vec::new();
    }
    let mut changed = Vec::new();
    for (id, func) in module.functions.iter_mut().filter(|(_, func)| wanted(func)) {
        let changes = replace(id, func, &globals, fuel);
        if changes > 0 {
            changed.push((id, changes));
        }
    }
    changed
}

/// What is stored in each global.
fn stores(module: &Module) -> SecondaryMap<Global, Stores> {
    let mut globals: SecondaryMap<Global, Stores> = SecondaryMap::new();
    for (id, func) in &module.functions {
        let start = if is_top_level(id) { quiet_start(func) } else { 0 };
        for &block in &func.layout {
            for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
                let data = &func.insts[inst];
                let global = match data.imm {
                    Imm::Global(global) if data.op == Op::GlobalSet => global,
                    Imm::Path(path) => match func.paths[path].global {
                        Some(global) => global,
                        None => continue,
                    },
                    _ => continue,
                };
                let constant = || func.const_of(data.args[0]).filter(|constant| **constant != ConstData::Undef);
                globals[global] = match (&globals[global], data.op) {
                    (Stores::None, Op::GlobalSet) if block == func.entry && at < start => {
                        constant().map_or(Stores::Other, |constant| Stores::Once(at, constant.clone()))
                    }
                    _ => Stores::Other,
                };
            }
        }
    }
    globals
}

/// How many instructions at the start of `func` run before anything is called or an error is caught.
fn quiet_start(func: &Function) -> usize {
    let quiet = |&inst: &Inst| {
        let data = &func.insts[inst];
        let effects = data.op.info().effects;
        // Builtins call what they are given; a text or number cannot be called.
        let plain = Type::NUMBER.union(Type::BOOL).union(Type::NULL).union(Type::STRING);
        let harmless = data.op == Op::CallBuiltin && data.args.iter().all(|&val| func.values[val].ty.is_subset(plain));
        let operates = effects.contains(Effects::OPERATOR);
        let starts = data.op.starts_function() || data.op == Op::Spawn;
        data.unwind.is_none() && !starts && (harmless || !effects.contains(Effects::CALLS) && !operates)
    };
    func.blocks[func.entry].insts.iter().take_while(|inst| quiet(inst)).count()
}

fn replace(id: FuncRef, func: &mut Function, globals: &SecondaryMap<Global, Stores>, fuel: &mut Fuel) -> usize {
    let mut changes = 0;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        for at in 0..func.blocks[block].insts.len() {
            let inst = func.blocks[block].insts[at];
            let Imm::Global(global) = func.insts[inst].imm else { continue };
            let Stores::Once(stored, constant) = &globals[global] else { continue };
            let before = is_top_level(id) && block == func.entry && at < *stored;
            if func.insts[inst].op != Op::GlobalGet || before || !fuel.take() {
                continue;
            }
            let imm = Imm::Const(func.constant(constant.clone()));
            let data = &mut func.insts[inst];
            (data.op, data.imm, data.unwind) = (Op::Const, imm, None);
            if let Some(val) = data.result.expand() {
                func.values[val].ty = constant.ty();
            }
            changes += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::Span;
    use crate::ir::builder::FunctionBuilder;
    use crate::ir::function::GlobalData;

    const AT: Span = Span { start: 0, len: 0, source: crate::base::source::SourceId(0) };

    /// A top level that `write`s, and a function that reads global 0; what the function then does first.
    fn read_after(write: impl FnOnce(&mut FunctionBuilder, Imm)) -> Op {
        let mut module = Module::default();
        let global = Imm::Global(module.globals.push(GlobalData { name: "g".into() }));
        let mut main = FunctionBuilder::new(Function::new(FuncRef::from_u32(0), None, 0, AT));
        write(&mut main, global);
        let null = main.constant(ConstData::Null, AT);
        main.ret(null, AT);
        module.functions.push(main.finish());
        let mut reader = FunctionBuilder::new(Function::new(FuncRef::from_u32(1), None, 0, AT));
        let val = reader.ins_val(Op::GlobalGet, &[], global, AT);
        reader.ret(val, AT);
        let reader = module.functions.push(reader.finish());
        run(&mut module, &mut Fuel::unlimited(), &|_| true);
        let func = &module.functions[reader];
        func.insts[func.blocks[func.entry].insts[0]].op
    }

    fn store(b: &mut FunctionBuilder, global: Imm, number: i64) {
        let val = b.constant(ConstData::Int(number), AT);
        b.ins(Op::GlobalSet, &[val], global, AT);
    }

    #[test]
    fn what_is_stored_once_before_anything_is_called_is_a_constant() {
        assert_eq!(read_after(|b, global| store(b, global, 5)), Op::Const);
        let computes = |b: &mut FunctionBuilder, global: Imm| {
            let val = b.ins_val(Op::ArrayNew, &[], Imm::None, AT);
            b.ins(Op::GlobalSet, &[val], global, AT);
        };
        assert_eq!(read_after(computes), Op::GlobalGet);
        assert_eq!(read_after(|_, _| {}), Op::GlobalGet);
    }

    #[test]
    fn what_may_be_read_before_or_stored_again_is_none() {
        let twice = |b: &mut FunctionBuilder, global: Imm| {
            store(b, global, 5);
            store(b, global, 5);
        };
        assert_eq!(read_after(twice), Op::GlobalGet);
        let called = |b: &mut FunctionBuilder, global: Imm| {
            b.ins_val(Op::CallDirect, &[], Imm::Func(FuncRef::from_u32(1)), AT);
            store(b, global, 5);
        };
        assert_eq!(read_after(called), Op::GlobalGet);
    }
}
