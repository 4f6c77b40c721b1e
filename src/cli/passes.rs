//! `ruff passes`, and the flags that choose passes, checked against the pass table.

use super::args::{ListPasses, Pipeline};
use super::form::Form;
use super::{exit, output};
use crate::engine::pipeline::CompileOptions;
use crate::ir::function::Module;
use crate::ir::print::{Spans, print_module};
use crate::passes::manager::{PassOptions, PrintAfter, Report, Verify};
use crate::passes::{Level, Pass};
use serde::Serialize;

/// A row of the pass table, as a record.
#[derive(Serialize)]
struct PassRecord {
    kind: &'static str,
    name: &'static str,
    level: &'static str,
    summary: &'static str,
}

/// Prints the pass table; gives the exit code.
pub fn list(list: &ListPasses, form: Form) -> i32 {
    if form.is_json() {
        for info in Pass::ALL.iter().map(|pass| pass.info()) {
            let (name, level, summary) = (info.name, info.level.name(), info.summary);
            form.record(&PassRecord { kind: "pass", name, level, summary });
        }
        return exit::OK;
    }
    let mut text = String::new();
    let width = Pass::ALL.iter().map(|pass| pass.name().len()).max().unwrap_or(0);
    if !list.names {
        text.push_str(&format!("{:width$}  level  what it does\n", "pass"));
    }
    for pass in Pass::ALL {
        let info = pass.info();
        if list.names {
            text.push_str(&format!("{}\n", info.name));
        } else {
            text.push_str(&format!("{:width$}  -{:4}  {}\n", info.name, info.level.name(), info.summary));
        }
    }
    output::print(&text)
}

/// The compiler's options that `flags` ask for; complains and gives the exit code if one names no pass.
pub fn options(flags: &Pipeline) -> Result<CompileOptions, i32> {
    let named = |names: &[String]| -> Result<Vec<Pass>, i32> {
        names.iter().filter(|name| !name.is_empty()).map(|name| known(name)).collect()
    };
    let print_after = match flags.print_after.as_slice() {
        [] => PrintAfter::Nothing,
        names if names.iter().any(|name| name == "all") => PrintAfter::All,
        names => PrintAfter::Passes(named(names)?),
    };
    let passes = PassOptions {
        level: Level::ALL.get(usize::from(flags.level)).copied().unwrap_or_default(),
        explicit: flags.passes.as_deref().map(named).transpose()?,
        disabled: named(&flags.no_pass)?,
        verify: if flags.verify { Verify::Each } else { Verify::Never },
        print_after,
        fuel: flags.opt_fuel,
        only: flags.opt_only.clone(),
        ..PassOptions::default()
    };
    Ok(CompileOptions { passes, verify: flags.verify, ..CompileOptions::default() })
}

/// Cuts the pipeline after the first run of the pass called `name`.
pub fn stop_after(options: &mut CompileOptions, name: &str) -> Result<(), i32> {
    let pass = known(name)?;
    let pipeline = options.passes.pipeline();
    let Some(first) = pipeline.iter().position(|&other| other == pass) else {
        return Err(output::usage(&format!("the pass `{name}` does not run with these flags")));
    };
    options.passes.limit = Some(first + 1);
    Ok(())
}

/// Prints the module after a pass to standard error.
pub fn dump(pass: Pass, module: &Module) {
    output::complain(&format!("# after {}\n{}\n", pass.name(), print_module(module, Spans::Hide)));
}

/// Prints what the passes took to standard error, if that was asked for.
pub fn show_times(flags: &Pipeline, report: &Report) {
    if flags.time_passes {
        output::complain(&report.to_string());
    }
}

fn known(name: &str) -> Result<Pass, i32> {
    Pass::from_name(name).map_err(|unknown| {
        let hint = match unknown.nearest {
            Some(near) => format!("did you mean `{}`?", near.name()),
            None => "`ruff passes` lists them".to_owned(),
        };
        output::usage(&format!("there is no pass `{name}`: {hint}"))
    })
}
