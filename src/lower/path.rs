//! Path assignment: `x[i].f := e`. One instruction on the root; very long paths in pieces.

use super::function::Lowerer;
use crate::base::limits::MAX_PATH_STEPS;
use crate::base::source::Span;
use crate::ir::entities::{Global, Val};
use crate::ir::function::{ConstData, PathData, Step as IrStep, UpdateOp};
use crate::ir::inst::{Imm, Op};
use crate::resolve::{Candidate, Mutability, Storage};
use crate::syntax::ast::{Expr, Path, Step};
use smallvec::SmallVec;

/// The values of the index steps of a path, in order.
pub(super) type Keys = SmallVec<[Val; 4]>;

impl<'a> Lowerer<'a, '_, '_> {
    /// Evaluates the index expressions of a path.
    pub(super) fn keys(&mut self, path: Path<'a>) -> Keys {
        let mut keys = Keys::new();
        for step in path.steps {
            if let Step::Index { index, .. } = step {
                let key = self.expr(index);
                keys.push(key);
            }
        }
        keys
    }

    /// Reads along steps.
    pub(super) fn read_steps(&mut self, root: Val, steps: &[Step<'a>], keys: &[Val]) -> Val {
        let mut keys = keys.iter();
        let mut val = root;
        for step in steps {
            val = match *step {
                Step::Index { bracket, .. } => {
                    let Some(&key) = keys.next() else { return val };
                    self.b.ins_val(Op::IndexGet, &[val, key], Imm::None, bracket)
                }
                Step::Field(name) => {
                    let field = self.name_imm(name.symbol);
                    self.b.ins_val(Op::FieldGet, &[val], field, name.span)
                }
            };
        }
        val
    }

    /// The immediate of a path instruction.
    pub(super) fn path_imm(
        &mut self,
        path: Path<'a>,
        steps: &[Step<'a>],
        slot: Option<u32>,
        update: Option<UpdateOp>,
    ) -> Imm {
        let root = self.shared.interner.shared(path.root.symbol);
        let name = self.b.func.constant(ConstData::Str(root));
        let mut described = SmallVec::new();
        for step in steps {
            described.push(match step {
                Step::Index { .. } => IrStep::Index,
                Step::Field(field) => {
                    let text = self.shared.interner.shared(field.symbol);
                    IrStep::Field(self.b.func.constant(ConstData::Str(text)))
                }
            });
        }
        let data = PathData {
            name,
            global: slot.map(Global::from_u32),
            steps: described,
            update,
            later: SmallVec::new(),
            places: SmallVec::new(),
        };
        Imm::Path(self.b.func.paths.push(data))
    }

    /// Stores at the end of a path whose root is a certain binding.
    pub(super) fn write(&mut self, candidate: Candidate, path: Path<'a>, keys: &[Val], val: Val, span: Span) {
        let binding = candidate.binding;
        let short = path.steps.len() <= MAX_PATH_STEPS;
        let mut operands: SmallVec<[Val; 8]> = SmallVec::new();
        match self.shared.resolution.binding(binding).storage {
            Storage::Cell if short => {
                operands.extend([self.local(binding), val]);
                operands.extend_from_slice(keys);
                let imm = self.path_imm(path, path.steps, None, None);
                self.b.ins(Op::CellSetPath, &operands, imm, span);
            }
            Storage::Global(slot) if short => {
                operands.push(val);
                operands.extend_from_slice(keys);
                let imm = self.path_imm(path, path.steps, Some(slot), None);
                self.b.ins(Op::GlobalSetPath, &operands, imm, span);
            }
            _ => {
                let root = self.get(binding, candidate.definite, path.root.span);
                let root = self.set_steps(root, path, keys, val, span);
                self.store(binding, root, span);
            }
        }
    }

    /// The container with the value stored at the end of a path: piece by piece, the innermost first.
    fn set_steps(&mut self, root: Val, path: Path<'a>, keys: &[Val], val: Val, span: Span) -> Val {
        let mut pieces: Vec<(Val, &[Step<'a>], &[Val])> = Vec::new();
        let (mut container, mut rest) = (root, keys);
        for (index, steps) in path.steps.chunks(MAX_PATH_STEPS).enumerate() {
            if let Some(&(before, passed, used)) = pieces.last().filter(|_| index > 0) {
                container = self.read_steps(before, passed, used);
            }
            let count = steps.iter().filter(|step| matches!(step, Step::Index { .. })).count();
            let (now, later) = rest.split_at(count);
            pieces.push((container, steps, now));
            rest = later;
        }
        let mut val = val;
        for (container, steps, keys) in pieces.into_iter().rev() {
            let mut operands: SmallVec<[Val; 8]> = SmallVec::from_slice(&[container, val]);
            operands.extend_from_slice(keys);
            let imm = self.path_imm(path, steps, None, None);
            val = self.b.ins_val(Op::SetPath, &operands, imm, span);
        }
        val
    }

    /// Stores at the end of a path, whichever binding its root is.
    pub(super) fn write_any(&mut self, path: Path<'a>, keys: &[Val], val: Val, span: Span) {
        let info = self.info(path.root);
        if let [only] = *self.candidates(info)
            && only.mutability == Mutability::Mutable
        {
            return self.write(only, path, keys, val, span);
        }
        self.each_candidate(
            info,
            path.root.span,
            &mut |this, candidate| match candidate.mutability {
                Mutability::Mutable => this.write(Candidate { definite: true, ..candidate }, path, keys, val, span),
                how => this.raise_immutable("mutate", candidate.binding, how, span),
            },
            &mut |this| {
                this.raise_undefined(path.root.symbol, path.root.span);
            },
        );
    }

    /// `x[i].f := e`.
    pub(super) fn assign_path(&mut self, path: Path<'a>, value: &'a Expr<'a>, span: Span) {
        if self.update_in_place(path, value, span) {
            return;
        }
        let val = self.expr(value);
        let keys = self.keys(path);
        self.write_any(path, &keys, val, span);
    }

    /// Read-modify-write of the end of a path, or of a variable kept in a cell or a slot. The first operand comes before the keys, the
    /// others behind them.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn emit_update(
        &mut self,
        candidate: Candidate,
        path: Path<'a>,
        keys: &[Val],
        vals: &[Val],
        update: UpdateOp,
        later: &[Span],
        places: SmallVec<[Span; 4]>,
        span: Span,
    ) {
        let binding = candidate.binding;
        let (op, root, slot) = match self.shared.resolution.binding(binding).storage {
            Storage::Cell => (Op::CellUpdatePath, Some(self.local(binding)), None),
            Storage::Global(slot) => (Op::GlobalUpdatePath, None, Some(slot)),
            Storage::Register | Storage::Function(_) => (Op::UpdatePath, Some(self.local(binding)), None),
        };
        let (first, more) = vals.split_at(1);
        let operands: SmallVec<[Val; 8]> = root.iter().chain(first).chain(keys).chain(more).copied().collect();
        let imm = self.path_imm(path, path.steps, slot, Some(update));
        if let Imm::Path(path) = imm {
            self.b.func.paths[path].later = later.into();
            self.b.func.paths[path].places = places;
        }
        if let Some(root) = self.b.ins(op, &operands, imm, span) {
            self.store(binding, root, span);
        }
    }
}
