//! Whatever bytes come in, the lexer, the parser, the resolver, the compiler, the bytecode verifier and the machine neither panic nor
//! leak. A failing input is made smaller before it is reported.
//!
//! `RUFF_FUZZ_CASES=N` cases for each test instead of the bounded number (a long run: 1000000), `RUFF_FUZZ_SEED=N` others.

use ruff::base::source::{SourceMap, decode};
use ruff::bytecode::disassemble::disassemble;
use ruff::bytecode::program::{NO_LANDING, Program};
use ruff::bytecode::verify::verify;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Compiled};
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn new(case: u64) -> Random {
        let seed = number("RUFF_FUZZ_SEED").unwrap_or(1);
        let mut random = Random((seed << 32 ^ case).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn cases(bounded: u64) -> u64 {
    number("RUFF_FUZZ_CASES").unwrap_or(bounded)
}

fn survives<I>(check: &dyn Fn(&[I]), pieces: &[I]) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(pieces))).is_ok()
}

/// Runs the check; if it fails, takes out pieces as long as it still fails, and fails with what is left.
fn hold<I: Clone>(check: &dyn Fn(&[I]), pieces: Vec<I>, show: &dyn Fn(&[I]) -> String) {
    if survives(check, &pieces) {
        return;
    }
    let mut smallest = pieces;
    let mut size = smallest.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut smaller = false;
        while at < smallest.len() {
            let mut candidate = smallest.clone();
            candidate.drain(at..(at + size).min(smallest.len()));
            if survives(check, &candidate) {
                at += size;
            } else {
                smallest = candidate;
                smaller = true;
            }
        }
        if size == 1 && !smaller {
            break;
        }
        size = (size / 2).max(1);
    }
    panic!("fails for:\n{}", show(&smallest));
}

fn compile(text: &str) -> Option<Compiled> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text)?;
    let options = CompileOptions { verify: true, ..CompileOptions::default() };
    pipeline::compile(&mut sources, main, &options, &mut |_, _| {}).ok()
}

/// Compiles and, if that goes well, runs for a while; nothing is left of it.
fn run(text: &str) {
    let Some(program) = compile(text) else { return };
    let before = heap::live_objects();
    let limits = Limits { fuel: Some(20_000), memory: Some(4 << 20) };
    let mut execution = Execution::new(&program, Host::captured(""), limits);
    execution.run();
    drop(execution);
    assert_eq!(heap::live_objects(), before, "leaked");
}

#[test]
fn arbitrary_bytes_are_refused_or_compiled() {
    const LIKELY: &[u8] = b"(){}[]\"'`$\\#/*=:.,;|&!?<>+-%0123456789eExX_ab \n\t\r\0";
    for case in 0..cases(4000) {
        let mut random = Random::new(case);
        let bytes: Vec<u8> = (0..random.below(120))
            .map(|_| if random.below(5) == 0 { random.next() as u8 } else { *random.pick(LIKELY) })
            .collect();
        let check = |bytes: &[u8]| {
            if let Ok(text) = decode(bytes.to_vec()) {
                compile(&text);
            }
        };
        hold(&check, bytes, &|bytes| format!("{:?}", String::from_utf8_lossy(bytes)));
    }
}

const WORDS: &[&str] = &[
    "func",
    "func*",
    "async",
    "await",
    "return",
    "if",
    "else",
    "while",
    "loop",
    "for",
    "in",
    "break",
    "continue",
    "try",
    "except",
    "throw",
    "match",
    "case",
    "default",
    "struct",
    "enum",
    "let",
    "mut",
    "const",
    "null",
    "true",
    "false",
    "yield",
    "test",
    "self",
    "spawn",
    "import",
    "from",
    "export",
    "Ok",
    "Err",
    "Some",
    "None",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ":=",
    ".",
    "?.",
    "??",
    "?",
    "...",
    "..",
    "|>",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "+=",
    "-=",
    "\n",
    "\n",
    ";",
    "=>",
    "->",
    "@",
    "_",
    "a",
    "b",
    "f",
    "x",
    "P",
    "e",
    "0",
    "1",
    "2",
    "1.5",
    "9223372036854775807",
    "9223372036854775808",
    "1e9",
    "0x1F",
    "\"s\"",
    "\"${\"",
    "\"a${b}c\"",
    "'",
    "\"",
    "# c\n",
    "/*",
    "*/",
    "print",
    "push",
    "len",
    "range",
    "map",
    "{ }",
    "[1, 2]",
    "func f(a, b) {",
    "if a {",
    "for x in a {",
    "a[0] := 1",
    "a.b := 2",
    "f(a)",
    "é",
    "🦀",
];

#[test]
fn soups_of_tokens_are_refused_or_run() {
    for case in 0..cases(4000) {
        let mut random = Random::new(case);
        let words: Vec<&str> = (0..random.below(60)).map(|_| *random.pick(WORDS)).collect();
        hold(&|words: &[&str]| run(&words.join(" ")), words, &|words| words.join(" "));
    }
}

/// The texts of conformance programs that leave the world as it is.
fn programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut paths = Vec::new();
    for area in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        if ["modules", "builtins-host"].iter().any(|outside| area.ends_with(outside)) {
            continue;
        }
        paths.extend(std::fs::read_dir(area).unwrap().map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "ruff"));
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let outside = ["sleep", "timeout", "file", "_dir", "os_", "input"];
    texts.filter(|text| text.len() < 4000 && !outside.iter().any(|word| text.contains(word))).collect()
}

/// Pieces that tokens are made of: words, blanks, single marks.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c == ' ' {
            2
        } else {
            0
        }
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        if at > start && (kind(c) == 0 || kind(c) != last) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = kind(c);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Deletes, repeats, swaps and replaces some pieces.
fn mutate<'t>(random: &mut Random, pieces: &mut Vec<&'t str>, others: &[&'t str]) {
    for _ in 0..1 + random.below(4) {
        if pieces.len() < 3 {
            return;
        }
        let at = random.below(pieces.len());
        let end = (at + 1 + random.below(6)).min(pieces.len());
        match random.below(5) {
            0 => drop(pieces.drain(at..end)),
            1 => {
                let again = pieces[at..end].to_vec();
                pieces.splice(at..at, again);
            }
            2 => {
                let other = random.below(pieces.len());
                pieces.swap(at, other);
            }
            3 => pieces[at] = others[random.below(others.len())],
            _ => pieces[at] = WORDS[random.below(WORDS.len())],
        }
    }
}

#[test]
fn mutated_programs_are_refused_or_run() {
    let programs = programs();
    assert!(programs.len() > 200, "only {} programs", programs.len());
    for case in 0..cases(2500) {
        let mut random = Random::new(case);
        let text = random.pick::<String>(&programs);
        let other = pieces(random.pick::<String>(&programs));
        let mut mutated = if random.below(3) == 0 { text.split_inclusive('\n').collect() } else { pieces(text) };
        mutate(&mut random, &mut mutated, &other);
        hold(&|pieces: &[&str]| run(&pieces.concat()), mutated, &|pieces| pieces.concat());
    }
}

/// Changes some words, entries or registers of a function.
fn damage(random: &mut Random, program: &mut Program) {
    let number = random.below(program.functions.len());
    let function = &mut program.functions[number];
    let odd = [0, 1, 2, 3, 0x7FFF, 0xFFFF, 0xFFFF_FFFF, u64::MAX, 1 << 63, random.next()];
    let value = *random.pick(&odd);
    match random.below(9) {
        0..=3 if !function.code.is_empty() => {
            let at = random.below(function.code.len());
            let shift = 16 * random.below(4);
            let word = &mut function.code[at];
            *word = if random.below(3) == 0 { value } else { *word & !(0xFFFF << shift) | (value & 0xFFFF) << shift };
        }
        4 => {
            let length = random.below(function.code.len() + 1);
            function.code.truncate(length);
        }
        5 if !function.unwind.is_empty() => {
            let at = random.below(function.unwind.len());
            let entry = &mut function.unwind[at];
            let field = [&mut entry.at, &mut entry.first, &mut entry.count, &mut entry.kept, &mut entry.landing];
            *field.into_iter().nth(random.below(5)).unwrap() = value as u32;
        }
        6 if !function.points.is_empty() => {
            let at = random.below(function.points.len());
            let point = &mut function.points[at];
            *[&mut point.at, &mut point.first, &mut point.count].into_iter().nth(random.below(3)).unwrap() =
                value as u32;
        }
        7 if !function.literals.is_empty() => {
            let at = random.below(function.literals.len());
            function.literals[at].0 = value as u32;
        }
        8 => function.frame_size = value as u32 % 70_000,
        _ => function.arity = value as u16,
    }
}

/// The verifier never panics, and what it accepts can be read. (It does not follow values through registers, so it does not say that
/// code which the compiler has not made is safe to run.)
#[test]
fn damaged_bytecode_is_refused_or_readable() {
    let programs: Vec<Compiled> = programs().iter().step_by(7).filter_map(|text| compile(text)).collect();
    let (mut accepted, mut refused) = (0, 0);
    for case in 0..cases(6000) {
        let mut random = Random::new(case);
        let mut program = Program::clone(random.pick(&programs).program());
        for _ in 0..1 + random.below(2) {
            damage(&mut random, &mut program);
        }
        match catch_unwind(AssertUnwindSafe(|| verify(&program))) {
            Ok(Ok(())) => {
                accepted += 1;
                assert!(!disassemble(&program, &|_| 1, &|_| String::new()).is_empty());
                for function in &program.functions {
                    assert!(function.unwind.iter().all(|entry| {
                        entry.landing == NO_LANDING || (entry.landing as usize) < function.code.len()
                    }));
                }
            }
            Ok(Err(violations)) => {
                refused += 1;
                assert!(!violations.is_empty());
            }
            Err(_) => panic!("the verifier panics at case {case}"),
        }
    }
    assert!(accepted > 50 && refused > 1000, "{accepted} accepted, {refused} refused");
}
