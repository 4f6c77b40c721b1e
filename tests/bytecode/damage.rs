//! Damage to bytecode: single changes, most of them to something that could stand there. Positions in the source stay.

use crate::random::Random;
use ruff::bytecode::op::{DROP_FIRST, DROP_LISTED, Extra, Fields, Opcode, Operand};
use ruff::bytecode::program::{FunctionCode, Program};
use ruff::regalloc::releases::KEPT;

/// First word, opcode and fields of each instruction.
pub fn instructions(code: &FunctionCode) -> Vec<(usize, Opcode, Fields)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&word) = code.code.get(at + 1) {
        let fields = Fields::decode(word);
        let Some(opcode) = Opcode::from_word(fields.op) else { break };
        let length = opcode.length(fields.count(opcode));
        if at + length > code.code.len() {
            break;
        }
        found.push((at, opcode, fields));
        at += length;
    }
    found
}

/// A register near `register`, or any of the frame.
fn other_register(random: &mut Random, code: &FunctionCode, register: u16) -> u16 {
    match random.below(4) {
        0 => register.wrapping_add(1),
        1 => register.wrapping_sub(1),
        _ => random.below(code.frame_size.max(1) as usize) as u16,
    }
}

/// Another opcode of the same length and kinds of operands; kinds of registers count as one.
fn other_opcode(random: &mut Random, opcode: Opcode) -> Opcode {
    let kind = |operand: Operand| if operand.is_register() { Operand::Src } else { operand };
    let shape = |opcode: Opcode| (opcode.info().operands.map(kind), opcode.info().extra);
    let alike: Vec<Opcode> = Opcode::ALL.iter().copied().filter(|&other| shape(other) == shape(opcode)).collect();
    *random.pick(&alike)
}

/// Changes an instruction of a function.
fn instruction(random: &mut Random, code: &mut FunctionCode) {
    let all = instructions(code);
    if all.is_empty() {
        return;
    }
    let &(at, opcode, mut fields) = random.pick(&all);
    let target = random.pick(&all).0 as i64 - at as i64;
    match random.below(6) {
        // A register.
        0 | 1 => {
            let places = opcode.info().operands.map(|operand| operand.is_register() || operand == Operand::Window);
            let places: Vec<usize> = (0..3).filter(|&place| places[place]).collect();
            if places.is_empty() {
                return;
            }
            let field = match random.pick(&places) {
                0 => &mut fields.a,
                1 => &mut fields.b,
                _ => &mut fields.c,
            };
            *field = other_register(random, code, *field);
        }
        // What it does.
        2 => {
            fields.op =
                fields.op & !(Opcode::ALL.len().next_power_of_two() as u16 - 1) | other_opcode(random, opcode) as u16
        }
        // Which references die.
        3 => fields.op ^= DROP_FIRST >> random.below(2),
        // Where it jumps to.
        4 => match (opcode.info().operands, opcode.info().extra) {
            ([.., Operand::Jump], _) => fields.c = target as u16,
            ([_, Operand::Jump32, _], _) => (fields.b, fields.c) = (target as u16, (target >> 16) as u16),
            (_, Extra::Jump) => code.code[at + 2] = target as u64,
            (_, Extra::RegisterJump) => code.code[at + 2] = code.code[at + 2] & 0xFFFF | (target as u64) << 16,
            _ => return,
        },
        // A number, a count.
        _ => match random.below(3) {
            0 => fields.a = fields.a.wrapping_add(1),
            1 => fields.b = fields.b.wrapping_sub(1),
            _ => fields.c = fields.c.wrapping_add(random.below(3) as u16).wrapping_sub(1),
        },
    }
    code.code[at + 1] = fields.encode();
}

/// Changes an entry of a register list.
fn list(random: &mut Random, code: &mut FunctionCode) {
    let all = instructions(code);
    let with_list = |&&(_, opcode, fields): &&(usize, Opcode, Fields)| {
        matches!(opcode.info().extra, Extra::List | Extra::LiteralList) && fields.count(opcode) > 0
    };
    let all: Vec<_> = all.iter().filter(with_list).collect();
    if all.is_empty() {
        return;
    }
    let &&(at, opcode, fields) = random.pick(&all);
    let index = random.below(fields.count(opcode));
    let (word, shift) = (at + opcode.length(0) + index / 4, 16 * (index % 4));
    let entry = (code.code[word] >> shift) as u16;
    let changed = match random.below(3) {
        0 => entry ^ DROP_LISTED,
        _ => entry & DROP_LISTED | other_register(random, code, entry & !DROP_LISTED),
    };
    code.code[word] = code.code[word] & !(0xFFFF << shift) | u64::from(changed) << shift;
}

/// Changes what is released where something raises or stops, or where control goes then.
fn table(random: &mut Random, code: &mut FunctionCode) {
    let starts: Vec<u32> = instructions(code).iter().map(|it| it.0 as u32).collect();
    match random.below(4) {
        0 if !code.unwind_registers.is_empty() => {
            let place = random.below(code.unwind_registers.len());
            let word = code.unwind_registers[place];
            code.unwind_registers[place] = match random.below(4) {
                0 => word ^ KEPT,
                _ => word & KEPT | other_register(random, code, word & !KEPT),
            };
        }
        1 if !code.unwind.is_empty() && !starts.is_empty() => {
            let place = random.below(code.unwind.len());
            code.unwind[place].landing = *random.pick(&starts);
        }
        2 if !code.unwind.is_empty() => {
            let place = random.below(code.unwind.len());
            let entry = &mut code.unwind[place];
            let field = [&mut entry.at, &mut entry.list.first, &mut entry.list.count].into_iter().nth(random.below(3));
            *field.expect("three") = random.below(6) as u32;
        }
        _ if !code.points.is_empty() => {
            let place = random.below(code.points.len());
            let point = &mut code.points[place];
            let field = [&mut point.at, &mut point.list.first, &mut point.list.count].into_iter().nth(random.below(3));
            *field.expect("three") = random.below(6) as u32;
        }
        _ => {}
    }
}

/// Anything at all.
fn anything(random: &mut Random, code: &mut FunctionCode) {
    let odd = [0, 1, 2, 3, 0x7FFF, 0xFFFF, 0xFFFF_FFFF, u64::MAX, 1 << 63];
    let value = *random.pick(&odd);
    match random.below(7) {
        0 | 1 if !code.code.is_empty() => {
            let at = random.below(code.code.len());
            let shift = 16 * random.below(4);
            let word = &mut code.code[at];
            *word = if random.percent(30) { value } else { *word & !(0xFFFF << shift) | (value & 0xFFFF) << shift };
        }
        2 => code.code.truncate(random.below(code.code.len() + 1)),
        3 if !code.literals.is_empty() => {
            let at = random.below(code.literals.len());
            code.literals[at].0 = value as u32;
        }
        4 => code.frame_size = if random.percent(50) { code.frame_size.wrapping_sub(1) } else { value as u32 % 70_000 },
        5 => code.captures = code.captures.wrapping_add(1),
        _ => code.arity = value as u16,
    }
}

/// Makes one change.
pub fn damage(random: &mut Random, program: &mut Program) {
    let number = random.below(program.functions.len());
    let other = random.below(program.functions.len());
    let literal = program.functions[other].literals.get(random.below(4)).map(|literal| literal.1.clone());
    let code = &mut program.functions[number];
    match random.below(12) {
        0..=4 => instruction(random, code),
        5 | 6 => list(random, code),
        7 | 8 => table(random, code),
        // Two instructions change places.
        9 => {
            let all = instructions(code);
            let Some(pair) = all.windows(2).nth(random.below(all.len())) else { return };
            let (first, second) = (pair[0].0 + 1, pair[1].0 + 1);
            if pair[0].1.info().extra == Extra::None && pair[1].1.info().extra == Extra::None {
                code.code.swap(first, second);
            }
        }
        // A literal becomes another.
        10 if !code.literals.is_empty() => {
            let at = random.below(code.literals.len());
            if let Some(literal) = literal {
                code.literals[at].1 = literal;
            }
        }
        _ => anything(random, code),
    }
}
