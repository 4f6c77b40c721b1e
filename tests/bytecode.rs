//! Damaged bytecode is refused, or it runs without harm: the verifier does not panic, and what both of its halves accept does not
//! crash and loses nothing, with the limits of a host or with the handlers of whole sequences, and does the same with both.
//!
//! `RUFF_FUZZ_CASES=N` cases instead of the bounded number (a long run: 1000000), `RUFF_FUZZ_SEED=N` others.

mod common;
#[path = "bytecode/damage.rs"]
mod damage;
#[path = "differential/random.rs"]
mod random;

use random::Random;
use ruff::base::source::SourceMap;
use ruff::bytecode::disassemble::disassemble;
use ruff::bytecode::op::Opcode;
use ruff::bytecode::program::Program;
use ruff::engine::execution::{Execution, Limits};
use ruff::engine::pipeline::{self, CompileOptions, Compiled, Outcome, RunOptions};
use ruff::passes::Level;
use ruff::passes::manager::PassOptions;
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Cases of the bounded run.
const BOUNDED: u64 = 60_000;
/// A case that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// Cases of one process.
const BATCH: u64 = 10_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn compile(text: &str, level: Level) -> Option<Compiled> {
    let mut sources = SourceMap::new();
    let main = sources.add("case.ruff", text)?;
    let options = CompileOptions { passes: PassOptions::at(level), ..CompileOptions::default() };
    pipeline::compile(&mut sources, main, &options, &mut |_, _| {}).ok()
}

/// Programs that do the same whenever they run.
fn programs() -> Vec<Compiled> {
    let texts = common::quiet_programs();
    let moody = ["random", "now", "time", "performance", "uuid"];
    let texts = texts.iter().filter(|text| !moody.iter().any(|word| text.contains(word)));
    texts.zip([Level::O2, Level::O0].into_iter().cycle()).filter_map(|(text, level)| compile(text, level)).collect()
}

/// The builtins a program calls: a damaged one may call no others, such as those that delete files.
fn builtins(program: &Program) -> BTreeSet<u16> {
    let all = program.functions.iter().flat_map(damage::instructions);
    all.filter(|&(_, opcode, _)| opcode == Opcode::call_builtin).map(|(_, _, fields)| fields.b).collect()
}

/// The program of a case, and the one it was.
fn case(programs: &[Compiled], case: u64) -> (Program, &Compiled) {
    let seed = number("RUFF_FUZZ_SEED").unwrap_or(1);
    let mut random = Random::new(seed << 32 ^ case);
    let original = random.pick(programs);
    let mut program = Program::clone(original.program());
    for _ in 0..1 + random.below(2) {
        damage::damage(&mut random, &mut program);
    }
    (program, original)
}

/// How a run ended, and what it printed.
fn ended(outcome: Outcome, host: &mut Host) -> (Outcome, (String, String)) {
    (outcome, host.take_output())
}

/// Runs a program with little fuel, and if that was enough, without limits.
fn run(program: &Compiled) {
    let before = heap::live_objects();
    let limits = Limits { fuel: Some(20_000), memory: Some(4 << 20) };
    let mut execution = Execution::new(program, Host::captured(""), limits);
    let outcome = execution.run();
    let limited = ended(outcome, execution.host());
    drop(execution);
    assert_eq!(heap::live_objects(), before, "leaked");
    if matches!(limited.0, Outcome::Stopped(..)) {
        return;
    }
    let mut host = Host::captured("");
    let (outcome, _) = pipeline::run(program, &mut host, &RunOptions::default());
    assert_eq!(ended(outcome, &mut host), limited, "differs without limits");
    assert_eq!(heap::live_objects(), before, "leaked without limits");
}

/// A process of the test below: tries the cases of `RUFF_DAMAGE`, and says so.
#[test]
#[ignore = "a process of the other test"]
fn worker() {
    let Ok(range) = std::env::var("RUFF_DAMAGE") else { return };
    let numbers: Vec<u64> = range.split(' ').map(|number| number.parse().expect("numbers")).collect();
    let programs = programs();
    assert!(programs.len() > 200, "only {} programs", programs.len());
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, ">{line}").and_then(|()| out.flush());
    };
    for number in numbers[0]..numbers[1] {
        say(format!("begin {number}"));
        let (program, original) = case(&programs, number);
        if builtins(&program).is_subset(&builtins(original.program())) {
            match original.with_program(program) {
                Ok(damaged) => {
                    assert!(!disassemble(damaged.program(), &|_| 1, &|_| String::new()).is_empty());
                    run(&damaged);
                    say("accepted".to_owned());
                }
                Err(violations) => {
                    assert!(!violations.is_empty());
                    say(format!("refused {}", violations[0].rule));
                }
            }
        }
    }
}

#[test]
fn damaged_bytecode_is_refused_or_harmless() {
    let cases = number("RUFF_FUZZ_CASES").unwrap_or(BOUNDED);
    let (mut accepted, mut refused) = (0, std::collections::BTreeMap::<String, u64>::new());
    for first in (0..cases).step_by(BATCH as usize) {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["worker", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("RUFF_DAMAGE", format!("{first} {}", (first + BATCH).min(cases)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a process");
        let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        let listener = std::thread::spawn(move || {
            pipe.lines().map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        let mut last = String::new();
        loop {
            let line = match lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    child.kill().expect("its own child");
                    break;
                }
            };
            match line.strip_prefix('>').map(|line| line.split_once(' ').unwrap_or((line, ""))) {
                Some(("begin", number)) => last = number.to_owned(),
                Some(("accepted", _)) => accepted += 1,
                Some((_, rule)) => *refused.entry(rule.to_owned()).or_default() += 1,
                None => {}
            }
        }
        let status = child.wait().expect("its own child");
        listener.join().expect("it only reads");
        assert!(status.success(), "case {last}: {status}\n{}", show(last.parse().unwrap_or(0)));
    }
    println!("{accepted} accepted; refused: {refused:?}");
    assert!(accepted * 20 > cases, "only {accepted} of {cases} accepted");
    let rules = ruff::bytecode::verify::RULES.iter().map(|rule| rule.0);
    let unseen: Vec<&str> = rules.filter(|&rule| !refused.contains_key(rule)).collect();
    assert!(unseen.is_empty(), "no case breaks {unseen:?}");
}

/// The functions that a case has changed.
fn show(number: u64) -> String {
    let programs = programs();
    let (program, original) = case(&programs, number);
    let text = |program: &Program| disassemble(program, &|_| 0, &|_| String::new());
    let (before, after) = (text(original.program()), text(&program));
    let functions = before.split("\n\n").zip(after.split("\n\n")).filter(|(before, after)| before != after);
    functions.map(|(before, after)| format!("-- before\n{before}\n-- after\n{after}\n")).collect()
}
