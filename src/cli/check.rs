//! `ruff check`: everything up to bytecode, for its diagnostics, and the lints, for what would fail or surprise: of programs, of all
//! programs in folders, and of the modules that their imports lead to. Says nothing about a program that is fine.

use super::args::{Check, Switch};
use super::form::Form;
use super::{exit, input, output, programs};
use crate::base::diagnostic::Diagnostic;
use crate::base::hint;
use crate::base::render::Severity;
use crate::base::source::{SourceId, SourceMap};
use crate::engine::checking;
use crate::lint::Warning;
use crate::lint::table::{Level, Lint};
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Checks every file; gives the first exit code that is not 0.
pub fn check(arguments: &Check, form: Form) -> i32 {
    if let Some(code) = &arguments.explain {
        return explain(code, form);
    }
    let levels = match Levels::new(arguments) {
        Ok(levels) => levels,
        Err(code) => return code,
    };
    let mut checker = Checker { levels, form, seen: FxHashSet::default(), code: exit::OK };
    for file in &arguments.files {
        let path = Path::new(file);
        if !path.is_dir() {
            checker.file(file);
            continue;
        }
        match programs::below(path) {
            Ok(found) if found.is_empty() => {
                form.complaint("RUFCLI002", &format!("no programs found in '{}'", path.display()), &[]);
                checker.ended(exit::FAILED);
            }
            Ok(found) => found.iter().for_each(|program| checker.file(program.as_os_str())),
            Err(error) => {
                let message = format!("Failed to read '{}': {error}", path.display());
                form.complaint("RUFCLI001", &message, &[]);
                checker.ended(exit::UNREADABLE);
            }
        }
    }
    checker.code
}

/// What is done with each lint.
struct Levels(Vec<Level>);

impl Levels {
    fn new(arguments: &Check) -> Result<Levels, i32> {
        let (deny, allow) = (Named::new(&arguments.deny)?, Named::new(&arguments.allow)?);
        if let Some(both) = deny.lints.iter().find(|lint| allow.lints.contains(lint)) {
            return Err(output::usage(&format!("`{both}` is denied and allowed")));
        }
        if deny.all && allow.all {
            return Err(output::usage("all warnings are denied and allowed"));
        }
        let of = |lint: Lint| match lint.level() {
            _ if deny.lints.contains(&lint) => Level::Deny,
            _ if allow.lints.contains(&lint) => Level::Allow,
            _ if deny.all => Level::Deny,
            _ if allow.all => Level::Allow,
            Level::Warn if arguments.warnings == Switch::Off => Level::Allow,
            level => level,
        };
        Ok(Levels(Lint::ALL.iter().map(|&lint| of(lint)).collect()))
    }

    fn of(&self, lint: Lint) -> Level {
        self.0[lint as usize]
    }
}

/// The lints that a flag names.
struct Named {
    lints: Vec<Lint>,
    all: bool,
}

impl Named {
    fn new(codes: &[String]) -> Result<Named, i32> {
        let mut named = Named { lints: Vec::new(), all: false };
        for code in codes {
            match code.as_str() {
                "all" => named.all = true,
                code => named.lints.push(known(code)?),
            }
        }
        Ok(named)
    }
}

fn known(code: &str) -> Result<Lint, i32> {
    Lint::from_code(code).ok_or_else(|| {
        let near = hint::nearest(code, Lint::ALL.iter().map(|lint| lint.code()));
        let help =
            near.map_or("`ruff check --explain all` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        output::usage(&format!("there is no warning `{code}`: {help}"))
    })
}

/// A row of the table of lints, as a record.
#[derive(Serialize)]
struct LintRecord {
    kind: &'static str,
    code: &'static str,
    level: &'static str,
    title: &'static str,
    explanation: &'static str,
}

fn explain(code: &str, form: Form) -> i32 {
    let lints = match code {
        "all" => Lint::ALL.to_vec(),
        code => match known(code) {
            Ok(lint) => vec![lint],
            Err(code) => return code,
        },
    };
    if form.is_json() {
        for lint in lints {
            let (code, level) = (lint.code(), lint.level().name());
            let (title, explanation) = (lint.title(), lint.explanation());
            form.record(&LintRecord { kind: "lint", code, level, title, explanation });
        }
        return exit::OK;
    }
    if let [lint] = lints[..] {
        return output::print(&format!("{lint}: {}\n  {}\n", lint.title(), lint.explanation()));
    }
    let width = lints.iter().map(|lint| lint.code().len()).max().unwrap_or(0);
    let lines = lints.iter().map(|lint| format!("{:width$}  {}\n", lint.code(), lint.title()));
    output::print(&lines.collect::<String>())
}

struct Checker {
    levels: Levels,
    form: Form,
    /// The files, by their real paths, whose warnings have been told: as programs, or as modules of programs.
    seen: FxHashSet<PathBuf>,
    code: i32,
}

impl Checker {
    fn ended(&mut self, code: i32) {
        if self.code == exit::OK {
            self.code = code;
        }
    }

    fn file(&mut self, file: &OsStr) {
        let (mut sources, main) = match input::load(file, self.form) {
            Ok(loaded) => loaded,
            Err(code) => return self.ended(code),
        };
        match checking::check(&mut sources, main) {
            Ok(warnings) => {
                // One file may be two sources: the program, and a module that its modules import.
                let fresh: Vec<bool> = (0..sources.len())
                    .map(|id| real_path(&sources, id).is_none_or(|path| self.seen.insert(path)))
                    .collect();
                for warning in warnings.iter().filter(|warning| fresh[usize::from(warning.span.source.0)]) {
                    self.warn(&sources, warning);
                }
            }
            Err(list) => self.ended(refuse(&sources, &list, self.form)),
        }
    }

    fn warn(&mut self, sources: &SourceMap, warning: &Warning) {
        let severity = match self.levels.of(warning.lint) {
            Level::Allow => return,
            Level::Warn => Severity::Warning,
            Level::Deny => Severity::Error,
        };
        if severity == Severity::Error {
            self.ended(exit::FAILED);
        }
        self.form.finding(sources, severity, warning);
    }
}

fn real_path(sources: &SourceMap, id: usize) -> Option<PathBuf> {
    let source = sources.try_get(SourceId(id as u16))?;
    Path::new(&source.name).canonicalize().ok()
}

/// Prints the diagnostics of a refused program; gives its exit code, that of the first.
pub fn refuse(sources: &SourceMap, list: &[Diagnostic], form: Form) -> i32 {
    form.refusals(sources, list);
    list.first().map_or(exit::OK, |first| first.phase().exit_code())
}
