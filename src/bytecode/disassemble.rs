//! The textual form of bytecode, derived from the opcode table.

use super::op::{DROP_FIRST, DROP_LISTED, DROP_SECOND, Extra, Fields, Opcode, Operand};
use super::program::{FunctionCode, Literal, NO_LANDING, PathDescription, PathStep, PathWord, Program};
use crate::base::builtin::BuiltinId;
use crate::base::source::Span;
use crate::ir::function::ConstData;
use std::fmt::Write;

/// The text of a program. `line_of` gives the source line of a span; `source_line` its text, shown where the line changes.
pub fn disassemble(program: &Program, line_of: &dyn Fn(Span) -> u32, source_line: &dyn Fn(Span) -> String) -> String {
    let mut out = String::new();
    for (number, function) in program.functions.iter().enumerate() {
        let name = function.name.as_deref().unwrap_or("<lambda>");
        let _ = writeln!(
            out,
            "function fn{number} {name}({}) captures {} registers {} words {}",
            function.arity,
            function.captures,
            function.frame_size,
            function.code.len()
        );
        disassemble_function(&mut out, program, function, line_of, source_line);
        out.push('\n');
    }
    out
}

fn disassemble_function(
    out: &mut String,
    program: &Program,
    function: &FunctionCode,
    line_of: &dyn Fn(Span) -> u32,
    source_line: &dyn Fn(Span) -> String,
) {
    let mut at = 0;
    let mut spans = function.spans.iter().peekable();
    let mut last_line = 0;
    while at + 1 < function.code.len() {
        while let Some(&&(_, span)) = spans.peek().filter(|(word, _)| *word as usize <= at) {
            spans.next();
            let line = line_of(span);
            if line != last_line && line != 0 {
                let _ = writeln!(out, "; {line}: {}", source_line(span).trim());
                last_line = line;
            }
        }
        let fields = Fields::decode(function.code[at + 1]);
        let Some(opcode) = Opcode::from_word(fields.op) else {
            let _ = writeln!(out, "{at:6}  ?");
            return;
        };
        let _ = write!(out, "{at:6}  {:<24}", opcode.info().name);
        instruction(out, program, function, at, opcode, fields);
        if let Ok(found) = function.unwind.binary_search_by_key(&(at as u32), |entry| entry.at) {
            let entry = function.unwind[found];
            let listed = function.listed(entry.list);
            let mut registers = listed.drops;
            if entry.landing == NO_LANDING {
                registers.extend(listed.kept);
                registers.sort_unstable();
            }
            if opcode == Opcode::yield_many {
                let _ = write!(out, "  ; keeps {registers:?}");
            } else if !registers.is_empty() {
                let _ = write!(out, "  ; raises: drops {registers:?}");
            }
            if entry.landing != NO_LANDING {
                let _ = write!(out, "  ; raises to {}", entry.landing);
            }
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
        at += opcode.words(fields);
    }
}

fn instruction(
    out: &mut String,
    program: &Program,
    function: &FunctionCode,
    at: usize,
    opcode: Opcode,
    fields: Fields,
) {
    let mut separator = "";
    let mut borrowed = 0;
    for (operand, value) in opcode.info().operands.into_iter().zip([fields.a, fields.b, fields.c]) {
        let text = match operand {
            Operand::None | Operand::Count | Operand::Length => continue,
            Operand::Src => {
                let flag = [DROP_FIRST, DROP_SECOND].get(borrowed).copied().unwrap_or(0);
                borrowed += 1;
                format!("r{value}{}", if fields.op & flag != 0 { "!" } else { "" })
            }
            Operand::Dst | Operand::View | Operand::Take | Operand::Cell | Operand::Loop | Operand::Mod => {
                format!("r{value}")
            }
            Operand::Window => format!("w{value}"),
            Operand::Imm => format!("{}", value as i16),
            Operand::Int32 => format!("{}", fields.wide()),
            Operand::Index => format!("#{value}"),
            Operand::Builtin => program.names.text(BuiltinId(value)),
            Operand::Global => {
                program.globals.get(fields.wide() as u32 as usize).map_or("?".into(), |name| format!("@{name}"))
            }
            Operand::Jump => format!("-> {}", at as i64 + value as i16 as i64),
            Operand::Jump32 => format!("-> {}", at as i64 + fields.wide() as i64),
        };
        let _ = write!(out, "{separator}{text}");
        separator = ", ";
    }
    let extra = opcode.info().extra;
    if extra == Extra::RegisterJump {
        let word = function.code[at + 2];
        let _ = write!(out, "{separator}r{}, -> {}", word as u16, at as i64 + (word as i64 >> 16));
    }
    if extra == Extra::Table {
        let target = |word: usize| (at as i64).wrapping_add(function.code[word] as i64);
        for case in 0..fields.c as usize {
            let word = at + 3 + 2 * case;
            let found = function.literals.binary_search_by_key(&(word as u32), |literal| literal.0).ok();
            let text = found.map_or("?".into(), |found| literal_text(program, &function.literals[found].1));
            let _ = write!(out, ", {text} -> {}", target(word + 1));
        }
        let _ = write!(out, ", else -> {}", target(at + 2));
    }
    if extra == Extra::Class {
        let target = |word: usize| (at as i64).wrapping_add(function.code[word] as i64);
        let class = u128::from(function.code[at + 4]) | u128::from(function.code[at + 5]) << 64;
        let members: String = (0..128u8).filter(|&bit| class >> bit & 1 != 0).map(char::from).collect();
        let _ = write!(out, "{separator}{members:?} -> {}, else -> {}", target(at + 2), target(at + 3));
    }
    if extra == Extra::Jump {
        let _ = write!(out, "{separator}-> {}", (at as i64).wrapping_add(function.code[at + 2] as i64));
    }
    if matches!(extra, Extra::Literal | Extra::LiteralList | Extra::Cached) {
        let literals = &function.literals;
        let found = literals.binary_search_by_key(&(at as u32 + 2), |literal| literal.0).ok();
        let text = found.map_or("?".into(), |found| literal_text(program, &literals[found].1));
        let _ = write!(out, "{separator}{text}");
        separator = ", ";
    }
    if extra == Extra::Path {
        let word = PathWord::decode(function.code[at + 2]);
        let text = program.paths.get(word.number as usize).map_or("?".into(), path_text);
        let _ = write!(out, "{separator}{text}");
        separator = ", ";
    }
    if matches!(extra, Extra::List | Extra::LiteralList | Extra::Path) {
        let count = fields.count(opcode);
        let first = at + opcode.length(0);
        let registers: Vec<String> = (0..count)
            .map(|index| {
                let entry = (function.code[first + index / 4] >> (16 * (index % 4))) as u16;
                format!("r{}{}", entry & !DROP_LISTED, if entry & DROP_LISTED != 0 { "!" } else { "" })
            })
            .collect();
        let _ = write!(out, "{separator}({})", registers.join(" "));
    }
}

fn path_text(path: &PathDescription) -> String {
    let mut text = path.name.to_string();
    for step in &path.steps {
        match step {
            PathStep::Index => text.push_str("[]"),
            PathStep::Field(name) => {
                let _ = write!(text, ".{name}");
            }
        }
    }
    if let Some(update) = path.update {
        let _ = write!(text, " {update:?}");
    }
    text
}

fn literal_text(program: &Program, literal: &Literal) -> String {
    let function = |number: u32| {
        let name = program.functions.get(number as usize).and_then(|function| function.name.as_deref());
        format!("fn{number} {}", name.unwrap_or("<lambda>"))
    };
    match literal {
        Literal::Const(ConstData::Null) => "null".into(),
        Literal::Const(ConstData::Bool(b)) => b.to_string(),
        Literal::Const(ConstData::Int(i)) => i.to_string(),
        Literal::Const(ConstData::Float(bits)) => format!("{:?}", f64::from_bits(*bits)),
        Literal::Const(ConstData::Str(text)) => format!("{text:?}"),
        Literal::Const(ConstData::Undef) => "undef".into(),
        Literal::Function(number) | Literal::Entry(number) => function(*number),
        Literal::Tag(text) => text.to_string(),
        Literal::Builtin(builtin) => format!("builtin {}", builtin.0),
        Literal::Shape(words) => format!("{words:?}"),
    }
}
