//! Where an updating instruction that raises goes: a block that puts the value back and raises the error again.

use super::{Step, Store};
use crate::ir::entities::{Block, Inst, Val};
use crate::ir::function::{BlockCall, ConstData, PathData};
use crate::ir::inst::{Imm, Op};
use smallvec::SmallVec;

impl Step<'_> {
    /// Whether an updating instruction leaves its operands intact when it raises, so that they can be put back.
    pub(super) fn can_land(&self, inst: Inst) -> bool {
        !matches!(self.func.insts[inst].op, Op::Call | Op::CallDirect | Op::CallMethod | Op::StructFill)
    }

    /// Gives the updating instruction at `at` such a block. `roots` are a root in a register, before and after it was vacated.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn land(
        &mut self,
        block: Block,
        at: usize,
        inst: Inst,
        val: Val,
        store: &Store,
        keys: &[Val],
        roots: Option<(Val, Val)>,
    ) {
        self.make_update(block, at, inst);
        let span = self.func.insts[inst].span;
        let root = match store.root {
            super::Root::Cell(cell) => Some(cell),
            _ => roots.map(|(_, vacated)| vacated),
        };
        let args: SmallVec<[Val; 8]> = root.into_iter().chain([val]).chain(keys.iter().copied()).collect();
        let path = store.path(self.func);
        let imm = Imm::Path(self.func.paths.push(path));
        let restore = self.func.make_inst(store.restoring(), &args, imm, span);
        let restored = self.func.insts[restore].result.expand();
        if let (Some(restored), Some(root)) = (restored, root) {
            self.func.values[restored].ty = self.func.values[root].ty;
        }
        let resume = self.func.make_inst(Op::Resume, &[], Imm::None, span);
        let landing = self.func.make_block();
        self.func.blocks[landing].insts.extend([restore, resume]);
        self.func.layout.push(landing);
        let call = BlockCall { block: landing, args: SmallVec::new() };
        let mut before = self.func.set_unwind(inst, call);
        if let (Some(call), Some((root, _)), Some(restored)) = (&mut before, roots, restored) {
            call.args.iter_mut().filter(|arg| **arg == root).for_each(|arg| *arg = restored);
        }
        self.func.insts[resume].unwind = before;
    }

    /// An addition or builtin becomes an update of its first operand: only updates give up what a handler needs (`design/ownership.md`).
    fn make_update(&mut self, block: Block, at: usize, inst: Inst) {
        let Some(update) = self.update_of(inst) else { return };
        if self.func.insts[inst].args.len() == 1 {
            let null = self.null(block, at);
            self.func.insts[inst].args.push(null);
        }
        let name = self.func.constant(ConstData::Str("".into()));
        let path = PathData {
            name,
            global: None,
            steps: SmallVec::new(),
            update: Some(update),
            later: SmallVec::new(),
            places: SmallVec::new(),
        };
        let imm = Imm::Path(self.func.paths.push(path));
        let data = &mut self.func.insts[inst];
        (data.op, data.imm) = (Op::UpdatePath, imm);
    }
}
