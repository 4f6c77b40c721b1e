//! Strings with holes, arrays and dicts: long ones in pieces, so that no instruction has many operands.

use super::function::Lowerer;
use crate::base::source::Span;
use crate::ir::entities::Val;
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::syntax::ast::{Element, Entry, Expr, StringPart};

/// Most operands of one piece.
const PIECE: usize = 16;

/// A collection literal under construction: the value so far and the operands not yet in it.
struct Pieces {
    new: Op,
    extend: Op,
    spread: Op,
    so_far: Option<Val>,
    pending: Vec<Val>,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Texts are combined in groups, groups of groups and so on: the work stays linear in the text but for the depth of groups.
    pub(super) fn interpolated(&mut self, parts: &'a [StringPart<'a>], span: Span) -> Val {
        let mut levels: Vec<Vec<Val>> = vec![Vec::new()];
        for part in parts {
            let val = match part {
                StringPart::Text(text) => self.b.constant(ConstData::Str((*text).into()), span),
                StringPart::Hole(hole) => self.expr(hole),
            };
            levels[0].push(val);
            let mut at = 0;
            while levels[at].len() == PIECE {
                let group = std::mem::take(&mut levels[at]);
                let text = self.b.ins_val(Op::Format, &group, Imm::None, span);
                at += 1;
                if at == levels.len() {
                    levels.push(Vec::new());
                }
                levels[at].push(text);
            }
        }
        if let [.., last] = &levels[..]
            && let [only] = last[..]
            && levels.len() > 1
            && levels[..levels.len() - 1].iter().all(Vec::is_empty)
        {
            return only;
        }
        let mut text = Vec::new();
        for level in levels {
            let mut group = level;
            group.append(&mut text);
            if !group.is_empty() {
                text = vec![self.b.ins_val(Op::Format, &group, Imm::None, span)];
            }
        }
        text.pop().unwrap_or_else(|| self.b.constant(ConstData::Str("".into()), span))
    }

    fn add(&mut self, pieces: &mut Pieces, vals: &[Val], span: Span) {
        pieces.pending.extend_from_slice(vals);
        if pieces.pending.len() >= PIECE {
            self.flush(pieces, span);
        }
    }

    fn flush(&mut self, pieces: &mut Pieces, span: Span) -> Val {
        let mut operands = std::mem::take(&mut pieces.pending);
        let val = match pieces.so_far {
            None => self.b.ins_val(pieces.new, &operands, Imm::None, span),
            Some(val) if operands.is_empty() => val,
            Some(val) => {
                operands.insert(0, val);
                self.b.ins_val(pieces.extend, &operands, Imm::None, span)
            }
        };
        pieces.so_far = Some(val);
        val
    }

    fn spread(&mut self, pieces: &mut Pieces, value: &'a Expr<'a>, start: Span, span: Span) {
        let so_far = self.flush(pieces, span);
        let val = self.expr(value);
        pieces.so_far = Some(self.b.ins_val(pieces.spread, &[so_far, val], Imm::None, start));
    }

    pub(super) fn array(&mut self, elements: &'a [Element<'a>], span: Span) -> Val {
        let mut pieces = Pieces {
            new: Op::ArrayNew,
            extend: Op::ArrayExtend,
            spread: Op::ArraySpread,
            so_far: None,
            pending: Vec::new(),
        };
        for element in elements {
            match *element {
                Element::Item(value) => {
                    let val = self.expr(value);
                    self.add(&mut pieces, &[val], span);
                }
                Element::Spread { value, start } => self.spread(&mut pieces, value, start, span),
            }
        }
        self.flush(&mut pieces, span)
    }

    pub(super) fn dict(&mut self, entries: &'a [Entry<'a>], span: Span) -> Val {
        let mut pieces = Pieces {
            new: Op::DictNew,
            extend: Op::DictExtend,
            spread: Op::DictSpread,
            so_far: None,
            pending: Vec::new(),
        };
        for entry in entries {
            match *entry {
                Entry::Pair { key, value } => {
                    let key = self.expr(key);
                    let val = self.expr(value);
                    self.add(&mut pieces, &[key, val], span);
                }
                Entry::Spread { value, start } => self.spread(&mut pieces, value, start, span),
            }
        }
        self.flush(&mut pieces, span)
    }
}
