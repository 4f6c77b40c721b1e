//! The textual form of functions and modules; `parse` reads it back.
//!
//! ```text
//! global global0 "total"
//!
//! function fn0 "f"(1) captures 0 {
//! block0(v0: any):
//!   v1 = const 1
//!   v2: int = add v0, v1 unwind block2(v0)
//!   brif v2, block1(v2), block2(v0)
//! ...
//! }
//! ```
//!
//! A result shows its type where it differs from the row's. `v0!` is an operand the instruction releases (its drop mask). Spans,
//! if asked for, stand last: `@start+length`, with `:source` unless it is the first source.

use super::entities::Block;
use super::function::{BlockCall, ConstData, Function, InstData, Module, PathData, Step, UpdateOp};
use super::inst::{Imm, Op};
use super::types::Type;
use crate::base::builtin::BuiltinNames;
use crate::base::source::{SourceId, Span};
use std::fmt::{self, Write};

/// Whether spans are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spans {
    /// With every instruction that has one.
    Show,
    /// Not at all.
    Hide,
}

/// The text of a module.
pub fn print_module(module: &Module, spans: Spans) -> String {
    let mut text = String::new();
    for (global, data) in module.globals.iter() {
        let _ = writeln!(text, "global {global} {}", Quoted(&data.name));
    }
    for func in module.functions.values() {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = write_function(&mut text, func, Style { spans, names: module.names });
    }
    text
}

/// How a function is printed.
#[derive(Clone, Copy)]
struct Style {
    spans: Spans,
    names: BuiltinNames,
}

/// The type a result has if the text does not say otherwise.
pub(super) fn default_type(func: &Function, op: Op, imm: Imm) -> Type {
    match (op, imm) {
        (Op::Const, Imm::Const(c)) => func.consts[c].ty(),
        _ => op.info().result.unwrap_or(Type::NONE),
    }
}

fn write_function(out: &mut String, func: &Function, style: Style) -> fmt::Result {
    write!(out, "function {} ", func.id)?;
    match &func.name {
        Some(name) => write!(out, "{}", Quoted(name))?,
        None => out.push('_'),
    }
    write!(out, "({}) captures {}", func.arity, func.captures)?;
    write_span(out, func.span, style)?;
    out.push_str(" {\n");
    for &block in &func.layout {
        write_block(out, func, block, style)?;
    }
    out.push_str("}\n");
    Ok(())
}

fn write_block(out: &mut String, func: &Function, block: Block, style: Style) -> fmt::Result {
    write!(out, "{block}")?;
    let params = &func.blocks[block].params;
    if !params.is_empty() {
        for (i, &param) in params.iter().enumerate() {
            let separator = if i == 0 { "(" } else { ", " };
            write!(out, "{separator}{param}: {}", func.values[param].ty)?;
        }
        out.push(')');
    }
    out.push_str(":\n");
    for &inst in &func.blocks[block].insts {
        out.push_str("  ");
        write_inst(out, func, &func.insts[inst], style)?;
        write_span(out, func.insts[inst].span, style)?;
        out.push('\n');
    }
    Ok(())
}

fn write_inst(out: &mut String, func: &Function, data: &InstData, style: Style) -> fmt::Result {
    if let Some(result) = data.result.expand() {
        write!(out, "{result}")?;
        let ty = func.values[result].ty;
        if ty != default_type(func, data.op, data.imm) {
            write!(out, ": {ty}")?;
        }
        out.push_str(" = ");
    }
    out.push_str(data.op.info().name);
    let mut separator = " ";
    if data.imm != Imm::None {
        out.push_str(separator);
        write_imm(out, func, data.imm, style)?;
        separator = ", ";
    }
    for (i, arg) in data.args.iter().enumerate() {
        let dies = if i < 32 && data.drop_mask >> i & 1 != 0 { "!" } else { "" };
        write!(out, "{separator}{arg}{dies}")?;
        separator = ", ";
    }
    for call in &data.targets {
        out.push_str(separator);
        write_call(out, call)?;
        separator = ", ";
    }
    if let Some(call) = &data.unwind {
        out.push_str(" unwind ");
        write_call(out, call)?;
    }
    Ok(())
}

fn write_call(out: &mut String, call: &BlockCall) -> fmt::Result {
    write!(out, "{}", call.block)?;
    if !call.args.is_empty() {
        for (i, arg) in call.args.iter().enumerate() {
            write!(out, "{}{arg}", if i == 0 { "(" } else { ", " })?;
        }
        out.push(')');
    }
    Ok(())
}

fn write_imm(out: &mut String, func: &Function, imm: Imm, style: Style) -> fmt::Result {
    match imm {
        Imm::None => Ok(()),
        Imm::Const(c) => write!(out, "{}", func.consts[c]),
        Imm::Func(f) => write!(out, "{f}"),
        Imm::Builtin(b) => out.write_str(&style.names.text(b)),
        Imm::Global(g) => write!(out, "{g}"),
        Imm::Path(p) => write_path(out, func, &func.paths[p], style),
        Imm::Index(i) => write!(out, "{i}"),
    }
}

fn write_path(out: &mut String, func: &Function, path: &PathData, style: Style) -> fmt::Result {
    write!(out, "{{{}", func.consts[path.name])?;
    if let Some(global) = path.global {
        write!(out, " {global}")?;
    }
    for step in &path.steps {
        match step {
            Step::Index => out.push_str(" []"),
            Step::Field(name) => write!(out, " .{}", func.consts[*name])?,
        }
    }
    match path.update {
        Some(UpdateOp::Binary(op)) => write!(out, " update {}", Quoted(op.symbol()))?,
        Some(UpdateOp::Push) => out.push_str(" update push"),
        Some(UpdateOp::Alone(id)) => write!(out, " update alone {}", style.names.text(id))?,
        Some(UpdateOp::Builtin(id)) => write!(out, " update builtin {}", style.names.text(id))?,
        None => {}
    }
    for &span in &path.later {
        write_span(out, span, style)?;
    }
    if style.spans != Spans::Hide && !path.places.is_empty() {
        out.push_str(" at");
        for &span in &path.places {
            write_span(out, span, style)?;
        }
    }
    out.push('}');
    Ok(())
}

fn write_span(out: &mut String, span: Span, style: Style) -> fmt::Result {
    if style.spans == Spans::Hide || span == Span::default() {
        return Ok(());
    }
    write!(out, " @{}+{}", span.start, span.len)?;
    if span.source != SourceId::default() {
        write!(out, ":{}", span.source.0)?;
    }
    Ok(())
}

impl fmt::Display for ConstData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConstData::Null => f.write_str("null"),
            ConstData::Bool(b) => write!(f, "{b}"),
            ConstData::Int(i) => write!(f, "{i}"),
            ConstData::Float(bits) => {
                let float = f64::from_bits(*bits);
                if float.is_nan() { write!(f, "nan(0x{bits:x})") } else { write!(f, "{float:?}") }
            }
            ConstData::Str(text) => write!(f, "{}", Quoted(text)),
            ConstData::Undef => f.write_str("undef"),
        }
    }
}

/// A string in quotes, escaped so that it stands on one line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
