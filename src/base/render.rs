//! Diagnostics and runtime errors as text.
//!
//! The first two lines and the advice are fixed by the language reference. Between them stands the source line with the span
//! marked, drawn by `annotate-snippets` on a one-line excerpt; its own position line is cut off.

use super::diagnostic::{Code, Diagnostic};
use super::limits::MAX_SHOWN_FRAMES;
use super::source::{SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write;

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
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

fn heading(out: &mut String, code: &str, phase: &str, kind: &str, message: &str, colour: Colour) {
    let _ = match colour {
        Colour::Never => writeln!(out, "[{code}] [{phase}] {kind}{message}"),
        Colour::Always => writeln!(out, "{BOLD_RED}[{code}] [{phase}] {kind}{RESET}{BOLD}{message}{RESET}"),
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

/// The line of `span` with the span underlined, or nothing if the line is blank.
fn snippet(map: &SourceMap, span: Span, colour: Colour) -> String {
    let Some(source) = map.try_get(span.source) else { return String::new() };
    let text = source.text.as_str();
    let start = floor_boundary(text, (span.start as usize).min(text.len()));
    let end = floor_boundary(text, (span.end() as usize).min(text.len()));
    let line = source.lines.line(start as u32);
    let range = source.lines.range(text, line);
    let start = start.min(range.end);
    let end = end.clamp(start, range.end);
    let from = floor_boundary(text, range.start.max(start.saturating_sub(CONTEXT_BYTES)));
    let to = floor_boundary(text, range.end.min(end.saturating_add(CONTEXT_BYTES)));
    let (end, to) = (end.min(start + 2 * CONTEXT_BYTES), to.min(start + 3 * CONTEXT_BYTES));
    let (end, to) = (floor_boundary(text, end), floor_boundary(text, to));
    let excerpt = &text[from..to];
    if excerpt.trim().is_empty() {
        return String::new();
    }
    let shown = Snippet::source(excerpt)
        .line_start(line as usize)
        .annotation(AnnotationKind::Primary.span(start - from..(end.max(start)) - from));
    let renderer = match colour {
        Colour::Never => Renderer::plain(),
        Colour::Always => Renderer::styled(),
    };
    let mut drawn = renderer.render(&[Group::with_level(Level::ERROR).element(shown)]);
    drawn.push('\n');
    drawn
}

/// A diagnostic with its excerpt, ending in a newline.
pub fn diagnostic(map: &SourceMap, diagnostic: &Diagnostic, colour: Colour) -> String {
    let phase = diagnostic.phase();
    let mut out = String::new();
    heading(&mut out, diagnostic.code.text(), phase.label(), phase.prefix(), &diagnostic.message, colour);
    location(&mut out, map, diagnostic.span);
    out.push_str(&snippet(map, diagnostic.span, colour));
    for note in &diagnostic.notes {
        let _ = writeln!(out, "  = note: {note}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  = help: {help}");
    }
    out
}

/// Several diagnostics, one after the other.
pub fn diagnostics(map: &SourceMap, list: &[Diagnostic], colour: Colour) -> String {
    list.iter().map(|one| diagnostic(map, one, colour)).collect()
}

/// An uncaught runtime error. `frames` are the names of the active functions, innermost first.
pub fn runtime_error<S: AsRef<str>>(
    map: &SourceMap,
    message: &str,
    span: Option<Span>,
    frames: &[S],
    colour: Colour,
) -> String {
    let mut out = String::new();
    heading(&mut out, Code::Compile.text(), Code::Compile.phase().label(), "Runtime Error: ", message, colour);
    if let Some(span) = span {
        location(&mut out, map, span);
        out.push_str(&snippet(map, span, colour));
    }
    out.push('\n');
    if !frames.is_empty() {
        out.push_str("Call stack:\n");
        let half = MAX_SHOWN_FRAMES / 2;
        let hidden = if frames.len() > MAX_SHOWN_FRAMES { half..frames.len() - half } else { 0..0 };
        for (i, frame) in frames.iter().enumerate() {
            if hidden.contains(&i) {
                if i == hidden.start {
                    let _ = writeln!(out, "  ... {} more ...", hidden.len());
                }
                continue;
            }
            let _ = writeln!(out, "  {i} at {}", frame.as_ref());
        }
        out.push('\n');
    }
    out
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
            "[RUFPARSE001] [parser] error: Unexpected token\n  --> dir/a.ruff:2:6\n  |\n2 | y := )\n  |      ^\n  = help: Fix the parse error and rerun Ruff.\n"
        );
    }

    #[test]
    fn a_compile_error_has_no_help() {
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
        let text = runtime_error(&map, "bad", Some(at(0, 5)), &["c", "b"], Colour::Never);
        assert_eq!(
            text,
            "[RUFVM001] [vm] Runtime Error: bad\n  --> dir/a.ruff:1:1\n  |\n1 | throw(1)\n  | ^^^^^\n\nCall stack:\n  0 at c\n  1 at b\n\n"
        );
        let text = runtime_error::<&str>(&map, "bad", Some(at(0, 5)), &[], Colour::Never);
        assert!(text.ends_with("^^^^^\n\n") && !text.contains("Call stack"));
    }

    #[test]
    fn a_long_stack_is_abbreviated_in_the_middle() {
        let map = map("f()");
        let frames = vec!["f"; 1000];
        let text = runtime_error(&map, "deep", Some(at(0, 1)), &frames, Colour::Never);
        assert!(text.contains("  31 at f\n  ... 936 more ...\n  968 at f\n"));
        assert!(text.contains("  999 at f\n\n"));
        let text = runtime_error(&map, "deep", Some(at(0, 1)), &frames[..64], Colour::Never);
        assert!(text.contains("  32 at f\n") && !text.contains("more"));
    }

    #[test]
    fn odd_spans_do_not_panic() {
        let texts = ["", "é", "日本語\r\nx", "\t\tx", "a\rb", "x := \"\u{202e}\u{0}\"\n", &"é".repeat(4000)];
        for text in texts {
            let map = map(text);
            for start in 0..(text.len() + 3).min(60) {
                for end in [start, start + 1, start + 3, usize::MAX / 2] {
                    for colour in [Colour::Never, Colour::Always] {
                        diagnostic(&map, &Diagnostic::parse("m", at(start, end)), colour);
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
