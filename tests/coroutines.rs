//! Generators and tasks leave nothing behind: after every conformance program of theirs, however it ends, no heap object is alive.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{CompileOptions, RunOptions, compile, run};
use ruff::passes::manager::PassOptions;
use ruff::runtime::heap;
use ruff::runtime::host::Host;
use std::path::Path;

/// Objects alive after a run of `text`, and what it printed.
fn survivors(name: &str, text: &str, options: &CompileOptions) -> (u64, String) {
    let mut sources = SourceMap::new();
    let main = sources.add(name, text).expect("a source that fits");
    let Ok(compiled) = compile(&mut sources, main, options, &mut |_, _| {}) else { return (0, String::new()) };
    let before = heap::live_objects();
    let mut host = Host::captured("");
    run(&compiled, &mut host, &RunOptions::default());
    (heap::live_objects() - before, host.take_output().0)
}

fn programs(area: &str) -> Vec<(String, String)> {
    let area = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(area);
    let paths = std::fs::read_dir(area).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "ruff"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    programs.sort();
    programs
}

fn leaks(area: &str, options: &CompileOptions) {
    let programs = programs(area);
    assert!(programs.len() > 20);
    let leaking: Vec<String> = programs
        .iter()
        .map(|(name, text)| (name, survivors(name, text, options).0))
        .filter(|&(_, count)| count != 0)
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    assert!(leaking.is_empty(), "objects alive after the run:\n{}", leaking.join("\n"));
}

#[test]
fn generators_leave_nothing() {
    leaks("generators", &CompileOptions::default());
}

#[test]
fn tasks_leave_nothing() {
    leaks("async", &CompileOptions::default());
}

#[test]
fn without_passes_they_leave_nothing_either() {
    let options = CompileOptions {
        passes: PassOptions { explicit: Some(Vec::new()), ..PassOptions::default() },
        verify: true,
        ..CompileOptions::default()
    };
    leaks("generators", &options);
    leaks("async", &options);
}

#[test]
fn cycles_through_generators_channels_and_promises_are_found() {
    let text = "
        for i in 100 {
            mut box := [\"some text\"]
            g := func*() { yield box }()
            box := push(box, g)
            g.next()
            c := channel()
            c.send([c, \"more text\"])
            mut p := null
            f := async func() { return func() { return p } }
            p := f()
        }
        print(\"done\")";
    let (count, out) = survivors("cycles.ruff", text, &CompileOptions::default());
    assert_eq!((count, out.as_str()), (0, "done\n"));
}

#[test]
fn handlers_of_abandoned_tasks_give_up_what_they_keep() {
    let text = "
        c := channel()
        async func waits(text) {
            mut own := [text]
            try {
                own := push(own, c.receive())
            } except e {
                print(own, e.message)
            }
            return own
        }
        for i in 3 { waits(\"text ${i}\") }
        h := spawn_task(async func() { kept := [\"kept\"]  try { c.receive() } except e { print(kept) } })
        sleep(1)
        print(cancel_task(h))";
    let (count, out) = survivors("handlers.ruff", text, &CompileOptions::default());
    assert_eq!((count, out.as_str()), (0, "true\n"));
}
