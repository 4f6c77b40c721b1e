//! Replacing values by others everywhere, in one sweep.

use crate::ir::entities::Val;
use crate::ir::function::Function;
use cranelift_entity::SecondaryMap;
use cranelift_entity::packed_option::PackedOption;

/// Values and what stands for them.
#[derive(Clone, Debug)]
pub struct Substitution {
    by: SecondaryMap<Val, PackedOption<Val>>,
    /// How many values the function has.
    values: usize,
    count: usize,
}

impl Substitution {
    /// None yet, of values of `func`.
    pub fn new(func: &Function) -> Substitution {
        Substitution { by: SecondaryMap::new(), values: func.values.len(), count: 0 }
    }

    /// Lets `by`, which is available wherever `val` is used, stand for `val`. Nothing if they are one already.
    pub fn replace(&mut self, val: Val, by: Val) {
        let (val, by) = (self.resolve(val), self.resolve(by));
        if val != by {
            if self.count == 0 {
                self.by.resize(self.values);
            }
            self.by[val] = by.into();
            self.count += 1;
        }
    }

    /// What stands for `val` in the end.
    pub fn resolve(&mut self, val: Val) -> Val {
        if self.count == 0 {
            return val;
        }
        let mut root = val;
        while let Some(next) = self.by.get(root).and_then(|next| next.expand()) {
            root = next;
        }
        let mut at = val;
        while at != root {
            let next = self.by[at].expand().unwrap_or(root);
            self.by[at] = root.into();
            at = next;
        }
        root
    }

    /// How many values are replaced.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Rewrites every use in the layout.
    pub fn apply(&mut self, func: &mut Function) {
        if self.count == 0 {
            return;
        }
        for at in 0..func.layout.len() {
            let block = func.layout[at];
            for i in 0..func.blocks[block].insts.len() {
                let inst = func.blocks[block].insts[i];
                func.for_each_use_mut(inst, |val| *val = self.resolve(*val));
            }
        }
    }
}
