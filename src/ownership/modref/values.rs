//! Which values may be one cell, or one captured value: classes that unite a closure's operands with what its body captures, and
//! cells with the block parameters they are passed to (a union-find without regard to control flow, after Steensgaard, POPL 1996).

use crate::ir::entities::{FuncRef, Val};
use crate::ir::function::{Function, Module};
use crate::ir::inst::{Imm, Op};
use crate::ir::types::Type;
use cranelift_entity::{EntityRef, SecondaryMap};

/// The values of a function, in the numbering of all.
#[derive(Clone, Copy, Default)]
struct Range {
    first: u32,
    values: u32,
}

/// The class of every value, and of every capture of a function.
#[derive(Default)]
pub(super) struct Classes {
    ranges: SecondaryMap<FuncRef, Range>,
    parent: Vec<u32>,
}

impl Classes {
    pub fn new(module: &Module) -> Classes {
        let mut classes = Classes::default();
        let mut first = 0;
        for func in module.functions.values() {
            let values = func.values.len() as u32;
            classes.ranges[func.id] = Range { first, values };
            first += values + func.captures;
        }
        classes.parent = (0..first).collect();
        for func in module.functions.values() {
            classes.unite_in(func);
        }
        for index in 0..classes.parent.len() {
            classes.parent[index] = classes.find(index as u32);
        }
        classes
    }

    fn unite_in(&mut self, func: &Function) {
        for &inst in func.layout.iter().flat_map(|&block| &func.blocks[block].insts) {
            let data = &func.insts[inst];
            match (data.op, data.imm, data.result.expand()) {
                (Op::Closure, Imm::Func(body), _) => {
                    for (index, &val) in data.args.iter().enumerate() {
                        self.unite(self.value(func.id, val), self.capture(body, index as u32));
                    }
                }
                (Op::CaptureGet, Imm::Index(index), Some(result)) => {
                    self.unite(self.value(func.id, result), self.capture(func.id, index));
                }
                _ => {}
            }
            for call in data.targets.iter().chain(data.unwind.as_deref()) {
                for (&arg, &param) in call.args.iter().zip(&func.blocks[call.block].params) {
                    if func.values[arg].ty.may_be(Type::CELL) {
                        self.unite(self.value(func.id, arg), self.value(func.id, param));
                    }
                }
            }
        }
    }

    fn value(&self, func: FuncRef, val: Val) -> u32 {
        self.ranges[func].first + val.index() as u32
    }

    fn capture(&self, func: FuncRef, index: u32) -> u32 {
        let range = self.ranges[func];
        range.first + range.values + index
    }

    fn find(&mut self, mut of: u32) -> u32 {
        while self.parent[of as usize] != of {
            let up = self.parent[self.parent[of as usize] as usize];
            self.parent[of as usize] = up;
            of = up;
        }
        of
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    /// The class of a value; None for one made since.
    pub fn of(&self, func: FuncRef, val: Val) -> Option<u32> {
        let range = self.ranges[func];
        ((val.index() as u32) < range.values).then(|| self.parent[self.value(func, val) as usize])
    }
}
