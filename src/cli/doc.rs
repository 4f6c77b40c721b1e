//! `ruff doc`: what the builtin table says.

use super::args::Doc;
use super::form::Form;
use super::{exit, output};
use crate::runtime::builtins::{self, Arity, Purity, Row, TABLE};
use crate::runtime::capability::Capability;
use serde::Serialize;

/// A row of the builtin table, as a record; without `most`, there may be any number of arguments.
#[derive(Serialize)]
struct Builtin {
    kind: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
    least: usize,
    most: Option<usize>,
    purity: &'static str,
    capability: Option<&'static str>,
    documentation: &'static str,
}

impl Builtin {
    fn new(row: &Row) -> Builtin {
        let (least, most) = match row.arity {
            Arity::Any => (0, None),
            Arity::Plural(n) | Arity::Singular(n) | Arity::Least(n, _) => (n, Some(n)),
            Arity::Own(min, max, _) | Arity::Counted(min, max, _) => (min, Some(max).filter(|&max| max != usize::MAX)),
        };
        let purity = match row.purity {
            Purity::Pure => "pure",
            Purity::Effect => "effect",
            Purity::Calls => "calls",
            Purity::Tasks => "tasks",
        };
        let capability = Some(row.capability.name()).filter(|_| row.capability != Capability::Nothing);
        let Row { name, aliases, documentation, .. } = *row;
        Builtin { kind: "builtin", name, aliases, least, most, purity, capability, documentation }
    }
}

/// Prints the documentation of one builtin, or a line for each; gives the exit code.
pub fn doc(arguments: &Doc, form: Form) -> i32 {
    let Some(name) = &arguments.name else {
        let width = TABLE.iter().map(|row| row.name.len()).max().unwrap_or(0);
        let mut rows: Vec<&Row> = TABLE.iter().filter(|row| builtins::is_function(row)).collect();
        rows.sort_by_key(|row| row.name);
        if form.is_json() {
            rows.iter().for_each(|row| form.record(&Builtin::new(row)));
            return exit::OK;
        }
        let lines: String = rows.iter().map(|row| format!("{:width$}  {}\n", row.name, row.documentation)).collect();
        return output::print(&lines);
    };
    match TABLE.iter().find(|row| names(row).any(|known| known == name)) {
        Some(row) if form.is_json() => {
            form.record(&Builtin::new(row));
            exit::OK
        }
        Some(row) => output::print(&describe(row)),
        None => {
            let near = TABLE.iter().flat_map(names).min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let near = near.filter(|known| strsim::damerau_levenshtein(known, name) <= 1 + name.len() / 4);
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`ruff doc` lists them".to_owned(),
            };
            output::complain(&format!("error: there is no builtin `{name}`: {hint}\n"));
            exit::USAGE
        }
    }
}

fn names(row: &Row) -> impl Iterator<Item = &'static str> {
    std::iter::once(row.name).chain(row.aliases.iter().copied())
}

fn describe(row: &Row) -> String {
    let count = |n: usize| format!("{n} argument{}", if n == 1 { "" } else { "s" });
    let arguments = match row.arity {
        Arity::Any => "any number of arguments".to_owned(),
        Arity::Plural(n) | Arity::Singular(n) | Arity::Least(n, _) => count(n),
        Arity::Own(min, max, _) | Arity::Counted(min, max, _) if min == max => count(min),
        Arity::Own(min, max, _) if max == usize::MAX => format!("at least {}", count(min)),
        Arity::Own(min, max, _) | Arity::Counted(min, max, _) => format!("{min} to {}", count(max)),
    };
    let mut text = format!("{}: {arguments}\n  {}\n", row.name, row.documentation);
    let needs = row.capability;
    if needs != Capability::Nothing {
        text.push_str(&format!("  Needs the capability {needs}.\n"));
    }
    if !row.aliases.is_empty() {
        text.push_str(&format!("  Also called {}.\n", row.aliases.join(", ")));
    }
    text
}
