//! The host library as processes see it: arguments, several programs at one store, and what is left when a program ends. Results and
//! errors of each builtin are conformance cases (`conformance/host/`).

mod common;

use common::{ruff, run};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ENGINES: [&str; 2] = ["--engine=vm", "--engine=tree"];

/// A run of `code` with these arguments.
fn program(directory: &Path, engine: &str, code: &str, arguments: &[&str]) -> Command {
    let file = directory.join("program.ruff");
    std::fs::write(&file, code).unwrap();
    let mut command = ruff();
    command.args(["run", engine]).arg(file).args(arguments).current_dir(directory);
    command
}

#[test]
fn arguments_are_read_by_their_description() {
    let code = "
        let p := arg_parser().add_argument(\"--name\", \"-n\", \"required\", true)
            .add_argument(\"--count\", \"type\", \"int\", \"default\", 1).add_argument(\"--rate\", \"type\", \"float\")
            .add_argument(\"--fast\", \"-f\", \"type\", \"bool\").add_argument(\"--odd\", \"type\", \"colour\")
        try { print(p.parse()) } except e { print(e.message) }";
    let cases: [(&[&str], &str); 12] = [
        (&["--name", "x"], "{\"count\": 1, \"fast\": false, \"name\": x, \"odd\": null, \"rate\": null}"),
        (
            &["a", "-n", "x", "--count", "-3", "-f", "-", "--rate", "2"],
            "{\"_positional\": [a, -], \"count\": -3, \"fast\": true, \"name\": x, \"odd\": null, \"rate\": 2}",
        ),
        (&["--name=a=b"], "{\"count\": 1, \"fast\": false, \"name\": a=b, \"odd\": null, \"rate\": null}"),
        (&["--name", "--fast"], "{\"count\": 1, \"fast\": false, \"name\": --fast, \"odd\": null, \"rate\": null}"),
        (&[], "Required argument --name is missing"),
        (&["--what"], "Unknown argument: --what"),
        (&["--what=1"], "Unknown argument: --what=1"),
        (&["--fast=yes"], "Unknown argument: --fast=yes"),
        (&["-n"], "Argument --name requires a value"),
        (&["--count", "many"], "Argument --count requires an integer value, got: many"),
        (&["--rate", "fast"], "Argument --rate requires a float value, got: fast"),
        (&["--odd", "red"], "Unknown argument type: colour"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for engine in ENGINES {
        for (arguments, expected) in &cases {
            let got = run(program(directory.path(), engine, code, arguments), None);
            assert_eq!((got.out.trim_end(), got.code), (*expected, Some(0)), "{engine} {arguments:?}: {}", got.err);
        }
    }
}

/// A signal that ends a program ends those it has started, which are in process groups of their own; one it ignores does not.
#[test]
fn signals_reach_the_programs_that_are_waited_for() {
    for engine in ENGINES {
        for (signal, ignored) in [("INT", false), ("TERM", false), ("HUP", false), ("HUP", true)] {
            let directory = tempfile::tempdir().unwrap();
            let at = |name: &str| directory.path().join(name);
            let started = "echo $$ > started; mv started pid; while [ ! -e go ]; do sleep 0.01; done";
            std::fs::write(at("program.ruff"), format!("execute(\"{}\")\nprint(\"over\")", started)).unwrap();
            let mut shell = Command::new("sh");
            let trap = if ignored { "trap '' HUP;" } else { "" };
            shell.arg("-c").arg(format!("{trap} exec \"$0\" run {engine} program.ruff")).arg(ruff().get_program());
            let mut child = shell.current_dir(directory.path()).stdout(std::process::Stdio::piped()).spawn().unwrap();
            let patience = |what: &dyn Fn() -> bool| {
                (0..20_000).any(|_| {
                    std::thread::sleep(Duration::from_millis(1));
                    what()
                })
            };
            assert!(patience(&|| at("pid").exists()), "{engine} {signal}");
            let pid = std::fs::read_to_string(at("pid")).unwrap();
            let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            if ignored {
                std::fs::write(at("go"), "").unwrap();
                let output = child.wait_with_output().unwrap();
                assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"over\n"[..], Some(0)), "{engine}");
                continue;
            }
            assert_eq!(child.wait().unwrap().code(), None, "{engine} {signal}: a signal ends it");
            assert!(patience(&|| !lives(pid.trim())), "{engine} {signal}: process {pid} is still there");
        }
    }
}

/// Many programs that store at the same time lose nothing, and leave no draft.
#[test]
fn a_store_is_shared_by_processes() {
    let directory = tempfile::tempdir().unwrap();
    let code = "for i in range(10) { kv_set(args()[0] + \"-${i}\", \"v\") kv_get(\"x\") }";
    std::thread::scope(|scope| {
        let path = directory.path();
        let runs: Vec<_> = (0..6)
            .map(|number| {
                scope.spawn(move || {
                    let own = path.join(number.to_string());
                    std::fs::create_dir(&own).unwrap();
                    let mut command = program(&own, ENGINES[number % 2], code, &[&number.to_string()]);
                    run(
                        {
                            command.current_dir(path);
                            command
                        },
                        None,
                    )
                })
            })
            .collect();
        for one in runs {
            let got = one.join().unwrap();
            assert_eq!((got.code, got.err.as_str()), (Some(0), ""));
        }
    });
    let store = std::fs::read_to_string(directory.path().join(".ruff_kv.json")).unwrap();
    assert_eq!(store.matches(": \"v\"").count(), 60, "{store}");
    let names = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let drafts: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".tmp")).collect();
    assert!(drafts.is_empty(), "{drafts:?}");
}

/// Whether a process is there and no zombie.
fn lives(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// However a program ends, the programs it waits for end, and what it was to write is written.
#[test]
fn the_end_of_a_program_ends_and_completes_its_jobs() {
    for engine in ENGINES {
        for end in ["", "exit(3)", "throw(\"over\")"] {
            let directory = tempfile::tempdir().unwrap();
            let code = format!(
                "spawn {{ execute(\"echo $$ > started; mv started pid; exec sleep 1000\") }}
                while !file_exists(\"pid\") {{ sleep(1) }}
                async_write_file(\"late\", repeat(\"x\", 100000))
                {end}"
            );
            let got = run(program(directory.path(), engine, &code, &[]), None);
            assert!(!got.timed_out, "{engine} {end}");
            let pid = std::fs::read_to_string(directory.path().join("pid")).unwrap();
            let ended = (0..5000).any(|_| {
                std::thread::sleep(Duration::from_millis(1));
                !lives(pid.trim())
            });
            assert!(ended, "{engine} {end}: process {pid} is still there");
            assert_eq!(std::fs::read(directory.path().join("late")).unwrap().len(), 100_000, "{engine} {end}");
        }
    }
}

/// What is written to a file that another process reads all the time is never seen in part.
#[test]
fn readers_see_files_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shared");
    std::fs::write(&file, "a".repeat(200_000)).unwrap();
    let code = "for i in range(20) { write_file(\"shared\", repeat(\"ab\"[i % 2], 200000), true) }";
    let mut child = program(directory.path(), ENGINES[0], code, &[]).spawn().unwrap();
    let mut looks = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read(&file).unwrap();
        assert!(text.len() == 200_000 && text.iter().all(|byte| *byte == text[0]), "a part of {} bytes", text.len());
        looks += 1;
    }
    assert!(looks > 0 && child.wait().unwrap().success());
}
