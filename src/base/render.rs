//! Diagnostics and runtime errors as text.
//!
//! The first two lines are fixed by the language reference. Below them stand the source lines with the span and the places that have to
//! do with it marked, drawn by `annotate-snippets`, and the help lines.

use super::diagnostic::{Advice, Code, Diagnostic};
use super::limits::MAX_SHOWN_FRAMES;
use super::source::{Source, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write;
use std::ops::Range;

/// Whether to write terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI sequences.
    Always,
}

/// How much of a line stands before and after the marked span in an excerpt, in bytes.
const CONTEXT_BYTES: usize = 512;

const BOLD_RED: &str = "\x1b[1m\x1b[91m";
const BOLD_YELLOW: &str = "\x1b[1m\x1b[93m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program is refused, or has failed.
    Error,
    /// It could run.
    Warning,
}

impl Severity {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

fn heading(out: &mut String, code: &str, phase: &str, kind: &str, message: &str, colour: Colour) {
    let hue = if kind.starts_with(Severity::Warning.name()) { BOLD_YELLOW } else { BOLD_RED };
    let _ = match colour {
        Colour::Never => writeln!(out, "[{code}] [{phase}] {kind}{message}"),
        Colour::Always => writeln!(out, "{hue}[{code}] [{phase}] {kind}{RESET}{BOLD}{message}{RESET}"),
    };
}

fn location(out: &mut String, map: &SourceMap, span: Span) {
    if let Some(source) = map.try_get(span.source) {
        let position = source.lines.position(&source.text, span.start);
        let _ = writeln!(out, "  --> {}:{}:{}", source.name, position.line, position.column);
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A marked piece of one source: byte range and what it is.
type Mark<'m> = (AnnotationKind, Range<usize>, &'m str);

/// The lines of the marks, drawn.
fn drawn<'m>(excerpt: &str, line: usize, marks: impl IntoIterator<Item = Mark<'m>>, colour: Colour) -> String {
    let annotations = marks.into_iter().map(|(kind, range, text)| {
        let annotation = kind.span(range);
        if text.is_empty() { annotation } else { annotation.label(text.to_owned()) }
    });
    let shown = Snippet::source(excerpt.to_owned()).line_start(line).annotations(annotations);
    let renderer = match colour {
        Colour::Never => Renderer::plain(),
        Colour::Always => Renderer::styled(),
    };
    let mut drawn = renderer.render(&[Group::with_level(Level::ERROR).element(shown)]);
    drawn.push('\n');
    drawn
}

/// The bytes of `span` in `source`, cut to its first line. A span at the end of the source, behind the last line that says anything, is
/// moved to the end of that line.
fn marked(source: &Source, span: Span) -> Range<usize> {
    let text = source.text.as_str();
    let mut start = floor_boundary(text, (span.start as usize).min(text.len()));
    let mut end = floor_boundary(text, (span.end() as usize).min(text.len()));
    if text[start..].trim().is_empty() {
        start = text[..start].trim_end().len();
        end = start;
    }
    let range = source.lines.range(text, source.lines.line(start as u32));
    let start = start.min(range.end);
    start..end.clamp(start, range.end)
}

/// The lines of `span` and of the `labels`, with these marked, or nothing if the line of `span` is blank.
fn excerpt(map: &SourceMap, span: Span, labels: &[(Span, String)], colour: Colour) -> String {
    let Some(source) = map.try_get(span.source) else { return String::new() };
    let text = source.text.as_str();
    let primary = marked(source, span);
    let line = source.lines.line(primary.start as u32);
    let range = source.lines.range(text, line);
    if text[range.clone()].trim().is_empty() {
        return String::new();
    }
    let mut marks: Vec<Mark> = vec![(AnnotationKind::Primary, primary.clone(), "")];
    let mut elsewhere = String::new();
    let (mut first, mut last) = (line, line);
    for (span, what) in labels {
        let Some(other) = map.try_get(span.source) else { continue };
        let range = marked(other, *span);
        let at = other.lines.line(range.start as u32);
        let short = |line: u32| source.lines.range(text, line).len() <= CONTEXT_BYTES;
        if !std::ptr::eq(other, source) || !short(at) || !short(line) {
            let position = other.lines.position(&other.text, span.start);
            let _ = writeln!(elsewhere, "  = note: {what}: {}:{}:{}", other.name, position.line, position.column);
            continue;
        }
        (first, last) = (first.min(at), last.max(at));
        marks.push((AnnotationKind::Context, range, what));
    }
    let mut drawing = if marks.len() > 1 {
        let from = source.lines.range(text, first).start;
        let to = source.lines.range(text, last).end;
        let shifted = marks.into_iter().map(|(kind, range, what)| (kind, range.start - from..range.end - from, what));
        drawn(&text[from..to], first as usize, shifted, colour)
    } else {
        let Range { start, end } = primary;
        let from = floor_boundary(text, range.start.max(start.saturating_sub(CONTEXT_BYTES)));
        let to = floor_boundary(text, range.end.min(end.saturating_add(CONTEXT_BYTES)));
        let (end, to) = (end.min(start + 2 * CONTEXT_BYTES), to.min(start + 3 * CONTEXT_BYTES));
        let (end, to) = (floor_boundary(text, end), floor_boundary(text, to));
        let mark = (AnnotationKind::Primary, start - from..end.max(start) - from, "");
        drawn(&text[from..to], line as usize, [mark], colour)
    };
    drawing.push_str(&elsewhere);
    drawing
}

fn note_lines(out: &mut String, notes: &[String]) {
    for note in notes {
        let _ = writeln!(out, "  = note: {note}");
    }
}

/// A further place: a note that names it, with its excerpt.
fn place(out: &mut String, map: &SourceMap, span: Span, what: &str, labels: &[(Span, String)], colour: Colour) {
    if let Some(source) = map.try_get(span.source) {
        let position = source.lines.position(&source.text, span.start);
        let _ = writeln!(out, "  = note: {what}{}:{}:{}", source.name, position.line, position.column);
        out.push_str(&excerpt(map, span, labels, colour));
    }
}

/// What stands below the position of a problem. An import of a module that is wrong shows what is wrong there, then itself; what is
/// in a module, where that was imported.
fn below(out: &mut String, map: &SourceMap, span: Span, advice: &Advice, notes: &[String], colour: Colour) {
    const IMPORTED: &str = "imported at ";
    if advice.causes.is_empty() {
        out.push_str(&excerpt(map, span, &advice.labels, colour));
    }
    for cause in &advice.causes {
        place(out, map, cause.span, &format!("{}, at ", cause.message), &cause.advice.labels, colour);
        note_lines(out, &cause.notes);
        help_lines(out, &cause.advice);
    }
    if !advice.causes.is_empty() {
        place(out, map, span, IMPORTED, &advice.labels, colour);
    }
    note_lines(out, notes);
    help_lines(out, advice);
    for &span in &advice.imported {
        place(out, map, span, IMPORTED, &[], colour);
    }
}

fn help_lines(out: &mut String, advice: &Advice) {
    for help in &advice.help {
        let _ = writeln!(out, "  = help: {help}");
    }
}

/// A diagnostic with its excerpt, ending in a newline.
pub fn diagnostic(map: &SourceMap, diagnostic: &Diagnostic, colour: Colour) -> String {
    let phase = diagnostic.phase();
    let mut out = String::new();
    heading(&mut out, diagnostic.code.text(), phase.label(), phase.prefix(), &diagnostic.message, colour);
    location(&mut out, map, diagnostic.span);
    below(&mut out, map, diagnostic.span, &diagnostic.advice, &diagnostic.notes, colour);
    out
}

/// What a check has found in a program that could run.
pub fn finding(
    map: &SourceMap,
    severity: Severity,
    code: &str,
    message: &str,
    span: Span,
    advice: &Advice,
    colour: Colour,
) -> String {
    let mut out = String::new();
    heading(&mut out, code, "check", &format!("{}: ", severity.name()), message, colour);
    location(&mut out, map, span);
    below(&mut out, map, span, advice, &[], colour);
    out
}

/// Several diagnostics, one after the other.
pub fn diagnostics(map: &SourceMap, list: &[Diagnostic], colour: Colour) -> String {
    list.iter().map(|one| diagnostic(map, one, colour)).collect()
}

/// An uncaught runtime error. `frames` are the names of the active functions and where each stands, innermost first.
pub fn runtime_error<S: AsRef<str>>(
    map: &SourceMap,
    message: &str,
    span: Option<Span>,
    advice: &Advice,
    frames: &[(S, Span)],
    colour: Colour,
) -> String {
    let mut out = String::new();
    heading(&mut out, Code::Compile.text(), Code::Compile.phase().label(), "Runtime Error: ", message, colour);
    raised(&mut out, map, span, advice, frames, colour);
    out
}

/// An error that ends a task, not the program.
pub fn task_error<S: AsRef<str>>(
    map: &SourceMap,
    heading: &str,
    span: Option<Span>,
    frames: &[(S, Span)],
    colour: Colour,
) -> String {
    let mut out = format!("{heading}\n");
    raised(&mut out, map, span, &Advice::default(), frames, colour);
    out
}

/// Where an error was raised: position, excerpt and call stack.
fn raised<S: AsRef<str>>(
    out: &mut String,
    map: &SourceMap,
    span: Option<Span>,
    advice: &Advice,
    frames: &[(S, Span)],
    colour: Colour,
) {
    if let Some(span) = span {
        location(out, map, span);
        below(out, map, span, advice, &[], colour);
    }
    out.push('\n');
    if !frames.is_empty() {
        out.push_str("Call stack:\n");
        let half = MAX_SHOWN_FRAMES / 2;
        let hidden = if frames.len() > MAX_SHOWN_FRAMES { half..frames.len() - half } else { 0..0 };
        for (i, (name, span)) in frames.iter().enumerate() {
            if hidden.contains(&i) {
                if i == hidden.start {
                    let _ = writeln!(out, "  ... {} more ...", hidden.len());
                }
                continue;
            }
            let _ = write!(out, "  {i} at {}", name.as_ref());
            if let Some(source) = map.try_get(span.source) {
                let position = source.lines.position(&source.text, span.start);
                let _ = write!(out, "  ({}:{}:{})", source.name, position.line, position.column);
            }
            out.push('\n');
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::SourceId;

    fn map(text: &str) -> SourceMap {
        let mut map = SourceMap::new();
        map.add("dir/a.ruff", text);
        map
    }

    fn at(start: usize, end: usize) -> Span {
        Span::new(SourceId(0), start, end)
    }

    #[test]
    fn a_parse_error_has_the_normative_lines() {
        let map = map("x := 1\ny := )\n");
        let text = diagnostic(&map, &Diagnostic::parse("Unexpected token", at(12, 13)), Colour::Never);
        assert_eq!(
            text,
            "[RUFPARSE001] [parser] error: Unexpected token\n  --> dir/a.ruff:2:6\n  |\n2 | y := )\n  |      ^\n"
        );
    }

    #[test]
    fn a_compile_error_says_so() {
        let map = map("break\n");
        let text = diagnostic(&map, &Diagnostic::compile("no loop", at(0, 5)), Colour::Never);
        assert_eq!(
            text,
            "[RUFVM001] [vm] error: Compilation error: no loop\n  --> dir/a.ruff:1:1\n  |\n1 | break\n  | ^^^^^\n"
        );
    }

    #[test]
    fn a_runtime_error_shows_the_stack_innermost_first() {
        let map = map("throw(1)");
        let frames = [("c", at(0, 5)), ("b", at(6, 7))];
        let text = runtime_error(&map, "bad", Some(at(0, 5)), &Advice::default(), &frames, Colour::Never);
        assert_eq!(
            text,
            "[RUFVM001] [vm] Runtime Error: bad\n  --> dir/a.ruff:1:1\n  |\n1 | throw(1)\n  | ^^^^^\n\nCall stack:\n  0 at c  (dir/a.ruff:1:1)\n  1 at b  (dir/a.ruff:1:7)\n\n"
        );
        let text = runtime_error::<&str>(&map, "bad", Some(at(0, 5)), &Advice::default(), &[], Colour::Never);
        assert!(text.ends_with("^^^^^\n\n") && !text.contains("Call stack"));
    }

    #[test]
    fn places_that_have_to_do_with_it_are_shown_and_help_stands_below() {
        let map = map("let x := 1\ny := 2\n\nz := 3\nx := 4\n");
        let mut problem = Diagnostic::parse("bad", at(26, 27));
        problem.advice.label(at(4, 5), "declared here");
        problem.advice.help("use mut");
        let text = diagnostic(&map, &problem, Colour::Never);
        let excerpt = "  |\n1 | let x := 1\n  |     - declared here\n...\n5 | x := 4\n  | ^\n  = help: use mut\n";
        assert!(text.ends_with(excerpt), "{text}");
    }

    #[test]
    fn the_end_of_the_source_is_shown_at_the_end_of_its_last_line() {
        let map = map("f(1\n\n");
        let text = diagnostic(&map, &Diagnostic::parse("no", at(5, 5)), Colour::Never);
        assert!(text.ends_with("a.ruff:3:1\n  |\n1 | f(1\n  |    ^\n"), "{text}");
    }

    #[test]
    fn places_in_other_sources_and_in_long_lines_are_named() {
        let mut map = map("x\n");
        let other = map.add("m.ruff", "\n  y").unwrap();
        let mut problem = Diagnostic::parse("bad", at(0, 1));
        problem.advice.label(Span::new(other, 3, 4), "declared here");
        let text = diagnostic(&map, &problem, Colour::Never);
        assert!(text.ends_with("| ^\n  = note: declared here: m.ruff:2:3\n"), "{text}");
    }

    #[test]
    fn a_long_stack_is_abbreviated_in_the_middle() {
        let map = map("f()");
        let frames = vec![("f", at(0, 1)); 1000];
        let text = runtime_error(&map, "deep", Some(at(0, 1)), &Advice::default(), &frames, Colour::Never);
        assert!(text.contains("  31 at f  (dir/a.ruff:1:1)\n  ... 936 more ...\n  968 at f  (dir/a.ruff:1:1)\n"));
        assert!(text.contains("  999 at f  (dir/a.ruff:1:1)\n\n"));
        let text = runtime_error(&map, "deep", Some(at(0, 1)), &Advice::default(), &frames[..64], Colour::Never);
        assert!(text.contains("  32 at f  (") && !text.contains("more"));
    }

    #[test]
    fn odd_spans_do_not_panic() {
        let texts = ["", "é", "日本語\r\nx", "\t\tx", "a\rb", "x := \"\u{202e}\u{0}\"\n", &"é".repeat(4000)];
        for text in texts {
            let map = map(text);
            for start in 0..(text.len() + 3).min(60) {
                for end in [start, start + 1, start + 3, usize::MAX / 2] {
                    for colour in [Colour::Never, Colour::Always] {
                        let mut problem = Diagnostic::parse("m", at(start, end));
                        diagnostic(&map, &problem, colour);
                        problem.advice.label(at(text.len() / 2, end), "here");
                        problem.advice.label(at(0, start), "");
                        diagnostic(&map, &problem, colour);
                    }
                }
            }
        }
        diagnostic(&SourceMap::new(), &Diagnostic::parse("m", at(0, 1)), Colour::Never);
    }

    #[test]
    fn colour_only_when_asked() {
        let map = map("x");
        let plain = diagnostic(&map, &Diagnostic::parse("m", at(0, 1)), Colour::Never);
        let coloured = diagnostic(&map, &Diagnostic::parse("m", at(0, 1)), Colour::Always);
        assert!(!plain.contains('\x1b') && coloured.contains('\x1b'));
    }
}
