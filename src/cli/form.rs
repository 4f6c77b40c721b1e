//! What the commands say, in one of two forms: text for people, or one JSON object a line for programs (`--json`).
//!
//! The records are described in `design/diagnostics.md`. Every record has all fields of its kind, in the same order, whatever is known.

use super::output;
use crate::base::diagnostic::{Advice, Code, Diagnostic};
use crate::base::render::{self, Colour, Severity};
use crate::base::source::{SourceMap, Span};
use crate::engine::pipeline::UncaughtError;
use crate::lint::Warning;
use serde::Serialize;

/// The form of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text, on standard error.
    Text(Colour),
    /// Records, on standard output.
    Json,
    /// Records, on standard error, because standard output belongs to a program.
    JsonAside,
}

/// A position; both numbers start at 1, columns count characters.
#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

/// A piece of a source; `end` is the position after it.
#[derive(Serialize)]
struct Place<'t> {
    file: &'t str,
    line: u32,
    column: u32,
    end: Position,
}

impl<'t> Place<'t> {
    fn new(sources: &'t SourceMap, span: Span) -> Option<Place<'t>> {
        let source = sources.try_get(span.source)?;
        let at = |offset| source.lines.position(&source.text, offset);
        let (start, end) = (at(span.start), at(span.end()));
        let end = Position { line: end.line, column: end.column };
        Some(Place { file: &source.name, line: start.line, column: start.column, end })
    }
}

/// A further place that has to do with a problem.
#[derive(Serialize)]
struct Label<'t> {
    message: &'t str,
    #[serde(flatten)]
    place: Place<'t>,
}

/// An active function, and where it stands.
#[derive(Serialize)]
struct Frame<'t> {
    function: &'t str,
    file: Option<&'t str>,
    line: Option<u32>,
    column: Option<u32>,
}

/// A problem: an error of any stage, a warning, an error nobody caught.
#[derive(Serialize)]
pub struct Problem<'t> {
    kind: &'static str,
    code: &'t str,
    severity: &'static str,
    phase: &'static str,
    message: &'t str,
    file: Option<&'t str>,
    line: Option<u32>,
    column: Option<u32>,
    end: Option<Position>,
    hint: &'t [String],
    notes: &'t [String],
    labels: Vec<Label<'t>>,
    causes: Vec<Problem<'t>>,
    imported: Vec<Place<'t>>,
    stack: Vec<Frame<'t>>,
}

impl<'t> Problem<'t> {
    fn new(
        sources: &'t SourceMap,
        code: &'t str,
        phase: &'static str,
        message: &'t str,
        span: Span,
        advice: &'t Advice,
    ) -> Problem<'t> {
        let place = Place::new(sources, span);
        let label = |(span, message): &'t (Span, String)| Some(Label { message, place: Place::new(sources, *span)? });
        Problem {
            kind: "diagnostic",
            code,
            severity: Severity::Error.name(),
            phase,
            message,
            file: place.as_ref().map(|place| place.file),
            line: place.as_ref().map(|place| place.line),
            column: place.as_ref().map(|place| place.column),
            end: place.map(|place| place.end),
            hint: &advice.help,
            notes: &[],
            labels: advice.labels.iter().filter_map(label).collect(),
            causes: advice.causes.iter().map(|cause| Problem::refusal(sources, cause)).collect(),
            imported: advice.imported.iter().filter_map(|&span| Place::new(sources, span)).collect(),
            stack: Vec::new(),
        }
    }

    fn refusal(sources: &'t SourceMap, diagnostic: &'t Diagnostic) -> Problem<'t> {
        let Diagnostic { code, message, span, advice, notes } = diagnostic;
        Problem { notes, ..Problem::new(sources, code.text(), diagnostic.phase().label(), message, *span, advice) }
    }

    /// An error that nobody caught.
    pub fn uncaught(sources: &'t SourceMap, error: &'t UncaughtError) -> Problem<'t> {
        let UncaughtError { message, span, advice, stack } = error;
        let frame = |(function, span): &'t (Box<str>, Span)| {
            let place = Place::new(sources, *span);
            Frame {
                function,
                file: place.as_ref().map(|place| place.file),
                line: place.as_ref().map(|place| place.line),
                column: place.as_ref().map(|place| place.column),
            }
        };
        let stack = stack.iter().map(frame).collect();
        Problem { stack, ..Problem::new(sources, Code::Compile.text(), "runtime", message, *span, advice) }
    }
}

impl Form {
    /// Whether it is JSON.
    pub fn is_json(self) -> bool {
        !matches!(self, Form::Text(_))
    }

    /// Writes one record, in a form that is JSON.
    pub fn record(self, record: &impl Serialize) {
        // Records hold texts, numbers and lists of them: nothing that JSON lacks.
        let mut line = serde_json::to_string(record).unwrap_or_default();
        line.push('\n');
        match self {
            Form::Json => drop(output::print(&line)),
            Form::Text(_) | Form::JsonAside => output::complain(&line),
        }
    }

    /// Diagnostics of a program that is refused.
    pub fn refusals(self, sources: &SourceMap, list: &[Diagnostic]) {
        match self {
            Form::Text(colour) => output::complain(&render::diagnostics(sources, list, colour)),
            _ => list.iter().for_each(|one| self.record(&Problem::refusal(sources, one))),
        }
    }

    /// What a check has found.
    pub fn finding(self, sources: &SourceMap, severity: Severity, warning: &Warning) {
        let Warning { lint, message, span, advice } = warning;
        match self {
            Form::Text(colour) => {
                output::complain(&render::finding(sources, severity, lint.code(), message, *span, advice, colour));
            }
            _ => {
                let problem = Problem::new(sources, lint.code(), "check", message, *span, advice);
                self.record(&Problem { severity: severity.name(), ..problem });
            }
        }
    }

    /// An error that nobody caught.
    pub fn uncaught(self, sources: &SourceMap, error: &UncaughtError) {
        match self {
            Form::Text(colour) => {
                let UncaughtError { message, span, advice, stack } = error;
                output::complain(&render::runtime_error(sources, message, Some(*span), advice, stack, colour));
            }
            _ => self.record(&Problem::uncaught(sources, error)),
        }
    }

    /// A complaint of the command line itself, with lines that help.
    pub fn complaint(self, code: &str, message: &str, help: &[String]) {
        match self {
            Form::Text(colour) => {
                let mut text = match colour {
                    Colour::Never => format!("[{code}] [cli] error: {message}\n"),
                    Colour::Always => format!("\x1b[1m\x1b[91m[{code}] [cli] error: \x1b[0m{message}\n"),
                };
                help.iter().for_each(|line| text.push_str(&format!("  = help: {line}\n")));
                output::complain(&text);
            }
            _ => {
                let (sources, advice) = (SourceMap::new(), Advice { help: help.to_vec(), ..Advice::default() });
                self.record(&Problem::new(&sources, code, "cli", message, Span::default(), &advice));
            }
        }
    }
}
