//! Advice for an error that nobody caught: made when a run has ended with it, from its message and the fact it knows, from what
//! stands at its position, and from the declarations around it. A program that catches its errors pays for none of this.
//!
//! A message is believed only if the source says the same: `throw("Undefined variable: x")` is reported at its `throw`.

use super::names::{self, Declaration, Kind};
use crate::base::diagnostic::{Advice, ImportFailure};
use crate::base::hint::{self, Situation};
use crate::base::source::{Source, SourceId, SourceMap, Span};
use crate::runtime::builtins;
use crate::runtime::capability::Denial;
use crate::runtime::error::Fact;
use crate::syntax::token::TokenKind;
use std::path::Path;

/// What helps with an uncaught error that was raised at `span`.
pub(super) fn advice(sources: &SourceMap, message: &str, span: Span, fact: Option<&Fact>) -> Advice {
    let mut advice = Advice::default();
    let Some(source) = sources.try_get(span.source) else { return advice };
    let start = (span.start as usize).min(source.text.len());
    let Some(written) = source.text.get(start..(span.end() as usize).min(source.text.len())) else {
        return advice;
    };
    let message = in_module(message);
    let mut hints = Hints { sources, source, span, written, advice: &mut advice };
    if let Some(fact) = fact {
        hints.fact(fact);
    } else if !matches!(written, "throw" | "error") || message.strip_prefix("Undefined variable: ") == Some(written) {
        hints.message(message);
    }
    advice
}

/// The message of an error as it was before it left the top levels of modules.
fn in_module(mut message: &str) -> &str {
    while let Some(inner) = message
        .strip_prefix("Failed to evaluate module '")
        .and_then(|rest| rest.split_once("': "))
        .map(|(_, inner)| inner)
    {
        message = inner;
    }
    message
}

/// What helps with an import of a module that is not found: the files looked for, and one of a similar name among their neighbours.
pub(super) fn missing_module(failure: &ImportFailure, advice: &mut Advice) {
    if failure.tried.is_empty() {
        return;
    }
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut near = None;
    for path in failure.tried.iter().map(Path::new) {
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
        let Ok(entries) = std::fs::read_dir(directory.unwrap_or(Path::new("."))) else { continue };
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "ruff"));
        let mut names: Vec<String> = files.filter_map(|file| stem(&file)).collect();
        names.sort_unstable();
        let written = stem(path).unwrap_or_default();
        near = hint::nearest(&written, names.iter().map(String::as_str)).map(str::to_owned);
        if near.is_some() {
            break;
        }
    }
    if let Some(near) = near {
        advice.help(Situation::Near.advice(&[&near]));
    }
    let tried: Vec<String> = failure.tried.iter().map(|path| format!("`{path}`")).collect();
    advice.help(Situation::Tried.advice(&[&tried.join(", ")]));
}

struct Hints<'h> {
    sources: &'h SourceMap,
    source: &'h Source,
    span: Span,
    /// What stands at the position of the error.
    written: &'h str,
    advice: &'h mut Advice,
}

/// `a`, `b` and `c`, each between backticks; only the first few.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        _ if names.len() > SHOWN => format!("{} and {} more", quoted.join(", "), names.len() - SHOWN),
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

impl Hints<'_> {
    fn help(&mut self, situation: Situation, facts: &[&str]) {
        self.advice.help(situation.advice(facts));
    }

    fn at(&self) -> usize {
        self.span.start as usize
    }

    fn declarations(&self) -> Vec<Declaration> {
        names::of(self.span.source, self.source)
    }

    /// Adds what is meant, if that shows.
    fn near(&mut self, written: &str, names: &[&str], first: fn(&str) -> Option<&'static str>) -> bool {
        let meant = hint::meant(written, names, first);
        self.advice.help.extend(meant.clone());
        meant.is_some()
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::OutOfBounds { length: 0, .. } => self.help(Situation::Empty, &[]),
            Fact::OutOfBounds { index, length } => {
                let (count, last) = (length.to_string(), (length - 1).to_string());
                if *index == *length as i64 {
                    self.help(Situation::AtLength, &[&count, &last]);
                } else {
                    self.help(Situation::Length, &[&count, &last, &count]);
                }
            }
            Fact::NoField { name, shape } => {
                let mut fields = shape.fields();
                fields.sort_unstable();
                if let Some(near) = hint::nearest(name, fields.iter().copied()) {
                    self.help(Situation::Near, &[near]);
                } else if !fields.is_empty() {
                    self.help(Situation::Fields, &[shape.name(), &listed(&fields)]);
                }
            }
            Fact::NoMembers { type_name: "null", .. } => self.help(Situation::NullMember, &[]),
            Fact::NoMembers { name, type_name } => match hint::member(name) {
                Some(advice) => self.advice.help(advice),
                None => self.help(Situation::NoMembers, &[type_name]),
            },
            Fact::Denied(Denial { capability, subject: Some(subject), .. }) => {
                self.advice.help(format!("`--{}` is given, but not for `{subject}`", capability.flag()));
            }
            Fact::Denied(_) => {}
            Fact::Unmet { help, .. } => self.advice.help.extend(help.iter().cloned()),
            Fact::NoMethod { name, receiver } => self.method(name, *receiver),
        }
    }

    fn method(&mut self, name: &str, receiver: Option<&str>) {
        let declarations = self.everywhere();
        let own: Vec<&str> = declarations
            .iter()
            .filter(
                |declaration| matches!(&declaration.kind, Kind::Method(owner, _) if Some(owner.as_str()) == receiver),
            )
            .map(|declaration| declaration.name.as_str())
            .collect();
        if let Some(near) = hint::nearest(name, own.iter().copied()) {
            return self.help(Situation::Near, &[near]);
        }
        let names: Vec<&str> = builtins::public_names().collect();
        if !self.near(name, &names, hint::member) && !own.is_empty() {
            self.help(Situation::Methods, &[receiver.unwrap_or(""), &listed(&own)]);
        }
    }

    /// The declarations of all sources but those of the prelude, this one's first.
    fn everywhere(&self) -> Vec<Declaration> {
        let hidden = |source: &Source| builtins::PRELUDE.iter().any(|(file, _)| *file == source.name);
        let others = (0..self.sources.len()).map(|id| SourceId(id as u16)).filter(|&id| id != self.span.source);
        let others =
            others.filter_map(|id| Some((id, self.sources.try_get(id)?))).filter(|(_, source)| !hidden(source));
        let mut all = self.declarations();
        all.extend(others.flat_map(|(id, source)| names::of(id, source)));
        all
    }

    fn message(&mut self, message: &str) {
        const IMMUTABLE: &[(&str, Situation)] = &[
            ("Cannot reassign immutable let binding: ", Situation::UseMut),
            ("Cannot mutate immutable let binding: ", Situation::UseMut),
            ("Cannot reassign const binding: ", Situation::UseConst),
            ("Cannot mutate const binding: ", Situation::UseConst),
        ];
        if let Some(name) = message.strip_prefix("Undefined variable: ") {
            if self.written.starts_with(name) {
                self.undefined(name);
            }
        } else if let Some((name, situation)) =
            IMMUTABLE.iter().find_map(|&(text, situation)| Some((message.strip_prefix(text)?, situation)))
        {
            self.immutable(name, situation);
        } else if let Some(operands) = message.strip_prefix("Invalid binary operation: ") {
            self.operands(operands);
        } else if message.starts_with("Invalid unary operation: - ") && self.is_decrement() {
            self.advice.help.extend(hint::marks("--").map(|(_, advice)| advice.to_owned()));
        } else if message.starts_with("Missing map key: ") {
            self.help(Situation::GetKey, &[]);
        } else if let Some((name, module)) = message.strip_prefix("Symbol '").and_then(|rest| rest.split_once('\'')) {
            let module = module.strip_prefix(" not found in module '").and_then(|rest| rest.strip_suffix('\''));
            self.symbol(name, module.unwrap_or(""));
        } else if let Some((name, rest)) = message.split_once(" expects ")
            && let Some((count, _)) = rest.split_once(" arguments, got ")
            && let Ok(count) = count.parse()
        {
            self.signature(name, count);
        }
    }

    /// Nothing but the end of a line, a `;` or a closing bracket follows two minuses, the second of which stands here.
    fn is_decrement(&self) -> bool {
        let text = &self.source.text;
        let (before, after) = (&text.as_bytes()[..self.at()], &text[self.span.end() as usize..]);
        let after = after.trim_start_matches([' ', '\t']);
        before.last() == Some(&b'-') && (after.is_empty() || after.starts_with(['\n', '\r', ';', '}', ')', '#', '/']))
    }

    fn undefined(&mut self, name: &str) {
        let declarations = self.declarations();
        let at = self.at();
        let same = |declaration: &&Declaration| declaration.name == name;
        let value = declarations.iter().filter(same).find(|declaration| declaration.is_value());
        if let Some(found) = value {
            let inside = found.is_visible(at);
            if found.span.start as usize != at {
                let situation = if inside { Situation::Later } else { Situation::OutOfScope };
                self.advice.label(found.span, situation.advice(&[]));
            }
            return;
        }
        if let Some(found) = declarations.iter().find(same) {
            match &found.kind {
                Kind::Struct(fields) => {
                    let entries: Vec<String> = fields.iter().map(|field| format!("{field}: ...")).collect();
                    let literal = format!("{name} {{ {} }}", entries.join(", "));
                    return self.help(Situation::StructCall, &[name, &literal]);
                }
                Kind::Enum => {
                    let rest = self.source.text[self.span.end() as usize..].strip_prefix('.').unwrap_or("Name");
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    return self.help(Situation::EnumValue, &[name, &format!("{name}::{}", &rest[..end])]);
                }
                _ => {}
            }
        }
        let text = &self.source.text;
        let after = text[self.span.end() as usize..].trim_start();
        let before = text[..at].trim_end();
        if after.starts_with(':') && !after.starts_with(":=") && before.ends_with(['{', ',']) {
            return self.help(Situation::BareKey, &[name]);
        }
        let visible = declarations.iter().filter(|found| found.is_value() && found.is_visible(at));
        let mut names: Vec<&str> = visible.map(|found| found.name.as_str()).collect();
        let keywords = TokenKind::KEYWORDS.iter().map(|kind| kind.text());
        builtins::public_names().chain(keywords).for_each(|name| names.push(name));
        self.near(name, &names, hint::word);
    }

    fn immutable(&mut self, name: &str, situation: Situation) {
        let at = self.at();
        let immutable = |found: &&Declaration| {
            found.name == name && matches!(found.kind, Kind::Let | Kind::Const) && found.is_visible(at)
        };
        // The innermost one: of the blocks around a place, the inner start later.
        let found = self.declarations();
        let found = found.iter().filter(immutable).max_by_key(|found| (found.scope.start, found.span.start as usize));
        if let Some(found) = found {
            self.advice.label(found.span, Situation::Declared.advice(&[]));
            self.help(situation, &[name]);
        }
    }

    fn operands(&mut self, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        let &[left, operator, right] = words.as_slice() else { return };
        if !self.written.starts_with(operator) {
            return;
        }
        let sides = [left, right];
        if operator == "+" && sides.contains(&"string") && !sides.contains(&"null") {
            self.help(Situation::Concatenate, &[]);
        } else if sides.contains(&"null") {
            self.help(Situation::NullOperand, &[]);
        } else if sides.contains(&"option") {
            self.help(Situation::OptionOperand, &[]);
        } else if operator == "+" && sides.contains(&"array") {
            self.help(Situation::ArrayPlus, &[]);
        } else if operator == "*" && sides.contains(&"string") && sides.contains(&"int") {
            self.help(Situation::Repeat, &[]);
        }
    }

    fn symbol(&mut self, name: &str, module: &str) {
        let files = [format!("{module}.ruff"), format!("{}.ruff", module.replace('.', "/"))];
        let named = |source: &Source| files.iter().any(|file| Path::new(&source.name).ends_with(file));
        let found = (0..self.sources.len()).map(|id| SourceId(id as u16)).find(|&id| named(self.sources.get(id)));
        let Some(id) = found else { return };
        let declarations = names::of(id, self.sources.get(id));
        let mut names: Vec<&str> =
            declarations.iter().filter(|found| found.exported).map(|found| found.name.as_str()).collect();
        if let Some(found) = declarations.iter().find(|found| found.name == name && found.is_global()) {
            return self.advice.label(found.span, Situation::NotExported.advice(&[name]));
        }
        if let Some(near) = hint::nearest(name, names.iter().copied()) {
            return self.help(Situation::Near, &[near]);
        }
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            self.help(Situation::NoNames, &[module, &listed(&names)]);
        }
    }

    fn signature(&mut self, name: &str, count: usize) {
        let all = self.everywhere();
        let found = all.iter().find(|found| match &found.kind {
            Kind::Function(parameters) => found.name == name && *parameters == count,
            Kind::Method(owner, parameters) => {
                *parameters == count && name.strip_prefix(owner.as_str()) == Some(&format!(".{}", found.name))
            }
            _ => false,
        });
        let Some(found) = found else { return };
        let source = self.sources.get(found.span.source);
        // A span is cut at 64 KiB, which may be inside a character.
        let range = found.span.start as usize..found.span.end() as usize;
        let written = source.text.get(range).unwrap_or(&found.name);
        let written: Vec<&str> = written.split_whitespace().collect();
        self.advice.label(found.span, Situation::Signature.advice(&[&written.join(" ")]));
    }
}
