//! `match`, and what makes and opens the values it takes apart: tagged values, results, options, `?`.
//!
//! A case is a test of the subject (an integer comparison of tags, `==` for literals), the payload bindings, the guard, the body.
//! Cases open no scope. A tag pattern without names also matches the string with its text.

use super::function::Lowerer;
use crate::base::source::Span;
use crate::ir::entities::{Block as IrBlock, Val};
use crate::ir::function::ConstData;
use crate::ir::inst::{Imm, Op};
use crate::syntax::ast::{Block, Case, Expr, Ident, MatchPattern, Name};
use smallvec::SmallVec;

/// Names that are not `A::B`: the tags of results and options.
const PLAIN: [&str; 4] = ["Ok", "Err", "Some", "None"];

/// Largest index of a payload or element that an instruction holds.
pub(super) const MAX_INDEX: u32 = u16::MAX as u32;

impl<'a> Lowerer<'a, '_, '_> {
    /// The text of a tag: `Ok` for `Ok` and `Result::Ok`, and so on; `A::B` for all others.
    fn tag_text(&self, base: Option<Ident>, variant: Ident) -> String {
        let variant = self.shared.interner.name(variant.symbol);
        let Some(base) = base else { return variant.to_string() };
        let base = self.shared.interner.name(base.symbol);
        match (base, variant) {
            ("Result", "Ok" | "Err") | ("Option", "Some" | "None") => variant.to_string(),
            _ => format!("{base}::{variant}"),
        }
    }

    pub(super) fn tagged(&mut self, tag: &str, vals: &[Val], span: Span) -> Val {
        let tag = self.b.text(tag);
        self.b.ins_val(Op::TaggedNew, vals, tag, span)
    }

    /// `A::B`, `A::B(args)`.
    pub(super) fn tagged_literal(&mut self, base: Ident, variant: Ident, args: &'a [&'a Expr<'a>], span: Span) -> Val {
        let mut vals: SmallVec<[Val; 8]> = SmallVec::new();
        for arg in args {
            let val = self.expr(arg);
            vals.push(val);
        }
        let mut tag = self.tag_text(Some(base), variant);
        let contents = usize::from(tag != "None");
        if PLAIN.contains(&&*tag) && vals.len() != contents {
            // A result or option has one content; with another number of them it is a tagged value like any other.
            tag = format!("{}::{tag}", self.shared.interner.name(base.symbol));
        }
        self.tagged(&tag, &vals, span)
    }

    /// `val?`
    pub(super) fn try_operator(&mut self, val: Val, span: Span) -> Val {
        let (leave, next) = (self.b.create_block(), self.b.create_block());
        let content = self.b.ins_val(Op::TryUnwrap, &[val], Imm::None, span);
        let missing = self.b.ins_val(Op::IsUndef, &[content], Imm::None, span);
        self.b.brif(missing, (leave, &[]), (next, &[]), span);
        self.b.seal_and_switch(leave);
        self.b.ret(val, span);
        self.b.seal_and_switch(next);
        content
    }

    pub(super) fn match_statement(
        &mut self,
        subject: &'a Expr<'a>,
        cases: &'a [Case<'a>],
        default: Option<&Block<'a>>,
        span: Span,
    ) {
        let subject = self.expr(subject);
        let end = self.b.create_block();
        for case in cases {
            let (body, next) = (self.b.create_block(), self.b.create_block());
            self.test_pattern(case, subject, body, next);
            self.b.seal_and_switch(body);
            if let MatchPattern::Tag { names, .. } = case.pattern {
                self.bind_payload(names, subject, case.pattern_span);
            }
            if let Some(guard) = case.guard {
                let guarded = self.b.create_block();
                self.condition(guard, guarded, next);
                self.b.seal_and_switch(guarded);
            }
            self.statements(case.body.statements);
            self.leave(end, span);
            self.b.seal_and_switch(next);
        }
        if let Some(block) = default {
            self.statements(block.statements);
        }
        self.leave(end, span);
        self.b.seal_and_switch(end);
    }

    /// Goes to `body` if the subject matches, else to `next`.
    fn test_pattern(&mut self, case: &Case<'a>, subject: Val, body: IrBlock, next: IrBlock) {
        let span = case.pattern_span;
        let literal = match case.pattern {
            MatchPattern::Wildcard => return self.b.jump(body, &[], span),
            MatchPattern::Int(value) => ConstData::Int(value),
            MatchPattern::Float(value) => ConstData::Float(value.to_bits()),
            MatchPattern::Str(text) => ConstData::Str(text.into()),
            MatchPattern::Bool(value) => ConstData::Bool(value),
            MatchPattern::Null => ConstData::Null,
            MatchPattern::Word(word) => {
                let text = self.name_imm(word.symbol);
                return self.branch_on(Op::IsText, subject, text, body, next, span);
            }
            MatchPattern::Tag { base, variant, names } => {
                let text = self.tag_text(base, variant);
                let tag = self.b.text(&text);
                if base.is_none() || !names.is_empty() || PLAIN.contains(&&*text) {
                    return self.branch_on(Op::IsTag, subject, tag, body, next, span);
                }
                let otherwise = self.b.create_block();
                self.branch_on(Op::IsTag, subject, tag, body, otherwise, span);
                self.b.seal_and_switch(otherwise);
                return self.branch_on(Op::IsText, subject, tag, body, next, span);
            }
        };
        let literal = self.b.constant(literal, span);
        let equal = self.b.ins_val(Op::Eq, &[subject, literal], Imm::None, span);
        self.b.brif(equal, (body, &[]), (next, &[]), span);
    }

    fn branch_on(&mut self, op: Op, subject: Val, imm: Imm, body: IrBlock, next: IrBlock, span: Span) {
        let matches = self.b.ins_val(op, &[subject], imm, span);
        self.b.brif(matches, (body, &[]), (next, &[]), span);
    }

    /// Binds the payloads of the subject to the names of its pattern. A single name `w` also binds `w_1`, `w_2` ..., as far as
    /// there are payloads.
    fn bind_payload(&mut self, names: &[Name], subject: Val, span: Span) {
        for (index, &name) in names.iter().enumerate() {
            if self.shared.interner.name(name.symbol) != "_" {
                let val = self.payload(subject, index as u32, span);
                self.redeclare(name, val, name.span);
            }
        }
        let [single] = names else { return };
        let numbered = self.shared.resolution.numbered(self.unit, *single);
        if numbered.is_empty() {
            return;
        }
        let count = self.b.ins_val(Op::PartCount, &[subject], Imm::None, span);
        for &(number, binding) in numbered {
            let (present, next) = (self.b.create_block(), self.b.create_block());
            let last = self.b.constant(ConstData::Int(number as i64), span);
            let more = self.b.ins_val(Op::Gt, &[count, last], Imm::None, span);
            self.b.brif(more, (present, &[]), (next, &[]), span);
            self.b.seal_and_switch(present);
            let val = self.payload(subject, number, span);
            self.define(binding, false, val, span);
            self.b.jump(next, &[], span);
            self.b.seal_and_switch(next);
        }
    }

    fn payload(&mut self, subject: Val, index: u32, span: Span) -> Val {
        if index > MAX_INDEX {
            // No frame has room to make a value with so many payloads.
            return self.null(span);
        }
        self.b.ins_val(Op::PartGet, &[subject], Imm::Index(index), span)
    }
}
