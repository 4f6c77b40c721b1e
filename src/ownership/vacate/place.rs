//! Places: a root, and the steps from it.

use crate::ir::entities::{Global, Inst, Val};
use crate::ir::function::{ConstData, Function, PathData, Step};
use crate::ir::inst::{Imm, Op};
use smallvec::SmallVec;

/// Where a place starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A container in a register.
    Local(Val),
    /// The content of a cell.
    Cell(Val),
    /// A global.
    Global(Global),
}

/// An instruction that overwrites a place, whatever it has.
#[derive(Clone, Debug)]
pub struct Store {
    /// The instruction.
    pub inst: Inst,
    /// Where the place starts.
    pub root: Root,
    /// The steps to it.
    pub steps: SmallVec<[Step; 2]>,
    /// The keys of the index steps.
    pub keys: SmallVec<[Val; 2]>,
}

/// The store that an instruction is.
pub fn store_of(func: &Function, inst: Inst) -> Option<Store> {
    let data = &func.insts[inst];
    let (root, first) = match (data.op, data.imm) {
        (Op::SetPath, _) => (Root::Local(data.args[0]), 2),
        (Op::CellSetPath | Op::CellSet, _) => (Root::Cell(data.args[0]), 2),
        (Op::GlobalSetPath, Imm::Path(path)) => (Root::Global(func.paths[path].global?), 1),
        (Op::GlobalSet, Imm::Global(global)) => (Root::Global(global), 1),
        _ => return None,
    };
    let steps = match data.imm {
        Imm::Path(path) => func.paths[path].steps.clone(),
        _ => SmallVec::new(),
    };
    Some(Store { inst, root, steps, keys: SmallVec::from_slice(&data.args[first..]) })
}

impl Store {
    /// Which operand of the store the first key is.
    pub fn first_key(&self) -> usize {
        match self.root {
            Root::Local(_) | Root::Cell(_) => 2,
            Root::Global(_) => 1,
        }
    }

    /// The instruction that vacates the place.
    pub fn vacating(&self) -> Op {
        match self.root {
            Root::Local(_) => Op::Vacate,
            Root::Cell(_) => Op::CellVacate,
            Root::Global(_) => Op::GlobalVacate,
        }
    }

    /// The instruction that puts the value back.
    pub fn restoring(&self) -> Op {
        match self.root {
            Root::Local(_) => Op::Restore,
            Root::Cell(_) => Op::CellRestore,
            Root::Global(_) => Op::GlobalRestore,
        }
    }

    /// The description of the place.
    pub fn path(&self, func: &mut Function) -> PathData {
        let global = match self.root {
            Root::Global(global) => Some(global),
            _ => None,
        };
        let name = match func.insts[self.inst].imm {
            Imm::Path(path) => func.paths[path].name,
            _ => func.constant(ConstData::Str("".into())),
        };
        PathData {
            name,
            global,
            steps: self.steps.clone(),
            update: None,
            later: SmallVec::new(),
            places: SmallVec::new(),
        }
    }
}
