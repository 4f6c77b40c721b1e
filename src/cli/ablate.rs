//! `ruff bench --ablate`: executed instructions of programs with each pass left out of `-O2`, as a table, as CSV, as a chart.

use super::args::Bench;
use super::chart::{Bars, Group};
use super::form::Form;
use super::{bench, check, exit, input, output, run};
use crate::engine::measure::{Ablation, Failed, Subject};
use crate::passes::Pass;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Measures one program or all of a directory; gives the exit code.
pub fn ablate(arguments: &Bench, form: Form) -> i32 {
    match rows(arguments, form) {
        Ok(rows) => {
            if let Some(path) = &arguments.svg
                && let Err(reason) = std::fs::write(path, chart(&rows))
            {
                output::complain(&format!("error: cannot write '{}': {reason}\n", path.display()));
                return exit::UNWRITABLE;
            }
            output::print(&if arguments.csv { csv(&rows) } else { table(&rows) })
        }
        Err(code) => code,
    }
}

/// A program's name and what was counted.
type Row = (String, Ablation);

fn rows(arguments: &Bench, form: Form) -> Result<Vec<Row>, i32> {
    let mut words = arguments.words.iter().cloned();
    let path = PathBuf::from(words.next().unwrap_or_default());
    let words = run::script_arguments(words);
    let files = if path.is_dir() { programs(&path)? } else { vec![path] };
    let sizes = match &arguments.sizes {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|reason| output::usage(&format!("cannot read '{}': {reason}", path.display())))?,
        None => String::new(),
    };
    let bar = bench::progress(files.len() as u64);
    let mut rows = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        bar.set_message(name.clone());
        let mut own = words.clone();
        for line in sizes.lines() {
            let mut parts = line.split_whitespace();
            if parts.next() == Some(&name) {
                own = parts.map(str::to_owned).collect();
            }
        }
        let (sources, main) = input::load(file.as_os_str(), form)?;
        match (Subject { sources: &sources, main, arguments: &own, permissions: &arguments.permissions.permissions })
            .ablate()
        {
            Ok(ablation) => rows.push((name, ablation)),
            Err(Failed::Refused(list)) => return Err(check::refuse(&sources, &list, form)),
            Err(Failed::Ended(outcome)) => return Err(bench::failed(&outcome, &sources, form).unwrap_or(exit::OK)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// The programs in a directory, by name.
fn programs(directory: &Path) -> Result<Vec<PathBuf>, i32> {
    let unreadable = |reason: std::io::Error| {
        output::complain(&format!("error: cannot read '{}': {reason}\n", directory.display()));
        exit::UNREADABLE
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == OsString::from("ruff").as_os_str()) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(output::usage(&format!("there are no programs in '{}'", directory.display())));
    }
    Ok(files)
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<18}{:>14}{:>14}{:>9}", "program", "-O0", "-O2", "saved");
    for pass in Pass::ALL {
        text.push_str(&format!("{:>16}", pass.name()));
    }
    text.push('\n');
    for (name, row) in rows {
        let all = row.saved(row.unoptimised) * 100.0;
        text.push_str(&format!("{name:<18}{:>14}{:>14}{all:>8.2}%", row.unoptimised, row.all));
        for &(_, executed) in &row.without {
            let cell =
                if executed == row.all { "-".to_owned() } else { format!("{:.2}%", row.saved(executed) * 100.0) };
            text.push_str(&format!("{cell:>16}"));
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "{:<18}{:>14}{:>14}{:>9}",
        "programs it helps",
        "",
        "",
        helped(rows, |row| row.unoptimised)
    ));
    for at in 0..Pass::ALL.len() {
        text.push_str(&format!("{:>16}", helped(rows, |row| row.without[at].1)));
    }
    text.push_str("\n\nExecuted instructions; below a pass, the part it saves of those executed without it.\n");
    text
}

/// How many programs execute more without something.
fn helped(rows: &[Row], without: impl Fn(&Ablation) -> u64) -> usize {
    rows.iter().filter(|(_, row)| without(row) > row.all).count()
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("program,without,instructions,saved\n");
    for (name, row) in rows {
        let mut line = |without: &str, executed: u64| {
            text.push_str(&format!("{name},{without},{executed},{:.6}\n", row.saved(executed)));
        };
        line("nothing", row.all);
        line("all", row.unoptimised);
        for &(pass, executed) in &row.without {
            line(pass.name(), executed);
        }
    }
    text
}

fn chart(rows: &[Row]) -> String {
    let series = std::iter::once("all passes").chain(Pass::ALL.iter().map(|pass| pass.name())).collect();
    let groups = rows.iter().map(|(name, row)| {
        let without = std::iter::once(row.unoptimised).chain(row.without.iter().map(|entry| entry.1));
        Group { name: name.clone(), values: without.map(|executed| row.saved(executed) * 100.0).collect() }
    });
    let title = "Executed instructions a pass saves, % of those executed without it".to_owned();
    Bars { title, series, groups: groups.collect() }.svg()
}
