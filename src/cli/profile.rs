//! `ruff profile`: where a program spends its instructions, as tables and as a flame graph.

use super::args::Profile as Arguments;
use super::form::Form;
use super::{check, exit, input, output, passes, run};
use crate::engine::pipeline::{self, CompileOptions, Outcome};
use crate::engine::profile::{self, Profile};
use crate::runtime::host::Host;
use inferno::flamegraph;
use std::path::{Path, PathBuf};

/// Runs a program and reports; gives the exit code, which is the program's own unless the report cannot be written.
pub fn profile(arguments: &Arguments, form: Form) -> i32 {
    let mut words = arguments.words.iter().cloned();
    let file = words.next().unwrap_or_default();
    let permissions = &arguments.permissions.permissions;
    let options = match passes::options(&arguments.pipeline) {
        Ok(options) => CompileOptions { permissions: permissions.clone(), ..options },
        Err(code) => return code,
    };
    let (mut sources, main) = match input::load(&file, form) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let compiled = match pipeline::compile(&mut sources, main, &options, &mut passes::dump) {
        Ok(compiled) => compiled,
        Err(list) => return check::refuse(&sources, &list, form),
    };
    passes::show_times(&arguments.pipeline, &compiled.report);
    let mut host = Host::process(run::script_arguments(words)).permitted(permissions.clone());
    let (outcome, profile) = profile::profile(&compiled, &mut host);
    output::complain(&report(&profile, arguments.top));

    let stem = Path::new(&file).file_stem().filter(|_| file != "-").map_or("profile".into(), PathBuf::from);
    let path = arguments.flame.clone().unwrap_or_else(|| PathBuf::from(format!("{}.svg", stem.display())));
    let written = graph(&profile, &stem.to_string_lossy())
        .and_then(|picture| std::fs::write(&path, picture).map_err(|reason| reason.to_string()));
    let code = match outcome {
        Outcome::Finished => exit::OK,
        Outcome::Exit(code) => code,
        Outcome::Error(error) | Outcome::Stopped(_, error) => run::uncaught(&sources, &error, form),
    };
    match written {
        Ok(()) => {
            output::complain(&format!("\nflame graph: {}\n", path.display()));
            code
        }
        Err(reason) => {
            output::complain(&format!("error: cannot write '{}': {reason}\n", path.display()));
            exit::UNWRITABLE
        }
    }
}

/// The flame graph.
fn graph(profile: &Profile, name: &str) -> Result<Vec<u8>, String> {
    let mut options = flamegraph::Options::default();
    options.title = format!("{name}: {} instructions", profile.total);
    options.count_name = "instructions".to_owned();
    options.deterministic = true;
    let lines: Vec<String> = profile.chains.iter().map(|(chain, count)| format!("{chain} {count}")).collect();
    let mut picture = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut picture)
        .map_err(|reason| reason.to_string())?;
    Ok(picture)
}

fn report(profile: &Profile, top: usize) -> String {
    let part = |count: u64| count as f64 * 100.0 / profile.total.max(1) as f64;
    let place = |(file, line): &(String, u32)| format!("{file}:{line}");
    let mut text = format!("{} instructions\n\n", profile.total);
    text.push_str(&format!("{:>16}{:>8}{:>18}{:>8}{:>12}  function\n", "own", "", "with what it calls", "", "calls"));
    for function in profile.functions.iter().take(top) {
        text.push_str(&format!(
            "{:>16}{:>7.2}%{:>18}{:>7.2}%{:>12}  {}  {}\n",
            function.own,
            part(function.own),
            function.inclusive,
            part(function.inclusive),
            function.calls,
            function.name,
            place(&function.place)
        ));
    }
    text.push_str(&left_out(profile.functions.len(), top, "functions"));
    text.push_str(&format!("\n{:>16}{:>8}  line\n", "own", ""));
    for line in profile.lines.iter().take(top) {
        let (executed, part, place) = (line.executed, part(line.executed), place(&line.place));
        text.push_str(&format!("{executed:>16}{part:>7.2}%  {place}  {}\n", line.text));
    }
    text.push_str(&left_out(profile.lines.len(), top, "lines"));
    let units: u64 = profile.builtins.iter().map(|builtin| builtin.units).sum();
    if units > 0 {
        text.push_str(&format!("\n{:>16}{:>8}{:>12}  builtin (work in units of fuel)\n", "units", "", "calls"));
    }
    for builtin in profile.builtins.iter().take(top) {
        let part = builtin.units as f64 * 100.0 / units.max(1) as f64;
        let (name, place) = (&builtin.name, place(&builtin.place));
        text.push_str(&format!("{:>16}{part:>7.2}%{:>12}  {name}  {place}\n", builtin.units, builtin.calls));
    }
    text + &left_out(profile.builtins.len(), top, "builtins")
}

/// Says how much a table does not show.
fn left_out(all: usize, shown: usize, what: &str) -> String {
    if all > shown {
        format!("{:>16}         more {what} (--top={all} shows all)\n", all - shown)
    } else {
        String::new()
    }
}
